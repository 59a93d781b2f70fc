"""Planted NaN, infinities and overflows are found where they are first to be seen."""

import numpy as np
import pytest

from albert_np import AlbertForPreTraining
from albert_np.gradcheck.one_check import small_config
from albert_np.optim import clip_by_global_norm
from albert_np.parameters import flatten, global_norm
from albert_np.pretraining.diagnosis import diverged, where_not_finite

LABELS = np.full((2, 5), -100)
LABELS[0, 1], LABELS[1, 3] = 7, 6
BATCH = {"input_ids": np.array([[2, 4, 7, 8, 3], [2, 9, 9, 4, 3]]),
         "attention_mask": np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]]),
         "token_type_ids": np.array([[0, 0, 1, 1, 1], [0, 0, 0, 1, 1]]),
         "labels": LABELS, "sentence_order_label": np.array([0, 1])}
# Of float32, which ends at 3.4e38.
HUGE, LARGEST = 1e38, 3.4e38


def a_model(dtype=np.float32, **settings):
    return AlbertForPreTraining(small_config(**settings), dtype=dtype)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [9, 16])               # the first occurs in the batch
def test_a_parameter_is_named_whether_used_or_not(value, row):
    model = a_model()
    model.params["embeddings"]["word"][row, 2] = value
    model.params["pooler"]["b"][0] = value                     # comes later
    assert where_not_finite(model, BATCH) == (
        f"the parameter embeddings.word ({value} at [{row}, 2]; 1 of 102 numbers are not finite)")


def test_every_parameter_is_looked_at():
    for name in flatten(a_model().params):
        model = a_model()
        flatten(model.params)[name].reshape(-1)[-1] = np.nan
        assert where_not_finite(model, BATCH).startswith(f"the parameter {name} (nan at [")


@pytest.mark.parametrize("settings, planted, place", [
    ({}, {"embeddings.word": (LARGEST, -LARGEST)},
     "the output of the embeddings (nan at [0, 0, 0]; 120 of 120"),
    ({}, {"embeddings.layer_norm.gamma": HUGE}, "the attention probabilities of layer 1 of 3 (nan"),
    ({}, {"encoder.attention.0.self_attention.b_o": (LARGEST, -LARGEST)},
     "the hidden state after layer 1 of 3 ("),
    ({}, {"encoder.feed_forward.0.feed_forward.W_1": LARGEST}, "the hidden state after layer 1 of"),
    ({}, {"encoder.feed_forward.0.layer_norm.gamma": HUGE},
     "the attention probabilities of layer 2 of 3 ("),
    ({"sharing": "none"}, {"encoder.feed_forward.1.feed_forward.W_1": LARGEST},
     "the hidden state after layer 2 of 3 ("),
    ({}, {"mlm_head.layer_norm.gamma": LARGEST}, "the masked-LM logits ("),
    ({}, {"mlm_head.bias": (LARGEST, -LARGEST)}, "the masked-LM loss (inf)"),
    ({}, {"sop_head.W": LARGEST, "pooler.b": 5, "sop_head.b": LARGEST},
     "the sentence-order logits ("),
    ({}, {"sop_head.b": (-LARGEST, LARGEST)}, "the sentence-order loss (inf)"),
    ({"sop_weight": 1e39}, {}, "the loss (inf)"),
    ({"sharing": "none"}, {"encoder.attention.1.self_attention.W_o": HUGE},
     "the gradient of encoder.attention.1.self_attention.b_v at layer 2 of 3 (nan")])
def test_an_overflow_is_found_where_it_happens(settings, planted, place):
    model = a_model(**settings)
    for name, value in planted.items():
        parameter = flatten(model.params)[name]
        parameter[...] = np.resize(value, parameter.shape)
    assert where_not_finite(model, BATCH).startswith(place)


def test_every_output_is_looked_at_in_the_order_of_the_computation():
    """Infinity goes into one output and NaN into all that come later."""
    model = a_model()
    output, cache = model.forward(**BATCH)
    places = [("the output of the embeddings", output.hidden_states[0])]
    for i in range(3):
        places += [(f"the attention probabilities of layer {i + 1} of 3", output.attentions[i]),
                   (f"the hidden state after layer {i + 1} of 3", output.hidden_states[i + 1])]
    places += [("the pooled output", output.pooled_output),
               ("the masked-LM logits", output.prediction_logits),
               ("the sentence-order logits", output.sop_logits)]
    model.forward = lambda **batch: (output, cache)
    for name, array in reversed(places):
        array.reshape(-1)[1] = np.inf
        assert where_not_finite(model, BATCH).startswith(f"{name} (inf at [0")
        array[...] = np.nan


def test_gradients_of_a_step_that_had_dropout():
    model = a_model()
    grads = model.backward(model.forward(**BATCH)[1])
    assert where_not_finite(model, BATCH) == where_not_finite(model, BATCH, grads) == (
        "no place that could be found: without dropout everything is finite")
    grads["embeddings"]["word"][3, 1] = np.nan
    grads["pooler"]["b"][4] = -np.inf                          # backward reaches it earlier
    assert where_not_finite(model, BATCH, grads) == (
        "the gradient of pooler.b (-inf at [4]; 1 of 12 numbers are not finite); without dropout "
        "everything is finite")


def test_a_gradient_whose_squares_overflow_is_clipped_like_any_other():
    model = a_model()
    grads = model.backward(model.forward(**BATCH)[1])
    grads["sop_head"]["W"][0, 0] = -1e30
    assert where_not_finite(model, BATCH, grads).startswith("no place that could be found")
    assert clip_by_global_norm(grads, 1.0) == pytest.approx(1e30)
    assert global_norm(grads) == pytest.approx(1)
    assert grads["sop_head"]["W"][0, 0] == pytest.approx(-1)


@pytest.mark.parametrize("parts, sizes, place", [
    (1, [2], "the pooled output (nan at [1, 1]; 1 of 24"),
    (2, [1, 1], "the pooled output (nan at [0, 1]; 1 of 12"),
    (3, [1, 1], "the pooled output (nan at [0, 1]; 1 of 12")])
def test_a_batch_in_parts(parts, sizes, place):
    model, seen = a_model(), []

    def forward(forward=model.forward, **part):
        output, cache = forward(**part)
        output.pooled_output[part["sentence_order_label"] == 1, 1] = np.nan    # the second row
        seen.append(len(part["input_ids"]))
        return output, cache

    model.forward = forward
    assert where_not_finite(model, BATCH, parts=parts).startswith(place)
    assert seen == sizes


@pytest.mark.parametrize("parts", [1, 2, 99])
@pytest.mark.parametrize("left_out", [None, "sentence_order_label", "labels"])
def test_where_everything_is_finite(parts, left_out):
    """Also without one of the two tasks; there may be more parts than rows."""
    batch = {name: array for name, array in BATCH.items() if name != left_out}
    if left_out == "labels":
        batch["labels"] = np.full_like(LABELS, -100)
    assert where_not_finite(a_model(), batch, parts=parts) == (
        "no place that could be found: without dropout everything is finite")


def test_a_gradient_that_is_finite_in_parts_only():
    """Each of two equal rows gives half of the gradient, and the halves overflow together."""
    model, batch = a_model(), {name: array[[1, 1]] for name, array in BATCH.items()}

    def backward(cache, d_output, contributions, backward=model.backward):
        grads = backward(cache, d_output, contributions=contributions)
        grads["pooler"]["b"][4] = LARGEST
        return grads

    model.backward = backward
    assert where_not_finite(model, batch).startswith("no place that could be found")
    assert where_not_finite(model, batch, parts=2).startswith(
        "the gradient of pooler.b (inf at [4]; 1 of 12 numbers are not finite)")


def test_nothing_is_changed_and_float64_has_room():
    model = a_model(np.float64)
    flatten(model.params)["encoder.feed_forward.0.feed_forward.W_1"][...] = LARGEST
    before = {name: leaf.copy() for name, leaf in flatten(model.params).items()}
    assert where_not_finite(model, BATCH).startswith("no place")
    assert all((leaf == before[name]).all() for name, leaf in flatten(model.params).items())


@pytest.mark.parametrize("losses, expected", [
    ([], False), ([1e9] * 19, False), ([1e9] * 20, True), ([22.7] * 500, False),
    ([22.9] * 20, True), ([1.0] * 1000 + [22.9] * 20, True), ([1.0] * 1000 + [22.9] * 19, False),
    ([100.0] * 20 + [7.6] * 19 + [60.0], False), ([1.0] * 19 + [np.inf], True)])
def test_diverged(losses, expected):
    assert diverged(losses, 7.6) is expected
