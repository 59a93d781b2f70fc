"""The trusted side: let a student's file answer in a process of its own, and judge it here."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ..checking.exercises_used import called_by_trials_alone, exercises_used
from ..checking.functions_allowed import functions_allowed
from ..exercises import EXERCISES
from .emptied_package import emptied_modules, functions_to_fill_in
from .files_needed import files_needed
from .folders import remove_folder
from .judge_reply import Reply, judge_reply, one_at_a_time
from .pipes import Inbox, send

GRACE = 900              # seconds after which a server that says nothing is started anew
PARTING = 10             # seconds for a server to end what it started

# Of the environment, which may hold passwords, a submission sees these and no more.
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONHOME")

# What may be missing on a machine, and what that means.
MISSING = {
    "files": "files cannot be confined here (no Landlock): a submission may read what this "
             "user can, and without another user id also change it; it may leave files that a "
             "later submission reads",
    "calls": "system calls cannot be refused here (no seccomp): a submission may open connections "
             "and start other processes, each with its own share of memory; it may keep memory in "
             "files without a name (memfd)",
    "namespaces": "processes cannot be put into namespaces of their own here: they are found and "
                  "ended by their parent, and a submission sees other processes",
}
# What is missing if none of several abilities is there.
MISSING_BOTH = {
    ("calls", "namespaces"): "a submission may pass something to a later one in System V shared "
                             "memory, semaphores and messages, and leave it on this machine",
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
    """A server process that forks once for every exercise.

    Parameters
    ----------
    limits : Limits
    caged : bool
        Lock the process of a student in. Without a cage, a student's file runs in its own folder
        with all rights of the user, and what it prints is kept: for a student's own machine.
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
            verdict = sandbox.check(exercise, files, seed=0)
    """

    def __init__(self, limits=Limits(), caged=True, without=()):
        self.limits, self.caged, self._without = limits, caged, tuple(without)
        self._server, self._folder, self.able, self._closed = None, None, {}, False
        self._ending = threading.Lock()

    def __enter__(self):
        self._start()
        if self.caged and self.run(EXERCISES[0], {}, 0).ended == "broken":
            self.close()
            raise ValueError("No process for a submission can be started here. Run the command as "
                             "an ordinary user, or as root with all capabilities.")
        return self

    def __exit__(self, *exception):
        self.close()

    def _start(self):
        if not hasattr(os, "fork"):
            raise ValueError("The check needs a system whose processes can fork, such as Linux or "
                             "macOS; under Windows use WSL.")
        environment, paths = dict(os.environ), [str(Path(__file__).resolve().parents[3])]
        if self.caged:
            if sys.platform != "linux":
                raise ValueError("Submissions are marked under Linux, which can lock them in.")
            from .linux_calls import keep_memory_private

            keep_memory_private()                # the right answers are in it
            environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        paths += filter(None, [environment.get("PYTHONPATH")])
        # The child's own environment: a process that forks must have one thread, NumPy's included.
        environment.update(PYTHONPATH=os.pathsep.join(paths), PYTHONDONTWRITEBYTECODE="1",
                           PYTHONUNBUFFERED="1", PYTHONHASHSEED="0", OPENBLAS_NUM_THREADS="1",
                           OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
        with self._ending:                       # who closes waits, and ends this server
            self._refuse_if_closed()
            self._server = subprocess.Popen(
                [sys.executable, "-m", "albert_np.course.sandbox.forking_server",
                 *(self._without if self.caged else ["uncaged"])],
                env=environment, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                start_new_session=True)
        try:
            send(self._server.stdin.fileno(), emptied_modules())
            started = self._receive(GRACE)
        except OSError:                          # it has ended
            started = None
        if started is None:
            self._end()
            raise ValueError("The process for the students' code did not start; the lines above "
                             "say why.")
        self.able, self._folder = started["able"], started["folder"]

    def _refuse_if_closed(self):
        if self._closed:
            raise RuntimeError("the sandbox was closed")

    def close(self):
        """End the server and all that it started, for good; an exercise that runs is given up."""
        self._closed = True
        self._end()

    def _end(self):
        with self._ending:                       # who closes and who runs an exercise may be two
            self._end_server()

    def _end_server(self):
        if self._server is not None:
            server, self._server = self._server, None
            self._signal(server, signal.SIGTERM)             # the keeper ends what it keeps
            with contextlib.suppress(OSError, ValueError):   # and has the pipe open until then
                while (select.select([server.stdout], [], [], PARTING)[0]
                       and os.read(server.stdout.fileno(), 1 << 20)):
                    pass
            self._signal(server, signal.SIGKILL)
            server.wait()
            server.stdin.close()
            server.stdout.close()
        if self._folder is not None:
            remove_folder(self._folder)
            self._folder = None

    @staticmethod
    def _signal(server, number):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(server.pid, number)

    def check(self, exercise, files, seed, sizes=None, seconds=None):
        """Run a student's file and judge its answers; parameters as in :meth:`run`.

        Returns
        -------
        Verdict
        """
        seconds = seconds or self.limits.seconds
        reply = self.run(exercise, files, seed, sizes, seconds)
        # Looking for a change takes seconds: a student at home has them, a class has not.
        return judge_reply(exercise, reply, seed, sizes, seconds, changes=not self.caged)

    def run(self, exercise, files, seed, sizes=None, seconds=None):
        """Let a student's file answer the questions of one exercise.

        Parameters
        ----------
        exercise : Exercise
        files : dict of str to str, or Path
            The texts of the submission, by paths relative to its folder; without a cage, the
            folder itself.
        seed : int
        sizes : dict of str to int, optional
            See :class:`~albert_np.course.trials.random_inputs.Draw`.
        seconds : float, optional
            In place of those of the limits.

        Returns
        -------
        Reply

        Raises
        ------
        RuntimeError
            The sandbox was closed, perhaps by another thread.
        """
        seconds = seconds or self.limits.seconds
        with one_at_a_time:
            used = exercises_used(exercise, seed, sizes)
            allowed = functions_allowed(exercise, seed, tuple(sorted((sizes or {}).items())))
            hidden = called_by_trials_alone(exercise, seed, sizes)
        request = {"exercise": exercise.id, "seed": seed, "sizes": sizes, "seconds": seconds,
                   "memory": self.limits.memory, "used": used,
                   "functions": functions_to_fill_in(exercise, used),
                   "allowed": allowed, "hidden": hidden,
                   **({"files": files_needed(files, exercise.module)} if self.caged else
                      {"folder": str(Path(files).resolve())})}
        for _ in range(2):
            self._refuse_if_closed()
            try:
                if self._server is None:
                    self._start()
                send(self._server.stdin.fileno(), request)
                reply = self._receive(3 * seconds + GRACE)
                if reply is not None and reply["ended"] == "answered":
                    reply |= self._answers()
            except (OSError, ValueError, AttributeError):
                reply = None
            if self._closed:
                self._end()
                self._refuse_if_closed()
            if reply is not None and reply["ended"] != "broken":
                return Reply(**reply)
            self._end()
        return Reply("broken")

    def _answers(self):
        """What follows on a reply: the message of the student's process, as it was sent there."""
        inbox = self._inbox(GRACE)
        if inbox is None:
            return {"ended": "broken"}
        try:
            return {"rounds": inbox.value()}
        except Exception:                        # no JSON, or too large for the memory
            return {"ended": "garbled"}

    def _receive(self, seconds):
        """What the next message of the server says; None if it does not come."""
        inbox = self._inbox(seconds)
        return inbox.value() if inbox else None

    def _inbox(self, seconds):
        """The next message of the server, complete; None if it does not come.

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
        return inbox if inbox.complete else None


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
    return [*(text for name, text in MISSING.items() if not able[name]),
            *(text for names, text in MISSING_BOTH.items() if not any(map(able.get, names)))]
