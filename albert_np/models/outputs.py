"""What models give, and the upstream gradients that one may hand back for it."""

from __future__ import annotations

from dataclasses import dataclass, fields

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


def upstream_gradients(given, shapes, dtype):
    """Upstream gradients as an AlbertOutput, checked against the outputs they belong to.

    Parameters
    ----------
    given : AlbertOutput or dict
    shapes : dict
        The shape of each output that may have a gradient; a list of shapes for a list of outputs.
    dtype : dtype
        What the gradients become.

    Returns
    -------
    AlbertOutput

    Raises
    ------
    ValueError
        Where there is no such output, or the gradient has another shape than the output.
    """
    if isinstance(given, AlbertOutput):
        given = {f.name: getattr(given, f.name) for f in fields(AlbertOutput)}
    if not isinstance(given, dict):
        raise ValueError("d_output must be an AlbertOutput or a dict with the gradient of each "
                         "output that matters")
    checked = {}
    for name, gradient in given.items():
        if gradient is None:
            continue
        if name not in shapes:
            raise ValueError(f"there is no output {name!r} to give a gradient of; there are "
                             f"{', '.join(shapes)}")
        if isinstance(shapes[name], list):
            if len(gradient) != len(shapes[name]):
                raise ValueError(f"{len(gradient)} gradients are given for the "
                                 f"{len(shapes[name])} {name}; an entry may be None, but none "
                                 f"may be left out")
            checked[name] = [None if one is None else _checked(f"{name}[{i}]", one, shape, dtype)
                             for i, (one, shape) in enumerate(zip(gradient, shapes[name]))]
        else:
            checked[name] = _checked(name, gradient, shapes[name], dtype)
    return AlbertOutput(**checked)


def _checked(name, gradient, shape, dtype):
    gradient = np.asarray(gradient, dtype=dtype)
    if gradient.shape != shape:
        raise ValueError(f"the gradient of {name} has shape {gradient.shape}, but {name} has "
                         f"shape {shape}")
    return gradient
