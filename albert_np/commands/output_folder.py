"""Where a command writes: into a new place, never over a file that is there."""

import os
from pathlib import Path


def free_path(path):
    """The path itself, or the first of path-2, path-3, ... that does not exist.

    Parameters
    ----------
    path : str or Path
        Of a folder or a file; the number goes before the ending of a file.

    Returns
    -------
    Path
    """
    path = candidate = Path(path)
    number = 1
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def refuse_existing(path, option="--output"):
    """Refuse to write a file where there is one, or anything else.

    Parameters
    ----------
    path : str, Path or None
        None: nothing is to be written.
    option : str
        What names another path, for the sentence.

    Raises
    ------
    ValueError
        The path exists.
    """
    if path is not None and os.path.lexists(path):
        what = "folder" if os.path.isdir(path) else "file"
        raise ValueError(f"there is a {what} {path} already; it stays as it is: remove it, or give "
                         f"{option} another name")
