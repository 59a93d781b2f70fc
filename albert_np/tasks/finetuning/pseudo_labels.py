"""Pseudo-labels: which answers of a model are sure enough to learn from."""

import numpy as np


def choose_pseudo_labels(probabilities, confidence):
    r"""Keep the rows whose largest probability reaches a threshold, with the class it is of.

    .. math::
       :label: PSEUDO.1

       \hat y_n = \operatorname*{argmax}_k\, p_{nk}, \qquad
       \text{kept}_n = \Big[ \max_k\, p_{nk} \ge \tau \Big]

    The threshold chooses between two errors. A low one keeps wrong labels, and the next model
    learns them as if they were right. A high one keeps only texts that resemble the labelled ones,
    from which little is learnt. Neither is seen without labels: a model can be wrong and sure.

    Parameters
    ----------
    probabilities : array (N, K)
        From softmax, without dropout.
    confidence : float
        :math:`\tau`, above 0 and at most 1.

    Returns
    -------
    rows : integer array (n,)
        Which rows are kept, in their order.
    classes : integer array (n,)
        The class of each. If several have the same probability, it is the first.
    counts : integer array (K,)
        How many rows of each class are kept.

    Raises
    ------
    ValueError
        The threshold is impossible, or a probability is not a number.

    References
    ----------
    Lee 2013, "Pseudo-label"; Sohn et al. 2020, "FixMatch", with a threshold of 0.95.

    Examples
    --------
    The second row is not sure. The third one reaches the threshold exactly:

    >>> p = np.array([[0.99, 0.01], [0.6, 0.4], [0.05, 0.95], [0.98, 0.02]])
    >>> rows, classes, counts = choose_pseudo_labels(p, confidence=0.95)
    >>> rows.tolist(), classes.tolist(), counts.tolist()
    ([0, 2, 3], [0, 1, 0], [2, 1])
    """
    if not 0 < confidence <= 1:
        raise ValueError(f"confidence is {confidence}; it must be above 0 and at most 1")
    if np.isnan(probabilities).any():
        raise ValueError("a probability is not a number (NaN), so no label can be chosen by it")
    rows = np.flatnonzero(probabilities.max(axis=-1) >= confidence)                  # (n,)
    classes = probabilities[rows].argmax(axis=-1)                      # (PSEUDO.1)  (n,)
    counts = np.bincount(classes, minlength=probabilities.shape[-1])                 # (K,)
    return rows, classes, counts
