"""What several pictures of the tasks share: colours of runs, values and their intervals."""

import math

from ..figures import BLUE, GREEN, GREY, ORANGE

# The two starts have the same colour in every picture.
START_COLOURS = {"from scratch": BLUE, "pretrained": ORANGE}


def run_colours(names):
    """A colour for each run.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        There are more runs than colours.
    """
    names = list(names)
    taken = [START_COLOURS[name] for name in names if name in START_COLOURS]
    free = [colour for colour in (BLUE, ORANGE, GREEN, GREY) if colour not in taken]
    if len(names) > len(taken) + len(free):
        raise ValueError(f"{len(names)} runs cannot be told apart in one picture; at most 4 can.")
    others = iter(free)
    return [START_COLOURS[name] if name in START_COLOURS else next(others) for name in names]


def three_numbers(figure, name):
    """A value and the ends of its interval.

    Parameters
    ----------
    figure : number, (value, low, high), or an object with these three attributes
        `low` and `high` may be None, but only both.
    name : str
        Whose it is, for the sentence.

    Returns
    -------
    value, low, high : float; the last two may be None

    Raises
    ------
    ValueError
        They are not such numbers.
    """
    try:
        if hasattr(figure, "low"):
            figure = figure.value, figure.low, figure.high
        value, low, high = figure if hasattr(figure, "__len__") else (figure, None, None)
        value = float(value)
        low, high = (low, high) if low is None and high is None else (float(low), float(high))
    except (TypeError, ValueError):
        raise ValueError(f"{name}: {figure!r} is not a number, nor a value and the two ends of its "
                         f"interval.") from None
    if not all(math.isfinite(x) for x in (value, low, high) if x is not None):
        raise ValueError(f"{name}: the value and the ends of its interval must be finite numbers, "
                         f"not {(value, low, high)}.")
    if low is not None and low > high:
        raise ValueError(f"{name}: the interval begins at {low:g}, behind its end at {high:g}.")
    return value, low, high


def draw_interval(axes, place, low, high, colour, horizontal=False, zorder=2):
    """A line from one end of an interval to the other, with caps.

    Parameters
    ----------
    axes : matplotlib Axes
    place : float
        On the other axis.
    low, high : float or None
        None: nothing is drawn.
    colour : str
    horizontal : bool
    zorder : float
    """
    if low is not None:
        ends, places = [low, high], [place, place]
        axes.plot(*((ends, places) if horizontal else (places, ends)), color=colour, linewidth=1.5,
                  marker="|" if horizontal else "_", markersize=9, markeredgewidth=1.5,
                  zorder=zorder)


def number_text(value, largest=None):
    """As many digits as a test set gives: 0.953 of a share, 34.0 of BLEU.

    Parameters
    ----------
    value : float
    largest : float, optional
        The largest of the numbers that stand beside each other. None: the value itself.

    Returns
    -------
    str
    """
    largest = value if largest is None else largest
    return f"{value:.{1 if abs(largest) >= 10 else 3}f}".replace("-", "−")
