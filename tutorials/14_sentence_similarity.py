"""
How alike are two sentences?
============================

"A man is playing a guitar" and "Someone plays an instrument" share hardly a word and mean nearly
the same. People gave such pairs a score from 0 to 5, and a model is to find the score. So this
time the answer is a number, and the input is a pair. A small model learns it from both starts; the
picture is a cloud of dots; and we see what one number, a correlation, does not say about such a
cloud.

Prerequisites: ``08_sentence_order.py`` (pairs) and ``11_finetuning_classification.py``. In the
paper: STS-B, one of the tasks of GLUE, in section 4.2.2 and table 9 (Lan et al. 2020). Run it with
``python tutorials/14_sentence_similarity.py``; pictures go to ``tutorials/output/``. A pretrained
model of yours is used where the variable ``ALBERT_NP_MODEL`` names its folder.
"""

# %%
# Pairs with a score
# ------------------
# Here are five pairs of the training part, from a low score to a high one.

import numpy as np

from albert_np.course.lecture import data_or, quick, show, source_of
from albert_np.tasks.datasets import Classification, Splits, fetch_stsb


def stand_in():
    """Made-up pairs, for a machine without the data set: the score counts what is shared."""
    rng = np.random.default_rng(0)
    words = "man woman dog cat plays sings walks sleeps guitar park house street red old".split()
    rows = []
    for _ in range(500):
        first = rng.choice(words, 5, replace=False)
        shared = int(rng.integers(0, 6))
        rest = rng.choice([word for word in words if word not in first], 5 - shared, replace=False)
        second = rng.permutation([*first[:shared], *rest])
        rows.append(Classification(" ".join(first), " ".join(second), float(shared)))
    return Splits(rows[:350], rows[350:420], rows[420:])


splits = data_or(fetch_stsb, stand_in)
rng = np.random.default_rng(0)
chosen = rng.permutation(len(splits.train))[:60 if quick() else 1500]
splits = Splits([splits.train[i] for i in chosen], splits.dev[:100 if quick() else 400],
                splits.test[:100 if quick() else 700])
for row in sorted(splits.train[:40], key=lambda row: row.label)[::8]:
    print(f"{row.label:.1f}  {row.text[:60]}  |  {row.text_pair[:60]}")

# %%
# A pair as one sequence
# ----------------------
# The model reads ``[CLS] first [SEP] second [SEP]``. Both sentences stand in one sequence, so each
# piece of one can look at each piece of the other. Beside the word and the position, each token has
# its *segment*, 0 in the first sentence and 1 in the second, with an embedding of its own.

from albert_np.course.lecture import small_pretrained, two_starts
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.tasks.datasets.features import sequence_examples
from albert_np.tasks.finetuning import TASKS, Settings

keep_freed_memory()                      # large arrays are allocated again at every step
task = TASKS["similarity"]

settings = Settings("similarity", max_length=64)
models, tokenizer = two_starts(task, small_pretrained(), (), settings)
example = sequence_examples(tokenizer, splits.train[:1], settings.max_length)[0]
print([tokenizer.pieces[i] for i in example["input_ids"]])
print(example["token_type_ids"])

# %%
# A number instead of a class
# ---------------------------
# The head has one column: the pooled ``[CLS]`` gives one number y, which may be any. The loss is
# the mean squared distance from the score s (MSE.1). Its gradient is the distance itself, times
# 2/N (MSE.2): the farther off, the stronger the pull.

from albert_np.functional import mean_squared_error_backward, mean_squared_error_forward

print(source_of(mean_squared_error_forward, "MSE.1"))
print(source_of(mean_squared_error_backward, "MSE.2"))

# %%
# A figure that does not depend on the scale
# ------------------------------------------
# How people use a scale is a matter of taste; what counts is whether the model's numbers rise where
# theirs do. *Pearson's correlation* asks that: 1 where all dots lie on a rising line, 0 where they
# know nothing of each other.
#
# .. math::
#
#    r = \frac{\sum_n (s_n - \bar s)(y_n - \bar y)}
#             {\sqrt{\sum_n (s_n - \bar s)^2}\; \sqrt{\sum_n (y_n - \bar y)^2}}

from albert_np.tasks.metrics import bootstrap
from albert_np.tasks.metrics.bootstrap import ratio


def pearson(rows, predictions):
    """Pearson's correlation with its interval; 0 where the predictions are all the same."""
    s, y = np.array([(row.label, guess["score"]) for row, guess in zip(rows, predictions)]).T
    s, y = s - s.mean(), y - y.mean()

    def of_sums(sums):                                                       # (R, 5)
        s, y, ss, yy, sy = (sums / len(rows)).T
        return ratio(sy - s * y, np.sqrt(np.maximum((ss - s * s) * (yy - y * y), 0)))

    table = np.stack([s, y, s * s, y * y, s * y], axis=1)
    return bootstrap(of_sums(table.sum(axis=0)[None])[0], table, of_sums, np.random.default_rng(0))


# %%
# Training from both starts
# -------------------------

from albert_np.course.lecture import curves, teach
from albert_np.plotting.tasks import learning_curves_figure

histories = {}
for name, model in models.items():
    print(f"\n{name}")
    histories[name] = teach(task, model, tokenizer, splits, settings, pearson,
                            epochs=1 if quick() else 6, batch_size=16, learning_rate=1e-3)
show(learning_curves_figure({name: curves(history) for name, history in histories.items()},
                            "Pearson's correlation"), "14_learning_curves")

# %%
# Beside a count of words
# -----------------------
# Ridge regression over the share of common words and letters (TF-IDF) needs scikit-learn; without
# it the plain share of common words stands there, which anybody can count.

from albert_np.plotting.tasks import baselines_bars_figure
from albert_np.tasks import baselines


def shared_words(row):
    """The words that two sentences share, as a share of all of theirs."""
    first, second = (set(text.lower().strip(".").split()) for text in (row.text, row.text_pair))
    return len(first & second) / len(first | second)


guesses = {"shared words": [shared_words(row) for row in splits.test]}
try:
    guesses["TF-IDF"] = baselines.tfidf_similarity(splits.train, splits.test)
except ValueError as error:
    print(f"TF-IDF is left out. {error}")
predictions = {**{name: [{"score": score} for score in scores] for name, scores in guesses.items()},
               **{name: task.predict(model, tokenizer, splits.test, settings)
                  for name, model in models.items()}}
figures = {name: pearson(splits.test, found) for name, found in predictions.items()}
for name, figure in figures.items():
    print(f"{name:14} {figure}")
show(baselines_bars_figure(figures, "Pearson's correlation on the test part"), "14_test")

# %%
# Counting shared words is a strong rule here, and a humbling one. To find it, a network has to
# compare every piece of one sentence with every piece of the other: some head must learn to look
# for *the same word in the other segment*. Nothing in random weights does that, and a thousand
# pairs are few to find it from. Pretrained attention comes nearer to it, the more the longer it
# was pretrained. Read off the picture which of the two starts came how far; the published models
# reach 0.9 and more (table 9).
#
# The cloud
# ---------

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREY, ORANGE

gold = np.array([row.label for row in splits.test])
figure, all_axes = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained", sharex=True,
                                sharey=True)
for axes, name, colour, marker in zip(all_axes, models, (BLUE, ORANGE), "os"):
    scores = np.array([guess["score"] for guess in predictions[name]])
    axes.plot([0, 5], [0, 5], color=GREY, linestyle="--", label="predicted = score")
    axes.scatter(gold, scores, s=18, color=colour, marker=marker, alpha=0.4, linewidths=0)
    axes.set_title(f"{name}: r = {figures[name].value:.2f}", fontsize=15)
    axes.set_xlabel("score by people", fontsize=14)
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)
    print(f"{name:14} scores from {scores.min():.1f} to {scores.max():.1f}, "
          f"standard deviation {scores.std():.2f} (people's: {gold.std():.2f})")
all_axes[0].set_ylabel("predicted score", fontsize=14)
figure.legend(*all_axes[0].get_legend_handles_labels(), fontsize=14, loc="outside lower center")
show(figure, "14_clouds")

# %%
# A cloud that is flatter than the dashed line belongs to a model that knows little. The mean square
# punishes bold guesses, so whoever is unsure stays near the mean, where nobody is far off.
#
# What goes wrong: a correlation hides the scale
# ----------------------------------------------
# Halve all predictions and add 10: Pearson's r is the same, and every score is wrong. So beside r
# one looks at the cloud, or at the mean distance.

squeezed = [{"score": 10 + guess["score"] / 2} for guess in predictions["pretrained"]]
for name, found in (("as predicted", predictions["pretrained"]), ("halved, plus 10", squeezed)):
    distance = np.mean([abs(row.label - guess["score"]) for row, guess in zip(splits.test, found)])
    print(f"{name:16} r = {pearson(splits.test, found).value:.3f}   mean distance {distance:.2f}")
assert np.isclose(pearson(splits.test, squeezed).value, figures["pretrained"].value)

# %%
# Exercises
# ---------
# 1. Swap the two sentences of every test pair. By how much do the predictions change? Should they?
# 2. Train on each pair in both orders. Does that help, and why?
# 3. Show that of all constant predictions the mean score has the smallest mean square. What is its
#    r?
# 4. Put the share of common words beside the model's score, and fit a plane to both (least squares,
#    on the development part). Does the model know anything that counting does not?
