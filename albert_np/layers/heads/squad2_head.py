"""The SQuAD 2 head: the start, the end for a given start, and whether there is an answer."""

import numpy as np

from ...functional import linear_backward, linear_forward
from .squad2_answer import squad_answer_backward, squad_answer_forward
from .squad2_end import squad_end_backward, squad_end_forward

HIDDEN = -1e30     # the score of a token where no answer may begin or end, as in the original


def squad_head_forward(params, x, may_answer, starts, config, rng=None, n_top=5):
    r"""Compute the scores of starts, of ends, and of the absence of an answer.

    .. math::
       :label: SQ.1

       \text{start}_{bt} = \begin{cases} x_{bt} \cdot w + b & \text{where an answer may be} \\
                                         -10^{30} & \text{elsewhere} \end{cases}

    The end scores (SQE.3) are masked in the same way. They depend on the start. In training this is
    the right start, which is known. In prediction there are end scores for each of the best starts,
    since the best pair of a start and an end does not always begin with the best start.

    Parameters
    ----------
    params : dict
        start {W (H, 1), b (1,)},
        end (see :func:`~albert_np.layers.heads.squad2_end.squad_end_forward`),
        answer (see :func:`~albert_np.layers.heads.squad2_answer.squad_answer_forward`).
    x : array (B, T, H)
    may_answer : boolean array (B, T)
    starts : integer array (B, K), or None
        The starts that the ends depend on. None means the ``n_top`` best starts, the best first.
    config : AlbertConfig
    rng : numpy.random.Generator or None
        None turns dropout off.
    n_top : int

    Returns
    -------
    (start_logits, end_logits, cls_logits) : arrays (B, T), (B, K, T), (B,)
    cache : what the backward pass needs; ``starts`` is its last part

    References
    ----------
    google-research/albert, ``squad_utils.py``, ``create_v2_model``, which took it from XLNet.

    Examples
    --------
    There are three tokens. The third token may not be a part of an answer. The start scores of the
    other two tokens are 2x. The best start is the second token. The end scores are computed for
    this start:

    >>> from albert_np import AlbertConfig
    >>> nothing = {"dense": {"W": np.ones((2, 1)), "b": np.zeros(1)}, "score": {
    ...     "W": np.zeros((1, 1)), "b": np.zeros(1)}}
    >>> params = {"start": {"W": np.array([[2.0]]), "b": np.zeros(1)}, "answer": nothing,
    ...           "end": {**nothing, "layer_norm": {"gamma": np.ones(1), "beta": np.zeros(1)}}}
    >>> x, may_answer = np.array([[[3.0], [4.0], [5.0]]]), np.array([[True, True, False]])
    >>> (start, end, cls), cache = squad_head_forward(params, x, may_answer, None, AlbertConfig(),
    ...                                               n_top=1)
    >>> start.tolist(), end.tolist(), cls.tolist(), cache[-1].tolist()
    ([[6.0, 8.0, -1e+30]], [[[0.0, 0.0, -1e+30]]], [0.0], [[1]])
    """
    y, start_cache = linear_forward(x, params["start"]["W"], params["start"]["b"])   # (B, T, 1)
    start_logits = np.where(may_answer, y[..., 0], HIDDEN)                     # (SQ.1)  (B, T)
    if starts is None:
        starts = np.argsort(-start_logits.real, axis=-1, kind="stable")[:, :n_top]   # (B, K)
    end, end_cache = squad_end_forward(params["end"], x, starts, config.layer_norm_eps)
    end_logits = np.where(may_answer[:, None], end, HIDDEN)                    # (B, K, T)
    cls_logits, answer_cache = squad_answer_forward(params["answer"], x, start_logits, config, rng)
    return (start_logits, end_logits, cls_logits), (start_cache, end_cache, answer_cache,
                                                    may_answer, starts)


def squad_head_backward(params, dy, cache):
    r"""Compute the gradients of the SQuAD 2 head.

    The start scores are used twice: they are an output, and the score for the absence of an answer
    depends on them. If the mask replaced a start score by a constant, the gradient of this start
    score is 0. A small change of the start scores does not change which starts are the best, so no
    gradient passes through this choice.

    .. math::
       :label: SQ.2

       d(x_{bt} \cdot w + b) = [\text{an answer may be at } t]\;
                               (d\text{start}_{bt} + d\text{start}^{\text{answer}}_{bt})

    The hidden states have three uses, and each use has a gradient:

    .. math::
       :label: SQ.3

       dx = dx^{\text{start}} + dx^{\text{end}} + dx^{\text{answer}}

    Parameters
    ----------
    params : as in :func:`squad_head_forward`
    dy : (dstart, dend, dcls), arrays (B, T), (B, K, T), (B,)
    cache : from :func:`squad_head_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params

    Examples
    --------
    There are two tokens. The second may not be a part of an answer, so its gradients of 9 have no
    effect. At the first token, the gradient 1 of the start is multiplied by w = 2. In the other two
    parts w = 0, so their gradients of x are 0:

    >>> from albert_np import AlbertConfig
    >>> nothing = {"dense": {"W": np.ones((2, 1)), "b": np.zeros(1)}, "score": {
    ...     "W": np.zeros((1, 1)), "b": np.zeros(1)}}
    >>> params = {"start": {"W": np.array([[2.0]]), "b": np.zeros(1)},
    ...           "end": {**nothing, "layer_norm": {"gamma": np.ones(1), "beta": np.zeros(1)}},
    ...           "answer": {"dense": nothing["dense"], "score": {"W": np.zeros((1, 1))}}}
    >>> x, may_answer = np.array([[[3.0], [4.0]]]), np.array([[True, False]])
    >>> (start, end, cls), cache = squad_head_forward(params, x, may_answer, np.array([[0]]),
    ...                                               AlbertConfig())
    >>> dstart, dend, dcls = np.array([[1.0, 9.0]]), np.array([[[0.0, 9.0]]]), np.array([1.0])
    >>> dx, grads = squad_head_backward(params, (dstart, dend, dcls), cache)
    >>> start.tolist(), dx.tolist(), grads["start"]["W"].tolist(), grads["end"]["score"]["b"]
    ([[6.0, -1e+30]], [[[2.0], [0.0]]], [[3.0]], array([0.]))

    Now the weights are drawn at random, and all three parts give x a gradient. Both tokens may be a
    part of an answer:

    >>> from albert_np.parameters.initial_values import initial_parameters
    >>> config = AlbertConfig(vocab_size=4, embedding_size=2, hidden_size=2, num_attention_heads=1,
    ...                       initializer_range=1.0, layer_norm_eps=1.0)
    >>> rng = np.random.default_rng(0)
    >>> params = initial_parameters(config, rng, np.float64, ["squad_head"])["squad_head"]
    >>> x, may_answer = np.array([[[1.0, 2.0], [0.0, -1.0]]]), np.array([[True, True]])
    >>> starts, dend = np.array([[1]]), np.array([[[1.0, 3.0]]])
    >>> (start, end, cls), cache = squad_head_forward(params, x, may_answer, starts, config)
    >>> dx, grads = squad_head_backward(params, (dstart, dend, dcls), cache)
    >>> dx.round(6).tolist()
    [[[0.274482, 0.878323], [4.354386, 7.595799]]]
    """
    dstart, dend, dcls = dy
    start_cache, end_cache, answer_cache, may_answer, _ = cache
    # forward: cls_logits = answer(x, start_logits)
    dx_answer, dstart_answer, answer_grads = squad_answer_backward(params["answer"], dcls,
                                                                   answer_cache)
    # forward: end_logits = where(may_answer, end(x), HIDDEN)
    dx_end, end_grads = squad_end_backward(
        params["end"], np.where(may_answer[:, None], dend, 0), end_cache)
    # forward: start_logits = where(may_answer, x @ w + b, HIDDEN)
    d_start = np.where(may_answer, dstart + dstart_answer, 0)                  # (SQ.2)  (B, T)
    dx_start, dW, db = linear_backward(d_start[..., None], start_cache)
    dx = dx_start + dx_end + dx_answer                                         # (SQ.3)  (B, T, H)
    return dx, {"start": {"W": dW, "b": db}, "end": end_grads, "answer": answer_grads}
