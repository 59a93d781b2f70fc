"""Which system calls a submission can make: every number is tried and compared with the table."""

import errno
import json
import platform
import re
from pathlib import Path

import adversaries
import pytest

from albert_np.course.exercises import EXERCISES
from albert_np.course.sandbox.allowed_calls import ALLOWED, CLONE3, CONDITIONS, allowed_numbers
from albert_np.course.sandbox.give_up_rights import abilities
from albert_np.course.sandbox.sandbox import Limits, Sandbox

BACKWARD = next(exercise for exercise in EXERCISES if "layer_norm_backward" in exercise.functions)

# These do not come back, or not to the same place.
NOT_TRIED = ("exit", "exit_group", "rt_sigreturn", "restart_syscall")
# uretprobe and uprobe of x86_64: Linux 6.14 and later let them pass every filter, and end a process
# that makes them outside of a probe.
NEVER_FILTERED = (335, 336)

TRY_EVERY_NUMBER = adversaries.RIGHT.replace("    dx_hat =", """\
    import ctypes, json
    libc, found = ctypes.CDLL(None, use_errno=True), {}
    for number in [*range(1024), 0x40000000, 0x40000027, 2**31 - 1]:
        if number not in NOT_TRIED:
            ctypes.set_errno(0)
            wrong = [ctypes.c_long(-1)] * 6          # arguments that no call can use
            if libc.syscall(ctypes.c_long(number), *wrong) != -1 or ctypes.get_errno() != 1:
                found[number] = ctypes.get_errno()
    raise ValueError("found " + json.dumps(found) + " found")
    dx_hat =""")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Limits(seconds=5.0)) as sandbox:
        if not sandbox.able["calls"]:
            pytest.skip("this machine cannot refuse system calls")
        yield sandbox


def said_by(sandbox, text):
    reply = sandbox.run(BACKWARD, {adversaries.FILE: text}, 1)
    return reply.ended if reply.ended != "answered" else str(reply.rounds[0][0]["message"])


def test_what_succeeds_is_what_is_on_the_list(sandbox):
    numbers = allowed_numbers()
    text = TRY_EVERY_NUMBER.replace("NOT_TRIED", repr(
        [*(numbers[name] for name in NOT_TRIED), *NEVER_FILTERED]))
    said = said_by(sandbox, text).split("found")
    assert len(said) == 3, said
    found = {int(number): error for number, error in json.loads(said[1]).items()}
    assert found.pop(CLONE3) == errno.ENOSYS
    # Those with conditions refuse arguments of -1; the others let the kernel answer.
    assert set(found) == {number for name, number in numbers.items()
                          if name not in CONDITIONS and name not in NOT_TRIED}


CALL = ("import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); ctypes.set_errno(0); "
        "result = {}; assert result >= 0, os.strerror(ctypes.get_errno())")


@pytest.mark.parametrize("call", [
    "libc.shmget(1, 4096, 0o1666)", "libc.semget(1, 1, 0o1666)", "libc.msgget(1, 0o1666)",
    "libc.memfd_create(b'x', 0)", "libc.mq_open(b'/x', 66, 0o666, None)",
    "libc.socketpair(1, 1, 0, (ctypes.c_int * 2)())", "libc.unshare(0x10000000)",
    "libc.eventfd(0, 0)", "libc.inotify_init()", "libc.open(b'.', 0o20200002, 0o600)",
    "libc.mkdir(b'x', 0o700)", "libc.prctl(1, 0, 0, 0, 0)", "libc.prctl(4, 1, 0, 0, 0)",
    "os.fork()", "libc.vfork()", "os.posix_spawn('/bin/true', ['true'], {}) or -1",
])
def test_what_is_refused_by_name(sandbox, call):
    text = adversaries.RIGHT.replace("    dx_hat =", f"    {CALL.format(call)}\n    dx_hat =")
    assert "Operation not permitted" in said_by(sandbox, text)


@pytest.mark.parametrize("flags", [0x10000000, 0x08000000, 0x10000 | 0x40000000])
def test_a_thread_in_a_new_namespace_is_refused(sandbox, flags):
    call = f"libc.syscall({allowed_numbers()['clone']}, {flags}, 0, 0, 0, 0)"
    text = adversaries.RIGHT.replace("    dx_hat =", f"    {CALL.format(call)}\n    dx_hat =")
    assert "Operation not permitted" in said_by(sandbox, text)


def test_honest_functions_may_use_these(sandbox):
    """Threads, the clock, random numbers, files in the folder, modules not yet imported."""
    text = adversaries.RIGHT.replace("    dx_hat =", """\
    import concurrent.futures, os, threading, time, tempfile, uuid, pathlib, json, xml.dom.minidom
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(abs, range(-9, 0))) == list(range(9, 0, -1))
    threading.Timer(0.001, print).start()
    time.sleep(0.002)
    time.perf_counter(), time.process_time(), os.cpu_count(), os.urandom(4), uuid.uuid4()
    np.save("x.npy", dy)
    assert pathlib.Path("x.npy").stat().st_size and np.load("x.npy").shape == dy.shape
    assert os.listdir() and np.random.default_rng().random() < 1
    np.linalg.svd(np.ones((200, 200)))
    dx_hat =""")
    assert said_by(sandbox, text) == ""


def test_conditions_are_on_calls_of_the_table():
    assert set(CONDITIONS) < set(ALLOWED)


@pytest.mark.parametrize("machine, header", [
    ("x86_64", f"/usr/include/{platform.machine()}-linux-gnu/asm/unistd_64.h"),
    ("aarch64", "/usr/include/asm-generic/unistd.h")])
def test_the_numbers_are_those_of_the_kernel(machine, header):
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not installed")
    text = Path(header).read_text()
    known = {name: int(number) for name, number
             in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)\n", text)}
    known.setdefault("newfstatat", known.get("fstatat"))     # another name on some machines
    numbers = allowed_numbers(machine)
    assert numbers == {name: known.get(name) for name in numbers}
    assert CLONE3 == known["clone3"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("missing", ["openat", "clone"])
def test_a_table_that_lacks_something_is_not_used(monkeypatch, missing):
    """The C library of this machine needs both: rather no filter than no marks."""
    monkeypatch.delitem(ALLOWED, missing)
    assert not abilities([])["calls"]


def test_an_unknown_machine_is_an_error():
    with pytest.raises(OSError, match="no table of system calls for vax"):
        allowed_numbers("vax")
