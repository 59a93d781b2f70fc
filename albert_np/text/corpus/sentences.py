"""Splitting prose into sentences by a few rules."""

import re

# A full stop after one of these is no end of a sentence. Those that often do end one ("etc.") are
# left out on purpose.
ABBREVIATIONS = frozenset("""
    mr mrs ms dr prof rev hon st sr jr gen col capt lt sgt gov sen rep pres messrs
    e.g i.e cf vs viz approx resp al
    no nos fig figs eq eqs sec ch vol vols pp ed eds dept univ
    jan feb mar apr jun jul aug sep sept oct nov dec
""".split())

# The end of a sentence: . ! ? or … with closing quotes or brackets, then a space, then something a
# sentence can begin with. A decimal number (3.14) has no space, "e.g. this" no capital letter. (It
# is looked for at the first of several dots only, or a long row of dots would take for ever.)
BOUNDARY = re.compile(r"""([.!?…](?<![.!?…]{2})[.!?…]*)(["'”’)\]]*)\s+"""
                      r"""(?=["'“‘(\[]*[A-Z0-9À-ÖØ-Þ])""")
LAST_WORD = re.compile(r"[\w.]+$")


def split_sentences(text):
    """Split prose into sentences.

    Every run of white space, also one that breaks a line, counts as a space. The rules are for
    English and are wrong now and then, for example after an abbreviation they do not know.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        Joined by spaces they give the text again.
    """
    text = " ".join(text.split())
    sentences, begin = [], 0
    for match in BOUNDARY.finditer(text):
        if match[1] == "." and not match[2] and _is_abbreviated(text, begin, match.start()):
            continue
        sentences.append(text[begin:match.end(2)])
        begin = match.end()
    if begin < len(text):
        sentences.append(text[begin:])
    return sentences


def _is_abbreviated(text, begin, end):
    """Whether the text before a full stop at `end` ends in an abbreviation or in an initial."""
    match = LAST_WORD.search(text, max(begin, text.rfind(" ", begin, end)), end)
    if not match:
        return False
    word = match[0]
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    is_initials = re.fullmatch(r"[A-Z](\.[A-Z])+", word) is not None        # J.R. Kennedy
    return is_initial or is_initials or word.lower() in ABBREVIATIONS
