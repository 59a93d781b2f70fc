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
    for name, value in (("text", texts), ("pair", pairs)):
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{name} must be a str or a list of str, not {type(value).__name__}.")
    if not texts:
        raise ValueError("text is an empty list; at least one text is needed.")
    if pair is None:
        return texts, [None] * len(texts)
    if isinstance(text, str) != isinstance(pair, str) or len(texts) != len(pairs):
        raise ValueError("text and pair must both be a str, or lists of the same length; here "
                         f"they hold {len(texts)} and {len(pairs)}.")
    return texts, pairs


def check_lengths(max_length, padding, truncation, has_pair):
    """Refuse lengths and ways of padding and truncating that make no sense together."""
    if padding not in (False, "max_length"):
        raise ValueError(f"padding must be False or 'max_length', not {padding!r}.")
    if truncation not in TRUNCATIONS:
        raise ValueError(f"truncation must be one of {', '.join(TRUNCATIONS)}, not {truncation!r}.")
    if truncation == "only_second" and not has_pair:
        raise ValueError("truncation='only_second' needs a second text (pair).")
    if max_length is None:
        if padding:
            raise ValueError("padding='max_length' needs a max_length.")
        return
    least = 3 if has_pair else 2
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
