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


def test_options_between_the_model_and_the_texts(folder, capsys, tmp_path):
    output = tmp_path / "out.jsonl"
    assert main(["predict", str(folder / "run"), "--workers", "1", "a list", "--output",
                 str(output), "a name", "- a list"]) == 0
    assert [json.loads(line)["label"] for line in output.read_text().splitlines()] == [
        "with", "without", "with"]
    assert capsys.readouterr().out == ""
    before = output.read_bytes()                             # nobody's file is overwritten
    assert main(["predict", str(folder / "run"), "a list", "--output", str(output)]) == 2
    assert capsys.readouterr().err.startswith(f"albert-np: there is a file {output} already")
    assert output.read_bytes() == before


@pytest.mark.parametrize("name, text, options", [
    ("others.csv", "id,body\n1,a list\n2,a name\n", ["text=body"]),
    ("others.tsv", "a list\t1\na name\t2\n", ["text=0", "--no-header"]),
    ("others.jsonl", '{"body": "a list", "text": "a name"}\n{"body": "a name"}\n',
     ["text=body"]),
    ("others.jsonl", '{"body": "a list"}\n{"body": "a name"}\n', ["text=body", "label=kind"])])
def test_files_with_other_columns(folder, capsys, tmp_path, name, text, options):
    (tmp_path / name).write_text(text)
    assert main(["predict", str(folder / "run"), "--file", str(tmp_path / name), "--quiet",
                 "--columns", *options]) == 0
    assert [json.loads(line)["label"] for line in capsys.readouterr().out.splitlines()] == [
        "with", "without"]


@pytest.mark.parametrize("name, rows, sentences", [
    ("some.tsv", ["text\tkind", "a list\t", "\twith", "a\tb\tc", "a name\t"],
     [", line 3: the text (column 0, counted from 0) is empty.",
      ", line 4: there are 3 columns, where the first line has 2."]),
    ("some.txt", ["a list", "", "{broken", "a name"],
     ["Line 2 of FILE: the text is empty", "Line 3 of FILE begins with { and is no JSON object"]),
    ("some.jsonl", ['{"text": "a list"}', '{"text": " "}', '{"txt": "a"}', '{"text": "a name"}'],
     ["Line 2 of FILE: the text is empty", "Line 3 of FILE: it needs 'text', a text"])])
def test_rows_that_cannot_be_predicted_are_null(folder, capsys, tmp_path, name, rows, sentences):
    file, output = tmp_path / name, tmp_path / "out.jsonl"
    file.write_text("".join(row + "\n" for row in rows))
    assert main(["predict", str(folder / "run"), "--file", str(file), "--quiet", "--output",
                 str(output)]) == 1
    found = [json.loads(line) for line in output.read_text().splitlines()]
    assert [one and one["label"] for one in found] == ["with", None, None, "without"]
    *named, last = capsys.readouterr().err.splitlines()
    assert len(named) == 2
    for line, sentence in zip(named, sentences):
        assert line.startswith("albert-np: ") and sentence.replace("FILE", str(file)) in line
    assert last == "albert-np: number of rows that cannot be predicted: 2; their lines are null"


def test_of_many_rows_that_cannot_be_predicted_five_are_named(folder, capsys, tmp_path):
    file = tmp_path / "some.jsonl"
    file.write_text('{"text": "a list"}\n' + "{}\n" * 7)
    assert main(["predict", str(folder / "run"), "--file", str(file), "--quiet"]) == 1
    out, error = capsys.readouterr()
    assert out.splitlines()[1:] == ["null"] * 7
    assert error.count("Line ") == 5 and error.endswith("predicted: 7; their lines are null\n")


@pytest.mark.parametrize("arguments, sentence", [
    (["predict", "RUN", ""], "Text 1: the text is empty"),
    (["predict", "RUN", "a", "--no-header"], "--columns and --header are for a table or JSON"),
    (["predict", "RUN", "--file", "ROWS", "--quiet", "--columns", "text=body"],
     "rows.tsv, line 1: there is no column named 'body'; the names are text, kind"),
    (["predict", "RUN", "--file", "ROWS", "--columns", "txt=0"], "--columns has 'txt=0'"),
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


def test_a_run_that_is_not_finished_is_called_so(folder, capsys, tmp_path):
    shutil.copytree(folder / "run", tmp_path / "run")
    (tmp_path / "run" / ".unfinished").write_text("finetune\n")
    sentence = (f"the run in {tmp_path / 'run'} is not finished; this is the model of its best "
                f"epoch so far\n")
    assert main(["predict", str(tmp_path / "run"), "a list", "--quiet"]) == 0
    assert capsys.readouterr().err == f"albert-np: {sentence}"
    rows = ["--data", str(folder / "rows.tsv"), "--columns", "text=text", "label=kind"]
    for arguments in (["evaluate", str(tmp_path / "run")],
                      ["finetune", "classification", "--model", str(tmp_path / "run")],
                      ["finetune", "classification", "--teacher", str(tmp_path / "run"),
                       "--layers", "1"]):
        more = ["--epochs", "1", "--max-length", "16"] * (arguments[0] == "finetune")
        output = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        assert main([*arguments, *rows, *more, "--output", str(output)]) == 0
        assert sentence in capsys.readouterr().out
    assert main(["quantize", str(tmp_path / "run"), "--output", str(tmp_path / "small")]) == 0
    assert capsys.readouterr().err == f"albert-np: {sentence}"


def test_a_pretraining_run_that_is_not_finished_is_called_so(inference_folder, capsys, tmp_path):
    shutil.copytree(inference_folder, tmp_path / "run")
    for arguments in (["embed"], ["similarity"], ["fill-mask"]):
        texts = ["the [MASK] is not"] + ["a list"] * (arguments == ["similarity"])
        for name, sentence in (
                ("", ""), ("options.json", f"albert-np: the run in {tmp_path / 'run'} is not "
                           f"finished; this is the model of its newest evaluation\n"),
                ("results.json", "")):
            if name:
                (tmp_path / "run" / name).write_text("{}")
            assert main([*arguments, str(tmp_path / "run"), *texts]) == 0
            assert capsys.readouterr().err == sentence
        for name in ("options.json", "results.json"):
            (tmp_path / "run" / name).unlink()


def test_weights_that_no_model_has_are_named(folder, capsys, tmp_path):
    shutil.copytree(folder / "run", tmp_path / "run")
    tensors = load_file(tmp_path / "run" / "model.safetensors")
    extra = {f"foo.{i}": np.zeros(2, np.float32) for i in range(4)}
    heads = {"predictions.decoder.bias": np.zeros(40, np.float32)}       # which other models have
    for more, names in ((extra, "foo.0, foo.1, foo.2 and 1 more"), ({"foo": np.zeros(1)}, "foo"),
                        (heads, None)):
        save_file(tensors | more, tmp_path / "run" / "model.safetensors")
        sentence = (f"{tmp_path / 'run'} has weights that the model has no place for; they are "
                    f"left out: {names}\n")
        assert main(["predict", str(tmp_path / "run"), "a list"]) == 0
        assert capsys.readouterr().err == (f"albert-np: {sentence}" if names else "")
        assert main(["evaluate", str(tmp_path / "run"), "--data", str(folder / "rows.tsv"),
                     "--output", str(tmp_path / f"{names}")]) == 0
        assert (sentence in capsys.readouterr().out) == bool(names)


def test_a_start_that_failed_leaves_no_folder(capsys, tmp_path):
    (tmp_path / "rows.tsv").write_text("text\tlabel\n" + "a list\tyes\n" * 30)
    (tmp_path / "there").mkdir()
    for output in (tmp_path / "new", tmp_path / "there"):
        assert main(["finetune", "classification", "--data", str(tmp_path / "rows.tsv"),
                     "--output", str(output), "--quiet"]) == 2
    assert "rows.tsv" in capsys.readouterr().err
    assert not (tmp_path / "new").exists() and (tmp_path / "there").exists()


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
