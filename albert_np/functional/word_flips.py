"""Estimate the change of the loss if one piece of a text is replaced, from one gradient."""

import numpy as np


def flip_estimates(table, ids, dx):
    r"""Estimate the change of the loss for every piece at every position.

    The word table has a row :math:`e_i` of E numbers for piece i. If piece i at position t is
    replaced by piece j (a *flip*), the embedding at t moves by :math:`\delta = e_j - e_i` and
    nothing else of the input changes. Taylor's formula gives the new loss:

    .. math::

       \text{loss}(x_t + \delta) = \text{loss}(x_t) + \delta \cdot dx_t
                                   + \tfrac12\, \delta^\top\, \nabla^2 \text{loss}\; \delta + \dots

    where :math:`dx_t` is the gradient of the loss with respect to the embedding at t. The estimate
    keeps the term of first order:

    .. math::
       :label: FLIP.1

       \Delta_{tj} = (e_j - e_i) \cdot dx_t = \sum_k (e_{jk} - e_{ik})\, dx_{tk}, \qquad
       i = \text{ids}_t

    One backward pass gives dx, and one product of matrices gives all T V estimates. To compute the
    true changes, you need one forward pass for each flip. But the estimate leaves out the rest of
    the series, and a flip is not a small step. So compare some estimates with the true changes
    before you trust them.

    ALBERT's word table is narrow: each sum of the product has E terms, and not H.

    Parameters
    ----------
    table : array (V, E)
    ids : integer array (...)
    dx : array (..., E)
        Gradient of the loss with respect to the embedding at each position. If a piece occurs at
        two positions, the backward pass of a model adds up the two gradients of its row. Here each
        position needs its own gradient.

    Returns
    -------
    estimates : array (..., V)
        The estimate for the piece that the text has there is 0.

    Raises
    ------
    ValueError
        The shapes do not fit, or an id is not in the table.

    References
    ----------
    Ebrahimi, Rao, Lowd, Dou 2018, "HotFlip", eq. 2 and 3.

    Examples
    --------
    Two positions have piece 1, whose row is (2, 0). At the first position the gradient is (5, 1).
    Its products with the three rows are 0, 10 and 3. The product with the row of piece 1 is 10, and
    it is subtracted from all three. At the second position the gradient is (-1, 1), and the
    products are 0, -2 and 3:

    >>> table = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    >>> ids, dx = np.array([1, 1]), np.array([[5.0, 1.0], [-1.0, 1.0]])
    >>> flip_estimates(table, ids, dx).tolist()
    [[-10.0, 0.0, -7.0], [2.0, 0.0, 5.0]]
    """
    ids = np.asarray(ids)
    if dx.shape != (*ids.shape, table.shape[-1]):
        raise ValueError(f"dx has shape {dx.shape}, but ids of shape {ids.shape} and a table of "
                         f"shape {table.shape} need {(*ids.shape, table.shape[-1])}")
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"ids have dtype {ids.dtype}; they must be integers")
    if ids.size and not (0 <= ids.min() and ids.max() < len(table)):
        raise ValueError(f"ids range from {ids.min()} to {ids.max()}, but the table has the rows "
                         f"0 to {len(table) - 1}")
    products = dx @ table.T                                            # (..., V)
    there = np.take_along_axis(products, ids[..., None], axis=-1)      # (..., 1)
    return products - there                                            # (FLIP.1)  (..., V)
