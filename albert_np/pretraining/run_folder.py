"""One run in one folder, and stopping it without loss."""

import contextlib
import os
import signal
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace

from ..files import make_folder, remove_leftovers
from .checkpoints import FOLDER_NAME as CHECKPOINTS

LOCK_NAME = ".lock"


@contextlib.contextmanager
def lock(folder):
    """Keep a run folder for this run alone; clear away what a killed run left half-written.

    The operating system ends the lock when the process ends, however that happens: the file
    ``.lock`` stays in the folder and means nothing by itself. ::

        with lock("runs/pretrain"):
            ...

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist.

    Raises
    ------
    ValueError
        Another run uses the folder, or nothing can be written there.

    Warns
    -----
    UserWarning
        Where the file system cannot lock; two runs on one folder are then not noticed.
    """
    folder = Path(folder)
    try:
        make_folder(folder)
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise ValueError(f"Nothing can be written in the folder {folder}: {error.strerror}; "
                         f"choose another one.") from error
    try:
        _take(descriptor, folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ValueError(f"Nothing can be written in the folder {folder}: it is read-only; "
                             f"choose another one.")
        for place in (folder, folder / CHECKPOINTS):
            remove_leftovers(place)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor, folder):
    """Lock an open file, and write into it who did."""
    import fcntl                    # Linux and macOS have it

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
        raise ValueError(f"The folder {folder} is used by another run (process {holder}); wait "
                         f"for it, stop it, or choose another folder.") from None
    except OSError as error:
        warnings.warn(f"The folder {folder} cannot be locked ({error.strerror}): make sure that "
                      f"no other run uses it.", stacklevel=4)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except OSError as error:
        raise ValueError(f"Nothing can be written in the folder {folder}: {error.strerror}."
                         ) from error


@contextlib.contextmanager
def stop_requests():
    """Turn Ctrl-C and SIGTERM into a wish, to be granted at the next good moment.

    ::

        with stop_requests() as requests:
            for step in ...:
                ...
                if requests.signal is not None:
                    ...                            # save a checkpoint and stop

    A second Ctrl-C does not wait: it raises KeyboardInterrupt wherever the program is. Signals
    reach Python's main thread only; in another thread nothing is changed and no wish ever comes.

    Yields
    ------
    object
        Its attribute ``signal`` is None, or the number of the signal that came.
    """
    requests = SimpleNamespace(signal=None)
    if threading.current_thread() is not threading.main_thread():
        yield requests
        return

    def note(number, frame):
        if number == requests.signal == signal.SIGINT:
            raise KeyboardInterrupt
        requests.signal = number

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, note)
        yield requests
    finally:
        for number, handler in before.items():
            # None: a handler that was not set from Python, which Python cannot set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
