"""``albert-np finetune`` and ``albert-np predict`` as they are typed."""

import io
import json
import shutil
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert_np.commands.cli import main

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model that knows texts with a "list" from others."""
    folder = tmp_path_factory.mktemp("tasks")
    words = "the a name file is not of and returns if then opened again short new".split()
    rng = np.random.default_rng(0)
    texts = [rng.choice(words, 5).tolist() for _ in range(800)]
    for i, text in enumerate(texts):
        text[i % 5] = "list" if i % 2 else text[i % 5]
    rows = [f"{' '.join(text)}\t{'with' if 'list' in text else 'without'}\n" for text in texts]
    (folder / "rows.tsv").write_text("text\tkind\n" + "".join(rows))
    status = main(["finetune", "classification", "--data", str(folder / "rows.tsv"), "--columns",
                   "text=text", "label=kind", "--output", str(folder / "run"), "--vocab-size", "40",
                   "--hidden-size", "16", "--embedding-size", "16", "--layers", "1", "--heads", "2",
                   "--initializer-range", "0.15",
                   "--intermediate-size", "32", "--lr", "3e-3", "--batch-size", "8",
                   "--max-length", "16", "--quiet"])
    assert status == 0
    return folder


def test_results_and_predictions(folder, capsys):
    results = json.loads((folder / "run" / "results.json").read_text("utf-8"))
    assert results["test"]["accuracy"]["value"] > 0.9
    assert main(["predict", str(folder / "run"), "the list is opened again",
                 "the file is opened again"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["label"] for line in lines] == ["with", "without"]
    assert all(sum(line["probabilities"].values()) == pytest.approx(1) for line in lines)


def test_files_and_standard_input(folder, capsys, monkeypatch, tmp_path):
    (tmp_path / "texts.txt").write_text('a list of names\n{"text": "not a list"}\n')
    assert main(["predict", str(folder / "run"), "--file", str(tmp_path / "texts.txt"),
                 "--output", str(tmp_path / "out.jsonl")]) == 0
    assert capsys.readouterr().out == ""
    written = (tmp_path / "out.jsonl").read_text()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(
        b'a list of names\n{"text": "not a list"}\n')))
    assert main(["predict", str(folder / "run")]) == 0
    assert capsys.readouterr().out == written and written.count("\n") == 2


@pytest.mark.parametrize("arguments, sentence", [
    (["predict", "RUN", ""], "Text 1: it needs 'text', a text"),
    (["predict", "RUN", "{broken"], "Text 1 begins with { and is no JSON object"),
    (["predict", "RUN", "a", "--workers", "0"], "--workers is 0; it must be at least 1"),
    (["predict", "nowhere/at/all", "a"], "nowhere/at/all"),
    (["finetune", "choice", "--data", "nothing"], "the data sets of this task are copa, mctest"),
    (["finetune", "classification", "--data", "ROWS", "--columns", "tekst=0"],
     "--columns has 'tekst=0'; it must be text=, text_pair= or label="),
    (["finetune", "classification", "--data", "ROWS", "--columns", "text=3"], "there is no column"),
    (["finetune", "classification", "--data", "ROWS", "--lr", "0"], "learning_rate is 0.0"),
    (["finetune", "classification", "--data", "ROWS", "--model", "RUN", "--hidden-size", "8"],
     "--model does not go together with --hidden-size: the model has a shape"),
])
def test_bad_input_is_one_sentence(folder, arguments, sentence, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    places = {"RUN": str(folder / "run"), "ROWS": str(folder / "rows.tsv")}
    assert main([places.get(argument, argument) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.startswith("albert-np: ") and error.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()


def test_weights_that_are_no_numbers_are_refused(folder, capsys, tmp_path):
    spoilt, rows = tmp_path / "spoilt", str(folder / "rows.tsv")
    shutil.copytree(folder / "run", spoilt)
    tensors = load_file(spoilt / "model.safetensors")
    tensors["albert.pooler.bias"][0] = np.nan
    save_file(tensors, spoilt / "model.safetensors")
    for arguments in (["predict", str(spoilt), "a list"],
                      ["finetune", "classification", "--data", rows, "--columns", "text=text",
                       "label=kind", "--model", str(spoilt), "--output", str(tmp_path / "new")]):
        assert main([*arguments, "--quiet"]) == 2
        captured = capsys.readouterr()
        assert captured.out == "" and captured.err == (
            f"albert-np: {spoilt / 'model.safetensors'} has NaN or infinite numbers in "
            f"pooler.bias; with such weights no output is a number\n")
    assert not (tmp_path / "new" / "results.json").exists()
