"""Waves by their formula, fresh parameters by their description."""

import numpy as np
import pytest

from albert_np.gradcheck.one_check import small_config
from albert_np.parameters import flatten
from albert_np.parameters.initial_values import (initial_parameters, truncated_normal,
                                                 wave_positions)


@pytest.mark.parametrize("T, E, amplitude", [(40, 6, 0.1), (3, 7, 0.1), (70, 128, 0.5), (1, 2, 1)])
def test_waves_by_their_formula(T, E, amplitude):
    """Also with an odd number of columns, of which the last one is a sine."""
    pairs = (E + 1) // 2
    table = wave_positions(T, E, amplitude)
    assert table.shape == (T, E)
    for t in range(T):
        for column in range(E):
            i = column // 2
            omega = 1.5 * (0.05 / 1.5)**(i / (pairs - 1)) if pairs > 1 else 1.5
            wave = np.cos if column % 2 else np.sin
            assert table[t, column] == pytest.approx(amplitude * wave(omega * t), abs=1e-12)
    assert np.array_equal(wave_positions(T, E), wave_positions(T, E, 0.1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_without_a_generator_are_zeros_and_ones(dtype):
    drawn = flatten(initial_parameters(small_config(), np.random.default_rng(0), dtype))
    for name, leaf in flatten(initial_parameters(small_config(), None, dtype)).items():
        assert leaf.dtype == drawn[name].dtype == dtype and leaf.shape == drawn[name].shape
        assert (leaf == (1 if name.endswith("gamma") else 0)).all()
        assert leaf.ndim > 1 or np.array_equal(leaf, drawn[name])          # vectors are not drawn
        assert leaf.ndim == 1 or (drawn[name] != 0).all()


@pytest.mark.parametrize("std", [0.02, 0.5])
def test_matrices_have_the_range_that_is_asked_for(std):
    """By the formula of a normal distribution that is cut at two: 0.8796 of its own spread."""
    config = small_config(initializer_range=std, vocab_size=900, hidden_size=48,
                          intermediate_size=300, num_attention_heads=3)
    for name, leaf in flatten(initial_parameters(config, np.random.default_rng(0))).items():
        if leaf.ndim > 1:
            assert 0 < np.abs(leaf).max() <= 2.0001 * std, name
            if leaf.size > 10_000:
                assert leaf.std() == pytest.approx(0.8796 * std, rel=0.02), name
    values = truncated_normal(np.random.default_rng(1), (50_000,), std)
    assert values.mean() == pytest.approx(0, abs=0.02 * std)
    assert np.mean(np.abs(values) < std) == pytest.approx(0.6827 / 0.9545, abs=0.01)
