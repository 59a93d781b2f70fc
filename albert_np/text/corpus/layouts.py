"""The layouts of plain text: a sentence a line, and running text."""

import re

from ...files.text_lines import BLANKS, is_empty, split_lines, words_of
from ..scripts import is_chinese
from .sentences import ends_sentence, split_sentences

LAYOUTS = ("auto", "lines", "prose", "clauses")
GUESSED_FROM = 1 << 20               # characters at the beginning of a file that a guess looks at


def guess_layout(text):
    """Whether a text has one sentence on each line, judged by how its lines end.

    Lines of running text break anywhere, or they are whole paragraphs. So the answer is "lines"
    when at least two thirds of the lines end as a sentence does and hold no other sentence. Lines
    of Chinese often end without a sign: there the answer is "lines" when at least two thirds of all
    ends of sentences that have a sign are at the end of a line, or there is no such sign. Of a long
    text only the first million characters are asked.

    Parameters
    ----------
    text : str

    Returns
    -------
    "lines" or "prose"
    """
    lines = [line for line in split_lines(text[:GUESSED_FROM]) if not is_empty(line)]
    if is_chinese(lines):
        at_end = sum(map(ends_sentence, lines))
        inside = sum(len(split_sentences(line)) - 1 for line in lines)
        return "lines" if at_end >= 2 * inside else "prose"
    single = [line for line in lines
              if ends_sentence(line) and len(split_sentences(line)) == 1]
    return "lines" if lines and 3 * len(single) >= 2 * len(lines) else "prose"


def check_layout(layout):
    """ValueError unless it is one of `LAYOUTS`."""
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, not {layout!r}.")


def read_layout(text, layout):
    """The documents of a text.

    Parameters
    ----------
    text : str
    layout : "auto", "lines", "prose" or "clauses"
        "clauses" is "prose" in which a Chinese sentence ends at ； too.

    Returns
    -------
    list of documents; a document is a list of str, not empty

    Notes
    -----
    Chinese paragraphs rarely have an empty line between them. If half of the lines of a Chinese
    text end as sentences do, every line is a paragraph: a headline does not join what follows it.
    """
    chosen = guess_layout(text) if layout == "auto" else layout
    return _read_lines(text) if chosen == "lines" else _read_prose(text, chosen == "clauses")


def _read_lines(text):
    documents = [[]]
    for line in split_lines(text):
        line = " ".join(words_of(line))
        if not is_empty(line):
            documents[-1].append(line)
        elif not line and documents[-1]:
            documents.append([])
    return [document for document in documents if document]


def _read_prose(text, clauses):
    lines = [line.strip(BLANKS) for line in split_lines(text)]
    filled = [line for line in lines if line]
    whole = is_chinese(filled) and 2 * sum(map(ends_sentence, filled)) >= len(filled)
    end = "\n" if whole else "\n\n"
    documents = []
    for part in re.split(r"\n{3,}", "\n".join(lines)):
        sentences = [sentence for paragraph in part.split(end)
                     for sentence in split_sentences(paragraph, clauses)]
        if sentences:
            documents.append(sentences)
    return documents
