"""Labels in whatever writing: no formula, and no box in place of a letter that no font has."""

import warnings
from functools import lru_cache

NOTE = ("No installed font has all characters of a picture, so it spells some of them, Chinese "
        "ones in pinyin (without the extra chinese, by their code). To see the characters, install "
        "a font that has them, such as Noto Sans CJK.")
# Fonts of these names are looked at first: they have Chinese characters.
_LIKELY = ("CJK", "Han", "Hei", "Song", "Ming", "WenQuanYi", "YaHei", "PingFang", "Unicode")


def lettering(*texts):
    """Texts that can be drawn, and the fonts to draw them with.

    A dollar sign begins no formula, and what cannot be seen becomes a space. If matplotlib's own
    font lacks a character, another installed font gives it. If no font has it, it is spelled in
    Latin letters, and a warning says so, once.

    Parameters
    ----------
    texts : str
        Anything else is written as ``str`` writes it.

    Returns
    -------
    texts : list of str
    fonts : list of str
        For ``fontfamily=``.
    """
    texts = ["".join(c if c.isprintable() else " " for c in str(text)) for text in texts]
    fonts, missing = fonts_for(frozenset("".join(texts)))
    shown = [_without(missing, text) for text in texts]
    return [text.replace("$", r"\$") for text in shown], list(fonts)


def shortened(texts, most=30):
    """Texts of which each has at most so many characters; an ellipsis ends one that is cut.

    >>> shortened(["spam", "advertisement"], 6)
    ['spam', 'adver…']
    """
    return [text if len(text) <= most else f"{text[:most - 1]}…" for text in map(str, texts)]


def letter_figure(figure):
    """Do the same, in place, for texts that were written without `lettering`; formulas stay.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        fonts, missing = fonts_for(frozenset(text.get_text()) - {"\n"})
        if missing:
            text.set_text(_without(missing, text.get_text()))
        if len(fonts) > 1:
            text.set_fontfamily(list(fonts))


def chinese_or_english(chinese, english):
    """The Chinese labels of a picture, or the English ones if no font has all the characters.

    Parameters
    ----------
    chinese, english : dict of str to str
        The same labels, under the same names.

    Returns
    -------
    labels : dict of str to str
        All in one language.
    fonts : list of str
        For ``fontfamily=``.
    """
    fonts, missing = fonts_for(frozenset("".join(chinese.values())))
    return (english, ["sans-serif"]) if missing else (chinese, list(fonts))


def _without(missing, text):
    """A text in which some characters are spelled in Latin letters."""
    if missing:
        note_once()
    return "".join(_spelled(c) if c in missing else c for c in text)


@lru_cache(maxsize=1)
def note_once():
    """Warn that characters are spelled. Python's own rule would repeat it when filters change."""
    warnings.warn(NOTE, stacklevel=1)


def _spelled(character):
    """A character in Latin letters, or its code if the library for that is not installed."""
    try:
        from anyascii import anyascii
    except ModuleNotFoundError:
        return f"U+{ord(character):04X}"
    return anyascii(character) or f"U+{ord(character):04X}"


@lru_cache(maxsize=64)
def fonts_for(characters):
    """The families that have all these characters together, as far as any has them.

    Parameters
    ----------
    characters : frozenset of str

    Returns
    -------
    families : tuple of str
        matplotlib's own first, then those that add something.
    missing : frozenset of str
        What no installed font has.
    """
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    families = ["sans-serif"]
    own = get_font(findfont(FontProperties(family=rcParams["font.family"]))).get_charmap()
    missing = {c for c in characters if ord(c) not in own}
    # The last resort has a box of its own for every character there is.
    others = [entry for entry in fontManager.ttflist
              if entry.style == "normal" and "Last Resort" not in entry.name]
    for entry in sorted(others, key=lambda entry: not any(w in entry.name for w in _LIKELY)):
        if not missing:
            break
        try:
            font = get_font(entry.fname)
            found = {c for c in missing if ord(c) in font.get_charmap()}
            # Matplotlib takes the font of a family that is nearest to plain: only that one counts.
            if found and font.scalable and _plain_file(entry.name) == entry.fname:
                families.append(entry.name)
                missing -= found
        except (OSError, RuntimeError, ValueError):
            continue                       # a file that is gone, or that FreeType cannot read
    return tuple(families), frozenset(missing)


def _plain_file(family):
    from matplotlib.font_manager import FontProperties, findfont

    return findfont(FontProperties(family=[family]), fallback_to_default=False)
