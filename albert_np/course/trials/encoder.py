"""Trials of the encoder: the blocks, one layer, and the loop over the depth."""

import numpy as np

from ... import layers
from .attention import positions_of
from .forward_backward import layer_pair

DROPOUT = dict(hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.2)


def _feed_forward(draw):
    for act in ("gelu_new", "tanh"):
        config = draw.config(hidden_act=act)
        params = draw.params(config)["encoder"]["feed_forward"][0]["feed_forward"]
        yield f" with {act}", {"params": params, "x": draw.normal(draw.B, draw.T, draw.H)}, (
            config,)


feed_forward_forward, feed_forward_backward = layer_pair(
    "feed_forward", layers.feed_forward_forward, layers.feed_forward_backward, _feed_forward)


def _attention_block(draw):
    config = draw.config()
    inputs = {"params": draw.params(config)["encoder"]["attention"][0],
              "x_q": draw.normal(draw.B, draw.T, draw.H),
              "x_kv": draw.normal(draw.B, draw.T, draw.H)}
    keep = layers.visible_keys(draw.padding())
    yield "", inputs, (keep, config)
    yield " with dropout", inputs, (keep, draw.config(**DROPOUT), "rng")
    yield " for few queries", {**inputs, "x_q": draw.normal(draw.B, 3, draw.H)}, (keep, config)


attention_block_forward, attention_block_backward = layer_pair(
    "attention_block", layers.attention_block_forward, layers.attention_block_backward,
    _attention_block)


def _feed_forward_block(draw):
    config = draw.config()
    inputs = {"params": draw.params(config)["encoder"]["feed_forward"][0],
              "x": draw.normal(draw.B, draw.T, draw.H)}
    yield "", inputs, (config,)
    yield " with dropout", inputs, (draw.config(**DROPOUT), "rng")


feed_forward_block_forward, feed_forward_block_backward = layer_pair(
    "feed_forward_block", layers.feed_forward_block_forward, layers.feed_forward_block_backward,
    _feed_forward_block)


def _encoder_layer(draw):
    config = draw.config(**DROPOUT)
    params = {name: blocks[0] for name, blocks in draw.params(config)["encoder"].items()}
    keep = layers.visible_keys(draw.padding())
    yield "", {"params": params, "x_q": draw.normal(draw.B, draw.T, draw.H),
               "x_kv": draw.normal(draw.B, draw.T, draw.H)}, (keep, config, "rng")


encoder_layer_forward, encoder_layer_backward = layer_pair(
    "encoder_layer", layers.encoder_layer_forward, layers.encoder_layer_backward, _encoder_layer)


def _encoder(draw):
    padding = layers.visible_keys(draw.padding())
    pairs = layers.visible_keys(draw.rng.random((draw.B, draw.T, draw.T)) < 0.6)
    x = draw.normal(draw.B, draw.T, draw.H)
    for what, changes, more in [
            ("", {}, ()),
            (", sharing attention", dict(sharing="attention"), ()),
            (", nothing shared", dict(sharing="none"), ()),
            (", with the cross-layer residual", dict(cross_layer_residual=True), ()),
            (", recomputed", DROPOUT, ("rng", True)),
            (", at some positions", {}, (None, False, positions_of(draw))),
            (", with the cross-layer residual, at some positions", dict(cross_layer_residual=True),
             (None, False, positions_of(draw))),
            (", recomputed at some positions", DROPOUT, ("rng", True, positions_of(draw))),
            (", from the last hidden state alone", {}, ())]:
        config = draw.config(num_hidden_layers=3, **changes)
        # Each position has a mask row of its own: taking the row of another changes the result.
        keep = pairs if "positions" in what else padding
        yield what, {"params": draw.params(config)["encoder"], "x": x}, (keep, config, *more)


def _upstream(what, y, draw):
    hidden_states, attentions = y
    if "recomputed" in what or "alone" in what:
        return [None] * (len(hidden_states) - 1) + [draw.like(hidden_states[-1])], [
            None] * len(attentions)
    return draw.like(hidden_states), draw.like(attentions)


encoder_forward, _backward = layer_pair(
    "encoder", layers.encoder_forward, layers.encoder_backward, _encoder, _upstream)


def encoder_backward(f, draw):
    """Every case, without slopes where an output has no gradient; and what each depth adds."""
    for name, result, slope in _backward(f, draw):
        if "recomputed" in name or "alone" in name:
            yield name, result
        else:
            yield name, result, slope
    config = draw.config(num_hidden_layers=3)
    params, x = draw.params(config)["encoder"], draw.normal(draw.B, draw.T, draw.H)
    y, cache = layers.encoder_forward(params, x, None, config)
    contributions = []
    f.encoder_backward(params, ([None] * 3 + [draw.like(y[0][-1])], [None] * 3), cache,
                       contributions)
    yield "the contributions of the depths", contributions


def generators(f, draw):
    """A generator from a state draws what the first one drew."""
    rng = np.random.default_rng(int(draw.integers(0, 1000)))
    state = f._state(rng)
    again = f._generator(state).random(3)
    yield "whether the same is drawn again", bool((again == rng.random(3)).all())
    yield "what is drawn again", again
    other = np.random.Generator(np.random.MT19937(3))
    again = f._generator(f._state(other)).random(3)
    yield "whether a generator of another kind draws the same again", bool(
        (again == other.random(3)).all())
    yield "whether no state gives None", f._generator(None) is None
