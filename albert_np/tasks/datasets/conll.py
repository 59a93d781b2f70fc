"""Sentences with tagged words: a word a line, an empty line between sentences."""

from ...files.text_lines import bad_row, empty_file, is_blank, read_lines, words_of
from .rows import Tagged


def read_conll(path, types=None, word_column=0, tag_column=-1):
    """Read a CoNLL file with BIO tags.

    A line holds a word, its tag and perhaps other columns, separated by tabs, or by spaces in a
    file whose first line has no tab. A line of spaces and tabs, or an empty one, ends a sentence;
    lines that begin with ``-DOCSTART-`` are passed over.

    Parameters
    ----------
    path : str or Path
        UTF-8; may be gzip.
    types : collection of str, optional
        The types of entities there are, such as "person"; another one is refused.
    word_column, tag_column : int
        Which columns; negative ones count from the end.

    Returns
    -------
    list of Tagged

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        A line has another number of columns than the first, or an empty word; a tag is not ``O``,
        ``B-type`` or ``I-type`` or has an unknown type; an ``I-`` continues nothing; the file has
        no sentence or is not text.

    References
    ----------
    Tjong Kim Sang, De Meulder 2003 (the format); Ramshaw, Marcus 1995 (the tags).
    """
    cut, width = words_of, None
    sentences, words, tags = [], [], []

    def end_sentence():
        if words:
            sentences.append(Tagged(tuple(words), tuple(tags)))
        words.clear()
        tags.clear()

    for number, line in read_lines(path):
        if is_blank(line) or line.startswith("-DOCSTART-"):
            end_sentence()
            continue
        if width is None:
            cut = (lambda line: line.split("\t")) if "\t" in line else words_of
            width = max(2, len(cut(line)))
        columns = cut(line)
        if len(columns) != width:
            raise bad_row(path, number, f"there are {len(columns)} columns, where {width} are "
                                        f"needed (a word and its tag among them).")
        word, tag = columns[word_column], columns[tag_column]
        if is_blank(word):
            raise bad_row(path, number, "the word is empty.")
        _check_tag(path, number, tag, tags[-1] if tags else "O", types)
        words.append(word)
        tags.append(tag)
    end_sentence()
    if not sentences:
        raise empty_file(path)
    return sentences


def tags_of(types):
    """The tags of some types of entities, in the order of their numbers: ``O`` is 0.

    >>> tags_of(["person", "place"])
    ('O', 'B-person', 'I-person', 'B-place', 'I-place')
    """
    return ("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI"))


def _check_tag(path, number, tag, previous, types):
    prefix, _, kind = tag.partition("-")
    if tag != "O" and (prefix not in ("B", "I") or not kind):
        raise bad_row(path, number, f"the tag {tag!r} is unknown; a tag is O, B-type or I-type.")
    if kind and types is not None and kind not in types:
        raise bad_row(path, number, f"the tag {tag!r} has an unknown type; the types are "
                                    f"{', '.join(types)}.")
    if prefix == "I" and previous[2:] != kind:
        raise bad_row(path, number, f"the tag {tag!r} continues an entity, but the word before it "
                                    f"is {previous!r}; the first word of an entity needs "
                                    f"B-{kind}.")
