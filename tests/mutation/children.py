"""Work in forked children: each has the collected tests, and none can spoil them for another."""

import json
import os
import resource
import select
import shutil
import signal
import tempfile
import time
import traceback
import types

MEMORY = 8 * 2**30


class Children:
    """At most `jobs` children at a time."""

    def __init__(self, jobs):
        self.jobs, self.running = jobs, {}

    def run(self, tasks):
        """Yield (task, result) as they end; the result is None where the time ran out.

        Parameters
        ----------
        tasks : iterable of (task, function, seconds)
            The function is called in a child without arguments and returns something that JSON can
            say.
        """
        tasks, more = iter(tasks), True
        while more or self.running:
            while more and len(self.running) < self.jobs:
                task = next(tasks, None)
                if task is None:
                    more = False
                else:
                    self._start(*task)
            yield from self._ended()

    def _start(self, task, function, seconds):
        read, write = os.pipe()
        folder = tempfile.mkdtemp(prefix="mutant-")
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _be_a_child(function, write, folder)
        os.close(write)
        self.running[read] = [task, pid, time.monotonic() + seconds, folder, b""]

    def _ended(self):
        ready = select.select(list(self.running), [], [], 0.5)[0] if self.running else []
        for read in list(self.running):
            task, pid, deadline, folder, text = self.running[read]
            late = time.monotonic() > deadline
            if read in ready:
                more = os.read(read, 1 << 20)
                self.running[read][-1] += more
                if more and not late:
                    continue
            elif not late:
                continue
            self._end(read)
            text = b"" if late else text
            yield task, json.loads(text) if text else None

    def _end(self, read):
        _, pid, _, folder, _ = self.running.pop(read)
        os.close(read)
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(pid, 0)
        shutil.rmtree(folder, ignore_errors=True)


def _be_a_child(function, write, folder):
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["TMPDIR"] = tempfile.tempdir = folder
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        try:
            result = json.dumps(function()).encode()
        except Exception:                                # a mistake of these tools, not of the code
            result = json.dumps({"outcome": "error", "by": traceback.format_exc()}).encode()
        while result:
            result = result[os.write(write, result):]
    finally:
        os._exit(0)


def give_code(module, text):
    """Give every function of a loaded module the code that it has in another source.

    Returns
    -------
    bool
        Whether that was possible: the code of a function that holds other variables does not fit.
    """
    space = {"__name__": module.__name__, "__package__": module.__package__,
             "__file__": module.__file__}
    exec(compile(text, module.__file__, "exec"), space)
    try:
        _replace(vars(module), space, module.__name__)
    except ValueError:
        return False
    return True


def _replace(old, new, name):
    for key, value in list(new.items()):
        before = old.get(key)
        if isinstance(value, type) and value.__module__ == name and value is not before:
            _replace(vars(before), vars(value), name)
            continue
        for ours, theirs in zip(_functions(before), _functions(value), strict=False):
            if theirs.__module__ == name:
                ours.__code__ = theirs.__code__


def _functions(value):
    """The plain functions in a function, method, property or wrapped function."""
    if isinstance(value, property):
        return [f for f in (value.fget, value.fset) if f is not None]
    for attribute in ("__func__", "func", "__wrapped__"):
        if not isinstance(value, types.FunctionType) and hasattr(value, attribute):
            return _functions(getattr(value, attribute))
    if isinstance(value, types.FunctionType):
        return [value] + (_functions(value.__wrapped__) if hasattr(value, "__wrapped__") else [])
    return []
