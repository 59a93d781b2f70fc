"""
What is a pretrained model worth to a task?
===========================================

Labels are dear, plain text is not. So a model first learns from plain text, and only then, from a
few labelled examples, what it is really wanted for: *fine-tuning*. Here the task is to tell spam
from other text messages. The same model learns it twice, once from fresh weights and once from
pretrained ones, and is measured against two methods without a neural network.

Prerequisites: ``01_text_to_ids.py``, ``04_attention.py`` and ``09_pretraining.py``. In the paper:
section 4.2.2 says how models are compared on tasks, table 14 with which settings (Lan et al. 2020).
Run it with ``python tutorials/11_finetuning_classification.py``; pictures go to
``tutorials/output/``. A pretrained model of yours is used where the variable ``ALBERT_NP_MODEL``
names its folder; otherwise a small one is pretrained here, for about a minute.
"""

# %%
# Messages with labels
# --------------------
# A data set has three parts. From the *training part* the model learns. On the *development part*
# it is measured after each pass over the training part (an *epoch*), and the best epoch is kept.
# The *test part* is looked at once, at the very end: a part by which something was chosen makes
# what was chosen look better than it is.

import numpy as np

from albert_np.course.lecture import data_or, made_up_messages, quick, show, source_of
from albert_np.tasks.datasets import Splits, fetch_sms_spam

splits = data_or(fetch_sms_spam, made_up_messages)
rows = 150 if quick() else 600
splits = Splits(splits.train[:rows], splits.dev[:rows], splits.test[:600], splits.labels)
for row in splits.train[:4]:
    print(f"{row.label:5} {row.text[:85]}")
share = np.mean([row.label == "spam" for row in splits.train])
print(f"{len(splits.train)} messages to learn from, {share:.0%} of them spam")

# %%
# The data set has more messages than are used here. We pretend that only so many were labelled,
# since that is when pretraining is needed.
#
# From a text to a label
# ----------------------
# The encoder makes a row of H numbers (a *hidden state*) for each token, and a message needs one
# row for all of them. ALBERT takes that of the first token, ``[CLS]``, which stands in front of
# every text and means nothing itself: attention can bring to it whatever matters. It goes through
# a matrix and a tanh, the *pooler* (POOL.1), and then through the one part that is new, the
# classification *head*: a matrix from H numbers to K, one score (*logit*) for each of the K labels
# (CLS.1). Softmax makes probabilities of the logits, and the loss is the cross-entropy, minus the
# logarithm of the probability of the true label (CE.1).

from albert_np.layers import classification_head_forward, pooler_forward

print(source_of(pooler_forward, "POOL.1", lines_around=1))
print(source_of(classification_head_forward, "CLS.1"))

# %%
# Two starts
# ----------
# The pretrained model has learnt to fill gaps in plain text, as in ``07_masked_language_model.py``:
# some of Wikipedia, and the messages and sentences of the training parts of all tasks, without
# their labels. (Where no data set is at hand, in the documentation of Python.) Nobody had to label
# anything for that. It learns with one layer first; then the same layer is applied three times.

from albert_np.course.lecture import small_pretrained, two_starts
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.parameters import count
from albert_np.tasks.finetuning import TASKS, Settings

keep_freed_memory()                      # large arrays are allocated again at every step
task = TASKS["classification"]

settings = Settings("classification", max_length=64)       # longer messages lose their end
models, tokenizer = two_starts(task, small_pretrained(), splits.labels, settings)
for part, branch in models["pretrained"].params.items():
    print(f"  {part:20} {count(branch):9,} parameters")

# %%
# Fine-tuning trains *all* of them, not the head alone: the gradient of the loss flows through the
# head, the pooler and the encoder down to the word table. Only the beginning differs between our
# two models: embeddings, encoder and pooler are random in one and pretrained in the other. The
# head is random in both.

fresh, pretrained = (models[name].params["embeddings"]["word"] for name in models)
assert fresh.shape == pretrained.shape and not np.array_equal(fresh, pretrained)

# %%
# How good, and how sure of that?
# -------------------------------
# The *accuracy* is the share of messages with the right label. With other test messages it would be
# another number, and the *bootstrap* says how different: draw as many messages from the part as
# there are in it, some of them twice and some not at all; compute the accuracy; a thousand times.
# The interval in brackets holds 95 % of these numbers.

from albert_np.tasks.metrics import bootstrap


def accuracy(rows, predictions):
    """The share of labels that are right, with its interval."""
    hits = np.array([row.label == guess["label"] for row, guess in zip(rows, predictions)])
    return bootstrap(hits.mean(), hits[:, None], lambda sums: sums[:, 0] / len(hits),
                     np.random.default_rng(0))


# %%
# Training
# --------
# Training repeats one step. Take 16 messages, drawn at random. The forward pass computes the loss.
# The backward pass computes the gradient of every parameter. If the gradient is longer than 1,
# shorten it (CLIP.1). Then the optimiser moves every parameter a little against its gradient. The
# learning rate rises during the first tenth of the steps and then falls to 0 in a straight line
# (``10_optimizers.py`` says why). After each epoch we measure the accuracy on the development part.
# At the end we keep the parameters of the best epoch.

from albert_np import AdamW
from albert_np.optim import clip_by_global_norm, warmup_polynomial_decay
from albert_np.parameters import tree_map
from albert_np.plotting.tasks import learning_curves_figure

epochs, batch_size = (2 if quick() else 6), 16
examples = [example for row in task.features(tokenizer, splits.train, splits.labels, settings)
            for example in row]
steps = epochs * -(-len(examples) // batch_size)           # the last batch may be smaller
curves = {}
for name, model in models.items():
    rng = np.random.default_rng(0)                         # draws the order, and dropout masks
    rate = warmup_polynomial_decay(1e-3, steps, steps // 10)
    optimizer = AdamW(model.params, lr=rate, betas=(0.9, 0.98))      # 0.98: for a short run
    losses, accuracies, best = [], [], None
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(examples))
        for first in range(0, len(order), batch_size):
            chosen = [examples[i] for i in order[first:first + batch_size]]
            batch = task.collate(model.config, chosen)     # padded to the longest of them
            output, cache = model.forward(**batch, rng=rng)
            grads = model.backward(cache)
            clip_by_global_norm(grads, 1.0)
            optimizer.step(model.params, grads)
            losses.append((optimizer.steps, output.loss))
        figure = accuracy(splits.dev, task.predict(model, tokenizer, splits.dev, settings))
        accuracies.append((epoch, figure.value, figure.low, figure.high))
        print(f"{name}, epoch {epoch}: loss {np.mean([loss for _, loss in losses[-20:]]):.3f}, "
              f"accuracy on the development part {figure}")
        if best is None or figure.value > best.value:
            best, best_params = figure, tree_map(np.copy, model.params)
    model.params = best_params
    curves[name] = {"losses": losses, "epochs": accuracies}

show(learning_curves_figure(curves, "accuracy"), "11_learning_curves")

# %%
# The left panel shows the loss on the training part at each step. The right panel shows the
# accuracy on the development part after each epoch. The star is the epoch that is kept.
#
# Once more, the test part
# ------------------------
# Two methods without a network belong beside every such figure. The first gives every message the
# commonest label. The second, TF-IDF with logistic regression, counts words, weighs rare ones more,
# and draws a plane between the labels; it needs scikit-learn.

from albert_np.plotting.tasks import baselines_bars_figure
from albert_np.tasks import baselines

predictions = {name: task.predict(model, tokenizer, splits.test, settings)
               for name, model in models.items()}
guesses = {"commonest label": baselines.commonest_label(splits.train, splits.test)}
try:
    guesses["TF-IDF"] = baselines.tfidf_labels(splits.train, splits.test)
except ValueError as error:
    print(f"TF-IDF is left out. {error}")
predictions = {**{name: [{"label": label} for label in labels] for name, labels in guesses.items()},
               **predictions}
figures = {name: accuracy(splits.test, found) for name, found in predictions.items()}
for name, figure in figures.items():
    print(f"{name:16} {figure}")
show(baselines_bars_figure(figures, "accuracy on the test part"), "11_test")

# %%
# Read the intervals before the bars: where two of them overlap widely, these messages do not say
# which method is better. And here is the answer to the question of the title, for this model and
# this task: the difference between the last two rows, printed below. Expect little of it, in
# either direction: words that give a message away ("free", "claim") are learnt from a few hundred
# labelled messages by any method. Look at the first epoch in the curves instead. A start can save
# steps without ending higher. ``12_named_entities.py`` is a task that asks for more. The published
# models were pretrained for days and not for a minute, and there the difference is large (section
# 4.9 and table 9 of the paper).

gain = figures["pretrained"].value - figures["from scratch"].value
print(f"pretrained minus from scratch: {gain:+.3f}")

# %%
# What goes wrong: a rare label
# -----------------------------
# The first bar is high, and it is worth nothing: spam is rare, so whoever never says "spam" is
# right most of the time. The *confusion matrix* shows it. A row holds the messages of one true
# label, a column those that were called so.

from albert_np.plotting.tasks import confusion_matrix_figure
from albert_np.tasks.metrics import confusion_matrix

true = [row.label for row in splits.test]
called = [guess["label"] for guess in predictions["pretrained"]]
found = np.mean([guess == "spam" for label, guess in zip(true, called) if label == "spam"])
never = np.mean([guess == "spam" for label, guess in zip(true, guesses["commonest label"])
                 if label == "spam"])
print(f"share of the spam that is found: {found:.0%} by the model, {never:.0%} by commonest label")
assert never == 0
counts, names = confusion_matrix(true, called, splits.labels)
show(confusion_matrix_figure(counts, names, "pretrained, test part"), "11_confusion")

# %%
# Is it as sure as it says?
# -------------------------
# The model gives probabilities. Those that it gives 90 % to should be right nine times in ten. The
# picture sorts messages by how sure the model was and asks how often it was right.

from albert_np.plotting.tasks import reliability_figure
from albert_np.tasks.metrics import calibration_bins, expected_calibration_error

p = np.array([list(guess["probabilities"].values()) for guess in predictions["pretrained"]])
numbers = [splits.labels.index(label) for label in true]
show(reliability_figure(calibration_bins(numbers, p), expected_calibration_error(numbers, p)),
     "11_reliability")
sure = {right: p.max(axis=1)[[(label == guess) is right for label, guess in zip(true, called)]]
        for right in (True, False)}
for right, values in sure.items():
    if len(values):
        print(f"{len(values):4} {'right' if right else 'wrong'} ones, "
              f"on average {values.mean():.1%} sure")

# %%
# Points above the dashed line: it was right more often than it said. Points below it: it was too
# sure, which is what training for many epochs does. The bars below tell which points rest on few
# messages and need not be believed. Where all messages stand in the last bar, the model is sure of
# everything, of its mistakes as well: the last line says how sure.
#
# Exercises
# ---------
# 1. Learn from 100 messages, then from all that there are (``splits.train`` before it was cut). For
#    which number do the two starts differ most?
# 2. Train the head alone: in the loop above, set the gradients of all other parts to 0. How much is
#    lost?
# 3. Multiply the learning rate by 10. How is that seen in the learning curves?
# 4. Take ``fetch_polarity`` in place of ``fetch_sms_spam``: praise or blame of films. Why is
#    counting words worth less there?
# 5. ``albert-np finetune classification --data sms-spam`` does all this in one command, on all
#    messages. Compare its figures with those above.
