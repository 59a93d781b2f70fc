"""Read small JSON files, and reject what is not one; write JSON that every reader accepts."""

import json
import math
from pathlib import Path

from . import read_text

LIMIT = 2 * 2**20      # bytes; no configuration comes near it


def read_object(path):
    """The object in a JSON file, refused with one sentence whatever is wrong with it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is larger than 2 MB, cannot be read, is no JSON, or is no object.
    """
    path = Path(path)
    if path.is_file() and path.stat().st_size > LIMIT:
        raise ValueError(f"{path} has {path.stat().st_size} bytes; a file of settings has at most "
                         f"{LIMIT}.")
    return parse_object(read_text(path), path)


def parse_object(text, path):
    """The object that a text holds; `path` is what the sentences call it.

    A name that occurs twice is refused: which of the two counts would depend on the reader.
    """
    try:
        value = json.loads(text, object_pairs_hook=_without_repetition)
    except RecursionError:
        raise ValueError(f"{path} is not JSON that can be read: it is nested too deeply.") from None
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path} must hold a JSON object, {{...}}, not a {type(value).__name__}.")
    return value


def json_text(value, **layout):
    """What JSON calls `value`, on one line unless `layout` says otherwise.

    JSON has no NaN and no infinity. Python writes them all the same, and other readers then refuse
    the whole file; here such a number becomes null.

    Parameters
    ----------
    value : dict, list, str, number, bool or None
    **layout
        ``indent`` and ``ensure_ascii`` of ``json.dumps``.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        JSON cannot express the value.

    Examples
    --------
    >>> json_text({"score": float("nan"), "low": [float("-inf"), 1.5]})
    '{"score": null, "low": [null, 1.5]}'
    """
    return json.dumps(_finite(value), allow_nan=False, **layout)


def json_file(value, indent=2, **layout):
    """The bytes of a file with this value."""
    return (json_text(value, indent=indent, **layout) + "\n").encode()


def _finite(value):
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, (list, tuple)) else value


def _without_repetition(pairs):
    values = dict(pairs)
    if len(values) < len(pairs):
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the name {name[:80]!r} occurs twice")
            seen.add(name)
    return values
