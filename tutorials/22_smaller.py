"""
How small can a model become?
=============================

A trained model is often larger than its task needs. There are three ways to make it smaller. A
smaller *student* learns from its answers (*distillation*). Each weight gets 8 bits in place of 32
(*quantisation*). Parts that matter little are taken away (*pruning*). This tutorial does all three
to one small ALBERT and draws the size against the score. ALBERT is a special case: its layers share
one set of weights. So fewer layers make it faster, but not smaller.

Prerequisites: ``04_attention.py``, ``06_one_layer_twelve_times.py`` and
``11_finetuning_classification.py``. In the paper: section 1 says that ALBERT was made to save
memory (Lan et al. 2020). The methods of this tutorial come from other papers, which are named
below. Run it with ``python tutorials/22_smaller.py``. The pictures are saved in
``tutorials/output/``.
"""

# %%
# A task without a download
# -------------------------
# Python comes with its own documentation. The model reads one sentence of it, and must say which of
# eight modules the sentence documents. It reads T = 24 tokens of each sentence.

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from albert_np import AlbertTokenizer
from albert_np.course.lecture import quick, short_run_adamw, show, source_of
from albert_np.text import embedded_corpus, train_tokenizer

documents, modules = embedded_corpus()
by_module = {}
for document, module in zip(documents, modules):
    if module.endswith(".py"):
        by_module.setdefault(module, []).extend(document)
names = sorted(by_module, key=lambda name: (-len(by_module[name]), name))[:8]
rows = [(text, label) for label, name in enumerate(names)
        for text in dict.fromkeys(by_module[name]) if len(text.split()) > 3]
order = np.random.default_rng(0).permutation(len(rows))[:400 if quick() else None]
texts, labels = [rows[i][0] for i in order], np.array([rows[i][1] for i in order])

with TemporaryDirectory() as folder:
    train_tokenizer([text for document in documents for text in document], 800,
                    Path(folder) / "spiece.model")
    tokenizer = AlbertTokenizer(Path(folder) / "spiece.model")
inputs = dict(tokenizer(texts, padding="max_length", truncation=True, max_length=24,
                        return_tensors="np"))                                    # (N, T) each
tested = len(texts) // 4                                   # sentences that no model learns from
learnt = len(texts) - tested
print(f"{learnt} sentences to learn from, {tested} to be tested on")
print("modules:", ", ".join(names))
print(f"the commonest module has {np.bincount(labels[:tested]).max() / tested:.0%} of the test")

# %%
# All models use one training loop. A model can learn from labels alone, or from a teacher too. The
# loop can also round the weights. All of this is explained below.

from albert_np import AlbertConfig
from albert_np.functional import (distillation_backward, distillation_forward,
                                  fake_quantize_backward, fake_quantize_forward,
                                  quantization_scale)
from albert_np.models import AlbertForSequenceClassification
from albert_np.optim import clip_by_global_norm
from albert_np.parameters import flatten, tree_map


def new_model(seed, layers=3, width=64, params=None):
    """With fresh weights, or with these."""
    model = AlbertForSequenceClassification(AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=32, hidden_size=width,
        num_hidden_layers=layers, num_attention_heads=4, intermediate_size=4 * width,
        max_position_embeddings=24, initializer_range=0.1, num_labels=len(names)), seed=seed)
    model.params = model.params if params is None else params
    return model


def batch_of(rows):
    return {name: array[rows] for name, array in inputs.items()}


def logits_of(model, number):
    """For the first ``number`` sentences, (number, K)."""
    return np.concatenate([model.forward(**batch_of(rows), recompute=True)[0].logits
                           for rows in np.array_split(np.arange(number), -(-number // 100))])


def score(model):
    """The share of test sentences that are given to the right module."""
    return np.mean(logits_of(model, tested).argmax(axis=-1) == labels[:tested])


def batches(seed, steps, number, size=16):
    """Rows of the first ``number`` sentences to learn from, in a new order in each pass."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(steps):
        if len(rows) < size:
            rows = tested + rng.permutation(number)
        yield rows[:size]
        rows = rows[size:]


def train(model, steps, seed, rate=2e-3, labelled=learnt, teacher_logits=None, bits=None,
          kept=None):
    """Learn from the labels of ``labelled`` sentences, with a teacher from all sentences."""
    optimizer, rng = short_run_adamw(model.params, rate, steps), np.random.default_rng(seed)
    weights = model.params
    if teacher_logits is not None:               # its answer replaces a label that is missing
        known = np.where(np.arange(len(texts)) < tested + labelled, labels,
                         teacher_logits.argmax(axis=-1))
    for chosen in batches(seed, steps, labelled if teacher_logits is None else learnt):
        if bits is not None:                     # the forward pass sees rounded weights
            model.params, inside = rounded(weights, bits), rounded(weights, bits, part=1)
        if teacher_logits is None:
            _, cache = model.forward(**batch_of(chosen), labels=labels[chosen], rng=rng)
            grads = model.backward(cache)
        else:
            output, cache = model.forward(**batch_of(chosen), rng=rng)
            _, loss_cache = distillation_forward(output.logits, teacher_logits[chosen],
                                                 known[chosen], 2.0, 0.7)
            grads = model.backward(cache, {"logits": distillation_backward(1.0, loss_cache)})
        model.params = weights
        if bits is not None:                     # the step moves the weights themselves
            grads = tree_map(fake_quantize_backward, grads, inside)
        if kept is not None:                     # what is pruned stays 0
            grads = tree_map(np.multiply, grads, kept)
        clip_by_global_norm(grads, 1.0)
        optimizer.step(model.params, grads)
    return model


# %%
# The next function rounds a whole model. Each matrix has one scale for each of its outputs. Each
# table has one scale for each of its rows. Biases and layer norms stay as they are.


def rounded(params, bits, part=0):
    """The rounded weights; part 1 is what the straight-through gradient needs."""
    tables = [id(params["embeddings"][name]) for name in ("word", "position", "token_type")]

    def of(w):
        if w.ndim == 1:
            return (w.copy(), True)[part]
        scale = quantization_scale(w, -1 if id(w) in tables else 0, bits)
        return fake_quantize_forward(w, scale, bits)[part]

    return tree_map(of, params)


# %%
# Three teachers, from three seeds. Each learns with one application of its layer first, then with
# three (as in ``09_pretraining.py``). We do everything that follows with each teacher. Every score
# is a mean over the seeds with its 95 % interval by Student's t. With so few seeds such an interval
# is wide. The interval shows how much the score depends on the seed. It does not show how much the
# score depends on the test sentences, which stay the same.

from albert_np.models.quantized import save_quantized

seeds = range(2 if quick() else 3)
first, then, more = (12, 6, 6) if quick() else (500, 300, 80)      # steps
TWO_SIDED_95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}     # of t, by the number of seeds


def interval(values):
    """Mean, and half the width of the 95 % interval of the mean."""
    n = len(values)
    return np.mean(values), TWO_SIDED_95[n] * np.std(values, ddof=1) / np.sqrt(n)


teachers = []
for seed in seeds:
    one = train(new_model(seed, layers=1), first, seed)
    teachers.append(train(new_model(seed, params=one.params), then, 100 + seed, 1e-3))
    print(f"seed {seed}: {score(teachers[-1]):.3f} of the test sentences are right")
taught = [logits_of(model, len(texts)) for model in teachers]

# %%
# What is small?
# --------------
# Count two things: the bytes of the weights, and the multiplications of a token with weights. A
# layer multiplies a token by 12 H² weights, and it is applied L times. We do not count the 2 T H
# products of the attention scores and of the sums over the values. They would add 6 % here. At half
# the width they would add 12 %.


def bytes_of(model, bits=32):
    """Of the weights; quantised matrices have a scale for each output."""
    total = 0
    for name, w in flatten(model.params).items():
        if w.ndim == 1 or bits == 32:
            total += 4 * w.size
        else:
            table = name in ("embeddings.word", "embeddings.position", "embeddings.token_type")
            total += w.size * bits / 8 + 4 * w.shape[0 if table else 1]
    return total


def products_of(model):
    config = model.config
    return (config.num_hidden_layers * 12 * config.hidden_size**2
            + config.embedding_size * config.hidden_size)


results = {}                                     # name: (bytes, multiplications, scores)


def record(name, models, bits=32, size=None, products=None):
    scores = [score(model) for model in models]
    size = bytes_of(models[0], bits) if size is None else size
    products = products_of(models[0]) if products is None else products
    results[name] = size, products, scores
    mean, half = interval(scores)
    print(f"{name:38} {size / 1000:6.0f} kB  {products / 1000:6.0f} k products  "
          f"{mean:.3f} ± {half:.3f}")


record("teacher", teachers)

# %%
# Distillation
# ------------
# A label names one module. The teacher's probabilities also say which other module was close. At a
# temperature of 2 the probabilities are more equal, so that the small probabilities count more. The
# loss (KD.3) is a mix of the labels' cross-entropy and the divergence from the teacher (Hinton,
# Vinyals and Dean 2015):

print(source_of(distillation_forward, "KD.2", "KD.3", lines_around=1))

# %%
# A student needs a teacher if there are few labels. The teacher has learnt from all labels. We give
# a student the labels of 200 sentences only. On the other sentences it has the teacher's
# probabilities, and the teacher's most probable module in place of the label. We compare it with
# two students without a teacher. The first has the same 200 labels and nothing else. The second has
# all labels. All students apply the layer once. We train each of these three students a second
# time, half as wide. All students make the same number of steps.

few = 60 if quick() else 200
for what, width in (("1 application", 64), ("half as wide", 32)):
    for how, labelled, teach in (("all labels", learnt, False), ("few labels", few, False),
                                 ("few labels and teacher", few, True)):
        record(f"{what}, {how}", [
            train(new_model(10 + seed, 1, width), first, seed, labelled=labelled,
                  teacher_logits=taught[seed] if teach else None) for seed in seeds])


def compare(one, other):
    """The mean difference of two scores with the same seeds, with its interval."""
    mean, half = interval(np.subtract(results[one][2], results[other][2]))
    print(f"{one} minus {other}: {mean:+.3f} ± {half:.3f}")
    return mean, half


for what in ("1 application", "half as wide"):
    gain, half = compare(f"{what}, few labels and teacher", f"{what}, few labels")
    assert quick() or gain > half                # the interval of the gain is above 0
    compare(f"{what}, few labels and teacher", f"{what}, all labels")
    compare("teacher", f"{what}, few labels and teacher")
    compare("teacher", f"{what}, all labels")
assert results["1 application, all labels"][0] == results["teacher"][0]
assert results["half as wide, all labels"][0] < 0.6 * results["teacher"][0]

# %%
# With few labels, each kind of student is better with the teacher than without it. The next two
# lines compare the student that has a teacher with a student that has all labels, and with the
# teacher. The last line compares the teacher with a student that has all labels. For the students
# of full width its interval contains 0. So we have not shown that this task needs three
# applications of the layer.
#
# The student that applies the layer once does a third of the work, and it takes *exactly* as many
# bytes as its teacher. In a BERT each layer has weights of its own. So a BERT with fewer layers
# takes fewer bytes. An ALBERT has one layer only. A narrower model is smaller, and so is a model
# with fewer bits.
#
# Eight bits
# ----------
# The largest weight of an output becomes 127. Each weight is rounded to the nearest of 255 steps
# (QUANT.2, QUANT.3). No weight changes by more than half a step (derived at (QUANT.4)):

from albert_np.functional import dequantize, quantize

print(source_of(quantization_scale, "QUANT.2", lines_around=1))
print(source_of(quantize, "QUANT.3"))
W = teachers[0].params["encoder"]["feed_forward"][0]["feed_forward"]["W_1"]
scale = quantization_scale(W)
moved = np.abs(dequantize(quantize(W, scale), scale) - W)
assert (moved <= scale / 2 * (1 + 1e-5)).all()


def with_bits(model, bits):
    return new_model(0, params=rounded(model.params, bits))


eight = [with_bits(model, 8) for model in teachers]
record("8 bits", eight, bits=8)
change, _ = compare("8 bits", "teacher")

# %%
# ``albert-np quantize RUN --output FOLDER`` writes a folder with 8-bit weights. ``save_quantized``
# below does the same. The model that we read from this folder gives exactly the logits that we have
# just scored:

with TemporaryDirectory() as folder:
    written = save_quantized(teachers[0], Path(folder) / "small", tokenizer)
    read = AlbertForSequenceClassification.from_pretrained(Path(folder) / "small")
print(f"{written.bytes_before:,} bytes before, {written.bytes_after:,} after; "
      f"the largest error is {written.largest_error:.2g}")
assert np.array_equal(logits_of(read, tested), logits_of(eight[0], tested))
assert written.bytes_after < 0.35 * written.bytes_before
assert quick() or abs(change) < 0.02

# %%
# Activations in 8 bits
# ---------------------
# A chip that multiplies integers needs the activations as integers too. The model computes their
# scales in each forward pass, one for each token (*dynamic* quantisation). The sum of the products
# of integers is exact, and each sum is scaled once (QUANT.5). Here all linear maps of the layer are
# computed in this way:

from unittest import mock

from albert_np.functional import int8_matmul, quantized_linear

print(source_of(int8_matmul, "QUANT.5", lines_around=1))


def eight_bit_linear(x, W, b):
    scale = quantization_scale(W)
    return quantized_linear(x, quantize(W, scale), scale, b), None


with mock.patch("albert_np.layers.attention.linear_forward", eight_bit_linear), \
        mock.patch("albert_np.layers.feed_forward.linear_forward", eight_bit_linear):
    integers = score(eight[0])
print(f"first teacher: float32 {score(teachers[0]):.3f}, 8-bit weights {score(eight[0]):.3f}, "
      f"8-bit weights and activations {integers:.3f}")
assert quick() or abs(integers - score(eight[0])) < 0.05

# %%
# This does not make NumPy faster. Its product of float32 is a call of BLAS, and its product of
# integers is a plain loop. So we store 8 bits and compute in float32, which saves space on the disk
# and nothing else:

from timeit import repeat

x = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
x_scale = quantization_scale(x, axis=-1)
x_q, w_scale = quantize(x, x_scale), quantization_scale(x)
w_q = quantize(x, w_scale)
floats, integers = (1000 * min(repeat(product, number=1, repeat=5)) for product in (
    lambda: x @ x, lambda: int8_matmul(x_q, x_scale, w_q, w_scale)))
print(f"256 x 256 times 256 x 256: float32 {floats:.2f} ms, int8 {integers:.2f} ms")

# %%
# Fewer bits, and training for them
# ---------------------------------
# With eight bits the score hardly changes, so training for eight bits can gain nothing. With 2 bits
# only -1, 0 and 1 are left. *Quantisation-aware* training (Jacob et al. 2018) rounds the weights in
# each forward pass. But a training step changes the original weights, not the rounded weights. A
# rounded number has the derivative 0 almost everywhere. So we use the straight-through gradient,
# which is the gradient of the clipped identity (QUANT.8):

print(source_of(fake_quantize_backward, "QUANT.8", lines_around=1))


def copy_of(model):
    return new_model(0, params=tree_map(np.copy, model.params))


for bits in (4, 3, 2):
    record(f"{bits} bits", [with_bits(model, bits) for model in teachers], bits)
gains = []
for bits in (3, 2):
    record(f"{bits} bits, trained for them",
           [with_bits(train(copy_of(model), more, seed, 1e-3, bits=bits), bits)
            for seed, model in zip(seeds, teachers)], bits)
    gains.append(compare(f"{bits} bits, trained for them", f"{bits} bits")[0])
assert quick() or max(gains) > 0

# %%
# Heads
# -----
# Imagine that the output of each head is multiplied by a *gate*, a number that is 1 in the trained
# model. We need no gate in the code to compute the gradient of the loss with respect to it. This
# gradient is a sum of the weights W_o of the head, each times its gradient (PRUNE.1). The
# *importance* of the head is the absolute value of the sum, averaged over batches (Michel, Levy and
# Neubig 2019):

from albert_np.parameters.pruning import (head_gate_gradients, head_importance, prune_heads,
                                          prune_weights)

print(source_of(head_gate_gradients, "PRUNE.1"))


def gradients(model):
    for chosen in batches(0, 8, learnt):
        yield model.backward(model.forward(**batch_of(chosen), labels=labels[chosen])[1])


importance = [head_importance(model.params, gradients(model), 4)[0] for model in teachers]
for values in importance:
    print("importance of the four heads:", np.round(values, 4))


H, L = teachers[0].config.hidden_size, teachers[0].config.num_hidden_layers
for name, chosen in (*((f"{n} of 4 heads closed", slice(n)) for n in (1, 2, 3)),
                     ("the most important head closed", slice(3, None))):
    closed = [copy_of(model) for model in teachers]
    for model, values in zip(closed, importance):
        heads = np.argsort(values)[chosen]
        prune_heads(model.params, [(0, head) for head in heads], 4)
    # A closed head needs none of its columns of W_q, W_k, W_v and none of its rows of W_o.
    record(name, closed, size=bytes_of(teachers[0]) - len(heads) * 4 * (4 * H + 3) * H // 4,
           products=products_of(teachers[0]) - len(heads) * L * 4 * H * H // 4)
compare("1 of 4 heads closed", "the most important head closed")

# %%
# What to notice: the intervals are wide. If the interval of the last line contains 0, three seeds
# do not show that the importance tells which head to close (exercise 4).
#
# What sharing means here: this model has one attention block and applies it three times. So each
# head works three times (in albert-base, twelve times). If we close its gate, the gate is closed at
# every depth. The gradient of the gate is the sum over the depths (ENC.3). In a BERT you can close
# a head in the last layer only. In an ALBERT you cannot, since all depths use the same head.
#
# Weights
# -------
# The smallest weights of all matrices become 0 (Han et al. 2015). The arrays keep their shapes. To
# save space, a file must have another form. It has one bit for each weight, which says whether the
# weight is 0. And it has the other weights in float32.

for share in (0.3, 0.6, 0.9):
    pruned = [copy_of(model) for model in teachers]
    masks = [prune_weights(model.params, share) for model in pruned]
    numbers = sum(w.size for w in flatten(pruned[0].params).values() if w.ndim > 1)
    size = bytes_of(teachers[0]) - 4 * share * numbers + numbers / 8
    record(f"{share:.0%} of the weights 0", pruned, size=size)
record("90% of the weights 0, trained on",
       [train(model, more, seed, 1e-3, kept=mask)
        for seed, model, mask in zip(seeds, pruned, masks)], size=size)
table, mask = pruned[0].params["embeddings"]["word"], masks[0]["embeddings"]["word"]
assert not table[~mask].any() and table[mask].all()        # training on left the zeros alone
compare("90% of the weights 0, trained on", "90% of the weights 0")

# %%
# All of them
# -----------

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE, label_axes

KINDS = {"teacher": (GREY, "*", "teacher"), "all labels": (GREY, "X", "student, all labels"),
         "few labels": (GREY, "o", "student, few labels"),
         "and teacher": (BLUE, "o", "student, few labels and teacher"),
         "bits": (ORANGE, "s", "fewer bits"),
         "trained for them": (ORANGE, "D", "fewer bits, trained for them"),
         "closed": (GREEN, "^", "heads closed"), "weights": (GREEN, "v", "small weights 0"),
         "trained on": (GREEN, "P", "small weights 0, trained on")}
figure, panels = plt.subplots(1, 2, figsize=(12, 6), sharey=True, layout="constrained")
seen = {}
for name, (size, products, scores) in results.items():
    if name.startswith("the most"):
        continue
    colour, marker, meaning = [value for key, value in KINDS.items() if key in name][-1]
    mean, half = interval(scores)
    for axes, place in zip(panels, (size / 1000, products / 1000)):
        drawn = axes.errorbar(place, mean, 0 if quick() else half, color=colour, marker=marker,
                              markersize=9, linestyle="none", capsize=3, alpha=0.85)
    seen.setdefault(meaning, drawn)
label_axes(panels[0], "size of the weights (kB)", "share of test sentences that are right")
label_axes(panels[1], "multiplications for each token (thousands)")
for bits in (2, 3, 4, 8):                        # above all points: a label covers none of them
    panels[0].text(results[f"{bits} bits"][0] / 1000, 1.02, "8 bits" if bits == 8 else bits,
                   ha="center", fontsize=12, color=ORANGE)
for place, text in (("half as wide, all labels", "half as wide"),
                    ("1 application, all labels", "1 application"),
                    ("2 of 4 heads closed", "3 applications")):
    panels[1].text(results[place][1] / 1000, 1.02, text, ha="center", fontsize=12)
panels[0].set_ylim(0, 1.09)
panels[0].set_xscale("log")
panels[0].set_xlim(20, 400)
panels[1].set_xlim(-12, 165)
panels[1].set_xticks([0, 50, 100, 150])
panels[0].set_xticks([20, 50, 100, 200, 400], ["20", "50", "100", "200", "400"])
panels[0].minorticks_off()
figure.legend(seen.values(), seen, loc="outside lower center", ncols=3, fontsize=12, frameon=False)
figure.suptitle("What is small, and what is fast?", fontsize=16)
show(figure, "22_size_and_score")

# %%
# Read the left panel from right to left: how small can the model become before the score falls?
# With eight bits the model takes a little more than a quarter of the bytes: the scales and the
# vectors stay in float32. Then read the right panel: fewer bits do not move a point to the left,
# because the number of multiplications stays the same. Only fewer applications, width and closed
# heads save work. And look at the printed differences above. Training for 2 bits helps. Training
# for 3 bits, or after pruning, raises the mean, but three seeds do not show that it helps: these
# intervals contain 0.
#
# What this does not show
# -----------------------
# The task is small, and single words nearly decide it. The published models have less capacity to
# spare. The teacher has seen the labels of the sentences on which it teaches. On new sentences it
# would be wrong more often. The students are compared with the same number of steps and not with
# the same time. Nothing was measured on a chip with 8-bit instructions. The sizes of fewer than 8
# bits and of zeros are computed: ``albert-np quantize`` writes 8 bits only. Each way was tried
# alone. And an interval that contains 0 does not say that there is no difference.
#
# Exercises
# ---------
# 1. Give a whole matrix one scale (``axis=None``). With how many bits does the score fall now, and
#    why?
# 2. Distil with 50, 100 and 400 labels. From how many labels on does the teacher no longer help?
#    With ``teacher_weight`` 1, what is left of the labels?
# 3. Combine: distil the half-wide student and round it to 4 bits. Is its point above the line of
#    the other models?
# 4. Close each head alone and compare the rise of the loss with its importance. For which heads is
#    the estimate wrong? What does this say about two heads that do the same work?
# 5. Fine-tune a run of yours, quantise it with ``albert-np quantize``, and score both folders with
#    ``albert-np evaluate`` on the same rows. Do the intervals overlap?
