"""Reading a corpus and dividing it.

A sentence is a str, a document a list of sentences, a corpus a list of documents.
"""

from .blocks import Source, block_documents, corpus_files, read_blocks
from .embedded import embedded_corpus
from .layouts import check_layout, guess_layout
from .sentences import split_sentences

__all__ = ["embedded_corpus", "guess_layout", "read_corpus", "split_documents", "split_sentences"]


def read_corpus(path, layout="auto", text_field="text", say=None):
    """Read a text file, a file of JSON lines, or all such files of a folder, into memory.

    Files that end in ``.jsonl`` or ``.ndjson`` hold one JSON object on each line, a document; files
    that end in ``.txt`` are plain text. Of a single file with another ending the first line says
    what it is. Gzip is unpacked, whatever its name. If the files do not fit into memory,
    `albert_np.text.corpus.prepare` reads the same ones.

    Two layouts are known. "lines", that of the original code: one sentence on a line, an empty line
    between documents. "prose": running text, which is split into sentences here; one empty line
    ends a paragraph, two or more (as before a chapter) end a document. The end of a file ends a
    document in both. In JSON the layout is that of the texts, and no empty line ends a document.
    "clauses" is "prose" in which a Chinese sentence ends at ； too.

    Parameters
    ----------
    path : str or Path
        Files of a folder (``*.txt``, ``*.jsonl``, ``*.ndjson``, with or without ``.gz``, in
        capitals or not) are read in the order of their names; folders inside it are not.
    layout : "auto", "lines", "prose" or "clauses"
        "auto" asks `guess_layout` about each file.
    text_field : str
        The name of the field of a JSON object that holds its text.
    say : callable, optional
        Gets a sentence that names the files of a folder that are left out, and one that counts the
        documents without a sentence.

    Returns
    -------
    list of documents; a document is a list of str

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    ValueError
        The folder has no such file, a file cannot be read, is not UTF-8 text, is gzip that is cut
        short or has a line that is not JSON with a text, there is not one sentence, or the layout
        is unknown.

    References
    ----------
    The first layout: google-research/albert, create_pretraining_data.py.
    """
    check_layout(layout)
    documents = []
    for file in corpus_files(path, say):
        for block in read_blocks(Source(file), layout, text_field, limit=None):
            documents += block_documents(block, text_field)
    kept = [document for document in documents if document]
    if not kept:
        raise ValueError(f"There is not one sentence in {path}.")
    if say is not None and len(kept) < len(documents):
        say(f"left out   {len(documents) - len(kept):,} of {len(documents):,} documents: they have "
            f"no sentence")
    return kept


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
    if len(documents) == 1 and len(documents[0]) == 1:
        raise ValueError("The corpus is one document with one sentence. If each line of the text "
                         "is a sentence, read it with the layout lines (--layout lines), and "
                         "separate documents by empty lines.")
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
