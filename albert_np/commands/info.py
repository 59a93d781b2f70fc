"""``albert-np info``: where the parameters of a model are."""

import argparse
from pathlib import Path

from .output_folder import refuse_existing

DESCRIPTION = """\
Print how many parameters each component of a model has, its share of all, and what BERT of the same
shape would have: the same V, H, F, A and L, but nothing shared and embeddings as wide as the hidden
states. The masked-LM head ends in the table of the embeddings, which is counted once.

Only the configuration is read, no weights.
"""

EXAMPLES = """\
examples:
  albert-np info runs/pretrain
  albert-np info albert-base-v2 --output parameters.png
"""


def add(commands):
    """Add ``info`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "info", help="count the parameters by component, beside BERT's", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_info)
    parser.add_argument("model", metavar="MODEL",
                        help="the folder of a model, a config.json, or a published name such as "
                             "albert-base-v2")
    parser.add_argument("--output", metavar="FILE.png", help="draw the table too, into a new file")


def _info(options):
    from ..inference.load import load_config
    from ..inference.sizes import describe, format_table, parameter_table

    if options.output is not None and Path(options.output).suffix.lower() != ".png":
        raise ValueError(f"the picture is a PNG file; the name {options.output} must end in .png")
    refuse_existing(options.output)
    config = load_config(options.model)
    table = parameter_table(config)
    print(format_table(table, config))
    if options.output is not None:
        from ..plotting.parameter_sizes import plot_parameters

        print(f"\n{plot_parameters(table, options.output, describe(config))}")
    return 0
