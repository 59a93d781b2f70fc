"""One answer for a whole text, or for a pair: a class, several classes, or a number."""

import numpy as np

from ..functional import (binary_cross_entropy_backward, binary_cross_entropy_forward,
                          cross_entropy_backward, cross_entropy_forward,
                          mean_squared_error_backward, mean_squared_error_forward)
from ..layers import classification_head_backward, classification_head_forward
from .base import BaseModel
from .inputs import check_inputs
from .labels import check_label_weights, check_problem_labels, problem_of
from .trunk import add, albert_forward, share_of_batch, trunk_backward, upstream

LOSSES = {
    "single_label_classification": (cross_entropy_forward, cross_entropy_backward),
    "multi_label_classification": (binary_cross_entropy_forward, binary_cross_entropy_backward),
    "regression": (mean_squared_error_forward, mean_squared_error_backward),
}


class AlbertForSequenceClassification(BaseModel):
    """ALBERT with a classification head on its pooled output.

    Parameters
    ----------
    config : AlbertConfig
        With ``num_labels`` K, ``problem_type`` and ``classifier_dropout_prob``.
    seed, dtype : as for :class:`~albert_np.models.base.BaseModel`
    """

    components = ("embeddings", "encoder", "pooler", "classification_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, rng=None,
                recompute=False, label_counts=None, label_weights=None):
        """Compute the logits and, where labels are given, the loss.

        Parameters
        ----------
        input_ids, attention_mask, token_type_ids, rng, recompute
            As for :meth:`AlbertModel.forward <albert_np.models.albert_model.AlbertModel.forward>`.
        labels : array, optional
            Single label: integers (B,), -100 where the sequence does not count; cross-entropy
            (CE.1). Several labels: (B, K), each in [0, 1]; binary cross-entropy (BCE.1).
            Regression: numbers (B, K), or (B,) for K = 1; mean squared error (MSE.1), in which
            every number counts, -100 too.
            ``config.problem_type`` says which of them. Where it is None, one label means
            regression, integers mean single labels, other numbers several.
        label_counts : dict, optional
            As for :meth:`AlbertForPreTraining.forward
            <albert_np.models.pretraining.AlbertForPreTraining.forward>`.
        label_weights : array (B,), optional
            With single labels: the weights w in the loss (CE.1), one for each sequence. If each
            class has a weight, these are the weights of the labels.

        Returns
        -------
        output : AlbertOutput
            ``logits`` (B, K), ``loss`` and what the encoder gives.
        cache : what the backward pass needs
        """
        config, params = self.config, self.params
        input_ids, attention_mask, token_type_ids = check_inputs(
            config, input_ids, attention_mask, token_type_ids, rng)
        problem = None
        if labels is not None:
            problem = problem_of(config, labels)
            labels = check_problem_labels(config, problem, len(input_ids), labels)
        check_label_weights(problem, len(input_ids), label_weights)

        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute)
        output.logits, head_cache = classification_head_forward(
            params["classification_head"], output.pooled_output, config, rng)        # (B, K)
        loss_cache = None
        if labels is not None:
            weights = {} if label_weights is None else {"weights": label_weights}
            output.loss, problem_cache = LOSSES[problem][0](output.logits, labels, **weights)
            output.loss, share = share_of_batch(output.loss, "labels", labels, label_counts,
                                                label_weights)
            loss_cache = problem_cache, share
        return output, (albert_cache, head_cache, problem, loss_cache, output.logits.shape)

    def label_counts(self, batch):
        """As :meth:`BaseModel.label_counts <albert_np.models.base.BaseModel.label_counts>`.

        Only a single label can be -100 for "none". Of the numbers of the other two problems, every
        one counts, be they integers or not.
        """
        labels = batch.get("labels")
        if labels is None or problem_of(self.config, labels) == "single_label_classification":
            return super().label_counts(batch)
        return {"labels": np.size(labels)}

    def backward(self, cache, d_output=None, contributions=None):
        """Gradients of all parameters.

        Arguments and result are those of :meth:`AlbertForPreTraining.backward
        <albert_np.models.pretraining.AlbertForPreTraining.backward>`.
        """
        albert_cache, head_cache, problem, loss_cache, shape = cache
        d = upstream(self, d_output, albert_cache, {"logits": shape}, loss_cache)
        from_loss = None
        if d.loss is not None:
            # forward: loss = share * loss_of_the_problem(logits, labels)
            problem_cache, share = loss_cache
            from_loss = LOSSES[problem][1](float(d.loss) * share, problem_cache)
        d_logits = add(shape, self.dtype, d.logits, from_loss)                       # (B, K)
        # forward: logits = classification_head(pooled_output)
        d_pooled, head_grads = classification_head_backward(
            self.params["classification_head"], d_logits, head_cache)                # (B, H)
        grads = trunk_backward(self.params, d, albert_cache, contributions, pooled=d_pooled)
        return {**grads, "classification_head": head_grads}
