"""How similar people found two sentences, and how similar a model does."""

import numpy as np

from ...tasks.metrics import pearson, spearman
from ..figures import BLUE, GREY, save_figure
from .drawing import label_axes
from .lettering import lettering


def similarity_scatter_figure(gold, predicted, rng=None, title=None):
    """A dot for each pair of sentences, the line where both agree, and the two correlations.

    Parameters
    ----------
    gold, predicted : sequences of N numbers
    rng : numpy.random.Generator, optional
        Gives the correlations their intervals.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        The lengths differ or are below 2, a number is not finite, or SciPy is not installed.
    """
    from matplotlib.figure import Figure

    linear, ranks = pearson(gold, predicted, rng), spearman(gold, predicted, rng)
    gold, predicted = np.asarray(gold, float), np.asarray(predicted, float)
    figure = Figure(figsize=(7, 7.3), layout="constrained")
    axes = figure.subplots()
    low, high = (pick(np.r_[gold, predicted]) for pick in (np.min, np.max))
    margin = 0.04 * (high - low) or 1.0
    ends = [low - margin, high + margin]
    axes.plot(ends, ends, color=GREY, linestyle="--", linewidth=1.2, label="predicted = gold")
    axes.scatter(gold, predicted, s=22, color=BLUE, linewidths=0,
                 alpha=float(np.clip(60 / len(gold)**0.7, 0.12, 0.7)))
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
    label_axes(axes, "gold score", "predicted score")
    (heading,), fonts = lettering(title or f"Similarity of {len(gold):,} pairs")
    axes.set_title(f"{heading}\nPearson {linear}   Spearman {ranks}", fontsize=13, fontfamily=fonts)
    axes.legend(fontsize=12, loc="upper left")
    return figure


def plot_similarity_scatter(gold, predicted, path, rng=None, title=None):
    """Save :func:`similarity_scatter_figure` as PNG.

    Parameters
    ----------
    gold, predicted, rng, title : as in :func:`similarity_scatter_figure`
    path : str or Path

    Returns
    -------
    Path
    """
    return save_figure(similarity_scatter_figure(gold, predicted, rng, title), path)
