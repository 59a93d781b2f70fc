"""Pictures. This is the one place of the package where matplotlib is used."""

from math import log
from pathlib import Path

import numpy as np

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#555555"


def plot_losses(metrics, path, references=None, vocab_size=None, sop_weight=1.0, title=None):
    """Draw the three losses of pretraining, on training text and on held-out text.

    Parameters
    ----------
    metrics : list of dict
        The rows that :func:`albert_np.pretraining.train` returns.
    path : str or Path
        Where the PNG goes.
    references : dict of str to float, optional
        Losses to compare the masked-LM loss with, such as ``{"unigram": 5.6}``.
    vocab_size : int, optional
        Draws ln V, the loss of guessing blindly.
    sop_weight : float
        The lambda of the total loss.
    title : str, optional

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    mlm_lines = dict(references or {})
    if vocab_size is not None:
        mlm_lines = {"blind guess, ln V": log(vocab_size), **mlm_lines}
    factor = "" if sop_weight == 1 else f"{sop_weight:g} "
    total_lines = {f"{name} + {factor}ln 2": value + sop_weight * log(2)
                   for name, value in mlm_lines.items() if name in (references or {})}
    # A loss that was never asked for has no panel.
    contents = [content for content in (
        ("mlm_loss", "Masked language model", mlm_lines),
        ("sop_loss", "Sentence order", {"coin toss, ln 2": log(2)}),
        ("loss", "Total loss", total_lines))
        if any(row[content[0]] is not None for row in metrics)]
    figure = Figure(figsize=(4.3 * len(contents), 4.6), layout="constrained")
    panels = figure.subplots(1, len(contents))
    for axes, (name, heading, lines) in zip(panels, contents):
        _draw_loss(axes, metrics, name)
        _draw_references(axes, lines)
        axes.set_title(heading, fontsize=13)
        axes.set_xlabel("step", fontsize=12)
        axes.tick_params(labelsize=11)
        axes.grid(alpha=0.25)
    panels[0].set_ylabel("loss (nats)", fontsize=12)
    panels[-1].legend(fontsize=11, loc="upper right")
    if title:
        figure.suptitle(title, fontsize=14)
    return save_figure(figure, path)


def _draw_loss(axes, metrics, name):
    """Every step's loss, faint; its running mean; and the held-out loss as dots on a line."""
    train = [row for row in metrics if row["split"] == "train" and row[name] is not None]
    held_out = [row for row in metrics if row["split"] == "held-out" and row[name] is not None]
    steps = np.array([row["step"] for row in train])
    losses = np.array([row[name] for row in train])
    axes.plot(steps, losses, color=BLUE, alpha=0.12, linewidth=0.6)
    smooth = _running_mean(losses)
    axes.plot(steps, smooth, color=BLUE, linewidth=2, label="training text")
    if held_out:
        axes.plot([row["step"] for row in held_out], [row[name] for row in held_out],
                  color=ORANGE, marker="o", markersize=5, linewidth=2, label="held-out text")
    shown = np.r_[smooth, [row[name] for row in held_out]]
    low, high = shown.min(), shown.max()
    axes.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))


def _running_mean(values, window=None):
    """The mean of the steps before each; fewer at the start, where the loss falls fast."""
    window = max(1, len(values) // 60) if window is None else window
    sums = np.r_[0, np.cumsum(values)]
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(ends - np.minimum(window, (ends + 3) // 4), 0)
    return (sums[ends] - sums[begins]) / (ends - begins)


def _draw_references(axes, lines):
    """Dashed horizontal lines, each with its name written on it at the right."""
    low, high = axes.get_ylim()
    for value in lines.values():
        low, high = min(low, value - 0.05 * (high - low)), max(high, value + 0.08 * (high - low))
    axes.set_ylim(low, high)
    for name, value in lines.items():
        axes.axhline(value, color=GREY, linestyle="--", linewidth=1.2, zorder=1)
        axes.annotate(f"{name} = {value:.2f}", (0.98, value), (0, 3), ha="right",
                      xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=11,
                      bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.5})


# Of plot_runs: the figure, its heading, the unit on the axis, and lines to compare with.
_RUN_PANELS = (
    ("mlm_loss", "Masked language model: loss", "nats", {}),
    ("sop_loss", "Sentence order: loss", "nats", {"coin toss, ln 2": log(2)}),
    ("loss", "Total loss", "nats", {}),
    ("gradient_norm", "Gradient norm before clipping", "length", {}),
    ("mlm_accuracy", "Masked language model: accuracy", "right answers", {}),
    ("sop_accuracy", "Sentence order: accuracy", "right answers", {"coin toss": 0.5}),
    ("learning_rate", "Learning rate", "step size", {}),
    ("tokens_per_second", "Speed", "tokens a second", {}))
_RUN_COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_RUN_STYLES = (("-", "o"), ("--", "s"), (":", "^"))


def plot_runs(runs, path, smooth=None):
    """Draw what one run, or several, did at every step and at every evaluation.

    Parameters
    ----------
    runs : dict of str to list of dict
        From the name of each run to its rows, as :func:`albert_np.pretraining.metrics.read_run`
        or :func:`albert_np.pretraining.train` gives them.
    path : str or Path
        Where the PNG goes.
    smooth : int, optional
        Draw the mean of so many steps before each (fewer at the start) over the single steps;
        1 draws these alone. None: a sixtieth of each run.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        There are more runs than can be told apart, or not a single figure to draw.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import PercentFormatter

    most = len(_RUN_COLOURS) * len(_RUN_STYLES)
    if len(runs) > most:
        raise ValueError(f"{len(runs)} runs cannot be told apart in one picture; at most {most} "
                         f"can")
    contents = [panel for panel in _RUN_PANELS
                if any(_curve(rows, panel[0], split)[0].size
                       for rows in runs.values() for split in ("train", "held-out"))]
    if not contents:
        raise ValueError("there is no figure to draw")
    last = max(row["step"] for rows in runs.values() for row in rows)
    columns = min(4, len(contents))
    rows_of_panels = -(-len(contents) // columns)
    figure = Figure(figsize=(max(4.4 * columns, 9), 3.8 * rows_of_panels + 0.9),
                    layout="constrained")
    panels = figure.subplots(rows_of_panels, columns, squeeze=False).ravel()
    for axes, (name, heading, unit, lines) in zip(panels, contents):
        _draw_runs(axes, runs, name, smooth)
        _draw_references(axes, lines)
        if name.endswith("accuracy"):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlim(0, 1.02 * last)
        axes.set_title(heading, fontsize=14)
        axes.set_xlabel("step", fontsize=13)
        axes.set_ylabel(unit, fontsize=13)
        axes.tick_params(labelsize=12)
        axes.grid(alpha=0.25)
    for axes in panels[len(contents):]:
        axes.set_axis_off()
    keys = [Line2D([], [], color=colour, linestyle=line, linewidth=4)
            for colour, line, _ in _run_looks(len(runs))]
    looks = [Line2D([], [], color=GREY, linewidth=1.5),
             Line2D([], [], color=GREY, linewidth=1.5, marker="o", markersize=7)]
    # A name is shown as it is: neither as a formula nor, with "_" in front, not at all.
    labels = [(" " if name.startswith("_") else "") + name.replace("$", r"\$") for name in runs]
    figure.legend(keys + looks, labels + ["training text", "held-out text"], fontsize=13,
                  loc="outside lower center", frameon=False,
                  ncols=min(len(keys) + 2, 2 if max(map(len, labels)) > 40 else 5))
    return save_figure(figure, path)


def _draw_runs(axes, runs, name, smooth):
    """Every run's figure: single steps faint, their running mean, evaluations as dots on a line."""
    shown = []
    for rows, (colour, line, marker) in zip(runs.values(), _run_looks(len(runs))):
        steps, values = _curve(rows, name, "train")
        if steps.size:
            mean = _running_mean(values, 1 if name == "learning_rate" else smooth)
            axes.plot(steps, values, color=colour, alpha=0.15, linewidth=0.6)
            axes.plot(steps, mean, color=colour, linestyle=line, linewidth=1.5)
            shown.append(mean)
        steps, values = _curve(rows, name, "held-out")
        if steps.size:
            axes.plot(steps, values, color=colour, linestyle=line, linewidth=1.5, marker=marker,
                      markersize=7, markeredgecolor="white", markevery=-(-len(steps) // 15))
            shown.append(values)
    shown = np.concatenate(shown)
    margin = 0.08 * (shown.max() - shown.min()) or 0.08 * abs(shown.max()) or 1.0
    axes.set_ylim(shown.min() - margin, shown.max() + margin)


def _run_looks(count):
    """A colour, a kind of line and a marker for each run."""
    looks = [(colour, *style) for style in _RUN_STYLES for colour in _RUN_COLOURS]
    return looks[:count]


def _curve(rows, name, split):
    """Steps and values of a figure, where a row has it and it is a finite number."""
    pairs = [(row["step"], row[name]) for row in rows if row["split"] == split
             and row.get(name) is not None and np.isfinite(row[name])]
    return np.array(pairs, float).reshape(-1, 2).T


def plot_error_maps(errors, path, title, limit=20):
    """Draw the relative error of every entry of every parameter.

    Parameters
    ----------
    errors : dict of str to array
        From dotted names to relative errors; vectors become a row.
    path : str or Path
    title : str
    limit : int
        Of more parameters than this, those with the worst errors are drawn.

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if len(errors) > limit:
        title = f"{title} (the {limit} worst of {len(errors)} parameters)"
        least = sorted((error.max() for error in errors.values()), reverse=True)[limit - 1]
        errors = {name: error for name, error in errors.items() if error.max() >= least}
    columns = min(5, len(errors))
    rows = -(-len(errors) // columns)
    figure = Figure(figsize=(max(3 * columns + 1.4, 8), max(2.3 * rows + 0.9, 4.2)),
                    layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, error) in zip(panels, errors.items()):
        matrix = np.log10(np.maximum(error, 1e-16)).reshape(-1, error.shape[-1])
        image = axes.imshow(matrix, cmap="viridis", vmin=-16, vmax=-6, aspect="auto")
        axes.set_title(f"{_two_lines(name.removeprefix('params.'))}: {error.max():.0e}",
                       fontsize=11)
        axes.tick_params(labelsize=10)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_yticks([0, len(matrix) - 1] if len(matrix) > 1 else [])
    for axes in panels[len(errors):]:
        axes.set_axis_off()
    bar = figure.colorbar(image, ax=panels.tolist(), shrink=0.9, ticks=range(-16, -5, 2))
    bar.ax.tick_params(labelsize=11)
    bar.set_label("log10 of the relative error", fontsize=13)
    figure.supxlabel("last axis of the parameter", fontsize=13)
    figure.supylabel("its other axes", fontsize=13)
    figure.suptitle(title, fontsize=15)
    return save_figure(figure, path)


def _two_lines(name, width=22):
    """A dotted name, broken near its middle if it is long, but not in front of a number."""
    parts = name.split(".")
    if len(name) <= width or len(parts) == 1:
        return name
    first = min((i for i in range(1, len(parts)) if not parts[i].isdigit()),
                key=lambda i: abs(len(".".join(parts[:i])) - len(".".join(parts[i:]))))
    return ".".join(parts[:first]) + ".\n" + ".".join(parts[first:])


def plot_steps(steps, curves, path, title):
    """Draw the error of a numerical derivative against its step.

    Parameters
    ----------
    steps : array (N,)
    curves : dict
        "plain", "centred" and "complex": arrays (N,) of errors.
    path : str or Path
    title : str

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = figure.subplots()
    looks = {"plain": ("difference at h", BLUE, "-"),
             "centred": ("differences at h and 2h (FD.1)", ORANGE, "-"),
             "complex": ("complex step (FD.2)", GREEN, "--")}
    for name, errors in curves.items():
        label, colour, style = looks[name]
        best = int(np.argmin(errors))
        if name != "complex":
            label += f", best near h = {steps[best]:.0e}"
        axes.loglog(steps, errors, style, color=colour, linewidth=2, label=label)
        if name != "complex":
            axes.plot(steps[best], errors[best], "o", color=colour, markersize=9)
    axes.set_xlabel("step h", fontsize=13)
    axes.set_ylabel("relative error of the slope", fontsize=13)
    axes.set_title(title, fontsize=14)
    axes.tick_params(labelsize=11)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=11)
    return save_figure(figure, path)


def plot_depths(norms, cosines, path, title):
    """Draw what each depth adds to the gradient of a shared layer.

    Parameters
    ----------
    norms : array (L,)
    cosines : array (L, L)
    path : str or Path
    title : str

    Returns
    -------
    Path
    """
    from matplotlib.figure import Figure

    L = len(norms)
    figure = Figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.bar(range(L), norms, color=BLUE)
    left.set_xlabel("depth", fontsize=13)
    left.set_ylabel("length of the contribution", fontsize=13)
    left.set_title("Length of what each depth adds", fontsize=13)
    image = right.imshow(cosines, cmap="PuOr", vmin=-1, vmax=1)
    for i in range(L):
        for j in range(L):
            right.text(j, i, f"{cosines[i, j]:.1f}", ha="center", va="center", fontsize=11,
                       color="white" if abs(cosines[i, j]) > 0.6 else "black")
    right.set_xlabel("depth", fontsize=13)
    right.set_ylabel("depth", fontsize=13)
    right.set_title("Cosine between what two depths add", fontsize=13)
    figure.suptitle(title, fontsize=15)
    figure.colorbar(image, ax=right, shrink=0.8)
    for axes in (left, right):
        axes.tick_params(labelsize=11)
        axes.set_xticks(range(L))
    return save_figure(figure, path)


def plot_ablation(ablation, rows, path, title):
    """Draw an ablation: a dot for each seed, a bar for their mean, a panel for each figure.

    Parameters
    ----------
    ablation : albert_np.pretraining.ablation_variants.Ablation
        Which figures there are, and whether the paper's are drawn beside them.
    rows : list of dict
        From :func:`albert_np.pretraining.ablation_table.summarize`.
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
        if chance is not None:
            axes.axhline(100 * chance, color=GREY, linestyle="--", linewidth=1.2, zorder=1)
            axes.annotate("tossing a coin", (0.98, 100 * chance), (0, 3), ha="right", fontsize=11,
                          xycoords=("axes fraction", "data"), textcoords="offset points")
        axes.margins(y=0.12)
        if heading.startswith("parameters"):
            axes.set_ylim(bottom=0)
        theirs = heading.startswith("the paper") and ablation.paper_places
        axes.set_xticks(range(len(places)), theirs or places, fontsize=12)
        axes.set_xlim(-0.6, len(places) - 0.4)
        axes.set_title(heading, fontsize=14)
        axes.tick_params(axis="y", labelsize=12)
        axes.grid(axis="y", alpha=0.25)
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


def save_figure(figure, path):
    """Write a figure as PNG, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : str or Path

    Returns
    -------
    Path
    """
    import io

    from .files import write_whole

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    write_whole(path, buffer.getvalue())
    return Path(path)
