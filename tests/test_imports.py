"""Imports: what needs NumPy alone, what costs nothing, what is private, and their order."""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import albert_np

PACKAGE = Path(albert_np.__file__).parent
ROOT = PACKAGE.parent

ONLY_NUMPY = """
    import builtins, sys
    allowed = set(sys.stdlib_module_names) | {"numpy", "albert_np"}
    real_import = builtins.__import__

    def guarded_import(name, globals=None, locals=None, fromlist=(), level=0):
        # NumPy itself may look for what it likes.
        asking = (globals or {}).get("__name__", "")
        top = name.partition(".")[0]
        if level == 0 and asking.startswith("albert_np") and top not in allowed:
            raise ImportError(f"{asking} imports {name}")
        return real_import(name, globals, locals, fromlist, level)

    builtins.__import__ = guarded_import
    for blocked in ("matplotlib", "sentencepiece", "safetensors", "threadpoolctl", "tqdm"):
        sys.modules[blocked] = None
"""


def run(code):
    code = textwrap.dedent(ONLY_NUMPY) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_mathematics_runs_with_numpy_alone():
    run("""
        import numpy as np
        from albert_np import AdamW, AlbertConfig, AlbertForPreTraining, AlbertModel, LAMB
        from albert_np import gradcheck
        from albert_np import functional, layers, optim, parameters, pretraining, text
        from albert_np.gradcheck.all_checks import run_all
        from albert_np.commands.cli import main
        config = AlbertConfig(vocab_size=20, hidden_size=12, embedding_size=6, num_hidden_layers=2,
                              num_attention_heads=3, intermediate_size=16)
        model = AlbertForPreTraining(config)
        ids = np.arange(12).reshape(2, 6)
        output, cache = model.forward(ids, labels=ids, sentence_order_label=[0, 1])
        AdamW(model.params).step(model.params, model.backward(cache))
        assert main(["gradcheck", "--only", "linear"]) == 0
    """)


def test_importing_the_package_imports_nothing_else():
    run("""
        import numpy
        before = set(sys.modules)
        import albert_np
        assert {name for name in set(sys.modules) - before} <= {"albert_np", "importlib"}
        import albert_np.plotting.figures
        assert sys.modules["matplotlib"] is None
    """)


# ---- what the source says ------------------------------------------------------------------------

def test_no_module_uses_a_private_name_of_another():
    used = [f"{path.relative_to(ROOT)}, line {line}: {name}" for path in PACKAGE.rglob("*.py")
            for line, name in private_names(ast.parse(path.read_text("utf-8")))]
    assert not used, "\n".join(used)


def private_names(tree):
    """(line, name) of each private name that comes from a module of this package."""
    ours = set()                                             # names that a module may stand behind
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module.startswith("albert_np")):
            whole = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from ((node.lineno, name) for name in whole if is_private(name))
            ours |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            ours |= {alias.asname or "albert_np" for alias in node.names
                     if alias.name.startswith("albert_np")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = node.value
            while isinstance(owner, ast.Attribute):
                owner = owner.value
            if isinstance(owner, ast.Name) and owner.id in ours:
                yield node.lineno, ast.unparse(node)


def is_private(name):
    return name.startswith("_") and not name.endswith("__")


@pytest.mark.parametrize("source, name", [
    ("from .linear import _check", "_check"),
    ("from albert_np.functional._tables import erf", "_tables"),
    ("def late():\n    from ..functional import linear\n    linear._check()", "linear._check"),
    ("import albert_np.functional as F\nF.linear._check()", "F.linear._check"),
])
def test_a_private_name_is_found(source, name):
    assert [found for _, found in private_names(ast.parse(source))] == [name]


@pytest.mark.slow
def test_imports_stand_in_the_order_of_ruff(tmp_path):
    """The order is the tool's; wrapped lines are ours, so they are joined before it looks."""
    pytest.importorskip("ruff")
    for folder in ("albert_np", "benchmarks", "docs", "tests", "tutorials"):
        for path in (ROOT / folder).rglob("*.py"):
            if not path.is_relative_to(ROOT / "docs" / "tutorials"):             # made by the site
                copy = tmp_path / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(with_imports_joined(path.read_text("utf-8")), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "I",
         "--line-length", "320", "--config", "lint.isort.known-first-party = ['albert_np']",
         "--output-format", "concise", "."], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def with_imports_joined(text):
    lines = text.split("\n")
    wrapped = [node for node in ast.walk(ast.parse(text))
               if isinstance(node, ast.ImportFrom) and node.end_lineno > node.lineno]
    for node in sorted(wrapped, key=lambda node: -node.lineno):
        lines[node.lineno - 1:node.end_lineno] = [" " * node.col_offset + ast.unparse(node)]
    return "\n".join(lines)


def test_what_is_imported_late_is_listed():
    """For those who press the tab key."""
    assert dir(albert_np) == sorted(albert_np.__all__) and "AlbertForMaskedLM" in dir(albert_np)
