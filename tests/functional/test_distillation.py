"""Distillation against its definition, and at its limits."""

import math

import numpy as np
import pytest

from albert_np import functional as F


def distillation(x, t, labels, weights, temperature, alpha, ignore=-100):
    """The definition, row by row, with probabilities in place of their logarithms."""
    total = weight = 0
    for row, teacher, label, w in zip(x, t, labels, weights):
        if label != ignore:
            p, q = (np.exp(logits / temperature) / np.exp(logits / temperature).sum()
                    for logits in (row, teacher))
            divergence = sum(b * math.log(b / a) for a, b in zip(p, q))
            label_loss = -math.log(math.exp(row[label]) / sum(math.exp(v) for v in row))
            total += w * ((1 - alpha) * label_loss + alpha * temperature**2 * divergence)
            weight += w
    return total / weight


@pytest.mark.parametrize("temperature, alpha", [(1, 0.5), (3.0, 0.2), (0.7, 0.9), (2.0, 1.0)])
def test_distillation(rng, temperature, alpha):
    x, t = rng.standard_normal((6, 4)), 2 * rng.standard_normal((6, 4))
    labels, weights = np.array([3, -100, 0, 1, -100, 1]), rng.random(6)
    weights[2] = -0.25                                       # the formula holds for these too
    found = F.distillation_forward(x, t, labels, temperature, alpha)[0]
    assert found == pytest.approx(distillation(x, t, labels, np.ones(6), temperature, alpha))
    found = F.distillation_forward(x, t, labels, temperature, alpha, weights=weights)[0]
    assert found == pytest.approx(distillation(x, t, labels, weights, temperature, alpha))
    ignored = np.where(labels == -100, 2, labels)
    found = F.distillation_forward(x, t, ignored, temperature, alpha, 1)[0]
    assert found == pytest.approx(distillation(x, t, ignored, np.ones(6), temperature, alpha, 1))


def test_distillation_has_the_usual_temperature_and_weight(rng):
    x, t = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    labels = np.array([2, 0])
    assert F.distillation_forward(x, t, labels)[0] == pytest.approx(
        distillation(x, t, labels, np.ones(2), 2, 0.5))


def test_distillation_without_a_teacher_is_cross_entropy(rng):
    x, t, labels = rng.standard_normal((4, 3)), rng.standard_normal((4, 3)), [2, 0, -100, 1]
    loss, cache = F.distillation_forward(x, t, labels, 3.0, 0)
    label_loss, label_cache = F.cross_entropy_forward(x, labels)
    assert loss == label_loss
    assert (F.distillation_backward(2.0, cache)
            == F.cross_entropy_backward(2.0, label_cache)).all()


@pytest.mark.parametrize("shift", [0, 700.0])
def test_a_student_that_says_what_its_teacher_says_has_nothing_to_learn(rng, shift):
    """Logits that differ by a constant in each row give the same probabilities."""
    x = 30 * rng.standard_normal((5, 4))
    loss, cache = F.distillation_forward(x, x + shift, np.zeros(5, int), 2.0, 1.0)
    assert abs(loss) < 1e-12 and np.abs(F.distillation_backward(1.0, cache)).max() < 1e-12


def test_distillation_of_several_axes_is_that_of_their_rows(rng):
    x, t, labels = (rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4)),
                    rng.integers(0, 4, (2, 3)))
    loss, cache = F.distillation_forward(x, t, labels)
    of_rows, cache_of_rows = F.distillation_forward(x.reshape(6, 4), t.reshape(6, 4),
                                                    labels.ravel())
    dx, dx_of_rows = (F.distillation_backward(2.0, c) for c in (cache, cache_of_rows))
    assert loss == of_rows
    assert dx.shape == (2, 3, 4) and (dx.reshape(6, 4) == dx_of_rows).all()


def test_distillation_of_nothing_is_0(rng):
    x = rng.standard_normal((2, 3))
    loss, cache = F.distillation_forward(x, -x, np.array([-100, -100]))
    assert loss == 0 and (F.distillation_backward(1.0, cache) == 0).all()
    loss, cache = F.distillation_forward(np.ones((0, 4)), np.ones((0, 4)), np.zeros(0, int))
    assert loss == 0 and F.distillation_backward(1.0, cache).shape == (0, 4)


def test_an_ignored_row_has_no_part_in_distillation(rng):
    """Not even if the teacher says NaN there."""
    x, t = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    t[1] = np.nan
    loss, cache = F.distillation_forward(x, t, np.array([3, -100, 0]))
    kept = F.distillation_forward(x[[0, 2]], t[[0, 2]], np.array([3, 0]))
    assert loss == pytest.approx(kept[0])
    dx = F.distillation_backward(1.0, cache)
    assert dx[[0, 2]] == pytest.approx(F.distillation_backward(1.0, kept[1]))


def test_at_a_high_temperature_the_student_matches_logits(rng):
    """The gradient tends to the difference of the centred logits over K, as derived."""
    x, t = rng.standard_normal((5, 4)), rng.standard_normal((5, 4))
    centred = [logits - logits.mean(axis=-1, keepdims=True) for logits in (x, t)]
    limit, errors = (centred[0] - centred[1]) / 4 / 5, []
    for temperature in (100.0, 1000.0):
        _, cache = F.distillation_forward(x, t, np.zeros(5, int), temperature, 1.0)
        errors.append(np.abs(F.distillation_backward(1.0, cache) - limit).max())
    assert errors[0] < 0.01 * np.abs(limit).max()
    assert errors[1] == pytest.approx(errors[0] / 10, rel=0.1)      # the next term is in 1/tau


@pytest.mark.parametrize("temperature", [1.0, 10.0, 100.0, 1000.0])
def test_what_float32_loses_at_a_high_temperature(rng, temperature):
    for _ in range(50):
        x, t = (rng.standard_normal((5, 4)).astype(np.float32) for _ in range(2))
        found, right = (F.distillation_forward(x.astype(dtype), t.astype(dtype), np.zeros(5, int),
                                               temperature, 1.0) for dtype in (np.float32, float))
        assert abs(found[0] - right[0]) < 1e-6 * temperature**2
        gradient, exact = (F.distillation_backward(1.0, cache) for _, cache in (found, right))
        assert np.abs(gradient - exact).max() < 1e-6 * temperature


@pytest.mark.parametrize("arguments, message", [
    ((np.zeros((2, 3)), [0, 1], 0), "temperature is 0; it must be a finite number above 0"),
    ((np.zeros((2, 3)), [0, 1], -1.0), "temperature is -1.0; it must be a finite number above 0"),
    ((np.zeros((2, 3)), [0, 1], float("inf")), "temperature is inf; it must be a finite number "
     "above 0"),
    ((np.zeros((2, 3)), [0, 1], np.nan), "temperature is nan; it must be a finite number above 0"),
    ((np.zeros((2, 3)), [0, 1], 1, 1.1), "teacher_weight is 1.1; it must be in [0, 1]"),
    ((np.zeros((2, 3)), [0, 1], 1, -0.1), "teacher_weight is -0.1; it must be in [0, 1]"),
    ((np.zeros((2, 3)), [0, 3]), "labels range from 0 to 3, but there are 3 classes, 0 to 2"),
    ((np.zeros((2, 1)), [0, 1]), "teacher_logits have shape (2, 1), but logits have shape (2, 3)"),
    ((np.zeros(3), [0, 1]), "teacher_logits have shape (3,), but logits have shape (2, 3)")])
def test_distillation_refuses_what_is_impossible(arguments, message):
    with pytest.raises(ValueError) as refusal:
        F.distillation_forward(np.zeros((2, 3)), *arguments)
    assert str(refusal.value) == message


def test_distillation_of_huge_logits_is_finite():
    x, t = np.array([[0.0, 1e5], [1e5, 0.0]]), np.array([[1e5, 0.0], [1e5, 0.0]])
    loss, cache = F.distillation_forward(x, t, np.array([1, 0]), 4.0, 0.5)
    assert loss == 0.5 * 4**2 * 1e5 / 4 / 2
    assert F.distillation_backward(1.0, cache).tolist() == [[-1, 1], [0, 0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_at_both_ends_of_their_dtype(dtype):
    """Their difference is infinite, so the lower class has the probability 0 and no part."""
    x = np.array([[1, -1]], dtype) * np.finfo(dtype).max
    loss, cache = F.distillation_forward(x, x, np.array([0]), 2.0, 1.0)
    assert loss == 0 and F.distillation_backward(dtype(1), cache).tolist() == [[0, 0]]
