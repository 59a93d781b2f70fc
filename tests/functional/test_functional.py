"""The functions against plain restatements of their definitions."""

import math

import numpy as np
import pytest

from albert_np import functional as F
from albert_np.functional.embedding import add_rows
from albert_np.functional.sums import column_sum, row_mean, row_sum


def test_linear(rng):
    x, W, b = rng.standard_normal((2, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
    y, _ = F.linear_forward(x, W, b)
    for n in range(2):
        for o in range(4):
            assert y[n, o] == pytest.approx(sum(x[n, i] * W[i, o] for i in range(3)) + b[o])


def test_erf_is_good_to_1e_15():
    x = np.r_[np.linspace(-7, 7, 20001), np.linspace(-0.5, 0.5, 2001)]
    exact = np.array([math.erf(value) for value in x])
    assert np.abs(F.erf(x) - exact).max() <= 1e-15
    nonzero = exact != 0
    assert np.abs(F.erf(x) / np.where(nonzero, exact, 1) - 1)[nonzero].max() <= 1e-15
    assert F.erf(np.array([0, np.inf, -np.inf])).tolist() == [0, 1, -1]
    assert np.isnan(F.erf(np.array(np.nan)))


def test_gelu_is_x_times_the_normal_distribution():
    x = np.linspace(-4, 4, 101)
    y, _ = F.gelu_forward(x)
    expected = [value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x]
    np.testing.assert_allclose(y, expected, atol=1e-15)


def test_gelu_new_is_near_gelu_but_not_the_same():
    x = np.linspace(-6, 6, 1001)
    difference = np.abs(F.gelu_new_forward(x)[0] - F.gelu_forward(x)[0]).max()
    assert 1e-4 < difference < 5e-4


def test_gelu_new_by_definition():
    x = np.linspace(-6, 6, 101)
    expected = [0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v ** 3)))
                for v in x]
    np.testing.assert_allclose(F.gelu_new_forward(x)[0], expected, rtol=1e-12, atol=1e-15)


def test_relu_and_tanh_by_definition():
    x = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    assert F.relu_forward(x)[0].tolist() == [0.0, 0.0, 0.0, 0.5, 2.0]
    np.testing.assert_allclose(F.tanh_forward(x)[0], [math.tanh(value) for value in x])


def test_slope_of_relu_at_0_is_0():
    _, cache = F.relu_forward(np.array([-1.0, 0.0, 0.5]))
    assert F.relu_backward(np.full(3, 10.0), cache).tolist() == [0, 0, 10]


@pytest.mark.parametrize("dtype, bound", [(np.float32, 1e-5), (np.float64, 1e-13),
                                          (np.longdouble, 1e-13), (np.complex128, 1e-13)])
@pytest.mark.parametrize("shape", [(7,), (5, 1), (3, 64), (2, 5, 768), (2, 3, 4, 33)])
def test_sums_are_the_plain_ones(rng, dtype, bound, shape):
    x, y = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    if dtype is np.complex128:
        x = x + 1j * y
    others = tuple(range(len(shape) - 1))
    for factors, product in (((x,), x), ((x, y), x * y)):
        for sums, plain in ((row_sum(*factors), product.sum(axis=-1, keepdims=True)),
                            (row_mean(*factors), product.mean(axis=-1, keepdims=True)),
                            (column_sum(*factors), product.sum(axis=others))):
            assert sums.shape == plain.shape and sums.dtype == dtype
            np.testing.assert_allclose(sums, plain, rtol=0, atol=bound * np.abs(product).sum()**0.5)


def test_layer_norm_normalises_rows(rng):
    x = 3 * rng.standard_normal((2, 5, 12)) + 7
    y, _ = F.layer_norm_forward(x, np.ones(12), np.zeros(12))
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-13)
    np.testing.assert_allclose(y.var(axis=-1), 1)             # the biased variance, 1/H


def test_layer_norm_has_the_epsilon_of_albert():
    """If none is given. Only a row whose variance is as small can tell."""
    x = np.array([[1e-6, -1e-6]])
    y, _ = F.layer_norm_forward(x, np.ones(2), np.zeros(2))
    np.testing.assert_allclose(y, [[0.5**0.5, -0.5**0.5]])


def test_layer_norm_of_equal_numbers_is_beta():
    y, _ = F.layer_norm_forward(np.full((2, 4), 3.0), np.ones(4), np.arange(4.0))
    np.testing.assert_array_equal(y, [np.arange(4.0)] * 2)


def test_softmax_does_not_overflow():
    p, _ = F.softmax_forward(np.array([[1000.0, 1000.0, -1000.0]]))
    np.testing.assert_allclose(p, [[0.5, 0.5, 0]])


def test_every_row_has_a_largest_score_of_its_own():
    """Rows far apart: shifting one by the largest score of another would leave only zeros."""
    x = np.array([[[1000.0, 1000.0, -1000.0], [-1000.0, -1000.0, -3000.0]]])
    expected = [[[0.5, 0.5, 0], [0.5, 0.5, 0]]]
    np.testing.assert_allclose(F.softmax_forward(x)[0], expected)
    x[..., 2] = 5000
    keep = np.array([True, True, False])
    np.testing.assert_allclose(F.masked_softmax_forward(x, keep)[0], expected)


def test_masked_softmax_is_softmax_over_what_is_kept(rng):
    x, keep = rng.standard_normal((4, 6)), rng.random((4, 6)) < 0.5
    keep[0], keep[1] = True, False
    x[2, ~keep[2]] = 1e6                                       # a masked score may be anything
    p, _ = F.masked_softmax_forward(x, keep)
    assert (p[~keep] == 0).all() and (p[1] == 0).all()
    for row in (0, 2, 3):
        kept = x[row, keep[row]]
        expected = np.exp(kept - kept.max())
        np.testing.assert_allclose(p[row, keep[row]], expected / expected.sum())


def test_embedding_adds_up_duplicates(rng):
    ids = rng.integers(0, 7, (5, 9))
    _, cache = F.embedding_forward(np.zeros((7, 3)), ids)
    dy = rng.standard_normal((5, 9, 3))
    expected = np.zeros((7, 3))
    np.add.at(expected, ids, dy)                               # the plain form of add_rows
    np.testing.assert_allclose(F.embedding_backward(dy, cache), expected, atol=1e-13)


def test_rows_of_one_id_are_added_in_their_order(rng):
    """So the rounding, and with it a run, does not depend on how a sort treats equal ids."""
    ids, rows = rng.integers(0, 3, 100), rng.standard_normal((100, 5)).astype(np.float32)
    table = np.zeros((3, 5), np.float32)
    add_rows(table, ids, rows)
    for id in range(3):
        np.testing.assert_array_equal(table[id], np.add.reduceat(rows[ids == id], [0])[0])


def test_rows_are_added_to_what_the_table_holds(rng):
    """The head's gradient of the word table is there before that of the look-up is added."""
    table, ids, rows = rng.standard_normal((4, 2)), np.array([2, 0, 2]), rng.standard_normal((3, 2))
    expected = table.copy()
    np.add.at(expected, ids, rows)
    add_rows(table, ids, rows)
    np.testing.assert_allclose(table, expected, rtol=1e-14)


def test_add_rows_of_nothing_changes_nothing():
    table = np.ones((3, 2))
    add_rows(table, np.zeros(0, int), np.zeros((0, 2)))
    assert (table == 1).all()


def test_erf_of_integers():
    np.testing.assert_allclose(F.erf(np.array([0, 1, 2])), [0, math.erf(1), math.erf(2)])


def test_erf_where_the_two_quotients_meet():
    """At 0.46875 itself the quotient for small x serves, the more exact of the two in float32."""
    error = float(F.erf(np.float32(0.46875))) - math.erf(0.46875)
    assert abs(error) < np.finfo(np.float32).eps / 2


def test_erf_is_the_constant_1_beyond_6():
    """Its slope, by the complex step, is right up to 6 itself and 0 beyond."""
    slope = F.erf(np.array([6 + 1e-20j, 6.5 + 1e-20j])).imag / 1e-20
    assert slope[0] == pytest.approx(2 / math.sqrt(math.pi) * math.exp(-36), rel=1e-9, abs=0)
    assert slope[1] == 0


def test_what_is_no_index_is_refused():
    with pytest.raises(ValueError, match="^ids have dtype bool; they must be integers$"):
        F.embedding_forward(np.zeros((7, 3)), np.array([True, False]))
    with pytest.raises(ValueError, match="^labels have dtype float64; they must be integers$"):
        F.cross_entropy_forward(np.zeros((2, 3)), np.array([0.0, 1.0]))
    for p in (1, 1.5, -0.1, math.nan):
        for generator in (np.random.default_rng(0), None):
            with pytest.raises(ValueError, match=f"^p is {p}; a dropout probability lies in .0, "):
                F.dropout_forward(np.ones(3), p, generator)


@pytest.mark.parametrize("shape", [(1,), (3,), (2, 2), (2, 1), (1, 2)])
def test_shapes_that_differ_are_refused(shape):
    """Whichever of the two is the larger, and with both of them named."""
    with pytest.raises(ValueError) as refusal:
        F.cross_entropy_forward(np.zeros((2, 3)), np.array([0, 1]), weights=np.ones(shape))
    assert str(refusal.value) == f"weights have shape {shape}, but labels have shape (2,)"
    with pytest.raises(ValueError) as refusal:
        F.mean_squared_error_forward(np.zeros(2), np.zeros(shape))
    assert str(refusal.value) == f"targets have shape {shape}, but predictions have shape (2,)"
    with pytest.raises(ValueError) as refusal:
        F.binary_cross_entropy_forward(np.zeros(2), np.zeros(shape))
    assert str(refusal.value) == f"targets have shape {shape}, but logits have shape (2,)"


@pytest.mark.parametrize("loss", [F.mean_squared_error_forward, F.binary_cross_entropy_forward])
@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_a_mean_of_nothing_is_refused(loss, shape):
    with pytest.raises(ValueError, match="a mean needs at least one number"):
        loss(np.zeros(shape), np.zeros(shape))


@pytest.mark.parametrize("ids, range_of_ids", [([3, -1], "-1 to 3"), ([0, 8], "0 to 8"),
                                               ([9, 2], "2 to 9")])
def test_embedding_refuses_ids_outside_the_table(ids, range_of_ids):
    with pytest.raises(ValueError) as refusal:
        F.embedding_forward(np.zeros((8, 3)), np.array(ids))
    assert str(refusal.value) == (f"ids range from {range_of_ids}, "
                                  "but the embedding table has rows 0 to 7")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int8, np.int32])
def test_ids_of_any_integers(rng, dtype):
    table, ids, dy = rng.standard_normal((8, 3)), np.array([7, 0, 7], dtype), np.ones((3, 3))
    y, cache = F.embedding_forward(table, ids)
    assert (y == table[[7, 0, 7]]).all()
    assert F.embedding_backward(dy, cache)[:, 0].tolist() == [1, 0, 0, 0, 0, 0, 0, 2]
    assert F.flip_estimates(table, ids, dy).shape == (3, 8)
    labels = np.array([2, 0, 2], dtype)
    assert F.cross_entropy_forward(table[:3], labels)[0] == pytest.approx(
        F.cross_entropy_forward(table[:3], labels.astype(int))[0])


def test_embedding_of_no_ids():
    y, cache = F.embedding_forward(np.ones((8, 3)), np.zeros((2, 0), int))
    assert y.shape == (2, 0, 3)
    assert F.embedding_backward(y, cache).tolist() == np.zeros((8, 3)).tolist()
    assert F.flip_estimates(np.ones((8, 3)), np.zeros((2, 0), int), y).shape == (2, 0, 8)


def test_dropout_keeps_the_mean_and_the_share():
    x = np.ones(200_000)
    y, mask = F.dropout_forward(x, 0.3, np.random.default_rng(0))
    assert set(np.unique(y)) == {0, 1 / (1 - 0.3)}
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.005)
    assert y.mean() == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(F.dropout_backward(2 * x, mask), 2 * y)


def test_dropout_is_off_without_rng():
    x = np.ones(5)
    assert F.dropout_forward(x, 0.9, None)[0] is x
    assert F.dropout_backward(x, None) is x


@pytest.mark.parametrize("p", [0, 0.0])
def test_dropout_is_off_at_probability_0(rng, p):
    x, state = np.ones(5), rng.bit_generator.state
    y, mask = F.dropout_forward(x, p, rng)
    assert y is x and mask is None and rng.bit_generator.state == state


def test_dropout_drops_with_probability_p_exactly():
    """A number drawn from [0, 1) is below p with probability p; one that equals p is kept."""
    class Draws:
        def random(self, shape, dtype):
            return np.array([0.25, 0.5, 0.75], dtype).reshape(shape)

    assert F.dropout_forward(np.ones(3), 0.5, Draws())[0].tolist() == [0, 2, 2]


def cross_entropy(x, labels, weights, ignore=-100):
    """The definition, row by row."""
    total = weight = 0
    for row, label, w in zip(x, labels, weights):
        if label != ignore:
            total -= w * math.log(math.exp(row[label]) / sum(math.exp(v) for v in row))
            weight += w
    return total / weight


def test_cross_entropy(rng):
    x, labels = rng.standard_normal((6, 4)), np.array([3, -100, 0, 1, -100, 1])
    weights = rng.random(6)
    assert F.cross_entropy_forward(x, labels)[0] == pytest.approx(
        cross_entropy(x, labels, np.ones(6)))
    assert F.cross_entropy_forward(x, labels, weights=weights)[0] == pytest.approx(
        cross_entropy(x, labels, weights))
    ignored = np.where(labels == -100, 2, labels)
    assert F.cross_entropy_forward(x, ignored, ignore_index=1)[0] == pytest.approx(
        cross_entropy(x, ignored, np.ones(6), ignore=1))


@pytest.mark.parametrize("ignored", [-1, 2, 4, 255])
def test_the_ignored_label_may_be_any_integer(rng, ignored):
    """One of the classes or none of them; -100 is then no label."""
    x, labels = rng.standard_normal((4, 4)), np.array([3, ignored, 0, 1])
    kept = [0, 2, 3]
    loss, cache = F.cross_entropy_forward(x, labels, ignore_index=ignored)
    expected, kept_cache = F.cross_entropy_forward(x[kept], labels[kept])
    dx = F.cross_entropy_backward(2.0, cache)
    assert loss == pytest.approx(expected) and not dx[1].any()
    np.testing.assert_allclose(dx[kept], F.cross_entropy_backward(2.0, kept_cache))
    with pytest.raises(ValueError, match="^labels range from -100 to 1, but there are 4 classes"):
        F.cross_entropy_forward(x, np.array([-100, ignored, 0, 1]), ignore_index=ignored)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_with_the_weight_0_may_hold_anything(rng, value):
    """It is as if it were not there, for the cross-entropy and for distillation."""
    x, labels, weights = rng.standard_normal((3, 4)), np.array([1, 2, 0]), np.array([0.5, 0, 2])
    x[1] = value
    kept = [0, 2]
    assert F.cross_entropy_forward(x, labels, weights=weights)[0] == pytest.approx(
        F.cross_entropy_forward(x[kept], labels[kept], weights=weights[kept])[0])
    assert F.distillation_forward(x, -x, labels, weights=weights)[0] == pytest.approx(
        F.distillation_forward(x[kept], -x[kept], labels[kept], weights=weights[kept])[0])


def test_cross_entropy_of_several_axes_is_that_of_their_rows(rng):
    x, labels = rng.standard_normal((2, 3, 4)), rng.integers(1, 4, (2, 3))
    weights = rng.random((2, 3))
    loss, cache = F.cross_entropy_forward(x, labels, weights=weights)
    assert loss == pytest.approx(cross_entropy(x.reshape(6, 4), labels.ravel(), weights.ravel()))
    rows_cache = F.cross_entropy_forward(x.reshape(6, 4), labels.ravel(),
                                         weights=weights.ravel())[1]
    dx, dx_rows = (F.cross_entropy_backward(2.0, c) for c in (cache, rows_cache))
    assert dx.shape == (2, 3, 4) and (dx.reshape(6, 4) == dx_rows).all()


def test_cross_entropy_divides_by_the_sum_of_the_weights_whatever_its_sign(rng):
    x, labels, weights = rng.standard_normal((3, 4)), np.array([3, 0, 1]), np.array([1.0, 2.0, 4.0])
    positive, negative = (F.cross_entropy_forward(x, labels, weights=w)[0]
                          for w in (weights, -weights))
    assert negative == pytest.approx(positive)
    mixed = np.array([1.0, -2.0, 4.0])
    assert F.cross_entropy_forward(x, labels, weights=mixed)[0] == pytest.approx(
        cross_entropy(x, labels, mixed))


def test_cross_entropy_of_one_class_or_of_no_rows_is_0():
    loss, cache = F.cross_entropy_forward(np.ones((2, 1)), np.array([0, -100]))
    assert loss == 0 and F.cross_entropy_backward(1.0, cache).tolist() == [[0], [0]]
    loss, cache = F.cross_entropy_forward(np.ones((0, 4)), np.zeros(0, int))
    assert loss == 0 and F.cross_entropy_backward(1.0, cache).shape == (0, 4)


def test_cross_entropy_of_nothing_is_0(rng):
    loss, cache = F.cross_entropy_forward(rng.standard_normal((2, 3)), np.array([-100, -100]))
    assert loss == 0 and (F.cross_entropy_backward(1.0, cache) == 0).all()


def test_cross_entropy_of_huge_logits_is_finite():
    loss, _ = F.cross_entropy_forward(np.array([[1e4, 0.0]]), np.array([1]))
    assert loss == 1e4


@pytest.mark.parametrize("shape, labels, message", [
    ((2, 4), [0, 4], "labels range from 0 to 4, but there are 4 classes, 0 to 3"),
    ((2, 4), [7, 1], "labels range from 1 to 7, but there are 4 classes, 0 to 3"),
    ((2, 4), [0, -1], "labels range from -1 to 0, but there are 4 classes, 0 to 3"),
    ((2, 3), [0], "labels have shape (1,), but logits of shape (2, 3) need labels of shape (2,)"),
    ((2, 3), [0, 1, 2],
     "labels have shape (3,), but logits of shape (2, 3) need labels of shape (2,)"),
    ((2, 3, 4), [0, 1],
     "labels have shape (2,), but logits of shape (2, 3, 4) need labels of shape (2, 3)"),
    ((2, 3), [[0, 1], [0, 1]],
     "labels have shape (2, 2), but logits of shape (2, 3) need labels of shape (2,)")])
def test_cross_entropy_refuses_bad_labels(shape, labels, message):
    with pytest.raises(ValueError) as refusal:
        F.cross_entropy_forward(np.zeros(shape), np.array(labels))
    assert str(refusal.value) == message


def test_mean_squared_error(rng):
    x, t = rng.standard_normal(5), rng.standard_normal(5)
    assert F.mean_squared_error_forward(x, t)[0] == pytest.approx(
        sum((a - b) ** 2 for a, b in zip(x, t)) / 5)
    with pytest.raises(ValueError, match="targets have shape"):
        F.mean_squared_error_forward(x[:, None], t)            # would broadcast to (5, 5)


def test_binary_cross_entropy(rng):
    x, t = rng.standard_normal((3, 2)), rng.random((3, 2))
    sigmoid = 1 / (1 + np.exp(-x))
    expected = -(t * np.log(sigmoid) + (1 - t) * np.log(1 - sigmoid)).mean()
    assert F.binary_cross_entropy_forward(x, t)[0] == pytest.approx(expected)
    assert F.binary_cross_entropy_forward(np.array([800.0, -800.0]), np.array([0, 1]))[0] == 800
    with pytest.raises(ValueError, match="targets have shape"):
        F.binary_cross_entropy_forward(x, t[:1])


def test_binary_cross_entropy_where_its_two_forms_meet():
    """log(1 + e^x) has one form above 0 and one up to 0. At 0 every line must choose the same one:
    a mixture would have the right value and the wrong slope. The complex step sees the slope of
    the loss, sigma(x) - t, and that of its gradient, sigma (1 - sigma)."""
    for x in (-0.5, 0.0, 0.5):
        sigmoid = 1 / (1 + math.exp(-x))
        loss, cache = F.binary_cross_entropy_forward(np.array([x + 1e-20j]), np.array([0.25]))
        assert loss.imag / 1e-20 == pytest.approx(sigmoid - 0.25)
        dx = F.binary_cross_entropy_backward(1.0, cache)
        assert dx.real == pytest.approx(sigmoid - 0.25)
        assert dx.imag / 1e-20 == pytest.approx(sigmoid * (1 - sigmoid))


FUNCTIONS = {
    "linear": (F.linear_forward, F.linear_backward, [(2, 3), (3, 4), (4,)]),
    "layer_norm": (F.layer_norm_forward, F.layer_norm_backward, [(2, 3), (3,), (3,)]),
    "gelu": (F.gelu_forward, F.gelu_backward, [(2, 3)]),
    "gelu_new": (F.gelu_new_forward, F.gelu_new_backward, [(2, 3)]),
    "relu": (F.relu_forward, F.relu_backward, [(2, 3)]),
    "tanh": (F.tanh_forward, F.tanh_backward, [(2, 3)]),
    "softmax": (F.softmax_forward, F.softmax_backward, [(2, 3)]),
    "masked_softmax": (lambda x: F.masked_softmax_forward(x, np.array([True, False, True])),
                       F.masked_softmax_backward, [(2, 3)]),
    "dropout": (lambda x: F.dropout_forward(x, 0.5, np.random.default_rng(0)),
                F.dropout_backward, [(2, 3)]),
    "embedding": (lambda x: F.embedding_forward(x, np.array([1, 1])), F.embedding_backward,
                  [(2, 3)]),
    "rows_at": (lambda x: F.rows_at_forward(x, np.array([[2, 0], [1, 2]])), F.rows_at_backward,
                [(2, 3, 4)]),
    "fake_quantize": (lambda x: F.fake_quantize_forward(x, F.quantization_scale(x)),
                      F.fake_quantize_backward, [(2, 3)]),
    "cross_entropy": (lambda x: F.cross_entropy_forward(x, np.array([0, 2])),
                      F.cross_entropy_backward, [(2, 3)]),
    "distillation": (
        lambda x: F.distillation_forward(x, np.arange(6.0).reshape(2, 3), np.array([0, 2])),
        F.distillation_backward, [(2, 3)]),
    "mean_squared_error": (lambda x: F.mean_squared_error_forward(x, np.ones((2, 3))),
                           F.mean_squared_error_backward, [(2, 3)]),
    "binary_cross_entropy": (lambda x: F.binary_cross_entropy_forward(x, np.ones((2, 3))),
                             F.binary_cross_entropy_backward, [(2, 3)]),
    "temperature_scaling": (
        lambda x, temperature: F.temperature_scaling_forward(x, abs(temperature), np.array([0, 2])),
        F.temperature_scaling_backward, [(2, 3), ()]),
    "consistency": (F.consistency_forward, F.consistency_backward, [(2, 3), (2, 3)]),
}
HALF, WEIGHTS = np.float64(0.5), np.array([0.5, 2.0])     # of float64, whatever the logits are
WITH_OPTIONS = {
    "layer_norm": (lambda x, gamma, beta: F.layer_norm_forward(x, gamma, beta, HALF),
                   F.layer_norm_backward, [(2, 3), (3,), (3,)]),
    "dropout": (lambda x: F.dropout_forward(x, HALF, np.random.default_rng(0)),
                F.dropout_backward, [(2, 3)]),
    "cross_entropy": (
        lambda x: F.cross_entropy_forward(x, np.array([0, 2]), weights=WEIGHTS),
        F.cross_entropy_backward, [(2, 3)]),
    "distillation": (
        lambda x: F.distillation_forward(x, np.arange(6.0).reshape(2, 3), np.array([0, 2]),
                                         4 * HALF, HALF, weights=WEIGHTS),
        F.distillation_backward, [(2, 3)]),
    "temperature_scaling": (lambda x: F.temperature_scaling_forward(x, HALF, np.array([0, 2])),
                            F.temperature_scaling_backward, [(2, 3)]),
}


@pytest.mark.parametrize("name, options", [*((name, False) for name in FUNCTIONS),
                                           *((name, True) for name in WITH_OPTIONS)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(rng, name, options, dtype):
    """A scalar or an option that promotes would turn float32 into float64, at half the speed."""
    forward, backward, shapes = (WITH_OPTIONS if options else FUNCTIONS)[name]
    y, cache = forward(*(rng.standard_normal(shape).astype(dtype) for shape in shapes))
    assert y.dtype == dtype
    gradients = backward(np.ones_like(y), cache)
    for gradient in gradients if isinstance(gradients, tuple) else (gradients,):
        assert gradient.dtype == dtype


def test_upstream_gradient_is_not_changed(rng):
    """Nor are the inputs and the cache: a second backward pass gives the same bits."""
    for name, (forward, backward, shapes) in {**FUNCTIONS, **WITH_OPTIONS}.items():
        inputs = [rng.standard_normal(shape) for shape in shapes]
        given = [np.copy(x) for x in inputs]
        y, cache = forward(*inputs)
        dy = np.asarray(rng.standard_normal(np.shape(y)))
        before = dy.copy()
        first, second = (np.concatenate([np.ravel(d) for d in flat]) for flat in (
            gradients if isinstance(gradients, tuple) else (gradients,)
            for gradients in (backward(dy, cache), backward(dy, cache))))
        assert (dy == before).all() and first.tobytes() == second.tobytes(), name
        assert all((x == old).all() for x, old in zip(inputs, given)), name
