"""Where a training went wrong: the first number that is not finite, and losses that only grow."""

import numpy as np

from ..parameters import add_in_place, flatten, zeros_like

WINDOW, FACTOR = 20, 3.0      # of the rule of :func:`diverged`


def diverged(losses, blind_guess):
    """Whether a run has gone astray: it guesses far worse than someone who knows nothing.

    The rule: the mean of the last 20 losses is more than 3 times the loss of guessing blindly. A
    fresh model has about that loss, a bad start has a little more, and a single bad batch moves
    the mean by a twentieth; but who is so sure and so wrong for 20 steps does not recover.

    Parameters
    ----------
    losses : sequence of float
        Of all steps so far; only the last 20 are looked at, and fewer never count as diverged.
    blind_guess : float
        The loss of giving every answer the same probability.

    Returns
    -------
    bool
    """
    recent = losses[-WINDOW:]
    return len(recent) == WINDOW and sum(recent) / WINDOW > FACTOR * blind_guess


def where_not_finite(model, batch, grads=None, parts=1):
    """The first place, in the order of the computation, that holds NaN or infinity.

    The batch is computed again, without dropout, and looked at in this order: the parameters; the
    output of the embeddings; for each layer the attention probabilities and the hidden state; the
    pooled output; the logits and the losses of the heads; then the gradients, from the heads back
    through the layers to the embeddings.

    Parameters
    ----------
    model : AlbertForPreTraining
    batch : dict
        The keyword arguments of the model's forward pass, labels included.
    grads : tree like the parameters, optional
        The gradients of the step, which dropout may have made different from those without.
    parts : int
        The rows of the batch are looked at in so many parts, to need as little memory as a step
        that accumulates gradients.

    Returns
    -------
    str
        A part of a sentence, such as "the hidden state after layer 2 of 3 (nan at [0, 4, 0];
        96 of 768 numbers are not finite)".
    """
    with np.errstate(all="ignore"):
        for name, parameter in flatten(model.params).items():
            if not _finite(parameter):
                return f"the parameter {name} {_extent(parameter)}"
        own_grads = zeros_like(model.params)
        B = len(batch["input_ids"])
        for rows in np.array_split(np.arange(B), min(parts, B)):
            part = {name: array[rows] for name, array in batch.items()}
            place, part_grads = _compute_again(model, part, len(rows) / B)
            if place is not None:
                return place
            add_in_place(own_grads, part_grads)
        for name, gradient in _from_behind(own_grads if grads is None else grads):
            if not _finite(gradient):
                return (f"the gradient of {name} {_extent(gradient)}; without dropout everything "
                        f"is finite")
    return "no place that could be found: without dropout everything is finite"


def _compute_again(model, part, share):
    """The first place that is not finite, or None; and the gradients of share times the loss."""
    output, cache = model.forward(**part)
    for name, array in _forward_order(output):
        if not _finite(array):
            return f"{name} {_extent(array)}", None
    by_layer = []
    grads = model.backward(cache, {"loss": share}, contributions=by_layer)
    for name, gradient in _backward_order(model.config, grads, by_layer):
        if not _finite(gradient):
            return f"the gradient of {name} {_extent(gradient)}", None
    return None, grads


def _forward_order(output):
    """(name, array) of all that a forward pass gives, in the order of its computation."""
    yield "the output of the embeddings", output.hidden_states[0]
    layers = len(output.attentions)
    for depth, (p, h) in enumerate(zip(output.attentions, output.hidden_states[1:]), start=1):
        yield f"the attention probabilities of layer {depth} of {layers}", p     # (B, A, T, T)
        yield f"the hidden state after layer {depth} of {layers}", h             # (B, T, H)
    yield "the pooled output", output.pooled_output
    yield "the masked-LM logits", output.prediction_logits
    yield "the masked-LM loss", output.mlm_loss
    yield "the sentence-order logits", output.sop_logits
    if output.sop_loss is not None:
        yield "the sentence-order loss", output.sop_loss
    yield "the loss", output.loss


def _backward_order(config, grads, by_layer):
    """(name, gradient) of every parameter, in the order in which ``backward`` reaches them."""
    for branch in ("sop_head", "mlm_head", "pooler"):
        yield from _from_behind(grads[branch], f"{branch}.")
    layers = len(by_layer)
    for depth, (layer, blocks) in reversed(list(enumerate(zip(by_layer, config.schedule), 1))):
        for part, block in reversed(list(zip(("attention", "feed_forward"), blocks))):
            for name, gradient in _from_behind(layer[part], f"encoder.{part}.{block}."):
                yield f"{name} at layer {depth} of {layers}", gradient
    yield from _from_behind(grads["encoder"], "encoder.")            # the sums over the layers
    yield from _from_behind(grads["embeddings"], "embeddings.")


def _from_behind(tree, prefix=""):
    """The (name, leaf) pairs of a tree, the last first, as ``backward`` reaches them."""
    return reversed(flatten(tree, prefix).items())


def _finite(array):
    return bool(np.isfinite(array).all())


def _extent(array):
    """How many numbers are not finite, and the first of them."""
    array = np.asarray(array)
    if array.ndim == 0:
        return f"({array})"
    wrong = np.argwhere(~np.isfinite(array))
    first = wrong[0].tolist()
    return (f"({array[tuple(first)]} at {first}; {len(wrong)} of {array.size} numbers are not "
            f"finite)")
