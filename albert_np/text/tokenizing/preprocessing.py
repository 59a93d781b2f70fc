"""What ALBERT does to a text before SentencePiece sees it."""

import re
import unicodedata
from array import array

_PLACES = "i"                        # of array: 4 bytes, where a list takes 36 for each number
_WORD, _NOT_ASCII = re.compile(r"\S+"), re.compile(r"[^\x00-\x7f]")


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
    clean, starts, ends = preprocess_with_places(text, do_lower_case, keep_accents)
    return clean, list(zip(starts, ends))


def preprocess_with_places(text, do_lower_case=True, keep_accents=False):
    """`preprocess_aligned` with two arrays of int instead of a list of pairs, to save memory."""
    clean, starts, ends = _collapse_spaces(text)
    for quote in ("``", "''"):
        clean, starts, ends = _replace_pair(clean, starts, ends, quote, '"')
    if not keep_accents and not clean.isascii():
        clean, starts, ends = _strip_accents(clean, starts, ends)
    if do_lower_case:
        # The text is lower-cased as a whole, because Σ at the end of a word becomes ς, elsewhere σ.
        lower = clean.lower()
        if len(lower) != len(clean):        # a lower-case letter can be longer than its capital (İ)
            starts, ends = (array(_PLACES, [place for c, place in zip(clean, places)
                                            for _ in c.lower()]) for places in (starts, ends))
        clean = lower
    return clean, starts, ends


def _collapse_spaces(text):
    words, starts, ends = [], array(_PLACES), array(_PLACES)
    for match in _WORD.finditer(text):
        first, end = match.span()
        if words:                                    # the first of the spaces between two words
            starts.append(ends[-1])
            ends.append(ends[-1] + 1)
        words.append(match[0])
        starts.extend(range(first, end))
        ends.extend(range(first + 1, end + 1))
    return " ".join(words), starts, ends


def _replace_pair(text, starts, ends, pair, replacement):
    """Replace two characters by one, whose source is that of both."""
    parts = text.split(pair)
    if len(parts) == 1:
        return text, starts, ends
    new_starts, new_ends, position = array(_PLACES), array(_PLACES), 0
    for part in parts[:-1]:
        end = position + len(part)
        new_starts += starts[position:end + 1]
        new_ends += ends[position:end]
        new_ends.append(ends[end + 1])
        position = end + 2
    return replacement.join(parts), new_starts + starts[position:], new_ends + ends[position:]


def _strip_accents(text, starts, ends):
    parts, new_starts, new_ends, position = [], array(_PLACES), array(_PLACES), 0
    for match in _NOT_ASCII.finditer(text):
        place = match.start()
        parts.append(text[position:place])
        new_starts += starts[position:place]
        new_ends += ends[position:place]
        for part in unicodedata.normalize("NFKD", match[0]):
            if not unicodedata.combining(part):
                parts.append(part)
                new_starts.append(starts[place])
                new_ends.append(ends[place])
            elif new_ends:
                new_ends[-1] = ends[place]
        position = place + 1
    parts.append(text[position:])
    return "".join(parts), new_starts + starts[position:], new_ends + ends[position:]
