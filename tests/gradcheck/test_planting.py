"""How faults are planted, step by step, without a copy of the whole package."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from albert_np.gradcheck import planting
from albert_np.gradcheck.planted_faults import PLANTED_FAULTS, is_test
from albert_np.gradcheck.planted_faults.fault import PlantedFault

FAULT = PlantedFault("name", "functional/file.py", old="x + y", new="x - y", wrong="The sign.",
                     concept="sums", caught_by="sums")


def done(returncode, stdout="", stderr=""):
    return SimpleNamespace(returncode=returncode, stdout=stdout, stderr=stderr)


def test_faults_are_chosen_by_name_in_the_order_of_the_catalogue(monkeypatch, tmp_path):
    names = [fault.name for fault in PLANTED_FAULTS]
    assert [fault.name for fault in planting.faults_named()] == names
    assert [fault.name for fault in planting.faults_named([names[5], names[0]])] == [names[0],
                                                                                     names[5]]
    assert planting.faults_named([]) == []
    with pytest.raises(ValueError, match="^there is no planted fault 'a'$"):
        planting.faults_named(["b", "a", names[0]])
    monkeypatch.setattr(planting, "TESTS", tmp_path / "nowhere")
    left = planting.faults_named()
    assert 0 < len(left) < len(names) and not any(is_test(fault.caught_by) for fault in left)


@pytest.mark.parametrize("result, said", [
    (done(0, "nothing\n"), (False, "every entry within its bound")),
    (done(planting.EXCEEDED, "first\nW[0]: backward says 1\n"), (True, "W[0]: backward says 1")),
    (done(1, "", "Traceback\nValueError: no\n"), (True, "crash: ValueError: no")),
    (done(-9), (True, "crash: no output"))])
def test_what_a_gradient_check_says(result, said):
    assert planting._read_gradient_checks(result) == said


@pytest.mark.parametrize("result, said", [
    (done(0, ".\n1 passed in 1s"), (False, "the test passed")),
    (done(1, "FAILED tests/a.py::b[x-y] - assert 1 == 2\n1 failed"), (True, "assert 1 == 2")),
    (done(1, "FAILED tests/a.py::b - Failed: DID NOT RAISE\n1 failed"),
     (True, "Failed: DID NOT RAISE")),
    (done(1, "FAILED tests/a.py::b - ValueError: no\n1 failed"), (True, "crash: ValueError: no")),
    (done(2, "ERROR tests/a.py - assert 1\n1 error"), (True, "crash: assert 1")),
    (done(1, "E   Mismatched elements: 1 / 2\nFAILED tests/a.py::b - AssertionError: \n1 failed"),
     (True, "AssertionError: Mismatched elements: 1 / 2")),
    (done(1, "FAILED tests/a.py::b - AssertionError:\n1 failed"),
     (True, "AssertionError: arrays differ")),
    (done(1, "FAILED tests/a.py::b\n1 failed"), (True, "crash: 1 failed"))])
def test_what_a_test_says(result, said):
    assert planting._read_tests(result) == said


@pytest.mark.parametrize("result, last", [
    (done(0, "s\n1 skipped in 1s"), "1 skipped in 1s"), (done(5, "no tests ran"), "no tests ran"),
    (done(4, "", "ERROR: not found"), "ERROR: not found")])
def test_a_test_that_did_not_run_catches_nothing(result, last):
    with pytest.raises(RuntimeError, match=f"^pytest did not run the test: {last}$"):
        planting._read_tests(result)


def test_a_fault_is_in_the_copy_while_its_check_runs(monkeypatch, tmp_path):
    path = tmp_path / planting.PACKAGE.name / FAULT.file
    path.parent.mkdir(parents=True)
    path.write_text("z = x + y\n")
    monkeypatch.setattr(planting, "run_checks", lambda copy, checks: (copy, checks,
                                                                      path.read_text()))
    assert planting.try_fault(tmp_path, FAULT) == (tmp_path, ["sums"], "z = x - y\n")
    assert path.read_text() == "z = x + y\n"
    for text, count in (("z = x\n", 0), ("x + y, x + y", 2)):
        path.write_text(text)
        with pytest.raises(RuntimeError, match=f"^name: functional/file.py holds its snippet "
                                               f"{count} times instead of once$"):
            planting.try_fault(tmp_path, FAULT)


def test_a_check_that_breaks_leaves_the_copy_as_it_was(monkeypatch, tmp_path):
    path = tmp_path / planting.PACKAGE.name / FAULT.file
    path.parent.mkdir(parents=True)
    path.write_text("z = x + y\n")
    monkeypatch.setattr(planting, "run_checks", lambda copy, checks: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        planting.try_fault(tmp_path, FAULT)
    assert path.read_text() == "z = x + y\n"


@pytest.mark.parametrize("checks, words", [
    (["gelu", "softmax"], ["-c", planting.RUN_GRADIENT_CHECKS, "gelu", "softmax"]),
    (["layers/test_a.py::b"], ["pytest", "slow or not slow", "tests/layers/test_a.py::b"])])
def test_a_check_runs_in_a_process_that_sees_the_copy(monkeypatch, tmp_path, checks, words):
    calls = []

    def run(command, **options):
        calls.append((command, options))
        return done(0, "1 passed")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--pdb")
    assert planting.run_checks(tmp_path, checks)[0] is False
    (command, options), = calls
    assert command[0] == sys.executable and [word for word in command if word in words] == words
    assert options["cwd"] == tmp_path and options["timeout"] == planting.TIME_LIMIT
    assert options["text"] and options["capture_output"]
    environment = options["env"]
    assert environment["PYTHONPATH"] == str(tmp_path) and "PYTEST_ADDOPTS" not in environment
    assert environment["OPENBLAS_NUM_THREADS"] == environment["OMP_NUM_THREADS"] == "1"
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"


def test_a_check_without_end_has_caught_the_fault(monkeypatch, tmp_path):
    def run(command, timeout, **options):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", run)
    assert planting.run_checks(tmp_path, ["gelu"]) == (True, "crash: no end after 300 seconds")


def test_checks_that_fail_without_a_fault_are_refused(monkeypatch):
    copies, seen = SimpleQueue(), []
    copies.put("copy")

    def run(copy, checks):
        seen.append((copy, checks))
        return "test" in checks[0], "why"

    monkeypatch.setattr(planting, "run_checks", run)
    with ThreadPoolExecutor(1) as pool:
        planting.refuse_failing_checks(pool, copies, ["b", "a", "b"])
        assert seen == [("copy", ["a", "b"])] and copies.get() == "copy"
        copies.put("copy")
        with pytest.raises(RuntimeError, match="^a check fails without any planted fault: why$"):
            planting.refuse_failing_checks(pool, copies, ["a", "layers/test_x.py::y"])
    assert seen[1:] == [("copy", ["a"]), ("copy", ["layers/test_x.py::y"])]


def test_every_fault_is_tried_in_a_copy_of_its_own(monkeypatch, tmp_path):
    """And the results come in the order of the faults."""
    monkeypatch.setattr(planting, "PLANTED_FAULTS", [FAULT, FAULT, FAULT])
    made = []

    def copy_package(folder):
        folder.mkdir()
        made.append(folder.name)
        return folder

    monkeypatch.setattr(planting, "copy_package", copy_package)
    monkeypatch.setattr(planting, "refuse_failing_checks", lambda *given: None)
    monkeypatch.setattr(planting, "try_fault", lambda copy, fault: (copy.is_dir(), copy.name))
    for workers, copies in ((1, {"copy_0"}), (2, {"copy_0", "copy_1"})):
        results = list(planting.run_faults(None, workers))
        assert [fault for fault, _, _ in results] == [FAULT] * 3
        assert all(there for _, there, _ in results)
        assert {name for _, _, name in results} <= copies
    assert made == ["copy_0", "copy_0"]


def test_the_rows_of_the_table(monkeypatch):
    asked = []

    def run_faults(names, workers):
        asked.append((names, workers))
        yield from ((FAULT, True, "relative error 1"), (FAULT, True, "crash: no"),
                    (FAULT, False, "every entry within its bound"))

    monkeypatch.setattr(planting, "run_faults", run_faults)
    rows = list(planting.table_rows(["name"], 3))
    assert asked == [(["name"], 3)]
    assert [row["result"] for row in rows] == ["caught", "crash", "SURVIVED"]
    assert rows[0] == {"fault": "name", "file": "functional/file.py", "concept": "sums",
                       "wrong": "The sign.", "check": "sums", "result": "caught",
                       "evidence": "relative error 1"}
