"""The consistency loss against PyTorch: value and both gradients, in float64 to 1e-12."""

import numpy as np
import pytest

from albert_np import functional as F

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("shape", [(1, 2), (7, 3), (2, 5, 4)])
def test_consistency(shape):
    rng = np.random.default_rng(0)
    x, z, dloss = 3 * rng.standard_normal(shape), rng.standard_normal(shape), 1.7
    theirs = [torch.tensor(array, requires_grad=True) for array in (x, z)]
    their_loss = torch.nn.functional.mse_loss(*(each.softmax(dim=-1) for each in theirs))
    (dloss * their_loss).backward()
    loss, cache = F.consistency_forward(x, z)
    assert loss == pytest.approx(their_loss.item(), rel=1e-12)
    for gradient, their in zip(F.consistency_backward(dloss, cache), theirs):
        np.testing.assert_allclose(gradient, their.grad.numpy(), rtol=1e-12, atol=1e-16)
