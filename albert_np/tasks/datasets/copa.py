"""Choice of plausible alternatives: which of two sentences is the cause, or effect, of a third?"""

import xml.etree.ElementTree as ElementTree
from xml.parsers import expat

from ...files.text_lines import BLANKS, bad_row, empty_file, is_empty, read_whole
from .rows import Choice

QUESTIONS = {"cause": "What was the cause of this?",
             "effect": "What happened as a result?"}


def read_copa(path):
    """Read a COPA file in XML.

    Parameters
    ----------
    path : str or Path
        UTF-8; may be gzip.

    Returns
    -------
    list of Choice
        ``context`` is the premise, ``question`` the wording the COPA paper has for "cause" and
        "effect", ``choices`` the two alternatives.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is not XML, declares entities (a few lines of which can unfold to gigabytes), has
        no item, or an item lacks a sentence or an attribute.

    References
    ----------
    Roemmele, Bejan, Gordon 2011.
    """
    text = read_whole(path)
    lines = _item_lines(path, text)
    items = list(ElementTree.fromstring(text.encode()).iter("item"))
    if not items:
        raise empty_file(path)
    return [_choice(path, line, item) for line, item in zip(lines, items)]


def _item_lines(path, text):
    """The line of every item; refuses what is not XML, or declares an entity."""
    lines = []
    parser = expat.ParserCreate()

    def refuse(*declaration):
        raise bad_row(path, parser.CurrentLineNumber, f"the entity {declaration[0]!r} is declared "
                      f"here; a COPA file needs none, and unfolding entities can fill the memory.")

    def note(name, attributes):
        if name == "item":
            lines.append(parser.CurrentLineNumber)

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = note
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise bad_row(path, error.lineno,
                      f"this is not XML ({expat.ErrorString(error.code)}).") from error
    return lines


def _choice(path, line, item):
    sentences = []
    for name in ("p", "a1", "a2"):
        sentence = (item.findtext(name) or "").strip(BLANKS + "\n")
        if is_empty(sentence):
            raise bad_row(path, line, f"the item has no sentence <{name}>.")
        sentences.append(sentence)
    for name, allowed in (("asks-for", tuple(QUESTIONS)), ("most-plausible-alternative",
                                                           ("1", "2"))):
        if item.get(name) not in allowed:
            raise bad_row(path, line, f"{name} is {item.get(name)!r}, where "
                                      f"{' or '.join(allowed)} is needed.")
    premise, *alternatives = sentences
    return Choice(item.get("id", str(line)), premise, QUESTIONS[item.get("asks-for")],
                  tuple(alternatives), int(item.get("most-plausible-alternative")) - 1)
