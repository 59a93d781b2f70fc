"""Who sees whom when one encoder reads a source and writes a target; and the labels for it.

A translation is one sequence::

    [CLS] source ... [SEP] target ... [SEP] <pad> ...
    ------- source ------- ----- target ----

The source part ends with its ``[SEP]``, the target part with the one that says "finished".
"""

import numpy as np

from ...functional import IGNORED
from ...models.inputs import as_array


def prefix_lm_mask(source_lengths, target_lengths, T):
    r"""The attention mask of a prefix language model.

    A source token sees the whole source, a target token the source, itself and the target in
    front of it. With s source and t target tokens, token i may see token j where

    .. math::
       :label: PLM.1

       m_{ij} = [\, j < \max(s,\, i + 1) \,] \cdot [\, i < s + t \,]

    Padding, the tokens from s + t on, sees nothing and is seen by nobody.

    Parameters
    ----------
    source_lengths, target_lengths : integers (B,)
        Tokens of each part, special ones included. A target may be empty, a source may not.
    T : int
        Length of the padded sequences.

    Returns
    -------
    integer array (B, T, T) of zeros and ones
        For the ``attention_mask`` of a model; row i says what token i may see.

    Raises
    ------
    ValueError
        Where a length is impossible.

    References
    ----------
    Dong et al. 2019, "Unified Language Model Pre-training" (UniLM), section 2.3, the mask of the
    sequence-to-sequence task.

    Examples
    --------
    Two source tokens, two target tokens, one of padding:

    >>> prefix_lm_mask([2], [2], 5)[0].tolist()    # doctest: +NORMALIZE_WHITESPACE
    [[1, 1, 0, 0, 0],
     [1, 1, 0, 0, 0],
     [1, 1, 1, 0, 0],
     [1, 1, 1, 1, 0],
     [0, 0, 0, 0, 0]]
    """
    s, t = _lengths(source_lengths, target_lengths, T)
    s, end = s[:, None, None], (s + t)[:, None, None]                          # (B, 1, 1)
    i, j = np.arange(T)[:, None], np.arange(T)                                 # (T, 1), (T,)
    return ((j < np.maximum(s, i + 1)) & (i < end)).astype(np.int8)            # (PLM.1)


def next_piece_labels(input_ids, source_lengths, target_lengths):
    r"""What each token is to predict: the piece that follows it, from the source's end on.

    .. math::
       :label: PLM.2

       \text{label}_i = \begin{cases} \text{id}_{i+1} & s - 1 \le i < s + t - 1 \\
                                      -100 & \text{otherwise} \end{cases}

    The source's last token predicts the target's first piece, and every target token but the last
    the one behind it. In a masked language model the label of a token is the token itself, hidden
    behind ``[MASK]``; here it is hidden by the attention mask, one place further on.

    Parameters
    ----------
    input_ids : integers (B, T)
    source_lengths, target_lengths : as in :func:`prefix_lm_mask`

    Returns
    -------
    int64 array (B, T)

    Examples
    --------
    >>> next_piece_labels([[2, 7, 3, 8, 9, 3, 0]], [3], [3]).tolist()
    [[-100, -100, 8, 9, 3, -100, -100]]
    """
    input_ids = as_array("input_ids", input_ids).astype(np.int64)    # unsigned has no -100
    T = input_ids.shape[-1]
    s, t = _lengths(source_lengths, target_lengths, T)
    i = np.arange(T)
    asked = (i >= s[:, None] - 1) & (i < (s + t)[:, None] - 1)                 # (B, T)
    following = np.roll(input_ids, -1, axis=1)
    return np.where(asked, following, IGNORED)                                 # (PLM.2)


def translation_batch(sources, targets, config, max_length=None):
    """Pairs of texts as the arguments of ``AlbertForMaskedLM.forward``.

    Parameters
    ----------
    sources, targets : sequences of B sequences of piece ids
        Without special tokens.
    config : AlbertConfig
        For the ids of ``[CLS]``, ``[SEP]`` and ``<pad>``.
    max_length : int, optional
        The longest pair that is accepted, special tokens included; None means
        ``config.max_position_embeddings``.

    Returns
    -------
    dict
        input_ids, attention_mask, token_type_ids, labels: as long as the longest pair.

    Raises
    ------
    ValueError
        Where there are not as many targets as sources, or a pair is too long.
    """
    if len(sources) != len(targets) or not len(sources):
        raise ValueError(f"there are {len(sources)} sources and {len(targets)} targets; each "
                         f"source needs its target, and a batch at least one pair")
    limit = config.max_position_embeddings if max_length is None else max_length
    rows = [source_pieces(source, config) + [*map(int, target), config.eos_token_id]
            for source, target in zip(sources, targets)]
    for number, row in enumerate(rows):
        if len(row) > limit:
            raise ValueError(f"pair {number} is {len(row)} tokens long with its special tokens, "
                             f"but {limit} is the most; leave it out or shorten it")
    source_lengths = np.array([len(source) + 2 for source in sources])
    target_lengths = np.array([len(target) + 1 for target in targets])
    batch = padded(rows, source_lengths, target_lengths, config)
    return {**batch, "labels": next_piece_labels(batch["input_ids"], source_lengths,
                                                 target_lengths)}


def source_pieces(source, config):
    """``[CLS] source [SEP]`` as a list of ids."""
    return [config.bos_token_id, *map(int, source), config.eos_token_id]


def padded(rows, source_lengths, target_lengths, config):
    """Rows of ids of several lengths as input_ids, attention_mask and token_type_ids.

    Parameters
    ----------
    rows : list of lists of ids
    source_lengths, target_lengths : integer arrays (B,)
    config : AlbertConfig

    Returns
    -------
    dict
    """
    T = max(map(len, rows))
    input_ids = np.full((len(rows), T), config.pad_token_id)
    for b, row in enumerate(rows):
        input_ids[b, :len(row)] = row
    i, s, end = np.arange(T), source_lengths[:, None], (source_lengths + target_lengths)[:, None]
    types = ((i >= s) & (i < end)).astype(np.int64) * (config.type_vocab_size > 1)
    return {"input_ids": input_ids, "token_type_ids": types,
            "attention_mask": prefix_lm_mask(source_lengths, target_lengths, T)}


def _lengths(source_lengths, target_lengths, T):
    """The lengths as two int64 arrays (B,), refused where they do not fit into T."""
    s, t = as_array("source_lengths", source_lengths), as_array("target_lengths", target_lengths)
    for name, lengths, least in (("source_lengths", s, 1), ("target_lengths", t, 0)):
        if lengths.ndim != 1 or lengths.shape != s.shape or (
                not np.issubdtype(lengths.dtype, np.integer)):
            raise ValueError(f"{name} have shape {lengths.shape} and dtype {lengths.dtype}; they "
                             f"must be integers, one for each sequence")
        if (lengths < least).any():
            b = int(np.argmax(lengths < least))
            raise ValueError(f"{name}[{b}] is {lengths[b]}; it must be at least {least}")
    s, t = s.astype(np.int64), t.astype(np.int64)                  # 200 + 100 is 44 in uint8
    if (s + t > T).any():
        b = int(np.argmax(s + t > T))
        raise ValueError(f"sequence {b} has {s[b]} source and {t[b]} target tokens, which do not "
                         f"fit into {T}")
    return s, t
