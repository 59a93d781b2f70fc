"""``albert-np pretrain``."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

DESCRIPTION = """\
Pretrain an ALBERT from scratch.

Without any option this trains a tokenizer and a small ALBERT on text that every Python brings
along (its language reference and the docstrings of its standard library), which takes a few
minutes on two cores. The model learns two things at once:

  masked language model (MLM)   15 % of the pieces are hidden; guess them from both sides
  sentence order (SOP)          two neighbouring segments; were they swapped?

    loss = MLM loss + lambda * SOP loss

Watch the MLM loss fall. Guessing blindly costs ln(vocabulary size). Soon the model knows how
frequent each piece is (the unigram loss) and stays on that plateau for a while, until attention
finds the neighbouring pieces; then it passes the bigram model. The SOP loss stays near ln 2, the
loss of tossing a coin, until the model understands enough text to see an order in it; here that is
soon, as a pair is asked about only where a document begins, and a beginning can be seen.

The run folder holds config.json, model.safetensors (under Hugging Face's names), the tokenizer,
metrics.csv, results.json, losses.png, and checkpoints: whatever stops the run (Ctrl-C, a full disk,
a power cut), --resume goes on with it, and the weights at the end are the same bit for bit.
"""

EXAMPLES = """\
examples:
  albert-np pretrain
  albert-np pretrain --corpus novel.txt --steps 8000 --output runs/novel
  albert-np pretrain --corpus texts/ --vocab-size 8000 --hidden-size 256 --max-seq-length 64
  albert-np prepare texts/ --output prepared && albert-np pretrain --corpus prepared
  albert-np pretrain --resume runs/novel
  albert-np pretrain --config albert-base-v2 --max-seq-length 128 --batch-size 8 --steps 100
"""

# Options that set a field of the configuration: option, field, type, help.
CONFIG_OPTIONS = (
    ("--hidden-size", "hidden_size", int, "H, the width of the encoder"),
    ("--embedding-size", "embedding_size", int, "E, the width of the embedding tables"),
    ("--layers", "num_hidden_layers", int, "L, how many times the layer is applied"),
    ("--heads", "num_attention_heads", int, "A, attention heads; they divide H among them"),
    ("--intermediate-size", "intermediate_size", int,
     "F, the width inside the feed-forward network"),
    ("--groups", "num_hidden_groups", int, "cut the layers into this many groups that share"),
    ("--inner-groups", "inner_group_num", int, "different blocks within each layer"),
    ("--sharing", "sharing", str, "what the layers share: all, attention, ffn or none"),
    ("--activation", "hidden_act", str, "gelu, gelu_new (tanh form), relu, tanh or linear"),
    ("--dropout", "hidden_dropout_prob", float, "probability of dropping a hidden number"),
    ("--attention-dropout", "attention_probs_dropout_prob", float,
     "probability of dropping an attention weight"),
    ("--initializer-range", "initializer_range", float,
     "standard deviation of the first weights; 1/sqrt(H) or a little less suits small models"),
    ("--sop-weight", "sop_weight", float, "lambda, the weight of the sentence-order loss"),
)

# Options that set a field of DataOptions: the field (its option has dashes), type, help.
DATA_OPTIONS = (
    ("max_seq_length", int, "T, tokens in a sequence (default: 40)"),
    ("max_predictions_per_seq", int, "mask at most so many pieces (default: no limit)"),
    ("masked_lm_prob", float, "share of the pieces that is masked (default: 0.15)"),
    ("short_seq_prob", float, "share of documents cut into shorter sequences (default: 0.1)"),
    ("ngram", int, "the longest n-gram that is masked, in words (default: 3)"),
    ("favor_shorter_ngram", bool, "p(n) in proportion to 1/n (default), or turned around"),
    ("do_whole_word_mask", bool, "mask whole words (default), or single pieces"),
    ("do_permutation", bool, "permute further pieces, to be predicted too"),
    ("sentence_task", ("sop", "nsp", "none"),
     "were two segments swapped (sop, default), is the second from another document (nsp), or "
     "nothing"),
    ("masking", ("dynamic", "fixed"),
     "draw masks anew in each epoch (default), or once, in dupe-factor copies"),
    ("dupe_factor", int, "different copies of the data with fixed masking (default: 1)"),
    ("beginnings_only", bool,
     "ask the sentence task only where a pair begins a document (default: in the documentation, "
     "whose texts are very short; not in a given corpus)"),
)


def add(commands):
    """Add ``pretrain`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "pretrain", help="pretrain an ALBERT from scratch",
        description=DESCRIPTION, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_pretrain, parser=parser)

    text = parser.add_argument_group("text")
    text.add_argument("--corpus", metavar="PATH",
                      help="text (.txt), JSON lines (.jsonl), either with .gz, a folder of "
                           "such files, or one that albert-np prepare wrote; default: the "
                           "documentation of this Python")
    text.add_argument("--layout", choices=("auto", "lines", "prose"), default="auto",
                      help="lines: a sentence a line, an empty line between documents; prose: "
                           "running text; auto looks (default)")
    text.add_argument("--tokenizer", metavar="PATH",
                      help="a SentencePiece model or a folder with one; default: train one on "
                           "the corpus")
    text.add_argument("--vocab-size", type=int, default=2000, metavar="V",
                      help="pieces of a tokenizer that is trained (default: %(default)s)")
    text.add_argument("--held-out", type=float, default=0.1, metavar="SHARE",
                      help="share of the text kept for evaluation (default: %(default)s)")
    text.add_argument("--held-out-sequences", type=int, default=4000, metavar="N",
                      help="evaluate on at most so many sequences (default: %(default)s)")

    data = parser.add_argument_group("data", "from text to masked sequences")
    for field, kind, text_of_help in DATA_OPTIONS:
        names = [f"--{field.replace('_', '-')}"] + ["--max-length"] * (field == "max_seq_length")
        kinds = ({"action": argparse.BooleanOptionalAction} if kind is bool
                 else {"choices": kind} if isinstance(kind, tuple)
                 else {"type": kind, "metavar": {int: "N", float: "X"}[kind]})
        data.add_argument(*names, dest=field, help=text_of_help, **kinds)
    data.add_argument("--random-next-sentence", dest="sentence_task", action="store_const",
                      const="nsp", help="the original's name for --sentence-task nsp")
    data.add_argument("--original-data", action="store_true",
                      help="begin with the original's defaults and all of its quirks (README, "
                           "\"Where this differs\")")

    model = parser.add_argument_group("model", "the default is a small model: H = 64, L = 3")
    model.add_argument("--config", metavar="NAME_OR_FILE",
                       help="a published configuration such as albert-base-v2, or a config.json")
    for option, field, kind, text_of_help in CONFIG_OPTIONS:
        model.add_argument(option, dest=field, type=kind, help=text_of_help,
                           metavar={int: "N", float: "X", str: "NAME"}[kind])

    model.add_argument("--wave-positions", action=argparse.BooleanOptionalAction,
                       help="start the position table from waves, which a small model learns from "
                            "sooner, or from random rows as the original does (default: waves, "
                            "with --config random rows)")

    training = parser.add_argument_group("training")
    training.add_argument("--steps", type=int, default=9000, metavar="N",
                          help="default: %(default)s")
    training.add_argument("--batch-size", type=int, default=26, metavar="B",
                          help="sequences a step (default: %(default)s)")
    training.add_argument("--learning-rate", "--lr", type=float, default=3e-3, metavar="X",
                          help="where the warm-up ends, and where the line begins that falls to 0 "
                               "(default: %(default)s)")
    training.add_argument("--warmup-steps", type=int, metavar="N",
                          help="default: a twentieth of the steps")
    training.add_argument("--optimizer", choices=("adamw", "lamb", "adam", "sgd"),
                          default="adamw", help="default: %(default)s")
    training.add_argument("--beta-2", type=float, default=0.98, metavar="X",
                          help="memory of the squared gradients; not used by sgd (default: "
                               "%(default)s)")
    training.add_argument("--weight-decay", type=float, default=0.01, metavar="X",
                          help="of adamw and lamb (default: %(default)s)")
    training.add_argument("--max-gradient-norm", type=float, default=1.0, metavar="X",
                          help="longer gradients are shortened to this (default: %(default)s)")
    training.add_argument("--seed", type=int, default=0, metavar="N",
                          help="the same seed and workers give the same weights (default: "
                               "%(default)s)")
    training.add_argument("--workers", type=int, metavar="N",
                          help="threads among which each batch is divided (default: 2, or 1 in "
                               "each of several processes)")
    training.add_argument("--accumulation-steps", type=int, default=1, metavar="N",
                          help="work through each batch in so many portions, to save memory "
                               "(default: %(default)s)")
    training.add_argument("--recompute", action="store_true",
                          help="save memory, at the price of time: compute each layer again in "
                               "the backward pass")

    several = parser.add_argument_group(
        "several processes", "mpiexec -n 4 albert-np pretrain ... (extra mpi): each batch is "
        "divided among the processes, on one machine or many")
    several.add_argument("--mpi", action="store_true",
                         help="use MPI even where the launcher was not recognised")
    several.add_argument("--float64-sums", action="store_true",
                         help="sum the gradients in float64: the weights are the same, bit for "
                              "bit, however many processes share the work")

    output = parser.add_argument_group("output")
    output.add_argument("--output", metavar="FOLDER",
                        help="the run folder (default: runs/pretrain, then runs/pretrain-2, ...)")
    output.add_argument("--resume", metavar="RUN",
                        help="go on with an interrupted run, with the options it was begun with")
    output.add_argument("--checkpoint-every", type=int, default=500, metavar="N",
                        help="steps between checkpoints (default: %(default)s)")
    output.add_argument("--keep-checkpoints", type=int, default=2, metavar="N",
                        help="how many are kept (default: %(default)s)")
    output.add_argument("--tensorboard", action="store_true",
                        help="write event files for TensorBoard too (extra tensorboard)")
    output.add_argument("--evaluate-every", type=int, default=1000, metavar="N",
                        help="steps between evaluations (default: %(default)s)")
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
            print("\nHeld-out text with gaps, what stood there, and the three best guesses:\n")
            print(show_guesses(run["model"], run["tokenizer"], run["data"].held_out))
    return 0


def _begin_or_resume(options, communicator):
    from ..pretraining import pretrain, resume

    common = dict(communicator=communicator, progress=not options.quiet)
    if options.resume is not None:
        _refuse_others(options)
        return resume(options.resume, **common)
    if options.workers is None:
        options.workers = 2 if communicator.size == 1 else 1
    same = ("corpus", "layout", "tokenizer", "vocab_size", "steps", "batch_size", "learning_rate",
            "warmup_steps", "optimizer", "beta_2", "weight_decay", "max_gradient_norm", "held_out",
            "held_out_sequences", "evaluate_every", "checkpoint_every", "keep_checkpoints",
            "tensorboard", "seed", "workers", "accumulation_steps", "float64_sums",
            "recompute")
    output = options.output or communicator.from_first(lambda: _free_folder(Path("runs/pretrain")))
    return pretrain(output,
                    config=_config_changes(options), data=_data_changes(options),
                    wave_start=(options.config is None if options.wave_positions is None
                                else options.wave_positions),
                    **common, **{name: getattr(options, name) for name in same})


def _refuse_others(options):
    """A run goes on with its own options: others beside --resume would be ignored."""
    for action in options.parser._actions:
        value = getattr(options, action.dest, action.default)
        if value != action.default and action.dest not in ("resume", "quiet", "mpi"):
            raise ValueError(f"--resume goes on with the options that the run was begun with; "
                             f"remove {action.option_strings[0]}")


def _data_changes(options):
    """The fields of DataOptions asked for, upon the original's where --original-data says so."""
    from ..text.data_options import DataOptions

    asked = {field: getattr(options, field) for field, _, _ in DATA_OPTIONS}
    asked = {field: value for field, value in asked.items() if value is not None}
    return asdict(DataOptions.original(**asked)) if options.original_data else asked


def _config_changes(options):
    """The fields asked for: those of --config, then those of single options."""
    from ..config import PUBLISHED, AlbertConfig

    changes = {}
    if options.config is not None:
        if options.config.removeprefix("albert/") in PUBLISHED:
            changes = AlbertConfig.from_name(options.config).to_dict()
        else:
            changes = AlbertConfig.from_file(options.config).to_dict()
    asked = {field: getattr(options, field) for _, field, _, _ in CONFIG_OPTIONS}
    return {**changes, **{field: value for field, value in asked.items() if value is not None}}


def _free_folder(path):
    """The path itself, or the first of path-2, path-3, ... that does not exist."""
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate
