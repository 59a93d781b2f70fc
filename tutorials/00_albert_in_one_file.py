"""
ALBERT in one file
==================

This file is all of ALBERT (Lan et al. 2020): text, masks, model, every gradient, optimiser and
training. Beneath each forward pass is its backward pass. It needs only NumPy and matplotlib.

Prerequisites: none. You should know matrices and the chain rule. A tag such as (LN.5) names an
equation of the package ``albert_np``, which derives it and computes the same numbers. Run it with
``python tutorials/00_albert_in_one_file.py``. The picture is saved in ``tutorials/output/``.
"""

import os
import re
import sysconfig
from collections import Counter
from pathlib import Path
from pydoc_data.topics import topics

import matplotlib.pyplot as plt
import numpy as np

# B sequences of T tokens; V words; E numbers for a word, H for a hidden state; A heads of D = H/A
# numbers; F numbers inside the feed-forward network. Later: L layers, M masked words.
# dx is always the gradient of the loss with respect to x. It has the shape of x.
B, T, V, E, H, A, F = 32, 40, 1200, 64, 64, 4, 256
QUICK = os.environ.get("ALBERT_NP_QUICK", "0") not in ("", "0")        # a few steps, for a test
STEPS, WARMUP, RATE = (20, 5, 1e-3) if QUICK else (2000, 100, 4e-3)
PAD, UNK, CLS, SEP, MASK = range(5)                                    # ids of special tokens
NOT_MASKED = -100                                                      # the label of other words
C = (2 / np.pi) ** 0.5                                                 # a number in GELU
rng = np.random.default_rng(0)

# %%
# Text
# ----
# Every Python comes with prose: its language reference (the topics of ``help()``) and the
# docstrings of its library. A document is the list of sentences of one topic or docstring. Each
# sentence is kept once. One source in ten is held out: the model never trains on it.
LIBRARY, seen = Path(sysconfig.get_path("stdlib")), set()
NOT_PROSE = {"site-packages", "dist-packages", "test", "tests", "idlelib", "encodings"}
sources = [[topic] for topic in topics.values()] + [
    re.findall('"""(.+?)"""', file.read_text("utf-8", "ignore"), re.DOTALL)
    for file in sorted(LIBRARY.rglob("*.py")) if not NOT_PROSE & {*file.relative_to(LIBRARY).parts}]

def sentences_of(text):
    """Yield the new sentences of a text, each a list of words and punctuation marks."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n", re.sub("[`*]", "", text)):
        words = re.findall(r"[a-z]+(?:'[a-z]+)?|\d+|[.,;:()]", sentence.lower())
        # Prose begins with a capital letter, has no sign of code, and ends with a full stop.
        if str(words) not in seen and re.fullmatch(r"\s*[A-Z][^]=<>{}|\\@^~#_[]*[.]", sentence):
            seen.add(str(words))
            yield words

training = [[*sentences_of(text)] for i, texts in enumerate(sources) if i % 10 for text in texts]
held_out = [[*sentences_of(text)] for texts in sources[::10] for text in texts]

# The vocabulary is the most frequent words. Every other word becomes <unk>. ALBERT's own
# SentencePiece cuts a rare word into pieces instead, so that almost nothing is unknown.
counts = Counter(word for document in training for sentence in document for word in sentence)
special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]               # ids 0 to 4, see above
vocabulary = special + [word for word, _ in counts.most_common(V - len(special))]
id_of = {word: i for i, word in enumerate(vocabulary)}
training, held_out = ([[[id_of.get(word, UNK) for word in sentence] for sentence in document]
                       for document in documents] for documents in (training, held_out))
print(f"{counts.total():,} words of text; the vocabulary has {V:,} of {len(counts):,} words")

# %%
# Masks and sentence order
# ------------------------
# An example is ``[CLS] first [SEP] second [SEP]``, two sentences that are neighbours in the text.
# In half of the examples they are swapped, and the model must notice. It must also find 15 % of the
# words: 80 % of these become ``[MASK]``, 10 % become another word, and 10 % stay. (ALBERT chooses
# runs of one to three words. Here each word is chosen alone.)
def make_batch(pairs, rng):
    """Return inputs and labels of B pairs: ids, types, keep, labels (B, T), swapped (B,)."""
    ids, types = np.full((len(pairs), T), PAD), np.zeros((len(pairs), T), int)
    swapped = rng.integers(2, size=len(pairs))                         # 1: the order is wrong
    for b, pair in enumerate(pairs):
        first, second = (sentence[:(T - 3) // 2] for sentence in pair[::-1 if swapped[b] else 1])
        tokens = [CLS, *first, SEP, *second, SEP]
        ids[b, :len(tokens)] = tokens
        types[b, len(first) + 2:len(tokens)] = 1                       # 1 in the second sentence
    chosen = (ids > MASK) & (rng.random(ids.shape) < 0.15)             # never a special token
    lot = rng.random(ids.shape)
    masked = np.where(chosen & (lot < 0.8), MASK, ids)
    masked = np.where(chosen & (lot > 0.9), rng.integers(MASK + 1, V, ids.shape), masked)
    return {"ids": masked, "types": types, "keep": ids != PAD,
            "labels": np.where(chosen, ids, NOT_MASKED), "swapped": swapped}

# %%
# Parameters
# ----------
# The parameters are a dictionary of arrays. The gradients are a dictionary with the same keys and
# shapes. All layers share one set of weights: this is how ALBERT saves most of its parameters.
def initial_parameters(rng, dtype):
    # Positions start as waves: the step to the next word is the same rotation everywhere (WAVE.1).
    # ALBERT starts with random positions and learns that too, but not in a minute.
    angle = np.arange(T)[:, None] * np.geomspace(1.5, 0.05, E // 2)    # (T, E/2)
    params = {"word": 0.1 * rng.standard_normal((V, E)), "bias": np.zeros(V),
              "token_type": 0.1 * rng.standard_normal((2, E)),
              "position": 0.25 * np.concatenate([np.sin(angle), np.cos(angle)], axis=1)}
    shapes = {"map": (E, H), "q": (H, H), "k": (H, H), "v": (H, H), "o": (H, H), "1": (H, F),
              "2": (F, H), "mlm": (H, E), "pool": (H, H), "sop": (H, 2)}
    for name, shape in shapes.items():
        std = 0.125 if name in ("map", "q", "k") else 0.06             # so attention is not flat
        params |= {"W_" + name: std * rng.standard_normal(shape), "b_" + name: np.zeros(shape[1])}
    for name, size in {"emb": E, "att": H, "ff": H, "mlm": E}.items():
        params |= {"gamma_" + name: np.ones(size), "beta_" + name: np.zeros(size)}
    return {name: array.astype(dtype) for name, array in params.items()}

# %%
# Linear map, layer norm, GELU
# ----------------------------
# Each forward pass returns y and a *cache*: what the backward pass needs. Each backward pass takes
# dy and this cache. It returns dx and the gradients of its parameters.
def linear_forward(params, name, x):
    """x (..., I) -> y (..., O), with W (I, O) and b (O,)"""
    # y_no = sum_i x_ni W_io + b_o                                       (LIN.1)
    W, b = params["W_" + name], params["b_" + name]
    return x @ W + b, (x, W, name)

def linear_backward(dy, x, W, name):
    x_rows, dy_rows = x.reshape(-1, W.shape[0]), dy.reshape(-1, W.shape[1])    # (N, I), (N, O)
    # x_ni is in y_no for every o, with slope W_io:   dx_ni = sum_o dy_no W_io
    dx = dy @ W.T                                                      # (LIN.2)  (..., I)
    # W_io is in y_no for every n, with slope x_ni:   dW_io = sum_n x_ni dy_no
    dW = x_rows.T @ dy_rows                                            # (LIN.3)  (I, O)
    # b_o is in y_no for every n, with slope 1:       db_o = sum_n dy_no
    db = dy_rows.sum(axis=0)                                           # (LIN.4)  (O,)
    return dx, {"W_" + name: dW, "b_" + name: db}

def layer_norm_forward(params, name, x, eps=1e-12):
    """Give each row x (..., H) mean 0 and variance 1, then scale by gamma and shift by beta."""
    # x_hat = (x - mean) / std        std = sqrt(mean((x - mean)^2) + eps)
    gamma, beta = params["gamma_" + name], params["beta_" + name]      # (H,)
    centred = x - x.mean(axis=-1, keepdims=True)
    inv_std = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + eps)  # (..., 1)
    x_hat = centred * inv_std                                          # (LN.1)  (..., H)
    return gamma * x_hat + beta, (x_hat, inv_std, gamma, name)         # (LN.2)  (..., H)

def layer_norm_backward(dy, x_hat, inv_std, gamma, name):
    rows = tuple(range(dy.ndim - 1))                                   # all axes but the last
    dbeta = dy.sum(axis=rows)                                          # (LN.3)  (H,)
    dgamma = (dy * x_hat).sum(axis=rows)                               # (LN.4)  (H,)
    dx_hat = dy * gamma                                                # (..., H)
    # Mean and std depend on every x of the row. With [i = j] for 1 if i = j, else 0:
    # d x_hat_i / d x_j = ([i = j] - 1/H - x_hat_i x_hat_j / H) / std
    dx = inv_std * (dx_hat - dx_hat.mean(axis=-1, keepdims=True)
                    - x_hat * (dx_hat * x_hat).mean(axis=-1, keepdims=True))   # (LN.5)
    return dx, {"gamma_" + name: dgamma, "beta_" + name: dbeta}

def gelu_new_forward(x):
    """Multiply x by a smooth switch s between 0 and 1. ALBERT uses this form, with tanh."""
    # y = x s        s = (1 + tanh u) / 2        u = C (x + 0.044715 x^3)
    s = 0.5 * (1 + np.tanh(C * (x + 0.044715 * x * x * x)))
    return x * s, (x, s)                                               # (GELU.3)

def gelu_new_backward(dy, x, s):
    # tanh' = 1 - tanh^2 and tanh u = 2 s - 1. So ds/du = 2 s (1 - s).
    du_dx = C * (1 + 3 * 0.044715 * x * x)                             # (GELU.4)
    # dy/dx = s + x ds/du du/dx
    return dy * (s + x * 2 * s * (1 - s) * du_dx)                      # (GELU.5)

# %%
# Factorised embeddings
# ---------------------
# The word table is only E wide, and one matrix leads from E to H. These are V E + E H parameters
# instead of V H. (In ALBERT, E = 128 and H = 768 or more. Here both are 64.)
def embeddings_forward(params, ids, types):
    """ids, types (B, T) -> h (B, T, H)"""
    # s_bt = word[ids_bt] + position_t + token_type[types_bt]            (FE.1)
    s = params["word"][ids] + params["position"] + params["token_type"][types]    # (B, T, E)
    e, norm_cache = layer_norm_forward(params, "emb", s)               # (B, T, E)
    h, map_cache = linear_forward(params, "map", e)                    # (FE.2)  (B, T, H)
    return h, (ids, types, norm_cache, map_cache)

def embeddings_backward(params, dh, ids, types, norm_cache, map_cache):
    de, map_grads = linear_backward(dh, *map_cache)                    # (B, T, E)
    ds, norm_grads = layer_norm_backward(de, *norm_cache)              # (B, T, E)
    # A word that occurs three times gets the sum of three gradients:
    # dword_v = sum of ds_bt over all b, t with ids_bt = v               (EMB.2)
    dword, dtoken_type = np.zeros_like(params["word"]), np.zeros_like(params["token_type"])
    np.add.at(dword, ids, ds)                                          # (V, E)
    np.add.at(dtoken_type, types, ds)                                  # (2, E)
    return map_grads | norm_grads | {"word": dword, "token_type": dtoken_type,
                                     "position": ds.sum(axis=0)}       # (FE.3)  (T, E)

# %%
# Attention
# ---------
# Each token asks (q), looks at all tokens (k), and collects from them (v). A heads do this side by
# side, each with D = H/A columns.
def split_heads(x):
    """(B, T, H) -> (B, A, T, D)"""
    return x.reshape(*x.shape[:2], A, -1).transpose(0, 2, 1, 3)

def merge_heads(x):
    """(B, A, T, D) -> (B, T, H)"""
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)

def attention_forward(params, x, keep):
    """x (B, T, H), keep (B, T), which is False for padding -> y (B, T, H)"""
    q, q_cache = linear_forward(params, "q", x)
    k, k_cache = linear_forward(params, "k", x)
    v, v_cache = linear_forward(params, "v", x)                        # (ATT.1)  (B, T, H)
    q, k, v = split_heads(q), split_heads(k), split_heads(v)           # (B, A, T, D)
    # z_ij = sum_d q_id k_jd / sqrt(D)        p_ij = exp(z_ij) / sum_j exp(z_ij)        (.mT is ^T)
    z = q @ k.mT * q.shape[-1] ** -0.5                                 # (B, A, T, T)
    z = np.where(keep[:, None, None, :], z, -np.inf)                   # exp(-inf) = 0
    exp_z = np.exp(z - z.max(axis=-1, keepdims=True))                  # the same p, no overflow
    p = exp_z / exp_z.sum(axis=-1, keepdims=True)                      # (ATT.2)  (B, A, T, T)
    # c_id = sum_j p_ij v_jd        y = c W_o + b_o
    c = merge_heads(p @ v)                                             # (ATT.3)  (B, T, H)
    y, o_cache = linear_forward(params, "o", c)                        # (ATT.4)  (B, T, H)
    return y, (q, k, v, p, q_cache, k_cache, v_cache, o_cache)

def attention_backward(dy, q, k, v, p, q_cache, k_cache, v_cache, o_cache):
    dc, o_grads = linear_backward(dy, *o_cache)                        # (B, T, H)
    dc = split_heads(dc)                                               # (B, A, T, D)
    # dp_ij = sum_d dc_id v_jd        dv_jd = sum_i p_ij dc_id
    dp = dc @ v.mT                                                     # (ATT.5)  (B, A, T, T)
    dv = p.mT @ dc                                                     # (ATT.6)  (B, A, T, D)
    # One row of the softmax: dp_i / dz_j = [i = j] p_i - p_i p_j, so
    # dz_j = p_j (dp_j - sum_i dp_i p_i)
    dz = p * (dp - (dp * p).sum(axis=-1, keepdims=True))               # (SM.4)  (B, A, T, T)
    # dq_id = sum_j dz_ij k_jd / sqrt(D)        dk_jd = sum_i dz_ij q_id / sqrt(D)
    dq = dz @ k * q.shape[-1] ** -0.5                                  # (ATT.7)  (B, A, T, D)
    dk = dz.mT @ q * q.shape[-1] ** -0.5                               # (ATT.8)  (B, A, T, D)
    dx_q, q_grads = linear_backward(merge_heads(dq), *q_cache)
    dx_k, k_grads = linear_backward(merge_heads(dk), *k_cache)
    dx_v, v_grads = linear_backward(merge_heads(dv), *v_cache)
    dx = dx_q + dx_k + dx_v                    # x went into three maps    (ATT.9)  (B, T, H)
    return dx, q_grads | k_grads | v_grads | o_grads

# %%
# A layer is attention and a feed-forward network, each with a residual link and a layer norm.
def layer_forward(params, x, keep):
    """x (B, T, H) -> y (B, T, H)"""
    # a = LayerNorm(x + Attention(x))                                    (BLK.1)
    f, attention_cache = attention_forward(params, x, keep)
    a, att_cache = layer_norm_forward(params, "att", x + f)            # (B, T, H)
    # f = GELU(a W_1 + b_1) W_2 + b_2                                    (FF.1)
    u, first_cache = linear_forward(params, "1", a)                    # (B, T, F)
    g, gelu_cache = gelu_new_forward(u)                                # (B, T, F)
    f, second_cache = linear_forward(params, "2", g)                   # (B, T, H)
    # y = LayerNorm(a + f)
    y, ff_cache = layer_norm_forward(params, "ff", a + f)              # (B, T, H)
    return y, (attention_cache, att_cache, first_cache, gelu_cache, second_cache, ff_cache)

def layer_backward(dy, attention_cache, att_cache, first_cache, gelu_cache, second_cache, ff_cache):
    # forward: y = LayerNorm(s), s = a + f(a). So a gets ds twice: directly, and through f.
    ds, ff_grads = layer_norm_backward(dy, *ff_cache)
    dg, second_grads = linear_backward(ds, *second_cache)              # (B, T, F)
    du = gelu_new_backward(dg, *gelu_cache)
    da, first_grads = linear_backward(du, *first_cache)                # (FF.2)  (B, T, H)
    # forward: a = LayerNorm(s), s = x + f(x). So x gets ds twice, too.
    ds, att_grads = layer_norm_backward(da + ds, *att_cache)
    dx, attention_grads = attention_backward(ds, *attention_cache)
    return dx + ds, attention_grads | att_grads | first_grads | second_grads | ff_grads

# %%
# Two heads, two losses
# ---------------------
# One head finds the masked words. Its last matrix is the word table again, transposed ("tied"). The
# other head looks only at the state of ``[CLS]``: were the sentences swapped?
def masked_lm_head_forward(params, x):
    """x (M, H), the states of the masked words -> logits (M, V)"""
    # e = LayerNorm(GELU(x W + b))        logits_mv = sum_j e_mj word_vj + bias_v
    u, dense_cache = linear_forward(params, "mlm", x)                  # (M, E)
    g, gelu_cache = gelu_new_forward(u)
    e, norm_cache = layer_norm_forward(params, "mlm", g)               # (MLM.1)  (M, E)
    logits = e @ params["word"].T + params["bias"]                     # (MLM.2)  (M, V)
    return logits, (dense_cache, gelu_cache, norm_cache, e)

def masked_lm_head_backward(params, dlogits, dense_cache, gelu_cache, norm_cache, e):
    de = dlogits @ params["word"]                                      # (MLM.3)  (M, E)
    tied_grads = {"word": dlogits.T @ e, "bias": dlogits.sum(axis=0)}  # (MLM.4)  (V, E), (V,)
    dg, norm_grads = layer_norm_backward(de, *norm_cache)
    du = gelu_new_backward(dg, *gelu_cache)
    dx, dense_grads = linear_backward(du, *dense_cache)                # (M, H)
    return dx, tied_grads | norm_grads | dense_grads

def sentence_order_head_forward(params, h):
    """h (B, T, H) -> logits (B, 2)"""
    # pooled = tanh(h_0 W_pool + b_pool)        logits = pooled W_sop + b_sop
    u, pool_cache = linear_forward(params, "pool", h[:, 0])            # (B, H)
    pooled = np.tanh(u)                                                # (POOL.1)  (B, H)
    logits, sop_cache = linear_forward(params, "sop", pooled)          # (SOP.1)  (B, 2)
    return logits, (h.shape, pool_cache, pooled, sop_cache)

def sentence_order_head_backward(dlogits, shape, pool_cache, pooled, sop_cache):
    dpooled, sop_grads = linear_backward(dlogits, *sop_cache)          # (SOP.2)  (B, H)
    du = dpooled * (1 - pooled * pooled)                               # tanh' = 1 - tanh^2
    dfirst, pool_grads = linear_backward(du, *pool_cache)              # (B, H)
    dh = np.zeros(shape, dfirst.dtype)                                 # the others were not used
    dh[:, 0] = dfirst                                                  # (POOL.2)  (B, T, H)
    return dh, pool_grads | sop_grads

def cross_entropy_forward(logits, labels):
    """logits (N, K), labels (N,) -> the mean of -log p of the labels"""
    # log p_nk = x_nk - log sum_k exp(x_nk)        loss = -(1/N) sum_n log p_n,label
    x = logits - logits.max(axis=-1, keepdims=True)                    # the same p, no overflow
    log_p = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
    loss = -log_p[np.arange(len(labels)), labels].mean()               # (CE.1)
    return loss, (np.exp(log_p), labels)

def cross_entropy_backward(p, labels):
    # dx_nk = (p_nk - [k = label_n]) / N
    return (p - (np.arange(p.shape[1]) == labels[:, None])) / len(p)   # (CE.2)  (N, K)

# %%
# The model: one layer, applied L times
# -------------------------------------
# We minimise L_MLM + L_SOP (PRE.1). All depths use the same weights W, so their gradients add up:
# dW = sum_l dW_l. Each depth needs its own cache, because each saw another input.
def forward(params, batch, L):
    """Return both losses and the logits of both heads."""
    h, emb_cache = embeddings_forward(params, batch["ids"], batch["types"])
    layer_caches = []
    for _ in range(L):
        h, cache = layer_forward(params, h, batch["keep"])             # (ENC.1)  (B, T, H)
        layer_caches.append(cache)
    masked = batch["labels"] != NOT_MASKED                             # (B, T), M times True
    words, lm_cache = masked_lm_head_forward(params, h[masked])        # (M, V)
    order, order_cache = sentence_order_head_forward(params, h)        # (B, 2)
    mlm_loss, mlm_cache = cross_entropy_forward(words, batch["labels"][masked])
    sop_loss, sop_cache = cross_entropy_forward(order, batch["swapped"])
    caches = emb_cache, layer_caches, masked, lm_cache, order_cache, mlm_cache, sop_cache
    return (mlm_loss, sop_loss, words, order), caches

def backward(params, emb_cache, layer_caches, masked, lm_cache, order_cache, mlm_cache, sop_cache):
    dh, order_grads = sentence_order_head_backward(cross_entropy_backward(*sop_cache), *order_cache)
    dx, lm_grads = masked_lm_head_backward(params, cross_entropy_backward(*mlm_cache), *lm_cache)
    dh[masked] = dh[masked] + dx                                       # forward: x = h[masked]
    grads = {}
    for cache in reversed(layer_caches):                               # the last depth first
        dh, dW = layer_backward(dh, *cache)
        grads = {name: grads.get(name, 0) + dW[name] for name in dW}   # (ENC.3)
    grads = grads | lm_grads | order_grads | embeddings_backward(params, dh, *emb_cache)
    grads["word"] = grads["word"] + lm_grads["word"]                   # used twice  (MLM.5)
    return grads

# %%
# Are the gradients right?
# ------------------------
# Move each parameter p along a random direction u. The slope of the loss must be sum(dp * u).
def worst_error(params, batch, L, rng, h=1e-4):
    """Return the worst relative error of backward. The numerical slope is centred (FD.1)."""
    grads, worst = backward(params, *forward(params, batch, L)[1]), 0
    for name, p in params.items():
        u = rng.standard_normal(p.shape) / p.size ** 0.5               # about 1 long
        above, below = (sum(forward(params | {name: p + s * u}, batch, L)[0][:2]) for s in (h, -h))
        numeric, exact = (above - below) / (2 * h), (grads[name] * u).sum()
        # The true gradient of b_k is 0: it moves all z_ij of a row alike. So we divide by >= 0.001.
        worst = max(worst, abs(numeric - exact) / max(abs(numeric) + abs(exact), 1e-3))
    return worst

pairs = [pair for document in training for pair in zip(document, document[1:])]
params = {name: p + 0.1 * rng.standard_normal(p.shape)                 # no bias is 0, no gamma 1
          for name, p in initial_parameters(rng, np.float64).items()}
print(f"worst error of a gradient: {worst_error(params, make_batch(pairs[:8], rng), 3, rng):.0e}")

# %%
# The bigram model guesses a word w from the word u before it. Let c(u, w) count how often w follows
# u, c(u) how often any word follows u, and n(u) how many different words follow u. Then (BI.1) is
# P(w | u) = (c(u, w) + n(u) P(w)) / (c(u) + n(u)), where P(w) is how frequent w is.
def bigram_probabilities(documents):
    """Return P(w | u), an array (V, V)."""
    c = np.zeros((V, V))
    for document in documents:
        text = np.array([SEP, *(i for sentence in document for i in [*sentence, SEP])])
        np.add.at(c, (text[:-1], text[1:]), 1)
    c[:, :MASK + 1] = 0                                                # special: never guessed
    P = (c.sum(axis=0) + 1) * (np.arange(V) > MASK)                    # (V,)
    c[CLS] = c[SEP]                                                    # both begin a sentence
    n = np.maximum((c > 0).sum(axis=1, keepdims=True), 1)              # (V, 1)
    return (c + n * P / P.sum()) / (c.sum(axis=1, keepdims=True) + n)

test = make_batch([pair for document in held_out for pair in zip(document, document[1:])], rng)
masked = test["labels"] != NOT_MASKED                                  # (B, T), M times True
labels = test["labels"][masked]                                        # (M,)
before = np.roll(np.where(masked, test["labels"], test["ids"]), 1)[masked]     # (M,) true
P = bigram_probabilities(training)[before]                             # (M, V)
bigram_loss = -np.log(P[np.arange(len(labels)), labels]).mean()
print(f"bigram model: loss {bigram_loss:.2f}, {(P.argmax(axis=1) == labels).mean():.0%} right")

# %%
# Training with AdamW
# -------------------
# AdamW divides the mean of a gradient by the root of the mean of its square. So each number has its
# own step size. Both means start at 0, and 1 - b^t corrects that (ADAM.1). The matrices also
# shrink a little at each step. This decay is not part of g: it is *decoupled*.
def adamw(params, grads, m, v, t, lr, b1=0.9, b2=0.98, eps=1e-6, weight_decay=0.01):
    """Take step t = 1, 2, ... It puts new arrays into the dictionaries params, m and v."""
    # m <- b1 m + (1 - b1) g      v <- b2 v + (1 - b2) g^2      p <- p - lr (m / sqrt(v) + decay p)
    for name, g in grads.items():
        m[name], v[name] = b1 * m[name] + (1 - b1) * g, b2 * v[name] + (1 - b2) * g * g
        u = m[name] / (1 - b1**t) / (np.sqrt(v[name] / (1 - b2**t)) + eps)
        params[name] = params[name] - lr * (u + weight_decay * (g.ndim > 1) * params[name])

# One layer learns fastest. So the layer is applied once at first, and twice in the last quarter.
# The learning rate rises for a short while (warm-up), then it falls to 0.
params = initial_parameters(rng, np.float32)
m, v = ({name: np.zeros_like(p) for name, p in params.items()} for _ in range(2))
losses, held_out_losses = [], []
for t in range(1, STEPS + 1):
    L = 1 if t <= 0.75 * STEPS else 2
    batch = make_batch([pairs[i] for i in rng.integers(len(pairs), size=B)], rng)
    outputs, caches = forward(params, batch, L)
    losses.append(outputs[:2])
    adamw(params, backward(params, *caches), m, v, t, RATE * min(t / WARMUP, 1 - t / (STEPS + 1)))
    if t % (STEPS // 20) == 0:
        *found, words, order = forward(params, test, L)[0]
        held_out_losses.append(found)
        print(f"step {t:4}: held-out loss {found[0]:.2f} (words) and {found[1]:.2f} (order)")
print(f"{(words.argmax(axis=1) == labels).mean():.0%} of the held-out words are right")

# %%
# What it has learnt
# ------------------
figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
steps = np.arange(1, 21) * STEPS // 20
for k, axes in enumerate(panels):
    axes.plot(steps, np.reshape(losses, (20, -1, 2)).mean(axis=1)[:, k], "o-", label="training")
    axes.plot(steps, np.array(held_out_losses)[:, k], "s-", label="held out")
    level, name = ((bigram_loss, "bigram model"), (np.log(2), "tossing a coin"))[k]
    axes.axhline(level, color="black", linestyle="--", label=name)
    axes.set(title=("Masked words", "Sentence order")[k], xlabel="step", ylabel="loss (nats)")
    axes.legend()
folder = Path("tutorials/output" if Path("tutorials").is_dir() else "output")
folder.mkdir(exist_ok=True)
figure.savefig(Path(folder, "00_both_losses"), dpi=200)

# Five gaps in held-out text, the true words, and the three best guesses:
p = cross_entropy_forward(words, labels)[1][0]                         # (M, V)
for i in rng.choice(np.flatnonzero(test["ids"][masked] == MASK), 5, replace=False):
    b, t = np.argwhere(masked)[i]
    context = [vocabulary[word] for word in test["ids"][b] if word != PAD]
    print(f"\n{' '.join(context[max(0, t - 7):t])} ____ {' '.join(context[t + 1:t + 6])}")
    print(f"   true: {vocabulary[labels[i]]!r}   guesses:",
          ", ".join(f"{vocabulary[word]!r} {p[i, word]:.0%}" for word in np.argsort(-p[i])[:3]))

# %%
# Exercises
# ---------
# 1. Divide by 2 in (SM.4). What does the gradient check print?
# 2. Start the positions at random. When does the loss fall below the bigram model's loss now?
# 3. Give each depth its own weights. How many parameters are there now? Is the loss lower?
