"""Trees of arrays: walked, added up, and clipped as one vector."""

import numpy as np
import pytest

from albert_np.functional.trees import (add_in_place, cast, clip_by_global_norm, count, flatten,
                                        global_norm, leaves_at, tree_map, tree_paths, zeros_like)


@pytest.fixture
def tree(rng):
    """Dicts, a list and a tuple in each other; leaves of several shapes."""
    return {"b": rng.standard_normal(3), "blocks": [{"W": rng.standard_normal((2, 3))},
                                                    {"W": rng.standard_normal((4, 1))}],
            "pair": (rng.standard_normal(1), rng.standard_normal((2, 2, 2)))}


def leaves(tree):
    """In the order of :func:`tree`, without any of the functions that are tested."""
    return [tree["b"], tree["blocks"][0]["W"], tree["blocks"][1]["W"], *tree["pair"]]


NAMES = ["b", "blocks.0.W", "blocks.1.W", "pair.0", "pair.1"]


def test_names_and_paths_lead_to_the_leaves_in_order(tree):
    flat, paths = flatten(tree), tree_paths(tree)
    assert list(flat) == NAMES == [".".join(map(str, path)) for path in paths]
    for found in (flat.values(), leaves_at(tree, paths)):
        assert all(one is other for one, other in zip(found, leaves(tree), strict=True))
    assert list(flatten(tree, prefix="grads.")) == [f"grads.{name}" for name in NAMES]
    assert flatten({}) == {} and tree_paths({}) == []
    assert tree_paths(3.0) == [()] and leaves_at(3.0, [()]) == [3.0]


def test_what_maps_a_tree_makes_a_new_one(tree, rng):
    """Leaf by leaf, and the old one stays as it was."""
    before = [leaf.copy() for leaf in leaves(tree)]
    other = tree_map(lambda leaf: rng.standard_normal(leaf.shape), tree)
    total = tree_map(np.subtract, tree, other)
    for leaf, one, two in zip(leaves(total), leaves(tree), leaves(other)):
        assert (leaf == one - two).all()
    for leaf, old in zip(leaves(zeros_like(tree)), before):
        assert leaf.shape == old.shape and leaf.dtype == old.dtype and not leaf.any()
    for leaf, old in zip(leaves(cast(tree, np.float32)), before):
        assert leaf.dtype == np.float32 and (leaf == old.astype(np.float32)).all()
    for leaf, one in zip(leaves(cast(tree, np.float64)), leaves(tree)):
        assert (leaf == one).all() and not np.shares_memory(leaf, one)     # a copy, all the same
    assert all((leaf == old).all() for leaf, old in zip(leaves(tree), before))
    assert count(tree) == 3 + 6 + 4 + 1 + 8 and count({"steps": np.array(7), "b": []}) == 1


def test_adding_in_place_keeps_the_arrays(tree):
    total = tree_map(np.ones_like, tree)
    arrays = leaves(total)
    assert add_in_place(total, tree) is total
    for array, leaf, added in zip(arrays, leaves(total), leaves(tree)):
        assert leaf is array and (leaf == 1 + added).all()


def test_the_global_norm_is_that_of_one_vector(tree):
    vector = np.concatenate([leaf.ravel() for leaf in leaves(tree)])
    assert global_norm(tree) == pytest.approx(np.linalg.norm(vector), rel=1e-14)
    assert global_norm(zeros_like(tree)) == 0 == global_norm({"none": np.zeros((0, 3))})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clipping(tree, dtype):
    """One factor for all leaves, bit for bit and in place; none if the norm is small enough."""
    grads = cast(tree, dtype)
    arrays, before = leaves(grads), leaves(tree_map(np.copy, grads))
    norm = global_norm(grads)
    assert norm == pytest.approx(np.linalg.norm(np.concatenate([leaf.ravel() for leaf in before])))
    for max_norm in (norm, 2 * norm, np.inf):
        assert clip_by_global_norm(grads, max_norm) == norm
        assert all(leaf.tobytes() == old.tobytes() for leaf, old in zip(leaves(grads), before))
    assert clip_by_global_norm(grads, 0.5) == norm
    for array, leaf, old in zip(arrays, leaves(grads), before):
        assert leaf is array and leaf.tobytes() == (old * (0.5 / norm)).tobytes()
    for max_norm in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match=f"^max_norm is {max_norm}; it must be positive$"):
            clip_by_global_norm(grads, max_norm)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", ["smallest", 1e-30, 1e-21, 1, 1e15, 1e20, "half of the largest"])
def test_the_norm_of_small_and_of_large_gradients(dtype, size):
    """Squares that overflow or underflow are no reason for a wrong norm or a gradient of 0."""
    limits = np.finfo(dtype)
    size = {"smallest": limits.smallest_subnormal, "half of the largest": limits.max / 2}.get(
        size, size)
    entries = np.array([3, -4, 0, 1, -7], np.longdouble) / 7 * size
    grads = {"W": entries[:4].astype(dtype).reshape(2, 2), "b": entries[4:].astype(dtype)}
    exact = np.concatenate([leaf.ravel() for leaf in grads.values()]).astype(np.longdouble)
    norm = np.sqrt(np.square(exact).sum())
    for max_norm in (norm, norm / 2, 1e-3):
        clipped = tree_map(np.copy, grads)
        assert clip_by_global_norm(clipped, float(max_norm)) == pytest.approx(
            float(norm), rel=4 * float(limits.eps), abs=0)
        found = np.concatenate([leaf.ravel() for leaf in clipped.values()])
        assert found.dtype == dtype
        np.testing.assert_allclose(found.astype(np.longdouble),
                                   exact * min(1, np.longdouble(float(max_norm)) / norm),
                                   rtol=8 * limits.eps, atol=limits.smallest_subnormal)


def test_the_norm_of_a_large_leaf_beside_a_tiny_one():
    grads = {"W": np.array([3e20], np.float32), "b": np.array([4e-25], np.float32)}
    assert clip_by_global_norm(grads, 1.0) == pytest.approx(3e20, rel=1e-6)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_gradient_that_is_not_finite_is_not_clipped(value):
    grads = {"W": np.array([[1.0, value]], np.float32), "b": np.array([1e30], np.float32)}
    before = {name: leaf.tobytes() for name, leaf in grads.items()}
    norm = clip_by_global_norm(grads, 1.0)
    assert np.isnan(norm) if np.isnan(value) else norm == np.inf
    assert {name: leaf.tobytes() for name, leaf in grads.items()} == before
