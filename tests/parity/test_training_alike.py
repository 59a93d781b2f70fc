"""Three hundred steps of training, here and in PyTorch, from one start on the same batches.

A single gradient can be right and a training run wrong all the same: a cache that survives a
step, moments that are kept in the wrong place, a schedule that is off by one. The loss of step
300 has been through all of it 300 times.

On the other side nothing is ours: transformers' model, torch.autograd, and the optimisers, the
clipping and the schedule written anew below from their published formulas.
"""

import re

import numpy as np
import pytest

from albert_np.config import AlbertConfig
from albert_np.models import AlbertForPreTraining
from albert_np.optim import LAMB, AdamW, clip_by_global_norm, warmup_polynomial_decay

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from both_sides import make_inputs, one_thread, pair

pytestmark = pytest.mark.parity

STEPS, WARMUP, MAX_NORM = 300, 60, 1.0
BETA_1, BETA_2, EPS, WEIGHT_DECAY = 0.9, 0.999, 1e-6, 0.01
# High enough to learn, low enough not to be chaotic. Half as much again for LAMB, and the rounding
# of a float32 grows twenty times as large on the way.
LEARNING_RATES = {"adamw": 3e-3, "lamb": 1e-2}
# The largest difference between two loss curves. Training repeats itself 300 times over, and
# whatever rounding there is goes into the next step; 1e-8 is eight digits of a float64's sixteen,
# 1e-3 four of a float32's seven.
BOUNDS = {np.float64: 1e-8, np.float32: 1e-3}

CONFIG = AlbertConfig(vocab_size=40, embedding_size=12, hidden_size=24, num_hidden_layers=2,
                      num_attention_heads=3, intermediate_size=48, max_position_embeddings=12,
                      initializer_range=0.1, classifier_dropout_prob=0.0)


def make_batches():
    """Six batches of random ids with masks of all kinds, and labels that can be learnt quickly.

    The label of a position is a function of the id there; random ones take larger steps to learn.
    """
    rng = np.random.default_rng(0)
    batches = []
    for mask in ("padding", None, "holes", "padding", "queries", "first"):
        inputs, labels = make_inputs(CONFIG, (4, 12), mask, rng)
        labels["labels"] = np.where(labels["labels"] == -100, -100,
                                    (7 * inputs["input_ids"] + 1) % CONFIG.vocab_size)
        batches.append((inputs, labels))
    return batches


# ---- the published formulas, on torch tensors ---------------------------------------------------

def torch_learning_rate(step, peak):
    """google-research/albert, optimization.py: a line up from 0; a line down to 0 at STEPS."""
    return peak * step / WARMUP if step < WARMUP else peak * (1 - step / STEPS)


class TorchOptimizer:
    """AdamW and LAMB as google-research/albert has them: no bias correction, no clamped ratio.

    Parameters
    ----------
    name : {"adamw", "lamb"}
    model : torch.nn.Module
    """

    def __init__(self, name, model):
        self.lamb = name == "lamb"
        self.parameters = dict(model.named_parameters())       # tied ones once
        self.m = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.v = {name: torch.zeros_like(p) for name, p in self.parameters.items()}

    @torch.no_grad()
    def step(self, lr):
        """Clip the gradients all together, then change every parameter."""
        norm = torch.sqrt(sum((p.grad**2).sum() for p in self.parameters.values()))
        for name, p in self.parameters.items():
            g = p.grad * min(1.0, MAX_NORM / norm.item())
            self.m[name] = BETA_1 * self.m[name] + (1 - BETA_1) * g
            self.v[name] = BETA_2 * self.v[name] + (1 - BETA_2) * g**2
            update = self.m[name] / (torch.sqrt(self.v[name]) + EPS)
            ratio = 1.0
            # The original excludes by name, where this package excludes vectors.
            if not re.search("LayerNorm|layer_norm|bias", name):
                update = update + WEIGHT_DECAY * p
                if self.lamb:
                    ratio = p.norm() / update.norm()
            p -= lr * ratio * update
            p.grad = None


# ---- the two runs -------------------------------------------------------------------------------

def train_ours(name, model, batches):
    """The loss before each step, and at how many steps the gradient was clipped."""
    schedule = warmup_polynomial_decay(LEARNING_RATES[name], STEPS, WARMUP)
    optimizer = {"adamw": AdamW, "lamb": LAMB}[name](model.params, schedule)
    losses, clipped = [], 0
    for step in range(STEPS):
        inputs, labels = batches[step % len(batches)]
        output, cache = model.forward(**inputs, **labels)
        grads = model.backward(cache)
        clipped += clip_by_global_norm(grads, MAX_NORM) > MAX_NORM
        optimizer.step(model.params, grads)
        losses.append(output.loss)
    return np.array(losses), clipped


def train_theirs(name, model, batches):
    """The loss before each step."""
    optimizer = TorchOptimizer(name, model)
    dtype = next(model.parameters()).dtype
    arguments = [torch_arguments(inputs, labels, dtype) for inputs, labels in batches]
    losses = []
    for step in range(STEPS):
        loss = model(**arguments[step % len(batches)]).loss
        loss.backward()
        optimizer.step(torch_learning_rate(step, LEARNING_RATES[name]))
        losses.append(loss.item())
    return np.array(losses)


def torch_arguments(inputs, labels, dtype):
    """A batch as tensors; a mask for each query made ready to be added to the scores."""
    arguments = {name: torch.tensor(value) for name, value in {**inputs, **labels}.items()
                 if value is not None}
    mask = arguments.get("attention_mask")
    if mask is not None and mask.ndim == 3:
        arguments["attention_mask"] = (1 - mask[:, None]).to(dtype) * torch.finfo(dtype).min
    return arguments


@pytest.mark.parametrize("name, dtype", [
    ("adamw", np.float64), ("lamb", np.float32),
    pytest.param("adamw", np.float32, marks=pytest.mark.thorough),
    pytest.param("lamb", np.float64, marks=pytest.mark.thorough)])
def test_loss_curves_are_alike(name, dtype):
    """At every one of 300 steps; and the loss really falls."""
    batches = make_batches()
    ours, theirs = pair(AlbertForPreTraining, CONFIG, dtype)
    found, clipped = train_ours(name, ours, batches)
    expected = train_theirs(name, theirs, batches)
    difference = np.abs(found - expected)
    assert difference.max() <= BOUNDS[dtype], f"off by {difference.max():.1e}"
    assert found[-len(batches):].mean() < found[:len(batches)].mean() / 10
    assert 0 < clipped < STEPS      # gradients too long and short enough both occur
