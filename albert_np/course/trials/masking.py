"""Trials of masking: which pieces are chosen, and what takes their place.

What is drawn at random may be drawn in many ways, all of them right. Such functions are asked for
shares of many draws, in steps coarse enough that chance does not matter, and for what must hold at
every draw.
"""

from types import SimpleNamespace

import numpy as np

from ...text.data_options import DataOptions
from .random_inputs import Property, depends_on_generator, generator, near, refused

PAD, UNK, CLS, SEP, MASK = range(5)
SPELLINGS = ("▁and", "ing", "'s", ",", "é", "<b", "n't")


def vocabulary(draw, size=60):
    """A stand-in for a tokenizer: five special pieces, and others of which half begin a word."""
    starts = draw.rng.random(size) < 0.5
    starts[5:10] = True
    starts[:5] = True
    return SimpleNamespace(
        is_word_start=starts, special_ids=np.array([PAD, CLS, SEP, MASK]), unk_token_id=UNK,
        ordinary_ids=np.arange(5, size), pad_token_id=PAD, cls_token_id=CLS, sep_token_id=SEP,
        mask_token_id=MASK, pieces=[SPELLINGS[number % len(SPELLINGS)] for number in range(size)])


def _texts(draw, rows=30, T=40):
    """Rows ``[CLS] A [SEP] B [SEP]``, half of them padded."""
    ids = draw.integers(5, 60, rows, T)
    ids[:, 0], ids[:, 12], ids[:, -1] = CLS, SEP, SEP
    ids[::2, 25:] = PAD
    ids[::2, 24] = SEP
    return ids


def share(true, steps):
    """In steps of 1 / steps; -1 if there is nothing to take a share of."""
    return np.rint(np.mean(true) * steps) if np.size(true) else -1.0


def prediction_budget(f, draw):
    """Padding, the maximum, and the least."""
    ids, tokenizer = _texts(draw), vocabulary(draw)
    for what, options in [("", DataOptions()), (" with a maximum",
                                                DataOptions(max_predictions_per_seq=5)),
                          (" of a small share", DataOptions(masked_lm_prob=0.001)),
                          (" of a tenth", DataOptions(masked_lm_prob=0.1)),
                          (" of no share", DataOptions(masked_lm_prob=0.0))]:
        budget = f.prediction_budget(ids, tokenizer, options)
        yield f"the budget{what}", budget
    yield "whether they are integers", np.issubdtype(np.asarray(budget).dtype, np.integer)
    ids = draw.integers(5, 60, 30, 40)
    ids[np.arange(40) >= draw.integers(1, 41, 30)[:, None]] = PAD
    yield "the budget of other lengths, of a random share", f.prediction_budget(
        ids, tokenizer, DataOptions(masked_lm_prob=float(draw.rng.uniform(0.2, 0.7))))


def ngram_probabilities(f, draw):
    """For several lengths, and the other way around."""
    for n in (1, 3, int(draw.integers(4, 400))):
        yield f"p for N = {n}", f.ngram_probabilities(DataOptions(ngram=n))
    yield "p, long ones first", f.ngram_probabilities(DataOptions(favor_shorter_ngram=False))


def piece_tables(f, draw):
    """What may be masked, and where words begin."""
    tokenizer = vocabulary(draw)
    for what, options in [("", DataOptions()),
                          (" for pieces in place of words", DataOptions(do_whole_word_mask=False)),
                          (" if unknown pieces may be hidden", DataOptions(mask_unknown=True)),
                          (" if n-grams may span [SEP]", DataOptions(ngrams_across_sep=True)),
                          (" for pieces if n-grams may span [SEP]", DataOptions(
                              do_whole_word_mask=False, ngrams_across_sep=True)),
                          (" with the original's rule of where words begin", DataOptions(
                              original_word_starts=True))]:
        tables = f._tables(tokenizer, options)
        yield f"the tables{what}", dict(zip(("barred", "barrier", "begins"), tables))


def strike_out(f, draw):
    """Which n-grams are still open once some were chosen."""
    ids, tokenizer = _texts(draw, rows=4), vocabulary(draw)
    ngrams = f.Ngrams(ids, tokenizer, DataOptions())
    W = ids.shape[1] + 1
    rows = np.arange(len(ids)) * W
    first = draw.integers(3, 9, len(ids))
    before = ngrams.open_sizes.copy()
    ngrams.strike_out(rows + first, np.where(np.arange(len(ids)) == 2, 0, rows + first + 3))
    yield "which n-grams are struck out", ngrams.open_sizes > ids.size
    kept = ngrams.open_sizes <= ids.size
    yield "whether the others keep their sizes", bool(
        (ngrams.open_sizes[kept] == before[kept]).all())


def replace_chosen(f, draw):
    """80, 10 and 10 per cent."""
    tokenizer, options = vocabulary(draw), DataOptions()
    ids = draw.integers(5, 60, 150, 200)
    before, chosen = ids.copy(), draw.rng.random(ids.shape) < 0.7
    rng = np.random.default_rng(int(draw.integers(0, 2**31)))
    masked = f.replace_chosen(ids, chosen, tokenizer, options, rng)
    small = np.asarray(masked).astype(np.int16)                     # it is sent several times
    was, M = before[chosen], np.count_nonzero(chosen)
    half = M // 2

    def stays(masked):
        return bool((masked[~chosen] == before[~chosen]).all())

    def shares(masked):
        picked = masked[chosen]
        return {"[MASK]": share(picked == MASK, 20),
                "the same": share(picked == was, 20),
                "another piece": share((picked != MASK) & (picked != was), 20)}

    def is_special(masked):
        return bool(np.isin(masked[chosen], [PAD, UNK, CLS, SEP]).any())

    def hold_in_halves(masked):
        picked = masked[chosen]
        return {name: [near(true.mean(), p, half) for true in (hit[:half], hit[half:])]
                for name, hit, p in [("[MASK]", picked == MASK, 0.8), ("the same", picked == was,
                                                                      0.1 + 0.1 / 55)]}

    def are_independent(masked):
        picked = masked[chosen]
        return near(((picked[1:] == MASK) & (picked[:-1] == MASK)).mean(), 0.64, M / 3)

    def equally_often(masked):
        picked = masked[chosen]
        drawn = picked[(picked != MASK) & (picked != was)]
        counts = np.bincount(drawn, minlength=60)[5:]
        return near(counts / max(len(drawn), 1), 1 / 55, max(len(drawn), 1))

    yield "whether what was not chosen stays", Property(stays, small)
    yield "whether the input stays as it was", bool((ids == before).all())
    yield "the shares, in twentieths", Property(shares, small)
    yield "whether another special piece was put in", Property(is_special, small)
    yield "whether the shares hold in both halves of the batch", Property(hold_in_halves, small)
    yield ("whether neighbours are replaced independently of each other",
           Property(are_independent, small))
    yield ("whether each ordinary piece is put in equally often", Property(equally_often, small))
    yield "whether the result depends on the generator", depends_on_generator(
        lambda rng: f.replace_chosen(ids[:20], chosen[:20], tokenizer, options, rng), draw)
    anything = DataOptions(replace_by_any_piece=True)
    yield ("whether a special piece is put in where the options allow any piece", Property(
        is_special, np.asarray(f.replace_chosen(ids, chosen, tokenizer, anything, generator(draw))
                               ).astype(np.int16)))
    yield "the type of the ids", str(masked.dtype)
    yield "the ids if none is chosen", f.replace_chosen(
        ids[:3], np.zeros((3, 200), bool), tokenizer, options, generator(draw))


def permute_chosen(f, draw):
    """Every row keeps its pieces, and what was not chosen keeps its place."""
    ids = np.argsort(draw.rng.random((40, 30)), axis=1) + 5         # no two alike in a row
    ids += 100 * np.arange(40)[:, None]
    before, chosen = ids.copy(), draw.rng.random(ids.shape) < 0.5
    permuted = f.permute_chosen(ids, chosen, np.random.default_rng(int(draw.integers(0, 2**31))))
    yield "whether what was not chosen stays", Property(
        lambda permuted: bool((permuted[~chosen] == before[~chosen]).all()), permuted)
    yield "whether every row keeps its pieces", Property(lambda permuted: bool(
        (np.sort(permuted, axis=1) == np.sort(before, axis=1)).all()), permuted)
    yield "what was not chosen, and the pieces of each row in ascending order", Property(
        lambda permuted: {"not chosen": np.where(chosen, 0, permuted),
                          "in order": np.sort(permuted, axis=1)}, permuted)
    yield "the share of chosen pieces that moved, in quarters", Property(
        lambda permuted: share(permuted[chosen] != before[chosen], 4), permuted)
    yield "whether the input stays as it was", bool((ids == before).all())
    rows = np.arange(5, 25) + np.zeros((4000, 1), int)
    all_chosen = np.ones_like(rows, bool)
    placed = np.asarray(f.permute_chosen(rows, all_chosen, generator(draw)) - 5).astype(np.int16)
    yield "whether each piece comes to each place equally often", Property(
        lambda placed: near([(placed == piece).mean(axis=0) for piece in range(20)], 1 / 20, 4000),
        placed)
    yield "whether rows are permuted independently of each other", Property(
        lambda placed: near((placed[1:] == placed[:-1]).mean(), 1 / 20, 40_000), placed)
    yield "whether the order depends on the generator", depends_on_generator(
        lambda rng: f.permute_chosen(ids, chosen, rng), draw)


def mask_batch(f, draw):
    """The labels belong to what was hidden."""
    ids, tokenizer = _texts(draw, rows=80), vocabulary(draw)
    before = ids.copy()
    masked, labels = f.mask_batch(ids, tokenizer, DataOptions(),
                                  np.random.default_rng(int(draw.integers(0, 2**31))))
    yield "whether every label is the piece that stood there", Property(
        lambda labels: bool((labels == before)[labels != -100].all()), labels)
    yield "whether only labelled pieces changed", Property(
        lambda masked, labels: bool((masked == before)[labels == -100].all()), masked, labels)
    yield "the pieces, if every label is put back in its place", Property(
        lambda masked, labels: np.where(labels != -100, labels, masked), masked, labels)
    yield "whether a special piece was chosen", Property(
        lambda labels: bool((before[labels != -100] < 5).any()), labels)
    yield "how much of the text is labelled, in twentieths", Property(
        lambda labels: share((labels != -100)[before != PAD], 20), labels)
    yield "the type of the labels", str(labels.dtype)
    plain = DataOptions(do_permutation=True)
    masked, labels = f.mask_batch(ids, tokenizer, plain, generator(draw))
    yield "with permutation, whether only labelled pieces changed", Property(
        lambda masked, labels: bool((masked == before)[labels == -100].all()), masked, labels)
    yield "with permutation, whether a quarter of the labelled pieces are others", Property(
        lambda masked, labels: bool(((masked != before) & (masked != MASK))[labels != -100].mean()
                                    > 0.25), masked, labels)
    yield "whether ids of another shape or of another type are refused", [
        refused(f.mask_batch, wrong, tokenizer, plain, generator(draw))
        for wrong in (ids[0], ids.astype(float))]
    yield "whether the result depends on the generator", depends_on_generator(
        lambda rng: f.mask_batch(ids, tokenizer, plain, rng)[0], draw)
    large = vocabulary(draw, 300)
    yield "the types of ids and labels", {
        f"{name}, {len(known.pieces)} pieces": [str(array.dtype) for array in f.mask_batch(
            ids.astype(name), known, DataOptions(), generator(draw))]
        for name, known in [("int32", large), ("uint16", large), ("uint8", large), (
            "uint8", vocabulary(draw, 256)), ("uint8", vocabulary(draw, 257)), ("int8", tokenizer)]}
    _, labels = f.mask_batch(ids.astype(np.uint16), large, DataOptions(), generator(draw))
    yield "the labels of what was not chosen, for unsigned ids", np.unique(labels[labels < 0])
    goes_on = np.arange(2, 23, 2)                        # every second piece is marked as the rest
    marked = ids.copy()                                  # of a word (albert_np.text.whole_words)
    marked[:, goes_on] += 60 * (ids[:, goes_on] > SEP)
    masked, labels = f.mask_batch(marked, tokenizer, DataOptions(), generator(draw))
    yield "the pieces of marked ids, if every label is put back in its place", Property(
        lambda masked, labels: np.where(labels != -100, labels, masked), masked, labels)
    yield "whether a word of marked ids is chosen as a whole", Property(
        lambda labels: bool(((labels != -100)[:, goes_on] == (labels != -100)[:, goes_on - 1])[
            ids[:, goes_on] > SEP].all()), labels)
    everything = [f.mask_batch(ids, tokenizer, DataOptions(masked_lm_prob=1.0, ngrams_by_place=by),
                               generator(draw))[1] for by in (False, True)]
    yield "whether all words are chosen of a share of 1, by ngrams_by_place", Property(
        lambda *everything: [bool(np.mean(labels[before > SEP] != -100) > 0.97)
                             for labels in everything], *everything)
    yield "the most labels of a row with max_predictions_per_seq=2", Property(
        lambda labels: int((labels != -100).sum(axis=1).max()), f.mask_batch(
            ids, tokenizer, DataOptions(max_predictions_per_seq=2), generator(draw))[1])
