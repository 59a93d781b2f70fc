"""The masked language model alone: a score for every piece of the vocabulary at every token."""

import numpy as np

from ..functional import IGNORED, cross_entropy_backward, cross_entropy_forward
from .inputs import check_inputs, check_labels
from ..layers import masked_lm_head_backward, masked_lm_head_forward
from .base import BaseModel
from .trunk import albert_forward, predicted_positions
from .head_backward import add, trunk_backward, upstream


class AlbertForMaskedLM(BaseModel):
    """ALBERT with the masked-LM head, and without a pooler.

    With a (B, T, T) attention mask in place of masked words it is a translator, too: see
    :mod:`albert_np.inference.translation`.

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
        embeddings, encoder, mlm_head: the tree of parameters.
    """

    components = ("embeddings", "encoder", "mlm_head")

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, labels=None, rng=None,
                recompute=False, only_asked=False):
        """Compute the logits and, where labels are given, the loss, a cross-entropy (CE.1).

        Parameters
        ----------
        input_ids : integers (B, T)
        attention_mask : zeros and ones (B, T) or (B, T, T), optional
            1 where a token may be seen. (B, T, T): row i says what token i may see.
        token_type_ids : integers (B, T), optional
            0 in the first segment, 1 in the second.
        labels : integers (B, T), optional
            The right piece at each position where one is to be predicted, -100 everywhere else.
        rng : numpy.random.Generator, optional
            Turns dropout on.
        recompute : bool
            Save memory: the backward pass computes each layer again. ``attentions`` are not kept.
        only_asked : bool
            Save time: compute the last layer at the R labelled positions (and [CLS]) only. The
            loss is the same; the last hidden state and ``sequence_output`` are (B, R, H).

        Returns
        -------
        output : AlbertOutput
            ``logits`` (B, T, V); with labels they are computed at the M labelled positions only,
            (M, V), row by row. ``loss`` and what the encoder gives.
        cache : what the backward pass needs

        Raises
        ------
        ValueError
            Where the inputs do not fit the configuration or each other.
        """
        config, params = self.config, self.params
        input_ids, attention_mask, token_type_ids = check_inputs(
            config, input_ids, attention_mask, token_type_ids, rng)
        labels, _ = check_labels(config, input_ids.shape, labels, None)

        asked = np.ones(input_ids.shape, bool) if labels is None else labels != IGNORED   # (B, T)
        queries = predicted_positions(asked) if only_asked else None                    # (B, R)
        output, albert_cache = albert_forward(params, input_ids, attention_mask, token_type_ids,
                                              config, rng, recompute, queries)
        looked_at = asked if queries is None else np.take_along_axis(asked, queries, axis=1)
        rows = output.sequence_output[looked_at]                                     # (M, H)
        logits, head_cache = masked_lm_head_forward(params["mlm_head"], rows,
                                                    params["embeddings"]["word"], config)
        loss_cache = None
        if labels is None:
            output.logits = logits.reshape(*input_ids.shape, -1)                     # (B, T, V)
        else:
            output.logits = logits                                                   # (M, V)
            output.loss, loss_cache = cross_entropy_forward(logits, labels[asked])
        return output, (albert_cache, looked_at, head_cache, loss_cache, output.logits.shape)

    def backward(self, cache, d_output=None, contributions=None):
        """Gradients of all parameters; the word table adds up its two uses (MLM.5).

        Parameters
        ----------
        cache : from ``forward``
        d_output : AlbertOutput or dict, optional
            The upstream gradient of each output that matters; None means ``{"loss": 1}``.
        contributions : list, optional
            Receives the encoder's gradients at each depth, the shallowest first.

        Returns
        -------
        grads : tree like ``params``
        """
        albert_cache, looked_at, head_cache, loss_cache, shape = cache
        d = upstream(self, d_output, albert_cache, {"logits": shape}, loss_cache)
        M, V = int(looked_at.sum()), self.config.vocab_size
        # forward: loss = cross_entropy(logits, labels[asked])
        from_loss = None if d.loss is None else cross_entropy_backward(float(d.loss), loss_cache)
        d_logits = add((M, V), self.dtype, d.logits, from_loss)
        # forward: logits = mlm_head(sequence_output[looked_at])
        d_rows, d_word, head_grads = masked_lm_head_backward(self.params["mlm_head"], d_logits,
                                                             head_cache)             # (M, H)
        d_sequence = np.zeros((*looked_at.shape, self.config.hidden_size), self.dtype)   # (B, R, H)
        d_sequence[looked_at] = d_rows
        grads = trunk_backward(self.params, d, albert_cache, contributions, sequence=d_sequence)
        grads["embeddings"]["word"] += d_word
        return {**grads, "mlm_head": head_grads}
