"""Gradients: errors of each entry, error against step, and the sum over depth."""

import numpy as np

from .figures import BLUE, GREEN, ORANGE, label_axes, save_figure


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
    label_axes(axes, "step h", "relative error of the slope", title)
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
    label_axes(left, "depth", "length of the contribution", "Length of what each depth adds", "y")
    image = right.imshow(cosines, cmap="PuOr", vmin=-1, vmax=1)
    for i in range(L):
        for j in range(L):
            right.text(j, i, f"{cosines[i, j]:.1f}", ha="center", va="center", fontsize=11,
                       color="white" if abs(cosines[i, j]) > 0.6 else "black")
    label_axes(right, "depth", "depth", "Cosine between what two depths add")
    right.grid(False)
    figure.suptitle(title, fontsize=15)
    figure.colorbar(image, ax=right, shrink=0.8)
    for axes in (left, right):
        axes.set_xticks(range(L))
    return save_figure(figure, path)
