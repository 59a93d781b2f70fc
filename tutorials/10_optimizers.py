"""
Downhill, but how far? SGD, Adam, AdamW, LAMB
=============================================

The backward pass says in which direction the loss falls. It does not say how far to go. This
tutorial takes the four rules that the package has, from the oldest to the one that ALBERT was
pretrained with, and asks each what it does to a narrow valley, to the matrices of a small ALBERT,
and in its first steps. At the end you know what a trust ratio is and why one warms up.

Prerequisites: ``07_masked_language_model.py`` (loss, plateau). In the paper: section 4.1, "LAMB
optimizer with learning rate 0.00176" (Lan et al. 2020; You et al. 2020). Run it with
``python tutorials/10_optimizers.py``; pictures go to ``tutorials/output/``.
"""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")   # two workers below, a thread for each

import matplotlib.pyplot as plt
import numpy as np

from albert_np import LAMB, SGD, Adam, AdamW, AlbertConfig, AlbertForPreTraining, AlbertTokenizer
from albert_np.lecture import quick, show, source_of
from albert_np.memory import keep_freed_memory
from albert_np.optim import warmup_polynomial_decay
from albert_np.optim.lamb import trust_ratio
from albert_np.optim.moments import decays, update_moments
from albert_np.parameters import flatten
from albert_np.plotting import BLUE, GREEN, GREY, ORANGE
from albert_np.pretraining import PretrainingData, UnigramModel, evaluate, evaluate_baseline, train
from albert_np.text import DataOptions, embedded_corpus, split_documents, train_tokenizer

STEPS = 24 if quick() else 160
keep_freed_memory()                      # large arrays are allocated again at every step

# %%
# A valley
# --------
# Two parameters, and a loss that is steep in one and flat in the other:
# :math:`f(x, y) = \tfrac12 (100\, x^2 + y^2)`, with the gradient :math:`(100\, x,\; y)`.
#
# *SGD* (stochastic gradient descent) goes against the gradient g, times the learning rate
# :math:`\eta` (SGD.1). Here every step multiplies x by :math:`1 - 100\eta` and y by
# :math:`1 - \eta`. The first must stay between -1 and 1, so :math:`\eta < 0.02`, whatever y would
# like; and then y needs hundreds of steps.
#
# *Adam* divides each parameter's gradient by that parameter's own typical gradient. It keeps two
# running means for every parameter, m of the gradient and v of its square,

print(source_of(SGD.step, "SGD.1", lines_around=1))
print(source_of(update_moments))

# %%
# and goes :math:`\eta\, m / \sqrt v` (ADAM.1, with a correction that we come to below). If the
# gradient keeps its sign, :math:`m / \sqrt v` is near 1: the parameter moves by :math:`\eta`,
# steep or flat. If it keeps changing sign, m is near 0 and so is the step.


def walk(make, steps=60):
    """Where an optimiser goes from (0.1, 1): array (steps + 1, 2), and the losses."""
    params = {"p": np.array([0.1, 1.0])}
    optimizer, places = make(params), [params["p"].copy()]
    for _ in range(steps):
        optimizer.step(params, {"p": np.array([100.0, 1.0]) * params["p"]})
        places.append(params["p"].copy())
    places = np.array(places)
    return places, (np.array([50, 0.5]) * places**2).sum(axis=1)


walks = {"SGD, 0.019": lambda params: SGD(params, lr=0.019),
         "SGD, 0.0201": lambda params: SGD(params, lr=0.0201),
         "Adam, 0.05": lambda params: Adam(params, lr=0.05, betas=(0.9, 0.98))}
for name, make in walks.items():
    places, losses = walk(make)
    print(f"{name:12s} after 60 steps: x = {places[-1, 0]:+.1e}, y = {places[-1, 1]:+.1e}, "
          f"loss {losses[-1]:.1e}")
assert walk(walks["SGD, 0.0201"])[1][-1] > walk(walks["SGD, 0.019"])[1][-1]

# %%
# Weight decay, and the W of AdamW
# --------------------------------
# *Weight decay* pulls every weight towards 0 by the share :math:`\eta\lambda` a step, against
# weights that grow for no good reason. With SGD it makes no difference whether one adds
# :math:`\lambda p` to the gradient or to the step. With Adam it does: in the gradient it is divided
# by :math:`\sqrt v` like everything else. Take two weights that only feel noise, a loud one and a
# quiet one:

rng = np.random.default_rng(0)
loudness, decay, rate, steps = np.array([1.0, 0.01]), 0.1, 0.01, 600
decayed = {"in the gradient (Adam)": {"p": np.ones((1, 2))},
           "in the step (AdamW)": {"p": np.ones((1, 2))}}
adam = Adam(decayed["in the gradient (Adam)"], lr=rate)
adamw = AdamW(decayed["in the step (AdamW)"], lr=rate, weight_decay=decay)
for _ in range(steps):
    noise = loudness * rng.choice([-1.0, 1.0], size=(1, 2))
    p = decayed["in the gradient (Adam)"]
    adam.step(p, {"p": noise + decay * p["p"]})
    adamw.step(decayed["in the step (AdamW)"], {"p": noise})
for name, params in decayed.items():
    print(f"{name:23s} 1 becomes {params['p'][0, 0]:.2f} (loud), {params['p'][0, 1]:.2f} (quiet)")
print(f"{'asked for':23s} (1 - {rate} x {decay})^{steps} = {(1 - rate * decay)**steps:.2f}")

# %%
# In the gradient, the decay hardly reaches the loud weight, and overruns the quiet one. In the step
# both do what was asked for, give or take the noise (ADAMW.1):

print(source_of(AdamW.step))

# %%
# A small ALBERT
# --------------
# The text is the documentation of this Python, the objective are its hidden words.

documents, modules = embedded_corpus()
training, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "spiece.model"
    train_tokenizer([sentence for document in training for sentence in document], 1000, file)
    tokenizer = AlbertTokenizer(file)
data = PretrainingData.from_text(training, held_out, tokenizer,
                                 DataOptions(max_seq_length=32, sentence_task="none"),
                                 batch_size=16, seed=0, held_out_sequences=200)
unigram = evaluate_baseline(UnigramModel(data.training_text(), tokenizer), data.held_out)["mlm_loss"]


def new_model(layers=3):
    """An untrained model, the same at every call."""
    return AlbertForPreTraining(AlbertConfig(
        vocab_size=1000, embedding_size=64, hidden_size=64, num_hidden_layers=layers,
        num_attention_heads=4, intermediate_size=256, max_position_embeddings=32,
        initializer_range=0.05), seed=0)


def run(make, rate, warmup=STEPS // 8, steps=STEPS, layers=3):
    """Train a new model; its training losses, and its loss on held-out text (or nothing)."""
    model = new_model(layers)
    schedule = warmup_polynomial_decay(rate, steps, warmup)
    try:
        rows = train(model, make(model.params, lr=schedule), data.training_batches(), steps,
                     workers=2, progress=False)
    except FloatingPointError as error:
        return np.array([]), str(error)
    return np.array([row["mlm_loss"] for row in rows]), evaluate(model, data.held_out)["mlm_loss"]


rates = {SGD: (0.3, 1.0, 3.0), Adam: (1e-3, 3e-3, 1e-2), AdamW: (1e-3, 3e-3, 1e-2),
         LAMB: (3e-3, 1e-2, 3e-2)}
runs = {}
print(f"\nloss on held-out text after {STEPS} steps (unigram {unigram:.2f})")
for make, choices in rates.items():
    tried = {rate: run(make, rate) for rate in choices[1:2 if quick() else 3]}
    print(f"  {make.__name__:6s}", "   ".join(f"rate {rate:g}: {end if isinstance(end, str) else f'{end:.2f}'}"
                                             for rate, (_, end) in tried.items()))
