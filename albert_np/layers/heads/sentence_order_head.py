"""The sentence-order head: were the two segments swapped?"""

from ...functional import linear_backward, linear_forward


def sentence_order_head_forward(params, pooled):
    r"""Compute two scores from the pooled vector.

    .. math::
       :label: SOP.1

       y = \text{pooled}\; W + b

    Class 0 means "in order", class 1 means "swapped".

    Parameters
    ----------
    params : dict
        W (H, 2), b (2,).
    pooled : array (B, H)

    Returns
    -------
    logits : array (B, 2)
    cache : what the backward pass needs

    References
    ----------
    Lan et al. 2020, section 3.1, "Inter-sentence coherence loss". The labels are the same as in
    google-research/albert, ``create_pretraining_data.py``. Like the head there, this one has no
    dropout.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([[1.0, -1.0]]), "b": np.array([0.0, 1.0])}
    >>> pooled = np.array([[2.0]])
    >>> logits, cache = sentence_order_head_forward(params, pooled)
    >>> logits.tolist()
    [[2.0, -1.0]]
    """
    logits, cache = linear_forward(pooled, params["W"], params["b"])           # (SOP.1)  (B, 2)
    return logits, cache


def sentence_order_head_backward(params, dy, cache):
    r"""Compute the gradients of a linear map.

    .. math::
       :label: SOP.2

       d\text{pooled} = dy\, W^\top

    (LIN.3) and (LIN.4) give the gradients of the weights.

    Parameters
    ----------
    params : as in :func:`sentence_order_head_forward`
    dy : array (B, 2)
    cache : from :func:`sentence_order_head_forward`

    Returns
    -------
    dpooled : array (B, H)
    grads : tree like params

    Examples
    --------
    >>> import numpy as np
    >>> params = {"W": np.array([[1.0, -1.0]]), "b": np.array([0.0, 1.0])}
    >>> pooled = np.array([[2.0]])
    >>> dy = np.array([[-0.5, 0.5]])
    >>> logits, cache = sentence_order_head_forward(params, pooled)
    >>> dpooled, grads = sentence_order_head_backward(params, dy, cache)
    >>> logits.tolist(), dpooled.tolist(), grads["W"].tolist(), grads["b"].tolist()
    ([[2.0, -1.0]], [[-1.0]], [[-1.0, 1.0]], [-0.5, 0.5])
    """
    # forward: logits = pooled @ W + b
    dpooled, dW, db = linear_backward(dy, cache)                               # (SOP.2)  (B, H)
    return dpooled, {"W": dW, "b": db}
