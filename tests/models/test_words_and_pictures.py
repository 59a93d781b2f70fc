"""Words and patches in one sequence: who influences whom, what adds up, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from albert_np import AlbertConfig
from albert_np.functional.trees import flatten
from albert_np.layers import (embeddings_forward, encoder_forward, patch_embeddings_forward,
                              visible_keys)
from albert_np.models.words_and_pictures import (words_and_patches_backward,
                                                 words_and_patches_forward,
                                                 words_and_pictures_backward,
                                                 words_and_pictures_forward,
                                                 words_and_pictures_parameters)

B, T, N, P, V, H = 2, 5, 4, 6, 17, 12
CONFIG = AlbertConfig(vocab_size=V, embedding_size=7, hidden_size=H, num_hidden_layers=2,
                      num_attention_heads=3, intermediate_size=14, max_position_embeddings=T,
                      initializer_range=0.5, hidden_dropout_prob=0,
                      attention_probs_dropout_prob=0)
IDS = np.array([[1, 9, 4, 9, 2], [1, 9, 2, 0, 0]])
WORDS = (IDS != 0).astype(int)
HIDDEN = np.array([[True, False, False, True], [False, True, True, False]])
PREDICTED = np.array([[True, False, False, True], [False, True, False, False]])
LABELS = np.full((B, T), -100)
LABELS[0, 1], LABELS[0, 3], LABELS[1, 1] = 8, 3, 5
MATCHING = np.array([0, 1])


@pytest.fixture
def params():
    return words_and_pictures_parameters(CONFIG, N, P, np.random.default_rng(0), np.float64)


@pytest.fixture
def patches():
    return np.random.default_rng(1).standard_normal((B, N, P))


def batch(pictures, **changes):
    return {**dict(input_ids=IDS, patches=pictures, attention_mask=WORDS, masked_patches=HIDDEN,
                   labels=LABELS, pixels=pictures, predicted=PREDICTED, matching_labels=MATCHING),
            **changes}


def test_biases_begin_at_0_and_gammas_at_1(params):
    for name, leaf in flatten(params).items():
        if name.endswith((".b", "beta", "gamma")):
            assert (leaf == name.endswith("gamma")).all(), name
    assert 0.3 < params["patch_embeddings"]["projection"]["W"].std() < 0.6


def test_words_and_patches_see_each_other_and_nobody_sees_padding(params, patches):
    def states(ids=IDS, patches=patches, mask=WORDS):
        return words_and_patches_forward(params, CONFIG, ids, patches, mask)[0].sequence_output

    right = states()
    assert right.shape == (B, T + N, H)
    brighter = patches.copy()
    brighter[0, 2] += 1
    changed = np.abs(states(patches=brighter) - right).max(axis=-1) > 1e-9
    assert changed[0].all() and not changed[1].any()             # all words, of its picture alone
    other = IDS.copy()
    other[0, 1] = 7
    assert (np.abs(states(ids=other) - right).max(axis=-1) > 1e-9)[0].all()
    other = IDS.copy()
    other[1, 3:] = 11                                            # padding
    np.testing.assert_array_equal(states(ids=other)[1, :3], right[1, :3])
    np.testing.assert_array_equal(states(ids=other)[1, T:], right[1, T:])
    short = states(ids=IDS[1:, :3], patches=patches[1:], mask=None)
    np.testing.assert_allclose(short[0, 3:], right[1, T:], rtol=1e-9, atol=1e-12)


def test_without_a_mask_all_words_are_seen(params, patches):
    ones = np.ones((B, T), int)
    for mask in (None, ones):
        output, _ = words_and_patches_forward(params, CONFIG, IDS, patches, mask)
        assert [p.shape for p in output.attentions] == 2 * [(B, 3, T + N, T + N)]
        assert [h.shape for h in output.hidden_states] == 3 * [(B, T + N, H)]
        assert output.hidden_states[-1] is output.sequence_output
        np.testing.assert_allclose(output.attentions[0].sum(-1), 1)
        assert (output.attentions[0] > 0).all()


def test_dropout_is_in_the_words_the_patches_and_the_encoder(params, patches):
    """In this order, with the numbers of one generator; in the heads there is none."""
    config = replace(CONFIG, hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.2)
    rng = np.random.default_rng(5)
    words, _ = embeddings_forward(params["embeddings"], IDS, IDS * 0, config, rng)
    picture, _ = patch_embeddings_forward(params["patch_embeddings"], patches, HIDDEN, config, rng)
    keep = visible_keys(np.concatenate([WORDS, np.ones((B, N))], axis=1))
    (states, _), _ = encoder_forward(params["encoder"], np.concatenate([words, picture], axis=1),
                                     keep, config, rng)
    own = np.random.default_rng(5)
    output, _ = words_and_patches_forward(params, config, IDS, patches, WORDS, HIDDEN, own)
    for ours, expected in zip(output.hidden_states, states, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12)
    whole, after = np.random.default_rng(5), rng.random()
    losses, _ = words_and_pictures_forward(params, config, **batch(patches), rng=whole)
    assert own.random() == whole.random() == after
    assert losses.loss != words_and_pictures_forward(params, config, **batch(patches))[0].loss
    with pytest.raises(ValueError, match="rng must be a numpy.random.Generator or None"):
        words_and_patches_forward(params, config, IDS, patches, rng=5)


def test_three_losses_add_up(params, patches):
    losses, _ = words_and_pictures_forward(params, CONFIG, **batch(patches))
    assert losses.loss == losses.words + losses.patches + losses.matching
    assert losses.word_logits.shape == (3, V) and losses.pixels.shape == (3, P)
    logits = losses.word_logits - losses.word_logits.max(-1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    assert losses.words == pytest.approx(-log_p[np.arange(3), [8, 3, 5]].mean())
    assert losses.patches == pytest.approx(np.square(losses.pixels - patches[PREDICTED]).mean())
    z = losses.matching_logits
    assert losses.matching == pytest.approx(np.log1p(np.exp([z[0, 1] - z[0, 0],
                                                             z[1, 0] - z[1, 1]])).mean())


@pytest.mark.parametrize("fewer", [1, N - 1])
def test_a_picture_may_have_fewer_patches_than_there_are_positions(params, patches, fewer):
    output, _ = words_and_patches_forward(params, CONFIG, IDS, patches[:, :fewer], WORDS)
    assert output.sequence_output.shape == (B, T + fewer, H)


@pytest.mark.parametrize("nothing, head", [
    (dict(labels=np.full((B, T), -100)), "mlm_head"),
    (dict(predicted=np.zeros((B, N), bool)), "pixel_head"),
    (dict(matching_labels=np.full(B, -100)), "matching_head")])
def test_what_is_not_asked_has_no_loss_and_no_gradient(params, patches, nothing, head):
    losses, cache = words_and_pictures_forward(params, CONFIG, **batch(patches, **nothing))
    part = {"mlm_head": "words", "pixel_head": "patches", "matching_head": "matching"}
    assert getattr(losses, part[head]) == 0
    _, grads = words_and_pictures_backward(params, 1.0, cache)
    for name in part:
        assert any(leaf.any() for leaf in flatten(grads[name]).values()) == (name != head)
    assert grads["embeddings"]["word"].any()                 # the look-up has its gradient anyhow


def test_gradients_have_the_tree_of_the_parameters_and_scale_with_dloss(params, patches):
    _, cache = words_and_pictures_forward(params, CONFIG, **batch(patches))
    dpatches, grads = words_and_pictures_backward(params, 1.0, cache)
    _, tripled = words_and_pictures_backward(params, 3.0, cache)
    flat = flatten(grads)
    assert {name: leaf.shape for name, leaf in flat.items()} == {
        name: leaf.shape for name, leaf in flatten(params).items()}
    for name, leaf in flatten(tripled).items():
        np.testing.assert_allclose(leaf, 3 * flat[name], rtol=1e-9, atol=1e-13)
    assert dpatches.shape == (B, N, P) and (dpatches[HIDDEN] == 0).all()
    assert dpatches[~HIDDEN].all()


def test_float32_stays_float32(patches):
    params = words_and_pictures_parameters(CONFIG, N, P, np.random.default_rng(0))
    patches = patches.astype(np.float32)
    losses, cache = words_and_pictures_forward(params, CONFIG, **batch(patches))
    dpatches, grads = words_and_pictures_backward(params, 1.0, cache)
    assert {leaf.dtype for leaf in [dpatches, *flatten(grads).values(), losses.pixels]} == {
        np.dtype(np.float32)}
    assert losses.loss.dtype == np.float32
    for nothing in (dict(labels=np.full((B, T), -100)), dict(predicted=np.zeros((B, N), bool))):
        losses, _ = words_and_pictures_forward(params, CONFIG, **batch(patches, **nothing))
        assert losses.loss.dtype == np.float32


def test_the_pooled_output_alone(params, patches):
    output, cache = words_and_patches_forward(params, CONFIG, IDS[:, :1], patches)
    assert output.sequence_output.shape == (B, 1 + N, H)
    dpatches, grads = words_and_patches_backward(params, None, np.ones((B, H)), cache)
    assert dpatches.all() and set(grads) == {"embeddings", "patch_embeddings", "encoder", "pooler"}
    _, without = words_and_patches_backward(params, np.ones((B, 1 + N, H)), None, cache)
    assert not without["pooler"]["W"].any() and without["pooler"]["W"].shape == (H, H)


@pytest.mark.parametrize("changes, words", [
    (dict(patches=np.zeros((B, N, P + 1))), r"patches have shape \(2, 4, 7\); they must be \(2, N"),
    (dict(patches=np.zeros((B, N, P - 1))), r"patches have shape \(2, 4, 5\)"),
    (dict(patches=np.zeros((B, N, P, 1))), r"patches have shape \(2, 4, 6, 1\)"),
    (dict(patches=np.zeros((B, N + 1, P))), "with N from 1 to 4"),
    (dict(patches=np.zeros((B, 0, P))), "with N from 1 to 4"),
    (dict(patches=np.zeros((B + 1, N, P))), "as there are 2 sequences of words"),
    (dict(masked_patches=HIDDEN[:, :3]),
     r"masked_patches have shape \(2, 3\) and dtype bool; they must be \(2, 4\) and bool"),
    (dict(masked_patches=np.zeros((B, N + 1), bool)), r"masked_patches have shape \(2, 5\)"),
    (dict(masked_patches=HIDDEN.astype(int)), "dtype int64; they must be .* bool"),
    (dict(pixels=np.zeros((B, N - 1, P))), r"pixels \(2, 3, 6\); they must be \(2, T\) and "),
    (dict(pixels=np.zeros((B, N, P + 1))), r"\(2, N, 6\) with T \+ N = 9"),
    (dict(predicted=PREDICTED.astype(int)), r"predicted .* int64; it must be \(2, 4\) and bool"),
    (dict(predicted=PREDICTED[:1]), r"predicted has shape \(1, 4\)"),
    (dict(input_ids=IDS + V), "input_ids"),
    (dict(labels=LABELS[:, :3]), "labels"),
    (dict(attention_mask=WORDS[:, :3]), "attention_mask"),
    (dict(attention_mask=np.ones((B, T, T), int)),
     r"attention_mask has shape \(2, 5, 5\); it must be \(2, 5\), since every row")])
def test_inputs_that_do_not_fit(params, patches, changes, words):
    with pytest.raises(ValueError, match=words):
        words_and_pictures_forward(params, CONFIG, **batch(patches, **changes))
