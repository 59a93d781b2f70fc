"""What a check says: points and findings, each one or two sentences for the student."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Finding:
    """One thing that is not right.

    Attributes
    ----------
    kind : str
        "missing" (not written yet), "error", "solution", "time", "crash", "shape", "value",
        "dtype" or "changed".
    text : str
        For the student.
    question : str
        What was asked for.
    fault : str or None
        The planted fault that gives the very same result.
    concept : str or None
        Of that fault.
    label : str
        Of the equation it breaks, such as "LN.5"; "" without one.
    place : (int, str, tuple) or None
        Of a wrong value: the round, the array, and the index.
    change : str
        What, changed in the package's function, gives the very same result; "" if nothing known.
    """

    kind: str
    text: str
    question: str = ""
    fault: str | None = None
    concept: str | None = None
    label: str = ""
    place: tuple | None = None
    change: str = ""


@dataclass
class Verdict:
    """The result of an exercise.

    Attributes
    ----------
    exercise : str
        Its id.
    points : float
        All of the exercise's if every answer is right. Half of them if every value is right, but a
        dtype is not or an input was changed. None otherwise.
    findings : list of Finding
        The most important first; empty if everything is right.
    printed : str
        What the student's code printed.
    spent : float
        Seconds that the student's code took.
    """

    exercise: str
    points: float
    findings: list = field(default_factory=list)
    printed: str = ""
    spent: float = 0.0


def no_points(exercise, kind, text):
    """The verdict of an exercise with one finding, which costs all points."""
    return Verdict(exercise.id, 0.0, [Finding(kind, text)])
