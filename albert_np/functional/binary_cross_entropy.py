"""Sigmoid cross-entropy: the loss if several labels may be true at once."""

import numpy as np


def binary_cross_entropy_forward(logits, targets):
    r"""Compute the mean negative log-probability of independent yes/no answers.

    Let :math:`\sigma(x) = 1/(1+e^{-x})` be the probability of "yes", and let t in [0, 1] be the
    truth. Then

    .. math::
       :label: BCE.1

       \text{loss} = \frac1N \sum_n \ell_n, \qquad
       \ell = -t \log \sigma(x) - (1-t) \log(1 - \sigma(x))
            = \log(1 + e^{x}) - t x
            = \log(1 + e^{-|x|}) + |x| \cdot \begin{cases} 1 - t & x > 0 \\ t & x \le 0 \end{cases}

    since :math:`\log\sigma(x) = x - \log(1+e^{x})` and :math:`\log(1-\sigma(x)) = -\log(1+e^x)`.
    For large x the exponential would overflow. The identity
    :math:`\log(1+e^x) = x + \log(1+e^{-x})` avoids this, because its exponent is below 0. If an
    infinite logit agrees with its target, its loss is 0. The backward pass needs the probability.
    Its second form cannot overflow:

    .. math::
       :label: BCE.3

       \sigma(x) = \frac{1}{1 + e^{-x}}
            = \frac{1}{1 + e^{-|x|}} \cdot \begin{cases} 1 & x > 0 \\ e^{-|x|} & x \le 0 \end{cases}

    Parameters
    ----------
    logits : array (...)
    targets : array (...)
        They have the same shape. Each is in [0, 1].

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
    At a logit of 0 both answers have probability 1/2 and cost ln 2 = 0.693147. At a logit of 1000
    the probability of "yes" is rounded to 1. The target is 1, so this costs nothing:

    >>> logits, targets = np.array([[0.0, 1000.0]]), np.array([[1.0, 1.0]])
    >>> loss, cache = binary_cross_entropy_forward(logits, targets)
    >>> round(float(loss), 6)                              # ln 2 / 2
    0.346574
    """
    targets = np.asarray(targets, dtype=logits.real.dtype)
    if targets.shape != logits.shape:
        raise ValueError(f"targets have shape {targets.shape}, "
                         f"but logits have shape {logits.shape}")
    if not targets.size:
        raise ValueError(f"logits and targets have shape {targets.shape}; a mean needs at "
                         f"least one number")
    x = logits
    sign = np.where(x.real > 0, -1, 1).astype(x.real.dtype)
    e = np.exp(sign * x)                                               # e^-|x|, never above 1
    missed = np.where(x.real > 0, 1 - targets, targets)                # 0: the answer is right
    with np.errstate(invalid="ignore"):                                # infinity times 0
        row_losses = np.log1p(e) + np.where(missed == 0, 0, -sign * x * missed)
    loss = (row_losses * (1 / x.size)).sum()                           # (BCE.1)
    sigmoid = np.where(x.real > 0, 1, e) / (1 + e)                     # (BCE.3)  (...)
    return loss, (sigmoid, targets)


def binary_cross_entropy_backward(dloss, cache):
    r"""Compute the gradient of the sigmoid cross-entropy.

    The derivative of :math:`\log(1 + e^x)` is :math:`e^x/(1+e^x) = \sigma(x)`, and the derivative
    of tx is t:

    .. math::
       :label: BCE.2

       dx_n = d\text{loss}\; \frac1N \left( \sigma(x_n) - t_n \right)

    Parameters
    ----------
    dloss : scalar
    cache : from :func:`binary_cross_entropy_forward`

    Returns
    -------
    dlogits : array (...)

    Examples
    --------
    There are two logits of 0, so both answers have probability 1/2 for each of them. The loss is a
    mean over the two numbers. Let dloss = 4. Then each gradient is 4 * 1/2 * (1/2 - t):

    >>> logits, targets, dloss = np.zeros((1, 2)), np.array([[1.0, 0.0]]), 4.0
    >>> loss, cache = binary_cross_entropy_forward(logits, targets)
    >>> round(float(loss), 6), binary_cross_entropy_backward(dloss, cache).tolist()
    (0.693147, [[-1.0, 1.0]])
    """
    sigmoid, targets = cache
    # forward: loss = mean(log(1 + exp(x)) - t * x)
    dx = (sigmoid - targets) * (dloss * (1 / sigmoid.size))            # (BCE.2)
    return dx
