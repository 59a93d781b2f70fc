"""The package's data against the rules restated in plain Python: the same statistics.

Both make instances of the same documents, many times over. For every statistic the share of each
of its values is compared. The sampling error of a share is estimated from the passes over each
document: draws of different passes and documents are independent of each other, those within one
are not. Values may differ by five standard errors, which chance does once in two million.
"""

import random
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest
from restated_rules import CLS, MASK, PAD, SEP, UNK, begins_word, cut_document, mask

from albert_np.text import DataOptions, mask_batch
from albert_np.text.batches import lay_out
from albert_np.text.masking import Ngrams, choose_by_length, choose_by_place, prediction_budget
from albert_np.text.segments import segment_spans
from albert_np.text.tokenizer import starts_word

T = 32
PIECES = (["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"] + [f"▁{c}" for c in "abcdefghijklmnop"]
          + [f"{c}e" for c in "bcdfghjklmn"] + ["'s", "'t", "n>", "x,y"] + list("789,.'") + ["é"])
V = len(PIECES)
TOKENIZER = SimpleNamespace(
    pad_token_id=PAD, unk_token_id=UNK, cls_token_id=CLS, sep_token_id=SEP, mask_token_id=MASK,
    special_ids=np.arange(5), ordinary_ids=np.arange(5, V), pieces=PIECES,
    is_word_start=np.array([starts_word(piece) for piece in PIECES]))

QUIRKS = ["overfull_chunks", "single_sentence_negatives", "ngrams_across_sep", "ngrams_by_place",
          "mask_unknown", "replace_by_any_piece", "original_word_starts"]
CASES = {"no quirks": DataOptions(max_seq_length=T),
         "original": DataOptions.original(max_seq_length=T, max_predictions_per_seq=4),
         "original, next sentence": DataOptions.original(max_seq_length=T,
                                                         random_next_sentence=True),
         **{quirk: DataOptions(max_seq_length=T, **{quirk: True}) for quirk in QUIRKS},
         "nsp": DataOptions(max_seq_length=T, sentence_task="nsp"),
         "none": DataOptions(max_seq_length=T, sentence_task="none", random_start=False,
                             masked_lm_prob=0.05, short_seq_prob=0.5),
         "beginnings_only": DataOptions(max_seq_length=T, beginnings_only=True),
         "longer n-grams": DataOptions(max_seq_length=T, favor_shorter_ngram=False),
         "no whole words": DataOptions(max_seq_length=T, do_whole_word_mask=False,
                                       short_seq_prob=0.5),
         "permutation": DataOptions(max_seq_length=T, do_permutation=True, ngram=2),
         "original, permutation": DataOptions.original(max_seq_length=T, do_permutation=True,
                                                       masked_lm_prob=0.25),
         **{f"original without {quirk}": DataOptions.original(max_seq_length=T, **{quirk: False})
            for quirk in QUIRKS}}


@lru_cache(maxsize=1)
def corpus():
    """Five hundred documents of 1 to 7 sentences of 1 to 20 pieces, some long, some unknown."""
    rng = np.random.default_rng(1)
    share = np.full(V, 1.0)
    share[:5] = [0, 1.5, 0, 0, 0]                       # 3 % are <unk>
    share[5:21] = 2
    documents = []
    for _ in range(500):
        lengths = rng.integers(1, 21, size=rng.integers(1, 8))
        lengths[rng.random(len(lengths)) < 0.05] = 40
        documents.append([rng.choice(V, n, p=share / share.sum()) for n in lengths])
    return documents


# ------------------------------------------------------------------ the two sides

def of_package(options, passes, seed):
    """Instances of the package, pass after pass.

    Returns
    -------
    spans : int array (N, 5); (a, a_stop, b, b_stop, label) as places in the text
    ids, hidden, labels : int arrays (N, T); before and after masking
    replaced : bool array (N, T); the pieces of the chosen n-grams, without those permuted
    ngrams : int array (K, 4); (instance, words, pieces, whether it reaches across [SEP])
    number : int array (N,); of the pass
    """
    rng = np.random.default_rng(seed)
    parts, instances = [], 0
    for number in range(passes):
        pieces, spans = segment_spans(corpus(), options, rng)
        ids = lay_out(pieces, spans, TOKENIZER, T)["input_ids"]
        state = rng.bit_generator.state
        hidden, labels = mask_batch(ids, TOKENIZER, options, rng)
        # The same draws once more, to see the n-grams that mask_batch chose.
        rng_again = np.random.default_rng()
        rng_again.bit_generator.state = state
        ngrams = Ngrams(ids, TOKENIZER, options)
        choose = choose_by_place if options.ngrams_by_place else choose_by_length
        budget = prediction_budget(ids, TOKENIZER, options)
        start, stop, n = choose(ngrams, budget, options, rng_again)
        replaced = ngrams.covered_by((start, stop, n))
        assert (replaced <= (labels != -100)).all()
        assert options.do_permutation or (replaced == (labels != -100)).all()
        row, start = np.divmod(start, T + 1)
        stop -= row * (T + 1)
        pieces_so_far = replaced.cumsum(axis=1)
        size = pieces_so_far[row, stop - 1] - pieces_so_far[row, start] + 1
        # Behind the last piece of an n-gram there may be [SEP], where the next word begins later.
        last = np.maximum.accumulate(np.where(replaced, np.arange(T), -1), axis=1)[row, stop - 1]
        segment = np.cumsum(ids == SEP, axis=1)
        crosses = segment[row, last] > segment[row, start]
        parts.append((spans, ids, hidden, labels, replaced,
                      np.stack([row + instances, n, size, crosses], axis=1),
                      np.full(len(ids), number)))
        instances += len(ids)
    return tuple(map(np.concatenate, zip(*parts)))


def of_rules(options, passes, seed):
    """The same of the restated rules."""
    rng = random.Random(seed)
    starts = [begins_word(piece, options) for piece in PIECES]
    text, documents = [], []                            # documents of places in the text
    for document in corpus():
        documents.append([])
        for sentence in document:
            documents[-1].append(list(range(len(text), len(text) + len(sentence))))
            text += sentence.tolist()
    instances, ngrams = [], []
    for number in range(passes):
        for d in range(len(documents)):
            for a, b, label in cut_document(d, documents, options, rng):
                ids = [CLS, *(text[t] for t in a), SEP, *(text[t] for t in b), SEP]
                hidden, labels, chosen = mask(ids, starts, options, rng)
                replaced = [False] * T
                for n, ngram in chosen:
                    ngrams.append((len(instances), n, len(ngram), ngram[0] <= len(a) < ngram[-1]))
                    for t in ngram:
                        replaced[t] = True
                rest = T - len(ids)
                instances.append(((a[0], a[-1] + 1, b[0], b[-1] + 1, label), ids + [PAD] * rest,
                                  hidden + [PAD] * rest, labels + [-100] * rest, replaced, number))
    *arrays, number = map(np.array, zip(*instances))
    return *arrays, np.array(ngrams), number


# ------------------------------------------------------------------ statistics

def statistics(instances, passes):
    """For each statistic, how often each value occurred: {name: (values, counts)}.

    The values are those that occurred; counts is an array (values, passes, documents).
    """
    documents = corpus()
    D = len(documents)
    bounds = np.cumsum([0, *(len(sentence) for document in documents for sentence in document)])
    document_bounds = np.cumsum([0, *(sum(map(len, document)) for document in documents)])
    tables = {}

    def count(name, unit, *values):
        """One event for each entry; unit: of which pass and document; values: one or two."""
        code = np.zeros(len(unit), int)
        for value in values:
            code = code * 500 + np.asarray(value, int) + 101                # labels may be -100
        values = np.flatnonzero(np.bincount(code))
        index = np.zeros(code.max(initial=0) + 1, int)
        index[values] = np.arange(len(values))
        counts = np.bincount(index[code] * (passes * D) + unit, minlength=len(values) * passes * D)
        tables[name] = values.tolist(), counts.reshape(len(values), passes, D)

    spans, ids, hidden, labels, replaced, ngrams, number = instances
    masked, length = labels != -100, (ids != PAD).sum(axis=1)
    moved = masked & ~replaced
    assert (labels[masked] == ids[masked]).all()
    assert (hidden[~masked] == ids[~masked]).all()
    assert (np.sort(np.where(moved, ids, 0)) == np.sort(np.where(moved, hidden, 0))).all()

    a, a_stop, b, b_stop, label = spans.T
    own, other = (np.searchsorted(document_bounds, x, side="right") - 1 for x in (a, b))
    unit = number * D + own
    kind = np.where(own != other, 2, a > b)             # in order, swapped, another document
    count("instances of a document", np.arange(passes * D),
          np.bincount(unit, minlength=passes * D))
    count("label and kind", unit, label, kind)
    count("length of A, kind", unit, a_stop - a, kind)
    count("length of B, kind", unit, b_stop - b, kind)
    count("both lengths", unit, a_stop - a + b_stop - b)
    count("whole sentences", unit, sum(2**i * np.isin(x, bounds)
                                       for i, x in enumerate((a, a_stop, b, b_stop))))
    count("sentence where A begins", unit,
          np.searchsorted(bounds, a) - np.searchsorted(bounds, document_bounds[own]))

    count("predictions, length", unit, masked.sum(axis=1), length)
    count("replaced", unit, replaced.sum(axis=1))
    row, n, size, crosses = ngrams.T
    count("words of an n-gram", unit[row], n)
    count("pieces of an n-gram", unit[row], size)
    count("n-gram across [SEP]", unit[row], crosses)
    count("n-grams of an instance", unit, np.bincount(row, minlength=len(unit)))
    row, t = np.nonzero(ids != PAD)
    count("masked at the position", unit[row], t, masked[row, t])
    count("masked, piece", unit[row], ids[row, t], masked[row, t])
    row, t = np.nonzero(replaced)
    new = np.select([hidden[row, t] == MASK, hidden[row, t] == ids[row, t]], [0, 1], 2)
    count("replacement", unit[row], new)
    count("random piece", unit[row][new == 2], hidden[row, t][new == 2])
    row, t = np.nonzero(moved)
    count("permuted piece stays", unit[row], hidden[row, t] == ids[row, t])
    return tables


def largest_difference(first, second, rare=100):
    """The largest difference of two shares, in standard errors, and what differs.

    The share of a value is X / M, the sums over passes and documents of x, how often it occurred,
    and of m, how often anything did. To first order it errs by the sum of e = x - (X / M) m,
    divided by M. The documents are given; only passes vary, so the variance of the sum is the sum
    over documents of (number of passes) times the variance of e between the passes. Values that
    occurred less than `rare` times are counted together.
    """
    worst, what = 0.0, "nothing"
    for name in first:
        values = sorted({*first[name][0], *second[name][0]})
        shares, variances = [], []
        often = sum(_aligned(tables[name], values).sum(axis=(1, 2))
                    for tables in (first, second)) >= rare
        for tables in (first, second):
            counts = _aligned(tables[name], values)                 # (values, passes, documents)
            counts = np.concatenate([counts[often], counts[~often].sum(axis=0)[None]])
            m = counts.sum(axis=0)
            M = max(m.sum(), 1)
            share = counts.sum(axis=(1, 2)) / M
            e = counts - share[:, None, None] * m
            shares.append(share)
            variances.append(counts.shape[1] * e.var(axis=1, ddof=1).sum(axis=1) / M**2)
        difference, error = abs(shares[0] - shares[1]), np.sqrt(sum(variances))
        z = difference / np.maximum(error, 1e-9)
        if z.max() > worst:
            i = int(z.argmax())
            value = ([v for v, o in zip(values, often) if o] + ["rare ones"])[i]
            worst = z[i]
            what = f"{name}, {value}: {shares[0][i]:.5f} and {shares[1][i]:.5f}"
    return worst, what


def _aligned(table, values):
    known, counts = table
    aligned = np.zeros((len(values), *counts.shape[1:]))
    aligned[np.searchsorted(values, known)] = counts
    return aligned


def passes_for(instances, options):
    """How many passes over the documents give at least so many instances."""
    _, spans = segment_spans(corpus(), options, np.random.default_rng(0))
    return max(10, int(1.03 * instances / len(spans)) + 1)


def compare(options, instances):
    passes = passes_for(instances, options)
    first, second = of_package(options, passes, 11), of_rules(options, passes, 22)
    assert min(len(first[0]), len(second[0])) >= instances
    z, what = largest_difference(statistics(first, passes), statistics(second, passes))
    assert z < 5, f"{what} ({z:.1f} standard errors)"


# ------------------------------------------------------------------ tests

@pytest.mark.slow
@pytest.mark.parametrize("case", ["no quirks", "original"])
def test_eight_thousand_instances(case):
    compare(CASES[case], 8_000)


@pytest.mark.thorough
@pytest.mark.parametrize("case", CASES)
def test_hundred_thousand_instances(case):
    compare(CASES[case], 100_000)


@pytest.mark.slow
@pytest.mark.parametrize("quirk", QUIRKS)
def test_comparison_tells_each_quirk(quirk):
    """A difference between the two sides would be found, and no quirk is without effect."""
    passes = 12
    tables = [statistics(of_package(DataOptions(max_seq_length=T, **{quirk: switch}), passes, seed),
                         passes) for switch, seed in ((False, 1), (True, 2))]
    assert largest_difference(*tables)[0] > 10
