"""``albert-np embed``: sentences as vectors."""

import argparse
import itertools
import sys
from pathlib import Path

from .input_texts import add_texts, note, note_remarks, read_texts
from .output_folder import refuse_existing

DESCRIPTION = """\
Write a vector for each text: the mean of its last hidden states.

The mean goes over all tokens of the text, [CLS] and [SEP] among them, as the library
sentence-transformers pools; --no-special-tokens leaves these two out. A text longer than the
positions that the model has is cut at its end, with a note.

A masked-language model was never trained to make vectors of sentences: how near two of them are
says something only in comparison with others.
"""

EXAMPLES = """\
examples:
  albert-np embed runs/pretrain "A list of strings." "Two numbers." > vectors.jsonl
  albert-np embed runs/pretrain --file sentences.txt --output vectors.npy
"""


def add(commands):
    """Add ``embed`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "embed", help="turn sentences into vectors", description=DESCRIPTION, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_embed)
    parser.add_argument("model", metavar="MODEL", help="the folder of a model")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="a text")
    add_texts(parser)
    parser.add_argument("--special-tokens", action=argparse.BooleanOptionalAction, default=True,
                        help="count [CLS] and [SEP] into the mean (default)")
    parser.add_argument("--output", metavar="FILE.npy",
                        help="write an array (N, H) for numpy.load, a row for each text, into a "
                             "new file; default: "
                             "print a JSON object for each")


def _embed(options):
    from ..files.json_objects import json_text
    from ..inference.load import load
    from ..inference.vectors import iterate_vectors
    from ..models import AlbertModel

    if options.output is not None and Path(options.output).suffix != ".npy":
        raise ValueError(f"the vectors go to a NumPy file; the name {options.output} must end in "
                         f".npy")
    refuse_existing(options.output)
    texts, name = read_texts(options, options.texts)
    model, tokenizer = load(options.model, AlbertModel)
    note_remarks(model)
    texts, read = itertools.tee(texts)
    vectors = iterate_vectors(model, tokenizer, texts, options.special_tokens, name, note,
                              progress=options.output is not None or not sys.stdout.isatty())
    if options.output is not None:
        del read                                    # or it would keep every text
        count = _write_array(options.output, vectors, model.config.hidden_size, model.dtype)
        print(f"{options.output}: {count:,} x {model.config.hidden_size}")
        return 0
    for vector, text in zip(vectors, read):
        # The shortest decimals that give the same numbers back.
        print(json_text({"text": text, "vector": [float(str(x)) for x in vector]},
                        ensure_ascii=False))
    return 0


def _write_array(path, vectors, width, dtype):
    """Write an .npy file whose number of rows is known only at its end."""
    import io
    import tempfile

    import numpy as np

    from ..files import write_whole

    with tempfile.TemporaryFile() as store:
        count = 0
        for count, vector in enumerate(vectors, 1):
            store.write(vector.tobytes())
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {
            "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False,
            "shape": (count, width)})
        store.seek(0)
        write_whole(path, itertools.chain([header.getvalue()],
                                          iter(lambda: store.read(1 << 20), b"")))
    return count
