"""Intervals of every figure, where the resamples are worked out in several blocks."""

from importlib import import_module

import numpy as np
import pytest

from albert_np.tasks import metrics

pytest.importorskip("sklearn")
pytest.importorskip("scipy")

RNG = np.random.default_rng(0)
LABELS, GUESSES = RNG.choice(["a", "b", "c"], (2, 40))
X, Y = RNG.integers(0, 9, (2, 40)) + np.arange(40) / 5
P = RNG.dirichlet([1, 1, 1], 40)
ANSWERS = [["big cat"], ["dog"], []] * 13 + [["dog"]]
FIGURES = {
    "accuracy": (metrics.accuracy, [LABELS, GUESSES]),
    "f1": (lambda *rows, **o: metrics.f1(*rows, "b", **o), [LABELS, GUESSES]),
    "matthews": (metrics.matthews, [LABELS, GUESSES]),
    "pearson": (metrics.pearson, [X, Y]), "spearman": (metrics.spearman, [X, Y]),
    "calibration": (metrics.expected_calibration_error, [RNG.integers(0, 3, 40), P]),
    "exact match": (lambda *rows, **o: metrics.answer_scores(*rows, **o)[0],
                    [RNG.choice(["cat", "dog", ""], 40), np.array(ANSWERS, object)])}


@pytest.mark.parametrize("resamples, level", [(33, 0.95), (70, 0.5)])
@pytest.mark.parametrize("name", FIGURES)
def test_the_interval_is_that_of_one_resample_after_another(monkeypatch, name, resamples, level):
    """At most three resamples of 40 examples are drawn at a time, and two of them ranked."""
    figure, rows = FIGURES[name]
    drawn = np.random.default_rng(4).integers(40, size=(resamples, 40))
    values = [figure(*(part[numbers] for part in rows)).value for numbers in drawn]
    expected = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    for block, ranked in ((1 << 20, 64), (125, 2), (1, 1)):
        for module, size in (("bootstrap", block), ("scores", ranked)):
            monkeypatch.setattr(import_module(f"albert_np.tasks.metrics.{module}"), "_BLOCK", size)
        found = figure(*rows, rng=np.random.default_rng(4), resamples=resamples, level=level)
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)
        assert found.value == figure(*rows).value
