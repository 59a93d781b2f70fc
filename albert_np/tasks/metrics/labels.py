"""Figures for labels: how many are right, and what that is worth."""

import numpy as np

from .bootstrap import bootstrap, bootstrap_draws, ratio, row_counts
from .checks import check_alike, library


def accuracy(labels, predictions, rng=None, **options):
    """The share of predictions that are right.

    Parameters
    ----------
    labels, predictions : sequences of N labels
    rng, **options
        As in :func:`~albert_np.tasks.metrics.bootstrap.bootstrap`, which makes the Figure.

    Raises
    ------
    ValueError
        The lengths differ or are 0, or scikit-learn is not installed.
    """
    labels, predictions = _both(labels, predictions)
    value = library("sklearn.metrics", "scikit-learn").accuracy_score(labels, predictions)
    return bootstrap(value, (labels == predictions)[:, None], lambda sums: sums[:, 0] / len(labels),
                     rng, **options)


def f1(labels, predictions, positive, rng=None, **options):
    r"""The harmonic mean of precision and recall for one label.

    .. math::

       F_1 = \frac{2\, tp}{2\, tp + fp + fn}

    with the numbers of true positives, false positives, and false negatives; 0 if there are none.

    Parameters
    ----------
    labels, predictions : sequences of N labels
    positive : a label
        The one that is looked for, such as "spam".
    rng, **options
        As in :func:`~albert_np.tasks.metrics.bootstrap.bootstrap`, which makes the Figure.

    Raises
    ------
    ValueError
        The lengths differ or are 0, or scikit-learn is not installed.
    """
    labels, predictions = _both(labels, predictions)
    true, guessed = labels == positive, predictions == positive
    value = library("sklearn.metrics", "scikit-learn").f1_score(true, guessed, zero_division=0)
    return bootstrap(value, np.stack([true & guessed, true, guessed], axis=1),
                     lambda sums: ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2]), rng, **options)


def matthews(labels, predictions, rng=None, **options):
    r"""The correlation of labels and predictions (Matthews; for more than two labels, Gorodkin).

    If every guess is the same label, it is 0, however frequent that label is. With N examples,
    of which c are guessed right, :math:`t_k` have label k and :math:`p_k` are guessed to have it,

    .. math::

       R_K = \frac{c N - \sum_k t_k p_k}
                  {\sqrt{\left(N^2 - \sum_k t_k^2\right) \left(N^2 - \sum_k p_k^2\right)}}

    and 0 where a factor below the root is 0. This needs no table of all pairs of labels.

    Parameters
    ----------
    labels, predictions : sequences of N labels
    rng, **options
        As in :func:`~albert_np.tasks.metrics.bootstrap.bootstrap`, which makes the Figure.

    Raises
    ------
    ValueError
        The lengths differ or are 0.

    References
    ----------
    Matthews 1975; Gorodkin 2004.
    """
    labels, predictions = _both(labels, predictions)
    names, numbers = np.unique(np.concatenate([labels, predictions]), return_inverse=True)
    C, N = len(names), len(labels)
    true, guessed = numbers[:N], numbers[N:]

    def of_draws(drawn):                                        # (R, N)
        t, p = (row_counts(part[drawn], C) for part in (true, guessed))             # (R, C)
        c = np.count_nonzero(true[drawn] == guessed[drawn], axis=1)                 # (R,)
        spread_t, spread_p = (N * N - np.square(counts).sum(axis=1, dtype=float)
                              for counts in (t, p))
        return ratio(c * N - (t * p).sum(axis=1), np.sqrt(spread_t * spread_p))

    (value,) = of_draws(np.arange(N)[None])
    return bootstrap_draws(value, N, of_draws, rng, **options)


def confusion_matrix(labels, predictions, names=None):
    """How often each label (row) was given each label (column).

    Parameters
    ----------
    labels, predictions : sequences of N labels
    names : sequence of C labels, optional
        All labels, in the order of the rows. None: those that occur, sorted.

    Returns
    -------
    counts : integer array (C, C)
    names : list of C labels

    Raises
    ------
    ValueError
        The lengths differ or are 0, or a label is not among the names or named twice.

    Examples
    --------
    >>> confusion_matrix(["a", "a", "b"], ["a", "b", "b"])[0].tolist()
    [[1, 1], [0, 1]]
    """
    labels, predictions = (part.tolist() for part in _both(labels, predictions))
    names = sorted({*labels, *predictions}) if names is None else np.asarray(names).tolist()
    numbers = {name: number for number, name in enumerate(names)}
    if len(numbers) < len(names):
        raise ValueError("Every class must be named once, but one of the names is there twice.")
    strange = next((label for label in (*labels, *predictions) if label not in numbers), None)
    if strange is not None:
        raise ValueError(f"The label {strange!r} is not among the names of the classes, "
                         f"{', '.join(map(repr, names[:10]))}{', ...' * (len(names) > 10)}.")
    C = len(names)
    cells = [numbers[true] * C + numbers[guess] for true, guess in zip(labels, predictions)]
    return np.bincount(cells, minlength=C * C).reshape(C, C), names


def _both(labels, predictions):
    check_alike(labels, predictions, ("labels", "predictions"))
    return np.asarray(labels), np.asarray(predictions)
