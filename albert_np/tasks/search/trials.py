"""A trial: a process, its folder, and what came of it."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from math import isfinite, nan

from ...files.json_objects import read_object
from . import watched

RESULTS, EPOCHS = "results.json", "epochs.json"
_TAIL = 20_000                 # bytes of a log in which its last line is looked for


def trial_folder(output, number):
    """The folder of a trial. What it prints goes into ``trial-001.log`` beside it."""
    return output / f"trial-{number:03d}"


def start(command, folder):
    """Start a trial in a folder without what an earlier attempt left there; a ``Popen``."""
    if folder.exists():
        shutil.rmtree(folder)
    # As a file, not as a module of the package: it needs nothing else, and starts at once.
    command = [sys.executable, "-I", watched.__file__, *command]
    with open(folder.with_suffix(".log"), "wb") as log:
        # A session of its own: Ctrl-C in the terminal reaches the search alone, which ends this.
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log,
                                start_new_session=True)


def stop(processes):
    """Kill trials that still run, by closing their pipes (see ``watched``), and wait."""
    for process in processes:
        process.stdin.close()
    for process in processes:
        process.wait()


def reached(folder):
    """The figures that a trial has reached so far, one for each epoch: a list of float."""
    try:
        values = json.loads((folder / EPOCHS).read_text("utf-8"))
        return [nan if value is None else float(value) for value in values]
    except (OSError, ValueError, TypeError):             # not there yet
        return []


def outcome(folder, status=None):
    """What came of a trial: a dict with its ``status``, "done", "failed" or "waiting".

    One that is done has ``metric``, ``score``, ``low``, ``high`` (None without an interval) and
    ``seconds``; one that failed has a ``sentence``. Without an exit status there is no log to look
    into: a trial without results is still waiting.
    """
    path = folder / RESULTS
    if not path.exists():
        return {"status": "waiting"} if status is None else {
            "status": "failed", "sentence": _failure(folder, status)}
    try:
        results = read_object(path)
        metric = results["metric"]
        figure = results["validation"][metric]
        if figure["value"] is None:
            return {"status": "failed", "sentence": f"the {metric} is no number."}
        numbers = {"score": float(figure["value"])}
        numbers.update((name, None if place.get(name) is None else float(place[name]))
                       for name, place in (("low", figure), ("high", figure), ("seconds", results)))
    except (KeyError, TypeError, ValueError, AttributeError):
        return {"status": "failed", "sentence": f"{path} has no score: it must name a metric, and "
                                                f"hold its value as validation[metric].value."}
    if not isfinite(numbers["score"]):
        return {"status": "failed", "sentence": f"the {metric} is {numbers['score']}."}
    return {"status": "done", "metric": metric, **numbers}


def _failure(folder, status):
    """One sentence on why a trial failed: the last line it printed, or what ended it."""
    if status > 128:
        with contextlib.suppress(ValueError):
            name = signal.Signals(status - 128).name
            return f"ended by {name}{', perhaps for lack of memory' * (name == 'SIGKILL')}."
    with open(folder.with_suffix(".log"), "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        lines = file.read().decode("utf-8", errors="replace").replace("\r", "\n").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if not status:
        return f"ended without {folder / RESULTS}."
    # argparse: "albert-np finetune: error: ..."; everything else: "albert-np: ..."
    return (re.sub(r"^albert-np[^:]*: (error: )?", "", last)
            or f"ended with exit status {status} and said nothing.")
