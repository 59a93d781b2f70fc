"""
Downhill, but how far? SGD, Adam, AdamW, LAMB
=============================================

The backward pass says in which direction the loss falls. It does not say how far to go. This
tutorial takes the four rules that the package has, from the oldest to the one that ALBERT was
pretrained with, and asks each what it does to a narrow valley, to a small ALBERT at many learning
rates, to each of its matrices, and in the first steps. At the end you know what a trust ratio is
and why one warms up.

Prerequisites: ``07_masked_language_model.py`` (loss, plateau). In the paper: section 4.1, "LAMB
optimizer with learning rate 0.00176" (Lan et al. 2020; You et al. 2020). Run it with
``python tutorials/10_optimizers.py``; pictures go to ``tutorials/output/``.
"""

# %%
# A valley
# --------
# Two parameters, and a loss that is steep in one and flat in the other:
# :math:`f(x, y) = \tfrac12 (100\, x^2 + y^2)`, with the gradient :math:`(100\, x,\; y)`.
#
# *SGD* (stochastic gradient descent) goes against the gradient g, times the learning rate
# :math:`\eta` (SGD.1; its *momentum* :math:`\mu`, a memory of earlier gradients, is 0 here). So
# every step multiplies x by :math:`1 - 100\eta` and y by :math:`1 - \eta`. The first factor must
# stay between -1 and 1, so :math:`\eta < 0.02`, whatever y would like; and then y needs hundreds of
# steps.
#
# *Adam* divides each parameter's gradient by that parameter's own typical gradient. It keeps two
# running means for every parameter, m of the gradient and v of its square,

from albert_np import SGD
from albert_np.course.lecture import quick, show, source_of
from albert_np.optim.moments import update_moments

print(source_of(SGD.step, "SGD.1", lines_around=1))
print(source_of(update_moments))

# %%
# and goes :math:`\eta\, m / \sqrt v` (ADAM.1, with a correction that we come to below). If the
# gradient keeps its sign, :math:`m / \sqrt v` is near 1: the parameter moves by :math:`\eta`,
# steep or flat. If it keeps changing sign, m is near 0 and so is the step.

import numpy as np

from albert_np import Adam


def walk(make, steps=60):
    """Where an optimiser goes from (0.1, 1): array (steps + 1, 2), and the losses."""
    params = {"p": np.array([0.1, 1.0])}
    optimizer, places = make(params), [params["p"].copy()]
    for _ in range(steps):
        optimizer.step(params, {"p": np.array([100.0, 1.0]) * params["p"]})
        places.append(params["p"].copy())
    places = np.array(places)
    return places, (np.array([50, 0.5]) * places**2).sum(axis=1)


walks = {"SGD, 0.019": lambda params: SGD(params, lr=0.019, momentum=0),
         "SGD, 0.0201": lambda params: SGD(params, lr=0.0201, momentum=0),
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

from albert_np import AdamW

rng = np.random.default_rng(0)
loudness, decay, rate, steps = np.array([[10.0], [0.01]]), 0.1, 0.01, 600
in_gradient, in_step = ({"p": np.ones((2, 1000))} for _ in range(2))     # 1,000 weights of each
adam, adamw = Adam(in_gradient, lr=rate), AdamW(in_step, lr=rate, weight_decay=decay)
for _ in range(steps):
    noise = loudness * rng.choice([-1.0, 1.0], size=(2, 1000))
    adam.step(in_gradient, {"p": noise + decay * in_gradient["p"]})
    adamw.step(in_step, {"p": noise})
for name, params in (("in the gradient (Adam)", in_gradient), ("in the step (AdamW)", in_step)):
    loud, quiet = params["p"].mean(axis=1)
    print(f"{name:23s} from 1 to {loud:.2f} (loud), to {quiet:.2f} (quiet), on average")
print(f"{'asked for':23s} (1 - {rate} x {decay})^{steps} = {(1 - rate * decay)**steps:.2f}")

# %%
# In the gradient, the decay reaches the loud weights less than the quiet ones, which lose nearly
# everything. In the step both lose what was asked for (ADAMW.1):

print(source_of(AdamW.step))

# %%
# A small ALBERT
# --------------
# The text is the documentation of this Python, the objective are its hidden words, the model is the
# one-layer model of ``07_masked_language_model.py``. In so few steps a good rule brings it down to
# the unigram loss, where it knows how frequent each piece is. Which learning rates are good?

import tempfile
from pathlib import Path

from albert_np import LAMB, AlbertConfig, AlbertForPreTraining, AlbertTokenizer
from albert_np.files.freed_memory import keep_freed_memory
from albert_np.files.threads import one_thread_each
from albert_np.optim import warmup_polynomial_decay
from albert_np.parameters.initial_values import wave_positions
from albert_np.pretraining import PretrainingData, UnigramModel, evaluate, evaluate_baseline, train
from albert_np.text import DataOptions, embedded_corpus, split_documents, train_tokenizer

STEPS = 30 if quick() else 120
keep_freed_memory()                      # large arrays are allocated again at every step

documents, modules = embedded_corpus()
training, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "spiece.model"
    train_tokenizer([sentence for document in training for sentence in document], 500, file)
    tokenizer = AlbertTokenizer(file)
data = PretrainingData.from_text(training, held_out, tokenizer,
                                 DataOptions(max_seq_length=32, sentence_task="none", ngram=1),
                                 batch_size=16, seed=0, held_out_sequences=200)
unigram = evaluate_baseline(UnigramModel(data.training_text(), tokenizer),
                            data.held_out)["mlm_loss"]


def new_model():
    """An untrained model, the same at every call."""
    model = AlbertForPreTraining(AlbertConfig(
        vocab_size=500, embedding_size=64, hidden_size=64, num_hidden_layers=1,
        num_attention_heads=4, intermediate_size=256, max_position_embeddings=32,
        initializer_range=0.1), seed=0)
    model.params["embeddings"]["position"][...] = wave_positions(32, 64, amplitude=0.5)
    return model


def run(make, rate, warmup=STEPS // 8, steps=STEPS, on_step=None, **settings):
    """Train a new model; the model, and its optimiser."""
    model = new_model()
    optimizer = make(model.params, lr=warmup_polynomial_decay(rate, steps, warmup), **settings)
    with one_thread_each():              # two workers, a thread for each
        train(model, optimizer, data.training_batches(), steps, workers=2, progress=False,
              on_step=None if on_step is None else (lambda *_: on_step(model)))
    return model, optimizer


def end_loss(make, rate):
    """The loss on held-out text after a training, or nan where it diverged."""
    try:
        return evaluate(run(make, rate)[0], data.held_out)["mlm_loss"]
    except FloatingPointError:
        return np.nan


untrained = evaluate(new_model(), data.held_out)["mlm_loss"]
start = {"SGD": 3e-3, "Adam": 2e-4, "AdamW": 2e-4, "LAMB": 2e-4}
found = {}
print(f"\nloss on held-out text: untrained {untrained:.2f}, unigram {unigram:.2f}; after {STEPS} "
      f"steps, by learning rate")
for make in (SGD, Adam, AdamW, LAMB):
    rates = start[make.__name__] * 4.0 ** np.arange(6)[slice(1, 6, 2) if quick() else slice(6)]
    losses = np.array([end_loss(make, rate) for rate in rates])
    found[make.__name__] = rates, losses
    good = rates[losses < np.nanmin(losses) + 0.2]
    print(f"  {make.__name__:6s}", "  ".join(f"{rate:.1g}: {loss:.2f}"
                                             for rate, loss in zip(rates, losses)),
          f"  good within a factor of {good.max() / good.min():.0f}")

# %%

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained")
x, y = np.meshgrid(np.linspace(-0.13, 0.13, 80), np.linspace(-0.35, 1.15, 80))
left.contour(x, y, np.sqrt(50 * x**2 + y**2 / 2), levels=12, colors="#BBBBBB", linewidths=0.8)
for name, colour, style in (("SGD, 0.019", ORANGE, "s-"), ("Adam, 0.05", BLUE, "o-")):
    left.plot(*walk(walks[name])[0].T, style, color=colour, markersize=4, linewidth=1.3, label=name)
left.plot(0, 0, "*", color=GREEN, markersize=16, label="lowest point")
left.set_xlabel("x (steep)", fontsize=14)
left.set_ylabel("y (flat)", fontsize=14)
left.set_title("A narrow valley, 60 steps", fontsize=15)
for (name, (rates, losses)), colour, style in zip(found.items(), (ORANGE, GREEN, BLUE, GREY),
                                                  ("s-", "v:", "o-", "D--")):
    right.semilogx(rates, np.minimum(losses, untrained + 0.5), style, color=colour, linewidth=2,
                   markersize=7, label=name)
    gone, height = rates[np.isnan(losses)], untrained + 0.15 + 0.12 * len(right.lines) / 2
    right.plot(gone, np.full(len(gone), height), "x", color=colour, markersize=11,
               markeredgewidth=3)
for name, value in (("untrained", untrained), ("unigram", unigram)):
    right.axhline(value, color=GREY, linestyle=":", linewidth=1.2, zorder=1)
    right.annotate(name, (1.02, value), va="center", fontsize=13, color=GREY,
                   xycoords=("axes fraction", "data"), annotation_clip=False)
right.set_xlabel("learning rate (×: diverged)", fontsize=14)
right.set_ylabel("loss on held-out text (nats)", fontsize=14)
right.set_title(f"A small ALBERT, {STEPS} steps", fontsize=15)
for axes in (left, right):
    axes.tick_params(labelsize=13)
    axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
show(figure, "10_valley_and_albert")

# %%
# What to notice. A learning rate means something else to each rule: SGD's is in units of "parameter
# by gradient", Adam's is the distance that one weight moves, LAMB's the share of its length that
# one matrix changes. So a rate that is good for one says nothing about another. Below its floor a
# rule does not arrive in time. Above the ceiling they differ in kind: SGD's step grows with the
# gradient, which grows with the mistake, so it runs away. The steps of the others are a few
# :math:`\eta` long whatever the gradient is. They can spoil a model without showing an alarming
# loss, all the more since the unigram loss asks nothing of attention (exercise 4).

# %%
# Trust ratios
# ------------
# SGD has one rate for all parameters. Is that a fair demand? Take the gradient of one batch: by
# which share of its length would each matrix change in a step of rate 1? SGD changes it by
# :math:`\lVert g\rVert / \lVert p\rVert`, AdamW by :math:`\lVert u\rVert / \lVert p\rVert`, where u
# is what stands beside :math:`\eta` in (ADAMW.1). *LAMB* multiplies u by the *trust ratio*
# :math:`r = \lVert p\rVert / \lVert u\rVert`, so that every matrix changes by the share
# :math:`\eta`, no more and no less (LAMB.1):

from albert_np.optim.lamb import trust_ratio

print()
print(source_of(trust_ratio))
print(source_of(LAMB.step, "LAMB.1", lines_around=7))

# %%
# We ask the model that AdamW has trained, with the running means it has at the end.

from albert_np.optim.moments import decays
from albert_np.parameters import flatten

model, optimizer = run(AdamW, 3.2e-3)
_, cache = model.forward(**next(data.training_batches((5, 0, 0))))
trees = model.backward(cache), *optimizer.leaves.moments.values()
grads, m, v = (flatten(tree) for tree in trees)
table = {}
for name, p in flatten(model.params).items():
    if decays(p) and np.linalg.norm(grads[name]) > 0:       # matrices that this objective reaches
        u = m[name] / (np.sqrt(v[name]) + optimizer.eps) + optimizer.weight_decay * p
        short = name.replace("encoder.attention.0.self_", "").replace("encoder.feed_forward.0.", "")
        length = np.linalg.norm(p)
        table[short] = (np.linalg.norm(grads[name]) / length, np.linalg.norm(u) / length,
                        trust_ratio(p, u))
print(f"\n{'matrix':24s} {'SGD':>8s} {'AdamW':>8s} {'LAMB':>6s}   trust ratio")
for name, (sgd, adamw, ratio) in table.items():
    print(f"{name:24s} {sgd:8.0e} {adamw:8.4f} {adamw * ratio:6.1f}   {ratio:8.2f}")
sgd, adamw, ratios = np.array(list(table.values())).T
print(f"{'largest over smallest':24s} {sgd.max() / sgd.min():8.1f} "
      f"{adamw.max() / adamw.min():8.1f} {1:6.1f}")
assert np.allclose(adamw * ratios, 1) and sgd.max() / sgd.min() > adamw.max() / adamw.min()

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5.2), layout="constrained", sharey=True)
rows = np.arange(len(table))
for shares, name, colour, marker in ((sgd, "SGD", ORANGE, "s"), (adamw, "AdamW", BLUE, "o"),
                                     (adamw * ratios, "LAMB", GREY, "D")):
    left.semilogx(shares / np.median(shares), rows, marker, color=colour, markersize=9, label=name)
left.set_yticks(rows, table)
left.invert_yaxis()
left.set_xlabel("share of its length, median matrix = 1", fontsize=14)
left.set_title("How far a step moves each matrix", fontsize=15)
left.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
right.barh(rows, ratios, color=GREY)
right.set_xlabel("trust ratio r", fontsize=14)
right.set_title("LAMB's factor on AdamW's step", fontsize=15)
for axes in (left, right):
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25, axis="x")
show(figure, "10_trust_ratios")

# %%
# What to notice. With SGD a rate that moves the fastest matrix sensibly leaves the slowest nearly
# where it is: compare the largest share with the smallest. AdamW evens out much of that, LAMB all
# of it. LAMB was made for huge batches: 4096 sequences a step (section 4.1) give a gradient with
# little noise, so few but large steps are wanted, and "a share :math:`\eta` of every matrix"
# remains sensible when the rate is large. With small batches on one machine there is little to gain
# by it, and the default of ``albert-np pretrain`` is AdamW.
#
# Warm-up, and why
# ----------------
# m and v start at 0. After t steps with equal gradients g, m is :math:`(1 - \beta_1^t)\, g` and v
# is :math:`(1 - \beta_2^t)\, g^2`: both too small, v by far. Adam divides the two factors out
# (ADAM.1). The code that trained ALBERT does not, so its first steps are too long by
#
# .. math::
#
#    \frac{1 - \beta_1^t}{\sqrt{1 - \beta_2^t}}
#
# And for Adam too the first v is a mean over one gradient, a poor estimate of anything. A *warm-up*
# lets the learning rate rise from 0 while the means fill (LR.1).

t = np.arange(1, 3001)
too_long = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
print(f"\ntoo long by {too_long[0]:.1f} at the first step, by {too_long.max():.1f} at step "
      f"{too_long.argmax() + 1}, by {too_long[-1]:.2f} at step {t[-1]}")
one = {"p": np.zeros((1, 1))}
AdamW(one, lr=1.0, weight_decay=0).step(one, {"p": np.array([[5.0]])})
print(f"AdamW's first step with rate 1, whatever the gradient: {abs(one['p'][0, 0]):.2f}")
assert abs(abs(one["p"][0, 0]) - too_long[0]) < 1e-4

# %%
# What do they do to a model? Here is how far all matrices together have moved from where they
# started, as a share of their length, when the rate is a fine one for later on.


def way(make, warmup, steps=40):
    """How far the parameters are from their start after each step, as a share of their length."""
    begin, shares = flatten(new_model().params), []
    length = np.sqrt(sum((p**2).sum() for p in begin.values() if decays(p)))

    def measure(model):
        moved = sum(((p - begin[name])**2).sum()
                    for name, p in flatten(model.params).items() if decays(p))
        shares.append(float(np.sqrt(moved) / length))

    run(make, 3.2e-3, warmup, steps=40 * steps, on_step=lambda model: measure(model) or
        len(shares) == steps)
    return np.array(shares)


ways = {"AdamW, no warm-up": way(AdamW, 0), "Adam, no warm-up": way(Adam, 0),
        "AdamW, warm-up": way(AdamW, 150)}
for name, shares in ways.items():
    print(f"{name:18s} after 10 steps {shares[9]:.0%}, after 40 steps {shares[-1]:.0%} of the way "
          f"a matrix is long")
assert ways["AdamW, no warm-up"][9] > ways["Adam, no warm-up"][9] > ways["AdamW, warm-up"][9]

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5.4), layout="constrained")
for beta_2, colour, style in ((0.999, ORANGE, "-"), (0.98, GREEN, ":")):
    left.semilogx(t, (1 - 0.9**t) / np.sqrt(1 - beta_2**t), style, color=colour, linewidth=2.4,
                  label=f"β₂ = {beta_2}")
left.semilogx(t, too_long * np.minimum(t / 150, 1), "--", color=BLUE, linewidth=2.2,
              label="β₂ = 0.999, 150 steps of warm-up")
left.axhline(1, color=GREY, linestyle=":", linewidth=1.5)
left.set_xlabel("step", fontsize=14)
left.set_ylabel("length of the step (Adam's = 1)", fontsize=14)
left.set_ylim(bottom=0)
left.set_title("AdamW's first steps", fontsize=15)
for (name, shares), colour, style in zip(ways.items(), (ORANGE, GREY, BLUE), ("-", ":", "--")):
    right.plot(range(1, 41), 100 * shares, style, color=colour, linewidth=2.4, label=name)
right.set_xlabel("step", fontsize=14)
right.set_ylabel("way from the start (% of the length)", fontsize=14)
right.set_title("How far the weights have gone", fontsize=15)
for axes in (left, right):
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.5, -0.15))
show(figure, "10_warm_up")

# %%
# What to notice. Without warm-up the weights travel far on the word of the first few batches, when
# the loss can still be lowered by the output bias alone and the gradient of everything else is
# mostly noise. A deep network that is thrown about like that may not come back: its attention
# saturates (``03_softmax_gelu_layer_norm.py``), and the loss stays on the plateau for good. A
# smaller :math:`\beta_2` forgets its start sooner and lessens the trouble; ``albert-np pretrain``
# has 0.98, the original has 0.999 and 3,125 steps of warm-up.
#
# What goes wrong
# ---------------
# Two mistakes are seen in a printed loss. It falls for a while and then jumps: the rate is above
# the ceiling, or the warm-up is too short. It falls evenly and is far from the unigram loss at the
# end: the rate is below the floor. A third is not seen there: forgetting that an optimiser has a
# memory. Whoever makes a new one when going on from a checkpoint starts m and v at 0 again, and
# takes steps as long as the first ones (``optimizer.state()`` is there to be saved).
#
# In the paper
# ------------
# Section 4.1: batches of 4096, LAMB with rate 0.00176, 125,000 steps. The decay of 0.01 and the
# moments are in the original code (``optimization.py``, ``lamb_optimizer.py``). Fine-tuning uses
# rates near 1e-5 (table 14): the weights are good already.
#
# Exercises
# ---------
# 1. Derive the ceiling 2/100 of SGD in the valley from :math:`x \leftarrow (1 - 100\eta)\,x`. What
#    does momentum change?
# 2. At which step is the factor above largest, and how large, for :math:`\beta_2 = 0.98`?
# 3. Let a run of LAMB print its trust ratios at every tenth step. Which of them rise?
# 4. Go on for 1,000 steps at rate 0.003 from what Adam made at 0.003 and at 0.2. Which leaves the
#    plateau?
# 5. Clip the gradient to a hundredth of its length (CLIP.1). Why does Adam hardly notice?
