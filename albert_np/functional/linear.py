"""The linear map y = xW + b."""

import numpy as np


def linear_forward(x, W, b):
    r"""Multiply every row of x by the matrix W and add the bias b.

    .. math::
       :label: LIN.1

       y_{no} = \sum_i x_{ni} W_{io} + b_o

    Parameters
    ----------
    x : array (..., I)
    W : array (I, O)
        It is stored as (in, out), so that the code looks like the equation.
    b : array (O,)

    Returns
    -------
    y : array (..., O)
    cache : what the backward pass needs

    Examples
    --------
    There is one sequence of two tokens. The first output of the first token is
    1 * 1 + 2 * 3 + 5 = 12:

    >>> x, W = np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> b = np.array([5.0, 6.0])
    >>> y, cache = linear_forward(x, W, b)
    >>> y.tolist()
    [[[12.0, 16.0], [20.0, 28.0]]]
    """
    rows = x.reshape(-1, W.shape[0])                                   # (N, I): one large product
    with np.errstate(over="ignore", invalid="ignore"):                 # inf and NaN show in y
        y = rows @ W
        y += b                                                         # (LIN.1)  (N, O)
    return y.reshape(*x.shape[:-1], W.shape[1]), (x, W)


def linear_backward(dy, cache):
    r"""Compute the gradients of a linear map.

    Let s be the loss, and :math:`dy_{no} = \partial s / \partial y_{no}`. A variable *influences*
    :math:`y_{no}` if :math:`y_{no}` changes when the variable changes. The derivative of
    :math:`y_{no}` (LIN.1) with respect to the variable is called the *slope*. By the chain rule,
    the gradient of a variable is a sum over every :math:`y_{no}` that it influences. Each term of
    the sum is :math:`dy_{no}` times the slope.

    :math:`x_{ni}` influences the outputs of its own row n, each with slope :math:`W_{io}`:

    .. math::
       :label: LIN.2

       dx_{ni} = \sum_o dy_{no} W_{io}, \qquad dx = dy\, W^\top

    :math:`W_{io}` influences output o of every row, each with slope :math:`x_{ni}`:

    .. math::
       :label: LIN.3

       dW_{io} = \sum_n x_{ni}\, dy_{no}, \qquad dW = x^\top dy

    :math:`b_o` influences output o of every row with slope 1:

    .. math::
       :label: LIN.4

       db_o = \sum_n dy_{no}

    Parameters
    ----------
    dy : array (..., O)
    cache : from :func:`linear_forward`

    Returns
    -------
    dx : array (..., I)
    dW : array (I, O)
    db : array (O,)

    Examples
    --------
    There is one sequence of two tokens. The loss depends on the first output of the first token,
    with slope 1, and on the second output of the second token, with slope 10. So the dx of the
    first token is the first column of W. The dx of the second token is 10 times the second column
    of W:

    >>> x, W = np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> b, dy = np.array([5.0, 6.0]), np.array([[[1.0, 0.0], [0.0, 10.0]]])
    >>> y, cache = linear_forward(x, W, b)
    >>> dx, dW, db = linear_backward(dy, cache)
    >>> dx.tolist(), dW.tolist(), db.tolist()
    ([[[1.0, 3.0], [20.0, 40.0]]], [[1.0, 30.0], [2.0, 40.0]], [1.0, 10.0])
    """
    x, W = cache
    x_rows = x.reshape(-1, W.shape[0])                                 # (N, I)
    dy_rows = dy.reshape(-1, W.shape[1])                               # (N, O)
    # forward: y = x @ W + b
    with np.errstate(over="ignore", invalid="ignore"):
        dx = (dy_rows @ W.T).reshape(x.shape)                          # (LIN.2)  (..., I)
        dW = x_rows.T @ dy_rows                                        # (LIN.3)  (I, O)
        # plain: db = dy_rows.sum(axis=0)
        db = np.dot(np.ones(len(dy_rows), dy.dtype), dy_rows)          # (LIN.4)  (O,)
    return dx, dW, db
