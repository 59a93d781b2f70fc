"""Answers as pieces of the text, or none: the head of the original's SQuAD 2 runs."""

import numpy as np

from ..functional import (binary_cross_entropy_backward, binary_cross_entropy_forward,
                          cross_entropy_backward, cross_entropy_forward)
from ..layers import squad_head_backward, squad_head_forward
from .base import BaseModel
from .inputs import as_array, as_integers, check_inputs
from .labels import check_positions
from .trunk import add, albert_forward, share_of_batch, trunk_backward, upstream


class AlbertForSquad2(BaseModel):
    """ALBERT with the original's SQuAD 2 head: ends that depend on the start, and "no answer".

    The alternative to ``AlbertForQuestionAnswering``, where a question may have no answer in the
    text.

    Parameters
    ----------
    config : AlbertConfig
        With ``classifier_dropout_prob``.
    seed, dtype : as for :class:`~albert_np.models.base.BaseModel`

    References
    ----------
    google-research/albert, ``squad_utils.py``, ``create_v2_model`` and ``v2_model_fn_builder``.
    """

    components = ("embeddings", "encoder", "squad_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, start_positions=None,
                end_positions=None, is_impossible=None, p_mask=None, rng=None, recompute=False,
                start_n_top=5, label_counts=None):
        r"""Compute the logits and, where positions are given, the loss.

        .. math::
           :label: SQUAD.1

           \text{loss} = \tfrac12 \big(\text{CE}(\text{start}, s) + \text{CE}(\text{end}, e)\big)
                         + \tfrac12\, \text{BCE}(\text{cls}, \text{is impossible})

        with (CE.1) over the T tokens and (BCE.1); the last term only where ``is_impossible`` is
        given.

        Parameters
        ----------
        input_ids, attention_mask, token_type_ids, rng, recompute
            As for :meth:`AlbertModel.forward <albert_np.models.albert_model.AlbertModel.forward>`.
        start_positions, end_positions : integers (B,), optional
            Both or neither, each in [0, T) and at a token that ``p_mask`` leaves free. Without an
            answer both are 0, ``[CLS]``.
        is_impossible : (B,), optional
            1 where the text has no answer, 0 where it has one.
        p_mask : zeros and ones (B, T), optional
            1 where no answer may begin or end: in the original at the question, at ``[SEP]`` and
            at the padding, but not at ``[CLS]``. Without it, what no token of the sequence may see
            by ``attention_mask``, the padding.
        start_n_top : int
            K, for how many of the best starts the ends are scored, where no position is given.
        label_counts : dict, optional
            As for :meth:`AlbertForPreTraining.forward
            <albert_np.models.pretraining.AlbertForPreTraining.forward>`.

        Returns
        -------
        output : AlbertOutput
            ``start_logits`` (B, T); ``end_logits`` (B, T) given the right start, or (B, K, T) given
            each of the best, whose places are ``start_top_index`` (B, K), the best first;
            ``cls_logits`` (B,), above 0 for "no answer". Where no answer may be, logits are -1e30.
            ``loss`` and what the encoder gives.
        cache : what the backward pass needs
        """
        config, params = self.config, self.params
        input_ids, attention_mask, token_type_ids = check_inputs(
            config, input_ids, attention_mask, token_type_ids, rng)
        B, T = input_ids.shape
        may_answer = _may_answer((B, T), attention_mask, p_mask)
        start_positions, end_positions = check_positions(B, start_positions, end_positions)
        is_impossible = _check_squad_labels(may_answer, start_positions, end_positions,
                                            is_impossible)
        if isinstance(start_n_top, bool) or not 1 <= start_n_top == int(start_n_top):
            raise ValueError(f"start_n_top is {start_n_top!r}; it must be a whole number of at "
                             f"least 1")

        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute)
        starts = None if start_positions is None else start_positions[:, None]       # (B, 1)
        (output.start_logits, end_logits, output.cls_logits), head_cache = squad_head_forward(
            params["squad_head"], output.sequence_output, may_answer, starts, config, rng,
            int(start_n_top))
        loss_caches = None
        if start_positions is None:
            output.end_logits, output.start_top_index = end_logits, head_cache[-1]   # (B, K, T)
        else:
            output.end_logits = end_logits[:, 0]                                     # (B, T)
            start_loss, start_cache = cross_entropy_forward(output.start_logits, start_positions)
            end_loss, end_cache = cross_entropy_forward(output.end_logits, end_positions)
            cls_loss, cls_cache = 0, None
            if is_impossible is not None:
                cls_loss, cls_cache = binary_cross_entropy_forward(output.cls_logits, is_impossible)
            output.loss = (start_loss + end_loss + cls_loss) / 2                     # (SQUAD.1)
            output.loss, share = share_of_batch(output.loss, "start_positions", start_positions,
                                                label_counts)
            loss_caches = start_cache, end_cache, cls_cache, share
        return output, (albert_cache, head_cache, loss_caches, (B, T), end_logits.shape)

    def backward(self, cache, d_output=None, contributions=None):
        r"""Gradients of all parameters.

        Each of the three terms of (SQUAD.1) gets half of the loss's gradient:

        .. math::
           :label: SQUAD.2

           d\text{CE}(\text{start}, s) = d\text{CE}(\text{end}, e) =
           d\text{BCE}(\text{cls}, \text{is impossible}) = \tfrac12\, d\text{loss}

        Parameters
        ----------
        cache : from ``forward``
            Its ``loss_caches`` are None without positions, otherwise ``(start_cache, end_cache,
            cls_cache, share)``: the caches of the three losses, the last None where
            ``is_impossible`` is not given, and the share (PAR.1) of their sum.
        d_output : AlbertOutput or dict, optional
            The upstream gradient of each output that matters; None means ``{"loss": 1}``.
        contributions : list, optional
            Receives the encoder's gradients at each depth, the shallowest first.

        Returns
        -------
        grads : tree like ``params``

        Examples
        --------
        The answer is the second token, and both the right start and the right end are known:

        >>> from albert_np import AlbertConfig
        >>> config = AlbertConfig(vocab_size=6, embedding_size=3, hidden_size=4,
        ...                       num_hidden_layers=1, num_attention_heads=2, intermediate_size=3,
        ...                       max_position_embeddings=4, initializer_range=1.0)
        >>> model = AlbertForSquad2(config, seed=0, dtype=np.float64)
        >>> ids, place, impossible = np.array([[2, 4, 5]]), np.array([1]), np.array([0])
        >>> output, cache = model.forward(ids, start_positions=place, end_positions=place,
        ...                               is_impossible=impossible)
        >>> grads = model.backward(cache)
        >>> round(float(output.loss), 4), grads["squad_head"]["start"]["W"].round(4).tolist()
        (1.0996, [[0.1287], [0.1473], [-0.1391], [-0.1369]])
        """
        albert_cache, head_cache, loss_caches, (B, T), end_shape = cache
        shapes = {"start_logits": (B, T), "cls_logits": (B,),
                  "end_logits": end_shape if loss_caches is None else (B, T)}
        d = upstream(self, d_output, albert_cache, shapes, loss_caches,
                     "start_positions and end_positions")
        start = end = cls = None
        if d.loss is not None:
            start_cache, end_cache, cls_cache, share = loss_caches
            # forward: loss = share * (start_loss + end_loss + cls_loss) / 2
            half = float(d.loss) * share / 2                                         # (SQUAD.2)
            start = cross_entropy_backward(half, start_cache)                        # (B, T)
            end = cross_entropy_backward(half, end_cache)                            # (B, T)
            cls = None if cls_cache is None else binary_cross_entropy_backward(half, cls_cache)
        d_logits = (add((B, T), self.dtype, d.start_logits, start),
                    add(end_shape, self.dtype, d.end_logits, end),
                    add((B,), self.dtype, d.cls_logits, cls))
        # forward: start_logits, end_logits, cls_logits = squad_head(sequence_output)
        d_sequence, head_grads = squad_head_backward(self.params["squad_head"], d_logits,
                                                     head_cache)                     # (B, T, H)
        grads = trunk_backward(self.params, d, albert_cache, contributions, sequence=d_sequence)
        return {**grads, "squad_head": head_grads}


def _may_answer(shape, attention_mask, p_mask):
    """Where an answer may begin or end: a boolean array (B, T)."""
    if p_mask is None:
        if attention_mask is None:
            return np.ones(shape, bool)
        return attention_mask.reshape(shape[0], -1, shape[1]).any(axis=1)
    p_mask = as_array("p_mask", p_mask)
    if p_mask.shape != shape or not np.isin(p_mask, (0, 1)).all():
        raise ValueError(f"p_mask has shape {p_mask.shape}; it must hold 0 and 1 (no answer here) "
                         f"in the shape {shape}")
    if closed := np.flatnonzero((p_mask == 1).all(axis=1)).tolist():
        raise ValueError(f"p_mask leaves no token of sequence {closed[0]} for an answer; [CLS] "
                         f"must stay free")
    return p_mask == 0


def _check_squad_labels(may_answer, start_positions, end_positions, is_impossible):
    """Refuse positions where no answer may be; ``is_impossible`` as an array (B,) or None."""
    B, T = may_answer.shape
    if start_positions is None:
        if is_impossible is not None:
            raise ValueError("is_impossible needs start_positions and end_positions beside it; "
                             "without an answer they are 0")
        return None
    for name, positions in (("start_positions", start_positions), ("end_positions", end_positions)):
        as_integers(name, positions, (B,), T, "the number of tokens")
        free = may_answer[np.arange(B), positions]
        if not free.all():
            b = int(np.flatnonzero(~free)[0])
            raise ValueError(f"{name}[{b}] is {positions[b]}, where no answer may be by p_mask or "
                             f"attention_mask")
    if is_impossible is None:
        return None
    is_impossible = as_array("is_impossible", is_impossible)
    is_impossible = is_impossible[:, 0] if is_impossible.shape == (B, 1) else is_impossible
    if is_impossible.shape != (B,) or not np.isin(is_impossible, (0, 1)).all():
        raise ValueError(f"is_impossible has shape {is_impossible.shape}; it must hold 0 and 1 "
                         f"(no answer) in the shape {(B,)}")
    return is_impossible
