"""Translation at its borders: the shortest and the longest texts, odd settings, refused input."""

import numpy as np
import pytest

from albert_np import AlbertForMaskedLM
from albert_np.gradcheck.one_check import small_config
from albert_np.inference.translation import (beam_search, decoding, greedy_decode,
                                             next_piece_labels, prefix_lm_mask, translation_batch)

CLS, SEP, PAD = 2, 3, 0
CONFIG = small_config(max_position_embeddings=12)
V = CONFIG.vocab_size


@pytest.fixture
def model(translation_model):
    return translation_model


# ---- one batch -----------------------------------------------------------------------------------

def test_a_pair_as_long_as_the_positions_is_accepted():
    """5 pieces, 4 pieces and three special tokens."""
    batch = translation_batch([[7] * 5], [[8] * 4], CONFIG)
    assert batch["input_ids"].shape == (1, 12) and batch["labels"][0, -2] == SEP
    assert translation_batch([[7] * 5], [[8] * 4], CONFIG, 12)["input_ids"].shape == (1, 12)
    longer = translation_batch([[7] * 5], [[8] * 5], CONFIG, max_length=13)
    assert longer["input_ids"].shape == (1, 13)
    for options, most in (({}, 12), ({"max_length": 11}, 11)):
        with pytest.raises(ValueError, match=f"pair 1 is 13 tokens long .* but {most} is the most"):
            translation_batch([[7], [7] * 5], [[8], [8] * 5], CONFIG, **options)


def test_empty_texts_have_their_special_tokens():
    batch = translation_batch([[], [7]], [[8], []], CONFIG)
    assert batch["input_ids"].tolist() == [[CLS, SEP, 8, SEP], [CLS, 7, SEP, SEP]]
    assert batch["labels"].tolist() == [[-100, 8, SEP, -100], [-100, -100, SEP, -100]]
    for sources, targets in (([], []), ([[7]], []), ([], [[7]])):
        with pytest.raises(ValueError, match=f"{len(sources)} sources and {len(targets)} targets"):
            translation_batch(sources, targets, CONFIG)


def test_pieces_may_be_any_integers_and_the_padding_is_that_of_the_configuration():
    config = small_config(max_position_embeddings=12, pad_token_id=1, bos_token_id=5,
                          eos_token_id=6)
    batch = translation_batch([np.array([7, 9], np.uint8), (7,)], [np.array([8]), [8]], config)
    assert batch["input_ids"].tolist() == [[5, 7, 9, 6, 8, 6], [5, 7, 6, 8, 6, 1]]
    assert batch["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]]
    assert batch["input_ids"].dtype == batch["token_type_ids"].dtype == np.int64
    assert batch["attention_mask"].dtype == np.int8
    assert batch["attention_mask"][1, 5].sum() == batch["attention_mask"][1, :, 5].sum() == 0


def test_a_model_without_token_types_gets_none():
    pairs = [[7, 9]], [[8]]
    for types, expected in ((1, [0] * 6), (2, [0, 0, 0, 0, 1, 1]), (3, [0, 0, 0, 0, 1, 1])):
        batch = translation_batch(*pairs, small_config(type_vocab_size=types))
        assert batch["token_type_ids"].tolist() == [expected]


@pytest.mark.parametrize("s, t, T", [([1], [0], 1), ([4], [0], 4), ([1], [3], 4), ([2], [2], 4)])
def test_lengths_that_just_fit(s, t, T):
    mask = prefix_lm_mask(s, t, T)
    assert mask.shape == (1, T, T) and mask[0].sum(axis=1).tolist() == [
        max(s[0], i + 1) for i in range(T)]
    assert (next_piece_labels(np.arange(5, 5 + T)[None], s, t) != -100).sum() == t[0]


@pytest.mark.parametrize("s, t, sentence", [
    ([[2]], [[2]], r"source_lengths have shape \(1, 1\)"),
    (2, 2, r"source_lengths have shape \(\)"),
    ([2], [2.5], "target_lengths have shape .* and dtype float64"),
    ([2, 0, 3], [1, 1, 1], r"source_lengths\[1\] is 0; it must be at least 1"),
    ([2, 2, 2], [1, 1, -3], r"target_lengths\[2\] is -3; it must be at least 0"),
    ([2, 2, 4], [2, 3, 4], "sequence 1 has 2 source and 3 target tokens, which do not fit into 4")])
def test_lengths_that_cannot_be(s, t, sentence):
    with pytest.raises(ValueError, match=sentence):
        prefix_lm_mask(s, t, 4)
    with pytest.raises(ValueError, match=sentence):
        next_piece_labels(np.full((3, 4), 7), s, t)


# ---- one step ------------------------------------------------------------------------------------

def test_pieces_that_are_not_allowed_leave_their_share_to_the_others(model):
    allowed = np.isin(np.arange(V), [SEP, 7, 9])
    rows = [[CLS, 7, SEP], [CLS, 8, 9, 4, SEP]], [[], [9, 9]]
    plain = decoding.next_log_probabilities(model, *rows)
    found = decoding.next_log_probabilities(model, *rows, allowed)
    assert found.shape == (2, V) and found.dtype == np.float64
    assert (found[:, ~allowed] == -np.inf).all()
    p = np.exp(plain[:, allowed])
    np.testing.assert_allclose(np.exp(found[:, allowed]), p / p.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(np.exp(plain).sum(axis=1), 1)
    model.params["mlm_head"]["bias"] += 5000                   # too large for exp
    np.testing.assert_allclose(decoding.next_log_probabilities(model, *rows), plain, rtol=1e-8)


def test_probabilities_are_of_double_precision_whatever_the_model_is():
    model = AlbertForMaskedLM(CONFIG, seed=1)
    log_p = decoding.next_log_probabilities(model, [[CLS, 7, SEP]], [[8]])
    assert log_p.dtype == np.float64
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-12)


def test_only_the_trunk_and_the_last_tokens_are_computed_and_nothing_is_kept(model, monkeypatch):
    asked, original = [], decoding.albert_forward

    def watched(trunk, *arguments, recompute, positions):
        asked.append((sorted(trunk), recompute, positions.tolist()))
        return original(trunk, *arguments, recompute=recompute, positions=positions)

    monkeypatch.setattr(decoding, "albert_forward", watched)
    decoding.next_log_probabilities(model, [[CLS, 7, SEP], [CLS, SEP]], [[8], []])
    assert asked == [(["embeddings", "encoder"], True, [[3], [1]])]


# ---- the search ----------------------------------------------------------------------------------

def test_the_least_room_is_one_piece(model):
    """12 positions: a source of 9 pieces takes 11."""
    model.params["mlm_head"]["bias"][SEP] = -1000
    found, = greedy_decode(model, [[7] * 9])
    assert len(found.pieces) == 1 and not found.finished
    with pytest.raises(ValueError, match="source 2 is 12 tokens long .* room for a target in 12"):
        greedy_decode(model, [[7], [7], [7] * 10])


@pytest.mark.parametrize("max_length, positions", [(None, 12), (12, 12), (13, 12), (100, 12),
                                                   (11, 11), (8, 8)])
@pytest.mark.parametrize("most, beams", [(64, 1), (64, 3), (2, 3)])
def test_the_least_of_all_limits_counts(model, max_length, positions, most, beams):
    """A source of 5 pieces takes 7 positions; no limit gives more than the model has."""
    model.params["mlm_head"]["bias"][SEP] = -1000
    found, = beam_search(model, [[7] * 5], beams, most, max_length=max_length)
    assert [len(h.pieces) for h in found] == [min(positions - 7, most)] * beams


@pytest.mark.parametrize("max_length", [7, 1, 0])
def test_a_limit_that_leaves_no_room_is_refused(model, max_length):
    with pytest.raises(ValueError, match="source 0 is 7 tokens long .* leaves no room for a target "
                                         f"in {max_length} positions"):
        beam_search(model, [[7] * 5], max_length=max_length)


def test_a_cut_translation_is_scored_by_its_own_length(model):
    model.params["mlm_head"]["bias"][SEP] = -1000
    for alpha in (0.0, 0.5, 1.0):
        for best in beam_search(model, [[7, 9]], 2, 4, length_penalty=alpha)[0]:
            assert len(best.pieces) == 4 and not best.finished
            assert best.score == pytest.approx(best.log_probability / 4**alpha)
            assert all(type(piece) is int for piece in best.pieces)


def test_numbers_may_be_whole_floats_and_ids_those_at_the_ends(model):
    expected = beam_search(model, [[0, V - 1]], 2, 3, batch_size=2)
    assert beam_search(model, [[0, V - 1]], 2.0, np.int64(3), batch_size=np.float64(2)) == expected
    for piece in (-1, V):
        with pytest.raises(ValueError, match=f"source 1 holds the id {piece}, but the vocabulary"):
            beam_search(model, [[7], [7, piece]])
        with pytest.raises(ValueError, match=f"forbidden holds {piece}, but the vocabulary has"):
            beam_search(model, [[7]], forbidden=[piece])
    assert beam_search(model, [[7]], 2, 3, forbidden=[None, V - 1, 0]) == beam_search(
        model, [[7]], 2, 3, forbidden=[V - 1])


@pytest.mark.parametrize("name", ["beams", "max_target_length", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 0.5, 1.5, True, np.inf, np.nan, "2", None])
def test_sizes_of_a_search_are_whole_numbers(model, name, value):
    with pytest.raises(ValueError, match=f"{name} is {value!r}; it must be a whole number"):
        beam_search(model, [[7]], **{name: value})


@pytest.mark.parametrize("value", [-0.1, np.inf, np.nan, True, "1", None])
def test_a_length_penalty_is_a_number_from_zero(model, value):
    with pytest.raises(ValueError, match=f"length_penalty is {value!r}; it must be 0 or positive"):
        beam_search(model, [[7]], length_penalty=value)


def test_a_search_whose_bound_is_just_reached_is_done():
    """(BEAM.2): no better than the K-th finished one is the end; a little better is not."""
    for log_p, done in ((-2.0, True), (-1.99, False)):
        search = decoding.BeamSearch(0, [5], CONFIG, beams=1, max_target_length=3, alpha=1.0)
        search.finished = [decoding.Hypothesis([], -0.5, -0.5, True)]
        assert search.room == 3 and search.settled([([7], log_p)]) == done    # -2 / 4 = -0.5
        with pytest.raises(AttributeError):
            search.finished[0].score = 0.0                     # what was found stays as it is
        search.beams = 2                                       # one finished of two: going on
        assert not search.settled([([7], log_p)]) and search.settled([])
