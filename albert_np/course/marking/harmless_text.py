"""Make what students chose (names, remarks) safe to print, to open as a table, and to save."""

import hashlib
import re
import unicodedata

# Control characters, changes of direction, what has no width or looks like a blank, what every font
# shows in another way, bytes of names that are not UTF-8. Blanks of Chinese (U+3000) stay.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]")
_BLANKS_AT_THE_EDGES = re.compile(r"\A\s+|\s+\Z")
# Cyrillic, Greek and phonetic letters that look like those of the second line.
_LOOK_ALIKE = str.maketrans(
    "\u0430\u0441\u0501\u0435\u04bb\u0456\u0458\u04cf\u043e\u0440\u051b\u0455\u0443\u051d\u0445"
    "\u0475\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0423"
    "\u0425\u0474\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5"
    "\u03a7\u03b1\u03b9\u03ba\u03bd\u03bf\u03c1\u03c5\u03c7\u03b3\u0131\u0261\u0251",
    "acdehijlopqsywxvABCEHIJKMOPSTYXVABEZHIKMNOPTYXaikvopuxyiga")
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


def quoted(text):
    r"""A text of a student within a sentence, so that nobody takes it for a part of that.

    Examples
    --------
    >>> print(quoted('Right". Full points'))
    "Right\". Full points"
    """
    return '"' + printable(text).replace('"', '\\"') + '"'


def shown_name(name):
    r"""A name with escapes in place of what could not be seen, such as a blank at its end.

    Examples
    --------
    >>> print(shown_name("ann\u200d"), shown_name("ann "))
    ann\u200d ann\x20
    """
    return _BLANKS_AT_THE_EDGES.sub(
        lambda found: "".join(r"\x20" if blank == " " else r"\u3000" for blank in found[0]),
        printable(name, 30_000))


def look_alikes(names):
    """Which names look like others, or differ in capitals alone.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict of str to list of str
        The others, for each name that has some.
    """
    groups = {}
    for name in names:
        groups.setdefault(_as_it_looks(name), []).append(name)
    return {name: [other for other in group if other != name]
            for group in groups.values() if len(group) > 1 for name in group}


def _as_it_looks(name):
    seen = _UNPRINTABLE.sub(
        lambda found: found[0] if "\ud800" <= found[0] <= "\udfff" else "", name)
    seen = unicodedata.normalize("NFKC", seen).translate(_LOOK_ALIKE).casefold()
    return "".join(seen.translate(_LOOK_ALIKE).split())


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
