"""Trees of arrays: the parameters, their gradients and the moments of optimisers are trees.

A tree is a dict (or a list) of trees, and its leaves are arrays::

    params["encoder"]["attention"][0]["W_q"]        # (H, H)

The dotted name of this leaf is ``encoder.attention.0.W_q``. With the functions below, the rest of
the package can treat "all parameters" as one object.
"""

from functools import reduce
from numbers import Real
from operator import getitem

import numpy as np


def _items(tree):
    """Return the (key, branch) pairs of one node."""
    return tree.items() if isinstance(tree, dict) else enumerate(tree)


def tree_map(function, tree, *others):
    """Call ``function`` with each leaf and the leaves of the other trees at the same path.

    Examples
    --------
    >>> tree_map(lambda a, b: a + b, {"W": 1, "b": [2, 3]}, {"W": 10, "b": [20, 30]})
    {'W': 11, 'b': [22, 33]}
    """
    if isinstance(tree, dict):
        return {key: tree_map(function, branch, *(other[key] for other in others))
                for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [tree_map(function, branch, *(other[i] for other in others))
                for i, branch in enumerate(tree)]
    return function(tree, *others)


def flatten(tree, prefix=""):
    """Return a flat dict from dotted names to leaves, in the order of the tree.

    Examples
    --------
    >>> flatten({"dense": {"W": 1, "b": 2}, "blocks": [3]})
    {'dense.W': 1, 'dense.b': 2, 'blocks.0': 3}
    """
    flat, waiting = {}, [(prefix, tree)]
    while waiting:
        name, node = waiting.pop()
        if isinstance(node, (dict, list, tuple)):
            start = name + "." if node is not tree else name
            for key, branch in reversed(list(_items(node))):
                waiting.append((f"{start}{key}", branch))
        else:
            flat[name] = node
    return flat


def tree_paths(tree):
    """Return the keys that lead to each leaf, in the order of :func:`flatten`.

    Returns
    -------
    list of tuples

    Examples
    --------
    >>> tree_paths({"dense": {"W": 1, "b": 2}, "blocks": [3]})
    [('dense', 'W'), ('dense', 'b'), ('blocks', 0)]
    """
    if not isinstance(tree, (dict, list, tuple)):
        return [()]
    return [(key, *rest) for key, branch in _items(tree) for rest in tree_paths(branch)]


def leaves_at(tree, paths):
    """Return the leaves at some paths. It is faster than `flatten`, as it does not walk the tree.

    :func:`tree_paths` gives the paths, for this tree or for another one with the same keys.

    Examples
    --------
    >>> leaves_at({"blocks": [3], "dense": {"W": 1}}, [("dense", "W"), ("blocks", 0)])
    [1, 3]
    """
    return [reduce(getitem, path, tree) for path in paths]


def zeros_like(tree):
    """Return a tree of the same shape, filled with zeros.

    Examples
    --------
    >>> zeros_like({"W": np.ones((1, 2)), "b": [np.ones(1)]})
    {'W': array([[0., 0.]]), 'b': [array([0.])]}
    """
    return tree_map(np.zeros_like, tree)


def add_in_place(total, tree):
    """Add tree to total, leaf by leaf. Return ``total``.

    Examples
    --------
    >>> total = {"W": np.array([1.0]), "b": [np.array([2.0])]}
    >>> total is add_in_place(total, {"W": np.array([10.0]), "b": [np.array([20.0])]})
    True
    >>> total
    {'W': array([11.]), 'b': [array([22.])]}
    """
    for key, branch in _items(tree):
        if isinstance(branch, (dict, list, tuple)):
            add_in_place(total[key], branch)
        else:
            total[key] += branch
    return total


def count(tree):
    """Count the numbers in the tree.

    Examples
    --------
    >>> count({"W": np.ones((2, 3)), "b": np.ones(3)})
    9
    """
    return sum(leaf.size for leaf in flatten(tree).values())


def cast(tree, dtype):
    """Return a copy of the tree with every leaf in the given dtype.

    Examples
    --------
    >>> cast({"W": np.ones(2)}, np.float32)
    {'W': array([1., 1.], dtype=float32)}
    """
    return tree_map(lambda leaf: leaf.astype(dtype), tree)


def global_norm(tree):
    """Compute the square root of the sum of squares of all leaves.

    The squares of a leaf are summed in the dtype of the leaf. The sums of all leaves are added in
    float64. If squares overflow or underflow, all entries are first divided by the largest entry.

    Returns
    -------
    float
        It is not finite if an entry is not finite.

    Examples
    --------
    In the second call the squares overflow in float32:

    >>> global_norm([np.array([3.0]), np.array([4.0])])
    5.0
    >>> round(global_norm([np.array([3e20], np.float32), np.array([4e20], np.float32)]) / 1e20, 6)
    5.0
    """
    vectors = [leaf.ravel() for leaf in flatten(tree).values()]
    with np.errstate(over="ignore"):
        squares = _sum_of_squares(vectors)
        # Squares below 1e-38 have few digits in float32, but they cannot change such a sum.
        if 1e-20 < squares < np.inf:
            return float(np.sqrt(squares))
        largest = float(np.max([np.abs(vector).max(initial=0) for vector in vectors]))
        if not 0 < largest < np.inf:                           # no gradient, or one not finite
            return largest
        return largest * _sum_of_squares([vector / largest for vector in vectors])**0.5


def _sum_of_squares(vectors):
    total = 0.0
    for vector in vectors:
        total += float(np.dot(vector, vector))
    return total


def clip_by_global_norm(grads, max_norm):
    r"""Shorten the gradient to at most ``max_norm``. All parameters together are one vector.

    .. math::
       :label: CLIP.1

       g \leftarrow g \cdot \min\!\left(1,\ \frac{\text{max}}{\lVert g \rVert}\right)

    Parameters
    ----------
    grads : tree of arrays, changed in place
    max_norm : float

    Returns
    -------
    float
        The norm before clipping. If it is not finite, no gradient was changed.

    Raises
    ------
    ValueError
        ``max_norm`` is not a positive number.

    References
    ----------
    Pascanu et al. 2013. google-research/albert clips at 1.0.

    Examples
    --------
    The norm of the two arrays together is 5. The first call shortens them to a norm of 1. The
    second call changes nothing, because 1 is less than 2:

    >>> grads = {"W": np.array([3.0]), "b": np.array([4.0])}
    >>> clip_by_global_norm(grads, 1.0)
    5.0
    >>> grads["W"].round(12).tolist(), grads["b"].round(12).tolist()
    ([0.6], [0.8])
    >>> round(clip_by_global_norm(grads, 2.0), 12), grads["W"].round(12).tolist()
    (1.0, [0.6])
    """
    if not (isinstance(max_norm, Real) and max_norm > 0):
        raise ValueError(f"max_norm is {max_norm!r}; it must be positive")
    leaves = list(flatten(grads).values())
    norm = global_norm(leaves)
    if max_norm < norm < np.inf:
        # A factor below 1e-38 would have few digits in float32: multiply twice by its root.
        times = 1 if max_norm / norm > 1e-30 else 2
        for leaf in leaves:
            for _ in range(times):
                leaf *= max_norm**(1 / times) / norm**(1 / times)      # (CLIP.1)
    return norm
