"""``albert-np quantize``: a model with 8-bit weights, in a folder a quarter as large."""

import argparse

from .input_texts import note

DESCRIPTION = """\
Write a model with its matrices in 8 bits. The new folder takes about a quarter of the space.

Each row of a matrix gets a scale, its largest absolute value divided by 127, and each weight
becomes the nearest multiple of its scale. Matrices and embedding tables are quantised; biases and
layer norms stay in float32. The command prints how many arrays that are, the sizes before and
after, and the largest error.

The folder has the configuration, the tokenizer, and the settings of the task if there is one.
predict, evaluate, fill-mask, embed, similarity and from_pretrained read it. They compute in float32
with the rounded weights: the folder is smaller, the computation is as fast as before. Measure what
is lost with albert-np evaluate.
"""

EXAMPLES = """\
examples:
  albert-np quantize runs/spam --output runs/spam-int8
  albert-np evaluate runs/spam-int8 --data january.csv
"""


def add(commands):
    """Add ``quantize`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "quantize", help="write a model with 8-bit weights", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_quantize)
    parser.add_argument("model", metavar="RUN",
                        help="the folder of a fine-tuned or pretrained model")
    parser.add_argument("--output", metavar="FOLDER", required=True, help="the new folder")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _quantize(options):
    from ..files.run_folders import unfinished_note
    from ..tasks.finetuning.quantizing import quantize_run

    written = quantize_run(options.model, options.output)
    if unfinished := unfinished_note(options.model):
        note(unfinished)
    if not options.quiet:
        before, after = written.bytes_before, written.bytes_after
        print(f"{'8 bits':10} {written.matrices} matrices, {written.numbers:,} numbers\n"
              f"{'float32':10} {written.vectors} vectors (biases and layer norms)\n"
              f"{'weights':10} {before:,} bytes before, {after:,} after: {after / before:.1%}\n"
              f"{'error':10} at most {written.largest_error:.2g}, in {written.where}, in a row "
              f"whose largest weight is {written.largest_weight:.2g}\n"
              f"The folder is {options.output}")
    return 0
