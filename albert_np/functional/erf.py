"""The error function, which NumPy does not have."""

import numpy as np

# Coefficients of W. J. Cody, "Rational Chebyshev approximations for the error function",
# Mathematics of Computation 23 (1969), 631-637, highest power first.
# |x| <= 0.46875:  erf(x) = x * P(x^2) / Q(x^2)
_NEAR_P = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
           3.77485237685302021e2, 3.20937758913846947e3)
_NEAR_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
           2.84423683343917062e3)
# x > 0.46875:  erfc(x) = exp(-x^2) * P(x) / Q(x). For x > 4 Cody uses another quotient. Here it is
# the same one: erfc is below 2e-8 there, and its error is too small to change 1 - erfc.
_FAR_P = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
          6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
          1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3)
_FAR_Q = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
          1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
          3.43936767414372164e3, 1.23033935480374942e3)
_ALMOST_ONE = 6.0     # erf(6) differs from 1 by 2e-17, less than float64 can tell


def erf(x):
    r"""Compute the error function.

    .. math::
       :label: ERF.1

       \operatorname{erf}(x) = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2}\, dt

    The integral has no closed form. Cody approximates it with quotients of polynomials. They have
    an error of 1e-15 in float64. Near 0 the quotient approximates erf(x)/x. Further out it
    approximates erfc(x) exp(x^2), with erfc = 1 - erf. Without the factor exp(x^2) the function
    would fall too fast for a quotient. Each of the two ranges has its own polynomials P and Q:

    .. math::
       :label: ERF.2

       \operatorname{erf}(x) \approx x\, \frac{P(x^2)}{Q(x^2)} \quad (|x| \le 0.46875)

    .. math::
       :label: ERF.3

       \operatorname{erf}(x) \approx 1 - e^{-x^2}\, \frac{P(x)}{Q(x)} \quad (x > 0.46875)

    For negative x the code uses erf(x) = -erf(-x).

    Parameters
    ----------
    x : array (...)
        Real, or complex with a small imaginary part. The real part decides which formula is used.

    Returns
    -------
    array (...)
        It has the dtype of x, or float64 if x holds integers.

    References
    ----------
    Cody 1969; the title is at the top of this file. The tests compare this function with
    ``math.erf``, which calls the C library.

    Examples
    --------
    The function is odd, and its values go from -1 to 1:

    >>> erf(np.array([0.0, 0.1, 1.0, -1.0, 30.0])).round(6).tolist()
    [0.0, 0.112463, 0.842701, -0.842701, 1.0]
    """
    x = np.asarray(x)
    if not np.issubdtype(x.dtype, np.inexact):
        x = x.astype(float)
    sign = np.where(x.real < 0, -1, 1).astype(x.real.dtype)
    magnitude = sign * x                                               # real part >= 0
    result = np.empty_like(x)

    near = magnitude.real <= 0.46875
    z = x[near]
    result[near] = z * _polynomial(_NEAR_P, z * z) / _polynomial(_NEAR_Q, z * z)     # (ERF.2)

    z = magnitude[~near]
    z = np.where(z.real > _ALMOST_ONE, np.asarray(_ALMOST_ONE, dtype=z.dtype), z)
    erfc = np.exp(-z * z) * _polynomial(_FAR_P, z) / _polynomial(_FAR_Q, z)
    result[~near] = sign[~near] * (1 - erfc)                           # (ERF.3)
    return result                                                      # (ERF.1)


def _polynomial(coefficients, x):
    """Evaluate a polynomial by Horner's rule: ((c0 x + c1) x + c2) x + ..."""
    value = coefficients[0] * x + coefficients[1]
    for coefficient in coefficients[2:]:
        value = value * x + coefficient
    return value
