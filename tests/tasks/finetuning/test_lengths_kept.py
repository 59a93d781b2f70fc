"""Examples of every task: never longer than asked for, never without a piece of each text."""

import numpy as np
import pytest

pytest.importorskip("sentencepiece")

from toys import MODEL, TOYS

from albert_np import AlbertTokenizer
from albert_np.tasks.datasets import Choice, Classification, Pair, Question
from albert_np.tasks.datasets.features import check_pieces
from albert_np.tasks.finetuning import TASKS, Settings
from albert_np.tasks.finetuning.recipes import (choice, classification, questions, similarity,
                                                translation)
from albert_np.tasks.finetuning.start import from_scratch

LEAST = {"classification": 3, "similarity": 5, "entities": 3, "choice": 5}


@pytest.fixture(scope="module")
def tokenizer(inference_folder):
    return AlbertTokenizer.from_folder(inference_folder)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("max_length", [1, 2, 3, 4, 5, 6, 9, 20, 40])
def test_no_example_is_longer_than_asked(task, max_length, tokenizer):
    rng = np.random.default_rng(max_length)
    rows = [TOYS[task](rng) for _ in range(20)]
    least = LEAST.get(task, 3)
    if task == "questions":
        least = 4 + max(len(tokenizer.encode(row.question, add_special_tokens=False)[:2])
                        for row in rows)
    labels = TASKS[task].labels_of(rows)
    if max_length < 3:
        with pytest.raises(ValueError, match=f"max_length is {max_length}; it must be at least 3"):
            Settings(task, max_length=max_length)
        return
    settings = Settings(task, max_length=max_length, doc_stride=3, max_query_length=2)
    if max_length < least:
        with pytest.raises(ValueError, match="max_(seq_)?length"):
            TASKS[task].features(tokenizer, rows, labels, settings)
        return
    examples = [example for row in TASKS[task].features(tokenizer, rows, labels, settings)
                for example in row]
    assert len(examples) >= 20 or task in ("translation", "questions")
    for example in examples:
        ids, types = np.atleast_2d(example["input_ids"]), np.atleast_2d(example["token_type_ids"])
        mask = np.atleast_2d(example["attention_mask"]).astype(bool)
        assert ids.shape[-1] <= max_length
        for row, kinds, real in zip(ids, types, mask):
            kept = np.isin(row, (tokenizer.cls_token_id, tokenizer.sep_token_id), invert=True)
            parts = (0, 1) if kinds.any() else (0,)
            assert all((kept & real & (kinds == part)).any() for part in parts)


@pytest.mark.parametrize("max_length", [5, 8, 14])
def test_translations_fit_too(max_length, tokenizer, monkeypatch):
    lengths = []

    def watched(model, *arguments, **options):
        lengths.append(options["max_length"])
        return search(model, *arguments, **options)

    search = translation.beam_search
    monkeypatch.setattr(translation, "beam_search", watched)
    model = from_scratch(translation.MODEL, MODEL, tokenizer, {}, seed=0)
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda ids, **more: (
        lengths.append(ids.shape[-1]), forward(ids, **more))[1])
    rows = [Pair("the list is not a list of names", ("",)), Pair("a", ("",))]
    translation.predict(model, tokenizer, rows, Settings("translation", max_length=max_length,
                                                         beams=2))
    assert max(lengths) == max_length - 1                     # [SEP] ends it and is not read
    with pytest.raises(ValueError, match="max_length is 4; it must be at least 5"):
        translation.predict(model, tokenizer, rows, Settings("translation", max_length=4))


@pytest.mark.parametrize("task, row", [
    (classification, Classification("\u0301", label="a")),
    (similarity, Classification("a", "\u0301", 1.0)),
    (choice, Choice("", "\u0301", "what", ("a", "the"), 0)),
    (questions, Question("", "the list", "\u0301")), (translation, Pair("\u0301", ("a",)))])
def test_a_text_of_which_nothing_is_left_is_refused(task, row, tokenizer):
    with pytest.raises(ValueError, match="Of the text '\u0301' the tokenizer leaves no piece"):
        task.features(tokenizer, [row], ("a",), Settings("choice", max_length=20))


def test_a_translation_may_have_no_source_on_purpose(tokenizer):
    [[example]] = translation.features(tokenizer, [Pair("", ("a list",))], (),
                                       Settings("translation", max_length=20))
    assert example["source"] == [] and len(example["target"])


def test_the_sentence_quotes_the_beginning_of_the_text():
    check_pieces("", [1])
    with pytest.raises(ValueError) as error:
        check_pieces("x" * 99, [])
    assert "x" * 60 in str(error.value) and "x" * 61 not in str(error.value)
