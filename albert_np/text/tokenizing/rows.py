"""The rows of a batch: pieces cut to a length, special tokens around them, padding after them."""

import numpy as np

from .arguments import lengths_kept, refuse_empty

NOWHERE = (0, 0)      # the offsets of a special token


def build_row(a, b, special, max_length, truncation):
    """Put one row together.

    Parameters
    ----------
    a, b : (list of int, list of (int, int))
        Ids and offsets of the pieces of each text; `b` may be None.
    special : (int, int) or None
        The ids of ``[CLS]`` and ``[SEP]``; None adds neither.
    max_length : int or None
    truncation : str

    Returns
    -------
    ids (T,), token types (T,), offsets (T, 2) : lists

    Raises
    ------
    ValueError
        `truncation` cannot make the texts fit, or of a text with pieces none would be left.
    """
    parts = [a] if b is None else [a, b]
    if max_length is not None:
        room = max_length - (len(parts) + 1 if special else 0)
        lengths = [len(ids) for ids, _ in (a, b or ([], []))]
        kept = lengths_kept(*lengths, room, truncation)
        refuse_empty(lengths, kept, max_length, room, truncation)
        parts = [(ids[:n], spans[:n]) for (ids, spans), n in zip(parts, kept)]
    row_ids, types, row_spans = [], [], []
    if special:
        row_ids, types, row_spans = [special[0]], [0], [NOWHERE]
    for part_type, (ids, spans) in enumerate(parts):
        if special:
            ids, spans = [*ids, special[1]], [*spans, NOWHERE]
        row_ids += ids
        row_spans += spans
        types += [part_type] * len(ids)
    return row_ids, types, row_spans


def stack_rows(rows, length, pad_token_id, with_offsets):
    """The rows of `build_row` as the arrays of a batch.

    Parameters
    ----------
    rows : list of B rows
    length : int or None
        T; None takes the number of tokens of the longest row.
    pad_token_id : int
    with_offsets : bool

    Returns
    -------
    dict of int64 arrays
        input_ids, token_type_ids, attention_mask (B, T) and perhaps offset_mapping (B, T, 2)
    """
    B, T = len(rows), length or max(len(ids) for ids, _, _ in rows)
    result = {"input_ids": np.full((B, T), pad_token_id),
              "token_type_ids": np.zeros((B, T), np.int64),
              "attention_mask": np.zeros((B, T), np.int64)}
    if with_offsets:
        result["offset_mapping"] = np.zeros((B, T, 2), np.int64)
    for b, (ids, types, spans) in enumerate(rows):
        result["input_ids"][b, :len(ids)] = ids
        result["token_type_ids"][b, :len(ids)] = types
        result["attention_mask"][b, :len(ids)] = 1
        if with_offsets and spans:
            result["offset_mapping"][b, :len(ids)] = spans
    return result
