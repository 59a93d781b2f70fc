"""Segments and n-grams one by one against the restated rules, for all options that matter."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from restated_rules import CLS, MASK, PAD, SEP, UNK, begins_word, runs_of_words, whole_pairs

from albert_np.text import DataOptions, segments
from albert_np.text.masking import (
    Ngrams,
    choose_by_length,
    choose_by_place,
    draw_lengths,
    mask_batch,
    ngram_probabilities,
    permute_chosen,
    prediction_budget,
    replace_chosen,
)
from albert_np.text.tokenizer import starts_word

PIECES = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁a", "▁b", "c", "d", "'s", ",", "e"]
TOKENIZER = SimpleNamespace(
    pad_token_id=PAD, unk_token_id=UNK, cls_token_id=CLS, sep_token_id=SEP, mask_token_id=MASK,
    special_ids=np.arange(5), ordinary_ids=np.arange(5, len(PIECES)), pieces=PIECES,
    is_word_start=np.array([starts_word(piece) for piece in PIECES]))


class Draws:
    """Python's ways to draw, from the numbers of NumPy."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed).random

    def randrange(self, n):
        return int(self.random() * n)

    def randint(self, first, last):
        return first + self.randrange(last - first + 1)


def all_ways(*names):
    """Every setting of these switches."""
    return [dict(zip(names, switches))
            for switches in itertools.product([False, True], repeat=len(names))]


@pytest.mark.parametrize("task", ["sop", "nsp", "none"])
@pytest.mark.parametrize("switches", all_ways("random_start", "overfull_chunks",
                                              "single_sentence_negatives", "beginnings_only"),
                         ids=lambda switches: "-".join(n for n, on in switches.items() if on))
def test_the_same_draws_give_the_same_pairs(rng, monkeypatch, task, switches):
    """Thirty documents of one to seven sentences, some of them longer than a sequence."""
    monkeypatch.setattr(segments, "truncate", lambda spans, room, rng: spans)
    options = DataOptions(max_seq_length=16, sentence_task=task, short_seq_prob=0.4, **switches)
    documents, total = [], 0
    for _ in range(30):
        documents.append([])
        for length in rng.integers(1, 7, rng.integers(1, 8)) + 12 * (rng.random() < 0.1):
            documents[-1].append(np.arange(total, total + length))
            total += length
    pieces, spans = segments.segment_spans(documents, options, np.random.default_rng(1))
    assert pieces.tolist() == list(range(total))
    draws, plain = Draws(1), [[sentence.tolist() for sentence in document]
                              for document in documents]
    expected = [[a[0], a[-1] + 1, b[0], b[-1] + 1, label]
                for d in range(30) for a, b, label in whole_pairs(d, plain, options, draws)]
    assert spans.tolist() == expected


@pytest.mark.parametrize("documents", [1, 2, 3])
def test_the_same_draws_with_few_documents(documents):
    options = DataOptions(max_seq_length=9, single_sentence_negatives=True, random_start=False)
    text = [[[3 * d], [3 * d + 1], [3 * d + 2]] for d in range(documents)]
    for seed in range(20):
        draws = Draws(seed)
        _, spans = segments.segment_spans(text, options, np.random.default_rng(seed))
        assert spans.tolist() == [
            [a[0], a[-1] + 1, b[0], b[-1] + 1, label]
            for d in range(documents) for a, b, label in whole_pairs(d, text, options, draws)]


@pytest.mark.parametrize("switches", all_ways("ngrams_across_sep", "mask_unknown",
                                              "original_word_starts", "do_whole_word_mask"),
                         ids=lambda switches: "-".join(n for n, on in switches.items() if on))
def test_all_ngrams_of_a_batch(rng, switches):
    """Each n-gram that the rules allow, with its pieces, and no other."""
    options = DataOptions(ngram=3, **switches)
    starts = [begins_word(piece, options) for piece in PIECES]
    rows = []
    for length in (12, 15, 15, 8, 5):
        ids = [CLS, *rng.choice([1, 5, 6, 7, 8, 9, 10, 11], length - 3), SEP]
        ids.insert(int(rng.integers(2, length - 2)), SEP)
        rows.append(ids)
    batch = np.array([ids + [PAD] * (15 - len(ids)) for ids in rows])
    ngrams = Ngrams(batch, TOKENIZER, options)
    assert ngrams.sizes.shape == ngrams.ends.shape == ngrams.open_sizes.shape == (3, 5, 16)
    for b, ids in enumerate(rows):
        expected = {}
        for run in runs_of_words(ids, starts, options):
            for n in (1, 2, 3):
                for w in range(len(run) - n + 1):
                    ngram = sum(run[w:w + n], [])
                    expected[n, ngram[0]] = ngram
        found = {}
        for n, t in itertools.product((1, 2, 3), range(16)):
            if ngrams.sizes[n - 1, b, t] <= 15:
                start, stop = np.array([16 * b + t]), ngrams.ends[n - 1, b, t, None]
                row, places = np.nonzero(ngrams.covered_by((start, stop, None)))
                assert (row == b).all() and len(places) == ngrams.sizes[n - 1, b, t]
                found[n, t] = places.tolist()
        assert found == expected


# ------------------------------------------------------------------ what is chosen

def text_of_words(rng, B, T):
    """Rows of words of one or more pieces, a few <unk>, [SEP] and padding; half have [CLS]."""
    ids = rng.choice([1, 5, 6, 7, 8], (B, T), p=[0.05, 0.3, 0.3, 0.2, 0.15])
    ids[1::2, 0], ids[:, T // 2] = CLS, SEP
    for b, length in enumerate(rng.integers(T // 2 + 2, T + 1, B)):
        ids[b, length - 1], ids[b, length:] = SEP, PAD
    return ids


def by_row(chosen, T):
    """The n-grams (start, stop, n) of each row, counted from its beginning."""
    rows = {}
    for start, stop, n in zip(*(array.tolist() for array in chosen)):
        b = start // (T + 1)
        rows.setdefault(b, []).append((start - b * (T + 1), stop - b * (T + 1), n))
    return rows


def ngrams_of_row(ids, b, options):
    """{(n, start): stop} of a row, and how many pieces each has."""
    T = ids.shape[1]
    every = Ngrams(ids, TOKENIZER, options)
    there = {(n, t): (int(every.ends[n - 1, b, t]) - b * (T + 1), int(every.sizes[n - 1, b, t]))
             for n in range(1, options.ngram + 1) for t in range(T)}
    return {key: value for key, value in there.items() if value[1] <= T}


BUDGETS = np.array([12, 0, 1, 30, 7, 4])
OPTIONS = [DataOptions(), DataOptions(ngrams_across_sep=True, mask_unknown=True),
           DataOptions(ngram=1), DataOptions(ngram=4, favor_shorter_ngram=False),
           DataOptions(ngram=30, favor_shorter_ngram=False)]


@pytest.mark.parametrize("options", OPTIONS, ids=range(5))
def test_choosing_the_length_first(rng, options):
    """Row after row, with the same lengths; of the places that fit, the one of the largest key."""
    for seed in range(3):
        ids = text_of_words(rng, 6, 24)
        found = by_row(choose_by_length(Ngrams(ids, TOKENIZER, options), BUDGETS, options,
                                        np.random.default_rng(seed)), 24)
        again = np.random.default_rng(seed)
        keys = again.random((options.ngram, 6, 25))
        lengths = draw_lengths((BUDGETS.max() + 1, 6), ngram_probabilities(options), again)
        for b, left in enumerate(BUDGETS.tolist()):
            every, free, expected = ngrams_of_row(ids, b, options), set(range(24)), []
            while left:
                for n in range(lengths[len(expected), b], 0, -1):
                    fit = [(keys[n - 1, b, t], t, stop, size)
                           for (m, t), (stop, size) in every.items()
                           if m == n and size <= left and free.issuperset(range(t, stop))]
                    if fit:
                        break
                else:
                    break
                _, t, stop, size = max(fit)
                expected.append((t, stop, n))
                free -= set(range(t, stop))
                left -= size
            assert sorted(found.get(b, [])) == sorted(expected)


@pytest.mark.parametrize("options", OPTIONS, ids=range(5))
def test_choosing_the_place_first(rng, options):
    """Row after row: words in the same order, with the same lengths, shorter if they must be."""
    for seed in range(3):
        ids = text_of_words(rng, 6, 24)
        found = by_row(choose_by_place(Ngrams(ids, TOKENIZER, options), BUDGETS, options,
                                       np.random.default_rng(seed)), 24)
        again = np.random.default_rng(seed)
        keys, p = again.random((6, 25)), ngram_probabilities(options)
        lengths = np.array([draw_lengths(6, p, again) for _ in range(24)])
        for b, left in enumerate(BUDGETS.tolist()):
            every, free, expected = ngrams_of_row(ids, b, options), set(range(24)), []
            words = sorted((t for n, t in every if n == 1), key=lambda t: keys[b, t])
            for n, t in zip(lengths[:, b], words):
                while n > 1 and every.get((n, t), (0, 99))[1] > left:
                    n -= 1
                stop, size = every[n, t]
                if size <= left and free.issuperset(range(t, stop)):
                    expected.append((t, stop, n))
                    free -= set(range(t, stop))
                    left -= size
            assert found.get(b, []) == expected


@pytest.mark.parametrize("switches", all_ways("do_permutation", "ngrams_by_place",
                                              "replace_by_any_piece"),
                         ids=lambda switches: "-".join(n for n, on in switches.items() if on))
def test_first_pieces_are_hidden_and_then_others_change_places(rng, switches):
    """With the same draws, one after the other; the ids that were given stay as they are."""
    options = DataOptions(masked_lm_prob=0.25, **switches)
    ids = text_of_words(rng, 6, 24)
    given = ids.copy()
    masked, labels = mask_batch(given, TOKENIZER, options, np.random.default_rng(1))
    again, ngrams = np.random.default_rng(1), Ngrams(ids, TOKENIZER, options)
    choose = choose_by_place if options.ngrams_by_place else choose_by_length
    budget = prediction_budget(ids, TOKENIZER, options)
    asked = ngrams.covered_by(choose(ngrams, budget.copy(), options, again))
    expected = replace_chosen(ids, asked, TOKENIZER, options, again)
    if options.do_permutation:
        moved = ngrams.covered_by(choose(ngrams, budget.copy(), options, again))
        expected = permute_chosen(expected, moved, again)
        assert moved.any() and not (moved & asked).any()
        asked = asked | moved
    assert (masked == expected).all() and (given == ids).all()
    assert (labels == np.where(asked, ids, -100)).all()


def renamed(tokenizer, name):
    """The same pieces under other numbers: that of piece i is ``name[i]``."""
    piece = np.argsort(name)                                        # which piece has the number
    kinds = [f"{kind}_token_id" for kind in ("pad", "unk", "cls", "sep", "mask")]
    return SimpleNamespace(
        is_word_start=tokenizer.is_word_start[piece], pieces=[tokenizer.pieces[i] for i in piece],
        special_ids=name[tokenizer.special_ids], ordinary_ids=name[tokenizer.ordinary_ids],
        **{kind: int(name[getattr(tokenizer, kind)]) for kind in kinds})


@pytest.mark.parametrize("options", [
    DataOptions(), DataOptions(ngrams_across_sep=True, mask_unknown=True),
    DataOptions(original_word_starts=True, do_permutation=True), DataOptions.original(
        ngram=2, replace_by_any_piece=False)], ids=range(4))
def test_the_numbers_of_the_pieces_make_no_difference(rng, options):
    """Special ones need not come first, nor in this order; some pieces are marked."""
    V, ids = len(PIECES), text_of_words(rng, 6, 24)
    marks = V * (rng.random(ids.shape) < 0.2)
    for seed in range(5):
        name = rng.permutation(V)
        masked, labels = mask_batch(ids + marks, TOKENIZER, options, np.random.default_rng(seed))
        other, other_labels = mask_batch(name[ids] + marks, renamed(TOKENIZER, name), options,
                                         np.random.default_rng(seed))
        assert (other == name[masked]).all()
        assert (other_labels == np.where(labels == -100, -100, name[labels.clip(0)])).all()


def test_an_ngram_that_is_given_up_takes_nothing_away():
    """The last of three words is chosen, two from the second on are not, then the first two are.

    In the other row one word is chosen after the other.
    """
    drawn = iter([[[0.3, 0.2, 0.1, 0], [0.1, 0.2, 0.3, 0]], [0, 0], [0.9, 0], [0.9, 0]])
    rng = SimpleNamespace(random=lambda size: np.array(next(drawn)))    # the order; n, three times
    options = DataOptions(ngram=2)
    chosen = choose_by_place(Ngrams(np.tile([5, 6, 5], (2, 1)), TOKENIZER, options),
                             np.array([3, 3]), options, rng)
    assert by_row(chosen, 3) == {0: [(2, 3, 1), (0, 2, 2)], 1: [(0, 1, 1), (1, 2, 1), (2, 3, 1)]}


def test_what_is_struck_out(rng):
    """An n-gram that overlaps the positions cannot be chosen any more; its neighbours can."""
    ngrams = Ngrams(text_of_words(rng, 2, 24), TOKENIZER, DataOptions())
    before = ngrams.open_sizes.copy()
    start, stop = np.array([5, 25 + 3]), np.array([9, 0])                 # nothing of row 1
    ngrams.strike_out(start, stop)
    overlaps = (ngrams.positions < 9) & (ngrams.ends > 5)
    overlaps[:, 1] = False
    assert 0 < overlaps.sum() < overlaps.size and (ngrams.sizes == before).all()
    assert (ngrams.open_sizes[overlaps] > 48).all()
    assert (ngrams.open_sizes == before)[~overlaps].all()


WITHOUT_SPECIAL = np.tile([7, 6, 5, 6, 5], (3, 1))


def test_ngrams_at_the_ends_of_a_text_without_special_tokens():
    """At the last positions no n-gram of two words begins; at the first a word does, always."""
    sizes = Ngrams(WITHOUT_SPECIAL, TOKENIZER, DataOptions()).sizes
    assert (sizes <= 5).sum(axis=2).tolist() == [[5] * 3, [4] * 3, [3] * 3]


def test_a_text_without_special_tokens_is_masked_to_its_end():
    ids = WITHOUT_SPECIAL
    for seed in range(10):
        for longest, by_place in ((1, False), (3, False), (1, True)):
            options = DataOptions(masked_lm_prob=1, ngrams_by_place=by_place, ngram=longest)
            labels = mask_batch(ids, TOKENIZER, options, np.random.default_rng(seed))[1]
            assert (labels == ids).all()


@pytest.mark.parametrize("share, limit, expected", [
    (0.15, None, [1, 1, 2, 3]), (0.15, 2, [1, 1, 2, 2]), (0.15, 1, [1, 1, 1, 1]),
    (0.5, None, [1, 3, 6, 10]), (0, None, [0, 0, 0, 0]), (0, 3, [0, 0, 0, 0]),
    (1, None, [1, 6, 13, 20]), (0.01, 20, [1, 1, 1, 1])])
def test_how_many_pieces_are_chosen(share, limit, expected):
    """15 % of 1, 6, 13 and 20 tokens are 0.15, 0.9, 1.95 and 3."""
    ids = np.where(np.arange(20) < np.array([1, 6, 13, 20])[:, None], 5, PAD)
    options = DataOptions(masked_lm_prob=share, max_predictions_per_seq=limit)
    budget = prediction_budget(ids, TOKENIZER, options)
    assert budget.tolist() == expected and np.issubdtype(budget.dtype, np.integer)


class Prepared:
    """A generator whose numbers are written down."""

    def __init__(self, numbers):
        self.numbers = np.array(numbers)

    def random(self, size):
        return self.numbers.reshape(size)

    def integers(self, high, size):
        return np.full(size, high - 1)


def test_where_one_outcome_ends_and_the_next_begins():
    """The lower end of an interval belongs to it, as for `rng.random` itself."""
    assert draw_lengths(5, np.array([0.5, 0.25, 0.25]), Prepared([0, 0.49, 0.5, 0.75, 0.99])
                        ).tolist() == [1, 1, 2, 3, 3]
    ids, chosen = np.array([5, 6, 5, 6, 5, 6]), np.array([True] * 5 + [False])
    u, special = Prepared([0, 0.79, 0.8, 0.9, 0.99]), len(PIECES) - 1
    tokenizer = SimpleNamespace(**{**vars(TOKENIZER), "ordinary_ids": np.arange(5, special)})
    for any_piece, drawn in ((False, special - 1), (True, special)):
        options = DataOptions(replace_by_any_piece=any_piece)
        assert replace_chosen(ids, chosen, tokenizer, options, u).tolist() == [
            MASK, MASK, drawn, 6, 5, 6]


@pytest.mark.parametrize("size, dtype", [(128, np.int8), (129, np.int64)])
def test_the_type_holds_every_piece_of_the_vocabulary(size, dtype):
    tokenizer = SimpleNamespace(**{**vars(TOKENIZER), "is_word_start": np.ones(size, bool)})
    ids = np.full((2, 9), 5, np.int8)
    assert mask_batch(ids, tokenizer, DataOptions(), np.random.default_rng(0))[0].dtype == dtype
