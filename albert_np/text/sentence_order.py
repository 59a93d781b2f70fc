"""Pairs of segments for the sentence-order objective."""

import numpy as np

IN_ORDER, SWAPPED = 0, 1


def sentence_order_pairs(documents, max_length, rng, short_seq_prob=0.1):
    """Cut documents into pairs of neighbouring segments, and swap half of the pairs.

    Sentences of a document are collected until they fill a sequence. This chunk is cut between two
    of its sentences, at a random place, into the segments A and B. With probability 1/2 they are
    swapped; the model has to find out whether they were. Both segments always come from the same
    place of the same document, so that their subjects give nothing away: only their order does.

    A chunk needs two sentences for that. One very long sentence is therefore taken together with
    the next one, and a single sentence left over at the end of a document is dropped.

    Parameters
    ----------
    documents : list of documents; a document is a list of int arrays, one for each sentence
    max_length : int
        The length of the sequence, including the three special tokens that are added later.
    rng : np.random.Generator
    short_seq_prob : float
        The share of documents cut into sequences shorter than that, of a random length: the model
        should see short inputs too.

    Returns
    -------
    list of (a, b, label)
        a, b : int arrays, not empty, with ``len(a) + len(b) <= max_length - 3``
        label : 0 in order, 1 swapped

    Raises
    ------
    ValueError
        max_length is below 5, short_seq_prob is not a probability, or no document has two
        sentences.

    References
    ----------
    Lan et al. 2020, section 3.1; google-research/albert, create_pretraining_data.py,
    create_instances_from_document. There a chunk of a single sentence gets a second segment from
    another document, labelled as swapped, which can be told by its subject alone; not here.
    """
    if max_length < 5:
        raise ValueError(f"max_length must be at least 5, three special tokens and a piece for "
                         f"each segment, not {max_length}.")
    if not 0 <= short_seq_prob <= 1:
        raise ValueError(f"short_seq_prob must lie between 0 and 1, not {short_seq_prob}.")
    room = max_length - 3
    pairs = []
    for d in rng.permutation(len(documents)):
        target = room
        if rng.random() < short_seq_prob:
            target = int(rng.integers(2, room + 1))
        for chunk in _chunks(documents[d], target):
            pairs.append(_make_pair(chunk, room, rng))
    if not pairs:
        raise ValueError(f"None of the {len(documents)} documents has two sentences, and a "
                         "sentence-order pair needs two of the same document.")
    return pairs


def _chunks(document, target):
    """Yield lists of two or more consecutive sentences, with `target` pieces or a few more."""
    chunk, length = [], 0
    for sentence in document:
        if len(sentence) == 0:
            continue
        chunk.append(sentence)
        length += len(sentence)
        if length >= target and len(chunk) > 1:
            yield chunk
            chunk, length = [], 0
    if len(chunk) > 1:
        yield chunk


def _make_pair(chunk, room, rng):
    a_end = int(rng.integers(1, len(chunk)))               # sentences in A: 1 to len(chunk) - 1
    a, b = np.concatenate(chunk[:a_end]), np.concatenate(chunk[a_end:])
    label = IN_ORDER
    if rng.random() < 0.5:
        a, b, label = b, a, SWAPPED
    a, b = truncate_pair(a, b, room, rng)
    return a, b, label


def truncate_pair(a, b, room, rng):
    """Shorten two segments until both together fit.

    Piece after piece is taken from the longer segment (from B where they are equally long), from
    its front or its back with equal probability, so that neither end is always lost.

    Parameters
    ----------
    a, b : int arrays
    room : int
        The number of pieces that fit, at least 2.
    rng : np.random.Generator

    Returns
    -------
    a, b : int arrays
        Parts of the arguments with ``len(a) + len(b) <= room``.

    References
    ----------
    google-research/albert, create_pretraining_data.py, truncate_seq_pair.
    """
    if len(a) + len(b) <= room:
        return a, b
    # Where this ends does not depend on chance: a segment that has less than half of the room keeps
    # everything, otherwise both end up equal, A with the odd piece.
    keep_a = min(len(a), max(room - room // 2, room - len(b)))
    return _cut(a, keep_a, rng), _cut(b, room - keep_a, rng)


def _cut(segment, keep, rng):
    # The number of heads in as many coin tosses as there are pieces to take away.
    front = rng.binomial(len(segment) - keep, 0.5)
    return segment[front:front + keep]
