"""``albert-np finetune``: teach a pretrained model a task."""

import argparse

from .pretrain import CONFIG_OPTIONS

TASK_NAMES = ("classification", "entities", "questions", "similarity", "choice", "translation")

DESCRIPTION = """\
Teach a model a task from labelled rows.

  classification   a label for a text or a pair of texts       --data sms-spam, polarity
  entities         a tag for every word                        --data wnut17
  questions        the part of a text that answers a question  --data squad-slice
  similarity       a score for a pair of texts                 --data stsb
  choice           which of several answers fits               --data copa, mctest
  translation      a text in another language                  --data english-chinese

--data is one of these data sets (downloaded, or found in the folder that ALBERT_NP_DATA names), a
file, which is divided 80 : 10 : 10, or a folder with files train.*, dev.* and, perhaps, test.*.
Files are tables (.tsv, .csv) or JSON lines (.jsonl), in CoNLL's format for entities, SQuAD's for
questions, and source TAB target for translation.

The model is what albert-np pretrain leaves, a folder of published weights, or a name on the hub.
With --scratch only its configuration and its tokenizer are taken: the difference is what
pretraining bought. Without --model a tokenizer is trained on the rows, and the model is fresh.

After every epoch the development part is evaluated; the best epoch is what is kept, and what is
reported on the test part, with bootstrap intervals and beside models without a network. The folder
holds the model and its tokenizer, results.json, steps.csv and pictures.
"""

EXAMPLES = """\
examples:
  albert-np finetune classification --model runs/pretrain --data sms-spam
  albert-np finetune classification --model runs/pretrain --data reviews.csv \\
      --columns text=body label=stars
  albert-np finetune questions --model runs/pretrain --data squad-slice --test xquad-en
  albert-np finetune similarity --model runs/pretrain --data stsb --scratch --output runs/fresh
  albert-np finetune translation --data english-chinese --epochs 10 --batch-size 64 --lr 1e-3
  albert-np predict runs/classification "You have won a prize!"
"""

# Options that set a field of Settings: the field (its option has dashes), help.
SETTINGS = (
    ("max_length", "tokens of an example (default: 128, for questions 192)"),
    ("doc_stride", "questions: pieces between the beginnings of two windows (default: 64)"),
    ("max_query_length", "questions: the most pieces of the question (default: 48)"),
    ("max_answer_length", "questions: the most pieces of an answer (default: 30)"),
    ("beams", "translation: beginnings kept alive, 1 is greedy (default: 4)"),
    ("max_target_length", "translation: the most pieces of a target (default: 48)"),
)


def add(commands):
    """Add ``finetune`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "finetune", help="teach a pretrained model a task", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_finetune)
    parser.add_argument("task", metavar="TASK", choices=TASK_NAMES, help=", ".join(TASK_NAMES))

    rows = parser.add_argument_group("rows")
    rows.add_argument("--data", required=True, metavar="NAME_OR_PATH",
                      help="a data set, a file, or a folder (see above)")
    rows.add_argument("--test", metavar="NAME_OR_FILE",
                      help="another test part; for questions also xquad-en and xquad-zh")
    rows.add_argument("--columns", nargs="+", default=[], metavar="FIELD=COLUMN",
                      help="of a table: text=, text_pair=, label=, each a name from its first line "
                           "or a number from 0")

    model = parser.add_argument_group("model")
    model.add_argument("--model", metavar="NAME_OR_FOLDER", help="what to start from")
    model.add_argument("--scratch", action="store_true",
                       help="its configuration and tokenizer, but fresh weights")
    model.add_argument("--vocab-size", type=int, default=5000, metavar="V",
                       help="without --model: pieces of the tokenizer (default: %(default)s)")
    for option, field, kind, text_of_help in CONFIG_OPTIONS:
        if field not in ("hidden_dropout_prob", "attention_probs_dropout_prob", "sop_weight"):
            model.add_argument(option, dest=field, type=kind,
                               help=f"without --model: {text_of_help}",
                               metavar={int: "N", float: "X", str: "NAME"}[kind])

    training = parser.add_argument_group("training")
    training.add_argument("--epochs", type=int, default=4, metavar="N",
                          help="default: %(default)s")
    training.add_argument("--batch-size", type=int, default=32, metavar="B",
                          help="default: %(default)s")
    training.add_argument("--learning-rate", "--lr", type=float, default=3e-4, metavar="X",
                          help="where the warm-up ends, and where the line begins that falls to 0 "
                               "(default: %(default)s; large models want 1e-5 to 5e-5)")
    training.add_argument("--warmup", type=float, default=0.1, metavar="SHARE",
                          help="of the steps (default: %(default)s)")
    training.add_argument("--weight-decay", type=float, default=0.01, metavar="X",
                          help="of matrices only (default: %(default)s)")
    training.add_argument("--max-gradient-norm", type=float, default=1.0, metavar="X",
                          help="longer gradients are shortened to this (default: %(default)s)")
    training.add_argument("--dropout", type=float, metavar="P",
                          help="of hidden numbers, attention weights and the head (default: the "
                               "model's)")
    training.add_argument("--patience", type=int, metavar="N",
                          help="stop after so many epochs without a better one (default: never)")
    training.add_argument("--seed", type=int, default=0, metavar="N", help="default: %(default)s")
    training.add_argument("--workers", type=int, default=2, metavar="N",
                          help="threads among which each batch is divided (default: %(default)s)")

    lengths = parser.add_argument_group("texts")
    for field, text_of_help in SETTINGS:
        lengths.add_argument(f"--{field.replace('_', '-')}", type=int, metavar="N",
                             help=text_of_help)

    output = parser.add_argument_group("output")
    output.add_argument("--output", metavar="FOLDER",
                        help="the run folder (default: runs/TASK, then runs/TASK-2, ...)")
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _finetune(options):
    from pathlib import Path

    from ..tasks.finetuning import finetune
    from ..files.freed_memory import keep_freed_memory
    from .pretrain import _free_folder

    keep_freed_memory()
    config = {field: getattr(options, field) for _, field, _, _ in CONFIG_OPTIONS
              if getattr(options, field, None) is not None}
    settings = {field: getattr(options, field) for field, _ in SETTINGS
                if getattr(options, field) is not None}
    same = ("data", "test", "model", "scratch", "vocab_size", "epochs", "batch_size",
            "learning_rate", "warmup", "weight_decay", "max_gradient_norm", "patience", "dropout",
            "seed", "workers")
    finetune(options.task, options.output or _free_folder(Path("runs") / options.task),
             columns=_columns(options.columns), config=config or None, settings=settings,
             progress=not options.quiet, **{name: getattr(options, name) for name in same})
    return 0


def _columns(pairs):
    """``text=0 label=stars`` as a dict; numbers are places, other words names."""
    columns = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or field not in ("text", "text_pair", "label") or not column:
            raise ValueError(f"--columns has {pair!r}; it must be text=, text_pair= or label=, and "
                             f"then the name or the number of a column")
        columns[field] = int(column) if column.isdigit() else column
    return columns
