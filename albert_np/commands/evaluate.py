"""``albert-np evaluate``: the scores of a fine-tuned model on other rows."""

import argparse

from .input_columns import add_columns, add_header, columns_of
from .output_folder import free_path

DESCRIPTION = """\
Score a model that albert-np finetune made on the rows of a file, and compare it with what is right.

The scores are those of the fine-tuning run for its test part: accuracy, F1 and others, each with a
bootstrap interval. The folder contains results.json, predictions.jsonl (each row with what the
model predicted for it) and the pictures of the task. The file has one of the formats of finetune.
Of a table or of JSON lines the columns of the training file are read.
"""

EXAMPLES = """\
examples:
  albert-np evaluate runs/classification --data january.csv
  albert-np evaluate runs/classification --data others.csv --columns text=body label=kind
  albert-np evaluate runs/questions --data xquad-en --output runs/questions-xquad
"""


def add(commands):
    """Add ``evaluate`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "evaluate", help="score a fine-tuned model on other rows", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_evaluate)
    parser.add_argument("model", metavar="RUN", help="the folder of a fine-tuned model")
    parser.add_argument("--data", metavar="FILE", required=True,
                        help="the rows, with what is right; for questions also xquad-en or "
                             "xquad-zh")
    add_columns(parser, "those of the training run")
    add_header(parser)
    parser.add_argument("--label-separator", metavar="SIGN",
                        help="multi-label: the sign between the labels of a row in a table "
                             "(default: that of the training run)")
    parser.add_argument("--output", metavar="FOLDER",
                        help="the new folder (default: runs/evaluate, then runs/evaluate-2, ...)")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="the seed of the bootstrap (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, metavar="N",
                        help="batches worked out side by side (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _evaluate(options):
    for name, least in (("seed", 0), ("workers", 1)):
        if getattr(options, name) < least:
            raise ValueError(f"--{name} is {getattr(options, name)}; it must be at least {least}")
    from ..files.freed_memory import keep_freed_memory
    from ..tasks.finetuning.evaluate import evaluate

    keep_freed_memory()
    evaluate(options.model, options.data, options.output or free_path("runs/evaluate"),
             columns=columns_of(options.columns), header=options.header,
             label_separator=options.label_separator, seed=options.seed, workers=options.workers,
             progress=not options.quiet)
    return 0
