"""Check the gradient at the very numbers of an example, with its own upstream gradient.

A gradient check that draws its numbers says whether a function is right. This one says what can be
seen of it at the numbers that a reader has in front of them.
"""

from __future__ import annotations

import copy

import numpy as np

from ...functional.trees import leaves_at, tree_map, tree_paths
from ..compare_gradients import check_inputs_of

BOUND = 1e-7     # relative error; far above the rounding of the complex step at awkward numbers


def check_calls(forward, backward):
    """Compare what a backward call of an example says with what its forward call does.

    Parameters
    ----------
    forward, backward : DirectCall
        ``forward(...) -> y, cache``; ``backward(dy, cache)``, with ``params`` in front if the
        forward function has it. What backward returns are the gradients of the forward function's
        arrays in their order, and in a dict those of ``params``.

    Returns
    -------
    list of GradientReport
        One for each array, by the complex step.

    Raises
    ------
    ValueError
        If nothing can be compared, or if the functions fail at these numbers.

    Examples
    --------
    >>> from .examples import trace_function
    >>> calls = trace_function("tanh_backward", {"dy": np.array([0.0, 100.0])}).direct
    >>> [(report.parameter, report.error < BOUND) for report in check_calls(*calls)]
    [('x', True)]
    """
    try:
        with np.errstate(all="ignore"):
            return _check(forward, backward)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"the functions fail at these numbers: {type(error).__name__}: "
                         f"{error}") from error


def _check(forward, backward):
    upstream = next(name for name in backward.arguments if name not in ("params", "cache"))
    dy = backward.arguments[upstream]
    outputs, cache = _run(forward, forward.arguments)
    used = [path for path in tree_paths(dy)
            if all(leaves_at(tree, [path])[0] is not None for tree in (dy, outputs))]
    weights = [np.asarray(leaf, float) for leaf in leaves_at(dy, used)]
    if not any(leaf.any() for leaf in weights):
        raise ValueError(f"nothing is compared: {upstream} is 0 everywhere, and so is every "
                         f"gradient")
    alone = used == [()]                                 # y is an array, not a tuple or a dict
    chosen = weights[0] if alone else weights
    arrays = [name for name, value in forward.arguments.items()
              if isinstance(value, np.ndarray) and value.dtype.kind == "f"]

    def forward_of(inputs):
        outputs, cache = _run(forward, {**forward.arguments, **inputs})
        leaves = leaves_at(outputs, used)
        return leaves[0] if alone else leaves, cache

    def backward_of(inputs, given, cache):
        given = iter([given] if alone else given)
        is_used = iter([path in used for path in tree_paths(dy)])
        arguments = _anew({**backward.arguments, "cache": cache, upstream: tree_map(
            lambda _: next(given) if next(is_used) else None, dy)})
        if "params" in arguments:
            arguments["params"] = inputs["params"]
        return _named(backward.run(**arguments), arrays)

    claimed = backward_of(forward.arguments, chosen, cache)
    inputs = {name: forward.arguments[name] for name in claimed}
    return check_inputs_of(forward_of, backward_of, inputs, method="complex", dy=chosen)


def _run(forward, arguments):
    """The output and the cache; of several losses the output is their sum, as for ``dloss``."""
    outputs, cache = forward.run(**_anew(arguments))
    return getattr(outputs, "loss", outputs), cache


def _anew(arguments):
    """The arguments of another call: a generator as it was, and a list that may be filled."""
    return {name: copy.deepcopy(value) if isinstance(value, (np.random.Generator, list)) else value
            for name, value in arguments.items()}


def _named(result, arrays):
    """The gradients that a backward function returns, by the names of the arrays."""
    parts = result if isinstance(result, tuple) else (result,)
    named = dict(zip(arrays, (part for part in parts if not isinstance(part, dict))))
    trees = [part for part in parts if isinstance(part, dict)]
    return {**named, "params": trees[0]} if trees else named
