"""
Eighteen times fewer parameters: why is it not faster?
======================================================

ALBERT-large has some eighteen times fewer parameters than BERT-large, and hardly trains any faster.
Everybody wonders at first. This tutorial counts parameters, counts operations, and then measures
time and memory of models that differ in sharing alone. At the end you know what sharing saves, what
it does not, and how a measurement of time can fool you.

Prerequisites: ``05_factorized_embeddings.py`` and ``06_one_layer_twelve_times.py``. In the paper:
table 2 with its column "Speedup", and table 6, which trains BERT-large and ALBERT-xxlarge for the
same *time* (Lan et al. 2020). Run it with ``python tutorials/17_why_not_faster.py``; pictures go to
``tutorials/output/``.
"""

# %%
# Counting parameters
# -------------------
# The letters: V pieces in the vocabulary, E numbers for each of them, H the width of the hidden
# states, F that of the feed-forward network, A heads, L layers. "BERT of the same shape" shares
# nothing and has E = H. (The heads of pretraining count here; without them, as in
# ``05_factorized_embeddings.py``, it is nearer to nineteen times.)

from albert_np import AlbertConfig
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.inference import parameter_table
from albert_np.inference.sizes import format_table

keep_freed_memory()                 # as in training: large arrays are allocated again and again

large = AlbertConfig.from_name("albert-large-v2")
print(format_table(parameter_table(large), large))

# %%
# Counting operations
# -------------------
# Where does the time of a forward pass go? Nearly all of it into products of matrices. To multiply
# (m, n) by (n, p) takes m p sums of n products: 2 m n p operations. For one sequence of T tokens:
#
# ========================================  =========================
# the maps q, k, v and the output map        4 · 2 T H H
# scores q kᵀ and mixture p v, all heads     2 · 2 T T H
# feed-forward network, there and back       2 · 2 T H F
# ========================================  =========================
#
# All that is done once for each *layer applied*. The loop of the encoder says so:

from albert_np.course.lecture import quick, show, source_of
from albert_np.layers import encoder_forward

print(source_of(encoder_forward, "ENC.1", lines_around=3))

# %%
# Which weights it looks up depends on sharing; how often it goes round does not.

import matplotlib.pyplot as plt

from albert_np.inference.sizes import as_bert
from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE


def operations(config, T):
    """Multiplications and additions in the matrix products of a forward pass of one sequence."""
    E, H, F = config.embedding_size, config.hidden_size, config.intermediate_size
    layer = 4 * 2 * T * H * H + 2 * 2 * T * T * H + 2 * 2 * T * H * F
    mapping = 2 * T * E * H if config.embedding_mapping else 0
    return len(config.schedule) * layer + mapping


def parameters(config):
    return sum(config.parameter_counts().values())


bert_large = as_bert(large)
sizes = {name: AlbertConfig.from_name(f"albert-{name}-v2")
         for name in ("base", "large", "xlarge", "xxlarge")}
models = {**{f"ALBERT-{name}": config for name, config in sizes.items()},
          "BERT-base": as_bert(sizes["base"]), "BERT-large": bert_large}
speedup = {"ALBERT-base": 5.6, "ALBERT-large": 1.7, "ALBERT-xlarge": 0.6, "ALBERT-xxlarge": 0.3,
           "BERT-base": 4.7, "BERT-large": 1.0}                    # the paper, table 2
print(f"\n{'':16}{'parameters':>12}{'operations':>12}   BERT-large / this   paper: speedup"
      f"   paper / count")
for name, config in models.items():
    ratio = operations(bert_large, 512) / operations(config, 512)
    print(f"{name:16}{parameters(config) / 1e6:>10.1f} M{operations(config, 512) / 1e9:>10.0f} G"
          f"{ratio:>16.2f}{speedup[name]:>20.1f}{speedup[name] / ratio:>16.1f}")
same = operations(large, 512) / operations(bert_large, 512)
assert 1 <= same < 1.001 and parameters(bert_large) / parameters(large) > 18
print(f"ALBERT-large needs {same:.4f} times the operations of BERT-large; the surplus is the map "
      f"from E to H.")

figure, axes = plt.subplots(figsize=(8.5, 5), layout="constrained")
for family, colour, marker in (("ALBERT", BLUE, "o"), ("BERT", ORANGE, "s")):
    chosen = {name: config for name, config in models.items() if name.startswith(family)}
    points = [(parameters(config), operations(config, 512)) for config in chosen.values()]
    axes.loglog(*zip(*points), color=colour, marker=marker, markersize=9, linewidth=1.5,
                label=family)
    for name, point in zip(chosen, points):
        axes.annotate(name.split("-")[1], point, (0, 9), textcoords="offset points", ha="right",
                      fontsize=13)
axes.margins(0.12)
axes.set_xlabel("parameters", fontsize=14)
axes.set_ylabel("operations for 512 tokens", fontsize=14)
axes.set_title("Sharing moves a model to the left, not down", fontsize=15)
axes.tick_params(labelsize=13)
axes.grid(alpha=0.25)
axes.legend(fontsize=14, loc="upper left")
show(figure, "17_parameters_and_operations")

# %%
# What to notice: ALBERT-large stands left of BERT-large, at the same height. Among the ALBERTs the
# third column foretells the order of the paper's speedups, but all of them are faster than the
# count says (last column), and more so than BERT-base. Something else than products was saved; we
# shall meet it below.
#
# Measuring
# ---------
# Two models that differ in ``sharing`` alone. A training step is a forward pass, a backward pass
# and the optimiser. First the usual mistake: to time a thing once.

import time
from dataclasses import replace

import numpy as np

from albert_np import AdamW, AlbertForPreTraining
from albert_np.files.threads import one_thread_each

QUICK = quick()

B, T = (4, 32) if QUICK else (4, 64)
shape = AlbertConfig(vocab_size=2000, embedding_size=64, hidden_size=128 if QUICK else 256,
                     intermediate_size=512 if QUICK else 1024, num_attention_heads=4,
                     max_position_embeddings=T)
rng = np.random.default_rng(0)
ids = rng.integers(5, 2000, (B, T))
labels = np.where(rng.random((B, T)) < 0.15, ids, -100)
labels[0, 1] = ids[0, 1]                                           # at least one


def training_step(model, optimizer):
    """Seconds of its three parts."""
    with one_thread_each():              # so that runs can be compared
        moments = [time.perf_counter()]
        _, cache = model.forward(ids, labels=labels)
        moments.append(time.perf_counter())
        grads = model.backward(cache)
        moments.append(time.perf_counter())
        optimizer.step(model.params, grads)
        moments.append(time.perf_counter())
    return np.diff(moments)


def prepared(sharing, L):
    model = AlbertForPreTraining(replace(shape, sharing=sharing, num_hidden_layers=L))
    return model, AdamW(model.params, lr=1e-4)


def median_steps(pairs, rounds):
    """Median seconds, (pairs, 3). All take turns, so that a busy moment strikes all of them."""
    for pair in pairs:
        training_step(*pair)                                       # not counted: see below
    return np.median([[training_step(*pair) for pair in pairs] for _ in range(rounds)], axis=0)


pair = prepared("all", 12)
first, *others = (training_step(*pair).sum() for _ in range(6))
print(f"the first step {1000 * first:.0f} ms, the next ones "
      + ", ".join(f"{1000 * seconds:.0f}" for seconds in others))

# %%
# The first step finds no memory that it could use again and nothing in the processor's caches. So:
# do not count the first, take the median of several, and let the candidates take turns.

depths = (1, 2, 4, 8, 12)
counts = {sharing: [parameters(replace(shape, sharing=sharing, num_hidden_layers=L))
                    for L in depths] for sharing in ("all", "none")}
pairs = [prepared(sharing, L) for sharing in counts for L in depths]
seconds = median_steps(pairs, 5 if QUICK else 15).reshape(2, len(depths), 3)
names = {"all": "everything shared", "none": "nothing shared"}

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for row, (sharing, name), colour, marker in zip(seconds, names.items(), (BLUE, ORANGE), "os"):
    style = dict(color=colour, marker=marker, linewidth=2, markersize=7, label=name,
                 linestyle="-" if sharing == "all" else "--")
    left.plot(depths, np.array(counts[sharing]) / 1e6, **style)
    right.plot(depths, 1000 * row[:, :2].sum(axis=1), **style)
left.set_ylabel("parameters (millions)", fontsize=14)
right.set_ylabel("forward and backward (ms)", fontsize=14)
for axes in (left, right):
    axes.set_xlabel("layers L", fontsize=14)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=13)
figure.suptitle(f"What grows with depth (H = {shape.hidden_size}, B × T = {B} × {T})", fontsize=15)
show(figure, "17_depth")

print(f"\nL = {depths[-1]}, milliseconds     forward   backward   optimiser")
for (sharing, name), row in zip(names.items(), seconds[:, -1]):
    print(f"{name:24}" + "".join(f"{1000 * part:10.1f}" for part in row))
ratios = seconds[1, -1] / seconds[0, -1]
print(f"{'ratio':24}" + "".join(f"{ratio:10.2f}" for ratio in ratios))

# %%
# What to notice: forward and backward take about as long with and without sharing. The *optimiser*
# is another matter: it reads and writes each parameter, its gradient and its two moments, and of
# these there are nearly L times fewer. In a large batch that is a small part of a step. Where many
# machines train together, as the paper's did, each step also sends all gradients around, and there
# are fewer of them to send: "less communication" is the paper's own reason for its speedups.
#
# Memory
# ------
# What must be held at once in training? The parameters, as many gradients, the optimiser's two
# *moments* (running means of each gradient and of its square), and the *caches*: what every layer
# keeps for its backward pass. Each of the L applications of a shared layer saw another input and
# needs a cache of its own, so sharing saves nothing there. We count the bytes that Python's own
# book-keeper (``tracemalloc``) sees.

import tracemalloc

from albert_np.parameters import flatten


def traced(function):
    """The result of a function, and how many bytes more are held after it than before."""
    tracemalloc.start()
    result = function()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, held


def memory(sharing, recompute):
    """Megabytes by what they hold."""
    model, _ = prepared(sharing, 12)
    weights = sum(array.nbytes for array in flatten(model.params).values())
    _, caches = traced(lambda: model.forward(ids, labels=labels, recompute=recompute))
    return np.array([weights, weights, 2 * weights, caches]) / 1e6


bars = {"shared": memory("all", False), "not shared": memory("none", False),
        "shared,\nrecomputed": memory("all", True)}
parts = ("parameters", "gradients", "moments of AdamW", "caches of 12 layers")
figure, axes = plt.subplots(figsize=(8.5, 5.4), layout="constrained")
base = np.zeros(len(bars))
for i, (part, colour, hatch) in enumerate(zip(parts, (BLUE, GREEN, GREY, ORANGE),
                                              ("", "//", "..", "\\\\"))):
    values = np.array([column[i] for column in bars.values()])
    axes.bar(list(bars), values, 0.55, bottom=base, color=colour, hatch=hatch, edgecolor="white",
             label=part)
    base += values
axes.set_ylabel("memory of a training step (MB)", fontsize=14)
axes.set_title(f"What fills the memory (H = {shape.hidden_size}, L = 12, B × T = {B} × {T})",
               fontsize=15)
axes.tick_params(labelsize=13)
axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
show(figure, "17_memory")
for name, column in bars.items():
    print(f"{name.replace(chr(10), ' '):20}", ", ".join(f"{part} {value:.1f} MB"
                                                       for part, value in zip(parts, column)))
shared, unshared, recomputed = bars.values()
assert abs(shared[3] / unshared[3] - 1) < 0.05 and recomputed[3] < shared[3] / 3

# %%
# What to notice: three of the four parts shrink by sharing, the caches do not, and they grow with B
# and T. So ALBERT-xxlarge, with fewer parameters than BERT-large, needs *more* memory to train: its
# states are four times as wide. What helps against caches is to forget them and compute each layer
# again when its turn comes (``recompute=True``), for a third more operations.
#
# One case where sharing is faster
# --------------------------------
# With very few tokens a product is over before the weights have arrived from memory. A shared layer
# is read once and then lies in the processor's cache; twelve different ones must all be fetched.
# How much that gives depends on the processor, and whether its cache can hold a layer at all:

small = replace(shape, hidden_size=256 if QUICK else 512, intermediate_size=1024 if QUICK else 2048,
                num_hidden_layers=12)
few = ids[:1, :4]
both = [AlbertForPreTraining(replace(small, sharing=sharing)) for sharing in names]


def forward_time(model):
    begun = time.perf_counter()
    model.forward(few, labels=np.where(np.arange(4) == 1, few, -100))
    return time.perf_counter() - begun


for model in both:
    forward_time(model)
times = np.median([[forward_time(model) for model in both] for _ in range(10 if QUICK else 40)],
                  axis=0)
print(f"one sequence of 4 tokens: shared {1000 * times[0]:.1f} ms, not shared "
      f"{1000 * times[1]:.1f} ms, ratio {times[1] / times[0]:.2f}")

# %%
# Exercises
# ---------
# 1. From which T on do scores and mixture cost more than the four maps? Than all the rest?
# 2. ``operations`` leaves out the masked-LM head. Add it, for M masked positions, and for all T.
# 3. ALBERT-xxlarge has 12 layers. What would 24 cost in parameters, operations and caches?
# 4. Repeat the measurement of depth with B = 1 and T = 8. Which lines part now, and why?
# 5. Where would you save to make ALBERT *fast*? Change one size of ``shape`` and measure.
