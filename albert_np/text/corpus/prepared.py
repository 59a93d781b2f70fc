"""Reading a corpus that `albert-np prepare` has written: one memory-mapped shard at a time."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..tokenizer import AlbertTokenizer
from .blocks import corpus_files
from .manifest import (ARRAYS, LEFTOVER, MANIFEST_NAME, PARTS, array_file, check_source,
                       file_sha256, read_manifest, tokenizer_identity)
from .tokenized_documents import TokenizedDocuments


def is_prepared(path):
    """Whether a path is a folder that `albert-np prepare` wrote, be it finished or not (bool)."""
    path = Path(path)
    return path.is_dir() and ((path / MANIFEST_NAME).exists()
                              or any(LEFTOVER.fullmatch(file.name) for file in path.iterdir()))


class PreparedCorpus:
    """A prepared corpus in its folder.

    Opening it reads the manifest, compares the lengths of all files with it, and checks that the
    tokenizer is the one the text was prepared with. It does not read the text; `verify` does.

    Parameters
    ----------
    folder : str or Path

    Attributes
    ----------
    folder : Path
    manifest : dict
    tokenizer : AlbertTokenizer
    train, held_out : Shards
        Indexing one opens a shard. `held_out` can be empty.
    segmenter : str or None
        The one that marked whole words (`albert_np.text.whole_words`).
    fingerprint : str
        A SHA-256 (hex) of the contents of all shards and of the tokenizer.

    Raises
    ------
    FileNotFoundError
        There is no such folder, or it lacks its tokenizer.
    ValueError
        The folder was not finished, its manifest is damaged, a file is missing, cut short or too
        long, or the tokenizer is another.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        self.segmenter = self.manifest["options"].get("segmenter")
        ids = self.manifest["tokenizer"]["vocab_size"] * (1 if self.segmenter is None else 2)
        self.train, self.held_out = (Shards(self.folder, self.manifest[part], ids)
                                     for part in PARTS)
        self._check_lengths()
        self.tokenizer = AlbertTokenizer.from_folder(self.folder)
        if tokenizer_identity(self.tokenizer) != self.manifest["tokenizer"]["sha256"]:
            raise ValueError(f"The tokenizer in {self.folder} is not the one that its text was "
                             "prepared with; prepare the corpus again.")
        digest = hashlib.sha256(self.manifest["tokenizer"]["sha256"].encode())
        digest.update(self.train.fingerprint.encode() + self.held_out.fingerprint.encode())
        self.fingerprint = digest.hexdigest()

    def _check_lengths(self):
        for path, expected in self._files():
            if not path.is_file():
                raise ValueError(f"{path} is missing; prepare the corpus again.")
            size = path.stat().st_size
            if size != expected["bytes"]:
                what = "is cut short" if size < expected["bytes"] else "is too long"
                raise ValueError(f"{path} {what}: it has {size:,} bytes of {expected['bytes']:,}; "
                                 "prepare the corpus again.")

    def _files(self):
        """Yield (path, what the manifest says of it) for every file of every shard."""
        for part in PARTS:
            for shard in self.manifest[part]:
                for array in ARRAYS:
                    yield array_file(self.folder, shard["name"], array), shard["files"][array]

    def verify(self):
        """Read every file and compare its SHA-256 with the manifest.

        Raises
        ------
        ValueError
            A file is not what was written; the sentence names the first one.
        """
        for path, expected in self._files():
            if file_sha256(path) != expected["sha256"]:
                raise ValueError(f"{path} is damaged: its bytes are not those that were written "
                                 "(the SHA-256 differs); prepare the corpus again.")

    def check_tokenizer(self, tokenizer):
        """Compare another tokenizer with the one of this corpus.

        Parameters
        ----------
        tokenizer : AlbertTokenizer

        Raises
        ------
        ValueError
            It is another one, so that the ids of this corpus mean something else to it.
        """
        identity, own = tokenizer_identity(tokenizer), self.manifest["tokenizer"]["sha256"]
        if identity != own:
            raise ValueError(
                f"The tokenizer (of {tokenizer.vocab_size} pieces, SHA-256 {identity[:12]}...) "
                f"does not match {self.folder}, which was prepared with another one (of "
                f"{self.tokenizer.vocab_size} pieces, {own[:12]}...); use the tokenizer in that "
                "folder, or prepare the corpus again with this one.")

    def check_sources(self):
        """Compare the text that was prepared, as far as it is still there, with what it was.

        Raises
        ------
        ValueError
            A file has changed, or one was added to its folder; the sentence names it. Files that
            are gone are no fault: they are not needed any more.
        """
        folder, is_folder = Path(self.manifest["folder"]), self.manifest["is_folder"]
        sources = {source["name"]: source for source in self.manifest["sources"]}
        present = [name for name in sources if (folder / name).is_file()]
        for name in present:
            check_source(folder / name, sources[name])
        if present and is_folder:
            for file in corpus_files(folder):
                if file.name not in sources:
                    raise ValueError(f"{file} was added to the corpus since it was prepared; "
                                     "prepare it again, into another folder.")

    def __repr__(self):
        return f"PreparedCorpus({str(self.folder)!r}: train {self.train}, held out {self.held_out})"


class Shards(Sequence):
    """The shards of one part of a corpus; ``shards[i]`` opens one.

    A shard that was opened is forgotten here, so its file stays mapped only as long as someone
    holds the `TokenizedDocuments` or a sentence of it.

    Parameters
    ----------
    folder : Path
    entries : list of dict
        The shards as the manifest lists them.
    vocab_size : int
        One more than the highest id that may occur.

    Attributes
    ----------
    documents, sentences, pieces : int
        How many there are in all shards.
    fingerprint : str
        A SHA-256 (hex) of the contents.
    """

    def __init__(self, folder, entries, vocab_size):
        self._folder, self._entries, self._vocab_size = folder, entries, vocab_size
        self.documents, self.sentences, self.pieces = (
            sum(entry[what] for entry in entries) for what in ("documents", "sentences", "pieces"))
        self.fingerprint = hashlib.sha256("".join(
            entry["files"][array]["sha256"] for entry in entries for array in ARRAYS
        ).encode()).hexdigest()

    def __len__(self):
        return len(self._entries)

    def __getitem__(self, index):
        """Open a shard, memory-mapped.

        Returns
        -------
        TokenizedDocuments, or a `Shards` for a slice

        Raises
        ------
        ValueError
            Its files are not what the manifest says, or hold ids outside the vocabulary.
        """
        if isinstance(index, slice):
            return Shards(self._folder, self._entries[index], self._vocab_size)
        entry = self._entries[index]
        name = entry["name"]
        pieces, sentence_ends, document_ends = (
            _open_array(array_file(self._folder, name, array), entry[array]) for array in ARRAYS)
        try:
            shard = TokenizedDocuments(pieces, sentence_ends, document_ends)
        except ValueError as error:
            raise ValueError(f"The shard {name} in {self._folder} is damaged: {error}") from error
        lowest, highest = int(shard.pieces.min()), int(shard.pieces.max())
        if lowest < 0 or highest >= self._vocab_size:
            bad = lowest if lowest < 0 else highest
            raise ValueError(f"The shard {name} in {self._folder} is damaged: it holds the id "
                             f"{bad}, and the vocabulary has {self._vocab_size} pieces.")
        return shard

    def shuffled_documents(self, rng):
        """Go through all documents once, in an order drawn from `rng`, one shard at a time.

        The shards come in a random order, and within each the documents do. Memory is that of one
        shard, whatever the size of the corpus.

        Parameters
        ----------
        rng : np.random.Generator

        Yields
        ------
        list of int arrays, one for each sentence
        """
        for number in rng.permutation(len(self)):
            shard = self[int(number)]
            for i in rng.permutation(len(shard)):
                yield shard[i]

    def __repr__(self):
        return (f"{len(self)} shard{'s' * (len(self) != 1)}, {self.documents:,} documents, "
                f"{self.sentences:,} sentences, {self.pieces:,} pieces")


def _open_array(path, count):
    """Map an array file of `count` integers; nothing of it is read or allocated yet."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError, SyntaxError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror}.") from error
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise ValueError(f"{path} is damaged: it holds {array.dtype} of shape {array.shape}, where "
                         f"{count} integers should be.")
    return array
