"""What ALBERT does to a text before SentencePiece sees it."""

import unicodedata


def preprocess(text, do_lower_case=True, keep_accents=False):
    """Clean a text as ALBERT does.

    Four steps, in this order: every run of white space becomes one space (none at the ends); a
    quote written as two back-ticks or two apostrophes becomes ``"``; compatibility characters are
    taken apart (NFKD) and accents dropped; letters are lower-cased. The published vocabularies know
    only such text: the raw word ``This`` would become ``▁ <unk> his``.

    Parameters
    ----------
    text : str
    do_lower_case : bool
    keep_accents : bool
        True leaves out the third step, as for languages in which accents carry meaning.

    Returns
    -------
    str

    References
    ----------
    google-research/albert, tokenization.py, preprocess_text; the quotes as in Hugging Face's
    tokenization_albert.py (transformers 4).
    """
    text = " ".join(text.split()).replace("``", '"').replace("''", '"')
    if not keep_accents and not text.isascii():        # ASCII has no accents: skip the work
        text = "".join(c for c in unicodedata.normalize("NFKD", text)
                       if not unicodedata.combining(c))
    return text.lower() if do_lower_case else text


def preprocess_aligned(text, do_lower_case=True, keep_accents=False):
    """`preprocess`, remembering where every character came from.

    Parameters
    ----------
    text, do_lower_case, keep_accents : as in `preprocess`

    Returns
    -------
    clean : str
        Exactly what `preprocess` returns.
    sources : list of (int, int), one for every character of `clean`
        The character came from ``text[start:end]``. An accent that was dropped belongs to the
        letter before it; all characters of a ligature that was taken apart share one range.

    References
    ----------
    As in `preprocess`.
    """
    clean, sources = _collapse_spaces(text)
    for quote in ("``", "''"):
        clean, sources = _replace_pair(clean, sources, quote, '"')
    if not keep_accents:
        clean, sources = _strip_accents(clean, sources)
    if do_lower_case:
        # A lower-case letter can be longer than its capital (İ). The text is lower-cased as a whole
        # all the same, because Σ at the end of a word becomes ς, elsewhere σ.
        sources = [source for c, source in zip(clean, sources) for _ in c.lower()]
        clean = clean.lower()
    return clean, sources


def _collapse_spaces(text):
    characters, sources = [], []
    for position, c in enumerate(text):
        if not c.isspace():
            characters.append(c)
            sources.append((position, position + 1))
        elif characters and characters[-1] != " ":
            characters.append(" ")
            sources.append((position, position + 1))
    if characters and characters[-1] == " ":
        characters.pop()
        sources.pop()
    return "".join(characters), sources


def _replace_pair(text, sources, pair, replacement):
    """Replace two characters by one, whose source is that of both."""
    new_sources, position = [], 0
    parts = text.split(pair)
    for part in parts[:-1]:
        end = position + len(part)
        new_sources += sources[position:end]
        new_sources.append((sources[end][0], sources[end + 1][1]))
        position = end + 2
    return replacement.join(parts), new_sources + sources[position:]


def _strip_accents(text, sources):
    characters, new_sources = [], []
    for c, (start, end) in zip(text, sources):
        for part in unicodedata.normalize("NFKD", c):
            if not unicodedata.combining(part):
                characters.append(part)
                new_sources.append((start, end))
            elif new_sources:
                new_sources[-1] = (new_sources[-1][0], end)
    return "".join(characters), new_sources
