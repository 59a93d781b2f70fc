"""The shapes that are measured, and a batch for each of them."""

from dataclasses import dataclass

import numpy as np

from albert_np import AlbertConfig
from albert_np.functional import IGNORED

MASKED = 0.15               # the share of the tokens that carry a masked-LM label


@dataclass(frozen=True)
class Workload:
    """A configuration and the shape of its batch.

    Attributes
    ----------
    name : str
    config : AlbertConfig
    B, T : int
        Sequences in a batch, tokens in a sequence.
    lengths : tuple of int, optional
        The tokens of each sequence, where they are padded to T.
    """

    name: str
    config: AlbertConfig
    B: int
    T: int
    lengths: tuple = None

    @property
    def masked(self):
        """The number of masked positions of each sequence."""
        return [max(1, round(MASKED * length)) for length in self.lengths or (self.T,) * self.B]

    @property
    def M(self):
        """The number of masked positions."""
        return sum(self.masked)

    @property
    def R(self):
        """The positions of a sequence at which the last layer is needed: masked ones and [CLS]."""
        return max(self.masked) + 1

    def batch(self):
        """Random ids with the keyword arguments of the model's forward pass.

        Speed does not depend on which ids they are. Every batch has an attention mask, as real
        ones do.
        """
        rng = np.random.default_rng(0)
        shape = self.B, self.T
        ids = rng.integers(5, self.config.vocab_size, shape)
        lengths = np.array(self.lengths or (self.T,) * self.B)
        mask = np.arange(self.T) < lengths[:, None]
        labels = np.full(shape, IGNORED)
        for row, (length, masked) in enumerate(zip(lengths, self.masked)):
            chosen = 1 + rng.choice(length - 1, masked, replace=False)         # not [CLS]
            labels[row, chosen] = ids[row, chosen]
        return {"input_ids": np.where(mask, ids, 0), "attention_mask": mask.astype(np.int64),
                "token_type_ids": (np.arange(self.T) >= self.T // 2) * mask.astype(np.int64),
                "labels": labels, "sentence_order_label": rng.integers(0, 2, self.B)}


def small(V=4000, E=128, H=256, L=4, B=16, T=64):
    """A small configuration with heads of 64, or one that differs from it in a size."""
    config = AlbertConfig(vocab_size=V, embedding_size=E, hidden_size=H, num_hidden_layers=L,
                          num_attention_heads=H // 64, intermediate_size=4 * H,
                          max_position_embeddings=max(T, 64))
    return Workload(f"small {B}x{T}", config, B, T)


def base(B, T):
    """The published albert-base."""
    return Workload(f"base {B}x{T}", AlbertConfig(), B, T)


def default_pretraining():
    """What ``albert-np pretrain`` trains when it is told nothing."""
    config = AlbertConfig(vocab_size=2000, embedding_size=64, hidden_size=64, num_hidden_layers=3,
                          num_attention_heads=4, intermediate_size=256,
                          max_position_embeddings=40)
    return Workload("default 26x40", config, 26, 40)


def mixed_lengths(config, name, lengths):
    """Sentences of real lengths, padded to the longest."""
    B, T = len(lengths), max(lengths)
    return Workload(f"{name} mixed {B}x{T}", config, B, T, tuple(lengths))
