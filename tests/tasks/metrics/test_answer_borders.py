"""The threshold of "no answer", tried out by hand where many margins are equal."""

import numpy as np
import pytest

from albert_np.tasks.metrics import best_null_threshold, overlap_f1


def f1_at(threshold, predictions, answers, margins):
    return np.mean([overlap_f1("" if margin > threshold else guess, answer)
                    for guess, answer, margin in zip(predictions, answers, margins)])


def test_questions_of_one_margin_are_answered_together():
    """No threshold can answer the first question and leave out the second, which has its margin."""
    threshold, f1 = best_null_threshold(["cat", "cat"], [["cat"], []], [1.0, 1.0])
    assert f1 == 0.5 and not np.isfinite(threshold)
    threshold, f1 = best_null_threshold(["cat"] * 4, [["cat"], ["cat"], [], []], [1, 2, 2, 3])
    assert (threshold, f1) == (1.5, 0.75)
    threshold, f1 = best_null_threshold(["cat"] * 3, [["cat"], ["cat"], []], [1, 2, 4])
    assert (threshold, f1) == (3, 1)


@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_is_better_than_the_one_that_is_found(seed):
    """Nine questions whose margins are 0, 1 or 2; and the f1 is the one that it gives."""
    rng = np.random.default_rng(seed)
    predictions = rng.choice(["cat", "big cat", "dog", ""], 9).tolist()
    answers = [[["cat"], ["big cat", "dog"], []][i] for i in rng.integers(0, 3, 9)]
    margins = rng.integers(0, 3, 9).astype(float)
    threshold, f1 = best_null_threshold(predictions, answers, margins)
    assert f1 == pytest.approx(f1_at(threshold, predictions, answers, margins), abs=1e-15)
    tried = [f1_at(t, predictions, answers, margins) for t in (-np.inf, 0, 1, 2)]
    assert f1 == pytest.approx(max(tried), abs=1e-15)
    between = sorted(set(margins))
    assert threshold in [-np.inf, np.inf, *(np.add(between[1:], between[:-1]) / 2)]
