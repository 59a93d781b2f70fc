"""``albert-np trace``: the lines of a function with the numbers that they make."""

import argparse

DESCRIPTION = """\
Run the example of a function and print each line that runs, with the arrays that it makes or
changes: name, shape and numbers.

The numbers come from running the source. The example is the one in the function's docstring. With
a label such as LN.5, only the lines that compute this equation are printed.

  albert-np trace layer_norm_backward
  albert-np trace LN.5
  albert-np trace softmax_backward --on mine.npz        # holds x or dp or both
  albert-np trace relu_forward --example "y, cache = relu_forward(np.array([1.0, -1.0]))"
"""


def add(commands):
    """Add ``trace`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "trace", help="the lines of a function and the numbers that they make",
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_trace)
    parser.add_argument("name", help="a function, such as layer_norm_backward, or the label of an "
                                     "equation, such as LN.5")
    parser.add_argument("--on", metavar="FILE.npz",
                        help="use the arrays of this file in place of the example's inputs of the "
                             "same names; a name such as params.W_q leads into a dict")
    parser.add_argument("--example", metavar="STATEMENTS",
                        help="run these Python statements in place of the docstring's example, as "
                             "python -c would; they see the names of the function's module")
    parser.add_argument("--inside", action="store_true",
                        help="print the lines of the functions that it calls, too")
    parser.add_argument("--fault", metavar="NAME",
                        help="plant this fault first and list the numbers that it changes "
                             "(albert-np gradcheck --planted names all faults)")


def _trace(options):
    from ..gradcheck.tracing.trace_page import show_trace

    numbers = None if options.on is None else _read_arrays(options.on)
    print(show_trace(options.name, numbers, options.example, options.inside, options.fault))
    return 0


def _read_arrays(path):
    """The arrays of a file, by their names."""
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no .npz file of numbers, as np.savez writes") from error
