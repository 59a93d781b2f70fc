"""The settings that one need not give, the largest and smallest that are accepted, mixed dtypes."""

import numpy as np
import pytest

from albert_np.optim import LAMB, SGD, Adam, AdamW, warmup_polynomial_decay
from albert_np.optim.moments import decays, update_moments
from albert_np.parameters import flatten, tree_map

DEFAULTS = {
    Adam: dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8),                     # of the paper
    AdamW: dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01),     # of the original
    LAMB: dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01),
    SGD: dict(lr=0.1, momentum=0.9),
}
OPTIMIZERS = list(DEFAULTS)


def a_tree(rng, dtypes=(np.float64, np.float64)):
    """A matrix and a vector."""
    return {"W": rng.standard_normal((3, 4)).astype(dtypes[0]),
            "b": rng.standard_normal(2).astype(dtypes[1])}


def after_steps(optimizer_class, dtypes=(np.float64, np.float64), **settings):
    """The parameters after three steps."""
    rng = np.random.default_rng(0)
    params = a_tree(rng, dtypes)
    optimizer = optimizer_class(params, **settings)
    for _ in range(3):
        optimizer.step(params, a_tree(rng, dtypes))
    return params


@pytest.mark.parametrize("optimizer_class", OPTIMIZERS)
def test_defaults(optimizer_class):
    found = after_steps(optimizer_class)
    expected = after_steps(optimizer_class, **DEFAULTS[optimizer_class])
    assert all(found[name].tobytes() == expected[name].tobytes() for name in found)


def test_a_schedule_is_a_straight_line_to_0_unless_told_otherwise():
    short = warmup_polynomial_decay(0.5, 8)
    assert [short(t) for t in range(10)] == [0.5 * (1 - min(t, 8) / 8) for t in range(10)]
    assert warmup_polynomial_decay(0.5, 1)(0) == 0.5                       # a single step
    rising = warmup_polynomial_decay(0.5, 4, 4)                            # warm-up to the end
    assert [rising(t) for t in range(5)] == [0, 0.125, 0.25, 0.375, 0]
    assert warmup_polynomial_decay(0.0, 4, power=0.0)(2) == 0
    up = warmup_polynomial_decay(0.25, 4, end_lr=0.75)                     # it may end above lr
    assert [up(t) for t in range(6)] == [0.25, 0.375, 0.5, 0.625, 0.75, 0.75]


@pytest.mark.parametrize("optimizer_class", OPTIMIZERS)
def test_settings_of_0_are_accepted(optimizer_class):
    """Without a memory, the moments are those of this gradient alone."""
    rng = np.random.default_rng(0)
    params, grads = a_tree(rng), a_tree(rng)
    start = params["b"].copy()
    settings = {"momentum": 0} if optimizer_class is SGD else {"betas": (0, 0), "eps": 1e-30}
    optimizer_class(params, lr=0.01, **settings).step(params, grads)
    step = grads["b"] if optimizer_class is SGD else np.sign(grads["b"])   # m / sqrt(v)
    np.testing.assert_allclose(params["b"], start - 0.01 * step)


@pytest.mark.parametrize("optimizer_class, settings, message", [
    (SGD, {"momentum": -0.1}, "momentum is -0.1; it must lie in [0, 1)"),
    (SGD, {"momentum": 1}, "momentum is 1; it must lie in [0, 1)"),
    (Adam, {"betas": [0.9, 1.0]}, "betas are [0.9, 1.0]; they must be two numbers in [0, 1)"),
    (AdamW, {"betas": (-0.1, 0.9)}, "betas are (-0.1, 0.9); they must be two numbers in [0, 1)"),
    (LAMB, {"eps": np.inf}, "eps is inf; it must be a positive number"),
    (Adam, {"eps": -1e-8}, "eps is -1e-08; it must be a positive number")])
def test_settings_out_of_range_are_named(rng, optimizer_class, settings, message):
    with pytest.raises(ValueError) as refusal:
        optimizer_class(a_tree(rng), **settings)
    assert str(refusal.value) == message


@pytest.mark.parametrize("arguments, message", [
    ((1.0, 0), "total_steps is 0; it must be at least 1"),
    ((1.0, 10, 11), "warmup_steps is 11; it must lie between 0 and total_steps, which is 10"),
    ((1.0, 10, -1), "warmup_steps is -1; it must lie between 0 and total_steps, which is 10")])
def test_schedules_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError) as refusal:
        warmup_polynomial_decay(*arguments)
    assert str(refusal.value) == message


@pytest.mark.parametrize("dtypes", [(np.float32, np.float64), (np.float64, np.float32),
                                    (np.float32, np.longdouble)])
@pytest.mark.parametrize("optimizer_class", OPTIMIZERS)
def test_each_parameter_keeps_the_digits_of_its_own_dtype(optimizer_class, dtypes):
    found, exact = after_steps(optimizer_class, dtypes), after_steps(optimizer_class)
    for name, dtype in zip(("W", "b"), dtypes):
        assert found[name].dtype == dtype
        if dtype is np.float64:
            assert found[name].tobytes() == exact[name].tobytes()
        else:
            np.testing.assert_allclose(found[name], exact[name],
                                       rtol=1e-5 if dtype is np.float32 else 1e-14)


@pytest.mark.parametrize("optimizer_class", OPTIMIZERS)
def test_the_state_of_a_new_optimizer_can_be_loaded(rng, optimizer_class):
    """Nothing but zeros; it takes back an optimiser that has stepped to its beginning."""
    params = a_tree(rng)
    new, other = optimizer_class(params), optimizer_class(params)
    other.step(params, a_tree(rng))
    other.load_state(new.state())
    assert other.steps == 0 and not any(array.any() for array in flatten(other.state()).values())
    assert all(array.dtype == np.float64 for name, array in other.state().items()
               if name != "steps")


@pytest.mark.parametrize("optimizer_class", OPTIMIZERS)
@pytest.mark.parametrize("grads, missing", [
    ({"W": 1, "blocks": {"0": 1, "1": 1}}, "blocks.0"),
    ({"W": 1, "blocks": [1]}, "blocks.1"), ({"blocks": [1, 1]}, "W"),
    ([1, [1, 1]], "W"), ({"W": 1, "blocks": None}, "blocks.0")])
def test_the_first_missing_gradient_is_named(optimizer_class, grads, missing):
    """Whether there is nothing, a list in place of a dict, or a dict with the same dotted names."""
    params = {"W": np.ones(2), "blocks": [np.ones(2), np.ones(2)]}
    grads = tree_map(lambda leaf: leaf and np.ones(2), grads)
    with pytest.raises(ValueError, match=f"^{missing} has no gradient$"):
        optimizer_class(params).step(params, grads)


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize("size", [1e-9, 1e-3, 0.5, 1e3, 1e9])
def test_lamb_moves_small_and_large_matrices_by_their_share(rng, size, weight_decay):
    """By the learning rate times their own norm, be it below 1 or above; nothing is clamped."""
    start = rng.standard_normal((3, 4))
    params = {"W": start * (size / np.linalg.norm(start))}
    before = params["W"].copy()
    LAMB(params, lr=0.01, weight_decay=weight_decay).step(
        params, {"W": rng.standard_normal((3, 4))})
    assert np.linalg.norm(params["W"] - before) == pytest.approx(0.01 * size)


def test_only_matrices_decay():
    """A number on its own does not, nor does a vector."""
    assert [decays(np.ones((2,) * axes)) for axes in range(4)] == [False, False, True, True]


def test_a_mean_of_squares_below_0_is_refused(rng):
    params = a_tree(rng)
    for name in ("v.W", "v.b"):
        optimizer = AdamW(params)
        state = {key: array - (key == name) for key, array in optimizer.state().items()}
        with pytest.raises(ValueError, match=f"^{name} in .* has a negative entry"):
            optimizer.load_state(state)
    optimizer = AdamW(params)
    optimizer.load_state({key: array - (key == "m.W") for key, array in optimizer.state().items()})
    assert (optimizer.state()["m.W"] == -1).all()


def test_moments_with_small_betas():
    """1 - beta is not what is left of 1 after whole betas."""
    m, v, work = np.array([8.0]), np.array([8.0]), np.empty(1)
    update_moments(m, v, np.array([2.0]), 0.25, 0.4, work)
    np.testing.assert_allclose([m[0], v[0]], [0.25 * 8 + 0.75 * 2, 0.4 * 8 + 0.6 * 4], rtol=1e-15)
