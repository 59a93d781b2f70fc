"""Factorised embeddings: a narrow table V x E, then one map from E to H for every token."""

import numpy as np

from ..functional import (dropout_backward, dropout_forward, embedding_backward,
                          embedding_forward, layer_norm_backward, layer_norm_forward,
                          linear_backward, linear_forward)


def embeddings_forward(params, input_ids, token_type_ids, config, rng=None):
    r"""Turn token ids into the first hidden states.

    .. math::
       :label: FE.1

       s_{bt} = \text{word}_{\text{ids}_{bt}} + \text{position}_t + \text{type}_{\text{types}_{bt}}

    .. math::
       :label: FE.2

       e = \text{Dropout}(\text{LayerNorm}(s)), \qquad h = e\, W + b

    The rows of the tables have E numbers, and the encoder needs H. Two matrices, V x E and E x H,
    have V E + E H parameters. One wide table would have V H parameters. With V = 30,000, E = 128
    and H = 768 there are 3.9 million parameters instead of 23 million.

    Parameters
    ----------
    params : dict
        word (V, E), position (P, E), token_type (types, E), layer_norm {gamma, beta}. If
        ``config.embedding_mapping`` is on, also mapping {W (E, H), b (H,)}.
    input_ids, token_type_ids : integer arrays (B, T)
    config : AlbertConfig
    rng : numpy.random.Generator or None
        None turns dropout off.

    Returns
    -------
    h : array (B, T, H)
    cache : what the backward pass needs

    References
    ----------
    Lan et al. 2020, section 3.1, "Factorized embedding parameterization".

    Examples
    --------
    There is one sequence of two tokens, with E = 2 and H = 1. The first token is word 1 at position
    0. The second token is word 0 at position 1. Both tokens have type 1. At the first token
    s = (2, 2) + (1, -1) + (1, 1) = (4, 2). At the second token
    s = (0, 0) + (-1, 1) + (1, 1) = (0, 2). Each s has the variance 1. With epsilon = 3 the standard
    deviation is 2, so e is (1/2, -1/2) at the first token and (-1/2, 1/2) at the second token. The
    map gives h = 4 e_1 + 10:

    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(embedding_size=2, hidden_size=1, num_attention_heads=1,
    ...                       layer_norm_eps=3.0)
    >>> params = {"word": np.array([[0.0, 0.0], [2.0, 2.0]]),
    ...           "position": np.array([[1.0, -1.0], [-1.0, 1.0], [9.0, 9.0]]),
    ...           "token_type": np.array([[7.0, 7.0], [1.0, 1.0]]),
    ...           "layer_norm": {"gamma": np.ones(2), "beta": np.zeros(2)},
    ...           "mapping": {"W": np.array([[4.0], [0.0]]), "b": np.array([10.0])}}
    >>> input_ids, token_type_ids = np.array([[1, 0]]), np.array([[1, 1]])
    >>> h, cache = embeddings_forward(params, input_ids, token_type_ids, config)
    >>> h.tolist()
    [[[12.0], [8.0]]]
    """
    T = input_ids.shape[1]
    words, word_cache = embedding_forward(params["word"], input_ids)                 # (B, T, E)
    types, type_cache = embedding_forward(params["token_type"], token_type_ids)      # (B, T, E)
    s = words + params["position"][:T] + types                         # (FE.1)  (B, T, E)

    norm = params["layer_norm"]
    normed, norm_cache = layer_norm_forward(s, norm["gamma"], norm["beta"], config.layer_norm_eps)
    h, dropout_cache = dropout_forward(normed, config.hidden_dropout_prob, rng)      # (B, T, E)
    mapping_cache = None
    if config.embedding_mapping:
        mapping = params["mapping"]
        h, mapping_cache = linear_forward(h, mapping["W"], mapping["b"])     # (FE.2)  (B, T, H)
    return h, (word_cache, type_cache, norm_cache, dropout_cache, mapping_cache)


def embeddings_backward(params, dh, cache):
    r"""Compute the gradients of the tables and the mapping. Ids have no gradient: there is no dx.

    Go backwards through (FE.2). The map gives :math:`de = dh\, W^\top` by (LIN.2). Then dropout
    (DO.2) and layer norm (LN.5) give ds. In the sum (FE.1), each of the three terms has the
    gradient ds. A row of the word table or of the type table may be used several times. Its
    gradient is the sum over all its uses (EMB.2). No sequence uses row T of the position table or a
    later row, so the gradient of these rows is 0. Row t is used once in every sequence of the
    batch. Its gradient is the sum over the sequences:

    .. math::
       :label: FE.3

       d\text{position}_t = \sum_b ds_{bt}

    The word table is used a second time, as the output matrix of the masked-LM head. The model adds
    the gradient of this use (MLM.5).

    Parameters
    ----------
    params : as in :func:`embeddings_forward`
    dh : array (B, T, H)
    cache : from :func:`embeddings_forward`

    Returns
    -------
    grads : tree like params

    Examples
    --------
    There are two sequences of two tokens, with E = 2 and H = 1. Every s has the variance 1. With
    epsilon = 3 the standard deviation is 2. Let dh = 1 everywhere. The map W = (16, 0) gives
    de = (16, 0). Layer norm gives ds = (3, -3) at each of the four tokens, as in the example of the
    attention block. Now only count: row 1 of the word table is used three times, and row 0 is used
    once. Positions 0 and 1 are used twice, and position 2 is never used. All tokens have type 0:

    >>> from dataclasses import replace
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(embedding_size=2, hidden_size=1, num_attention_heads=1,
    ...                       layer_norm_eps=3.0)
    >>> params = {"word": np.array([[2.0, 2.0], [1.0, 1.0]]),
    ...           "position": np.array([[1.0, -1.0], [-1.0, 1.0], [9.0, 9.0]]),
    ...           "token_type": np.zeros((2, 2)),
    ...           "layer_norm": {"gamma": np.ones(2), "beta": np.zeros(2)},
    ...           "mapping": {"W": np.array([[16.0], [0.0]]), "b": np.zeros(1)}}
    >>> ids, types, dh = np.array([[1, 0], [1, 1]]), np.array([[0, 0], [0, 0]]), np.ones((2, 2, 1))
    >>> h, cache = embeddings_forward(params, ids, types, config)
    >>> grads = embeddings_backward(params, dh, cache)
    >>> grads["word"].tolist(), grads["token_type"].tolist()
    ([[3.0, -3.0], [9.0, -9.0]], [[12.0, -12.0], [0.0, 0.0]])
    >>> grads["position"].tolist(), grads["mapping"]["b"].tolist()
    ([[6.0, -6.0], [6.0, -6.0], [0.0, 0.0]], [4.0])

    Now dropout is on. If it drops the first number of a token, this token gets no gradient through
    the map. The gradient of every other token is doubled:

    >>> config = replace(config, hidden_dropout_prob=0.5)
    >>> h, cache = embeddings_forward(params, ids, types, config, np.random.default_rng(0))
    >>> embeddings_backward(params, dh, cache)["word"].tolist()
    [[6.0, -6.0], [6.0, -6.0]]
    """
    word_cache, type_cache, norm_cache, dropout_cache, mapping_cache = cache
    grads = {}
    if mapping_cache is not None:
        # forward: h = e @ W + b
        dh, dW, db = linear_backward(dh, mapping_cache)                              # (B, T, E)
        grads["mapping"] = {"W": dW, "b": db}
    # forward: e = dropout(layer_norm(s))
    dnormed = dropout_backward(dh, dropout_cache)
    ds, dgamma, dbeta = layer_norm_backward(dnormed, norm_cache)                     # (B, T, E)
    # forward: s = word[ids] + position[:T] + token_type[types]
    dposition = np.zeros_like(params["position"])
    dposition[:ds.shape[1]] = ds.sum(axis=0)                           # (FE.3)  (P, E)
    return {
        "word": embedding_backward(ds, word_cache),
        "position": dposition,
        "token_type": embedding_backward(ds, type_cache),
        "layer_norm": {"gamma": dgamma, "beta": dbeta},
        **grads,
    }
