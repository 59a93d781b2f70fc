"""Embeddings, encoder and pooler, one after the other: what every model begins with."""

from dataclasses import fields, replace

import numpy as np

from ..functional import IGNORED
from ..functional.trees import zeros_like
from ..layers import (embeddings_backward, embeddings_forward, encoder_backward, encoder_forward,
                      pooler_backward, pooler_forward, visible_keys)
from .labels import answer_labels
from .outputs import AlbertOutput


def albert_forward(params, input_ids, attention_mask, token_type_ids, config, rng=None,
                   recompute=False, positions=None):
    """Embeddings, encoder and pooler, one after the other: what every model here begins with.

    Parameters
    ----------
    params : dict
        embeddings, encoder, pooler (and whatever heads the model adds). The pooler may be missing.
    input_ids, token_type_ids : integer arrays (B, T)
    attention_mask : array (B, T) or (B, T, T), or None
    config : AlbertConfig
    rng : numpy.random.Generator or None
    recompute : bool
        See :func:`~albert_np.layers.encoder_forward`.
    positions : integer array (B, R), or None
        The positions whose last hidden state is needed, the first token's first; None means all.

    Returns
    -------
    output : AlbertOutput
        sequence_output, pooled_output (None without a pooler), hidden_states, attentions.
    cache : what the backward pass needs
    """
    h, embeddings_cache = embeddings_forward(params["embeddings"], input_ids, token_type_ids,
                                             config, rng)                            # (B, T, H)
    (hidden_states, attentions), encoder_cache = encoder_forward(
        params["encoder"], h, visible_keys(attention_mask), config, rng, recompute, positions)
    sequence_output = hidden_states[-1]                                              # (B, R, H)
    pooled_output = pooler_cache = None
    if "pooler" in params:
        pooled_output, pooler_cache = pooler_forward(params["pooler"], sequence_output)  # (B, H)
    output = AlbertOutput(sequence_output=sequence_output, pooled_output=pooled_output,
                          hidden_states=hidden_states, attentions=attentions)
    return output, (embeddings_cache, encoder_cache, pooler_cache, sequence_output, h.shape)


def albert_backward(params, d_output, cache, contributions=None):
    """Gradients of embeddings, encoder and pooler.

    Parameters
    ----------
    params : as in :func:`albert_forward`
    d_output : AlbertOutput
        The upstream gradient of each output; None where an output is not used.
    cache : from :func:`albert_forward`
    contributions : list, optional
        Receives the encoder's gradients at each depth, the shallowest first.

    Returns
    -------
    grads : dict of embeddings, encoder and, where there is one, pooler
    """
    embeddings_cache, encoder_cache, pooler_cache, sequence_output, _ = cache
    depths = len(encoder_cache[0])
    d_hidden_states = list(d_output.hidden_states or [None] * (depths + 1))
    d_attentions = list(d_output.attentions or [None] * depths)

    # forward: pooled_output = pooler(sequence_output)
    if d_output.pooled_output is None:
        d_from_pooler, pooler_grads = None, zeros_like(params.get("pooler", {}))
    else:
        d_from_pooler, pooler_grads = pooler_backward(params["pooler"], d_output.pooled_output,
                                                      pooler_cache)
    # The last hidden state has three uses: as itself, as sequence output, and by the pooler.
    d_last = np.zeros_like(sequence_output)
    for use in (d_hidden_states[-1], d_output.sequence_output, d_from_pooler):
        d_last = add_optional(d_last, use)
    d_hidden_states[-1] = d_last
    # forward: hidden_states, attentions = encoder(h)
    dh, encoder_grads = encoder_backward(params["encoder"], (d_hidden_states, d_attentions),
                                         encoder_cache, contributions)
    # forward: h = embeddings(input_ids, token_type_ids)
    embeddings_grads = embeddings_backward(params["embeddings"], dh, embeddings_cache)
    grads = {"embeddings": embeddings_grads, "encoder": encoder_grads}
    return {**grads, "pooler": pooler_grads} if "pooler" in params else grads


def trunk_shapes(config, albert_cache):
    """The shapes of the outputs of :func:`albert_forward`."""
    _, encoder_cache, pooler_cache, sequence_output, (B, T, H) = albert_cache
    R, A = sequence_output.shape[1], config.num_attention_heads
    depths = len(encoder_cache[0])
    pooled = {} if pooler_cache is None else {"pooled_output": (B, H)}
    return {"sequence_output": (B, R, H), **pooled,
            "hidden_states": [(B, T, H)] * depths + [(B, R, H)],
            "attentions": [(B, A, T, T)] * (depths - 1) + [(B, A, R, T)]}


def add_optional(array, other):
    """array + other, where other may be None."""
    return array if other is None else array + other


# ---- for the backward pass of every model: its outputs have gradients, its heads add theirs ------

def upstream_gradients(given, shapes, dtype):
    """Upstream gradients as an AlbertOutput, checked against the outputs they belong to.

    Parameters
    ----------
    given : AlbertOutput or dict
    shapes : dict
        The shape of each output that may have a gradient; a list of shapes for a list of outputs.
    dtype : dtype
        What the gradients become.

    Returns
    -------
    AlbertOutput

    Raises
    ------
    ValueError
        Where there is no such output, or the gradient has another shape than the output.
    """
    if isinstance(given, AlbertOutput):
        given = {f.name: getattr(given, f.name) for f in fields(AlbertOutput)}
    if not isinstance(given, dict):
        raise ValueError("d_output must be an AlbertOutput or a dict with the gradient of each "
                         "output that matters")
    checked = {}
    for name, gradient in given.items():
        if gradient is None:
            continue
        if name not in shapes:
            raise ValueError(f"there is no output {name!r} to give a gradient of; there are "
                             f"{', '.join(shapes)}")
        if isinstance(shapes[name], list):
            if len(gradient) != len(shapes[name]):
                raise ValueError(f"{len(gradient)} gradients are given for the "
                                 f"{len(shapes[name])} {name}; an entry may be None, but none "
                                 f"may be left out")
            checked[name] = [None if one is None else _checked(f"{name}[{i}]", one, shape, dtype)
                             for i, (one, shape) in enumerate(zip(gradient, shapes[name]))]
        else:
            checked[name] = _checked(name, gradient, shapes[name], dtype)
    return AlbertOutput(**checked)


def _checked(name, gradient, shape, dtype):
    gradient = np.asarray(gradient, dtype=dtype)
    if gradient.shape != shape:
        raise ValueError(f"the gradient of {name} has shape {gradient.shape}, but {name} has "
                         f"shape {shape}")
    return gradient


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


def label_counts(batch):
    """How many labels of a batch count, by name: what its losses are means of.

    ``model.label_counts`` calls it, and also knows which integers are numbers to be predicted.

    Parameters
    ----------
    batch : dict
        The keyword arguments of a model's forward pass.

    Returns
    -------
    dict of str to int
        ``labels`` and ``sentence_order_label``: entries that are not -100, or all if they are
        floating-point numbers (-100.0 is a label like any other); ``start_positions`` and
        ``end_positions``: those that are in the text. Names without labels are left out. With
        ``label_weights``, ``labels`` is a float, the sum of the weights of the labels that count.
    """
    counts = {name: _count(batch[name], batch.get("label_weights") if name == "labels" else None)
              for name in ("labels", "sentence_order_label") if batch.get(name) is not None}
    T = np.shape(batch["input_ids"])[-1]
    return counts | {name: _count(answer_labels(batch[name], T))
                     for name in ("start_positions", "end_positions")
                     if batch.get(name) is not None}


def _count(labels, weights=None):
    labels = np.asarray(labels)
    if np.issubdtype(labels.dtype, np.floating):
        return labels.size
    if weights is not None:
        return float(np.asarray(weights, np.float64)[labels != IGNORED].sum())
    return int(np.count_nonzero(labels != IGNORED))


def share_of_batch(loss, name, labels, counts, weights=None):
    r"""Turn the mean over a part's own labels into the part's share of the mean over a batch.

    .. math::
       :label: PAR.1

       \text{loss} = \sum_i \frac{N_i}{N}\, \text{loss}_i

    where part i has :math:`N_i` of the N labels that count: :math:`N_i\, \text{loss}_i` is the sum
    over its labels, and the sum over all labels divided by N is the mean over the batch. If the
    labels have weights, :math:`N_i` and N are sums of weights, W in (CE.1).

    Parameters
    ----------
    loss : scalar
        The mean over the labels of this part.
    name : str
    labels : array
    counts : dict or None
        From ``model.label_counts`` of the whole batch; None: this is the whole batch.
    weights : array, optional
        The weight of each label.

    Returns
    -------
    loss : scalar
    share : float
        The derivative of the one with respect to the other.

    Examples
    --------
    This part has one of the four labels of the batch:

    >>> loss, labels = 2.0, np.array([[3, -100]])
    >>> share_of_batch(loss, "labels", labels, {"labels": 4})
    (0.5, 0.25)
    """
    if counts is None:
        return loss, 1.0
    own = _count(labels, weights)
    share = own / counts[name] if own else 0.0
    share = float(share)                                # NumPy's float64 would promote the loss
    return loss * share, share                                         # (PAR.1)


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
    total = None
    for gradient in gradients:
        if gradient is not None:
            gradient = gradient.reshape(shape)
            total = gradient if total is None else total + gradient
    return np.zeros(shape, dtype) if total is None else total


def trunk_backward(params, d, albert_cache, contributions, sequence=None, pooled=None):
    """Gradients of the trunk: from its head, and from the gradients given for its own outputs.

    Parameters
    ----------
    params : tree of the model's parameters
    d : AlbertOutput
        Upstream gradients of the model's outputs.
    albert_cache, contributions : as in :func:`~albert_np.models.albert_backward`
    sequence : array (B, T, H), optional
        Gradient of the loss with respect to the sequence output, from the head.
    pooled : array (B, H), optional
        Gradient of the loss with respect to the pooled output, from the head.

    Returns
    -------
    grads : dict of embeddings, encoder and, where there is one, pooler
    """
    if sequence is not None:
        d = replace(d, sequence_output=add_optional(sequence, d.sequence_output))
    if pooled is not None:
        d = replace(d, pooled_output=add_optional(pooled, d.pooled_output))
    return albert_backward(params, d, albert_cache, contributions)
