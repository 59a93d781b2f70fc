"""The system calls that are left to a student's function. All others are refused with an error.

A function over arrays computes, gets memory, starts threads, reads its modules, may write into its
folder, and looks at the clock. The table holds what Python and NumPy need for that. What is not in
it is refused with EPERM, also if a later kernel invents it. So there is no other process, no
network, no signal, no memory that two processes share or that has no limit (System V shared memory,
semaphores and messages, POSIX message queues, memfd), no namespace, and no file that is open but
has no name, which nobody could count.
"""

import errno
import platform
import struct

from . import linux_calls as linux

# What an argument must be: (which one, the bits to look at, the values that these may have).
_CLONE_THREAD, _NEW_NAMESPACES = 0x00010000, 0x7E020000                      # linux/sched.h
_O_TMPFILE = 0x00400000                                                      # a file without name
_F_DUPFD_TO_F_SETFL, _F_DUPFD_CLOEXEC = range(5), 1030                       # linux/fcntl.h
_TCGETS, _FIONREAD, _FIONCLEX, _FIOCLEX = 0x5401, 0x541B, 0x5450, 0x5451     # asm/ioctls.h
_PR_SET_NAME, _PR_GET_NAME = 15, 16                                          # linux/prctl.h
ALL_BITS = 0xFFFFFFFF
CONDITIONS = {
    "clone": (0, _CLONE_THREAD | _NEW_NAMESPACES, [_CLONE_THREAD]),
    "open": (1, _O_TMPFILE, [0]),
    "openat": (2, _O_TMPFILE, [0]),
    "fcntl": (1, ALL_BITS, [*_F_DUPFD_TO_F_SETFL, _F_DUPFD_CLOEXEC]),        # no locks, no owners
    "ioctl": (1, ALL_BITS, [_TCGETS, _FIONREAD, _FIONCLEX, _FIOCLEX]),
    "prctl": (0, ALL_BITS, [_PR_SET_NAME, _PR_GET_NAME]),
}

# By the number that each kind of machine gives the call (asm/unistd.h).
ALLOWED = {
    # name               x86_64  aarch64
    "brk":               (12, 214),
    "madvise":           (28, 233),
    "mmap":              (9, 222),
    "mprotect":          (10, 226),
    "mremap":            (25, 216),
    "munmap":            (11, 215),
    "clone":             (56, 220),
    "exit":              (60, 93),
    "exit_group":        (231, 94),
    "futex":             (202, 98),
    "rseq":              (334, 293),
    "sched_getaffinity": (204, 123),
    "sched_yield":       (24, 124),
    "set_robust_list":   (273, 99),
    "set_tid_address":   (218, 96),
    "restart_syscall":   (219, 128),    # the kernel's own, after a pause
    "rt_sigaction":      (13, 134),
    "rt_sigprocmask":    (14, 135),
    "rt_sigreturn":      (15, 139),
    "sigaltstack":       (131, 132),
    "prctl":             (157, 167),
    "chdir":             (80, 49),
    "getcwd":            (79, 17),
    "open":              (2, None),     # of C libraries other than GNU's, as are some below
    "openat":            (257, 56),
    "close":             (3, 57),
    "dup":               (32, 23),
    "dup2":              (33, None),
    "dup3":              (292, 24),
    "fcntl":             (72, 25),
    "ftruncate":         (77, 46),
    "ioctl":             (16, 29),
    "lseek":             (8, 62),
    "pread64":           (17, 67),
    "pwrite64":          (18, 68),
    "read":              (0, 63),
    "readv":             (19, 65),
    "write":             (1, 64),
    "writev":            (20, 66),
    "pipe":              (22, None),
    "pipe2":             (293, 59),
    "poll":              (7, None),
    "ppoll":             (271, 73),
    "pselect6":          (270, 72),
    "select":            (23, None),
    "access":            (21, None),
    "faccessat":         (269, 48),
    "faccessat2":        (439, 439),
    "fstat":             (5, 80),
    "getdents64":        (217, 61),
    "lstat":             (6, None),
    "newfstatat":        (262, 79),
    "readlink":          (89, None),
    "readlinkat":        (267, 78),
    "stat":              (4, None),
    "statx":             (332, 291),
    "clock_getres":      (229, 114),
    "clock_gettime":     (228, 113),
    "clock_nanosleep":   (230, 115),
    "gettimeofday":      (96, 169),
    "nanosleep":         (35, 101),
    "time":              (201, None),
    "times":             (100, 153),
    "getegid":           (108, 177),
    "geteuid":           (107, 175),
    "getgid":            (104, 176),
    "getpid":            (39, 172),
    "getppid":           (110, 173),
    "getrandom":         (318, 278),
    "getrusage":         (98, 165),
    "gettid":            (186, 178),
    "getuid":            (102, 174),
    "sysinfo":           (99, 179),
    "uname":             (63, 160),
}
CLONE3 = 435                             # its flags lie in memory, where no filter can look
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}   # column, AUDIT_ARCH_...


def allowed_numbers(machine=None):
    """The numbers of the allowed calls.

    Parameters
    ----------
    machine : str, optional
        "x86_64" or "aarch64"; None takes the one that this runs on.

    Returns
    -------
    dict of str to int

    Raises
    ------
    OSError
        This kind of machine is not known here.
    """
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        raise OSError(f"no table of system calls for {machine}")
    column, _ = _MACHINES[machine]
    return {name: row[column] for name, row in ALLOWED.items() if row[column] is not None}


def refuse_other_calls():
    """Let this process make the calls of the table alone, for good.

    :func:`~albert_np.course.sandbox.linux_calls.gain_no_privileges` comes first.

    Raises
    ------
    OSError
        The kernel has no filters, or this kind of machine is not known here.
    """
    linux.filter_calls(_program(allowed_numbers(), _MACHINES[platform.machine()][1]))


def _program(numbers, architecture):
    """The filter, in the classic Berkeley machine language: lines of (code, if, else, value)."""
    load, equal, keep_bits, answer = 0x20, 0x15, 0x54, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPERM
    number, kind_of_machine, first_argument = 0, 4, 16        # where struct seccomp_data has them

    lines = [(load, 0, 0, kind_of_machine), (equal, 1, 0, architecture), (answer, 0, 0, refuse),
             (load, 0, 0, number),
             # "There is no such call" makes the C library start a thread with clone instead.
             (equal, 0, 1, CLONE3), (answer, 0, 0, 0x00050000 | errno.ENOSYS)]
    for name, call in numbers.items():
        if name not in CONDITIONS:
            lines += [(equal, 0, 1, call), (answer, 0, 0, allow)]
            continue
        argument, bits, values = CONDITIONS[name]
        inside = [(load, 0, 0, first_argument + 8 * argument), (keep_bits, 0, 0, bits)]
        for value in values:
            inside += [(equal, 0, 1, value), (answer, 0, 0, allow)]
        inside.append((answer, 0, 0, refuse))
        lines += [(equal, 0, len(inside), call), *inside]
    lines.append((answer, 0, 0, refuse))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
