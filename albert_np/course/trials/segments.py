"""Trials of segments and batches: how documents are cut into pairs, and laid out as arrays.

What is drawn at random is asked for shares of many draws, as in ``masking``. The student's process
sends the pairs, and the shares are computed from them outside of it.
"""

import numpy as np

from ...text.data_options import DataOptions
from .masking import share, vocabulary
from .random_inputs import Property, depends_on_generator, generator, near, refusals

ROOM = 27            # for a max_seq_length of 30: [CLS] and two [SEP] are special


class Documents:
    """Sentences of random lengths, of which documents are made.

    Parameters
    ----------
    draw : Draw
    D : int
        The number of documents.
    sentences, pieces : (int, int)
        How many a document has, and a sentence: the least and the most.
    """

    def __init__(self, draw, D, sentences=(3, 8), pieces=(3, 8)):
        def ends(count, least, most):
            return np.concatenate([[0], np.cumsum(draw.rng.integers(least, most + 1, count))])

        self.firsts = ends(D, *sentences)
        self.places = ends(self.firsts[-1], *pieces)

    def document_of(self, place):
        """The number of the document, from 1 on."""
        return np.searchsorted(self.places[self.firsts], place, side="right")

    def cut(self, f, draw, **changes):
        """The pairs of segments, as rows."""
        options = DataOptions(**{"max_seq_length": 30, "random_start": False, **changes})
        pairs = np.array(list(f._cut(self.places.tolist(), self.firsts.tolist(), options,
                                     generator(draw))))
        a, a_stop, b, b_stop, label = pairs.T if len(pairs) else np.zeros((5, 0))
        return np.stack([a, a_stop, b, b_stop, label], axis=1).astype(np.int32)

    def pairs_in(self, sent):
        """What a process sent, if it can be pairs of this text; no pairs otherwise."""
        if (sent.dtype.kind not in "iu" or sent.ndim != 2 or sent.shape[1] != 5
                or len(sent) > len(self.places)
                or ((sent[:, :4] < 0) | (sent[:, :4] > self.places[-1])).any()):
            return np.zeros((0, 5), int)
        return sent.astype(int)

    def asked(self, of, f, draw, *changes):
        """What holds of the pairs that each of these changed options gives.

        Parameters
        ----------
        of : callable
            From the documents, and the pairs of every choice, to a dict of facts.
        f, draw
            Of the trial.
        *changes : dict
        """
        def facts(*sent):
            found = [self.pairs_in(rows) for rows in sent]
            return {"whole sentences of every document": all(
                np.isin(pairs[:, :4], self.places).all() and np.isin(
                    np.arange(1, len(self.firsts)), self.document_of(pairs[:, 0])).all()
                for pairs in found), **of(self, *found)}

        return Property(facts, *(self.cut(f, draw, **change) for change in changes),
                        any_shape=True)


def cut_segments(f, draw):
    """What holds of the pairs by default, and what each option changes."""
    text = Documents(draw, 1600)
    for task in ("sop", "nsp"):
        yield f"of all pairs ({task})", text.asked(_classes, f, draw, {"sentence_task": task})
    text = Documents(draw, 500)
    nsp, alone = {"sentence_task": "nsp"}, {"sentence_task": "none"}
    as_long_as_possible = {"short_seq_prob": 0.0}
    yield "of pairs in order and swapped", text.asked(_choices, f, draw, {})
    yield "of pairs with a random B", text.asked(_random, f, draw, nsp)
    yield "of pairs with a random B and without short sequences", text.asked(
        _fit_beside, f, draw, nsp | as_long_as_possible)
    yield "of documents with a random start", text.asked(
        _first_chunks, f, draw, {"random_start": True} | alone | as_long_as_possible)
    yield "of documents, by random_start", text.asked(
        _beginnings, f, draw, {"random_start": True} | alone, alone)
    yield "of pairs with a short_seq_prob of 1 and of 0", text.asked(
        _lengths, f, draw, {"short_seq_prob": 1.0}, as_long_as_possible)
    for length, share_of_short in ((20, 0.0), (20, 1.0), (40, 0.0), (40, 1.0)):
        yield (f"of pairs with a max_seq_length of {length} (short_seq_prob {share_of_short:g})",
               text.asked(_longest(length), f, draw, {"max_seq_length": length,
                                                      "short_seq_prob": share_of_short}))
    yield "of pairs with beginnings_only", text.asked(
        _labels_of_beginnings, f, draw, {"beginnings_only": True})
    yield "of pairs with overfull_chunks", text.asked(
        _overfull, f, draw, {"overfull_chunks": True} | alone)
    yield "of documents with a short_seq_prob of 1", Documents(
        draw, 2000, sentences=(30, 30), pieces=(1, 1)).asked(
            _first_lengths, f, draw, {"short_seq_prob": 1.0} | alone)
    short = Documents(draw, 59, sentences=(1, 1))
    yield "the pairs of documents of one sentence", short.cut(f, draw, random_start=True)
    yield "of documents of one sentence, with single_sentence_negatives", short.asked(
        _of_others, f, draw, {"single_sentence_negatives": True, "random_start": True})
    yield "where pairs begin and end if no length and no start is random", Documents(draw, 40).cut(
        f, draw, **alone, **as_long_as_possible)[:, [0, 3]]
    # With few documents, one that is its own "other" document is soon met.
    few = [Documents(draw, D) for D in (4, 2) * 40]
    yield "of pairs of four and of two documents", Property(
        lambda *sent: _sources(few, sent), *(one.cut(f, draw, **nsp) for one in few),
        any_shape=True)
    some = text.firsts[::4].tolist()
    yield "whether the pairs depend on the generator", depends_on_generator(
        lambda rng: f._cut(text.places.tolist(), some, DataOptions(max_seq_length=30), rng), draw,
        any_shape=True)


# ---- facts of pairs: computed outside of the student's process, from any pairs, or from none -----

def _classes(text, pairs):
    a, a_stop, b, b_stop, label = pairs.T
    beside = (a_stop == b) | (b_stop == a)
    used = np.zeros(text.places[-1] + 1)
    for begin, end in ((a, a_stop), (b[beside], b_stop[beside])):
        np.add.at(used, begin, 1)
        np.add.at(used, end, -1)
    return {"the share of label 1, in tenths": share(label == 1, 10),
            "the share of label 0 with B right behind A, in fifths":
                share((a_stop == b)[label == 0], 5),
            "the share of label 1 with A right behind B, in fifths":
                share((b_stop == a)[label == 1], 5),
            "the share of the text that is used, in eighths": share(used.cumsum()[:-1] > 0, 8)}


def _choices(text, pairs):
    label, in_order = pairs[:, 4], pairs[pairs[:, 4] == 0]
    first, middle, last = (np.searchsorted(text.places, in_order[:, end]) for end in (0, 1, 3))
    cut = (middle - first)[last - first == 3]
    return {"a chunk is cut at each place equally often": near(np.mean(cut == 1), 1 / 2, len(cut)),
            "each is swapped independently of the one before": near(
                np.mean(label[1:] == label[:-1]), 1 / 2, len(label))}


def _random(text, pairs):
    a, _, b, _, _ = pairs[pairs[:, 4] == 1].T
    far = np.abs(text.document_of(b) - text.document_of(a)) > 9
    return {"a random B comes from all documents": bool(np.mean(far) > 0.9)}


def _fit_beside(text, pairs):
    """Whether B, where it is random, cannot have another whole sentence, and no sentence less."""
    places = text.places
    a, a_stop, b, b_stop, _ = pairs[pairs[:, 4] == 1].T
    first, stop = np.searchsorted(places, b), np.searchsorted(places, b_stop)
    last = text.firsts[np.minimum(np.searchsorted(text.firsts, first, side="right"),
                                  len(text.firsts) - 1)]
    free = ROOM - (a_stop - a)
    whole = (places[first] == b) & (places[stop] == b_stop) & (stop > first) & (stop <= last)
    fits = (stop - first == 1) | (b_stop - b <= free)
    full = (stop == last) | (places[np.minimum(stop + 1, last)] - b > free)
    return {"B has as many whole sentences as fit beside A, at least one":
            bool(len(b) and (whole & fits & full).all())}


def _first_chunks(text, pairs):
    """With which of its sentences a document begins, where this is drawn."""
    begin, end = text.firsts[:-1], text.firsts[1:]
    held = np.searchsorted(text.places, text.places[begin] + ROOM, side="right") - 1 - begin
    possible = np.maximum(np.minimum(np.maximum(held, 2), end - begin - 1), 1)
    chunks = np.sort(np.append(np.searchsorted(text.places, pairs[:, 0]), end[-1]))
    found = chunks[np.searchsorted(chunks, begin)] - begin           # of every document
    facts = {"at least two sentences are left, and the first chunk holds the drawn one": bool(
        (found < possible).all())}
    short = end - begin - 1 <= held
    for what, documents in (("short", short), ("long", ~short)):
        usual = np.bincount(possible[documents]).argmax()
        drawn = found[documents & (possible == usual)]
        facts[f"each of these sentences is drawn equally often, in {what} documents"] = near(
            [np.mean(drawn == number) for number in range(usual)], 1 / usual, len(drawn))
    return facts


def _beginnings(text, *both):
    return {f"nearly every document begins with its first sentence ({what})": bool(
        np.isin(text.places[text.firsts[:-1]], pairs[:, 0]).mean() > 0.8)
        for what, pairs in zip((True, False), both)}


def _pieces(pairs):
    return pairs[:, 1] - pairs[:, 0] + pairs[:, 3] - pairs[:, 2]


def _lengths(text, short, long):
    return {"those of 1 are shorter": bool(_pieces(short).mean() < 0.9 * _pieces(long).mean())}


def _first_lengths(text, pairs):
    order = np.argsort(pairs[:, 0])
    lengths = np.append((pairs[:, 3] - pairs[:, 0])[order], 0)
    first = lengths[np.searchsorted(pairs[order, 0], text.places[text.firsts[:-1]])]
    return {"each length from 2 to the room is drawn equally often": near(
        [np.mean(first == length) for length in range(2, ROOM + 1)], 1 / (ROOM - 1), len(first))}


def _longest(length):
    return lambda text, pairs: {"the longest pair fills it": bool(
        length - 12 < _pieces(pairs).max(initial=0) <= length - 3)}


def _labels_of_beginnings(text, pairs):
    begins = np.isin(pairs[:, [0, 2]], text.places[text.firsts]).any(axis=1)
    return {"the others have the label -100": bool(((pairs[:, 4] == -100) == ~begins).all())}


def _overfull(text, pairs):
    return {"a fifth of them are too long": bool(np.mean(pairs[:, 3] - pairs[:, 0] > ROOM) > 0.2),
            "the labels without a sentence task": np.unique(pairs[:, 4])}


def _of_others(text, pairs):
    return {"A and the label": pairs[:, [0, 1, 4]], "every B is of another document": bool(
        (text.document_of(pairs[:, 0]) != text.document_of(pairs[:, 2])).all())}


def _sources(texts, sent):
    """From which documents a random B comes."""
    from_one, others = False, {4: set(), 2: set()}
    for text, rows in zip(texts, sent):
        a, _, b, _, label = text.pairs_in(rows).T
        one, other = text.document_of(a[label == 1]), text.document_of(b[label == 1])
        from_one |= bool((one == other).any())
        others[len(text.firsts) - 1].update(other.tolist())
    return {"a random B comes from the document of A": from_one,
            **{f"a random B comes from each of {D}": np.isin(np.arange(1, D + 1), list(found))
               for D, found in others.items()}}


def truncate(f, draw):
    """Lengths are certain; which end is lost is not."""
    room = 21
    lengths = draw.rng.integers(1, 40, (3000, 2))
    a, b = np.full(3000, 100), np.full(3000, 500)
    spans = np.stack([a, a + lengths[:, 0], b, b + lengths[:, 1], np.arange(3000) % 2], axis=1)
    cut = f.truncate(spans.copy(), room, np.random.default_rng(int(draw.integers(0, 2**31))))

    def facts(sent):
        sent = sent.astype(int)
        facts = {"the label": sent[:, 4]}
        for name, column in (("A", 0), ("B", 2)):
            front = sent[:, column] - spans[:, column]
            lost = front + spans[:, column + 1] - sent[:, column + 1]
            tosses, odds = lost[lost > 0], (2 * front - lost)[lost > 0]
            facts |= {
                f"the length of {name}": sent[:, column + 1] - sent[:, column],
                f"{name} lies inside the old one": bool((front >= 0).all() and (
                    front <= lost).all()),
                f"the share of what {name} lost that was lost in front, in quarters":
                    np.rint(4 * front.sum() / lost.sum()),
                f"{name} loses as many pieces in front as coins show heads":
                    bool(0.7 < np.mean(odds**2 / tosses) < 1.3)}
        return facts

    yield "of truncated segments", Property(facts, np.asarray(cut).astype(np.int16))


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
    yield "whether each is refused", refusals(draw, f.lay_out, {
        "no pairs": (pieces, np.zeros((0, 5), int), vocabulary(draw), T),
        "a pair that does not fit": (pieces, np.array(spans), vocabulary(draw), T - 3),
        "a pair that fits": (pieces, np.array(spans[:1]), vocabulary(draw), T)})


def room(f, draw):
    """How many pieces fit beside the special ones."""
    T = int(draw.integers(12, 4000))
    yield "the room", f.DataOptions(max_seq_length=T).room
