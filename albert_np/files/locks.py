"""One run a folder: a lock that ends with its process."""

import contextlib
import os
import warnings
from pathlib import Path

from .whole_files import make_folder, remove_leftovers

LOCK_NAME = ".lock"


@contextlib.contextmanager
def lock(folder, *subfolders):
    """Keep a run folder for this run alone; clear away what a killed run left half-written.

    The operating system ends the lock when the process ends, however that happens: the file
    ``.lock`` stays in the folder and means nothing by itself. ::

        with lock("runs/pretrain"):
            ...

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist.
    subfolders : str
        Names of folders inside it that are cleared in the same way.

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
        for place in (folder, *(folder / name for name in subfolders)):
            remove_leftovers(place)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor, folder):
    """Lock an open file, and write into it who did."""
    import fcntl  # Linux and macOS have it

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
