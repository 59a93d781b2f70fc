"""Answers to questions: a whole sentence of the context."""

import re

from ...text.corpus.sentences import split_sentences
from ...text.scripts import CHARACTERS

_WORD = re.compile(rf"[{CHARACTERS}]|[^\W{CHARACTERS}]+")


def first_sentences(rows):
    """The first sentence of each context.

    Parameters
    ----------
    rows : list of Question

    Returns
    -------
    list of str
    """
    return [(split_sentences(row.context) or [""])[0] for row in rows]


def overlapping_sentences(rows):
    """The sentence of each context that shares most words with the question; the first of equals.

    In Chinese and Japanese each character counts as a word.

    Parameters
    ----------
    rows : list of Question

    Returns
    -------
    list of str
    """
    return [max(split_sentences(row.context) or [""],
                key=lambda sentence: len(_words(sentence) & _words(row.question)))
            for row in rows]


def _words(text):
    return set(_WORD.findall(text.lower()))
