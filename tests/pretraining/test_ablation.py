"""Ablations: what differs between the runs, what is measured, and what the table says of it."""

import json
import multiprocessing
import os
import signal
import string
import subprocess
import sys
import time
import types
from dataclasses import replace

import numpy as np
import pytest

from albert_np import AlbertConfig
from albert_np.commands.cli import main
from albert_np.pretraining.ablation import run as ablation_module
from albert_np.pretraining.ablation.run import ablate
from albert_np.pretraining.ablation.table import findings, summarize, table
from albert_np.pretraining.ablation.variants import NAMES, ablation_of
from albert_np.pretraining.options import PretrainingOptions
from albert_np.text import train_tokenizer

SMALL = dict(vocab_size=45, batch_size=4, data=dict(max_seq_length=16), steps=3, processes=1,
             config=dict(hidden_size=16, embedding_size=8, num_attention_heads=2,
                         intermediate_size=20), progress=False)


@pytest.fixture(scope="module")
def sharing(corpus, tmp_path_factory):
    output = tmp_path_factory.mktemp("sharing")
    return output, ablate("sharing", output, corpus, seeds=2, **SMALL)


@pytest.fixture(scope="module")
def single(corpus, tmp_path_factory):
    """Every ablation with one seed, each made when it is first asked for."""
    made = {}

    def get(name):
        if name not in made:
            output = tmp_path_factory.mktemp(name)
            made[name] = output, ablate(name, output, corpus, seeds=1, **SMALL)
        return made[name]

    return get


def runs_in(output):
    return {path.stem: json.loads(path.read_text()) for path in (output / "runs").iterdir()}


# ---- the runs ------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("name, rows, options", [
    ("sharing", 4, {"sharing"}),
    ("embedding", 8, {"sharing", "embedding_size", "embedding_mapping"}),
    ("sentence-task", 3, {"sentence_task"}),
    ("masking", 5, {"ngram", "do_whole_word_mask", "masking", "dupe_factor",
                    "max_predictions_per_seq"}),
    ("lambda", 5, {"sop_weight"})])
def test_variants_differ_in_one_thing(single, name, rows, options):
    output, results = single(name)
    assert [row["variant"] for row in results["rows"]] == \
        [variant.name for variant in ablation_of(name, 16).variants]
    assert len(results["rows"]) == rows
    runs = list(runs_in(output).values())
    assert len(runs) == rows
    flat = [{**run["options"], **run["options"]["config"], **run["options"]["data"]}
            for run in runs]
    for one in flat:
        del one["config"], one["data"]
    different = {key for one in flat for key in one if any(one[key] != other.get(key)
                                                           for other in flat)}
    assert different == options
    assert len({json.dumps(one, sort_keys=True) for one in flat}) == rows
    assert (output / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_parameters_are_those_of_the_configuration(single):
    _, results = single("embedding")
    parameters = {row["variant"]: row["parameters"] for row in results["rows"]}
    for E in (2, 4, 8, 16):
        for sharing in ("all", "none"):
            config = AlbertConfig(vocab_size=45, hidden_size=16, embedding_size=E, sharing=sharing,
                                  num_attention_heads=2, intermediate_size=20,
                                  num_hidden_layers=3, max_position_embeddings=16,
                                  embedding_mapping=E != 16)
            assert parameters.pop(f"E{E}-{sharing}") == sum(config.parameter_counts().values())
    assert not parameters


@pytest.mark.slow
def test_variants_learn_different_weights_from_equal_text(sharing):
    output, _ = sharing
    runs = runs_in(output)
    assert len({run["held_out"]["text"]["mlm_loss"] for run in runs.values()}) == 8
    assert len({run["text"] for run in runs.values()}) == 1
    for name, run in runs.items():
        assert run["options"]["seed"] == int(name[-1]) and run["ms_a_step"] > 0


@pytest.mark.slow
def test_the_same_again_in_two_processes(sharing, corpus, tmp_path):
    output, results = sharing
    again = ablate("sharing", tmp_path, corpus, seeds=2, **{**SMALL, "processes": 2})
    assert [row["figures"] for row in again["rows"]] == [row["figures"] for row in results["rows"]]
    assert again["findings"] == results["findings"]


@pytest.mark.slow
def test_finished_runs_are_not_repeated(sharing, corpus, tmp_path, monkeypatch):
    output, results = sharing
    (tmp_path / "runs").mkdir()
    for path in (output / "runs").iterdir():
        (tmp_path / "runs" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "runs" / "all-0.json").unlink()
    (tmp_path / "runs" / "ffn-1.json").write_text('{"options": ')
    made, run_once = [], ablation_module.run_once

    def counted(options, text):
        made.append((options.config["sharing"], options.seed))
        return run_once(options, text)

    monkeypatch.setattr(ablation_module, "run_once", counted)
    again = ablate("sharing", tmp_path, corpus, seeds=2, **SMALL)
    assert made == [("all", 0), ("ffn", 1)]
    assert [row["figures"] for row in again["rows"]] == [row["figures"] for row in results["rows"]]
    made.clear()
    ablate("sharing", tmp_path, corpus, seeds=1, **{**SMALL, "steps": 2})
    assert made == [(name, 0) for name in ("all", "attention", "ffn", "none")]


def test_runs_on_another_text_are_repeated(tmp_path):
    text = types.SimpleNamespace(fingerprint="one", held_out={"text": []})
    three = PretrainingOptions(steps=3)
    run = {**ablation_module.identity_of(three, text), "held_out": {"text": {}}}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run))
    assert ablation_module.finished_entry(path, three, text) == run
    assert ablation_module.finished_entry(path, PretrainingOptions(steps=4), text) is None
    text.fingerprint = "two"
    assert ablation_module.finished_entry(path, three, text) is None


@pytest.mark.slow
def test_all_models_of_a_task_answer_both_questions(tmp_path):
    """In a corpus where each document has a letter of its own, foreign segments can be seen."""
    pytest.importorskip("sentencepiece")
    documents = ["\n".join(f"{c}{c} {c}{c}{c} {c} {c}" for _ in range(12))
                 for c in string.ascii_lowercase]
    (tmp_path / "corpus.txt").write_text("\n\n".join(documents))
    train_tokenizer("\n".join(documents).split("\n"), 60, tmp_path / "spiece.model")
    texts, run_once = [], ablation_module.run_once

    def kept(options, text):
        texts.append(text)
        return run_once(options, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablation_module, "run_once", kept)
        results = ablate("sentence-task", tmp_path / "out", tmp_path / "corpus.txt", seeds=1,
                         layout="lines", tokenizer=tmp_path / "spiece.model",
                         **{**SMALL, "data": {"max_seq_length": 24}})
    assert len(texts) == 3 and all(text is texts[0] for text in texts)
    tokenizer = texts[0].tokenizer

    def pairs(name):
        for batch in texts[0].held_out[name]:
            ids = np.where(batch["labels"] != -100, batch["labels"], batch["input_ids"])
            for row, kinds, mask, label in zip(ids, batch["token_type_ids"],
                                               batch["attention_mask"],
                                               batch["sentence_order_label"]):
                yield [set("".join(tokenizer.pieces[i] for i in row[(kinds == kind) & (mask == 1)]
                                   if i > 4)) & set(string.ascii_lowercase)
                       for kind in (0, 1)], label

    seen = {name: list(pairs(name)) for name in ("in order", "nsp", "sop")}
    assert {label for _, label in seen["in order"]} == {-100}
    for name in ("nsp", "sop"):
        assert {label for _, label in seen[name]} == {0, 1}
    assert all(len(a) == len(b) == 1 for pairs in seen.values() for (a, b), _ in pairs)
    assert all((a != b) == (label == 1) for (a, b), label in seen["nsp"])
    assert all(a == b for (a, b), _ in seen["sop"])

    runs = runs_in(tmp_path / "out")
    for row in results["rows"]:
        measured = runs[f"{row['variant']}-0"]["held_out"]
        assert row["figures"]["NSP accuracy"]["values"] == [measured["nsp"]["sop_accuracy"]]
        assert row["figures"]["SOP accuracy"]["values"] == [measured["sop"]["sop_accuracy"]]
        assert row["figures"]["MLM accuracy"]["values"] == [measured["in order"]["mlm_accuracy"]]
        assert measured["in order"]["sop_accuracy"] is None
    assert results["asked"]["nsp"][1] == len(seen["nsp"])


# ---- the table -----------------------------------------------------------------------------------

def made_up(ablation, values):
    """Runs with given MLM accuracies, by variant."""
    done = {}
    for variant in ablation.variants:
        for seed, value in enumerate(values[variant.name]):
            figures = {"mlm_loss": 5 - value, "mlm_accuracy": value, "sop_accuracy": 0.5 + value}
            done[variant.name, seed] = {"parameters": 1234, "held_out": {"text": figures},
                                        "ms_a_step": 20.0 + seed}
    return done


VALUES = {"all": (0.20, 0.22, 0.21), "attention": (0.24, 0.23, 0.25), "ffn": (0.26, 0.26, 0.27),
          "none": (0.23, 0.25, 0.24)}


def test_means_deviations_and_verdicts():
    ablation = ablation_of("sharing", 64)
    rows = summarize(ablation, made_up(ablation, VALUES), 3)
    figure = rows[0]["figures"]["MLM accuracy"]
    assert figure["mean"] == pytest.approx(0.21) and figure["sd"] == pytest.approx(0.01)
    assert rows[0]["ms_a_step"] == pytest.approx(21)
    found = findings(ablation, rows)
    # In points: none - all = 3, 3, 3; none - attention = -1, 2, -1 (level, as claimed);
    # attention - ffn = -2, -3, -2 (the wrong way round); ffn - all = 6, 4, 6 (not level).
    assert [one["verdict"] for one in found] == ["appears", "appears", "does not appear",
                                                 "does not appear"]
    assert found[0]["difference"] == pytest.approx(0.03) and found[0]["sd"] == pytest.approx(0)
    assert "other way round" in found[2]["sentence"] and "ffn is higher" in found[3]["sentence"]
    text = table(ablation, rows, found, 100, 3, {"text": (3000, 300)})
    assert "| all       |      1,234 | 4.790 ± 0.010 | 21.0 ± 1.0 % | 71.0 ± 1.0 % |" in text
    assert "difference is +3.0 ± 0.0 points" in text and "300 pairs" in text


def test_small_differences_and_single_seeds_prove_nothing():
    ablation = ablation_of("sharing", 64)
    close = {**VALUES, "none": (0.20, 0.24, 0.21)}                 # none - all = 0, 2, 0
    found = findings(ablation, summarize(ablation, made_up(ablation, close), 3))
    assert found[0]["verdict"] == "within the deviation"
    rows = summarize(ablation, made_up(ablation, VALUES), 1)
    found = findings(ablation, rows)
    assert {one["verdict"] for one in found} == {"cannot be told"}
    text = table(ablation, rows, found, 100, 1, {"text": (3000, 300)})
    assert "|       20.0 % |" in text and "no deviation is known" in text


def test_claims_name_what_there_is():
    for name in NAMES:
        ablation = ablation_of(name, 64)
        variants = {variant.name for variant in ablation.variants}
        assert len(variants) == len(ablation.variants)
        assert {column.batches for column in ablation.columns} == set(ablation.batches)
        for claim in ablation.claims:
            assert {claim.higher, claim.lower} <= variants
            assert claim.column in {column.heading for column in ablation.columns}
        for variant in ablation.variants:
            assert len(variant.paper) == len(ablation.paper_columns)


# ---- the command ---------------------------------------------------------------------------------

@pytest.mark.slow
def test_command(corpus, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["ablate", "lambda", "--corpus", str(corpus), "--vocab-size", "45", "--steps", "2",
                 "--seeds", "1", "--batch-size", "4", "--processes", "1"]) == 0
    text = capsys.readouterr().out
    table_file = tmp_path / "runs" / "ablate-lambda" / "table.md"
    assert table_file.read_text() in text and "| lambda=0.15 |" in text
    assert "run  5 of 5" in text and "cannot be told from one seed" in text


@pytest.mark.parametrize("arguments, message", [
    (["everything"], "there is no ablation 'everything'; known are sharing, embedding"),
    (["sharing", "--seeds", "0"], "seeds is 0; it must be at least 1"),
    (["sharing", "--processes", "0"], "processes is 0; it must be at least 1"),
    (["sharing", "--steps", "0"], "steps is 0; it must be at least 1"),
    (["sharing", "--corpus", "nowhere.txt"], "nowhere.txt"),
    (["sharing", "--lr", "-1"], "learning_rate is -1.0"),
    (["masking", "--output", "file"], "The folder file cannot be written: Not a directory.")])
def test_bad_input_gets_one_sentence_and_exit_status_2(tmp_path, monkeypatch, capsys, arguments,
                                                       message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert main(["ablate", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("albert-np: ") and error.count("\n") == 1 and message in error


@pytest.mark.slow
def test_run_that_diverges_is_named_and_ends_the_others(corpus, tmp_path, monkeypatch):
    run_all = ablation_module.run_all

    def one_that_takes_hours(tasks, *others):
        tasks["attention", 0] = replace(tasks["attention", 0], steps=10**7, learning_rate=1e-3)
        return run_all(tasks, *others)

    monkeypatch.setattr(ablation_module, "run_all", one_that_takes_hours)
    with pytest.raises(FloatingPointError, match="variant all, seed 0: the loss"):
        ablate("sharing", tmp_path, corpus, seeds=1, learning_rate=1e30,
               **{**SMALL, "steps": 40, "processes": 2})
    deadline = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_ctrl_c_ends_all_processes_at_once(corpus, tmp_path):
    command = [sys.executable, "-m", "albert_np", "ablate", "sharing", "--corpus", str(corpus),
               "--vocab-size", "45", "--steps", "1000000", "--output", str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True, preexec_fn=lambda: signal.signal(
                              signal.SIGINT, signal.default_int_handler)) as process:
        while not process.stdout.readline().startswith("tokenizer"):
            assert process.poll() is None
        time.sleep(0.7)                                 # the two processes begin
        os.killpg(process.pid, signal.SIGINT)           # as a terminal does
        # communicate() ends when nobody holds the pipes any more: no process is left.
        out, error = process.communicate(timeout=30)
    assert process.returncode == 130 and error == "albert-np: interrupted\n"
    assert not (tmp_path / "out" / "table.md").exists()
