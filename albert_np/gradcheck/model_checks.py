"""The gradient checks of whole models: those that are pretrained; `task_checks` has the others."""

import numpy as np

from ..models import AlbertForPreTraining, AlbertModel, AlbertOutput
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
    return checks


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
