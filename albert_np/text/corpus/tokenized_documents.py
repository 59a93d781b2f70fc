"""Documents as numbers: three flat arrays in place of lists of lists of arrays."""

import hashlib
from collections.abc import Sequence

import numpy as np

ITERATION_CHUNK = 4096               # documents whose ends become Python numbers at one time


class TokenizedDocuments(Sequence):
    """A sequence of documents whose pieces lie one behind the other in a single array.

    It behaves like a list of documents, each of them a list of int arrays, one for a sentence. A
    million sentences cost three arrays here, which may as well be memory-mapped files.

    Parameters
    ----------
    pieces : int array (P,)
        The ids of all pieces.
    sentence_ends : int array (S,)
        Where each sentence ends in `pieces`: sentence s is
        ``pieces[sentence_ends[s - 1]:sentence_ends[s]]``, the first one begins at 0.
    document_ends : int array (D,)
        Where each document ends among the sentences, in the same way.

    Raises
    ------
    ValueError
        The ends do not divide the pieces: they fall, a sentence or a document is empty, or the
        last end is not the number of what is divided.

    Examples
    --------
    >>> documents = TokenizedDocuments.from_lists([[[5, 6], [7]], [[8, 9]]])
    >>> len(documents), documents.num_sentences, documents.num_pieces
    (2, 3, 5)
    >>> [sentence.tolist() for sentence in documents[0]]
    [[5, 6], [7]]
    """

    def __init__(self, pieces, sentence_ends, document_ends):
        # asarray: a slice of a memory map is made in a tenth of the time if it is a plain array.
        self.pieces = np.asarray(pieces)                                       # (P,)
        self.sentence_ends = np.asarray(sentence_ends)                         # (S,)
        self.document_ends = np.asarray(document_ends)                         # (D,)
        for name in ("pieces", "sentence_ends", "document_ends"):
            array = getattr(self, name)
            if array.ndim != 1 or array.dtype.kind not in "iu":
                raise ValueError(f"{name} must be an array of integers with one axis, not "
                                 f"{array.dtype} with {array.ndim}.")
        _check_ends("sentence_ends", self.sentence_ends, "pieces", len(self.pieces))
        _check_ends("document_ends", self.document_ends, "sentences", len(self.sentence_ends))

    @classmethod
    def from_lists(cls, documents, dtype=np.int32):
        """Lay documents out flat. Empty sentences and documents are left out.

        Parameters
        ----------
        documents : iterable of documents; a document is a list of sentences, a sentence a list or
            an array of int
        dtype : dtype of the pieces

        Returns
        -------
        TokenizedDocuments
        """
        sentences, document_ends = [], []
        for document in documents:
            kept = [sentence for sentence in document if len(sentence)]
            if kept:
                sentences += kept
                document_ends.append(len(sentences))
        lengths = np.array([len(sentence) for sentence in sentences], np.int64)    # (S,)
        pieces = np.empty(lengths.sum(), dtype)                                    # (P,)
        begin = 0
        for sentence in sentences:
            pieces[begin:begin + len(sentence)] = sentence
            begin += len(sentence)
        return cls(pieces, np.cumsum(lengths), np.array(document_ends, np.int64))

    @property
    def num_pieces(self):
        """P, the number of pieces of all documents."""
        return len(self.pieces)

    @property
    def num_sentences(self):
        """S, the number of sentences of all documents."""
        return len(self.sentence_ends)

    def count_short(self, least):
        """How many documents have fewer than so many sentences (int)."""
        return int(np.count_nonzero(np.diff(self.document_ends, prepend=0) < least))

    def fingerprint(self):
        """The SHA-256 (hex) of the three arrays; the integer types they have do not matter."""
        digest = hashlib.sha256()
        for array in (self.pieces, self.sentence_ends, self.document_ends):
            digest.update(f"{len(array)} ".encode())
            for first in range(0, len(array), 1 << 20):
                digest.update(array[first:first + (1 << 20)].astype("<i8").tobytes())
        return digest.hexdigest()

    def __len__(self):
        return len(self.document_ends)

    def __getitem__(self, index):
        """One document (list of int arrays, views of `pieces`), or a list of them for a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]                # from the end too; refuses what is outside
        first = int(self.document_ends[i - 1]) if i else 0
        last = int(self.document_ends[i])
        begin = int(self.sentence_ends[first - 1]) if first else 0
        document = []
        for end in self.sentence_ends[first:last].tolist():
            document.append(self.pieces[begin:end])
            begin = end
        return document

    def __iter__(self):
        """Yield the documents in order; quicker than one `documents[i]` after another."""
        first, begin = 0, 0                            # a sentence, a piece
        for chunk in range(0, len(self), ITERATION_CHUNK):
            lasts = self.document_ends[chunk:chunk + ITERATION_CHUNK].tolist()
            ends = self.sentence_ends[first:lasts[-1]].tolist()
            offset = first
            for last in lasts:
                document = []
                for end in ends[first - offset:last - offset]:
                    document.append(self.pieces[begin:end])
                    begin = end
                first = last
                yield document

    def __repr__(self):
        return (f"TokenizedDocuments({len(self):,} documents, {self.num_sentences:,} sentences, "
                f"{self.num_pieces:,} pieces)")


def _check_ends(name, ends, of, count):
    last = int(ends[-1]) if len(ends) else 0
    if last != count:
        raise ValueError(f"{name} ends at {last}, but there are {count} {of}.")
    if len(ends) and (int(ends[0]) < 1 or not (ends[1:] > ends[:-1]).all()):
        raise ValueError(f"{name} must rise from one number to the next, starting above 0.")
