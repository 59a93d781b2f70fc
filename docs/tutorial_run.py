"""Run one tutorial cell by cell, and keep what each cell prints and draws.

``docs/full_runs.py`` starts this file as a program of its own, in a fresh folder:

    python docs/tutorial_run.py tutorials/04_attention.py FOLDER

FOLDER then holds ``run.json`` and the pictures. ``run.json`` has these fields:

- ``code``: a hash of the tutorial's code (`hash_of_code`);
- ``quick``: whether the tutorial ran in quick mode;
- ``cells``: for each cell of code, the lines that it printed, and its pictures.
"""

import ast
import contextlib
import hashlib
import io
import json
import os
import sys
import types
from pathlib import Path

PIXELS_PER_INCH = 75         # on a page; the files have 150 or more, which is sharp on any screen


def code_cells(text):
    """The cells of code of a tutorial.

    Parameters
    ----------
    text : str
        Of the script. A cell begins after the docstring or at a line ``# %%``. The comment lines
        under ``# %%`` are prose, up to the first line that is none.

    Returns
    -------
    list of (int, str)
        How many lines are above the code, and the code. Cells without code are left out.
    """
    lines = text.splitlines()
    start = ast.parse(text).body[0].end_lineno
    marks = [start, *(n for n in range(start, len(lines)) if lines[n].startswith("# %%")),
             len(lines)]
    cells = []
    for begin, end in zip(marks, marks[1:]):
        while begin < end and lines[begin].startswith("#"):
            begin += 1
        code = "\n".join(lines[begin:end]).rstrip()
        if code.strip():
            cells.append((begin, code))
    return cells


def hash_of_code(text):
    """A hash of the code of a tutorial, cell by cell.

    Comment lines and empty lines do not count: who corrects the prose need not run it again.
    """
    kept = ["\n".join(line for line in code.splitlines()
                      if line.strip() and not line.lstrip().startswith("#"))
            for _, code in code_cells(text)]
    return hashlib.sha256("\n# %%\n".join(kept).encode()).hexdigest()


def run(path, folder):
    """Run all cells of a tutorial in the current folder.

    Parameters
    ----------
    path : Path
        Of the tutorial.
    folder : Path
        Gets ``run.json`` and the pictures.

    Raises
    ------
    Exception
        Whatever the tutorial raises.
    """
    text = path.read_text(encoding="utf-8")
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [str(path)]
    cells, drawn = [], set()
    for line, code in code_cells(text):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + code, str(path), "exec"), main.__dict__)
        cells.append({"printed": printed.getvalue().rstrip().splitlines(),
                      "pictures": new_pictures(path.stem[:2], drawn, folder)})
    quick = os.environ.get("ALBERT_NP_QUICK", "0") not in ("", "0")
    record = {"code": hash_of_code(text), "quick": quick, "cells": cells}
    (folder / "run.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n",
                                     encoding="utf-8")


def new_pictures(number, drawn, folder):
    """Copy the pictures that a cell has saved; their names, sizes and titles.

    Parameters
    ----------
    number : str
        Of the tutorial. The names of its pictures begin with it.
    drawn : set of Path
        Pictures of the cells before; those of this cell are added.
    folder : Path
        Where the copies go.

    Returns
    -------
    list of dict
    """
    import matplotlib.pyplot as plt
    from PIL import Image

    output = Path("tutorials/output")
    files = sorted(set(output.glob(f"{number}_*.png")) - drawn, key=lambda f: f.stat().st_mtime_ns)
    drawn.update(files)
    titles = [titles_of(plt.figure(n)) for n in plt.get_fignums()]
    plt.close("all")
    if len(titles) != len(files):
        titles = [""] * len(files)
    pictures = []
    for file, title in zip(files, titles):
        picture = Image.open(file)
        width = picture.width / picture.info["dpi"][0] * PIXELS_PER_INCH
        picture.convert("RGB").save(folder / file.name, optimize=True)
        pictures.append({"file": file.name, "title": title or file.stem, "width": round(width)})
    return pictures


def titles_of(figure):
    """All titles of a figure in one line, for people who do not see it."""
    found = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    return "; ".join(" ".join(title.split()) for title in found if title)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
