"""The losses of one run."""

from math import log

import numpy as np

from .figures import BLUE, ORANGE, draw_references, label_axes, running_mean, save_figure


def plot_losses(metrics, path, references=None, vocab_size=None, sop_weight=1.0, title=None):
    """Draw the three losses of pretraining, on training text and on held-out text.

    Parameters
    ----------
    metrics : list of dict
        The rows that :func:`albert_np.pretraining.train` returns.
    path : str or Path
        Where the PNG goes.
    references : dict of str to float, optional
        Losses to compare the masked-LM loss with, such as ``{"unigram": 5.6}``.
    vocab_size : int, optional
        Draws ln V, the loss of guessing blindly.
    sop_weight : float
        The lambda of the total loss.
    title : str, optional

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    mlm_lines = dict(references or {})
    if vocab_size is not None:
        mlm_lines = {"blind guess,\nln V": log(vocab_size), **mlm_lines}
    factor = "" if sop_weight == 1 else f"{sop_weight:g} "
    total_lines = {f"{name} +\n{factor}ln 2": value + sop_weight * log(2)
                   for name, value in mlm_lines.items() if name in (references or {})}
    # A loss that was never asked for has no panel.
    contents = [content for content in (
        ("mlm_loss", "Masked language model", mlm_lines),
        ("sop_loss", "Sentence order", {"coin toss,\nln 2": log(2)}),
        ("loss", "Total loss", total_lines))
        if any(row[content[0]] is not None for row in metrics)]
    figure = Figure(figsize=(5 * len(contents), 4.6), layout="constrained")
    panels = figure.subplots(1, len(contents))
    for axes, (name, heading, lines) in zip(panels, contents):
        _draw_loss(axes, metrics, name)
        draw_references(axes, lines)
        label_axes(axes, "step", "loss (nats)" if axes is panels[0] else "", heading)
    panels[-1].legend(fontsize=11, loc="upper right")
    if title:
        figure.suptitle(title, fontsize=14)
    return save_figure(figure, path)


def _draw_loss(axes, metrics, name):
    """Every step's loss, faint; its running mean; and the held-out loss as dots on a line."""
    train = [row for row in metrics if row["split"] == "train" and row[name] is not None]
    held_out = [row for row in metrics if row["split"] == "held-out" and row[name] is not None]
    steps = np.array([row["step"] for row in train])
    losses = np.array([row[name] for row in train])
    axes.plot(steps, losses, color=BLUE, alpha=0.12, linewidth=0.6)
    smooth = running_mean(losses)
    axes.plot(steps, smooth, color=BLUE, linewidth=2, label="training text")
    if held_out:
        axes.plot([row["step"] for row in held_out], [row[name] for row in held_out],
                  color=ORANGE, marker="o", markersize=5, linewidth=2, label="held-out text")
    shown = np.r_[smooth, [row[name] for row in held_out]]
    low, high = shown.min(), shown.max()
    margin = 0.1 * (high - low) or 0.1 * abs(high) or 1.0      # a loss may stay the same
    axes.set_ylim(low - margin, high + margin)
