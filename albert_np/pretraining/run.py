"""The main job: from a corpus to a pretrained model in a folder, and on from where it stopped."""

import contextlib
import inspect
from pathlib import Path

import numpy as np

from ..config import AlbertConfig
from ..files import write_whole
from ..files.threads import one_thread_each
from ..parameters.initial_values import wave_positions
from ..models import AlbertForPreTraining
from ..optim import warmup_polynomial_decay
from .baselines import BigramModel, UnigramModel, evaluate_baseline
from .run_checkpoints import FOLDER_NAME as CHECKPOINTS
from .run_checkpoints import newest_checkpoint, save_checkpoint
from .distributed import Alone
from .evaluation import evaluate
from .events import event_writer
from .metrics import to_csv
from .options import (OPTIMIZERS, OPTIONS_NAME, check_options, config_values, read_options,
                      write_options)
from .results import summary, write_results
from .run_data import open_run_data
from ..files.locks import lock
from .stopping import stop_requests
from .state import capture, restore
from .trainer import train


def pretrain(output, corpus=None, layout="auto", tokenizer=None, vocab_size=2000, config=None,
             data=None, wave_start=True, steps=9000, batch_size=26, learning_rate=3e-3,
             warmup_steps=None, optimizer="adamw", beta_2=0.98, weight_decay=0.01,
             max_gradient_norm=1.0, held_out=0.1, held_out_sequences=4000, evaluate_every=1000,
             checkpoint_every=500, keep_checkpoints=2, tensorboard=False, seed=0, workers=2,
             accumulation_steps=1, parts=None, float64_sums=False, recompute=False,
             communicator=Alone(), progress=True):
    """Pretrain an ALBERT and leave everything about it in a folder.

    Parameters
    ----------
    output : str or Path
        The run folder. It must not hold a run yet.
    corpus : str or Path, optional
        A text file, a folder of them, or a folder that ``albert-np prepare`` wrote; None takes the
        text that every Python brings along.
    layout : {"auto", "lines", "prose"}
        See :func:`albert_np.text.corpus.corpora.read_corpus`.
    tokenizer : str or Path, optional
        A SentencePiece model or a folder with one; None trains a tokenizer on the training text
        (a prepared corpus has its own).
    vocab_size : int
        Of the tokenizer that is trained.
    config : dict, optional
        Fields of :class:`~albert_np.config.AlbertConfig` that differ from ``SMALL_CONFIG``.
    data : dict, optional
        Fields of :class:`~albert_np.text.data_options.DataOptions` that differ from their
        defaults. In the embedded corpus ``beginnings_only`` is True unless it is given: its
        documents are so short that nothing but their beginning shows an order.
    wave_start : bool
        Start the position table from waves (WAVE.1), from which a small model finds the neighbours
        of a gap sooner. False starts from random rows, as the original does.
    steps, batch_size : int
        How many batches of how many sequences.
    learning_rate : float
        The warm-up rises to it. After that the rate lies on the line that falls from it at step 0
        to 0 at the last step, as in the original.
    warmup_steps : int, optional
        None: a twentieth of the steps.
    optimizer : {"adamw", "lamb", "adam", "sgd"}
    beta_2 : float
        How slowly the running mean of squared gradients forgets; not used by sgd. The published
        models have 0.999, which is slow for a run of a few thousand steps.
    weight_decay : float
        Of adamw and lamb.
    max_gradient_norm : float
    held_out : float
        The share of the sentences that is kept away from training, in whole documents. A prepared
        corpus has made that choice already.
    held_out_sequences : int
        Evaluate on at most so many of them.
    evaluate_every : int
        Steps between evaluations; after each the model in the run folder is brought up to date.
    checkpoint_every, keep_checkpoints : int
        Steps between checkpoints, from which :func:`resume` goes on, and how many are kept.
    tensorboard : bool
        Write event files for TensorBoard too (needs the extra ``tensorboard``).
    seed : int
        Of everything that is drawn. The same seed and parts give the same weights, bit for bit.
    workers : int
        Threads (of each process) among which each batch is divided.
    accumulation_steps : int
        Work through each batch in so many portions, to save memory.
    parts : int, optional
        Into how many parts each batch is divided. None: processes · workers · accumulation_steps.
        Another number gives other roundings and, with dropout, other masks.
    float64_sums : bool
        Sum the gradients of the parts in float64: then it does not matter, to the last bit, how
        many processes work them out.
    recompute : bool
        Save memory, at the price of time: keep only the input of each layer and compute the layer
        again in the backward pass. The weights are the same, bit for bit.
    communicator : Alone or Ranks
        The processes that train together (:mod:`~albert_np.pretraining.distributed`). Each calls
        this function, with the same arguments; rank 0 reads the text and writes the folder.
    progress : bool
        Show what is going on (on rank 0).

    Returns
    -------
    dict
        ``model``, ``tokenizer``, ``data``, ``metrics`` (rows), ``results`` (what
        ``results.json`` holds).

    Raises
    ------
    ValueError, FileNotFoundError
        Where an option, the corpus, the tokenizer, the configuration or the folder will not do.
    FloatingPointError
        Where training diverges.
    RunStopped
        After Ctrl-C or SIGTERM, once a checkpoint is written.
    """
    options = {**locals(), "corpus": _absolute(corpus), "tokenizer": _absolute(tokenizer)}
    del options["communicator"]
    output, progress = Path(options.pop("output")), options.pop("progress")
    check_options(options)
    options["parts"] = parts or communicator.size * workers * accumulation_steps

    def find_nothing():
        for name in (OPTIONS_NAME, "model.safetensors"):
            if (output / name).exists():
                raise ValueError(f"the folder {output} already holds a run; go on with "
                                 f"--resume {output}, choose another --output, or remove it")

    with _lock_of_first(output, communicator):
        communicator.from_first(find_nothing)
        return _run(output, options, None, communicator, progress)


def _lock_of_first(output, communicator):
    """Rank 0 locks the run folder for all."""
    return contextlib.nullcontext() if communicator.rank else lock(output, CHECKPOINTS)


def option_names():
    """The arguments of `pretrain` that make a run what it is, and are kept in its folder.

    Returns
    -------
    list of str
    """
    return [name for name in inspect.signature(pretrain).parameters
            if name not in ("output", "communicator", "progress")]


def _absolute(path):
    """The path as it can be found from any folder later."""
    return None if path is None else str(Path(path).resolve())


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
    options = communicator.from_first(lambda: read_options(output, option_names()))

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
    events = event_writer(output, options["tensorboard"] and first)      # refuses before all else
    steps, warmup = options["steps"], options["warmup_steps"]
    schedule = warmup_polynomial_decay(options["learning_rate"], steps,
                                       steps // 20 if warmup is None else warmup)
    data, fingerprint = communicator.from_first(lambda: open_run_data(
        output, options, resuming=(output / OPTIONS_NAME).exists(), say=say))
    say(f"tokenizer  {data.tokenizer.vocab_size:,} pieces")
    baselines = communicator.from_first(lambda: _baselines(data, say))
    model = make_model(data.tokenizer, options)
    say(f"model      {sum(model.config.parameter_counts().values()):,} parameters: hidden size "
        f"{model.config.hidden_size}, {model.config.num_hidden_layers} layers, sharing "
        f"{model.config.sharing}")
    optimizer = make_optimizer(model.params, options, schedule)
    rng = np.random.default_rng(np.random.SeedSequence(options["seed"]).spawn(2)[1])
    metrics, position = [], (0, 0, 0)
    if checkpoint is not None:
        metrics, position = restore(checkpoint, model, optimizer, rng, fingerprint)
        say(f"going on   from the checkpoint of step {optimizer.steps}")
    batches = data.training_batches(position)
    communicator.from_first(lambda: write_options(output, options))

    dropout = max(model.config.hidden_dropout_prob, model.config.attention_probs_dropout_prob) > 0
    with one_thread_each(), stop_requests() as stop, events as add_events:
        def write(step, metrics, evaluated, keep):
            add_events(metrics, flush=keep)
            if keep:
                state = capture(model, optimizer, rng, batches.position, metrics, fingerprint)
                save_checkpoint(output, step, *state, keep=options["keep_checkpoints"])
                write_whole(output / "metrics.csv", to_csv(metrics))
            if evaluated:
                model.save_pretrained(output)

        def save(step, metrics, evaluated):
            nonlocal stopped_by
            # Asked once: the signal can come at any moment, and to any of the processes.
            stopped_by = communicator.largest(stop.signal or 0)
            keep = evaluated or stopped_by or step % options["checkpoint_every"] == 0
            if keep:
                communicator.check_same(model.params, f"the model at step {step}")
            if first:
                write(step, metrics, evaluated, keep)
            return bool(stopped_by)

        stopped_by = 0
        train(model, optimizer, batches, steps, rng=rng if dropout else None,
              max_gradient_norm=options["max_gradient_norm"],
              evaluate_every=options["evaluate_every"],
              evaluation=lambda: evaluate(model, data.held_out, communicator), on_step=save,
              metrics=metrics, workers=options["workers"],
              accumulation_steps=options["accumulation_steps"], parts=options["parts"],
              communicator=communicator, float64_sums=options["float64_sums"],
              recompute=options["recompute"], progress=progress)
    if optimizer.steps < steps:
        raise RunStopped(stopped_by, f"stopped after step {optimizer.steps} of {steps}, with a "
                                     f"checkpoint; go on with --resume {output}")
    results = communicator.from_first(
        lambda: _write_end(output, options, model, metrics, baselines, say))
    return {"model": model, "tokenizer": data.tokenizer, "data": data, "metrics": metrics,
            "results": results}


def _write_end(output, options, model, metrics, baselines, say):
    model.save_pretrained(output)
    results = write_results(output, options, metrics, baselines, model.config)
    say(summary(results, output))
    return results


class RunStopped(Exception):
    """A run was asked to stop, and did, with everything saved.

    Attributes
    ----------
    signal : int
        SIGINT or SIGTERM.
    """

    def __init__(self, signal, message):
        super().__init__(message)
        self.signal = signal


def _baselines(data, say):
    """What counting alone can do."""
    text = data.training_text()
    figures = {"unigram": evaluate_baseline(UnigramModel(text, data.tokenizer), data.held_out),
               "bigram": evaluate_baseline(BigramModel(text, data.tokenizer), data.held_out)}
    for name, values in figures.items():
        say(f"baseline   {name}: MLM loss {values['mlm_loss']:.3f}, "
            f"accuracy {values['mlm_accuracy']:.1%}")
    return figures


def make_model(tokenizer, options):
    """A new model for a tokenizer: `SMALL_CONFIG`, changed by what the options of a run say."""
    config = AlbertConfig.from_dict({
        **config_values(options["config"] or {}, options["data"] or {}),
        "vocab_size": tokenizer.vocab_size, "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id})
    model = AlbertForPreTraining(config, seed=options["seed"])
    if options["wave_start"]:
        model.params["embeddings"]["position"][...] = wave_positions(
            config.max_position_embeddings, config.embedding_size)
    return model


def make_optimizer(params, options, schedule):
    """The optimiser that the options of a run name, with this learning-rate schedule."""
    name = options["optimizer"]
    settings = {} if name == "sgd" else {"betas": (0.9, options["beta_2"])}
    if name in ("adamw", "lamb"):
        settings["weight_decay"] = options["weight_decay"]
    return OPTIMIZERS[name](params, lr=schedule, **settings)
