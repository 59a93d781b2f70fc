"""``albert-np course grade``, ``autograder`` and ``notebooks``: for those who teach."""

import contextlib
import secrets
import signal
from pathlib import Path

from .output_folder import refuse_existing

GRADE = "mark a folder of submissions, or one of them"
AUTOGRADER = "write the zip file that Gradescope runs"
NOTEBOOKS = "write the assignments as notebooks"


def add(commands):
    """Add the three to the commands of ``course``, an object from ``add_subparsers``."""
    grade = commands.add_parser("grade", help=GRADE, description=(
        "Mark every submission in a folder: each a folder, a zip file or a notebook named after "
        "the student. What is none of these is named. Each exercise runs in a process without "
        "network, files and rights; its results are compared outside of that process. The column "
        "similarity compares the text of each function with the package's own, for people to "
        "look at. If a run is interrupted, the same command continues it. Needs Linux."))
    grade.set_defaults(run=_grade)
    grade.add_argument("submissions", metavar="SUBMISSIONS",
                       help="the folder; with --results one submission")
    grade.add_argument("--output", metavar="FILE", default="grades.csv",
                       help="the table, outside of SUBMISSIONS (default: %(default)s); what each "
                            "student is told goes into a folder beside it, grades.results")
    grade.add_argument("--results", metavar="FILE",
                       help="mark one submission and write Gradescope's results.json, a new "
                            "file, instead")
    grade.add_argument("--workers", type=int, metavar="N",
                       help="submissions marked at the same time (default: one per processor)")
    grade.add_argument("--quiet", action="store_true", help="no progress bar")
    autograder = commands.add_parser("autograder", help=AUTOGRADER, description=(
        "Write the zip file that Gradescope runs for every submission. It holds the hidden seed "
        "and the solution; students do not see it."))
    autograder.set_defaults(run=_autograder)
    autograder.add_argument("output", metavar="FILE", nargs="?", default="autograder.zip",
                            help="a new file (default: %(default)s)")
    for parser in (grade, autograder):
        parser.add_argument("--units", default="1-9", metavar="UNITS",
                           help="such as 1-6 or 2,4 (default: %(default)s)")
        parser.add_argument("--seed", type=int, metavar="N",
                            help="the seed of the hidden inputs (default: the command draws one "
                                 "and keeps it with the results)")
        parser.add_argument("--visible-seed", type=int, default=0, metavar="N",
                            help="the seed of the inputs that students are told about, which is "
                                 "the seed of their workspaces (default: %(default)s)")
        parser.add_argument("--seconds", type=float, default=10.0, metavar="S",
                            help="processor time for one exercise, in seconds; after ten times "
                                 "as many, the others of the submission get a tenth each "
                                 "(default: %(default)g)")
        parser.add_argument("--memory", type=float, default=2.0, metavar="GIB",
                            help="address space of one process (default: %(default)g)")
    notebooks = commands.add_parser("notebooks", help=NOTEBOOKS, description=(
        "Write the assignments as notebooks, one for each module, with nbgrader's metadata."))
    notebooks.set_defaults(run=_notebooks)
    notebooks.add_argument("folder", metavar="FOLDER")
    notebooks.add_argument("--units", default="1-9", metavar="UNITS",
                           help="such as 1-6 or 2,4 (default: %(default)s)")
    notebooks.add_argument("--hints", choices=("none", "shapes", "steps"), default="shapes",
                           help="how much of the derivations is kept (default: %(default)s)")


class _Stopped(KeyboardInterrupt):
    """As Ctrl-C; its argument is the number of the signal."""


@contextlib.contextmanager
def _stopped_once():
    """Let SIGTERM, and SIGHUP of a terminal that is closed, end what runs as Ctrl-C does.

    Only the first signal counts: a second one would stop the removal of what submissions left.
    """
    def stop(number, _):
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise _Stopped(number)

    numbers = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP"))
    before = {number: signal.getsignal(number) for number in numbers if number}    # not on Windows
    before = {number: handler for number, handler in before.items()    # nohup ignores SIGHUP
              if handler in (signal.SIG_DFL, signal.default_int_handler)}
    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _grade(options):
    try:
        with _stopped_once():
            return _grade_all(options)
    except _Stopped as stopped:
        if stopped.args[0] == signal.SIGINT:
            raise
        return 128 + stopped.args[0]


def _grade_all(options):
    from ..course.marking.mark_class import grade_class, grade_one

    exercises, limits = _exercises(options.units), _limits(options)
    _refuse_bad_numbers(options)
    refuse_existing(options.results, "--results")
    if options.results is not None:
        from ..files import write_whole
        from ..files.json_objects import json_file

        # A seed that can be guessed could be answered from a table that was made at home.
        seed = secrets.randbelow(2**53) if options.seed is None else options.seed
        value = grade_one(options.submissions, seed, exercises, limits, options.visible_seed)
        write_whole(options.results, json_file(value, 1))
        print(value["output"])
        return 0
    rows = grade_class(options.submissions, options.output, options.seed, exercises, limits,
                       options.visible_seed, options.workers, options.quiet)
    mean = sum(row["percent"] for row in rows) / len(rows)
    print(f"{len(rows)} submissions, {mean:.1f} % of the points on average: {options.output}")
    return 0


def _autograder(options):
    from ..course.marking.gradescope_zip import write_autograder

    _exercises(options.units), _limits(options)              # what would be refused later
    _refuse_bad_numbers(options)
    refuse_existing(options.output, "FILE")
    seed = secrets.randbelow(2**53) if options.seed is None else options.seed
    write_autograder(options.output, seed, [
        f"--units {options.units}", f"--visible-seed {options.visible_seed}",
        f"--seconds {options.seconds:g}", f"--memory {options.memory:g}"])
    print(f"{options.output}, with the hidden seed {seed}")
    return 0


def _refuse_bad_numbers(options):
    for name in ("seed", "visible_seed", "workers"):
        value, least = getattr(options, name, None), 1 if name == "workers" else 0
        if value is not None and value < least:
            raise ValueError(f"--{name.replace('_', '-')} is {value}; it must be {least} or more.")


def _limits(options):
    from ..course.sandbox.sandbox import Limits

    if not 0 < options.seconds <= 3600:
        raise ValueError(f"--seconds is {options.seconds:g}; it must be above 0 and at most 3600.")
    if not 0.5 <= options.memory <= 1024:
        raise ValueError(f"--memory is {options.memory:g}; it must be from 0.5 (NumPy needs that "
                         f"much) to 1024 GiB.")
    return Limits(options.seconds, int(options.memory * 2**30))


def _exercises(units):
    from ..course.exercises import exercises_of_units, parse_units

    return exercises_of_units(parse_units(units))


def _notebooks(options):
    from ..course.marking.notebooks import write_notebooks
    from ..course.workspace.empty_functions import emptied_modules

    folder = Path(options.folder)
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if there:
        raise ValueError(f"the folder {folder} is not empty ({there[0]}); give the notebooks a new "
                         f"folder")
    exercises = _exercises(options.units)
    sources = emptied_modules(exercises, options.hints)
    for path in write_notebooks(options.folder, sources, exercises):
        print(path)
    return 0
