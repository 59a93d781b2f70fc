"""One encoder layer: an attention block, then a feed-forward block, both post-LN."""

from ..functional import (dropout_backward, dropout_forward, layer_norm_backward,
                          layer_norm_forward)
from .attention import attention_backward, attention_forward
from .feed_forward import feed_forward_backward, feed_forward_forward


def attention_block_forward(params, x, keep, config, rng=None):
    r"""Attention, a residual link around it, and layer normalisation behind the sum.

    .. math::
       :label: BLK.1

       y = \text{LayerNorm}(x + \text{Dropout}(\text{Attention}(x)))

    Parameters
    ----------
    params : dict
        self_attention (see :func:`~albert_np.layers.attention_forward`), layer_norm
        {gamma, beta}.
    x : array (B, T, H)
    keep : boolean array or None, from :func:`~albert_np.layers.visible_keys`
    config : AlbertConfig
    rng : numpy.random.Generator or None

    Returns
    -------
    (y, p) : arrays (B, T, H) and (B, A, T, T)
    cache : what the backward pass needs
    """
    (attended, p), attention_cache = attention_forward(params["self_attention"], x, keep,
                                                       config, rng)
    dropped, dropout_cache = dropout_forward(attended, config.hidden_dropout_prob, rng)
    norm = params["layer_norm"]
    y, norm_cache = layer_norm_forward(x + dropped, norm["gamma"], norm["beta"],
                                       config.layer_norm_eps)          # (BLK.1)  (B, T, H)
    return (y, p), (attention_cache, dropout_cache, norm_cache)


def attention_block_backward(params, dy, cache):
    r"""Gradients of the attention block.

    Layer norm gives the gradient ds of the sum :math:`s = x + \ldots` (LN.5). x touches s twice,
    directly with slope 1 and through the attention, so the two parts add up:

    .. math::
       :label: BLK.2

       dx = ds + dx_{\text{attention}}

    The first term is the residual link's gift: a path on which the gradient is never multiplied
    by a weight.

    Parameters
    ----------
    params : as in :func:`attention_block_forward`
    dy : (array (B, T, H), array (B, A, T, T) or None)
    cache : from :func:`attention_block_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params
    """
    dy, dp = dy
    attention_cache, dropout_cache, norm_cache = cache
    # forward: y = layer_norm(x + dropped)
    ds, dgamma, dbeta = layer_norm_backward(dy, norm_cache)
    # forward: dropped = dropout(attention(x))
    dattended = dropout_backward(ds, dropout_cache)
    dx_attention, attention_grads = attention_backward(params["self_attention"], (dattended, dp),
                                                       attention_cache)
    dx = ds + dx_attention                                             # (BLK.2)  (B, T, H)
    return dx, {"self_attention": attention_grads,
                "layer_norm": {"gamma": dgamma, "beta": dbeta}}


def feed_forward_block_forward(params, x, config, rng=None):
    r"""The feed-forward network with its residual link and layer normalisation.

    .. math::
       :label: BLK.3

       y = \text{LayerNorm}(x + \text{Dropout}(\text{FeedForward}(x)))

    Parameters
    ----------
    params : dict
        feed_forward (see :func:`~albert_np.layers.feed_forward_forward`), layer_norm
        {gamma, beta}.
    x : array (B, T, H)
    config : AlbertConfig
    rng : numpy.random.Generator or None

    Returns
    -------
    y : array (B, T, H)
    cache : what the backward pass needs

    Notes
    -----
    The original applies this dropout; transformers declares it and never does.
    """
    fed, feed_forward_cache = feed_forward_forward(params["feed_forward"], x, config)
    dropped, dropout_cache = dropout_forward(fed, config.hidden_dropout_prob, rng)
    norm = params["layer_norm"]
    y, norm_cache = layer_norm_forward(x + dropped, norm["gamma"], norm["beta"],
                                       config.layer_norm_eps)          # (BLK.3)  (B, T, H)
    return y, (feed_forward_cache, dropout_cache, norm_cache)


def feed_forward_block_backward(params, dy, cache):
    r"""Gradients of the feed-forward block, by the same argument as (BLK.2).

    .. math::
       :label: BLK.4

       dx = ds + dx_{\text{feed-forward}}

    Parameters
    ----------
    params : as in :func:`feed_forward_block_forward`
    dy : array (B, T, H)
    cache : from :func:`feed_forward_block_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params
    """
    feed_forward_cache, dropout_cache, norm_cache = cache
    # forward: y = layer_norm(x + dropped)
    ds, dgamma, dbeta = layer_norm_backward(dy, norm_cache)
    # forward: dropped = dropout(feed_forward(x))
    dfed = dropout_backward(ds, dropout_cache)
    dx_fed, feed_forward_grads = feed_forward_backward(params["feed_forward"], dfed,
                                                       feed_forward_cache)
    dx = ds + dx_fed                                                   # (BLK.4)  (B, T, H)
    return dx, {"feed_forward": feed_forward_grads,
                "layer_norm": {"gamma": dgamma, "beta": dbeta}}


def encoder_layer_forward(params, x, keep, config, rng=None):
    r"""An attention block followed by a feed-forward block.

    .. math::
       :label: LAY.1

       a = \text{AttentionBlock}(x), \qquad y = \text{FeedForwardBlock}(a)

    Parameters
    ----------
    params : dict
        attention, feed_forward: the parameters of the two blocks.
    x : array (B, T, H)
    keep : boolean array or None, from :func:`~albert_np.layers.visible_keys`
    config : AlbertConfig
    rng : numpy.random.Generator or None

    Returns
    -------
    (y, p) : arrays (B, T, H) and (B, A, T, T)
    cache : what the backward pass needs

    References
    ----------
    Vaswani et al. 2017, section 3.1; google-research/albert, ``attention_ffn_block``.
    """
    (a, p), attention_cache = attention_block_forward(params["attention"], x, keep, config, rng)
    y, feed_forward_cache = feed_forward_block_forward(params["feed_forward"], a, config,
                                                       rng)            # (LAY.1)  (B, T, H)
    return (y, p), (attention_cache, feed_forward_cache)


def encoder_layer_backward(params, dy, cache):
    r"""Gradients of the layer: the blocks in reverse order.

    .. math::
       :label: LAY.2

       da = \text{FeedForwardBlock}^{\leftarrow}(dy), \qquad
       dx = \text{AttentionBlock}^{\leftarrow}(da)

    Parameters
    ----------
    params : as in :func:`encoder_layer_forward`
    dy : (array (B, T, H), array (B, A, T, T) or None)
    cache : from :func:`encoder_layer_forward`

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params
    """
    dy, dp = dy
    attention_cache, feed_forward_cache = cache
    # forward: y = feed_forward_block(a)
    da, feed_forward_grads = feed_forward_block_backward(params["feed_forward"], dy,
                                                         feed_forward_cache)
    # forward: a = attention_block(x)
    dx, attention_grads = attention_block_backward(params["attention"], (da, dp),
                                                   attention_cache)    # (LAY.2)  (B, T, H)
    return dx, {"attention": attention_grads, "feed_forward": feed_forward_grads}
