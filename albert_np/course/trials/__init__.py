"""The questions that a task is asked, one function for each check of the table of tasks.

A trial is a generator ``trial(f, draw)``. ``f`` is a module, of a student or of the package, and
``draw`` the source of random inputs (:class:`~albert_np.course.trials.draw.Draw`). It yields
``(name, result)``: what was asked, and what came out; for gradients with a third part that finds
their numerical values (:func:`~albert_np.course.trials.draw.slopes`). The same trial runs on the
student's module, on the package's, and on the package's with every planted fault, and the results
are compared: nothing in it knows what is right.
"""

import importlib

UNITS = ("numerics", "functions", "attention", "embeddings", "encoder", "objectives",
         "training", "tasks")


def trials_of(task):
    """The trials of a task, in its order.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of generator functions

    Raises
    ------
    ValueError
        A check of the task has no trial.
    """
    modules = [importlib.import_module(f"{__name__}.{unit}") for unit in UNITS]
    trials = []
    for check in task.checks:
        found = [getattr(module, check) for module in modules if hasattr(module, check)]
        if not found:
            raise ValueError(f"Task {task.id} names the check {check}, which no trial has.")
        trials.append(found[0])
    return trials


def trials_of_all():
    """Import the trials of every task."""
    from ..exercises import TASKS

    return {task.id: trials_of(task) for task in TASKS}
