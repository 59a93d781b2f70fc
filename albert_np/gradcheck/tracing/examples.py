"""Find the example of a function, run it, with other numbers if wanted, and trace its lines.

The example is the one in the function's docstring (``>>> ...``), text of this package. An array
that the example makes before the first call is an input, and another array may take its place.

>>> import numpy as np
>>> trace = trace_function("tanh_backward", {"dy": np.array([0.0, 100.0])})
>>> call = trace.calls[-1]
>>> [value.value.tolist() for value in call.rows[-1].visits[-1].values], call.function
([], 'tanh_backward')
>>> [value.value.round(9).tolist() for row in call.rows for value in row.values
...  if value.name == "dx"]
[[0.0, 75.0]]
"""

from __future__ import annotations

import ast
import contextlib
import copy
import difflib
import doctest
import functools
import importlib
import inspect
import io
import re
import types
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..equation_pages import either, no_such_equation
from ..equations import PACKAGE, equations_of, read_sources
from ..planted_faults import PLANTED_FAULTS
from .function_lines import functions_of
from .line_trace import line_trace

MATHEMATICS = ("functional/", "layers/", "optim/", "models/")     # searched first
MOST_NUMBERS = 1_000_000     # of one input; every line copies its arrays


@dataclass(frozen=True)
class Statement:
    """A statement of an example, and what it printed.

    Attributes
    ----------
    text : str
    printed : str
        As in an interactive session, with the value of an expression; "" if nothing.
    """

    text: str
    printed: str


@dataclass(frozen=True)
class DirectCall:
    """A call that an example itself made to a function of the module, with what it passed.

    Attributes
    ----------
    function : str
    run : callable
    arguments : dict
        By their names; copies, as they were before the call.
    """

    function: str
    run: Callable
    arguments: dict


@dataclass(frozen=True)
class Trace:
    """An example that was run.

    Attributes
    ----------
    function, file : str
        The function that was asked for; the file relative to the package.
    example_of : str
        The function whose docstring has the example; "" for an example that was typed.
    inputs : dict of str to array or float
        What the example makes before its calls and other numbers may replace, as it was used; by
        dotted names such as "dy" or "params.W_q".
    replaced : tuple of str
        The inputs that other numbers have replaced.
    statements : tuple of Statement
    calls : tuple of Call
        Those that the example itself made to functions of this file, in order.
    direct : tuple of DirectCall
        The same calls, without those of methods.
    """

    function: str
    file: str
    example_of: str
    inputs: dict
    replaced: tuple
    statements: tuple
    calls: tuple
    direct: tuple = ()

    def calls_of(self, function):
        """The calls of one function, those inside other calls too if they were traced."""
        return [call for call in _all_calls(self.calls) if call.function == function]


def trace_function(name, numbers=None, example=None, inside=False, fault=None, until=None):
    """Run the example of a function and keep what each line makes.

    Parameters
    ----------
    name : str
        Such as "layer_norm_backward" or "AlbertModel.backward"; with its module in front, such as
        "functional.layer_norm.layer_norm_backward", if several functions have that name.
    numbers : dict of str to array, optional
        Arrays in place of those inputs of the example.
    example : str, optional
        Python statements to run in place of the docstring's, with or without ``>>>``. They are
        run as they are: pass only what the user has typed.
    inside : bool
        Trace also the functions of this package that are called on the way.
    fault : str, optional
        The name of a planted fault to put into a copy of the function's module first.
    until : str, optional
        End the example after its first call of this function.

    Returns
    -------
    Trace

    Raises
    ------
    ValueError
        If there is no such function, example, input or fault, or if the example fails.
    """
    file, function = find_function(name)
    module, text = _load(file, fault)
    source = (module.__dict__.get("__traced__", module.__file__), file, text)
    docstrings = {lines.function: lines.docstring for lines in functions_of(file, text).values()}
    if example is not None:
        return _run(function, source, module, "", typed_statements(example), numbers, inside,
                    until)
    for owner in _owners(function, docstrings):
        statements = docstring_statements(docstrings[owner])
        if not statements:
            continue
        near = owner in (function, _partner(function))
        if near or _reaches(function, source, module, owner, statements):
            return _run(function, source, module, owner, statements, numbers,
                        inside or not near, until)
    raise ValueError(f"{PACKAGE.name}/{file}: {function} has no example to run; "
                     f"type one after --example")


def trace_equation(label, numbers=None, example=None, inside=False, fault=None):
    """Trace the functions that compute an equation.

    Parameters
    ----------
    label : str
        Such as "LN.5".
    numbers, example, inside, fault : as in :func:`trace_function`

    Returns
    -------
    list of (CodeLine, Trace)
        The lines of code that carry the label, each with the trace of its function.
    """
    wanted = label.strip().strip("()").upper()
    equations = {one.label: one for one in equations_of(read_sources(), ())}
    if wanted not in equations:
        raise ValueError(no_such_equation(label, wanted, list(equations)))
    equation = equations[wanted]
    lines = [line for line in equation.lines if line.function]
    if not lines:
        raise ValueError(f"no function computes {wanted}; it is derived in "
                         f"{PACKAGE.name}/{equation.file}, line {equation.line}")
    return [(line, trace_function(f"{_dotted(line.file)}.{line.function}", numbers, example,
                                  inside, fault)) for line in lines]


# ---- finding -------------------------------------------------------------------------------------

def find_function(name):
    """The file, relative to the package, and the full name of a function.

    Raises
    ------
    ValueError
        If there is none or more than one, with names that may have been meant.

    Examples
    --------
    >>> find_function("softmax_backward")
    ('functional/softmax.py', 'softmax_backward')
    """
    wanted = name.strip().removesuffix("()")
    sources = _named_source(wanted) or read_sources()
    head = f"def {wanted.split('.')[-1]}("
    places = _places_in({file: text for file, text in sources.items() if head in text})
    found = [path for path in places if f".{path}".endswith(f".{wanted}")]
    exact = [path for path in found if places[path][1] == wanted]
    found = exact or found
    found = [path for path in found if places[path][0].startswith(MATHEMATICS)] or found
    if len(found) == 1:
        return places[found[0]]
    if found:
        raise ValueError(f"{len(found)} functions are called {wanted}; put the module in front, "
                         f"as in {found[0].removeprefix(f'{PACKAGE.name}.')}")
    close = _near(wanted, _places_in(read_sources()).values())
    hint = f"; did you mean {either(close)}?" if close else ""
    raise ValueError(f"there is no function and no equation {name!r}{hint}")


def _named_source(path):
    """The source file that a dotted path begins with, as a dict like that of read_sources."""
    parts = path.removeprefix(f"{PACKAGE.name}.").split(".")
    for end in range(1, len(parts)):
        file = "/".join(parts[:end]) + ".py"
        if all(map(str.isidentifier, parts)) and (PACKAGE / file).is_file():
            return {file: (PACKAGE / file).read_text(encoding="utf-8")}
    return {}


def _places_in(sources):
    """From the full dotted path of each function to its file and its name."""
    return {f"{PACKAGE.name}.{_dotted(file)}.{lines.function}": (file, lines.function)
            for file, text in sources.items() for lines in functions_of(file, text).values()}


def _near(wanted, places):
    """At most three names of functions that resemble the wanted one, both of a pair."""
    stems = {}
    for file, function in places:
        if file.startswith(MATHEMATICS) and "_" not in (function[0], function.split(".")[-1][0]):
            stem = re.sub("_(forward|backward)$", "", function)
            for word in {function, stem}:
                stems.setdefault(word, []).append(function)
    close = difflib.get_close_matches(wanted, stems, n=3, cutoff=0.6)
    return list(dict.fromkeys(name for word in close for name in stems[word]))[:3]


def _dotted(file):
    return file.removesuffix(".py").replace("/", ".")


def _partner(function):
    """The other one of a forward and a backward function."""
    stem, sign, way = re.fullmatch(r"(.*?)(?:([._])(forward|backward))?", function).groups("")
    return f"{stem}{sign}{'backward' if way == 'forward' else 'forward'}" if way else ""


def _owners(function, docstrings):
    """The functions whose example may run this one: itself, its partner, all others."""
    first = [owner for owner in (function, _partner(function)) if owner in docstrings]
    return [*first, *(owner for owner in docstrings if owner not in first)]


def _reaches(function, source, module, owner, statements):
    trace = _run(function, source, module, owner, statements, None, True)
    return bool(trace.calls_of(function))


def _all_calls(calls):
    for call in calls:
        yield call
        for row in call.rows:
            for visit in row.visits:
                yield from _all_calls(visit.inside)


# ---- running -------------------------------------------------------------------------------------

def docstring_statements(docstring):
    """The statements of the examples in a docstring, a list of doctest.Example."""
    return doctest.DocTestParser().get_examples(docstring)


def typed_statements(text):
    """The statements of an example that the user typed, a list of doctest.Example.

    Examples
    --------
    >>> statements = typed_statements("x = np.ones(2); y, cache = relu_forward(x)")
    >>> [statement.source.strip() for statement in statements]
    ['x = np.ones(2)', 'y, cache = relu_forward(x)']
    """
    if text.lstrip().startswith(">>>"):
        text = "".join(statement.source for statement in docstring_statements(text))
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"--example: line {error.lineno} is no Python statement: "
                         f"{error.msg}") from None
    return [doctest.Example(ast.get_source_segment(text, node), "") for node in tree.body]


def _run(function, source, module, owner, statements, numbers, inside, until=None):
    """Run the statements one by one and trace them."""
    filename, file, text = source
    inputs, done, calls, direct = {}, [], [], []
    names = {name: _recording(one, direct) if inspect.isfunction(one)
             and one.__code__.co_filename == filename else one
             for name, one in module.__dict__.items()}
    for statement in statements:
        if any(call.function == until for call in calls):
            break
        before, known = len(calls), dict(names)
        printed = io.StringIO()
        try:
            with (line_trace(calls, {filename: (file, text)}, inside), np.errstate(all="ignore"),
                  contextlib.redirect_stdout(printed)):
                _execute(statement.source, names)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            if statement.exc_msg is None:                # unless the example shows a refusal
                raise ValueError(f"the example of {function} fails at "
                                 f"{statement.source.splitlines()[0]!r}: {said}") from error
            print(said, file=printed)
        if len(calls) == before:
            made = {name: value for name, value in names.items() if known.get(name) is not value}
            inputs |= _replace(made, names, numbers or {})
        done.append(Statement(statement.source.strip(), printed.getvalue().rstrip("\n")))
    if unknown := sorted(set(numbers or {}) - set(inputs)):
        raise ValueError(f"the example of {function} has no input {unknown[0]!r}; "
                         f"its inputs are {', '.join(inputs) or 'none'}")
    return Trace(function, file, owner, inputs, tuple(numbers or ()), tuple(done), tuple(calls),
                 tuple(direct))


def _recording(function, direct):
    """The function, which also keeps in a list with what it was called."""
    @functools.wraps(function)
    def call(*arguments, **named):
        with contextlib.suppress(TypeError):             # a call that fails in the next line
            bound = inspect.signature(function).bind(*arguments, **named).arguments
            direct.append(DirectCall(function.__name__, function, copy.deepcopy(bound)))
        return function(*arguments, **named)
    return call


def _execute(statement, names):
    """Run a statement; print the value of an expression as an interactive session does."""
    for node in ast.parse(statement).body:
        if isinstance(node, ast.Expr):
            value = eval(compile(ast.Expression(node.value), "<example>", "eval"), names)
            if value is not None:
                print(repr(value))
        else:
            exec(compile(ast.Module([node], []), "<example>", "exec"), names)


def _replace(made, names, numbers):
    """Put the given numbers in the place of arrays that a statement has made.

    Returns
    -------
    dict of str to array
        Those of these arrays that may be replaced, as they are now.
    """
    found = {}
    for name, holder, key in _inputs(made):
        if name in numbers:
            holder[key] = _fitting(name, numbers[name], holder[key])
            if holder is made:
                names[key] = holder[key]
        found[name] = copy.copy(holder[key])             # the call may change it in place
    return found


def _inputs(holder, prefix=""):
    """(dotted name, dict or list, key) of every array and float in nested dicts and lists."""
    for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
        if isinstance(value, (dict, list)):
            yield from _inputs(value, f"{prefix}{key}.")
        elif isinstance(value, float) or isinstance(value, np.ndarray) and value.dtype != object:
            yield f"{prefix}{key}", holder, key


def _fitting(name, new, old):
    """The new array if it can take the place of the old one."""
    new, old = np.asarray(new), np.asarray(old)
    if new.dtype.kind not in "biufc":
        raise ValueError(f"{name} has dtype {new.dtype}; it must be an array of numbers")
    if new.ndim != old.ndim:
        raise ValueError(f"{name} has shape {new.shape}; it must have as many axes as the "
                         f"example's, which has shape {old.shape}")
    if new.size > MOST_NUMBERS:
        raise ValueError(f"{name} has {new.size:,} numbers; a trace takes at most "
                         f"{MOST_NUMBERS:,} in one array")
    if old.dtype.kind in "iu" and new.dtype.kind not in "iu":
        raise ValueError(f"{name} has dtype {new.dtype}; it must be integers")
    return new.astype(old.dtype) if old.dtype.kind in "fc" and new.dtype.kind in "biu" else new


def _load(file, fault):
    """The module of a source file and its text; with a planted fault, a copy that has it."""
    name = f"{PACKAGE.name}.{_dotted(file)}".removesuffix(".__init__")
    module = importlib.import_module(name)
    text = (PACKAGE / file).read_text(encoding="utf-8")
    if fault is None:
        return module, text
    planted = next((one for one in PLANTED_FAULTS if one.name == fault), None)
    if planted is None or planted.file != file:
        raise ValueError(f"there is no planted fault {fault!r} in {PACKAGE.name}/{file}")
    text = text.replace(planted.old, planted.new)
    faulty = types.ModuleType(name)
    faulty.__dict__.update(__file__=module.__file__, __package__=module.__package__,
                           __traced__=f"{module.__file__}, {fault}")
    exec(compile(text, faulty.__traced__, "exec"), faulty.__dict__)
    return faulty, text
