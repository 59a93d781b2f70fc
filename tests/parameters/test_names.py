"""The table of names: complete for every model, and true of their shapes."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import albert_np
from albert_np import AlbertConfig
from albert_np.inference import load_model
from albert_np.models import AlbertForPreTraining, AlbertModel
from albert_np.models.base import BaseModel
from albert_np.parameters import flatten
from albert_np.parameters.published_names import name_table, stored_shape

SIZES = dict(vocab_size=31, embedding_size=6, hidden_size=12, num_hidden_layers=4,
             num_attention_heads=3, intermediate_size=17, max_position_embeddings=9,
             type_vocab_size=4)


def model_classes():
    """Every model of the package, wherever it is defined."""
    found = {AlbertModel, AlbertForPreTraining}
    for module in pkgutil.walk_packages(albert_np.__path__, "albert_np."):
        if "models" in module.name:
            members = vars(importlib.import_module(module.name)).values()
            found |= {kind for kind in members if inspect.isclass(kind)
                      and issubclass(kind, BaseModel) and kind.components}
    return sorted(found, key=lambda kind: kind.__name__)


MODELS = pytest.mark.parametrize("kind", model_classes())
CONFIGURATIONS = pytest.mark.parametrize("changes", [
    {}, dict(num_hidden_groups=2, inner_group_num=2), dict(sharing="none"),
    dict(embedding_size=12, embedding_mapping=False)])


@MODELS
@CONFIGURATIONS
def test_the_table_has_every_parameter_with_its_shape(kind, changes):
    config = AlbertConfig(**{**SIZES, **changes})
    model = kind(config)
    leaves = flatten(model.params)
    table = [name for name in name_table(config, kind.prefix) if name.ours in leaves]
    assert {name.ours for name in table} == set(leaves)
    assert len(table) == len(leaves) == len({name.hugging_face for name in table})
    state = model.state_dict()
    for name in table:
        shape = leaves[name.ours].shape
        expected = shape[::-1] if "HF" in name.transposed else shape
        assert state[name.hugging_face].shape == stored_shape(name, config) == expected


@MODELS
def test_every_model_comes_back_from_its_folder(kind, tmp_path):
    model = kind(AlbertConfig(**SIZES), seed=4)
    model.save_pretrained(tmp_path)
    again = load_model(tmp_path, kind)
    for name, leaf in flatten(model.params).items():
        np.testing.assert_array_equal(flatten(again.params)[name], leaf)
    assert again.config == model.config


@MODELS
def test_every_model_starts_from_a_pretrained_one(kind, tmp_path):
    """The trunk is loaded; heads of its own are new, and said to be."""
    pretrained = AlbertForPreTraining(AlbertConfig(**SIZES), seed=4)
    pretrained.save_pretrained(tmp_path)
    model = kind.from_pretrained(tmp_path, seed=1)
    ours, theirs = flatten(model.params), flatten(pretrained.params)
    for name in set(ours) & set(theirs):
        np.testing.assert_array_equal(ours[name], theirs[name])
    new = set(ours) - set(theirs)
    assert len(model.load_report.initialised) == len(new)
    assert all(ours[name].any() for name in new if ours[name].ndim > 1)


def test_names_of_the_original():
    """As they stand in its checkpoints, the second group and the second layer inside it."""
    config = AlbertConfig(**SIZES, num_hidden_groups=2, inner_group_num=2)
    table = {name.ours: name for name in name_table(config)}
    for ours, original, hugging_face in (
            ("embeddings.layer_norm.beta", "bert/embeddings/LayerNorm/beta",
             "albert.embeddings.LayerNorm.bias"),
            ("embeddings.mapping.W", "bert/encoder/embedding_hidden_mapping_in/kernel",
             "albert.encoder.embedding_hidden_mapping_in.weight"),
            ("encoder.attention.3.self_attention.W_k",
             "bert/encoder/transformer/group_1/inner_group_1/attention_1/self/key/kernel",
             "albert.encoder.albert_layer_groups.1.albert_layers.1.attention.key.weight"),
            ("encoder.feed_forward.2.feed_forward.b_2",
             "bert/encoder/transformer/group_1/inner_group_0/ffn_1/intermediate/output/dense/bias",
             "albert.encoder.albert_layer_groups.1.albert_layers.0.ffn_output.bias"),
            ("pooler.b", "bert/pooler/dense/bias", "albert.pooler.bias"),
            ("mlm_head.layer_norm.gamma", "cls/predictions/transform/LayerNorm/gamma",
             "predictions.LayerNorm.weight"),
            ("sop_head.W", "cls/seq_relationship/output_weights",
             "sop_classifier.classifier.weight")):
        assert (table[ours].original, table[ours].hugging_face) == (original, hugging_face)
    # Both store that one (out, in), kernels only Hugging Face does.
    assert table["sop_head.W"].transposed == "HF TF" and table["pooler.W"].transposed == "HF"
