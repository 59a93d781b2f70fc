"""Pictures. This is the one place of the package where matplotlib is used."""

from math import log
from pathlib import Path

import numpy as np

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#555555"


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

    figure = Figure(figsize=(12.8, 4.6), layout="constrained")
    panels = figure.subplots(1, 3)
    mlm_lines = dict(references or {})
    if vocab_size is not None:
        mlm_lines = {"blind guess, ln V": log(vocab_size), **mlm_lines}
    factor = "" if sop_weight == 1 else f"{sop_weight:g} "
    total_lines = {f"{name} + {factor}ln 2": value + sop_weight * log(2)
                   for name, value in mlm_lines.items() if name in (references or {})}
    for axes, name, heading, lines in (
            (panels[0], "mlm_loss", "Masked language model", mlm_lines),
            (panels[1], "sop_loss", "Sentence order", {"coin toss, ln 2": log(2)}),
            (panels[2], "loss", "Total loss", total_lines)):
        _draw_loss(axes, metrics, name)
        _draw_references(axes, lines)
        axes.set_title(heading, fontsize=13)
        axes.set_xlabel("step", fontsize=12)
        axes.tick_params(labelsize=11)
        axes.grid(alpha=0.25)
    panels[0].set_ylabel("loss (nats)", fontsize=12)
    panels[2].legend(fontsize=11, loc="upper right")
    if title:
        figure.suptitle(title, fontsize=14)
    return save_figure(figure, path)


def _draw_loss(axes, metrics, name):
    """Every step's loss, faint; its running mean; and the held-out loss as dots on a line."""
    train = [row for row in metrics if row["split"] == "train" and row[name] is not None]
    held_out = [row for row in metrics if row["split"] == "held-out"]
    steps = np.array([row["step"] for row in train])
    losses = np.array([row[name] for row in train])
    axes.plot(steps, losses, color=BLUE, alpha=0.12, linewidth=0.6)
    # The mean of the steps before each; fewer at the start, where the loss falls fast.
    window = max(1, len(losses) // 60)
    sums = np.r_[0, np.cumsum(losses)]
    ends = np.arange(1, len(losses) + 1)
    begins = np.maximum(ends - np.minimum(window, (ends + 3) // 4), 0)
    smooth = (sums[ends] - sums[begins]) / (ends - begins)
    axes.plot(steps, smooth, color=BLUE, linewidth=2, label="training text")
    if held_out:
        axes.plot([row["step"] for row in held_out], [row[name] for row in held_out],
                  color=ORANGE, marker="o", markersize=5, linewidth=2, label="held-out text")
    shown = np.r_[smooth, [row[name] for row in held_out]]
    low, high = shown.min(), shown.max()
    axes.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))


def _draw_references(axes, lines):
    """Dashed horizontal lines, each with its name written on it at the right."""
    low, high = axes.get_ylim()
    for value in lines.values():
        low, high = min(low, value - 0.05 * (high - low)), max(high, value + 0.08 * (high - low))
    axes.set_ylim(low, high)
    for name, value in lines.items():
        axes.axhline(value, color=GREY, linestyle="--", linewidth=1.2, zorder=1)
        axes.annotate(f"{name} = {value:.2f}", (0.98, value), (0, 3), ha="right",
                      xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=11,
                      bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.5})


def plot_error_maps(errors, path, title):
    """Draw the relative error of every entry of every parameter.

    Parameters
    ----------
    errors : dict of str to array
        From dotted names to relative errors; vectors become a row.
    path : str or Path
    title : str

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    columns = 4
    rows = -(-len(errors) // columns)
    figure = Figure(figsize=(14, 2.1 * rows + 0.8), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, error) in zip(panels, errors.items()):
        matrix = np.log10(np.maximum(error, 1e-16)).reshape(-1, error.shape[-1])
        image = axes.imshow(matrix, cmap="viridis", vmin=-16, vmax=-6, aspect="auto")
        axes.set_title(f"{name.removeprefix('params.')}\nworst {error.max():.0e}", fontsize=10)
        axes.tick_params(labelsize=8)
        axes.set_yticks([0, len(matrix) - 1] if len(matrix) > 1 else [])
    for axes in panels[len(errors):]:
        axes.set_axis_off()
    bar = figure.colorbar(image, ax=panels.tolist(), shrink=0.7)
    bar.set_label("log10 of the relative error", fontsize=12)
    figure.suptitle(title, fontsize=15)
    return save_figure(figure, path)


def plot_steps(steps, curves, path):
    """Draw the error of a numerical derivative against its step.

    Parameters
    ----------
    steps : array (N,)
    curves : dict
        "plain", "centred" and "complex": arrays (N,) of errors.
    path : str or Path

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = figure.subplots()
    looks = {"plain": ("difference at h", BLUE, "-"),
             "centred": ("differences at h and 2h (FD.1)", ORANGE, "-"),
             "complex": ("complex step (FD.2)", GREEN, "--")}
    for name, errors in curves.items():
        label, colour, style = looks[name]
        best = int(np.argmin(errors))
        if name != "complex":
            label += f", best near h = {steps[best]:.0e}"
            axes.plot(steps[best], errors[best], "o", color=colour, markersize=9)
        axes.loglog(steps, errors, style, color=colour, linewidth=2, label=label)
    axes.set_xlabel("step h", fontsize=13)
    axes.set_ylabel("relative error of the slope", fontsize=13)
    axes.set_title("An encoder layer: round-off on the left, truncation on the right", fontsize=14)
    axes.tick_params(labelsize=11)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=11)
    return save_figure(figure, path)


def plot_depths(norms, cosines, path):
    """Draw what each depth adds to the gradient of a shared layer.

    Parameters
    ----------
    norms : array (L,)
    cosines : array (L, L)
    path : str or Path

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    L = len(norms)
    figure = Figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.bar(range(L), norms, color=BLUE)
    left.set_xlabel("depth l", fontsize=13)
    left.set_ylabel("length of the contribution", fontsize=13)
    left.set_title("How much each depth adds to the shared gradient", fontsize=13)
    image = right.imshow(cosines, cmap="PuOr", vmin=-1, vmax=1)
    for i in range(L):
        for j in range(L):
            right.text(j, i, f"{cosines[i, j]:.1f}", ha="center", va="center", fontsize=11,
                       color="white" if abs(cosines[i, j]) > 0.6 else "black")
    right.set_xlabel("depth", fontsize=13)
    right.set_ylabel("depth", fontsize=13)
    right.set_title("Cosine between the contributions of two depths", fontsize=13)
    figure.colorbar(image, ax=right, shrink=0.8)
    for axes in (left, right):
        axes.tick_params(labelsize=11)
        axes.set_xticks(range(L))
    return save_figure(figure, path)


def save_figure(figure, path):
    """Write a figure as PNG, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or Path

    Returns
    -------
    Path
    """
    import io

    from .files import write_whole

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    write_whole(path, buffer.getvalue())
    return Path(path)
