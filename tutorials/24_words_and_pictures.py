"""
Can one encoder read words and pictures?
========================================

An encoder turns rows of numbers into rows of numbers. It does not know that its rows were words.
So some of the rows can be pieces of a picture, and the other rows can be the words of its caption.
This tutorial draws pictures, trains one encoder on pictures and captions together, and then asks
whether the words really look at the picture. The test: show another picture, or none.

Prerequisites: ``04_attention.py``, ``07_masked_language_model.py``, ``08_sentence_order.py`` and
``20_looking_inside.py``. In the paper: nothing about pictures. Section 5 (Lan et al. 2020) hopes
for other self-supervised losses. Here we try two more. Run it with
``python tutorials/24_words_and_pictures.py``. The pictures are saved in ``tutorials/output/``.
"""

# %%
# Pictures with captions
# ----------------------
# A picture has 32 x 32 pixels and one or two *groups* of things: a count, a colour and a shape. Its
# caption names the groups in any order. So "two red circles and a blue square" and "a blue square
# and two red circles" may belong to the same picture.

import itertools

import numpy as np

from albert_np.course.lecture import quick

COLOURS = {"red": (0.9, 0.15, 0.15), "green": (0.1, 0.65, 0.2), "blue": (0.15, 0.3, 0.95),
           "yellow": (0.95, 0.85, 0.1)}
SHAPES, COUNTS = ("circle", "square", "triangle"), ("a", "two", "three")
KINDS = list(itertools.product(COLOURS, SHAPES))
SIZE, PATCH = 32, 8


def scene(rng, pairs, alone=0.0):
    """Groups (count, colour, shape): two kinds out of ``pairs``, or one kind alone."""
    kinds = rng.permutation(np.array(pairs[rng.integers(len(pairs))]))
    kinds = kinds[:1 if rng.random() < alone else 2]
    counts = rng.permutation(((1, 1), (1, 2), (1, 3), (2, 2))[rng.integers(4)])
    return [(int(things), *map(str, kind)) for things, kind in zip(counts, kinds)]


def caption(groups):
    """The words, between [CLS] and [SEP]."""
    phrases = [[COUNTS[things - 1], colour, shape + "s" * (things > 1)]
               for things, colour, shape in groups]
    return ["[CLS]", *sum(phrases[1:], phrases[0] + ["and"] * (len(groups) > 1)), "[SEP]"]


def write_caption(axes, words):
    """Above a picture, in two lines, without [CLS] and [SEP]."""
    axes.set_title(" ".join(words[1:4]) + "\n" + " ".join(words[4:-1]), fontsize=13)


def drawn(groups, rng):
    """A picture (32, 32, 3), and the number of the group at each pixel, -1 for none (32, 32)."""
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    picture = 0.93 + 0.02 * rng.standard_normal((SIZE, SIZE, 3))
    group_of = np.full((SIZE, SIZE, 1), -1)
    cells = iter(rng.permutation(16))
    for number, (things, colour, shape) in enumerate(groups):
        for cell in itertools.islice(cells, things):
            y, x = 8 * np.array(divmod(cell, 4)) + 4 + rng.uniform(-0.8, 0.8, 2)
            down, right, radius = rows - y, abs(columns - x), rng.uniform(3.2, 3.9)
            inside = {"circle": down**2 + right**2 < radius**2 * 1.17,
                      "square": np.maximum(abs(down), right) < 0.92 * radius,
                      "triangle": (abs(down) < radius) & (right < 0.58 * (down + radius))}[shape]
            picture[inside] = np.clip(COLOURS[colour] + 0.06 * rng.standard_normal(3), 0, 1)
            group_of[inside] = number
    return picture, group_of


# %%
# There are 66 pairs of kinds, such as a red circle with a blue square. We hold out 13 of these
# pairs: no training picture shows a held-out pair, and no training caption names one. This holds
# for both orders of the two kinds and for all counts. So the model cannot remember the answer for a
# held-out picture.

VOCABULARY = ["<pad>", "[CLS]", "[SEP]", "[MASK]", "and", *COUNTS, *COLOURS, *SHAPES,
              *(shape + "s" for shape in SHAPES)]
ID = {word: number for number, word in enumerate(VOCABULARY)}
PAD, MASK, T = ID["<pad>"], ID["[MASK]"], 9                # T: words of the longest caption

pairs = list(itertools.combinations(KINDS, 2))
order = np.random.default_rng(0).permutation(len(pairs))
new_pairs, old_pairs = [pairs[i] for i in order[:13]], [pairs[i] for i in order[13:]]


def ids_of(groups):
    words = caption(groups)
    return [ID[word] for word in words] + [PAD] * (T - len(words))


def make(number, pairs, alone, seed):
    """Scenes, captions (number, T), pictures (number, 32, 32, 3), and who is where."""
    rng = np.random.default_rng(seed)
    scenes = [scene(rng, pairs, alone) for _ in range(number)]
    pictures, group_of = zip(*(drawn(groups, rng) for groups in scenes))
    return scenes, np.array([ids_of(groups) for groups in scenes]), np.array(pictures), np.array(
        group_of)


training = make(200 if quick() else 4000, old_pairs, 0.15, seed=1)
held_out = make(40 if quick() else 400, new_pairs, 0.0, seed=2)
seen = {frozenset(group[1:] for group in groups) for groups in training[0]}
assert not seen & {frozenset(group[1:] for group in groups) for groups in held_out[0]}

import matplotlib.pyplot as plt

from albert_np.course.lecture import show

figure, panels = plt.subplots(1, 4, figsize=(11, 3.4), layout="constrained")
for axes, groups, picture in zip(panels, held_out[0], held_out[2]):
    axes.imshow(picture.clip(0, 1))
    write_caption(axes, caption(groups))
    cuts = np.arange(PATCH, SIZE, PATCH) - 0.5
    axes.set(xticks=cuts, xticklabels=[], yticks=cuts, yticklabels=[])
    axes.grid(color="black", alpha=0.4)
figure.suptitle("Held-out pictures, and how they are cut into patches", fontsize=15)
show(figure, "24_pictures")

# %%
# From a picture to rows
# ----------------------
# The encoder wants rows of H numbers. A word gets its row from the word table. A picture is cut
# into N = 16 *patches* of P = 8 · 8 · 3 numbers (PATCH.1), and each patch goes through one linear
# map from P to H. A masked patch is replaced by a learnt vector, in the same way as a masked word
# is replaced by [MASK] (PATCH.2). Then two embeddings are added: one for the position and one for
# the *modality*. The modality embedding says "this is a patch".

from albert_np.course.lecture import source_of
from albert_np.layers import patch_embeddings_forward, patchify

print(source_of(patch_embeddings_forward, "PATCH.2", lines_around=1))
print(source_of(patch_embeddings_forward, "PATCH.3"))

# %%
# This map is a convolution: a kernel of 8 x 8 pixels moves over the picture, 8 pixels at a time. So
# two positions of the kernel never overlap. Here is the computation at each position, in plain
# loops:

rng = np.random.default_rng(0)
W, image = rng.standard_normal((PATCH * PATCH * 3, 5)), held_out[2][0]
kernels = W.reshape(PATCH, PATCH, 3, 5)
convolved = [(image[top:top + PATCH, left:left + PATCH, :, None] * kernels).sum(axis=(0, 1, 2))
             for top in range(0, SIZE, PATCH) for left in range(0, SIZE, PATCH)]
assert np.allclose(convolved, patchify(image[None], PATCH)[0] @ W)

# %%
# One sequence, three questions
# -----------------------------
# The words come first, then the patches (SEQ.1), and the one shared layer reads them all. Three
# losses are added up (SEQ.3):
#
# - *Masked words*: the cross-entropy of the right word, as in ``07_masked_language_model.py``.
# - *Masked patches*: the mean squared error of the pixels that a linear map predicts (MSE.1).
# - *Matching*: does the caption belong to the picture? This loss replaces the sentence-order loss.
#   Half of the captions are wrong. A wrong caption belongs to another picture, or it is the right
#   caption with one kind changed.
#
# What goes wrong: if only right captions had masks, the model could see from the masks that a
# caption is right. So wrong captions are masked in the same way, but the model does not have to
# guess their masked words. And a changed caption must name a pair of the training part. Otherwise
# the model would see held-out pairs in wrong captions only, and learn that they are wrong.

from albert_np.functional import IGNORED

mean, std = training[2].mean(), training[2].std()
learnt_patches, patches = (patchify((part[2] - mean) / std, PATCH).astype(np.float32)
                           for part in (training, held_out))                         # (_, N, P)
N, P = patches.shape[1:]
TELLING = np.array([word not in ("<pad>", "[CLS]", "[SEP]", "[MASK]", "and")
                    for word in VOCABULARY])


def changed(groups, rng, allowed):
    """The same groups, but one of them in another colour or another shape."""
    while True:
        new, which = [list(group) for group in groups], rng.integers(len(groups))
        part, choices = ((1, list(COLOURS)), (2, SHAPES))[rng.integers(2)]
        new[which][part] = choices[rng.integers(len(choices))]
        kinds = {tuple(group[1:]) for group in new}
        if new[which] != list(groups[which]) and len(kinds) == len(groups) and (
                len(kinds) == 1 or any(kinds == set(pair) for pair in allowed)):
            return [tuple(group) for group in new]


def questions(chosen, rng):
    """A training batch: what the model sees, and what it has to say."""
    scenes, ids, _, _ = training
    shown, B = ids[chosen], len(chosen)
    wrong = rng.random(B) < 0.5
    for b in np.flatnonzero(wrong):
        other = scenes[rng.integers(len(scenes))]
        if rng.random() < 0.3 or set(other) == set(scenes[chosen[b]]):
            other = changed(scenes[chosen[b]], rng, old_pairs)
        shown[b] = ids_of(other)
    gaps = TELLING[shown] & (rng.random((B, T)) < 0.4) & (rng.random((B, 1)) < 0.6)
    blind = rng.random((B, 1)) < 0.1                        # one picture in ten is hidden wholly
    hidden = (rng.random((B, N)) < rng.uniform(0, 0.5, (B, 1))) | blind
    return {"input_ids": np.where(gaps, MASK, shown), "attention_mask": (shown != PAD).astype(int),
            "patches": learnt_patches[chosen], "masked_patches": hidden,
            "labels": np.where(gaps & ~wrong[:, None], shown, IGNORED),
            "pixels": learnt_patches[chosen], "predicted": hidden & ~blind & ~wrong[:, None],
            "matching_labels": wrong.astype(int)}


# %%
# Training
# --------
# Three models, from three seeds. They have one layer, which is applied twice.

from albert_np import AlbertConfig
from albert_np.course.lecture import short_run_adamw
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.models.words_and_pictures import (three_losses_forward, words_and_patches_backward,
                                                 words_and_patches_forward,
                                                 words_and_pictures_backward,
                                                 words_and_pictures_forward,
                                                 words_and_pictures_parameters)
from albert_np.optim import clip_by_global_norm
from albert_np.parameters import count

keep_freed_memory()                      # large arrays are allocated again at every step
SEEDS, STEPS = ((0,), 12) if quick() else ((0, 1, 2), 1500)
config = AlbertConfig(vocab_size=len(VOCABULARY), embedding_size=32, hidden_size=64,
                      num_hidden_layers=2, num_attention_heads=4, intermediate_size=256,
                      max_position_embeddings=T, hidden_act="gelu_new", initializer_range=0.1,
                      hidden_dropout_prob=0, attention_probs_dropout_prob=0)
models = []
for seed in SEEDS:
    rng = np.random.default_rng(seed)
    params = words_and_pictures_parameters(config, N, P, rng)
    optimizer, losses = short_run_adamw(params, 2e-3, STEPS), []
    for step in range(STEPS):
        batch = questions(rng.integers(len(training[0]), size=32), rng)
        loss, cache = words_and_pictures_forward(params, config, **batch)
        _, grads = words_and_pictures_backward(params, 1.0, cache)
        clip_by_global_norm(grads, 1.0)
        optimizer.step(params, grads)
        losses.append((loss.words, loss.patches, loss.matching))
    models.append(params)
    words, squares, matching = np.mean(losses[-100:], axis=0)
    print(f"seed {seed}, mean of the last 100 steps: words {words:.2f}, patches {squares:.2f}, "
          f"matching {matching:.2f}")
for branch in ("embeddings", "patch_embeddings", "encoder"):
    print(f"  {branch:17s} {count(params[branch]):7,} parameters")

# %%
# Do the words look at the picture?
# ---------------------------------
# Hide the first colour of a held-out caption and let the model guess it: with its own picture, with
# the picture of another caption, and with all patches masked. Then do the same for shapes and
# counts. A model that only knows captions would not notice the difference. For each picture we take
# the mean over the seeds. The interval in brackets holds 95 % of the bootstrap means over the
# pictures.

from albert_np.tasks.metrics import bootstrap

scenes, ids, _, group_of = held_out
everyone, nothing = np.arange(len(ids)), np.zeros((len(ids), N), bool)
ASKED = {"colour": np.isin(ids, [ID[word] for word in COLOURS]),
         "shape": np.isin(ids, [ID[shape + s] for shape in SHAPES for s in ("", "s")]),
         "count": np.isin(ids, [ID[word] for word in COUNTS])}
FIRST = {kind: where.argmax(axis=1) for kind, where in ASKED.items()}


def interval(values):
    """A mean with its interval; ``values`` has a row for each seed, or is a single row."""
    values = np.atleast_2d(values).mean(axis=0)
    return bootstrap(values.mean(), values[:, None], lambda sums: sums[:, 0] / len(values),
                     np.random.default_rng(0))


def read(params, captions, patches, masked=None):
    """What the encoder makes of captions and pictures."""
    return words_and_patches_forward(params, config, captions, patches,
                                     (captions != PAD).astype(int), masked)[0]


def guesses(params, kind, patches, masked=None):
    """Whether the first word of this kind is guessed, for each caption, and the attentions."""
    at = everyone, FIRST[kind]
    shown, labels = ids.copy(), np.full_like(ids, IGNORED)
    shown[at], labels[at] = MASK, ids[at]
    output = read(params, shown, patches, masked)
    answers, _ = three_losses_forward(params, config, output, labels, patches, nothing,
                                      np.full(len(ids), IGNORED))
    return answers.word_logits.argmax(axis=-1) == ids[at], output.attentions


SIGHTS = {"its own picture": (patches, None), "another's": (np.roll(patches, 1, axis=0), None),
          "no picture": (patches, ~nothing)}
right = {(kind, sight): interval([guesses(params, kind, *SIGHTS[sight])[0] for params in models])
         for kind in FIRST for sight in SIGHTS}
for kind in FIRST:
    print(f"{kind:7s}", "   ".join(f"{sight}: {right[kind, sight]}" for sight in SIGHTS))
if not quick():
    for kind in FIRST:
        for other in ("another's", "no picture"):
            assert right[kind, "its own picture"].low > right[kind, other].high

# %%

from albert_np.plotting.figures import BLUE, GREY, ORANGE, label_axes

figure, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
for shift, sight, colour in zip((-0.27, 0, 0.27), SIGHTS, (BLUE, ORANGE, GREY)):
    middle, *ends = 100 * np.array([(bar.value, bar.low, bar.high) for bar in (
        right[kind, sight] for kind in FIRST)]).T
    axes.bar(np.arange(3) + shift, middle, 0.25, color=colour, label=sight,
             yerr=abs(ends - middle), capsize=4)
label_axes(axes, y="masked words guessed (%)", grid="y")
axes.set(ylim=(0, 104), xticks=range(3), xticklabels=["the colour", "the shape", "the count"])
figure.legend(fontsize=14, loc="outside upper center", ncols=3)
show(figure, "24_masked_words")

# %%
# What to notice: with its own picture the model guesses nearly all colours, for pairs that it has
# never seen. With the picture of another caption, or without a picture, about one guess in four is
# right. So the words do look at the picture. The shape is harder: the mean colour of a patch does
# not show it, only the outline does. Most counts can be guessed without any picture, since "square"
# has no plural *s* after "a". Only the difference between the bars is due to the picture.
#
# Which patches?
# --------------
# The hidden colour belongs to one group. One to four of the 16 patches show the things of this
# group. Attention rollout (``20_looking_inside.py``) says how much of each patch is in the state of
# [MASK] at the end. But a map of attention proves nothing, as that tutorial says. So we also make a
# direct test. Mask the patches of the named things, or the patches of the other group, and guess
# the colour again.

named, others = (patchify(group_of == number, PATCH).mean(axis=-1) > 0.05 for number in (0, 1))
others &= ~named                         # a patch on which both groups have pixels counts as named


def rollout(attentions):
    """The share of each patch in the last state of the first colour, (B, N)."""
    R = np.eye(T + N)
    for p in attentions:
        R = (p.mean(axis=1) + np.eye(T + N)) / 2 @ R
    return R[everyone, FIRST["colour"], T:]


maps = np.array([rollout(guesses(params, "colour", patches)[1]) for params in models])
weights = {name: interval((maps * where).sum(-1) / where.sum(-1)) for name, where in (
    ("named", named), ("other group", others), ("empty", ~named & ~others))}
for name, figure in weights.items():
    print(f"weight of a patch, {name:11s} {figure}")
judged = {name: interval([guesses(params, "colour", patches, hidden)[0] for params in models])
          for name, hidden in (("the named things", named), ("the other group", others))}
for name, figure in judged.items():
    print(f"colour guessed with {name} masked: {figure}")
assert quick() or judged["the named things"].high < judged["the other group"].low
assert quick() or min(weights["named"].low, weights["other group"].low) > weights["empty"].high

# %%

figure, panels = plt.subplots(2, 4, figsize=(11, 6.2), layout="constrained")
for column, (top, below) in enumerate(panels.T):
    words = caption(scenes[column])
    words[FIRST["colour"][column]] = "[MASK]"
    light = maps[0, column] - maps[0, column].min()
    light = np.kron((0.2 + 0.8 * light / light.max()).reshape(SIZE // PATCH, -1),
                    np.ones((PATCH, PATCH)))[:, :, None]
    top.imshow(held_out[2][column].clip(0, 1))
    below.imshow((held_out[2][column] * light).clip(0, 1))
    write_caption(top, words)
    for axes in (top, below):
        axes.set(xticks=[], yticks=[])
panels[0, 0].set_ylabel("the picture", fontsize=14)
panels[1, 0].set_ylabel("bright: where\n[MASK] looks", fontsize=14)
show(figure, "24_where_it_looks")

# %%
# What to notice: [MASK] looks at things and not at the empty background. But it looks at the other
# group nearly as much as at the named one. From the map alone you would say that it does not know
# which things are meant. The direct test says more. If the named things are masked, the colour is
# lost. If the other group is masked, nine of ten colours are still found. So the model needs the
# named patches. Neither the map nor the test says how the model uses these patches.
#
# Does the caption belong to the picture?
# ---------------------------------------
# The pooled output answers this question. There are three sorts of captions: the right one, the
# caption of another picture, and the right one with one kind changed. A model that always says "it
# belongs" is right on the first sort alone, so look at all three.

rng = np.random.default_rng(3)
near = np.array([ids_of(changed(groups, rng, pairs)) for groups in scenes])
far = np.roll(ids, 1, axis=0)
far_is_wrong = np.array([set(scenes[i]) != set(scenes[i - 1]) for i in everyone])
told = {}
for name, captions, answer, asked in (("right", ids, 0, ~nothing[:, 0]),
                                      ("another's", far, 1, far_is_wrong),
                                      ("one kind changed", near, 1, ~nothing[:, 0])):
    hits = []
    for params in models:
        head = params["matching_head"]
        logits = read(params, captions, patches).pooled_output @ head["W"] + head["b"]
        hits.append((logits.argmax(axis=-1) == answer)[asked])
    told[name] = interval(hits)
    print(f"caption {name:17s} told rightly: {told[name]}")
assert quick() or (told["right"].low + told["another's"].low) / 2 > 0.55

# %%
# If only one kind in a caption is wrong, the model often accepts the caption. To refuse it, the
# model must compare each group with the picture. To refuse the caption of another picture, one
# wrong colour is enough.
#
# Do the patches read the words?
# ------------------------------
# Mask a quarter of the patches. Predict their pixels with the right caption, and with the caption
# of another picture. Most patches are empty, so the *mean patch* of the training pictures is a fair
# baseline.

from albert_np.layers import unpatchify

hidden = np.random.default_rng(4).random((len(ids), N)) < 0.25
hidden[:, 0] |= ~hidden.any(axis=1)
mean_patch = learnt_patches.mean(axis=(0, 1))


def pixels_of(params, captions):
    """The predicted patches (B, N, P), the visible ones as they are."""
    head, states = params["pixel_head"], read(params, captions, patches, hidden).sequence_output
    predicted = states[:, T:] @ head["W"] + head["b"]
    return np.where(hidden[:, :, None], predicted, patches)


errors = {"mean patch": [np.where(hidden[:, :, None], mean_patch, patches)],
          "right caption": [pixels_of(params, ids) for params in models],
          "another's": [pixels_of(params, far) for params in models]}
errors = {name: np.mean([np.square(each - patches).sum((1, 2)) / hidden.sum(1) / P
                         for each in found], axis=0) for name, found in errors.items()}    # (B,)
for name, error in errors.items():
    more = interval(error - errors["right caption"])
    print(f"mean squared error, {name:14s} {error.mean():.3f}, which is more by {more}")
    assert quick() or name == "right caption" or more.low > 0

figure, panels = plt.subplots(3, 4, figsize=(10.5, 8.2), layout="constrained")
rebuilt = pixels_of(models[0], ids)
showing = np.argsort(-(hidden & (named | others)).sum(axis=1), kind="stable")[:4]
grey = np.where(hidden[:, :, None], (0.5 - mean) / std, patches)
for rows, found in zip(panels, (patches, grey, rebuilt)):
    for axes, picture in zip(rows, unpatchify(found[showing], (SIZE, SIZE, 3))):
        axes.imshow((picture * std + mean).clip(0, 1))
        axes.set(xticks=[], yticks=[])
for axes, which in zip(panels[0], showing):
    write_caption(axes, caption(scenes[which]))
for axes, name in zip(panels[:, 0], ("the picture", "what is seen", "what is predicted")):
    axes.set_ylabel(name, fontsize=14)
show(figure, "24_masked_patches")

# %%
# Pictures with many things have large errors, so we compare two errors of the same picture. The
# last numbers of each line are intervals of these differences. What to notice: the predicted
# patches are pale. Nobody can know *where* the missing thing is. Then the mean of all possibilities
# has the smallest squared error. So the model predicts a faint mixture in each masked patch. The
# caption says what is missing, but not where. So the gain over the mean patch is small. With a
# wrong caption the model is worse than the mean patch: it paints what the caption says.
#
# Real pixels: digits
# -------------------
# The digits of scikit-learn were written by people: 1,797 pictures of 8 x 8 pixels, 16 patches of
# 2 x 2. The "caption" is [CLS] alone, and a classification head reads the pooled output
# (CLS.1). The baseline is linear: logistic regression on all pixels.

from albert_np.functional import cross_entropy_backward, cross_entropy_forward
from albert_np.layers import classification_head_backward, classification_head_forward
from albert_np.parameters.initial_values import truncated_normal


def train_on_digits(pixels, labels, epochs, seed):
    """Train embeddings, encoder, pooler and a classification head on patches (_, 16, 4)."""
    rng = np.random.default_rng(seed)
    params = words_and_pictures_parameters(config, *pixels.shape[1:], rng)
    params = {name: params[name]
              for name in ("embeddings", "patch_embeddings", "encoder", "pooler")}
    params["classification_head"] = {
        "W": truncated_normal(rng, (config.hidden_size, 10), 0.1).astype(np.float32),
        "b": np.zeros(10, np.float32)}
    batches = len(pixels) // 32
    optimizer = short_run_adamw(params, 2e-3, epochs * batches)
    for _ in range(epochs):
        for chosen in rng.permutation(len(pixels))[:32 * batches].reshape(batches, 32):
            logits, sequence_cache, head_cache = digit_logits(params, pixels[chosen])
            _, loss_cache = cross_entropy_forward(logits, labels[chosen])
            d_pooled, head_grads = classification_head_backward(
                params["classification_head"], cross_entropy_backward(1.0, loss_cache), head_cache)
            _, grads = words_and_patches_backward(params, None, d_pooled, sequence_cache)
            grads["classification_head"] = head_grads
            clip_by_global_norm(grads, 1.0)
            optimizer.step(params, grads)
    return params


def digit_logits(params, pixels):
    output, sequence_cache = words_and_patches_forward(
        params, config, np.full((len(pixels), 1), ID["[CLS]"]), pixels)
    logits, head_cache = classification_head_forward(params["classification_head"],
                                                     output.pooled_output, config, None)
    return logits, sequence_cache, head_cache


try:
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
except ImportError:
    print("The digits are left out, as scikit-learn is not installed: pip install scikit-learn")
else:
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    learn, test = order[:150 if quick() else 1000], order[1000:]
    pixels = patchify(digits.images[:, :, :, None] / 8 - 1, 2).astype(np.float32)     # (_, 16, 4)
    params = train_on_digits(pixels[learn], digits.target[learn], 1 if quick() else 14, seed=0)
    linear = LogisticRegression(max_iter=3000).fit(digits.data[learn] / 16, digits.target[learn])
    found = {"encoder": digit_logits(params, pixels[test])[0].argmax(axis=-1),
             "linear": linear.predict(digits.data[test] / 16)}
    for name, guessed in found.items():
        print(f"digits, {name:8s} {interval(guessed == digits.target[test])}")
    assert quick() or np.mean(found["encoder"] == digits.target[test]) > 0.9

# %%
# Read the intervals: they overlap widely. With a thousand pictures of 64 pixels, and one seed, the
# intervals do not show that the encoder gains anything over a linear map. The article that
# introduced patches made a similar comparison at a much larger scale: with little data its encoders
# were worse than convolutional networks, and with very much data they were better (Dosovitskiy et
# al. 2021, section 4.3).
#
# What this does not show
# -----------------------
# - Nothing about photographs. Each thing lies almost completely in one patch. It has a pure colour,
#   and the background is empty. A real object covers many patches, and one patch alone does not
#   show what it is.
# - Nothing about language. The grammar has 14 words, and every caption is true and complete.
# - Nothing about the gain from words and pictures together. We did not train a model on words alone
#   or on pictures alone.
# - Only new *pairs* were held out. Every kind, such as a red circle, was seen in training. A colour
#   with a shape that the training never showed is a harder question (exercise 1).
#
# Exercises
# ---------
# 1. Hold out all pictures and captions with a red triangle. Does the model find "red" there?
# 2. Leave out the position embeddings of the patches (keep them at 0). Which of the three losses
#    becomes larger? Which loss stays the same, and why?
# 3. Mask only right captions in ``questions``. How good does matching become in training? How good
#    is it on held-out pictures without masks?
# 4. Learn 100 digits with a fresh encoder, and with the encoder of ``models[0]``. Does it help that
#    this encoder has already learnt shapes?
# 5. Take patches of 4 x 4 pixels: 64 patches, and each thing covers four or more. How long does a
#    step take now? Does the map of attention become sharper?
