"""``albert-np similarity``: how alike two sentences are to a model."""

import argparse
import itertools
import sys

from .input_texts import add_texts, note, note_remarks, read_texts

DESCRIPTION = """\
Print the cosine of the angle between the vectors of two texts, as albert-np embed makes them.

1 means the same direction, 0 a right angle. A masked-language model was never trained to make
vectors of sentences: a cosine says something only in comparison with others.
"""

EXAMPLES = """\
examples:
  albert-np similarity runs/pretrain "A list of strings." "Strings in a list."
  albert-np similarity runs/pretrain --file pairs.tsv --json
"""


def add(commands):
    """Add ``similarity`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "similarity", help="compare two sentences by their vectors", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_similarity)
    parser.add_argument("model", metavar="MODEL", help="the folder of a model")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="two texts")
    add_texts(parser, "two texts on each line, with a tab between them")
    parser.add_argument("--special-tokens", action=argparse.BooleanOptionalAction, default=True,
                        help="count [CLS] and [SEP] into the mean (default)")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each pair")


def _similarity(options):
    from ..files.json_objects import json_text
    from ..inference.load import load
    from ..inference.vectors import iterate_similarities
    from ..models import AlbertModel

    if len(options.texts) not in (0, 2):
        raise ValueError(f"two texts are compared; {len(options.texts)} "
                         f"{'is' if len(options.texts) == 1 else 'are'} given")
    texts, name = read_texts(options, options.texts)
    if options.texts:
        pairs, call = [tuple(options.texts)], name
    else:
        pairs, call = _pairs(texts, name), _call(name)
    model, tokenizer = load(options.model, AlbertModel)
    note_remarks(model)
    pairs, read = itertools.tee(pairs)
    cosines = iterate_similarities(model, tokenizer, pairs, options.special_tokens, name=call,
                                   note=note, progress=not sys.stdout.isatty())
    for cosine, (first, second) in zip(cosines, read):
        print(json_text({"first": first, "second": second, "cosine": round(cosine, 9)},
                         ensure_ascii=False) if options.json else f"{cosine:.6f}")
    return 0


def _pairs(lines, name):
    for number, line in enumerate(lines, 1):
        pair = tuple(line.split("\t"))
        if len(pair) != 2:
            what = name(number)
            raise ValueError(f"{what[:1].upper()}{what[1:]} has {len(pair) - 1} tabs; it must hold "
                             f"two texts with one tab between them.")
        yield pair


def _call(name):
    """From the number of a text to what it is called, where each line holds two."""
    return lambda i: f"{name((i + 1) // 2)}: the {'first' if i % 2 else 'second'} text"
