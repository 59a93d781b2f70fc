"""Pointers that Git LFS leaves in the place of large files."""

from pathlib import Path

POINTER = b"version https://git-lfs.github.com/spec/"


def refuse_pointer(path, data=None):
    """Refuse a file that was never fetched, of which only the pointer is there.

    Parameters
    ----------
    path : str or Path
        A file that exists.
    data : bytes, optional
        How the file begins; None reads it.

    Raises
    ------
    ValueError
        The sentence says how to fetch the file.
    """
    if data is None and Path(path).is_file():
        with open(path, "rb") as file:
            data = file.read(len(POINTER))
    if (data or b"").startswith(POINTER):
        raise ValueError(f"{path} is a Git LFS pointer, a few lines in the place of the file; in "
                         f"its folder, git lfs pull fetches the file.")
