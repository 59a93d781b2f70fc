"""Texts without labels: read from a file, checked, and without those that are known already."""

import hashlib
from dataclasses import dataclass
from types import SimpleNamespace

from ...files.file_kinds import ending_of, kind_of
from ...files.text_lines import bad_row, is_empty, read_lines
from ..datasets import text_key
from .data import texts_of
from .predicting import TABLES, parsed_row
from .recipes import TASKS
from .recipes.reading import read_texts

# Why a text is left out, in the order in which it is decided.
EMPTY, HELD_OUT, LABELLED = ("empty lines", "also in the development or test part",
                             "also in the training part, with a label")


@dataclass(frozen=True)
class Unlabelled:
    """Texts without labels.

    Attributes
    ----------
    rows : list of Classification
        Those to predict, in the order of the file.
    left_out : dict of str to int
        How many are not among them, by the reason.
    """

    rows: list
    left_out: dict

    def digest(self):
        """The SHA-256 of the rows (hex)."""
        return hashlib.sha256(repr(self.rows).encode()).hexdigest()


def read_unlabelled(path, splits, settings, header=None):
    """Read texts without labels, and leave out what must not be learnt from.

    A text of the development or test part is left out: with a pseudo-label of it the model would
    learn from a text by which it is measured. A text of the training part has a better label.
    Texts count as the same if they differ only in capitals, punctuation and digits.

    Parameters
    ----------
    path : str or Path
        A table (.csv, .tsv, .tab) or JSON lines with the columns of the training rows, of which the
        label is not read; or any other file, with one text on each line (text TAB text for pairs).
    splits : Splits
        The labelled rows.
    settings : Settings
        Those of the labelled rows: with ``columns`` and ``pairs``.
    header : bool, optional
        Whether the first line of a table holds names. None: decide.

    Returns
    -------
    Unlabelled

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, a row is bad (the sentence names file and line), or no text is left.
    """
    rows, empty = _rows_of(path, settings, header)
    held_out = {_key(row) for row in (*splits.dev, *splits.test)}
    labelled = {_key(row) for row in splits.train}
    keys = [_key(row) for row in rows]
    kept = [row for row, key in zip(rows, keys) if key not in held_out | labelled]
    left_out = {EMPTY: empty, HELD_OUT: sum(key in held_out for key in keys),
                LABELLED: sum(key in labelled - held_out for key in keys)}
    if not kept:
        raise ValueError(f"{path} has no text to learn from: "
                         + (in_words(left_out) or "it has no rows"))
    return Unlabelled(kept, left_out)


def in_words(left_out):
    """Why how many texts are left out, as a list in words; empty if none is."""
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items() if count)


def _key(row):
    """What texts, or pairs of texts, have in common that count as the same."""
    return tuple(text_key(text) for text in texts_of([row]))


def _rows_of(path, settings, header):
    """All rows of a file, and how many lines are empty."""
    task = TASKS[settings.task]
    like = SimpleNamespace(task=task, settings=settings)
    is_table, kind = ending_of(path) in TABLES, kind_of(path)
    if not is_table and kind != "json lines":
        if kind in ("json", "xml"):
            raise ValueError(f"{path} is {kind.upper()}, where a table, JSON lines, or one text on "
                             f"each line are needed")
        return _rows_of_lines(path, like)
    columns = {role: column for role, column in settings.columns.items()
               if role != "label" and (is_table or isinstance(column, str))}
    needed, optional = ("text",), ()
    if settings.pairs:
        needed = ("text", "text_pair")
    elif settings.pairs is None:
        optional = ("text_pair",)
    return list(read_texts(path, columns, header if is_table else None, needed, optional)), 0


def _rows_of_lines(path, like):
    """The rows of a file with one text, or one pair of texts, on each line."""
    rows, empty = [], 0
    for number, line in read_lines(path):
        if is_empty(line):
            empty += 1
            continue
        try:
            rows.append(parsed_row(like, line))
        except ValueError as error:
            raise bad_row(path, number, f"{error}.") from None
    return rows, empty
