"""The encoder: one layer applied several times, or several layers, depending on the sharing."""

import numpy as np

from ..functional import rows_at_backward, rows_at_forward
from ..functional.trees import add_in_place, zeros_like
from .attention import keys_visible_to
from .encoder_layer import encoder_layer_backward, encoder_layer_forward


def encoder_forward(params, x, keep, config, rng=None, recompute=False, positions=None):
    r"""Apply the layer of each depth, one after the other.

    .. math::
       :label: ENC.1

       h^{(0)} = x, \qquad h^{(l+1)} = f\big(h^{(l)};\, W^{(l)}\big)

    If the layers are shared, :math:`W^{(l)} = W` for every l. The index list ``config.schedule``
    says which of the stored blocks a depth uses. For ALBERT all indices are zero. With
    ``cross_layer_residual``

    .. math::
       :label: ENC.2

       h^{(l+1)} = h^{(l)} + f\big(h^{(l)};\, W^{(l)}\big)

    The caches of all depths need most of the memory of a training step: several arrays (B, T, F)
    and (B, A, T, T) for each depth. But a layer can be computed again from its input alone. With
    ``recompute`` the encoder keeps only the inputs :math:`h^{(l)}`, one array (B, T, H) for each
    depth. The backward pass then computes the layers again, one at a time, with the same dropout
    masks. So the gradients are the same bit for bit. This needs a second forward pass, which is a
    third more arithmetic.

    If only some positions of the last hidden state are needed, pass them as ``positions``. In the
    last layer the queries then come from these rows, and the keys and values from all rows. The
    other rows of the last layer then need no queries, no output map and no feed-forward network.
    These three have five sixths of the weights of a layer.

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
        The positions whose last hidden state is needed. No position may occur twice in a sequence.
        None means all, R = T.

    Returns
    -------
    (hidden_states, attentions) : lists
        The first list has x and then the hidden states h of every depth, (B, T, H) each. The second
        list has the attention weights p of every depth, (B, A, T, T) each. With ``recompute`` every
        p is None. The last h has the shape (B, R, H), and the last p has the shape (B, A, R, T).
    cache : what the backward pass needs

    References
    ----------
    Lan et al. 2020, section 3.1, "Cross-layer parameter sharing". Chen et al. 2016, "Training deep
    nets with sublinear memory cost", for the recomputation.

    Examples
    --------
    There are two tokens, (1, -1) and (-3, 3). The first token does not see the second token. With
    W_q = 0 the second token gets the mean of both tokens, (-1, 1). The residual link adds this mean
    to the token. The sum is (-4, 4), with variance 16. With epsilon = 9 the standard deviation is
    5, and the gammas multiply by 5 again. So layer norm does not change (-4, 4). The relu of the
    network is not active, so the network adds nothing. Only the second position of the last hidden
    state is needed:

    >>> import numpy as np
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, num_hidden_layers=1,
    ...                       layer_norm_eps=9.0, hidden_act="relu")
    >>> one, zero = np.eye(2), np.zeros(2)
    >>> norm = {"gamma": 5 * np.ones(2), "beta": zero}
    >>> attention = {"W_q": 0 * one, "W_k": one, "W_v": one, "W_o": one,
    ...              "b_q": zero, "b_k": zero, "b_v": zero, "b_o": zero}
    >>> network = {"W_1": np.array([[2.0], [0.0]]), "b_1": np.zeros(1),
    ...            "W_2": np.array([[0.0, 2.0]]), "b_2": zero}
    >>> params = {"attention": [{"self_attention": attention, "layer_norm": norm}],
    ...           "feed_forward": [{"feed_forward": network, "layer_norm": norm}]}
    >>> x, positions = np.array([[[1.0, -1.0], [-3.0, 3.0]]]), np.array([[1]])
    >>> keep = np.array([[[[True, False], [True, True]]]])
    >>> (states, attentions), cache = encoder_forward(params, x, keep, config, positions=positions)
    >>> states[-1].tolist(), attentions[-1].tolist()
    ([[[-4.0, 4.0]]], [[[[0.5, 0.5]]]])
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
    r"""Compute the gradients of the encoder: a shared weight gets the sum over all depths.

    Imagine that each depth l has a copy of the weights, :math:`W^{(l)} = W`. Then W influences the
    loss through each copy, with :math:`\partial W^{(l)} / \partial W = 1`. The chain rule adds up
    the parts:

    .. math::
       :label: ENC.3

       dW = \sum_{l=0}^{L-1} dW^{(l)}

    Here :math:`dW^{(l)}` is the gradient that the layer's own backward pass gives at depth l. Each
    depth needs its own cache, since the layer had another input there. (If the layer were an object
    that stores its cache, the next depth would overwrite it.) With the residual link of (ENC.2), h
    reaches the next depth along two paths:

    .. math::
       :label: ENC.4

       dx_q = dh^{(l+1)} + f_q^{\leftarrow}\big(dh^{(l+1)}\big)

    Without the residual link the first term is missing. We write :math:`f^{\leftarrow}` for the
    backward pass of f: it takes the gradient of the output of f and returns the gradient of the
    input. The backward pass of the layer returns two gradients. One of them,
    :math:`f_q^{\leftarrow}`, is for :math:`x_q`, the rows that the queries come from. The other
    one, :math:`dx_{kv}`, is for :math:`x_{kv}`, the rows that the keys and values come from.
    :math:`x_{kv}` has all rows of :math:`h^{(l)}`. In most layers :math:`x_q` has all rows too. In
    the last layer it may have only the rows at the positions. (ROW.2) puts the gradients of these
    rows back at their positions. Then the two gradients of :math:`h^{(l)}` add up:

    .. math::
       :label: ENC.5

       dh^{(l)} = \text{rows}^{\leftarrow}(dx_q) + dx_{kv}

    Parameters
    ----------
    params : as in :func:`encoder_forward`
    dy : (list, list)
        The gradients of the hidden states and of the attentions. An entry may be None if this
        output is not used. The entry of the last hidden state may not be None.
    cache : from :func:`encoder_forward`
    contributions : list, optional
        The function adds one tree to this list for each depth l: :math:`dW^{(l)}`. The tree of the
        first depth comes first.

    Returns
    -------
    dx : array (B, T, H)
    grads : tree like params

    Examples
    --------
    There is one token, and two depths share one layer. With W_v = 0 the attention adds nothing. The
    network adds 4 relu(a_1) to a_2. With epsilon = 3 the standard deviation is 2, and the gammas
    multiply by 2 again. At the first depth the network turns (1, -1) into (1, 3), and layer norm
    turns this into (-1, 1). At the second depth the relu is not active, so the token stays (-1, 1).

    Let dy = (32, 0). The second depth has two layer norms. The backward pass of the second one
    gives ds = (12, -12). The backward pass of the first one then gives dx = (9, -9). This is the dy
    of the first depth. Both depths share the second beta, so its gradient is the sum
    (32, 0) + (9, -9):

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
    >>> x, dh = np.array([[[1.0, -1.0]]]), np.array([[[32.0, 0.0]]])
    >>> (states, _), cache = encoder_forward(params, x, None, config)
    >>> [h.tolist() for h in states]
    [[[[1.0, -1.0]]], [[[-1.0, 1.0]]], [[[-1.0, 1.0]]]]
    >>> dy, contributions = ([None, None, dh], [None, None]), []
    >>> dx, grads = encoder_backward(params, dy, cache, contributions)
    >>> [layer["feed_forward"]["layer_norm"]["beta"].tolist() for layer in contributions]
    [[9.0, -9.0], [32.0, 0.0]]
    >>> grads["feed_forward"][0]["layer_norm"]["beta"].tolist()
    [41.0, -9.0]
    >>> grads["attention"][0]["layer_norm"]["beta"].tolist()
    [-8.25, -18.75]

    The last example uses everything at once. The weights are drawn at random. The two depths have
    attention blocks of their own and share one network. There are residual links around the layers,
    dropout and recomputation. The positions are 1 and 0, in this order. Every hidden state and all
    attention weights get a gradient:

    >>> from albert_np.parameters.initial_values import initial_parameters
    >>> config = AlbertConfig(vocab_size=4, embedding_size=2, hidden_size=2, num_attention_heads=1,
    ...                       num_hidden_layers=2, intermediate_size=3, sharing="ffn",
    ...                       cross_layer_residual=True, hidden_dropout_prob=0.5,
    ...                       initializer_range=1.0, layer_norm_eps=3.0)
    >>> rng = np.random.default_rng(0)
    >>> params = initial_parameters(config, rng, np.float64)["encoder"]
    >>> x, positions = np.array([[[1.0, -1.0], [0.0, 2.0]]]), np.array([[1, 0]])
    >>> dh, dp = np.array([[[1.0, 0.0], [0.0, 2.0]]]), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    >>> (states, _), cache = encoder_forward(params, x, None, config, rng, recompute=True,
    ...                                      positions=positions)
    >>> dx, grads = encoder_backward(params, ([dh, dh, dh], [dp, 3 * dp]), cache)
    >>> dx.round(6).tolist()
    [[[2.450811, 4.697467], [0.961485, 3.567255]]]
    >>> [block["layer_norm"]["beta"].round(6).tolist() for block in grads["attention"]]
    [[-0.61517, 1.040627], [-1.439885, 0.824072]]
    >>> [block["layer_norm"]["beta"].round(6).tolist() for block in grads["feed_forward"]]
    [[3.570533, 7.979996]]
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
    """Return the parameters (or gradients) of one depth from the stored blocks."""
    return {"attention": tree["attention"][attention_index],
            "feed_forward": tree["feed_forward"][feed_forward_index]}


def _state(rng):
    """Return the state of a generator, so that it can draw the same numbers again."""
    return None if rng is None else (type(rng.bit_generator), rng.bit_generator.state)


def _generator(state):
    """Return a generator that draws the same numbers as the one of :func:`_state`."""
    if state is None:
        return None
    kind, state = state
    bit_generator = kind()
    bit_generator.state = state
    return np.random.Generator(bit_generator)
