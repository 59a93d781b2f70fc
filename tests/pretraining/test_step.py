"""One optimisation step: what it changes, and what it refuses."""

import numpy as np
import pytest

from albert_np import AdamW, AlbertModel
from albert_np.gradcheck.one_check import small_config
from albert_np.parameters import flatten, tree_map
from albert_np.pretraining.step import generators, optimisation_step


@pytest.mark.parametrize("loss, spoilt", [(float("nan"), 1.0), (1.0, float("inf")), (1.0, np.nan)])
def test_numbers_that_are_not_finite_change_nothing(loss, spoilt):
    model = AlbertModel(small_config())
    optimizer, before = AdamW(model.params), tree_map(np.copy, model.params)
    grads = tree_map(np.ones_like, model.params)
    grads["pooler"]["b"][1] = spoilt
    with (np.errstate(invalid="ignore"),
          pytest.raises(FloatingPointError, match="at step 1, in the attic; a smaller")):
        optimisation_step(model, optimizer, loss, grads, 1.0, lambda: ", in the attic")
    assert optimizer.steps == 0
    for name, leaf in flatten(model.params).items():
        np.testing.assert_array_equal(leaf, flatten(before)[name])


def test_a_step_says_the_rate_and_the_norm_before_clipping():
    model = AlbertModel(small_config())
    optimizer = AdamW(model.params, lr=lambda step: np.float32(0.5 / (step + 1)))
    grads = tree_map(np.zeros_like, model.params)
    grads["pooler"]["b"][:2] = 3, 4
    taken = optimisation_step(model, optimizer, 2.0, grads, 1.0)
    assert taken == {"step": 1, "loss": 2.0, "learning_rate": 0.5, "gradient_norm": 5.0}
    assert [type(value) for value in taken.values()] == [int, float, float, float]
    np.testing.assert_allclose(grads["pooler"]["b"][:2], [0.6, 0.8], rtol=1e-6)


def test_generators_of_parts_differ_and_are_drawn_again():
    first, second = generators(np.random.default_rng(3), 2)
    again, _ = generators(np.random.default_rng(3), 2)
    numbers = first.random(4)
    assert (numbers == again.random(4)).all() and not (numbers == second.random(4)).any()
    assert generators(None, 2) == [None, None]


def test_steps_are_counted_from_1():
    model = AlbertModel(small_config())
    optimizer = AdamW(model.params)
    grads = tree_map(np.ones_like, model.params)
    assert [optimisation_step(model, optimizer, 2.0, grads, 1.0)["step"]
            for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(FloatingPointError, match="at step 5; a smaller"):
        optimisation_step(model, optimizer, np.nan, grads, 1.0)
