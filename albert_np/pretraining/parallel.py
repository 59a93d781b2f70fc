"""One batch on several threads."""

from types import SimpleNamespace

import numpy as np

from ..models import IGNORED
from ..parameters import add_in_place


def losses_and_gradients(model, batch, rngs=(None,), pool=None):
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
        One for each part; None turns dropout off.
    pool : concurrent.futures.Executor, optional
        Runs the parts. None runs them one after the other.

    Returns
    -------
    losses : object with loss, mlm_loss, sop_loss
        sop_loss is None where no pair was asked.
    grads : tree like the model's parameters
    """
    rows = np.array_split(np.arange(len(batch["input_ids"])), len(rngs))
    parts = [{name: array[i] for name, array in batch.items()} for i in rows if len(i)]
    masked = [np.count_nonzero(part["labels"] != IGNORED) for part in parts]
    asked = [np.count_nonzero(part["sentence_order_label"] != IGNORED) for part in parts]
    mlm_shares = np.array(masked) / max(sum(masked), 1)                # M_i / M
    sop_shares = np.array(asked) / max(sum(asked), 1)                  # S_i / S
    weight = model.config.sop_weight

    def run(part, rng, mlm_share, sop_share):
        output, cache = model.forward(**part, rng=rng)
        grads = model.backward(cache, {"mlm_loss": mlm_share, "sop_loss": weight * sop_share})
        return output.mlm_loss, output.sop_loss, grads

    run_all = map if pool is None else pool.map
    results = list(run_all(run, parts, rngs, mlm_shares, sop_shares))
    mlm_loss = sum(share * float(loss) for share, (loss, _, _) in zip(mlm_shares, results))
    sop_loss = sum(share * float(loss) for share, (_, loss, _) in zip(sop_shares, results))
    grads = results[0][2]
    for _, _, other in results[1:]:
        add_in_place(grads, other)
    losses = SimpleNamespace(loss=mlm_loss + weight * sop_loss, mlm_loss=mlm_loss,
                             sop_loss=sop_loss if sum(asked) else None)          # (PAR.1)
    return losses, grads
