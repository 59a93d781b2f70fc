"""What a training step no longer needs is freed before its largest arrays are made."""

import tracemalloc

import numpy as np
import pytest

from albert_np import AlbertForMaskedLM, AlbertForPreTraining
from albert_np.functional import ACTIVATIONS
from albert_np.gradcheck.one_check import small_config
from albert_np.layers import feed_forward_backward, feed_forward_forward
from albert_np.models import masked_lm, pretraining
from albert_np.pretraining.parallel import work_out_part


def recording(function, sizes):
    """The same function; each call first adds the bytes of all arrays to a list."""
    def call(*arguments, **named):
        sizes.append(tracemalloc.get_traced_memory()[0])
        return function(*arguments, **named)
    return call


@pytest.fixture
def sizes():
    """A list for :func:`recording`: it begins with the bytes before the test."""
    tracemalloc.start()
    yield [tracemalloc.get_traced_memory()[0]]
    tracemalloc.stop()


@pytest.mark.parametrize("model_type, module", [(AlbertForPreTraining, pretraining),
                                                (AlbertForMaskedLM, masked_lm)])
def test_logits_are_freed_before_the_encoder_goes_back(monkeypatch, sizes, model_type, module):
    """One array of M V numbers is left, the exponentials in the cache of the cross-entropy."""
    monkeypatch.setattr(module, "trunk_backward", recording(module.trunk_backward, sizes))
    model = model_type(small_config(vocab_size=20_000, max_position_embeddings=8),
                       dtype=np.float32)
    ids = np.random.default_rng(0).integers(5, 20_000, (4, 8))
    sizes[0] = tracemalloc.get_traced_memory()[0]
    part = {"input_ids": ids, "labels": ids}
    work_out_part(model, lambda output, part: float(output.loss), part, None,
                  model.label_counts(part), False)
    array = ids.size * 20_000 * 4
    assert array < sizes[1] - sizes[0] < 1.8 * array


def test_the_activation_is_freed_before_the_gradient_of_its_input_is_made(monkeypatch, sizes):
    """Three arrays of (B, T, F) are left: u, and s of the cache, and dg."""
    forward, backward = ACTIVATIONS["gelu_new"]
    monkeypatch.setitem(ACTIVATIONS, "gelu_new", (forward, recording(backward, sizes)))
    rng, F = np.random.default_rng(0), 2**18
    x, dy = rng.normal(size=(2, 1, 4, 2)).astype(np.float32)
    params = {"W_1": rng.normal(size=(2, F)), "b_1": np.zeros(F), "W_2": rng.normal(size=(F, 2)),
              "b_2": np.zeros(2)}
    params = {name: value.astype(np.float32) for name, value in params.items()}
    sizes[0] = tracemalloc.get_traced_memory()[0]
    config = small_config(hidden_act="gelu_new")
    _, cache = feed_forward_forward(params, x, config)
    feed_forward_backward(params, dy, cache)
    array = 4 * F * 4
    assert 3 * array < sizes[1] - sizes[0] < 3.9 * array
