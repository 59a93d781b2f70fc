"""The gradient checks of whole models: those that are pretrained; `task_checks` has the others."""

import numpy as np

from ..functional.trees import tree_map
from ..models import AlbertForPreTraining, AlbertModel, AlbertOutput
from ..models.words_and_pictures import (three_losses_backward, three_losses_forward,
                                         words_and_patches_backward, words_and_patches_forward,
                                         words_and_pictures_backward, words_and_pictures_forward,
                                         words_and_pictures_parameters)
from .one_check import (MODEL_BOUND, B, GradientCheck, H, T, padding_mask, random_parameters,
                        small_config)


def model_checks():
    """Whole models, by single entries and along random directions of all parameters at once."""
    dropout = dict(hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.1)
    checks = [_pretraining_check(what, small_config(**changes)) for what, changes in [
        ("sharing all", dict(sharing="all")),
        ("sharing attention", dict(sharing="attention")),
        ("sharing ffn", dict(sharing="ffn")),
        ("sharing none", dict(sharing="none")),
        ("groups", dict(num_hidden_groups=2, inner_group_num=2)),
        ("gelu (erf)", dict(hidden_act="gelu")),
        ("dropout", dropout),
        ("E = H", dict(embedding_size=H)),
        ("E = H, no mapping", dict(embedding_size=H, embedding_mapping=False)),
        ("cross-layer residual", dict(cross_layer_residual=True)),
        ("sop_weight 0.3", dict(sop_weight=0.3))]]
    checks.append(_pretraining_check("last layer at the labels", small_config(**dropout),
                                     positions=np.array([[0, 1, 4], [0, 2, 1]])))
    checks.append(_pretraining_check("a part of a batch", small_config(),
                                     label_counts={"labels": 7, "sentence_order_label": 3}))
    checks.append(_pretraining_check("no labels", small_config(), with_labels=False))
    checks.append(_pretraining_check("every output", small_config(), outputs=(
        "loss", "mlm_loss", "sop_loss", "prediction_logits", "sop_logits", "sequence_output",
        "pooled_output", "hidden_states", "attentions")))
    checks.append(_model_check("AlbertModel, every output", AlbertModel, small_config(**dropout),
                               ("sequence_output", "pooled_output", "hidden_states",
                                "attentions"), {}))
    checks += _words_and_pictures_checks(dropout)
    return checks


def _words_and_pictures_checks(dropout):
    """With respect to the pixels and to every parameter of the model and its three heads."""
    rng = np.random.default_rng(4)
    N, P_ = 4, 8
    ids, (patches, pixels) = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]]), rng.standard_normal(
        (2, B, N, P_))
    masked = np.array([[True, False, False, True], [False, True, True, False]])
    predicted = np.array([[True, False, False, True], [False, False, False, False]])
    labels = np.full((B, T), -100)
    labels[0, 1], labels[0, 3], labels[1, 2] = 9, 0, 16

    def parameters(config):
        params = words_and_pictures_parameters(config, N, P_, rng, np.float64)
        return tree_map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape), params)

    def check(component, forward, backward, config, params):
        return GradientCheck(component, forward, backward, {"params": params, "patches": patches},
                             entries=8, config=config)

    def whole(what, config, predicted):
        def forward(inputs):
            losses, cache = words_and_pictures_forward(
                inputs["params"], config, ids, inputs["patches"], padding_mask(), masked, labels,
                pixels, predicted, np.array([0, 1]), np.random.default_rng(7))
            return losses.loss, cache

        def backward(inputs, dy, cache):
            dpatches, grads = words_and_pictures_backward(inputs["params"], dy, cache)
            return {"params": grads, "patches": dpatches}

        return check(f"words_and_pictures, {what}", forward, backward, config, parameters(config))

    def beneath(what, name, config):
        def forward(inputs):
            output, cache = words_and_patches_forward(inputs["params"], config, ids,
                                                      inputs["patches"])
            return getattr(output, name), cache

        def backward(inputs, dy, cache):
            upstream = {"sequence_output": (dy, None), "pooled_output": (None, dy)}[name]
            dpatches, grads = words_and_patches_backward(inputs["params"], *upstream, cache)
            return {"params": grads, "patches": dpatches}

        params = parameters(config)
        return check(f"words_and_patches, {what}", forward, backward, config, {
            branch: params[branch]
            for branch in ("embeddings", "patch_embeddings", "encoder", "pooler")})

    def losses(what, config):
        def forward(inputs):
            output = AlbertOutput(sequence_output=inputs["sequence"],
                                  pooled_output=inputs["pooled"])
            found, cache = three_losses_forward(inputs["params"], config, output, labels, pixels,
                                                predicted, np.array([0, 1]))
            return found.loss, cache

        def backward(inputs, dy, cache):
            d_sequence, d_pooled, dword, heads = three_losses_backward(inputs["params"], dy, cache)
            return {"params": {"embeddings": {"word": dword}, **heads}, "sequence": d_sequence,
                    "pooled": d_pooled}

        params = parameters(config)
        heads = {name: params[name] for name in ("mlm_head", "pixel_head", "matching_head")}
        return GradientCheck(f"three_losses, {what}", forward, backward, {
            "params": {"embeddings": {"word": params["embeddings"]["word"]}, **heads},
            "sequence": rng.standard_normal((B, T + N, H)), "pooled": rng.standard_normal((B, H))},
            entries=8, config=config)

    return [losses("words, patches and matching", small_config()),
            whole("three losses", small_config(**dropout), predicted),
            whole("no predicted patches", small_config(), predicted & False),
            beneath("the last hidden state", "sequence_output", small_config()),
            beneath("the pooled output", "pooled_output", small_config())]


def _pretraining_check(what, config, with_labels=True, outputs=None, **given):
    labels = np.full((B, T), -100)
    labels[0, 1], labels[0, 4], labels[1, 2] = 9, 0, 16
    if with_labels:
        given = dict(given, labels=labels, sentence_order_label=np.array([1, 0]))
    outputs = outputs or (("loss",) if with_labels else ("prediction_logits", "sop_logits"))
    return _model_check(f"AlbertForPreTraining, {what}", AlbertForPreTraining, config, outputs,
                        given)


def _model_check(component, model_class, config, outputs, given):
    """A check of the gradients of the named outputs with respect to every parameter."""
    ids = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]])
    types = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]])
    model = model_class(config, dtype=np.float64)

    def forward(params):
        model.params = params
        output, cache = model.forward(ids, padding_mask(), types, **given,
                                      rng=np.random.default_rng(7))
        return {name: getattr(output, name) for name in outputs}, cache

    def backward(params, dy, cache):
        model.params = params
        return model.backward(cache, AlbertOutput(**dy))

    params = {name: random_parameters(config)[name] for name in model.components}
    return GradientCheck(component, forward, backward, params, bound=MODEL_BOUND, entries=8,
                         config=config)
