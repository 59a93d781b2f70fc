"""The tutorials have the form of a lecture, name only what exists, and run to their end.

That they run is shown under a mark of its own, since it takes minutes:
``python -m pytest -m tutorials`` (with ``-n 2`` two at a time).
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import warnings
from pathlib import Path

import pytest

import albert_np
from albert_np.gradcheck.equations import LABEL, find_equations

ROOT = Path(albert_np.__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent.parent / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
TIME_LIMIT = 1800      # seconds, for a script that hangs; how long they take is not tested here

every_tutorial = pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)


# ---- the form: each rule gives a list of sentences -----------------------------------------------

def faults_of_form(text, labels):
    """What a tutorial lacks, or names without its being there.

    Parameters
    ----------
    text : str
        Of the script.
    labels : collection of str
        Of all equations that there are.
    """
    return [*faults_of_title(text), *faults_of_cells(text), *faults_of_exercises(text),
            *faults_of_names(text, labels)]


def faults_of_title(text):
    """The docstring begins with a title, underlined in full, and goes on with a paragraph."""
    lines = (ast.get_docstring(ast.parse(text)) or "").strip().splitlines()
    if len(lines) < 4 or not re.fullmatch("=+", lines[1]):
        return ["it does not begin with a title underlined with === and a paragraph"]
    if len(lines[1]) != columns(lines[0]):
        return ["the line under the title is not as long"]
    return []


def columns(text):
    """How wide a text is: Chinese characters and signs take two columns each."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def faults_of_cells(text):
    """The idea comes first. Text stands in cells, and each heading is underlined in full."""
    faults = []
    if "from albert_np" in text and '"""\n\n# %%\n' not in text:
        faults.append("code stands before its first cell of text")
    if text.count("\n# %%\n") < 5:
        faults.append("it has fewer than five cells (# %%)")
    for heading, line in re.findall(r"^# (\S.*)\n# (-{3,})$", text, re.MULTILINE):
        if columns(heading) != len(line):
            faults.append(f"the line under {heading!r} is not as long")
    return faults


def faults_of_exercises(text):
    """The last heading is Exercises or 练习, with three to five of them, counted from 1."""
    headings = list(re.finditer(r"^# (\S.*)\n# -{3,}$", text, re.MULTILINE))
    if not headings or headings[-1][1] not in ("Exercises", "练习"):
        return ["it does not end with exercises"]
    numbers = re.findall(r"^# (\d+)\. ", text[headings[-1].end():], re.MULTILINE)
    if not 3 <= len(numbers) <= 5 or numbers != [str(n + 1) for n in range(len(numbers))]:
        return [f"its exercises are numbered {', '.join(numbers)}; they should be 3 to 5"]
    return []


def faults_of_names(text, labels):
    """Equations exist, pictures bear the number, and nothing is used that a notebook lacks."""
    faults = [f"({label}) is no equation of this package"
              for label in re.findall(rf"(?<![\w.]){LABEL}(?![\w.]*\w)", text)
              if label not in labels]
    if "__file__" in text:
        faults.append("it uses __file__, which a notebook does not have")
    if "import albert_np" not in text and "from albert_np" not in text:
        if "figure.savefig(" not in text:          # the one file: it has nothing of the package
            faults.append("it saves no picture by figure.savefig")
    elif not re.search(r"\bshow\(", text):
        faults.append("it shows no picture by albert_np.course.lecture.show")
    faults += [f"line {number} has more than 100 characters"
               for number, line in enumerate(text.splitlines(), 1) if columns(line) > 100]
    return faults


@pytest.fixture(scope="module")
def labels():
    return {equation.label for equation in find_equations()}


@every_tutorial
def test_form(path, labels):
    text = path.read_text(encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile(text, path.name, "exec")
    assert faults_of_form(text, labels) == []


@every_tutorial
def test_it_stands_in_the_index(path):
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"`{path.name}`" in index or f"({path.name})" in index


@every_tutorial
def test_the_index_knows_what_comes_before(path):
    needed = re.search(r"(?:Prerequisites:|先读)(.*?)(?:\. |。)",
                       " ".join(path.read_text(encoding="utf-8").split()))[1]
    row = next(row for row in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
               if f"]({path.name})" in row)
    assert re.findall(r"\d+", row.split("|")[-2]) == [
        number.lstrip("0") for number in re.findall(r"``(\d\d)_\w+\.py``", needed)]


@every_tutorial
def test_its_picture_in_the_index_is_one_that_it_draws(path):
    """And small: the index shows all of them at once."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    name, = re.findall(rf"\]\(pictures/({path.stem[:2]}_\w+)\.png\)", index)
    assert f'"{name}")' in path.read_text(encoding="utf-8")
    assert 1000 < (FOLDER / "pictures" / f"{name}.png").stat().st_size < 100_000


def test_the_table_of_formulas_leads_to_tutorials_that_cite_them():
    rows = re.findall(r'"([A-Z]+\.\d+)", "(\d\d)"\)',
                      (FOLDER / "21_the_article_in_numpy.py").read_text(encoding="utf-8"))
    assert len(rows) > 10
    for label, number in rows:
        path, = FOLDER.glob(f"{number}_*.py")
        assert re.search(rf"\b{label}\b", path.read_text(encoding="utf-8")), (label, number)


def letters_of(text):
    """All single letters in the formulas of a tutorial; commands of LaTeX and words left out."""
    greek = dict(zip("alpha beta gamma delta epsilon eta lambda mu sigma Phi varphi".split(),
                     "αβγδεηλμσΦφ"))
    block = r"^# \.\. math::\n#\n((?:#    .*\n|#\n(?=#    ))+)"
    formulas = re.findall(r":math:`([^`]*)`", text) + re.findall(block, text, re.MULTILINE)
    formulas = " ".join(re.sub(r"\\(text|operatorname)\{[^}]*\}", " ", each) for each in formulas)
    found = {greek[name] for name in re.findall(r"\\(\w+?)(?![a-zA-Z])", formulas) if name in greek}
    return found | set(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", formulas)))


@every_tutorial
def test_every_letter_of_a_formula_is_explained_in_the_index(path):
    table = (FOLDER / "README.md").read_text(encoding="utf-8").split("## The letters")[1]
    explained = {letter for cell in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)
                 for letter in re.findall(r"\b\w\b", cell)}
    assert letters_of(path.read_text(encoding="utf-8")) - explained == set()


def test_letters_are_found():
    assert letters_of(""":math:`\\eta x_t` and
# .. math::
#
#    \\frac{ab}{\\text{total}} = \\hat Z

# no formula
""") == set("ηxtabZ")


SOUND = '''"""
Is it so?
=========

A paragraph.
"""

# %%
# A heading
# ---------
# By (LN.5).

from albert_np.course.lecture import show

# %%
# More

# %%
# and

# %%
# more

show(figure, "01_it")

# %%
# Exercises
# ---------
# 1. One
# 2. Two
# 3. Three
'''


def test_a_sound_tutorial_has_no_fault():
    assert faults_of_form(SOUND, {"LN.5"}) == []


def test_a_chinese_tutorial_is_underlined_by_columns():
    chinese = SOUND.replace("Is it so?\n=========", "是吗？\n======").replace(
        "# A heading\n# ---------", "# 标题\n# ----").replace("# Exercises\n# ---------",
                                                           "# 练习\n# ----")
    assert faults_of_form(chinese, {"LN.5"}) == []
    assert faults_of_form(chinese.replace("# 标题\n# ----", "# 标题\n# ---"), {"LN.5"}) == [
        "the line under '标题' is not as long"]


def test_a_script_without_the_package_saves_its_picture_itself():
    alone = SOUND.replace("from albert_np.course.lecture import show\n", "")
    fault = "it saves no picture by figure.savefig"
    assert faults_of_form(alone, {"LN.5"}) == [fault]
    assert faults_of_form(alone.replace("show(figure, ", "figure.savefig("), {"LN.5"}) == []


@pytest.mark.parametrize("old, new, fault", [
    ("Is it so?\n=========\n", "", "it does not begin with a title underlined with === and a "
                                   "paragraph"),
    ("=========", "=====", "the line under the title is not as long"),
    ("# %%\n# More\n", "", "it has fewer than five cells (# %%)"),
    ("# A heading\n# ---------", "# A heading\n# -----", "the line under 'A heading' is not as "
                                                         "long"),
    ("# Exercises\n# ---------\n", "", "it does not end with exercises"),
    ("# 3. Three\n", "", "its exercises are numbered 1, 2; they should be 3 to 5"),
    ("# 3. Three\n", "# 4. Four\n", "its exercises are numbered 1, 2, 4; they should be 3 to 5"),
    ('"""\n\n# %%', '"""\n\nimport os\n\n# %%', "code stands before its first cell of text"),
    ("LN.5", "LN.55", "(LN.55) is no equation of this package"),
    ("(LN.5)", "LN.6 again", "(LN.6) is no equation of this package"),
    ("# more\n", "print(__file__)\n", "it uses __file__, which a notebook does not have"),
    ('show(figure, "01_it")', "figure.savefig()",
     "it shows no picture by albert_np.course.lecture.show"),
    ("# more\n", f"# {'more ' * 20}\n", "line 22 has more than 100 characters"),
])
def test_each_fault_is_named(old, new, fault):
    assert SOUND.count(old) == 1
    assert faults_of_form(SOUND.replace(old, new), {"LN.5"}) == [fault]


# ---- running -------------------------------------------------------------------------------------

def run(path, folder, **environment):
    """Run a copy of a tutorial quickly, from above its folder, with warnings as errors.

    Parameters
    ----------
    path : Path
    folder : Path
        Gets a copy of all tutorials, so that nothing is written beside the real ones.
    environment : str
        Variables to set; None takes one away.

    Returns
    -------
    subprocess.CompletedProcess
    """
    shutil.copytree(FOLDER, folder / "tutorials",
                    ignore=shutil.ignore_patterns("output", "__pycache__"))
    changes = {"ALBERT_NP_QUICK": "1", "DISPLAY": None, "WAYLAND_DISPLAY": None,
               "MPLBACKEND": None, "PYTHONPATH": str(ROOT), **environment}
    environment = {**os.environ, **{name: value for name, value in changes.items() if value}}
    for name, value in changes.items():
        if value is None:
            environment.pop(name, None)
    # How long matplotlib takes to place a legend says something of the machine only.
    warnings = ["-W", "error", "-W", "ignore:Creating legend with loc",
                "-W", "ignore:No installed font has", "-W", "ignore:new weights, which have"]
    return subprocess.run([sys.executable, *warnings, f"tutorials/{path.name}"], cwd=folder,
                          env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=TIME_LIMIT)


def check_run(path, folder, done):
    """It reached its end, and every picture that its text shows is there."""
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
    # The name of a picture is the last thing in the brackets of show() or Path().
    pictures = re.findall(rf'"({path.stem[:2]}_\w+)"\)', path.read_text(encoding="utf-8"))
    output = folder / "tutorials" / "output"
    assert pictures and [name for name in pictures if not (output / f"{name}.png").is_file()] == []


@pytest.mark.tutorials
@every_tutorial
def test_it_runs(path, tmp_path):
    check_run(path, tmp_path, run(path, tmp_path))


@pytest.mark.tutorials
@pytest.mark.parametrize("path", [path for path in TUTORIALS
                                  if "fetch" in path.read_text(encoding="utf-8")],
                         ids=lambda path: path.stem)
def test_it_runs_without_data(path, tmp_path):
    """No folder of data, nothing in the cache, and a proxy where nobody answers."""
    nowhere = "http://127.0.0.1:9"
    check_run(path, tmp_path, run(path, tmp_path, ALBERT_NP_DATA=None,
                                  XDG_CACHE_HOME=str(tmp_path / "cache"), HTTP_PROXY=nowhere,
                                  HTTPS_PROXY=nowhere, http_proxy=nowhere, https_proxy=nowhere))


@pytest.mark.tutorials
def test_the_index_names_no_tutorial_that_is_missing():
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b\d\d_\w+\.py", index))
    assert sorted(named) == [path.name for path in TUTORIALS]
