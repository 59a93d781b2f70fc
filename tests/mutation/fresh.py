"""Run tests in a new process in which one module has another source.

Usage: ``python fresh.py MODULE SOURCE_FILE TESTS_FILE``; the exit status is pytest's.
"""

import subprocess
import sys
import tempfile
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class MutatedLoader(SourceFileLoader):
    """Reads the module from its own place, and compiles other text."""

    text = ""

    def get_code(self, name):
        return compile(self.text, self.path, "exec")


class OneModule(MetaPathFinder):
    """Finds one module before everybody else does."""

    def __init__(self, name, text):
        self.name, self.text = name, text

    def find_spec(self, name, path, target=None):
        if name != self.name:
            return None
        spec = PathFinder.find_spec(name, path, target)
        spec.loader = MutatedLoader(name, spec.origin)
        spec.loader.text = self.text
        return spec


def killed_in_a_new_process(module, source, text, names):
    """Whether tests fail, or cannot even be collected, because the module has this text.

    A status of pytest other than 0 and 1 counts only if the same tests pass with the right source.
    """
    status = status_of(module, text, names)
    if status not in (0, 1) and (right := status_of(module, source, names)):
        raise RuntimeError(f"pytest ends with {right} on the unchanged {module}: {names}")
    return status != 0


def status_of(module, text, names):
    """How a new pytest ends when the module has this text."""
    with tempfile.TemporaryDirectory() as folder:
        source, tests = Path(folder) / "source.py", Path(folder) / "tests.txt"
        source.write_text(text, encoding="utf-8")
        tests.write_text("\n".join(names), encoding="utf-8")
        command = [sys.executable, __file__, module, str(source),
                   str(tests)]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    module, source, tests = sys.argv[1:]
    sys.meta_path.insert(0, OneModule(module, Path(source).read_text(encoding="utf-8")))
    # pytest's own finder, which rewrites assertions, would read the file of a doctest unchanged.
    sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--assert=plain",
                          "-m", "slow or not slow",
                          *Path(tests).read_text(encoding="utf-8").splitlines()]))
