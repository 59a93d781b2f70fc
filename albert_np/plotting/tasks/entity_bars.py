"""Which types of entity, or which labels, are found, and which are taken for something else."""

import numpy as np

from ..figures import BLUE, GREEN, ORANGE, label_axes, save_figure
from ..lettering import lettering, shortened

ENTITIES = ("entity", "entities")


def entity_bars_figure(scores, title="Entities, by type", counted=ENTITIES):
    """Three bars for each type of entity, or each label: precision, recall, F1.

    Parameters
    ----------
    scores : list of (type, precision, recall, F1, entities)
        First of all types together, as from :func:`albert_np.tasks.metrics.entity_scores` or
        :func:`albert_np.tasks.metrics.label_scores`.
    title : str
    counted : (str, str)
        What the last numbers count: one of them, and several.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    names, *columns, counts = zip(*scores)
    figure = Figure(figsize=(9, 1.5 + 0.8 * len(names)), layout="constrained")
    axes = figure.subplots()
    for values, name, colour, shift in zip(columns, ("precision", "recall", "F1"),
                                           (GREEN, ORANGE, BLUE), (-0.27, 0, 0.27)):
        bars = axes.barh(np.arange(len(names)) + shift, values, 0.25, color=colour, label=name)
        axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=10)
    label_axes(axes, title=title, grid="x")
    texts, fonts = lettering(*shortened(names))
    texts = [f"{text}\n{n:,} {counted[int(n != 1)]}" for text, n in zip(texts, counts)]
    axes.set_yticks(range(len(names)), texts, fontsize=12, fontfamily=fonts)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08)
    if len(names) > 1:
        axes.axhline(0.5, color="black", linewidth=0.8)       # "all" and the types
    figure.legend(loc="outside lower center", ncols=3, fontsize=12, frameon=False)
    return figure


def plot_entity_bars(scores, path, title="Entities, by type", counted=ENTITIES):
    """Save :func:`entity_bars_figure` as PNG at `path`; return the path."""
    return save_figure(entity_bars_figure(scores, title, counted), path)
