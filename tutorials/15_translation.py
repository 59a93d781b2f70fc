"""
Can an encoder translate?
=========================

An encoder reads: it makes a row of numbers of every token and writes nothing. Translators have a
second network for that, a *decoder*. This tutorial shows that one attention mask is enough to make
a writer of the reader. It trains a small model on the shortest sentences of English and Chinese for
about a minute, and lets it write, greedily and with a beam.

Prerequisites: ``04_attention.py`` (masks), ``07_masked_language_model.py`` and
``11_finetuning_classification.py``. ALBERT's paper has no translation (Lan et al. 2020); the mask
is that of UniLM (Dong et al. 2019, section 2.3). Run it with ``python
tutorials/15_translation.py``; pictures go to ``tutorials/output/``.
"""

# %%
# Sentences in two languages
# --------------------------
# Volunteers wrote short sentences in English and Chinese. We keep those of at most four English
# words; the whole set takes half an hour. One vocabulary serves both languages.

from itertools import product

import numpy as np

from albert_np import AlbertTokenizer
from albert_np.course.lecture import data_or, output_folder, quick, show, source_of
from albert_np.tasks.datasets import Pair, Splits, fetch_english_chinese
from albert_np.text.tokenizing.train_tokenizer import train_tokenizer


def stand_in():
    """Made-up pairs, for a machine without the data set."""
    parts = ({"today": "今天", "now": "现在", "again": "再", "also": "也"},
             {"i": "我", "you": "你", "we": "我们", "they": "他们"},
             {"like": "喜欢", "see": "看见", "want": "想要", "buy": "买"},
             {"tea": "茶", "books": "书", "cats": "猫", "water": "水", "apples": "苹果"})
    pairs = [Pair(f"{who} {does} {what} {when}.", (f"{parts[1][who]}{parts[0][when]}"
                                                   f"{parts[2][does]}{parts[3][what]}。",))
             for when, who, does, what in product(*parts)]
    pairs = [pairs[i] for i in np.random.default_rng(0).permutation(len(pairs))]
    return Splits(pairs[:220], pairs[220:260], pairs[260:])


splits = data_or(fetch_english_chinese, stand_in)
train, dev, test = ([pair for pair in part if len(pair.source.split()) <= 4]
                    for part in (splits.train, splits.dev, splits.test))
file = output_folder() / "15_pieces.model"
file.parent.mkdir(parents=True, exist_ok=True)
train_tokenizer([text for pair in train for text in (pair.source, *pair.targets)],
                2000 if len(train) > 1000 else 100, file)
tokenizer = AlbertTokenizer(file)
splits = Splits(train[:200] if quick() else train, dev[:20] if quick() else dev[:100],
                test[:30] if quick() else test)
for pair in splits.train[:200:50]:
    print(f"{pair.source:22} {pair.targets[0]}")
print(f"{len(splits.train):,} pairs to learn from")

# %%
# One mask
# --------
# A translation y of a source x is written piece by piece, and by the rule for conditional
# probabilities its probability is a product of those of its pieces:
#
# .. math::
#
#    p(y \mid x) = \prod_i p(y_i \mid x,\; y_1 \ldots y_{i-1})
#
# The masked-LM head already makes a probability of every piece from a hidden state. All that is
# missing is a hidden state that has seen x and :math:`y_1 \ldots y_{i-1}`, and nothing else. And
# an encoder has one way only of carrying something from token to token: attention. So put both
# into one sequence, ``[CLS] source [SEP] target [SEP]``, and let the mask say who may see whom
# (PLM.1): the source sees the source; the target sees the source, itself, and the target in front
# of it.

import matplotlib.pyplot as plt

from albert_np.inference.translation import next_piece_labels, prefix_lm_mask
from albert_np.plotting.figures import BLUE, ORANGE

pair = next((pair for pair in splits.train if len(pair.source.split()) == 3), splits.train[0])
source, target = tokenizer.encode_batch([pair.source, pair.targets[0]])
s, t = len(source) + 2, len(target) + 1                    # tokens of both parts
ids = [tokenizer.cls_token_id, *source, tokenizer.sep_token_id, *target, tokenizer.sep_token_id]
mask = prefix_lm_mask([s], [t], s + t)[0]                                    # (T, T)
labels = next_piece_labels([ids], [s], [t])[0]                               # (T,)
print(source_of(prefix_lm_mask, "PLM.1"), source_of(next_piece_labels, "PLM.2"), sep="\n")

seen = [tokenizer.pieces[i].replace("▁", "") or "[space]" for i in ids[:s]]
seen += [f"$y_{{{n}}}$" for n in range(1, t)] + ["[SEP]"]
asked = [""] * (s - 1) + seen[s:] + [""]
print("in the picture:", *(f"y{n} = {tokenizer.pieces[i]} " for n, i in enumerate(target, 1)))
assert (labels[s - 1:-1] == ids[s:]).all() and (labels[:s - 1] == -100).all()

figure, axes = plt.subplots(figsize=(7.2, 6.4), layout="constrained")
axes.imshow(mask, cmap="Blues", vmin=0, vmax=1.4)
axes.set_xticks(range(s + t), seen, fontsize=14, rotation=90)
axes.set_yticks(range(s + t), seen, fontsize=14)
for place in np.arange(s + t + 1) - 0.5:
    axes.axhline(place, color="white", linewidth=1)
    axes.axvline(place, color="white", linewidth=1)
axes.axhline(s - 0.5, color=ORANGE, linewidth=2.5)
axes.axvline(s - 0.5, color=ORANGE, linewidth=2.5)
right = axes.secondary_yaxis("right")
right.set_yticks(range(s + t), asked, fontsize=14)
right.set_ylabel("is to predict", fontsize=15)
axes.set_xlabel("is seen (blue)", fontsize=15)
axes.set_ylabel("the token that sees", fontsize=15)
axes.set_title("Which token sees which", fontsize=16)
show(figure, "15_mask")

# %%
# Above the orange line the source, which sees all of itself and none of the target. Beneath it the
# target, a staircase. On the right what a token has to predict (PLM.2): the last token of the
# source the first piece of the target, each piece the one that follows, the last piece ``[SEP]``,
# which says "finished". In a masked language model the answer is hidden behind ``[MASK]``; here it
# is hidden by the mask, one place further on.
#
# Is anything else needed? No new layer, no new gradient: a mask is an input. And **nothing leaks
# at any depth**. If i may see j and j may see k, then i may see k: so what j has collected in the
# layer below is something that i could have seen itself. Multiply the mask by itself, and no new
# place becomes visible.

assert ((mask.astype(int) @ mask > 0) == (mask > 0)).all()

# %%
# For the same reason *all* pieces are learnt from in one pass: each target token's hidden state is
# what it would be if nothing stood behind it. (UniLM itself masks some target pieces and predicts
# them where they stand. That is nearer to what a masked language model has practised. But it learns
# from the masked pieces only, the others being given, and to write it has to append a ``[MASK]``,
# predict it, put the piece in its place, and so on. Here every target piece counts.)
#
# What goes wrong: a mask that leaks
# ----------------------------------
# Change the last piece of the target, and see which hidden states change. With the prefix mask
# only the last two rows may: those of the piece and of ``[SEP]`` behind it. With the mask that an
# encoder usually has, where everybody sees everybody, all rows do; then a token can look up its
# own answer one place further on. The training loss would fall wonderfully, and nothing would be
# learnt that helps where the answer has not been written yet.

from albert_np.models import AlbertForMaskedLM
from albert_np.tasks.finetuning.start import from_scratch

fields = {"embedding_size": 64, "hidden_size": 128, "intermediate_size": 256,
          "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 48,
          "initializer_range": 0.1}
model = from_scratch(AlbertForMaskedLM, fields, tokenizer, {}, seed=0)
other = [*ids[:-2], ids[s] if ids[-2] != ids[s] else tokenizer.mask_token_id, ids[-1]]
figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
for name, each, colour, marker in (("prefix mask", mask, BLUE, "o"),
                                   ("everybody sees everybody", np.ones_like(mask), ORANGE, "s")):
    states = [model.forward(np.array([row]), each[None])[0].sequence_output[0]
              for row in (ids, other)]                                       # (T, H) each
    change = np.abs(states[0] - states[1]).max(axis=-1)                      # (T,)
    axes.plot(change, color=colour, marker=marker, markersize=8, label=name)
    print(f"{name:26} largest change in front of the changed piece: {change[:-2].max():.1e}")
    assert (change[:-2].max() == 0) == (name == "prefix mask")
axes.set_yscale("symlog", linthresh=1e-4)
axes.set_xticks(range(s + t), seen, fontsize=13, rotation=90)
axes.tick_params(axis="y", labelsize=13)
axes.set_xlabel("token (the last piece but one was changed)", fontsize=14)
axes.set_ylabel("change of its hidden state", fontsize=14)
axes.legend(fontsize=14, loc="center left")
axes.set_title("A changed piece, and which tokens notice", fontsize=15)
axes.grid(alpha=0.25)
show(figure, "15_leak")

# %%
# A score
# -------
# A sentence can be translated in many ways, so equality is too much to ask. Our score is the F1 of
# pairs of neighbouring characters (as for answers in ``13_question_answering.py``), the best of
# all translations that are known: 1 where they are the same, 0 where they share nothing. The usual
# ones, BLEU and chrF, count longer runs too; ``albert_np.tasks.metrics`` has both.

from collections import Counter

from albert_np.tasks.metrics import bootstrap


def bigrams(text):
    """How often each pair of neighbouring characters stands in a text; ends count as characters."""
    text = f" {text.strip()} "
    return Counter(zip(text, text[1:]))


def overlap(rows, predictions):
    """The mean F1 of character pairs, with its bootstrap interval."""
    values = []
    for row, guess in zip(rows, predictions):
        found = bigrams(guess["translation"])
        values.append(max(2 * (found & bigrams(target)).total()
                          / (found.total() + bigrams(target).total()) for target in row.targets))
    return bootstrap(np.mean(values), np.array(values)[:, None],
                     lambda sums: sums[:, 0] / len(values), np.random.default_rng(0))


# %%
# Writing before translating
# --------------------------
# A model pretrained on English knows no Chinese character, so none of the earlier ones will do.
# But to write Chinese can be learnt from the Chinese sentences alone: the same model, the same
# mask, and nothing in front of the first [SEP]. Without a source, :math:`p(y)` is all there is to
# learn, and a model of it is called a *language model*. That is the pretrained start. (It has seen
# the sentences of the training part only, and no pair.)

from dataclasses import replace

from albert_np.course.lecture import short_run_adamw
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.files.threads import one_thread_each
from albert_np.parameters import tree_map
from albert_np.tasks.finetuning import TASKS, Settings
from albert_np.tasks.finetuning.trainer import steps_of, train_epochs

keep_freed_memory()                      # large arrays are allocated again at every step
task = TASKS["translation"]

settings = Settings("translation", max_length=48, max_target_length=16, beams=1,
                    spelling=task.spelling_of(pair.targets[0] for pair in splits.train))
alone = [example for row in task.features(tokenizer, [replace(pair, source="")
                                                      for pair in splits.train], (), settings)
         for example in row]
models = {"from scratch": model, "pretrained": AlbertForMaskedLM(model.config)}
models["pretrained"].params = tree_map(np.copy, model.params)
epochs = 1 if quick() else 4
with one_thread_each():                  # two workers, a thread for each
    history = train_epochs(
        models["pretrained"], alone, lambda *chosen: task.collate(model.config, *chosen),
        short_run_adamw(models["pretrained"].params, 3e-3, steps_of(alone, 32, epochs)),
        epochs=epochs, batch_size=32, rng=np.random.default_rng(0), workers=2, progress=False)
first, last = (np.mean([row["loss"] for row in part]) for part in
               (history["steps"][:10], history["steps"][-10:]))
print(f"language model: loss {first:.2f} at the beginning, {last:.2f} at the end")

# %%
# And now both learn to translate.

from albert_np.course.lecture import curves, teach
from albert_np.plotting.tasks import learning_curves_figure

histories = {}
for name, model in models.items():
    print(f"\n{name}")
    histories[name] = teach(task, model, tokenizer, splits, settings, overlap, batch_size=32,
                            epochs=1 if quick() else 8, learning_rate=3e-3)
show(learning_curves_figure({name: curves(history) for name, history in histories.items()},
                            "F1 of character pairs"), "15_learning_curves")

# %%
# As long as a curve rises, it is time that is missing, not skill. Compare the two: the distance
# between the stars against the intervals says whether writing first was worth it. Do not expect
# much. Pretraining helps by the text that it adds, and here it adds none: the sentences are those
# of the pairs. It even teaches something that has to be unlearnt, to write without looking at a
# source. (It also cost time of its own, which the picture does not show.)
#
# Greedy and beam
# ---------------
# To write, put the source down, read off the probabilities of the first piece, append one, and ask
# again. *Greedy* takes the likeliest piece each time. That need not give the likeliest sentence: a
# good piece can lead where every continuation is bad. A *beam* keeps the four best beginnings
# alive, and compares what it finds by the mean log-probability of a piece (BEAM.1); without the
# division by the length short translations would win for being short.

from albert_np.inference.translation import beam_search, greedy_decode
from albert_np.plotting.tasks import translation_lengths_figure
from albert_np.tasks.metrics import bleu, bleu_by_length

better = max(histories, key=lambda name: max(row["value"] for row in histories[name]["epochs"]))
model = models[better]
print(f"\nthe model that starts {better} writes:")
shown = splits.test[:30]
sources = tokenizer.encode_batch([pair.source for pair in shown])
forbidden = (tokenizer.mask_token_id, tokenizer.unk_token_id)
greedy = greedy_decode(model, sources, 16, forbidden)
beam = [found[0] for found in beam_search(model, sources, 4, 16, forbidden)]
for pair, one, four in list(zip(shown, greedy, beam))[:8]:
    print(f"{pair.source:20} greedy {tokenizer.decode(one.pieces)} ({one.log_probability:.1f})   "
          f"beam {tokenizer.decode(four.pieces)} ({four.log_probability:.1f})   "
          f"reference {pair.targets[0]}")
better = np.mean([four.log_probability > one.log_probability + 1e-6
                  for one, four in zip(greedy, beam)])
print(f"the beam found a likelier translation for {better:.0%} of {len(shown)} sentences")

found = {name: task.predict(model, tokenizer, splits.test, replace(settings, beams=beams))
         for name, beams in (("greedy", 1), ("beam of four", 4))}
for name, predictions in found.items():
    print(f"{name:13} F1 of character pairs {overlap(splits.test, predictions)}")
try:
    written = [guess["translation"] for guess in found["beam of four"]]
    references = [pair.targets for pair in splits.test]
    groups = bleu_by_length([len(pair.source.split()) for pair in splits.test], written, references,
                            least=5 if quick() else 20)
    show(translation_lengths_figure(groups, bleu(written, references)), "15_lengths")
except ValueError as error:
    print(f"The picture of BLEU by length is left out. {error}")

# %%
# In brackets the logarithm of a translation's probability. A likelier translation is one that the
# *model* prefers; whether it is better is for the references to say, in the last two lines. Where
# model and time are as small as here, look at what the mistakes are: usually a fluent Chinese
# sentence that somebody wrote for another English one.
#
# Exercises
# ---------
# 1. Give ``teach`` a task whose mask leaks (all ones), and watch the loss and the F1.
# 2. Set ``length_penalty=0`` in ``beam_search``. Do the translations become shorter?
# 3. Swap source and target. Is English easier to write?
# 4. Write UniLM's own variant: mask target pieces, and predict them where they stand. Only the
#    labels and the ids change, not the mask. How does one write with it?
# 5. ``albert-np finetune translation --data english-chinese`` trains on all sentences. What is BLEU
#    after half an hour?
