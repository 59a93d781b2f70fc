"""Event files for TensorBoard: what is in them, read back record by record."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_corpus import write_corpus
from test_pretraining import SMALL

from albert_np.commands.cli import main
from albert_np.pretraining import pretrain, resume
from albert_np.pretraining import run as run_module
from albert_np.pretraining.events import event_writer
from albert_np.pretraining.metrics import read_csv

TAGS = ("loss", "mlm_loss", "sop_loss", "mlm_accuracy", "sop_accuracy", "learning_rate",
        "gradient_norm", "tokens_per_second")


@pytest.fixture
def tensorboardX():
    return pytest.importorskip("tensorboardX")


def read_records(path):
    """The events of a file; every checksum must be right and the last record whole."""
    from tensorboardX.proto import event_pb2
    from tensorboardX.record_writer import masked_crc32c

    data, events = path.read_bytes(), []
    while data:
        (length,), (check,) = struct.unpack("<Q", data[:8]), struct.unpack("<I", data[8:12])
        assert check == masked_crc32c(data[:8])
        content, data = data[12:12 + length], data[12 + length:]
        assert struct.unpack("<I", data[:4])[0] == masked_crc32c(content)
        events.append(event_pb2.Event.FromString(content))
        data = data[4:]
    return events


def shown(folder):
    """What TensorBoard makes of a folder: files by name, and each START forgets what it replaces.

    Returns ``{(tag, step): value}`` and how many values the files hold.
    """
    from tensorboardX.proto import event_pb2

    values, total = {}, 0
    for path in sorted(folder.iterdir()):
        first, *events = read_records(path)
        assert first.file_version == "brain.Event:2"
        for event in events:
            if event.session_log.status == event_pb2.SessionLog.START:
                values = {key: value for key, value in values.items() if key[1] < event.step}
            for value in event.summary.value:
                assert (value.tag, event.step) not in values
                values[value.tag, event.step] = value.simple_value
                total += 1
    return values, total


def expected(rows, split):
    return {(tag, row["step"]): row[tag] for row in rows if row["split"] == split for tag in TAGS
            if row[tag] is not None}


# ---- without the library -------------------------------------------------------------------------

def test_without_the_library_nothing_is_begun(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    write_corpus(tmp_path / "corpus.txt")
    assert main(["pretrain", "--corpus", str(tmp_path / "corpus.txt"), "--tensorboard",
                 "--output", str(tmp_path / "run")]) == 2
    output, error = capsys.readouterr()
    assert output == ""
    assert error == ("albert-np: TensorBoard event files need tensorboardX; install it with "
                     "pip install tensorboardX\n")
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert left == {".lock", ".unfinished"}            # the same command may be typed again
    assert (tmp_path / "run" / ".unfinished").read_text() == "pretrain\n"       # and no other


def test_nothing_is_written_unless_it_is_wanted(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with event_writer(tmp_path, wanted=False) as add:
        add([{"step": 1, "split": "train", "loss": 1.0}])
        add([{"step": 1, "split": "train", "loss": 1.0}], flush=True)
    assert not list(tmp_path.iterdir())


# ---- with it -------------------------------------------------------------------------------------

def test_an_interrupted_run_shows_every_step_once(tensorboardX, tmp_path, monkeypatch):
    pytest.importorskip("sentencepiece")
    write_corpus(tmp_path / "corpus.txt")
    evaluate, calls = run_module.evaluate, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(*arguments)

    monkeypatch.setattr(run_module, "evaluate", interrupted)
    options = {**SMALL, "steps": 18, "checkpoint_every": 4, "tensorboard": True}
    folder = tmp_path / "run" / "tensorboard"
    with pytest.raises(KeyboardInterrupt):              # at step 12; the last checkpoint is of 8
        pretrain(tmp_path / "run", tmp_path / "corpus.txt", **options)
    before, _ = shown(folder / "train")
    assert {step for _, step in before} == set(range(1, 12))
    resume(tmp_path / "run", progress=False)

    rows = read_csv(tmp_path / "run" / "metrics.csv")
    values, total = shown(folder / "train")
    clockless = {key: value for key, value in expected(rows, "train").items()
                 if key[0] != "tokens_per_second"}
    assert len(clockless) > 18 * 4
    assert values.keys() == expected(rows, "train").keys()
    assert {key: values[key] for key in clockless} == pytest.approx(clockless, rel=1e-5)
    assert total > len(values)                          # steps 9 to 11 were written twice
    held_out, total = shown(folder / "held-out")
    assert held_out == pytest.approx(expected(rows, "held-out"), rel=1e-5)
    assert {step for _, step in held_out} == {6, 12, 18} and total == len(held_out)
    assert [len(list((folder / split).iterdir())) for split in ("train", "held-out")] == [2, 2]


KILLED_OPTIONS = {**SMALL, "checkpoint_every": 4, "tensorboard": True}
KILLED = f"""
import os, sys
from albert_np.pretraining import pretrain, run
evaluate, calls = run.evaluate, []
run.evaluate = lambda *arguments: (calls.append(1), evaluate(*arguments) if len(calls) < 2
                                   else os._exit(9))[1]
pretrain(*sys.argv[1:], **{KILLED_OPTIONS!r})
"""


def test_a_killed_run_has_written_what_its_checkpoint_has(tensorboardX, tmp_path):
    """A run that goes on from there would otherwise leave a gap."""
    pytest.importorskip("sentencepiece")
    write_corpus(tmp_path / "corpus.txt")
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "run", tmp_path / "corpus.txt"],
                          cwd=Path(run_module.__file__).parents[2])
    assert done.returncode == 9                         # at step 12; the last checkpoint is of 8
    values, _ = shown(tmp_path / "run" / "tensorboard" / "train")
    assert {step for _, step in values} >= set(range(1, 9))


def test_flushed_rows_are_in_the_file_at_once(tensorboardX, tmp_path):
    rows = [{"step": step, "split": "train", "loss": 1 / step, "mlm_loss": None, "tokens": 7,
             "seconds": 0.5} for step in range(5, 9)]
    with event_writer(tmp_path, wanted=True) as add:
        add(rows[:1])
        add(rows[:3], flush=True)
        values, _ = shown(tmp_path / "tensorboard" / "train")     # the file is still open
        assert values == pytest.approx({("loss", step): 1 / step for step in (5, 6, 7)})
        add(rows)
    assert len(shown(tmp_path / "tensorboard" / "train")[0]) == 4


def test_a_first_step_that_is_evaluated(tensorboardX, tmp_path):
    """It has two rows; those of the steps before it were written by the run that was stopped."""
    rows = [{"step": step, "split": split, "loss": float(step)} for step in (1, 2)
            for split in ("train", "held-out")]
    with event_writer(tmp_path, wanted=True) as add:
        add(rows)
    for split in ("train", "held-out"):
        assert shown(tmp_path / "tensorboard" / split)[0] == {("loss", 2): 2.0}


def test_files_are_read_in_the_order_they_were_written_in(tensorboardX, tmp_path):
    """Twelve runs within one second: none writes over another's file, and the last one counts."""
    for number in range(12):
        with event_writer(tmp_path, wanted=True) as add:
            add([{"step": 1, "split": "train", "loss": float(number)}])
    names = [path.name for path in sorted((tmp_path / "tensorboard" / "train").iterdir())]
    assert len(names) == 12 and all(".tfevents." in name for name in names)
    assert shown(tmp_path / "tensorboard" / "train")[0] == {("loss", 1): 11.0}


def test_a_run_that_takes_no_step_writes_nothing(tensorboardX, tmp_path):
    with event_writer(tmp_path, wanted=True):
        pass
    assert not list(tmp_path.iterdir())


def test_numbers_that_numpy_made(tensorboardX, tmp_path):
    with event_writer(tmp_path, wanted=True) as add:
        add([{"step": 3, "split": "held-out", "loss": np.float32(0.5),
              "sop_loss": np.float64(0.25)}])
    assert shown(tmp_path / "tensorboard" / "held-out")[0] == {("loss", 3): 0.5,
                                                               ("sop_loss", 3): 0.25}
