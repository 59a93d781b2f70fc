"""
What is each idea worth?
========================

ALBERT has three ideas: narrow embeddings, shared layers, and asking for the order of sentences. To
know what one of them is worth, train models that differ in that one thing and in nothing else: an
*ablation*. The paper's tables 3, 4 and 5 are ablations. Here we repeat them at toy scale, in a
minute or two, and learn above all how to read such a table without fooling ourselves.

Prerequisites: ``05_factorized_embeddings.py``, ``06_one_layer_twelve_times.py`` and
``08_sentence_order.py``. In the paper: sections 4.4, 4.5 and 4.6 (Lan et al. 2020). Run it with
``python tutorials/19_ablations.py``; pictures go to ``tutorials/output/``. Longer runs, on real
text, are in ``docs/pretraining.md`` (``albert-np ablate sharing`` repeats them, in some ten minutes
each).
"""

# %%
# A toy language
# --------------
# On real text, a model that trains for seconds learns how frequent each word is and no more, and
# all rows of a table look alike. So we write a text of which we know all there is to be learnt:
#
# - a document is about one *topic* out of six, and uses its words only (what a next-sentence task
#   can see);
# - its four sentences stand in a row, and six in ten of them begin with a word that tells where:
#   first, then, later, finally (what a sentence-order task can see);
# - the two nouns of a sentence determine its verb (what only the masked language model can see).

import numpy as np

from albert_np.course.lecture import output_folder

TOPICS = (("cook baker spoon bread soup butter", "stirs tastes serves bakes"),
          ("gardener flower spade tree bee lawn", "waters plants trims digs"),
          ("sailor boat anchor wave gull captain", "sinks sails pulls lifts"),
          ("teacher pupil book board lesson chalk", "reads writes learns explains"),
          ("driver car bus bridge lamp horse", "passes stops drives crosses"),
          ("singer piano drum song violin dancer", "plays hears sings tunes"))
PLACES = (("first", "initially"), ("then", "next"), ("later", "afterwards"), ("finally", "lastly"))


def document(rng):
    """Four sentences about one topic, one on a line."""
    nouns, verbs = (words.split() for words in TOPICS[rng.integers(len(TOPICS))])
    lines = []
    for place in PLACES:
        i, j = rng.choice(6, 2, replace=False)
        where = [rng.choice(place)] if rng.random() < 0.6 else []
        lines.append(" ".join([*where, nouns[i], verbs[(i + j) % 4], nouns[j]]))
    return "\n".join(lines)


rng = np.random.default_rng(0)
text = output_folder() / "19_toy_language.txt"
text.parent.mkdir(parents=True, exist_ok=True)
text.write_text("\n\n".join(document(rng) for _ in range(1500)) + "\n")
print(document(rng))

# %%
# The runs
# --------
# ``albert_np.pretraining.ablation.run.ablate`` trains every variant with several *seeds*. The seed
# draws the first weights, the cuts and the masks; run i of one variant has the seed of run i of
# another, so that they can be compared pair by pair. All are measured on the same held-out text.
# Two runs go side by side, in processes of their own.

import json
import subprocess
import sys

from albert_np.course.lecture import quick, show

QUICK = quick()
SEEDS = 1 if QUICK else 2

MODEL = {"hidden_size": 32, "embedding_size": 32, "intermediate_size": 128,
         "initializer_range": 0.08, "sop_weight": 0.7}
PROGRAM = ("import json, sys; from albert_np.pretraining.ablation.run import ablate; "
           "ablate(**json.loads(sys.argv[1]))")
STEPS = {"embedding": 600, "sharing": 600, "sentence-task": 1500}


def ablation(name):
    """Do the runs, or read those that were done before; gives what ``results.json`` says."""
    steps = 12 if QUICK else STEPS[name]
    folder = output_folder() / f"19_{name}_{steps}_steps"
    options = dict(name=name, output=str(folder), corpus=str(text), layout="lines", vocab_size=100,
                   steps=steps, seeds=SEEDS, processes=1 if QUICK else 2, batch_size=16,
                   learning_rate=5e-3, config=MODEL, progress=False,
                   data={"max_seq_length": 20, "beginnings_only": True})
    # A program of its own: processes that start further processes cannot be cells of a notebook.
    subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(options)], check=True)
    return json.loads((folder / "results.json").read_text())


results = {name: ablation(name) for name in STEPS}


def show_table(name, headings):
    """One line for each variant: what was measured here, then what the paper found."""
    print(f"{name:14}{'parameters':>11}" + "".join(f"{heading:>26}" for heading in headings)
          + "   the paper")
    for row in results[name]["rows"]:
        cells = []
        for heading in headings:
            values = 100 * np.array(row["figures"][heading]["values"])
            cells.append(f"{values.mean():.1f} % ({', '.join(f'{v:.1f}' for v in values)})")
        print(f"{row['variant']:14}{row['parameters']:>11,}" + "".join(f"{c:>26}" for c in cells)
              + "   " + ", ".join(row["paper"]))


def show_findings(name):
    for finding in results[name]["findings"]:
        print(f"- {finding['verdict'].upper()}: {finding['claim']} ({finding['source']}).")


def draw(axes, name, heading, colour, marker, shift=0.0):
    """A dot for each run and a dash for the mean, variant by variant."""
    rows = results[name]["rows"]
    values = 100 * np.array([row["figures"][heading]["values"] for row in rows])
    places = np.arange(len(rows)) + shift
    axes.plot(places, values.mean(axis=1), "_", color=colour, markersize=24, markeredgewidth=3)
    axes.plot(np.repeat(places, SEEDS), values.ravel(), marker, color=colour, alpha=0.6,
              markersize=8, label=heading)
    axes.set_xticks(range(len(rows)), [row["place"] for row in rows])
    axes.set_xlim(-0.5, len(rows) - 0.5)
    axes.set_ylim(0, 104)                            # the whole dot of a run with 100 %
    axes.set_yticks(range(0, 101, 20))
    axes.tick_params(labelsize=13)
    axes.grid(alpha=0.25)


# %%
# Table 3: the size of the embedding
# ----------------------------------
# E numbers for each piece, mapped to H. "none" and "all" is what the layers share. The figure is
# the masked language model's (MLM's) share of right guesses, in brackets run by run.

show_table("embedding", ["MLM accuracy"])
show_findings("embedding")

# %%
# Table 4: what the layers share
# ------------------------------

show_table("sharing", ["MLM accuracy"])
show_findings("sharing")

# %%
# Table 5: what is asked about two segments
# -----------------------------------------
# BERT asks whether the second segment comes from another document (next-sentence prediction, NSP),
# ALBERT whether the two were swapped (sentence-order prediction, SOP). Every model answers both
# questions, whatever it was trained for.

show_table("sentence-task", ["MLM accuracy", "NSP accuracy", "SOP accuracy"])
show_findings("sentence-task")

# %%
# "Appears" means: the mean of the differences, seed by seed, is larger than their standard
# deviation. With so few seeds that is a weak standard, and with one seed (quick mode) nothing can
# be told.

import matplotlib.pyplot as plt

from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE

figure, panels = plt.subplot_mosaic([["embedding", "embedding"], ["sharing", "task"]],
                                    figsize=(10.5, 8), layout="constrained")
draw(panels["embedding"], "embedding", "MLM accuracy", BLUE, "o")
draw(panels["sharing"], "sharing", "MLM accuracy", BLUE, "o")
draw(panels["task"], "sentence-task", "NSP accuracy", ORANGE, "s", -0.12)
draw(panels["task"], "sentence-task", "SOP accuracy", GREEN, "^", 0.12)
panels["task"].axhline(50, color=GREY, linestyle="--")
panels["task"].annotate("coin", (1.02, 50), va="center", fontsize=13, color=GREY,
                        xycoords=("axes fraction", "data"), annotation_clip=False)
groups = [row["group"] for row in results["embedding"]["rows"]]
for group in dict.fromkeys(groups):                  # which layers share, above their dots
    middle = np.mean([place for place, each in enumerate(groups) if each == group])
    panels["embedding"].text(middle, 85, group, fontsize=14, ha="center")
for name, title in (("embedding", "Table 3: size of the embedding"),
                    ("sharing", "Table 4: what the layers share"),
                    ("task", "Table 5: what is asked")):
    panels[name].set_title(title, fontsize=15)
    panels[name].set_ylabel("right answers (%)", fontsize=14)
panels["sharing"].legend(fontsize=13, loc="upper right", title="dash: mean", title_fontsize=13)
panels["task"].legend(fontsize=13, loc="lower right")
show(figure, "19_ablations")

# %%
# How to read it
# --------------
# *Table 5* is the clearest. The model trained on next sentences tells topics apart; asked for the
# order it does little better than a coin, because the *topic* alone answers its own question, and
# no gradient ever asked for more. That is the paper's argument against NSP, seen from inside. In
# the paper, SOP also teaches next sentences (78.9 %); here it need not, because in our language the
# order can be told from two words without any knowledge of the topic. A toy shows the mechanism
# that was built into it, and no other.
#
# *Table 3*: in the paper a narrow E is enough, in ours every halving hurts. E = 128 against H = 768
# is wide enough for what has to be said about a piece; E = 8 is not.
#
# *Table 4*: look at the dots before you look at the line. Where the dots of one variant lie as far
# apart as the lines of two, the order of the lines means nothing.
#
# What goes wrong: one seed
# -------------------------
# Had we run a single seed, each table would have had a winner. How often would two seeds have
# crowned two different ones?

for name, heading in (("embedding", "MLM accuracy"), ("sharing", "MLM accuracy"),
                      ("sentence-task", "MLM accuracy"), ("sentence-task", "SOP accuracy")):
    rows = results[name]["rows"]
    winners = [rows[int(np.argmax(values))]["variant"]
               for values in zip(*(row["figures"][heading]["values"] for row in rows))]
    print(f"{name:14} {heading}: best by seed: {', '.join(winners)}")

# %%
# And a second source of chance is in no seed: the held-out text is the same for all. A share p of N
# answers has a standard error of sqrt(p (1 - p) / N):

pieces, _ = results["sharing"]["asked"]["text"]
_, pairs = results["sentence-task"]["asked"]["sop"]
print(f"MLM: {pieces} pieces, standard error {100 * np.sqrt(0.25 * 0.75 / pieces):.1f} points at "
      f"25 %; SOP: {pairs} pairs, {100 * np.sqrt(0.25 / pairs):.1f} points at 50 %")

# %%
# Exercises
# ---------
# 1. Set ``SEEDS = 5``. Finished runs are kept, only new ones are trained. Which verdicts change?
# 2. Give each document two topics. Who suffers, NSP or SOP?
# 3. Let the verb decide how the *next* sentence begins. Does SOP now help with the words?
# 4. Train all variants of table 4 for equal *parameters* (a wider H for "all"). Is that fairer?
# 5. ``albert-np ablate masking`` asks what to mask. Guess its order first, then read the table in
#    ``docs/pretraining.md``.
