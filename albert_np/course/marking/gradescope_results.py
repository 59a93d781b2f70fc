"""Gradescope's ``results.json``: the marks of one submission, as its documentation describes.

https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

import math

from .harmless_text import printable

OUTPUT_LENGTH = 4000             # characters told of one exercise


def results(marks, seconds=None, remarks=(), extra=None):
    """The contents of ``results.json``.

    Every exercise is a test with its points, and with what `course check` says of it. If that
    finds nothing but the hidden inputs do, a second test without points tells the teachers alone.

    Parameters
    ----------
    marks : list of Mark
    seconds : float, optional
        That the marking took.
    remarks : sequence of str
        About the whole submission.
    extra : dict, optional
        Kept by Gradescope and shown to nobody.

    Returns
    -------
    dict
    """
    tests = []
    for mark in marks:
        points = mark.verdict.points
        hidden, said = map(_told, (mark.verdict, mark.visible))
        if not said and hidden:
            said = ["It is right for the inputs that `course check` uses and wrong for others."]
        title = f"{mark.exercise.title} ({mark.exercise.functions[0]})"
        tests.append({
            "name": title, "number": mark.exercise.id, "score": points,
            "max_score": float(mark.exercise.points),
            "status": "passed" if points == mark.exercise.points else "failed",
            "output": "\n".join(said)[:OUTPUT_LENGTH] or "Right.", "output_format": "text",
            "tags": [f"unit {mark.exercise.unit}"], "visibility": "visible"})
        if hidden and not mark.visible.findings:
            tests.append({
                "name": f"{title}, hidden inputs", "number": f"{mark.exercise.id}h", "score": 0.0,
                "max_score": 0.0, "status": "failed", "output": "\n".join(hidden)[:OUTPUT_LENGTH],
                "output_format": "text", "visibility": "hidden"})
    points = math.fsum(mark.verdict.points for mark in marks)
    of = sum(mark.exercise.points for mark in marks)
    words = [f"{points:g} of {of:g} points. Open exercises are not in this sum.", *remarks]
    value = {"score": points, "output": "\n".join(words), "output_format": "text",
             "visibility": "visible", "stdout_visibility": "hidden", "tests": tests,
             "extra_data": extra or {}}
    if seconds is not None:
        value["execution_time"] = round(seconds, 3)
    return value


def _told(verdict):
    """The texts of the findings; what an exception of the student says may hold anything."""
    return ["\n".join(printable(line, OUTPUT_LENGTH) for line in finding.text.split("\n"))
            for finding in verdict.findings]
