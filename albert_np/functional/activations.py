"""The simpler activations, and a table of all activations by their published names."""

import numpy as np

from .gelu import gelu_backward, gelu_forward, gelu_new_backward, gelu_new_forward


def relu_forward(x):
    r"""Set negative numbers to 0.

    .. math::
       :label: RELU.1

       y = \max(x, 0)

    Parameters
    ----------
    x : array (...)

    Returns
    -------
    y : array (...)
    cache : what the backward pass needs

    Examples
    --------
    >>> x = np.array([2.0, -3.0])
    >>> y, cache = relu_forward(x)
    >>> y.tolist()
    [2.0, 0.0]
    """
    y = np.maximum(x, 0)                                               # (RELU.1)
    return y, y


def relu_backward(dy, cache):
    r"""Multiply by the slope: 1 if x was positive and 0 otherwise (at 0 by convention).

    .. math::
       :label: RELU.2

       dx = dy \cdot [x > 0]

    Parameters
    ----------
    dy : array (...)
    cache : from :func:`relu_forward`

    Returns
    -------
    dx : array (...)

    Examples
    --------
    >>> x, dy = np.array([2.0, -3.0]), np.array([10.0, 10.0])
    >>> y, cache = relu_forward(x)
    >>> relu_backward(dy, cache).tolist()
    [10.0, 0.0]
    """
    y = cache
    # forward: y = x where x > 0, else 0
    dx = dy * np.sign(y.real)                                          # (RELU.2)  NaN stays NaN
    return dx


def tanh_forward(x):
    r"""Compute the hyperbolic tangent.

    .. math::
       :label: TANH.1

       y = \tanh x = \frac{e^x - e^{-x}}{e^x + e^{-x}}

    Parameters
    ----------
    x : array (...)

    Returns
    -------
    y : array (...)
    cache : what the backward pass needs

    Examples
    --------
    The backward pass needs y and nothing else, so y is the cache:

    >>> x = np.arctanh(np.array([0.0, 0.5]))
    >>> y, cache = tanh_forward(x)
    >>> y.round(12).tolist(), cache.round(12).tolist()
    ([0.0, 0.5], [0.0, 0.5])
    """
    y = np.tanh(x)                                                     # (TANH.1)
    return y, y


def tanh_backward(dy, cache):
    r"""Compute the gradient of tanh from its output.

    Let :math:`p = e^x + e^{-x}` and :math:`q = e^x - e^{-x}`. Then y = q/p, q' = p and p' = q. The
    quotient rule gives :math:`y' = (p \cdot p - q \cdot q)/p^2 = 1 - y^2`:

    .. math::
       :label: TANH.2

       dx = dy\, (1 - y^2)

    Parameters
    ----------
    dy : array (...)
    cache : from :func:`tanh_forward`

    Returns
    -------
    dx : array (...)

    Examples
    --------
    If x = artanh(1/2), then y = 1/2 and the slope is 3/4:

    >>> x, dy = np.arctanh(np.array([0.0, 0.5])), np.array([8.0, 8.0])
    >>> y, cache = tanh_forward(x)
    >>> tanh_backward(dy, cache).round(12).tolist()
    [8.0, 6.0]
    """
    y = cache
    # forward: y = tanh(x)
    dx = dy * (1 - y * y)                                              # (TANH.2)
    return dx


def linear_activation_forward(x):
    """Return x: no activation.

    Examples
    --------
    >>> x = np.array([2.0, -3.0])
    >>> y, cache = linear_activation_forward(x)
    >>> y.tolist()
    [2.0, -3.0]
    """
    return x, None


def linear_activation_backward(dy, cache):
    """Return dy: the slope of y = x is 1.

    Examples
    --------
    >>> x, dy = np.array([2.0, -3.0]), np.array([10.0, 20.0])
    >>> y, cache = linear_activation_forward(x)
    >>> linear_activation_backward(dy, cache).tolist()
    [10.0, 20.0]
    """
    return dy


# The names are those of transformers' ``hidden_act``.
ACTIVATIONS = {
    "gelu": (gelu_forward, gelu_backward),
    "gelu_new": (gelu_new_forward, gelu_new_backward),
    "relu": (relu_forward, relu_backward),
    "tanh": (tanh_forward, tanh_backward),
    "linear": (linear_activation_forward, linear_activation_backward),
}
