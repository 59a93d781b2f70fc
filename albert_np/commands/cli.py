"""The command ``albert-np``."""

import os
import sys

from .. import __version__
from ..files import in_a_sentence
from . import (ablate, course, embed, equation, evaluate, fill_mask, finetune, gradcheck, info,
               lab, plot, predict, prepare, pretrain, quantize, search, similarity, trace)
from .parser import Parser

DESCRIPTION = "ALBERT by hand in NumPy: train it, look at it, and check its gradients."
COMMANDS = (pretrain, prepare, plot, ablate, finetune, search, evaluate, predict, quantize,
            fill_mask, embed, similarity, info, gradcheck, equation, trace, lab, course)


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        None takes those of the process.

    Returns
    -------
    int
        The exit status: 0, or 1 where a check failed or some rows cannot be predicted, 2 where the
        input was no good, 130, 143 or 129 where the run was stopped by Ctrl-C, SIGTERM or
        SIGHUP, 141 where nobody reads the output any more.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except BrokenPipeError:                  # the reader of the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError, FloatingPointError, ModuleNotFoundError) as error:
        print(f"albert-np: {in_a_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("albert-np: interrupted", file=sys.stderr)
        return 130


def _parser():
    parser = Parser(prog="albert-np", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"albert-np {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return parser
