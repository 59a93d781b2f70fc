"""The classification head: dropout, then a linear map to one score for each class."""

from ...functional import dropout_backward, dropout_forward, linear_backward, linear_forward


def classification_head_forward(params, x, config, rng=None):
    r"""Compute the scores of all classes for each row of x.

    .. math::
       :label: CLS.1

       y = \text{Dropout}(x)\, W + b

    If a whole text has one answer, the rows are pooled vectors. If every token has an answer, the
    rows are hidden states. With a single output the same map gives a number (regression), or the
    score of one of several choices.

    Parameters
    ----------
    params : dict
        W (H, K), b (K,).
    x : array (..., H)
    config : AlbertConfig
        Its ``classifier_dropout_prob`` is used here.
    rng : numpy.random.Generator or None
        None turns dropout off.

    Returns
    -------
    logits : array (..., K)
    cache : what the backward pass needs

    References
    ----------
    google-research/albert, ``classifier_utils.py`` and ``race_utils.py``, ``create_model``.

    Examples
    --------
    There are one row, two inputs and one output: y = 2 * 1 + 3 * (-1) + 1 = 0. Dropout doubles the
    inputs that it keeps. Here it drops the second input:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> params = {"W": np.array([[1.0], [-1.0]]), "b": np.array([1.0])}
    >>> config, x = AlbertConfig(classifier_dropout_prob=0.5), np.array([[2.0, 3.0]])
    >>> classification_head_forward(params, x, config)[0].tolist()
    [[0.0]]
    >>> classification_head_forward(params, x, config, np.random.default_rng(2))[0].tolist()
    [[5.0]]
    """
    dropped, dropout_cache = dropout_forward(x, config.classifier_dropout_prob, rng)
    logits, linear_cache = linear_forward(dropped, params["W"], params["b"])   # (CLS.1)  (..., K)
    return logits, (dropout_cache, linear_cache)


def classification_head_backward(params, dy, cache):
    r"""Compute the gradients: through the linear map, then through the same dropout mask.

    Let m be the mask that the forward pass drew (DO.1). Then (LIN.2) and (DO.2) give

    .. math::
       :label: CLS.2

       dx = (dy\, W^\top) \odot m

    (LIN.3) gives the gradient of W. It contains x after dropout, and not x itself. An entry that
    was set to 0 did not influence y, so it adds nothing to dW.

    Parameters
    ----------
    params : as in :func:`classification_head_forward`
    dy : array (..., K)
    cache : from :func:`classification_head_forward`

    Returns
    -------
    dx : array (..., H)
    grads : tree like params

    Examples
    --------
    There are one row, two inputs and one output: y = 2 * 1 + 3 * (-1) + 1 = 0. In the second call
    dropout drops the second input and doubles the first input, so y = 4 * 1 + 1 = 5:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> params = {"W": np.array([[1.0], [-1.0]]), "b": np.array([1.0])}
    >>> config = AlbertConfig(classifier_dropout_prob=0.5)
    >>> x, dy = np.array([[2.0, 3.0]]), np.array([[10.0]])
    >>> logits, cache = classification_head_forward(params, x, config)
    >>> dx, grads = classification_head_backward(params, dy, cache)
    >>> logits.tolist(), dx.tolist(), grads["W"].tolist(), grads["b"].tolist()
    ([[0.0]], [[10.0, -10.0]], [[20.0], [30.0]], [10.0])
    >>> logits, cache = classification_head_forward(params, x, config, np.random.default_rng(2))
    >>> dx, grads = classification_head_backward(params, dy, cache)
    >>> logits.tolist(), dx.tolist(), grads["W"].tolist()
    ([[5.0]], [[20.0, -0.0]], [[40.0], [0.0]])
    """
    dropout_cache, linear_cache = cache
    # forward: logits = dropped @ W + b
    d_dropped, dW, db = linear_backward(dy, linear_cache)                      # (..., H)
    # forward: dropped = dropout(x)
    dx = dropout_backward(d_dropped, dropout_cache)                            # (CLS.2)
    return dx, {"W": dW, "b": db}
