"""The loss of the Pi-model: values, both gradients, SymPy, float32, and its ramp-up."""

import math

import numpy as np
import pytest

from albert_np import functional as F
from albert_np.gradcheck.compare_gradients import check_inputs_of


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def test_it_is_the_mean_over_rows_and_classes(rng):
    x, z = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4))
    loss, _ = F.consistency_forward(x, z)
    expected = sum((p - q)**2 for p, q in zip(softmax(x).flat, softmax(z).flat)) / 24
    assert loss == pytest.approx(expected, rel=1e-12)
    assert F.consistency_forward(z, x)[0] == pytest.approx(expected, rel=1e-12)


def test_borders():
    """The same answers, other constants, and two passes that are sure of different classes."""
    x = np.array([[1.0, -2.0, 0.5]])
    loss, cache = F.consistency_forward(x, x + 700)
    assert loss < 1e-30
    dx, dz = F.consistency_backward(1.0, cache)
    assert np.abs(dx).max() < 1e-15 and np.abs(dz).max() < 1e-15
    sure = F.consistency_forward(np.array([[5000.0, 0, 0]]), np.array([[0, 5000.0, 0]]))
    assert sure[0] == pytest.approx(2 / 3)
    assert not any(part.any() for part in F.consistency_backward(1.0, sure[1]))


@pytest.mark.parametrize("method, bound", [("centred", 1e-7), ("complex", 1e-13)])
@pytest.mark.parametrize("shape", [(1, 2), (5, 3), (2, 3, 4)])
def test_gradients(rng, shape, method, bound):
    reports = check_inputs_of(
        lambda inputs: F.consistency_forward(inputs["logits"], inputs["other_logits"]),
        lambda inputs, dloss, cache: dict(zip(("logits", "other_logits"),
                                              F.consistency_backward(dloss, cache))),
        {"logits": 2 * rng.standard_normal(shape), "other_logits": rng.standard_normal(shape)},
        method=method, dy=np.float64(1.7))
    assert [report.parameter for report in reports] == ["logits", "other_logits"]
    assert max(report.error for report in reports) < bound


def test_each_row_of_a_gradient_sums_to_0(rng):
    _, cache = F.consistency_forward(rng.standard_normal((5, 4)), rng.standard_normal((5, 4)))
    for gradient in F.consistency_backward(3.0, cache):
        np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-16)


def test_float32_stays_and_is_near(rng):
    x, z = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    loss, cache = F.consistency_forward(x.astype(np.float32), z.astype(np.float32))
    gradients = F.consistency_backward(np.float32(2), cache)
    assert loss.dtype == np.float32 and {each.dtype for each in gradients} == {loss.dtype}
    exact, cache = F.consistency_forward(x, z)
    assert loss == pytest.approx(exact, rel=1e-5)
    for near, gradient in zip(gradients, F.consistency_backward(2.0, cache)):
        np.testing.assert_allclose(near, gradient, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("shape", [(1, 3), (3,), (2, 3, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError) as refusal:
        F.consistency_forward(np.zeros((2, 3)), np.zeros(shape))
    assert str(refusal.value) == (f"other_logits have shape {shape}, but logits have shape (2, 3)")


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3), (3, 0)])
def test_a_mean_of_nothing_is_refused(shape):
    with pytest.raises(ValueError, match="a mean needs at least one number"):
        F.consistency_forward(np.zeros(shape), np.zeros(shape))


def test_ramp_up():
    weight = F.ramp_up(8.0, 10)
    assert weight(0) == pytest.approx(8 * math.exp(-5))
    assert weight(5) == pytest.approx(8 * math.exp(-1.25))
    assert weight(10) == weight(11) == weight(10**6) == 8
    rising = [weight(step) for step in range(11)]
    assert rising == sorted(set(rising))
    assert F.ramp_up(0, 3)(2) == 0 and F.ramp_up(2.0, 1)(1) == 2


@pytest.mark.parametrize("arguments, sentence", [
    ((-1, 5), "largest is -1; it must be a finite number that is at least 0"),
    ((float("inf"), 5), "largest is inf; it must be a finite number that is at least 0"),
    ((math.nan, 5), "largest is nan; it must be a finite number that is at least 0"),
    ((1, 0), "ramp_steps is 0; it must be at least 1"),
    ((1, math.nan), "ramp_steps is nan; it must be at least 1")])
def test_a_ramp_up_that_is_none(arguments, sentence):
    with pytest.raises(ValueError) as refusal:
        F.ramp_up(*arguments)
    assert str(refusal.value) == sentence
