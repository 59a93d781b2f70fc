"""Wikipedia articles as WikiText has them, turned back into ordinary documents."""

import re

from ...files.text_lines import BLANKS, bad_row, read_lines
from ...text.corpus.sentences import split_sentences

_TITLE = re.compile(r"= (?!=).* =$")
_HEADING = re.compile(r"=( =)+ .* =( =)+$")


def read_wikitext(path):
    """Read a file of WikiText into documents of sentences.

    ``= Title =`` begins an article, ``= = Heading = =`` a section. Words stand apart from
    punctuation and ``@-@`` stands for a hyphen inside of a word; both are put together again, so
    that a tokenizer trained on ordinary text knows them. ``<unk>`` stays.

    Parameters
    ----------
    path : str or Path
        UTF-8; may be gzip.

    Returns
    -------
    list of documents; a document is a list of str, its sentences, without titles and headings

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        Text stands before the first title, or the file has no title, is empty or not text.

    References
    ----------
    Merity et al. 2016.
    """
    documents, after_blank = [], True
    for number, line in read_lines(path):
        line = line.strip(BLANKS)
        # A row of a table can look like a title too; a title stands between empty lines.
        if _TITLE.match(line) and after_blank:
            documents.append([])
        elif line and not _HEADING.match(line):
            if not documents:
                raise bad_row(path, number, "text stands before the first title; an article "
                                            "begins with a line such as '= Title ='.")
            documents[-1] += split_sentences(_plain(line))
        after_blank = not line
    if not documents:
        raise ValueError(f"{path} has no article; one begins with a line such as '= Title ='.")
    return [document for document in documents if document]


def _plain(text):
    """Put words and punctuation together again."""
    text = re.sub(r" @([-.,])@ ", r"\1", text)
    text = re.sub(r'" ([^"]*) "', r'"\1"', text)
    text = re.sub(r"([(\[$£]) ", r"\1", text)
    return re.sub(r" ([.,;:!?)\]%]|'(?=\w)|n't\b|'(?= ))", r"\1", text)
