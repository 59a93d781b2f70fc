"""Several runs in one picture."""

from math import log

import numpy as np

from .figures import (BLUE, GREEN, GREY, ORANGE, draw_references, label_axes, running_mean,
                      save_figure)
from .lettering import lettering

# Of plot_runs: the figure, its heading, the unit on the axis, and lines to compare with.
RUN_PANELS = (
    ("mlm_loss", "Masked language model: loss", "nats", {}),
    ("sop_loss", "Sentence order: loss", "nats", {"coin toss,\nln 2": log(2)}),
    ("loss", "Total loss", "nats", {}),
    ("gradient_norm", "Gradient norm before clipping", "length", {}),
    ("mlm_accuracy", "Masked language model: accuracy", "right answers", {}),
    ("sop_accuracy", "Sentence order: accuracy", "right answers", {"coin toss": 0.5}),
    ("learning_rate", "Learning rate", "step size", {}),
    ("tokens_per_second", "Speed", "tokens a second", {}))
_RUN_COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_RUN_STYLES = (("-", "o"), ("--", "s"), (":", "^"))


def plot_runs(runs, path, smooth=None):
    """Draw what one run, or several, did at every step and at every evaluation.

    Parameters
    ----------
    runs : dict of str to list of dict
        From the name of each run to its rows, as :func:`albert_np.pretraining.metrics.read_run`
        or :func:`albert_np.pretraining.train` gives them.
    path : str or Path
        Where the PNG goes.
    smooth : int, optional
        Draw the mean of so many steps before each (fewer at the start) over the single steps;
        1 draws these alone. None: a sixtieth of each run.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        There are more runs than can be told apart, or not a single figure to draw.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import PercentFormatter

    most = len(_RUN_COLOURS) * len(_RUN_STYLES)
    if len(runs) > most:
        raise ValueError(f"{len(runs)} runs cannot be told apart in one picture; at most {most} "
                         f"can")
    contents = [panel for panel in RUN_PANELS
                if any(_curve(rows, panel[0], split)[0].size
                       for rows in runs.values() for split in ("train", "held-out"))]
    if not contents:
        raise ValueError("there is no figure to draw")
    last = max(row["step"] for rows in runs.values() for row in rows)
    columns = min(4, len(contents))
    rows_of_panels = -(-len(contents) // columns)
    figure = Figure(figsize=(max(4.4 * columns, 9), 3.8 * rows_of_panels + 0.9),
                    layout="constrained")
    panels = figure.subplots(rows_of_panels, columns, squeeze=False).ravel()
    for axes, (name, heading, unit, lines) in zip(panels, contents):
        _draw_runs(axes, runs, name, smooth)
        draw_references(axes, lines)
        if name.endswith("accuracy"):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlim(0, 1.02 * last)
        label_axes(axes, "step", unit, heading)
    for axes in panels[len(contents):]:
        axes.set_axis_off()
    keys = [Line2D([], [], color=colour, linestyle=line, linewidth=4)
            for colour, line, _ in _run_looks(len(runs))]
    looks = [Line2D([], [], color=GREY, linewidth=1.5),
             Line2D([], [], color=GREY, linewidth=1.5, marker="o", markersize=7)]
    # A legend leaves out names with "_" in front.
    labels, fonts = lettering(*(" " * name.startswith("_") + name for name in runs))
    figure.legend(keys + looks, labels + ["training text", "held-out text"],
                  prop={"family": fonts, "size": 13}, loc="outside lower center", frameon=False,
                  ncols=min(len(keys) + 2, 2 if max(map(len, labels)) > 40 else 5))
    return save_figure(figure, path)


def _draw_runs(axes, runs, name, smooth):
    """Every run's figure: single steps faint, their running mean, evaluations as dots on a line."""
    shown = []
    for rows, (colour, line, marker) in zip(runs.values(), _run_looks(len(runs))):
        steps, values = _curve(rows, name, "train")
        if steps.size:
            mean = running_mean(values, 1 if name == "learning_rate" else smooth)
            axes.plot(steps, values, color=colour, alpha=0.15, linewidth=0.6)
            axes.plot(steps, mean, color=colour, linestyle=line, linewidth=1.5)
            shown.append(mean)
        steps, values = _curve(rows, name, "held-out")
        if steps.size:
            axes.plot(steps, values, color=colour, linestyle=line, linewidth=1.5, marker=marker,
                      markersize=7, markeredgecolor="white", markevery=-(-len(steps) // 15))
            shown.append(values)
    shown = np.concatenate(shown)
    margin = 0.08 * (shown.max() - shown.min()) or 0.08 * abs(shown.max()) or 1.0
    axes.set_ylim(shown.min() - margin, shown.max() + margin)


def _run_looks(count):
    """A colour, a kind of line and a marker for each run."""
    looks = [(colour, *style) for style in _RUN_STYLES for colour in _RUN_COLOURS]
    return looks[:count]


def _curve(rows, name, split):
    """Steps and values of a figure, where a row has it and it is a finite number."""
    pairs = [(row["step"], row[name]) for row in rows if row["split"] == split
             and row.get(name) is not None and np.isfinite(row[name])]
    return np.array(pairs, float).reshape(-1, 2).T
