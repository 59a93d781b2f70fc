"""Look up rows: rows of a table by ids, and rows of every sequence by positions."""

import numpy as np


def embedding_forward(table, ids):
    r"""Return row ``ids[n]`` of the table for every n.

    .. math::
       :label: EMB.1

       y_{ne} = \text{table}_{\text{ids}_n,\, e}

    This is the product of a one-hot matrix and the table, computed without the multiplications by
    zero.

    Parameters
    ----------
    table : array (V, E)
    ids : integer array (...)
        Each in [0, V).

    Returns
    -------
    y : array (..., E)
    cache : what the backward pass needs

    Raises
    ------
    ValueError
        An id is not an integer, or it is not in the table. (NumPy would count a negative id from
        the end of the table.)

    Examples
    --------
    Row 1 is taken twice. An id of -1 is refused:

    >>> table, ids = np.array([[5.0], [7.0]]), np.array([1, 1])
    >>> y, cache = embedding_forward(table, ids)
    >>> y.tolist()
    [[7.0], [7.0]]
    >>> embedding_forward(table, np.array([-1]))
    Traceback (most recent call last):
    ValueError: ids range from -1 to -1, but the embedding table has rows 0 to 1
    """
    ids = np.asarray(ids)
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"ids have dtype {ids.dtype}; they must be integers")
    if ids.size and not (0 <= ids.min() and ids.max() < len(table)):
        raise ValueError(f"ids range from {ids.min()} to {ids.max()}, "
                         f"but the embedding table has rows 0 to {len(table) - 1}")
    y = table[ids]                                                     # (EMB.1)  (..., E)
    return y, (ids, table.shape)


def embedding_backward(dy, cache):
    r"""Compute the gradient of the table: every use of a row adds a part.

    By (EMB.1) the entry :math:`\text{table}_{ve}` influences :math:`y_{ne}` with slope 1 for every
    n with :math:`\text{ids}_n = v`. It influences nothing else. So the row of a token that occurs
    three times gets the sum of three gradients. An assignment instead of the sum would keep only
    the last of them.

    .. math::
       :label: EMB.2

       d\text{table}_{ve} = \sum_{n \,:\, \text{ids}_n = v} dy_{ne}

    Parameters
    ----------
    dy : array (..., E)
    cache : from :func:`embedding_forward`

    Returns
    -------
    dtable : array (V, E)

    Examples
    --------
    Row 1 is used twice, and row 0 is never used:

    >>> table, ids, dy = np.array([[5.0], [7.0]]), np.array([1, 1]), np.array([[1.0], [10.0]])
    >>> y, cache = embedding_forward(table, ids)
    >>> embedding_backward(dy, cache).tolist()
    [[0.0], [11.0]]
    """
    ids, shape = cache
    # forward: y = table[ids]
    dtable = np.zeros(shape, dtype=dy.dtype)
    add_rows(dtable, ids.ravel(), dy.reshape(-1, shape[1]))            # (EMB.2)  (V, E)
    return dtable


def add_rows(table, ids, rows):
    """Add ``rows[n]`` to ``table[ids[n]]`` for every n; an id may occur more than once.

    The simple way is ``np.add.at(table, ids, rows)``. This function computes the same sum faster.
    It sorts the rows, so that rows with the same id are neighbours. Then it adds up each group of
    neighbours.

    Parameters
    ----------
    table : array (V, E), changed in place
    ids : integer array (N,)
    rows : array (N, E)

    Examples
    --------
    The id 1 occurs twice, and 0 is between its two occurrences. Row 1 gets both 1 and 100:

    >>> table, ids, rows = np.zeros((2, 1)), np.array([1, 0, 1]), np.array([[1.0], [10.0], [100.0]])
    >>> add_rows(table, ids, rows)
    >>> table.tolist()
    [[10.0], [101.0]]
    """
    if not ids.size:
        return
    order = np.argsort(ids, kind="stable")
    sorted_ids = ids[order]
    run_starts = np.flatnonzero(np.r_[True, sorted_ids[1:] != sorted_ids[:-1]])
    with np.errstate(over="ignore", invalid="ignore"):                 # inf and NaN show in table
        table[sorted_ids[run_starts]] += np.add.reduceat(rows[order], run_starts, axis=0)


def rows_at_forward(x, positions):
    r"""Return the rows at these positions of every sequence.

    .. math::
       :label: ROW.1

       y_{brh} = x_{b,\, \text{positions}_{br},\, h}

    Parameters
    ----------
    x : array (B, T, H)
    positions : integer array (B, R), or None
        Each in [0, T). No position may occur twice in one sequence. None means all rows: y is x.

    Returns
    -------
    y : array (B, R, H)
    cache : what the backward pass needs

    Examples
    --------
    Of three rows, take the last and the first, in this order:

    >>> x, positions = np.array([[[1.0], [2.0], [3.0]]]), np.array([[2, 0]])
    >>> y, cache = rows_at_forward(x, positions)
    >>> y.tolist()
    [[[3.0], [1.0]]]
    """
    if positions is None:
        return x, (None, x.shape)
    y = np.take_along_axis(x, positions[:, :, None], axis=1)           # (ROW.1)  (B, R, H)
    return y, (positions, x.shape)


def rows_at_backward(dy, cache):
    r"""Put the gradient of each row back at its position; all other rows get 0.

    .. math::
       :label: ROW.2

       dx_{bth} = \begin{cases} dy_{brh} & \text{where } t = \text{positions}_{br} \\
                  0 & \text{where there is no such } r \end{cases}

    The other rows do not influence y. (If a position occurred twice, its two gradients would have
    to be added, as in (EMB.2).)

    Parameters
    ----------
    dy : array (B, R, H)
    cache : from :func:`rows_at_forward`

    Returns
    -------
    dx : array (B, T, H)

    Examples
    --------
    Take the last and the first of three rows, in this order:

    >>> x, positions = np.array([[[1.0], [2.0], [3.0]]]), np.array([[2, 0]])
    >>> dy = np.array([[[10.0], [20.0]]])
    >>> y, cache = rows_at_forward(x, positions)
    >>> y.tolist(), rows_at_backward(dy, cache).tolist()
    ([[[3.0], [1.0]]], [[[20.0], [0.0], [10.0]]])
    """
    positions, shape = cache
    if positions is None:
        return dy
    # forward: y = x[positions]
    dx = np.zeros(shape, dtype=dy.dtype)
    np.put_along_axis(dx, positions[:, :, None], dy, axis=1)           # (ROW.2)  (B, T, H)
    return dx
