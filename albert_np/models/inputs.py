"""What a model accepts, checked at its door so that no error comes from three floors down."""

import numpy as np

from ..functional import IGNORED


def check_inputs(config, input_ids, attention_mask, token_type_ids, rng=None):
    """Turn the inputs into arrays, fill in the defaults, and refuse what makes no sense.

    Parameters
    ----------
    config : AlbertConfig
    input_ids : integers (B, T)
    attention_mask : zeros and ones (B, T) or (B, T, T), or None for all ones
    token_type_ids : integers (B, T), or None for all zeros
    rng : numpy.random.Generator or None

    Returns
    -------
    input_ids, attention_mask, token_type_ids : arrays (attention_mask stays None if it was)

    Raises
    ------
    ValueError
        In one sentence that names the argument, what was wrong and what would be right.
    """
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a numpy.random.Generator or None, not a "
                         f"{type(rng).__name__}")
    input_ids = as_integers("input_ids", input_ids, None, config.vocab_size, "vocab_size")
    if input_ids.ndim != 2 or input_ids.size == 0:
        raise ValueError(f"input_ids have shape {input_ids.shape}; they must be (batch, tokens) "
                         f"with at least one of each")
    B, T = input_ids.shape
    if T > config.max_position_embeddings:
        raise ValueError(f"input_ids are {T} tokens long, but max_position_embeddings is "
                         f"{config.max_position_embeddings}; shorten the text")
    if token_type_ids is None:
        token_type_ids = np.zeros((B, T), dtype=np.int64)
    token_type_ids = as_integers("token_type_ids", token_type_ids, (B, T), config.type_vocab_size,
                               "type_vocab_size")
    if attention_mask is not None:
        attention_mask = as_array("attention_mask", attention_mask)
        if attention_mask.shape not in ((B, T), (B, T, T)):
            raise ValueError(f"attention_mask has shape {attention_mask.shape}; it must be "
                             f"{(B, T)} or {(B, T, T)}, as input_ids are {(B, T)}")
        if not np.isin(attention_mask, (0, 1)).all():
            raise ValueError("attention_mask may hold only 0 (not to be seen) and 1 (to be seen)")
        nothing_seen = np.flatnonzero(~attention_mask.reshape(B, -1).any(axis=1))
        if nothing_seen.size:
            raise ValueError(f"attention_mask hides every token of sequence {nothing_seen[0]}; "
                             f"at least one must be seen")
    return input_ids, attention_mask, token_type_ids


def check_labels(config, shape, labels, sentence_order_label):
    """The same for the labels of pretraining.

    Parameters
    ----------
    config : AlbertConfig
    shape : (B, T)
    labels : integers (B, T), -100 where nothing is predicted, or None
    sentence_order_label : integers (B,), 0 in order, 1 swapped, -100 not asked, or None

    Returns
    -------
    labels, sentence_order_label : arrays, or None where they were None
    """
    if labels is not None:
        labels = as_integers("labels", labels, shape, config.vocab_size, "vocab_size", ignored=IGNORED)
    if sentence_order_label is not None:
        sentence_order_label = as_array("sentence_order_label", sentence_order_label)
        if sentence_order_label.shape == (shape[0], 1):
            sentence_order_label = sentence_order_label[:, 0]
        sentence_order_label = as_integers("sentence_order_label", sentence_order_label,
                                         shape[:1], 2, "the number of orders", ignored=IGNORED)
    return labels, sentence_order_label


def as_integers(name, values, shape, limit, limit_name, ignored=None):
    """``values`` as an integer array of the given shape, each in [0, limit) or ``ignored``."""
    values = as_array(name, values)
    if values.size and not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"{name} have dtype {values.dtype}; they must be integers")
    if shape is not None and values.shape != shape:
        raise ValueError(f"{name} have shape {values.shape}; they must have shape {shape}")
    wrong = (values < 0) | (values >= limit)
    if ignored is not None:
        wrong &= values != ignored
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        or_ignored = f" or {ignored}" if ignored is not None else ""
        raise ValueError(f"{name}{list(at)} is {values[at]}; it must lie in [0, {limit})"
                         f"{or_ignored}, as {limit_name} is {limit}")
    return values


def as_array(name, values):
    """``values`` as an array, unless its rows are of different lengths."""
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} have rows of different lengths; pad them to one length") from None
