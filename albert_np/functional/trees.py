"""Trees of arrays: parameters, their gradients and the optimisers' moments all have this shape.

A tree is a dict (or a list) of trees, and its leaves are arrays::

    params["encoder"]["attention"][0]["W_q"]        # (H, H)

Its dotted name is ``encoder.attention.0.W_q``. The few functions below are all that the rest of
the package needs to treat "all parameters" as one thing.
"""

import numpy as np


def _items(tree):
    """The (key, branch) pairs of one node."""
    return tree.items() if isinstance(tree, dict) else enumerate(tree)


def tree_map(function, tree, *others):
    """Apply ``function`` to every leaf (and to the leaves at the same place of the others).

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
    """A flat dict from dotted names to leaves, in the order of the tree.

    Examples
    --------
    >>> flatten({"dense": {"W": 1, "b": 2}, "blocks": [3]})
    {'dense.W': 1, 'dense.b': 2, 'blocks.0': 3}
    """
    flat = {}
    for key, branch in _items(tree):
        name = f"{prefix}{key}"
        if isinstance(branch, (dict, list, tuple)):
            flat.update(flatten(branch, name + "."))
        else:
            flat[name] = branch
    return flat


def zeros_like(tree):
    """A tree of the same shape, filled with zeros."""
    return tree_map(np.zeros_like, tree)


def add_in_place(total, tree):
    """total += tree, leaf by leaf. Returns ``total``."""
    for key, branch in _items(tree):
        if isinstance(branch, (dict, list, tuple)):
            add_in_place(total[key], branch)
        else:
            total[key] += branch
    return total


def count(tree):
    """Number of scalars in the tree."""
    return sum(leaf.size for leaf in flatten(tree).values())


def cast(tree, dtype):
    """A copy of the tree with every leaf of the given dtype."""
    return tree_map(lambda leaf: leaf.astype(dtype), tree)


def global_norm(tree):
    """Square root of the sum of squares of all leaves.

    The squares of a leaf are summed in its own dtype, the sums of the leaves in float64.

    Returns
    -------
    float
    """
    vectors = (leaf.ravel() for leaf in flatten(tree).values())
    return float(np.sqrt(sum(float(np.dot(vector, vector)) for vector in vectors)))
