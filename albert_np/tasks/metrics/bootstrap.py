"""How far a figure might be off because the test set is small: the bootstrap."""

from dataclasses import dataclass

import numpy as np

_BLOCK = 1 << 20           # numbers of examples drawn at a time


@dataclass(frozen=True)
class Figure:
    """A figure and its interval.

    Attributes
    ----------
    value : float
    low, high : float or None
        The ends of the interval; None where none was asked for.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def __float__(self):
        return float(self.value)

    def __str__(self):
        interval = "" if self.low is None else f" [{self.low:.3f}, {self.high:.3f}]"
        return f"{self.value:.3f}{interval}"


def bootstrap(value, statistics, of_sums, rng, resamples=1000, level=0.95):
    r"""The percentile bootstrap interval of a figure that depends on sums over the examples.

    Draw N examples of N, with replacement; compute the figure; and again, many times. The interval
    lies between the quantiles :math:`(1 \mp \text{level}) / 2` of these figures. Most figures need
    only the sums of a few numbers per example (right or wrong; hits and misses; matching n-grams),
    so that a resample costs no more than adding up rows.

    Parameters
    ----------
    value : float
        The figure of the examples themselves.
    statistics : float array (N, K)
        K numbers for each example.
    of_sums : callable
        From sums (R, K) to the figures (R,).
    rng : numpy.random.Generator or None
        None: no interval.
    resamples : int
    level : float

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        There is no example, or `level` does not lie between 0 and 1.

    References
    ----------
    Efron, Tibshirani 1993, "An introduction to the bootstrap", chapter 13.
    """
    statistics = np.asarray(statistics, float)
    N = len(statistics)
    # How often each example was drawn, times its numbers: a matrix product.
    return bootstrap_draws(value, N, lambda drawn: of_sums(row_counts(drawn, N) @ statistics),
                           rng, resamples, level)


def bootstrap_draws(value, N, of_draws, rng, resamples=1000, level=0.95):
    """As `bootstrap`, for figures that need more than a few sums.

    Parameters
    ----------
    value : float
    N : int
        Examples.
    of_draws : callable
        From the numbers of the examples drawn, (R, N), to the figures (R,).
    rng, resamples, level
        As in `bootstrap`.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        As in `bootstrap`.
    """
    if not N:
        raise ValueError("There is no example to compute a figure from.")
    if rng is None:
        return Figure(float(value))
    if not 0 < level < 1 or resamples < 1:
        raise ValueError(f"level must lie between 0 and 1 and resamples be at least 1, not {level} "
                         f"and {resamples}.")
    step = max(1, _BLOCK // N)                                          # resamples at a time
    figures = [of_draws(rng.integers(N, size=(min(step, resamples - first), N)))
               for first in range(0, resamples, step)]
    low, high = np.quantile(np.concatenate(figures), [(1 - level) / 2, (1 + level) / 2])
    return Figure(float(value), float(low), float(high))


def row_counts(numbers, size):
    """How often each of 0 ... size - 1 occurs in each row: from (R, N) to (R, size)."""
    R = len(numbers)
    places = np.arange(R)[:, None] * size + numbers
    return np.bincount(places.ravel(), minlength=R * size).reshape(R, size)


def ratio(numerator, denominator):
    """``numerator / denominator``, and 0 where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)),
                     where=np.asarray(denominator) != 0)
