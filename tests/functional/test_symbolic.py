"""SymPy differentiates the forward passes, and the difference to the backward passes is exactly 0.

The package's own functions run here on symbols in place of numbers: arrays of SymPy expressions
that answer to ``np.exp`` and its like. What they return is a formula, SymPy differentiates that
of the forward pass, and nothing is left of the result when that of the backward pass has been
subtracted. Where a forward pass subtracts the largest score before it takes exponentials, the
"largest" is a new symbol, of which the derivative must turn out to be independent.
"""

import itertools
from functools import reduce
from types import SimpleNamespace

import numpy as np
import pytest

sympy = pytest.importorskip("sympy")

from albert_np import functional as F
from albert_np.functional import distillation, gelu, layer_norm
from albert_np.layers import (attention_backward, attention_forward, masked_lm_head_backward,
                              masked_lm_head_forward)
from albert_np.parameters.initial_values import wave_positions

EPS = sympy.Symbol("epsilon", positive=True)


# ---- arrays of symbols ---------------------------------------------------------------------------

class Size(int):
    """The length of an axis, of which roots are exact."""

    def __pow__(self, exponent):
        return sympy.Integer(int(self))**sympy.Rational(exponent)

    def __floordiv__(self, other):
        return Size(int(self) // int(other))


class Symbolic(np.ndarray):
    """An array of SymPy expressions."""

    numbers = itertools.count()
    elementwise = {
        np.exp: sympy.exp, np.log: sympy.log, np.sqrt: sympy.sqrt, np.tanh: sympy.tanh,
        np.isinf: lambda value: value in (sympy.oo, -sympy.oo)}

    @property
    def shape(self):
        return tuple(Size(length) for length in np.shape(self.view(np.ndarray)))

    @property
    def real(self):
        return self

    def max(self, axis=None, keepdims=False):
        """A new symbol for each row: which entry is the largest must not matter."""
        rows = np.sum(np.zeros(self.shape), axis=axis, keepdims=keepdims)
        return symbolic([sympy.Symbol(f"largest_{next(self.numbers)}", real=True)
                         for _ in rows.flat], rows.shape)

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        inputs = [plain(inputs[0]), *(plain(value) if method == "__call__" else value
                                      for value in inputs[1:])]
        if ufunc in self.elementwise and method == "__call__":
            function = self.elementwise[ufunc]
            result = np.frompyfunc(lambda value: function(sympy.sympify(value)), 1, 1)(*inputs)
        else:
            result = getattr(ufunc, method)(*inputs, **options)
        if out is not None:
            out[0].view(np.ndarray)[...] = result
            return out[0]
        return np.asarray(result, object).view(Symbolic)

    def __array_function__(self, function, types, arguments, options):
        if function is np.where:
            keep, *values = np.broadcast_arrays(*map(np.asarray, arguments))
            chosen = [value if kept else other
                      for kept, value, other in zip(keep.flat, *(v.flat for v in values))]
            return symbolic(chosen, keep.shape)
        result = super().__array_function__(function, types, arguments, options)
        if function is np.einsum:                       # which forgets the class
            return np.asarray(result, object).view(Symbolic)
        return result


def plain(value):
    """An ordinary array of objects, with 0 and 1 for booleans."""
    if isinstance(value, np.ndarray) and value.dtype == bool:
        value = value.astype(int)
    return np.asarray(value, object) if isinstance(value, np.ndarray) else value


def symbolic(values, shape):
    array = np.empty(shape, object)
    array.reshape(-1)[:] = list(values)
    return array.view(Symbolic)


def symbols(name, *shape):
    """An array of real symbols."""
    return symbolic([sympy.Symbol("_".join([name, *map(str, index)]), real=True)
                     for index in np.ndindex(*shape)], shape)


@pytest.fixture(autouse=True)
def rows_are_ordinary(monkeypatch):
    """Symbols have no size, so no row can be called hard."""
    monkeypatch.setattr(layer_norm, "_hard_rows", lambda *rows: np.array(False))


# ---- exact zero ----------------------------------------------------------------------------------

def derivative(y, dy, x):
    """What SymPy says: the derivative of sum(dy * y) with respect to each entry of x."""
    s = sum(sympy.sympify(weight) * value
            for weight, value in zip(np.ravel(plain(dy)), np.ravel(plain(y))))
    return symbolic([sympy.diff(s, entry) for entry in x.flat], np.shape(plain(x)))


def assert_equal(derived, claimed, **replace):
    """Every entry of the difference simplifies to exactly 0."""
    derived, claimed = plain(derived), plain(claimed)
    assert derived.shape == claimed.shape
    for left, right in zip(derived.flat, claimed.flat):
        assert remainder(left - right, **replace) == 0


def remainder(expression, values=()):
    """The numerator of an expression, expanded: where it is 0, so is the expression.

    Floats such as 0.5 become the fractions that they are. exp(2a - b/2) becomes a product of
    powers of two symbols, for SymPy gathers exponentials in many ways.
    """
    expression = exact(expression).xreplace(replacing(values))
    exponents = {exponential: [term.as_coeff_Mul() for term in sympy.Add.make_args(
        sympy.expand(exponential.args[0]))] for exponential in expression.atoms(sympy.exp)}
    numbers = {}                                        # of each term, in all exponents
    for terms in exponents.values():
        for number, rest in terms:
            numbers.setdefault(rest, []).append(number)
    roots = {rest: (sympy.Symbol(f"exp_{i}", positive=True), reduce(sympy.gcd, found))
             for i, (rest, found) in enumerate(numbers.items())}
    for exponential, terms in exponents.items():
        expression = expression.xreplace({exponential: sympy.Mul(*(
            roots[rest][0]**(number / roots[rest][1]) for number, rest in terms))})
    numerator, denominator = sympy.fraction(sympy.together(expression))
    assert sympy.expand(denominator) != 0
    return sympy.expand(numerator)


def replacing(values):
    """The pairs (symbol, value) as ``xreplace`` takes them, which is far faster than ``subs``."""
    return {symbol: sympy.sympify(value) for symbol, value in values}


def exact(expression):
    """Binary fractions for floats."""
    expression = sympy.sympify(expression)
    return expression.xreplace({number: sympy.Rational(float(number))
                                for number in expression.atoms(sympy.Float)})


# ---- functions -----------------------------------------------------------------------------------

def test_softmax():
    x, dp = symbols("x", 3), symbols("dp", 3)
    p, cache = F.softmax_forward(x)
    assert_equal(derivative(p, dp, x), F.softmax_backward(dp, cache))


def test_softmax_of_a_mask():
    x, dp = symbols("x", 2, 3), symbols("dp", 2, 3)
    keep = np.array([[True, False, True], [False, False, False]])
    p, cache = F.masked_softmax_forward(x, keep)
    assert list(p[1]) == [0, 0, 0] and p[0, 1] == 0
    dx = F.masked_softmax_backward(dp, cache)
    assert_equal(derivative(p, dp, x), dx)
    assert dx[0, 1] == 0 and list(dx[1]) == [0, 0, 0]


def test_cross_entropy():
    x, ds = symbols("x", 3, 3), sympy.Symbol("ds")
    loss, cache = F.cross_entropy_forward(x, [2, -100, 0])
    dx = F.cross_entropy_backward(ds, cache)
    assert_equal(derivative([loss], [ds], x), dx)
    assert list(dx[1]) == [0, 0, 0]


def test_distillation(monkeypatch):
    log_softmax = distillation._log_softmax
    monkeypatch.setattr(distillation, "_log_softmax", lambda x, temperature: log_softmax(
        symbolic(x.flat, x.shape), temperature))                # np.asarray forgets the class
    x, t, ds = symbols("x", 3, 2), symbols("t", 3, 2), sympy.Symbol("ds")
    loss, cache = F.distillation_forward(x, t, [1, -100, 0], temperature=2, teacher_weight=0.25)
    dx = F.distillation_backward(ds, cache)
    assert_equal(derivative([loss], [ds], x), dx)
    assert list(dx[1]) == [0, 0]


def test_layer_norm():
    x, gamma, beta, dy = (symbols("x", 2, 3), symbols("gamma", 3), symbols("beta", 3),
                          symbols("dy", 2, 3))
    y, cache = F.layer_norm_forward(x, gamma, beta, EPS)
    dx, dgamma, dbeta = F.layer_norm_backward(dy, cache)
    assert_equal(derivative(y, dy, beta), dbeta)
    assert_equal(derivative(y, dy, gamma), dgamma)
    for row in range(2):
        # sigma as a symbol of its own makes everything a fraction: eps = sigma^2 - variance
        assert_equal(derivative(y[row], dy[row], x[row]), dx[row],
                     values=[(EPS, sigma_squared_minus_variance(x[row]))])
        assert not any(sympy.diff(value, other) != 0 for value in y[row] for other in x[1 - row])


def sigma_squared_minus_variance(row):
    """What eps is, given a row and its sigma."""
    mean = sum(row) / sympy.Integer(len(row))
    variance = sum((entry - mean)**2 for entry in row) / sympy.Integer(len(row))
    return sympy.Symbol("sigma", positive=True)**2 - sympy.expand(variance)


@pytest.fixture
def exact_constants(monkeypatch):
    """The constants of GELU as the roots and fractions that they round."""
    constants = {"SQRT_HALF": 1 / sympy.sqrt(2), "SQRT_2_OVER_PI": sympy.sqrt(2 / sympy.pi),
                 "INV_SQRT_2PI": 1 / sympy.sqrt(2 * sympy.pi),
                 "CUBIC": sympy.Rational(44715, 10**6)}
    for name, value in constants.items():
        assert getattr(gelu, name) == pytest.approx(float(value), rel=2e-16, abs=0)
        monkeypatch.setattr(gelu, name, value)
    monkeypatch.setattr(gelu, "erf", lambda x: symbolic(map(sympy.erf, x.flat), np.shape(x)))


@pytest.mark.parametrize("name", ["gelu", "gelu_new"])
def test_gelu(name, exact_constants):
    x, dy = symbols("x", 1), symbols("dy", 1)
    y, cache = getattr(F, f"{name}_forward")(x)
    assert y[0].has(sympy.erf if name == "gelu" else sympy.exp)
    assert_equal(derivative(y, dy, x), getattr(F, f"{name}_backward")(dy, cache))


@pytest.mark.parametrize("name", ["tanh", "mean_squared_error"])
def test_a_function_of_one_argument(name):
    x, dy = symbols("x", 2), symbols("dy", 2)
    if name == "tanh":
        y, cache = F.tanh_forward(x)
        dx = F.tanh_backward(dy, cache)
    else:
        y, cache = F.mean_squared_error_forward(x, symbols("t", 2))
        y, dy = [y], dy[0]
        dx = F.mean_squared_error_backward(dy, cache)
        dy = [dy]
    assert_equal(derivative(y, dy, x), dx)


def test_consistency():
    x, z = symbols("x", 1, 2), symbols("z", 1, 2)
    loss, cache = F.consistency_forward(x, z)
    for array, gradient in zip((x, z), F.consistency_backward(sympy.Symbol("dloss"), cache)):
        assert_equal(derivative([loss], [sympy.Symbol("dloss")], array), gradient)


def test_linear():
    x, W, b, dy = (symbols("x", 2, 3), symbols("W", 3, 2), symbols("b", 2), symbols("dy", 2, 2))
    y, cache = F.linear_forward(x, W, b)
    for array, gradient in zip((x, W, b), F.linear_backward(dy, cache)):
        assert_equal(derivative(y, dy, array), gradient)


# ---- layers --------------------------------------------------------------------------------------

def attention_of_two_tokens(heads):
    """Attention over x = identity: then the rows of W_q, W_k, W_v are q, k and v themselves."""
    x = symbols("x", 1, 2, 2)
    params = {f"W_{name}": symbols(name, 2, 2) for name in "qkvo"}
    params |= {f"b_{name}": symbolic([0, 0], (2,)) for name in "qv"}
    params |= {f"b_{name}": symbols(f"b_{name}", 2) for name in "ko"}
    config = SimpleNamespace(num_attention_heads=heads, attention_probs_dropout_prob=0.0)
    dy, dp = symbols("dy", 1, 2, 2), symbols("dp", 1, heads, 2, 2)
    (y, p), cache = attention_forward(params, x, x, None, config)
    dx_q, dx_kv, grads = attention_backward(params, (dy, dp), cache)
    dx = dx_q + dx_kv
    identity = [(x[0, i, j], int(i == j)) for i in range(2) for j in range(2)]
    outputs, upstream = [*np.ravel(y), *np.ravel(p)], [*np.ravel(dy), *np.ravel(dp)]
    return x, params, outputs, upstream, dx, grads, identity


@pytest.mark.slow
@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("name", ["W_q", "W_k", "W_v", "W_o", "b_k", "b_o"])
def test_attention_of_two_tokens(name, heads):
    """With x = identity, dW_q = dq, dW_k = dk and dW_v = dv."""
    x, params, outputs, upstream, dx, grads, identity = attention_of_two_tokens(heads)
    outputs = [value.xreplace(replacing(identity)) for value in outputs]
    assert_equal(derivative(outputs, upstream, params[name]), grads[name], values=identity)
    if name == "b_k":
        assert_equal(grads["b_k"], symbolic([0, 0], (2,)), values=identity)


@pytest.mark.slow
@pytest.mark.parametrize("heads", [1, pytest.param(2, marks=pytest.mark.thorough)])
def test_attention_adds_up_three_gradients_of_its_input(heads):
    x, params, outputs, upstream, dx, grads, identity = attention_of_two_tokens(heads)
    simple = [*identity, *((entry, 0) for entry in params["b_k"].flat),
              *((params["W_o"][i, j], int(i == j)) for i in range(2) for j in range(2))]
    assert_equal(derivative(outputs, upstream, x), dx, values=simple)


@pytest.mark.slow
def test_word_table_of_two_words_adds_up_both_uses():
    """Look-up and head, tied: the derivative of a table used twice is the sum of two parts."""
    word, W, b, bias = symbols("word", 2, 2), symbols("W", 2, 2), symbols("b", 2), symbols("o", 2)
    gamma, beta = symbols("gamma", 2), symbols("beta", 2)
    params = {"dense": {"W": W, "b": b}, "layer_norm": {"gamma": gamma, "beta": beta},
              "bias": bias}
    config = SimpleNamespace(hidden_act="linear", layer_norm_eps=EPS)
    dy = symbols("dy", 1, 2)
    x, lookup_cache = F.embedding_forward(word, [1])
    logits, head_cache = masked_lm_head_forward(params, x, word, config)

    dx, dword_head, grads = masked_lm_head_backward(params, dy, head_cache)
    dword_lookup = F.embedding_backward(dx, lookup_cache)
    u = plain(x @ W + b)[0]
    values = [(EPS, sigma_squared_minus_variance(u))]
    derived = derivative(logits, dy, word)
    assert_equal(derived, dword_lookup + dword_head, values=values)                    # (MLM.5)
    for part in (dword_lookup, dword_head):
        assert any(remainder(whole - own, values) != 0
                   for whole, own in zip(derived.flat, plain(part).flat))
    assert_equal(derivative(logits, dy, bias), grads["bias"])
    assert_equal(derivative(logits, dy, W), grads["dense"]["W"], values=values)


def test_repeated_word_adds_up_its_uses():
    table, dy = symbols("table", 2, 2), symbols("dy", 3, 2)
    y, cache = F.embedding_forward(table, [1, 0, 1])
    assert_equal(derivative(y, dy, table), F.embedding_backward(dy, cache))


# ---- wave positions ------------------------------------------------------------------------------

def test_a_step_along_wave_positions_is_one_rotation():
    table = wave_positions(9, 6, amplitude=0.5).reshape(9, 3, 2)            # (T, E/2, sin and cos)
    z = table[..., 1] + 1j * table[..., 0]
    np.testing.assert_allclose(np.abs(z), 0.5, rtol=1e-14)
    turn = z[1:] / z[:-1]
    omega = [1.5, (1.5 * 0.05)**0.5, 0.05]
    np.testing.assert_allclose(turn, np.exp(1j * np.array([omega] * 8)), rtol=1e-13)


# ---- tests of the tests --------------------------------------------------------------------------

@pytest.mark.parametrize("expression, zero", [
    ("exp(a + b) - exp(b + a)", True), ("exp(a)/(exp(a) + exp(b)) + exp(b)/(exp(a) + exp(b)) - 1",
                                        True),
    ("exp(a) - exp(b)", False), ("0.5*a - a/2", True), ("0.5*a - a/3", False)])
def test_remainder_is_zero_for_zero_only(expression, zero):
    assert (remainder(sympy.sympify(expression)) == 0) is zero


@pytest.mark.parametrize("wrong", [
    lambda dp, p: p * dp,
    lambda dp, p: p * (dp - dp.sum()),
    lambda dp, p: p * (1 - p) * dp,
    lambda dp, p: p * (dp - (dp * p).sum()) / 3])
def test_a_wrong_softmax_backward_leaves_a_remainder(wrong):
    x, dp = symbols("x", 3), symbols("dp", 3)
    p, cache = F.softmax_forward(x)
    with pytest.raises(AssertionError):
        assert_equal(derivative(p, dp, x), wrong(dp, p))


def test_a_layer_norm_without_its_second_mean_leaves_a_remainder():
    x, gamma, beta, dy = (symbols(name, 3) for name in ("x", "gamma", "beta", "dy"))
    y, (x_hat, inv_std, gamma) = F.layer_norm_forward(x, gamma, beta, EPS)
    dx_hat = dy * gamma
    with pytest.raises(AssertionError):
        assert_equal(derivative(y, dy, x), inv_std * (dx_hat - dx_hat.mean()),
                     values=[(EPS, sigma_squared_minus_variance(x))])
