"""Which column of a file holds what, and whether its first line holds names."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from ...files.file_kinds import kind_of
from ...files.text_lines import BLANKS, bad_row, read_lines
from .json_lines import numbered_objects
from .table import table_records

# Names that columns usually have; of several in one file the first counts.
NAMES = {
    "text": ("text", "sentence", "sentence1", "text_a", "text1", "premise", "question1", "message",
             "review", "tweet", "comment", "body", "content"),
    "text_pair": ("text_pair", "sentence2", "text_b", "text2", "hypothesis", "question2"),
    "label": ("label", "labels", "class", "category", "target", "score", "similarity", "sentiment",
              "rating", "stars"),
}
LOOKED_AT = 1000                     # records
SNIFFED, FEWEST = 21, 4              # records that csv.Sniffer sees, and needs


@dataclass(frozen=True)
class Columns:
    """What was decided about a file.

    Attributes
    ----------
    columns : dict
        From text, text_pair and label to the name or the number of a column.
    header : bool or None
        Whether the first line holds names; None: it is JSON lines.
    sentence : str
        The decision, and which option changes it.
    """

    columns: dict
    header: bool
    sentence: str


def choose_columns(path, given=None, needed=("text", "label"), optional=(), header=None):
    """Decide which columns of a table, or fields of JSON lines, hold what.

    The first line of a table holds names if a column is given by its name, if the columns that are
    needed have names that such columns usually have, if one of them has and the label of the first
    line is the only one that occurs once, or if :class:`csv.Sniffer` finds that the line differs
    from the others and its label is that of no other line. A column that is not given
    is the one with a usual name; in a table without such names columns are taken in their order.

    Parameters
    ----------
    path : str or Path
        A table or JSON lines.
    given : dict, optional
        From text, text_pair and label to the name or the number of a column.
    needed, optional : tuples of str
        What the task needs, in the order of the columns, and what it can use.
    header : bool, optional
        Whether the first line of a table holds names. None: decide.

    Returns
    -------
    Columns

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file cannot be read, or a column is given by its number where only names can be.
    """
    given = dict(given or {})
    if kind_of(path) == "json lines":
        return _choose_fields(path, given, needed, optional, header)
    _refuse_other_separator(path, given, needed)
    records = [record for _, record in islice(table_records(path), LOOKED_AT)]
    folded = [field.strip(BLANKS).casefold() for field in records[0]]
    named = {role: place for role in (*needed, *optional)
             for place in [_first_known(role, folded)] if place is not None}
    label = (given.get("label", 1 if "text_pair" not in needed else 2) if "label" in needed
             else None)
    if header is None:
        header = (any(isinstance(column, str) for column in given.values())
                  or all(_has_name(role, given, named, folded) for role in needed)
                  or _label_apart(records, named, label)
                  or _sniffed(records, label))
    elif not header and (names := [c for c in given.values() if isinstance(c, str)]):
        raise ValueError(f"the column {names[0]!r} is given by its name, but --no-header says that "
                         f"the first line of {path} holds no names; give its number")
    chosen = dict(given)
    for role in (*needed, *optional):
        if role not in chosen and header and role in named:
            chosen[role] = records[0][named[role]]
    free = (place for place in range(len(folded))
            if place not in chosen.values() and records[0][place] not in chosen.values())
    for role in needed:
        if role not in chosen:
            chosen[role] = next(free, len(folded))          # which the reader refuses
    where = ", ".join(f"{role} is {_in_words(chosen[role], records[0])}"
                      for role in (*needed, *optional) if role in chosen)
    return Columns(chosen, header, f"{path}: {where}, counted from 0; its first line "
                   + ("holds names (--no-header if it is a row)" if header
                      else "is a row (--header if it holds names)"))


def _choose_fields(path, given, needed, optional, header):
    if header is not None:
        raise ValueError(f"{path} is JSON lines, which have no header; remove --header or "
                         f"--no-header")
    for role, column in given.items():
        if not isinstance(column, str):
            raise ValueError(f"--columns {role}={column}: the fields of {path}, JSON lines, have "
                             f"names and no numbers")
    _, first = next(numbered_objects(path))
    names = [str(name) for name in first]
    folded = [name.casefold() for name in names]
    chosen = dict(given)
    for role in (*needed, *optional):
        place = _first_known(role, folded)
        if role not in chosen:
            chosen[role] = role if place is None else names[place]
    where = ", ".join(f"{role} is the field {chosen[role]!r}"
                      for role in chosen if role in needed or chosen[role] in names)
    return Columns(chosen, None, f"{path}: {where}")


def _refuse_other_separator(path, given, needed):
    """Refuse a table whose first line seems to have another sign between its columns."""
    kind = kind_of(path)
    wanted = {"csv": ",", "tsv": "\t", "text": "\t"}.get(kind)
    number, line = next(read_lines(path))
    if wanted is None or wanted in line:
        return
    found = max(";\t,|", key=line.count)
    names = [column for column in given.values() if isinstance(column, str)]
    if found in line and (len(needed) > 1 or any(name != line for name in names)):
        signs = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar"}
        raise bad_row(path, number, f"there is no {signs[wanted]}, but a {signs[found]}; is the "
                                    f"separator {found!r}? Columns of a .csv file need commas "
                                    f"between them, those of a .tsv file need tabs.")


def _first_known(role, folded):
    """The place of the first usual name of a column, or None."""
    return next((folded.index(name) for name in NAMES[role] if name in folded), None)


def _has_name(role, given, named, folded):
    """Whether a column stands under a name that such columns usually have."""
    if role not in given:
        return role in named
    return given[role] < len(folded) and any(folded[given[role]] in names
                                             for names in NAMES.values())


def _label_apart(records, named, label):
    """Whether a column has a usual name, and its neighbour a label that stands in line 1 only.

    All other labels stand in several records.
    """
    if not named or label is None or len(records) < FEWEST or any(
            len(record) <= label for record in records):
        return False
    first, *others = (record[label] for record in records)
    return first not in others and min(Counter(others).values()) > 1


def _sniffed(records, label):
    """Whether csv.Sniffer calls the first record a header, whose label no other record has."""
    if len(records) < FEWEST or len(set(map(len, records[:SNIFFED]))) > 1:
        return False
    if label is not None and label < len(records[0]) and any(
            record[label] == records[0][label] for record in records[1:] if len(record) > label):
        return False
    sample = io.StringIO()
    csv.writer(sample, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [" ".join(field.split("\n")) for field in record] for record in records[:SNIFFED])
    try:
        return csv.Sniffer().has_header(sample.getvalue())
    except csv.Error:
        return False


def _in_words(column, first):
    place = first.index(column) if column in first else column
    name = f" ({column!r})" if isinstance(column, str) else ""
    return f"column {place}{name}" if isinstance(place, int) else f"column {column!r}"
