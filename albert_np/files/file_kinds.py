"""What a file is: by its ending, without regard to case; if that does not say, by its content."""

import contextlib
import gzip
import json
import re
import zlib
from pathlib import Path

GZIP = b"\x1f\x8b"
GZIP_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile)
_LATIN_UTF16 = re.compile(rb"([\t -~]\0){2}|(\0[\t -~]){2}")
_BEGUN_OBJECTS = re.compile(r'\[\s*\{\s*("|$)')
BEGINNING = 1 << 20                  # bytes in which the first line should end

_ENDINGS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "json lines",
            ".ndjson": "json lines", ".xml": "xml", ".txt": "text"}
_NO_UTF8 = (
    (b"PAR1", "Parquet; this format is not read: write CSV or JSON lines"),
    (b"PK\x03\x04", "a zip archive or a workbook (.xlsx); this format is not read: write CSV or "
                    "JSON lines"))


def ending_of(path):
    """The last ending of a name in small letters, without ``.gz``.

    >>> ending_of("texts/ROWS.CSV.gz")
    '.csv'
    """
    return Path(Path(path).name.lower().removesuffix(".gz")).suffix


def is_gzip(path):
    """Whether a file begins as gzip does, whatever its name; False if it cannot be read."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(2) == GZIP
    return False


def open_unpacked(path):
    """Open a file for reading bytes, unpacked if it is gzip.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    return (gzip.open if is_gzip(path) else open)(path, "rb")


def kind_of(path):
    """What a file holds.

    The ending decides. If it is none of those that do, the first line decides.

    Parameters
    ----------
    path : str or Path
        May be gzip.

    Returns
    -------
    str
        "csv", "tsv", "json lines", "json" (one value over several lines, or an array), "xml" or
        "text". A file that cannot be read is "text": its reader says what is wrong with it.
    """
    known = _ENDINGS.get(ending_of(path))
    if known:
        return known
    line = b""
    with contextlib.suppress(OSError, *GZIP_ERRORS), open_unpacked(path) as file:
        while not line.strip(b" \t\r\n\xef\xbb\xbf") and (line := file.readline(BEGINNING)):
            pass
    return _kind_of_line(line.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n"))


def _kind_of_line(line):
    if line[:1] == b"{":
        try:
            return "json lines" if isinstance(json.loads(line), dict) else "json"
        except (ValueError, RecursionError):
            return "json"
    if line[:1] in (b"[", b"<"):
        return {b"[": "json", b"<": "xml"}[line[:1]]
    return "tsv" if b"\t" in line else "csv" if b"," in line else "text"


def json_of_line(line):
    """What a line is, if it is JSON or begins JSON that goes on over several lines.

    Parameters
    ----------
    line : str

    Returns
    -------
    str
        "object"; "array" (its items are texts, objects or arrays: ``[1]`` may be a footnote), whole
        or only begun; "begun object" for a brace alone; otherwise "".

    Examples
    --------
    >>> [json_of_line(line) for line in ('{"text": "a"}', '["a",', "[", "{", "[laughs] a", "[1]")]
    ['object', 'array', 'array', 'begun object', '', '']
    """
    line = line.strip()
    if line == "{":
        return "begun object"
    if _BEGUN_OBJECTS.match(line):
        return "array"
    for text in {"[": (line, f"{line.rstrip(',')}]"), "{": (line,)}.get(line[:1], ()):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(text)
            if isinstance(value, dict):
                return "object"
            if not value or isinstance(value[0], (str, dict, list)):
                return "array"
    return ""


def refuse_utf16(data, name):
    """ValueError if the first bytes of a file are those of UTF-16, with its mark or without.

    Parameters
    ----------
    data : bytes
    name : str or Path
        Of the file.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or _LATIN_UTF16.match(data):
        raise ValueError(f"{name} is UTF-16, where UTF-8 is needed; save the file as UTF-8.")


def refuse_no_utf8(data, name):
    """ValueError if the first bytes of a file are those of another format.

    Parameters
    ----------
    data : bytes
    name : str or Path
        Of the file.
    """
    refuse_utf16(data, name)
    for beginning, what in _NO_UTF8:
        if data.startswith(beginning):
            raise ValueError(f"{name} is {what}.")
