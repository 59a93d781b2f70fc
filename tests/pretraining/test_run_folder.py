"""One run in one folder, and signals that wait for a good moment."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from albert_np.files import locks
from albert_np.files.locks import lock
from albert_np.pretraining.stopping import stop_requests

ROOT = Path(locks.__file__).parents[2]

HOLDER = """
import sys
from albert_np.files.locks import lock
with lock(sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""


# ---- the lock ------------------------------------------------------------------------------------

def test_two_runs_on_one_folder_and_a_killed_one(tmp_path):
    folder = tmp_path / "made" / "too"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == "locked\n"
        sentence = rf"The folder {folder} is used by another run \(process {holder.pid}\); wait"
        for _ in range(2):                      # being refused does not end the other's lock
            with pytest.raises(ValueError, match=sentence), lock(folder):
                pass
        with lock(tmp_path):                    # another folder is free
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with lock(folder):
            pass


def test_the_lock_ends_with_the_block_and_with_an_exception(tmp_path):
    with lock(tmp_path):
        with pytest.raises(ValueError, match=rf"\(process {os.getpid()}\)"), lock(tmp_path):
            pass
    with pytest.raises(KeyboardInterrupt), lock(tmp_path):
        raise KeyboardInterrupt
    with lock(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


def test_what_a_killed_run_left_half_written_is_cleared_away(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    left = [tmp_path / ".results.json.123.part",
            tmp_path / "checkpoints" / ".step-00000010.safetensors.123.part"]
    kept = [tmp_path / "results.json", tmp_path / "checkpoints" / "step-00000009.safetensors"]
    for path in left + kept:
        path.write_bytes(b"half")
    with lock(tmp_path, "checkpoints"):
        assert not any(path.exists() for path in left) and all(path.exists() for path in kept)
        left[0].write_bytes(b"half")
        with pytest.raises(ValueError, match="used by another run"), lock(tmp_path):
            pass
        assert left[0].exists()                 # it may be the other run's, just being written


def test_folders_where_nothing_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match=rf"Nothing can be written in the folder {folder}: "
                                             rf"Not a directory; choose another one\."):
            with lock(folder):
                pass
    with lock(tmp_path):
        pass
    monkeypatch.setattr(os, "access", lambda path, mode: False)   # .lock can be, the folder not
    with pytest.raises(ValueError, match="Nothing can be written in the folder .* read-only"):
        with lock(tmp_path):
            pass


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
@pytest.mark.parametrize("used_before", [False, True])
def test_a_read_only_folder(tmp_path, used_before):
    if used_before:
        with lock(tmp_path):
            pass
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(ValueError, match="Nothing can be written in the folder"):
            with lock(tmp_path):
                pass
    finally:
        tmp_path.chmod(0o755)


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.warns(UserWarning, match=r"cannot be locked \(No locks available\): make sure"):
        with lock(tmp_path):
            pass


# ---- signals -------------------------------------------------------------------------------------

@pytest.fixture
def handler():
    """The handler of both signals, which must be so after the test; it should never be called."""
    called = []
    before = {number: signal.signal(number, lambda *signal: called.append(signal))
              for number in (signal.SIGINT, signal.SIGTERM)}
    ours = [signal.getsignal(number) for number in before]
    yield ours[1]
    after = [signal.signal(number, handler) for number, handler in before.items()]
    assert after == ours and called == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_only_noted(handler, number):
    with stop_requests() as requests:
        assert requests.signal is None
        signal.raise_signal(number)
        assert requests.signal == number
    assert requests.signal == number


def test_the_second_ctrl_c_does_not_wait(handler):
    with pytest.raises(KeyboardInterrupt), stop_requests():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        seen = "all three were noted"
        signal.raise_signal(signal.SIGINT)
    assert seen


def test_a_sigterm_after_ctrl_c_is_only_noted(handler):
    with stop_requests() as requests:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert requests.signal == signal.SIGTERM


def test_handlers_come_back_after_an_exception(handler):
    with pytest.raises(RuntimeError), stop_requests():
        raise RuntimeError


def test_in_another_thread_nothing_is_changed(handler):
    seen = []

    def run():
        with stop_requests() as requests:
            seen.append((requests.signal, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [(None, handler)]


def test_a_handler_that_was_not_set_from_python(monkeypatch):
    """signal.signal then returns None, and does not take None back."""
    installed = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: installed.append(handler))
    with stop_requests():
        pass
    assert installed[2:] == [signal.SIG_DFL, signal.SIG_DFL]
