"""
What can fifty labels and a thousand texts teach?
=================================================

It is easy to collect texts. But a text gets a label only if somebody reads it. Suppose that fifty
messages have a label and a thousand do not. Two old ideas use the messages without labels too.
*Self-training*: a first model labels these messages, and a second model learns from the answers
that the first model is sure of. *Consistency*: the answer of the model should stay the same if the
model is disturbed a little. To measure this, no label is needed. We compare both ideas with
training on the fifty labels alone, and with training on all labels. We do this for five random
choices (*draws*) of the fifty messages.

Prerequisites: ``03_softmax_gelu_layer_norm.py`` and ``11_finetuning_classification.py``. The ideas
are from Lee 2013 (pseudo-labels) and from Laine and Aila 2017 (the Pi-model). Run it with
``python tutorials/23_a_few_labels.py``. The pictures are saved in ``tutorials/output/``. A
pretrained model of yours is used if the variable ``ALBERT_NP_MODEL`` names its folder; otherwise a
small one is pretrained here.
"""

# %%
# Fifty messages with labels
# --------------------------
# The task is the same as in ``11_finetuning_classification.py``: spam or not. We have all labels,
# but we hide most of them. A method sees the labels of fifty messages, drawn at random. There is no
# development part. Somebody who has fifty labels does not have five hundred more to choose the best
# epoch. A comparison with so many more labels is not fair (Oliver et al. 2018). So we fix the
# number of steps before the training.

import numpy as np

from albert_np.course.lecture import data_or, made_up_messages, quick, show, source_of
from albert_np.tasks.datasets import fetch_sms_spam

splits = data_or(fetch_sms_spam, made_up_messages)
is_real = splits.train[0].text not in {row.text for row in made_up_messages().train}
pool = splits.train[:150 if quick() else 1200]             # of which 50 have a label
test = [*splits.dev, *splits.test][:100 if quick() else 500]
seeds = range(2 if quick() else 5)
truth = np.array([splits.labels.index(row.label) for row in pool])                    # (N,)
print(f"{len(pool):,} messages to learn from, {np.mean(truth):.0%} of them spam; "
      f"{len(test)} to test with")

# %%
# As in that tutorial, the model is pretrained on plain text: it has seen the messages, without
# their labels. So pretraining is a third way to learn from texts without labels. All four methods
# use it. They also use dropout: each pass chooses a tenth of the numbers at random and sets them to
# 0 (DO.1). The shared layer is applied only once here, because we train twenty models below. Once
# is enough, because a single word often shows that a message is spam.

from albert_np.course.lecture import small_pretrained
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.tasks.finetuning import TASKS, Settings
from albert_np.tasks.finetuning.start import from_pretrained

keep_freed_memory()                      # large arrays are allocated again at every step
task, settings = TASKS["classification"], Settings("classification", max_length=40)
folder = small_pretrained()
changes = {**task.configuration(splits.labels), "num_hidden_layers": 1,
           "classifier_dropout_prob": 0.1, "hidden_dropout_prob": 0.1,
           "attention_probs_dropout_prob": 0.1}


def start(seed):
    """The pretrained model with a fresh head, which the seed draws."""
    return from_pretrained(task.MODEL, folder, changes, settings.max_length, seed)


_, tokenizer = start(0)
examples = [example for row in task.features(tokenizer, pool, splits.labels, settings)
            for example in row]

# %%
# Learning from labels
# --------------------
# Three of the four methods use the same function. It trains a model on messages with labels. These
# labels can be true labels or predicted labels.

from albert_np.course.lecture.short_runs import short_run_adamw
from albert_np.optim import clip_by_global_norm


def batches(rows, size, steps, rng):
    """So many rows for each step, in random order; after the last one, in another order."""
    order = []
    for _ in range(steps):
        while len(order) < size:
            order += rng.permutation(len(rows)).tolist()
        yield [rows[i] for i in order[:size]]
        order = order[size:]


def learn(rows, steps, seed):
    """Train a model for so many steps of 16 messages with labels."""
    (model, _), rng = start(seed), np.random.default_rng([seed, 1])
    optimizer = short_run_adamw(model.params, 1e-3, steps)
    for chosen in batches(rows, 16, steps, rng):
        _, cache = model.forward(**task.collate(model.config, chosen), rng=rng)
        grads = model.backward(cache)
        clip_by_global_norm(grads, 1.0)
        optimizer.step(model.params, grads)
    return model


def probabilities_of(model, rows):
    """The probability of each label for each message, without dropout."""
    predictions = task.predict(model, tokenizer, rows, settings)
    return np.array([list(each["probabilities"].values()) for each in predictions])   # (N, K)


# %%
# Self-training
# -------------
# A first model learns from the fifty labels. Then it predicts a label for each of the other
# messages. We keep a message if the probability of its label reaches a threshold:

from albert_np.tasks.finetuning.pseudo_labels import choose_pseudo_labels

print(source_of(choose_pseudo_labels, "PSEUDO.1", lines_around=1))

# %%
# A second model starts with the same weights as the first. It learns from the fifty true labels and
# from these *pseudo-labels*. It does not continue from the end of the first model, so it does not
# have to keep the mistakes of the first model. What can it gain? The first model knows "free" and
# "win" from its fifty messages. A message with "free" often has other words of spam too, such as
# "claim". The second model learns these words. What can it not gain? If the first model is sure of
# a wrong label, the second model learns the same mistake.


def with_pseudo_labels(labelled, others, probabilities, confidence):
    """The labelled messages, and those of the others that the model is sure of."""
    rows, classes, _ = choose_pseudo_labels(probabilities, confidence)
    return [*labelled, *({**others[i], "labels": np.int64(k)} for i, k in zip(rows, classes))]


# %%
# Consistency under dropout
# -------------------------
# The *Pi-model* sends each message through the model twice, with different dropout masks. If the
# two answers differ, they depend on the numbers that dropout happened to keep. The loss is the mean
# squared difference of the probabilities (CONS.1). Both passes get a gradient (CONS.3, CONS.4):

from albert_np.functional import (consistency_backward, consistency_forward,
                                  cross_entropy_backward, cross_entropy_forward, ramp_up)
from albert_np.functional.trees import add_in_place

print(source_of(consistency_forward, "CONS.1"))
print(source_of(consistency_backward, "CONS.2", "CONS.3", "CONS.4", lines_around=1))

# %%
# If we used this loss alone, a model that gives all messages the same answer would have loss 0. The
# cross-entropy of the labelled messages is larger for such a model. But this may not be enough. If
# a model is sure of its answers, the gradient is near 0 (see the p in front of the bracket of
# CONS.3). So a model that has become sure of one answer does not change it. This is why the weight
# of the loss is almost 0 at first. It grows while the head learns what the labels are (RAMP.1).


def learn_consistently(labelled, others, steps, seed, largest=10.0):
    """Train the Pi-model: 8 messages with labels and 12 without, in two passes."""
    (model, _), rng = start(seed), np.random.default_rng([seed, 1])
    optimizer = short_run_adamw(model.params, 1e-3, steps)
    weight = ramp_up(largest, max(1, steps // 2))
    for step, (few, many) in enumerate(zip(batches(labelled, 8, steps, rng),
                                           batches(others, 12, steps, rng))):
        batch = task.collate(model.config, [*few, *many])
        labels = np.r_[batch.pop("labels")[:8], np.full(12, -100)]    # -100: not looked at
        one, one_cache = model.forward(**batch, rng=rng)
        two, two_cache = model.forward(**batch, rng=rng)              # with other masks
        _, loss_cache = cross_entropy_forward(one.logits, labels)
        _, consistency_cache = consistency_forward(one.logits, two.logits)
        dx, dz = consistency_backward(np.float32(weight(step)), consistency_cache)
        dx = dx + cross_entropy_backward(np.float32(1), loss_cache)
        grads = model.backward(one_cache, {"logits": dx})
        add_in_place(grads, model.backward(two_cache, {"logits": dz}))
        clip_by_global_norm(grads, 1.0)
        optimizer.step(model.params, grads)
    return model


# %%
# Four methods, five draws of the fifty
# -------------------------------------
# The choice of the fifty messages is luck: three of them may be spam, or ten. So we repeat
# everything with five draws. In one draw, all methods see the same fifty messages. The score is F1
# of spam, since a model that never says "spam" has a high accuracy and an F1 of 0. The numbers of
# steps differ. With fifty labels, and with the Pi-model, we train for 120 steps. If many messages
# have labels or pseudo-labels, we train for 200 steps. The first model sees each of its fifty
# messages about forty times.

from albert_np.tasks.metrics import f1

steps = {"few": 4, "many": 6} if quick() else {"few": 120, "many": 200}
confidence = 0.5 if quick() else 0.95
names = ("50 labels", "self-training", "Pi-model", "all labels")
scores, teachers = {name: [] for name in names}, []
for seed in seeds:
    order = np.random.default_rng([seed, 0]).permutation(len(pool))
    few, rest = order[:50], order[50:]
    labelled, others = [examples[i] for i in few], [examples[i] for i in rest]
    first = learn(labelled, steps["few"], seed)
    p = probabilities_of(first, [pool[i] for i in rest])
    taught = with_pseudo_labels(labelled, others, p, confidence)
    models = {"50 labels": first, "self-training": learn(taught, steps["many"], seed),
              "Pi-model": learn_consistently(labelled, others, steps["few"], seed),
              "all labels": learn(examples, steps["many"], seed)}
    teachers.append((rest, p, models["self-training"]))
    for name, model in models.items():
        guessed = [splits.labels[k] for k in probabilities_of(model, test).argmax(axis=-1)]
        scores[name].append(f1([row.label for row in test], guessed, "spam").value)
    spam = sum(int(example["labels"]) for example in taught[50:])
    print(f"draw {seed}: {truth[few].sum():2} of 50 are spam; {len(taught) - 50:,} pseudo-labels, "
          f"{spam} of them spam; " + ", ".join(f"{name} {scores[name][-1]:.3f}" for name in names))

# %%
# The interval goes from 2.78 standard errors below the mean of the five draws to 2.78 above it. The
# number 2.78 comes from Student's t. It is large because five numbers say little about their own
# spread. To compare two methods, take the difference of their scores for each draw. If the fifty
# messages of a draw are lucky for both methods, this luck cancels.

t_quantile = {2: 12.71, 5: 2.776}[len(seeds)]              # 97.5 %, of n - 1 degrees of freedom


def interval(values):
    """The mean of some draws, and half the width of its 95 % interval."""
    return np.mean(values), t_quantile * np.std(values, ddof=1) / np.sqrt(len(values))


for name in names:
    print("{:14} F1 {:.3f} ± {:.3f}".format(name, *interval(scores[name])))
gains = {name: interval(np.subtract(scores[name], scores["50 labels"])) for name in names[1:]}
for name, (middle, half) in gains.items():
    verdict = ("better" if middle > half else "worse" if middle < -half else
               "not shown to differ: the interval contains 0")
    print(f"{name} minus 50 labels: {middle:+.3f} ± {half:.3f}, {verdict}")
if is_real and not quick():
    assert gains["all labels"][0] > gains["all labels"][1]

# %%
# Read the last three lines before you look at the picture. More true labels help. The gain from all
# labels shows how much the other two methods could gain at most. Their intervals say whether they
# gain a part of it. If an interval contains 0, five draws do not show a gain. The settings are not
# tuned, since we have no labels for tuning. The threshold of 0.95 is taken from FixMatch (Sohn et
# al. 2020). The largest weight is 10. This is about the size that the paper of the Pi-model uses:
# 100 times the share of the texts that have a label. Here this would be 4.
#
# Look also at the lines of the draws: how many pseudo-labels are spam? If the first model is sure
# of ham only (messages that are not spam), the second model learns from a thousand messages that
# spam is rarer than it really is. The consistency loss has the same weakness: "everything is ham"
# is an answer that no dropout mask changes.
#
# The picture has a line for each draw.

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE, label_axes

figure, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
places = np.arange(len(names))
for draw in range(len(seeds)):
    axes.plot(places, [scores[name][draw] for name in names], color=GREY, alpha=0.5, linewidth=1,
              marker="o", markersize=5)
for place, name, color in zip(places, names, ("black", BLUE, ORANGE, GREEN)):
    middle, half = interval(scores[name])
    axes.errorbar(place + 0.12, middle, half, color=color, marker="s", markersize=9, capsize=6,
                  linewidth=2.5)
axes.set_xticks(places, names)
axes.set_xlim(-0.4, len(names) - 0.6)
axes.set_ylim(max(0, axes.get_ylim()[0]), min(1.02, axes.get_ylim()[1]))
label_axes(axes, "", "F1 of spam on the test part",
           "Grey lines: one draw of the fifty each. Squares: mean and 95 % interval", grid="y")
show(figure, "23_four_methods")

# %%
# What a threshold does
# ---------------------
# We have the hidden labels. So we can count how many of the pseudo-labels are wrong. Self-training
# never knows this number. A higher threshold keeps fewer messages, and fewer wrong ones among them.

thresholds = 1 - np.logspace(-0.3, -2.5, 12)               # 0.5 to 0.997
kept = np.zeros((len(seeds), len(thresholds)))
wrong = np.zeros_like(kept)
for draw, (rest, p, _) in enumerate(teachers):
    for column, threshold in enumerate(thresholds):
        rows, classes, _ = choose_pseudo_labels(p, threshold)
        kept[draw, column] = len(rows) / len(rest)
        wrong[draw, column] = np.mean(classes != truth[rest[rows]]) if len(rows) else np.nan
figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for axes, shares, color, title in zip(panels, (kept, wrong), (BLUE, ORANGE), (
        "messages that are kept", "wrong labels among the kept")):
    axes.plot(1 - thresholds, 100 * shares.T, color=color, alpha=0.6, marker="o", markersize=4)
    axes.set_xscale("log")
    axes.invert_xaxis()
    axes.set_xticks([0.5, 0.1, 0.05, 0.01, 0.003], ["0.5", "0.9", "0.95", "0.99", "0.997"])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    label_axes(axes, "threshold", "per cent", title)
show(figure, "23_thresholds")

# %%
# Wrong and sure
# --------------
# Here are messages for which a first model was wrong, although its probability reached the
# threshold. Self-training cannot find these mistakes: for the second model they look like all other
# labels.

found = []
for rest, p, second in teachers:
    rows, classes, counts = choose_pseudo_labels(p, confidence)
    bad = classes != truth[rest[rows]]
    again = (probabilities_of(second, [pool[i] for i in rest[rows[bad]]]).argmax(axis=-1)
             if bad.any() else np.zeros(0, int))
    found.append((len(rows), bad.sum(), (again == classes[bad]).sum(),
                  truth[rest[rows]].sum(), counts[1]))
    for row, k in zip(rows[bad][:2], classes[bad]):
        print(f"{splits.labels[k]} with {p[row, k]:.3f}, truly {splits.labels[1 - k]}: "
              f"{pool[rest[row]].text[:70]}")
totals = np.sum(found, axis=0)
print("kept {:,}, of them wrong {:,}; the second model repeats {:,} of the wrong ones; {:,} of the "
      "kept are spam, {:,} are called so".format(*totals))
assert totals[2] <= totals[1] <= totals[0]

# %%
# Compare the share of wrong labels among the kept messages with 5 %. If a model is right as often
# as its probabilities say, at most 5 % of its labels are wrong at a threshold of 0.95. For our kept
# messages it would be 1 or 2 %, because most of them have a probability above 0.99 (left panel).
# But in the right panel three of the five draws have more than 5 %. These models have seen each of
# the fifty messages dozens of times. So their probabilities are too high (the reliability diagram
# of tutorial 11 shows such a model). Then the threshold does not protect the second model.
#
# What this does not show: other tasks, larger models, another number of labels, or what better
# settings would give. Single words are enough to recognise most spam. If a first model is wrong but
# sure because of a single word, more texts make the second model surer, not better. And the
# Pi-model of the paper reads pictures, and it also shifts and mirrors them. Here we have texts, and
# dropout is the only disturbance.

# %%
# Exercises
# ---------
# 1. Take the ramp-up away (a weight of ``largest`` from the first step on) and let ``largest`` be
#    4, 40 and 400. When do all messages get one label? Explain it by (CONS.3).
# 2. Treat the second pass as a fixed target: leave out ``dz``. Derive what remains of the gradient
#    if both passes are equal on average, and compare the scores.
# 3. Draw 10 labels in place of 50, then 200. For which number does self-training gain most?
# 4. Let self-training run for five rounds. Each round learns from the pseudo-labels of the round
#    before. Count the wrong pseudo-labels of each round. Does a mistake ever go away?
# 5. ``albert-np finetune classification --data FEW --unlabelled MANY`` does self-training in one
#    command. Look into its ``pseudo-labels.jsonl`` and find a label that you would not give.
