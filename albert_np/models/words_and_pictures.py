"""Words and patches in one sequence: one encoder reads a picture and its caption together."""

from types import SimpleNamespace

import numpy as np

from ..functional import (IGNORED, cross_entropy_backward, cross_entropy_forward, linear_backward,
                          linear_forward, mean_squared_error_backward, mean_squared_error_forward)
from ..layers import (embeddings_backward, embeddings_forward, encoder_backward, encoder_forward,
                      masked_lm_head_backward, masked_lm_head_forward, patch_embeddings_backward,
                      patch_embeddings_forward, pooler_backward, pooler_forward,
                      sentence_order_head_backward, sentence_order_head_forward, visible_keys)
from ..parameters.initial_values import initial_parameters, truncated_normal
from .inputs import check_inputs, check_labels
from .outputs import AlbertOutput


def words_and_pictures_parameters(config, N, P, rng, dtype=np.float32):
    """Draw the parameters of a model that reads words and patches.

    Parameters
    ----------
    config : AlbertConfig
    N, P : int
        Patches of a picture, and numbers of a patch.
    rng : numpy.random.Generator
    dtype : dtype

    Returns
    -------
    dict
        embeddings, encoder, pooler and mlm_head as in
        :func:`~albert_np.parameters.initial_values.initial_parameters`; patch_embeddings;
        pixel_head {W (H, P), b (P,)}; matching_head {W (H, 2), b (2,)}.
    """
    H = config.hidden_size

    def matrix(*shape):
        return truncated_normal(rng, shape, config.initializer_range).astype(dtype)

    params = initial_parameters(config, rng, dtype)
    params["matching_head"] = params.pop("sop_head")
    params["patch_embeddings"] = {
        "projection": {"W": matrix(P, H), "b": np.zeros(H, dtype)},
        "mask": matrix(H), "position": matrix(N, H), "modality": matrix(H),
        "layer_norm": {"gamma": np.ones(H, dtype), "beta": np.zeros(H, dtype)}}
    params["pixel_head"] = {"W": matrix(H, P), "b": np.zeros(P, dtype)}
    return params


def words_and_patches_forward(params, config, input_ids, patches, attention_mask=None,
                               masked_patches=None, rng=None):
    r"""Read a caption and a picture as one sequence.

    The T words come first, so that [CLS] is at position 0, where the pooler reads. The N patches
    follow:

    .. math::
       :label: SEQ.1

       h_{bt} = \begin{cases} \text{embeddings}(\text{ids})_{bt} & \text{where } t < T \\
                \text{patch embeddings}(x)_{b,\, t - T} & \text{where } t \ge T \end{cases}

    From here on nothing knows which row is a word and which is a patch. Every word sees every
    patch, and every patch sees every word. Nobody sees the padding of a short caption.

    Parameters
    ----------
    params : dict
        As from :func:`words_and_pictures_parameters`. The heads are not used here.
    config : AlbertConfig
    input_ids : integers (B, T)
        [CLS] first. For pictures without a caption T is 1.
    patches : array (B, N, P)
        From :func:`~albert_np.layers.patchify`.
    attention_mask : zeros and ones (B, T), optional
        1 where there is a word, 0 where there is padding.
    masked_patches : array of bool (B, N), optional
        The patches that are hidden.
    rng : numpy.random.Generator, optional
        Turns dropout on.

    Returns
    -------
    output : AlbertOutput
        ``sequence_output`` (B, T + N, H), ``pooled_output`` (B, H), ``hidden_states`` and
        ``attentions`` (B, A, T + N, T + N).
    cache : what the backward pass needs

    Raises
    ------
    ValueError
        The inputs do not fit the configuration, the parameters or each other.

    References
    ----------
    Kim et al. 2021, "ViLT", section 3.1; Li et al. 2019, "VisualBERT", section 3.2.
    """
    input_ids, attention_mask, token_type_ids = check_inputs(config, input_ids, attention_mask,
                                                             None, rng)
    if attention_mask is not None and attention_mask.ndim != 2:
        raise ValueError(f"attention_mask has shape {attention_mask.shape}; it must be "
                         f"{input_ids.shape}, since every row may see every patch")
    _check_patches(params["patch_embeddings"], len(input_ids), patches, masked_patches)
    (B, T), N = input_ids.shape, patches.shape[1]
    words, words_cache = embeddings_forward(params["embeddings"], input_ids, token_type_ids,
                                            config, rng)                             # (B, T, H)
    picture, picture_cache = patch_embeddings_forward(params["patch_embeddings"], patches,
                                                      masked_patches, config, rng)   # (B, N, H)
    h = np.concatenate([words, picture], axis=1)                       # (SEQ.1)  (B, T + N, H)
    if attention_mask is not None:
        attention_mask = np.concatenate([attention_mask, np.ones((B, N), int)], axis=1)
    (hidden_states, attentions), encoder_cache = encoder_forward(
        params["encoder"], h, visible_keys(attention_mask), config, rng)
    pooled_output, pooler_cache = pooler_forward(params["pooler"], hidden_states[-1])    # (B, H)
    output = AlbertOutput(sequence_output=hidden_states[-1], pooled_output=pooled_output,
                          hidden_states=hidden_states, attentions=attentions)
    return output, (words_cache, picture_cache, encoder_cache, pooler_cache, T)


def words_and_patches_backward(params, d_sequence, d_pooled, cache):
    r"""Compute the gradients of the patches and of the parameters beneath the heads.

    In (SEQ.1) each row of h is one row of one of the two senses. So the gradient of h is cut where
    the two were joined:

    .. math::
       :label: SEQ.2

       d\text{words}_{bt} = dh_{bt}, \qquad d\text{picture}_{bn} = dh_{b,\, T + n}

    The encoder is shared by both senses, as it is by all depths (ENC.3). The rows of both are rows
    of one array, so its gradient adds up over words and patches by itself (LIN.3).

    Parameters
    ----------
    params : as in :func:`words_and_patches_forward`
    d_sequence : array (B, T + N, H), or None
        The upstream gradient of ``sequence_output``.
    d_pooled : array (B, H), or None
        The upstream gradient of ``pooled_output``.
    cache : from :func:`words_and_patches_forward`

    Returns
    -------
    dpatches : array (B, N, P)
    grads : dict of embeddings, patch_embeddings, encoder and pooler
    """
    words_cache, picture_cache, encoder_cache, pooler_cache, T = cache
    grads = {"pooler": None}
    if d_pooled is None:
        grads["pooler"] = {name: np.zeros_like(leaf) for name, leaf in params["pooler"].items()}
    else:
        # forward: pooled_output = pooler(sequence_output)
        d_last, grads["pooler"] = pooler_backward(params["pooler"], d_pooled, pooler_cache)
        d_sequence = d_last if d_sequence is None else d_sequence + d_last           # (B, T + N, H)
    # forward: hidden_states, attentions = encoder(h)
    depths = len(encoder_cache[0])
    upstream = [None] * depths + [d_sequence], [None] * depths
    dh, grads["encoder"] = encoder_backward(params["encoder"], upstream, encoder_cache)
    # forward: h = concatenate([words, picture])
    dwords, dpicture = dh[:, :T], dh[:, T:]                            # (SEQ.2)
    # forward: words = embeddings(input_ids), picture = patch_embeddings(patches)
    grads["embeddings"] = embeddings_backward(params["embeddings"], dwords, words_cache)
    dpatches, grads["patch_embeddings"] = patch_embeddings_backward(
        params["patch_embeddings"], dpicture, picture_cache)                         # (B, N, P)
    return dpatches, grads


def three_losses_forward(params, config, output, labels, pixels, predicted, matching_labels):
    r"""Compute the losses of masked words, masked patches and matching.

    .. math::
       :label: SEQ.3

       \text{loss} = \text{loss}_{\text{words}} + \text{loss}_{\text{patches}}
                     + \text{loss}_{\text{matching}}

    Words: the masked-LM head and the mean cross-entropy (CE.1) at the labelled words. Patches: a
    linear map from H to P at the masked patches, and the mean squared error (MSE.1) to their
    pixels. Matching: the two scores of (SOP.1) from the pooled output, and the cross-entropy.
    Sentence order asks whether two segments were swapped; matching asks whether the caption belongs
    to the picture.

    Parameters
    ----------
    params : dict
        As from :func:`words_and_pictures_parameters`.
    config : AlbertConfig
    output : AlbertOutput
        From :func:`words_and_patches_forward`.
    labels : integers (B, T)
        The right word at each masked position, -100 everywhere else.
    pixels : array (B, N, P)
        The right pixels of all patches.
    predicted : array of bool (B, N)
        The patches whose pixels are predicted. If there is none, the loss of patches is 0.
    matching_labels : integers (B,)
        0: the caption belongs to the picture, 1: it does not, -100: not asked.

    Returns
    -------
    losses : namespace
        ``loss``, ``words``, ``patches``, ``matching``: scalars; ``word_logits`` (M, V), ``pixels``
        (number of predicted patches, P), ``matching_logits`` (B, 2).
    cache : what the backward pass needs

    Raises
    ------
    ValueError
        The labels do not fit the words, or ``pixels`` or ``predicted`` the patches.
    """
    _check_right_pixels(params, output.sequence_output.shape, labels, pixels, predicted)
    T = labels.shape[1]
    labels, matching_labels = check_labels(config, (len(pixels), T), labels, matching_labels)
    states_of_words, states_of_patches = (output.sequence_output[:, :T],
                                          output.sequence_output[:, T:])
    masked = labels != IGNORED                                                       # (B, T)
    losses, cache = SimpleNamespace(patches=0.0), SimpleNamespace(
        masked=masked, predicted=predicted, squares=None, shape=output.sequence_output.shape)

    losses.word_logits, cache.mlm = masked_lm_head_forward(
        params["mlm_head"], states_of_words[masked], params["embeddings"]["word"], config)
    losses.words, cache.words = cross_entropy_forward(losses.word_logits, labels[masked])

    head = params["pixel_head"]
    losses.pixels, cache.pixels = linear_forward(states_of_patches[predicted], head["W"], head["b"])
    if predicted.any():
        losses.patches, cache.squares = mean_squared_error_forward(losses.pixels,
                                                                   pixels[predicted])

    losses.matching_logits, cache.head = sentence_order_head_forward(params["matching_head"],
                                                                     output.pooled_output)
    losses.matching, cache.matching = cross_entropy_forward(losses.matching_logits,
                                                            matching_labels)
    losses.loss = losses.words + losses.patches + losses.matching      # (SEQ.3)
    return losses, cache


def three_losses_backward(params, dloss, cache):
    r"""Compute the gradients of the three heads, and the upstream gradients of the encoder.

    Each term of the sum (SEQ.3) has the slope 1, so each loss receives dloss. Words and patches
    send gradients to different rows of the last hidden state. The rows that no head looked at get
    0:

    .. math::
       :label: SEQ.4

       d\text{sequence}_{bt} = \begin{cases}
         \text{from the masked-LM head} & \text{at a labelled word} \\
         \text{from the pixel head} & \text{at a predicted patch} \\
         0 & \text{elsewhere} \end{cases}

    The word table has two uses, in the look-up and in the masked-LM head.
    :func:`words_and_pictures_backward` adds ``dword`` to the gradient of the look-up (MLM.5).

    Parameters
    ----------
    params : as in :func:`three_losses_forward`
    dloss : scalar
    cache : from :func:`three_losses_forward`

    Returns
    -------
    d_sequence : array (B, T + N, H)
    d_pooled : array (B, H)
    dword : array (V, E)
    grads : dict of mlm_head, pixel_head and matching_head
    """
    T, head = cache.masked.shape[1], params["pixel_head"]
    d_sequence = np.zeros(cache.shape, head["W"].dtype)                              # (B, T + N, H)
    # forward: words = cross_entropy(mlm_head(sequence[masked]), labels[masked])
    dlogits = cross_entropy_backward(dloss, cache.words)                             # (M, V)
    drows, dword, mlm_grads = masked_lm_head_backward(params["mlm_head"], dlogits, cache.mlm)
    d_sequence[:, :T][cache.masked] = drows
    # forward: patches = mean_squared_error(sequence[predicted] @ W + b, pixels)
    pixel_grads = {name: np.zeros_like(leaf) for name, leaf in head.items()}
    if cache.squares is not None:
        dpixels = mean_squared_error_backward(dloss, cache.squares)
        drows, dW, db = linear_backward(dpixels, cache.pixels)
        d_sequence[:, T:][cache.predicted] = drows                     # (SEQ.4)
        pixel_grads = {"W": dW, "b": db}
    # forward: matching = cross_entropy(matching_head(pooled_output), matching_labels)
    dlogits = cross_entropy_backward(dloss, cache.matching)                          # (B, 2)
    d_pooled, matching_grads = sentence_order_head_backward(params["matching_head"], dlogits,
                                                            cache.head)
    return d_sequence, d_pooled, dword, {"mlm_head": mlm_grads, "pixel_head": pixel_grads,
                                         "matching_head": matching_grads}


def words_and_pictures_forward(params, config, input_ids, patches, attention_mask, masked_patches,
                               labels, pixels, predicted, matching_labels, rng=None):
    """Compute the loss (SEQ.3) of a batch: the sequence, the encoder, then the three heads.

    Parameters
    ----------
    params, config, input_ids, patches, attention_mask, masked_patches, rng
        As in :func:`words_and_patches_forward`.
    labels, pixels, predicted, matching_labels
        As in :func:`three_losses_forward`.

    Returns
    -------
    losses : namespace
        As from :func:`three_losses_forward`.
    cache : what the backward pass needs

    Raises
    ------
    ValueError
        The inputs do not fit the configuration, the parameters or each other.

    Examples
    --------
    There is one picture of two patches, and its caption has three words. One word and one patch
    are masked. The three parts add up to the loss:

    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(vocab_size=6, embedding_size=3, hidden_size=4, num_hidden_layers=1,
    ...                       num_attention_heads=2, intermediate_size=3,
    ...                       max_position_embeddings=3, initializer_range=1.0)
    >>> params = words_and_pictures_parameters(config, 2, 3, np.random.default_rng(0), np.float64)
    >>> patches, masked = np.array([[[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]]]), np.array([[False, True]])
    >>> losses, cache = words_and_pictures_forward(
    ...     params, config, np.array([[1, 3, 2]]), patches, None, masked,
    ...     np.array([[-100, 5, -100]]), patches, masked, np.array([0]))
    >>> parts = [losses.words, losses.patches, losses.matching, losses.loss]
    >>> [round(float(part), 4) for part in parts]
    [1.5607, 5.5423, 0.025, 7.128]
    """
    output, sequence_cache = words_and_patches_forward(params, config, input_ids, patches,
                                                       attention_mask, masked_patches, rng)
    losses, losses_cache = three_losses_forward(params, config, output, labels, pixels, predicted,
                                                matching_labels)
    return losses, (sequence_cache, losses_cache)


def words_and_pictures_backward(params, dloss, cache):
    """Compute the gradients of all parameters: the heads, then everything beneath them.

    Parameters
    ----------
    params : as in :func:`words_and_pictures_forward`
    dloss : scalar
    cache : from :func:`words_and_pictures_forward`

    Returns
    -------
    dpatches : array (B, N, P)
        The gradient of the pixels that the model sees. The right pixels count as constants.
    grads : tree like params

    Examples
    --------
    The masked patch was not seen, so its pixels have no gradient. The two scores of matching have
    opposite gradients:

    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(vocab_size=6, embedding_size=3, hidden_size=4, num_hidden_layers=1,
    ...                       num_attention_heads=2, intermediate_size=3,
    ...                       max_position_embeddings=3, initializer_range=1.0)
    >>> params = words_and_pictures_parameters(config, 2, 3, np.random.default_rng(0), np.float64)
    >>> patches, masked = np.array([[[1.0, 2.0, 3.0], [3.0, 1.0, 2.0]]]), np.array([[False, True]])
    >>> losses, cache = words_and_pictures_forward(
    ...     params, config, np.array([[1, 3, 2]]), patches, None, masked,
    ...     np.array([[-100, 5, -100]]), patches, masked, np.array([0]))
    >>> dpatches, grads = words_and_pictures_backward(params, 1.0, cache)
    >>> dpatches.round(3).tolist(), grads["matching_head"]["b"].round(3).tolist()
    ([[[-0.074, -0.033, 0.002], [0.0, 0.0, 0.0]]], [-0.025, 0.025])
    """
    sequence_cache, losses_cache = cache
    # forward: losses = three_losses(output)
    d_sequence, d_pooled, dword, heads = three_losses_backward(params, dloss, losses_cache)
    # forward: output = words_and_patches(input_ids, patches)
    dpatches, grads = words_and_patches_backward(params, d_sequence, d_pooled, sequence_cache)
    grads["embeddings"]["word"] += dword                               # both uses of the table
    return dpatches, {**grads, **heads}


def _check_right_pixels(params, sequence_shape, labels, pixels, predicted):
    (B, rows, _), P = sequence_shape, len(params["pixel_head"]["b"])
    if labels.ndim != 2 or pixels.shape != (B, rows - labels.shape[1], P):
        raise ValueError(f"labels have shape {labels.shape} and pixels {pixels.shape}; they must "
                         f"be ({B}, T) and ({B}, N, {P}) with T + N = {rows}")
    if predicted.shape != pixels.shape[:2] or predicted.dtype != bool:
        raise ValueError(f"predicted has shape {predicted.shape} and dtype {predicted.dtype}; it "
                         f"must be {pixels.shape[:2]} and bool")


def _check_patches(params, B, patches, masked_patches):
    N, P = len(params["position"]), len(params["projection"]["W"])
    if patches.ndim != 3 or patches.shape[::2] != (B, P) or not 1 <= patches.shape[1] <= N:
        raise ValueError(f"patches have shape {patches.shape}; they must be ({B}, N, {P}) with N "
                         f"from 1 to {N}, as there are {B} sequences of words, and parameters for "
                         f"{N} patches of {P} numbers")
    if masked_patches is not None and (masked_patches.shape != patches.shape[:2]
                                       or masked_patches.dtype != bool):
        raise ValueError(f"masked_patches have shape {masked_patches.shape} and dtype "
                         f"{masked_patches.dtype}; they must be {patches.shape[:2]} and bool")
