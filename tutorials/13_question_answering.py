"""
How does a model answer by pointing?
====================================

A question and a text that holds the answer; the answer is a stretch of that text. So the model
need not write anything. It points twice: here it begins, there it ends. This tutorial follows a
question from the text to the two fingers and back to the characters, trains a small model from both
starts, and looks at what its answers look at.

Prerequisites: ``04_attention.py`` and ``11_finetuning_classification.py``. In the paper: SQuAD in
section 4.2.2 (Lan et al. 2020); the task and its rules are those of Rajpurkar et al. 2016. Run it
with ``python tutorials/13_question_answering.py``; pictures go to ``tutorials/output/``. A
pretrained model of yours is used where the variable ``ALBERT_NP_MODEL`` names its folder.
"""

# %%
# Questions about paragraphs
# --------------------------
# The data set is a slice of SQuAD: paragraphs of Wikipedia, and questions that people wrote about
# them with the answer marked. A paragraph has 600 characters or more, and attention costs T² of the
# tokens; so each is cut to some 250 characters that hold the answer, at a place drawn at random.

from dataclasses import replace

import numpy as np

from albert_np.course.lecture import data_or, quick, show, source_of
from albert_np.tasks.datasets import Answer, Question, Splits, fetch_squad_slice


def stand_in():
    """Made-up questions, for a machine without the data set."""
    rng = np.random.default_rng(0)
    places, names = "Rome Oslo Cairo Lima Delhi Tokyo".split(), "Anna Ben Carla David".split()
    rows = []
    for number in range(400):
        homes = rng.choice(places, len(names), replace=False)
        context = " ".join(f"{name} lives in {home} ." for name, home in zip(names, homes))
        asked = rng.integers(len(names))
        answer = Answer(homes[asked], context.index(homes[asked]))
        rows.append(Question(str(number), context, f"Where does {names[asked]} live ?", (answer,)))
    return Splits(rows[:300], rows[300:350], rows[350:])


splits = data_or(fetch_squad_slice, stand_in)
rows = 32 if quick() else 1000


def excerpts(rows, rng, length=250):
    """Questions about a part of their text: whole words, with the whole answer."""
    cut = []
    for row in rows:
        answer = row.answers[0]
        end = answer.start + len(answer.text)
        begin = int(rng.integers(max(0, end - length), answer.start + 1))
        begin = row.context.rfind(" ", 0, begin) + 1                   # where a word begins
        stop = row.context.find(" ", max(end, begin + length))
        context = row.context[begin:None if stop < 0 else stop]
        cut.append(replace(row, context=context,
                           answers=(Answer(answer.text, answer.start - begin),)))
    return cut


rng = np.random.default_rng(0)
short = Splits(*(excerpts(part[:most], rng) for part, most in
                 ((splits.train, rows), (splits.dev, 150), (splits.test, 300))))
row = short.dev[0]
print(f"{len(short.train)} questions to learn from; this is one of the development part:")
print(f"  {row.context}\n  {row.question}\n  {row.answers[0].text}")

# %%
# One sequence of two parts
# -------------------------
# The model reads ``[CLS] question [SEP] text [SEP]``, so that every piece of the text can look at
# the question. The tokenizer changes texts (capitals, accents, spaces), but an answer must be
# given as it stands in the original. So with each piece goes its *offset*: from which character to
# which it stands in the text. The marked answer becomes two numbers, its first and its last piece.

from albert_np.course.lecture import small_pretrained, two_starts
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.tasks.datasets.features import question_windows
from albert_np.tasks.finetuning import TASKS, Settings

keep_freed_memory()                      # large arrays are allocated again at every step
task = TASKS["questions"]

folder = small_pretrained()
settings = Settings("questions", max_length=160, doc_stride=64)
models, tokenizer = two_starts(task, folder, (), settings)
window = question_windows(tokenizer, row, settings.max_length, settings.doc_stride)[0]
first, last = int(window["start_positions"]), int(window["end_positions"])
pieces = [tokenizer.pieces[i] for i in window["input_ids"]]
print(" ".join(pieces[:40]), "...")
print("the answer is", pieces[first:last + 1], "at", (first, last))
offsets = window["offsets"]
begin, end = int(offsets[first, 0]), int(offsets[last, 1])
print("and back by its offsets:", row.context[begin:end])
assert row.answers[0].text in row.context[begin:end]

# %%
# A text that is longer than the model's sequence is read in several *windows* that overlap. How far
# apart they begin is the *stride*. An answer at the edge of one window stands in the middle of
# another; a window without the answer is trained to point at ``[CLS]``, which means "not here".

long_row = min(splits.dev, key=lambda row: abs(len(row.context) - 700))
windows = question_windows(tokenizer, long_row, settings.max_length, settings.doc_stride)
for number, each in enumerate(windows):
    inside = each["offsets"][each["offsets"][:, 1] > 0]
    print(f"  window {number}: characters {inside[0, 0]:4} to {inside[-1, 1]:4}, "
          f"{'without' if each['is_impossible'] else 'with'} the answer")

# %%
# Two fingers
# -----------
# The head is a matrix of H rows and two columns. With the hidden state :math:`x_t` of piece t it
# gives two scores, one for "begins here", one for "ends here" (SPAN.1):
#
# .. math::
#
#    \text{start}_t = x_t \cdot W_{:,0} + b_0, \qquad \text{end}_t = x_t \cdot W_{:,1} + b_1
#
# Softmax *over the pieces* makes probabilities of each. It is the same softmax as in a classifier,
# but the T classes are the places. The loss is the mean of two cross-entropies: of the true start,
# and of the true end.

from albert_np.layers import span_head_forward

print(source_of(span_head_forward, "SPAN.1", lines_around=1))

# %%
# Training from both starts
# -------------------------
# An answer is scored twice. *Exact match* asks whether it is the marked one (capitals, articles and
# punctuation do not count). *F1* is kinder: with s words shared, g guessed and m marked ones, it is
# 2s / (g + m), which is 1 where both are the same and 0 where they share nothing.

from albert_np.course.lecture import curves, teach
from albert_np.plotting.tasks import learning_curves_figure
from albert_np.tasks.metrics import answer_scores, exact_match, overlap_f1

print("exact match", exact_match("in the Rhine valley", ["the Rhine valley"]), "  F1",
      round(overlap_f1("in the Rhine valley", ["the Rhine valley"]), 2))


def f1(rows, predictions):
    """The mean F1 of answers, with its bootstrap interval."""
    return answer_scores([guess["answer"] for guess in predictions],
                         [[answer.text for answer in row.answers] for row in rows],
                         np.random.default_rng(0))[1]


histories = {}
for name, model in models.items():
    print(f"\n{name}")
    histories[name] = teach(task, model, tokenizer, short, settings, f1,
                            epochs=1 if quick() else 5, learning_rate=2e-3)
show(learning_curves_figure({name: curves(history) for name, history in histories.items()}, "F1"),
     "13_learning_curves")

# %%
# Two methods that read nothing but words stand beside it: always the first sentence; and the
# sentence that shares most words with the question.

from albert_np.plotting.tasks import baselines_bars_figure
from albert_np.tasks import baselines

predictions = {"first sentence": [{"answer": text} for text in
                                  baselines.first_sentences(short.test)],
               "most common words": [{"answer": text} for text in
                                     baselines.overlapping_sentences(short.test)],
               **{name: task.predict(model, tokenizer, short.test, settings)
                  for name, model in models.items()}}
figures = {name: f1(short.test, found) for name, found in predictions.items()}
show(baselines_bars_figure(figures, "F1 on the test part"), "13_test")
for name, found in predictions.items():
    exact = np.mean([exact_match(guess["answer"], [answer.text for answer in row.answers])
                     for row, guess in zip(short.test, found)])
    print(f"{name:18} F1 {figures[name]}   exact match {exact:.2f}")

# %%
# This is the hardest of the tasks, and the figures say so. To find an answer the model has to
# match a question with a sentence that says the same in other words. That takes a language model
# worth the name, and hundreds of questions cannot make one. (ALBERT's published models, pretrained
# for days and fine-tuned on 87,000 questions, reach an F1 near 0.9: tables 2 and 10 of the paper.)
# Look whether the interval of the pretrained model lies above that of the one from scratch, and
# whether either passes the method that counts common words, before you conclude anything.
#
# What it looks at
# ----------------
# Above, the probabilities of start and end along the text. Below, in each head of the last layer,
# how much the pieces of the answer look at each piece of text and question.

from albert_np.functional import softmax_forward
from albert_np.plotting.tasks import answer_attention_figure
from albert_np.tasks.datasets.features import pad_examples
from albert_np.tasks.finetuning.outputs import INPUTS

model, guesses = models["pretrained"], predictions["pretrained"]
best = int(np.argmax([overlap_f1(guess["answer"], [answer.text for answer in row.answers])
                      for row, guess in zip(short.test, guesses)]))
row = short.test[best]
window = question_windows(tokenizer, row, settings.max_length, settings.doc_stride)[0]
output, _ = model.forward(**pad_examples([{name: window[name] for name in INPUTS}],
                                         model.config.pad_token_id))
start, _ = softmax_forward(output.start_logits[0])                          # (T,)
end, _ = softmax_forward(output.end_logits[0])                              # (T,)
text = np.flatnonzero(window["p_mask"][1:] == 0) + 1
show(answer_attention_figure([tokenizer.pieces[i] for i in window["input_ids"]], start, end,
                             output.attentions[-1][0], (int(text[0]), int(text[-1]) + 1), most=36),
     "13_answer")
print(row.question, "->", guesses[best]["answer"], "| marked:", row.answers[0].text)

# %%
# This is the best of its answers, chosen for being so. Are the two curves narrow, or spread over
# the whole text? Spread means: it does not know.
#
# What goes wrong: each finger for itself
# ---------------------------------------
# The two columns of the head know nothing of each other. Whoever takes the likeliest start and the
# likeliest end may find the end in front of the start, or a whole paragraph between them. So an
# answer is read off *pairs*: of all stretches that do not end before they begin and are not too
# long, the one with the highest sum of both scores.

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, ORANGE
from albert_np.tasks.finetuning.outputs import outputs_of

windows = [question_windows(tokenizer, row, settings.max_length, settings.doc_stride)[0]
           for row in short.test]
starts, ends = zip(*outputs_of(model, windows, ("start_logits", "end_logits")))
distances = []
for window, start, end in zip(windows, starts, ends):
    real = np.flatnonzero(window["offsets"][:, 1] > 0)
    distances.append(real[end[real].argmax()] - real[start[real].argmax()])
distances = np.array(distances)
print(f"end before start: {np.mean(distances < 0):.0%} of {len(distances)} questions; "
      f"more than 20 pieces apart: {np.mean(distances > 20):.0%}")

figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
edges = np.arange(distances.min() - 0.5, distances.max() + 1.5, 3)
axes.hist(distances[distances < 0], edges, color=ORANGE, hatch="//", edgecolor="white",
          label="ends before it begins")
axes.hist(distances[distances >= 0], edges, color=BLUE, label="a stretch of text")
axes.set_xlabel("from the likeliest start to the likeliest end, in pieces", fontsize=14)
axes.set_ylabel("questions", fontsize=14)
axes.tick_params(labelsize=13)
axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)
axes.set_title("Likeliest start and end, chosen separately", fontsize=15)
show(figure, "13_each_finger_for_itself")

# %%
# Exercises
# ---------
# 1. Train with ``max_length=64`` in the settings. How many windows have no answer then, and what
#    does that do to the F1?
# 2. Which is better for exact match: pairs of any length, or pairs of at most 5 pieces? Set
#    ``max_answer_length`` with ``replace(settings, max_answer_length=5)`` and predict again.
# 3. ``albert_np.models.AlbertForSquad2`` (SQE.1) lets the end depend on the start. Which of
#    the faults above can it still make?
# 4. ``albert-np finetune questions --data squad-slice`` trains on all paragraphs. Does the order of
#    the four bars change?
