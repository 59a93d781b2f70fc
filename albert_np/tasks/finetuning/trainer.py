"""The training loop of fine-tuning: epochs, an evaluation after each, the best one kept."""

import time
from collections import Counter
from math import ceil
from types import SimpleNamespace

import numpy as np

from ...functional.trees import tree_map
from ...optim import warmup_polynomial_decay
from ...pretraining.options import OPTIMIZERS
from ...pretraining.parallel import work_out_part
from ...pretraining.part_processes import pool_of_workers
from ...pretraining.step import generators, optimisation_step, progress_bar
from .parallel import losses_and_gradients
from .state import Progress


def steps_of(examples, batch_size, epochs):
    """How many steps all epochs take together."""
    return sum(ceil(size / batch_size) for size in Counter(_kinds(examples)).values()) * epochs


def _kinds(examples):
    """The number of choices of each example: only equal ones fit into one batch."""
    return [example["input_ids"].size // example["input_ids"].shape[-1] for example in examples]


SCHEDULES = {"linear": 1.0, "constant": 0.0}          # the power of the decay


def original_optimizer(params, learning_rate, steps, warmup=0.1, weight_decay=0.01, kind="adamw",
                       schedule="linear"):
    """AdamW as the original fine-tunes: warm-up, a straight line down to 0, decay of matrices only.

    The last two arguments give another optimiser or a rate that does not fall.

    Parameters
    ----------
    params : tree of arrays
    learning_rate : float
    steps : int
        Of the whole training.
    warmup : float
        Share of the steps.
    weight_decay : float
        Of ``adamw`` and ``lamb``.
    kind : {"adamw", "lamb", "adam", "sgd"}
    schedule : {"linear", "constant"}

    Returns
    -------
    optimiser

    References
    ----------
    google-research/albert, ``optimization.py``; Lan et al. 2020, table 14.
    """
    rate = warmup_polynomial_decay(learning_rate, steps, int(warmup * steps),
                                   power=SCHEDULES[schedule])
    decay = {"weight_decay": weight_decay} if kind in ("adamw", "lamb") else {}
    return OPTIMIZERS[kind](params, lr=rate, **decay)


def branches(tree, names):
    """The branches of a tree that have these names; None: all of them."""
    return {name: branch for name, branch in tree.items() if names is None or name in names}


def train_epochs(model, examples, collate, optimizer, *, epochs, batch_size, rng, dropout=True,
                 max_gradient_norm=1.0, evaluate=None, patience=None, on_best=None, on_step=None,
                 at=None, workers=1, progress=True, accumulation_steps=1, trained=None):
    """Train, evaluate after each epoch, and end with the parameters of the best one.

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
        Its parameters change in place.
    examples : list of dict
        From a task's ``features``.
    collate : callable
        As :func:`~albert_np.tasks.finetuning.parallel.losses_and_gradients` calls it.
    optimizer
        One of :mod:`albert_np.optim`.
    epochs, batch_size : int
    rng : numpy.random.Generator
        Orders the examples and draws dropout masks.
    dropout : bool
    max_gradient_norm : float
        The gradient, all parameters taken as one vector, is shortened to this length.
    evaluate : callable, optional
        ``evaluate() -> Figure``; greater is better.
    patience : int, optional
        Stop when so many epochs in a row were no better than the best.
    on_best : callable, optional
        ``on_best(epoch, figure)`` after an epoch better than all before, to save the model.
    on_step : callable, optional
        ``on_step(at, epoch_ended)`` after each step, and after each epoch with its evaluation, to
        save what there is. What it raises ends the training.
    at : Progress, optional
        Where to go on; None: at the beginning. It changes in place.
    workers : int
        Parts that each batch is divided into: for threads, or if the model is small for processes
        (:func:`~albert_np.pretraining.part_processes.pool_of_workers`).
    progress : bool
        Show a bar on a terminal and a line for each epoch.
    accumulation_steps : int
        Work through each batch in so many portions, which needs less memory.
    trained : tuple of str, optional
        The branches of the parameters that ``optimizer`` was made for; None: all. The others stay
        as they are.

    Returns
    -------
    history : dict
        ``steps``: a list of dicts (step, loss, learning_rate, gradient_norm, seconds);
        ``epochs``: a list of dicts (epoch, step, value, low, high, seconds); ``best_epoch``.

    Raises
    ------
    FloatingPointError
        A loss or a gradient is no longer a finite number.
    ValueError
        No label of any example counts.
    """
    lengths = np.array([example["input_ids"].size for example in examples])
    kinds = _kinds(examples)
    changing = SimpleNamespace(params=branches(model.params, trained))
    at = Progress() if at is None else at
    started = time.perf_counter() - at.seconds()
    with (pool_of_workers(work_out_part, model, workers) as pool,
          np.errstate(over="ignore", invalid="ignore"),
          progress_bar(steps_of(examples, batch_size, epochs), taken=optimizer.steps,
                       progress=progress) as bar):
        while at.epoch <= epochs and not at.out_of_patience(patience):
            for batch in at.batches_left(lengths, batch_size, rng, kinds):
                loss, grads = losses_and_gradients(
                    model, [examples[i] for i in batch], collate,
                    generators(rng if dropout else None, workers * accumulation_steps),
                    pool)
                at.batches += 1
                if grads is None:                  # no label of this batch counts
                    continue
                taken = optimisation_step(changing, optimizer, loss, branches(grads, trained),
                                          max_gradient_norm)
                at.history["steps"].append({**taken, "seconds": time.perf_counter() - started})
                bar.update()
                if len(at.history["steps"]) % 20 == 0:
                    bar.set_postfix_str(f"loss {_recent(at.history):.3f}")
                if on_step is not None:
                    on_step(at, False)
            if not at.history["steps"]:
                raise ValueError("no label of any example counts (all are -100), so there is "
                                 "nothing to learn")
            if evaluate is not None:
                sentence = _end_epoch(at, model, evaluate(), optimizer.steps, started, on_best)
                if progress:
                    bar.write(f"epoch {at.epoch:3d} of {epochs}   {sentence}")
            at.epoch, at.batches = at.epoch + 1, 0
            if on_step is not None:
                on_step(at, True)
    if at.best is not None:
        model.params = at.best
    return at.history


def _end_epoch(at, model, figure, step, started, on_best):
    """Note what the evaluation of an epoch found, and keep the best parameters; a sentence."""
    better = at.is_better(figure.value)
    at.history["epochs"].append({
        "epoch": at.epoch, "step": step, "value": figure.value, "low": figure.low,
        "high": figure.high, "seconds": time.perf_counter() - started})
    if better:
        at.best, at.history["best_epoch"] = tree_map(np.copy, model.params), at.epoch
        if on_best is not None:
            on_best(at.epoch, figure)
    return (f"loss {_recent(at.history):.4f}   development part {figure}"
            f"{'   best so far' if better else ''}")


def _recent(history):
    return float(np.mean([row["loss"] for row in history["steps"][-50:]]))
