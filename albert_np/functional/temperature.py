"""Temperature scaling: one number that makes the probabilities of a trained model less sure."""

import numpy as np

from .cross_entropy import IGNORED, cross_entropy_backward, cross_entropy_forward

# The search goes from LOWEST to HIGHEST times the largest distance between two logits of a row.
LOWEST, HIGHEST, HALVINGS = 1e-3, 1e3, 60


def temperature_scaling_forward(logits, temperature, labels, ignore_index=IGNORED):
    r"""Divide the logits by a temperature, and compute the cross-entropy of the labels.

    .. math::
       :label: TEMP.1

       \text{loss} = \frac1N \sum_n \Big( \log \sum_k e^{x_{nk}} - x_{n, c_n} \Big), \qquad
       x_{nk} = \frac{z_{nk} - \max_j z_{nj}}{\tau}

    Here z are the logits of a trained model, :math:`\tau` is the temperature, :math:`c_n` is the
    label of row n, and N is the number of rows that have a label. The softmax of x is the softmax
    of :math:`z / \tau`: if the same number is subtracted from a whole row, it cancels. After the
    subtraction of the maximum, no x is above 0. So no exponential overflows at a small temperature.

    :math:`\tau = 1` is the model as it is. A larger temperature makes the probabilities more equal.
    A smaller temperature makes them more extreme. The order of the classes stays the same, and so
    does every guess.

    Parameters
    ----------
    logits : array (..., K)
    temperature : scalar
        Above 0. It takes the dtype of the logits.
    labels : integer array (...)
        Each in [0, K), or ``ignore_index``.
    ignore_index : int

    Returns
    -------
    loss : scalar
    cache : what the backward pass needs

    Raises
    ------
    ValueError
        The temperature is not one positive number, or
        :func:`~albert_np.functional.cross_entropy_forward` refuses the labels.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger 2017, section 4.2.

    Examples
    --------
    The model gives class 0 the probability 9/10 in both rows that count. At tau = 2 the logit ln 9
    becomes ln 3, and the probability becomes 3/4. The mean of -ln(3/4) and -ln(1/4) is 0.836988:

    >>> logits = np.log(np.array([[9.0, 1.0], [9.0, 1.0], [5.0, 7.0]]))
    >>> labels, temperature = np.array([0, 1, -100]), 2.0
    >>> loss, cache = temperature_scaling_forward(logits, temperature, labels)
    >>> round(float(loss), 6)
    0.836988
    """
    if np.ndim(temperature) or not (np.isfinite(temperature) and np.real(temperature) > 0):
        raise ValueError(f"the temperature is {temperature}; it must be one number above 0")
    tau = logits.dtype.type(temperature)
    with np.errstate(over="ignore", invalid="ignore"):
        z = logits - logits.real.max(axis=-1, keepdims=True)           # (..., K)
        x = z / tau                                                    # (..., K)
    loss, cache = cross_entropy_forward(x, labels, ignore_index)       # (TEMP.1)
    return loss, (z, tau, cache)


def temperature_scaling_backward(dloss, cache):
    r"""Compute the gradients of the logits and of the temperature.

    The gradient dx of the cross-entropy with respect to x is (CE.2). For each row, take the softmax
    p of x, subtract 1 at the label, and divide by N. Now go back through :math:`x = z / \tau`. Each
    logit is divided by tau, so its gradient is divided by tau:

    .. math::
       :label: TEMP.2

       dz_{nj} = \frac{dx_{nj}}{\tau}

    The maximum that was subtracted has no gradient: it is the same for a whole row, and the numbers
    of a row of dx add up to 0. The temperature influences every x, so its gradient is a sum over
    all x. The derivative of z/tau with respect to tau is :math:`-z/\tau^2`:

    .. math::
       :label: TEMP.3

       d\tau = -\frac{1}{\tau^2} \sum_{nj} dx_{nj}\, z_{nj}

    With dx from (CE.2) this is

    .. math::

       d\tau = d\text{loss}\; \frac{1}{N \tau^2}
               \sum_n \Big( z_{n, c_n} - \sum_k p_{nk} z_{nk} \Big)

    The inner sum is the mean of the logits of row n, weighted with p: the logit that the model
    *expects*. So dtau is 0 if, on average, the logit of the right class is equal to the expected
    logit. If the model is too sure, the expected logit is larger. Then dtau is negative, and a
    higher temperature has a lower loss.

    Parameters
    ----------
    dloss : scalar
    cache : from :func:`temperature_scaling_forward`

    Returns
    -------
    dlogits : array (..., K)
    dtemperature : scalar

    Examples
    --------
    The logits are ln 9 and ln 1, and p = (3/4, 1/4) at tau = 2. The right class is class 0 in the
    first row, class 1 in the second. Let dloss = 8. Subtract the one-hot label from p and multiply
    by 8/(2 * 2) = 2: this gives a row of dlogits. The sum in dtau has the terms (1 - 3/4) ln 9 and
    (0 - 3/4) ln 9, together -1/2 ln 9 = -ln 3, and the factor in front is 8/(2 * 4) = 1:

    >>> logits = np.log(np.array([[9.0, 1.0], [9.0, 1.0], [5.0, 7.0]]))
    >>> labels, temperature, dloss = np.array([0, 1, -100]), 2.0, 8.0
    >>> loss, cache = temperature_scaling_forward(logits, temperature, labels)
    >>> dlogits, dtemperature = temperature_scaling_backward(dloss, cache)
    >>> dlogits.round(9).tolist()
    [[-0.5, 0.5], [1.5, -1.5], [0.0, 0.0]]
    >>> round(float(dtemperature), 6)                  # -ln 3
    -1.098612
    """
    z, tau, loss_cache = cache
    # forward: loss = cross_entropy(x, labels)
    dx = cross_entropy_backward(dloss, loss_cache)                     # (..., K)
    # forward: x = z / tau
    dz = dx / tau                                                      # (TEMP.2)  (..., K)
    dtau = -(dx * z).sum() / (tau * tau)                               # (TEMP.3)
    return dz, dtau


def fit_temperature(logits, labels):
    r"""Find the temperature with the lowest loss on a development set.

    There is one minimum. To see this, write the loss of a row as a function of :math:`b = 1/\tau`:
    :math:`\log \sum_k e^{b z_k} - b z_c`. Its derivative is :math:`\sum_k p_k z_k - z_c`. Its
    second derivative is the variance of the logits under p,

    .. math::

       \frac{d}{db} \sum_k p_k z_k = \sum_k p_k z_k^2 - \Big( \sum_k p_k z_k \Big)^2 \ge 0,

    so the derivative never falls if b grows. Therefore dtau (TEMP.3) is negative below the best
    temperature and positive above it. The code halves an interval and keeps the half in which the
    sign changes. It uses only the sign of dtau, so it cannot jump far away, as a step of gradient
    descent can.

    Parameters
    ----------
    logits : array (..., K)
        Of examples on which the model was not trained.
    labels : integer array (...)
        As in :func:`temperature_scaling_forward`.

    Returns
    -------
    float
        Between 0.001 times and 1000 times the largest distance between two logits of a row.

    Raises
    ------
    ValueError
        There is no best temperature. If all guesses are right, the loss falls until tau = 0. If the
        guesses are no better than chance, the loss falls until tau is infinite. If no row with a
        label has two logits that differ, the loss is the same at every tau. A NaN or infinite logit
        in a row with a label is also refused.

    Examples
    --------
    The model says class 0 with 90 % four times, and it is right three times. So it should have said
    75 %, and tau = 2 does that:

    >>> logits, labels = np.log(np.tile([9.0, 1.0], (4, 1))), np.array([0, 0, 0, 1])
    >>> round(fit_temperature(logits, labels), 6)
    2.0
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    temperature_scaling_forward(logits, 1.0, labels)         # refuses labels that do not fit
    logits, labels = logits[labels != IGNORED], labels[labels != IGNORED]           # (N, K), (N,)
    distance = np.ptp(logits, axis=-1).max(initial=0)
    if not 0 < distance < np.inf:
        raise ValueError(f"no temperature is best for these labels, since the largest distance "
                         f"between two logits of a labelled row is {distance}; it must be finite "
                         f"and above 0")

    def slope(temperature):
        _, cache = temperature_scaling_forward(logits, temperature, labels)
        return temperature_scaling_backward(1.0, cache)[1]

    low, high = LOWEST * distance, HIGHEST * distance
    if not slope(low) < 0:
        raise ValueError("no temperature is best for these labels, since the loss falls until the "
                         "temperature is 0; give examples of which the model gets some wrong")
    if not slope(high) > 0:
        raise ValueError("no temperature is best for these labels, since the loss falls until the "
                         "temperature is infinite; give labels that the logits guess better than "
                         "chance")
    for _ in range(HALVINGS):
        middle = (low * high)**0.5             # the middle of the logarithms
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return float((low * high)**0.5)
