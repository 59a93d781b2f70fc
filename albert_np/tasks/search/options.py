"""The options of a command that can be searched, read from its parser."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes
    ----------
    name : str
        Its first long name, without dashes.
    kind : callable
        From the text of a value to the value, as argparse's ``type``; bool for an option without
        a value, which is on or off.
    choices : tuple, optional
        The values there are.
    off : str, optional
        Of an option without a value: the option that switches it off, if there is one.
    """

    name: str
    kind: Callable = str
    choices: tuple | None = None
    off: str | None = None

    def arguments(self, value):
        """The words on a command line that give this option a value.

        >>> Option("lr", float).arguments(0.001)
        ['--lr=0.001']
        >>> Option("lower", bool, off="--no-lower").arguments(False)
        ['--no-lower']
        """
        if self.kind is bool:
            return [f"--{self.name}"] if value else [self.off] if self.off else []
        return [f"--{self.name}={value}"]


def options_of(parser):
    """The options of a parser that take one value, or are on or off.

    Parameters
    ----------
    parser : argparse.ArgumentParser

    Returns
    -------
    dict of str to Option
        From every long name, without dashes.

    Examples
    --------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> _ = parser.add_argument("--learning-rate", "--lr", type=float)
    >>> sorted(options_of(parser))
    ['learning-rate', 'lr']
    """
    options = {}
    for action in parser._actions:
        names = [text[2:] for text in action.option_strings if text.startswith("--")]
        if not names or action.dest == "help" or isinstance(action.nargs, int) and action.nargs > 1:
            continue
        if action.nargs == 0:                        # argparse makes "--no-x" beside "--x"
            on = [name for name in names if not name.startswith("no-")] or names
            off = next((f"--{name}" for name in names if name not in on), None)
            options.update(dict.fromkeys(on, Option(on[0], bool, None, off)))
        else:
            choices = None if action.choices is None else tuple(action.choices)
            options.update(dict.fromkeys(names, Option(names[0], action.type or str, choices)))
    return options


def option_called(name, options):
    """The option that a name means, in full or as an unambiguous beginning; None without one.

    >>> option_called("batch", {"batch-size": Option("batch-size", int)}).name
    'batch-size'
    """
    if name in options:
        return options[name]
    longer = {options[other].name: options[other] for other in options if other.startswith(name)}
    return next(iter(longer.values())) if len(longer) == 1 else None
