"""Layer normalisation."""

import numpy as np

from .sums import column_sum, row_mean

# If the mean of a row is so many standard deviations from 0, rounding costs two bits of x_hat.
FAR_FROM_0 = 4


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
        Prevents a division by zero if all numbers of a row are equal.

    Returns
    -------
    y : array (..., H)
    cache : what the backward pass needs

    Notes
    -----
    In float32 the mean of H numbers has a rounding error near :math:`10^{-7} |\mu|`. If the numbers
    of a row are nearly equal, their deviations from the mean may be as small as this error. The
    code computes such rows in another way. It does the same if the squares of a row overflow. A
    constant row then gets deviations of exactly 0. If a row has NaN or infinity, all its results
    are NaN.

    References
    ----------
    Ba, Kiros, Hinton 2016, eq. 3; ALBERT uses eps = 1e-12 and the biased variance (1/H).

    Examples
    --------
    The first row has mean 3 and variance 4. Let eps be 12. Then sigma is 4, and
    x_hat = (-1/2, -1/2, 1/2, 1/2). The second row is constant, so its x_hat is 0:

    >>> x = np.array([[1.0, 1.0, 5.0, 5.0], [60.0, 60.0, 60.0, 60.0]])
    >>> gamma, beta = np.array([2.0, 1.0, 1.0, 1.0]), np.array([0.0, 0.0, 0.0, 3.0])
    >>> y, cache = layer_norm_forward(x, gamma, beta, eps=12.0)
    >>> y.tolist()
    [[-1.0, -0.5, 0.5, 3.5], [0.0, 0.0, 0.0, 3.0]]
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
    """Return which rows need care: their mean is far above their std, or their squares overflow.

    Returns
    -------
    boolean array (...)
    """
    return ~((np.abs(mean * inv_std) <= FAR_FROM_0) & np.isfinite(variance))[..., 0]


def _normalise_hard(x, eps):
    """Return x_hat and inv_std of (LN.1) for some rows (n, H).

    First, subtract the first number of each row. The difference of two nearly equal numbers has no
    rounding error at all. If the largest difference of a row is above 1, divide the row by it, and
    divide eps by its square. Then subtract the mean.
    """
    centred = x - x[:, :1]                                             # (n, H)
    scale = np.maximum(np.abs(centred).max(axis=1, keepdims=True), 1)           # (n, 1)
    centred /= scale
    centred -= row_mean(centred)
    inv_std = 1 / np.sqrt(row_mean(centred, centred) + eps / scale / scale)     # (n, 1)
    return centred * inv_std, inv_std / scale


def layer_norm_backward(dy, cache):
    r"""Compute the gradients of layer normalisation.

    Use (LN.2), and sum over all rows n, since every row uses the same gamma and beta:

    .. math::
       :label: LN.3

       d\beta_j = \sum_n dy_{nj}

    .. math::
       :label: LN.4

       d\gamma_j = \sum_n dy_{nj}\, \hat{x}_{nj}

    .. math::
       :label: LN.6

       d\hat{x}_j = dy_j\, \gamma_j

    Now look at one row. Every x of the row influences both statistics, the mean and the standard
    deviation. Let :math:`\delta_{ij}` be 1 if i = j, and 0 otherwise. From (LN.1):

    .. math::

       \frac{\partial \mu}{\partial x_j} = \frac1H, \qquad
       \frac{\partial (x_i - \mu)}{\partial x_j} = \delta_{ij} - \frac1H

    .. math::

       \frac{\partial \sigma}{\partial x_j}
       = \frac{1}{2\sigma} \cdot \frac1H \sum_i 2 (x_i - \mu) \left(\delta_{ij} - \frac1H\right)
       = \frac{1}{\sigma H} \Big( (x_j - \mu) - \frac1H \sum_i (x_i - \mu) \Big)
       = \frac{\hat{x}_j}{H}

    because the deviations from the mean sum to zero. The quotient rule gives

    .. math::

       \frac{\partial \hat{x}_i}{\partial x_j}
       = \frac{1}{\sigma} \left(\delta_{ij} - \frac1H\right)
         - \frac{x_i - \mu}{\sigma^2} \cdot \frac{\hat{x}_j}{H}
       = \frac{1}{\sigma} \left(\delta_{ij} - \frac1H - \frac{\hat{x}_i \hat{x}_j}{H} \right)

    and the sum over every :math:`\hat{x}_i` that :math:`x_j` influences is

    .. math::
       :label: LN.5

       dx_j = \sum_i d\hat{x}_i \frac{\partial \hat{x}_i}{\partial x_j}
       = \frac{1}{\sigma} \Big( d\hat{x}_j - \frac1H \sum_i d\hat{x}_i
         - \hat{x}_j \cdot \frac1H \sum_i d\hat{x}_i\, \hat{x}_i \Big)

    What do the two means remove from the gradient? Layer normalisation removes a common shift of
    all x, and it removes a common scale (up to epsilon). So neither can change the loss. The first
    mean removes the part of the gradient along a common shift. The second mean removes the part of
    the gradient along a common scale.

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
    There is one row. Its mean is 3 and its standard deviation is 2, so x_hat = (-1, -1, 1, 1). The
    loss depends on the first output alone, with slope 4. Then dx_hat = (8, 0, 0, 0), whose mean is
    2. The mean of dx_hat * x_hat is -2, so dx_1 = (8 - 2 - 2)/2 = 2 and dx_2 = (0 - 2 - 2)/2 = -2:

    >>> x, dy = np.array([[1.0, 1.0, 5.0, 5.0]]), np.array([[4.0, 0.0, 0.0, 0.0]])
    >>> gamma, beta = np.array([2.0, 1.0, 1.0, 1.0]), np.zeros(4)
    >>> y, cache = layer_norm_forward(x, gamma, beta, eps=0.0)
    >>> dx, dgamma, dbeta = layer_norm_backward(dy, cache)
    >>> y.tolist(), dx.tolist()
    ([[-2.0, -1.0, 1.0, 1.0]], [[2.0, -2.0, 0.0, 0.0]])
    >>> dgamma.tolist(), dbeta.tolist()
    ([-4.0, 0.0, 0.0, 0.0], [4.0, 0.0, 0.0, 0.0])

    Now there are two sequences of one row each. The first sequence is the row above. The second
    sequence has the same numbers in reverse order. Its dy is reversed too, and doubled. The
    gradients of gamma and beta are sums over both rows:

    >>> y, cache = layer_norm_forward(np.stack([x, x[:, ::-1]]), gamma, beta, eps=0.0)
    >>> dx, dgamma, dbeta = layer_norm_backward(np.stack([dy, 2 * dy[:, ::-1]]), cache)
    >>> dx.tolist()
    [[[2.0, -2.0, 0.0, 0.0]], [[0.0, 0.0, -2.0, 2.0]]]
    >>> dgamma.tolist(), dbeta.tolist()
    ([-4.0, 0.0, 0.0, -8.0], [4.0, 0.0, 0.0, 8.0])
    """
    x_hat, inv_std, gamma = cache
    # forward: y = gamma * x_hat + beta
    dbeta = column_sum(dy)                                             # (LN.3)  (H,)
    dgamma = column_sum(dy, x_hat)                                     # (LN.4)  (H,)
    dx_hat = dy * gamma                                                # (LN.6)  (..., H)
    # forward: x_hat = (x - mean) / std, where both statistics depend on every x of the row
    dx = dx_hat - row_mean(dx_hat)
    dx -= x_hat * row_mean(dx_hat, x_hat)
    dx *= inv_std                                                      # (LN.5)  (..., H)
    return dx, dgamma, dbeta
