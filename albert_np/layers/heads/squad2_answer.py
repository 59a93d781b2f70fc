"""Does this text have an answer to the question? A part of the SQuAD 2 head."""

import numpy as np

from ...functional import (dropout_backward, dropout_forward, linear_backward, linear_forward,
                           softmax_backward, softmax_forward, tanh_backward, tanh_forward)


def squad_answer_forward(params, x, start_logits, config, rng=None):
    r"""Compute one score for the whole text. A score above 0 means that there is no answer.

    The head uses the first token, ``[CLS]``, and a mean of the hidden states. In this mean, each
    hidden state is weighted with its probability as the start of the answer:

    .. math::
       :label: SQA.1

       p_b = \operatorname{softmax}(\text{start}_b), \qquad g_b = \sum_t p_{bt}\, x_{bt}

    .. math::
       :label: SQA.2

       y_b = \text{Dropout}\big(\tanh([g_b\,;\, x_{b,0}]\; W + c)\big) \cdot w

    The last map has no bias.

    Parameters
    ----------
    params : dict
        dense {W (2H, H), b (H,)}, score {W (H, 1)}.
    x : array (B, T, H)
    start_logits : array (B, T)
        They are masked: the score is :data:`~albert_np.layers.heads.squad2_head.HIDDEN` at every
        token where no answer may begin.
    config : AlbertConfig
    rng : numpy.random.Generator or None
        None turns dropout off.

    Returns
    -------
    y : array (B,)
    cache : what the backward pass needs

    References
    ----------
    google-research/albert, ``squad_utils.py``, ``create_v2_model``, "answer_class".

    Examples
    --------
    There are two tokens with one number each. The first token is the start with probability 3/4,
    and the second token is the start with probability 1/4. So g = 3/4 * 3 - 1/4 * 3 = 3/2. The
    input of tanh is 2 * 3/2 + 1 * 3 - 5 = 1. The score is 2 tanh(1) = 1.523188:

    >>> from albert_np import AlbertConfig
    >>> params = {"dense": {"W": np.array([[2.0], [1.0]]), "b": np.array([-5.0])},
    ...           "score": {"W": np.array([[2.0]])}}
    >>> x, start_logits = np.array([[[3.0], [-3.0]]]), np.log([[3.0, 1.0]])
    >>> y, cache = squad_answer_forward(params, x, start_logits, AlbertConfig())
    >>> y.round(6).tolist()
    [1.523188]
    """
    p, softmax_cache = softmax_forward(start_logits)                           # (B, T)
    g = (p[:, None] @ x)[:, 0]                                                 # (SQA.1)  (B, H)
    both = np.concatenate([g, x[:, 0]], axis=-1)                               # (B, 2H)
    u, dense_cache = linear_forward(both, params["dense"]["W"], params["dense"]["b"])
    a, tanh_cache = tanh_forward(u)                                            # (B, H)
    dropped, dropout_cache = dropout_forward(a, config.classifier_dropout_prob, rng)
    w = params["score"]["W"]
    y, score_cache = linear_forward(dropped, w, np.zeros(1, w.dtype))          # (SQA.2)  (B, 1)
    return y[:, 0], (x, p, softmax_cache, dense_cache, tanh_cache, dropout_cache, score_cache)


def squad_answer_backward(params, dy, cache):
    r"""Compute the gradients of the score for the absence of an answer.

    Go back through a linear map, dropout, tanh and a linear map. This gives the gradients of the
    two halves of :math:`[g_b\,;\, x_{b,0}]`. In (SQA.1) both p and x influence g, as in every
    weighted sum:

    .. math::
       :label: SQA.3

       dp_{bt} = dg_b \cdot x_{bt}

    The softmax (SM.2) turns dp into a gradient of the start scores. So the start scores get a
    gradient from this head, too. Every hidden state is used in g. The first hidden state is also
    used directly:

    .. math::
       :label: SQA.4

       dx_{bt} = p_{bt}\, dg_b + [t = 0]\; dx_{b,0}

    Parameters
    ----------
    params : as in :func:`squad_answer_forward`
    dy : array (B,)
    cache : from :func:`squad_answer_forward`

    Returns
    -------
    dx : array (B, T, H)
    dstart : array (B, T)
    grads : tree like params

    Examples
    --------
    There are two tokens with one number each. The first token is the start with probability 3/4,
    and the second token is the start with probability 1/4. So g = 3/4 * 3 - 1/4 * 3 = 3/2. The
    input of tanh is 2 * 3/2 + 1 * 3 - 6 = 0, and there tanh has the slope 1.

    Let dy = 1. The last map multiplies it by 2, so du = 2. By the two rows of W, dg = 2 * 2 = 4,
    and the first token gets 1 * 2 = 2 directly. Through g, the first token gets 3/4 of dg, and the
    second token gets 1/4 of dg. By (SQA.3) dp = 4 * (3, -3). Its mean, weighted with p, is 6. So
    dstart = (3/4 (12 - 6), 1/4 (-12 - 6)):

    >>> from albert_np import AlbertConfig
    >>> params = {"dense": {"W": np.array([[2.0], [1.0]]), "b": np.array([-6.0])},
    ...           "score": {"W": np.array([[2.0]])}}
    >>> x, start_logits = np.array([[[3.0], [-3.0]]]), np.log([[3.0, 1.0]])
    >>> config, dy = AlbertConfig(classifier_dropout_prob=0.5), np.array([1.0])
    >>> y, cache = squad_answer_forward(params, x, start_logits, config)
    >>> dx, dstart, grads = squad_answer_backward(params, dy, cache)
    >>> dx.round(12).tolist(), dstart.round(12).tolist(), grads["dense"]["W"].round(12).tolist()
    ([[[5.0], [1.0]]], [[4.5, -4.5]], [[3.0], [6.0]])

    Now dropout is on. Here dropout keeps tanh u and doubles it. So the gradient of tanh u is
    doubled too:

    >>> y, cache = squad_answer_forward(params, x, start_logits, config, np.random.default_rng(0))
    >>> squad_answer_backward(params, dy, cache)[0].round(12).tolist()
    [[[10.0], [2.0]]]
    """
    x, p, softmax_cache, dense_cache, tanh_cache, dropout_cache, score_cache = cache
    H = x.shape[-1]
    # forward: y = dropout(tanh(u)) @ w
    d_dropped, dw, _ = linear_backward(dy[:, None], score_cache)               # (B, H)
    du = tanh_backward(dropout_backward(d_dropped, dropout_cache), tanh_cache)
    # forward: u = [g; x[:, 0]] @ W + c
    d_both, dW, dc = linear_backward(du, dense_cache)                          # (B, 2H)
    dg, dfirst = d_both[:, :H], d_both[:, H:]                                  # (B, H)
    # forward: g = sum_t p[:, t] * x[:, t], p = softmax(start_logits)
    dp = (x @ dg[:, :, None])[..., 0]                                          # (SQA.3)  (B, T)
    dstart = softmax_backward(dp, softmax_cache)
    dx = p[:, :, None] * dg[:, None]                                           # (B, T, H)
    dx[:, 0] += dfirst                                                         # (SQA.4)
    return dx, dstart, {"dense": {"W": dW, "b": dc}, "score": {"W": dw}}
