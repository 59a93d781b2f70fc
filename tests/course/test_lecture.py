"""What tutorials share: in a hurry or not, where pictures go, and the source they quote."""

import importlib.util
import os
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from albert_np import AlbertConfig, AlbertForPreTraining, AlbertTokenizer, functional, text
from albert_np.course.lecture import (curves, data_or, made_up_messages, model_for_a_lecture,
                                      output_folder, quick, short_run_adamw, show, small_pretrained,
                                      source_of, teach, two_starts)
from albert_np.course.lecture import small_model as lecture_model
from albert_np.course.lecture.small_model import deepened, texts_of_tasks
from albert_np.tasks import datasets
from albert_np.tasks.datasets import fetch_sms_spam
from albert_np.tasks.finetuning import TASKS, Settings
from albert_np.tasks.finetuning.trainer import original_optimizer
from albert_np.tasks.metrics import Figure as Score
from albert_np.text import train_tokenizer


@pytest.mark.parametrize("value, hurry", [(None, False), ("", False), ("0", False), ("1", True),
                                          ("yes", True)])
def test_quick_is_what_the_environment_says(monkeypatch, value, hurry):
    monkeypatch.delenv("ALBERT_NP_QUICK", raising=False)
    if value is not None:
        monkeypatch.setenv("ALBERT_NP_QUICK", value)
    assert quick() is hurry


def test_output_goes_to_the_tutorials_where_there_are_any(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    beside = output_folder().absolute()
    (tmp_path / "tutorials").mkdir()
    assert beside == tmp_path / "output"
    assert output_folder().absolute() == tmp_path / "tutorials" / "output"
    assert not output_folder().exists(), "asking alone makes no folder"


# ---- pictures ------------------------------------------------------------------------------------

@pytest.fixture
def shown(monkeypatch, tmp_path):
    """In an empty folder: how many times something was put on the screen, as a list."""
    import matplotlib.pyplot as plt

    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: calls.append("screen"))
    return calls


def test_a_picture_is_saved_and_its_place_printed(shown, tmp_path, capsys):
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    show(figure, "a-line")
    picture = tmp_path / "output" / "a-line.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == "saved output/a-line.png\n"


@pytest.mark.parametrize("backend, terminal, screens", [
    ("qtagg", True, ["screen"]), ("qtagg", False, []), ("agg", True, []), ("Agg", True, []),
    ("template", True, [])])
def test_a_picture_is_shown_where_somebody_looks(shown, monkeypatch, backend, terminal, screens):
    """Not under a backend without windows, and not from a script that nobody sits at."""
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "get_backend", lambda: backend)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal, raising=False)
    show(Figure(figsize=(0.1, 0.1)), "dot")
    assert shown == screens


def test_pyplot_gets_to_know_the_figure_itself(shown):
    """Notebook and pages draw what pyplot knows. A copy of the pixels would be resampled there."""
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    by_the_package = Figure(figsize=(2, 1))
    show(by_the_package, "by-the-package")
    number, = set(plt.get_fignums()) - set(before)
    assert plt.figure(number) is by_the_package
    show(by_the_package, "by-the-package")                               # known by now
    own = plt.figure(figsize=(1, 1))
    show(own, "by-pyplot")
    assert set(plt.get_fignums()) == {*before, number, own.number}
    for each in (number, own.number):
        plt.close(each)


# ---- data and models -----------------------------------------------------------------------------

def test_data_that_is_nowhere_is_replaced_and_said_so(capsys):
    def fetch():
        raise FileNotFoundError("Put it into a folder.")

    assert data_or(lambda: "data", lambda: "made up") == "data"
    assert capsys.readouterr().out == ""
    assert data_or(fetch, lambda: "made up") == "made up"
    assert capsys.readouterr().out.startswith("Put it into a folder. Until then")


def test_other_mistakes_of_a_fetch_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        data_or(lambda: 1 / 0, lambda: "made up")


def test_a_users_model_is_taken(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("ALBERT_NP_MODEL", str(tmp_path))
    monkeypatch.setattr(lecture_model, "pretrain_small", None)
    assert small_pretrained() == tmp_path
    assert str(tmp_path) in capsys.readouterr().out


@pytest.fixture
def runs(monkeypatch, tmp_path):
    """In an empty folder, with a pretraining that does nothing: what it was asked for."""
    calls = []

    def pretrain(folder, documents, held_out):
        calls.append((documents, held_out))
        folder.mkdir(parents=True)
        (folder / "config.json").touch()

    monkeypatch.delenv("ALBERT_NP_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lecture_model, "pretrain_small", pretrain)
    monkeypatch.setattr(lecture_model, "texts_of_tasks", lambda: [[f"{i}"] for i in range(80)])
    return calls


def test_a_model_is_pretrained_once_in_a_hurry_or_not(monkeypatch, runs):
    folders = []
    for hurry in ("0", "0", "1", "1"):
        monkeypatch.setenv("ALBERT_NP_QUICK", hurry)
        folders.append(small_pretrained())
    assert len(runs) == 2
    assert folders[0] == folders[1] != folders[2] == folders[3]


def test_what_is_held_out_is_not_trained_on(monkeypatch, runs):
    folder = small_pretrained()
    monkeypatch.setattr(lecture_model, "texts_of_tasks", list)
    modules = np.arange(200) % 20
    monkeypatch.setattr(text, "embedded_corpus", lambda: ([[f"of {i}"] for i in modules], modules))
    assert small_pretrained() != folder, "the documentation of Python makes another model"
    (some, two), (documentation, held_out) = runs
    assert len(some) == 78 and two == [["0"], ["40"]]
    assert len(documentation) > 5 * len(held_out) > 0
    assert not {str(each) for each in documentation} & {str(each) for each in held_out}


@pytest.mark.skipif("ALBERT_NP_DATA" not in os.environ, reason="needs the data sets")
def test_the_texts_of_the_tasks_are_of_their_training_parts():
    documents = texts_of_tasks()
    sentences = {sentence for document in documents for sentence in document}
    assert sum(len(sentence.split()) for sentence in sentences) > 500_000
    messages = fetch_sms_spam()
    seen = {row.text for row in messages.train}
    assert seen <= sentences
    assert not {row.text for row in messages.test} - seen & sentences
    assert not any("<unk>" in sentence for sentence in sentences)


def test_without_data_there_are_no_texts_of_tasks(monkeypatch):
    def nowhere(*_):
        raise FileNotFoundError("Put it into a folder.")

    for name in ("wikitext2", "sms_spam", "wnut17", "stsb", "squad_slice"):
        monkeypatch.setattr(datasets, f"fetch_{name}", nowhere)
    assert texts_of_tasks() == []


def test_pretraining_in_stages_ends_with_the_deeper_model(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(lecture_model, "STAGES", ((1, 2, 1e-3), (3, 1, 1e-3)))
    monkeypatch.setattr(lecture_model, "PIECES", 60)
    monkeypatch.delenv("ALBERT_NP_QUICK", raising=False)
    documents = [[row.text] * 3 for row in made_up_messages().train]
    lecture_model.pretrain_small(tmp_path / "model", documents[:300], documents[300:])
    assert "guessing blindly has ln 60 = 4.09" in capsys.readouterr().out
    model = AlbertForPreTraining.from_pretrained(tmp_path / "model")
    assert model.config.num_hidden_layers == 3 and model.config.sharing == "all"


def test_a_model_to_look_at_is_the_one_that_was_named(monkeypatch, pretrained):
    """By the only argument, or else by the environment; with masked batches as long as it reads."""
    sentences = [row.text for row in made_up_messages().train]
    monkeypatch.setattr(text, "embedded_corpus", lambda: ([[each, each] for each in sentences[:50]],
                                                          np.zeros(50)))
    monkeypatch.setenv("ALBERT_NP_MODEL", str(pretrained.parent / "nowhere"))
    monkeypatch.setattr(lecture_model.sys, "argv", ["20_looking_inside.py", str(pretrained)])
    model, tokenizer, held_out, folder = model_for_a_lecture()
    assert folder == pretrained and model.config.hidden_size == 12
    assert {batch["input_ids"].shape[1] for batch in held_out} == {10}
    asked = np.concatenate([batch["labels"] != -100 for batch in held_out])
    hidden = np.concatenate([batch["input_ids"] == tokenizer.mask_token_id for batch in held_out])
    assert 0 < (hidden & asked).sum() == hidden.sum() < asked.sum()
    monkeypatch.setattr(lecture_model.sys, "argv", ["pytest", "-q"])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        model_for_a_lecture()


def test_the_first_steps_of_a_short_run_are_not_too_long():
    """With a constant gradient no step is longer than twice the learning rate of that step."""
    def longest(optimizer):
        params, moved = {"p": np.zeros((1, 1))}, []
        for step in range(30):
            before = params["p"].copy()
            optimizer.step(params, {"p": np.ones((1, 1))})
            rate = 1e-3 * (step / 10 if step < 10 else 1 - step / 100)
            moved.append(abs((params["p"] - before).item()) / rate if step else 0.0)
        return max(moved)

    tree = {"p": np.zeros((1, 1))}
    assert longest(short_run_adamw(tree, 1e-3, 100, weight_decay=0)) < 2
    assert longest(original_optimizer(tree, 1e-3, 100, weight_decay=0)) > 6


def test_a_deepened_model_has_the_same_parameters():
    config = AlbertConfig(vocab_size=30, embedding_size=8, hidden_size=12, num_hidden_layers=1,
                          num_attention_heads=3, intermediate_size=16, max_position_embeddings=10)
    one = AlbertForPreTraining(config, seed=0)
    three = deepened(one, 3)
    assert three.params is one.params and three.config == replace(config, num_hidden_layers=3)
    ids = np.array([[2, 7, 9, 3]])
    np.testing.assert_array_equal(one.forward(ids)[0].hidden_states[1],
                                  three.forward(ids)[0].hidden_states[1])


@pytest.fixture
def pretrained(tmp_path):
    """A folder with a tiny model, not trained at all, and its tokenizer."""
    train_tokenizer([row.text for row in made_up_messages().train], 60, tmp_path / "pieces.model")
    tokenizer = AlbertTokenizer(tmp_path / "pieces.model")
    config = AlbertConfig(vocab_size=tokenizer.vocab_size, embedding_size=8, hidden_size=12,
                          num_hidden_layers=2, num_attention_heads=3, intermediate_size=16,
                          max_position_embeddings=10)
    AlbertForPreTraining(config, seed=7).save_pretrained(tmp_path / "model", tokenizer)
    return tmp_path / "model"


def test_two_starts_differ_in_their_weights_alone(pretrained):
    task = TASKS["classification"]
    models, tokenizer = two_starts(task, pretrained, ("ham", "spam"),
                                   Settings("classification", max_length=32))
    fresh, known = models["from scratch"], models["pretrained"]
    assert fresh.config == known.config and known.config.max_position_embeddings == 32
    assert tokenizer.vocab_size == known.config.vocab_size
    stored = AlbertForPreTraining.from_pretrained(pretrained).params["embeddings"]["word"]
    np.testing.assert_array_equal(known.params["embeddings"]["word"], stored)
    assert not np.allclose(fresh.params["embeddings"]["word"], stored)


def test_teaching_ends_with_the_best_epoch(pretrained):
    task, splits = TASKS["classification"], made_up_messages()
    splits = type(splits)(splits.train[:40], splits.dev[:10], [], splits.labels)
    settings = Settings("classification", max_length=32)
    models, tokenizer = two_starts(task, pretrained, splits.labels, settings)
    seen = []

    def score(rows, predictions):
        assert rows == splits.dev and len(predictions) == 10
        seen.append(model.params["embeddings"]["word"].copy())
        return Score({1: 0.5, 2: 0.9, 3: 0.7}[len(seen)], 0.1, 1.0)

    model = models["pretrained"]
    history = teach(task, model, tokenizer, splits, settings, score, epochs=3, batch_size=20)
    np.testing.assert_array_equal(model.params["embeddings"]["word"], seen[1])
    assert not np.array_equal(seen[1], seen[2])
    assert [step for step, _ in curves(history)["losses"]] == [1, 2, 3, 4, 5, 6]
    assert curves(history)["epochs"] == [(1, 0.5, 0.1, 1.0), (2, 0.9, 0.1, 1.0), (3, 0.7, 0.1, 1.0)]


# ---- source --------------------------------------------------------------------------------------

EXAMPLE = '''
def area(a, b):
    r"""An area.

    .. math:: (AREA.1)
    """
    # what AREA.1 and AREA.2 say
    if a > b:
        a = b                   # (AREA.2)
    s = a * b                   # (AREA.1)
    return s + 0 * s            # (AREA.2)


def plain(x):
    return x
'''


@pytest.fixture
def example(tmp_path):
    """A module of two functions, one of them with a docstring that carries a label, too."""
    (tmp_path / "example.py").write_text(EXAMPLE, "utf-8")
    spec = importlib.util.spec_from_file_location("example", tmp_path / "example.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_source_of_a_whole_function_is_without_its_docstring(example):
    assert source_of(example.area).splitlines() == [
        "def area(a, b):", "    # what AREA.1 and AREA.2 say", "    if a > b:",
        "        a = b                   # (AREA.2)", "    s = a * b                   # (AREA.1)",
        "    return s + 0 * s            # (AREA.2)"]
    assert source_of(example.plain) == "def plain(x):\n    return x"


def test_source_of_labels_is_the_lines_that_carry_them(example):
    """In the order asked for; not the equation in the docstring; every line of a label."""
    assert source_of(example.area, "AREA.1") == "s = a * b                   # (AREA.1)"
    assert source_of(example.area, "AREA.1", "AREA.2").splitlines() == [
        "s = a * b                   # (AREA.1)", "    a = b                   # (AREA.2)",
        "return s + 0 * s            # (AREA.2)"]
    assert source_of(example.area, "AREA.1", lines_around=1).splitlines() == [
        "    a = b                   # (AREA.2)", "s = a * b                   # (AREA.1)"]


def test_more_lines_around_than_there_are(example):
    lines = source_of(example.area, "AREA.1", lines_around=5).splitlines()
    assert lines[0] == "def area(a, b):" and lines[-1].endswith("(AREA.1)") and len(lines) == 5


def test_a_label_that_is_not_there_is_named(example):
    with pytest.raises(ValueError, match=r"No line of area carries the label \(AREA.3\)\."):
        source_of(example.area, "AREA.3")


def test_source_of_this_package_can_be_run():
    """What is quoted is the code itself: without its docstring it computes the same."""
    text = source_of(functional.softmax_backward)
    names = dict(vars(importlib.import_module("albert_np.functional.softmax")))
    exec(text, names)
    p, dp = np.array([0.2, 0.3, 0.5]), np.array([1.0, -1.0, 2.0])
    assert '"""' not in text
    np.testing.assert_array_equal(names["softmax_backward"](dp, p),
                                  functional.softmax_backward(dp, p))
