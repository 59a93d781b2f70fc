"""Points for one submission: check every exercise in the sandbox."""

import hashlib
from dataclasses import dataclass

from ..checking.verdict import Verdict, no_points
from ..exercises import EXERCISES, Exercise

PATIENCE = 10            # times the seconds of an exercise, for all exercises of a submission
HURRY = 0.1              # of these seconds for each exercise that is left then,
LEAST = 1.0              # but at least this many


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
    marks, spent, usual = [], 0.0, sandbox.limits.seconds
    for exercise in exercises:
        if exercise.module not in files:
            verdict = no_points(exercise, "missing", f"There is no file {exercise.module}.")
            marks.append(Mark(exercise, verdict, verdict))
            continue
        seconds = usual if spent < PATIENCE * usual else min(usual, max(HURRY * usual, LEAST))
        verdict = sandbox.check(exercise, files, seed_of_inputs(seed, exercise), seconds=seconds)
        kinds = {finding.kind for finding in verdict.findings}
        # What is not there, or does not end, is so for all inputs.
        visible = (verdict if not kinds or kinds & {"missing", "time"} else
                   sandbox.check(exercise, files, visible_seed, seconds=seconds))
        spent += verdict.spent + (visible.spent if visible is not verdict else 0.0)
        marks.append(Mark(exercise, verdict, visible))
    return marks


def seed_of_inputs(seed, exercise):
    """The seed of the hidden inputs of one exercise, from which the hidden seed cannot be found.

    The process of a student knows it. It tells no more than the inputs, which that process has too.
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {exercise.id}".encode()).digest()[:8], "big")
