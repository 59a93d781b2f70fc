"""
Is a gradient right?
====================

A hand-written backward pass can be wrong and still train: the loss falls, only more slowly, and
nobody notices. So before anything else we need a judge. This tutorial builds one from the
definition of the derivative, finds out how well it can see, and shows it a wrong gradient.

Run it with ``python tutorials/02_gradient_checking.py``; pictures go to ``tutorials/output/``.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from albert_np import gradcheck
from albert_np.functional import gelu_new_backward, gelu_new_forward
from albert_np.gradient_checks import random_parameters, small_config
from albert_np.layers import attention_backward, attention_forward, split_heads
from albert_np.plotting import BLUE, GREEN, ORANGE, save_figure

OUTPUT = Path(__file__).parent / "output"
rng = np.random.default_rng(0)

# %%
# One number first
# ----------------
# GELU in the tanh form (GELU.3) has the derivative (GELU.5). At x = 0.7, with an upstream gradient
# of 1, the backward pass says:

x = np.array([0.7])
y, cache = gelu_new_forward(x)
analytic = gelu_new_backward(np.ones(1), cache)[0]

# %%
# And what does the forward pass say? Nudge x by h to both sides and look at the slope between. That
# is the definition of the derivative, before h goes to 0.


def f(x):
    return gelu_new_forward(np.asarray(x))[0]


h = 1e-5
one_sided = (f(0.7 + h) - f(0.7)) / h
centred = (f(0.7 + h) - f(0.7 - h)) / (2 * h)
print(f"backward    {analytic:.15f}")
print(f"one-sided   {one_sided:.15f}   off by {abs(one_sided - analytic):.0e}")
print(f"centred     {centred:.15f}   off by {abs(centred - analytic):.0e}")

# %%
# The centred difference is better by five digits for one more evaluation. Taylor's formula says why:
#
# .. math::
#
#    f(x \pm h) = f \pm h f' + \tfrac{h^2}{2} f'' \pm \tfrac{h^3}{6} f''' + \ldots
#
# In the one-sided difference an error of :math:`\tfrac h2 f''` is left. In the centred one the even
# terms cancel, and :math:`\tfrac{h^2}{6} f'''` is the first that stays.

# %%
# How small should h be?
# ----------------------
# Not as small as possible. float64 keeps 16 digits, so f(x + h) and f(x - h) are each wrong by about
# 1e-16, and the difference is divided by 2h: *round-off* grows as h shrinks, while *truncation*
# shrinks. Somewhere between lies the best h. Two more formulas enter the race: differences at h and
# 2h combined so that the h² term cancels too (FD.1), and the complex step (FD.2), which subtracts
# nothing at all.

steps = np.logspace(-14, 0, 57)
near = (f(0.7 + steps) - f(0.7 - steps)) / (2 * steps)
far = (f(0.7 + 2 * steps) - f(0.7 - 2 * steps)) / (4 * steps)
curves = {
    "one-sided": (f(0.7 + steps) - f(0.7)) / steps,
    "centred": near,
    "centred at h and 2h (FD.1)": (4 * near - far) / 3,
    "complex step (FD.2)": f(0.7 + 1j * steps).imag / steps,
}
errors = {name: np.maximum(np.abs(slope - analytic), 1e-17) for name, slope in curves.items()}

figure = Figure(figsize=(8.5, 5.2), layout="constrained")
axes = figure.subplots()
for (name, error), colour, style in zip(errors.items(), ("#555555", BLUE, ORANGE, GREEN),
                                        ("-", "-", "-", "--")):
    best = steps[error.argmin()]
    label = name if name.startswith("complex") else f"{name}, best near h = {best:.0e}"
    axes.loglog(steps, error, style, color=colour, linewidth=2, label=label)
axes.set_xlabel("step h", fontsize=13)
axes.set_ylabel("error of the slope of GELU at 0.7", fontsize=13)
axes.set_ylim(5e-18, 10)
axes.grid(alpha=0.25)
axes.legend(fontsize=11, loc="upper center")
axes.annotate("round-off:\n1e-16 / h", (2e-14, 1e-8), fontsize=12)
axes.annotate("truncation:\na power of h", (1e-2, 1e-13), fontsize=12)
print("saved", save_figure(figure, OUTPUT / "02_error_versus_h.png"))

for name, error in errors.items():
    print(f"{name:30s} best h {steps[error.argmin()]:.0e}, error {error.min():.0e}")

# %%
# What to notice: each curve falls from the right with its own slope (1, 2, 4: the power of h in its
# truncation error) and rises to the left with slope -1, the same for all that subtract. The complex
# step never rises. It needs a forward pass that runs on complex numbers, and every one in this
# package does.
#
# From one number to a layer
# --------------------------
# A layer has many outputs. Weigh them with a *random* upstream gradient dy and add up: that makes
# one number s = sum(dy * y), and the backward pass claims to know its gradient with respect to every
# parameter. (With dy = 1 everywhere the test would be blind: softmax outputs sum to 1 whatever
# happens, so the true gradient is 0, and so is that of many a wrong formula.)

config = small_config()
params = random_parameters(config)["encoder"]["attention"][0]["self_attention"]
x = rng.standard_normal((2, 5, 12))


def forward(params, x):
    return attention_forward(params, x, None, config)


def backward(params, dy, cache):
    return attention_backward(params, dy, cache)


print("\nattention, as it is")
for report in gradcheck.check_gradients(forward, backward, params, x, rng=rng):
    print(f"  {report.parameter:12s} worst of {report.entries:3d} entries: {report.error:.0e}")

# %%
# Every entry agrees to seven digits or more. One of them is special: the gradient of the key bias
# ``b_k`` is 0 (see ATT.9), so it can only be compared absolutely; that is what the floor in the
# relative error (FD.3) is for.
#
# Planting a fault
# ----------------
# A judge who never convicted anyone proves nothing. Let us forget the factor 1/sqrt(D) in the
# gradient of the keys, the most common slip in attention. Nothing crashes, all shapes are right, and
# a model would still train with it.


def forgetful_backward(params, dy, cache):
    dx, grads = attention_backward(params, dy, cache)
    D = cache[0].shape[-1]
    return dx, {**grads, "W_k": grads["W_k"] * np.sqrt(D)}


print("\nattention, with the factor forgotten in dk")
for report in gradcheck.check_gradients(forward, forgetful_backward, params, x, rng=rng):
    verdict = "" if report.error <= 1e-7 else f"   <-- {report}"
    print(f"  {report.parameter:12s} {report.error:.0e}{verdict}")

# %%
# The report names the parameter, the entry and both values; their ratio, 2 = sqrt(4), all but names
# the mistake. A second fault is sneakier: heads split by a reshape alone. It has the right shape and
# even the right numbers, in the wrong places.

wrong = x.reshape(2, 3, 5, 4)
right = split_heads(x, 3)
print("\nsame shape:", wrong.shape == right.shape, "  same numbers:",
      np.array_equal(np.sort(wrong, axis=None), np.sort(right, axis=None)),
      "  same places:", np.array_equal(wrong, right))

# %%
# If forward *and* backward split heads that way, each is the gradient of the other and a gradient
# check has nothing to say: it compares a backward pass with its own forward pass, not with what you
# meant. That is why the tests also compare with attention written as four loops, and with PyTorch.
#
# Exercises
# ---------
# 1. Derive the best h of the centred difference from the two error terms h²f'''/6 and 1e-16/h.
# 2. Check ``layer_norm_backward`` with dy = 1 everywhere and gamma = 1. Which wrong formulas pass?
# 3. Run ``albert-np gradcheck`` and find the check with the largest error. Why that one?
