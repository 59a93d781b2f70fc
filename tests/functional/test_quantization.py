"""Eight-bit numbers: bounds, exactness, and a gradient that says what it is the gradient of."""

import numpy as np
import pytest

from albert_np import functional as F
from albert_np.functional.quantization import MOST_PRODUCTS, largest_integer


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axis", [0, -1, None])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_no_number_moves_by_more_than_half_a_scale(rng, dtype, axis, bits):
    w = (rng.standard_normal((7, 5)) * 10.0**rng.integers(-3, 4, (1, 5))).astype(dtype)
    scale = F.quantization_scale(w, axis, bits)
    q = F.quantize(w, scale, bits)
    back = F.dequantize(q, scale)
    Q = largest_integer(bits)
    assert scale.dtype == back.dtype == dtype and q.dtype == np.int8
    assert scale.ndim == w.ndim and scale.size == {0: 5, -1: 7, None: 1}[axis]
    assert np.abs(q).max() == Q and np.abs(q).max(axis=axis).min() == Q
    slack = 1 + 8 * np.finfo(dtype).eps * Q
    assert (np.abs(back - w) <= scale / 2 * slack).all()
    if axis == 0:                                            # the bound is not idle
        assert (np.abs(back - w) / scale).max() > 0.3
    signs = np.sign(back) * np.sign(w)
    assert (signs >= 0).all() and (F.quantize(-w, scale, bits) == -q).all()


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_bits_of_any_whole_number(kind):
    """Of a narrow dtype too, in which 2 to the power of 7 has no place."""
    assert [largest_integer(kind(bits)) for bits in (2, 8)] == [1, 127]
    assert type(largest_integer(kind(8))) is int


def test_the_largest_weight_of_a_column_comes_back(rng):
    w = rng.standard_normal((50, 40)).astype(np.float32)
    back = F.dequantize(F.quantize(w, F.quantization_scale(w)), F.quantization_scale(w))
    rows, columns = np.abs(w).argmax(axis=0), np.arange(40)
    np.testing.assert_allclose(back[rows, columns], w[rows, columns], rtol=1e-6)


def test_columns_keep_their_own_precision(rng):
    """One scale for all would make a small column 0."""
    w = rng.standard_normal((20, 2)) * [1000.0, 0.01]
    own = F.dequantize(F.quantize(w, F.quantization_scale(w)), F.quantization_scale(w))
    one_scale = F.quantization_scale(w, axis=None)
    one = F.dequantize(F.quantize(w, one_scale), one_scale)
    assert not one[:, 1].any() and np.abs(own - w)[:, 1].max() < 1e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_and_nothing(dtype):
    w = np.zeros((3, 2), dtype)
    scale = F.quantization_scale(w)
    assert scale.tolist() == [[1, 1]] and scale.dtype == dtype
    assert not F.quantize(w, scale).any()
    assert F.quantization_scale(np.zeros((0, 2), dtype)).tolist() == [[1, 1]]
    tiny = np.full((1, 1), np.finfo(dtype).smallest_subnormal)          # its scale rounds to 0
    assert F.quantize(tiny, F.quantization_scale(tiny)).tolist() == [[0]]


def test_ties_go_to_the_even_integer_and_the_rest_is_cut_off():
    q = F.quantize(np.array([0.5, 1.5, 2.5, 126.6, 127.6, 1e9, -1e9]), np.array([1.0]))
    assert q.tolist() == [0, 2, 2, 127, 127, 127, -127]


@pytest.mark.parametrize("call, sentence", [
    (lambda: F.quantization_scale(np.array([np.nan])), "an entry is NaN or infinite"),
    (lambda: F.quantize(np.array([1, np.inf]), np.ones(1)), "an entry is NaN or infinite"),
    *[(lambda scale=scale: F.quantize(np.ones(2), np.array([1, scale])), "a scale is not positive")
      for scale in (0, -1.0, np.inf)],
    *[(lambda bits=bits: F.quantization_scale(np.ones(1), bits=bits), f"bits is {bits!r}; it must")
      for bits in (1, 9, 8.0, True)],
    (lambda: F.fake_quantize_forward(np.ones(1), np.ones(1), bits=1), "bits is 1; it must"),
    *[(lambda of=of: F.int8_matmul(np.ones((2, 3), of[0]), 1, np.ones((3, 2), of[1]), 1),
       f"the matrices are {of[0]} and {of[1]}; both must be int8")
      for of in (("float64", "int8"), ("uint8", "int8"), ("int8", "float64"), ("int8", "uint8"))],
    *[(lambda of=of: F.int8_matmul(np.ones(of[0], np.int8), 1, np.ones(of[1], np.int8), 1),
       "they must be")
      for of in (((2, 3), (2, 3)), ((2, 3), (4, 2)), ((3,), (3, 2)), ((2, 3), (3,)),
                 ((2, 3, 3), (3, 2)), ((2, 3), (3, 2, 2)))],
    (lambda: F.int8_matmul(np.ones((1, MOST_PRODUCTS + 1), np.int8), np.ones((1, 1)),
                           np.ones((MOST_PRODUCTS + 1, 1), np.int8), np.ones((1, 1))),
     "K is 133145; an int32 holds sums of at most 133,144 products")])
def test_what_is_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


# ---- products ------------------------------------------------------------------------------------

def integers(rng, *shape):
    return rng.integers(-127, 128, shape).astype(np.int8)


def test_the_product_is_that_of_the_dequantised_matrices(rng):
    """Exactly, where floats are exact: scales that are powers of 2."""
    x_q, w_q = integers(rng, 6, 300), integers(rng, 300, 5)
    x_scale, w_scale = 2.0**rng.integers(-9, 9, (6, 1)), 2.0**rng.integers(-9, 9, (1, 5))
    exact = F.dequantize(x_q, x_scale) @ F.dequantize(w_q, w_scale)
    assert (F.int8_matmul(x_q, x_scale, w_q, w_scale) == exact).all()


def test_the_product_with_any_scales_is_equal_to_round_off(rng):
    x_q, w_q = integers(rng, 6, 300), integers(rng, 300, 5)
    x_scale, w_scale = rng.random((6, 1)), rng.random((1, 5))
    wanted = F.dequantize(x_q, x_scale) @ F.dequantize(w_q, w_scale)
    np.testing.assert_allclose(F.int8_matmul(x_q, x_scale, w_q, w_scale), wanted, rtol=1e-9,
                               atol=1e-9)


def test_an_int32_holds_the_longest_sum():
    x_q = np.full((1, MOST_PRODUCTS), 127, np.int8)
    y = F.int8_matmul(x_q, np.ones((1, 1)), -x_q.T, np.ones((1, 1)))
    assert y == -127.0 * 127 * MOST_PRODUCTS and abs(y) < 2**31 < 127 * 127 * (MOST_PRODUCTS + 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_linear_map_of_integers(rng, dtype):
    x, W, b = (rng.standard_normal(shape).astype(dtype) for shape in ((2, 5, 40), (40, 7), 7))
    w_scale = F.quantization_scale(W)
    w_q = F.quantize(W, w_scale)
    y = F.quantized_linear(x, w_q, w_scale, b)
    x_scale = F.quantization_scale(x, axis=-1)
    exact = F.dequantize(F.quantize(x, x_scale), x_scale) @ F.dequantize(w_q, w_scale) + b
    assert y.dtype == dtype and y.shape == (2, 5, 7)
    np.testing.assert_allclose(y, exact, rtol=1e-4 if dtype == np.float32 else 1e-12, atol=1e-4
                               if dtype == np.float32 else 1e-12)
    right = F.linear_forward(x, W, b)[0]
    assert 0 < np.abs(y - right).max() < 0.05 * np.abs(right).max()


@pytest.mark.parametrize("shape", [(0, 4), (2, 0, 4)])
def test_a_linear_map_of_no_rows(shape):
    w_q, w_scale = np.ones((4, 3), np.int8), np.ones((1, 3))
    assert F.quantized_linear(np.ones(shape), w_q, w_scale, np.ones(3)).shape == (*shape[:-1], 3)


# ---- fake quantisation ---------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bits", [2, 3, 8])
def test_fake_quantisation_is_what_is_stored(rng, dtype, bits):
    """Also with a scale that is too small, and at the ends of the range."""
    x = np.concatenate([3 * rng.standard_normal((6, 5)), np.full((1, 5), -9.0)]).astype(dtype)
    for scale in (F.quantization_scale(x, 0, bits), dtype([[0.01]]),
                  np.abs(x[:1]) / dtype(largest_integer(bits) + 0.5)):
        y, _ = F.fake_quantize_forward(x, scale, bits)
        assert (y == F.dequantize(F.quantize(x, scale, bits), scale)).all() and y.dtype == dtype


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_rounding_moves_by_at_most_half_a_scale_everywhere(rng, bits):
    """Inside and outside of the range: this is what the straight-through gradient relies on."""
    x, scale = np.linspace(-300, 300, 9001)[:, None], np.array([[1.0, 0.4, 3.0]])
    y, inside = F.fake_quantize_forward(x, scale, bits)
    smooth, again = F.fake_quantize_forward(x, scale, bits, rounded=False)
    assert (np.abs(y - smooth) <= scale / 2 + 1e-12).all() and (inside == again).all()
    assert inside.any() and not inside.all()


def test_the_true_derivative_is_0_and_the_straight_through_gradient_is_not(rng):
    x, scale, h = rng.standard_normal(50), np.array([0.1]), 1e-9
    difference = (F.fake_quantize_forward(x + h, scale)[0]
                  - F.fake_quantize_forward(x - h, scale)[0])
    assert not difference.any()
    _, cache = F.fake_quantize_forward(x, scale)
    assert (F.fake_quantize_backward(np.ones(50), cache) == 1).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_no_weight_is_cut_off_by_its_own_scale(rng, dtype, bits):
    """max / (max / Q) may be a little more than Q; the largest weight must keep its gradient."""
    x = rng.standard_normal((4, 3000)).astype(dtype)
    _, inside = F.fake_quantize_forward(x, F.quantization_scale(x, 0, bits), bits)
    assert inside.all()


def test_eight_bits_and_the_end_of_their_range():
    """The ratio Q + 1/2 itself is inside: it is rounded to Q, and its gradient is passed on."""
    y, cache = F.fake_quantize_forward(np.array([100.0, 127.5, 127.6]), np.array([1.0]))
    assert y.tolist() == [100, 127, 127]
    assert F.fake_quantize_backward(np.ones(3), cache).tolist() == [1, 1, 0]


def test_dtypes_stay(rng):
    for dtype in (np.float32, np.float64):
        x, dy = rng.standard_normal((2, 4, 3)).astype(dtype)
        y, cache = F.fake_quantize_forward(x, F.quantization_scale(x))
        assert y.dtype == F.fake_quantize_backward(dy, cache).dtype == dtype
