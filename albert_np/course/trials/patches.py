"""Trials of patch embeddings."""

import numpy as np

from ... import layers
from .forward_backward import layer_pair
from .random_inputs import refused


def _patch_embeddings(draw):
    N, P, H = draw.T, draw.V, draw.H
    masked = draw.rng.random((draw.B, N)) < 0.4
    masked[0, :2] = masked[1, 1] = True
    masked[0, 2] = masked[1, 0] = False
    params = {"projection": {"W": draw.normal(P, H), "b": draw.normal(H)}, "mask": draw.normal(H),
              "position": draw.normal(N + 2, H), "modality": draw.normal(H),
              "layer_norm": {"gamma": draw.normal(H), "beta": draw.normal(H)}}
    inputs = {"params": params, "patches": draw.normal(draw.B, N, P)}
    for what, hidden, rng in [("", masked, None), (" without masks", None, None),
                              (" with dropout", masked, "rng")]:
        yield what, inputs, (hidden, draw.config(hidden_dropout_prob=0.3), rng)


patch_embeddings_forward, patch_embeddings_backward = layer_pair(
    "patch_embeddings", layers.patch_embeddings_forward, layers.patch_embeddings_backward,
    _patch_embeddings)


def _images(draw):
    """Grey and coloured images, wide and high ones, in patches of 1, 2 and 3 pixels."""
    for p, rows, columns, C in ((2, 3, 4, 3), (3, 4, 2, 1), (1, 2, 3, 2)):
        yield f" of {p} x {p} pixels, {C} channels", p, draw.normal(draw.B, rows * p, columns * p,
                                                                    C)


def patchify(f, draw):
    """Every number in its place, and images that cannot be cut."""
    for what, p, images in _images(draw):
        yield f"patches{what}", f.patchify(images, p)
    yield "whether each is refused", {
        what: refused(f.patchify, np.zeros(shape), p) for what, shape, p in [
            ("a height that p does not divide", (2, 5, 4, 3), 2),
            ("a width that p does not divide", (2, 4, 5, 3), 2),
            ("images without channels", (2, 4, 4), 2), ("a p of 0", (2, 4, 4, 3), 0)]}


def unpatchify(f, draw):
    """Every number back in its place, and patches that make up no such image."""
    for what, p, images in _images(draw):
        yield f"images from patches{what}", f.unpatchify(layers.patchify(images, p),
                                                         images.shape[1:])
    yield "whether each is refused", {
        what: refused(f.unpatchify, np.zeros(shape), image) for what, shape, image in [
            ("too few patches", (1, 3, 4), (4, 4, 1)),
            ("patches that are not square", (1, 2, 8), (4, 4, 1)),
            ("other channels", (1, 4, 4), (4, 4, 3))]}
