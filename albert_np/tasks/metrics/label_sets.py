"""Figures for rows with any number of labels."""

import numpy as np

from .bootstrap import bootstrap, ratio
from .checks import check_alike, library


def micro_f1(labels, predictions, names, rng=None, **options):
    r"""F1 of all answers together, be they for one label or for another.

    .. math::

       F_1 = \frac{2 \sum_k tp_k}{\sum_k (2\, tp_k + fp_k + fn_k)}

    with the true positives, false positives and false negatives of each label k; 0 if there are
    none.

    Parameters
    ----------
    labels, predictions : sequences of N collections of labels
    names : sequence of K labels
        All labels there are.
    rng, **options
        As in :func:`~albert_np.tasks.metrics.bootstrap.bootstrap`, which makes the Figure.

    Raises
    ------
    ValueError
        The lengths differ or are 0, a label is not among the names, or scikit-learn is not
        installed.
    """
    def of_sums(hits, true, guessed):                           # (R, K) each
        return ratio(2 * hits.sum(axis=1), true.sum(axis=1) + guessed.sum(axis=1))

    return _f1(labels, predictions, names, "micro", of_sums, rng, options)


def macro_f1(labels, predictions, names, rng=None, **options):
    """The mean of the F1 of all labels: a rare label counts as much as a frequent one.

    A label that is neither there nor guessed has an F1 of 0.

    Parameters
    ----------
    labels, predictions, names, rng, **options
        As in :func:`micro_f1`.

    Raises
    ------
    ValueError
        As :func:`micro_f1`.
    """
    def of_sums(hits, true, guessed):                           # (R, K) each
        return ratio(2 * hits, true + guessed).mean(axis=1)

    return _f1(labels, predictions, names, "macro", of_sums, rng, options)


def label_scores(labels, predictions, names):
    """Precision, recall and F1 of all labels together, and of each.

    Parameters
    ----------
    labels, predictions, names : as in :func:`micro_f1`

    Returns
    -------
    list of (label, precision, recall, F1, rows)
        "all", then the labels, the most frequent first. A figure is 0 if its denominator is 0;
        `rows` counts those that have the label.
    """
    true, guessed = _indicators(labels, predictions, names)
    sums = [column.sum(axis=0) for column in (true & guessed, true, guessed)]        # (K,) each
    rows = [("all", *map(np.sum, sums)), *sorted(zip(names, *sums), key=lambda row: -row[2])]
    return [(name, float(ratio(hits, guesses)), float(ratio(hits, there)),
             float(ratio(2 * hits, there + guesses)), int(there))
            for name, hits, there, guesses in rows]


def _f1(labels, predictions, names, average, of_sums, rng, options):
    true, guessed = _indicators(labels, predictions, names)                          # (N, K)
    value = library("sklearn.metrics", "scikit-learn").f1_score(true, guessed, average=average,
                                                                zero_division=0)
    return bootstrap(value, np.concatenate([true & guessed, true, guessed], axis=1),
                     lambda sums: of_sums(*np.split(sums, 3, axis=1)), rng, **options)


def _indicators(labels, predictions, names):
    """Which row has which label, and which was guessed: two boolean arrays (N, K)."""
    check_alike(labels, predictions, ("rows with labels", "predictions"))
    places = {name: place for place, name in enumerate(names)}
    both = np.zeros((2, len(labels), len(places)), bool)
    for part, rows in zip(both, (labels, predictions)):
        for number, row in enumerate(rows):
            for label in row:
                if label not in places:
                    raise ValueError(f"The label {label!r} is not among the labels, "
                                     f"{', '.join(map(repr, names))}.")
                part[number, places[label]] = True
    return both
