"""One batch of examples on several threads."""

import numpy as np

from ...functional import IGNORED
from ...parameters import add_in_place


def losses_and_gradients(model, examples, collate, rngs=(None,), pool=None):
    r"""The loss and the gradients of a batch, worked out in parts.

    The loss is a mean over the N labels that count. Part i has N_i of them, so that

    .. math::
       :label: PAR.2

       \text{loss} = \sum_i \frac{N_i}{N}\, \text{loss}_i

    and the gradients add up with the same factors. All parts are padded alike, to the longest
    example of the batch (padding counts among the places where an answer might be). Parts are
    summed in their order, whichever thread is done first.

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
    pool : concurrent.futures.Executor, optional
        Runs the parts. None runs them one after the other.

    Returns
    -------
    loss : float
        NaN where no label counts.
    grads : tree like the model's parameters, or None where no label counts
    """
    count = len(rngs)
    length = max(example["input_ids"].shape[-1] for example in examples)
    batches = [collate(examples[i::count], length) for i in range(count) if examples[i::count]]
    labels = [labels_that_count(batch) for batch in batches]                       # N_i
    total = sum(labels)                                                            # N

    def run(part):
        batch, share, rng = part
        with np.errstate(over="ignore", invalid="ignore"):       # the training loop will notice
            output, cache = model.forward(**batch, rng=rng)
            return share * float(output.loss), model.backward(cache, {"loss": share})

    parts = [(batch, N / total, rng) for batch, N, rng in zip(batches, labels, rngs) if N]
    loss, grads = 0.0, None
    for part_loss, part_grads in (map if pool is None else pool.map)(run, parts):
        loss += part_loss                                                          # (PAR.2)
        grads = part_grads if grads is None else add_in_place(grads, part_grads)
    return (loss if parts else float("nan")), grads


def labels_that_count(batch):
    """How many labels the loss of a batch is the mean of: the weight of the batch among others.

    Parameters
    ----------
    batch : dict
        The keyword arguments of a task model's forward pass.

    Returns
    -------
    int
        Of answers, their number; otherwise the entries of ``labels`` that are not -100.
    """
    if "start_positions" in batch:
        return len(batch["start_positions"])
    return int(np.count_nonzero(np.asarray(batch["labels"]) != IGNORED))
