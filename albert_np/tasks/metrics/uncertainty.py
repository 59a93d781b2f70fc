"""How unsure a model is, from several answers to the same question."""

import numpy as np


def uncertainty(probabilities):
    r"""Compute the mean of several answers, its entropy, and how much the answers disagree.

    The answers come from S passes with dropout, each with other numbers dropped (Gal and Ghahramani
    2016), or from S models. Pass s gives class k the probability :math:`p_{sk}`:

    .. math::
       :label: UNC.1

       \bar p_k = \frac1S \sum_s p_{sk}

    .. math::
       :label: UNC.2

       \mathcal{H} = -\sum_k \bar p_k \log \bar p_k

    .. math::
       :label: UNC.3

       \mathcal{I} = \mathcal{H} - \frac1S \sum_s \Big( -\sum_k p_{sk} \log p_{sk} \Big)

    The entropy is high if the mean is close to equal probabilities, for whatever reason. The mutual
    information is high only if the passes contradict each other. A text that is a coin flip for
    every pass has a high entropy and no mutual information.

    Parameters
    ----------
    probabilities : float array (S, N, K)
        Of S passes over N examples. Each row adds up to 1.

    Returns
    -------
    mean : float array (N, K)
    entropy, information : float arrays (N,)
        In nats: from 0 to log K.

    Raises
    ------
    ValueError
        The array has another number of axes, no pass, or a row that is no distribution.

    References
    ----------
    Gal, Ghahramani 2016, "Dropout as a Bayesian Approximation"; Gal 2016, section 3.3.1.

    Examples
    --------
    There are two passes over two examples. In the first example each pass is certain, but they
    disagree: entropy and mutual information are both ln 2 = 0.693147. In the second example both
    passes say "a coin flip": the entropy is ln 2 again, the mutual information 0:

    >>> import numpy as np
    >>> mean, entropy, information = uncertainty(np.array([[[1, 0], [0.5, 0.5]],
    ...                                                    [[0, 1], [0.5, 0.5]]]))
    >>> mean.tolist(), entropy.round(6).tolist(), information.round(6).tolist()
    ([[0.5, 0.5], [0.5, 0.5]], [0.693147, 0.693147], [0.693147, 0.0])
    """
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 3 or not len(p):
        raise ValueError(f"The probabilities have the shape {p.shape}; it must be (S, N, K), with "
                         f"at least one pass.")
    wrong = ~((p >= 0).all(axis=-1) & (np.abs(p.sum(axis=-1) - 1) < 1e-3))
    if wrong.any():
        s, n = np.argwhere(wrong)[0]
        raise ValueError(f"Row {n} of pass {s} must be at least 0 everywhere and sum to 1, but it "
                         f"is {p[s, n].tolist()}.")
    mean = p.mean(axis=0)                                              # (UNC.1)  (N, K)
    entropy = _entropy(mean)                                           # (UNC.2)  (N,)
    information = entropy - _entropy(p).mean(axis=0)                   # (UNC.3)  (N,)
    return mean, entropy, np.maximum(information, 0)      # it is at least 0 but for rounding


def _entropy(p):
    """-sum p log p over the last axis, where 0 log 0 is 0."""
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)
