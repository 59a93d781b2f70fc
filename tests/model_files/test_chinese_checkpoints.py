"""Chinese ALBERTs in TensorFlow's files: Google's, and those of albert_zh."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tensorflow_files import write

from albert_np import AlbertConfig
from albert_np.functional.trees import flatten
from albert_np.inference.load import load
from albert_np.models import AlbertForPreTraining
from albert_np.parameters.albert_zh_names import from_albert_zh, is_albert_zh
from albert_np.parameters.published_names import name_table

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"我爱北京学习"]
CONFIG = AlbertConfig(vocab_size=len(PIECES), embedding_size=4, hidden_size=6, num_hidden_layers=2,
                      num_attention_heads=2, intermediate_size=9, max_position_embeddings=12,
                      hidden_act="relu", hidden_dropout_prob=0, attention_probs_dropout_prob=0)
IDS = np.array([[2, 5, 6, 4, 8, 3]])


def original(model):
    """The variables of a model by the original's names."""
    leaves = flatten(model.params)
    return {name.original: leaves[name.ours].T if "TF" in name.transposed else leaves[name.ours]
            for name in name_table(model.config)
            if name.ours in leaves}


def save(folder, tensors, config, checkpoint="model.ckpt-best", settings="albert_config.json",
         vocabulary="vocab_chinese.txt", **others):
    slots = {f"{name}/adam_m": np.ones_like(array) for name, array in tensors.items()}
    write(folder / checkpoint, {name: np.ascontiguousarray(array)
                                for name, array in {**tensors, **slots}.items()})
    values = {name: value for name, value in config.to_dict().items() if name in (
        "vocab_size", "embedding_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
        "intermediate_size", "max_position_embeddings", "hidden_act")}
    (folder / settings).write_text(json.dumps({**values, **others}))
    (folder / vocabulary).write_text("\n".join(PIECES), "utf-8")


def outputs(model):
    output, _ = model.forward(IDS, np.ones_like(IDS))
    return output.prediction_logits, output.sop_logits


@pytest.mark.parametrize("width", [4, 6])
def test_googles_chinese_checkpoint(tmp_path, width):
    """With the map from E to H, and without one where E = H."""
    pytest.importorskip("tokenizers")
    config = replace(CONFIG, embedding_size=width, embedding_mapping=width != 6)
    saved = AlbertForPreTraining(config, seed=3)
    save(tmp_path, original(saved), saved.config)
    model, tokenizer = load(tmp_path)
    assert model.config.embedding_mapping == (width != 6) and model.config.hidden_act == "relu"
    assert model.load_report.initialised == model.load_report.unused == []
    for ours, theirs in zip(outputs(model), outputs(saved)):
        np.testing.assert_array_equal(ours, theirs)
    assert tokenizer.encode("我爱[MASK]京") == [2, 5, 6, 4, 8, 3]


def test_only_names_of_albert_zh_are_changed():
    assert not is_albert_zh({"attention/self/query/kernel": 0}) and not is_albert_zh({})
    assert from_albert_zh({"attention/self/query/kernel": 0, "output/dense/bias": 1,
                           "bert/encoder/layer_shared/other": 2}) == {
        "attention/self/query/kernel": 0, "output/dense/bias": 1,
        "bert/encoder/layer_shared/other": 2}


TO_ALBERT_ZH = (("transformer/group_0/inner_group_0/attention_1/", "layer_shared/attention/"),
                ("transformer/group_0/inner_group_0/LayerNorm/",
                 "layer_shared/attention/output/LayerNorm/"),
                ("transformer/group_0/inner_group_0/LayerNorm_1/",
                 "layer_shared/output/LayerNorm/"),
                ("transformer/group_0/inner_group_0/ffn_1/intermediate/output/",
                 "layer_shared/output/"),
                ("transformer/group_0/inner_group_0/ffn_1/intermediate/",
                 "layer_shared/intermediate/"))


@pytest.mark.parametrize("factors", [2, 1])
def test_a_checkpoint_of_albert_zh(tmp_path, rng, factors):
    """Word embeddings in two matrices, or in one."""
    pytest.importorskip("tokenizers")
    saved = AlbertForPreTraining(replace(CONFIG, embedding_size=6, embedding_mapping=False), seed=3)
    tensors = original(saved)
    for old, new in TO_ALBERT_ZH:
        tensors = {name.replace(old, new): array for name, array in tensors.items()}
    assert not any("transformer" in name for name in tensors)
    if factors == 2:
        word, second = rng.normal(size=(len(PIECES), 4)), rng.normal(size=(4, 6))
        tensors |= {"bert/embeddings/word_embeddings": word.astype(np.float32),
                    "bert/embeddings/word_embeddings_2": second.astype(np.float32)}
        saved.params["embeddings"]["word"][...] = word @ second
    save(tmp_path, tensors, replace(CONFIG, embedding_size=4), "albert_model.ckpt",
         "albert_config_tiny.json", "vocab.txt", ln_type="postln")
    model, _ = load(tmp_path)
    assert model.load_report.initialised == model.load_report.unused == []
    for ours, theirs in zip(outputs(model), outputs(saved)):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert any("V x H" in note for note in model.load_report.notes)
    model.save_pretrained(tmp_path / "saved")
    again = AlbertForPreTraining.from_pretrained(tmp_path / "saved")
    np.testing.assert_array_equal(outputs(again)[0], outputs(model)[0])


def test_layer_norm_before_attention_is_refused(tmp_path):
    saved = AlbertForPreTraining(CONFIG, seed=3)
    save(tmp_path, original(saved), CONFIG, ln_type="preln")
    with pytest.raises(ValueError, match="ln_type 'preln'"):
        AlbertForPreTraining.from_pretrained(tmp_path)
