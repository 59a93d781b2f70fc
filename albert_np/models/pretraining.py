"""ALBERT with its two pretraining heads."""

from types import SimpleNamespace

import numpy as np

from ..functional import IGNORED, cross_entropy_backward, cross_entropy_forward
from ..layers import (masked_lm_head_backward, masked_lm_head_forward,
                      sentence_order_head_backward, sentence_order_head_forward)
from .base import BaseModel
from .inputs import check_inputs, check_labels, check_positions_needed, labels_at
from .trunk import (add, albert_forward, share_of_batch, trunk_backward, trunk_shapes,
                    upstream_gradients)


class AlbertForPreTraining(BaseModel):
    """ALBERT with its two pretraining heads: masked words and sentence order.

    Parameters
    ----------
    config : AlbertConfig
    seed, dtype : as for :class:`~albert_np.models.base.BaseModel`
    """

    components = ("embeddings", "encoder", "pooler", "mlm_head", "sop_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None,
                sentence_order_label=None, rng=None, recompute=False, positions=None,
                label_counts=None):
        r"""Compute logits and, where labels are given, the losses.

        .. math::
           :label: PRE.1

           \text{loss} = \text{loss}_{\text{MLM}} + \lambda\, \text{loss}_{\text{SOP}}

        with :math:`\lambda` = ``config.sop_weight``, each a mean cross-entropy (CE.1).

        Parameters
        ----------
        input_ids : integers (B, T)
        attention_mask : zeros and ones (B, T) or (B, T, T), optional
            1 where a token may be seen. (B, T, T): row i says what token i may see.
        token_type_ids : integers (B, T), optional
            0 in the first segment, 1 in the second.
        labels : integers (B, T), optional
            The right piece at each masked position, -100 everywhere else.
        sentence_order_label : integers (B,), optional
            0: the segments are in order, 1: they were swapped, -100: not asked.
        rng : numpy.random.Generator, optional
            Turns dropout on.
        recompute : bool
            Save memory: the backward pass computes each layer again. ``attentions`` are not kept.
        positions : integers (B, R), optional
            Save time: compute the last layer at these positions only, 0 first. With
            :func:`~albert_np.models.inputs.labelled_positions` of the labels the losses are the
            same. The last hidden state and ``sequence_output`` are then (B, R, H).
        label_counts : dict, optional
            From ``model.label_counts``, if this is a part of a larger batch:
            its share of that batch's loss is computed (PAR.1).

        Returns
        -------
        output : AlbertOutput
            All outputs. ``loss`` is ``mlm_loss + config.sop_weight * sop_loss``, or one of them
            if only one has labels. ``prediction_logits`` are (B, T, V), or (B, R, V); with labels
            they are computed at the M labelled positions only, (M, V), row by row. Losses without
            labels are None.
        cache : what the backward pass needs
            A namespace: the caches of the trunk, ``albert``, of the heads, ``mlm`` and ``sop``, and
            of their cross-entropies, ``mlm_loss`` and ``sop_loss``, which are None without labels;
            the shares of both, ``mlm_share`` and ``sop_share`` (PAR.1); and ``masked`` (B, R),
            where ``mlm`` looked.

        Raises
        ------
        ValueError
            Where the inputs do not fit the configuration or each other.

        References
        ----------
        Lan et al. 2020, section 3.1; google-research/albert, ``run_pretraining.py``.
        """
        config, params = self.config, self.params
        input_ids, attention_mask, token_type_ids = check_inputs(
            config, input_ids, attention_mask, token_type_ids, rng)
        labels, sentence_order_label = check_labels(config, input_ids.shape, labels,
                                                    sentence_order_label)
        positions = check_positions_needed(positions, input_ids.shape, pooler=True)

        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute, positions)
        masked = np.ones(output.sequence_output.shape[:2], bool)                     # (B, R)
        if labels is not None:
            labels = labels_at(labels, positions)                                    # (B, R)
            masked = labels != IGNORED
        x = output.sequence_output[masked]                                           # (M, H)
        logits, mlm_cache = masked_lm_head_forward(params["mlm_head"], x,
                                                   params["embeddings"]["word"], config)
        output.sop_logits, sop_cache = sentence_order_head_forward(params["sop_head"],
                                                                   output.pooled_output)
        cache = SimpleNamespace(albert=albert_cache, masked=masked, mlm=mlm_cache, sop=sop_cache,
                                mlm_loss=None, sop_loss=None, mlm_share=1.0, sop_share=1.0)
        if labels is None:
            output.prediction_logits = logits.reshape(*masked.shape, -1)             # (B, R, V)
        else:
            output.prediction_logits = logits                                        # (M, V)
            output.mlm_loss, cache.mlm_loss = cross_entropy_forward(logits, labels[masked])
            output.mlm_loss, cache.mlm_share = share_of_batch(output.mlm_loss, "labels", labels,
                                                              label_counts)
            output.loss = output.mlm_loss

        if sentence_order_label is not None:
            output.sop_loss, cache.sop_loss = cross_entropy_forward(output.sop_logits,
                                                                    sentence_order_label)
            output.sop_loss, cache.sop_share = share_of_batch(
                output.sop_loss, "sentence_order_label", sentence_order_label, label_counts)
            weighted = output.sop_loss * config.sop_weight
            output.loss = weighted if labels is None else output.loss + weighted     # (PRE.1)
        return output, cache

    def backward(self, cache, d_output=None, contributions=None):
        r"""Gradients of all parameters.

        The loss is a sum (PRE.1), so each part receives the loss's own gradient times its
        weight, on top of the gradient that is given for it:

        .. math::
           :label: PRE.2

           d\text{loss}_{\text{MLM}} \mathrel{+}= d\text{loss}, \qquad
           d\text{loss}_{\text{SOP}} \mathrel{+}= \lambda\, d\text{loss}

        If this is a part of a batch, each loss also carries its share (PAR.1). The hidden states
        that the masked-LM head did not look at get no gradient from it, and the word table adds
        up its two uses (MLM.5).

        Parameters
        ----------
        cache : from ``forward``
            A namespace: the caches of the trunk, ``albert``, of the heads, ``mlm`` and ``sop``, and
            of their cross-entropies, ``mlm_loss`` and ``sop_loss``, which are None without labels;
            the shares of both, ``mlm_share`` and ``sop_share`` (PAR.1); and ``masked`` (B, R),
            where ``mlm`` looked.
        d_output : AlbertOutput or dict, optional
            The upstream gradient of each output that matters; None means ``{"loss": 1}``. In the
            lists of hidden states and attentions an entry may be None.
        contributions : list, optional
            Receives the encoder's gradients at each depth, the shallowest first.

        Returns
        -------
        grads : tree like ``params``

        Raises
        ------
        ValueError
            Where a gradient is given for a loss that had no labels.

        Examples
        --------
        There is one masked piece, and the second sequence has no sentence-order label. The
        gradient of the bias of the sentence-order head is lambda times its own:

        >>> from albert_np import AlbertConfig
        >>> config = AlbertConfig(vocab_size=6, embedding_size=3, hidden_size=4,
        ...                       num_hidden_layers=1, num_attention_heads=2, intermediate_size=3,
        ...                       max_position_embeddings=4, initializer_range=1.0, sop_weight=0.5)
        >>> model = AlbertForPreTraining(config, seed=0, dtype=np.float64)
        >>> ids, order = np.array([[2, 4, 5, 3], [2, 5, 1, 3]]), np.array([1, -100])
        >>> labels = np.array([[-100, 1, -100, -100], [-100, -100, -100, -100]])
        >>> output, cache = model.forward(ids, labels=labels, sentence_order_label=order)
        >>> grads = model.backward(cache)
        >>> [round(float(loss), 4) for loss in (output.mlm_loss, output.sop_loss, output.loss)]
        [3.2317, 0.5895, 3.5265]
        >>> grads["sop_head"]["b"].round(4).tolist()
        [0.2227, -0.2227]
        """
        params, dtype = self.params, self.params["embeddings"]["word"].dtype
        B, V, M = len(cache.masked), self.config.vocab_size, int(cache.masked.sum())
        shapes = {**trunk_shapes(self.config, cache.albert), "loss": (), "mlm_loss": (),
                  "sop_loss": (), "sop_logits": (B, 2), "prediction_logits":
                      (*cache.masked.shape, V) if cache.mlm_loss is None else (M, V)}
        d = upstream_gradients({"loss": 1.0} if d_output is None else d_output, shapes, dtype)
        _refuse_gradients_of_missing_losses(d, cache.mlm_loss, cache.sop_loss)
        # forward: loss = mlm_loss + sop_weight * sop_loss
        d_loss = float(d.loss or 0)
        d_mlm_loss = float(d.mlm_loss or 0) + d_loss
        d_sop_loss = float(d.sop_loss or 0) + d_loss * self.config.sop_weight        # (PRE.2)

        # forward: sop_loss = share * cross_entropy(sop_head(pooled_output), sentence_order_label)
        from_loss = None
        if cache.sop_loss is not None:
            from_loss = cross_entropy_backward(d_sop_loss * cache.sop_share, cache.sop_loss)
        d_sop_logits = add((B, 2), dtype, d.sop_logits, from_loss)                   # (B, 2)
        d_pooled, sop_grads = sentence_order_head_backward(params["sop_head"], d_sop_logits,
                                                           cache.sop)                # (B, H)
        # forward: mlm_loss = share * cross_entropy(mlm_head(x), labels[masked])
        from_loss = None
        if cache.mlm_loss is not None:
            from_loss = cross_entropy_backward(d_mlm_loss * cache.mlm_share, cache.mlm_loss)
        d_logits = add((M, V), dtype, d.prediction_logits, from_loss)                # (M, V)
        d_rows, d_word, mlm_grads = masked_lm_head_backward(params["mlm_head"], d_logits,
                                                            cache.mlm)               # (M, H)
        del from_loss, d_logits                        # M V numbers, which can be many
        # forward: x = sequence_output[masked]
        d_sequence = np.zeros((*cache.masked.shape, self.config.hidden_size), dtype)    # (B, R, H)
        d_sequence[cache.masked] = d_rows
        # forward: sequence_output, pooled_output = albert(input_ids)
        grads = trunk_backward(params, d, cache.albert, contributions, d_sequence, d_pooled)
        grads["embeddings"]["word"] += d_word                                        # (MLM.5)
        return {**grads, "mlm_head": mlm_grads, "sop_head": sop_grads}


def _refuse_gradients_of_missing_losses(d, mlm_loss_cache, sop_loss_cache):
    """A loss that was never computed cannot be differentiated."""
    no_mlm, no_sop = mlm_loss_cache is None, sop_loss_cache is None
    for name, missing, needed in (
            ("loss", no_mlm and no_sop, "labels or sentence_order_label"),
            ("mlm_loss", no_mlm, "labels"),
            ("sop_loss", no_sop, "sentence_order_label")):
        if missing and getattr(d, name) is not None:
            raise ValueError(f"there is no {name} to differentiate: forward was not given "
                             f"{needed}")
