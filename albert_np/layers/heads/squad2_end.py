"""Where does the answer end, given where it begins? A part of the SQuAD 2 head."""

import numpy as np

from ...functional import (layer_norm_backward, layer_norm_forward, linear_backward, linear_forward,
                           tanh_backward, tanh_forward)


def squad_end_forward(params, x, starts, eps):
    r"""Compute the score of every token as the end of an answer that begins at a given token.

    Let s be the k-th start of sequence b. Write its hidden state beside the hidden state of every
    token t:

    .. math::
       :label: SQE.1

       u_{bkt} = [x_{bt}\,;\, x_{bs}]\; W + c = x_{bt} W' + x_{bs} W'' + c

    Here W' is the upper half of W, and W'' is the lower half. The code computes the form on the
    right. The product with W' is the same for every start, and the product with W'' is the same for
    every token. So the long rows on the left are never built.

    .. math::
       :label: SQE.2

       e_{bkt} = \text{LayerNorm}(\tanh u_{bkt})

    .. math::
       :label: SQE.3

       y_{bkt} = e_{bkt} \cdot w + b

    Parameters
    ----------
    params : dict
        dense {W (2H, H), b (H,)}, layer_norm {gamma, beta}, score {W (H, 1), b (1,)}.
    x : array (B, T, H)
    starts : integer array (B, K)
        In training this is the right start, and K = 1. In prediction these are the K best starts.
    eps : float
        The eps of the layer norm.

    Returns
    -------
    y : array (B, K, T)
    cache : what the backward pass needs

    References
    ----------
    google-research/albert, ``squad_utils.py``, ``create_v2_model``, "end_logits".

    Examples
    --------
    There are two tokens, (0, 0) and (1, -1). The second token is the start. W' = 0, W'' is the
    identity, and c = (-1/2, 1/2), so u = (1/2, -1/2) at both tokens. Without epsilon, layer norm
    turns tanh u into (1, -1), and gamma multiplies this by 2. The score is 8 * 1 * 2 + 5:

    >>> params = {"dense": {"W": np.vstack([np.zeros((2, 2)), np.eye(2)]),
    ...                     "b": np.array([-0.5, 0.5])},
    ...           "layer_norm": {"gamma": 2 * np.ones(2), "beta": np.zeros(2)},
    ...           "score": {"W": np.array([[8.0], [0.0]]), "b": np.array([5.0])}}
    >>> x, starts = np.array([[[0.0, 0.0], [1.0, -1.0]]]), np.array([[1]])
    >>> y, cache = squad_end_forward(params, x, starts, eps=0.0)
    >>> y.round(12).tolist()
    [[[21.0, 21.0]]]
    """
    dense, norm, score = params["dense"], params["layer_norm"], params["score"]
    H = x.shape[-1]
    rows = np.arange(len(x))[:, None]                                          # (B, 1)
    x_start = x[rows, starts]                                                  # (B, K, H)
    of_token, token_cache = linear_forward(x, dense["W"][:H], dense["b"])      # (B, T, H)
    of_start, start_cache = linear_forward(x_start, dense["W"][H:],
                                           np.zeros_like(dense["b"]))          # (B, K, H)
    u = of_token[:, None] + of_start[:, :, None]                               # (SQE.1)
    g, tanh_cache = tanh_forward(u)                                            # (B, K, T, H)
    e, norm_cache = layer_norm_forward(g, norm["gamma"], norm["beta"], eps)    # (SQE.2)
    y, score_cache = linear_forward(e, score["W"], score["b"])                 # (B, K, T, 1)
    return y[..., 0], (token_cache, start_cache, tanh_cache, norm_cache, score_cache, rows,
                       starts)                                                 # (SQE.3)


def squad_end_backward(params, dy, cache):
    r"""Compute the gradients of the end scores.

    (SQE.3) and (SQE.2) are a linear map, a layer norm and a tanh. Their backward passes give du by
    (LIN.2), (LN.5) and (TANH.2). In (SQE.1) the term :math:`x_{bt} W'` is a part of u for every
    start k. The term :math:`x_{bs} W''` is a part of u for every token t. If a term is used in many
    places, its gradients add up:

    .. math::
       :label: SQE.4

       d(x_{bt} W') = \sum_k du_{bkt}, \qquad d(x_{bs} W'') = \sum_t du_{bkt}

    From these, (LIN.3) gives the two halves of dW, which are stacked again. (LIN.2) gives the two
    gradients of hidden states. t runs over all tokens. A token that is a start is also
    used as s, perhaps for several k:

    .. math::
       :label: SQE.5

       dx_{bt} = d(x_{bt} W')\, W'^\top + \sum_{k:\; s_{bk} = t} d(x_{bs} W'')\, W''^\top

    c is a part of every u, so its gradient is the sum of all du.

    Parameters
    ----------
    params : as in :func:`squad_end_forward`
    dy : array (B, K, T)
    cache : from :func:`squad_end_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params

    Examples
    --------
    There are two tokens, (0, 0) and (1, -1). The second token is the start. W' = 0, W'' is the
    identity, and c = (-1, 1), so u = (0, 0) at both tokens. There tanh has the slope 1, and with
    epsilon = 1 the layer norm has the standard deviation 1. With w = (8, 0) and dy = 1 at both
    tokens, de = (8, 0). The layer norm subtracts the mean, so du = (4, -4) at both tokens. W' = 0,
    so only the start gets a gradient. It is the sum of the two du:

    >>> params = {"dense": {"W": np.vstack([np.zeros((2, 2)), np.eye(2)]),
    ...                     "b": np.array([-1.0, 1.0])},
    ...           "layer_norm": {"gamma": np.ones(2), "beta": np.zeros(2)},
    ...           "score": {"W": np.array([[8.0], [0.0]]), "b": np.array([5.0])}}
    >>> x, starts = np.array([[[0.0, 0.0], [1.0, -1.0]]]), np.array([[1]])
    >>> dy = np.ones((1, 1, 2))
    >>> y, cache = squad_end_forward(params, x, starts, eps=1.0)
    >>> dx, grads = squad_end_backward(params, dy, cache)
    >>> y.tolist(), dx.tolist()
    ([[[5.0, 5.0]]], [[[0.0, 0.0], [8.0, -8.0]]])
    >>> grads["dense"]["W"].tolist()
    [[4.0, -4.0], [-4.0, 4.0], [8.0, -8.0], [-8.0, 8.0]]

    Now W' is the identity too, so each token influences its own u. The second token is the start
    twice: for k = 0 with dy = 1, and for k = 1 with dy = 2. The second token gets the gradients of
    both:

    >>> params = {**params, "dense": {"W": np.vstack([np.eye(2), np.eye(2)]),
    ...                               "b": np.array([-1.0, 1.0])}}
    >>> starts, dy = np.array([[1, 1]]), np.array([[[1.0, 1.0], [2.0, 2.0]]])
    >>> y, cache = squad_end_forward(params, x, starts, eps=1.0)
    >>> dx, grads = squad_end_backward(params, dy, cache)
    >>> dx.round(6).tolist()
    [[[12.0, -12.0], [17.07502, -17.07502]]]
    >>> grads["dense"]["W"].round(6).tolist()
    [[2.53751, -2.53751], [-2.53751, 2.53751], [14.53751, -14.53751], [-14.53751, 14.53751]]
    """
    token_cache, start_cache, tanh_cache, norm_cache, score_cache, rows, starts = cache
    # forward: y = e @ w + b
    de, dw, db = linear_backward(dy[..., None], score_cache)                   # (B, K, T, H)
    # forward: e = layer_norm(tanh(u))
    dg, dgamma, dbeta = layer_norm_backward(de, norm_cache)
    du = tanh_backward(dg, tanh_cache)                                         # (B, K, T, H)
    # forward: u[b, k, t] = of_token[b, t] + of_start[b, k]
    d_of_token, d_of_start = du.sum(axis=1), du.sum(axis=2)                    # (SQE.4)
    # forward: of_token = x @ W' + c, of_start = x[start] @ W''
    dx, dW_token, dc = linear_backward(d_of_token, token_cache)                # (B, T, H)
    dx_start, dW_start, _ = linear_backward(d_of_start, start_cache)           # (B, K, H)
    np.add.at(dx, (rows, starts), dx_start)                                    # (SQE.5)
    return dx, {"dense": {"W": np.concatenate([dW_token, dW_start]), "b": dc},
                "layer_norm": {"gamma": dgamma, "beta": dbeta},
                "score": {"W": dw, "b": db}}
