"""What README shows is what one gets: its Python runs, its tables are printed by the commands."""

import importlib
import re
from pathlib import Path

import albert_np
from albert_np import AdamW, AlbertConfig
from albert_np.commands.cli import COMMANDS, main
from albert_np.optim import clip_by_global_norm
from albert_np.pretraining.options import PretrainingOptions

README = (Path(albert_np.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
HUB, USE, TRAIN, STEP = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(code, names=None, **replaced):
    """Execute an example with other values for some of its text, and return its variables."""
    names = {} if names is None else names
    for old, new in replaced.items():
        assert old in code, old
        code = code.replace(old, new)
    exec(compile(code, "README.md", "exec"), names)
    return names


def test_the_twenty_lines_and_a_step_of_the_training(corpus, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run(TRAIN, **{"corpus.txt": str(corpus), "vocab_size=1000": "vocab_size=45",
                          "steps=500": "steps=3"})
    assert "mlm_loss" in capsys.readouterr().out
    run(STEP, {**names, "batch": next(iter(names["data"].training_batches())),
               "optimizer": AdamW(names["model"].params, lr=1e-3),
               "clip_by_global_norm": clip_by_global_norm})


def test_a_model_is_used(inference_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(HUB, **{"albert/albert-base-v2": str(inference_folder)})
    assert (tmp_path / "mine" / "spiece.model").is_file()
    run(USE, **{"runs/pretrain": str(inference_folder)})


def test_every_command_is_shown():
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2].replace("_", "-")
        assert re.search(rf"\balbert-np {name}\b", README), f"README does not show albert-np {name}"


def test_loading_is_where_readme_says():
    name, module = re.search(r"`(\w+)\(\"runs/pretrain\"\)` from `([\w.]+)`", README).groups()
    assert callable(getattr(importlib.import_module(module), name))


def test_the_table_of_parameters_is_that_of_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = re.search(r"^\$ albert-np (info .*)$", README, re.MULTILINE)
    assert main(command[1].split()) == 0
    shown = README[command.end() + 1:].partition("```")[0]
    assert capsys.readouterr().out.split() == shown.split()


def test_the_default_model_has_as_many_parameters():
    count = re.search(r"this ALBERT, ([\d,]+) parameters", README)[1]
    options = PretrainingOptions()
    config = AlbertConfig(**options.config_values(), vocab_size=options.vocab_size)
    assert f"{sum(config.parameter_counts().values()):,}" == count
