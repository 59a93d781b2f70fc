"""Cutting documents into pairs of segments, for the sentence tasks."""

from bisect import bisect_left, bisect_right

import numpy as np

from ..functional import IGNORED

IN_ORDER, SWAPPED, RANDOM_NEXT = 0, 1, 1


class NoPairs(ValueError):
    """These documents give no pair of segments."""


def segment_pairs(documents, options, rng):
    """Cut documents into pairs of segments, and give each pair the label of the sentence task.

    Sentences of a document are collected as long as they fit into a sequence. This chunk is cut
    between two of its sentences, at a random place, into the segments A and B. A chunk needs two
    sentences for that: two that are too long together are truncated, and a single one left over at
    the end of a document is dropped.

    Sentence order ("sop"): with probability 1/2 the two are swapped, and the model has to find out
    whether they were. Both always come from the same place of the same document, so that their
    subjects give nothing away; only their order does.

    Next sentence ("nsp"): with probability 1/2 the second segment is text from a random place of
    another document, and the sentences whose place it took go into the next chunk.

    Parameters
    ----------
    documents : sequence of documents
        Only ``len(documents)`` and ``documents[i]`` are used; a document is a list of int arrays,
        one for each sentence.
    options : DataOptions
    rng : np.random.Generator

    Returns
    -------
    list of (a, b, label)
        a, b : int arrays, not empty, with ``len(a) + len(b) <= max_seq_length - 3``
        label : 0 in order, 1 swapped or from another document, -100 not asked

    Raises
    ------
    NoPairs (a ValueError)
        No document has two sentences, or there is no other document for "nsp".

    References
    ----------
    Lan et al. 2020, section 3.1; google-research/albert, create_pretraining_data.py,
    create_instances_from_document. `DataOptions` says what differs, and how to have it back.
    """
    pieces, spans = segment_spans(documents, options, rng)
    return [(pieces[a:a_stop], pieces[b:b_stop], label)
            for a, a_stop, b, b_stop, label in spans.tolist()]


def segment_spans(documents, options, rng):
    """`segment_pairs` without copying text: where A and B stand in all pieces, one after another.

    Parameters
    ----------
    documents, options, rng : as in `segment_pairs`

    Returns
    -------
    pieces : int array (P,)
        All sentences of all documents, joined.
    spans : int array (N, 5)
        A row (a, a_stop, b, b_stop, label) stands for the segments ``pieces[a:a_stop]`` and
        ``pieces[b:b_stop]``.
    """
    sentences, document_starts = [], [0]
    for d in range(len(documents)):
        sentences += [sentence for sentence in documents[d] if len(sentence)]
        if len(sentences) > document_starts[-1]:                    # the document has text
            document_starts.append(len(sentences))
    if options.sentence_task == "nsp" and len(document_starts) < 3:
        raise NoPairs("sentence_task='nsp' takes segments from another document, and there is "
                      "no other; separate documents by empty lines, or ask for 'sop'.")
    sentence_starts = np.cumsum([0, *map(len, sentences)]).tolist()
    spans = _cut(sentence_starts, document_starts, options, rng)
    if not spans:
        raise NoPairs(f"None of the {len(documents)} documents has two sentences, and a pair of "
                      "segments needs two of the same document. With layout='lines' an empty line "
                      "ends a document, with 'prose' only a paragraph.")
    return np.concatenate(sentences), truncate(np.array(spans), options.room, rng)


def _cut(starts, document_starts, options, rng):
    """The spans before truncation.

    For each document a target length is drawn: the `room` of the options, or with the probability
    `short_seq_prob` a length from 2 to the room. Then chunks are cut, one after another. A chunk
    has at least `least_sentences` (two; one, with `single_sentence_negatives`), and as many more
    as fit into the target (with `overfull_chunks`, as many as it takes to reach it). The rest of a
    document that is too short for a chunk is dropped. With `random_start` the first chunk begins
    at a random one of the sentences that it would hold, so that at least two are left; if not, at
    the first sentence.

    Each chunk is cut at a random place between two of its sentences into A and B. For the
    `sentence_task` "sop" A and B are exchanged with probability 1/2, with the label SWAPPED. For
    "nsp", with probability 1/2, B comes from another document, from a random sentence of it on, as
    many sentences as fit beside A (at least one), with the label RANDOM_NEXT; the next chunk then
    begins behind A. A chunk of one sentence always gets such a B. Otherwise the label is IN_ORDER.
    It is -100 if the task is "none", and with `beginnings_only` for all but the first chunk of a
    document, which stay in order.

    Parameters
    ----------
    starts : list of int
        The place of the first piece of each sentence, and the end of the last.
    document_starts : list of int
        The number of the first sentence of each document, and the number of all sentences.
    options : DataOptions
    rng : np.random.Generator

    Returns
    -------
    list of (a, a_stop, b, b_stop, label)
        In the order of the text.
    """
    def below(n):                                         # a random integer from 0 to n - 1
        return int(rng.random() * n)

    def end_of(i, last, length, least):
        """Behind which sentence a segment ends that begins with sentence i.

        It has at least `least` sentences, and as many as fit into `length` pieces (or, overfull,
        as many as it takes to reach that length), as far as there are any before `last`.
        """
        soonest, place = min(i + least, last), starts[i] + length
        if options.overfull_chunks:
            return bisect_left(starts, place, soonest, last)
        return max(soonest, bisect_right(starts, place, soonest, last + 1) - 1)

    def segment_of_another_document(d, length):
        other = d                                         # of itself only where there is no other
        if D > 1:
            other = below(D - 1)
            other += other >= d
        first, last = document_starts[other], document_starts[other + 1]
        j = first + below(last - first)
        return starts[j], starts[end_of(j, last, length, 1)]

    D = len(document_starts) - 1
    sop, nsp = options.sentence_task == "sop", options.sentence_task == "nsp"
    least = options.least_sentences
    spans = []
    for d in range(D):
        first, last = document_starts[d], document_starts[d + 1]
        target = options.room
        if rng.random() < options.short_seq_prob:
            target = 2 + below(options.room - 1)                            # 2 to room
        i = first
        if options.random_start:
            sentences = end_of(first, last, target, least) - first
            i += below(max(1, min(sentences, last - first - 1)))            # leaves two sentences
        while last - i >= least:
            stop = end_of(i, last, target, least)
            middle = i + 1 + below(max(1, stop - i - 1))      # A has 1 to all but one of them
            a, b = (starts[i], starts[middle]), (starts[middle], starts[stop])
            asked = (sop or nsp) and (i == first or not options.beginnings_only)
            label = IN_ORDER
            if stop - i == 1 or (nsp and asked and rng.random() < 0.5):
                b = segment_of_another_document(d, target - (a[1] - a[0]))
                label = RANDOM_NEXT
                stop = middle                                 # what was not used comes next
            elif sop and asked and rng.random() < 0.5:
                a, b, label = b, a, SWAPPED
            spans.append((*a, *b, label if asked else IGNORED))
            i = stop
    return spans


def truncate(spans, room, rng):
    """Shorten segments until both of each pair fit together.

    Piece after piece is taken from the longer segment (from B where they are equally long), from
    its front or its back with equal probability, so that neither end is always lost.

    Where this ends does not depend on chance: a segment that has less than half of the room keeps
    everything, otherwise both end up equal, A with the odd piece. And how many pieces are lost at
    the front is the number of heads in as many coin tosses as there are pieces to take away.

    Parameters
    ----------
    spans : int array (N, 5)
        Rows of (a, a_stop, b, b_stop, label).
    room : int
        The number of pieces that fit, at least 2.
    rng : np.random.Generator

    Returns
    -------
    int array (N, 5)
        With ``(a_stop - a) + (b_stop - b) <= room``.

    References
    ----------
    google-research/albert, create_pretraining_data.py, truncate_seq_pair.
    """
    a, a_stop, b, b_stop, label = spans.T
    length_a, length_b = a_stop - a, b_stop - b
    keep_a = np.minimum(length_a, np.maximum(room - room // 2, room - length_b))
    keep_b = np.minimum(length_b, room - keep_a)
    a = a + rng.binomial(length_a - keep_a, 0.5)
    b = b + rng.binomial(length_b - keep_b, 0.5)
    return np.stack([a, a + keep_a, b, b + keep_b, label], axis=1)
