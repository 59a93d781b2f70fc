"""Modules to be asked: a student's file, the package's own, and the package's with a fault in it.

Whatever else a student's file defines, a task is asked by itself: the functions that belong to
other tasks are replaced by the package's own, so that a mistake costs the points of one task.
"""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

from ..files import read_text
from ..gradcheck.planted_faults import PLANTED_FAULTS
from .answers import SolutionImported
from .exercises import TASKS

PACKAGE = Path(__file__).resolve().parent.parent


def module_name(file):
    """``functional/layer_norm.py`` as ``albert_np.functional.layer_norm``."""
    return ".".join(("albert_np", *Path(file).with_suffix("").parts))


def reference_module(task):
    """The package's own module of a task."""
    return importlib.import_module(module_name(task.module))


def module_from_source(source, task, file, name="albert_np_submission"):
    """Run a source text as the module of a task.

    Parameters
    ----------
    source : str
    task : Task
    file : str
        Where it comes from, for the lines in error messages.
    name : str

    Returns
    -------
    module
        In which the functions of other tasks are the package's.
    """
    module = types.ModuleType(name)
    module.__file__, module.__package__ = str(file), module_name(task.module).rpartition(".")[0]
    sys.modules[name] = module            # where dataclasses look for the names of their types
    exec(compile(source, str(file), "exec"), module.__dict__)
    _replace_other_tasks(module, task)
    return module


def student_module(path, task):
    """The module of a task in a student's file; see :func:`module_from_source`."""
    return module_from_source(read_text(path), task, Path(path))


def faulty_module(task, fault):
    """The package's module of a task with one planted fault in it."""
    source = read_text(PACKAGE / fault.file)
    if source.count(fault.old) != 1:
        raise ValueError(f"{fault.file} does not hold the snippet of {fault.name} exactly once")
    return module_from_source(source.replace(fault.old, fault.new), task, fault.file,
                              "albert_np_with_a_fault")


def _replace_other_tasks(module, task):
    own = reference_module(task)
    for other in TASKS:
        if other.module != task.module or other is task:
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


def forbid_solution(task):
    """Make the package's functions of a task raise `SolutionImported` in this process.

    Their code itself is exchanged, so that every name under which they are known is affected.
    Only for a process that ends after the task.
    """
    for name in task.functions:
        function = find(reference_module(task), name)
        if isinstance(function, types.FunctionType) and not function.__code__.co_freevars:
            function.__defaults__ = function.__kwdefaults__ = None
            function.__code__ = _forbidden.__code__
            function.__globals__.setdefault("SolutionImported", SolutionImported)


def _forbidden(*arguments, **named):
    raise SolutionImported("the function of this task was taken from albert_np")


def uses_solution(task, module):
    """The first function of the task that is the package's own object, or None."""
    own = reference_module(task)
    return next((name for name in task.functions
                 if module is not own and isinstance(find(own, name), types.FunctionType)
                 and find(module, name) is find(own, name)), None)


def faults_of(task):
    """The planted faults of the functions of a task.

    Returns
    -------
    tuple of PlantedFault
    """
    return tuple(fault for fault in PLANTED_FAULTS
                 if fault.file == task.module and _belongs(task, place_of(fault)[0]))


def _belongs(task, place):
    return any(place == name or place.startswith(name + ".") for name in task.functions)


_PLACES = {}


def place_of(fault):
    """Where a fault is planted.

    Returns
    -------
    (str, str)
        The function, such as "AdamW.step", or the first constant of the statement; and the label
        of the equation whose lines it changes, "" where they have none.
    """
    if fault.name not in _PLACES:
        from .places import find_place

        _PLACES[fault.name] = find_place(read_text(PACKAGE / fault.file), fault)
    return _PLACES[fault.name]
