"""Baselines, the training loop, and the main job on a small corpus."""

import csv
import json
import sys
import textwrap
import types
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from small_corpus import write_corpus

from albert_np import AlbertForPreTraining
from albert_np.gradcheck.one_check import small_config
from albert_np.inference import load_model
from albert_np.optim import SGD, AdamW
from albert_np.parameters import flatten, tree_map
from albert_np.pretraining import (BigramModel, UnigramModel, evaluate, evaluate_baseline,
                                   guesses, pretrain, show_guesses, top_guesses, train)
from albert_np.pretraining.parallel import (losses_and_gradients, sum_over_parts,
                                            work_out_part)
from albert_np.pretraining.results import summary

# Five special pieces, then ordinary ones.
TOKENIZER = types.SimpleNamespace(vocab_size=17, ordinary_ids=np.arange(5, 17), mask_token_id=4,
                                  pad_token_id=0, pieces=[f"p{i}" for i in range(17)])


def small_batches(rng, count=3):
    """Batches of a language in which every piece is followed by the next one."""
    for _ in range(count):
        starts = rng.integers(5, 17, (8, 1))
        text = 5 + (starts - 5 + np.arange(6)) % 12
        text[:, 0] = 2
        labels = np.full_like(text, -100)
        rows, columns = np.arange(8), rng.integers(1, 6, 8)
        labels[rows, columns] = text[rows, columns]
        masked = text.copy()
        masked[rows, columns] = 4
        yield {"input_ids": masked, "attention_mask": np.ones_like(text),
               "token_type_ids": np.zeros_like(text), "labels": labels,
               "sentence_order_label": rng.integers(0, 2, 8)}


# ---- baselines -----------------------------------------------------------------------------------

TEXT = np.array([[2, 5, 6, 5, 6, 3], [2, 5, 7, 6, 8, 3]])


def test_unigram_probabilities():
    model = UnigramModel(TEXT, TOKENIZER)
    counts = {5: 3, 6: 3, 7: 1, 8: 1}
    for piece in range(17):
        expected = (counts.get(piece, 0) + 1) / (8 + 12) if piece >= 5 else 0
        assert model.probabilities[piece] == pytest.approx(expected)


def test_bigram_probabilities_by_counting():
    model = BigramModel(TEXT, TOKENIZER)
    unigram = UnigramModel(TEXT, TOKENIZER).probabilities
    pairs = [(row[t], row[t + 1]) for row in TEXT for t in range(5) if row[t + 1] >= 5]
    for u in range(17):
        following = [w for first, w in pairs if first == u]
        different = len(set(following))
        expected = [(following.count(w) + different * unigram[w])
                    / (len(following) + different) if following else unigram[w]
                    for w in range(17)]
        probability, best = model.predict(np.full(17, u))
        got = probability(np.arange(17))
        np.testing.assert_allclose(got, expected)
        assert got.sum() == pytest.approx(1)
        assert got[best[0]] == pytest.approx(max(expected))


@pytest.mark.parametrize("text", [
    np.array([[5], [6], [5]]),                                       # sequences of one piece
    np.zeros((0, 5), int),                                           # no text at all
    np.array([[5, 3], [6, 3]])], ids=["one piece", "none", "[SEP]"])  # never an ordinary follower
def test_without_pairs_the_bigram_model_guesses_as_the_unigram_model(text):
    bigram, unigram = BigramModel(text, TOKENIZER), UnigramModel(text, TOKENIZER)
    everything = np.arange(17)
    for u in (0, 5, 16):
        (p, best), (q, likeliest) = (model.predict(np.full(17, u)) for model in (bigram, unigram))
        np.testing.assert_array_equal(p(everything), q(everything))
        assert q(everything).sum() == pytest.approx(1) and (best == likeliest).all()


def test_baselines_where_nothing_is_masked():
    batch = {"input_ids": TEXT, "labels": np.full((2, 6), -100)}
    for batches in ([batch], []):
        for baseline in (UnigramModel, BigramModel):
            assert evaluate_baseline(baseline(TEXT, TOKENIZER), batches) == {
                "mlm_loss": None, "mlm_accuracy": None}


def test_baselines_where_the_unknown_piece_is_masked():
    tokenizer = types.SimpleNamespace(**vars(TOKENIZER), unk_token_id=1)
    text = np.array([[2, 5, 1, 5, 1, 3]])
    batch = {"input_ids": text, "labels": np.array([[-100, -100, 1, -100, -100, -100]])}
    figures = evaluate_baseline(UnigramModel(text, tokenizer, unknown=True), [batch])
    assert figures["mlm_loss"] == pytest.approx(-np.log((2 + 1) / (4 + 13)))
    figures = evaluate_baseline(BigramModel(text, tokenizer, unknown=True), [batch])
    assert figures["mlm_loss"] == pytest.approx(-np.log((2 + 3 / 17) / (2 + 1)))
    for baseline in (UnigramModel, BigramModel):
        with pytest.raises(ValueError, match="piece 1 is masked, but the baseline never guesses"):
            evaluate_baseline(baseline(text, tokenizer), [batch])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64"])
def test_baselines_of_ids_of_any_integers(dtype):
    batch = next(small_batches(np.random.default_rng(0)))
    narrow = {**batch, "input_ids": batch["input_ids"].astype(dtype)}
    for baseline in (UnigramModel, BigramModel):
        assert (evaluate_baseline(baseline(TEXT.astype(dtype), TOKENIZER), [narrow])
                == evaluate_baseline(baseline(TEXT, TOKENIZER), [batch]))
        model = baseline([*TEXT.tolist(), [2, 16, 7, 16, 8, 3]], TOKENIZER)
        everything = np.arange(17)                           # 16 x 17 + 7 is too large for uint8
        for u in (5, 6, 16):
            (p, best), (q, likeliest) = (model.predict(np.full(17, u, kind))
                                         for kind in (dtype, int))
            assert (p(everything) == q(everything)).all() and (best == likeliest).all()


def test_baselines_on_batches():
    rng = np.random.default_rng(0)
    train_text = [np.where(b["labels"] != -100, b["labels"], b["input_ids"])
                  for b in small_batches(rng, 50)]
    held_out = list(small_batches(rng, 10))
    bigram = evaluate_baseline(BigramModel(np.concatenate(train_text), TOKENIZER), held_out)
    unigram = evaluate_baseline(UnigramModel(np.concatenate(train_text), TOKENIZER), held_out)
    assert unigram["mlm_loss"] == pytest.approx(np.log(12), abs=0.05)
    assert bigram["mlm_loss"] < 1.0 and bigram["mlm_accuracy"] > 0.75 > unigram["mlm_accuracy"]


# ---- parts of a batch ----------------------------------------------------------------------------

@pytest.mark.parametrize("parts", [1, 2, 3, 8, 11])
def test_parts_add_up_to_the_whole_batch(parts):
    """Means over uneven parts: each has other numbers of masked pieces and labelled pairs."""
    model = AlbertForPreTraining(small_config(sop_weight=0.3), dtype=np.float64)
    batch = next(small_batches(np.random.default_rng(0)))
    batch["labels"][2] = -100
    batch["labels"][5, 1:4] = [6, 7, 8]
    batch["sentence_order_label"][:5] = -100
    output, cache = model.forward(**batch)
    whole = flatten(model.backward(cache))
    losses, grads = losses_and_gradients(model, batch, [None] * parts)
    assert losses.loss == pytest.approx(float(output.loss), rel=1e-12)
    assert losses.mlm_loss == pytest.approx(float(output.mlm_loss), rel=1e-12)
    assert losses.sop_loss == pytest.approx(float(output.sop_loss), rel=1e-12)
    for name, leaf in flatten(grads).items():
        np.testing.assert_allclose(leaf, whole[name], rtol=1e-10, atol=1e-14)


def test_parts_are_summed_one_after_the_other_in_their_own_dtype():
    """Unless told otherwise; and nothing is computed twice."""
    model, seen = AlbertForPreTraining(small_config(initializer_range=0.2)), []
    batch = next(small_batches(np.random.default_rng(0)))
    parts = [{name: array[rows] for name, array in batch.items()} for rows in np.split(
        np.arange(8), [3, 4])]
    counts = model.label_counts(batch)

    def figures(output, part):
        return np.array([output.loss, len(part["labels"])], np.float64)

    def forward(*arguments, forward=model.forward, **others):
        seen.append((others["recompute"], others["rng"]))
        return forward(*arguments, **others)

    expected = [work_out_part(model, figures, part, None, counts, False) for part in parts]
    model.forward = forward
    sums, grads = sum_over_parts(model, parts, [None] * 3, figures)
    assert seen == [(False, None)] * 3
    assert sums.tolist() == sum(sums for sums, _ in expected).tolist() and sums[1] == 8
    first, second, third = (flatten(grads) for _, grads in expected)
    rounded_once = flatten(sum_over_parts(model, parts, [None] * 3, figures,
                                          float64_sums=True)[1])
    for name, leaf in flatten(grads).items():
        assert leaf.dtype == np.float32
        assert np.array_equal(leaf, first[name] + second[name] + third[name])
    assert any((leaf != rounded_once[name]).any() for name, leaf in flatten(grads).items())


def test_threads_give_what_one_thread_gives():
    model = AlbertForPreTraining(small_config(hidden_dropout_prob=0.2))
    batch = next(small_batches(np.random.default_rng(0)))

    def gradients(pool, recompute=False):
        rngs = np.random.default_rng(3).spawn(4)
        return flatten(losses_and_gradients(model, batch, rngs, pool,
                                            recompute=recompute)[1])

    with ThreadPoolExecutor(4) as pool:
        expected = gradients(None)
        for recompute in (False, False, True, True):
            assert all((leaf == expected[name]).all()
                       for name, leaf in gradients(pool, recompute).items())


def test_batch_that_asks_nothing_about_order():
    model = AlbertForPreTraining(small_config(), dtype=np.float64)
    batch = next(small_batches(np.random.default_rng(0)))
    batch["sentence_order_label"][:] = -100
    losses, grads = losses_and_gradients(model, batch, [None] * 2)
    assert losses.sop_loss is None and losses.loss == losses.mlm_loss
    assert (grads["sop_head"]["W"] == 0).all() and (grads["pooler"]["W"] == 0).all()


# ---- nothing masked ------------------------------------------------------------------------------

def test_a_run_that_masks_nothing_has_no_masked_lm_figures(tmp_path, capsys, monkeypatch):
    """Sentence order alone: no NaN in the files nor on the screen, and no baseline."""
    pytest.importorskip("sentencepiece")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    write_corpus(tmp_path / "corpus.txt")
    data = dict(max_seq_length=16, masked_lm_prob=0.0)
    results = pretrain(tmp_path / "run", tmp_path / "corpus.txt",
                       **{**SMALL, "data": data, "steps": 2, "progress": True})["results"]
    assert results["baselines"] == {} and results["held_out"]["mlm_loss"] is None
    said = capsys.readouterr().out
    assert "SOP loss" in said and "MLM" not in said and "nan" not in said
    assert "\n           tokenizer.json is not written, so transformers will cut" in said
    assert "NaN" not in (tmp_path / "run" / "results.json").read_text()
    with pytest.raises(ValueError, match="masked_lm_prob is 0 and sentence_task is 'none'"):
        pretrain(tmp_path / "other", tmp_path / "corpus.txt",
                 **{**SMALL, "data": {**data, "sentence_task": "none"}})


# ---- the loop ------------------------------------------------------------------------------------

def test_training_learns_and_reports():
    """Sentence order given away by the first piece is soon learnt."""
    model = AlbertForPreTraining(small_config(initializer_range=0.2))

    def batches(seed):
        for batch in small_batches(np.random.default_rng(seed), 200):
            batch["sentence_order_label"] = (batch["input_ids"][:, 1] > 10).astype(int)
            yield batch

    held_out = list(batches(1))[:5]
    before, saved = evaluate(model, held_out), []
    metrics = train(model, AdamW(model.params, lr=1e-3), batches(2), 150, evaluate_every=60,
                    evaluation=lambda: evaluate(model, held_out),
                    on_step=lambda step, rows, evaluated:
                        evaluated and saved.append(len(rows)) is True,
                    progress=False)
    assert before["sop_loss"] > 0.5 > metrics[-1]["sop_loss"] + 0.1
    assert metrics[-1]["mlm_loss"] < before["mlm_loss"] - 0.2
    assert metrics[-1]["sop_accuracy"] > 0.9
    assert [row["step"] for row in metrics if row["split"] == "held-out"] == [60, 120, 150]
    assert [row["step"] for row in metrics if row["split"] == "train"] == list(range(1, 151))
    assert len(saved) == 3


def test_evaluation_is_the_mean_over_everything():
    model = AlbertForPreTraining(small_config(sop_weight=0.5), dtype=np.float64)
    batches = list(small_batches(np.random.default_rng(1)))
    one = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    figures, together = evaluate(model, batches), evaluate(model, [one])
    output, _ = model.forward(**one)
    assert figures == pytest.approx(together)
    assert figures["loss"] == pytest.approx(output.mlm_loss + 0.5 * output.sop_loss)
    right = output.prediction_logits.argmax(axis=-1) == one["labels"][one["labels"] != -100]
    assert figures["mlm_accuracy"] == right.mean()


def test_evaluation_of_nothing_is_refused():
    batch = next(small_batches(np.random.default_rng(0)))
    batch["labels"][:] = batch["sentence_order_label"][:] = -100
    for batches in ([], [batch]):
        with pytest.raises(ValueError, match="there is nothing to evaluate"):
            evaluate(AlbertForPreTraining(small_config()), batches)


def test_nan_stops_with_a_sentence():
    model = AlbertForPreTraining(small_config())
    model.params["sop_head"]["b"][0] = np.nan
    with pytest.raises(FloatingPointError, match=r"the loss is nan and the gradient norm nan at "
                                                 r"step 1: the parameter sop_head.b \(nan at "
                                                 r"\[0\]; 1 of 2 .*; a smaller learning rate"):
        train(model, AdamW(model.params), small_batches(np.random.default_rng(0)), 3,
              progress=False)


def test_training_clips_the_gradient():
    """Plain gradient descent moves by the learning rate times the gradient's length."""
    model = AlbertForPreTraining(small_config(initializer_range=0.2), dtype=np.float64)
    before = flatten(tree_map(np.copy, model.params))
    metrics = train(model, SGD(model.params, lr=0.5, momentum=0.0),
                    small_batches(np.random.default_rng(0)), 1, max_gradient_norm=0.01,
                    progress=False)
    moved = sum(((leaf - before[name]) ** 2).sum() for name, leaf in flatten(model.params).items())
    assert metrics[0]["gradient_norm"] > 0.1                 # as it was before clipping
    assert np.sqrt(moved) == pytest.approx(0.5 * 0.01)


def test_batches_that_end_early_are_noticed():
    model = AlbertForPreTraining(small_config())
    with pytest.raises(ValueError, match="the batches ended after 2 of 3 steps"):
        train(model, AdamW(model.params), small_batches(np.random.default_rng(0), 2), 3,
              progress=False)


def test_unknown_field_of_the_configuration_is_refused(tmp_path):
    with pytest.raises(ValueError, match="hidden_sise is no field of AlbertConfig"):
        pretrain(tmp_path / "run", config={"hidden_sise": 12})


def test_top_guesses_are_the_largest_probabilities():
    model = AlbertForPreTraining(small_config())
    ids = np.array([[2, 5, 4, 7, 3], [2, 4, 6, 6, 3]])
    guesses = top_guesses(model, TOKENIZER, ids, k=3)
    assert [(row, column) for row, column, _ in guesses] == [(0, 2), (1, 1)]
    logits = model.forward(ids)[0].prediction_logits
    for row, column, best in guesses:
        order = np.argsort(-logits[row, column])[:3]
        assert [piece for piece, _ in best] == [f"p{i}" for i in order]
        p = np.exp(logits[row, column]) / np.exp(logits[row, column]).sum()
        assert [value for _, value in best] == pytest.approx(p[order].tolist(), rel=1e-5)


# ---- the main job --------------------------------------------------------------------------------

SMALL = dict(vocab_size=45, steps=12, batch_size=4, data=dict(max_seq_length=16), evaluate_every=6,
             config=dict(hidden_size=16, embedding_size=8, num_attention_heads=2,
                         intermediate_size=20), progress=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    pytest.importorskip("sentencepiece")
    folder = tmp_path_factory.mktemp("run")
    write_corpus(folder / "corpus.txt")
    return folder, pretrain(folder / "out", folder / "corpus.txt", **SMALL)


def test_run_folder_is_complete(run):
    folder, result = run
    assert {path.name for path in (folder / "out").iterdir()} - {"tokenizer.json"} == {
        "config.json", "model.safetensors", "spiece.model", "tokenizer_config.json",
        "metrics.csv", "results.json", "losses.png", "options.json", "checkpoints", ".lock"}
    with open(folder / "out" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows if row["split"] == "held-out"] == ["6", "12"]
    assert len(rows) == 14
    results = json.loads((folder / "out" / "results.json").read_text())
    assert results["held_out"]["mlm_loss"] == result["metrics"][-1]["mlm_loss"]
    assert (folder / "out" / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_run_folder_loads_again(run):
    folder, result = run
    model = load_model(folder / "out")
    for name, leaf in flatten(result["model"].params).items():
        assert (flatten(model.params)[name] == leaf).all()


@pytest.mark.parity
def test_run_folder_loads_in_transformers(run):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder, result = run
    theirs = transformers.AlbertForPreTraining.from_pretrained(folder / "out").eval()
    ids = np.random.default_rng(0).integers(5, 45, (3, 11))
    output, _ = result["model"].forward(ids)
    with torch.no_grad():
        expected = theirs(input_ids=torch.tensor(ids))
    np.testing.assert_allclose(output.prediction_logits, expected.prediction_logits.numpy(),
                               atol=1e-5)
    np.testing.assert_allclose(output.sop_logits, expected.sop_logits.numpy(), atol=1e-5)


@pytest.mark.usefixtures("no_pictures")
def test_same_seed_same_weights(run, tmp_path):
    folder, result = run
    again = pretrain(tmp_path / "again", folder / "corpus.txt", **SMALL)
    assert (folder / "out" / "model.safetensors").read_bytes() == \
        (tmp_path / "again" / "model.safetensors").read_bytes()
    other = pretrain(tmp_path / "other", folder / "corpus.txt", **SMALL, seed=1)
    assert other["results"]["held_out"]["loss"] != again["results"]["held_out"]["loss"]


def test_held_out_text_is_not_trained_on(run):
    _, result = run
    data = result["data"]
    documents = {tuple(np.concatenate(document)) for document in data.shards[0]}
    text = np.concatenate([np.where(batch["labels"] != -100, batch["labels"], batch["input_ids"])
                           for batch in data.held_out])
    in_order = np.concatenate([batch["sentence_order_label"] for batch in data.held_out]) == 0
    beginnings = {tuple(row[row > 4]) for row in text[in_order]}
    assert len(documents) == 36 and len(beginnings) > 3
    assert not any(document[:len(row)] == row for document in documents for row in beginnings)
    share = np.count_nonzero(text) / (np.count_nonzero(text)
                                      + np.count_nonzero(data.training_text()))
    assert 0.05 < share < 0.2


def test_epochs_are_drawn_anew(run):
    _, result = run
    batches = result["data"].training_batches()
    first = [next(batches)["input_ids"] for _ in range(3)]
    again = result["data"].training_batches()
    assert all((next(again)["input_ids"] == ids).all() for ids in first)
    held_out = result["data"].held_out
    assert all((one["labels"] != -100).any() for one in held_out)


def test_guesses_are_shown(run):
    _, result = run
    text = show_guesses(result["model"], result["tokenizer"], result["data"].held_out)
    assert text.count("[MASK]") >= 3 and "%" in text and "<pad>" not in text


def columns(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


@pytest.mark.parametrize("text", [
    "过去，[MASK]罚（40 [MASK]尼打屁[MASK]）是世界上[MASK] [MASK]常见的课堂纪律。[SEP]" * 3,
    "the masked words of [MASK] are [MASK] in this text [SEP] " * 3], ids=["Chinese", "English"])
def test_text_with_gaps_is_broken_by_its_width(text, monkeypatch):
    tokenizer = types.SimpleNamespace(pad_token_id=0, cls_token_id=2, mask_token_id=4,
                                      pieces=["", "体", "▁a"], decode=lambda *_, **__: text)
    monkeypatch.setattr(guesses, "top_guesses", lambda *_: [(0, 1, [("的", 0.25)]),
                                                            (0, 2, [("a", 0.25)])])
    rows = np.array([[2, 4, 4]])
    batch = {"input_ids": rows, "attention_mask": rows, "token_type_ids": rows,
             "labels": np.array([[-100, 1, 2]])}
    *lines, first, second = show_guesses(None, tokenizer, [batch], 1, width=40).splitlines()
    assert all(25 < columns(line) <= 40 for line in lines[:-1]) and columns(lines[-1]) <= 40
    assert sum(line.count("[MASK]") for line in lines) == text.count("[MASK]")     # none is cut
    assert not any(line.strip()[0] in "，。）" for line in lines)
    assert {columns(line.rpartition("   ")[0]) for line in (first, second)} == {18}
    if text.isascii():
        assert lines == textwrap.wrap(text, 40, initial_indent="  ", subsequent_indent="  ")


@pytest.mark.parametrize("loss, accuracy, said", [
    (5.0, 0.2, False), (5.0, 0.1, False), (6.0, 0.1, True), (7.0, 0.05, True),
    (7.0, 0.2, False)])                                            # the last one has overfitted
def test_a_model_that_is_no_better_than_counting_is_told_so(loss, accuracy, said, tmp_path):
    results = {"held_out": {"mlm_loss": loss, "mlm_accuracy": accuracy, "sop_accuracy": 0.5},
               "baselines": {"unigram": {"mlm_loss": 6.0, "mlm_accuracy": 0.1}}, "blind_guess": 8.0}
    text = summary(results, tmp_path)
    assert ("no better than the unigram model" in text) == said == ("--warmup-steps" in text)


@pytest.mark.usefixtures("no_pictures")
def test_dropout_is_drawn_while_training(run, tmp_path):
    folder, _ = run
    config = {**SMALL["config"], "hidden_dropout_prob": 0.5}
    results = [pretrain(tmp_path / name, folder / "corpus.txt", **{**SMALL, "config": config})
               for name in ("a", "b")]
    assert results[0]["results"]["held_out"]["loss"] == results[1]["results"]["held_out"]["loss"]
    assert results[0]["results"]["held_out"]["loss"] != run[1]["results"]["held_out"]["loss"]
