"""The training loop."""

import time

import numpy as np

from .diagnosis import diverged, where_not_finite
from .distributed import Alone
from .parallel import losses_and_gradients, work_out_part
from .part_processes import pool_of_workers
from .step import ADVICE, generators, optimisation_step, progress_bar


def train(model, optimizer, batches, steps, *, rng=None, max_gradient_norm=1.0,
          evaluate_every=None, evaluation=None, on_step=None, metrics=None, workers=1,
          accumulation_steps=1, parts=None, communicator=Alone(), float64_sums=False,
          recompute=False, progress=True):
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
        Where to stop. A run that goes on from a checkpoint has taken ``optimizer.steps`` of them.
    rng : numpy.random.Generator, optional
        Draws the dropout masks; None trains without dropout.
    max_gradient_norm : float
        The gradient, all parameters taken as one vector, is shortened to this length.
    evaluate_every : int, optional
        Call ``evaluation`` after every so many steps, and after the last.
    evaluation : callable, optional
        ``evaluation() -> dict`` as :func:`~albert_np.pretraining.evaluate` gives it.
    on_step : callable, optional
        ``on_step(step, metrics, evaluated)`` is called at the end of each step, to save what there
        is. When it returns True, training stops.
    metrics : list of dict, optional
        The rows of an earlier part of the run, to which this part appends.
    workers : int
        Among how many each batch is divided: threads, or for a small model processes
        (:func:`~albert_np.pretraining.part_processes.pool_of_workers`). Wrap the call in
        :func:`~albert_np.files.threads.one_thread_each`, or they and the threads of NumPy's matrix
        products get into each other's way.
    accumulation_steps : int
        Work through each batch in so many portions and add their gradients up, which gives the
        gradient of the whole batch in a fraction of the memory.
    parts : int, optional
        Into how many parts a batch is divided: None, as many as there are threads in all processes,
        times ``accumulation_steps``. The same number gives the same dropout masks.
    communicator : Alone or Ranks
        The processes that train together, each with the same model, optimiser, batches and
        generator (see :mod:`~albert_np.pretraining.distributed`).
    float64_sums : bool
        Sum the gradients of the parts in float64, so that nothing depends on who works them out.
    recompute : bool
        Save memory: the backward pass computes each layer again, which gives the same gradients.
    progress : bool
        Show a bar on a terminal and a line at every twentieth of the way elsewhere; and a line for
        each evaluation.

    Returns
    -------
    list of dict
        One row for each step ("split": "train": losses, accuracies, learning rate, gradient norm,
        tokens, tokens a second, seconds) and one for each evaluation ("split": "held-out").

    Raises
    ------
    FloatingPointError
        A loss or a gradient is no longer a finite number, or the loss rises far above that of
        guessing blindly. The sentence says where it began.
    ValueError
        The batches end before the steps do.
    """
    metrics = [] if metrics is None else metrics
    recent = [row for row in metrics if row["split"] == "train"]
    earlier = metrics[-1]["seconds"] if metrics else 0.0
    started = last = time.perf_counter()
    parts = parts or communicator.size * workers * accumulation_steps
    # Overflow is no reason for a warning: what is not finite is noticed below, and said better.
    with (progress_bar(steps, optimizer.steps, progress) as bar,
          pool_of_workers(work_out_part, model, workers, communicator.size == 1) as pool,
          np.errstate(over="ignore", invalid="ignore")):
        for step in range(optimizer.steps + 1, steps + 1):
            batch = next(batches, None)
            if batch is None:
                raise ValueError(f"the batches ended after {step - 1} of {steps} steps")
            losses, grads = losses_and_gradients(model, batch, generators(rng, parts), pool,
                                                 communicator, float64_sums, recompute)
            taken = optimisation_step(
                model, optimizer, losses.loss, grads, max_gradient_norm,
                lambda: f"{_place(batches)}: {where_not_finite(model, batch, grads, parts)}")
            now = time.perf_counter()
            tokens = int(batch["input_ids"].size)
            metrics.append({
                "step": step, "split": "train", **vars(losses),
                "learning_rate": taken["learning_rate"], "gradient_norm": taken["gradient_norm"],
                "tokens": tokens, "tokens_per_second": tokens / (now - last),
                "seconds": earlier + now - started})
            last = now
            recent = [*recent[-19:], metrics[-1]]
            if diverged([row["loss"] for row in recent], _blind_guess(model)):
                raise FloatingPointError(
                    f"the loss diverges: it is {losses.loss:.3g} at step {step}{_place(batches)}, "
                    f"where guessing blindly gives {_blind_guess(model):.3g}; {ADVICE}")
            bar.update()
            _show(bar, step, steps, recent, progress)

            evaluated = evaluation is not None and (
                step == steps or bool(evaluate_every) and step % evaluate_every == 0)
            if evaluated:
                figures = evaluation()
                last = time.perf_counter()
                metrics.append({"step": step, "split": "held-out", **figures,
                                "seconds": earlier + last - started})
                if progress:
                    bar.write(f"step {step:6d}   held out: {_in_words(figures)}")
            if on_step is not None and on_step(step, metrics, evaluated):
                break
    return metrics


def _blind_guess(model):
    return float(np.log(model.config.vocab_size) + model.config.sop_weight * np.log(2))


def _place(batches):
    """Which batch it was, where the iterator can tell."""
    taken = getattr(batches, "taken", None)
    return "" if taken is None else " (batch {2} of shard {1} in epoch {0}, counted from 0)".format(
        *taken)


def _show(bar, step, steps, recent, progress):
    """Recent losses, beside the bar of a terminal or as a plain line where there is none."""
    plain = progress and bar.disable and step % max(1, steps // 20) == 0
    if plain or step % 20 == 0:
        text = ", ".join(f"{name} loss {mean:.3f}" for name, key in (("MLM", "mlm"), ("SOP", "sop"))
                         if (mean := _mean(recent, f"{key}_loss")) is not None)
        bar.set_postfix_str(text)
        if plain:
            speed = _mean(recent, "tokens_per_second")
            print(f"step {step:6d} of {steps}   {text}, {speed:,.0f} tokens/s", flush=True)


def _mean(rows, name):
    """The mean of a figure over the rows that have it, or None if none has."""
    values = [row[name] for row in rows if row.get(name) is not None]
    return sum(values) / len(values) if values else None


def _in_words(figures):
    return ";   ".join(f"{name} loss {figures[f'{key}_loss']:.3f}, "
                       f"accuracy {figures[f'{key}_accuracy']:.1%}"
                       for name, key in (("MLM", "mlm"), ("SOP", "sop"))
                       if figures[f"{key}_loss"] is not None)
