"""The cage: what a submission may do, what it may not, and what is said of how it ended."""

import math
import os
import threading
import time
from pathlib import Path

import adversaries
import numpy as np
import pytest

import albert_np
from albert_np.course.checking import collect_answers, judge_answers
from albert_np.course.checking.exercises_used import exercises_used
from albert_np.course.checking.functions_allowed import functions_allowed
from albert_np.course.checking.load_modules import (module_from_source, reference_module,
                                                    source_of_module, uses_solution)
from albert_np.course.exercises import EXERCISES, exercise_named
from albert_np.course.sandbox import forking_server, give_up_rights, pipes
from albert_np.course.sandbox import judge_reply as judge_reply_module
from albert_np.course.sandbox import sandbox as sandbox_module
from albert_np.course.sandbox.files_needed import files_needed
from albert_np.course.sandbox.folders import bytes_in, remove_folder
from albert_np.course.sandbox.give_up_rights import (PROCESSES, folders_around,
                                                     installed_packages)
from albert_np.course.sandbox.judge_reply import ENDINGS, Reply, judge_reply
from albert_np.course.sandbox.sandbox import Limits, Sandbox, weaknesses
from albert_np.course.trials.random_inputs import Property

PACKAGE = Path(albert_np.__file__).parent
BACKWARD = next(exercise for exercise in EXERCISES if "layer_norm_backward" in exercise.functions)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Limits(seconds=2.0)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def with_all_calls():
    """As on a machine that cannot refuse system calls."""
    with Sandbox(Limits(seconds=2.0), without=["calls"]) as sandbox:
        yield sandbox


def said_by(sandbox, extra):
    """What the backward pass of a submission says when these lines are executed in it."""
    text = adversaries.RIGHT.replace("    dx_hat =", f"    {extra}\n    dx_hat =")
    reply = sandbox.run(BACKWARD, {adversaries.FILE: text}, 1)
    return reply.ended if reply.ended != "answered" else str(reply.rounds[0][0]["message"])


@pytest.mark.parametrize("line, answer", [
    ("import os; os._exit(0)", "quit"),
    ("raise KeyboardInterrupt", "quit"),
    ("import ctypes; ctypes.string_at(0)", "died"),
    ("import os; os.write(3, b'x' * 10000)", "garbled"),
    ("import os; os.write(3, bytes(8) + b'{}')", "garbled"),
])
def test_how_it_ended(sandbox, line, answer):
    assert said_by(sandbox, line) == answer
    assert said_by(sandbox, "pass") == ""                 # and the next one is not disturbed


@pytest.mark.parametrize("line", [
    "import socket; socket.socket()",
    "import os; os.kill(os.getppid() or -1, 9)",
    "import os; os.chmod('.', 0)",
])
def test_calls_that_are_refused(sandbox, line):
    if not sandbox.able["calls"]:
        pytest.skip("this machine cannot refuse system calls")
    assert "Operation not permitted" in said_by(sandbox, line)


@pytest.mark.parametrize("line", [
    "open('/etc/passwd')", "open('../outside', 'w')", "import os; os.listdir('/tmp')",
    f"open({str(PACKAGE / 'functional/linear.py')!r})",
])
def test_files_that_are_out_of_reach(sandbox, line):
    if not sandbox.able["files"]:
        pytest.skip("this machine cannot confine files")
    assert "Permission denied" in said_by(sandbox, line)


def test_the_scratch_folder_is_new_for_every_exercise(sandbox):
    look = "import os; assert sorted(os.listdir()) == ['functional'], os.listdir()"
    assert said_by(sandbox, f"{look}; open('note', 'w').write('x')") == ""
    assert said_by(sandbox, f"{look}; open('note', 'w').write('x')") == ""


def test_a_flood_of_files_is_stopped(sandbox):
    flood = "[open(str(i), 'wb').write(bytes(10 << 20)) for i in range(8)]"
    assert said_by(sandbox, f"{flood}; import time; time.sleep(60)") == "disk"


def test_a_file_has_a_largest_size(sandbox):
    assert "File too large" in said_by(sandbox, "open('giant', 'wb').write(bytes(20 << 20))")


def test_only_the_first_process_answers(with_all_calls):
    """A copy that the submission forks comes back from the function too, here with zeros."""
    text = adversaries.RIGHT.replace("    dx_hat =", """\
    import os, time
    if not globals().get("copied"):
        globals()["copied"] = True
        if os.fork():
            time.sleep(0.5)
        else:
            dy = dy * 0
    dx_hat =""")
    verdict = with_all_calls.check(BACKWARD, {adversaries.FILE: text}, 1)
    assert verdict.points == BACKWARD.points


@pytest.mark.slow
@pytest.mark.parametrize("without", [("namespaces",), ("files", "calls"),
                                     ("namespaces", "files", "calls")])
def test_points_do_not_depend_on_the_machine(without):
    """Results are compared outside the cage, so that a weaker cage gives nothing away."""
    deserved = {"RIGHT": 1, "FORK": 1, "PATCH": 0, "PRINT_SCORES": 0, "IMPORT_IN_DISGUISE": 0}
    orphan = f"orphan-{os.getpid() % 100000}"
    with Sandbox(Limits(seconds=2.0), without=without) as sandbox:
        for name, share in deserved.items():
            text = getattr(adversaries, name).replace("{orphan}", orphan)
            verdict = sandbox.check(BACKWARD, {adversaries.FILE: text}, 1)
            assert verdict.points == share * BACKWARD.points, name
    assert not [path for path in Path("/proc").glob("[0-9]*/comm")
                if path.exists() and orphan.encode() in path.read_bytes()]


def test_the_server_is_started_again_when_it_is_gone():
    with Sandbox(Limits(seconds=2.0)) as sandbox:
        os.killpg(sandbox._server.pid, 9)
        assert said_by(sandbox, "pass") == ""


def test_a_server_that_does_not_start_is_told(monkeypatch, capfd):
    """As one does whose Python cannot import NumPy. Nothing is left of it."""
    monkeypatch.setattr(sandbox_module.sys, "executable", "/bin/false")
    sandbox = Sandbox(Limits(seconds=2.0))
    with pytest.raises(ValueError, match="^The process for the students' code did not start; the "
                                         "lines above say why.$"):
        sandbox.__enter__()
    assert sandbox._server is None


def test_a_closed_sandbox_starts_nothing(monkeypatch):
    """A worker that Ctrl-C has set free may take the next submission."""
    sandbox, started = Sandbox(Limits(seconds=2.0)), []
    monkeypatch.setattr(sandbox_module.subprocess, "Popen", lambda *_, **__: started.append(1))
    sandbox.close()
    for use in (lambda: sandbox.run(BACKWARD, {}, 1), sandbox._start):
        with pytest.raises(RuntimeError, match="was closed"):
            use()
    assert started == []


def test_no_secrets_in_the_environment(monkeypatch):
    monkeypatch.setenv("A_SECRET", "x")
    with Sandbox(Limits(seconds=2.0)) as sandbox:
        assert said_by(sandbox, "import os; assert 'A_SECRET' not in os.environ") == ""


def test_the_planted_faults_do_not_tell(sandbox):
    line = ("import sys; assert not [name for name, module in sys.modules.items() "
            "if getattr(module, 'PLANTED_FAULTS', ()) or getattr(module, 'FAULTS', ())]")
    assert said_by(sandbox, line) == ""


def test_every_ending_costs_the_points_of_the_exercise_and_says_so(sandbox):
    for ended in ENDINGS:
        verdict = judge_reply(BACKWARD, Reply(ended, how="exit status 0"), 1, seconds=2.0)
        assert verdict.points == 0 and verdict.findings[0].text.endswith((".", "?", ")."))


@pytest.mark.parametrize("rounds", [
    None, 7, [], "right", [[]], [[{"name": "gradients"}]],
    [[{"name": "gradients", "error": None, "message": "", "changed": [], "leaves": leaves}]],
] if (leaves := {"dx": {"dtype": "O", "shape": [10**9], "data": ""}}) else [])
def test_what_is_no_answer_gets_no_points(rounds):
    assert judge_reply(BACKWARD, Reply("answered", rounds), 1).points == 0


def test_the_machine_is_described():
    assert weaknesses({"files": True, "calls": True, "namespaces": True}) == []
    texts = weaknesses({"files": False, "calls": False, "namespaces": False})
    assert len(texts) == 4 and "Landlock" in texts[0] and "shared memory" in texts[3]
    texts = weaknesses({"files": True, "calls": False, "namespaces": True})
    assert len(texts) == 1 and "seccomp" in texts[0]


def test_what_is_hidden_is_left_out_of_what_may_be_read(tmp_path):
    for name in ("lib/python/json", "lib/python/site-packages/secret", "lib/other"):
        (tmp_path / name).mkdir(parents=True)
    hidden = {tmp_path / "lib/python/site-packages"}
    assert {str(path.relative_to(tmp_path)) for path in folders_around(tmp_path, hidden)} == {
        "lib/python/json", "lib/other"}
    assert list(folders_around(tmp_path / "lib/other", hidden)) == [tmp_path / "lib/other"]


def test_messages_pass_pipes_whole():
    reader, writer = os.pipe()
    pipes.send(writer, {"a": [1.5, None, "\u00e9"]})
    pipes.send(writer, 7)
    assert pipes.receive(reader) == {"a": [1.5, None, "\u00e9"]}
    assert pipes.receive(reader) == 7
    os.close(writer)
    assert pipes.receive(reader) is None
    os.close(reader)


def test_nobody_waits_for_ever_for_one_who_does_not_read(monkeypatch):
    monkeypatch.setattr(pipes, "PATIENCE", 0.05)
    reader, writer = os.pipe()
    with pytest.raises(ValueError, match="at most"):
        pipes.send(writer, "\x01" * (pipes.LONGEST // 6 + 1))
    pipes.send(writer, "first")                              # nothing lies before it
    assert pipes.receive(reader) == "first"
    with pytest.raises(OSError, match="nothing was read"):
        pipes.send(writer, (1 << 20) * "x")
    os.close(reader)
    os.close(writer)


def test_a_server_that_cannot_read_a_request_ends(sandbox):
    """And a new one is started. It would take what follows for more requests."""
    server = sandbox._server
    pipes.send_bytes(server.stdin.fileno(), b"\xff" * 8 + bytes(50_000))
    assert server.wait(timeout=60) == 0
    assert said_by(sandbox, "pass") == ""


def test_bad_messages_are_refused():
    inbox = pipes.Inbox()
    with pytest.raises(ValueError, match="incomplete"):
        inbox.value()
    with pytest.raises(ValueError, match="at most"):
        inbox.add(b"\xff" * 8)
    deep = pipes.Inbox()
    text = b"[" * 100_000 + b"]" * 100_000
    deep.add(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ValueError, match="nested too deeply"):
        deep.value()




# ---- nothing of another submission ---------------------------------------------------------------

SCAN = """\
    import ctypes, os, re
    wanted = re.compile(b"{pattern}")
    libc, (reader, writer) = ctypes.CDLL(None), os.pipe()
    libc.sbrk.restype = ctypes.c_void_p
    def pages(middle, count):
        for page in range(middle - count * 4096, middle + count * 4096, 4096):
            if libc.write(writer, ctypes.c_void_p(page), ctypes.c_size_t(4096)) == 4096:
                yield os.read(reader, 4096)
    found = sum(bool(wanted.search(page)) for address in (libc.sbrk(0), id(wanted))
                for page in pages(address >> 12 << 12, 4096))
    raise ValueError(f"found {found}")
    dx_hat ="""


def test_the_memory_holds_nothing_of_an_earlier_submission(sandbox):
    """It is read through a pipe, which tells an error of an address that does not exist.

    The pattern ends with [e]: the scan itself must not bring into memory what it looks for.
    """
    secret = "an-answer-that-ann-wrote"
    padding = "\n".join(f"# {secret} {number}" for number in range(2000))
    sandbox.run(BACKWARD, {adversaries.FILE: adversaries.RIGHT + padding}, 1)
    text = adversaries.RIGHT.replace("    dx_hat =", SCAN.replace("{pattern}", secret[:-1] + "[e]"))
    own = text.replace("def layer_norm_forward", f"# {secret}\ndef layer_norm_forward")
    for submission, found in ((own, True), (text, False)):       # the scan finds what is there
        reply = sandbox.run(BACKWARD, {adversaries.FILE: submission}, 1)
        assert reply.ended == "answered"
        assert (reply.rounds[0][0]["message"].split(" (")[0] != "found 0") == found


def test_the_memory_does_not_hold_the_solution(sandbox):
    """Not even freed. The table of the lines of a function stands for the function.

    Another exercise, which may call that function, shows that the scan finds what is there.
    """
    table = reference_module(BACKWARD).layer_norm_backward.__code__.co_linetable
    pattern = "".join(f"[\\\\x{byte:02x}]" for byte in table[-24:])     # not these bytes themselves
    scan = SCAN.replace("{pattern}", pattern)
    late = exercise_named("4.2")
    scan = scan.replace("id(wanted)", "id(wanted), id(own), id(own.__code__.co_linetable)").replace(
        "import ctypes,", "from albert_np.functional.layer_norm import layer_norm_backward as own\n"
                          "    import ctypes,")
    for exercise, found in ((BACKWARD, False), (late, True)):
        name = exercise.functions[0]
        text = (adversaries.RIGHT.replace("    dx_hat =", scan) if exercise is BACKWARD else
                f"def {name}(*_, **__):\n" + scan.removesuffix("    dx_hat ="))
        reply = sandbox.run(exercise, {exercise.module: text}, 1)
        assert reply.ended == "answered"
        assert (reply.rounds[0][0]["message"].split(" (")[0] != "found 0") == found


def test_the_keeper_does_not_decode_an_answer(sandbox):
    """Bytes that are no text come back as they were sent, and are refused here."""
    body = b"\xff" * 10
    line = f"import os; os.write(3, {len(body).to_bytes(8, 'little') + body!r})"
    assert said_by(sandbox, line) == "garbled" and said_by(sandbox, "pass") == ""


@pytest.mark.parametrize("descriptor", range(4))
def test_an_open_file_takes_no_message_to_the_next_submission(sandbox, descriptor):
    """Its flags belong to all processes that share it."""
    look = f"raise ValueError(f.fcntl({descriptor}, f.F_GETFL))"
    change = f"f.fcntl({descriptor}, f.F_SETFL, os.O_APPEND | os.O_NONBLOCK)"
    before, after, again = (said_by(sandbox, f"import fcntl as f, os; {line}").split()[0]
                            for line in (look, f"{change}; {look}", look))
    assert before == again != after


def test_system_v_memory_does_not_outlive_an_exercise(with_all_calls):
    """Where the call cannot be refused, a namespace of its own ends with the process."""
    key = 0x5EED0000 + os.getpid()
    line = "import ctypes; assert ctypes.CDLL(None).shmget({}, {}, {}) {}"
    if not with_all_calls.able["namespaces"]:
        pytest.skip("this machine has no namespaces")
    assert said_by(with_all_calls, line.format(key, 4096, 0o1666, ">= 0")) == ""
    assert said_by(with_all_calls, line.format(key, 0, 0, "== -1")) == ""


DROPOUT = """\
import numpy as np
{}
def dropout_forward(x, p, rng=None):
    if rng is None or p == 0: return x, None
    mask = (rng.random(x.shape) >= p) * np.asarray({}, x.dtype)
    return x * mask, mask
"""


@pytest.mark.parametrize("line, share", [
    ("import albert_np.course.trials.functions as t; t.refused = lambda *a, **n: True",
     "1 / (1 - p)"),
    ("import sys; t = sys.modules['albert_np.course.trials.functions']; "
     "t.refused = lambda *a, **n: 'refused with ValueError'", "1 / (1 - p)"),
    ("import albert_np.course; t = albert_np.course.trials.functions; t.near = lambda *a: True",
     "1"),
])
def test_no_name_leads_to_what_the_trials_compute(sandbox, line, share):
    if not sandbox.able["files"]:
        pytest.skip("this machine cannot confine files")
    exercise = exercise_named("2.14")
    attempt = f"try:\n    {line}\nexcept (ImportError, KeyError, AttributeError): pass"
    verdict = sandbox.check(exercise, {exercise.module: DROPOUT.format(attempt, share)}, 1)
    assert verdict.points == 0


@pytest.mark.parametrize("id, text", [
    ("2.3", "from albert_np.functional.distillation import _log_softmax\n"
            "def softmax_forward(x):\n    p = np.exp(_log_softmax(x, 1.0))\n    return p, p\n"),
    ("2.3", "import albert_np.functional.distillation as d\n"
            "def softmax_forward(x):\n    p = np.exp(d._log_softmax(x, 1.0))\n    return p, p\n"),
    *(("2.1", f"{import_it}\ndef linear_forward(x, W, b):\n"
              "    y = linear_backward(x, (np.zeros(x.shape[:-1] + W.shape[1:]), W.T))[0] + b\n"
              "    return y, (x, W)\n")
      for import_it in ("", "from albert_np.functional import linear_backward")),
    ("9.3", "from albert_np.functional.quantization import fake_quantize_forward as f\n"
            "from albert_np.functional.quantization import largest_integer\n"
            "def quantization_scale(w, axis=0, bits=8):\n"
            "    Q = largest_integer(bits)\n"
            "    if not np.isfinite(w).all():\n        raise ValueError('not finite')\n"
            "    scale = np.abs(w).max(axis=axis, keepdims=True, initial=0) / Q\n"
            "    return np.where(scale == 0, np.ones_like(scale), scale)\n"
            "def quantize(w, scale, bits=8):\n"
            "    return np.rint(f(w, scale, bits)[0] / scale).astype(np.int8)\n")])
def test_a_function_that_the_right_solution_does_not_call_is_empty(sandbox, id, text):
    exercise = exercise_named(id)
    verdict = sandbox.check(exercise, {exercise.module: "import numpy as np\n" + text}, 1)
    assert (verdict.points, verdict.findings[0].kind) == (0, "solution")


def test_functions_that_may_be_called():
    """What the right solution calls, what its module imports, and tools for trees and sums."""
    def allowed(id):
        return set(functions_allowed(exercise_named(id), 1))

    softmax, attention = allowed("2.3"), allowed("3.7")
    sums = {f"albert_np.functional.sums.{name}" for name in ("row_sum", "row_mean", "column_sum")}
    assert sums <= softmax & attention and "albert_np.functional.trees.tree_map" in softmax
    assert "albert_np.functional.distillation._log_softmax" in allowed("9.1") - softmax
    assert "albert_np.functional.softmax.masked_softmax_backward" in attention - softmax
    assert not any(name.startswith(("albert_np.layers", "albert_np.tasks")) for name in softmax)


def test_layer_norm_of_its_helper_gets_no_points(sandbox):
    """It computes x_hat and the deviation of the rows where rounding errors are large."""
    exercise = exercise_named("2.5")
    text = ("from albert_np.functional.layer_norm import _normalise_hard\n"
            "def layer_norm_forward(x, gamma, beta, eps=1e-12):\n"
            "    x_hat, inv_std = _normalise_hard(x.reshape(-1, x.shape[-1]), eps)\n"
            "    x_hat, inv_std = x_hat.reshape(x.shape), inv_std.reshape(*x.shape[:-1], 1)\n"
            "    return gamma * x_hat + beta, (x_hat, inv_std, gamma)\n")
    verdict = sandbox.check(exercise, {exercise.module: text}, 1)
    assert (verdict.points, verdict.findings[0].kind) == (0, "solution")


@pytest.mark.parametrize("patch", [
    "np.all = lambda *_, **__: True",
    "from numpy._core import fromnumeric as f; f._wrapreduction_any_all = lambda *_, **__: True",
    "import builtins; builtins.bool = lambda *_: 1 == 1",
    "Lying = type('Lying', (np.ndarray,), {'__eq__': lambda a, b: np.random.default_rng(5).random("
    "a.shape) < 0.3})",
])
def test_a_property_is_computed_where_no_submission_can_change_it(sandbox, patch):
    """Whole tokens are dropped in place of single numbers, and the patch should hide it."""
    exercise = exercise_named("2.14")
    text = DROPOUT.format(patch, "1 / (1 - p)").replace("(x.shape)", "(x.shape[:-1] + (1,))")
    if "Lying" in patch:
        text = text.replace("return x * mask,", "return (x * mask).view(Lying),")
    verdict = sandbox.check(exercise, {exercise.module: text}, 1)
    assert verdict.points == 0 and "loses its share" in verdict.findings[0].text


@pytest.mark.parametrize("line", [
    "1 / 0", "check('2.6')", "display(layer_norm_forward)", "import no_such_module", "exit()",
    "import matplotlib.pyplot as plt; plt.plot([1])", "input()", "await layer_norm_forward",
    "x = (1", "np.sum?", "if True:\n    x =\nelse:\n    pass", "@np.sum\ndef helper(:\n    pass",
    "from numpy import *", "from __future__ import annotations",
    "s = 'a\x0cb\u2028c'\ndef helper(:\n    pass",
])
def test_what_stops_outside_of_the_functions_costs_no_points(sandbox, line):
    """As the cells of a notebook that somebody only tried."""
    text = adversaries.RIGHT.replace("def layer_norm_b", f"{line}\n\ndef layer_norm_b")
    assert sandbox.check(BACKWARD, {adversaries.FILE: text}, 1).points == BACKWARD.points


@pytest.mark.parametrize("text, others", [
    ("import numpy as np\nfrom albert_np.functional.sums import row_mean", []),
    ("import sums", ["functional/sums.py"]),
    ("def f():\n    from sums import a", ["functional/sums.py"]),
    ("from .linear import x", ["functional/linear.py", "helper.py"]),     # linear imports helper
    ("import helper as h", ["helper.py"]),
    *((text, ["functional/sums.py", "functional/linear.py", "helper.py"]) for text in (
        "from functional import (\n    linear)", "import functional.linear", "__import__('sums')",
        "import importlib", "text = open('helper.py').read()")),
    ("from albert_np import (a\nimport helper", ["helper.py"]),               # no Python at all
    ("import albert_np.functional.sums, helper", ["helper.py"]),
    ("if x: from \\\n  . helper import(a, b)", ["helper.py"]),
    ("import numpy as \\\r\n np, (\n#\n helper", ["helper.py"]),
    # On which Python's own parser takes hours, or crashes in some versions.
    ("import helper\nx" + "\u0327\u0301" * 300_000, ["helper.py"]),
    ("import helper\nx = 0" + "+0" * 500_000, ["helper.py"]),
    ("import (" * 100_000 + "helper", ["helper.py"]), ("from " * 200_000 + "helper", ["helper.py"]),
    ("from \\\n" * 100_000 + "\\", []),
], ids=range(19))
def test_an_exercise_gets_the_files_that_its_module_imports(text, others):
    files = {"functional/sums.py": "a = 1", "functional/linear.py": "import helper\nx = 1",
             "functional/layer_norm.py": text, "helper.py": "import os, numpy"}
    assert set(files_needed(files, "functional/layer_norm.py")) == {"functional/layer_norm.py",
                                                                    *others}
    assert files_needed(files, "functional/softmax.py") == {}


def test_a_helper_may_lie_beside_the_module(sandbox):
    text = "from helper import np\nimport softmax\n" + adversaries.RIGHT.partition("\n")[2]
    files = {adversaries.FILE: text, "functional/helper.py": "import numpy as np",
             "softmax.py": "", "functional/softmax.py": "1 / 0", "functional/typing.py": "1 / 0"}
    assert sandbox.check(BACKWARD, files, 1).points == BACKWARD.points


def test_a_package_that_is_closed_is_not_there(sandbox):
    """An honest "except ImportError" then works, those of NumPy included."""
    assert "No module named 'pytest'" in said_by(sandbox, "import pytest")


def test_an_error_of_another_kind_is_named(sandbox):
    exercise = exercise_named("2.14")
    text = DROPOUT.format("", "(1 / (1 - p) if p < 1 else 1 // 0)").replace(
        "    if rng", "    if p < 0: raise ValueError\n    if rng")
    verdict = sandbox.check(exercise, {exercise.module: text}, 1)
    assert ("0 is refused with ZeroDivisionError; it should be refused with ValueError."
            in verdict.findings[0].text)


SUMS = "(dy * x_hat).sum(axis=rows), dy.sum(axis=rows)"
CHANGES = adversaries.RIGHT.replace(SUMS, "*sums").replace(
    "dx_hat = dy * gamma", f"sums = {SUMS}\n    dy *= gamma\n    dx_hat = dy")
LATER = adversaries.RIGHT.replace("return dx, (dy", "return Later(dx, dy), (dy") + """
class Later:
    def __init__(self, value, other): self.value, self.other = value, other
    def __array__(self, *_, **__):
        self.other[...] = 0
        return self.value
"""
ARRAY = adversaries.RIGHT.replace("return dx, (dy", "return dx.view(Mine), (dy") + """
class Mine(np.ndarray):
    def __eq__(self, other): return True
"""


@pytest.mark.parametrize("text, share", [
    (CHANGES, 0.5),
    (CHANGES.replace("def layer_norm_backward(", "class layer_norm_backward:\n"
                     "  def __new__(_, ").replace("\n    ", "\n      "), 0.5),
    (LATER, 0.5), (ARRAY, 1), (adversaries.RIGHT, 1),
])
def test_a_change_of_the_input_costs_half_however_it_is_made(sandbox, text, share):
    assert sandbox.check(BACKWARD, {adversaries.FILE: text}, 1).points == share * BACKWARD.points


# ---- limits --------------------------------------------------------------------------------------

def test_time_asleep_is_told(sandbox):
    text = "import time; time.sleep(0.4)\n" + adversaries.RIGHT
    assert sandbox.run(BACKWARD, {adversaries.FILE: text}, 1).spent > 0.1


def test_the_time_of_all_threads_is_told(sandbox):
    """The main thread waits for the processor most of the time, and would be told 0.2 s."""
    text = adversaries.RIGHT + """
import threading, time
def spin():
    while time.process_time() < 1:
        np.sin(numbers)
numbers = np.ones(200_000)
threads = [threading.Thread(target=spin) for _ in range(6)]
[thread.start() for thread in threads]
spin()
"""
    assert sandbox.run(BACKWARD, {adversaries.FILE: text}, 1).spent > 0.9


def test_the_time_to_make_and_remove_a_folder_is_told(tmp_path, monkeypatch):
    """The keeper spends it, and not the process of the submission."""
    def slowly(folder):
        before = time.process_time()
        while time.process_time() < before + 0.3:
            pass
        remove_folder(folder)

    monkeypatch.setattr(forking_server, "remove_folder", slowly)
    (requests, asking), (hearing, replies) = os.pipe(), os.pipe()
    pipes.send(asking, {"files": {}, "memory": 1 << 30, "seconds": 1.0})
    able = dict.fromkeys(("namespaces", "files", "calls", "user"), False)
    if not (keeper := os.fork()):
        forking_server._be_the_keeper(requests, replies, able, [], str(tmp_path))
    assert pipes.receive(hearing)["spent"] > 0.2
    os.waitpid(keeper, 0)
    for descriptor in (requests, asking, hearing, replies):
        os.close(descriptor)


def test_an_answer_has_a_largest_size(sandbox):
    """It could hold tens of millions of empty lists, and reading them holds all others up."""
    line = "import os; os.write(3, (9 << 20).to_bytes(8, 'little')); os.write(3, b'[]')"
    assert said_by(sandbox, line) == "garbled" and said_by(sandbox, "pass") == ""


@pytest.mark.parametrize("able, most", [
    ({"calls": True, "namespaces": False}, "some"), ({"calls": False, "namespaces": False}, 0),
    ({"calls": True, "namespaces": True}, PROCESSES),
])
def test_the_threads_of_an_ordinary_user_are_limited(monkeypatch, able, most):
    """Or one submission uses up what its user may have, and no other submission can be started."""
    limits = {}
    monkeypatch.setattr(give_up_rights.resource, "setrlimit",
                        lambda what, pair: limits.update({what: pair}))
    for name in ("gain_no_privileges", "drop_capabilities", "die_with_parent"):
        monkeypatch.setattr(give_up_rights.linux, name, lambda: None)
    monkeypatch.setattr(give_up_rights, "refuse_other_calls", lambda: None)
    monkeypatch.setattr(give_up_rights.linux, "confine_files", lambda *paths: None)
    ready = threading.Event()
    threads = [threading.Thread(target=ready.wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    give_up_rights.give_up_rights({**able, "files": True}, 1 << 30, [], "/", None)
    ready.set()
    most_threads = limits[give_up_rights.resource.RLIMIT_NPROC][1]
    assert (3 < most_threads - give_up_rights.MORE_THREADS < 10**6 if most == "some" else
            most_threads == most)


def test_an_answer_that_comes_drop_by_drop_ends():
    drip = "import os, time; os.write(3, (10**6).to_bytes(8, 'little'))\n    while True: " \
           "os.write(3, b' '); time.sleep(0.005)"
    with Sandbox(Limits(seconds=0.2)) as sandbox:
        assert said_by(sandbox, drip) == "asleep"


def test_folders_nested_deeply_are_removed(with_all_calls):
    nest = """\
    import os
    for _ in range(1100):                        # the paths of Python end at 1000, of Linux at 4096
        os.mkdir("folder"); os.chdir("folder")
    dx_hat ="""
    text = adversaries.RIGHT.replace("    dx_hat =", nest)
    reply = with_all_calls.run(BACKWARD, {adversaries.FILE: text}, 1, seconds=5.0)
    assert reply.ended in ("answered", "disk")
    assert os.listdir(with_all_calls._folder) == []


def test_the_server_of_a_killed_process_cleans_up(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Sandbox(Limits(seconds=2.0)) as sandbox:
        assert len(list(tmp_path.iterdir())) == 1
        sandbox._server.stdin.close()                        # as the kernel does
        sandbox._server.wait()
        assert list(tmp_path.iterdir()) == []


def test_a_folder_is_measured_and_removed(tmp_path):
    """One that is too deep to be measured counts as full; closed ones are removed too."""
    top = tmp_path / "top"
    (top / "closed" / "inside").mkdir(parents=True)
    (top / "file").write_bytes(bytes(10_000))
    (top / "link").symlink_to(tmp_path)
    assert bytes_in(str(top)) == 4 * 2**14                   # an entry counts 16 KiB at least
    (top / "closed").chmod(0)
    here = os.getcwd()
    try:
        os.chdir(top)
        for _ in range(50):
            os.mkdir(100 * "x")
            os.chdir(100 * "x")
    finally:
        os.chdir(here)
    assert bytes_in(str(top)) == math.inf
    remove_folder(str(top))
    remove_folder(str(top))
    assert list(tmp_path.iterdir()) == []


def test_texts_of_an_answer_have_a_largest_size():
    """Each takes as much room as the longest."""
    leaves = {"dx": {"text": ["a" * 10_000] + 1000 * [""]}}
    rounds = [[{"name": "gradients", "error": None, "message": "", "changed": [],
                "leaves": leaves}]]
    verdict = judge_reply(BACKWARD, Reply("answered", rounds), 1)
    assert verdict.points == 0 and "letters" in verdict.findings[0].text


@pytest.mark.parametrize("leaf", [
    {"dtype": ",".join(["f8"] * 1000), "shape": [1], "data": ""},
    {"dtype": "<f8", "shape": [1] * 1000, "data": ""},
    {"dtype": "<f8", "shape": "1", "data": ""},
    {"text": [""] * (1 << 21)},
])
def test_the_parts_of_an_answer_are_bounded_before_they_are_read(leaf, monkeypatch):
    shown = []
    monkeypatch.setattr(collect_answers.np, "dtype", shown.append)
    monkeypatch.setattr(collect_answers.np, "frombuffer", shown.append)
    answer = {"name": "", "error": None, "message": "", "changed": [], "leaves": {"dx": leaf}}
    with pytest.raises(ValueError, match="not read"):
        collect_answers.from_json([[answer]])
    assert shown == []


def test_the_number_of_parts_is_bounded():
    answer = {"name": "", "error": None, "message": "", "changed": [], "leaves": {}}
    many = collect_answers.MOST_PARTS + 1
    for rounds in ([[]] * 4, [[{}] * many], [[{**answer, "changed": [""] * many}]],
                   [[{**answer, "leaves": dict.fromkeys(map(str, range(many)), {})}]]):
        with pytest.raises(ValueError, match="not read"):
            collect_answers.from_json(rounds)
    (read,), = collect_answers.from_json([[{**answer, "error": "E" * 10**6}]])
    assert len(read.error) == collect_answers.LONGEST_NAME


@pytest.mark.parametrize("id", ["2.14", "6.5", "6.6", "6.7", "6.8"])
def test_what_no_right_answer_can_be_reaches_no_property(id):
    """It is computed in the process that marks, where a large number may take all of the memory."""
    exercise, computed = exercise_named(id), []
    for expected in collect_answers.package_answers(exercise, 3)[0]:
        if expected.property is None:
            continue
        watched = Property(lambda *_: computed.append(1), *expected.property.results,
                           any_shape=expected.property.any_shape)
        right, *others = map(np.asarray, watched.results)
        whole = right.dtype.kind in "iu"
        large = np.zeros(judge_answers.FAR * (right.size + 1) + 1, right.dtype)
        for wrong in (right.astype("<c16"), right.astype("<U1"), large,
                      right.astype(np.int64) + 2**27 if whole else None,
                      np.full(right.shape, -2**63) if whole else None):
            leaves = {str(place): got for place, got in enumerate([wrong, *others])}
            answer = judge_answers._with_property(
                collect_answers.Answer("", {} if wrong is None else leaves),
                collect_answers.Answer(expected.name, property=watched))
            assert computed == [] and "comes back" in answer.message, expected.name


@pytest.mark.parametrize("error", [MemoryError, RecursionError, KeyError])
def test_an_error_of_the_judge_costs_that_exercise_alone(sandbox, monkeypatch, error):
    def fail(*_, **__):
        raise error

    for module, name in ((judge_reply_module, "judge"), (pipes.Inbox, "value")):
        with monkeypatch.context() as patch:
            if name == "value":
                values = iter([pipes.Inbox.value, fail])
                patch.setattr(module, name, lambda inbox: next(values)(inbox))
            else:
                patch.setattr(module, name, fail)
            verdict = sandbox.check(BACKWARD, {adversaries.FILE: adversaries.RIGHT}, 1)
            assert verdict.points == 0 and verdict.findings[0].kind == "crash"
    assert said_by(sandbox, "pass") == ""


def test_null_is_an_answer_and_no_failure_of_the_grader(sandbox):
    line = "import os; os.write(3, (4).to_bytes(8, 'little') + b'null'); os._exit(0)"
    text = adversaries.RIGHT.replace("    dx_hat =", f"    {line}\n    dx_hat =")
    server = sandbox._server.pid
    verdict = sandbox.check(BACKWARD, {adversaries.FILE: text}, 1)
    assert verdict.points == 0 and "cannot be read" in verdict.findings[0].text
    assert sandbox._server.pid == server                     # it was not started anew


# ---- at home -------------------------------------------------------------------------------------

@pytest.fixture
def at_home(tmp_path):
    """Write a submission into a workspace, and give the folder."""
    def write(line):
        path = tmp_path / adversaries.FILE
        path.parent.mkdir(exist_ok=True)
        path.write_text(adversaries.RIGHT.replace("    dx_hat =", f"    {line}\n    dx_hat ="))
        return tmp_path
    return write


def test_what_is_printed_at_home_has_a_largest_size(at_home):
    folder = at_home("while True: print('x' * 100_000)")
    with Sandbox(Limits(seconds=5.0), caged=False) as sandbox:
        verdict = sandbox.check(BACKWARD, folder, 1)
    assert "File too large" in verdict.findings[0].text and len(verdict.printed) == 4000


def test_what_a_function_started_at_home_ends_with_the_check(at_home):
    folder = at_home("import os, subprocess, sys, time; started = subprocess.Popen([sys.executable,"
                     " '-c', 'import time; time.sleep(600)'], start_new_session=True); "
                     "open('part', 'w').write(str(started.pid)); os.rename('part', 'pid'); "
                     "time.sleep(600)")
    with Sandbox(Limits(seconds=100.0), caged=False) as sandbox:
        def check():
            with pytest.raises(RuntimeError, match="closed"):
                sandbox.check(BACKWARD, folder, 1)

        checking = threading.Thread(target=check)
        checking.start()
        while not (folder / "pid").exists():
            time.sleep(0.01)
        sandbox.close()                                      # as Ctrl-C does
        checking.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)


# ---- the solution --------------------------------------------------------------------------------

@pytest.mark.parametrize("text", [
    "from albert_np.text.data_options import DataOptions",
    "import albert_np.text.data_options as own\nclass DataOptions(own.DataOptions): pass",
    "import albert_np.text.data_options as own\nclass DataOptions:\n"
    "    def __init__(self, **options): self.options = own.DataOptions(**options)\n"
    "    room = property(lambda self: self.options.room)",
])
def test_a_property_of_the_package_earns_nothing(sandbox, text):
    exercise = next(one for one in EXERCISES if "DataOptions.room" in one.functions)
    verdict = sandbox.check(exercise, {exercise.module: text}, 1)
    assert (verdict.points, verdict.findings[0].kind) == (0, "solution")


@pytest.mark.parametrize("line", [
    "from albert_np.functional import masked_softmax_forward as m\n"
    "def softmax_forward(x): return m(x, np.ones(x.shape, bool))",
    "from albert_np.functional import cross_entropy_backward as b, cross_entropy_forward as f\n"
    "def softmax_forward(x):\n"
    "    zero = np.zeros(x.shape[:-1], int)\n"
    "    p = b(zero.size, f(x, zero)[1])\n"
    "    p[..., 0] += 1\n"
    "    return p, p",
])
def test_a_later_exercise_does_not_give_an_earlier_one_away(sandbox, line):
    exercise = exercise_named("2.3")
    verdict = sandbox.check(exercise, {exercise.module: f"import numpy as np\n{line}"}, 1)
    assert (verdict.points, verdict.findings[0].kind) == (0, "solution")


def test_what_a_solution_calls_is_known():
    assert exercises_used(exercise_named("2.3"), 1) == ("2.3", "2.4")
    assert "3.4" in exercises_used(exercise_named("3.6"), 1)
    assert "4.3" in exercises_used(exercise_named("4.2"), 1)        # a later one


@pytest.mark.slow
@pytest.mark.parametrize("id", ["1.3", "2.3", "4.2", "5.4", "6.7", "6.8", "6.14", "8.9",
                                "8.11", "8.24"])
def test_the_solution_earns_its_points_beside_emptied_functions(sandbox, id):
    exercise = exercise_named(id)
    verdict = sandbox.check(exercise, {exercise.module: source_of_module(exercise.module)}, 1)
    assert verdict.points == exercise.points


def test_a_table_of_the_package_is_recognised():
    exercise = next(one for one in EXERCISES if "ACTIVATIONS" in one.functions)
    for text, name in [("from albert_np.functional import ACTIVATIONS", "ACTIVATIONS"),
                       ("ACTIVATIONS = {}", None)]:
        module = module_from_source(text, exercise, "student.py")
        assert uses_solution(exercise, module) == name


def test_packages_of_every_python_are_closed(tmp_path):
    """Those of the Python beneath a virtual environment, and those of the system."""
    for name in ("base/lib/python3.11/site-packages", "venv/site-packages",
                 "usr/lib/python3/dist-packages", "usr/lib/python3.13/json"):
        (tmp_path / name).mkdir(parents=True)
    folders = ["base/lib", "base/lib/python3.11", "venv/site-packages", "usr/lib", "nowhere"]
    found = set(installed_packages([tmp_path / name for name in folders]))
    assert {str(path.relative_to(tmp_path)) for path in found} == {
        "base/lib/python3.11/site-packages", "venv/site-packages", "usr/lib/python3/dist-packages"}


def test_installed_packages_cannot_be_read(sandbox):
    if not sandbox.able["files"]:
        pytest.skip("this machine cannot confine files")
    folder = Path(os.__file__).parent / "site-packages"
    if not folder.is_dir():
        pytest.skip("this Python has no folder of installed packages beside its library")
    assert "Permission denied" in said_by(sandbox, f"import os; os.listdir({str(folder)!r})")
