"""Rows with several labels, from a file to predictions; and a finished model on other rows."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")

from toys import MODEL, WORDS

from albert_np.commands.cli import main
from albert_np.tasks import metrics
from albert_np.tasks.datasets import Classification
from albert_np.tasks.finetuning import TASKS, Settings, finetune, report
from albert_np.tasks.finetuning import evaluate as evaluating
from albert_np.tasks.finetuning.data import RowReader, load_splits
from albert_np.tasks.finetuning.evaluate import evaluate
from albert_np.tasks.finetuning.predicting import load_for_task
from albert_np.tasks.finetuning.start import from_scratch

MULTI = TASKS["multi-label"]
KINDS = ("copy", "file", "list")


def rows(count, seed=0):
    """Texts, and which of three words each has; about half of them have each."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, 16)) for _ in range(count)]
    return [Classification(text, label=tuple(word for word in KINDS if word in text.split()))
            for text in texts]


def write_table(path, rows, separator=";"):
    path.write_text("text,labels\n" + "".join(
        f'{row.text},"{separator.join(row.label)}"\n' for row in rows))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run on a table, and its results."""
    folder = tmp_path_factory.mktemp("several")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("draw_training", "draw_predictions"):
            patch.setattr(report, name, lambda *arguments: None)
        results = finetune("multi-label", folder / "run", config=MODEL, vocab_size=45, epochs=2,
                           data=write_table(folder / "rows.csv", rows(120)), progress=False,
                           settings={"max_length": 16, "label_separator": ";"})
    return folder / "run", results


# ---- files ---------------------------------------------------------------------------------------

def test_tables_and_json_lines_hold_the_same(tmp_path):
    expected = rows(20)
    table = write_table(tmp_path / "rows.csv", expected, " / ")
    (tmp_path / "rows.jsonl").write_text("".join(
        json.dumps({"text": row.text, "labels": list(row.label)}) + "\n" for row in expected))
    (tmp_path / "texts.jsonl").write_text("".join(
        json.dumps({"text": row.text, "labels": "/".join(row.label)}) + "\n" for row in expected))
    assert MULTI.read(table, {"text": "text", "label": "labels"}, None, "/") == expected
    for name, separator in (("rows", None), ("rows", "/"), ("texts", "/")):
        assert MULTI.read(tmp_path / f"{name}.jsonl", {}, None, separator) == expected
    assert MULTI.labels_of(expected) == KINDS and any(row.label == () for row in expected)


@pytest.mark.parametrize("name, text, sentence", [
    ("rows.csv", "a,x;y\n", "is a table; --label-separator must say which sign is between"),
    ("rows.tsv", "a\tx;y\n", "is a table; --label-separator must say which sign is between"),
    ("rows.jsonl", '{"text": "a", "label": "x;y"}\n', "line 1: the field 'label' must be a list of "
     "labels, not \"x;y\"; or --label-separator must say which sign is between them."),
    ("rows.jsonl", '{"text": "a", "label": ["x", null]}\n', "line 1: the field 'label' must be a "
     "list of labels, not [\"x\", null]."),
    ("rows.jsonl", '{"text": "a", "label": ["x", " "]}\n', "line 1: the label is empty."),
    ("rows.jsonl", '{"text": "a"}\n', "line 1: the field 'label' is missing.")])
def test_bad_labels_without_a_separator(tmp_path, name, text, sentence):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError) as error:
        MULTI.read(tmp_path / name, {})
    assert sentence in str(error.value)


def test_labels_in_json_may_be_numbers_and_count_once(tmp_path):
    lines = [{"text": "a", "label": [2, 10, "2", "x", "x"]}, {"text": "b", "label": []}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = MULTI.read(tmp_path / "rows.jsonl", {})
    assert [row.label for row in found] == [("2", "10", "x"), ()]
    assert MULTI.labels_of(found) == ("10", "2", "x")


@pytest.mark.parametrize("labels, words", [((), "none"), (("x",), "x"), (("y", "x"), "x, y")])
def test_training_rows_must_differ_and_others_need_not(labels, words):
    rows = [Classification(text, label=labels) for text in "ab"]
    with pytest.raises(ValueError, match=rf"rows of it have the same labels \({words}\); at least"):
        MULTI.check(rows, "it", True)
    MULTI.check(rows, "it", False)
    MULTI.check([*rows, Classification("c", label=(*labels, "z"))], "it", True)


def test_bad_labels_with_a_separator(tmp_path):
    (tmp_path / "rows.tsv").write_text("a\tx; y;x\nb\tx;;y\n")
    with pytest.raises(ValueError, match="rows.tsv, line 2: a label of 'x;;y' is empty; ';' is the "
                                         "sign between two labels."):
        MULTI.read(tmp_path / "rows.tsv", {"text": 0, "label": 1}, False, ";")
    (tmp_path / "rows.tsv").write_text("a\tx; y;x\nb\t\n")
    assert [row.label for row in MULTI.read(tmp_path / "rows.tsv", {"text": 0, "label": 1}, False,
                                            ";")] == [("x", "y"), ()]
    with pytest.raises(ValueError, match="all rows of it have the same labels .x, y.; at least"):
        MULTI.check([Classification("a", label=("x", "y")), Classification("b", label=("y", "x"))],
                    "it", True)


def test_other_tasks_name_this_one(tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "label": ["x"]}\n')
    with pytest.raises(ValueError, match=r'must be a text or a whole number, not \["x"\]; rows '
                                         "with several labels are for the task multi-label"):
        load_splits(TASKS["classification"], path)
    assert main(["finetune", "classification", "--data", str(path), "--label-separator", ";"]) == 2
    assert "label_separator is for rows with several labels" in capsys.readouterr().err
    assert main(["finetune", "multi-label", "--data", str(path), "--label-separator", ""]) == 2
    assert "label_separator is empty; it must be the sign between" in capsys.readouterr().err


def test_json_lines_with_one_label_are_read_by_the_run(tmp_path):
    """The columns that were found are given to the reader once more."""
    (tmp_path / "rows.jsonl").write_text("".join(
        json.dumps({"body": f"text {'abcdefgh'[i % 8]} {i}", "text": f"row {'xyz'[i % 3]}{i * i}",
                    "label": i % 2}) + "\n" for i in range(40)))
    splits = load_splits(TASKS["classification"], tmp_path / "rows.jsonl", split_copies=True)
    assert len(splits.train) == 32 and splits.labels == ("0", "1")
    assert splits.columns == {"text": "text", "label": "label", "text_pair": "text_pair"}


# ---- a run ---------------------------------------------------------------------------------------

def test_a_model_of_several_labels(trained):
    folder, results = trained
    config = json.loads((folder / "config.json").read_text())
    assert config["problem_type"] == "multi_label_classification"
    assert list(config["id2label"].values()) == list(KINDS)
    assert list(results["test"]) == ["micro f1", "macro f1", "all labels right"]
    found = [json.loads(line) for line in
             (folder / "predictions-test.jsonl").read_text().splitlines()]
    assert results["test"]["micro f1"]["value"] == metrics.micro_f1(
        [row["label"] for row in found], [row["prediction"]["labels"] for row in found], KINDS
    ).value
    for row in found:
        assert row["prediction"]["labels"] == [
            name for name, p in row["prediction"]["probabilities"].items() if p >= 0.5]


def test_all_labels_are_right_if_none_is_missing_and_none_too_many():
    labels = [("copy", "file"), ("copy", "file"), ("copy", "file"), (), ("list",)]
    guesses = [("file", "copy"), ("copy",), ("copy", "file", "list"), (), ("copy",)]
    found = MULTI.figures([Classification("text", label=label) for label in labels],
                          [{"labels": guess} for guess in guesses], KINDS)
    assert found["all labels right"].value == 2 / 5


def test_as_many_labels_as_pieces_are_no_sequence():
    """A row of labels is not padded, even if it has as many entries as the text has pieces."""
    examples = [{"input_ids": np.arange(n), "token_type_ids": np.zeros(n, int),
                 "attention_mask": np.ones(n, int), "labels": np.array([0.0, 1.0, 1.0])}
                for n in (3, 5)]
    batch = MULTI.collate(SimpleNamespace(pad_token_id=0), examples)
    assert batch["labels"].tolist() == [[0, 1, 1]] * 2 and batch["input_ids"].shape == (2, 5)


# ---- evaluate ------------------------------------------------------------------------------------

def test_a_finished_model_on_the_rows_of_its_test_part(trained, tmp_path, monkeypatch, capsys):
    """The figures are those of the run, intervals included, and the pictures those of the task."""
    folder, results = trained
    drawn = []
    monkeypatch.setattr(evaluating, "draw_predictions", lambda *arguments: drawn.append(arguments))
    splits = load_splits(MULTI, folder.parent / "rows.csv", separator=";")
    data = write_table(tmp_path / "test.csv", splits.test)
    assert main(["evaluate", str(folder), "--data", str(data), "--output",
                 str(tmp_path / "out")]) == 0
    written = json.loads((tmp_path / "out" / "results.json").read_text())
    figure = results["test"]["micro f1"]
    assert 0 < figure["low"] < figure["value"] < figure["high"] < 1
    assert written["figures"] == results["test"] and written["rows"] == len(splits.test)
    assert (tmp_path / "out" / "predictions.jsonl").read_text() == (
        folder / "predictions-test.jsonl").read_text()
    (task, place, *_, predicted, _, _), = drawn
    assert (task, place, predicted) == ("multi-label", tmp_path / "out", splits.test)
    assert not (tmp_path / "out" / ".unfinished").exists()
    said = capsys.readouterr().out
    assert f"files      {data}: text is column 0 ('text'), label is column 1 ('labels')" in said
    assert f"model      {folder}, multi-label\n" in said
    assert f"data       {len(splits.test)} rows\n" in said and "evaluation micro f1 " in said
    assert said.endswith(f"The folder is {tmp_path / 'out'}\n")


@pytest.mark.parametrize("seed", [0, 7])
def test_intervals_are_drawn_by_the_seed_for_a_part_by_its_name(trained, tmp_path, monkeypatch,
                                                                capsys, seed):
    """And what ``results.json`` holds beside them."""
    monkeypatch.setattr(evaluating, "draw_predictions", lambda *_: None)
    chosen, said = rows(9, seed=3), {} if seed == 0 else {"seed": seed}
    monkeypatch.setattr(MULTI, "TESTS", {"mine": lambda: chosen}, raising=False)
    found = evaluate(trained[0], "mine", tmp_path / "out", progress=False, **said)
    loaded = load_for_task(trained[0])
    guesses = MULTI.predict(loaded.model, loaded.tokenizer, chosen, loaded.settings)
    expected = MULTI.figures(chosen, guesses, KINDS, np.random.default_rng(seed))
    assert found["figures"] == {name: dataclasses.asdict(figure)
                                for name, figure in expected.items()}
    assert {name: found[name] for name in ("task", "model", "data", "rows", "seed")} == {
        "task": "multi-label", "model": str(trained[0]), "data": "mine", "rows": 9, "seed": seed}
    assert found["settings"] == dataclasses.asdict(loaded.settings) and found["seconds"] > 0
    assert "language" not in found and capsys.readouterr() == ("", "")


def test_rows_without_any_label_are_evaluated(trained, tmp_path):
    """Each label that is predicted is wrong; with none, all rows are right."""
    chosen = [Classification(row.text, label=()) for row in rows(6, seed=3)]
    data = write_table(tmp_path / "rows.csv", chosen)
    found = evaluate(trained[0], data, tmp_path / "out", progress=False)["figures"]
    loaded = load_for_task(trained[0])
    guesses = MULTI.predict(loaded.model, loaded.tokenizer, chosen, loaded.settings)
    right = np.mean([not guess["labels"] for guess in guesses])
    assert {name: figure["value"] for name, figure in found.items()} == {
        "micro f1": 0, "macro f1": 0, "all labels right": right}
    assert right < 1


def test_an_evaluation_reads_the_file_as_it_is_told(trained, tmp_path, monkeypatch):
    """Columns, the first line, and the sign between labels, all other than in training."""
    monkeypatch.setattr(evaluating, "draw_predictions", lambda *_: None)
    (tmp_path / "rows.tsv").write_text("copy/list\tthe list\n\ta name\nfile\ta file\n")
    for header, count in ((False, 3), (True, 2)):
        found = evaluate(trained[0], tmp_path / "rows.tsv", tmp_path / f"{header}", header=header,
                         columns={"text": 1, "label": 0}, label_separator="/", progress=False)
        lines = (tmp_path / f"{header}" / "predictions.jsonl").read_text().splitlines()
        assert found["rows"] == count == len(lines)
        assert json.loads(lines[-1])["label"] == ["file"]


@pytest.mark.parametrize("task", [task for task in TASKS if task != "multi-label"])
def test_a_sign_between_labels_is_for_rows_with_several(task, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluating, "load_for_task", lambda name: SimpleNamespace(
        task=TASKS[task], settings=Settings(task),
        model=SimpleNamespace(config=SimpleNamespace(problem_type=None),
                              load_report=SimpleNamespace(remarks=[]))))
    with pytest.raises(ValueError, match=f"^--label-separator is for rows with several labels; it "
                                         f"is for the task {task}$"):
        evaluate("it", "rows.csv", tmp_path / "out", label_separator=";", progress=False)


def test_the_picture_of_labels_is_drawn(trained, tmp_path):
    data = write_table(tmp_path / "test.csv", rows(6, seed=5))
    evaluate(trained[0], data, tmp_path / "out", progress=False)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        ".lock", "labels.png", "predictions.jsonl", "results.json"}


def test_models_of_others(trained, tmp_path):
    """Without ``task.json`` the configuration says what a model answers with."""
    folder = shutil.copytree(trained[0], tmp_path / "other")
    (folder / "task.json").unlink()
    data = write_table(tmp_path / "test.csv", rows(6, seed=5))
    assert load_for_task(folder).task is MULTI
    evaluate(folder, data, tmp_path / "out", label_separator=";", progress=False)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "problem_type": "regression"}))
    with pytest.raises(ValueError, match="other answers with scores and not with labels; scores "):
        evaluate(folder, data, tmp_path / "scores", progress=False)


def test_rows_without_which_a_figure_cannot_be_computed_are_refused(trained, tmp_path):
    """Of a task that needs more than one score; and nothing is written."""
    tokenizer, task = load_for_task(trained[0]).tokenizer, TASKS["similarity"]
    model, rows = tmp_path / "scores", tmp_path / "rows.tsv"
    from_scratch(task.MODEL, MODEL, tokenizer, task.configuration(()), 0).save_pretrained(
        model, tokenizer)
    (model / "task.json").write_bytes(Settings("similarity", max_length=16).to_bytes())
    rows.write_text("a\tb\t3\nc\td\t3\n")
    with pytest.raises(ValueError, match="rows.tsv has 2 rows with the score 3 only; a correl"):
        evaluate(model, rows, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
    rows.write_text("a\tb\t3\nc\td\t4\n")
    read = RowReader(task, {"text": 0, "text_pair": 1, "label": 2}, False)
    found, labels = evaluating._rows_of(load_for_task(model), rows, read)
    assert [row.label for row in found] == [3, 4] and labels == ()


@pytest.mark.parametrize("words, sentence", [
    (["--data", "nowhere.csv"], "nowhere.csv"),
    (["--data", "."], ". is a folder; give the file in it that is to be evaluated, such "
                       "as test.*"),
    (["--data", "other.csv"], "The label 'new' of other.csv (text 'a') is none of the model's: "
                              "copy, file, "),
    (["--data", "good.csv", "--columns", "label=kind"], "there is no column named 'kind'"),
    (["--data", "good.csv", "--label-separator", ""], "--label-separator is empty; it must be the "
                                                      "sign between two labels, such as ';'"),
    (["--data", "good.csv", "--workers", "0"], "--workers is 0; it must be at least 1"),
    (["--data", "good.csv", "--output", "full"], "the folder full is not empty (x) and holds no "
     "unfinished run of albert-np evaluate")])
def test_bad_input_is_one_sentence(trained, tmp_path, monkeypatch, capsys, words, sentence):
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "good.csv", rows(4))
    write_table(tmp_path / "other.csv", [*rows(4), Classification("a", label=("new",))])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    assert main(["evaluate", str(trained[0]), "--quiet", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1 and not (tmp_path / "runs").exists()
