"""MCTest: stories for children, each with four questions of four answers."""

from itertools import zip_longest

from ...files.text_lines import BLANKS, bad_row, read_lines
from .rows import Choice

QUESTIONS, CHOICES = 4, 4
COLUMNS = 3 + QUESTIONS * (1 + CHOICES)
LETTERS = "ABCD"


def read_mctest(story_file, answer_file):
    r"""Read the stories and the right answers of MCTest.

    A line of the first file holds the name of a story, remarks, the story (``\\newline`` stands for
    a line end, ``\\tab`` for a tab) and four times a question with four answers; a question begins
    with "one:" or "multiple:", which says how many sentences are needed to answer it. A line of the
    second file holds four letters.

    Parameters
    ----------
    story_file, answer_file : str or Path
        UTF-8; may be gzip.

    Returns
    -------
    list of Choice, four for each story
        ``id`` is the story's name and the number of the question.

    Raises
    ------
    FileNotFoundError
        A file is missing.
    ValueError
        A line has a wrong number of columns, a text is empty, a question does not begin as it
        must, an answer is not one of A to D, or one file is longer than the other.

    References
    ----------
    Richardson, Burges, Renshaw 2013.
    """
    rows = []
    for story, answers in zip_longest(read_lines(story_file), read_lines(answer_file)):
        if story is None or answers is None:
            number, short = (answers, story_file) if story is None else (story, answer_file)
            raise bad_row(short, number[0], "the file ends here, but the other one goes on.")
        rows += _story(story_file, answer_file, *story, answers[1])
    return rows


def _story(story_file, answer_file, number, line, answers):
    columns = [_plain(column) for column in line.split("\t")]
    letters = answers.split("\t")
    if len(columns) != COLUMNS:
        raise bad_row(story_file, number, f"there are {len(columns)} columns, where {COLUMNS} are "
                                          f"needed: name, remarks, story, and four times a "
                                          f"question with four answers.")
    if len(letters) != QUESTIONS:
        raise bad_row(answer_file, number, f"there are {len(letters)} columns, where {QUESTIONS} "
                                           f"are needed, a letter for each question.")
    if "" in columns[2:]:
        raise bad_row(story_file, number, f"column {columns.index('', 2) + 1} is empty.")
    rows = []
    for i, letter in enumerate(letters):
        question, *choices = columns[3 + 5 * i:8 + 5 * i]
        kind, _, question = question.partition(":")
        if kind not in ("one", "multiple"):
            raise bad_row(story_file, number, f"question {i + 1} begins with {kind[:20]!r}, where "
                                              f"'one:' or 'multiple:' is needed.")
        if len(letter) != 1 or letter not in LETTERS:
            raise bad_row(answer_file, number, f"the answer {letter!r} is unknown; the answers "
                                               f"are A, B, C, D.")
        rows.append(Choice(f"{columns[0]}.{i}", columns[2], question.strip(BLANKS), tuple(choices),
                           LETTERS.index(letter)))
    return rows


def _plain(text):
    return text.replace("\\newline", "\n").replace("\\tab", "\t").strip(BLANKS + "\n")
