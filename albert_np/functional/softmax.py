"""Softmax over the last axis, without and with a mask."""

import numpy as np

from .sums import row_sum


def softmax_forward(x):
    r"""Turn scores into probabilities.

    .. math::
       :label: SM.1

       p_j = \frac{e^{x_j}}{\sum_k e^{x_k}} = \frac{e^{x_j - c}}{\sum_k e^{x_k - c}}

    This holds for any c, because c cancels. With c = max x no exponent is above 0, so nothing
    overflows. If a row has NaN or a score of +inf, its softmax is not defined and its p are NaN.

    Parameters
    ----------
    x : array (..., K)

    Returns
    -------
    p : array (..., K)
        Each row sums to 1.
    cache : what the backward pass needs

    Examples
    --------
    The exponentials of the first row are 3 and 1. In the second row the exponentials would
    overflow, if the largest score were not subtracted first:

    >>> x = np.array([[np.log(3.0), 0.0], [1000.0, 1000.0]])
    >>> p, cache = softmax_forward(x)
    >>> p.round(12).tolist()
    [[0.75, 0.25], [0.5, 0.5]]
    """
    shift = x.real.max(axis=-1, keepdims=True)                         # (..., 1)
    with np.errstate(over="ignore", invalid="ignore"):       # scores very far below the largest
        e = np.exp(x - shift)                                          # (..., K)
    p = np.divide(e, row_sum(e), out=e)                                # (SM.1)  (..., K)
    return p, p


def softmax_backward(dp, cache):
    r"""Compute the gradient of softmax.

    If :math:`x_j` grows, the numerator of :math:`p_j` grows, and the denominator of every
    :math:`p_i` grows. With :math:`S = \sum_k e^{x_k}` the quotient rule gives

    .. math::

       \frac{\partial p_i}{\partial x_j}
       = \frac{\delta_{ij} e^{x_i} S - e^{x_i} e^{x_j}}{S^2}
       = \delta_{ij}\, p_i - p_i p_j

    where :math:`\delta_{ij}` is 1 for i = j and 0 otherwise. Sum over every :math:`p_i`, because
    :math:`x_j` influences all of them:

    .. math::
       :label: SM.2

       dx_j = \sum_i dp_i\, (\delta_{ij}\, p_i - p_i p_j)
            = p_j \Big( dp_j - \sum_i dp_i\, p_i \Big)

    Parameters
    ----------
    dp : array (..., K)
    cache : from :func:`softmax_forward`

    Returns
    -------
    dx : array (..., K)
        Each row sums to 0, because p does not change if the same number is added to all scores.

    Examples
    --------
    In the first row p = (1/2, 1/4, 1/4) and dp = (1, 0, 0), so the sum of dp * p is 1/2. In the
    second row p = (1/4, 1/4, 1/2) and dp = (0, 4, 0), so the sum is 1:

    >>> x = np.log(np.array([[2.0, 1.0, 1.0], [1.0, 1.0, 2.0]]))
    >>> dp = np.array([[1.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    >>> p, cache = softmax_forward(x)
    >>> softmax_backward(dp, cache).round(12).tolist()
    [[0.25, -0.125, -0.125], [-0.25, 0.75, -0.5]]
    """
    p = cache
    # forward: p = exp(x) / sum(exp(x))
    dx = dp - row_sum(dp, p)
    dx *= p                                                            # (SM.2)
    return dx


def masked_softmax_forward(x, keep):
    r"""Compute the softmax over the kept entries; the others get probability exactly 0.

    .. math::
       :label: SM.3

       p_j = \frac{m_j\, e^{x_j}}{\sum_k m_k\, e^{x_k}}, \qquad m_j \in \{0, 1\}

    If a row keeps nothing, all its p are 0, so it attends to nothing. A score of -inf has the same
    effect as a mask. If a kept score is NaN or +inf, all p of the row are NaN.

    Parameters
    ----------
    x : array (..., K)
    keep : boolean array, broadcastable to the shape of x
        True if the entry takes part. None keeps everything.

    Returns
    -------
    p : array (..., K)
    cache : what the backward pass needs

    Notes
    -----
    google-research/albert adds -10000 to the masked scores instead. Then a masked entry could still
    get the largest probability, if its score is more than 10000 above all others.

    Examples
    --------
    In the first row the last score is masked. In the second row all scores are masked:

    >>> x = np.log(np.array([[2.0, 1.0, 1.0, 9.0], [1.0, 1.0, 1.0, 1.0]]))
    >>> keep = np.array([[True, True, True, False], [False, False, False, False]])
    >>> p, cache = masked_softmax_forward(x, keep)
    >>> p.round(12).tolist()
    [[0.5, 0.25, 0.25, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    if keep is None:
        return softmax_forward(x)
    scores = np.where(keep, x, -np.inf)                                # exp(-inf) = 0
    shift = scores.real.max(axis=-1, keepdims=True)                    # (..., 1)
    with np.errstate(over="ignore", invalid="ignore"):       # scores very far below the largest
        scores -= np.where(shift == -np.inf, 0, shift)       # -inf: rows that keep nothing
    e = np.exp(scores, out=scores)                                     # (..., K)
    total = row_sum(e)                                                 # (..., 1)
    p = np.divide(e, np.where(total == 0, 1, total), out=e)            # (SM.3)  (..., K)
    return p, p


def masked_softmax_backward(dp, cache):
    r"""Compute the gradient of the masked softmax: the same formula, since a masked p is 0.

    The mask multiplies each exponential by a constant. So the quotient rule gives the same result
    as for (SM.2), with :math:`m_j e^{x_j}` in place of :math:`e^{x_j}`. If :math:`m_j = 0`, the
    factor :math:`p_j = 0` makes the gradient exactly 0. So no gradient passes through the mask.

    .. math::
       :label: SM.4

       dx_j = p_j \Big( dp_j - \sum_i dp_i\, p_i \Big)

    Parameters
    ----------
    dp : array (..., K)
    cache : from :func:`masked_softmax_forward`

    Returns
    -------
    dx : array (..., K)

    Examples
    --------
    The first three entries are the first row of the example of :func:`softmax_backward`. The fourth
    entry is masked. So its score and its gradient have no effect, however large they are:

    >>> x, keep = np.log(np.array([[2.0, 1.0, 1.0, 99.0]])), np.array([[True, True, True, False]])
    >>> dp = np.array([[1.0, 0.0, 0.0, 99.0]])
    >>> p, cache = masked_softmax_forward(x, keep)
    >>> masked_softmax_backward(dp, cache).round(12).tolist()
    [[0.25, -0.125, -0.125, 0.0]]
    """
    return softmax_backward(dp, cache)                                 # (SM.4)
