"""What a model is worth beside simpler ones."""

from ..figures import GREY, label_axes, save_figure
from ..lettering import lettering
from .drawing import START_COLOURS, draw_interval, number_text, three_numbers


def baselines_bars_figure(figures, metric, title=None):
    """A bar for each way to do a task, with its interval.

    "from scratch" and "pretrained" have the colours that they have in the learning curves, all
    others are grey.

    Parameters
    ----------
    figures : dict of str to number, (value, low, high), an object with these attributes, or None
        Of the test data, in the order from top to bottom, such as trivial, TF-IDF, from scratch,
        pretrained. Of (value, low, high) both ends may be None. A baseline that does not apply
        (None) is left out.
    metric : str
        What the numbers are, such as "accuracy".
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        There is nothing to draw, or an entry is malformed.
    """
    from matplotlib.figure import Figure

    rows = {name: three_numbers(figure, name) for name, figure in figures.items()
            if figure is not None}
    if not rows:
        raise ValueError("There is no test figure to draw a bar for.")
    figure = Figure(figsize=(9, 1.4 + 0.7 * len(rows)), layout="constrained")
    axes = figure.subplots()
    numbers = [number for row in rows.values() for number in row if number is not None]
    low, high = min(0, *numbers), max(0, *numbers)
    span = high - low or 1.0
    for place, (name, (value, begin, end)) in enumerate(rows.items()):
        axes.barh(place, value, 0.6, color=START_COLOURS.get(name, GREY), alpha=0.75)
        draw_interval(axes, place, begin, end, "black", horizontal=True)
        texts = [number_text(number, high) for number in (value, begin, end) if number is not None]
        text = texts[0] + (f"  [{texts[1]}, {texts[2]}]" if texts[1:] else "")
        axes.annotate(text, (1.015, place), va="center", fontsize=12, annotation_clip=False,
                      xycoords=("axes fraction", "data"))
    axes.set_xlim(low - 0.03 * span * (low < 0), high + 0.03 * span * (high > 0 or low == 0))
    if low < 0:
        axes.axvline(0, color="black", linewidth=0.8)
    label_axes(axes, metric, title=title, grid="x")
    names, fonts = lettering(*rows)
    axes.set_yticks(range(len(rows)), names, fontsize=13, fontfamily=fonts)
    axes.invert_yaxis()
    return figure


def plot_baselines_bars(figures, metric, path, title=None):
    """Save :func:`baselines_bars_figure` as PNG at `path`; return the path."""
    return save_figure(baselines_bars_figure(figures, metric, title), path)
