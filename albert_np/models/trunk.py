"""Embeddings, encoder and pooler, one after the other: what every model begins with."""

import numpy as np

from ..functional.trees import zeros_like
from ..layers import (embeddings_backward, embeddings_forward, encoder_backward, encoder_forward,
                      pooler_backward, pooler_forward, visible_keys)
from .outputs import AlbertOutput


def albert_forward(params, input_ids, attention_mask, token_type_ids, config, rng=None,
                   recompute=False, queries=None):
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
    queries : integer array (B, R), or None
        The positions whose last hidden state is wanted, the first token's first.

    Returns
    -------
    output : AlbertOutput
        sequence_output, pooled_output (None without a pooler), hidden_states, attentions.
    cache : what the backward pass needs
    """
    h, embeddings_cache = embeddings_forward(params["embeddings"], input_ids, token_type_ids,
                                             config, rng)                            # (B, T, H)
    (hidden_states, attentions), encoder_cache = encoder_forward(
        params["encoder"], h, visible_keys(attention_mask), config, rng, recompute, queries)
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


def predicted_positions(masked):
    """Where the last hidden state is looked at: at [CLS] and at the masked positions.

    Parameters
    ----------
    masked : boolean array (B, T)

    Returns
    -------
    integer array (B, R)
        R is the largest number of such positions in a sequence. A sequence with fewer is filled
        up with others of its own, which nobody looks at.
    """
    asked = masked.copy()
    asked[:, 0] = True
    R = asked.sum(axis=1).max()
    return np.argsort(~asked, axis=1, kind="stable")[:, :R]      # those asked first, in their order


def add_optional(array, other):
    """array + other, where other may be None."""
    return array if other is None else array + other
