"""How unsure a model is: numbers that can be worked out by hand."""

import math

import numpy as np
import pytest

from albert_np.tasks.metrics import uncertainty


def test_numbers_by_hand():
    """Three passes over one example: (1/2, 1/2), (1/4, 3/4), (3/4, 1/4)."""
    mean, entropy, information = uncertainty([[[0.5, 0.5]], [[0.25, 0.75]], [[0.75, 0.25]]])
    assert mean.tolist() == [[0.5, 0.5]]
    assert entropy == pytest.approx([math.log(2)])
    of_a_quarter = math.log(4) - 0.75 * math.log(3)          # -1/4 ln 1/4 - 3/4 ln 3/4
    assert information == pytest.approx([math.log(2) - (math.log(2) + 2 * of_a_quarter) / 3])


def test_passes_that_agree_give_no_information(rng):
    p = rng.dirichlet(np.ones(4), 500)           # of so many, rounding makes some negative
    mean, entropy, information = uncertainty(np.tile(p, (6, 1, 1)))
    np.testing.assert_allclose(mean, p)
    np.testing.assert_allclose(entropy, -(p * np.log(p)).sum(axis=1))
    assert information == pytest.approx(np.zeros(500), abs=1e-14) and (information >= 0).all()


def test_bounds(rng):
    p = rng.dirichlet(np.full(3, 0.3), (10, 50))
    _, entropy, information = uncertainty(p)
    assert (0 < information).all() and (information < entropy).all()
    assert (entropy <= math.log(3)).all()


def test_certainty_is_0_and_not_nan():
    _, entropy, information = uncertainty(np.tile([[1.0, 0.0]], (3, 2, 1)))
    assert entropy.tolist() == information.tolist() == [0, 0]


@pytest.mark.parametrize("probabilities, words", [
    (np.full((2, 2), 0.5), r"the shape \(2, 2\); it must be \(S, N, K\)"),
    (np.full((1, 1, 1, 2), 0.5), r"the shape \(1, 1, 1, 2\); it must be"),
    (np.zeros((0, 2, 2)), "with at least one pass"),
    ([[[0.5, 0.5], [0.5, 0.6]]], r"Row 1 of pass 0 must .* but it is \[0.5, 0.6\]"),
    ([[[1.5, -0.5]]], "Row 0 of pass 0"),
    ([[[0.5, 0.5], [1.5, -0.5], [0.5, 0.6]]], "Row 1 of pass 0"),
    ([[[np.nan, 0.5]]], "Row 0 of pass 0")])
def test_what_is_no_distribution_is_refused(probabilities, words):
    with pytest.raises(ValueError, match=words):
        uncertainty(probabilities)
