"""What the tests of using a model share: a tokenizer, a small shape, a model that translates."""

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForMaskedLM, AlbertTokenizer
from albert_np.gradcheck.one_check import small_config
from albert_np.gradcheck.task_checks import parameters_of


@pytest.fixture(scope="session")
def tokenizer(inference_folder):
    return AlbertTokenizer.from_folder(inference_folder)


@pytest.fixture(scope="session")
def config(tokenizer):
    """A small shape; its wide range makes the outputs differ."""
    return AlbertConfig(vocab_size=tokenizer.vocab_size, embedding_size=6, hidden_size=12,
                        num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
                        max_position_embeddings=40, initializer_range=0.5)


@pytest.fixture
def translation_model():
    """With at most 12 positions, in float64, with random parameters everywhere."""
    config = small_config(max_position_embeddings=12)
    model = AlbertForMaskedLM(config, dtype=np.float64)
    model.params = parameters_of(config, model.components)
    return model
