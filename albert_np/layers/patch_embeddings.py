"""Patch embeddings: a picture is cut into patches, and each patch becomes a row of H numbers."""

import numpy as np

from ..functional import (dropout_backward, dropout_forward, layer_norm_backward,
                          layer_norm_forward, linear_backward, linear_forward)


def patchify(images, patch_size):
    r"""Cut every image into square patches, row by row, and write each patch as one row.

    With patches of p x p pixels, patch n = r (width/p) + s is in row r and column s of the grid of
    patches:

    .. math::
       :label: PATCH.1

       y_{b,\, n,\, (ip + j)C + c} = x_{b,\; rp + i,\; sp + j,\; c}

    Every number of the image is in one patch, once. So :func:`unpatchify` is the inverse, and it is
    also the backward pass: it takes the gradient of the patches and returns the gradient of the
    images.

    Parameters
    ----------
    images : array (B, height, width, C)
        C is the number of channels: 1 for grey, 3 for colour.
    patch_size : int
        p. It divides the height and the width.

    Returns
    -------
    patches : array (B, N, P)
        N = (height/p) (width/p) patches of P = p p C numbers.

    Raises
    ------
    ValueError
        The images do not have four axes, or the patches do not fill them.

    References
    ----------
    Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", section 3.1.

    Examples
    --------
    An image of 2 x 4 pixels has two patches of 2 x 2 pixels:

    >>> image = np.array([[1, 2, 5, 6],
    ...                   [3, 4, 7, 8]])
    >>> patchify(image[None, :, :, None], 2).tolist()
    [[[1, 2, 3, 4], [5, 6, 7, 8]]]
    """
    p = patch_size
    if np.ndim(images) != 4:
        raise ValueError(f"images have shape {np.shape(images)}; they need four axes, "
                         f"(B, height, width, C)")
    B, height, width, C = images.shape
    if p < 1 or height % p or width % p:
        raise ValueError(f"images of {height} x {width} pixels cannot be cut into patches of "
                         f"{p} x {p}; the patch size must divide the height and the width")
    x = images.reshape(B, height // p, p, width // p, p, C)             # b, r, i, s, j, c
    x = x.transpose(0, 1, 3, 2, 4, 5)                                   # b, r, s, i, j, c
    return x.reshape(B, -1, p * p * C)                                  # (PATCH.1)  (B, N, P)


def unpatchify(patches, image_shape):
    """Put patches back into images: the inverse of :func:`patchify`, and its backward pass.

    Parameters
    ----------
    patches : array (B, N, P)
        Patches, or the gradient with respect to them.
    image_shape : tuple of int
        (height, width, C).

    Returns
    -------
    images : array (B, height, width, C)

    Raises
    ------
    ValueError
        N square patches of P numbers do not fill an image of this shape.

    Examples
    --------
    >>> images = unpatchify(np.array([[[1, 2, 3, 4], [5, 6, 7, 8]]]), (2, 4, 1))
    >>> images[0, :, :, 0].tolist()
    [[1, 2, 5, 6], [3, 4, 7, 8]]
    """
    B, N, P = patches.shape
    height, width, C = image_shape
    p = round((P / C) ** 0.5)
    if not (p and p * p * C == P and height % p == width % p == 0
            and (height // p) * (width // p) == N):
        raise ValueError(f"{N} patches of {P} numbers do not make up an image of {height} x "
                         f"{width} pixels with {C} channels")
    x = patches.reshape(B, height // p, width // p, p, p, C)            # b, r, s, i, j, c
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(B, height, width, C)   # b, r, i, s, j, c


def patch_embeddings_forward(params, patches, masked, config, rng=None):
    r"""Turn patches into the first hidden states.

    A word has an id, and the word table has a row for it. A patch has no id. A linear map of its P
    numbers takes the place of the table. If a patch is masked, a learnt vector takes the place of
    its row, as the embedding of [MASK] does for a word. Let m be 1 for a masked patch and 0 for
    every other patch:

    .. math::
       :label: PATCH.2

       v_{bn} = (1 - m_{bn}) (x_{bn} W + b) + m_{bn}\, \text{mask}

    .. math::
       :label: PATCH.3

       s_{bn} = v_{bn} + \text{position}_n + \text{modality}

    .. math::
       :label: PATCH.4

       h = \text{Dropout}(\text{LayerNorm}(s))

    The modality embedding says "this is a patch". In the same way, the rows of the token types mark
    the words.

    **This is a convolution.** Put (PATCH.1) into :math:`x_{bn} W`. The sum over the P numbers of
    patch n is a sum over its pixels i, j and their channels c:

    .. math::

       \sum_{i,\, j,\, c} W_{(ip + j)C + c,\, h}\; x_{b,\; rp + i,\; sp + j,\; c}

    This is a convolution with H kernels of p x p pixels and stride p. The stride is as large as the
    kernel, so the kernels never overlap, and one matrix product computes the convolution.

    **There is no map from E to H.** The map here leads to H at once and has P H weights. Words are
    embedded in E numbers because their table has V rows, and V is much larger than H. P is not.

    Parameters
    ----------
    params : dict
        projection {W (P, H), b (H,)}, mask (H,), position (at least N, H), modality (H,),
        layer_norm {gamma, beta}.
    patches : array (B, N, P)
        From :func:`patchify`.
    masked : array of bool (B, N), or None
        The patches that are hidden. None hides none.
    config : AlbertConfig
    rng : numpy.random.Generator or None
        None turns dropout off.

    Returns
    -------
    h : array (B, N, H)
    cache : what the backward pass needs

    References
    ----------
    Dosovitskiy et al. 2021, eq. 1, for the linear map. Bao et al. 2022, "BEiT", section 2.3, for
    the learnt vector of masked patches. Kim et al. 2021, "ViLT", section 3.1, for the modality
    embedding. The layer norm treats patches like words (FE.2); the first of these articles has none
    at this place.

    Examples
    --------
    There are two patches of P = 3 numbers, with H = 2. The first patch is not masked:
    v = (3, 1) + (1, -1) = (4, 0). The second patch is masked: v = (2, 0), whatever is in the
    patch. Then s = (4, 0) + (-2, 2) + (1, -1) = (3, 1) and s = (2, 0) + (0, 6) + (1, -1) = (3, 5).
    Each s has the variance 1. With epsilon = 3 the standard deviation is 2, so layer norm gives
    (1/2, -1/2) and (-1/2, 1/2), times gamma = (2, 4), plus beta = 10:

    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, layer_norm_eps=3.0)
    >>> params = {"projection": {"W": np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
    ...                          "b": np.array([1.0, -1.0])},
    ...           "mask": np.array([2.0, 0.0]),
    ...           "position": np.array([[-2.0, 2.0], [0.0, 6.0]]),
    ...           "modality": np.array([1.0, -1.0]),
    ...           "layer_norm": {"gamma": np.array([2.0, 4.0]), "beta": np.full(2, 10.0)}}
    >>> patches, masked = np.array([[[3.0, 1.0, 9.0], [7.0, 7.0, 7.0]]]), np.array([[False, True]])
    >>> h, cache = patch_embeddings_forward(params, patches, masked, config)
    >>> h.tolist()
    [[[11.0, 8.0], [9.0, 12.0]]]
    """
    N = patches.shape[1]
    projection, norm = params["projection"], params["layer_norm"]
    projected, projection_cache = linear_forward(patches, projection["W"], projection["b"])
    v = projected if masked is None else np.where(
        masked[:, :, None], params["mask"], projected)                  # (PATCH.2)  (B, N, H)
    s = v + params["position"][:N] + params["modality"]                 # (PATCH.3)  (B, N, H)
    normed, norm_cache = layer_norm_forward(s, norm["gamma"], norm["beta"], config.layer_norm_eps)
    h, dropout_cache = dropout_forward(normed, config.hidden_dropout_prob, rng)     # (PATCH.4)
    return h, (projection_cache, masked, norm_cache, dropout_cache)


def patch_embeddings_backward(params, dh, cache):
    r"""Compute the gradients of the pixels and of the parameters.

    Dropout (DO.2) and layer norm (LN.5) give ds. In the sum (PATCH.3) each of the three terms has
    the gradient ds. Row n of the position table is used once in every sequence. The modality
    embedding is used by every patch of every sequence. Each use adds its part:

    .. math::
       :label: PATCH.5

       d\text{position}_n = \sum_b ds_{bn}, \qquad d\text{modality} = \sum_{b,\, n} ds_{bn}

    In (PATCH.2) a masked patch takes the learnt vector with slope 1 and its own numbers with slope
    0. For every other patch it is the other way around. So the gradient ds goes to one of the two:

    .. math::
       :label: PATCH.6

       d\text{mask} = \sum_{b,\, n} m_{bn}\, ds_{bn}

    .. math::
       :label: PATCH.7

       d(x_{bn} W + b) = (1 - m_{bn})\, ds_{bn}

    The linear map turns (PATCH.7) into dW (LIN.3), db (LIN.4) and the gradient of the patches
    (LIN.2). The pixels of a masked patch get the gradient 0. Without masked patches the modality
    embedding and b have the same gradient: both are added to every patch.

    Parameters
    ----------
    params : as in :func:`patch_embeddings_forward`
    dh : array (B, N, H)
    cache : from :func:`patch_embeddings_forward`

    Returns
    -------
    dpatches : array (B, N, P)
        :func:`unpatchify` turns it into the gradient of the images.
    grads : tree like params

    Examples
    --------
    There are two sequences of two patches, with P = 1 and H = 2. In each sequence one patch is
    masked. Every s has the variance 1, and with epsilon = 3 the standard deviation is 2. Then layer
    norm turns dh = (16, 0) into ds = (3, -3). If dh is multiplied by 2, 3 or 5, ds is multiplied by
    the same number. So the first column of ds is 3, 6 in the first sequence and 9, 15 in the
    second. Position 0 gets 3 + 9, and position 1 gets 6 + 15. The learnt vector gets 6 + 9. The
    bias gets 3 + 15. The two patches are 1 and 3, so W gets 3 + 45:

    >>> from dataclasses import replace
    >>> from albert_np import AlbertConfig
    >>> config = AlbertConfig(hidden_size=2, num_attention_heads=1, layer_norm_eps=3.0)
    >>> params = {"projection": {"W": np.array([[1.0, -1.0]]), "b": np.zeros(2)},
    ...           "mask": np.array([1.0, -1.0]),
    ...           "position": np.array([[-2.0, 2.0], [-2.0, 2.0], [9.0, 9.0]]),
    ...           "modality": np.zeros(2),
    ...           "layer_norm": {"gamma": np.ones(2), "beta": np.zeros(2)}}
    >>> patches = np.array([[[1.0], [50.0]], [[70.0], [3.0]]])
    >>> masked = np.array([[False, True], [True, False]])
    >>> dh = np.array([[[16.0, 0.0], [32.0, 0.0]], [[48.0, 0.0], [80.0, 0.0]]])
    >>> h, cache = patch_embeddings_forward(params, patches, masked, config)
    >>> dpatches, grads = patch_embeddings_backward(params, dh, cache)
    >>> grads["position"].tolist(), grads["modality"].tolist(), grads["mask"].tolist()
    ([[12.0, -12.0], [21.0, -21.0], [0.0, 0.0]], [33.0, -33.0], [15.0, -15.0])
    >>> grads["projection"]["b"].tolist(), grads["projection"]["W"].tolist(), dpatches.tolist()
    ([18.0, -18.0], [[48.0, -48.0]], [[[6.0], [0.0]], [[0.0], [30.0]]])

    Now dropout is on. If it drops the first number of a patch, as here in the second sequence, this
    patch gets no gradient. The gradient of every other patch is doubled:

    >>> config = replace(config, hidden_dropout_prob=0.5)
    >>> h, cache = patch_embeddings_forward(params, patches, masked, config,
    ...                                     np.random.default_rng(0))
    >>> patch_embeddings_backward(params, dh, cache)[0].tolist()
    [[[12.0], [0.0]], [[0.0], [0.0]]]
    """
    projection_cache, masked, norm_cache, dropout_cache = cache
    # forward: h = dropout(layer_norm(s))
    dnormed = dropout_backward(dh, dropout_cache)
    ds, dgamma, dbeta = layer_norm_backward(dnormed, norm_cache)                    # (B, N, H)
    # forward: s = v + position[:N] + modality
    dposition = np.zeros_like(params["position"])
    dposition[:ds.shape[1]] = ds.sum(axis=0)
    dmodality = ds.sum(axis=(0, 1))                                     # (PATCH.5)  (H,)
    # forward: v = where(masked, mask, patches @ W + b)
    hidden = np.zeros(ds.shape[:2], bool) if masked is None else masked
    dmask = ds[hidden].sum(axis=0)                                      # (PATCH.6)  (H,)
    dprojected = np.where(hidden[:, :, None], 0, ds)                    # (PATCH.7)  (B, N, H)
    dpatches, dW, db = linear_backward(dprojected, projection_cache)                # (B, N, P)
    return dpatches, {
        "projection": {"W": dW, "b": db},
        "mask": dmask,
        "position": dposition,
        "modality": dmodality,
        "layer_norm": {"gamma": dgamma, "beta": dbeta},
    }
