"""What can be guessed without a neural network: counting pieces, and pairs of pieces.

A masked-language model that only learnt how frequent each piece is reaches the unigram loss and
stays there: that plateau is the first thing a loss curve shows. To know the piece before the gap
is worth the difference to the bigram loss. A model that is better than that has looked further.
"""

import numpy as np

from ..functional import IGNORED


class UnigramModel:
    r"""Guess every piece with its frequency in the training text, whatever stands around it.

    .. math::
       :label: UNI.1

       P(w) = \frac{c(w) + 1}{\sum_v (c(v) + 1)}

    with the counts c of ordinary pieces; special tokens are never guessed.

    Parameters
    ----------
    input_ids : integer array (N, T)
        Training text, not masked.
    tokenizer : AlbertTokenizer
        Its ``vocab_size`` and ``ordinary_ids`` are read.
    """

    def __init__(self, input_ids, tokenizer):
        counts = np.bincount(input_ids.ravel(), minlength=tokenizer.vocab_size).astype(float)
        self.probabilities = np.zeros(tokenizer.vocab_size)
        ordinary = tokenizer.ordinary_ids
        self.probabilities[ordinary] = counts[ordinary] + 1
        self.probabilities /= self.probabilities.sum()                 # (UNI.1)  (V,)
        self.best = int(self.probabilities.argmax())

    def predict(self, previous):
        """Probabilities of the next piece, and the likeliest one, for N gaps.

        Parameters
        ----------
        previous : integer array (N,)
            The piece before each gap, which this model does not look at.

        Returns
        -------
        probability : callable
            From the true pieces (N,) to their probabilities (N,).
        best : integer array (N,)
        """
        return (lambda pieces: self.probabilities[pieces]), np.full(len(previous), self.best)


class BigramModel:
    r"""Guess a piece from the one before it, mixed with the unigram model where pairs are rare.

    .. math::
       :label: BI.1

       P(w \mid u) = \frac{c(u, w) + n(u)\, P(w)}{c(u) + n(u)}

    where c(u, w) counts how often w follows u, c(u) how often anything does, and n(u) how many
    different pieces do. A piece with many different followers is a poor guide, and the unigram
    model gets more weight after it (interpolation by Witten and Bell 1991).

    Parameters
    ----------
    input_ids : integer array (N, T)
    tokenizer : AlbertTokenizer
    """

    def __init__(self, input_ids, tokenizer):
        self.unigram = UnigramModel(input_ids, tokenizer)
        self.V = V = tokenizer.vocab_size
        pairs = input_ids[:, :-1].astype(np.int64) * V + input_ids[:, 1:]
        ordinary = np.isin(input_ids[:, 1:], tokenizer.ordinary_ids)
        # Only the pairs that occur are kept, sorted: a table of V x V would be mostly empty.
        self.pairs, self.pair_counts = np.unique(pairs[ordinary], return_counts=True)
        firsts = self.pairs // V
        self.totals = np.bincount(firsts, weights=self.pair_counts, minlength=V)     # c(u)
        self.followers = np.bincount(firsts, minlength=V)                            # n(u)
        self.best = self._best_followers(firsts)

    def _probability(self, previous, pieces):
        wanted = previous.astype(np.int64) * self.V + pieces
        place = np.minimum(np.searchsorted(self.pairs, wanted), len(self.pairs) - 1)
        counts = np.where(self.pairs[place] == wanted, self.pair_counts[place], 0)
        total, different = self.totals[previous], self.followers[previous]
        prior = self.unigram.probabilities[pieces]
        mixed = (counts + different * prior) / np.maximum(total + different, 1)      # (BI.1)
        return np.where(total == 0, prior, mixed)

    def _best_followers(self, firsts):
        """For each piece the likeliest next one: the most frequent piece, or a likelier pair."""
        best = np.full(self.V, self.unigram.best)
        seconds = self.pairs % self.V
        order = np.lexsort((self._probability(firsts, seconds), firsts))
        last = np.flatnonzero(np.r_[firsts[1:] != firsts[:-1], True])   # each u's likeliest pair
        u, w = firsts[order][last], seconds[order][last]
        likelier = self._probability(u, w) > self._probability(u, best[u])
        best[u[likelier]] = w[likelier]
        return best

    def predict(self, previous):
        """Probabilities of the next piece, and the likeliest one, for N gaps.

        Parameters
        ----------
        previous : integer array (N,)
            The piece before each gap.

        Returns
        -------
        probability : callable
            From the true pieces (N,) to their probabilities (N,).
        best : integer array (N,)
        """
        return (lambda pieces: self._probability(previous, pieces)), self.best[previous]


def evaluate_baseline(baseline, batches):
    """Loss and accuracy of a baseline at the masked positions of batches.

    The baseline is shown the true piece before each gap, even where the neural model sees
    ``[MASK]``.

    Parameters
    ----------
    baseline : UnigramModel or BigramModel
    batches : iterable of dicts with input_ids and labels (B, T)

    Returns
    -------
    dict
        mlm_loss (nats a masked piece), mlm_accuracy.
    """
    previous, pieces = [], []
    for batch in batches:
        labels = batch["labels"]
        text = np.where(labels != IGNORED, labels, batch["input_ids"])
        rows, columns = np.nonzero(labels != IGNORED)     # never column 0, which holds [CLS]
        previous.append(text[rows, columns - 1])
        pieces.append(labels[rows, columns])
    previous, pieces = np.concatenate(previous), np.concatenate(pieces)
    probability, best = baseline.predict(previous)
    return {"mlm_loss": float(-np.log(probability(pieces)).mean()),
            "mlm_accuracy": float((best == pieces).mean())}
