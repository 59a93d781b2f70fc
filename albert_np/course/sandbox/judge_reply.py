"""Points for what came out of the sandbox, whatever that is."""

import threading
from typing import NamedTuple

from ..checking.collect_answers import from_json, package_answers
from ..checking.judge_answers import judge
from ..checking.verdict import no_points

# The answers of the package are kept, and warnings are switched off for all threads at once.
one_at_a_time = threading.Lock()

ENDINGS = {
    "time": ("time", "It did not come to an end within {seconds:g} seconds of computing. Is there "
                     "a loop that never ends?"),
    "asleep": ("time", "It did not come to an end within {asleep:g} seconds. Most of them it "
                       "slept or waited."),
    "disk": ("crash", "It filled the disk, and was stopped."),
    "died": ("crash", "It took the whole process down with it ({how}): a crash in compiled code, "
                      "or a recursion without end."),
    "quit": ("crash", "It ended the whole process before it had answered ({how})."),
    "garbled": ("crash", "What arrived was no answer. It wrote into the pipe of the check, or its "
                         "results are far too large."),
    "broken": ("crash", "It could not be run at all, twice; mark this exercise by hand."),
}


class Reply(NamedTuple):
    """How one exercise of one student ended.

    Attributes
    ----------
    ended : str
        "answered", or one of `ENDINGS`: "time", "asleep", "disk": a limit; "died" or "quit": the
        process ended; "garbled": what it sent was no answer; "broken": the server failed, twice.
    rounds : list or None
        What :func:`~albert_np.course.checking.collect_answers.from_json` reads. Not to be trusted.
    how : str
        The signal or the exit status.
    printed : str
        The last lines that the student's code printed; always empty in a cage.
    spent : float
        Seconds that it took, without those in which other processes had the processor.
    """

    ended: str
    rounds: list | None = None
    how: str = ""
    printed: str = ""
    spent: float = 0.0


def judge_reply(exercise, reply, seed, sizes=None, seconds=0.0, changes=True):
    """Compare what came out of the sandbox with what the package gives.

    Parameters
    ----------
    exercise : Exercise
    reply : Reply
    seed, sizes
        With which it was run.
    seconds : float
        That it was given.
    changes : bool
        See :func:`~albert_np.course.checking.diagnose_fault.diagnose`.

    Returns
    -------
    Verdict
    """
    if reply.ended != "answered":
        kind, text = ENDINGS[reply.ended]
        verdict = no_points(exercise, kind, text.format(
            seconds=seconds, asleep=3 * seconds, how=reply.how))
    else:
        with one_at_a_time:
            package_answers(exercise, seed, sizes)        # its errors are not the student's
            try:
                verdict = judge(exercise, from_json(reply.rounds), seed, sizes, changes)
            except Exception as error:    # whatever a submission made up, the class goes on
                verdict = no_points(exercise, "crash", "Its answer cannot be read: "
                                    f"{type(error).__name__}: {error}"[:500])
    verdict.printed, verdict.spent = reply.printed, reply.spent
    return verdict
