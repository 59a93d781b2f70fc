"""Fast sums over the last axis and over all other axes.

NumPy's ``x.sum(axis=-1)`` starts a new sum for every row. Each start costs as much time as adding a
few hundred numbers. And for the sum of a product ``x * y``, NumPy first needs the product as an
array. ``np.einsum`` avoids both costs. The sum of all rows is computed as a product with a vector
of ones, because the library for matrix products is the fastest. (It would be the fastest for the
last axis too. But then the rounding of a row would depend on the number of rows.) Each docstring
shows the simple way, and a test compares the two.
"""

import numpy as np


def row_sum(*factors):
    """Sum an array, or a product of two, over the last axis; keep it as an axis of length 1.

    The simple way is ``(x * y).sum(axis=-1, keepdims=True)``.

    Parameters
    ----------
    factors : one array or two, (..., H)

    Returns
    -------
    array (..., 1)

    Examples
    --------
    The second sum is 1 * 10 + 2 * 100:

    >>> x, y = np.array([[1.0, 2.0]]), np.array([[10.0, 100.0]])
    >>> row_sum(x).tolist(), row_sum(x, y).tolist()
    ([[3.0]], [[210.0]])
    """
    return np.einsum("...j->..." if len(factors) == 1 else "...j,...j->...", *factors)[..., None]


def row_mean(*factors):
    """Compute means over the last axis; keep it as an axis of length 1.

    The simple way is ``(x * y).mean(axis=-1, keepdims=True)``.

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
    """Sum over all axes except the last.

    The simple way is ``(x * y).sum(axis=rows)`` with ``rows = tuple(range(x.ndim - 1))``.

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
