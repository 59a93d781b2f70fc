"""Check files that are not trusted: a child process runs them, this one judges."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from ...files import read_text
from ..checking.collect_answers import from_json
from ..checking.judge_answers import judge
from ..checking.verdict import Finding, Verdict

SECONDS = 10.0             # for one exercise; the slowest needs a fraction of one


class Runner:
    """A child process that answers for files, one exercise at a time.

    Parameters
    ----------
    seconds : float
        After which an exercise is stopped.
    command : list of str
        Put in front of the child's own command line.

    Examples
    --------
    ::

        with Runner() as runner:
            verdict = runner.check(exercise, "functional/layer_norm.py", seed=0)
    """

    def __init__(self, seconds=SECONDS, command=()):
        self.seconds, self.command, self._process = seconds, command, None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End the child."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.terminate()
            self._process.wait()
            self._process.stdout.close()
            self._process = None

    def check(self, exercise, path, seed, sizes=None):
        """Check one exercise of one file.

        Parameters
        ----------
        exercise : Exercise
        path : str or Path
        seed : int
        sizes : dict of str to int, optional

        Returns
        -------
        Verdict
        """
        try:
            read_text(path)
        except FileNotFoundError:
            return Verdict(exercise.id, 0.0, [Finding("missing", f"There is no file {path}.")])
        except ValueError as error:
            return Verdict(exercise.id, 0.0, [Finding("error", str(error))])
        reply = self._ask({"exercise": exercise.id, "file": str(Path(path).resolve()), "seed": seed,
                           "sizes": sizes, "seconds": self.seconds})
        try:
            rounds = from_json(reply["rounds"])
        except ValueError as error:
            return Verdict(exercise.id, 0.0, [Finding("crash", str(error))], reply["printed"])
        verdict = judge(exercise, rounds, seed, sizes)
        verdict.printed = reply["printed"]
        return verdict

    def _ask(self, request):
        if self._process is None:
            if not hasattr(os, "fork"):
                raise ValueError("The check needs a system whose processes can fork, such as Linux "
                                 "or macOS; under Windows use WSL.")
            environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
                           "MKL_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
                           "PYTHONPATH": os.pathsep.join(
                               [str(Path(__file__).resolve().parents[3]),
                                *filter(None, [os.environ.get("PYTHONPATH")])])}
            self._process = subprocess.Popen(
                [*self.command, sys.executable, "-m", "albert_np.course.sandbox.unsecured_process"], text=True,
                encoding="utf-8", stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            self.close()
            return {"rounds": [[{"name": "", "leaves": {}, "changed": [], "error": "Crash",
                                 "message": "the process that ran it was ended"}]], "printed": ""}
        return json.loads(line)
