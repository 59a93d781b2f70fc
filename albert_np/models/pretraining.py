"""ALBERT with its two pretraining heads."""

from dataclasses import replace

import numpy as np

from ..functional import IGNORED, cross_entropy_backward, cross_entropy_forward
from ..layers import (masked_lm_head_backward, masked_lm_head_forward,
                      sentence_order_head_backward, sentence_order_head_forward)
from .base import BaseModel
from .inputs import check_inputs, check_labels
from .outputs import upstream_gradients
from .trunk import (add_optional, albert_backward, albert_forward, predicted_positions,
                    trunk_shapes)


class AlbertForPreTraining(BaseModel):
    """ALBERT with its two pretraining heads: masked words and sentence order.

    Parameters
    ----------
    config : AlbertConfig
    seed : int
        Of the initial parameters.
    dtype : dtype
        Of the parameters, and so of everything that is computed from them.

    Attributes
    ----------
    params : dict
        embeddings, encoder, pooler, mlm_head, sop_head: the tree of parameters.
    """

    components = ("embeddings", "encoder", "pooler", "mlm_head", "sop_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None,
                sentence_order_label=None, rng=None, recompute=False, only_asked=False):
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
        only_asked : bool
            Save time: compute the last layer at the R labelled positions (and [CLS]) only. The
            losses are the same; the last hidden state and ``sequence_output`` are (B, R, H).

        Returns
        -------
        output : AlbertOutput
            All outputs. ``prediction_logits`` are (B, T, V); with labels they are computed at
            the M labelled positions only, (M, V), row by row. Losses without labels are None.
        cache : what the backward pass needs

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

        masked = np.ones(input_ids.shape, bool) if labels is None else labels != IGNORED  # (B, T)
        queries = predicted_positions(masked) if only_asked else None                   # (B, R)
        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute, queries)
        looked_at = masked if queries is None else np.take_along_axis(masked, queries, axis=1)
        x = output.sequence_output[looked_at]                                        # (M, H)
        logits, mlm_cache = masked_lm_head_forward(params["mlm_head"], x,
                                                   params["embeddings"]["word"], config)
        output.sop_logits, sop_cache = sentence_order_head_forward(params["sop_head"],
                                                                   output.pooled_output)
        mlm_loss_cache = sop_loss_cache = None
        if labels is None:
            output.prediction_logits = logits.reshape(*input_ids.shape, -1)          # (B, T, V)
        else:
            output.prediction_logits = logits                                        # (M, V)
            output.mlm_loss, mlm_loss_cache = cross_entropy_forward(logits, labels[masked])
            output.loss = output.mlm_loss
        if sentence_order_label is not None:
            output.sop_loss, sop_loss_cache = cross_entropy_forward(output.sop_logits,
                                                                    sentence_order_label)
            weighted = output.sop_loss * config.sop_weight
            output.loss = weighted if labels is None else output.loss + weighted     # (PRE.1)
        return output, (albert_cache, looked_at, mlm_cache, sop_cache, mlm_loss_cache,
                        sop_loss_cache)

    def backward(self, cache, d_output=None, contributions=None):
        r"""Gradients of all parameters.

        The loss is a sum (PRE.1), so each part receives the loss's own gradient times its
        weight, on top of what is asked for directly:

        .. math::
           :label: PRE.2

           d\text{loss}_{\text{MLM}} \mathrel{+}= d\text{loss}, \qquad
           d\text{loss}_{\text{SOP}} \mathrel{+}= \lambda\, d\text{loss}

        The hidden states that the masked-LM head did not look at get no gradient from it, and
        the word table adds up its two uses (MLM.5).

        Parameters
        ----------
        cache : from ``forward``
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
        """
        params, dtype = self.params, self.dtype
        albert_cache, looked_at, mlm_cache, sop_cache, mlm_loss_cache, sop_loss_cache = cache
        V, M = self.config.vocab_size, int(looked_at.sum())
        shapes = {**trunk_shapes(self.config, albert_cache), "loss": (), "mlm_loss": (), "sop_loss": (),
                  "prediction_logits": (*looked_at.shape, V) if mlm_loss_cache is None else (M, V),
                  "sop_logits": (len(looked_at), 2)}
        d = upstream_gradients({"loss": 1.0} if d_output is None else d_output, shapes, dtype)
        _refuse_gradients_of_missing_losses(d, mlm_loss_cache, sop_loss_cache)
        # forward: loss = mlm_loss + sop_weight * sop_loss
        d_loss = float(d.loss or 0)
        d_mlm_loss = float(d.mlm_loss or 0) + d_loss
        d_sop_loss = float(d.sop_loss or 0) + d_loss * self.config.sop_weight        # (PRE.2)

        # forward: sop_loss = cross_entropy(sop_head(pooled_output), sentence_order_label)
        d_sop_logits = np.zeros((len(looked_at), 2), dtype)                          # (B, 2)
        if d.sop_logits is not None:
            d_sop_logits += d.sop_logits
        if sop_loss_cache is not None:
            d_sop_logits += cross_entropy_backward(d_sop_loss, sop_loss_cache)
        d_pooled, sop_grads = sentence_order_head_backward(params["sop_head"], d_sop_logits,
                                                           sop_cache)                # (B, H)
        # forward: mlm_loss = cross_entropy(mlm_head(sequence_output[masked]), labels[masked])
        if mlm_loss_cache is not None:
            d_logits = cross_entropy_backward(d_mlm_loss, mlm_loss_cache)            # (M, V)
        else:
            d_logits = np.zeros((M, V), dtype)
        if d.prediction_logits is not None:
            d_logits += d.prediction_logits.reshape(d_logits.shape)
        d_rows, d_word, mlm_grads = masked_lm_head_backward(params["mlm_head"], d_logits,
                                                            mlm_cache)               # (M, H)
        d_sequence = np.zeros((*looked_at.shape, self.config.hidden_size), dtype)    # (B, R, H)
        d_sequence[looked_at] = d_rows
        # forward: sequence_output, pooled_output = albert(input_ids)
        d_albert = replace(d, sequence_output=add_optional(d_sequence, d.sequence_output),
                           pooled_output=add_optional(d_pooled, d.pooled_output))
        grads = albert_backward(params, d_albert, albert_cache, contributions)
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
