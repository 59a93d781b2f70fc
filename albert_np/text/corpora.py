"""Reading a corpus and dividing it.

A sentence is a str, a document a list of sentences, a corpus a list of documents.
"""

import re
from pathlib import Path

from .embedded import embedded_corpus
from ..files import read_text
from .sentences import split_sentences

__all__ = ["embedded_corpus", "guess_layout", "read_corpus", "split_documents", "split_sentences"]

LAYOUTS = ("auto", "lines", "prose")


def read_corpus(path, layout="auto"):
    """Read a text file, or all ``*.txt`` files of a folder.

    Two layouts are known. "lines", that of the original code: one sentence on a line, an empty line
    between documents. "prose": running text, which is split into sentences here; one empty line
    ends a paragraph, two or more (as before a chapter) end a document. The end of a file ends a
    document in both.

    Parameters
    ----------
    path : str or Path
        Files of a folder are read in the order of their names; folders inside it are not.
    layout : "auto", "lines" or "prose"
        "auto" asks `guess_layout` about each file.

    Returns
    -------
    list of documents; a document is a list of str

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    ValueError
        The folder has no ``*.txt`` file, a file cannot be read or is not UTF-8 text, there is not
        one sentence, or the layout is unknown.

    References
    ----------
    The first layout: google-research/albert, create_pretraining_data.py.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, not {layout!r}.")
    path = Path(path)
    documents = []
    for file in _text_files(path):
        text = read_text(file)
        chosen = guess_layout(text) if layout == "auto" else layout
        documents += _read_lines(text) if chosen == "lines" else _read_prose(text)
    if not documents:
        raise ValueError(f"There is not one sentence in {path}.")
    return documents


def guess_layout(text):
    """Whether a text has one sentence on each line, judged by how its lines end.

    Lines of running text break anywhere, or they are whole paragraphs. So the answer is "lines"
    when at least two thirds of the lines end as a sentence does and hold no other sentence.

    Parameters
    ----------
    text : str

    Returns
    -------
    "lines" or "prose"
    """
    lines = [line for line in text.splitlines() if line.strip()]
    single = [line for line in lines
              if re.search(r"[.!?…][\"'”’)\]\s]*$", line) and len(split_sentences(line)) == 1]
    return "lines" if lines and 3 * len(single) >= 2 * len(lines) else "prose"


def split_documents(documents, held_out=0.1, *, rng, groups=None):
    """Divide a corpus into two, so that no document has sentences in both.

    Parameters
    ----------
    documents : list of documents
    held_out : float
        The share of *sentences* to hold out. It is met as closely as whole groups allow.
    rng : np.random.Generator
    groups : list, optional
        One label for each document. Documents of one group stay together: those of one author, or
        one module. None: every document is a group of its own.

    Returns
    -------
    train, held_out : lists of documents
        At least one group each, in the order that the documents had.

    Raises
    ------
    ValueError
        There are fewer than two groups, or the share does not lie between 0 and 1.
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out is a share of the sentences and must lie between 0 and 1, not "
                         f"{held_out}.")
    groups = range(len(documents)) if groups is None else groups
    sizes = {}                                         # sentences of each group
    for document, group in zip(documents, groups):
        sizes[group] = sizes.get(group, 0) + len(document)
    if len(sizes) < 2:
        raise ValueError(f"A corpus of {len(sizes)} document(s) cannot be divided, because a "
                         "document stays whole; separate documents by empty lines (two of them in "
                         "prose), or put each one into a file of its own.")
    names = list(sizes)
    order = [names[i] for i in rng.permutation(len(names))]
    target, taken, chosen = held_out * sum(sizes.values()), 0, set()
    for group in order:
        # Take a group if that brings the sum nearer to the target; the last one is for training.
        nearer = abs(taken + sizes[group] - target) < abs(taken - target)
        if nearer and len(chosen) < len(sizes) - 1:
            chosen.add(group)
            taken += sizes[group]
    if not chosen:
        chosen.add(min(order, key=sizes.get))
    return ([document for document, group in zip(documents, groups) if group not in chosen],
            [document for document, group in zip(documents, groups) if group in chosen])


def _text_files(path):
    if path.is_dir():
        try:
            files = sorted(file for file in path.iterdir() if file.suffix == ".txt")
        except OSError as error:
            raise ValueError(f"The folder {path} cannot be read: {error.strerror}.") from error
        if not files:
            raise ValueError(f"The folder {path} has no *.txt file.")
        return files
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}.")
    return [path]


def _read_lines(text):
    documents = [[]]
    for line in text.splitlines():
        line = " ".join(line.split())
        if line:
            documents[-1].append(line)
        elif documents[-1]:
            documents.append([])
    return [document for document in documents if document]


def _read_prose(text):
    text = "\n".join(line.strip() for line in text.splitlines())
    documents = []
    for part in re.split(r"\n{3,}", text):
        sentences = [sentence for paragraph in part.split("\n\n")
                     for sentence in split_sentences(paragraph)]
        if sentences:
            documents.append(sentences)
    return documents
