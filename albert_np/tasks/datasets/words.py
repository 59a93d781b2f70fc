"""Words of a text to be tagged: between spaces, but characters in scripts without spaces."""

import re

from ...files.text_lines import words_of
from ...text.scripts import CHARACTERS
from .rows import Tagged

# Chinese characters, kana, Thai letters (with the vowels and tones above and below them).
_CHARACTER = f"[{CHARACTERS}]"
_THAI = "[\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*"
_UNSPACED = re.compile(f"{_CHARACTER}|{_THAI}")
_CHARACTERS = re.compile(f"({_CHARACTER})")
_PARTS = re.compile(f"({_CHARACTER}|{_THAI})")


def words_in(text):
    """What spaces and tabs separate in a text; of Chinese, Japanese and Thai each character.

    >>> words_in("Tom 在北京。")
    ['Tom', '在', '北', '京', '。']
    """
    return [part for word in words_of(text) for part in _PARTS.split(word) if part]


def join_words(words):
    """Words as a text, with a space between two unless both are characters of such a script.

    >>> join_words(["New", "York"]), join_words(["北", "京"])
    ('New York', '北京')
    """
    text = ""
    for before, word in zip(["", *words], words):
        spaced = text and not (_UNSPACED.fullmatch(before) and _UNSPACED.fullmatch(word))
        text += " " * bool(spaced) + word
    return text


def in_characters(row):
    """A tagged sentence in which each Chinese or Japanese character is a word of its own.

    Parameters
    ----------
    row : Tagged
        With tags in BIO, or without tags.

    Returns
    -------
    Tagged

    Examples
    --------
    >>> in_characters(Tagged(("在", "北京", "iPhone"), ("O", "B-place", "O")))
    Tagged(words=('在', '北', '京', 'iPhone'), tags=('O', 'B-place', 'I-place', 'O'))
    """
    parts = [[part for part in _CHARACTERS.split(word) if part] for word in row.words]
    tags = [each for tag, part in zip(row.tags, parts)
            for each in (tag, *[tag.replace("B-", "I-", 1)] * (len(part) - 1))]
    return Tagged(tuple(part for word in parts for part in word), tuple(tags))
