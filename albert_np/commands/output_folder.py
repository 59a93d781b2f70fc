"""Where a run is written if nobody says where."""

from pathlib import Path


def free_folder(path):
    """The path itself, or the first of path-2, path-3, ... that does not exist.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Path
    """
    path = candidate = Path(path)
    number = 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
