"""The feed-forward network: it treats each token separately, with one hidden layer."""

from ..functional import ACTIVATIONS, linear_backward, linear_forward

SMALL = 3 * 2**19      # if u has at most so many bytes, the result of the activation is kept


def feed_forward_forward(params, x, config):
    r"""Map to F features, apply the activation, map back to H.

    .. math::
       :label: FF.1

       u = x W_1 + b_1, \qquad y = g(u)\, W_2 + b_2

    g is the activation. (ALBERT: GELU in the tanh form.)

    Parameters
    ----------
    params : dict
        W_1 (H, F), b_1 (F,), W_2 (F, H), b_2 (H,).
    x : array (B, T, H)
    config : AlbertConfig

    Returns
    -------
    y : array (B, T, H)
    cache : what the backward pass needs

    Notes
    -----
    u has F features for each token, so it is the largest array of the layer. If u, g(u) and the
    cache of g were all kept, they would need half of the memory of a training step. So if u is
    large, only u is kept. The backward pass applies g to u again. This takes one percent of the
    time of a step. If u is small, the cache of g is small too, and it is kept. In a small model, to
    apply g again would take a twentieth of the time of a step.

    References
    ----------
    Vaswani et al. 2017, section 3.3.

    Examples
    --------
    The input is one number, x = 1, and there are two hidden units. So u = (2, -3 + 1) = (2, -2).
    The relu sets the second unit to 0, so y = 2 * 3 + 10:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> params = {"W_1": np.array([[2.0, -3.0]]), "b_1": np.array([0.0, 1.0]),
    ...           "W_2": np.array([[3.0], [5.0]]), "b_2": np.array([10.0])}
    >>> config, x = AlbertConfig(hidden_act="relu"), np.array([[[1.0]]])
    >>> y, cache = feed_forward_forward(params, x, config)
    >>> y.tolist()
    [[[16.0]]]
    """
    activation_forward, _ = ACTIVATIONS[config.hidden_act]
    u, first_cache = linear_forward(x, params["W_1"], params["b_1"])           # (B, T, F)
    g, activation_cache = activation_forward(u)                                # (B, T, F)
    y, _ = linear_forward(g, params["W_2"], params["b_2"])                     # (FF.1)  (B, T, H)
    kept = (g, activation_cache) if u.nbytes <= SMALL else None
    return y, (first_cache, u, kept, config.hidden_act)


def feed_forward_backward(params, dy, cache):
    r"""Compute the gradients of (FF.1): second map, activation, first map.

    .. math::
       :label: FF.2

       dg = dy\, W_2^\top, \qquad du = dg \odot g'(u), \qquad dx = du\, W_1^\top

    (LIN.3) and (LIN.4) give the gradients of the weights.

    Parameters
    ----------
    params : as in :func:`feed_forward_forward`
    dy : array (B, T, H)
    cache : from :func:`feed_forward_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params

    Examples
    --------
    The input is one number, x = 1, and there are two hidden units. So u = (2, -3 + 1) = (2, -2).
    The relu sets the second unit to 0, so the gradient passes through the first unit alone. With
    dy = 10 this gives dx = 10 * 3 * 2:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> params = {"W_1": np.array([[2.0, -3.0]]), "b_1": np.array([0.0, 1.0]),
    ...           "W_2": np.array([[3.0], [5.0]]), "b_2": np.array([10.0])}
    >>> config, x, dy = AlbertConfig(hidden_act="relu"), np.array([[[1.0]]]), np.array([[[10.0]]])
    >>> y, cache = feed_forward_forward(params, x, config)
    >>> dx, grads = feed_forward_backward(params, dy, cache)
    >>> y.item(), dx.item(), grads["W_1"].tolist(), grads["b_1"].tolist(), grads["W_2"].tolist()
    (16.0, 60.0, [[30.0, 0.0]], [30.0, 0.0], [[20.0], [0.0]])
    """
    first_cache, u, kept, hidden_act = cache
    activation_forward, activation_backward = ACTIVATIONS[hidden_act]
    g, activation_cache = activation_forward(u) if kept is None else kept
    # forward: y = g(u) @ W_2 + b_2
    dg, dW_2, db_2 = linear_backward(dy, (g, params["W_2"]))                   # (B, T, F)
    del g                       # make room for du: all arrays of (B, T, F) numbers are large
    # forward: g = activation(u)
    du = activation_backward(dg, activation_cache)                             # (B, T, F)
    # forward: u = x @ W_1 + b_1
    dx, dW_1, db_1 = linear_backward(du, first_cache)                          # (FF.2)  (B, T, H)
    return dx, {"W_1": dW_1, "b_1": db_1, "W_2": dW_2, "b_2": db_2}
