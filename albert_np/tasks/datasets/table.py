"""Tables of texts and labels: tab-separated as GLUE has them, or comma-separated with quotes."""

import csv
import math
from pathlib import Path

from ...files.text_lines import bad_row, empty_file, read_lines
from .rows import Classification


def read_table(path, text=0, text_pair=None, label=None, *, delimiter=None, labels=None,
               score=None):
    r"""Read a table whose rows are texts with labels.

    Parameters
    ----------
    path : str or Path
        UTF-8; may be gzip.
    text, text_pair, label : int or str
        The column of each: its number, counted from 0, or its name. Where one is given by name, the
        first line of the file holds the names. None: there is no such column.
    delimiter : "\\t" or ",", optional
        None: a comma where the file's name ends in ``.csv`` (or ``.csv.gz``), otherwise a tab.
        Tab-separated fields are taken as they are, a quotation mark is a character as any other
        (as in GLUE); comma-separated ones may stand in quotes, and then hold commas and line ends.
    labels : collection of str, optional
        The labels there are; another one in the file is refused. None: any that is not empty.
    score : (float, float), optional
        The label is a number between these two.

    Returns
    -------
    list of Classification

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file has no row, a row has another number of columns than the first, an unknown or
        missing label or an empty text, a column does not exist, or the file is not text.

    References
    ----------
    Wang et al. 2018 (GLUE), whose tasks come as such tables.
    """
    if delimiter is None:
        delimiter = "," if Path(path).name.removesuffix(".gz").endswith(".csv") else "\t"
    records = _comma_separated(path) if delimiter == "," else (
        (number, line.split(delimiter)) for number, line in read_lines(path))
    columns = {"text": text, "text_pair": text_pair, "label": label}
    places, width, rows = None, None, []
    for number, record in records:
        if places is None:
            width = len(record)
            places = {role: _place(path, number, column, record)
                      for role, column in columns.items() if column is not None}
            if any(isinstance(column, str) for column in columns.values()):
                continue
        if len(record) != width:
            raise bad_row(path, number, f"there are {len(record)} columns, where the first line "
                                        f"has {width}.")
        for role in places.keys() - {"label"}:
            if not record[places[role]].strip():
                raise bad_row(path, number, f"the {role} (column {places[role] + 1}) is empty.")
        row = {role: record[place] for role, place in places.items()}
        if label is not None:
            row["label"] = _check_label(path, number, row["label"], labels, score)
        rows.append(Classification(**row))
    if not rows:
        raise empty_file(path)
    return rows


def _comma_separated(path):
    """Yield (number of the record's last line, fields)."""
    reader = csv.reader((line + "\n" for _, line in read_lines(path)), strict=True)
    try:
        for record in reader:
            yield reader.line_num, record
    except csv.Error as error:
        raise bad_row(path, reader.line_num,
                      f"this is not comma-separated ({error}).") from error


def _place(path, number, column, names):
    """Where a column stands."""
    if isinstance(column, str):
        if column not in names:
            raise bad_row(path, number, f"there is no column named {column!r}; the names are "
                                        f"{', '.join(names)}.")
        return names.index(column)
    if not 0 <= column < len(names):
        raise bad_row(path, number, f"there is no column {column + 1}; the line has "
                                    f"{len(names)}.")
    return column


def _check_label(path, number, label, labels, score):
    if score is not None:
        try:
            value = float(label)
        except ValueError:
            value = math.nan
        if not score[0] <= value <= score[1]:
            raise bad_row(path, number, f"the label is {label!r}, where a number from {score[0]} "
                                        f"to {score[1]} is needed.")
        return value
    if not label:
        raise bad_row(path, number, "the label is empty.")
    if labels is not None and label not in labels:
        raise bad_row(path, number, f"the label {label!r} is unknown; the labels are "
                                    f"{', '.join(labels)}.")
    return label
