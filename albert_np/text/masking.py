"""Choosing what the masked-language model has to guess."""

import numpy as np

NO_LABEL = -100


def mask_tokens(input_ids, tokenizer, rng, masked_lm_prob=0.15, max_ngram=3,
                max_predictions_per_seq=None):
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
    masked_ids, labels = mask_batch(input_ids[None], tokenizer, rng, masked_lm_prob, max_ngram,
                                    max_predictions_per_seq)
    return masked_ids[0], labels[0]


def mask_batch(input_ids, tokenizer, rng, masked_lm_prob=0.15, max_ngram=3,
               max_predictions_per_seq=None):
    """Hide n-grams of whole words and remember what they were.

    In every sequence 15 % of the tokens (not counting padding) are chosen, as n-grams of whole
    words. Of the chosen pieces, each on its own, 80 % become [MASK], 10 % stay what they are, and
    10 % become a random piece.

    Special tokens are never chosen, nor a word with an unknown piece in it; n-grams do not reach
    across [SEP]; the random piece is never a special token. (The original allows all but the
    first.)

    Parameters
    ----------
    input_ids : int array (B, T)
    tokenizer : AlbertTokenizer
        Only its attributes is_word_start, special_ids, ordinary_ids, unk_token_id, mask_token_id
        and pad_token_id are read.
    rng : np.random.Generator
    masked_lm_prob : float
    max_ngram : int
        The longest n-gram; 1 gives plain whole-word masking.
    max_predictions_per_seq : int, optional
        An upper limit. The original has 20, which is 4 % of a sequence of 512 tokens.

    Returns
    -------
    masked_ids : int array (B, T), of the dtype of `input_ids`
    labels : int64 array (B, T)
        The original id where a piece was chosen, -100 elsewhere.

    Raises
    ------
    ValueError
        An argument has the wrong shape, type or range.

    References
    ----------
    Lan et al. 2020, section 4.1, eq. 3; google-research/albert, create_pretraining_data.py,
    create_masked_lm_predictions.
    """
    input_ids = np.asarray(input_ids)
    _check(input_ids, masked_lm_prob, max_ngram, max_predictions_per_seq)

    sizes = ngram_sizes(input_ids, tokenizer, max_ngram)                      # (B, max_ngram, T)
    lengths = (input_ids != tokenizer.pad_token_id).sum(axis=1)
    chosen = np.zeros(input_ids.shape, bool)
    for b in range(len(input_ids)):
        budget = max(1, round(int(lengths[b]) * masked_lm_prob))
        if max_predictions_per_seq is not None:
            budget = min(budget, max_predictions_per_seq)
        for start, stop, _ in choose_ngrams(sizes[b], budget, rng):
            chosen[b, start:stop] = True

    labels = np.where(chosen, input_ids, NO_LABEL).astype(np.int64)
    return replace_chosen(input_ids, chosen, tokenizer, rng), labels


def ngram_sizes(input_ids, tokenizer, max_ngram=3):
    """How many pieces the n-gram of whole words has that begins at each position.

    Parameters
    ----------
    input_ids : int array (B, T)
    tokenizer, max_ngram : as in `mask_batch`

    Returns
    -------
    int array (B, max_ngram, T)
        Row n - 1 holds the sizes of the n-grams of n words. T + 1, more than there is, where no
        such n-gram begins.
    """
    B, T = input_ids.shape
    special = np.isin(input_ids, tokenizer.special_ids)
    starts = tokenizer.is_word_start[input_ids] | special
    # What follows [CLS] or [SEP] is a word, or what truncation left of one. But what follows <unk>
    # is the rest of the word that <unk> began, and that word as a whole is left alone.
    starts[:, 1:] |= special[:, :-1] & (input_ids[:, :-1] != tokenizer.unk_token_id)
    starts[:, 0] = True

    # next_start[b, t]: the first start at t or later; T where there is none.
    next_start = np.full((B, T + 1), T)
    next_start[:, :T] = np.where(starts, np.arange(T), T)
    next_start = np.minimum.accumulate(next_start[:, ::-1], axis=1)[:, ::-1]

    # word_end[b, t]: where the word that begins at t ends. T + 1 stands for "no word begins here",
    # and leads to itself, so that the chain of words below stops there.
    word_end = np.full((B, T + 2), T + 1)
    word_end[:, :T] = np.where(starts & ~special, next_start[:, 1:], T + 1)

    sizes = np.empty((B, max_ngram, T), int)
    end = np.broadcast_to(np.arange(T), (B, T))
    for n in range(max_ngram):
        end = np.take_along_axis(word_end, end, axis=1)                       # one word further
        sizes[:, n] = np.where(end <= T, end - np.arange(T), T + 1)
    return sizes


def choose_ngrams(sizes, budget, rng):
    """Choose n-grams of one sequence that do not overlap, until the budget is used up.

    The length n is drawn first, then one of the places where such an n-gram still fits, all with
    equal probability. Only where there is no place for it, a shorter one is tried: so the lengths
    are as in `draw_ngram_length` until near the end of the budget, where only short ones fit.

    Parameters
    ----------
    sizes : int array (max_ngram, T)
        From `ngram_sizes`.
    budget : int
        How many pieces may be chosen.
    rng : np.random.Generator

    Returns
    -------
    list of (start, stop, n)
        The n words of an n-gram are the pieces ``start`` to ``stop - 1``.
    """
    max_ngram, T = sizes.shape
    sizes = sizes.copy()                                  # n-grams that get covered are struck out
    ends = sizes + np.arange(T)
    ngrams = []
    while budget > 0:
        n = min(draw_ngram_length(rng, max_ngram), budget)        # n words have n pieces or more
        places = np.flatnonzero(sizes[n - 1] <= budget)
        while len(places) == 0 and n > 1:
            n -= 1
            places = np.flatnonzero(sizes[n - 1] <= budget)
        if len(places) == 0:
            break
        start = int(places[int(rng.random() * len(places))])
        stop = int(ends[n - 1, start])
        ngrams.append((start, stop, n))
        budget -= stop - start
        # Overlapping n-grams begin before this one ends and end after it begins.
        sizes[:, :stop][ends[:, :stop] > start] = T + 1
    return ngrams


def draw_ngram_length(rng, max_ngram=3):
    """Draw n from 1 to max_ngram with probability proportional to 1/n.

    For max_ngram = 3 these are 6/11, 3/11 and 2/11.

    Parameters
    ----------
    rng : np.random.Generator
    max_ngram : int

    Returns
    -------
    int

    References
    ----------
    Lan et al. 2020, eq. 3.
    """
    total = sum(1 / n for n in range(1, max_ngram + 1))
    u = rng.random() * total
    for n in range(1, max_ngram):
        u -= 1 / n
        if u < 0:
            return n
    return max_ngram


def replace_chosen(input_ids, chosen, tokenizer, rng):
    """Replace 80 % of the chosen pieces by [MASK] and 10 % by a random ordinary piece.

    Parameters
    ----------
    input_ids : int array (..., T)
    chosen : bool array (..., T)
    tokenizer, rng : as in `mask_batch`

    Returns
    -------
    int array (..., T), a copy of the dtype of `input_ids`
    """
    masked_ids = input_ids.copy()
    M = np.count_nonzero(chosen)
    u = rng.random(M)
    random_ids = tokenizer.ordinary_ids[rng.integers(len(tokenizer.ordinary_ids), size=M)]
    masked_ids[chosen] = np.where(u < 0.8, tokenizer.mask_token_id,
                                  np.where(u < 0.9, random_ids, input_ids[chosen]))
    return masked_ids


def _check(input_ids, masked_lm_prob, max_ngram, max_predictions_per_seq):
    if input_ids.ndim != 2 or not np.issubdtype(input_ids.dtype, np.integer):
        raise ValueError(f"input_ids must be integers of the shape (B, T), not {input_ids.dtype} "
                         f"of the shape {input_ids.shape}.")
    if not 0 < masked_lm_prob <= 1:
        raise ValueError(f"masked_lm_prob must be above 0 and at most 1, not {masked_lm_prob}.")
    if max_ngram < 1:
        raise ValueError(f"max_ngram must be at least 1, not {max_ngram}.")
    if max_predictions_per_seq is not None and max_predictions_per_seq < 1:
        raise ValueError(f"max_predictions_per_seq must be at least 1 or None, not "
                         f"{max_predictions_per_seq}.")
