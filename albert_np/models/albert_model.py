"""The encoder without heads."""

from .base import BaseModel
from .inputs import check_inputs
from .trunk import albert_backward, albert_forward, trunk_shapes, upstream_gradients


class AlbertModel(BaseModel):
    """The encoder without heads: hidden states of every token, and one pooled vector.

    Parameters
    ----------
    config : AlbertConfig
    seed, dtype : as for :class:`~albert_np.models.base.BaseModel`
    """

    components = ("embeddings", "encoder", "pooler")
    prefix = ""

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, rng=None,
                recompute=False):
        """Compute the hidden states.

        Parameters
        ----------
        input_ids : integers (B, T)
        attention_mask : zeros and ones (B, T) or (B, T, T), optional
            1 where a token may be seen. (B, T, T): row i says what token i may see.
        token_type_ids : integers (B, T), optional
            0 in the first segment, 1 in the second.
        rng : numpy.random.Generator, optional
            Turns dropout on.
        recompute : bool
            Save memory: the backward pass computes each layer again. ``attentions`` are not kept.

        Returns
        -------
        output : AlbertOutput
            sequence_output, pooled_output, hidden_states, attentions.
        cache : what the backward pass needs

        Raises
        ------
        ValueError
            Where the inputs do not fit the configuration or each other.
        """
        input_ids, attention_mask, token_type_ids = check_inputs(
            self.config, input_ids, attention_mask, token_type_ids, rng)
        return albert_forward(self.params, input_ids, attention_mask, token_type_ids,
                              self.config, rng, recompute)

    def backward(self, cache, d_output, contributions=None):
        """Gradients of all parameters.

        Parameters
        ----------
        cache : from ``forward``
        d_output : AlbertOutput or dict
            The upstream gradient of each output that the loss depends on; leave out the others.
            In the lists of hidden states and attentions an entry may be None.
        contributions : list, optional
            Receives the encoder's gradients at each depth, the shallowest first.

        Returns
        -------
        grads : tree like ``params``
        """
        d = upstream_gradients(d_output, trunk_shapes(self.config, cache), self.dtype)
        return albert_backward(self.params, d, cache, contributions)
