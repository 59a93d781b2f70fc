"""What the commands that use a model have in common: the texts they are given."""

import itertools
import os
import sys
from pathlib import Path

from ..files.file_kinds import json_of_line
from ..files.text_lines import is_blank, numbered_lines, read_lines


def add_texts(parser, what="one text a line"):
    """Add the option ``--file``.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    what : str
        What the file holds.
    """
    parser.add_argument("--file", metavar="FILE",
                        help=f"{what}; with neither this nor texts, standard input is read so")


def read_texts(options, given, objects=False):
    """The texts on the command line, in a file, or on standard input, one at a time.

    Parameters
    ----------
    options : argparse.Namespace
        With ``file``.
    given : list of str
        Those on the command line.
    objects : bool
        Whether a line may be a JSON object.

    Returns
    -------
    texts : iterable of str
    name : callable
        From the number of a text, the first is 1, to what it is called in a sentence about it.

    Raises
    ------
    ValueError
        There are texts and a file, or neither; a single text is the name of a file; or, while
        reading, a line is not UTF-8, there is no line at all, or the lines are JSON: an array, an
        object over several lines or, without `objects`, an object on each line.
    FileNotFoundError
        There is no such file.
    """
    if given and options.file is not None:
        raise ValueError("texts are given and --file too; remove one of them")
    if len(given) == 1 and os.path.isfile(given[0]):
        raise ValueError(f"the text {given[0]!r} is the name of a file; did you mean --file "
                         f"{given[0]}? (If not, give the text through standard input.)")
    if given:
        return given, "text {}".format
    if options.file is None:
        if sys.stdin.isatty():
            raise ValueError("there is no text: give one, or --file, or lines on standard input")
        return (_checked(_lines_of_standard_input(), "standard input", objects),
                "line {} of standard input".format)
    path = Path(options.file)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    lines = (line for _, line in read_lines(path))
    return _checked(lines, path, objects), lambda number: f"line {number} of {path}"


def note(sentence):
    """Print a sentence that is no error on standard error."""
    print(f"albert-np: {sentence}", file=sys.stderr)


def note_remarks(model, quiet=False):
    """Print what `from_pretrained` found about a model that its user must know.

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
    quiet : bool
        Print only that the run is not finished.
    """
    for sentence in model.load_report.remarks:
        if not quiet or "is not finished" in sentence:
            note(sentence)


def _checked(lines, name, objects):
    """The lines themselves, unless the first that is not blank shows that they are other JSON."""
    lines, beginning = iter(lines), []
    for line in lines:
        beginning.append(line)
        if not is_blank(line):
            break
    what = {"array": "a JSON array", "begun object": "a JSON object over several lines",
            "object": None if objects else "JSON lines"}.get(json_of_line("".join(beginning)))
    if what is not None:
        raise ValueError(f"{name} is {what}, where a line for each text is needed; write each "
                         f"text{' or object' * objects} on a line of its own")
    yield from itertools.chain(beginning, lines)


def _lines_of_standard_input():
    number = 0
    for number, line in numbered_lines(sys.stdin.buffer, "standard input"):
        yield line
    if not number:
        raise ValueError("There is no text in standard input.")
