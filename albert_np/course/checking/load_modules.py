"""Load the modules to check: a student's file, the package's own, and the package's with a fault.

Each exercise is checked by itself. In a student's file the functions of all other exercises are
replaced by the package's own, so that a mistake costs the points of one exercise.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
import textwrap
import types
from functools import cache
from pathlib import Path

from ...files import read_text
from ...files.text_lines import split_lines
from ..exercises import EXERCISES

PACKAGE = Path(__file__).resolve().parents[2]
STOPPED = "__stopped__"               # in a module: the first error outside of its functions
MOST_PARTS = 20                       # of one statement, such as "if", "elif", "else"
_BEGINS = re.compile(r"[^\s)\]}#]")   # what a line begins with that is not inside of a statement


class SolutionImported(Exception):
    """The function of the exercise was taken from albert_np in place of being written."""


def module_name(file):
    """``functional/layer_norm.py`` as ``albert_np.functional.layer_norm``."""
    return ".".join(("albert_np", *Path(file).with_suffix("").parts))


def source_of_module(file):
    """The text of a module of the package."""
    return read_text(PACKAGE / file)


def reference_module(exercise):
    """The package's own module of an exercise."""
    return importlib.import_module(module_name(exercise.module))


def module_from_source(source, exercise, file, name="albert_np_submission"):
    """Run a source text as the module of an exercise.

    Outside of functions, a statement that stops with an error costs only what needs it: a plot or a
    try that somebody left in the file. The first error is kept under the name `STOPPED`.

    Parameters
    ----------
    source : str
    exercise : Exercise
    file : str
        Where it comes from, for the lines in error messages.
    name : str

    Returns
    -------
    module
        In which the functions of other exercises are the package's.
    """
    module = types.ModuleType(name)
    module.__file__, module.__package__ = str(file), module_name(exercise.module).rpartition(".")[0]
    sys.modules[name] = module            # where dataclasses look for the names of their types
    _run(ast.parse(readable(source, str(file)), str(file)).body, module)
    _replace_other_exercises(module, exercise)
    return module


def _run(statements, module):
    future = [one for one in statements
              if isinstance(one, ast.ImportFrom) and one.module == "__future__"]
    for statement in statements:
        try:
            exec(compile(ast.Module([*future, statement], []), module.__file__, "exec"),
                 module.__dict__)
        except (Exception, SystemExit) as error:
            module.__dict__.setdefault(STOPPED, error)


def readable(source, file="<string>"):
    """A source in which what is no Python raises its SyntaxError when it is called or run.

    So a slip in one function costs the exercise of that function, and not all of the file.

    Parameters
    ----------
    source : str
    file : str
        For the messages.

    Returns
    -------
    str
        With every line where it was.

    Raises
    ------
    SyntaxError
        The rest is no Python either.
    """
    try:
        ast.parse(source)
        return source
    except SyntaxError as error:
        whole = error
    lines = split_lines(source)
    for first, indent, name in [(number, match[1], match[2]) for number, line in enumerate(lines)
                                if (match := re.match(r"( *)def (\w+)\(", line))]:
        after = next((number for number in range(first + 1, len(lines))
                      if re.match(rf" {{0,{len(indent)}}}[\w@]", lines[number])), len(lines))
        if error := _syntax_error(lines[first:after], file, first):
            lines[first:after] = [f"{indent}def {name}(*_, **__): {error}",
                                  *[""] * (after - first - 1)]
    if _syntax_error(lines, file):
        _replace_bad_statements(lines, file)
    if _syntax_error(lines, file):
        raise SyntaxError(f"{whole.msg}; because of it no exercise of this file can be checked",
                          (file, whole.lineno, whole.offset, whole.text)) from None
    return "\n".join(lines)


def _replace_bad_statements(lines, file):
    """Let each statement outside of functions that is no Python raise its SyntaxError."""
    begins = [number for number, line in enumerate(lines) if _BEGINS.match(line)]
    ends, place = [*begins[1:], len(lines)], 0
    while place < len(begins):
        first = begins[place]
        errors = (_syntax_error(lines[first:end], file, first)
                  for end in ends[place:place + MOST_PARTS])
        error = next(errors)
        parts = 1 if not error else 2 + next(
            (number for number, other in enumerate(errors) if not other), -1)
        if parts == 1 and error:
            lines[first:ends[place]] = [error, *[""] * (ends[place] - first - 1)]
        place += parts


def _syntax_error(lines, file, first=0):
    """The statement that raises the SyntaxError of some lines; None if they are Python."""
    try:
        ast.parse(textwrap.dedent("\n".join(lines)))
    except SyntaxError as error:
        place = (file, first + (error.lineno or 1), None, None)
        return f"raise SyntaxError({error.msg!r}, {place!r})"


def student_module(path, exercise):
    """The module of an exercise in a student's file; see :func:`module_from_source`."""
    return module_from_source(read_text(path), exercise, Path(path))


def faulty_module(exercise, fault):
    """The package's module of an exercise with one planted fault in it."""
    source = source_of_module(fault.file)
    if source.count(fault.old) != 1:
        raise ValueError(f"{fault.file} does not hold the snippet of {fault.name} exactly once")
    return module_from_source(source.replace(fault.old, fault.new), exercise, fault.file,
                              "albert_np_with_a_fault")


def _replace_other_exercises(module, exercise):
    own = reference_module(exercise)
    for other in EXERCISES:
        if other.module != exercise.module or other is exercise:
            continue
        for name in other.functions:
            holder, _, function = name.rpartition(".")
            target = getattr(module, holder, None) if holder else module
            if target is not None:
                setattr(target, function, find(own, name))


def find(module, name):
    """What a dotted name such as ``AdamW.step`` stands for in a module; None without it."""
    for part in name.split("."):
        module = getattr(module, part, None)
    return module


@cache
def functions_of(exercise):
    """The package's functions that an exercise empties, those behind its properties included."""
    values = [_function_of(find(reference_module(exercise), name)) for name in exercise.emptied]
    return [value for value in values if isinstance(value, types.FunctionType)]


def forbidden_exercises(exercise, used):
    """The exercises whose functions of the package give the answer of an exercise away.

    It, and all later ones, which may give the same answer in another way: a softmax is a masked
    softmax without a mask.

    Parameters
    ----------
    exercise : Exercise
    used : collection of str
        Ids of later exercises to leave as they are, since the right solution or the trials call
        them; see :func:`~albert_np.course.checking.exercises_used.exercises_used`.

    Returns
    -------
    list of Exercise
    """
    return [one for one in EXERCISES[EXERCISES.index(exercise):]
            if one is exercise or one.id not in used]


def forbid_solution(exercise, used):
    """Make the package's functions of the forbidden exercises raise `SolutionImported`.

    Parameters
    ----------
    exercise, used : as in :func:`forbidden_exercises`
    """
    forbid([function for one in forbidden_exercises(exercise, used)
            for function in functions_of(one)])


def forbid(functions):
    """Make functions raise `SolutionImported`.

    Their code itself is exchanged, so that every name under which they are known is affected. Only
    for a process that ends after the exercise.
    """
    for function in functions:
        if not function.__code__.co_freevars:
            function.__defaults__ = function.__kwdefaults__ = None
            function.__code__ = forbidden.__code__
            function.__globals__.setdefault("SolutionImported", SolutionImported)


def forbidden(*arguments, **named):
    """What stands for a function of the package that an exercise may not call."""
    raise SolutionImported("the function of this exercise was taken from albert_np")


def uses_solution(exercise, module):
    """The first function of the exercise that is the package's own object, or None."""
    own = reference_module(exercise)
    return next((name for name in exercise.functions
                 if module is not own
                 and isinstance(_function_of(find(own, name)), (types.FunctionType, dict))
                 and _function_of(find(module, name)) is _function_of(find(own, name))), None)


def _function_of(value):
    """The function behind a property; anything else is itself."""
    return value.fget if isinstance(value, property) else value
