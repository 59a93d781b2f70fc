"""Which tensor of a file is which parameter, without any file."""

import re

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForPreTraining, AlbertModel
from albert_np.model_files.stored_tensor import StoredTensor, stored_array
from albert_np.parameters.matching import common_name, match

SIZES = dict(vocab_size=31, embedding_size=6, hidden_size=12, num_hidden_layers=4,
             num_attention_heads=3, intermediate_size=17, max_position_embeddings=9)
CONFIG = AlbertConfig(**SIZES)
MODEL = AlbertForPreTraining(CONFIG, seed=3)
WORD, DECODER = "embeddings.word_embeddings.weight", "predictions.decoder.weight"
BIAS, DECODER_BIAS = "predictions.bias", "predictions.decoder.bias"


def stored(**changes):
    """The tensors of a file with every weight of MODEL; None takes one away."""
    tensors = {**MODEL.state_dict(), **changes}
    return {name: stored_array(array) for name, array in tensors.items() if array is not None}


def matched(tensors, model=MODEL, config=CONFIG):
    return match(config, model.components, tensors, "a.file")


def faults(tensors, model=MODEL, config=CONFIG):
    """What is wrong, cut at each semicolon."""
    with pytest.raises(ValueError) as error:
        matched(tensors, model, config)
    before, said = str(error.value).split(" do not fit the configuration: ")
    assert before == "the weights in a.file"
    return said.split("; ")


def test_a_complete_file():
    result = matched(stored())
    assert {name.hugging_face for name, _ in result.found} == {
        name.removeprefix("albert.") for name in MODEL.state_dict()}
    for name, tensor in result.found:
        prefix = "" if name.hugging_face.startswith(("predictions", "sop")) else "albert."
        assert np.array_equal(tensor.read(), MODEL.state_dict()[prefix + name.hugging_face])
    assert result.has_prefix
    assert not any([result.missing, result.unused, result.ignored, result.tied])


def test_what_stands_before_the_names():
    bare = AlbertModel(CONFIG)
    for before in ("albert.", "module.albert.", "module.", ""):
        result = matched({before + name: stored_array(array)
                          for name, array in bare.state_dict().items()}, bare)
        assert len(result.found) == 25 and result.has_prefix == before.endswith("albert.")
        assert result.unused == result.missing == []


def test_the_common_name():
    for name, known_as in (
            ("module.albert.pooler.bias", "pooler.bias"), ("albert.pooler.bias", "pooler.bias"),
            ("pooler.bias", "pooler.bias"), ("albert.module.x", "module.x"),
            ("x.LayerNorm.gamma", "x.LayerNorm.weight"), ("x.LayerNorm.beta", "x.LayerNorm.bias"),
            ("LayerNorm.gamma.x", "LayerNorm.gamma.x"), ("LayerNormXbeta", "LayerNormXbeta")):
        assert common_name(name) == known_as


def test_what_has_no_place_in_the_model():
    ignored = ["albert.embeddings.position_ids", "position_ids", "bert/pooler/dense/kernel/adam_m",
               "x/adam_v", "global_step", "x/global_step"]
    unused = ["classifier.weight", "albert.x", "my_position_ids", "position_ids.x", "adam_m",
              "my_global_step", "x/adam_mean"]
    result = matched(stored(**dict.fromkeys(ignored + unused, np.ones(3))))
    assert result.ignored == ignored and result.unused == unused
    assert result.unknown == unused[1:]                      # another model has a classifier
    bare = AlbertModel(CONFIG)
    assert matched(stored(), bare).unused == [name for name in MODEL.state_dict()
                                              if not name.startswith("albert.")]


# ---- what is missing, or does not fit ------------------------------------------------------------

def test_heads_and_pooler_may_be_missing_as_a_whole():
    heads = [name for name in MODEL.state_dict()
             if name.startswith(("albert.pooler", "predictions", "sop"))]
    result = matched(stored(**dict.fromkeys(heads)))
    assert {name.component for name in result.missing} == {"pooler", "mlm_head", "sop_head"}
    assert len(result.missing) == len(heads) and len(result.found) == 23
    for name in heads:                                                     # but not in part
        assert faults(stored(**{name: None})) == [f"{name.removeprefix('albert.')} is missing"]


def test_nothing_of_the_trunk_may_be_missing():
    mapping = ["albert.encoder.embedding_hidden_mapping_in.weight",
               "albert.encoder.embedding_hidden_mapping_in.bias"]
    said = [f"{name.removeprefix('albert.')} is missing" for name in mapping]
    assert faults(stored(**dict.fromkeys(mapping))) == said
    assert faults(stored(**{mapping[1]: None})) == said[1:]


def test_a_long_list_is_cut_at_forty():
    """A block has 16 tensors; the file has all but the blocks."""
    for layers, more in ((2, 0), (3, 8), (5, 40)):
        config = AlbertConfig(**{**SIZES, "num_hidden_layers": layers}, sharing="none")
        tensors = {name: stored_array(array)
                   for name, array in AlbertForPreTraining(config).state_dict().items()
                   if "albert_layer_groups" not in name}
        said = faults(tensors, config=config)
        missing = [sentence for sentence in said if sentence.endswith(" is missing")]
        assert len(missing) == min(40, 16 * layers)
        assert said[len(missing):] == ([f"and {more} more are missing"] if more else [])


def test_exactly_forty():
    config = AlbertConfig(**{**SIZES, "num_hidden_layers": 3}, sharing="none")
    state = AlbertForPreTraining(config).state_dict()
    gone = [name for name in state if "albert_layer_groups" in name]
    for count, last in ((40, " is missing"), (41, "and 1 more are missing")):
        said = faults({name: stored_array(array) for name, array in state.items()
                       if name not in gone[:count]}, config=config)
        assert len(said) == count and said[-1].endswith(last)


def test_shapes_and_dtypes():
    word, pooler = f"albert.{WORD}", "albert.pooler.weight"
    said = faults(stored(**{word: np.zeros((31, 5)), pooler: np.zeros((12, 12), int),
                            "predictions.dense.weight": np.zeros((12, 6))}))
    assert sorted(said) == [
        f"{word} has shape (31, 5) instead of (31, 6)",
        f"{pooler} has the dtype I64",
        "predictions.dense.weight has shape (12, 6) instead of (6, 12)",
        "weights are F64, F32, F16, BF16"]
    assert faults(stored(**{word: np.zeros((31, 5), int)})) == [    # one sentence for a tensor
        f"{word} has shape (31, 5) instead of (31, 6)"]
    for dtype in ("F64", "F32", "F16", "BF16"):
        tensors = stored()
        tensors[pooler] = StoredTensor((12, 12), dtype, None)           # its numbers are not read
        assert not matched(tensors).missing


def test_a_name_that_is_there_twice():
    said = faults({**stored(), WORD: stored_array(np.zeros((31, 6)))})
    assert said == [f"{WORD} is there twice, as albert.{WORD} and as {WORD}"]


# ---- tied weights --------------------------------------------------------------------------------

def test_second_copies_that_are_equal():
    word, bias = MODEL.state_dict()[f"albert.{WORD}"], MODEL.state_dict()[BIAS]
    result = matched(stored(**{DECODER: word.astype(np.float64), DECODER_BIAS: bias}))
    assert result.tied == [f"{DECODER} is also there, and equal",
                           f"{DECODER_BIAS} is also there, and equal"]
    assert not result.unused
    result = matched(stored(**{DECODER: word}), AlbertModel(CONFIG))       # it has no decoder
    assert not result.tied and DECODER not in result.unused
    assert matched(stored(**{DECODER_BIAS: bias})).tied == [
        f"{DECODER_BIAS} is also there, and equal"]
    word[3, 2] = np.nan
    assert matched(stored(**{f"albert.{WORD}": word, DECODER: word})).tied == [
        f"{DECODER} is also there, and equal"]


@pytest.mark.parametrize("other", [np.ones((31, 6)), np.ones((1, 6)), np.ones((32, 6))])
def test_second_copies_that_differ(other):
    tensors = stored(**{DECODER: other, f"albert.{WORD}": np.ones((31, 6)) * 2})
    result = matched(tensors)
    assert result.tied == [f"{DECODER} DIFFERS from {WORD}, which is used for both"]
    assert [tensor.read()[0, 0] for name, tensor in result.found
            if name.hugging_face == WORD] == [2]
    untied = AlbertConfig(**SIZES, extra={"tie_word_embeddings": False})
    assert faults(tensors, config=untied) == [
        f"{DECODER} differs from {WORD}, and the configuration says that they are not tied",
        "here they always are"]
    for said in (True, None):
        tied = AlbertConfig(**SIZES, extra={"tie_word_embeddings": said})
        assert matched(tensors, config=tied).tied == result.tied


def test_only_the_second_copy():
    word, bias = MODEL.state_dict()[f"albert.{WORD}"] + 1, MODEL.state_dict()[BIAS] + 1
    result = matched(stored(**{f"albert.{WORD}": None, DECODER: word, BIAS: None,
                               DECODER_BIAS: bias}))
    assert result.tied == [f"{WORD} was taken from {DECODER}",
                           f"{BIAS} was taken from {DECODER_BIAS}"]
    found = {name.hugging_face: tensor.read() for name, tensor in result.found}
    assert np.array_equal(found[WORD], word) and np.array_equal(found[BIAS], bias)
    assert not result.missing and not result.unused
    said = faults(stored(**{f"albert.{WORD}": None, DECODER: word[:, 1:]}))
    assert re.fullmatch(r"\S+ has shape \(31, 5\) instead of \(31, 6\)", said[0]) and len(said) == 1
