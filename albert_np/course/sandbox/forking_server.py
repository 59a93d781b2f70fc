"""Run each exercise of each student in a process of its own.

``python -m albert_np.course.sandbox.forking_server`` imports NumPy and this package once and then
forks for every request, so that each exercise of each student gets a process that nobody has
touched, in some milliseconds:

- the *server* forks when a request waits. It neither reads the request nor runs a line of a
  student, so that its memory, which all later processes inherit, holds nothing of a submission;
- its child, the *keeper*, reads the request, makes a scratch folder, watches the clock and the
  disk, and ends everything that is left afterwards. It passes the answer on without decoding it;
- the keeper's child, the *student*, gives up its rights, loads the module and answers.

The answers are arrays. The right ones are known only at the other end of the pipe, in
:mod:`~albert_np.course.sandbox.sandbox`. Whatever a student prints, patches or writes into the
pipe, it is compared there.
"""

import contextlib
import gc
import itertools
import os
import select
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import give_up_rights
from . import linux_calls as linux
from .emptied_package import import_emptied
from .folders import bytes_in, remove_folder
from .pipes import LONGEST_ANSWER, Inbox, receive, send, send_bytes

DISK_BYTES = 64 << 20    # of the whole scratch folder
MOST_PRINTED = 4000      # bytes of what the student's code printed
TICK = 0.05              # seconds between two looks at clock and disk

GATE = 3                 # the only pipe a student has
NO_REQUEST = 3           # exit status of a keeper that finds none, or none that can be read


def main():
    """Serve requests from the standard input until it ends.

    Arguments of the command are abilities to do without, as on a machine that lacks them, or
    "uncaged": then a student's file runs in its own folder, and nothing is given up.
    """
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)                                # what is printed by mistake goes to stderr
    modules = receive(requests)
    if modules is None:
        return
    import_emptied(modules)
    # It imports them, so it is not imported earlier.
    from .ask_file import prepare

    prepare()
    readable, able, folder = [], {}, None
    if "uncaged" not in sys.argv:
        readable = give_up_rights.readable_paths()
        able = {name: can and name not in sys.argv[1:]
                for name, can in give_up_rights.abilities(readable).items()}
        if able["namespaces"]:
            give_up_rights.own_network()
        folder = tempfile.mkdtemp(prefix="albert-np-course-")
        os.chmod(folder, 0o711)                  # another user enters a folder in it
        sys.path[:] = give_up_rights.folders_of_the_library(sys.path)
    gc.freeze()                                  # what is here stays shared with the forks
    try:
        _serve(requests, replies, able, readable, folder)
    except BrokenPipeError:                      # the other end is gone
        pass
    finally:
        if folder:
            remove_folder(folder)


def _serve(requests, replies, able, readable, folder):
    """Fork for every request until the other end is gone."""
    send(replies, {"able": able, "folder": folder})
    while True:
        select.select([requests], [], [])
        keeper = os.fork()
        if not keeper:
            _be_the_keeper(requests, replies, able, readable, folder)
        status = os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1])
        if status == NO_REQUEST:
            break
        if status:
            send(replies, {"ended": "broken"})


def _be_the_keeper(requests, replies, able, readable, folder):
    """Read a request, run it, and reply. Does not return."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))    # by way of every "finally"
        try:
            request = receive(requests)
        except ValueError:                       # nobody knows where the next one begins
            request = None
        if request is None:
            status = NO_REQUEST
        else:
            reply, answers = (_keep_caged(request, requests, able, readable, folder) if folder else
                              _keep_uncaged(request, requests))
            # Of all threads and processes of the submission, and of this one, which makes, measures
            # and removes what a submission lays down.
            processor = sum(os.times()[:4])
            send(replies, {**reply, "spent": max(reply["spent"], processor)})
            send_bytes(replies, answers)
            status = 0
    except BrokenPipeError:                      # the other end is gone
        status = NO_REQUEST
    finally:
        os._exit(status)


def _keep_uncaged(request, requests):
    """Run a request in the student's own folder, and keep what it prints."""
    with tempfile.TemporaryFile() as printed:
        reply, answers = _keep(request, requests, request["folder"], printed.fileno(),
                               lambda: None)
        printed.seek(max(0, os.fstat(printed.fileno()).st_size - MOST_PRINTED))
        return {**reply, "printed": printed.read().decode("utf-8", "replace")}, answers


def _keep_caged(request, requests, able, readable, folder):
    """Run a request without rights in a scratch folder, which is made in another folder."""
    scratch = tempfile.mkdtemp(dir=folder)
    try:
        for inside in {os.path.dirname(name) for name in request["files"]}:
            os.makedirs(os.path.join(scratch, inside), exist_ok=True)
        for name, text in request["files"].items():
            Path(scratch, name).write_text(text, "utf-8")
        user = give_up_rights.FIRST_USER + os.getppid() % 4096 if able["user"] else None
        if user is not None:
            for inside, _, names in os.walk(scratch):
                for path in (inside, *(os.path.join(inside, name) for name in names)):
                    os.chown(path, user, user)
        if able["namespaces"]:
            linux.unshare(linux.NEW_PID | linux.NEW_IPC)
        return _keep(request, requests, scratch, os.open(os.devnull, os.O_WRONLY),
                     lambda: give_up_rights.give_up_rights(able, request["memory"], readable,
                                                           scratch, user), scratch)
    finally:
        remove_folder(scratch)


def _keep(request, requests, folder, output, lock_in, scratch=None):
    """Run a request in a child; return how that ended, and the bytes of its answer."""
    with contextlib.suppress(OSError):           # other systems than Linux cannot
        linux.adopt_orphans()
    listen, gate = os.pipe()
    student = os.fork()
    if not student:
        _be_the_student(request, folder, output, lock_in, gate)
    os.close(gate)
    try:
        return _watch(student, listen, requests, request["seconds"], scratch)
    finally:
        _end_all(student)


def _watch(student, listen, requests, seconds, scratch):
    """Wait for an answer, an end, a limit, or the end of those who asked.

    The processor's time is what is limited; asleep it may be three times as long. Time in which
    other processes had the processor is not counted, and a pause of the whole computer counts as
    a few ticks, so that marks do not depend on what else the computer does.
    """
    inbox, gone, passed = Inbox(LONGEST_ANSWER), 0, 0.0
    spent, before = 0.0, time.monotonic()
    end = None
    while end is None:
        if not gone:
            gone, status, used = os.wait4(student, os.WNOHANG)
        piece = _piece(listen, 0 if gone else TICK)
        try:
            inbox.add(piece)
        except ValueError:
            end = {"ended": "garbled"}
        now = time.monotonic()
        passed, before = passed + min(now - before, 4 * TICK), now
        spent = max(spent, passed - _queued(student))
        if inbox.complete:
            end = {"ended": "answered"}
        elif gone and not piece:
            end = _how_it_died(status, used, seconds)
        elif scratch and bytes_in(scratch) > DISK_BYTES:
            end = {"ended": "disk"}
        elif spent >= 3 * seconds:
            end = {"ended": "asleep"}            # or the kernel would have ended it long ago
        elif _is_gone(requests):
            raise BrokenPipeError
    answers = inbox.message() if end["ended"] == "answered" else b""
    return {**end, "spent": spent}, answers


def _is_gone(requests):
    """Whether nobody has the other end of the pipe any more."""
    poll = select.poll()
    poll.register(requests, 0)                   # 0: not what can be read, only its end
    return bool(poll.poll(0))


def _piece(descriptor, wait):
    """What can be read from a pipe; nothing if nothing comes, or if all have closed it."""
    if not select.select([descriptor], [], [], wait)[0]:
        return b""
    piece = os.read(descriptor, 1 << 20)
    if not piece:
        time.sleep(wait)
    return piece


def _how_it_died(status, used, seconds):
    by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    # The kernel counts for its limit by ticks, and is not exact to a part of a second.
    spent = used.ru_utime + used.ru_stime
    if by in (signal.SIGKILL, signal.SIGXCPU) and spent > 0.5 * seconds:
        return {"ended": "time"}
    return ({"ended": "died", "how": signal.strsignal(by)} if by else
            {"ended": "quit", "how": f"exit status {os.WEXITSTATUS(status)}"})


def _queued(process):
    """The seconds in which a process waited for the processor; 0 if the system does not count."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _end_all(student):
    """Kill the student and everything it started, until there is no child left."""
    for target in (student, -student):
        try:
            os.kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    for look in itertools.count():
        try:
            ended = os.waitpid(-1, os.WNOHANG)[0]
        except ChildProcessError:
            return
        if not ended:
            # What was killed needs a moment to end. To look for others takes longer than that.
            for child in _children() if look > 3 else ():
                os.kill(child, signal.SIGKILL)
            time.sleep(0.001)


def _children():
    me, children = os.getpid(), []
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdecimal():
            try:
                # "pid (name) state parent ...", and the name may hold anything, even no text
                told = Path("/proc", entry, "stat").read_bytes()
                parent = int(told.rpartition(b")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == me:
                children.append(int(entry))
    return children


def _be_the_student(request, folder, output, lock_in, gate):
    """Give up every right, answer, and end. Does not return."""
    from .ask_file import answer

    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        # Opened anew: its flags would reach all who share it, later submissions among them.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.dup2(gate, GATE + 1)
        os.dup2(GATE + 1, GATE)
        os.closerange(GATE + 1, min(os.sysconf("SC_OPEN_MAX"), 1 << 20))
        os.chdir(folder)
        with contextlib.suppress(OSError):
            linux.die_with_parent()
        give_up_rights.limit_time_and_files(request["seconds"])
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
