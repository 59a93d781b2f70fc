"""The tables of the teacher's page: the units with their goals, and the mistakes by theme.

``python -m albert_np.course.teaching_page tutorials/teaching.md`` writes them into that page.
"""

from __future__ import annotations

import sys

from ..files import read_text, write_whole
from .checking.fault_places import faults_of, place_of
from .checking.mistake_themes import THEMES
from .exercises import EXERCISES, OPEN_EXERCISES, UNITS


def units_table():
    """The units with their goals, for the teacher.

    Returns
    -------
    str
    """
    lines = ["| unit | tutorials | exercises | points | afterwards a student can |",
             "|---|---|---|---|---|"]
    for unit in UNITS:
        exercises = [exercise for exercise in EXERCISES if exercise.unit == unit.number]
        lines.append(f"| {unit.number}. {unit.title} | "
                     f"{', '.join(name[:2] for name in unit.tutorials.split())} | "
                     f"{len(exercises)} | "
                     f"{sum(exercise.points for exercise in exercises)} + "
                     f"{sum(t.points for t in OPEN_EXERCISES if t.unit == unit.number)} | "
                     f"{unit.goals} |")
    return "\n".join(lines)


def mistakes_table():
    """The planted faults of all exercises by theme.

    Returns
    -------
    str
    """
    faults = [(exercise, fault) for exercise in EXERCISES for fault in faults_of(exercise)]
    parts = []
    for theme in THEMES:
        parts += [f"### {theme.title}", "", f"*Ask:* {theme.question}", "",
                  "| exercise | the mistake | the idea | equation |", "|---|---|---|---|"]
        for exercise, fault in faults:
            if fault.concept in theme.concepts:
                wrong = fault.wrong.replace("|", "\\|")
                label = place_of(fault)[1]
                parts.append(f"| {exercise.id} | {wrong} | {fault.concept} | {label} |")
        parts.append("")
    return "\n".join(parts).rstrip()


def generated(text):
    """A page with its generated parts made anew.

    Parameters
    ----------
    text : str
        With ``<!-- units -->`` and ``<!-- mistakes -->``, each followed by ``<!-- end -->``.

    Returns
    -------
    str
    """
    for name, table in (("units", units_table), ("mistakes", mistakes_table)):
        before, begin, rest = text.partition(f"<!-- {name} -->")
        _, end, after = rest.partition("<!-- end -->")
        if not (begin and end):
            raise ValueError(f"The page lacks <!-- {name} --> or its <!-- end -->.")
        text = f"{before}{begin}\n{table()}\n{end}{after}"
    return text


if __name__ == "__main__":
    for page in sys.argv[1:]:
        write_whole(page, generated(read_text(page)).encode())
