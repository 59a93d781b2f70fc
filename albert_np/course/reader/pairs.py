"""Which reader pages there are: one for each pair of functions, one for each other labelled one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ...gradcheck.equations import find_equations, read_sources
from ...gradcheck.tracing.function_lines import functions_of

_WAY = re.compile(r"(.*?)(?:([._])(forward|backward))?")
FOLDERS = ("functional/", "layers/", "models/", "optim/")


@dataclass(frozen=True)
class Pair:
    """The functions of one page.

    Attributes
    ----------
    name : str
        Of the page, such as "layer_norm".
    file : str
        Relative to the package.
    forward : FunctionLines
    backward : FunctionLines or None
        None if the page has the forward pass alone.
    """

    name: str
    file: str
    forward: object
    backward: object


@cache
def find_pairs():
    """The pages, in the order of the folders, with a forward and a backward function if there are.

    Returns
    -------
    tuple of Pair
    """
    labelled = {(line.file, line.function) for equation in find_equations()
                for line in equation.lines}
    pairs = []
    for folder in FOLDERS:
        for file, text in read_sources().items():
            if not file.startswith(folder):
                continue
            functions = {one.function: one for one in functions_of(file, text).values()}
            for name, lines in functions.items():
                stem, sign, way = _WAY.fullmatch(name).groups("")
                backward = functions.get(f"{stem}{sign}backward")
                if way == "forward" and backward:
                    if ">>>" in backward.docstring:      # some models have no example
                        pairs.append(Pair(stem, file, lines, backward))
                elif (file, name) in labelled and way != "backward":
                    pairs.append(Pair(name.split(".")[0], file, lines, None))
    return tuple(pairs)


@cache
def pages_of_labels():
    """From the label of an equation to its page.

    That is the page of the function that computes it, or else of the function that derives it.

    Returns
    -------
    dict of str to str
        Such as {"LN.5": "layer_norm"}; without labels of functions that have no page.
    """
    pages = {}
    for pair in find_pairs():
        for lines in filter(None, (pair.forward, pair.backward)):
            pages[pair.file, lines.function] = pair.name
    found = {}
    for equation in find_equations():
        places = [(line.file, line.function) for line in equation.lines]
        for place in [*places, (equation.file, equation.function)]:
            if place in pages:
                found.setdefault(equation.label, pages[place])
    return found
