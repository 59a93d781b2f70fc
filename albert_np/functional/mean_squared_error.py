"""Mean squared error: the loss of regression."""

import numpy as np


def mean_squared_error_forward(predictions, targets):
    r"""Compute the mean of the squared differences.

    .. math::
       :label: MSE.1

       \text{loss} = \frac1N \sum_n (x_n - t_n)^2

    Parameters
    ----------
    predictions : array (...)
    targets : array (...)
        They have the same shape. Broadcasting is refused: (N, 1) against (N,) would compare every
        prediction with every target.

    Returns
    -------
    loss : scalar
    cache : what the backward pass needs

    Raises
    ------
    ValueError
        The shapes differ, or there is no number to take the mean of.

    Examples
    --------
    >>> predictions, targets = np.array([3.0, 1.0]), np.array([1.0, 1.0])
    >>> loss, cache = mean_squared_error_forward(predictions, targets)
    >>> float(loss), cache.tolist()                    # (2^2 + 0^2)/2, and the differences
    (2.0, [2.0, 0.0])
    """
    targets = np.asarray(targets, dtype=predictions.real.dtype)
    if targets.shape != predictions.shape:
        raise ValueError(f"targets have shape {targets.shape}, "
                         f"but predictions have shape {predictions.shape}")
    if not targets.size:
        raise ValueError(f"predictions and targets have shape {targets.shape}; a mean needs "
                         f"at least one number")
    difference = predictions - targets                                 # (...)
    with np.errstate(over="ignore"):                                   # too large a loss is inf
        loss = np.square(difference).mean()                            # (MSE.1)
    return loss, difference


def mean_squared_error_backward(dloss, cache):
    r"""Compute the gradient: the derivative of a squared difference is twice the difference.

    .. math::
       :label: MSE.2

       dx_n = d\text{loss}\; \frac{2}{N} (x_n - t_n)

    Parameters
    ----------
    dloss : scalar
    cache : from :func:`mean_squared_error_forward`

    Returns
    -------
    dpredictions : array (...)

    Examples
    --------
    Let dloss = 10. Then the first gradient is 10 * 2/2 * (3 - 1) = 20:

    >>> predictions, targets, dloss = np.array([3.0, 1.0]), np.array([1.0, 1.0]), 10.0
    >>> loss, cache = mean_squared_error_forward(predictions, targets)
    >>> float(loss), mean_squared_error_backward(dloss, cache).tolist()
    (2.0, [20.0, 0.0])
    """
    difference = cache
    # forward: loss = mean((x - t)^2)
    dx = difference * (dloss * (2 / difference.size))                  # (MSE.2)
    return dx
