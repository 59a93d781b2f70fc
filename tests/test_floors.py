"""The floors of the package: what the docstring, the site and the contracts in setup.cfg say."""

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import albert_np

PACKAGE = Path(albert_np.__file__).parent
ROOT = PACKAGE.parent

importlinter = pytest.importorskip("importlinter")
grimp = pytest.importorskip("grimp")

# A module, a line for it to import something that it must not, and the contract that notices.
FORBIDDEN = [
    ("config.py", "from . import optim", "A floor imports only from the floors below it"),
    ("layers/pooler.py", "def late():\n    from ..models import trunk",
     "A floor imports only from the floors below it"),
    ("model_files/file_names.py", "from . import hub",
     "No two files of a folder, and no two folders, need each other"),
    ("functional/erf.py", "from .. import files",
     "Functions and layers import NumPy and each other"),
    ("layers/pooler.py", "import tqdm", "Functions and layers import NumPy and each other"),
    ("text/masking.py", "from matplotlib import pyplot", "Only plotting imports matplotlib"),
]


@pytest.fixture(scope="module")
def contracts():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return {name.rpartition(":")[2]: {key: value.split("\n")[1:] if "\n" in value else value
                                      for key, value in parser[name].items()}
            for name in parser.sections() if name.startswith("importlinter:contract:")}


def lint(folder):
    """Run lint-imports on the package in a folder."""
    command = "import sys; from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run([sys.executable, "-c", command, "--no-cache"], cwd=folder, text=True,
                          capture_output=True, env={**os.environ, "PYTHONPATH": str(folder),
                                                    "COLUMNS": "200"})
    return done.returncode, done.stdout + done.stderr


def copy_to(folder):
    shutil.copytree(PACKAGE, folder / "albert_np", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", folder)


def test_docstring_contract_and_site_name_the_same_floors(contracts):
    floors = contracts["floors"]["layers"][::-1]                       # bottom to top
    documented = re.findall(r"^- ``(\w+)(?:\.py)?``: ", albert_np.__doc__, re.MULTILINE)
    assert [*documented, "__main__"] == floors
    site = (ROOT / "docs" / "extension.py").read_text()          # Sphinx may not be installed
    listed = re.search(r"^FLOORS = (\(.*?\))", site, re.MULTILINE | re.DOTALL)[1]
    assert list(ast.literal_eval(listed)) == documented


def test_every_floor_of_the_package_is_named(contracts):
    there = {path.stem for path in PACKAGE.iterdir()
             if path.name not in ("__init__.py", "__pycache__")}
    assert there == set(contracts["floors"]["layers"])


def test_contracts_name_everything_that_must_not_be_imported(contracts):
    """A new floor or library is forbidden where the others are."""
    graph = grimp.build_graph("albert_np", include_external_packages=True, cache_dir=None)
    libraries = {name for name in graph.modules if not name.startswith("albert_np")
                 and name not in sys.stdlib_module_names} - {"numpy"}
    floors = contracts["floors"]["layers"]
    below = floors[floors.index("layers") + 1:]
    mathematics = contracts["mathematics"]
    assert set(mathematics["forbidden_modules"]) == libraries | {
        f"albert_np.{floor}" for floor in below if floor != "functional"}
    assert set(contracts["pictures"]["source_modules"]) == {
        f"albert_np.{floor}" for floor in floors if floor != "plotting"}


def test_package_keeps_its_contracts():
    status, said = lint(ROOT)
    assert status == 0, said


@pytest.mark.parametrize("file, line, contract", FORBIDDEN)
def test_an_import_that_is_not_allowed_is_noticed(tmp_path, file, line, contract):
    copy_to(tmp_path)
    with open(tmp_path / "albert_np" / file, "a", encoding="utf-8") as module:
        module.write(f"\n\n{line}\n")
    status, said = lint(tmp_path)
    assert status == 1 and f"{contract} BROKEN" in said, said
