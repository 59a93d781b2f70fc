"""One optimisation step, and what the loops around it share: generators and a progress bar."""

import numpy as np

from ..functional.trees import clip_by_global_norm

ADVICE = "a smaller learning rate or a longer warm-up usually helps"


def generators(rng, count):
    """A generator for each part of a batch, from one whose state can be saved; or None for each."""
    if rng is None:
        return [None] * count
    return [np.random.default_rng(rng.integers(2**63, size=4)) for _ in range(count)]


def optimisation_step(model, optimizer, loss, grads, max_gradient_norm, place=lambda: ""):
    """Clip the gradient and take a step.

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
        Its parameters change in place.
    optimizer
        One of :mod:`albert_np.optim`.
    loss : float
    grads : tree like the parameters, changed in place
    max_gradient_norm : float
    place : callable
        Gives the words that say where something went wrong, if it did.

    Returns
    -------
    dict
        step, loss, learning_rate, gradient_norm.

    Raises
    ------
    FloatingPointError
        The loss or the gradient is no longer a finite number; nothing is changed then.
    """
    norm, step = clip_by_global_norm(grads, max_gradient_norm), optimizer.steps + 1
    if not np.isfinite(loss) or not np.isfinite(norm):
        raise FloatingPointError(f"the loss is {loss} and the gradient norm {norm} at step {step}"
                                 f"{place()}; {ADVICE}")
    rate = optimizer.lr(optimizer.steps) if callable(optimizer.lr) else optimizer.lr
    optimizer.step(model.params, grads)
    return {"step": step, "loss": loss, "learning_rate": float(rate), "gradient_norm": float(norm)}


def progress_bar(steps, taken=0, progress=True):
    """A bar that draws itself on a terminal only; without ``progress`` nowhere."""
    from tqdm import tqdm

    return tqdm(total=steps, initial=taken, unit="step", disable=None if progress else True,
                dynamic_ncols=True)
