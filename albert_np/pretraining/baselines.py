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

    with the counts c of ordinary pieces; special tokens are never guessed. Without any text, all
    pieces are equally likely.

    Parameters
    ----------
    input_ids : integer array (N, T)
        Training text, not masked.
    tokenizer : AlbertTokenizer
        Its ``vocab_size`` and ``ordinary_ids`` are read, and ``unk_token_id`` for ``unknown``.
    unknown : bool
        Guess ``<unk>`` too. It may be masked if ``DataOptions.mask_unknown`` is True.

    Attributes
    ----------
    guessed : integer array
        The pieces that are guessed.
    """

    def __init__(self, input_ids, tokenizer, unknown=False):
        input_ids = np.asarray(input_ids).astype(np.int64)
        self.guessed = np.append(tokenizer.ordinary_ids,
                                 [tokenizer.unk_token_id] if unknown else []).astype(np.int64)
        counts = np.bincount(input_ids.ravel(), minlength=tokenizer.vocab_size).astype(float)
        self.probabilities = np.zeros(tokenizer.vocab_size)
        self.probabilities[self.guessed] = counts[self.guessed] + 1
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
    model gets more weight after it (interpolation by Witten and Bell 1991). After a piece that
    nothing follows in the training text, the guess is that of the unigram model.

    Parameters
    ----------
    input_ids : integer array (N, T)
    tokenizer : AlbertTokenizer
    unknown : bool
        As for :class:`UnigramModel`.
    """

    def __init__(self, input_ids, tokenizer, unknown=False):
        input_ids = np.asarray(input_ids).astype(np.int64)
        self.unigram = UnigramModel(input_ids, tokenizer, unknown)
        self.V = V = tokenizer.vocab_size
        pairs = input_ids[:, :-1] * V + input_ids[:, 1:]
        guessed = np.isin(input_ids[:, 1:], self.unigram.guessed)
        # Only the pairs that occur are kept, sorted: a table of V x V would be mostly empty.
        pairs, counts = np.unique(pairs[guessed], return_counts=True)
        firsts, seconds = np.divmod(pairs, V)
        self.totals = np.bincount(firsts, weights=counts, minlength=V)               # c(u)
        self.followers = np.bincount(firsts, minlength=V)                            # n(u)
        # The last entry is greater than any pair: where a search ends that finds none.
        self.pairs, self.pair_counts = np.append(pairs, V * V), np.append(counts, 0)
        self.best = self._best_followers(firsts, seconds)

    def _probability(self, previous, pieces):
        wanted = previous.astype(np.int64) * self.V + pieces
        place = np.searchsorted(self.pairs, wanted)
        counts = np.where(self.pairs[place] == wanted, self.pair_counts[place], 0)
        total, different = self.totals[previous], self.followers[previous]
        prior = self.unigram.probabilities[pieces]
        mixed = (counts + different * prior) / np.maximum(total + different, 1)      # (BI.1)
        return np.where(total == 0, prior, mixed)

    def _best_followers(self, firsts, seconds):
        """For each piece the likeliest next one: the most frequent piece, or a likelier pair."""
        best = np.full(self.V, self.unigram.best)
        order = np.lexsort((self._probability(firsts, seconds), firsts))
        last = np.flatnonzero(np.diff(firsts, append=self.V))           # each u's likeliest pair
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
        mlm_loss (nats a masked piece), mlm_accuracy. Both are None if no piece is masked.

    Raises
    ------
    ValueError
        The baseline never guesses one of the masked pieces, so that its loss is infinite.
    """
    previous, pieces = [], []
    for batch in batches:
        labels = batch["labels"]
        text = np.where(labels != IGNORED, labels, batch["input_ids"]).astype(np.int64)
        rows, columns = np.nonzero(labels != IGNORED)     # never column 0, which holds [CLS]
        previous.append(text[rows, columns - 1])
        pieces.append(text[rows, columns])
    if not any(map(len, pieces)):
        return {"mlm_loss": None, "mlm_accuracy": None}
    previous, pieces = np.concatenate(previous), np.concatenate(pieces)
    probability, best = baseline.predict(previous)
    p = probability(pieces)                                                          # (M,)
    if not p.all():
        raise ValueError(f"piece {pieces[p == 0][0]} is masked, but the baseline never guesses it; "
                         f"if it is <unk>, make the baseline with unknown=True")
    return {"mlm_loss": float(-np.log(p).mean()),
            "mlm_accuracy": float((best == pieces).mean())}
