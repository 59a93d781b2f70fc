"""Figures for rows with any number of labels, beside those of scikit-learn."""

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn.metrics")

from albert_np.tasks.metrics import label_scores, macro_f1, micro_f1

NAMES = ("red", "green", "blue", "never")


@pytest.fixture
def rows(rng):
    """Rows with labels, guesses for them, and both as arrays of zeros and ones."""
    both = rng.random((2, 40, 4)) < [0.6, 0.3, 0.1, 0.0]
    return [[[name for name, has in zip(NAMES, row) if has] for row in part] for part in both], both


def test_the_figures_of_scikit_learn(rows, rng):
    (labels, guesses), (true, guessed) = rows
    for figure, average in ((micro_f1, "micro"), (macro_f1, "macro")):
        found = figure(labels, guesses, NAMES, rng)
        assert found.value == sklearn.f1_score(true, guessed, average=average, zero_division=0)
        assert found.low < found.value < found.high
    assert micro_f1([[]], [[]], NAMES).value == macro_f1([["red"]], [[]], NAMES).value == 0


@pytest.mark.parametrize("figure, average", [(micro_f1, "micro"), (macro_f1, "macro")])
def test_intervals_are_quantiles_of_resampled_figures(rows, figure, average):
    (labels, guesses), (true, guessed) = rows
    found = figure(labels, guesses, NAMES, np.random.default_rng(1), resamples=50)
    draws = np.random.default_rng(1).integers(40, size=(50, 40))
    expected = np.quantile([sklearn.f1_score(true[drawn], guessed[drawn], average=average,
                                             zero_division=0) for drawn in draws], [0.025, 0.975])
    np.testing.assert_allclose([found.low, found.high], expected, rtol=1e-12)


def test_scores_of_each_label(rows):
    (labels, guesses), (true, guessed) = rows
    found = label_scores(labels, guesses, NAMES)
    assert [row[0] for row in found] == ["all", *NAMES]                  # the most frequent first
    expected = np.stack(sklearn.precision_recall_fscore_support(true, guessed, zero_division=0), 1)
    np.testing.assert_allclose([row[1:] for row in found[1:]], expected)
    p, r, f, _ = sklearn.precision_recall_fscore_support(true, guessed, average="micro")
    assert found[0][1:] == pytest.approx((p, r, f, true.sum()))


def test_bad_input():
    with pytest.raises(ValueError, match="The label 'pink' is not among the labels, 'red', "):
        micro_f1([["red"]], [["pink"]], NAMES)
    with pytest.raises(ValueError, match="There are 1 rows with labels and 2 predictions"):
        macro_f1([[]], [[], []], NAMES)
