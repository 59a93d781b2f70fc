"""Answers as pieces of the text: where does the answer begin, where does it end?"""

from ..functional import cross_entropy_backward, cross_entropy_forward
from ..layers import span_head_backward, span_head_forward
from .base import BaseModel
from .inputs import check_inputs
from .labels import answer_labels, check_positions
from .trunk import add, albert_forward, share_of_batch, trunk_backward, upstream


class AlbertForQuestionAnswering(BaseModel):
    """ALBERT with two scores for each token, start and end of the answer, and without a pooler.

    Parameters
    ----------
    config : AlbertConfig
    seed, dtype : as for :class:`~albert_np.models.base.BaseModel`
    """

    components = ("embeddings", "encoder", "span_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, start_positions=None,
                end_positions=None, rng=None, recompute=False, label_counts=None):
        r"""Compute the logits and, where positions are given, the loss.

        .. math::
           :label: QA.1

           \text{loss} = \tfrac12 \big(\text{CE}(\text{start}, s) + \text{CE}(\text{end}, e)\big)

        Each is a cross-entropy (CE.1) whose classes are the T tokens. Padding competes like any
        other token, as in the original; it learns quickly that it never wins.

        Parameters
        ----------
        input_ids, attention_mask, token_type_ids, rng, recompute
            As for :meth:`AlbertModel.forward <albert_np.models.albert_model.AlbertModel.forward>`.
        start_positions, end_positions : integers (B,), optional
            Both or neither. Where a window lacks the answer, both are 0, ``[CLS]``. A position of
            T or more does not count, and one below 0 is taken for 0, as in transformers.
        label_counts : dict, optional
            As for :meth:`AlbertForPreTraining.forward
            <albert_np.models.pretraining.AlbertForPreTraining.forward>`.

        Returns
        -------
        output : AlbertOutput
            ``start_logits`` and ``end_logits`` (B, T), ``loss`` and what the encoder gives.
        cache : what the backward pass needs
            Its ``loss_caches`` are None without positions, otherwise ``(start_cache, start_share),
            (end_cache, end_share)``: the cache of each cross-entropy and its share (PAR.1).
        """
        config, params = self.config, self.params
        input_ids, attention_mask, token_type_ids = check_inputs(
            config, input_ids, attention_mask, token_type_ids, rng)
        B, T = input_ids.shape
        start_positions, end_positions = check_positions(B, start_positions, end_positions)

        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute)
        (output.start_logits, output.end_logits), head_cache = span_head_forward(
            params["span_head"], output.sequence_output)                             # (B, T)
        loss_caches = None
        if start_positions is not None:
            starts, ends = answer_labels(start_positions, T), answer_labels(end_positions, T)
            start_loss, start_cache = cross_entropy_forward(output.start_logits, starts)
            end_loss, end_cache = cross_entropy_forward(output.end_logits, ends)
            start_loss, start_share = share_of_batch(start_loss, "start_positions", starts,
                                                     label_counts)
            end_loss, end_share = share_of_batch(end_loss, "end_positions", ends, label_counts)
            output.loss = (start_loss + end_loss) / 2                                # (QA.1)
            loss_caches = (start_cache, start_share), (end_cache, end_share)
        return output, (albert_cache, head_cache, loss_caches, (B, T))

    def backward(self, cache, d_output=None, contributions=None):
        r"""Gradients of all parameters.

        Each half of the loss (QA.1) gets half of its gradient:

        .. math::
           :label: QA.2

           d\text{CE}(\text{start}, s) = d\text{CE}(\text{end}, e) = \tfrac12\, d\text{loss}

        Parameters
        ----------
        cache : from ``forward``
            Its ``loss_caches`` are None without positions, otherwise ``(start_cache, start_share),
            (end_cache, end_share)``: the cache of each cross-entropy and its share (PAR.1).
        d_output : AlbertOutput or dict, optional
            The upstream gradient of each output that matters; None means ``{"loss": 1}``.
        contributions : list, optional
            Receives the encoder's gradients at each depth, the shallowest first.

        Returns
        -------
        grads : tree like ``params``

        Examples
        --------
        The answer begins at the first token and ends at the last. The head adds its bias to the
        logits of all tokens alike, so the gradient of the bias is 0:

        >>> import numpy as np
        >>> from albert_np import AlbertConfig
        >>> config = AlbertConfig(vocab_size=6, embedding_size=3, hidden_size=4,
        ...                       num_hidden_layers=1, num_attention_heads=2, intermediate_size=3,
        ...                       max_position_embeddings=4, initializer_range=1.0)
        >>> model = AlbertForQuestionAnswering(config, seed=0, dtype=np.float64)
        >>> ids, starts, ends = np.array([[2, 4, 5]]), np.array([0]), np.array([2])
        >>> output, cache = model.forward(ids, start_positions=starts, end_positions=ends)
        >>> grads = model.backward(cache)
        >>> round(float(output.loss), 4), grads["span_head"]["W"].round(4).tolist()
        (1.2133, [[-0.0898, -0.1911], [-0.1407, -0.1332], [0.0387, 0.3381], [0.1918, -0.0137]])
        """
        albert_cache, head_cache, loss_caches, shape = cache
        d = upstream(self, d_output, albert_cache, {"start_logits": shape, "end_logits": shape},
                     loss_caches, "start_positions and end_positions")
        start = end = None
        if d.loss is not None:
            # forward: loss = (share * cross_entropy(start_logits) + the same of the end) / 2
            half = float(d.loss) / 2                                                 # (QA.2)
            start, end = (cross_entropy_backward(half * share, entropy_cache)
                          for entropy_cache, share in loss_caches)
        d_logits = (add(shape, self.dtype, d.start_logits, start),
                    add(shape, self.dtype, d.end_logits, end))                       # (B, T) each
        # forward: start_logits, end_logits = span_head(sequence_output)
        d_sequence, head_grads = span_head_backward(self.params["span_head"], d_logits, head_cache)
        grads = trunk_backward(self.params, d, albert_cache, contributions, sequence=d_sequence)
        return {**grads, "span_head": head_grads}
