"""Which types of entity are found, and which are taken for something else."""

import numpy as np

from ...tasks.metrics.bootstrap import ratio
from ...tasks.metrics.checks import check_alike, library
from ..figures import BLUE, GREEN, ORANGE, save_figure
from .lettering import lettering


def entity_scores(tags, predictions):
    """Precision, recall and F1 of all entities, and of those of each type.

    Parameters
    ----------
    tags, predictions : sequences of N sequences of str
        BIO tags of the words of each sentence, as in :func:`albert_np.tasks.metrics.entity_f1`.

    Returns
    -------
    names : list of str
        "all" and the types, the most frequent first.
    scores : float array (types + 1, 3)
        Precision, recall, F1; 0 where nothing was guessed, or there was nothing to find.
    counts : integer array (types + 1, 3)
        Found, guessed, and true entities.

    Raises
    ------
    ValueError
        The lengths differ, of the lists or of a sentence, or seqeval is not installed.
    """
    check_alike(tags, predictions, ("sentences with tags", "sentences with predictions"))
    entities = library("seqeval.metrics.sequence_labeling", "seqeval").get_entities
    counts = {}
    for number, (true, guessed) in enumerate(zip(tags, predictions)):
        if len(true) != len(guessed):
            raise ValueError(f"Sentence {number} has {len(true)} tags and {len(guessed)} "
                             f"predictions; there must be one for each word.")
        true, guessed = set(entities(list(true))), set(entities(list(guessed)))
        for column, part in enumerate((true & guessed, guessed, true)):
            for kind, _, _ in part:
                counts.setdefault(kind, [0, 0, 0])[column] += 1
    if not counts:
        raise ValueError("There is no entity, neither in the tags nor in the predictions.")
    names = sorted(counts, key=lambda kind: (-counts[kind][2], kind))
    table = np.array([counts[kind] for kind in names])
    table = np.vstack([table.sum(axis=0), table])
    found, guessed, true = table.T
    scores = np.stack([ratio(found, guessed), ratio(found, true), ratio(2 * found, guessed + true)],
                      axis=1)
    return ["all", *names], scores, table


def entity_bars_figure(tags, predictions, title=None):
    """Three bars for each type of entity: precision, recall, F1.

    Parameters
    ----------
    tags, predictions : as in :func:`entity_scores`
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        As :func:`entity_scores`, or there is no entity at all.
    """
    from matplotlib.figure import Figure

    names, scores, counts = entity_scores(tags, predictions)
    figure = Figure(figsize=(9, 1.5 + 0.8 * len(names)), layout="constrained")
    axes = figure.subplots()
    for column, (name, colour) in enumerate((("precision", GREEN), ("recall", ORANGE),
                                             ("F1", BLUE))):
        places = np.arange(len(names)) + 0.27 * (column - 1)
        bars = axes.barh(places, scores[:, column], 0.25, color=colour, label=name)
        axes.bar_label(bars, [f"{score:.2f}" for score in scores[:, column]], padding=3,
                       fontsize=10)
    texts, fonts = lettering(*names)
    texts = [f"{text}\n{n:,} entit{'y' if n == 1 else 'ies'}"
             for text, n in zip(texts, counts[:, 2])]
    axes.set_yticks(range(len(names)), texts, fontsize=12, fontfamily=fonts)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.08)
    axes.tick_params(axis="x", labelsize=12)
    axes.grid(axis="x", alpha=0.25)
    axes.set_axisbelow(True)
    if len(names) > 1:
        axes.axhline(0.5, color="black", linewidth=0.8)       # "all" and the types
    figure.legend(loc="outside lower center", ncols=3, fontsize=12, frameon=False)
    (heading,), fonts = lettering(title or "Entities, by type")
    axes.set_title(heading, fontsize=14, fontfamily=fonts)
    return figure


def plot_entity_bars(tags, predictions, path, title=None):
    """Save :func:`entity_bars_figure` as PNG.

    Parameters
    ----------
    tags, predictions, title : as in :func:`entity_bars_figure`
    path : str or Path

    Returns
    -------
    Path
    """
    return save_figure(entity_bars_figure(tags, predictions, title), path)
