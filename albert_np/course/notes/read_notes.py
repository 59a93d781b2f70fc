"""Read the notes of a language: from the label of an equation to what a translator wrote about it.

A note is Markdown: a heading of second rank with a label begins it, such as ``## LN.5``. Formulas
are between dollar signs, as GitHub shows them.
"""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LANGUAGES = {"zh": "中文"}                       # folders, and what their readers call the language


@cache
def read_notes(file):
    """The notes of one file.

    Parameters
    ----------
    file : Path

    Returns
    -------
    dict of str to str
        From the headings of second rank, in their order, to the text below each.
    """
    _, *sections = re.split(r"^## (.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {heading.strip(): text.strip() for heading, text in zip(sections[::2], sections[1::2])}


def notes_on(label, page):
    """What translators wrote about an equation.

    Parameters
    ----------
    label : str
        Such as "LN.5".
    page : str
        The name of its file, such as "layer_norm".

    Returns
    -------
    dict of str to str
        From a language to the note, in Markdown.

    Examples
    --------
    >>> notes_on("LN.3", "layer_norm").keys()
    dict_keys(['zh'])
    """
    files = {language: FOLDER / language / f"{page}.md" for language in LANGUAGES}
    found = {language: read_notes(file).get(label) for language, file in files.items()
             if file.exists()}
    return {language: note for language, note in found.items() if note}


def all_notes(language):
    """All notes of a language.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.

    Returns
    -------
    dict of str to str
        From labels to notes in Markdown.

    Examples
    --------
    >>> [label for label in all_notes("zh") if label.startswith("ATT")][:2]
    ['ATT.1', 'ATT.2']
    """
    return {label: note for file in sorted((FOLDER / language).glob("*.md"))
            for label, note in read_notes(file).items()}


def as_restructured_text(note):
    r"""A note in the form of the docstrings, for what sets those as pages.

    Only paragraphs, code and formulas are known.

    Examples
    --------
    >>> print(as_restructured_text("设 $x$ 为 `a`：\n\n$$\nx = 1\n$$"))
    设 \ :math:`x`\  为 \ ``a``\ ：
    <BLANKLINE>
    .. math::
    <BLANKLINE>
       x = 1
    """
    parts = re.split(r"^\$\$\n(.*?)\n\$\$$", note, flags=re.MULTILINE | re.DOTALL)
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = ".. math::\n\n" + "\n".join(f"   {line}" for line in part.split("\n"))
        else:                          # a backslash ends a role in the middle of Chinese words
            parts[i] = re.sub(r"\$([^$]+)\$", r"\\ :math:`\1`\\ ",
                              re.sub(r"`([^`]+)`", r"\\ ``\1``\\ ", part))
    return "".join(parts)
