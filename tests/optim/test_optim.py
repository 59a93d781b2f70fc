"""The optimisers against independent restatements of the published formulas."""

import numpy as np
import pytest

from albert_np.optim import LAMB, SGD, Adam, AdamW, warmup_polynomial_decay
from albert_np.parameters import flatten, tree_map
from albert_np.pretraining.options import OPTIMIZERS


def random_tree(rng, dtype=np.float64):
    """Two matrices, two vectors."""
    shapes = {"attention": {"W": (5, 4), "b": (4,)}, "layer_norm": {"gamma": (4,)},
              "word": (7, 3)}

    def draw(shape):
        if isinstance(shape, dict):
            return {key: draw(value) for key, value in shape.items()}
        return rng.standard_normal(shape).astype(dtype)

    return draw(shapes)


VECTORS = {"attention.b", "layer_norm.gamma"}


def published_adamw(p, g, state, lr, decayed):
    m = 0.9 * state.get("m", 0) + 0.1 * g
    v = 0.999 * state.get("v", 0) + 0.001 * g**2
    state.update(m=m, v=v)
    update = m / (np.sqrt(v) + 1e-6) + (0.01 * p if decayed else 0)
    return p - lr * update


def published_lamb(p, g, state, lr, decayed):
    m = 0.9 * state.get("m", 0) + 0.1 * g
    v = 0.999 * state.get("v", 0) + 0.001 * g**2
    state.update(m=m, v=v)
    update = m / (np.sqrt(v) + 1e-6)
    if not decayed:
        return p - lr * update
    update = update + 0.01 * p
    return p - lr * update * np.sqrt((p**2).sum()) / np.sqrt((update**2).sum())


def published_adam(p, g, state, lr, decayed):
    t = state["t"] = state.get("t", 0) + 1
    m = 0.9 * state.get("m", 0) + 0.1 * g
    v = 0.999 * state.get("v", 0) + 0.001 * g**2
    state.update(m=m, v=v)
    return p - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def published_sgd(p, g, state, lr, decayed):
    state["m"] = 0.9 * state.get("m", 0) + g
    return p - lr * state["m"]


PUBLISHED = {AdamW: published_adamw, LAMB: published_lamb, Adam: published_adam, SGD: published_sgd}


def test_every_optimiser_has_its_published_formula():
    assert set(PUBLISHED) == set(OPTIMIZERS.values())


@pytest.mark.parametrize("optimizer_class, published", PUBLISHED.items())
def test_hundred_steps_are_those_of_the_published_formulas(rng, optimizer_class, published):
    params = random_tree(rng)
    expected = {name: leaf.copy() for name, leaf in flatten(params).items()}
    states = {name: {} for name in expected}
    schedule = warmup_polynomial_decay(0.02, 100, 10)
    optimizer = optimizer_class(params, lr=schedule)
    for step in range(100):
        grads = random_tree(rng)
        for name, gradient in flatten(grads).items():
            expected[name] = published(expected[name], gradient, states[name], schedule(step),
                                       name not in VECTORS)
        optimizer.step(params, grads)
    for name, leaf in flatten(params).items():
        np.testing.assert_allclose(leaf, expected[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("optimizer_class", [AdamW, LAMB, Adam, SGD])
def test_original_test_problem(optimizer_class):
    """The problem of the original's optimization_test.py: fit w to x."""
    params, x = {"w": np.array([[0.1, -0.2, -0.1]])}, np.array([[0.4, 0.2, -0.5]])
    options = {"weight_decay": 0.0} if optimizer_class in (AdamW, LAMB) else {}
    lr = {AdamW: 0.2, Adam: 0.2, LAMB: warmup_polynomial_decay(0.2, 100), SGD: 0.1}[optimizer_class]
    optimizer = optimizer_class(params, lr=lr, **options)
    for _ in range(100):
        optimizer.step(params, {"w": 2 * (params["w"] - x) / 3})
    np.testing.assert_allclose(params["w"], x, atol=1e-2)


@pytest.mark.parametrize("optimizer_class", [AdamW, LAMB, Adam, SGD])
def test_float32_stays_and_arrays_stay(rng, optimizer_class):
    params = random_tree(rng, np.float32)
    arrays = flatten(params)
    optimizer = optimizer_class(params, lr=np.float64(1e-3))
    for _ in range(2):
        grads = random_tree(rng, np.float32)
        before = tree_map(np.copy, grads)
        optimizer.step(params, grads)
        for name, leaf in flatten(params).items():
            assert leaf is arrays[name] and leaf.dtype == np.float32
            assert (flatten(grads)[name] == flatten(before)[name]).all()


def test_lamb_moves_each_matrix_by_its_share(rng):
    """Every matrix changes by lr times its norm, whatever its own size and its gradient's."""
    params = random_tree(rng)
    params["word"] *= 1e4                                      # the trust ratio is not clamped
    before = tree_map(np.copy, params)
    LAMB(params, lr=0.01).step(params, tree_map(lambda leaf: 1e3 * leaf, random_tree(rng)))
    for name in ("attention.W", "word"):
        old, new = flatten(before)[name], flatten(params)[name]
        assert np.linalg.norm(new - old) == pytest.approx(0.01 * np.linalg.norm(old))


def test_lamb_of_zeros_takes_a_plain_step():
    params = {"W": np.zeros((2, 2))}
    LAMB(params, lr=0.1).step(params, {"W": np.ones((2, 2))})
    np.testing.assert_allclose(params["W"], -0.1 * 0.1 / (np.sqrt(0.001) + 1e-6))


def test_optimizer_for_another_tree_is_refused(rng):
    for optimizer_class in (AdamW, LAMB, Adam, SGD):
        params = {"a": np.ones(3), "b": np.ones((2, 2))}
        optimizer = optimizer_class(params)
        for grads, message in (
                ({"a": np.ones(3)}, "b has no gradient"),
                ({"a": np.ones(3), "b": np.ones(4)},
                 r"b has shape \(2, 2\), but its gradient has shape \(4,\)")):
            with pytest.raises(ValueError, match=message):
                optimizer.step(params, grads)
        with pytest.raises(ValueError, match="a has no value"):
            optimizer.step({"c": np.ones(3)}, {"c": np.ones(3)})
        more = {**params, "c": np.ones(3)}
        with pytest.raises(ValueError, match="^c has no moment in this optimiser, but it has a v"):
            optimizer_class(params).step(more, more)
        more["d"] = np.ones(3)
        with pytest.raises(ValueError, match="^c has no moment in this optimiser, but it has a g"):
            optimizer_class(params).step(params, more)
        assert (params["a"] == 1).all() and (params["b"] == 1).all()       # nothing was changed


def test_warmup_and_decay():
    schedule = warmup_polynomial_decay(0.00176, 125_000, 3125)
    assert schedule(0) == 0
    assert schedule(3124) == pytest.approx(0.00176 * 3124 / 3125)
    assert schedule(3125) == pytest.approx(0.001716)          # a little lower than the peak
    assert schedule(125_000) == schedule(200_000) == 0
    assert warmup_polynomial_decay(1.0, 10, power=2.0, end_lr=0.2)(5) == pytest.approx(0.4)


@pytest.mark.parametrize("arguments", [(1.0, 0), (1.0, 10, 11), (1.0, 10, -1)])
def test_impossible_schedules_are_refused(arguments):
    with pytest.raises(ValueError, match="it must"):
        warmup_polynomial_decay(*arguments)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer_class", [AdamW, LAMB, Adam, SGD])
def test_saved_and_restored_is_as_never_interrupted(rng, optimizer_class, dtype):
    """Parameters and moments, bit for bit; the schedule and Adam's corrections go on too."""
    all_grads = [random_tree(rng, dtype) for _ in range(20)]
    schedule = warmup_polynomial_decay(0.05, 20, 4)
    params = random_tree(rng, dtype)
    optimizer = optimizer_class(params, lr=schedule)
    for step, grads in enumerate(all_grads):
        if step == 7:
            saved_params = tree_map(np.copy, params)
            saved = {name: array.copy() for name, array in optimizer.state().items()}
        optimizer.step(params, grads)
    another = optimizer_class(saved_params, lr=schedule)
    another.load_state(saved)
    for grads in all_grads[7:]:
        another.step(saved_params, grads)
    assert another.steps == optimizer.steps == 20 and type(another.steps) is int
    assert saved["steps"] == 7                                 # what was given is not written to
    for one, other in ((params, saved_params), (optimizer.state(), another.state())):
        for name, leaf in flatten(one).items():
            assert leaf.tobytes() == flatten(other)[name].tobytes(), name


def test_the_state_has_names_and_is_alive(rng):
    params = random_tree(rng)
    names = {"attention.W", "attention.b", "layer_norm.gamma", "word"}
    for optimizer_class in (AdamW, LAMB, Adam, SGD):
        optimizer = optimizer_class(params)
        kinds = "m" if optimizer_class is SGD else "mv"
        state = optimizer.state()
        assert set(state) == {"steps", *(f"{kind}.{name}" for kind in kinds for name in names)}
        optimizer.step(params, random_tree(rng))
        assert all((state[name] != 0).all() for name in state if name != "steps")
        assert state["steps"] == 0 and optimizer.state()["steps"] == 1


@pytest.mark.parametrize("change, message", [
    (lambda s: s.pop("m.word"), "the state of the optimiser lacks m.word"),
    (lambda s: s.pop("steps"), "the state of the optimiser lacks steps"),
    (lambda s: s.update({"w.word": s["m.word"]}), "has w.word, which this .* does not have"),
    (lambda s: s.update({"m.word": s["m.word"].T}),
     r"m.word in the state of the optimiser has shape \(3, 7\), where \(7, 3\) is needed"),
    (lambda s: s.update({"m.word": s["m.word"].astype(np.float32)}),
     "m.word in the state of the optimiser has dtype float32, where float64 is needed"),
    (lambda s: s.update({"steps": np.array(-1)}), "says that -1 steps were taken")])
@pytest.mark.parametrize("optimizer_class", [AdamW, LAMB, Adam, SGD])
def test_a_state_that_does_not_fit_is_refused(rng, optimizer_class, change, message):
    params = random_tree(rng)
    other = optimizer_class(params)
    other.step(params, random_tree(rng))
    state = other.state()
    change(state)
    optimizer = optimizer_class(params)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state(state)
    assert all((array == 0).all() for array in optimizer.state().values())    # nothing was changed


def test_the_state_of_another_optimizer_is_refused(rng):
    params = random_tree(rng)
    with pytest.raises(ValueError, match="has v.attention.W, which this SGD for these parameters"):
        SGD(params).load_state(AdamW(params).state())
    with pytest.raises(ValueError, match="lacks v.attention.W"):
        AdamW(params).load_state(SGD(params).state())


def test_the_trust_ratio_of_a_large_matrix():
    """Its squares overflow in float32; it moves by its share all the same."""
    params = {"W": np.full((2, 2), 1e20, np.float32)}
    LAMB(params, lr=0.01).step(params, {"W": np.ones((2, 2), np.float32)})
    np.testing.assert_allclose(params["W"], 0.99e20, rtol=1e-6)
