"""A batch worked out in parts: its losses and gradients, and how much code one step enters."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import albert_np
from albert_np import AlbertConfig
from albert_np.gradcheck.one_check import small_config
from albert_np.models.inputs import labelled_positions
from albert_np.models.labels import answer_labels
from albert_np.parameters import add_in_place, flatten
from albert_np.tasks.finetuning.parallel import losses_and_gradients

STEP_CALLS = Path(__file__).parents[2] / "benchmarks" / "step_calls.py"
RNG = np.random.default_rng(0)
IDS = RNG.integers(1, 17, (5, 5))
PIECES = np.where(RNG.random((5, 5)) < 0.4, IDS, -100)
LABELS = {
    "AlbertForPreTraining": dict(labels=PIECES, sentence_order_label=np.array([1, -100, 0, 0, 1])),
    "AlbertForMaskedLM": dict(labels=PIECES),
    "AlbertForTokenClassification": dict(labels=np.where(PIECES >= 0, PIECES % 4, -100)),
    "AlbertForMultipleChoice": dict(labels=np.array([2, -100, 0, 1, 1])),
    "AlbertForQuestionAnswering": dict(start_positions=np.array([0, 1, 2, 1, 0]),
                                       end_positions=np.array([1, 1, 4, 2, 0])),
    "AlbertForSquad2": dict(start_positions=np.array([0, 1, 2, 1, 0]),
                            end_positions=np.array([1, 1, 4, 2, 0]),
                            is_impossible=np.array([1, 0, 0, 0, 1]))}
CLASSES = {"single_label_classification": np.array([0, 3, -100, 1, 2]),
           "multi_label_classification": RNG.random((5, 4)).round(),
           "regression": RNG.standard_normal((5, 4))}
OUTSIDE = dict(start_positions=np.array([9, 1, -2, 9, 0]),        # behind the text, before it
               end_positions=np.array([1, 9, 4, 2, 0]))
CASES = [*LABELS.items(),
         ("AlbertForQuestionAnswering", OUTSIDE),
         *[("AlbertForSequenceClassification", dict(labels=labels, problem=problem))
           for problem, labels in CLASSES.items()],
         *[("AlbertForSequenceClassification", dict(
             problem="single_label_classification", labels=CLASSES["single_label_classification"],
             label_weights=scale * np.array([3.0, 0.5, 9.0, 1.0, 0.25]))) for scale in (1, 0.1)],
         ("AlbertForSequenceClassification", dict(      # the first part has no label with a weight
             problem="single_label_classification", labels=CLASSES["single_label_classification"],
             label_weights=np.array([0.0, 0.0, 9.0, 1.0, 0.0]))),
         ("AlbertForSequenceClassification", dict(problem="multi_label_classification",
                                                  labels=RNG.integers(0, 2, (5, 4)))),
         *[("AlbertForSequenceClassification", dict(problem="regression", labels=np.where(
             RNG.random((5, 4)) < 0.5, -100, 1).astype(dtype)))   # a number like any other
           for dtype in (float, int)]]


def options_for(name, ids):
    """Token types, a mask for each query, and the last layer at the labels where a model can."""
    rng, T = np.random.default_rng(1), ids.shape[-1]
    seen = np.maximum(rng.random((*ids.shape, T)) < 0.5, np.eye(T, dtype=bool)).astype(int)
    positions = {"positions": labelled_positions(PIECES)}
    return dict(attention_mask=seen, token_type_ids=rng.integers(0, 2, ids.shape),
                **positions if name in ("AlbertForPreTraining", "AlbertForMaskedLM") else {})


@pytest.mark.parametrize("cuts, options", [((0, 2, 5), False), ((0, 1, 2, 5), True)], ids=str)
@pytest.mark.parametrize("name, given", CASES, ids=lambda case: str(case)[:40])
def test_the_parts_add_up_to_the_batch(name, given, cuts, options):
    """(PAR.1): the parts have different numbers of rows and of labels, and some have no label."""
    given = dict(given)
    config = small_config(num_labels=4, classifier_dropout_prob=0.0, sop_weight=0.3,
                          problem_type=given.pop("problem", None))
    model = getattr(albert_np, name)(config, dtype=np.float64)
    ids = np.stack([IDS, IDS[::-1], IDS * 2 % 17], axis=1) if "Choice" in name else IDS
    batch = dict(input_ids=ids, **given, **options_for(name, ids) if options else {})
    whole, cache = model.forward(**batch)
    expected = flatten(model.backward(cache))
    counts, loss, total = model.label_counts(batch), 0.0, None
    for rows in map(slice, cuts[:-1], cuts[1:]):
        part = {key: array[rows] for key, array in batch.items()}
        output, cache = model.forward(**part, label_counts=counts)
        loss += float(output.loss)
        grads = model.backward(cache)
        total = grads if total is None else add_in_place(total, grads)
    assert loss == pytest.approx(float(whole.loss), rel=1e-12)
    for key, gradient in flatten(total).items():
        np.testing.assert_allclose(gradient, expected[key], rtol=1e-12, atol=1e-13, err_msg=key)


@pytest.mark.parametrize("labels", [np.array([-100] * 5), np.array([-100.0] * 5)], ids=str)
def test_a_batch_of_numbers_that_are_all_minus_100(labels):
    """They are labels like any other: the whole batch and its parts learn from them."""
    model = albert_np.AlbertForSequenceClassification(small_config(num_labels=1), dtype=np.float64)
    examples = [dict(input_ids=ids, labels=label) for ids, label in zip(IDS, labels)]

    def collate(some, length):
        return {name: np.stack([example[name] for example in some]) for name in some[0]}

    whole, _ = model.forward(IDS, labels=labels)
    for parts in (1, 2, 3):
        loss, grads = losses_and_gradients(model, examples, collate, [None] * parts)
        assert loss == pytest.approx(float(whole.loss), rel=1e-12)
        assert grads["classification_head"]["b"].item() > 0
    assert np.mean((whole.logits + 100) ** 2) == pytest.approx(float(whole.loss))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int8])
def test_answers_of_any_integers_outside_a_long_text_do_not_count(dtype):
    """-100 must not become 156, a token of the text."""
    labels = answer_labels(np.array([2, 120], dtype), 120)
    assert labels.dtype == np.int64 and labels.tolist() == [2, -100]
    assert answer_labels(np.array([2], dtype), 300).tolist() == [2]


@pytest.mark.parametrize("positions, said", [
    ([[0, 1]] * 5, "positions leave out a labelled token"),
    ([[0, 1, 1]] * 5, r"positions\[0\] is \[0, 1, 1\]; no two may be alike"),
    ([[1, 0]] * 5, r"positions\[0\] begins with 1; it must begin with 0"),
    ([[0, 5]] * 5, r"positions\[0, 1\] is 5; it must lie in \[0, 5\)"),
    ([[0]] * 4, r"positions have shape \(4, 1\); they must be \(batch, positions\)"),
])
def test_bad_positions_get_their_sentence(positions, said):
    model = albert_np.AlbertForPreTraining(small_config())
    with pytest.raises(ValueError, match=said):
        model.forward(IDS, labels=IDS, positions=positions)


def test_positions_without_labels_give_their_logits():
    model = albert_np.AlbertForMaskedLM(small_config(), dtype=np.float64)
    everywhere, _ = model.forward(IDS)
    some, _ = model.forward(IDS, positions=[[3, 1]] * 5)
    np.testing.assert_allclose(some.logits, everywhere.logits[:, [3, 1]], rtol=1e-9)
    assert labelled_positions(PIECES).shape[1] <= 5


def test_a_step_of_two_layers_enters_little_code():
    spec = importlib.util.spec_from_file_location("step_calls", STEP_CALLS)
    step_calls = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(step_calls)
    calls = step_calls.count_calls(step_calls.one_step(AlbertConfig(
        vocab_size=100, embedding_size=16, hidden_size=32, num_hidden_layers=2,
        num_attention_heads=4, intermediate_size=64, max_position_embeddings=16)))
    assert sum(calls.values()) <= 450 and len(calls) <= 22, calls
