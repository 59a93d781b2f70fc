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
from albert_np.parameters.original_names import open_original
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


def test_every_name_of_an_original_checkpoint():
    """The variables of the published albert-base-v2, without the optimiser's."""
    block = "bert/encoder/transformer/group_0/inner_group_0/"
    linear = [f"{block}attention_1/{part}" for part in
              ("self/query", "self/key", "self/value", "output/dense")]
    linear += [f"{block}ffn_1/intermediate/dense", f"{block}ffn_1/intermediate/output/dense",
               "bert/encoder/embedding_hidden_mapping_in", "bert/pooler/dense",
               "cls/predictions/transform/dense"]
    norms = [f"{block}LayerNorm", f"{block}LayerNorm_1", "bert/embeddings/LayerNorm",
             "cls/predictions/transform/LayerNorm"]
    pretraining = [name for name in name_table(AlbertConfig(**SIZES))
                   if name.ours in flatten(AlbertForPreTraining(AlbertConfig(**SIZES)).params)]
    assert sorted(name.original for name in pretraining) == sorted([
        *[f"bert/embeddings/{kind}_embeddings" for kind in ("word", "position", "token_type")],
        *[f"{name}/{part}" for name in linear for part in ("kernel", "bias")],
        *[f"{name}/{part}" for name in norms for part in ("gamma", "beta")],
        "cls/predictions/output_bias", "cls/seq_relationship/output_weights",
        "cls/seq_relationship/output_bias"])
    ours = {name.original.removeprefix(block): name.ours for name in pretraining}
    assert ours["LayerNorm/gamma"] == "encoder.attention.0.layer_norm.gamma"
    assert ours["LayerNorm_1/beta"] == "encoder.feed_forward.0.layer_norm.beta"
    assert ours["ffn_1/intermediate/dense/kernel"] == "encoder.feed_forward.0.feed_forward.W_1"


def test_names_and_shapes_of_hugging_face():
    """As transformers has them, in the layout of PyTorch: (out, in)."""
    layer = "albert.encoder.albert_layer_groups.0.albert_layers.0."
    linear = {f"{layer}attention.{part}": (12, 12) for part in ("query", "key", "value", "dense")}
    linear |= {f"{layer}ffn": (17, 12), f"{layer}ffn_output": (12, 17),
               "albert.encoder.embedding_hidden_mapping_in": (12, 6), "albert.pooler": (12, 12),
               "predictions.dense": (6, 12), "sop_classifier.classifier": (2, 12)}
    norms = {f"{layer}attention.LayerNorm": 12, f"{layer}full_layer_layer_norm": 12,
             "albert.embeddings.LayerNorm": 6, "predictions.LayerNorm": 6}
    model = AlbertForPreTraining(AlbertConfig(**SIZES))
    state = model.state_dict()
    assert {name: array.shape for name, array in state.items()} == {
        "albert.embeddings.word_embeddings.weight": (31, 6),
        "albert.embeddings.position_embeddings.weight": (9, 6),
        "albert.embeddings.token_type_embeddings.weight": (4, 6), "predictions.bias": (31,),
        **{f"{name}.weight": shape for name, shape in linear.items()},
        **{f"{name}.bias": shape[:1] for name, shape in linear.items()},
        **{f"{name}.{kind}": (H,) for name, H in norms.items() for kind in ("weight", "bias")}}
    assert all(array.flags.c_contiguous for array in state.values())
    assert not any(np.shares_memory(array, leaf) for array in state.values()
                   for leaf in flatten(model.params).values())


@pytest.mark.parametrize("kind, name, classes", [
    (albert_np.AlbertForSequenceClassification, "classifier", 5),
    (albert_np.AlbertForTokenClassification, "classifier", 5),
    (albert_np.AlbertForMultipleChoice, "classifier", 1),
    (albert_np.AlbertForQuestionAnswering, "qa_outputs", 2)])
def test_names_of_the_heads_of_tasks(kind, name, classes):
    state = kind(AlbertConfig(**SIZES, num_labels=5)).state_dict()
    heads = {key: array.shape for key, array in state.items() if not key.startswith("albert.")}
    assert heads == {f"{name}.weight": (classes, 12), f"{name}.bias": (classes,)}


def test_blocks_are_counted_by_group_and_place():
    def places(**changes):
        table = name_table(AlbertConfig(**SIZES, **changes))
        return [(name.ours.split(".")[1:3], name.hugging_face.split(".")[3:6:2]) for name in table
                if name.ours.endswith(("W_q", "W_1"))]

    assert places() == [(["attention", "0"], ["0", "0"]), (["feed_forward", "0"], ["0", "0"])]
    assert places(num_hidden_groups=2, inner_group_num=3) == [
        ([part, str(i)], [str(i // 3), str(i % 3)]) for part in ("attention", "feed_forward")
        for i in range(6)]
    assert places(sharing="none", inner_group_num=2) == [
        ([part, str(i)], [str(i // 2), str(i % 2)]) for part in ("attention", "feed_forward")
        for i in range(8)]
    assert places(sharing="attention") == [
        (["attention", "0"], ["0", "0"]),
        *[(["feed_forward", str(i)], [str(i), "0"]) for i in range(4)]]


def test_a_state_dict_that_does_not_fit_changes_nothing():
    config = AlbertConfig(**SIZES)
    model, other = AlbertModel(config, seed=1), AlbertModel(config, seed=2)
    wrong = {**other.state_dict(), "x": 1, "pooler.bias": np.ones(13)}
    del wrong["pooler.weight"]
    before = model.state_dict()
    with pytest.raises(ValueError) as error:
        model.load_state_dict(wrong)
    assert str(error.value) == (
        "the weights do not fit the configuration: pooler.weight is missing; x is unknown; "
        "pooler.bias has shape (13,) instead of (12,)")
    assert all(np.array_equal(array, before[name]) for name, array in model.state_dict().items())
    second_names = {"embeddings.position_ids": [0], "predictions.decoder.bias": [0],
                    "bert/pooler/dense/kernel/adam_v": [0], "global_step": 3}
    model.load_state_dict({**{name: array.tolist() for name, array in other.state_dict().items()},
                           **second_names})
    for name, array in model.state_dict().items():
        assert array.dtype == np.float32 and np.array_equal(array, other.state_dict()[name])


def test_tensors_of_the_original(monkeypatch):
    """Its kernels are (in, out), its output weights (out, in); the optimiser's part is left out."""
    from albert_np.model_files.tensorflow import reader

    kernel, weights, extra = np.eye(12, 3, 1), np.ones((2, 12)), np.ones((4, 5))
    monkeypatch.setattr(reader, "read_tensorflow", lambda prefix: {
        "module/bert/pooler/dense/kernel": kernel, "cls/seq_relationship/output_weights": weights,
        "bert/pooler/dense/kernel/adam_m": kernel, "bert/pooler/dense/kernel/adam_v": kernel,
        "global_step": np.array(3), "bert/embeddings/word_embeddings": extra,
        "module/x": extra, "x/module/y": extra})
    tensors = open_original("model.ckpt", AlbertConfig(**SIZES))
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "albert.pooler.weight": (3, 12), "sop_classifier.classifier.weight": (2, 12),
        "albert.embeddings.word_embeddings.weight": (4, 5), "module/x": (4, 5),
        "x/module/y": (4, 5)}
    assert np.array_equal(tensors["albert.pooler.weight"].read(), kernel.T)
