"""Trials of the loss of a student with a teacher."""

import numpy as np

from .forward_backward import function_pair
from .random_inputs import refusals


def _distillation(draw):
    logits, teacher = draw.normal(draw.M, draw.V), 2 * draw.normal(draw.M, draw.V)
    labels = draw.integers(0, draw.V, draw.M)
    labels[1] = -100
    weights = draw.rng.random(draw.M) + 0.5
    yield "", {"logits": logits}, (teacher, labels, 3.0, 0.25)
    yield " with the usual temperature and weight", {"logits": logits}, (teacher, labels)
    yield " with weights", {"logits": logits}, (teacher, labels, 0.5, 0.75, -100, weights)
    yield " with another ignore_index", {"logits": logits}, (
        teacher, np.where(labels < 0, 3, labels), 3.0, 0.25, 3)
    yield " of sequences", {"logits": draw.normal(draw.B, draw.T, draw.V)}, (
        draw.normal(draw.B, draw.T, draw.V), draw.integers(0, draw.V, draw.B, draw.T), 2.0, 0.5)
    yield " where nothing counts", {"logits": logits}, (teacher, np.full(draw.M, -100))
    extreme = logits.copy()
    extreme[:, 2] -= 4000
    yield " for a probability that rounds to 0", {"logits": extreme}, (teacher, labels, 2.0, 0.5)


_distillation_forward, distillation_backward = function_pair("distillation", _distillation)


def distillation_forward(f, draw):
    """Every case, a teacher that rules a class out, and what is refused."""
    yield from _distillation_forward(f, draw)
    logits, labels = draw.normal(draw.M, draw.V), draw.integers(0, draw.V, draw.M)
    teacher = draw.normal(draw.M, draw.V)
    without = teacher.copy()
    without[:, 2] = -np.inf
    y, _ = f.distillation_forward(logits, without, labels)
    yield "y of a teacher that rules a class out", y
    yield "whether each is refused", refusals(draw, f.distillation_forward, {
        "a teacher with fewer classes": (logits, teacher[:, :1], labels),
        "a temperature of 0": (logits, teacher, labels, 0.0),
        "a temperature of 0.5": (logits, teacher, labels, 0.5),
        "an infinite temperature": (logits, teacher, labels, np.inf),
        "a weight of 1.5": (logits, teacher, labels, 2.0, 1.5),
        "a weight of 1": (logits, teacher, labels, 2.0, 1.0),
        "a weight of -0.5": (logits, teacher, labels, 2.0, -0.5),
        "a label of V": (logits, teacher, np.full(draw.M, draw.V)),
        "a label of V - 1": (logits, teacher, np.full(draw.M, draw.V - 1))})
