"""The models of tasks: losses by their definitions, outputs, names, and bad input."""

from dataclasses import replace

import numpy as np
import pytest

import albert_np
from albert_np import models
from albert_np.gradcheck.one_check import padding_mask, small_config
from albert_np.gradcheck.task_checks import parameters_of
from albert_np.layers.heads.squad2_head import HIDDEN
from albert_np.models.inputs import labelled_positions
from albert_np.optim import AdamW
from albert_np.parameters import flatten

IDS = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]])
TAGS = np.array([[-100, 3, 0, 3, -100], [-100, 1, 2, -100, -100]])
POSITIONS = dict(start_positions=[2, 1], end_positions=[3, 1])
LABELS = {
    "AlbertForMaskedLM": dict(labels=[[-100, 5, -100, -100, 0], [-100, -100, 16, -100, -100]]),
    "AlbertForSequenceClassification": dict(labels=[3, 1]),
    "AlbertForTokenClassification": dict(labels=TAGS),
    "AlbertForMultipleChoice": dict(labels=[0, 2]),
    "AlbertForQuestionAnswering": POSITIONS,
    "AlbertForSquad2": dict(**POSITIONS, is_impossible=[0, 1]),
}
EVERY_MODEL = pytest.mark.parametrize("name", models.TASK_MODELS)


def make(name, dtype=np.float64, **changes):
    """A model of four classes with parameters that have left their initial values."""
    config = small_config(**{**dict(num_labels=4), **changes})
    model = getattr(albert_np, name)(config, dtype=dtype)
    params = flatten(parameters_of(config, model.components))
    for key, leaf in flatten(model.params).items():
        leaf[...] = params[key]
    return model


def inputs_for(name):
    ids, mask = IDS, padding_mask()
    if name == "AlbertForMultipleChoice":
        ids, mask = np.stack([ids, ids % 7, ids * 2 % 11], axis=1), np.stack([mask] * 3, axis=1)
    return dict(input_ids=ids, attention_mask=mask)


def probabilities(logits):
    e = np.exp(logits)
    return e / e.sum(axis=-1, keepdims=True)


# ---- losses by their definitions -----------------------------------------------------------------

def test_a_single_label():
    model = make("AlbertForSequenceClassification")
    output, _ = model.forward(IDS, padding_mask(), labels=[3, 1])
    assert output.logits.shape == (2, 4)
    p = probabilities(output.logits)
    assert output.loss == pytest.approx(-np.log(p[[0, 1], [3, 1]]).mean())
    output, _ = model.forward(IDS, padding_mask(), labels=[[3], [-100]])
    assert output.loss == pytest.approx(-np.log(p[0, 3]))


def test_labels_without_any_weight_cost_nothing():
    """Like labels that are all -100."""
    model = make("AlbertForSequenceClassification")
    for given in (dict(labels=[3, 1], label_weights=[0, 0]), dict(labels=[-100, -100]),
                  dict(labels=[-100, 1], label_weights=[2.0, 0.0])):
        output, cache = model.forward(IDS, padding_mask(), **given)
        assert output.loss == 0
        assert not any(leaf.any() for leaf in flatten(model.backward(cache)).values())


@pytest.mark.parametrize("given, sentence", [
    (dict(label_weights=[1, 1]), "but there are no labels"),
    (dict(labels=[[1.0, 0, 0, 1], [0, 1, 1, 0]], label_weights=[1, 1]),
     "but this is multi_label_classification"),
    (dict(labels=[3, 1], label_weights=[1.0]), r"must have shape \(2,\)"),
    (dict(labels=[3, 1], label_weights=[1.0, -1.0]), "finite numbers of at least 0")])
def test_weights_that_no_labels_can_have(given, sentence):
    with pytest.raises(ValueError, match=f"^label_weights .*{sentence}"):
        make("AlbertForSequenceClassification").forward(IDS, padding_mask(), **given)


def test_several_labels():
    model = make("AlbertForSequenceClassification")
    truth = np.array([[1, 0, 0, 1], [0, 1, 1, 0]])
    p = 1 / (1 + np.exp(-model.forward(IDS, padding_mask())[0].logits))
    expected = -np.log(np.where(truth, p, 1 - p)).mean()
    assert model.forward(IDS, padding_mask(), labels=truth * 1.0)[0].loss == pytest.approx(expected)
    model.config.problem_type = "multi_label_classification"          # then integers will do
    assert model.forward(IDS, padding_mask(), labels=truth)[0].loss == pytest.approx(expected)


@pytest.mark.parametrize("K, labels", [(1, [2, -1]), (1, [2.5, -1.0]), (1, [[2.5], [-1.0]]),
                                       (4, [[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.5, -7.0]])])
def test_regression(K, labels):
    """With one label it is regression, whatever the numbers; with more it must be said."""
    model = make("AlbertForSequenceClassification", num_labels=K,
                 problem_type=None if K == 1 else "regression")
    output, _ = model.forward(IDS, padding_mask(), labels=labels)
    assert output.logits.shape == (2, K)
    difference = output.logits - np.reshape(labels, (2, K))
    assert output.loss == pytest.approx((difference**2).mean())
    assert model.config.problem_type == (None if K == 1 else "regression")     # left as it was


def test_tokens():
    output, _ = make("AlbertForTokenClassification").forward(IDS, padding_mask(), labels=TAGS)
    p = probabilities(output.logits)[TAGS != -100]
    assert output.logits.shape == (2, 5, 4) and len(p) == 5
    assert output.loss == pytest.approx(-np.log(p[range(5), TAGS[TAGS != -100]]).mean())


def test_choices_compete_with_each_other():
    model = make("AlbertForMultipleChoice")
    inputs = inputs_for("AlbertForMultipleChoice")
    output, _ = model.forward(**inputs, labels=[0, 2])
    assert output.logits.shape == (2, 3)
    p = probabilities(output.logits)
    assert output.loss == pytest.approx(-np.log(p[[0, 1], [0, 2]]).mean())
    for b in range(2):
        for c in range(3):
            alone, _ = model.forward(inputs["input_ids"][b:b + 1, c:c + 1],
                                     inputs["attention_mask"][b:b + 1, c:c + 1])
            assert alone.logits.item() == pytest.approx(output.logits[b, c])


def test_choices_take_a_mask_for_each_query():
    model, inputs = make("AlbertForMultipleChoice"), inputs_for("AlbertForMultipleChoice")
    pairwise = np.repeat(inputs["attention_mask"][:, :, None], 5, axis=2)          # (B, C, T, T)
    np.testing.assert_allclose(model.forward(inputs["input_ids"], pairwise)[0].logits,
                               model.forward(**inputs)[0].logits)


def test_the_fewest_choices_there_can_be():
    model = make("AlbertForMultipleChoice")
    assert model.forward([[[5]]])[0].logits.shape == (1, 1)
    for shape in ((0, 3, 5), (2, 0, 5), (2, 3, 0), (2, 5), (2, 3, 5, 1)):
        with pytest.raises(ValueError, match="must be .batch, choices, tokens. with at least one"):
            model.forward(np.zeros(shape, int))


def test_answers():
    output, _ = make("AlbertForQuestionAnswering").forward(IDS, padding_mask(), **POSITIONS)
    start, end = probabilities(output.start_logits), probabilities(output.end_logits)
    assert output.loss == pytest.approx(-np.log([start[0, 2], start[1, 1], end[0, 3],
                                                 end[1, 1]]).mean())


def test_positions_outside_do_not_count():
    model = make("AlbertForQuestionAnswering")
    output, _ = model.forward(IDS, padding_mask(), start_positions=[5, -3], end_positions=[3, 99])
    start, end = probabilities(output.start_logits), probabilities(output.end_logits)
    assert output.loss == pytest.approx((-np.log(start[1, 0]) - np.log(end[0, 3])) / 2)
    output, cache = model.forward(IDS, start_positions=[5, 5], end_positions=[7, 7])
    assert output.loss == 0
    assert all((leaf == 0).all() for leaf in flatten(model.backward(cache)).values())


def test_masked_words_are_scored_where_they_are_asked_for():
    model = make("AlbertForMaskedLM")
    labels = np.array(LABELS["AlbertForMaskedLM"]["labels"])
    everywhere, _ = model.forward(IDS, padding_mask())
    asked, _ = model.forward(IDS, padding_mask(), labels=labels)
    assert everywhere.logits.shape == (2, 5, 17) and asked.logits.shape == (3, 17)
    np.testing.assert_allclose(asked.logits, everywhere.logits[labels != -100], rtol=1e-12)
    assert asked.loss == pytest.approx(
        -np.log(probabilities(asked.logits)[range(3), [5, 0, 16]]).mean())


def test_the_last_layer_at_the_labels_gives_the_same():
    model, outcomes = make("AlbertForMaskedLM"), []
    labels = LABELS["AlbertForMaskedLM"]
    for positions in (None, labelled_positions(labels["labels"])):
        output, cache = model.forward(IDS, padding_mask(), **labels, positions=positions)
        outcomes.append({"logits": output.logits, **flatten(model.backward(cache))})
    assert output.sequence_output.shape == (2, 3, 12)      # [CLS] and at most two labels
    for key, value in outcomes[0].items():
        np.testing.assert_allclose(outcomes[1][key], value, atol=1e-14)


def test_masked_words_are_scored_as_in_pretraining():
    from albert_np import AlbertForPreTraining
    model = make("AlbertForMaskedLM")
    other = AlbertForPreTraining(model.config, dtype=np.float64)
    other.params.update(model.params)
    np.testing.assert_array_equal(model.forward(IDS, padding_mask())[0].logits,
                                  other.forward(IDS, padding_mask())[0].prediction_logits)


# ---- the SQuAD 2 head ----------------------------------------------------------------------------

P_MASK = np.array([[0, 1, 0, 0, 0], [0, 0, 0, 1, 1]])


def test_squad2_loss():
    model = make("AlbertForSquad2")
    output, _ = model.forward(IDS, padding_mask(), **POSITIONS, is_impossible=[0, 1], p_mask=P_MASK)
    start, end = probabilities(output.start_logits), probabilities(output.end_logits)
    span = -np.log([start[0, 2], start[1, 1], end[0, 3], end[1, 1]]).mean()
    no = 1 / (1 + np.exp(-output.cls_logits))
    assert output.loss == pytest.approx(span - np.log([1 - no[0], no[1]]).mean() / 2)
    alone, _ = model.forward(IDS, padding_mask(), **POSITIONS, p_mask=P_MASK)
    assert alone.loss == pytest.approx(span)


def test_squad2_answers_nowhere_else():
    output, _ = make("AlbertForSquad2").forward(IDS, padding_mask(), p_mask=P_MASK, start_n_top=3)
    assert ((output.start_logits == HIDDEN) == (P_MASK == 1)).all()
    assert ((output.end_logits == HIDDEN) == (P_MASK == 1)[:, None]).all()
    assert (probabilities(output.start_logits)[P_MASK == 1] == 0).all()
    assert not (np.take_along_axis(P_MASK, output.start_top_index, axis=1) == 1).any()


def test_squad2_hides_the_padding_by_itself():
    model = make("AlbertForSquad2")
    output, _ = model.forward(IDS, padding_mask())
    assert ((output.start_logits == HIDDEN) == (padding_mask() == 0)).all()
    pairwise = padding_mask()[:, None] * np.ones((1, 5, 1), int)
    np.testing.assert_array_equal(model.forward(IDS, pairwise)[0].start_logits,
                                  output.start_logits)
    assert (model.forward(IDS)[0].start_logits != HIDDEN).all()


def test_squad2_ends_after_each_of_the_best_starts():
    """In the order of the starts' scores; and the same ends as if that start had been the label."""
    model = make("AlbertForSquad2")
    output, _ = model.forward(IDS, start_n_top=3)
    assert output.end_logits.shape == (2, 3, 5)
    order = np.argsort(-output.start_logits, axis=1)[:, :3]
    assert (output.start_top_index == order).all()
    for k in range(3):
        labelled, _ = model.forward(IDS, start_positions=order[:, k], end_positions=[4, 4])
        np.testing.assert_allclose(labelled.end_logits, output.end_logits[:, k], rtol=1e-12)
    assert len(set(output.end_logits[0, :, 0])) == 3                       # they do depend on it
    assert model.forward(IDS, start_n_top=9)[0].end_logits.shape == (2, 5, 5)


# ---- what all have in common ---------------------------------------------------------------------

@EVERY_MODEL
def test_gradient_is_a_tree_like_the_parameters(name):
    model = make(name)
    _, cache = model.forward(**inputs_for(name), **LABELS[name])
    grads, params = flatten(model.backward(cache)), flatten(model.params)
    assert list(grads) == list(params)
    assert all(grads[key].shape == leaf.shape for key, leaf in params.items())


@EVERY_MODEL
def test_float32_stays_float32(name):
    model = make(name, np.float32, classifier_dropout_prob=0.2, hidden_dropout_prob=0.1)
    output, cache = model.forward(**inputs_for(name), **LABELS[name], rng=np.random.default_rng(0))
    grads = model.backward(cache)
    given = [value for value in vars(output).values()
             if isinstance(value, (np.ndarray, np.generic))]
    assert len(given) >= 3                                  # loss, logits, hidden states
    assert {array.dtype for array in [*given, *flatten(grads).values()]} == {np.dtype(np.float32)}


@EVERY_MODEL
def test_gradients_add_up_over_outputs(name):
    """backward is linear in the upstream gradients."""
    model, rng = make(name), np.random.default_rng(3)
    output, cache = model.forward(**inputs_for(name), **LABELS[name])
    upstream = {key: rng.standard_normal(np.shape(value)) for key, value in vars(output).items()
                if isinstance(value, (np.ndarray, np.generic)) and key != "start_top_index"}
    together = flatten(model.backward(cache, upstream))
    apart = [flatten(model.backward(cache, {key: d})) for key, d in upstream.items()]
    assert len(apart) >= 3
    for key, leaf in together.items():
        np.testing.assert_allclose(leaf, sum(part[key] for part in apart), atol=1e-12)


@EVERY_MODEL
def test_what_padding_holds_does_not_matter(name):
    model, inputs = make(name), inputs_for(name)
    before, cache = model.forward(**inputs, **LABELS[name])
    grads = flatten(model.backward(cache))
    inputs["input_ids"] = np.where(inputs["attention_mask"] == 1, inputs["input_ids"], 7)
    after, cache = model.forward(**inputs, **LABELS[name])
    if name == "AlbertForQuestionAnswering":               # its softmax runs over the padding, too
        np.testing.assert_allclose(before.start_logits[1, :3], after.start_logits[1, :3])
        assert (before.start_logits[1, 3:] != after.start_logits[1, 3:]).all()
        return
    assert before.loss == pytest.approx(after.loss, rel=1e-12)
    for key, leaf in flatten(model.backward(cache)).items():
        np.testing.assert_allclose(leaf, grads[key], atol=1e-14)


@EVERY_MODEL
def test_recomputed_layers_give_the_same_gradients(name):
    model = make(name, np.float32, hidden_dropout_prob=0.3, classifier_dropout_prob=0.3)
    gradients = []
    for recompute in (False, True):
        _, cache = model.forward(**inputs_for(name), **LABELS[name],
                                 rng=np.random.default_rng(4), recompute=recompute)
        gradients.append(flatten(model.backward(cache)))
    assert all(np.array_equal(leaf, gradients[1][key]) for key, leaf in gradients[0].items())


@pytest.mark.parametrize("name", ["AlbertForSequenceClassification", "AlbertForTokenClassification",
                                  "AlbertForMultipleChoice", "AlbertForSquad2"])
def test_dropout_before_the_classifier(name):
    model = make(name, classifier_dropout_prob=0.4)

    def loss(rng):
        return model.forward(**inputs_for(name), **LABELS[name], rng=rng)[0].loss

    assert loss(np.random.default_rng(1)) == loss(np.random.default_rng(1)) != loss(None)
    model.config = replace(model.config, classifier_dropout_prob=0.0)
    assert loss(np.random.default_rng(1)) == loss(None)


@EVERY_MODEL
def test_contributions_reach_the_caller(name):
    model, contributions = make(name), []
    _, cache = model.forward(**inputs_for(name), **LABELS[name])
    grads = model.backward(cache, contributions=contributions)
    total = sum(depth["feed_forward"]["feed_forward"]["W_1"] for depth in contributions)
    np.testing.assert_allclose(grads["encoder"]["feed_forward"][0]["feed_forward"]["W_1"], total)


@EVERY_MODEL
def test_state_dict_round_trip(name):
    model = make(name)
    state = model.state_dict()
    assert len(state) == len(flatten(model.params))
    other = getattr(albert_np, name)(model.config, seed=2, dtype=np.float64)
    other.load_state_dict(state)
    for key, leaf in flatten(model.params).items():
        assert (flatten(other.params)[key] == leaf).all()


@EVERY_MODEL
def test_one_seed_gives_one_encoder_to_all(name):
    """So that runs from scratch of different tasks, or after pretraining, start alike."""
    config = small_config(num_labels=3)
    ours = flatten(getattr(albert_np, name)(config, seed=5).params)
    pretraining = flatten(albert_np.AlbertForPreTraining(config, seed=5).params)
    shared = [key for key in ours if key in pretraining]
    assert "encoder.feed_forward.0.feed_forward.W_1" in shared
    assert all((ours[key] == pretraining[key]).all() for key in shared)


@EVERY_MODEL
def test_it_can_be_trained(name):
    model = getattr(albert_np, name)(small_config(num_labels=4, initializer_range=0.1), seed=3)
    optimizer, losses = AdamW(model.params, lr=3e-3), []
    for _ in range(60):
        output, cache = model.forward(**inputs_for(name), **LABELS[name])
        losses.append(output.loss)
        optimizer.step(model.params, model.backward(cache))
    assert losses[-1] < losses[0] / 4


# ---- bad input -----------------------------------------------------------------------------------

@pytest.mark.parametrize("name, changes, arguments, message", [
    ("AlbertForSequenceClassification", {}, dict(labels=[4, 0]),
     r"labels\[0\] is 4; it must lie in \[0, 4\) or -100, as num_labels is 4"),
    ("AlbertForSequenceClassification", {}, dict(labels=[1]), r"labels have shape \(1,\); they"),
    ("AlbertForSequenceClassification", {}, dict(labels=np.eye(2, 4, dtype=int)),
     "set problem_type to multi_label_classification"),
    ("AlbertForSequenceClassification", {}, dict(labels=np.ones((2, 3))),
     r"labels have shape \(2, 3\); multi_label_classification with num_labels 4 needs \(2, 4\)"),
    ("AlbertForSequenceClassification", {}, dict(labels=np.full((2, 4), 2.0)),
     r"labels\[0\] is \[2.0, 2.0, 2.0, 2.0\]; each must lie in \[0, 1\]"),
    ("AlbertForSequenceClassification", {}, dict(labels=[["a"] * 4] * 2), "they must be numbers"),
    ("AlbertForSequenceClassification", dict(problem_type="single_label_classification"),
     dict(labels=[0.0, 1.0]), "labels have dtype float64; they must be integers"),
    ("AlbertForSequenceClassification", dict(num_labels=1), dict(labels=[1.0, np.nan]),
     r"labels\[1\] is \[nan\]; labels must be finite"),
    ("AlbertForSequenceClassification", dict(num_labels=1), dict(labels=[1.0]),
     r"regression with num_labels 1 needs \(2, 1\)"),
    ("AlbertForTokenClassification", {}, dict(labels=TAGS + 1), r"labels\[0, 0\] is -99"),
    ("AlbertForTokenClassification", {}, dict(labels=TAGS[:, :4]), r"labels have shape \(2, 4\)"),
    ("AlbertForMaskedLM", {}, dict(labels=np.full((2, 5), 17)), r"labels\[0, 0\] is 17"),
    ("AlbertForQuestionAnswering", {}, dict(start_positions=[1, 2]), "end_positions are missing"),
    ("AlbertForQuestionAnswering", {}, dict(start_positions=[1.0, 2.0], end_positions=[1, 2]),
     "start_positions have dtype float64; they must be integers"),
    ("AlbertForQuestionAnswering", {}, dict(start_positions=[1, 2], end_positions=[1]),
     r"end_positions have shape \(1,\); they must have shape \(2,\)"),
    ("AlbertForSquad2", {}, dict(start_positions=[1, 5], end_positions=[1, 1]),
     r"start_positions\[1\] is 5; it must lie in \[0, 5\)"),
    ("AlbertForSquad2", {}, dict(**POSITIONS, p_mask=[[0] * 5, [0, 1, 0, 0, 0]]),
     r"start_positions\[1\] is 1, where no answer may be"),
    ("AlbertForSquad2", {}, dict(start_positions=[1, 1], end_positions=[1, 4]),
     r"end_positions\[1\] is 4, where no answer may be by p_mask or attention_mask"),
    ("AlbertForSquad2", {}, dict(p_mask=np.ones((2, 5))), "p_mask leaves no token of sequence 0"),
    ("AlbertForSquad2", {}, dict(p_mask=np.ones((2, 4))), r"p_mask has shape \(2, 4\)"),
    ("AlbertForSquad2", {}, dict(is_impossible=[0, 1]), "is_impossible needs start_positions"),
    ("AlbertForSquad2", {}, dict(**POSITIONS, is_impossible=[0, 2]), "must hold 0 and 1"),
    ("AlbertForSquad2", {}, dict(start_n_top=0), "start_n_top is 0; it must be a whole number"),
    ("AlbertForMultipleChoice", {}, dict(input_ids=IDS), r"input_ids have shape \(2, 5\); they"),
    ("AlbertForMultipleChoice", {}, dict(attention_mask=padding_mask()),
     r"attention_mask have shape \(2, 5\); they must have shape \(2, 3, 5\) or \(2, 3, 5, 5\)"),
    ("AlbertForMultipleChoice", {}, dict(labels=[0, 3]), r"labels\[1\] is 3; .* of choices is 3"),
])
def test_bad_input_gets_one_sentence(name, changes, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(name, **changes).forward(**{**inputs_for(name), **arguments})


@EVERY_MODEL
def test_gradients_of_nothing_get_one_sentence(name):
    model = make(name)
    _, cache = model.forward(**inputs_for(name))
    needed = "start_positions and end_positions" if "start_positions" in LABELS[name] else "labels"
    with pytest.raises(ValueError, match=f"^there is no loss to differentiate: forward was not "
                                         f"given {needed}$"):
        model.backward(cache)
    with pytest.raises(ValueError, match="there is no output 'sop_logits' to give a gradient of"):
        model.backward(cache, {"sop_logits": np.ones(2)})
    without_pooler = "pooler" not in model.params
    if without_pooler:
        with pytest.raises(ValueError, match="there is no output 'pooled_output'"):
            model.backward(cache, {"pooled_output": np.ones((2, 12))})


def test_a_list_of_models_is_exported():
    assert set(models.TASK_MODELS) <= set(albert_np.__all__)
    assert set(models.TASK_MODELS) == set(LABELS)
