"""Trials of attention."""

import numpy as np

from ... import layers
from .forward_backward import layer_pair


def split_heads(f, draw):
    """(B, T, H) to (B, A, T, D)."""
    yield "the heads", f.split_heads(draw.normal(draw.B, draw.T, draw.H), draw.A)


def merge_heads(f, draw):
    """And back."""
    yield "the merged heads", f.merge_heads(draw.normal(draw.B, draw.A, draw.T, draw.D))


def visible_keys(f, draw):
    """Padding, a mask of pairs, no mask, and one that hides nothing."""
    pairs = draw.rng.random((draw.B, draw.T, draw.T)) < 0.6
    yield "what padding leaves", f.visible_keys(draw.padding())
    yield "what a (B, T, T) mask leaves", f.visible_keys(pairs.astype(int))
    yield "whether no mask gives None", f.visible_keys(None) is None
    yield ("whether a mask that hides nothing gives None",
           f.visible_keys(np.ones((draw.B, draw.T), int)) is None)
    yield "the type of a mask", str(f.visible_keys(draw.padding()).dtype)


def positions_of(draw):
    """Three positions of every sequence, in no order."""
    positions = np.argsort(draw.rng.random((draw.B, draw.T)), axis=1)[:, :3]
    positions[0] = [draw.T - 1, 0, 1]
    return positions


def _attention(draw):
    config = draw.config()
    dropping = draw.config(attention_probs_dropout_prob=0.25)
    params = draw.params(config)["encoder"]["attention"][0]["self_attention"]
    inputs = {"params": params, "x_q": draw.normal(draw.B, draw.T, draw.H),
              "x_kv": draw.normal(draw.B, draw.T, draw.H)}
    few = {**inputs, "x_q": draw.normal(draw.B, 3, draw.H)}
    keep = layers.visible_keys(draw.padding())
    pairs = draw.rng.random((draw.B, 3, draw.T)) < 0.7
    yield "", inputs, (None, config)
    yield " with padding", inputs, (keep, config)
    yield " with dropout", inputs, (keep, dropping, "rng")
    yield " for few queries", few, (layers.visible_keys(pairs.astype(int)), config)
    yield " where the probabilities are not used", inputs, (keep, config)


def _upstream(what, y, draw):
    dy, dp = draw.like(y)
    return dy, None if "not used" in what else dp


_forward, _backward = layer_pair("attention", layers.attention_forward, layers.attention_backward,
                                 _attention, _upstream)


def attention_forward(f, draw):
    """Every case."""
    yield from _forward(f, draw)


def attention_backward(f, draw):
    """Every case; where the probabilities are not used there is no slope to compare with."""
    for name, result, slope in _backward(f, draw):
        yield (name, result) if "not used" in name else (name, result, slope)
