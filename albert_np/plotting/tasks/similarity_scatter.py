"""How similar people found two sentences, and how similar a model does."""

import numpy as np

from ..figures import BLUE, GREY, label_axes, save_figure


def similarity_scatter_figure(gold, predicted, correlations, title=None):
    """A dot for each pair of sentences, the line where both agree, and the correlations.

    Parameters
    ----------
    gold, predicted : sequences of N numbers
    correlations : dict of str to Figure or str
        For the title, such as ``{"Pearson": pearson(gold, predicted)}`` with
        :func:`albert_np.tasks.metrics.pearson`.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

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
    told = "   ".join(f"{name} {correlation}" for name, correlation in correlations.items())
    label_axes(axes, "gold score", "predicted score",
               f"{title or f'Similarity of {len(gold):,} pairs'}\n{told}")
    axes.legend(fontsize=12, loc="upper left")
    return figure


def plot_similarity_scatter(gold, predicted, correlations, path, title=None):
    """Save :func:`similarity_scatter_figure` as PNG at `path`; return the path."""
    return save_figure(similarity_scatter_figure(gold, predicted, correlations, title), path)
