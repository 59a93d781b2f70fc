"""``albert-np predict``: what a fine-tuned model says about texts."""

import argparse
import contextlib
import json
import sys
import tempfile

from ..files.file_kinds import ending_of, json_of_line
from .input_columns import add_columns, add_header, columns_of
from .input_texts import add_texts, note, note_remarks, read_texts
from .output_folder import refuse_existing

DESCRIPTION = """\
Predict with a model that albert-np finetune made, a JSON object for each line.

What a line holds depends on the task; a tab separates several fields:

  classification   text, or text TAB text for pairs     -> label, probabilities
  multi-label      text, or text TAB text for pairs     -> labels, probabilities
  entities         words                                -> tags, entities
  questions        question TAB text                    -> answer, start, end, score
  similarity       text TAB text                        -> score
  choice           context TAB question TAB choices ... -> choice, text, probabilities
  translation      text                                 -> translation, log_probability

A model that has learnt when a text has no answer gives an empty answer then. It adds no_answer, the
probability that there is none, and best_answer.

Lines that begin with { are JSON objects with these names as fields (text, text_pair, words,
question, context, choices, source), or with the fields of the training file. For classification,
multi-label and similarity a --file that ends in .csv, .tsv or .tab is a table with the columns of
the training file. Files in SQuAD's format (.json), CoNLL's (.conll, .bio, .iob) and COPA's (.xml)
are read as in training. A JSON array is refused: each item must be on a line of its own, and in a
file .jsonl each line is an object. The command prints what it decided. It reads any number of lines
in bounded memory. Blank lines at the end of the input are no rows.

A row that cannot be predicted, such as an empty text, gets the line null: line N of the output
always belongs to row N. The command then says how many such rows there are and what is wrong with
the first five, and ends with status 1. If none of the first 1024 rows can be predicted, it stops
with status 2. A damaged SQuAD, CoNLL or COPA file is refused as a whole.
"""

EXAMPLES = """\
examples:
  albert-np predict runs/classification "You have won a prize!" "See you at six."
  albert-np predict runs/classification --file others.csv --columns text=body
  albert-np predict runs/entities --file messages.txt --output tagged.jsonl
  printf 'Who wrote it?\\tIt was written by Ada.\\n' | albert-np predict runs/questions
"""


JSON_LINES = (".jsonl", ".ndjson")
SHOWN = 5      # sentences about rows that have no prediction


def add(commands):
    """Add ``predict`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "predict", help="predict with a fine-tuned model", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_predict)
    parser.add_argument("model", metavar="MODEL", help="the folder of a fine-tuned model")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="a line, as above")
    add_texts(parser)
    add_columns(parser, "those of the training run; label is not read")
    add_header(parser)
    parser.add_argument("--output", metavar="FILE",
                        help="write the JSON lines into a new file, whole or not at all")
    parser.add_argument("--workers", type=int, default=2, metavar="N",
                        help="batches worked out side by side (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def _predict(options):
    if options.workers < 1:
        raise ValueError(f"--workers is {options.workers}; it must be at least 1")
    refuse_existing(options.output)
    from tqdm import tqdm

    from ..files import write_whole
    from ..files.freed_memory import keep_freed_memory
    from ..files.json_objects import json_text
    from ..files.threads import one_thread_each
    from ..tasks.finetuning.predicting import (iterate_predictions, load_for_task,
                                              rows_of_file)
    from ..tasks.finetuning.text_notes import TextNotes

    keep_freed_memory()
    columns = {role: column for role, column in columns_of(options.columns).items()
               if role != "label"}
    if options.file is None and (columns or options.header is not None):
        raise ValueError("--columns and --header are for a table or JSON lines; give one as --file")
    texts, name = read_texts(options, options.texts, objects=True)
    loaded = load_for_task(options.model)
    note_remarks(loaded.model, options.quiet)
    rows, sentence = ((None, "") if options.file is None else
                      rows_of_file(loaded, options.file, columns, options.header))
    if sentence and not options.quiet:
        note(sentence)
    if rows is None:
        only_objects = options.file is not None and ending_of(options.file) in JSON_LINES
        rows = (_row(text, name(number), columns, only_objects)
                for number, text in enumerate(texts, 1))
    bad_rows, notes = 0, TextNotes(loaded.tokenizer, loaded.settings)

    def bad_row(error):
        nonlocal bad_rows
        bad_rows += 1
        if bad_rows <= SHOWN:
            note(error)

    predictions = iterate_predictions(loaded, rows, lambda number: _capital(name(number)),
                                      options.workers, bad_row, None if options.quiet else notes)
    to_screen = options.output is None and sys.stdout.isatty()
    bar = tqdm(predictions, desc="predict", unit=" rows", total=_lines_of(options.file), delay=1,
               disable=options.quiet or to_screen or None, file=sys.stderr)
    lines = (json_text(prediction, ensure_ascii=False) + "\n" for prediction in bar)
    with one_thread_each(), tempfile.TemporaryFile() as store:
        if options.output is None:
            sys.stdout.writelines(lines)
        else:
            for line in lines:
                store.write(line.encode())
            store.seek(0)
            write_whole(options.output, iter(lambda: store.read(1 << 20), b""))
    for sentence in notes.sentences():
        note(sentence)
    if bad_rows:
        note(f"number of rows that cannot be predicted: {bad_rows:,}; their lines are null")
    return int(bad_rows > 0)


def _row(text, name, columns, only_objects):
    """The line itself, the JSON object that it is, or the ValueError that says why it is none."""
    if not text.lstrip().startswith("{"):
        if columns:
            return ValueError(f"{_capital(name)} is no JSON object, so it has no fields for "
                              f"--columns")
        if only_objects or json_of_line(text) == "array":
            what = "a JSON array" if json_of_line(text) == "array" else "no JSON object"
            return ValueError(f"{_capital(name)} is {what}; an object such as "
                              f'{{"text": "..."}} is needed')
        return text
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return ValueError(f"{_capital(name)} begins with {{ and is no JSON object: {error}")
    missing = [str(column) for column in columns.values() if column not in row]
    if missing:
        return ValueError(f"{_capital(name)} has no field {missing[0]!r}; it has {', '.join(row)}")
    return {role: row[column] for role, column in columns.items()} or row


def _lines_of(file):
    """How many lines a file has, for the progress bar."""
    if file is None:
        return None
    with contextlib.suppress(OSError), open(file, "rb") as lines:
        return sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 20), b""))


def _capital(words):
    return words[:1].upper() + words[1:]
