"""A fine-tuning run: from rows and a model to figures, everything written into one folder."""

import csv
import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ...files import write_together, write_whole
from ...files.json_objects import json_file, json_text
from ...files.locks import lock
from ...files.options import options_from
from ...files.run_folders import claim_folder, release_folder
from ...files.threads import one_thread_each
from ...inference.load import load_config
from ...models.loading import ignored_by_transformers, model_files
from ...parameters import count
from ...parameters.published_names import HEADS
from ...text.tokenizer import AlbertTokenizer
from ...text.tokenizing.tokenizer_json import MISSING, can_write
from ...text.tokenizing.train_tokenizer import VocabularyTooLarge, train_tokenizer
from .data import load_splits, repeated, texts_of
from .options import FinetuningOptions
from .pictures import draw_pictures
from .recipes import TASKS, model_class
from .settings import FILE_NAME, read_settings
from .start import FRESH_CONFIG, from_pretrained, from_scratch, kept_labels, start_notes
from .trainer import branches, original_optimizer, steps_of, train_epochs


def finetune(task, output, *, progress=True, **options):
    """Teach a model a task, choose the best epoch on the development part, report the test part.

    Parameters
    ----------
    task : str
        One of :data:`~albert_np.tasks.finetuning.TASKS`.
    output : str or Path
        The folder of the run. It gets the model and the tokenizer (of the best epoch, as soon as
        there is a better one), ``task.json``, ``steps.csv``, ``results.json``, pictures, and the
        held-out rows with their predictions, ``predictions-validation.jsonl`` and
        ``predictions-test.jsonl``. It must be new, empty, or hold an unfinished run of this
        function.
    progress : bool
        Print what happens.
    **options
        The other fields of :class:`~albert_np.tasks.finetuning.options.FinetuningOptions`; there
        must be ``data``.

    Returns
    -------
    dict
        What ``results.json`` holds, and ``run_model`` and ``tokenizer``.

    Raises
    ------
    FileNotFoundError, ValueError
        An option, the data or the model is unsuitable.
    FloatingPointError
        The loss is no longer a number.
    """
    options = options_from(FinetuningOptions, {"task": task, **options})
    settings, task, seed = options.task_settings(), TASKS[options.task], options.seed
    fresh = options.model is None or options.scratch
    started, output = time.perf_counter(), Path(output)
    say = print if progress else (lambda *words: None)
    if (output / "results.json").exists():
        raise ValueError(f"The folder {output} holds a finished run; choose another one.")
    if options.model is not None and Path(options.model).resolve() == output.resolve():
        raise ValueError(f"The folder {output} holds the model to start from; choose another one.")
    claim_folder(output, "finetune")
    with lock(output), one_thread_each(), ThreadPoolExecutor(options.workers) as pool:
        splits = load_splits(task, options.data, options.test, options.columns,
                             options.data_folder, seed, options.header, options.split_copies,
                             lambda sentence: say(f"{'files':10} {sentence}"), dev=options.dev)
        if options.model is not None and not options.scratch:
            splits = replace(splits, labels=kept_labels(options.model, splits.labels))
        say(f"{'data':10} {len(splits.train):,} rows to learn from, {len(splits.dev):,} to choose "
            f"by, {len(splits.test):,} to report")
        for sentence in repeated(splits):
            say(f"{'':10} {sentence}")
        if hasattr(task, "settings_of"):
            settings = task.settings_of(splits, settings)
        settings = replace(settings, columns=splits.columns, pairs=_pairs(splits.train))
        waited = time.perf_counter()
        baselines = _score_baselines(task, splits, seed)
        waited = time.perf_counter() - waited
        net, tokenizer = _start(task, splits, settings, options, output, say)
        say(f"{'model':10} {count(net.params):,} parameters, "
            f"{'from scratch' if fresh else f'from {options.model}'}")
        for note in [*_notes(net, tokenizer, options), *ignored_by_transformers(net.config),
                     *([] if can_write() else [MISSING])]:
            say(f"{'':10} {note}")
        windows = task.features(tokenizer, splits.train, splits.labels, settings)
        examples = [example for row in windows for example in row]
        # A row that no figure can be computed for must show now, and not after an epoch.
        task.features(tokenizer, [*splits.dev, *splits.test], splits.labels, settings)
        _say_left_out(task, windows, options.data, say)
        steps = steps_of(examples, options.batch_size, options.epochs)
        trained = tuple(name for name in net.params if name in HEADS) if options.freeze else None
        optimizer = original_optimizer(
            branches(net.params, trained), options.learning_rate, steps, options.warmup,
            options.weight_decay, options.optimizer, options.schedule)

        reached, metric, tuned = [], options.best_by or task.METRIC, settings

        def figures_of(rows, settings, rng=None):
            predictions = task.predict(net, tokenizer, rows, settings, pool)
            return predictions, task.figures(rows, predictions, splits.labels, rng)

        def evaluate():
            nonlocal tuned
            quick = replace(settings, beams=1)             # a translation: greedily
            predictions = task.predict(net, tokenizer, splits.dev, quick, pool)
            if hasattr(task, "tune"):
                tuned, predictions = task.tune(settings, splits.dev, predictions)
            found = task.figures(splits.dev, predictions, splits.labels,
                                 np.random.default_rng(seed))
            reached.append(found[metric].value)             # a search reads it after each epoch
            write_whole(output / "epochs.json", json_text(reached).encode())
            return found[metric]

        def save(epoch, figure):
            write_together(_model_files(net, tokenizer, tuned, output))

        if options.best_by is not None:                     # better now than after an epoch
            _, found = figures_of(splits.dev, replace(settings, beams=1))
            for part, names in (("development", found),
                                ("reported", next(iter(baselines.values())))):
                if metric not in names:
                    raise ValueError(f"best_by is {metric!r}; the figures of the {part} part are "
                                     f"{', '.join(names)}")
        history = train_epochs(
            net, examples, lambda *chosen: task.collate(net.config, *chosen), optimizer,
            epochs=options.epochs, batch_size=options.batch_size,
            rng=np.random.default_rng([seed, 1]), dropout=_has_dropout(net.config),
            max_gradient_norm=options.max_gradient_norm, evaluate=evaluate,
            patience=options.patience, on_best=save, workers=options.workers, pool=pool,
            progress=progress, accumulation_steps=options.accumulation_steps, trained=trained)

        settings = read_settings(output) or settings         # with what the best epoch was tuned to
        results = {"task": options.task, "data": options.data, "metric": metric,
                   "start": "scratch" if fresh else "pretrained",
                   "parameters": count(net.params), "examples": len(examples),
                   "best_epoch": history["best_epoch"], "epochs": history["epochs"],
                   "validation": None, "test": None,
                   "baselines": {name: as_numbers(found) for name, found in baselines.items()},
                   "options": asdict(options), "settings": asdict(settings)}
        parts = {"validation": splits.dev, **({"test": splits.test} if splits.test else {})}
        for part, rows in parts.items():
            predictions, found = figures_of(rows, settings, np.random.default_rng(seed))
            write_whole(output / f"predictions-{part}.jsonl", _prediction_lines(rows, predictions))
            results[part] = as_numbers(found)
            say(f"{part:10} " + "   ".join(f"{name} {figure}" for name, figure in found.items()))
        results["training_seconds"] = time.perf_counter() - started - waited
        for name, found in baselines.items():
            say(f"{'':10} " + "   ".join(f"{key} {figure}" for key, figure in found.items())
                + f"   ({name})")
        results["seconds"] = time.perf_counter() - started
        write_whole(output / "steps.csv", _steps_csv(history["steps"]))
        write_whole(output / "results.json", json_file(results, ensure_ascii=False))
        release_folder(output)
        draw_pictures(results, history, output, net, tokenizer, rows, predictions, settings)
        say(f"The folder is {output}")
    return {**results, "run_model": net, "tokenizer": tokenizer}


def _prediction_lines(rows, predictions):
    """Rows with what was predicted for each, as JSON lines."""
    return "".join(json_text({**asdict(row), "prediction": prediction}, ensure_ascii=False) + "\n"
                   for row, prediction in zip(rows, predictions)).encode()


def _pairs(rows):
    """Whether all texts are pairs (True), none is (False), or some are (None)."""
    found = {row.text_pair is not None for row in rows if hasattr(row, "text_pair")}
    return found.pop() if len(found) == 1 else None


def _score_baselines(task, splits, seed):
    """The figures of methods without a network, on the rows that are reported.

    This comes before the training: what is missing for a figure must show before, not after.
    """
    rows = splits.test or splits.dev
    return {name: task.figures(rows, guesses, splits.labels, np.random.default_rng(seed))
            for name, guesses in task.baselines(splits.train, rows).items()}


def _notes(net, tokenizer, options):
    """How the model came about, in sentences."""
    if options.model is None:
        return [f"a new vocabulary of {tokenizer.vocab_size:,} pieces, learnt from the training "
                f"rows; all weights are new, drawn with seed {options.seed}"]
    if options.scratch:
        return [f"all weights are new, drawn with seed {options.seed}; the shape and the "
                f"vocabulary are those of {options.model}"]
    return start_notes(net, options.model)


def _say_left_out(task, windows, data, say):
    """Name the training rows that have no example; none with one is an error."""
    missing = sum(not row for row in windows)
    if missing:
        sentence = f"{missing:,} of {len(windows):,} training rows of {data}: {task.LEFT_OUT}"
        if missing == len(windows):
            raise ValueError(f"nothing is left to learn from: left out are {sentence}")
        say(f"{'left out':10} {sentence}")


def _new_tokenizer(texts, vocab_size, file, say):
    """A tokenizer trained on the rows, with fewer pieces if so many do not fit."""
    try:
        train_tokenizer(texts, vocab_size, file)
    except VocabularyTooLarge as error:
        say(f"{'vocabulary':10} {error.largest:,} pieces instead of {vocab_size:,}: more do not "
            f"fit these rows")
        train_tokenizer(texts, error.largest, file)
    return AlbertTokenizer(file)


def _start(task, splits, settings, options, output, say):
    """The model and its tokenizer, before training."""
    changes, kind = dict(task.configuration(splits.labels)), model_class(task, settings)
    if options.dropout is not None:
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob",
                     "classifier_dropout_prob"):
            changes[name] = options.dropout
    if options.model is None:
        tokenizer = _new_tokenizer(texts_of(splits.train), options.vocab_size,
                                   output / "spiece.model", say)
        config = options.config or {}
    elif options.scratch:
        tokenizer = AlbertTokenizer.from_pretrained(options.model)
        config = load_config(options.model)
    else:
        return from_pretrained(kind, options.model, changes, settings.max_length, options.seed)
    config = {**FRESH_CONFIG, **config} if isinstance(config, dict) else config.to_dict()
    if settings.max_length > config["max_position_embeddings"]:
        changes["max_position_embeddings"] = settings.max_length
    return from_scratch(kind, config, tokenizer, changes, options.seed), tokenizer


def _has_dropout(config):
    return any(p > 0 for p in (config.hidden_dropout_prob, config.attention_probs_dropout_prob,
                               config.classifier_dropout_prob))


def _model_files(net, tokenizer, settings, output):
    """A model's folder as a dict from paths to bytes, with the settings of its task."""
    return {**model_files(net, output, tokenizer), output / FILE_NAME: settings.to_bytes()}


def as_numbers(figures):
    """Figures as what JSON can hold."""
    return {name: asdict(figure) for name, figure in figures.items()}


def _steps_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.6g}" if isinstance(value, float) else value
                      for name, value in row.items()} for row in rows)
    return text.getvalue().encode()
