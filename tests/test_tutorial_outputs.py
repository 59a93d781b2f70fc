"""The pages of the tutorials show the output of full runs, and know when it is out of date."""

import json
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
sys.path.append(str(DOCS))

import full_runs
from full_runs import TUTORIALS, chosen, run, state_of
from tutorial_run import code_cells, hash_of_code

OUTPUTS = DOCS / "outputs"
SMALL = '''"""
A title
=======
"""

# %%
# Prose.
import matplotlib.pyplot as plt

print("one")
# a comment

# %%
# More prose, and nothing else.

# %%
figure, axes = plt.subplots()
axes.set_title("A picture")
figure.savefig("tutorials/output/07_it.png", dpi=150)
'''


@pytest.mark.parametrize("path", sorted(TUTORIALS.glob("[0-9][0-9]_*.py")),
                         ids=lambda path: path.stem)
def test_no_tutorial_is_newer_than_its_output(path):
    state, command = state_of(path, OUTPUTS), f"python docs/full_runs.py {int(path.stem[:2])}"
    if state == "missing":
        pytest.skip(f"no full run is committed yet: {command}")
    assert state == "full", f"{path.name}: the output is {state}; run {command} and commit it"


def test_the_output_is_small():
    assert sum(file.stat().st_size for file in OUTPUTS.rglob("*") if file.is_file()) < 6e6


def test_cells_of_code_are_found():
    assert code_cells(SMALL) == [
        (7, 'import matplotlib.pyplot as plt\n\nprint("one")\n# a comment'),
        (16, "\n".join(SMALL.splitlines()[16:]))]


@pytest.mark.parametrize("path", sorted(TUTORIALS.glob("[0-9][0-9]_*.py")),
                         ids=lambda path: path.stem)
def test_cells_are_those_of_sphinx_gallery(path):
    parser = pytest.importorskip("sphinx_gallery.py_source_parser")
    _, blocks = parser.split_code_and_text_blocks(path)
    assert ([code.strip() for _, code in code_cells(path.read_text("utf-8"))]
            == [block.content.strip() for block in blocks if block.type == "code"])


@pytest.mark.parametrize("old, new, same", [
    ("# Prose.", "# Better prose.", True), ("# a comment\n", "", True), ("A title", "No", True),
    ('"one"', '"two"', False), ("axes.set", "# %%\naxes.set", False)])
def test_prose_does_not_change_the_hash(old, new, same):
    changed = SMALL.replace(old, new)
    assert changed != SMALL and (hash_of_code(changed) == hash_of_code(SMALL)) == same


@pytest.fixture
def small(tmp_path):
    """A tutorial, the folder of outputs, and a folder to run in."""
    path, outputs, work = tmp_path / "07_small.py", tmp_path / "outputs", tmp_path / "work"
    path.write_text(SMALL)
    (work / "tutorials" / "output").mkdir(parents=True)
    return path, outputs, work


@pytest.mark.slow
def test_a_run_is_kept_until_the_code_changes(small):
    path, outputs, work = small
    assert state_of(path, outputs) == "missing"
    fault, processor, clock = run(path, outputs, work, quick=True)
    assert not fault and processor > 0 and clock > 0
    record = outputs / "07_small" / "run.json"
    kept = json.loads(record.read_text())
    assert kept["cells"] == [
        {"printed": ["one"], "pictures": []},
        {"printed": [], "pictures": [{"file": "07_it.png", "title": "A picture", "width": 480}]}]
    assert (outputs / "07_small" / "07_it.png").stat().st_size > 1000
    assert state_of(path, outputs) == "quick"
    record.write_text(json.dumps({**kept, "quick": False}))
    assert state_of(path, outputs) == "full"
    path.write_text(SMALL.replace('"one"', "1 / 0"))
    assert state_of(path, outputs) == "changed"
    fault, *_ = run(path, outputs, work, quick=True)
    assert "line 10" in fault and fault.endswith("ZeroDivisionError: division by zero")
    assert [path.name for path in outputs.rglob("*")].count("run.json") == 1      # the old one


def test_a_failure_is_told_and_the_next_one_runs(monkeypatch, tmp_path, capsys):
    def runs(path, outputs, work, quick):
        if path.stem.startswith("02"):
            return "ValueError: no", 1.0, 2.0
        (outputs / path.stem).mkdir(parents=True)
        (outputs / path.stem / "run.json").write_text('{"printed": "A small made-up stand-in"}')
        return "", 3.0, 4.0

    monkeypatch.setattr(full_runs, "run", runs)
    monkeypatch.setattr(sys, "argv", ["", "2", "3", "--quick", "--output", str(tmp_path / "out")])
    assert full_runs.main() == 1
    printed, failed = capsys.readouterr()
    assert "failed:\nValueError: no" in printed and "made-up data" in printed
    assert "1 of 2 ran to their end" in printed and "02_gradient_checking" in failed


def test_a_number_that_is_none():
    assert [path.stem for path in chosen([4])] == ["04_attention"]
    with pytest.raises(SystemExit, match=r"There is no tutorial 99; they are numbered 0 to \d+\."):
        chosen([99])


PAGE = """A title
=======

Idea.

.. GENERATED FROM PYTHON SOURCE LINES 5-6

Prose.

.. GENERATED FROM PYTHON SOURCE LINES 7-8

.. code-block:: Python

    print("one")

    print("two")

.. GENERATED FROM PYTHON SOURCE LINES 9-9

.. code-block:: Python

    draw()

After it.
"""
CELLS = [{"printed": ["one", "", "  two", "saved tutorials/output/it.png"], "pictures": []},
         {"printed": [], "pictures": [{"file": "it.png", "title": "A picture", "width": 480}]}]


def test_output_stands_beneath_its_cell():
    page_with = pytest.importorskip("tutorial_pages").page_with
    page = page_with(PAGE, CELLS, "/outputs/07_small", "It was quick.")
    order = ["A title\n=======\n\n.. attention::\n\n   It was quick.\n\n", "Idea.", 'print("two")',
             "code-block:: none\n\n    one\n\n      two\n", "draw()",
             ".. image:: /outputs/07_small/it.png\n   :alt: A picture\n   :width: 480px\n",
             "After it."]
    assert sorted(order, key=page.index) == order and "saved" not in page


def test_without_banner_and_output_the_page_stays():
    page_with = pytest.importorskip("tutorial_pages").page_with
    assert page_with(PAGE, None, "/outputs/07_small", "") == PAGE


def test_output_of_other_cells_is_refused():
    pages = pytest.importorskip("tutorial_pages")
    with pytest.raises(pages.ExtensionError, match="2 cells of code, and its output is that of 1"):
        pages.page_with(PAGE, CELLS[:1], "/outputs/07_small", "")


def test_small_pictures_keep_their_colours(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    monkeypatch.setattr(full_runs, "TUTORIALS", tmp_path)
    (tmp_path / "README.md").write_text("![it](pictures/07_it.png)")
    (tmp_path / "pictures").mkdir()
    grey = image.linear_gradient("L")
    colourful = image.merge("RGB", [grey, grey.rotate(90), grey.rotate(180)])
    colourful.resize((960, 100)).save(tmp_path / "07_it.png")
    full_runs.make_small_picture(Path("07_small.py"), tmp_path)
    small = image.open(tmp_path / "pictures" / "07_it.png")
    assert small.size == (480, 50) and small.mode == "RGB" and len(small.getcolors(10**6)) > 10_000
