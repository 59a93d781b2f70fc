"""Put the kept output of a tutorial into its page: nothing runs while the pages are built.

Sphinx-Gallery writes the text and the code of each tutorial. Sphinx asks `add_output` before it
reads such a page, and this adds what ``docs/full_runs.py`` has kept in ``docs/outputs/``: beneath
each cell what it printed and drew, and at the top a banner if the output is not that of a full run.
"""

import json
import re
from pathlib import Path

from full_runs import TUTORIALS, state_of
from sphinx.errors import ExtensionError

CELL = re.compile(r"^\.\. GENERATED FROM PYTHON SOURCE LINES \d+-\d+\n\n"
                  r"\.\. code-block:: Python\n\n(?:(?: .*)?\n)+", re.MULTILINE)
TITLE = re.compile(r"^(.+\n)(=+\n)", re.MULTILINE)
BANNERS = {
    "full": "",
    "quick": "This page shows a quick run, with few steps. Numbers and pictures differ from what "
             "the text says of a full run. ``python docs/full_runs.py {number}`` makes one.",
    "changed": "The code of this tutorial has changed since its last run, so its output is left "
               "out here. ``python docs/full_runs.py {number}`` runs it again.",
    "missing": "This tutorial has not been run for these pages yet. "
               "``python docs/full_runs.py {number}`` does it."}


def add_output(app, docname, source):
    """Add the output to the page of a tutorial. Called by Sphinx before it reads a page."""
    folder, _, name = docname.rpartition("/")
    path = TUTORIALS / f"{name}.py"
    if folder != "tutorials" or not path.exists():
        return
    outputs = Path(app.srcdir, app.config.tutorial_outputs)
    record = outputs / name / "run.json"
    app.env.note_dependency(str(record), docname=docname)
    state = state_of(path, outputs)
    cells = json.loads(record.read_text("utf-8"))["cells"] if state in ("full", "quick") else None
    source[0] = page_with(source[0], cells, f"/{app.config.tutorial_outputs}/{name}",
                          BANNERS[state].format(number=int(name[:2])))


def page_with(text, cells, folder, banner):
    """The page with its banner and its output.

    Parameters
    ----------
    text : str
        The page in reStructuredText, as Sphinx-Gallery writes it.
    cells : list of dict or None
        What each cell printed and drew (``run.json``). None: nothing is added.
    folder : str
        Where the pictures are.
    banner : str
        One sentence or more; may be empty.

    Returns
    -------
    str

    Raises
    ------
    ExtensionError
        The page has another number of cells.
    """
    if cells is not None:
        found = list(CELL.finditer(text))
        if len(found) != len(cells):
            raise ExtensionError(f"{folder}: the page has {len(found)} cells of code, "
                                 f"and its output is that of {len(cells)}")
        for match, cell in reversed(list(zip(found, cells))):
            text = text[:match.end()] + output_of(cell, folder) + text[match.end():]
    if banner:
        text = TITLE.sub(lambda title: f"{title[0]}\n.. attention::\n\n   {banner}\n\n", text, 1)
    return text


def output_of(cell, folder):
    """What a cell printed and drew, in reStructuredText."""
    printed, blocks = [line for line in cell["printed"] if not line.startswith("saved ")], []
    if any(line.strip() for line in printed):
        lines = "".join(f"    {line}".rstrip() + "\n" for line in printed)
        blocks.append(f".. rst-class:: sphx-glr-script-out\n\n .. code-block:: none\n\n{lines}")
    for picture in cell["pictures"]:
        blocks.append(f".. image:: {folder}/{picture['file']}\n   :alt: {picture['title']}\n"
                      f"   :width: {picture['width']}px\n   :class: sphx-glr-single-img\n")
    return "".join(f"\n{block}\n" for block in blocks)
