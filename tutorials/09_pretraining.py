"""
Pretraining an ALBERT
=====================

The whole job by the API, step by step: text, pieces, pairs, masks, model, optimiser, losses. At the
end the model guesses words in text that it has never seen.

Run it with ``python tutorials/09_pretraining.py``; pictures go to ``tutorials/output/``. It took
75 seconds on two cores; with ``ALBERT_NP_QUICK=1`` it takes seconds and learns less.
"""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")   # two workers below, a thread for each

import numpy as np

from albert_np import AdamW, AlbertConfig, AlbertForPreTraining, AlbertTokenizer
from albert_np.memory import keep_freed_memory
from albert_np.optim import warmup_polynomial_decay
from albert_np.plotting import plot_losses
from albert_np.pretraining import (BigramModel, PretrainingData, UnigramModel, evaluate,
                                   evaluate_baseline, show_guesses, train)
from albert_np.text import DataOptions
from albert_np.text.corpora import embedded_corpus, split_documents
from albert_np.text.train_tokenizer import train_tokenizer

OUTPUT = Path(__file__).parent / "output"
QUICK = os.environ.get("ALBERT_NP_QUICK") == "1"
STEPS = 60 if QUICK else 3000
keep_freed_memory()                      # large arrays are allocated again at every step

# %%
# Text
# ----
# Every Python brings prose along: its language reference and the docstrings of its standard library.
# A document is a list of sentences, here a topic or a docstring. Whole modules are held out, so that
# the evaluation never sees a neighbour of a sentence that was trained on.

documents, modules = embedded_corpus()
train_documents, held_out_documents = split_documents(documents, 0.1, groups=modules,
                                                      rng=np.random.default_rng(0))
print(f"{len(documents)} documents, {sum(map(len, documents)):,} sentences; the first one:")
print(" ", documents[0][0])

# %%
# Pieces
# ------
# A small vocabulary suits a small model: frequent words are one piece, rare ones are spelt.

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "spiece.model"
    train_tokenizer([s for document in train_documents for s in document], 2000, file)
    tokenizer = AlbertTokenizer(file)
print(tokenizer.tokenize("The interpreter evaluates expressions lazily."))

# %%
# Pairs and masks
# ---------------
# Each sequence is ``[CLS] A [SEP] B [SEP]``. A and B are neighbours in the text; in half of the
# sequences that begin a document they were swapped, and the model is asked whether; the others
# (label -100) only train the masked language model. 15 % of the pieces are chosen, in runs of up
# to three whole words; of those 80 % become ``[MASK]``, 10 % another piece, 10 % stay.

options = DataOptions(max_seq_length=40, beginnings_only=True)
data = PretrainingData.from_text(train_documents, held_out_documents, tokenizer, options,
                                 batch_size=26, seed=0)
batch = next(data.training_batches())
print({name: array.shape for name, array in batch.items()})
print("input ", tokenizer.decode(batch["input_ids"][0], skip_special_tokens=False))
print("labels", [tokenizer.pieces[i] for i in batch["labels"][0] if i != -100])
print("swapped" if batch["sentence_order_label"][0] else "in order")

# %%
# What counting alone can do
# --------------------------
# Two baselines give the loss curve its landmarks.

text = data.training_text()
references = {name: evaluate_baseline(model(text, tokenizer), data.held_out)["mlm_loss"]
              for name, model in (("unigram", UnigramModel), ("bigram", BigramModel))}
print({name: round(value, 2) for name, value in references.items()})

# %%
# The model
# ---------
# One layer, applied three times. The published models start from weights of standard deviation
# 0.02; for so narrow a model that would leave every attention uniform for a long time.

config = AlbertConfig(vocab_size=tokenizer.vocab_size, embedding_size=64, hidden_size=64,
                      num_hidden_layers=3, num_attention_heads=4, intermediate_size=256,
                      max_position_embeddings=40, initializer_range=0.05, sop_weight=0.15)
model = AlbertForPreTraining(config, seed=0)
for name, count in config.parameter_counts().items():
    print(f"  {name:14s} {count:8,}")

# %%
# One step, by hand
# -----------------
# ``train`` below does nothing but this, again and again.

optimizer = AdamW(model.params, lr=warmup_polynomial_decay(3e-3, STEPS, STEPS // 20),
                  betas=(0.9, 0.98))
output, cache = model.forward(**batch)
grads = model.backward(cache)
optimizer.step(model.params, grads)
print(f"loss {output.loss:.2f} = MLM {output.mlm_loss:.2f} + SOP {output.sop_loss:.2f};   "
      f"ln V = {np.log(config.vocab_size):.2f}, ln 2 = {np.log(2):.2f}")

# %%
# An untrained model guesses blindly, and its losses say so: ln V and ln 2.

# %%
# Training
# --------

metrics = train(model, optimizer, data.training_batches(), STEPS - 1, evaluate_every=STEPS // 6,
                evaluation=lambda: evaluate(model, data.held_out), workers=2)
picture = plot_losses(metrics, OUTPUT / "09_losses.png", references, config.vocab_size,
                      config.sop_weight)
print("saved", picture)

# %%
# What to notice: within a hundred steps the model knows how frequent each piece is and stands on the
# unigram line. Then, slowly, it learns from the words around the gap. Sentence order starts at ln 2,
# tossing a coin, and falls once there is something to see in a beginning. But there are only some
# 2,500 documents: soon the training loss goes on falling alone. The model learns them by heart.
# ``albert-np pretrain`` is the same run, continued for long enough to leave the bigram line behind.
#
# Guesses on held-out text
# ------------------------

print(show_guesses(model, tokenizer, data.held_out))

# %%
# Exercises
# ---------
# 1. Set ``initializer_range=0.02``. How long does the plateau last now?
# 2. ``sharing="none"`` has three times the parameters in its layers. Does it learn faster?
# 3. Set ``sop_weight=0``. Does the MLM loss get better? (Lan et al. 2020, table 5.)
# 4. Start the position table from ``albert_np.initialization.wave_positions`` (WAVE.1), as the command
#    does. How many steps does that save?
