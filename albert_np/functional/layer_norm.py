"""Layer normalisation."""

import numpy as np

from .sums import column_sum, row_mean

FAR_FROM_0 = 4     # standard deviations; at this mean, rounding costs two bits of x_hat


def layer_norm_forward(x, gamma, beta, eps=1e-12):
    r"""Give every row mean 0 and variance 1, then scale and shift it.

    .. math::
       :label: LN.1

       \hat{x}_j = \frac{x_j - \mu}{\sigma}, \qquad
       \mu = \tfrac1H \sum_j x_j, \qquad
       \sigma = \sqrt{\tfrac1H \sum_j (x_j - \mu)^2 + \epsilon}

    .. math::
       :label: LN.2

       y_j = \gamma_j \hat{x}_j + \beta_j

    Parameters
    ----------
    x : array (..., H)
    gamma, beta : arrays (H,)
    eps : float
        Keeps a row of equal numbers from dividing by zero.

    Returns
    -------
    y : array (..., H)
    cache : what the backward pass needs

    Notes
    -----
    The mean of H numbers has a rounding error near :math:`10^{-7} |\mu|` in float32. If the numbers
    of a row are nearly alike, their deviations are no larger. Such rows, and rows whose squares
    overflow, are computed in another way, which gives a constant row deviations of exactly 0. A row
    with NaN or infinity becomes NaN.

    References
    ----------
    Ba, Kiros, Hinton 2016, eq. 3; ALBERT uses eps = 1e-12 and the biased variance (1/H).
    """
    with np.errstate(over="ignore", invalid="ignore"):                 # see _hard_rows
        mean = row_mean(x)                                             # (..., 1)
        centred = x - mean                                             # (..., H)
        variance = row_mean(centred, centred)                          # (..., 1)
        inv_std = 1 / np.sqrt(variance + eps)                          # (..., 1)
        x_hat = np.multiply(centred, inv_std, out=centred)             # (LN.1)  (..., H)
        hard = _hard_rows(mean, variance, inv_std)                     # (...)
        if hard.any():
            x_hat[hard], inv_std[hard] = _normalise_hard(x[hard], eps)
        y = gamma * x_hat
        y += beta                                                      # (LN.2)  (..., H)
    return y, (x_hat, inv_std, gamma)


def _hard_rows(mean, variance, inv_std):
    """Which rows need care: a mean far above the standard deviation, or squares that overflow.

    Returns
    -------
    boolean array (...)
    """
    return ~((np.abs(mean * inv_std) <= FAR_FROM_0) & np.isfinite(variance))[..., 0]


def _normalise_hard(x, eps):
    """x_hat and inv_std of (LN.1) of some rows (n, H).

    The first number of each row is subtracted before the mean is taken. The difference of two
    numbers that are alike has no rounding error at all. Then large rows are divided by their
    largest difference, and so is the root of eps.
    """
    centred = x - x[:, :1]                                             # (n, H)
    scale = np.maximum(np.abs(centred).max(axis=-1, keepdims=True), 1)          # (n, 1)
    centred /= scale
    centred -= row_mean(centred)
    inv_std = 1 / np.sqrt(row_mean(centred, centred) + eps / scale / scale)     # (n, 1)
    return centred * inv_std, inv_std / scale


def layer_norm_backward(dy, cache):
    r"""Gradients of layer normalisation.

    From (LN.2), with a sum over all rows n, since every row uses the same gamma and beta:

    .. math::
       :label: LN.3

       d\beta_j = \sum_n dy_{nj}

    .. math::
       :label: LN.4

       d\gamma_j = \sum_n dy_{nj}\, \hat{x}_{nj}

    and :math:`d\hat{x}_j = dy_j\, \gamma_j`. Now one row. Both statistics depend on every x of
    the row. From (LN.1), writing :math:`\delta_{ij}` for 1 where i = j and 0 elsewhere:

    .. math::

       \frac{\partial \mu}{\partial x_j} = \frac1H, \qquad
       \frac{\partial (x_i - \mu)}{\partial x_j} = \delta_{ij} - \frac1H

    .. math::

       \frac{\partial \sigma}{\partial x_j}
       = \frac{1}{2\sigma} \cdot \frac1H \sum_i 2 (x_i - \mu) \left(\delta_{ij} - \frac1H\right)
       = \frac{1}{\sigma H} \Big( (x_j - \mu) - \frac1H \sum_i (x_i - \mu) \Big)
       = \frac{\hat{x}_j}{H}

    because the deviations from the mean sum to zero. By the quotient rule

    .. math::

       \frac{\partial \hat{x}_i}{\partial x_j}
       = \frac{1}{\sigma} \left(\delta_{ij} - \frac1H\right)
         - \frac{x_i - \mu}{\sigma^2} \cdot \frac{\hat{x}_j}{H}
       = \frac{1}{\sigma} \left(\delta_{ij} - \frac1H - \frac{\hat{x}_i \hat{x}_j}{H} \right)

    and summing over every :math:`\hat{x}_i` that :math:`x_j` touches gives

    .. math::
       :label: LN.5

       dx_j = \sum_i d\hat{x}_i \frac{\partial \hat{x}_i}{\partial x_j}
       = \frac{1}{\sigma} \Big( d\hat{x}_j - \frac1H \sum_i d\hat{x}_i
         - \hat{x}_j \cdot \frac1H \sum_i d\hat{x}_i\, \hat{x}_i \Big)

    The two means take out of the gradient what moving all x together (first) or stretching them
    (second) would do: layer normalisation undoes both (the second up to epsilon), so neither can
    change the loss.

    Parameters
    ----------
    dy : array (..., H)
    cache : from :func:`layer_norm_forward`

    Returns
    -------
    dx : array (..., H)
    dgamma, dbeta : arrays (H,)

    Examples
    --------
    A row with mean 0 and standard deviation 1, so that x_hat = x. For dy = (1, 0, 0, 0) the mean of
    dx_hat is 1/4 and that of dx_hat * x_hat is -1/4:

    >>> x, one, zero = np.array([[-1.0, -1.0, 1.0, 1.0]]), np.ones(4), np.zeros(4)
    >>> y, cache = layer_norm_forward(x, one, zero, eps=0.0)
    >>> dx, dgamma, dbeta = layer_norm_backward(np.array([[1.0, 0.0, 0.0, 0.0]]), cache)
    >>> dx.tolist(), dgamma.tolist()
    ([[0.5, -0.5, 0.0, 0.0]], [-1.0, 0.0, 0.0, 0.0])
    """
    x_hat, inv_std, gamma = cache
    # forward: y = gamma * x_hat + beta
    dbeta = column_sum(dy)                                             # (LN.3)  (H,)
    dgamma = column_sum(dy, x_hat)                                     # (LN.4)  (H,)
    dx_hat = dy * gamma                                                # (..., H)
    # forward: x_hat = (x - mean) / std, where both statistics depend on every x of the row
    dx = dx_hat - row_mean(dx_hat)
    dx -= x_hat * row_mean(dx_hat, x_hat)
    dx *= inv_std                                                      # (LN.5)  (..., H)
    return dx, dgamma, dbeta
