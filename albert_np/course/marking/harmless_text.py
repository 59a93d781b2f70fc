"""Make what students chose (names, remarks) safe to print, to open as a table, and to save."""

import hashlib
import re

# Control characters, changes of direction, what has no width, bytes of names that are not UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069"
                          "\ufeff\ud800-\udfff]")
# At the beginning of a cell; some spreadsheets begin one at a semicolon or a bar too.
_FORMULA = re.compile(r"""(?:(?<=^)|(?<=[;|]))(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])""")
_MADE_HERE = re.compile(r"-[0-9a-f]{16}\Z")
LONGEST_STEM = 200       # bytes of a file's name; file systems take 255, with all endings


def printable(text, most=200):
    r"""Escape what a terminal would obey or could not show, and cut what is long.

    Parameters
    ----------
    text : str
    most : int
        Characters that are kept.

    Returns
    -------
    str

    Examples
    --------
    >>> print(printable("ann\x1b[2J"))
    ann\x1b[2J
    """
    text = text if len(text) <= most else text[:most] + "..."
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def cell(value):
    """A cell of a table that no spreadsheet takes for a formula.

    Examples
    --------
    >>> cell("=1+1"), cell(-2.5)
    ("'=1+1", -2.5)
    """
    if not isinstance(value, str):
        return value
    return _FORMULA.sub("'", printable(value, 30_000))       # a cell holds 32,767


def file_stem(name):
    """A name as that of a file: the same, unless it is too long or not UTF-8.

    A name that looks like one made here is changed too, so that no two names share a file.
    """
    try:
        if len(name.encode()) <= LONGEST_STEM and not _MADE_HERE.search(name):
            return name
    except UnicodeEncodeError:
        pass
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{printable(name, 30)}-{digest[:16]}"
