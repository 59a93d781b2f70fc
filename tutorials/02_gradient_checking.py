"""
Is a gradient right?
====================

A hand-written backward pass can be wrong and still train: the loss falls, only more slowly, and
nobody notices. So before anything else we need a judge. This tutorial builds one from the
definition of the derivative, finds out how well it can see, chooses its step and its bound, and
shows it gradients that are wrong.

Prerequisites: none. The judge is no part of the paper (Lan et al. 2020), but every line of its
model that stands in this package has stood before it. Run it with
``python tutorials/02_gradient_checking.py``; pictures go to ``tutorials/output/``.
"""

# %%
# One number first
# ----------------
# A *forward pass* computes a function; its *backward pass* takes the gradient of some number s with
# respect to the output (the *upstream gradient*, dy) and returns the gradient of s with respect to
# the input (dx). GELU is a function of one number that every layer of ALBERT applies; what it is
# good for stands in ``03_softmax_gelu_layer_norm.py``, here it is just a function (GELU.3) with a
# derivative (GELU.5). At x = 0.7, with an upstream gradient of 1, the backward pass says:

import numpy as np

from albert_np.functional import gelu_new_backward, gelu_new_forward

x = np.array([0.7])
y, cache = gelu_new_forward(x)
analytic = gelu_new_backward(np.ones(1), cache)[0]
print(f"backward    {analytic:.15f}")

# %%
# And what does the forward pass say? Nudge x by h to both sides and look at the slope between. That
# is the definition of the derivative, before h goes to 0.


def f(x):
    y, _ = gelu_new_forward(np.atleast_1d(x))
    return y if np.ndim(x) else y[0]


h = 1e-5
one_sided = (f(0.7 + h) - f(0.7)) / h
centred = (f(0.7 + h) - f(0.7 - h)) / (2 * h)
print(f"one-sided   {one_sided:.15f}   off by {abs(one_sided - analytic):.0e}")
print(f"centred     {centred:.15f}   off by {abs(centred - analytic):.0e}")
assert abs(centred - analytic) < 1e-4 * abs(one_sided - analytic)

# %%
# Why centred differences?
# ------------------------
# The centred difference is better by more than four digits, for one more evaluation. Taylor's
# formula says why. Write f, f', f'', ... for the values at x:
#
# .. math::
#
#    f(x \pm h) = f \pm h f' + \tfrac{h^2}{2} f'' \pm \tfrac{h^3}{6} f''' + \ldots
#
# Subtract f and divide by h: in the one-sided difference an error of :math:`\tfrac h2 f''` is left.
# Subtract the formula with minus from the one with plus and divide by 2h: the even terms are the
# same in both and cancel, and :math:`\tfrac{h^2}{6} f'''` is the first error that stays.
#
# How small should h be?
# ----------------------
# Not as small as possible. A float64 number has 53 binary digits, so f(x + h) and f(x - h) are each
# wrong by about :math:`\epsilon |f|`, with :math:`\epsilon \approx 10^{-16}`, and the difference is
# divided by 2h: *round-off* grows as h shrinks, while *truncation* (what Taylor's formula leaves)
# shrinks. The sum of both, and where its derivative with respect to h is 0:
#
# .. math::
#
#    \text{error}(h) \approx \frac{\epsilon |f|}{h} + \frac{h^2}{6} |f'''|, \qquad
#    -\frac{\epsilon |f|}{h^2} + \frac{h}{3} |f'''| = 0
#    \;\Rightarrow\; h_{\text{best}} = \sqrt[3]{3 \epsilon |f| / |f'''|}
#
# The third derivative of GELU at 0.7 comes from differences of the second kind; one digit of it is
# enough. Two more formulas enter the race. Differences at h and at 2h, combined so that the
# :math:`h^2` term cancels too:

from albert_np import gradcheck
from albert_np.course.lecture import quick, show, source_of

print(source_of(gradcheck.derivative, "FD.1", lines_around=4))

# %%
# And the *complex step* (FD.2): a formula that works for real numbers works for complex ones, and
# Taylor's formula with ih in place of h has f' as its first imaginary term. Nothing is subtracted,
# so nothing is lost.

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE

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

figure, axes = plt.subplots(figsize=(8.5, 5.2), layout="constrained")
for (name, error), colour, style in zip(errors.items(), (GREY, BLUE, ORANGE, GREEN),
                                        (":", "-", "-.", "--")):
    axes.loglog(steps, error, style, color=colour, linewidth=2.2, label=name)
axes.set_xlabel("step h (in units of x)", fontsize=14)
axes.set_ylabel("error of the slope of GELU at 0.7", fontsize=14)
axes.set_ylim(5e-18, 1e4)
axes.tick_params(labelsize=13)
axes.grid(alpha=0.25)
axes.legend(fontsize=13, loc="upper center", ncols=2)
axes.annotate("round-off:\n$10^{-16} / h$", (2e-14, 1e-8), fontsize=14)
axes.annotate("truncation:\na power of h", (3e-5, 3e-17), fontsize=14)
axes.set_title("Four numerical derivatives: which step is best?", fontsize=15)
show(figure, "02_error_versus_h")

d = 1e-3
third = (f(0.7 + 2 * d) - 2 * f(0.7 + d) + 2 * f(0.7 - d) - f(0.7 - 2 * d)) / (2 * d**3)
predicted = np.cbrt(3 * np.finfo(float).eps / 2 * abs(f(0.7)) / abs(third))
print(f"best h of the centred difference, by the formula above: {predicted:.0e}")
for name, error in errors.items():
    print(f"{name:30s} best h {steps[error.argmin()]:.0e}, error {error.min():.0e}")
assert abs(np.log10(steps[errors["centred"].argmin()] / predicted)) < 1

# %%
# What to notice: from the right each curve falls with its own slope (1, 2, 4: the power of h in
# its truncation error), and to the left it rises with slope -1, the same for all that subtract.
# The lowest point of the centred curve lies where the formula says, to within the noise of
# round-off. The complex step has the truncation error of the centred difference, but it never
# rises again, so that h may be as small as you like. It needs a forward pass that runs on complex
# numbers, and every one in this package does.
#
# For the small numbers of one function h near 1e-5 would do. In a stack of layers the higher
# derivatives are other ones; the package uses (FD.1) with

print(f"h = {gradcheck.STEP['centred']:.0e}, in units of the typical size of an array's entries")

# %%
# From one number to a layer
# --------------------------
# A layer has many outputs. Weigh them with a *random* upstream gradient dy and add up: that makes
# one number s = sum(dy * y), and the backward pass claims to know its gradient with respect to
# every entry of the input and of every parameter. So nudge each of them in turn. (With dy = 1
# everywhere the test would be blind: the outputs of a softmax sum to 1 whatever happens, so the
# true gradient is 0, and so is that of many a wrong formula.)
#
# Two results are compared by their own size, (FD.3):

print(source_of(gradcheck.relative_error, "FD.3"))

# %%
# Attention is the largest layer of the model (``04_attention.py``). For the judge it is a box with
# numbers going in and coming out:

from albert_np.gradcheck.one_check import random_parameters, small_config
from albert_np.layers import attention_backward, attention_forward

rng = np.random.default_rng(0)

config = small_config()
params = random_parameters(config)["encoder"]["attention"][0]["self_attention"]
x = rng.standard_normal((2, 5, 12))


def attention(params, x):
    (y, p), cache = attention_forward(params, x, x, None, config)
    return y, cache


def attention_gradients(params, dy, cache):
    dx_q, dx_kv, grads = attention_backward(params, (dy, None), cache)
    return dx_q + dx_kv, grads


entries = 20 if quick() else None       # in a hurry: some entries of each array, else all
reports = gradcheck.check_gradients(attention, attention_gradients, params, x, rng=rng,
                                    entries=entries)
print("\nattention, as it is")
for report in reports:
    print(f"  {report.parameter:12s} worst of {report.entries:3d} entries: {report.error:.0e}")
assert max(report.error for report in reports) < 1e-7

# %%
# Every entry agrees to seven digits or more. One array is special: the gradient of the key bias
# ``b_k`` is 0 (see ATT.9), and a relative error of 0 against round-off would mean nothing. There
# the *floor* in the line above makes the comparison absolute. The floor is what round-off allows:
# it grows and shrinks with the function, so that no function is too small to be checked.
#
# A fault is planted
# ------------------
# A judge who never convicted anyone proves nothing. Let us forget the factor 1/sqrt(D) in the
# gradient of the keys, a common slip in attention. Nothing crashes, all shapes are right, and a
# model would still train with it.

D = config.hidden_size // config.num_attention_heads


def forgetful(params, dy, cache):
    dx, grads = attention_gradients(params, dy, cache)
    return dx, {**grads, "W_k": grads["W_k"] * np.sqrt(D)}


print(f"\nattention, with the factor forgotten in the gradient of W_k (D = {D})")
for report in gradcheck.check_gradients(attention, forgetful, params, x, rng=rng, entries=20):
    verdict = "" if report.error <= 1e-7 else f"   <-- {report}"
    print(f"  {report.parameter:12s} {report.error:.0e}{verdict}")
    assert (report.error > 1e-7) == (report.parameter == "params.W_k")

# %%
# The report names the parameter, the entry and both values; their ratio, sqrt(D), all but names the
# mistake.
#
# Where should the bound be?
# --------------------------
# Above what right gradients show, and below what any fault shows. So measure both. Five functions
# as they are, and six plausible mistakes. (What softmax and layer norm are for is told in
# ``03_softmax_gelu_layer_norm.py``. A *linear map* is x @ W + b. All are boxes again.)

from albert_np.functional import (gelu_backward, gelu_forward, layer_norm_backward,
                                  layer_norm_forward, linear_backward, linear_forward,
                                  softmax_backward, softmax_forward)

x, W, b = rng.standard_normal((3, 6)), rng.standard_normal((6, 6)), rng.standard_normal(6)
gamma, beta = 1 + 0.3 * rng.standard_normal(6), rng.standard_normal(6)


def without_second_mean(dy, cache):
    x_hat, inv_std, gamma = cache
    dx_hat = dy * gamma
    _, dgamma, dbeta = layer_norm_backward(dy, cache)
    return inv_std * (dx_hat - dx_hat.mean(axis=-1, keepdims=True)), dgamma, dbeta


def as_if_gamma_were_one(dy, cache):
    x_hat, inv_std, gamma = cache
    dx, _, _ = layer_norm_backward(dy, (x_hat, inv_std, np.ones_like(gamma)))
    return dx, *layer_norm_backward(dy, cache)[1:]


def transpose_forgotten(dy, cache):
    dx, dW, db = linear_backward(dy, cache)
    return dy @ cache[1], dW, db


def of_the_last_row_only(dy, cache):
    dx, dW, db = linear_backward(dy, cache)
    return dx, dW, dy[-1]


def of_the_other_gelu(dy, cache):
    return gelu_backward(dy, gelu_forward(cache[0])[1])


def sum_forgotten(dp, p):
    return dp * p * (1 - p)


cases = {
    "linear map": (linear_forward, linear_backward, (x, W, b), True),
    "GELU": (gelu_new_forward, gelu_new_backward, (x,), True),
    "softmax": (softmax_forward, softmax_backward, (x,), True),
    "layer norm": (layer_norm_forward, layer_norm_backward, (x, gamma, beta), True),
    "linear: W for its transpose": (linear_forward, transpose_forgotten, (x, W, b), False),
    "linear: db of one row": (linear_forward, of_the_last_row_only, (x, W, b), False),
    "layer norm: a mean forgotten": (layer_norm_forward, without_second_mean, (x, gamma, beta),
                                     False),
    "layer norm: gamma taken for 1": (layer_norm_forward, as_if_gamma_were_one, (x, gamma, beta),
                                      False),
    "softmax: the sum forgotten": (softmax_forward, sum_forgotten, (x,), False),
    # At positive numbers; at negative ones the slope passes through 0, and there it would show.
    "GELU: slope of the erf form": (gelu_new_forward, of_the_other_gelu, (np.abs(x),), False),
}


def worst_error(forward, backward, arrays):
    """The worst relative error over all entries of all arguments of a function."""
    def gradients(inputs, dy, cache):
        result = backward(dy, cache)
        return dict(zip(inputs, result if isinstance(result, tuple) else (result,)))

    inputs = {str(number): array for number, array in enumerate(arrays)}
    return max(report.error for report in gradcheck.check_inputs_of(
        lambda inputs: forward(*inputs.values()), gradients, inputs,
        rng=np.random.default_rng(1)))


worst = {name: worst_error(*case[:3]) for name, case in cases.items()}
worst["attention"] = max(report.error for report in reports)
right = {name: error for name, error in worst.items() if name not in cases or cases[name][3]}
wrong = {name: error for name, error in worst.items() if name not in right}

figure, axes = plt.subplots(figsize=(9, 5.2), layout="constrained")
places = range(len(worst))
for group, colour, marker, label, start in ((right, BLUE, "o", "right", 0),
                                            (wrong, ORANGE, "X", "wrong", len(right))):
    axes.semilogx(list(group.values()), range(start, start + len(group)), marker, color=colour,
                  markersize=11, label=label)
axes.set_yticks(places, [*right, *wrong])
axes.invert_yaxis()
axes.set_xlim(1e-14, 200)
axes.axvline(1e-7, color=GREEN, linewidth=2.2)
axes.annotate("the bound of this\npackage, $10^{-7}$", (1e-7, 0.3), (6, 0), fontsize=13,
              textcoords="offset points", ha="left", va="center", color=GREEN)
axes.axvline(1e-2, color=GREY, linewidth=2, linestyle="--")
axes.annotate("a bound of\n$10^{-2}$", (1e-2, 0.3), (6, 0), textcoords="offset points",
              ha="left", va="center", fontsize=13, color=GREY)
axes.set_xlabel("worst relative error of any entry (FD.3)", fontsize=14)
axes.tick_params(labelsize=13)
axes.grid(alpha=0.25)
axes.legend(fontsize=14, loc="lower left")
axes.set_title("The bound separates right gradients from wrong ones", fontsize=15)
show(figure, "02_where_the_bound_lies")
print(f"worst of the right ones {max(right.values()):.0e}, "
      f"least of the wrong ones {min(wrong.values()):.0e} ({min(wrong, key=wrong.get)})")
assert max(right.values()) < 1e-7 < min(wrong.values()) < 1e-2

# %%
# What to notice: between right and wrong lie several powers of ten, and 1e-7 stands in the gap.
# None of the functions here has a kink where differences would be off, so there is no reason to be
# generous. The last fault shows what generosity costs: GELU has two forms that differ in the
# fourth digit, and the slope of the one under the value of the other passes wherever the bound is
# 1e-2.
#
# The package keeps a catalogue of such mistakes; ``albert-np gradcheck --planted`` puts each into a
# copy of the source and checks that it is convicted.
#
# What a gradient check cannot see
# --------------------------------
# Attention cuts each vector of H numbers into A *heads* of D = H/A numbers. A reshape alone does it
# wrongly; the result has the right shape and even the right numbers, in the wrong places:

from albert_np.layers import split_heads

x = rng.standard_normal((2, 5, 12))
reshaped, split = x.reshape(2, 3, 5, 4), split_heads(x, 3)
print("\nsame shape:", reshaped.shape == split.shape, "  same numbers:",
      np.array_equal(np.sort(reshaped, axis=None), np.sort(split, axis=None)),
      "  same places:", np.array_equal(reshaped, split))
assert reshaped.shape == split.shape and not np.array_equal(reshaped, split)

# %%
# If forward *and* backward cut that way, each is the gradient of the other and a gradient check has
# nothing to say: it compares a backward pass with its own forward pass, not with what you meant.
# That is why the tests also compare with attention written as four loops, and with PyTorch.
#
# Where this stands
# -----------------
# Next, ``03_softmax_gelu_layer_norm.py`` derives three of the backward passes that were judged
# here.
#
# Exercises
# ---------
# 1. Derive the best h of the one-sided difference as above. How does the error there depend on
#    :math:`\epsilon`, and how for the centred one? Compare with the picture.
# 2. Check ``layer_norm_backward`` with dy = 1 everywhere and gamma = 1. Which wrong formulas pass?
# 3. Plant a fault of your own into ``linear_backward``. Which entry does the report name, and can
#    you tell the mistake from the two numbers?
# 4. Do everything in float32. Where does the bound have to go, and which fault escapes?
# 5. Run ``albert-np gradcheck`` and find the check with the largest error. Why that one?
