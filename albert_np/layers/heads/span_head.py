"""The span head: where in the text does the answer begin, and where does it end?"""

import numpy as np

from ...functional import linear_backward, linear_forward


def span_head_forward(params, x):
    r"""Compute two scores for each token: the answer begins here, and the answer ends here.

    .. math::
       :label: SPAN.1

       \text{start}_{bt} = x_{bt} \cdot W_{:,0} + b_0, \qquad
       \text{end}_{bt} = x_{bt} \cdot W_{:,1} + b_1

    The two scores are independent. So the best end may be before the best start. A program that
    reads the answer has to look at pairs of a start and an end.

    Parameters
    ----------
    params : dict
        W (H, 2), b (2,).
    x : array (B, T, H)

    Returns
    -------
    (start_logits, end_logits) : arrays (B, T)
    cache : what the backward pass needs

    References
    ----------
    google-research/albert, ``squad_utils.py``, ``create_v1_model``, which has no dropout here.

    Examples
    --------
    There are two tokens with one number each. The start score is 3x, and the end score is 5x + 1:

    >>> params = {"W": np.array([[3.0, 5.0]]), "b": np.array([0.0, 1.0])}
    >>> x = np.array([[[1.0], [2.0]]])
    >>> (start, end), cache = span_head_forward(params, x)
    >>> start.tolist(), end.tolist()
    ([[3.0, 6.0]], [[6.0, 11.0]])
    """
    y, cache = linear_forward(x, params["W"], params["b"])                     # (B, T, 2)
    start_logits, end_logits = y[..., 0], y[..., 1]                            # (SPAN.1)  (B, T)
    return (start_logits, end_logits), cache


def span_head_backward(params, dy, cache):
    r"""Compute the gradients: join the two gradients, then go back through the linear map.

    .. math::
       :label: SPAN.2

       dx_{bt} = d\text{start}_{bt}\, W_{:,0} + d\text{end}_{bt}\, W_{:,1}

    (LIN.3) and (LIN.4) give the gradients of the weights.

    Parameters
    ----------
    params : as in :func:`span_head_forward`
    dy : (dstart, dend), arrays (B, T)
    cache : from :func:`span_head_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params

    Examples
    --------
    There are two tokens with one number each. The gradient of the start score is 1 at the first
    token. The gradient of the end score is 10 at the first token and 100 at the second token:

    >>> params, x = {"W": np.array([[3.0, 5.0]]), "b": np.zeros(2)}, np.array([[[1.0], [2.0]]])
    >>> dstart, dend = np.array([[1.0, 0.0]]), np.array([[10.0, 100.0]])
    >>> (start, end), cache = span_head_forward(params, x)
    >>> dx, grads = span_head_backward(params, (dstart, dend), cache)
    >>> start.tolist(), end.tolist(), dx.tolist(), grads["W"].tolist()
    ([[3.0, 6.0]], [[5.0, 10.0]], [[[53.0], [500.0]]], [[1.0, 210.0]])
    """
    dstart, dend = dy
    # forward: start_logits, end_logits = y[..., 0], y[..., 1]
    dy = np.stack([dstart, dend], axis=-1)                                     # (B, T, 2)
    # forward: y = x @ W + b
    dx, dW, db = linear_backward(dy, cache)                                    # (SPAN.2)
    return dx, {"W": dW, "b": db}
