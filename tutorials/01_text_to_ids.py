"""
How does a text become numbers?
===============================

A model computes with numbers; a text has none. This tutorial follows a sentence on its way to the
arrays that ALBERT reads: cleaning, cutting into *pieces*, numbers, special tokens, pairs. At the
end you can do the cutting by hand, and you know what a vocabulary covers and what becomes of the
rest.

Prerequisites: none. In the paper: section 4.1 (Lan et al. 2020), which borrows the pieces from Kudo
2018. Run it with ``python tutorials/01_text_to_ids.py``; pictures go to ``tutorials/output/``.
"""

import tempfile
from functools import cache
from math import exp, inf
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sentencepiece import SentencePieceProcessor

from albert_np import AlbertTokenizer
from albert_np.course.lecture import quick, show
from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE
from albert_np.tasks.datasets.fetchers.wikitext2 import fetch_wikitext2
from albert_np.text import embedded_corpus, preprocess, split_documents, train_tokenizer

# %%
# Why not letters, why not words?
# -------------------------------
# Give every *letter* a number, and sequences become long and every number says next to nothing.
# Give every *word* a number, and a table of numbers for a language never ends: names, inflections,
# typing errors. A word that is not in the table has no number at all.
#
# ALBERT takes the middle way. A *piece* is a string of letters that occurs often: a whole word if
# it is frequent, a syllable or a letter if not. The list of all pieces is the *vocabulary*; it has
# V entries, and the place of a piece in the list is its *id*. The published models have V =
# 30,000.
#
# A vocabulary is learnt from a *corpus*, a large collection of text. Here it is one that every
# Python brings along: the documentation of the language and of its standard library. A tenth of
# it, whole modules, is kept aside, to see how the pieces do on text they were not made from.

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
# "The", "the" and "THE" would be three entries of a vocabulary. Before anything is cut, ALBERT
# makes them alike. Four steps, in this order: white space becomes single spaces; quotes become
# plain; characters are taken apart (the Unicode form NFKD: é is an e and an accent) and the
# accents dropped; letters become small.

raw = "The  ``Café''\n is  NAÏVE."
print(f"\n{raw!r}\n{preprocess(raw)!r}")

# %%
# Something is lost: *US* and *us* are now one word. The authors found that worth it for English.
#
# Then: cutting into pieces
# -------------------------
# The sign ▁ stands for a space, so that pieces glued together are the text again, spaces included.

for text in ("The function returns a list.", "The deserialization misbehaves."):
    print(f"\n{text}\n  {tokenizer.tokenize(text)}")
text = "the function returns a list."
assert "".join(tokenizer.tokenize(text)).replace("▁", " ").strip() == text

# %%
# Which of all possible cuts is this? In the *unigram model* every piece w has a probability p(w),
# and a text is written piece after piece, each drawn without looking at the others. A cut
# :math:`w_1 \ldots w_n` then has the probability
#
# .. math::
#
#    P(w_1 \ldots w_n) = \prod_{i=1}^n p(w_i), \qquad
#    \log P = \sum_{i=1}^n \log p(w_i)
#
# and the text is cut in the most probable way. (Natural logarithms; their unit is called *nat*.)
# Each further piece costs another factor below 1, so few long pieces win over many short ones,
# unless the long ones are rare.
#
# A word of n letters has :math:`2^{n-1}` cuts. But the best cut of its first e letters ends with
# some piece, and what stands before that piece must be cut best too (if not, a better cut of that
# part would make a better whole). So the best for every e follows from the best for shorter
# beginnings. With s(0) = 0,
#
# .. math::
#
#    s(e) = \max_{b < e} \big( s(b) + \log p(\text{letters } b \text{ to } e) \big)
#
# That is the Viterbi algorithm. Here it is:

model = SentencePieceProcessor(model_proto=tokenizer.model_bytes)
first_learnt = 13                   # the ids below are set by hand, see "Special tokens"
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
# To see the decision, list all cuts of one word and their probabilities.


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
axes.set_yticks(range(len(shown)), ["  ".join(pieces) for _, pieces in shown], fontsize=12)
axes.bar_label(bars, [f"P = {exp(score):.0e}" for score, _ in shown], padding=4, fontsize=11)
axes.invert_yaxis()
axes.set_xlim(0, 1.25 * -shown[-1][0])
axes.set_xlabel("-log P of the cut (nats): shorter is more probable", fontsize=12)
axes.set_title(f"The {len(shown)} best of {len(cuts)} cuts of “rearranges”; the first is taken",
               fontsize=13)
axes.tick_params(axis="x", labelsize=11)
show(figure, "01_cuts_of_a_word")

# %%
# What to notice: by and large the cuts with few pieces stand on top, though nobody asked for few.
# It is the product of probabilities that asks.
#
# Where do the p come from? SentencePiece begins with very many strings that occur often, and
# repeats: count how often each is used, weighing all cuts of the corpus by their probability;
# divide by the sum, which gives new p; throw away the strings that the corpus misses least; until
# V are left. (The first two steps are an instance of expectation maximisation. Kudo 2018, section
# 3.2.)
#
# What does a vocabulary cover?
# -----------------------------
# Nearly everything, because single letters are pieces too. The price of a small vocabulary is
# length: a word falls into more pieces, and every piece costs the model time. So learn
# vocabularies of several sizes and look at three texts: the one they were made from, its kin that
# was held out, and articles of Wikipedia.

try:
    articles = fetch_wikitext2("valid")
    # <unk> stands in these files for words that their makers took out; it is no text.
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
axes.set_xlabel("size of the vocabulary, V (pieces)", fontsize=12)
axes.set_ylabel("pieces per word", fontsize=12)
axes.tick_params(labelsize=11)
axes.grid(alpha=0.25)
axes.legend(fontsize=12, title="text", title_fontsize=12)
axes.set_title("A larger vocabulary makes shorter sequences", fontsize=13)
show(figure, "01_what_a_vocabulary_covers")
assert lengths[foreign_name][-1] > lengths["held out"][-1]
assert all(a > b for values in lengths.values() for a, b in zip(values, values[1:]))

# %%
# What to notice: every curve falls. The held-out text goes along with the one that was learnt
# from, and both flatten out. As soon as V is more than an alphabet, the foreign text needs more
# pieces, since many of the pieces are words of the trade. That is one reason to learn a vocabulary
# of one's own where the language is a special one.
#
# Only a *character* that the corpus did not have is unknown, or one that was too rare (the rarest,
# which together fill five of 100,000 places, are left out). All such characters share the id of
# ``<unk>``, and what they were is forgotten.
#
# Special tokens
# --------------
# Five ids stand for no text at all. Their numbers are set by hand, and so are those of eight signs
# that always stand for themselves; what is learnt begins at 13.

MEANING = {"<pad>": "fills short rows of a batch up; nobody looks at it",
           "<unk>": "a character that no piece has", "[CLS]": "begins every sequence",
           "[SEP]": "ends a segment", "[MASK]": "a gap, where the model has to guess"}
print()
for i, piece in enumerate(tokenizer.pieces[:first_learnt]):
    print(f"{i:4d}  {piece:7s} {MEANING.get(piece, 'itself')}")
print("and then", tokenizer.pieces[first_learnt:first_learnt + 6], "...")

# %%
# A pair, and a batch
# -------------------
# Many tasks ask about two texts: does the second follow from the first, is the answer in it?
# ALBERT reads both in one row, ``[CLS] A [SEP] B [SEP]``. *Token types* say which is which: 0 for
# A, 1 for B. At [CLS] the model will later collect what it has to say about the whole pair.
#
# Rows of a batch must be equally long, so short ones are filled up with <pad>, and the *attention
# mask* says where there is text: 1 for text, 0 for padding. The shape is (B, T): B rows, T tokens
# in a row. (A *token* is a place in a row, a piece is what stands there.)

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
# The most common mistake with ALBERT's vocabulary is to leave the cleaning out. Nothing crashes.
# But the pieces were learnt from small letters, so a capital is a character that no piece has:

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
# It shows nowhere but in the count of <unk>. So count them, on your own text, before training
# anything.
#
# Where this stands in the paper
# ------------------------------
# Section 4.1: V = 30,000, SentencePiece, rows ``[CLS] A [SEP] B [SEP]`` of at most 512 tokens, one
# in ten rows shorter. That V is so large next to everything else in the model is the reason for
# the first of ALBERT's ideas, in ``05_factorized_embeddings.py``. What is asked about A and B:
# ``08_sentence_order.py``. Which pieces become [MASK]: ``07_masked_language_model.py``.
#
# Exercises
# ---------
# 1. ``best_cut("▁" + word)`` for words of your own. Find one that is cut where no syllable ends,
#    and say from ``log_p`` why.
# 2. Change ``best_cut`` so that it takes the cut with the fewest pieces. How many of ``words`` are
#    cut in another way?
# 3. Which entries of the vocabulary does the held-out text never use? What share is that?
# 4. ``tokenizer("a short list", "a long list of names", max_length=8)`` must cut something off.
#    What does it keep, and why these?
# 5. Draw a cut at random in proportion to its probability, instead of taking the best. (Kudo 2018
#    trains with such cuts.)
