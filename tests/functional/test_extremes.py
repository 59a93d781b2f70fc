"""Numbers from the smallest to infinity: right to the digits of the dtype, or not finite.

The references compute in long double, whose range is far wider. No warning may escape: pytest
turns each into an error.
"""

import math

import numpy as np
import pytest

from albert_np import functional as F
from albert_np.functional.sums import column_sum, row_mean, row_sum

DTYPES = [np.float32, np.float64]
SIZES = ["0", "smallest", "smallest normal", "1e-30", "1", "1e4", "1e15", "1e20", "half of the "
         "largest"]
LONG = np.longdouble


def number(size, dtype):
    """The number of this name."""
    limits = np.finfo(dtype)
    return dtype({"smallest": limits.smallest_subnormal, "smallest normal": limits.tiny,
                  "half of the largest": limits.max / 2}.get(size) or float(size))


def assert_right(found, exact, dtype, scale=0.0, units=8):
    """Within some units of the last digit of the exact value, or of ``scale`` if that is larger.

    What the dtype cannot hold must be infinite.
    """
    found, exact = np.asarray(found), np.asarray(exact, LONG)
    limits = np.finfo(dtype)
    assert found.dtype == dtype and found.shape == exact.shape
    too_large = np.abs(exact) > LONG(limits.max)
    exact = np.where(too_large, np.copysign(np.inf, exact), exact)
    special = ~np.isfinite(exact)
    np.testing.assert_array_equal(found[special], exact[special])
    bound = (units * LONG(limits.eps) * np.maximum(np.abs(exact), scale)
             + units * LONG(limits.smallest_subnormal))
    error = np.abs(found[~special].astype(LONG) - exact[~special])
    assert (error <= bound[~special]).all(), (found, exact)


# ---- one number at a time ------------------------------------------------------------------------

def gelu(x):
    """y and its slope."""
    Phi = LONG(0.5 * math.erfc(-float(x) / math.sqrt(2)))
    return x * Phi, Phi + x * np.exp(-x * x / 2) / np.sqrt(2 * LONG(math.pi))


def gelu_new(x):
    """y and its slope."""
    root, cubic = np.sqrt(2 / LONG(math.pi)), LONG(0.044715)
    u = root * (x + cubic * x**3)
    s = 1 / (1 + np.exp(np.clip(-2 * u, -11_000, 11_000)))
    return x * s, s + 2 * x * s * (1 - s) * root * (1 + 3 * cubic * x * x)


ELEMENTWISE = {
    "gelu": (F.gelu_forward, F.gelu_backward, gelu),
    "gelu_new": (F.gelu_new_forward, F.gelu_new_backward, gelu_new),
    "relu": (F.relu_forward, F.relu_backward, lambda x: (max(x, LONG(0)), LONG(x > 0))),
    "tanh": (F.tanh_forward, F.tanh_backward,
             lambda x: (np.tanh(x), 1 - np.tanh(x)**2)),
}
LIMITS = {"gelu": (np.inf, 0.0), "gelu_new": (np.inf, 0.0), "relu": (np.inf, 0.0),
          "tanh": (1.0, -1.0)}
SLOPES = {"gelu": (1.0, 0.0), "gelu_new": (1.0, 0.0), "relu": (1.0, 0.0), "tanh": (0.0, 0.0)}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations(name, dtype, size, sign):
    """Beside an ordinary number, which must not suffer from its neighbour."""
    forward, backward, reference = ELEMENTWISE[name]
    x = np.array([sign * number(size, dtype), 0.5], dtype)
    y, cache = forward(x)
    dx = backward(np.array([3, 3], dtype), cache)
    exact = [reference(LONG(value)) for value in x]
    assert_right(y, [value for value, _ in exact], dtype, np.minimum(np.abs(x.astype(LONG)), 1))
    assert_right(dx, [3 * slope for _, slope in exact], dtype, 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_of_infinity_and_nan(name, dtype):
    forward, backward, reference = ELEMENTWISE[name]
    x = np.array([np.inf, -np.inf, np.nan, 0.5], dtype)
    y, cache = forward(x)
    dx = backward(np.ones(4, dtype), cache)
    np.testing.assert_array_equal(y[:3], [*LIMITS[name], np.nan])
    np.testing.assert_array_equal(dx[:3], [*SLOPES[name], np.nan])
    value, slope = reference(LONG(0.5))
    assert_right(y[3:], [value], dtype)
    assert_right(dx[3:], [slope], dtype, 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_erf(dtype):
    x = np.array([sign * number(size, dtype) for size in SIZES for sign in (1, -1)], dtype)
    assert_right(F.erf(x), [math.erf(value) for value in x], dtype)
    np.testing.assert_array_equal(F.erf(np.array([np.inf, -np.inf, np.nan], dtype)),
                                  [1, -1, np.nan])


def test_the_complex_step_sees_the_slope_of_large_numbers():
    """0 or 1, as far out as the clipping reaches."""
    x = np.array([1e-3, 1e110, -1e110, 1e160, -1e160])
    for forward, backward in ((F.gelu_forward, F.gelu_backward),
                              (F.gelu_new_forward, F.gelu_new_backward)):
        slope = forward(x + 1e-30j)[0].imag / 1e-30
        np.testing.assert_allclose(backward(np.ones(5), forward(x)[1]), slope, rtol=1e-14)


# ---- rows ----------------------------------------------------------------------------------------

def rows(size, dtype):
    """Rows with this number in them: apart, alike, alone among others, and nearly alike."""
    v = number(size, dtype)
    near = np.nextafter(v, dtype(0))
    return np.array([[v, -v, v / 2, 0], [v, v, v, v], [1, v, 0.5, 1], [v, near, v, near]], dtype)


def softmax(x):
    """Of rows."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax(dtype, size):
    x = rows(size, dtype)
    dp = np.array([3, -1, 2, 0.5], dtype)
    for keep in (None, np.array([True, True, True, False])):
        p, cache = F.masked_softmax_forward(x, keep)
        dx = F.masked_softmax_backward(np.broadcast_to(dp, x.shape), cache)
        part = slice(None) if keep is None else keep
        exact = np.zeros(x.shape, LONG)
        exact[:, part] = softmax(x.astype(LONG)[:, part])
        assert_right(p, exact, dtype)
        weighted = (exact * dp).sum(axis=-1, keepdims=True)
        assert_right(dx, exact * (dp - weighted), dtype, 3, 16)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scores_whose_difference_overflows(dtype):
    """The smaller one has probability 0; if it is the label's, the loss is infinite."""
    largest = np.finfo(dtype).max
    x = np.array([[largest, -largest]], dtype)
    assert F.softmax_forward(x)[0].tolist() == [[1, 0]]
    assert F.masked_softmax_forward(x, np.ones(2, bool))[0].tolist() == [[1, 0]]
    for label, loss, dx in ((0, 0, [[0, 0]]), (1, np.inf, [[1, -1]])):
        found, cache = F.cross_entropy_forward(x, np.array([label]))
        assert found == loss and F.cross_entropy_backward(dtype(1), cache).tolist() == dx


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_infinity_and_nan(dtype):
    x = np.array([[0, -np.inf, 0], [0, np.inf, 0], [0, np.nan, 0], [-np.inf] * 3], dtype)
    p, _ = F.softmax_forward(x)
    np.testing.assert_array_equal(p, [[0.5, 0, 0.5], *[[np.nan] * 3] * 3])
    p, _ = F.masked_softmax_forward(x, np.ones(3, bool))
    np.testing.assert_array_equal(p, [[0.5, 0, 0.5], *[[np.nan] * 3] * 2, [0] * 3])
    p, _ = F.masked_softmax_forward(x, np.array([True, False, True]))
    np.testing.assert_array_equal(p, [*[[0.5, 0, 0.5]] * 3, [0] * 3])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy(dtype, size):
    x, labels = rows(size, dtype), np.array([2, 3, 0, 1])
    for n in range(4):
        row, label = x[n:n + 1], labels[n:n + 1]
        loss, cache = F.cross_entropy_forward(row, label)
        exact = row.astype(LONG)
        shifted = exact - exact.max()
        assert_right(loss, np.log(np.exp(shifted).sum()) - shifted[0, label[0]], dtype, 1)
        assert_right(F.cross_entropy_backward(dtype(1), cache),
                     softmax(exact) - np.eye(4)[label], dtype, 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_of_infinity_and_nan(dtype):
    for row, loss in (([0, -np.inf, 0], math.log(2)), ([-np.inf, 0, 0], np.inf),
                      ([0, np.inf, 0], np.nan), ([0, np.nan, 0], np.nan)):
        x = np.array([row, [0, 0, 0]], dtype)
        found, cache = F.cross_entropy_forward(x, np.array([0, -100]))
        np.testing.assert_allclose(found, loss, rtol=1e-6)
        assert not np.isnan(F.cross_entropy_backward(dtype(1), cache)[1]).any()
        found, _ = F.cross_entropy_forward(x, np.array([-100, 0]))         # an ignored row
        np.testing.assert_allclose(found, math.log(3), rtol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_distillation(dtype, size, temperature):
    """Of rows with an extreme number, for an ordinary teacher and for one as extreme."""
    x, labels = rows(size, dtype), np.array([2, 3, 0, 1])
    for t in (np.array([[0.5, -1, 2, 0]] * 4, dtype), x[::-1]):
        for n in range(4):
            row, teacher, label = x[n:n + 1], t[n:n + 1], labels[n:n + 1]
            loss, cache = F.distillation_forward(row, teacher, label, temperature, 0.25)
            log_p, log_q, log_label = (
                logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
                for logits in (row.astype(LONG) / temperature, teacher.astype(LONG) / temperature,
                               row.astype(LONG)))
            p, q = np.exp(log_p), np.exp(log_q)
            terms = np.where(q == 0, 0, q * (log_q - log_p))
            exact = -0.75 * log_label[0, label[0]] + 0.25 * temperature**2 * terms.sum()
            assert_right(loss, exact, dtype, np.abs(terms).max() + 4, 16)
            dx = 0.75 * (np.exp(log_label) - np.eye(4)[label]) + 0.25 * temperature * (p - q)
            assert_right(F.distillation_backward(dtype(1), cache), dx, dtype, 2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_too_large_a_loss_of_distillation_is_infinite(dtype):
    """Its gradient is not: p = (0, 1), q = (1, 0), tau = 8."""
    half = np.finfo(dtype).max / 2
    x, t = np.array([[-half, half]], dtype), np.array([[half, -half]], dtype)
    loss, cache = F.distillation_forward(x, t, np.array([1]), 8.0, 1.0)
    assert loss == np.inf and F.distillation_backward(dtype(1), cache).tolist() == [[-8, 8]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_distillation_of_infinity_and_nan(dtype):
    """A class that the teacher rules out costs nothing; one that the student rules out may."""
    zero = [0, 0, 0]
    for row, teacher, loss in (
            (zero, [0, -np.inf, 0], math.log(1.5)), ([0, -np.inf, 0], [0, -np.inf, 0], 0),
            ([0, -np.inf, 0], zero, np.inf), ([0, np.inf, 0], zero, np.nan),
            ([0, np.nan, 0], zero, np.nan), (zero, [0, np.nan, 0], np.nan),
            (zero, [0, np.inf, 0], np.nan)):
        x, t = np.array([row, zero], dtype), np.array([teacher, zero], dtype)
        found, cache = F.distillation_forward(x, t, np.array([0, -100]), 1.0, 1.0)
        np.testing.assert_allclose(found, loss, rtol=1e-6, atol=1e-6)
        assert not np.isnan(F.distillation_backward(dtype(1), cache)[1]).any()
        found, _ = F.distillation_forward(x, t, np.array([-100, 0]), 1.0, 1.0)   # an ignored row
        assert found == 0


@pytest.mark.parametrize("weights", [[1, np.nan], [np.inf, 1], [3e38, 3e38], [1e39, 0]])
def test_cross_entropy_refuses_weights_without_a_finite_sum(weights):
    with pytest.raises(ValueError, match="^the sum of the weights is (inf|nan); it must be a fin"):
        F.cross_entropy_forward(np.zeros((2, 3), np.float32), np.array([0, 1]), weights=weights)


def test_an_infinite_weight_is_refused_even_of_an_ignored_row():
    with pytest.raises(ValueError, match="^the sum of the weights is nan; it must be a finite"):
        F.cross_entropy_forward(np.zeros((2, 3)), np.array([0, -100]), weights=[1, np.inf])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_cross_entropy(dtype, size):
    v = number(size, dtype)
    x, t = np.array([v, -v, v, -v], dtype), np.array([0, 1, 1, 0.25], dtype)
    loss, cache = F.binary_cross_entropy_forward(x, t)
    exact = x.astype(LONG)
    sizes = np.abs(exact)
    losses = np.log1p(np.exp(-sizes)) + sizes * np.where(exact > 0, 1 - t, t)
    assert_right(loss, losses.mean(), dtype)
    sigmoid = np.where(exact > 0, 1, np.exp(-sizes)) / (1 + np.exp(-sizes))
    assert_right(F.binary_cross_entropy_backward(dtype(1), cache), (sigmoid - t) / 4, dtype, 1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_cross_entropy_of_infinity_and_nan(dtype):
    for x, t, loss, dx in ((np.inf, 1, 0, 0), (-np.inf, 0, 0, 0), (np.inf, 0, np.inf, 1),
                           (-np.inf, 1, np.inf, -1), (np.inf, 0.5, np.inf, 0.5),
                           (np.nan, 1, np.nan, np.nan)):
        found, cache = F.binary_cross_entropy_forward(np.array([x], dtype), np.array([t]))
        np.testing.assert_array_equal(found, loss)
        np.testing.assert_array_equal(F.binary_cross_entropy_backward(dtype(1), cache), [dx])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_mean_squared_error(dtype, size):
    v = number(size, dtype)
    x, t = np.array([v, -v], dtype), np.array([0, -v / 2], dtype)
    loss, cache = F.mean_squared_error_forward(x, t)
    exact = x.astype(LONG) - t
    assert_right(loss, np.square(exact).mean(), dtype)
    assert_right(F.mean_squared_error_backward(dtype(1), cache), exact, dtype)


# ---- layer norm ----------------------------------------------------------------------------------

def layer_norm(x, gamma, beta, dy, eps):
    """y, 1/sigma and dx, in long double."""
    centred = x - x[:, :1]
    centred = centred - centred.mean(axis=-1, keepdims=True)
    inv_std = 1 / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + LONG(eps))
    x_hat, dx_hat = centred * inv_std, dy * gamma
    dx = inv_std * (dx_hat - dx_hat.mean(axis=-1, keepdims=True)
                    - x_hat * (dx_hat * x_hat).mean(axis=-1, keepdims=True))
    return gamma * x_hat + beta, inv_std, dx


def compare_layer_norm(x, dtype, eps=1e-12):
    """Both passes, with and without an ordinary row beside them."""
    H = x.shape[-1]
    rng = np.random.default_rng(0)
    gamma, beta, dy = (rng.standard_normal(shape).astype(dtype) for shape in (H, H, x.shape))
    y, cache = F.layer_norm_forward(x, gamma, beta, eps)
    dx, dgamma, dbeta = F.layer_norm_backward(dy, cache)
    exact_y, inv_std, exact_dx = layer_norm(x.astype(LONG), *(a.astype(LONG)
                                                              for a in (gamma, beta, dy)), eps)
    assert_right(y, exact_y, dtype, H**0.5, 16)
    assert_right(dx, exact_dx, dtype, 4 * H**0.5 * inv_std, 16)
    assert np.isfinite(dgamma).all() and np.isfinite(dbeta).all()
    return y, beta


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm(dtype, size):
    compare_layer_norm(rows(size, dtype), dtype)


@pytest.mark.parametrize("H", [3, 64, 768])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_of_a_constant_row_is_beta(dtype, size, H):
    y, beta = compare_layer_norm(np.full((2, H), number(size, dtype) * dtype(0.7)), dtype)
    np.testing.assert_array_equal(y, [beta, beta])


@pytest.mark.parametrize("spread", [1, 1 / 30, 1e3])
@pytest.mark.parametrize("offset", [1, 30, 1e4, 1e7])
@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_of_rows_far_from_0(rng, dtype, offset, spread):
    """The digits that the row itself has are kept, and rows beside it stay as they are."""
    x = rng.standard_normal((5, 64)).astype(dtype)
    one, zero = np.ones(64, dtype), np.zeros(64, dtype)
    alone, _ = F.layer_norm_forward(x[:2], one, zero)
    x[2:] = x[2:] * dtype(spread) + dtype(offset)
    for eps in (1e-12, 0.1 * spread**2):                       # which may count or not
        compare_layer_norm(x, dtype, eps)
    assert F.layer_norm_forward(x, one, zero)[0][:2].tobytes() == alone.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mean", [0, 10, 30])
def test_layer_norm_of_a_mean_of_some_standard_deviations_costs_no_digits(rng, dtype, mean):
    """The deviations from a rounded mean would have lost four bits of them at 30."""
    x, one = (rng.standard_normal((100, 64)) + mean).astype(dtype), np.ones(64, dtype)
    y, _ = F.layer_norm_forward(x, one, 0 * one, 1e-12)
    exact, _, _ = layer_norm(x.astype(LONG), one, 0 * one, x, 1e-12)
    assert np.abs(y - exact).max() < 8 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_of_a_row_whose_mean_is_minus_one_over_its_std(rng, dtype):
    """Mean times 1/std says how far from 0 it is. Their sum would say that it is near."""
    z = rng.standard_normal((1, 64))
    z = (z - z.mean()) / z.std()
    compare_layer_norm((-1024 + z / 1024).astype(dtype), dtype, 1e-12)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_of_infinity_and_nan(rng, dtype, value):
    x = rng.standard_normal((2, 3, 8)).astype(dtype)
    one, zero = np.ones(8, dtype), np.zeros(8, dtype)
    before = F.layer_norm_forward(x, one, zero)[0]
    x[1, 2, 5] = value
    y, cache = F.layer_norm_forward(x, one, zero)
    dx, _, _ = F.layer_norm_backward(np.ones_like(x), cache)
    assert np.isnan(y[1, 2]).all() and np.isnan(dx[1, 2]).all()
    y[1, 2] = before[1, 2]
    assert y.tobytes() == before.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm_with_too_large_a_gamma_is_infinite(dtype):
    x, gamma = np.array([[0, 0, 0, 8]], dtype), np.full(4, np.finfo(dtype).max)
    y, _ = F.layer_norm_forward(x, gamma, np.zeros(4, dtype))
    assert np.isfinite(y[0, :3]).all() and y[0, 3] == np.inf


# ---- sums, products, look-up, dropout ------------------------------------------------------------

@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sums(dtype, size):
    x = np.array([[number(size, dtype), 1], [-number(size, dtype), 0.5]], dtype)
    exact = x.astype(LONG)
    for found, plain in ((row_sum(x), exact.sum(-1, keepdims=True)),
                         (row_mean(x), exact.mean(-1, keepdims=True)),
                         (column_sum(x), exact.sum(0)),
                         (row_sum(x, x), (exact**2).sum(-1, keepdims=True))):
        assert_right(found, plain, dtype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_and_look_up(dtype, size):
    v = number(size, dtype)
    x, W, b = np.array([[v, 1], [2, -v]], dtype), np.array([[0.5], [v]], dtype), np.ones(1, dtype)
    y, cache = F.linear_forward(x, W, b)
    dx, dW, db = F.linear_backward(np.array([[1], [0.5]], dtype), cache)
    exact_x, exact_W = x.astype(LONG), W.astype(LONG)
    assert_right(y, exact_x @ exact_W + 1, dtype, np.abs(exact_x) @ np.abs(exact_W))
    assert_right(dx, np.array([[1], [LONG(0.5)]]) @ exact_W.T, dtype)
    assert_right(dW, exact_x.T @ np.array([[1], [LONG(0.5)]]), dtype,
                 np.abs(exact_x.T) @ np.array([[1], [0.5]]))
    y, cache = F.embedding_forward(x, np.array([1, 1]))
    assert (y == x[[1, 1]]).all()
    assert_right(F.embedding_backward(x, cache), [[0, 0], exact_x.sum(0)], dtype)


@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize("dtype", DTYPES)
def test_products_with_infinity_and_nan(dtype, value):
    W, b = np.ones((2, 1), dtype), np.ones(1, dtype)
    y, _ = F.linear_forward(np.array([[value, -value], [2, 3]], dtype), W, b)
    np.testing.assert_array_equal(y, [[np.nan], [6]])
    x = np.array([[value, 1], [2, 3]], dtype)
    y, cache = F.linear_forward(x, W, b)
    np.testing.assert_array_equal(y, [[value], [6]])
    dx, dW, _ = F.linear_backward(np.ones((2, 1), dtype), cache)
    np.testing.assert_array_equal(dW, [[value], [4]])
    assert (dx == 1).all()
    _, cache = F.embedding_forward(x, np.array([1, 1]))
    np.testing.assert_array_equal(F.embedding_backward(x, cache), [[0, 0], [value, 4]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_whose_sum_is_not_finite(dtype):
    """Too large a sum is infinite, opposite infinities are NaN."""
    largest = np.finfo(dtype).max
    dy = np.array([[largest, np.inf, 1], [largest, -np.inf, 2]], dtype)
    _, cache = F.embedding_forward(np.ones((2, 3), dtype), np.array([1, 1]))
    np.testing.assert_array_equal(F.embedding_backward(dy, cache),
                                  [[0, 0, 0], [np.inf, np.nan, 3]])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_mask_of_a_seed(dtype, p):
    """Float32 draws, whatever the dtype of x, so that both dtypes drop the same."""
    _, mask = F.dropout_forward(np.ones((3, 50), dtype), p, np.random.default_rng(5))
    kept = np.random.default_rng(5).random((3, 50), dtype=np.float32) >= p
    assert ((mask != 0) == kept).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("p", [1e-30, 0.1, 0.99, 1 - 1e-8, 1 - 2**-53])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout(dtype, p, size):
    class Draws:
        """The largest number below p and the largest of all, in the dtype that is wanted."""
        def random(self, shape, dtype):
            return np.array([np.nextafter(dtype(p), dtype(0)) if dtype(p) > 1e-20 else dtype(0),
                             np.nextafter(dtype(1), dtype(0))])

    x = np.full(2, number(size, dtype))
    y, cache = F.dropout_forward(x, p, Draws())
    exact = [0, LONG(x[1]) / (1 - LONG(p))]
    assert_right(y, exact, dtype)
    assert_right(F.dropout_backward(np.ones(2, dtype), cache), [0, 1 / (1 - LONG(p))], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_of_infinity_and_nan_is_never_finite(dtype):
    x = np.array([np.inf, -np.inf, np.nan] * 10, dtype)
    assert not np.isfinite(F.dropout_forward(x, 0.5, np.random.default_rng(0))[0]).any()


@pytest.mark.parametrize("ordinary", [-0.5, -5.0, -20.0, 3.0])
@pytest.mark.parametrize("kind", ["gelu", "gelu_new"])
def test_an_ordinary_number_beside_a_huge_one(kind, ordinary):
    """The huge one has x clipped; y and the slope of the other one stay what they are alone."""
    forward, backward = getattr(F, f"{kind}_forward"), getattr(F, f"{kind}_backward")

    def slope(x):
        y, cache = forward(np.array(x))
        return backward(np.ones(len(x)), cache)

    together = slope([ordinary, 1e200])
    assert together[0] == slope([ordinary])[0] and together[1] == 1
    assert forward(np.array([ordinary, 1e200]))[0][0] == forward(np.array([ordinary]))[0][0]


def test_the_complex_step_far_to_the_left():
    """The exponential of -2u overflows there; as a complex number it would be NaN."""
    x = np.array([-60 + 1e-200j, -30 + 1e-200j, 1 + 0j])       # alone, one number hides it
    before = x.copy()
    y, _ = F.gelu_new_forward(x)
    assert (abs(y[:2]) < 1e-100).all() and (x == before).all()
    assert y[2] == F.gelu_new_forward(x[2:])[0][0]


def test_sums_that_overflow_say_nothing():
    """The warning would come before the training loop's sentence, which says more."""
    large, both = np.full((2, 1), 3e38, np.float32), np.array([[np.inf], [-np.inf]], np.float32)
    assert column_sum(large) == np.inf and np.isnan(column_sum(both))
    for dy, expected in ((large, np.inf), (both, np.nan)):
        _, cache = F.linear_forward(np.ones((2, 1), np.float32), np.ones((1, 1), np.float32),
                                    np.zeros(1, np.float32))
        _, _, db = F.linear_backward(dy, cache)
        np.testing.assert_array_equal(db, [expected])


def test_a_label_below_the_ignored_one_is_no_class():
    with pytest.raises(ValueError, match="labels range from -101 to 1"):
        F.cross_entropy_forward(np.zeros((2, 3)), np.array([-101, 1]))
