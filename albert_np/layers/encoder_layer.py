"""One encoder layer: an attention block, then a feed-forward block. Each ends with layer norm."""

from ..functional import (dropout_backward, dropout_forward, layer_norm_backward,
                          layer_norm_forward)
from .attention import attention_backward, attention_forward
from .feed_forward import feed_forward_backward, feed_forward_forward


def attention_block_forward(params, x_q, x_kv, keep, config, rng=None):
    r"""Apply attention, add the input (residual link), and apply layer normalisation to the sum.

    .. math::
       :label: BLK.1

       y = \text{LayerNorm}(x_q + \text{Dropout}(\text{Attention}(x_q, x_{kv})))

    Parameters
    ----------
    params : dict
        self_attention (see :func:`~albert_np.layers.attention_forward`), layer_norm
        {gamma, beta}.
    x_q, x_kv : arrays (B, R, H) and (B, T, H)
        x_q gives the queries. x_kv gives the keys and the values. In an encoder they are the same
        array.
    keep : boolean array or None, from :func:`~albert_np.layers.visible_keys`
    config : AlbertConfig
    rng : numpy.random.Generator or None

    Returns
    -------
    (y, p) : arrays (B, R, H) and (B, A, R, T)
    cache : what the backward pass needs

    Examples
    --------
    There are two tokens, x = (1, -1) and x = (-1, 1). With W_q = 0 and W_v = W_o = 1 the attention
    gives each token the mean of both tokens, 0. So the sums x + 0 equal x. Their variance is 1.
    With epsilon = 3 the standard deviation is 2:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, layer_norm_eps=3.0)
    >>> one, zero = np.eye(2), np.zeros(2)
    >>> attention = {"W_q": 0 * one, "W_k": one, "W_v": one, "W_o": one,
    ...              "b_q": zero, "b_k": zero, "b_v": zero, "b_o": zero}
    >>> params = {"self_attention": attention, "layer_norm": {"gamma": np.ones(2), "beta": zero}}
    >>> x = np.array([[[1.0, -1.0], [-1.0, 1.0]]])
    >>> (y, p), cache = attention_block_forward(params, x, x, None, config)
    >>> y.tolist(), p.tolist()
    ([[[0.5, -0.5], [-0.5, 0.5]]], [[[[0.5, 0.5], [0.5, 0.5]]]])
    """
    (attended, p), attention_cache = attention_forward(params["self_attention"], x_q, x_kv, keep,
                                                       config, rng)
    dropped, dropout_cache = dropout_forward(attended, config.hidden_dropout_prob, rng)
    norm = params["layer_norm"]
    y, norm_cache = layer_norm_forward(x_q + dropped, norm["gamma"], norm["beta"],
                                       config.layer_norm_eps)          # (BLK.1)  (B, R, H)
    return (y, p), (attention_cache, dropout_cache, norm_cache)


def attention_block_backward(params, dy, cache):
    r"""Compute the gradients of the attention block.

    Layer norm gives the gradient ds of the sum :math:`s = x_q + \ldots` (LN.5). :math:`x_q`
    influences s in two ways: directly with slope 1, and through the attention. So the two gradients
    add up:

    .. math::
       :label: BLK.2

       dx_q = ds + dx_{q,\text{attention}}

    The first term comes from the residual link. On this path no weight multiplies the gradient.

    Parameters
    ----------
    params : as in :func:`attention_block_forward`
    dy : (array (B, R, H), array (B, A, R, T) or None)
    cache : from :func:`attention_block_forward`

    Returns
    -------
    dx_q, dx_kv : arrays (B, R, H) and (B, T, H)
        In an encoder the gradient of x is their sum.
    grads : tree like params

    Examples
    --------
    There are two tokens, x = (1, -1) and x = (-1, 1). With W_q = 0 and W_v = W_o = 1 the attention
    gives each token the mean of both tokens, 0. So the sums s equal x. Their variance is 1, and
    with epsilon = 3 the standard deviation is 2. Let dy = (16, 0) at the first token. Then dx_hat
    has the mean 8, and dx_hat * x_hat has the mean 4. So
    ds = ((16 - 8 - 2) / 2, (0 - 8 + 2) / 2) = (3, -3). The first token gets all of ds through the
    residual link. Through the mean, each token gets half of ds:

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, layer_norm_eps=3.0)
    >>> one, zero = np.eye(2), np.zeros(2)
    >>> attention = {"W_q": 0 * one, "W_k": one, "W_v": one, "W_o": one,
    ...              "b_q": zero, "b_k": zero, "b_v": zero, "b_o": zero}
    >>> params = {"self_attention": attention, "layer_norm": {"gamma": np.ones(2), "beta": zero}}
    >>> x, dy = np.array([[[1.0, -1.0], [-1.0, 1.0]]]), np.array([[[16.0, 0.0], [0.0, 0.0]]])
    >>> (y, p), cache = attention_block_forward(params, x, x, None, config)
    >>> dx_q, dx_kv, grads = attention_block_backward(params, (dy, None), cache)
    >>> y.tolist(), (dx_q + dx_kv).tolist(), grads["layer_norm"]["gamma"].tolist()
    ([[[0.5, -0.5], [-0.5, 0.5]]], [[[4.5, -4.5], [1.5, -1.5]]], [8.0, 0.0])

    With W_q = 1 the scores depend on x, and x_q gets a gradient through the queries too. Dropout
    is on here:

    >>> config, rng = replace(config, hidden_dropout_prob=0.5), np.random.default_rng(3)
    >>> params = {**params, "self_attention": {**attention, "W_q": one}}
    >>> (y, p), cache = attention_block_forward(params, x, x, None, config, rng)
    >>> dx_q, dx_kv, grads = attention_block_backward(params, (dy, None), cache)
    >>> dx_q.round(6).tolist()
    [[[1.851654, -1.851654], [0.0, 0.0]]]
    >>> dx_kv.round(6).tolist()
    [[[2.906305, -0.212596], [-0.053383, 0.212596]]]
    """
    dy, dp = dy
    attention_cache, dropout_cache, norm_cache = cache
    # forward: y = layer_norm(x_q + dropped)
    ds, dgamma, dbeta = layer_norm_backward(dy, norm_cache)            # (B, R, H)
    # forward: dropped = dropout(attention(x_q, x_kv))
    dattended = dropout_backward(ds, dropout_cache)
    dx_q, dx_kv, attention_grads = attention_backward(params["self_attention"], (dattended, dp),
                                                      attention_cache)
    dx_q = ds + dx_q                                                   # (BLK.2)  (B, R, H)
    return dx_q, dx_kv, {"self_attention": attention_grads,
                         "layer_norm": {"gamma": dgamma, "beta": dbeta}}


def feed_forward_block_forward(params, x, config, rng=None):
    r"""Apply the feed-forward network, add the input, and apply layer normalisation to the sum.

    .. math::
       :label: BLK.3

       y = \text{LayerNorm}(x + \text{Dropout}(\text{FeedForward}(x)))

    Parameters
    ----------
    params : dict
        feed_forward (see :func:`~albert_np.layers.feed_forward_forward`), layer_norm
        {gamma, beta}.
    x : array (B, T, H)
    config : AlbertConfig
    rng : numpy.random.Generator or None

    Returns
    -------
    y : array (B, T, H)
    cache : what the backward pass needs

    Notes
    -----
    google-research/albert applies this dropout. transformers declares it, but never applies it.

    Examples
    --------
    The network has one hidden unit and adds relu(x_1) to x_2. At the first token, x = (1, -2), the
    unit is active, and the sum is (1, -1). At the second token, x = (-1, 1), the unit is not
    active, and the sum is x. With epsilon = 3 the standard deviation is 2:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, layer_norm_eps=3.0,
    ...                       hidden_act="relu")
    >>> network = {"W_1": np.array([[1.0], [0.0]]), "b_1": np.zeros(1),
    ...            "W_2": np.array([[0.0, 1.0]]), "b_2": np.zeros(2)}
    >>> params = {"feed_forward": network, "layer_norm": {"gamma": np.ones(2), "beta": np.zeros(2)}}
    >>> x = np.array([[[1.0, -2.0], [-1.0, 1.0]]])
    >>> y, cache = feed_forward_block_forward(params, x, config)
    >>> y.tolist()
    [[[0.5, -0.5], [-0.5, 0.5]]]
    """
    fed, feed_forward_cache = feed_forward_forward(params["feed_forward"], x, config)
    dropped, dropout_cache = dropout_forward(fed, config.hidden_dropout_prob, rng)
    norm = params["layer_norm"]
    y, norm_cache = layer_norm_forward(x + dropped, norm["gamma"], norm["beta"],
                                       config.layer_norm_eps)          # (BLK.3)  (B, T, H)
    return y, (feed_forward_cache, dropout_cache, norm_cache)


def feed_forward_block_backward(params, dy, cache):
    r"""Compute the gradients of the feed-forward block: two gradients of x add up, as in (BLK.2).

    .. math::
       :label: BLK.4

       dx = ds + dx_{\text{feed-forward}}

    Parameters
    ----------
    params : as in :func:`feed_forward_block_forward`
    dy : array (B, T, H)
    cache : from :func:`feed_forward_block_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params

    Examples
    --------
    The network has one hidden unit and adds relu(x_1) to x_2. At the first token, x = (1, -2), the
    unit is active, and s = (1, -1). At the second token, x = (-1, 1), the unit is not active, and
    s = x. As in the example of the attention block, epsilon = 3 and dy = (16, 0) give ds = (3, -3).
    The gradient of the second token is exactly ds. At the first token, the unit also passes -3, the
    gradient of s_2, to x_1:

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, layer_norm_eps=3.0,
    ...                       hidden_act="relu")
    >>> network = {"W_1": np.array([[1.0], [0.0]]), "b_1": np.zeros(1),
    ...            "W_2": np.array([[0.0, 1.0]]), "b_2": np.zeros(2)}
    >>> params = {"feed_forward": network, "layer_norm": {"gamma": np.ones(2), "beta": np.zeros(2)}}
    >>> x, dy = np.array([[[1.0, -2.0], [-1.0, 1.0]]]), np.array([[[16.0, 0.0], [16.0, 0.0]]])
    >>> y, cache = feed_forward_block_forward(params, x, config)
    >>> dx, grads = feed_forward_block_backward(params, dy, cache)
    >>> y.tolist(), dx.tolist(), grads["feed_forward"]["W_2"].tolist()
    ([[[0.5, -0.5], [-0.5, 0.5]]], [[[0.0, -3.0], [3.0, -3.0]]], [[3.0, -3.0]])

    Now dropout is on. It doubles the number that the network adds at the first token, so it doubles
    the gradient of this number too. The residual link does not go through the dropout:

    >>> config = replace(config, hidden_dropout_prob=0.5)
    >>> y, cache = feed_forward_block_forward(params, x, config, np.random.default_rng(0))
    >>> dx, grads = feed_forward_block_backward(params, dy, cache)
    >>> y.round(6).tolist()
    [[[0.27735, -0.27735], [-0.5, 0.5]]]
    >>> dx.round(6).tolist()
    [[[-4.096248, -4.096248], [3.0, -3.0]]]
    """
    feed_forward_cache, dropout_cache, norm_cache = cache
    # forward: y = layer_norm(x + dropped)
    ds, dgamma, dbeta = layer_norm_backward(dy, norm_cache)
    # forward: dropped = dropout(feed_forward(x))
    dfed = dropout_backward(ds, dropout_cache)
    dx_fed, feed_forward_grads = feed_forward_backward(params["feed_forward"], dfed,
                                                       feed_forward_cache)
    dx = ds + dx_fed                                                   # (BLK.4)  (B, T, H)
    return dx, {"feed_forward": feed_forward_grads,
                "layer_norm": {"gamma": dgamma, "beta": dbeta}}


def encoder_layer_forward(params, x_q, x_kv, keep, config, rng=None):
    r"""Apply an attention block, then a feed-forward block.

    .. math::
       :label: LAY.1

       a = \text{AttentionBlock}(x_q, x_{kv}), \qquad y = \text{FeedForwardBlock}(a)

    Parameters
    ----------
    params : dict
        attention, feed_forward: the parameters of the two blocks.
    x_q, x_kv : arrays (B, R, H) and (B, T, H)
        x_q gives the queries. x_kv gives the keys and the values. In an encoder both are x, with
        one exception: in the last layer only some positions of the output may be needed. Then x_q
        has these rows of x.
    keep : boolean array or None, from :func:`~albert_np.layers.visible_keys`
    config : AlbertConfig
    rng : numpy.random.Generator or None

    Returns
    -------
    (y, p) : arrays (B, R, H) and (B, A, R, T)
    cache : what the backward pass needs

    References
    ----------
    Vaswani et al. 2017, section 3.1; google-research/albert, ``attention_ffn_block``.

    Examples
    --------
    The layer has the two blocks of the examples above, one after the other. In the first block
    gamma is 2, so a = x. The network now adds 2 relu(2 a_1) to a_2. This turns (1, -1) into (1, 3),
    whose variance is 1. With epsilon = 3 the standard deviation is 2:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, layer_norm_eps=3.0,
    ...                       hidden_act="relu")
    >>> one, zero = np.eye(2), np.zeros(2)
    >>> attention = {"W_q": 0 * one, "W_k": one, "W_v": one, "W_o": one,
    ...              "b_q": zero, "b_k": zero, "b_v": zero, "b_o": zero}
    >>> network = {"W_1": np.array([[2.0], [0.0]]), "b_1": np.zeros(1),
    ...            "W_2": np.array([[0.0, 2.0]]), "b_2": zero}
    >>> norm = {"gamma": np.ones(2), "beta": zero}
    >>> params = {"attention": {"self_attention": attention,
    ...                         "layer_norm": {"gamma": 2 * np.ones(2), "beta": zero}},
    ...           "feed_forward": {"feed_forward": network, "layer_norm": norm}}
    >>> x = np.array([[[1.0, -1.0], [-1.0, 1.0]]])
    >>> (y, p), cache = encoder_layer_forward(params, x, x, None, config)
    >>> y.tolist(), p.tolist()
    ([[[-0.5, 0.5], [-0.5, 0.5]]], [[[[0.5, 0.5], [0.5, 0.5]]]])
    """
    (a, p), attention_cache = attention_block_forward(params["attention"], x_q, x_kv, keep, config,
                                                      rng)             # (B, R, H)
    y, feed_forward_cache = feed_forward_block_forward(params["feed_forward"], a, config,
                                                       rng)            # (LAY.1)  (B, R, H)
    return (y, p), (attention_cache, feed_forward_cache)


def encoder_layer_backward(params, dy, cache):
    r"""Compute the gradients of the layer: go through the blocks in reverse order.

    .. math::
       :label: LAY.2

       da = \text{FeedForwardBlock}^{\leftarrow}(dy), \qquad
       (dx_q, dx_{kv}) = \text{AttentionBlock}^{\leftarrow}(da)

    The arrow marks the backward pass of a block: it takes the gradient of the output and returns
    the gradient of the input.

    Parameters
    ----------
    params : as in :func:`encoder_layer_forward`
    dy : (array (B, R, H), array (B, A, R, T) or None)
    cache : from :func:`encoder_layer_forward`

    Returns
    -------
    dx_q, dx_kv : arrays (B, R, H) and (B, T, H)
        In an encoder the gradient of x is their sum.
    grads : tree like params

    Examples
    --------
    Use the two blocks of the examples above, one after the other. In the first block gamma is 2, so
    a = x. The network now adds 2 relu(2 a_1) to a_2. Let dy = (128, 0) at the first token:

    1. The second block has ds = 8 * (3, -3) = (24, -24). The unit passes -24 * 2 * 2 = -96 to a_1.
       So da = (24 - 96, -24) = (-72, -24).
    2. dx_hat = 2 da = (-144, -48) has the mean -96, and dx_hat * x_hat has the mean -24. So ds =
       ((-144 + 96 + 12) / 2, (-48 + 96 - 12) / 2) = (-18, 18).
    3. The first token gets ds, and half of ds through the mean. The second token gets the other
       half:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, layer_norm_eps=3.0,
    ...                       hidden_act="relu")
    >>> one, zero = np.eye(2), np.zeros(2)
    >>> attention = {"W_q": 0 * one, "W_k": one, "W_v": one, "W_o": one,
    ...              "b_q": zero, "b_k": zero, "b_v": zero, "b_o": zero}
    >>> network = {"W_1": np.array([[2.0], [0.0]]), "b_1": np.zeros(1),
    ...            "W_2": np.array([[0.0, 2.0]]), "b_2": zero}
    >>> norm = {"gamma": np.ones(2), "beta": zero}
    >>> params = {"attention": {"self_attention": attention,
    ...                         "layer_norm": {"gamma": 2 * np.ones(2), "beta": zero}},
    ...           "feed_forward": {"feed_forward": network, "layer_norm": norm}}
    >>> x, dy = np.array([[[1.0, -1.0], [-1.0, 1.0]]]), np.array([[[128.0, 0.0], [0.0, 0.0]]])
    >>> (y, p), cache = encoder_layer_forward(params, x, x, None, config)
    >>> dx_q, dx_kv, grads = encoder_layer_backward(params, (dy, None), cache)
    >>> y.tolist(), (dx_q + dx_kv).tolist()
    ([[[-0.5, 0.5], [-0.5, 0.5]]], [[[-27.0, 27.0], [-9.0, 9.0]]])
    """
    dy, dp = dy
    attention_cache, feed_forward_cache = cache
    # forward: y = feed_forward_block(a)
    da, feed_forward_grads = feed_forward_block_backward(params["feed_forward"], dy,
                                                         feed_forward_cache)
    # forward: a = attention_block(x_q, x_kv)
    dx_q, dx_kv, attention_grads = attention_block_backward(
        params["attention"], (da, dp), attention_cache)                # (LAY.2)
    return dx_q, dx_kv, {"attention": attention_grads, "feed_forward": feed_forward_grads}
