"""
One layer, twelve times: where does its gradient come from?
===========================================================

ALBERT-base is twelve layers deep and has the parameters of one: the same layer is applied again and
again. What then is *the* gradient of a weight that was used twelve times? This tutorial takes it
apart: what each depth adds, whether the depths agree, what a residual link around the layer
changes. At the end you have drawn, at toy scale, a figure of the same kind as the paper's figure 1.
With it the authors argue that sharing makes a network smoother.

Prerequisites: ``02_gradient_checking.py``, ``04_attention.py``. In the paper: section 3.1,
"Cross-layer parameter sharing", and figure 1 (Lan et al. 2020). Run it with
``python tutorials/06_one_layer_twelve_times.py``; pictures go to ``tutorials/output/``.
"""

# %%
# Sharing is a list
# -----------------
# Which stored block does each depth use? That is a list of numbers, and all kinds of sharing are
# such lists: ``schedule`` has, for each application of a layer, the index of its attention block
# and of its feed-forward block.

from dataclasses import replace

from albert_np import AlbertConfig

base = AlbertConfig.from_name("albert-base-v2")
for words, changes in {"ALBERT": {}, "attention only": {"sharing": "attention"},
                       "nothing (BERT)": {"sharing": "none"},
                       "3 groups": {"num_hidden_groups": 3},
                       "inner groups of 2": {"inner_group_num": 2}}.items():
    config = replace(base, **changes)
    attention, feed_forward = zip(*config.schedule)
    counts = config.parameter_counts()
    print(f"{words:18s} attention    {' '.join(map(str, attention))}\n"
          f"{(counts['attention'] + counts['feed_forward']) / 1e6:11.1f} million "
          f"feed-forward {' '.join(map(str, feed_forward))}")

# %%
# *Groups* cut the depth into runs, each with a layer of its own. *Inner groups* put several blocks
# into one layer: all of them are applied, one after the other, before the layer repeats, so the
# list gets longer. The published models have one group with one block: all zeros.
#
# A weight that is used twice
# ---------------------------
# Before twelve times, twice, with numbers: :math:`y = w \cdot (w \cdot x)`. School says
# :math:`y = w^2 x`, so :math:`dy/dw = 2wx`. Now pretend that the two uses are different weights
# :math:`w_1, w_2` which happen to be equal: :math:`y = w_2 (w_1 x)`. Then
#
# .. math::
#
#    \frac{dy}{dw} = \frac{\partial y}{\partial w_1} \frac{dw_1}{dw}
#                  + \frac{\partial y}{\partial w_2} \frac{dw_2}{dw}
#                  = w_2 x \cdot 1 + w_1 x \cdot 1
#
# by the chain rule: w reaches y along two ways, and what comes along them is added. With w = 3 and
# x = 2 each use gives 6, and the sum is 12 = 2wx. That is the whole answer to "why are the
# gradients of shared weights *added*?" The chain rule asks for it, and nothing else is right.
#
# The encoder does just this. Forward, a loop in which every depth leaves its own cache (ENC.1);
# backward, the same loop from behind, and each depth adds its part :math:`dW^{(l)}` (ENC.3):

from albert_np.course.lecture import quick, show, source_of
from albert_np.layers import encoder_backward, encoder_forward

print()
print(source_of(encoder_forward, "ENC.1", lines_around=3))
print("...")
print(source_of(encoder_backward, "ENC.3", lines_around=8))

# %%
# On an ALBERT of twelve narrow layers
# ------------------------------------
# The text is the documentation of this Python, the loss that of guessing hidden words
# (``07_masked_language_model.py``). H is the width of the hidden state h, L the depth.

import tempfile
from pathlib import Path

import numpy as np

from albert_np import AlbertForPreTraining, AlbertTokenizer
from albert_np.parameters import cast
from albert_np.parameters.initial_values import wave_positions
from albert_np.pretraining import PretrainingData
from albert_np.text import DataOptions, embedded_corpus, split_documents, train_tokenizer

documents, modules = embedded_corpus()
training, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "spiece.model"
    train_tokenizer([sentence for document in training for sentence in document], 500, file)
    tokenizer = AlbertTokenizer(file)
data = PretrainingData.from_text(training, held_out, tokenizer,
                                 DataOptions(max_seq_length=32, sentence_task="none", ngram=1),
                                 batch_size=24, seed=0, held_out_sequences=240)
batch = data.held_out[0]

L, H = 12, 64
albert = AlbertConfig(vocab_size=500, embedding_size=H, hidden_size=H, num_hidden_layers=L,
                      num_attention_heads=4, intermediate_size=4 * H, max_position_embeddings=32,
                      initializer_range=0.1)


def new_model(config):
    """Fresh parameters; positions start from waves (WAVE.1)."""
    model = AlbertForPreTraining(config, seed=0)
    model.params["embeddings"]["position"][...] = wave_positions(32, H, amplitude=0.5)
    return model


model = new_model(albert)
model.params = cast(model.params, np.float64)                # to compare digits
output, cache = model.forward(**batch)
by_depth = []
grads = model.backward(cache, contributions=by_depth)        # receives a tree for each depth

# %%
# Do the parts add up, and is the sum the gradient? The judge is the centred difference of
# ``02_gradient_checking.py``, on one entry of the query matrix.

W_q = model.params["encoder"]["attention"][0]["self_attention"]["W_q"]
total = grads["encoder"]["attention"][0]["self_attention"]["W_q"][3, 5]
parts = [tree["attention"]["self_attention"]["W_q"][3, 5] for tree in by_depth]
slope = 0.0
for sign in (1, -1):
    W_q[3, 5] += sign * 1e-5
    slope += sign * model.forward(**batch)[0].loss / 2e-5
    W_q[3, 5] -= sign * 1e-5
print("\nparts, first depth first:", " ".join(f"{part:.1e}" for part in parts))
print(f"their sum         {sum(parts):.12e}\nbackward          {total:.12e}\n"
      f"finite difference {slope:.12e}")
assert abs(sum(parts) - total) < 1e-15 and abs(slope - total) < 1e-9

# %%
# What goes wrong
# ---------------
# Write ``=`` in place of ``+=`` in (ENC.3), or keep the cache on a layer object, where the next
# depth overwrites it. With ``=`` the part of the depth that is visited last survives alone, the
# first one. While its cosine with the whole is above 0 it still points downhill, so the loss falls
# all the same, and nobody notices. (A *cosine* is the agreement of two directions: 1 the same, 0
# none, -1 opposite.)

from albert_np.parameters import flatten


def vector(tree):
    """All entries of a tree in one row."""
    return np.concatenate([leaf.ravel() for leaf in flatten(tree).values()])


def cosine(a, b):
    """Of the angle between two vectors."""
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


whole = sum(vector(tree) for tree in by_depth)
survivor = vector(by_depth[0])
print(f"\nfirst depth alone against all: cosine {cosine(survivor, whole):.2f}, "
      f"length {np.sqrt(survivor @ survivor / (whole @ whole)):.0%}; on the entry above "
      f"{parts[0]:.1e} where {slope:.1e} is right")

# %%
# Do the depths agree?
# --------------------
# Take the parts as vectors: how long is each, and what is the cosine between any two? We ask three
# networks: ALBERT's, one where each layer has weights of its own (their parts go to different
# weights, but can be compared all the same), and ALBERT's with a *residual link* around every
# application of the layer, :math:`h^{(l+1)} = h^{(l)} + f(h^{(l)})` (ENC.2). ALBERT does not have
# this outer link. It has the two of the Transformer *inside* f, around attention and around the
# feed-forward network (BLK.1, BLK.3), each followed by a layer norm.

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, ORANGE


def depths(model):
    """Length of each depth's part, and their cosines: arrays (L,) and (L, L)."""
    parts = []
    _, cache = model.forward(**batch)
    model.backward(cache, contributions=parts)
    vectors = np.stack([vector(tree) for tree in parts])
    lengths = np.linalg.norm(vectors, axis=1)
    return lengths, vectors @ vectors.T / np.outer(lengths, lengths)


KINDS = {"shared": {}, "not shared": {"sharing": "none"},
         "shared, h + f(h)": {"cross_layer_residual": True}}
LOOKS = dict(zip(KINDS, ((BLUE, "o-"), (ORANGE, "s--"), (GREEN, "^:"))))
fresh = {name: new_model(replace(albert, **changes)) for name, changes in KINDS.items()}
measured = {name: depths(model) for name, model in fresh.items()}
for name, (lengths, cosines) in measured.items():
    print(f"{name:17s} first part {lengths[0]:.3f} long, last {lengths[-1]:.3f}; cosine of "
          f"neighbours {np.diag(cosines, 1).mean():.2f}, of the two ends {cosines[0, -1]:.2f}")

layers = np.arange(1, L + 1)                                 # in the pictures, 1 is the first
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12.5, 4.4), layout="constrained")
for (name, (lengths, _)), above in zip(measured.items(), (True, True, False)):
    colour, look = LOOKS[name]
    left.plot(layers, lengths, look, color=colour, linewidth=2, markersize=7)
    nearby = lengths[3:10]                                   # the name covers none of these
    left.annotate(name, (7, nearby.max() if above else nearby.min()), (0, 7 if above else -9),
                  color=colour, fontsize=14, ha="center", va="bottom" if above else "top",
                  textcoords="offset points")
left.set_ylabel("length of the part", fontsize=14)
left.set_title("How much each layer adds", fontsize=15)
left.set_ylim(bottom=min(0, -0.1 * max(lengths.max() for lengths, _ in measured.values())))
left.grid(alpha=0.25)
lowest = min(0, *(measured[name][1].min() for name in ("shared", "not shared")))
for axes, name in ((middle, "shared"), (right, "not shared")):
    image = axes.imshow(measured[name][1], cmap="viridis", vmin=lowest, vmax=1,
                        extent=(0.5, L + 0.5, L + 0.5, 0.5))
    axes.set_title(f"Cosines, {name}", fontsize=15)
    axes.set_yticks(layers[1::2])
middle.set_ylabel("layer", fontsize=14)
bar = figure.colorbar(image, ax=(middle, right), shrink=0.8)
bar.set_label("cosine of two parts", fontsize=14)
bar.ax.tick_params(labelsize=13)
for axes in (left, middle, right):
    axes.set_xlabel("layer", fontsize=14)
    axes.set_xticks(layers[1::2])
    axes.tick_params(labelsize=13)
show(figure, "06_parts_of_the_gradient")
assert np.diag(measured["shared"][1], 1).mean() > np.diag(measured["not shared"][1], 1).mean()

# %%
# What to notice. With one layer, neighbouring depths see nearly the same input and ask for nearly
# the same change: the parts add up almost like numbers. Far depths agree less: they see other
# inputs, and their wishes reach the loss by another way. Where every depth has other weights there
# is little to agree on from the start.
#
# With the outer link, the parts shrink with the depth l. Each f ends in a layer norm, so it
# adds a vector of length :math:`\sqrt H` (γ is 1, β is 0 here); after l depths h is about l times
# as long as one of them, and the next layer norm divides by that length, forward (LN.1) and
# backward (the factor 1/σ of LN.5). In exchange no depth can lose the gradient: (ENC.4) hands dh
# on unchanged, plus something.
#
# The paper's figure
# ------------------
# Figure 1 of the paper follows a hidden state through the depths of two trained networks: how far
# is the output of a layer from its input, as a distance and as an angle? The authors saw that the
# steps of ALBERT are "much smoother" than BERT's, and that they do not shrink to nothing. So ALBERT
# is not on its way to a fixed point, a state that the layer would leave as it is.
#
# A network that has learnt nothing but how frequent words are has no need of any depth. So ours
# must learn to use the neighbours of a gap first, and twelve narrow layers take long for that. But
# with sharing, the parameters of one layer *are* the parameters of twelve. We train with L = 1,
# say L = 2 and go on, then L = 4, then L = 12; the authors let their largest model start from one
# of six layers. Without sharing each of the twelve layers starts from a copy.

from albert_np import AdamW
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.files.threads import one_thread_each
from albert_np.optim import warmup_polynomial_decay
from albert_np.parameters import tree_map
from albert_np.pretraining import evaluate, train

keep_freed_memory()                      # large arrays are allocated again at every step


def train_on(model, steps, rate):
    """Go on with a model; its loss on held-out text before and after."""
    before = evaluate(model, data.held_out)["mlm_loss"]
    optimizer = AdamW(model.params, betas=(0.9, 0.98),
                      lr=warmup_polynomial_decay(rate, steps, steps // 10))
    with one_thread_each():              # two workers, a thread for each
        train(model, optimizer, data.training_batches(), steps, workers=2, progress=False)
    return before, evaluate(model, data.held_out)["mlm_loss"]


def deeper(model, config):
    """The parameters of a model of one layer, in a deeper one."""
    other = AlbertForPreTraining(config, seed=None)
    other.params = tree_map(np.copy, model.params)
    blocks = 1 + max(attention for attention, _ in config.schedule)
    other.params["encoder"] = {name: [tree_map(np.copy, stored[0]) for _ in range(blocks)]
                               for name, stored in model.params["encoder"].items()}
    return other


growing, trained = new_model(replace(albert, num_hidden_layers=1)), {}
print("\nloss on held-out text before and after training")
for depth, steps, rate in ((1, 1000, 4e-3), (2, 150, 3e-3), (4, 150, 2e-3)):
    growing = deeper(growing, replace(albert, num_hidden_layers=depth))
    figures = train_on(growing, steps // 20 if quick() else steps, rate)
    print("L = {:2d}               {:.2f}  {:.2f}".format(depth, *figures))
for name in ("shared", "not shared"):
    trained[name] = deeper(growing, replace(albert, **KINDS[name]))
    figures = train_on(trained[name], 8 if quick() else 200, 1e-3)
    print("L = {:2d}, {:10s}   {:.2f}  {:.2f}".format(L, name, *figures))


# %%
def journey(model):
    """Distance and angle (degrees) between input and output of each layer, means over tokens."""
    states = model.forward(**batch)[0].hidden_states                    # L + 1 of (B, T, H)
    tokens = batch["attention_mask"] > 0
    steps = []
    for h, h_next in zip(states, states[1:]):
        a, b = h[tokens], h_next[tokens]                                # (N, H)
        lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        angles = np.degrees(np.arccos(np.clip((a * b).sum(axis=1) / lengths, -1, 1)))
        steps.append((np.linalg.norm(b - a, axis=1).mean(), angles.mean()))
    return np.array(steps).T


figure, panels = plt.subplots(2, 2, figsize=(10.5, 7), layout="constrained", sharex=True,
                              sharey="col")
for row, (stage, models) in zip(panels, (("untrained", fresh), ("trained", trained))):
    for name, model in models.items():
        path = journey(model)
        print(f"{stage:9s} {name:17s} distances {' '.join(f'{d:.1f}' for d in path[0])}")
        for axes, values in zip(row, path):
            axes.plot(layers, values, LOOKS[name][1], color=LOOKS[name][0], linewidth=2,
                      markersize=7, label=name)
    for axes, what in zip(row, ("distance", "angle")):
        axes.set_title(f"{what.capitalize()} from input to output, {stage}", fontsize=14)
        axes.set_xticks(layers[1::2])
        axes.tick_params(labelsize=13)
        axes.grid(alpha=0.25)
    row[0].set_ylabel("distance", fontsize=14)
    row[1].set_ylabel("angle (degrees)", fontsize=14)
for axes in panels[1]:
    axes.set_xlabel("layer", fontsize=14)
    axes.set_ylim(bottom=0)                                  # of the whole column, once it is drawn
figure.legend(*panels[0, 0].get_legend_handles_labels(), fontsize=14, loc="outside lower center",
              ncols=3)
show(figure, "06_distance_and_angle")

# %%
# What to notice. Untrained, the shared layer takes smooth steps that become smaller; each is the
# same map, applied to what it made before. Layers of their own know nothing of each other, and
# their steps go up and down. Training keeps some of that difference, though the two networks
# started from the same weights and have about the same loss. With the outer link (green), every
# step has the length of one layer norm's output, :math:`\sqrt H = 8`, and the angle shrinks,
# because h grows.
#
# And the fixed point? Look at where the blue distances end, in the line printed above. If they are
# above 0, the last layers still change their input. The paper reports this for its networks. Ours
# is a single small run: it can agree with the paper's figure, but it cannot confirm it. A network
# that has nothing to do in its depth is another matter. Run this with ``ALBERT_NP_QUICK=1``. Then
# training stops when the model knows only how frequent pieces are. The steps of the shared layer
# come down to 0, and most layers could be left out.
#
# In the paper
# ------------
# Section 3.1 and figure 1. What sharing costs in accuracy is in table 4, and, at toy scale, in
# ``19_ablations.py``; that it saves memory but hardly any time, in ``17_why_not_faster.py``.
#
# Exercises
# ---------
# 1. :math:`y = w \cdot \tanh(w x)`: compute dy/dw as a sum of two parts, and check it.
# 2. Make ``=`` of the ``+=`` in a copy of ``encoder_backward``, and train with it. What does the
#    loss curve tell?
# 3. Apply the trained shared layer 24 times in place of 12, without training. What is the loss?
# 4. Scale the outer link, h + f(h)/L. What becomes of the parts?
# 5. Draw the cosines of the trained networks. Do the depths agree more, or less?
