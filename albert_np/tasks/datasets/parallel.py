"""Sentences and their translations, separated by a tab."""

from .lines import bad_row, read_lines
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
            raise bad_row(path, number, f"there are {len(fields)} columns, where {columns} are "
                                        f"needed: a sentence, a tab, its translation"
                                        f"{', and so on' if columns > 2 else ''}.")
        source, target = fields[0].strip(), fields[1].strip()
        if not source or not target:
            raise bad_row(path, number, f"the {'translation' if source else 'sentence'} is empty.")
        pairs.append(Pair(source, (target,)))
    return pairs
