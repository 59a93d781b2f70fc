"""Tables of texts and labels: tab-separated as GLUE has them, or comma-separated with quotes."""

import csv

from ...files.file_kinds import kind_of
from ...files.text_lines import BLANKS, bad_row, is_empty, read_lines
from .json_lines import as_written
from .numbers import LARGEST, is_beyond_float32, number_in
from .rows import Classification


def read_table(path, text=0, text_pair=None, label=None, *, delimiter=None, labels=None,
               score=None, header=None):
    r"""Read a table whose rows are texts with labels.

    Parameters
    ----------
    path : str or Path
        UTF-8; may be gzip.
    text, text_pair, label : int or str
        The column of each: its number, counted from 0, or its name. None: there is no such column.
    delimiter : "\\t" or ",", optional
        None: a comma if the file is "csv" (:func:`albert_np.files.file_kinds.kind_of`), otherwise a
        tab. Tab-separated fields are taken as they are, a quotation mark is a character as any
        other (as in GLUE); comma-separated ones may stand in quotes, and then hold commas and line
        ends.
    labels : collection of str, optional
        The labels there are; another one in the file is refused. None: any that is not empty.
    score : (float, float), optional
        The label is a number between these two.
    header : bool, optional
        Whether the first line holds the names of the columns. None: it does if a column is given by
        its name.

    Returns
    -------
    list of Classification
        Labels are without spaces and tabs at their ends.

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
    columns = {"text": text, "text_pair": text_pair, "label": label}
    return list(iterate_table(path, columns, header, delimiter, labels, score))


def iterate_table(path, columns, header=None, delimiter=None, labels=None, score=None,
                  separator=None, keep_errors=False):
    """Yield the rows of a table one by one; a file of any size passes through.

    Parameters
    ----------
    path, header, delimiter, labels, score : as in :func:`read_table`
    columns : dict
        From text, text_pair and label to a column; those that are missing or None are not read.
    separator : str, optional
        A row has any number of labels, with this sign between them.
    keep_errors : bool
        Yield the ValueError of a bad row in its place; otherwise it is raised.

    Yields
    ------
    Classification

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_table`.
    """
    columns = {role: column for role, column in columns.items() if column is not None}
    if header is None:
        header = any(isinstance(column, str) for column in columns.values())
    places, width, count = None, None, 0
    for number, record in table_records(path, delimiter):
        if places is None:
            width = len(record)
            places = {role: _place(path, number, column, record)
                      for role, column in columns.items()}
            if header:
                continue
        try:
            row = _texts_of(path, number, record, places, width)
            if "label" in row:
                row["label"] = (checked_label(path, number, row["label"], labels, score)
                                if separator is None else
                                separated_labels(path, number, row["label"], separator))
            row = Classification(**row)
        except ValueError as error:
            if not keep_errors:
                raise
            row = error
        count += 1
        yield row
    if not count:
        raise ValueError(f"{path} has a line with the names of its columns and no row; at least "
                         f"one row is needed.")


def _texts_of(path, number, record, places, width):
    """The fields of a record by their roles; the label is not checked."""
    if len(record) != width:
        raise bad_row(path, number, f"there are {len(record)} columns, where the first line has "
                                    f"{width}.")
    for role in places.keys() - {"label"}:
        if is_empty(record[places[role]]):
            raise bad_row(path, number, f"the {role} (column {places[role]}, counted from 0) "
                                        f"is empty.")
    return {role: record[place] for role, place in places.items()}


def table_records(path, delimiter=None):
    """Yield (number of the record's last line, its fields) for each record of a table.

    Parameters
    ----------
    path, delimiter : as in :func:`read_table`
    """
    if delimiter is None:
        kind = kind_of(path)
        if kind in ("json", "xml"):
            raise ValueError(f"{path} is {kind.upper()}, where a table or JSON lines are needed"
                             + "; JSON lines have a whole object on each line" * (kind == "json")
                             + ".")
        delimiter = "," if kind == "csv" else "\t"
    if delimiter == ",":
        return _comma_separated(path)
    return ((number, line.split(delimiter)) for number, line in read_lines(path))


def _comma_separated(path):
    reader = csv.reader((line + "\n" for _, line in read_lines(path)), strict=True)
    begun = 1
    try:
        for record in reader:
            yield reader.line_num, record
            begun = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            error = (f"a field is longer than {csv.field_size_limit():,} characters; is a "
                     f"quotation mark never closed? Longer texts can be given as JSON lines")
        elif reader.line_num > begun:
            error = (f"{error}; the row that begins here goes on to line {reader.line_num}: is a "
                     f"quotation mark never closed?")
        raise bad_row(path, begun, f"this is not comma-separated ({error}).") from None


def _place(path, number, column, names):
    """Where a column stands."""
    if isinstance(column, str):
        if column not in names:
            raise bad_row(path, number, f"there is no column named {column!r}; the names are "
                                        f"{', '.join(names)}.")
        return names.index(column)
    if not 0 <= column < len(names):
        raise bad_row(path, number, f"there is no column {column}; the line has "
                                    + (f"columns 0 to {len(names) - 1}." if len(names) > 1
                                       else "column 0 only."))
    return column


def separated_labels(path, number, text, separator):
    """The labels of a row, with a sign between them.

    Parameters
    ----------
    path : str or Path
    number : int
        Of the line.
    text : str
        Of blanks alone: no label.
    separator : str

    Returns
    -------
    tuple of str
        Without blanks at their ends, each once.

    Raises
    ------
    ValueError
        There is nothing between two signs; the sentence names file and line.
    """
    if is_empty(text):
        return ()
    labels = [label.strip(BLANKS) for label in text.split(separator)]
    if not all(labels):
        raise bad_row(path, number, f"a label of {text[:60]!r} is empty; {separator!r} is the sign "
                                    f"between two labels.")
    return tuple(dict.fromkeys(labels))


def checked_label(path, number, label, labels=None, score=None):
    """The label of a row: a text without blanks at its ends, or a number if there is a `score`.

    Parameters
    ----------
    path : str or Path
    number : int
        Of the line.
    label : str, or a number from JSON
    labels, score : as in :func:`read_table`

    Returns
    -------
    str or float

    Raises
    ------
    ValueError
        It is empty, unknown or not a number; the sentence names file and line.
    """
    if score is not None:
        value = number_in(label)
        if value is None or not score[0] <= value <= score[1]:
            limits = "" if score[0] == float("-inf") else f" from {score[0]} to {score[1]}"
            if is_beyond_float32(label) and not limits:
                shown = label.strip(BLANKS) if isinstance(label, str) else as_written(label)
                raise bad_row(path, number, f"the label {shown[:60]} is no number that float32 can "
                                            f"hold; a finite number is needed, from "
                                            f"{-LARGEST:.3g} to {LARGEST:.3g}.")
            raise bad_row(path, number, f"the label is {str(label)[:60]!r}, where a number{limits} "
                                        f"is needed.")
        return value
    label = label.strip(BLANKS)
    if is_empty(label):
        raise bad_row(path, number, "the label is empty.")
    if labels is not None and label not in labels:
        raise bad_row(path, number, f"the label {label!r} is unknown; the labels are "
                                    f"{', '.join(labels)}.")
    return label
