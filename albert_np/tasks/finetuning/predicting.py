"""Predictions of a fine-tuned model, for any number of rows, in bounded memory."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

from ...files.file_kinds import ending_of
from ...inference.load import load, load_config
from ...model_files.folders import find_folder
from ..datasets import choose_columns, iterate_table
from .recipes import TASKS, model_class
from .settings import Settings, read_settings
from .source_task import task_of_class

TABLES = (".csv", ".tsv", ".tab")    # endings of files that are read as tables
WINDOW = 1024      # rows that are read, and sorted by length, at a time


def load_for_task(name_or_folder):
    """A fine-tuned model, and everything that it takes to predict with it.

    Parameters
    ----------
    name_or_folder : str or Path
        A folder that ``albert-np finetune`` left, or any model with the head of a task.

    Returns
    -------
    object with task (a module of :mod:`~albert_np.tasks.finetuning.recipes`), model, tokenizer,
    settings

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such model, or it is none for a task.
    """
    folder = find_folder(name_or_folder)
    settings = read_settings(folder)
    config = load_config(name_or_folder)
    if settings is None:
        settings = Settings(_task_of(name_or_folder, config),
                            max_length=min(config.max_position_embeddings, 384), doc_stride=128)
        if "AlbertForSquad2" in config.extra["architectures"]:
            settings = replace(settings, no_answer=True, no_answer_threshold=0.5)
    if settings.task not in TASKS:
        raise ValueError(f"{name_or_folder} is for the task {settings.task!r}; the tasks are "
                         f"{', '.join(TASKS)}.")
    task = TASKS[settings.task]
    model, tokenizer = load(name_or_folder, model_class(task, settings))
    return SimpleNamespace(task=task, model=model, tokenizer=tokenizer, settings=settings)


def _task_of(name, config):
    task = task_of_class(config)
    if task is None:
        raise ValueError(f"{name} is no model for a task; albert-np finetune makes one of it.")
    return task


def rows_of_file(loaded, path, columns=None, header=None):
    """The rows of a file that is not one of lines: a table, or one in the format of the task.

    Parameters
    ----------
    loaded : from :func:`load_for_task`
    path : str or Path
    columns : dict, optional
        From text and text_pair to columns of a table; None: those of the training run.
    header : bool, optional
        Whether the first line of a table holds names. None: decide.

    Returns
    -------
    rows : iterable, or None if the file is read line by line
        For a row of a table that is bad, such as one with an empty text, the ValueError about it.
    sentence : str
        What was decided about the file; empty if rows is None.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, it has no such columns, or it is a bad file of the task's format;
        the sentence names the line.
    """
    if columns and not hasattr(loaded.task, "COLUMNS"):
        raise ValueError(f"rows for {loaded.settings.task} have no columns; remove --columns")
    is_table = hasattr(loaded.task, "COLUMNS") and ending_of(path) in TABLES
    if header is not None and not is_table:
        raise ValueError(f"{path} is no table for {loaded.settings.task} by its name; remove "
                         f"--header or --no-header")
    if hasattr(loaded.task, "reads") and loaded.task.reads(path):
        return loaded.task.read(path, {}), f"{path} is read as the files of the training are"
    if not is_table:
        return None, ""
    columns = {role: column for role, column in (columns or loaded.settings.columns).items()
               if role != "label"}
    needed = tuple(role for role in loaded.task.COLUMNS["needed"] if role != "label")
    optional = loaded.task.COLUMNS.get("optional", ()) if loaded.settings.pairs is None else ()
    if loaded.settings.pairs and "text_pair" not in needed:
        needed += ("text_pair",)
    chosen = choose_columns(path, columns, needed, optional, header)
    return (iterate_table(path, chosen.columns, chosen.header, keep_errors=True),
            chosen.sentence)


def parsed_row(loaded, row):
    """A row for the task, from what `iterate_predictions` takes.

    Parameters
    ----------
    loaded : object with task and settings
    row : str, dict or a row

    Returns
    -------
    a row of :mod:`albert_np.tasks.datasets.rows`

    Raises
    ------
    ValueError
        It is not what the task needs, or a pair where the model has learnt from single texts.
    """
    settings = loaded.settings
    if isinstance(row, dict):
        row = {**{role: row[name] for role, name in settings.columns.items() if name in row}, **row}
    if isinstance(row, (str, dict)):
        row = loaded.task.parse(row)
    pair = getattr(row, "text_pair", None)
    if settings.pairs is False and pair is not None:
        raise ValueError("it is a pair of texts (a tab separates them), but the model has learnt "
                         "from single texts; a text with a tab in it can be given as "
                         '{"text": "..."}')
    if settings.pairs and pair is None:
        raise ValueError("it is a single text, but the model has learnt from pairs; write text TAB "
                         "text")
    return row


def _parsed_or_error(loaded, row, number, name):
    """A row for the task, or the error that says what it is called and what is wrong with it."""
    if isinstance(row, ValueError):
        return row
    try:
        return parsed_row(loaded, row)
    except ValueError as error:
        return ValueError(f"{name(number)}: {error}")


def iterate_predictions(loaded, rows, name="row {}".format, workers=2, bad_row=None,
                        notes=None):
    """A prediction for each row, as the rows come.

    Parameters
    ----------
    loaded : from :func:`load_for_task`
    rows : iterable of str, dict, rows or ValueError
        What the task's ``parse`` takes, a line of text or a JSON object, or rows such as
        :func:`rows_of_file` reads. An error says what is wrong with a row that could not be read.
    name : callable
        From the number of a row, the first is 1, to what it is called in a sentence about it.
    workers : int
        Batches that are worked out side by side.
    bad_row : callable, optional
        Gets the error about each row that is not what the task needs. None: it is raised.
    notes : TextNotes, optional
        Counts what the tokenizer loses of the rows.

    Yields
    ------
    dict, or None for a bad row

    Raises
    ------
    ValueError
        A row is not what the task needs, and there is no `bad_row`; or none of the first `WINDOW`
        rows is, so that it is not a matter of single rows.
    """
    numbered = enumerate(rows, 1)
    with ThreadPoolExecutor(workers) as pool:
        while window := list(itertools.islice(numbered, WINDOW)):
            parsed = [_parsed_or_error(loaded, row, number, name) for number, row in window]
            good = [i for i, row in enumerate(parsed) if not isinstance(row, ValueError)]
            asked = [parsed[i] for i in good]
            answers = _answers(loaded, asked, pool)
            if notes is not None:
                notes.add([row for row, answer in zip(asked, answers)
                           if not isinstance(answer, ValueError)])
            for i, answer in zip(good, answers):
                parsed[i] = (ValueError(f"{name(window[i][0])}: {answer}")
                             if isinstance(answer, ValueError) else answer)
            errors = [row for row in parsed if isinstance(row, ValueError)]
            if errors and (bad_row is None or window[0][0] == 1 and len(errors) == len(parsed)):
                raise errors[0]
            for error in errors:
                bad_row(error)
            yield from (None if isinstance(row, ValueError) else row for row in parsed)


def _answers(loaded, rows, pool):
    """For each row what is predicted, or why nothing can be: the tokenizer may leave no piece."""
    try:
        return rows and loaded.task.predict(loaded.model, loaded.tokenizer, rows, loaded.settings,
                                            pool)
    except ValueError as error:
        return [error] if len(rows) == 1 else [
            answer for row in rows for answer in _answers(loaded, [row], pool)]
