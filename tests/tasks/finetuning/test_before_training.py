"""The rows, the start, the options and the settings of a fine-tuning run."""

import inspect
import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")
pytest.importorskip("sacrebleu")
pytest.importorskip("seqeval")

from toys import MODEL, toy_splits, write_toy

from albert_np import (AlbertForMaskedLM, AlbertForPreTraining, AlbertForSequenceClassification,
                       AlbertForTokenClassification, AlbertModel, AlbertTokenizer)
from albert_np.commands.finetune import finetune_parser
from albert_np.models.loading import load_pretrained
from albert_np.parameters import flatten
from albert_np.parameters.initial_values import wave_positions
from albert_np.tasks.datasets import Classification, Pair, Question, Splits, Tagged
from albert_np.tasks.finetuning import TASKS, Settings, prepare, read_settings, start
from albert_np.tasks.finetuning.data import (RowReader, check_known, first_text, load_splits,
                                             texts_of)
from albert_np.tasks.finetuning.options import FinetuningOptions
from albert_np.tasks.finetuning.predicting import load_for_task
from albert_np.tasks.finetuning.start import FRESH_CONFIG, from_pretrained, from_scratch


@pytest.fixture(scope="module")
def tokenizer(inference_folder):
    return AlbertTokenizer.from_folder(inference_folder)


# ---- rows ----------------------------------------------------------------------------------------

def test_the_test_part_may_come_from_elsewhere(tmp_path):
    splits, task = write_toy("classification", tmp_path / "data", train=8, others=4), TASKS[
        "classification"]
    (tmp_path / "other.tsv").write_text("a\tyes\nb\tno\nc\tno\n")
    found = load_splits(task, tmp_path / "data", tmp_path / "other.tsv")
    assert (found.train, found.dev) == (splits.train, splits.dev)
    assert [row.text for row in found.test] == ["a", "b", "c"]
    assert found.labels == ("no", "yes")
    turned = load_splits(task, tmp_path / "data", tmp_path / "other.tsv",
                         {"text": 0, "label": 1})
    assert turned.test == found.test


def test_named_parts_and_data_sets_are_looked_up(tmp_path):
    rows, asked = toy_splits("choice", 4, 1).train, []

    def fetch(folder):
        asked.append(folder)
        return Splits(rows, rows[:2], rows[2:])

    task = SimpleNamespace(DATASETS={"mine": fetch}, TESTS={"other": lambda folder: rows[:2]},
                           labels_of=lambda rows: ())
    assert load_splits(task, "mine", folder=tmp_path).test == rows[2:]
    assert load_splits(task, "mine", "other").test == rows[:2] and asked == [tmp_path, None]
    task.DATASETS["mine"] = lambda folder: Splits(rows, [], [])
    with pytest.raises(ValueError, match="mine has no rows in its dev part; at least one is"):
        load_splits(task, "mine")
    task.DATASETS["mine"] = lambda folder: Splits([], rows, [])
    with pytest.raises(ValueError, match="mine has no rows in its train part"):
        load_splits(task, "mine")


def test_a_test_part_by_its_name_is_looked_for_in_the_folder_of_data(tmp_path):
    asked, rows = [], toy_splits("choice", 4, 1).train
    task = SimpleNamespace(DATASETS={"mine": lambda folder: Splits(rows, rows, [], ())},
                           TESTS={"other": lambda folder: asked.append(folder) or rows[:2]},
                           labels_of=lambda rows: ())
    assert load_splits(task, "mine", "other", folder=tmp_path).test == rows[:2]
    assert asked == [tmp_path]


def test_the_columns_of_a_run_are_those_of_the_training_file(tmp_path):
    """Other files may have others; and names of files may have capitals."""
    for part, names in (("TRAIN", "stars,body"), ("Dev", "label,text"), ("test", "label,text")):
        (tmp_path / f"{part}.csv").write_text(f"{names}\nyes,a\nno,b\n")
    found = load_splits(TASKS["classification"], tmp_path)
    assert found.columns == {"text": "body", "label": "stars"}
    assert [[row.text for row in part] for part in (found.train, found.dev, found.test)] == [
        ["a", "b"]] * 3


@pytest.mark.parametrize("count, named", [(5, "a4"), (6, "a4 and others")])
def test_at_most_five_files_that_are_left_out_are_named(tmp_path, count, named):
    write_toy("classification", tmp_path, train=4, others=2)
    for number in range(count):
        (tmp_path / f"a{number}").touch()
    said = []
    load_splits(TASKS["classification"], tmp_path, say=said.append)
    assert said[-1] == f"left out of {tmp_path}: a0, a1, a2, a3, {named}"


@pytest.mark.parametrize("header", [True, False])
def test_files_without_columns_have_no_header(tmp_path, header):
    write_toy("entities", tmp_path, train=4, others=2)
    with pytest.raises(ValueError, match="train.conll has no line with the names of columns; "
                                         "remove --header or --no-header"):
        load_splits(TASKS["entities"], tmp_path, header=header)


def test_copies_of_a_row_stay_in_one_part(tmp_path):
    """And the seed says which rows go where."""
    (tmp_path / "all.tsv").write_text("".join(
        f"text {chr(97 + i // 4)}\t{'ab'[i % 2]}\n" for i in range(104)))
    task = TASKS["classification"]
    one, same, other = (load_splits(task, tmp_path / "all.tsv", seed=seed) for seed in (1, 1, 2))
    texts = [{row.text for row in part} for part in (one.train, one.dev, one.test)]
    assert sum(map(len, texts)) == len(set.union(*texts)) == 26
    assert one == same and one.train != other.train
    assert load_splits(task, tmp_path / "all.tsv") == load_splits(task, tmp_path / "all.tsv",
                                                                  seed=0)


@pytest.mark.parametrize("dev", ["dev", "valid", "validation"])
@pytest.mark.parametrize("test", [True, False])
def test_a_folder_has_a_file_for_each_part(tmp_path, dev, test):
    """Columns are those of every file."""
    for part in ("train", dev, *(["test"] if test else [])):
        (tmp_path / f"{part}.csv").write_text(f"kind,words\nyes,{part}\nno,b\n")
    found = load_splits(TASKS["classification"], tmp_path, None,
                        {"text": "words", "label": "kind"})
    assert [[row.text for row in part] for part in (found.train, found.dev, found.test)] == [
        ["train", "b"], [dev, "b"], ["test", "b"] if test else []]
    assert found.labels == ("no", "yes")


def test_held_out_labels_are_those_of_training_rows(tmp_path):
    for part, labels in (("train", "ba"), ("dev", "a"), ("test", "bdac")):
        (tmp_path / f"{part}.tsv").write_text("".join(f"word\t{label}\n" for label in labels))
    with pytest.raises(ValueError, match="^The label 'c' of the test part of .* stands in no "
                                         "training row; the labels there are a, b"):
        load_splits(TASKS["classification"], tmp_path)


def test_a_row_of_the_label_that_is_not_known_is_quoted():
    """Of several such labels the first in the alphabet; of a long text the beginning."""
    rows = [Classification(f"{label} " * 30, label=label) for label in "adcb"]
    with pytest.raises(ValueError) as error:
        check_known(TASKS["classification"], rows, ("a", "b"), "it", "is new; known are")
    assert str(error.value) == (f"The label 'c' of it (text {'c ' * 20!r}) is new; known are "
                                f"a, b.")
    check_known(TASKS["classification"], rows, tuple("abcd"), "it", "is new")
    several = [Classification("one", label=("a", "b")), Classification("two", label=("a", "z"))]
    with pytest.raises(ValueError, match=r"The label 'z' of it \(text 'two'\) is new a, b\.$"):
        check_known(TASKS["multi-label"], several, ("a", "b"), "it", "is new")


@pytest.mark.parametrize("part", ["dev", "test"])
def test_a_part_from_elsewhere_is_called_by_its_file(part, tmp_path):
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.tsv").write_text("word\ta\nword\tb\n")
    (tmp_path / "other.csv").write_text("word,a\nthe list,c\n")
    with pytest.raises(ValueError, match=rf"The label 'c' of {tmp_path / 'other.csv'} \(text 'the "
                                         r"list'\) stands in no training row; the labels there"):
        load_splits(TASKS["classification"], tmp_path, **{part: tmp_path / "other.csv"})


@pytest.mark.parametrize("task", ["entities", "questions", "choice", "translation"])
def test_files_without_columns_have_none_to_choose(task, tmp_path):
    splits = write_toy(task, tmp_path, train=4, others=2)
    file = next(tmp_path.glob("train.*"))
    for asked in (None, {}):
        read = RowReader(TASKS[task], asked)
        assert len(read(file)) == len(splits.train) and read.columns == {}
    with pytest.raises(ValueError, match="remove --columns"):
        RowReader(TASKS[task], {"text": 0})(file)


def test_the_data_sets_of_a_task_are_named_if_it_has_some(tmp_path):
    gone = tmp_path / "gone.csv"
    for task, more in (("multi-label", "."), ("entities", ", and no data set of that name; the "
                                              "data sets of this task are wnut17."),
                       ("choice", ", and no data set of that name; the data sets of this task are "
                                  "copa, mctest.")):
        with pytest.raises(FileNotFoundError) as error:
            load_splits(TASKS[task], gone)
        assert str(error.value) == f"There is no file or folder {gone}{more}"


@pytest.mark.parametrize("header, found", [(True, ["a"]), (False, ["text", "a"])])
def test_the_first_line_of_a_table_is_what_is_said_about_it(tmp_path, header, found):
    (tmp_path / "rows.csv").write_text("text,label\na,yes\n")
    rows = RowReader(TASKS["classification"], {"text": 0, "label": 1}, header)(
        tmp_path / "rows.csv")
    assert [row.text for row in rows] == found


def test_scores_need_no_test_part(tmp_path):
    for part in ("train", "dev"):
        (tmp_path / f"{part}.tsv").write_text("a\tb\t1\nc\td\t2\n")
    assert load_splits(TASKS["similarity"], tmp_path).test == []


def test_files_that_are_missing_or_too_many(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file train\.\* in .*; a folder of"):
        load_splits(TASKS["classification"], tmp_path)
    (tmp_path / "train.tsv").write_text("a\tb\nc\td\n")
    with pytest.raises(FileNotFoundError, match=r"There is no file dev\.\* in "):
        load_splits(TASKS["classification"], tmp_path)
    for name in ("train.csv", "dev.tsv"):
        (tmp_path / name).write_text("a\tb\n")
    with pytest.raises(ValueError, match="has 2 files for its train part: train.csv, train.tsv;"):
        load_splits(TASKS["classification"], tmp_path)


@pytest.mark.parametrize("task, name", [
    ("questions", "context"), ("choice", "context"), ("translation", "source"),
    ("classification", "text"), ("entities", None)])
def test_a_row_is_known_by_its_first_text(task, name):
    row, = toy_splits(task, 1, 0).train
    assert first_text(row) == (getattr(row, name) if name else " ".join(row.words))


def test_a_tokenizer_is_trained_on_every_text():
    assert texts_of([Classification("a", "b"), Classification("c"), Tagged(("d", "e"), ()),
                     Question("", "g", "f"), Pair("h", ("i", "j"))]) == [
        "a", "b", "c", "d e", "g", "f", "h", "i", "j"]
    assert texts_of(toy_splits("choice", 1, 0).train)[2:] == list(
        toy_splits("choice", 1, 0).train[0].choices)


# ---- the start -----------------------------------------------------------------------------------

def test_from_scratch_has_waves_and_the_tokenizers_numbers(tokenizer):
    model = from_scratch(AlbertForSequenceClassification, {"hidden_size": 64}, tokenizer,
                         {"num_labels": 3, "hidden_dropout_prob": 0.25}, seed=4)
    config = model.config
    assert {name: getattr(config, name) for name in FRESH_CONFIG} == {**FRESH_CONFIG,
                                                                      "hidden_size": 64}
    assert (config.vocab_size, config.pad_token_id, config.bos_token_id, config.eos_token_id) == (
        tokenizer.vocab_size, tokenizer.pad_token_id, tokenizer.cls_token_id,
        tokenizer.sep_token_id)
    assert (config.num_labels, config.hidden_dropout_prob) == (3, 0.25)
    np.testing.assert_allclose(model.params["embeddings"]["position"], wave_positions(128, 128),
                               atol=1e-6)
    again = from_scratch(AlbertForSequenceClassification, config, tokenizer, {}, seed=4)
    assert again.config == config
    ours, theirs = flatten(model.params), flatten(again.params)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    other = from_scratch(AlbertForSequenceClassification, config, tokenizer, {}, seed=5)
    assert not np.array_equal(other.params["pooler"]["W"], model.params["pooler"]["W"])


@pytest.mark.parametrize("labels", [2, 5])
def test_a_pretrained_trunk_gets_a_head_of_as_many_labels(inference_folder, labels):
    """Two labels are the configuration's own number."""
    trunk = AlbertForPreTraining.from_pretrained(inference_folder)
    changes = {"num_labels": labels, "hidden_dropout_prob": 0.25}
    models = [from_pretrained(AlbertForSequenceClassification, inference_folder, changes, 40,
                              seed)[0] for seed in (1, 1, 2)]
    for model in models:
        for name in ("embeddings", "encoder", "pooler"):
            before, after = flatten(trunk.params[name]), flatten(model.params[name])
            assert all(np.array_equal(before[leaf], after[leaf]) for leaf in before)
        assert model.params["classification_head"]["W"].shape == (16, labels)
        assert model.config.num_labels == labels and model.config.hidden_dropout_prob == 0.25
    one, same, other = (model.params["classification_head"]["W"] for model in models)
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert models[0].config.max_position_embeddings == 40 and not models[0].load_report.notes


@pytest.mark.parametrize("labels", [3, 300])
def test_a_head_for_as_many_labels_is_kept(tokenizer, tmp_path, labels):
    model = from_scratch(AlbertForSequenceClassification, MODEL, tokenizer, {"num_labels": labels},
                         seed=3)
    model.save_pretrained(tmp_path)
    tokenizer.save(tmp_path)
    kept, _ = from_pretrained(AlbertForSequenceClassification, tmp_path,
                              {"num_labels": int(str(labels))}, 24)
    expected = model.params["classification_head"]["W"]
    assert np.array_equal(kept.params["classification_head"]["W"], expected)
    others = [from_pretrained(AlbertForSequenceClassification, tmp_path, {"num_labels": 2}, 24,
                              **seed)[0].params["classification_head"]["W"]
              for seed in ({}, {"seed": 0}, {"seed": 1})]
    assert np.array_equal(others[0], others[1]) and not np.array_equal(others[0], others[2])


def test_a_pooler_that_is_missing_is_drawn_by_the_seed(inference_folder, monkeypatch):
    asked = []
    monkeypatch.setattr(start, "load_pretrained", lambda cls, *arguments, **options: asked.append(
        (cls, options)) or load_pretrained(cls, *arguments, **options))
    from_pretrained(AlbertForSequenceClassification, inference_folder, {"num_labels": 7}, 40, 5)
    assert asked == [(AlbertModel, {"seed": 5})]


@pytest.fixture(scope="module")
def without_pooler(inference_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("without_pooler")
    AlbertForMaskedLM(AlbertForPreTraining.from_pretrained(inference_folder).config).save_pretrained(
        folder, AlbertTokenizer.from_folder(inference_folder))
    return folder


@pytest.mark.parametrize("kind, pooler", [(AlbertForSequenceClassification, True),
                                          (AlbertForTokenClassification, False)])
@pytest.mark.parametrize("labels", [2, 7])            # 2 is the number in the configuration
def test_a_new_pooler_is_told_if_the_model_has_one(without_pooler, kind, pooler, labels):
    model, _ = from_pretrained(kind, without_pooler, {"num_labels": labels}, 40, task="entities")
    drawn = "pooler.weight, pooler.bias, " * pooler + "classifier.weight, classifier.bias"
    report = start.start_notes(model, "x")
    assert report[0] == f"new weights, drawn with seed 0: {drawn}"
    assert report[2:] == [f"the head is new because {without_pooler} has no head for the task "
                          f"entities"]


def test_a_head_that_is_read_beside_a_new_pooler_is_not_new(tokenizer, tmp_path):
    task = TASKS["classification"]
    model = from_scratch(task.MODEL, MODEL, tokenizer, task.configuration(("a", "b")), seed=3)
    before = model.params["classification_head"]["W"]
    weights = {name: array for name, array in model.state_dict().items() if "pooler" not in name}
    model.save_pretrained(tmp_path, tokenizer)
    save_file(weights, tmp_path / "model.safetensors")
    model, _ = from_pretrained(task.MODEL, tmp_path, task.configuration(("a", "b")), 24,
                               task="classification")
    assert np.array_equal(model.params["classification_head"]["W"], before)
    assert start.start_notes(model, "x") == [
        "new weights, drawn with seed 0: pooler.weight, pooler.bias"]


def test_why_a_head_is_new():
    """Not because a pooler is new, nor if nothing is known about the task."""
    def why(initialised, before, task, known=None, labels=None):
        model = SimpleNamespace(load_report=SimpleNamespace(initialised=initialised))
        return start._why_new(model, "x", SimpleNamespace(id2label=known), {"id2label": labels},
                              before, task)

    pooler, head = ["pooler.weight"], ["classifier.weight"]
    for initialised in ([], pooler):
        for before in (None, "choice"):
            assert why(initialised, before, "choice") is None
    assert why(pooler + head, None, "choice") == "x has no head for the task choice"
    assert why(head, "choice", "choice") == "the head of x is one of another kind"
    assert why(head, None, None) is why(head, "choice", None) is None
    assert why([], "entities", "choice") == "x has learnt the task entities, not choice"
    assert why([], "choice", "choice", {0: "a"}, {0: "b"}) == (
        "the labels are not those of the model (a)")
    assert why([], None, None, {0: "a", 1: "b"}, {0: "b", 1: "a"}) == (
        "the labels are not those of the model (a, b)")
    assert why([], "choice", "choice", {0: "a"}, {0: "a"}) is None


def test_a_start_with_numbers_that_are_not_finite_is_refused(inference_folder, tmp_path):
    model = AlbertForPreTraining.from_pretrained(inference_folder)
    model.params["pooler"]["b"][0] = np.nan
    model.save_pretrained(tmp_path, AlbertTokenizer.from_folder(inference_folder))
    with pytest.raises(ValueError, match="NaN or infinite numbers in"):
        from_pretrained(AlbertForSequenceClassification, tmp_path, {"num_labels": 2}, 40)


def test_a_pretrained_model_may_get_further_positions(inference_folder):
    model, tokenizer = from_pretrained(AlbertForTokenClassification, inference_folder,
                                       {"num_labels": 3}, 41)
    assert model.config.max_position_embeddings == 41
    assert model.params["embeddings"]["position"].shape == (41, 8)
    assert model.load_report.notes == [
        "the model has 40 positions; those from there to 41 are new, and have only this training "
        "to be learnt in"]
    assert tokenizer.vocab_size == model.config.vocab_size


def test_a_start_with_another_vocabulary_is_refused(tokenizer, inference_folder, tmp_path):
    model = AlbertForPreTraining.from_pretrained(inference_folder)
    AlbertForPreTraining(replace(model.config, vocab_size=tokenizer.vocab_size + 1)
                         ).save_pretrained(tmp_path)
    tokenizer.save(tmp_path)
    with pytest.raises(ValueError, match="a vocabulary of .* do not belong together"):
        from_pretrained(AlbertForSequenceClassification, tmp_path, {"num_labels": 2}, 24)


@pytest.mark.parametrize("labels", [2, 7])
@pytest.mark.parametrize("gone", ["embeddings", "encoder", "ffn.weight"])
def test_a_start_without_all_of_a_trunk_is_refused(inference_folder, tmp_path, labels, gone):
    model = AlbertForPreTraining.from_pretrained(inference_folder)
    model.save_pretrained(tmp_path, AlbertTokenizer.from_folder(inference_folder))
    save_file({name: array for name, array in model.state_dict().items() if gone not in name},
              tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=f"do not fit the configuration: .*{gone}.* is missing"):
        from_pretrained(AlbertForSequenceClassification, tmp_path, {"num_labels": labels}, 40)


# ---- options and settings ------------------------------------------------------------------------

def test_questions_are_longer_unless_it_is_said():
    for task in TASKS:
        settings = FinetuningOptions(task=task, data="a").task_settings()
        assert settings == Settings(task, max_length=192 if task == "questions" else 128)
        told = FinetuningOptions(task=task, data="a", settings={"max_length": 50, "beams": 2})
        assert told.task_settings() == Settings(task, max_length=50, beams=2)


def test_defaults_that_the_help_and_the_documentation_name():
    options = FinetuningOptions(task="choice", data="a")
    assert (options.epochs, options.batch_size, options.learning_rate) == (4, 32, 3e-4)
    assert (options.warmup, options.weight_decay, options.max_gradient_norm) == (0.1, 0.01, 1.0)
    assert (options.vocab_size, options.seed, options.workers) == (5000, 0, 2)
    assert options.scratch is False
    assert FRESH_CONFIG == {
        "embedding_size": 128, "hidden_size": 256, "num_hidden_layers": 4,
        "num_attention_heads": 4, "intermediate_size": 1024, "initializer_range": 0.05,
        "max_position_embeddings": 128}
    settings = Settings("questions")
    assert (settings.max_length, settings.doc_stride, settings.max_query_length) == (128, 64, 48)
    assert (settings.max_answer_length, settings.beams, settings.max_target_length) == (30, 4, 48)


def test_all_other_defaults():
    """None: it is not said."""
    none = ["test", "dev", "columns", "header", "data_folder", "unlabelled", "confidence", "model",
            "teacher", "temperature", "teacher_weight", "config", "best_by", "class_weights",
            "dropout", "patience", "settings"]
    assert asdict(FinetuningOptions(task="choice", data="a")) == {
        **dict.fromkeys(none), "task": "choice", "data": "a", "split_copies": False,
        "scratch": False, "vocab_size": 5000, "epochs": 4, "batch_size": 32, "learning_rate": 3e-4,
        "warmup": 0.1, "optimizer": "adamw", "schedule": "linear", "weight_decay": 0.01,
        "freeze": False, "accumulation_steps": 1, "max_gradient_norm": 1.0, "seed": 0, "workers": 2,
        "checkpoint_every": 500}
    assert asdict(Settings("choice")) == {
        "task": "choice", "max_length": 128, "doc_stride": 64, "max_query_length": 48,
        "max_answer_length": 30, "beams": 4, "max_target_length": 48, "spelling": {},
        "no_answer": False, "no_answer_threshold": 1.0, "language": None, "label_separator": None,
        "positive_label": None, "columns": {}, "pairs": None}


@pytest.mark.parametrize("task", [task for task in TASKS if task != "classification"])
def test_options_of_classification_are_refused_for_other_tasks(task):
    for options, words in ((dict(class_weights="balanced"), f"class_weights .* {task} has none"),
                           (dict(settings={"positive_label": "a"}), f"--positive-label .* {task}"),
                           (dict(unlabelled="t"), f"--unlabelled is for .* the task {task} has")):
        with pytest.raises(ValueError, match=words):
            FinetuningOptions(task=task, data="a", **options)
    if task == "multi-label":
        return
    with pytest.raises(ValueError, match="label_separator is for rows with several labels"):
        FinetuningOptions(task=task, data="a", settings={"label_separator": ";"})


@pytest.mark.parametrize("task", TASKS)
def test_a_language_is_for_questions(task):
    options = dict(task=task, data="a", settings={"language": "zh"})
    if task == "questions":
        assert FinetuningOptions(**options).task_settings().language == "zh"
        return
    with pytest.raises(ValueError, match=f"^--language chooses the rules .* {task} has no such"):
        FinetuningOptions(**options)


def test_what_is_said_about_the_rows_reaches_their_reader(monkeypatch):
    """Every option, beside all others."""
    asked, signature = {}, inspect.signature(load_splits)

    def load(*arguments, **options):
        asked.update(signature.bind(*arguments, **options).arguments)
        raise KeyError

    monkeypatch.setattr(prepare, "load_splits", load)
    said = dict(data="a", test="b", dev="c", columns={"text": "d"}, header=False,
                split_copies=True, data_folder="e", seed=7)
    with pytest.raises(KeyError):
        prepare.rows_and_settings(FinetuningOptions(
            task="multi-label", settings={"label_separator": ";"}, **said))
    del asked["say"]
    assert asked == {"task": TASKS["multi-label"], "separator": ";", "folder": "e", **{
        name: value for name, value in said.items() if name != "data_folder"}}


@pytest.mark.parametrize("kinds, pairs", [("pp", True), ("ss", False), ("ps", None), ("sp", None)])
def test_single_texts_and_pairs_of_texts(tmp_path, kinds, pairs):
    """The column of second texts is remembered unless there is none; a baseline learns from all."""
    second = {"p": {"text_pair": "more"}, "s": {}}
    for part, count in (("train", 8), ("dev", 4), ("test", 4)):
        (tmp_path / f"{part}.jsonl").write_text("".join(json.dumps({
            "text": f"row {'abcdefgh'[i]}", **second[kinds[i % 2]], "label": "xyyx"[i % 4]}) + "\n"
            for i in range(count)))
    splits, settings = prepare.rows_and_settings(
        FinetuningOptions(task="classification", data=tmp_path))
    assert settings.pairs is pairs and len(splits.train) == 8
    assert ("text_pair" in settings.columns) == (pairs is not False)
    for name, guesses in TASKS["classification"].baselines(splits.train, splits.test).items():
        assert len(guesses) == 4, name


@pytest.mark.parametrize("name, bad, good", [
    ("accumulation_steps", 0, 1), ("checkpoint_every", 0, 1), ("confidence", 0.0, 1e-9),
    ("confidence", 1.01, 1.0),
    ("epochs", 0, 1), ("batch_size", 0, 1), ("learning_rate", 0.0, 1e-9), ("warmup", 1.0, 0.99),
    ("warmup", -0.01, 0.0), ("weight_decay", -0.1, 0.0), ("max_gradient_norm", 0.0, 0.1),
    ("dropout", 1.0, 0.99), ("dropout", -0.1, 0.0), ("patience", 0, 1), ("seed", -1, 0),
    ("workers", 0, 1)])
def test_limits_of_the_options(name, bad, good):
    common = dict(task="classification", data="a",
                  **({"unlabelled": "b"} if name == "confidence" else {}))
    assert getattr(FinetuningOptions(**common, **{name: good}), name) == good
    with pytest.raises(ValueError, match=f"{name} is {bad}; it must be"):
        FinetuningOptions(**common, **{name: bad})


def test_a_threshold_of_no_answer_and_a_language_are_checked():
    assert Settings("questions", no_answer_threshold=0.0).no_answer_threshold == 0
    with pytest.raises(ValueError, match="no_answer_threshold is -0.1; it must be at least 0"):
        Settings("questions", no_answer_threshold=-0.1)
    with pytest.raises(ValueError, match="language is 'EN'; it must be one of en, zh"):
        Settings("questions", language="EN")


@pytest.mark.parametrize("name, least", [
    ("max_length", 3), ("doc_stride", 1), ("max_query_length", 1), ("max_answer_length", 1),
    ("beams", 1), ("max_target_length", 1)])
def test_limits_of_the_settings(name, least):
    """Three tokens are [CLS], a piece and [SEP]."""
    assert getattr(Settings("choice", **{name: least}), name) == least
    with pytest.raises(ValueError, match=f"{name} is {least - 1}; it must be at least {least}"):
        Settings("choice", **{name: least - 1})


def test_names_of_figures_may_have_an_underscore():
    for asked, found in ((None, None), ("macro_f1", "macro f1"), ("macro f1", "macro f1")):
        assert FinetuningOptions(task="choice", data="a", best_by=asked).best_by == found


def test_the_learning_rate_may_be_typed_short():
    for flag in ("--lr", "--learning-rate"):
        typed = finetune_parser().parse_args(["choice", "--data", "a", flag, "0.5"])
        assert typed.learning_rate == 0.5


def test_a_task_is_one_of_those_there_are():
    with pytest.raises(ValueError, match="task is 'cooking'; it must be one of classification, "):
        FinetuningOptions(task="cooking", data="a")
    with pytest.raises(TypeError):
        FinetuningOptions("choice", "a")                       # options have names


def test_options_that_exclude_each_other(tmp_path):
    for changes, sentence in [
            (dict(scratch=True), "scratch takes shape and tokenizer of a model"),
            (dict(config={"hidden_size": 8, "num_attention_heads": 2}, model="a"),
             "^--model does not go together with --hidden-size and --heads: the model has a shape"),
            (dict(settings={"positive_label": "a"}),
             "--positive-label is for the task classification, with two labels; the task choice"),
            (dict(config={"hidden_sizes": 8}), "hidden_sizes is no field of AlbertConfig; did")]:
        with pytest.raises(ValueError, match=sentence):
            FinetuningOptions(task="choice", data="a", **changes)
    options = FinetuningOptions(task="choice", data=tmp_path, model=tmp_path, scratch=True)
    assert options.data == options.model == str(tmp_path)


@pytest.mark.parametrize("name", ["data", "dev", "test", "unlabelled", "model", "teacher",
                                  "data_folder"])
def test_paths_are_written_whole_and_may_change(name, tmp_path, monkeypatch):
    """A name of a data set stays a name, even beside a file that is called like it."""
    monkeypatch.chdir(tmp_path)
    for file in ("here", "sms-spam"):
        (tmp_path / file).touch()
    if name not in ("unlabelled", "teacher"):
        plain = FinetuningOptions(task="classification", **{"data": "sms-spam", name: "sms-spam"})
        assert plain.with_whole_paths()[name] == "sms-spam"
    options = FinetuningOptions(task="classification", **{"data": "gone", name: Path("here")})
    assert getattr(options, name) == "here" and name not in options.lasting()
    whole = options.with_whole_paths()
    assert whole[name] == str(tmp_path / "here")
    assert name == "data" or whole["data"] == "gone"               # there is no such file


@pytest.mark.parametrize("kind", [FinetuningOptions, Settings])
def test_every_option_is_explained(kind):
    for each in fields(kind):
        assert each.metadata["help"] and f"\n{each.name} : " in kind.__doc__, each.name


def test_settings_come_back_from_their_file(tmp_path):
    settings = Settings("translation", max_length=33, spelling={",": "，"})
    assert read_settings(tmp_path) is None
    (tmp_path / "task.json").write_bytes(settings.to_bytes())
    assert read_settings(tmp_path) == settings
    assert "，" in (tmp_path / "task.json").read_text("utf-8")


# ---- models of others ----------------------------------------------------------------------------

@pytest.mark.parametrize("architecture, labels, task", [
    ("AlbertForSequenceClassification", 1, "classification"),
    ("AlbertForSequenceClassification", 3, "classification"),
    ("AlbertForTokenClassification", 3, "entities"),
    ("AlbertForQuestionAnswering", 2, "questions"), ("AlbertForMultipleChoice", 2, "choice")])
@pytest.mark.parametrize("positions", [40, 500])
def test_a_model_says_by_its_class_what_it_is_for(tmp_path, tokenizer, architecture, labels, task,
                                                  positions):
    model = from_scratch(TASKS[task].MODEL, {**MODEL, "max_position_embeddings": positions},
                         tokenizer, {"num_labels": labels}, seed=0)
    model.save_pretrained(tmp_path)
    tokenizer.save(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == [architecture]
    loaded = load_for_task(tmp_path)
    assert loaded.settings == Settings(task, max_length=min(positions, 384), doc_stride=128)
    assert loaded.task is TASKS[task] and type(loaded.model) is TASKS[task].MODEL
    assert loaded.tokenizer.pieces == tokenizer.pieces
    (tmp_path / "task.json").write_bytes(replace(loaded.settings, task="cooking").to_bytes())
    with pytest.raises(ValueError, match="is for the task 'cooking'; the tasks are classification"):
        load_for_task(tmp_path)
