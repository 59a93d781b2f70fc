"""What all pictures share: colours, axes, reference lines, running means; saving and showing."""

import io
import sys
from functools import partial
from pathlib import Path

import numpy as np

from ..files import write_whole
from .lettering import letter_figure, lettering

# Okabe and Ito's colours, which colour-blind readers can tell apart. Yellow is too pale for a line.
BLUE, ORANGE, GREEN, GREY, YELLOW = "#0072B2", "#D55E00", "#009E73", "#555555", "#F0E442"


def running_mean(values, window=None):
    """The mean of the steps before each; fewer at the start, where the loss falls fast."""
    window = max(1, len(values) // 60) if window is None else window
    sums = np.r_[0, np.cumsum(values)]
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(ends - np.minimum(window, (ends + 3) // 4), 0)
    return (sums[ends] - sums[begins]) / (ends - begins)


def label_axes(axes, x="", y="", title="", grid="both", loc="center"):
    """Write the names of the axes and the title, in any writing, and draw a faint grid.

    Parameters
    ----------
    axes : matplotlib Axes
    x, y, title : str
    grid : str
        Which lines: "x", "y" or "both".
    loc : str
        Where the title is, "center" or "left".
    """
    for text, write, size in ((x, axes.set_xlabel, 13), (y, axes.set_ylabel, 13),
                              (title, partial(axes.set_title, loc=loc), 14)):
        if text:
            lines, fonts = lettering(*text.split("\n"))
            write("\n".join(lines), fontsize=size, fontfamily=fonts)
    axes.tick_params(labelsize=12)
    axes.grid(axis=grid, alpha=0.25)
    axes.set_axisbelow(True)


def draw_references(axes, lines):
    """Draw dashed horizontal lines, with names and values to the right of the axes.

    No curve goes there, not even the faint ones of single steps.

    Parameters
    ----------
    axes : matplotlib Axes
        Of a figure with the layout "constrained", which makes room for the names.
    lines : dict of str to float
    """
    low, high = axes.get_ylim()
    for value in lines.values():
        low, high = min(low, value - 0.05 * (high - low)), max(high, value + 0.08 * (high - low))
    axes.set_ylim(low, high)
    for name, value in lines.items():
        axes.axhline(value, color=GREY, linestyle="--", linewidth=1.2, zorder=1)
        axes.annotate(f"{name} = {value:.2f}", (1, value), (4, 0), va="center",
                      xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=11,
                      annotation_clip=False)


def save_figure(figure, path):
    """Write a figure as PNG, whole or not at all, with no box in place of a letter.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or Path

    Returns
    -------
    Path
    """
    letter_figure(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    write_whole(path, buffer.getvalue())
    return Path(path)


def show_figure(figure):
    """Show a figure in a notebook, on the pages of the tutorials, and on a screen.

    Notebooks and pages show the figures that pyplot knows. If pyplot does not know this figure, it
    gets to know it here: what is shown is the figure, and no copy of its pixels. A window opens
    only if somebody sits at the terminal.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    if figure.canvas.manager is None:
        plt.figure(FigureClass=lambda *args, **kwargs: figure)
    if plt.get_backend().lower() not in ("agg", "template") and sys.stdin.isatty():
        plt.show()
