"""Pairs of segments for the sentence-order objective."""

import numpy as np

IN_ORDER, SWAPPED, NOT_ASKED = 0, 1, -100


def sentence_order_pairs(documents, max_length, rng, short_seq_prob=0.1, random_start=True,
                         beginnings_only=False):
    """Cut documents into pairs of neighbouring segments, and swap half of the pairs.

    Sentences of a document are collected as long as they fit into a sequence. This chunk is cut
    between two of its sentences, at a random place, into the segments A and B. With probability
    1/2 they are swapped; the model has to find out whether they were. Both segments always come
    from the same place of the same document, so that their subjects give nothing away: only their
    order does.

    The first chunk of a document begins at a random one of the sentences that it would hold, so
    that another epoch cuts the same text elsewhere.

    A chunk needs two sentences for that. Two that are too long together are therefore truncated,
    and a single sentence left over at the end of a document is dropped.

    Parameters
    ----------
    documents : list of documents; a document is a list of int arrays, one for each sentence
    max_length : int
        The length of the sequence, including the three special tokens that are added later.
    rng : np.random.Generator
    short_seq_prob : float
        The share of documents cut into sequences shorter than that, of a random length: the model
        should see short inputs too.
    random_start : bool
        False begins every document at its first sentence, as the original does.
    beginnings_only : bool
        Ask for the order only where the chunk is the beginning of a document; other pairs stay in
        order and get the label -100. In the middle of a short text hardly anyone can tell which of
        two sentences came first; that something begins can be seen.

    Returns
    -------
    list of (a, b, label)
        a, b : int arrays, not empty, with ``len(a) + len(b) <= max_length - 3``
        label : 0 in order, 1 swapped, -100 not asked

    Raises
    ------
    ValueError
        max_length is below 5, short_seq_prob is not a probability, or no document has two
        sentences.

    References
    ----------
    Lan et al. 2020, section 3.1; google-research/albert, create_pretraining_data.py,
    create_instances_from_document. Two things differ. There a chunk takes one sentence more than
    fits, so that nearly every pair is truncated; that costs little at 512 tokens and nearly half
    of the text at 32. And there a chunk of a single sentence gets a second segment from another
    document, labelled as swapped, which can be told by its subject alone.
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
        start = 0
        if random_start:
            first_chunk = next(_chunks(documents[d], target), ())
            start = int(rng.integers(max(1, min(len(first_chunk), len(documents[d]) - 1))))
        for number, chunk in enumerate(_chunks(documents[d][start:], target)):
            asked = not beginnings_only or start == number == 0
            pairs.append(_make_pair(chunk, room, rng, asked))
    if not pairs:
        raise ValueError(f"None of the {len(documents)} documents has two sentences, and a "
                         "sentence-order pair needs two of the same document.")
    return pairs


def _chunks(document, target):
    """Yield lists of consecutive sentences: two, and then as many as fit into `target` pieces."""
    chunk, length = [], 0
    for sentence in document:
        if len(sentence) == 0:
            continue
        if len(chunk) > 1 and length + len(sentence) > target:
            yield chunk
            chunk, length = [], 0
        chunk.append(sentence)
        length += len(sentence)
    if len(chunk) > 1:
        yield chunk


def _make_pair(chunk, room, rng, asked=True):
    a_end = int(rng.integers(1, len(chunk)))               # sentences in A: 1 to len(chunk) - 1
    a, b = np.concatenate(chunk[:a_end]), np.concatenate(chunk[a_end:])
    label = IN_ORDER if asked else NOT_ASKED
    if asked and rng.random() < 0.5:
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
