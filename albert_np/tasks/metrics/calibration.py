"""Whether a model that is 90 % sure is right nine times out of ten."""

import numpy as np

from .bootstrap import bootstrap
from .checks import check_alike


def expected_calibration_error(labels, probabilities, bins=10, rng=None, **options):
    r"""The mean distance between how sure a model is and how often it is right.

    Examples go into bins by the probability of the label that was guessed. With
    :math:`n_b` of the N examples in bin b,

    .. math::

       \text{ECE} = \sum_b \frac{n_b}{N} \left| \text{accuracy}_b - \text{confidence}_b \right|
                  = \frac1N \sum_b \Big| \sum_{i \in b} (\text{right}_i - \text{confidence}_i) \Big|

    Chance adds to it, never takes away: a perfectly calibrated model has an error above 0, the more
    so the fewer examples a bin has, and a resample has a larger one still. The interval can
    therefore lie above the figure.

    Parameters
    ----------
    labels : sequence of N integers
        From 0 to C - 1.
    probabilities : float array (N, C)
    bins : int
        Of equal width, from 0 to 1.
    rng, **options
        As in :func:`~albert_np.tasks.metrics.bootstrap.bootstrap`, which makes the Figure.

    Raises
    ------
    ValueError
        As :func:`calibration_bins`.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger 2017, eq. 3.

    Examples
    --------
    Four guesses with 0.75, all in one bin, of which two are right:

    >>> import numpy as np
    >>> expected_calibration_error([0, 0, 1, 1], np.tile([0.75, 0.25], (4, 1))).value
    0.25
    """
    confidence, right, places = _placed(labels, probabilities, bins)
    gaps = np.zeros((len(right), bins))
    gaps[np.arange(len(right)), places] = right - confidence
    return bootstrap(np.abs(gaps.sum(axis=0)).sum() / len(right), gaps,
                     lambda sums: np.abs(sums).sum(axis=1) / len(right), rng, **options)


def calibration_bins(labels, probabilities, bins=10):
    """How many examples each bin has, how sure the model is there and how often it is right.

    Bin b holds the confidences above b / bins, up to (b + 1) / bins.

    Parameters
    ----------
    labels, probabilities, bins : as in :func:`expected_calibration_error`

    Returns
    -------
    counts : integer array (bins,)
    confidence, accuracy : float arrays (bins,)
        Means over the bin; NaN where it is empty.

    Raises
    ------
    ValueError
        The lengths differ or are 0, a row is no distribution, a label has no column, or there is
        no bin.
    """
    confidence, right, places = _placed(labels, probabilities, bins)
    counts, sure, hits = (np.bincount(places, weights, bins)
                          for weights in (None, confidence, right))
    empty = np.full(bins, np.nan)
    return counts, *(np.divide(sums, counts, out=empty.copy(), where=counts > 0)
                     for sums in (sure, hits))


def _placed(labels, probabilities, bins):
    """The confidence of each guess, whether it is right, and the number of its bin: arrays (N,)."""
    check_alike(labels, probabilities, ("labels", "rows of probabilities"))
    labels, p = np.asarray(labels), np.asarray(probabilities, float)
    if p.ndim != 2:
        raise ValueError(f"The probabilities must have the shape (N, C), a column for each label, "
                         f"not {p.shape}.")
    wrong = ~((p >= 0).all(axis=1) & (np.abs(p.sum(axis=1) - 1) < 1e-3))
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"Row {row} of the probabilities must be at least 0 everywhere and sum to "
                         f"1, but it is {p[row].tolist()}.")
    if not np.issubdtype(labels.dtype, np.integer) or not ((labels >= 0)
                                                           & (labels < p.shape[1])).all():
        raise ValueError(f"The labels must be the numbers of the {p.shape[1]} columns of the "
                         f"probabilities, integers from 0 to {p.shape[1] - 1}.")
    if bins < 1:
        raise ValueError(f"There must be at least one bin, not {bins}.")
    confidence = p.max(axis=1)
    places = np.digitize(confidence, np.arange(1, bins) / bins, right=True)
    return confidence, p.argmax(axis=1) == labels, places
