"""Check the inputs of a model here, so that every error names the argument."""

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
    if isinstance(input_ids, dict):
        raise ValueError("input_ids is a dict; write **inputs, with two asterisks, to give each of "
                         "its arrays")
    input_ids = as_integers("input_ids", input_ids, None, config.vocab_size, "vocab_size")
    if input_ids.ndim != 2 or input_ids.size == 0:
        batch = "; tokenizer(text, return_tensors='np') makes a batch of one text"
        raise ValueError(f"input_ids have shape {input_ids.shape}; they must be (batch, tokens) "
                         f"with at least one of each{batch if input_ids.ndim == 1 else ''}")
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
        labels = as_integers("labels", labels, shape, config.vocab_size, "vocab_size",
                             ignored=IGNORED)
    if sentence_order_label is not None:
        sentence_order_label = as_array("sentence_order_label", sentence_order_label)
        if sentence_order_label.shape == (shape[0], 1):
            sentence_order_label = sentence_order_label[:, 0]
        sentence_order_label = as_integers("sentence_order_label", sentence_order_label,
                                         shape[:1], 2, "the number of orders", ignored=IGNORED)
    return labels, sentence_order_label


def check_positions_needed(positions, shape, pooler):
    """The positions at which the last hidden state is needed, as an array, or None for all.

    Parameters
    ----------
    positions : integers (B, R), or None
    shape : (B, T)
    pooler : bool
        Whether the pooler needs the first token.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if positions is None:
        return None
    B, T = shape
    positions = as_integers("positions", positions, None, T, "the number of tokens")
    if positions.ndim != 2 or len(positions) != B or positions.shape[1] < 1:
        raise ValueError(f"positions have shape {positions.shape}; they must be (batch, positions) "
                         f"with a batch of {B} and at least one position")
    in_order = np.sort(positions, axis=1)
    if (in_order[:, 1:] == in_order[:, :-1]).any():
        b = int(np.argmax((in_order[:, 1:] == in_order[:, :-1]).any(axis=1)))
        raise ValueError(f"positions[{b}] is {positions[b].tolist()}; no two may be alike")
    if pooler and positions[:, 0].any():
        b = int(np.flatnonzero(positions[:, 0])[0])
        raise ValueError(f"positions[{b}] begins with {positions[b, 0]}; it must begin with 0, the "
                         f"token that the pooler reads")
    return positions


def labelled_positions(labels):
    """Where the last hidden state is needed for these labels: at [CLS] and at each label.

    Parameters
    ----------
    labels : integers (B, T), -100 where nothing is predicted

    Returns
    -------
    integer array (B, R)
        R is the largest number of such positions in a sequence. A sequence with fewer is filled
        up with others of its own, whose label is -100.
    """
    needed = np.asarray(labels) != IGNORED
    needed[:, 0] = True
    R = needed.sum(axis=1).max()
    return np.argsort(~needed, axis=1, kind="stable")[:, :R]    # those needed first, in their order


def labels_at(labels, positions):
    """The labels of some positions.

    Parameters
    ----------
    labels : integers (B, T)
    positions : integers (B, R), or None for all

    Returns
    -------
    integer array (B, R)

    Raises
    ------
    ValueError
        A label is at a position that is left out.
    """
    if positions is None:
        return labels
    chosen = np.take_along_axis(labels, positions, axis=1)
    if np.count_nonzero(chosen != IGNORED) != np.count_nonzero(labels != IGNORED):
        raise ValueError("positions leave out a labelled token; labelled_positions(labels) has all")
    return chosen


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
