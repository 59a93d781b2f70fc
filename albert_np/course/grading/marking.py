"""Points for one submission: every task run in the cage, compared here."""

import threading
from dataclasses import dataclass, field

from ..answers import from_json
from ..checking import judge
from ..tasks import TASKS
from ..verdict import Finding, Verdict

VISIBLE_SEED = 0         # of `course check`: what students have seen
PATIENCE = 3             # tasks that may use up their time; the others then get HURRY seconds
HURRY = 2.0

_one_at_a_time = threading.Lock()        # the judge keeps the answers of the package

ENDINGS = {
    "time": ("time", "It did not come to an end within {seconds:g} seconds of computing. Is there "
                     "a loop that never ends?"),
    "disk": ("crash", "It filled the disk, and was stopped."),
    "died": ("crash", "It took the whole process down with it: a crash in compiled code, or "
                      "a recursion without end."),
    "quit": ("crash", "It ended the whole process before it had answered (exit?)."),
    "garbled": ("crash", "It wrote into the pipe of the grader; what arrived was no answer."),
    "broken": ("crash", "It could not be run at all, twice; mark this task by hand."),
}


@dataclass
class Mark:
    """The result of a task.

    Attributes
    ----------
    task : Task
    points : float
        Those of the worst of the checks: a function is right if it is right everywhere.
    visible : Verdict
        With the inputs that students have at home.
    hidden : list of Verdict
        With others.
    """

    task: object
    points: float
    visible: Verdict
    hidden: list = field(default_factory=list)


def mark_submission(files, sandbox, seeds, tasks=TASKS, sizes=None, remark=None):
    """Mark all tasks of a submission.

    Parameters
    ----------
    files : dict of str to str
        From :func:`~albert_np.course.grading.submissions.read_submission`.
    sandbox : Sandbox
    seeds : list of int
        Of the hidden checks.
    tasks : sequence of Task
    sizes : dict of str to int, optional
        Of the visible check, for courses in which every student has other sizes.
    remark : callable, optional
        Called with each Mark.

    Returns
    -------
    list of Mark
    """
    marks, used_up = [], 0
    for task in tasks:
        if task.module not in files:
            missing = Verdict(task.id, 0.0, [Finding("missing", f"There is no {task.module}.")])
            marks.append(Mark(task, 0.0, missing))
            continue
        seconds = HURRY if used_up >= PATIENCE else sandbox.limits.seconds
        ended, answers = sandbox.run(task.id, files, task.module, [VISIBLE_SEED, *seeds],
                                     [sizes, *[None] * len(seeds)], min(seconds,
                                                                       sandbox.limits.seconds))
        used_up += ended == "time"
        marks.append(mark_answers(task, ended, answers, seeds, sizes, seconds))
        if remark is not None:
            remark(marks[-1])
    return marks


def mark_answers(task, ended, answers, seeds, sizes=None, seconds=0.0):
    """Mark what came out of the cage.

    Parameters
    ----------
    task : Task
    ended, answers
        From :meth:`~albert_np.course.grading.sandbox.Sandbox.run`, for the visible seed and then
        `seeds`.
    seeds, sizes : as in :func:`mark_submission`
    seconds : float
        That it was given.

    Returns
    -------
    Mark
    """
    if ended != "answered":
        kind, text = ENDINGS[ended]
        verdict = Verdict(task.id, 0.0, [Finding(kind, text.format(seconds=seconds))])
        return Mark(task, 0.0, verdict)
    verdicts = []
    for number, seed in enumerate([VISIBLE_SEED, *seeds]):
        try:
            rounds = from_json(answers[number])
            with _one_at_a_time:
                verdicts.append(judge(task, rounds, seed, sizes if number == 0 else None))
        except Exception as error:                # whatever a submission made up, the class goes on
            verdicts.append(Verdict(task.id, 0.0, [Finding(
                "crash", f"Its answer cannot be read: {type(error).__name__}: {error}"[:500])]))
    return Mark(task, min(verdict.points for verdict in verdicts), verdicts[0], verdicts[1:])
