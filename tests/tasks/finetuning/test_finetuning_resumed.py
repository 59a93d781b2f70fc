"""A fine-tuning run that is interrupted, however that happens, ends as if it had not been."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")

from toys import MODEL, squad2_splits, write_squad2, write_toy

from albert_np import AlbertForSequenceClassification, AlbertTokenizer
from albert_np.commands.cli import main
from albert_np.gradcheck.one_check import small_config
from albert_np.optim import AdamW
from albert_np.parameters import flatten, tree_map
from albert_np.pretraining import RunStopped
from albert_np.pretraining.run_checkpoints import newest_checkpoint
from albert_np.tasks.datasets import Classification, Splits
from albert_np.tasks.finetuning import TASKS, finetune, report, resume, run, trainer
from albert_np.tasks.finetuning.state import Progress, capture, fingerprint_of, restore

OPTIONS = dict(config={**MODEL, "hidden_dropout_prob": 0.1, "num_hidden_layers": 1}, vocab_size=45,
               epochs=3, batch_size=8, learning_rate=3e-3, settings={"max_length": 16},
               checkpoint_every=2)
SAME = ("model.safetensors", "predictions-validation.jsonl", "predictions-test.jsonl",
        "epochs.json", "spiece.model", "task.json", "config.json", "tokenizer_config.json")


class Killed(BaseException):
    """What no one catches."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No pictures, and one baseline."""
    for name in ("draw_training", "draw_predictions"):
        monkeypatch.setattr(report, name, lambda *arguments: None)
    monkeypatch.setattr(TASKS["classification"], "baselines", lambda train, rows: {
        "commonest label": [{"label": "yes"}] * len(rows)})


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_toy("classification", folder, train=32, others=8)
    return folder


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """The folder of a run that was not interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        quick.__wrapped__(patch)
        begin(folder, data)
    return folder


def begin(folder, data, task="classification", **changes):
    return finetune(task, folder, data=data, progress=False, **{**OPTIONS, **changes})


def begin_or_resume(folder, data, **changes):
    if (folder / "options.json").exists():
        return resume(folder, progress=False)
    return begin(folder, data, **changes)


def assert_same_run(folder, other):
    """Model, predictions and every figure that no clock has measured, bit for bit."""
    for name in SAME:
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name
    ours, theirs = (without_times(json.loads((path / "results.json").read_text()))
                    for path in (folder, other))
    assert json.dumps(ours) == json.dumps(theirs)              # in the same order, too
    steps, expected = ([line.rpartition(",")[0] for line in
                        (path / "steps.csv").read_text().splitlines()] for path in (folder, other))
    assert steps == expected and len(steps) > 5
    assert not (folder / "checkpoints").exists() and not (folder / ".unfinished").exists()


def without_times(results):
    if isinstance(results, dict):
        return {name: without_times(value) for name, value in results.items()
                if "seconds" not in name}
    return [without_times(value) for value in results] if isinstance(results, list) else results


# ---- kills ---------------------------------------------------------------------------------------

class Clock:
    """Counts steps, evaluations and files that take their places; kills before the one it is told.
    """

    def __init__(self, monkeypatch, task="classification"):
        self.name, self.left, self.files = None, 0, []
        for name, place, function in (("step", trainer, "losses_and_gradients"),
                                      ("scores", TASKS[task], "predict"),
                                      ("file", os, "replace")):
            monkeypatch.setattr(place, function, self.counted(name, getattr(place, function)))

    def counted(self, name, original):
        def count(*arguments, **options):
            if name == self.name:
                self.left -= 1
                if not self.left:
                    self.files += [Path(arguments[-1]).name] if name == "file" else []
                    raise Killed
            return original(*arguments, **options)
        return count

    def kill(self, name, left, folder, data, **changes):
        self.name, self.left = name, left
        with pytest.raises(Killed):
            begin_or_resume(folder, data, **changes)
        self.name = None


def test_ten_kills_change_nothing(data, whole, tmp_path, monkeypatch):
    """At steps, in evaluations, between a file and the next, before the first step, at the end."""
    clock, folder = Clock(monkeypatch), tmp_path / "run"
    for name, left in [("file", 2), ("file", 3), ("file", 4), ("step", 1), ("step", 4), ("file", 1),
                       ("scores", 1), ("file", 3), ("step", 3), ("scores", 4)]:
        clock.kill(name, left, folder, data)
    resume(folder, progress=False)
    assert_same_run(folder, whole)
    assert clock.files == ["spiece.model", "step-00000000.safetensors", "options.json",
                           "step-00000004.safetensors", "spiece.model"]


@pytest.mark.parametrize("name", ["epochs.json", *(pytest.param(name, marks=pytest.mark.thorough)
                                                   for name in ("predictions-test.jsonl",
                                                                "results.json"))])
def test_a_kill_before_each_file_of_the_results(data, whole, tmp_path, monkeypatch, name):
    folder, original = tmp_path / "run", os.replace

    def kill(source, place):
        if Path(place).name == name:
            raise Killed
        original(source, place)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", kill)
        with pytest.raises(Killed):
            begin(folder, data)
    resume(folder, progress=False)
    assert_same_run(folder, whole)


def test_a_kill_among_the_pictures(data, whole, tmp_path, monkeypatch):
    """The results are there, but the run is not finished: the pictures are missing."""
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(report, "draw_training", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            begin(folder, data)
    assert (folder / "results.json").exists()
    resume(folder, progress=False)
    assert_same_run(folder, whole)


@pytest.mark.parametrize("changes", [
    dict(optimizer="lamb", freeze=True, class_weights="balanced", patience=1, epochs=6),
    pytest.param(dict(patience=1, epochs=6, learning_rate=1e-9), marks=pytest.mark.thorough),
    pytest.param(dict(workers=1, accumulation_steps=2), marks=pytest.mark.thorough),
    pytest.param(dict(best_by="f1", schedule="constant", optimizer="sgd"),
                 marks=pytest.mark.thorough)], ids=str)
def test_every_kind_of_run_goes_on(data, tmp_path, monkeypatch, changes):
    begin(tmp_path / "whole", data, **changes)
    clock = Clock(monkeypatch)
    for moment in (4, 5):
        clock.kill("step", moment, tmp_path / "run", data, **changes)
    resume(tmp_path / "run", progress=False)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


CODE = f"""
import sys
from pathlib import Path
from albert_np.tasks.finetuning import finetune, resume
output, data = map(Path, sys.argv[1:3])
if (output / "options.json").exists():
    resume(output, progress=False)
else:
    finetune("classification", output, data=data, progress=False, **{OPTIONS!r})
"""


@pytest.mark.thorough
def test_twenty_kills_of_a_process(data, tmp_path, monkeypatch):
    """SIGKILL, each at a random moment a little after a checkpoint, or at any time."""
    monkeypatch.undo()                                    # the processes draw, and have baselines
    begin(tmp_path / "whole", data)
    folder, killed, rng = tmp_path / "run", 0, random.Random(0)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    while True:
        before = newest(folder)
        process = subprocess.Popen([sys.executable, "-c", CODE, str(folder), str(data)],
                                   env=environment, stderr=subprocess.PIPE, text=True)
        if killed < 20:
            while process.poll() is None and newest(folder) == before and rng.random() < 0.999:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.02))
            process.kill()
        _, error = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, error
        killed += 1
    assert killed > 10
    assert_same_run(folder, tmp_path / "whole")


def newest(folder):
    return max((path.name for path in (folder / "checkpoints").glob("step-*.safetensors")),
               default=None)


# ---- stopping ------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.thorough)])
def test_signals_stop_with_a_checkpoint(data, whole, tmp_path, capsys, monkeypatch, number, status):
    """The signal comes in the middle of step 7."""
    folder, calls, original = tmp_path / "run", [], trainer.losses_and_gradients

    def disturbed(*arguments):
        calls.append(1)
        if len(calls) == 7:
            os.kill(os.getpid(), number)
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "losses_and_gradients", disturbed)
        with pytest.raises(RunStopped, match="stopped after step 7, with a checkpoint; go on with "
                                             "--resume") as stop:
            begin(folder, data)
    assert 128 + stop.value.signal == status and newest(folder) == "step-00000007.safetensors"
    assert main(["finetune", "--resume", str(folder), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert_same_run(folder, whole)


def stopped(folder, data, monkeypatch, steps=4):
    """A run that was killed in the step after so many."""
    original = trainer.losses_and_gradients

    def kill(*arguments):
        kill.left -= 1
        if kill.left < 0:
            raise Killed
        return original(*arguments)

    kill.left = steps
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "losses_and_gradients", kill)
        with pytest.raises(Killed):
            begin(folder, data)
    return folder


# ---- what is refused -----------------------------------------------------------------------------

@pytest.mark.parametrize("steps", [0, 4])
def test_options_edited_by_hand_are_refused(data, tmp_path, monkeypatch, steps):
    """Before the first step, too."""
    folder = stopped(tmp_path / "run", data, monkeypatch, steps)
    path = folder / "options.json"
    options = json.loads(path.read_text())
    for name, value in [
            ("epochs", 8), ("learning_rate", 0.5), ("batch_size", 5), ("seed", 1), ("workers", 1),
            ("class_weights", "balanced"), ("config", {"hidden_size": 16}), ("task", "similarity"),
            ("settings", {"max_length": 8})]:
        path.write_text(json.dumps({**options, name: value}))
        with pytest.raises(ValueError) as error:
            resume(folder, progress=False)
        assert str(error.value).startswith(f"{name} is {value!r} in options.json, but ")
        assert str(error.value).endswith(f" in the checkpoint of step {steps}; put it back, or "
                                         f"begin a new run")
    path.write_text(json.dumps({**options, "epochs": 0}))
    with pytest.raises(ValueError, match="options of a run of this version: epochs is 0; it must"):
        resume(folder, progress=False)


def test_files_may_move_but_not_change(data, whole, tmp_path, monkeypatch):
    folder = stopped(tmp_path / "run", data, monkeypatch)
    moved, path = tmp_path / "moved", folder / "options.json"
    write_toy("classification", moved, train=32, others=8)
    path.write_text(json.dumps({**json.loads(path.read_text()), "data": str(moved),
                                "checkpoint_every": 1}))
    text = (moved / "test.tsv").read_text()
    (moved / "test.tsv").write_text(text.replace("a", "o", 1))
    with pytest.raises(ValueError, match="the rows, the tokenizer, the configuration of the "
                                         "model or its teacher are not those that this run began"):
        resume(folder, progress=False)
    (moved / "test.tsv").write_text(text)
    resume(folder, progress=False)
    assert (folder / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_paths_are_found_from_any_folder(data, whole, tmp_path, monkeypatch):
    monkeypatch.chdir(data.parent)
    folder = stopped(tmp_path / "run", data.name, monkeypatch)
    begin(tmp_path / "uninterrupted", data.name)
    monkeypatch.chdir(tmp_path)
    resume(folder, progress=False)
    assert_same_run(folder, whole)
    assert_same_run(folder, tmp_path / "uninterrupted")


@pytest.mark.parametrize("moments", [[("step", 4), ("scores", 1), ("file", 2)],
                                     pytest.param([("file", n) for n in range(2, 9)],
                                                  marks=pytest.mark.thorough)])
def test_questions_without_an_answer_keep_their_threshold(tmp_path, monkeypatch, moments):
    """Killed at a step, before an epoch is scored, and between the files of its best model."""
    data, options = tmp_path / "data", dict(task="questions", settings={"max_length": 24})
    write_squad2(data, squad2_splits(24, 8))
    begin(tmp_path / "whole", data, **options)
    assert json.loads((tmp_path / "whole" / "task.json").read_text())["no_answer"]
    clock = Clock(monkeypatch, "questions")
    for name, left in moments:
        clock.kill(name, left, tmp_path / "run", data, **options)
    resume(tmp_path / "run", progress=False)
    assert_same_run(tmp_path / "run", tmp_path / "whole")


def test_a_finished_run_says_so(data, whole, capsys):
    before = {path: path.read_bytes() for path in whole.iterdir()}
    assert main(["finetune", "--resume", str(whole)]) == 2
    assert capsys.readouterr().err == (f"albert-np: The run in {whole} is finished; there is "
                                       f"nothing to go on with.\n")
    assert {path: path.read_bytes() for path in whole.iterdir()} == before


def test_an_unfinished_run_is_not_begun_again(data, tmp_path, monkeypatch):
    folder = stopped(tmp_path / "run", data, monkeypatch)
    with pytest.raises(ValueError, match="holds an unfinished run; go on with --resume"):
        begin(folder, data)


def test_a_run_that_was_stopped_before_its_options_were_written(data, whole, tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()                     # a folder of its own would go with the failure
    with monkeypatch.context() as patch:
        patch.setattr(run, "fingerprint_of", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            begin(tmp_path / "run", data)
    with pytest.raises(ValueError, match="was stopped before its first step; give the command that "
                                         "began it again"):
        resume(tmp_path / "run", progress=False)
    begin(tmp_path / "run", data)
    assert_same_run(tmp_path / "run", whole)


def test_a_damaged_checkpoint_falls_back_to_the_one_before(data, whole, tmp_path, monkeypatch,
                                                           capsys):
    folder = stopped(tmp_path / "run", data, monkeypatch)
    path = folder / "checkpoints" / newest(folder)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="step-00000004.*The one of step 2 is used instead"):
        resume(folder)
    assert "going on   from the checkpoint of step 2\n" in capsys.readouterr().out
    assert (folder / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_a_run_without_its_checkpoints_is_not_begun_again(data, tmp_path, monkeypatch):
    folder = stopped(tmp_path / "run", data, monkeypatch, steps=0)
    shutil.rmtree(folder / "checkpoints")
    with pytest.raises(FileNotFoundError, match="There is no checkpoint in .*run"):
        resume(folder, progress=False)
    assert not (folder / "model.safetensors").exists()


@pytest.mark.parametrize("words, sentence", [
    (["--resume", "nowhere"], "There is no run in nowhere that could go on: it has no options.js"),
    (["--resume", "nowhere", "--epochs", "3"], "remove --epochs"),
    (["classification", "--resume", "nowhere"], "remove classification"),
    (["--resume", "nowhere", "--data", "x"], "remove --data")])
def test_bad_resumes_get_one_sentence(capsys, words, sentence):
    assert main(["finetune", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1


def test_there_is_a_checkpoint_after_each_epoch(data, tmp_path, monkeypatch):
    """However rare they are otherwise; it knows what the evaluation found."""
    clock = Clock(monkeypatch)
    clock.kill("step", 6, tmp_path / "run", data, checkpoint_every=500)
    assert newest(tmp_path / "run") == "step-00000004.safetensors"
    _, _, state = newest_checkpoint(tmp_path / "run")
    assert (state["epoch"], state["batches"], len(state["epochs"])) == (2, 0, 1)


def small_model(seed):
    return AlbertForSequenceClassification(small_config(num_labels=2), seed=seed)


@pytest.mark.parametrize("best_epoch", [None, 1])
@pytest.mark.parametrize("steps", [0, 2])
def test_all_of_a_run_comes_back_from_its_checkpoint(best_epoch, steps):
    """Every number of the history, the best parameters, the optimiser, and the next draw."""
    model, rng = small_model(1), np.random.default_rng(3)
    optimizer = AdamW(model.params, lr=0.1)
    for _ in range(steps):
        optimizer.step(model.params, tree_map(np.ones_like, model.params))
    rows = [{"step": n, "loss": n / 3, "learning_rate": n / 7, "gradient_norm": n / 9,
             "seconds": n / 11} for n in range(1, steps + 1)]
    epochs = [] if best_epoch is None else [{"epoch": 1, "value": 0.25}]
    at = Progress(2, 5, rng.bit_generator.state,
                  {"steps": rows, "epochs": epochs, "best_epoch": best_epoch},
                  None if best_epoch is None else small_model(7).params)
    tensors, state = capture(model, optimizer, rng, at, "f", {"a": 1})
    tensors = {name: np.copy(array) for name, array in tensors.items()}
    state = json.loads(json.dumps(state))
    other, drawn = small_model(2), np.random.default_rng(4)
    second = AdamW(other.params, lr=0.1)
    with pytest.raises(ValueError, match="are not those that this run began with"):
        restore((tensors, state), other, second, drawn, "g")
    found = restore((tensors, state), other, second, drawn, "f")
    assert (found.epoch, found.batches, found.order) == (2, 5, at.order)
    assert found.history == at.history and state["options"] == {"a": 1}
    assert all(type(row["step"]) is int for row in found.history["steps"])
    for ours, theirs in ((other.params, model.params), (found.best, at.best)):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            ours, theirs = flatten(ours), flatten(theirs)
            assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert second.steps == steps and drawn.random() == rng.random()
    if best_epoch is not None:                 # what is trained on does not change the best
        other.params["classification_head"]["b"] += 1
        assert (found.best["classification_head"]["b"] == at.best["classification_head"]["b"]).all()


def test_a_run_is_known_by_all_that_it_depends_on(inference_folder):
    tokenizer, config = AlbertTokenizer.from_folder(inference_folder), small_config()
    row, other = (Classification("text", label=label) for label in "ab")
    splits = Splits([row], [row], [row], ("a", "b"))
    same = fingerprint_of(replace(splits, columns={"text": 1}), tokenizer, config)
    changed = [replace(splits, **{part: [other]}) for part in ("train", "dev", "test")]
    changed.append(replace(splits, labels=("b", "a")))
    prints = {fingerprint_of(one, tokenizer, config) for one in (splits, *changed)}
    prints.add(fingerprint_of(splits, tokenizer, replace(config, hidden_act="relu")))
    for name in "xy":
        teacher = SimpleNamespace(identity=lambda name=name: name)
        prints.add(fingerprint_of(splits, tokenizer, config, teacher))
    assert len(prints) == 8 and same in prints


def test_the_time_of_a_run_goes_on():
    """That of its last row, be it a step or an epoch; before the first one it is 0."""
    assert Progress().seconds() == 0
    for step, epoch, expected in ((3.0, None, 3), (3.0, 4.0, 4), (5.0, 4.0, 5)):
        at = Progress(history={"steps": [{"seconds": 9.0}, {"seconds": step}], "best_epoch": None,
                               "epochs": [] if epoch is None else [{"seconds": epoch}]})
        assert at.seconds() == expected


@pytest.mark.parametrize("kinds", [None, np.array([2, 3] * 9)], ids=["one kind", "two kinds"])
def test_the_rest_of_an_epoch_is_that_of_the_whole_one(kinds):
    """Wherever in the epoch it is asked for, and the generator stays where it is."""
    lengths, rng, at = np.arange(18), np.random.default_rng(0), Progress()
    whole = at.batches_left(lengths, 4, rng, kinds)
    for at.batches in (1, 3, len(whole)):
        rng.random()                                                    # of dropout
        before = rng.bit_generator.state
        rest = at.batches_left(lengths, 4, rng, kinds)
        assert list(map(list, rest)) == list(map(list, whole[at.batches:]))
        assert rng.bit_generator.state == before


def test_patience_is_over_wherever_it_is_asked():
    at = Progress(history={"steps": [], "best_epoch": 1, "epochs": [
        {"epoch": 1, "value": 0.5}, {"epoch": 2, "value": 0.5}, {"epoch": 3, "value": 0.25}]})
    assert [at.out_of_patience(patience) for patience in (None, 1, 2, 3)] == [
        False, True, True, False]
    assert at.is_better(0.51) and not at.is_better(0.5)
    assert not Progress().out_of_patience(1) and Progress().is_better(-1.0)
