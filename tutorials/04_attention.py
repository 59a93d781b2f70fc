"""
How does a token learn from the others?
=======================================

You understand "it" in a sentence only if you look at the other words. *Attention* lets a token look
at other tokens. The token compares its query with the key of every token. Then it collects values
from all tokens. It collects most from the tokens whose keys fit best. Here we compute attention
forwards and backwards on three tokens. You can check the numbers on paper. Then we add heads, and
write the whole layer in atomic steps. At the end we add masks, and see what happens if a mask
leaks.

Prerequisites: ``02_gradient_checking.py`` and ``03_softmax_gelu_layer_norm.py``. In the paper:
section 3.1 (Lan et al. 2020) takes attention from the Transformer (Vaswani et al. 2017, section
3.2). Run it with ``python tutorials/04_attention.py``. The pictures are saved in
``tutorials/output/``.
"""

# %%
# Queries, keys and values
# ------------------------
# A sequence has T positions, and a token is one of them. Every token has a row x of H numbers.
# Three matrices map this row to three new rows (ATT.1). The *query* q says what the token looks
# for. The *key* k says how other tokens can find it. The *value* v is what other tokens can collect
# from it.
# Token i computes the dot product of its query with the key of every token j. This gives scores z.
# Softmax turns the scores of token i into *attention weights* p, which sum to 1 (ATT.2):
#
# .. math::
#
#    z_{ij} = \frac{1}{\sqrt D} \sum_d q_{id}\, k_{jd}, \qquad
#    p_{ij} = \operatorname{softmax}_j(z_{ij})
#
# D is the number of entries of a query. ``03_softmax_gelu_layer_norm.py`` explains the division by
# :math:`\sqrt D`. Token i then adds up all values, each multiplied by its attention weight (ATT.3).
# A last matrix recombines the result (ATT.4):
#
# .. math::
#
#    c_i = \sum_j p_{ij}\, v_j, \qquad y = c\, W_o + b_o
#
# Three tokens on paper
# ---------------------
# Take H = D = 4, so that :math:`1/\sqrt D = 1/2`. Let token number j have a 1 at position j of its
# row, and zeros elsewhere. Then x W is simply the first three rows of W. So you can follow every
# number below.

import numpy as np

from albert_np.functional import softmax_forward

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
print("attention weights p\n", p.round(3))
print("collected, c = p v\n", c.round(3))

# %%
# Compute the last row by hand. The query of "sleeps" has 2 ln 2 at its second position and 0
# elsewhere. Its dot products with the three keys are 0, 2 ln 2 and 0. The scores are half as large:
# 0, ln 2 and 0. Their exponentials are 1, 2 and 1. So the attention weights are 1/4, 1/2 and 1/4:
# the verb attends mostly to the noun. It collects 1/4 of (4, 0, 0, 0), 1/2 of (0, 4, 0, 0) and 1/4
# of (0, 0, 8, 0). The sum is (1, 2, 2, 0).

from albert_np import AlbertConfig
from albert_np.layers import attention_forward

assert np.allclose(p[2], [1 / 4, 1 / 2, 1 / 4]) and np.allclose(c[2], [1, 2, 2, 0])
config = AlbertConfig(hidden_size=4, num_attention_heads=1)
(y, p_package), cache = attention_forward(params, x, x, None, config)
assert np.allclose(y[0], c) and np.allclose(p_package[0, 0], p)

# %%
# The backward pass on paper
# --------------------------
# Let the loss depend on the output of "sleeps" only, with the upstream gradient dy = (1, 2, 0, 0).
# The last matrix is the identity here, so dc = dy. Now (ATT.3) is a product of two matrices. The
# gradient of each factor is the upstream gradient times the other factor. The attention weight
# :math:`p_{ij}` scales the value :math:`v_j`. So its gradient is the dot product of :math:`dc_i`
# with :math:`v_j` (ATT.5). The value :math:`v_j` enters :math:`c_i` with the weight :math:`p_{ij}`.
# So its gradient is the sum of all :math:`dc_i`, each times this weight (ATT.6).

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
# By hand again: dp = (1·4, 2·4, 0) = (4, 8, 0). The mean of dp, weighted with the attention
# weights, is 4/4 + 8/2 + 0 = 5. By (SM.2), each dz is the attention weight times the difference of
# dp and this mean. So dz = (1/4 · (-1), 1/2 · 3, 1/4 · (-5)) = (-0.25, 1.5, -1.25). It sums to 0,
# as it must. The second entry is positive: the loss would grow if the verb attended more to the
# noun. The score is half of the product :math:`q_i \cdot k_j`. So the gradient of the query is half
# of dz times the keys (ATT.7), and the gradient of each key is half of dz times the query (ATT.8).
#
# The same x is multiplied by three matrices, so its gradient is the sum of three parts (ATT.9). If
# something is used more than once, its gradients are *added*: each use changes the loss, and small
# changes add up.

from albert_np.course.lecture import quick, show, source_of
from albert_np.layers import attention_backward

dx = dq @ params["W_q"].T + dk @ params["W_k"].T + dv @ params["W_v"].T
# (The lines of the package multiply dz by D**-0.5 first.)
dx_q, dx_kv, grads = attention_backward(params, (dy[None], None), cache)
dx_package = dx_q + dx_kv                         # in self-attention both arrays are x
print(source_of(attention_backward, "ATT.5", "ATT.6", "ATT.7", "ATT.8", "ATT.9"))
assert np.allclose(dz[2], [-0.25, 1.5, -1.25]) and np.allclose(dx, dx_package[0])
assert np.allclose(grads["W_q"], x[0].T @ dq) and np.allclose(grads["b_k"], 0)

# %%
# Note the bias of the keys, b_k: its gradient is 0. This bias adds the same number to all scores of
# a query, and softmax does not change if the same number is added to all scores. The bias could be
# left out.
#
# Several heads
# -------------
# A token may look for several things. So the H columns of q, k and v are divided into A *heads* of
# D = H/A columns each. Each head computes attention weights of its own. Then the results of all
# heads are written side by side again. We want to see two heads that do different things, so we
# choose their weights by hand. The row x contains the word of a token (6 numbers) and its position
# (6 numbers). In the first head, each token looks for the token at the position before it. In the
# second head, each token looks for all tokens with the same word.

import matplotlib.pyplot as plt

sentence = "the cat saw the other cat".split()
T, D = len(sentence), 6
vocabulary = sorted(set(sentence))
x = np.zeros((1, T, 2 * D))
x[0, range(T), [vocabulary.index(word) for word in sentence]] = 1
x[0, range(T), D + np.arange(T)] = 1
word_part, position_part = np.eye(2 * D)[:, :D], np.eye(2 * D)[:, D:]
back_one = position_part @ np.roll(np.eye(D), -1, axis=1)               # looks one position back
back_one[D] = 0                                                         # nothing before the first
heads = {"W_q": 9 * np.concatenate([back_one, word_part], axis=1),      # 9 makes p sharp
         "W_k": np.concatenate([position_part, word_part], axis=1),
         "W_v": np.eye(2 * D), "W_o": np.eye(2 * D),
         **{name: np.zeros(2 * D) for name in ("b_q", "b_k", "b_v", "b_o")}}
config = AlbertConfig(hidden_size=2 * D, num_attention_heads=2)
(_, p), _ = attention_forward(heads, x, x, None, config)                   # p (1, A, T, T)

figure, all_axes = plt.subplots(1, 2, figsize=(10.5, 5), layout="constrained", sharey=True)
for axes, shares, name in zip(all_axes, p[0], ("the token before", "the same word")):
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i in range(T):
        for j in range(T):
            axes.text(j, i, f"{shares[i, j]:.2f}", ha="center", va="center", fontsize=13,
                      color="white" if shares[i, j] > 0.6 else "black")
    axes.set_xticks(range(T), sentence, fontsize=14)
    axes.set_yticks(range(T), sentence, fontsize=14)
    axes.set_xlabel("key: where it looks", fontsize=14)
    axes.set_title(f"A head that looks for {name}", fontsize=15)
all_axes[0].set_ylabel("query: who looks", fontsize=14)
bar = figure.colorbar(picture, ax=all_axes, shrink=0.85)
bar.set_label("attention weight p", fontsize=14)
bar.ax.tick_params(labelsize=13)
show(figure, "04_two_heads")
assert p[0, 0, 2, 1] > 0.8 and abs(p[0, 1, 1, 5] - p[0, 1, 1, 1]) < 1e-12

# %%
# What to notice: each row sums to 1. The first token has no token before it. Its query is 0, so its
# attention weights are all equal. In the second head, two occurrences of a word get the same
# attention weight.
#
# The typical mistake here is to divide the columns into heads with a reshape alone. The result has
# the right shape, but it is wrong:

from albert_np.layers import merge_heads, split_heads

x_small = np.arange(6).reshape(1, 3, 2)                                  # T = 3 tokens, H = 2
print("tokens", x_small[0].tolist())
print("head 0, by a reshape      ", x_small.reshape(1, 2, 3, 1)[0, 0].ravel())
print("head 0, as it should be   ", split_heads(x_small, 2)[0, 0].ravel(), "(column 0 of all)")
assert np.array_equal(merge_heads(split_heads(x_small, 2)), x_small)

# %%
# Attention in atomic steps
# -------------------------
# The numbers on paper had one head, and the formula of softmax did several steps at once. Now we
# write the whole layer as a *ladder*, as in ``03_softmax_gelu_layer_norm.py``. Each step is so
# small that you know its derivative from school. There are B sequences and A heads of D = H/A
# columns, and all numbers are random. Forwards:

B, T, H, A, D = 2, 3, 4, 2, 2
rng = np.random.default_rng(5)
x, dy = rng.standard_normal((B, T, H)), rng.standard_normal((B, T, H))
params = {**{f"W_{name}": rng.standard_normal((H, H)) for name in "qkvo"},
          **{f"b_{name}": rng.standard_normal(H) for name in "qkvo"}}

q = x @ params["W_q"] + params["b_q"]                         # (B, T, H)
k = x @ params["W_k"] + params["b_k"]                         # (B, T, H)
v = x @ params["W_v"] + params["b_v"]                         # (B, T, H)
q_heads = q.reshape(B, T, A, D).transpose(0, 2, 1, 3)         # (B, A, T, D)
k_heads = k.reshape(B, T, A, D).transpose(0, 2, 1, 3)         # (B, A, T, D)
v_heads = v.reshape(B, T, A, D).transpose(0, 2, 1, 3)         # (B, A, T, D)
dots = q_heads @ k_heads.transpose(0, 1, 3, 2)                # (B, A, T, T)
z = dots * D**-0.5                                            # (B, A, T, T)
e = np.exp(z)                                                 # (B, A, T, T)
total = e.sum(axis=-1, keepdims=True)                         # (B, A, T, 1)
inverse = 1 / total                                           # (B, A, T, 1)
p = e * inverse                                               # (B, A, T, T)
c_heads = p @ v_heads                                         # (B, A, T, D)
c = c_heads.transpose(0, 2, 1, 3).reshape(B, T, H)            # (B, T, H)
y = c @ params["W_o"] + params["b_o"]                         # (B, T, H)

# %%
# Backwards, the last step first. Above each line is the step that it differentiates.

# forward: y = c @ W_o + b_o; all tokens use the same W_o and b_o, so their gradients are sums
dc = dy @ params["W_o"].T                                     # (B, T, H)
dW_o = np.einsum("bth,bto->ho", c, dy)                        # (H, H)
db_o = dy.sum(axis=(0, 1))                                    # (H,)
# forward: c = c_heads in another order; the backward pass restores the order of c_heads
dc_heads = dc.reshape(B, T, A, D).transpose(0, 2, 1, 3)       # (B, A, T, D)
# forward: c_heads = p @ v_heads; each factor gets the upstream gradient times the other factor
dp = dc_heads @ v_heads.transpose(0, 1, 3, 2)                 # (B, A, T, T)
dv_heads = p.transpose(0, 1, 3, 2) @ dc_heads                 # (B, A, T, D)
# forward: p = e * inverse; a whole row uses the same inverse
de = dp * inverse                                             # (B, A, T, T)
dinverse = (dp * e).sum(axis=-1, keepdims=True)               # (B, A, T, 1)
# forward: inverse = 1 / total
dtotal = -dinverse * inverse**2                               # (B, A, T, 1)
# forward: total = sum of e; this is the second use of e, so its gradient is added
de = de + dtotal                                              # (B, A, T, T)
# forward: e = exp(z)
dz = de * e                                                   # (B, A, T, T)
# forward: z = dots * D**-0.5
ddots = dz * D**-0.5                                          # (B, A, T, T)
# forward: dots = q_heads @ k_heads.T
dq_heads = ddots @ k_heads                                    # (B, A, T, D)
dk_heads = ddots.transpose(0, 1, 3, 2) @ q_heads              # (B, A, T, D)
# forward: q_heads, k_heads, v_heads = q, k, v in another order
dq, dk, dv = (each.transpose(0, 2, 1, 3).reshape(B, T, H)
              for each in (dq_heads, dk_heads, dv_heads))     # (B, T, H) each
# forward: q = x @ W_q + b_q, and the same for k and v; x is used three times
dx = dq @ params["W_q"].T + dk @ params["W_k"].T + dv @ params["W_v"].T       # (B, T, H)
ladder = {"W_o": dW_o, "b_o": db_o}
for name, gradient in (("q", dq), ("k", dk), ("v", dv)):
    ladder[f"W_{name}"] = np.einsum("bth,bto->ho", x, gradient)               # (H, H)
    ladder[f"b_{name}"] = gradient.sum(axis=(0, 1))                           # (H,)

# %%
# The package joins some of these steps. The five steps from dp to dz are the formula of softmax,
# (SM.4). ``split_heads`` and ``merge_heads`` change the order of the numbers. One function,
# ``linear_backward``, computes the three gradients of each linear map. The numbers are the same:

config = AlbertConfig(hidden_size=H, num_attention_heads=A)
(y_package, _), cache = attention_forward(params, x, x, None, config)
dx_q, dx_kv, grads = attention_backward(params, (dy, None), cache)
print(source_of(attention_backward))
apart = max(np.abs(ladder[name] - grads[name]).max() for name in params)
print(f"\natomic steps against the package: dx {np.abs(dx - dx_q - dx_kv).max():.0e} apart, "
      f"gradients of the parameters {apart:.0e}")
assert np.allclose(y, y_package, rtol=0, atol=1e-12)
assert np.allclose(dx, dx_q + dx_kv, rtol=0, atol=1e-12)
assert grads.keys() == ladder.keys() and apart < 1e-12

# %%
# Masks
# -----
# Some tokens must not be seen. Padding is not text. And a model that writes from left to right must
# not see what comes next. A *mask* says which keys a query may see. The attention weight of a
# masked key is exactly 0 (SM.3). By (SM.4) its gradient is exactly 0, too. So the content of a
# masked position cannot change anything:

from albert_np.layers import visible_keys

rng = np.random.default_rng(0)
config = AlbertConfig(hidden_size=12, num_attention_heads=3)
random = {name: rng.standard_normal(value.shape) for name, value in heads.items()}
x = rng.standard_normal((1, 5, 12))
padded = visible_keys(np.array([[1, 1, 1, 0, 0]]))
(y, p), _ = attention_forward(random, x, x, padded, config)
x[0, 3:] = 99.0
(y_other, _), _ = attention_forward(random, x, x, padded, config)
print("\nattention weights of the first query, first head:", p[0, 0, 0].round(2))
print("the outputs of the text do not depend on the padding:",
      np.array_equal(y[0, :3], y_other[0, :3]))
assert np.array_equal(y[0, :3], y_other[0, :3]) and not p[0, :, :, 3:].any()

# %%
# (google-research/albert adds -10,000 to masked scores instead. The exponential of such a score is
# 0, too, unless all other scores of the query are just as low.)
#
# What a leaking mask does
# ------------------------
# If a mask is wrong by one position, the program does not crash. The loss even looks better. How
# could you notice the mistake?
#
# Let us make a language whose difficulty we know. Each symbol is drawn with probabilities that
# depend only on the symbol before it. A table holds these probabilities. (This is a *Markov
# chain*.) A model that sees only the past cannot predict better than the table. So on average its
# loss cannot be lower than the *entropy* of the table. The entropy is the mean of -log p over the
# drawn symbols.
#
# A small ALBERT learns to predict the next symbol at every position. We train it twice. With the
# right mask, position i sees positions 0 to i. With the leaking mask it also sees i + 1, which is
# the answer. Every batch is new, so the model cannot memorise the data. (*Training* repeats three
# steps. Take a batch. Compute the loss and its gradient. Move each parameter a little against its
# gradient. ``AdamW`` decides how far it moves, see ``10_optimizers.py``.)

from albert_np import AdamW, AlbertForPreTraining
from albert_np.parameters.initial_values import wave_positions

V, T, B, steps = 10, 12, 32, (120 if quick() else 600)
table = softmax_forward(2 * np.random.default_rng(1).standard_normal((V, V)))[0]
often = np.linalg.matrix_power(table, 200)[0]              # how often each symbol occurs, (V,)
entropy = -(often @ (table * np.log(table)).sum(axis=1))


def draw(rng):
    """Sequences (B, T) of the language, and the symbol that follows each position."""
    ids = np.empty((B, T + 1), int)
    ids[:, 0] = rng.choice(V, size=B, p=often)
    for t in range(T):
        below = table[ids[:, t]].cumsum(axis=1)[:, :-1]      # cumulative probabilities
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
# There is also a direct test: on which inputs does the loss at position i depend? The backward pass
# knows the answer. Take only the loss at position i, and look at the gradient of each input row
# (its norm, averaged over a batch).

from matplotlib.colors import ListedColormap

from albert_np.plotting.figures import BLUE, GREY, ORANGE


def reach(mask):
    """How strongly output i of one attention layer depends on input j: array (T, T)."""
    rng = np.random.default_rng(3)
    x, dy = rng.standard_normal((1, T, 12)), rng.standard_normal((T, 12))
    _, cache = attention_forward(random, x, x, visible_keys(mask[None]), AlbertConfig(
        hidden_size=12, num_attention_heads=3))
    rows = [sum(attention_backward(random, (np.eye(T)[i, :, None] * dy[None], None), cache)[:2])[0]
            for i in range(T)]
    return np.linalg.norm(rows, axis=-1)


figure, all_axes = plt.subplots(1, 3, figsize=(12.5, 4.4), layout="constrained",
                                width_ratios=(1, 1, 1.35))
for axes, (name, mask) in zip(all_axes, masks.items()):
    gradient = (reach(mask) > 0).astype(int)
    axes.imshow(gradient + np.triu(gradient, 1), cmap=ListedColormap(["white", BLUE, ORANGE]),
                vmin=0, vmax=2)                                    # above the diagonal: orange
    axes.set_title(f"gradient, {name} mask", fontsize=15)
    axes.set_xlabel("input at position j", fontsize=14)
    axes.set_xticks(range(0, T, 2))
    axes.set_yticks(range(0, T, 2))
    axes.tick_params(labelsize=13)
    axes.text(0.5, T - 2, "not 0", fontsize=15, color="white")
    axes.text(T - 1, 1.5, "0", fontsize=15, ha="right")
all_axes[0].set_ylabel("loss at position i", fontsize=14)
all_axes[1].text(T - 4.5, 5, "not 0:\nthe leak", fontsize=15, color=ORANGE)
axes = all_axes[2]
width = 15
for (name, curve), colour, style in zip(curves.items(), (BLUE, ORANGE), ("-", "--")):
    axes.plot(np.arange(width - 1, steps), np.convolve(curve, np.ones(width) / width, "valid"),
              style, color=colour, linewidth=2.5, label=f"{name} mask")
for height, text, up in ((np.log(V), "blind guess, ln V", 4),
                         (entropy, "entropy of the language", -19)):
    axes.axhline(height, color=GREY, linewidth=1.5, linestyle=":")
    axes.annotate(text, (steps, height), (0, up), textcoords="offset points", ha="right",
                  fontsize=13)
axes.set_ylim(0, np.log(V) + 0.4)
axes.set_xlabel("step", fontsize=14)
axes.set_ylabel("loss (nats per symbol)", fontsize=14)
axes.set_title("Too good to be true", fontsize=15)
axes.tick_params(labelsize=13)
axes.grid(alpha=0.25)
axes.legend(fontsize=14, loc="lower right", bbox_to_anchor=(1, 0.18))
show(figure, "04_a_leaking_mask")

last = {name: curve[-30:].mean() for name, curve in curves.items()}
ids, following = draw(np.random.default_rng(4))
at_use = {name: model.forward(ids, attention_mask=np.repeat(masks["right"][None], B, axis=0),
                              labels=following)[0].mlm_loss for name, model in models.items()}
print(f"\nentropy of the language {entropy:.2f}, ln V {np.log(V):.2f}")
for name in masks:
    print(f"trained with the {name:8s} mask: loss {last[name]:.2f}, "
          f"and in use, without the next symbol: {at_use[name]:.2f}")
assert last["leaking"] < entropy - 0.2 < last["right"] < np.log(V)
assert at_use["leaking"] > at_use["right"]
assert not np.triu(reach(masks["right"]), 1).any() and np.triu(reach(masks["leaking"]), 1).any()

# %%
# What to notice: with the right mask the loss falls to the entropy and stays there. With the
# leaking mask the loss falls below the entropy, but not to 0. At the last position there is no next
# symbol to copy, so a loss remains there. A loss below the best possible value is a sign of a leak.
# If you do not know the best possible value, compare with the loss of a simple model. In use, the
# model with the leak fails: it learnt to copy a symbol that is no longer there. The middle picture
# shows the leak without any training. The gradients in its orange cells should be 0 but are not.
#
# In the paper
# ------------
# ALBERT attends in both directions. Its only mask is the mask for padding. But then every token
# sees itself, and a model that must predict "the word at this position" could copy it. This would
# be a leak, too. So the word is first removed from the input and replaced by [MASK], see
# ``07_masked_language_model.py``. ALBERT changes only one thing in attention: all layers use the
# same weights (``06_one_layer_twelve_times.py``).
#
# Exercises
# ---------
# 1. Let the loss depend on "the" too: dy = (1, 0, 0, 0) in the first row. Compute its dz on paper.
# 2. Multiply W_q of the two heads by 1/3 instead of 9, then by 100. How does the picture change?
#    How does the gradient of W_q change?
# 3. Change the leaking mask: let position i see position i + 2, but not position i + 1. Does the
#    loss still show the leak? Does the gradient show it?
# 4. Write attention for one head with four nested loops and without matrix products. Compare.
# 5. ``attention_forward`` takes the queries from one array and the keys and values from another.
#    Compute the output of the last token only. What does this save, and what does it not save?
