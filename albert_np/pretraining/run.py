"""The main job: from a corpus to a pretrained model in a folder, and on from where it stopped."""

import contextlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..config import AlbertConfig
from ..files import write_whole
from ..files.json_objects import json_file
from ..files.locks import lock
from ..files.options import options_from
from ..files.run_folders import claim_folder, release_folder
from ..files.threads import one_thread_each
from ..models import AlbertForPreTraining
from ..optim import warmup_polynomial_decay
from ..parameters.initial_values import wave_positions
from ..text.tokenizing.tokenizer_json import MISSING, can_write
from .baselines import BigramModel, UnigramModel, evaluate_baseline
from .distributed import Alone
from .evaluation import evaluate
from .events import event_writer
from .metrics import to_csv
from .options import OPTIMIZERS, OPTIONS_NAME, PretrainingOptions, read_run_options
from .results import summary, write_results
from .run_checkpoints import FOLDER_NAME as CHECKPOINTS
from .run_checkpoints import newest_checkpoint, save_checkpoint
from .run_data import open_run_data
from .state import capture, restore
from .stopping import RunStopped, stop_requests
from .trainer import train


def pretrain(output, corpus=None, *, communicator=Alone(), progress=True, **options):
    """Pretrain an ALBERT and leave everything about it in a folder.

    Parameters
    ----------
    output : str or Path
        The run folder: new, empty, or one in which a run was killed before its first step.
    corpus : str or Path, optional
        As in :class:`~albert_np.pretraining.options.PretrainingOptions`.
    communicator : Alone or Ranks
        The processes that train together (:mod:`~albert_np.pretraining.distributed`). Each calls
        this function, with the same arguments; rank 0 reads the text and writes the folder.
    progress : bool
        Show what is going on (on rank 0).
    **options
        The other fields of :class:`~albert_np.pretraining.options.PretrainingOptions`.

    Returns
    -------
    dict
        ``model``, ``tokenizer``, ``data``, ``metrics`` (rows), ``results`` (what
        ``results.json`` holds).

    Raises
    ------
    ValueError, FileNotFoundError
        An option, the corpus, the tokenizer, the configuration or the folder will not do.
    FloatingPointError
        Training diverges.
    RunStopped
        After Ctrl-C or SIGTERM, once a checkpoint is written.
    """
    options, output = options_from(PretrainingOptions, {"corpus": corpus, **options}), Path(output)
    if options.parts is None:
        options.parts = communicator.size * options.workers * options.accumulation_steps

    def find_nothing():
        for name in (OPTIONS_NAME, "model.safetensors"):
            if (output / name).exists():
                raise ValueError(f"the folder {output} already holds a run; go on with "
                                 f"--resume {output}, choose another --output, or remove it")
        claim_folder(output, "pretrain")

    with _lock_of_first(output, communicator):
        communicator.from_first(find_nothing)
        return _run(output, options, None, communicator, progress)


def _lock_of_first(output, communicator):
    """Rank 0 locks the run folder for all."""
    return contextlib.nullcontext() if communicator.rank else lock(output, CHECKPOINTS)


def resume(output, communicator=Alone(), progress=True):
    """Go on with a run that was interrupted, from its newest checkpoint.

    The weights at the end are, bit for bit, those of a run that was never interrupted. A run that
    had no checkpoint yet begins again; one that had ended writes its results again.

    Parameters
    ----------
    output : str or Path
        The run folder.
    communicator : Alone or Ranks
        As for :func:`pretrain`. There may be more processes than before, or fewer: the batches are
        divided into as many parts as before, and these among the processes there are.
    progress : bool

    Returns
    -------
    dict
        As :func:`pretrain`.

    Raises
    ------
    FileNotFoundError
        The folder holds no run.
    ValueError
        The text is not the one that the run began with, or another run uses the folder.
    RunStopped, FloatingPointError
        As :func:`pretrain`.
    """
    output = Path(output)
    options = communicator.from_first(lambda: read_run_options(output))

    def newest():
        try:
            return newest_checkpoint(output)
        except FileNotFoundError:                       # stopped before the first one
            return None

    with _lock_of_first(output, communicator):
        checkpoint = communicator.from_first(newest)
        return _run(output, options, checkpoint, communicator, progress)


def _run(output, options, checkpoint, communicator, progress):
    first = communicator.rank == 0
    progress = progress and first
    say = print if progress else (lambda *args: None)
    events = event_writer(output, options.tensorboard and first)         # refuses before all else
    steps, warmup = options.steps, options.warmup_steps
    schedule = warmup_polynomial_decay(options.learning_rate, steps,
                                       steps // 20 if warmup is None else warmup)
    data, fingerprint = communicator.from_first(lambda: open_run_data(
        output, options, resuming=(output / OPTIONS_NAME).exists(), say=say))
    say(f"tokenizer  {data.tokenizer.vocab_size:,} pieces")
    if not can_write():
        say(f"{'':10} {MISSING}")
    baselines = communicator.from_first(lambda: _baselines(data, say))
    model = make_model(data.tokenizer, options)
    say(f"model      {sum(model.config.parameter_counts().values()):,} parameters: hidden size "
        f"{model.config.hidden_size}, {model.config.num_hidden_layers} layers, sharing "
        f"{model.config.sharing}")
    optimizer = make_optimizer(model.params, options, schedule)
    rng = np.random.default_rng(np.random.SeedSequence(options.seed).spawn(2)[1])
    metrics, position = [], (0, 0, 0)
    if checkpoint is not None:
        metrics, position = restore(checkpoint, model, optimizer, rng, fingerprint,
                                    options.lasting())
        say(f"going on   from the checkpoint of step {optimizer.steps}")
    batches = data.training_batches(position)
    communicator.from_first(lambda: _write_options(output, options))

    dropout = max(model.config.hidden_dropout_prob, model.config.attention_probs_dropout_prob) > 0
    with one_thread_each(), stop_requests() as stop, events as add_events:
        def write(step, metrics, evaluated, keep):
            add_events(metrics, flush=keep)
            if keep:
                state = capture(model, optimizer, rng, batches.position, metrics, fingerprint,
                                options.lasting())
                save_checkpoint(output, step, *state, keep=options.keep_checkpoints)
                write_whole(output / "metrics.csv", to_csv(metrics))
            if evaluated:
                model.save_pretrained(output)

        def save(step, metrics, evaluated):
            nonlocal stopped_by
            # Asked once: the signal can come at any moment, and to any of the processes.
            stopped_by = communicator.largest(stop.signal or 0)
            keep = evaluated or stopped_by or step % options.checkpoint_every == 0
            if keep:
                communicator.check_same(model.params, f"the model at step {step}")
            if first:
                write(step, metrics, evaluated, keep)
            return bool(stopped_by)

        stopped_by = 0
        train(model, optimizer, batches, steps, rng=rng if dropout else None,
              max_gradient_norm=options.max_gradient_norm, evaluate_every=options.evaluate_every,
              evaluation=lambda: evaluate(model, data.held_out, communicator), on_step=save,
              metrics=metrics, workers=options.workers,
              accumulation_steps=options.accumulation_steps, parts=options.parts,
              communicator=communicator, float64_sums=options.float64_sums,
              recompute=options.recompute, progress=progress)
    if optimizer.steps < steps:
        raise RunStopped(stopped_by, f"stopped after step {optimizer.steps} of {steps}, with a "
                                     f"checkpoint; go on with --resume {output}")
    results = communicator.from_first(
        lambda: _write_end(output, options, model, metrics, baselines, say))
    return {"model": model, "tokenizer": data.tokenizer, "data": data, "metrics": metrics,
            "results": results}


def _write_options(output, options):
    """From now on the run can be resumed, and the options say that it is one."""
    write_whole(output / OPTIONS_NAME, json_file(asdict(options)))
    release_folder(output)


def _write_end(output, options, model, metrics, baselines, say):
    model.save_pretrained(output)
    results = write_results(output, options, metrics, baselines, model.config)
    say(summary(results, output))
    return results


def _baselines(data, say):
    """What counting alone can do; nothing if no piece is masked."""
    text, figures = data.training_text(), {}
    for name, baseline in (("unigram", UnigramModel), ("bigram", BigramModel)):
        counted = baseline(text, data.tokenizer, data.options.mask_unknown)
        figures[name] = evaluate_baseline(counted, data.held_out)
    if figures["unigram"]["mlm_loss"] is None:
        return {}
    for name, values in figures.items():
        say(f"baseline   {name}: MLM loss {values['mlm_loss']:.3f}, "
            f"accuracy {values['mlm_accuracy']:.1%}")
    return figures


def make_model(tokenizer, options):
    """A new model for a tokenizer: `SMALL_CONFIG`, changed by what the options of a run say."""
    config = AlbertConfig.from_dict({
        **options.config_values(),
        "vocab_size": tokenizer.vocab_size, "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id})
    model = AlbertForPreTraining(config, seed=options.seed)
    if options.wave_start:
        model.params["embeddings"]["position"][...] = wave_positions(
            config.max_position_embeddings, config.embedding_size)
    return model


def make_optimizer(params, options, schedule):
    """The optimiser that the options of a run name, with this learning-rate schedule."""
    name = options.optimizer
    settings = {} if name == "sgd" else {"betas": (0.9, options.beta_2)}
    if name in ("adamw", "lamb"):
        settings["weight_decay"] = options.weight_decay
    return OPTIMIZERS[name](params, lr=schedule, **settings)
