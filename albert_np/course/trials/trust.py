"""Trials of unit 9 on trust: the gradient of the temperature, and the estimate of a flip."""

import numpy as np

from .forward_backward import function_pair
from .random_inputs import one_is, refused


def _temperature_scaling(draw):
    logits, labels = 3 * draw.normal(draw.M, draw.V), draw.integers(0, draw.V, draw.M)
    labels[1] = -100
    yield "", {"logits": logits, "temperature": np.array(1.7, draw.dtype)}, (labels,)
    yield " below 1", {"logits": logits, "temperature": np.array(0.4, draw.dtype)}, (labels,)
    yield " with another ignore_index", {
        "logits": logits, "temperature": np.array(2.5, draw.dtype)}, (np.where(labels < 0, 3,
                                                                               labels), 3)
    yield " of sequences", {"logits": draw.normal(draw.B, draw.T, draw.V),
                            "temperature": np.array(1.3, draw.dtype)}, (
        draw.integers(0, draw.V, draw.B, draw.T),)


_forward, temperature_scaling_backward = function_pair("temperature_scaling", _temperature_scaling,
                                                       both=True)


def temperature_scaling_forward(f, draw):
    """Every case, logits far apart at a low temperature, and what is refused."""
    yield from _forward(f, draw)
    logits, labels = 900 + 50 * draw.normal(draw.M, draw.V), draw.integers(0, draw.V, draw.M)
    yield "the loss at tau = 0.01", f.temperature_scaling_forward(logits, 0.01, labels)[0]
    yield "whether each is refused", {
        what: refused(f.temperature_scaling_forward, logits, temperature, labels)
        for what, temperature in {"a temperature of 0": 0.0, "one below 0": -1.0,
                                  "NaN": float("nan"), "two of them": np.ones(2)}.items()}


def flip_estimates(f, draw):
    """Two shapes, a piece at two positions, and what is refused."""
    table = draw.normal(draw.V, draw.E)
    ids, dx = draw.integers(0, draw.V, draw.B, draw.T), draw.normal(draw.B, draw.T, draw.E)
    ids[0, 0] = ids[0, 2] = 3
    yield "estimates", f.flip_estimates(table, ids, dx)
    yield "estimates for one text", f.flip_estimates(table, ids[0], dx[0])
    yield "estimates where pieces are as many as numbers", f.flip_estimates(
        draw.normal(draw.E, draw.E), ids % draw.E, dx)
    yield "whether each is refused", {
        what: refused(f.flip_estimates, *arguments) for what, arguments in {
            "the gradient of another text": (table, ids, dx[:, 1:]),
            "ids that are no integers": (table, ids + 0.0, dx),
            "the gradient of a longer text": (table, ids[:, 1:], dx),
            "an id of V": (table, one_is(ids, draw.V), dx),
            "an id of -1": (table, one_is(ids, -1), dx)}.items()}
