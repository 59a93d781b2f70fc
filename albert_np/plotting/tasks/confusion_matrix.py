"""Which label is taken for which."""

import numpy as np

from ...tasks.metrics.checks import check_alike
from ..figures import save_figure
from .lettering import lettering

_NAMED = 120           # with more classes, not every one has its name on the axes


def confusion_matrix_figure(labels, predictions, names=None, title=None):
    """How many examples of each label were given each label: counts, and shares of the row.

    The colour is the share: a row sums to 100 %, whether its label is frequent or rare. Up to 12
    classes have count and share written in each cell, up to 40 the count.

    Parameters
    ----------
    labels, predictions : sequences of N labels
    names : sequence of labels, optional
        All classes, in the order in which they are drawn. None: those that occur, sorted.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        The lengths differ or are 0, or a label is not among the names or named twice.
    """
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    counts, names = confusion_counts(labels, predictions, names)
    C = len(names)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    texts, fonts = lettering(*names)
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


def plot_confusion_matrix(labels, predictions, path, names=None, title=None):
    """Save :func:`confusion_matrix_figure` as PNG.

    Parameters
    ----------
    labels, predictions, names, title : as in :func:`confusion_matrix_figure`
    path : str or Path

    Returns
    -------
    Path
    """
    return save_figure(confusion_matrix_figure(labels, predictions, names, title), path)


def confusion_counts(labels, predictions, names=None):
    """How often each label (row) was given each label (column).

    Parameters
    ----------
    labels, predictions, names : as in :func:`confusion_matrix_figure`

    Returns
    -------
    counts : integer array (C, C)
    names : list of C labels

    Raises
    ------
    ValueError
        As :func:`confusion_matrix_figure`.

    Examples
    --------
    >>> confusion_counts(["a", "a", "b"], ["a", "b", "b"])[0].tolist()
    [[1, 1], [0, 1]]
    """
    check_alike(labels, predictions, ("labels", "predictions"))
    labels, predictions = (np.asarray(part).tolist() for part in (labels, predictions))
    names = sorted({*labels, *predictions}) if names is None else np.asarray(names).tolist()
    numbers = {name: number for number, name in enumerate(names)}
    if len(numbers) < len(names):
        raise ValueError("Every class must be named once, but one of the names is there twice.")
    strange = next((label for label in (*labels, *predictions) if label not in numbers), None)
    if strange is not None:
        raise ValueError(f"The label {strange!r} is not among the names of the classes, "
                         f"{', '.join(map(repr, names[:10]))}{', ...' * (len(names) > 10)}.")
    C = len(names)
    cells = [numbers[true] * C + numbers[guess] for true, guess in zip(labels, predictions)]
    return np.bincount(cells, minlength=C * C).reshape(C, C), names
