"""Softmax cross-entropy: the loss of every classification, the masked language model included."""

import numpy as np

IGNORED = -100     # a row with this label is not predicted and has no loss; PyTorch's default


def cross_entropy_forward(logits, labels, ignore_index=IGNORED, weights=None):
    r"""Compute the mean negative log-probability of the right classes.

    .. math::
       :label: CE.1

       \text{loss} = \frac{1}{W} \sum_n w_n \ell_n, \qquad W = \sum_n w_n, \qquad
       \ell_n = -\log p_{n, c_n}
              = \log \sum_k e^{x_{nk}} - x_{n, c_n}
              = \log \sum_k e^{x_{nk} - s_n} - (x_{n, c_n} - s_n)

    Here x are the logits, :math:`c_n` is the label of row n, p is the softmax of the logits (SM.1),
    and w are the weights. A weight is 1 if none is given, and 0 if the label of the row is
    ``ignore_index``. If all weights are 0, the loss is 0.

    The last form avoids the softmax. A probability may be so small that it is rounded to 0, and its
    logarithm would be infinite. In the last form this cannot happen. There :math:`s_n` is the
    largest logit of the row. As in the last form, the code first subtracts :math:`s_n` from the
    logit of the label. Do not add :math:`s_n` to the logarithm instead: if :math:`s_n` is large,
    this sum is large too, and rounding it would destroy the digits of the logarithm. If a row whose
    weight is not 0 has NaN or +inf, the loss is NaN.

    Parameters
    ----------
    logits : array (..., K)
    labels : integer array (...)
        Each in [0, K), or ``ignore_index``.
    ignore_index : int
    weights : array (...), optional
        The weights of the rows. For class weights, give each row the weight of its label.

    Returns
    -------
    loss : scalar
        0 if no row counts.
    cache : what the backward pass needs
        The exponentials of the shifted logits (N, K), their row sums (N,), the labels (N,) with 0
        in place of ``ignore_index``, the weights divided by their sum (N,), the shape of the
        logits.

    Raises
    ------
    ValueError
        A label is not a class, the shapes do not fit, or the sum of the weights is not finite.

    Examples
    --------
    There are three rows. The first row gives both classes probability 1/2, so its loss is
    ln 2 = 0.693147. In the second row the logit of the wrong class is larger by 1000, so the loss
    of this row is 1000. The third row is ignored. The weights of the first two rows are 3 and 1, so
    the mean is 3/4 ln 2 + 1/4 * 1000:

    >>> logits = np.array([[0.0, 0.0], [0.0, 1000.0], [5.0, 7.0]])
    >>> labels, weights = np.array([0, 0, -100]), np.array([3.0, 1.0, 1.0])
    >>> loss, cache = cross_entropy_forward(logits, labels, weights=weights)
    >>> round(float(loss), 6)
    250.51986

    Without any label the loss is 0:

    >>> loss, cache = cross_entropy_forward(logits, np.array([-100, -100, -100]))
    >>> float(loss)
    0.0
    """
    labels, K = np.asarray(labels), logits.shape[-1]
    _check_labels(logits, labels, ignore_index, weights)
    x, labels = logits.reshape(-1, K), labels.ravel()                  # (N, K), (N,)
    counted = labels != ignore_index                                   # (N,)
    classes = np.where(counted, labels, 0)                             # (N,)
    w = counted.astype(x.real.dtype)                                   # (N,)
    with np.errstate(over="ignore", invalid="ignore"):
        if weights is not None:
            w = w * np.asarray(weights, dtype=w.dtype).ravel()
        total = w.sum()
    if not np.isfinite(total):
        raise ValueError(f"the sum of the weights is {total}; it must be a finite number")
    w = w / total if total != 0 else w                                 # w_n / W

    rows = np.arange(len(x))
    shift = x.real.max(axis=1, keepdims=True)                          # (N, 1)
    with np.errstate(over="ignore", invalid="ignore"):       # logits very far below the largest
        e = np.exp(x - shift)                                          # (N, K)
        sum_e = e.sum(axis=1)                                          # (N,)
        row_losses = np.log(sum_e) - (x[rows, classes] - shift[:, 0])  # l_n
        loss = (w * row_losses)[w != 0].sum()                          # (CE.1)
    return loss, (e, sum_e, classes, w, logits.shape)


def _check_labels(logits, labels, ignore_index, weights):
    """Raise a ValueError if a label is not a class or the shapes do not fit."""
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels have shape {labels.shape}, but logits of shape {logits.shape} "
                         f"need labels of shape {logits.shape[:-1]}")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels have dtype {labels.dtype}; they must be integers")
    if weights is not None and np.shape(weights) != labels.shape:
        raise ValueError(f"weights have shape {np.shape(weights)}, but labels have shape "
                         f"{labels.shape}")
    K, counted = logits.shape[-1], labels[labels != ignore_index]
    if counted.size and not (0 <= counted.min() and counted.max() < K):
        raise ValueError(f"labels range from {counted.min()} to {counted.max()}, "
                         f"but there are {K} classes, 0 to {K - 1}")


def cross_entropy_backward(dloss, cache):
    r"""Compute the gradient of the cross-entropy with respect to the logits.

    Take one row of (CE.1). The derivative of the first term is the softmax,

    .. math::

       \frac{\partial}{\partial x_j} \log \sum_k e^{x_k}
       = \frac{e^{x_j}}{\sum_k e^{x_k}} = p_j,

    and the derivative of the second term is 1 for the label's own logit and 0 for the others. The
    row has the weight :math:`w_n / W` in the mean, so

    .. math::
       :label: CE.2

       dx_{nj} = d\text{loss}\; \frac{w_n}{W} \left( p_{nj} - [j = c_n] \right)

    Parameters
    ----------
    dloss : scalar
    cache : from :func:`cross_entropy_forward`

    Returns
    -------
    dlogits : array (..., K)

    Examples
    --------
    There are three rows with two equal logits each, so p = (1/2, 1/2) in every row. The third row
    is ignored: it counts neither in the sum nor in the mean. The weights of the other two rows are
    3 and 1, so these rows are 3/4 and 1/4 of the mean. Let dloss = 4:

    >>> logits, labels, dloss = np.zeros((3, 2)), np.array([0, 1, -100]), 4.0
    >>> weights = np.array([3.0, 1.0, 1.0])
    >>> loss, cache = cross_entropy_forward(logits, labels, weights=weights)
    >>> round(float(loss), 6)                          # ln 2
    0.693147
    >>> cross_entropy_backward(dloss, cache).tolist()
    [[-1.5, 1.5], [0.5, -0.5], [0.0, 0.0]]
    """
    e, sum_e, classes, w, shape = cache
    # forward: loss = sum_n w_n * (log(sum(exp(x_n))) - x_n[class])
    scale = dloss * w                                                  # (N,)
    dx = e * (scale / sum_e)[:, None]                                  # p times the row's share
    dx[np.arange(len(dx)), classes] -= scale                           # (CE.2)  (N, K)
    return dx.reshape(shape)
