"""Sums over the last axis and over all others, quickly.

NumPy's ``x.sum(axis=-1)`` starts anew at every row, which costs as much as adding up some hundred
numbers, and the sum of a product ``x * y`` wants the product as an array first. ``np.einsum`` does
neither. The sum of all rows is a product with a vector of ones, for which the library for products
is quickest. (For the sum over the last axis too, but the digits of a row would then depend on how
many rows there are.) Each docstring shows the plain form, and a test compares.
"""

import numpy as np


def row_sum(*factors):
    """Sums over the last axis of an array or of a product, kept as an axis of length 1.

    The plain way is ``(x * y).sum(axis=-1, keepdims=True)``.

    Parameters
    ----------
    factors : one array or two, (..., H)

    Returns
    -------
    array (..., 1)

    Examples
    --------
    >>> row_sum(np.array([[1.0, 2.0]]), np.array([[10.0, 100.0]])).tolist()
    [[210.0]]
    """
    return np.einsum("...j->..." if len(factors) == 1 else "...j,...j->...", *factors)[..., None]


def row_mean(*factors):
    """Means over the last axis, kept as an axis of length 1.

    The plain way is ``(x * y).mean(axis=-1, keepdims=True)``.

    Parameters
    ----------
    factors : one array or two, (..., H)

    Returns
    -------
    array (..., 1)

    Examples
    --------
    >>> row_mean(np.array([[1.0, 2.0]])).tolist()
    [[1.5]]
    """
    return row_sum(*factors) / factors[0].shape[-1]


def column_sum(*factors):
    """Sums over all axes but the last.

    The plain way is ``(x * y).sum(axis=rows)`` with ``rows = tuple(range(x.ndim - 1))``.

    Parameters
    ----------
    factors : one array or two, (..., H)

    Returns
    -------
    array (H,)

    Examples
    --------
    >>> column_sum(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [4.0, 6.0]
    """
    rows = factors[0].reshape(-1, factors[0].shape[-1])                # (N, H)
    if len(factors) == 1:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.ones(len(rows), rows.dtype) @ rows
    return np.einsum("nj,nj->j", rows, factors[1].reshape(rows.shape))
