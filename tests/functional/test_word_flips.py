"""The estimate of what a flip does to the loss."""

import numpy as np
import pytest

from albert_np import AlbertConfig
from albert_np.functional import flip_estimates
from albert_np.models import AlbertForSequenceClassification


def test_the_estimate_of_a_linear_loss_is_exact(rng):
    """With a loss that is linear in the rows there is nothing beyond the first order."""
    table, weights = rng.standard_normal((7, 3)), rng.standard_normal((2, 4, 3))
    ids = rng.integers(0, 7, (2, 4))
    found = flip_estimates(table, ids, weights)

    def loss(ids):
        return (table[ids] * weights).sum()

    for (b, t, j), value in np.ndenumerate(found):
        flipped = ids.copy()
        flipped[b, t] = j
        assert value == pytest.approx(loss(flipped) - loss(ids))


def test_the_error_falls_with_the_square_of_the_distance(rng):
    """A loss that is not linear: rows ten times as close together have a hundredth of the error."""
    centre, directions, ids = rng.standard_normal(3), rng.standard_normal((5, 3)), np.array([0, 2])

    def error(distance):
        table = centre + distance * directions
        estimates = flip_estimates(table, ids, np.cos(table[ids]))   # loss = sum(sin(x))
        true = np.sin(table).sum(axis=1) - np.sin(table[ids]).sum(axis=1)[:, None]
        return np.abs(estimates - true).max()

    assert error(1e-3) / error(1e-4) == pytest.approx(100, rel=0.02)


def test_a_flip_to_the_same_piece_changes_nothing(rng):
    ids, table, dx = np.array([[1, 4, 1]]), rng.standard_normal((5, 2)), np.ones((1, 3, 2))
    found = flip_estimates(table, ids, dx)
    assert (flip_estimates(table, ids.tolist(), dx) == found).all()
    assert (np.take_along_axis(found, ids[..., None], -1) == 0).all() and (found != 0).any()


def test_float32_stays(rng):
    table, dx = (rng.standard_normal(shape).astype(np.float32) for shape in ((5, 2), (3, 2)))
    assert flip_estimates(table, np.arange(3), dx).dtype == np.float32


@pytest.mark.parametrize("ids, shape, words", [
    ([0, 1], (3, 2), r"dx has shape \(3, 2\), but ids of shape \(2,\) .* need \(2, 2\)"),
    ([0, 1], (2, 3), r"dx has shape \(2, 3\)"),
    ([0, 1], (2, 1), r"dx has shape \(2, 1\)"),
    ([0, 4], (2, 2), "ids range from 0 to 4, but the table has the rows 0 to 3"),
    ([0, 5], (2, 2), "ids range from 0 to 5"),
    ([-1, 1], (2, 2), "ids range from -1 to 1"),
    ([0.0, 1.0], (2, 2), "ids have dtype float64; they must be integers")])
def test_what_does_not_fit_is_refused(ids, shape, words):
    with pytest.raises(ValueError, match=words):
        flip_estimates(np.zeros((4, 2)), np.array(ids), np.zeros(shape))


def test_the_estimate_is_the_slope_on_the_way_to_the_other_row(rng):
    """A whole model, each position with a row of its own: the loss along e_i + h (e_j - e_i)."""
    config = AlbertConfig(vocab_size=8, embedding_size=3, hidden_size=4, num_hidden_layers=2,
                          num_attention_heads=2, intermediate_size=5, max_position_embeddings=6,
                          num_labels=2, problem_type="single_label_classification")
    model = AlbertForSequenceClassification(config, dtype=np.float64)
    table, ids = rng.standard_normal((8, 3)), np.array([[2, 5, 2, 7]])
    positions = np.arange(4)[None]

    def run(rows):
        model.params["embeddings"]["word"] = np.concatenate([rows, np.zeros((4, 3))])
        return model.forward(positions, labels=np.array([1]))

    output, cache = run(table[ids[0]])
    dx = model.backward(cache)["embeddings"]["word"][positions]
    estimates = flip_estimates(table, ids, dx)
    assert np.ptp(estimates) > 1e-4
    for t in range(4):
        for j in range(8):
            h, ends = 1e-5, []
            for step in (h, -h):
                rows = table[ids[0]]
                rows[t] += step * (table[j] - rows[t])
                ends.append(run(rows)[0].loss)
            assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(estimates[0, t, j], abs=1e-9)
