"""``albert-np finetune``: teach a pretrained model a task."""

import argparse
import sys

from .input_columns import add_columns, columns_of
from .options_of import CONFIG, add_options, fill_when_chosen, given
from .output_folder import free_path
from .parser import Parser
from .resuming import Resume, refuse_others

DESCRIPTION = """\
Teach a model a task from labelled rows.

  classification   a label for a text or a pair of texts       --data sms-spam, polarity
  multi-label      any number of labels for a text or a pair
  entities         a tag for every word                        --data wnut17
  questions        the part of a text that answers a question  --data squad-slice
  similarity       a score for a pair of texts                 --data stsb
  choice           which of several answers fits               --data copa, mctest
  translation      a text in another language                  --data english-chinese

--data can be one of these data sets, a file, or a folder. A data set is downloaded, or found in the
folder that the variable ALBERT_NP_DATA names. A file is divided into a training, a development and
a test part, 80 : 10 : 10. A folder contains the files train.*, dev.* (or valid.*, or
validation.*) and optionally test.*. A file is a table (.tsv, .csv) or JSON lines (.jsonl). If a row
of a table has several labels, --label-separator is the sign between them. In JSON lines the label
can be a list.

A file for entities has CoNLL's format (tags in BIO, IOB1, BIOES or BILOU), or it has JSON lines
with words and tags. A file for questions has SQuAD's format. If it marks questions with
is_impossible, as in SQuAD 2.0, the model learns when a text has no answer. A file for choices is
COPA's XML, JSON lines, or a table with SWAG's columns. A file for translation has lines with
source, tab, target.

The command looks at the first line of a table and decides whether it is a row or has the names of
the columns. If the command knows these names, it chooses the columns by them. The command prints
what it decided.

--model is a run of albert-np pretrain, a folder of published weights, or a name on the hub. With
--scratch the command takes only the shape and the tokenizer of this model, to see what pretraining
gained. Without --model the command trains a tokenizer on the rows and starts with fresh weights.
With --teacher the model learns from the labels and from the probabilities of a fine-tuned model,
which may be larger (distillation). Both read each text with their own tokenizer.

With --unlabelled FILE a first model learns from the rows. It then predicts a label for each text of
FILE. A text is kept if its label has at least the probability --confidence. A second model learns
from the rows and from the kept texts. Texts that are also in the development or test part are left
out. The run folder then contains labels-alone (a run folder with the first model) and
pseudo-labels.jsonl (the kept texts with their labels and probabilities). results.json has the
scores of both models.

After every epoch the command evaluates the model on the development part. It keeps the best epoch.
It reports the score of this epoch on the test part, with bootstrap intervals. Next to it are the
scores of baselines without a neural network. For classification the scores are accuracy, Matthews'
correlation and f1. With two labels, f1 is the F1 of --positive-label. With more labels it is macro
f1, the mean of the F1 of all labels (--best-by macro_f1). The run folder contains the model and its
tokenizer, results.json, steps.csv, the predictions for both parts, and pictures. If anything stops
the run (Ctrl-C, a full disk, a power cut), --resume continues it. The model, the predictions and
the scores are then the same, bit for bit.
"""

EXAMPLES = """\
examples:
  albert-np finetune classification --model runs/pretrain --data sms-spam
  albert-np finetune classification --model runs/pretrain --data reviews.csv \\
      --columns text=body label=stars --best-by macro_f1
  albert-np finetune questions --model runs/pretrain --data squad-slice --test xquad-en
  albert-np finetune similarity --model runs/pretrain --data stsb --scratch --output runs/fresh
  albert-np finetune translation --data english-chinese --epochs 10 --batch-size 64 --lr 1e-3
  albert-np finetune multi-label --data subjects.csv --label-separator ';'
  albert-np finetune classification --data sms-spam --class-weights balanced --best-by f1 \\
      --positive-label spam
  albert-np finetune classification --data sms-spam --teacher runs/classification --layers 2 \\
      --output runs/student
  albert-np finetune classification --model runs/pretrain --data few.csv --test test.csv \\
      --unlabelled many.txt --confidence 0.9
  albert-np finetune --resume runs/classification
  albert-np evaluate runs/classification --data others.csv
  albert-np predict runs/classification "You have won a prize!"
"""

SETTINGS = ("max_length", "doc_stride", "max_query_length", "max_answer_length", "beams",
            "max_target_length", "language", "label_separator", "positive_label")


def add(commands):
    """Add ``finetune`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "finetune", help="teach a pretrained model a task", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_finetune, parser=parser)
    fill_when_chosen(parser, _add_options)


def finetune_parser():
    """The parser of the command, with all of its options.

    Returns
    -------
    argparse.ArgumentParser
    """
    parser = Parser(prog="albert-np finetune")
    _add_options(parser)
    return parser


def _add_options(parser):
    from ..config import AlbertConfig
    from ..tasks.finetuning import TASKS, Settings
    from ..tasks.finetuning.options import FinetuningOptions
    from ..tasks.finetuning.start import FRESH_CONFIG

    parser.add_argument("task", metavar="TASK", choices=tuple(TASKS), help=", ".join(TASKS))

    rows = parser.add_argument_group("rows")
    add_options(rows, FinetuningOptions, ("data", "dev", "test"))
    add_columns(rows, "columns with usual names, such as text, sentence, text_pair, label, class, "
                      "score. In a table without such names, column 0 is the text and column 1 "
                      "the label; for similarity, columns 0 and 1 are the texts and column 2 the "
                      "label")
    add_options(rows, FinetuningOptions, ("header", "split_copies"))

    add_options(parser.add_argument_group("texts without labels"), FinetuningOptions,
                ("unlabelled", "confidence"))

    model = parser.add_argument_group("model")
    add_options(model, FinetuningOptions, ("model", "scratch", "vocab_size"))
    add_options(model, AlbertConfig, CONFIG, FRESH_CONFIG, prefix="without --model: ")

    training = parser.add_argument_group("training")
    add_options(training, FinetuningOptions, (
        "epochs", "batch_size", "learning_rate", "warmup", "optimizer", "schedule", "weight_decay",
        "max_gradient_norm", "class_weights", "dropout", "freeze", "best_by", "patience", "seed",
        "workers", "accumulation_steps"))

    add_options(parser.add_argument_group("a teacher"), FinetuningOptions, (
        "teacher", "temperature", "teacher_weight"))

    add_options(parser.add_argument_group("texts"), Settings, SETTINGS)

    output = parser.add_argument_group("output")
    output.add_argument("--output", metavar="FOLDER",
                        help="the run folder (default: runs/TASK, then runs/TASK-2, ...)")
    output.add_argument("--resume", action=Resume, metavar="RUN",
                        help="continue an interrupted run with the same options")
    add_options(output, FinetuningOptions, ("checkpoint_every",))
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _finetune(options):
    from ..files.freed_memory import keep_freed_memory
    from ..pretraining import RunStopped

    keep_freed_memory()
    try:
        _begin_or_resume(options)
    except RunStopped as stop:
        print(f"albert-np: {stop}", file=sys.stderr)
        return 128 + stop.signal
    return 0


def _begin_or_resume(options):
    from ..tasks.finetuning import finetune, resume
    from ..tasks.finetuning.options import FinetuningOptions

    if options.resume is not None:
        refuse_others(options)
        resume(options.resume, progress=not options.quiet)
        return
    asked = given(options, FinetuningOptions.__dataclass_fields__)
    asked |= {"columns": columns_of(options.columns), "config": given(options, CONFIG),
              "settings": given(options, SETTINGS)}
    finetune(output=options.output or free_path(f"runs/{options.task}"),
             progress=not options.quiet, **asked)
