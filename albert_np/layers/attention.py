"""Multi-head attention: queries come from one array, keys and values from another.

In self-attention both arrays are the same. An encoder has only self-attention.
"""

from types import SimpleNamespace

import numpy as np

from ..functional import (dropout_backward, dropout_forward, linear_backward, linear_forward,
                          masked_softmax_backward, masked_softmax_forward)


def split_heads(x, A):
    """Divide the columns into heads: (B, T, H) -> (B, A, T, D). Head a gets columns aD to (a+1)D.

    The reshape divides H into (A, D), and the transpose moves A before T. A reshape directly to (B,
    A, T, D) would have the right shape, but it would divide the tokens among the heads.

    Examples
    --------
    There are two tokens. Their four columns are divided into two heads:

    >>> x = np.array([[[1, 2, 10, 20], [3, 4, 30, 40]]])
    >>> split_heads(x, 2).tolist()
    [[[[1, 2], [3, 4]], [[10, 20], [30, 40]]]]
    """
    B, T, H = x.shape
    return x.reshape(B, T, A, H // A).transpose(0, 2, 1, 3)


def merge_heads(x):
    """Join the heads again: (B, A, T, D) -> (B, T, H). This reverses :func:`split_heads`.

    Examples
    --------
    >>> x = np.array([[[[1, 2], [3, 4]], [[10, 20], [30, 40]]]])
    >>> merge_heads(x).tolist()
    [[[1, 2, 10, 20], [3, 4, 30, 40]]]
    """
    B, A, T, D = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, A * D)


def visible_keys(attention_mask):
    """Return which keys each query may see, in a shape that fits the scores (B, A, T, T).

    Parameters
    ----------
    attention_mask : array (B, T) or (B, T, T), or None
        An entry is 1 if the token may be seen, and 0 if not. With the shape (B, T) the mask
        describes padding and is the same for every query. With the shape (B, T, T), row i says what
        query i may see.

    Returns
    -------
    boolean array (B, 1, 1, T) or (B, 1, T, T), or None if everything may be seen

    Examples
    --------
    In the first mask the third token is padding. In the second mask each token sees itself and the
    tokens before it:

    >>> visible_keys(np.array([[1, 1, 0]])).tolist()
    [[[[True, True, False]]]]
    >>> visible_keys(np.array([[[1, 0], [1, 1]]])).tolist()
    [[[[True, False], [True, True]]]]
    """
    if attention_mask is None or np.all(attention_mask):
        return None
    keep = np.asarray(attention_mask) != 0
    return keep[:, None, None, :] if keep.ndim == 2 else keep[:, None, :, :]


def keys_visible_to(keep, positions):
    """Return the rows of :func:`visible_keys` for the queries at some positions.

    Parameters
    ----------
    keep : boolean array (B, 1, 1, T) or (B, 1, T, T), or None
    positions : integer array (B, R), or None
        None means all.

    Returns
    -------
    boolean array (B, 1, 1, T) or (B, 1, R, T), or None

    Examples
    --------
    The second of two tokens sees both tokens. The first token sees only itself. The queries are
    the second token and the first token, in this order:

    >>> keep = np.array([[[[True, False], [True, True]]]])
    >>> keys_visible_to(keep, np.array([[1, 0]])).tolist()
    [[[[True, True], [True, False]]]]
    """
    if keep is None or positions is None or keep.shape[2] == 1:        # the same for every query
        return keep
    return np.take_along_axis(keep, positions[:, None, :, None], axis=2)


def attention_forward(params, x_q, x_kv, keep, config, rng=None):
    r"""Compute attention with A heads: tokens of one array collect values from another array.

    The R rows of :math:`x_q` give the queries. The T rows of :math:`x_{kv}` give the keys and the
    values. In self-attention both are the same array.

    .. math::
       :label: ATT.1

       q = x_q W_q + b_q, \qquad k = x_{kv} W_k + b_k, \qquad v = x_{kv} W_v + b_v

    Each is divided into A heads of D columns. For each sequence and head:

    .. math::
       :label: ATT.2

       z_{ij} = \frac{1}{\sqrt D} \sum_d q_{id}\, k_{jd}, \qquad
       p_{ij} = \operatorname{softmax}_j(z_{ij})

    Softmax runs over the keys j that query i may see (SM.3). Without the factor 1/sqrt(D) the
    scores of long vectors would be large. The softmax would be nearly one-hot, and its gradient
    nearly 0.

    .. math::
       :label: ATT.3

       c_{id} = \sum_j \tilde p_{ij}\, v_{jd}, \qquad \tilde p = \text{Dropout}(p)

    .. math::
       :label: ATT.4

       y = c\, W_o + b_o

    Here c holds the results of all heads side by side.

    Parameters
    ----------
    params : dict
        W_q, W_k, W_v, W_o (H, H) and b_q, b_k, b_v, b_o (H,).
    x_q : array (B, R, H)
        Gives the queries.
    x_kv : array (B, T, H)
        Gives the keys and the values.
    keep : boolean array (B, 1, 1, T) or (B, 1, R, T), or None
        From :func:`visible_keys`.
    config : AlbertConfig
    rng : numpy.random.Generator or None
        None turns dropout off.

    Returns
    -------
    (y, p) : arrays (B, R, H) and (B, A, R, T)
        The output, and the attention weights before dropout.
    cache : what the backward pass needs

    References
    ----------
    Vaswani et al. 2017, section 3.2.

    Examples
    --------
    There are two heads of D = 4 columns, in float32. The queries are x, the keys are ln(3)/2 x, and
    the values are 4x. In the first head the first token has a 2, so its score with itself is
    4 ln(3)/2 / sqrt(4) = ln 3. Its score with the second token is 0. The exponentials are 3 and 1,
    so p = (3/4, 1/4). In the second head it is the other way round: the second token has a 2 there,
    and its p is (1/4, 3/4). The third token is padding:

    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=8, num_attention_heads=2)
    >>> eye, zero = np.eye(8, dtype=np.float32), np.zeros(8, np.float32)
    >>> params = {"W_q": eye, "b_q": zero, "W_k": eye * np.float32(np.log(3) / 2), "b_k": zero,
    ...           "W_v": 4 * eye, "b_v": zero, "W_o": eye, "b_o": zero}
    >>> x = 2 * eye[None, [0, 7, 5]]                       # (1, 3, 8)
    >>> keep = visible_keys(np.array([[1, 1, 0]]))
    >>> (y, p), cache = attention_forward(params, x, x, keep, config)
    >>> p[0, 0].round(5).tolist()                          # head 0: a row for each query
    [[0.75, 0.25, 0.0], [0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]
    >>> p[0, 1].round(5).tolist()
    [[0.5, 0.5, 0.0], [0.25, 0.75, 0.0], [0.5, 0.5, 0.0]]
    >>> y[0][:, [0, 7]].round(5).tolist(), str(y.dtype)   # columns 0 and 7; the others are 0
    ([[6.0, 4.0], [4.0, 6.0], [4.0, 4.0]], 'float32')
    """
    A, D = config.num_attention_heads, x_q.shape[-1] // config.num_attention_heads
    q, q_cache = linear_forward(x_q, params["W_q"], params["b_q"])     # (B, R, H)
    k, k_cache = linear_forward(x_kv, params["W_k"], params["b_k"])    # (B, T, H)
    v, v_cache = linear_forward(x_kv, params["W_v"], params["b_v"])    # (ATT.1)  (B, T, H)
    q, k, v = split_heads(q, A), split_heads(k, A), split_heads(v, A)  # (B, A, T, D)

    z = q @ k.mT                             # .mT exchanges the last two axes  (B, A, R, T)
    z *= D**-0.5
    p, softmax_cache = masked_softmax_forward(z, keep)                  # (ATT.2)
    p_dropped, dropout_cache = dropout_forward(p, config.attention_probs_dropout_prob, rng)
    c = merge_heads(p_dropped @ v)                                     # (ATT.3)  (B, R, H)
    y, o_cache = linear_forward(c, params["W_o"], params["b_o"])       # (ATT.4)  (B, R, H)
    cache = SimpleNamespace(q=q, k=k, v=v, p_dropped=p_dropped, q_cache=q_cache, k_cache=k_cache,
                            v_cache=v_cache, o_cache=o_cache, softmax_cache=softmax_cache,
                            dropout_cache=dropout_cache)
    return (y, p), cache


def attention_backward(params, dy, cache):
    r"""Compute the gradients of multi-head attention.

    The output map (ATT.4) gives dc by (LIN.2). The forward pass joined the heads, so the backward
    pass divides dc into heads again. For one sequence and one head, (ATT.3) is a product of two
    matrices. :math:`\tilde p_{ij}` influences :math:`c_{id}` for every d, with slope
    :math:`v_{jd}`. :math:`v_{jd}` influences :math:`c_{id}` for every query i, with slope
    :math:`\tilde p_{ij}`:

    .. math::
       :label: ATT.5

       d\tilde p_{ij} = \sum_d dc_{id}\, v_{jd}, \qquad d\tilde p = dc\, v^\top

    .. math::
       :label: ATT.6

       dv_{jd} = \sum_i \tilde p_{ij}\, dc_{id}, \qquad dv = \tilde p^\top dc

    Dropout (DO.2) and softmax (SM.4) turn :math:`d\tilde p` into dz. In (ATT.2) :math:`q_{id}`
    influences :math:`z_{ij}` for every key j, with slope :math:`k_{jd}/\sqrt D`. :math:`k_{jd}`
    influences :math:`z_{ij}` for every query i, with slope :math:`q_{id}/\sqrt D`:

    .. math::
       :label: ATT.7

       dq_{id} = \frac{1}{\sqrt D} \sum_j dz_{ij}\, k_{jd}, \qquad
       dq = \tfrac{1}{\sqrt D}\, dz\, k

    .. math::
       :label: ATT.8

       dk_{jd} = \frac{1}{\sqrt D} \sum_i dz_{ij}\, q_{id}, \qquad
       dk = \tfrac{1}{\sqrt D}\, dz^\top q

    In (ATT.1) one map uses :math:`x_q`, and two maps use :math:`x_{kv}`. So the gradient of
    :math:`x_{kv}` is a sum of two terms:

    .. math::
       :label: ATT.9

       dx_q = dq\, W_q^\top, \qquad dx_{kv} = dk\, W_k^\top + dv\, W_v^\top

    In self-attention both arrays are the same x. The gradient of x is :math:`dx_q + dx_{kv}`.

    The gradient of b_k is always 0. The bias b_k adds the same number
    :math:`q_i \cdot b_k / \sqrt D` to every score of query i, and this does not change the softmax.

    Parameters
    ----------
    params : as in :func:`attention_forward`
    dy : (array (B, R, H), array (B, A, R, T) or None)
        The gradients of the two outputs: of y, and of the attention weights if they are used.
    cache : from :func:`attention_forward`

    Returns
    -------
    dx_q : array (B, R, H)
    dx_kv : array (B, T, H)
    grads : tree like params

    Examples
    --------
    There are two heads of D = 4 columns and two tokens, with the numbers of the example of
    :func:`attention_forward`. For the first query p = (3/4, 1/4) in head 0 and p = (1/2, 1/2) in
    head 1. The loss depends on the first token of y only: on column 0 with slope 1, and on column 7
    with slope 2.

    In head 0, dp = (8, 0). The mean of dp, weighted with p, is 6. So
    dz = (3/4 * 2, 1/4 * (-6)) = (3/2, -3/2). The factor 1/sqrt(D) halves dz. In column 0 the two
    keys are ln 3 and 0. So dq = 3/4 ln 3 = 0.823959. The gradient of the values is
    dv = (3/4, 1/4), and W_v multiplies it by 4.

    In head 1, dp = (0, 16). The mean of dp, weighted with p, is 8. This gives dz = (-4, 4),
    dq = 2 ln 3 = 2.197225 and dv = (1, 1):

    >>> from dataclasses import replace
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=8, num_attention_heads=2)
    >>> eye, zero = np.eye(8), np.zeros(8)
    >>> params = {"W_q": eye, "b_q": zero, "W_k": eye * np.log(3) / 2, "b_k": zero,
    ...           "W_v": 4 * eye, "b_v": zero, "W_o": eye, "b_o": zero}
    >>> x = 2 * eye[None, [0, 7]]                          # (1, 2, 8)
    >>> dy = np.array([[[1.0, 0, 0, 0, 0, 0, 0, 2.0], [0, 0, 0, 0, 0, 0, 0, 0]]])
    >>> (y, p), cache = attention_forward(params, x, x, None, config)
    >>> dx_q, dx_kv, grads = attention_backward(params, (dy, None), cache)
    >>> dx_q[0][:, [0, 7]].round(6).tolist()              # columns 0 and 7; the others are 0
    [[0.823959, 2.197225], [0.0, 0.0]]
    >>> dx_kv[0][:, [0, 7]].round(6).tolist()
    [[3.823959, 4.0], [0.176041, 4.0]]
    >>> grads["b_q"][[0, 7]].round(6).tolist(), grads["b_k"][[0, 7]].round(6).tolist()
    ([0.823959, 2.197225], [0.0, 0.0])

    Now dropout is on, and the first attention weight of head 0 gets a gradient of 8 from outside.
    For the first query, the generator keeps the first key in head 0 and the second key in head 1.
    Dropout doubles the attention weights that it keeps. In head 0, dp = (2 * 8 + 8, 0). The mean of
    dp, weighted with p, is 18. So dz = (9/2, -9/2):

    >>> config = replace(config, attention_probs_dropout_prob=0.5)
    >>> dp = np.array([[[[8.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]])
    >>> (y, p), cache = attention_forward(params, x, x, None, config, np.random.default_rng(2))
    >>> dx_q, dx_kv, grads = attention_backward(params, (dy, dp), cache)
    >>> dx_q[0][:, [0, 7]].round(6).tolist()
    [[2.471878, 4.394449], [0.0, 0.0]]
    >>> dx_kv[0][:, [0, 7]].round(6).tolist()
    [[8.471878, 0.0], [-2.471878, 8.0]]
    """
    dy, dp_output = dy
    q, k, v = cache.q, cache.k, cache.v
    A, D = q.shape[1], q.shape[3]
    # forward: y = c @ W_o + b_o
    dc, dW_o, db_o = linear_backward(dy, cache.o_cache)
    dc = split_heads(dc, A)                                            # (B, A, R, D)
    # forward: c = p_dropped @ v
    dp = dc @ v.mT                                                     # (ATT.5)  (B, A, R, T)
    dv = cache.p_dropped.mT @ dc                                       # (ATT.6)  (B, A, T, D)
    # forward: p_dropped = dropout(softmax(z))
    dp = dropout_backward(dp, cache.dropout_cache)
    if dp_output is not None:
        dp = dp + dp_output
    dz = masked_softmax_backward(dp, cache.softmax_cache)              # (B, A, R, T)
    # forward: z = q @ k.T / sqrt(D)
    dz *= D**-0.5
    dq = dz @ k                                                        # (ATT.7)  (B, A, R, D)
    dk = dz.mT @ q                                                     # (ATT.8)  (B, A, T, D)
    # forward: q = x_q @ W_q + b_q; k, v = x_kv @ W + b, from the same x_kv
    dx_q, dW_q, db_q = linear_backward(merge_heads(dq), cache.q_cache)     # (B, R, H)
    dx_k, dW_k, db_k = linear_backward(merge_heads(dk), cache.k_cache)
    dx_v, dW_v, db_v = linear_backward(merge_heads(dv), cache.v_cache)
    dx_kv = dx_k + dx_v                                                # (ATT.9)  (B, T, H)
    return dx_q, dx_kv, {"W_q": dW_q, "b_q": db_q, "W_k": dW_k, "b_k": db_k,
                         "W_v": dW_v, "b_v": db_v, "W_o": dW_o, "b_o": db_o}
