"""The index of all equations: where each is derived, which lines compute it, what checks it.

Every equation of this package has a label, such as LN.5. It stands twice: in a docstring, where
the equation is derived, and as a comment at the end of the line of code that computes it. Both
are read here from the source text itself, so that the index cannot grow stale.

>>> [equation.function for equation in find_equations() if equation.label == "SM.2"]
['softmax_backward']
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .all_checks import all_checks

PACKAGE = Path(__file__).resolve().parents[1]

LABEL = r"[A-Z][A-Z0-9]+\.[0-9]+"
_DEFINITION = re.compile(r"^\s*:label:\s*(\S+)\s*$")
_TAG = re.compile(rf"\(({LABEL})\)")
_CITATION = re.compile(rf"(?<![\w.])({LABEL})(?![\w.]*\w)")

# What checks the equations of functions that have no gradient check of their own name: another
# function's check, the checks of the models, or a file of tests.
CHECKED_AS = {
    "erf": "gelu",
    "AlbertModel": "AlbertModel",
    "AlbertForPreTraining": "AlbertForPreTraining",
    "share_of_batch": "AlbertForPreTraining, a part of a batch",
}
CHECKING_TESTS = {
    "gradcheck/": "tests/gradcheck/test_gradients.py",
    "layers/patch_embeddings.py": "tests/layers/test_patch_embeddings.py",
    "parameters/initial_values.py": "tests/functional/test_symbolic.py",
    "optim/": "tests/optim/test_optim.py",
    "functional/consistency.py": "tests/functional/test_consistency.py",
    "functional/trees.py": "tests/functional/test_trees.py",
    "functional/word_flips.py": "tests/functional/test_word_flips.py",
    "tasks/metrics/uncertainty.py": "tests/tasks/metrics/test_uncertainty.py",
    "functional/quantization.py": "tests/functional/test_quantization.py",
    "parameters/pruning.py": "tests/parameters/test_pruning.py",
    "pretraining/distributed.py": "tests/pretraining/test_distributed.py",
    "pretraining/": "tests/pretraining/test_pretraining.py",
    "inference/translation/": "tests/inference/test_translation.py",
    "tasks/finetuning/pseudo_labels.py": "tests/tasks/finetuning/test_self_training.py",
}


@dataclass(frozen=True)
class CodeLine:
    """A line of code that carries the tag of an equation.

    Attributes
    ----------
    label : str
    file : str
        Relative to the package.
    function : str
        The function or method it stands in; "" at module level.
    line : int
        Its number in the file, from 1.
    text : str
        The line as it stands.
    first, last : int
        The lines that make up the equation: those since the last comment ``# forward: ...``, the
        last tag or the last blank line, to the end of the tagged statement.
    block : str
        Their text, dedented.
    """

    label: str
    file: str
    function: str
    line: int
    text: str
    first: int
    last: int
    block: str


@dataclass(frozen=True)
class Definition:
    """A place where a label is given to an equation.

    Attributes
    ----------
    label, file, function : str
        ``function`` is a function, method or class; "" for the docstring of a module.
    line : int
        Of ``:label:``, in the file, from 1.
    latex : str
    docstring : str
        Dedented; the whole one that the equation stands in.
    """

    label: str
    file: str
    function: str
    line: int
    latex: str
    docstring: str


@dataclass(frozen=True)
class Citation:
    """A label named in the prose of a docstring or in a comment of its own.

    Attributes
    ----------
    label, file : str
    line : int
    """

    label: str
    file: str
    line: int


@dataclass(frozen=True)
class SourceIndex:
    """What one source file says about equations.

    Attributes
    ----------
    file : str
    definitions : tuple of Definition
    lines : tuple of CodeLine
    citations : tuple of Citation
    functions : tuple of str
        Every function of the file, methods as ``Class.method``.
    """

    file: str
    definitions: tuple
    lines: tuple
    citations: tuple
    functions: tuple


@dataclass(frozen=True)
class Equation:
    """An equation, where it is, and what checks it.

    Attributes
    ----------
    label, file, function, line, latex, docstring
        As in :class:`Definition`.
    lines : tuple of CodeLine
        The lines that compute it.
    components : tuple of str
        The gradient checks, by the names of :func:`~albert_np.gradcheck.all_checks.all_checks`,
        that run these lines; empty if they are not part of a forward or backward pass.
    tests : str
        The file of tests that checks it if there is no gradient check, or "".
    """

    label: str
    file: str
    function: str
    line: int
    latex: str
    docstring: str
    lines: tuple
    components: tuple
    tests: str


# ---- reading -------------------------------------------------------------------------------------

def read_sources(folder=PACKAGE):
    """The text of every Python file under a folder.

    Returns
    -------
    dict of str to str
        From the path relative to the folder, with "/", to the text.
    """
    folder = Path(folder)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.py"))}


@cache
def index_source(file, text):
    """Read the labels, tags and citations of one source file.

    Parameters
    ----------
    file : str
        Its name, for the index.
    text : str

    Returns
    -------
    SourceIndex
    """
    tree = ast.parse(text)
    scopes = list(_scopes(tree))
    definitions, citations = [], []
    docstring_lines = set()
    for name, node in scopes:
        docstring = ast.get_docstring(node, clean=False)
        if docstring is None:
            continue
        first, last = node.body[0].lineno, node.body[0].end_lineno
        docstring_lines.update(range(first, last + 1))
        rows = text.splitlines()[first - 1:last]
        for offset, row in enumerate(rows):
            match = _DEFINITION.match(row)
            if match:
                definitions.append(Definition(match[1], file, name, first + offset,
                                              _latex(rows, offset), inspect.cleandoc(docstring)))
            else:
                citations += [Citation(label, file, first + offset)
                              for label in _CITATION.findall(row)]

    rows = text.splitlines()
    comments = [token for token in tokenize.generate_tokens(io.StringIO(text).readline)
                if token.type == tokenize.COMMENT]
    tagged = {}
    for comment in comments:
        row = comment.start[0]
        if rows[row - 1][:comment.start[1]].strip():
            labels = _TAG.findall(comment.string)
            if labels:
                tagged[row] = labels
        else:
            citations += [Citation(label, file, row)
                          for label in _CITATION.findall(comment.string)]
    lines = []
    for row, labels in tagged.items():
        name, node = _scope_at(scopes, row)
        first, last = _block(rows, node, row, tagged, docstring_lines)
        block = inspect.cleandoc("\n" + "\n".join(rows[first - 1:last]))
        lines += [CodeLine(label, file, name, row, rows[row - 1], first, last, block)
                  for label in labels]
    functions = tuple(name for name, node in scopes if isinstance(node, _FUNCTION))
    return SourceIndex(file, tuple(definitions), tuple(lines), tuple(citations), functions)


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def _scopes(node, prefix=""):
    """(name, node) of the module and of every class and function in it, outer before inner."""
    if isinstance(node, ast.Module):
        yield "", node
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, (*_FUNCTION, ast.ClassDef)):
            name = f"{prefix}.{child.name}" if prefix else child.name
            yield name, child
        yield from _scopes(child, name)


def _scope_at(scopes, row):
    """The innermost function or class around a line."""
    around = [(name, node) for name, node in scopes
              if isinstance(node, ast.Module) or node.lineno <= row <= node.end_lineno]
    return around[-1]


def _latex(rows, offset):
    """The formula beneath a line ``:label:``: all rows that are indented as deep."""
    indent = len(rows[offset]) - len(rows[offset].lstrip())
    formula = []
    for row in rows[offset + 1:]:
        if row.strip() and len(row) - len(row.lstrip()) < indent:
            break
        formula.append(row)
    return inspect.cleandoc("\n" + "\n".join(formula)).strip()


def _block(rows, node, row, tagged, docstring_lines):
    """The first and last line of the code that makes up the equation tagged at ``row``."""
    first = last = row
    for inner in ast.walk(node):
        if (isinstance(inner, ast.stmt) and not hasattr(inner, "body")
                and inner.lineno <= row <= inner.end_lineno):
            first, last = inner.lineno, inner.end_lineno
    start = 1 if isinstance(node, ast.Module) else node.body[0].lineno
    while first > start and not rows[first - 1].lstrip().startswith("# forward:"):
        above = first - 1
        if not rows[above - 1].strip() or above in docstring_lines or above in tagged:
            break
        first = above
    return first, last


def find_equations(folder=PACKAGE):
    """Every labelled equation of the package, in the order of the source files.

    Parameters
    ----------
    folder : str or Path
        Of the source; the package's own by default.

    Returns
    -------
    list of Equation
    """
    components = check_components()
    return equations_of(read_sources(folder), components)


def equations_of(sources, components):
    """Every labelled equation of some source texts.

    Parameters
    ----------
    sources : dict of str to str
        As from :func:`read_sources`.
    components : sequence of str
        The names of all gradient checks.

    Returns
    -------
    list of Equation
    """
    indices = [index_source(file, text) for file, text in sources.items()]
    lines = {}
    for index in indices:
        for line in index.lines:
            lines.setdefault(line.label, []).append(line)
    equations = []
    for index in indices:
        for definition in index.definitions:
            own = tuple(lines.get(definition.label, ()))
            places = [(line.file, line.function) for line in own]
            places = places or [(definition.file, definition.function)]
            checks = tuple(dict.fromkeys(
                component for _, function in places
                for component in components_of(function, components)))
            tests = "" if checks else next(
                (test for start, test in CHECKING_TESTS.items()
                 if any(file.startswith(start) for file, _ in places)), "")
            equations.append(Equation(**vars(definition), lines=own, components=checks,
                                      tests=tests))
    return equations


# ---- what checks an equation ---------------------------------------------------------------------

def check_components():
    """The names of all gradient checks.

    Returns
    -------
    list of str
    """
    return [check.component for check in all_checks()]


def components_of(function, components):
    """The gradient checks of a function.

    ``layer_norm_forward`` and ``layer_norm_backward`` are checked by "layer_norm" and by
    "layer_norm, large eps". Other names are looked up in ``CHECKED_AS``.

    Parameters
    ----------
    function : str
        Its name, methods as ``Class.method``.
    components : sequence of str

    Returns
    -------
    list of str

    Examples
    --------
    >>> components_of("gelu_backward", ["gelu", "gelu_new", "linear"])
    ['gelu']
    """
    name = function.split(".")[0]
    name = CHECKED_AS.get(name, re.sub("_(forward|backward)$", "", name))
    return [component for component in components if name in (component, component.split(",")[0])]
