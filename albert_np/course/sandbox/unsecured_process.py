"""The process in which a student's code runs: ``python -m albert_np.course.sandbox.unsecured_process``.

It reads one request after the other, each a line of JSON on its standard input, and writes one
line of JSON for each to its standard output. For every request it forks: the copy runs the
student's file and sends back the answers, or is killed when its time is over. What one submission
does to its copy (patched libraries, memory, an exit) is gone with it.

The answers are not believed: :func:`albert_np.course.checking.judge_answers.judge` compares them, in the process
that asked, with what it computes itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sys
import tempfile
import time

LARGEST = 64 * 2**20                       # bytes of one line of answers
MOST_PRINTED = 4000                        # characters of what the student's code printed


def main():
    """Serve requests until the input ends."""
    from .. import trials

    out = os.fdopen(os.dup(1), "w", encoding="utf-8")      # nobody else writes here
    os.dup2(2, 1)
    trials.trials_of_all()                                 # imported once, for all copies
    for line in sys.stdin:
        out.write(json.dumps(serve(json.loads(line), (out.fileno(), 0))) + "\n")
        out.flush()


def serve(request, keep_from=()):
    """Run one request in a fork of this process.

    Parameters
    ----------
    request : dict
        exercise (an id), file, seed, sizes and seconds.
    keep_from : tuple of int
        File descriptors that the fork must not have.

    Returns
    -------
    dict
        rounds (see :func:`~albert_np.course.checking.collect_answers.to_json`) and printed.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            _run_and_exit(request, reading, writing, printed.fileno(), keep_from)
        os.close(writing)
        line, ended = _read_line(reading, float(request["seconds"]))
        os.close(reading)
        with contextlib.suppress(OSError):                 # it may not have come so far
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        printed.seek(max(0, os.fstat(printed.fileno()).st_size - MOST_PRINTED))
        words = printed.read(MOST_PRINTED).decode("utf-8", "replace")
    try:
        rounds = json.loads(line)
    except ValueError:
        rounds = _nothing("Crash", _how_it_ended(status)) if ended else _nothing(
            "EndlessLoop", f"it was stopped after {request['seconds']:g} seconds")
    return {"rounds": rounds, "printed": words}


def _nothing(error, message):
    return [[{"name": "", "leaves": {}, "error": error, "message": message, "changed": []}]]


def _how_it_ended(status):
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"it was ended by the signal {signal.Signals(number).name}"
    return f"it left with the exit status {os.WEXITSTATUS(status)}"


def _read_line(reading, seconds):
    """The line that the fork writes, and whether the pipe was closed without one in time."""
    parts, size, deadline = [], 0, time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and size < LARGEST:
            if not selector.select(left):
                break
            part = os.read(reading, 1 << 16)
            if not part:
                return b"".join(parts), True
            parts.append(part)
            size += len(part)
            if part.endswith(b"\n"):
                return b"".join(parts), True
    return b"", False


def _run_and_exit(request, reading, writing, printed, keep_from):
    try:
        os.setsid()
        os.close(reading)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor in keep_from:
            os.dup2(nothing, descriptor)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        line = (json.dumps(run(request)) + "\n").encode()
        while line:
            line = line[os.write(writing, line):]
        sys.stdout.flush()
    finally:
        os._exit(0)


def run(request):
    """Load the student's file and ask it, in this process.

    Returns
    -------
    list of lists
        As :func:`~albert_np.course.checking.collect_answers.to_json` gives them.
    """
    from ..checking.collect_answers import answers_of, to_json
    from ..checking.load_modules import forbid_solution, student_module, uses_solution
    from ..exercises import exercise_named

    exercise = exercise_named(request["exercise"])
    try:
        forbid_solution(exercise)
        module = student_module(request["file"], exercise)
        if uses_solution(exercise, module):
            return _nothing("SolutionImported", "")
    except SyntaxError as error:
        return _nothing("SyntaxError", f"{error.msg} (line {error.lineno})")
    except Exception as error:
        return _nothing(type(error).__name__, str(error))
    return to_json(answers_of(exercise, module, request["seed"], request.get("sizes")))


if __name__ == "__main__":
    main()
