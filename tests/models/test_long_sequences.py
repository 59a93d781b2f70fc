"""Sequences of more than 16 tokens, and masks that each token sees in its own way.

NumPy sorts up to 16 numbers so that equal ones keep their order, whatever kind of sort it is asked
for. What depends on a stable sort can only be seen to fail with more of them.
"""

import numpy as np
import pytest

import albert_np
from albert_np.gradcheck.one_check import small_config
from albert_np.inference.translation import prefix_lm_mask
from albert_np.layers.heads.squad2_head import HIDDEN
from albert_np.models.inputs import labelled_positions, labels_at

LENGTHS = pytest.mark.parametrize("T", [17, 40, 130])


def some_labels(rng, T, share=0.2):
    """Ids of four sequences, and labels at some of their tokens; the last one has none."""
    ids = rng.integers(1, 17, (4, T))
    labels = np.where(rng.random((4, T)) < share, ids, -100)
    labels[3] = -100
    return ids, labels


@LENGTHS
def test_the_positions_needed_keep_their_order(rng, T):
    """First [CLS] and the labelled tokens, from left to right, then the others in their order."""
    _, labels = some_labels(rng, T)
    positions = labelled_positions(labels)
    for row, found in zip(labels, positions):
        needed = [t for t in range(T) if t == 0 or row[t] != -100]
        others = [t for t in range(T) if t not in needed]
        assert found.tolist() == [*needed, *others][:positions.shape[1]]
    assert positions.shape[1] == max(len({0, *np.flatnonzero(row != -100)}) for row in labels)


@LENGTHS
@pytest.mark.parametrize("name", ["AlbertForPreTraining", "AlbertForMaskedLM"])
def test_the_logits_at_labels_stand_in_the_order_of_the_labels(rng, T, name):
    ids, labels = some_labels(rng, T)
    model = getattr(albert_np, name)(small_config(max_position_embeddings=T), dtype=np.float64)
    logits = "prediction_logits" if name == "AlbertForPreTraining" else "logits"
    everywhere, _ = model.forward(ids)
    positions = labelled_positions(labels)
    some, _ = model.forward(ids, labels=labels, positions=positions)
    np.testing.assert_allclose(getattr(some, logits), getattr(everywhere, logits)[labels != -100],
                               rtol=1e-9, atol=1e-12)
    chosen = labels_at(labels, positions)
    assert chosen[chosen != -100].tolist() == labels[labels != -100].tolist()
    z = getattr(everywhere, logits)[labels != -100]
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    by_hand = -log_p[np.arange(len(z)), labels[labels != -100]].mean()
    loss = some.mlm_loss if name == "AlbertForPreTraining" else some.loss
    assert loss == pytest.approx(by_hand, rel=1e-9)


# ---- SQuAD 2 -------------------------------------------------------------------------------------

def squad2(T, **changes):
    return albert_np.AlbertForSquad2(small_config(max_position_embeddings=T, **changes),
                                     dtype=np.float64)


def test_squad2_answers_at_every_token_that_some_token_sees(rng):
    """A token of the target sees only what is before it; it is no padding for all that."""
    ids, mask = rng.integers(1, 17, (2, 9)), prefix_lm_mask([3, 2], [4, 7], 9)
    assert not mask[0].all(axis=0)[:7].any() and mask[0].any(axis=0)[:7].all()
    output, _ = squad2(9).forward(ids, mask)
    padding = np.arange(9) >= np.array([[7], [9]])
    assert ((output.start_logits == HIDDEN) == padding).all()
    assert ((output.end_logits == HIDDEN) == padding[:, None]).all()
    squad2(9).forward(ids, mask, start_positions=[5, 8], end_positions=[6, 8])
    with pytest.raises(ValueError, match=r"end_positions\[0\] is 7, where no answer may be"):
        squad2(9).forward(ids, mask, start_positions=[5, 8], end_positions=[7, 8])


def test_squad2_lists_all_starts_the_best_first(rng):
    """Of equal starts, such as all that may not be an answer, the one further left comes first."""
    ids, T = rng.integers(1, 17, (2, 40)), 40
    p_mask = (rng.random((2, T)) < 0.6).astype(int)
    p_mask[:, 0] = 0
    model = squad2(T)
    output, _ = model.forward(ids, p_mask=p_mask, start_n_top=T)
    for scores, found in zip(output.start_logits, output.start_top_index):
        assert found.tolist() == sorted(range(T), key=lambda t: -scores[t])
    assert model.forward(ids)[0].start_top_index.shape == (2, 5)           # K where none is given
    model.params["squad_head"]["start"]["W"][:] = 0                        # all of them are equal
    output, _ = model.forward(ids, start_n_top=7)
    assert output.start_top_index.tolist() == [list(range(7))] * 2
