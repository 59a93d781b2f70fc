"""``albert-np plot``: draw one run, or compare several."""

import argparse
from pathlib import Path

from .output_folder import free_path, refuse_existing

DESCRIPTION = """\
Draw one run, or compare several.

The picture shows the losses, the accuracies on held-out text, the learning rate, the gradient norm
and the speed. A faint line shows every step, a strong line the running mean. Dots show the
evaluations. Each run has a colour.

The numbers come from metrics.csv in the run folder. Training writes this file at its first
evaluation and adds to it at each further one. So you can also draw a run that still goes on, or
that was interrupted.
"""

EXAMPLES = """\
examples:
  albert-np plot runs/pretrain
  albert-np plot runs/shared runs/unshared --output sharing.png
  albert-np plot runs/pretrain --smooth 1
"""

PICTURE = "curves.png"


def add(commands):
    """Add ``plot`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "plot", help="draw one run, or compare several", description=DESCRIPTION, epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_plot)
    parser.add_argument("runs", metavar="RUN", nargs="+", help="a run folder")
    parser.add_argument("--output", metavar="FILE.png",
                        help="the new file for the picture. Default for one run: curves.png in "
                             "its folder, which is drawn anew each time. Default for several: "
                             "curves.png in the current folder, then curves-2.png, ...")
    parser.add_argument("--smooth", type=int, metavar="N",
                        help="draw the mean of N steps. With 1, draw only the single steps "
                             "(default: a sixtieth of each run)")


def _plot(options):
    from ..plotting import plot_runs
    from ..pretraining.metrics import read_run

    if options.smooth is not None and options.smooth < 1:
        raise ValueError(f"smooth is {options.smooth}; it must be at least 1")
    output = _picture(options.output, options.runs)
    names = _names(options.runs)
    print(plot_runs({name: read_run(folder) for name, folder in zip(names, options.runs)}, output,
                    options.smooth))
    return 0


def _picture(output, runs):
    """The path of the picture."""
    if output is None:
        return Path(runs[0], PICTURE) if len(runs) == 1 else free_path(PICTURE)
    if Path(output).suffix.lower() != ".png":
        raise ValueError(f"the picture is a PNG file; the name {output} must end in .png")
    refuse_existing(output)
    return Path(output)


def _names(folders):
    """The last part of each path, or, where two are the same, the paths."""
    paths = [Path(folder).resolve() for folder in folders]
    for i, path in enumerate(paths):
        if path in paths[:i]:
            raise ValueError(f"the run {folders[i]} is given twice")
    names = [path.name for path in paths]
    return names if len(set(names)) == len(names) else [str(Path(folder)) for folder in folders]
