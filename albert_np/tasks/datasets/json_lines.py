"""JSON lines: an object on each line."""

import json

from ...files.text_lines import bad_row, read_lines

_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false",
          list: "a list"}


def read_json_lines(path, fields):
    """Yield the objects of a file of JSON lines one by one; a file of any size passes through.

    Parameters
    ----------
    path : str or Path
        UTF-8; may be gzip.
    fields : dict of str to type
        The fields each object must have, and what they hold: str, int, float, bool or list.
        Others may be there too.

    Yields
    ------
    dict
        The whole object.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        A line is not a JSON object with these fields, or the file is empty or not text.

    References
    ----------
    jsonlines.org
    """
    for number, row in numbered_objects(path):
        for name, kind in fields.items():
            if name not in row:
                raise bad_row(path, number, f"the field {name!r} is missing.")
            value, kinds = row[name], (int, float) if kind is float else kind
            if not isinstance(value, kinds) or isinstance(value, bool) and kind is not bool:
                raise bad_row(path, number, f"the field {name!r} must be {_KINDS[kind]}, not "
                                            f"{shown(value)}.")
        yield row


def numbered_objects(path):
    """Yield the number of the line and the object of each line, whatever its fields are.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_json_lines`.
    """
    for number, line in read_lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == 1 and line.lstrip().startswith("[") and isinstance(error, ValueError):
                row = []
            else:
                reason = getattr(error, "msg", "its brackets are nested too deep"
                                 if isinstance(error, RecursionError) else "a number is too long")
                raise bad_row(path, number, f"this is not JSON ({reason}).") from error
        if isinstance(row, list) and number == 1:
            raise bad_row(path, number, "this begins a JSON array, where JSON lines are needed: an "
                                        "object on each line, without brackets and commas between.")
        if not isinstance(row, dict):
            raise bad_row(path, number, 'a JSON object such as {"text": "..."} is needed.')
        if half := half_character(row):
            raise bad_row(path, number, f"{half}.")
        yield number, row


def half_character(value):
    r"""A sentence that a value from JSON holds half of a surrogate pair; empty if it holds none.

    JSON writes a character beyond U+FFFF as two escapes. One without the other is no character,
    and no tokenizer and no file can take it.

    >>> half_character({"text": ["a", "\ud83d"]})
    'there is \\ud83d without its other half, so it is no character'
    """
    written = as_written(value)
    try:
        written.encode()
    except UnicodeEncodeError as error:
        return (f"there is \\u{ord(written[error.start]):04x} without its other half, so it is no "
                f"character")
    return ""


def as_written(value):
    """A value as JSON writes it: a whole number or a truth value as a label."""
    return json.dumps(value, ensure_ascii=False)


def shown(value):
    """A value as JSON, shortened, for a sentence."""
    return as_written(value)[:60]
