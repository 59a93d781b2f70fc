"""What differs between published files is handled, and said in one summary."""

import json

import numpy as np
import pytest

from albert_np.inference import load_model
from albert_np.models import AlbertForPreTraining, AlbertModel
from albert_np.parameters import flatten

WORD = "albert.embeddings.word_embeddings.weight"
DECODER = "predictions.decoder.weight"


def summary(model):
    """The report as a user sees it."""
    return str(model.load_report)


def without(tensors, *beginnings):
    return {name: a for name, a in tensors.items() if not name.startswith(beginnings)}


def test_a_complete_file_has_nothing_to_report(folder, small_model, same):
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, small_model)
    assert summary(model) == (f"AlbertForPreTraining from {folder.weights}: 32 of 32 tensors "
                              f"loaded")
    assert model.config == small_model.config


# ---- names ---------------------------------------------------------------------------------------

def test_a_bare_save_into_a_model_with_heads(tmp_path, small_model, same):
    bare = AlbertModel(small_model.config, seed=3)
    bare.save_pretrained(tmp_path)
    model = AlbertForPreTraining.from_pretrained(tmp_path)
    same(model, bare)
    assert "the prefix 'albert.' was added" in summary(model)
    assert "initialised with seed 0: predictions.dense.weight" in summary(model)


def test_a_file_with_heads_into_the_bare_model(folder, small_model, same):
    model = AlbertModel.from_pretrained(folder.path)
    same(model, small_model)
    assert "the prefix 'albert.' was removed" in summary(model)
    assert "in the file, not used: predictions.bias, predictions.dense" in (
        summary(model).replace("predictions.LayerNorm.bias, predictions.LayerNorm.weight, ", ""))
    assert set(model.load_report.unused) == {name for name in folder.tensors()
                                             if not name.startswith("albert.")}


def test_names_of_old_files_and_of_parallel_training(folder, small_model, same):
    folder.write({"module." + name.replace("LayerNorm.weight", "LayerNorm.gamma")
                  .replace("LayerNorm.bias", "LayerNorm.beta"): a
                  for name, a in folder.tensors().items()})
    assert any("gamma" in name for name in folder.tensors())
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, small_model)
    assert not model.load_report.initialised and not model.load_report.unused


def test_one_name_with_and_without_prefix_is_refused(folder):
    tensors = folder.tensors()
    folder.write({**tensors, WORD.removeprefix("albert."): tensors[WORD] + 1})
    with pytest.raises(ValueError, match="embeddings.word_embeddings.weight is there twice, as "):
        AlbertForPreTraining.from_pretrained(folder.path)


def test_unused_tensors_are_listed(folder, small_model, same):
    folder.write({**folder.tensors(), "classifier.weight": np.ones((3, 12), np.float32),
                  "albert.something": np.ones(3, np.float32)})
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, small_model)
    assert set(model.load_report.unused) == {"classifier.weight", "albert.something"}
    assert "in the file, not used:" in summary(model)


def test_position_ids_are_no_weights(folder):
    folder.write({**folder.tensors(), "albert.embeddings.position_ids": np.arange(9)[None]})
    model = AlbertForPreTraining.from_pretrained(folder.path)
    assert "in the file, no weights: albert.embeddings.position_ids" in summary(model)
    assert not model.load_report.unused


# ---- tied weights --------------------------------------------------------------------------------

def test_equal_copies_of_tied_weights(folder, small_model, same):
    tensors = folder.tensors()
    folder.write({**tensors, DECODER: tensors[WORD],
                  "predictions.decoder.bias": tensors["predictions.bias"]})
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, small_model)
    assert "tied: predictions.decoder.weight is also there, and equal" in summary(model)
    assert "tied: predictions.decoder.bias is also there, and equal" in summary(model)
    assert not model.load_report.unused


def test_a_copy_that_differs_is_reported_and_the_first_one_used(folder, small_model, same):
    """As transformers does, which ties the two after it has read both."""
    tensors = folder.tensors()
    changed = tensors[WORD].copy()
    changed[-1, -1] += 1
    folder.write({**tensors, DECODER: changed})
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, small_model)
    assert f"tied: {DECODER} DIFFERS from embeddings.word_embeddings.weight" in summary(model)
    assert "DIFFERS" not in summary(AlbertModel.from_pretrained(folder.path))    # has no decoder

    folder.change(tie_word_embeddings=False)
    with pytest.raises(ValueError, match="configuration says that they are not tied"):
        AlbertForPreTraining.from_pretrained(folder.path)


@pytest.mark.parametrize("first, second", [(WORD, DECODER),
                                           ("predictions.bias", "predictions.decoder.bias")])
def test_only_the_second_name_of_tied_weights(folder, small_model, same, first, second):
    tensors = folder.tensors()
    tensors[second] = tensors.pop(first)
    folder.write(tensors)
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, small_model)
    assert f"was taken from {second}" in summary(model)


# ---- what is missing -----------------------------------------------------------------------------

@pytest.mark.parametrize("beginning, branch", [
    ("sop_classifier.", "sop_head"), ("predictions.", "mlm_head"), ("albert.pooler.", "pooler")])
def test_missing_heads_and_pooler_are_initialised_and_said_so(folder, small_model, same,
                                                              beginning, branch):
    folder.write(without(folder.tensors(), beginning))
    one, again, other = (AlbertForPreTraining.from_pretrained(folder.path, seed=seed)
                         for seed in (1, 1, 2))
    new = [name for name in flatten(one.params) if name.startswith(branch)]
    same(one, small_model, but=new)
    same(one, again)
    fresh = flatten(AlbertForPreTraining(small_model.config).params)
    for name in new:
        value, unlike = flatten(one.params)[name], flatten(other.params)[name]
        if value.ndim > 1:
            assert (value != unlike).any() and 0.01 < value.std() < 0.02      # 0.88 * 0.02
        else:
            np.testing.assert_array_equal(value, fresh[name])                 # 0, and gammas 1
    assert "not in the file, initialised with seed 1: " in summary(one)
    assert len(one.load_report.initialised) == len(new)


def test_a_missing_piece_of_the_trunk_or_of_a_head_is_refused(folder):
    tensors = folder.tensors()
    gone = ("albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.bias",
            "albert.encoder.embedding_hidden_mapping_in.weight", "predictions.dense.weight")
    folder.write(without(tensors, *gone))
    with pytest.raises(ValueError) as error:
        AlbertForPreTraining.from_pretrained(folder.path)
    for name in gone:
        assert f"{name.removeprefix('albert.')} is missing" in str(error.value)
    assert str(error.value).count("is missing") == len(gone)


def test_a_whole_part_of_the_trunk_is_refused_too(folder):
    """Only a pooler and heads can be new."""
    mapping = "albert.encoder.embedding_hidden_mapping_in."
    folder.write(without(folder.tensors(), mapping))
    with pytest.raises(ValueError, match="embedding_hidden_mapping_in.weight is missing"):
        AlbertForPreTraining.from_pretrained(folder.path)


def test_one_s_own_folder_must_be_complete(folder):
    folder.write(without(folder.tensors(), "sop_classifier."))
    with pytest.raises(ValueError, match="sop_classifier.classifier.weight, .* is missing"):
        load_model(folder.path)


def test_wrong_shapes_are_refused_and_all_listed(folder):
    tensors = folder.tensors()
    tensors[WORD] = tensors[WORD][:, :-1]
    tensors["predictions.bias"] = tensors["predictions.bias"][:-1]
    tensors["albert.pooler.weight"] = tensors["albert.pooler.weight"].ravel()
    tensors["sop_classifier.classifier.weight"] = tensors["sop_classifier.classifier.weight"].T
    folder.write(tensors)
    with pytest.raises(ValueError) as error:
        AlbertForPreTraining.from_pretrained(folder.path)
    for part in (f"{WORD} has shape (31, 5) instead of (31, 6)",
                 "predictions.bias has shape (30,) instead of (31,)",
                 "albert.pooler.weight has shape (144,) instead of (12, 12)",
                 "sop_classifier.classifier.weight has shape (12, 2) instead of (2, 12)"):
        assert part in str(error.value)


def test_whole_numbers_are_no_weights(folder):
    folder.write({**folder.tensors(), WORD: np.ones((31, 6), np.int64)})
    with pytest.raises(ValueError, match=f"{WORD} has the dtype I64"):
        AlbertModel.from_pretrained(folder.path)


def test_numbers_that_are_none_are_reported(folder):
    tensors = folder.tensors()
    tensors["albert.pooler.bias"][3] = np.nan
    folder.write(tensors)
    model = AlbertModel.from_pretrained(folder.path)
    assert "note: infinite numbers or NaN in pooler.bias" in summary(model)


def test_a_file_without_mapping_where_E_is_H(tmp_path, small_model, same):
    """The original leaves the map out then; so does a model whose file has none."""
    from dataclasses import replace

    config = replace(small_model.config, embedding_size=12, embedding_mapping=False)
    saved = AlbertModel(config, seed=2)
    saved.save_pretrained(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    del values["embedding_mapping"]
    (tmp_path / "config.json").write_text(json.dumps(values))
    model = AlbertModel.from_pretrained(tmp_path)
    same(model, saved)
    assert "note: E = H and the file has no map from E to H" in summary(model)


# ---- dtypes --------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions_are_converted(folder, small_model, dtype):
    folder.write({name: a.astype(dtype) for name, a in folder.tensors().items()})
    model = AlbertForPreTraining.from_pretrained(folder.path)
    for name, leaf in flatten(model.params).items():
        assert leaf.dtype == np.float32
        np.testing.assert_array_equal(leaf, flatten(small_model.params)[name].astype(dtype))
    assert f"converted from {np.dtype(dtype).name} to float32: 32 tensors" in summary(model)
    if dtype is np.float16:                                # read, but not computed with
        with pytest.raises(ValueError, match="^dtype is float16, in which"):
            AlbertForPreTraining.from_pretrained(folder.path, dtype=dtype)
    else:
        exact = AlbertForPreTraining.from_pretrained(folder.path, dtype=dtype)
        assert exact.dtype == dtype and not exact.load_report.converted


def test_bfloat16_by_hand(folder, small_model):
    """The upper half of a float32: dropping the lower half is exact on reading."""
    header, data = {}, b""
    for name, array in folder.tensors().items():
        upper = (array.view(np.uint32) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": array.shape,
                        "data_offsets": [len(data), len(data) + len(upper)]}
        data += upper
    header = json.dumps(header).encode()
    folder.weights.write_bytes(len(header).to_bytes(8, "little") + header + data)
    model = AlbertForPreTraining.from_pretrained(folder.path)
    for name, leaf in flatten(model.params).items():
        expected = flatten(small_model.params)[name].view(np.uint32) & 0xFFFF0000
        np.testing.assert_array_equal(leaf.view(np.uint32), expected)
    assert "converted from bfloat16 to float32: 32 tensors" in summary(model)


# ---- the configuration ---------------------------------------------------------------------------

def test_gelu_of_v1_is_the_tanh_form(folder):
    """The published v1 files: keys of the original, and not saved anew by transformers."""
    folder.change(hidden_act="gelu", net_structure_type=0, gap_size=0)
    model = AlbertForPreTraining.from_pretrained(folder.path)
    assert model.config.hidden_act == "gelu_new"
    assert "says 'gelu' and means the tanh form" in summary(model)
    as_it_says = AlbertForPreTraining.from_pretrained(folder.path, hidden_act="gelu")
    assert as_it_says.config.hidden_act == "gelu" and not as_it_says.load_report.notes


def test_gelu_elsewhere_is_the_erf_form(folder):
    folder.change(hidden_act="gelu", net_structure_type=0, transformers_version="4.40.0")
    model = AlbertForPreTraining.from_pretrained(folder.path)
    assert model.config.hidden_act == "gelu"
    assert "note: hidden_act is 'gelu', the erf form" in summary(model)
    renamed = folder.path.rename(folder.path.with_name("albert-xlarge-v1"))     # a v1 by its name
    assert AlbertModel.from_pretrained(renamed).config.hidden_act == "gelu_new"


def test_a_chinese_albert(tmp_path, small_model, same):
    """Another vocabulary, relu, no sentence-order head, a vocab.txt in place of SentencePiece."""
    from dataclasses import replace

    from albert_np.text import AlbertTokenizer

    config = replace(small_model.config, vocab_size=21128, hidden_act="relu")
    saved = AlbertForPreTraining(config, seed=8)
    saved.save_pretrained(tmp_path)
    pytest.importorskip("tokenizers")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map(str, range(21123))]
    (tmp_path / "vocab.txt").write_text("\n".join(pieces), "utf-8")
    model = AlbertForPreTraining.from_pretrained(tmp_path)
    same(model, saved)
    assert (model.config.vocab_size, model.config.hidden_act) == (21128, "relu")
    tokenizer = AlbertTokenizer.from_pretrained(tmp_path)
    assert (tokenizer.vocab_size, tokenizer.model_max_length) == (
        21128, config.max_position_embeddings)


def test_fields_may_be_replaced(folder):
    model = AlbertForPreTraining.from_pretrained(folder.path, hidden_dropout_prob=0.25)
    assert model.config.hidden_dropout_prob == 0.25
    with pytest.raises(ValueError, match="hidden_dropout is no field of AlbertConfig; did "
                                         "you mean hidden_dropout_prob"):
        AlbertForPreTraining.from_pretrained(folder.path, hidden_dropout=0.25)


def test_another_kind_of_model_is_refused(folder):
    folder.change(model_type="roberta")
    with pytest.raises(ValueError, match="of the type 'roberta', not of an ALBERT or a BERT"):
        AlbertModel.from_pretrained(folder.path)


def test_a_bert_is_an_albert_that_shares_nothing(folder, small_model, same):
    """Its own names, no map from E to H, a head for next sentences."""
    from dataclasses import replace

    to_bert = pytest.importorskip("albert_np.model_files.bert_names").to_bert
    config = replace(small_model.config, embedding_size=12, embedding_mapping=False, sharing="none",
                     hidden_act="gelu")
    saved = AlbertForPreTraining(config, seed=9)
    folder.write(to_bert(saved.state_dict()))
    folder.configuration.write_text(json.dumps({
        "model_type": "bert", "vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 2,
        "num_attention_heads": 3, "intermediate_size": 17, "max_position_embeddings": 9}))
    model = AlbertForPreTraining.from_pretrained(folder.path)
    same(model, saved)
    assert (model.config.sharing, model.config.hidden_act) == ("none", "gelu")
    assert "note: a BERT: nothing is shared" in summary(model)
    assert not model.load_report.initialised and not model.load_report.unused


@pytest.mark.parametrize("changes, message", [
    (dict(vocab_size=10**15), "word_embeddings.weight has shape .31, 6. instead of"),
    (dict(hidden_size=3 * 10**9, embedding_size=10**9), "has shape"),
    (dict(num_hidden_layers=10**12), "num_hidden_layers 1000000000000 .* is absurd"),
    (dict(num_hidden_layers=9000, num_hidden_groups=9000), "and [0-9]+ more are missing"),
    (dict(inner_group_num=10**30), "inner_group_num of more than 20 digits is absurd"),
    (dict(num_labels=10**12), "num_labels 1000000000000 is absurd"),
    (dict(initializer_range=10**400), "it must be a finite number")])
def test_absurd_sizes_are_refused(folder, changes, message):
    folder.change(**changes)
    with pytest.raises(ValueError, match=message) as error:
        AlbertForPreTraining.from_pretrained(folder.path)
    assert len(str(error.value)) < 10_000
