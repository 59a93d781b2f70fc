"""
Where did all the parameters go?
================================

albert-large has about a nineteenth of the parameters of BERT-large, and the same shape. Two ideas
do it. One is to use a layer again and again, which is the next tutorial. The other is here: a table
of words that is narrow, and one matrix that makes it wide. You will see where that matrix is, what
the split costs, why the table gets two gradients, and all eight published models in one picture.

Prerequisites: ``01_text_to_ids.py``, ``02_gradient_checking.py``. In the paper: section 3.1,
"Factorized embedding parameterization", and table 3 (Lan et al. 2020). Run it with
``python tutorials/05_factorized_embeddings.py``; pictures go to ``tutorials/output/``.
"""

# %%
# A table for V pieces
# --------------------
# A text is a row of ids (``01_text_to_ids.py``), and an id is only a name: number 14 is not twice
# number 7 in any sense. So each of the V pieces gets a row of numbers of its own, its *embedding*,
# and reading an id means taking that row out of a table (EMB.1). The numbers are parameters and are
# learnt.
#
# The layers behind work on rows of H numbers. BERT makes the table H wide as well: V·H parameters,
# of which one row in V is used at a time. ALBERT makes it E wide, with a smaller E, and lets one
# matrix W of E·H numbers lead from there to H (FE.2):
#
# .. math::
#
#    V H \quad \text{against} \quad V E + E H
#
# The second is smaller where :math:`E (V + H) < V H`, that is, where :math:`E < V H / (V + H)`.
# That is a little less than H, since V is much larger than H.

from albert_np.course.lecture import quick, show, source_of
from albert_np.layers import embeddings_forward

V, E, H = 30000, 128, 768
print(f"one table: V H = {V * H:,};   two factors: V E + E H = {V * E + E * H:,}, "
      f"{V * H / (V * E + E * H):.1f} times fewer;   they break even at E = {V * H / (V + H):.0f}")
print(source_of(embeddings_forward, "FE.1", "FE.2"))

# %%
# Where is the E x H matrix? It stands right behind the embeddings' layer norm and has a bias, but
# no activation. In this package and in transformers' files it is called

import numpy as np

from albert_np import AlbertConfig, AlbertForPreTraining

config = AlbertConfig(vocab_size=50, embedding_size=8, hidden_size=24, num_attention_heads=2,
                      num_hidden_layers=2, intermediate_size=30)
model = AlbertForPreTraining(config, seed=0, dtype=np.float64)
mapping = model.params["embeddings"]["mapping"]
print('params["embeddings"]["mapping"]:', {name: array.shape for name, array in mapping.items()})
print([name for name in model.state_dict() if "mapping" in name])

# %%
# What does it cost? Whatever W is, the rows it makes lie in a space of E dimensions inside the H
# dimensions. All words together are a matrix of rank E:

wide = model.params["embeddings"]["word"] @ mapping["W"]
print(f"wide table {wide.shape}, rank {np.linalg.matrix_rank(wide)}, E = {config.embedding_size}")
assert np.linalg.matrix_rank(wide) == config.embedding_size

# %%
# The paper's argument for it: an embedding knows a piece without its context, the H numbers after
# the layers know it in its context. There is far more to say about the second, so H should be
# large and E need not be. And their experiment: the average of five tasks for four widths (table
# 3, all layers shared), beside the parameters as this package counts them.

from dataclasses import replace

PAPER = {64: 79.0, 128: 80.1, 256: 79.6, 768: 79.8}
trunk = ("embeddings", "mapping", "attention", "feed_forward", "pooler")     # all but the heads


def parameters(config):
    """Parameters of the model without its pretraining heads."""
    counts = config.parameter_counts()
    return sum(counts[name] for name in trunk)


base = AlbertConfig.from_name("albert-base-v2")
for width, average in PAPER.items():
    sized = replace(base, embedding_size=width, embedding_mapping=width != 768)
    print(f"  E = {width:3d}   {parameters(sized) / 1e6:5.1f} million parameters   "
          f"paper: {average}")

# %%
# All four lie within about a point, and E = 128 is the best of them: the published models have it.

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE, YELLOW

widths = np.arange(16, 1025, 8)
figure, axes = plt.subplots(figsize=(8.5, 5), layout="constrained")
for H, style in ((768, "-"), (1024, "-."), (2048, "--")):
    axes.axhline(V * H / 1e6, linestyle=style, color=ORANGE, linewidth=2)
    axes.annotate(f"VH with H = {H}", (17, V * H / 1e6), (0, -5 if H == 768 else 4), fontsize=13,
                  va="top" if H == 768 else "bottom", textcoords="offset points", color=ORANGE)
axes.fill_between(widths, *((V * widths + widths * H) / 1e6 for H in (768, 2048)), color=BLUE,
                  edgecolor=BLUE, linewidth=2)
axes.annotate("VE + EH for every H\nfrom 768 to 2048", (128, V * 128 / 1e6), (12, -8), va="top",
              textcoords="offset points", fontsize=13, color=BLUE)
axes.axvline(128, color=GREY, linestyle=":", linewidth=2)
axes.annotate("E = 128,\nthe published models", (128, 0.45), (-6, 0), textcoords="offset points",
              ha="right", fontsize=13)
axes.set(xscale="log", yscale="log", ylim=(0.4, 120))
axes.set_xticks([16, 32, 64, 128, 256, 512, 1024], [16, 32, 64, 128, 256, 512, 1024])
axes.set_yticks([1, 10, 100], [1, 10, 100])
axes.minorticks_off()
axes.set_xlabel("E, width of the table (numbers per piece)", fontsize=14)
axes.set_ylabel("parameters of the embeddings\n(millions)", fontsize=14)
axes.tick_params(labelsize=13)
axes.grid(alpha=0.25)
axes.set_title("What a narrow table saves (V = 30,000)", fontsize=15)
show(figure, "05_width_of_the_table")

# %%
# What to notice: the blue band is hardly wider than a line. Once E is fixed, a larger H adds almost
# nothing to the embeddings, so the layers can be wide. This is more important than the parameters
# saved at H = 768: H and V are no longer multiplied.
#
# One table, two uses
# -------------------
# At the other end, the model has to guess pieces: for each masked position a score for each of the
# V. The head narrows the H numbers to E again and compares the result with every row of the *same*
# table (MLM.2). The table is read twice in one forward pass: once by looking up, once by
# comparing. Such weights are called *tied*. As a parameter that is used twice it gets the sum of
# two gradients (MLM.5).
#
# Why the sum? Call the loss s(a, b), with the table as a at the look-up and as b at the head. In
# truth both are one table w. By the chain rule the derivative of s(w, w) is :math:`\partial
# s/\partial a + \partial s/\partial b`. That is all.
#
# Watch it in atomic steps, on a model so small that all of it is here. It reads N ids, and for each
# it guesses a piece. One matrix and a tanh take the place of ALBERT's layers. Forwards:

from albert_np.functional import (cross_entropy_backward, cross_entropy_forward, embedding_backward,
                                  embedding_forward, linear_backward, linear_forward)

V, E, N = 6, 3, 4
rng = np.random.default_rng(0)
word, W, bias = (rng.standard_normal(shape) for shape in ((V, E), (E, E), V))
ids, labels = np.array([1, 4, 1, 0]), np.array([4, 2, 0, 4])


def loss_of(word):
    """Return the loss, and all quantities on the way to it."""
    one_hot = np.eye(V)[ids]                                  # (N, V), a 1 in the column of the id
    x = one_hot @ word                                        # (N, E), the first use: looking up
    h = np.tanh(x @ W)                                        # (N, E)
    logits = h @ word.T + bias                                # (N, V), the second use: comparing
    e = np.exp(logits)                                        # (N, V)
    p = e / e.sum(axis=-1, keepdims=True)                     # (N, V)
    return -np.log(p[np.arange(N), labels]).mean(), (one_hot, x, h, logits, p)


# %%
# Backwards. The table occurs in two lines, so it gets a gradient in two lines.

loss, (one_hot, x, h, logits, p) = loss_of(word)
# forward: the loss of logits; its ladder is in 03_softmax_gelu_layer_norm.py
dlogits = (p - np.eye(V)[labels]) / N                         # (N, V)
# forward: logits = h @ word.T + bias
dword_head = dlogits.T @ h                                    # (V, E)
dh = dlogits @ word                                           # (N, E)
# forward: h = tanh(u) with u = x @ W
du = dh * (1 - h**2)                                          # (N, E)
dx = du @ W.T                                                 # (N, E)
# forward: x = one_hot @ word
dword_look_up = one_hot.T @ dx                                # (V, E)
# both uses change the loss, and small changes add up
dword = dword_look_up + dword_head                            # (V, E)

# %%
# The package needs no one-hot matrix. It adds each row of dx to the row of the table that it looked
# up (EMB.2). Row 1 was looked up twice, so it gets two rows of dx. The head is a linear map whose
# matrix is the transposed table (MLM.4). The complex step of ``02_gradient_checking.py`` knows
# nothing of the two parts. It gives their sum:

x_package, look_up_cache = embedding_forward(word, ids)
logits_package, head_cache = linear_forward(h, word.T, bias)
loss_package, loss_cache = cross_entropy_forward(logits_package, labels)
dh_package, dword_head_T, _ = linear_backward(cross_entropy_backward(1.0, loss_cache), head_cache)
by_package = embedding_backward(dx, look_up_cache) + dword_head_T.T

judged = np.empty((V, E))
for row, column in np.ndindex(V, E):
    moved = word.astype(complex)
    moved[row, column] += 1e-30j
    judged[row, column] = loss_of(moved)[0].imag / 1e-30
for name, part in (("sum of both", dword), ("look-up alone", dword_look_up),
                   ("head alone", dword_head)):
    print(f"{name:14s} {np.abs(part - judged).max():.0e} from the complex step")
assert abs(loss - loss_package) < 1e-12 and np.allclose(dh, dh_package, rtol=0, atol=1e-12)
assert np.allclose(dword, by_package, rtol=0, atol=1e-12)
assert np.allclose(dword, judged, rtol=0, atol=1e-12)
assert np.array_equal(x, x_package) and np.abs(dword_head - judged).max() > 0.01

# %%
# Now the two parts in a real ALBERT. To see them, run the model in its pieces, on text.

import tempfile
from pathlib import Path

from albert_np import AlbertOutput, AlbertTokenizer
from albert_np.layers import masked_lm_head_backward, masked_lm_head_forward
from albert_np.models import albert_backward, albert_forward
from albert_np.pretraining import PretrainingData
from albert_np.text import DataOptions, embedded_corpus, split_documents, train_tokenizer

documents, modules = embedded_corpus()
train, held_out = split_documents(documents, 0.1, groups=modules, rng=np.random.default_rng(0))
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "spiece.model"
    train_tokenizer([s for document in train for s in document][::4], 1000, file)
    tokenizer = AlbertTokenizer(file)
data = PretrainingData.from_text(train[:100 if quick() else 400], held_out[:20], tokenizer,
                                 DataOptions(max_seq_length=32), batch_size=16, seed=0)
batch = next(data.training_batches())

config = AlbertConfig(vocab_size=tokenizer.vocab_size, embedding_size=16, hidden_size=48,
                      num_hidden_layers=2, num_attention_heads=3, intermediate_size=96,
                      max_position_embeddings=32, initializer_range=0.1)
model = AlbertForPreTraining(config, seed=0, dtype=np.float64)
params, word = model.params, model.params["embeddings"]["word"]

output, cache = albert_forward(params, batch["input_ids"], batch["attention_mask"],
                               batch["token_type_ids"], config)
masked = batch["labels"] != -100                                     # (B, T), M of them
x = output.sequence_output[masked]                                   # (M, H)
logits, head_cache = masked_lm_head_forward(params["mlm_head"], x, word, config)    # (M, V)
loss, loss_cache = cross_entropy_forward(logits, batch["labels"][masked])

dlogits = cross_entropy_backward(1.0, loss_cache)
dx, by_head, _ = masked_lm_head_backward(params["mlm_head"], dlogits, head_cache)
d_sequence = np.zeros_like(output.sequence_output)
d_sequence[masked] = dx
by_look_up = albert_backward(params, AlbertOutput(sequence_output=d_sequence),
                             cache)["embeddings"]["word"]            # (V, E)

inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids", "labels")}
_, whole_cache = model.forward(**inputs)
whole = model.backward(whole_cache)["embeddings"]["word"]
print("\nlargest difference between the sum of the parts and the model's own gradient: "
      f"{np.abs(whole - by_look_up - by_head).max():.0e}")
assert np.allclose(whole, by_look_up + by_head, rtol=0, atol=1e-12)

# %%
# And the size of both parts, for each of the V rows.

sizes = {"by the head": np.linalg.norm(by_head, axis=1),
         "by look-up": np.linalg.norm(by_look_up, axis=1)}
order = np.argsort(-sizes["by the head"])
rank = np.arange(1, config.vocab_size + 1)
labels = np.unique(batch["labels"][masked])

figure, axes = plt.subplots(figsize=(8.5, 5), layout="constrained")
axes.loglog(rank, sizes["by the head"][order], color=BLUE, linewidth=2.5,
            label="by the head (MLM.4)")
seen = sizes["by look-up"][order] > 0
axes.loglog(rank[seen], sizes["by look-up"][order][seen], "x", color=ORANGE, markersize=7,
            label="by look-up (EMB.2)")
axes.axvline(len(labels), color=GREY, linestyle=":", linewidth=2)
axes.annotate(f"{len(labels)} pieces are\nan answer here", (len(labels), 0.15),
              (6, 0), textcoords="offset points", fontsize=14)
axes.set_xlabel("rows of the table, by the size of the head's part (rank)", fontsize=14)
axes.set_ylabel("size of the gradient (Euclidean norm)", fontsize=14)
axes.tick_params(labelsize=13)
axes.grid(alpha=0.25)
axes.legend(fontsize=14, loc="lower left")
axes.set_title("Two gradients of one table, in one batch", fontsize=15)
show(figure, "05_two_gradients")
for name, size in sizes.items():
    print(f"{name:12s} reaches {np.count_nonzero(size):5,} of {config.vocab_size:,} rows")
assert np.count_nonzero(sizes["by the head"]) == config.vocab_size
assert np.count_nonzero(sizes["by look-up"]) == len(np.unique(batch["input_ids"][
    batch["attention_mask"] == 1]))

# %%
# What to notice: looking up reaches the pieces of the batch and no others. The head reaches every
# row: those that were an answer are pulled towards the prediction, all others are pushed away from
# it, each by its probability (CE.2).
#
# What goes wrong
# ---------------
# Each part is computed far from the other, and ``=`` where ``+=`` belongs throws one away. The loss
# still falls. Nudge a few entries and compare:


def nudged(row, column, h):
    """The loss when one entry of the table is moved by h."""
    word[row, column] += h
    value = model.forward(**inputs)[0].mlm_loss
    word[row, column] -= h
    return value


absent = int(order[~seen][0])
answer = int(labels[np.argmax(sizes["by look-up"][labels])])
print(f"\n{'row':30s}{'differences':>12s}{'both':>12s}{'look-up only':>14s}{'head only':>12s}")
for name, row in (("an answer that is also read", answer), ("a piece not in the batch", absent)):
    slope = (nudged(row, 0, 1e-5) - nudged(row, 0, -1e-5)) / 2e-5
    print(f"{name:30s}{slope:12.8f}{whole[row, 0]:12.8f}{by_look_up[row, 0]:14.8f}"
          f"{by_head[row, 0]:12.8f}")
    assert abs(slope - whole[row, 0]) < 1e-8
assert abs(by_look_up[answer, 0] - whole[answer, 0]) > 1e-5 and by_look_up[absent, 0] == 0

# %%
# For a piece that the batch does not contain, the look-up's gradient is 0 and looks plausible.
# Check a row of each kind.
#
# All eight models
# ----------------
# ALBERT was published in four sizes and two versions. The versions have the same shapes; they
# differ in *dropout* (numbers set to 0 at random in training, so that no unit is relied upon) and
# in how long and on how much text they were trained. Version 1 drops one number in ten, except in
# xxlarge; version 2 drops none. BERT of the same shape: one table of V x H, and every layer with
# parameters of its own.

from albert_np.config import PUBLISHED
from albert_np.inference.sizes import NAMES, as_bert

print(f"\n{'':19s}{'H':>5s}{'L':>4s}{'A':>4s}{'dropout':>9s}{'parameters':>13s}{'BERT':>15s}"
      f"{'ratio':>7s}")
for name in PUBLISHED:
    c = AlbertConfig.from_name(name)
    own, bert = parameters(c), parameters(as_bert(c))
    print(f"{name:19s}{c.hidden_size:5d}{c.num_hidden_layers:4d}{c.num_attention_heads:4d}"
          f"{c.hidden_dropout_prob:9.1f}{own:13,}{bert:15,}{bert / own:7.1f}")
large = AlbertConfig.from_name("albert-large-v2")
table, whole = AlbertConfig().parameter_counts()["embeddings"], parameters(AlbertConfig())
print(f"of albert-base, the embeddings are {table / whole:.0%}")
assert 0.3 < table / whole < 0.36
assert 18 < parameters(as_bert(large)) / parameters(large) < 20

figure, (whole, parts) = plt.subplots(1, 2, figsize=(11, 5.6), layout="constrained", sharey=True)
looks = {"embeddings": (BLUE, ""), "mapping": (YELLOW, ""), "attention": (ORANGE, "//"),
         "feed_forward": (GREEN, ".."), "pooler": (GREY, "")}
shapes = {name.split("-")[1]: AlbertConfig.from_name(name) for name in PUBLISHED}
rows = [(f"{kind}, {name}", c) for name, own in shapes.items()
        for kind, c in (("ALBERT", own), ("BERT", as_bert(own)))]
places = [row + 0.15 * (-1) ** row for row in range(len(rows))]       # each pair close together
left = np.zeros(len(rows))
for part in trunk:
    shares = [100 * c.parameter_counts()[part] / parameters(c) for _, c in rows]
    parts.barh(places, shares, left=left, color=looks[part][0], hatch=looks[part][1],
               edgecolor="white", linewidth=0.5, label=NAMES[part])
    left += shares
bars = whole.barh(places, [parameters(c) / 1e6 for _, c in rows],
                  color=[GREY if name.startswith("BERT") else BLUE for name, _ in rows])
whole.bar_label(bars, [f"{parameters(c) / 1e6:,.0f}" for _, c in rows], padding=5, fontsize=14)
whole.set_xlim(0, 1.2 * parameters(rows[-1][1]) / 1e6)
for axes, x, title in ((whole, "parameters (millions)", "How many parameters"),
                       (parts, "share of the model (%)", "and where they are")):
    axes.set_xlabel(x, fontsize=14)
    axes.set_title(title, fontsize=15)
    axes.tick_params(labelsize=14)
    axes.grid(alpha=0.25, axis="x")
    axes.set_axisbelow(True)
whole.set_yticks(places, [name for name, _ in rows])
whole.invert_yaxis()
figure.legend(*parts.get_legend_handles_labels(), fontsize=13, loc="outside lower center", ncols=5,
              columnspacing=1.2)
show(figure, "05_eight_models")

# %%
# What to notice: both models of a pair have layers of the same width. The picture has one pair for
# each shape, because version 1 and version 2 have the same numbers. In albert-base a third of the
# parameters are in the table. The table keeps its size when H grows, so its share falls. The map
# from E to H is too small to be seen. In BERT each of the L layers has its own parameters, and the
# table grows with H.
#
# Nineteen times fewer parameters, so nineteen times as fast? Count the multiplications for one
# token. Each of the L layers multiplies by its matrices whether it shares them or not:

for name, c in (("albert-large", large), ("BERT-large", as_bert(large))):
    H, F, L, E = c.hidden_size, c.intermediate_size, c.num_hidden_layers, c.embedding_size
    count = L * (4 * H * H + 2 * H * F) + (E * H if c.embedding_mapping else 0)
    print(f"{name:13s} {parameters(c):12,} parameters   {count:12,} multiplications for a token")

# %%
# The same. Sharing saves memory and what is sent between machines, not arithmetic;
# ``17_why_not_faster.py`` measures it.
#
# Where this stands in the paper
# ------------------------------
# Section 3.1, first of three ideas; the second is sharing (``06_one_layer_twelve_times.py``), the
# third the order of sentences (``08_sentence_order.py``). Table 1 has the sizes; it gives xxlarge
# 235 million, which these shapes do not add up to, see above.
#
# Exercises
# ---------
# 1. After training, table and matrix could be multiplied out once. What is gained, what lost? For
#    which V, E, H is it worth it?
# 2. Take the bias and the layer norm between table and matrix away. Is the rank of the wide rows
#    still E? And with them?
# 3. Give the head a table of its own ("untied"). How many parameters does each of the eight models
#    gain?
# 4. Train the small model for 200 steps with only the head's part, only the look-up's, and both.
#    How different are the losses, and would you have noticed?
# 5. For a Chinese vocabulary, V = 21,128: which share of albert-base is its table?
