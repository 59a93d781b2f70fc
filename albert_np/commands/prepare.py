"""``albert-np prepare``: tokenise a corpus of any size into a folder that training reads."""

import argparse

DESCRIPTION = """\
Prepare a corpus of any size.

The text is tokenised once, in several processes, into a folder of arrays. Training then reads them
from the disk, a part at a time, so that neither step needs more memory for a larger corpus:

  albert-np prepare texts/ --output prepared
  albert-np pretrain --corpus prepared

A corpus is a file, or a folder with files *.txt, *.jsonl or *.ndjson in the order of their names.
Names that end in .jsonl or .ndjson, in capitals or not, mean JSON lines: a document on each line,
its text in the field "text". Names that end in .txt mean plain text. With another ending the first
line decides. Files may be packed by gzip. In plain text an empty line (in prose: two) ends a
document. Whatever is left out of a folder is named. Sentences of which the tokenizer leaves no
piece, and documents without a sentence, are counted.

Running the command again over a finished folder compares the corpus with what was prepared and
says whether it changed; a folder that was not finished is begun anew.
"""

EXAMPLES = """\
examples:
  albert-np prepare novel.txt --output prepared --vocab-size 4000
  albert-np prepare wiki.jsonl.gz --output prepared --text-field body --processes 8
  albert-np prepare texts/ --output prepared --tokenizer spiece.model --held-out 0.01
  albert-np prepare chinese.txt --output prepared --segmenter jieba
"""


def add(commands):
    """Add ``prepare`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "prepare", help="tokenise a corpus of any size for pretraining", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_prepare)
    parser.add_argument("corpus", metavar="CORPUS",
                        help="a file, or a folder of *.txt, *.jsonl and *.ndjson, also with .gz")
    parser.add_argument("--output", metavar="FOLDER", required=True, help="the folder to write")
    parser.add_argument("--layout", choices=("auto", "lines", "prose", "clauses"),
                        default="auto",
                        help="lines: a sentence a line, an empty line between documents; prose: "
                             "running text; clauses: like prose, but ； also ends a Chinese "
                             "sentence; auto: look at the text (default)")
    parser.add_argument("--text-field", default="text", metavar="NAME",
                        help="the field of JSON lines that holds the text (default: %(default)s)")

    tokenizer = parser.add_argument_group("tokenizer")
    tokenizer.add_argument("--tokenizer", metavar="PATH",
                           help="a SentencePiece model, BERT's vocab.txt, or a folder with one; "
                                "default: train one on a sample of the corpus")
    tokenizer.add_argument("--vocab-size", type=int, default=8000, metavar="V",
                           help="pieces of a tokenizer that is trained (default: %(default)s)")
    tokenizer.add_argument("--sample-megabytes", type=float, default=10.0, metavar="X",
                           help="text to train it on, taken from all over the corpus; training "
                                "needs some twenty times as much memory (default: %(default)s)")

    tokenizer.add_argument("--segmenter", choices=("jieba",),
                           help="the library that finds the words of Chinese text, so that "
                                "pretraining masks whole words (extra chinese); default: every "
                                "piece of Chinese is a word")

    parts = parser.add_argument_group("parts")
    parts.add_argument("--held-out", type=float, default=0.05, metavar="SHARE",
                       help="share of the documents kept for evaluation (default: %(default)s)")
    parts.add_argument("--held-out-pieces", type=int, default=2_000_000, metavar="N",
                       help="a smaller share where this one would be more pieces than about so "
                            "many (default: %(default)s)")
    parts.add_argument("--shard-pieces", type=int, default=4_000_000, metavar="N",
                       help="pieces in each part of the folder; training holds one part in memory "
                            "(default: %(default)s)")
    parts.add_argument("--seed", type=int, default=0, metavar="N",
                       help="of the choice of held-out documents (default: %(default)s)")

    parser.add_argument("--processes", type=int, metavar="N",
                        help="processes that tokenise; default: one for each processor")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _prepare(options):
    from ..text.corpus.prepare import prepare_corpus

    prepare_corpus(
        options.corpus, options.output, tokenizer=options.tokenizer,
        vocab_size=options.vocab_size, sample_megabytes=options.sample_megabytes,
        layout=options.layout, text_field=options.text_field, held_out=options.held_out,
        held_out_pieces=options.held_out_pieces, shard_pieces=options.shard_pieces,
        seed=options.seed, processes=options.processes, progress=not options.quiet,
        segmenter=options.segmenter)
    return 0
