"""Predictions of models whose configuration says little: names of labels, and kinds of problems."""

import numpy as np
import pytest

from albert_np import (AlbertConfig, AlbertForSequenceClassification,
                       AlbertForTokenClassification, AlbertTokenizer)
from albert_np.tasks.finetuning.predicting import iterate_predictions, load_for_task
from albert_np.tasks.finetuning.recipes.entities import entities_of


@pytest.fixture
def predicted(inference_folder, tmp_path):
    """``predicted(class, logits, **fields)``: of a model whose head gives these logits."""
    def predict(kind, logits, **fields):
        tokenizer = AlbertTokenizer.from_folder(inference_folder)
        model = kind(AlbertConfig(vocab_size=len(tokenizer), embedding_size=8, hidden_size=16,
                                  num_hidden_layers=1, num_attention_heads=2, intermediate_size=20,
                                  max_position_embeddings=40, **fields))
        model.params["classification_head"]["W"][...] = 0
        model.params["classification_head"]["b"][...] = logits
        model.save_pretrained(tmp_path, tokenizer)
        answer, = iterate_predictions(load_for_task(tmp_path), ["a list of names"])
        return answer
    return predict


def test_labels_without_names(predicted):
    answer = predicted(AlbertForSequenceClassification, [0, np.log(3)], num_labels=2)
    assert answer == {"label": "LABEL_1",
                      "probabilities": pytest.approx({"LABEL_0": 0.25, "LABEL_1": 0.75})}
    answer = predicted(AlbertForTokenClassification, [1, 0], num_labels=2)
    assert answer["tags"] == ["LABEL_0"] * 4
    assert answer["entities"] == [{"type": "LABEL_0", "text": "a list of names", "first": 0,
                                   "last": 3}]


def test_several_labels_at_once(predicted):
    multi = dict(problem_type="multi_label_classification")
    answer = predicted(AlbertForSequenceClassification, [0, np.log(3), -200], **multi,
                       id2label={0: "a", 1: "b", 2: "c"})
    assert answer["label"] == "b" and answer["labels"] == ["a", "b"]
    assert answer["probabilities"] == pytest.approx({"a": 0.5, "b": 0.75, "c": np.exp(-200)})
    answer = predicted(AlbertForSequenceClassification, [-1, -1], num_labels=2, **multi)
    assert answer["label"] == "LABEL_0" and answer["labels"] == []


def test_numbers(predicted):
    regression = dict(problem_type="regression")
    assert predicted(AlbertForSequenceClassification, [-7], num_labels=1, **regression) == {
        "score": -7.0}
    assert predicted(AlbertForSequenceClassification, [-7, 5], num_labels=2, **regression) == {
        "scores": {"LABEL_0": -7.0, "LABEL_1": 5.0}}


@pytest.mark.parametrize("tags, found", [
    ("a a b O b", [("a", 0, 1), ("b", 2, 2), ("b", 4, 4)]),
    ("B-a I-a I-b B-b", [("a", 0, 1), ("b", 2, 2), ("b", 3, 3)]),
    ("B-b I-b I-a I-a", [("b", 0, 1), ("a", 2, 3)]),
    ("LABEL_1 O LABEL_1", [("LABEL_1", 0, 0), ("LABEL_1", 2, 2)]),
    ("O O", [])])
def test_tags_become_entities(tags, found):
    tags = tags.split()
    assert [(entity["type"], entity["first"], entity["last"])
            for entity in entities_of([f"w{i}" for i in range(len(tags))], tags)] == found
