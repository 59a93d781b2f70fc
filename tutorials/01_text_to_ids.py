"""
How does a text become numbers?
===============================

A model computes with numbers, but a text has none. This tutorial turns a sentence into the arrays
that ALBERT reads. The steps are: cleaning, cutting into *pieces*, numbers, special tokens, pairs.
At the end you can cut a word by hand. You know what a vocabulary covers, and what happens to
characters that it does not cover.

Prerequisites: none. In the paper (Lan et al. 2020), section 4.1 describes these steps. The pieces
come from the unigram model of Kudo 2018. Run the tutorial with
``python tutorials/01_text_to_ids.py``. The pictures are saved in ``tutorials/output/``.
"""

# %%
# Why not letters, why not words?
# -------------------------------
# If every *letter* has a number, sequences are long, and a single letter has nearly no meaning. If
# every *word* has a number, the table of numbers never ends: there are always new names,
# inflections and typing errors. A word that is not in the table has no number at all.
#
# ALBERT does something between the two. A *piece* is a string of letters that occurs often. A
# frequent word is one piece. A rare word is cut into several pieces, down to single letters. The
# list of all pieces is the *vocabulary*. It has V entries. The position of a piece in the list is
# its *id*. The published models have V = 30,000.
#
# A vocabulary is learnt from a *corpus*, a large collection of text. Our corpus comes with every
# Python: it is the documentation of the language and of its standard library. We set a tenth of
# this text aside, always whole modules, and learn the pieces from the rest. Later we test the
# pieces on this *held-out* text, because they were not made from it.

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from albert_np import AlbertTokenizer
from albert_np.text import embedded_corpus, split_documents, train_tokenizer

documents, modules = embedded_corpus()
train, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
sentences = [sentence for document in train for sentence in document]
print(f"{len(sentences):,} sentences to learn pieces from; the first one:\n  {sentences[0]}")


@cache
def tokenizer_of(size):
    """Learn a vocabulary of this size from the sentences."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spiece.model"
        train_tokenizer(sentences, size, file)
        return AlbertTokenizer(file)


tokenizer = tokenizer_of(2000)

# %%
# First: cleaning
# ---------------
# "The", "the" and "THE" would be three entries of a vocabulary. So ALBERT makes them equal before
# it cuts the text. There are four steps, in this order. White space becomes single spaces. Quotes
# become plain quotes. Characters are decomposed (the Unicode form NFKD: é becomes an e and an
# accent), and the accents are removed. Letters become lower case.

from albert_np.text import preprocess

raw = "The  ``Café''\n is  NAÏVE."
print(f"\n{raw!r}\n{preprocess(raw)!r}")

# %%
# This loses information: *US* and *us* are now the same word. For English, the authors accepted
# this loss.
#
# Then: cutting into pieces
# -------------------------
# The sign ▁ means a space. So if you join the pieces, you get the text back, with its spaces.

for text in ("The function returns a list.", "The deserialization misbehaves."):
    print(f"\n{text}\n  {tokenizer.tokenize(text)}")
text = "the function returns a list."
assert "".join(tokenizer.tokenize(text)).replace("▁", " ").strip() == text

# %%
# A text can be cut in many ways. Which cut does the tokenizer choose? In the *unigram model* every
# piece w has a probability p(w). The model writes a text piece by piece and draws each piece
# independently of the others. So a cut :math:`w_1 \ldots w_n` has the probability
#
# .. math::
#
#    P(w_1 \ldots w_n) = \prod_{i=1}^n p(w_i), \qquad
#    \log P = \sum_{i=1}^n \log p(w_i)
#
# The tokenizer chooses the most probable cut. (The logarithms are natural. Their unit is the
# *nat*.) Each additional piece multiplies P by a number below 1. So a few long pieces are usually
# more probable than many short ones. They are less probable only if the long pieces are rare.
#
# A word of n letters has :math:`2^{n-1}` cuts, too many to try all. But look at the first e letters
# of the word, and at their best cut. Its last piece begins at some letter b + 1 and ends at letter
# e. The part before this piece must be cut in its best way too. (Otherwise a better cut of that
# part would make the whole cut better.) Let the score s(e) be log P of the best cut of the first e
# letters. We can compute it from the scores of shorter beginnings. With s(0) = 0,
#
# .. math::
#
#    s(e) = \max_{b < e} \big( s(b) + \log p(\text{letters } b{+}1 \text{ to } e) \big)
#
# This is the Viterbi algorithm. Here it is:

from math import inf

from sentencepiece import SentencePieceProcessor

model = SentencePieceProcessor(model_proto=tokenizer.model_bytes)
first_learnt = 13                   # ids 0 to 12 are set by hand, see "Special tokens"
log_p = {tokenizer.pieces[i]: model.get_score(i) for i in range(first_learnt, tokenizer.vocab_size)}


def best_cut(word):
    """The most probable pieces of a word, and the logarithm of their probability."""
    best = [(0.0, [])] + [(-inf, [])] * len(word)
    for end in range(1, len(word) + 1):
        for begin in range(end):
            piece = word[begin:end]
            score = best[begin][0] + log_p.get(piece, -inf)
            if score > best[end][0]:
                best[end] = score, [*best[begin][1], piece]
    return best[len(word)]


words = sorted({word for document in held_out for sentence in document
                for word in preprocess(sentence).split() if word.isascii() and word.isalpha()})
agree = 0
for word in words:
    score, pieces = best_cut("▁" + word)
    theirs = tokenizer.tokenize(word)
    assert abs(score - sum(log_p[piece] for piece in theirs)) < 1e-3, (pieces, theirs)
    agree += pieces == theirs
print(f"\n{agree} of {len(words)} words of the held-out text are cut as the SentencePiece library "
      f"cuts them;\nwhere the cut differs, it is exactly as probable")

# %%
# To see how the tokenizer decides, we list all cuts of one word with their probabilities.

from math import exp

import matplotlib.pyplot as plt

from albert_np.course.lecture import quick, show
from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE


def all_cuts(word):
    """Every way of writing a word in pieces of the vocabulary: (log P, pieces)."""
    if not word:
        return [(0.0, [])]
    return [(log_p[word[:end]] + score, [word[:end], *rest])
            for end in range(1, len(word) + 1) if word[:end] in log_p
            for score, rest in all_cuts(word[end:])]


word = "▁rearranges"
cuts = sorted(all_cuts(word), reverse=True)
assert cuts[0][1] == best_cut(word)[1]
shown = cuts[:8]
figure, axes = plt.subplots(figsize=(8.5, 4.6), layout="constrained")
bars = axes.barh(range(len(shown)), [-score for score, _ in shown], height=0.65,
                 color=[BLUE] + [GREY] * (len(shown) - 1))
bars[0].set_hatch("//")
bars[0].set_edgecolor("white")
axes.set_yticks(range(len(shown)), [" | ".join(pieces) for _, pieces in shown], fontsize=14)
powers = [f"{exp(score):.0e}".split("e") for score, _ in shown]           # 8e-13 is 8, -13
axes.bar_label(bars, [rf"P = ${digit} \cdot 10^{{{int(power)}}}$" for digit, power in powers],
               padding=4, fontsize=14)
axes.invert_yaxis()
axes.set_xlim(0, 1.4 * -shown[-1][0])
axes.set_xlabel("−log P of the cut (nats): shorter is more probable", fontsize=14)
axes.set_title(f"The {len(shown)} best of {len(cuts)} cuts of “rearranges”; blue: taken",
               fontsize=15)
axes.tick_params(axis="x", labelsize=13)
show(figure, "01_cuts_of_a_word")

# %%
# What to notice: most of the best cuts have few pieces, although no rule asks for few pieces. The
# reason is the product: each piece multiplies the probability by a number below 1.
#
# Where do the probabilities p come from? SentencePiece begins with a very large number of strings
# that occur often. Then it repeats three steps. First, it counts how often each string is used in
# the corpus. A sentence can be cut in many ways, and all of them count: if a cut has the
# probability 0.2 among the cuts of its sentence, it adds 0.2 for each use of a string. Second, it
# divides the counts by their sum, which gives new p. Third, it removes the strings that the corpus
# needs least. It stops when V strings are left. (The first two steps are an instance of expectation
# maximisation; see Kudo 2018, section 3.2.)
#
# What does a vocabulary cover?
# -----------------------------
# Nearly everything, because single letters are pieces too. But a small vocabulary makes sequences
# long: a word is cut into more pieces, and every piece costs the model time. So let us learn
# vocabularies of several sizes and use them on three texts: the text that they were made from, the
# held-out text, and articles of Wikipedia.

from albert_np.tasks.datasets.fetchers.wikitext2 import fetch_wikitext2

try:
    articles = fetch_wikitext2("valid")
    # In these files <unk> replaces the words that the authors removed; it is not text.
    foreign = [s.replace("<unk>", " ") for article in articles[:12] for s in article]
    foreign_name = "Wikipedia"
except (FileNotFoundError, ValueError) as error:
    print(f"No Wikipedia here ({error})\nA few sentences from this script stand in for it.")
    foreign_name = "stand-in, a few sentences"
    foreign = ["The river rises in the hills above the old market town and runs to the sea.",
               "In 1871 the queen gave the harbour its charter, and trade in wool and tin began.",
               "Her third novel, praised by critics, was translated into Czech and Japanese.",
               "A heavy storm destroyed the lighthouse; 24 fishermen were rescued by boat."]

texts = {"learnt from": sentences[::20], "held out": [s for d in held_out for s in d][:600],
         foreign_name: foreign[:600]}
sizes = [125, 500, 2000] if quick() else [125, 250, 500, 1000, 2000, 4000]
lengths, unknown = {name: [] for name in texts}, {name: [] for name in texts}
for size in sizes:
    sized = tokenizer_of(size)
    for name, lines in texts.items():
        ids = [i for row in sized.encode_batch(lines) for i in row]
        lengths[name].append(len(ids) / sum(len(line.split()) for line in lines))
        unknown[name].append(1000 * ids.count(sized.unk_token_id) / len(ids))

print(f"\n{'pieces per word':32s}" + "".join(f"{size:>8,}" for size in sizes))
for name, values in lengths.items():
    print(f"{name:32s}" + "".join(f"{value:8.2f}" for value in values))
print("unknown, of 1,000 pieces")
for name, values in unknown.items():
    print(f"{name:32s}" + "".join(f"{value:8.2f}" for value in values))

figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
for (name, values), colour, look in zip(lengths.items(), (BLUE, GREEN, ORANGE),
                                        ("o-", "s--", "^-.")):
    axes.semilogx(sizes, values, look, color=colour, linewidth=2, markersize=7, label=name)
axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
axes.minorticks_off()
axes.set_ylim(bottom=1)
axes.set_xlabel("size of the vocabulary, V (pieces)", fontsize=14)
axes.set_ylabel("pieces per word", fontsize=14)
axes.tick_params(labelsize=13)
axes.grid(alpha=0.25)
axes.legend(fontsize=14, title="text", title_fontsize=14)
axes.set_title("A larger vocabulary makes shorter sequences", fontsize=15)
show(figure, "01_what_a_vocabulary_covers")
assert lengths[foreign_name][-1] > lengths["held out"][-1]
assert all(a > b for values in lengths.values() for a, b in zip(values, values[1:]))

# %%
# What to notice: every curve falls. The curve of the held-out text is close to the curve of the
# text that the pieces were learnt from. Both curves become flat. As soon as the vocabulary has more
# than single letters, the Wikipedia text needs more pieces per word than the other two texts. The
# reason is that many of the pieces are programming terms. So if your texts are about a special
# field, it can help to learn a vocabulary from them.
#
# Only a *character* can be unknown: one that the corpus did not have, or that was too rare.
# (SentencePiece leaves out the rarest characters. Together they make up 5 of every 100,000
# characters of the corpus.) All unknown characters have the same id, ``<unk>``. The model cannot
# tell which character it was.
#
# Special tokens
# --------------
# Five ids are special tokens. They are not pieces of text. Their numbers are fixed. Eight
# punctuation signs also have fixed numbers, and each is always a piece of its own. The pieces that
# are learnt begin at 13.

MEANING = {"<pad>": "fills short rows of a batch; no token attends to it",
           "<unk>": "a character that no piece has", "[CLS]": "begins every sequence",
           "[SEP]": "ends a segment", "[MASK]": "a gap, where the model has to guess"}
print()
for i, piece in enumerate(tokenizer.pieces[:first_learnt]):
    print(f"{i:4d}  {piece:7s} {MEANING.get(piece, 'itself')}")
print("and then", tokenizer.pieces[first_learnt:first_learnt + 6], "...")

# %%
# A pair, and a batch
# -------------------
# Many tasks are about two texts. Does the second text follow from the first? Is the answer in it?
# ALBERT reads both texts in one row, ``[CLS] A [SEP] B [SEP]``. *Token types* tell them apart: 0
# for A, 1 for B. Later the model uses the position of [CLS] for its answer about the whole pair.
#
# All rows of a batch must have the same length. So short rows are filled with <pad>. The *attention
# mask* says where there is text: 1 for text, 0 for padding. The shape is (B, T): B rows with T
# tokens each. (A *token* is a position in a row. A piece is the string at this position.)

batch = tokenizer(["A list is empty.", "Why?"], ["It has no items.", "No reason."])
print({name: array.shape for name, array in batch.items()})
for ids, types, mask in zip(*(batch[name] for name in ("input_ids", "token_type_ids",
                                                       "attention_mask"))):
    print(f"\n{'piece':10s}{'id':>6s}{'type':>6s}{'mask':>6s}")
    for piece, i, kind, seen in zip(tokenizer.convert_ids_to_tokens(ids), ids, types, mask):
        print(f"{piece:10s}{i:6d}{kind:6d}{seen:6d}")
print("\nback to text:", tokenizer.decode(batch["input_ids"][0]))

# %%
# What goes wrong
# ---------------
# The most common mistake with ALBERT's vocabulary is to forget the cleaning. Nothing crashes. But
# the pieces were learnt from lower-case letters. So no piece has a capital letter, and every
# capital becomes ``<unk>``:

with tempfile.TemporaryDirectory() as folder:
    tokenizer.save(folder)
    careless = AlbertTokenizer(Path(folder) / "spiece.model", do_lower_case=False)
line = "The Decimal module. See Also: The Queue."
print("\nwith cleaning   ", tokenizer.tokenize(line))
print("without         ", [piece if piece in log_p or piece in tokenizer.pieces else "<unk>"
                           for piece in careless.tokenize(line)])
for name, one in (("with cleaning", tokenizer), ("without", careless)):
    ids = [i for row in one.encode_batch(texts["held out"]) for i in row]
    print(f"{name:16s} {ids.count(one.unk_token_id):4d} of {len(ids):,} pieces are <unk>")
assert careless.unk_token_id in careless.encode(line)
assert careless.unk_token_id not in tokenizer.encode(line)

# %%
# Only the count of <unk> shows this mistake. So count them in your own text before you train a
# model.
#
# In the paper
# ------------
# Section 4.1 uses SentencePiece with V = 30,000. The rows are ``[CLS] A [SEP] B [SEP]`` and have at
# most 512 tokens. One row in ten is made shorter on purpose. V is much larger than all other sizes
# of the model. This is the reason for the first of ALBERT's ideas, see
# ``05_factorized_embeddings.py``. The question that the model answers about A and B is in
# ``08_sentence_order.py``. The choice of the pieces that become [MASK] is in
# ``07_masked_language_model.py``.
#
# Exercises
# ---------
# 1. Call ``best_cut("▁" + word)`` for words of your own. Find a word that is cut where no syllable
#    ends. Use ``log_p`` to explain the cut.
# 2. Change ``best_cut`` so that it chooses the cut with the fewest pieces. How many of ``words``
#    are now cut in another way?
# 3. Which entries of the vocabulary does the held-out text never use? What percentage of V is that?
# 4. ``tokenizer("a short list", "a long list of names", max_length=8)`` must cut something off.
#    What does it keep, and why?
# 5. Draw a cut at random, with the probabilities of the cuts, instead of choosing the best cut.
#    (Kudo 2018 trains with such cuts.)
