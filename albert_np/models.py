"""The models: layers put together over one tree of parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .config import AlbertConfig
from .functional import cross_entropy_backward, cross_entropy_forward
from .parameters.initial_values import initial_parameters
from .inputs import check_inputs, check_labels
from .layers import (embeddings_backward, embeddings_forward, encoder_backward, encoder_forward,
                     masked_lm_head_backward, masked_lm_head_forward, pooler_backward,
                     pooler_forward, sentence_order_head_backward, sentence_order_head_forward,
                     visible_keys)
from .outputs import AlbertOutput, upstream_gradients
from .parameters import zeros_like
from .parameters.state_dict import from_state_dict, to_state_dict

IGNORED = -100     # the label of a position where nothing is predicted


def albert_forward(params, input_ids, attention_mask, token_type_ids, config, rng=None,
                   recompute=False, queries=None):
    """Embeddings, encoder and pooler, one after the other: what every model here begins with.

    Parameters
    ----------
    params : dict
        embeddings, encoder, pooler (and whatever heads the model adds). The pooler may be missing.
    input_ids, token_type_ids : integer arrays (B, T)
    attention_mask : array (B, T) or (B, T, T), or None
    config : AlbertConfig
    rng : numpy.random.Generator or None
    recompute : bool
        See :func:`~albert_np.layers.encoder_forward`.
    queries : integer array (B, R), or None
        The positions whose last hidden state is wanted, the first token's first.

    Returns
    -------
    output : AlbertOutput
        sequence_output, pooled_output (None without a pooler), hidden_states, attentions.
    cache : what the backward pass needs
    """
    h, embeddings_cache = embeddings_forward(params["embeddings"], input_ids, token_type_ids,
                                             config, rng)                            # (B, T, H)
    (hidden_states, attentions), encoder_cache = encoder_forward(
        params["encoder"], h, visible_keys(attention_mask), config, rng, recompute, queries)
    sequence_output = hidden_states[-1]                                              # (B, R, H)
    pooled_output = pooler_cache = None
    if "pooler" in params:
        pooled_output, pooler_cache = pooler_forward(params["pooler"], sequence_output)  # (B, H)
    output = AlbertOutput(sequence_output=sequence_output, pooled_output=pooled_output,
                          hidden_states=hidden_states, attentions=attentions)
    return output, (embeddings_cache, encoder_cache, pooler_cache, sequence_output, h.shape)


def albert_backward(params, d_output, cache, contributions=None):
    """Gradients of embeddings, encoder and pooler.

    Parameters
    ----------
    params : as in :func:`albert_forward`
    d_output : AlbertOutput
        The upstream gradient of each output; None where an output is not used.
    cache : from :func:`albert_forward`
    contributions : list, optional
        Receives the encoder's gradients at each depth, the shallowest first.

    Returns
    -------
    grads : dict of embeddings, encoder and, where there is one, pooler
    """
    embeddings_cache, encoder_cache, pooler_cache, sequence_output, _ = cache
    depths = len(encoder_cache[0])
    d_hidden_states = list(d_output.hidden_states or [None] * (depths + 1))
    d_attentions = list(d_output.attentions or [None] * depths)

    # forward: pooled_output = pooler(sequence_output)
    if d_output.pooled_output is None:
        d_from_pooler, pooler_grads = None, zeros_like(params.get("pooler", {}))
    else:
        d_from_pooler, pooler_grads = pooler_backward(params["pooler"], d_output.pooled_output,
                                                      pooler_cache)
    # The last hidden state has three uses: as itself, as sequence output, and by the pooler.
    d_last = np.zeros_like(sequence_output)
    for use in (d_hidden_states[-1], d_output.sequence_output, d_from_pooler):
        d_last = _sum(d_last, use)
    d_hidden_states[-1] = d_last
    # forward: hidden_states, attentions = encoder(h)
    dh, encoder_grads = encoder_backward(params["encoder"], (d_hidden_states, d_attentions),
                                         encoder_cache, contributions)
    # forward: h = embeddings(input_ids, token_type_ids)
    embeddings_grads = embeddings_backward(params["embeddings"], dh, embeddings_cache)
    grads = {"embeddings": embeddings_grads, "encoder": encoder_grads}
    return {**grads, "pooler": pooler_grads} if "pooler" in params else grads


class _Albert:
    """What the models have in common: a configuration and one tree of parameters."""

    components = ()       # the branches of the tree that this model has
    prefix = "albert."    # what Hugging Face writes before the names of the trunk
    load_report = None    # of a model from_pretrained: what differed, a checkpoint.LoadReport

    def __init__(self, config, seed=0, dtype=np.float32):
        if not isinstance(config, AlbertConfig):
            raise ValueError(f"config must be an AlbertConfig, not a {type(config).__name__}")
        if not np.issubdtype(dtype, np.inexact):
            raise ValueError(f"dtype is {np.dtype(dtype)}; parameters need a floating-point dtype")
        self.config = config
        rng = None if seed is None else np.random.default_rng(seed)      # None: zeros
        params = initial_parameters(config, rng, dtype, self.components)
        self.params = {name: params[name] for name in self.components}

    @classmethod
    def from_pretrained(cls, name_or_folder, dtype=np.float32, seed=0, memory_map=False,
                        **changes):
        """A model with published weights, from a folder or from the hub.

        ``load_report`` says what differed; ``changes`` replace fields of the configuration. See
        :func:`albert_np.checkpoint.load_pretrained`.
        """
        from .checkpoint import load_pretrained
        return load_pretrained(cls, name_or_folder, dtype, seed, memory_map, changes)

    def save_pretrained(self, folder, tokenizer=None):
        """Write a folder that transformers loads too: see `checkpoint.save_pretrained`."""
        from .checkpoint import save_pretrained
        save_pretrained(self, folder, tokenizer)

    @property
    def dtype(self):
        """The dtype of the parameters."""
        return self.params["embeddings"]["word"].dtype

    def state_dict(self, tree=None):
        """The parameters, or a tree of gradients, under Hugging Face's names and in its layouts.

        Parameters
        ----------
        tree : dict, optional
            A tree like ``params``; None takes the parameters themselves.

        Returns
        -------
        dict of str to array
            Copies. Tied weights occur once.
        """
        return to_state_dict(self.config, self.params if tree is None else tree, self.prefix)

    def load_state_dict(self, mapping):
        """Copy weights of those names and layouts into ``params``, keeping its dtype.

        Raises
        ------
        ValueError
            That lists what is missing, unknown or of another shape; nothing is changed then.
        """
        from_state_dict(self.config, self.params, mapping, self.prefix)


class AlbertModel(_Albert):
    """The encoder without heads: hidden states of every token, and one pooled vector.

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
        embeddings, encoder, pooler: the tree of parameters.
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
        d = upstream_gradients(d_output, _shapes(self.config, cache), self.dtype)
        return albert_backward(self.params, d, cache, contributions)


class AlbertForPreTraining(_Albert):
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
        queries = _positions_asked(masked) if only_asked else None                   # (B, R)
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
        shapes = {**_shapes(self.config, albert_cache), "loss": (), "mlm_loss": (), "sop_loss": (),
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
        d_albert = replace(d, sequence_output=_sum(d_sequence, d.sequence_output),
                           pooled_output=_sum(d_pooled, d.pooled_output))
        grads = albert_backward(params, d_albert, albert_cache, contributions)
        grads["embeddings"]["word"] += d_word                                        # (MLM.5)
        return {**grads, "mlm_head": mlm_grads, "sop_head": sop_grads}


def _shapes(config, albert_cache):
    """The shapes of the outputs of :func:`albert_forward`."""
    _, encoder_cache, pooler_cache, sequence_output, (B, T, H) = albert_cache
    R, A = sequence_output.shape[1], config.num_attention_heads
    depths = len(encoder_cache[0])
    pooled = {} if pooler_cache is None else {"pooled_output": (B, H)}
    return {"sequence_output": (B, R, H), **pooled,
            "hidden_states": [(B, T, H)] * depths + [(B, R, H)],
            "attentions": [(B, A, T, T)] * (depths - 1) + [(B, A, R, T)]}


def _positions_asked(masked):
    """Where the last hidden state is looked at: at [CLS] and at the masked positions.

    Parameters
    ----------
    masked : boolean array (B, T)

    Returns
    -------
    integer array (B, R)
        R is the largest number of such positions in a sequence. A sequence with fewer is filled
        up with others of its own, which nobody looks at.
    """
    asked = masked.copy()
    asked[:, 0] = True
    R = asked.sum(axis=1).max()
    return np.argsort(~asked, axis=1, kind="stable")[:, :R]      # those asked first, in their order


def _sum(array, other):
    """array + other, where other may be None."""
    return array if other is None else array + other


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
