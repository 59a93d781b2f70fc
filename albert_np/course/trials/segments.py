"""Trials of segments and batches: how documents are cut into pairs, and laid out as arrays.

What is drawn at random is asked for shares of many draws, as in ``masking``.
"""

import numpy as np

from ...text.data_options import DataOptions
from .masking import share, vocabulary
from .random_inputs import depends_on_generator, generator, near, refused


def _documents(draw, D=1600):
    """Places where sentences begin, and sentences with which documents begin."""
    sentences = draw.rng.integers(3, 9, D)
    document_starts = np.concatenate([[0], np.cumsum(sentences)]).tolist()
    lengths = draw.rng.integers(3, 9, document_starts[-1])
    return np.concatenate([[0], np.cumsum(lengths)]).tolist(), document_starts


def cut_segments(f, draw):
    """Shares of the classes, and what a label says of the places."""
    starts, document_starts = _documents(draw)
    for task in ("sop", "nsp"):
        options = DataOptions(max_seq_length=30, sentence_task=task, random_start=False)
        spans = np.array(f._cut(starts, document_starts, options,
                                np.random.default_rng(int(draw.integers(0, 2**31)))))
        a, a_stop, b, b_stop, label = spans.T
        yield f"the share of label 1 ({task}), in tenths", share(label == 1, 10)
        yield f"among the pairs ({task}), in fifths", {
            "labelled 0 with B right behind A": share((a_stop == b)[label == 0], 5),
            "labelled 1 with A right behind B": share((b_stop == a)[label == 1], 5)}
        seen = np.zeros(starts[-1] + 1)
        np.add.at(seen, a, 1)
        np.add.at(seen, a_stop, -1)
        if task == "sop":
            np.add.at(seen, b, 1)
            np.add.at(seen, b_stop, -1)
        else:
            np.add.at(seen, b[label == 0], 1)
            np.add.at(seen, b_stop[label == 0], -1)
        yield f"the share of the text that is used ({task}), in eighths", share(
            seen.cumsum()[:-1] > 0, 8)
    yield from _chances(f, draw, *_documents(draw, D=500))
    # With few documents, one that is its own "other" document is soon met.
    from_one, others = False, set()
    for D in (4, 2) * 40:
        starts, document_starts = _documents(draw, D=D)
        edges = [starts[sentence] for sentence in document_starts]
        spans = np.array(f._cut(starts, document_starts, options,
                                np.random.default_rng(int(draw.integers(0, 2**31)))))
        random = spans[spans[:, 4] == 1]
        from_one |= bool((np.searchsorted(edges, random[:, 0], side="right")
                          == np.searchsorted(edges, random[:, 2], side="right")).any())
        others |= {(D, int(b)) for b in np.searchsorted(edges, random[:, 2], side="right")}
    yield "whether a random B comes from the document of A", from_one
    yield "from which of four and of two documents a random B comes", sorted(others)


def _chances(f, draw, starts, document_starts):
    """What is drawn, and what each option changes."""
    places = np.array(starts)

    def spans_of(**changes):
        options = DataOptions(**{"max_seq_length": 30, "random_start": False, **changes})
        return np.array(f._cut(starts, document_starts, options, generator(draw)))

    def documents_of(column):
        return np.searchsorted(places[document_starts], column, side="right")

    spans = spans_of()
    in_order = spans[spans[:, 4] == 0]
    in_a, in_both = (np.searchsorted(places, in_order[:, end])
                     - np.searchsorted(places, in_order[:, 0]) for end in (1, 3))
    cut = in_a[in_both == 3]
    yield "whether a chunk is cut at each place equally often", near(
        np.mean(cut == 1), 1 / 2, len(cut))
    label = spans[:, 4]
    yield "whether each pair is swapped independently of the one before", near(
        np.mean(label[1:] == label[:-1]), 1 / 2, len(label))
    random = spans_of(sentence_task="nsp")
    random = random[random[:, 4] == 1]
    yield "whether a random B comes from all documents", bool(
        np.mean(np.abs(documents_of(random[:, 2]) - documents_of(random[:, 0])) > 9) > 0.9)
    yield ("whether each random B has as many whole sentences as fit beside A, at least one",
           _fit_beside(spans_of(sentence_task="nsp", short_seq_prob=0.0), places, document_starts))
    yield from _first_chunks(spans_of(random_start=True, sentence_task="none", short_seq_prob=0.0),
                             places, document_starts)
    yield "whether every document begins with its first sentence, by random_start", {
        str(what): bool(np.isin(places[document_starts[:-1]], spans_of(
            random_start=what, sentence_task="none")[:, 0]).mean() > 0.8)
        for what in (True, False)}
    lengths = [np.mean(found[:, 1] - found[:, 0] + found[:, 3] - found[:, 2])
               for found in (spans_of(short_seq_prob=1.0), spans_of(short_seq_prob=0.0))]
    yield "whether a short_seq_prob of 1 makes shorter pairs", bool(lengths[0] < 0.9 * lengths[1])
    for length, share_of_short in ((20, 0.0), (20, 1.0), (40, 0.0), (40, 1.0)):
        found = spans_of(max_seq_length=length, short_seq_prob=share_of_short)
        longest = (found[:, 1] - found[:, 0] + found[:, 3] - found[:, 2]).max()
        yield (f"whether the longest pair fills a max_seq_length of {length} "
               f"(short_seq_prob {share_of_short:g})", bool(length - 12 < longest <= length - 3))
    asked = spans_of(beginnings_only=True)
    begins = np.isin(asked[:, [0, 2]], places[document_starts]).any(axis=1)
    yield "with beginnings_only, whether the others have the label -100", bool(
        ((asked[:, 4] == -100) == ~begins).all())
    overfull = spans_of(overfull_chunks=True, sentence_task="none")
    yield "with overfull_chunks, whether a fifth of the pairs are too long", bool(
        np.mean(overfull[:, 3] - overfull[:, 0] > ROOM) > 0.2)
    yield "the labels without a sentence task", np.unique(spans_of(sentence_task="none")[:, 4])
    document_starts = np.arange(len(starts)).tolist()          # documents of one sentence
    for alone in (False, True):
        spans = f._cut(starts[:60], document_starts[:60], DataOptions(
            max_seq_length=30, single_sentence_negatives=alone), generator(draw))
        yield (f"the labels of documents of one sentence (single_sentence_negatives={alone})",
               [label for *_, label in spans])
    D, options = 2000, DataOptions(max_seq_length=30, sentence_task="none", random_start=False,
                                   short_seq_prob=1.0)
    begin = np.arange(0, 30 * D + 1, 30)                 # 30 sentences of one piece each
    spans = np.array(f._cut(list(range(30 * D + 1)), begin.tolist(), options, generator(draw)))
    spans = spans[np.searchsorted(spans[:, 0], begin[:-1])]
    yield "whether each length from 2 to the room is drawn equally often", near(
        [np.mean(spans[:, 3] - spans[:, 0] == length) for length in range(2, ROOM + 1)],
        1 / (ROOM - 1), D)
    certain, certain_documents = _documents(draw, D=40)
    spans = f._cut(certain, certain_documents, DataOptions(
        max_seq_length=30, sentence_task="none", random_start=False, short_seq_prob=0.0),
        generator(draw))
    yield "where pairs begin and end if no length and no start is random", np.array(
        [(span[0], span[3]) for span in spans])
    yield "whether the pairs depend on the generator", depends_on_generator(
        lambda rng: f._cut(starts, document_starts[::4], DataOptions(max_seq_length=30), rng), draw,
        any_shape=True)


ROOM = 27            # for a max_seq_length of 30: [CLS] and two [SEP] are special


def _fit_beside(spans, places, document_starts):
    """Whether B, where it is random, cannot have another whole sentence, and no sentence less."""
    a, a_stop, b, b_stop, _ = spans[spans[:, 4] == 1].T
    first, stop = np.searchsorted(places, b), np.searchsorted(places, b_stop)
    last = np.array(document_starts)[np.searchsorted(document_starts, first, side="right")]
    free = ROOM - (a_stop - a)
    whole = (places[first] == b) & (places[stop] == b_stop) & (stop > first) & (stop <= last)
    fits = (stop - first == 1) | (b_stop - b <= free)
    full = (stop == last) | (places[np.minimum(stop + 1, last)] - b > free)
    return bool((whole & fits & full).all())


def _first_chunks(spans, places, document_starts):
    """With which of its sentences a document begins, where this is drawn."""
    begin, end = np.array(document_starts[:-1]), np.array(document_starts[1:])
    held = np.searchsorted(places, places[begin] + ROOM, side="right") - 1 - begin
    possible = np.maximum(np.minimum(np.maximum(held, 2), end - begin - 1), 1)
    chunks = np.searchsorted(places, spans[:, 0])
    found = chunks[np.searchsorted(chunks, begin)] - begin           # of every document
    yield "whether at least two sentences are left, and the first chunk holds the drawn one", bool(
        (found < possible).all())
    short, equal = end - begin - 1 <= held, {}
    for what, documents in (("short", short), ("long", ~short)):
        usual = np.bincount(possible[documents]).argmax()
        drawn = found[documents & (possible == usual)]
        equal[what] = near([np.mean(drawn == number) for number in range(usual)], 1 / usual,
                           len(drawn))
    yield "whether each of these sentences is drawn equally often, by documents", equal


def truncate(f, draw):
    """Lengths are certain; which end is lost is not."""
    room = 21
    lengths = draw.rng.integers(1, 40, (3000, 2))
    a, b = np.full(3000, 100), np.full(3000, 500)
    spans = np.stack([a, a + lengths[:, 0], b, b + lengths[:, 1], np.arange(3000) % 2], axis=1)
    cut = f.truncate(spans.copy(), room, np.random.default_rng(int(draw.integers(0, 2**31))))
    yield "the lengths and labels", {"A": cut[:, 1] - cut[:, 0], "B": cut[:, 3] - cut[:, 2],
                                     "label": cut[:, 4]}
    for name, column in (("A", 0), ("B", 2)):
        lost = (spans[:, column + 1] - spans[:, column]) - (cut[:, column + 1] - cut[:, column])
        front = cut[:, column] - spans[:, column]
        yield (f"the share of what {name} lost that was lost in front, in quarters",
               np.rint(4 * front.sum() / lost.sum()))
        tossed = lost > 0
        yield (f"whether {name} loses as many pieces in front as coins show heads", bool(
            0.7 < np.mean((2 * front - lost)[tossed]**2 / lost[tossed]) < 1.3))
    yield "whether every segment lies inside the old one", bool(
        (cut[:, [0, 2]] >= spans[:, [0, 2]]).all() and (cut[:, [1, 3]] <= spans[:, [1, 3]]).all())


def lay_out(f, draw):
    """A few pairs."""
    pieces = draw.integers(5, 60, 60).astype(np.int32)
    spans = []
    for row in range(draw.B + 1):
        a, middle, b = np.sort(draw.rng.choice(np.arange(1, 14), 3, replace=False))
        spans.append((10 * row, 10 * row + a, 20 + a, 20 + middle + 1, row % 2))
    T = int(max(s[1] - s[0] + s[3] - s[2] for s in spans)) + 5
    batch = f.lay_out(pieces, np.array(spans), vocabulary(draw), T)
    for name, array in batch.items():
        yield name, {name: array}
    yield "the types", {name: str(array.dtype) for name, array in batch.items()}
    yield "a pair that just fits", f.lay_out(
        pieces, np.array([(0, T - 6, 20, 23, 1)]), vocabulary(draw), T)
    yield "whether each is refused", {
        "no pairs": refused(f.lay_out, pieces, np.zeros((0, 5), int), vocabulary(draw), T),
        "a pair that does not fit": refused(f.lay_out, pieces, np.array(spans), vocabulary(draw),
                                            T - 3)}


def room(f, draw):
    """How many pieces fit beside the special ones."""
    T = int(draw.integers(12, 4000))
    yield "the room", f.DataOptions(max_seq_length=T).room
