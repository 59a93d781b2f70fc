"""Trials of quantisation and of the importance of heads."""

import numpy as np

from .forward_backward import function_pair
from .random_inputs import one_is, refused


def quantization_scale(f, draw):
    """Columns, rows, everything, fewer bits, zeros, and what is refused."""
    w = draw.normal(draw.E, draw.F) - 1                    # the largest sizes are below 0
    for what, options in ((" of columns", {}), (" of rows", {"axis": -1}),
                          (" of all numbers", {"axis": None}), (" of 3 bits", {"bits": 3})):
        yield f"the scales{what}", f.quantization_scale(w, **options)
    w[:, 2] = 0
    yield "the scales with a column of zeros", f.quantization_scale(w)
    wrong = w.copy()
    wrong[1, 1] = np.nan
    yield "whether each is refused", {
        "NaN": refused(f.quantization_scale, wrong), "1 bit": refused(f.quantization_scale, w,
                                                                      0, 1)}


def quantize(f, draw):
    """With the scales of the columns, with scales that are too small, and what is refused."""
    w = 3 * draw.normal(draw.E, draw.F)
    scale = np.abs(w).max(axis=0, keepdims=True) / 127
    q = f.quantize(w, scale)
    yield "the integers", q.astype(int)
    yield "whether they are int8", q.dtype == np.int8
    yield "the integers for scales that are too small", f.quantize(w, scale / 5).astype(int)
    yield "the integers of 3 bits", f.quantize(w, 127 * scale / 4, 3).astype(int)
    ties = np.array([[0.5, 1.5, 2.5]], draw.dtype)
    yield "whether 0.5, 1.5 and 2.5 become the opposite of -0.5, -1.5 and -2.5", (
        f.quantize(ties, np.ones((1, 3), draw.dtype)).astype(int)
        == -f.quantize(-ties, np.ones((1, 3), draw.dtype)).astype(int))
    wrong = w.copy()
    wrong[0, 0] = np.inf
    yield "whether quantize refuses each", {
        "infinity": refused(f.quantize, wrong, scale),
        "a scale of 0": refused(f.quantize, w, one_is(scale[0], 0))}


def _fake_quantize(draw):
    """Without rounding: the function that the backward pass differentiates."""
    scale = (draw.rng.random((1, draw.F)) / 2 + 0.2).astype(draw.dtype)
    yield "", {"x": 2 * draw.normal(draw.E, draw.F)}, (scale, 3, False)
    yield " of sequences, with one scale", {"x": draw.normal(draw.B, draw.T, draw.H)}, (
        scale[:, :1], 2, False)


_, fake_quantize_backward = function_pair("fake_quantize", _fake_quantize)


def head_gate_gradients(f, draw):
    """As many heads as drawn, and what is refused."""
    W_o, dW_o = draw.normal(draw.H, draw.H), draw.normal(draw.H, draw.H)
    yield "the gradients of the gates", f.head_gate_gradients(W_o, dW_o, draw.A)
    yield "whether each is refused", {
        "another shape": refused(f.head_gate_gradients, W_o, dW_o[:, 1:], draw.A),
        "H + 1 heads": refused(f.head_gate_gradients, W_o, dW_o, draw.H + 1)}


def head_importance(f, draw):
    """Several blocks and batches, given one after the other."""
    def tree():
        return {"encoder": {"attention": [{"self_attention": {"W_o": draw.normal(draw.H, draw.H)}}
                                          for _ in range(draw.L)]}}

    params, gradients = tree(), [tree() for _ in range(draw.B)]
    yield "the importance of the heads", f.head_importance(params, iter(gradients), draw.A)
    yield "whether no gradients are refused", refused(f.head_importance, params, [], draw.A)
