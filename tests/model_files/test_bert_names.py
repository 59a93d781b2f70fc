"""Names and configurations of BERT files. Numbers are compared in ``tests/parity``."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from albert_np import AlbertConfig, AlbertForPreTraining
from albert_np.model_files.bert_names import bert_settings, from_bert, to_bert

CONFIG = AlbertConfig(vocab_size=30, embedding_size=6, hidden_size=6, num_hidden_layers=3,
                      num_attention_heads=2, intermediate_size=8, max_position_embeddings=8,
                      sharing="none", embedding_mapping=False)


@pytest.fixture
def weights():
    """Of a BERT, by the names of today."""
    return to_bert(AlbertForPreTraining(CONFIG, seed=3).state_dict())


def assert_loads(weights):
    """They are those of seed 3."""
    model = AlbertForPreTraining(CONFIG, seed=0)
    model.load_state_dict(from_bert(weights))
    expected = AlbertForPreTraining(CONFIG, seed=3).state_dict()
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_there_and_back(weights):
    assert "bert.encoder.layer.2.attention.output.LayerNorm.weight" in weights
    assert "cls.predictions.transform.LayerNorm.bias" in weights
    assert not [name for name in weights if "albert" in name]
    assert_loads(weights)


def test_a_folder_of_a_bert(weights, tmp_path):
    """Read as the ALBERT that shares nothing, with a sentence about the head that differs."""
    (tmp_path / "config.json").write_text(json.dumps({
        "model_type": "bert", "vocab_size": 30, "hidden_size": 6, "num_hidden_layers": 3,
        "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 8}))
    save_file({name: np.ascontiguousarray(array) for name, array in weights.items()},
              tmp_path / "model.safetensors")
    model = AlbertForPreTraining.from_pretrained(tmp_path)
    expected = AlbertForPreTraining(CONFIG, seed=3).state_dict()
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
    assert model.load_report.notes == ["a BERT: nothing is shared, and its next-sentence head is "
                                       "the sentence-order head here"]


def test_names_of_2018(weights):
    """gamma and beta; the module's prefix of several GPUs; second names; a buffer."""
    old = {name.replace("LayerNorm.weight", "LayerNorm.gamma")
           .replace("LayerNorm.bias", "LayerNorm.beta"): value for name, value in weights.items()}
    assert set(old) & set(weights) != set(old)
    old["bert.embeddings.position_ids"] = np.arange(8)[None]
    old["cls.predictions.decoder.weight"] = old["bert.embeddings.word_embeddings.weight"]
    old["cls.predictions.decoder.bias"] = old["cls.predictions.bias"]
    assert_loads(old)
    assert_loads({f"module.{name}": value for name, value in old.items()})


def test_the_trunk_without_prefix(weights):
    bare = {name.removeprefix("bert."): value for name, value in weights.items()
            if name.startswith("bert.")}
    renamed = from_bert(bare)
    assert {f"albert.{name}" for name in renamed} == {
        name for name in from_bert(weights) if name.startswith("albert.")}
    assert to_bert(renamed) == bare


def test_each_name_both_ways():
    names = [
        ("albert.embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight"),
        ("embeddings.LayerNorm.bias", "embeddings.LayerNorm.bias"),
        ("albert.embeddings.position_ids", "bert.embeddings.position_ids"),
        ("embeddings.position_ids", "embeddings.position_ids"),
        ("albert.pooler.weight", "bert.pooler.dense.weight"),
        ("pooler.bias", "pooler.dense.bias"),
        ("predictions.dense.weight", "cls.predictions.transform.dense.weight"),
        ("predictions.LayerNorm.bias", "cls.predictions.transform.LayerNorm.bias"),
        ("predictions.bias", "cls.predictions.bias"),
        ("predictions.decoder.bias", "cls.predictions.decoder.bias"),
        ("sop_classifier.classifier.weight", "cls.seq_relationship.weight")]
    in_a_layer = [
        ("attention.query.weight", "attention.self.query.weight"),
        ("attention.key.bias", "attention.self.key.bias"),
        ("attention.value.weight", "attention.self.value.weight"),
        ("attention.dense.bias", "attention.output.dense.bias"),
        ("attention.LayerNorm.weight", "attention.output.LayerNorm.weight"),
        ("ffn.weight", "intermediate.dense.weight"), ("ffn_output.bias", "output.dense.bias"),
        ("full_layer_layer_norm.bias", "output.LayerNorm.bias")]
    names += [(f"albert.encoder.albert_layer_groups.{i}.albert_layers.0.{albert}",
               f"bert.encoder.layer.{i}.{bert}")
              for i in (0, 11, 123456789) for albert, bert in in_a_layer]
    for albert, bert in names:
        assert list(from_bert({bert: 1})) == [albert]
        assert list(to_bert({albert: 1})) == [bert]
    assert list(from_bert({"bert.cls.predictions.bias": 1})) == ["predictions.bias"]
    assert list(from_bert({"bert.cls.seq_relationship.bias": 1})) == [
        "sop_classifier.classifier.bias"]


def test_names_that_no_bert_of_pretraining_has():
    """Stay, so that whoever loads them can list them."""
    for name in ("classifier.weight", "qa_outputs.bias", "cls.predictions", "weight", "", "bert.",
                 "bert.something.weight", "bert.pooler.dense.kernel",
                 "bert.encoder.layer.0.attention.self.query",
                 "bert.encoder.layer.0.output.dense.kernel", "bert.encoder.layer.x.output.bias",
                 "bert.module.pooler.dense.bias", "bert.embeddings.LayerNormXbeta",
                 "bert.embeddings.LayerNormXgamma",
                 "bert.encoder.layer.0.crossattention.self.query.weight",
                 "encoder.layer.10000000000.output.dense.bias"):
        assert list(from_bert({name: 1})) == [name]


def test_two_names_of_one_weight():
    """With and without "module.", by the name of 2018 and of today."""
    for one, other in (("bert.pooler.dense.bias", "module.bert.pooler.dense.bias"),
                       ("bert.embeddings.LayerNorm.beta", "bert.embeddings.LayerNorm.bias")):
        with pytest.raises(ValueError, match=f"^{one} and {other} are the same weight of a BERT$"):
            from_bert({"x": 0, one: 1, other: 2})


def test_a_weight_that_is_there_twice(weights):
    weights["bert.embeddings.LayerNorm.gamma"] = 1
    with pytest.raises(ValueError, match="^bert.embeddings.LayerNorm.weight and bert.embeddings."
                                         "LayerNorm.gamma are the same weight of a BERT$"):
        from_bert(weights)


# ---- configurations -----------------------------------------------------------------------------

def test_bert_base():
    """The config.json of bert-base-uncased, and the 110 million parameters that follow from it."""
    config = AlbertConfig.from_dict(bert_settings(json.loads("""
        {"architectures": ["BertForMaskedLM"], "attention_probs_dropout_prob": 0.1,
         "gradient_checkpointing": false, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
         "hidden_size": 768, "initializer_range": 0.02, "intermediate_size": 3072,
         "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "bert",
         "num_attention_heads": 12, "num_hidden_layers": 12, "pad_token_id": 0,
         "position_embedding_type": "absolute", "transformers_version": "4.6.0.dev0",
         "type_vocab_size": 2, "use_cache": true, "vocab_size": 30522}""")))
    assert config == AlbertConfig(
        vocab_size=30522, embedding_size=768, hidden_act="gelu", hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1, bos_token_id=None, eos_token_id=None, sharing="none",
        embedding_mapping=False)
    counts = config.parameter_counts()
    trunk = sum(counts.values()) - counts["mlm_head"] - counts["sop_head"]
    assert (counts["mapping"], trunk) == (0, 109_482_240)
    assert config.extra["use_cache"] is True and "model_type" not in config.extra
    assert config.extra["transformers_version"] == "4.6.0.dev0"


def test_a_silent_configuration():
    """A file with no more than the type means the defaults of a BERT, not of an ALBERT."""
    values = {"model_type": "bert", "architectures": ["BertModel"], "use_cache": True}
    assert bert_settings(values) == {
        "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12,
        "num_attention_heads": 12, "intermediate_size": 3072, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 512, "type_vocab_size": 2, "initializer_range": 0.02,
        "layer_norm_eps": 1e-12, "pad_token_id": 0, "bos_token_id": None, "eos_token_id": None,
        "use_cache": True, "classifier_dropout_prob": 0.1, "embedding_size": 768,
        "embedding_mapping": False, "sharing": "none", "num_hidden_groups": 1,
        "inner_group_num": 1, "cross_layer_residual": False}
    assert values["architectures"] == ["BertModel"]                        # left as it was
    encoder = {"position_embedding_type": "absolute", "is_decoder": False,
               "add_cross_attention": False}
    assert bert_settings({**values, **encoder}) == {**bert_settings(values), **encoder}
    of_an_albert = {"embedding_size": 3, "embedding_mapping": True, "sharing": "all",
                    "num_hidden_groups": 2, "inner_group_num": 2, "cross_layer_residual": True}
    assert bert_settings({**values, **of_an_albert}) == bert_settings(values)


@pytest.mark.parametrize("values, dropout", [({}, 0.3), ({"classifier_dropout": None}, 0.3),
                                             ({"classifier_dropout": 0.2}, 0.2),
                                             ({"classifier_dropout": 0.0}, 0.0)])
def test_dropout_before_a_classifier(values, dropout):
    config = AlbertConfig.from_dict(bert_settings(
        {"model_type": "bert", "hidden_dropout_prob": 0.3, **values}))
    assert config.classifier_dropout_prob == dropout


@pytest.mark.parametrize("values, said", [
    ({"model_type": "roberta"}, "of a model of the type 'roberta', not of a BERT"),
    ({"model_type": "albert"}, "of a model of the type 'albert', not of a BERT"),
    ({"model_type": None}, "of a model of the type None, not of a BERT"),
    ({"position_embedding_type": "Absolute"}, "position_embedding_type is 'Absolute'"),
    ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
    ({"is_decoder": True}, "is_decoder is True"), ({"is_decoder": 1}, "is_decoder is 1"),
    ({"num_hidden_layers": None}, "num_hidden_layers is None"),
    ({"add_cross_attention": True}, "add_cross_attention is True"),
    ({"hidden_act": "silu"}, "hidden_act is 'silu'"),
    ({"hidden_size": "768"}, "embedding_size is '768'"),
    ({"hidden_size": 7}, "hidden_size 7 is not divisible by num_attention_heads 12")])
def test_configurations_that_are_refused(values, said):
    with pytest.raises(ValueError, match=said):
        AlbertConfig.from_dict(bert_settings({"model_type": "bert", **values}))
