"""
Pretraining an ALBERT, from the first word to the last guess
============================================================

This tutorial does the whole job with the API, step by step: text, pieces, pairs, masks, model,
optimiser, losses. At the end a small ALBERT guesses words in text that it has never seen. Its
guesses are better than the guesses of a bigram model. You can read the four curves of a run: loss,
accuracy, learning rate and gradient norm.

Prerequisites: ``07_masked_language_model.py`` and ``08_sentence_order.py`` explain the parts. This
tutorial puts them together. In the paper: sections 3.1 and 4.1 (Lan et al. 2020). Run it with
``python tutorials/09_pretraining.py``. The pictures are saved in ``tutorials/output/``.
"""

# %%
# Text
# ----
# English text comes with every Python: its language reference and the docstrings of its standard
# library. A document is a list of sentences. Here it is one topic or one docstring. We hold out
# whole modules. So the evaluation never sees a sentence whose neighbour was in the training text.

import numpy as np

from albert_np.text import embedded_corpus, split_documents

documents, modules = embedded_corpus()
training, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
print(f"{len(documents):,} documents, {sum(map(len, documents)):,} sentences; the first one:")
print(" ", documents[0][0])

# %%
# Pieces
# ------
# A small model needs a small vocabulary. Frequent words are one piece, and rare words are several
# pieces (``01_text_to_ids.py``).

import tempfile
from pathlib import Path

from albert_np import AlbertTokenizer
from albert_np.text import train_tokenizer

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "spiece.model"
    train_tokenizer([sentence for document in training for sentence in document], 2000, file)
    tokenizer = AlbertTokenizer(file)
print(tokenizer.tokenize("The interpreter evaluates expressions lazily."))

# %%
# Pairs and masks
# ---------------
# Each sequence is ``[CLS] A [SEP] B [SEP]``. The segments A and B are neighbours in the text. The
# model must say whether they were swapped. We ask this only for pairs at the beginning of a
# document, and we swap half of these pairs. All other pairs have the label -100 and train the
# masked language model only. 15 % of the pieces are chosen, in groups of up to three whole words.
# Of the chosen pieces, 80 % become ``[MASK]``, 10 % become another piece, and 10 % stay the same.

from albert_np.pretraining import PretrainingData
from albert_np.text import DataOptions

options = DataOptions(max_seq_length=40, beginnings_only=True)
data = PretrainingData.from_text(training, held_out, tokenizer, options, batch_size=26, seed=0,
                                 held_out_sequences=600)
batch = next(data.training_batches())
print({name: array.shape for name, array in batch.items()})
print("input ", tokenizer.decode(batch["input_ids"][0], skip_special_tokens=False))
print("labels", [tokenizer.pieces[i] for i in batch["labels"][0] if i != -100])
print({0: "in order", 1: "swapped", -100: "not asked"}[int(batch["sentence_order_label"][0])])

# %%
# Two models that only count
# --------------------------
# Two simple models only count the pieces of the training text. Their losses help to read the loss
# curve. The unigram model knows how frequent each piece is. The bigram model knows how often each
# piece follows the piece before the gap.

from albert_np.pretraining import BigramModel, UnigramModel, evaluate_baseline

text = data.training_text()
counters = {name: evaluate_baseline(counter(text, tokenizer), data.held_out)
            for name, counter in (("unigram", UnigramModel), ("bigram", BigramModel))}
for name, figures in counters.items():
    print(f"{name:8s} loss {figures['mlm_loss']:.2f}, {figures['mlm_accuracy']:.1%} right")

# %%
# The model
# ---------
# The model has one layer and applies it three times. At the start its weights are random, with a
# standard deviation of 0.1. The published models use 0.02, but they are much wider. With 0.02 in a
# model of this width, the attention weights would stay equal for a long time. The position table
# starts with waves: sines and cosines of the position (WAVE.1). Then the step from any position to
# the next is the same rotation of the row. Attention has to learn only this one rotation to find
# neighbours.

from dataclasses import replace

from albert_np import AlbertConfig, AlbertForPreTraining
from albert_np.parameters.initial_values import wave_positions

config = AlbertConfig(vocab_size=tokenizer.vocab_size, embedding_size=64, hidden_size=64,
                      num_hidden_layers=3, num_attention_heads=4, intermediate_size=256,
                      max_position_embeddings=40, initializer_range=0.1, sop_weight=0.15)


def new_model():
    """An untrained model, the same at every call."""
    model = AlbertForPreTraining(config, seed=0)
    model.params["embeddings"]["position"][...] = wave_positions(40, 64, amplitude=0.5)
    return model


def applied(model, times):
    """A model with the same parameters that applies the layer ``times`` times."""
    other = AlbertForPreTraining(replace(model.config, num_hidden_layers=times), seed=None)
    other.params = model.params
    return other


for name, count in config.parameter_counts().items():
    print(f"  {name:14s} {count:8,}")

# %%
# One layer first, then three
# ---------------------------
# We train in two phases. First the layer is applied once, later three times. The number of layers
# changes no parameter, because all layers share their parameters. So the second phase goes on with
# the weights of the first. This saves time for two reasons. A step with one layer takes less than
# half as long as a step with three. And in our runs a single layer needed fewer steps to learn to
# use the pieces beside a gap.
#
# (The paper does something similar: its largest model with 12 layers starts from the weights of a
# model with 6 layers.)

model = applied(new_model(), 1)

# %%
# One step, by hand
# -----------------
# ``train`` below repeats these four lines. (``train`` also shortens every gradient that is longer
# than 1 to length 1, CLIP.1.) The *optimiser* decides how far each parameter moves against its
# gradient. The next tutorial, ``10_optimizers.py``, is about optimisers.

from albert_np import AdamW
from albert_np.course.lecture import quick, show
from albert_np.optim import warmup_polynomial_decay

ONE_LAYER, STEPS = (40, 64) if quick() else (5000, 8000)      # steps with one layer; in all

schedule = warmup_polynomial_decay(4e-3, STEPS, STEPS // 20)
optimizer = AdamW(model.params, lr=schedule, betas=(0.9, 0.98))
output, cache = model.forward(**batch)
grads = model.backward(cache)
optimizer.step(model.params, grads)
print(f"loss {output.loss:.2f} = MLM {output.mlm_loss:.2f} + {config.sop_weight} x SOP "
      f"{output.sop_loss:.2f};   ln V = {np.log(config.vocab_size):.2f}, ln 2 = {np.log(2):.2f}")

# %%
# An untrained model guesses blindly. So its losses are near ln V and ln 2.
#
# Training
# --------
# Eight times during the run we evaluate the model on the held-out text. Each time it also guesses
# the hidden pieces of two sequences.

from albert_np.files.freed_memory import keep_freed_memory
from albert_np.files.threads import one_thread_each
from albert_np.pretraining import evaluate, show_guesses, train

keep_freed_memory()                      # large arrays are allocated again at every step

guesses = []


def evaluation():
    """Losses and accuracies on held-out text; the guesses are kept in a list."""
    guesses.append(show_guesses(model, tokenizer, data.held_out, sentences=2))
    return evaluate(model, data.held_out)


batches, metrics = data.training_batches(), []
with one_thread_each():                  # two workers, a thread for each
    for times, last_step in ((1, ONE_LAYER), (3, STEPS)):
        model = applied(model, times)
        train(model, optimizer, batches, last_step, metrics=metrics, evaluate_every=STEPS // 8,
              evaluation=evaluation, workers=2, progress=False)
rows = {split: [row for row in metrics if row["split"] == split] for split in ("train", "held-out")}
for row in rows["held-out"]:
    print(f"step {row['step']:5,}   words: loss {row['mlm_loss']:.2f}, {row['mlm_accuracy']:.1%} "
          f"right;   order: loss {row['sop_loss']:.2f}, {row['sop_accuracy']:.1%} right")
end, bigram = rows["held-out"][-1], counters["bigram"]
assert quick() or (end["mlm_loss"] < bigram["mlm_loss"]
                   and end["mlm_accuracy"] > bigram["mlm_accuracy"])

# %%

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE


def curve(axes, key, factor=1.0, smooth=True, **look):
    """Draw training values as a line (a mean over some steps) and held-out values as dots."""
    steps, values = zip(*((row["step"], factor * row[key]) for row in rows["train"]
                          if row[key] is not None))
    window = max(1, len(values) // 50) if smooth else 1
    mean = np.convolve(values, np.ones(window) / window, mode="valid")
    axes.plot(steps[window - 1:], mean, linewidth=2, **look)
    if key in rows["held-out"][0]:
        axes.plot(*zip(*((row["step"], factor * row[key]) for row in rows["held-out"])), "o--",
                  color=look["color"], markersize=8, markeredgecolor="black", linewidth=1)


def name_height(axes, name, height, **look):
    """A line at a height, and its name at the right of the panel, where it covers no curve."""
    axes.axhline(height, linewidth=1.5, zorder=1, **look)
    axes.annotate(name, (1.02, height), va="center", fontsize=13, color=look["color"],
                  xycoords=("axes fraction", "data"), annotation_clip=False)


figure, panels = plt.subplots(2, 2, figsize=(10.5, 7.6), layout="constrained", sharex=True)
(losses, right), (rate, norm) = panels
curve(losses, "mlm_loss", color=BLUE, label="words (MLM)")
for name, value in {"ln V": np.log(config.vocab_size),
                    **{name: figures["mlm_loss"] for name, figures in counters.items()}}.items():
    name_height(losses, name, value, color=GREY, linestyle=":")
losses.set_ylim(top=np.log(config.vocab_size) + 0.4)
losses.set_ylabel("loss (nats)", fontsize=14)
losses.set_title("Loss (dots: held-out text)", fontsize=15)
curve(right, "mlm_accuracy", 100, color=BLUE, label="words (MLM)")
curve(right, "sop_accuracy", 100, color=ORANGE, linestyle="-.", label="order (SOP)")
name_height(right, "coin", 50, color=GREY, linestyle=":")
right.set_ylabel("right answers (%)", fontsize=14)
right.set_ylim(0, 119)
right.set_yticks(range(0, 101, 20))
right.set_title("Right answers", fontsize=15)
right.legend(fontsize=13, loc="upper right", ncols=2)
curve(rate, "learning_rate", 1000, smooth=False, color=GREEN)
rate.set_ylabel("learning rate (1/1000)", fontsize=14)
rate.set_title("Learning rate", fontsize=15)
curve(norm, "gradient_norm", color=GREY)
name_height(norm, "clipped\nabove", 1, color=ORANGE, linestyle="--")
norm.set_ylabel("length of the gradient", fontsize=14)
norm.set_ylim(bottom=0)
norm.set_title("Gradient, before clipping", fontsize=15)
for side, text, shift in (("right", "1 layer", -5), ("left", "3 layers", 5)):
    losses.annotate(text, (ONE_LAYER, 0.75), (shift, 0), ha=side, textcoords="offset points",
                    fontsize=13, xycoords=("data", "axes fraction"))
for axes in panels.flat:
    axes.axvline(ONE_LAYER, color=GREY, linewidth=1, zorder=1)
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)
for axes in panels[1]:
    axes.set_xlabel("step", fontsize=14)
show(figure, "09_a_run")

# %%
# What to notice, panel by panel.
#
# **Loss.** After a few hundred steps the model knows how frequent each piece is: its loss is the
# unigram loss, 5.86. Then attention finds the pieces beside the gap. At step 4,000 the loss is
# below the bigram loss, 4.65. At the vertical line the layer is applied three times instead of
# once. The weights have never been used in this way, so the loss jumps up. Within a thousand steps
# it comes back, and then it falls further. At the end the loss on held-out text is 4.39, and 25.5 %
# of the guesses are right. The bigram model has only 17.8 %. It always sees the true piece before
# the gap, even where ALBERT sees [MASK]. (These numbers are from one run with Python 3.11. The run
# needs about two and a half minutes on two cores that do nothing else.)
#
# **Right answers.** Sentence order starts at 50 %, as if the model tossed a coin. Then it rises,
# because beginnings of documents are easy to recognise. From step 4,000 on, the training accuracy
# (line) is better than the held-out accuracy (dots): 90 % against 82 %. Here the model memorises
# single documents, since there are only a few of them.
#
# **Learning rate.** The rate rises in the first twentieth of the run. This is the warm-up. Then the
# rate falls on a straight line to 0. At the end of the warm-up it suddenly drops from 4.0 to 3.8
# thousandths. The reason is that the straight line begins at step 0, and not at the end of the
# warm-up (LR.1). When the warm-up ends, the line has already lost a twentieth of its height. The
# code of the paper does the same, so we kept it. The drop does no harm.
#
# **Gradient norm.** This is the length of the gradient, if all parameters together are one vector.
# A gradient that is longer than 1 is shortened to 1 (CLIP.1), so a single unusual batch cannot
# throw the weights far away. Sudden jumps of the norm are a warning: they often come with a jump of
# the loss, as at the vertical line. With three layers the norm is larger, because the gradient of
# a shared weight is a sum over its three uses (ENC.3). From step 2,000 on most gradients are
# clipped. This does little harm: AdamW divides each gradient by its usual size anyway.
#
# But why does the norm not go to 0, although the loss falls? The gradient of one batch is the
# gradient of the whole text plus the noise of the batch. Training makes the first part small, but
# the noise of each batch stays. If we average over many batches, the noise shrinks:

from albert_np.parameters import global_norm, tree_map

with one_thread_each():
    several = [model.backward(model.forward(**next(batches))[1])
               for _ in range(4 if quick() else 64)]
norms = [global_norm(grads) for grads in several]
mean = tree_map(lambda *arrays: sum(arrays) / len(arrays), *several)
print(f"\nnorm of the gradient: {np.mean(norms):.2f} for one batch (mean of {len(several)}), "
      f"{global_norm(mean):.2f} for the mean of their gradients")

# %%
# Suppose the gradients were pure noise. Then a mean of 64 gradients would have a smaller norm than
# one gradient, by a factor of 8, the square root of 64. In the full run the norm of the mean
# gradient is smaller by nearly this factor. So at the end of the run, a gradient is nearly all
# noise. This is why the learning rate must fall to 0.
#
# Guesses, as they improve
# ------------------------
# Below each text you see the right piece and the three most probable guesses. The first list is
# from an early evaluation, and the second is from the end of the run:

for when, shown in ((rows["held-out"][0], guesses[0]), (rows["held-out"][-1], guesses[-1])):
    print(f"\nafter {when['step']:,} steps\n{shown}")

# %%
# With little memory
# ------------------
# What can you do if a batch does not fit into memory? The model itself is small. Most of the memory
# holds what the forward pass keeps for the backward pass. There are two ways to save memory. First,
# divide the batch into portions and add up their gradients (``train(..., accumulation_steps=4)``).
# Second, keep only the input of each layer, and compute the layer again in the backward pass
# (``recompute=True``). The second way takes more time. The gradients are the same, bit for bit:

import tracemalloc

from albert_np.parameters import flatten


def gradients(recompute):
    """The gradients of a batch, and the most memory that was in use, in MB."""
    tracemalloc.start()
    _, cache = model.forward(**batch, recompute=recompute)
    grads = model.backward(cache)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return flatten(grads), peak


(kept, peak_kept), (again, peak_again) = gradients(False), gradients(True)
same = all(np.array_equal(kept[name], again[name]) for name in kept)
print(f"\nmemory with all caches {peak_kept:.1f} MB, with layers computed again {peak_again:.1f} MB"
      f"\nequal gradients: {same}")
assert same and peak_again < peak_kept

# %%
# What goes wrong
# ---------------
# The most common mistake is a learning rate that is too large. Then some numbers become infinite or
# NaN, or the loss rises far above ln V and never comes back. ``train`` stops and says where:

wreck = new_model()
try:
    train(wreck, AdamW(wreck.params, lr=3.0), data.training_batches(), 60, progress=False)
except FloatingPointError as error:
    print("\nFloatingPointError:", error)

# %%
# Another run may look healthy but stay at the unigram loss forever. There are several possible
# causes. The learning rate is a little too large, or too small. The first weights are too small for
# the width. Or the labels do not belong to the input. Look at the attention weights, as
# ``07_masked_language_model.py`` does.
#
# In the paper
# ------------
# Section 4.1: the same objective on 16 GB of text, sequences of 512 pieces, batches of 4096, and
# 125,000 steps of LAMB. ``11_finetuning_classification.py`` and the tutorials after it show how to
# use such weights.
#
# Exercises
# ---------
# 1. Set ``initializer_range=0.02``. How long does the model stay at the unigram loss now?
# 2. Skip the first phase: set ``ONE_LAYER = 1`` and ``STEPS = 5000``, which takes about the same
#    time. What is the loss at the end?
# 3. Set ``sop_weight=0``. Does the MLM loss become smaller? (Lan et al. 2020, table 5.)
# 4. Start the position table from random numbers, as google-research/albert does. How many more
#    steps does the model need?
# 5. Train on the command line with ``albert-np pretrain``, stop it with Ctrl-C, and continue with
#    ``--resume``. Is the result the same?
