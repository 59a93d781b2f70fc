"""One class for every token: names of people and places, parts of speech."""

from ..functional import IGNORED, cross_entropy_backward, cross_entropy_forward
from ..layers import classification_head_backward, classification_head_forward
from .base import BaseModel
from .inputs import as_integers, check_inputs
from .trunk import add, albert_forward, share_of_batch, trunk_backward, upstream


class AlbertForTokenClassification(BaseModel):
    """ALBERT with a classification head on every hidden state, and without a pooler.

    Parameters
    ----------
    config : AlbertConfig
        With ``num_labels`` K and ``classifier_dropout_prob``.
    seed, dtype : as for :class:`~albert_np.models.base.BaseModel`
    """

    components = ("embeddings", "encoder", "classification_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, rng=None,
                recompute=False, label_counts=None):
        """Compute the logits and, where labels are given, the loss, a cross-entropy (CE.1).

        Parameters
        ----------
        input_ids, attention_mask, token_type_ids, rng, recompute
            As for :meth:`AlbertModel.forward <albert_np.models.albert_model.AlbertModel.forward>`.
        labels : integers (B, T), optional
            The class of each token, -100 where there is none: at ``[CLS]``, ``[SEP]`` and padding,
            and, where a word has several pieces, at those that do not stand for it. The loss is
            the mean over the tokens that count, in all the batch.
        label_counts : dict, optional
            As for :meth:`AlbertForPreTraining.forward
            <albert_np.models.pretraining.AlbertForPreTraining.forward>`.

        Returns
        -------
        output : AlbertOutput
            ``logits`` (B, T, K), ``loss`` and what the encoder gives.
        cache : what the backward pass needs
        """
        config, params = self.config, self.params
        input_ids, attention_mask, token_type_ids = check_inputs(
            config, input_ids, attention_mask, token_type_ids, rng)
        if labels is not None:
            labels = as_integers("labels", labels, input_ids.shape, config.num_labels, "num_labels",
                               ignored=IGNORED)

        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute)
        output.logits, head_cache = classification_head_forward(
            params["classification_head"], output.sequence_output, config, rng)      # (B, T, K)
        loss_cache = None
        if labels is not None:
            output.loss, entropy_cache = cross_entropy_forward(output.logits, labels)
            output.loss, share = share_of_batch(output.loss, "labels", labels, label_counts)
            loss_cache = entropy_cache, share
        return output, (albert_cache, head_cache, loss_cache, output.logits.shape)

    def backward(self, cache, d_output=None, contributions=None):
        """Gradients of all parameters.

        Arguments and result are those of :meth:`AlbertForPreTraining.backward
        <albert_np.models.pretraining.AlbertForPreTraining.backward>`.
        """
        albert_cache, head_cache, loss_cache, shape = cache
        d = upstream(self, d_output, albert_cache, {"logits": shape}, loss_cache)
        from_loss = None
        if d.loss is not None:
            # forward: loss = share * cross_entropy(logits, labels)
            entropy_cache, share = loss_cache
            from_loss = cross_entropy_backward(float(d.loss) * share, entropy_cache)
        d_logits = add(shape, self.dtype, d.logits, from_loss)                       # (B, T, K)
        # forward: logits = classification_head(sequence_output)
        d_sequence, head_grads = classification_head_backward(
            self.params["classification_head"], d_logits, head_cache)                # (B, T, H)
        grads = trunk_backward(self.params, d, albert_cache, contributions, sequence=d_sequence)
        return {**grads, "classification_head": head_grads}
