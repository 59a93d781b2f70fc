"""The loss of a student with a teacher, against torch's ``KLDivLoss`` and ``CrossEntropyLoss``."""

import numpy as np
import pytest

from albert_np import functional as F

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.parity


def theirs(logits, teacher, labels, temperature, alpha, weights=None):
    """The loss and the gradient as people write them with torch."""
    x = torch.tensor(logits, requires_grad=True)
    t, kept = torch.tensor(teacher), torch.tensor(labels != -100)
    log_p, log_q = (torch.log_softmax(z[kept] / temperature, dim=-1) for z in (x, t))
    label_losses = torch.nn.CrossEntropyLoss(reduction="none")(x, torch.tensor(labels))[kept]
    if weights is None:
        kl, ce = (torch.nn.KLDivLoss(reduction="batchmean", log_target=True)(log_p, log_q),
                  label_losses.mean())
    else:
        w = torch.tensor(weights)[kept]
        rows = torch.nn.KLDivLoss(reduction="none", log_target=True)(log_p, log_q).sum(-1)
        kl, ce = (rows * w).sum() / w.sum(), (label_losses * w).sum() / w.sum()
    loss = (1 - alpha) * ce + alpha * temperature**2 * kl
    loss.backward()
    return loss.item(), x.grad.numpy()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("temperature, alpha", [(1.0, 0.5), (2.0, 0.5), (4.0, 0.9), (0.5, 0.1),
                                                (20.0, 1.0)])
@pytest.mark.parametrize("dtype, bound", [(np.float64, 1e-12), (np.float32, 2e-6)])
def test_distillation(rng, dtype, bound, temperature, alpha, weighted):
    x, t = ((3 * rng.standard_normal((7, 5))).astype(dtype) for _ in range(2))
    labels = np.array([4, -100, 0, 2, -100, 3, 1])
    weights = rng.random(7).astype(dtype) if weighted else None
    loss, cache = F.distillation_forward(x, t, labels, temperature, alpha, weights=weights)
    expected, gradient = theirs(x, t, labels, temperature, alpha, weights)
    dx = F.distillation_backward(dtype(1), cache)
    assert loss.dtype == dx.dtype == dtype
    assert abs(loss - expected) <= bound * max(abs(expected), 1)
    assert np.abs(dx - gradient).max() <= bound * max(np.abs(gradient).max(), 1)
