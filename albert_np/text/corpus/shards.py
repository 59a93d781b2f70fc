"""Writing tokenised documents to shards of a limited size."""

import hashlib
import io

import numpy as np

from ...files import write_whole
from .manifest import array_file, shard_name
from .tokenize_blocks import Flat


class ShardWriter:
    """Collects documents, and writes a shard whenever there are enough of them.

    Where shards end depends on the documents alone, not on how many are added at a time.

    Parameters
    ----------
    folder : Path
    part : "train" or "held_out"
    shard_pieces : int
        A shard is written once it has so many pieces; it ends with the document that reaches them.

    Attributes
    ----------
    entries : list of dict
        What the manifest says of the shards written so far.
    """

    def __init__(self, folder, part, shard_pieces):
        self.folder, self.part, self.shard_pieces = folder, part, shard_pieces
        self.entries = []
        self._waiting, self._waiting_pieces = [], 0

    def add(self, flat):
        """Add documents (`Flat`); ValueError if a file cannot be written."""
        if len(flat.document_lengths):
            self._waiting.append(flat)
            self._waiting_pieces += len(flat.pieces)
        if self._waiting_pieces >= self.shard_pieces:
            self._write_full_shards()

    def finish(self):
        """Write what is left; ValueError if a file cannot be written."""
        if self._waiting:
            self._write(self._together())
        self._waiting, self._waiting_pieces = [], 0

    def _together(self):
        return Flat(*map(np.concatenate, zip(*self._waiting)))

    def _write_full_shards(self):
        flat = self._together()
        sentence_ends, document_ends = _ends(flat)
        piece_ends = sentence_ends[document_ends - 1]                          # (D,)
        documents = sentences = pieces = 0                                     # written so far
        while piece_ends[-1] - pieces >= self.shard_pieces:
            last = int(np.searchsorted(piece_ends, pieces + self.shard_pieces))
            ends = last + 1, int(document_ends[last]), int(piece_ends[last])
            self._write(_cut(flat, (documents, sentences, pieces), ends))
            documents, sentences, pieces = ends
            if documents == len(piece_ends):
                break
        rest = _cut(flat, (documents, sentences, pieces), (None, None, None))
        # A copy: a view would keep everything alive.
        self._waiting = [Flat(*map(np.copy, rest))] if len(rest.document_lengths) else []
        self._waiting_pieces = len(rest.pieces)

    def _write(self, flat):
        name = shard_name(self.part, len(self.entries))
        sentence_ends, document_ends = _ends(flat)
        arrays = {"pieces": flat.pieces, "sentences": sentence_ends, "documents": document_ends}
        entry = {"name": name, **{array: len(values) for array, values in arrays.items()},
                 "files": {}}
        for array, values in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, values, allow_pickle=False)
            data = buffer.getbuffer()
            write_whole(array_file(self.folder, name, array), data)
            entry["files"][array] = {"bytes": len(data),
                                     "sha256": hashlib.sha256(data).hexdigest()}
        self.entries.append(entry)


def _ends(flat):
    """Where sentences end among the pieces, and documents among the sentences."""
    return np.cumsum(flat.sentence_lengths), np.cumsum(flat.document_lengths)


def _cut(flat, begins, ends):
    """The part between (document, sentence, piece) and (document, sentence, piece)."""
    (d, s, p), (d_end, s_end, p_end) = begins, ends
    return Flat(flat.pieces[p:p_end], flat.sentence_lengths[s:s_end],
                flat.document_lengths[d:d_end])
