"""What all pictures share: colours, running means, reference lines, and saving a figure whole."""

import io
from pathlib import Path

import numpy as np

from ..files import write_whole

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#555555"


def running_mean(values, window=None):
    """The mean of the steps before each; fewer at the start, where the loss falls fast."""
    window = max(1, len(values) // 60) if window is None else window
    sums = np.r_[0, np.cumsum(values)]
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(ends - np.minimum(window, (ends + 3) // 4), 0)
    return (sums[ends] - sums[begins]) / (ends - begins)


def draw_references(axes, lines):
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
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    write_whole(path, buffer.getvalue())
    return Path(path)
