"""Checkpoints come back bit for bit, or are refused; whatever happens, a good one is left."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from albert_np.pretraining import run_checkpoints as checkpoints
from albert_np.pretraining.run_checkpoints import (load_checkpoint, newest_checkpoint,
                                                   remove_checkpoints, save_checkpoint)

ROOT = Path(checkpoints.__file__).parents[2]
ONE = {"W": np.ones(1)}


def some_tensors(rng):
    """Arrays of all the kinds that a run has, and some that it has not."""
    return {"params.W": rng.standard_normal((3, 4)).astype(np.float32),
            "params.W_T": rng.standard_normal((3, 4)).T, "rows": np.arange(20)[::2],
            "steps": np.array(7), "metrics": np.array([[1.0, np.nan], [np.inf, -0.0]]),
            "bytes": np.arange(5, dtype=np.uint8), "big_endian": np.arange(3, dtype=">i8"),
            "mask": np.array([True, False]), "half": np.ones(3, np.float16),
            "none": np.zeros((0, 4)), "none_either": np.zeros((3, 0), np.float32)}


def steps(folder):
    """The steps of the checkpoints in a run folder, and nothing else may be there."""
    names = sorted(path.name for path in (folder / "checkpoints").iterdir())
    found = [int(name[5:13]) for name in names]
    assert names == [f"step-{step:08d}.safetensors" for step in found]
    return found


# ---- there and back ------------------------------------------------------------------------------

def test_everything_comes_back_bit_for_bit(tmp_path, rng):
    tensors = some_tensors(rng)
    state = {"rng": np.random.default_rng(3).bit_generator.state, "share": 0.1 + 0.2, "deep": [
        {"ü\n\"": None, "yes": True}], "position": 2**127 + 1, "seconds": float("inf")}
    path = save_checkpoint(tmp_path, 1000, tensors, state)
    assert path == tmp_path / "checkpoints" / "step-00001000.safetensors"
    step, restored, restored_state = newest_checkpoint(tmp_path)
    assert step == 1000 and restored_state == state and set(restored) == set(tensors)
    for name, array in tensors.items():
        assert restored[name].dtype == array.dtype.newbyteorder("=")
        assert restored[name].shape == array.shape
        assert restored[name].tobytes() == array.astype(restored[name].dtype).tobytes()
    generator = np.random.default_rng()
    generator.bit_generator.state = restored_state["rng"]
    assert generator.random() == np.random.default_rng(3).random()


def test_other_programs_can_read_it(tmp_path):
    from safetensors.numpy import load_file

    path = save_checkpoint(tmp_path, 1, {"W": np.ones((2, 3))}, {"a": 1})
    assert (load_file(path)["W"] == np.ones((2, 3))).all()


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([None]), np.ones(2, complex),
                                   np.array([{}]), np.array(["2026"], "datetime64[s]")])
def test_arrays_that_the_format_does_not_know(tmp_path, array):
    with pytest.raises(ValueError, match="step-00000001.safetensors cannot be written: "):
        save_checkpoint(tmp_path, 1, {"a": array}, {})
    with pytest.raises(FileNotFoundError, match="There is no checkpoint in"):
        newest_checkpoint(tmp_path)


def test_state_that_json_does_not_know(tmp_path):
    with pytest.raises(TypeError):
        save_checkpoint(tmp_path, 1, ONE, {"rng": np.random.default_rng()})


# ---- the last few are kept -----------------------------------------------------------------------

@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_last_few_are_kept(tmp_path, keep):
    all_steps = [5, 10, 15, 99_999_990, 99_999_999]
    for count, step in enumerate(all_steps, start=1):
        save_checkpoint(tmp_path, step, ONE, {"step": step}, keep=keep)
        assert steps(tmp_path) == all_steps[:count][-keep:]
        assert newest_checkpoint(tmp_path)[0::2] == (step, {"step": step})
    with pytest.raises(ValueError, match="keep is 0; it must be at least 1"):
        save_checkpoint(tmp_path, 1, ONE, {}, keep=0)


def test_two_are_kept_unless_told_otherwise(tmp_path):
    for step in (5, 10, 15, 20):
        save_checkpoint(tmp_path, step, ONE, {})
    assert steps(tmp_path) == [15, 20]


def test_an_old_one_that_cannot_be_removed_does_no_harm(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, 10, ONE, {}, keep=1)
    monkeypatch.setattr(Path, "unlink", lambda path: os.write(10**6, b""))         # a bad one
    assert save_checkpoint(tmp_path, 20, ONE, {}, keep=1).exists()
    remove_checkpoints(tmp_path)
    assert steps(tmp_path) == [10, 20]


def test_all_can_be_removed(tmp_path):
    """And the folder, unless there is something else in it."""
    remove_checkpoints(tmp_path / "absent")
    for other, left in ((None, []), ("notes.txt", ["notes.txt"])):
        for step in (5, 10, 15):
            save_checkpoint(tmp_path, step, ONE, {}, keep=3)
        if other:
            (tmp_path / "checkpoints" / other).write_bytes(b"mine")
        remove_checkpoints(tmp_path)
        assert (tmp_path / "checkpoints").exists() == bool(other)
        assert [path.name for path in (tmp_path / "checkpoints").glob("*")] == left


def test_steps_are_compared_as_numbers(tmp_path):
    for step in (99_999_999, 100_000_000, 1_000_000_000):
        save_checkpoint(tmp_path, step, ONE, {})
        assert newest_checkpoint(tmp_path)[0] == step


def test_going_back_removes_nothing_of_the_future_and_never_the_new_one(tmp_path):
    for step in (10, 20, 30, 40):
        save_checkpoint(tmp_path, step, ONE, {}, keep=2)
    save_checkpoint(tmp_path, 15, ONE, {}, keep=1)
    assert steps(tmp_path) == [15, 30, 40]


def test_other_files_are_neither_read_nor_removed(tmp_path):
    save_checkpoint(tmp_path, 10, ONE, {})
    folder = tmp_path / "checkpoints"
    others = [".step-00000099.safetensors.12.part", "step-00000098.safetensors.damaged",
              "step-97.safetensors", "notes.txt"]
    for name in others:
        (folder / name).write_bytes(b"mine")
    for step in (11, 12, 13):
        save_checkpoint(tmp_path, step, ONE, {}, keep=1)
    assert newest_checkpoint(tmp_path)[0] == 13
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*others, "step-00000013.safetensors"])


# ---- damage --------------------------------------------------------------------------------------

def small_checkpoint(folder):
    """The path of a checkpoint that is small and has a bit of everything, and its bytes."""
    tensors = {"W": np.arange(4, dtype=np.float32), "steps": np.array(7),
               "metrics": np.array([[1.0, np.nan]])}
    path = save_checkpoint(folder, 3, tensors, {"rng": {"state": 2**100}, "ü": "ü"})
    return path, path.read_bytes()


def refused(path, data):
    """Whether a checkpoint of these bytes is refused, with a sentence that names it."""
    path.write_bytes(data)
    try:
        load_checkpoint(path)
    except ValueError as error:
        return str(path) in str(error) and str(error).endswith(".")
    return False


def test_every_cut_is_noticed(tmp_path):
    path, data = small_checkpoint(tmp_path)
    accepted = [length for length in range(len(data)) if not refused(path, data[:length])]
    assert accepted == []
    assert refused(path, data + b"\0")
    assert not refused(path, data)


def flipped(data, bit):
    """The bytes with one bit changed."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_flipped_bits_are_noticed(tmp_path, rng):
    path, data = small_checkpoint(tmp_path)
    chosen = rng.choice(8 * len(data), 800, replace=False).tolist()
    assert [bit for bit in chosen if not refused(path, flipped(data, bit))] == []


@pytest.mark.thorough
def test_every_flipped_bit_is_noticed(tmp_path):
    path, data = small_checkpoint(tmp_path)
    assert [bit for bit in range(8 * len(data)) if not refused(path, flipped(data, bit))] == []


def test_arrays_cannot_change_their_names(tmp_path):
    """Two arrays of one shape that take each other's place leave every byte of data valid."""
    tensors = {"params.a": np.ones(2), "params.b": np.zeros(2)}
    path = save_checkpoint(tmp_path, 1, tensors, {})
    data = path.read_bytes()
    swapped = (data.replace(b"params.a", b"params.X").replace(b"params.b", b"params.a")
               .replace(b"params.X", b"params.b"))
    assert refused(path, swapped) and not refused(path, data)


@pytest.mark.parametrize("before, after", [(b"[2,3]", b"[3,2]"), (b'"F32"', b'"I32"')])
def test_arrays_cannot_change_their_shapes_and_dtypes(tmp_path, before, after):
    path = save_checkpoint(tmp_path, 1, {"W": np.ones((2, 3), np.float32)}, {})
    data = path.read_bytes()
    assert data.count(before) == 1
    assert refused(path, data.replace(before, after)) and not refused(path, data)


def header(text, length=None):
    """The beginning of a safetensors file: how long the JSON is, and the JSON."""
    return (len(text) if length is None else length).to_bytes(8, "little") + text


@pytest.mark.parametrize("data, sentence", [
    (b"", "cut short, damaged, or no safetensors file"),
    (b"PK\3\4 a zip archive", "no safetensors file"),
    (header(b"", 2**63), "no safetensors file"),
    (header(b"{", 90_000_000), "no safetensors file"),
    (header(b"[" * 10**5), "no safetensors file"),
    (header(b'{"W":{"dtype":"F64","shape":[1000000],"data_offsets":[0,8000000]}}'),
     "no safetensors file"),
    (header(b'{"W":{"dtype":"F8_E4M3","shape":[0],"data_offsets":[0,0]}}'), "no safetensors file"),
    (header(b'{"W":{"dtype":"BF16","shape":[0],"data_offsets":[0,0]}}'), "no safetensors file"),
    (header(b"{}"), "its format is None"),
    (header(b'{"__metadata__":{"format":"pt"}}'), "its format is 'pt'"),
    (header(json.dumps({"__metadata__": {"format": checkpoints.FORMAT}}).encode()),
     "damaged: its contents do not have the digest")])
def test_what_is_no_checkpoint(tmp_path, data, sentence):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=sentence):
        load_checkpoint(path)


def test_absent_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no checkpoint .*absent"):
        load_checkpoint(tmp_path / "absent")
    with pytest.raises(ValueError, match="cannot be read"):
        load_checkpoint(tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no checkpoint in .*absent"):
        newest_checkpoint(tmp_path / "absent")
    (tmp_path / "checkpoints").write_bytes(b"a file")
    with pytest.raises(FileNotFoundError, match="There is no checkpoint in .*checkpoints"):
        newest_checkpoint(tmp_path)


def test_a_damaged_newest_falls_back_to_the_one_before(tmp_path):
    paths = {step: save_checkpoint(tmp_path, step, ONE, {"step": step}, keep=3)
             for step in (10, 20, 30)}
    paths[30].write_bytes(paths[30].read_bytes()[:-1])
    paths[20].write_bytes(flipped(paths[20].read_bytes(), 200))
    with pytest.warns(UserWarning) as record:
        assert newest_checkpoint(tmp_path)[0::2] == (10, {"step": 10})
    assert [str(paths[step]) in str(warning.message) and "of step 10 is used instead; the damaged "
            f"one is kept as {paths[step].name}.damaged." in str(warning.message)
            for step, warning in zip((30, 20), record, strict=True)] == [True, True]
    assert {warning.filename for warning in record} == {__file__}        # where it was asked for
    assert newest_checkpoint(tmp_path)[0] == 10                # and now without a warning
    assert not paths[30].exists() and Path(f"{paths[30]}.damaged").exists()
    save_checkpoint(tmp_path, 40, ONE, {}, keep=2)              # damaged ones are not counted
    assert [path.exists() for path in paths.values()] == [True, False, False]


@pytest.mark.parametrize("renamed", [True, False])
def test_one_that_is_gone_falls_back_too(tmp_path, monkeypatch, renamed):
    """As a link to nowhere; and also if nothing can be renamed."""
    path = save_checkpoint(tmp_path, 10, ONE, {})
    link = path.with_name("step-00000020.safetensors")
    link.symlink_to(tmp_path / "nowhere")
    if not renamed:
        monkeypatch.setattr(os, "replace", lambda *paths: os.write(10**6, b""))    # a bad one
    with pytest.warns(UserWarning, match="There is no checkpoint .* of step 10 is used instead"):
        assert newest_checkpoint(tmp_path)[0] == 10
    assert link.is_symlink() != renamed


def test_all_damaged(tmp_path):
    paths = [save_checkpoint(tmp_path, step, ONE, {}) for step in (10, 20)]
    for path in paths:
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="No checkpoint in .* can be read. The checkpoint .*20.* "
                                         "The checkpoint .*10"):
        newest_checkpoint(tmp_path)
    assert all(path.exists() for path in paths)


# ---- full disks, read-only disks, killed writers -------------------------------------------------

def test_a_failed_save_removes_nothing(tmp_path, monkeypatch):
    for step in (10, 20):
        save_checkpoint(tmp_path, step, ONE, {}, keep=2)
    monkeypatch.setattr(os, "fsync", lambda descriptor: os.write(10**6, b""))      # a bad one
    with pytest.raises(ValueError, match="step-00000030.safetensors cannot be written: "):
        save_checkpoint(tmp_path, 30, ONE, {}, keep=1)
    monkeypatch.undo()
    assert steps(tmp_path) == [10, 20]


def test_the_old_ones_go_only_when_the_new_one_is_there(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, 10, ONE, {}, keep=1)
    seen = []

    def unlink(path, real=Path.unlink):
        seen.append(steps(tmp_path))
        real(path)

    monkeypatch.setattr(Path, "unlink", unlink)
    save_checkpoint(tmp_path, 20, ONE, {}, keep=1)
    assert seen == [[10, 20]] and steps(tmp_path) == [20]


ON_A_SMALL_DISK = """
import subprocess, sys
import numpy as np
from albert_np.pretraining.run_checkpoints import newest_checkpoint, save_checkpoint
from albert_np.files.locks import lock

folder = sys.argv[1]
def attempt(size):
    try:
        return save_checkpoint(folder, 10 + size, {"W": np.ones(size)}, {}, keep=2).name
    except ValueError as error:
        return str(error)
print(attempt(10))
print(attempt(100_000))
print(newest_checkpoint(folder)[0])
subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
print(attempt(11))
try:
    with lock(folder):
        print("locked")
except ValueError as error:
    print(error)
print(newest_checkpoint(folder)[0])
"""


def test_a_disk_that_is_full_and_then_read_only(tmp_path):
    """On a real file system of 200 kB, mounted where only the child process sees it."""
    command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
               "sh", "-c", 'mount -t tmpfs -o size=200k tmpfs "$1" || exit 77; '
                           'exec "$2" -c "$3" "$1"',
               "sh", str(tmp_path), sys.executable, ON_A_SMALL_DISK]
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare to mount a small disk with")
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode == 77 or "unshare:" in done.stderr:
        pytest.skip(f"a small disk cannot be mounted: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "checkpoints"
    assert done.stdout.splitlines() == [
        "step-00000020.safetensors",
        f"The file {folder / 'step-00100010.safetensors'} cannot be written: No space left on "
        f"device.",
        "20",
        f"The file {folder / 'step-00000021.safetensors'} cannot be written: Read-only file "
        f"system.",
        f"Nothing can be written in the folder {tmp_path}: Read-only file system; choose another "
        f"one.",
        "20"]


WRITER = """
import itertools, sys
import numpy as np
from albert_np.pretraining.run_checkpoints import save_checkpoint

for step in itertools.count(int(sys.argv[2])):
    save_checkpoint(sys.argv[1], step, {"W": np.full(300_000, step)}, {"step": step})
    print(step, flush=True)
"""


def kill_while_writing(folder, kills, rng):
    """Start writers and kill them; after each, the newest checkpoint must be whole."""
    first = 0
    for _ in range(kills):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(first)], cwd=ROOT,
                              stdout=subprocess.PIPE, text=True) as writer:
            done = int(writer.stdout.readline())        # it has begun
            time.sleep(rng.uniform(0, 0.05))
            writer.kill()
            done = [done, *map(int, writer.stdout.read().split())][-1]
        step, tensors, state = newest_checkpoint(folder)       # a warning would be an error
        assert step in (done, done + 1) and state == {"step": step}
        assert (tensors["W"] == step).all() and len(tensors["W"]) == 300_000
        first = step + 1


def test_killed_writers(tmp_path, rng):
    kill_while_writing(tmp_path, 3, rng)


@pytest.mark.thorough
def test_many_killed_writers(tmp_path, rng):
    kill_while_writing(tmp_path, 50, rng)
