"""The space of a search, as it is written on the command line, and the options it may name.

========================== ==================================================================
``batch-size=16,32``       a list: these values
``dropout=0..0.2``         a range: every number between, each as likely as another
``lr=1e-5..1e-3:log``      each order of magnitude as likely as another
``lr=1e-5..1e-3:log:5``    a range with a count: 5 values at equal distances (of the logarithm)
``scratch=on,off``         an option without a value
========================== ==================================================================
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite

import numpy as np


@dataclass(frozen=True)
class Option:
    """One option of a command.

    ``name`` is its first long name, without dashes. ``kind`` makes a value of a text, as argparse's
    ``type`` does; it is bool for an option without a value, which is on or off. ``choices`` are the
    values there are, None if all are good. ``off`` switches such an option off, if anything does.
    """

    name: str
    kind: Callable = str
    choices: tuple | None = None
    off: str | None = None

    def arguments(self, value):
        """The words on a command line that give this option a value.

        >>> Option("lr", float).arguments(0.001)
        ['--lr=0.001']
        """
        if self.kind is bool:
            return [f"--{self.name}"] if value else [self.off] if self.off else []
        return [f"--{self.name}={value}"]


@dataclass(frozen=True)
class Axis:
    """One hyperparameter and where it is searched.

    A list has ``values``, a range has the ends ``low`` and ``high`` and may be ``log``. A range
    with a count has all of them. ``name`` is the option's name as it was written.
    """

    name: str
    option: Option
    values: tuple | None = None
    low: float | None = None
    high: float | None = None
    log: bool = False

    def tidy(self, value):
        """A number of a range with 4 digits, still in the range; other values as they are."""
        if not isinstance(self.low, float):
            return value
        return min(max(float(f"{value:.4g}"), self.low), self.high)


def options_of(parser):
    """The options of an ``argparse.ArgumentParser`` that take one value, or are on or off.

    Returns
    -------
    dict of str to Option
        From every long name, without dashes.
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
    """The option that a name means, in full or as an unambiguous beginning; None without one."""
    longer = {options[other].name: options[other] for other in options if other.startswith(name)}
    return options.get(name) or (longer.popitem()[1] if len(longer) == 1 else None)


def read_space(words, options, method="random"):
    """Read a space.

    Parameters
    ----------
    words : sequence of str
        Each ``NAME=VALUES``.
    options : dict of str to Option
        As from :func:`options_of`. An unambiguous beginning of a name is enough.
    method : {"random", "tpe", "grid"}
        A grid needs a list, or a range with a count.

    Returns
    -------
    list of Axis

    Raises
    ------
    ValueError
        One sentence that names the word and says what would be right.

    Examples
    --------
    >>> options = {"lr": Option("lr", float), "layers": Option("layers", int)}
    >>> read_space(["lr=1e-4..1e-2:log:3"], options)[0].values
    (0.0001, 0.001, 0.01)
    """
    if not words:
        raise ValueError("--space is empty; write NAME=VALUES, such as lr=1e-5..1e-3:log "
                         "batch-size=16,32.")
    axes = []
    for word in words:
        try:
            axis = _read_axis(word, options, method)
            if any(axis.option == other.option for other in axes):
                raise ValueError(f"--{axis.option.name} is there twice.")
        except ValueError as error:
            raise ValueError(f"--space {word}: {error}") from None
        axes.append(axis)
    return axes


def _read_axis(word, options, method):
    name, equals, text = word.partition("=")
    name = name.strip().removeprefix("--")
    if not equals or not name:
        raise ValueError("write NAME=VALUES, such as lr=1e-5..1e-3:log or batch-size=16,32.")
    option = option_called(name, options)
    if option is None:
        longer = [f"--{other}" for other in options if other.startswith(name)]
        close = get_close_matches(name, options, n=1)
        raise ValueError(f"--{name} could be {' or '.join(longer)}." if longer else
                         f"there is no option --{name} to search; "
                         + (f"--{close[0]} is one." if close else
                            f"there are {', '.join(sorted(options))}."))
    name = name if name in options else option.name
    if not text.strip():
        raise ValueError(f"there are no values behind the =; write a list such as {name}=1,2 or a "
                         f"range such as {name}=1..2.")
    # "../a" is a path: only an option that takes numbers has ranges.
    if ".." in text and option.kind in (int, float) and not option.choices:
        return _read_range(name, option, text, method)
    values = tuple(_value(item.strip(), option) for item in text.split(","))
    for i, value in enumerate(values):
        if value in values[:i]:
            raise ValueError(f"the value {value} is there twice.")
    return Axis(name, option, values)


def _value(text, option):
    if not text:
        raise ValueError("a value is missing beside a comma.")
    if option.kind is bool:
        if text not in ("on", "off"):
            raise ValueError(f"{text!r} is neither on nor off.")
        return text == "on"
    try:
        value = option.kind(text)
    except Exception:              # argparse's types raise what they like
        kind = {int: "a whole number", float: "a number"}.get(option.kind, "a value")
        hint = "; :log goes with a range, such as 1e-5..1e-3:log" if ":" in text else ""
        raise ValueError(f"{text!r} is not {kind} that --{option.name} could have{hint}."
                         ) from None
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{text} is not a finite number.")
    if isinstance(value, (int, float)) and abs(value) > 1e300:
        raise ValueError(f"{text[:20]} is too large.")
    if option.choices and value not in option.choices:
        raise ValueError(f"{text!r} is none of {', '.join(map(str, option.choices))}.")
    return value


def _read_range(name, option, text, method):
    ends, *words = text.split(":")
    start, _, end = (part.strip() for part in ends.partition(".."))
    if not start or not end:
        raise ValueError("a range has two ends, such as 0..0.2.")
    low, high, log, count = _value(start, option), _value(end, option), False, None
    for word in words:
        if word == "log" and not log:
            log = True
        elif word.isdecimal() and count is None:
            count = int(word)
        else:
            raise ValueError(f"a range ends in :log, in a count such as :5, or in :log:5, not in "
                             f":{word}.")
    if low == high:
        raise ValueError(f"both ends of the range are {low}; write {name}={low}.")
    if low > high:
        raise ValueError(f"the range runs downwards; write {end}..{start}.")
    if log and low <= 0:
        raise ValueError(f"a range with :log begins above 0, not at {low}.")
    if max(abs(low), abs(high)) > 2**53:
        raise ValueError(f"the ends of a range lie between -2**53 and 2**53, {2**53:,}.")
    if count is None and method == "grid":
        raise ValueError(f"a grid needs a list, or a range with a count such as {text}:5.")
    axis = Axis(name, option, None, low, high, log)
    if count is None:
        return axis
    if not 2 <= count <= 1000:
        raise ValueError(f"the count of a range is between 2 and 1000, not {count}.")
    points = (np.geomspace if log else np.linspace)(low, high, count)
    values = tuple(round(float(x)) if isinstance(low, int) else axis.tidy(x) for x in points)
    if len(set(values)) < count:
        raise ValueError(f"between {low} and {high} there are not {count} different values at such "
                         f"distances; take a smaller count, or a list.")
    return Axis(name, option, values, low, high, log)
