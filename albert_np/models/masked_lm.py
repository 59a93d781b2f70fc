"""The masked language model alone: a score for every piece of the vocabulary at every token."""

import numpy as np

from ..functional import IGNORED, cross_entropy_backward, cross_entropy_forward
from ..layers import masked_lm_head_backward, masked_lm_head_forward
from .base import BaseModel
from .inputs import check_inputs, check_labels, check_positions_needed, labels_at
from .trunk import add, albert_forward, share_of_batch, trunk_backward, upstream


class AlbertForMaskedLM(BaseModel):
    """ALBERT with the masked-LM head, and without a pooler.

    With a (B, T, T) attention mask in place of masked words it is a translator, too: see
    :mod:`albert_np.inference.translation`.

    Parameters
    ----------
    config : AlbertConfig
    seed, dtype : as for :class:`~albert_np.models.base.BaseModel`
    """

    components = ("embeddings", "encoder", "mlm_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, rng=None,
                recompute=False, positions=None, label_counts=None):
        """Compute the logits and, where labels are given, the loss, a cross-entropy (CE.1).

        Parameters
        ----------
        input_ids, attention_mask, token_type_ids, rng, recompute
            As for :meth:`AlbertModel.forward <albert_np.models.albert_model.AlbertModel.forward>`.
        labels : integers (B, T), optional
            The right piece at each position where one is to be predicted, -100 everywhere else.
        positions : integers (B, R), optional
            Save time: compute the last layer at these positions only. With
            :func:`~albert_np.models.inputs.labelled_positions` of the labels the loss is the same.
            The last hidden state and ``sequence_output`` are then (B, R, H).
        label_counts : dict, optional
            As for :meth:`AlbertForPreTraining.forward
            <albert_np.models.pretraining.AlbertForPreTraining.forward>`.

        Returns
        -------
        output : AlbertOutput
            ``logits`` (B, T, V), or (B, R, V); with labels they are computed at the
            M labelled positions only, (M, V), row by row. ``loss`` and what the encoder gives.
        cache : what the backward pass needs
        """
        config, params = self.config, self.params
        input_ids, attention_mask, token_type_ids = check_inputs(
            config, input_ids, attention_mask, token_type_ids, rng)
        labels, _ = check_labels(config, input_ids.shape, labels, None)

        positions = check_positions_needed(positions, input_ids.shape, pooler=False)

        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute, positions)
        masked = np.ones(output.sequence_output.shape[:2], bool)                     # (B, R)
        if labels is not None:
            labels = labels_at(labels, positions)                                    # (B, R)
            masked = labels != IGNORED
        x = output.sequence_output[masked]                                           # (M, H)
        logits, head_cache = masked_lm_head_forward(params["mlm_head"], x,
                                                    params["embeddings"]["word"], config)
        loss_cache = None
        if labels is None:
            output.logits = logits.reshape(*masked.shape, -1)                        # (B, R, V)
        else:
            output.logits = logits                                                   # (M, V)
            output.loss, entropy_cache = cross_entropy_forward(logits, labels[masked])
            output.loss, share = share_of_batch(output.loss, "labels", labels, label_counts)
            loss_cache = entropy_cache, share
        return output, (albert_cache, masked, head_cache, loss_cache, output.logits.shape)

    def backward(self, cache, d_output=None, contributions=None):
        """Gradients of all parameters; the word table adds up its two uses (MLM.5).

        Arguments and result are those of :meth:`AlbertForPreTraining.backward
        <albert_np.models.pretraining.AlbertForPreTraining.backward>`, and so is the error where the
        loss had no labels. In the cache, ``loss_cache`` is None without labels, otherwise
        ``(entropy_cache, share)``: the cache of the cross-entropy and its share (PAR.1).
        """
        albert_cache, masked, head_cache, loss_cache, shape = cache
        d = upstream(self, d_output, albert_cache, {"logits": shape}, loss_cache)
        M, V = int(masked.sum()), self.config.vocab_size
        from_loss = None
        if d.loss is not None:
            # forward: loss = share * cross_entropy(logits, labels[masked])
            entropy_cache, share = loss_cache
            from_loss = cross_entropy_backward(float(d.loss) * share, entropy_cache)
        d_logits = add((M, V), self.dtype, d.logits, from_loss)
        # forward: logits = mlm_head(sequence_output[masked])
        d_rows, d_word, head_grads = masked_lm_head_backward(self.params["mlm_head"], d_logits,
                                                             head_cache)             # (M, H)
        del from_loss, d_logits                        # M V numbers, which can be many
        d_sequence = np.zeros((*masked.shape, self.config.hidden_size), self.dtype)      # (B, R, H)
        d_sequence[masked] = d_rows
        grads = trunk_backward(self.params, d, albert_cache, contributions, sequence=d_sequence)
        grads["embeddings"]["word"] += d_word
        return {**grads, "mlm_head": head_grads}
