"""One batch in parts, worked out side by side by threads or processes."""

from types import SimpleNamespace

import numpy as np

from ..functional import IGNORED
from ..functional.trees import add_in_place, cast, tree_map, zeros_like
from ..models.inputs import labelled_positions
from .distributed import Alone
from .part_processes import PartProcesses


def sum_over_parts(model, parts, rngs, figures, pool=None, communicator=Alone(),
                   float64_sums=False, recompute=False):
    """Add up figures and gradients of the parts of a batch.

    The losses are means over labels. Each part gives its share of them (PAR.1) and the gradients of
    that share, so that both add up. The parts are summed in their order, whichever thread is done
    first: the result is the same, bit for bit, every time. NumPy lets threads run side by side
    while it computes; two of them, each with a half, are faster than one with a matrix product
    spread over two cores, since everything that is not a product runs on both cores too.

    Several processes do the same once more: each works out some of the parts and adds up their
    gradients, and the sums are added up. For two parts that is the same sum. For more it is summed
    in another order and so rounded differently, unless ``float64_sums`` is True: numbers of 24 bits
    added in 53 lose nothing (but for addends 2^27 times smaller than others, whose loss would have
    to meet a tie of the last rounding to be seen), and then only the number of parts matters, not
    who works them out.

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
    parts : list of dict
        The keyword arguments of the model's forward pass for each part, labels included; None for
        a part without rows.
    rngs : sequence of numpy.random.Generator or None
        One for each part; None turns dropout off. More parts than threads save memory: only as
        many parts as there are threads are alive at a time (gradient accumulation).
    figures : callable
        ``figures(output, part) -> array``: what is added up beside the gradients.
    pool : concurrent.futures.Executor or PartProcesses, optional
        Runs the parts. None runs them one after the other. `PartProcesses` were made for
        :func:`work_out_part` and this model.
    communicator : Alone or Ranks
        Of :mod:`~albert_np.pretraining.distributed`. Every rank passes all parts.
    float64_sums : bool
        Add the gradients of the parts up in float64, and round once, at the end.
    recompute : bool
        Save memory: the backward pass computes each layer again.

    Returns
    -------
    sums : array of float64
    grads : tree like the model's parameters
    """
    own = [i for i in communicator.own(range(len(parts))) if parts[i] is not None]
    counts = {}
    for part in filter(None, parts):
        for name, count in model.label_counts(part).items():
            counts[name] = counts.get(name, 0) + count

    items = [(figures, parts[i], rngs[i], counts, recompute) for i in own]
    if isinstance(pool, PartProcesses):
        results = pool.map(items)
    else:
        results = (map if pool is None else pool.map)(
            lambda item: work_out_part(model, *item), items)
    sums, total = [], None
    for part_sums, grads in results:
        sums.append(part_sums)
        if total is None:
            total = cast(grads, np.float64) if float64_sums else grads
        else:
            add_in_place(total, grads)
    if total is None:                                   # more parts than rows: none for this rank
        total = zeros_like(cast(model.params, np.float64) if float64_sums else model.params)
    grads = communicator.sum_gradients(total)
    if float64_sums:
        grads = tree_map(lambda grad, p: grad.astype(p.dtype, copy=False), grads, model.params)
    return sum(communicator.gather(sums)), grads


def work_out_part(model, figures, part, rng, counts, recompute):
    """Figures and gradients of one part: parameters as for :func:`sum_over_parts`."""
    with np.errstate(over="ignore", invalid="ignore"):           # the training loop will notice
        output, cache = model.forward(**part, rng=rng, recompute=recompute, label_counts=counts)
        sums = figures(output, part)
        del output                          # its logits are large, and the backward pass needs none
        return sums, model.backward(cache)


def losses_and_gradients(model, batch, rngs=(None,), pool=None, communicator=Alone(),
                         float64_sums=False, recompute=False):
    """Losses and gradients of a batch of pretraining, worked out in as many parts as ``rngs``.

    Parameters
    ----------
    model : AlbertForPreTraining
    batch : dict
        The keyword arguments of the model's forward pass, labels included.
    rngs, pool, communicator, float64_sums, recompute
        As in :func:`sum_over_parts`.

    Returns
    -------
    losses : object with loss, mlm_loss, sop_loss, mlm_accuracy, sop_accuracy
        Those of an objective without labels are None.
    grads : tree like the model's parameters
    """
    parts = [{name: array[rows] for name, array in batch.items()} if len(rows) else None
             for rows in np.array_split(np.arange(len(batch["input_ids"])), len(rngs))]
    for part in filter(None, parts):
        part["positions"] = labelled_positions(part["labels"])
    sums, grads = sum_over_parts(model, parts, rngs, _figures, pool, communicator, float64_sums,
                                 recompute)
    loss, mlm_loss, sop_loss, mlm_right, sop_right = sums.tolist()
    counts = model.label_counts(batch)
    masked, asked = counts["labels"], counts["sentence_order_label"]
    return SimpleNamespace(
        loss=loss,
        mlm_loss=mlm_loss if masked else None, mlm_accuracy=mlm_right / masked if masked else None,
        sop_loss=sop_loss if asked else None, sop_accuracy=sop_right / asked if asked else None
    ), grads


def _figures(output, part):
    """The shares of the losses, and how many labels were guessed right."""
    labels, orders = part["labels"][part["labels"] != IGNORED], part["sentence_order_label"]
    return np.array([output.loss, output.mlm_loss, output.sop_loss,
                     np.count_nonzero(output.prediction_logits.argmax(-1) == labels),
                     np.count_nonzero(output.sop_logits.argmax(-1) == orders)], np.float64)
