"""
Guessing hidden words: why does the loss stand still?
=====================================================

ALBERT learns language by filling gaps. Whoever trains such a model for the first time sees the loss
fall within minutes to some number, 6.5 perhaps, and stay there, and looks for a bug. This tutorial
hides words, says what the loss measures, computes the number at which it stops, and watches what
happens inside the model when it moves on. At the end you can tell a plateau from a fault.

Prerequisites: ``01_text_to_ids.py`` (pieces, V), ``04_attention.py``. In the paper: section 4.1 and
equation 3 (Lan et al. 2020). Run it with ``python tutorials/07_masked_language_model.py``; pictures
go to ``tutorials/output/``.
"""

# %%
# What is hidden
# --------------
# The text is the documentation of this Python. A tenth of it, whole modules, is *held out*: never
# trained on, only asked about. V is the number of pieces in the vocabulary.

import tempfile
from pathlib import Path

import numpy as np

from albert_np import AlbertTokenizer
from albert_np.text import embedded_corpus, split_documents, train_tokenizer

V = 2000
documents, modules = embedded_corpus()
training, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
sentences = [sentence for document in training for sentence in document]


def tokenizer_of(size):
    """Learn a vocabulary of this size from the training text."""
    with tempfile.TemporaryDirectory() as folder:
        train_tokenizer(sentences, size, Path(folder) / "spiece.model")
        return AlbertTokenizer(Path(folder) / "spiece.model")


tokenizer = tokenizer_of(V)

# %%
# Of each sequence 15 % of the pieces are chosen, in *n-grams*: runs of n whole words, with n drawn
# from 1 to N with a probability in proportion to 1/n (equation 3 of the paper, where N = 3):
#
# .. math::
#
#    p(n) = \frac{1/n}{\sum_{k=1}^{N} 1/k}
#
# Why runs? In "the New [MASK] Times" the gap is filled by anyone who has seen the phrase. When
# the phrase is hidden as a whole, one has to understand the rest of the sentence.

from albert_np.functional import IGNORED
from albert_np.pretraining import PretrainingData
from albert_np.text import DataOptions
from albert_np.text.masking import ngram_probabilities


def data_with(ngram):
    """The corpus, cut and masked with n-grams of up to so many words, and no second objective."""
    options = DataOptions(max_seq_length=40, sentence_task="none", ngram=ngram)
    return PretrainingData.from_text(training, held_out, tokenizer, options, batch_size=24, seed=0,
                                     held_out_sequences=400)


texts = {1: data_with(1), 3: data_with(3)}
for ngram, data in texts.items():
    batch = next(data.training_batches())
    print(f"\nn up to {ngram}, with the probabilities "
          f"{ngram_probabilities(data.options).round(3).tolist()}")
    print("  input ", tokenizer.decode(batch["input_ids"][0], skip_special_tokens=False))
    print("  hidden", [tokenizer.pieces[i] for i in batch["labels"][0] if i != IGNORED])
    hidden = np.concatenate([batch["labels"] != IGNORED for batch in data.held_out])
    beside = (hidden[:, :-1] & hidden[:, 1:]).sum() / hidden.sum()
    print(f"  behind {beside:.0%} of the hidden places the next one is hidden too")

# %%
# Not each chosen piece becomes ``[MASK]``. 80 % do, 10 % become another piece, and 10 % stay as
# they are: texts of later tasks have no ``[MASK]`` in them, and a model that was only ever asked at
# masks need not care for any other place.
#
# What the loss measures
# ----------------------
# At each of the M chosen places the model gives a score to every piece. Softmax makes probabilities
# of them, and the loss is the mean of -ln p(right piece) over the M places, the *cross-entropy*
# (CE.1), in *nats*, since ln is the natural logarithm:

from albert_np import AlbertConfig, AlbertForPreTraining
from albert_np.course.lecture import quick, show, source_of
from albert_np.functional import cross_entropy_forward
from albert_np.parameters.initial_values import wave_positions
from albert_np.pretraining import evaluate

print(source_of(cross_entropy_forward, "CE.1", lines_around=4))
config = AlbertConfig(vocab_size=V, embedding_size=64, hidden_size=64, num_hidden_layers=1,
                      num_attention_heads=4, intermediate_size=256, max_position_embeddings=40,
                      initializer_range=0.1)


def fresh_model():
    """One layer of width 64; its position table starts from waves (WAVE.1), which saves time."""
    model = AlbertForPreTraining(config, seed=0)
    model.params["embeddings"]["position"][...] = wave_positions(40, 64, amplitude=0.5)
    return model


untrained = evaluate(fresh_model(), texts[1].held_out)["mlm_loss"]
print(f"\nan untrained model {untrained:.2f}; the same probability for each piece, "
      f"-ln(1/V) = {np.log(V):.2f}")

# %%
# Where it stops first
# --------------------
# What is the best that a model can do which does not look at the text at all? It gives the same
# probabilities q at every place. If the piece w occurs with the frequency :math:`p_w`, its loss is
# :math:`-\sum_w p_w \ln q_w`. And this is smallest for q = p, because :math:`\ln x \le x - 1`:
#
# .. math::
#
#    \sum_w p_w \ln q_w - \sum_w p_w \ln p_w = \sum_w p_w \ln \frac{q_w}{p_w}
#        \le \sum_w p_w \Big(\frac{q_w}{p_w} - 1\Big) = \sum_w q_w - \sum_w p_w = 0
#
# What remains, :math:`-\sum_w p_w \ln p_w`, is the *entropy* of the pieces. Counting the training
# text gives p (UNI.1), and its loss on held-out text is the height of the plateau. A second
# counter guesses from the one piece before the gap (BI.1). It is shown the true one even where
# that is hidden from our models, so on n-grams the game is not fair to them.

from albert_np.pretraining import BigramModel, UnigramModel, evaluate_baseline


def counted(data, tokenizer):
    """Losses of the two counters on held-out text."""
    text = data.training_text()
    return {name: evaluate_baseline(counter(text, tokenizer), data.held_out)["mlm_loss"]
            for name, counter in (("unigram", UnigramModel), ("bigram", BigramModel))}


references = counted(texts[1], tokenizer)
print({name: round(value, 2) for name, value in references.items()})

# %%
# So the number at which people get stuck has nothing to do with their code. It is a property of
# the text and of the vocabulary: the more pieces, the rarer each, and the higher the plateau. The
# published models have 30,000 pieces, and their users report 6.5 to 7.3.

for size in (300, V) if quick() else (300, 1000, V, 4000):
    other = tokenizer if size == V else tokenizer_of(size)
    data = PretrainingData.from_text(training, held_out, other, texts[1].options, batch_size=24)
    loss = counted(data, other)["unigram"]
    print(f"V = {size:5,}   ln V = {np.log(size):.2f}   unigram loss {loss:.2f}")

# %%
# How it moves on
# ---------------
# To be better than the unigram counter, a model must look at the neighbours of the gap, and only
# attention can. So let us measure where it looks: p[b, a, t, s] is how much head a at place t
# takes from place s. For every distance s - t we take the mean over all hidden t, and of the four
# heads the one that gives most to it.

from albert_np import AdamW
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.files.threads import one_thread_each
from albert_np.optim import warmup_polynomial_decay
from albert_np.pretraining import train

STEPS = 60 if quick() else 2400
keep_freed_memory()                      # large arrays are allocated again at every step

DISTANCES = np.arange(-6, 7)


def attention_by_distance(model, batch):
    """Of the hidden places: what the keenest head takes from each distance, array (13,)."""
    p = model.forward(batch["input_ids"], batch["attention_mask"],
                      batch["token_type_ids"])[0].attentions[0]                     # (B, A, T, T)
    rows, places = np.nonzero(batch["labels"] != IGNORED)
    taken = []
    for distance in DISTANCES:
        s = places + distance
        inside = (s >= 0) & (s < p.shape[-1])
        taken.append(p[rows[inside], :, places[inside], s[inside]].mean(axis=0).max())
    return np.array(taken)


def run(data, steps=STEPS, batches=None):
    """Train a fresh model; its rows of figures, and where it looked at each evaluation."""
    model, looks = fresh_model(), []
    rate = warmup_polynomial_decay(4e-3, steps, steps // 20)
    optimizer = AdamW(model.params, lr=rate, betas=(0.9, 0.98))

    def evaluation():
        looks.append(attention_by_distance(model, data.held_out[0]))
        return evaluate(model, data.held_out)

    with one_thread_each():              # two workers, a thread for each
        rows = train(model, optimizer, batches or data.training_batches(), steps, workers=2,
                     evaluate_every=max(1, steps // 24), evaluation=evaluation, progress=False)
    return model, rows, looks


half_way = (references["unigram"] + references["bigram"]) / 2
runs = {}
for ngram, data in texts.items():
    runs[ngram] = model, rows, looks = run(data)
    figures = [row for row in rows if row["split"] == "held-out"]
    crossed = [f"{row['step']:,}" for row in figures if row["mlm_loss"] < half_way]
    print(f"n up to {ngram}: held-out loss {figures[-1]['mlm_loss']:.2f}, "
          f"{figures[-1]['mlm_accuracy']:.1%} right; half-way from the unigram to the bigram loss "
          f"at step {crossed[0] if crossed else '(not yet)'}")

# %%

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained")
for (ngram, (_, rows, _)), colour, style in zip(runs.items(), (BLUE, ORANGE), ("o-", "s--")):
    figures = [(row["step"], row["mlm_loss"]) for row in rows if row["split"] == "held-out"]
    left.plot(*zip((0, untrained), *figures), style, color=colour, linewidth=2, markersize=5,
              label="single words" if ngram == 1 else f"n-grams of up to {ngram} words")
for name, value in {"ln V": np.log(V), **references}.items():
    left.axhline(value, color=GREY, linestyle=":", linewidth=1.5, zorder=1)
    left.annotate(name, (1.02, value), va="center", fontsize=13, color=GREY,
                  xycoords=("axes fraction", "data"), annotation_clip=False)
left.set_xlabel("step", fontsize=14)
left.set_ylabel("loss on held-out text (nats)", fontsize=14)
left.set_title("A fall, a plateau, a second fall", fontsize=15)
looks = runs[1][2]
for which, colour, style in ((len(looks) // 8, GREY, "^:"), (len(looks) // 2, GREEN, "s--"),
                             (len(looks) - 1, BLUE, "o-")):
    step = (which + 1) * max(1, STEPS // 24)
    right.plot(DISTANCES, looks[which], style, color=colour, linewidth=2, markersize=6,
               label=f"step {min(step, STEPS):,}")
right.set_xticks(DISTANCES[::2])
right.set_ylim(bottom=0)
right.set_xlabel("distance from the hidden piece (pieces)", fontsize=14)
right.set_ylabel("attention of the keenest head", fontsize=14)
right.set_title("Where the model looks (single words)", fontsize=15)
for axes in (left, right):
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.5, -0.13))
show(figure, "07_plateau")

# %%
# What to notice. The first fall, from ln V to the unigram line, takes some tens of steps: the bias
# of the output learns how frequent each piece is. Then the loss stands, or nearly: each word of the
# neighbourhood helps a little, wherever it stands. On the right you see what is missing: early on
# no head takes more from the neighbours than from pieces further away. It can only help to look at
# a neighbour once the value sent from there means something, and the value can only be learnt where
# somebody looks. Each waits for the other; their gradients are small, and they grow together. When
# heads have found the distances -1 and 1 the loss falls for a second time. With n-grams this takes
# longer: more of the neighbours are hidden themselves.
#
# What can be done about a long plateau: wait; make sure that the learning rate is neither tiny nor
# so large that attention is thrown about; start a *narrow* model from larger weights than the
# published 0.02, and its positions from waves, as was done here (``albert-np pretrain`` does).

from albert_np.pretraining import show_guesses

print(show_guesses(runs[1][0], tokenizer, texts[1].held_out))

# %%
# What goes wrong
# ---------------
# A favourite: the labels are right, but the input still holds the words. All shapes fit, and the
# training loss is wonderful.


def forgotten_masks(batches):
    """The same batches with the hidden pieces left where they were."""
    for batch in batches:
        shown = np.where(batch["labels"] == IGNORED, batch["input_ids"], batch["labels"])
        yield {**batch, "input_ids": shown}


steps = STEPS if quick() else STEPS // 8
_, rows, _ = run(texts[1], steps, forgotten_masks(texts[1].training_batches()))
told = [row["mlm_loss"] for row in rows if row["split"] == "train"][-1]
asked = [row["mlm_loss"] for row in rows if row["split"] == "held-out"][-1]
print(f"\nwith the answers in the input, step {steps}: loss {told:.2f} in training, "
      f"{asked:.2f} on held-out text with real gaps; untrained it was {untrained:.2f}")
assert quick() or told < references["bigram"] < untrained < asked

# %%
# The model learns to copy. It is seen in two ways: the loss passes the bigram line without a
# plateau, too good to be true; and on text with real gaps it is worse than a model that knows
# nothing, for it copies ``[MASK]``.
#
# In the paper
# ------------
# Section 4.1 takes masking by n-grams from SpanBERT (Joshi et al. 2020). What the model is asked
# beside the words is the subject of ``08_sentence_order.py``.
#
# Exercises
# ---------
# 1. Which bias makes an untrained model give each piece its frequency? Set ``mlm_head.bias`` so,
#    and see where the loss curve begins.
# 2. Mask pieces in place of words (``ngram=1, do_whole_word_mask=False``). Is the plateau shorter?
# 3. Start from ``initializer_range=0.02`` and random positions. How long does the plateau last?
# 4. Two of the four heads are enough to look left and right. What do the others look at?
# 5. Only 15 % of the places teach anything. Set ``masked_lm_prob=0.4``: faster or slower? Why?
