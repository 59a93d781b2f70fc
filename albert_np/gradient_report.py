"""The microscope: what gradient checks see, as pictures for people.

Three questions, a picture each: where in each parameter are the errors; how does the error depend
on the step; and what does each depth contribute to the gradient of a shared weight?
"""

from pathlib import Path

import numpy as np

from . import gradcheck
from .gradient_checks import all_checks, padding_mask, random_parameters, small_config
from .models import AlbertForPreTraining
from .parameters import flatten, global_norm


def write_report(folder):
    """Draw the three pictures.

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist.

    Returns
    -------
    list of Path
        ``errors.png``, ``steps.png`` and ``depths.png``.
    """
    from .plotting import plot_depths, plot_error_maps, plot_steps

    folder = Path(folder)
    check = next(check for check in all_checks() if check.component == "encoder_layer")
    steps, curves = errors_by_step(check)
    norms, cosines = depth_contributions()
    return [
        plot_error_maps(error_maps(check), folder / "errors.png",
                        "Relative error of every entry of an encoder layer's gradient"),
        plot_steps(steps, curves, folder / "steps.png"),
        plot_depths(norms, cosines, folder / "depths.png"),
    ]


def error_maps(check, method="centred", seed=0):
    """The relative error of every single entry.

    Parameters
    ----------
    check : GradientCheck
    method : {"centred", "complex"}
    seed : int
        As in :meth:`GradientCheck.run`.

    Returns
    -------
    dict of str to array
        From the dotted name of each parameter to errors of its shape.
    """
    analytic, numerical = both_gradients(check, method, np.random.default_rng([seed, 1]))
    floor = gradcheck.FLOOR[method]
    return {name: np.abs(analytic[name] - numerical[name])
            / np.maximum(np.abs(analytic[name]) + np.abs(numerical[name]), floor)
            for name in analytic}


def both_gradients(check, method, rng, step=None):
    """The gradient that the backward pass gives, and the one that forward passes give.

    Parameters
    ----------
    check : GradientCheck
    method : {"plain", "centred", "complex"}
        "plain" is the centred difference without its correction at 2h.
    rng : numpy.random.Generator
        Draws the upstream gradient.
    step : float, optional
        h; None takes that of :mod:`albert_np.gradcheck`.

    Returns
    -------
    analytic, numerical : dicts from dotted names to arrays
    """
    y, cache = check.forward(check.inputs)
    dy = gradcheck.random_like(y, rng)
    analytic = flatten(check.backward(check.inputs, dy, cache))
    dtype = np.complex128 if method == "complex" else np.float64
    nudged = gradcheck.cast_floats(check.inputs, dtype)
    arrays = flatten(nudged)
    numerical = {name: np.zeros(gradient.shape) for name, gradient in analytic.items()}
    for name, gradient in analytic.items():
        for index in np.ndindex(gradient.shape):
            numerical[name][index] = gradcheck.derivative(
                lambda nudge: gradcheck.nudged_output(check.forward, nudged, arrays[name], index,
                                                      nudge), dy, method, step)
    return analytic, numerical


def errors_by_step(check, seed=0):
    """The worst error of one parameter's gradient, for steps from 1e-12 to 1e-1.

    Parameters
    ----------
    check : GradientCheck
    seed : int

    Returns
    -------
    steps : array (N,)
    curves : dict of str to array (N,)
        For each way of taking the derivative.
    """
    steps = np.logspace(-12, -1, 34)
    curves = {}
    for method in ("plain", "centred", "complex"):
        errors = []
        for h in steps:
            report = gradcheck.check_directions(check.forward, check.backward, check.inputs,
                                                rng=np.random.default_rng(seed), directions=3,
                                                method=method, step=h)
            errors.append(max(report.error, 1e-17))
        curves[method] = np.array(errors)
    return steps, curves


def depth_contributions(depths=6, seed=0):
    """What each depth adds to the gradient of the shared layer (ENC.3).

    Parameters
    ----------
    depths : int
        How often the layer is applied.
    seed : int

    Returns
    -------
    norms : array (depths,)
        The length of each depth's contribution, all parameters of the layer as one vector.
    cosines : array (depths, depths)
        Between every two of them: 1 where two depths pull the same way, -1 where they oppose.
    """
    config = small_config(num_hidden_layers=depths)
    model = AlbertForPreTraining(config, dtype=np.float64)
    model.params = random_parameters(config, seed)
    ids = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]])
    labels = np.array([[-100, 9, -100, -100, 0], [-100, -100, 16, -100, -100]])
    _, cache = model.forward(ids, padding_mask(), labels=labels, sentence_order_label=[1, 0])
    contributions = []
    model.backward(cache, contributions=contributions)
    norms = np.array([global_norm(tree) for tree in contributions])
    vectors = np.array([np.concatenate([leaf.ravel() for leaf in flatten(tree).values()])
                        for tree in contributions])
    return norms, vectors @ vectors.T / np.outer(norms, norms)
