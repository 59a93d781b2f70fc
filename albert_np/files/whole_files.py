"""Reading and writing whole files, with one clear sentence when that fails."""

import contextlib
import errno
import os
import re
from pathlib import Path

from .file_kinds import refuse_utf16
from .git_lfs import refuse_pointer

# What a folder answers that cannot be flushed by itself: not supported here, or not allowed.
_NO_FOLDER_FLUSH = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM,
                    errno.EISDIR}


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
        The path is a folder, the file may not be read, or is a pointer of Git LFS.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder, where a file is needed.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror}.") from error
    refuse_pointer(path, data)
    return data


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
    refuse_utf16(data, path)
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

    The bytes go to a temporary name in the same folder and are flushed to the disk; then the
    temporary file takes the place of the file in one step. A reader never sees half a file, and
    whatever goes wrong (a crash, a full disk, a power cut) leaves the old one untouched.

    Parameters
    ----------
    path : str or Path
        Its folder is made if it does not exist.
    data : bytes, or iterable of bytes
        Chunks are written one after the other.

    Raises
    ------
    ValueError
        The file cannot be written; the sentence says why, for example "No space left on device".
    """
    write_together({path: data})


def write_together(files):
    """Write files that belong together, all of them or, where writing fails, none.

    Every one is written and flushed as by :func:`write_whole` before the first takes its place.

    Parameters
    ----------
    files : dict of (str or Path) to (bytes or iterable of bytes)
        They take their places in this order.

    Raises
    ------
    ValueError
        One of them cannot be written.
    """
    try:
        with contextlib.ExitStack() as cleaning:
            staged = {}
            for path, data in files.items():
                path = Path(path)
                make_folder(path.parent)
                staged[path] = temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
                cleaning.enter_context(_removed_on_failure(temporary))
                write_and_flush(temporary, data)
            for path, temporary in staged.items():
                os.replace(temporary, path)
        for folder in {path.parent for path in staged}:
            _flush_folder(folder)
    except OSError as error:
        raise ValueError(f"The file {path} cannot be written: {error.strerror or error}."
                         ) from error


def write_and_flush(path, data):
    """Write bytes, or chunks of them, and wait until they are on the disk."""
    chunks = [data] if isinstance(data, (bytes, bytearray, memoryview)) else data
    with open(path, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())      # or a power cut could leave the new name without bytes


def make_folder(folder):
    """Make a folder, and those above it, if it does not exist.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    OSError
        It cannot be made, for example because there is a file of that name.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder) from error


@contextlib.contextmanager
def _removed_on_failure(temporary):
    try:
        yield
    except BaseException:                # Ctrl-C too
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _flush_folder(folder):
    """Put the names in a folder on the disk, where the file system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_FLUSH:
            raise


def remove_leftovers(folder):
    """Remove the temporary files that a killed :func:`write_whole` left in a folder.

    Only for a folder in which nothing is being written: the temporary file of a writer that is
    still at work would go too.

    Parameters
    ----------
    folder : str or Path
        It need not exist. Folders inside it are left alone.

    Returns
    -------
    list of Path
        What was removed.
    """
    try:
        paths = sorted(Path(folder).iterdir())
    except OSError:
        return []
    removed = []
    for path in paths:
        ours = re.fullmatch(r"\..+\.\d+\.part", path.name)
        if ours and path.is_file() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.unlink()
                removed.append(path)
    return removed


def in_a_sentence(error):
    """What an exception says to someone who gave a command: no number, and no name in quotes.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    str
    """
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)
