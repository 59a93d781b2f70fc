"""The points of a space that are tried: drawn by scikit-learn."""

from itertools import islice

from ..metrics.checks import library
from .space import tidy

MOST = 10_000                  # trials: more are a slip of the pen
_PATIENCE = 20                 # draws for each trial, where many are ones that there were already


def draw_trials(axes, method="random", trials=None, seed=0):
    """The points to try.

    Parameters
    ----------
    axes : list of Axis
        As from :func:`~albert_np.tasks.search.read_space`.
    method : {"random", "grid"}
        "grid": all combinations. "random": draws, no two the same.
    trials : int, optional
        Of "random": how many. None: 20. There may be fewer, where the space has no more.
    seed : int
        Of "random". With the same, a larger number of trials begins with those of a smaller one
        if there is a range among the axes.

    Returns
    -------
    list of dict
        From the names to the values, in the order of the axes.

    Raises
    ------
    ValueError
        The method is unknown, or there are too many combinations, or scikit-learn is missing.

    Examples
    --------
    With scikit-learn, which the tests of searches use too:

    >>> from albert_np.tasks.search import Option, read_space  # doctest: +SKIP
    >>> options = {"lr": Option("lr", float), "layers": Option("layers", int)}  # doctest: +SKIP
    >>> axes = read_space(["layers=1,2", "lr=1e-4..1e-2:log"], options)  # doctest: +SKIP
    >>> draw_trials(axes, trials=2, seed=3) == draw_trials(axes, trials=5, seed=3)[:2]  # doctest: +SKIP
    True
    """
    selection = library("sklearn.model_selection", "scikit-learn")
    if method not in ("random", "grid"):
        raise ValueError(f"the method is {method!r}; there are random and grid")
    if method == "grid":
        if trials is not None:
            raise ValueError("--trials goes with --method random; a grid has as many trials as "
                             "combinations")
        points = selection.ParameterGrid({axis.name: axis.values for axis in axes})
        if len(points) > MOST:
            raise ValueError(f"the grid has {len(points):,} combinations; at most {MOST:,} can be "
                             f"tried: take shorter lists, or --method random")
        return [{axis.name: point[axis.name] for axis in axes} for point in points]
    trials = 20 if trials is None else trials
    if not 1 <= trials <= MOST:
        raise ValueError(f"--trials is {trials}; it must be between 1 and {MOST:,}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed is {seed}; it must be between 0 and 2**32 - 1")
    space = {axis.name: _distribution(axis) for axis in axes}
    if all(axis.values is not None for axis in axes):         # drawn without putting back
        draws = min(trials, len(selection.ParameterGrid(space)))
    else:
        draws = _PATIENCE * trials
    points = ({axis.name: _python(axis, point[axis.name]) for axis in axes}
              for point in selection.ParameterSampler(space, draws, random_state=seed))
    return [{axis.name: _short(axis, point[axis.name]) for axis in axes}
            for point in islice(_without_repetition(points), trials)]


def _distribution(axis):
    """What scikit-learn draws from: a list, or a distribution of SciPy."""
    if axis.values is not None:
        return list(axis.values)
    stats = library("scipy.stats", "scikit-learn")
    if axis.log:
        # A whole number k is what is cut off from [k, k + 1).
        return stats.loguniform(axis.low, axis.high + isinstance(axis.low, int))
    if isinstance(axis.low, int):
        return stats.randint(axis.low, axis.high + 1)
    return stats.uniform(axis.low, axis.high - axis.low)


def _python(axis, drawn):
    """What was drawn, as a plain value that can be written down and read again."""
    if axis.values is not None:
        return drawn
    return min(int(drawn), axis.high) if isinstance(axis.low, int) else float(drawn)


def _short(axis, value):
    """With few digits. Afterwards: short numbers repeat, and to refuse that would favour others."""
    if axis.values is not None or isinstance(value, int):
        return value
    return tidy(value, axis.low, axis.high)


def _without_repetition(points):
    seen = set()
    for point in points:
        if (key := tuple(point.values())) not in seen:
            seen.add(key)
            yield point
