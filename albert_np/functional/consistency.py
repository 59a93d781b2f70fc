"""A loss without labels: two passes with different dropout masks should give the same answer."""

import math

import numpy as np

from .softmax import softmax_backward, softmax_forward


def consistency_forward(logits, other_logits):
    r"""Compute the mean squared difference between the probabilities of two passes.

    This is the loss of the *Pi-model*. Both passes read the same texts, but they draw different
    dropout masks. A good model gives the same answer both times. With N rows and K classes:

    .. math::
       :label: CONS.1

       p = \operatorname{softmax}(x), \qquad q = \operatorname{softmax}(z), \qquad
       \text{loss} = \frac{1}{NK} \sum_n \sum_k (p_{nk} - q_{nk})^2

    No label is needed. But do not use this loss alone: a model that gives every text the same
    answer has loss 0. Add the loss to the cross-entropy of the texts that have labels, with a
    weight that grows (RAMP.1).

    Parameters
    ----------
    logits : array (..., K)
        x, of the first pass.
    other_logits : array (..., K)
        z, of the second pass. Broadcasting is refused.

    Returns
    -------
    loss : scalar
        From 0 (the same answers) to 2/K (each pass is sure of another class).
    cache : what the backward pass needs

    Raises
    ------
    ValueError
        The shapes differ, or there is no number to take the mean of.

    References
    ----------
    Laine and Aila 2017, "Temporal ensembling for semi-supervised learning", algorithm 1. The
    squares are of probabilities, not of logits, and the sum is divided by N and by K.

    Examples
    --------
    In the first row p = (1/4, 1/2, 1/4) and q = (1/4, 1/4, 1/2). In the second row both passes
    agree. So the loss is (0 + 1/16 + 1/16)/6 = 1/48:

    >>> logits = np.log(np.array([[1.0, 2.0, 1.0], [1.0, 1.0, 1.0]]))
    >>> other_logits = np.log(np.array([[1.0, 1.0, 2.0], [1.0, 1.0, 1.0]]))
    >>> loss, cache = consistency_forward(logits, other_logits)
    >>> round(48 * float(loss), 12)
    1.0
    """
    if np.shape(other_logits) != logits.shape:
        raise ValueError(f"other_logits have shape {np.shape(other_logits)}, "
                         f"but logits have shape {logits.shape}")
    if not logits.size:
        raise ValueError(f"logits have shape {logits.shape}; a mean needs at least one number")
    p, _ = softmax_forward(logits)                                     # (..., K)
    q, _ = softmax_forward(other_logits)                               # (..., K)
    loss = np.square(p - q).mean()                                     # (CONS.1)
    return loss, (p, q)


def consistency_backward(dloss, cache):
    r"""Compute the gradients of both passes.

    In (CONS.1) each entry of p is in one square only. The derivative of this square is twice the
    difference of p and q. The entry of q is in the same square, but is subtracted, so its
    derivative has the opposite sign:

    .. math::
       :label: CONS.2

       dp_{nk} = d\text{loss}\; \frac{2}{NK} (p_{nk} - q_{nk}), \qquad dq_{nk} = -dp_{nk}

    Every probability of a row depends on all logits of this row, as :math:`\partial p_k / \partial
    x_j = \delta_{kj}\, p_k - p_k p_j` (SM.2). So for a row

    .. math::
       :label: CONS.3

       dx_j = \sum_k dp_k\, (\delta_{kj}\, p_k - p_k p_j) = p_j \Big( dp_j - \sum_k dp_k\, p_k \Big)

    The second pass has q in place of p, and -dp in place of dp:

    .. math::
       :label: CONS.4

       dz_j = q_j \Big( \sum_k dp_k\, q_k - dp_j \Big)

    Both passes use the same parameters. The gradient of a parameter is the sum of its gradients
    from both passes. If the second pass is a fixed target, as in temporal ensembling (section 2.2
    of the paper), dz is not used.

    If a pass is sure of its answer for a row, each p of this row is near 0 or 1. Then dx is near 0.
    In the first steps the model knows nothing. If it becomes sure in these steps, it stays sure.
    This is the reason for the ramp-up (RAMP.1).

    Parameters
    ----------
    dloss : scalar
    cache : from :func:`consistency_forward`

    Returns
    -------
    dlogits, dother_logits : arrays (..., K)
        Each row sums to 0.

    Examples
    --------
    Let dloss = 48. In the first row dp = 48 * 2/6 * (0, 1/4, -1/4) = (0, 4, -4). The sum of dp * p
    is 2 - 1 = 1, and the sum of dp * q is 1 - 2 = -1. In the second row both passes agree, so the
    gradient is 0:

    >>> logits = np.log(np.array([[1.0, 2.0, 1.0], [1.0, 1.0, 1.0]]))
    >>> other_logits = np.log(np.array([[1.0, 1.0, 2.0], [1.0, 1.0, 1.0]]))
    >>> dloss = 48.0
    >>> loss, cache = consistency_forward(logits, other_logits)
    >>> dx, dz = consistency_backward(dloss, cache)
    >>> dx.round(9).tolist(), dz.round(9).tolist()[0]
    ([[-0.25, 1.5, -1.25], [0.0, 0.0, 0.0]], [-0.25, -1.25, 1.5])
    """
    p, q = cache
    # forward: loss = mean((p - q)^2)
    dp = (p - q) * (dloss * (2 / p.size))                              # (CONS.2)
    # forward: p = softmax(x)
    dx = softmax_backward(dp, p)                                       # (CONS.3)
    # forward: q = softmax(z), and dq = -dp
    dz = softmax_backward(-dp, q)                                      # (CONS.4)
    return dx, dz


def ramp_up(largest, ramp_steps):
    r"""Return the function that gives the weight of the consistency loss at each step.

    .. math::
       :label: RAMP.1

       w_t = w_{\max}\, e^{-5 (1 - s)^2}, \qquad s = \min(t, R) / R

    At step 0 the weight is :math:`e^{-5}` = 0.7 % of the largest, halfway 29 %, and from step R on
    100 %. In the first steps the head has learnt nothing. If the consistency loss had a large
    weight in these steps, all texts would soon get the same answer, since the consistency loss is
    then 0. And the few labels could not change this answer any more.

    Parameters
    ----------
    largest : float
        :math:`w_{\max}`.
    ramp_steps : int
        R.

    Returns
    -------
    callable
        It takes the step (0, 1, 2, ...) and returns the weight.

    Raises
    ------
    ValueError
        The largest weight is negative or not finite, or there is no step.

    References
    ----------
    Laine and Aila 2017, section 3: "a Gaussian curve exp[-5(1 - T)^2]". There R is 80 epochs of
    300, and :math:`w_{\max}` is 100 times the share of the labelled images.

    Examples
    --------
    >>> weight = ramp_up(10.0, ramp_steps=4)
    >>> [round(weight(t), 2) for t in range(6)]
    [0.07, 0.6, 2.87, 7.32, 10.0, 10.0]
    """
    if not 0 <= float(largest) < math.inf:
        raise ValueError(f"largest is {largest}; it must be a finite number that is at least 0")
    if not ramp_steps >= 1:
        raise ValueError(f"ramp_steps is {ramp_steps}; it must be at least 1")

    def weight(step):
        share = min(step, ramp_steps) / ramp_steps
        return largest * math.exp(-5 * (1 - share)**2)                 # (RAMP.1)

    return weight
