"""The mathematics needs NumPy alone, and importing the package costs next to nothing."""

import subprocess
import sys
import textwrap

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
