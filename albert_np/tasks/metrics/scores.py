"""Figures for scores: do predictions rise where the truth rises?"""

import numpy as np

from .bootstrap import bootstrap, bootstrap_draws, ratio
from .checks import check_alike, library

_BLOCK = 64            # resamples that are ranked at a time


def pearson(scores, predictions, rng=None, **options):
    """The linear correlation of scores and predictions; 0 where either is the same everywhere.

    Parameters
    ----------
    scores, predictions : sequences of N numbers
    rng, **options
        As in :func:`~albert_np.tasks.metrics.bootstrap.bootstrap`, which makes the Figure.

    Raises
    ------
    ValueError
        The lengths differ or are below 2, a number is not finite, or SciPy is not installed.
    """
    x, y = _both(scores, predictions)
    stats = library("scipy.stats", "scipy")
    value = 0.0 if _constant(x) or _constant(y) else stats.pearsonr(x, y).statistic
    # About their means: sums of squares of numbers far from 0 would lose digits.
    x, y = x - x.mean(), y - y.mean()
    return bootstrap(value, np.stack([x, y, x * x, y * y, x * y], axis=1),
                     lambda sums: _correlation(sums / len(x)), rng, **options)


def spearman(scores, predictions, rng=None, **options):
    """The correlation of the ranks of scores and predictions; 0 where either never changes.

    Parameters
    ----------
    scores, predictions : sequences of N numbers
    rng, **options
        As in :func:`~albert_np.tasks.metrics.bootstrap.bootstrap`, which makes the Figure.

    Raises
    ------
    ValueError
        The lengths differ or are below 2, a number is not finite, or SciPy is not installed.
    """
    x, y = _both(scores, predictions)
    stats = library("scipy.stats", "scipy")
    value = 0.0 if _constant(x) or _constant(y) else stats.spearmanr(x, y).statistic

    def of_draws(drawn):
        figures = []
        for part in np.array_split(drawn, -(-len(drawn) // _BLOCK)):
            u, v = (stats.rankdata(numbers[part], axis=1) - (len(x) + 1) / 2 for numbers in (x, y))
            figures.append(_correlation(np.stack([(p * q).mean(axis=1) for p, q in (
                (u, 1), (v, 1), (u, u), (v, v), (u, v))], axis=1)))
        return np.concatenate(figures)

    return bootstrap_draws(value, len(x), of_draws, rng, **options)


def _correlation(means):
    """From the means of x, y, x², y², xy, (R, 5), to correlations (R,)."""
    squares = means[:, 2:4]
    variances = squares - np.square(means[:, :2])                               # (R, 2)
    # If a resample has the same number everywhere, all that is left of its variance is rounding.
    variances[variances < 1e-12 * squares] = 0
    covariance = means[:, 4] - means[:, 0] * means[:, 1]
    return np.clip(ratio(covariance, np.sqrt(variances).prod(axis=1)), -1, 1)


def _constant(numbers):
    return bool((numbers == numbers[0]).all())


def _both(scores, predictions):
    check_alike(scores, predictions, ("scores", "predictions"))
    x, y = np.asarray(scores, float), np.asarray(predictions, float)
    if len(x) < 2 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("A correlation needs at least two scores and predictions, all of them "
                         "finite numbers.")
    return x, y
