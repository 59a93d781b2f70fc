"""From documents to batches."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.text import (
    DataOptions,
    batches,
    make_instances,
    masked_batch,
    segment_pairs,
    tokenize_documents,
)
from albert_np.text.batches import lay_out

OPTIONS = DataOptions(max_seq_length=48)
V = 300
TOKENIZER = SimpleNamespace(                  # of ids below 200 each begins a word
    pad_token_id=0, unk_token_id=1, cls_token_id=2, sep_token_id=3, mask_token_id=4,
    special_ids=np.arange(5), ordinary_ids=np.arange(5, V), is_word_start=np.arange(V) < 200,
    encode_batch=lambda sentences: [[int(word) for word in text.split()] for text in sentences])


@pytest.fixture(scope="module")
def documents():
    rng = np.random.default_rng(1)
    text = [[" ".join(map(str, rng.integers(5, V, rng.integers(1, 20)))) for _ in range(13)]
            for _ in range(30)]
    return tokenize_documents(text, TOKENIZER)


@pytest.fixture(scope="module")
def instances(documents):
    return make_instances(documents, TOKENIZER, OPTIONS, np.random.default_rng(0))


def test_tokenize_documents():
    tokenized = tokenize_documents([["7 8 9", "", "6"], ["  "], [], ["11 12"]], TOKENIZER)
    assert [[ids.tolist() for ids in document] for document in tokenized] == [
        [[7, 8, 9], [6]], [[11, 12]]]
    assert all(ids.dtype == np.int32 for document in tokenized for ids in document)


def test_tokenize_documents_with_a_tokenizer(small_tokenizer):
    documents = [["The first one.", "", "A second one."], ["  "], ["More."]]
    tokenized = tokenize_documents(documents, small_tokenizer)
    assert [[small_tokenizer.decode(ids) for ids in document] for document in tokenized] == [
        ["the first one.", "a second one."], ["more."]]


@pytest.mark.parametrize("pad", [0, 9])
def test_layout(pad):
    pieces = np.array([22, 20, 21, 30, 31, 32, 33])
    tokenizer = SimpleNamespace(**{**vars(TOKENIZER), "pad_token_id": pad})
    got = lay_out(pieces, np.array([[1, 3, 0, 1, 1], [3, 4, 4, 7, -100]]), tokenizer, 8)
    assert got["input_ids"].tolist() == [[2, 20, 21, 3, 22, 3, pad, pad],
                                         [2, 30, 3, 31, 32, 33, 3, pad]]
    assert got["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 1, 0]]
    assert got["attention_mask"].tolist() == [[1] * 6 + [0, 0], [1] * 7 + [0]]
    assert got["sentence_order_label"].tolist() == [1, -100]
    assert [array.dtype for array in got.values()] == [np.int32, np.int8, np.int8, np.int8]


def test_a_pair_may_fill_its_row():
    for a, b in ((3, 2), (1, 4)):
        got = lay_out(np.arange(5, 10), np.array([[0, a, a, 5, 0]]), TOKENIZER, 8)
        row = [2, *range(5, 5 + a), 3, *range(5 + a, 10), 3]
        assert got["input_ids"].tolist() == [row] and got["attention_mask"].all()
        assert got["token_type_ids"].sum() == b + 1
        with pytest.raises(ValueError, match="Pair 0 needs 8 positions.*max_seq_length is 7"):
            lay_out(np.arange(5, 10), np.array([[0, a, a, 5, 0]]), TOKENIZER, 7)


def test_instances_are_the_pairs_in_the_order_of_the_text(documents, instances):
    pairs = segment_pairs(documents, OPTIONS, np.random.default_rng(0))
    assert len(pairs) == len(instances["input_ids"]) > 100
    for (a, b, label), row, types, mask, y in zip(pairs, *instances.values()):
        ids = [2, *a, 3, *b, 3]
        assert row.tolist() == ids + [0] * (48 - len(ids))
        assert types.sum() == len(b) + 1 and mask.sum() == len(ids) and y == label


def test_masked_batch(instances):
    rows = np.array([5, 3, 8])
    first, again = (masked_batch(instances, rows, TOKENIZER, OPTIONS,
                                 np.random.default_rng(4)) for _ in range(2))
    assert all((first[name] == again[name]).all() for name in first)
    assert all(array.dtype == np.int64 for array in first.values())
    original = np.where(first["labels"] == -100, first["input_ids"], first["labels"])
    assert (original == instances["input_ids"][rows]).all()
    for name in ("token_type_ids", "attention_mask", "sentence_order_label"):
        assert (first[name] == instances[name][rows]).all()
    assert first["labels"].max() > 0
    sliced = masked_batch(instances, slice(3, 6), TOKENIZER, OPTIONS,
                          np.random.default_rng(4))
    assert sliced["input_ids"].shape == (3, 48)


def test_an_epoch_has_every_instance_once(instances, rng):
    N = len(instances["input_ids"])
    seen, sizes = [], []
    for batch in batches(instances, 16, TOKENIZER, OPTIONS, rng):
        assert set(batch) == {"input_ids", "attention_mask", "token_type_ids", "labels",
                              "sentence_order_label"}
        assert all(array.dtype == np.int64 for array in batch.values())
        original = np.where(batch["labels"] == -100, batch["input_ids"], batch["labels"])
        seen += [tuple(row) for row in original]
        sizes.append(len(original))
        assert batch["labels"].shape == batch["attention_mask"].shape == original.shape
        assert batch["sentence_order_label"].shape == (len(original),)
        assert ((batch["labels"] != -100).sum(axis=1) >= 1).all()
        assert (batch["attention_mask"] == (original != 0)).all()
    stored = [tuple(row) for row in instances["input_ids"]]
    assert sorted(seen) == sorted(stored) and seen != stored
    assert sizes == [16] * (N // 16) + [N % 16] * (N % 16 > 0)


def test_rows_stay_together(instances, rng):
    label = {tuple(row): (tuple(types), int(y)) for row, types, y in zip(
        instances["input_ids"], instances["token_type_ids"], instances["sentence_order_label"])}
    for batch in batches(instances, 16, TOKENIZER, OPTIONS, rng):
        original = np.where(batch["labels"] == -100, batch["input_ids"], batch["labels"])
        for row, types, y in zip(original, batch["token_type_ids"], batch["sentence_order_label"]):
            assert label[tuple(row)] == (tuple(types), int(y))


def test_masks_and_order_are_new_in_each_epoch(instances, rng):
    per_epoch = -(-len(instances["input_ids"]) // 16)
    two = list(batches(instances, 16, TOKENIZER, OPTIONS, rng, epochs=2, shuffle=False))
    assert len(two) == 2 * per_epoch
    first, again = two[0], two[per_epoch]
    restore = [np.where(b["labels"] == -100, b["input_ids"], b["labels"]) for b in (first, again)]
    assert (restore[0] == restore[1]).all()
    assert (first["labels"] != again["labels"]).any()
    shuffled = list(batches(instances, 16, TOKENIZER, OPTIONS, rng, epochs=2))
    restore = [np.where(b["labels"] == -100, b["input_ids"], b["labels"])
               for b in (shuffled[0], shuffled[per_epoch])]
    assert (restore[0] != restore[1]).any()


def test_batches_of_one_in_the_order_of_the_instances(instances, rng):
    few = {name: array[:5] for name, array in instances.items()}
    found = list(batches(few, 1, TOKENIZER, OPTIONS, rng, shuffle=False, epochs=1))
    assert [batch["token_type_ids"].tolist() for batch in found] == [
        [row] for row in few["token_type_ids"].tolist()]
    assert len(list(batches(few, 2, TOKENIZER, OPTIONS, rng))) == 3             # one epoch


def test_endless_and_repeatable(instances):
    first, second = (
        list(itertools.islice(batches(instances, 64, TOKENIZER,
                                      replace(OPTIONS, max_predictions_per_seq=3),
                                      np.random.default_rng(9), epochs=None), 60))
        for _ in range(2))
    assert len(first) == 60
    assert max((b["labels"] != -100).sum(axis=1).max() for b in first) == 3
    assert all((x[name] == y[name]).all() for x, y in zip(first, second) for name in x)


def test_instances_are_left_alone(instances, rng):
    before = {name: array.copy() for name, array in instances.items()}
    list(batches(instances, 32, TOKENIZER, OPTIONS, rng))
    assert all((instances[name] == before[name]).all() for name in before)


def test_bad_input(instances, rng):
    with pytest.raises(ValueError, match="no segment pairs"):
        lay_out(np.arange(6), np.zeros((0, 5), int), TOKENIZER, 8)
    with pytest.raises(ValueError, match="Pair 1 needs 9 positions.*max_seq_length is 8"):
        lay_out(np.arange(6), np.array([[0, 1, 3, 6, 0], [0, 3, 3, 6, 0]]), TOKENIZER, 8)
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        batches(instances, 0, TOKENIZER, OPTIONS, rng)
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        batches(instances, 4, TOKENIZER, OPTIONS, rng, epochs=0)
