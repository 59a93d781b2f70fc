"""The pooler: one vector for the whole input, computed from its first token."""

import numpy as np

from ..functional import linear_backward, linear_forward


def pooler_forward(params, x):
    r"""Apply a linear map and tanh to the hidden state of ``[CLS]``.

    .. math::
       :label: POOL.1

       y = \tanh(x_{b,0}\, W + b)

    Parameters
    ----------
    params : dict
        W (H, H), b (H,).
    x : array (B, T, H)

    Returns
    -------
    y : array (B, H)
    cache : what the backward pass needs

    Examples
    --------
    The first token is half of artanh(1/2) and W = 2, so y = 1/2. The second token is not read:

    >>> params, x = {"W": np.array([[2.0]]), "b": np.zeros(1)}, np.arctanh([[[0.5], [0.9]]]) / 2
    >>> y, cache = pooler_forward(params, x)
    >>> y.round(12).tolist()
    [[0.5]]
    """
    u, linear_cache = linear_forward(x[:, 0], params["W"], params["b"])        # (B, H)
    y = np.tanh(u)                                                             # (POOL.1)  (B, H)
    return y, (linear_cache, y, x.shape)


def pooler_backward(params, dy, cache):
    r"""Compute the gradients; only the first token was used, so all other tokens get 0.

    The slope of tanh at u is 1 - tanh(u)² (TANH.2), and tanh(u) is y:

    .. math::
       :label: POOL.3

       du = dy \odot (1 - y^2)

    The gradient of the map is (LIN.2):

    .. math::
       :label: POOL.2

       dx_{bt} = \begin{cases} du_b\, W^\top & t = 0 \\ 0 & t > 0 \end{cases}

    Parameters
    ----------
    params : as in :func:`pooler_forward`
    dy : array (B, H)
    cache : from :func:`pooler_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params

    Examples
    --------
    For y = 1/2 the slope of tanh is 3/4. With dy = 8 and W = 2 the first token gets the gradient
    8 * 3/4 * 2 = 12. The second token gets 0:

    >>> params, x = {"W": np.array([[2.0]]), "b": np.zeros(1)}, np.arctanh([[[0.5], [0.9]]]) / 2
    >>> dy = np.array([[8.0]])
    >>> y, cache = pooler_forward(params, x)
    >>> dx, grads = pooler_backward(params, dy, cache)
    >>> dx.round(12).tolist(), grads["b"].round(12).tolist()
    ([[[12.0], [0.0]]], [6.0])
    """
    linear_cache, y, shape = cache
    # forward: y = tanh(u)
    du = dy * (1 - y * y)                                                      # (POOL.3)  (B, H)
    # forward: u = x[:, 0] @ W + b
    dfirst, dW, db = linear_backward(du, linear_cache)                         # (B, H)
    dx = np.zeros(shape, dtype=dfirst.dtype)
    dx[:, 0] = dfirst                                                          # (POOL.2)
    return dx, {"W": dW, "b": db}
