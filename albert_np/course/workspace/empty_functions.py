"""A module of the package with the functions of its exercises emptied, for a student to fill in.

The source carries no markers: what is emptied is found on its syntax tree.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

from ..checking.load_modules import source_of_module

HINTS = ("none", "shapes", "steps")
_SECTION = re.compile(r"^(Parameters|Returns|Yields|Raises|Attributes|Examples|Notes|References)"
                      r"\n-+\n", re.MULTILINE)
_KEPT = ("Parameters", "Returns", "Yields", "Raises", "Attributes", "Examples", "Notes")


def emptied(source, file, exercises, hints="shapes"):
    """The source of a module with the functions of some exercises emptied.

    Parameters
    ----------
    source : str
    file : str
        Its place in the package, such as "functional/layer_norm.py".
    exercises : sequence of Exercise
        Those of other modules are passed over. Without any the module is the complete solution.
    hints : {"none", "shapes", "steps"}
        What is left of the docstrings: their first sentence; all but derivations; everything, with
        the comments that say which line of the forward pass comes next.

    Returns
    -------
    str
        In which the package's own modules are imported by their full names.

    Raises
    ------
    ValueError
        A function of an exercise is not there, or the hints are unknown.
    """
    if hints not in HINTS:
        raise ValueError(f"hints must be one of {', '.join(HINTS)}, not {hints!r}.")
    tree, lines = ast.parse(source), source.splitlines()
    wanted = {name: exercise for exercise in exercises if exercise.module == file
              for name in exercise.emptied}
    nodes = dict(_definitions(tree.body))
    missing = [name for name in wanted if name not in nodes and not _has_constant(tree, name)]
    if missing:
        raise ValueError(f"{file} has no {missing[0]}, which is exercise {wanted[missing[0]].id}.")
    edits = [_emptied_function(nodes[name], lines, exercise, hints)
             for name, exercise in wanted.items() if name in nodes]
    edits += [_full_import(node, file) for node in ast.walk(tree)
              if isinstance(node, ast.ImportFrom) and node.level]
    # From the bottom up, so that the line numbers above stay right. An import inside a function
    # that is emptied is gone with it.
    spans = [(first, last) for first, last, _ in edits]
    for first, last, new in sorted(edits, reverse=True):
        if not any(a <= first and last <= b and (a, b) != (first, last) for a, b in spans):
            lines[first - 1:last] = new
    return "\n".join(lines) + "\n"


def emptied_modules(exercises, hints="shapes"):
    """All modules of some exercises, by their files; see :func:`emptied`."""
    return {file: emptied(source_of_module(file), file, exercises, hints)
            for file in {exercise.module: None for exercise in exercises}}


def _has_constant(tree, name):
    """Whether a module defines a constant of that name."""
    return any(isinstance(target, ast.Name) and target.id == name
               for node in tree.body if isinstance(node, ast.Assign)
               for part in node.targets for target in ast.walk(part))


def _definitions(nodes, prefix=""):
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _definitions(node.body, f"{node.name}.")


def _emptied_function(node, lines, exercise, hints):
    """The lines behind the signature, from and to, and what replaces them."""
    indent = " " * (node.col_offset + 4)
    docstring = ast.get_docstring(node, clean=True)
    body = node.body[1:] if docstring is not None else node.body
    new = []
    if docstring is not None:
        new += _docstring_lines(docstring, hints, indent)
    new += _given(node, lines, body, hints, indent)
    new.append(f'{indent}raise NotImplementedError("exercise {exercise.id}: {exercise.title}")')
    return node.body[0].lineno, node.end_lineno, new


def _docstring_lines(docstring, hints, indent):
    text = docstring if hints == "steps" else shortened(docstring, hints)
    text = text.replace('"""', "'''")
    raw = "r" if "\\" in text else ""
    quoted = f'{raw}"""{text}' + ('\n"""' if "\n" in text else '"""')
    return [f"{indent}{line}" if line else "" for line in quoted.splitlines()]


def shortened(docstring, hints):
    """A docstring without its derivation.

    Parameters
    ----------
    docstring : str
        Dedented.
    hints : {"none", "shapes"}

    Returns
    -------
    str
        Its first sentence. With "shapes" the first paragraph, the sections about arguments,
        results and examples, and all other paragraphs if none of them is a formula: then they say
        what the function does, and derive nothing. Notes with a formula are a derivation too.
    """
    if hints == "none":
        summary = " ".join(docstring.split("\n\n")[0].split())
        summary = re.split(r"(?<=[.!?])(?<!\.\.\.) (?=[A-Z:(])", summary)[0]
        return "\n".join(textwrap.wrap(summary, 92))
    found = list(_SECTION.finditer(docstring))
    text = docstring[:found[0].start() if found else len(docstring)].strip()
    parts = [text.split("\n\n")[0] if ".. math::" in text else text]
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(docstring)
        section = docstring[match.start():end].strip()
        if match.group(1) in _KEPT and not (match.group(1) == "Notes" and ".. math::" in section):
            parts.append(section)
    return "\n\n".join(parts)


def _given(node, lines, body, hints, indent):
    """What every student is told: how the cache is laid out. With "steps": the forward lines."""
    given = []
    names = [argument.arg for argument in node.args.args]
    for statement in body:
        if ("cache" in names and isinstance(statement, ast.Assign)
                and isinstance(statement.value, ast.Name) and statement.value.id == "cache"):
            given.append(f"# the cache: {ast.unparse(statement.targets[0])}")
    last = body[-1] if body else None
    if (node.name.endswith("forward") and isinstance(last, ast.Return)
            and isinstance(last.value, ast.Tuple) and len(last.value.elts) == 2):
        cache = last.value.elts[1]
        for statement in body:                            # "cache = (...)" a little earlier
            if (isinstance(statement, ast.Assign) and ast.unparse(cache) == "cache"
                    and ast.unparse(statement.targets[0]) == "cache"):
                cache = statement.value
        given.append(f"# the cache that the backward pass expects: {ast.unparse(cache)}")
    if hints == "steps" and body:
        first = node.body[0].end_lineno + 1
        given += [text for line in lines[first - 1:node.end_lineno]
                  if (text := line.strip()).startswith("# forward")]
    return [wrapped for text in given
            for wrapped in textwrap.wrap(text, 96, initial_indent=indent,
                                         subsequent_indent=f"{indent}#     ")]


def _full_import(node, file):
    """``from ..functional import x`` as ``from albert_np.functional import x``."""
    parts = ["albert_np", *Path(file).parent.parts]
    base = ".".join(parts[:len(parts) - node.level + 1])
    module = f"{base}.{node.module}" if node.module else base
    names = [alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in node.names]
    indent = " " * node.col_offset
    line = f"{indent}from {module} import {', '.join(names)}"
    if len(line) > 96:
        line = "\n".join([f"{indent}from {module} import (",
                          *textwrap.wrap(", ".join(names), 96, initial_indent=indent + "    ",
                                         subsequent_indent=indent + "    "), f"{indent})"])
    return node.lineno, node.end_lineno, line.split("\n")
