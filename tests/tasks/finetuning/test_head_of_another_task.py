"""The head of a model is used again for its own task only: all pairs of tasks."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")

from toys import MODEL

from albert_np import AlbertTokenizer
from albert_np.functional.trees import flatten
from albert_np.parameters.published_names import HEADS
from albert_np.tasks.finetuning import TASKS, Settings, source_task, start
from albert_np.tasks.finetuning.settings import FILE_NAME
from albert_np.tasks.finetuning.source_task import task_of_class, task_of_head
from albert_np.tasks.finetuning.start import from_pretrained, from_scratch, start_notes

LABELS = ("B-a", "O")              # two labels, with the same names for every task that has some


def configuration(task):
    return TASKS[task].configuration(() if task in ("similarity", "choice") else LABELS)


@pytest.fixture(scope="module")
def sources(tmp_path_factory, inference_folder):
    """For each task a model with its head; as a run, and as transformers would have saved it."""
    tokenizer, folders = AlbertTokenizer.from_folder(inference_folder), {}
    for task in TASKS:
        model = from_scratch(TASKS[task].MODEL, MODEL, tokenizer, configuration(task), seed=7)
        for kind in ("run", "published"):
            folders[task, kind] = folder = tmp_path_factory.mktemp(f"{task}-{kind}")
            model.save_pretrained(folder, tokenizer)
            if kind == "run":
                (folder / FILE_NAME).write_bytes(Settings(task, max_length=24).to_bytes())
    return folders


def head(model):
    """The matrices of a head: biases begin with zeros, in every model."""
    return {name: leaf for name, leaf in flatten({name: branch for name, branch
                                                  in model.params.items()
                                                  if name in HEADS}).items() if leaf.ndim == 2}


@pytest.mark.parametrize("kind", ["run", "published"])
@pytest.mark.parametrize("target", TASKS)
@pytest.mark.parametrize("source", TASKS)
def test_every_pair_of_tasks(source, target, kind, sources):
    folder = sources[source, kind]
    pretrained = (source, kind) == ("translation", "published")      # nothing tells the two apart
    assert task_of_head(folder) == (None if pretrained else source)
    before = TASKS[source].MODEL.from_pretrained(folder)
    after, _ = from_pretrained(TASKS[target].MODEL, folder, configuration(target), 24, seed=1,
                               task=target)
    for name in ("embeddings", "encoder"):
        ours, theirs = flatten(before.params[name]), flatten(after.params[name])
        assert all(np.array_equal(ours[leaf], theirs[leaf]) for leaf in ours)
    old, new = head(before), head(after)
    same = [name for name in new if name in old and np.array_equal(old[name], new[name])]
    sentences = [note for note in start_notes(after, folder) if "the head is new because" in note]
    assert len(new) and same == (list(new) if source == target else [])
    assert sentences == ([] if source == target else [
        f"the head is new because {folder} has no head for the task {target}" if pretrained else
        f"the head is new because {folder} has learnt the task {source}, not {target}"])
    # Nothing of the other task stays in the configuration.
    fresh = from_scratch(TASKS[target].MODEL, MODEL, AlbertTokenizer.from_folder(folder),
                         configuration(target), seed=0)
    for name in ("num_labels", "id2label", "problem_type"):
        assert getattr(after.config, name) == getattr(fresh.config, name)


@pytest.mark.parametrize("names, words", [
    (list("abcdef"), "a, b, c, d, e, f"), (list("abcdefg"), "a, b, c, d, e, f and 1 more"),
    (list("abcdefghi"), "a, b, c, d, e, f and 3 more")])
def test_six_names_are_listed(names, words):
    report = SimpleNamespace(initialised=names, unused=[], notes=["a note"], seed=4)
    assert start_notes(SimpleNamespace(load_report=report), "x") == [
        f"new weights, drawn with seed 4: {words}", "a note"]
    report.initialised, report.unused = [], names
    assert start_notes(SimpleNamespace(load_report=report), "x") == [
        f"weights of x that are left out: {words}", "a note"]
    assert report.notes == ["a note"]                          # what is listed is not changed


@pytest.mark.parametrize("labels, expected", [
    (("a", "b"), ("b", "a")), (("b", "a"), ("b", "a")), (("a", "b", "c"), ("a", "b", "c")),
    (("b",), ("b",)), ((), ())])
def test_labels_have_the_order_of_a_model_that_knows_them_all(labels, expected, monkeypatch):
    """And no other one."""
    config = SimpleNamespace(id2label={0: "b", 1: "a"})
    monkeypatch.setattr(start, "load_config", lambda name: config)
    assert start.kept_labels("x", labels) == expected
    config.id2label = None
    assert start.kept_labels("x", list(labels)) == labels


@pytest.mark.parametrize("architectures, fields, task", [
    (None, {}, None), ([], {}, None), (["Unknown"], {}, None), (["AlbertModel"], {}, None),
    (["Unknown", "AlbertForSquad2"], {}, "questions"),
    (["AlbertForSequenceClassification"], {}, "classification"),
    (["AlbertForSequenceClassification"], {"problem_type": "multi_label_classification"},
     "multi-label"),
    (["AlbertForTokenClassification"], {"problem_type": "multi_label_classification"}, "entities"),
    (["AlbertForMultipleChoice", "AlbertForTokenClassification"], {}, "choice")])
def test_the_first_class_that_is_known_counts(architectures, fields, task):
    config = SimpleNamespace(extra={"architectures": architectures},
                             **{"problem_type": None, **fields})
    assert task_of_class(config) == task
    assert task_of_class(SimpleNamespace(extra={}, problem_type=None)) is None


@pytest.mark.parametrize("architecture, problem, labels, task", [
    ("AlbertForSequenceClassification", None, 1, "similarity"),
    ("AlbertForSequenceClassification", None, 2, "classification"),
    ("AlbertForSequenceClassification", "regression", 3, "similarity"),
    ("AlbertForSequenceClassification", "single_label_classification", 1, "classification"),
    ("AlbertForTokenClassification", None, 1, "entities"),
    ("AlbertForTokenClassification", "regression", 2, "entities"), ("AlbertModel", None, 1, None)])
def test_a_classifier_of_one_number_is_for_scores(architecture, problem, labels, task, tmp_path,
                                                  monkeypatch):
    config = SimpleNamespace(extra={"architectures": [architecture]}, problem_type=problem,
                             num_labels=labels)
    monkeypatch.setattr(source_task, "load_config", lambda name: config)
    assert task_of_head(tmp_path) == task


def test_weights_are_not_fetched_to_know_the_task(tmp_path, monkeypatch):
    (tmp_path / FILE_NAME).write_bytes(Settings("translation").to_bytes())
    asked = []
    monkeypatch.setattr(source_task, "find_folder",
                        lambda name, weights=True: asked.append((name, weights)) or tmp_path)
    assert task_of_head("owner/name") == "translation" and asked == [("owner/name", False)]


def test_a_classifier_of_two_labels_gets_a_head_for_choices(sources):
    model, _ = from_pretrained(TASKS["choice"].MODEL, sources["classification", "published"], {},
                               24, task="choice")
    assert [leaf.shape for leaf in head(model).values()] == [(MODEL["hidden_size"], 1)]


def test_a_published_regression_without_a_problem_type_is_similarity(sources, tmp_path):
    folder = sources["similarity", "published"]
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config.pop("problem_type")
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert task_of_head(tmp_path) == "similarity"
