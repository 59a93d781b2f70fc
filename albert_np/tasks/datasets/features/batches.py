"""Rows of pieces put together, and examples of different lengths put into one batch."""

import numpy as np

from ....functional import IGNORED

# What fills the rest of a row; every other array is filled with zeros.
_FILLING = {"labels": IGNORED, "word_ids": -1, "p_mask": 1}


def join_pieces(tokenizer, ids_a, ids_b=None):
    """``[CLS] A [SEP]``, or ``[CLS] A [SEP] B [SEP]``.

    Parameters
    ----------
    tokenizer : AlbertTokenizer
    ids_a : list of int
    ids_b : list of int, optional

    Returns
    -------
    dict
        input_ids, token_type_ids, attention_mask : int64 arrays (T,)
            The token type is 1 for B and the last ``[SEP]``.
    """
    first = [tokenizer.cls_token_id, *ids_a, tokenizer.sep_token_id]
    second = [] if ids_b is None else [*ids_b, tokenizer.sep_token_id]
    return {"input_ids": np.array(first + second, np.int64),
            "token_type_ids": np.repeat(np.array([0, 1], np.int64), [len(first), len(second)]),
            "attention_mask": np.ones(len(first) + len(second), np.int64)}


def check_pieces(text, ids):
    """ValueError if the tokenizer leaves nothing of a text.

    Parameters
    ----------
    text : str
    ids : list of int
    """
    if not len(ids):
        raise ValueError(f"Of the text {text[:60]!r} the tokenizer leaves no piece; a text needs "
                         f"at least one.")


def pad_examples(examples, pad_token_id, length=None):
    """Put examples of different lengths into one batch, padded at the end.

    Parameters
    ----------
    examples : list of B dicts
        With the same names. Arrays whose last axis has the length of ``input_ids`` are padded
        (``offsets``, with a further axis, too): ``labels`` with -100, ``word_ids`` with -1,
        ``p_mask`` with 1, ``input_ids`` with the padding piece, others with 0. All other values
        are stacked.
    pad_token_id : int
    length : int, optional
        Of every row. None: that of the longest.

    Returns
    -------
    dict of arrays (B, ...)
        Padded integers become int64. For choices (B, C, T).

    Raises
    ------
    ValueError
        There is no example, or one is longer than `length`.
    """
    if not examples:
        raise ValueError("There is no example to make a batch of.")
    longest = max(example["input_ids"].shape[-1] for example in examples)
    length = longest if length is None else length
    if longest > length:
        raise ValueError(f"An example has {longest} pieces, but a batch of length {length} is "
                         f"asked for.")
    batch = {}
    for name in examples[0]:
        filling = pad_token_id if name == "input_ids" else _FILLING.get(name, 0)
        batch[name] = np.stack([_pad(np.asarray(example[name]), name, filling, example, length)
                                for example in examples])
    return batch


def _pad(array, name, filling, example, length):
    axis = array.ndim - (2 if name == "offsets" else 1)
    T = example["input_ids"].shape[-1]
    if axis < 0 or array.shape[axis] != T:
        return array
    if np.issubdtype(array.dtype, np.integer):
        array = array.astype(np.int64)                    # an unsigned array could not hold -100
    widths = [(0, length - T if i == axis else 0) for i in range(array.ndim)]
    return np.pad(array, widths, constant_values=filling)
