"""Run each exercise of each student in a process of its own.

``python -m albert_np.course.sandbox.forking_server`` imports NumPy and this package once and then
forks for every request, so that each exercise of each student gets a process that nobody has
touched, in some milliseconds:

- the *server* reads requests and never runs a line of a student;
- its child, the *keeper*, makes a scratch folder, watches the clock and the disk, and ends
  everything that is left afterwards;
- the keeper's child, the *student*, gives up its rights, loads the module and answers.

The answers are arrays. The right ones are known only at the other end of the pipe, in
:mod:`~albert_np.course.sandbox.sandbox`. Whatever a student prints, patches or writes into the
pipe, it is compared there.
"""

import contextlib
import gc
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import give_up_rights
from . import linux_calls as linux
from .ask_file import answer, prepare
from .pipes import Inbox, receive, send

DISK_BYTES = 64 << 20    # of the whole scratch folder
MOST_PRINTED = 4000      # bytes of what the student's code printed
TICK = 0.05              # seconds between two looks at clock and disk

GATE = 3                 # the only pipe a student has


def main():
    """Serve requests from the standard input until it ends.

    Arguments of the command are abilities to do without, as on a machine that lacks them, or
    "uncaged": then a student's file runs in its own folder, and nothing is given up.
    """
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)                                # what is printed by mistake goes to stderr
    prepare()
    readable, able = [], {}
    if "uncaged" not in sys.argv:
        readable = give_up_rights.readable_paths()
        able = {name: can and name not in sys.argv[1:]
                for name, can in give_up_rights.abilities(readable).items()}
        if able["namespaces"]:
            give_up_rights.own_network()
    gc.freeze()                                  # what is here stays shared with the forks
    send(replies, able)
    while (request := receive(requests)) is not None:
        keeper = os.fork()
        if not keeper:
            status = 1
            try:
                os.close(requests)
                keep = _keep_caged if able else _keep_uncaged
                send(replies, keep(request, able, readable))
                status = 0
            finally:
                os._exit(status)
        if os.waitpid(keeper, 0)[1]:
            send(replies, {"ended": "broken"})


def _keep_uncaged(request, able, readable):
    """Run a request in the student's own folder, and keep what it prints."""
    with tempfile.TemporaryFile() as printed:
        reply = _keep(request, request["folder"], printed.fileno(), lambda: None)
        printed.seek(max(0, os.fstat(printed.fileno()).st_size - MOST_PRINTED))
        return {**reply, "printed": printed.read().decode("utf-8", "replace")}


def _keep_caged(request, able, readable):
    """Run a request in a scratch folder and without rights."""
    scratch = tempfile.mkdtemp(prefix="albert-np-course-")
    try:
        for name, text in request["files"].items():
            path = Path(scratch, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        user = 61184 + os.getppid() % 4096 if able["user"] else None
        if user is not None:                     # a number that no account has
            for folder, _, names in os.walk(scratch):
                for path in (folder, *(os.path.join(folder, name) for name in names)):
                    os.chown(path, user, user)
        if able["namespaces"]:
            linux.unshare(linux.NEW_PID)
        return _keep(request, scratch, os.open(os.devnull, os.O_WRONLY),
                     lambda: give_up_rights.give_up_rights(able, request["memory"], readable,
                                                           scratch, user), scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _keep(request, folder, output, lock_in, scratch=None):
    """Run a request in a child, and say how that ended."""
    with contextlib.suppress(OSError):           # other systems than Linux cannot
        linux.adopt_orphans()
    listen, gate = os.pipe()
    student = os.fork()
    if not student:
        _be_the_student(request, folder, output, lock_in, gate)
    os.close(gate)
    try:
        return _watch(student, listen, request["seconds"], scratch)
    finally:
        _end_all(student)


def _watch(student, listen, seconds, scratch):
    """Wait for an answer, an end, or a limit.

    The processor's time is what is limited; asleep it may be three times as long. Time in which
    other processes had the processor is not counted, and a pause of the whole computer counts as
    a few ticks, so that marks do not depend on what else the computer does.
    """
    inbox, passed, before = Inbox(), 0.0, time.monotonic()
    while passed - _queued(student) < 3 * seconds:
        gone, status, used = os.wait4(student, os.WNOHANG)
        while select.select([listen], [], [], 0 if gone else TICK)[0]:
            piece = os.read(listen, 1 << 20)
            try:
                inbox.add(piece)
                if inbox.complete:
                    return {"ended": "answered", "rounds": inbox.value()}
            except ValueError:
                return {"ended": "garbled"}
            if not piece:
                time.sleep(0 if gone else TICK)              # all have closed it
                break
        if scratch and _bytes_in(scratch) > DISK_BYTES:
            return {"ended": "disk"}
        if gone:
            by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            # The kernel counts for its limit by ticks, and is not exact to a part of a second.
            spent = used.ru_utime + used.ru_stime
            if by in (signal.SIGKILL, signal.SIGXCPU) and spent > 0.5 * seconds:
                return {"ended": "time"}
            return ({"ended": "died", "how": signal.strsignal(by)} if by else
                    {"ended": "quit", "how": f"exit status {os.WEXITSTATUS(status)}"})
        now = time.monotonic()
        passed, before = passed + min(now - before, 4 * TICK), now
    return {"ended": "time"}


def _queued(process):
    """The seconds in which a process waited for the processor; 0 if the system does not count."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _bytes_in(folder):
    total = 0
    for inside, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(inside, name)).st_blocks * 512
            except OSError:
                pass                                         # gone between the two looks
    return total


def _end_all(student):
    """Kill the student and everything it started, until there is no child left."""
    for target in (student, -student):
        try:
            os.kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    while True:
        try:
            ended = os.waitpid(-1, os.WNOHANG)[0]
        except ChildProcessError:
            return
        if not ended:
            for child in _children():
                os.kill(child, signal.SIGKILL)
            time.sleep(0.002)


def _children():
    me, children = os.getpid(), []
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdecimal():
            try:
                # "pid (name) state parent ...", and the name may hold anything
                parent = int(Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == me:
                children.append(int(entry))
    return children


def _be_the_student(request, folder, output, lock_in, gate):
    """Give up every right, answer, and end. Does not return."""
    try:
        os.setsid()
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.dup2(gate, GATE + 1)
        os.dup2(GATE + 1, GATE)
        os.closerange(GATE + 1, min(os.sysconf("SC_OPEN_MAX"), 1 << 20))
        os.chdir(folder)
        with contextlib.suppress(OSError):
            linux.die_with_parent()
        give_up_rights.limit_processor(request["seconds"])
        lock_in()
        getpid, leave, post = os.getpid, os._exit, send
        me = getpid()
        told = answer(request)
        if getpid() == me:                                   # not a copy that the student forked
            post(GATE, told)
        leave(0)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
