"""The heads by their equations, entry by entry, and their gradients in a random direction."""

import numpy as np
import pytest

from albert_np import layers
from albert_np.functional.trees import flatten, tree_map
from albert_np.gradcheck.one_check import small_config
from albert_np.layers.heads.squad2_answer import squad_answer_backward, squad_answer_forward
from albert_np.layers.heads.squad2_end import squad_end_backward, squad_end_forward
from albert_np.layers.heads.squad2_head import squad_head_backward, squad_head_forward

B, T, H, V, E = 2, 5, 4, 7, 6
STARTS = np.array([[1, 4, 1], [0, 2, 3]])                   # one of them twice
MAY_ANSWER = np.array([[True, True, False, True, True], [True, False, True, True, False]])
EPS = 0.1
CONFIG = small_config(hidden_act="tanh", classifier_dropout_prob=0.5, layer_norm_eps=EPS)


def draw(rng, shapes):
    """Random arrays of these shapes."""
    if isinstance(shapes, dict):
        return {name: draw(rng, shape) for name, shape in shapes.items()}
    return rng.standard_normal(shapes)


NORM = {"gamma": H, "beta": H}
ANSWER = {"dense": {"W": (2 * H, H), "b": H}, "score": {"W": (H, 1)}}
END = {"dense": {"W": (2 * H, H), "b": H}, "layer_norm": NORM, "score": {"W": (H, 1), "b": 1}}
SQUAD = {"start": {"W": (H, 1), "b": 1}, "end": END, "answer": ANSWER}


def normalised(rows):
    """Mean 0 and variance 1."""
    centred = rows - rows.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + EPS)


def ends(params, x, starts):
    """(SQE.1) to (SQE.3), as they are written: the long rows are built."""
    y = np.empty((B, starts.shape[1], T))
    for b, k, t in np.ndindex(*y.shape):
        row = np.concatenate([x[b, t], x[b, starts[b, k]]])
        e = normalised(np.tanh(row @ params["dense"]["W"] + params["dense"]["b"]))
        e = params["layer_norm"]["gamma"] * e + params["layer_norm"]["beta"]
        y[b, k, t] = (e @ params["score"]["W"] + params["score"]["b"]).item()
    return y


def answers(params, x, start_logits):
    """(SQA.1) and (SQA.2)."""
    y = np.empty(B)
    for b in range(B):
        p = np.exp(start_logits[b]) / np.exp(start_logits[b]).sum()
        both = np.concatenate([sum(p[t] * x[b, t] for t in range(T)), x[b, 0]])
        a = np.tanh(both @ params["dense"]["W"] + params["dense"]["b"])
        y[b] = (a @ params["score"]["W"]).item()
    return y


def test_squad_scores_by_their_equations(rng):
    params, x = draw(rng, SQUAD), rng.standard_normal((B, T, H))
    np.testing.assert_allclose(squad_end_forward(params["end"], x, STARTS, EPS)[0],
                               ends(params["end"], x, STARTS))
    (start, end, cls), cache = squad_head_forward(params, x, MAY_ANSWER, STARTS, CONFIG)
    y = (x @ params["start"]["W"] + params["start"]["b"])[:, :, 0]
    np.testing.assert_allclose(start, np.where(MAY_ANSWER, y, -1e30))
    np.testing.assert_allclose(end, np.where(MAY_ANSWER[:, None], ends(params["end"], x, STARTS),
                                             -1e30))
    np.testing.assert_allclose(cls, answers(params["answer"], x, start))
    assert cache[-1] is STARTS


@pytest.mark.parametrize("n_top", [None, 1, 3, 9])
def test_without_starts_the_best_are_taken(rng, n_top):
    """Five of them unless told otherwise, of equals the first; those that are hidden come last."""
    params, x = draw(rng, SQUAD), rng.standard_normal((B, 8, H))
    x[0, 6] = x[0, 1]
    may_answer = np.ones((B, 8), bool)
    may_answer[1, 2:5] = False
    options = {} if n_top is None else {"n_top": n_top}
    (start, end, _), cache = squad_head_forward(params, x, may_answer, None, CONFIG, **options)
    expected = [sorted(range(8), key=lambda t: -row[t])[:n_top or 5] for row in start]
    assert cache[-1].tolist() == expected
    assert end.shape == (B, min(n_top or 5, 8), 8)
    chosen = squad_head_forward(params, x, may_answer, np.array(expected), CONFIG)[0]
    assert (chosen[1] == end).all()


def test_plain_heads_by_their_equations(rng):
    params, x = draw(rng, {"W": (H, 2), "b": 2}), rng.standard_normal((B, T, H))
    y = x @ params["W"] + params["b"]
    (start, end), _ = layers.span_head_forward(params, x)
    np.testing.assert_allclose(start, y[:, :, 0])
    np.testing.assert_allclose(end, y[:, :, 1])
    np.testing.assert_allclose(layers.sentence_order_head_forward(params, x[:, 0])[0], y[:, 0])
    np.testing.assert_allclose(layers.classification_head_forward(params, x, CONFIG)[0], y)
    params = draw(rng, {"dense": {"W": (H, E), "b": E}, "layer_norm": {"gamma": E, "beta": E},
                        "bias": V})
    word = rng.standard_normal((V, E))
    e = normalised(np.tanh(x @ params["dense"]["W"] + params["dense"]["b"]))
    e = params["layer_norm"]["gamma"] * e + params["layer_norm"]["beta"]
    np.testing.assert_allclose(layers.masked_lm_head_forward(params, x, word, CONFIG)[0],
                               e @ word.T + params["bias"])


def masked_lm_backward(params, dy, cache):
    """The gradients as those of a tree with the table in it."""
    dx, dword, grads = layers.masked_lm_head_backward(params["head"], dy, cache)
    return dx, {"head": grads, "word": dword}


def with_dropout(forward):
    """The same mask every time."""
    return lambda params, x: forward(params, x, np.random.default_rng(7))


HEADS = {
    "classification": ({"W": (H, 3), "b": 3}, (B, T, H), with_dropout(
        lambda params, x, rng: layers.classification_head_forward(params, x, CONFIG, rng)),
        layers.classification_head_backward),
    "sentence order": ({"W": (H, 2), "b": 2}, (B, H), layers.sentence_order_head_forward,
                       layers.sentence_order_head_backward),
    "span": ({"W": (H, 2), "b": 2}, (B, T, H), layers.span_head_forward,
             layers.span_head_backward),
    "masked LM": ({"head": {"dense": {"W": (H, E), "b": E}, "bias": V,
                            "layer_norm": {"gamma": E, "beta": E}}, "word": (V, E)}, (B, T, H),
                  lambda params, x: layers.masked_lm_head_forward(params["head"], x,
                                                                  params["word"], CONFIG),
                  masked_lm_backward),
    "end": (END, (B, T, H), lambda params, x: squad_end_forward(params, x, STARTS, EPS),
            squad_end_backward),
    "squad": (SQUAD, (B, T, H), with_dropout(
        lambda params, x, rng: squad_head_forward(params, x, MAY_ANSWER, STARTS, CONFIG, rng)),
        squad_head_backward),
}


@pytest.mark.parametrize("name", HEADS)
def test_gradients_of_heads(rng, name):
    """The complex step in five random directions, of the parameters and of x together."""
    shapes, shape, forward, backward = HEADS[name]
    params, x = draw(rng, shapes), rng.standard_normal(shape)
    y, cache = forward(params, x)
    dy = tree_map(lambda leaf: rng.standard_normal(leaf.shape), y)
    dx, grads = backward(params, tuple(dy) if isinstance(y, tuple) else dy, cache)
    inputs, gradients = {"params": params, "x": x}, flatten({"params": grads, "x": dx})
    assert set(gradients) == set(flatten(inputs))
    for _ in range(5):
        way = tree_map(lambda leaf: rng.standard_normal(leaf.shape), inputs)
        stepped = tree_map(lambda leaf, step: leaf + 1e-30j * step, inputs, way)
        found = flatten(forward(stepped["params"], stepped["x"])[0])
        slope = sum((leaf.imag / 1e-30 * flatten(dy)[key]).sum() for key, leaf in found.items())
        assert slope == pytest.approx(sum((gradients[key] * step).sum()
                                          for key, step in flatten(way).items()), rel=1e-10)


def test_the_answer_head_drops(rng):
    params, x = draw(rng, ANSWER), rng.standard_normal((B, T, H))
    y, cache = squad_answer_forward(params, x, x[..., 0], CONFIG, np.random.default_rng(7))
    assert not np.allclose(y, squad_answer_forward(params, x, x[..., 0], CONFIG)[0])
    assert squad_answer_backward(params, np.ones(B), cache)[0].shape == x.shape
