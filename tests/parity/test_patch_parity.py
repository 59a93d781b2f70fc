"""The linear map of patches is PyTorch's convolution with a stride as large as its kernel."""

import numpy as np
import pytest

from albert_np import AlbertConfig
from albert_np.layers import (patch_embeddings_backward, patch_embeddings_forward, patchify,
                              unpatchify)

torch = pytest.importorskip("torch")

B, H = 2, 10


@pytest.mark.parametrize("p, height, width, C", [(2, 4, 6, 3), (3, 9, 6, 1), (4, 4, 8, 2)])
@pytest.mark.parametrize("hide", [False, True])
def test_patch_embeddings_are_a_convolution(p, height, width, C, hide):
    rng = np.random.default_rng(0)
    images = rng.standard_normal((B, height, width, C))
    N, P = height // p * (width // p), p * p * C
    params = {"projection": {"W": rng.standard_normal((P, H)), "b": rng.standard_normal(H)},
              "mask": rng.standard_normal(H), "position": rng.standard_normal((N, H)),
              "modality": rng.standard_normal(H),
              "layer_norm": {"gamma": rng.standard_normal(H), "beta": rng.standard_normal(H)}}
    masked = rng.random((B, N)) < 0.5 if hide else None
    config = AlbertConfig(hidden_size=H, num_attention_heads=1, layer_norm_eps=1e-12)
    h, cache = patch_embeddings_forward(params, patchify(images, p), masked, config)
    dh = rng.standard_normal(h.shape)
    dpatches, grads = patch_embeddings_backward(params, dh, cache)

    def tensor(array):
        return torch.tensor(array, requires_grad=True)

    kernel = params["projection"]["W"].reshape(p, p, C, H).transpose(3, 2, 0, 1)   # H, C, i, j
    x, K, b = tensor(images), tensor(kernel.copy()), tensor(params["projection"]["b"])
    mask, position, modality = (tensor(params[name]) for name in ("mask", "position", "modality"))
    gamma, beta = (tensor(params["layer_norm"][name]) for name in ("gamma", "beta"))
    v = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), K, b, stride=p)     # B, H, rows, columns
    v = v.flatten(2).transpose(1, 2)                                          # B, N, H
    if hide:
        v = torch.where(torch.tensor(masked)[:, :, None], mask, v)
    theirs = torch.nn.functional.layer_norm(v + position + modality, (H,), gamma, beta, 1e-12)
    theirs.backward(torch.tensor(dh))

    def same(ours, their):
        np.testing.assert_allclose(ours, their, rtol=1e-9, atol=1e-11)

    same(h, theirs.detach().numpy())
    same(unpatchify(dpatches, images.shape[1:]), x.grad.numpy())
    same(grads["projection"]["W"], K.grad.numpy().transpose(2, 3, 1, 0).reshape(P, H))
    for ours, their in [(grads["projection"]["b"], b), (grads["position"], position),
                        (grads["modality"], modality), (grads["layer_norm"]["gamma"], gamma),
                        (grads["layer_norm"]["beta"], beta)]:
        same(ours, their.grad.numpy())
    same(grads["mask"], mask.grad.numpy() if hide else np.zeros(H))
