"""``--columns`` and ``--header``: what a table or JSON lines hold where."""

import argparse


def add_columns(parser, default):
    """Add the option ``--columns``.

    Parameters
    ----------
    parser : argparse.ArgumentParser or argument group
    default : str
        What is read without it.
    """
    parser.add_argument("--columns", nargs="+", default=[], metavar="FIELD=COLUMN",
                        help="which columns of a table or of JSON lines are read. FIELD is text, "
                             "text_pair or label. COLUMN is the name of a column or, in a table, "
                             f"its number from 0 (default: {default})")


def add_header(parser):
    """Add the option ``--header`` and ``--no-header``.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument("--header", action=argparse.BooleanOptionalAction,
                        help="whether the first line of a table holds the names of the columns "
                             "(default: decide by that line, and say so)")


def columns_of(pairs):
    """What was given to ``--columns``, such as ``text=0 label=stars``, as a dict.

    Parameters
    ----------
    pairs : list of str

    Returns
    -------
    dict
        Numbers are places, other words names.

    Raises
    ------
    ValueError
        A pair is no field and column.
    """
    columns = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or field not in ("text", "text_pair", "label") or not column:
            raise ValueError(f"--columns has {pair!r}; it must be text=, text_pair= or label=, and "
                             f"then the name or the number of a column")
        columns[field] = int(column) if column.isdigit() else column
    return columns
