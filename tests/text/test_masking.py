"""Masking: what is never touched, and the shares of everything that is."""

from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.text import mask_batch, mask_tokens
from albert_np.text.masking import (
    choose_ngrams,
    draw_ngram_length,
    ngram_sizes,
    replace_chosen,
)

V = 400
# Ids from 300 on go on with the word before them.
TOKENIZER = SimpleNamespace(pad_token_id=0, unk_token_id=1, cls_token_id=2, sep_token_id=3,
                            mask_token_id=4, special_ids=np.arange(5),
                            ordinary_ids=np.arange(5, V), is_word_start=np.arange(V) < 300)


def make_batch(rng, B, T, unknown=0.0):
    """Pairs with a few words of several pieces, some unknown ones, and padding."""
    ids = rng.integers(5, V, size=(B, T))
    ids[rng.random((B, T)) < unknown] = 1
    ids[:, 0], ids[:, T // 2], ids[:, -1] = 2, 3, 3
    short = rng.random(B) < 0.3
    ids[short, -1], ids[short, -4] = 0, 3
    ids[short, -3:] = 0
    return ids


def plain_words(ids):
    """The words of one sequence, each a list of positions, by the words of the definition."""
    words = []
    for t, i in enumerate(ids):
        after_special = t > 0 and ids[t - 1] in (0, 2, 3, 4)
        if TOKENIZER.is_word_start[i] or after_special or not words:
            words.append([])
        words[-1].append(t)
    return [word for word in words if not any(ids[t] < 5 for t in word)]


def plain_choice(ids, budget, rng):
    """The same choice as `choose_ngrams`, written with sets of positions."""
    words, covered, ngrams = plain_words(ids), set(), []
    while len(covered) < budget:
        n = 1 + int(rng.choice(3, p=[6 / 11, 3 / 11, 2 / 11]))
        for n in range(n, 0, -1):
            places = []
            for w in range(len(words) - n + 1):
                span = [t for word in words[w:w + n] for t in word]
                if (span[-1] - span[0] + 1 == len(span) and not covered & set(span)
                        and len(covered) + len(span) <= budget):
                    places.append(span)
            if places:
                break
        if not places:
            break
        span = places[rng.integers(len(places))]
        covered.update(span)
        ngrams.append((span[0], span[-1] + 1, n))
    return ngrams


def test_hundred_thousand_sequences(rng):
    share, hidden, kept, random = [], 0, 0, 0
    drawn = np.zeros(V, int)
    for _ in range(10):
        ids = make_batch(rng, 10_000, 20, unknown=0.02)
        masked, labels = mask_batch(ids, TOKENIZER, rng)
        chosen = labels != -100
        assert (labels[chosen] == ids[chosen]).all()
        assert (masked[~chosen] == ids[~chosen]).all()
        assert not np.isin(ids[chosen], TOKENIZER.special_ids).any()
        # A piece that goes on with the word before it shares that one's fate.
        inside = ~TOKENIZER.is_word_start[ids[:, 1:]] & ~np.isin(ids[:, :-1], [0, 2, 3, 4])
        assert (chosen[:, 1:] == chosen[:, :-1])[inside].all()
        # As many as asked for: 3 of 20 tokens, 3 of 17 (2.55).
        budget = np.maximum(1, np.round((ids != 0).sum(axis=1) * 0.15))
        assert (chosen.sum(axis=1) <= budget).all()
        share.append(chosen.sum() / budget.sum())
        hidden += (masked[chosen] == 4).sum()
        other = chosen & (masked != 4)
        kept += (masked[other] == ids[other]).sum()
        random += (masked[other] != ids[other]).sum()
        drawn += np.bincount(masked[other & (masked != ids)], minlength=V)
    assert np.mean(share) > 0.99
    M = hidden + kept + random
    lucky = 0.1 / (V - 5)                           # a random piece can be the piece itself
    for count, p in [(hidden, 0.8), (kept, 0.1 + lucky), (random, 0.1 - lucky)]:
        assert abs(count / M - p) < 5 * np.sqrt(p * (1 - p) / M)
    assert (drawn[:5] == 0).all() and (drawn[5:] > 0).all()


def test_share_of_all_tokens(rng):
    ids = rng.integers(5, 300, size=(300, 100))
    ids[:, 0], ids[:, -1] = 2, 3
    _, labels = mask_batch(ids, TOKENIZER, rng)
    assert ((labels != -100).sum(axis=1) == 15).all()
    ids[:, 60:] = 0                                                  # padding does not count
    _, labels = mask_batch(ids, TOKENIZER, rng)
    assert ((labels != -100).sum(axis=1) == 9).all()


def test_every_maskable_position_is_reached(rng):
    ids = np.tile(make_batch(rng, 1, 24), (4000, 1))
    _, labels = mask_batch(ids, TOKENIZER, rng)
    maskable = np.isin(np.arange(24), [t for word in plain_words(ids[0]) if len(word) <= 4
                                       for t in word])
    assert (((labels != -100).sum(axis=0) > 0) == maskable).all()


def test_lengths_drawn(rng):
    for longest, shares in [(1, [1]), (2, [2 / 3, 1 / 3]), (3, [6 / 11, 3 / 11, 2 / 11])]:
        draws = np.bincount([draw_ngram_length(rng, longest) for _ in range(100_000)])[1:]
        assert np.abs(draws / 100_000 - shares).max() < 0.007


def test_lengths_chosen_on_long_text(rng):
    """Neither collisions nor segment ends change the shares; only the end of the budget does."""
    ids = make_batch(rng, 60, 2000)
    lengths = []
    for sizes in ngram_sizes(ids, TOKENIZER):
        lengths += [n for _, _, n in choose_ngrams(sizes, 300, rng)[:-5]]
    shares = np.bincount(lengths, minlength=4)[1:] / len(lengths)
    assert len(lengths) > 5000
    assert np.abs(shares - [6 / 11, 3 / 11, 2 / 11]).max() < 4 * 0.5 / np.sqrt(len(lengths))


def test_sizes_are_those_of_the_plain_words(rng):
    ids = make_batch(rng, 300, 20, unknown=0.1)
    sizes = ngram_sizes(ids, TOKENIZER)
    assert sizes.shape == (300, 3, 20)
    for b in range(300):
        words = plain_words(ids[b])
        expected = np.full((3, 20), 21)
        for w, word in enumerate(words):
            for n in (1, 2, 3):
                span = [t for word in words[w:w + n] for t in word]
                if len(words[w:w + n]) == n and span[-1] - span[0] + 1 == len(span):
                    expected[n - 1, word[0]] = len(span)
        assert (sizes[b] == expected).all()


def test_same_statistics_as_the_plain_version(rng):
    ids = np.array([2, 10, 310, 11, 12, 3, 13, 320, 330, 14, 15, 1, 340, 16, 350, 3])
    sizes = ngram_sizes(ids[None], TOKENIZER)[0]
    counts = [{}, {}]
    N = 8000
    for count, choose in zip(counts, (lambda: choose_ngrams(sizes, 4, rng),
                                      lambda: plain_choice(ids, 4, rng))):
        for _ in range(N):
            for ngram in choose():
                count[ngram] = count.get(ngram, 0) + 1
    assert counts[0].keys() == counts[1].keys()
    for ngram in counts[0]:
        p, q = (count[ngram] / N for count in counts)
        assert abs(p - q) < 5 * np.sqrt((p + q) / N), ngram


def test_ngrams_stay_inside_their_segment_and_apart(rng):
    ids = make_batch(rng, 2000, 24, unknown=0.05)
    for row, sizes in zip(ids, ngram_sizes(ids, TOKENIZER)):
        seen = np.zeros(24, int)
        for start, stop, n in choose_ngrams(sizes, 12, rng):
            assert (row[start:stop] >= 5).all()
            seen[start:stop] += 1
        assert seen.max() <= 1 and seen.sum() <= 12


def test_limit_and_plain_word_masking(rng):
    ids = make_batch(rng, 50, 200)
    _, labels = mask_batch(ids, TOKENIZER, rng, max_predictions_per_seq=7)
    assert ((labels != -100).sum(axis=1) == 7).all()
    _, labels = mask_batch(ids, TOKENIZER, rng, masked_lm_prob=1.0, max_ngram=1)
    assert ((labels != -100) == (ids >= 5)).all()


def test_what_cannot_be_masked(rng):
    ids = np.array([[2, 3, 3, 0, 0], [2, 1, 310, 3, 3]])       # nothing but special, and unk + rest
    masked, labels = mask_batch(ids, TOKENIZER, rng)
    assert (masked == ids).all() and (labels == -100).all()
    # A rest that truncation left at the front of a segment is a word of its own.
    _, labels = mask_tokens(np.array([2, 10, 3, 310, 311, 3]), TOKENIZER, rng, masked_lm_prob=1)
    assert labels.tolist() == [-100, 10, -100, 310, 311, -100]


def test_replacement_leaves_its_input_alone(rng):
    ids = make_batch(rng, 3, 20).astype(np.int32)
    before = ids.copy()
    masked = replace_chosen(ids, ids >= 5, TOKENIZER, rng)
    assert (ids == before).all() and masked.dtype == np.int32


def test_repeatable():
    ids = make_batch(np.random.default_rng(0), 32, 32)
    first = mask_batch(ids, TOKENIZER, np.random.default_rng(7))
    second = mask_batch(ids, TOKENIZER, np.random.default_rng(7))
    assert all((x == y).all() for x, y in zip(first, second))


def test_bad_input(rng):
    ids = make_batch(rng, 2, 20)
    with pytest.raises(ValueError, match=r"shape \(T,\)"):
        mask_tokens(ids, TOKENIZER, rng)
    with pytest.raises(ValueError, match=r"shape \(B, T\)"):
        mask_batch(ids[0], TOKENIZER, rng)
    with pytest.raises(ValueError, match="integers .* not float64"):
        mask_batch(ids * 1.0, TOKENIZER, rng)
    for argument, value in [("masked_lm_prob", 0), ("masked_lm_prob", 1.5), ("max_ngram", 0),
                            ("max_predictions_per_seq", 0)]:
        with pytest.raises(ValueError, match=argument):
            mask_batch(ids, TOKENIZER, rng, **{argument: value})
