"""In which function a planted fault stands, and to which equation its line belongs."""

import ast
import os
import re
from functools import lru_cache

from ..gradcheck.equations import LABEL

_TAG = re.compile(rf"\(({LABEL})\)")


def find_place(source, fault):
    """The function (or constant) and the label of the equation.

    Parameters
    ----------
    source : str
        Of the fault's file.
    fault : PlantedFault

    Returns
    -------
    (str, str)
    """
    common = len(os.path.commonprefix([fault.old, fault.new]))
    line = source[:source.index(fault.old) + common].count("\n") + 1
    name, last = "", None
    for first, end, candidate in _spans(source):
        if first <= line <= end:
            name, last = candidate, end
    if not name:
        return "", ""
    # The tag of an equation stands on the last of its lines.
    for text in source.splitlines()[line - 1:last]:
        code, _, comment = text.partition("#")
        if found := _TAG.search(comment):
            return name, found.group(1)
    return name, ""


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
