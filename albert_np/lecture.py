"""What every tutorial needs: where pictures go, whether it is in a hurry, and source to show."""

import inspect
import os
import sys
from pathlib import Path

from .plotting import save_figure


def quick():
    """Whether the environment variable ALBERT_NP_QUICK asks for the same code with fewer steps."""
    return os.environ.get("ALBERT_NP_QUICK", "0") not in ("", "0")


def output_folder():
    """Where pictures and runs go: ``tutorials/output``, or ``output`` where there is no tutorials.

    A script finds the first from the top of the project, the second from its own folder; a notebook
    has the second beside it.

    Returns
    -------
    Path
    """
    return Path("tutorials/output") if Path("tutorials").is_dir() else Path("output")


def show(figure, name):
    """Save a picture under `output_folder`, say where, and show it where there is a screen.

    Parameters
    ----------
    figure : matplotlib Figure
        Made by ``plt.figure`` or ``plt.subplots``, so that a notebook and the pages show it too.
    name : str
        Of the file, without its ending.
    """
    import matplotlib.pyplot as plt

    print("saved", save_figure(figure, output_folder() / f"{name}.png"))
    if plt.get_backend().lower() not in ("agg", "template") and sys.stdin.isatty():
        plt.show()


def source_of(function, *labels, lines_around=0):
    """The source of a function, or of it only the lines that compute the equations asked for.

    Parameters
    ----------
    function : function
    labels : str
        Such as "LN.5"; without any, the whole function without its docstring.
    lines_around : int
        Lines to show before each line that carries a label.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        No line of the function carries the label.
    """
    text = inspect.getsource(function)
    if function.__doc__:
        start = text.index('"""')
        text = text[:text.rindex("\n", 0, start) + 1] + text[text.index('"""', start + 3) + 4:]
    if not labels:
        return text.rstrip()
    lines, shown = text.splitlines(), []
    for label in labels:
        found = [index for index, line in enumerate(lines) if f"({label})" in line]
        if not found:
            raise ValueError(f"No line of {function.__name__} carries the label ({label}).")
        for index in found:
            shown += lines[max(0, index - lines_around):index + 1]
    return inspect.cleandoc("\n".join(["", *shown]))
