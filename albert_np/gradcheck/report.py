"""The microscope: what gradient checks see, as pictures for people.

Three questions, a picture each: where in each parameter are the errors; how does the error depend
on the step; and what does each depth contribute to the gradient of a shared weight?
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..models import AlbertForPreTraining
from ..parameters import flatten
from .all_checks import all_checks
from .compare_gradients import check_directions
from .differences import relative_error
from .one_check import padding_mask, random_parameters, small_config

PICTURES = ("errors.png", "steps.png", "depths.png")


def write_report(folder, only=None):
    """Draw the pictures of one component.

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist.
    only : str, optional
        Which component, see :func:`find_check`; None draws the encoder layer.

    Returns
    -------
    pictures : list of Path
        ``errors.png``, ``steps.png`` and, where the component is applied at several depths,
        ``depths.png``.
    remarks : list of str
        A sentence for each thing that a reader might expect otherwise.
    """
    from ..plotting import plot_depths, plot_error_maps, plot_steps

    folder = Path(folder)
    check, remarks = find_check(only)
    name = check.component
    steps, curves = errors_by_step(check)
    pictures = [
        plot_error_maps(error_maps(check), folder / "errors.png",
                        f"Relative errors of all derivatives of {name}\n"
                        f"by centred differences; above each parameter its worst"),
        plot_steps(steps, curves, folder / "steps.png", f"Error of numerical slopes of {name}"),
    ]
    shared = shared_part(check)
    if shared is None:
        remarks.append(f"no depths.png: nothing of {name!r} is a weight that every depth shares")
    else:
        config, part = shared
        norms, cosines = depth_contributions(config=config, part=part)
        pictures.append(plot_depths(norms, cosines, folder / "depths.png",
                                    f"What each depth adds to the shared gradient of {name}"))
    return pictures, remarks


def find_check(only=None):
    """The gradient check that a word means.

    Parameters
    ----------
    only : str, optional
        A component, or the part of its name before the comma, or a piece of its name; None means
        "encoder_layer". Where several fit, the first is taken.

    Returns
    -------
    check : GradientCheck
    remarks : list of str
        A sentence, where several fit.

    Raises
    ------
    ValueError
        Where none fits.

    Examples
    --------
    >>> check, remarks = find_check("feed_forward")
    >>> remarks
    ["the first of 5 components that 'feed_forward' fits: feed_forward, gelu"]
    """
    only = "encoder_layer" if only is None else only
    checks = all_checks()
    for fits in (lambda name: name == only, lambda name: name.split(",")[0] == only,
                 lambda name: only in name):
        fitting = [check for check in checks if fits(check.component)]
        if fitting:
            break
    else:
        raise ValueError(f"no component's name contains {only!r}")
    remarks = [] if len(fitting) == 1 else [
        f"the first of {len(fitting)} components that {only!r} fits: {fitting[0].component}"]
    return fitting[0], remarks


# Components that are parts of an encoder layer, and where their gradients are in the layer's.
PARTS = {
    "encoder_layer": "",
    "attention_block": "attention.",
    "attention": "attention.self_attention.",
    "feed_forward_block": "feed_forward.",
    "feed_forward": "feed_forward.feed_forward.",
}


def shared_part(check):
    """Which weights of a component every depth shares.

    Parameters
    ----------
    check : GradientCheck

    Returns
    -------
    (AlbertConfig, str) or None
        A configuration, and the beginning of the dotted names within a layer; "" is all of them.
        None where there are no such weights.
    """
    if check.config is None:
        return None
    name = check.component.split(",")[0]
    if name in PARTS:
        return check.config, PARTS[name]
    if name in ("encoder", "AlbertModel", "AlbertForPreTraining"):
        attention, feed_forward = (len(set(used)) == 1 for used in zip(*check.config.schedule))
        if attention or feed_forward:
            return check.config, ("" if attention and feed_forward
                                  else "attention." if attention else "feed_forward.")
    return None


def error_maps(check, method="centred", seed=0):
    """The relative error of every single entry.

    Parameters
    ----------
    check : GradientCheck
    method : {"centred", "complex", "extended"}
    seed : int
        As in :meth:`~albert_np.gradcheck.one_check.GradientCheck.run`.

    Returns
    -------
    dict of str to array
        From the printed name of each parameter to errors of its shape.
    """
    return {report.parameter: (np.abs(report.gradient - report.slopes)
                               / np.maximum(np.abs(report.gradient) + np.abs(report.slopes),
                                            report.floor)).astype(np.float64)
            for report in replace(check, entries=None).run(method, seed)}


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
            report = check_directions(check.forward, check.backward, check.inputs,
                                      rng=np.random.default_rng(seed), directions=3,
                                      method=method, step=h)
            error = relative_error(report.analytic, report.numerical)          # without a floor
            errors.append(max(error, 1e-17))
        curves[method] = np.array(errors)
    return steps, curves


def depth_contributions(depths=6, seed=0, config=None, part=""):
    """What each depth adds to the gradient of the shared layer (ENC.3).

    Parameters
    ----------
    depths : int
        How often the layer is applied.
    seed : int
    config : AlbertConfig, optional
        Of the model, up to its depth; dropout is off.
    part : str
        Only the parameters of the layer whose dotted names begin so.

    Returns
    -------
    norms : array (depths,)
        The length of each depth's contribution, all these parameters as one vector.
    cosines : array (depths, depths)
        Between every two of them: 1 where two depths pull the same way, -1 where they oppose.
    """
    config = replace(config or small_config(), num_hidden_layers=depths)
    model = AlbertForPreTraining(config, dtype=np.float64)
    model.params = random_parameters(config, seed)
    ids = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]])
    labels = np.array([[-100, 9, -100, -100, 0], [-100, -100, 16, -100, -100]])
    _, cache = model.forward(ids, padding_mask(), labels=labels, sentence_order_label=[1, 0])
    contributions = []
    model.backward(cache, contributions=contributions)
    vectors = np.array([np.concatenate([leaf.ravel() for name, leaf in flatten(tree).items()
                                        if name.startswith(part)]) for tree in contributions])
    norms = np.sqrt(np.square(vectors).sum(axis=1))
    return norms, vectors @ vectors.T / np.outer(norms, norms)
