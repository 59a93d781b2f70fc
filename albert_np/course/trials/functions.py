"""Trials of the functions: linear maps, softmax, layer norm, activations, dropout, losses."""

import math

import numpy as np

from ... import functional
from .forward_backward import BadCache, from_cache, function_pair
from .random_inputs import (Property, depends_on_generator, generator, near, one_is, refusals,
                            rows_apart)


def _linear(draw):
    # Where W is square, a forgotten transpose has the right shape.
    yield " for a square W", {"x": draw.normal(draw.B, draw.T, draw.E),
                              "W": draw.normal(draw.E, draw.E), "b": draw.normal(draw.E)}, ()
    yield "", {"x": draw.normal(draw.B, draw.T, draw.H), "W": draw.normal(draw.H, draw.F),
               "b": draw.normal(draw.F)}, ()
    yield " of a matrix", {"x": draw.normal(draw.M, draw.H), "W": draw.normal(draw.H, draw.F),
                           "b": draw.normal(draw.F)}, ()


def _layer_norm(draw):
    yield "", {"x": draw.normal(draw.B, draw.T, draw.H), "gamma": draw.normal(draw.H),
               "beta": draw.normal(draw.H)}, (0.3,)
    yield " of a row of equal numbers", {"x": np.ones((1, draw.E), draw.dtype),
                                         "gamma": draw.normal(draw.E),
                                         "beta": draw.normal(draw.E)}, (0.5,)


def _softmax(draw):
    yield "", {"x": 2 * draw.normal(draw.B, draw.A, draw.T)}, ()
    scores = rows_apart(draw, draw.B, draw.T)
    scores[0, 1] += 2000
    yield " for scores in the thousands", {"x": scores}, ()
    yield " of one row", {"x": draw.normal(draw.T)}, ()


def _masked_softmax(draw):
    keep = draw.rng.random((draw.B, 1, draw.T)) < 0.6
    keep[:, :, 0] = True
    empty = keep.copy()
    empty[0] = False
    scores = draw.normal(draw.B, draw.A, draw.T) - 1
    yield "", {"x": scores}, (keep,)
    yield " without a mask", {"x": scores}, (None,)
    yield " of a row that keeps nothing", {"x": scores}, (empty,)
    high = rows_apart(draw, draw.B, draw.A, draw.T) + 5000 * ~keep
    yield " for scores in the thousands", {"x": high.astype(draw.dtype)}, (keep,)


def _activation(draw):
    x = 2 * draw.normal(draw.B, draw.T, draw.F)
    yield "", {"x": x + np.sign(x) * draw.dtype.type(0.1)}, ()
    yield " of one row", {"x": 1 + np.abs(draw.normal(draw.F))}, ()


def _cross_entropy(draw):
    logits = draw.normal(draw.M, draw.V)
    labels = draw.integers(0, draw.V, draw.M)
    labels[1] = -100
    weights = draw.rng.random(draw.M) + 0.5
    yield "", {"logits": logits}, (labels,)
    yield " with weights", {"logits": logits}, (labels, -100, weights)
    yield " with another ignore_index", {"logits": logits}, (np.where(labels < 0, 3, labels), 3)
    yield " of sequences", {"logits": draw.normal(draw.B, draw.T, draw.V)}, (
        draw.integers(0, draw.V, draw.B, draw.T),)
    yield " where nothing counts", {"logits": logits}, (np.full(draw.M, -100),)
    yield " for logits in the thousands", {"logits": rows_apart(draw, draw.M, draw.V)}, (labels,)
    extreme = logits.copy()
    extreme[np.arange(draw.M), np.abs(labels) % draw.V] -= 2000
    yield " for a probability that rounds to 0", {"logits": extreme}, (labels,)


def _binary_cross_entropy(draw):
    yield "", {"logits": 3 * draw.normal(draw.B, draw.T)}, (
        draw.rng.integers(0, 2, (draw.B, draw.T)).astype(float),)


def _mean_squared_error(draw):
    yield "", {"predictions": draw.normal(draw.B, draw.T)}, (draw.rng.random((draw.B, draw.T)),)


linear_forward, linear_backward = function_pair("linear", _linear)
_layer_norm_forward, layer_norm_backward = function_pair("layer_norm", _layer_norm)
softmax_forward, softmax_backward = function_pair("softmax", _softmax)
masked_softmax_forward, masked_softmax_backward = function_pair("masked_softmax", _masked_softmax)
_gelu_forward, gelu_backward = function_pair("gelu", _activation)
_gelu_new_forward, gelu_new_backward = function_pair("gelu_new", _activation)
tanh_forward, tanh_backward = function_pair("tanh", _activation)
_relu_forward, _relu_backward = function_pair("relu", _activation, both=True)
_cross_entropy_forward, cross_entropy_backward = function_pair("cross_entropy", _cross_entropy)
binary_cross_entropy_forward, binary_cross_entropy_backward = function_pair(
    "binary_cross_entropy", _binary_cross_entropy)
_mean_squared_error_forward, mean_squared_error_backward = function_pair(
    "mean_squared_error", _mean_squared_error)


def layer_norm_forward(f, draw):
    """Every case, and the eps of ALBERT."""
    yield from _layer_norm_forward(f, draw)
    x = draw.normal(draw.B, draw.H) * draw.dtype.type(1e-6)     # its variance is as small as eps
    yield "y without an eps", f.layer_norm_forward(x, draw.normal(draw.H), draw.normal(draw.H))[0]


def gelu_forward(f, draw):
    """Every case, and numbers far out."""
    yield from _gelu_forward(f, draw)
    x = draw.normal(draw.T)
    x[:2] = 100, -100
    yield "y far from 0", f.gelu_forward(x)[0]


def gelu_new_forward(f, draw):
    """Every case, and numbers whose squares overflow in single precision."""
    yield from _gelu_new_forward(f, draw)
    x = draw.normal(draw.T)
    x[:2] = 1e37, -1e37
    yield "y far from 0, over x", f.gelu_new_forward(x)[0] / x


def relu_forward(f, draw):
    """Every case, and 0."""
    yield from _relu_forward(f, draw)
    yield "y at 0", f.relu_forward(np.zeros(3, draw.dtype))[0]


def relu_backward(f, draw):
    """Every case, and 0."""
    yield from _relu_backward(f, draw)
    _, cache = f.relu_forward(np.zeros(3, draw.dtype))
    yield "the gradient at 0", f.relu_backward(draw.normal(3), cache)


def cross_entropy_forward(f, draw):
    """Every case, and what is refused."""
    yield from _cross_entropy_forward(f, draw)
    logits, labels = draw.normal(draw.M, draw.V), draw.integers(0, draw.V, draw.M)
    weights = np.full(draw.M, np.inf)
    yield "whether each is refused", refusals(draw, f.cross_entropy_forward, {
        "a label of V": (logits, one_is(labels, draw.V)),
        "a label of V - 1": (logits, one_is(labels, draw.V - 1)),
        "a label of -1": (logits, one_is(labels, -1)),
        "labels that are no integers": (logits, labels + 0.0),
        "too few labels": (logits, labels[1:]),
        "too few weights": (logits, labels, -100, np.ones(draw.M - 1)),
        "weights of 1": (logits, labels, -100, np.ones(draw.M)),
        "weights with an infinite sum": (logits, labels, -100, weights)})


def mean_squared_error_forward(f, draw):
    """Every case, and what is refused."""
    yield from _mean_squared_error_forward(f, draw)
    x = draw.normal(draw.B, draw.T)
    yield "whether each is refused", refusals(draw, f.mean_squared_error_forward, {
        "targets of another shape": (x[:, :1], x[:, 0]), "more targets": (x[:1], x),
        "no numbers": (x[:0], x[:0]), "one row of numbers": (x[:1], x[1:2])})


def activation_table(f, draw):
    """Which functions stand under each name."""
    x = draw.normal(draw.T)
    for name in ("gelu", "gelu_new", "relu", "linear"):
        forward, backward = f.ACTIVATIONS[name]
        y, cache = forward(x)
        yield f'ACTIVATIONS["{name}"]', {"y": y}
        yield f'ACTIVATIONS["{name}"], backward', {"dx": from_cache(backward, y, cache)}


def dropout_forward(f, draw):
    """What may be drawn in many ways is asked for its shares, not for its entries.

    An honest mask misses a share by six standard errors once in 10^9 times.
    """
    p = 0.3
    x = 1 + np.abs(draw.normal(draw.B, 16 * draw.T, draw.E * draw.F))
    y, mask = f.dropout_forward(x, p, np.random.default_rng(int(draw.integers(0, 2**31))))
    dy = draw.like(y)
    try:
        dx = f.dropout_backward(dy, mask)
    except Exception as error:
        raise BadCache(str(error)) from None
    yield "y, and the gradient from its mask", Property(lambda y, dx: {
        "y where it is not 0, over x": (y[y != 0] / x[y != 0])[:10],
        "the share of zeros, in twentieths": np.rint(20 * np.mean(y == 0)),
        "the mask is the one that was applied":
            bool(np.abs(dx - dy * y / x).max() < 1e-3 * np.abs(dy).max())}, y, dx)
    y, mask = f.dropout_forward(x[:, :3], p, None)
    yield "y without a generator", y
    zero = f.dropout_forward(np.ones((60, 50, 40), draw.dtype), p, generator(draw))[0] == 0
    yield "whether each sequence, token and feature loses its share", Property(lambda zero: {
        name: near(zero.mean(axis=axes), p, zero.size // zero.shape[axis])
        for axis, (name, axes) in enumerate([("sequence", (1, 2)), ("token", (0, 2)),
                                             ("feature", (0, 1))])}, zero)
    yield "whether neighbours are dropped independently of each other", Property(lambda zero: {
        name: near((zero[one] & zero[other]).mean(), p * p, zero.size / 2)
        for name, one, other in [("sequences", np.s_[1:], np.s_[:-1]),
                                 ("tokens", np.s_[:, 1:], np.s_[:, :-1]),
                                 ("features", np.s_[:, :, 1:], np.s_[:, :, :-1])]}, zero)
    several = np.array([f.dropout_forward(np.ones((50, 40), draw.dtype), p, generator(draw))[0] == 0
                        for _ in range(6)])
    yield "whether it is left to chance how many are dropped", Property(
        lambda zero, several: {name: len(np.unique(counts)) > 1 for name, counts in [
            ("in all", several.sum(axis=(1, 2))), ("of a sequence", zero.sum(axis=(1, 2))),
            ("of a token", zero.sum(axis=2)), ("of a feature", zero.sum(axis=(0, 1)))]},
        zero, several)
    yield "whether the mask depends on the generator", depends_on_generator(
        lambda rng: f.dropout_forward(np.ones((9, 40)), p, rng)[0], draw)
    yield "whether each p is refused", refusals(draw, f.dropout_forward, {
        f"p = {p}": (x[:, :3], p, generator(draw)) for p in (1.0, 0.9, -0.1)})
    yield "whether there is no mask without a generator", mask is None
    yield "y for p = 0", f.dropout_forward(x[:, :3], 0.0, np.random.default_rng(0))[0]


def dropout_backward(f, draw):
    """The package's mask."""
    x, dy = draw.normal(draw.B, draw.T, draw.H), draw.normal(draw.B, draw.T, draw.H)
    _, mask = functional.dropout_forward(x, 0.4, np.random.default_rng(7))
    yield "gradients", {"dx": f.dropout_backward(dy, mask)}
    yield "gradients without a mask", {"dx": f.dropout_backward(dy, None)}


def _embedding(draw):
    ids = draw.integers(0, draw.V, draw.B, draw.T)
    ids[0, 0] = ids[0, 2] = ids[-1, -1] = 3               # apart, and thrice
    ids[0, 3] = ids[0, 4]                                 # side by side
    ids[0, 1] = 0                                         # <pad>, a row like any other
    yield "", {"table": draw.normal(draw.V, draw.E)}, (ids,)


_embedding_forward, embedding_backward = function_pair("embedding", _embedding)


def embedding_forward(f, draw):
    """The rows, and the refusal of an id that NumPy would read from the end."""
    yield from _embedding_forward(f, draw)
    table = draw.normal(draw.V, draw.E)
    yield "whether each id is refused", refusals(draw, f.embedding_forward, {
        what: (table, np.array(ids)) for what, ids in {
            "-1": [2, -1], "V": [2, draw.V], "V - 1": [2, draw.V - 1], "1.0": [1.0]}.items()})
    yield "y of no ids", f.embedding_forward(table, np.zeros((2, 0), int))[0]


def add_rows(f, draw):
    """Sums over equal ids, wherever they stand, on top of what the table holds."""
    table, ids = draw.normal(draw.V, draw.E), draw.integers(0, 5, draw.T + draw.V)
    f.add_rows(table, ids, draw.normal(len(ids), draw.E))
    yield "the table", table
    before = table.copy()
    f.add_rows(table, ids[:0], draw.normal(0, draw.E))
    yield "whether no ids change nothing", bool((table == before).all())


def _rows(draw):
    order = np.argsort(draw.rng.random((draw.B, draw.T)), axis=1)
    positions = order[:, :3]
    positions[0] = [draw.T - 1, 0, 2]
    yield "", {"x": draw.normal(draw.B, draw.T, draw.H)}, (positions,)
    yield " of all rows", {"x": draw.normal(draw.B, draw.T, draw.H)}, (None,)


rows_at_forward, rows_at_backward = function_pair("rows_at", _rows, both=True)


def erf(f, draw):
    """Near 0, on both sides, and far out."""
    x = np.concatenate([draw.normal(draw.T) * 0.2, np.linspace(-3, 3, 21), draw.normal(draw.F) * 2,
                        [-30.0, -9.0, 0.0, 9.0, 30.0]])
    yield "y", f.erf(x.astype(draw.dtype))
    yield "y of a matrix", f.erf(draw.normal(2, 3))
    yield "y of integers", f.erf(np.arange(-2, 3))
    yield "y of complex numbers", f.erf(x.astype(draw.dtype) + draw.dtype.type(1e-3) * 1j)
    yield "whether it is right to 13 digits", Property(lambda y: bool(
        np.abs(y - [math.erf(number) for number in x]).max() < 1e-13), np.asarray(f.erf(x)))
