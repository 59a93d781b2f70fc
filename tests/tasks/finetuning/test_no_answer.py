"""Questions of which half have no answer: learnt, reported by the rules of SQuAD 2.0, predicted.

The official evaluation is written down here once more, in its own words: `official`.
"""

import collections
import dataclasses
import json
import re
import shutil
import string

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")

from toys import MODEL, squad2_splits, write_squad2

from albert_np import AlbertForSquad2
from albert_np.commands.cli import main
from albert_np.tasks.datasets import Answer, Question, Splits
from albert_np.tasks.finetuning import Settings, finetune
from albert_np.tasks.finetuning.predicting import iterate_predictions, load_for_task
from albert_np.tasks.finetuning.recipes import questions


def normalised(text):
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1_of(gold, guess):
    gold, guess = normalised(gold).split(), normalised(guess).split()
    if not gold or not guess:
        return float(gold == guess)
    same = sum((collections.Counter(gold) & collections.Counter(guess)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(guess), same / len(gold)
    return 2 * precision * recall / (precision + recall)


def official(golds, guesses, na_probs=None):
    """exact, f1, HasAns_..., NoAns_..., and best_f1 with best_f1_thresh, as evaluate-v2.0 has them.

    `golds` are lists of texts, empty if there is no answer.
    """
    exact, f1 = [], []
    for gold, guess in zip(golds, guesses):
        gold = [text for text in gold if normalised(text)] or [""]
        exact.append(max(int(normalised(text) == normalised(guess)) for text in gold))
        f1.append(max(f1_of(text, guess) for text in gold))
    found = {"exact": np.mean(exact), "f1": np.mean(f1)}
    for name, kind in (("HasAns", True), ("NoAns", False)):
        chosen = [i for i, gold in enumerate(golds) if bool(gold) == kind]
        if chosen:
            found |= {f"{name}_exact": np.mean([exact[i] for i in chosen]),
                      f"{name}_f1": np.mean([f1[i] for i in chosen])}
    if na_probs is not None:
        # Begin with every question unanswered, answer them one by one, the surest first.
        score = best = sum(not gold for gold in golds)
        threshold = 0.0
        for i in sorted(range(len(golds)), key=lambda i: na_probs[i]):
            score += f1[i] if golds[i] else (-1 if guesses[i] else 0)
            if score > best:
                best, threshold = score, na_probs[i]
        found |= {"best_f1": best / len(golds), "best_f1_thresh": threshold}
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("squad2")
    splits = squad2_splits(400, 40)
    write_squad2(folder / "data", splits)
    results = finetune("questions", folder / "run", data=folder / "data", config=MODEL,
                       vocab_size=45, epochs=2, batch_size=16, learning_rate=3e-3,
                       settings={"max_length": 24}, progress=False)
    return folder, splits, results


def golds_of(rows):
    return [[answer.text for answer in row.answers] for row in rows]


def test_it_learns_where_there_is_no_answer(trained):
    folder, splits, results = trained
    assert isinstance(results["run_model"], AlbertForSquad2)
    found = {name: figure["value"] for name, figure in results["test"].items()}
    assert list(found) == ["f1", "exact match", "HasAns f1", "HasAns exact match", "NoAns f1",
                           "NoAns exact match", "best f1", "best threshold"]
    assert min(found["HasAns f1"], found["NoAns f1"]) > 0.9
    baselines = results["baselines"]["no answer to any question"]
    assert [baselines[name]["value"] for name in ("f1", "HasAns f1", "NoAns f1")] == [0.5, 0, 1]
    assert (folder / "run" / "answer-attention.png").exists()
    settings = json.loads((folder / "run" / "task.json").read_text())
    assert settings["no_answer"] is True and results["settings"] == settings
    assert 0 < settings["no_answer_threshold"] < 1
    assert settings["no_answer_threshold"] == results["validation"]["best threshold"]["value"]
    assert results["validation"]["best f1"]["value"] == results["validation"]["f1"]["value"]
    best = results["best_epoch"]
    assert results["epochs"][best - 1]["value"] == results["validation"]["f1"]["value"]


def test_the_saved_run_answers_with_nothing_too(trained, tmp_path, capsys):
    folder, splits, results = trained
    file = folder / "data" / "test.json"
    assert main(["predict", str(folder / "run"), "--file", str(file), "--quiet"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    written = [json.loads(line) for line in
               (folder / "run" / "predictions-test.jsonl").read_text().splitlines()]
    assert told == [line["prediction"] for line in written]
    threshold = results["settings"]["no_answer_threshold"]
    for row, prediction in zip(splits.test, told):
        assert set(prediction) == {"answer", "start", "end", "score", "no_answer", "best_answer"}
        assert (prediction["answer"] == "") == (prediction["no_answer"] > threshold)
        assert prediction["answer"] in ("", prediction["best_answer"])
        assert row.context[prediction["start"]:prediction["end"]] == prediction["answer"]
        assert prediction["score"] <= 0                         # a log-probability
    assert {prediction["answer"] for prediction in told} == {"", "two"}
    found = official(golds_of(splits.test), [prediction["answer"] for prediction in told])
    for name, figure in results["test"].items():
        if not name.startswith("best"):
            assert figure["value"] == pytest.approx(found[name.replace(" match", "").replace(
                " ", "_")]), name
    question = {"question": "is it one", "context": "the list is new"}
    assert main(["predict", str(folder / "run"), json.dumps(question)]) == 0
    assert json.loads(capsys.readouterr().out)["answer"] == ""


def test_the_threshold_decides(trained):
    folder, splits, _ = trained
    loaded = load_for_task(folder / "run")
    for threshold, empty in ((0.0, 40), (1.0, 0)):
        loaded.settings = dataclasses.replace(loaded.settings, no_answer_threshold=threshold)
        found = list(iterate_predictions(loaded, splits.test))
        assert sum(prediction["answer"] == "" for prediction in found) == empty


def test_a_model_without_the_settings_of_a_run(trained, tmp_path):
    folder, splits, _ = trained
    for name in ("config.json", "model.safetensors", "spiece.model"):
        shutil.copy(folder / "run" / name, tmp_path)
    loaded = load_for_task(tmp_path)
    assert isinstance(loaded.model, AlbertForSquad2)
    assert loaded.settings.no_answer and loaded.settings.no_answer_threshold == 0.5
    for row, prediction in zip(splits.test, iterate_predictions(loaded, splits.test)):
        assert (prediction["answer"] == "") == (prediction["no_answer"] > 0.5)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_the_official_evaluation(seed):
    """Made-up predictions: right, half right, wrong, and none."""
    rng = np.random.default_rng(seed)
    texts = ["a big list", "the file, again", "short", "one two", "The big"]
    rows = [Question(str(i), "", "", () if rng.random() < 0.5 else tuple(
        Answer(texts[j], 0) for j in rng.integers(5, size=rng.integers(1, 4)))) for i in range(60)]
    rows = [dataclasses.replace(row, is_impossible=not row.answers) for row in rows]
    predictions = [{"best_answer": texts[rng.integers(5)], "no_answer": float(p)}
                   for p in rng.permutation(np.linspace(0.01, 0.99, 60))]
    predictions = [{**one, "start": 0, "end": 1, "answer": one["best_answer"]}
                   for one in predictions]
    golds, best = golds_of(rows), [one["best_answer"] for one in predictions]
    probabilities = [one["no_answer"] for one in predictions]
    expected = official(golds, best, probabilities)
    settings, tuned = questions.tune(Settings("questions", no_answer=True), rows, predictions)
    threshold = settings.no_answer_threshold
    answered = official(golds, [text if p <= threshold else "" for text, p in
                                zip(best, probabilities)])
    assert answered["f1"] == pytest.approx(expected["best_f1"])
    assert [one["answer"] for one in tuned] == [text if p <= expected["best_f1_thresh"] else ""
                                                for text, p in zip(best, probabilities)]
    for made, by_the_book in ((predictions, expected), (tuned, answered)):
        found = questions.figures(rows, made, ())
        for name in ("f1", "exact", "HasAns_f1", "HasAns_exact", "NoAns_f1", "NoAns_exact"):
            ours = found[name.replace("_", " ").replace("exact", "exact match")]
            assert ours.value == pytest.approx(by_the_book[name]), name
        assert found["best f1"].value == pytest.approx(expected["best_f1"])
        assert found["best threshold"].value == threshold


@pytest.mark.parametrize("impossible", [True, False])
def test_figures_of_questions_of_one_kind(impossible):
    """No figure of questions that are not there."""
    rows = [Question("", "a list", "what", () if impossible else (Answer("list", 2),), impossible)]
    found = questions.figures(rows * 2, [{"answer": ""}, {"answer": "list"}], ())
    names = ["f1", "exact match", *(["NoAns f1", "NoAns exact match"] if impossible else [])]
    assert list(found) == names and {figure.value for figure in found.values()} == {0.5}
    made = questions.baselines(rows, rows * 2)
    assert made.get("no answer to any question") == ([{"answer": ""}] * 2 if impossible else None)


@pytest.mark.parametrize("p, answered", [(0.5, True), (0.4999, True), (0.5001, False)])
def test_an_answer_at_the_threshold_itself_is_given(p, answered):
    prediction = {"no_answer": p, "answer": "x", "start": 3, "end": 4, "best_answer": "x"}
    expected = {} if answered else {"answer": "", "start": 0, "end": 0}
    assert questions._declined(prediction, 0.5) == {**prediction, **expected}
    assert prediction["answer"] == "x"                           # what was given stays as it is


def test_the_surest_answer_is_the_most_probable_stretch():
    """Start and end: p(start) p(end | start), and not the sum of the logits."""
    logits = np.array([[1.0, 2.0, 3.0], [900.0, 0.0, 0.0]], np.float32)
    found = questions._log_probabilities(logits)
    expected = np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum()
    np.testing.assert_allclose(np.exp(found[0]), expected, rtol=1e-12)
    assert found[1].tolist() == [0, -900, -900]


@pytest.mark.parametrize("part, kept, words", [
    ("train", 1, "the training part has only questions without an answer; to learn when there is"),
    ("dev", 1, "the development part has only questions without an answer"),
    ("dev", 0, "the development part has only questions with an answer")])
def test_both_kinds_are_needed(part, kept, words, tmp_path, capsys):
    splits = squad2_splits(40, 10)
    splits = dataclasses.replace(splits, **{part: getattr(splits, part)[kept::2]})
    write_squad2(tmp_path / "data", splits)
    assert main(["finetune", "questions", "--data", str(tmp_path / "data"), "--output",
                 str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_without_such_questions_nothing_changes(tmp_path):
    splits = squad2_splits(40, 10)
    splits = Splits(*(part[::2] for part in (splits.train, splits.dev, splits.test)))
    settings = questions.settings_of(splits, Settings("questions", no_answer=True))
    assert not settings.no_answer
    predictions = [{"answer": "two"}] * 5
    assert list(questions.figures(splits.dev, predictions, ())) == ["f1", "exact match"]
    assert questions.tune(settings, splits.dev, predictions) == (settings, predictions)
    assert "no answer to any question" not in questions.baselines(splits.train, splits.dev)
