"""
When should a model not be trusted?
===================================

A classifier gives a label and a probability. This tutorial asks four questions about them. Is the
model right as often as it says? Does it know what it does not know? Does its verdict stay the same
when nothing that matters has changed? And how few words must somebody exchange to turn the verdict?

Prerequisites: ``05_factorized_embeddings.py``, ``11_finetuning_classification.py`` and
``20_looking_inside.py``. In the paper: section 4.1 trains with dropout (Lan et al. 2020). Here we
use dropout after the training too. Run it with ``python tutorials/25_when_not_to_trust_it.py``. The
pictures are saved in ``tutorials/output/``. It needs no data: it writes its own text.
"""

# %%
# A text of which the truth is known
# ----------------------------------
# A review has one opinion about a film, and two remarks that say nothing about it. The opinion
# decides the true label; the word "not" reverses the opinion. As in real data, some of the labels
# are mistakes: one label in ten is wrong. So even a perfect model agrees with only about 90 % of
# the labels. It should be 90 % sure, and not more.

import re

import numpy as np

from albert_np.course.lecture import quick

GOOD = "good great superb lovely clever funny moving fresh".split()
BAD = "bad awful boring dull weak stupid messy clumsy".split()
NAMES = "anna ben carla david emma frank grace henry iris jack karen liam".split()
NEW_NAMES = "zoe yusuf wei quentin ravi".split()
FILM, HOTEL = "plot cast ending music script".split(), "room bed breakfast pool garden".split()
HOTEL_GOOD, HOTEL_BAD = "clean quiet warm friendly".split(), "dirty noisy cold rude".split()
DAYS = "monday tuesday friday saturday sunday".split()
REMARKS = ("{name} sat beside me", "we went on {day}", "{name} paid for us", "we met {name} there")
WRONG_LABELS = 0.1


def one_of(words, rng):
    return words[rng.integers(len(words))]


def opinion(good, rng, things, words, negations):
    negated = rng.random() < negations
    word, thing = one_of(words[int(good != negated)], rng), one_of(things, rng)
    if rng.random() < 0.5:
        return f"the {thing} was {'not ' * negated}{word}"
    return f"{one_of(NAMES, rng)} {'did not find' if negated else 'found'} the {thing} {word}"


def review(rng, things=FILM, words=(BAD, GOOD), remarks=2, negations=0.2):
    """A text and its truth: 1 if the opinion is good."""
    good = rng.random() < 0.5
    sentences = [opinion(good, rng, things, words, negations)]
    sentences += [one_of(REMARKS, rng).format(name=one_of(NAMES, rng), day=one_of(DAYS, rng))
                  for _ in range(remarks)]
    return " . ".join(rng.permutation(sentences)) + " .", int(good)


def reviews(N, seed, **options):
    """N texts, the truth about each, and the labels that people gave."""
    rng = np.random.default_rng(seed)
    texts, truth = zip(*(review(rng, **options) for _ in range(N)))
    truth = np.array(truth)
    return list(texts), truth, np.where(rng.random(N) < WRONG_LABELS, 1 - truth, truth)


N, M = (400, 100) if quick() else (400, 500)       # texts to learn from, and of each other part
train, dev = reviews(N, 1), reviews(M, 2)
parts = {"films": reviews(M, 3), "longer texts": reviews(M, 4, remarks=8),
         "hotels": reviews(M, 5, things=HOTEL, words=(HOTEL_BAD, HOTEL_GOOD))}
for name, (texts, truth, labels) in parts.items():
    print(f"{name:13} {texts[0][:110]}  truth {truth[0]}")

# %%
# A word of the training texts is one piece. Any other word is cut into its letters. (Published
# models also cut rare words, but into larger pieces.) The training text never needs the letters, so
# their rows of the word table keep their random first values.

from albert_np import AlbertConfig
from albert_np.functional import softmax_forward
from albert_np.models import AlbertForSequenceClassification

PIECES = ["<pad>", "<unk>", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz",
          *sorted({word for text in train[0] for word in text.split()})]
ID = {piece: i for i, piece in enumerate(PIECES)}


def batch_of(texts):
    rows = [[2, *(i for word in text.split()
                  for i in ([ID[word]] if word in ID else [ID[letter] for letter in word])), 3]
            for text in texts]
    ids = np.zeros((len(rows), max(map(len, rows))), int)                            # (B, T)
    for i, row in enumerate(rows):
        ids[i, :len(row)] = row
    return {"input_ids": ids, "attention_mask": (ids > 0).astype(int)}


def logits_of(model, texts, rng=None):
    """Logits (N, 2). With a generator, dropout is on."""
    return np.concatenate([model.forward(**batch_of(texts[i:i + 100]), rng=rng)[0].logits
                           for i in range(0, len(texts), 100)]).astype(float)


# %%
# A small ALBERT learns from these labels, also from the wrong ones. We train five models that
# differ only in their seed. All numbers below are means over the five models, with a 95 % interval
# of the mean (Student's t). A second set of five models learns from changed texts. The changes
# should not change the verdict. We come back to these models at the end.

from albert_np.course.lecture import short_run_adamw
from albert_np.optim import clip_by_global_norm

SEEDS, EPOCHS = (2, 14) if quick() else (5, 20)
SAME_KIND = (NAMES, FILM, DAYS)          # a word may be exchanged for one of its own row


def mistyped(text, rng):
    """Two neighbouring letters of one word change places."""
    words = text.split()
    i = one_of([i for i, word in enumerate(words) if len(word) > 3], rng)
    k = rng.integers(len(words[i]) - 1)
    words[i] = words[i][:k] + words[i][k + 1] + words[i][k] + words[i][k + 2:]
    return " ".join(words)


def exchanged(text, rng, kinds=SAME_KIND):
    """Every name, thing and day is drawn anew from its own row, so that a few stay the same."""
    for kind in kinds:
        text = re.sub(rf"\b({'|'.join(kind)})\b", lambda _: one_of(kind, rng), text)
    return text


def trained(seed, changes):
    """A model, trained on the texts as they are or, with ``changes``, changed anew each time."""
    config = AlbertConfig(
        vocab_size=len(PIECES), embedding_size=16, hidden_size=32, num_hidden_layers=1,
        num_attention_heads=4, intermediate_size=64, max_position_embeddings=96, num_labels=2,
        initializer_range=0.2, hidden_dropout_prob=0.1, classifier_dropout_prob=0.1,
        problem_type="single_label_classification", hidden_act="gelu_new")
    model, rng = AlbertForSequenceClassification(config, seed=seed), np.random.default_rng(seed)
    optimizer = short_run_adamw(model.params, 5e-3, EPOCHS * -(-N // 16))
    for _ in range(EPOCHS):
        for chosen in np.array_split(rng.permutation(N), -(-N // 16)):
            texts = [train[0][i] for i in chosen]
            if changes:
                texts = [mistyped(exchanged(text, rng), rng) for text in texts]
            _, cache = model.forward(**batch_of(texts), labels=train[2][chosen], rng=rng)
            grads = model.backward(cache)
            clip_by_global_norm(grads, 1.0)
            optimizer.step(model.params, grads)
    return model


def interval(values):
    """The mean over the seeds and half of its 95 % interval."""
    quantile = {2: 12.71, 5: 2.78}[len(values)]                        # Student's t
    return np.mean(values), quantile * np.std(values, ddof=1) / len(values)**0.5


def shown(values, form=".1%"):
    mean, half = interval(values)
    return f"{mean:{form}} ± {half:{form}}"


models = {"as it is": [trained(seed, False) for seed in range(SEEDS)],
          "with changes": [trained(seed, True) for seed in range(SEEDS)]}
logits = {(way, part): [logits_of(model, texts) for model in models[way]]
          for way in models for part, (texts, *_) in {**parts, "dev": dev}.items()}
right = {(way, part): [z.argmax(axis=1) == parts[part][1] for z in logits[way, part]]
         for way in models for part in parts}
for part in parts:
    print(f"{part:13} right (truth): {shown([r.mean() for r in right['as it is', part]])}")

# %%
# As sure as it is right?
# -----------------------
# Sort the texts by how sure the model is, and compare: how sure is it, and how often does it agree
# with the labels? (We did this at the end of tutorial 11.) The *expected calibration error* is the
# mean distance between these two numbers. *Temperature scaling* (Guo et al. 2017) divides the
# logits by one number, fitted on the development part. Its loss is (TEMP.1), and the gradient of
# the one parameter is (TEMP.3):

from albert_np.course.lecture import source_of
from albert_np.functional import fit_temperature, temperature_scaling_backward
from albert_np.tasks.metrics import calibration_bins, expected_calibration_error

print(source_of(temperature_scaling_backward, "TEMP.2", "TEMP.3"))

temperatures = [fit_temperature(z, dev[2]) for z in logits["as it is", "dev"]]
print(f"temperature {shown(temperatures, '.2f')}\n\npart           says    agrees with labels   "
      f"calibration error -> scaled")
errors = {}
for part, (_, _, labels) in parts.items():
    for name, Ts in (("before", np.ones(SEEDS)), ("after", temperatures)):
        p = [softmax_forward(z / T)[0] for z, T in zip(logits["as it is", part], Ts)]
        errors[part, name] = [expected_calibration_error(labels, each).value for each in p]
        if name == "before":
            says = np.mean([each.max(axis=1).mean() for each in p])
            agrees = np.mean([(each.argmax(axis=1) == labels).mean() for each in p])
    print(f"{part:13} {says:.1%}   {agrees:.1%}              {shown(errors[part, 'before'])}"
          f"  ->  {shown(errors[part, 'after'])}")

gained = np.subtract(errors["films", "before"], errors["films", "after"])
print(f"gained on films: {shown(gained)}; temperature above 1: the models were too sure")
assert quick() or (min(temperatures) > 1 and interval(gained)[0] > interval(gained)[1])
assert quick() or np.mean(errors["hotels", "after"]) > np.mean(errors["films", "after"])

# %%
# The order of the classes has not changed, so all verdicts are the same as before. And one
# temperature fits only one kind of text: on longer texts and on hotels the scaled model is still
# too sure. On hotels its verdicts are coin flips, since it has never seen the words of these
# opinions. But its probabilities do not say so.

import matplotlib.pyplot as plt

from albert_np.course.lecture import show
from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE, label_axes

figure, panels = plt.subplots(1, len(parts), figsize=(12.5, 4.7), sharey=True, layout="constrained")
for axes, (part, (_, _, labels)) in zip(panels, parts.items()):
    axes.plot([0.5, 1], [0.5, 1], color=GREY, linestyle="--", label="calibrated")
    for name, Ts, colour, marker in (("before", np.ones(SEEDS), ORANGE, "o"),
                                     ("scaled", temperatures, BLUE, "s")):
        p = np.concatenate([softmax_forward(z / T)[0]
                            for z, T in zip(logits["as it is", part], Ts)])
        counts, sure, hits = calibration_bins(np.tile(labels, SEEDS), p)
        used = counts >= 20                                # fewer say little
        axes.plot(sure[used], hits[used], color=colour, marker=marker, markersize=8, label=name)
    label_axes(axes, "probability of the verdict", "agrees with the label" if axes is panels[0]
               else "", part)
    axes.set_ylim(0.25, 1.02)
panels[0].legend(fontsize=12, loc="upper left")
show(figure, "25_reliability")

# %%
# Does it know what it does not know?
# -----------------------------------
# Leave dropout on and ask the model many times (Gal and Ghahramani 2016). If a text is like the
# texts of the training part, the passes agree. For other texts they may differ. (UNC.2) is the
# entropy of the mean of the passes. (UNC.3) says how much the passes disagree. Is the model less
# sure of its wrong verdicts? The *AUROC* is the probability that the model is less sure of a wrong
# verdict than of a right one. Chance gives 1/2.

from albert_np.tasks.metrics import uncertainty


def auroc(unsure, wrong):
    first, second = unsure[wrong][:, None], unsure[~wrong]
    return ((first > second).mean() + (first == second).mean() / 2)


S, rows = (3, 50) if quick() else (10, 300)
found = {}
for part in ("films", "hotels"):
    texts, truth, _ = parts[part]
    for seed, model in enumerate(models["as it is"]):
        rng = np.random.default_rng(seed)
        passes = np.array([softmax_forward(logits_of(model, texts[:rows], rng))[0]
                           for _ in range(S)])                                       # (S, N, 2)
        mean, entropy, information = uncertainty(passes)
        wrong = ~right["as it is", part][seed][:rows]
        once = softmax_forward(logits["as it is", part][seed][:rows])[0].max(axis=1)
        for name, unsure in (("one pass: 1 - probability", 1 - once), ("entropy", entropy),
                             ("mutual information", information)):
            found.setdefault((part, name), []).append(auroc(unsure, wrong))
for (part, name), values in found.items():
    print(f"{part:7} {name:26} AUROC {shown(values, '.2f')}")
if not quick():
    for name in ("one pass: 1 - probability", "entropy"):
        assert np.subtract(*interval(found["films", name])) > 0.5

# %%
# What to notice: on texts like the training texts, the model is less sure of its wrong verdicts. So
# a person could check the texts of which the model is least sure. The intervals do not show that
# many passes with dropout say more than one pass without dropout. On hotels we need a warning most.
# But there the AUROC is about 1/2, as for chance: the model is as sure of its wrong verdicts as of
# its right ones.
#
# A checklist
# -----------
# From the accuracy alone you cannot see what a model has not understood. *CheckList* (Ribeiro et
# al. 2020) tests one ability at a time. In an *invariance* test the text changes, but the verdict
# must stay the same: two letters change places, or all names are drawn again. In a *directional*
# test the verdict must change: a "not" reverses the opinion.


def negated(text):
    return re.sub(r"\bfound\b", "did not find", re.sub(r"\bwas\b", "was not", text))


n = 60 if quick() else 300
rng = np.random.default_rng(6)
plain = [review(rng)[0] for _ in range(n)]
direct = [review(rng, negations=0)[0] for _ in range(n)]
TESTS = {
    "a typo": (plain, [mistyped(text, rng) for text in plain], True),
    "other names": (plain, [exchanged(text, rng, (NAMES,)) for text in plain], True),
    "names never seen": (plain, [re.sub(rf"\b({'|'.join(NAMES)})\b",
                                        lambda _: one_of(NEW_NAMES, rng), text)
                                 for text in plain], True),
    "not": (direct, [negated(text) for text in direct], False)}
print(TESTS["not"][0][0], "->", TESTS["not"][1][0])


def failures(model, before, after, same):
    first, second = (logits_of(model, texts).argmax(axis=1) for texts in (before, after))
    return ((first == second) != same).mean()


failed = {(way, test): [failures(model, *TESTS[test]) for model in models[way]]
          for way in models for test in TESTS}
print(f"\n{'test':18}{'kind':13}{'n':>5}   failures as it is   failures with changes")
for test, (before, _, same) in TESTS.items():
    print(f"{test:18}{'invariance' if same else 'directional':13}{len(before):5}   "
          f"{shown(failed['as it is', test]):18}  {shown(failed['with changes', test])}")

# %%
# Turning a verdict by exchanging words
# -------------------------------------
# Somebody wants the wrong verdict and may exchange neutral words only: a name for a name, a thing
# for a thing, a day for a day. The true label stays the same. Which exchange is best? We could try
# all exchanges, with one forward pass for each. *HotFlip* (Ebrahimi et al. 2018) uses the gradient
# instead. Let dx be the gradient of the loss with respect to the row of the word table at a
# position. If piece j replaces piece i at this position, the loss changes by (FLIP.1), to first
# order.

from dataclasses import replace

from albert_np.functional import flip_estimates

print(source_of(flip_estimates, "FLIP.1", lines_around=2))

# %%
# If a row is used at several positions, the backward pass adds up its gradients (EMB.2). Here we
# need the gradient at each position separately. So give each position a row of its own. The new
# table has one row for each position of the text, and the ids are 0, 1, 2 and so on.


def gradient_at_words(model, batch):
    """Gradient of each text's own loss with respect to the row at each position, (B, T, E)."""
    ids = batch["input_ids"]
    apart = AlbertForSequenceClassification(replace(model.config, vocab_size=ids.size), seed=None)
    embeddings = model.params["embeddings"]
    apart.params = {**model.params,
                    "embeddings": {**embeddings, "word": embeddings["word"][ids.ravel()]}}
    _, cache = apart.forward(**{**batch, "input_ids": np.arange(ids.size).reshape(ids.shape)})
    grads = apart.backward(cache, {"loss": len(ids)})                  # the loss is a mean
    return grads["embeddings"]["word"].reshape(*ids.shape, -1)


def losses(model, batch):
    z = model.forward(batch["input_ids"], batch["attention_mask"])[0].logits.astype(float)
    return -np.log(softmax_forward(z)[0][np.arange(len(z)), batch["labels"]])


model, few = models["as it is"][0], 5 if quick() else 40
batch = {**batch_of(parts["films"][0][:few]), "labels": parts["films"][1][:few]}
together = np.zeros_like(model.params["embeddings"]["word"])
np.add.at(together, batch["input_ids"], gradient_at_words(model, batch))
grads = model.backward(model.forward(**batch)[1], {"loss": few})
assert np.allclose(together, grads["embeddings"]["word"], atol=1e-4)   # the sums are the model's

kind_of = np.zeros(len(PIECES), int)
for number, kind in enumerate(SAME_KIND, 1):
    kind_of[[ID[word] for word in kind]] = number


def allowed(ids):
    """Which piece may come to which position, (B, T, V)."""
    kinds = kind_of[ids][..., None]
    return (kinds > 0) & (kinds == kind_of) & (np.arange(len(PIECES)) != ids[..., None])


def every_exchange(model):
    """For each text, the estimated and the true changes of the loss, one for each exchange."""
    for text, truth in zip(parts["films"][0][:few], parts["films"][1]):
        batch = {**batch_of([text]), "labels": np.array([truth])}
        estimates = flip_estimates(model.params["embeddings"]["word"], batch["input_ids"],
                                   gradient_at_words(model, batch))
        _, t, j = np.nonzero(allowed(batch["input_ids"]))
        flipped = np.repeat(batch["input_ids"], len(t), axis=0)
        flipped[np.arange(len(t)), t] = j
        many = {"input_ids": flipped, "attention_mask": np.ones_like(flipped),
                "labels": np.full(len(t), truth)}
        yield estimates[0, t, j], losses(model, many) - losses(model, batch)


flips, every = [], []
for model in models["as it is"]:
    changes = list(every_exchange(model))
    every.append([np.concatenate(part) for part in zip(*changes)])
    flips.append([np.corrcoef(*every[-1])[0, 1], *np.mean(
        [(change[guess.argmax()], change.max(), change.mean()) for guess, change in changes], 0)])
estimated, true = every[0]                                 # of the first model, for the picture
correlation, first, best, random = np.transpose(flips)
print(f"{len(true):,} exchanges in {few} texts: correlation of estimate and truth "
      f"{shown(correlation, '.2f')}\nmean change of the loss: by the first choice of the estimate "
      f"{shown(first, '.3f')},\nby the best exchange {shown(best, '.3f')}, by a random one "
      f"{shown(random, '.3f')}")
assert quick() or np.subtract(*interval(correlation)) > 0
assert quick() or first.mean() > 2 * random.mean()

# %%
# What to notice: the estimate is rough. An exchange is a long step, and layer norms and a softmax
# come after it. Still, the exchange with the largest estimate changes the loss several times as
# much as a random exchange. But the best exchange changes it even more. So a serious attack would
# try the ten exchanges with the largest estimates.
#
# Now we attack greedily. Make the exchange with the largest estimate, compute the gradient again,
# and repeat this until the verdict changes. For comparison, a second attack exchanges the same
# number of words at random. We use only texts for which the verdict was right.


def attack(model, texts, truth, steps, choice, rng):
    """The share of verdicts that are turned after 0, 1, ... exchanges."""
    batch = {**batch_of(texts), "labels": truth}
    ids = batch["input_ids"]
    turned = [np.zeros(len(ids), bool)]
    for _ in range(steps):
        scores = (flip_estimates(model.params["embeddings"]["word"], ids,
                                 gradient_at_words(model, batch)) if choice == "gradient"
                  else rng.random((*ids.shape, len(PIECES))))
        scores = np.where(allowed(ids), scores, -np.inf).reshape(len(ids), -1)
        t, j = np.divmod(scores.argmax(axis=1), len(PIECES))
        still = np.flatnonzero(~turned[-1])
        ids[still, t[still]] = j[still]
        verdicts = model.forward(ids, batch["attention_mask"])[0].logits.argmax(axis=1)
        turned.append(turned[-1] | (verdicts != truth))
    return np.mean(turned, axis=1)


steps, most = (2, 20) if quick() else (4, 150)
curves = {}
for way, chosen in models.items():
    for seed, model in enumerate(chosen):
        keep = np.flatnonzero(right[way, "films"][seed])[:most]
        texts, truth = [parts["films"][0][i] for i in keep], parts["films"][1][keep]
        for choice in ("gradient", "random"):
            curves.setdefault((way, choice), []).append(
                attack(model, texts, truth, steps, choice, np.random.default_rng(seed)))
for (way, choice), values in curves.items():
    print(f"{way:13} {choice:9} turned after {steps} exchanges: "
          f"{shown([each[-1] for each in values])}")

figure, (left, middle) = plt.subplots(1, 2, figsize=(11.5, 5.2), layout="constrained")
left.scatter(estimated, true, s=8, color=BLUE, alpha=0.4, linewidths=0)
ends = np.array([min(estimated.min(), true.min()), max(estimated.max(), true.max())])
left.plot(ends, ends, color=GREY, linestyle="--")
label_axes(left, "estimated change of the loss (nats)", "true change (nats)",
           "One exchanged word")
for (way, choice), values in curves.items():
    mean, half = np.array([interval(column) for column in np.transpose(values)]).T
    colour = ORANGE if way == "as it is" else GREEN
    middle.plot(mean, color=colour, linestyle="-" if choice == "gradient" else ":", marker="o",
                label=f"{choice}, trained {way}")
    middle.fill_between(range(len(mean)), *np.clip([mean - half, mean + half], 0, 1), color=colour,
                        alpha=0.15)
middle.set_ylim(bottom=0)
middle.set_xticks(range(steps + 1))
label_axes(middle, "neutral words exchanged", "right verdicts turned (share)",
           "Gradient against chance")
middle.legend(fontsize=11, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
show(figure, "25_word_flips")

# %%
# What an attack needs, and what helps
# ------------------------------------
# The attack needs the weights to compute the gradient, and it must be able to exchange words. An
# attack without the weights needs a forward pass for each exchange. Against typos it helps to train
# on texts with typos and with exchanged names, things and days. The checklist shows this. The first
# line below says how much accuracy this training costs on unchanged texts (a number below 0 is a
# gain). The last line says whether the training helps against the attack:

cost = [np.mean(a) - np.mean(b) for a, b in zip(right["as it is", "films"],
                                                right["with changes", "films"])]
print(f"right on films, as it is minus with changes: {shown(cost)}")
last = {key: np.array([each[-1] for each in values]) for key, values in curves.items()}
for what, difference in (
        ("gradient minus random", last["as it is", "gradient"] - last["as it is", "random"]),
        ("as it is minus with changes",
         last["as it is", "gradient"] - last["with changes", "gradient"])):
    mean, half = interval(difference)
    print(f"turned after {steps} exchanges, {what}: {shown(difference)}, "
          f"{'above 0' if mean > half else 'not shown: the interval contains 0'}")
    assert quick() or mean > half or what != "gradient minus random"

# %%
# What this does not show
# -----------------------
# The text is made up, its words are few, and its truth follows a rule. Real texts have no list of
# words that may be exchanged without a change of meaning, and people notice odd exchanges. The five
# models differ in their seed, not in their data: the intervals say nothing about other texts. The
# second set of models was trained with the same kinds of changes as in the test, which is the best
# case for this training. A checklist without failures would show that the model has these four
# abilities. It would not say anything about other abilities. And a calibrated model is not always a
# good one: a model that says 50 % to everything is calibrated.
#
# Exercises
# ---------
# 1. Fit the temperature on twenty texts of the development part, fifty times. How much do the fifty
#    temperatures differ? From how many texts on is a fitted temperature better than 1?
# 2. Replace the mean of the passes by the mean of the five models (an ensemble). Compare the AUROC.
# 3. Let the attack exchange one letter in place of one word. Which pieces may replace which pieces?
# 4. Train with typos alone, or with exchanged names alone. Which rows of the checklist change?
# 5. Make one name praise nearly everything in the training part. How does the attack use this name?
