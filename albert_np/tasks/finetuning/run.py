"""A fine-tuning run: begun, or gone on with; everything about it is written into one folder."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from ...files import write_together, write_whole
from ...files.json_objects import json_file, json_text
from ...files.locks import lock
from ...files.options import options_from
from ...files.run_folders import (claim_folder, is_unfinished, release_folder,
                                  removed_if_not_begun)
from ...files.threads import one_thread_each
from ...models.loading import model_files
from ...parameters.published_names import HEADS
from ...pretraining.options import OPTIONS_NAME, read_run_options
from ...pretraining.run_checkpoints import FOLDER_NAME as CHECKPOINTS
from ...pretraining.run_checkpoints import (newest_checkpoint, remove_checkpoints,
                                            save_checkpoint)
from ...pretraining.state import refuse_changed_options
from ...pretraining.stopping import RunStopped, stop_requests
from .distilling import TEACHER_WEIGHT, TEMPERATURE, Student
from .options import FinetuningOptions
from .prepare import figures_of, prepare
from .report import report, score_rows
from .self_training import first_round
from .settings import FILE_NAME, read_settings
from .state import Progress, capture, fingerprint_of, restore
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
        ``predictions-test.jsonl``. Until the run is finished it also has ``checkpoints``, from
        which :func:`resume` goes on. It must be new, empty, or hold a run of this function that
        was stopped before its first step.
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
    RunStopped
        After Ctrl-C or SIGTERM, once a checkpoint is written.
    """
    options, output = options_from(FinetuningOptions, {"task": task, **options}), Path(output)
    if _is_finished(output):
        raise ValueError(f"The folder {output} holds a finished run; choose another one.")
    if options.model is not None and Path(options.model).resolve() == output.resolve():
        raise ValueError(f"The folder {output} holds the model to start from; choose another one.")
    with removed_if_not_begun(output, OPTIONS_NAME):
        claim_folder(output, "finetune")
        if (output / OPTIONS_NAME).exists():
            raise ValueError(f"The folder {output} holds an unfinished run; go on with --resume "
                             f"{output}, choose another --output, or remove it.")
        with lock(output, CHECKPOINTS):
            return _run(output, options, None, progress)


def _first_round(output, options, resuming, progress):
    """Train on the labelled rows alone, as a run in a folder of its own, and label the texts."""
    begun = output / OPTIONS_NAME
    write_whole(begun, json_file(options.with_whole_paths()))        # it can be resumed from now on

    def teach(folder, options):
        if _is_finished(folder):
            return
        claim_folder(folder, "finetune")
        try:
            with lock(folder, CHECKPOINTS):
                _run(folder, options, _checkpoint(folder, options), progress)
        except RunStopped as stop:
            first = str(stop).partition(";")[0]
            raise RunStopped(stop.signal, f"{first}, in round 1; go on with --resume {output}"
                             ) from None

    try:
        return first_round(options, output, resuming, teach, print if progress else _be_quiet)
    except BaseException:
        if not any(output.glob(f"*/{OPTIONS_NAME}")):                # it has not begun
            begun.unlink(missing_ok=True)
        raise


def _checkpoint(output, options):
    """The newest checkpoint of a run, or None if it has none."""
    if not any((output / CHECKPOINTS).glob("step-*")):
        return None
    step, tensors, state = newest_checkpoint(output)
    refuse_changed_options(step, state["options"], options.lasting())
    return tensors, state


def _be_quiet(*words):
    pass


def resume(output, progress=True):
    """Go on with a run that was interrupted, from its newest checkpoint.

    Model, predictions and figures are, bit for bit, those of a run that was never interrupted.

    Parameters
    ----------
    output : str or Path
        The run folder.
    progress : bool

    Returns
    -------
    dict
        As :func:`finetune`.

    Raises
    ------
    FileNotFoundError
        The folder holds no run.
    ValueError
        The run is finished, its options, rows or tokenizer have changed, or another process uses
        the folder.
    FloatingPointError, RunStopped
        As :func:`finetune`.
    """
    output = Path(output)
    if _is_finished(output):
        raise ValueError(f"The run in {output} is finished; there is nothing to go on with.")
    if is_unfinished(output, "finetune") and not (output / OPTIONS_NAME).exists():
        raise ValueError(f"The run in {output} was stopped before its first step; give the command "
                         f"that began it again.")
    options = read_run_options(output, FinetuningOptions)
    with lock(output, CHECKPOINTS):
        checkpoint = _checkpoint(output, options)
        if checkpoint is None and options.unlabelled is None:
            newest_checkpoint(output)                                   # which says what is missing
        return _run(output, options, checkpoint, progress, resuming=True)


def _is_finished(output):
    """Whether a folder holds a run with everything that it writes."""
    return (output / "results.json").exists() and not is_unfinished(output, "finetune")


def _run(output, options, checkpoint, progress, resuming=False):
    say = print if progress else _be_quiet
    first = (None if options.unlabelled is None
             else _first_round(output, options, resuming, progress))
    rows, record = (None, None) if first is None else (first.rows, first.record)
    with one_thread_each(), ThreadPoolExecutor(options.workers) as pool:
        run = prepare(options, output, checkpoint is not None, say, pool, rows)
        _check_metric(run, options, pool)
        history = _train(run, options, output, checkpoint, pool, progress)
        run = replace(run, settings=read_settings(output) or run.settings)    # of the best epoch
        results = report(run, options, history, output, pool, say, record)
    release_folder(output)
    remove_checkpoints(output)
    say(f"The folder is {output}")
    return {**results, "run_model": run.model, "tokenizer": run.tokenizer}


def _train(run, options, output, checkpoint, pool, progress):
    """Train the model of a run, saving checkpoints on the way; its history."""
    trained = tuple(name for name in run.model.params if name in HEADS) if options.freeze else None
    optimizer = _optimizer(run, options, trained)
    rng, at = np.random.default_rng([options.seed, 1]), Progress()
    tuned = SimpleNamespace(settings=run.settings)        # for the epoch that was evaluated last
    fingerprint = fingerprint_of(run.splits, run.tokenizer, run.model.config, run.teacher)

    def save():
        save_checkpoint(output, optimizer.steps,
                        *capture(run.model, optimizer, rng, at, fingerprint, options.lasting()))

    if checkpoint is None:
        save()                     # with the options, so that another value of them is noticed
        write_whole(output / OPTIONS_NAME, json_file(options.with_whole_paths()))
    else:
        at = restore(checkpoint, run.model, optimizer, rng, fingerprint)
        if progress:
            print(f"{'going on':10} from the checkpoint of step {optimizer.steps}")

    def on_step(at, epoch_ended):
        if epoch_ended or stop.signal or optimizer.steps % options.checkpoint_every == 0:
            save()
        if stop.signal:
            raise RunStopped(stop.signal, f"stopped after step {optimizer.steps}, with a "
                                          f"checkpoint; go on with --resume {output}")

    with stop_requests() as stop:
        return train_epochs(
            _learner(run, options), run.examples, _collate_of(run),
            optimizer, epochs=options.epochs, batch_size=options.batch_size, rng=rng, at=at,
            dropout=_has_dropout(run.model.config), max_gradient_norm=options.max_gradient_norm,
            evaluate=_evaluation(run, options, output, at, tuned, pool), on_step=on_step,
            on_best=lambda epoch, figure: _save_model(run, tuned.settings, output),
            patience=options.patience,
            workers=options.workers, progress=progress,
            accumulation_steps=options.accumulation_steps, trained=trained)


def _learner(run, options):
    """The model, or with a teacher the student, which has another loss."""
    if run.teacher is None:
        return run.model
    temperature, weight = (default if asked is None else asked for asked, default in (
        (options.temperature, TEMPERATURE), (options.teacher_weight, TEACHER_WEIGHT)))
    return Student(run.model, temperature, weight)


def _collate_of(run):
    """``collate(examples, length)`` of the task, with what the teacher says about them."""
    def collate(examples, length):
        batch = run.task.collate(run.model.config, examples, length)
        if run.teacher is not None:
            answers = [example["teacher_logits"] for example in examples]
            batch["teacher_logits"] = np.stack(answers)                              # (B, K)
        return batch

    return collate


def _optimizer(run, options, trained):
    """The optimiser that the options name, for these branches of the parameters (None: all)."""
    return original_optimizer(
        branches(run.model.params, trained), options.learning_rate,
        steps_of(run.examples, options.batch_size, options.epochs), options.warmup,
        options.weight_decay, options.optimizer, options.schedule)


def _check_metric(run, options, pool):
    """Refuse a figure to choose by that there is not: better now than after an epoch."""
    if options.best_by is None:
        return
    _, found = score_rows(run, run.splits.dev, run.splits.labels, pool=pool, beams=1)
    for part, names in (("development", found), ("reported", next(iter(run.baselines.values())))):
        if options.best_by not in names:
            raise ValueError(f"best_by is {options.best_by!r}; the figures of the {part} part are "
                             f"{', '.join(names)}")


def _evaluation(run, options, output, at, tuned, pool):
    """The evaluation after each epoch: a function without arguments that returns a Figure."""
    metric, task, dev = options.best_by or run.task.METRIC, run.task, run.splits.dev

    def evaluate():
        quick = replace(run.settings, beams=1)                        # a translation: greedily
        predictions = task.predict(run.model, run.tokenizer, dev, quick, pool)
        if hasattr(task, "tune"):
            tuned.settings, predictions = task.tune(run.settings, dev, predictions)
        found = figures_of(task, run.settings, dev, predictions, run.splits.labels,
                           np.random.default_rng(options.seed))
        values = [row["value"] for row in at.history["epochs"]] + [found[metric].value]
        write_whole(output / "epochs.json", json_text(values).encode())        # a search reads it
        return found[metric]

    return evaluate


def _save_model(run, settings, output):
    """Write the model, its tokenizer, and the settings of its task."""
    write_together({**model_files(run.model, output, run.tokenizer),
                    output / FILE_NAME: settings.to_bytes()})


def _has_dropout(config):
    return any(p > 0 for p in (config.hidden_dropout_prob, config.attention_probs_dropout_prob,
                               config.classifier_dropout_prob))
