"""Our side: a training step and a forward pass, on one thread or on two."""

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from albert_np import AdamW, AlbertForPreTraining
from albert_np.functional import cross_entropy_backward, cross_entropy_forward
from albert_np.models import IGNORED
from albert_np.optim import clip_by_global_norm
from albert_np.parameters import add_in_place
from albert_np.pretraining.parallel import losses_and_gradients
from floor import bare_products, side_by_side

# Where a training step computes masked-LM logits. As they are: ours where there is a label, and the
# last layer there and at [CLS]; transformers everywhere.
AS_THEY_ARE, LABELLED, ALL = "as they are", "labelled positions", "all positions"


@dataclass(frozen=True)
class Side:
    """Something to be timed.

    Attributes
    ----------
    call : callable
    threads : int, optional
        On how many threads NumPy's matrix products run meanwhile. PyTorch has a library of its
        own, and its own number (``torch.set_num_threads``).
    """

    call: callable
    threads: int = None

    def prepared(self):
        """A context around the calls, entered before the clock starts."""
        if self.threads is None or BLAS is None:
            return nullcontext()
        return BLAS.limit(limits=self.threads)


try:
    from threadpoolctl import ThreadpoolController

    BLAS = ThreadpoolController().select(user_api="blas")
except ImportError:                                     # then only with one thread
    BLAS = None


def our_sides(workload, task, positions, threads, pool):
    """Our side and the floor: with BLAS on all threads, and with a thread for each part.

    Parameters
    ----------
    workload : Workload
    task : {"training", "forward"}
    positions : {AS_THEY_ARE, LABELLED, ALL}
    threads : int
    pool : concurrent.futures.Executor

    Returns
    -------
    dict of str to Side
    """
    batch = workload.batch()
    training = task == "training"
    M = workload.M if training and positions != ALL else workload.B * workload.T
    R = workload.R if training and positions == AS_THEY_ARE else None

    def work(parts):
        executor = pool if parts > 1 else None
        model = AlbertForPreTraining(workload.config)
        optimizer = AdamW(model.params, lr=1e-5)
        if not training:
            return lambda: forward(model, batch, parts, executor)
        gradients = GRADIENTS[positions]

        def step():
            loss, grads = gradients(model, batch, parts, executor)
            clip_by_global_norm(grads, 1.0)
            optimizer.step(model.params, grads)
            return loss
        return step

    def floor(parts):
        functions = [bare_products(workload.config, workload.B // parts, workload.T, M // parts,
                                   training, R) for _ in range(parts)]
        return functions[0] if parts == 1 else side_by_side(functions, pool)

    sides = {}
    for kind, make in (("ours", work), ("floor", floor)):
        sides[f"{kind}, BLAS on {threads}" if threads > 1 else kind] = Side(make(1), threads)
        if threads > 1 and workload.B >= threads:
            sides[f"{kind}, {threads} parts"] = Side(make(threads), 1)
    return sides


def forward(model, batch, parts, pool):
    """Logits at all positions, no labels; where there is padding, in groups of similar lengths.

    Returns
    -------
    list of array (B / parts, T, V)
    """
    if not batch["attention_mask"].all():
        from albert_np.lengths import forward_by_length

        return [forward_by_length(model, batch["input_ids"], batch["attention_mask"],
                                  batch["token_type_ids"], pool).prediction_logits]
    inputs = [{name: array[rows] for name, array in batch.items()
               if name in ("input_ids", "attention_mask", "token_type_ids")}
              for rows in np.array_split(np.arange(len(batch["input_ids"])), parts)]
    run = map if pool is None else pool.map
    return list(run(lambda part: model.forward(**part)[0].prediction_logits, inputs))


def as_they_are(model, batch, parts, pool):
    """Loss and gradients as the package takes them: logits, and the last layer, where asked."""
    losses, grads = losses_and_gradients(model, batch, [None] * parts, pool)
    return losses.loss, grads


def labelled(model, batch, parts, pool):
    """The last layer at every position, masked-LM logits where a label is."""
    def run(part, mlm_share, sop_share):
        output, cache = model.forward(**part)
        return (mlm_share * float(output.mlm_loss) + sop_share * float(output.sop_loss),
                model.backward(cache, {"mlm_loss": mlm_share, "sop_loss": sop_share}))
    return _in_parts(run, model, batch, parts, pool)


def everywhere(model, batch, parts, pool):
    """Masked-LM logits at every position too, of which most are then ignored."""
    def run(part, mlm_share, sop_share):
        labels, order = part.pop("labels"), part.pop("sentence_order_label")
        output, cache = model.forward(**part)
        mlm_loss, mlm_cache = cross_entropy_forward(output.prediction_logits, labels)
        sop_loss, sop_cache = cross_entropy_forward(output.sop_logits, order)
        grads = model.backward(cache, {
            "prediction_logits": cross_entropy_backward(mlm_share, mlm_cache),
            "sop_logits": cross_entropy_backward(sop_share, sop_cache)})
        return mlm_share * float(mlm_loss) + sop_share * float(sop_loss), grads
    return _in_parts(run, model, batch, parts, pool)


def _in_parts(run, model, batch, parts, pool):
    """Losses and gradients of the parts, each weighted by its share, added up."""
    B, M = len(batch["input_ids"]), np.count_nonzero(batch["labels"] != IGNORED)

    def of(rows):
        part = {name: array[rows] for name, array in batch.items()}
        return run(part, np.count_nonzero(part["labels"] != IGNORED) / M,
                   model.config.sop_weight * len(rows) / B)

    rows = np.array_split(np.arange(B), parts)
    results = iter((map if pool is None else pool.map)(of, rows))
    loss, grads = next(results)
    for other_loss, other in results:
        loss += other_loss
        add_in_place(grads, other)
    return loss, grads


GRADIENTS = {AS_THEY_ARE: as_they_are, LABELLED: labelled, ALL: everywhere}
