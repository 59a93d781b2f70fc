"""One question, several seeds."""

import numpy as np

from .figures import BLUE, ORANGE, draw_references, label_axes, save_figure


def plot_ablation(ablation, rows, path, title):
    """Draw an ablation: a dot for each seed, a bar for their mean, a panel for each figure.

    Parameters
    ----------
    ablation : albert_np.pretraining.ablation.variants.Ablation
        Which figures there are, and whether the paper's are drawn beside them.
    rows : list of dict
        From :func:`albert_np.pretraining.ablation.table.summarize`.
    path : str or Path
    title : str

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    panels = [(f"{column.heading} (%)",
               [[100 * value for value in row["figures"][column.heading]["values"]
                 if value is not None] for row in rows], column.chance)
              for column in ablation.columns if column.is_share]
    if len({row["parameters"] for row in rows}) > 1:
        panels.append(("parameters (thousands)", [[row["parameters"] / 1000] for row in rows],
                       None))
    if ablation.paper_panel:
        panels.append(("the paper: average of five tasks",
                       [[float(row["paper"][0])] for row in rows], None))
    places = list(dict.fromkeys(row["place"] for row in rows))
    groups = list(dict.fromkeys(row["group"] for row in rows))
    figure = Figure(figsize=(max(1.1 + 0.8 * len(places), 3.9) * len(panels), 4.8),
                    layout="constrained")
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (heading, values, chance) in zip(all_axes, panels):
        for g, group in enumerate(groups):
            _draw_group(axes, [(places.index(row["place"]), dots)
                               for row, dots in zip(rows, values) if row["group"] == group],
                        (BLUE, ORANGE)[g], "os"[g], 0.24 * (g - (len(groups) - 1) / 2), group)
        axes.margins(y=0.12)
        if chance is not None:
            draw_references(axes, {"tossing\na coin": 100 * chance})
        if heading.startswith("parameters"):
            axes.set_ylim(bottom=0)
        theirs = heading.startswith("the paper") and ablation.paper_places
        axes.set_xticks(range(len(places)), theirs or places, fontsize=12)
        axes.set_xlim(-0.6, len(places) - 0.4)
        label_axes(axes, title=heading, grid="y")
    if len(groups) > 1:
        all_axes[0].legend(fontsize=11)
    figure.suptitle(title, fontsize=15)
    return save_figure(figure, path)


def _draw_group(axes, points, colour, marker, shift, label):
    """The variants of one colour: the dots side by side in the order of the seeds, and the mean."""
    for place, dots in points:
        if dots:
            x = place + shift + 0.05 * (np.arange(len(dots)) - (len(dots) - 1) / 2)
            axes.plot(x, dots, marker, color=colour, markersize=6, alpha=0.75, label=label)
            mean = sum(dots) / len(dots)
            axes.plot([place + shift - 0.12, place + shift + 0.12], [mean, mean], color=colour,
                      linewidth=3)
            label = None                                    # named once in the legend
