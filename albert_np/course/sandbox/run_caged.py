"""The trusted side: hand an exercise to the cage, wait for the answers, and say how it ended."""

import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import linux_calls as linux
from .pipes import Inbox, send

GRACE = 900              # seconds after which a server that says nothing is started anew

# Of the environment, which may hold passwords, a submission sees these and no more.
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONHOME")

# What may be missing on a machine, and what that means.
MISSING = {
    "files": "files cannot be confined here (no Landlock): a submission may read, and where the "
             "user id cannot be changed also alter, what this user can",
    "calls": "system calls cannot be refused here (no seccomp): a submission may open connections",
    "namespaces": "processes cannot be put into a namespace of their own here: they are found and "
                  "ended by their parent, and a submission sees other processes",
}


@dataclass(frozen=True)
class Limits:
    """What one exercise of one student may use.

    Attributes
    ----------
    seconds : float
        Of the processor. It may sleep three times as long.
    memory : int
        Bytes of address space of each of its processes.
    """

    seconds: float = 10.0
    memory: int = 2 << 30


class Sandbox:
    """A cage at work: a server process that forks once for every exercise.

    Parameters
    ----------
    limits : Limits
    without : sequence of str
        Abilities not to use, as on a machine that lacks them; see `MISSING`.

    Attributes
    ----------
    able : dict of str to bool
        What this machine lets a process give up; see :func:`weaknesses`.

    Examples
    --------
    ::

        with Sandbox() as sandbox:
            ended, rounds = sandbox.run(exercise.id, files, exercise.module, seed=0)
    """

    def __init__(self, limits=Limits(), without=()):
        self.limits, self._server, self.able, self._closed = limits, None, {}, False
        self._without = tuple(without)

    def __enter__(self):
        self._start()
        return self

    def __exit__(self, *exception):
        self.close()

    def _start(self):
        linux.keep_memory_private()              # the right answers are in it
        root = str(Path(__file__).resolve().parents[3])
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment.update(PYTHONPATH=root, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0",
                           OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "albert_np.course.sandbox.caged_process", *self._without],
            env=environment, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            start_new_session=True)
        self.able = self._reply(GRACE)
        if self.able is None:
            self._end()
            raise ValueError("The process for the submissions did not start; what it said stands "
                             "above.")

    def close(self):
        """End the server and all that it started, for good; an exercise that runs is given up."""
        self._closed = True
        self._end()

    def _end(self):
        if self._server is not None:
            server, self._server = self._server, None
            try:
                os.killpg(server.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            server.wait()
            server.stdin.close()
            server.stdout.close()

    def run(self, exercise, files, file, seed, sizes=None, seconds=None):
        """Let a student's file answer the questions of one exercise.

        Parameters
        ----------
        exercise : str
            Its id.
        files : dict of str to str
            The texts of the submission, by paths relative to its folder.
        file : str
            Which of them holds the exercise.
        seed : int
        sizes : dict of str to int, optional
            See :class:`~albert_np.course.trials.random_inputs.Draw`.
        seconds : float, optional
            In place of those of the limits.

        Returns
        -------
        ended : str
            "answered"; "time", "disk": a limit; "died" or "quit": the process ended;
            "garbled": what it sent was no answer; "broken": the cage itself failed, twice.
        rounds : list or None
            What :func:`~albert_np.course.checking.collect_answers.from_json` reads. Not to be trusted.

        Raises
        ------
        RuntimeError
            The sandbox was closed, perhaps by another thread.
        """
        seconds = seconds or self.limits.seconds
        request = {"exercise": exercise, "files": files, "file": file, "seed": seed, "sizes": sizes,
                   "seconds": seconds, "memory": self.limits.memory}
        for _ in range(2):
            try:
                if self._server is None:
                    self._start()
                send(self._server.stdin.fileno(), request)
                reply = self._reply(3 * seconds + GRACE)
            except (OSError, ValueError, AttributeError):
                reply = None
            if self._closed:
                self._end()
                raise RuntimeError("the sandbox was closed")
            if reply is not None and reply["ended"] != "broken":
                return reply["ended"], reply.get("answer")
            self._end()
        return "broken", None

    def _reply(self, seconds):
        """The next message of the server; None where it does not come.

        Counts seconds by looking often: a pause of the whole computer is not counted.
        """
        inbox, descriptor, before = Inbox(), self._server.stdout.fileno(), time.monotonic()
        while seconds > 0 and not inbox.complete:
            if select.select([descriptor], [], [], 0.5)[0]:
                piece = os.read(descriptor, inbox.wanted())
                if not piece:
                    return None
                inbox.add(piece)
            now = time.monotonic()
            seconds, before = seconds - min(now - before, 1.0), now
        return inbox.value() if inbox.complete else None


def weaknesses(able):
    """What this machine cannot do, as sentences.

    Parameters
    ----------
    able : dict of str to bool
        See :attr:`Sandbox.able`.

    Returns
    -------
    list of str
    """
    return [text for name, text in MISSING.items() if not able[name]]
