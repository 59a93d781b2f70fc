"""Take away what a trained model needs least: attention heads by their importance, small weights.

A pruned head has zeros in its rows of W_o, so that nothing of what it collects arrives. A pruned
weight is 0. Nothing here makes an array smaller. What can be saved is shown by counting the zeros.

In an ALBERT all L layers share one attention block. One head of the block is L heads of the model,
and pruning it takes all of them away.
"""

import numpy as np

from ..functional.trees import flatten, tree_map


def head_gate_gradients(W_o, dW_o, A):
    r"""Compute the gradient of the loss with respect to a gate in front of each head.

    Imagine a gate :math:`g_h`, a number that multiplies what head h collects. In a trained model it
    is 1. The head is pruned by setting it to 0. By (ATT.4), the output of the attention block with
    gates is

    .. math::

       y_{to} = \sum_h g_h \sum_{i \in h} c_{ti}\, W_{io} + b_o

    Here :math:`i \in h` runs over the D rows of W_o that belong to head h. The gate influences
    every output, with slope :math:`\sum_{i \in h} c_{ti} W_{io}`:

    .. math::

       \frac{\partial \text{loss}}{\partial g_h}
         = \sum_{t,o} dy_{to} \sum_{i \in h} c_{ti}\, W_{io}
         = \sum_{i \in h} \sum_o W_{io} \sum_t c_{ti}\, dy_{to}

    The last sum is the gradient :math:`dW_{io}` at g = 1 (LIN.3), which the backward pass computes
    in any case:

    .. math::
       :label: PRUNE.1

       \frac{\partial \text{loss}}{\partial g_h} = \sum_{i \in h} \sum_o W_{io}\, dW_{io}

    So attention needs no gate. If L layers share the block, dW is already the sum over their L
    depths (ENC.3), and the result is the gradient of one gate that closes the head at all depths.

    Parameters
    ----------
    W_o : array (H, H)
        The output map of an attention block.
    dW_o : array (H, H)
        Its gradient.
    A : int
        The number of heads.

    Returns
    -------
    gradients : array (A,)

    Raises
    ------
    ValueError
        The two arrays have different shapes, or their rows cannot be divided into A heads.

    References
    ----------
    Michel, Levy and Neubig 2019, section 4.1.

    Examples
    --------
    Two heads have two rows each. Head 0: 1 * 10 + 2 * 20 = 50. Head 1: 3 * (-1) + 0 * 5 = -3:

    >>> W_o, dW_o = np.array([[1.0], [2.0], [3.0], [0.0]]), np.array([[10.0], [20.0], [-1.0], [5]])
    >>> head_gate_gradients(W_o, dW_o, 2).tolist()
    [50.0, -3.0]
    """
    if W_o.shape != dW_o.shape or len(W_o) % A:
        raise ValueError(f"W_o has shape {W_o.shape} and dW_o {dW_o.shape}; they must be alike, "
                         f"and their rows must be {A} heads of equal size")
    gradients = (W_o * dW_o).reshape(A, -1).sum(axis=1)                # (PRUNE.1)
    return gradients


def head_importance(params, gradients, A):
    r"""Compute how much each head matters: the mean size of the gradient of its gate.

    .. math::
       :label: PRUNE.2

       I_h = \frac1N \sum_n \left| \frac{\partial \text{loss}_n}{\partial g_h} \right|

    To first order, closing the gate changes the loss of batch n by minus its gradient. The absolute
    value is taken before the mean; otherwise a head that helps one batch and harms another would
    seem to do nothing. With batches of one example this is the importance of Michel et al. It is an
    estimate: a gate that goes from 1 to 0 is no small change, and heads that do the same work each
    seem superfluous as long as the other is there.

    Parameters
    ----------
    params : tree
        Of a model.
    gradients : iterable of trees
        The gradients of the loss of each batch, of the same parameters. One at a time is used.
    A : int
        The number of heads.

    Returns
    -------
    importance : array (blocks, A)
        A row for each attention block: one row if all layers share one block.

    Raises
    ------
    ValueError
        There are no gradients.

    References
    ----------
    Michel, Levy and Neubig 2019, eq. 2.

    Examples
    --------
    Two batches give the only head the gradients 6 and -2, so its importance is 4:

    >>> def tree(number):
    ...     return {"encoder": {"attention": [{"self_attention": {"W_o": np.array([[number]])}}]}}
    >>> head_importance(tree(2.0), [tree(3.0), tree(-1.0)], 1).tolist()
    [[4.0]]
    """
    sizes = [[np.abs(head_gate_gradients(W_o, dW_o, A))
              for W_o, dW_o in zip(_output_maps(params), _output_maps(grads), strict=True)]
             for grads in gradients]
    if not sizes:
        raise ValueError("there are no gradients, so there is no importance of a head")
    importance = np.mean(sizes, axis=0)                                # (PRUNE.2)
    return importance


def _output_maps(tree):
    """W_o of every attention block."""
    return [block["self_attention"]["W_o"] for block in tree["encoder"]["attention"]]


def prune_heads(params, heads, A):
    """Close heads: set their rows of W_o to 0.

    Parameters
    ----------
    params : tree, changed in place
        Of a model.
    heads : iterable of (int, int)
        Pairs of the attention block and the head in it, from 0.
    A : int
        The number of heads.

    Raises
    ------
    ValueError
        There is no such block or head. Nothing has been changed then.

    Examples
    --------
    >>> W_o = np.ones((4, 1))
    >>> params = {"encoder": {"attention": [{"self_attention": {"W_o": W_o}}]}}
    >>> prune_heads(params, [(0, 1)], A=2)
    >>> W_o.ravel().tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    maps, heads = _output_maps(params), list(heads)
    for block, head in heads:
        if not (0 <= block < len(maps) and 0 <= head < A):
            raise ValueError(f"there is no head {head} in attention block {block}; there are "
                             f"{len(maps)} blocks of {A} heads, counted from 0")
    for block, head in heads:
        maps[block].reshape(A, -1, maps[block].shape[1])[head] = 0


def prune_weights(params, share, per_matrix=False):
    """Set the smallest weights of the matrices to 0. Biases and layer norms stay.

    Parameters
    ----------
    params : tree, changed in place
        Of a model.
    share : float in [0, 1]
        The share of the weights that become 0.
    per_matrix : bool
        Take this share of each matrix. False takes the smallest weights of all matrices together;
        then matrices of small numbers lose more.

    Returns
    -------
    kept : tree of the same keys
        Where each array may still change: a boolean array for a matrix, True for the others. A
        training that goes on multiplies the gradients, or the weights after a step, by it.

    Raises
    ------
    ValueError
        The share is not in [0, 1].

    References
    ----------
    Han, Pool, Tran and Dally 2015.

    Examples
    --------
    Half of the four weights are the two smallest ones, 1 and -2. Both are in the first matrix:

    >>> params = {"W": np.array([[1.0, -2.0]]), "V": np.array([[3.0, 4.0]]), "b": np.array([0.1])}
    >>> kept = prune_weights(params, 0.5)
    >>> params["W"].tolist(), params["V"].tolist(), params["b"].tolist()
    ([[0.0, 0.0]], [[3.0, 4.0]], [0.1])
    >>> kept["W"].tolist(), kept["b"]
    ([[False, False]], True)
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share!r}; it must be a number from 0 to 1")
    matrices = [leaf for leaf in flatten(params).values() if leaf.ndim > 1]
    pruned = {}
    for group in [[matrix] for matrix in matrices] if per_matrix else [matrices]:
        sizes = np.concatenate([np.abs(matrix).ravel() for matrix in group])
        stay = np.ones(sizes.size, bool)
        stay[np.argsort(sizes, kind="stable")[:round(share * sizes.size)]] = False
        ends = np.cumsum([matrix.size for matrix in group])[:-1]
        for matrix, mask in zip(group, np.split(stay, ends)):
            pruned[id(matrix)] = mask = mask.reshape(matrix.shape)
            matrix[~mask] = 0
    return tree_map(lambda leaf: pruned.get(id(leaf), True), params)
