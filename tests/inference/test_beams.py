"""All that a beam search finds, beside a plain search that is written here.

The probabilities are drawn; their logarithms are whole numbers of 32nds. So sums are exact, and
many beginnings are equally good.
"""

import itertools
import types

import numpy as np
import pytest

from albert_np.gradcheck.one_check import small_config
from albert_np.inference.translation import beam_search, decoding, greedy_decode

CONFIG = small_config(max_position_embeddings=40)
V, SEP = CONFIG.vocab_size, CONFIG.eos_token_id
MODEL = types.SimpleNamespace(config=CONFIG)


def drawn(seed, source, target, worst):
    """Log-probabilities of the next piece: any numbers, but the same for the same beginning.

    With each piece the next one becomes more certain, so that long targets can overtake short ones.
    """
    rng = np.random.default_rng([seed, len(source), *target])
    log_p = -(rng.integers(1, worst, V) >> len(target)) / 8
    log_p[SEP] /= 4                                                        # so that targets end
    log_p[[CONFIG.pad_token_id, CONFIG.bos_token_id]] = -np.inf
    return log_p


def plain_search(log_p, beams, room, alpha):
    """Keep the K best beginnings; stop when they are as long as may be, and not before."""
    live, finished, cut = [((), 0.0)], [], []

    def add(found, pieces, total, ended):
        found.append((list(pieces), total, total / (len(pieces) + ended)**alpha, ended))

    while live:
        going_on = [(pieces, piece, total + step) for pieces, total in live
                    for piece, step in enumerate(log_p(pieces)) if step > -np.inf]
        going_on.sort(key=lambda one: -one[2])                  # of equal ones the first remains
        ends = {pieces: total for pieces, piece, total in going_on[:beams] if piece == SEP}
        for pieces, total in ends.items():
            add(finished, pieces, total, True)
        if len(live[0][0]) == room:
            for pieces, total in live:
                if pieces not in ends:
                    add(cut, pieces, total, False)
            break
        live = [((*pieces, piece), total) for pieces, piece, total in going_on
                if piece != SEP][:beams]
    finished, cut = (sorted(found, key=lambda one: -one[2]) for found in (finished, cut))
    return [*finished, *cut][:beams]


def as_tuples(found):
    return [(h.pieces, h.log_probability, h.score, h.finished) for h in found]


@pytest.mark.parametrize("beams, room", [(1, 5), (2, 4), (3, 5), (5, 3), (9, 2)])
def test_the_whole_list_is_that_of_a_plain_search(monkeypatch, beams, room):
    """For six drawn tables of probabilities; every second one has many ties."""
    for seed, alpha in itertools.product(range(6), (0.0, 0.6, 1.0, 2.0)):
        def table(model, sources, targets, allowed, seed=seed):
            return np.array([drawn(seed, *one, (9, 80)[seed % 2])
                             for one in zip(sources, targets)])

        monkeypatch.setattr(decoding, "next_log_probabilities", table)
        sources = [[5], [5, 6, 7], [5, 6]]
        found = beam_search(MODEL, sources, beams, room, batch_size=2, length_penalty=alpha)
        for source, hypotheses in zip(sources, found):
            expected = plain_search(
                lambda pieces, source=source: table(None, [[2, *source, SEP]], [pieces], None)[0],
                beams, room, alpha)
            assert as_tuples(hypotheses) == expected, (seed, alpha, source)


def test_forbidden_pieces_share_nothing_and_the_others_all(monkeypatch):
    """With one piece to write, there are as many translations as lengths, not as many as beams."""
    allowed = np.isin(np.arange(V), [7, SEP])
    monkeypatch.setattr(decoding, "next_log_probabilities",
                        lambda model, sources, targets, given: np.array(
                            [np.where(given, -0.5 - len(target), -np.inf) for target in targets]))
    found, = beam_search(MODEL, [[5]], 9, 3, np.flatnonzero(~allowed), length_penalty=0.0)
    assert [h.pieces for h in found] == [[7] * n for n in range(4)]
    assert all(h.finished for h in found)


def test_of_equal_pieces_the_first_is_written(monkeypatch):
    monkeypatch.setattr(decoding, "next_log_probabilities",
                        lambda model, sources, targets, allowed: np.array(
                            [np.where(np.isin(np.arange(V), [SEP, 8, 12]), -1.0, -9.0)] *
                            len(targets)))
    assert greedy_decode(MODEL, [[5]])[0].pieces == []                     # [SEP] is before 8
    found, = beam_search(MODEL, [[5]], 3, 1, length_penalty=0.0)
    assert [h.pieces for h in found] == [[], [8], [12]]


def test_what_a_search_may_be_told_reaches_it(monkeypatch):
    """The least room counts: that of the target's length or that of the positions."""
    asked = []

    def table(model, sources, targets, allowed):
        asked.append((len(sources), max(map(len, targets)), np.flatnonzero(~allowed).tolist()))
        return np.array([np.where(np.arange(V) == SEP, -99.0, -1.0)] * len(targets))

    monkeypatch.setattr(decoding, "next_log_probabilities", table)
    special = [CONFIG.pad_token_id, CONFIG.bos_token_id]
    for sources, options, rows, longest in (
            ([[5]] * 5, dict(beams=1), 5, 37), ([[5]] * 5, dict(beams=1, batch_size=2), 2, 37),
            ([[5] * 30], dict(beams=3), 3, 8), ([[5]] * 2, dict(max_target_length=4), 8, 4)):
        asked.clear()
        beam_search(MODEL, sources, forbidden=[9], **options)
        assert max(count for count, _, _ in asked) == rows
        assert max(length for _, length, _ in asked) == longest
        assert all(given == [*special, 9] for _, _, given in asked)
    asked.clear()
    greedy_decode(MODEL, [[5]] * 5, 3, [9, 11], 2)
    assert [count for count, _, _ in asked] == [2] * 8 + [1] * 4
    assert all(given == [*special, 9, 11] for _, _, given in asked)


def test_what_a_search_takes_if_it_is_not_told(monkeypatch):
    """Four beams of at most 64 pieces, scored by the mean; a greedy one is scored by the sum."""
    monkeypatch.setattr(decoding, "next_log_probabilities",
                        lambda model, sources, targets, allowed: np.array(
                            [np.where(np.arange(V) == SEP, -999.0, -2.0)] * len(targets)))
    model = types.SimpleNamespace(config=small_config(max_position_embeddings=100))
    found, = beam_search(model, [[5]])
    best, = greedy_decode(model, [[5]])
    assert [(len(h.pieces), h.log_probability, h.score) for h in found] == [(64, -128, -2)] * 4
    assert (len(best.pieces), best.log_probability, best.score) == (64, -128, -128)


@pytest.mark.parametrize("beams", [1, 2, 4])
def test_a_list_is_sorted_and_holds_no_translation_twice(monkeypatch, beams):
    monkeypatch.setattr(decoding, "next_log_probabilities",
                        lambda model, sources, targets, allowed: np.array(
                            [drawn(1, *one, 9) for one in zip(sources, targets)]))
    for hypotheses in beam_search(MODEL, [[5], [6, 7], [5] * 35], beams, 4):
        assert len(hypotheses) == beams
        ended = [h.finished for h in hypotheses]
        assert ended == sorted(ended, reverse=True)
        for one, two in itertools.combinations(hypotheses, 2):
            assert (one.pieces, one.finished) != (two.pieces, two.finished)
            assert one.score >= two.score or one.finished > two.finished
