"""Questions whose texts are cut into tokens and whose answers are given by token numbers."""

from itertools import zip_longest

from ...files.text_lines import bad_row, is_empty, read_lines, words_of
from .rows import Answer, Question


def read_token_spans(context_file, question_file, answer_file, span_file, leave_out=()):
    """Read four files, line for line: contexts, questions, answers, and where the answers stand.

    Tokens are separated by one space. A line of the last file holds the numbers of the answer's
    first and last token in its context, counted from 0. The answer may be a part of these tokens
    ("nine" of "nine-story"): the characters are looked for within them.

    Parameters
    ----------
    context_file, question_file, answer_file, span_file : str or Path
        UTF-8; may be gzip.
    leave_out : collection of int
        The numbers of lines that are known to be faulty, and are passed over.

    Returns
    -------
    list of Question
        ``id`` is the number of the line, ``answers`` hold one, with its place in characters.

    Raises
    ------
    FileNotFoundError
        A file is missing.
    ValueError
        The files have different numbers of lines, a line is empty, a span is not two token
        numbers of the context, or the answer does not stand within them.
    """
    files = (context_file, question_file, answer_file, span_file)
    rows = []
    for number, lines in enumerate(zip_longest(*map(read_lines, files)), 1):
        for file, line in zip(files, lines):
            if line is None:
                raise bad_row(file, number, "the file ends here, but another of the four goes on.")
        if number in leave_out:
            continue
        for file, line in zip(files, lines):
            if is_empty(line[1]):
                raise bad_row(file, number, "the line is empty.")
        context, question, answer, span = (line for _, line in lines)
        start = _find(answer, context.split(" "), span, answer_file, span_file, number)
        rows.append(Question(str(number), context, question, (Answer(answer, start),)))
    return rows


def _find(answer, tokens, span, answer_file, span_file, number):
    """The character at which the answer begins."""
    numbers = words_of(span)
    valid = len(numbers) == 2 and all(n.isascii() and n.isdigit() for n in numbers)
    if not valid or not int(numbers[0]) <= int(numbers[1]) < len(tokens):
        raise bad_row(span_file, number, f"the span is {span!r}, where two token numbers are "
                                         f"needed, the first not above the second, from 0 to "
                                         f"{len(tokens) - 1}.")
    first, last = map(int, numbers)
    stretch = " ".join(tokens[first:last + 1])
    inside = stretch.find(answer)
    if inside < 0:
        raise bad_row(answer_file, number, f"the answer {answer!r} does not stand in tokens "
                                           f"{first} to {last} of its context, which are "
                                           f"{stretch!r}.")
    return sum(len(token) + 1 for token in tokens[:first]) + inside
