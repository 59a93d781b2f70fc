"""What people from transformers type of a model: it works, or says what to write instead."""

import copy
import pickle

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from albert_np import (AlbertConfig, AlbertForMaskedLM, AlbertForPreTraining,
                       AlbertForSequenceClassification, AlbertModel)
from albert_np.config import read_config
from albert_np.parameters import flatten

SIZES = dict(vocab_size=31, embedding_size=6, hidden_size=12, num_hidden_layers=2,
             num_attention_heads=3, intermediate_size=17, max_position_embeddings=9)
HEAD = ["classifier.weight (2, 12)", "classifier.bias (2,)"]


@pytest.fixture
def two_labels(tmp_path):
    """The folder of a model for two labels that have names."""
    config = AlbertConfig(**SIZES, id2label={0: "spam", 1: "ham"})
    AlbertForSequenceClassification(config, seed=4).save_pretrained(tmp_path)
    return tmp_path


def test_another_number_of_labels_draws_a_new_head(two_labels):
    old = AlbertForSequenceClassification.from_pretrained(two_labels)
    assert not old.load_report.mismatched
    new, other = (AlbertForSequenceClassification.from_pretrained(
        two_labels, num_labels=3, ignore_mismatched_sizes=True, seed=seed) for seed in (0, 1))
    assert new.config.num_labels == 3 and new.config.id2label is None
    assert new.load_report.mismatched == HEAD and not new.load_report.initialised
    assert str(new.load_report).split("\n")[0].endswith("25 of 27 tensors loaded")
    assert ("of another shape in the file, initialised with seed 0: "
            "classifier.weight (2, 12), classifier.bias (2,)") in str(new.load_report)
    W = new.params["classification_head"]["W"]
    assert W.shape == (12, 3) and W.all() and (W != other.params["classification_head"]["W"]).all()
    for name, leaf in flatten(old.params).items():
        if not name.startswith("classification_head"):
            assert np.array_equal(leaf, flatten(new.params)[name]), name


def test_without_permission_the_sentence_says_how_to_give_it(two_labels):
    with pytest.raises(ValueError, match=r"classifier.weight has shape \(2, 12\) instead of "
                                         r"\(3, 12\); classifier.bias has .*; "
                                         r"ignore_mismatched_sizes=True draws a new head$"):
        AlbertForSequenceClassification.from_pretrained(two_labels, num_labels=3)


def test_the_trunk_has_to_fit_all_the_same(two_labels):
    """The first tensor is named, the others are counted, and no option helps."""
    with pytest.raises(ValueError) as error:
        AlbertForSequenceClassification.from_pretrained(
            two_labels, hidden_size=15, ignore_mismatched_sizes=True)
    assert str(error.value).split(": ")[-1] == (
        "albert.encoder.embedding_hidden_mapping_in.weight has shape (12, 6) instead of (15, 6); "
        "and 18 more have another shape")
    with pytest.raises(ValueError) as error:
        AlbertModel.from_pretrained(two_labels, vocab_size=30)
    assert str(error.value).endswith("has shape (31, 6) instead of (30, 6)")


def test_a_head_of_another_vocabulary_is_no_head_of_its_own(tmp_path):
    AlbertForPreTraining(AlbertConfig(**SIZES)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"word_embeddings.weight has shape \(31, 6\)"):
        AlbertForMaskedLM.from_pretrained(tmp_path, vocab_size=30, ignore_mismatched_sizes=True)


@pytest.mark.parametrize("changes, K, names", [
    (dict(num_labels=2), 2, {0: "spam", 1: "ham"}),
    (dict(num_labels=4), 4, None),
    (dict(id2label={0: "a", 1: "b", 2: "c"}), 3, {0: "a", 1: "b", 2: "c"}),
    (dict(label2id={"a": 0, "b": 1, "c": 2}), 3, {0: "a", 1: "b", 2: "c"}),
    (dict(num_labels=3, id2label={0: "a", 1: "b", 2: "c"}, label2id={"a": 0, "b": 1, "c": 2}), 3,
     {0: "a", 1: "b", 2: "c"}),
    (dict(label2id=None), 2, {0: "spam", 1: "ham"})])
def test_names_of_the_labels(two_labels, changes, K, names):
    model = AlbertForSequenceClassification.from_pretrained(
        two_labels, ignore_mismatched_sizes=True, **changes)
    assert (model.config.num_labels, model.config.id2label) == (K, names)
    assert model.params["classification_head"]["b"].shape == (K,)
    assert AlbertConfig.from_pretrained(two_labels, **changes).id2label == names
    given = dict(changes)
    assert read_config(two_labels, changes=given)[0].id2label == names and given == changes


@pytest.mark.parametrize("changes, sentence", [
    (dict(label2id={"a": 0}, id2label={0: "b"}), "is not the way back from id2label"),
    (dict(label2id=3), "label2id is 3; it must be a dictionary"),
    (dict(label2id={"a": [1]}), "id2label is .*; it must give a name to each class"),
    (dict(label2id={"a": 0}, id2label=3), "is not the way back from id2label, 3"),
    (dict(num_labels=3, id2label={0: "b"}), "num_labels is 3, but id2label names 1 classes")])
def test_names_that_do_not_fit(two_labels, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        AlbertForSequenceClassification.from_pretrained(two_labels, **changes)


def test_calling_a_model_says_what_to_write():
    model = AlbertForSequenceClassification(AlbertConfig(**SIZES))
    with pytest.raises(TypeError) as error:
        model(input_ids=[[2, 3]])
    sentence = str(error.value)
    assert sentence == ("AlbertForSequenceClassification is not called; write output, cache = "
                        "model.forward(**inputs), and for the gradients grads = "
                        "model.backward(cache)")
    inputs = {"input_ids": np.array([[2, 7, 3]]), "labels": np.array([1])}
    names = {"model": model, "inputs": inputs}
    for line in sentence.split("write ")[1].split(", and for the gradients "):
        exec(line, names)
    assert flatten(names["grads"]).keys() == flatten(model.params).keys()


@pytest.mark.parametrize("name, sentence", [
    ("eval", "dropout is off unless forward gets rng="), ("train", "dropout is off unless"),
    ("parameters", "write model.params"), ("named_parameters", "write model.params"),
    ("to", "NumPy computes on the CPU"), ("cuda", "NumPy computes on the CPU"),
    ("half", "give from_pretrained a dtype"), ("zero_grad", "backward returns new gradients")])
def test_what_pytorch_has_is_named_with_what_is_here(name, sentence):
    model = AlbertModel(AlbertConfig(**SIZES))
    with pytest.raises(AttributeError, match=f"^AlbertModel has no {name}: {sentence}"):
        getattr(model, name)
    assert not hasattr(model, name) and not hasattr(model, "nothing_like_that")
    copies = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    assert all(repr(each) == repr(model) for each in copies)


def test_a_model_prints_its_parameters():
    shared = AlbertForSequenceClassification(AlbertConfig(**SIZES), dtype=np.float64)
    lines = str(shared).split("\n")
    assert lines[0] == "AlbertForSequenceClassification: 1,639 parameters, float64"
    assert len(lines) == 1 + len(flatten(shared.params))
    assert lines[1].split() == ["embeddings.word", "(31,", "6)"]
    assert any(line.split() == ["encoder.attention.0.self_attention.W_q", "(12,", "12)"]
               for line in lines)
    apart = repr(AlbertModel(AlbertConfig(**SIZES, sharing="none")))
    assert "encoder.attention.*.self_attention.W_q   2 x (12, 12)" in apart


def test_a_head_that_fits_is_kept_and_a_larger_one_is_not(two_labels):
    """Permission alone draws no new head."""
    same = AlbertForSequenceClassification.from_pretrained(two_labels, num_labels=2,
                                                           ignore_mismatched_sizes=True)
    assert not same.load_report.mismatched
    one = AlbertForSequenceClassification.from_pretrained(two_labels, num_labels=1,
                                                          ignore_mismatched_sizes=True)
    assert one.load_report.mismatched == HEAD


def test_a_head_may_be_of_another_shape_in_one_part_and_missing_in_another(two_labels):
    path = two_labels / "model.safetensors"
    save_file({name: array for name, array in load_file(path).items()
               if name != "classifier.bias"}, path)
    with pytest.warns(UserWarning, match="new weights"):
        model = AlbertForSequenceClassification.from_pretrained(two_labels, num_labels=3,
                                                                ignore_mismatched_sizes=True)
    assert model.load_report.mismatched == HEAD[:1]
    assert model.load_report.initialised == ["classifier.bias"]


@pytest.mark.parametrize("changes, said, ending", [
    (dict(intermediate_size=7, type_vocab_size=3), 4, ""),
    (dict(intermediate_size=7, type_vocab_size=3, vocab_size=30), 1, "; and 4 more"),
    (dict(embedding_size=5), 1, "; and 5 more")], ids=["four", "five", "six"])
def test_five_tensors_of_another_shape_are_counted(two_labels, changes, said, ending):
    with pytest.raises(ValueError) as error:
        AlbertModel.from_pretrained(two_labels, **changes)
    assert str(error.value).count(" instead of ") == said
    assert str(error.value).endswith(f"{ending} have another shape" if ending else ")")
