"""
Published weights: how do you know that they arrived?
=====================================================

Others have trained ALBERTs for weeks and published the weights. Loading them takes one line;
knowing that every matrix went to its place, the right way round, takes more. This tutorial loads a
model, breaks it in the way that is easiest to overlook, and checks it against numbers that other
people published. Then it puts the model to its two simplest uses: filling gaps, and comparing
sentences.

Prerequisites: ``04_attention.py`` and ``07_masked_language_model.py``. In the paper: section 3.2,
table 1 (Lan et al. 2020). Run it with ``python tutorials/16_published_weights.py``; pictures go to
``tutorials/output/``. Name the folder of a model by ``ALBERT_NP_MODEL=folder`` or as the only
argument (or its name on the hub, such as ``albert/albert-base-v2``, if the extra ``hub`` is
installed). Without one, a small model is trained here first; everything then works the same, only
worse.
"""

# %%
# What is in the folder
# ---------------------
# Three things make a model: its sizes (``config.json``), its weights (``model.safetensors``) and
# its pieces (``spiece.model``). If one of them belongs to another model, nothing works.

from albert_np.course.lecture import model_for_a_lecture
from albert_np.inference.sizes import describe

model, tokenizer, held_out, folder = model_for_a_lecture()

for path in sorted(folder.iterdir()):
    if path.is_file():
        print(f"{path.name:28}{path.stat().st_size:>12,} bytes")
print(describe(model.config))

# %%
# Loading
# -------
# ``from_pretrained`` reads the folder and reports what it did. Anything that was not simply copied
# is in the report: weights that the file did not have, weights that found no place, conversions.

from albert_np import AlbertForPreTraining

model = AlbertForPreTraining.from_pretrained(folder)
print(model.load_report)

# %%
# The names in the file are those that everybody's checkpoints use. The shapes are not quite ours:
# here a map is :math:`y = x W + b` with W of shape (in, out), as in (LIN.1); in the file it is
# (out, in). Transposing happens at loading, and nowhere else.

import numpy as np

from albert_np.parameters import flatten

stored = model.state_dict()
ours = flatten(model.params)
for theirs, mine in (("albert.embeddings.word_embeddings.weight", "embeddings.word"),
                     ("albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight",
                      "encoder.feed_forward.0.feed_forward.W_1"),
                     ("albert.encoder.albert_layer_groups.0.albert_layers.0.attention.query.weight",
                      "encoder.attention.0.self_attention.W_q")):
    turned = "as it is" if np.array_equal(stored[theirs], ours[mine]) else "transposed"
    print(f"{theirs}\n    {stored[theirs].shape} -> {mine} {ours[mine].shape}, {turned}")

# %%
# What goes wrong
# ---------------
# The last of the three is the trap. A matrix (F, H) that was forgotten to be transposed does not
# fit, and somebody says so. The four maps of attention are *square*. Let us turn these four round,
# as a loader that forgot them would:

from albert_np.course.lecture import quick, show
from albert_np.pretraining import evaluate

attention = ("attention.query.weight", "attention.key.weight", "attention.value.weight",
             "attention.dense.weight")
wrong = AlbertForPreTraining(model.config)
wrong.load_state_dict({name: array.T if name.endswith(attention) else array
                       for name, array in stored.items()})
print("no error, no warning")
batches = held_out[:2 if quick() else 6]
for name, candidate in (("as published", model), ("four squares turned", wrong),
                        ("never trained", AlbertForPreTraining(model.config))):
    figures = evaluate(candidate, batches)
    print(f"{name:22} masked-LM loss {figures['mlm_loss']:.2f} nats, "
          f"accuracy {figures['mlm_accuracy']:.1%}")

# %%
# Nothing but the loss tells (and after training for a few steps only, as in quick mode, not even
# that). Fine-tune the turned model and it may still learn something, so that the mistake is never
# found. Hence:
#
# Known numbers
# -------------
# A checkpoint can be verified against numbers that somebody else computed with the same weights.
# How many parameters there are is the first such number, and the configuration foretells it
# exactly:

held = sum(array.size for array in ours.values())
assert held == sum(model.config.parameter_counts().values())
print(f"{held:,} parameters, as the sizes foretell")

# %%
# For ``albert-base-v2`` the tests of the transformers library record outputs to four digits. These
# are they; any other model has to go without, and the comparison below says so.

KNOWN_IDS = [[0, 345, 232, 328, 740, 140, 1695, 69, 6078, 1588, 2]]
KNOWN_STATES = [[-0.6513, 1.5035, -0.2766], [-0.6515, 1.5046, -0.2780], [-0.6512, 1.5049, -0.2784]]
KNOWN_LOGITS = [[4.595668, 0.74462754, -1.818147], [4.5954347, 0.7454184, -1.8188258],
                [4.5954905, 0.7448235, -1.8182316]]
base = (model.config.hidden_size, model.config.num_hidden_layers, model.config.vocab_size)
if base == (768, 12, 30000):
    mask = [[0] + [1] * 10]
    states = model.forward(KNOWN_IDS, mask)[0].sequence_output[0, 1:4, 1:4]
    logits = model.forward([[0, 1, 2, 3, 4, 5]])[0].prediction_logits[0, :3, :3]
    for name, mine, known in (("states", states, KNOWN_STATES), ("logits", logits, KNOWN_LOGITS)):
        error = np.abs(mine - known).max()
        print(f"{name}: largest difference {error:.0e}: "
              + ("these are the weights of albert-base-v2" if error < 2e-4
                 else "these are other weights (v1, or fine-tuned), or a loader gone wrong"))
else:
    print("This is no albert-base; no published numbers to compare with.")

# %%
# A model of your own has known numbers too, if you write them down: save, load, and compare. Not
# "about equal": the same weights in the same order of operations give the same bits.

import tempfile

probe = {name: array[:2] for name, array in held_out[0].items() if name != "labels"}
before = model.forward(**probe)[0].prediction_logits
with tempfile.TemporaryDirectory() as copy:
    model.save_pretrained(copy, tokenizer)
    after = AlbertForPreTraining.from_pretrained(copy).forward(**probe)[0].prediction_logits
    double = AlbertForPreTraining.from_pretrained(copy, dtype=np.float64)
assert np.array_equal(before, after)
print("saved and loaded again: equal bit for bit")

# %%
# And how many of these bits mean anything? The same weights in float64 show the round-off of
# float32:

exact = double.forward(**probe)[0].prediction_logits
print(f"float32 against float64: largest difference {np.abs(before - exact).max():.0e}, "
      f"logits up to {np.abs(exact).max():.0f}")

# %%
# Filling gaps
# ------------

import textwrap
from math import ceil, log10

import matplotlib.pyplot as plt

from albert_np import fill_mask
from albert_np.plotting.figures import BLUE

texts = (["The capital of [MASK] is Paris.", "Paris is the [MASK] of France.",
          "The cat sat on the [MASK]."] if base[2] == 30000 else
         ["Return True [MASK] the object is a file.", "Return a list [MASK] all the names.",
          "If the [MASK] is omitted, it defaults to None."])
guesses = [found[0] for found in fill_mask(model, tokenizer, texts, top=5)]
figure, panels = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained", sharex=True)
for axes, text, found in zip(panels, texts, guesses):
    pieces, shares = zip(*found)
    percent = [100 * share for share in shares]
    axes.plot(percent, range(len(pieces)), "o", color=BLUE, markersize=9)
    for place, value in enumerate(percent):
        axes.annotate(f"{value:.2g}", (value, place), (9, 0), textcoords="offset points",
                      va="center", fontsize=13)
    axes.set_yticks(range(len(pieces)), [piece.replace("▁", "") or "[space]" for piece in pieces],
                    fontsize=14)
    axes.set_ylim(len(pieces) - 0.5, -0.5)
    axes.set_xlabel("probability (%)", fontsize=14)
    axes.set_title(textwrap.fill(text, 25), fontsize=14)
    axes.grid(alpha=0.25)
    print(f"{text:50}", ", ".join(f"{piece} {share:.0%}" for piece, share in found))
lowest = min(share for found in guesses for _, share in found)
panels[0].set(xscale="log", xlim=(60 * lowest, 700))       # one scale, each step a factor of ten
powers = range(ceil(log10(100 * lowest)), 3)
panels[0].set_xticks([10.0**k for k in powers], [f"{10.0**k:g}" for k in powers])
for axes in panels:
    axes.minorticks_off()
    axes.tick_params(axis="x", labelsize=13)
show(figure, "16_guesses")

# %%
# What to notice: even where a guess is wrong, its *kind* is often right, a noun where a noun is
# missing. With ``albert-base-v2`` the first gap should be "france"; its authors' example says so.
#
# Sentence vectors
# ----------------
# One vector for a whole sentence is the mean of its last hidden states. The cosine of the angle
# between two of them is 1 for the same direction and 0 for a right angle. Three pairs of sentences,
# each pair saying much the same:

from albert_np import AlbertModel, sentence_vectors

sentences = ["Return the name of the file.", "The name of the file is returned.",
             "An error is raised if the key does not exist.",
             "If there is no such key, raise an error.",
             "Convert the number to a string.", "The string is made from the number."]
vectors = sentence_vectors(AlbertModel.from_pretrained(folder), tokenizer, sentences)    # (6, H)


def cosines(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


# %%
# Nearly all cosines are high, also between sentences that have nothing to do with each other: every
# vector of a pretrained model has a large part in common with all others, because nothing in its
# training ever asked for directions to be used evenly. The remedy is simple: measure that common
# part on other text, the mean vector, and take it away.

means = []
for batch in held_out[:4]:
    states = model.forward(batch["input_ids"], batch["attention_mask"],
                           batch["token_type_ids"])[0].sequence_output             # (B, T, H)
    used = batch["attention_mask"][..., None].astype(states.dtype)                 # (B, T, 1)
    means.append((states * used).sum(axis=1) / used.sum(axis=1))                   # (B, H)
common = np.concatenate(means).mean(axis=0)                                        # (H,)
maps = {"as they are": cosines(vectors), "without the common part": cosines(vectors - common)}

pairs = np.arange(6)[:, None] // 2 == np.arange(6) // 2
for name, C in maps.items():
    alike, apart = C[pairs & ~np.eye(6, dtype=bool)].mean(), C[~pairs].mean()
    print(f"{name:26} within pairs {alike:.2f}, between pairs {apart:.2f}")

figure, panels = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
lowest = min(C.min() for C in maps.values())
for axes, (name, C) in zip(panels, maps.items()):
    image = axes.imshow(C, cmap="cividis", vmin=lowest, vmax=1)
    axes.set_title(name, fontsize=15)
    axes.set_xticks(range(6), range(1, 7), fontsize=13)
    axes.set_yticks(range(6), [f"{textwrap.fill(text, 26)}  {i}"
                               for i, text in enumerate(sentences, start=1)]
                    if axes is panels[0] else range(1, 7), fontsize=13)
    for i, j in np.ndindex(6, 6):
        axes.text(j, i, f"{C[i, j]:.2f}", ha="center", va="center", fontsize=12,
                  color="black" if C[i, j] > (1 + lowest) / 2 else "white")
bar = figure.colorbar(image, ax=panels, shrink=0.8)
bar.set_label("cosine", fontsize=14)
bar.ax.tick_params(labelsize=13)
show(figure, "16_sentence_vectors")

# %%
# What to notice: the numbers on the right spread far more widely than those on the left. What is
# left of likeness is a good part shared *words*; for a model that compares meanings, see
# ``14_sentence_similarity.py``.
#
# Exercises
# ---------
# 1. Exchange ``W_q`` and ``W_k``, and their biases. What became of the scores? Who notices?
# 2. Load with the erf form of GELU: ``from_pretrained(folder, hidden_act="gelu")``. How much
#    does the loss change? Would you have noticed? (The v1 files on the hub say "gelu".)
# 3. Load the tokenizer of another model. What does the loss say, compared with ln V?
# 4. Leave ``[CLS]`` and ``[SEP]`` out of the mean (``special_tokens=False``). Do pairs move apart?
