"""
Which words are a name?
=======================

A *named entity* is a person, a place, a product: something with a name of its own. To find names,
the model gives a tag to every word instead of one label to the whole text. This tutorial shows how
words, tags and pieces are kept together, how whole names are counted, and what a small model
learns from both starts. It also shows why nearly all words can be right while nothing is found.

Prerequisites: ``01_text_to_ids.py`` and ``11_finetuning_classification.py``. ALBERT's paper has no
such task (Lan et al. 2020); the way of doing it is that of BERT (Devlin et al. 2019, section 5.3).
Run it with ``python tutorials/12_named_entities.py``; pictures go to ``tutorials/output/``. A
pretrained model of yours is used where the variable ``ALBERT_NP_MODEL`` names its folder.
"""

# %%
# Words with tags
# ---------------
# A name may have several words, and two names may follow each other. So the first word of a name is
# tagged ``B-`` and its type (it *begins*), further words ``I-`` (*inside*), and all others ``O``
# (*outside*): BIO. The data set holds messages of social media. Its test part was chosen so that
# hardly any name of it stands in the training part: to learn names by heart does not help.

import numpy as np

from albert_np.course.lecture import data_or, quick, show
from albert_np.tasks.datasets import Splits, Tagged, fetch_wnut17
from albert_np.tasks.finetuning import TASKS

task = TASKS["entities"]


def stand_in():
    """Made-up sentences, for a machine without the data set."""
    rng = np.random.default_rng(0)
    people, places = "Anna Ben Carla David".split(), ["New York", "Oslo", "Lima", "Cape Town"]
    rows = []
    for _ in range(300):
        person, place = rng.choice(people), rng.choice(places).split()
        if rng.random() < 0.4:
            words, tags = ["it", "rains", "in"], ["O"] * 3
        else:
            words, tags = [str(person), "moved", "to"], ["B-person", "O", "O"]
        tags += ["B-location", *["I-location"] * (len(place) - 1), "O", "O"]
        rows.append(Tagged((*words, *place, "this", "week"), tuple(tags)))
    return Splits(rows[:200], rows[200:250], rows[250:])


splits = data_or(fetch_wnut17, stand_in)
labels = task.labels_of(splits.train)
# Sentences with a name are few: all of them are taken, and as many of the others, up to a limit.
rng = np.random.default_rng(0)
named = [row for row in splits.train if set(row.tags) != {"O"}]
others = [row for row in splits.train if set(row.tags) == {"O"}]
train = [*named, *others[:len(named)]]
train = [train[i] for i in rng.permutation(len(train))]
splits = Splits(train[:60] if quick() else train[:1500], splits.dev[:60 if quick() else 250],
                splits.test[:60 if quick() else 500], labels)
row = next(row for row in splits.train if any(tag.startswith("I-") for tag in row.tags))
print(f"{len(splits.train)} sentences to learn from, {len(labels)} tags; one of them:")
for word, tag in zip(row.words, row.tags):
    print(f"  {word:18} {tag}")

# %%
# One tag a word, several pieces a word
# -------------------------------------
# The tokenizer cuts words into pieces, and the model has a hidden state for each piece. Which of
# them answers for the word? The first. The others carry the label -100, "not asked": the loss
# leaves them out, and so no gradient comes from them. (They are still seen, and the first one
# learns from them by attention.)

from albert_np.course.lecture import small_pretrained, two_starts
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.tasks.datasets.features import tag_windows
from albert_np.tasks.finetuning import Settings

keep_freed_memory()                      # large arrays are allocated again at every step

settings = Settings("entities", max_length=64)
models, tokenizer = two_starts(task, small_pretrained(), labels, settings)
window = tag_windows(tokenizer, row, labels, settings.max_length)[0]
for i, word, label in list(zip(window["input_ids"], window["word_ids"], window["labels"]))[:16]:
    print(f"  {tokenizer.pieces[i]:12} word {word if word >= 0 else '-':>3}   "
          f"{labels[label] if label >= 0 else 'not asked'}")
assert (window["labels"] >= 0).sum() == (window["word_ids"] >= 0).sum() > 0

# %%
# The head is that of ``11_finetuning_classification.py`` (CLS.1), without the pooler, and at every
# token: from H numbers to one logit for each tag.
#
# Counting whole names
# --------------------
# A name counts as found if its type, its first and its last word are right; half a name is no name.
# *Precision* is the share of the guessed names that are right, *recall* the share of the true names
# that are found. Either can be had alone (guess one sure name; guess everything), so both are put
# together, by their harmonic mean:
#
# .. math::
#
#    F_1 = \frac{2}{1/\text{precision} + 1/\text{recall}}
#        = \frac{2 \cdot \text{found}}{\text{true} + \text{guessed}}
#
# The second form follows with precision = found / guessed and recall = found / true, and it needs
# no exception where nothing was found.

from albert_np.tasks.finetuning.recipes.entities import entities_of
from albert_np.tasks.metrics import bootstrap
from albert_np.tasks.metrics.bootstrap import ratio


def counts(rows, predictions):
    """For each sentence the numbers of names that are found, true, and guessed: (N, 3)."""
    table = []
    for row, guess in zip(rows, predictions):
        true, guessed = ({(name["type"], name["first"], name["last"])
                          for name in entities_of(row.words, tags)}
                         for tags in (row.tags, guess["tags"]))
        table.append((len(true & guessed), len(true), len(guessed)))
    return np.array(table)


def f1(rows, predictions):
    """F1 of whole names, with its bootstrap interval."""
    def of_sums(sums):                                                       # (R, 3)
        return ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2])

    table = counts(rows, predictions)
    return bootstrap(of_sums(table.sum(axis=0)[None])[0], table, of_sums, np.random.default_rng(0))


def words_right(rows, predictions):
    """The share of words with the right tag."""
    return np.mean([tag == guess for row, found in zip(rows, predictions)
                    for tag, guess in zip(row.tags, found["tags"])])


# %%
# Training from both starts
# -------------------------
# ``teach`` is the loop of ``11_finetuning_classification.py`` as a function.

from albert_np.course.lecture import curves, teach
from albert_np.plotting.tasks import learning_curves_figure

histories = {}
for name, model in models.items():
    print(f"\n{name}")
    histories[name] = teach(task, model, tokenizer, splits, settings, f1,
                            epochs=1 if quick() else 8)
show(learning_curves_figure({name: curves(history) for name, history in histories.items()},
                            "F1 of names"), "12_learning_curves")

# %%
# What goes wrong: words are not names
# ------------------------------------
# Two methods without a network stand beside the models: no names at all, and each word's commonest
# tag in the training part. Each gets two figures, the share of words that are right and the F1 of
# names.

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, ORANGE
from albert_np.tasks import baselines

predictions = {
    "no names at all": [{"tags": tags} for tags in baselines.outside(splits.train, splits.test)],
    "commonest tags": [{"tags": tags} for tags in
                       baselines.commonest_tags(splits.train, splits.test)],
    **{name: task.predict(model, tokenizer, splits.test, settings)
       for name, model in models.items()}}
figures = {name: f1(splits.test, found) for name, found in predictions.items()}
words = {name: words_right(splits.test, found) for name, found in predictions.items()}
for name, found in predictions.items():
    right, true, guessed = counts(splits.test, found).sum(axis=0)
    print(f"{name:16} words {words[name]:.3f}   names {figures[name]}   "
          f"({guessed} guessed, {right} right, {true} to find)")
assert figures["no names at all"].value == 0 < words["no names at all"]

figure, axes = plt.subplots(figsize=(8.5, 4.6), layout="constrained")
places = np.arange(len(predictions))
axes.barh(places - 0.2, list(words.values()), 0.36, color=ORANGE, hatch="//", edgecolor="white",
          label="share of words that are right")
values = np.array([[figure_.value, figure_.low, figure_.high] for figure_ in figures.values()]).T
axes.barh(places + 0.2, values[0], 0.36, color=BLUE, label="F1 of names, with interval",
          xerr=(values[0] - values[1], values[2] - values[0]), capsize=4)
axes.set_yticks(places, list(predictions), fontsize=13)
axes.invert_yaxis()
axes.set_xlim(0, 1)
axes.set_xlabel("share, or F1 (test part)", fontsize=14)
axes.set_title("Right words are not found names", fontsize=15)
axes.tick_params(axis="x", labelsize=13)
axes.grid(axis="x", alpha=0.25)
figure.legend(fontsize=13, ncols=2, loc="outside lower center", frameon=False)
show(figure, "12_words_and_names")

# %%
# The first row finds nothing, and most of its words are right: most words are no name. Whoever
# reports words reports almost nothing. (It is the rare label of
# ``11_finetuning_classification.py`` again.)
#
# In the second column look at the numbers in brackets. A model that has learnt little guesses few
# names, or guesses many that are wrong. The type of a name that was never seen can only be told
# from the words around it ("moved to ..."), and to know what such words mean is what pretraining
# is for. A minute of it teaches a little; how much that is worth is for the intervals of the last
# two rows to say.
#
# By type
# -------

from albert_np.plotting.tasks import entity_bars_figure
from albert_np.tasks.metrics import entity_scores

try:
    scores = entity_scores([row.tags for row in splits.test],
                           [guess["tags"] for guess in predictions["pretrained"]])
    show(entity_bars_figure(scores, "Names found by the pretrained model, by type"), "12_by_type")
except ValueError as error:
    print(f"The picture by type is left out. {error}")
found = [(row, name) for row, guess in zip(splits.test, predictions["pretrained"])
         for name in guess["entities"]]
for row, name in found[:6]:
    right = name in entities_of(row.words, row.tags)
    print(f"{'right' if right else 'wrong'}: {name['text']} ({name['type']}) in: "
          f"{' '.join(row.words)[:70]}")

# %%
# Exercises
# ---------
# 1. Ask all pieces of a word instead of the first (``tag_windows(..., pieces="all")``). What
#    becomes of the number of labels, and of F1?
# 2. ALBERT lowers all letters. For names that is a loss: which of the wrong guesses above would a
#    capital letter have prevented?
# 3. Count a name as found if its type is right and any of its words. How much kinder is that F1?
# 4. A guessed ``I-person`` after ``O`` continues nothing. How does ``entities_of`` read it, and how
#    often does it happen?
