"""Where in the text does each piece come from?"""


def align(pieces, normalised, begins, starts, ends, length):
    """Yield (piece, start, end): ``text[start:end]`` is what the piece was made from.

    The pieces, one after another, are the *normalised* text. It was made from the *preprocessed*
    text, and that was made from the text. So each place is looked up twice.

    Parameters
    ----------
    pieces : list of str
    normalised : str
    begins : sequence of int
        Where in the preprocessed text each normalised character comes from, and its length at the
        end.
    starts, ends : sequences of int
        Where in the text each preprocessed character comes from.
    length : int
        Of the text.

    Examples
    --------
    In "ab c" the last piece is ``text[3:4]``. The ligature in "ﬁt" is one character, which becomes
    the f of one piece and the i of the next:

    >>> list(align(["▁ab", "▁c"], "▁ab▁c", [0, 0, 1, 2, 3, 4], [0, 1, 2, 3], [1, 2, 3, 4], 4))
    [('▁ab', 0, 2), ('▁c', 3, 4)]
    >>> list(align(["▁f", "it"], "▁fit", [0, 0, 0, 1, 2], [0, 1], [1, 2], 2))
    [('▁f', 0, 1), ('it', 0, 2)]
    """
    position = 0
    for piece in pieces:
        begin, position = position, position + len(piece)
        while begin < position and normalised[begin] == "▁":         # the space before a word
            begin += 1
        if begin == position:
            following = begins[position]
            start = starts[following] if following < len(starts) else length
            yield piece, start, start
            continue
        # Several characters that came from one (a ligature) begin at the same place. The end is
        # where the next character begins that begins later.
        after = position
        while after < len(begins) and begins[after] <= begins[position - 1]:
            after += 1
        stop = begins[after] if after < len(begins) else len(starts)
        yield piece, starts[begins[begin]], ends[stop - 1]
