"""How much harder longer sentences are to translate."""

import numpy as np

from ...tasks.metrics import bleu
from ...tasks.metrics.checks import check_alike
from ..figures import BLUE, GREY, save_figure
from .drawing import draw_interval, label_axes
from .lettering import lettering


def length_groups(lengths, least=20):
    """Neighbouring lengths put together until a group has enough sentences.

    Parameters
    ----------
    lengths : sequence of N integers
    least : int
        The fewest sentences of a group. Those left over at the end join the last group.

    Returns
    -------
    list of (shortest, longest) lengths

    Examples
    --------
    >>> length_groups([3, 3, 4, 5, 5, 6], least=2)
    [(3, 3), (4, 6)]
    """
    groups, first, waiting = [], None, 0
    values, counts = np.unique(np.asarray(lengths), return_counts=True)
    for value, count in zip(values.tolist(), counts):
        first = value if first is None else first
        waiting += count
        if waiting >= least:
            groups.append((first, value))
            first, waiting = None, 0
    if waiting:
        groups[-1:] = [(groups[-1][0] if groups else first, int(values[-1]))]
    return groups


def translation_lengths_figure(lengths, translations, references, tokenize="zh", rng=None, least=20,
                               title=None):
    """BLEU by the length of the source, and how many sentences of each length there are.

    Parameters
    ----------
    lengths : sequence of N integers
        Of the source sentences, such as their numbers of words.
    translations : sequence of N str
    references : sequence of N sequences of str
    tokenize : str
        As in :func:`albert_np.tasks.metrics.bleu`.
    rng : numpy.random.Generator, optional
        Gives every group its interval.
    least : int
        The fewest sentences of a group, see :func:`length_groups`.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        The numbers of sentences differ or are 0, or sacrebleu is not installed.
    """
    from matplotlib.figure import Figure

    check_alike(lengths, translations, ("lengths", "translations"))
    total = bleu(translations, references, tokenize)
    lengths, groups = np.asarray(lengths), length_groups(lengths, least)
    figure = Figure(figsize=(max(7, 1.8 + 0.8 * len(groups)), 6.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.5, 1])
    values, counts = [], []
    for place, (low, high) in enumerate(groups):
        inside = np.flatnonzero((lengths >= low) & (lengths <= high))
        score = bleu([translations[i] for i in inside], [references[i] for i in inside], tokenize,
                     rng)
        draw_interval(above, place, score.low, score.high, BLUE)
        above.annotate(f"{score.value:.1f}", (place, max(score.value, score.high or 0)), (0, 8),
                       fontsize=11, ha="center", textcoords="offset points")
        values.append(score.value)
        counts.append(len(inside))
    above.plot(range(len(groups)), values, color=BLUE, marker="o", markersize=8, linewidth=1.5)
    above.axhline(total.value, color=GREY, linestyle="--", linewidth=1.2, zorder=1,
                  label=f"all sentences: {total.value:.1f}")
    above.set_ylim(0, 1.12 * above.get_ylim()[1])
    label_axes(above, "", "BLEU")
    above.legend(fontsize=12, loc="upper right")
    (heading,), fonts = lettering(title or f"BLEU of {len(lengths):,} sentences, by length")
    above.set_title(heading, fontsize=14, fontfamily=fonts)
    bars = below.bar(range(len(groups)), counts, 0.7, color=GREY)
    below.bar_label(bars, [f"{n:,}" for n in counts], padding=2, fontsize=11)
    below.set_ylim(0, 1.25 * max(counts))
    below.set_xlim(-0.6, len(groups) - 0.3)
    below.set_xticks(range(len(groups)),
                     [f"{low}" if low == high else f"{low}–{high}" for low, high in groups])
    label_axes(below, "length of the source", "sentences")
    return figure


def plot_translation_lengths(lengths, translations, references, path, **options):
    """Save :func:`translation_lengths_figure` as PNG.

    Parameters
    ----------
    lengths, translations, references : as in :func:`translation_lengths_figure`
    path : str or Path
    options : tokenize, rng, least, title

    Returns
    -------
    Path
    """
    return save_figure(translation_lengths_figure(lengths, translations, references, **options),
                       path)
