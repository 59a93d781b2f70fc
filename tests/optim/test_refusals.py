"""Refused means unchanged: parameters, moments and the number of steps, bit for bit."""

import numpy as np
import pytest

from albert_np.optim import (LAMB, SGD, Adam, AdamW, clip_by_global_norm,
                             warmup_polynomial_decay)
from albert_np.parameters import flatten, tree_map
from albert_np.pretraining.options import OPTIMIZERS

SHAPES = {"attention": {"W": (3, 2), "b": (2,)}, "blocks": [(4, 3), (2, 2)]}
NAMES = ["attention.W", "attention.b", "blocks.0", "blocks.1"]


def draw(rng, shapes=SHAPES):
    """A tree of random float32 arrays."""
    if isinstance(shapes, dict):
        return {key: draw(rng, value) for key, value in shapes.items()}
    if isinstance(shapes, list):
        return [draw(rng, value) for value in shapes]
    return rng.standard_normal(shapes).astype(np.float32)


def branch_and_key(tree, name):
    """Where in the tree the leaf of this name is."""
    branch, key = name.split(".")
    return tree[branch], int(key) if branch == "blocks" else key


def with_value(value):
    """One entry of the leaf, the last, has this value."""
    def change(branch, key):
        branch[key] = branch[key].copy()
        branch[key].flat[-1] = value
    return change


def with_leaf(function):
    """The leaf is replaced."""
    def change(branch, key):
        branch[key] = function(branch[key])
    return change


def without_leaf(branch, key):
    """The leaf is missing; of a list the last one is."""
    branch.pop(key if isinstance(branch, dict) else -1)


def one_more(branch, key):
    """A leaf that the optimiser was not made for."""
    if isinstance(branch, dict):
        branch["more"] = branch[key]
    else:
        branch.append(branch[key])


def read_only(leaf):
    """A copy that refuses to be changed."""
    copy = leaf.copy()
    copy.flags.writeable = False
    return copy


OF_BOTH = {
    "wrong shape": (with_leaf(lambda leaf: leaf[:1]), "has shape"),
    "more rows": (with_leaf(lambda leaf: np.concatenate([leaf, leaf])), "has shape"),
    "one axis more": (with_leaf(lambda leaf: leaf[None]), "has shape"),
    "float64": (with_leaf(lambda leaf: leaf.astype(np.float64)), "has dtype float64"),
    "complex": (with_leaf(lambda leaf: leaf.astype(np.complex64)), "has dtype complex64"),
    "integers": (with_leaf(lambda leaf: leaf.astype(np.int64)), "has dtype int64"),
    "None": (with_leaf(lambda leaf: None), "must be an array, not a NoneType"),
    "a list": (with_leaf(lambda leaf: leaf.tolist()), "must be an array, not a list"),
    "missing": (without_leaf, "has no (value|gradient)"),
    "one more": (one_more, "has no moment in this optimiser"),
}
OF_GRADIENTS = {
    **OF_BOTH,
    "NaN": (with_value(np.nan), "is not finite"), "infinite": (with_value(np.inf), "is not finite"),
    "-infinite": (with_value(-np.inf), "is not finite"),
    "square overflows": (with_value(1e20), "too large to be squared in float32"),
}
OF_VALUES = {**OF_BOTH, "read-only": (with_leaf(read_only), "read-only")}
KINDS = [(which, kind) for which, kinds in (("params", OF_VALUES), ("grads", OF_GRADIENTS))
         for kind in kinds]


def bits(params, optimizer):
    """Everything that a step may change."""
    return {name: leaf.tobytes() for name, leaf in
            flatten({"params": params, "state": optimizer.state()}).items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which, kind", KINDS)
@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_a_refused_step_never_happened(rng, optimizer_class, which, kind, name):
    """Whichever leaf is the bad one, and the steps after it are those without it."""
    params = draw(rng)
    optimizer = optimizer_class(params, lr=0.1)
    optimizer.step(params, draw(rng))
    others = tree_map(np.copy, params)
    other = optimizer_class(others, lr=0.1)
    other.load_state({name: array.copy() for name, array in optimizer.state().items()})

    trees = {"params": tree_map(lambda leaf: leaf, params), "grads": draw(rng)}
    change, message = dict(params=OF_VALUES, grads=OF_GRADIENTS)[which][kind]
    change(*branch_and_key(trees[which], name))
    before = bits(params, optimizer)
    with pytest.raises((ValueError, FloatingPointError), match=message):
        optimizer.step(**trees)
    assert bits(params, optimizer) == before

    grads = draw(rng)
    optimizer.step(params, grads)
    other.step(others, grads)
    assert bits(params, optimizer) == bits(others, other)


def failing(step):
    """A schedule that fails."""
    raise KeyError(step)


@pytest.mark.parametrize("lr", [None, "high", np.nan, np.inf, -0.1, 1j, lambda step: np.nan,
                                lambda step: None, failing])
@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_a_step_without_a_learning_rate_never_happened(rng, optimizer_class, lr):
    params = draw(rng)
    optimizer = optimizer_class(params)
    optimizer.step(params, draw(rng))
    before, optimizer.lr = bits(params, optimizer), lr
    with pytest.raises(KeyError if lr is failing else ValueError,
                       match=None if lr is failing else "the learning rate at step 1 is"):
        optimizer.step(params, draw(rng))
    assert bits(params, optimizer) == before


OF_STATES = {
    "wrong shape": (lambda array: array[..., None], "has shape"),
    "float64": (lambda array: array.astype(np.float64), "has dtype float64"),
    "None": (lambda array: None, "has (shape|dtype)"),
    "NaN": (lambda array: np.full_like(array, np.nan), "is not finite"),
    "infinite": (lambda array: np.full_like(array, -np.inf), "is not finite"),
    "one NaN": (lambda array: np.where(np.arange(array.size).reshape(array.shape) == 0,
                                       array.dtype.type(np.nan), array), "is not finite"),
}


@pytest.mark.parametrize("name", [*(f"m.{name}" for name in NAMES), "steps"])
@pytest.mark.parametrize("kind", [*OF_STATES, "missing", "one more"])
@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_a_refused_state_is_not_loaded(rng, optimizer_class, kind, name):
    params = draw(rng)
    optimizer, other = optimizer_class(params), optimizer_class(params)
    optimizer.step(params, draw(rng))
    before, state = bits(params, optimizer), other.state()
    if kind == "missing":
        state.pop(name)
        message = f"lacks {name}"
    elif kind == "one more":
        state[f"{name}.more"] = state[name]
        message = f"has {name}.more"
    else:
        change, message = OF_STATES[kind]
        if name == "steps":                                # an integer has no NaN: too few, then
            change, message = {
                "NaN": (lambda array: array - 1, "says that -1 steps were taken"),
                "one NaN": (lambda array: array - 3, "says that -3 steps were taken"),
                "infinite": (lambda array: array - 2, "says that -2 steps were taken")}.get(
                    kind, OF_STATES[kind])
        state[name] = change(state[name])
    with pytest.raises(ValueError, match=message):
        optimizer.load_state(state)
    assert bits(params, optimizer) == before


@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_what_is_no_state_is_refused(rng, optimizer_class):
    optimizer = optimizer_class(draw(rng))
    with pytest.raises(ValueError, match="the state of an optimiser is a dict, not a NoneType"):
        optimizer.load_state(None)
    state = {name: array.copy() for name, array in optimizer.state().items()}
    if "v.blocks.0" in state:
        state["v.blocks.0"][0, 0] = -1
        with pytest.raises(ValueError, match="v.blocks.0 .* has a negative entry"):
            optimizer.load_state(state)


@pytest.mark.parametrize("params, found", [
    ({}, "has no array"), ([], "has no array"), ({"a": {}, "b": []}, "has no array"),
    (np.ones(2), "is of type ndarray"), (None, "is of type NoneType"), (0.5, "is of type float")])
@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_an_optimiser_needs_a_tree_of_arrays(optimizer_class, params, found):
    with pytest.raises(ValueError, match=f"^params {found}; it must be a tree of arrays, such as "
                                         f"model.params$"):
        optimizer_class(params, lr=0.1)


@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_a_step_needs_parameters_and_gradients(rng, optimizer_class):
    params = draw(rng)
    optimizer = optimizer_class(params, lr=0.1)
    for given in ((params, None), (None, params), (None, None)):
        with pytest.raises(ValueError, match="^step needs the parameters and their gradients: "
                                             r"optimizer.step\(model.params, grads\)$"):
            optimizer.step(*given)
    assert optimizer.steps == 0


@pytest.mark.parametrize("dtype", [np.float16, np.int64, np.complex128, bool])
@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_parameters_of_another_kind_are_refused(optimizer_class, dtype):
    with pytest.raises(ValueError, match=f"^W has dtype {np.dtype(dtype)}; an optimiser needs"):
        optimizer_class({"W": np.ones((2, 2), dtype)})
    with pytest.raises(ValueError, match="^the value of W must be an array, not a float$"):
        optimizer_class({"W": 1.0})


@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_settings_that_divide_by_0_are_refused(rng, optimizer_class):
    settings = ([{"momentum": 1.0}, {"momentum": np.nan}] if optimizer_class.__name__ == "SGD" else
                [{"betas": (1.0, 0.9)}, {"betas": (0.9, np.nan)}, {"betas": (-0.1, 0.9)},
                 {"eps": 0.0}, {"eps": np.nan}])
    for setting in settings:
        with pytest.raises(ValueError, match=f"^{next(iter(setting))} (is|are) "):
            optimizer_class(draw(rng), **setting)


NO_NUMBERS = ["abc", "0.1", b"0.1", None, True, [1.0], 1j, -1.0, np.nan, np.inf, 10**400]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: str(value)[:10])
@pytest.mark.parametrize("optimizer_class", OPTIMIZERS.values())
def test_settings_are_checked_when_they_are_made(rng, optimizer_class, value):
    """Each of them, before a step; infinity is none too."""
    def refused(name, verb="is"):
        with pytest.raises(ValueError) as error:
            optimizer_class(draw(rng), **{name: value if name != "betas" else (0.9, value)})
        shown = repr(value) if name != "betas" else repr((0.9, value))
        assert str(error.value).startswith(f"{name} {verb} {shown}; ")

    refused("lr")
    names = optimizer_class.__init__.__code__.co_varnames
    assert {"eps", "weight_decay", "momentum"} & set(names) == {
        "SGD": {"momentum"}, "Adam": {"eps"}}.get(optimizer_class.__name__, {"eps", "weight_decay"})
    for name in {"eps", "weight_decay", "momentum"} & set(names):
        refused(name)
    if "betas" in names:
        refused("betas", "are")


@pytest.mark.parametrize("betas", [(), (0.9,), (0.9, 0.9, 0.9), 0.9, "ab", (0.9, 1.0), None])
def test_betas_are_two_numbers_below_1(rng, betas):
    if betas == ():
        betas = []
    for optimizer_class in (AdamW, LAMB, Adam):
        with pytest.raises(ValueError, match=r"^betas are .*; they must be two numbers in \[0, 1"):
            optimizer_class(draw(rng), betas=betas)


def test_limits_that_are_allowed(rng):
    for optimizer_class in (AdamW, LAMB):
        optimizer_class(draw(rng), lr=0, betas=[0, 0.0], eps=np.float32(1e-8), weight_decay=0)
        optimizer_class(draw(rng), lr=1e6, betas=(0.0, 0.9999), eps=1e6, weight_decay=1e6)
    SGD(draw(rng), lr=np.float32(0.1), momentum=0)
    Adam(draw(rng), lr=lambda step: -1)                              # asked at the first step


@pytest.mark.parametrize("setting", ["lr", "power", "end_lr"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, "x", None])
def test_schedules_of_no_number_are_refused(setting, value):
    with pytest.raises(ValueError, match=f"^{setting} is {value}; it must"):
        warmup_polynomial_decay(**{"lr": 1.0, "total_steps": 10, setting: value})
    for total in (np.nan, "x", None, 0, 0.5):
        with pytest.raises(ValueError, match=f"^total_steps is {total}; it must be at least 1$"):
            warmup_polynomial_decay(1.0, total)
    with pytest.raises(ValueError, match="^warmup_steps is x; it must lie between 0 and"):
        warmup_polynomial_decay(1.0, 10, "x")


@pytest.mark.parametrize("max_norm", [0, -1.0, np.nan, "x", None])
def test_refused_clipping_changes_nothing(rng, max_norm):
    grads = draw(rng)
    before = {name: leaf.tobytes() for name, leaf in flatten(grads).items()}
    with pytest.raises(ValueError, match="it must be positive"):
        clip_by_global_norm(grads, max_norm)
    assert {name: leaf.tobytes() for name, leaf in flatten(grads).items()} == before
