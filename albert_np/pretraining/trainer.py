"""The training loop."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..optim import clip_by_global_norm
from .parallel import losses_and_gradients


def train(model, optimizer, batches, steps, *, rng=None, max_gradient_norm=1.0,
          evaluate_every=None, evaluation=None, on_evaluation=None, workers=1, progress=True):
    """Take optimisation steps: forward, backward, clip, step.

    Parameters
    ----------
    model : AlbertForPreTraining
        Its parameters change in place.
    optimizer
        One of :mod:`albert_np.optim`.
    batches : iterator of dicts
        The keyword arguments of the model's forward pass, one batch for each step.
    steps : int
    rng : numpy.random.Generator, optional
        Draws the dropout masks; None trains without dropout.
    max_gradient_norm : float
        The gradient, all parameters taken as one vector, is shortened to this length.
    evaluate_every : int, optional
        Call ``evaluation`` after every so many steps, and after the last.
    evaluation : callable, optional
        ``evaluation() -> dict`` as :func:`~albert_np.pretraining.evaluate` gives it.
    on_evaluation : callable, optional
        ``on_evaluation(metrics)`` is called after each evaluation, to save what there is.
    workers : int
        Threads among which each batch is divided. Give NumPy's matrix products one thread each
        then (``OPENBLAS_NUM_THREADS=1``), or they get into each other's way.
    progress : bool
        Show a bar on a terminal, and a line for each evaluation anywhere.

    Returns
    -------
    list of dict
        One row for each step ("split": "train": losses, learning rate, gradient norm, tokens and
        seconds) and one for each evaluation ("split": "held-out").

    Raises
    ------
    FloatingPointError
        The loss or the gradient is no longer a finite number.
    ValueError
        The batches end before the steps do.
    """
    metrics, started = [], time.perf_counter()
    rngs = [None] * workers if rng is None else rng.spawn(workers)
    step = 0
    with _bar(steps, progress) as bar, ThreadPoolExecutor(workers) as pool:
        for step, batch in zip(range(1, steps + 1), batches):
            losses, grads = losses_and_gradients(model, batch, rngs, pool)
            norm = clip_by_global_norm(grads, max_gradient_norm)
            if not np.isfinite(losses.loss) or not np.isfinite(norm):
                raise FloatingPointError(
                    f"the loss is {losses.loss} and the gradient norm {norm} at step {step}; a "
                    f"smaller learning rate or a longer warm-up usually helps")
            lr = optimizer.lr(optimizer.steps) if callable(optimizer.lr) else optimizer.lr
            optimizer.step(model.params, grads)
            metrics.append({
                "step": step, "split": "train", "loss": losses.loss,
                "mlm_loss": losses.mlm_loss, "sop_loss": losses.sop_loss,
                "learning_rate": float(lr), "gradient_norm": norm,
                "tokens": int(batch["input_ids"].size),
                "seconds": time.perf_counter() - started})
            bar.update()
            if step % 20 == 0:
                recent = metrics[-20:]
                bar.set_postfix_str(f"MLM loss {_mean(recent, 'mlm_loss'):.3f}, "
                                    f"SOP loss {_mean(recent, 'sop_loss'):.3f}")
            if evaluation is not None and (step == steps
                                           or evaluate_every and step % evaluate_every == 0):
                figures = evaluation()
                metrics.append({"step": step, "split": "held-out", **figures,
                                "seconds": time.perf_counter() - started})
                if progress:
                    bar.write(f"step {step:6d}   held out: "
                              f"MLM loss {figures['mlm_loss']:.3f}, "
                              f"accuracy {figures['mlm_accuracy']:.1%};   "
                              f"SOP loss {figures['sop_loss']:.3f}, "
                              f"accuracy {figures['sop_accuracy']:.1%}")
                if on_evaluation is not None:
                    on_evaluation(metrics)
    if step < steps:
        raise ValueError(f"the batches ended after {step} of {steps} steps")
    return metrics


def _mean(rows, name):
    """The mean of a figure over the rows that have it."""
    values = [row[name] for row in rows if row.get(name) is not None]
    return sum(values) / len(values) if values else float("nan")


def _bar(steps, progress):
    """A progress bar, which draws itself on a terminal only."""
    from tqdm import tqdm

    return tqdm(total=steps, unit="step", disable=None if progress else True, dynamic_ncols=True)
