"""What the trials of forward and backward passes have in common."""

import numpy as np

from ... import functional
from .random_inputs import slopes


class BadCache(Exception):
    """The package's backward pass cannot work with what a forward pass kept for it."""


class WrongCount(Exception):
    """A backward pass gave more or fewer results than there are inputs with a gradient."""


def again(others):
    """The other arguments, with a generator that starts anew in place of "rng"."""
    return [np.random.default_rng(7) if isinstance(other, str) and other == "rng" else other
            for other in others]


def from_cache(backward, *arguments):
    """What the backward pass makes of a cache: the package's, unless it is of the same exercise.

    Raises
    ------
    BadCache
        It cannot.
    """
    try:
        return backward(*arguments)
    except Exception as error:
        raise BadCache(f"{type(error).__name__}: {error}") from None


def output_and_cache(result):
    """The two results of a forward pass. An array of two rows is no pair.

    Raises
    ------
    TypeError, ValueError
        It is none.
    """
    if not isinstance(result, (tuple, list)):
        raise TypeError("no pair")
    output, cache = result
    return output, cache


def function_pair(stem, cases, both=False):
    """The trials of a function and of its backward pass.

    Parameters
    ----------
    stem : str
        Such as "linear", for ``linear_forward`` and ``linear_backward``.
    cases : generator function
        From a Draw to triples: what this case is about, a dict of the arrays that have a
        gradient, and a tuple of the other arguments.
    both : bool
        One exercise has both functions. Then its own backward pass cannot tell whether the cache is
        right, and the forward trial does not ask for it.

    Returns
    -------
    forward, backward : generator functions
    """
    reference = getattr(functional, f"{stem}_forward")

    def forward_trial(f, draw):
        for what, inputs, others in cases(draw):
            y, cache = output_and_cache(
                getattr(f, f"{stem}_forward")(*inputs.values(), *again(others)))
            yield f"y{what}", y
            if both:
                continue
            dy = draw.like(y)
            yield (f"the gradients from its cache{what}",
                   _named(inputs, from_cache(getattr(f, f"{stem}_backward"), dy, cache)))

    def backward_trial(f, draw):
        for what, inputs, others in cases(draw):
            y, cache = output_and_cache(
                getattr(f, f"{stem}_forward")(*inputs.values(), *again(others)))
            dy = draw.like(y)
            yield (f"gradients{what}", _named(inputs, getattr(f, f"{stem}_backward")(dy, cache)),
                   slopes(lambda **inputs: reference(*inputs.values(), *again(others))[0],
                          inputs, dy))

    return forward_trial, backward_trial


def _named(inputs, result):
    return _under_names(list(inputs), result)


def _under_names(names, result):
    result = result if isinstance(result, (tuple, list)) else (result,)
    if len(result) != len(names):
        raise WrongCount(f"{len(result)} results come back; there should be {len(names)} "
                         f"gradients, of {', '.join(names)}, in this order")
    return {f"d{name}": part for name, part in zip(names, result)}


def layer_pair(stem, reference_forward, reference_backward, cases, dy_of=None):
    """The trials of a layer and of its backward pass.

    Parameters
    ----------
    stem : str
    reference_forward, reference_backward : functions
    cases : generator function
        From a Draw to triples: what this case is about, a dict with "params" and the arrays that
        have a gradient, and a tuple of the other arguments.
    dy_of : callable, optional
        From the case, the outputs and the Draw to the upstream gradient; None draws it at random.

    Returns
    -------
    forward, backward : generator functions
    """
    def upstream(what, y, draw):
        return draw.like(y) if dy_of is None else dy_of(what, y, draw)

    def forward_trial(f, draw):
        for what, inputs, others in cases(draw):
            y, cache = output_and_cache(
                getattr(f, f"{stem}_forward")(*inputs.values(), *again(others)))
            yield f"output{what}", y
            dy = upstream(what, y, draw)
            yield (f"the gradients from its cache{what}",
                   _layer_named(inputs, from_cache(reference_backward, inputs["params"], dy,
                                                   cache)))

    def backward_trial(f, draw):
        for what, inputs, others in cases(draw):
            y, cache = reference_forward(*inputs.values(), *again(others))
            dy = upstream(what, y, draw)
            result = getattr(f, f"{stem}_backward")(inputs["params"], dy, cache)
            yield (f"gradients{what}", _layer_named(inputs, result),
                   slopes(lambda **inputs: reference_forward(*inputs.values(), *again(others))[0],
                          inputs, dy))

    return forward_trial, backward_trial


def _layer_named(inputs, result):
    """dx, what else has a gradient, and the gradients of the parameters, which come last."""
    return _under_names([*list(inputs)[1:], "params"], result)
