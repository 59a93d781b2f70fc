"""What is typed arrives at the function that a command calls, and nothing else changes."""

import importlib
import inspect
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.commands.cli import main

MODEL = SimpleNamespace(load_report=SimpleNamespace(remarks=[]))

# For each command: what must be typed, the function, and what each further word changes.
COMMANDS = {
    "prepare": (["corpus.txt", "--output", "folder"], "text.corpus.prepare.prepare_corpus", {
        "--layout lines": {"layout": "lines"}, "--text-field body": {"text_field": "body"},
        "--tokenizer spiece.model": {"tokenizer": "spiece.model"},
        "--vocab-size 900": {"vocab_size": 900}, "--segmenter jieba": {"segmenter": "jieba"},
        "--sample-megabytes 2.5": {"sample_megabytes": 2.5}, "--held-out 0.25": {"held_out": 0.25},
        "--held-out-pieces 7": {"held_out_pieces": 7}, "--shard-pieces 8": {"shard_pieces": 8},
        "--seed 3": {"seed": 3}, "--processes 4": {"processes": 4}, "--quiet": {"progress": False}},
        {"corpus": "corpus.txt", "output": "folder"}),
    "evaluate": (["model", "--data", "rows.csv"], "tasks.finetuning.evaluate.evaluate", {
        "--output folder": {"output": "folder"}, "--header": {"header": True},
        "--no-header": {"header": False}, "--label-separator ;": {"label_separator": ";"},
        "--columns text=body label=2": {"columns": {"text": "body", "label": 2}},
        "--language zh": {"language": "zh"}, "--seed 3": {"seed": 3}, "--workers 5": {"workers": 5},
        "--quiet": {"progress": False}},
        {"model": "model", "data": "rows.csv", "output": Path("runs/evaluate"), "columns": {}}),
    "ablate": (["sharing"], "pretraining.ablation.run.ablate", {
        "--output folder": {"output": "folder"}, "--steps 4": {"steps": 4},
        "--seeds 5": {"seeds": 5},
        "--processes 6": {"processes": 6}, "--quiet": {"progress": False},
        "--corpus text.txt": {"corpus": "text.txt"},
        "--batch-size 9 --lr 0.5": {"options": {"batch_size": 9, "learning_rate": 0.5}},
        "--layout prose": {"options": {"layout": "prose"}},
        "--tokenizer t": {"options": {"tokenizer": "t"}},
        "--vocab-size 700": {"options": {"vocab_size": 700}}},
        {"name": "sharing", "output": Path("runs/ablate-sharing")}),
    "search": (["classification", "--space", "lr=1e-3,1e-2", "--output", "folder", "--data",
                "rows.csv"], "tasks.search.search", {
        "--method grid": {"method": "grid"}, "--trials 3": {"trials": 3}, "--seed 2": {"seed": 2},
        "--jobs 4": {"jobs": 4}, "--prune": {"prune": True}, "--quiet": {"progress": False},
        "--space workers=1,2": {"space": ["workers=1,2"], "arguments": ["--data", "rows.csv"]},
        "-- --workers 3": {"arguments": ["--data", "rows.csv", "--workers", "3"]},
        "-- --epochs 2": {"arguments": ["--data", "rows.csv", "--epochs", "2", "--workers", "1"]},
        "--model start": {"arguments": ["--data", "rows.csv", "--model", "start", "--workers",
                                        "1"]}},
        {"task": "classification", "space": ["lr=1e-3,1e-2"], "output": "folder",
         "arguments": ["--data", "rows.csv", "--workers", "1"]}),
    "gradcheck": ([], "gradcheck.all_checks.run_all", {
        "--method complex": {"method": "complex"}, "--seed 3": {"seed": 3},
        "--only erf": {"only": "erf"}}, {}),
    "trace": (["erf"], "gradcheck.tracing.trace_page.show_trace", {
        "--example erf(1)": {"example": "erf(1)"}, "--inside": {"inside": True},
        "--fault nearly": {"fault": "nearly"}, "--on numbers.npz": {"numbers": {"x": 5}}},
        {"name": "erf"}),
    "equation": (["LN.5"], "gradcheck.equation_pages.show_equation", {
        "--no-measure": {"measure": False}}, {"label": "LN.5"}),
    "plot": (["one"], "plotting.plot_runs", {
        "two": {"runs": {"one": [], "two": []}, "path": Path("curves.png")},
        "--output curve.PNG": {"path": Path("curve.PNG")}, "--smooth 3": {"smooth": 3}},
        {"runs": {"one": []}, "path": Path("one/curves.png")}),
    "fill-mask": (["model", "a [MASK]"], "inference.guesses.iterate_fill_mask", {
        "--top 3": {"top": 3}, "b": {"texts": ["a [MASK]", "b"]}}, {"texts": ["a [MASK]"]}),
    "embed": (["model", "a"], "inference.vectors.iterate_vectors", {
        "--no-special-tokens": {"special_tokens": False},
        "--special-tokens": {}, "b": {"texts": ["a", "b"]}}, {"texts": ["a"]}),
    "similarity": (["model", "a", "b"], "inference.vectors.iterate_similarities", {
        "--no-special-tokens": {"special_tokens": False}}, {"pairs": [("a", "b")]}),
    "quantize": (["model", "--output", "folder"], "tasks.finetuning.quantizing.quantize_run", {
        "--quiet": {}}, {"run": "model", "output": "folder"}),
}


# Not compared: what a command makes itself to say something or to show how far it is.
MADE = {"search": ("options",),
        **dict.fromkeys(("fill-mask", "embed", "similarity"), ("name", "note", "progress"))}


class Called(Exception):
    """The function was called."""


@pytest.fixture
def call(monkeypatch, tmp_path):
    """A function that runs a command up to its call; returns the arguments and the defaults."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").touch()
    Path("start").mkdir()
    np.savez("numbers.npz", x=5)
    monkeypatch.setattr(importlib.import_module("albert_np.inference.load"), "load",
                        lambda *given: (MODEL, None))
    monkeypatch.setattr("albert_np.pretraining.metrics.read_run", lambda folder: [])

    def call(command, further=()):
        needed, function, _, _ = COMMANDS[command]
        module, _, name = f"albert_np.{function}".rpartition(".")
        module, taken = importlib.import_module(module), {}
        signature = inspect.signature(getattr(module, name))

        def take(*positional, **named):
            bound = signature.bind(*positional, **named)
            bound.apply_defaults()
            taken.update(bound.arguments)
            raise Called

        with monkeypatch.context() as patch, pytest.raises(Called):
            patch.setattr(module, name, take)
            main([command, *needed, *further])
        defaults = {name: each.default for name, each in signature.parameters.items()
                    if each.default is not inspect.Parameter.empty}
        for name in {"texts", "pairs"} & taken.keys():
            taken[name] = list(taken[name])
        return [{name: value for name, value in values.items()
                 if name not in MADE.get(command, ())} for values in (taken, defaults)]

    return call


@pytest.mark.parametrize("command", COMMANDS)
def test_a_word_changes_what_it_names(command, call):
    base, _ = call(command)
    for typed, expected in COMMANDS[command][2].items():
        assert call(command, typed.split(" "))[0] == {**base, **expected}, typed


@pytest.mark.parametrize("command", COMMANDS)
def test_without_options_the_defaults_are_those_of_the_function(command, call):
    given, defaults = call(command)
    for name, value in {**defaults, **COMMANDS[command][3]}.items():
        assert given[name] == value, name


@pytest.mark.parametrize("statuses, status", [(("done", "failed"), 0), (("failed", "done"), 1)])
def test_a_search_has_failed_if_its_best_trial_has(monkeypatch, tmp_path, statuses, status):
    (tmp_path / "rows.csv").touch()
    monkeypatch.setattr("albert_np.tasks.search.search", lambda *given, **options: {
        "trials": [{"status": each} for each in statuses]})
    assert main(["search", "classification", "--space", "lr=1e-3,1e-2", "--output", "folder",
                 "--data", str(tmp_path / "rows.csv")]) == status
