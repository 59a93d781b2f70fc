"""Sentences and their translations, separated by a tab."""

from ...files.text_lines import BLANKS, bad_row, is_empty, read_lines
from .rows import Pair


def read_parallel(path, columns=None):
    """Read a file whose lines hold a sentence, a tab, and its translation.

    Parameters
    ----------
    path : str or Path
        UTF-8; may be gzip.
    columns : int, optional
        How many columns each line has; those after the second are not read. None: as many as the
        first line, at least two.

    Returns
    -------
    list of Pair, each with one target

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        A line has another number of columns, a sentence is empty, or the file is empty or not
        text.
    """
    pairs = []
    for number, line in read_lines(path):
        fields = line.split("\t")
        columns = columns or max(2, len(fields))
        if len(fields) != columns:
            needed = (f"the first line has {columns}; all lines need equally many" if columns > 2
                      else f"{columns} are needed: a sentence, a tab, its translation")
            raise bad_row(path, number, f"there are {len(fields)} columns, where {needed}.")
        source, target = (field.strip(BLANKS) for field in fields[:2])
        if is_empty(source) or is_empty(target):
            what = "sentence" if is_empty(source) else "translation"
            raise bad_row(path, number, f"the {what} is empty.")
        pairs.append(Pair(source, (target,)))
    return pairs
