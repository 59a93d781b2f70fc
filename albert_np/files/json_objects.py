"""Read small JSON files, and reject what is not one."""

import json
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


def _without_repetition(pairs):
    values = dict(pairs)
    if len(values) < len(pairs):
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the name {name[:80]!r} occurs twice")
            seen.add(name)
    return values
