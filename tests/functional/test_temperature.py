"""Temperature scaling: its loss, its one gradient, and the search for the best temperature."""

import numpy as np
import pytest

from albert_np import functional as F
from albert_np.functional import temperature as module


@pytest.fixture
def data(rng):
    """Logits that are three times too far apart for their labels, and one row without a label."""
    logits = rng.standard_normal((2000, 3))
    p, _ = F.softmax_forward(logits)
    labels = (rng.random((2000, 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    labels[7] = -100
    return 3 * logits, labels


def test_the_loss_is_that_of_the_divided_logits(data):
    logits, labels = data
    for temperature in (0.3, 1.0, 4.0):
        loss, _ = F.temperature_scaling_forward(logits, temperature, labels)
        assert loss == pytest.approx(F.cross_entropy_forward(logits / temperature, labels)[0])


def test_the_label_that_does_not_count_may_be_another(rng):
    logits, labels = rng.standard_normal((4, 3)), np.array([0, 1, 2, 1])
    loss, cache = F.temperature_scaling_forward(logits, 2.0, labels, ignore_index=1)
    kept, kept_cache = F.temperature_scaling_forward(logits[[0, 2]], 2.0, labels[[0, 2]])
    assert loss == pytest.approx(kept)
    (dz, dtau), (kept_dz, kept_dtau) = (F.temperature_scaling_backward(1.0, each)
                                        for each in (cache, kept_cache))
    assert dtau == pytest.approx(kept_dtau) and not dz[[1, 3]].any()
    np.testing.assert_allclose(dz[[0, 2]], kept_dz)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_far_apart_at_a_low_temperature(dtype):
    """z/T is beyond the largest number, and the loss is one that the dtype can hold."""
    logits = np.array([[1.0, 1.0, -1.0]], dtype) * np.finfo(dtype).max / 4
    loss, cache = F.temperature_scaling_forward(logits, 0.01, np.array([1]))
    dlogits, dT = F.temperature_scaling_backward(dtype(1), cache)
    assert loss == pytest.approx(np.log(2)) and dT == 0
    np.testing.assert_allclose(dlogits, [[50, -50, 0]])


def test_the_gradient_needs_no_shift(rng):
    """A number added to a row changes nothing, and costs the gradient none of its digits."""
    logits, labels = rng.standard_normal((5, 3)), rng.integers(0, 3, 5)
    gradients = [F.temperature_scaling_backward(
        1.0, F.temperature_scaling_forward(logits + shift, 2.0, labels)[1])[1]
        for shift in (0, 2.0**20)]
    assert gradients[1] == pytest.approx(gradients[0], rel=1e-8)


def test_the_temperature_of_labels_that_were_drawn_is_found(data):
    found = F.fit_temperature(*data)
    assert found == pytest.approx(3, rel=0.1) and type(found) is float


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_best_temperature_is_a_minimum(data, dtype):
    logits, labels = data[0].astype(dtype), data[1]
    best = F.fit_temperature(logits, labels)
    loss = {factor: F.temperature_scaling_forward(logits.astype(float), best * factor, labels)
            for factor in (0.99, 1, 1.01)}
    assert loss[1][0] < min(loss[0.99][0], loss[1.01][0])
    slopes = [F.temperature_scaling_backward(1.0, cache)[1] for _, cache in loss.values()]
    assert slopes[0] < 0 < slopes[2] and abs(slopes[1]) < 1e-12


def test_logits_times_ten_have_ten_times_the_temperature(data):
    logits, labels = data
    assert F.fit_temperature(10 * logits, labels) == pytest.approx(
        10 * F.fit_temperature(logits, labels))


@pytest.mark.parametrize("right, best", [(5003, 1 / np.log(5003 / 4997)), (5002, None)])
def test_the_best_temperature_is_at_most_a_thousand_distances(right, best):
    """Two logits with the distance 1, and guesses that are a little better than chance."""
    logits, labels = np.tile([1.0, 0.0], (10000, 1)), np.ones(10000, int)
    labels[:right] = 0
    if best:
        assert 800 < best < 1000
        assert F.fit_temperature(logits, labels) == pytest.approx(best, rel=1e-9)
    else:
        with pytest.raises(ValueError, match="the loss falls until the temperature is infinite;"):
            F.fit_temperature(logits, labels)


@pytest.mark.parametrize("small, inside", [(0.00112, True), (0.00108, False)])
def test_the_best_temperature_is_at_least_a_thousandth_of_the_distance(small, inside):
    """The row with the distance 1 is right. Of those with a small distance, three of four are."""
    logits = np.array([[1.0, 0.0], *[[small, 0.0]] * 4])
    labels = np.array([0, 0, 0, 0, 1])
    if inside:
        best = small / np.log(3)
        assert 0.001 < best < 0.00102
        assert F.fit_temperature(logits, labels) == pytest.approx(best, rel=1e-9)
    else:
        with pytest.raises(ValueError, match="the loss falls until the temperature is 0;"):
            F.fit_temperature(logits, labels)


def test_logits_that_differ_in_their_last_digit_only_are_no_better_than_chance():
    """At the highest temperature their difference is rounded away, and the slope is 0."""
    with pytest.raises(ValueError, match="until the temperature is infinite"):
        F.fit_temperature(np.array([[1e-14, 0], [1e-14, 0]]), np.array([0, 1]))


@pytest.mark.parametrize("row, loss", [([0, -np.inf], 0), ([np.inf, 0], np.nan),
                                       ([-np.inf, -np.inf], np.nan)])
def test_infinite_logits_are_read_as_by_the_cross_entropy(row, loss):
    """And without a warning: NaN is what tells it."""
    for found in (F.temperature_scaling_forward(np.array([row]), 2.0, np.array([0]))[0],
                  F.cross_entropy_forward(np.array([row]), np.array([0]))[0]):
        np.testing.assert_equal(float(found), loss)


def test_rows_do_not_see_each_other(rng):
    """Not even one with logits so large that beside them those of the others are nothing."""
    logits, labels = rng.standard_normal((2, 3, 4)), rng.integers(0, 4, (2, 3))
    logits[1, 2] *= 1e18
    labels[1, 2] = logits[1, 2].argmax()                     # and its loss is 0
    losses = [F.temperature_scaling_forward(*row)[0]
              for row in zip(logits.reshape(6, 1, 4), [2.0] * 6, labels.reshape(6, 1))]
    loss, cache = F.temperature_scaling_forward(logits[:, :2], 2.0, labels[:, :2])
    assert loss == pytest.approx(np.mean([losses[i] for i in (0, 1, 3, 4)]))
    rows, _ = F.temperature_scaling_forward(logits.reshape(6, 4)[[0, 5]], 2.0,
                                            labels.reshape(6)[[0, 5]])
    assert rows == pytest.approx((losses[0] + losses[5]) / 2)
    assert F.temperature_scaling_backward(1.0, cache)[0].shape == (2, 2, 4)


def test_no_guess_changes(data):
    logits, labels = data
    p, _ = F.softmax_forward(logits / F.fit_temperature(logits, labels))
    assert (p.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_labels_without_a_best_temperature_are_refused():
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="until the temperature is 0; give examples of which"):
        module.fit_temperature(logits, np.array([0, 1]))
    with pytest.raises(ValueError, match="until the temperature is infinite"):
        module.fit_temperature(logits, np.array([1, 0]))


@pytest.mark.parametrize("logits, labels, distance", [
    (np.ones((3, 2)), [0, 1, 0], "0.0"), (np.array([[4.0], [5.0]]), [0, 0], "0.0"),
    (np.array([[2.0, 0.0], [0.0, 1.0]]), [-100, -100], "0.0"), (np.zeros((0, 2)), [], "0.0"),
    (np.array([[np.nan, 0.0], [0.0, 1.0]]), [0, 0], "nan"),
    (np.array([[np.inf, 0.0], [0.0, 1.0]]), [0, 0], "inf")])
def test_logits_that_no_temperature_changes_are_refused(logits, labels, distance):
    with pytest.raises(ValueError, match=f"between two logits of a labelled row is {distance}; it"):
        module.fit_temperature(logits, np.array(labels, int))


@pytest.mark.parametrize("row", [[np.nan, 0.0], [np.inf, 0.0], [-np.inf, -np.inf], [1e300, 0.0]])
def test_a_row_without_a_label_may_hold_anything(row):
    """It has no loss, so the best temperature does not depend on it."""
    logits, labels = np.log(np.tile([9.0, 1.0], (5, 1))), np.array([0, 0, -100, 0, 1])
    logits[2] = row
    assert F.fit_temperature(logits, labels) == pytest.approx(2, rel=1e-12)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="labels"):
        module.fit_temperature(np.ones((3, 2)), np.array([0, 1]))


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_size_of_the_logits_does_not_matter(data, factor):
    logits, labels = data
    assert F.fit_temperature(factor * logits, labels) == pytest.approx(
        factor * F.fit_temperature(logits, labels))


@pytest.mark.parametrize("temperature", [0, -1.0, np.nan, np.inf, np.ones(2), np.ones(1)])
def test_a_temperature_that_is_none_is_refused(temperature):
    with pytest.raises(ValueError, match="^the temperature is .*; it must be one number above 0$"):
        F.temperature_scaling_forward(np.zeros((1, 2)), temperature, np.array([0]))


def test_it_agrees_with_pytorch(data):
    torch = pytest.importorskip("torch")
    logits, labels = data
    z = torch.tensor(logits, requires_grad=True)
    T = torch.tensor(1.6, dtype=torch.float64, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(z / T, torch.tensor(labels))
    (3 * theirs).backward()
    ours, cache = F.temperature_scaling_forward(logits, 1.6, labels)
    dz, dT = F.temperature_scaling_backward(3.0, cache)
    assert ours == pytest.approx(theirs.item(), rel=1e-12)
    assert dT == pytest.approx(T.grad.item(), rel=1e-12)
    np.testing.assert_allclose(dz, z.grad.numpy(), rtol=1e-10, atol=1e-18)
