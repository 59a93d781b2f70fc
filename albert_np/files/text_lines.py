"""The lines of a text, numbered: cut in one place, so that every reader cuts them alike.

A line ends at a line feed, or at a carriage return with a line feed, and nowhere else. Python's
``splitlines`` would also cut at characters that stand inside of sentences, and a bare ``split`` or
``strip`` would take a no-break space for a space.
"""

import unicodedata
import zipfile
from pathlib import Path

from .file_kinds import GZIP_ERRORS, open_unpacked, refuse_no_utf8

BLANKS = " \t"                       # what may stand between two columns


def bad_row(path, line, sentence):
    """The ValueError that says what is wrong in a line of a file."""
    return ValueError(f"{path}, line {line}: {sentence}")


def split_lines(text):
    r"""The lines of a text, without their ends.

    >>> split_lines("a\x0cb\r\nc\n")
    ['a\x0cb', 'c']
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def is_blank(line):
    """Whether a line holds nothing but spaces and tabs."""
    return not line.strip(BLANKS)


def is_empty(text):
    r"""Whether a text holds no visible character: only spaces, controls and signs without width.

    >>> is_empty(" \u200b\ufeff"), is_empty("a\u200b")
    (True, False)
    """
    return all(unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")
               for character in text)


def words_of(line):
    r"""The parts of a line between spaces and tabs.

    >>> words_of(" 10\xa0km \t B-length")
    ['10\xa0km', 'B-length']
    """
    return [word for word in line.replace("\t", " ").split(" ") if word]


def read_lines(path):
    """Yield the lines of a UTF-8 file one by one; a file of any size passes through.

    Blank lines at the end of the file are left out.

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
        The file has only blank lines, is damaged gzip, UTF-16 or no text, or may not be read; a
        line is not UTF-8, holds a zero byte, or a carriage return without a line feed.
    """
    path, number = _existing(path), 0
    try:
        with open_unpacked(path) as file:
            for number, line in numbered_lines(file, path):
                yield number, line
    except GZIP_ERRORS as error:
        raise ValueError(f"{path} is gzip that is damaged or cut short: it breaks off after line "
                         f"{number}.") from error
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    if not number:
        raise empty_file(path)


def numbered_lines(file, name):
    """Yield number and text of the lines of an open file, without blank ones at its end.

    Parameters
    ----------
    file : iterable of bytes
        Each a line with its end.
    name : str or Path
        What the sentences call the file.

    Yields
    ------
    number : int, counted from 1
    line : str

    Raises
    ------
    ValueError
        As `decode_line`.
    """
    blank = []
    for number, data in enumerate(file, 1):
        line = decode_line(data, name, number)
        blank.append((number, line))
        if not is_blank(line):
            yield from blank
            blank.clear()


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
            for number, line in numbered_lines(file, name):
                yield number, line
    except KeyError as error:
        raise ValueError(f"The archive {path} has no file {member}.") from error
    except (zipfile.BadZipFile, *GZIP_ERRORS) as error:
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
        It is not UTF-8, holds a zero byte, or a carriage return without a line feed.
    """
    if number == 1:
        refuse_no_utf8(data, path)
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    if b"\0" in data:
        raise bad_row(path, number, f"there is a zero byte at byte {data.index(0) + 1} of the "
                                    f"line; text never holds one, so this is a binary file.")
    if b"\r" in data:
        raise bad_row(path, number, f"byte {data.index(13) + 1} of the line is a carriage return "
                                    f"(\\r) without a line feed after it; a line must end at "
                                    f"\\n or \\r\\n, so save the file with such line ends.")
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
