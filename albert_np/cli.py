"""The command ``albert-np``."""

import argparse
import os
import sys
from pathlib import Path

from . import __version__

DESCRIPTION = "ALBERT by hand in NumPy: train it, look at it, and prove its gradients."

PRETRAIN_DESCRIPTION = """\
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
metrics.csv, results.json and losses.png.
"""

PRETRAIN_EXAMPLES = """\
examples:
  albert-np pretrain
  albert-np pretrain --corpus novel.txt --steps 8000 --output runs/novel
  albert-np pretrain --corpus texts/ --vocab-size 8000 --hidden-size 256 --max-length 64
  albert-np pretrain --config albert-base-v2 --max-length 128 --batch-size 8 --steps 100
"""

GRADCHECK_DESCRIPTION = """\
Check every gradient of this package against the forward passes.

Each backward pass claims to know how much every output changes when an input is nudged. This
command nudges the inputs and looks: every function, layer, head and whole model, in float64, with
random upstream gradients, padding, dropout, gammas that are not 1 and biases that are not 0. The
table names the worst entry of each parameter. The exit status is 1 if any exceeds its bound.
"""


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        None takes those of the process.

    Returns
    -------
    int
        The exit status: 0, or 1 where a check failed, 2 where the input was no good, 130 where
        the run was interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"albert-np: {_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("albert-np: interrupted", file=sys.stderr)
        return 130


def _sentence(error):
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _parser():
    parser = argparse.ArgumentParser(prog="albert-np", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"albert-np {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_pretrain(commands)
    _add_gradcheck(commands)
    _add_equation(commands)
    return parser


# ---- pretrain ------------------------------------------------------------------------------------

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


def _add_pretrain(commands):
    parser = commands.add_parser(
        "pretrain", help="pretrain an ALBERT from scratch",
        description=PRETRAIN_DESCRIPTION, epilog=PRETRAIN_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_pretrain)

    text = parser.add_argument_group("text")
    text.add_argument("--corpus", metavar="PATH",
                      help="a text file or a folder of *.txt files; default: the documentation "
                           "of this Python")
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

    text.add_argument("--sop-everywhere", action=argparse.BooleanOptionalAction,
                      help="ask for the order of every pair of segments, or only where a pair is "
                           "the beginning of a document (default: everywhere in a given corpus; "
                           "at beginnings in the documentation, whose texts are very short)")

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
    training.add_argument("--max-length", type=int, default=40, metavar="T",
                          help="tokens a sequence (default: %(default)s)")
    training.add_argument("--learning-rate", "--lr", type=float, default=3e-3, metavar="X",
                          help="after the warm-up; falls linearly to 0 (default: %(default)s)")
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

    training.add_argument("--workers", type=int, default=2, metavar="N",
                          help="threads among which each batch is divided (default: %(default)s)")

    output = parser.add_argument_group("output")
    output.add_argument("--output", metavar="FOLDER",
                        help="the run folder (default: runs/pretrain, then runs/pretrain-2, ...)")
    output.add_argument("--evaluate-every", type=int, default=1000, metavar="N",
                        help="steps between evaluations (default: %(default)s)")
    output.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _pretrain(options):
    # Before NumPy is imported: each worker computes its own matrix products, on one thread.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from .memory import keep_freed_memory
    from .pretraining import pretrain, show_guesses

    keep_freed_memory()
    run = pretrain(
        options.output or _free_folder(Path("runs/pretrain")), corpus=options.corpus,
        layout=options.layout, tokenizer=options.tokenizer, vocab_size=options.vocab_size,
        config=_config_changes(options),
        wave_start=(options.config is None if options.wave_positions is None
                    else options.wave_positions),
        steps=options.steps, batch_size=options.batch_size,
        max_length=options.max_length, learning_rate=options.learning_rate,
        warmup_steps=options.warmup_steps, optimizer=options.optimizer,
        beta_2=options.beta_2, weight_decay=options.weight_decay,
        max_gradient_norm=options.max_gradient_norm,
        held_out=options.held_out, sop_everywhere=options.sop_everywhere,
        evaluate_every=options.evaluate_every, seed=options.seed, workers=options.workers,
        progress=not options.quiet)
    if not options.quiet:
        print("\nHeld-out text with gaps, what stood there, and the three best guesses:\n")
        print(show_guesses(run["model"], run["tokenizer"], run["data"].held_out))
    return 0


def _config_changes(options):
    """The fields asked for: those of --config, then those of single options."""
    from .config import PUBLISHED, AlbertConfig

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


# ---- gradcheck -----------------------------------------------------------------------------------

def _add_gradcheck(commands):
    parser = commands.add_parser(
        "gradcheck", help="check every gradient", description=GRADCHECK_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_gradcheck)
    parser.add_argument("--method", choices=("centred", "complex"), default="centred",
                        help="centred differences (default), or the complex step, which is exact "
                             "to round-off")
    parser.add_argument("--planted", action="store_true",
                        help="check the checks: plant nearly two hundred faults, one at a time, "
                             "and show which check catches each (a few minutes)")
    parser.add_argument("--report", metavar="FOLDER",
                        help="draw three pictures into this folder instead: the error of every "
                             "entry, the error against the step, and what each depth adds to a "
                             "shared gradient")
    parser.add_argument("--only", metavar="WORD",
                        help="check the components whose name contains this word")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="of the upstream gradients and the entries (default: %(default)s)")


def _gradcheck(options):
    from .gradient_checks import bound_of, faults, run_all

    if options.planted:
        return _planted()
    if options.report is not None:
        from .gradient_report import write_report

        for path in write_report(options.report):
            print(path)
        return 0
    checks = failed = entries = 0
    print(f"{'component':38s} {'parameter':46s} {'worst error':>11s}  where")
    for check, reports in run_all(options.method, options.seed, options.only):
        bad = faults(check, reports, options.method)
        bound = bound_of(check, options.method)
        for i, report in enumerate(reports):
            where = ", ".join(map(str, report.index))
            flag = f"  WRONG, above {bound:.0e}" if report in bad else ""
            print(f"{check.component if i == 0 else '':38s} {report.parameter:46s} "
                  f"{report.error:11.1e}  [{where}]{flag}")
        checks, failed = checks + 1, failed + bool(bad)
        entries += sum(report.entries for report in reports)
        for report in bad:
            print(f"    {report}")
    if not checks:
        raise ValueError(f"no component's name contains {options.only!r}")
    print(f"\n{checks} components, {entries:,} derivatives compared: "
          + ("all agree." if not failed else f"{failed} components are WRONG."))
    return 1 if failed else 0


def _planted():
    from .planting import table_rows

    counts = {}
    print(f"{'fault':44s} {'result':9s} check")
    for row in table_rows():
        counts[row["result"]] = counts.get(row["result"], 0) + 1
        print(f"{row['fault']:44s} {row['result']:9s} {row['check']}\n    {row['wrong']}")
    survived = counts.get("SURVIVED", 0)
    print(f"\n{sum(counts.values())} planted faults: "
          + ("all were caught." if not survived else f"{survived} SURVIVED."))
    return 1 if survived else 0


# ---- equation ------------------------------------------------------------------------------------

def _add_equation(commands):
    parser = commands.add_parser(
        "equation", help="from an equation to its lines and its proof, and back",
        description="Print the derivation around an equation, the lines of code that compute it, "
                    "and the gradient checks that prove it with the figures they reach.")
    parser.set_defaults(run=_equation)
    parser.add_argument("label", nargs="?", help="the label of an equation, such as LN.5")
    parser.add_argument("--list", action="store_true", help="print all labels instead")
    parser.add_argument("--no-measure", action="store_true",
                        help="name the checks without running them")


def _equation(options):
    from .equation_pages import list_equations, show_equation

    if options.list == (options.label is not None):
        raise ValueError("give the label of an equation, such as LN.5, or --list")
    print(list_equations() if options.list
          else show_equation(options.label, measure=not options.no_measure))
    return 0
