"""Fine-tuning on files of one's own: what is kept, what is said, and what is refused in time."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")
pytest.importorskip("sacrebleu")

from toys import MODEL, TOYS, write_rows, write_toy

from albert_np import AlbertForSequenceClassification, AlbertTokenizer
from albert_np.commands.cli import main
from albert_np.config import AlbertConfig
from albert_np.tasks.datasets import Answer, Choice, Classification, Question, Tagged
from albert_np.tasks.finetuning import TASKS, Settings, finetune, report, run
from albert_np.tasks.finetuning.batches import epoch_batches
from albert_np.tasks.finetuning.data import RowReader, load_splits
from albert_np.tasks.finetuning.predicting import rows_of_file
from albert_np.tasks.finetuning.trainer import steps_of

TINY = {**MODEL, "hidden_size": 16, "embedding_size": 16, "num_hidden_layers": 1,
        "intermediate_size": 16}
FRESH = {"config": TINY, "vocab_size": 45, "epochs": 1, "learning_rate": 1e-3, "workers": 1,
         "settings": {"max_length": 24}}


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    for name in ("draw_training", "draw_predictions"):
        monkeypatch.setattr(report, name, lambda *arguments: None)


def texts(count, labels=("spam", "ham")):
    rng = np.random.default_rng(0)
    rows = [TOYS["classification"](rng).text for _ in range(count)]
    return [(text, labels[number % len(labels)]) for number, text in enumerate(rows)]


def write_csv(path, rows, *names):
    path.write_text("".join(",".join(row) + "\n" for row in ([names] if names else []) + rows))
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, inference_folder):
    """A classifier whose labels are not in the order of the alphabet."""
    folder = tmp_path_factory.mktemp("checkpoint")
    tokenizer = AlbertTokenizer.from_folder(inference_folder)
    config = AlbertConfig.from_dict({**TINY, "vocab_size": tokenizer.vocab_size,
                                     "id2label": {0: "spam", 1: "ham"}})
    AlbertForSequenceClassification(config, seed=5).save_pretrained(folder, tokenizer)
    return folder


# ---- nothing is overwritten ----------------------------------------------------------------------

def test_a_folder_with_something_else_is_left_alone(checkpoint, tmp_path):
    data = write_csv(tmp_path / "rows.csv", texts(40))
    for name, content in (("config.json", "{}"), ("rows.tsv", "a\tb\n"), (".hidden", "x")):
        other = tmp_path / f"with{name}"
        other.mkdir()
        (other / name).write_text(content)
        with pytest.raises(ValueError, match=rf"the folder .* is not empty \({name}\) and holds no "
                                             r"unfinished run of albert-np finetune; choose"):
            finetune("classification", other, data=data, progress=False, **FRESH)
        assert [path.name for path in other.iterdir()] == [name]
    before = {path: path.read_bytes() for path in checkpoint.iterdir()}
    with pytest.raises(ValueError, match="holds the model to start from; choose another one"):
        finetune("classification", checkpoint, data=data, model=checkpoint, progress=False)
    assert {path: path.read_bytes() for path in checkpoint.iterdir()} == before


def test_a_run_that_was_stopped_before_its_first_step_may_be_begun_again(tmp_path, monkeypatch):
    data = write_csv(tmp_path / "rows.csv", texts(40))
    original = run.original_optimizer
    monkeypatch.setattr(run, "original_optimizer", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        finetune("classification", tmp_path / "run", data=data, progress=False, **FRESH)
    assert not (tmp_path / "run").exists()
    monkeypatch.setattr(run, "original_optimizer", original)
    finetune("classification", tmp_path / "run", data=data, progress=False, **FRESH)
    assert not (tmp_path / "run" / ".unfinished").exists()
    with pytest.raises(ValueError, match="holds a finished run"):
        finetune("classification", tmp_path / "run", data=data, progress=False, **FRESH)


# ---- the columns and the labels ------------------------------------------------------------------

def test_the_names_of_columns_are_no_class_and_predict_knows_them(tmp_path, capsys):
    data = write_csv(tmp_path / "rows.csv", texts(40), "body", "stars")
    finetune("classification", tmp_path / "run", data=data, **FRESH)
    said = capsys.readouterr().out
    assert (f"files      {data}: text is column 0 ('body'), label is column 1 ('stars'), counted "
            "from 0; its first line holds names (--no-header if it is a row)\n") in said
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["id2label"] == {"0": "ham", "1": "spam"}
    settings = json.loads((tmp_path / "run" / "task.json").read_text())
    assert settings["columns"] == {"text": "body", "label": "stars"} and settings["pairs"] is False

    write_csv(tmp_path / "UP.CSV", [("1", "a list", "x"), ("2", "the file", "y")], "id",
              "body", "n")
    (tmp_path / "lines.txt").write_text('a list\n{"body": "the file"}\n\n')
    found = []
    for name in ("UP.CSV", "lines.txt"):
        assert main(["predict", str(tmp_path / "run"), "--file", str(tmp_path / name)]) == 0
        found.append(capsys.readouterr())
    assert found[0].out == found[1].out and found[0].out.count("\n") == 2
    assert found[0].err == (f"albert-np: {tmp_path / 'UP.CSV'}: text is column 1 ('body'), "
                            "counted from 0; its first line holds names (--no-header if it is a "
                            "row)\n")

    for arguments, sentence in [
            (["a\tb"], "Text 1: it is a pair of texts (a tab separates them), but the model has "
                       "learnt from single texts"),
            ([str(data)], f"the text {str(data)!r} is the name of a file; did you mean --file"),
            (["--file", str(write_csv(tmp_path / "bad.csv", [("", "x")], "body", "n"))],
             "bad.csv, line 2: the text (column 0, counted from 0) is empty"),
            (['{"txt": "a"}'], "Text 1: it needs 'text', a text")]:
        assert main(["predict", str(tmp_path / "run"), *arguments]) == 2
        error = capsys.readouterr().err
        assert sentence in error and "Traceback" not in error


def test_labels_keep_the_order_of_the_checkpoint(checkpoint, tmp_path, capsys):
    data = write_csv(tmp_path / "rows.csv", texts(40))
    common = {"data": data, "model": checkpoint, "epochs": 1, "learning_rate": 1e-9, "workers": 1,
              "settings": {"max_length": 24}}
    results = finetune("classification", tmp_path / "run", **common)
    assert results["run_model"].config.id2label == {0: "spam", 1: "ham"}
    before = AlbertForSequenceClassification.from_pretrained(checkpoint).params
    np.testing.assert_allclose(results["run_model"].params["classification_head"]["W"],
                               before["classification_head"]["W"], atol=1e-6)
    assert "new weights" not in capsys.readouterr().out

    other = write_csv(tmp_path / "other.csv", texts(40, ("good", "bad")))
    results = finetune("classification", tmp_path / "other", **{**common, "data": other})
    assert results["run_model"].config.id2label == {0: "bad", 1: "good"}
    assert np.abs(results["run_model"].params["classification_head"]["W"]
                  - before["classification_head"]["W"]).max() > 1e-3
    said = capsys.readouterr().out
    assert "the head is new because the labels are not those of the model (spam, ham)\n" in said
    assert "new weights, drawn with seed 0: classifier.weight, classifier.bias\n" in said
    assert f"weights of {checkpoint} that are left out: classifier.bias, classifier" in said


def test_how_a_fresh_model_came_about_is_said(inference_folder, tmp_path, capsys):
    data = write_csv(tmp_path / "rows.csv", texts(40))
    finetune("classification", tmp_path / "fresh", data=data, **{**FRESH, "vocab_size": 5000})
    said = capsys.readouterr().out
    size = json.loads((tmp_path / "fresh" / "config.json").read_text())["vocab_size"]
    assert 13 < size < 500
    assert f"vocabulary {size:,} pieces instead of 5,000: more do not fit these rows\n" in said
    assert (f"a new vocabulary of {size:,} pieces, learnt from the training rows; all weights are "
            "new, drawn with seed 0\n") in said
    common = {**FRESH, "config": None, "vocab_size": 45, "data": data, "model": inference_folder}
    finetune("classification", tmp_path / "shape", scratch=True, **common)
    assert (f"all weights are new, drawn with seed 0; the shape and the vocabulary are those of "
            f"{inference_folder}\n") in capsys.readouterr().out
    finetune("classification", tmp_path / "trunk", **common)
    said = capsys.readouterr().out
    assert "new weights, drawn with seed 0: classifier.weight, classifier.bias\n" in said
    assert f"weights of {inference_folder} that are left out: predictions.LayerNorm.bias, " in said


def test_what_transformers_would_not_know_is_said(tmp_path, capsys, monkeypatch):
    """A field that its configuration cannot hold, and a missing library that writes for it."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    data = write_csv(tmp_path / "rows.csv", texts(40))
    for residual in (True, False):
        config = {**TINY, "cross_layer_residual": residual}
        finetune("classification", tmp_path / f"{residual}", data=data,
                 **{**FRESH, "config": config})
        said = capsys.readouterr().out
        assert ("           transformers does not know cross_layer_residual and would compute "
                "other numbers with these weights; the model is right in albert_np only\n"
                in said) == residual
        assert "           tokenizer.json is not written, so transformers will cut " in said
    assert not (tmp_path / "True" / "tokenizer.json").exists()


def test_files_of_the_task_are_read_as_in_training(tmp_path):
    def rows(task, path):
        loaded = SimpleNamespace(task=TASKS[task], settings=Settings(task))
        return rows_of_file(loaded, path)

    for task, name in (("questions", "train.json"), ("entities", "train.conll")):
        splits = write_toy(task, tmp_path / task, train=3, others=1)
        found, sentence = rows(task, tmp_path / task / name)
        assert len(found) == 3 and sentence.endswith("is read as the files of the training are")
        if task == "entities":
            assert found == splits.train
    (tmp_path / "rows.json").write_text('{"question": "a", "context": "b"}\n')
    for task in TASKS:
        assert rows(task, tmp_path / "rows.json") == (None, "")


@pytest.mark.parametrize("pairs, names, found", [
    (False, "text", ["a"]), (False, "text,text_pair", ["a"]), (True, "text,text_pair", ["a", "b"]),
    (None, "text", ["a"]), (None, "text,text_pair", ["a", "b"]), (True, "text", None)])
def test_tables_to_predict_from_have_the_columns_of_training(pairs, names, found, tmp_path):
    """A second text is read if the training rows had one, and needed if all of them had one."""
    more = ("", "") if found is None else (",label", ",x")
    texts = "a,b" if "pair" in names else "a"
    (tmp_path / "rows.csv").write_text(f"{names}{more[0]}\n{texts}{more[1]}\n")
    loaded = SimpleNamespace(task=TASKS["classification"],
                             settings=Settings("classification", pairs=pairs))
    if found is None:
        with pytest.raises(ValueError, match="rows.csv, line 1: there is no column 1; the line"):
            list(rows_of_file(loaded, tmp_path / "rows.csv")[0])
        return
    rows, sentence = rows_of_file(loaded, tmp_path / "rows.csv")
    assert list(rows) == [Classification(*found)] and "text is column 0" in sentence


def test_a_bad_row_of_a_table_to_predict_from_is_an_error_among_the_others(tmp_path):
    (tmp_path / "rows.csv").write_text("text,label\na,x\n ,y\nb,z\n")
    loaded = SimpleNamespace(task=TASKS["classification"],
                             settings=Settings("classification", pairs=False))
    first, bad, last = rows_of_file(loaded, tmp_path / "rows.csv")[0]
    assert (first, last) == (Classification("a"), Classification("b"))
    assert str(bad) == (f"{tmp_path / 'rows.csv'}, line 3: the text (column 0, counted from 0) is "
                        f"empty.") and type(bad) is ValueError


def test_the_columns_of_the_first_table_are_kept(tmp_path):
    """Of the training part: others may name their columns in another way."""
    for name, head in (("train", "text,label"), ("test", "sentence,label")):
        (tmp_path / f"{name}.csv").write_text(f"{head}\na,a\nb,b\n")
    read = RowReader(TASKS["classification"])
    assert read.columns == {}
    read(tmp_path / "train.csv")
    first = dict(read.columns)
    read(tmp_path / "test.csv")
    assert read.columns == first == {"text": "text", "label": "label"}


def test_files_that_are_no_tables_have_neither_columns_nor_a_header(tmp_path):
    (tmp_path / "rows.txt").write_text("a\n")
    (tmp_path / "rows.csv").write_text("a,b\nc,d\n")
    for task, name, options, sentence in (
            ("entities", "rows.txt", {"columns": {"text": 0}}, "^rows for entities have no columns"
             "; remove --columns"),
            ("entities", "rows.csv", {"header": True}, "rows.csv is no table for entities by its"),
            ("classification", "rows.txt", {"header": False}, "rows.txt is no table for class")):
        loaded = SimpleNamespace(task=TASKS[task], settings=Settings(task))
        with pytest.raises(ValueError, match=sentence):
            rows_of_file(loaded, tmp_path / name, **options)
    loaded = SimpleNamespace(task=TASKS["classification"], settings=Settings("classification"))
    for header, texts_found in ((True, ["d"]), (False, ["b", "d"])):
        rows, _ = rows_of_file(loaded, tmp_path / "rows.csv", {"text": 1}, header)
        assert [row.text for row in rows] == texts_found


def test_what_is_left_out_of_a_folder_is_named(tmp_path):
    write_toy("classification", tmp_path / "data", train=3, others=2)
    (tmp_path / "data" / "README").touch()
    said = []
    load_splits(TASKS["classification"], tmp_path / "data", say=said.append)
    assert said[-1] == f"left out of {tmp_path / 'data'}: README" and len(said) == 4


# ---- before the training, not after --------------------------------------------------------------

@pytest.mark.parametrize("task, lines, sentence", [
    ("classification", ["{} a,ham"] * 40, "has the label 'ham' only; at least two are needed"),
    ("similarity", ["{} a,b,3"] * 40, "the train part of .* rows with the score 3 only; a "
                                      "correlation needs at least two different scores"),
    ("similarity", ["{} a,b,3", "{} a,b,4"] * 5, "the dev part of .* has 1 rows with the score"),
    ("entities", ["{} O\n"] * 40, "the train part of .* has no entity: every tag is O"),
    ("classification", ["{} a,ham", "{} a,spam"] * 5, "the dev part of .* has 1 row; at least 2 "
                                                      "are needed to compute figures with inter")])
def test_what_figures_need_is_checked_before_the_first_step(task, lines, sentence, tmp_path):
    names = "ab cd ef gh ij kl mn op qr st uv wx yz".split()
    words = [f"{first}{second}" for first in names for second in names]
    ending = "conll" if task == "entities" else "csv"
    path = tmp_path / f"rows.{ending}"
    path.write_text("\n".join(line.format(word) for line, word in zip(lines, words)))
    with pytest.raises(ValueError, match=sentence):
        load_splits(TASKS[task], path)


@pytest.mark.parametrize("part", ["dev", "test"])
@pytest.mark.parametrize("task", TASKS)
def test_a_part_of_one_row_is_refused(task, part, tmp_path):
    splits = write_toy(task, tmp_path, train=4, others=4)
    # Rows of all labels are learnt from, and four are held out.
    write_rows(task, [*splits.train, *splits.dev, *splits.test], tmp_path, "train")
    write_rows(task, splits.train, tmp_path, "dev")
    write_rows(task, splits.train, tmp_path, "test")
    if task != "similarity" or len({row.label for row in splits.train}) > 1:
        load_splits(TASKS[task], tmp_path)
    write_rows(task, splits.train[:1], tmp_path, part)
    with pytest.raises(ValueError, match=rf"the {part} part of .* has 1 row"):
        load_splits(TASKS[task], tmp_path)


@pytest.mark.parametrize("part", ["dev", "test"])
def test_a_part_without_an_entity_is_refused(part, tmp_path):
    splits = write_toy("entities", tmp_path, train=4, others=4)
    rows = [Tagged(row.words, ("O",) * len(row.words)) for row in splits.train]
    write_rows("entities", rows, tmp_path, part)
    with pytest.raises(ValueError, match=rf"the {part} part of .* has no entity: every tag is O, "
                                         "and F1 would be 0 for any predictions"):
        load_splits(TASKS["entities"], tmp_path)


@pytest.mark.parametrize("part, name", [("dev", "development"), ("test", "reported")])
def test_a_part_of_one_label_has_no_figure_that_needs_two(part, name, tmp_path, monkeypatch):
    write_toy("classification", tmp_path / "data", train=40, others=10)
    rows = [Classification(text, label=label) for text, label in texts(4, ("yes",))]
    write_rows("classification", rows, tmp_path / "data", part)
    task, predictions = TASKS["classification"], [{"label": label} for label in ("no", "yes")] * 2
    assert list(task.figures(rows, predictions, ("no", "yes"))) == ["accuracy"]
    common = {**FRESH, "data": tmp_path / "data", "progress": False}
    results = finetune("classification", tmp_path / "run", **common)
    assert list(results["validation" if part == "dev" else "test"]) == ["accuracy"]
    monkeypatch.setattr(run, "train_epochs", lambda *_, **__: pytest.fail("it has trained"))
    with pytest.raises(ValueError, match=f"^best_by is 'f1'; the figures of the {name} part are "
                                         f"accuracy$"):
        finetune("classification", tmp_path / "other", best_by="f1", **common)


def test_three_labels_have_a_macro_f1_to_choose_by(tmp_path, capsys):
    data = write_csv(tmp_path / "rows.csv", texts(60, ("bad", "fair", "good")))
    results = finetune("classification", tmp_path / "run", data=data, best_by="macro_f1", **FRESH)
    assert list(results["test"]) == ["accuracy", "matthews", "macro f1"]
    assert results["metric"] == "macro f1" and results["settings"]["positive_label"] is None
    assert results["epochs"][0]["value"] == results["validation"]["macro f1"]["value"]
    assert "   macro f1 " in capsys.readouterr().out


@pytest.mark.parametrize("part", ["dev", "test"])
def test_a_text_without_pieces_shows_before_the_training(part, tmp_path, monkeypatch):
    write_toy("classification", tmp_path / "data", train=40, others=4)
    with open(tmp_path / "data" / f"{part}.tsv", "a") as file:
        file.write("\u0301\tyes\n")
    monkeypatch.setattr(run, "train_epochs", lambda *_, **__: pytest.fail("it has trained"))
    with pytest.raises(ValueError, match="the tokenizer leaves no piece; a text needs at least"):
        finetune("classification", tmp_path / "run", data=tmp_path / "data", progress=False,
                 **FRESH)


def test_baselines_and_figures_come_before_the_training(tmp_path, monkeypatch):
    data = write_csv(tmp_path / "rows.csv", texts(40))
    monkeypatch.setattr(TASKS["classification"], "baselines", lambda *_: 1 / 0)
    monkeypatch.setattr(run, "train_epochs", lambda *_, **__: pytest.fail("it has trained"))
    with pytest.raises(ZeroDivisionError):
        finetune("classification", tmp_path / "run", data=data, progress=False, **FRESH)


def test_results_are_written_before_the_pictures(tmp_path, monkeypatch):
    data = write_csv(tmp_path / "rows.csv", texts(40))
    monkeypatch.setattr(report, "draw_training", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        finetune("classification", tmp_path / "run", data=data, progress=False, **FRESH)
    written = json.loads((tmp_path / "run" / "results.json").read_text())
    assert written["test"] and len(written["baselines"]) == 2 and written["seconds"] > 0


def test_copies_that_leave_a_part_empty_are_explained(tmp_path):
    path = write_csv(tmp_path / "rows.csv", [(f"Message {i}!", "ab"[i % 2]) for i in range(30)])
    with pytest.raises(ValueError, match="rows.csv has 30 rows but only 2 different texts, which "
                       "give 30 : 0 : 0 rows to train, dev and test. Texts count as copies if they "
                       "differ only in capitals and punctuation, every digit read as 0; copies "
                       "stay in one part. With --split-copies they may lie in several parts."):
        load_splits(TASKS["classification"], path)
    splits = load_splits(TASKS["classification"], path, split_copies=True)
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [24, 3, 3]
    write_csv(path, texts(3))
    with pytest.raises(ValueError, match="has too few rows to be divided: 3 rows give "):
        load_splits(TASKS["classification"], path)


# ---- rows that are left out ----------------------------------------------------------------------

def test_pairs_that_are_too_long_are_counted(tmp_path, capsys):
    write_toy("translation", tmp_path / "data", train=30, others=4)
    with open(tmp_path / "data" / "train.tsv", "a") as file:
        file.write("a list\t" + "tsil " * 30 + "\n")
    common = {**FRESH, "vocab_size": 70, "data": tmp_path / "data"}
    finetune("translation", tmp_path / "run", **common)
    assert (f"left out   1 of 31 training rows of {tmp_path / 'data'}: the target has more pieces "
            "than --max-target-length, or source") in capsys.readouterr().out
    with pytest.raises(ValueError, match="nothing is left to learn from: left out are 31 of 31 "
                                         "training rows of .*--max-target-length"):
        finetune("translation", tmp_path / "none", progress=False,
                 **{**common, "settings": {"max_length": 24, "max_target_length": 1}})


def test_a_question_whose_answer_is_in_no_window_is_not_learnt_as_impossible(tmp_path):
    tokenizer_folder = tmp_path / "run"
    write_toy("questions", tmp_path / "data", train=30, others=6)
    finetune("questions", tokenizer_folder, data=tmp_path / "data", progress=False, **FRESH)
    tokenizer = AlbertTokenizer.from_folder(tokenizer_folder)
    task, settings = TASKS["questions"], Settings("questions", max_length=16, doc_stride=4)
    context = "the list of names is a new list of names and a copy of the file is opened again"
    rows = [Question("1", context, "is it", (Answer(context, 0),)),
            Question("2", context, "is it", (Answer("list", 4),)),
            Question("3", context, "is it", (), True)]
    found = task.features(tokenizer, rows, (), settings)
    assert not found[0] and len(found[1]) == len(found[2]) > 1
    data = {"data": [{"paragraphs": [{"context": "a   b", "qas": [
        {"id": "x", "question": "q", "answers": [{"text": "  ", "answer_start": 1}]}]}]}]}
    (tmp_path / "a.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match="a.json, line 1: question 'x' has the answer '  ', which "
                                         "has no visible character"):
        task.read(tmp_path / "a.json", {})


# ---- choices of different numbers ----------------------------------------------------------------

def test_choices_of_two_and_three_train_together(tmp_path):
    rng = np.random.default_rng(0)
    rows = [TOYS["choice"](rng) for _ in range(30)]
    rows[::2] = [Choice("", row.context, row.question, (*row.choices, "a name"), row.label)
                 for row in rows[::2]]
    (tmp_path / "data").mkdir()
    for part, chosen in (("train", rows[:20]), ("dev", rows[20:25]), ("test", rows[25:])):
        write_rows("choice", chosen, tmp_path / "data", part)
    results = finetune("choice", tmp_path / "run", data=tmp_path / "data", progress=False,
                       batch_size=4, **FRESH)
    assert results["epochs"][-1]["step"] == 6            # 10 questions of either kind: 3 + 3


def test_a_batch_has_one_kind_and_one_kind_is_drawn_as_before():
    kinds = np.array([2, 3] * 9)
    lengths = np.arange(18)
    batches = epoch_batches(lengths, 4, np.random.default_rng(0), kinds=kinds)
    assert all(len(set(kinds[batch])) == 1 for batch in batches) and len(batches) == 6
    assert sorted(np.concatenate(batches).tolist()) == list(range(18))
    one, same = (epoch_batches(lengths, 4, np.random.default_rng(0), **more)
                 for more in ({}, {"kinds": kinds * 0 + 3}))
    assert all(map(np.array_equal, one, same))
    examples = [{"input_ids": np.zeros((kind, 5))} for kind in kinds]
    assert steps_of(examples, 4, 2) == 12
    assert steps_of([{"input_ids": np.zeros(5)}] * 9, 4, 2) == 6
