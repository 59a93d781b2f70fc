"""How the training loss falls, and what that is worth on texts not trained on."""

import numpy as np

from ..figures import YELLOW, label_axes, running_mean, save_figure
from ..lettering import lettering
from .drawing import draw_interval, number_text, run_colours, three_numbers


def learning_curves_figure(runs, metric, title=None):
    """Training loss by step, and the validation metric by epoch with its interval.

    The loss of every step is faint, the mean of the steps before each is drawn over it. A star
    marks each run's best epoch: the first of those with the highest value.

    Parameters
    ----------
    runs : dict of str to dict
        For each run ``losses``, a list of (step, loss), and ``epochs``, a list of
        (epoch, value, low, high), where low and high may be None. Either may be empty or absent;
        a loss that is no finite number is left out.
    metric : str
        What the values are, such as "accuracy".
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        There are more than four runs, a run has nothing to draw, or an entry is malformed.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if not runs:
        raise ValueError("There is no run to draw learning curves of.")
    colours = run_colours(runs)
    curves = {name: _checked(name, run) for name, run in runs.items()}
    names, fonts = lettering(*runs)
    panels = [draw for draw, part in ((_draw_losses, 0), (_draw_epochs, 1))
              if any(len(curve[part]) for curve in curves.values())]
    figure = Figure(figsize=(5.5 * len(panels), 5), layout="constrained")
    for axes, draw in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels):
        draw(axes, list(zip(names, colours, curves.values())))
        if draw is _draw_losses:
            label_axes(axes, "step", "loss", "Training loss")
        else:
            label_axes(axes, "epoch", metric, "Validation")
        # There are no half steps and no half epochs.
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        # Below the axes the legend covers no value.
        legend = axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.5, -0.13))
        for text in legend.get_texts():
            text.set_fontfamily(fonts)
    if title:
        (title,), fonts = lettering(title)
        figure.suptitle(title, fontsize=15, fontfamily=fonts)
    return figure


def plot_learning_curves(runs, metric, path, title=None):
    """Save :func:`learning_curves_figure` as PNG at `path`; return the path."""
    return save_figure(learning_curves_figure(runs, metric, title), path)


def _checked(name, run):
    """Finite losses (N, 2), and epochs as a list of (epoch, value, low, high)."""
    unknown = set(run) - {"losses", "epochs"}
    if unknown:
        raise ValueError(f"The run {name!r} has {sorted(unknown)[0]!r}, but only losses and epochs "
                         f"are drawn.")
    try:
        losses = np.array(run.get("losses", ()), float).reshape(-1, 2)
    except (TypeError, ValueError):
        raise ValueError(f"The losses of the run {name!r} must be pairs (step, loss).") from None
    losses = losses[np.isfinite(losses).all(axis=1)]
    epochs = []
    for row in run.get("epochs", ()):
        if len(row) != 4:
            raise ValueError(f"The epochs of the run {name!r} must be (epoch, value, low, high), "
                             f"not {tuple(row)}.")
        epochs.append((row[0], *three_numbers(row[1:], f"the run {name!r}, epoch {row[0]}")))
    if not len(losses) and not epochs:
        raise ValueError(f"The run {name!r} has neither a finite loss nor an epoch to draw.")
    return losses, epochs


def _draw_losses(axes, runs):
    shown = []
    for name, colour, (losses, _) in runs:
        if len(losses):
            steps, values = losses.T
            mean = running_mean(values, max(1, len(values) // 20))
            axes.plot(steps, values, color=colour, alpha=0.2, linewidth=0.7)
            axes.plot(steps, mean, color=colour, linewidth=2, label=name)
            # A few wild steps are not to press all others flat.
            shown += [mean.min(), mean.max(), *np.quantile(values, (0.01, 0.99))]
    margin = 0.06 * (max(shown) - min(shown)) or 0.1
    axes.set_ylim(min(shown) - margin, max(shown) + margin)


def _draw_epochs(axes, runs):
    drawn = [run for run in runs if run[2][1]]
    for number, (name, colour, (_, epochs)) in enumerate(drawn):
        # Side by side, so that intervals of equal values do not hide each other.
        shift = 0.07 * (number - (len(drawn) - 1) / 2)
        places = [row[0] + shift for row in epochs]
        values = [row[1] for row in epochs]
        for place, (_, _, low, high) in zip(places, epochs):
            draw_interval(axes, place, low, high, colour)
        best = int(np.argmax(values))
        axes.plot(places, values, color=colour, marker="o", markersize=6, linewidth=2, zorder=3,
                  label=f"{name}: best {number_text(values[best])} in epoch {epochs[best][0]}")
        axes.plot(places[best], values[best], marker="*", markersize=22, color=YELLOW,
                  markeredgecolor=colour, markeredgewidth=1.5, linestyle="none", zorder=4)
    numbers = [row[0] for run in drawn for row in run[2][1]]
    axes.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
