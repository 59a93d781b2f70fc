"""The gradient checks of the layers that every ALBERT has."""

from functools import partial

import numpy as np

from .. import layers
from .one_check import (QUERIES, B, GradientCheck, H, T, layer_check, padding_mask,
                        random_parameters, small_config)


def layer_checks():
    """The layers of :mod:`albert_np.layers`."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((B, T, H))
    keep = layers.visible_keys(padding_mask())
    pairwise = rng.random((B, T, T)) < 0.6                              # some queries see nothing
    pairwise[0, 0] = False
    dropout = dict(hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.2)

    def layer(component, forward, backward, branch, config, x=x, keep=keep, **options):
        """A check of ``forward(params, x, keep, config, rng)`` with a fixed dropout mask."""
        return layer_check(component,
                      lambda params, x: forward(params, x, keep, config, np.random.default_rng(7)),
                      backward, branch(random_parameters(config)), x, config=config, **options)

    config = small_config()
    checks = [
        *_embeddings_checks(dropout),
        *[layer(f"attention, {what}", layers.attention_forward, layers.attention_backward,
                lambda params: params["encoder"]["attention"][0]["self_attention"], config,
                keep=mask)
          for what, config, mask in [
              ("no mask", small_config(), None),
              ("padding", small_config(), keep),
              ("(B, T, T) mask", small_config(), layers.visible_keys(pairwise)),
              ("dropout", small_config(**dropout), keep)]],
        *[layer(f"feed_forward, {act}",
                lambda params, x, keep, config, rng:
                    layers.feed_forward_forward(params, x, config),
                layers.feed_forward_backward,
                lambda params: params["encoder"]["feed_forward"][0]["feed_forward"],
                small_config(hidden_act=act))
          for act in ("gelu", "gelu_new", "relu", "tanh", "linear")],
        layer("attention_block", layers.attention_block_forward, layers.attention_block_backward,
              lambda params: params["encoder"]["attention"][0], small_config(**dropout)),
        layer("feed_forward_block",
              lambda params, x, keep, config, rng:
                  layers.feed_forward_block_forward(params, x, config, rng),
              layers.feed_forward_block_backward,
              lambda params: params["encoder"]["feed_forward"][0], small_config(**dropout)),
        layer("encoder_layer", layers.encoder_layer_forward, layers.encoder_layer_backward,
              lambda params: {name: blocks[0] for name, blocks in params["encoder"].items()},
              small_config(**dropout)),
    ]
    for what, changes in [
            ("sharing all", dict(sharing="all")),
            ("sharing attention", dict(sharing="attention")),
            ("sharing ffn", dict(sharing="ffn")),
            ("sharing none", dict(sharing="none")),
            ("groups", dict(num_hidden_groups=2, inner_group_num=2)),
            ("cross-layer residual", dict(cross_layer_residual=True))]:
        checks.append(layer(f"encoder, {what}", layers.encoder_forward, layers.encoder_backward,
                            lambda params: params["encoder"], small_config(**changes, **dropout),
                            entries=12))
    checks.append(layer(
        "encoder, recomputed layers", *_recomputed_encoder(), lambda params: params["encoder"],
        small_config(sharing="attention", cross_layer_residual=True, **dropout), entries=12))
    for name, branch, mask, changes in [
            ("attention", lambda params: params["encoder"]["attention"][0]["self_attention"],
             layers.visible_keys(pairwise), {}),
            ("attention_block", lambda params: params["encoder"]["attention"][0], keep, {}),
            ("encoder_layer",
             lambda params: {name: blocks[0] for name, blocks in params["encoder"].items()},
             keep, {}),
            ("encoder", lambda params: params["encoder"], keep,
             dict(cross_layer_residual=True))]:
        forward, backward = (getattr(layers, f"{name}_{way}") for way in ("forward", "backward"))
        checks.append(layer(f"{name}, some queries", partial(forward, queries=QUERIES), backward,
                            branch, small_config(**changes), keep=mask, entries=12))
    params = random_parameters(config)
    checks += [
        layer_check("pooler", layers.pooler_forward, layers.pooler_backward, params["pooler"], x),
        *_masked_lm_head_checks(x),
        layer_check("sentence_order_head", layers.sentence_order_head_forward,
               layers.sentence_order_head_backward, params["sop_head"], x[:, 0]),
    ]
    return checks


def _recomputed_encoder():
    """The encoder that keeps no attention probabilities: its output is the hidden states alone."""
    def forward(*arguments):
        (hidden_states, _), cache = layers.encoder_forward(*arguments, recompute=True)
        return hidden_states, cache

    def backward(params, dy, cache):
        return layers.encoder_backward(params, (dy, [None] * len(dy)), cache)

    return forward, backward


def _embeddings_checks(dropout):
    ids = np.array([[2, 9, 9, 4, 3], [2, 9, 3, 0, 0]])
    types = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]])
    for what, config in [
            ("E != H", small_config(**dropout)),
            ("E = H", small_config(embedding_size=H)),
            ("no mapping", small_config(embedding_size=H, embedding_mapping=False))]:
        yield GradientCheck(
            f"embeddings, {what}",
            lambda params, config=config: layers.embeddings_forward(
                params, ids, types, config, np.random.default_rng(7)),
            layers.embeddings_backward, random_parameters(config)["embeddings"], config=config)


def _masked_lm_head_checks(x):
    for act in ("gelu", "gelu_new"):
        config = small_config(hidden_act=act)
        params = random_parameters(config)

        def backward(inputs, dy, cache):
            dx, dword, grads = layers.masked_lm_head_backward(inputs["params"], dy, cache)
            return {"params": grads, "x": dx, "word": dword}

        yield GradientCheck(
            f"masked_lm_head, {act}",
            lambda inputs, config=config: layers.masked_lm_head_forward(
                inputs["params"], inputs["x"], inputs["word"], config),
            backward,
            {"params": params["mlm_head"], "x": x, "word": params["embeddings"]["word"]},
            config=config)
