"""Run one exercise of one student in a process that can do nothing but compute.

``python -m albert_np.course.sandbox.caged_process`` is a server. It imports NumPy and this package once
and then forks for every request, so that each exercise of each student gets a process that nobody has
touched, in some milliseconds:

- the *server* reads requests and never runs a line of a student;
- its child, the *keeper*, makes a scratch folder, watches the clock and the disk, and ends
  everything that is left afterwards;
- the keeper's child, the *student*, gives up its rights, loads the module and answers.

The answers are arrays. Which would have been right is known on the other side of the pipe only,
in :mod:`~albert_np.course.sandbox.run_caged`: whatever a student prints, patches or writes into the
pipe, it is compared there.
"""

import gc
import math
import os
import resource
import select
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from . import linux_calls as linux
from .pipes import Inbox, receive, send

PROCESSES = 8            # that a student may have at the same time
FILE_BYTES = 16 << 20    # of one file
DISK_BYTES = 64 << 20    # of the whole scratch folder
TICK = 0.05              # seconds between two looks at clock and disk

GATE = 3                 # the only pipe a student has


def main():
    """Serve requests from the standard input until it ends.

    Arguments of the command are abilities to do without, as on a machine that lacks them.
    """
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)                                # what is printed by mistake goes to stderr
    from .ask_file import prepare

    prepare()
    readable = readable_paths()
    able = {name: can and name not in sys.argv[1:] for name, can in abilities(readable).items()}
    if able["namespaces"]:
        _own_network()
    gc.freeze()                                  # what is here stays shared with the forks
    send(replies, able)
    while (request := receive(requests)) is not None:
        keeper = os.fork()
        if not keeper:
            status = 1
            try:
                os.close(requests)
                send(replies, _keep({**request, "readable": readable}, able))
                status = 0
            finally:
                os._exit(status)
        if os.waitpid(keeper, 0)[1]:
            send(replies, {"ended": "broken"})


def abilities(readable):
    """What this machine lets a process give up.

    Parameters
    ----------
    readable : list of str
        Paths to confine the attempt to.

    Returns
    -------
    dict of str to bool
        "namespaces" of its own for processes and network, "files" confined, "calls" refused,
        "user": another user id.
    """
    able = {}
    for name, attempt in (("namespaces", _own_processes_and_network),
                          ("files", lambda: linux.confine_files(readable, [])),
                          ("calls", linux.forbid_calls)):
        child = os.fork()
        if not child:
            try:
                linux.gain_no_privileges()
                attempt()
                os._exit(0)
            except OSError:
                os._exit(1)
        able[name] = os.waitpid(child, 0)[1] == 0
    able["user"] = os.getuid() == 0
    return able


def _own_processes_and_network():
    _own_network()
    linux.unshare(linux.NEW_PID)


def _own_network():
    """A network without any interface; who is not root needs a user namespace to have one."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        linux.unshare(linux.NEW_NETWORK)
        return
    linux.unshare(linux.NEW_USER | linux.NEW_NETWORK)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _keep(request, able):
    """Run a request in a child, and say how that ended."""
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
        linux.adopt_orphans()
        listen, gate = os.pipe()
        student = os.fork()
        if not student:
            _be_the_student(request, able, scratch, user, gate)
        os.close(gate)
        try:
            return _watch(student, listen, request["seconds"], scratch)
        finally:
            _end_all(student)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


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
                    return {"ended": "answered", "answer": inbox.value()}
            except ValueError:
                return {"ended": "garbled"}
            if not piece:
                time.sleep(0 if gone else TICK)              # all have closed it
                break
        if _bytes_in(scratch) > DISK_BYTES:
            return {"ended": "disk"}
        if gone:
            by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            # The kernel counts for its limit by ticks, and is not exact to a part of a second.
            spent = used.ru_utime + used.ru_stime
            if by in (signal.SIGKILL, signal.SIGXCPU) and spent > 0.5 * seconds:
                return {"ended": "time"}
            return {"ended": "died" if by else "quit", "signal": by}
        now = time.monotonic()
        passed, before = passed + min(now - before, 4 * TICK), now
    return {"ended": "time"}


def _queued(process):
    """The seconds in which a process could have run and others did; 0 where nobody counts them."""
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
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                # "pid (name) state parent ...", where the name may hold anything
                parent = int(Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == me:
                children.append(int(entry))
    return children


def _be_the_student(request, able, scratch, user, gate):
    """Give up every right, answer, and end. Does not return."""
    try:
        os.setsid()
        os.dup2(gate, GATE + 1)
        for descriptor in (1, 2):
            os.dup2(0, descriptor)                           # print as much as you like
        os.dup2(GATE + 1, GATE)
        os.closerange(GATE + 1, os.sysconf("SC_OPEN_MAX"))
        os.chdir(scratch)
        _give_up_rights(request, able, scratch, user)
        from .ask_file import answer

        getpid, leave, post = os.getpid, os._exit, send
        me = getpid()
        told = answer(request)
        if getpid() == me:                                   # not a copy that the student forked
            post(GATE, told)
        leave(0)
    finally:
        os._exit(1)


def _give_up_rights(request, able, scratch, user):
    processor, memory = math.ceil(request["seconds"]), request["memory"]
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, processor),
                       (resource.RLIMIT_FSIZE, FILE_BYTES), (resource.RLIMIT_NOFILE, 64),
                       (resource.RLIMIT_AS, memory)):
        resource.setrlimit(what, (most, most))
    linux.gain_no_privileges()
    if able["files"]:
        linux.confine_files(request["readable"], [scratch, "/dev/null"])
    if user is not None:
        linux.become(user, read_everywhere=able["files"] and able["calls"])
    else:
        linux.drop_capabilities()
    # Processes are counted by user: where the user has others, none may be added.
    processes = PROCESSES if user is not None or able["namespaces"] else 0
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    linux.die_with_parent()
    if able["calls"]:
        linux.forbid_calls()


def readable_paths():
    """What a student may read: the standard library, NumPy and the system's libraries.

    Everything else that is installed is left out, above all this package, which holds the
    solution; what an exercise needs of it has been imported already.

    Returns
    -------
    list of str
    """
    import numpy

    hidden = {Path(path).resolve() for path in sys.path
              if Path(path).name in ("site-packages", "dist-packages")}
    hidden.add(Path(__file__).resolve().parents[2])
    folders = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"),
               sysconfig.get_config_var("LIBDIR") or "/usr/lib", "/usr/lib", "/usr/lib64", "/lib",
               "/lib64"]
    allowed = ["/dev/null", "/dev/urandom", "/dev/zero"]
    for folder in dict.fromkeys(Path(folder).resolve() for folder in folders):
        allowed += _around(folder, hidden)
    numpy_folder = Path(numpy.__file__).resolve().parent
    return [str(path) for path in (*allowed, numpy_folder, numpy_folder.with_name("numpy.libs"))
            if os.path.exists(path)]


def _around(folder, hidden):
    """The folder, or, where something hidden lies in it, all that lies around that."""
    if folder in hidden or not os.access(folder, os.R_OK):
        return
    if not any(folder in path.parents for path in hidden):
        yield folder
        return
    for entry in sorted(folder.iterdir()):
        if not entry.is_symlink():
            yield from _around(entry, hidden)


if __name__ == "__main__":
    main()
