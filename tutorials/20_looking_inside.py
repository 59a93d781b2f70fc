"""
What happens inside, between a question and its answer?
=======================================================

A pretrained model fills a gap in a sentence. Which words made it choose, and at which layer did the
choice fall? This tutorial asks the model in four ways: by its attention, by attention followed
through all layers, by gradients of our own backward pass, and by reading the answer early. At the
end you have seen where the four agree, and a test that no picture can talk its way out of: erase a
word and look again.

Prerequisites: ``04_attention.py``, ``06_one_layer_twelve_times.py`` and
``07_masked_language_model.py``. In the paper: figure 1 looks inside at the same places, at how far
each layer moves a state (Lan et al. 2020, section 3.1). Run it with ``python
tutorials/20_looking_inside.py``; pictures go to ``tutorials/output/``. Name a model of yours by
``ALBERT_NP_MODEL=folder`` or as the only argument; otherwise a small one is trained first.
"""

# %%
# A sentence with a gap
# ---------------------
# T is the number of tokens, counting ``[CLS]`` at the front and ``[SEP]`` at the end; A the number
# of attention heads, L the number of layers. A *hidden state* is what a layer hands to the next: H
# numbers for each token.

import numpy as np

from albert_np.course.lecture import model_for_a_lecture

model, tokenizer, held_out, _ = model_for_a_lecture()

text, answer = "Return True [MASK] the object is a file.", "▁if"
inputs = tokenizer(text, return_tensors="np")                                    # (1, T) each
ids = inputs["input_ids"]
tokens = tokenizer.convert_ids_to_tokens(ids[0])
gap = tokens.index("[MASK]")
output, _ = model.forward(**inputs)


def log_softmax(logits):
    """The logarithm of (SM.1), without ever forming a probability that could round to 0."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


log_p = log_softmax(output.prediction_logits[0, gap])                            # (V,)
best = np.argsort(-log_p)[:5]
print(tokens)
print("guesses:", ", ".join(f"{tokenizer.pieces[i]} {np.exp(log_p[i]):.0%}" for i in best))
answer_id = tokenizer.convert_tokens_to_ids([answer])[0]
if answer_id == tokenizer.unk_token_id:                # a vocabulary without it: ask for the guess
    answer_id = int(best[0])
answer = tokenizer.pieces[answer_id]
print(f"we ask about {answer}, which has {np.exp(log_p[answer_id]):.1%}")

# %%
# Where it looks
# --------------
# In each layer and head, token i collects from token j with the weight :math:`p_{ij}` of (ATT.2):

from albert_np.course.lecture import quick, show, source_of
from albert_np.layers import attention_forward

print(source_of(attention_forward, "ATT.2", "ATT.3", lines_around=1))

# %%
# The model returns these weights as ``output.attentions``, one array (1, A, T, T) for each layer.
# Each row adds up to 1: a token divides its attention among all.

import matplotlib.pyplot as plt

attentions = np.array([p[0] for p in output.attentions])                         # (L, A, T, T)
assert np.allclose(attentions.sum(axis=-1), 1, atol=1e-5)
L, A, T, _ = attentions.shape
depths = sorted({0, L // 2, L - 1})
heads = list(range(min(A, 4)))
labels = [token.replace("▁", "") or "[space]" for token in tokens]

figure, panels = plt.subplots(len(depths), len(heads), figsize=(2.6 * len(heads) + 1.2,
                              2.8 * len(depths) + 0.6), layout="constrained", squeeze=False)
for row, depth in zip(panels, depths):
    strongest = attentions[depth, heads].max()            # deep layers spread their attention
    for axes, head in zip(row, heads):
        image = axes.imshow(attentions[depth, head], cmap="cividis", vmin=0, vmax=strongest)
        axes.set_title(f"layer {depth + 1}, head {head + 1}", fontsize=14)
        first, last = axes is row[0], depth == depths[-1]
        axes.set_xticks(range(T), labels if last else [], rotation=90, fontsize=12)
        axes.set_yticks(range(T), labels if first else [], fontsize=12)
    bar = figure.colorbar(image, ax=row, shrink=0.8)
    bar.set_label("attention weight", fontsize=13)
    bar.ax.tick_params(labelsize=12)
figure.supxlabel("key: the token looked at", fontsize=14)
figure.supylabel("query: the token that looks", fontsize=14)
show(figure, "20_attention_maps")

for depth in range(L):
    strongest = attentions[depth, :, gap].argmax(axis=-1)
    print(f"layer {depth + 1}: [MASK] looks most at",
          ", ".join(labels[j] for j in dict.fromkeys(strongest)))

# %%
# What to notice: all layers of this model share one set of weights, and yet their maps differ,
# because what goes in differs. A stripe beside the diagonal is a head that looks at a neighbour; a
# bright column is a token that everybody looks at, often ``[CLS]`` or ``[SEP]``, where a head goes
# that has nothing to say. (The stripes come with training: a model of a few steps has flat maps.)
#
# What goes wrong: reading a map as "this word caused the answer". From the second layer on, the
# states at position j are mixtures: what is collected from "file" may have come from anywhere.
#
# Following it through the layers
# -------------------------------
# Attention rollout (Abnar and Zuidema 2020) keeps account of the mixing. Let :math:`\bar P^{(l)}`
# be the map of layer l, averaged over heads. The residual link (BLK.1) adds to each token what it
# was before; count it as half of the sum:
#
# .. math::
#
#    R^{(0)} = I, \qquad R^{(l)} = \tfrac12\big(\bar P^{(l)} + I\big)\, R^{(l-1)}
#
# :math:`R^{(l)}_{ij}` is the share of token j's input in token i's state after l layers. The rows
# still add up to 1, because a row of :math:`\tfrac12(\bar P + I)` does, and a mean of rows that add
# up to 1 adds up to 1.


def rollout(attentions):
    """(L, A, T, T) -> (T, T)"""
    identity = np.eye(attentions.shape[-1])
    R = identity
    for p in attentions:
        R = (p.mean(axis=0) + identity) / 2 @ R
    return R


R = rollout(attentions)
assert np.allclose(R.sum(axis=-1), 1, atol=1e-5)

# %%
# Rollout is bookkeeping, not a derivative: it leaves out the values v, the output map, the
# feed-forward network and the norms, and it knows nothing of the answer. "if" and "when" would get
# the same shares.
#
# Asking the gradient
# -------------------
# The number that we want explained is :math:`f(h) = \log p_{\text{answer}}` at the gap, as a
# function of the embedded sentence h, an array (T, H). Its gradient says how f answers to a nudge.
# But the answer to a nudge is not the contribution of a word: where the softmax is saturated, the
# gradient is nearly 0 although the words made all the difference. *Integrated gradients*
# (Sundararajan, Taly and Yan 2017) walk from a sentence :math:`h^0` that says nothing to the real
# one and add up on the way:
#
# .. math::
#
#    \text{share}_t = \sum_j (h_{tj} - h^0_{tj}) \int_0^1
#    \frac{\partial f}{\partial h_{tj}}\big(h^0 + \alpha (h - h^0)\big)\, d\alpha
#
# Along this path the chain rule gives
#
# .. math::
#
#    \frac{d}{d\alpha} f = \sum_{tj} (h_{tj} - h^0_{tj})\, \frac{\partial f}{\partial h_{tj}}
#
# so the shares of all tokens add up to :math:`f(h) - f(h^0)` by the fundamental theorem of
# calculus. Nothing is left over, which gives us a check. (f is a natural logarithm, so its unit is
# the *nat*: one nat less is a probability e times smaller.)
#
# As :math:`h^0` we take the same sentence with every word a ``[MASK]``. The integral becomes a mean
# over S points, at the middles of S equal steps. They are S sentences of one batch, so that a
# single forward and a single backward pass do everything:

from albert_np.functional import cross_entropy_backward, cross_entropy_forward
from albert_np.layers import (encoder_backward, encoder_forward, masked_lm_head_backward,
                              masked_lm_head_forward)

config, params = model.config, model.params


def f_and_gradient(h, column, answer_id):
    """log p of the answer at one column, for each h of a batch (S, T, H), and its gradient."""
    (states, _), encoder_cache = encoder_forward(params["encoder"], h, None, config)
    x = states[-1][:, column]                                                    # (S, H)
    logits, head_cache = masked_lm_head_forward(params["mlm_head"], x, params["embeddings"]["word"],
                                                config)                          # (S, V)
    S = len(h)
    loss, loss_cache = cross_entropy_forward(logits, np.full(S, answer_id))
    # forward: f.sum() = -S * loss, since the loss is a mean over the rows
    dlogits = cross_entropy_backward(-S, loss_cache)
    dx, _, _ = masked_lm_head_backward(params["mlm_head"], dlogits, head_cache)
    dlast = np.zeros_like(states[-1])
    dlast[:, column] = dx
    dy = ([None] * (len(states) - 1) + [dlast], [None] * (len(states) - 1))
    dh, _ = encoder_backward(params["encoder"], dy, encoder_cache)
    return log_softmax(logits)[:, answer_id], dh


def embedded(ids):
    """The first hidden states, (T, H), of a row of ids."""
    return model.forward(ids[None])[0].hidden_states[0][0]


def all_masked(ids):
    words = ~np.isin(ids, (tokenizer.cls_token_id, tokenizer.sep_token_id))
    return np.where(words, tokenizer.mask_token_id, ids)


def integrated_gradients(ids, column, answer_id, S):
    """Shares (T,) of the tokens in log p of the answer, and what they should add up to."""
    h0, h = embedded(all_masked(ids)), embedded(ids)
    alpha = ((np.arange(S, dtype=h.dtype) + 0.5) / S)[:, None, None]             # (S, 1, 1)
    _, gradients = f_and_gradient(h0 + alpha * (h - h0), column, answer_id)      # (S, T, H)
    ends, _ = f_and_gradient(np.array([h0, h]), column, answer_id)
    return ((h - h0) * gradients.mean(axis=0)).sum(axis=-1), ends[1] - ends[0]


print("  S   sum of the shares   f(h) - f(h0)")
for S in (1, 4, 16, 64):
    shares, difference = integrated_gradients(ids[0], gap, answer_id, S)
    print(f"{S:3d}   {shares.sum():17.4f}   {difference:12.4f}")
assert abs(shares.sum() - difference) < 0.02 * max(1, abs(difference))

# %%
# What goes wrong: too few points. The table shows how the sum goes to the difference; if yours does
# not, the gradient is wrong or S too small. Another trap is the gradient at h alone:

h0, h = embedded(all_masked(ids[0])), embedded(ids[0])
_, gradient = f_and_gradient(h[None], gap, answer_id)
plain = ((h - h0) * gradient[0]).sum(axis=-1)
print(f"the gradient at h alone adds up to {plain.sum():.2f} in place of {difference:.2f}")

# %%
# The judge: erase it and look
# ----------------------------
# All three say something about words. The direct question is: what happens to f if this one word
# becomes a ``[MASK]``? T sentences, each with another word erased:

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE


def read(state):
    """Log-probabilities (..., V) that the head reads out of hidden states (..., H)."""
    logits, _ = masked_lm_head_forward(params["mlm_head"], state, params["embeddings"]["word"],
                                       config)
    return log_softmax(logits)


def erased(ids, column, answer_id):
    """By how much f falls for each token that is erased, (T,)."""
    copies = np.tile(ids, (len(ids) + 1, 1))               # the last one: untouched
    diagonal = np.arange(len(ids))
    copies[diagonal, diagonal] = all_masked(ids)
    f = read(model.forward(copies)[0].sequence_output[:, column])[:, answer_id]
    return f[-1] - f[:-1]


def four_answers(ids, column, answer_id, S=32):
    """What each of the four ways says of each token."""
    p = np.array([p[0] for p in model.forward(ids[None])[0].attentions])
    return {"attention, last layer": p[-1].mean(axis=0)[column],
            "attention rollout": rollout(p)[column],
            "integrated gradients": integrated_gradients(ids, column, answer_id, S)[0],
            "erased": erased(ids, column, answer_id)}


answers = four_answers(ids[0], gap, answer_id)
figure, panels = plt.subplots(1, 4, figsize=(11, 0.42 * T + 1.8), sharey=True, layout="constrained")
names = ("attention,\nlast layer", "attention\nrollout", "integrated\ngradients", "erased")
units = ("share", "share", "nats", "fall of log p\n(nats)")
for axes, values, name, colour, unit in zip(panels, answers.values(), names,
                                            (GREY, BLUE, ORANGE, GREEN), units):
    axes.barh(range(T), values, color=colour)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.locator_params(axis="x", nbins=3)
    axes.set_title(name, fontsize=14)
    axes.set_xlabel(unit, fontsize=14)
    axes.tick_params(labelsize=13)
    axes.grid(axis="x", alpha=0.25)
panels[0].set_yticks(range(T), labels, fontsize=14)
panels[0].invert_yaxis()
figure.suptitle(f"Why {answer.replace('▁', '')!r} at [MASK]? Four answers", fontsize=16)
show(figure, "20_four_answers")

# %%
# Only the last two can be negative: a word can speak *against* the answer. Which of the first three
# can be trusted? One sentence proves nothing, so we ask about many gaps in text that the model has
# not been trained on, and compare each ranking of the words with that of the judge. *Spearman's
# correlation* is the correlation of two rankings: 1 for the same order, 0 for no relation.
# (``[CLS]``, ``[SEP]`` and the gaps are left out: they are not words that could be erased.)


def rank_correlation(a, b):
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return np.corrcoef(*ranks)[0, 1]


rows = [(row[mask == 1], label[mask == 1]) for batch in held_out for row, mask, label in
        zip(batch["input_ids"], batch["attention_mask"], batch["labels"])]
special = (tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id)
rows = [(row, label) for row, label in rows
        if ((row == tokenizer.mask_token_id) & (label != -100)).any()
        and np.count_nonzero(~np.isin(row, special)) >= 8]
chosen = np.linspace(0, len(rows) - 1, 8 if quick() else 60, dtype=int)
found = {}
for row, label in (rows[i] for i in chosen):
    column = np.flatnonzero((row == tokenizer.mask_token_id) & (label != -100))[0]
    answers = four_answers(row, column, label[column], S=16)
    words = ~np.isin(row, special)
    for name in list(answers)[:3]:
        found.setdefault(name, []).append(rank_correlation(np.abs(answers[name][words]),
                                                           np.abs(answers["erased"][words])))
for name, values in found.items():
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    print(f"{name:22s} rank correlation with erasing: {np.mean(values):.2f} ± {error:.2f}")

# %%
# The ± is the standard error of the mean over the gaps. Read the three lines as a judge would: a
# difference of less than two standard errors is none. Signs are dropped here, since attention has
# none.
#
# Reading the answer early
# ------------------------
# The masked-LM head reads the last hidden state. But every layer's state has the same width, so
# nothing forbids to read earlier ("logit lens", nostalgebraist 2020). And since this model's layers
# are one layer, applied L times, nothing forbids to apply it further.

from dataclasses import replace


def states_by_depth(batch, config):
    """The hidden states of all depths at the masked positions: arrays (M, H)."""
    masked = batch["labels"] != -100
    h = model.forward(batch["input_ids"], batch["attention_mask"],
                      batch["token_type_ids"])[0].hidden_states[0]
    keep = batch["attention_mask"][:, None, None, :] != 0
    (states, _), _ = encoder_forward(params["encoder"], h, keep, config)
    return [state[masked] for state in states], batch["labels"][masked]


shared = config.sharing == "all" and config.num_hidden_groups == 1
further = replace(config, num_hidden_layers=2 * config.num_hidden_layers) if shared else config
sums, count = 0, 0
for batch in held_out[:2 if quick() else 15]:
    states, right = states_by_depth(batch, further)
    log_ps = [read(state) for state in states]
    sums = sums + np.array([[-log_p[np.arange(len(right)), right].sum(),
                             (log_p.argmax(axis=-1) == right).sum()] for log_p in log_ps])
    count += len(right)
losses, accuracies = (sums / count).T

h = output.hidden_states[0]
(states, _), _ = encoder_forward(params["encoder"], h, None, further)
print(f"\n{text}\nlayer   guesses, read after so many layers")
for depth, state in enumerate(states):
    log_p = read(state[0, gap])
    print(f"{depth:5d}   " + "   ".join(f"{tokenizer.pieces[i]} {np.exp(log_p[i]):.0%}"
                                       for i in np.argsort(-log_p)[:4]))

figure, (left, right_axes) = plt.subplots(1, 2, figsize=(10.5, 4.6), layout="constrained")
for axes, values, colour, marker, unit in ((left, losses, BLUE, "o", "masked-LM loss (nats)"),
                                           (right_axes, 100 * accuracies, ORANGE, "s",
                                            "right guesses (%)")):
    axes.plot(range(len(values)), values, color=colour, marker=marker, linewidth=2)
    axes.axvline(L, color=GREY, linestyle="--")
    axes.annotate(" trained\n depth", (L, 0.5), xycoords=("data", "axes fraction"), fontsize=14)
    axes.set_xlabel("layers applied before reading", fontsize=14)
    axes.set_ylabel(unit, fontsize=14)
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)
figure.suptitle(f"How a prediction forms with depth ({count:,} gaps)", fontsize=15)
show(figure, "20_prediction_by_depth")
print(f"best layer to read: {losses.argmin()}; the model was trained with {L}")

# %%
# What to notice, once the model is trained: most of the guess is made in the first round, the next
# ones correct it, and past the trained depth things get worse: the layer was trained for exactly
# L rounds, and what it gives is no fixed point. (The paper sees the same in its figure 1: the
# distance between what goes into a layer and what comes out goes on oscillating and does not go to
# 0.) That so much comes so early has to do with how the small model was made, with one layer first
# and three later. If you have named a model of yours, compare.
#
# A high loss at depth 0 does not prove that nothing is known there. The head was trained to read
# the last state only; what an early state knows in another basis it cannot see.
#
# Exercises
# ---------
# 1. Take the zero array as :math:`h^0`. Do the shares still add up? Do they still make sense?
# 2. Ask for another answer, ``▁when`` or ``▁that``. Which words speak for one, against the other?
# 3. Replace the half in the rollout by 0.9 for the residual link. What becomes of the correlation?
# 4. Take single heads in place of the last layer's mean. Which one agrees best with erasing?
# 5. Train a head for each depth (freeze the rest). How much of the loss at depth 1 was the basis?
