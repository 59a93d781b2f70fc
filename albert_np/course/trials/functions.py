"""Trials of the functions: linear maps, softmax, layer norm, activations, dropout, losses."""

import numpy as np

from ... import functional as F
from .draw import slopes


def gradients(names, result):
    """The gradients a backward pass gave, under the names of the inputs."""
    result = result if isinstance(result, tuple) else (result,)
    return dict(zip(names, result)) if len(result) == len(names) else list(result)


def pair(stem, inputs_of):
    """The two trials of a function and its backward pass.

    Parameters
    ----------
    stem : str
        Such as "linear", for ``linear_forward`` and ``linear_backward``.
    inputs_of : callable
        From a Draw to (dict of the arrays that have a gradient, tuple of the other arguments).

    Returns
    -------
    forward, backward : generator functions
    """
    def forward_trial(f, draw):
        inputs, others = inputs_of(draw)
        forward = getattr(f, f"{stem}_forward")
        y, cache = forward(*inputs.values(), *_again(others))
        yield "y", y
        # A cache is right if the backward pass can work with it: the package's, or the student's.
        dy = draw.like(y)
        yield "the gradients from its cache", _with_either(f, stem, inputs, dy, cache)

    def backward_trial(f, draw):
        inputs, others = inputs_of(draw)
        reference = getattr(F, f"{stem}_forward")
        y, cache = reference(*inputs.values(), *_again(others))
        dy = draw.like(y)

        def forward(**inputs):
            return reference(*inputs.values(), *_again(others))[0]

        yield ("gradients", gradients(inputs, getattr(f, f"{stem}_backward")(dy, cache)),
               slopes(forward, inputs, dy))

    return forward_trial, backward_trial


def _again(others):
    """The other arguments, each generator anew."""
    return [np.random.default_rng(7) if other == "rng" else other
            for other in others]


def _with_either(f, stem, inputs, dy, cache):
    try:
        return gradients(inputs, getattr(F, f"{stem}_backward")(dy, cache))
    except Exception:
        return gradients(inputs, getattr(f, f"{stem}_backward")(dy, cache))


def _linear(draw):
    return {"x": draw.normal(draw.B, draw.T, draw.H), "W": draw.normal(draw.H, draw.F),
            "b": draw.normal(draw.F)}, ()


def _layer_norm(draw):
    return {"x": draw.normal(draw.B, draw.T, draw.H), "gamma": draw.normal(draw.H),
            "beta": draw.normal(draw.H)}, (0.3,)


linear_forward, linear_backward = pair("linear", _linear)
layer_norm_forward, layer_norm_backward = pair("layer_norm", _layer_norm)
softmax_forward, softmax_backward = pair(
    "softmax", lambda draw: ({"x": 2 * draw.normal(draw.B, draw.A, draw.T)}, ()))
