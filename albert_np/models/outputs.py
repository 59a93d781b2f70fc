"""What a forward pass gives, and in what form its backward pass takes the gradients of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class AlbertOutput:
    """What a forward pass gives, or, handed to ``backward``, the gradients of those outputs.

    Attributes
    ----------
    loss, mlm_loss, sop_loss : scalar or None
    prediction_logits : array (M, V) with labels, (B, T, V) without
        Of ``AlbertForPreTraining``.
    sop_logits : array (B, 2)
    logits : array
        Of every model with one task, except answers to questions.
    start_logits, end_logits : array (B, T)
        Of models that answer questions: the answer's first and last token.
    start_top_index : integer array (B, K) or None
        The starts that ``end_logits`` (B, K, T) depend on, where no label names one.
    cls_logits : array (B,)
        Above 0 where the question has no answer in the text.
    sequence_output : array (B, T, H)
        The last hidden state; (B, R, H) where it was computed at R positions only.
    pooled_output : array (B, H)
    hidden_states : list of arrays (B, T, H)
        The embeddings (after the map to H), then the output of every application of a layer:
        L of them, or L x ``inner_group_num``.
    attentions : list of arrays (B, A, T, T)
        The attention probabilities of every application, before dropout; None where layers are
        recomputed.
    """

    loss: float | None = None
    mlm_loss: float | None = None
    sop_loss: float | None = None
    prediction_logits: np.ndarray | None = None
    sop_logits: np.ndarray | None = None
    logits: np.ndarray | None = None
    start_logits: np.ndarray | None = None
    end_logits: np.ndarray | None = None
    start_top_index: np.ndarray | None = None
    cls_logits: np.ndarray | None = None
    sequence_output: np.ndarray | None = None
    pooled_output: np.ndarray | None = None
    hidden_states: list | None = None
    attentions: list | None = None

    @property
    def last_hidden_state(self):
        """Another name of ``sequence_output``."""
        return self.sequence_output

    @property
    def pooler_output(self):
        """Another name of ``pooled_output``."""
        return self.pooled_output
