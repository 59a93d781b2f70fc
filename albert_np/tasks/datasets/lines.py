"""Lines of a file, numbered, so that whoever finds a fault in one can say where it stands."""

import gzip
import zipfile
import zlib
from pathlib import Path

_GZIP = b"\x1f\x8b"
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)


def bad_row(path, line, sentence):
    """The ValueError that says what is wrong in a line of a file."""
    return ValueError(f"{path}, line {line}: {sentence}")


def read_lines(path):
    """Yield the lines of a UTF-8 file one by one; a file of any size passes through.

    A line ends at a line feed and nowhere else (a carriage return before it goes too): Python's
    ``splitlines`` would also cut at characters that stand inside of sentences.

    Parameters
    ----------
    path : str or Path
        A file that begins as gzip does is unpacked, whatever its name.

    Yields
    ------
    number : int, counted from 1
    line : str, without its end; the first without a byte order mark

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is empty, damaged gzip, or may not be read; a line is not UTF-8 or holds a zero
        byte.
    """
    path = _existing(path)
    number = 0
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == _GZIP
        with (gzip.open if packed else open)(path, "rb") as file:
            for number, data in enumerate(file, 1):
                yield number, decode_line(data, path, number)
    except _DAMAGED as error:
        raise ValueError(f"{path} is gzip that is damaged or cut short: it breaks off after line "
                         f"{number}.") from error
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    if not number:
        raise empty_file(path)


def read_zipped_lines(path, member):
    """`read_lines` for one file inside of a zip archive.

    Parameters
    ----------
    path : str or Path
        The archive.
    member : str
        The name of the file in it.

    Yields
    ------
    number : int
    line : str

    Raises
    ------
    FileNotFoundError
        There is no such archive.
    ValueError
        It is no zip archive or has no such file, or the file is as `read_lines` refuses it.
    """
    path, number = _existing(path), 0
    name = f"{path}:{member}"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            for number, data in enumerate(file, 1):
                yield number, decode_line(data, name, number)
    except KeyError as error:
        raise ValueError(f"The archive {path} has no file {member}.") from error
    except (zipfile.BadZipFile, *_DAMAGED) as error:
        raise ValueError(f"{path} is not a zip archive, or is damaged.") from error
    if not number:
        raise empty_file(name)


def read_whole(path):
    """The whole content of a file that a parser wants in one piece, checked as `read_lines` does.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str
        With line feeds only.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_lines`.
    """
    return "\n".join(line for _, line in read_lines(path))


def decode_line(data, path, number):
    """The text of one line.

    Parameters
    ----------
    data : bytes
    path : str or Path, for the message
    number : int

    Returns
    -------
    str

    Raises
    ------
    ValueError
        It is not UTF-8, or holds a zero byte.
    """
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    if b"\0" in data:
        raise bad_row(path, number, f"there is a zero byte at byte {data.index(0) + 1} of the "
                                    f"line; text never holds one, so this is a binary file.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_row(path, number, f"byte {error.start + 1} of the line is "
                                    f"0x{data[error.start]:02x}, which is not UTF-8; save the "
                                    f"file as UTF-8.") from error
    return text.removeprefix("\ufeff") if number == 1 else text


def empty_file(path):
    """The ValueError for a file without a single row."""
    return ValueError(f"{path} is empty; at least one row is needed.")


def _existing(path):
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, where a file is needed.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    return path
