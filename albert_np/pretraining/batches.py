"""From documents to the batches of a pretraining run."""

from dataclasses import replace

import numpy as np

from ..text.batches import make_instances, masked_batch, tokenize_documents
from ..text.corpus.tokenized_documents import TokenizedDocuments
from ..text.segments import NoPairs
from ..text.whole_words import unmark

# What the seed is used for; each use draws from generators of its own.
_CUTS, _ORDER, _MASKS, _HELD_OUT = range(4)


class PretrainingData:
    """A corpus made ready: endless training batches, and held-out batches that stay the same.

    Everything that is drawn for a batch (where the text is cut, what is swapped, the order, the
    masks) depends on the seed, the epoch, the shard and the number of the batch, and on nothing
    else. So a run can go on from any batch, and only one shard is in memory at a time.

    Parameters
    ----------
    train, held_out : sequences of shards
        A shard is a sequence of documents, a document a list of int arrays, one for each sentence.
        `from_text` makes one shard of a text, `PreparedCorpus` has many in files.
    tokenizer : AlbertTokenizer
    options : DataOptions
        How text becomes sequences.
    batch_size : int
        B. The last batch of a shard can be smaller.
    seed : int
    held_out_sequences : int
        Evaluate on at most so many sequences, taken from the start of the held-out text.

    Attributes
    ----------
    held_out : list of dict
        The held-out batches, each with the keyword arguments of the model's forward pass.
    """

    def __init__(self, train, held_out, tokenizer, options, batch_size, seed=0,
                 held_out_sequences=4000):
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
        self.shards, self.tokenizer, self.options = train, tokenizer, options
        self.batch_size, self.seed = batch_size, seed
        self.held_out = held_out_batches(held_out, tokenizer, options, batch_size, seed,
                                         held_out_sequences)

    @classmethod
    def from_text(cls, train, held_out, tokenizer, options, batch_size, **others):
        """The same from documents that are lists of str."""
        train, held_out = ([TokenizedDocuments.from_lists(tokenize_documents(text, tokenizer))]
                           for text in (train, held_out))
        return cls(train, held_out, tokenizer, options, batch_size, **others)

    def training_batches(self, position=(0, 0, 0)):
        """Batches without end. Every epoch cuts, swaps, shuffles and masks the text anew.

        Parameters
        ----------
        position : (epoch, shard, batch)
            Where to begin; `TrainingBatches.position` of an earlier iterator goes on after it.

        Returns
        -------
        TrainingBatches
        """
        return TrainingBatches(self, position)

    def training_text(self, max_pieces=10_000_000):
        """Training sequences, not masked, for the baselines to count.

        Parameters
        ----------
        max_pieces : int
            No further shard is read once there are so many.

        Returns
        -------
        int array (N, T)
        """
        texts, pieces = [], 0
        for number in range(len(self.shards)):
            if pieces < max_pieces:
                ids, _ = unmark(self.instances(0, number)["input_ids"], self.tokenizer.vocab_size)
                texts.append(ids)
                pieces += np.count_nonzero(texts[-1] != self.tokenizer.pad_token_id)
        return np.concatenate(texts)

    def order(self, epoch):
        """In which order the shards are read in an epoch."""
        return _rng(self.seed, _ORDER, epoch).permutation(len(self.shards))

    def drawing(self, epoch):
        """Whose draws the epoch uses: its own, or with fixed masking those of an earlier one."""
        return epoch % self.options.dupe_factor if self.options.masking == "fixed" else epoch

    def instances(self, epoch, number):
        """The sequences of a shard as this epoch cuts them."""
        return _instances(self.shards, number, self.tokenizer, self.options,
                          _rng(self.seed, _CUTS, self.drawing(epoch), number))


def _instances(shards, number, tokenizer, options, rng):
    """The sequences of a shard; none where a small one among several has no pair of segments."""
    try:
        return make_instances(shards[number], tokenizer, options, rng)
    except NoPairs:
        if len(shards) == 1:
            raise
        return {"input_ids": np.empty((0, options.max_seq_length), np.int32)}


def held_out_batches(shards, tokenizer, options, batch_size, seed=0, max_sequences=4000):
    """Batches to evaluate on: the same cuts and masks every time, documents from their beginning.

    Parameters
    ----------
    shards, tokenizer, options, batch_size, seed : as in `PretrainingData`
    max_sequences : int
        No more than so many, from the start of the text.

    Returns
    -------
    list of dict
        Each with the keyword arguments of the model's forward pass.

    Raises
    ------
    NoPairs (a ValueError)
        There are shards, but none gives a sequence.
    """
    options = replace(options, random_start=False)
    batches, count = [], 0
    for number in range(len(shards)):
        rng = _rng(seed, _HELD_OUT, number)
        instances = _instances(shards, number, tokenizer, options, rng)
        N = min(len(instances["input_ids"]), max_sequences - count)
        batches += [masked_batch(instances, np.arange(first, min(first + batch_size, N)),
                                 tokenizer, options, rng)
                    for first in range(0, N, batch_size)]
        count += N
        if count >= max_sequences:
            break
    if len(shards) and not batches:
        raise NoPairs("there is nothing to evaluate on: no shard gives a single sequence")
    return batches


def _rng(seed, *use):
    """The generator for one use: what for, which epoch, which shard, which batch."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=use))


class TrainingBatches:
    """The iterator of `PretrainingData.training_batches`.

    Attributes
    ----------
    taken : (int, int, int) or None
        Epoch, shard and number of the batch that was given last.
    position : (int, int, int)
        The same of the next one.
    """

    def __init__(self, data, position):
        self.data, self.taken, self.position = data, None, tuple(position)
        self._open = None                                      # epoch and shard in memory

    def __iter__(self):
        return self

    def __next__(self):
        self._find_shard()
        epoch, shard, batch = self.position
        B, N = self.data.batch_size, len(self._order)
        rows = self._order[batch * B:(batch + 1) * B]
        self.taken = self.position
        self.position = (epoch, shard, batch + 1) if (batch + 1) * B < N else self._next_shard()
        if self._labels is not None:
            chosen = {name: array[rows].astype(np.int64) for name, array in self._instances.items()}
            return {**chosen, "labels": self._labels[rows].astype(np.int64)}
        return masked_batch(self._instances, rows, self.data.tokenizer, self.data.options,
                            _rng(self.data.seed, _MASKS, epoch, shard, batch))

    def _next_shard(self):
        epoch, shard, _ = self.position
        return (epoch, shard + 1, 0) if shard + 1 < len(self.data.shards) else (epoch + 1, 0, 0)

    def _find_shard(self):
        """Have the shard of the position in memory, or the next one that has any sequences."""
        # If a single shard has any, it may be the first of this epoch and the last of the next.
        for _ in range(2 * len(self.data.shards)):
            if self._open == self.position[:2]:
                return
            self._read(*self.position[:2])
            if not len(self._order):
                self.position = self._next_shard()
        raise ValueError("there is nothing to train on: no shard gives a single sequence")

    def _read(self, epoch, shard):
        data = self.data
        self._instances = self._labels = None                  # the shard before may be forgotten
        number = int(data.order(epoch)[shard])
        self._instances = data.instances(epoch, number)
        N = len(self._instances["input_ids"])
        if data.options.masking == "fixed" and N:              # masked here, once for all batches
            rng = _rng(data.seed, _MASKS, data.drawing(epoch), number)
            masked = [masked_batch(self._instances, np.arange(first, min(first + 1000, N)),
                                   data.tokenizer, data.options, rng)
                      for first in range(0, N, 1000)]
            self._instances["input_ids"] = np.concatenate(
                [batch["input_ids"] for batch in masked], dtype=np.int32)
            self._labels = np.concatenate([batch["labels"] for batch in masked], dtype=np.int32)
        self._order = _rng(data.seed, _ORDER, epoch, number).permutation(N)
        self._open = epoch, shard
