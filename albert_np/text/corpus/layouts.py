"""The two layouts of plain text: a sentence a line, and running text."""

import re

from ...files.text_lines import BLANKS, is_empty, split_lines, words_of
from .sentences import split_sentences

LAYOUTS = ("auto", "lines", "prose")
GUESSED_FROM = 1 << 20               # characters at the beginning of a file that a guess looks at


def guess_layout(text):
    """Whether a text has one sentence on each line, judged by how its lines end.

    Lines of running text break anywhere, or they are whole paragraphs. So the answer is "lines"
    when at least two thirds of the lines end as a sentence does and hold no other sentence. Of a
    long text only the first million characters are asked.

    Parameters
    ----------
    text : str

    Returns
    -------
    "lines" or "prose"
    """
    lines = [line for line in split_lines(text[:GUESSED_FROM]) if not is_empty(line)]
    single = [line for line in lines
              if re.search(r"[.!?…][\"'”’)\]\s]*$", line) and len(split_sentences(line)) == 1]
    return "lines" if lines and 3 * len(single) >= 2 * len(lines) else "prose"


def check_layout(layout):
    """ValueError unless it is one of "auto", "lines" and "prose"."""
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, not {layout!r}.")


def read_layout(text, layout):
    """The documents of a text.

    Parameters
    ----------
    text : str
    layout : "auto", "lines" or "prose"

    Returns
    -------
    list of documents; a document is a list of str, not empty
    """
    chosen = guess_layout(text) if layout == "auto" else layout
    return _read_lines(text) if chosen == "lines" else _read_prose(text)


def _read_lines(text):
    documents = [[]]
    for line in split_lines(text):
        line = " ".join(words_of(line))
        if not is_empty(line):
            documents[-1].append(line)
        elif not line and documents[-1]:
            documents.append([])
    return [document for document in documents if document]


def _read_prose(text):
    text = "\n".join(line.strip(BLANKS) for line in split_lines(text))
    documents = []
    for part in re.split(r"\n{3,}", text):
        sentences = [sentence for paragraph in part.split("\n\n")
                     for sentence in split_sentences(paragraph)]
        if sentences:
            documents.append(sentences)
    return documents
