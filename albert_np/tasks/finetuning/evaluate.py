"""A finished model on other rows: figures, predictions and pictures, as of a test part."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ...files import write_whole
from ...files.json_objects import json_file
from ...files.locks import lock
from ...files.run_folders import claim_folder, release_folder
from ...files.threads import one_thread_each
from ..datasets import Splits
from .data import PARTS, RowReader, check_known
from .pictures import draw_predictions
from .predicting import load_for_task
from .report import as_numbers, in_words, prediction_lines, rules_of, score_rows
from .text_notes import TextNotes


def evaluate(model, data, output, *, columns=None, header=None, label_separator=None,
             language=None, seed=0, workers=2, progress=True):
    """Score a fine-tuned model on the rows of a file.

    Parameters
    ----------
    model : str or Path
        A folder that :func:`~albert_np.tasks.finetuning.finetune` left, or any model with the head
        of a task.
    data : str or Path
        A file in a format of the task, or a test part by its name.
    output : str or Path
        A new or empty folder. It gets ``results.json``, ``predictions.jsonl`` and the pictures of
        the task.
    columns : dict, optional
        From text, text_pair and label to columns; None: those of the training run.
    header : bool, optional
        Whether the first line of a table holds names. None: decide.
    label_separator : str, optional
        Of rows with several labels; None: that of the training run.
    language : str, optional
        Of questions: score the answers by the rules of SQuAD ("en") or of CMRC 2018 ("zh"). None:
        as in the training run, which may leave it to the answers.
    seed : int
        Of the bootstrap.
    workers : int
        Batches that are worked out side by side.
    progress : bool
        Print what happens.

    Returns
    -------
    dict
        What ``results.json`` holds.

    Raises
    ------
    FileNotFoundError, ValueError
        The model, the file or the folder is unsuitable; or a row has a label that the model does
        not know.
    """
    say = print if progress else (lambda *words: None)
    started, output, loaded = time.perf_counter(), Path(output), load_for_task(model)
    say(f"{'model':10} {model}, {loaded.settings.task}")
    for remark in loaded.model.load_report.remarks:
        say(f"{'weights':10} {remark}")
    if (loaded.settings.task, loaded.model.config.problem_type) == ("classification", "regression"):
        raise ValueError(f"{model} answers with scores and not with labels; scores can be "
                         f"evaluated for the task similarity only")
    if language is not None:
        if not hasattr(loaded.task, "language_of"):
            raise ValueError(f"--language chooses the rules by which answers to questions are "
                             f"scored; {model} is for the task {loaded.settings.task}")
        loaded.settings = replace(loaded.settings, language=language)
    if label_separator is not None:
        if loaded.settings.task != "multi-label":
            raise ValueError(f"--label-separator is for rows with several labels; {model} is for "
                             f"the task {loaded.settings.task}")
        if label_separator == "":
            raise ValueError("--label-separator is empty; it must be the sign between two labels, "
                             "such as ';'")
    read = RowReader(loaded.task, columns or loaded.settings.columns, header,
                     label_separator or loaded.settings.label_separator,
                     lambda sentence: say(f"{'files':10} {sentence}"))
    rows, labels = _rows_of(loaded, data, read)
    if loaded.settings.task == "classification":             # which label F1 is that of
        loaded.settings = loaded.task.settings_of(Splits([], rows, [], labels), loaded.settings)
    say(f"{'data':10} {len(rows):,} rows")
    notes = TextNotes(loaded.tokenizer, loaded.settings)
    notes.add(rows)
    for sentence in notes.sentences():
        say(f"{'':10} {sentence}")
    claim_folder(output, "evaluate")
    with lock(output), one_thread_each(), ThreadPoolExecutor(workers) as pool:
        predictions, found = score_rows(loaded, rows, labels, np.random.default_rng(seed), pool)
        say(f"{'evaluation':10} {in_words(found, loaded.settings)}{rules_of(loaded, rows)}")
        results = {"task": loaded.settings.task, "model": str(model), "data": str(data),
                   "rows": len(rows), "figures": as_numbers(found), "seed": seed,
                   "seconds": time.perf_counter() - started, "settings": asdict(loaded.settings)}
        if hasattr(loaded.task, "language_of"):
            results["language"] = loaded.task.language_of(rows, loaded.settings)
        write_whole(output / "predictions.jsonl", prediction_lines(rows, predictions))
        write_whole(output / "results.json", json_file(results, ensure_ascii=False))
        draw_predictions(loaded.settings.task, output, loaded.model, loaded.tokenizer, rows,
                         predictions, loaded.settings)
        release_folder(output)
    say(f"The folder is {output}")
    return results


def _rows_of(loaded, data, read):
    """The rows of a file or of a test part, and the labels that the model knows."""
    task, tests = loaded.task, getattr(loaded.task, "TESTS", {})
    if str(data) in tests:
        rows = tests[str(data)]()
    elif Path(data).is_dir():
        raise ValueError(f"{data} is a folder; give the file in it that is to be evaluated, such "
                         f"as {Path(data) / PARTS[-1]}.*")
    else:
        rows = read(data)
    labels = ()
    if task.labels_of(rows) or loaded.settings.task == "multi-label":       # no row may have any
        labels = tuple(loaded.model.config.label_names)
        check_known(task, rows, labels, data, "is none of the model's:")
    if hasattr(task, "check"):
        task.check(rows, str(data), False)
    return rows, labels
