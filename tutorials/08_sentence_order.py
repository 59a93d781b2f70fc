"""
Which comes first? Sentence order against next sentence
=======================================================

Words are not all that a text has; its sentences stand in an order. BERT asks of two segments
whether the second *follows* the first or comes from another document (next-sentence prediction,
NSP). ALBERT asks whether the two were *swapped* (sentence-order prediction, SOP). Why the change?
This tutorial trains the same model three times, asked nothing, NSP and SOP, and looks at what each
has learnt: first in a made-up language, in which we know what there is to learn, then in English.

Prerequisites: ``07_masked_language_model.py``. In the paper: section 3.1, "Inter-sentence coherence
loss", and table 5 (Lan et al. 2020). Run it with ``python tutorials/08_sentence_order.py``;
pictures go to ``tutorials/output/``.
"""

# %%
# Pairs, and which label means what
# ---------------------------------
# A sequence is ``[CLS] A [SEP] B [SEP]``: two *segments* of a document, each of one sentence or
# more. A second table of embeddings, the *token types*, tells the places of A (0) from those of B
# (1). Here are pairs of the documentation of this Python:

import tempfile
from pathlib import Path

import numpy as np

from albert_np import AlbertTokenizer
from albert_np.text import (DataOptions, embedded_corpus, segment_pairs, split_documents,
                            tokenize_documents, train_tokenizer)

documents, modules = embedded_corpus()
training, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "spiece.model"
    train_tokenizer([sentence for document in training for sentence in document], 1000, file)
    tokenizer = AlbertTokenizer(file)
english = tokenize_documents(training[-200:], tokenizer)
for task in ("sop", "nsp"):
    pairs = segment_pairs(english, DataOptions(max_seq_length=40, sentence_task=task),
                          np.random.default_rng(3))
    for wanted in (0, 1):
        a, b, label = next(pair for pair in pairs if pair[2] == wanted)
        print(f"{task} {label}   {tokenizer.decode(a)}  |  {tokenizer.decode(b)}")

# %%
# The label is 0 where all is as in the text and 1 where something was done to it: swapped, or taken
# from another document. (People guess it the other way around, see below.) -100 means not asked.
#
# Where does the model answer? The last hidden state of ``[CLS]`` goes through a linear map and tanh
# (the *pooler*, POOL.1), and a second linear map makes two numbers of it, a score for each label:

from albert_np.course.lecture import quick, show, source_of
from albert_np.layers import sentence_order_head_forward

print()
print(source_of(sentence_order_head_forward))

# %%
# Their cross-entropy (CE.1) is the second loss, and the sum with the first is what is trained:
# :math:`\text{loss}_{\text{MLM}} + \lambda\,\text{loss}_{\text{SOP}}` (PRE.1), where the number
# :math:`\lambda` says how much the second counts (``sop_weight``, 1 in the paper). A coin would
# have the loss ln 2 = 0.69.
#
# A language in which we know everything
# --------------------------------------
# To tell whether B follows A one can look for two things. Is it about the same *topic*? And does it
# come *later* in the story? So let a made-up language have both, and nothing else. A word is a
# number. Each story has one of 4 topics, with 8 words each. A sentence has four words: first one
# that says how far the story is (beginning, then, later, at last: 3 words for each), then three of
# the topic.

from types import SimpleNamespace

from albert_np import AdamW, AlbertConfig, AlbertForPreTraining
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.files.threads import one_thread_each
from albert_np.optim import warmup_polynomial_decay
from albert_np.pretraining import PretrainingData, evaluate, train
from albert_np.text import TokenizedDocuments

TASKS = {"none": "asked nothing", "nsp": "asked NSP", "sop": "asked SOP"}
SEQUENCES = 60 if quick() else 600       # held-out sequences to ask about
keep_freed_memory()                      # large arrays are allocated again at every step

TOPICS, STAGES = 4, 4
MARKS = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
WORDS = MARKS + [f"{stage}{i}" for stage in ("begin", "then", "later", "last") for i in range(3)]
WORDS += [f"{topic}{i}" for topic in ("sea", "town", "farm", "wood") for i in range(8)]
V = len(WORDS)
speaker = SimpleNamespace(                     # all that the data pipeline asks of a tokenizer
    pieces=WORDS, vocab_size=V, is_word_start=np.ones(V, bool), special_ids=np.arange(5),
    ordinary_ids=np.arange(5, V), pad_token_id=0, unk_token_id=1, cls_token_id=2, sep_token_id=3,
    mask_token_id=4)


def story(rng):
    """Four to six sentences, each an array of four words."""
    topic = rng.integers(TOPICS)
    stages = np.sort(rng.choice(2 * STAGES, size=rng.integers(4, 7), replace=False)) // 2
    return [np.r_[5 + 3 * stage + rng.integers(3), 17 + 8 * topic + rng.integers(8, size=3)]
            for stage in stages]


rng = np.random.default_rng(0)
stories = [[TokenizedDocuments.from_lists([story(rng) for _ in range(count)])]
           for count in ((1000 if quick() else 20000), 400)]
print(" / ".join(" ".join(WORDS[word] for word in sentence) for sentence in stories[1][0][0]))


def asking(shards, tokenizer, batch_size, **options):
    """The same text made ready for each of the three tasks."""
    return {task: PretrainingData(*shards, tokenizer, DataOptions(sentence_task=task, **options),
                                  batch_size, seed=0, held_out_sequences=SEQUENCES)
            for task in TASKS}


def experiment(data, tasks, steps, evaluations, rate, **sizes):
    """Train a fresh model for each task, and ask every one of them all questions.

    Returns the models, and for each task arrays of steps, of NSP and of SOP accuracies.
    """
    models, curves = {}, {}
    every = max(1, steps // evaluations)
    for task in tasks:
        some = data[task]
        length = some.options.max_seq_length
        model = models[task] = AlbertForPreTraining(AlbertConfig(
            vocab_size=some.tokenizer.vocab_size, num_attention_heads=4,
            max_position_embeddings=length, **sizes), seed=0)
        optimizer = AdamW(model.params, lr=warmup_polynomial_decay(rate, steps, steps // 10),
                          betas=(0.9, 0.98))
        both = []

        def evaluation():
            both.append([evaluate(model, data[asked].held_out)["sop_accuracy"]
                         for asked in ("nsp", "sop")])
            return evaluate(model, data["none"].held_out)

        with one_thread_each():          # two workers, a thread for each
            rows = train(model, optimizer, some.training_batches(), steps, evaluate_every=every,
                         evaluation=evaluation, workers=2, progress=False)
        figures = [row for row in rows if row["split"] == "held-out"]
        curves[task] = np.array([row["step"] for row in figures]), *np.array(both).T
        print(f"{TASKS[task]:14s} words {figures[-1]['mlm_accuracy']:.1%}   "
              f"NSP {both[-1][0]:.1%}   SOP {both[-1][1]:.1%}")
    return models, curves


# %%
# Every model is asked both questions on held-out stories. The head of the one that was asked
# nothing was never trained: its answers are those of random weights, somewhere about a half.

made_up = asking(stories, speaker, 32, max_seq_length=28, ngram=1)
print("\nright answers on held-out stories")
models, curves = experiment(made_up, TASKS, 20 if quick() else 600, 4 if quick() else 12, 3e-3,
                            embedding_size=48, hidden_size=48, num_hidden_layers=2,
                            intermediate_size=192, initializer_range=0.1)

# %%

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREY, ORANGE

figure, panels = plt.subplots(1, 2, figsize=(10.5, 5), layout="constrained", sharey=True)
for axes, task in zip(panels, ("nsp", "sop")):
    steps, nsp, sop = curves[task]
    axes.plot(steps, 100 * nsp, "s--", color=ORANGE, linewidth=2.2, markersize=7,
              label="asked: does B come from elsewhere? (NSP)")
    axes.plot(steps, 100 * sop, "o-", color=BLUE, linewidth=2.2, markersize=7,
              label="asked: were they swapped? (SOP)")
    axes.axhline(50, color=GREY, linestyle=":", linewidth=1.5)
    axes.set_title(f"Trained on {task.upper()}", fontsize=15)
    axes.set_xlabel("step", fontsize=14)
    axes.set_ylim(0, 104)
    axes.grid(alpha=0.25)
    axes.tick_params(labelsize=13)
panels[0].set_ylabel("right answers (%)", fontsize=14)
figure.legend(*panels[0].get_legend_handles_labels(), fontsize=14, loc="outside lower center")
show(figure, "08_what_each_learns")

# %%
# What to notice, on the left. The model that was asked NSP finds the topic first: its NSP answers
# become good while it still tosses a coin about order. Topic is all that it needs for three of four
# strangers. Only then, for the quarter of strangers that happen to share the topic, does it begin
# to look at the order. In real language the topics are many and the signs of order faint, so almost
# nothing is left over to be learnt from; the paper's NSP model answers SOP no better than a coin.
#
# On the right: swapped segments have one topic, so topic helps nobody, and the model must look for
# the order from the start. It does not care for topics at all, and a stranger that comes from late
# in its story looks right to it.
#
# That is the argument of the paper: NSP asks two things at once, and one of them, the topic, is
# easy and mostly learnt from the words anyway. SOP asks for the other alone.
#
# What goes wrong
# ---------------
# Labels the other way around, when a model meets data from elsewhere. All shapes fit. But:

from albert_np.functional import IGNORED


def flipped(batches):
    """The same batches with 0 and 1 exchanged where the question is asked."""
    for batch in batches:
        label = batch["sentence_order_label"]
        yield {**batch, "sentence_order_label": np.where(label == IGNORED, label, 1 - label)}


right, wrong = (evaluate(models["sop"], batches) for batches in
                (made_up["sop"].held_out, flipped(made_up["sop"].held_out)))
for name, figures in (("as trained", right), ("flipped", wrong)):
    print(f"{name:10s} SOP {figures['sop_accuracy']:.1%} right, loss {figures['sop_loss']:.2f}")
assert abs(right["sop_accuracy"] + wrong["sop_accuracy"] - 1) < 1e-12

# %%
# Much less than a half is not ignorance. It is knowledge with the wrong sign: who knows nothing
# gets 50 % and ln 2. And 50 % for thousands of steps is another matter: then the text may not show
# any order that this model can see.
#
# And in English?
# ---------------
# There the signs are faint. Two segments from the middle of a text hardly tell a small model which
# came first. But that something *begins* can be seen ("Return a new ..."), so
# ``beginnings_only=True`` asks only about the first pair of each document.

shards = [[TokenizedDocuments.from_lists(tokenize_documents(text, tokenizer))]
          for text in (training, held_out)]
python = asking(shards, tokenizer, 26, max_seq_length=40, beginnings_only=True)
asked = sum(int((batch["sentence_order_label"] != IGNORED).sum())
            for batch in python["sop"].held_out)
print(f"\nright answers on {asked} held-out beginnings, where chance alone moves a share by "
      f"{np.sqrt(0.25 / asked):.1%}")
_, curves = experiment(python, ("nsp", "sop"), 20 if quick() else 800, 4, 3e-3, embedding_size=64,
                       hidden_size=64, num_hidden_layers=2, intermediate_size=256,
                       initializer_range=0.05)

# %%
# What to notice: in as many steps the same small model learns more from being asked for the order
# than from being asked for strangers: here the topics are many, and to compare two topics is more
# than to spot a beginning. Whether NSP is easy depends on whether the model knows topics already.
# BERT did; a model of this size, in so short a time, does not. ``albert-np ablate sentence-task``
# trains longer, with several seeds, and prints the paper's figures beside its own.
#
# In the paper
# ------------
# Table 5 has the same three, far larger and trained for far longer. Right answers in %:

from albert_np.pretraining.ablation.variants import ablation_of

print(f"\n{'':14s}{'words':>7s}{'NSP':>7s}{'SOP':>7s}")
for variant in ablation_of("sentence-task", 64).variants:
    print(f"{TASKS[variant.name]:14s}" + "".join(f"{figure:>7s}" for figure in variant.paper))

# %%
# There the model that was asked SOP knows much about NSP as well, and of the three it is the best
# start for tasks that ask about two texts, such as that of ``14_sentence_similarity.py``.
#
# Exercises
# ---------
# 1. Which share of NSP can be answered in the made-up language by topic alone? Compute it, and
#    compare it with the level where the left curve first stops.
# 2. Give the language 8 topics. What happens to the order in the NSP model?
# 3. Let only every second sentence have a word for the stage. Which curve suffers?
# 4. The original gives a document of a single sentence a stranger as B and the label 1, in SOP too
#    (``single_sentence_negatives=True``). What does that teach?
# 5. Set ``sop_weight=0.05``. Do the words gain what the order loses?
