"""Choosing what the masked-language model has to guess."""

import string
from functools import lru_cache

import numpy as np

from ..functional import IGNORED
from .whole_words import unmark


def mask_tokens(input_ids, tokenizer, options, rng):
    """`mask_batch` for a single sequence.

    Parameters
    ----------
    input_ids : int array (T,)
    others : as in `mask_batch`

    Returns
    -------
    masked_ids : int array (T,)
    labels : int64 array (T,)
    """
    input_ids = np.asarray(input_ids)
    if input_ids.ndim != 1:
        raise ValueError(f"input_ids must have the shape (T,), not {input_ids.shape}; use "
                         "mask_batch for a batch.")
    masked_ids, labels = mask_batch(input_ids[None], tokenizer, options, rng)
    return masked_ids[0], labels[0]


def mask_batch(input_ids, tokenizer, options, rng):
    """Hide n-grams of whole words and remember what they were.

    In every sequence 15 % of the tokens (not counting padding) are chosen, as n-grams of whole
    words. Of the chosen pieces, each on its own, 80 % become [MASK], 10 % stay what they are, and
    10 % become a random piece.

    Special tokens are never chosen, nor a word with an unknown piece in it; n-grams do not reach
    across [SEP]; the random piece is never a special token. (The original allows all but the
    first, and so do the options.) With `ngrams_by_place` the original's way to choose is taken.
    With `do_permutation` as many other pieces are chosen, get a label, and are permuted.

    Parameters
    ----------
    input_ids : int array (B, T)
        Perhaps marked (`albert_np.text.whole_words`).
    tokenizer : AlbertTokenizer
        Only its attributes is_word_start, special_ids, ordinary_ids, unk_token_id, sep_token_id,
        mask_token_id and pad_token_id are read, and pieces for `original_word_starts`.
    options : DataOptions
    rng : np.random.Generator

    Returns
    -------
    masked_ids : int array (B, T)
        Of the dtype of `input_ids`, or int64 where that cannot hold every piece.
    labels : int64 array (B, T)
        The original id where a piece was chosen, -100 elsewhere.

    Raises
    ------
    ValueError
        `input_ids` has the wrong shape or type.

    References
    ----------
    Lan et al. 2020, section 4.1, eq. 3; google-research/albert, create_pretraining_data.py,
    create_masked_lm_predictions.
    """
    input_ids = np.asarray(input_ids)
    if input_ids.ndim != 2 or not np.issubdtype(input_ids.dtype, np.integer):
        raise ValueError(f"input_ids must be integers of the shape (B, T), not {input_ids.dtype} "
                         f"of the shape {input_ids.shape}.")
    dtype = input_ids.dtype
    if np.iinfo(dtype).max < len(tokenizer.is_word_start) - 1:
        dtype = np.int64
    # int64: an unsigned label could not be -100
    input_ids, continues = unmark(input_ids.astype(np.int64), len(tokenizer.is_word_start))
    ngrams = Ngrams(input_ids, tokenizer, options, continues)
    choose = choose_by_place if options.ngrams_by_place else choose_by_length
    budget = prediction_budget(input_ids, tokenizer, options)

    chosen = ngrams.covered_by(choose(ngrams, budget, options, rng))
    masked_ids = replace_chosen(input_ids, chosen, tokenizer, options, rng)
    if options.do_permutation:
        permuted = ngrams.covered_by(choose(ngrams, budget, options, rng))
        masked_ids = permute_chosen(masked_ids, permuted, rng)
        chosen |= permuted
    return masked_ids.astype(dtype, copy=False), np.where(chosen, input_ids, IGNORED)


def prediction_budget(input_ids, tokenizer, options):
    """How many pieces of each sequence may be chosen.

    Padding does not count. The share `masked_lm_prob` of the other pieces is rounded to the nearest
    whole number, and a half to the even one, as np.rint does. It is at least 1, unless the share
    is 0, and at most `max_predictions_per_seq`, if that is not None.

    Parameters
    ----------
    input_ids : int array (B, T)
    tokenizer, options : as in `mask_batch`

    Returns
    -------
    int array (B,)
    """
    lengths = (input_ids != tokenizer.pad_token_id).sum(axis=1)
    budget = np.rint(lengths * options.masked_lm_prob).astype(int)
    if options.masked_lm_prob > 0:
        budget = np.maximum(budget, 1)
    if options.max_predictions_per_seq is not None:
        budget = np.minimum(budget, options.max_predictions_per_seq)
    return budget


# ------------------------------------------------------------------ words and n-grams

class Ngrams:
    """All n-grams of whole words of a batch: where each ends, how many pieces it has.

    The rows of the batch are joined to one long sequence, with a <pad> behind each as a fence, and
    all positions are counted in it, from 0 to L - 1 with L = B (T + 1). An n-gram of every n may
    begin at each position, so what is known about them are arrays (N, B, T + 1), N being the
    longest n. A position where no n-gram of n words begins has L as its end, and more pieces than
    a budget allows.

    Parameters
    ----------
    input_ids : int array (B, T)
    tokenizer : AlbertTokenizer
    options : DataOptions
    continues : bool array (B, T), optional
        Pieces that go on a word for other reasons than those of the vocabulary.

    Attributes
    ----------
    ends : int array (N, B, T + 1)
        The position behind the n-gram's last piece.
    sizes : int array (N, B, T + 1)
        How many pieces it has.
    open_sizes : int array (N, B, T + 1)
        The same as long as it can be chosen; `strike_out` makes it larger than any budget.
    """

    def __init__(self, input_ids, tokenizer, options, continues=None):
        B, T = input_ids.shape
        ids = np.full((B, T + 1), tokenizer.pad_token_id)
        ids[:, :T] = input_ids
        ids = ids.ravel()                                                     # (L,)
        L = len(ids)
        barred, barrier, begins = _tables(tokenizer, options)                 # (V,) each
        # What follows a special token is a word, or what truncation left of one. But what follows
        # <unk> is the rest of the word that <unk> began, and that word as a whole is left alone.
        starts = begins[ids]
        if continues is not None and options.do_whole_word_mask:
            starts.reshape(B, T + 1)[:, :T] &= ~continues | barrier[input_ids]
        starts[1:] |= barrier[ids[:-1]] & (ids[:-1] != tokenizer.unk_token_id)
        starts[:1] = True

        # next_start[t]: the first start at t or later. word_end[t]: where the word ends that begins
        # at t; L stands for "no word begins here", and leads to itself, so that the chain of words
        # below stops there.
        next_start = np.minimum.accumulate(np.where(starts, np.arange(L), L)[::-1])[::-1]
        word_end = np.full(L + 1, L)
        word_end[:L - 1] = np.where(starts[:-1] & ~barrier[ids[:-1]], next_start[1:], L)
        pieces_before = np.full(L + 1, 2 * L)           # at L: too many, whatever the budget
        pieces_before[0] = 0
        np.cumsum(~barred[ids[:-1]], out=pieces_before[1:L])

        self.ends = np.empty((options.ngram, B, T + 1), int)
        end = np.arange(L)
        for n in range(options.ngram):
            end = word_end[end]                                               # one word further
            self.ends[n] = end.reshape(B, T + 1)
        self.sizes = pieces_before[self.ends] - pieces_before[:L].reshape(B, T + 1)
        self.open_sizes = self.sizes.copy()
        self.positions = np.arange(L).reshape(B, T + 1)
        self.maskable = ~barred[ids].reshape(B, T + 1)

    def strike_out(self, start, stop):
        """Nothing that overlaps start to stop - 1 can be chosen any more, for each row (B,).

        Overlapping n-grams begin before this one ends and end after it begins. Their `open_sizes`
        become larger than any budget. A row where stop is 0 loses none.

        Parameters
        ----------
        start, stop : int arrays (B,)
            Positions in the joined sequence, as in `positions` and `ends`.
        """
        overlaps = (self.positions < stop[:, None]) & (self.ends > start[:, None])
        self.open_sizes[overlaps] = 2 * self.ends.size

    def covered_by(self, chosen):
        """Which pieces lie in one of the chosen n-grams, none of which overlap (bool (B, T))."""
        start, stop, _ = chosen
        L = self.positions.size
        change = np.bincount(start, minlength=L) - np.bincount(stop, minlength=L)
        inside = change.cumsum().reshape(self.positions.shape) > 0
        return (inside & self.maskable)[:, :-1]


def _tables(tokenizer, options):
    """What the options say about each piece of the vocabulary.

    Parameters
    ----------
    tokenizer, options : as in `mask_batch`

    Returns
    -------
    barred : bool array (V,)
        It is never chosen: special pieces, and <unk> unless `mask_unknown`.
    barrier : bool array (V,)
        Neither is it, nor does an n-gram reach across it: what is barred, but with
        `ngrams_across_sep` not [SEP].
    begins : bool array (V,)
        It begins a word, or ends the one before it: the tokenizer's word starts (with
        `original_word_starts` those of `_original_word_starts`) and barriers; without
        `do_whole_word_mask` every piece. But with `ngrams_across_sep` [SEP] does not, and without
        it [SEP] does.
    """
    begins = tokenizer.is_word_start
    if options.original_word_starts:
        begins = _original_word_starts(tuple(tokenizer.pieces))
    barred = np.zeros(len(begins), bool)
    barred[tokenizer.special_ids] = True
    barred[tokenizer.unk_token_id] = not options.mask_unknown
    barrier = barred.copy()
    barrier[tokenizer.sep_token_id] = not options.ngrams_across_sep
    begins = begins | barrier if options.do_whole_word_mask else np.ones(len(begins), bool)
    begins[tokenizer.sep_token_id] = not options.ngrams_across_sep
    return barred, barrier, begins


@lru_cache(maxsize=4)
def _original_word_starts(pieces):
    """The original's rule, in which the marks ' < = > are no punctuation (bool array (V,)).

    A vocabulary of WordPiece has a rule of its own.
    """
    if not any(piece.startswith("▁") for piece in pieces):
        return np.array([not piece.startswith("##") for piece in pieces])
    go_on = set(string.ascii_lowercase + string.punctuation) - set("'<=>")
    return np.array([piece.startswith(("▁", "<"))
                     or (len(piece) == 1 and piece in string.punctuation)
                     or not set(piece.lower()) <= go_on for piece in pieces])


# ------------------------------------------------------------------ choosing

def ngram_probabilities(options):
    """The probabilities of n = 1 ... N: in proportion to 1/n, or the other way around.

    For N = 3 these are 6/11, 3/11 and 2/11; without `favor_shorter_ngram` 2/11, 3/11 and 6/11. N is
    the option `ngram`.

    Parameters
    ----------
    options : DataOptions

    Returns
    -------
    array (N,)

    References
    ----------
    Lan et al. 2020, eq. 3.
    """
    p = 1 / np.arange(1, options.ngram + 1)
    p /= p.sum()
    return p if options.favor_shorter_ngram else p[::-1]


def draw_lengths(count, p, rng):
    """Draw that many n (or a shape) from 1 ... N with the probabilities p (array (N,))."""
    return 1 + np.searchsorted(p.cumsum()[:-1], rng.random(count), side="right")


def choose_by_length(ngrams, budget, options, rng):
    """Choose n-grams that do not overlap, until the budget of each row is used up.

    The length n is drawn first, then one of the places where such an n-gram still fits, all with
    equal probability. Only where there is no place for it, a shorter one is tried: so the lengths
    are as in `ngram_probabilities` until near the end of the budget, where only short ones fit.

    All rows go on at the same time. Each place gets a random key, and of the places where an n-gram
    fits a row takes the one with the largest key. Keys need no second drawing: each n has its own,
    its places only become fewer, and the order of those that are left is as random as before.

    Parameters
    ----------
    ngrams : Ngrams
        What gets chosen is struck out.
    budget : int array (B,)
        How many pieces may be chosen.
    options : DataOptions
    rng : np.random.Generator

    Returns
    -------
    start, stop, n : int arrays (K,)
        The chosen n-grams of all rows, in no order: the n words are the pieces at the positions
        ``start`` to ``stop - 1``, as `Ngrams` counts them.
    """
    N, B, W = ngrams.sizes.shape
    sizes, ends = (array.reshape(N * B, W) for array in (ngrams.open_sizes, ngrams.ends))
    keys = rng.random((N * B, W))
    # As many n as a row can need, since every n-gram has a piece.
    lengths = draw_lengths((budget.max(initial=0) + 1, B), ngram_probabilities(options), rng)
    rows, left, used = np.arange(B), budget, np.zeros(B, int)
    n, chosen = lengths[0], []
    while True:
        n = np.maximum(np.minimum(n, left), 1)                # n words have n pieces or more
        plane = (n - 1) * B + rows
        fits = sizes.take(plane, axis=0) <= left[:, None]                     # (B, W)
        place = (fits * keys.take(plane, axis=0)).argmax(axis=1)
        size = sizes[plane, place]
        found = size <= left                                  # otherwise nothing fits
        start, stop = rows * W + place, ends[plane, place] * found
        left = left - size * found
        ngrams.strike_out(start, stop)
        chosen.append((start, stop, n, found))
        if not ((left > 0) & (found | (n > 1))).any():
            break
        used += found
        n = np.where(found, lengths[used, rows], n - 1)
    return _those_found(chosen)


def choose_by_place(ngrams, budget, options, rng):
    """Choose n-grams as the original does: the place first, then the length.

    Every row visits the words in random order. At each a length n is drawn, and as many words as
    that are taken, or fewer where the text ends or the budget demands it; but if one of them was
    chosen before, nothing is. A long n-gram fails more often, so these become rarer than
    `ngram_probabilities` says.

    Parameters
    ----------
    ngrams, budget, options, rng : as in `choose_by_length`

    Returns
    -------
    start, stop, n : as in `choose_by_length`
    """
    N, B, W = ngrams.sizes.shape
    rows, left, p = np.arange(B), budget, ngram_probabilities(options)
    no_word = ngrams.ends[0] == ngrams.positions.size
    order = (rng.random((B, W)) + no_word).argsort(axis=1)    # the words of each row come first
    chosen = []
    for place in order[:, :(~no_word).sum(axis=1).max(initial=0)].T:
        n = draw_lengths(B, p, rng)
        for _ in range(N - 1):
            n -= (n > 1) & (ngrams.sizes[n - 1, rows, place] > left)
        size = ngrams.open_sizes[n - 1, rows, place]
        found = size <= left
        if found.any():
            start, stop = rows * W + place, ngrams.ends[n - 1, rows, place] * found
            left = left - size * found
            ngrams.strike_out(start, stop)
            chosen.append((start, stop, n, found))
            if not left.any():
                break
    return _those_found(chosen)


def _those_found(chosen):
    if not chosen:
        return (np.zeros(0, int),) * 3
    *ngrams, found = (np.concatenate(arrays) for arrays in zip(*chosen))
    return tuple(array[found] for array in ngrams)


# ------------------------------------------------------------------ replacing

def replace_chosen(input_ids, chosen, tokenizer, options, rng):
    """Replace 80 % of the chosen pieces by [MASK] and 10 % by a random piece.

    Each chosen piece is drawn on its own. The random piece is one of the tokenizer's
    `ordinary_ids`, or with `replace_by_any_piece` any of the vocabulary.

    Parameters
    ----------
    input_ids : int array (..., T)
    chosen : bool array (..., T)
    tokenizer, options, rng : as in `mask_batch`

    Returns
    -------
    int array (..., T), a copy of the dtype of `input_ids`
    """
    masked_ids = input_ids.copy()
    M = np.count_nonzero(chosen)
    u = rng.random(M)
    if options.replace_by_any_piece:
        random_ids = rng.integers(len(tokenizer.is_word_start), size=M)
    else:
        random_ids = tokenizer.ordinary_ids[rng.integers(len(tokenizer.ordinary_ids), size=M)]
    masked_ids[chosen] = np.where(u < 0.8, tokenizer.mask_token_id,
                                  np.where(u < 0.9, random_ids, input_ids[chosen]))
    return masked_ids


def permute_chosen(input_ids, chosen, rng):
    """Put the chosen pieces of each row into a random order.

    Parameters
    ----------
    input_ids : int array (B, T)
    chosen : bool array (B, T)
    rng : np.random.Generator

    Returns
    -------
    int array (B, T), a copy
    """
    permuted_ids = input_ids.copy()
    row, t = np.nonzero(chosen)                                # (M,) each, one row after another
    order = np.lexsort((rng.random(len(row)), row))            # random within each row
    permuted_ids[row, t] = input_ids[row, t[order]]
    return permuted_ids
