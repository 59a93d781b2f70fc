"""An ablation step by step, without training: which runs, what each is told, what is written."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.pretraining.ablation import run as ablation_module
from albert_np.pretraining.ablation.run import _asked, _receive, _results, ablate, run_once
from albert_np.pretraining.ablation.table import findings, in_words, summarize, table
from albert_np.pretraining.ablation.variants import (Ablation, Claim, Column, Variant,
                                                     ablation_of)
from albert_np.pretraining.options import PretrainingOptions

ACCURACY, LOSS = Column("accuracy", "text", "mlm_accuracy"), Column("loss", "text", "mlm_loss")
ORDER = Column("order", "text", "sop_accuracy", 0.5)


def small_ablation(**changes):
    return Ablation("small", "Two variants", 10, (Variant("a", "A"), Variant("b", "B")),
                    (LOSS, ACCURACY, ORDER), {"text": {}}, **{"claims": (), **changes})


def runs(a, b):
    """Done runs with these accuracies."""
    return {(name, seed): {"parameters": 1234, "ms_a_step": 20.0 + seed, "seconds": 61.4,
                           "held_out": {"text": {"mlm_loss": 2.0, "mlm_accuracy": value,
                                                 "sop_accuracy": None}}}
            for name, values in (("a", a), ("b", b)) for seed, value in enumerate(values)}


# ---- the table -----------------------------------------------------------------------------------

@pytest.mark.parametrize("a, b, level, verdict, words", [
    ((0.5, 0.6), (0.4, 0.5), False, "appears", "appears"),
    ((0.4, 0.5), (0.5, 0.6), False, "does not appear", "the order is the other way round"),
    ((0.5, 0.5), (0.25, 0.75), False, "within the deviation", "is within the deviation"),
    ((0.5, 0.6), (0.4, 0.5), True, "does not appear", "does not appear, a is higher"),
    ((0.4, 0.5), (0.5, 0.6), True, "does not appear", "does not appear, b is higher"),
    ((0.5, 0.5), (0.25, 0.75), True, "appears", "by no more than the deviation"),
    ((0.5, 0.5), (0.5, 0.5), False, "within the deviation", "is within the deviation"),
    ((0.5, 0.5), (0.5, 0.5), True, "appears", "by no more than the deviation"),
    ((0.5,), (0.4,), False, "cannot be told", "cannot be told from one seed"),
    ((0.5,), (0.4,), True, "cannot be told", "cannot be told from one seed")])
def test_whether_an_order_appears(a, b, level, verdict, words):
    claim = Claim("a is better", "accuracy", "a", "b", "the paper", level)
    ablation = small_ablation(claims=(claim, Claim("x", "order", "a", "b", "y")))
    one, = findings(ablation, summarize(ablation, runs(a, b), len(a)))    # of the order: nothing
    assert one["verdict"] == verdict and words in one["sentence"]
    assert one["sentence"].startswith("a is better (the paper): ")
    assert one["difference"] == pytest.approx(np.subtract(a, b).mean())
    assert (one["sd"] is None) == (len(a) == 1)


def test_rows_have_the_figures_of_their_seeds():
    first, second = summarize(small_ablation(), runs((0.5, 0.7), (0.1, 0.1)), 2)
    assert (first["variant"], first["place"], first["group"], first["paper"]) == ("a", "A", "", [])
    assert first["ms_a_step"] == 20.5 and first["parameters"] == 1234
    assert first["figures"]["accuracy"] == {"values": [0.5, 0.7], "mean": pytest.approx(0.6),
                                            "sd": pytest.approx(0.2 / 2**0.5)}
    assert first["figures"]["order"] == {"values": [None, None], "mean": None, "sd": None}
    assert second["figures"]["accuracy"]["sd"] == 0
    assert summarize(small_ablation(), runs((0.5,), (0.1,)), 1)[0]["figures"]["loss"]["sd"] is None


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_table_in_words(seeds):
    ablation = small_ablation(claims=(Claim("c", "accuracy", "a", "b", "d"),), notes=("A note.",))
    rows = summarize(ablation, runs((0.5, 0.7), (0.1, 0.1)), seeds)
    text = table(ablation, rows, findings(ablation, rows), 1500, seeds, {"text": (3000, 200)})
    assert text.startswith("# Two variants\n\n") and text.endswith("\n") and "\n\nA note." in text
    assert "on held-out text (accuracy: 3,000 pieces; order: 200 pairs)." in text
    assert "## Does the order appear?" in text
    if seeds == 2:
        assert "2 seeds, 1,500 steps each; mean ± standard deviation of single runs" in text
        assert "| a     |      1,234 | 2.000 ± 0.000 | 60.0 ± 14.1 % |     – |      20.5 |" in text
        assert "difference is +50.0 ± 14.1 points." in text
    else:
        assert "1 seed, 1,500 steps each; one run each, so no deviation is known" in text
        assert "| b     |      1,234 | 2.000 |   10.0 % |     – |      20.0 |" in text
    assert ("standard error of sqrt" in text) == (seeds == 2)
    assert "Does the order" not in table(ablation, rows, [], 1500, seeds, {"text": (1, 1)})
    rule, = [line for line in text.split("\n") if line.startswith("|-")]
    assert rule.startswith("|-------|-----------:|") and rule.endswith(":|")


def test_a_run_in_a_few_words():
    run = runs((0.513,), (0.1,))["a", 0]
    assert in_words(run, (LOSS, ACCURACY, ORDER)) == "accuracy 51.3%; 20.0 ms a step, 61 s"


# ---- which there are -----------------------------------------------------------------------------

def test_the_sizes_of_the_embedding_ablation():
    ablation = ablation_of("embedding", 16)
    assert [(variant.name, variant.config["embedding_size"], variant.config["embedding_mapping"],
             variant.config["sharing"], variant.paper) for variant in ablation.variants] == [
        ("E2-none", 2, True, "none", ("81.3", "64")), ("E4-none", 4, True, "none", ("81.7", "128")),
        ("E8-none", 8, True, "none", ("81.8", "256")),
        ("E16-none", 16, False, "none", ("82.3", "768")),
        ("E2-all", 2, True, "all", ("79.0", "64")), ("E4-all", 4, True, "all", ("80.1", "128")),
        ("E8-all", 8, True, "all", ("79.6", "256")), ("E16-all", 16, False, "all", ("79.8", "768"))]
    assert ablation_of("embedding", 8).variants[0].name == "E1-none"
    for H in (4, 7, 12):
        with pytest.raises(ValueError, match=f"hidden_size is {H}; the embedding ablation divides"):
            ablation_of("embedding", H)
    ablation_of("sharing", 7)


@pytest.mark.parametrize("name, changes", [
    ("sharing", {"all": {"sharing": "all"}, "attention": {"sharing": "attention"},
                 "ffn": {"sharing": "ffn"}, "none": {"sharing": "none"}}),
    ("sentence-task", {task: {"sentence_task": task} for task in ("none", "nsp", "sop")}),
    ("masking", {"n-grams": {}, "words": {"ngram": 1},
                 "pieces": {"ngram": 1, "do_whole_word_mask": False},
                 "fixed": {"masking": "fixed", "dupe_factor": 1},
                 "capped": {"max_predictions_per_seq": 2}}),
    ("lambda", {f"lambda={weight:g}": {"sop_weight": weight} for weight in (0, 0.05, 0.15, 0.5,
                                                                            1)})])
def test_what_variants_change(name, changes):
    assert {variant.name: {**variant.config, **variant.data}
            for variant in ablation_of(name, 64).variants} == changes


@pytest.mark.parametrize("name, steps, batches", [
    ("sharing", 2500, {"text": {}}), ("embedding", 1300, {"text": {}}),
    ("sentence-task", 3300, {"in order": {"sentence_task": "none"},
                             "nsp": {"sentence_task": "nsp"}, "sop": {"sentence_task": "sop"}}),
    ("masking", 2000, {"text": {}, "pieces": {"ngram": 1, "do_whole_word_mask": False}}),
    ("lambda", 2000, {"text": {}})])
def test_steps_and_held_out_batches(name, steps, batches):
    ablation = ablation_of(name, 64)
    assert (ablation.name, ablation.steps, ablation.batches) == (name, steps, batches)
    assert {column.key for column in ablation.columns} <= {"mlm_loss", "mlm_accuracy",
                                                           "sop_accuracy"}
    assert all(column.chance == (0.5 if column.key == "sop_accuracy" else None)
               for column in ablation.columns)


# ---- the runs ------------------------------------------------------------------------------------

BATCH = {"labels": np.array([[-100, 5], [6, 7]]), "sentence_order_label": np.array([0, -100])}


@pytest.fixture
def told(monkeypatch):
    """What the steps of an ablation are told; nothing is read, trained or drawn."""
    kept = SimpleNamespace(opened=[], runs=[], pictures=[], said=[])

    def open_run_data(output, options, resuming, say):
        kept.opened.append((options, resuming))
        say("said of the text")
        return SimpleNamespace(shards=["shard"], held_out=[BATCH], tokenizer=SimpleNamespace(
            vocab_size=1234)), f"fingerprint {len(kept.opened)}"

    def run_once(options, text):
        kept.runs.append((options, text))
        figures = {"mlm_loss": 2.0, "mlm_accuracy": 0.25, "sop_accuracy": 0.5}
        return {**ablation_module.identity_of(options, text), "parameters": 10,
                "held_out": dict.fromkeys(text.held_out, figures), "ms_a_step": 1.0,
                "seconds": 2.0}

    monkeypatch.setattr(ablation_module, "open_run_data", open_run_data)
    monkeypatch.setattr(ablation_module, "run_once", run_once)
    monkeypatch.setattr("albert_np.plotting.plot_ablation",
                        lambda *given: kept.pictures.append(given))
    return kept


def test_every_variant_runs_with_every_seed(told, tmp_path, capsys):
    results = ablate("sentence-task", tmp_path, "text.txt", seeds=2, processes=1, batch_size=4,
                     data={"ngram": 2}, config={"hidden_size": 32})
    assert [(options.data["sentence_task"], options.seed) for options, _ in told.runs] == [
        (task, seed) for seed in (0, 1) for task in ("none", "nsp", "sop")]
    for options, text in told.runs:
        assert (options.steps, options.batch_size, options.workers) == (3300, 4, 1)
        assert options.data["ngram"] == 2 and options.config == {"hidden_size": 32}
        assert options.data["beginnings_only"] is False and text.fingerprint == "fingerprint 1"
        assert list(text.held_out) == ["in order", "nsp", "sop"]
    assert [(options.data["sentence_task"], resuming) for options, resuming in told.opened] == [
        ("none", False), ("nsp", True), ("sop", True)]
    said = capsys.readouterr().out
    assert said.count("said of the text") == 1 and "tokenizer  1,234 pieces" in said
    assert "run  1 of 6   none, seed 0: " in said and "run  6 of 6   sop, seed 1: " in said
    assert results["ablation"] == "sentence-task" and results["steps"] == 3300
    assert results["seeds"] == 2 and results["asked"] == dict.fromkeys(
        ("in order", "nsp", "sop"), [3, 1])
    assert results == json.loads((tmp_path / "results.json").read_text())
    assert (tmp_path / "table.md").read_text() in said
    assert f"This is in {tmp_path}: table.md, picture.png, results.json." in said
    (_, _, path, title), = told.pictures
    assert path == tmp_path / "picture.png" and title.endswith(": 3,300 steps, 2 seeds")
    assert not (tmp_path / ".unfinished").exists()


def test_what_is_done_is_not_done_again(told, tmp_path, capsys):
    ablate("sharing", tmp_path, seeds=1, processes=1, steps=5)
    assert all(options.data["beginnings_only"] for options, _ in told.runs)
    assert len(told.runs) == 4 and told.runs[0][0].steps == 5
    told.opened.clear()
    ablate("sharing", tmp_path, seeds=2, processes=1, steps=5)
    assert [options.seed for options, _ in told.runs[4:]] == [1] * 4
    assert f"done       4 of 8 runs are in {tmp_path / 'runs'} already" in capsys.readouterr().out
    told.opened.clear()
    ablate("sharing", tmp_path, seeds=1, processes=1, steps=6, progress=False)
    assert len(told.runs) == 12 and capsys.readouterr().out == ""


def test_a_run_of_other_batches_is_done_again(tmp_path):
    text = SimpleNamespace(fingerprint="one", held_out={"text": [], "pieces": []})
    options, path = PretrainingOptions(steps=3), tmp_path / "run.json"
    run = {**ablation_module.identity_of(options, text), "held_out": {"text": {}}}
    path.write_text(json.dumps(run))
    assert ablation_module.finished_entry(path, options, text) is None
    for damaged in ("", "[]", "{}", json.dumps({**run, "held_out": None})):
        path.write_text(damaged)
        assert ablation_module.finished_entry(path, options, text) is None
    assert ablation_module.finished_entry(tmp_path / "nowhere", options, text) is None


def test_a_text_without_a_held_out_part_is_refused(told, tmp_path, monkeypatch):
    monkeypatch.setattr(ablation_module, "open_run_data", lambda *given, **more: (
        SimpleNamespace(held_out=[]), "x"))
    with pytest.raises(ValueError, match="text.txt has no held-out text to compare the runs on$"):
        ablate("sharing", tmp_path, "text.txt", processes=1, progress=False)


@pytest.mark.parametrize("options, sentence", [
    ({"seeds": 0}, "seeds is 0; it must be at least 1"),
    ({"processes": 0}, "processes is 0; it must be at least 1"),
    *(({name: 1}, f"{name} is given, but the runs of an ablation do not use it") for name in (
        "seed", "workers", "accumulation_steps", "parts", "recompute", "float64_sums",
        "checkpoint_every", "keep_checkpoints", "evaluate_every", "tensorboard"))])
def test_options_that_no_ablation_has(told, tmp_path, options, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        ablate("sharing", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_how_many_pieces_and_pairs_are_asked_about():
    text = SimpleNamespace(held_out={"a": [BATCH, BATCH], "b": []})
    assert _asked(text) == {"a": [6, 2], "b": [0, 0]}


def test_a_run_that_diverges_is_named(monkeypatch):
    def diverge(options, text):
        raise FloatingPointError("the loss is nan")

    monkeypatch.setattr(ablation_module, "run_once", diverge)
    with pytest.raises(FloatingPointError, match="^variant a, seed 3: the loss is nan$"):
        list(_results({("a", 3): None}, None, 1))


def test_what_a_process_sends():
    def receiver(result):
        def recv():
            if result is EOFError:
                raise EOFError
            return result
        return SimpleNamespace(recv=recv)

    assert _receive(receiver({"a": 1})) == {"a": 1}
    with pytest.raises(KeyError):
        _receive(receiver(KeyError("x")))
    with pytest.raises(ValueError, match="ended before its run was done, perhaps for lack of mem"):
        _receive(receiver(EOFError))


@pytest.mark.parametrize("changes, warmup, dropout", [
    ({}, 5, False), ({"warmup_steps": 10}, 10, False), ({"warmup_steps": 0}, 0, False),
    ({"config": {"hidden_dropout_prob": 0.1}}, 5, True),
    ({"config": {"attention_probs_dropout_prob": 0.1}}, 5, True),
    ({"max_gradient_norm": 0.25}, 5, False)])
def test_what_the_training_of_a_run_is_told(monkeypatch, changes, warmup, dropout):
    """A twentieth of the steps is warm-up, unless another number is given."""
    trained, measured = [], []

    def train(model, optimizer, batches, steps, **options):
        trained.append((model, optimizer, batches, steps, options))
        return [{"tokens": 100, "tokens_per_second": speed} for speed in (1000.0, 2000.0, 4000.0)]

    monkeypatch.setattr(ablation_module, "train", train)
    monkeypatch.setattr(ablation_module, "evaluate", lambda model, batches: measured.append(
        batches) or {"mlm_loss": 1.0})
    monkeypatch.setattr(
        ablation_module, "PretrainingData",
        lambda shards, held_out, tokenizer, data, batch_size, seed: SimpleNamespace(
            training_batches=lambda: (shards, held_out, data.ngram, batch_size, seed)))
    tokenizer = SimpleNamespace(vocab_size=40, pad_token_id=0, cls_token_id=2, sep_token_id=3)
    text = SimpleNamespace(shards=["shard"], held_out={"a": [1], "b": [2]}, tokenizer=tokenizer,
                           fingerprint="f")
    config = {"hidden_size": 8, "num_attention_heads": 2, "embedding_size": 4,
              "intermediate_size": 8, **changes.pop("config", {})}
    options = PretrainingOptions(steps=100, seed=3, batch_size=7, data={"ngram": 2},
                                 config=config, **changes)
    run = run_once(options, text)
    (model, optimizer, batches, steps, how), = trained
    assert batches == (["shard"], [], 2, 7, 3) and steps == 100 and measured == [[1], [2]]
    assert [optimizer.lr(step) / options.learning_rate for step in (0, 1)] == pytest.approx(
        [0, 1 / warmup] if warmup else [1, 0.99])
    assert how["max_gradient_norm"] == options.max_gradient_norm and how["progress"] is False
    assert (how["rng"] is not None) == dropout
    assert run["ms_a_step"] == 50 and run["seconds"] >= 0 and run["text"] == "f"
    assert run["held_out"] == {"a": {"mlm_loss": 1.0}, "b": {"mlm_loss": 1.0}}
    assert run["parameters"] == sum(model.config.parameter_counts().values())
    assert run["options"]["seed"] == 3
