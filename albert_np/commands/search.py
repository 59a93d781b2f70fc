"""``albert-np search``."""

import argparse
import sys

from .finetune import finetune_parser

DESCRIPTION = """\
Fine-tune many times, with other options each time, and show which did best.

  --space lr=1e-5..1e-3:log batch-size=16,32 dropout=0..0.2

names options of `albert-np finetune` (any of them, without the dashes) and the values to try:

  batch-size=16,32       a list: these values
  dropout=0..0.2         a range: every number between, each as likely as another
  lr=1e-5..1e-3:log      each order of magnitude as likely as another
  lr=1e-5..1e-3:log:5    a range with a count: a list of 5 values
  scratch=on,off         an option without a value

--method random draws --trials points; --method grid tries all combinations, and needs lists or
ranges with a count; --method tpe draws where earlier trials did well. With several options, of
which few matter much, random draws find good values in fewer trials than a grid: each tries a new
value of every option (Bergstra and Bengio 2012).

Each trial is a run of `albert-np finetune` in a folder of its own, FOLDER/trial-001 and so on.
Options after -- go to every trial. The score is the figure that finetune names as the metric,
on the validation rows; more is better. FOLDER gets search.csv, search.json and the picture
search.png: parallel coordinates, and the score against each hyper-parameter.

A search that was interrupted, or killed, is finished by the same command; more --trials add some.
A trial that fails is noted, with its sentence, and tried again by the next such command.
"""

EXAMPLES = """\
examples:
  albert-np search classification --model runs/pretrain --data sms-spam --output runs/search \\
      --space lr=1e-5..1e-3:log batch-size=16,32 --trials 20 --jobs 2 -- --epochs 3
  albert-np search entities --model runs/pretrain --data wnut17 --output runs/grid \\
      --method grid --space lr=1e-5..1e-3:log:5 seed=0,1,2
"""

_OURS = ("output", "resume", "quiet")   # options of finetune that the search itself sets


def add(commands):
    """Add ``search`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "search", help="fine-tune many times and find the best options", description=DESCRIPTION,
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="albert-np search TASK --space NAME=VALUES ... --output FOLDER [option ...] "
              "[-- further options of finetune]")
    parser.set_defaults(run=_search, more=[])
    parser.about_unknown = "; options of albert-np finetune come last, after --"
    _keep_what_follows_two_dashes(parser)
    parser.add_argument("task", metavar="TASK", help="as for finetune")
    parser.add_argument("--model", metavar="NAME_OR_FOLDER", help="as for finetune")
    parser.add_argument("--data", metavar="NAME_OR_PATH", help="as for finetune")
    parser.add_argument("--space", metavar="NAME=VALUES", nargs="+", required=True,
                        help="what to try")
    parser.add_argument("--output", metavar="FOLDER", required=True, help="where everything goes")
    parser.add_argument("--method", choices=("random", "grid", "tpe"), default="random",
                        help="default: %(default)s")
    parser.add_argument("--trials", type=int, metavar="N",
                        help="points that are drawn at random (default: 20)")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="the seed of these draws. The seed of the trials is an option like "
                             "the others (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N",
                        help="trials at a time, each on one core (default: %(default)s)")
    parser.add_argument("--prune", action="store_true",
                        help="stop a trial that, after some epoch, is below the median of the "
                             "others")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def _keep_what_follows_two_dashes(parser):
    """Let words behind ``--`` be options.more: argparse would take them for positional ones."""
    parse = parser.parse_known_args

    def parse_known_args(words=None, namespace=None):
        words = list(sys.argv[1:] if words is None else words)
        if "--" not in words:
            return parse(words, namespace)
        at = words.index("--")
        options, unknown = parse(words[:at], namespace)
        options.more = words[at + 1:]
        return options, unknown

    parser.parse_known_args = parse_known_args


def check_start(asked):
    """Refuse data and a model that are not there, before the first trial and any folder.

    Parameters
    ----------
    asked : argparse.Namespace
        The options of a trial.

    Raises
    ------
    FileNotFoundError, ValueError
        As the trial itself would.
    """
    from pathlib import Path

    from ..model_files.folders import find_folder
    from ..tasks.finetuning import TASKS
    from ..tasks.finetuning.data import no_data

    task = TASKS[asked.task]
    if asked.data not in task.DATASETS and not Path(asked.data).exists():
        raise FileNotFoundError(no_data(task, asked.data))
    if getattr(asked, "model", None) is not None:
        find_folder(asked.model, weights=False)


def _search(options):
    from ..tasks.search import options_of, read_space, search

    parser = finetune_parser()
    known = {name: option for name, option in options_of(parser).items() if name not in _OURS}
    arguments = [word for name in ("data", "model") if getattr(options, name) is not None
                 for word in (f"--{name}", getattr(options, name))] + options.more
    # One trial's options, read as finetune will read them: better now than by every trial.
    axes = read_space(options.space, known, options.method)
    if not any(word.startswith("--workers") for word in arguments) \
            and not any(axis.option.name == "workers" for axis in axes):
        arguments += ["--workers", "1"]            # --jobs fills the cores, and trials are alike
    words = [word for axis in axes
             for word in axis.option.arguments(axis.low if axis.values is None else axis.values[0])]
    check_start(parser.parse_args([options.task, *arguments, *words, "--output", options.output,
                                   "--quiet"]))
    record = search(options.task, options.space, options.output, known, arguments, options.method,
                    options.trials, options.seed, options.jobs, options.prune,
                    progress=not options.quiet)
    return 0 if record["trials"][0]["status"] == "done" else 1
