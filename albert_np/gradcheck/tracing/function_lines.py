"""The statements of a function, with the labels and the comments of each, from its source text."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache

from ..equations import index_source

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Line:
    """A statement, or the head of a compound one such as ``for``.

    Attributes
    ----------
    line : int
        Its first line in the file, from 1.
    text : str
        Its lines as they are in the file, with the comment at the end.
    labels : tuple of str
        Of the equations whose tag is on this statement, such as "LN.5".
    part_of : tuple of str
        Of the equations that this statement helps to compute: those of ``labels``, and those whose
        tag is on a later line of the same block.
    forward : str
        What the comment ``# forward: ...`` above it says, or "".
    targets : frozenset of str
        The names that an assignment gives a value or whose array it changes, by ``x += ...`` or
        ``x[...] = ...``.
    """

    line: int
    text: str
    labels: tuple
    part_of: tuple
    forward: str
    targets: frozenset


@dataclass(frozen=True)
class FunctionLines:
    """A function's statements in the order of the file.

    Attributes
    ----------
    function : str
        Methods as ``Class.method``.
    file : str
        Relative to the package.
    first : int
        The line of ``def``, or of the first decorator.
    docstring : str
    lines : tuple of Line
        The head of the function first, without the docstring.
    line_of : dict of int to int
        From each line of the file that belongs to a statement to that statement's first line.
    """

    function: str
    file: str
    first: int
    docstring: str
    lines: tuple
    line_of: dict


@cache
def functions_of(file, text):
    """Every function and method of a source file.

    Parameters
    ----------
    file : str
        Relative to the package.
    text : str

    Returns
    -------
    dict of int to FunctionLines
        By their first lines, which is how a code object names its place.

    Examples
    --------
    >>> text = "def double(x):\\n    y = (x +\\n         x)   # (LIN.1)\\n    return y\\n"
    >>> function = functions_of("linear.py", text)[1]
    >>> [(line.line, line.labels, sorted(line.targets)) for line in function.lines]
    [(1, (), []), (2, ('LIN.1',), ['y']), (4, (), [])]
    >>> function.line_of[3]
    2
    """
    rows = text.splitlines()
    tagged = index_source(file, text).lines
    found = {}
    for name, node in _functions(ast.parse(text)):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        docstring = ast.get_docstring(node) or ""
        body = node.body[1 if docstring else 0:]
        lines, line_of = [], {}
        for statement in [node, *_statements(body)]:
            start, end = statement.lineno, _end(statement, rows)
            labels = tuple(tag.label for tag in tagged if start <= tag.line <= end)
            around = tuple(tag.label for tag in tagged
                           if tag.first <= start <= tag.last and statement is not node)
            lines.append(Line(start, "\n".join(rows[start - 1:end]), labels, around,
                              _forward(rows, start), _targets(statement)))
            line_of.update(dict.fromkeys(range(start, end + 1), start))
        found[first] = FunctionLines(name, file, first, docstring, tuple(lines), line_of)
    return found


def _functions(node, prefix=""):
    """(name, node) of every function in a tree, outer before inner."""
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, _SCOPES):
            name = f"{prefix}.{child.name}" if prefix else child.name
            if not isinstance(child, ast.ClassDef):
                yield name, child
        yield from _functions(child, name)


def _statements(body):
    """The statements of a body and of the blocks in it, but not those of functions inside it."""
    for statement in body:
        yield statement
        if isinstance(statement, _SCOPES):
            continue
        yield from _statements(getattr(statement, "body", []))
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body)
        yield from _statements(getattr(statement, "orelse", []))
        yield from _statements(getattr(statement, "finalbody", []))


def _end(statement, rows):
    """The last line of a statement. Of a compound statement it is the last line of the head."""
    body = getattr(statement, "body", None)
    if not body:
        return statement.end_lineno
    end = max(statement.lineno, body[0].lineno - 1)
    while end > statement.lineno and rows[end - 1].split("#")[0].strip() == "":
        end -= 1
    return end


def _forward(rows, line):
    """What the comment ``# forward:`` above a line says; it may go on over several lines."""
    said = []
    for row in reversed(rows[:line - 1]):
        row = row.strip()
        if not row.startswith("#"):
            break
        said.insert(0, row[1:].strip())
        if said[0].startswith("forward:"):
            return " ".join(said)[len("forward:"):].strip()
    return ""


def _targets(statement):
    """The names that a statement assigns, among them x of ``x[0] = ...``."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        targets = [statement.target]
    else:
        return frozenset()
    names = set()
    while targets:
        target = targets.pop()
        if isinstance(target, (ast.Tuple, ast.List)):
            targets = [*targets, *target.elts]
        elif isinstance(target, ast.Name):
            names.add(target.id)
        elif hasattr(target, "value"):                   # x[0], x.y, *x
            targets = [*targets, target.value]
    return frozenset(names)
