"""Fine-tuned checkpoints of others predict as in transformers' pipelines."""

import json
import re

import pytest

from albert_np import (AlbertConfig, AlbertForSequenceClassification,
                       AlbertForTokenClassification, AlbertTokenizer)
from albert_np.tasks.finetuning.predicting import iterate_predictions, load_for_task

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("google.protobuf")

pytestmark = pytest.mark.parity

TEXTS = ["the list of names is short", "a new object", "it returns one file and the copy", "if not"]
SIZES = dict(embedding_size=8, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
             intermediate_size=20, max_position_embeddings=40, initializer_range=0.5)


@pytest.fixture
def checkpoint(inference_folder, tmp_path):
    """``checkpoint(class, **fields)``: a folder as transformers writes it, without id2label."""
    tokenizer = AlbertTokenizer.from_folder(inference_folder)

    def save(kind, **fields):
        config = AlbertConfig(**SIZES, vocab_size=len(tokenizer), **fields)
        kind(config, seed=3).save_pretrained(tmp_path / "ours", tokenizer)
        theirs = getattr(transformers, kind.__name__).from_pretrained(tmp_path / "ours")
        theirs.save_pretrained(tmp_path)
        tokenizer.save(tmp_path)
        return tmp_path

    return save


def pipeline(task, folder, **options):
    """Their pipeline, with their model and their tokenizer, on the processor."""
    tokenizer = transformers.AlbertTokenizer.from_pretrained(folder)
    ours = AlbertTokenizer.from_folder(folder)
    assert tokenizer(TEXTS)["input_ids"] == [ours.encode(text) for text in TEXTS]
    return transformers.pipeline(task, model=str(folder), tokenizer=tokenizer, device="cpu",
                                 **options)


def predicted(folder, rows=TEXTS):
    return list(iterate_predictions(load_for_task(folder), rows))


@pytest.mark.parametrize("fields", [
    dict(num_labels=2), dict(num_labels=5), dict(num_labels=1),
    dict(num_labels=2, problem_type="single_label_classification"),
    dict(num_labels=3, problem_type="multi_label_classification"),
    dict(num_labels=1, problem_type="multi_label_classification"),
    dict(id2label={0: "spam", 1: "ham"}),
    dict(id2label={0: "a", 1: "b", 2: "c"}, problem_type="multi_label_classification")], ids=str)
def test_labels_and_probabilities(checkpoint, fields):
    folder = checkpoint(AlbertForSequenceClassification, **fields)
    config = json.loads((folder / "config.json").read_text())
    assert ("id2label" in config) == ("id2label" in fields or fields["num_labels"] not in (None, 2))
    theirs = pipeline("text-classification", folder, top_k=None)(TEXTS)
    for ours, scores in zip(predicted(folder), theirs):
        assert ours["label"] == scores[0]["label"]
        expected = {score["label"]: score["score"] for score in scores}
        assert ours["probabilities"].keys() == expected.keys()
        for name, p in expected.items():
            assert ours["probabilities"][name] == pytest.approx(p, abs=1e-5)
        if "multi" in fields.get("problem_type", "") or fields.get("num_labels") == 1:
            assert set(ours["labels"]) == {name for name, p in expected.items() if p >= 0.5}


def test_a_long_text_is_cut_at_the_positions_of_the_model(checkpoint):
    """By what lies in the folder alone, so that their pipeline needs no length either."""
    folder = checkpoint(AlbertForSequenceClassification, num_labels=2) / "ours"
    text = " ".join(TEXTS * 20)
    theirs = transformers.pipeline("text-classification", model=str(folder), device="cpu")
    found, = theirs([text], truncation=True)
    ours, = predicted(folder, [text])
    assert theirs.tokenizer.model_max_length == SIZES["max_position_embeddings"]
    assert found["label"] == ours["label"]
    assert found["score"] == pytest.approx(ours["probabilities"][ours["label"]], abs=1e-5)


@pytest.mark.parametrize("K", [1, 3])
def test_regression(checkpoint, K):
    folder = checkpoint(AlbertForSequenceClassification, num_labels=K, problem_type="regression")
    theirs = pipeline("text-classification", folder, top_k=None)(TEXTS)
    for ours, scores in zip(predicted(folder), theirs):
        found = {"LABEL_0": ours["score"]} if K == 1 else ours["scores"]
        assert found == pytest.approx({score["label"]: score["score"] for score in scores},
                                      abs=1e-5)


def test_pairs(checkpoint):
    """Unless it is told so, their pipeline leaves out the token types of the second text."""
    folder = checkpoint(AlbertForSequenceClassification, num_labels=2)
    theirs = pipeline("text-classification", folder, return_token_type_ids=True)([
        {"text": first, "text_pair": second} for first, second in zip(TEXTS, TEXTS[::-1])])
    ours = predicted(folder, [f"{first}\t{second}" for first, second in zip(TEXTS, TEXTS[::-1])])
    for one, other in zip(ours, theirs):
        assert one["label"] == other["label"]
        assert one["probabilities"][one["label"]] == pytest.approx(other["score"], abs=1e-5)


@pytest.mark.parametrize("fields", [
    dict(num_labels=2), dict(num_labels=4), dict(id2label={0: "O", 1: "B-x", 2: "I-x", 3: "I-y"}),
    dict(id2label={0: "B-x", 1: "I-x", 2: "N"})], ids=str)
def test_tags_of_words(checkpoint, fields):
    """The tag of a word is that of its first piece; words are put together by their rules."""
    folder = checkpoint(AlbertForTokenClassification, **fields)
    pipe = pipeline("token-classification", folder, aggregation_strategy="none", ignore_labels=[])
    found = 0
    for text, ours, tokens in zip(TEXTS, predicted(folder), pipe(TEXTS)):
        first = {}                                            # by the place where a piece begins
        for token in tokens:
            first.setdefault(token["start"] + (text[token["start"]] == " "), token["entity"])
        spans = [match.span() for match in re.finditer(r"\S+", text)]
        assert ours["words"] == text.split()
        assert ours["tags"] == [first[start] for start, _ in spans]
        groups = pipe.group_entities([
            {"entity": tag, "score": 1.0, "word": word, "start": start, "end": end}
            for tag, word, (start, end) in zip(ours["tags"], ours["words"], spans)])
        groups = [(group["entity_group"], text[group["start"]:group["end"]]) for group in groups
                  if group["entity_group"] != "O"]
        assert [(entity["type"], entity["text"]) for entity in ours["entities"]] == groups
        found += len(groups)
    assert found
