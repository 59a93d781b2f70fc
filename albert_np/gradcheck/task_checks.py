"""The gradient checks of the heads and models of tasks, a part of the list of all checks."""

import numpy as np

from .. import layers, models
from ..functional.trees import tree_map
from ..inference.translation import prefix_lm_mask
from ..layers.heads import squad2_head
from ..models.outputs import AlbertOutput
from ..parameters.initial_values import initial_parameters
from .one_check import MODEL_BOUND, B, GradientCheck, H, T, layer_check, padding_mask, small_config

K, C = 4, 3      # classes and choices: B, T, E, ... are other numbers, or stand on other axes
IDS = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]])
TYPES = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]])
P_MASK = np.array([[0, 1, 0, 0, 0], [0, 0, 0, 1, 1]])
DROPOUT = dict(classifier_dropout_prob=0.3)
NO_DROPOUT = dict(classifier_dropout_prob=0.0)


def task_checks():
    """Every gradient check of heads and models for tasks.

    Returns
    -------
    list of GradientCheck
    """
    return [*head_checks(), *task_model_checks()]


def parameters_of(config, components, seed=1):
    """Parameters of these components with every bias away from 0 and every gamma from 1."""
    rng = np.random.default_rng(seed)
    params = initial_parameters(config, rng, np.float64, components)
    params = tree_map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape), params)
    return {name: params[name] for name in components}


# ---- heads ---------------------------------------------------------------------------------------

def head_checks():
    """The heads of :mod:`albert_np.layers` that belong to tasks."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((B, T, H))
    start_logits = np.where(P_MASK, squad2_head.HIDDEN, rng.standard_normal(P_MASK.shape))
    starts = np.array([[4, 0], [2, 2]])                    # the second start twice: they add up
    config = small_config(num_labels=K, **DROPOUT)
    params = parameters_of(config, ("classification_head", "span_head", "squad_head"))
    squad = params["squad_head"]

    def dropout():
        return np.random.default_rng(7)                    # the same mask at every call

    def answer_backward(inputs, dy, cache):
        dx, dstart, grads = layers.squad_answer_backward(inputs["params"], dy, cache)
        free = np.where(P_MASK, 0, dstart)                 # a hidden score is no input
        assert (dstart == free).all()
        return {"params": grads, "x": dx, "start_logits": dstart}

    return [
        layer_check(
            "classification_head, dropout",
            lambda params, x: layers.classification_head_forward(params, x, config, dropout()),
            layers.classification_head_backward, params["classification_head"], x, config=config),
        layer_check("span_head", layers.span_head_forward, layers.span_head_backward,
                    params["span_head"], x),
        layer_check("squad_end, several starts",
                    lambda params, x: layers.squad_end_forward(params, x, starts, 1e-12),
                    layers.squad_end_backward, squad["end"], x),
        GradientCheck(
            "squad_answer, dropout",
            lambda inputs: layers.squad_answer_forward(
                inputs["params"], inputs["x"], inputs["start_logits"], config, dropout()),
            answer_backward,
            {"params": squad["answer"], "x": x, "start_logits": start_logits}, config=config),
        layer_check("squad_head, the right start",
                    lambda params, x: layers.squad_head_forward(
                        params, x, P_MASK == 0, np.array([[2], [0]]), config, dropout()),
                    layers.squad_head_backward, squad, x, config=config),
        layer_check("squad_head, the best starts",
                    lambda params, x: layers.squad_head_forward(
                        params, x, P_MASK == 0, None, config, dropout(), n_top=2),
                    layers.squad_head_backward, squad, x, config=config),
    ]


# ---- models --------------------------------------------------------------------------------------

def task_model_checks():
    """The models of :mod:`albert_np.models`, each with every kind of label."""
    several = np.array([[1, 0, 0.25, 1], [0, 1, 1, 0]])
    numbers = np.array([[0.5, -2.0, 3.0, 1.0], [4.0, 0.0, -1.0, 2.5]])
    tags = np.array([[-100, 3, 0, 3, -100], [-100, 1, 2, -100, -100]])
    pieces = np.array([[-100, 5, -100, -100, 0], [-100, -100, 16, -100, -100]])
    choices = dict(input_ids=np.stack([IDS, IDS[::-1] % 7, IDS * 2 % 11], axis=1),       # (B, C, T)
                   attention_mask=np.stack([padding_mask()] * C, axis=1),
                   token_type_ids=np.stack([TYPES] * C, axis=1))
    positions = dict(start_positions=np.array([2, 0]), end_positions=np.array([3, 0]))
    away = dict(start_positions=np.array([7, 1]), end_positions=np.array([3, 5]))  # of 5 tokens
    loss, spans = ("loss",), ("start_logits", "end_logits")
    kinds = dict(single_label_classification=np.array([3, 1]),
                 multi_label_classification=several, regression=numbers)

    weights = np.array([0.25, 3.0])

    def classification(what, problem, outputs=loss, given=None, **changes):
        return _model("AlbertForSequenceClassification", what,
                      small_config(num_labels=K, problem_type=problem, **changes), outputs,
                      **({} if problem is None else dict(labels=kinds[problem])), **(given or {}))

    return [
        *[classification(problem.replace("_", " "), problem, **NO_DROPOUT) for problem in kinds],
        _model("AlbertForSequenceClassification", "one number",
               small_config(num_labels=1, **NO_DROPOUT), loss, labels=numbers[:, 0]),
        classification("weights of labels", "single_label_classification", **NO_DROPOUT,
                       given=dict(label_weights=weights, label_counts=dict(labels=4.5))),
        classification("dropout", "single_label_classification", **DROPOUT),
        classification("every output", None, TRUNK + ("logits", "pooled_output"), **NO_DROPOUT),
        _model("AlbertForTokenClassification", "ignored labels",
               small_config(num_labels=K, **NO_DROPOUT), loss, labels=tags),
        _model("AlbertForTokenClassification", "dropout",
               small_config(num_labels=K, **DROPOUT), loss, labels=tags),
        _model("AlbertForTokenClassification", "every output",
               small_config(num_labels=K, **NO_DROPOUT), TRUNK + ("logits",)),
        _model("AlbertForMultipleChoice", "labels", small_config(**NO_DROPOUT), loss,
               choices, labels=np.array([2, 0])),
        _model("AlbertForMultipleChoice", "dropout", small_config(**DROPOUT), loss,
               choices, labels=np.array([2, 0])),
        _model("AlbertForMultipleChoice", "every output", small_config(**NO_DROPOUT),
               TRUNK + ("logits", "pooled_output"), choices),
        _model("AlbertForQuestionAnswering", "positions", small_config(), loss, **positions),
        _model("AlbertForQuestionAnswering", "positions outside", small_config(), loss, **away),
        _model("AlbertForQuestionAnswering", "every output", small_config(), TRUNK + spans),
        _model("AlbertForSquad2", "answerable or not", small_config(**NO_DROPOUT), loss,
               **positions, is_impossible=np.array([0, 1]), p_mask=P_MASK),
        _model("AlbertForSquad2", "positions alone", small_config(**NO_DROPOUT), loss,
               **positions),
        _model("AlbertForSquad2", "dropout", small_config(**DROPOUT), loss, **positions,
               is_impossible=np.array([0, 1]), p_mask=P_MASK),
        _model("AlbertForSquad2", "every output", small_config(**NO_DROPOUT),
               TRUNK + spans + ("cls_logits",), p_mask=P_MASK, start_n_top=2),
        _model("AlbertForMaskedLM", "labels", small_config(), loss, labels=pieces),
        _model("AlbertForMaskedLM", "prefix mask", small_config(hidden_dropout_prob=0.2), loss,
               dict(input_ids=IDS, attention_mask=prefix_lm_mask([3, 2], [2, 1], T),
                    token_type_ids=TYPES), labels=pieces),
        _model("AlbertForMaskedLM", "the last layer at the labels", small_config(), loss,
               labels=pieces, positions=np.array([[4, 1], [0, 2]])),
        _model("AlbertForMaskedLM", "a part of a batch", small_config(), loss, labels=pieces,
               label_counts=dict(labels=9)),
        _model("AlbertForMaskedLM", "every output", small_config(), TRUNK + ("logits",)),
    ]


TRUNK = ("sequence_output", "hidden_states", "attentions")


def _model(name, what, config, outputs, inputs=None, **given):
    """A check of the gradients of the named outputs with respect to every parameter."""
    inputs = inputs or dict(input_ids=IDS, attention_mask=padding_mask(), token_type_ids=TYPES)
    model = getattr(models, name)(config, dtype=np.float64)

    def forward(params):
        model.params = params
        output, cache = model.forward(**inputs, **given, rng=np.random.default_rng(7))
        return {name: getattr(output, name) for name in outputs}, cache

    def backward(params, dy, cache):
        model.params = params
        return model.backward(cache, AlbertOutput(**dy))

    return GradientCheck(f"{name}, {what}", forward, backward,
                         parameters_of(config, model.components), bound=MODEL_BOUND,
                         entries=8, config=config)
