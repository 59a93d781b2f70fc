"""What Linux offers a process that is to lose its rights: four calls, none of which needs root.

Each takes something away from the calling process and from everything it starts, for good. Each
may be missing (an old kernel, a container that forbids it); then it raises an OSError and the
caller decides. Constants are those of the kernel's headers, which never change.
"""

import ctypes
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)

# linux/sched.h
NEW_IPC, NEW_USER, NEW_PID, NEW_NETWORK = 0x08000000, 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS = 1, 4, 8              # linux/prctl.h
_PR_SET_SUBREAPER, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 36, 22, 38
_DAC_READ_SEARCH = 2                                                         # linux/capability.h

# linux/landlock.h: the rights that exist since its first version; later ones are added below.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_RIGHTS_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE
_ALL_RIGHTS = {1: 0x1fff, 2: 0x3fff, 3: 0x7fff}                              # by version


def _checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _prctl(option, value):
    if not hasattr(_libc, "prctl"):
        raise OSError("this system is not Linux")
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl({option})")


def unshare(flags):
    """Leave the namespaces named by the flags; NEW_PID takes effect for the next child.

    Parameters
    ----------
    flags : int
        NEW_IPC, NEW_USER, NEW_PID, NEW_NETWORK, or several of them.
    """
    _checked(_libc.unshare(flags), "unshare")


def die_with_parent():
    """Ask for SIGKILL when the parent dies. Changing the user id undoes this; call it after."""
    _prctl(_PR_SET_PDEATHSIG, 9)


def adopt_orphans():
    """Become the parent of every descendant whose parent dies, so that none can run away."""
    _prctl(_PR_SET_SUBREAPER, 1)


def keep_memory_private():
    """Let no other process of the same user read the memory of this one."""
    _prctl(_PR_SET_DUMPABLE, 0)


def gain_no_privileges():
    """No program started from here on gets more rights than this process (set-user-id)."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities():
    """Give up every capability, as one has after entering a user namespace of one's own."""
    _set_capabilities(0)


def become(user, read_everywhere):
    """Change from root to another user and group, for good.

    Parameters
    ----------
    user : int
        The number of both.
    read_everywhere : bool
        Keep the one capability to read past the permissions of folders. The Python of this
        process may be installed beneath a folder that only root may enter; if files
        are confined (:func:`confine_files`), that decides.
    """
    if read_everywhere:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    _set_capabilities(1 << _DAC_READ_SEARCH if read_everywhere else 0)


def _set_capabilities(bits):
    header = struct.pack("=Ii", 0x20080522, 0)
    low = struct.pack("=III", bits, bits, 0)                 # effective, permitted, inheritable
    _checked(_libc.capset(header, low + bytes(12)), "capset")


def filter_calls(program):
    """Have the kernel ask a filter at each system call.

    Parameters
    ----------
    program : bytes
        In the classic Berkeley machine language. :func:`gain_no_privileges` comes first.

    Raises
    ------
    OSError
        The kernel has no filters.
    """
    lines = ctypes.create_string_buffer(program, len(program))
    packed = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(lines))
    _checked(_libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(2), packed, 0, 0), "seccomp")


def confine_files(readable, writable):
    """See and touch no file except beneath these folders (Landlock, Linux 5.13 and later).

    :func:`gain_no_privileges` comes first. Files that are already open stay so.

    Parameters
    ----------
    readable, writable : iterables of str
        Files or folders; those that cannot be opened are left out.

    Raises
    ------
    OSError
        The kernel has no Landlock, or it is switched off.
    """
    create, add, restrict = 444, 445, 446                # the same numbers on every machine
    version = _checked(_libc.syscall(create, None, 0, 1), "landlock")
    every = _ALL_RIGHTS[min(version, 3)]
    rules = _checked(_libc.syscall(create, struct.pack("=Q", every), 8, 0), "landlock")
    try:
        for paths, rights in ((readable, _EXECUTE | _READ_FILE | _READ_DIR), (writable, every)):
            for path in paths:
                try:
                    handle = os.open(path, os.O_PATH)
                except OSError:
                    continue
                allowed = rights if os.path.isdir(path) else rights & _RIGHTS_OF_A_FILE
                rule = struct.pack("=Qi", allowed, handle)
                _checked(_libc.syscall(add, rules, 1, rule, 0), f"landlock: {path}")
                os.close(handle)
        _checked(_libc.syscall(restrict, rules, 0), "landlock")
    finally:
        os.close(rules)
