"""Sentences with tagged words: a word a line, an empty line between sentences; or JSON lines."""

from ...files.text_lines import (bad_row, empty_file, is_blank, read_lines,
                                  words_of)
from .json_lines import numbered_objects, shown
from .rows import Tagged

# BIOES and BILOU say more than BIO: where an entity ends, and that it has one word.
_TO_BIO = {"S": "B", "U": "B", "E": "I", "L": "I"}
_WORDS, _TAGS = ("words", "tokens"), ("tags", "ner_tags", "labels")


def read_conll(path, types=None, word_column=0, tag_column=-1):
    """Read a CoNLL file with tags in the schemes BIO, IOB1, BIOES or BILOU; they become BIO.

    A line holds a word, its tag and perhaps other columns, separated by tabs, or by spaces in a
    file whose first line has no tab. A line of spaces and tabs, or an empty one, ends a sentence;
    lines that begin with ``-DOCSTART-`` are passed over. In IOB1 an entity begins with ``I-``, and
    with ``B-`` only directly after another one of its type; a file is IOB1 if all its ``B-`` are
    of that kind.

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
        A line has another number of columns than the first, or an empty word; a tag is not ``O``
        or a type after one of these letters, or has an unknown type; an ``I-`` continues nothing;
        the file has no sentence or is not text.

    References
    ----------
    Tjong Kim Sang, De Meulder 2003 (the format); Ramshaw, Marcus 1995 (the tags).
    """
    cut, width = words_of, None
    sentences, sentence = [], []                        # of (number of the line, word, tag)
    for number, line in read_lines(path):
        if is_blank(line) or line.startswith("-DOCSTART-"):
            sentences.append(sentence)
            sentence = []
            continue
        if width is None:
            cut = (lambda line: line.split("\t")) if "\t" in line else words_of
            width = max(2, len(cut(line)))
        columns = cut(line)
        if len(columns) != width:
            raise bad_row(path, number, f"there are {len(columns)} columns, where "
                          + (f"{width} are" if width == 2 else
                             f"the first line of words has {width}; equally many are")
                          + " needed (a word and its tag among them).")
        word, tag = columns[word_column], columns[tag_column]
        if is_blank(word):
            raise bad_row(path, number, "the word is empty.")
        sentence.append((number, word, tag))
    return _in_bio(path, [*sentences, sentence], types)


def read_tagged_json(path, types=None):
    """Read JSON lines with ``words`` (or ``tokens``) and ``tags`` (or ``ner_tags``, ``labels``).

    Parameters
    ----------
    path, types : as in :func:`read_conll`

    Returns
    -------
    list of Tagged

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_conll`; or a line lacks one of these, or they are not equally many texts.
    """
    sentences = []
    for number, row in numbered_objects(path):
        words, tags = (next((row[name] for name in names if name in row), None)
                       for names in (_WORDS, _TAGS))
        for name, texts in (("words", words), ("tags", tags)):
            if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip()
                                                      for text in texts):
                raise bad_row(path, number, f"the field {name!r} must be a list of texts that are "
                                            f"not empty, not {shown(texts)}.")
        if len(words) != len(tags):
            raise bad_row(path, number, f"there are {len(words)} words and {len(tags)} tags.")
        sentences.append([(number, word, tag) for word, tag in zip(words, tags)])
    return _in_bio(path, sentences, types)


def _in_bio(path, sentences, types):
    """Sentences of (line, word, tag), in any of the schemes, as rows with BIO tags."""
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        raise empty_file(path)
    befores = [["O", *(tag for _, _, tag in sentence)] for sentence in sentences]
    iob1 = all(tag[:2] != "B-" or before[2:] == tag[2:] for tags in befores
               for before, tag in zip(tags, tags[1:]))
    rows = []
    for sentence in sentences:
        tags = ["O"]
        for number, _, tag in sentence:
            prefix, dash, kind = tag.partition("-")
            bio = f"{_TO_BIO.get(prefix, prefix)}{dash}{kind}"
            if iob1 and prefix == "I" and tags[-1][2:] != kind:
                bio = f"B-{kind}"
            _check_tag(path, number, tag, bio, tags[-1], types)
            tags.append(bio)
        rows.append(Tagged(tuple(word for _, word, _ in sentence), tuple(tags[1:])))
    return rows


def tags_of(types):
    """The tags of some types of entities, in the order of their numbers: ``O`` is 0.

    >>> tags_of(["person", "place"])
    ('O', 'B-person', 'I-person', 'B-place', 'I-place')
    """
    return ("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI"))


def _check_tag(path, number, tag, bio, previous, types):
    prefix, _, kind = bio.partition("-")
    if tag != "O" and (prefix not in ("B", "I") or not kind):
        raise bad_row(path, number, f"the tag {tag!r} is unknown; a tag is O, B-type or I-type.")
    if kind and types is not None and kind not in types:
        raise bad_row(path, number, f"the tag {tag!r} has an unknown type; the types are "
                                    f"{', '.join(types)}.")
    if prefix == "I" and previous[2:] != kind:
        raise bad_row(path, number, f"the tag {tag!r} continues an entity, but the word before it "
                                    f"is {previous!r}; the first word of an entity needs "
                                    f"B-{kind}.")
