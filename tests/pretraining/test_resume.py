"""A run that is interrupted, however that happens, ends as if it had not been."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from albert_np.commands.cli import main
from albert_np.inference import load_model
from albert_np.parameters import flatten
from albert_np.pretraining import RunStopped, pretrain, resume
from albert_np.pretraining.metrics import read_csv

pytest.importorskip("sentencepiece")

pytestmark = pytest.mark.usefixtures("no_pictures")

STEPS = 40
OPTIONS = dict(vocab_size=45, steps=STEPS, batch_size=4, evaluate_every=10, checkpoint_every=3,
               data=dict(max_seq_length=16), seed=3,
               config=dict(hidden_size=16, embedding_size=8, num_attention_heads=2,
                           intermediate_size=20, hidden_dropout_prob=0.1))
CLOCK = ("seconds", "tokens_per_second")


def assert_same_run(folder, other):
    """Weights, and every figure that no clock has measured, bit for bit."""
    assert (folder / "model.safetensors").read_bytes() == \
        (other / "model.safetensors").read_bytes()
    rows, expected = (
        [{name: value for name, value in row.items() if name not in CLOCK}
         for row in read_csv(path / "metrics.csv")] for path in (folder, other))
    assert rows == expected
    results, expected = (json.loads((path / "results.json").read_text())["held_out"]
                         for path in (folder, other))
    assert all(results[name] == expected[name] for name in expected if name not in CLOCK)


def start(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", CODE, *map(str, arguments)], text=True,
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


# Begins the run, or goes on with it where it has begun.
CODE = f"""
import sys
from pathlib import Path
from albert_np.pretraining import pretrain, resume
output, corpus = map(Path, sys.argv[1:3])
changes = eval(sys.argv[3]) if len(sys.argv) > 3 else {{}}
if (output / "options.json").exists():
    resume(output, progress=False)
else:
    pretrain(output, corpus, **{{**{OPTIONS!r}, **changes}}, progress=False)
"""


def newest(folder):
    steps = [int(path.name[5:13]) for path in (folder / "checkpoints").glob("step-*.safetensors")]
    return max(steps, default=0)


def kill_again_and_again(folder, corpus, kills, rng, changes):
    """Kill the run at random moments, each a little after it has got further than before."""
    killed = 0
    while True:
        before, process = newest(folder), start(folder, corpus, changes)
        if killed < kills:
            while process.poll() is None and newest(folder) == before:
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.01))       # a checkpoint takes about as long as a step
        else:
            process.wait()
        process.kill()
        _, error = process.communicate()
        if process.returncode == 0:
            return killed
        assert process.returncode == -signal.SIGKILL, error
        killed += 1


def killed_run(folder, corpus, kills, seed):
    """Checkpoints after every step: a good part of the kills falls into the writing of one."""
    changes = dict(checkpoint_every=1, steps=max(40, 8 * kills))
    pretrain(folder / "undisturbed", corpus, **{**OPTIONS, **changes}, progress=False)
    killed = kill_again_and_again(folder / "killed", corpus, kills, random.Random(seed), changes)
    assert killed == kills
    assert_same_run(folder / "killed", folder / "undisturbed")
    assert not list((folder / "killed").rglob("*.damaged"))


@pytest.mark.slow
def test_three_kills_change_nothing(corpus, tmp_path):
    killed_run(tmp_path, corpus, kills=3, seed=0)


@pytest.mark.thorough
def test_fifty_kills_change_nothing(corpus, tmp_path):
    killed_run(tmp_path, corpus, kills=50, seed=1)


# ---- stopping ------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_with_a_checkpoint(corpus, undisturbed, tmp_path, capsys, monkeypatch,
                                        number, status):
    """The signal comes in the middle of step 8; the run stops after it."""
    from albert_np.pretraining import trainer

    run, calls = tmp_path / "run", []
    original = trainer.losses_and_gradients

    def disturbed(*arguments):
        calls.append(1)
        if len(calls) == 8:
            os.kill(os.getpid(), number)
        return original(*arguments)

    monkeypatch.setattr(trainer, "losses_and_gradients", disturbed)
    before = signal.getsignal(number)
    with pytest.raises(RunStopped, match="stopped after step 8 of 40, with a checkpoint; go on "
                                         "with --resume") as stop:
        pretrain(run, corpus, **OPTIONS, progress=False)
    assert 128 + stop.value.signal == status and signal.getsignal(number) is before
    assert newest(run) == 8 and not (run / "results.json").exists()
    assert main(["pretrain", "--resume", str(run), "--quiet"]) == 0
    assert_same_run(run, undisturbed)


def test_the_command_ends_with_the_signals_status(corpus, tmp_path, monkeypatch, capsys):
    from albert_np.pretraining import trainer

    original = trainer.losses_and_gradients

    def disturbed(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return original(*arguments)

    monkeypatch.setattr(trainer, "losses_and_gradients", disturbed)
    assert main(["pretrain", "--corpus", str(corpus), "--output", str(tmp_path / "run"),
                 "--vocab-size", "45", "--steps", "5", "--max-seq-length", "16", "--quiet"]) == 143
    error = capsys.readouterr().err
    assert error.startswith("albert-np: stopped after step 1 of 5") and error.count("\n") == 1


# ---- going on ------------------------------------------------------------------------------------

def stop_after(run, corpus, step, monkeypatch, **changes):
    """A run whose checkpoints end at this step, as a kill would leave it."""
    from albert_np.pretraining import run as module

    class Killed(BaseException):
        pass

    original = module.save_checkpoint

    def save(folder, number, *arguments, **others):
        path = original(folder, number, *arguments, **others)
        if number >= step:
            raise Killed
        return path

    with monkeypatch.context() as patch:
        patch.setattr(module, "save_checkpoint", save)
        with pytest.raises(Killed):
            pretrain(run, corpus, **{**OPTIONS, **changes}, progress=False)


@pytest.mark.parametrize("step", [3, 10, 39])
def test_a_run_goes_on_from_its_checkpoint(corpus, undisturbed, tmp_path, monkeypatch, step):
    run = tmp_path / "run"
    stop_after(run, corpus, step, monkeypatch)
    result = resume(run, progress=False)
    assert_same_run(run, undisturbed)
    model = load_model(run)
    assert (model.params["pooler"]["W"] == result["model"].params["pooler"]["W"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("changes", [
    dict(optimizer="lamb"), dict(optimizer="adam"), dict(optimizer="sgd", learning_rate=0.1),
    dict(data=dict(max_seq_length=16, masking="fixed", dupe_factor=2)),
    dict(data=dict(max_seq_length=16, sentence_task="nsp")),
    dict(data=dict(max_seq_length=16, sentence_task="none")),
    dict(accumulation_steps=2, workers=1), dict(recompute=True)], ids=str)
def test_every_kind_of_run_goes_on(corpus, tmp_path, monkeypatch, changes):
    changes = dict(changes, steps=24)
    pretrain(tmp_path / "whole", corpus, **{**OPTIONS, **changes}, progress=False)
    stop_after(tmp_path / "parts", corpus, 14, monkeypatch, **changes)
    resume(tmp_path / "parts", progress=False)
    assert_same_run(tmp_path / "parts", tmp_path / "whole")


def test_a_run_without_a_checkpoint_begins_again(corpus, undisturbed, tmp_path, monkeypatch):
    run = tmp_path / "run"
    stop_after(run, corpus, 3, monkeypatch)
    (run / "checkpoints" / "step-00000003.safetensors").unlink()
    resume(run, progress=False)
    assert_same_run(run, undisturbed)


def test_a_run_that_has_ended_writes_its_results_again(corpus, undisturbed, tmp_path):
    import shutil

    run = tmp_path / "run"
    shutil.copytree(undisturbed, run)
    (run / "results.json").unlink()
    (run / "model.safetensors").unlink()
    half = [run / ".metrics.csv.7.part", run / "checkpoints" / ".step-00000041.safetensors.7.part"]
    for path in half:
        path.write_bytes(b"half")                        # left by a killed process
    resume(run, progress=False)
    assert not any(path.exists() for path in half)
    assert_same_run(run, undisturbed)


def test_a_damaged_checkpoint_falls_back_to_the_one_before(corpus, undisturbed, tmp_path,
                                                           monkeypatch):
    run = tmp_path / "run"
    stop_after(run, corpus, 21, monkeypatch)
    path = run / "checkpoints" / "step-00000021.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="step-00000021.*The one of step 20 is used instead"):
        resume(run, progress=False)
    assert_same_run(run, undisturbed)


def test_another_text_is_refused(corpus, tmp_path, monkeypatch):
    text = tmp_path / "corpus.txt"
    text.write_bytes(corpus.read_bytes())
    stop_after(tmp_path / "run", text, 3, monkeypatch)
    text.write_text(text.read_text().replace("moon", "tree", 1))
    with pytest.raises(ValueError, match="the text is not the one that this run began with"):
        resume(tmp_path / "run", progress=False)


@pytest.mark.parametrize("name, value", [
    ("steps", 80), ("learning_rate", 0.5), ("batch_size", 5), ("seed", 1), ("optimizer", "lamb"),
    ("data", {"max_seq_length": 16, "masked_lm_prob": 0.5}), ("config", {"hidden_size": 16})])
def test_options_edited_by_hand_are_refused(corpus, tmp_path, monkeypatch, name, value):
    """Otherwise the rest of the run would be that of neither the old options nor the new ones."""
    run = tmp_path / "run"
    stop_after(run, corpus, 3, monkeypatch)
    path = run / "options.json"
    options = json.loads(path.read_text())
    old, edited = options[name], {**options, name: value}
    path.write_text(json.dumps(edited))
    with pytest.raises(ValueError) as error:
        resume(run, progress=False)
    assert f"{name} is {value!r} in options.json, but {old!r} in the checkpoint of step 3; put " \
        "it back, or begin a new run" in str(error.value)
    assert json.loads(path.read_text()) == edited


def test_options_on_which_no_weight_depends_may_be_edited(corpus, undisturbed, tmp_path,
                                                          monkeypatch):
    run = tmp_path / "run"
    stop_after(run, corpus, 21, monkeypatch)
    text = tmp_path / "moved.txt"
    text.write_bytes(corpus.read_bytes())
    path = run / "options.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "corpus": str(text), "workers": 1,
                                "checkpoint_every": 5, "keep_checkpoints": 1, "recompute": True,
                                "tokenizer": str(tmp_path / "gone.model"), "evaluate_every": 7,
                                "accumulation_steps": 2}))
    resume(run, progress=False)
    for name, leaf in flatten(load_model(run).params).items():
        assert np.array_equal(leaf, flatten(load_model(undisturbed).params)[name]), name


def test_another_tokenizer_is_refused(corpus, tmp_path, monkeypatch):
    from albert_np.text import train_tokenizer

    stop_after(tmp_path / "run", corpus, 3, monkeypatch)
    train_tokenizer(["some other text, with other words, xyz, jkq, vw, 0 1 2 3."] * 3, 38,
                    tmp_path / "run" / "spiece.model")
    with pytest.raises(ValueError, match="the text is not the one that this run began with"):
        resume(tmp_path / "run", progress=False)


# ---- what goes wrong -----------------------------------------------------------------------------

def test_two_runs_on_one_folder(corpus, tmp_path, capsys):
    folder = tmp_path / "run"
    process = start(folder, corpus, dict(steps=100_000))
    try:
        while newest(folder) == 0:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        assert main(["pretrain", "--resume", str(folder)]) == 2
        error = capsys.readouterr().err
        assert f"is used by another run (process {process.pid})" in error
        assert error.count("\n") == 1 and process.poll() is None
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("arguments, message", [
    (["--resume", "nowhere"], "There is no run in nowhere that could go on"),
    (["--resume", "RUN", "--steps", "3"], "remove --steps"),
    (["--resume", "RUN", "--hidden-size", "3"], "remove --hidden-size"),
    (["--resume", "RUN", "--output", "x"], "remove --output")])
def test_bad_resumes_get_one_sentence(undisturbed, capsys, arguments, message):
    arguments = [str(undisturbed) if word == "RUN" else word for word in arguments]
    assert main(["pretrain", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize("text, message", [
    ("{", "is not JSON"), ("[]", "must hold a JSON object"), ("{}", "it lacks corpus, layout"),
    ('{"setps": 1}', "setps is no field of PretrainingOptions; did you mean steps?")])
def test_damaged_options_are_refused(tmp_path, text, message):
    (tmp_path / "options.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        resume(tmp_path, progress=False)


def test_disk_full_loses_nothing(corpus, undisturbed, tmp_path, monkeypatch):
    """The disk is full from the second half on; what was saved before is whole."""
    import errno

    run, written, fsync = tmp_path / "run", [], os.fsync

    def full(descriptor):
        written.append(1)
        if len(written) > 40:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ValueError, match="cannot be written: No space left on device"):
            pretrain(run, corpus, **OPTIONS, progress=False)
    assert 3 <= newest(run) < STEPS and not list(run.rglob("*.part"))
    resume(run, progress=False)
    assert_same_run(run, undisturbed)


def test_nan_in_a_run_leaves_the_checkpoints_before_it(corpus, tmp_path, monkeypatch):
    from albert_np.pretraining import trainer

    calls, original = [], trainer.losses_and_gradients

    def poisoned(model, *arguments):
        calls.append(1)
        if len(calls) == 8:
            model.params["encoder"]["feed_forward"][0]["feed_forward"]["b_1"][2] = np.inf
        return original(model, *arguments)

    monkeypatch.setattr(trainer, "losses_and_gradients", poisoned)
    with pytest.raises(
            FloatingPointError, match=r"at step 8 \(batch 7 of shard 0 in epoch 0, counted from 0\)"
                                      r": the parameter encoder.feed_forward.0.feed_forward.b_1"):
        pretrain(tmp_path / "run", corpus, **OPTIONS, progress=False)
    assert newest(tmp_path / "run") == 6


def test_a_diverging_run_stops(corpus, tmp_path):
    """Plain gradient descent with an absurd step, hardly clipped."""
    with pytest.raises(FloatingPointError, match="diverges|not finite"):
        pretrain(tmp_path / "run", corpus, **{
            **OPTIONS, "optimizer": "sgd", "learning_rate": 300.0, "max_gradient_norm": 1e6,
            "warmup_steps": 1}, progress=False)
