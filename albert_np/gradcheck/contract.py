"""What a function must keep to be checked: every breach is an error, so that nothing passes unseen.

A mistake in a gradient that is not compared goes unnoticed. So a check refuses an input that is not
float64, a gradient that is missing or of another shape, an output that is NaN, and a function that
gives two results for the same inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..parameters import leaves_at, tree_map, tree_paths
from .differences import STEP, random_like, working_copies
from .gradient_report import name_of

# Two answers to the same question may differ by this much, in units of their size.
SAME = 1e-10


@dataclass
class Point:
    """A function at one point, with an upstream gradient.

    Attributes
    ----------
    forward : callable
    inputs : tree
        The checker's own copy.
    nudged : tree
        Another copy, of the kind of numbers that the method nudges.
    arrays : dict from path to array
        The arrays of ``nudged`` that have a gradient.
    method : str
    scales : dict from path to float
        The typical size of each array.
    y, dy : trees of arrays
        The outputs, and the upstream gradient.
    gradients : dict from path to array
        What the backward pass says.
    size : float
        How large sum(dy * y) is, if the errors of its terms are independent.
    """

    forward: Callable
    inputs: object
    nudged: object
    arrays: dict
    method: str
    scales: dict
    y: object
    dy: object
    gradients: dict
    size: float


def float_arrays(tree):
    """The leaves of floating-point or complex numbers.

    Returns
    -------
    dict from path to array
    """
    return {path: leaf for path, leaf in leaves(tree).items()
            if np.issubdtype(np.asarray(leaf).dtype, np.inexact)}


def leaves(tree):
    """All leaves, as a dict from path to leaf. Paths cannot collide as joined names can."""
    paths = tree_paths(tree)
    return dict(zip(paths, leaves_at(tree, paths), strict=True))


def typical_size(array):
    """The median size of the entries that are not 0; 1 if all are 0."""
    sizes = np.abs(array[array != 0])
    return float(np.median(sizes)) if sizes.size else 1.0


def check_options(method, name, number, rng):
    """Refuse a method that does not exist, a number that compares nothing, and no generator."""
    if method not in STEP:
        raise ValueError(f"method is {method!r}; it must be one of {', '.join(STEP)}")
    if number is not None and (isinstance(number, bool) or not isinstance(
            number, (int, np.integer)) or number < 1):
        raise ValueError(f"{name} is {number!r}; it must be a whole number of at least 1")
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng is {rng!r}; it must be a generator, as np.random.default_rng(0)")


def check_inputs(inputs):
    """Refuse inputs of which nothing, or not all, could be compared."""
    arrays = float_arrays(inputs)
    if not arrays:
        raise ValueError("no input is an array of float64, so there is no gradient to compare")
    for path, array in arrays.items():
        array, name = np.asarray(array), name_of(path) or "the input"
        if array.dtype != np.float64:
            raise ValueError(f"{name} is {array.dtype}; a gradient check needs float64")
        if not array.size:
            raise ValueError(f"{name} has shape {array.shape}, so there is no entry to compare")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has an entry that is NaN or infinite")


def prepare(forward, backward, inputs, method, rng, dy=None):
    """Run a function and its backward pass, and refuse what breaks the contract.

    Parameters
    ----------
    forward, backward : callables
        As :func:`~albert_np.gradcheck.compare_gradients.check_inputs_of` takes them.
    inputs : tree of arrays
    method : str
    rng : numpy.random.Generator
    dy : tree like the outputs, optional
        The upstream gradient; None draws it.

    Returns
    -------
    Point
    """
    check_inputs(inputs)
    inputs, nudged = working_copies(inputs, method)
    before = tree_map(np.copy, inputs)
    y, cache = _run(forward, inputs)
    _check_outputs(y)
    dy = random_like(y, rng) if dy is None else tree_map(np.array, dy)
    weights = tree_map(np.copy, dy)
    gradients = check_gradient_tree(backward(inputs, weights, cache), inputs)
    _check_unchanged(before, inputs, "forward or backward changes {} in place")
    _check_unchanged({"dy": dy}, {"dy": weights}, "backward changes the upstream gradient {} "
                                                  "in place")

    # The same again, with another forward pass between forward and backward.
    again, cache = _run(forward, inputs)
    _check_same(y, again)
    elsewhere, _ = _run(forward, tree_map(
        lambda leaf: _nearby(leaf, rng) if np.asarray(leaf).dtype.kind == "f" else leaf, inputs))
    second = check_gradient_tree(backward(inputs, weights, cache), inputs)
    for path, gradient in gradients.items():
        if not _same(gradient, second[path]):
            raise ValueError(f"the gradient of {name_of(path)} is another one if forward runs on "
                             f"other inputs before backward: a call overwrites an earlier cache")
    scales = {path: typical_size(array) for path, array in float_arrays(inputs).items()}
    return Point(forward, inputs, nudged, float_arrays(nudged), method, scales, y, dy, gradients,
                 _size(y, elsewhere, dy))


def check_again(point):
    """Refuse a function that remembers earlier calls: it must still give the same outputs."""
    _check_same(point.y, _run(point.forward, point.inputs)[0])


def check_gradient_tree(gradients, inputs):
    """Refuse a gradient that is missing, that belongs to nothing, or of another shape or dtype.

    Returns
    -------
    dict from path to array
        Copies, in the order in which the backward pass gives them.
    """
    given = leaves(gradients)
    arrays = float_arrays(inputs)
    for path, array in arrays.items():
        name = name_of(path) or "the input"
        if path not in given:
            deeper = any(other[:len(path)] == path for other in given)
            raise ValueError(f"the gradient of {name} is a list or a dict, but {name} is an array"
                             if deeper else f"backward gives no gradient of {name}")
        gradient = np.asarray(given[path])
        if given[path] is None:
            raise ValueError(f"backward gives no gradient of {name}: it is None")
        if gradient.shape != array.shape:
            raise ValueError(f"the gradient of {name} has shape {gradient.shape}, "
                             f"but {name} has shape {array.shape}")
        if gradient.dtype != array.dtype:
            raise ValueError(f"the gradient of {name} is {gradient.dtype}, "
                             f"but {name} is {array.dtype}")
    for path in given:
        if path not in arrays:
            raise ValueError(f"backward gives a gradient of {name_of(path)}, which is no input of "
                             f"floating-point numbers")
    return {path: np.array(given[path]) for path in given}


def _run(forward, inputs):
    """The outputs, copied since the next call may overwrite them, and the cache."""
    result = forward(inputs)
    if not (isinstance(result, tuple) and len(result) == 2):
        raise ValueError(f"forward must return (y, cache), but returns {_kind(result)}")
    return tree_map(np.array, result[0]), result[1]


def _kind(thing):
    if isinstance(thing, tuple):
        return f"a tuple of {len(thing)}"
    return f"an array of shape {thing.shape}" if isinstance(thing, np.ndarray) else type(
        thing).__name__


def _check_outputs(y):
    outputs = leaves({"y": y})
    for path, leaf in outputs.items():
        name = name_of(path)
        if leaf.dtype.kind not in "fiub":
            raise ValueError(f"forward returns {name} of {leaf.dtype}; "
                             f"outputs must be arrays of real numbers")
        if leaf.dtype in (np.float16, np.float32):
            raise ValueError(f"forward returns {name} as {leaf.dtype}, though its inputs are "
                             f"float64")
        if not np.isfinite(leaf).all():
            index = ", ".join(str(i) for i in np.argwhere(~np.isfinite(leaf))[0])
            raise ValueError(f"forward returns a number that is NaN or infinite: {name}[{index}]")
    if not any(leaf.size and leaf.dtype.kind == "f" for leaf in outputs.values()):
        raise ValueError("forward returns no floating-point number, so nothing can be compared")


def _same(left, right):
    """Whether two arrays are the same but for rounding."""
    scale = typical_size(left[np.isfinite(left)])
    return left.shape == right.shape and np.allclose(left, right, rtol=SAME, atol=SAME * scale,
                                                     equal_nan=True)


def _check_same(y, again):
    left, right = leaves({"y": y}), leaves({"y": again})
    for path, leaf in left.items():
        if path not in right or not _same(1.0 * leaf, 1.0 * right[path]):
            raise ValueError(f"forward returns another {name_of(path)} for the same inputs: it "
                             f"must not remember earlier calls, and a generator must start anew")


def _check_unchanged(before, after, sentence):
    after = leaves(after)
    for path, leaf in leaves(before).items():
        if not np.array_equal(leaf, after[path], equal_nan=np.asarray(leaf).dtype.kind == "f"):
            raise ValueError(sentence.format(name_of(path) or "the input"))


def _nearby(array, rng):
    """Every entry moved by about one percent, without a change of sign."""
    array = np.asarray(array)
    moves = (0.01 * rng.uniform(-1, 1, array.shape)).astype(array.dtype)
    return array * (1 + moves) if array.any() else moves


def _size(y, elsewhere, dy):
    r"""How large the numbers are that differences subtract.

    Each term dy * y has a rounding error of its own, and independent errors add up like the sides
    of a right angle. Outputs that never change, such as the scores of masked places, cancel
    exactly and do not count.
    """
    total = 0.0
    for here, there, weight in zip(*(leaves(tree).values() for tree in (y, elsewhere, dy)),
                                   strict=True):
        largest = np.where(here == there, 0, np.fmax(np.abs(here), np.abs(there)))
        total += float(np.square((weight * largest).astype(float)).sum())
    if not total > 0:
        raise ValueError("nothing is compared: no output changes if all inputs are moved by one "
                         "percent; does forward use its arguments?")
    return float(np.sqrt(total))
