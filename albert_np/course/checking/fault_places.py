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
    return name, _label(source, line, last)


def label_after(file, line):
    """The label of the equation to which a line of the package belongs; "" without one."""
    source = source_of_module(file)
    ends = [end for first, end, _ in _spans(source) if first <= line <= end]
    return _label(source, line, min(ends, default=line))


def _label(source, line, last):
    """The label of the equation that a line helps to compute.

    The tag stands on the last line of an equation. The equation that the backward pass
    differentiates begins with a comment "forward:". So the line belongs to the next tag if no such
    comment is between the two, and if the tagged line uses what the line computes.
    """
    lines = source.splitlines()
    for number in range(line, last + 1):
        text = lines[number - 1]
        if number > line and text.lstrip().startswith("# forward:"):
            return ""
        if found := _TAG.search(text.partition("#")[2]):
            return found.group(1) if _leads_to(source, line, number) else ""
    return ""


def _leads_to(source, line, tagged):
    """Whether the statement of one line has a part in that of a later one."""
    statements = _statements(source)
    first, body = max((one for one in statements if one[0].lineno <= line <= one[0].end_lineno),
                      key=lambda one: one[0].lineno, default=(None, None))
    if first is None or first.lineno <= tagged <= first.end_lineno:
        return True
    changed = _stored(first)
    if not changed:                                          # such as a return of another case
        return True
    for statement, holder in statements:
        if first.end_lineno < statement.lineno <= tagged:
            uses = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
            if statement.end_lineno >= tagged and not hasattr(statement, "body"):
                return bool(uses & changed) or holder is body and not hasattr(first, "body")
            if uses & changed:
                changed |= _stored(statement)
    return True


@lru_cache(maxsize=64)
def _statements(source):
    """(statement, the body it is in) of all statements, in the order of their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for name in ("body", "orelse", "handlers", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                found += [(one, body) for one in body if hasattr(one, "lineno")]
    return sorted(found, key=lambda one: one[0].lineno)


def _stored(statement):
    """The names that a statement gives a value, or whose arrays it writes into."""
    names = set()
    for node in ast.walk(statement):
        targets = getattr(node, "targets", []) + [getattr(node, "target", None)]
        if isinstance(node, ast.keyword) and node.arg == "out":
            targets = [node.value]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            targets = node.value.args[:1]
        names |= {part.id for target in targets if target is not None for part in ast.walk(target)
                  if isinstance(part, ast.Name)}
    return names


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
