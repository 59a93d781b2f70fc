"""The points of a space that are tried: all combinations, or draws of optuna's samplers."""

from itertools import product
from math import prod

from ..metrics.checks import library
from .space import tidy

MOST = 10_000                  # trials: more are a slip of the pen
METHODS = ("random", "grid", "tpe")


def distributions(axes):
    """What optuna draws from: a dict from the name of each axis to a distribution."""
    made = library("optuna", "optuna", "search").distributions
    kinds = {int: made.IntDistribution, float: made.FloatDistribution}
    return {axis.name: made.CategoricalDistribution(axis.values) if axis.values is not None
            else kinds[type(axis.low)](axis.low, axis.high, log=axis.log) for axis in axes}


def points_of(axes, method="random", trials=None, seed=0):
    """The points to try, as far as they are known before the first result.

    Parameters
    ----------
    axes : list of Axis
        As from :func:`~albert_np.tasks.search.read_space`.
    method : {"random", "grid", "tpe"}
        "grid": all combinations. "random": draws, no two the same. "tpe": optuna's tree-structured
        Parzen estimator, which learns from results: no point is known before.
    trials : int, optional
        How many, unless the method is "grid". None: 20. There may be fewer if the space has no
        more.
    seed : int
        With the same, a larger number of trials begins with those of a smaller one.

    Returns
    -------
    points : list of dict
        From the names to the values, in the order of the axes.
    total : int
        How many trials there are to be.

    Raises
    ------
    ValueError
        The method is unknown, there are too many trials, or optuna is missing.
    """
    if method not in METHODS:
        raise ValueError(f"the method is {method!r}; there are {', '.join(METHODS)}")
    combinations = (prod(len(axis.values) for axis in axes)
                    if all(axis.values is not None for axis in axes) else None)
    if method == "grid":
        if trials is not None:
            raise ValueError("--trials goes with --method random and tpe; a grid has as many "
                             "trials as combinations")
        if combinations > MOST:
            raise ValueError(f"the grid has {combinations:,} combinations; at most {MOST:,} can be "
                             f"tried: take shorter lists, or --method random")
        names = [axis.name for axis in axes]
        points = [dict(zip(names, values)) for values in product(*(a.values for a in axes))]
        return points, len(points)
    trials = 20 if trials is None else trials
    if not 1 <= trials <= MOST:
        raise ValueError(f"--trials is {trials}; it must be between 1 and {MOST:,}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed is {seed}; it must be between 0 and 2**32 - 1")
    total = min(trials, combinations or trials)
    if method == "tpe":
        return [], total
    spaces = distributions(axes)
    sampler = library("optuna", "optuna", "search").samplers.RandomSampler(seed)
    points, drawn = {}, 0
    while len(points) < total and drawn < 1000 * total:        # a small space may have no more
        drawn += 1
        point = {axis.name: shortened(axis, sampler.sample_independent(None, None, axis.name,
                                                                       spaces[axis.name]))
                 for axis in axes}
        points.setdefault(tuple(point.values()), point)
    return list(points.values()), len(points)


def shortened(axis, value):
    """A drawn value with few digits, which can be written down and read again."""
    if axis.values is not None or isinstance(value, int):
        return value
    return tidy(value, axis.low, axis.high)
