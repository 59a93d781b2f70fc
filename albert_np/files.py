"""Reading and writing whole files, with one clear sentence when that fails."""

import os
from pathlib import Path


def read_bytes(path):
    """The bytes of a file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    bytes

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The path is a folder, or the file may not be read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder, where a file is needed.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror}.") from error


def read_text(path):
    """The text of a UTF-8 file, without a byte order mark.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The path is a folder, the file may not be read, is binary, or is not UTF-8.
    """
    data = read_bytes(path)
    # Text never holds a zero byte; images, archives and checkpoints nearly always do.
    if b"\0" in data:
        raise ValueError(f"{path} is a binary file (it holds a zero byte at position "
                         f"{data.index(0)}), where a UTF-8 text file is needed.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: the byte 0x{data[error.start]:02x} at "
                         f"position {error.start} does not decode; save the file as UTF-8."
                         ) from error
    return text.removeprefix("\ufeff")


def write_whole(path, data):
    """Write a file completely or not at all.

    The bytes go to a temporary name in the same folder, which then takes the place of the file in
    one step: a reader never sees half a file, and a crash leaves the old one untouched.

    Parameters
    ----------
    path : str or Path
        Its folder is made if it does not exist.
    data : bytes

    Raises
    ------
    ValueError
        The file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        if temporary.exists():
            temporary.unlink()
        raise ValueError(f"The file {path} cannot be written: {error.strerror}.") from error
