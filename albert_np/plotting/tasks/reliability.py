"""Whether a model may be believed when it says how sure it is."""

import numpy as np

from ..figures import BLUE, GREY, ORANGE, label_axes, save_figure


def reliability_figure(bins, error, title="Reliability"):
    """A reliability diagram: how often a model is right, by how sure it is.

    Above, a dot for each bin at its mean confidence and its accuracy, and its distance from the
    diagonal, where a calibrated model would be. Below, how many examples the bin has. The expected
    calibration error is the mean distance, weighted by these numbers.

    Parameters
    ----------
    bins : arrays (B,) of counts, mean confidence, and accuracy
        Of B bins of equal width from 0 to 1, as from
        :func:`albert_np.tasks.metrics.calibration_bins`.
    error : number
        The expected calibration error.
    title : str

    Returns
    -------
    matplotlib.figure.Figure

    References
    ----------
    Guo, Pleiss, Sun, Weinberger 2017, figure 1.
    """
    from matplotlib.figure import Figure

    counts, confidence, accuracy = map(np.asarray, bins)
    B = len(counts)
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
    label_axes(above, "", "accuracy", f"{title}\nexpected calibration error {float(error):.3f}")
    above.legend(fontsize=12, loc="upper left")
    bars = below.bar((np.arange(B) + 0.5) / B, counts, 0.9 / B, color=BLUE)
    if B <= 20:
        below.bar_label(bars, [f"{n:,}" if n else "" for n in counts], fontsize=10, padding=2,
                        rotation=90 if B > 12 else 0)
    below.set_ylim(0, 1.25 * counts.max())
    label_axes(below, "confidence: probability of the label guessed", "examples")
    return figure


def plot_reliability(bins, error, path, title="Reliability"):
    """Save :func:`reliability_figure` as PNG at `path`; return the path."""
    return save_figure(reliability_figure(bins, error, title), path)
