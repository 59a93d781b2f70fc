"""Trials of learning from a few labels: consistency, its ramp-up, and pseudo-labels."""

import numpy as np

from .forward_backward import function_pair
from .random_inputs import refused, rows_apart


def _consistency(draw):
    yield "", {"logits": draw.normal(draw.B, draw.V),
               "other_logits": draw.normal(draw.B, draw.V)}, ()
    yield " of sequences", {"logits": 2 * draw.normal(draw.B, draw.T, draw.A),
                            "other_logits": draw.normal(draw.B, draw.T, draw.A)}, ()
    logits = rows_apart(draw, draw.B, draw.T)
    yield " for logits in the thousands", {"logits": logits, "other_logits": logits[::-1]}, ()


_consistency_forward, consistency_backward = function_pair("consistency", _consistency, both=True)


def consistency_forward(f, draw):
    """Every case, and what is refused."""
    yield from _consistency_forward(f, draw)
    x = draw.normal(draw.B, draw.T)
    yield "whether each is refused", {
        what: refused(f.consistency_forward, *arguments) for what, arguments in {
            "other logits of another shape": (x, x[:1]), "logits of another shape": (x[:1], x),
            "no numbers": (x[:0], x[:0])}.items()}


def ramp_up(f, draw):
    """From the first step to beyond the last of the ramp."""
    R = int(draw.integers(4, 9))
    for what, arguments in [("", (3.0, R)), (" of one step", (0.5, 1)), (" of 0", (0.0, R))]:
        weight = f.ramp_up(*arguments)
        yield f"the weights{what}", [float(weight(step)) for step in range(R + 3)]
    yield "whether each ramp is refused", {
        what: refused(f.ramp_up, *arguments) for what, arguments in {
            "a negative weight": (-0.1, R), "an infinite weight": (np.inf, R),
            "no steps": (1.0, 0)}.items()}


def choose_pseudo_labels(f, draw):
    """Rows on both sides of the threshold, one on it, and a class that nothing is kept of."""
    K = draw.A + 1
    scores = np.exp(3 * draw.normal(4 * draw.V, K).astype(np.float64))
    scores[:, 0] = 0                                          # never chosen
    p = scores / scores.sum(axis=-1, keepdims=True)
    on_it = float(np.sort(p.max(axis=-1))[2 * draw.V])
    for what, confidence in [("", 0.9), (" where one is equal to the threshold", on_it),
                             (" of certainty", 1.0)]:
        rows, classes, counts = f.choose_pseudo_labels(p, confidence)
        yield f"the rows{what}", np.asarray(rows)
        yield f"the classes{what}", np.asarray(classes)
        yield f"the counts{what}", np.asarray(counts)
    broken = p.copy()
    broken[0, 1] = np.nan
    yield "whether each is refused", {
        what: refused(f.choose_pseudo_labels, *arguments) for what, arguments in {
            "a threshold of 0": (p, 0.0), "one above 1": (p, 1.5),
            "NaN": (broken, 0.9)}.items()}
