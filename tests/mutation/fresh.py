"""Run tests in a new process in which one module has another source.

Usage: ``python fresh.py MODULE SOURCE_FILE TESTS_FILE``; the exit status is pytest's.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path

import pytest


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


if __name__ == "__main__":
    module, source, tests = sys.argv[1:]
    sys.meta_path.insert(0, OneModule(module, Path(source).read_text(encoding="utf-8")))
    # pytest's own finder, which rewrites assertions, would read the file of a doctest unchanged.
    sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--assert=plain",
                          *Path(tests).read_text(encoding="utf-8").splitlines()]))
