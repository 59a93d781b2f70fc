"""Distillation: a student learns from labels and from the probabilities of a teacher."""

import numpy as np

from .cross_entropy import IGNORED, cross_entropy_backward, cross_entropy_forward


def distillation_forward(logits, teacher_logits, labels, temperature=2.0, teacher_weight=0.5,
                         ignore_index=IGNORED, weights=None):
    r"""Mix the cross-entropy of the labels with the divergence from a teacher's probabilities.

    Let x be the student's logits of a row, and t the teacher's. Divide both by the temperature
    :math:`\tau`, and let p and q be the softmax of the quotients. The code needs their logarithms:

    .. math::
       :label: KD.1

       \log p_k = \frac{x_k}{\tau} - \log \sum_j e^{x_j / \tau}, \qquad
       \log q_k = \frac{t_k}{\tau} - \log \sum_j e^{t_j / \tau}

    A label names one class. The teacher gives every class a probability, so it also says which
    wrong class is nearly right. These probabilities are small. A temperature above 1 makes them
    larger, so that the student sees them. The Kullback-Leibler divergence measures how far p is
    from q:

    .. math::
       :label: KD.2

       D = \sum_k q_k \left( \log q_k - \log p_k \right)

    It is at least 0, and it is 0 only for p = q. If :math:`q_k` is 0, its term is 0. Let
    :math:`\text{CE}` be the cross-entropy of the student's logits and the labels (CE.1), at
    temperature 1. The loss is

    .. math::
       :label: KD.3

       \text{loss} = (1 - \alpha)\, \text{CE}
                     + \alpha\, \tau^2 \sum_n \frac{w_n}{W} D_n

    Here :math:`\alpha` is the weight of the teacher. Both terms are means over the same rows, with
    the weights w and W of (CE.1). A row whose label is ``ignore_index`` is in neither of the two
    means. The notes of :func:`distillation_backward` give the reason for the factor :math:`\tau^2`.
    The teacher is a constant: it gets no gradient.

    Parameters
    ----------
    logits : array (..., K)
        Of the student.
    teacher_logits : array (..., K)
        Of the same shape; the classes have the same order.
    labels : integer array (...)
        Each in [0, K), or ``ignore_index``.
    temperature : float
        :math:`\tau`, above 0. Hinton et al. write T; here T is the number of tokens. At a high
        temperature D is the small difference of logarithms near log K. In float32 the rounding of
        the logarithms can change the loss by :math:`10^{-6} \tau^2` (by 1 for 1000, by 0.0001 for
        10). The gradient loses no more than :math:`10^{-6} \tau`.
    teacher_weight : float
        :math:`\alpha`, in [0, 1]. With 0 the loss is the cross-entropy alone.
    ignore_index : int
    weights : array (...), optional
        The weights of the rows.

    Returns
    -------
    loss : scalar
        0 if no row counts.
    cache : what the backward pass needs
        The cache of the cross-entropy, p and q (N, K), the rows' weights divided by their sum (N,),
        the temperature and the weight of the teacher.

    Raises
    ------
    ValueError
        The temperature or the weight of the teacher is impossible, the shapes do not fit, or
        :func:`~albert_np.functional.cross_entropy.cross_entropy_forward` refuses the labels.

    References
    ----------
    Hinton, Vinyals, Dean 2015, section 2.

    Examples
    --------
    The temperature is 2. In the first row p = (1/2, 1/2) and q = (3/4, 1/4). So D = 3/4 ln(3/2) +
    1/4 ln(1/2) = 0.130812, and the label costs ln 2. In the second row the student is sure of class
    1. That is right, so the label costs 0. But the teacher gives both classes 1/2, so D = 500 -
    ln 2. The third row is ignored. The weights of the first two rows are 3 and 1, and alpha = 1/4.
    The loss is 3/4 * 3/4 ln 2 + 1/4 * 2^2 * (3/4 * 0.130812 + 1/4 * (500 - ln 2)):

    >>> logits = np.array([[0.0, 0.0], [0.0, 2000.0], [5.0, 7.0]])
    >>> teacher_logits = np.array([[2 * np.log(3.0), 0.0], [9.0, 9.0], [7.0, 5.0]])
    >>> labels, weights = np.array([0, 1, -100]), np.array([3.0, 1.0, 1.0])
    >>> loss, cache = distillation_forward(logits, teacher_logits, labels, 2.0, 0.25,
    ...                                    weights=weights)
    >>> round(float(loss), 6)
    125.314718
    """
    teacher_logits = np.asarray(teacher_logits, dtype=logits.real.dtype)
    _check_teacher(logits, teacher_logits, temperature, teacher_weight)
    temperature, teacher_weight = float(temperature), float(teacher_weight)
    label_loss, label_cache = cross_entropy_forward(logits, labels, ignore_index, weights)
    *_, w, _ = label_cache                              # w_n / W, 0 if the row is ignored: (N,)

    K = logits.shape[-1]
    log_q = _log_softmax(teacher_logits.reshape(-1, K), temperature)   # (N, K)
    log_p = _log_softmax(logits.reshape(-1, K), temperature)           # (KD.1)  (N, K)
    p, q = np.exp(log_p), np.exp(log_q)
    with np.errstate(over="ignore", invalid="ignore"):       # 0 times infinity: the term is 0
        terms = np.where(q == 0, 0, q * (log_q - log_p))
        divergence = terms.sum(axis=-1)                                # (KD.2)  (N,)
        mean = (w * divergence)[w != 0].sum()
        loss = ((1 - teacher_weight) * label_loss
                + teacher_weight * temperature**2 * mean)              # (KD.3)
    return loss, (label_cache, p, q, w, temperature, teacher_weight)


def _log_softmax(x, temperature):
    """The logarithm of the softmax of x / temperature, for rows x (N, K)."""
    shift = x.real.max(axis=-1, keepdims=True)                         # (N, 1)
    with np.errstate(over="ignore", invalid="ignore"):       # logits very far below the largest
        s = (x - shift) / temperature                                  # never above 0
        return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))


def _check_teacher(logits, teacher_logits, temperature, teacher_weight):
    """Raise a ValueError if the teacher's logits or the two numbers are impossible."""
    if teacher_logits.shape != logits.shape:
        raise ValueError(f"teacher_logits have shape {teacher_logits.shape}, but logits have shape "
                         f"{logits.shape}")
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; it must be a finite number above 0")
    if not 0 <= teacher_weight <= 1:
        raise ValueError(f"teacher_weight is {teacher_weight}; it must be in [0, 1]")


def distillation_backward(dloss, cache):
    r"""Compute the gradient of the loss with respect to the student's logits.

    Take one row of (KD.2). Of the two logarithms only :math:`\log p` depends on x. By (KD.1) its
    derivative is

    .. math::

       \frac{\partial \log p_k}{\partial x_j}
       = \frac1\tau \left( [j = k] - \frac{e^{x_j/\tau}}{\sum_i e^{x_i/\tau}} \right)
       = \frac1\tau \left( [j = k] - p_j \right)

    The q of a row sum to 1, so

    .. math::

       \frac{\partial D}{\partial x_j}
       = -\sum_k q_k\, \frac1\tau \left( [j = k] - p_j \right)
       = \frac1\tau \Big( p_j \sum_k q_k - q_j \Big)
       = \frac1\tau \left( p_j - q_j \right)

    The row has the factor :math:`\alpha \tau^2 w_n / W` in (KD.3). One :math:`\tau` cancels. With
    the gradient of the cross-entropy (CE.2) the sum is

    .. math::
       :label: KD.4

       dx_{nj} = d\text{loss}\; (1 - \alpha)\, \frac{\partial \text{CE}}{\partial x_{nj}}
                 + d\text{loss}\; \alpha\, \frac{w_n}{W}\, \tau \left( p_{nj} - q_{nj} \right)

    Notes
    -----
    Let the temperature be high. Then :math:`e^{x_j/\tau}` is close to :math:`1 + x_j/\tau`. Let
    :math:`\bar{x}` be the mean of the K logits of the row. Up to terms in :math:`1/\tau^2`

    .. math::

       p_j \approx \frac{1 + x_j/\tau}{\sum_k (1 + x_k/\tau)}
           = \frac{1 + x_j/\tau}{K (1 + \bar{x}/\tau)}
           \approx \frac1K \left( 1 + \frac{x_j - \bar{x}}{\tau} \right)

    The same holds for q. In the difference the two terms 1/K cancel:

    .. math::

       \tau \left( p_j - q_j \right) \to
       \frac1K \Big( (x_j - \bar{x}) - (t_j - \bar{t}) \Big)

    From each logit of the student and of the teacher, subtract the mean of its row. At a high
    temperature the student matches these differences of the teacher. The limit is neither 0 nor
    infinite. So the factor :math:`\tau^2` keeps the teacher's part of the gradient at the same
    size, whatever the temperature is. Without it this part would shrink as :math:`1/\tau^2`.

    Parameters
    ----------
    dloss : scalar
    cache : from :func:`distillation_forward`

    Returns
    -------
    dlogits : array (..., K)
        Each row sums to 0.

    Examples
    --------
    There are three rows with two equal logits each, so p = (1/2, 1/2). At temperature 2 the teacher
    says q = (3/4, 1/4). Alpha is 1/4. In the first row the label is class 0. The label's part is
    3/4 * (1/2 - 1, 1/2), and the teacher's part is 1/4 * 2 * (1/2 - 3/4, 1/2 - 1/4). Both parts
    raise the logit of class 0. In the second row the label is class 1, so the parts have different
    signs. The third row is ignored. The weights of the first two rows are 3 and 1, and dloss = 4,
    so the factors of the rows are 3 and 1:

    >>> logits, labels, dloss = np.zeros((3, 2)), np.array([0, 1, -100]), 4.0
    >>> teacher_logits = np.array([[2 * np.log(3.0), 0.0]] * 3)
    >>> loss, cache = distillation_forward(logits, teacher_logits, labels, 2.0, 0.25,
    ...                                    weights=np.array([3.0, 1.0, 1.0]))
    >>> round(float(loss), 6)                          # 3/4 ln 2 + 1/4 * 2^2 * 0.130812
    0.650672
    >>> distillation_backward(dloss, cache).round(12).tolist()
    [[-1.5, 1.5], [0.25, -0.25], [0.0, 0.0]]
    """
    label_cache, p, q, w, temperature, teacher_weight = cache
    # forward: loss = (1 - alpha) * CE(x) + alpha * tau^2 * sum_n w_n * D(q_n, softmax(x_n / tau))
    dx_of_labels = cross_entropy_backward(dloss * (1 - teacher_weight), label_cache)
    scale = dloss * teacher_weight * w                                 # (N,)
    dx_of_teacher = (p - q) * (scale * temperature)[:, None]           # tau^2 / tau = tau
    dx = dx_of_labels + dx_of_teacher.reshape(dx_of_labels.shape)      # (KD.4)  (..., K)
    return dx
