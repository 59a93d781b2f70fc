"""What the layers do, beside their gradients."""

import numpy as np
import pytest

from albert_np import layers
from albert_np.gradcheck.one_check import padding_mask, random_parameters, small_config
from albert_np.layers import feed_forward
from albert_np.parameters import flatten


@pytest.fixture
def x(rng):
    return rng.standard_normal((2, 5, 12))


def test_heads_are_split_by_columns(x):
    heads = layers.split_heads(x, 3)
    assert heads.shape == (2, 3, 5, 4)
    for b in range(2):
        for a in range(3):
            for t in range(5):
                assert (heads[b, a, t] == x[b, t, 4 * a:4 * a + 4]).all()
    assert (layers.merge_heads(heads) == x).all()


def test_heads_are_put_back_side_by_side(x):
    """With more heads than columns in each, and with fewer, and with one of either."""
    for A in (1, 2, 4, 12):
        heads = layers.split_heads(x, A)
        assert heads.shape == (2, A, 5, 12 // A)
        merged = layers.merge_heads(heads)
        assert merged.shape == x.shape and (merged == x).all()


def test_visible_keys_in_the_shape_of_the_scores():
    """(B, T) is the same for every query, (B, T, T) has a row for each; all but 0 may be seen."""
    assert layers.visible_keys(None) is None
    padding = np.array([[1, 1, 0], [-1, 0.5, 2]])
    keep = layers.visible_keys(padding)
    assert keep.dtype == bool and keep.shape == (2, 1, 1, 3)
    assert keep[:, 0, 0].tolist() == [[True, True, False], [True, True, True]]
    causal = np.tril(np.ones((2, 3, 3)))
    keep = layers.visible_keys(causal)
    assert keep.shape == (2, 1, 3, 3) and (keep[:, 0] == causal.astype(bool)).all()


def test_attention_of_one_head_by_loops(rng, x):
    config = small_config(num_attention_heads=1)
    params = random_parameters(config)["encoder"]["attention"][0]["self_attention"]
    mask = padding_mask()
    (y, p), _ = layers.attention_forward(params, x, x, layers.visible_keys(mask), config)
    for b in range(2):
        q, k, v = (x[b] @ params[f"W_{n}"] + params[f"b_{n}"] for n in "qkv")
        for i in range(5):
            weights = np.array([np.exp(q[i] @ k[j] / np.sqrt(12)) * mask[b, j] for j in range(5)])
            weights /= weights.sum()
            np.testing.assert_allclose(p[b, 0, i], weights)
            context = sum(weights[j] * v[j] for j in range(5))
            np.testing.assert_allclose(y[b, i], context @ params["W_o"] + params["b_o"])


def test_padding_is_never_seen(rng, x):
    """Whatever stands at padded positions, the others do not feel it."""
    config = small_config()
    params = random_parameters(config)["encoder"]
    keep = layers.visible_keys(padding_mask())
    (states, attentions), _ = layers.encoder_forward(params, x, keep, config)
    other = x.copy()
    other[1, 3:] = 1e3 * rng.standard_normal((2, 12))
    (other_states, _), _ = layers.encoder_forward(params, other, keep, config)
    assert (states[-1][1, :3] == other_states[-1][1, :3]).all()
    assert all((p[1, :, :, 3:] == 0).all() for p in attentions)


def test_pairwise_mask_of_the_past_is_causal(rng, x):
    config = small_config()
    params = random_parameters(config)["encoder"]
    keep = layers.visible_keys(np.tril(np.ones((2, 5, 5), int)))
    (states, _), _ = layers.encoder_forward(params, x, keep, config)
    other = x.copy()
    other[:, 3:] += 1
    (other_states, _), _ = layers.encoder_forward(params, other, keep, config)
    assert (states[-1][:, :3] == other_states[-1][:, :3]).all()
    assert (states[-1][:, 3:] != other_states[-1][:, 3:]).all()


def test_sharing_is_the_unshared_encoder_with_equal_copies(x):
    """Sharing changes neither the outputs, nor dx; its gradient is the sum over the copies."""
    shared, unshared = small_config(sharing="all"), small_config(sharing="none")
    params = random_parameters(shared)["encoder"]
    copies = {name: blocks * 3 for name, blocks in params.items()}
    dy = np.random.default_rng(5).standard_normal(x.shape)
    results = []
    for config, tree in ((shared, params), (unshared, copies)):
        (states, attentions), cache = layers.encoder_forward(tree, x, None, config)
        dx, grads = layers.encoder_backward(tree, ([None] * 3 + [dy], [None] * 3), cache)
        results.append((states[-1], dx, grads))
    (y, dx, grads), (y_copies, dx_copies, grads_copies) = results
    assert (y == y_copies).all() and (dx == dx_copies).all()
    for name, leaf in flatten({n: blocks[0] for n, blocks in grads.items()}).items():
        branch, _, rest = name.partition(".")
        parts = [flatten(grads_copies[branch][depth])[rest] for depth in range(3)]
        np.testing.assert_allclose(leaf, sum(parts), rtol=1e-12, atol=1e-12)
        if not name.endswith("b_k"):                           # which is 0 at every depth
            assert not np.allclose(leaf, parts[-1])


def test_contributions_of_the_depths_add_up(x):
    config = small_config()
    params = random_parameters(config)["encoder"]
    _, cache = layers.encoder_forward(params, x, None, config)
    contributions = []
    dy = np.random.default_rng(5).standard_normal(x.shape)
    _, grads = layers.encoder_backward(params, ([None] * 3 + [dy], [None] * 3), cache,
                                       contributions)
    assert len(contributions) == 3
    for name in ("attention", "feed_forward"):
        total = flatten(grads[name][0])
        for key, leaf in total.items():
            parts = [flatten(depth[name])[key] for depth in contributions]
            np.testing.assert_allclose(leaf, sum(parts), rtol=1e-12, atol=1e-12)
    # Depth by depth they are what an encoder of equal copies gives its own copy.
    unshared = small_config(sharing="none")
    copies = {name: blocks * 3 for name, blocks in params.items()}
    _, cache = layers.encoder_forward(copies, x, None, unshared)
    _, own = layers.encoder_backward(copies, ([None] * 3 + [dy], [None] * 3), cache)
    for depth in range(3):
        for name in ("attention", "feed_forward"):
            for key, leaf in flatten(contributions[depth][name]).items():
                assert (leaf == flatten(own[name][depth])[key]).all()
    # The deepest depth comes last: it is the one that dy alone reaches.
    shallow, deep = (flatten(contributions[i]["feed_forward"])["layer_norm.beta"] for i in (0, 2))
    np.testing.assert_allclose(deep, dy.sum(axis=(0, 1)))
    assert not np.allclose(shallow, deep)


def test_cross_layer_residual_adds_the_input(x):
    plain, residual = small_config(num_hidden_layers=1), small_config(num_hidden_layers=1,
                                                                     cross_layer_residual=True)
    params = random_parameters(plain)["encoder"]
    (without, _), _ = layers.encoder_forward(params, x, None, plain)
    (with_link, _), _ = layers.encoder_forward(params, x, None, residual)
    np.testing.assert_allclose(with_link[-1], x + without[-1])


def test_dropout_stands_in_all_four_places(x):
    """Embeddings, attention probabilities, attention output, feed-forward output."""
    hidden = small_config(hidden_dropout_prob=0.5)
    attention = small_config(attention_probs_dropout_prob=0.5)
    params = random_parameters(hidden)
    ids, types = np.full((2, 5), 3), np.zeros((2, 5), int)

    def differs(run):
        return not np.allclose(run(None), run(np.random.default_rng(0)))

    assert differs(lambda rng: layers.embeddings_forward(params["embeddings"], ids, types, hidden,
                                                         rng)[0])
    block, fed = params["encoder"]["attention"][0], params["encoder"]["feed_forward"][0]
    assert differs(lambda rng: layers.attention_block_forward(block, x, x, None, hidden, rng)[0][0])
    assert differs(lambda rng: layers.attention_forward(block["self_attention"], x, x, None,
                                                        attention, rng)[0][0])
    assert differs(lambda rng: layers.feed_forward_block_forward(fed, x, hidden, rng)[0])


def test_embeddings_are_the_sum_of_three(rng):
    config = small_config(embedding_size=12, embedding_mapping=False)
    params = random_parameters(config)["embeddings"]
    ids, types = np.array([[4, 9, 4]]), np.array([[0, 1, 1]])
    h, cache = layers.embeddings_forward(params, ids, types, config)
    assert "mapping" not in layers.embeddings_backward(params, np.ones_like(h), cache)
    for t in range(3):
        s = params["word"][ids[0, t]] + params["position"][t] + params["token_type"][types[0, t]]
        s = (s - s.mean()) / np.sqrt(s.var() + 1e-12)
        norm = params["layer_norm"]
        np.testing.assert_allclose(h[0, t], norm["gamma"] * s + norm["beta"])


def test_pooler_takes_the_first_token(rng, x):
    params = random_parameters(small_config())["pooler"]
    y, _ = layers.pooler_forward(params, x)
    np.testing.assert_allclose(y, np.tanh(x[:, 0] @ params["W"] + params["b"]))


@pytest.mark.parametrize("act", ["gelu_new", "gelu", "relu", "tanh"])
def test_a_large_activation_is_applied_again_with_the_same_bits(act, rng, monkeypatch):
    """Where u is small, what the activation remembers is kept; where it is large, only u is."""
    config = small_config(hidden_act=act)
    params = random_parameters(config)["encoder"]["feed_forward"][0]["feed_forward"]
    x, dy = rng.standard_normal((2, 2, 5, config.hidden_size))
    results = []
    for limit, kept in ((feed_forward.SMALL, True), (0, False)):
        monkeypatch.setattr(feed_forward, "SMALL", limit)
        y, cache = layers.feed_forward_forward(params, x, config)
        assert (cache[2] is not None) == kept
        dx, grads = layers.feed_forward_backward(params, dy, cache)
        results.append([array.tobytes() for array in (y, dx, *flatten(grads).values())])
    assert results[0] == results[1]


@pytest.mark.parametrize("dtype, tokens, kept", [
    (np.float32, 6144, True), (np.float32, 6145, False), (np.float64, 3072, True),
    (np.float64, 3073, False)])
def test_a_megabyte_and_a_half_is_small(dtype, tokens, kept):
    """u has 64 numbers for each token, of float32 256 bytes."""
    params = {"W_1": np.ones((1, 64), dtype), "b_1": np.zeros(64, dtype),
              "W_2": np.ones((64, 1), dtype), "b_2": np.zeros(1, dtype)}
    _, cache = layers.feed_forward_forward(params, np.ones((1, tokens, 1), dtype),
                                           small_config(hidden_act="relu"))
    assert cache[1].nbytes == 64 * dtype().nbytes * tokens and (cache[2] is not None) == kept
