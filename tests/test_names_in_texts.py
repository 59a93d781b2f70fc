"""Every file, module and name of the package that a text of this project mentions is there.

Texts are pages, docstrings, comments and strings; what a test makes up is not looked at.
"""

import ast
import importlib
import inspect
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

import albert_np
from albert_np.course.exercises import EXERCISES
from albert_np.gradcheck.equations import CHECKING_TESTS
from albert_np.gradcheck.planting import TESTS

PACKAGE = Path(albert_np.__file__).parent
ROOT = PACKAGE.parent
MADE_BY_THE_SITE = [ROOT / "docs" / name for name in ("_build", "api", "tutorials", "speed")]
# Files of other programs, and files that a reader makes.
ELSEWHERE = {
    "classifier_utils.py", "create_pretraining_data.py", "lamb_optimizer.py", "modeling.py",
    "optimization.py", "optimization_test.py", "race_utils.py", "run_pretraining.py",
    "squad_utils.py", "tokenization.py",                               # google-research/albert
    "test_modeling_tf_albert.py", "tests/models/albert/test_modeling_albert.py",
    "tokenization_albert.py",                                          # transformers
    "pydoc_data/topics.py",                                            # Python
    "part.toml", "program.py", "test_exercises.py",                    # the reader
}

DOTTED = re.compile(r"\balbert_np(?:\.[A-Za-z_]\w*)+(?![\w/-])")
FILE = re.compile(r"(?<![\w./<{*-])(?:\w[\w-]*/)*\w[\w-]*\.(?:py|toml)\b(?![\w/])")
FLOORS = "|".join(path.name for path in PACKAGE.iterdir() if path.is_dir())
FOLDER = re.compile(rf"(?<![\w./<{{*-])(?:albert_np/|(?=(?:{FLOORS})/))((?:\w+/)*)(?![\w.])")
ROLE = re.compile(r":(?:func|class|meth|attr|mod|data|obj):`~?([\w.]+)`")


# ---- what is there -------------------------------------------------------------------------------

@cache
def files():
    """The paths of all files, relative to the root."""
    hidden = re.compile(r"(^|/)(\.|__pycache__/|\w+\.egg-info/)")
    found = [path for path in ROOT.rglob("*") if path.is_file()
             and not any(path.is_relative_to(made) for made in MADE_BY_THE_SITE)]
    names = [path.relative_to(ROOT).as_posix() for path in found]
    return [name for name in names if not hidden.search(name)]


@cache
def endings():
    """Every way to name a file by the end of its path: "linear.py", "functional/linear.py", ..."""
    return {"/".join(parts[start:]) for parts in (file.split("/") for file in files())
            for start in range(len(parts))}


@cache
def is_there(dotted):
    """Whether a dotted name is that of a module, or of an attribute of one."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            owner = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        return has(owner, parts[cut:])
    return False


def has(owner, names):
    """Whether owner.a.b.c is there, if only in each instance of a class."""
    for name in names:
        if not hasattr(owner, name):
            return inspect.isclass(owner) and (
                name in getattr(owner, "__dataclass_fields__", {})
                or re.search(rf"\bself\.{name}\b.* = ", inspect.getsource(owner)) is not None)
        owner = getattr(owner, name)
    return True


# ---- what is said --------------------------------------------------------------------------------

def texts_of(path):
    """(line, text): of a page all lines; of Python the comments, docstrings and strings."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.split("\n"), 1)
        return
    only_prose = path.is_relative_to(TESTS)
    docstrings = {node.body[0].lineno for node in ast.walk(ast.parse(text))
                  if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
                  and ast.get_docstring(node)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or token.type == tokenize.STRING and (
                not only_prose or token.start[0] in docstrings):
            yield from enumerate(token.string.split("\n"), token.start[0])


def wrong_names(line):
    """The names in a line of text that lead nowhere."""
    return [*(name for name in DOTTED.findall(line) if not is_there(name)),
            *(name for name in FILE.findall(line) if name not in endings() | ELSEWHERE),
            *(name for name in FOLDER.findall(line) if not (PACKAGE / name).is_dir())]


PAGES = sorted(file for file in files() if file.endswith((".py", ".md", ".toml", ".cfg", ".txt")))


@pytest.mark.slow
def test_names_lead_somewhere():
    wrong = [f"{file}, line {number}: {name}" for file in PAGES
             for number, line in texts_of(ROOT / file) for name in wrong_names(line)]
    assert not wrong, "\n".join(wrong)


def test_short_names_are_known_in_their_module():
    """:func:`name` means a name of the module, or of one of its classes."""
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        short = [name for name in ROLE.findall(text) if not name.startswith("albert_np.")]
        if short:
            module = module_of(path.relative_to(PACKAGE).as_posix())
            owners = [module, *(here for here in vars(module).values() if inspect.isclass(here))]
            for name in short:
                assert any(has(owner, name.split(".")) for owner in owners), f"{path}: {name}"


def module_of(file):
    return importlib.import_module("albert_np." + file.removesuffix(".py").replace("/", "."))


def test_every_folder_names_its_files():
    """Its docstring says in which order to read them; files that are alike are only imported."""
    for init in PACKAGE.rglob("__init__.py"):
        text = init.read_text("utf-8")
        missing = [path.stem for path in init.parent.iterdir()
                   if not path.name.startswith("__") and not re.search(rf"\b{path.stem}\b", text)]
        assert not missing, f"{init.relative_to(ROOT)} does not name {', '.join(missing)}"


def test_exercises_are_there():
    for exercise in EXERCISES:
        for name in exercise.functions:
            module = module_of(exercise.module)
            assert has(module, name.split(".")), f"{exercise.module}: {name}"


def test_files_that_prove_equations_are_there():
    for start, test in CHECKING_TESTS.items():
        assert test in files(), test
        assert any(file.startswith(f"albert_np/{start}") for file in files()), start


@pytest.mark.parametrize("text, name", [
    ("see albert_np.checkpoint", "albert_np.checkpoint"),
    (":func:`~albert_np.functional.linear.linear_sideways`",
     "albert_np.functional.linear.linear_sideways"),
    ("as in `functional/rows.py`", "functional/rows.py"),
    ("under albert_np/checkpoint/ there is", "checkpoint/"),
    ("in `text/corpora/`", "text/corpora/"),
    ("and in nowhere_at_all.py", "nowhere_at_all.py"),
])
def test_a_name_that_leads_nowhere_is_found(text, name):
    assert wrong_names(text) == [name]


@pytest.mark.parametrize("text", [
    "see albert_np.functional.linear.linear_forward, functional/linear.py and albert_np/text/",
    "albert_np.models.AlbertOutput.loss is a field",
])
def test_a_name_that_leads_somewhere_is_not(text):
    assert wrong_names(text) == []
