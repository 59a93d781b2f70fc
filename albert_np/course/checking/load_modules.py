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
from pathlib import Path

from ...files import read_text
from ..exercises import EXERCISES

PACKAGE = Path(__file__).resolve().parents[2]


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
    exec(compile(readable(source, str(file)), str(file), "exec"), module.__dict__)
    _replace_other_exercises(module, exercise)
    return module


def readable(source, file="<string>"):
    """A source in which each function that is no Python raises its SyntaxError when it is called.

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
    lines = source.splitlines()
    for first, indent, name in [(number, match[1], match[2]) for number, line in enumerate(lines)
                                if (match := re.match(r"( *)def (\w+)\(", line))]:
        after = next((number for number in range(first + 1, len(lines))
                      if re.match(rf" {{0,{len(indent)}}}[\w@]", lines[number])), len(lines))
        try:
            ast.parse(textwrap.dedent("\n".join(lines[first:after])))
        except SyntaxError as error:
            place = (file, first + (error.lineno or 1), None, None)
            lines[first:after] = [f"{indent}def {name}(*_, **__): "
                                  f"raise SyntaxError({error.msg!r}, {place!r})",
                                  *[""] * (after - first - 1)]
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:
        raise SyntaxError(f"{whole.msg}; because of it no exercise of this file can be checked",
                          (file, whole.lineno, whole.offset, whole.text)) from None
    return "\n".join(lines)


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


def functions_of(exercise):
    """The package's functions of an exercise, those behind its properties included."""
    values = [_function_of(find(reference_module(exercise), name)) for name in exercise.functions]
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

    Their code itself is exchanged, so that every name under which they are known is affected. Only
    for a process that ends after the exercise.

    Parameters
    ----------
    exercise, used : as in :func:`forbidden_exercises`
    """
    for function in [function for one in forbidden_exercises(exercise, used)
                     for function in functions_of(one)]:
        if not function.__code__.co_freevars:
            function.__defaults__ = function.__kwdefaults__ = None
            function.__code__ = _forbidden.__code__
            function.__globals__.setdefault("SolutionImported", SolutionImported)


def _forbidden(*arguments, **named):
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
