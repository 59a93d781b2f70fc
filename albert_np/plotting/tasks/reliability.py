"""Whether a model may be believed when it says how sure it is."""

from ...tasks.metrics.calibration import calibration_bins, expected_calibration_error
from ..figures import BLUE, GREY, ORANGE, save_figure
from .drawing import label_axes
from .lettering import lettering


def reliability_figure(labels, probabilities, bins=10, title=None):
    """A reliability diagram: how often a model is right, by how sure it is.

    Above, a dot for each bin at its mean confidence and its accuracy, and its distance from the
    diagonal, where a calibrated model would be. Below, how many examples the bin has. The expected
    calibration error is the mean distance, weighted by these numbers.

    Parameters
    ----------
    labels : sequence of N integers
    probabilities : float array (N, C)
    bins : int
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        As :func:`~albert_np.tasks.metrics.calibration_bins`.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger 2017, figure 1.
    """
    from matplotlib.figure import Figure

    counts, confidence, accuracy = calibration_bins(labels, probabilities, bins)
    error = expected_calibration_error(labels, probabilities, bins).value
    figure = Figure(figsize=(7, 7.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    used = counts > 0
    above.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1.2, label="calibrated")
    above.vlines(confidence[used], confidence[used], accuracy[used], color=ORANGE, linewidth=4,
                 alpha=0.6, label="distance")
    above.plot(confidence[used], accuracy[used], color=BLUE, marker="o", markersize=8,
               linewidth=1.5, label="model")
    above.set_xlim(0, 1)
    above.set_ylim(-0.02, 1.02)
    label_axes(above, "", "accuracy")
    (heading,), fonts = lettering(title or "Reliability")
    above.set_title(f"{heading}\nexpected calibration error {error:.3f}", fontsize=14,
                    fontfamily=fonts)
    above.legend(fontsize=12, loc="upper left")
    bars = below.bar([(b + 0.5) / bins for b in range(bins)], counts, 0.9 / bins, color=BLUE)
    if bins <= 20:
        below.bar_label(bars, [f"{n:,}" if n else "" for n in counts], fontsize=10, padding=2,
                        rotation=90 if bins > 12 else 0)
    below.set_ylim(0, 1.25 * counts.max())
    label_axes(below, "confidence: probability of the label guessed", "examples")
    return figure


def plot_reliability(labels, probabilities, path, bins=10, title=None):
    """Save :func:`reliability_figure` as PNG.

    Parameters
    ----------
    labels, probabilities, bins, title : as in :func:`reliability_figure`
    path : str or Path

    Returns
    -------
    Path
    """
    return save_figure(reliability_figure(labels, probabilities, bins, title), path)
