"""The steps that all backward passes of task models have in common."""

from dataclasses import replace

import numpy as np

from .trunk import add_optional, albert_backward, trunk_shapes
from .outputs import upstream_gradients


def upstream(model, d_output, albert_cache, shapes, loss_cache, needed="labels"):
    """The upstream gradient of every output, checked; those not given are None.

    Parameters
    ----------
    model : a task model
    d_output : AlbertOutput, dict or None
        None means ``{"loss": 1}``.
    albert_cache : from :func:`~albert_np.models.albert_forward`
    shapes : dict of str to tuple
        Of the outputs of the head.
    loss_cache : what the loss left behind, or None where there were no labels
    needed : str
        What would have given a loss.

    Returns
    -------
    AlbertOutput

    Raises
    ------
    ValueError
        Where a gradient does not fit its output, or is given for a loss that there is not.
    """
    shapes = {**trunk_shapes(model.config, albert_cache), **shapes, "loss": ()}
    d = upstream_gradients({"loss": 1.0} if d_output is None else d_output, shapes, model.dtype)
    if d.loss is not None and loss_cache is None:
        raise ValueError(f"there is no loss to differentiate: forward was not given {needed}")
    return d


def add(shape, dtype, *gradients):
    """The sum of the gradients that are not None, of this shape even where all are.

    Parameters
    ----------
    shape : tuple
    dtype : dtype
    gradients : arrays of as many entries, or None

    Returns
    -------
    array
    """
    total = np.zeros(shape, dtype)
    for gradient in gradients:
        if gradient is not None:
            total += gradient.reshape(shape)
    return total


def trunk_backward(params, d, albert_cache, contributions, sequence=None, pooled=None):
    """Gradients of the trunk: from its head, and from what is asked of its own outputs.

    Parameters
    ----------
    params : tree of the model's parameters
    d : AlbertOutput
        Upstream gradients of the model's outputs.
    albert_cache, contributions : as in :func:`~albert_np.models.albert_backward`
    sequence : array (B, T, H), optional
        What the head says of the sequence output.
    pooled : array (B, H), optional
        What the head says of the pooled output.

    Returns
    -------
    grads : dict of embeddings, encoder and, where there is one, pooler
    """
    if sequence is not None:
        d = replace(d, sequence_output=add_optional(sequence, d.sequence_output))
    if pooled is not None:
        d = replace(d, pooled_output=add_optional(pooled, d.pooled_output))
    return albert_backward(params, d, albert_cache, contributions)
