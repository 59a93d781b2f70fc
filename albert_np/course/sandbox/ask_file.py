"""What runs in the process of a student: load the student's file, and put the questions to it."""

import importlib
import os
import sys

from .. import exercises, trials
from ..checking.collect_answers import Answer, answers_of, error_answer, to_json
from ..checking.functions_allowed import functions_not_allowed, other_functions
from ..checking.load_modules import (forbid, forbid_solution, forbidden, reference_module,
                                     student_module, uses_solution)
from .emptied_package import fill_in

# What students import and what NumPy imports late: the folders are closed by then.
IMPORTED_EARLY = ("abc", "bisect", "cmath", "collections", "contextlib", "copy", "dataclasses",
                  "decimal", "enum", "fractions", "functools", "heapq", "inspect", "itertools",
                  "math", "numbers", "operator", "random", "re", "statistics", "string", "textwrap",
                  "time", "traceback", "typing", "warnings", "numpy.fft", "numpy.linalg",
                  "numpy.polynomial", "numpy.random")


def prepare():
    """Import all that an exercise may need."""
    for name in IMPORTED_EARLY:
        importlib.import_module(name)
    for exercise in exercises.EXERCISES:
        trials.trials_of(exercise)
        reference_module(exercise)
    other_functions()                            # every fork has them


def answer(request):
    """Answer the questions of one exercise; the student's folder is the current one.

    Parameters
    ----------
    request : dict
        "exercise", its id; "used", those that its right solution calls; "functions", what
        :func:`~albert_np.course.sandbox.emptied_package.functions_to_fill_in` gives; "allowed",
        what :func:`~albert_np.course.checking.functions_allowed.functions_allowed` gives; "hidden",
        what :func:`~albert_np.course.checking.exercises_used.called_by_trials_alone` gives; "seed"
        and "sizes" of the inputs.

    Returns
    -------
    list of lists
        As :func:`~albert_np.course.checking.collect_answers.to_json` gives them.
    """
    exercise = exercises.exercise_named(request["exercise"])
    # A helper may lie in the workspace, or beside the module, where it hides no other module.
    sys.path[0:0] = [os.getcwd()]
    sys.path.append(os.path.join(os.getcwd(), os.path.dirname(exercise.module)))
    try:
        fill_in(request["functions"])
        forbid_solution(exercise, request["used"])
        forbid(functions_not_allowed(request["allowed"]))
        hidden = _hide(request["hidden"])
        _forget_course()
        module = student_module(exercise.module, exercise)
        name = uses_solution(exercise, module)
        error = name and Answer("", error="SolutionImported")
    except (Exception, SystemExit) as problem:
        error = error_answer(problem, exercise.module)
    return to_json([[error]] if error else
                   answers_of(exercise, module, request["seed"], request["sizes"], hidden))


def _hide(functions):
    """Let no name lead to functions that the trials alone call; return them by their names."""
    hidden = {name: getattr(sys.modules[module], name) for module, name in functions}
    for module in [module for name, module in sys.modules.items()
                   if name.startswith("albert_np.") and not name.startswith("albert_np.course")]:
        for name, value in list(vars(module).items()):
            if any(value is function for function in hidden.values()):
                setattr(module, name, forbidden)
    return hidden


def _forget_course():
    """Let no name lead to the trials any more: a submission could exchange what they compute here.

    Those who hold them go on working. A search of the stack or of the memory still finds them.
    """
    for name in [name for name in sys.modules if name.startswith("albert_np.course")]:
        del sys.modules[name]
    del sys.modules["albert_np"].course
