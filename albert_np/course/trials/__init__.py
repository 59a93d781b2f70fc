"""The questions that an exercise is asked, one function for each check of the table of exercises.

A trial is a generator ``trial(f, draw)``. ``f`` is a module, of a student or of the package, and
``draw`` the source of random inputs (:class:`~albert_np.course.trials.random_inputs.Draw`). It yields
``(name, result)``: what was asked, and what came out; for gradients with a third part that finds
their numerical values (:func:`~albert_np.course.trials.random_inputs.slopes`). The same trial runs on the
student's module, on the package's, and on the package's with every planted fault, and the results
are compared: nothing in it knows what is right.
"""

import importlib

UNITS = ("numerics", "functions", "attention", "embeddings", "encoder", "objectives",
         "optimizers", "finetuning")


def trials_of(exercise):
    """The trials of an exercise, in its order.

    Parameters
    ----------
    exercise : Exercise

    Returns
    -------
    list of generator functions

    Raises
    ------
    ValueError
        A check of the exercise has no trial.
    """
    modules = [importlib.import_module(f"{__name__}.{unit}") for unit in UNITS]
    trials = []
    for check in exercise.checks:
        found = [getattr(module, check) for module in modules if hasattr(module, check)]
        if not found:
            raise ValueError(f"Exercise {exercise.id} names the check {check}, which no trial has.")
        trials.append(found[0])
    return trials


def trials_of_all():
    """Import the trials of every exercise."""
    from ..exercises import EXERCISES

    return {exercise.id: trials_of(exercise) for exercise in EXERCISES}
