"""One batch on several threads, of one process or of several."""

from types import SimpleNamespace

import numpy as np

from ..functional import IGNORED
from ..parameters import add_in_place, cast, tree_map, zeros_like
from .distributed import Alone


def losses_and_gradients(model, batch, rngs=(None,), pool=None, communicator=Alone(),
                         float64_sums=False, recompute=False):
    r"""Losses and gradients of a batch, worked out in parts.

    The losses are means over the M masked pieces and the S pairs that were asked for their order.
    Part i has M_i and S_i of them, and the mean over everything is the weighted mean of the parts:

    .. math::
       :label: PAR.1

       \text{loss} = \sum_i \Big( \frac{M_i}{M}\, \text{loss}_{\text{MLM}, i}
                     + \lambda\, \frac{S_i}{S}\, \text{loss}_{\text{SOP}, i} \Big)

    so that each part's backward pass starts from its own two factors, and the gradients add up.
    The parts are summed in their order, whichever thread is done first: the result is the same, bit
    for bit, every time. NumPy lets threads run side by side while it computes; two of them, each
    with a half, are faster than one with a matrix product spread over two cores, since everything
    that is not a product runs on both cores too.

    Several processes do the same once more: each works out some of the parts and adds up their
    gradients, and the sums are added up. For two parts that is the same sum. For more it is summed
    in another order and so rounded differently, unless ``float64_sums`` is True: numbers of 24 bits
    added in 53 lose nothing (but for addends 2^27 times smaller than others, whose loss would have
    to meet a tie of the last rounding to be seen), and then only the number of parts matters, not
    who works them out.

    Parameters
    ----------
    model : AlbertForPreTraining
    batch : dict
        The keyword arguments of the model's forward pass, labels included.
    rngs : sequence of numpy.random.Generator or None
        One for each part; None turns dropout off. More parts than threads save memory: only as
        many parts as there are threads are alive at a time (gradient accumulation).
    pool : concurrent.futures.Executor, optional
        Runs the parts. None runs them one after the other.
    communicator : Alone or Ranks
        Of :mod:`~albert_np.pretraining.distributed`. Every rank passes the whole batch.
    float64_sums : bool
        Add the gradients of the parts up in float64, and round once, at the end.
    recompute : bool
        Save memory: the backward pass computes each layer again.

    Returns
    -------
    losses : object with loss, mlm_loss, sop_loss, mlm_accuracy, sop_accuracy
        Those of an objective that nothing was asked about are None.
    grads : tree like the model's parameters
    """
    rows = np.array_split(np.arange(len(batch["input_ids"])), len(rngs))
    own = [(rows[i], rngs[i]) for i in communicator.own(range(len(rngs))) if len(rows[i])]
    masked = np.count_nonzero(batch["labels"] != IGNORED)                               # M
    asked = np.count_nonzero(batch["sentence_order_label"] != IGNORED)                  # S
    weight = model.config.sop_weight

    def run(share):
        rows, rng = share
        part = {name: array[rows] for name, array in batch.items()}
        labels = part["labels"][part["labels"] != IGNORED]                              # (M_i,)
        orders = part["sentence_order_label"]
        mlm_share = len(labels) / max(masked, 1)                                        # M_i / M
        sop_share = np.count_nonzero(orders != IGNORED) / max(asked, 1)                 # S_i / S
        with np.errstate(over="ignore", invalid="ignore"):       # the training loop will notice
            output, cache = model.forward(**part, rng=rng, recompute=recompute,
                                          only_asked=True)
            grads = model.backward(cache, {"mlm_loss": mlm_share, "sop_loss": weight * sop_share})
        figures = np.array([mlm_share * float(output.mlm_loss),
                            sop_share * float(output.sop_loss),
                            np.count_nonzero(output.prediction_logits.argmax(-1) == labels),
                            np.count_nonzero(output.sop_logits.argmax(-1) == orders)])
        return figures, grads

    figures, total = [], None
    for part_figures, grads in (map if pool is None else pool.map)(run, own):
        figures.append(part_figures)
        if total is None:
            total = cast(grads, np.float64) if float64_sums else grads
        else:
            add_in_place(total, grads)
    if total is None:                                   # more parts than rows: none for this rank
        total = zeros_like(cast(model.params, np.float64) if float64_sums else model.params)
    grads = communicator.sum_gradients(total)
    if float64_sums:
        grads = tree_map(lambda grad, p: grad.astype(p.dtype, copy=False), grads, model.params)
    mlm_loss, sop_loss, mlm_right, sop_right = sum(communicator.gather(figures)).tolist()
    losses = SimpleNamespace(
        loss=mlm_loss + weight * sop_loss,                                              # (PAR.1)
        mlm_loss=mlm_loss if masked else None, mlm_accuracy=mlm_right / masked if masked else None,
        sop_loss=sop_loss if asked else None, sop_accuracy=sop_right / asked if asked else None)
    return losses, grads
