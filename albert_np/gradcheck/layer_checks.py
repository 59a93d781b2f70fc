"""The gradient checks of the layers that every ALBERT has."""

from functools import partial

import numpy as np

from .. import layers
from .one_check import (POSITIONS, B, GradientCheck, H, T, layer_check, padding_mask,
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
        return layer_check(
            component,
            lambda params, x: forward(params, x, keep, config, np.random.default_rng(7)),
            backward, branch(random_parameters(config)), x, config=config, **options)

    def attending(component, name, branch, config, keep, x_kv=None, **options):
        """A check of a layer that asks with one array and looks at another.

        Without ``x_kv`` both are x, as in an encoder, and their gradients add up.
        """
        forward, backward = (getattr(layers, f"{name}_{way}") for way in ("forward", "backward"))

        def forward_of_inputs(inputs):
            return forward(inputs["params"], inputs["x"], inputs.get("x_kv", inputs["x"]), keep,
                           config, np.random.default_rng(7))

        def backward_of_inputs(inputs, dy, cache):
            dx_q, dx_kv, grads = backward(inputs["params"], dy, cache)
            if x_kv is None:
                return {"params": grads, "x": dx_q + dx_kv}
            return {"params": grads, "x": dx_q, "x_kv": dx_kv}

        inputs = {"params": branch(random_parameters(config)), "x": x}
        if x_kv is not None:
            inputs |= {"x": x[:, :3], "x_kv": x_kv}
        return GradientCheck(component, forward_of_inputs, backward_of_inputs, inputs,
                             config=config, **options)

    def attention(params):
        return params["encoder"]["attention"][0]["self_attention"]

    def block(params):
        return params["encoder"]["attention"][0]

    def first_layer(params):
        return {name: blocks[0] for name, blocks in params["encoder"].items()}

    config = small_config()
    checks = [
        *_embeddings_checks(dropout),
        *_patch_embeddings_checks(dropout),
        *[attending(f"attention, {what}", "attention", attention, config, mask)
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
        attending("attention_block", "attention_block", block, small_config(**dropout), keep),
        layer("feed_forward_block",
              lambda params, x, keep, config, rng:
                  layers.feed_forward_block_forward(params, x, config, rng),
              layers.feed_forward_block_backward,
              lambda params: params["encoder"]["feed_forward"][0], small_config(**dropout)),
        attending("encoder_layer", "encoder_layer", first_layer, small_config(**dropout), keep),
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
    other = rng.standard_normal((B, T, H))
    of_three = layers.visible_keys(pairwise)[:, :, :3]                   # (B, 1, 3, T)
    for name, branch, mask in [("attention", attention, of_three), ("attention_block", block, keep),
                               ("encoder_layer", first_layer, keep)]:
        checks.append(attending(f"{name}, two arrays", name, branch, small_config(), mask, other,
                                entries=12))
    checks.append(layer(
        "encoder, some positions", partial(layers.encoder_forward, positions=POSITIONS),
        layers.encoder_backward, lambda params: params["encoder"],
        small_config(cross_layer_residual=True), keep=layers.visible_keys(pairwise), entries=12))
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


def _patch_embeddings_checks(dropout):
    rng = np.random.default_rng(3)
    patches, N = rng.standard_normal((B, T - 1, 8)), T - 1               # P = 8; one row is unused
    params = {"projection": {"W": rng.standard_normal((8, H)), "b": rng.standard_normal(H)},
              "mask": rng.standard_normal(H), "position": rng.standard_normal((T, H)),
              "modality": rng.standard_normal(H),
              "layer_norm": {"gamma": rng.standard_normal(H), "beta": rng.standard_normal(H)}}
    masked = np.zeros((B, N), bool)
    masked[0, 1] = masked[1, 0] = masked[1, 1] = True
    for what, hidden, config in [("no masks", None, small_config()),
                                 ("masked patches, dropout", masked, small_config(**dropout))]:
        yield layer_check(
            f"patch_embeddings, {what}",
            lambda params, x, hidden=hidden, config=config: layers.patch_embeddings_forward(
                params, x, hidden, config, np.random.default_rng(7)),
            layers.patch_embeddings_backward, params, patches, config=config)


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
