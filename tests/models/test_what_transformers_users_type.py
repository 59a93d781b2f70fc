"""More of what people from transformers type: it works, or one sentence says what to write."""

import warnings

import numpy as np
import pytest

from albert_np import (LAMB, SGD, Adam, AdamW, AlbertConfig, AlbertForPreTraining,
                       AlbertForSequenceClassification, AlbertForTokenClassification, AlbertModel,
                       AlbertTokenizer)

CONFIG = AlbertConfig(vocab_size=31, embedding_size=6, hidden_size=12, num_hidden_layers=2,
                      num_attention_heads=3, intermediate_size=17, max_position_embeddings=9)
OPTIMIZERS = (Adam, AdamW, LAMB, SGD)


def test_a_warning_names_a_head_that_is_new(tmp_path):
    AlbertForPreTraining(CONFIG).save_pretrained(tmp_path)
    with pytest.warns(UserWarning) as warned:
        AlbertForSequenceClassification.from_pretrained(tmp_path, num_labels=3)
    sentence = (f"new weights, which have to be trained: classifier.weight, classifier.bias; "
                f"{tmp_path} does not have them for AlbertForSequenceClassification")
    assert [str(one.message) for one in warned] == [sentence] and warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AlbertForPreTraining.from_pretrained(tmp_path)
        AlbertModel.from_pretrained(tmp_path)


def test_a_warning_names_a_head_of_another_shape(tmp_path):
    AlbertForTokenClassification(CONFIG).save_pretrained(tmp_path)
    with pytest.warns(UserWarning, match=r"trained: pooler.weight, pooler.bias, "
                                         r"classifier.weight \(2, 12\), classifier.bias \(2,\); "):
        AlbertForSequenceClassification.from_pretrained(tmp_path, num_labels=3,
                                                        ignore_mismatched_sizes=True)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimiser_needs_a_tree_of_arrays(optimizer):
    for params, found in (([], "has no array"), ({}, "has no array"),
                          (AlbertModel(CONFIG), "is of type AlbertModel")):
        with pytest.raises(ValueError, match=f"^params {found}; it must be a tree of arrays, such "
                                             f"as model.params$"):
            optimizer(params, lr=0.1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_needs_the_parameters_and_their_gradients(optimizer):
    params, grads = {"W": np.ones((2, 2))}, {"W": np.ones((2, 2))}
    taken = optimizer(params, lr=0.1)
    taken.zero_grad()                                              # nothing is kept to be cleared
    for arguments in ((), (grads,)):
        with pytest.raises(ValueError, match=r"optimizer.step\(model.params, grads\)$"):
            taken.step(*arguments)
    assert taken.steps == 0 and (params["W"] == 1).all()


def test_the_inputs_of_a_model_are_given_with_two_asterisks(inference_folder):
    tokenizer, model = AlbertTokenizer.from_folder(inference_folder), AlbertModel(CONFIG)
    for text in ("the list", ["the list", "a file"]):
        inputs = tokenizer(text, return_tensors="np")
        with pytest.raises(ValueError, match=r"^input_ids is a dict; write \*\*inputs, with two "
                                             r"asterisks, to give each of its arrays$"):
            model.forward(inputs)


def test_the_arrays_of_a_tokenizer_are_attributes_too(inference_folder):
    tokenizer = AlbertTokenizer.from_folder(inference_folder)
    for inputs in (tokenizer("the list"), tokenizer(["the list", "a"])):
        assert isinstance(inputs, dict) and {**inputs} == inputs
        for name in inputs:
            assert getattr(inputs, name) is inputs[name]
        with pytest.raises(AttributeError, match="^there is no 'word_ids'; there are input_ids, "
                                                 "token_type_ids, attention_mask$"):
            print(inputs.word_ids)


def test_the_vocabulary_by_pieces(inference_folder):
    tokenizer = AlbertTokenizer.from_folder(inference_folder)
    vocabulary = tokenizer.get_vocab()
    assert [*vocabulary] == tokenizer.pieces and [*vocabulary.values()] == [*range(len(tokenizer))]
    vocabulary.clear()                                             # a copy
    assert tokenizer.get_vocab()
