"""Splitting prose into sentences by a few rules."""

import re

from ..scripts import CHARACTERS, WIDE

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

# In Chinese and Japanese no space follows. The signs of ASCII and … count if a character of these
# languages is before or after them. A sentence goes on if a comma follows: “好！”，他说。
WIDE_ENDS, NARROW_ENDS, CLOSING = "。！？｡．", "!?…", "”’」』）》〉】〗)\\]"
WIDE_SIGN, CHARACTER = re.compile(f"[{WIDE_ENDS}]"), re.compile(f"[{CHARACTERS}]")
IS_WIDE, JOINED = re.compile(f"[{WIDE}]"), re.compile(f"(?<=[{WIDE}])[^\\S\n]*\n\\s*(?=[{WIDE}])")


def _wide_boundary(ends, go_on):
    """The first of a row of signs to its last, closing quotes and brackets, and spaces."""
    return re.compile(rf"(?<![{ends}])([{ends}]+)([{CLOSING}]*)(?![{ends}{CLOSING}{go_on}])\s*")


WIDE_BOUNDARY = _wide_boundary(WIDE_ENDS + NARROW_ENDS, "，、；：,;:")
CLAUSE_BOUNDARY = _wide_boundary(WIDE_ENDS + NARROW_ENDS + "；;", "，、：,:")
AT_END = re.compile(rf"[.{WIDE_ENDS}{NARROW_ENDS}][\"'{CLOSING}\s]*$")


def split_sentences(text, clauses=False):
    """Split prose into sentences.

    Every run of white space, also one that breaks a line, counts as a space; between two characters
    of Chinese or Japanese a broken line counts as nothing. Sentences of these languages end at
    。！？ and ……, with the quotes and brackets that close after them. The rules for sentences in an
    alphabet are for English and are wrong now and then, for example after an abbreviation they do
    not know.

    Parameters
    ----------
    text : str
    clauses : bool
        Let a Chinese sentence end at ； too.

    Returns
    -------
    list of str
        Joined they give the text again, except for its spaces.

    Examples
    --------
    >>> split_sentences("“你好！”他说。今天是1998年1月1日；天气很好……我们走吧?好。")
    ['“你好！”', '他说。', '今天是1998年1月1日；天气很好……', '我们走吧?', '好。']
    """
    wide = not text.isascii() and IS_WIDE.search(text)
    text = " ".join((JOINED.sub("", text) if wide else text).split())
    matches = BOUNDARY.finditer(text)
    if wide:
        boundary = CLAUSE_BOUNDARY if clauses else WIDE_BOUNDARY
        ends = (match for match in boundary.finditer(text) if _is_wide(text, match))
        matches = sorted([*matches, *ends], key=re.Match.start)
    sentences, begin = [], 0
    for match in matches:
        if match.start() < begin or (match[1] == "." and not match[2]
                                     and _is_abbreviated(text, begin, match.start())):
            continue
        end, following = match.end(2), match.end()
        if wide and text[end:end + 1] == '"' and text.count('"', begin, end) % 2:
            end = following = end + 1                               # it closes a quotation
        sentences.append(text[begin:end])
        begin = following
    if begin < len(text):
        sentences.append(text[begin:])
    return sentences


def ends_sentence(line):
    """Whether a line ends as a sentence does (bool)."""
    return AT_END.search(line) is not None


def _is_wide(text, match):
    """Whether signs end a sentence of Chinese or Japanese."""
    signs = match[1]
    if signs == "．":                                               # not in ３．５
        return CHARACTER.match(text, match.start() - 1) is not None
    return (WIDE_SIGN.search(signs) or IS_WIDE.match(text, match.start() - 1)
            or IS_WIDE.match(text, match.end())) is not None


def _is_abbreviated(text, begin, end):
    """Whether the text before a full stop at `end` ends in an abbreviation or in an initial."""
    match = LAST_WORD.search(text, max(begin, text.rfind(" ", begin, end)), end)
    if not match:
        return False
    word = match[0]
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    is_initials = re.fullmatch(r"[A-Z](\.[A-Z])+", word) is not None        # J.R. Kennedy
    return is_initial or is_initials or word.lower() in ABBREVIATIONS
