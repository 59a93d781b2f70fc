"""Masking: what is never touched, and the shares of everything that is."""

from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.text import DataOptions, mask_batch, mask_tokens
from albert_np.text.masking import (
    Ngrams,
    choose_by_length,
    choose_by_place,
    draw_lengths,
    ngram_probabilities,
    permute_chosen,
    replace_chosen,
)

V = 400
# Ids from 300 on go on with the word before them.
TOKENIZER = SimpleNamespace(pad_token_id=0, unk_token_id=1, cls_token_id=2, sep_token_id=3,
                            mask_token_id=4, special_ids=np.arange(5),
                            ordinary_ids=np.arange(5, V), is_word_start=np.arange(V) < 300)
OPTIONS = DataOptions()


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


def chosen_by_row(ids, budget, rng, choose=choose_by_length, options=OPTIONS):
    """For each row the n-grams (start, stop, n) in it, as they were chosen."""
    B, T = ids.shape
    start, stop, n = choose(Ngrams(ids, TOKENIZER, options), np.full(B, budget), options, rng)
    rows = [[] for _ in range(B)]
    for b, i, j, k in zip((start // (T + 1)).tolist(), (start % (T + 1)).tolist(),
                          ((stop - 1) % (T + 1) + 1).tolist(), n.tolist()):
        rows[b].append((i, j, k))
    return rows


def plain_choice(ids, budget, rng):
    """The same choice as `choose_by_length`, written with sets of positions, for one row."""
    words, covered, ngrams = plain_words(ids), set(), []
    while len(covered) < budget:
        longest = 1 + int(rng.choice(3, p=[6 / 11, 3 / 11, 2 / 11]))
        for n in range(longest, 0, -1):
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
        masked, labels = mask_batch(ids, TOKENIZER, OPTIONS, rng)
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
    _, labels = mask_batch(ids, TOKENIZER, OPTIONS, rng)
    assert ((labels != -100).sum(axis=1) == 15).all()
    ids[:, 60:] = 0                                                  # padding does not count
    _, labels = mask_batch(ids, TOKENIZER, OPTIONS, rng)
    assert ((labels != -100).sum(axis=1) == 9).all()


def test_every_maskable_position_is_reached(rng):
    ids = np.tile(make_batch(rng, 1, 24), (4000, 1))
    _, labels = mask_batch(ids, TOKENIZER, OPTIONS, rng)
    maskable = np.isin(np.arange(24), [t for word in plain_words(ids[0]) if len(word) <= 4
                                       for t in word])
    assert (((labels != -100).sum(axis=0) > 0) == maskable).all()


def test_lengths_drawn(rng):
    for longest, shares in [(1, [1]), (2, [2 / 3, 1 / 3]), (3, [6 / 11, 3 / 11, 2 / 11])]:
        p = ngram_probabilities(DataOptions(ngram=longest))
        assert np.allclose(p, shares, rtol=1e-15)
        draws = np.bincount(draw_lengths(100_000, p, rng))[1:]
        assert np.abs(draws / 100_000 - shares).max() < 0.007
        options = DataOptions(ngram=longest, favor_shorter_ngram=False)
        assert np.allclose(ngram_probabilities(options), shares[::-1], rtol=1e-15)


def test_lengths_chosen_on_long_text(rng):
    """Neither collisions nor segment ends change the shares; only the end of the budget does."""
    ids = make_batch(rng, 60, 2000)
    lengths = [n for row in chosen_by_row(ids, 300, rng) for _, _, n in row[:-5]]
    shares = np.bincount(lengths, minlength=4)[1:] / len(lengths)
    assert len(lengths) > 5000
    assert np.abs(shares - [6 / 11, 3 / 11, 2 / 11]).max() < 4 * 0.5 / np.sqrt(len(lengths))


def test_the_place_first_makes_long_ngrams_rarer(rng):
    ids = make_batch(rng, 60, 2000)
    lengths = [n for row in chosen_by_row(ids, 300, rng, choose_by_place) for _, _, n in row[:-5]]
    shares = np.bincount(lengths, minlength=4)[1:] / len(lengths)
    assert shares[0] > 6 / 11 + 0.02 and shares[2] < 2 / 11 - 0.01


def test_sizes_are_those_of_the_plain_words(rng):
    ids = make_batch(rng, 300, 20, unknown=0.1)
    ngrams = Ngrams(ids, TOKENIZER, OPTIONS)
    assert ngrams.sizes.shape == ngrams.ends.shape == (3, 300, 21)
    for b in range(300):
        words = plain_words(ids[b])
        expected = np.full((3, 21), 21)
        for w, word in enumerate(words):
            for n in (1, 2, 3):
                span = [t for word in words[w:w + n] for t in word]
                if len(words[w:w + n]) == n and span[-1] - span[0] + 1 == len(span):
                    expected[n - 1, word[0]] = len(span)
                    assert ngrams.ends[n - 1, b, word[0]] == 21 * b + span[-1] + 1
        assert (np.minimum(ngrams.sizes[:, b], 21) == expected).all()


def test_words_and_ngrams_across_sep(rng):
    """[SEP] is passed over, and the rest of a word after it belongs to the word before it."""
    ids = np.array([[2, 10, 310, 11, 3, 311, 12, 3, 0, 0]])
    ngrams = Ngrams(ids, TOKENIZER, DataOptions(ngrams_across_sep=True))
    sizes = np.where(ngrams.sizes > 10, 0, ngrams.sizes)[:, 0]
    assert sizes[0].tolist() == [0, 2, 0, 2, 0, 0, 1, 0, 0, 0, 0]
    assert sizes[1].tolist() == [0, 4, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    assert sizes[2].tolist() == [0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    masked, labels = mask_batch(ids, TOKENIZER, DataOptions(ngrams_across_sep=True,
                                                            masked_lm_prob=1), rng)
    assert (labels[0] != -100).tolist() == [i >= 5 for i in ids[0]]
    apart = Ngrams(ids, TOKENIZER, OPTIONS)
    assert np.where(apart.sizes > 10, 0, apart.sizes)[:, 0].tolist() == [
        [0, 2, 0, 1, 0, 1, 1, 0, 0, 0, 0], [0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0], [0] * 11]


def test_unknown_words_and_single_pieces(rng):
    ids = np.array([[2, 10, 1, 310, 3, 311, 3]])
    for options, expected in [(OPTIONS, [0, 1, 0, 0, 0, 1, 0]),
                              (DataOptions(mask_unknown=True), [0, 1, 2, 0, 0, 1, 0]),
                              (DataOptions(do_whole_word_mask=False), [0, 1, 0, 1, 0, 1, 0])]:
        sizes = Ngrams(ids, TOKENIZER, options).sizes[0, 0, :7]
        assert np.where(sizes > 7, 0, sizes).tolist() == expected


def test_word_starts_of_the_original():
    """Only the marks ' < = > make a difference."""
    pieces = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁it", "'s", "a<b", "ab", "a,b", "'",
              "7", "é", "<s>", "==", "!!", "Ab"]
    begins = [True] * 6 + [False] * 4 + [True] * 4 + [False] * 3       # as the tokenizer has them
    tokenizer = SimpleNamespace(**{**vars(TOKENIZER), "pieces": pieces,
                                   "is_word_start": np.array(begins)})
    ids = np.array([[2, *sum(([5, i] for i in range(6, 17)), []), 3]])
    for options, starts in [(OPTIONS, {10, 11, 12, 13}),
                            (DataOptions(original_word_starts=True), {6, 7, 10, 11, 12, 13, 14})]:
        sizes = Ngrams(ids, tokenizer, options).sizes[0, 0, 2:-2:2]
        assert {i for i, size in zip(range(6, 17), sizes) if size == 1} == starts


def test_word_starts_of_the_original_in_wordpiece():
    """A piece goes on a word if it begins with ##, whatever marks it has."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "it", "##s", "##'s", "a<b", "==", "##<"]
    tokenizer = SimpleNamespace(**{**vars(TOKENIZER), "pieces": pieces,
                                   "is_word_start": np.ones(11, bool)})
    ids = np.array([[2, 5, 6, 5, 7, 5, 8, 9, 5, 10, 3]])
    sizes = Ngrams(ids, tokenizer, DataOptions(original_word_starts=True)).sizes[0, 0, :11]
    assert np.where(sizes > 11, 0, sizes).tolist() == [0, 2, 0, 2, 0, 1, 1, 1, 2, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("ids, budget", [
    ([2, 10, 310, 11, 12, 3, 13, 320, 330, 14, 15, 1, 340, 16, 350, 3], 4),
    # The first word is in no longer n-gram: it must not matter to it which of these were chosen.
    ([2, 10, 3, 11, 12, 13, 14, 15, 16, 17, 3], 3)])
def test_same_statistics_as_the_plain_version(rng, ids, budget):
    counts = [{}, {}]
    N = 20_000
    both = (chosen_by_row(np.tile(ids, (N, 1)), budget, rng),
            (plain_choice(ids, budget, rng) for _ in range(N)))
    for count, rows in zip(counts, both):
        for row in rows:
            for ngram in (*row, tuple(sorted(row))):          # each one, and all that came together
                count[ngram] = count.get(ngram, 0) + 1
    common = {ngram for ngram in counts[0].keys() | counts[1].keys()
              if counts[0].get(ngram, 0) + counts[1].get(ngram, 0) >= 50}
    assert len(common) > 40
    for ngram in common:
        p, q = (count.get(ngram, 0) / N for count in counts)
        assert abs(p - q) < 5 * np.sqrt((p + q) / N), ngram


@pytest.mark.parametrize("choose", [choose_by_length, choose_by_place])
def test_ngrams_stay_inside_their_segment_and_apart(rng, choose):
    ids = make_batch(rng, 2000, 24, unknown=0.05)
    for row, ngrams in zip(ids, chosen_by_row(ids, 12, rng, choose)):
        seen = np.zeros(24, int)
        for start, stop, n in ngrams:
            assert (row[start:stop] >= 5).all()
            seen[start:stop] += 1
        assert seen.max() <= 1 and seen.sum() <= 12


def test_limit_and_plain_word_masking(rng):
    ids = make_batch(rng, 50, 200)
    _, labels = mask_batch(ids, TOKENIZER, DataOptions(max_predictions_per_seq=7), rng)
    assert ((labels != -100).sum(axis=1) == 7).all()
    _, labels = mask_batch(ids, TOKENIZER, DataOptions(masked_lm_prob=1.0, ngram=1), rng)
    assert ((labels != -100) == (ids >= 5)).all()


def test_what_cannot_be_masked(rng):
    ids = np.array([[2, 3, 3, 0, 0], [2, 1, 310, 3, 3]])       # nothing but special, and unk + rest
    empty = np.zeros((0, 9), int)
    for options in (OPTIONS, DataOptions(ngrams_by_place=True, do_permutation=True)):
        assert all(array.shape == (0, 9) for array in mask_batch(empty, TOKENIZER, options, rng))
        masked, labels = mask_batch(ids, TOKENIZER, options, rng)
        assert (masked == ids).all() and (labels == -100).all()
    # Wherever anything can be chosen, something is, even where 15 % are less than half a piece.
    _, labels = mask_tokens([2, 10, 3], TOKENIZER, OPTIONS, rng)
    assert labels.tolist() == [-100, 10, -100]
    # In sequences of one piece, or of none, too; and n-grams may be longer than the text.
    for options in (OPTIONS, DataOptions(ngrams_by_place=True), DataOptions(ngram=30)):
        for T, expected in ((1, [[-100], [10]]), (0, [[], []])):
            _, labels = mask_batch([[2, 3][:T], [10, 3][:T]] if T else np.zeros((2, 0), int),
                                   TOKENIZER, options, rng)
            assert labels.tolist() == expected
    # A rest that truncation left at the front of a segment is a word of its own.
    _, labels = mask_tokens(np.array([2, 10, 3, 310, 311, 3]), TOKENIZER,
                            DataOptions(masked_lm_prob=1), rng)
    assert labels.tolist() == [-100, 10, -100, 310, 311, -100]


def test_replacement_leaves_its_input_alone(rng):
    ids = make_batch(rng, 3, 20).astype(np.int32)
    before = ids.copy()
    masked = replace_chosen(ids, ids >= 5, TOKENIZER, OPTIONS, rng)
    assert (ids == before).all() and masked.dtype == np.int32


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64",
                                   "int8", "int16", "int32", "int64"])
def test_ids_of_any_integers(dtype):
    """-100 stays -100, and [MASK] and random pieces stay pieces, whatever the ids can hold."""
    ids = np.random.default_rng(0).integers(5, 128, (20, 30))          # into int8, too
    for options in (OPTIONS, DataOptions(do_permutation=True)):
        expected = mask_batch(ids, TOKENIZER, options, np.random.default_rng(1))
        masked, labels = mask_batch(ids.astype(dtype), TOKENIZER, options,
                                    np.random.default_rng(1))
        assert labels.dtype == np.int64 and (labels == -100).any()
        assert (labels == expected[1]).all() and (masked == expected[0]).all()
        assert masked.dtype == (dtype if dtype not in ("int8", "uint8") else np.int64)
        _, labels = mask_tokens(ids[0].astype(dtype), TOKENIZER, options, np.random.default_rng(1))
        assert labels.dtype == np.int64 and set(labels) <= {-100, *ids[0]}


def test_repeatable():
    ids = make_batch(np.random.default_rng(0), 32, 32)
    first = mask_batch(ids, TOKENIZER, OPTIONS, np.random.default_rng(7))
    second = mask_batch(ids, TOKENIZER, OPTIONS, np.random.default_rng(7))
    assert all((x == y).all() for x, y in zip(first, second))


def test_random_pieces(rng):
    """Ordinary ones, or any piece of the vocabulary, all with the same probability."""
    ids = np.full((40, 1000), 50)
    for options, least in [(OPTIONS, 5), (DataOptions(replace_by_any_piece=True), 0)]:
        masked = replace_chosen(ids, ids > 0, TOKENIZER, options, rng)
        drawn = np.bincount(masked[(masked != 50) & (masked != 4)], minlength=V)
        p = 0.1 / (V - least)
        expected = np.where((np.arange(V) < least) | np.isin(np.arange(V), [4, 50]), 0, p)
        assert np.abs(drawn / 40_000 - expected).max() < 5 * np.sqrt(p / 40_000)
        assert (drawn[:least] == 0).all()


def test_permutation(rng):
    """Further pieces change places within their row; all of them are predicted."""
    options = DataOptions(do_permutation=True, max_predictions_per_seq=4)
    ids = np.tile(np.concatenate([[2], np.arange(10, 40), [3]]), (2000, 1))
    masked, labels = mask_batch(ids, TOKENIZER, options, rng)
    asked = labels != -100
    assert (labels[asked] == ids[asked]).all() and (masked[~asked] == ids[~asked]).all()
    assert (asked.sum(axis=1) == 8).all()
    assert 3.1 < (masked == 4).sum(axis=1).mean() < 3.3              # 80 % of the other four
    # Four are permuted: after the masks, their new pieces are those of the same row.
    moved = asked & (masked != ids) & (masked != 4)
    own = np.array([np.isin(row[m], i).sum() for row, m, i in zip(masked, moved, ids)])
    assert 2.5 < own.mean() < 3.5                         # 3 of 4 on average, as 1 stays in place
    none = mask_batch(ids, TOKENIZER, DataOptions(do_permutation=True, masked_lm_prob=0), rng)
    assert (none[0] == ids).all() and (none[1] == -100).all()


def test_every_order_of_permuted_pieces_is_as_likely(rng):
    ids = np.tile([7, 8, 9, 6], (12_000, 1))
    chosen = np.tile([True, False, True, True], (12_000, 1))
    chosen[0] = False
    permuted = permute_chosen(ids, chosen, rng)
    assert (permuted[0] == ids[0]).all() and (permuted[:, 1] == 8).all()
    orders, counts = np.unique(permuted[1:], axis=0, return_counts=True)
    assert len(orders) == 6
    assert np.abs(counts / 12_000 - 1 / 6).max() < 5 * np.sqrt(1 / 6 / 12_000)
    ids, chosen = rng.permuted(np.tile(np.arange(9), (50, 1)), axis=1), rng.random((50, 9)) < 0.5
    permuted = permute_chosen(ids, chosen, rng)
    for row, new, moved in zip(ids, permuted, chosen):          # each row keeps its own pieces
        assert sorted(new[moved]) == sorted(row[moved]) and (new[~moved] == row[~moved]).all()


def test_bad_input(rng):
    ids = make_batch(rng, 2, 20)
    for wrong in (ids, ids[0, 0]):
        with pytest.raises(ValueError, match=r"shape \(T,\)"):
            mask_tokens(wrong, TOKENIZER, OPTIONS, rng)
    with pytest.raises(ValueError, match=r"shape \(B, T\)"):
        mask_batch(ids[0], TOKENIZER, OPTIONS, rng)
    with pytest.raises(ValueError, match=r"shape \(B, T\)"):
        mask_batch(ids[None], TOKENIZER, OPTIONS, rng)
    with pytest.raises(ValueError, match="integers .* not float64"):
        mask_batch(ids * 1.0, TOKENIZER, OPTIONS, rng)
