"""In which function a known mistake stands, and to which equation its line belongs."""

import ast
import os
import re
from functools import cache, lru_cache

from ...gradcheck.equations import LABEL
from ..mistakes import KNOWN
from .load_modules import source_of_module

_TAG = re.compile(rf"\(({LABEL})\)")


def faults_of(exercise):
    """The known mistakes of the functions of an exercise: planted faults first.

    Returns
    -------
    tuple of Mistake
    """
    return tuple(fault for fault in KNOWN
                 if fault.file == exercise.module and _belongs(exercise, place_of(fault)[0]))


def _belongs(exercise, place):
    return any(place == name or place.startswith(name + ".") for name in exercise.functions)


@cache
def place_of(fault):
    """Find the function a fault is planted in, and the equation that it breaks.

    Parameters
    ----------
    fault : Mistake

    Returns
    -------
    (str, str)
        The function, such as "AdamW.step", or the first constant of the statement; and the label
        of the equation whose lines the fault changes, "" if they have none.
    """
    source = source_of_module(fault.file)
    common = len(os.path.commonprefix([fault.old, fault.new]))
    line = source[:source.index(fault.old) + common].count("\n") + 1
    name, last = "", None
    for first, end, candidate in _spans(source):
        if first <= line <= end:
            name, last = candidate, end
    if not name:
        return "", ""
    return name, _label(source.splitlines()[line - 1:last])


def label_after(file, line):
    """The label of the equation to which a line of the package belongs; "" without one."""
    source = source_of_module(file)
    ends = [end for first, end, _ in _spans(source) if first <= line <= end]
    return _label(source.splitlines()[line - 1:min(ends, default=line)])


def _label(lines):
    """The tag of an equation stands on the last of its lines."""
    for text in lines:
        if found := _TAG.search(text.partition("#")[2]):
            return found.group(1)
    return ""


@lru_cache(maxsize=64)
def _spans(source):
    """(first line, last line, dotted name) of everything defined, the outer before the inner."""
    spans = []

    def visit(nodes, prefix):
        for node in nodes:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                first = min([node.lineno, *(part.lineno for part in node.decorator_list)])
                spans.append((first, node.end_lineno, prefix + node.name))
                visit(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.Assign):
                target = node.targets[0]
                target = target.elts[0] if isinstance(target, ast.Tuple) else target
                if isinstance(target, ast.Name) and not prefix:
                    spans.append((node.lineno, node.end_lineno, target.id))

    visit(ast.parse(source).body, "")
    return spans
