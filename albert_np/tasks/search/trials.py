"""Trials: processes, several at a time, and what came of each."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from math import isfinite
from pathlib import Path

from ...files.json_objects import read_object
from . import watched

RESULTS, EPOCHS = "results.json", "epochs.json"
_PAUSE = 0.05                  # seconds between two looks at the processes
_TAIL = 20_000                 # bytes of a log in which its last line is looked for


def trial_folder(output, number):
    """The folder of a trial.

    >>> print(trial_folder("runs", 7))
    runs/trial-007
    """
    return Path(output) / f"trial-{number:03d}"


def log_file(output, number):
    """Where what a trial prints goes: beside its folder, which is the command's own."""
    return Path(output) / f"trial-{number:03d}.log"


def run_trials(commands, output, jobs, hopeless=lambda number: False):
    """Run commands, so many at a time; yield each one's number when it ends.

    What an earlier attempt left in the folder of a trial is removed before. When the generator is
    closed, or an exception such as KeyboardInterrupt goes through it, what still runs is killed.

    Parameters
    ----------
    commands : iterable of (int, list of str)
        The number of the trial and its command; the next is taken when there is room for it.
    output : Path
    jobs : int
    hopeless : callable
        ``hopeless(number) -> bool``: whether a trial that runs is to be stopped.

    Yields
    ------
    number : int
    status : int
        The exit status, 128 + n where signal n ended the process.
    stopped : bool
        Whether it was stopped as hopeless.
    """
    commands, running, more = iter(commands), {}, True
    try:
        while more or running:
            while more and len(running) < jobs:
                number, command = next(commands, (None, None))
                more = number is not None
                if more:
                    running[number] = _start(command, output, number)
            stopped = {number for number in running if hopeless(number)}
            for number in stopped:
                running[number].stdin.close()            # the end of the rope: see watched.py
                running[number].wait()
            ended = [number for number, process in running.items() if process.poll() is not None]
            for number in ended:
                process = running.pop(number)
                process.stdin.close()
                status = process.returncode
                yield number, status if status >= 0 else 128 - status, number in stopped
            if not ended:
                time.sleep(_PAUSE)
    finally:
        for process in running.values():
            process.stdin.close()
        for process in running.values():
            process.wait()


def _start(command, output, number):
    folder = trial_folder(output, number)
    if folder.exists():
        shutil.rmtree(folder)
    # As a file, not as a module of the package: it needs nothing else, and starts at once.
    command = [sys.executable, "-I", watched.__file__, *command]
    with open(log_file(output, number), "wb") as log:
        # A session of its own: Ctrl-C in the terminal reaches the search alone, which ends this.
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log,
                                start_new_session=True)


def reached(output, number):
    """The figures that a trial has reached so far, one for each epoch: a list of float."""
    try:
        return [float(value) for value in
                json.loads((trial_folder(output, number) / EPOCHS).read_text("utf-8"))]
    except (OSError, ValueError, TypeError):             # not there yet
        return []


def read_outcome(output, number):
    """What a trial reached.

    Parameters
    ----------
    output : Path
    number : int

    Returns
    -------
    dict or None
        ``metric``, ``score``, ``low``, ``high`` (None without an interval) and ``seconds``. None
        where the trial is not finished.

    Raises
    ------
    ValueError
        There are results, but no score in them.
    """
    path = trial_folder(output, number) / RESULTS
    if not path.exists():
        return None
    results = read_object(path)
    try:
        metric = results["metric"]
        figure = results["validation"][metric]
        score = float(figure["value"])
        low, high = (None if figure.get(end) is None else float(figure[end])
                     for end in ("low", "high"))
        seconds = None if results.get("seconds") is None else float(results["seconds"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError(f"{path} has no score: it must name a metric, and hold its value as "
                         f"validation[metric].value.") from None
    if not isfinite(score):
        raise ValueError(f"the {metric} is {score}.")
    return {"metric": metric, "score": score, "low": low, "high": high, "seconds": seconds}


def failure(output, number, status):
    """One sentence on why a trial failed: the last line it printed, or what ended it."""
    if status > 128:
        with contextlib.suppress(ValueError):
            name = signal.Signals(status - 128).name
            return f"ended by {name}{', perhaps for lack of memory' * (name == 'SIGKILL')}."
    with open(log_file(output, number), "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        lines = file.read().decode("utf-8", errors="replace").replace("\r", "\n").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    # argparse: "albert-np finetune: error: ..."; everything else: "albert-np: ..."
    sentence = re.sub(r"^albert-np[^:]*: (error: )?", "", last)
    if status:
        return sentence or f"ended with exit status {status} and said nothing."
    return f"ended without {trial_folder(output, number) / RESULTS}."
