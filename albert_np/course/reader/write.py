"""Write all reader pages into a folder.

    python -m albert_np.course.reader FOLDER
"""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path

from .page import lead_of, page_html
from .pairs import FOLDERS, find_pairs
from .rows import checked_equations
from .runs import effects_of, runs_of

READER_FILES = tuple(Path(__file__).resolve().parent / name for name in ("reader.css", "reader.js"))
TITLES = {"functional/": "Functions", "layers/": "Layers", "models/": "Models",
          "optim/": "Optimisers"}


def write_pages(folder, only=None, site=True):
    """Write the pages, their index, the style and the script.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.
    only : collection of str, optional
        The names of some pages.
    site : bool
        Whether the rest of the site lies in the folder above.

    Returns
    -------
    list of str
        The names of the pages.

    Raises
    ------
    LabelError
        If a label of an equation is missing in the source.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    equations = checked_equations()
    pairs = find_pairs()
    names = [pair.name for pair in pairs]
    for number, pair in enumerate(pairs):
        if only is not None and pair.name not in only:
            continue
        around = (names[number - 1] if number else "",
                  names[number + 1] if number + 1 < len(names) else "")
        runs = runs_of(pair)
        effects = effects_of(pair, runs, [one for one in pairs if one.file == pair.file])
        (folder / f"{pair.name}.html").write_text(
            page_html(pair, runs, effects, equations, around, site), encoding="utf-8")
    (folder / "index.html").write_text(index_html(pairs, equations, site), encoding="utf-8")
    for path in READER_FILES:
        shutil.copyfile(path, folder / path.name)
    return names


def index_html(pairs, equations, site=True):
    """The page that lists the pages.

    Parameters
    ----------
    pairs : tuple of Pair
    equations : dict of str to Equation
    site : as in :func:`write_pages`

    Returns
    -------
    str
    """
    parts = []
    for folder in FOLDERS:
        items = "".join(
            f'<li><a href="{pair.name}.html">{escape(pair.name.replace("_", " "))}</a> '
            f"<span>{lead_of(pair, equations)}</span></li>"
            for pair in pairs if pair.file.startswith(folder))
        parts.append(f'<section class="more"><h2>{TITLES[folder]}</h2>'
                     f'<ul class="pages">{items}</ul></section>')
    home = ('<nav aria-label="Pages"><a href="../index.html">albert_np</a>'
            '<a href="../equations.html">all equations</a></nav>' if site else "")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Line by line · albert_np</title><link rel="stylesheet" href="reader.css"></head>
<body><header>{home}<h1>Line by line</h1>
<p class="lead">Formula, line of code, shape and number of every function, the forward pass beside
the backward pass.</p></header><main>{"".join(parts)}</main></body></html>
"""
