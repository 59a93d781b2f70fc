"""What the caged process does with a request: load the student's file, put the questions."""

import importlib
import os
import sys

# What students import and what NumPy imports late: the folders are closed by then.
IMPORTED_EARLY = ("abc", "bisect", "cmath", "collections", "contextlib", "copy", "dataclasses",
                  "decimal", "enum", "fractions", "functools", "heapq", "inspect", "itertools",
                  "math", "numbers", "operator", "random", "re", "statistics", "string", "textwrap",
                  "time", "traceback", "typing", "warnings", "numpy.fft", "numpy.linalg",
                  "numpy.polynomial", "numpy.random")


def prepare():
    """Import all that an exercise may need, and forget what gives an answer away."""
    from .. import exercises, trials
    from ..checking import load_modules as loading
    from . import unsecured_process as child

    for name in IMPORTED_EARLY:
        importlib.import_module(name)
    trials.trials_of_all()
    for exercise in exercises.EXERCISES:
        loading.reference_module(exercise)
    assert child.run


def answer(request):
    """Answer the questions of one exercise.

    Parameters
    ----------
    request : dict
        "exercise", its id; "file", within the scratch folder, which is the current one; "seed" and
        "sizes" of the inputs.

    Returns
    -------
    list
        See :func:`albert_np.course.sandbox.unsecured_process.run`.
    """
    from .unsecured_process import run

    sys.path[0:0] = [os.getcwd()]
    return run({name: request[name] for name in ("exercise", "file", "seed", "sizes")})
