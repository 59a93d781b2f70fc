"""Translation with an encoder: who sees whom, and the search for the best target.

The model is small and random, so its probabilities are all alike and nothing is easy to find.
"""

import itertools

import numpy as np
import pytest

from albert_np import AlbertForMaskedLM, AlbertForPreTraining
from albert_np.gradcheck.one_check import small_config
from albert_np.inference.translation import (beam_search, decoding, greedy_decode,
                                             next_piece_labels, prefix_lm_mask, translation_batch)
from albert_np.optim import AdamW

CLS, SEP, PAD = 2, 3, 0
CONFIG = small_config(max_position_embeddings=12)


@pytest.fixture
def model(translation_model):
    return translation_model


# ---- the mask (prefix_lm_mask) -------------------------------------------------------------------

def test_mask_says_in_words_who_sees_whom():
    s, t = [3, 1, 5], [2, 4, 0]
    mask = prefix_lm_mask(s, t, 6)
    for b in range(3):
        for i, j in np.ndindex(6, 6):
            in_source, in_target = j < s[b], s[b] <= j < s[b] + t[b]
            if i < s[b]:
                sees = in_source
            elif i < s[b] + t[b]:
                sees = in_source or (in_target and j <= i)
            else:
                sees = False                                               # padding
            assert mask[b, i, j] == sees, (b, i, j)


def test_seeing_goes_no_further_at_the_second_glance():
    """If i sees j and j sees k, then i sees k: depth opens no way around the mask."""
    mask = prefix_lm_mask([3, 1, 5], [2, 4, 0], 6).astype(int)
    for sees in mask:
        assert ((sees @ sees > 0) <= (sees > 0)).all()
    around = np.eye(3, dtype=int)[[1, 2, 0]]                               # a mask that is not so
    assert not ((around @ around > 0) <= (around > 0)).all()


def test_hidden_states_depend_on_what_is_seen_and_on_nothing_else(model):
    """Each token is changed in turn; after three layers just those that see it have changed."""
    ids, mask = np.array([[2, 7, 9, 3, 8, 5, 3, 0]]), prefix_lm_mask([4], [3], 8)
    before = model.forward(ids, mask)[0].sequence_output[0]
    for j in range(8):
        changed = ids.copy()
        changed[0, j] = 11
        after = model.forward(changed, mask)[0].sequence_output[0]
        moved = (after != before).any(axis=-1)
        assert (moved[:7] == mask[0, :7, j]).all(), j                      # padding sees nothing


def test_one_pass_predicts_what_growing_targets_predict(model):
    """The logits of all target pieces at once are those of a target that is written one by one."""
    source, target = [7, 9, 4, 4], [8, 5, 9]
    batch = translation_batch([source], [target], CONFIG)
    logits = model.forward(**batch)[0].logits                              # (4, V)
    together = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    for n in range(4):
        alone = decoding.next_log_probabilities(model, [[CLS, *source, SEP]], [target[:n]])
        np.testing.assert_allclose(alone[0], together[n], rtol=1e-12)


def test_padding_of_the_batch_changes_nothing(model):
    pairs = ([7, 9], [8]), ([4, 5, 6, 7, 8], [9, 9, 9])
    batch = translation_batch(*zip(*pairs), CONFIG)
    logits = model.forward(**batch)[0].logits
    alone = [model.forward(**translation_batch([s], [t], CONFIG))[0].logits for s, t in pairs]
    np.testing.assert_allclose(logits, np.concatenate(alone), rtol=1e-12)


def test_labels_are_the_pieces_one_place_further_on():
    batch = translation_batch([[7, 9], [4, 5, 6]], [[8], []], CONFIG)
    assert batch["input_ids"].tolist() == [[CLS, 7, 9, SEP, 8, SEP], [CLS, 4, 5, 6, SEP, SEP]]
    assert batch["labels"].tolist() == [[-100, -100, -100, 8, SEP, -100],
                                        [-100, -100, -100, -100, SEP, -100]]
    assert batch["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1]]
    assert (batch["attention_mask"] == prefix_lm_mask([4, 5], [2, 1], 6)).all()
    assert (next_piece_labels([[2, 3, 8, 3]], [2], [0]) == -100).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64", "int8"])
def test_labels_of_any_integers(dtype):
    """-100 must not become 156, a piece; nor the lengths 120 + 120 become -16."""
    ids, s, t = (np.array(numbers, dtype) for numbers in ([[2, 7, 3, 8, 9, 3, 0]], [3], [3]))
    labels = next_piece_labels(ids, s, t)
    assert labels.dtype == np.int64 and labels.tolist() == [[-100, -100, 8, 9, 3, -100, -100]]
    with pytest.raises(ValueError, match="120 source and 120 target tokens, which do not fit"):
        prefix_lm_mask(np.array([120], dtype), np.array([120], dtype), 200)


# ---- writing -------------------------------------------------------------------------------------

def log_probability(model, source, target):
    """Of a finished target, from one forward pass with labels: minus the sum of the losses."""
    batch = translation_batch([source], [target], CONFIG)
    allowed = np.ones(CONFIG.vocab_size, bool)
    allowed[[PAD, CLS]] = False
    logits = np.where(allowed, model.forward(**batch)[0].logits, -np.inf)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return log_p[range(len(target) + 1), [*target, SEP]].sum()


def test_greedy_takes_the_best_piece_each_time(model):
    sources = [[7, 9], [4, 5, 6, 7, 8], [9]]
    for source, found in zip(sources, greedy_decode(model, sources, max_target_length=4)):
        pieces = []
        while len(pieces) < 4:
            log_p = decoding.next_log_probabilities(model, [[CLS, *source, SEP]], [pieces])[0]
            log_p[[PAD, CLS]] = -np.inf
            if log_p.argmax() == SEP:
                break
            pieces.append(int(log_p.argmax()))
        assert found.pieces == pieces


def test_greedy_stops_at_the_end_and_only_there(model):
    """A bias decides whether [SEP] is the best piece."""
    model.params["mlm_head"]["bias"][SEP] = 1000
    stopped, = greedy_decode(model, [[7, 9]])
    assert stopped.pieces == [] and stopped.finished
    assert stopped.log_probability == pytest.approx(0, abs=1e-12)
    model.params["mlm_head"]["bias"][SEP] = -1000
    cut, = greedy_decode(model, [[7, 9]], max_target_length=3)
    assert len(cut.pieces) == 3 and not cut.finished


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 2.0])
def test_a_beam_of_everything_finds_the_best_of_all(model, alpha):
    """With three pieces to write, all targets of up to two can be tried one by one."""
    write = [5, 6, 7]
    forbidden = [v for v in range(CONFIG.vocab_size) if v not in (*write, SEP)]
    targets = [list(t) for n in range(3) for t in itertools.product(write, repeat=n)]
    for source in ([7, 9], [4, 5, 6]):
        log_p = {tuple(t): log_probability_among(model, source, t, [*write, SEP])
                 for t in targets}
        wanted = sorted(targets, key=lambda t: -log_p[tuple(t)] / (len(t) + 1)**alpha)
        # The last step has 9 x 4 continuations; a beam as wide as that drops none of them.
        found, = beam_search(model, [source], 9 * 4, 2, forbidden, length_penalty=alpha)
        assert [h.pieces for h in found] == wanted and all(h.finished for h in found)
        for h in found:
            assert h.log_probability == pytest.approx(log_p[tuple(h.pieces)], rel=1e-12)
            assert h.score == pytest.approx(h.log_probability / (len(h.pieces) + 1)**alpha)


@pytest.mark.parametrize("alpha, saves_steps", [(0.0, True), (1.0, True), (2.0, False)])
def test_stopping_early_loses_nothing(model, alpha, saves_steps, monkeypatch):
    """The bound (BEAM.2) ends a search when nothing better can come, and not before.

    Where length is rewarded beyond measure, there is always something better to come.
    """
    model.params["mlm_head"]["bias"][SEP] += 2          # so that targets end
    sources = [[7, 9], [4, 5, 6], [9], [10, 11], [5, 5, 5]]
    steps = []
    advance = decoding.BeamSearch.advance
    monkeypatch.setattr(decoding.BeamSearch, "advance",
                        lambda self, log_p: (steps.append(0), advance(self, log_p)))
    early = beam_search(model, sources, 3, 6, length_penalty=alpha)
    early_steps = len(steps)
    monkeypatch.setattr(decoding.BeamSearch, "settled", lambda self, live: not live)
    late = beam_search(model, sources, 3, 6, length_penalty=alpha)
    assert [[h.pieces for h in f] for f in early] == [[h.pieces for h in f] for f in late]
    assert (early_steps < len(steps) - early_steps) == saves_steps
    assert all(h.finished for found in late for h in found)


def test_a_longer_translation_may_still_win():
    """By hand: the end at once has 0.62; the rest, 0.38, is certain once its first piece stands.

    By the mean log-probability ln 0.62 = -0.478 beats a target of one piece, ln 0.38 / 2 = -0.484,
    and is beaten by that of two, ln 0.38 / 3 = -0.323. A search that stopped after the first step,
    because -0.484 is worse, would never see it.
    """
    def step(**p):
        probabilities = np.full(CONFIG.vocab_size, 1e-30)
        for piece, name in ((SEP, "end"), (7, "seven"), (8, "eight")):
            probabilities[piece] = p.get(name, 1e-30)
        search.advance(np.log(probabilities)[None])

    search = decoding.BeamSearch(0, [5], CONFIG, beams=1, max_target_length=4, alpha=1.0)
    step(end=0.62, seven=0.38)
    assert [h.pieces for h in search.finished] == [[]] and search.live
    step(eight=1.0)
    step(end=1.0)
    best, = search.results()
    assert best.pieces == [7, 8] and best.score == pytest.approx(np.log(0.38) / 3)
    assert not search.live


def log_probability_among(model, source, target, pieces):
    """Of a finished target, where only some pieces may be written."""
    batch = translation_batch([source], [target], CONFIG)
    logits = model.forward(**batch)[0].logits
    norm = np.log(np.exp(logits[:, pieces]).sum(axis=-1))
    return (logits[range(len(target) + 1), [*target, SEP]] - norm).sum()


def test_log_probabilities_are_those_of_the_labels(model):
    for hypotheses, source in zip(beam_search(model, [[7, 9], [4]], 3, 5), ([7, 9], [4])):
        for h in hypotheses:
            if h.finished:
                assert h.log_probability == pytest.approx(log_probability(model, source, h.pieces))


def test_probabilities_do_not_depend_on_the_other_rows(model):
    """Not even if the logits of one row are far above those of another."""
    model.params["mlm_head"]["layer_norm"]["gamma"] *= 1e6
    sources = [[2, 7, 9, 3], [2, 4, 3], [2, 11, 5, 8, 3]]
    together = decoding.next_log_probabilities(model, sources, [[], [7], [9]])
    assert np.isfinite(together).all()
    assert np.exp(together).sum(axis=1) == pytest.approx(1)
    for row, source, target in zip(together, sources, [[], [7], [9]]):
        alone, = decoding.next_log_probabilities(model, [source], [target])
        assert row == pytest.approx(alone, rel=1e-6, abs=1e-6)


def test_wider_beams_find_no_worse_than_greedy(model):
    model.params["mlm_head"]["bias"][SEP] += 2          # so that targets end
    sources = [[7, 9], [4, 5, 6], [9], [10, 11]]
    greedy = greedy_decode(model, sources, 5)
    for found, plain in zip(beam_search(model, sources, 17**2, 2, length_penalty=0.0), greedy):
        if plain.finished and len(plain.pieces) <= 2:
            assert found[0].log_probability >= plain.log_probability - 1e-12
    assert any(h.finished for h in greedy)


@pytest.mark.parametrize("beams", [1, 3])
def test_sources_are_translated_as_if_alone(model, beams):
    sources = [[7, 9], [4, 5, 6, 7, 8], [9], [4, 4, 4, 4], [10, 11, 12]]
    together = beam_search(model, sources, beams, 5)
    for batch_size in (1, 2):
        parts = beam_search(model, sources, beams, 5, batch_size=batch_size)
        assert [[h.pieces for h in f] for f in parts] == [[h.pieces for h in f] for f in together]
    np.testing.assert_allclose([h.score for f in parts for h in f],
                               [h.score for f in together for h in f], rtol=1e-12)


def test_targets_end_where_the_positions_do(model):
    """12 positions: a source of 7 pieces takes 9 with its special tokens and leaves room for 3."""
    model.params["mlm_head"]["bias"][SEP] = -1000
    for found in beam_search(model, [[7] * 7, [7] * 9], beams=2):
        room = {7: 3, 9: 1}
        assert {len(h.pieces) for h in found} <= set(room.values())
    assert [len(h.pieces) for h in greedy_decode(model, [[7] * 7, [7] * 9])] == [3, 1]


def test_forbidden_pieces_are_never_written(model):
    free = greedy_decode(model, [[7, 9]], 6)[0].pieces
    found = greedy_decode(model, [[7, 9]], 6, forbidden=free[:1])[0].pieces
    assert free and free[0] not in found
    model.params["mlm_head"]["bias"][[PAD, CLS]] = 1000
    assert not {PAD, CLS} & set(greedy_decode(model, [[7, 9]], 6)[0].pieces)


def test_the_pretraining_model_writes_the_same(model):
    other = AlbertForPreTraining(CONFIG, dtype=np.float64)
    other.params.update(model.params)
    assert greedy_decode(other, [[7, 9], [5]], 5) == greedy_decode(model, [[7, 9], [5]], 5)


@pytest.mark.slow
def test_it_learns_to_reverse():
    """Sources of two to four pieces, read backwards: trained on some, tried on others."""
    config = small_config(embedding_size=32, hidden_size=48, num_attention_heads=3,
                          intermediate_size=96, num_hidden_layers=2, max_position_embeddings=16,
                          vocab_size=10, initializer_range=0.1)
    model, rng = AlbertForMaskedLM(config, seed=1), np.random.default_rng(2)
    optimizer = AdamW(model.params, lr=3e-3, betas=(0.9, 0.98))
    held_out = {(5, 6, 7), (9, 8), (6, 6, 4, 9), (7, 4, 5, 8), (4, 9), (8, 7, 9)}
    for _ in range(220):
        sources = [rng.integers(4, 10, rng.integers(2, 5)).tolist() for _ in range(32)]
        sources = [s for s in sources if tuple(s) not in held_out]
        _, cache = model.forward(**translation_batch(sources, [s[::-1] for s in sources], config))
        optimizer.step(model.params, model.backward(cache))
    sources = sorted(held_out)
    for found in (greedy_decode(model, sources), [f[0] for f in beam_search(model, sources)]):
        right = sum(h.pieces == list(s[::-1]) for h, s in zip(found, sources))
        assert right >= 5, found


# ---- bad input -----------------------------------------------------------------------------------

@pytest.mark.parametrize("call, message", [
    (lambda m: prefix_lm_mask([0], [2], 4), r"source_lengths\[0\] is 0; it must be at least 1"),
    (lambda m: prefix_lm_mask([2, 1], [2, -1], 4), r"target_lengths\[1\] is -1; it must be at"),
    (lambda m: prefix_lm_mask([2, 3], [2, 2], 4), "sequence 1 has 3 source and 2 target tokens, "
                                                  "which do not fit into 4"),
    (lambda m: prefix_lm_mask([2.0], [2], 4), "source_lengths have shape .* and dtype float64"),
    (lambda m: prefix_lm_mask([2], [2, 1], 4), r"target_lengths have shape \(2,\)"),
    (lambda m: translation_batch([[7]], [], CONFIG), "there are 1 sources and 0 targets"),
    (lambda m: translation_batch([[7]], [[8] * 9], CONFIG),
     "pair 0 is 13 tokens long with its special tokens, but 12 is the most"),
    (lambda m: translation_batch([[7]], [[8] * 3], CONFIG, max_length=6), "but 6 is the most"),
    (lambda m: greedy_decode(m, [[7], [8] * 10]), "source 1 is 12 tokens long with its special "
                                                  "tokens, which leaves no room for a target"),
    (lambda m: greedy_decode(m, [[7, 17]]), "source 0 holds the id 17, but the vocabulary has 17"),
    (lambda m: greedy_decode(m, [[7]], forbidden=[SEP]), r"forbidden holds 3, the id of \[SEP\]"),
    (lambda m: greedy_decode(m, [[7]], forbidden=[17]), "forbidden holds 17, but the vocabulary"),
    (lambda m: beam_search(m, [[7]], beams=0), "beams is 0; it must be a whole number"),
    (lambda m: beam_search(m, [[7]], max_target_length=0), "max_target_length is 0"),
    (lambda m: beam_search(m, [[7]], length_penalty=-1), "length_penalty is -1; it must be 0 or"),
])
def test_bad_input_gets_one_sentence(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)


def test_no_source_gives_no_translation(model):
    assert greedy_decode(model, []) == [] and beam_search(model, []) == []
