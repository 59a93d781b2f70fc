"""A workspace on the disk: what is in it, what the check says in it, and what cannot harm it."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from albert_np.commands.cli import main
from albert_np.course.checking.fault_places import faults_of
from albert_np.course.checking.load_modules import source_of_module
from albert_np.course.checking.mistake_themes import THEMES
from albert_np.course.exercises import EXERCISES, OPEN_EXERCISES, UNITS, exercise_named, parse_units
from albert_np.course.sandbox.sandbox import Limits, Sandbox
from albert_np.course.teaching_page import generated
from albert_np.course.workspace.empty_functions import HINTS, emptied, shortened
from albert_np.course.workspace.make_workspace import make_workspace, open_workspace
from albert_np.gradcheck.equations import LABEL, find_equations
from albert_np.text.data_options import DataOptions

TEACHING = Path(__file__).resolve().parents[2] / "tutorials" / "teaching.md"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Limits(seconds=20), caged=False) as sandbox:
        yield sandbox


@pytest.fixture
def workspace(tmp_path):
    """In a path with spaces and Chinese characters."""
    return make_workspace(tmp_path / "my 作业 folder", [1, 2], "steps", seed=3)


# ---- the table of exercises ----------------------------------------------------------------------

def test_the_table_of_exercises():
    ids = [exercise.id for exercise in EXERCISES]
    assert len(set(ids)) == len(ids) >= 30
    numbers = [unit.number for unit in UNITS]
    assert sorted({exercise.unit for exercise in EXERCISES}) == numbers == [*range(1, 10)]
    assert [exercise.unit for exercise in OPEN_EXERCISES] == [*range(1, 10)]
    assert all(sum(points for points, _ in exercise.rubric) == 10 for exercise in OPEN_EXERCISES)
    owned = [(exercise.module, name) for exercise in EXERCISES for name in exercise.emptied]
    assert len(set(owned)) == len(owned)


def test_what_is_to_be_read_exists():
    known = {equation.label for equation in find_equations()}
    for exercise in (*EXERCISES, *OPEN_EXERCISES):
        assert set(re.findall(LABEL, exercise.read)) <= known, exercise.id
    listed = (TEACHING.parent / "README.md").read_text("utf-8")
    for unit in UNITS:
        assert all(f"{name}.py" in listed for name in unit.tutorials.split())


def test_every_concept_has_a_theme_and_the_teachers_page_is_up_to_date():
    concepts = [concept for theme in THEMES for concept in theme.concepts]
    assert len(set(concepts)) == len(concepts)
    assert set(concepts) == {fault.concept
                             for exercise in EXERCISES for fault in faults_of(exercise)}
    page = TEACHING.read_text("utf-8")
    assert generated(page) == page, "python -m albert_np.course.teaching_page tutorials/teaching.md"


# ---- emptying ------------------------------------------------------------------------------------

@pytest.mark.parametrize("hints", HINTS)
def test_nothing_of_the_solution_is_left(hints):
    source = source_of_module("functional/layer_norm.py")
    left = emptied(source, "functional/layer_norm.py", EXERCISES, hints)
    compile(left, "layer_norm.py", "exec")
    assert 'raise NotImplementedError("exercise 2.6: layer norm, backward")' in left
    assert "def layer_norm_backward(dy, cache):" in left
    assert "# the cache: (x_hat, inv_std, gamma)" in left
    assert "column_sum(dy)" not in left and "# (LN.5)" not in left
    assert (":label: LN.5" in left) == (hints == "steps")
    assert ("# forward: y = gamma * x_hat + beta" in left) == (hints == "steps")
    assert ("gamma, beta : arrays (H,)" in left) == (hints != "none")
    assert "from albert_np.functional.sums import" in left


def test_a_docstring_without_its_derivation():
    docstring = ("Add. Then\nmore.\n\nWhy so.\n\nParameters\n----------\nx : array\n\n"
                 "Notes\n-----\nOf age.")
    assert shortened(docstring, "none") == "Add."
    assert shortened(docstring, "shapes") == docstring
    derived = docstring.replace("Why so.", ".. math:: x\n\nWhy so.")
    assert shortened(derived, "shapes") == ("Add. Then\nmore.\n\nParameters\n----------\n"
                                            "x : array\n\nNotes\n-----\nOf age.")
    in_notes = docstring.replace("Of age.", "So\n\n.. math:: x")
    assert shortened(in_notes, "shapes") == docstring.partition("\n\nNotes")[0]
    assert shortened("For n = 1 ... N. More.", "none") == "For n = 1 ... N."


def told_of(exercise, hints="shapes"):
    """The docstrings and comments that are left of an exercise's functions, in one line."""
    left = emptied(source_of_module(exercise.module), exercise.module, [exercise], hints)
    tree = ast.parse(left)
    spans = [(node.lineno, node.end_lineno) for node in ast.walk(tree)
             if isinstance(node, ast.FunctionDef) and f"exercise {exercise.id}:" in
             ast.unparse(node.body[-1])]
    return " ".join(" ".join(left.splitlines()[first - 1:last]) for first, last in spans).split()


@pytest.mark.parametrize("id, words", [
    ("1.1", "NaN counts as infinitely wrong"), ("1.4", "divided by the largest entry"),
    ("1.5", "Return ``total``"), ("2.9", "s, which is 1 / (1 + exp(-2 u))"),
    ("2.16", "0 if no row counts"), ("6.1", "rounded to the nearest whole number"),
    ("6.2", "n = 1 ... N: in proportion to 1/n"), ("6.3", "barrier : bool array (V,) Neither"),
    ("6.4", "A row where stop is 0 loses none"),
    ("6.8", "document_starts : list of int The number"),
    ("6.9", "from B where they are equally long"), ("6.14", "config.sop_weight * sop_loss"),
    ("7.8", "the decay counts from step 0"), ("7.9", "``max_norm`` is not a positive number")])
def test_what_is_needed_is_said(id, words):
    assert words in " ".join(told_of(exercise_named(id)))


@pytest.mark.parametrize("exercise", [exercise for exercise in EXERCISES
                                      if exercise.module.startswith("text/")],
                         ids=lambda exercise: exercise.id)
def test_each_option_that_a_function_reads_is_named(exercise):
    words = " ".join(told_of(exercise))
    tree = ast.parse(source_of_module(exercise.module))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in {
                name.rpartition(".")[2] for name in exercise.functions}:
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and (
                        part.value.id in ("options", "self") and hasattr(DataOptions, part.attr)):
                    assert part.attr in words, part.attr


@pytest.mark.parametrize("exercise", [exercise for exercise in EXERCISES
                                      if exercise.unit in (1, 2, 6)], ids=lambda e: e.id)
def test_no_sentence_is_cut_and_what_comes_back_is_said(exercise):
    for hints in HINTS:
        assert not re.search(r"\.\.\.\s*\"\"\"", " ".join(told_of(exercise, hints)))
    words = " ".join(told_of(exercise))
    if exercise.id not in ("4.3", "6.4"):                             # which change their arguments
        assert re.search(r"Returns -------|[Rr]eturns? |[Hh]ow many|\(bool|->", words)


def test_all_modules_can_be_emptied_and_are_not_too_wide():
    for file in {exercise.module for exercise in EXERCISES}:
        source = source_of_module(file)
        for hints in HINTS:
            left = emptied(source, file, EXERCISES, hints)
            compile(left, file, "exec")
            assert max(map(len, left.splitlines())) <= 100, file
        functions = [name for exercise in EXERCISES if exercise.module == file
                     for name in exercise.emptied if not name.isupper()]
        assert left.count("raise NotImplementedError(") == len(functions)


# ---- the workspace -------------------------------------------------------------------------------

def test_what_is_in_a_workspace(workspace):
    files = {str(path.relative_to(workspace.folder)) for path in workspace.folder.rglob("*.*")}
    assert files == {*(exercise.module for exercise in EXERCISES if exercise.unit < 3),
                     "README.md", "course.json", "conftest.py", "test_exercises.py",
                     "open/unit_1.md", "open/unit_2.md"}
    readme = (workspace.folder / "README.md").read_text("utf-8")
    for exercise in workspace.exercises:
        assert f"albert-np course check {exercise.id}`" in readme
    assert open_workspace(workspace.folder) == workspace


def test_units():
    assert parse_units("1-3,5") == [1, 2, 3, 5]
    for text in ("0", "10", "3-1", "", "two"):
        with pytest.raises(ValueError, match="--units says"):
            parse_units(text)


def said(capsys, *arguments):
    status = main(["course", *map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out + err


@pytest.mark.slow
def test_the_first_exercise_by_following_the_readme(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "a b 学生"
    assert main(["course", "new", str(folder), "--units", "1"]) == 0
    monkeypatch.chdir(folder)
    status, words = said(capsys, "check", "1.1")
    assert status == 1 and "0 of 1 points" in words and "not written yet" in words
    path = Path("gradcheck/differences.py")
    old = 'raise NotImplementedError("exercise 1.1: relative error")'
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, """\
error = abs(analytic - numerical) / max(abs(analytic) + abs(numerical), floor)
    return float("inf") if error != error else error"""), "utf-8")
    status, words = said(capsys, "check", "1.1")
    assert status == 0 and "1 of 1 points" in words
    status, words = said(capsys, "check")
    assert status == 1 and re.search(r"^1\.1 .* 1 / 1  done$", words, re.MULTILINE)
    assert re.search(r"^1\.2 .* 0 / 3  not written yet$", words, re.MULTILINE)


@pytest.mark.slow
def test_pytest_in_a_workspace(workspace):
    exercise = exercise_named("2.1")
    path = workspace.folder / exercise.module
    path.write_text(emptied(source_of_module(exercise.module), exercise.module, ()), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                           "--exercise", "2.1", "--exercise", "2.3"], cwd=workspace.folder,
                          text=True, capture_output=True, env=environment)
    assert "1 failed, 1 passed" in done.stdout
    assert "It is not written yet." in done.stdout


def test_bad_input_gets_a_sentence(tmp_path, capsys, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "essay.txt").write_text("mine")
    for arguments, words in [
            (("new", tmp_path / "full"), "is not empty"),
            (("new", tmp_path / "x", "--units", "12"), "--units says '12'"),
            (("new", tmp_path / "x", "--seed", "-1"), "it must be 0 or more"),
            (("check", "--workspace", tmp_path), "There is no course.json")]:
        status, told = said(capsys, *arguments)
        assert status == 2 and words in told and told.count("\n") == 1
    assert (tmp_path / "full" / "essay.txt").read_text() == "mine"
    folder = make_workspace(tmp_path / "w", [1]).folder
    for arguments, words in [(("check", "9"), "no exercise or unit 9"), (("check", "2.1"), "2.1"),
                             (("check", "1.1", "--seconds", "0"), "it must be above 0")]:
        status, told = said(capsys, *arguments, "--workspace", folder)
        assert status == 2 and words in told and told.count("\n") == 1
    settings = json.loads((folder / "course.json").read_text())
    for sizes, words in [({"T": 1}, "T = 1 is impossible"), ({"Q": 9}, "Q = 9 is impossible"),
                         ([3], "is not as `albert-np course new` writes it")]:
        (folder / "course.json").write_text(json.dumps({**settings, "sizes": sizes}))
        status, told = said(capsys, "check", "1.1", "--workspace", folder)
        assert status == 2 and words in told


def hand_in(folder, source, file="functional/layer_norm.py"):
    """A folder with one file of a workspace in it."""
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(source, "utf-8")
    return folder


def test_sizes_can_be_chosen(sandbox, tmp_path):
    file = "functional/linear.py"
    hand_in(tmp_path, emptied(source_of_module(file), file, ()), file)
    sizes = {"B": 4, "T": 9, "A": 3, "D": 5, "E": 8, "F": 12, "V": 31, "L": 2, "M": 6}
    for id in ("2.1", "2.2"):
        assert sandbox.check(exercise_named(id), tmp_path, 0, sizes).findings == []


# ---- what goes wrong -----------------------------------------------------------------------------

SOLUTION = emptied(source_of_module("functional/layer_norm.py"), "functional/layer_norm.py", ())


def backward(body):
    """The solution with another layer_norm_backward at its end."""
    return SOLUTION + "\n\ndef layer_norm_backward(dy, cache):\n" + "\n".join(
        f"    {line}" for line in body.splitlines()) + "\n"


@pytest.mark.parametrize("source, kind, words, points", [
    (SOLUTION, None, "", 5),
    (SOLUTION.replace("row_mean(dx_hat)\n", "0\n"), "value",
     "The mean's own dependence on x is forgotten", 0),
    (SOLUTION.replace("dx *= inv_std", "dx /= inv_std"), "value", "Nudging that entry", 0),
    (backward("while True:\n    pass"), "time", "Is there a loop that never ends?", 0),
    (SOLUTION + "\nwhile True:\n    pass\n", "time", "Is there a loop that never ends?", 0),
    (backward("import os\nos._exit(0)"), "crash", "exit status 0", 0),
    (backward("import os\nos.kill(os.getpid(), 11)"), "crash", "Segmentation fault", 0),
    (backward("return layer_norm_backward(dy, cache)"), "error", "calls itself without end", 0),
    (backward("return dy[99]"), "error", "(line ", 0),
    (backward("return dy, dy[0, 0]"), "shape",
     "2 results come back; there should be 3 gradients", 0),
    (backward("return dy, dy, dy[0, 0]"), "shape", "has the shape", 0),
    (SOLUTION + "\nfrom albert_np.functional import layer_norm_backward\n", "solution",
     "takes its result from albert_np", 0),
    (backward("from albert_np import functional\n"
              "return functional.layer_norm_backward(dy, cache)"), "solution",
     "takes its result from albert_np", 0),
    (SOLUTION.replace("dx_hat = dy * gamma", "dx_hat = np.multiply(dy, gamma, out=dy)"), "changed",
     "changes what it was given", 2.5),
    (SOLUTION.replace("return dx, dgamma, dbeta",
                      "return dx.astype(np.float32), dgamma, dbeta"), "dtype", "is float32", 2.5),
    ("def layer_norm_backward(:\n", "error", "SyntaxError", 0),
    ("import no_such_module\n", "error", "no_such_module", 0),
    ("x = 1\n", "error", "There is no layer_norm_backward in functional/layer_norm.py", 0),
    (backward("import sys\nsys.exit(1)"), "error", "It ends the program itself", 0),
    (backward("print('dx')"), "shape", "1 results come back; there should be 3", 0),
    (backward("return 'dx', 'dgamma', 'dbeta'"), "shape", "gradients, dx is the text 'dx'", 0),
    (backward("return [part.tolist() for part in (dy, dy[0, 0], dy[0, 0])]"), "shape",
     "gradients, dx is a list, a tuple or a dict; it should be an array of the shape", 0),
    (backward("return np.array([None, dy], object), dy, dy"), "shape",
     "dx is an array of Python objects of the shape (2,); it should be an array of the shape", 0),
    (SOLUTION.replace("    return y, (x_hat, inv_std, gamma)", "    y, (x_hat, inv_std, gamma)"),
     None, "", 5),
    (SOLUTION + "\ndef other():\n    return (1\n", None, "", 5),
    (SOLUTION + "\ndef other():\n    return 1\nelse:\n", None, "", 5),
    (" x = 1\n" + SOLUTION, "error", "because of it no exercise of this file can be checked", 0),
    ("from other import gamma\n" + backward("return dy * gamma"), "error", "outside of the "
     "functions it stops with ModuleNotFoundError: No module named 'other' (line 1)", 0),
], ids=["right", "mean", "scale", "loop", "loop_at_import", "exit", "signal", "recursion", "index",
        "too_few", "shape", "import", "indirect_import", "in_place", "float32", "syntax",
        "no_module", "empty", "sys.exit", "no_return", "texts", "lists", "objects",
        "other_exercise", "other_syntax", "syntax_outside", "all_syntax", "other_module"])
def test_each_is_told_in_a_sentence(source, kind, words, points, tmp_path, sandbox):
    verdict = sandbox.check(exercise_named("2.6"), hand_in(tmp_path, source), 5,
                            seconds=1.0 if kind == "time" else 60.0)
    assert verdict.points == points
    assert [finding.kind for finding in verdict.findings[:1]] == ([kind] if kind else [])
    if kind:
        assert words in verdict.findings[0].text
        assert "\n" not in verdict.findings[0].text


def test_the_server_lives_on_and_shows_what_was_printed(tmp_path, sandbox):
    def check(source):
        return sandbox.check(exercise_named("2.6"), hand_in(tmp_path, source), 0, seconds=1.0)

    verdict = check(backward("print('the shape is', dy.shape)\nraise KeyError('x')"))
    assert "the shape is" in verdict.printed and "KeyError" in verdict.findings[0].text
    verdict = check(backward("print('on and on')\nwhile True:\n    pass"))
    assert "on and on" in verdict.printed and verdict.findings[0].kind == "time"
    assert "EOF" in check(backward("input()")).findings[0].text
    assert check("import numpy\nnumpy.einsum = None\n" + SOLUTION).points == 0
    (tmp_path / "helper.py").write_text("from numpy import *\n")
    assert check("import helper\n" + SOLUTION).points == 5          # a module beside it is found
