"""Examples in the order of training: shuffled, and yet little padding."""

import numpy as np


def epoch_batches(lengths, batch_size, rng, window=50, kinds=None):
    """Which examples make up each batch of one epoch.

    Examples are shuffled. Then every ``window`` batches that follow each other are sorted by
    length and cut anew, so that a batch has sentences of similar lengths and hardly any padding;
    and the batches are shuffled once more.

    Parameters
    ----------
    lengths : integer array (N,)
        Tokens of each example.
    batch_size : int
    rng : numpy.random.Generator
    window : int
        In batches. 1 sorts within a batch only.
    kinds : integer array (N,), optional
        Only examples of one kind are put into one batch: questions with equally many choices.

    Returns
    -------
    list of integer arrays
        The examples of each batch, the longest first. The last batch of a kind may be smaller;
        every example is in one batch.

    Examples
    --------
    >>> batches = epoch_batches(np.array([9, 2, 8, 3, 9]), 2, np.random.default_rng(0))
    >>> sorted(np.concatenate(batches).tolist()), [len(batch) for batch in batches]
    ([0, 1, 2, 3, 4], [1, 2, 2])
    """
    lengths = np.asarray(lengths)
    kinds = np.zeros(len(lengths), int) if kinds is None else np.asarray(kinds)
    batches, step = [], batch_size * window
    for kind in np.unique(kinds):
        order = rng.permutation(np.flatnonzero(kinds == kind))
        for first in range(0, len(order), step):
            near = order[first:first + step]
            near = near[np.argsort(-lengths[near], kind="stable")]
            batches += np.split(near, range(batch_size, len(near), batch_size))
    return [batches[i] for i in rng.permutation(len(batches))]
