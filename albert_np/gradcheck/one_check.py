"""One gradient check: a function, layer or model with a point to check it at, and its bound.

Sizes that could be mixed up are different (B=2, T=5, A=3, D=4, ...), so that a swapped axis cannot
pass; gammas are not 1 and biases not 0; dropout draws the same mask at every call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import AlbertConfig
from ..functional.trees import tree_map
from ..parameters.initial_values import initial_parameters
from .compare_gradients import check_directions, check_inputs_of

B, T, E, A, D, H, FF, V, P = 2, 5, 6, 3, 4, 12, 14, 17, 7

LAYER_BOUND, MODEL_BOUND = 1e-7, 1e-6
COMPLEX_IS_BETTER = 1e-6       # the complex step's bounds: 1e-13 and 1e-12, in both precisions
POSITIONS = np.array([[4, 0, 1], [2, 3, 0]])      # some positions of each sequence


@dataclass
class GradientCheck:
    """One function, layer or model together with a point at which to check it.

    Attributes
    ----------
    component : str
        Its name in the table.
    forward, backward, inputs
        As :func:`~albert_np.gradcheck.compare_gradients.check_inputs_of` takes them.
    bound : float
        The worst relative error that passes, by centred differences; by the complex step it is a
        million times smaller.
    entries : int or None
        How many random entries of each parameter are checked; None checks all.
    config : AlbertConfig or None
        What it is built from; None for functions, which need none.
    """

    component: str
    forward: Callable
    backward: Callable
    inputs: Any
    bound: float = LAYER_BOUND
    entries: int | None = None
    config: AlbertConfig | None = None

    def run(self, method="centred", seed=0):
        """Check it.

        Returns
        -------
        list of GradientReport
        """
        rng = np.random.default_rng([seed, 1])     # not the generator that the inputs came from
        reports = check_inputs_of(self.forward, self.backward, self.inputs, rng=rng,
                                  entries=self.entries, method=method)
        if self.entries is not None:
            reports.append(check_directions(self.forward, self.backward, self.inputs, rng=rng,
                                            method=method))
        return reports


def small_config(**changes):
    """A configuration whose sizes are all different."""
    return AlbertConfig(**{**dict(
        vocab_size=V, embedding_size=E, hidden_size=H, num_hidden_layers=3, num_attention_heads=A,
        intermediate_size=FF, max_position_embeddings=P, hidden_act="gelu_new"), **changes})


def random_parameters(config, seed=1):
    """Parameters of that configuration with every bias away from 0 and every gamma from 1."""
    rng = np.random.default_rng(seed)
    params = initial_parameters(config, rng, np.float64)
    return tree_map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape), params)


def padding_mask():
    """Two sequences, of which the second has three tokens and two of padding."""
    mask = np.ones((B, T), int)
    mask[1, 3:] = 0
    return mask


def layer_check(component, forward, backward, params, x, **options):
    """A check of the layer contract: forward(params, x), backward(params, dy, cache)."""
    def forward_of_inputs(inputs):
        return forward(inputs["params"], inputs["x"])

    def backward_of_inputs(inputs, dy, cache):
        dx, grads = backward(inputs["params"], dy, cache)
        return {"params": grads, "x": dx}

    return GradientCheck(component, forward_of_inputs, backward_of_inputs,
                         {"params": params, "x": x}, **options)


def bound_of(check, method):
    """The worst relative error that passes with this method.

    Parameters
    ----------
    check : GradientCheck
    method : {"centred", "complex", "extended"}

    Returns
    -------
    float
    """
    return check.bound * (1 if method == "centred" else COMPLEX_IS_BETTER)


def faults(check, reports, method="centred"):
    """The reports that exceed the check's bound.

    Parameters
    ----------
    check : GradientCheck
    reports : list of GradientReport
    method : {"centred", "complex", "extended"}

    Returns
    -------
    list of GradientReport
    """
    return [report for report in reports if not report.error <= bound_of(check, method)]
