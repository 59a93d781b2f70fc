"""From a corpus to the batches of a pretraining run."""

import numpy as np

from ..text.batches import batches, pretraining_instances, tokenize_documents
from ..text.sentence_order import sentence_order_pairs


class PretrainingData:
    """A corpus made ready: endless training batches, and held-out batches that stay the same.

    Parameters
    ----------
    train, held_out : lists of documents
        A document is a list of sentences.
    tokenizer : AlbertTokenizer
    max_length : int
        T, the length of every sequence.
    batch_size : int
        B.
    seed : int
        Of everything that is drawn: cuts, swaps, order and masks.
    sop_everywhere : bool
        True asks for the order of every pair, as the paper does. False asks only where a pair is
        the beginning of a document; the other pairs train the masked language model alone.

    Attributes
    ----------
    train_pieces, held_out_pieces : int
        How many pieces the two texts have.
    held_out : list of dict
        The held-out batches, each with the keyword arguments of the model's forward pass.
    """

    def __init__(self, train, held_out, tokenizer, max_length, batch_size, seed=0,
                 sop_everywhere=True):
        self.tokenizer, self.max_length, self.batch_size = tokenizer, max_length, batch_size
        self.sop_everywhere = sop_everywhere
        self.documents = tokenize_documents(train, tokenizer)
        held_out = tokenize_documents(held_out, tokenizer)
        self.train_pieces, self.held_out_pieces = _pieces(self.documents), _pieces(held_out)
        self._train_seed, held_out_seed = np.random.SeedSequence(seed).spawn(2)
        rng = np.random.default_rng(held_out_seed)
        instances = self._instances(held_out, rng, random_start=False)
        self.held_out = list(batches(instances, batch_size, rng, tokenizer, shuffle=False))

    def _instances(self, documents, rng, random_start=True):
        pairs = sentence_order_pairs(documents, self.max_length, rng, random_start=random_start,
                                     beginnings_only=not self.sop_everywhere)
        return pretraining_instances(pairs, self.tokenizer, self.max_length)

    def training_batches(self):
        """Batches without end. Every epoch cuts, swaps, shuffles and masks the text anew.

        Yields
        ------
        dict
            The keyword arguments of the model's forward pass.
        """
        rng = np.random.default_rng(self._train_seed)
        while True:
            yield from batches(self._instances(self.documents, rng), self.batch_size, rng,
                               self.tokenizer)

    def training_text(self):
        """One epoch of training sequences, not masked, for the baselines to count.

        Returns
        -------
        integer array (N, T)
        """
        return self._instances(self.documents, np.random.default_rng(self._train_seed))["input_ids"]


def _pieces(documents):
    return sum(len(sentence) for document in documents for sentence in document)
