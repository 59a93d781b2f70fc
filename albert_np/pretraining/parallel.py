"""One batch on several threads."""

from types import SimpleNamespace

import numpy as np

from ..models import IGNORED
from ..parameters import add_in_place


def losses_and_gradients(model, batch, rngs=(None,), pool=None, recompute=False):
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
    recompute : bool
        Save memory: the backward pass computes each layer again.

    Returns
    -------
    losses : object with loss, mlm_loss, sop_loss, mlm_accuracy, sop_accuracy
        Those of an objective that nothing was asked about are None.
    grads : tree like the model's parameters
    """
    rows = np.array_split(np.arange(len(batch["input_ids"])), len(rngs))
    parts = [{name: array[i] for name, array in batch.items()} for i in rows if len(i)]
    masked = sum(np.count_nonzero(part["labels"] != IGNORED) for part in parts)               # M
    asked = sum(np.count_nonzero(part["sentence_order_label"] != IGNORED) for part in parts)  # S
    weight = model.config.sop_weight

    def run(part, rng):
        labels = part["labels"][part["labels"] != IGNORED]                              # (M_i,)
        orders = part["sentence_order_label"]
        mlm_share = len(labels) / max(masked, 1)                                        # M_i / M
        sop_share = np.count_nonzero(orders != IGNORED) / max(asked, 1)                 # S_i / S
        with np.errstate(over="ignore", invalid="ignore"):       # the training loop will notice
            output, cache = model.forward(**part, rng=rng, recompute=recompute)
            grads = model.backward(cache, {"mlm_loss": mlm_share, "sop_loss": weight * sop_share})
        figures = np.array([mlm_share * float(output.mlm_loss),
                            sop_share * float(output.sop_loss),
                            np.count_nonzero(output.prediction_logits.argmax(-1) == labels),
                            np.count_nonzero(output.sop_logits.argmax(-1) == orders)])
        return figures, grads

    results = (map if pool is None else pool.map)(run, parts, rngs)
    sums, grads = next(results)
    for figures, other in results:
        sums += figures
        add_in_place(grads, other)
    mlm_loss, sop_loss, mlm_right, sop_right = sums.tolist()
    losses = SimpleNamespace(
        loss=mlm_loss + weight * sop_loss,                                              # (PAR.1)
        mlm_loss=mlm_loss if masked else None, mlm_accuracy=mlm_right / masked if masked else None,
        sop_loss=sop_loss if asked else None, sop_accuracy=sop_right / asked if asked else None)
    return losses, grads
