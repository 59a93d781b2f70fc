"""The cage: what a submission may do, what it may not, and what is said of how it ended."""

import os
from pathlib import Path

import adversaries
import pytest

import albert_np
from albert_np.course.exercises import EXERCISES
from albert_np.course.sandbox import pipes
from albert_np.course.sandbox.give_up_rights import folders_around
from albert_np.course.sandbox.judge_reply import ENDINGS, Reply, judge_reply
from albert_np.course.sandbox.sandbox import Limits, Sandbox, weaknesses

PACKAGE = Path(albert_np.__file__).parent
BACKWARD = next(exercise for exercise in EXERCISES if "layer_norm_backward" in exercise.functions)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Limits(seconds=2.0)) as sandbox:
        yield sandbox


def said_by(sandbox, extra):
    """What the backward pass of a submission says when these lines are executed in it."""
    text = adversaries.RIGHT.replace("    dx_hat =", f"    {extra}\n    dx_hat =")
    reply = sandbox.run(BACKWARD, {adversaries.FILE: text}, 1)
    return reply.ended if reply.ended != "answered" else str(reply.rounds[0][0]["message"])


@pytest.mark.parametrize("line, answer", [
    ("import os; os._exit(0)", "quit"),
    ("raise SystemExit", "quit"),
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


def test_only_the_first_process_answers():
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
    with Sandbox(Limits(seconds=2.0), without=["calls"]) as sandbox:
        assert sandbox.check(BACKWARD, {adversaries.FILE: text}, 1).points == BACKWARD.points


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
                if path.exists() and orphan in path.read_text()]


def test_the_server_is_started_again_when_it_is_gone():
    with Sandbox(Limits(seconds=2.0)) as sandbox:
        os.killpg(sandbox._server.pid, 9)
        assert said_by(sandbox, "pass") == ""


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


