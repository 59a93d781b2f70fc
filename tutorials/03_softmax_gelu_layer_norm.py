"""
A ladder: from small steps to one formula
=========================================

How does anyone arrive at a backward pass of one line? By two ways that must meet. The slow one cuts
a function into *atomic* steps, each so small that its derivative is known from school, and goes
through them backwards. The fast one derives a single formula on paper. Here both are walked for
softmax, for cross-entropy and for layer norm, and they give the same numbers. In between you see
GELU, and the reason why attention divides by the square root of D.

Prerequisites: ``02_gradient_checking.py``. In the paper: section 3.1 (Lan et al. 2020) takes GELU
and the rest of the layer from BERT and the Transformer. Run it with
``python tutorials/03_softmax_gelu_layer_norm.py``; pictures go to ``tutorials/output/``.
"""

# %%
# The rules of the ladder
# -----------------------
# Let s be the number whose gradient is wanted (the loss). For any quantity u on the way, write du
# for :math:`\partial s / \partial u`. If u touches the later quantities :math:`v_1, v_2, \ldots`,
# the chain rule says
#
# .. math::
#
#    du = \sum_i dv_i \, \frac{\partial v_i}{\partial u}
#
# Two consequences do most of the work. What is used twice gets the *sum* of two gradients. And what
# was spread over a row (one number for all entries) gets the sum over that row.
#
# Softmax in atomic steps
# -----------------------
# Softmax turns any K numbers, the *scores* x, into probabilities p: positive, with sum 1, and the
# larger score gets the larger share (SM.1). Four steps:

import numpy as np

rng = np.random.default_rng(0)

x = rng.standard_normal((2, 4))              # two rows, K = 4
dp = rng.standard_normal((2, 4))             # the upstream gradient, random

e = np.exp(x)                                # (2, 4)
total = e.sum(axis=-1, keepdims=True)        # (2, 1)
inverse = 1 / total                          # (2, 1)
p = e * inverse                              # (2, 4)

# %%
# Backwards, the last step first. Above each line stands what it differentiates.

# forward: p = e * inverse, where one inverse serves the whole row: a sum over the row
de = dp * inverse
dinverse = (dp * e).sum(axis=-1, keepdims=True)
# forward: inverse = 1 / total, whose slope is -1 / total^2
dtotal = -dinverse * inverse**2
# forward: total = sum of e; this is the second use of e, so it is added
de = de + dtotal
# forward: e = exp(x), which is its own slope
dx_atomic = de * e

# %%
# And the formula. Put the lines above into each other, for one row. The first part of de gives
# :math:`dp_j\, e_j / \text{total} = dp_j\, p_j`. In the second, :math:`d\text{inverse} = \sum_i
# dp_i e_i`, and the two factors 1/total go to the two e, which makes both probabilities:
#
# .. math::
#
#    dx_j = dp_j\, p_j - \Big(\sum_i dp_i\, e_i\Big) \frac{1}{\text{total}^2}\, e_j
#         = p_j \Big( dp_j - \sum_i dp_i\, p_i \Big)
#
# That is (SM.2). The package has it in two lines:

from albert_np.course.lecture import quick, show, source_of
from albert_np.functional import softmax_backward, softmax_forward

print(source_of(softmax_backward))
y, cache = softmax_forward(x)
dx = softmax_backward(dp, cache)
print(f"\natomic steps against the formula: {np.abs(dx - dx_atomic).max():.0e} apart")
print("sum of each row of dx:", dx.sum(axis=-1).round(15))
assert np.allclose(dx, dx_atomic, rtol=0, atol=1e-15) and np.allclose(dx.sum(axis=-1), 0)

# %%
# What to notice: each row of dx sums to 0. Adding a constant to all scores of a row changes no
# probability, so no gradient can point in that direction.
#
# The first term of the ladder hides a trap: exp(1000) is more than a float64 can hold. The package
# takes the largest score out of all first, which the fraction does not feel.

with np.errstate(over="ignore", invalid="ignore"):
    large = np.exp(np.array([1000.0, 999.0]))
    print("\nplain  ", large / large.sum())
print("package", softmax_forward(np.array([[1000.0, 999.0]]))[0][0])

# %%
# Cross-entropy in atomic steps
# -----------------------------
# Every classification of this package ends with a softmax and a loss, the *cross-entropy* (CE.1).
# Each row has a right class, its *label*. The loss takes the probability of the label and its
# logarithm. It is minus the mean of these logarithms over the N rows. The first four steps are
# those of softmax:

N, labels = 2, np.array([2, 0])              # two rows, and the right class of each

e = np.exp(x)                                # (N, K)
total = e.sum(axis=-1, keepdims=True)        # (N, 1)
inverse = 1 / total                          # (N, 1)
p = e * inverse                              # (N, K)
right = p[np.arange(N), labels]              # (N,), the probability of each label
logarithm = np.log(right)                    # (N,)
loss = -logarithm.sum() / N                  # a number

# %%
# Backwards. The loss itself is the number s whose gradient is wanted, so its gradient is 1.

dloss = 1.0
# forward: loss = -sum of logarithm / N; each row gets the same part
dlogarithm = -dloss / N * np.ones(N)                             # (N,)
# forward: logarithm = log(right), whose slope is 1 / right
dright = dlogarithm / right                                      # (N,)
# forward: right = p[row, label]; the loss uses one entry of each row, and the others get 0
dp = np.zeros_like(p)                                            # (N, K)
dp[np.arange(N), labels] = dright
# forward: p = e * inverse
de = dp * inverse                                                # (N, K)
dinverse = (dp * e).sum(axis=-1, keepdims=True)                  # (N, 1)
# forward: inverse = 1 / total
dtotal = -dinverse * inverse**2                                  # (N, 1)
# forward: total = sum of e; the second use of e
de = de + dtotal
# forward: e = exp(x)
dx_atomic = de * e                                               # (N, K)

# %%
# Now the formula. In each row, dp has one entry that is not 0, the entry of the label:
# :math:`dp_{\text{label}} = -1/(N p_{\text{label}})`. Put it into (SM.2). The sum becomes
# :math:`\sum_i dp_i\, p_i = -1/N`, so
#
# .. math::
#
#    dx_{\text{label}} = p_{\text{label}} \Big( -\frac{1}{N p_{\text{label}}} + \frac1N \Big)
#                      = \frac{p_{\text{label}} - 1}{N}, \qquad
#    dx_j = p_j \Big( 0 + \frac1N \Big) = \frac{p_j}{N} \quad \text{for all others}
#
# Both are (CE.2): the probabilities, minus 1 at the label, divided by N.

from albert_np.functional import cross_entropy_backward, cross_entropy_forward

print(source_of(cross_entropy_backward))
loss_package, cache = cross_entropy_forward(x, labels)
dx = cross_entropy_backward(dloss, cache)
print(f"\natomic steps against the formula: {np.abs(dx - dx_atomic).max():.0e} apart")
assert abs(loss - loss_package) < 1e-15 and np.allclose(dx, dx_atomic, rtol=0, atol=1e-15)

# %%
# What to notice: the formula for both functions is shorter than the formula of softmax alone. The
# ladder divides by the probability of the label, and the formula does not, because
# :math:`p_{\text{label}}` cancels. So the formula still works if this probability is rounded to 0.
# The ladder would take the logarithm of 0:

loss, cache = cross_entropy_forward(np.array([[1000.0, 0.0]]), np.array([1]))
print("\nprobabilities", softmax_forward(np.array([[1000.0, 0.0]]))[0][0], "  label 1")
print(f"loss {loss:.0f}, gradient {cross_entropy_backward(1.0, cache)[0]}")

# %%
# When softmax stops learning
# ---------------------------
# Multiply all scores by c. As c grows, the largest score takes everything: softmax *saturates*. And
# then every factor :math:`p_j (dp_j - \sum_i dp_i p_i)` goes to 0: for the losers because
# :math:`p_j \to 0`, for the winner because the sum becomes his own :math:`dp_j`.
#
# In attention the scores are dot products of two vectors of D numbers (ATT.2). If those numbers
# are independent, with mean 0 and variance 1, the dot product is a sum of D terms with mean 0 and
# variance 1, so its variance is D: its size is about :math:`\sqrt D`. Divide by :math:`\sqrt D`,
# and the scores have size 1 whatever D is. The picture shows both halves of the argument; how much
# gradient gets through is measured by the size of the matrix :math:`\partial p_i/\partial x_j =
# \delta_{ij} p_i - p_i p_j` (the root of the sum of its squares; :math:`\delta_{ij}` is 1 for i =
# j and 0 otherwise).

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE


def slope_size(p):
    """Frobenius norm of the softmax's matrix of derivatives, for rows p (N, K); mean over rows."""
    jacobian = p[:, :, None] * (np.eye(p.shape[1]) - p[:, None, :])
    return np.sqrt((jacobian**2).sum(axis=(1, 2))).mean()


scores = np.array([1.0, 0.6, 0.2, -0.5])
factors = np.linspace(0, 16, 100)
shares = np.array([softmax_forward(c * scores[None])[0][0] for c in factors])

sizes = 2 ** np.arange(1, 11)
draws, keys = (200 if quick() else 2000), 16
through = {"scaled by 1/sqrt(D)": [], "not scaled": []}
for D in sizes:
    dots = (rng.standard_normal((draws, keys, D)) * rng.standard_normal((draws, 1, D))).sum(axis=-1)
    through["scaled by 1/sqrt(D)"].append(slope_size(softmax_forward(dots * D**-0.5)[0]))
    through["not scaled"].append(slope_size(softmax_forward(dots)[0]))

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
for share, score, colour, style in zip(shares.T, scores, (BLUE, ORANGE, GREEN, GREY),
                                       ("-", "--", "-.", ":")):
    left.plot(factors, share, style, color=colour, linewidth=2.4, label=f"score {score:g} c")
left.set_xlabel("factor c of all scores", fontsize=14)
left.set_ylabel("probability", fontsize=14)
left.set_title("One probability takes all", fontsize=15)
for (name, values), colour, style in zip(through.items(), (BLUE, ORANGE), ("o-", "s--")):
    right.semilogx(sizes, values, style, base=2, color=colour, linewidth=2.2, markersize=6,
                   label=name)
right.set_ylim(bottom=0)
right.set_xlabel("D (numbers in a query and in a key)", fontsize=14)
right.set_ylabel("size of the softmax's derivative", fontsize=14)
right.set_title(f"Little gradient gets through ({keys} keys)", fontsize=15)
for axes in (left, right):
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=13)
show(figure, "03_saturation_of_softmax")
for name, values in through.items():
    print(f"{name:20s} D = {sizes[0]}: {values[0]:.3f}   D = 64: {values[5]:.3f}   "
          f"D = {sizes[-1]}: {values[-1]:.3f}")
assert through["not scaled"][-1] < 0.5 * through["scaled by 1/sqrt(D)"][-1]

# %%
# What to notice: with the scale the derivative stays where it is for all D; without, it shrinks as
# D grows. The gradient would not be wrong. It would be right, and small. The published models have

from albert_np import AlbertConfig

for name in ("base", "large", "xlarge", "xxlarge"):
    config = AlbertConfig.from_name(f"albert-{name}-v2")
    print(f"  {name:8s} D = {config.hidden_size // config.num_attention_heads}")

# %%
# GELU, in two forms
# ------------------
# Between two linear maps a network needs a bend, or the two would be one. ALBERT's is GELU: x
# times the probability :math:`\Phi(x)` that a standard normal number is below x (GELU.1). Large x
# pass as they are, very negative ones become 0, and in between the change is smooth. By the
# product rule, with :math:`\varphi = \Phi'` the bell curve, the slope is :math:`\Phi(x) + x\,
# \varphi(x)` (GELU.2).
#
# :math:`\Phi` needs the error function erf, an integral without closed form. The authors of ALBERT
# trained with an imitation by tanh, (GELU.3), whose slope is (GELU.5). Which of the two is called
# "gelu" depends on whom you ask: in the original code the tanh form, in transformers the erf form
# (and the tanh form "gelu_new").

from albert_np.functional import gelu_backward, gelu_forward, gelu_new_backward, gelu_new_forward

x = np.linspace(-4, 4, 801)
exact, exact_cache = gelu_forward(x)
imitation, imitation_cache = gelu_new_forward(x)
slope, imitation_slope = (backward(np.ones_like(x), cache) for backward, cache in (
    (gelu_backward, exact_cache), (gelu_new_backward, imitation_cache)))

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
left.plot(x, exact, color=BLUE, linewidth=2.4, label="GELU, erf form")
left.plot(x, imitation, ":", color=ORANGE, linewidth=3, label="GELU, tanh form")
left.plot(x, slope, "--", color=GREEN, linewidth=2.2, label="slope, erf form")
left.plot(x, np.maximum(x, 0), "-.", color=GREY, linewidth=1.5, label="max(x, 0), called ReLU")
left.set_ylabel("value, slope", fontsize=14)
left.set_ylim(-0.5, 3)
left.set_title("To the eye there is one GELU", fontsize=15)
right.plot(x, 1e4 * (imitation - exact), color=BLUE, linewidth=2.4, label="of the value")
right.plot(x, 1e4 * (imitation_slope - slope), "--", color=ORANGE, linewidth=2.4,
           label="of the slope")
right.set_ylabel("tanh form minus erf form (1/10,000)", fontsize=14)
right.set_title("They differ in the fourth digit", fontsize=15)
for axes in (left, right):
    axes.set_xlabel("x", fontsize=14)
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=13, loc="upper left")
right.set_ylim(-10.5, 13)
right.legend(fontsize=13, loc="upper center", ncols=2)
show(figure, "03_two_forms_of_gelu")
print(f"largest difference of the values {np.abs(imitation - exact).max():.1e}, "
      f"of the slopes {np.abs(imitation_slope - slope).max():.1e}")
print(f"the lowest point of GELU: {exact.min():.3f} at x = {x[exact.argmin()]:.2f}")
assert np.abs(imitation - exact).max() < 5e-4

# %%
# What to notice: the slope of GELU is negative left of its lowest point and rises above 1 on the
# right. Mixing the forms, the value of one and the slope of the other, is a fault that a gradient
# check finds (``02_gradient_checking.py``). With published weights take the form they were trained
# with.
#
# Layer norm in atomic steps
# --------------------------
# Layer norm moves and stretches each row of H numbers so that its mean is 0 and its variance 1
# (LN.1), then lets the model scale and shift each column by parameters gamma and beta of its own
# (LN.2). It keeps the numbers of a deep network in a size where all functions still have slopes.

rng = np.random.default_rng(1)
B, H, eps = 3, 6, 1e-12
x, dy = rng.standard_normal((B, H)), rng.standard_normal((B, H))
gamma, beta = 1 + 0.3 * rng.standard_normal(H), rng.standard_normal(H)

mean = x.mean(axis=-1, keepdims=True)                      # (B, 1)
centred = x - mean                                         # (B, H)
square = centred**2                                        # (B, H)
variance = square.mean(axis=-1, keepdims=True)             # (B, 1)
std = np.sqrt(variance + eps)                              # (B, 1)
inverse = 1 / std                                          # (B, 1)
x_hat = centred * inverse                                  # (B, H)
y = gamma * x_hat + beta                                   # (B, H)

# forward: y = gamma * x_hat + beta, where every row uses the same gamma and beta
dgamma, dbeta, dx_hat = (dy * x_hat).sum(axis=0), dy.sum(axis=0), dy * gamma
# forward: x_hat = centred * inverse, where one inverse serves the row
dcentred = dx_hat * inverse
dinverse = (dx_hat * centred).sum(axis=-1, keepdims=True)
# forward: inverse = 1 / std
dstd = -dinverse * inverse**2
# forward: std = sqrt(variance + eps), whose slope is 1 / (2 std)
dvariance = dstd * 0.5 * inverse
# forward: variance = mean of square: each square has a share of 1/H
dsquare = dvariance * np.ones_like(square) / H
# forward: square = centred^2; the second use of centred
dcentred = dcentred + dsquare * 2 * centred
# forward: centred = x - mean; x passes on, and mean gets the sum, with a minus
dx_atomic, dmean = dcentred, -dcentred.sum(axis=-1, keepdims=True)
# forward: mean = mean of x; the second use of x
dx_atomic = dx_atomic + dmean * np.ones_like(x) / H

# %%
# Now the formula, by putting the lines into each other, with :math:`\sigma` for std. From dinverse
# to the second part of dcentred only factors are collected: :math:`-1/\sigma^2` from the inverse,
# :math:`1/(2\sigma)` from the root, 1/H from the mean, :math:`2\,(x_j - \mu)` from the square. With
# :math:`x_j - \mu = \sigma \hat x_j`, in both places,
#
# .. math::
#
#    d\text{centred}_j = \frac{d\hat x_j}{\sigma}
#    - \Big(\sum_i d\hat x_i\, \sigma \hat x_i\Big) \frac{1}{\sigma^2} \cdot \frac{1}{2\sigma}
#      \cdot \frac1H \cdot 2 \sigma \hat x_j
#    = \frac{1}{\sigma} \Big( d\hat x_j - \hat x_j \cdot \frac1H \sum_i d\hat x_i\, \hat x_i \Big)
#
# The last two steps subtract the row's mean of dcentred. The mean of the second term is 0, since
# the :math:`\hat x_j` of a row have mean 0; so it is the mean of the first alone that goes:
#
# .. math::
#
#    dx_j = \frac{1}{\sigma} \Big( d\hat x_j - \frac1H \sum_i d\hat x_i
#           - \hat x_j \cdot \frac1H \sum_i d\hat x_i\, \hat x_i \Big)
#
# which is (LN.5). A ladder of twelve lines has become one formula, and the package reads like it:

from albert_np.functional import layer_norm_backward, layer_norm_forward

print(source_of(layer_norm_backward))
y_package, cache = layer_norm_forward(x, gamma, beta, eps)
dx, dgamma_package, dbeta_package = layer_norm_backward(dy, cache)
print(f"\natomic steps against the formula: {np.abs(dx - dx_atomic).max():.0e} apart")
assert np.allclose(y, y_package, rtol=0, atol=1e-14)
assert np.allclose(dx, dx_atomic, rtol=0, atol=1e-14)
assert np.allclose(dgamma, dgamma_package) and np.allclose(dbeta, dbeta_package)

# %%
# What do the two subtracted means do? Layer norm undoes a shift of the row and undoes a stretch of
# it, so neither can change the loss. The gradient must have nothing in these two directions, and
# the means take out exactly that. One row, before and after:

row = int(np.abs((dx_hat * x_hat).sum(axis=-1)).argmax())      # where there is most to take out
parts = {"incoming, dx_hat": dx_hat[row],
         "without its mean": dx_hat[row] - dx_hat[row].mean(),
         "and without its part along x_hat": dx[row] / cache[1][row]}
figure, all_axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained", sharey=True)
for axes, (name, values), colour, hatch in zip(all_axes, parts.items(), (GREY, BLUE, GREEN),
                                               ("", "//", "..")):
    axes.bar(range(H), values, color=colour, hatch=hatch, edgecolor="white")
    axes.plot(range(H), x_hat[row], "D", color=ORANGE, markersize=8, label="x_hat")
    axes.axhline(0, color="black", linewidth=1)
    axes.set_title(f"{name}\nsum {values.sum():+.2f}, along x_hat {values @ x_hat[row]:+.2f}",
                   fontsize=14)
    axes.set_xlabel("entry of the row", fontsize=14)
    axes.set_xticks(range(H))
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25, axis="y")
all_axes[0].set_ylabel("gradient (times sigma)", fontsize=14)
figure.legend(*all_axes[0].get_legend_handles_labels(), fontsize=13, loc="outside lower center")
show(figure, "03_what_layer_norm_takes_out")
assert np.allclose(dx.sum(axis=-1), 0) and np.allclose((dx * x_hat).sum(axis=-1), 0)

# %%
# What goes wrong
# ---------------
# The classic: "the standard deviation is only a number", and the dependence of both statistics on
# x is forgotten. What is left is dx_hat / sigma. It runs, it has the right shape, and it points
# partly in directions that do not exist. A gradient check says so, and so do two sums that cost
# nothing:

from albert_np import gradcheck


def statistics_forgotten(inputs, dy, cache):
    x_hat, inv_std, gamma = cache
    _, dgamma, dbeta = layer_norm_backward(dy, cache)
    return {"x": dy * gamma * inv_std, "gamma": dgamma, "beta": dbeta}


def right_one(inputs, dy, cache):
    return dict(zip(("x", "gamma", "beta"), layer_norm_backward(dy, cache)))


def forward(inputs):
    return layer_norm_forward(inputs["x"], inputs["gamma"], inputs["beta"])


inputs = {"x": x, "gamma": gamma, "beta": beta}
for name, backward in (("formula", right_one), ("forgotten", statistics_forgotten)):
    reports = gradcheck.check_inputs_of(forward, backward, inputs, rng=np.random.default_rng(1))
    gradient = backward(inputs, dy, cache)["x"]
    print(f"{name:10s}", "  ".join(f"{r.parameter} {r.error:.0e}" for r in reports),
          f"   largest row sum of dx {np.abs(gradient.sum(axis=-1)).max():.0e}")
    assert (max(r.error for r in reports) < 1e-7) == (name == "formula")

# %%
# Where this stands in the paper
# ------------------------------
# Nowhere at length: section 3.1 says that ALBERT is a Transformer encoder with GELU, as BERT is.
# Softmax stands in every head of attention, which is next (``04_attention.py``), and in the loss;
# layer norm after every attention and every feed-forward block, in the embeddings and in the head
# that guesses words.
#
# Exercises
# ---------
# 1. Change the loss: the label shall get the probability 0.9, and all other classes share 0.1.
#    (This is *label smoothing*.) Write its ladder. What takes the place of the 1 in (CE.2)?
# 2. Do the ladder for the tanh form of GELU, and find 4 s (1 - s) in it.
# 3. Set eps = 1 in the ladder of layer norm. Which of the two sums, of dx and of dx * x_hat, is
#    still 0, and why?
# 4. Which x have the largest difference between the two slopes of GELU? Would a check with 20
#    random entries find it?
# 5. Make the rows of softmax longer (keys = 512). What happens to both curves on the right, and
#    what would you divide by?
