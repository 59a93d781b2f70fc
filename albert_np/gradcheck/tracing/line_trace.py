"""Run statements and keep, for every line of a function, the arrays that it made or changed.

Python calls a trace function before each line that it runs (``sys.settrace``). Between two such
calls one line has run. Whatever the function's names hold now and did not hold before, that line
has made. Whatever array has other bytes now, that line has changed in place.
"""

from __future__ import annotations

import inspect
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ..equations import PACKAGE
from .function_lines import functions_of


@dataclass(frozen=True)
class Value:
    """An array or a number that a line made or changed, as it was after that line.

    Attributes
    ----------
    name : str
        A Python expression: ``dx``, ``grads["W_q"]``, ``cache[0]``; "return" or ``return[0]`` for
        something that the function returns and that had no name.
    shape : tuple of int
    dtype : str
    value : array
        A copy that cannot be written to.
    also : tuple of str
        Other names of the same memory, which hold these numbers now.
    """

    name: str
    shape: tuple
    dtype: str
    value: np.ndarray
    also: tuple = ()


@dataclass(frozen=True)
class Visit:
    """One execution of a line.

    Attributes
    ----------
    step : int
        From 0; counts the visits of one call in the order in which they happened.
    values : tuple of Value
    inside : tuple of Call
        The calls that the line made, if they were traced.
    """

    step: int
    values: tuple
    inside: tuple = ()


@dataclass(frozen=True)
class Row:
    """A line of a function and its visits in one call.

    Attributes
    ----------
    line, text, labels, part_of, forward
        As in :class:`~albert_np.gradcheck.tracing.function_lines.Line`.
    visits : tuple of Visit
        Empty if the line did not run; several in a loop.
    """

    line: int
    text: str
    labels: tuple
    part_of: tuple
    forward: str
    visits: tuple

    @property
    def values(self):
        """What the last visit made, a tuple of Value."""
        return self.visits[-1].values if self.visits else ()


@dataclass(frozen=True)
class Call:
    """One call of a function.

    Attributes
    ----------
    function, file : str
        Methods as ``Class.method``; the file relative to the package.
    first : int
        The first line of the function.
    rows : tuple of Row
        In the order of the file. The first is the head, whose values are the arguments.
    """

    function: str
    file: str
    first: int
    rows: tuple

    def steps(self):
        """(row, visit) of every line that ran, in the order in which they ran."""
        visits = [(row, visit) for row in self.rows for visit in row.visits]
        return sorted(visits, key=lambda pair: pair[1].step)


class _OpenCall:
    """A call that is running: what its names held at the last look, and the visits so far."""

    def __init__(self, lines, frame):
        self.lines = lines
        self.visits = []                                 # [line, values, inside], the last is open
        self.state = {}
        self.visit(lines.lines[0].line)
        self.look(frame.f_locals, frozenset(frame.f_locals))

    def visit(self, line):
        """Open a visit of the line, unless it is still running or is a ``with`` that ends."""
        if not self.visits or self.visits[-1][0] != line:
            self.visits.append([line, [], []])

    def look(self, names, targets=None):
        """Give the open visit what has changed since the last look."""
        before, now = self.state, _snapshot(names)
        line = self.visits[-1][0]
        if targets is None:
            targets = next((row.targets for row in self.lines.lines if row.line == line), ())
        changed = [path for path in now if _is_news(path, now[path], before, targets)]
        self.visits[-1][1] += _values(changed, now, targets)
        self.state = now

    def look_at_result(self, result):
        """Give the open visit what the function returns and no name holds."""
        news = {path: leaf for path, leaf in _snapshot({"return": result}).items()
                if not _is_known(leaf.array, self.state)}
        self.visits[-1][1] += _values(list(news), news, ())

    def close(self):
        """The finished Call."""
        rows = []
        for row in self.lines.lines:
            visits = [Visit(step, tuple(values), tuple(inside))
                      for step, (line, values, inside) in enumerate(self.visits)
                      if line == row.line]
            if row.text.lstrip().startswith("with "):    # Python comes back to it at its end
                visits = visits[:1]
            rows.append(Row(row.line, row.text, row.labels, row.part_of, row.forward,
                            tuple(visits)))
        return Call(self.lines.function, self.lines.file, self.lines.first, tuple(rows))


@contextmanager
def line_trace(calls, sources, inside=False):
    """Trace the functions of some source files while the block runs.

    Parameters
    ----------
    calls : list
        Receives a Call for each call that the block makes.
    sources : dict of str to (str, str)
        From the file name of code objects to the file, relative to the package, and its text.
    inside : bool
        Trace also what these functions call, as far as it belongs to this package.
    """
    running = []

    def start(frame, event, argument):
        """Python calls this for every new frame; it returns what watches that frame's lines."""
        code = frame.f_code
        if running and not inside or code.co_flags & inspect.CO_GENERATOR:
            return None
        source = sources.get(code.co_filename)
        if source is None and running:
            source = _package_source(code.co_filename)
        lines = source and functions_of(*source).get(code.co_firstlineno)
        if not lines or code.co_name.startswith("<"):
            return None
        running.append(_OpenCall(lines, frame))
        return watch

    def watch(frame, event, argument):
        call = running[-1]
        if event == "line":
            call.look(frame.f_locals)
            line = call.lines.line_of.get(frame.f_lineno)
            if line is not None:
                call.visit(line)
        elif event == "return":
            call.look(frame.f_locals)
            call.look_at_result(argument)
            finished = running.pop().close()
            (running[-1].visits[-1][2] if running else calls).append(finished)
        return watch

    before = sys.gettrace()
    sys.settrace(start)
    try:
        yield
    finally:
        sys.settrace(before)


def _package_source(filename):
    """The file and the text of a module of this package, or None for any other."""
    path = Path(filename)
    if PACKAGE not in path.parents:
        return None
    return path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")


# ---- looking -------------------------------------------------------------------------------------

class _Leaf:
    """An array that a name holds: the object itself, which keeps it alive, and its copy."""

    __slots__ = ("array", "copy")

    def __init__(self, array):
        self.array, self.copy = array, np.array(array)

    def same_bytes(self, other):
        return (self.copy.dtype == other.copy.dtype and self.copy.shape == other.copy.shape
                and self.copy.tobytes() == other.copy.tobytes())


def _snapshot(names):
    """From a path such as ``cache[0]`` to the leaf there, for all that some names hold."""
    return {path: _Leaf(array) for name, value in names.items()
            for path, array in _leaves(name, value)}


def _leaves(path, value):
    """(path, array or number) of everything numeric in nested dicts, lists and tuples."""
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.kind in "biufc":
            yield path, value
    elif isinstance(value, (bool, int, float, complex)):
        if path.isidentifier():                          # not the entries of a shape
            yield path, value
    elif isinstance(value, dict):
        for key, branch in value.items():
            quoted = f'"{key}"' if isinstance(key, str) else repr(key)
            yield from _leaves(f"{path}[{quoted}]", branch)
    elif isinstance(value, (list, tuple)):
        for i, branch in enumerate(value):
            yield from _leaves(f"{path}[{i}]", branch)
    elif isinstance(value, SimpleNamespace):
        for key, branch in vars(value).items():
            yield from _leaves(f"{path}.{key}", branch)


def _is_news(path, leaf, before, targets):
    """Whether the line has made or changed what is at this path."""
    old = before.get(path)
    if old is not None and old.array is leaf.array:
        return path in targets or not old.same_bytes(leaf)
    return path.isidentifier() or not _is_known(leaf.array, before)


def _is_known(array, state):
    """Whether an array is one that a name held already, or a view of one."""
    if any(array is leaf.array for leaf in state.values()):
        return True
    return isinstance(array, np.ndarray) and any(
        isinstance(leaf.array, np.ndarray) and np.may_share_memory(array, leaf.array)
        for leaf in state.values())


def _values(paths, state, targets):
    """The values at these paths; of several names of one array, under that of the target."""
    own = [path for path in paths if path.replace("[", ".").split(".")[0] in targets]
    names = []                                           # [path, *others of the same array]
    for path in [*own, *(path for path in paths if path not in own)]:
        for group in names:
            if _is_same_array(state[path], state[group[0]]):
                group.append(path)
                break
        else:
            names.append([path])
    return [_value(path, state[path].copy, tuple(also)) for path, *also in names]


def _value(name, copy, also):
    copy.flags.writeable = False
    return Value(name, copy.shape, str(copy.dtype), copy, also)


def _is_same_array(one, other):
    return (isinstance(one.array, np.ndarray) and isinstance(other.array, np.ndarray)
            and one.same_bytes(other) and np.shares_memory(one.array, other.array))
