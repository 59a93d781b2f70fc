"""Measure and remove a folder that somebody filled who wishes us ill."""

import contextlib
import math
import os

BLOCK = 16 << 10         # bytes that an entry counts at least: to remove it takes time as well
LONGEST_PATH = 2000      # the kernel opens no path beyond 4096


def bytes_in(folder):
    """The bytes that a folder takes on the disk; infinitely many if it is nested too deeply.

    Parameters
    ----------
    folder : str

    Returns
    -------
    int or float
    """
    total, waiting = 0, [folder]
    while waiting:
        inside = waiting.pop()
        if len(inside) > LONGEST_PATH:
            return math.inf
        with contextlib.suppress(OSError), os.scandir(inside) as entries:
            for entry in entries:                # each may be gone, or closed, between two looks
                total += max(BLOCK, entry.stat(follow_symlinks=False).st_blocks * 512)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return total


def remove_folder(folder):
    """Remove a folder, however deep. Nothing may be at work in it.

    Each folder is moved to the top before it is emptied, so that no path gets long; `shutil` and
    paths end at some depth.

    Parameters
    ----------
    folder : str
        If it does not exist, nothing happens.
    """
    waiting, moved = [folder] if os.path.isdir(folder) else [], 0
    for inside in waiting:
        os.chmod(inside, 0o700)
        for entry in list(os.scandir(inside)):
            if entry.is_dir(follow_symlinks=False):
                moved += 1
                waiting.append(f"{folder}.{moved}")
                os.chmod(entry.path, 0o700)      # or it could not be moved
                os.rename(entry.path, waiting[-1])
            else:
                os.unlink(entry.path)
        os.rmdir(inside)
