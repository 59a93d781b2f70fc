"""The encoder: one layer applied again and again, or as many layers as the sharing asks for."""

import numpy as np

from ..functional import rows_at_backward, rows_at_forward
from ..functional.trees import add_in_place, zeros_like
from .attention import keys_visible_to
from .encoder_layer import encoder_layer_backward, encoder_layer_forward


def encoder_forward(params, x, keep, config, rng=None, recompute=False, positions=None):
    r"""Apply the layer of each depth in turn.

    .. math::
       :label: ENC.1

       h^{(0)} = x, \qquad h^{(l+1)} = f\big(h^{(l)};\, W^{(l)}\big)

    where sharing means :math:`W^{(l)} = W` for every l. Which of the stored blocks a depth uses
    is an index list, ``config.schedule``; ALBERT's is all zeros. With ``cross_layer_residual``

    .. math::
       :label: ENC.2

       h^{(l+1)} = h^{(l)} + f\big(h^{(l)};\, W^{(l)}\big)

    The caches of all depths are most of the memory of a training step: several arrays (B, T, F) and
    (B, A, T, T) for each. But a layer can be computed again from its input alone. With
    ``recompute`` only the inputs :math:`h^{(l)}` are kept, one (B, T, H) for each depth; the
    backward pass computes one layer again at a time, with the dropout masks of the first time,
    and so gives the same gradients bit for bit. The price is a second forward pass, a third more
    arithmetic.

    If only some positions of the last hidden state are needed, pass them as ``positions``. In the
    last layer the queries then come from these rows, and the keys and values from all rows. The
    queries, the output map and the feed-forward network are five sixths of the layer.

    Parameters
    ----------
    params : dict
        attention : list of the stored attention blocks.
        feed_forward : list of the stored feed-forward blocks.
    x : array (B, T, H)
    keep : boolean array or None, from :func:`~albert_np.layers.visible_keys`
    config : AlbertConfig
    rng : numpy.random.Generator or None
    recompute : bool
        Keep inputs in place of caches.
    positions : integer array (B, R), or None
        The positions whose last hidden state is needed, no two alike in a sequence; None means
        all, R = T.

    Returns
    -------
    (hidden_states, attentions) : lists
        h of every depth, (B, T, H) each, x first; p of every depth, (B, A, T, T) each, or, with
        ``recompute``, None for each. The last of them are (B, R, H) and (B, A, R, T).
    cache : what the backward pass needs

    References
    ----------
    Lan et al. 2020, section 3.1, "Cross-layer parameter sharing". Chen et al. 2016, "Training deep
    nets with sublinear memory cost", for the recomputation.
    """
    hidden_states, attentions, caches = [x], [], []
    schedule = config.schedule
    for depth, (attention_index, feed_forward_index) in enumerate(schedule, start=1):
        layer = _layer(params, attention_index, feed_forward_index)
        needed = positions if depth == len(schedule) else None
        x_q, rows_cache = rows_at_forward(x, needed)                         # (B, R, H)
        seen = keys_visible_to(keep, needed)
        inputs = (x_q, x, seen, config, _state(rng)) if recompute else None
        (y, p), cache = encoder_layer_forward(layer, x_q, x, seen, config, rng)      # (ENC.1)
        if recompute:
            p, cache = None, inputs
        x = x_q + y if config.cross_layer_residual else y                    # (ENC.2)
        hidden_states.append(x)
        attentions.append(p)
        caches.append((cache, rows_cache))
    return (hidden_states, attentions), (caches, schedule, config.cross_layer_residual, recompute)


def encoder_backward(params, dy, cache, contributions=None):
    r"""Gradients of the encoder: a shared weight collects from every depth that used it.

    Think of the L copies :math:`W^{(l)}` as different weights that happen to be equal,
    :math:`W^{(l)}(W) = W`. Then W touches the loss through each of them, with
    :math:`\partial W^{(l)} / \partial W = 1`, and the chain rule adds the parts up:

    .. math::
       :label: ENC.3

       dW = \sum_{l=0}^{L-1} dW^{(l)}

    where :math:`dW^{(l)}` is what the layer's own backward gives at depth l. Each needs the cache
    of its own depth, since the layer saw another input there. (A cache kept on a layer object
    would have been overwritten by the next depth.) With the residual of (ENC.2), h goes to the
    next depth along two paths:

    .. math::
       :label: ENC.4

       dx_q = dh^{(l+1)} + f_q^{\leftarrow}\big(dh^{(l+1)}\big)

    and without it the first term is missing. Here :math:`f_q^{\leftarrow}` is the gradient that the
    layer's backward pass gives to :math:`x_q`, the rows that the queries come from. It gives a
    second one, :math:`dx_{kv}`, to the rows that the keys and values come from. Both are rows of
    :math:`h^{(l)}`: all of them, or for :math:`x_q` in the last layer those at the positions, which
    (ROW.2) puts back. So the two add up:

    .. math::
       :label: ENC.5

       dh^{(l)} = \text{rows}^{\leftarrow}(dx_q) + dx_{kv}

    Parameters
    ----------
    params : as in :func:`encoder_forward`
    dy : (list, list)
        Gradients of the hidden states and of the attentions. An entry may be None where an
        output is not used; that of the last hidden state may not.
    cache : from :func:`encoder_forward`
    contributions : list, optional
        Receives one tree for each depth, the shallowest first: its own :math:`dW^{(l)}`.

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params

    Examples
    --------
    Two depths share one layer and see one token. With W_v = 0 the attention adds nothing; the
    network adds 4 relu(a_1) to a_2; epsilon = 3 makes the standard deviation 2, which the gammas of
    2 undo. So (1, -1) becomes (-1, 1) at the first depth and stays (-1, 1) at the second, where the
    relu is closed. For dy = (32, 0) the two layer norms of the second depth give first
    ds = (12, -12) and then dx = (9, -9), which is the dy of the first depth. The gradient of the
    shared beta is the sum of both:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, num_hidden_layers=2,
    ...                       layer_norm_eps=3.0, hidden_act="relu")
    >>> one, zero = np.eye(2), np.zeros(2)
    >>> norm = {"gamma": 2 * np.ones(2), "beta": zero}
    >>> attention = {"W_q": 0 * one, "W_k": one, "W_v": 0 * one, "W_o": one,
    ...              "b_q": zero, "b_k": zero, "b_v": zero, "b_o": zero}
    >>> network = {"W_1": np.array([[2.0], [0.0]]), "b_1": np.zeros(1),
    ...            "W_2": np.array([[0.0, 2.0]]), "b_2": zero}
    >>> params = {"attention": [{"self_attention": attention, "layer_norm": norm}],
    ...           "feed_forward": [{"feed_forward": network, "layer_norm": norm}]}
    >>> (states, _), cache = encoder_forward(params, np.array([[[1.0, -1.0]]]), None, config)
    >>> [h.tolist() for h in states]
    [[[[1.0, -1.0]]], [[[-1.0, 1.0]]], [[[-1.0, 1.0]]]]
    >>> dy, contributions = ([None, None, np.array([[[32.0, 0.0]]])], [None, None]), []
    >>> dx, grads = encoder_backward(params, dy, cache, contributions)
    >>> [layer["feed_forward"]["layer_norm"]["beta"].tolist() for layer in contributions]
    [[9.0, -9.0], [32.0, 0.0]]
    >>> grads["feed_forward"][0]["layer_norm"]["beta"].tolist()
    [41.0, -9.0]
    """
    d_hidden_states, d_attentions = dy
    caches, schedule, cross_layer_residual, recompute = cache
    grads = zeros_like(params)
    dh = d_hidden_states[-1]
    for depth in reversed(range(len(schedule))):
        attention_index, feed_forward_index = schedule[depth]
        layer = _layer(params, attention_index, feed_forward_index)
        layer_cache, rows_cache = caches[depth]
        if recompute:
            x_q, x_kv, keep, config, state = layer_cache
            _, layer_cache = encoder_layer_forward(layer, x_q, x_kv, keep, config,
                                                   _generator(state))
        # forward: h[depth + 1] = layer(x_q, h[depth])
        dx_q, dx_kv, layer_grads = encoder_layer_backward(layer, (dh, d_attentions[depth]),
                                                          layer_cache)
        del layer_cache                            # before the next depth is computed again
        # forward: h[depth + 1] = x_q + layer(x_q, h[depth])
        dx_q = dh + dx_q if cross_layer_residual else dx_q                   # (ENC.4)
        # forward: x_q = h[depth][positions]
        dh = rows_at_backward(dx_q, rows_cache) + dx_kv                      # (ENC.5)  (B, T, H)
        if d_hidden_states[depth] is not None:
            dh = dh + d_hidden_states[depth]
        add_in_place(_layer(grads, attention_index, feed_forward_index), layer_grads)  # (ENC.3)
        if contributions is not None:
            contributions.insert(0, layer_grads)
    return dh, grads


def _layer(tree, attention_index, feed_forward_index):
    """The parameters (or gradients) of one depth, looked up in the stored blocks."""
    return {"attention": tree["attention"][attention_index],
            "feed_forward": tree["feed_forward"][feed_forward_index]}


def _state(rng):
    """Where a generator stands, so that what it draws next can be drawn again."""
    return None if rng is None else (type(rng.bit_generator), rng.bit_generator.state)


def _generator(state):
    """A generator that draws what the one of :func:`_state` drew."""
    if state is None:
        return None
    kind, state = state
    bit_generator = kind()
    bit_generator.state = state
    return np.random.Generator(bit_generator)
