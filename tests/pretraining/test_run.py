"""What a run says, and what it saves when; the training loop is replaced where it is not needed."""

import contextlib
import csv
import json
import re
import shutil
import signal
from dataclasses import asdict

import numpy as np
import pytest
from test_resume import OPTIONS, newest, stop_after

from albert_np.files.locks import lock
from albert_np.inference import load_model
from albert_np.parameters import count, flatten
from albert_np.pretraining import (BigramModel, RunStopped, UnigramModel, evaluate_baseline,
                                   pretrain, resume)
from albert_np.pretraining.distributed import Alone
from albert_np.pretraining.options import PretrainingOptions
from albert_np.pretraining.run_checkpoints import load_checkpoint
from albert_np.text import train_tokenizer

pytest.importorskip("sentencepiece")

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture(scope="module")
def tokenizer(corpus, tmp_path_factory):
    """A tokenizer for all runs, since to train one takes longer than their steps."""
    path = tmp_path_factory.mktemp("tokenizer") / "spiece.model"
    train_tokenizer(corpus.read_text().split("\n"), 45, path)
    return str(path)


@pytest.fixture
def options(tokenizer):
    return {**OPTIONS, "tokenizer": tokenizer, "steps": 2}


# ---- words ---------------------------------------------------------------------------------------

def baselines_by_hand(data):
    """The figures of both baselines, which count in the training text."""
    text = data.training_text(), data.tokenizer
    return {name: evaluate_baseline(model(*text), data.held_out)
            for name, model in (("unigram", UnigramModel), ("bigram", BigramModel))}


@pytest.fixture(autouse=True)
def with_the_library(monkeypatch):
    """Whether or not tokenizers is installed, nothing is said about it."""
    monkeypatch.setattr("albert_np.pretraining.run.can_write", lambda: True)


def test_what_a_run_says_and_writes_before_it_trains(corpus, options, tmp_path, capsys,
                                                     monkeypatch):
    found = []
    monkeypatch.setattr("albert_np.pretraining.run.train",
                        lambda *arguments, **others: found.extend(arguments))
    with pytest.raises(RunStopped):
        pretrain(tmp_path, corpus, **options)
    model, _, batches, _ = found
    expected = [f"corpus     {corpus}: 432 sentences in 36 documents to train on, "
                f"48 sentences in 4 documents held out", "tokenizer  45 pieces",
                *[f"baseline   {name}: MLM loss {figures['mlm_loss']:.3f}, accuracy "
                  f"{100 * figures['mlm_accuracy']:.1f}%"
                  for name, figures in baselines_by_hand(batches.data).items()],
                f"model      {count(model.params):,} parameters: hidden size 16, "
                f"3 layers, sharing all", ""]
    assert capsys.readouterr().out.split("\n") == expected
    kept = (tmp_path / "options.json").read_text()
    assert "\n  \"steps\": 2,\n" in kept and kept.endswith("\n}\n")      # to be read by people


def test_what_a_run_says_at_its_end(corpus, options, tmp_path, capsys):
    result = pretrain(output=tmp_path / "run", corpus=corpus, **options)
    said = capsys.readouterr().out
    assert "step      1 of 2   MLM loss" in said and "step      2   held out: MLM loss" in said
    assert f"The run is in {tmp_path / 'run'}" in said
    assert result["results"]["baselines"] == baselines_by_hand(result["data"])
    pretrain(tmp_path / "quiet", corpus, **options, progress=False)
    assert capsys.readouterr() == ("", "")


def test_what_a_run_says_that_goes_on(corpus, options, tmp_path, capsys, monkeypatch):
    stop_after(tmp_path / "run", corpus, 3, monkeypatch, **{**options, "steps": 4})
    assert capsys.readouterr().out == ""
    resume(tmp_path / "run")
    said = capsys.readouterr().out
    assert re.search("^going on   from the checkpoint of step 3$", said, re.MULTILINE)
    assert "step      4 of 4" in said and "step      3 of 4" not in said


def test_a_run_that_was_stopped_before_its_first_checkpoint_begins_again(corpus, options, tmp_path,
                                                                         monkeypatch, capsys):
    """With the tokenizer in its folder: the file that was given may be gone."""
    whole = pretrain(tmp_path / "whole", corpus, **options, progress=False)
    given = shutil.copy(options["tokenizer"], tmp_path / "given.model")
    stop_after(tmp_path / "run", corpus, 2, monkeypatch, **{**options, "tokenizer": given})
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        path.unlink()
    given.unlink()
    result = resume(tmp_path / "run")
    assert "going on" not in capsys.readouterr().out
    for name, array in flatten(result["model"].params).items():
        assert np.array_equal(array, flatten(whole["model"].params)[name])


def test_baselines_guess_the_unknown_piece_if_it_may_be_masked(corpus, options, tmp_path):
    """The tokenizer knows no digits, and every sentence has one."""
    text = tmp_path / "text.txt"
    text.write_text(re.sub(r"^(\w+)", r"\1 7", corpus.read_text(), flags=re.MULTILINE))
    data = {"max_seq_length": 32, "mask_unknown": True, "masked_lm_prob": 0.3}
    result = pretrain(tmp_path / "run", text, **{**options, "data": data}, progress=False)
    unknown = result["tokenizer"].unk_token_id
    assert any((batch["labels"] == unknown).any() for batch in result["data"].held_out)
    assert np.isfinite(result["results"]["baselines"]["bigram"]["mlm_loss"])


@pytest.mark.parametrize("name", ["options.json", "model.safetensors"])
def test_a_folder_that_holds_a_run_is_left_as_it_is(corpus, options, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=f"the folder {tmp_path} already holds a run; go on with "
                                         f"--resume {tmp_path}, choose another"):
        pretrain(tmp_path, corpus, **options, progress=False)
    assert (tmp_path / name).read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} <= {name, ".lock"}


@pytest.mark.parametrize("begin", [pretrain, resume])
def test_a_folder_that_another_run_uses_is_refused(corpus, options, tmp_path, begin):
    arguments = [corpus] if begin is pretrain else []
    if begin is resume:
        pretrain(tmp_path, corpus, **options, progress=False)
    with lock(tmp_path), pytest.raises(ValueError, match="is used by another run"):
        begin(tmp_path, *arguments, **(options if begin is pretrain else {}), progress=False)


@pytest.mark.parametrize("rank, options, said", [
    (0, {}, "reading\n"), (0, {"progress": True}, "reading\n"), (0, {"progress": False}, ""),
    (1, {}, "")])
def test_rank_0_speaks_unless_it_is_told_not_to(tmp_path, monkeypatch, capsys, rank, options, said):
    class Rank(Alone):
        pass

    def open_run_data(output, options, resuming, say):
        say("reading")
        raise ValueError("the text is empty")

    monkeypatch.setattr("albert_np.pretraining.run.open_run_data", open_run_data)
    Rank.rank = rank
    for call in (pretrain, resume):
        folder = tmp_path / call.__name__
        folder.mkdir()
        if call is resume:
            write_options(folder)
        with pytest.raises(ValueError, match="the text is empty"):
            call(output=folder, communicator=Rank(), **options)
        assert capsys.readouterr().out == said


def write_options(folder):
    """As a run writes them that was stopped before its first checkpoint."""
    (folder / "options.json").write_text(json.dumps(asdict(PretrainingOptions())))


# ---- what is saved when --------------------------------------------------------------------------

@pytest.fixture
def saves(corpus, options, tmp_path, monkeypatch):
    """``saves(calls, **changes)``: the run's ``on_step`` is called so, and nothing is trained.

    Gives for each call what it returned and which of the files it wrote.
    """
    def files():
        folder = tmp_path / "run"
        return {name for name in ("metrics.csv", "model.safetensors") if (folder / name).exists()
                } | {f"step {newest(folder)}" for _ in range(newest(folder) > 0)}

    def run(calls, **changes):
        found = []

        def train(model, optimizer, batches, steps, *, on_step, metrics, **others):
            for step, evaluated, interruption in calls:
                optimizer.steps = step
                metrics.append({"step": step, "split": "train", "loss": 1.0, "seconds": 0.1 * step})
                with contextlib.suppress(FileNotFoundError):
                    for name in ("metrics.csv", "model.safetensors"):
                        (tmp_path / "run" / name).unlink(missing_ok=True)
                before = files()
                if interruption:
                    signal.raise_signal(interruption)
                found.append((on_step(step, metrics, evaluated), files() - before))

        monkeypatch.setattr("albert_np.pretraining.run.train", train)
        with contextlib.suppress(RunStopped):
            pretrain(tmp_path / "run", corpus, **{**options, **changes}, progress=False)
        return found
    return run


def test_what_is_saved_after_a_step(saves):
    """A checkpoint at every third step, at evaluations and before a stop."""
    model, rows = "model.safetensors", "metrics.csv"
    assert saves([(1, False, None), (3, False, None), (4, True, None), (5, False, None),
                  (6, True, None), (7, False, signal.SIGTERM), (8, False, None)],
                 steps=9, checkpoint_every=3) == [
        (False, set()), (False, {rows, "step 3"}), (False, {rows, model, "step 4"}),
        (False, set()), (False, {rows, model, "step 6"}), (True, {rows, "step 7"}),
        (True, {rows, "step 8"})]


def test_events_and_comparisons_of_the_ranks(saves, monkeypatch):
    """Every step is shown to TensorBoard; what a checkpoint is to hold is compared before."""
    events, compared = [], []

    class Comparing(Alone):
        def check_same(self, tree, what):
            compared.append(what)

    @contextlib.contextmanager
    def event_writer(output, wanted):
        events.append((output.name, wanted))
        yield lambda metrics, flush: events.append((len(metrics), flush))
        events.append("closed")

    monkeypatch.setattr("albert_np.pretraining.run.event_writer", event_writer)
    saves([(1, False, None), (2, True, None), (3, False, None), (4, False, None)], steps=9,
          checkpoint_every=4, tensorboard=True, communicator=Comparing())
    assert events == [("run", True), (1, False), (2, True), (3, False), (4, True), "closed"]
    assert compared == ["the model at step 2", "the model at step 4"]


@pytest.mark.parametrize("rank", [0, 1])
def test_rank_0_alone_saves_what_there_is_after_a_step(saves, monkeypatch, rank):
    class Rank(Alone):
        pass

    def event_writer(output, wanted):
        asked.append(wanted)
        return contextlib.nullcontext(lambda metrics, flush: None)

    Rank.rank, asked = rank, []
    monkeypatch.setattr("albert_np.pretraining.run.event_writer", event_writer)
    written = {"metrics.csv", "model.safetensors", "step 1"} if rank == 0 else set()
    assert saves([(1, True, None)], steps=9, tensorboard=True, communicator=Rank()) == [
        (False, written)]
    assert asked == [rank == 0]


def test_a_stop_of_another_rank_stops_this_one(saves):
    class Told(Alone):
        def largest(self, number):
            asked.append(number)
            return max(number, signal.SIGTERM if len(asked) == 2 else 0)

    asked = []
    assert saves([(1, False, None), (2, False, None)], steps=9, checkpoint_every=5,
                 communicator=Told()) == [(False, set()), (True, {"metrics.csv", "step 2"})]
    assert asked == [0, 0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_so(corpus, options, tmp_path, monkeypatch, number):
    def train(model, optimizer, batches, steps, *, on_step, metrics, **others):
        signal.raise_signal(number)
        optimizer.steps = 5
        assert on_step(5, [{"step": 5, "split": "train", "loss": 1.0, "seconds": 0.1}], False)

    monkeypatch.setattr("albert_np.pretraining.run.train", train)
    with pytest.raises(RunStopped) as stop:
        pretrain(tmp_path / "run", corpus, **{**options, "steps": 9}, progress=False)
    assert stop.value.signal == number
    assert str(stop.value) == (f"stopped after step 5 of 9, with a checkpoint; go on with --resume "
                               f"{tmp_path / 'run'}")
    assert newest(tmp_path / "run") == 5 and not (tmp_path / "run" / "results.json").exists()


def test_a_signal_in_the_last_step_stops_nothing(corpus, options, tmp_path, monkeypatch):
    from albert_np.pretraining import run

    def evaluate(*arguments, evaluate=run.evaluate):
        signal.raise_signal(signal.SIGTERM)
        return evaluate(*arguments)

    monkeypatch.setattr(run, "evaluate", evaluate)
    result = pretrain(tmp_path / "run", corpus, **options, progress=False)
    assert [row["split"] for row in result["metrics"]] == ["train", "train", "held-out"]
    assert newest(tmp_path / "run") == 2 and (tmp_path / "run" / "results.json").exists()


def test_the_smallest_run(corpus, options, tmp_path):
    """One step on one sequence of two pieces, and fewer rows than parts."""
    least = {**options, "steps": 1, "batch_size": 1, "held_out_sequences": 1, "evaluate_every": 9,
             "checkpoint_every": 9, "keep_checkpoints": 1, "warmup_steps": 0, "parts": 3,
             "data": {"max_seq_length": 5, "max_predictions_per_seq": 1, "ngram": 1}}
    runs = [pretrain(tmp_path / str(number), corpus, **{**least, **changes}, progress=False)
            for number, changes in enumerate((
                {"workers": 3}, {"workers": 1, "accumulation_steps": 3},
                {"workers": 1, "recompute": True, "float64_sums": True}))]
    for number, run in enumerate(runs):
        assert [(row["step"], row["split"]) for row in run["metrics"]] == [
            (1, "train"), (1, "held-out")]
        assert run["metrics"][0]["tokens"] == 5 and newest(tmp_path / str(number)) == 1
        assert [batch["labels"].shape for batch in run["data"].held_out] == [(1, 5)]
        assert run["results"]["held_out"]["loss"] == runs[0]["results"]["held_out"]["loss"]


def test_a_checkpoint_holds_the_step_and_all_rows_before_it(corpus, options, tmp_path):
    """And the rows in metrics.csv are those of the steps and evaluations in their order."""
    result = pretrain(tmp_path / "run", corpus, **{**options, "steps": 5, "checkpoint_every": 2,
                                                   "evaluate_every": 3, "keep_checkpoints": 9},
                      progress=False)
    lengths = {}
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        tensors, state = load_checkpoint(path)
        lengths[int(path.name[5:13])] = len(tensors["metrics"])
        assert tensors["optimizer.steps"] == int(path.name[5:13])
        assert state["position"] == [0, 0, int(path.name[5:13])]
    assert lengths == {2: 2, 3: 4, 4: 5, 5: 7}
    with (tmp_path / "run" / "metrics.csv").open() as file:
        rows = [(row["step"], row["split"]) for row in csv.DictReader(file)]
    assert rows == [("1", "train"), ("2", "train"), ("3", "train"), ("3", "held-out"),
                    ("4", "train"), ("5", "train"), ("5", "held-out")]
    assert len(result["metrics"]) == 7
    for name, array in flatten(load_model(tmp_path / "run").params).items():
        assert np.array_equal(array, flatten(result["model"].params)[name])


def test_matrix_products_have_one_thread_while_the_run_trains(corpus, options, tmp_path,
                                                              monkeypatch):
    """The threads that share a batch would get in the way of theirs."""
    from threadpoolctl import threadpool_info, threadpool_limits

    seen = []

    def threads():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    def train(*arguments, **others):
        seen.append(threads())

    monkeypatch.setattr("albert_np.pretraining.run.train", train)
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(RunStopped):
            pretrain(tmp_path / "run", corpus, **options, progress=False)
        assert seen == [{1}] and threads() != {1}
