"""Which label is taken for which."""

import numpy as np

from ..figures import save_figure
from ..lettering import lettering, shortened

_NAMED = 120           # with more classes, not every one has its name on the axes


def confusion_matrix_figure(counts, names, title=None):
    """How many examples of each label were given each label: counts, and shares of the row.

    The colour is the share: a row sums to 100 %, whether its label is frequent or rare. Up to 12
    classes have count and share written in each cell, up to 40 the count.

    Parameters
    ----------
    counts : integer array (C, C)
        The row is the true label, the column the predicted one, as from
        :func:`albert_np.tasks.metrics.confusion_matrix`.
    names : sequence of C labels
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        There is not a row and a column for each name.
    """
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    counts, C = np.asarray(counts), len(names)
    if counts.shape != (C, C):
        raise ValueError(f"The counts must have the shape (C, C) with C = {C}, the number of "
                         f"names, not {counts.shape}.")
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    texts, fonts = lettering(*shortened(names))
    side = min(max(0.95 * C, 3.2), 11.4) if C <= 12 else min(0.45 * C, 20)
    margin = 1.2 + 0.09 * min(max(map(len, texts)), 30)
    figure = Figure(figsize=(side + margin + 1.2, side + margin), layout="constrained")
    axes = figure.subplots()
    # Where no number says so, a pale cell is to look different from an empty one.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(1 if C <= 12 else 0.5, 0, 1))
    if C <= 40:
        for i, j in np.ndindex(C, C):
            text = f"{counts[i, j]:,}"
            if C <= 12:
                text += f"\n{100 * shares[i, j]:.0f} %" if totals[i, 0] else "\n–"
            elif not counts[i, j]:
                continue                                   # many zeros would hide the others
            axes.text(j, i, text, ha="center", va="center", fontsize=11 if C <= 12 else 9,
                      color="white" if image.norm(shares[i, j]) > 0.6 else "black")
    step = -(-C // _NAMED)
    size = 12 if C <= 12 else 10 if C <= 40 else 8
    axes.set_xticks(range(0, C, step), texts[::step], fontsize=size, fontfamily=fonts)
    axes.set_yticks(range(0, C, step), texts[::step], fontsize=size, fontfamily=fonts)
    # Names that would run into each other stand upright.
    if C > 12 or max(map(len, texts)) * size * 0.6 / 72 > 0.9 * side / C:
        axes.tick_params(axis="x", labelrotation=90)
    large = 13 if C <= 12 else 20                              # the whole picture is larger too
    axes.set_xlabel("predicted", fontsize=large)
    axes.set_ylabel("true", fontsize=large)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(1.0))
    bar.set_label("share of the row", fontsize=large)
    bar.ax.tick_params(labelsize=large - 2)
    if title:
        (title,), fonts = lettering(title)
        axes.set_title(title, fontsize=large + 1, fontfamily=fonts)
    return figure


def plot_confusion_matrix(counts, names, path, title=None):
    """Save :func:`confusion_matrix_figure` as PNG at `path`; return the path."""
    return save_figure(confusion_matrix_figure(counts, names, title), path)
