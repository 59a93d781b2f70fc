"""What the lab answers: pages, and the numbers of a page for arrays that were typed.

Nothing that a page sends is run. Its numbers take the place of arrays in the example of a
docstring, and it can name planted faults of this package.
"""

from __future__ import annotations

import json
import sys
from functools import cached_property
from pathlib import Path

import numpy as np

from ...gradcheck.planted_faults import PLANTED_FAULTS
from ..reader.page import page_data, page_html
from ..reader.pairs import find_pairs
from ..reader.rows import checked_equations
from ..reader.runs import effect_of, faults_of, inputs_of, runs_of
from ..reader.write import READER_FILES, index_html

KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
OWN_FILES = {"lab.js": Path(__file__).resolve().parent / "lab.js"}


class Answers:
    """The pages of the lab and their numbers."""

    def __init__(self):
        self.pairs = {pair.name: pair for pair in find_pairs()}
        self.files = {path.name: path for path in READER_FILES} | OWN_FILES

    @cached_property
    def equations(self):
        return checked_equations()

    def page(self, name):
        """A page or a file of the pages.

        Parameters
        ----------
        name : str
            Such as "layer_norm.html"; "" is the list of pages.

        Returns
        -------
        (str, str)
            The text and its kind, such as "text/html".

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        if name in self.files:
            path = self.files[name]
            return path.read_text(encoding="utf-8"), KINDS[path.suffix]
        if name in ("", "index.html"):
            return index_html(self.pairs.values(), self.equations, False), KINDS[".html"]
        pair = self.pairs[name.removesuffix(".html")]
        names = list(self.pairs)
        at = names.index(pair.name)
        around = names[at - 1] if at else "", names[at + 1] if at + 1 < len(names) else ""
        return page_html(pair, runs_of(pair, numbers={}), faults_of(pair), self.equations, around,
                         False, inputs_of(pair)), KINDS[".html"]

    def numbers(self, name, body):
        """The numbers of a page for what its fields hold.

        Parameters
        ----------
        name : str
            Of the page, such as "layer_norm".
        body : bytes
            JSON: {"numbers": {"x": [1, 2]}, "fault": null or the name of a planted fault}. The
            numbers of an array stand in one list, row after row.

        Returns
        -------
        dict of str to list
            As from :func:`~albert_np.course.reader.page.page_data`.

        Raises
        ------
        KeyError
            If there is no page of that name.
        ValueError
            If the numbers cannot be used. The sentence says which, and why.
        """
        pair = self.pairs[name]
        numbers, fault = read_request(body, inputs_of(pair), pair.file)
        runs = runs_of(pair, numbers=numbers)
        effects = [effect_of(pair, runs, fault, numbers)] if fault else []
        return page_data(pair, runs, effects, self.equations)


# ---- what a page sends ---------------------------------------------------------------------------

def read_request(body, inputs, file):
    """The arrays and the planted fault that a page sends.

    Parameters
    ----------
    body : bytes
    inputs : dict of str to array
        The arrays that may be sent, with their shapes and dtypes.
    file : str
        The source file of the page: faults of others are refused.

    Returns
    -------
    (dict of str to array, PlantedFault or None)

    Examples
    --------
    >>> read_request(b'{"numbers": {"x": [1, 2]}, "fault": null}', {"x": np.zeros((1, 2))}, "")
    ({'x': array([[1., 2.]])}, None)
    """
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the request is not JSON") from None
    if not isinstance(sent, dict) or sorted(sent) != ["fault", "numbers"] or not isinstance(
            sent["numbers"], dict):
        raise ValueError('the request must be {"numbers": {...}, "fault": ...}')
    fault = None
    if sent["fault"] is not None:
        fault = next((one for one in PLANTED_FAULTS
                      if one.name == sent["fault"] and one.file == file), None)
        if fault is None:
            raise ValueError(f"there is no planted fault {_short(sent['fault'])} in {file}")
    for name in sent["numbers"]:
        if name not in inputs:
            raise ValueError(f"this example has no input {_short(name)}; its inputs are "
                             f"{', '.join(inputs) or 'none'}")
    return {name: _array(name, numbers, inputs[name])
            for name, numbers in sent["numbers"].items()}, fault


def _array(name, numbers, example):
    """The numbers in the shape and with the dtype of the example's array."""
    if not isinstance(numbers, list) or len(numbers) != example.size:
        what = (f"{len(numbers):,} number{'s' * (len(numbers) != 1)}"
                if isinstance(numbers, list) else "no list of numbers")
        raise ValueError(f"{name} has {what}; its shape {example.shape} needs {example.size}")
    kind = example.dtype.kind
    for place, number in enumerate(numbers):
        index = np.unravel_index(place, example.shape)
        where = f"{name}[{', '.join(map(str, index))}]" if index else name
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not abs(
                number) <= sys.float_info.max:
            raise ValueError(f"{where} is not a finite number")
        if kind == "b" and number not in (0, 1):
            raise ValueError(f"{where} is {number:g}; it must be 0 or 1")
        if kind in "iu" and (number != int(number) or abs(number) > 2**31):
            raise ValueError(f"{where} is {number:g}; it must be a whole number below 2^31")
    return np.array(numbers, dtype=example.dtype).reshape(example.shape)


def _short(value):
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
