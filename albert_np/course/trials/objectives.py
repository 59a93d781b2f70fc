"""Trials of the two objectives: their heads, and the model with both."""

import numpy as np

from ... import layers
from ...models import AlbertForPreTraining, AlbertModel, albert_forward
from ...models.outputs import AlbertOutput
from .encoder import DROPOUT
from .forward_backward import from_cache, layer_pair
from .random_inputs import refused, slopes


def _pooler(draw):
    config = draw.config()
    yield "", {"params": draw.params(config)["pooler"], "x": draw.normal(draw.B, draw.T, draw.H)
               }, ()


pooler_forward, pooler_backward = layer_pair(
    "pooler", layers.pooler_forward, layers.pooler_backward, _pooler)


def _sentence_order_head(draw):
    params = draw.params(draw.config(), "sop_head")["sop_head"]
    yield "", {"params": params, "pooled": draw.normal(draw.B, draw.H)}, ()


sentence_order_head_forward, sentence_order_head_backward = layer_pair(
    "sentence_order_head", layers.sentence_order_head_forward,
    layers.sentence_order_head_backward, _sentence_order_head)


def model_inputs(draw):
    """Ids, a mask and segments."""
    ids = draw.integers(5, draw.V, draw.B, draw.T)
    return ids, draw.padding(), draw.integers(0, 2, draw.B, draw.T)


def named_inputs(draw):
    """The same under the names of their arguments."""
    return dict(zip(("input_ids", "attention_mask", "token_type_ids"), model_inputs(draw)))


def model_of(model_class, draw, **changes):
    """A model whose biases are not 0, with that class's parameters."""
    config = draw.config(num_hidden_layers=2, **changes)
    model = model_class(config, dtype=draw.dtype)
    params = draw.params(config, *model.components)
    model.params = {name: params[name] for name in model.components}
    return model


def model_caches(model, draw, labels, counts, logits, inputs=None):
    """What a model's backward pass makes of the caches of its forward pass, for every option."""
    given = {**(inputs or named_inputs(draw)), **labels}
    for what, more in [("", {}), (" of a part of a batch", {"label_counts": counts}),
                       (" with dropout", {"rng": 7}), (", recomputed", {"rng": 7,
                                                                       "recompute": True})]:
        if "rng" in more:
            more = {**more, "rng": np.random.default_rng(more["rng"])}
        output, cache = model.forward(**given, **more)
        yield f"the loss and the gradients from its cache{what}", {
            "loss": output.loss, "gradients": from_cache(model.backward, cache)}
        yield f"whether attentions are kept{what}", any(
            one is not None for one in output.attentions or ())
    output, cache = model.forward(**{name: array for name, array in given.items()
                                     if name not in labels})
    yield "the gradients from its cache without labels", from_cache(
        model.backward, cache, {name: draw.like(getattr(output, name)) for name in logits})


def _labels(draw):
    labels = np.full((draw.B, draw.T), -100)
    labels[0, 1], labels[0, draw.T - 1], labels[-1, 0] = 7, 9, 5
    return labels, draw.integers(0, 2, draw.B)


def pretraining_forward(f, draw):
    """Losses and logits, with labels and without."""
    model = model_of(f.AlbertForPreTraining, draw, sop_weight=0.3, **DROPOUT)
    inputs = model_inputs(draw)
    output, _ = model.forward(*inputs, *_labels(draw))
    yield "the losses", {"mlm_loss": output.mlm_loss, "sop_loss": output.sop_loss,
                         "loss": output.loss}
    yield "the logits", {"prediction_logits": output.prediction_logits,
                         "sop_logits": output.sop_logits}
    output, _ = model.forward(*inputs)
    yield "the logits without labels", {"prediction_logits": output.prediction_logits}
    yield "whether there is a loss without labels", output.loss is not None
    labels, order = _labels(draw)
    output, _ = model.forward(inputs[0], None, None, None, order)
    yield "the loss of the order alone", {"loss": output.loss}
    yield "whether there is a loss of masked pieces then", output.mlm_loss is not None
    positions = np.tile([0, draw.T - 1, 1], (draw.B, 1))
    output, cache = model.forward(*inputs, labels, order, positions=positions)
    yield "the loss at some positions", {"loss": output.loss,
                                         "sequence_output": output.sequence_output}
    yield "the gradients from its cache at some positions", from_cache(model.backward, cache)
    counts = {"labels": 7, "sentence_order_label": 9}
    yield from model_caches(model, draw, {"labels": labels, "sentence_order_label": order}, counts,
                            ("prediction_logits", "sop_logits"))
    output, _ = model.forward(*inputs, labels, order, label_counts=counts)
    yield "the losses of a part of a batch", {"mlm_loss": output.mlm_loss,
                                              "sop_loss": output.sop_loss, "loss": output.loss}
    yield "whether each is refused", {
        "an id of V": refused(model.forward, inputs[0] * 0 + draw.V),
        "a mask of another shape": refused(model.forward, inputs[0], inputs[1][:, 1:]),
        "a label of V": refused(model.forward, *inputs, np.full_like(labels, draw.V)),
        "labels of another shape": refused(model.forward, *inputs, labels[:, 1:]),
        "positions without 0": refused(model.forward, *inputs, positions=positions[:, 1:])}


def pretraining_backward(f, draw):
    """Of the loss alone, and of every part at once."""
    inputs, labels = model_inputs(draw), _labels(draw)
    model = model_of(f.AlbertForPreTraining, draw, sop_weight=0.3)
    reference = AlbertForPreTraining(model.config, dtype=draw.dtype)
    reference.params = model.params
    output, cache = reference.forward(*inputs, *labels)

    def losses(**params):
        reference.params = params
        value = reference.forward(*inputs, *labels)[0].loss
        reference.params = model.params
        return [value]

    yield ("gradients of the loss", model.backward(cache),
           slopes(losses, model.params, [np.float64(1.0)]))
    d = {"loss": 0.7, "mlm_loss": 0.4, "sop_loss": -0.6,
         "pooled_output": draw.like(output.pooled_output),
         "sop_logits": draw.like(output.sop_logits),
         "prediction_logits": draw.like(output.prediction_logits)}
    contributions = []
    yield "gradients of every part", model.backward(cache, d, contributions)
    yield "what each depth adds", contributions
    _, cache = reference.forward(*inputs, *labels, label_counts={"labels": 7,
                                                                 "sentence_order_label": 9})
    yield "gradients of a part of a batch", model.backward(cache)
    _, cache = reference.forward(*inputs, sentence_order_label=labels[1])
    yield "gradients of sop_loss without labels", model.backward(cache, {"sop_loss": 0.5})
    output, cache = reference.forward(*inputs)
    yield "gradients of the logits without labels", model.backward(
        cache, {"prediction_logits": draw.like(output.prediction_logits)})
    _, cache = reference.forward(*inputs, labels[0])
    yield "gradients without sentence_order_label", model.backward(cache)
    yield "whether a gradient is refused of a loss that had no labels", refused(
        model.backward, cache, {"sop_loss": 1.0})


def albert_backward(f, draw):
    """Gradients of every output of the trunk."""
    inputs = model_inputs(draw)
    model = model_of(AlbertModel, draw)
    ids, mask, types = inputs
    output, cache = albert_forward(model.params, ids, mask, types, model.config)
    d = AlbertOutput(sequence_output=draw.like(output.sequence_output),
                     pooled_output=draw.like(output.pooled_output),
                     hidden_states=draw.like(output.hidden_states),
                     attentions=draw.like(output.attentions))
    contributions = []
    yield "gradients of every output", f.albert_backward(model.params, d, cache, contributions)
    yield "what each depth adds", contributions
    yield "gradients of the pooled output", f.albert_backward(
        model.params, AlbertOutput(pooled_output=d.pooled_output), cache)
    yield "gradients of the sequence output", f.albert_backward(
        model.params, AlbertOutput(sequence_output=d.sequence_output), cache)
    params = {name: model.params[name] for name in ("embeddings", "encoder")}
    _, cache = albert_forward(params, ids, mask, types, model.config)
    yield "gradients of the sequence output without a pooler", f.albert_backward(
        params, AlbertOutput(sequence_output=d.sequence_output), cache)
