"""The texts of a workspace: its README, its pages for the open exercises, and its tests."""

from __future__ import annotations

import textwrap

from ... import __version__
from ..exercises import OPEN_EXERCISES, UNITS

CONFTEST = '''\
"""Lets pytest run the checks of one exercise or unit: ``python -m pytest --exercise 2.1``."""


def pytest_addoption(parser):
    parser.addoption("--exercise", action="append", default=[],
                     help="an exercise, such as 2.1, or a unit, such as 2; may be repeated")
'''

TEST_FILE = '''\
"""One test for each exercise; ``albert-np course check`` says the same in more words."""

from pathlib import Path

import pytest

from albert_np.course.exercises import exercise_named
from albert_np.course.sandbox.sandbox import Sandbox
from albert_np.course.workspace.make_workspace import open_workspace

WORKSPACE = open_workspace(Path(__file__).parent)


def pytest_generate_tests(metafunc):
    wanted = metafunc.config.getoption("--exercise")
    ids = [exercise.id for exercise in WORKSPACE.exercises
           if not wanted or exercise.id in wanted or str(exercise.unit) in wanted]
    metafunc.parametrize("exercise_id", ids)


@pytest.fixture(scope="session")
def sandbox():
    with Sandbox(caged=False) as sandbox:
        yield sandbox


def test_exercise(exercise_id, sandbox):
    exercise = exercise_named(exercise_id)
    verdict = WORKSPACE.check(exercise, sandbox)
    assert verdict.points == exercise.points, "\\n".join(f.text for f in verdict.findings)
'''


def readme(workspace):
    """The README of a workspace.

    Parameters
    ----------
    workspace : Workspace

    Returns
    -------
    str
    """
    first = workspace.exercises[0]
    total = sum(exercise.points for exercise in workspace.exercises)
    pages = [f"""\
# ALBERT by hand: your workspace

Here are {len(workspace.exercises)} exercises, together worth {total} points. Each is a function of
an ALBERT in NumPy with nothing in it. You write it. Everything it calls comes from `albert_np`, so
you can solve the exercises in any order. The order below is the easiest.

## How to work

1. Open a terminal in this folder. `albert-np --version` should answer `albert-np {__version__}`;
   if it does not, install albert-np as your teacher told you.
2. Look at the first exercise, {first.id}: open `{first.module}`, find `{first.functions[0]}`, and
   replace the line `raise NotImplementedError(...)` by your code. Leave the name and the
   arguments as they are. If a comment says what the cache holds, keep to it: the other half of
   the function, forward or backward, relies on it.
3. Check it:

       albert-np course check {first.id}

   The check looks at the forward pass before the backward pass, and at shapes and dtypes before
   values. If a gradient is wrong, it also says what the forward pass does when that entry is
   nudged. If a well-known mistake gives the same result as your function, or two of them do
   together, it names them; if not, and one small change of the right function does, it names the
   change. That takes seconds.
4. See how far you are:

       albert-np course check

   With a number it checks one unit: `albert-np course check {first.unit}`. With `--seed 5` it
   uses other numbers and other sizes. So does the marking.

The letters in the docstrings are sizes: B texts of T tokens, E the width of an embedding, H that of
a hidden state, A heads of D = H/A columns, F the width of the feed-forward network, V pieces in the
vocabulary, L depths, M masked positions. float32 stays float32 and float64 stays float64; do not
change the arguments, unless the docstring says "in place".

To see an equation such as (LN.5) with its derivation, type

    albert-np equation LN.5

This also shows the line of code that computes it, so try first. With pytest installed,
`python -m pytest --exercise {first.id}` runs the same check, and `python -m pytest` all of them.
"""]
    for unit in UNITS:
        if unit.number not in workspace.units:
            continue
        rows = [f"| {exercise.id} | {exercise.title} | `{exercise.module}`: "
                f"{', '.join(f'`{name}`' for name in _written(exercise))} | {exercise.points} | "
                f"{exercise.read} | `albert-np course check {exercise.id}` |"
                for exercise in workspace.exercises if exercise.unit == unit.number]
        pages.append("\n".join([
            f"## Unit {unit.number}: {unit.title}", "",
            *textwrap.wrap(f"Afterwards you can {unit.goals}. The lecture on it: "
                           f"{lectures(unit)} of the project.", 100), "",
            "| exercise | what | where | points | read first | check |",
            "|---|---|---|---|---|---|", *rows, "", *_open_exercise(unit)]))
    return "\n".join(pages)


def lectures(unit):
    """The tutorials of a unit, for a page."""
    names = [f"`tutorials/{name}.py`" for name in unit.tutorials.split()]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _written(exercise):
    """The functions of an exercise, without its constants."""
    return [name for name in exercise.functions if not name.isupper()]


def _open_exercise(unit):
    for exercise in OPEN_EXERCISES:
        if exercise.unit == unit.number:
            text = (f"**Open exercise** ({exercise.points} points, marked by people; write it in "
                    f"`open/unit_{unit.number}.md`): {exercise.title}")
            yield from textwrap.wrap(text, 100)
            yield ""


def open_page(exercise):
    """The page on which an open exercise is answered, with its rubric.

    Parameters
    ----------
    exercise : Exercise

    Returns
    -------
    str
    """
    rubric = [f"| {points} | {what} |" for points, what in exercise.rubric]
    return "\n".join([f"# Unit {exercise.unit}, open exercise", "",
                      *textwrap.wrap(exercise.title, 100), "", f"To read: {exercise.read}.", "",
                      "| points | for |", "|---|---|", *rubric, "", "## Your answer", "", ""])
