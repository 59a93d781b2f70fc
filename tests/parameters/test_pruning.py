"""Heads and weights that are taken away: the gradient of a gate, and what becomes 0."""

import numpy as np
import pytest

from albert_np import AlbertForPreTraining
from albert_np.functional.trees import cast, flatten, tree_map
from albert_np.gradcheck.one_check import A, V, random_parameters, small_config
from albert_np.models import AlbertForSequenceClassification
from albert_np.parameters.pruning import (head_gate_gradients, head_importance, prune_heads,
                                          prune_weights)

BATCH = {"input_ids": np.array([[3, 1, 4, 1, 5], [9, 2, 6, 5, 0]]) % V,
         "attention_mask": np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]), "labels": np.array([1, 0])}


@pytest.fixture(params=["all", "none"])
def model(request):
    """Three layers, which share one attention block or have one each."""
    model = AlbertForSequenceClassification(
        small_config(num_labels=2, sharing=request.param), dtype=np.float64)
    rng = np.random.default_rng(1)
    model.params = tree_map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape),
                            model.params)
    return model


def blocks(model):
    return [block["self_attention"] for block in model.params["encoder"]["attention"]]


def loss_with_gate(model, block, head, gate):
    """The loss if what a head collects is multiplied by a gate: its values, with their bias."""
    attention = blocks(model)[block]
    columns = np.arange(attention["W_v"].shape[1]).reshape(A, -1)[head]
    before = {name: attention[name].copy() for name in ("W_v", "b_v")}
    attention["W_v"][:, columns] *= gate
    attention["b_v"][columns] *= gate
    loss = model.forward(**BATCH)[0].loss
    for name, array in before.items():
        attention[name][...] = array
    return float(loss)


def gradients_of(model):
    _, cache = model.forward(**BATCH)
    return model.backward(cache)


def test_the_gradient_of_a_gate_is_that_of_differences(model):
    """The gate is put in front of the context, by its values: not where the formula looks."""
    grads = gradients_of(model)
    for block, attention in enumerate(blocks(model)):
        dW_o = grads["encoder"]["attention"][block]["self_attention"]["W_o"]
        found = head_gate_gradients(attention["W_o"], dW_o, A)
        h = 1e-5
        slopes = [(loss_with_gate(model, block, head, 1 + h)
                   - loss_with_gate(model, block, head, 1 - h)) / (2 * h) for head in range(A)]
        np.testing.assert_allclose(found, slopes, rtol=1e-7, atol=1e-10)
        assert np.abs(found).min() > 1e-7


def test_the_smallest_of_tiny_weights():
    """Their squares would all be 0 in float32."""
    params = {"W": np.array([[3e-30, -1e-30], [-2e-30, 4e-30]], np.float32)}
    kept = prune_weights(params, 0.5)["W"]
    assert kept.tolist() == [[True, False], [False, True]] == (params["W"] != 0).tolist()


def test_importance_is_the_mean_of_sizes(model):
    grads = gradients_of(model)
    params, narrow = (cast(tree, np.float32) for tree in (model.params, grads))
    assert head_importance(params, [narrow], A).dtype == np.float32
    other = tree_map(lambda leaf: -3 * leaf, grads)
    one = head_importance(model.params, [grads], A)
    assert one.shape == (len(blocks(model)), A) and (one > 0).all()
    np.testing.assert_allclose(head_importance(model.params, iter([grads, other]), A), 2 * one)
    with pytest.raises(ValueError, match="there are no gradients"):
        head_importance(model.params, [], A)
    attention = grads["encoder"]["attention"]
    fewer = {**grads, "encoder": {**grads["encoder"], "attention": attention[1:]}}
    with pytest.raises(ValueError):                          # those of a model of other blocks
        head_importance(model.params, [fewer], A)


@pytest.mark.parametrize("head", range(A))
def test_a_pruned_head_is_a_closed_gate(model, head):
    closed = loss_with_gate(model, 0, head, 0.0)
    assert closed != loss_with_gate(model, 0, head, 1.0)
    prune_heads(model.params, ((0, each) for each in (head,)), A)        # or any other iterable
    assert float(model.forward(**BATCH)[0].loss) == pytest.approx(closed, rel=1e-12)
    W_o = blocks(model)[0]["W_o"].reshape(A, -1)
    assert [rows.all() for rows in W_o] == [other != head for other in range(A)]
    assert not W_o[head].any()


def test_one_head_of_a_shared_block_is_a_head_of_every_layer():
    config = small_config()
    model = AlbertForPreTraining(config, dtype=np.float64)
    model.params = random_parameters(config)
    unshared = AlbertForPreTraining(small_config(sharing="none"), dtype=np.float64)
    shared = model.params["encoder"]
    unshared.params = {**model.params, "encoder": {
        name: [tree_map(np.copy, shared[name][0]) for _ in range(3)] for name in shared}}
    prune_heads(model.params, [(0, 2)], A)
    prune_heads(unshared.params, [(layer, 2) for layer in range(3)], A)
    ids = BATCH["input_ids"]
    np.testing.assert_allclose(*(one.forward(ids)[0].sequence_output for one in (model, unshared)),
                               rtol=1e-12)


@pytest.mark.parametrize("heads", [[(0, 0), (0, A)], [(0, A + 1)], [(3, 0)],
                                   [(0, -1)], [(-1, 0)]])
def test_a_head_that_is_not_there_changes_nothing(model, heads):
    before = {name: leaf.copy() for name, leaf in flatten(model.params).items()}
    with pytest.raises(ValueError, match=r"there is no head .* blocks of 3 heads"):
        prune_heads(model.params, heads, A)
    assert all((leaf == before[name]).all() for name, leaf in flatten(model.params).items())


def test_arrays_that_do_not_fit():
    with pytest.raises(ValueError, match="must be alike"):
        head_gate_gradients(np.ones((4, 4)), np.ones((4, 3)), 2)
    with pytest.raises(ValueError, match="must be alike"):
        head_gate_gradients(np.ones((4, 3)), np.ones((4, 4)), 2)
    with pytest.raises(ValueError, match=r"W_o has shape \(4, 2\) and dW_o \(2, 4\)"):
        head_gate_gradients(np.ones((4, 2)), np.ones((2, 4)), 2)
    with pytest.raises(ValueError, match="3 heads of equal size"):
        head_gate_gradients(np.ones((4, 4)), np.ones((4, 4)), 3)


@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_the_smallest_weights_of_all_matrices(model, share):
    before = {name: leaf.copy() for name, leaf in flatten(model.params).items()}
    matrices = [name for name, leaf in before.items() if leaf.ndim > 1]
    kept = flatten(prune_weights(model.params, share))
    sizes = np.sort(np.concatenate([np.abs(before[name]).ravel() for name in matrices]))
    limit = sizes[round(share * sizes.size) - 1] if share else 0
    for name, leaf in flatten(model.params).items():
        if name not in matrices:
            assert kept[name] is True and (leaf == before[name]).all()
            continue
        assert (kept[name] == (np.abs(before[name]) > limit)).all()
        assert (leaf == before[name] * kept[name]).all()


def test_the_smallest_weights_of_each_matrix(model):
    kept = flatten(prune_weights(model.params, 0.5, per_matrix=True))
    for name, leaf in flatten(model.params).items():
        if leaf.ndim > 1:
            assert np.count_nonzero(leaf == 0) == round(leaf.size / 2) == (~kept[name]).sum()


def test_equal_weights_are_pruned_one_by_one():
    """The first of them, on every machine."""
    sizes = np.random.default_rng(0).integers(1, 4, 2000)
    params = {"W": sizes.reshape(40, 50).astype(np.float32)}
    prune_weights(params, 0.5)
    first = sorted(range(2000), key=lambda i: sizes[i])[:1000]          # sorted is stable
    assert np.flatnonzero(params["W"] == 0).tolist() == sorted(first)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none(share):
    with pytest.raises(ValueError, match="it must be a number from 0 to 1"):
        prune_weights({"W": np.ones((2, 2))}, share)
