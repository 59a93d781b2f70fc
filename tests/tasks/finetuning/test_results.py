"""What a fine-tuning run writes and says, its training left out."""

import csv
import itertools
import json
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")
pytest.importorskip("sacrebleu")
pytest.importorskip("seqeval")

from toys import MODEL, write_toy

from albert_np import AlbertTokenizer
from albert_np.parameters import count
from albert_np.tasks import metrics
from albert_np.tasks.datasets import Answer, Classification, Question
from albert_np.tasks.finetuning import TASKS, Settings, finetune, read_settings, report
from albert_np.tasks.finetuning.evaluate import evaluate
from albert_np.tasks.finetuning.predicting import load_for_task
from albert_np.tasks.metrics import Figure

HISTORY = {"steps": [{"step": 1, "loss": 0.123456789, "learning_rate": 0.0},
                     {"step": 2, "loss": 1 / 3, "learning_rate": 2e-5}],
           "epochs": [{"epoch": 1, "step": 1, "value": 0.5, "low": 0.25, "high": 0.75},
                      {"epoch": 2, "step": 2, "value": 0.75, "low": None, "high": None,
                       "seconds": 8.5}],
           "best_epoch": 2}


@pytest.fixture
def untaught(tmp_path, monkeypatch):
    """``untaught(task, **options)``: results, folder, splits and the pictures' arguments.

    The loop evaluates twice and saves after the second time, and learns nothing.
    """
    def start(task="classification", test=True, **options):
        splits, drawn = write_toy(task, tmp_path / "data", train=20, others=6), []
        if not test:
            next((tmp_path / "data").glob("test.*")).unlink()

        def train(model, examples, collate, optimizer, *, evaluate, on_best, at, **others):
            figure = evaluate()
            at.history["epochs"].append({"value": figure.value})
            on_best(2, evaluate())
            return HISTORY

        monkeypatch.setattr("albert_np.tasks.finetuning.run.train_epochs", train)
        for name in ("training", "predictions"):
            monkeypatch.setattr(f"albert_np.tasks.finetuning.report.draw_{name}",
                                lambda *arguments: drawn.append(arguments))
        results = finetune(task, tmp_path / "run", data=tmp_path / "data",
                           **{"config": MODEL, "vocab_size": 45, "progress": False,
                              "settings": {"max_length": 24}, **options})
        return results, tmp_path / "run", splits, drawn
    return start


@pytest.mark.parametrize("test", [True, False])
def test_results_are_figures_of_the_predictions(untaught, test):
    results, folder, splits, ((_, history, _), (_, _, model, _, rows, predictions, settings)) = (
        untaught(seed=3, test=test))
    task = TASKS["classification"]
    loaded = load_for_task(folder)
    for part, its_rows in (("validation", splits.dev), ("test", splits.test if test else None)):
        if its_rows is None:
            assert results[part] is None
            continue
        found = task.predict(loaded.model, loaded.tokenizer, its_rows, loaded.settings)
        figures = task.figures(its_rows, found, ("no", "yes"), np.random.default_rng(3))
        assert results[part] == {name: asdict(figure) for name, figure in figures.items()}
    last = splits.test if test else splits.dev
    assert history is HISTORY and list(rows) == last and settings == read_settings(folder)
    guesses = task.baselines(splits.train, last)
    assert results["baselines"] == {name: {key: asdict(figure) for key, figure in task.figures(
        last, guess, ("no", "yes"), np.random.default_rng(3)).items()}
        for name, guess in guesses.items()}
    assert len(predictions) == len(last) and results["run_model"] is model
    written = json.loads((folder / "results.json").read_text("utf-8"))
    assert written == json.loads(json.dumps({
        name: value for name, value in results.items() if name not in ("run_model", "tokenizer")}))
    assert (written["task"], written["metric"], written["start"]) == (
        "classification", "accuracy", "scratch")
    assert (written["best_epoch"], written["epochs"]) == (2, HISTORY["epochs"])
    assert written["examples"] == 20 and written["parameters"] == count(model.params)
    assert written["options"]["seed"] == 3 and written["settings"]["max_length"] == 24
    assert (folder / "results.json").read_text("utf-8").startswith('{\n  "task"')


def test_seconds_are_counted_from_the_start(untaught, monkeypatch):
    clock = itertools.count(100, 7)
    for module in ("prepare", "report"):
        monkeypatch.setattr(f"albert_np.tasks.finetuning.{module}.time",
                            SimpleNamespace(perf_counter=clock.__next__))
    results, *_ = untaught()
    assert (results["training_seconds"], results["seconds"]) == (8.5, 7)


def test_steps_as_a_table():
    assert report.steps_csv(HISTORY["steps"]) == (b"step,loss,learning_rate\n1,0.123457,0\n"
                                                  b"2,0.333333,2e-05\n")


def test_rows_and_their_predictions_are_lines_in_any_writing():
    lines = report.prediction_lines([Classification("猫", label="é"), Classification("b\n")],
                                    [{"label": "猫"}, {"label": "x"}]).decode("utf-8").splitlines()
    assert len(lines) == 2 and '"text": "猫"' in lines[0] and "\\u" not in lines[0]
    assert [json.loads(line) for line in lines] == [
        {"text": "猫", "text_pair": None, "label": "é", "prediction": {"label": "猫"}},
        {"text": "b\n", "text_pair": None, "label": None, "prediction": {"label": "x"}}]


def test_figures_on_one_line():
    figures = {"accuracy": Figure(0.5), "f1": Figure(0.25)}
    for positive, name in ((None, "f1"), ("no", "f1 of 'no'")):
        settings = Settings("classification", positive_label=positive)
        assert report.in_words(figures, settings) == (f"accuracy {Figure(0.5)}   {name} "
                                                      f"{Figure(0.25)}")


def test_the_rules_of_figures_are_named():
    """Why figures are left out, or by which rules answers are scored; else nothing."""
    one, other = (Classification("a", label=label) for label in "xy")
    question = Question("", "a list", "what", (Answer("list", 2),))
    task = TASKS["classification"]
    for name, rows, language, expected in [
            ("classification", [one, other], None, ""),
            ("classification", [one, one], None, f"   ({task.single_label([one])})"),
            ("similarity", [Classification("a", "b", 1.0)], None, ""),
            ("questions", [question], None, f"   ({TASKS['questions'].RULES['en']})"),
            ("questions", [question], "zh", f"   ({TASKS['questions'].RULES['zh']})")]:
        loaded = SimpleNamespace(task=TASKS[name], settings=Settings(name, language=language))
        assert report.rules_of(loaded, rows) == expected


def test_the_files_of_a_run(untaught):
    _, folder, splits, _ = untaught()
    with open(folder / "steps.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"step": "1", "loss": "0.123457", "learning_rate": "0"},
                    {"step": "2", "loss": "0.333333", "learning_rate": "2e-05"}]
    assert b"\r" not in (folder / "steps.csv").read_bytes()
    accuracies = json.loads((folder / "epochs.json").read_text())
    loaded = load_for_task(folder)
    found = loaded.task.predict(loaded.model, loaded.tokenizer, splits.dev, loaded.settings)
    expected = metrics.accuracy([row.label for row in splits.dev],
                                [prediction["label"] for prediction in found]).value
    assert accuracies == [expected, expected]              # of both evaluations
    assert list(loaded.model.config.id2label.values()) == ["no", "yes"]


def test_what_a_run_says(untaught, capsys):
    results, folder, _, _ = untaught(progress=True)
    said = capsys.readouterr().out
    figure = Figure(**results["test"]["accuracy"])
    for words in ("data       20 rows to learn from, 6 to choose by, 6 to report",
                  f"model      {results['parameters']:,} parameters, from scratch",
                  "validation accuracy ", f"test       accuracy {figure}   matthews ",
                  "(commonest label)", f"The folder is {folder}"):
        assert words in said


@pytest.mark.parametrize("asked", [None, "no"])
def test_f1_names_its_label_and_evaluate_keeps_it(untaught, tmp_path, monkeypatch, capsys, asked):
    more = {} if asked is None else {"settings": {"max_length": 24, "positive_label": asked}}
    results, folder, splits, _ = untaught(progress=True, best_by="f1", **more)
    positive, note = asked or "yes", "f1 is that of the label 'yes'; --positive-label names the"
    said = capsys.readouterr().out
    assert (note in said) == ("f1 is that of the label" in said) == (asked is None)
    for part in (results["validation"], results["test"], *results["baselines"].values()):
        assert f"   f1 of {positive!r} {Figure(**part['f1'])}" in said
    assert read_settings(folder).positive_label == results["settings"]["positive_label"] == positive
    loaded = load_for_task(folder)
    for part, rows in (("validation", splits.dev), ("test", splits.test)):
        found = loaded.task.predict(loaded.model, loaded.tokenizer, rows, loaded.settings)
        assert results[part]["f1"]["value"] == metrics.f1(
            [row.label for row in rows], [prediction["label"] for prediction in found],
            positive).value
    expected = results["validation"]["f1"]["value"]
    assert json.loads((folder / "epochs.json").read_text()) == [expected, expected]
    monkeypatch.setattr("albert_np.tasks.finetuning.evaluate.draw_predictions", lambda *_: None)
    if asked is None:                      # a run that was made before there was this setting
        task = json.loads((folder / "task.json").read_text())
        del task["positive_label"]
        (folder / "task.json").write_text(json.dumps(task))
    again = evaluate(folder, next((tmp_path / "data").glob("test.*")), tmp_path / "again")
    assert again["figures"]["f1"]["value"] == results["test"]["f1"]["value"]
    assert again["settings"]["positive_label"] == positive
    assert f"   f1 of {positive!r} " in capsys.readouterr().out


@pytest.mark.parametrize("scratch", [False, True])
def test_a_run_from_a_model_says_so(untaught, inference_folder, capsys, scratch):
    """The model has 40 positions, which are too few for 48 pieces in both cases."""
    results, folder, _, _ = untaught(progress=True, config=None, model=inference_folder,
                                     scratch=scratch, settings={"max_length": 48}, dropout=0.25)
    said = capsys.readouterr().out
    assert results["start"] == ("scratch" if scratch else "pretrained")
    assert f"parameters, from {'scratch' if scratch else inference_folder}\n" in said
    note = f"{'':10} the model has 40 positions; those from there to 48 are new"
    assert (note in said) != scratch
    config = load_for_task(folder).model.config
    assert (config.max_position_embeddings, config.hidden_size) == (48, 16)
    assert config.hidden_dropout_prob == 0.25
    assert results["tokenizer"].pieces == AlbertTokenizer.from_folder(inference_folder).pieces


def test_a_quiet_run_says_nothing(untaught, capsys):
    untaught()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("best_by", [None, "bleu"])
def test_a_translation_is_chosen_greedily_and_reported_by_beams(untaught, monkeypatch, best_by):
    """To see whether there is a figure it is searched for greedily, too."""
    asked, task = [], TASKS["translation"]
    monkeypatch.setattr(task, "predict", lambda net, tokenizer, rows, settings, pool: asked.append(
        (len(rows), settings.beams, settings.spelling)) or [{"translation": "a"}] * len(rows))
    monkeypatch.setattr(task, "spelling_of", lambda targets: {"x": str(len(list(targets)))})
    untaught("translation", settings={"max_length": 24, "beams": 3}, vocab_size=60,
             best_by=best_by)
    spelling = {"x": "20"}                                 # of the training rows
    expected = [(6, 1, spelling), (6, 1, spelling), (6, 3, spelling), (6, 3, spelling)]
    assert asked == ([(6, 1, spelling)] if best_by else []) + expected
