"""Predictions of a fine-tuned model, for any number of rows, in bounded memory."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from ...inference.load import load, load_config
from ...model_files.folders import find_folder
from .recipes import TASKS
from .settings import Settings, read_settings

WINDOW = 1024      # rows that are read, and sorted by length, at a time

# Models that were not fine-tuned here say by their class what they are for.
ARCHITECTURES = {"AlbertForSequenceClassification": "classification",
                 "AlbertForTokenClassification": "entities",
                 "AlbertForQuestionAnswering": "questions", "AlbertForMultipleChoice": "choice"}


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
    if settings.task not in TASKS:
        raise ValueError(f"{name_or_folder} is for the task {settings.task!r}; the tasks are "
                         f"{', '.join(TASKS)}.")
    task = TASKS[settings.task]
    model, tokenizer = load(name_or_folder, task.MODEL)
    return SimpleNamespace(task=task, model=model, tokenizer=tokenizer, settings=settings)


def _task_of(name, config):
    for architecture in config.extra.get("architectures") or ():
        if architecture in ARCHITECTURES:
            return ARCHITECTURES[architecture]
    raise ValueError(f"{name} is no model for a task; albert-np finetune makes one of it.")


def iterate_predictions(loaded, rows, name="row {}".format, workers=2):
    """A prediction for each row, as the rows come.

    Parameters
    ----------
    loaded : from :func:`load_for_task`
    rows : iterable of str or dict
        What the task's ``parse`` takes: a line of text, or a JSON object.
    name : callable
        From the number of a row, the first is 1, to what it is called in a sentence about it.
    workers : int
        Batches that are worked out side by side.

    Yields
    ------
    dict

    Raises
    ------
    ValueError
        A row is not what the task needs.
    """
    numbered = enumerate(rows, 1)
    with ThreadPoolExecutor(workers) as pool:
        while window := list(itertools.islice(numbered, WINDOW)):
            parsed = []
            for number, row in window:
                try:
                    parsed.append(loaded.task.parse(row))
                except ValueError as error:
                    raise ValueError(f"{name(number)}: {error}") from None
            yield from loaded.task.predict(loaded.model, loaded.tokenizer, parsed, loaded.settings,
                                           pool)
