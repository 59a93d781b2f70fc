"""The configuration."""

import json
from dataclasses import fields

import numpy as np
import pytest

from albert_np.config import MOST_BLOCKS, MOST_CLASSES, PUBLISHED, AlbertConfig, read_config
from albert_np.parameters import count
from albert_np.parameters.initial_values import initial_parameters

# AlbertModel, without pooler, masked LM without pooler, AlbertForPreTraining
PUBLISHED_COUNTS = {
    "base": (11_683_584, 11_092_992, 11_221_680, 11_813_810),
    "large": (17_683_968, 16_634_368, 16_795_824, 17_847_474),
    "xlarge": (58_724_864, 54_528_512, 54_821_040, 59_021_490),
    "xxlarge": (222_595_584, 205_814_272, 206_368_944, 223_158_450),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameter_counts_of_published_models(name):
    parts = AlbertConfig.from_name(name).parameter_counts()
    model = sum(parts[key] for key in ("embeddings", "mapping", "attention", "feed_forward",
                                       "pooler"))
    without_pooler = model - parts["pooler"]
    assert (model, without_pooler, without_pooler + parts["mlm_head"],
            sum(parts.values())) == PUBLISHED_COUNTS[name.split("-")[1]]


def test_parts_of_base():
    assert AlbertConfig().parameter_counts() == {
        "embeddings": 3_906_048, "mapping": 99_072, "attention": 2_363_904,
        "feed_forward": 4_723_968, "pooler": 590_592, "mlm_head": 128_688, "sop_head": 1_538}


@pytest.mark.parametrize("E, sharing, millions", [
    (128, "all", 11.68), (128, "attention", 63.65), (128, "ffn", 37.69), (128, "none", 89.65),
    (768, "all", 31.11), (768, "attention", 83.08), (768, "ffn", 57.12), (768, "none", 109.08)])
def test_parameter_counts_of_sharings(E, sharing, millions):
    config = AlbertConfig(embedding_size=E, sharing=sharing, embedding_mapping=E != 768)
    parts = config.parameter_counts()
    total = sum(parts.values()) - parts["mlm_head"] - parts["sop_head"]
    assert round(total / 1e6, 2) == millions


@pytest.mark.parametrize("changes", [
    dict(), dict(sharing="none"), dict(sharing="attention"), dict(sharing="ffn"),
    dict(num_hidden_groups=2, inner_group_num=2), dict(embedding_size=15),
    dict(embedding_size=15, embedding_mapping=False)])
def test_counts_are_those_of_the_arrays(changes):
    config = AlbertConfig(**{**dict(vocab_size=17, embedding_size=6, hidden_size=15,
                                    num_hidden_layers=4, num_attention_heads=3,
                                    intermediate_size=14, max_position_embeddings=9), **changes})
    params = initial_parameters(config, np.random.default_rng(0))
    assert count(params) == sum(config.parameter_counts().values())


def test_the_published_models():
    """The sizes of table 1 of the paper; dropout as in the files of the hub."""
    sizes = {"base": (768, 12, 12), "large": (1024, 24, 16), "xlarge": (2048, 24, 16),
             "xxlarge": (4096, 12, 64)}
    assert set(PUBLISHED) == {f"albert-{size}-{v}" for size in sizes for v in ("v1", "v2")}
    for name in PUBLISHED:
        _, size, version = name.split("-")
        config, (H, L, A) = AlbertConfig.from_name(name), sizes[size]
        dropout = 0.1 if version == "v1" and size != "xxlarge" else 0.0
        assert config == AlbertConfig(
            hidden_size=H, num_hidden_layers=L, num_attention_heads=A, intermediate_size=4 * H,
            hidden_act="gelu_new", hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout)


def test_the_defaults_are_those_of_albert_base_v2():
    """Its config.json on the hub, and a model that shares everything and learns both tasks."""
    assert AlbertConfig().to_dict() == {
        "architectures": ["AlbertForPreTraining"], "model_type": "albert", "vocab_size": 30000,
        "embedding_size": 128, "hidden_size": 768, "num_hidden_layers": 12,
        "num_hidden_groups": 1, "num_attention_heads": 12, "intermediate_size": 3072,
        "inner_group_num": 1, "hidden_act": "gelu_new", "hidden_dropout_prob": 0,
        "attention_probs_dropout_prob": 0, "classifier_dropout_prob": 0.1,
        "max_position_embeddings": 512, "type_vocab_size": 2, "initializer_range": 0.02,
        "layer_norm_eps": 1e-12, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3,
        "sharing": "all", "embedding_mapping": True, "cross_layer_residual": False,
        "sop_weight": 1}


SIZES = ("vocab_size", "embedding_size", "hidden_size", "num_hidden_layers", "num_hidden_groups",
         "num_attention_heads", "intermediate_size", "inner_group_num", "max_position_embeddings",
         "type_vocab_size", "num_labels")


def test_the_smallest_sizes():
    """Everything may be 1, and nothing 0."""
    ones = dict.fromkeys(SIZES, 1)
    assert AlbertConfig(**ones).to_dict().items() >= ones.items()
    for name in SIZES:
        with pytest.raises(ValueError, match=f"^{name} is 0; it must be at least 1$"):
            AlbertConfig(**{name: 0})


def test_the_limits_of_other_numbers():
    dropout = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob")
    for name in dropout:
        assert [getattr(AlbertConfig(**{name: p}), name) for p in (0, 0.999)] == [0, 0.999]
        for p in (-1e-9, 1, 1.5):
            with pytest.raises(ValueError, match=f"^{name} is .* at least 0 and below 1$"):
                AlbertConfig(**{name: p})
    for name in ("initializer_range", "layer_norm_eps"):
        assert getattr(AlbertConfig(**{name: 1e-30}), name) == 1e-30
        with pytest.raises(ValueError, match=f"^{name} is 0; it must be above 0$"):
            AlbertConfig(**{name: 0})
    assert AlbertConfig(sop_weight=0).sop_weight == 0
    with pytest.raises(ValueError, match="^sop_weight is -0.1; it must be at least 0$"):
        AlbertConfig(sop_weight=-0.1)


def test_short_names_on_the_command_line():
    named = {f.name: f.metadata["flags"] for f in fields(AlbertConfig) if f.metadata.get("flags")}
    assert named == {
        "num_hidden_layers": ("--layers",), "num_hidden_groups": ("--groups",),
        "num_attention_heads": ("--heads",), "inner_group_num": ("--inner-groups",),
        "hidden_act": ("--activation",), "hidden_dropout_prob": ("--dropout",),
        "attention_probs_dropout_prob": ("--attention-dropout",)}


def test_from_name_takes_the_hub_name_and_changes():
    assert AlbertConfig.from_name("albert/albert-base-v2") == AlbertConfig()
    assert AlbertConfig.from_name("albert-base-v2", num_hidden_layers=6).num_hidden_layers == 6
    for name in ("somebody/albert-base-v2", "albert/albert/albert-base-v2", "albert-base-v2/"):
        with pytest.raises(ValueError, match=f"^there is no published configuration '{name}'"):
            AlbertConfig.from_name(name)


def test_dict_round_trip_keeps_unknown_keys(tmp_path):
    published = {"hidden_size": 24, "num_attention_heads": 4, "gap_size": 0,
                 "net_structure_type": 0, "model_type": "albert", "sharing": "ffn"}
    config = AlbertConfig.from_dict(published)
    assert config.hidden_size == 24 and config.extra["gap_size"] == 0
    assert "gap_size" not in repr(config) and "hidden_size=24" in repr(config)
    written = config.to_dict()
    assert written.items() >= published.items()
    assert AlbertConfig.from_dict(written).to_dict() == written
    assert AlbertConfig.from_dict(written) == config
    (tmp_path / "config.json").write_text(json.dumps(written))
    assert AlbertConfig.from_file(tmp_path) == AlbertConfig.from_dict(written)


def test_a_saved_configuration_is_one_setting_a_line(tmp_path):
    config = AlbertConfig(hidden_size=24, num_attention_heads=4, extra={"gap_size": 0})
    config.save_pretrained(tmp_path)
    text = (tmp_path / "config.json").read_text()
    assert '\n  "hidden_size": 24,\n' in text and text.endswith("}\n")
    for again in (AlbertConfig.from_file(tmp_path), AlbertConfig.from_pretrained(tmp_path),
                  AlbertConfig.from_file(tmp_path / "config.json")):
        assert again == config and again.extra["gap_size"] == 0
    assert AlbertConfig.from_pretrained(tmp_path, hidden_size=48).hidden_size == 48


def test_classes_by_number_and_by_name(tmp_path):
    assert AlbertConfig().num_labels == 2 and AlbertConfig(num_labels=5).num_labels == 5
    config = AlbertConfig(id2label={1: "yes", 0: "no", 2: "perhaps"})
    assert config.num_labels == 3 and list(config.id2label) == [0, 1, 2]
    assert config.label2id == {"no": 0, "yes": 1, "perhaps": 2} and AlbertConfig().label2id is None
    assert list(AlbertConfig(id2label={str(i): "c" for i in range(11)}).id2label) == [*range(11)]
    assert config.to_dict()["label2id"] == {"no": 0, "yes": 1, "perhaps": 2}
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()))     # keys become words
    again = AlbertConfig.from_file(tmp_path)
    assert again == config and again.label2id == config.label2id
    assert "label2id" not in again.extra


def test_a_model_without_classes_tells_nothing_of_them():
    assert not {"num_labels", "id2label", "label2id", "problem_type"} & set(
        AlbertConfig().to_dict())
    assert AlbertConfig(num_labels=3).to_dict()["num_labels"] == 3
    assert AlbertConfig(problem_type="regression").to_dict()["problem_type"] == "regression"


def test_schedule():
    def schedule(**changes):
        return AlbertConfig(num_hidden_layers=4, **changes).schedule

    assert schedule() == [(0, 0)] * 4
    assert schedule(sharing="none") == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert schedule(sharing="attention") == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert schedule(sharing="ffn") == [(0, 0), (1, 0), (2, 0), (3, 0)]
    assert schedule(num_hidden_groups=2) == [(0, 0), (0, 0), (1, 1), (1, 1)]
    assert schedule(num_hidden_groups=3) == [(0, 0), (0, 0), (1, 1), (2, 2)]
    assert schedule(inner_group_num=2) == [(0, 0), (1, 1)] * 4
    assert schedule(num_hidden_groups=2, inner_group_num=3) == [
        *[(0, 0), (1, 1), (2, 2)] * 2, *[(3, 3), (4, 4), (5, 5)] * 2]
    assert schedule(inner_group_num=2, sharing="attention") == [
        (0, 0), (1, 1), (0, 2), (1, 3), (0, 4), (1, 5), (0, 6), (1, 7)]


@pytest.mark.parametrize("changes, message", [
    (dict(hidden_size=770), "hidden_size 770 is not divisible by num_attention_heads 12"),
    (dict(hidden_size=0), "hidden_size is 0; it must be at least 1"),
    (dict(num_hidden_layers=2.5), "num_hidden_layers is 2.5; it must be a whole number"),
    (dict(vocab_size=True), "vocab_size is True"),
    (dict(hidden_dropout_prob=1.0), "prob is 1.0; it must be at least 0 and below 1"),
    (dict(attention_probs_dropout_prob="0.1"), "attention_probs_dropout_prob is '0.1'"),
    (dict(initializer_range=-1), "initializer_range is -1; it must be above 0"),
    (dict(layer_norm_eps=float("nan")), "layer_norm_eps is nan"),
    (dict(hidden_act="swish"), "hidden_act is 'swish'; it must be one of gelu, gelu_new"),
    (dict(num_labels=0), "num_labels is 0; it must be at least 1"),
    (dict(num_labels=2, id2label={0: "a"}), "num_labels is 2, but id2label names 1 classes"),
    (dict(id2label={1: "a"}), "id2label is {1: 'a'}; it must give a name to each class"),
    (dict(id2label=["a"]), "it must give a name to each class, numbered from 0"),
    (dict(problem_type="ranking"), "problem_type is 'ranking'; it must be one of regression"),
    (dict(sharing="some"), "sharing is 'some'; it must be one of all, attention, ffn, none"),
    (dict(num_hidden_groups=13), "num_hidden_groups 13 is more than num_hidden_layers 12"),
    (dict(embedding_mapping=False), "embedding_mapping may be left out only where"),
    (dict(embedding_mapping=False, embedding_size=900), "they are 900 and 768"),
    (dict(id2label={}), "id2label is {}; it must give a name to each class"),
    (dict(cross_layer_residual=1), "cross_layer_residual is 1; it must be True or False"),
    (dict(sop_weight=-1), "sop_weight is -1; it must be at least 0")])
def test_impossible_values_get_one_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        AlbertConfig(**changes)


def test_bad_files_get_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no configuration file"):
        AlbertConfig.from_file(tmp_path)
    file = tmp_path / "config.json"
    for content, message in (("{", "is not JSON"), ("[]", "must hold a JSON object"),
                             ('{"hidden_size": 770}', "config.json: hidden_size 770")):
        file.write_text(content)
        with pytest.raises(ValueError, match=message):
            AlbertConfig.from_file(file)
    with pytest.raises(ValueError, match="there is no published configuration 'albert-huge'"):
        AlbertConfig.from_name("albert-huge")


@pytest.mark.parametrize("accepted, refused, said", [
    (dict(num_hidden_layers=100, inner_group_num=100),
     dict(num_hidden_layers=10_001, inner_group_num=1),
     "num_hidden_layers 10001 with inner_group_num 1 is absurd: more than 10000 layers"),
    (dict(num_hidden_layers=1, inner_group_num=10_000),
     dict(num_hidden_layers=101, inner_group_num=100),
     "num_hidden_layers 101 with inner_group_num 100 is absurd: more than 10000 layers"),
    (dict(inner_group_num=1, num_hidden_layers=MOST_BLOCKS),
     dict(inner_group_num=10**19, num_hidden_layers=10**20),
     "num_hidden_layers of more than 20 digits with inner_group_num 10000000000000000000 is"),
    (dict(num_labels=MOST_CLASSES), dict(num_labels=100_001),
     "num_labels 100001 is absurd: more than 100000 classes")])
def test_files_of_absurd_sizes(tmp_path, accepted, refused, said):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "albert", **accepted}))
    config, kind, _ = read_config(tmp_path)
    assert kind == "albert" and config.to_dict().items() >= accepted.items()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "albert", **refused}))
    with pytest.raises(ValueError, match=f"config.json: {said}"):
        read_config(tmp_path)


def test_a_folder_of_the_original_code(tmp_path):
    """Its file has another name, and its "gelu" is the tanh form; config.json goes before it."""
    (tmp_path / "albert_config.json").write_text('{"hidden_size": 24, "hidden_act": "gelu"}')
    config = AlbertConfig.from_pretrained(tmp_path)
    assert (config.hidden_size, config.hidden_act) == (24, "gelu_new")
    kept = AlbertConfig.from_pretrained(tmp_path, hidden_act="gelu", num_hidden_layers=3)
    assert (kept.hidden_act, kept.num_hidden_layers) == ("gelu", 3)
    (tmp_path / "config.json").write_text('{"hidden_size": 36, "hidden_act": "gelu"}')
    config = AlbertConfig.from_pretrained(tmp_path)
    assert (config.hidden_size, config.hidden_act) == (36, "gelu")
    _, kind, notes = read_config(tmp_path)
    assert kind == "albert" and len(notes) == 1 and notes[0].startswith("hidden_act is 'gelu', the")
    with pytest.raises(ValueError, match="hidden_siz is no field of AlbertConfig; did you mean"):
        AlbertConfig.from_pretrained(tmp_path, hidden_siz=3)
    with pytest.raises(ValueError, match="config.json: hidden_size is 0; it must be at least 1"):
        AlbertConfig.from_pretrained(tmp_path, hidden_size=0)


def test_the_dictionary_of_a_configuration():
    config = AlbertConfig.from_dict({"num_labels": 3, "label2id": {"x": 9}, "a": 1, "b": None})
    assert config.num_labels == 3 and config.extra == {"a": 1, "b": None}
    assert config.to_dict().items() >= {"a": 1, "b": None, "num_labels": 3}.items()
    assert config.extra == {"a": 1, "b": None}                             # still there
    with pytest.raises(ValueError, match="^a configuration is a dictionary, not a list$"):
        AlbertConfig.from_dict([])
    with pytest.raises(ValueError, match="^there is no published configuration 'bert'; known are "
                                         "albert-base-v1, albert-large-v1, .*albert-xxlarge-v2$"):
        AlbertConfig.from_name("bert")


@pytest.mark.parametrize("changes, sentence", [
    (dict(pad_token_id=None), "pad_token_id is None; it must be a whole number"),
    (dict(pad_token_id=-1), "pad_token_id is -1; it must be at least 0"),
    (dict(pad_token_id=30, vocab_size=30), "pad_token_id 30 is not in the vocabulary, as "
                                           "vocab_size is 30"),
    (dict(bos_token_id=-1), "bos_token_id is -1; it must be at least 0"),
    (dict(eos_token_id=-2), "eos_token_id is -2; it must be at least 0")])
def test_ids_of_special_tokens_are_checked(tmp_path, changes, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        AlbertConfig(**changes)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(changes))
    with pytest.raises(ValueError, match=f"config.json: {sentence}$"):
        AlbertConfig.from_file(path)
    assert AlbertConfig(pad_token_id=29, vocab_size=30, bos_token_id=None).bos_token_id is None
