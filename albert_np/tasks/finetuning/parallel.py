"""One batch of examples, worked out in parts side by side."""

import numpy as np

from ...pretraining.parallel import sum_over_parts


def losses_and_gradients(model, examples, collate, rngs=(None,), pool=None):
    """The loss and the gradients of a batch, worked out in parts.

    The loss is a mean over the labels that count, and each part gives its share of it (PAR.1). All
    parts are padded alike, to the longest example of the batch (padding counts among the places
    where an answer might be).

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
    examples : list of dict
        Sorted by length, they divide evenly: part i takes every n-th, from the i-th on.
    collate : callable
        ``collate(examples, length)``: examples as the keyword arguments of the model's forward
        pass, padded to a length.
    rngs : sequence of numpy.random.Generator or None
        One for each part; None turns dropout off.
    pool : concurrent.futures.Executor or PartProcesses, optional
        Runs the parts. None runs them one after the other.

    Returns
    -------
    loss : float
        NaN where no label counts.
    grads : tree like the model's parameters, or None where no label counts
    """
    length = max(example["input_ids"].shape[-1] for example in examples)
    parts = [collate(examples[i::len(rngs)], length) if examples[i::len(rngs)] else None
             for i in range(len(rngs))]
    if not any(sum(model.label_counts(part).values()) for part in filter(None, parts)):
        return float("nan"), None
    loss, grads = sum_over_parts(model, parts, rngs, _loss, pool)
    return float(loss), grads


def _loss(output, part):
    return np.float64(output.loss)
