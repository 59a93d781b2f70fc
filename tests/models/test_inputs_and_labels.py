"""What the models accept and refuse, each case at the limit of what is allowed."""

import re

import numpy as np
import pytest

from albert_np.gradcheck.one_check import small_config
from albert_np.models.inputs import (check_inputs, check_labels, check_positions_needed,
                                     labelled_positions, labels_at)
from albert_np.models.labels import (answer_labels, check_label_weights, check_positions,
                                     check_problem_labels, problem_answered, problem_of)

CONFIG = small_config(num_labels=4)                     # V = 17, 7 positions, 2 token types
IDS = np.array([[2, 0, 16, 9, 3], [2, 9, 4, 0, 0], [1, 1, 1, 1, 1]])


def refused(sentence, function, *arguments):
    """The function raises ValueError with exactly this sentence."""
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        function(*arguments)


def changed(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


# ---- inputs --------------------------------------------------------------------------------------

@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 7)])
def test_inputs_of_every_allowed_size(shape):
    B, T = shape
    ids, mask, types = check_inputs(CONFIG, np.full(shape, 16).tolist(), None, None)
    assert ids.shape == types.shape == shape and mask is None
    assert types.dtype == np.int64 and not types.any() and (ids == 16).all()
    one_seen = np.zeros((B, T, T), int)
    one_seen[:, -1, -1] = 1
    for mask in (one_seen[:, -1], one_seen, one_seen.astype(bool), one_seen * 1.0):
        given = check_inputs(CONFIG, ids, mask, np.ones(shape, int))
        assert np.array_equal(given[1], mask) and (given[2] == 1).all()


def test_inputs_that_are_refused():
    for ids, shape in ((IDS[0], (5,)), (IDS[None], (1, 3, 5)), (IDS[:0], (0, 5)),
                       (IDS[:, :0], (3, 0))):
        hint = ("; tokenizer(text, return_tensors='np') makes a batch of one text"
                if len(shape) == 1 else "")
        refused(f"input_ids have shape {shape}; they must be (batch, tokens) with at least one of "
                f"each{hint}", check_inputs, CONFIG, ids, None, None)
    refused("input_ids are 8 tokens long, but max_position_embeddings is 7; shorten the text",
            check_inputs, CONFIG, np.zeros((2, 8), int), None, None)
    for wrong in (17, -1):
        refused(f"input_ids[1, 2] is {wrong}; it must lie in [0, 17), as vocab_size is 17",
                check_inputs, CONFIG, changed(IDS, ([1, 2], [2, 0]), wrong), None, None)
    refused("token_type_ids[2, 4] is 2; it must lie in [0, 2), as type_vocab_size is 2",
            check_inputs, CONFIG, IDS, None, changed(IDS * 0, (2, 4), 2))
    for shape in ((3, 4), (3, 6), (2, 5), (15,), (3, 5, 1)):
        refused(f"token_type_ids have shape {shape}; they must have shape (3, 5)",
                check_inputs, CONFIG, IDS, None, np.zeros(shape, int))


def test_masks_that_are_refused():
    for shape in ((3, 4), (3, 6), (4, 5), (5,), (3, 5, 4), (3, 4, 5), (1, 5, 5), (3, 1, 5, 5)):
        refused(f"attention_mask has shape {shape}; it must be (3, 5) or (3, 5, 5), as input_ids "
                f"are (3, 5)", check_inputs, CONFIG, IDS, np.ones(shape), None)
    for wrong in (2, -1, 0.5):
        refused("attention_mask may hold only 0 (not to be seen) and 1 (to be seen)", check_inputs,
                CONFIG, IDS, changed(np.ones((3, 5)), (1, 2), wrong), None)
    for shape in ((3, 5), (3, 5, 5)):
        refused("attention_mask hides every token of sequence 1; at least one must be seen",
                check_inputs, CONFIG, IDS, changed(np.ones(shape), [1, 2], 0), None)


def test_labels_of_pretraining():
    labels = changed(np.full((3, 5), -100), (1, [0, 4]), [0, 16])
    for order in ([1, 0, -100], [[1], [0], [-100]]):
        checked = check_labels(CONFIG, (3, 5), labels.tolist(), order)
        assert checked[0].tolist() == labels.tolist() and checked[1].tolist() == [1, 0, -100]
    assert check_labels(CONFIG, (3, 5), None, None) == (None, None)
    for wrong in (17, -1, -99, -101):
        refused(f"labels[1, 2] is {wrong}; it must lie in [0, 17) or -100, as vocab_size is 17",
                check_labels, CONFIG, (3, 5), changed(labels, (1, 2), wrong), None)
    for wrong in (2, -1):
        refused(f"sentence_order_label[2] is {wrong}; it must lie in [0, 2) or -100, as the "
                f"number of orders is 2", check_labels, CONFIG, (3, 5), None, [1, 0, wrong])
    for shape in ((4,), (3, 2), (1, 3), (1, 1)):
        refused(f"sentence_order_label have shape {shape}; they must have shape (3,)",
                check_labels, CONFIG, (3, 5), None, np.zeros(shape, int))


# ---- positions -----------------------------------------------------------------------------------

def test_positions_needed():
    for positions in ([[0], [0], [0]], [[0, 4, 1], [0, 3, 2], [0, 1, 2]]):
        for pooler in (True, False):
            found = check_positions_needed(positions, (3, 5), pooler)
            assert found.tolist() == positions
    assert check_positions_needed([[4], [3], [0]], (3, 5), pooler=False).tolist() == [[4], [3], [0]]
    assert check_positions_needed(None, (3, 5), pooler=True) is None


def test_positions_that_are_refused():
    for shape in ((3,), (3, 0), (2, 1), (4, 1), (3, 1, 1)):
        refused(f"positions have shape {shape}; they must be (batch, positions) with a batch of 3 "
                f"and at least one position", check_positions_needed, np.zeros(shape, int), (3, 5),
                True)
    for wrong in (5, -1):
        refused(f"positions[1, 2] is {wrong}; it must lie in [0, 5), as the number of tokens is 5",
                check_positions_needed, [[0, 1, 2], [0, 3, wrong], [0, 1, 2]], (3, 5), True)
    for row in ([0, 2, 0], [0, 4, 4], [4, 0, 4]):
        refused(f"positions[1] is {row}; no two may be alike", check_positions_needed,
                [[0, 1, 2], row, row], (3, 5), False)
    refused("positions[1] begins with 2; it must begin with 0, the token that the pooler reads",
            check_positions_needed, [[0, 1], [2, 0], [3, 0]], (3, 5), True)


def test_labels_at_positions():
    labels = np.array([[-100, 5, -100, 7], [-100] * 4])
    before = labels.copy()
    positions = labelled_positions(labels)
    assert positions.tolist() == [[0, 1, 3], [0, 1, 2]] and (labels == before).all()
    assert labelled_positions(labels.tolist()).tolist() == positions.tolist()
    assert labels_at(labels, positions).tolist() == [[-100, 5, 7], [-100] * 3]
    assert labels_at(labels, None) is labels
    assert labelled_positions(labels[1:]).tolist() == [[0]]
    refused("positions leave out a labelled token; labelled_positions(labels) has all",
            labels_at, labels, positions[:, :2])


# ---- labels of tasks -----------------------------------------------------------------------------

def test_what_the_labels_tell_of_the_problem():
    one = small_config(num_labels=1)
    assert problem_of(one, [1, 2]) == problem_of(one, [1.5, 2.5]) == "regression"
    assert problem_of(CONFIG, [1, 2]) == "single_label_classification"
    for labels in (np.ones((2, 4)), np.ones((2, 4), bool)):
        assert problem_of(CONFIG, labels) == "multi_label_classification"
    assert problem_of(small_config(num_labels=1, problem_type="multi_label_classification"),
                      [1]) == "multi_label_classification"


def test_what_is_answered_without_labels():
    """As transformers' pipelines decide: a sigmoid with one label, a softmax with more."""
    for K, problem in ((1, "multi_label_classification"), (2, "single_label_classification")):
        assert problem_answered(small_config(num_labels=K)) == problem
        for said in ("regression", "single_label_classification", "multi_label_classification"):
            assert problem_answered(small_config(num_labels=K, problem_type=said)) == said


def test_single_labels():
    def check(labels, config=CONFIG):
        return check_problem_labels(config, "single_label_classification", 3, labels)

    assert check([0, 3, -100]).tolist() == check([[0], [3], [-100]]).tolist() == [0, 3, -100]
    assert check([[0], [0], [-100]], small_config(num_labels=1)).tolist() == [0, 0, -100]
    for wrong in (4, -1):
        refused(f"labels[1] is {wrong}; it must lie in [0, 4) or -100, as num_labels is 4", check,
                [0, wrong, 1])
    for shape in ((2,), (4,), (1, 3), (3, 2), (3, 1, 1)):
        refused(f"labels have shape {shape}; they must have shape (3,)", check,
                np.zeros(shape, int))
    refused("labels have shape (3, 4), and integers are single labels of shape (3,); set "
            "problem_type to multi_label_classification for several labels at once", check,
            np.zeros((3, 4), int))


@pytest.mark.parametrize("problem", ["multi_label_classification", "regression"])
def test_several_numbers(problem):
    def check(labels, K=4):
        return check_problem_labels(small_config(num_labels=K), problem, 3, labels)

    numbers = np.array([[0, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 1]])
    for dtype, result in ((int, float), (bool, float), (np.float32, np.float32)):
        checked = check(numbers.astype(dtype))
        assert checked.dtype == result and (checked == numbers).all()
    for labels in ([0, 1, 1], [[0], [1], [1]]):
        assert check(labels, K=1).tolist() == [[0], [1], [1]]
    for shape in ((3, 3), (3, 5), (2, 4), (4, 4), (3,), (3, 4, 1)):
        refused(f"labels have shape {shape}; {problem} with num_labels 4 needs (3, 4)", check,
                np.zeros(shape))
    for dtype, name in (("U1", "<U1"), ("U8", "<U8"), (object, "object")):
        refused(f"labels have dtype {name}; they must be numbers", check, numbers.astype(dtype))
    for wrong in (np.inf, -np.inf, np.nan):
        refused(f"labels[1] is [1.0, 0.0, {wrong}, 0.0]; labels must be finite numbers, so leave "
                f"out a sequence that has none", check,
                changed(numbers * 1.0, ([1, 2], 2), wrong))
    for wrong in (-0.5, 1.5):
        outside = changed(numbers * 1.0, ([1, 2], 2), wrong)
        if problem == "regression":
            assert (check(outside) == outside).all()
        else:
            refused(f"labels[1] is [1.0, 0.0, {wrong}, 0.0]; each must lie in [0, 1], where 1 "
                    f"says that this class applies", check, outside)


def test_positions_of_answers():
    assert check_positions(3, None, None) == (None, None)
    for starts in ([1, -2, 9], [[1], [-2], [9]]):
        found = check_positions(3, starts, [3, 2, 1])
        assert [positions.tolist() for positions in found] == [[1, -2, 9], [3, 2, 1]]
    refused("start_positions are missing: an answer has a start and an end", check_positions, 3,
            None, [1, 2, 3])
    refused("end_positions are missing: an answer has a start and an end", check_positions, 3,
            [1, 2, 3], None)
    for name, place in (("start_positions", 0), ("end_positions", 1)):
        for shape in ((2,), (4,), (1, 3), (3, 2), (0,)):
            given = [np.ones(3, int), np.ones(3, int)]
            given[place] = np.ones(shape, int)
            refused(f"{name} have shape {shape}; they must have shape (3,)", check_positions, 3,
                    *given)
        given[place] = np.ones(3)
        refused(f"{name} have dtype float64; they must be integers", check_positions, 3, *given)


def test_answers_outside_the_text():
    assert answer_labels([-9, -1, 0, 6, 7, 99], 7).tolist() == [0, 0, 0, 6, -100, -100]


def test_weights_of_labels():
    """A weight of 0 is one: this label does not count."""
    single = "single_label_classification"
    check_label_weights(single, 2, [0.0, 3.5])
    check_label_weights(single, 1, np.array([0]))
    for problem in (None, single, "regression"):
        check_label_weights(problem, 2, None)
    refused("label_weights are weights of single labels, but there are no labels",
            check_label_weights, None, 2, [1.0, 1.0])
    refused("label_weights are weights of single labels, but this is regression",
            check_label_weights, "regression", 2, [1.0, 1.0])
    refused("label_weights have shape (3,); they must have shape (2,)",
            check_label_weights, single, 2, [1.0, 1.0, 1.0])
    for wrong in (-0.5, np.nan, np.inf):
        refused(f"label_weights must be finite numbers of at least 0, but they are [1.0, {wrong}]",
                check_label_weights, single, 2, [1.0, wrong])
