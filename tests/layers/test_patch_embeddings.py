"""Patches are squares of the image, in order; a masked patch hides its pixels."""

import numpy as np
import pytest

from albert_np import AlbertConfig
from albert_np.layers import (patch_embeddings_backward, patch_embeddings_forward, patchify,
                              unpatchify)

B, N, P, H = 2, 6, 12, 8
SIZES = [(2, 4, 6, 3), (3, 9, 6, 1), (1, 2, 3, 2), (5, 5, 5, 3), (17, 17, 34, 1), (1, 17, 16, 1)]
# patch size, image shape; the last two have more than 256 numbers in a patch, or patches


def parameters(rng, dtype=np.float64):
    def normal(*shape):
        return rng.standard_normal(shape).astype(dtype)

    return {"projection": {"W": normal(P, H), "b": normal(H)}, "mask": normal(H),
            "position": normal(N + 1, H), "modality": normal(H),
            "layer_norm": {"gamma": normal(H), "beta": normal(H)}}


CONFIG = AlbertConfig(hidden_size=H, num_attention_heads=2)
MASKED = np.array([[True, False, False, True, False, False], [False] * 5 + [True]])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("p, height, width, C", SIZES)
def test_each_patch_is_a_square_of_the_image(rng, p, height, width, C):
    images = rng.standard_normal((B, height, width, C))
    patches = patchify(images, p)
    columns = width // p
    assert patches.shape == (B, height // p * columns, p * p * C)
    for n in range(patches.shape[1]):
        top, left = n // columns * p, n % columns * p
        square = images[:, top:top + p, left:left + p]
        np.testing.assert_array_equal(patches[:, n], square.reshape(B, -1))


@pytest.mark.parametrize("p, height, width, C", SIZES)
def test_unpatchify_is_the_inverse_and_the_backward_pass(rng, p, height, width, C):
    images = rng.standard_normal((B, height, width, C)).astype(np.float32)
    patches = patchify(images, p)
    back = unpatchify(patches, images.shape[1:])
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, images)
    # patchify is linear: <dy, patchify(x)> = <unpatchify(dy), x>
    dy = rng.integers(-3, 4, patches.shape).astype(float)
    x = rng.integers(-3, 4, images.shape).astype(float)
    assert (dy * patchify(x, p)).sum() == (unpatchify(dy, images.shape[1:]) * x).sum()


@pytest.mark.parametrize("shape, p, words", [
    ((2, 5, 4, 3), 2, "images of 5 x 4 pixels cannot be cut into patches of 2 x 2"),
    ((2, 4, 5, 3), 2, "images of 4 x 5 pixels cannot be cut"),
    ((2, 4, 4, 3), 0, "patches of 0 x 0"),
    ((4, 4, 3), 2, r"images have shape \(4, 4, 3\); they need four axes"),
    ((1, 2, 4, 4, 3), 2, r"images have shape \(1, 2, 4, 4, 3\); they need four axes")])
def test_images_that_cannot_be_cut(shape, p, words):
    with pytest.raises(ValueError, match=words):
        patchify(np.zeros(shape), p)


@pytest.mark.parametrize("shape, image, words", [
    ((1, 3, 4), (4, 4, 1), "3 patches of 4 numbers do not make up an image of 4 x 4 pixels with 1"),
    ((1, 2, 8), (4, 4, 1), "2 patches of 8 numbers"),
    ((1, 5, 4), (4, 4, 1), "5 patches of 4 numbers"),
    ((1, 4, 5), (4, 4, 1), "4 patches of 5 numbers"),
    ((1, 4, 3), (4, 4, 1), "4 patches of 3 numbers"),
    ((1, 4, 4), (3, 8, 1), "image of 3 x 8"),
    ((1, 4, 4), (8, 3, 1), "image of 8 x 3"),
    ((1, 1, 4), (3, 3, 1), "image of 3 x 3"),
    ((1, 4, 4), (4, 4, 3), "with 3 channels"),
    ((1, 6, 4), (3, 8, 1), "image of 3 x 8"),
    ((1, 6, 4), (8, 3, 1), "image of 8 x 3")])
def test_patches_that_make_up_no_such_image(shape, image, words):
    with pytest.raises(ValueError, match=words):
        unpatchify(np.zeros(shape), image)


def test_the_map_position_and_modality_are_added_before_the_norm(rng):
    params, patches = parameters(rng), rng.standard_normal((B, N, P))
    h, _ = patch_embeddings_forward(params, patches, None, CONFIG)
    s = (patches @ params["projection"]["W"] + params["projection"]["b"]
         + params["position"][:N] + params["modality"])
    normed = (s - s.mean(-1, keepdims=True)) / s.std(-1, keepdims=True)
    expected = normed * params["layer_norm"]["gamma"] + params["layer_norm"]["beta"]
    np.testing.assert_allclose(h, expected, rtol=1e-10, atol=1e-12)


def test_the_pixels_of_a_masked_patch_have_no_influence(rng):
    params, patches = parameters(rng), rng.standard_normal((B, N, P))
    h, cache = patch_embeddings_forward(params, patches, MASKED, CONFIG)
    other = np.where(MASKED[:, :, None], 1e6, patches)
    np.testing.assert_array_equal(h, patch_embeddings_forward(params, other, MASKED, CONFIG)[0])
    visible, _ = patch_embeddings_forward(params, patches, None, CONFIG)
    np.testing.assert_array_equal(h[~MASKED], visible[~MASKED])
    assert not np.isclose(h[MASKED], visible[MASKED]).any()
    dpatches, grads = patch_embeddings_backward(params, rng.standard_normal(h.shape), cache)
    assert (dpatches[MASKED] == 0).all() and (dpatches[~MASKED] != 0).all()
    assert (grads["position"][N] == 0).all() and (grads["position"][:N] != 0).all()


def test_without_masks_bias_and_modality_have_the_same_gradient(rng):
    params, patches = parameters(rng), rng.standard_normal((B, N, P))
    for masked, alike in ((None, True), (np.zeros((B, N), bool), True), (MASKED, False)):
        h, cache = patch_embeddings_forward(params, patches, masked, CONFIG)
        _, grads = patch_embeddings_backward(params, np.ones(h.shape) * patches[:, :, :H], cache)
        assert np.allclose(grads["projection"]["b"], grads["modality"]) == alike
        assert (grads["mask"] == 0).all() == alike


def test_float32_stays_float32(rng):
    params = parameters(rng, np.float32)
    patches = rng.standard_normal((B, N, P)).astype(np.float32)
    config = AlbertConfig(hidden_size=H, num_attention_heads=2, hidden_dropout_prob=0.5)
    h, cache = patch_embeddings_forward(params, patches, MASKED, config, np.random.default_rng(1))
    dpatches, grads = patch_embeddings_backward(params, h, cache)
    leaves = [h, dpatches, *grads["projection"].values(), *grads["layer_norm"].values(),
              *(grads[name] for name in ("mask", "position", "modality"))]
    assert {leaf.dtype for leaf in leaves} == {np.dtype(np.float32)}
