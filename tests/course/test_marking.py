"""Marking: every submission gets what it deserves, whatever it tries, and no other one notices."""

import json
import os
from pathlib import Path

import adversaries
import pytest
from handed_in import BACKWARD, FORWARD, LAYER_NORM, QUICK, RIGHT, hand_in, rows_of

import albert_np
from albert_np.course.checking.load_modules import source_of_module
from albert_np.course.checking.verdict import Verdict, no_points
from albert_np.course.exercises import EXERCISES
from albert_np.course.marking import mark_class, similarity
from albert_np.course.marking.mark_class import grade_class, grade_one
from albert_np.course.marking.mark_submission import mark_submission
from albert_np.course.marking.similarity import similarities, similarity_cell
from albert_np.course.sandbox.sandbox import Limits
from albert_np.course.workspace.empty_functions import emptied

pytestmark = pytest.mark.slow

PACKAGE = Path(albert_np.__file__).parent
ORPHAN = f"orphan-{os.getpid() % 100000}"

# What each deserves: the share of the points for the forward and for the backward pass.
DESERVED = {
    "right": (RIGHT, 1, 1),
    "right but slow": (adversaries.SLOW, 1, 1),
    "right in another style": (adversaries.OTHER_STYLE, 1, 1),
    "float32 only": (adversaries.FLOAT32_ONLY, 0.5, 0.5),
    "changes its input": (adversaries.IN_PLACE, 0.5, 1),
    "hard-coded": (adversaries.hard_coded(LAYER_NORM), 0, 0),
    "endless loop": (adversaries.ENDLESS, None, 0),
    "20 GB": (adversaries.GREEDY, None, 0),
    "forks": (adversaries.FORK.format(orphan=ORPHAN), 1, 1),
    "deletes files": (adversaries.DELETE, 1, 1),
    "prints scores": (adversaries.PRINT_SCORES, 1, 0),
    "patches": (adversaries.PATCH, 1, 0),
    "imports the solution": (adversaries.IMPORT, 1, 0),
    "imports it in disguise": (adversaries.IMPORT_IN_DISGUISE, 1, 0),
    "reads the source": (adversaries.READ_SOURCE, 1, 0),
    "empty": ("", 0, 0),
    "no Python": ("def layer_norm_forward(x:\n", 0, 0),
}


def processes_named(name):
    return [path for path in Path("/proc").glob("[0-9]*/comm")
            if path.exists() and name.encode() in path.read_bytes()]


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """The whole class, marked once: the rows, the folder, and a file that should survive."""
    folder = tmp_path_factory.mktemp("class")
    victim = folder / "victim"
    victim.mkdir(mode=0o777)
    (victim / "precious").write_text("still here")
    os.chmod(victim, 0o777)
    store = folder / "grades.results/prints scores.json"
    texts = {name: text.replace("{victim}", str(victim)).replace("{store}", str(store))
             for name, (text, *_) in DESERVED.items()}
    hand_in(folder / "handed in", texts)
    grade_class(folder / "handed in", folder / "grades.csv", seed=3, exercises=LAYER_NORM,
                limits=QUICK, workers=2, quiet=True)
    return rows_of(folder / "grades.csv"), folder, victim


@pytest.mark.parametrize("name", DESERVED)
def test_everyone_gets_what_the_work_deserves(marked, name):
    row = marked[0][name]
    _, forward, backward = DESERVED[name]
    # The forward pass is asked for gradients too: where its backward pass never ends, or cannot
    # work with the package's cache, the package's own is taken.
    forward = 1 if forward is None else forward
    assert (float(row[LAYER_NORM[0].id]), float(row[LAYER_NORM[1].id])) == (
        forward * FORWARD, backward * BACKWARD)
    assert float(row["points"]) == forward * FORWARD + backward * BACKWARD


def test_the_student_is_told_why(marked):
    def told(name, number=1):
        value = json.loads((marked[1] / f"grades.results/{name}.json").read_text())
        return value["tests"][number]["output"]

    assert "did not come to an end" in told("endless loop")
    assert "memory" in told("20 GB")
    assert "takes its result from albert_np" in told("imports the solution")
    assert "takes its result from albert_np" in told("imports it in disguise")
    assert "changes what it was given" in told("changes its input", 0)
    assert "float32" in told("float32 only")
    assert "inputs that `course check` uses and wrong for others" in told("hard-coded", 0)
    assert "LN.5" in told("prints scores")                # the planted fault is recognised


# ---- similarity ----------------------------------------------------------------------------------

MINE = '''
class SGD:
    def step(self, params, grads):
        """Mine."""
        for name in grads:                      # all of them
            self.m[name] = self.momentum * self.m[name] + grads[name]
            params[name] -= self.lr * self.m[name]
        self.steps += 1
'''


def test_the_similarity_of_a_pasted_function_is_1():
    exercises = [exercise for exercise in EXERCISES if exercise.module == "optim/sgd.py"]
    pasted = source_of_module("optim/sgd.py")
    assert similarities({"optim/sgd.py": pasted}, exercises) == ({"7.1": 1.0}, [], {})
    other = pasted.replace("# (SGD.1)", "# I wrote this").replace("The gradient is 2", "It is 2")
    assert other != pasted and similarities({"optim/sgd.py": other}, exercises) == (
        {"7.1": 1.0}, [], {})
    assert 0.2 < similarities({"optim/sgd.py": MINE}, exercises)[0]["7.1"] < 0.8
    for text in ("", "def (:", "def step():\n    return 1\n", emptied(pasted, "optim/sgd.py",
                                                                     exercises)):
        assert similarities({"optim/sgd.py": text}, exercises) == ({}, ["7.1"], {})


PASTED = source_of_module(adversaries.FILE)
CUT = PASTED.index("def layer_norm_backward")
DECOY = "def layer_norm_backward(dy, cache):\n    return 3 * dy, dy.sum(), dy.mean() ** 2\n"
HIDDEN = {
    "in a text": f"exec({PASTED!r})",
    "under another name": PASTED.replace("def layer_norm_", "def mine_") +
                          "layer_norm_forward, layer_norm_backward = mine_forward, mine_backward\n",
    "blanks": PASTED.replace("def layer_norm_backward(", "def  layer_norm_backward ("),
    "a long comment": PASTED[:CUT] + f"# {300_000 * 'x'}\n" + PASTED[CUT:],
    "quotes in a comment": PASTED[:CUT] + "# '''\n" + PASTED[CUT:] + "# '''\n",
    "a decoy": PASTED.replace("def layer_norm_backward", "def mine") + "mine_too = mine\n"
               "def layer_norm_backward(dy, cache):\n    return mine_too(dy, cache)\n",
    "after an error": "def broken(:\n    (\n" + PASTED,
    "after a carriage return": PASTED[:CUT] + "# notes\r" + PASTED[CUT:].replace("\n", "\r"),
    "before decoys": PASTED + "if False:\n    " + DECOY.replace("\n", "\n    ") + "pass\n",
    "beside texts": PASTED.replace("    x_hat, inv", 99 * "    'words'\n" + "    x_hat, inv"),
    "by another name": PASTED.replace("def layer_norm_backward", "def mine") + DECOY
                       + "layer_norm_backward = mine\n",
    "in bytes": f"exec({PASTED.encode()!r})",
    "in a condition": f"if True:\n    {PASTED[CUT:].replace(chr(10), chr(10) + '    ')}",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a_pasted_function_is_found(how):
    found, without_text, _ = similarities({adversaries.FILE: HIDDEN[how]}, LAYER_NORM)
    assert found[LAYER_NORM[1].id] > 0.95
    hidden = how in ("in a text", "under another name", "in bytes")
    assert without_text == ([exercise.id for exercise in LAYER_NORM] if hidden else
                            [LAYER_NORM[0].id] if how == "in a condition" else [])


EXEC = f"exec(bytes.fromhex({PASTED.encode().hex()!r}))\n"


def test_what_runs_a_text_is_named():
    for text, names in [(EXEC, ["exec"]), (DECOY, []), ("import re\nre.compile('x')", []),
                        ("import builtins\nbuiltins.eval('1')", ["builtins", "eval"]),
                        ("sys.modules['builtins']", ["builtins"]), ("x = 'eval'", [])]:
        assert similarities({adversaries.FILE: text}, LAYER_NORM)[2] == (
            {adversaries.FILE: names} if names else {})
    assert similarity_cell({"2.5": 0.5}, [], {"a.py": ["exec"], "b.py": ["eval", "exec"]}) == (
        "0.50 (2.5 0.50); a text may be run as code: eval, exec")
    assert similarity_cell(None).startswith("not compared")


def test_the_packages_own_modules_run_no_text():
    """Or every student would seem to."""
    for file in {exercise.module for exercise in EXERCISES}:
        assert similarity.functions_in(source_of_module(file))[2] == []


def test_a_function_of_an_imported_file_is_compared():
    files = {adversaries.FILE: "from helper import *\n" + DECOY, "helper.py": PASTED, "x.py": EXEC}
    found, _, running = similarities(files, LAYER_NORM)
    assert found[LAYER_NORM[1].id] == 1 and running == {}


@pytest.mark.parametrize("text", [
    "x" + "\u0327\u0301" * 300_000,                          # Python sorts these signs
    "def f(\n" * 60 + "a " * 500_000, "x = 0" + "+0" * 500_000, "x = " + "(" * 500_000,
    "if x: pass\n" + "elif x: pass\n" * 80_000, "def f(: 1\n" * 100_000,
], ids=range(6))
def test_no_text_holds_up_the_comparison(text, monkeypatch):
    """Or takes down the process that marks."""
    monkeypatch.setattr(similarity, "SECONDS", 1)
    with similarity.Comparer() as comparer:
        told = comparer.compare({adversaries.FILE: text + "\n" + PASTED}, LAYER_NORM)
        assert told is None or isinstance(told["similarity"], dict)
        told = comparer.compare({adversaries.FILE: PASTED}, LAYER_NORM)
        assert max(told["similarity"].values()) > 0.9    # nothing is left of the earlier one


def test_points_without_a_text_are_told(tmp_path):
    code = RIGHT.encode().hex()
    hand_in(tmp_path / "class", {"ann": f"exec(bytes.fromhex({code!r}))", "bob": ""})
    ann, bob = grade_class(tmp_path / "class", tmp_path / "grades.csv", exercises=LAYER_NORM,
                           limits=QUICK, workers=1, quiet=True)
    ids = ", ".join(exercise.id for exercise in LAYER_NORM)
    assert ann["points"] == FORWARD + BACKWARD
    assert ann["similarity"] == (f"points, but no text of the function was found: {ids}; "
                                 f"a text may be run as code: exec")
    assert bob["similarity"] == ""


def test_the_cell_of_similarities_begins_with_the_mean():
    assert similarity_cell({"2.5": 0.5, "2.6": 1.0}) == "0.75 (2.6 1.00, 2.5 0.50)"
    assert similarity_cell({}) == ""
    assert similarity_cell({"2.5": 0.5}, ["2.6"]) == (
        "0.50 (2.5 0.50); points, but no text of the function was found: 2.6")


def test_the_table_has_a_column_of_similarities(marked):
    rows = marked[0]
    assert rows["right"]["similarity"].startswith("0.")
    assert rows["empty"]["similarity"] == ""


def test_nothing_was_deleted_and_nobody_is_left_behind(marked):
    _, folder, victim = marked
    assert (victim / "precious").read_text() == "still here"
    assert victim.stat().st_mode & 0o777 == 0o777
    assert processes_named(ORPHAN) == []
    forged = json.loads((folder / "grades.results/prints scores.json").read_text())
    assert forged["score"] == FORWARD


def test_same_seed_same_marks(marked, tmp_path):
    rows, folder, _ = marked
    some = {name: DESERVED[name][0] for name in ("right", "hard-coded", "changes its input")}
    hand_in(tmp_path / "again", some)
    again = grade_class(tmp_path / "again", tmp_path / "grades.csv", seed=3, exercises=LAYER_NORM,
                        limits=QUICK, workers=1, quiet=True)
    for row in again:
        assert {key: str(value) for key, value in row.items()} == rows[row["submission"]]
        old = json.loads((folder / f"grades.results/{row['submission']}.json").read_text())
        new = json.loads((tmp_path / f"grades.results/{row['submission']}.json").read_text())
        assert old["tests"] == new["tests"]


def test_marking_resumes(tmp_path, monkeypatch):
    hand_in(tmp_path / "class", {f"student {i}": RIGHT for i in range(4)})
    real, marked = mark_class.mark_submission, []

    def interrupted(*arguments, **named):
        if len(marked) == 2:
            raise KeyboardInterrupt
        marked.append(1)
        return real(*arguments, **named)

    options = dict(exercises=LAYER_NORM, limits=QUICK, workers=1, quiet=True)
    monkeypatch.setattr(mark_class, "mark_submission", interrupted)
    with pytest.raises(KeyboardInterrupt):
        grade_class(tmp_path / "class", tmp_path / "grades.csv", **options)
    assert not (tmp_path / "grades.csv").exists()
    assert len(list((tmp_path / "grades.results").glob("student*.json"))) == 2

    marked.clear()
    monkeypatch.setattr(mark_class, "mark_submission",
                        lambda *a, **named: marked.append(1) or real(*a, **named))
    rows = grade_class(tmp_path / "class", tmp_path / "grades.csv", **options)
    assert len(marked) == 2                               # the other two were there
    assert [row["points"] for row in rows] == 4 * [FORWARD + BACKWARD]

    # A new version of one submission is marked; the others are not marked again.
    (tmp_path / "class/student 1" / adversaries.FILE).write_text("")
    marked.clear()
    rows = grade_class(tmp_path / "class", tmp_path / "grades.csv", **options)
    assert len(marked) == 1 and rows[1]["points"] == 0 and rows[2]["points"] > 0


def test_a_seed_is_drawn_once(tmp_path):
    first = mark_class.settled_seed(tmp_path / "seed.json", None)
    assert mark_class.settled_seed(tmp_path / "seed.json", None) == first
    assert mark_class.settled_seed(tmp_path / "seed.json", 5) == 5
    assert mark_class.settled_seed(tmp_path / "other.json", None) != first


class Slow:
    """A sandbox in which everything takes as long as it may and is wrong."""

    limits = Limits(seconds=2.0)

    def __init__(self):
        self.seeds, self.spent = [], 0.0

    def check(self, exercise, files, seed, seconds):
        self.seeds.append(seed)
        self.spent += 3 * seconds
        return Verdict(exercise.id, 0.0, no_points(exercise, "error", "late").findings,
                       spent=3 * seconds)


def test_a_submission_that_wastes_time_is_bounded():
    """That sleeps at its import and raises, say: three times the seconds for every run."""
    sandbox, files = Slow(), {exercise.module: "" for exercise in EXERCISES}
    mark_submission(files, sandbox, 1)
    runs = 2 * len(EXERCISES)
    assert len(sandbox.seeds) == runs
    assert sandbox.spent <= (10 + 2 * 3) * 2.0 + 3 * 1.0 * runs


def test_the_hidden_seed_stays_outside():
    """A process gets a seed for its exercise alone; the visible seed is known to everyone."""
    sandbox, files = Slow(), {exercise.module: "" for exercise in EXERCISES}
    mark_submission(files, sandbox, 123, visible_seed=7)
    hidden = [seed for seed in sandbox.seeds if seed != 7]
    assert len(set(hidden)) == len(EXERCISES) and 123 not in hidden
    again = Slow()
    mark_submission(files, again, 123, visible_seed=7)
    assert again.seeds == sandbox.seeds


# ---- Gradescope ----------------------------------------------------------------------------------

VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}

# https://gradescope-autograders.readthedocs.io/en/latest/specs/, "Output format"
SCHEMA = {
    "type": "object", "additionalProperties": False,
    "anyOf": [{"required": ["score"]}, {"required": ["tests"]}],
    "properties": {
        "score": {"type": "number"}, "execution_time": {"type": "number"},
        "output": {"type": "string"}, "output_format": FORMAT, "test_output_format": FORMAT,
        "test_name_format": FORMAT, "visibility": VISIBILITY, "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {"type": "array", "items": {
            "type": "object", "additionalProperties": False,
            "properties": {
                "score": {"type": "number"}, "max_score": {"type": "number"},
                "status": {"enum": ["passed", "failed"]}, "name": {"type": "string"},
                "name_format": FORMAT, "number": {"type": "string"}, "output": {"type": "string"},
                "output_format": FORMAT, "tags": {"type": "array", "items": {"type": "string"}},
                "visibility": VISIBILITY, "extra_data": {"type": "object"}}}},
        "leaderboard": {"type": "array", "items": {
            "type": "object", "required": ["name", "value"],
            "properties": {"name": {"type": "string"}, "value": {"type": ["number", "string"]},
                           "order": {"enum": ["asc", "desc"]}}}},
    },
}


def test_results_follow_the_documented_schema(marked):
    jsonschema = pytest.importorskip("jsonschema")
    files = sorted((marked[1] / "grades.results").glob("*.json"))
    files = [path for path in files if not path.name.startswith(".")]
    assert len(files) == len(DESERVED)
    for path in files:
        value = json.loads(path.read_text())
        jsonschema.validate(value, SCHEMA)
        assert value["score"] == sum(test["score"] for test in value["tests"])
        assert sum(test["max_score"] for test in value["tests"]) == FORWARD + BACKWARD
    hidden = [test for test in json.loads((marked[1] / "grades.results/hard-coded.json")
                                          .read_text())["tests"] if test["visibility"] == "hidden"]
    assert len(hidden) == 2 and all(test["max_score"] == 0 for test in hidden)


def test_one_submission(tmp_path):
    hand_in(tmp_path, {"ann": adversaries.HALF_RIGHT})
    value = grade_one(tmp_path / "ann", seed=1, exercises=LAYER_NORM, limits=QUICK)
    assert value["score"] == FORWARD
    assert [test["status"] for test in value["tests"]] == ["passed", "failed"]
    with pytest.raises(FileNotFoundError, match="no submission"):
        grade_one(tmp_path / "bob")


@pytest.mark.thorough
def test_all_units_of_the_package_itself(tmp_path):
    """The complete solution gets every point, from the cage too."""
    for module in {exercise.module for exercise in EXERCISES}:
        path = tmp_path / "ann" / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((PACKAGE / module).read_text("utf-8"), "utf-8")
    value = grade_one(tmp_path / "ann", seed=11)
    assert [test["number"] for test in value["tests"] if test["status"] == "failed"] == []
    assert value["score"] == sum(exercise.points for exercise in EXERCISES)
