"""A run says how many rows of each part lose pieces at ``--max-length``."""

from types import SimpleNamespace

import pytest

pytest.importorskip("sentencepiece")

from albert_np import AlbertTokenizer
from albert_np.tasks.datasets import Answer, Choice, Classification, Question, Splits, Tagged
from albert_np.tasks.finetuning import TASKS, Settings
from albert_np.tasks.finetuning.prepare import _examples


@pytest.fixture(scope="module")
def tokenizer(inference_folder):
    return AlbertTokenizer.from_folder(inference_folder)


def said(task, tokenizer, max_length, train, dev=(), test=()):
    lines = []
    labels = TASKS[task].labels_of([*train, *dev, *test])
    _examples(TASKS[task], tokenizer, Splits(list(train), list(dev), list(test), labels),
              Settings(task, max_length=max_length, doc_stride=3),
              SimpleNamespace(data="rows", class_weights=None), lines.append)
    return [" ".join(line.split()) for line in lines]


def length(tokenizer, *texts):
    return sum(len(tokenizer.encode(text, add_special_tokens=False)) + 1 for text in texts) + 1


def test_each_part_is_counted_and_what_just_fits_is_not_cut(tokenizer):
    short, long = "a list", "a list of names and of files"
    rows = [Classification(text, label="a") for text in (short, long, long)]
    n = length(tokenizer, long)
    assert said("classification", tokenizer, n, rows, rows, rows) == []
    assert said("classification", tokenizer, n - 1, rows, rows[:1], rows[1:2]) == [
        f"too long 2 of 3 rows of the train part were cut at the {n - 1} pieces of --max-length",
        f"too long 1 of 1 rows of the test part were cut at the {n - 1} pieces of --max-length"]


def test_pairs_and_choices(tokenizer):
    pair = Classification("a list", "of names", 1.0)
    n = length(tokenizer, "a list", "of names")
    assert said("similarity", tokenizer, n, [pair]) == []
    assert len(said("similarity", tokenizer, n - 1, [pair])) == 1
    choice = Choice("", "the list is a list", "what", ("a", "a list of names"), 0)
    n = length(tokenizer, "the list is a list", "what a list of names")
    assert said("choice", tokenizer, n, [choice]) == []
    assert len(said("choice", tokenizer, n - 1, [choice])) == 1


def test_windows_cut_nothing(tokenizer):
    context = "a list of names and of files"
    assert said("questions", tokenizer, 12, [Question("", context, "is it",
                                                      (Answer("a", 0),))]) == []
    words = tuple(context.split())
    assert said("entities", tokenizer, 5, [Tagged(words, ("O",) * len(words))]) == []
