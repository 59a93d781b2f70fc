"""The masked-LM head: from hidden states to a score for every piece of the vocabulary."""

from ...functional import (ACTIVATIONS, layer_norm_backward, layer_norm_forward, linear_backward,
                           linear_forward)


def masked_lm_head_forward(params, x, word_embeddings, config):
    r"""Map to E features, apply the activation, normalise, and compare with every embedding.

    .. math::
       :label: MLM.1

       e = \text{LayerNorm}(g(x W + b))

    .. math::
       :label: MLM.2

       y_{mv} = \sum_j e_{mj}\, \text{word}_{vj} + \text{bias}_v

    The output matrix is the transposed word table. (The two are "tied".) A piece has a high score
    if e points in the direction of the embedding of this piece.

    Parameters
    ----------
    params : dict
        dense {W (H, E), b (E,)}, layer_norm {gamma, beta}, bias (V,).
    x : array (..., H)
        Hidden states. In training these are only the masked positions: (M, H).
    word_embeddings : array (V, E)
    config : AlbertConfig

    Returns
    -------
    logits : array (..., V)
    cache : what the backward pass needs

    References
    ----------
    google-research/albert, ``run_pretraining.py``, ``get_masked_lm_output``.

    Examples
    --------
    There are two masked positions and two pieces, and W = 1. At the first position the relu turns
    (1, -1) into (1, 0), whose mean is 1/2 and whose variance is 1/4. With epsilon = 3/4 the
    standard deviation is 1, so e = (1/2, -1/2). The embedding of piece 0 is (2, 0), and its product
    with e is 1. The embedding of piece 1 is (0, 4), and its product with e is -2:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(layer_norm_eps=0.75, hidden_act="relu")
    >>> params = {"dense": {"W": np.eye(2), "b": np.zeros(2)}, "bias": np.zeros(2),
    ...           "layer_norm": {"gamma": np.ones(2), "beta": np.zeros(2)}}
    >>> x, word = np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[2.0, 0.0], [0.0, 4.0]])
    >>> logits, cache = masked_lm_head_forward(params, x, word, config)
    >>> logits.tolist()
    [[1.0, -2.0], [-1.0, 2.0]]
    """
    activation_forward, _ = ACTIVATIONS[config.hidden_act]
    dense, norm = params["dense"], params["layer_norm"]
    u, dense_cache = linear_forward(x, dense["W"], dense["b"])                 # (..., E)
    g, activation_cache = activation_forward(u)
    e, norm_cache = layer_norm_forward(g, norm["gamma"], norm["beta"],
                                       config.layer_norm_eps)                  # (MLM.1)
    logits, tied_cache = linear_forward(e, word_embeddings.T, params["bias"])  # (MLM.2)
    return logits, (dense_cache, activation_cache, norm_cache, tied_cache, config.hidden_act)


def masked_lm_head_backward(params, dy, cache):
    r"""Compute the gradients of the head, and the head's part of the gradient of the word table.

    (MLM.2) is a linear map with the matrix :math:`\text{word}^\top`, so (LIN.2) gives

    .. math::
       :label: MLM.3

       de_{mj} = \sum_v dy_{mv}\, \text{word}_{vj}

    (LIN.3) gives the gradient of the matrix :math:`\text{word}^\top`. Its transpose is the gradient
    of the table:

    .. math::
       :label: MLM.4

       d\text{word}_{vj} = \sum_m dy_{mv}\, e_{mj}

    The look-up uses the table too (EMB.2). The gradient of a weight that is used twice is the sum
    of both gradients, for the same reason as in (ENC.3). The model calls both backward passes and
    adds the results:

    .. math::
       :label: MLM.5

       d\text{word} = d\text{word}_{\text{look-up}} + d\text{word}_{\text{head}}

    Parameters
    ----------
    params : as in :func:`masked_lm_head_forward`
    dy : array (..., V)
    cache : from :func:`masked_lm_head_forward`

    Returns
    -------
    dx : array (..., H)
    dword_embeddings : array (V, E)
    grads : tree like params

    Examples
    --------
    There are two masked positions and two pieces, and W = 1. At the first position the relu turns
    (1, -1) into (1, 0), whose mean is 1/2 and whose variance is 1/4. With epsilon = 3/4 the
    standard deviation is 1, so e = (1/2, -1/2). At the second position e = (-1/2, 1/2). Let dy be 8
    for piece 0 at the first position, and 4 for piece 1 at the second position.

    By (MLM.4) the embedding of piece 0 gets 8 times the e of the first position. The embedding of
    piece 1 gets 4 times the e of the second position. By (MLM.3) the de of the first position is 8
    times the embedding of piece 0, (16, 0). Layer norm turns this into
    (16 - 8 - 2, 0 - 8 + 2) = (6, -6). The relu was active in the first number only, so it passes
    the 6 on:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(layer_norm_eps=0.75, hidden_act="relu")
    >>> params = {"dense": {"W": np.eye(2), "b": np.zeros(2)}, "bias": np.zeros(2),
    ...           "layer_norm": {"gamma": np.ones(2), "beta": np.zeros(2)}}
    >>> x, word = np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[2.0, 0.0], [0.0, 4.0]])
    >>> dy = np.array([[8.0, 0.0], [0.0, 4.0]])
    >>> logits, cache = masked_lm_head_forward(params, x, word, config)
    >>> dx, dword, grads = masked_lm_head_backward(params, dy, cache)
    >>> logits.tolist(), dx.tolist(), dword.tolist(), grads["bias"].tolist()
    ([[1.0, -2.0], [-1.0, 2.0]], [[6.0, 0.0], [0.0, 6.0]], [[4.0, -4.0], [-2.0, 2.0]], [8.0, 4.0])
    """
    dense_cache, activation_cache, norm_cache, tied_cache, hidden_act = cache
    _, activation_backward = ACTIVATIONS[hidden_act]
    # forward: logits = e @ word.T + bias
    de, dword_T, dbias = linear_backward(dy, tied_cache)                       # (MLM.3)
    dword = dword_T.T                                                          # (MLM.4)  (V, E)
    # forward: e = layer_norm(g(u))
    dg, dgamma, dbeta = layer_norm_backward(de, norm_cache)
    du = activation_backward(dg, activation_cache)
    # forward: u = x @ W + b
    dx, dW, db = linear_backward(du, dense_cache)                              # (..., H)
    return dx, dword, {"dense": {"W": dW, "b": db},
                       "layer_norm": {"gamma": dgamma, "beta": dbeta},
                       "bias": dbias}
