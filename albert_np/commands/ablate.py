"""``albert-np ablate``."""

import argparse
from pathlib import Path

from .options_of import add_options, fill_when_chosen, given

DESCRIPTION = """\
Ablations: short runs that differ in one thing, with several seeds each.

  sharing         the layers share everything, only attention, only the feed-forward network, or
                  nothing (table 4 of the paper)
  embedding       embeddings of size H/8, H/4, H/2 and H; the layers share everything or nothing
                  (table 3)
  sentence-task   train with no question about the segments, with next sentence, or with sentence
                  order; then each model answers both questions (table 5)
  masking         mask n-grams, words or pieces; draw the masks in each epoch or once; mask without
                  a limit or at most 2 pieces of a sequence
  lambda          the weight of the sentence-order loss: 0, 0.05, 0.15, 0.5, 1

All runs use the same tokenizer, the same held-out text with the same masks, and the same number of
steps. Run i has the same seed in every variant. An ablation writes a table with means and standard
deviations, and a picture. The paper says which variants are better than which. For each such order,
the ablation also writes a sentence: do these runs show the same order? An ablation takes about five
minutes on two cores.

Finished runs are kept. To continue an interrupted ablation, type the same command again. To add
runs, type it with a larger --seeds.
"""

EXAMPLES = """\
examples:
  albert-np ablate sharing
  albert-np ablate sentence-task --corpus novel.txt --steps 5000
  albert-np ablate embedding --seeds 5 --output runs/embedding
"""


# Options of pretrain that an ablation takes too.
PRETRAINING = ("corpus", "layout", "tokenizer", "vocab_size", "batch_size", "learning_rate")


def add(commands):
    """Add ``ablate`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "ablate", help="compare short runs that differ in one thing", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_ablate)
    fill_when_chosen(parser, _add_options)


def _add_options(parser):
    from ..pretraining.options import PretrainingOptions

    parser.add_argument("ablation", metavar="ABLATION",
                        help="sharing, embedding, sentence-task, masking or lambda")
    parser.add_argument("--output", metavar="FOLDER",
                        help="the folder for the runs, the table and the picture; default: "
                             "runs/ablate-ABLATION")
    add_options(parser, PretrainingOptions, PRETRAINING)
    parser.add_argument("--seeds", type=int, default=3, metavar="N",
                        help="number of runs of each variant, each with its own seed (default: "
                             "%(default)s)")
    parser.add_argument("--steps", type=int, metavar="N",
                        help="number of steps of each run; default: 1,300 to 3,300, fewer if "
                             "there are more variants")
    parser.add_argument("--processes", type=int, default=2, metavar="N",
                        help="number of runs at the same time, each on one core (default: "
                             "%(default)s)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _ablate(options):
    from ..files.freed_memory import keep_freed_memory
    from ..pretraining.ablation.run import ablate

    keep_freed_memory()
    ablate(options.ablation, options.output or Path("runs") / f"ablate-{options.ablation}",
           steps=options.steps, seeds=options.seeds, processes=options.processes,
           progress=not options.quiet, **given(options, PRETRAINING))
    return 0
