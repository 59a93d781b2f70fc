"""Texts and pairs of texts with a label."""

import numpy as np

from ....text.tokenizing.arguments import lengths_kept
from .batches import check_pieces, join_pieces


def sequence_examples(tokenizer, rows, max_length, labels=()):
    """The pieces of texts, or of pairs of texts, and the numbers of their labels.

    A pair that is too long loses one piece after another from the end of its longer text, from the
    second where both are equally long.

    Parameters
    ----------
    tokenizer : AlbertTokenizer
    rows : list of Classification
    max_length : int
        With the special tokens.
    labels : tuple of str
        The place of a label in it is its number. Scores stay what they are. Of several labels
        each has a place with 1, all others 0.

    Returns
    -------
    list of dict, one for each row
        input_ids, token_type_ids, attention_mask : int64 arrays (T,)
        labels : int64 (), float64 () for a score, or float64 (K,) for several labels; missing
        where the row has none

    Raises
    ------
    ValueError
        A label is not in `labels`, `max_length` has no room for a piece of each text, or nothing is
        left of a text.

    References
    ----------
    google-research/albert, classifier_utils.py.
    """
    first = tokenizer.encode_batch([row.text for row in rows])
    second = iter(tokenizer.encode_batch([row.text_pair for row in rows
                                          if row.text_pair is not None]))
    examples = []
    for row, ids_a in zip(rows, first):
        ids_b = None if row.text_pair is None else next(second)
        texts = 1 if ids_b is None else 2
        room = max_length - texts - 1
        if room < texts:
            raise ValueError(f"max_length is {max_length}; it must be at least {2 * texts + 1}: "
                             f"{texts + 1} special tokens and a piece of each text.")
        check_pieces(row.text, ids_a)
        if ids_b is not None:
            check_pieces(row.text_pair, ids_b)
        keep_a, keep_b = lengths_kept(len(ids_a), len(ids_b or ()), room, "longest_first")
        example = join_pieces(tokenizer, ids_a[:keep_a], None if ids_b is None else ids_b[:keep_b])
        if row.label is not None:
            example["labels"] = _number(row.label, labels)
        examples.append(example)
    return examples


def _number(label, labels):
    if isinstance(label, tuple):
        numbers = [_number(one, labels) for one in label]
        return np.isin(np.arange(len(labels)), numbers).astype(np.float64)
    if not isinstance(label, str):
        return np.float64(label)
    if label not in labels:
        raise ValueError(f"The label {label!r} is unknown; the labels are {', '.join(labels)}.")
    return np.int64(labels.index(label))
