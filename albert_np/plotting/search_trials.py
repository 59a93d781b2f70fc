"""The picture of a search: parallel coordinates, and the score against each hyper-parameter."""

from dataclasses import dataclass, replace

import numpy as np

from .figures import GREY, ORANGE, save_figure

_BAR = 0.09                    # width of the colour bar, where two axes are 1 apart
_CURVE = np.linspace(0, 1, 40)


@dataclass(frozen=True)
class Scale:
    """Where the values of one hyper-parameter stand on its axis.

    Attributes
    ----------
    low, high : float
        The ends; of a list the places of its first and last value are 0 and N - 1.
    log : bool
    places : dict, optional
        Of a list: from each value to its place.
    ticks : list of (float, str)
    """

    low: float
    high: float
    log: bool
    places: dict | None
    ticks: list

    def height(self, value):
        """The place on the axis, between 0 at the lower end and 1 at the upper."""
        value = self.places[value] if self.places is not None else value
        if self.low == self.high:
            return 0.5
        low, high, value = ((np.log(x) for x in (self.low, self.high, value)) if self.log
                            else (self.low, self.high, value))
        return float((value - low) / (high - low))


def scale_of(axis):
    """The scale of an axis of a space.

    Parameters
    ----------
    axis : Axis

    Returns
    -------
    Scale

    Examples
    --------
    >>> from albert_np.tasks.search import Axis, Option
    >>> scale = scale_of(Axis("lr", Option("lr", float), None, 1e-5, 1e-3, log=True))
    >>> round(scale.height(1e-4), 12)
    0.5
    """
    from matplotlib.ticker import LogLocator, MaxNLocator

    if axis.low is None:                     # a list: its values at equal distances
        numbers = all(isinstance(value, (int, float)) for value in axis.values)
        values = sorted(axis.values) if numbers else list(axis.values)
        every = -(-len(values) // 12)
        ticks = [(i, _short(value)) for i, value in enumerate(values)][::every]
        return Scale(0, len(values) - 1, False, {value: i for i, value in enumerate(values)}, ticks)
    if axis.values is not None and len(axis.values) <= 8:       # a range with a count
        return Scale(axis.low, axis.high, axis.log, None,
                     [(x, _number(x, axis.log)) for x in axis.values])
    if axis.log:
        narrow = axis.high / axis.low < 300
        locator = LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=12)
    else:
        locator = MaxNLocator(6, integer=isinstance(axis.low, int))
    scale = Scale(axis.low, axis.high, axis.log, None, [])
    inner = [tick for tick in locator.tick_values(axis.low, axis.high)
             if axis.low < tick < axis.high and 0.06 < scale.height(tick) < 0.94]
    ends = axis.low, *inner, axis.high
    return replace(scale, ticks=[(x, _number(x, axis.log)) for x in ends])


def search_figure(trials, axes, title):
    """Draw a search.

    Above, one vertical axis for each hyper-parameter and one line for each trial, which runs
    through its values and ends at its score on the colour bar. Below, the score against each
    hyper-parameter, with its interval.

    Parameters
    ----------
    trials : list of dict
        Best first, as from :func:`~albert_np.tasks.search.table.ranked`; the first must be done.
    axes : list of Axis
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    done = [trial for trial in trials if trial["status"] == "done"]
    ended = [trial for trial in trials if trial["status"] in ("failed", "pruned")]
    scores = [trial["score"] for trial in done]
    margin = 0.05 * (max(scores) - min(scores)) or 0.01
    colours = ScalarMappable(Normalize(min(scores) - margin, max(scores) + margin), _colours())
    scales = [scale_of(axis) for axis in axes]
    columns = min(4, len(axes))
    rows = -(-len(axes) // columns)
    figure = Figure(figsize=(max(3.6 * columns, 2.1 * len(axes) + 2.5, 9), 5.6 + 3.5 * rows),
                    layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[5.6, 3.5 * rows])
    _parallel(above.subplots(), done, ended, axes, scales, colours)
    above.suptitle(title, fontsize=15)
    panels = below.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for i, (panel, axis, scale) in enumerate(zip(panels, axes, scales)):
        _against(panel, done, ended, axis, scale, colours)
        if i % columns == 0:
            panel.set_ylabel(done[0]["metric"], fontsize=13)
    for panel in panels[len(axes):]:
        panel.set_axis_off()
    return figure


def plot_search(trials, axes, path, title):
    """Save :func:`search_figure` as PNG.

    Parameters
    ----------
    trials, axes, title : as in :func:`search_figure`
    path : str or Path

    Returns
    -------
    Path
    """
    return save_figure(search_figure(trials, axes, title), path)


def _colours():
    """Viridis without its lightest end, turned: good is dark, and all can be seen on white."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["viridis"](np.linspace(0.93, 0, 256)))


def _parallel(panel, done, ended, axes, scales, colours):
    n = len(axes)
    for trial in ended:
        _line(panel, [_height(trial, a, s) for a, s in zip(axes, scales)], color=GREY,
              linewidth=1, linestyle=":", zorder=1)
    # The best is drawn last, on top.
    for rank, trial in reversed(list(enumerate(done))):
        heights = [_height(trial, a, s) for a, s in zip(axes, scales)]
        heights.append(float(colours.norm(trial["score"])))
        best = rank == 0
        if best:
            _line(panel, heights, color="white", linewidth=8, zorder=3)
        _line(panel, heights, color=colours.to_rgba(trial["score"]), linewidth=5 if best else 1.6,
              alpha=1 if best else 0.8, zorder=4 if best else 2)
    for x, (axis, scale) in enumerate(zip(axes, scales)):
        panel.plot([x, x], [0, 1], color="black", linewidth=1.2, zorder=5)
        marks = [(scale.height(_value_at(scale, tick)), label) for tick, label in scale.ticks]
        _ticks(panel, x, marks)
        panel.text(x, 1.05, axis.name + (" (log)" if axis.log else ""), ha="center", va="bottom",
                   fontsize=13)
    _colour_bar(panel, n, colours, done[0]["metric"])
    told = f"thick, ringed: the best, trial {done[0]['trial']}"
    if ended:
        failed = sum(trial["status"] == "failed" for trial in ended)
        told += ";  dotted, crosses: " + ", ".join(
            f"{count} {what}" for count, what in ((failed, "that failed"),
                                                  (len(ended) - failed, "stopped early")) if count)
    panel.text(n / 2, -0.09, told, ha="center", va="top", fontsize=12)
    panel.set_xlim(-0.45, n + 0.5)
    panel.set_ylim(-0.14, 1.12)
    panel.set_axis_off()


def _height(trial, axis, scale):
    """As the scale says; on a list a little beside, so that lines do not hide each other."""
    height = scale.height(trial["parameters"][axis.name])
    return height if scale.places is None else height + 0.025 * _spread(trial)


def _spread(trial):
    """A number in [-1, 1) for each trial, far from those of its neighbours: golden sections."""
    return 2 * (0.618034 * trial["trial"] % 1) - 1


def _value_at(scale, tick):
    return tick if scale.places is None else list(scale.places)[int(tick)]


def _line(panel, heights, **look):
    """A line that leaves and reaches every axis at a right angle, so that the eye can follow it."""
    ease = _CURVE * _CURVE * (3 - 2 * _CURVE)
    x = np.concatenate([i + _CURVE for i in range(len(heights) - 1)] or [[0.0]])
    y = np.concatenate([a + (b - a) * ease for a, b in zip(heights, heights[1:])] or [heights])
    panel.plot(x, y, solid_capstyle="round", **look)


def _ticks(panel, x, marks, side=-1):
    for height, label in marks:
        panel.plot([x, x + side * 0.025], [height, height], color="black", linewidth=1.2, zorder=5)
        panel.text(x + side * 0.04, height, label, ha="right" if side < 0 else "left", va="center",
                   fontsize=11, zorder=6,
                   bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8})


def _colour_bar(panel, n, colours, metric):
    from matplotlib.ticker import MaxNLocator

    low, high = colours.norm.vmin, colours.norm.vmax
    edges = np.linspace(0, 1, 257)
    panel.pcolormesh([n, n + _BAR], edges, colours.cmap(np.arange(256))[:, None], zorder=5)
    ticks = [tick for tick in MaxNLocator(6).tick_values(low, high) if low <= tick <= high]
    _ticks(panel, n + _BAR, [((tick - low) / (high - low), _number(tick)) for tick in ticks], 1)
    panel.text(n + _BAR / 2, 1.05, metric, ha="center", va="bottom", fontsize=13)


def _against(panel, done, ended, axis, scale, colours):
    """The score against one hyper-parameter; intervals are faint, trials without one crosses."""
    for rank, trial in reversed(list(enumerate(done))):
        x = _across(trial, axis, scale)
        colour = colours.to_rgba(trial["score"])
        if trial["low"] is not None and trial["high"] is not None:
            panel.plot([x, x], [trial["low"], trial["high"]], color=colour, alpha=0.4,
                       linewidth=1.5)
        panel.plot(x, trial["score"], "o", color=colour, markersize=11 if rank == 0 else 7,
                   markeredgecolor=ORANGE if rank == 0 else "white",
                   markeredgewidth=2.5 if rank == 0 else 0.8, zorder=4 if rank == 0 else 3)
    if ended:
        panel.plot([_across(trial, axis, scale) for trial in ended], [0.04] * len(ended), "x",
                   color=GREY, markersize=8, transform=panel.get_xaxis_transform())
    if scale.log:
        panel.set_xscale("log")
    if scale.places is not None:
        panel.set_xlim(scale.low - 0.5, scale.high + 0.5)
    panel.set_xticks([tick for tick, _ in scale.ticks], [label for _, label in scale.ticks])
    panel.minorticks_off()
    panel.set_xlabel(axis.name, fontsize=13)
    panel.tick_params(labelsize=11)
    if max((len(label) for _, label in scale.ticks), default=0) * len(scale.ticks) > 30:
        panel.tick_params(axis="x", labelrotation=40)
    panel.grid(alpha=0.25)


def _across(trial, axis, scale):
    value = trial["parameters"][axis.name]
    return value if scale.places is None else scale.places[value] + 0.25 * _spread(trial)


def _number(value, log=False):
    """A tick as people write it.

    >>> _number(1e-05), _number(0.05), _number(0.05, log=True), _number(16.0)
    ('1e-5', '0.05', '5e-2', '16')
    """
    least = 0.099 if log else 1e-3
    text = f"{value:.6g}" if abs(value) > least or value == 0 else f"{value:.6e}"
    digits, _, power = text.partition("e")
    if not power:
        return text
    return f"{float(digits):g}e{int(power)}"


def _short(value, most=14):
    """A value as a space writes it; of a long one the end, where names of folders differ.

    >>> _short(True), _short(1), _short("models/pretrained-2")
    ('on', '1', '…/pretrained-2')
    """
    text = ("on" if value else "off") if isinstance(value, bool) else str(value)
    return text if len(text) <= most else "…" + text[1 - most:]
