"""Segment pairs: what is in them, and how often."""

import numpy as np
import pytest

from albert_np.text import sentence_order_pairs, truncate_pair


def make_documents(rng, count, sentences=12, longest=9):
    """Documents whose pieces say where they stand: 10,000 * document + position."""
    documents = []
    for d in range(count):
        lengths = rng.integers(1, longest + 1, size=sentences)
        pieces = 10_000 * d + np.arange(lengths.sum())
        documents.append(np.split(pieces, np.cumsum(lengths)[:-1]))
    return documents


def test_hundred_thousand_pairs(rng):
    documents = make_documents(rng, 40_000)
    pairs = sentence_order_pairs(documents, 19, rng)
    assert len(pairs) > 100_000
    labels = np.array([label for _, _, label in pairs])
    assert abs(labels.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(pairs))
    lengths = np.array([[len(a), len(b)] for a, b, _ in pairs])
    assert lengths.min() >= 1 and lengths.sum(axis=1).max() == 16
    first, second = (np.array([pair[i][0] for pair in pairs]) for i in (0, 1))
    assert (first // 10_000 == second // 10_000).all()               # the same document
    assert ((first > second) == (labels == 1)).all()                 # swapped means swapped
    for a, b, label in pairs[::50]:
        early, late = (b, a) if label else (a, b)
        assert (np.diff(early) == 1).all() and (np.diff(late) == 1).all()
        assert early[-1] < late[0]
    # Where nothing was cut away, the segments are neighbours, and together whole sentences.
    bounds = {int(s[0]) for document in documents[:500] for s in document}
    for a, b, label in pairs:
        early, late = (b, a) if label else (a, b)
        if early[0] < 500 * 10_000 and len(a) + len(b) < 16:
            assert early[-1] + 1 == late[0]
            assert int(early[0]) in bounds and int(late[0]) in bounds


def test_a_end_is_uniform(rng):
    documents = [[np.array([4 * d + s]) for s in range(4)] for d in range(20_000)]
    pairs = sentence_order_pairs(documents, 20, rng, short_seq_prob=0, random_start=False)
    assert len(pairs) == 20_000
    shares = np.bincount([len(b if label else a) for a, b, label in pairs], minlength=4) / 20_000
    assert np.abs(shares[1:] - 1 / 3).max() < 0.015


def test_short_sequences(rng):
    documents = [[np.array([d])] * 40 for d in range(5_000)]
    whole = sentence_order_pairs(documents, 43, rng, short_seq_prob=0, random_start=False)
    assert {len(a) + len(b) for a, b, _ in whole} == {40}
    some = sentence_order_pairs(documents, 43, rng, random_start=False)
    cut = {int(a[0]) for a, b, _ in some if len(a) + len(b) < 40}
    assert abs(len(cut) / 5_000 - 0.1 * 38 / 39) < 0.02
    assert min(len(a) + len(b) for a, b, _ in some) == 2


def test_random_start_is_uniform_and_leaves_two_sentences(rng):
    documents = [[np.full(2, s) for s in range(9)] for _ in range(6000)]       # chunks of three
    starts = []
    for a, b, label in sentence_order_pairs(documents, 9, rng, short_seq_prob=0):
        starts.append(int((b if label else a)[0]))
    shares = np.bincount(starts, minlength=9)[:3] / 6000
    assert np.abs(shares - 1 / 3).max() < 0.03
    two = [[np.array([0]), np.array([1])] for _ in range(100)]
    assert len(sentence_order_pairs(two, 9, rng)) == 100


def test_no_sentence_is_cut_where_whole_ones_fit(rng):
    """A chunk takes sentences while they fit; only two that are too long get truncated."""
    documents = [[np.full(5, s) for s in range(6)] for _ in range(50)]
    for a, b, _ in sentence_order_pairs(documents, 20, rng, short_seq_prob=0):     # room for 17
        assert len(a) % 5 == 0 and len(b) % 5 == 0 and len(a) + len(b) in (10, 15)
    for a, b, _ in sentence_order_pairs(documents, 11, rng, short_seq_prob=0):     # room for 8
        assert (len(a), len(b)) == (4, 4)


def test_long_and_single_sentences(rng):
    long, short = np.arange(100), np.arange(100, 103)
    pairs = sentence_order_pairs([[long, short], [long], [long[:0], short]], 13, rng)
    assert len(pairs) == 1                       # truncated together; single ones are dropped
    a, b, label = pairs[0]
    assert len(a) + len(b) == 10 and (b if label == 0 else a).tolist() == [100, 101, 102]


def test_truncation_takes_from_both_ends(rng):
    fronts = []
    for _ in range(4000):
        a, b = truncate_pair(np.arange(9), np.arange(20, 24), 8, rng)
        assert (len(a), len(b)) == (4, 4)
        assert b.tolist() == [20, 21, 22, 23]
        fronts.append(int(a[0]))
    assert np.abs(np.bincount(fronts, minlength=6) / 4000
                  - np.array([1, 5, 10, 10, 5, 1]) / 32).max() < 0.03


@pytest.mark.parametrize("length_a", range(1, 9))
@pytest.mark.parametrize("length_b", range(1, 9))
def test_truncation_keeps_as_much_as_one_at_a_time(length_a, length_b, rng):
    for room in range(2, 10):
        a, b = truncate_pair(np.arange(length_a), np.arange(length_b), room, rng)
        x, y = length_a, length_b
        while x + y > room:
            x, y = (x - 1, y) if x > y else (x, y - 1)
        assert (len(a), len(b)) == (x, y)


def test_repeatable(rng):
    documents = make_documents(rng, 400, sentences=40, longest=30)
    first = sentence_order_pairs(documents, 64, np.random.default_rng(5))
    second = sentence_order_pairs(documents, 64, np.random.default_rng(5))
    assert all((a == c).all() and (b == d).all() and l == m
               for (a, b, l), (c, d, m) in zip(first, second, strict=True))


def test_bad_input(rng):
    document = [np.arange(3), np.arange(3)]
    with pytest.raises(ValueError, match="max_length must be at least 5"):
        sentence_order_pairs([document], 4, rng)
    with pytest.raises(ValueError, match="short_seq_prob must lie"):
        sentence_order_pairs([document], 10, rng, short_seq_prob=1.5)
    with pytest.raises(ValueError, match="None of the 2 documents has two sentences"):
        sentence_order_pairs([[np.arange(3)], []], 10, rng)
