"""Segment pairs: what is in them, and how often."""

import numpy as np
import pytest

from albert_np.text import DataOptions, segment_pairs
from albert_np.text.segments import segment_spans, truncate


def options(max_seq_length, **others):
    """All sequences as long as they can be, and documents from their first sentence."""
    return DataOptions(max_seq_length=max_seq_length,
                       **{"short_seq_prob": 0, "random_start": False, **others})


def make_documents(rng, count, sentences=12, longest=9):
    """Documents whose pieces say where they stand: 10,000 * document + position."""
    documents = []
    for d in range(count):
        lengths = rng.integers(1, longest + 1, size=sentences)
        pieces = 10_000 * d + np.arange(lengths.sum())
        documents.append(np.split(pieces, np.cumsum(lengths)[:-1]))
    return documents


def test_twenty_thousand_pairs(rng):
    check_pairs(20_000, rng)


@pytest.mark.thorough
def test_hundred_thousand_pairs(rng):
    check_pairs(100_000, rng)


def check_pairs(count, rng):
    """Segments of one document, in order or swapped, half of the time each, as long as allowed."""
    documents = make_documents(rng, 2 * count // 5)
    pairs = segment_pairs(documents, DataOptions(max_seq_length=19), rng)
    assert len(pairs) > count
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
    pairs = segment_pairs(documents, options(20), rng)
    assert len(pairs) == 20_000
    shares = np.bincount([len(b if label else a) for a, b, label in pairs], minlength=4) / 20_000
    assert np.abs(shares[1:] - 1 / 3).max() < 0.015


def test_short_sequences(rng):
    documents = [[np.array([d])] * 40 for d in range(5_000)]
    whole = segment_pairs(documents, options(43), rng)
    assert {len(a) + len(b) for a, b, _ in whole} == {40}
    some = segment_pairs(documents, options(43, short_seq_prob=0.1), rng)
    cut = {int(a[0]) for a, b, _ in some if len(a) + len(b) < 40}
    assert abs(len(cut) / 5_000 - 0.1 * 38 / 39) < 0.02
    assert min(len(a) + len(b) for a, b, _ in some) == 2
    short = segment_pairs(documents, options(43, short_seq_prob=1), rng)
    targets = {int(a[0]): len(a) + len(b) for a, b, _ in reversed(short)}      # of the first chunk
    shares = np.bincount(list(targets.values()), minlength=41) / 5_000
    assert (shares[:2] == 0).all() and len(shares) == 41
    assert np.abs(shares[2:] - 1 / 39).max() < 5 * np.sqrt(1 / 39 / 5_000)


def test_random_start_is_uniform_and_leaves_two_sentences(rng):
    documents = [[np.full(2, s) for s in range(9)] for _ in range(6000)]       # chunks of three
    starts = []
    for a, b, label in segment_pairs(documents, options(9, random_start=True), rng):
        starts.append(int((b if label else a)[0]))
    shares = np.bincount(starts, minlength=9)[:3] / 6000
    assert np.abs(shares - 1 / 3).max() < 0.03
    two = [[np.array([0]), np.array([1])] for _ in range(100)]
    assert len(segment_pairs(two, options(9, random_start=True), rng)) == 100


def test_no_sentence_is_cut_where_whole_ones_fit(rng):
    """A chunk takes sentences while they fit; only two that are too long get truncated."""
    documents = [[np.full(5, s) for s in range(6)] for _ in range(50)]
    for a, b, _ in segment_pairs(documents, options(20), rng):                     # room for 17
        assert (len(a) + len(b)) == 15 and len(a) % 5 == 0
    for a, b, _ in segment_pairs(documents, options(11), rng):                     # room for 8
        assert (len(a), len(b)) == (4, 4)


def test_overfull_chunks_reach_the_target(rng):
    documents = [[np.full(5, s) for s in range(8)] for _ in range(50)]
    pairs = segment_pairs(documents, options(20, overfull_chunks=True), rng)       # room for 17
    assert len(pairs) == 100
    assert {len(a) + len(b) for a, b, _ in pairs} == {17}                          # of 20 pieces


def test_long_and_single_sentences(rng):
    long, short = np.arange(100), np.arange(100, 103)
    documents = [[long, short], [long], [long[:0], short], []]
    pairs = segment_pairs(documents, options(13), rng)
    assert len(pairs) == 1                       # truncated together; single ones are dropped
    a, b, label = pairs[0]
    assert len(a) + len(b) == 10 and (b if label == 0 else a).tolist() == [100, 101, 102]


def test_single_sentences_as_negatives(rng):
    """Each gets a second segment from another document, and the label 1."""
    documents = [[np.full(4, d)] for d in range(20)]
    pairs = segment_pairs(documents, options(40, single_sentence_negatives=True), rng)
    assert [int(a[0]) for a, _, _ in pairs] == list(range(20))
    assert all(label == 1 and a[0] != b[0] for a, b, label in pairs)
    alone = segment_pairs(documents[:1], options(40, single_sentence_negatives=True), rng)
    assert [(len(a), len(b), label) for a, b, label in alone] == [(4, 4, 1)]


def test_next_sentence(rng):
    """Half of the second segments come from another document; no sentence gets lost by that."""
    documents = [[np.full(2, 100 * d + s) for s in range(20)] for d in range(2000)]
    pairs = segment_pairs(documents, options(11, sentence_task="nsp"), rng)        # room for 8
    labels = np.array([label for _, _, label in pairs])
    assert abs(labels.mean() - 0.5) < 5 * 0.5 / np.sqrt(len(pairs))
    assert {len(a) + len(b) for a, b, label in pairs if label == 0} <= {4, 6, 8}
    seen = [[] for _ in documents]
    for a, b, label in pairs:
        own, other = a[0] // 100, b[0] // 100
        assert (own != other) == label
        seen[own] += [*a[::2]] if label else [*a[::2], *b[::2]]
        assert len(a) + len(b) <= 8
        if label:                                             # B fills the place, text allowing
            assert len(b) == 8 - len(a) or b[-1] % 100 == 19
    for d, sentences in enumerate(seen):                      # in order, perhaps without the last
        assert sentences == [100 * d + s for s in range(len(sentences))]
        assert len(sentences) >= 19
    places = np.bincount([b[0] % 100 for _, b, label in pairs if label], minlength=20)
    p = places / places.sum()
    assert np.abs(p - 1 / 20).max() < 5 * np.sqrt(1 / 20 / places.sum())


@pytest.mark.parametrize("empty", [[], [np.arange(0)]], ids=["none", "an empty sentence"])
def test_next_sentence_of_two_documents(rng, empty):
    """One other document is enough; one without text is none."""
    one, two = ([np.full(2, 100 * d + s) for s in range(30)] for d in range(2))
    for documents in ([one, two], [empty, one, two], [one, empty, two], [one, two, empty]):
        pairs = segment_pairs(documents, options(11, sentence_task="nsp"), rng)
        assert {label for _, _, label in pairs} == {0, 1}
        assert all((a[0] // 100 != b[0] // 100) == label for a, b, label in pairs)
    with pytest.raises(ValueError, match="sentence_task='nsp'.*no other"):
        segment_pairs([one, empty], options(11, sentence_task="nsp"), rng)


def test_no_sentence_task(rng):
    documents = make_documents(rng, 200)
    pairs = segment_pairs(documents, options(19, sentence_task="none"), rng)
    assert {label for _, _, label in pairs} == {-100}
    assert all(a[-1] < b[0] for a, b, _ in pairs)


@pytest.mark.parametrize("task", ["sop", "nsp"])
def test_beginnings_only(rng, task):
    documents = make_documents(rng, 2000)
    for start in (False, True):
        pairs = segment_pairs(documents, options(19, sentence_task=task, beginnings_only=True,
                                                 random_start=start), rng)
        begins = {0: 0, 1: 0}
        for a, b, label in pairs:
            first = a if task == "nsp" or label != 1 else b
            assert label == -100 or first[0] % 10_000 < 8
            if label == -100:
                assert a[0] // 10_000 == b[0] // 10_000 and a[-1] < b[0]
            else:
                begins[label] += 1
        asked = sum(begins.values())
        assert asked == 2000 if not start else 500 < asked < 1500
        assert abs(begins[1] / asked - 0.5) < 5 * 0.5 / np.sqrt(asked)


def rows(pieces_a, pieces_b, count=1):
    return np.array([[0, pieces_a, 100, 100 + pieces_b, 0]] * count)


def test_truncation_takes_from_both_ends(rng):
    a, a_stop, b, b_stop, _ = truncate(rows(9, 4, 4000), 8, rng).T
    assert (a_stop - a == 4).all() and (b == 100).all() and (b_stop == 104).all()
    assert np.abs(np.bincount(a, minlength=6) / 4000
                  - np.array([1, 5, 10, 10, 5, 1]) / 32).max() < 0.03


def test_half_of_what_is_lost_is_lost_at_the_front(rng):
    spans = np.array([[1001, 1008, 2003, 2020, 1]] * 4000)              # 7 and 17 pieces
    a, a_stop, b, b_stop, label = truncate(spans, 7, rng).T
    assert (a_stop - a == 4).all() and (b_stop - b == 3).all() and (label == 1).all()
    for start, first, last, lost in ((a, 1001, 1008 - 4, 3), (b, 2003, 2020 - 3, 14)):
        assert start.min() >= first and start.max() <= last
        assert abs(start.mean() - first - lost / 2) < 5 * np.sqrt(lost / 4 / 4000)
        assert abs(start.var() - lost / 4) < 0.2 * lost / 4


def test_truncation_keeps_as_much_as_one_at_a_time(rng):
    for length_a in range(1, 9):
        for length_b in range(1, 9):
            for room in range(2, 10):
                a, a_stop, b, b_stop, _ = truncate(rows(length_a, length_b), room, rng)[0]
                x, y = length_a, length_b
                while x + y > room:
                    x, y = (x - 1, y) if x > y else (x, y - 1)
                assert (a_stop - a, b_stop - b) == (x, y)
                assert 0 <= a and a_stop <= length_a and 100 <= b and b_stop <= 100 + length_b


def test_only_length_and_items_of_documents_are_used(rng):
    class Shard:
        def __len__(self):
            return 3

        def __getitem__(self, d):
            return [np.full(3, 10 * d + s) for s in range(4)][:None if d < 3 else 0]

    pieces, spans = segment_spans(Shard(), options(40), rng)
    assert pieces.tolist() == [10 * d + s for d in range(3) for s in range(4) for _ in range(3)]
    assert np.sort(spans[:, [0, 2]]).min(axis=1).tolist() == [0, 12, 24]


def test_repeatable(rng):
    documents = make_documents(rng, 400, sentences=40, longest=30)
    first, second = (segment_pairs(documents, DataOptions(max_seq_length=64),
                                   np.random.default_rng(5)) for _ in range(2))
    assert all((a == c).all() and (b == d).all() and label == again
               for (a, b, label), (c, d, again) in zip(first, second, strict=True))


def test_bad_input(rng):
    document = [np.arange(3), np.arange(3)]
    with pytest.raises(ValueError, match="None of the 2 documents has two sentences"):
        segment_pairs([[np.arange(3)], []], options(10), rng)
    with pytest.raises(ValueError, match="None of the 0 documents"):
        segment_pairs([], options(10, single_sentence_negatives=True), rng)
    with pytest.raises(ValueError, match="sentence_task='nsp'.*no other"):
        segment_pairs([document, []], options(10, sentence_task="nsp"), rng)
