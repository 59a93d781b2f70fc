"""The list of all gradient checks of this package: what is checked, on what, to which bound.

Sizes that could be mixed up are different (B=2, T=5, A=3, D=4, ...), so that a swapped axis cannot
pass; gammas are not 1 and biases not 0; dropout draws the same mask at every call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Callable

import numpy as np

from . import functional as F
from . import layers
from .config import AlbertConfig
from .gradcheck import check_directions, check_inputs_of
from .parameters.initial_values import initial_parameters
from .models import AlbertForPreTraining, AlbertModel, AlbertOutput
from .parameters import tree_map

B, T, E, A, D, H, FF, V, P = 2, 5, 6, 3, 4, 12, 14, 17, 7

QUERIES = np.array([[4, 0, 1], [2, 3, 0]])         # the positions that ask, where not all do

LAYER_BOUND, MODEL_BOUND = 1e-7, 1e-6
COMPLEX_IS_BETTER = 1e-6       # the complex step's bounds: 1e-13 and 1e-12, in both precisions


@dataclass
class GradientCheck:
    """One function, layer or model together with a point at which to check it.

    Attributes
    ----------
    component : str
        Its name in the table.
    forward, backward, inputs
        As :func:`~albert_np.gradcheck.check_inputs_of` takes them.
    bound : float
        The worst relative error that passes, by centred differences; by the complex step it is a
        million times smaller.
    entries : int or None
        How many random entries of each parameter are checked; None checks all.
    config : AlbertConfig or None
        What it is built from; None for functions, which need none.
    """

    component: str
    forward: Callable
    backward: Callable
    inputs: Any
    bound: float = LAYER_BOUND
    entries: int | None = None
    config: AlbertConfig | None = None

    def run(self, method="centred", seed=0):
        """Check it.

        Returns
        -------
        list of GradientReport
        """
        rng = np.random.default_rng([seed, 1])     # not the generator that the inputs came from
        reports = check_inputs_of(self.forward, self.backward, self.inputs, rng=rng,
                                  entries=self.entries, method=method)
        if self.entries is not None:
            reports.append(check_directions(self.forward, self.backward, self.inputs, rng=rng,
                                            method=method))
        return reports


def all_checks():
    """Every gradient check of the package.

    Returns
    -------
    list of GradientCheck
    """
    from .task_gradient_checks import task_checks
    return [*function_checks(), *layer_checks(), *model_checks(), *task_checks()]


# ---- functions -----------------------------------------------------------------------------------

def function_checks():
    """The functions of :mod:`albert_np.functional`."""
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape)

    ids = np.array([[3, 1, 3, 16, 0], [3, 2, 2, 5, 1]])                # duplicates must add up
    keep = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], bool)          # the second row sees nothing
    labels = np.array([3, -100, 0, 16, 3, -100, 7])
    weights = np.array([0.5, 2.0, 1.0, 0.0, 3.0, 1.0, 0.25])
    away_from_0 = normal(3, 5)
    away_from_0 += np.sign(away_from_0) * 0.1                          # relu has a kink there

    def dropout(x):
        return F.dropout_forward(x, 0.4, np.random.default_rng(7))

    return [
        _function("linear", F.linear_forward, F.linear_backward,
                  x=normal(B, T, E), W=normal(E, H), b=normal(H)),
        _function("rows_at", lambda x: F.rows_at_forward(x, QUERIES), F.rows_at_backward,
                  x=normal(B, T, E)),
        _function("embedding", lambda table: F.embedding_forward(table, ids),
                  F.embedding_backward, table=normal(V, E)),
        _function("layer_norm", F.layer_norm_forward, F.layer_norm_backward,
                  x=normal(B, T, H), gamma=normal(H), beta=normal(H)),
        _function("layer_norm, large eps",
                  lambda x, gamma, beta: F.layer_norm_forward(x, gamma, beta, eps=0.5),
                  F.layer_norm_backward, x=normal(B, T, H), gamma=normal(H), beta=normal(H)),
        _function("gelu", F.gelu_forward, F.gelu_backward, x=2 * normal(B, T, E)),
        _function("gelu_new", F.gelu_new_forward, F.gelu_new_backward, x=2 * normal(B, T, E)),
        _function("relu", F.relu_forward, F.relu_backward, x=away_from_0),
        _function("tanh", F.tanh_forward, F.tanh_backward, x=normal(B, T)),
        _function("softmax", F.softmax_forward, F.softmax_backward, x=normal(B, 3, T)),
        _function("masked_softmax", lambda x: F.masked_softmax_forward(x, keep[:, None, :]),
                  F.masked_softmax_backward, x=normal(B, 3, T)),
        _function("dropout", dropout, F.dropout_backward, x=normal(B, T, E)),
        _function("cross_entropy", lambda x: F.cross_entropy_forward(x, labels),
                  F.cross_entropy_backward, x=normal(7, V)),
        _function("cross_entropy, weights",
                  lambda x: F.cross_entropy_forward(x, labels, weights=weights),
                  F.cross_entropy_backward, x=normal(7, V)),
        _function("mean_squared_error",
                  lambda x: F.mean_squared_error_forward(x, np.arange(3.0)),
                  F.mean_squared_error_backward, x=normal(3)),
        _function("binary_cross_entropy",
                  lambda x: F.binary_cross_entropy_forward(x, np.eye(3, 4)),
                  F.binary_cross_entropy_backward, x=3 * normal(3, 4)),
    ]


def _function(component, forward, backward, **arguments):
    """A check of ``forward(*arrays)`` and ``backward(dy, cache) -> gradients in that order``."""
    names = list(arguments)

    def forward_of_inputs(inputs):
        return forward(*inputs.values())

    def backward_of_inputs(inputs, dy, cache):
        gradients = backward(dy, cache)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        return dict(zip(names, gradients, strict=True))

    return GradientCheck(component, forward_of_inputs, backward_of_inputs, arguments)


# ---- layers --------------------------------------------------------------------------------------

def small_config(**changes):
    """A configuration whose sizes are all different."""
    return AlbertConfig(**{**dict(
        vocab_size=V, embedding_size=E, hidden_size=H, num_hidden_layers=3, num_attention_heads=A,
        intermediate_size=FF, max_position_embeddings=P, hidden_act="gelu_new"), **changes})


def random_parameters(config, seed=1):
    """Parameters of that configuration with every bias away from 0 and every gamma from 1."""
    rng = np.random.default_rng(seed)
    params = initial_parameters(config, rng, np.float64)
    return tree_map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape), params)


def padding_mask():
    """Two sequences, of which the second has three tokens and two of padding."""
    mask = np.ones((B, T), int)
    mask[1, 3:] = 0
    return mask


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
        return _layer(component,
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
        _layer("pooler", layers.pooler_forward, layers.pooler_backward, params["pooler"], x),
        *_masked_lm_head_checks(x),
        _layer("sentence_order_head", layers.sentence_order_head_forward,
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


def _layer(component, forward, backward, params, x, **options):
    """A check of the layer contract: forward(params, x), backward(params, dy, cache)."""
    def forward_of_inputs(inputs):
        return forward(inputs["params"], inputs["x"])

    def backward_of_inputs(inputs, dy, cache):
        dx, grads = backward(inputs["params"], dy, cache)
        return {"params": grads, "x": dx}

    return GradientCheck(component, forward_of_inputs, backward_of_inputs,
                         {"params": params, "x": x}, **options)


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


# ---- models --------------------------------------------------------------------------------------

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
    checks.append(_pretraining_check("last layer where asked", small_config(**dropout),
                                     only_asked=True))
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


# ---- the report ----------------------------------------------------------------------------------

def bound_of(check, method):
    """The worst relative error that passes with this method.

    Parameters
    ----------
    check : GradientCheck
    method : {"centred", "complex", "extended"}

    Returns
    -------
    float
    """
    return check.bound * (1 if method == "centred" else COMPLEX_IS_BETTER)


def faults(check, reports, method="centred"):
    """The reports that exceed the check's bound.

    Parameters
    ----------
    check : GradientCheck
    reports : list of GradientReport
    method : {"centred", "complex", "extended"}

    Returns
    -------
    list of GradientReport
    """
    return [report for report in reports if not report.error <= bound_of(check, method)]


def run_all(method="centred", seed=0, only=None):
    """Run every check, one after the other.

    Parameters
    ----------
    method : {"centred", "complex", "extended"}
    seed : int
    only : str, optional
        Run those whose component contains this word.

    Yields
    ------
    (GradientCheck, list of GradientReport)
    """
    for check in all_checks():
        if only is None or only in check.component:
            yield check, check.run(method, seed)
