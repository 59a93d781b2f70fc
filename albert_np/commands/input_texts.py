"""What the commands that use a model have in common: the texts they are given."""

import contextlib
import sys
from pathlib import Path


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


def read_texts(options, given):
    """The texts on the command line, in a file, or on standard input, one at a time.

    Parameters
    ----------
    options : argparse.Namespace
        With ``file``.
    given : list of str
        Those on the command line.

    Returns
    -------
    texts : iterable of str
    name : callable
        From the number of a text, the first is 1, to what it is called in a sentence about it.

    Raises
    ------
    ValueError
        There are texts and a file, or neither, or, while reading, a line is not UTF-8 or there is
        no line at all.
    FileNotFoundError
        There is no such file.
    """
    if given and options.file is not None:
        raise ValueError("texts are given and --file too; remove one of them")
    if given:
        return given, "text {}".format
    if options.file is None:
        if sys.stdin.isatty():
            raise ValueError("there is no text: give one, or --file, or lines on standard input")
        return _lines(None, "standard input"), "line {} of standard input".format
    path = Path(options.file)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    return _lines(path, str(path)), lambda number: f"line {number} of {path}"


def note(sentence):
    """Print a sentence that is no error on standard error."""
    print(f"albert-np: {sentence}", file=sys.stderr)


def _lines(path, name):
    number = 0
    with contextlib.nullcontext(sys.stdin.buffer) if path is None else open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if b"\0" in line:
                raise ValueError(f"Line {number} of {name} holds a zero byte; a UTF-8 text file "
                                 f"is needed.")
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ValueError(f"Line {number} of {name} is not UTF-8 text: the byte "
                                 f"0x{line[error.start]:02x} does not decode.") from error
            yield (text.removeprefix("\ufeff") if number == 1 else text).rstrip("\r\n")
    if not number:
        raise ValueError(f"There is no text in {name}.")
