"""Self-training: which texts are kept, two rounds in one folder, and what is refused."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.commands.cli import main
from albert_np.files.run_folders import is_unfinished, release_folder
from albert_np.pretraining import RunStopped
from albert_np.tasks.datasets import Classification, Splits
from albert_np.tasks.finetuning import finetune, report, resume, run, self_training
from albert_np.tasks.finetuning import trainer as trainer_module
from albert_np.tasks.finetuning.options import FinetuningOptions
from albert_np.tasks.finetuning.pseudo_labels import choose_pseudo_labels
from albert_np.tasks.finetuning.self_training import before_and_after, first_round
from albert_np.tasks.finetuning.settings import Settings
from albert_np.tasks.finetuning.unlabelled import (EMPTY, HELD_OUT, LABELLED, Unlabelled,
                                                   read_unlabelled)

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")

CONFIG = dict(embedding_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
              intermediate_size=16, max_position_embeddings=24)
LEARN = dict(config=CONFIG, vocab_size=60, epochs=2, batch_size=8, learning_rate=1e-2,
             settings={"max_length": 16}, progress=False)
WORDS = {"good": "fine great lovely", "bad": "awful boring poor"}


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    for name in ("draw_training", "draw_predictions"):
        monkeypatch.setattr(report, name, lambda *arguments: None)


# ---- which texts are kept ------------------------------------------------------------------------

def test_the_threshold_itself_is_kept():
    p = np.array([[0.95, 0.05], [0.949, 0.051], [0.02, 0.98], [0.5, 0.5]])
    rows, classes, counts = choose_pseudo_labels(p, 0.95)
    assert (rows.tolist(), classes.tolist(), counts.tolist()) == ([0, 2], [0, 1], [1, 1])
    rows, classes, counts = choose_pseudo_labels(p, 1)
    assert (rows.tolist(), classes.tolist(), counts.tolist()) == ([], [], [0, 0])
    assert choose_pseudo_labels(p, 0.5)[1].tolist() == [0, 0, 1, 0]       # the first of equal ones


@pytest.mark.parametrize("confidence", [0, -0.5, 1.01, float("nan")])
def test_a_threshold_that_is_none(confidence):
    with pytest.raises(ValueError, match=r"^confidence is .*; it must be above 0 and at most 1$"):
        choose_pseudo_labels(np.ones((1, 1)), confidence)


def test_a_probability_that_is_no_number():
    with pytest.raises(ValueError, match="a probability is not a number"):
        choose_pseudo_labels(np.array([[0.9, 0.1], [np.nan, np.nan]]), 0.5)


def test_a_class_that_no_row_has_counts_none():
    """The last class too; with 1 only certainty is kept, and no row at all is no error."""
    p = np.array([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]])
    for confidence, rows, counts in ((1, [0], [1, 0, 0]), (0.75, [0, 1], [1, 1, 0])):
        found = choose_pseudo_labels(p, confidence)
        assert [part.tolist() for part in found] == [rows, rows, counts]
    found = choose_pseudo_labels(np.zeros((0, 3)), 0.5)
    assert [part.tolist() for part in found] == [[], [], [0, 0, 0]]


# ---- reading -------------------------------------------------------------------------------------

def splits_of(train, dev=(), test=()):
    def rows(texts):
        return [Classification(*text.split("|"), label="a") for text in texts]
    return Splits(rows(train), rows(dev), rows(test), ("a", "b"))


SETTINGS = Settings("classification", pairs=False)


def test_texts_that_are_known_are_left_out_and_counted(tmp_path):
    """Each line counts once, and a copy in other capitals is known too."""
    file = tmp_path / "texts.txt"
    file.write_text("new one\n\nIn DEV!\n  \nin test\nin train\nnew two\nin dev\n\n", "utf-8")
    found = read_unlabelled(file, splits_of(["in train", "in dev"], ["in dev"], ["In test"]),
                            SETTINGS)
    assert [row.text for row in found.rows] == ["new one", "new two"]
    assert found.left_out == {EMPTY: 2, HELD_OUT: 3, LABELLED: 1}
    assert {row.label for row in found.rows} == {None}


@pytest.mark.parametrize("name, content, settings", [
    ("t.csv", 'text,label\n"one, two",a\nthree,\n', {}),
    ("t.csv", 'body\n"one, two"\nthree\n', {"columns": {"text": "body", "label": "stars"}}),
    ("t.tsv", "a\tone, two\n\tthree\n", {"columns": {"text": 1, "label": 0}}),
    ("t.jsonl", '{"text": "one, two"}\n{"text": "three", "label": 5}\n', {}),
    ("t.jsonl", '{"text": "one, two"}\n{"text": "three"}\n', {"columns": {"text": 1, "label": 0}}),
    ("t.txt", "one, two\nthree\n", {"columns": {"text": "body", "label": "stars"}}),
    ("t", "one, two\nthree\n", {})])
def test_kinds_of_files(tmp_path, name, content, settings):
    (tmp_path / name).write_text(content, "utf-8")
    found = read_unlabelled(tmp_path / name, splits_of(["x"]),
                            Settings("classification", pairs=False, **settings))
    assert found.rows == [Classification("one, two"), Classification("three")]


def test_pairs(tmp_path):
    """One of two texts is not yet the pair, and a pair in another order is another one."""
    (tmp_path / "t.txt").write_text("one\ttwo\none\tthree\nthree\tone\n", "utf-8")
    found = read_unlabelled(tmp_path / "t.txt", splits_of(["one|three"]),
                            Settings("classification", pairs=True))
    assert found.rows == [Classification("one", "two"), Classification("three", "one")]
    assert found.left_out[LABELLED] == 1


def test_what_was_read_is_known_by_its_digest_and_stays_as_it_is():
    rows = [Classification("a", "b"), Classification("c")]
    found = Unlabelled(rows, {EMPTY: 0})
    assert found.digest() == Unlabelled(list(rows), {EMPTY: 7}).digest()
    others = [rows[::-1], rows[:1], [Classification("a", "c"), rows[1]],
              [Classification("a"), rows[1]], []]
    assert len({found.digest(), *(Unlabelled(other, {}).digest() for other in others)}) == 6
    for name, value in (("rows", []), ("left_out", {})):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(found, name, value)


@pytest.mark.parametrize("name, content", [
    ("t.csv", "text,text_pair\none,two\nthree,four\n"),
    ("t.jsonl", '{"text": "one", "text_pair": "two"}\n{"text": "three", "text_pair": "four"}\n')])
def test_second_texts_are_read_if_the_labelled_rows_have_them(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8")
    both = [Classification("one", "two"), Classification("three", "four")]
    for pairs, rows in ((True, both), (None, both),
                        (False, [Classification("one"), Classification("three")])):
        found = read_unlabelled(tmp_path / name, splits_of(["x"]),
                                Settings("classification", pairs=pairs))
        assert found.rows == rows and found.left_out == {EMPTY: 0, HELD_OUT: 0, LABELLED: 0}
    (tmp_path / "single.jsonl").write_text('{"text": "one"}\n', "utf-8")
    either, always = (Settings("classification", pairs=pairs) for pairs in (None, True))
    assert read_unlabelled(tmp_path / "single.jsonl", splits_of(["x"]), either).rows == [
        Classification("one")]
    with pytest.raises(ValueError, match="line 1: the field 'text_pair' is missing"):
        read_unlabelled(tmp_path / "single.jsonl", splits_of(["x"]), always)


def test_the_first_line_of_a_table_is_what_was_said(tmp_path):
    (tmp_path / "t.csv").write_text("text,label\none,a\n", "utf-8")
    columns = Settings("classification", pairs=False, columns={"text": 0, "label": 1})
    for header, rows in ((True, ["one"]), (False, ["text", "one"])):
        found = read_unlabelled(tmp_path / "t.csv", splits_of(["x"]), columns, header)
        assert [row.text for row in found.rows] == rows


@pytest.mark.parametrize("name, content", [("t.jsonl", '{"text": "text"}\n{"text": "one"}\n'),
                                           ("t.txt", "text\none\n")])
@pytest.mark.parametrize("header", [None, True, False])
def test_a_header_is_for_tables_alone(tmp_path, name, content, header):
    """The labelled rows may be a table with one, and these may not."""
    (tmp_path / name).write_text(content, "utf-8")
    found = read_unlabelled(tmp_path / name, splits_of(["x"]), SETTINGS, header)
    assert [row.text for row in found.rows] == ["text", "one"]


@pytest.mark.parametrize("name, content, sentence", [
    ("t.xml", "<a><b/></a>", "t.xml is XML, where a table, JSON lines, or one text on each line"),
    ("t.txt", "one\ntwo\tparts\n", "t.txt, line 2: it is a pair of texts"),
    ("t.csv", "text,label\none,a\n,b\n", r"t.csv, line 3: the text \(column 0, counted from 0\)"),
    ("t.jsonl", '{"text": "one"}\n{"body": "two"}\n', "t.jsonl, line 2: the field 'text' is miss"),
    ("t.json", '[{"text": "one"}]', "t.json is JSON, where a table, JSON lines, or one text on"),
    ("t.txt", "", "t.txt is empty"),
    ("t.txt", "In train.\nin dev\n\nin train\n",
     "t.txt has no text to learn from: 1 empty lines, 1 also in the development or test part, 2 ")])
def test_files_that_are_refused(tmp_path, name, content, sentence):
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(ValueError, match=sentence):
        read_unlabelled(tmp_path / name, splits_of(["in train"], ["in dev"]), SETTINGS)


# ---- options -------------------------------------------------------------------------------------

@pytest.mark.parametrize("options, sentence", [
    (dict(task="similarity", unlabelled="t.txt"), "--unlabelled is for the task classification"),
    (dict(task="entities", unlabelled="t.txt"), "the task entities has none"),
    (dict(task="classification", confidence=0.9), "give --unlabelled too"),
    (dict(task="classification", unlabelled="t", confidence=0.0), "confidence is 0.0; it must be"),
    (dict(task="classification", unlabelled="t", confidence=1.5), "confidence is 1.5; it must be")])
def test_options_that_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        FinetuningOptions(data="rows.csv", **options)


def test_the_default_confidence():
    assert FinetuningOptions(task="classification", data="r", unlabelled="t").confidence == 0.95
    assert FinetuningOptions(task="classification", data="r").confidence is None


# ---- the first round -----------------------------------------------------------------------------

BEFORE = {"validation": {"accuracy": 0.25}, "test": {"accuracy": 0.75}}


@pytest.fixture
def taught(monkeypatch, tmp_path):
    """``taught(p)``: a first model that gives the n-th text the probability p[n] of "good"."""
    def teach(p):
        def predict(model, tokenizer, texts, settings, pool):
            return [{"label": "?", "probabilities": {"good": good, "bad": 1 - good}}
                    for good in p[:len(texts)]]

        monkeypatch.setattr(self_training, "load_for_task", lambda folder: SimpleNamespace(
            task=SimpleNamespace(predict=predict), tokenizer=None, settings=None,
            model=SimpleNamespace(config=SimpleNamespace(label_names=("bad", "good")))))
    return teach


def begun(options, output, resuming=False):
    """The first round whose model is not trained: what it leaves, says, and is asked for."""
    said, asked = [], []

    def teach(folder, options):
        asked.append((folder, options))
        folder.mkdir(exist_ok=True)
        (folder / "results.json").write_text(json.dumps(BEFORE))

    output.mkdir(exist_ok=True)
    return first_round(options, output, resuming, teach, said.append), said, asked


def test_what_the_first_round_leaves(files, taught):
    """Of 41 texts the nine surest; all of them have one label, and the other one counts 0."""
    p = np.linspace(0, 0.5, 41)
    taught(p.tolist())
    options = FinetuningOptions(task="classification", data=files / "rows", freeze=True,
                                unlabelled=files / "many.txt", confidence=1 - p[8])
    output = files / "out"
    found, said, asked = begun(options, output)
    assert asked == [(output / "labels-alone",
                      dataclasses.replace(options, unlabelled=None, confidence=None))]
    lines = [text for text, _ in texts(40, 3)] + ["last one"]
    assert found.rows == [Classification(text, None, "bad") for text in lines[:9]]
    written = [json.loads(line) for line in
               (output / "pseudo-labels.jsonl").read_text("utf-8").splitlines()]
    assert written == [{"text": text, "text_pair": None, "label": "bad", "confidence": 1 - good}
                       for text, good in zip(lines[:9], p)]
    assert list(found.record["kept"].items()) == [("bad", 9), ("good", 0)]
    assert found.record == {
        "unlabelled": str(files / "many.txt"), "confidence": 1 - p[8], "texts": 41,
        "left_out": {EMPTY: 1, HELD_OUT: 1, LABELLED: 0}, "kept": {"bad": 9, "good": 0},
        "not_sure": 32, "rounds": [{"folder": "labels-alone", "rows": 24, **BEFORE}]}
    assert said[2] == (f"kept       9 of 41 texts, predicted with a probability of at least "
                       f"{options.confidence}: bad 9, good 0")
    assert said[3] == (f"           32 are left out; the kept ones are in "
                       f"{output / 'pseudo-labels.jsonl'}")
    assert said[:2] == [f"unlabelled 41 texts of {files / 'many.txt'}; left out: 1 empty lines, 1 "
                        f"also in the development or test part",
                        "round 1    the labelled rows alone"]
    assert said[4:] == ["round 2    the labelled rows and the kept texts, from the beginning"]
    assert not (output / "spiece.model").exists()          # the model had one
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.rows = []


def test_nothing_is_said_of_texts_that_are_left_out_if_none_is(files, taught):
    (files / "new.txt").write_text("new one\n", "utf-8")
    taught([1.0])
    _, said, _ = begun(FinetuningOptions(task="classification", data=files / "rows",
                                         unlabelled=files / "new.txt"), files / "out")
    assert said[0] == f"unlabelled 1 texts of {files / 'new.txt'}"


def test_the_highest_probability_is_told_if_no_text_is_sure_enough(files, taught):
    taught([0.25, 0.625, 0.5] + [0.5] * 38)
    with pytest.raises(ValueError, match=r"with a probability of at least 0.875; the highest is "
                                         r"0\.75\. Begin a new run with a lower --confidence"):
        begun(FinetuningOptions(task="classification", data=files / "rows", confidence=0.875,
                                unlabelled=files / "many.txt"), files / "out")
    assert not (files / "out" / "pseudo-labels.jsonl").exists()


def test_what_a_run_began_with_is_written_as_it_is_read(tmp_path):
    """And other options or texts are refused only if the run goes on."""
    options = FinetuningOptions(task="classification", data="a", unlabelled="b",
                                settings={"positive_label": "猫"})
    texts, path = Unlabelled([Classification("a")], {}), tmp_path / "state.json"
    for resuming in (True, False):                        # it has not begun: it is written
        self_training._keep_state(path, options, texts, resuming)
        assert "猫" in path.read_text("utf-8")
        assert json.loads(path.read_text("utf-8")) == {"options": options.lasting(),
                                                       "texts": texts.digest()}
    self_training._keep_state(path, options, texts, True)
    other = Unlabelled([Classification("b")], {})
    with pytest.raises(ValueError, match="the texts of b are not those that this run began with"):
        self_training._keep_state(path, options, other, True)
    self_training._keep_state(path, options, other, False)
    assert json.loads(path.read_text("utf-8"))["texts"] == other.digest()


def test_the_folder_of_the_first_round_is_unfinished_until_all_of_it_is_there(tmp_path,
                                                                               monkeypatch):
    """Its results alone are not all; once it is finished it is not begun again."""
    folder, found = tmp_path / "labels-alone", []
    options = FinetuningOptions(task="classification", data="a", unlabelled="b")
    monkeypatch.setattr(run, "first_round", lambda options, output, resuming, teach, say:
                        teach(output / "labels-alone", options))
    monkeypatch.setattr(run, "_run", lambda folder, *_: found.append(
        is_unfinished(folder, "finetune")))
    run._first_round(tmp_path, options, False, False)
    (folder / "results.json").write_text("{}")                     # killed while it was drawing
    run._first_round(tmp_path, options, True, False)
    assert found == [True, True]
    release_folder(folder)
    run._first_round(tmp_path, options, True, False)
    assert found == [True, True]


def test_texts_are_labelled_once_in_a_run(files, taught):
    options = FinetuningOptions(task="classification", data=files / "rows",
                                unlabelled=files / "many.txt", confidence=0.9)
    for p, resuming, label in ((0.0, True, "bad"), (1.0, True, "bad"), (1.0, False, "good"),
                               (0.0, True, "good")):
        taught([p] * 41)
        found, *_ = begun(options, files / "out", resuming)
        assert len(found.rows) == 41 and {row.label for row in found.rows} == {label}


@pytest.mark.parametrize("header", [True, False])
def test_pairs_of_a_table_come_back_from_their_file(files, taught, header):
    """With what was said about the first line, and in any writing."""
    for part, count, seed in (("train", 24, 0), ("dev", 12, 1), ("test", 12, 2)):
        (files / "rows" / f"{part}.tsv").write_text("the first\tone\tgood\n" * header + "".join(
            f"{text}\ttwo\t{label}\n" for text, label in texts(count, seed)), "utf-8")
    (files / "more.tsv").write_text("the first\t猫\nthe second\ta \\ b\n", "utf-8")
    taught([0.0, 1.0])
    found, *_ = begun(FinetuningOptions(
        task="classification", data=files / "rows", unlabelled=files / "more.tsv", header=header,
        columns={"text": 0, "text_pair": 1, "label": 2}), files / "out")
    assert found.rows == ([Classification("the second", "a \\ b", "bad")] if header else [
        Classification("the first", "猫", "bad"), Classification("the second", "a \\ b", "good")])
    written = (files / "out" / "pseudo-labels.jsonl").read_text("utf-8")
    assert ("猫" in written) == (not header) and "\\u" not in written


def test_both_rounds_in_words():
    rounds = [{part: {"f1": {"value": value, "low": value - 0.125, "high": value + 0.25}}
               for part, value in parts.items()} for parts in ({"validation": 0.25, "test": 0.5},
                                                               {"validation": 0.375, "test": 0.75})]
    assert before_and_after(rounds, "test", "f1") == (
        "0.500 [0.375, 0.750] with the labels alone, 0.750 [0.625, 1.000] with the pseudo-labels "
        "too")


# ---- whole runs ----------------------------------------------------------------------------------

def texts(count, seed):
    """Texts of four words, two of which tell the label."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(count):
        label = ("good", "bad")[number % 2]
        words = [*rng.choice(WORDS[label].split(), 2), *rng.choice("a the film story".split(), 2)]
        mark = "".join(chr(97 + digit) for digit in (seed, number // 26, number % 26))
        rows.append((" ".join([*rng.permutation(words), mark]), label))      # no two are alike
    return rows


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    for part, count, seed in (("train", 24, 0), ("dev", 12, 1), ("test", 12, 2)):
        (folder / f"{part}.tsv").write_text(
            "".join(f"{text}\t{label}\n" for text, label in texts(count, seed)), "utf-8")
    lines = [text for text, _ in texts(40, 3)] + ["", texts(12, 2)[0][0]]
    (tmp_path / "many.txt").write_text("\n".join(lines) + "\nlast one\n", "utf-8")
    return tmp_path


def content_of(folder):
    """Every file of a run that does not tell the time."""
    names = ("model.safetensors", "pseudo-labels.jsonl", "predictions-test.jsonl", "spiece.model",
             "labels-alone/model.safetensors", "self-training.json", "task.json")
    return {name: (folder / name).read_bytes() for name in names}


def learn(files, output, **changes):
    options = {**LEARN, "data": files / "rows", "unlabelled": files / "many.txt",
               "confidence": 0.5, **changes}
    return finetune("classification", files / output, **options)


def test_two_rounds(files, capsys):
    results = learn(files, "run", progress=True)
    said = capsys.readouterr().out
    record = json.loads((files / "run/results.json").read_text("utf-8"))["self_training"]
    rows = [json.loads(line) for line in
            (files / "run/pseudo-labels.jsonl").read_text("utf-8").splitlines()]
    assert record["left_out"] == {EMPTY: 1, HELD_OUT: 1, LABELLED: 0}
    assert record["texts"] == 41 == len(rows) + record["not_sure"]     # 0.5: of two labels, all
    assert sum(record["kept"].values()) == len(rows) and set(record["kept"]) == {"bad", "good"}
    assert all(row["confidence"] >= 0.5 and row["label"] in WORDS for row in rows)
    first, second = record["rounds"]
    alone = json.loads((files / "run/labels-alone/results.json").read_text("utf-8"))
    assert (first["rows"], second["rows"]) == (24, 24 + len(rows))
    assert first["test"] == alone["test"] and second["test"] == results["test"]
    assert first["validation"] == alone["validation"]
    assert results["baselines"] == alone["baselines"]
    assert "self_training" not in alone and not (files / "run/checkpoints").exists()
    assert "41 texts of" in said and "left out: 1 empty lines, 1 also in the dev" in said
    assert "41 of 41 texts, predicted with a probability of at least 0.5: bad " in said
    assert "with the labels alone, " in said
    # Both rounds have one tokenizer, and so they begin with the same weights.
    assert ((files / "run/spiece.model").read_bytes()
            == (files / "run/labels-alone/spiece.model").read_bytes())


def test_the_first_round_is_the_run_without_the_texts(files):
    learn(files, "run")
    learn(files, "alone", unlabelled=None, confidence=None)
    for name in ("model.safetensors", "predictions-test.jsonl"):
        assert ((files / "run/labels-alone" / name).read_bytes()
                == (files / "alone" / name).read_bytes())


def test_none_kept_is_a_sentence(files):
    with pytest.raises(ValueError, match=r"^none of the 41 texts of .*many.txt is predicted with a "
                                         r"probability of at least 1.0; the highest is 0\..*Begin "
                                         r"a new run with a lower --confidence, or use the model"):
        learn(files, "run", confidence=1.0)
    assert (files / "run/labels-alone/results.json").exists()


def test_a_bad_file_is_refused_before_anything_begins(files):
    (files / "many.txt").write_text("one\ntwo\tparts\n", "utf-8")
    with pytest.raises(ValueError, match="many.txt, line 2"):
        learn(files, "run")
    assert not (files / "run").exists()
    (files / "mine").mkdir()                     # a folder that is there stays, as it was
    for folder in ("run", "mine"):
        with pytest.raises(FileNotFoundError, match="There is no file .*others.txt"):
            learn(files, folder, unlabelled=files / "others.txt")
    assert not (files / "run").exists() and not (files / "mine/options.json").exists()


@pytest.mark.parametrize("stop_at", [2, 5, 8, 12])
def test_interrupted_anywhere_it_ends_the_same(files, monkeypatch, stop_at):
    """The first round has 6 steps. The second has more, with the texts that are kept."""
    learn(files, "whole")
    steps, step = [0], trainer_module.optimisation_step

    def stopping(*arguments):
        steps[0] += 1
        if steps[0] == stop_at:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(trainer_module, "optimisation_step", stopping)
    with pytest.raises(KeyboardInterrupt):
        learn(files, "run", checkpoint_every=2)
    monkeypatch.setattr(trainer_module, "optimisation_step", step)
    resume(files / "run", progress=False)
    assert content_of(files / "run")["model.safetensors"] == (
        content_of(files / "whole")["model.safetensors"])
    ours, theirs = content_of(files / "run"), content_of(files / "whole")
    assert {name for name in ours if ours[name] != theirs[name]} <= {"self-training.json"}


def test_changes_between_are_refused(files, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    step = trainer_module.optimisation_step
    monkeypatch.setattr(trainer_module, "optimisation_step", stop)
    with pytest.raises(KeyboardInterrupt):
        learn(files, "run")
    monkeypatch.setattr(trainer_module, "optimisation_step", step)
    file, options = files / "many.txt", files / "run/options.json"
    before = file.read_text("utf-8"), options.read_text("utf-8")
    file.write_text(before[0] + "one more\n", "utf-8")
    with pytest.raises(ValueError, match="the texts of .*many.txt are not those that this run beg"):
        resume(files / "run", progress=False)
    file.write_text(before[0], "utf-8")
    options.write_text(before[1].replace('"confidence": 0.5', '"confidence": 0.6'), "utf-8")
    with pytest.raises(ValueError, match="confidence is 0.6 in options.json, but 0.5"):
        resume(files / "run", progress=False)
    options.write_text(before[1], "utf-8")
    resume(files / "run", progress=False)
    with pytest.raises(ValueError, match="is finished; there is nothing to go on with"):
        resume(files / "run", progress=False)


def test_the_sentence_of_a_stopped_first_round_names_the_whole_run(files, monkeypatch):
    import os
    import signal

    step = trainer_module.optimisation_step

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return step(*arguments)

    monkeypatch.setattr(trainer_module, "optimisation_step", interrupted)
    with pytest.raises(RunStopped, match=r"stopped after step 1, with a checkpoint, in round 1; go "
                                         r"on with --resume .*run$"):
        learn(files, "run")


def test_as_it_is_typed(files, capsys):
    """A task without one probability is refused with one sentence and status 2."""
    typed = ["--data", str(files / "rows"), "--unlabelled", str(files / "many.txt")]
    for words, sentence in ((["finetune", "similarity", *typed], "--unlabelled is for the task"),
                            (["finetune", "classification", *typed[:2], "--confidence", "0.5"],
                             "give --unlabelled too")):
        assert main([*words, "--output", str(files / "typed")]) == 2
        said = capsys.readouterr().err
        assert sentence in said and said.count("\n") == 1 and "Traceback" not in said
    assert not (files / "typed").exists()
