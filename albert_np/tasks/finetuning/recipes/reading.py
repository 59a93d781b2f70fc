"""Fields of rows that users write."""

from pathlib import Path


def is_json(path):
    """Whether a file's name says that it holds JSON lines."""
    return Path(path).name.removesuffix(".gz").endswith((".jsonl", ".json"))


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
        elif not isinstance(value, str) or not value.strip():
            raise ValueError(f"it needs {name!r}, a text")
        else:
            values.append(value)
    return values
