"""How much harder longer sentences are to translate."""

from ..figures import BLUE, GREY, label_axes, save_figure
from .drawing import draw_interval, three_numbers


def translation_lengths_figure(groups, total, title=None):
    """BLEU by the length of the source, and how many sentences of each length there are.

    Parameters
    ----------
    groups : list of (shortest, longest, sentences, BLEU)
        As from :func:`albert_np.tasks.metrics.bleu_by_length`; BLEU is a number, (value, low,
        high), or an object with these attributes.
    total : number
        BLEU of all sentences.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(7, 1.8 + 0.8 * len(groups)), 6.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.5, 1])
    names = [f"{low}" if low == high else f"{low}–{high}" for low, high, _, _ in groups]
    counts = [count for _, _, count, _ in groups]
    scores = [three_numbers(score, f"length {name}")
              for name, (_, _, _, score) in zip(names, groups)]
    for place, (value, low, high) in enumerate(scores):
        draw_interval(above, place, low, high, BLUE)
        above.annotate(f"{value:.1f}", (place, max(value, high or 0)), (0, 8), fontsize=11,
                       ha="center", textcoords="offset points")
    above.plot([value for value, _, _ in scores], color=BLUE, marker="o", markersize=8,
               linewidth=1.5)
    above.axhline(float(total), color=GREY, linestyle="--", linewidth=1.2, zorder=1,
                  label=f"all sentences: {float(total):.1f}")
    above.set_ylim(0, 1.12 * above.get_ylim()[1])
    label_axes(above, "", "BLEU", title or f"BLEU of {sum(counts):,} sentences, by length")
    above.legend(fontsize=12, loc="upper right")
    bars = below.bar(range(len(groups)), counts, 0.7, color=GREY)
    below.bar_label(bars, [f"{n:,}" for n in counts], padding=2, fontsize=11)
    below.set_ylim(0, 1.25 * max(counts))
    below.set_xlim(-0.6, len(groups) - 0.3)
    below.set_xticks(range(len(groups)), names)
    label_axes(below, "length of the source", "sentences")
    return figure


def plot_translation_lengths(groups, total, path, title=None):
    """Save :func:`translation_lengths_figure` as PNG at `path`; return the path."""
    return save_figure(translation_lengths_figure(groups, total, title), path)
