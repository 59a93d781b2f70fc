"""What a run came to: figures of its held-out parts, files, pictures, and a few lines."""

import csv
import io
import time
from dataclasses import asdict, replace

import numpy as np

from ...files import write_whole
from ...files.json_objects import json_file, json_text
from ...parameters import count
from .pictures import draw_predictions, draw_training
from .prepare import figures_of, starts_fresh
from .self_training import before_and_after, with_second_round


def score_rows(loaded, rows, labels, rng=None, pool=None, **changes):
    """Predictions for rows, and their figures.

    Parameters
    ----------
    loaded : object with task, model, tokenizer, settings
        Such as :func:`~albert_np.tasks.finetuning.predicting.load_for_task` gives.
    rows : list
        With what is right.
    labels : tuple of str
    rng : numpy.random.Generator, optional
        Draws the bootstrap; None: no intervals.
    pool : concurrent.futures.Executor, optional
    **changes
        Fields of the settings that are to differ.

    Returns
    -------
    predictions : list of dict
    figures : dict of str to Figure
    """
    settings = replace(loaded.settings, **changes)
    predictions = loaded.task.predict(loaded.model, loaded.tokenizer, rows, settings, pool)
    return predictions, figures_of(loaded.task, settings, rows, predictions, labels, rng)


def report(run, options, history, output, pool, say, self_training=None):
    """Score the held-out parts and write everything about a run into its folder.

    Parameters
    ----------
    run : Prepared
        With the model of the best epoch.
    options : FinetuningOptions
    history : dict
        From :func:`~albert_np.tasks.finetuning.trainer.train_epochs`.
    output : Path
    pool : concurrent.futures.Executor
    say : callable
    self_training : dict, optional
        The record of a first round, from :mod:`~albert_np.tasks.finetuning.self_training`.

    Returns
    -------
    dict
        What ``results.json`` holds.
    """
    whole = options.with_whole_paths()             # as a run that goes on knows them
    results = {"task": options.task, "data": whole["data"],
               "metric": options.best_by or run.task.METRIC,
               "start": "scratch" if starts_fresh(options) else "pretrained",
               "parameters": count(run.model.params), "examples": len(run.examples),
               "best_epoch": history["best_epoch"], "epochs": history["epochs"],
               "validation": None, "test": None,
               "baselines": {name: as_numbers(found) for name, found in run.baselines.items()},
               "training_seconds": history["epochs"][-1]["seconds"],
               "teacher": None, "options": whole, "settings": asdict(run.settings)}
    parts = {"validation": run.splits.dev, **({"test": run.splits.test} if run.splits.test else {})}
    for part, rows in parts.items():
        predictions, found = score_rows(run, rows, run.splits.labels,
                                        np.random.default_rng(options.seed), pool)
        write_whole(output / f"predictions-{part}.jsonl", prediction_lines(rows, predictions))
        results[part] = as_numbers(found)
        if hasattr(run.task, "language_of"):
            language = run.task.language_of(rows, run.settings)
            results["languages"] = {**results.get("languages", {}), part: language}
        say(f"{part:10} {in_words(found, run.settings)}{rules_of(run, rows)}")
    for name, found in run.baselines.items():
        say(f"{'':10} {in_words(found, run.settings)}   ({name})")
    if run.teacher is not None:                            # on the rows of the last part
        _, found = score_rows(run.teacher.loaded, rows, run.splits.labels,
                              np.random.default_rng(options.seed), pool,
                              positive_label=run.settings.positive_label)
        results["teacher"] = {"parameters": run.teacher.parameters, "figures": as_numbers(found)}
        say(f"{'':10} {in_words(found, run.settings)}   (teacher)")
    if self_training is not None:
        results["self_training"] = with_second_round(self_training, results, len(run.splits.train))
        for part in parts:
            say(f"{'':10} {part}, {results['metric']}: "
                + before_and_after(results["self_training"]["rounds"], part, results["metric"]))
    results["seconds"] = time.perf_counter() - run.started
    write_whole(output / "steps.csv", steps_csv(history["steps"]))
    write_whole(output / "results.json", json_file(results, ensure_ascii=False))
    draw_training(results, history, output)
    draw_predictions(options.task, output, run.model, run.tokenizer, rows, predictions,
                     run.settings)
    return results


def rules_of(loaded, rows):
    """What must be known about figures, to follow them: by which rules answers are scored, or why
    some figures are left out; otherwise empty.

    Parameters
    ----------
    loaded : object with task and settings
    rows : list

    Returns
    -------
    str
    """
    if hasattr(loaded.task, "single_label") and (sentence := loaded.task.single_label(rows)):
        return f"   ({sentence})"
    if not hasattr(loaded.task, "language_of"):
        return ""
    return f"   ({loaded.task.RULES[loaded.task.language_of(rows, loaded.settings)]})"


def in_words(figures, settings):
    """Figures on one line; an F1 of one label names this label."""
    positive = settings.positive_label
    names = {} if positive is None else {"f1": f"f1 of {positive!r}"}
    return "   ".join(f"{names.get(name, name)} {figure}" for name, figure in figures.items())


def as_numbers(figures):
    """Figures as what JSON can hold."""
    return {name: asdict(figure) for name, figure in figures.items()}


def prediction_lines(rows, predictions):
    """Rows with what was predicted for each, as JSON lines."""
    return "".join(json_text({**asdict(row), "prediction": prediction}, ensure_ascii=False) + "\n"
                   for row, prediction in zip(rows, predictions)).encode()


def steps_csv(rows):
    """The steps of a history as a table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.6g}" if isinstance(value, float) else value
                      for name, value in row.items()} for row in rows)
    return text.getvalue().encode()
