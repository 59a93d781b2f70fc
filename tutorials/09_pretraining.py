"""
Pretraining an ALBERT, from the first word to the last guess
============================================================

Here is the whole job by the API, step by step: text, pieces, pairs, masks, model, optimiser,
losses. At the end a small ALBERT guesses words in text that it has never seen, and you can read the
four curves of a run: loss, accuracy, learning rate, gradient norm.

Prerequisites: ``07_masked_language_model.py`` and ``08_sentence_order.py`` explain the parts; this
one puts them together. In the paper: sections 3.1 and 4.1 (Lan et al. 2020). Run it with ``python
tutorials/09_pretraining.py``; pictures go to ``tutorials/output/``.
"""

import tempfile
import tracemalloc
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from albert_np import AdamW, AlbertConfig, AlbertForPreTraining, AlbertTokenizer
from albert_np.course.lecture import quick, show
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.files.threads import one_thread_each
from albert_np.optim import warmup_polynomial_decay
from albert_np.parameters import flatten
from albert_np.parameters.initial_values import wave_positions
from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE
from albert_np.pretraining import (BigramModel, PretrainingData, UnigramModel, evaluate,
                                   evaluate_baseline, show_guesses, train)
from albert_np.text import DataOptions, embedded_corpus, split_documents, train_tokenizer

STEPS = 60 if quick() else 3000
keep_freed_memory()                      # large arrays are allocated again at every step

# %%
# Text
# ----
# Every Python brings prose along: its language reference and the docstrings of its standard
# library. A document is a list of sentences, here a topic or a docstring. Whole modules are held
# out, so that the evaluation never sees a neighbour of a sentence that was trained on.

documents, modules = embedded_corpus()
training, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
print(f"{len(documents):,} documents, {sum(map(len, documents)):,} sentences; the first one:")
print(" ", documents[0][0])

# %%
# Pieces
# ------
# A small vocabulary suits a small model: frequent words are one piece, rare ones are spelt
# (``01_text_to_ids.py``).

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "spiece.model"
    train_tokenizer([sentence for document in training for sentence in document], 2000, file)
    tokenizer = AlbertTokenizer(file)
print(tokenizer.tokenize("The interpreter evaluates expressions lazily."))

# %%
# Pairs and masks
# ---------------
# Each sequence is ``[CLS] A [SEP] B [SEP]``. A and B are neighbours in the text; in half of the
# sequences that begin a document they were swapped, and the model is asked whether; the others
# (label -100) only train the masked language model. 15 % of the pieces are chosen, in runs of up
# to three whole words; of those 80 % become ``[MASK]``, 10 % another piece, 10 % stay.

options = DataOptions(max_seq_length=40, beginnings_only=True)
data = PretrainingData.from_text(training, held_out, tokenizer, options, batch_size=26, seed=0,
                                 held_out_sequences=600)
batch = next(data.training_batches())
print({name: array.shape for name, array in batch.items()})
print("input ", tokenizer.decode(batch["input_ids"][0], skip_special_tokens=False))
print("labels", [tokenizer.pieces[i] for i in batch["labels"][0] if i != -100])
print({0: "in order", 1: "swapped", -100: "not asked"}[int(batch["sentence_order_label"][0])])

# %%
# What counting alone can do
# --------------------------
# Two counters give the loss curve its landmarks: how frequent is each piece (unigram), and how
# often does it follow the one before the gap (bigram)?

text = data.training_text()
counters = {name: evaluate_baseline(counter(text, tokenizer), data.held_out)
            for name, counter in (("unigram", UnigramModel), ("bigram", BigramModel))}
for name, figures in counters.items():
    print(f"{name:8s} loss {figures['mlm_loss']:.2f}, {figures['mlm_accuracy']:.1%} right")

# %%
# The model
# ---------
# One layer, applied three times. The published models start from weights of standard deviation
# 0.02; in so narrow a model attention would stay uniform for a long time. And positions start from
# waves (WAVE.1), in which "one piece further" is the same turn everywhere.

config = AlbertConfig(vocab_size=tokenizer.vocab_size, embedding_size=64, hidden_size=64,
                      num_hidden_layers=3, num_attention_heads=4, intermediate_size=256,
                      max_position_embeddings=40, initializer_range=0.05, sop_weight=0.15)


def new_model():
    """An untrained model, the same at every call."""
    model = AlbertForPreTraining(config, seed=0)
    model.params["embeddings"]["position"][...] = wave_positions(40, 64)
    return model


model = new_model()
for name, count in config.parameter_counts().items():
    print(f"  {name:14s} {count:8,}")

# %%
# One step, by hand
# -----------------
# ``train`` below does nothing but this, again and again (and it shortens the gradient to length 1
# where it is longer, CLIP.1). The *optimiser* decides how far each parameter moves against its
# gradient; that is a subject of its own, and the next one, ``10_optimizers.py``.

schedule = warmup_polynomial_decay(3e-3, STEPS, STEPS // 20)
optimizer = AdamW(model.params, lr=schedule, betas=(0.9, 0.98))
output, cache = model.forward(**batch)
grads = model.backward(cache)
optimizer.step(model.params, grads)
print(f"loss {output.loss:.2f} = MLM {output.mlm_loss:.2f} + {config.sop_weight} x SOP "
      f"{output.sop_loss:.2f};   ln V = {np.log(config.vocab_size):.2f}, ln 2 = {np.log(2):.2f}")

# %%
# An untrained model guesses blindly, and its losses say so: they are near ln V and ln 2.
#
# Training
# --------
# Six times on the way we look at the held-out text, and ask for guesses in two of its sequences.

guesses = []


def evaluation():
    """Figures on held-out text; the guesses are kept aside."""
    guesses.append(show_guesses(model, tokenizer, data.held_out, sentences=2))
    return evaluate(model, data.held_out)


with one_thread_each():                  # two workers, a thread for each
    metrics = train(model, optimizer, data.training_batches(), STEPS, evaluate_every=STEPS // 6,
                    evaluation=evaluation, workers=2, progress=False)
rows = {split: [row for row in metrics if row["split"] == split] for split in ("train", "held-out")}
for row in rows["held-out"]:
    print(f"step {row['step']:5,}   words: loss {row['mlm_loss']:.2f}, {row['mlm_accuracy']:.1%} "
          f"right;   order: loss {row['sop_loss']:.2f}, {row['sop_accuracy']:.1%} right")

# %%


def curve(axes, key, factor=1.0, smooth=True, **look):
    """Training as a line, mean of some steps; held-out text as dots."""
    steps, values = zip(*((row["step"], factor * row[key]) for row in rows["train"]
                          if row[key] is not None))
    window = max(1, len(values) // 50) if smooth else 1
    mean = np.convolve(values, np.ones(window) / window, mode="valid")
    axes.plot(steps[window - 1:], mean, linewidth=2, **look)
    if key in rows["held-out"][0]:
        axes.plot(*zip(*((row["step"], factor * row[key]) for row in rows["held-out"])), "o--",
                  color=look["color"], markersize=8, markeredgecolor="black", linewidth=1)


PAPER = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1}    # behind words
figure, panels = plt.subplots(2, 2, figsize=(11.5, 8), layout="constrained", sharex=True)
(losses, right), (rate, norm) = panels
curve(losses, "mlm_loss", color=BLUE, label="words (MLM)")
for name, value in {"ln V": np.log(config.vocab_size),
                    **{name: figures["mlm_loss"] for name, figures in counters.items()}}.items():
    losses.axhline(value, color=GREY, linestyle=":", linewidth=1.5, zorder=1)
    losses.annotate(name, (0.99, value), (0, 3), ha="right", textcoords="offset points",
                    fontsize=12, xycoords=("axes fraction", "data"), color=GREY, bbox=PAPER)
losses.set_ylim(top=np.log(config.vocab_size) + 0.4)
losses.set_ylabel("loss (nats)", fontsize=13)
losses.set_title("Loss of the hidden words", fontsize=14)
curve(right, "mlm_accuracy", 100, color=BLUE, label="words (MLM)")
curve(right, "sop_accuracy", 100, color=ORANGE, linestyle="-.", label="order (SOP)")
right.axhline(50, color=GREY, linestyle=":", linewidth=1.5, zorder=1)
right.annotate("tossing a coin", (0.99, 50), (0, -14), ha="right", textcoords="offset points",
               fontsize=12, xycoords=("axes fraction", "data"), color=GREY, bbox=PAPER)
right.set_ylabel("right answers (%)", fontsize=13)
right.set_ylim(0, 119)
right.set_yticks(range(0, 101, 20))
right.set_title("Right answers (dots: held-out text)", fontsize=14)
right.legend(fontsize=12, loc="upper right", ncols=2)
curve(rate, "learning_rate", 1000, smooth=False, color=GREEN)
rate.set_ylabel("learning rate (1/1000)", fontsize=13)
rate.set_title("Learning rate: warm-up, then down", fontsize=14)
curve(norm, "gradient_norm", color=GREY)
norm.axhline(1, color=ORANGE, linestyle="--", linewidth=1.5)
norm.annotate("clipped above", (0.99, 1), (0, 4), ha="right", textcoords="offset points",
              fontsize=12, xycoords=("axes fraction", "data"), color=ORANGE)
norm.set_ylabel("length of the gradient", fontsize=13)
norm.set_ylim(bottom=0)
norm.set_title("Gradient norm, before clipping", fontsize=14)
for axes in panels.flat:
    axes.tick_params(labelsize=12)
    axes.grid(alpha=0.25)
for axes in panels[1]:
    axes.set_xlabel("step", fontsize=13)
show(figure, "09_a_run")

# %%
# What to notice: soon the model knows how frequent each piece is and stands on the unigram line.
# Then, slowly, it learns from the words around the gap. Sentence order starts from a coin's 50 %
# and rises once there is something to see in a beginning. Where the line of the training text and
# the dots of the held-out text part, the model learns single documents by heart: there are few.
# The gradient norm is a run's pulse: a jump in it comes before a jump in the loss.
# ``albert-np pretrain`` is the same run, continued for long enough to leave the bigram line behind.
#
# Guesses, as they improve
# ------------------------
# Under each text stand the true piece and the three likeliest guesses. First, early and in the end:

for when, shown in ((rows["held-out"][0], guesses[0]), (rows["held-out"][-1], guesses[-1])):
    print(f"\nafter {when['step']:,} steps\n{shown}")

# %%
# With little memory
# ------------------
# What if a batch does not fit? What is large is not the model but what the forward pass keeps for
# the backward pass. Two ways out: take the batch in portions and add their gradients up
# (``train(..., accumulation_steps=4)``), or keep only the input of each layer and compute the layer
# again when its turn comes (``recompute=True``). The price of the second is time; the gradients are
# the same, bit for bit:


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
print(f"\ncaches kept {peak_kept:.1f} MB, layers computed again {peak_again:.1f} MB; "
      f"the same gradients: {same}")
assert same and peak_again < peak_kept

# %%
# What goes wrong
# ---------------
# The commonest wreck is a learning rate that is too large. It may end in numbers that are not
# finite, or in a loss far above ln V, from which no run returns; ``train`` stops and says where:

wreck = new_model()
try:
    train(wreck, AdamW(wreck.params, lr=3.0), data.training_batches(), 60, progress=False)
except FloatingPointError as error:
    print("\nFloatingPointError:", error)

# %%
# The quieter wreck is a run that stays on the unigram line for good: a rate that is too large by
# less, or too small, weights that start too small for the width, or labels that do not belong to
# the input. Look at the attention, as ``07_masked_language_model.py`` does.
#
# In the paper
# ------------
# Section 4.1: the same objective on 16 GB of text, sequences of 512 pieces, batches of 4096,
# 125,000 steps of LAMB. What becomes of such weights is the subject of the tutorials from
# ``11_finetuning_classification.py`` on.
#
# Exercises
# ---------
# 1. Set ``initializer_range=0.02``. How long does the plateau last now?
# 2. ``sharing="none"`` has three times the parameters in its layers. Does it learn faster?
# 3. Set ``sop_weight=0``. Does the MLM loss get better? (Lan et al. 2020, table 5.)
# 4. Leave the position table random, as the original does. How many more steps does that take?
# 5. Train on the command line, ``albert-np pretrain``, stop it with Ctrl-C, and go on with
#    ``--resume``. Is the result the same?
