"""Some rows of every sequence."""

import numpy as np


def rows_at_forward(x, positions):
    r"""Take the rows at these positions.

    .. math::
       :label: ROW.1

       y_{brh} = x_{b,\, \text{positions}_{br},\, h}

    Parameters
    ----------
    x : array (B, T, H)
    positions : integer array (B, R), or None
        Each in [0, T), and no two alike in one sequence. None takes all rows: y is x.

    Returns
    -------
    y : array (B, R, H)
    cache : what the backward pass needs
    """
    if positions is None:
        return x, (None, x.shape)
    y = np.take_along_axis(x, positions[:, :, None], axis=1)           # (ROW.1)  (B, R, H)
    return y, (positions, x.shape)


def rows_at_backward(dy, cache):
    r"""Put each row's gradient back where the row was taken; the other rows touched nothing.

    .. math::
       :label: ROW.2

       dx_{bth} = \begin{cases} dy_{brh} & \text{where } t = \text{positions}_{br} \\
                  0 & \text{where there is no such } r \end{cases}

    (A position that was taken twice would have to add up two gradients, as in (EMB.2).)

    Parameters
    ----------
    dy : array (B, R, H)
    cache : from :func:`rows_at_forward`

    Returns
    -------
    dx : array (B, T, H)

    Examples
    --------
    Of three rows the last and the first were taken, in this order:

    >>> x = np.array([[[1.0], [2.0], [3.0]]])
    >>> y, cache = rows_at_forward(x, np.array([[2, 0]]))
    >>> y.tolist(), rows_at_backward(np.array([[[10.0], [20.0]]]), cache).tolist()
    ([[[3.0], [1.0]]], [[[20.0], [0.0], [10.0]]])
    """
    positions, shape = cache
    if positions is None:
        return dy
    # forward: y = x[positions]
    dx = np.zeros(shape, dtype=dy.dtype)
    np.put_along_axis(dx, positions[:, :, None], dy, axis=1)           # (ROW.2)  (B, T, H)
    return dx
