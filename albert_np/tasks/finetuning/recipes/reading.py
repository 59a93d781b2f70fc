"""Rows that users write: in tables, in JSON lines, and as single lines."""

import functools

from ....files.file_kinds import kind_of
from ....files.text_lines import bad_row, is_empty
from ...datasets import Classification, choose_columns, iterate_table
from ...datasets.json_lines import as_written, numbered_objects, shown
from ...datasets.table import checked_label


def read_texts(path, columns=None, header=None, needed=("text", "label"), optional=(), score=None,
               label_of=None, separator=None):
    """Yield the rows of a table or of JSON lines; both are checked in the same way.

    Parameters
    ----------
    path, columns, header, needed, optional
        As in :func:`~albert_np.tasks.datasets.columns.choose_columns`.
    score : (float, float), optional
        The label is a number between these two; otherwise it is a text, or a whole number or truth
        value of JSON, which becomes a text.

    label_of : callable, optional
        From a file, the number of a line, the name of a field and its value in JSON to the label
        of the row. None: the label is a text or, with `score`, a number.
    separator : str, optional
        As for :func:`~albert_np.tasks.datasets.table.iterate_table`.

    Yields
    ------
    Classification
        Without a label if none is needed.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, or a row is bad; the sentence names file and line.
    """
    chosen = choose_columns(path, columns, needed, optional, header)
    if kind_of(path) != "json lines":
        yield from iterate_table(path, chosen.columns, chosen.header, score=score,
                                 separator=separator)
        return
    label_of = label_of or functools.partial(_one_label, score)
    for number, fields in numbered_objects(path):
        row = {}
        for role, name in chosen.columns.items():
            value = fields.get(name)
            if value is None and role in optional:
                continue
            if name not in fields:
                raise bad_row(path, number, f"the field {name!r} is missing.")
            if role == "label":
                row[role] = label_of(path, number, name, value)
            elif not isinstance(value, str):
                raise bad_row(path, number, f"the field {name!r} must be a text, not "
                                            f"{shown(value)}.")
            elif is_empty(value):
                raise bad_row(path, number, f"the {role} (field {name!r}) is empty.")
            else:
                row[role] = value
        yield Classification(**row)


def _one_label(score, path, number, name, value):
    """The label of an object: a text, or, for a score, a number."""
    if not isinstance(value, (str, int) if score is None else (int, float)):
        kind = "a text or a whole number" if score is None else "a number"
        several = ("; rows with several labels are for the task multi-label"
                   if score is None and isinstance(value, list) else "")
        raise bad_row(path, number,
                      f"the field {name!r} must be {kind}, not {shown(value)}{several}.")
    value = value if isinstance(value, str) or score is not None else as_written(value)
    return checked_label(path, number, value, None, score)


def text_fields(fields, needed, optional=()):
    """The texts of a line, separated by tabs, or of a JSON object, by name.

    Parameters
    ----------
    fields : str or dict
    needed, optional : tuples of str
        Names, in their order on a line.

    Returns
    -------
    list of str, or None for an optional one that is missing

    Raises
    ------
    ValueError
        Something is missing, too much, empty, or no text.
    """
    names = (*needed, *optional)
    if isinstance(fields, str):
        parts = fields.split("\t")
        if not len(needed) <= len(parts) <= len(names):
            raise ValueError(f"it has {len(parts)} fields separated by tabs, where "
                             f"{' TAB '.join(needed)} "
                             + (f"and perhaps {' TAB '.join(optional)} are" if optional else
                                "are" if len(needed) > 1 else "is") + " needed")
        fields = dict(zip(names, parts))
    values = []
    for name in names:
        value = fields.get(name)
        if value is None and name in optional:
            values.append(None)
        elif not isinstance(value, str):
            raise ValueError(f"it needs {name!r}, a text")
        elif is_empty(value):
            raise ValueError(f"the {name} is empty")
        else:
            values.append(value)
    return values
