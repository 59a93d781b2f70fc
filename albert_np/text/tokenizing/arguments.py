"""What the tokenizer is asked for, checked: texts, lengths, truncation."""

import numpy as np

TRUNCATIONS = ("longest_first", "only_first", "only_second", "never")


def check_text(text):
    """The text itself, if it is one."""
    if not isinstance(text, str):
        raise ValueError(f"A text must be a str, not {type(text).__name__}.")
    if not text.isascii():
        try:
            text.encode()                    # a half of a surrogate pair stands for no character
        except UnicodeEncodeError as error:
            raise ValueError(f"The text holds {text[error.start]!r} at position {error.start}, "
                             f"which is half of a character; was its file read as UTF-8?"
                             ) from None
    return text


def check_texts(text, pair):
    """Both arguments as lists of equal length; no pair gives a list of None."""
    texts = [text] if isinstance(text, str) else text
    pairs = [pair] if isinstance(pair, str) or pair is None else pair
    for name, value in (("text", texts), ("text_pair", pairs)):
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{name} must be a str or a list of str, not {type(value).__name__}.")
    if not texts:
        raise ValueError("text is an empty list; at least one text is needed.")
    if pair is None:
        return texts, [None] * len(texts)
    if isinstance(text, str) != isinstance(pair, str) or len(texts) != len(pairs):
        raise ValueError("text and text_pair must both be a str, or lists of the same length; here "
                         f"they hold {len(texts)} and {len(pairs)}.")
    return texts, pairs


def check_return_tensors(return_tensors):
    """Refuse tensors of other libraries."""
    if return_tensors not in (None, "np"):
        raise ValueError(f"return_tensors is {return_tensors!r}; the models here read NumPy "
                         f"arrays, so write return_tensors='np'.")


def settle_lengths(max_length, padding, truncation, model_max_length, has_pair, special):
    """What the three arguments of a call mean together, refused if they make no sense together.

    Parameters
    ----------
    max_length, padding, truncation
        As for `AlbertTokenizer.__call__`.
    model_max_length : int or None
        Used where a length is needed and none is given.
    has_pair, special : bool
        Whether there is a second text, and whether special tokens are added.

    Returns
    -------
    max_length : int or None
        The number of tokens that a row may have.
    pad_to : int or None
        The number of tokens that a row is padded to; None: those of the longest.
    truncation : str
    """
    if padding not in (False, True, "longest", "max_length"):
        raise ValueError(f"padding must be True, False, 'longest' or 'max_length', not "
                         f"{padding!r}.")
    if truncation not in (None, True, False, *TRUNCATIONS):
        raise ValueError(f"truncation must be True, False or one of {', '.join(TRUNCATIONS)}, not "
                         f"{truncation!r}.")
    if truncation == "only_second" and not has_pair:
        raise ValueError("truncation='only_second' needs a second text (text_pair).")
    cuts = truncation not in (None, False, "never")
    if max_length is None and (cuts or padding == "max_length"):
        max_length = model_max_length
    if max_length is None:
        if padding == "max_length":
            raise ValueError("padding='max_length' needs a max_length.")
    else:
        _check_max_length(max_length, (3 if has_pair else 2) if special else 1)
    kinds = {None: "longest_first", True: "longest_first", False: "never"}
    return (max_length, max_length if padding == "max_length" else None,
            kinds.get(truncation, truncation))


def _check_max_length(max_length, least):
    if isinstance(max_length, bool) or not isinstance(max_length, (int, np.integer)) \
            or max_length < least:
        raise ValueError(f"max_length must be an integer of at least {least}, the number of "
                         f"special tokens that are added, not {max_length!r}.")


def lengths_kept(length_a, length_b, room, truncation):
    """How many pieces of A and of B fit into `room`."""
    excess = length_a + length_b - room
    if excess <= 0:
        return length_a, length_b
    if truncation == "longest_first":
        # First the longer one comes down to the shorter one; then both in turn, B first.
        from_longer = min(excess, abs(length_a - length_b))
        in_turn = excess - from_longer
        cut_a, cut_b = in_turn // 2, in_turn - in_turn // 2
        if length_a > length_b:
            return length_a - from_longer - cut_a, length_b - cut_b
        return length_a - cut_a, length_b - from_longer - cut_b
    if truncation == "only_first" and length_a >= excess:
        return length_a - excess, length_b
    if truncation == "only_second" and length_b >= excess:
        return length_a, length_b - excess
    raise ValueError(f"The text needs {length_a + length_b} pieces besides the special tokens, but "
                     f"max_length leaves room for {room} and truncation={truncation!r} cannot make "
                     f"it fit; use a larger max_length or truncation='longest_first'.")


def refuse_empty(lengths, kept, max_length, room, truncation):
    """Refuse a row in which special tokens stand around nothing: it says nothing of its text.

    Parameters
    ----------
    lengths, kept : (int, int)
        Pieces of A and B, before and after `lengths_kept`.
    max_length : int
    room : int
        What the special tokens leave of `max_length`.
    truncation : str

    Raises
    ------
    ValueError
        A text had pieces and has none; the sentence says the least `max_length`.
    """
    if all(after or not before for before, after in zip(lengths, kept)):
        return
    fixed = {"only_first": 1, "only_second": 0}.get(truncation)      # the text that is not cut
    least = max_length - room + sum(length if number == fixed else min(length, 1)
                                    for number, length in enumerate(lengths))
    which = "the text" if not lengths[1] else "the first text" if not kept[0] else "the second text"
    raise ValueError(f"max_length is {max_length}, which leaves no piece of {which}; it must be at "
                     f"least {least}.")
