"""Show pictures and source in a tutorial, and say whether it runs in quick mode."""

import inspect
import os
from pathlib import Path

from ...plotting.figures import save_figure, show_figure


def quick():
    """Say whether ALBERT_NP_QUICK asks for quick mode: the same code with fewer steps."""
    return os.environ.get("ALBERT_NP_QUICK", "0") not in ("", "0")


def output_folder():
    """Return the folder for pictures and runs.

    It is ``tutorials/output`` if the current folder has a folder ``tutorials``, as the top of the
    project does. Otherwise it is ``output``.

    Returns
    -------
    Path
    """
    return Path("tutorials/output") if Path("tutorials").is_dir() else Path("output")


def show(figure, name):
    """Save a picture under `output_folder`, say where, and show it if there is a screen.

    Parameters
    ----------
    figure : matplotlib Figure
        A figure of pyplot, or of the package, such as those of `albert_np.plotting.tasks`.
    name : str
        The name of the file, without its ending.
    """
    path = save_figure(figure, output_folder() / f"{name}.png")
    print("saved", path)
    show_figure(figure)


def source_of(function, *labels, lines_around=0):
    """Return the source of a function, or only the lines that compute some equations.

    Parameters
    ----------
    function : function
    labels : str
        Labels such as "LN.5". Without any, return the whole function without its docstring.
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
