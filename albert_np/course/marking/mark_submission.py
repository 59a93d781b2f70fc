"""Points for one submission: check every exercise in the sandbox."""

from dataclasses import dataclass

from ..checking.verdict import Verdict, no_points
from ..exercises import EXERCISES, Exercise

PATIENCE = 3             # exercises that may use up their time; the others then get HURRY seconds
HURRY = 2.0


@dataclass
class Mark:
    """The result of an exercise.

    Attributes
    ----------
    exercise : Exercise
    verdict : Verdict
        With the hidden inputs; its points count.
    visible : Verdict
        With the inputs that students have at home. If the hidden inputs find nothing, it is the
        same object: a function that is right for other inputs is right for these.
    """

    exercise: Exercise
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
            verdict = no_points(exercise, "missing", f"There is no file {exercise.module}.")
            marks.append(Mark(exercise, verdict, verdict))
            continue
        seconds = min(sandbox.limits.seconds, HURRY if used_up >= PATIENCE else 1e9)
        verdict = sandbox.check(exercise, files, seed, seconds=seconds)
        kinds = {finding.kind for finding in verdict.findings}
        used_up += "time" in kinds
        # What is not there, or does not end, is so for all inputs.
        visible = (verdict if not kinds or kinds & {"missing", "time"} else
                   sandbox.check(exercise, files, visible_seed, seconds=seconds))
        marks.append(Mark(exercise, verdict, visible))
    return marks
