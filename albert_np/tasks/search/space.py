"""The space of a search, as it is written on the command line.

========================== ==================================================================
``batch-size=16,32``       a list: these values
``dropout=0..0.2``         a range: every number between, each as likely as another
``lr=1e-5..1e-3:log``      each order of magnitude as likely as another
``lr=1e-5..1e-3:log:5``    a range with a count: a list of 5 values, at equal distances (of the
                           logarithm)
``scratch=on,off``         an option without a value
========================== ==================================================================
"""

from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite

import numpy as np

from .options import Option, option_called

DIGITS = 4                     # of a drawn number: enough to find a place, and it can be read
_SWITCH = {"on": True, "off": False}


@dataclass(frozen=True)
class Axis:
    """One hyper-parameter and where it is searched.

    Attributes
    ----------
    name : str
        As it was written.
    option : Option
    values : tuple, optional
        Of a list, or of a range with a count, in the order to be tried. None: of a range.
    low, high : int or float, optional
        Of a range.
    log : bool
    """

    name: str
    option: Option
    values: tuple | None = None
    low: float | None = None
    high: float | None = None
    log: bool = False


def read_space(words, options, method="random"):
    """Read a space.

    Parameters
    ----------
    words : sequence of str
        Each ``NAME=VALUES``.
    options : dict of str to Option
        What can be searched, as from :func:`~albert_np.tasks.search.options_of`. An unambiguous
        beginning of a name is enough, as on every command line.
    method : {"random", "grid"}
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
    >>> axis = read_space(["layers=1..12"], options)[0]
    >>> axis.low, axis.high, axis.log
    (1, 12, False)
    """
    if not words:
        raise ValueError("--space is empty; write NAME=VALUES, such as lr=1e-5..1e-3:log "
                         "batch-size=16,32.")
    axes = []
    for word in words:
        try:
            axes.append(_read_axis(word, options, method))
        except ValueError as error:
            raise ValueError(f"--space {word}: {error}") from None
        for other in axes[:-1]:
            if other.option == axes[-1].option:
                raise ValueError(f"--space {word}: --{other.option.name} is there twice.")
    return axes


def _read_axis(word, options, method):
    name, equals, text = word.partition("=")
    name = name.strip().removeprefix("--")
    if not equals or not name:
        raise ValueError("write NAME=VALUES, such as lr=1e-5..1e-3:log or batch-size=16,32.")
    name, option = _find(name, options)
    if not text.strip():
        raise ValueError(f"there are no values behind the =; write a list such as {name}=1,2 or a "
                         f"range such as {name}=1..2.")
    if option.kind is not bool and not option.choices and ".." in text:
        ends = _ends(text, option)
        if ends is not None:
            return _read_range(name, option, text, *ends, method)
    values = tuple(_value(item.strip(), option) for item in text.split(","))
    for i, value in enumerate(values):
        if value in values[:i]:
            raise ValueError(f"the value {value} is there twice.")
    return Axis(name, option, values)


def _find(name, options):
    """The option of this name; the name in full, where only its beginning was written."""
    option = option_called(name, options)
    if option is not None:
        return name if name in options else option.name, option
    longer = [f"--{other}" for other in options if other.startswith(name)]
    if longer:
        raise ValueError(f"--{name} could be {' or '.join(longer)}.")
    close = get_close_matches(name, options, n=1)
    raise ValueError(f"there is no option --{name} to search; "
                     + (f"--{close[0]} is one." if close else
                        f"there are {', '.join(sorted(options))}."))


def _value(text, option):
    if not text:
        raise ValueError("a value is missing beside a comma.")
    if option.kind is bool:
        if text not in _SWITCH:
            raise ValueError(f"{text!r} is neither on nor off.")
        return _SWITCH[text]
    value = _convert(text, option)
    if option.choices and value not in option.choices:
        raise ValueError(f"{text!r} is none of {', '.join(map(str, option.choices))}.")
    return value


def _convert(text, option):
    """A value, of the kind that the option has."""
    try:
        value = option.kind(text)
    except Exception:              # argparse's types raise what they like
        number = {int: "a whole number", float: "a number"}.get(option.kind, "a value")
        hint = ("; :log goes with a range, such as 1e-5..1e-3:log" if ":" in text else "")
        raise ValueError(f"{text!r} is not {number} that --{option.name} could have{hint}."
                         ) from None
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{text} is not a finite number.")
    return value


def _ends(text, option):
    """The two ends of a range; None where the option takes no numbers ("../a" is a path)."""
    if option.kind is str:
        return None
    low, _, rest = text.partition("..")
    high = rest.partition(":")[0]
    if not low.strip() or not high.strip():
        raise ValueError("a range has two ends, such as 0..0.2.")
    ends = _convert(low.strip(), option), _convert(high.strip(), option)
    return ends if all(isinstance(end, (int, float)) for end in ends) else None


def _read_range(name, option, text, low, high, method):
    log, count = False, None
    for word in text.split(":")[1:]:
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
        start, end = text.partition(":")[0].split("..")
        raise ValueError(f"the range runs downwards; write {end.strip()}..{start.strip()}.")
    if log and low <= 0:
        raise ValueError(f"a range with :log begins above 0, not at {low}.")
    if count is None:
        if method == "grid":
            raise ValueError(f"a grid needs a list, or a range with a count such as {text}:5.")
        return Axis(name, option, None, low, high, log)
    if not 2 <= count <= 1000:
        raise ValueError(f"the count of a range is between 2 and 1000, not {count}.")
    points = (np.geomspace if log else np.linspace)(low, high, count)
    values = tuple(int(round(x)) if isinstance(low, int) else tidy(x, low, high) for x in points)
    if len(set(values)) < count:
        raise ValueError(f"between {low} and {high} there are not {count} different values at such "
                         f"distances; take a smaller count, or a list.")
    return Axis(name, option, values, low, high, log)


def tidy(number, low, high):
    """A number of a range with few digits, still in the range.

    >>> tidy(0.00012345678, 1e-5, 1e-3)
    0.0001235
    """
    return min(max(float(f"{number:.{DIGITS}g}"), low), high)
