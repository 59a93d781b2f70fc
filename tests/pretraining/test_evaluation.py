"""Means over labels of which batches have different numbers, baselines, and lists of guesses."""

import types

import numpy as np
import pytest
from test_pretraining import TEXT, TOKENIZER

from albert_np import AlbertForPreTraining
from albert_np.functional import IGNORED
from albert_np.gradcheck.one_check import small_config
from albert_np.models.inputs import labelled_positions
from albert_np.parameters import flatten
from albert_np.pretraining import (BigramModel, UnigramModel, evaluate, evaluate_baseline,
                                   top_guesses)
from albert_np.pretraining.parallel import losses_and_gradients

T = 33


def uneven_batches(rng):
    """Four batches of different numbers of rows, labels and sentence orders; some have none."""
    for B, share, orders in ((3, 0.1, 1), (7, 0.4, 2), (2, 0.0, 2), (5, 0.2, 0)):
        ids = rng.integers(5, 17, (B, T))
        order = rng.integers(0, 2, B)
        order[orders:] = IGNORED
        yield {"input_ids": ids, "attention_mask": np.ones_like(ids),
               "token_type_ids": np.zeros_like(ids), "sentence_order_label": order,
               "labels": np.where(rng.random((B, T)) < share, rng.integers(5, 17, (B, T)), IGNORED)}


def by_hand(model, batches):
    """Every label is looked at by itself, from the logits of all positions."""
    found = {"mlm": [], "sop": []}
    for batch in batches:
        inputs = [batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")]
        output, _ = model.forward(*inputs)
        for name, logits, labels in (
                ("mlm", output.prediction_logits.reshape(-1, 17), batch["labels"].ravel()),
                ("sop", output.sop_logits, batch["sentence_order_label"])):
            for z, label in zip(logits, labels):
                if label != IGNORED:
                    found[name].append((np.log(np.exp(z).sum()) - z[label], z.argmax() == label))
    means = {name: np.mean(rows, axis=0) for name, rows in found.items()}
    return {"mlm_loss": means["mlm"][0], "mlm_accuracy": means["mlm"][1],
            "sop_loss": means["sop"][0], "sop_accuracy": means["sop"][1],
            "loss": means["mlm"][0] + 0.3 * means["sop"][0]}


@pytest.fixture
def model():
    return AlbertForPreTraining(small_config(max_position_embeddings=T, sop_weight=0.3,
                                             initializer_range=0.5), dtype=np.float64)


def test_every_label_weighs_the_same_whichever_batch_it_is_in(model, rng):
    batches = list(uneven_batches(rng))
    expected = by_hand(model, batches)
    figures = evaluate(model, batches)
    assert figures == pytest.approx(expected, rel=1e-10)
    assert {type(value) for value in figures.values()} == {float}
    losses = [float(model.forward(**batch)[0].sop_loss) for batch in batches]
    orders = [len(batch["labels"]) for batch in batches]        # not what they are weighed by
    assert np.average(losses, weights=orders) != pytest.approx(expected["sop_loss"], rel=0.01)


@pytest.mark.parametrize("parts", [1, 2, 5, 17])
def test_every_label_weighs_the_same_whichever_part_it_is_in(model, rng, parts):
    batches = list(uneven_batches(rng))
    whole = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    losses, grads = losses_and_gradients(model, whole, [None] * parts)
    assert vars(losses) == pytest.approx(by_hand(model, batches), rel=1e-10)
    # The parts compute the last layer at their labels only; here it is computed everywhere.
    expected = flatten(model.backward(model.forward(**whole)[1]))
    for name, gradient in flatten(grads).items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-9, atol=1e-13, err_msg=name)


def test_the_last_layer_is_computed_at_the_labels_only(model, rng):
    batches, seen = list(uneven_batches(rng)), []

    def forward(*arguments, forward=model.forward, **others):
        seen.append((others["labels"], others["positions"]))
        return forward(*arguments, **others)

    model.forward = forward
    evaluate(model, batches)
    losses_and_gradients(model, batches[1], [None] * 2)
    assert [len(labels) for labels, _ in seen] == [3, 7, 2, 5, 4, 3]
    for labels, positions in seen:
        assert np.array_equal(positions, labelled_positions(labels))


@pytest.mark.parametrize("guess", [0, 1])
@pytest.mark.parametrize("piece", [5, 9, 16])
def test_a_guess_is_right_if_it_is_the_label(model, rng, guess, piece):
    """The model guesses the same order and the same piece everywhere."""
    model.params["sop_head"]["b"][guess] = 100
    model.params["mlm_head"]["bias"][piece] = 100
    batch = next(uneven_batches(rng))
    batch["labels"][:, 1:6] = [5, 9, 9, 16, 7]
    batch = {name: np.concatenate([array, array[:2]]) for name, array in batch.items()}
    batch["sentence_order_label"] = np.array([0, 1, 1, IGNORED, 1])
    pieces = batch["labels"][batch["labels"] != IGNORED]
    losses, _ = losses_and_gradients(model, batch)
    for figures in (evaluate(model, [batch]), vars(losses)):
        assert figures["sop_accuracy"] == (0.25, 0.75)[guess]
        assert figures["mlm_accuracy"] == np.mean(pieces == piece) > 0


def test_batches_are_only_read(model, rng):
    batches, text = list(uneven_batches(rng)), rng.integers(5, 17, (20, T))
    for array in (text, *(array for batch in batches for array in batch.values())):
        array.flags.writeable = False
    names = [list(batch) for batch in batches]
    evaluate(model, batches)
    for parts in (1, 3):
        losses_and_gradients(model, batches[1], [None] * parts)
    for baseline in (UnigramModel, BigramModel):
        evaluate_baseline(baseline(text, TOKENIZER), batches)
    assert [list(batch) for batch in batches] == names


def test_an_objective_without_labels_has_no_figures(model, rng):
    *_, batch = uneven_batches(rng)

    def both_ways(batch):
        return evaluate(model, [batch]), vars(losses_and_gradients(model, batch, [None] * 2)[0])

    for figures in both_ways(batch):
        assert figures["sop_loss"] is figures["sop_accuracy"] is None
        assert figures["loss"] == figures["mlm_loss"] > 0
    turned = {**batch, "labels": np.full_like(batch["labels"], IGNORED),
              "sentence_order_label": np.array([1, 0, 0, 1, IGNORED])}
    for figures in both_ways(turned):
        assert figures["mlm_loss"] is figures["mlm_accuracy"] is None
        assert figures["loss"] == pytest.approx(0.3 * figures["sop_loss"]) != 0


# ---- baselines -----------------------------------------------------------------------------------

def test_a_baseline_sees_the_true_piece_where_two_gaps_follow_each_other():
    batch = {"input_ids": np.array([[2, 4, 4, 8, 3], [2, 5, 4, 9, 3]]),
             "labels": np.array([[-100, 5, 6, -100, -100], [-100, -100, 7, 8, -100]])}
    pairs = [(2, 5), (5, 6), (5, 7), (7, 8)]                    # what is before it, and the piece
    for baseline in (BigramModel(TEXT, TOKENIZER), UnigramModel(TEXT, TOKENIZER)):
        losses, right = [], []
        for before, piece in pairs:
            probability, best = baseline.predict(np.array([before]))
            losses.append(-np.log(probability(np.array([piece]))[0]))
            right.append(best[0] == piece)
        assert evaluate_baseline(baseline, [batch]) == pytest.approx(
            {"mlm_loss": np.mean(losses), "mlm_accuracy": np.mean(right)})


def test_a_baseline_weighs_every_label_the_same(rng):
    batches = list(uneven_batches(rng))
    one = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    one["labels"][:, 0] = IGNORED                                          # [CLS] has none
    parts = np.split(np.arange(17), [3, 10, 12])
    bigram = BigramModel(rng.integers(5, 17, (20, T)), TOKENIZER)
    divided = [{name: array[rows] for name, array in one.items()} for rows in parts]
    assert evaluate_baseline(bigram, divided) == pytest.approx(evaluate_baseline(bigram, [one]))


# ---- guesses -------------------------------------------------------------------------------------

def test_all_pieces_are_listed_the_likeliest_first():
    """Of equal ones, the piece with the smaller number comes first."""
    V = 60
    model = AlbertForPreTraining(small_config(vocab_size=V), dtype=np.float64)
    pieces = types.SimpleNamespace(mask_token_id=4, pieces=[f"p{i}" for i in range(V)])
    model.params["mlm_head"]["bias"][:] = np.arange(V) % 7      # no piece has a probability alone
    model.params["mlm_head"]["layer_norm"]["gamma"][:] = 0
    ids = np.array([[2, 5, 4, 7, 3], [2, 4, 6, 4, 3]])
    expected = [f"p{i}" for i in sorted(range(V), key=lambda i: -(i % 7))]
    for k in (1, 3, 30, V):
        guesses = top_guesses(model, pieces, ids, k=k)
        assert [(row, column) for row, column, _ in guesses] == [(0, 2), (1, 1), (1, 3)]
        assert all([piece for piece, _ in best] == expected[:k] for _, _, best in guesses)
    assert [len(best) for _, _, best in top_guesses(model, pieces, ids)] == [3] * 3
    assert sum(p for _, p in top_guesses(model, pieces, ids, k=V)[0][2]) == pytest.approx(1)


def test_guesses_depend_on_what_may_be_seen_and_on_the_segments():
    model = AlbertForPreTraining(small_config(initializer_range=0.5), dtype=np.float64)
    ids = np.array([[2, 5, 4, 7, 3]])
    mask, types_ = np.array([[1, 1, 1, 0, 0]]), np.array([[0, 0, 1, 1, 1]])
    logits = model.forward(ids, mask, types_)[0].prediction_logits[0, 2]
    (_, _, best), = top_guesses(model, TOKENIZER, ids, mask, types_, k=17)
    assert [piece for piece, _ in best] == [f"p{i}" for i in np.argsort(-logits)]
    p = np.exp(np.sort(logits)[::-1])
    assert [value for _, value in best] == pytest.approx((p / p.sum()).tolist())
    for others in ((None, types_), (mask, None)):
        (_, _, other), = top_guesses(model, TOKENIZER, ids, *others, k=17)
        assert best[0][1] != pytest.approx(other[0][1], rel=1e-3)


def test_each_gap_has_probabilities_of_its_own(rng):
    """The largest logits of two gaps differ by far more than float32 can hold as a power."""
    model = AlbertForPreTraining(small_config(initializer_range=0.5))
    model.params["mlm_head"]["layer_norm"]["gamma"] *= 1e3
    ids = rng.integers(5, 17, (8, 6))
    ids[:, 2] = 4
    logits = model.forward(ids)[0].prediction_logits[:, 2].astype(np.float64)
    assert np.ptp(logits.max(axis=1)) > 200
    guesses = top_guesses(model, TOKENIZER, ids, k=17)
    assert {type(value) for row, column, best in guesses for value in (row, column)} == {int}
    for z, (_, _, best) in zip(logits, guesses, strict=True):
        p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        assert [value for _, value in best] == pytest.approx(np.sort(p)[::-1].tolist(), rel=1e-3)
    assert top_guesses(model, TOKENIZER, np.full((2, 6), 5)) == []               # without a gap


def test_guesses_of_logits_that_overflow_as_powers():
    """Of 1000, 999 and 998 in float32: the probabilities are those of 2, 1 and 0."""
    model = AlbertForPreTraining(small_config())
    model.params["mlm_head"]["layer_norm"]["gamma"][:] = 0
    model.params["mlm_head"]["bias"][:] = 0
    model.params["mlm_head"]["bias"][[7, 5, 6]] = 1000, 999, 998
    (_, _, best), = top_guesses(model, TOKENIZER, np.array([[2, 5, 4, 7, 3]]))
    p = np.exp([2.0, 1.0, 0.0])
    assert [piece for piece, _ in best] == ["p7", "p5", "p6"]
    assert [value for _, value in best] == pytest.approx((p / p.sum()).tolist(), rel=1e-5)
