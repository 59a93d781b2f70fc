"""Which reader pages there are: one for each pair of functions, one for each other labelled one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ...gradcheck.equations import find_equations, read_sources
from ...gradcheck.tracing.function_lines import functions_of

FOLDERS = ("functional/", "layers/", "optim/")


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
                backward = functions.get(_stem(name) + "_backward")
                if name.endswith("_forward") and backward:
                    pairs.append(Pair(_stem(name), file, lines, backward))
                elif (file, name) in labelled and not name.endswith("_backward"):
                    pairs.append(Pair(name.split(".")[0], file, lines, None))
    return tuple(pairs)


def _stem(name):
    return name.removesuffix("_forward")


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
