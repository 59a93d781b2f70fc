"""Dropout."""

import numpy as np


def dropout_forward(x, p, rng):
    r"""Set each entry to zero with probability p and scale up the rest ("inverted" dropout).

    .. math::
       :label: DO.1

       y = x \odot m, \qquad
       m_j = \begin{cases} 0 & \text{with probability } p \\
                           1/(1-p) & \text{otherwise} \end{cases}

    The scaling makes the expected value of y equal to x. So nothing has to change when dropout is
    turned off for prediction.

    Parameters
    ----------
    x : array (...)
    p : float in [0, 1)
    rng : numpy.random.Generator or None
        None turns dropout off.

    Returns
    -------
    y : array (...)
    cache : the mask m, or None if dropout is off

    Raises
    ------
    ValueError
        p is not in [0, 1).

    References
    ----------
    Srivastava et al. 2014.

    Examples
    --------
    With p = 1/5, the kept entries are multiplied by 1/(1 - 1/5) = 1.25. Without a generator nothing
    is dropped:

    >>> x = np.array([1.0, 2.0, 3.0, 4.0])
    >>> y, mask = dropout_forward(x, 0.2, np.random.default_rng(2))
    >>> y.tolist()
    [1.25, 2.5, 0.0, 5.0]
    >>> dropout_forward(x, 0.2, None)[0].tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}; a dropout probability lies in [0, 1)")
    if rng is None or p == 0:
        return x, None
    # The random numbers do not depend on the dtype of x. A float32 from [0, 1) is a multiple of
    # 2^-24. That is too coarse if little is kept.
    digits = np.float32 if p <= 0.99 else np.float64
    kept = rng.random(x.shape, dtype=digits) >= p
    mask = kept * np.asarray(1 / (1 - p), dtype=x.real.dtype)          # (...)
    with np.errstate(over="ignore", invalid="ignore"):                 # infinity times 0 is NaN
        y = x * mask                                                   # (DO.1)
    return y, mask


def dropout_backward(dy, cache):
    r"""Multiply the gradient by the same mask, because the mask is a constant factor.

    .. math::
       :label: DO.2

       dx = dy \odot m

    Parameters
    ----------
    dy : array (...)
    cache : from :func:`dropout_forward`

    Returns
    -------
    dx : array (...)

    Examples
    --------
    With p = 1/5, the kept entries are multiplied by 1.25. Their gradients are multiplied by 1.25
    too:

    >>> x, dy = np.array([1.0, 2.0, 3.0, 4.0]), np.array([8.0, 8.0, 8.0, 8.0])
    >>> y, mask = dropout_forward(x, 0.2, np.random.default_rng(2))
    >>> y.tolist(), dropout_backward(dy, mask).tolist()
    ([1.25, 2.5, 0.0, 5.0], [10.0, 10.0, 0.0, 10.0])
    """
    mask = cache
    if mask is None:
        return dy
    # forward: y = x * mask
    dx = dy * mask                                                     # (DO.2)
    return dx
