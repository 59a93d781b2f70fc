"""What the process of a student gives up before it runs a line of the student."""

import contextlib
import math
import os
import resource
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path

from . import linux_calls as linux
from .allowed_calls import refuse_other_calls

PROCESSES = 8            # and threads that a student may have at the same time
MORE_THREADS = 64        # than its user has, if that is the user of the command too
FILE_BYTES = 16 << 20    # of one file
FIRST_USER = 61184       # of the numbers that no account has


def abilities(readable):
    """What this machine lets a process give up.

    Parameters
    ----------
    readable : list of str
        Paths to confine the attempt to.

    Returns
    -------
    dict of str to bool
        "namespaces" of its own for processes, their communication and network, "files" confined,
        "calls" refused, "user": another user id.
    """
    able = {"namespaces": _works(_own_namespaces),
            "files": _works(lambda: linux.confine_files(readable, [])),
            "calls": _works(_compute_without_other_calls)}
    able["user"] = os.getuid() == 0 and _works(
        lambda: _become_another_user(read_everywhere=able["files"] and able["calls"]))
    return able


def _works(attempt):
    """Whether a process of its own can do something."""
    child = os.fork()
    if not child:
        try:
            linux.gain_no_privileges()
            attempt()
            os._exit(0)
        except Exception:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _become_another_user(read_everywhere):
    """Fails for a root without its capabilities; a folder must be given to that user too."""
    with tempfile.TemporaryDirectory() as folder:
        inside = os.path.join(folder, "inside")
        os.mkdir(inside)
        os.chown(inside, FIRST_USER, FIRST_USER)
        os.chmod(inside, 0o700)
        os.rmdir(inside)
    linux.become(FIRST_USER, read_everywhere)


def _compute_without_other_calls():
    """Fails too if this C library needs calls that are not in the table."""
    refuse_other_calls()
    with open(os.devnull):
        threading.Thread(target=os.getpid).start()


def _own_namespaces():
    own_network()
    linux.unshare(linux.NEW_PID | linux.NEW_IPC)


def own_network():
    """Have a network without any interface; without root this takes a user namespace."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        linux.unshare(linux.NEW_NETWORK)
        return
    linux.unshare(linux.NEW_USER | linux.NEW_NETWORK)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def limit_time_and_files(seconds):
    """Let this process compute for that long, write no large file, and leave no memory dump."""
    for what, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, math.ceil(seconds)),
                       (resource.RLIMIT_FSIZE, FILE_BYTES)):
        resource.setrlimit(what, (most, most))


def give_up_rights(able, memory, readable, scratch, user):
    """Lock this process in, for good.

    Parameters
    ----------
    able : dict of str to bool
        From :func:`abilities`.
    memory : int
        Bytes of address space.
    readable : list of str
        From :func:`readable_paths`.
    scratch : str
        The one folder to write into.
    user : int or None
        The number of the user to become.
    """
    for what, most in ((resource.RLIMIT_NOFILE, 64), (resource.RLIMIT_AS, memory)):
        resource.setrlimit(what, (most, most))
    few_threads = _a_limit_of_threads() if able["calls"] else (0, 0)     # files can be seen still
    linux.gain_no_privileges()
    if able["files"]:
        linux.confine_files(readable, [scratch, "/dev/null"])
    if user is not None:
        linux.become(user, read_everywhere=able["files"] and able["calls"])
    else:
        linux.drop_capabilities()
    if user is not None or able["namespaces"]:
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    else:
        resource.setrlimit(resource.RLIMIT_NPROC, few_threads)
    linux.die_with_parent()
    if able["calls"]:
        refuse_other_calls()


def _a_limit_of_threads():
    """A limit of processes and threads for the user of the command, who has others already.

    Without it a submission could use up all that this user may have.
    """
    most, hard = threads_of_this_user() + MORE_THREADS, resource.getrlimit(resource.RLIMIT_NPROC)[1]
    return (most, most) if hard == resource.RLIM_INFINITY or most < hard else (hard, hard)


def threads_of_this_user():
    """How many threads the user of this process has. Linux counts them together."""
    count, me = 0, os.getuid()
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):               # ended between two looks
                if entry.stat().st_uid == me:
                    count += len(os.listdir(f"{entry.path}/task"))
    return count


def readable_paths():
    """What a student may read: the standard library, NumPy and the system's libraries.

    Everything else that is installed is left out, above all this package, which holds the
    solution; what an exercise needs of it has been imported already.

    Returns
    -------
    list of str
    """
    import numpy

    folders = [Path(folder).resolve() for folder in (
        sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"),
        sysconfig.get_config_var("LIBDIR") or "/usr/lib", "/usr/lib", "/usr/lib64", "/lib",
        "/lib64")]
    hidden = {Path(__file__).resolve().parents[2], *installed_packages([*folders, *sys.path])}
    allowed = ["/dev/null", "/dev/urandom", "/dev/zero"]
    for folder in dict.fromkeys(folders):
        allowed += folders_around(folder, hidden)
    numpy_folder = Path(numpy.__file__).resolve().parent
    return [str(path) for path in (*allowed, numpy_folder, numpy_folder.with_name("numpy.libs"))
            if os.path.exists(path)]


def folders_of_the_library(folders):
    """Those of some folders that hold the standard library.

    In the others an import would end with a PermissionError. Nobody expects that of a package that
    is not there, not even NumPy.
    """
    library = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    library |= {folder / "lib-dynload" for folder in library}
    return [folder for folder in folders if Path(folder).resolve() in library]


def installed_packages(folders):
    """The folders of installed packages among and beneath these, of every Python.

    A virtual environment does not name those of the Python that it was made from.
    """
    names = ("site-packages", "dist-packages")
    for folder in map(Path, folders):
        inside = [folder / name for name in names]
        inside += [path for name in names for path in folder.glob(f"python*/{name}")]
        yield from (path.resolve() for path in (folder, *inside)
                    if path.name in names and path.is_dir())


def folders_around(folder, hidden):
    """The folder; if something hidden lies in it, all that lies around that."""
    if folder in hidden or not os.access(folder, os.R_OK):
        return
    if not any(folder in path.parents for path in hidden):
        yield folder
        return
    for entry in sorted(folder.iterdir()):
        if not entry.is_symlink():
            yield from folders_around(entry, hidden)
