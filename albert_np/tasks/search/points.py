"""The points of a space that are tried: all combinations, or draws of optuna's samplers."""

from itertools import islice, product
from math import inf, prod

import numpy as np

from ..metrics.checks import library

MOST = 10_000                  # trials: more are a slip of the pen
METHODS = ("random", "grid", "tpe")
_PATIENCE = 20                 # draws by TPE that repeat earlier points before one at random


def optuna():
    """The library, or ValueError with what to install."""
    return library("optuna", "optuna")


def number_of_trials(axes, method="random", trials=None, seed=0):
    """How many trials a search has; ValueError if the method, the number or the seed will not do.

    A grid has as many as combinations. Otherwise there are `trials` of them (None: 20), or fewer if
    the space has no more points.
    """
    if method not in METHODS:
        raise ValueError(f"the method is {method!r}; there are {', '.join(METHODS)}")
    if method == "grid":
        if trials is not None:
            raise ValueError("--trials goes with --method random and tpe; a grid has as many "
                             "trials as combinations")
        if (size := _size(axes)) > MOST:
            raise ValueError(f"the grid has {size:,} combinations; at most {MOST:,} can be "
                             f"tried: take shorter lists, or --method random")
        return size
    trials = 20 if trials is None else trials
    if not 1 <= trials <= MOST:
        raise ValueError(f"--trials is {trials}; it must be between 1 and {MOST:,}")
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed is {seed}; it must be between 0 and 2**32 - 1")
    return min(trials, _size(axes))


def distributions(axes):
    """What optuna draws from: a dict from the name of each axis to a distribution."""
    kinds = optuna().distributions
    return {axis.name: kinds.CategoricalDistribution(axis.values) if axis.values is not None else
            (kinds.IntDistribution if isinstance(axis.low, int) else kinds.FloatDistribution)(
                axis.low, axis.high, log=axis.log) for axis in axes}


def draw(number, axes, method, seed, tried, history=()):
    """The point of trial `number`, which depends on nothing but the arguments.

    Parameters
    ----------
    number : int
        From 1.
    axes : list of Axis
    method : {"random", "grid", "tpe"}
    seed : int
    tried : list of dict
        Earlier points. None of them is drawn again, unless the space has infinitely many.
    history : sequence of optuna.trial.FrozenTrial
        What TPE learns from.

    Returns
    -------
    dict
        From the names to the values, in the order of the axes.
    """
    names = [axis.name for axis in axes]
    if method == "grid":
        return dict(zip(names, next(islice(product(*(axis.values for axis in axes)),
                                           number - 1, None))))
    samplers, spaces = optuna().samplers, distributions(axes)
    seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    sampler = samplers.TPESampler(seed=seed) if method == "tpe" else samplers.RandomSampler(seed)
    study = optuna().create_study(direction="maximize", sampler=sampler)     # in memory
    study.add_trials(history)
    for repeated in range(1_000_000):
        if repeated == _PATIENCE:
            study.sampler = samplers.RandomSampler(seed)
        drawn = study.ask(spaces).params
        point = {axis.name: axis.tidy(drawn[axis.name]) for axis in axes}
        if point not in tried or _size(axes) == inf:
            return point
    raise ValueError("the points that are left in this space are too unlikely to be drawn; give "
                     "fewer --trials")


def _size(axes):
    """How many points a space has."""
    return prod(len(axis.values) if axis.values is not None else
                axis.high - axis.low + 1 if isinstance(axis.low, int) else inf for axis in axes)
