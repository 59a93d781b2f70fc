"""The table of tasks: which function is which task, what it is worth, and what proves it.

A course is changed here, by adding, moving or removing lines; everything else follows: the
student's workspace, the checks, the marks and the pages for the teacher.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """One thing to write.

    Attributes
    ----------
    id : str
        Unit and number, such as "3.2".
    title : str
    module : str
        The file the functions stand in, relative to the package; "" for an open task.
    functions : tuple of str
        What is emptied: functions, and methods as "AdamW.step". The first one gives the task its
        name. A constant stands for the planted faults in it and is not emptied.
    points : int
    checks : tuple of str
        The trials that prove it, see :mod:`albert_np.course.trials`.
    read : str
        Equations and pages to read first.
    rubric : tuple of (int, str)
        Of an open task: points and what they are given for. People mark it.
    """

    id: str
    title: str
    module: str
    functions: tuple
    points: int
    checks: tuple
    read: str
    rubric: tuple = ()

    @property
    def unit(self):
        """The number of its unit."""
        return int(self.id.partition(".")[0])

    @property
    def open(self):
        """Whether people mark it, by its rubric."""
        return bool(self.rubric)


@dataclass(frozen=True)
class Unit:
    """A week or so of the course.

    Attributes
    ----------
    number : int
    title : str
    goals : str
        What a student can do afterwards.
    """

    number: int
    title: str
    goals: str


def _task(id, title, module, functions, points, read, checks=None):
    functions = tuple(functions.split())
    return Task(id, title, module, functions, points,
                tuple((checks or functions[0].rpartition(".")[2]).split()), read)


TASKS = (
    _task("2.1", "linear map, forward", "functional/linear.py", "linear_forward", 1, "LIN.1"),
    _task("2.2", "linear map, backward", "functional/linear.py", "linear_backward", 3,
          "LIN.2, LIN.3, LIN.4"),
    _task("2.3", "layer norm, forward", "functional/layer_norm.py", "layer_norm_forward", 2,
          "LN.1, LN.2"),
    _task("2.4", "layer norm, backward", "functional/layer_norm.py", "layer_norm_backward", 4,
          "LN.3, LN.4, LN.5"),
    _task("2.5", "softmax, forward", "functional/softmax.py", "softmax_forward", 2, "SM.1"),
    _task("2.6", "softmax, backward", "functional/softmax.py", "softmax_backward", 3, "SM.2"),
)

OPEN_TASKS = ()

UNITS = (Unit(2, "Elementary functions", ""),)


def task_named(id):
    """The task of that id, open or not.

    Raises
    ------
    ValueError
        There is none.
    """
    for task in (*TASKS, *OPEN_TASKS):
        if task.id == id:
            return task
    raise ValueError(f"There is no task {id!r}; the tasks run from {TASKS[0].id} to "
                     f"{TASKS[-1].id}, and `albert-np course check` lists them.")
