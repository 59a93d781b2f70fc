"""Points for one submission: every exercise run in the cage, compared here."""

import threading
from dataclasses import dataclass

from ..checking.collect_answers import from_json
from ..checking.judge_answers import judge
from ..exercises import EXERCISES
from ..checking.verdict import Finding, Verdict

PATIENCE = 3             # exercises that may use up their time; the others then get HURRY seconds
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
    "broken": ("crash", "It could not be run at all, twice; mark this exercise by hand."),
}


@dataclass
class Mark:
    """The result of an exercise.

    Attributes
    ----------
    exercise : Exercise
    verdict : Verdict
        With the hidden inputs; its points count.
    visible : Verdict
        With the inputs that students have at home. Where the hidden ones found nothing, it is the
        same object: a function that is right for other inputs is right for these.
    """

    exercise: object
    verdict: Verdict
    visible: Verdict


def mark_submission(files, sandbox, seed, exercises=EXERCISES, visible_seed=0):
    """Mark all exercises of a submission.

    Parameters
    ----------
    files : dict of str to str
        From :func:`~albert_np.course.marking.read_submissions.read_submission`.
    sandbox : Sandbox
    seed : int
        Of the hidden inputs.
    exercises : sequence of Exercise
    visible_seed : int
        Of the inputs that students have at home.

    Returns
    -------
    list of Mark
    """
    marks, used_up = [], 0
    for exercise in exercises:
        if exercise.module not in files:
            verdict = _verdict(exercise, "missing", f"There is no file {exercise.module}.")
            marks.append(Mark(exercise, verdict, verdict))
            continue
        seconds = min(sandbox.limits.seconds, HURRY if used_up >= PATIENCE else 1e9)
        verdict = _mark(exercise, files, sandbox, seed, seconds)
        kinds = {finding.kind for finding in verdict.findings}
        used_up += "time" in kinds
        # What is not there, or does not end, is so for all inputs.
        visible = (verdict if not kinds or kinds & {"missing", "time"} else
                   _mark(exercise, files, sandbox, visible_seed, seconds))
        marks.append(Mark(exercise, verdict, visible))
    return marks


def _mark(exercise, files, sandbox, seed, seconds):
    ended, rounds = sandbox.run(exercise.id, files, exercise.module, seed, seconds=seconds)
    return judge_answers(exercise, ended, rounds, seed, seconds)


def judge_answers(exercise, ended, rounds, seed, seconds=0.0):
    """Compare what came out of the cage with what the package gives.

    Parameters
    ----------
    exercise : Exercise
    ended, rounds
        From :meth:`~albert_np.course.sandbox.run_caged.Sandbox.run`.
    seed : int
        With which it was run.
    seconds : float
        That it was given.

    Returns
    -------
    Verdict
    """
    if ended != "answered":
        kind, text = ENDINGS[ended]
        return _verdict(exercise, kind, text.format(seconds=seconds))
    try:
        with _one_at_a_time:
            return judge(exercise, from_json(rounds), seed)
    except Exception as error:                    # whatever a submission made up, the class goes on
        return _verdict(exercise, "crash",
                        f"Its answer cannot be read: {type(error).__name__}: {error}"[:500])


def _verdict(exercise, kind, text):
    return Verdict(exercise.id, 0.0, [Finding(kind, text)])
