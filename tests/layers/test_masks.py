"""Which keys are visible, and to which queries."""

import numpy as np
import pytest

from albert_np import layers
from albert_np.gradcheck.one_check import random_parameters, small_config
from albert_np.layers.attention import keys_visible_to
from albert_np.parameters import flatten


@pytest.mark.parametrize("mask", [None, np.ones((2, 3)), np.full((2, 3, 3), 2), [[True, True]]])
def test_a_mask_that_hides_nothing_is_no_mask(mask):
    assert layers.visible_keys(mask) is None


def test_visible_keys_of_lists():
    assert layers.visible_keys([[1, 0]]).tolist() == [[[[True, False]]]]
    assert layers.visible_keys([[[1, 0], [1, 1]]]).tolist() == [[[[True, False], [True, True]]]]


def test_keys_visible_to_some_positions(rng):
    """A row for each position asked for, of its own sequence; padding is alike for all."""
    pairwise = rng.random((2, 1, 4, 4)) < 0.5
    positions = np.array([[3, 0], [1, 2]])
    found = keys_visible_to(pairwise, positions)
    assert found.shape == (2, 1, 2, 4)
    for b in range(2):
        for r in range(2):
            assert (found[b, 0, r] == pairwise[b, 0, positions[b, r]]).all()
    assert keys_visible_to(pairwise, None) is pairwise
    padding = pairwise[:, :, :1]
    assert keys_visible_to(padding, positions) is padding
    assert keys_visible_to(None, positions) is None


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("options", [{}, dict(cross_layer_residual=True),
                                     dict(num_hidden_layers=1), dict(sharing="none")])
@pytest.mark.parametrize("mask", ["none", "padding", "pairwise"])
def test_some_positions_are_rows_of_all(rng, mask, options, recompute):
    """The last hidden state, and every gradient: of the others nothing is used."""
    config = small_config(**options)
    params = random_parameters(config)["encoder"]
    x, positions = rng.standard_normal((2, 5, 12)), np.array([[4, 0, 1], [2, 3, 0]])
    keep = layers.visible_keys({"none": None, "padding": np.array([[1] * 5, [1, 1, 1, 1, 0]]),
                                "pairwise": np.tril(np.ones((2, 5, 5)))}[mask])
    dy_some = rng.standard_normal((2, 3, 12))
    dy_all = np.zeros((2, 5, 12))
    for b in range(2):
        dy_all[b, positions[b]] = dy_some[b]
    L = config.num_hidden_layers
    (states, attentions), cache = layers.encoder_forward(params, x, keep, config)
    dx, grads = layers.encoder_backward(params, ([None] * L + [dy_all], [None] * L), cache)
    (some, some_attentions), cache = layers.encoder_forward(params, x, keep, config,
                                                            recompute=recompute,
                                                            positions=positions)
    some_dx, some_grads = layers.encoder_backward(params, ([None] * L + [dy_some], [None] * L),
                                                  cache)
    assert len(some) == L + 1 and len(some_attentions) == L
    for b in range(2):
        np.testing.assert_allclose(some[-1][b], states[-1][b, positions[b]], atol=1e-12)
        if not recompute:
            np.testing.assert_allclose(some_attentions[-1][b], attentions[-1][b][:, positions[b]],
                                       atol=1e-12)
    for one, other in zip(some[:-1], states[:-1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    assert all((p is None) == recompute for p in some_attentions)
    np.testing.assert_allclose(some_dx, dx, atol=1e-12)
    for name, blocks in grads.items():
        for block, some_block in zip(blocks, some_grads[name], strict=True):
            for key, leaf in flatten(block).items():
                np.testing.assert_allclose(flatten(some_block)[key], leaf, atol=1e-11)
