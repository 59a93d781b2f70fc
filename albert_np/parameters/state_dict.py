"""Weights in and out of a tree, under the names and in the layouts of the published ones.

The names stand in :mod:`albert_np.parameters.published_names`.
"""

import re

import numpy as np

from ..functional.trees import flatten
from .published_names import NOT_WEIGHTS, TIED, name_table


def to_state_dict(config, tree, prefix="albert."):
    """A flat dict under Hugging Face's names and in its layouts.

    Parameters
    ----------
    config : AlbertConfig
    tree : dict
        Parameters, or gradients: the same transposition serves both.
    prefix : str
        As in :func:`~albert_np.parameters.published_names.name_table`.

    Returns
    -------
    dict of str to array
        Copies, in C order. Tied weights occur once.
    """
    return {theirs: np.array(leaf.T if transposed else leaf, order="C")
            for theirs, leaf, transposed in _pairs(config, tree, prefix)}


def from_state_dict(config, tree, mapping, prefix="albert."):
    """Copy published weights into a tree of parameters, all of them or, on an error, none.

    Parameters
    ----------
    config : AlbertConfig
    tree : dict, changed in place
    mapping : dict of str to array
    prefix : str
        As in :func:`~albert_np.parameters.published_names.name_table`.

    Raises
    ------
    ValueError
        That lists every name that is missing or unknown and every shape that does not fit.
    """
    pairs = _pairs(config, tree, prefix)
    shapes = {theirs: leaf.T.shape if transposed else leaf.shape
              for theirs, leaf, transposed in pairs}
    faults = [f"{name} is missing" for name in shapes if name not in mapping]
    faults += [f"{name} is unknown" for name in mapping
               if name not in shapes and name not in TIED and not re.search(NOT_WEIGHTS, name)]
    faults += [f"{name} has shape {np.shape(mapping[name])} instead of {shape}"
               for name, shape in shapes.items()
               if name in mapping and np.shape(mapping[name]) != shape]
    if faults:
        raise ValueError("the weights do not fit the configuration: " + "; ".join(faults))
    for theirs, leaf, transposed in pairs:
        value = np.asarray(mapping[theirs])
        leaf[...] = value.T if transposed else value


def _pairs(config, tree, prefix):
    """(Hugging Face's name, our array, transposed?) for every component that the tree has."""
    flat = flatten(tree)
    return [(name.hugging_face, flat[name.ours], "HF" in name.transposed)
            for name in name_table(config, prefix) if name.ours in flat]
