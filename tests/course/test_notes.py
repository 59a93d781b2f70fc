"""Notes in other languages: on equations that there are, shown as the source has them."""

import re

import pytest

from albert_np.course.notes import LANGUAGES, as_restructured_text, notes_on, read_notes
from albert_np.course.notes.read_notes import FOLDER
from albert_np.gradcheck.equations import LABEL, find_equations

FILES = sorted(FOLDER.glob("*/*.md"))
every_file = pytest.mark.parametrize("path", FILES,
                                     ids=lambda path: f"{path.parent.name}-{path.stem}")


@pytest.fixture(scope="module")
def equations():
    return {equation.label: equation for equation in find_equations()}


def faults(path, equations):
    """What is wrong with a file of notes: a list of sentences."""
    notes, text = read_notes(path), path.read_text(encoding="utf-8")
    own = {label for label, one in equations.items() if one.file.endswith(f"/{path.stem}.py")}
    found = [] if own else [f"there is no module {path.stem}.py with equations"]
    found += [f"## {label} is no equation of {path.stem}.py" for label in notes if label not in own]
    found += ([f"there is no note on {label}" for label in own if label not in notes] if notes
              else ["there is no note in it"])
    found += [f"({label}) is no equation" for label in re.findall(rf"\(({LABEL})\)", text)
              if label not in equations]
    return found + [f"the note on {label} does not show its equation" for label, note in
                    notes.items() if label in own and
                    spaceless(equations[label].latex) not in map(spaceless, displays(note))]


def displays(note):
    return re.findall(r"^\$\$\n(.*?)\n\$\$$", note, re.MULTILINE | re.DOTALL)


def spaceless(latex):
    return "".join(latex.split())


@every_file
def test_notes_are_on_equations_that_there_are(path, equations):
    assert faults(path, equations) == []


@pytest.mark.parametrize("old, new, fault", [
    ("## LN.4", "## LN.9", "## LN.9 is no equation of layer_norm.py"),
    ("## LN.4", "## ATT.4", "## ATT.4 is no equation of layer_norm.py"),
    ("## LN.6", "### LN.6", "there is no note on LN.6"),
    ("由 (LN.2)，", "由 (LN.7)，", "(LN.7) is no equation"),
    (r"\gamma_j \hat{x}_j + \beta_j", r"\gamma_j x_j + \beta_j",
     "the note on LN.2 does not show its equation")])
def test_each_fault_is_found(old, new, fault, equations, tmp_path):
    text = (FOLDER / "zh" / "layer_norm.md").read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / "layer_norm.md").write_text(text.replace(old, new), encoding="utf-8")
    assert fault in faults(tmp_path / "layer_norm.md", equations)


def test_a_file_without_a_module_and_without_notes(equations, tmp_path):
    (tmp_path / "layer_form.md").write_text("# Nothing", encoding="utf-8")
    assert faults(tmp_path / "layer_form.md", equations) == [
        "there is no module layer_form.py with equations", "there is no note in it"]


def test_every_folder_is_a_language_with_a_name():
    assert {path.parent.name for path in FILES} == set(LANGUAGES)


def test_an_equation_without_a_note_has_none():
    assert notes_on("ERF.1", "erf") == notes_on("LN.9", "layer_norm") == {}


def test_only_what_is_known_becomes_restructured_text():
    note = "把 $\\hat{x}$ 与 `x` 相加。\n\n$$\na\n= b\n$$\n\n完"
    assert as_restructured_text(note) == (
        "把 \\ :math:`\\hat{x}`\\  与 \\ ``x``\\  相加。\n\n.. math::\n\n   a\n   = b\n\n完")
