"""A small published model as a folder, to be changed by each test in the way it is about."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert_np.config import AlbertConfig
from albert_np.models import AlbertForPreTraining
from albert_np.parameters import flatten

SMALL = dict(vocab_size=31, embedding_size=6, hidden_size=12, num_hidden_layers=2,
             num_attention_heads=3, intermediate_size=17, max_position_embeddings=9)


class Folder:
    """A folder with ``config.json`` and ``model.safetensors`` that can be taken apart."""

    def __init__(self, path):
        self.path = path
        self.weights, self.configuration = path / "model.safetensors", path / "config.json"

    def tensors(self):
        """What is in the file of weights."""
        return load_file(self.weights)

    def write(self, tensors):
        """Put other tensors there."""
        save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()},
                  self.weights, {"format": "pt"})

    def change(self, **values):
        """Other values in the configuration; None takes a key away."""
        old = json.loads(self.configuration.read_text())
        new = {key: value for key, value in {**old, **values}.items() if value is not None}
        self.configuration.write_text(json.dumps(new))


@pytest.fixture
def small_model():
    """AlbertForPreTraining in which no two parameters are alike."""
    model = AlbertForPreTraining(AlbertConfig(**SMALL), seed=5)
    rng = np.random.default_rng(6)
    for leaf in flatten(model.params).values():
        leaf += rng.standard_normal(leaf.shape).astype(np.float32)
    return model


@pytest.fixture
def folder(tmp_path, small_model):
    """The model of `small_model`, as transformers would have saved it."""
    small_model.save_pretrained(tmp_path / "model")
    return Folder(tmp_path / "model")


@pytest.fixture
def same():
    """The function ``same(model, other)``: every parameter that both have is equal, bit by bit."""

    def check(model, other, but=()):
        ours, theirs = flatten(model.params), flatten(other.params)
        names = set(ours) & set(theirs) - set(but)
        assert names
        for name in names:
            np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)

    return check
