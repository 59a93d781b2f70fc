"""``albert-np course``: assignments made from the source, and checks that teach."""

import argparse

from . import course_marking

DESCRIPTION = """\
Make a student's workspace, and check what was written in it.

A workspace holds modules of this package. In them, the functions of the exercises are empty. The
check runs each function on random inputs and compares the results with the package's results.
It also compares them with the package's results under every planted fault, so that it can name the
mistake.
"""


def add(commands):
    """Add ``course`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "course", help="exercises from the source, and a check that names the mistake",
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(title="parts", metavar="PART", required=True)

    new = parts.add_parser("new", help="make a student's workspace")
    new.set_defaults(run=_new)
    new.add_argument("folder", metavar="FOLDER", help="where; it must not exist, or be empty")
    new.add_argument("--units", default="1-9", metavar="UNITS",
                     help="such as 1-6 or 2,4 (default: %(default)s)")
    new.add_argument("--hints", choices=("none", "shapes", "steps"), default="shapes",
                     help="what is left of the docstrings: the first sentence; what goes in and "
                          "comes out (default); everything, with the derivation")
    new.add_argument("--seed", type=int, default=0, metavar="N",
                     help="of the checks' inputs and sizes; another number gives another student "
                          "other sizes (default: %(default)s)")

    check = parts.add_parser("check", help="check one exercise, a unit, or all of a workspace")
    check.set_defaults(run=_check)
    check.add_argument("exercise", nargs="?", metavar="EXERCISE",
                       help="an exercise, such as 2.1, or a unit, such as 2; without it, all of "
                            "them, as a table")
    check.add_argument("--workspace", default=".", metavar="FOLDER",
                       help="where it is (default: here)")
    check.add_argument("--seed", type=int, metavar="N", help="use other numbers and sizes")
    check.add_argument("--seconds", type=float, default=10.0, metavar="S",
                       help="after which an exercise is stopped (default: %(default)g)")
    course_marking.add(parts)


def _new(options):
    from ..course.exercises import parse_units
    from ..course.workspace.make_workspace import make_workspace

    if options.seed < 0:
        raise ValueError(f"--seed is {options.seed}; it must be 0 or more.")
    workspace = make_workspace(options.folder, parse_units(options.units), options.hints,
                               options.seed)
    points = sum(exercise.points for exercise in workspace.exercises)
    print(f"{options.folder}: {len(workspace.exercises)} exercises, {points} points. Begin with "
          f"README.md in it.")
    return 0


def _check(options):
    from ..course.checking.student_report import progress_lines, verdict_lines
    from ..course.sandbox.sandbox import Limits, Sandbox
    from ..course.workspace.make_workspace import open_workspace

    workspace = open_workspace(options.workspace)
    chosen = [exercise for exercise in workspace.exercises
              if options.exercise in (None, exercise.id, str(exercise.unit))]
    if not chosen:
        raise ValueError(f"This workspace has no exercise or unit {options.exercise}; its units "
                         f"are {', '.join(map(str, workspace.units))}, and its first exercise is "
                         f"{workspace.exercises[0].id}.")
    if not options.seconds > 0:
        raise ValueError(f"--seconds is {options.seconds:g}; it must be above 0.")
    seed = workspace.seed if options.seed is None else options.seed
    if seed < 0:
        raise ValueError(f"--seed is {seed}; it must be 0 or more.")
    right = []
    with Sandbox(Limits(options.seconds), caged=False) as sandbox:
        def verdicts():
            for exercise in chosen:
                verdict = workspace.check(exercise, sandbox, seed)
                right.append(verdict.points == exercise.points)
                yield exercise, verdict

        lines = (verdict_lines(*next(verdicts())) if len(chosen) == 1
                 else progress_lines(verdicts()))
        for line in lines:
            print(line, flush=True)
    return 0 if all(right) else 1
