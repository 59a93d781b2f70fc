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


def test_the_heads_of_tasks_are_drawn_too():
    heads = ("classification_head", "choice_head", "span_head", "squad_head")
    params = initial_parameters(small_config(initializer_range=0.5), np.random.default_rng(0),
                                components=heads)
    for name, leaf in flatten({head: params[head] for head in heads}).items():
        assert leaf.dtype == np.float32
        if leaf.ndim > 1:
            assert leaf.all() and 0.1 < np.abs(leaf).mean() < 0.6 and np.abs(leaf).max() <= 1, name
        else:
            assert (leaf == name.endswith("gamma")).all(), name


class GivenNumbers:
    """In place of a generator: hands out these numbers, and notes how many were wanted."""

    def __init__(self, *rows):
        self.rows, self.shapes = [np.array(row, float) for row in rows], []

    def standard_normal(self, shape):
        self.shapes.append(shape)
        return self.rows.pop(0)


def test_only_what_is_beyond_two_is_drawn_again():
    rng = GivenNumbers([[0.5, 2.0], [-2.5, 3.0]], [-2.0, 2.25], [1.5])
    assert truncated_normal(rng, (2, 2), 0.5).tolist() == [[0.25, 1.0], [-1.0, 0.75]]
    assert rng.shapes == [(2, 2), 2, 1]


def test_the_tree_by_its_shapes():
    """V = 17, E = 6, H = 12, F = 14, 7 positions, 3 types, 4 layers; only the heads named."""
    sharing = small_config(sharing="ffn", num_hidden_layers=4, type_vocab_size=3, num_labels=4)
    params = initial_parameters(sharing, None, components=("squad_head", "span_head"))
    assert list(params) == ["embeddings", "encoder", "pooler", "mlm_head", "sop_head", "span_head",
                            "squad_head"]
    shapes = {name: leaf.shape for name, leaf in flatten(params).items()}
    attention = {"layer_norm.gamma": (12,), "layer_norm.beta": (12,)}
    for letter in "qkvo":
        attention |= {f"self_attention.W_{letter}": (12, 12), f"self_attention.b_{letter}": (12,)}
    assert shapes == {
        "embeddings.word": (17, 6), "embeddings.position": (7, 6), "embeddings.token_type": (3, 6),
        "embeddings.layer_norm.gamma": (6,), "embeddings.layer_norm.beta": (6,),
        "embeddings.mapping.W": (6, 12), "embeddings.mapping.b": (12,),
        **{f"encoder.attention.{i}.{name}": shape for i in range(4)
           for name, shape in attention.items()},
        "encoder.feed_forward.0.feed_forward.W_1": (12, 14),
        "encoder.feed_forward.0.feed_forward.b_1": (14,),
        "encoder.feed_forward.0.feed_forward.W_2": (14, 12),
        "encoder.feed_forward.0.feed_forward.b_2": (12,),
        "encoder.feed_forward.0.layer_norm.gamma": (12,),
        "encoder.feed_forward.0.layer_norm.beta": (12,),
        "pooler.W": (12, 12), "pooler.b": (12,),
        "mlm_head.dense.W": (12, 6), "mlm_head.dense.b": (6,), "mlm_head.layer_norm.gamma": (6,),
        "mlm_head.layer_norm.beta": (6,), "mlm_head.bias": (17,),
        "sop_head.W": (12, 2), "sop_head.b": (2,), "span_head.W": (12, 2), "span_head.b": (2,),
        "squad_head.start.W": (12, 1), "squad_head.start.b": (1,),
        "squad_head.end.dense.W": (24, 12), "squad_head.end.dense.b": (12,),
        "squad_head.end.layer_norm.gamma": (12,), "squad_head.end.layer_norm.beta": (12,),
        "squad_head.end.score.W": (12, 1), "squad_head.end.score.b": (1,),
        "squad_head.answer.dense.W": (24, 12), "squad_head.answer.dense.b": (12,),
        "squad_head.answer.score.W": (12, 1)}
    heads = initial_parameters(sharing, None, components=("classification_head", "choice_head"))
    assert heads["classification_head"]["W"].shape == (12, 4)
    assert heads["choice_head"]["W"].shape == (12, 1)
    bert = small_config(embedding_size=12, embedding_mapping=False)
    assert "mapping" not in initial_parameters(bert, None)["embeddings"]
    assert initial_parameters(bert, None)["pooler"]["W"].dtype == np.float32
