"""``albert-np fill-mask``: what a model would put in the place of ``[MASK]``."""

import argparse
import itertools
import sys

from .input_texts import add_texts, note, note_remarks, read_texts

DESCRIPTION = """\
Guess the pieces that [MASK] stands for, with their probabilities.

Each [MASK] is one piece of the vocabulary; the sign \u2581 in a guess stands for the space before a
word, so that a guess without it goes on with the word in front of the gap. A text may have several
gaps: each is guessed by itself, with the others as gaps. What follows after the last position that
the model has is cut off, with a note; a [MASK] there is refused.
"""

EXAMPLES = """\
examples:
  albert-np fill-mask runs/pretrain "The capital of [MASK] is Paris."
  albert-np fill-mask runs/pretrain --top 3 "One [MASK] two." "A list is a [MASK] of [MASK]."
  albert-np fill-mask runs/pretrain --file sentences.txt --json > guesses.jsonl
"""


def add(commands):
    """Add ``fill-mask`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "fill-mask", help="guess the words that [MASK] stands for", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_fill_mask)
    parser.add_argument("model", metavar="MODEL", help="the folder of a model")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="a text with [MASK]")
    add_texts(parser)
    parser.add_argument("--top", type=int, default=5, metavar="N",
                        help="guesses for each gap (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print a JSON object for each text")


def _fill_mask(options):
    from ..inference.guesses import iterate_fill_mask
    from ..inference.load import load

    texts, name = read_texts(options, options.texts)
    model, tokenizer = load(options.model)
    note_remarks(model)
    texts, read = itertools.tee(texts)
    guesses = iterate_fill_mask(model, tokenizer, texts, options.top, name, note,
                                progress=not sys.stdout.isatty())
    show = _as_json if options.json else _as_text
    for masks, text in zip(guesses, read):
        print(show(text, masks))
    return 0


def _as_json(text, masks):
    from ..files.json_objects import json_text

    return json_text({"text": text, "masks": [
        [{"piece": piece, "probability": round(p, 9)} for piece, p in guesses]
        for guesses in masks]}, ensure_ascii=False)


def _as_text(text, masks):
    lines = [text]
    for number, guesses in enumerate(masks, 1):
        if len(masks) > 1:
            lines.append(f"  [MASK] {number}")
        lines += [f"  {p:8.2%}  {piece}" for piece, p in guesses]
    return "\n".join(lines)
