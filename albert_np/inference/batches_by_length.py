"""Batches of sentences of different lengths, with hardly any time spent on padding.

A batch is a rectangle: short sentences are padded to the longest, and every layer computes the
padding too, for nothing. Sentences sorted by length and cut into a few groups, each padded to its
own longest, leave little of it, and the layers need not know.
"""

import numpy as np

from ..models.outputs import AlbertOutput

TOKENS = 4096      # in one batch, padding included
OVERHEAD = 64      # tokens whose computation takes about as long as one more forward pass costs


def length_groups(lengths, overhead=OVERHEAD):
    r"""Cut a batch into groups of similar lengths.

    The cost of a group is its number of tokens, padding included, and a fixed part for the pass.
    Of all ways to cut the sequences in their order of length, the cheapest is found from the
    cheapest ways to cut the first j of them: the last group takes sequences j to i, so

    .. math::

       \text{cost}_i = \min_{j < i} \; \text{cost}_j + (i - j)\, \text{length}_{i-1}
                       + \text{overhead}

    Parameters
    ----------
    lengths : integer array (B,)
    overhead : int
        The fixed part, in tokens.

    Returns
    -------
    list of integer arrays
        The rows of each group; the group with the longest sequences first.

    Examples
    --------
    >>> [rows.tolist() for rows in length_groups([9, 2, 10, 3], overhead=4)]
    [[0, 2], [1, 3]]
    """
    lengths = np.asarray(lengths)
    order = np.argsort(lengths, kind="stable")
    costs, cuts = np.zeros(len(order) + 1), np.zeros(len(order) + 1, int)
    for i in range(1, len(order) + 1):
        j = np.arange(i)
        candidates = costs[:i] + (i - j) * lengths[order[i - 1]] + overhead
        cuts[i] = candidates.argmin()
        costs[i] = candidates[cuts[i]]
    groups, end = [], len(order)
    while end:
        groups.append(order[cuts[end]:end])
        end = cuts[end]
    return groups


def length_batches(lengths, tokens=None):
    """All examples in the order of their lengths, cut into batches of about so many tokens.

    Parameters
    ----------
    lengths : integer array (N,)
    tokens : int, optional
        Of a batch, padding included; None: ``TOKENS``. A longer example has a batch of its own.

    Yields
    ------
    integer arrays
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    first = 0
    while first < len(order):
        size = max(1, (tokens or TOKENS) // int(lengths[order[first]]))
        yield order[first:first + size]
        first += size


def forward_by_length(model, input_ids, attention_mask, token_type_ids=None, pool=None):
    """A forward pass without dropout over sequences of different lengths, padded at their end.

    Parameters
    ----------
    model : AlbertModel or AlbertForPreTraining
    input_ids : integers (B, T)
    attention_mask : zeros and ones (B, T)
        In each row ones, then zeros.
    token_type_ids : integers (B, T), optional
    pool : concurrent.futures.Executor, optional
        Runs the groups of :func:`length_groups` side by side.

    Returns
    -------
    AlbertOutput
        ``sequence_output``, ``pooled_output`` and, where the model has them,
        ``prediction_logits`` and ``sop_logits``, as the model's own forward pass gives them, but
        with 0 at the padding.

    Raises
    ------
    ValueError
        Where padding stands elsewhere than at the end.
    """
    inputs = {"input_ids": np.asarray(input_ids),
              "attention_mask": np.asarray(attention_mask).astype(np.int64)}
    if token_type_ids is not None:
        inputs["token_type_ids"] = np.asarray(token_type_ids)
    mask = inputs["attention_mask"]
    if mask.ndim != 2 or mask.shape != inputs["input_ids"].shape or (np.diff(mask) > 0).any():
        raise ValueError("attention_mask must have the shape of input_ids and, in each row, ones "
                         "and then zeros")
    lengths = mask.sum(axis=1)

    def run(rows):
        longest = lengths[rows].max()
        return rows, model.forward(**{name: array[rows, :longest]
                                      for name, array in inputs.items()})[0]

    result = AlbertOutput()
    for rows, output in (map if pool is None else pool.map)(run, length_groups(lengths)):
        for name in ("sequence_output", "prediction_logits", "pooled_output", "sop_logits"):
            part = getattr(output, name)
            if part is None:
                continue
            per_token = part.ndim == 3                                           # (b, t, ...)
            if getattr(result, name) is None:
                shape = mask.shape if per_token else mask.shape[:1]
                setattr(result, name, np.zeros((*shape, part.shape[-1]), part.dtype))
            if per_token:
                part[inputs["attention_mask"][rows, :part.shape[1]] == 0] = 0
                getattr(result, name)[rows, :part.shape[1]] = part
            else:
                getattr(result, name)[rows] = part
    return result
