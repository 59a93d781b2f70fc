"""``albert-np pretrain``: fields of PretrainingOptions, DataOptions, AlbertConfig, in groups."""

import argparse
import sys
from dataclasses import asdict

from .options_of import CONFIG, add_options, fill_when_chosen, given
from .output_folder import free_path
from .resuming import refuse_others

DESCRIPTION = """\
Pretrain an ALBERT from scratch.

Without any option this command trains a tokenizer and a small ALBERT on text that comes with
every Python: its language reference and the docstrings of its standard library. This takes a few
minutes on two cores. The model learns two tasks at the same time:

  masked language model (MLM)   15 % of the pieces are hidden: guess them from both sides
  sentence order (SOP)          two neighbouring segments: were they swapped?

    loss = MLM loss + lambda * SOP loss

The MLM loss does not fall evenly. A blind guess has the loss ln(vocabulary size). Soon the model
knows how frequent each piece is: it reaches the unigram loss and stays there for a while. Then
attention finds the neighbouring pieces, and the loss falls below that of the bigram model. The SOP
loss begins near ln 2, the loss of tossing a coin. By default it falls soon, because the model is
asked only about beginnings of documents, and beginnings are easy to recognise.

The run folder contains config.json, model.safetensors (with the names of Hugging Face), the
tokenizer, metrics.csv, results.json, losses.png and checkpoints. If anything stops the run (Ctrl-C,
a full disk, a power cut), --resume continues it. The final weights are then the same, bit for bit.
"""

EXAMPLES = """\
examples:
  albert-np pretrain
  albert-np pretrain --corpus novel.txt --steps 8000 --output runs/novel
  albert-np pretrain --corpus texts/ --vocab-size 8000 --hidden-size 256 --max-seq-length 64
  albert-np prepare texts/ --output prepared && albert-np pretrain --corpus prepared
  albert-np pretrain --corpus chinese.txt --segmenter jieba
  albert-np pretrain --resume runs/novel
  albert-np pretrain --config albert-base-v2 --max-seq-length 128 --batch-size 8 --steps 100
"""

DATA = ("max_seq_length", "max_predictions_per_seq", "masked_lm_prob", "short_seq_prob", "ngram",
        "favor_shorter_ngram", "do_whole_word_mask", "do_permutation", "sentence_task", "masking",
        "dupe_factor", "beginnings_only")
PRETRAINING_CONFIG = (*CONFIG, "hidden_dropout_prob", "attention_probs_dropout_prob", "sop_weight")


def add(commands):
    """Add ``pretrain`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "pretrain", help="pretrain an ALBERT from scratch",
        description=DESCRIPTION, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_pretrain, parser=parser)
    fill_when_chosen(parser, _add_options)


def _add_options(parser):
    from ..config import AlbertConfig
    from ..pretraining.options import SMALL_CONFIG, PretrainingOptions
    from ..text.data_options import DataOptions

    text = parser.add_argument_group("text")
    add_options(text, PretrainingOptions, ("corpus", "layout", "tokenizer", "vocab_size",
                                           "segmenter", "held_out", "held_out_sequences"))

    data = parser.add_argument_group(
        "data", "from text to masked sequences (original: google-research/albert)")
    add_options(data, DataOptions, DATA)
    data.add_argument("--random-next-sentence", dest="sentence_task", action="store_const",
                      const="nsp", default=argparse.SUPPRESS,
                      help="the original's name for --sentence-task nsp")
    data.add_argument("--original-data", action="store_true",
                      help="make the data as google-research/albert does, with its defaults and "
                           "all of its peculiar rules (docs/differences.md)")

    model = parser.add_argument_group("model", "without --config: a small model, H = 64, L = 3")
    model.add_argument("--config", dest="config_name", metavar="NAME_OR_FILE",
                       help="a published configuration such as albert-base-v2, or a config.json")
    add_options(model, AlbertConfig, PRETRAINING_CONFIG, SMALL_CONFIG)
    add_options(model, PretrainingOptions, ("wave_start",))

    training = parser.add_argument_group("training")
    add_options(training, PretrainingOptions, (
        "steps", "batch_size", "learning_rate", "warmup_steps", "optimizer", "beta_2",
        "weight_decay", "max_gradient_norm", "seed", "workers", "accumulation_steps", "recompute"))

    several = parser.add_argument_group(
        "several processes", "mpiexec -n 4 albert-np pretrain ... (extra mpi): the processes share "
        "each batch, on one machine or many")
    several.add_argument("--mpi", action="store_true",
                         help="use MPI even if the launcher is not recognised")
    add_options(several, PretrainingOptions, ("float64_sums",))

    output = parser.add_argument_group("output")
    output.add_argument("--output", metavar="FOLDER",
                        help="the run folder (default: runs/pretrain, then runs/pretrain-2, ...)")
    output.add_argument("--resume", metavar="RUN",
                        help="continue an interrupted run with the same options")
    add_options(output, PretrainingOptions, ("checkpoint_every", "keep_checkpoints", "tensorboard",
                                             "evaluate_every"))
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _pretrain(options):
    from ..files.freed_memory import keep_freed_memory
    from ..pretraining import RunStopped, find_communicator, show_guesses

    keep_freed_memory()
    communicator = find_communicator(options.mpi)
    first = communicator.rank == 0
    with communicator.ending_together():
        try:
            run = _begin_or_resume(options, communicator)
        except RunStopped as stop:
            if first:
                print(f"albert-np: {stop}", file=sys.stderr)
            return 128 + stop.signal
        if first and not options.quiet:
            guesses = show_guesses(run["model"], run["tokenizer"], run["data"].held_out)
            if guesses:                                         # there are gaps
                print("\nHeld-out text with gaps, the right pieces, and the three best guesses:\n")
                print(guesses)
    return 0


def _begin_or_resume(options, communicator):
    from ..pretraining import pretrain, resume
    from ..pretraining.options import PretrainingOptions

    common = dict(communicator=communicator, progress=not options.quiet)
    if options.resume is not None:
        refuse_others(options, kept=("resume", "quiet", "mpi"))
        return resume(options.resume, **common)
    asked = given(options, PretrainingOptions.__dataclass_fields__)
    if communicator.size > 1:
        asked.setdefault("workers", 1)
    if options.config_name is not None:
        asked.setdefault("wave_start", False)
    output = options.output or communicator.from_first(lambda: free_path("runs/pretrain"))
    return pretrain(output, config=_config_changes(options), data=_data_changes(options), **common,
                    **asked)


def _data_changes(options):
    """The fields of DataOptions asked for, upon the original's if --original-data says so."""
    from ..text.data_options import DataOptions

    asked = given(options, DATA)
    return asdict(DataOptions.original(**asked)) if options.original_data else asked


def _config_changes(options):
    """The fields asked for: those of --config, then those of single options."""
    from ..config import PUBLISHED, AlbertConfig

    changes = {}
    if options.config_name is not None:
        published = options.config_name.removeprefix("albert/") in PUBLISHED
        read = AlbertConfig.from_name if published else AlbertConfig.from_file
        changes = read(options.config_name).to_dict()
    return {**changes, **given(options, PRETRAINING_CONFIG)}
