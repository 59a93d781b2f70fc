"""The labels and options of the SQuAD 2 model, at the limits of what it accepts."""

import re

import numpy as np
import pytest

from albert_np import AlbertForSquad2
from albert_np.gradcheck.one_check import small_config
from albert_np.layers.heads.squad2_head import HIDDEN

IDS = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0], [2, 1, 1, 1, 3]])
ANSWERS = dict(start_positions=[2, 0, 1], end_positions=[3, 0, 4])


@pytest.fixture(scope="module")
def model():
    return AlbertForSquad2(small_config(initializer_range=0.5), dtype=np.float64)


def refused(model, sentence, **arguments):
    """``forward`` raises ValueError with exactly this sentence."""
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        model.forward(IDS, **arguments)


def test_where_no_answer_may_be(model):
    for shape in ((3, 4), (3, 6), (2, 5), (4, 5), (5,), (3, 5, 1)):
        refused(model, f"p_mask has shape {shape}; it must hold 0 and 1 (no answer here) in the "
                       f"shape (3, 5)", p_mask=np.zeros(shape))
    for wrong in (2, -1, 0.5):
        p_mask = np.zeros((3, 5))
        p_mask[1, 2] = wrong
        refused(model, "p_mask has shape (3, 5); it must hold 0 and 1 (no answer here) in the "
                       "shape (3, 5)", p_mask=p_mask)
    p_mask = np.zeros((3, 5), int)
    p_mask[1:] = 1
    refused(model, "p_mask leaves no token of sequence 1 for an answer; [CLS] must stay free",
            p_mask=p_mask)
    p_mask[1:, 4] = 0                                       # one token is enough
    for given in (p_mask, p_mask.astype(bool), p_mask.tolist()):
        output, _ = model.forward(IDS, p_mask=given)
        assert ((output.start_logits == HIDDEN) == (p_mask == 1)).all()


def test_answers_where_none_may_be(model):
    closed = np.zeros((3, 5), int)
    closed[1:, 2] = 1
    said = "is 2, where no answer may be by p_mask or attention_mask"
    for name in ANSWERS:
        refused(model, f"{name}[1] {said}", p_mask=closed, **{**ANSWERS, name: [2, 2, 2]})
        refused(model, f"{name}[1] {said}", attention_mask=1 - closed,
                **{**ANSWERS, name: [2, 2, 2]})
        for wrong in (5, -1):
            refused(model, f"{name}[2] is {wrong}; it must lie in [0, 5), as the number of tokens "
                           f"is 5", **{**ANSWERS, name: [0, 4, wrong]})


def test_questions_without_answer(model):
    expected = model.forward(IDS, **ANSWERS, is_impossible=[0, 1, 0])[0]
    no = 1 / (1 + np.exp(-expected.cls_logits))
    spans = model.forward(IDS, **ANSWERS)[0].loss
    assert expected.loss == pytest.approx(spans - np.log([1 - no[0], no[1], 1 - no[2]]).mean() / 2)
    for given in ([[0], [1], [0]], [False, True, False], [0.0, 1.0, 0.0]):
        assert model.forward(IDS, **ANSWERS, is_impossible=given)[0].loss == expected.loss
    for given in ([0, 1], [0, 1, 0, 0], [[0, 1, 0]], np.zeros((3, 2)), [0, 2, 0], [0, 0.5, 0]):
        refused(model, f"is_impossible has shape {np.shape(given)}; it must hold 0 and 1 (no "
                       f"answer) in the shape (3,)", **ANSWERS, is_impossible=given)
    refused(model, "is_impossible needs start_positions and end_positions beside it; without an "
                   "answer they are 0", is_impossible=[1, 1, 1])


def test_how_many_starts_are_tried(model):
    for K in (1, 2, 2.0, np.int64(3), 5, 300):
        output, _ = model.forward(IDS, start_n_top=K)
        assert output.start_top_index.shape == (3, min(K, 5))
        assert output.end_logits.shape == (3, min(K, 5), 5)
    for K in (True, False, 0, -1, 1.5):
        refused(model, f"start_n_top is {K!r}; it must be a whole number of at least 1",
                start_n_top=K)


def test_labels_name_the_start_that_the_end_depends_on(model):
    labelled, _ = model.forward(IDS, **ANSWERS)
    free, _ = model.forward(IDS, start_n_top=5)
    assert labelled.start_top_index is None and labelled.end_logits.shape == (3, 5)
    for b, start in enumerate(ANSWERS["start_positions"]):
        k = free.start_top_index[b].tolist().index(start)
        np.testing.assert_allclose(labelled.end_logits[b], free.end_logits[b, k], rtol=1e-12)
