"""Which of several answers fits? Each is read together with the text, and the scores compete."""

from ..functional import IGNORED, cross_entropy_backward, cross_entropy_forward
from ..layers import classification_head_backward, classification_head_forward
from .base import BaseModel
from .inputs import as_array, as_integers, check_inputs
from .trunk import add, albert_forward, share_of_batch, trunk_backward, upstream


class AlbertForMultipleChoice(BaseModel):
    """ALBERT with a head that gives one score to each choice.

    Parameters
    ----------
    config : AlbertConfig
        With ``classifier_dropout_prob``; the number of choices is that of the input.
    seed, dtype : as for :class:`~albert_np.models.base.BaseModel`
    """

    components = ("embeddings", "encoder", "pooler", "choice_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, rng=None,
                recompute=False, label_counts=None):
        r"""Compute the score of every choice and, where labels are given, the loss.

        The B x C texts pass through the encoder as one long batch. With the pooled output
        :math:`p_{bc}` of choice c,

        .. math::
           :label: CHOICE.1

           y_{bc} = \text{Dropout}(p_{bc}) \cdot w + b, \qquad
           \text{loss} = \text{CE}(y, \text{labels})

        with the softmax of the cross-entropy (CE.1) over the choices of one question. b adds the
        same to all of them, so that its gradient is 0 from the loss.

        Parameters
        ----------
        input_ids : integers (B, C, T)
            B questions with C choices each.
        attention_mask : zeros and ones (B, C, T) or (B, C, T, T), optional
            1 where a token may be seen.
        token_type_ids : integers (B, C, T), optional
            0 in the first segment, 1 in the second.
        labels : integers (B,), optional
            The right choice, in [0, C), or -100 where the question does not count.
        rng, recompute
            As for :meth:`AlbertModel.forward <albert_np.models.albert_model.AlbertModel.forward>`.
        label_counts : dict, optional
            As for :meth:`AlbertForPreTraining.forward
            <albert_np.models.pretraining.AlbertForPreTraining.forward>`.

        Returns
        -------
        output : AlbertOutput
            ``logits`` (B, C), ``loss``, and what the encoder gives for the B x C texts.
        cache : what the backward pass needs
            Its ``loss_cache`` is None without labels, otherwise ``(entropy_cache, share)``: the
            cache of the cross-entropy and its share (PAR.1).
        """
        config, params = self.config, self.params
        input_ids = as_array("input_ids", input_ids)
        if input_ids.ndim != 3 or input_ids.size == 0:
            raise ValueError(f"input_ids have shape {input_ids.shape}; they must be (batch, "
                             f"choices, tokens) with at least one of each")
        B, C, T = input_ids.shape
        input_ids, attention_mask, token_type_ids = check_inputs(
            config, input_ids.reshape(B * C, T),
            _flat("attention_mask", attention_mask, [(B, C, T), (B, C, T, T)]),
            _flat("token_type_ids", token_type_ids, [(B, C, T)]), rng)
        if labels is not None:
            labels = as_integers("labels", labels, (B,), C, "the number of choices",
                                 ignored=IGNORED)

        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute)
        scores, head_cache = classification_head_forward(
            params["choice_head"], output.pooled_output, config, rng)                # (B C, 1)
        output.logits = scores.reshape(B, C)                                         # (CHOICE.1)
        loss_cache = None
        if labels is not None:
            output.loss, entropy_cache = cross_entropy_forward(output.logits, labels)
            output.loss, share = share_of_batch(output.loss, "labels", labels, label_counts)
            loss_cache = entropy_cache, share
        return output, (albert_cache, head_cache, loss_cache, (B, C))

    def backward(self, cache, d_output=None, contributions=None):
        """Gradients of all parameters.

        Arguments and result are those of :meth:`AlbertForPreTraining.backward
        <albert_np.models.pretraining.AlbertForPreTraining.backward>`.

        Examples
        --------
        There are two questions with two choices each:

        >>> import numpy as np
        >>> from albert_np import AlbertConfig
        >>> config = AlbertConfig(vocab_size=6, embedding_size=3, hidden_size=4,
        ...                       num_hidden_layers=1, num_attention_heads=2, intermediate_size=3,
        ...                       max_position_embeddings=4, initializer_range=1.0)
        >>> model = AlbertForMultipleChoice(config, seed=0, dtype=np.float64)
        >>> ids = np.array([[[2, 4, 5], [2, 1, 3]], [[2, 3, 3], [2, 5, 4]]])
        >>> labels = np.array([1, 0])
        >>> output, cache = model.forward(ids, labels=labels)
        >>> grads = model.backward(cache)
        >>> round(float(output.loss), 4), grads["choice_head"]["W"].round(4).tolist()
        (0.4815, [[0.041], [0.0031], [0.0615], [0.0813]])
        """
        albert_cache, head_cache, loss_cache, (B, C) = cache
        d = upstream(self, d_output, albert_cache, {"logits": (B, C)}, loss_cache)
        from_loss = None
        if d.loss is not None:
            # forward: loss = share * cross_entropy(logits, labels)
            entropy_cache, share = loss_cache
            from_loss = cross_entropy_backward(float(d.loss) * share, entropy_cache)
        d_logits = add((B * C, 1), self.dtype, d.logits, from_loss)
        # forward: logits = choice_head(pooled_output)
        d_pooled, head_grads = classification_head_backward(
            self.params["choice_head"], d_logits, head_cache)                        # (B C, H)
        grads = trunk_backward(self.params, d, albert_cache, contributions, pooled=d_pooled)
        return {**grads, "choice_head": head_grads}


def _flat(name, values, shapes):
    """(B, C, ...) as (B C, ...), where given."""
    if values is None:
        return None
    values = as_array(name, values)
    if values.shape not in shapes:
        raise ValueError(f"{name} have shape {values.shape}; they must have shape "
                         f"{' or '.join(map(str, shapes))}")
    return values.reshape(-1, *values.shape[2:])
