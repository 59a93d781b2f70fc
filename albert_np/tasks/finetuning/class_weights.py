"""Weights of classes: a rare class counts as much in the loss as a frequent one."""

import numpy as np


def balanced_weights(labels, K):
    r"""The weight of each class, inversely proportional to its number of labels.

    With :math:`n_k` of the n labels in class k,

    .. math::

       w_k = \frac{n}{K n_k}

    All labels of a class together weigh n / K, whichever class it is, and the weights of all
    labels add up to n.

    Parameters
    ----------
    labels : integer array (n,)
    K : int
        The number of classes. Each must have a label.

    Returns
    -------
    float64 array (K,)

    Raises
    ------
    ValueError
        A class has no label.

    References
    ----------
    scikit-learn, ``compute_class_weight("balanced", ...)``; King and Zeng 2001.

    Examples
    --------
    >>> balanced_weights([0, 0, 0, 1], 2).tolist()
    [0.6666666666666666, 2.0]
    """
    counts = np.bincount(labels, minlength=K)                                        # (K,)
    if not counts.all():
        raise ValueError(f"class {int(counts.argmin())} has no label, so it can have no balanced "
                         f"weight")
    return len(labels) / (K * counts)


def add_balanced_weights(examples, K):
    """Give each example the balanced weight of its class, as ``label_weights`` of the loss.

    Parameters
    ----------
    examples : list of dict
        With ``labels``, one integer each. They change in place.
    K : int
        The number of classes.

    Returns
    -------
    float64 array (K,)
        The weights of the classes.
    """
    weights = balanced_weights([int(example["labels"]) for example in examples], K)
    for example in examples:
        example["label_weights"] = weights[example["labels"]]
    return weights
