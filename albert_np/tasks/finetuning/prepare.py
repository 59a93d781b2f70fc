"""What a fine-tuning run begins with: rows, figures to compare with, a model, and examples."""

import time
from collections import Counter
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from ...inference.load import load_config
from ...models.loading import ignored_by_transformers
from ...parameters import count
from ...text.tokenizer import AlbertTokenizer
from ...text.tokenizing.tokenizer_json import MISSING, can_write
from ...text.tokenizing.train_tokenizer import VocabularyTooLarge, train_tokenizer
from ..datasets import Splits
from .class_weights import add_balanced_weights
from .data import PARTS, load_splits, repeated, texts_of
from .distilling import Teacher, add_teacher_logits, load_teacher
from .recipes import TASKS, model_class
from .settings import Settings
from .start import FRESH_CONFIG, from_pretrained, from_scratch, kept_labels, start_notes
from .text_notes import TextNotes


@dataclass(frozen=True)
class Prepared:
    """A run before its first step.

    Attributes
    ----------
    task : module of :mod:`albert_np.tasks.finetuning.recipes`
    settings : Settings
    splits : Splits
    baselines : dict
        From the name of a method without a network to its figures on the rows that are reported.
    model, tokenizer
    examples : list of dict
        Of the training rows.
    started : float
        ``time.perf_counter()`` when this began.
    teacher : Teacher or None
    """

    task: ModuleType
    settings: Settings
    splits: Splits
    baselines: dict
    model: object
    tokenizer: AlbertTokenizer
    examples: list
    started: float
    teacher: Teacher | None = None


def prepare(options, output, resuming, say, pool=None, pseudo_labelled=None):
    """Read the rows of a run, make its model, and say what was found.

    Parameters
    ----------
    options : FinetuningOptions
    output : Path
        The run folder. It gets the tokenizer if one is trained.
    resuming : bool
        Take the tokenizer that was trained when the run was begun.
    say : callable
    pool : concurrent.futures.Executor, optional
        Runs several batches of the teacher at a time.
    pseudo_labelled : list, optional
        More rows to learn from, whose labels a first round predicted, with the tokenizer of that
        round (:mod:`~albert_np.tasks.finetuning.self_training`). The baselines do not learn from
        them.

    Returns
    -------
    Prepared

    Raises
    ------
    FileNotFoundError, ValueError
        The data or the model is unsuitable.
    """
    started, task = time.perf_counter(), TASKS[options.task]
    splits = _read_rows(task, options, say)
    settings = _settings_for(options, splits)
    if settings.positive_label != options.task_settings().positive_label:
        say(f"{'':10} f1 is that of the label {settings.positive_label!r}; --positive-label names "
            f"the other")
    teacher = (None if options.teacher is None else
               load_teacher(options.teacher, options.task, splits, settings.pairs))
    # Before the training: what is missing for a figure must show before, not after.
    baselines = _score_baselines(task, splits, settings, options.seed)
    if pseudo_labelled is not None:
        splits = replace(splits, train=[*splits.train, *pseudo_labelled])
    model, tokenizer = _start(task, splits, settings, options, output,
                              resuming or pseudo_labelled is not None, say)
    origin = "from scratch" if starts_fresh(options) else f"from {options.model}"
    say(f"{'model':10} {count(model.params):,} parameters, {origin}")
    for note in [*_notes(model, tokenizer, options), *ignored_by_transformers(model.config),
                 *([] if can_write() else [MISSING])]:
        say(f"{'':10} {note}")
    examples = _examples(task, tokenizer, splits, settings, options, say)
    if teacher is not None:
        say(f"{'teacher':10} {teacher.parameters:,} parameters, {teacher.name}")
        for remark in teacher.loaded.model.load_report.remarks:
            say(f"{'':10} {remark}")
        add_teacher_logits(examples, teacher, splits.train, pool)
    return Prepared(task, settings, splits, baselines, model, tokenizer, examples, started, teacher)


def starts_fresh(options):
    """Whether the weights of a run are new."""
    return options.model is None or options.scratch


def figures_of(task, settings, rows, predictions, labels, rng=None):
    """The figures of a task, with what its settings say about them."""
    told = {"positive": settings.positive_label, "language": settings.language}
    more = {name: value for name, value in told.items() if value is not None}
    return task.figures(rows, predictions, labels, rng, **more)


# ---- the rows ------------------------------------------------------------------------------------

def rows_and_settings(options):
    """The labelled rows of a run and the settings of its task, as `prepare` has them: a pair."""
    splits = _read_rows(TASKS[options.task], options, lambda *words: None)
    return splits, _settings_for(options, splits)


def _read_rows(task, options, say):
    """The three parts, with the labels in the order of the model to start from."""
    splits = load_splits(task, options.data, options.test, options.columns, options.data_folder,
                         options.seed, options.header, options.split_copies,
                         lambda sentence: say(f"{'files':10} {sentence}"), dev=options.dev,
                         separator=options.task_settings().label_separator)
    if not starts_fresh(options):
        splits = replace(splits, labels=kept_labels(options.model, splits.labels))
    say(f"{'data':10} {len(splits.train):,} rows to learn from, {len(splits.dev):,} to choose by, "
        f"{len(splits.test):,} to report")
    for sentence in repeated(splits):
        say(f"{'':10} {sentence}")
    return splits


def _settings_for(options, splits):
    """The settings of the task, with what the rows say."""
    pairs = _pairs(splits.train)
    columns = {role: column for role, column in splits.columns.items()
               if role != "text_pair" or pairs is not False}
    settings = replace(options.task_settings(), columns=columns, pairs=pairs)
    task = TASKS[options.task]
    return task.settings_of(splits, settings) if hasattr(task, "settings_of") else settings


def _pairs(rows):
    """Whether all texts are pairs (True), none is (False), or some are (None)."""
    found = {row.text_pair is not None for row in rows if hasattr(row, "text_pair")}
    return found.pop() if len(found) == 1 else None


def _score_baselines(task, splits, settings, seed):
    """The figures of methods without a network, on the rows that are reported."""
    rows = splits.test or splits.dev
    return {name: figures_of(task, settings, rows, guesses, splits.labels,
                             np.random.default_rng(seed))
            for name, guesses in task.baselines(splits.train, rows).items()}


# ---- the model -----------------------------------------------------------------------------------

def _start(task, splits, settings, options, output, resuming, say):
    """The model and its tokenizer, before training."""
    changes, kind = dict(task.configuration(splits.labels)), model_class(task, settings)
    if options.dropout is not None:
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob",
                     "classifier_dropout_prob"):
            changes[name] = options.dropout
    if not starts_fresh(options):
        return from_pretrained(kind, options.model, changes, settings.max_length, options.seed,
                               options.task)
    if options.model is None:
        file = output / "spiece.model"
        if not resuming:
            _train_tokenizer(texts_of(splits.train), options.vocab_size, file, say)
        tokenizer, config = AlbertTokenizer(file), {**FRESH_CONFIG, **(options.config or {})}
    else:
        tokenizer = AlbertTokenizer.from_pretrained(options.model)
        config = load_config(options.model).to_dict()
    if settings.max_length > config["max_position_embeddings"]:
        changes["max_position_embeddings"] = settings.max_length
    return from_scratch(kind, config, tokenizer, changes, options.seed), tokenizer


def _train_tokenizer(texts, vocab_size, file, say):
    """A tokenizer trained on the rows, with fewer pieces if so many do not fit."""
    try:
        train_tokenizer(texts, vocab_size, file)
    except VocabularyTooLarge as error:
        say(f"{'vocabulary':10} {error.largest:,} pieces instead of {vocab_size:,}: more do not "
            f"fit these rows")
        train_tokenizer(texts, error.largest, file)


def _notes(model, tokenizer, options):
    """How the model came about, in sentences."""
    if options.model is None:
        return [f"a new vocabulary of {tokenizer.vocab_size:,} pieces, learnt from the training "
                f"rows; all weights are new, drawn with seed {options.seed}"]
    if options.scratch:
        return [f"all weights are new, drawn with seed {options.seed}; the shape and the "
                f"vocabulary are those of {options.model}"]
    return start_notes(model, options.model)


# ---- the examples --------------------------------------------------------------------------------

def _examples(task, tokenizer, splits, settings, options, say):
    """The examples of all training rows; rows without one are counted."""
    of_rows = task.features(tokenizer, splits.train, splits.labels, settings)
    _say_left_out(task, tokenizer, splits.train, of_rows, settings, options.data, say)
    notes = TextNotes(tokenizer, settings)
    for part in PARTS:
        rows = getattr(splits, part)
        notes.add(rows)
        # A row that no figure can be computed for must show now, and not after an epoch.
        found = of_rows if part == "train" else task.features(tokenizer, rows, splits.labels,
                                                              settings)
        cut = _rows_cut(task, tokenizer, rows, found, splits.labels, settings)
        if cut:
            say(f"{'too long':10} {cut:,} of {len(rows):,} rows of the {part} part were cut at the "
                f"{settings.max_length} pieces of --max-length")
    for sentence in notes.sentences():
        say(f"{'':10} {sentence}")
    examples = [example for row in of_rows for example in row]
    if options.class_weights is not None:
        weights = add_balanced_weights(examples, len(splits.labels))
        say(f"{'weights':10} " + ", ".join(f"{label} {weight:.3g}" for label, weight in
                                           zip(splits.labels, weights)))
    return examples


def _rows_cut(task, tokenizer, rows, of_rows, labels, settings):
    """How many rows lost pieces: those of one example that is longer if there is more room.

    A row with several examples is read in windows, and a row without one is left out: neither is
    cut.
    """
    full = [row for row, examples in zip(rows, of_rows) if len(examples) == 1
            and examples[0]["input_ids"].shape[-1] == settings.max_length]
    if not full:
        return 0
    roomier = task.features(tokenizer, full, labels,
                            replace(settings, max_length=settings.max_length + 1))
    return sum(len(examples) == 1 and examples[0]["input_ids"].shape[-1] > settings.max_length
               for examples in roomier)


def _say_left_out(task, tokenizer, rows, of_rows, settings, data, say):
    """Name the training rows that have no example; none with one is an error."""
    missing = [row for row, examples in zip(rows, of_rows) if not examples]
    why = getattr(task, "why_left_out", lambda *_: task.LEFT_OUT)
    reasons = Counter(why(tokenizer, row, settings) for row in missing)
    sentences = [f"{count:,} of {len(rows):,} training rows of {data}: {reason}"
                 for reason, count in reasons.items()]
    if len(missing) == len(rows):
        raise ValueError(f"nothing is left to learn from: left out are {'; '.join(sentences)}")
    for sentence in sentences:
        say(f"{'left out':10} {sentence}")
