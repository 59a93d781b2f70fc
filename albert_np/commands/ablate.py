"""``albert-np ablate``."""

import argparse
from pathlib import Path

from .options_of import add_options, fill_when_chosen, given

DESCRIPTION = """\
Ablations: short runs that differ in one thing, with several seeds each.

  sharing         the layers share everything, attention, the feed-forward network or nothing
                  (the paper's table 4)
  embedding       embeddings of size H/8, H/4, H/2 and H, everything or nothing shared (table 3)
  sentence-task   two segments are asked about nothing, next sentence or sentence order, and each
                  model answers both questions (table 5)
  masking         n-grams, words or pieces; drawn anew or once; as many as there are or at most 2
  lambda          the weight of the sentence-order loss: 0, 0.05, 0.15, 0.5, 1

All runs share the tokenizer, the held-out text with its masks, and the number of steps; run i of
one variant has the seed of run i of another. Each ablation leaves a table (means and deviations), a
picture, and one sentence on whether each order that the paper reports is seen at this scale. It
takes some five minutes on two cores.

Runs that are finished are kept: the same command goes on where it was interrupted, and a larger
--seeds adds runs.
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
    parser.add_argument("--output", metavar="FOLDER", help="default: runs/ablate-ABLATION")
    add_options(parser, PretrainingOptions, PRETRAINING)
    parser.add_argument("--seeds", type=int, default=3, metavar="N",
                        help="runs of each variant (default: %(default)s)")
    parser.add_argument("--steps", type=int, metavar="N",
                        help="of each run; default: 1,300 to 3,300, fewer if there are more "
                             "variants")
    parser.add_argument("--processes", type=int, default=2, metavar="N",
                        help="runs at a time, each on one core (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _ablate(options):
    from ..files.freed_memory import keep_freed_memory
    from ..pretraining.ablation.run import ablate

    keep_freed_memory()
    ablate(options.ablation, options.output or Path("runs") / f"ablate-{options.ablation}",
           steps=options.steps, seeds=options.seeds, processes=options.processes,
           progress=not options.quiet, **given(options, PRETRAINING))
    return 0
