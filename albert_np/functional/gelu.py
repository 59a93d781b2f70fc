"""The Gaussian error linear unit (GELU): the exact form with erf, and ALBERT's form with tanh."""

import math

import numpy as np

from .erf import erf

SQRT_HALF = math.sqrt(0.5)
SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
CUBIC = 0.044715
FAR = 40.0     # beyond it y is x or 0 in every dtype, and the slope 1 or 0


def gelu_forward(x):
    r"""Compute GELU: x times the probability that a standard normal variable is below x.

    .. math::
       :label: GELU.1

       y = x\, \Phi(x), \qquad
       \Phi(x) = \tfrac12 \left(1 + \operatorname{erf}\!\big(x / \sqrt2\big)\right)

    Parameters
    ----------
    x : array (...)

    Returns
    -------
    y : array (...)
    cache : what the backward pass needs

    Notes
    -----
    If a square overflows or x is infinite, NumPy raises an error. The code then clips x to the
    range from -40 to 40. Outside of this range y is x or 0. The forward and the backward pass of
    both forms, (GELU.1) and (GELU.3), clip x in this way. For ordinary numbers nothing is clipped,
    and no time is lost.

    References
    ----------
    Hendrycks and Gimpel 2016. transformers calls this form "gelu".

    Examples
    --------
    A normal variable is below 0 with probability 1/2, and below 2 with probability 0.977250:

    >>> x = np.array([0.0, 2.0, -2.0])
    >>> y, cache = gelu_forward(x)
    >>> y.round(6).tolist()
    [0.0, 1.9545, -0.0455]
    """
    try:
        with np.errstate(over="raise", invalid="raise"):
            Phi = 0.5 * (1 + erf(x * SQRT_HALF))                       # (...)
            y = x * Phi                                                # (GELU.1)
    except FloatingPointError:
        y, (_, Phi) = gelu_forward(np.clip(x, -FAR, FAR))
        y = np.where(x.real > FAR, x, y)
    return y, (x, Phi)


def gelu_backward(dy, cache):
    r"""Compute the gradient of GELU in the erf form.

    The derivative of :math:`\operatorname{erf}(u)` is :math:`\tfrac{2}{\sqrt\pi} e^{-u^2}`
    (ERF.1). With :math:`u = x/\sqrt2`, whose derivative is :math:`1/\sqrt2`,

    .. math::

       \Phi'(x) = \tfrac12 \cdot \tfrac{2}{\sqrt\pi} e^{-x^2/2} \cdot \tfrac{1}{\sqrt2}
                = \tfrac{1}{\sqrt{2\pi}} e^{-x^2/2} = \varphi(x),

    the density of the normal distribution. The product rule on (GELU.1) gives

    .. math::
       :label: GELU.2

       dx = dy \left( \Phi(x) + x\, \varphi(x) \right)

    Parameters
    ----------
    dy : array (...)
    cache : from :func:`gelu_forward`

    Returns
    -------
    dx : array (...)

    Examples
    --------
    Half of the normal distribution is below 0. So at 0 the first term is 1/2, and the second term
    is 0. At 2 the first term is 0.977250, and the second term is 2 * 0.053991. So the slope is
    above 1:

    >>> x, dy = np.array([0.0, 2.0]), np.array([10.0, 10.0])
    >>> y, cache = gelu_forward(x)
    >>> gelu_backward(dy, cache).round(6).tolist()
    [5.0, 10.852318]
    """
    x, Phi = cache
    # forward: y = x * Phi(x)
    try:
        with np.errstate(over="raise", invalid="raise"):
            phi = INV_SQRT_2PI * np.exp(-0.5 * x * x)                  # (...)
            slope = Phi + x * phi
    except FloatingPointError:
        return gelu_backward(dy, (np.clip(x, -FAR, FAR), Phi))
    dx = dy * slope                                                    # (GELU.2)
    return dx


def gelu_new_forward(x):
    r"""Compute GELU in the tanh form, which ALBERT was trained with.

    .. math::
       :label: GELU.3

       y = x\, s, \qquad s = \tfrac12 (1 + \tanh u) = \frac{1}{1 + e^{-2u}}, \qquad
       u = \sqrt{2/\pi}\, \left(x + 0.044715\, x^3\right)

    Here s approximates :math:`\Phi(x)` of (GELU.1). Its two forms are equal, because
    :math:`\tanh u = (1 - e^{-2u}) / (1 + e^{-2u})`. The code computes the second form, for two
    reasons. NumPy needs less time for an exponential than for a tanh. And a small s keeps all its
    digits: in the first form, 1 and tanh u would nearly cancel.

    Parameters
    ----------
    x : array (...)

    Returns
    -------
    y : array (...)
    cache : x and s, which is 1 / (1 + exp(-2 u))

    Notes
    -----
    x is the largest array of the whole model, (B, T, F). Every operation below reads and writes an
    array of this size. Reading and writing take more time than the arithmetic. So the code computes
    -2u and s in one array: the result of each step overwrites the result of the step before. The
    backward pass does the same. If :math:`x^3` overflows or x is infinite, the code clips x as in
    (GELU.1).

    References
    ----------
    google-research/albert, ``modeling.py``, calls this form "gelu". transformers calls it
    "gelu_new". It differs from the erf form by at most 5e-4.

    Examples
    --------
    The results are near the results of the erf form, 1.9545 and -0.0455, but they are not equal:

    >>> x = np.array([0.0, 2.0, -2.0])
    >>> y, cache = gelu_new_forward(x)
    >>> y.round(6).tolist()
    [0.0, 1.954598, -0.045402]
    """
    try:
        with np.errstate(over="raise", invalid="raise"):
            # plain: s = 1 / (1 + exp(-2 * SQRT_2_OVER_PI * (x + CUBIC * x**3)))
            s = -2 * SQRT_2_OVER_PI * CUBIC * x                        # (...)
            s *= x
            s -= 2 * SQRT_2_OVER_PI
            s *= x                                                     # -2 u
            s = _exp_in_place(s)
            s += 1
            np.divide(1, s, out=s)
            y = x * s                                                  # (GELU.3)
    except FloatingPointError:
        y, (_, s) = gelu_new_forward(np.clip(x, -FAR, FAR))
        y = np.where(x.real > FAR, x, y)
    return y, (x, s)


def _exp_in_place(x):
    """Compute e^x and write it to x. A result that is too large becomes infinite.

    The caller then gets 1 / (1 + e^x) = 0. Gradient checks pass complex numbers. If a complex x is
    too large, the result would be NaN. So a complex x is first limited to 700.
    """
    if np.iscomplexobj(x):
        np.minimum(x, 700, out=x)
    with np.errstate(over="ignore"):
        return np.exp(x, out=x)


def gelu_new_backward(dy, cache):
    r"""Compute the gradient of GELU in the tanh form.

    The derivative of tanh is :math:`1 - \tanh^2`, and the derivative of u in (GELU.3) is

    .. math::
       :label: GELU.4

       u' = \sqrt{2/\pi}\, \left(1 + 3 \cdot 0.044715\, x^2\right)

    With :math:`\tanh u = 2s - 1` we have :math:`1 - \tanh^2 u = (2 - 2s)(2s) = 4 s (1 - s)`, and so
    :math:`s' = 2 s (1 - s)\, u'`. The product rule gives :math:`dx = dy\, (s + x s')`, that is

    .. math::
       :label: GELU.5

       dx = dy\; s\, \left( 1 + 2 x\, (1 - s)\, u' \right)

    Parameters
    ----------
    dy : array (...)
    cache : from :func:`gelu_new_forward`

    Returns
    -------
    dx : array (...)

    Examples
    --------
    At 0, s = 1/2, and the second term is 0. At 2 the second term makes the slope larger than 1. Far
    to the right the slope is 1. Far to the left the slope is 0:

    >>> x, dy = np.array([0.0, 2.0, 40.0, -40.0]), np.array([10.0, 10.0, 10.0, 10.0])
    >>> y, cache = gelu_new_forward(x)
    >>> gelu_new_backward(dy, cache).round(6).tolist()
    [5.0, 10.860993, 10.0, -0.0]
    """
    x, s = cache
    # forward: y = x * s, with s = 1 / (1 + exp(-2 u))
    try:
        with np.errstate(over="raise", invalid="raise"):
            # plain: dx = dy * s * (1 + 2 * x * (1 - s) * SQRT_2_OVER_PI * (1 + 3 * CUBIC * x**2))
            twice_slope = 2 * SQRT_2_OVER_PI * 3 * CUBIC * x
            twice_slope *= x
            twice_slope += 2 * SQRT_2_OVER_PI                          # (GELU.4)  2 u'
            dx = twice_slope                                           # overwrites twice_slope
            dx *= x
            dx *= 1 - s
            dx += 1                                                    # 1 + 2 x (1 - s) u'
            dx *= s
    except FloatingPointError:
        return gelu_new_backward(dy, (np.clip(x, -FAR, FAR), s))
    dx *= dy                                                           # (GELU.5)
    return dx
