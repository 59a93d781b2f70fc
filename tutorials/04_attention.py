"""
How does a token learn from the others?
=======================================

"It" in a sentence means nothing until one has looked at the other words. *Attention* is how a token
looks: it asks, compares its question with what each token offers, and collects from all of them,
most from those that fit best. Here it is computed forwards and backwards on three tokens, with
numbers that can be checked on paper. Then come heads, masks, and what happens when a mask leaks.

Prerequisites: ``02_gradient_checking.py`` and ``03_softmax_gelu_layer_norm.py``. In the paper:
section 3.1 (Lan et al. 2020) takes attention from the Transformer (Vaswani et al. 2017, section
3.2). Run it with ``python tutorials/04_attention.py``; pictures go to ``tutorials/output/``.
"""

import matplotlib.pyplot as plt
import numpy as np

from albert_np import AdamW, AlbertConfig, AlbertForPreTraining
from albert_np.course.lecture import quick, show, source_of
from albert_np.functional import softmax_forward
from albert_np.layers import (attention_backward, attention_forward, merge_heads, split_heads,
                              visible_keys)
from albert_np.parameters.initial_values import wave_positions
from albert_np.plotting.figures import BLUE, GREY, ORANGE

# %%
# Queries, keys and values
# ------------------------
# Every token (a place in the sequence of T places) comes with a row x of H numbers. Three matrices
# make three rows of it (ATT.1): the *query* q, what it is looking for; the *key* k, what it can be
# found by; the *value* v, what it has to give. Token i compares its query with the key of every
# token j, by a dot product, and softmax makes shares of the scores (ATT.2):
#
# .. math::
#
#    z_{ij} = \frac{1}{\sqrt D} \sum_d q_{id}\, k_{jd}, \qquad
#    p_{ij} = \operatorname{softmax}_j(z_{ij})
#
# D is the number of entries in a query; why its root divides is the subject of
# ``03_softmax_gelu_layer_norm.py``. Token i then collects the values in these shares (ATT.3), and a
# last matrix brings the result into form (ATT.4):
#
# .. math::
#
#    c_i = \sum_j p_{ij}\, v_j, \qquad y = c\, W_o + b_o
#
# Three tokens on paper
# ---------------------
# Take H = D = 4, so that :math:`1/\sqrt D = 1/2`. Let token number j have a 1 in place j and zeros
# elsewhere. Then x W is simply the first three rows of W, and every number below can be followed.

words = ["the", "cat", "sleeps"]
x = np.eye(3, 4)[None]                                     # (B, T, H) = (1, 3, 4)
ln2 = np.log(2)
wishes = np.array([[1.0, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
params = {"W_q": 2 * ln2 * wishes, "W_k": np.eye(4), "W_v": np.diag([4.0, 4, 8, 0]),
          "W_o": np.eye(4), **{name: np.zeros(4) for name in ("b_q", "b_k", "b_v", "b_o")}}

q, k, v = (x[0] @ params[name] for name in ("W_q", "W_k", "W_v"))       # (T, D) each
z = q @ k.T * 4**-0.5                                                   # (T, T)
p, _ = softmax_forward(z)
c = p @ v
print("scores in units of ln 2\n", (z / ln2).round(3))
print("shares p\n", p.round(3))
print("collected, c = p v\n", c.round(3))

# %%
# The last row, by hand. The query of "sleeps" is 2 ln 2 in the second place. Its product with the
# three keys is 0, 2 ln 2, 0, half of that 0, ln 2, 0. The exponentials are 1, 2, 1, so the shares
# are 1/4, 1/2, 1/4: the verb looks mostly at the noun. It collects 1/4 of (4, 0, 0, 0), 1/2 of (0,
# 4, 0, 0) and 1/4 of (0, 0, 8, 0), which makes (1, 2, 2, 0).

assert np.allclose(p[2], [1 / 4, 1 / 2, 1 / 4]) and np.allclose(c[2], [1, 2, 2, 0])
config = AlbertConfig(hidden_size=4, num_attention_heads=1)
(y, p_package), cache = attention_forward(params, x, x, None, config)
assert np.allclose(y[0], c) and np.allclose(p_package[0, 0], p)

# %%
# And backwards on paper
# ----------------------
# Let the loss depend on the output of "sleeps" alone, with the upstream gradient dy = (1, 2, 0,
# 0). The last matrix is 1 here, so dc = dy. Now (ATT.3) is a product of two matrices, and each
# gets the gradient times the other: the share :math:`p_{ij}` scales the value :math:`v_j`, so its
# gradient is the dot product of :math:`dc_i` with :math:`v_j` (ATT.5); the value :math:`v_j` was
# handed out in the shares :math:`p_{ij}`, so it gets these shares of every :math:`dc_i` (ATT.6).

dy = np.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [1, 2, 0, 0]])             # (T, H)
dc = dy
dp = dc @ v.T                                                           # (T, T)
dv = p.T @ dc                                                           # (T, D)
dz = p * (dp - (dp * p).sum(axis=-1, keepdims=True))                    # softmax, (SM.2)
dq = dz @ k * 4**-0.5                                                   # (T, D)
dk = dz.T @ q * 4**-0.5                                                 # (T, D)
print("of the last query: dp", dp[2], " dz", dz[2], " dq", dq[2])
print("dk in units of ln 2\n", dk / ln2)
print("dv\n", dv)

# %%
# By hand again: dp = (1·4, 2·4, 0) = (4, 8, 0). Its mean under the shares is 4/4 + 8/2 + 0 = 5. So
# dz = (1/4 · (-1), 1/2 · 3, 1/4 · (-5)) = (-0.25, 1.5, -1.25), which sums to 0 as it must. The
# loss would grow if the verb looked more at the noun. The product :math:`q_i \cdot k_j / 2` passes
# half of dz on, times the other factor: to the query along the keys (ATT.7), to each key along the
# query (ATT.8).
#
# The same x went into three matrices, so its gradient is the sum of three (ATT.9). A gradient is
# *added* wherever a thing is used more than once: each use changes the loss, and small changes add
# up.

dx = dq @ params["W_q"].T + dk @ params["W_k"].T + dv @ params["W_v"].T
# (In the package's lines dz has been multiplied by D**-0.5 before.)
dx_q, dx_kv, grads = attention_backward(params, (dy[None], None), cache)
dx_package = dx_q + dx_kv                         # in self-attention both arrays are x
print(source_of(attention_backward, "ATT.5", "ATT.6", "ATT.7", "ATT.8", "ATT.9"))
assert np.allclose(dz[2], [-0.25, 1.5, -1.25]) and np.allclose(dx, dx_package[0])
assert np.allclose(grads["W_q"], x[0].T @ dq) and np.allclose(grads["b_k"], 0)

# %%
# One more look: the bias of the keys, b_k, has the gradient 0. It adds the same number to all
# scores of a query, and softmax does not feel that. It could be left out.
#
# Several heads
# -------------
# A token has more than one question. So the H columns of q, k and v are cut into A *heads* of D =
# H/A columns, each computes shares of its own, and what they collect is put side by side again. To
# see two heads do different things, let us write their weights by hand: x tells a token's word (6
# places) and its position (6 places); the first head looks for the position one before its own,
# the second for its own word.

sentence = "the cat saw the other cat".split()
T, D = len(sentence), 6
vocabulary = sorted(set(sentence))
x = np.zeros((1, T, 2 * D))
x[0, range(T), [vocabulary.index(word) for word in sentence]] = 1
x[0, range(T), D + np.arange(T)] = 1
word_part, position_part = np.eye(2 * D)[:, :D], np.eye(2 * D)[:, D:]
back_one = position_part @ np.roll(np.eye(D), -1, axis=1)               # asks for one place before
back_one[D] = 0                                                         # the first has none before
heads = {"W_q": 9 * np.concatenate([back_one, word_part], axis=1),      # 9: sharp, not yet one-hot
         "W_k": np.concatenate([position_part, word_part], axis=1),
         "W_v": np.eye(2 * D), "W_o": np.eye(2 * D),
         **{name: np.zeros(2 * D) for name in ("b_q", "b_k", "b_v", "b_o")}}
config = AlbertConfig(hidden_size=2 * D, num_attention_heads=2)
(_, p), _ = attention_forward(heads, x, x, None, config)                   # p (1, A, T, T)

figure, all_axes = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained", sharey=True)
for axes, shares, name in zip(all_axes, p[0], ("the token before", "the same word")):
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i in range(T):
        for j in range(T):
            axes.text(j, i, f"{shares[i, j]:.2f}", ha="center", va="center", fontsize=11,
                      color="white" if shares[i, j] > 0.6 else "black")
    axes.set_xticks(range(T), sentence, fontsize=12)
    axes.set_yticks(range(T), sentence, fontsize=12)
    axes.set_xlabel("key: where it looks", fontsize=13)
    axes.set_title(f"A head that looks for {name}", fontsize=14)
all_axes[0].set_ylabel("query: who looks", fontsize=13)
bar = figure.colorbar(picture, ax=all_axes, shrink=0.85)
bar.set_label("share p (each row sums to 1)", fontsize=13)
bar.ax.tick_params(labelsize=12)
show(figure, "04_two_heads")
assert p[0, 0, 2, 1] > 0.8 and abs(p[0, 1, 1, 5] - p[0, 1, 1, 1]) < 1e-12

# %%
# What to notice: each row sums to 1. The first token has nothing before it, asks for nothing, and
# spreads its attention evenly. Where a word occurs twice, both get the same share.
#
# The typical mistake here is to cut the heads by a reshape alone. The shape is right:

x_small = np.arange(6).reshape(1, 3, 2)                                  # T = 3 tokens, H = 2
print("tokens", x_small[0].tolist())
print("head 0, by a reshape      ", x_small.reshape(1, 2, 3, 1)[0, 0].ravel())
print("head 0, as it should be   ", split_heads(x_small, 2)[0, 0].ravel(), "(column 0 of all)")
assert np.array_equal(merge_heads(split_heads(x_small, 2)), x_small)

# %%
# Masks
# -----
# Not every token may be looked at. Padding is no text; and a model that writes from left to right
# must not see what comes next. A *mask* says what may be seen, and masked keys get the share 0
# exactly (SM.3). By (SM.4) their gradient is 0 exactly, too. Then nothing that stands at a masked
# place can change anything:

rng = np.random.default_rng(0)
config = AlbertConfig(hidden_size=12, num_attention_heads=3)
random = {name: rng.standard_normal(value.shape) for name, value in heads.items()}
x = rng.standard_normal((1, 5, 12))
padded = visible_keys(np.array([[1, 1, 1, 0, 0]]))
(y, p), _ = attention_forward(random, x, x, padded, config)
x[0, 3:] = 99.0
(y_other, _), _ = attention_forward(random, x, x, padded, config)
print("\nshares of the first query, first head:", p[0, 0, 0].round(2))
print("the text is the same whatever the padding is:", np.array_equal(y[0, :3], y_other[0, :3]))
assert np.array_equal(y[0, :3], y_other[0, :3]) and not p[0, :, :, 3:].any()

# %%
# (The original code adds -10,000 to masked scores instead. After the exponential that is 0 as well,
# unless the scores that may be seen are themselves as low as that.)
#
# What a leaking mask does
# ------------------------
# A mask that is off by one crashes nothing. The loss even looks better. How would you notice?
#
# Let us make a language whose difficulty is known: each symbol is drawn given the one before, by a
# table of probabilities (a *Markov chain*). Nobody who sees only the past can predict better than
# the table, so no honest loss can be lower, on average, than the table's *entropy*, the mean of
# -log p over what it draws. A small ALBERT is trained to name the next symbol at every position,
# once with the right mask, in which position i sees 0 to i, and once with one more: i sees i + 1,
# its own answer. Every batch is drawn anew, so nothing can be learnt by heart. (*Training* is: take
# a batch, compute the loss and its gradient, move each parameter a little against its gradient, and
# begin again. How far it moves is what ``AdamW`` decides, see ``10_optimizers.py``.)

V, T, B, steps = 10, 12, 32, (120 if quick() else 600)
table = softmax_forward(2 * np.random.default_rng(1).standard_normal((V, V)))[0]
often = np.linalg.matrix_power(table, 200)[0]              # how often each symbol occurs, (V,)
entropy = -(often @ (table * np.log(table)).sum(axis=1))


def draw(rng):
    """Sequences (B, T) of the language, and the symbol that follows each place."""
    ids = np.empty((B, T + 1), int)
    ids[:, 0] = rng.choice(V, size=B, p=often)
    for t in range(T):
        below = table[ids[:, t]].cumsum(axis=1)[:, :-1]      # shares, laid end to end
        ids[:, t + 1] = (below < rng.random((B, 1))).sum(axis=1)
    return ids[:, :-1], ids[:, 1:]


masks = {"right": np.tril(np.ones((T, T), int)), "leaking": np.tril(np.ones((T, T), int), 1)}
curves, models = {}, {}
for name, mask in masks.items():
    config = AlbertConfig(vocab_size=V, embedding_size=32, hidden_size=32, num_hidden_layers=2,
                          num_attention_heads=2, intermediate_size=64, max_position_embeddings=T,
                          initializer_range=0.1)
    model = models[name] = AlbertForPreTraining(config, seed=0)
    model.params["embeddings"]["position"][:] = wave_positions(T, 32, 0.1)
    optimizer, rng, curve = AdamW(model.params, lr=3e-3), np.random.default_rng(2), []
    for step in range(steps):
        ids, following = draw(rng)
        output, cache = model.forward(ids, attention_mask=np.repeat(mask[None], B, axis=0),
                                      labels=following)
        optimizer.step(model.params, model.backward(cache))
        curve.append(output.mlm_loss)
    curves[name] = np.array(curve)

# %%
# There is a direct test as well: which inputs does the loss at place i depend on? The backward pass
# knows. Ask for the loss at i alone, and look at the gradient of each input row (its size, averaged
# over a batch).


def reach(mask):
    """How strongly place i's output depends on place j's input: (T, T), for one attention layer."""
    rng = np.random.default_rng(3)
    x, dy = rng.standard_normal((1, T, 12)), rng.standard_normal((T, 12))
    _, cache = attention_forward(random, x, x, visible_keys(mask[None]), AlbertConfig(
        hidden_size=12, num_attention_heads=3))
    rows = [sum(attention_backward(random, (np.eye(T)[i, :, None] * dy[None], None), cache)[:2])[0]
            for i in range(T)]
    return np.linalg.norm(rows, axis=-1)


figure, all_axes = plt.subplots(1, 3, figsize=(14, 4.6), layout="constrained",
                                width_ratios=(1, 1, 1.35))
for axes, (name, mask) in zip(all_axes, masks.items()):
    axes.imshow(reach(mask) > 0, cmap="Blues", vmin=0, vmax=1.3)
    axes.plot([-0.5, T - 0.5], [-0.5, T - 0.5], color=ORANGE, linewidth=2, label="i = j")
    axes.legend(fontsize=12, loc="lower left")
    axes.set_title(f"{name} mask: gradient not 0", fontsize=14)
    axes.set_xlabel("input at place j", fontsize=13)
    axes.set_ylabel("loss at place i", fontsize=13)
    axes.tick_params(labelsize=12)
axes = all_axes[2]
width = 15
for (name, curve), colour, style in zip(curves.items(), (BLUE, ORANGE), ("-", "--")):
    axes.plot(np.arange(width - 1, steps), np.convolve(curve, np.ones(width) / width, "valid"),
              style, color=colour, linewidth=2.2, label=f"{name} mask")
for height, text, up in ((np.log(V), "blind guess, ln V", 4),
                         (entropy, "entropy of the language", -18)):
    axes.axhline(height, color=GREY, linewidth=1.5, linestyle=":")
    axes.annotate(text, (steps, height), (0, up), textcoords="offset points", ha="right",
                  fontsize=12)
axes.set_ylim(0, np.log(V) + 0.5)
axes.set_xlabel("step", fontsize=13)
axes.set_ylabel("loss (nats per symbol)", fontsize=13)
axes.set_title("Too good to be true", fontsize=14)
axes.tick_params(labelsize=12)
axes.grid(alpha=0.25)
axes.legend(fontsize=12, loc="lower right", bbox_to_anchor=(1, 0.2))
show(figure, "04_a_leaking_mask")

last = {name: curve[-30:].mean() for name, curve in curves.items()}
ids, following = draw(np.random.default_rng(4))
at_use = {name: model.forward(ids, attention_mask=np.repeat(masks["right"][None], B, axis=0),
                              labels=following)[0].mlm_loss for name, model in models.items()}
print(f"\nentropy of the language {entropy:.2f}, ln V {np.log(V):.2f}")
for name in masks:
    print(f"trained with the {name:8s} mask: loss {last[name]:.2f}, "
          f"and in use, where the future is not there yet: {at_use[name]:.2f}")
assert last["leaking"] < entropy - 0.2 < last["right"] < np.log(V)
assert at_use["leaking"] > at_use["right"]
assert not np.triu(reach(masks["right"]), 1).any() and np.triu(reach(masks["leaking"]), 1).any()

# %%
# What to notice: with the right mask the loss comes down to the entropy and stays there. With the
# leak it falls through; what is left of it is the last place, which has nothing ahead to copy. A
# loss that is better than possible is not a success but a leak, and where the best possible is not
# known, the loss of a simple model is a first guess of it. In use the leak's model fails: it has
# learnt to copy what is no longer there. And the middle picture shows the leak without any
# training: one diagonal of gradients where there must be none.
#
# Where this stands in the paper
# ------------------------------
# ALBERT looks in both directions; its only mask is that of padding. But then every token sees
# itself, and "name the word at this place" would be copying: a leak by design. So the word is
# taken out of the input first and [MASK] put in its place. That is
# ``07_masked_language_model.py``. What ALBERT changes in attention is nothing but this: all layers
# use one and the same set of weights (``06_one_layer_twelve_times.py``).
#
# Exercises
# ---------
# 1. Let "the" matter too, dy = (1, 0, 0, 0) in the first row, and do its dz on paper.
# 2. Multiply W_q of the two heads by 1/3 instead of 9, then by 100. What becomes of the picture,
#    and what of the gradient of W_q?
# 3. Let the mask leak two places ahead, but not one (i sees i + 2). Does the loss still betray it?
#    Does the gradient?
# 4. Write attention for one head as four nested loops, without a single matrix product, and
#    compare.
# 5. ``attention_forward`` asks with one array and looks at another: compute the output for the last
#    token only. What is saved, and what is not?
