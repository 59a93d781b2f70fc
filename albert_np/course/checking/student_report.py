"""What a student reads on the screen: one exercise in full, or the progress over all."""

from __future__ import annotations

import textwrap

WIDTH = 100


def verdict_lines(exercise, verdict, most=4):
    """A verdict in full.

    Parameters
    ----------
    exercise : Exercise
    verdict : Verdict
    most : int
        How many findings are told.

    Returns
    -------
    list of str
    """
    lines = [f"{exercise.id}  {exercise.title}: {verdict.points:g} of {exercise.points} points"]
    for finding in verdict.findings[:most]:
        lines += textwrap.wrap(finding.text, WIDTH, initial_indent="  - ", subsequent_indent="    ")
    if len(verdict.findings) > most:
        lines.append(f"  and {len(verdict.findings) - most} more that may follow from these")
    if not verdict.findings:
        lines.append("  Everything is right.")
    if verdict.printed.strip():
        lines += ["  Your code printed:", *(f"    {line}" for line in
                                           verdict.printed.strip().splitlines()[-12:])]
    return lines


def progress_lines(results):
    """A table of all exercises, a line for each as soon as it is known, and the sums of the units.

    Parameters
    ----------
    results : iterable of (Exercise, Verdict)

    Yields
    ------
    str
    """
    yield f"{'exercise':6s} {'':38s} {'points':>8s}  state"
    known = []
    for exercise, verdict in results:
        if known and exercise.unit != known[-1][0].unit:
            yield _unit_line(known)
        known.append((exercise, verdict))
        yield (f"{exercise.id:6s} {exercise.title[:38]:38s} {verdict.points:4g} "
               f"/{exercise.points:2d}  {state(verdict)}")
    yield _unit_line(known)
    yield _sum_line("all", known)


def _unit_line(known):
    unit = known[-1][0].unit
    return _sum_line(f"unit {unit}", [one for one in known if one[0].unit == unit])


def _sum_line(what, results):
    points = sum(verdict.points for _, verdict in results)
    return f"{'':6s} {what:38s} {points:4g} /{sum(exercise.points for exercise, _ in results):2d}"


def state(verdict):
    """A verdict in a few words."""
    if not verdict.findings:
        return "done"
    finding = verdict.findings[0]
    if finding.kind == "missing":
        return "not written yet"
    if finding.concept:
        return f"{finding.concept} ({finding.label})" if finding.label else finding.concept
    return {"error": "stops with an error", "solution": "takes the solution from albert_np",
            "time": "does not end", "crash": "takes the process down", "shape": "wrong shape",
            "value": "wrong value", "dtype": "right, but the dtype changes",
            "changed": "right, but it changes its input"}[finding.kind]
