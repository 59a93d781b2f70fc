"""The commands for teachers: grade, the Gradescope zip, and notebooks that run in Jupyter."""

import ast
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import adversaries
import pytest

import albert_np
from albert_np.commands import course_marking
from albert_np.commands.cli import main
from albert_np.course.exercises import EXERCISES
from albert_np.course.marking.gradescope_zip import REQUIREMENTS
from albert_np.course.marking.notebooks import percent_script, pieces, source_of_notebook

PACKAGE = Path(albert_np.__file__).parent
POINTS = [exercise.points for exercise in EXERCISES if exercise.module == adversaries.FILE]
UNIT = str(next(exercise.unit for exercise in EXERCISES if exercise.module == adversaries.FILE))


def hand_in(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_grade_a_class(tmp_path, capsys):
    hand_in(tmp_path / "class/Ann Li" / adversaries.FILE, adversaries.RIGHT)
    hand_in(tmp_path / "class/bob" / adversaries.FILE, adversaries.HALF_RIGHT)
    table = tmp_path / "marks of \u5b66\u751f.csv"
    assert main(["course", "grade", str(tmp_path / "class"), "--output", str(table), "--units",
                 UNIT, "--seed", "4", "--quiet"]) == 0
    assert "2 submissions" in capsys.readouterr().out
    ann, bob = csv.DictReader(table.read_text("utf-8").splitlines())
    assert (ann["submission"], float(ann["points"])) == ("Ann Li", sum(POINTS))
    assert (bob["submission"], float(bob["points"])) == ("bob", POINTS[0])
    told = json.loads((tmp_path / "marks of \u5b66\u751f.results/bob.json").read_text("utf-8"))
    assert told["extra_data"]["seed"] == 4


@pytest.mark.parametrize("arguments, sentence", [
    (["grade", "nowhere"], "no folder nowhere"),
    (["grade", "nowhere", "--results", "r.json"], "no submission nowhere"),
    (["grade", ".", "--memory", "0.1"], "--memory"),
    (["grade", ".", "--seconds", "0"], "--seconds"),
    (["grade", ".", "--workers", "0"], "--workers"),
    (["grade", ".", "--seed", "-1"], "--seed"),
    (["grade", ".", "--units", "10"], "--units"),
    (["autograder", "autograder.tar"], "autograder.zip"),
    (["autograder", "--units", "x"], "--units"),
])
def test_bad_input_is_one_sentence(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["course", *arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGHUP, 129),
                                            (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_whatever_stops_the_command_leaves_nothing(tmp_path, number, status):
    """While a submission sleeps and two others wait for their turn.

    After SIGKILL the process and the folder of a submission go by themselves.
    """
    for name in ("ann", "bob", "eve"):
        hand_in(tmp_path / "class" / name / adversaries.FILE, "import time\ntime.sleep(1000)\n")
    (tmp_path / "tmp").mkdir()
    command = subprocess.Popen(
        [sys.executable, "-m", "albert_np", "course", "grade", str(tmp_path / "class"), "--output",
         str(tmp_path / "g.csv"), "--units", UNIT, "--seconds", "300", "--workers", "1",
         "--quiet"],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(PACKAGE.parent)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell without job control lets what runs in the background ignore Ctrl-C, nohup SIGHUP.
        preexec_fn=lambda: [signal.signal(signal.SIGINT, signal.default_int_handler),
                            signal.signal(signal.SIGHUP, signal.SIG_DFL)])
    while not list((tmp_path / "tmp").glob(f"*/*/{adversaries.FILE}")):
        time.sleep(0.05)
    time.sleep(0.5)
    command.send_signal(number)
    out, error = command.communicate(timeout=100)            # until no process has the pipes
    assert command.returncode == status and "Traceback" not in error
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "g.csv").exists()


def test_only_the_first_signal_counts():
    """A second Ctrl-C would stop the removal of what submissions left."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt) as stopped, course_marking._stopped_once():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.raise_signal(number)
        assert stopped.value.args == (signal.SIGINT,)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_marking_without_capabilities_works_or_is_refused(tmp_path):
    setpriv = shutil.which("setpriv")
    if setpriv is None or os.getuid():
        pytest.skip("only root has capabilities to give up")
    hand_in(tmp_path / "class/ann" / adversaries.FILE, adversaries.RIGHT)
    done = subprocess.run(
        [setpriv, "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-m", "albert_np",
         "course", "grade", str(tmp_path / "class"), "--output", str(tmp_path / "g.csv"),
         "--units", UNIT, "--quiet"], text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)})
    if done.returncode == 0:
        row, = csv.DictReader((tmp_path / "g.csv").read_text().splitlines())
        assert float(row["points"]) == sum(POINTS)
    else:
        assert done.returncode == 2 and "all capabilities" in done.stderr


# ---- Gradescope ----------------------------------------------------------------------------------

def test_the_autograder_asks_for_what_the_package_needs():
    text = (PACKAGE.parent / "setup.cfg").read_text()
    listed = re.search(r"install_requires =\n((?:    .+\n)+)", text).group(1).split()
    assert tuple(listed) == REQUIREMENTS


def test_the_autograder_marks_a_submission(tmp_path):
    """As Gradescope does it: unpack, copy run_autograder up, run it beside submission/."""
    archive = tmp_path / "autograder.zip"
    assert main(["course", "autograder", str(archive), "--units", UNIT, "--seed", "9"]) == 0
    base = tmp_path / "autograder"
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
        assert {"setup.sh", "run_autograder", "albert_np/__main__.py"} <= set(names)
        assert not [name for name in names if "__pycache__" in name]
        assert packed.getinfo("run_autograder").external_attr >> 16 & 0o111
        packed.extractall(base / "source")
    hand_in(base / "submission" / adversaries.FILE, adversaries.PRINT_SCORES)
    (base / "results").mkdir()
    (base / "env/bin").mkdir(parents=True)
    (base / "env/bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (base / "env/bin/python").chmod(0o755)
    (base / "run_autograder").write_bytes((base / "source/run_autograder").read_bytes())
    done = subprocess.run(["bash", str(base / "run_autograder")], text=True, capture_output=True,
                          env={**os.environ, "AUTOGRADER": str(base)})
    assert done.returncode == 0, done.stderr
    value = json.loads((base / "results/results.json").read_text())
    assert value["score"] == POINTS[0]
    assert value["extra_data"]["seed"] == 9
    assert subprocess.run(["bash", "-n", str(base / "source/setup.sh")]).returncode == 0


def test_the_seed_of_one_submission_is_drawn(tmp_path, capsys):
    hand_in(tmp_path / "ann" / adversaries.FILE, adversaries.RIGHT)
    seeds = set()
    for name in ("a.json", "b.json"):
        assert main(["course", "grade", str(tmp_path / "ann"), "--units", UNIT, "--results",
                     str(tmp_path / name)]) == 0
        seeds.add(json.loads((tmp_path / name).read_text())["extra_data"]["seed"])
    assert len(seeds) == 2 and 0 not in seeds


def test_the_zip_is_the_same_every_time(tmp_path):
    for name in ("one.zip", "two.zip"):
        assert main(["course", "autograder", str(tmp_path / name), "--seed", "1"]) == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


# ---- notebooks -----------------------------------------------------------------------------------

def modules():
    return sorted({exercise.module for exercise in EXERCISES})


@pytest.mark.parametrize("file", modules())
def test_a_module_is_cut_without_loss(file):
    source = (PACKAGE / file).read_text("utf-8")
    parts = list(pieces(source, [exercise for exercise in EXERCISES if exercise.module == file]))
    assert any(name for name, _ in parts)
    together = "\n".join(text for _, text in parts)
    assert ast.dump(ast.parse(together)) == ast.dump(ast.parse(source))


def test_every_exercise_has_one_check_with_its_points():
    for file in modules():
        script = percent_script(file, (PACKAGE / file).read_text("utf-8"), EXERCISES)
        for exercise in EXERCISES:
            if exercise.module == file:
                assert script.count(f'\ncheck("{exercise.id}")') == 1
                cell = script[:script.index(f'\ncheck("{exercise.id}")')].rpartition("# %% ")[2]
                assert f'"points": {exercise.points}' in cell and '"grade": true' in cell


# https://github.com/jupyter/nbgrader, nbgrader/nbgraderformat/v3.json
CELL = {
    "type": "object", "additionalProperties": False,
    "required": ["schema_version", "grade", "locked", "solution"],
    "properties": {
        "schema_version": {"const": 3}, "grade": {"type": "boolean"},
        "locked": {"type": "boolean"}, "solution": {"type": "boolean"},
        "task": {"type": "boolean"}, "points": {"type": "number", "minimum": 0},
        "grade_id": {"type": "string", "pattern": r"^[a-zA-Z0-9_\-]*$"}},
}


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    pytest.importorskip("jupytext")
    folder = tmp_path_factory.mktemp("notebooks")
    assert main(["course", "notebooks", str(folder), "--units", UNIT]) == 0
    return folder


def test_a_folder_with_other_files_is_refused(tmp_path, capsys):
    (tmp_path / "config.json").write_text("{}")
    assert main(["course", "notebooks", str(tmp_path), "--units", UNIT]) == 2
    assert "is not empty (config.json)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_the_metadata_is_that_of_nbgrader(notebooks):
    jsonschema, nbformat = pytest.importorskip("jsonschema"), pytest.importorskip("nbformat")
    for path in notebooks.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        known = [cell.metadata.nbgrader for cell in notebook.cells
                 if "nbgrader" in cell.metadata]
        for metadata in known:
            jsonschema.validate(metadata, CELL)
        names = [metadata.grade_id for metadata in known]
        assert len(set(names)) == len(names) and any(metadata.solution for metadata in known)
        # What nbgrader refuses: points where nothing is graded, a check that can be edited.
        assert all(metadata.grade == ("points" in metadata) for metadata in known)
        assert all(metadata.locked for metadata in known if metadata.grade)


def solved(path, solution):
    """A notebook with the solution in the cells to write."""
    notebook = json.loads(path.read_text())
    functions = {node.name: ast.get_source_segment(solution, node)
                 for node in ast.parse(solution).body if isinstance(node, ast.FunctionDef)}
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            name = re.search(r"def (\w+)", "".join(cell["source"])).group(1)
            cell["source"] = functions[name]
    return notebook


def run_notebook(notebook, folder):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.reads(json.dumps(notebook), as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, allow_errors=True,
                            resources={"metadata": {"path": str(folder)}}).execute()
    return ["".join(output.get("text", "") or f"{output.ename}: {output.evalue}"
                    for output in cell.outputs)
            for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


@pytest.mark.filterwarnings("default")           # of the libraries of Jupyter
def test_the_notebooks_run(notebooks, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    path = notebooks / "functional_layer_norm.ipynb"
    forward, backward = run_notebook(solved(path, adversaries.HALF_RIGHT), tmp_path)
    assert f"right, {POINTS[0]} points." in forward
    assert backward.startswith("AssertionError") and "LN.5" in backward


@pytest.mark.thorough
@pytest.mark.filterwarnings("default")           # of the libraries of Jupyter
def test_notebooks_run_before_anything_is_written(notebooks, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    for path in sorted(notebooks.glob("*.ipynb")):
        said = run_notebook(json.loads(path.read_text()), tmp_path)
        assert said and all(text.startswith("AssertionError") and "not written yet" in text
                            for text in said)


def test_notebooks_are_marked_like_modules(notebooks, tmp_path):
    path = notebooks / "functional_layer_norm.ipynb"
    (tmp_path / "class").mkdir()
    (tmp_path / "class/ann.ipynb").write_text(json.dumps(solved(path, adversaries.RIGHT)))
    (tmp_path / "class/bob.ipynb").write_text(path.read_text())
    (tmp_path / "class/eve.ipynb").write_text(json.dumps({"cells": [], "metadata": {}}))
    assert main(["course", "grade", str(tmp_path / "class"), "--output", str(tmp_path / "g.csv"),
                 "--units", UNIT, "--quiet"]) == 0
    rows = csv.DictReader((tmp_path / "g.csv").read_text().splitlines())
    assert {row["submission"]: float(row["points"]) for row in rows} == {
        "ann": sum(POINTS), "bob": 0, "eve": 0}


def test_commands_to_the_notebook_are_left_out():
    cells = [{"cell_type": "code", "metadata": {}, "source": ["%matplotlib inline\n", "x = 1\n"]},
             {"cell_type": "markdown", "metadata": {}, "source": "words"},
             {"cell_type": "code", "metadata": {}, "source": "!pip list\ny = 2"}]
    text = json.dumps({"cells": cells, "metadata": {"albert_np": {"module": "optim/sgd.py"}}})
    module, source, _ = source_of_notebook(text)
    assert module == "optim/sgd.py" and source.split() == ["x", "=", "1", "y", "=", "2"]
    with pytest.raises(ValueError, match="no notebook of this course"):
        source_of_notebook(text.replace("optim/sgd.py", "../sgd.py"))


@pytest.mark.parametrize("source, kept", [
    ("np.sum?", ""), ("?np.sum", ""), ("np.sum??", ""), ("x = !ls", ""), ("t = %timeit -o 1", ""),
    ("for i in x:\n    %timeit i", "for i in x:\n    pass"), ("if x:\n  !ls", "if x:\n  pass"),
    ("x = (a\n     % b)", "x = (a\n     % b)"), ("x = (a\n     != b)", "x = (a\n     != b)"),
    ("x = 1  # why?", "x = 1  # why?"), ("x = y % z", "x = y % z"), ("x %= y", "x %= y"),
])
def test_which_lines_are_commands(source, kept):
    cells = [{"cell_type": "code", "metadata": {}, "source": source}]
    text = json.dumps({"cells": cells, "metadata": {"albert_np": {"module": "optim/sgd.py"}}})
    assert source_of_notebook(text)[1].strip() == kept


@pytest.mark.parametrize("line", [
    " " * 10**6 + "x", "x" + " " * 10**6 + "y", "x" * 10**6 + "!", "x, " * 10**6, "x" + "?" * 10**6,
    " " * 10**6 + "%", "a." * 10**6 + "-", "=" * 10**6, "x =" + " " * 10**6,
    "?" + "x." * 10**6 + "-",
], ids=lambda line: line[:2])
def test_a_long_line_is_read_once(line):
    """A pattern that tries all of its blanks at each of them would take hours."""
    assert source_of_notebook(json.dumps({
        "cells": [{"cell_type": "code", "metadata": {}, "source": "y = 1\n" + line}],
        "metadata": {"albert_np": {"module": "optim/sgd.py"}}}))[1].rstrip("\n") == f"y = 1\n{line}"


def test_cells_are_cut_at_line_feeds_only():
    cells = [{"cell_type": "code", "metadata": {}, "source": "x = 'a\x1e\u2028b'\r\n%ls\n"}]
    text = json.dumps({"cells": cells, "metadata": {"albert_np": {"module": "optim/sgd.py"}}})
    assert source_of_notebook(text)[1].rstrip() == "x = 'a\x1e\u2028b'"


def test_notebooks_overwrite_nothing(notebooks, capsys):
    assert main(["course", "notebooks", str(notebooks), "--units", UNIT]) == 2
    assert "is not empty (" in capsys.readouterr().err
