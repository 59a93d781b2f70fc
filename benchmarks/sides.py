"""Our side: a training step and a forward pass, in one part or in two side by side."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
from floor import bare_products, in_processes, in_threads

from albert_np import AdamW, AlbertForPreTraining
from albert_np.functional import IGNORED, cross_entropy_backward, cross_entropy_forward
from albert_np.optim import clip_by_global_norm
from albert_np.parameters import add_in_place
from albert_np.pretraining.parallel import losses_and_gradients, work_out_part
from albert_np.pretraining.part_processes import PartProcesses, pool_of_workers

WORKERS = ExitStack()               # of the sides of this process, until it ends
# Where a training step computes masked-LM logits. As they are: ours where there is a label, and the
# last layer there and at [CLS]; transformers everywhere.
AS_THEY_ARE, LABELLED, ALL = "as they are", "labelled positions", "all positions"


def our_call(workload, task, positions, parts):
    """What is timed on our side.

    Parameters
    ----------
    workload : Workload
    task : {"training", "forward"}
    positions : {AS_THEY_ARE, LABELLED, ALL}
    parts : int
        Of the batch. Training: a process for each if the model is small, else a thread, as in
        ``albert-np pretrain``. Forward: a thread for each.

    Returns
    -------
    callable
        Returns the loss, or the logits.
    """
    batch, model = workload.batch(), AlbertForPreTraining(workload.config)
    if task == "forward":
        pool = _threads(parts)
        return lambda: forward(model, batch, parts, pool)
    optimizer, work = AdamW(model.params, lr=1e-5), WORK[positions]
    pool = WORKERS.enter_context(pool_of_workers(work, model, parts)) if parts > 1 else None

    def step():
        loss, grads = gradients(work, model, batch, parts, pool)
        clip_by_global_norm(grads, 1.0)
        optimizer.step(model.params, grads)
        return loss

    return step


def floor_call(workload, task, positions, parts):
    """The matrix products alone, of the same shapes; parameters as those of :func:`our_call`."""
    training = task == "training"
    M = workload.M if training and positions != ALL else workload.B * workload.T
    R = workload.R if training and positions == AS_THEY_ARE else None
    functions = [bare_products(workload.config, workload.B // parts, workload.T, M // parts,
                               training, R) for _ in range(parts)]
    if parts == 1:
        return functions[0]
    small = training and isinstance(pool_of_workers_of(workload, parts), PartProcesses)
    return in_processes(functions) if small else in_threads(functions, _threads(parts))


def pool_of_workers_of(workload, parts):
    """The pool that a training run of this workload gets, made and ended."""
    with pool_of_workers(None, AlbertForPreTraining(workload.config), parts) as pool:
        return pool


def _threads(parts):
    return ThreadPoolExecutor(parts) if parts > 1 else None


def forward(model, batch, parts, pool):
    """Logits at all positions, no labels; where there is padding, in groups of similar lengths.

    Returns
    -------
    list of array (B / parts, T, V)
    """
    if not batch["attention_mask"].all():
        from albert_np.inference.batches_by_length import forward_by_length

        return [forward_by_length(model, batch["input_ids"], batch["attention_mask"],
                                  batch["token_type_ids"], pool).prediction_logits]
    inputs = [{name: array[rows] for name, array in batch.items()
               if name in ("input_ids", "attention_mask", "token_type_ids")}
              for rows in np.array_split(np.arange(len(batch["input_ids"])), parts)]
    run = map if pool is None else pool.map
    return list(run(lambda part: model.forward(**part)[0].prediction_logits, inputs))


def labelled(model, part, mlm_share, sop_share):
    """The last layer at every position, masked-LM logits where a label is."""
    output, cache = model.forward(**part)
    return (mlm_share * float(output.mlm_loss) + sop_share * float(output.sop_loss),
            model.backward(cache, {"mlm_loss": mlm_share, "sop_loss": sop_share}))


def everywhere(model, part, mlm_share, sop_share):
    """Masked-LM logits at every position too, of which most are then ignored."""
    part = dict(part)
    labels, order = part.pop("labels"), part.pop("sentence_order_label")
    output, cache = model.forward(**part)
    mlm_loss, mlm_cache = cross_entropy_forward(output.prediction_logits, labels)
    sop_loss, sop_cache = cross_entropy_forward(output.sop_logits, order)
    grads = model.backward(cache, {
        "prediction_logits": cross_entropy_backward(mlm_share, mlm_cache),
        "sop_logits": cross_entropy_backward(sop_share, sop_cache)})
    return mlm_share * float(mlm_loss) + sop_share * float(sop_loss), grads


# As they are, the package works out the parts itself: logits, and the last layer, where asked.
WORK = {AS_THEY_ARE: work_out_part, LABELLED: labelled, ALL: everywhere}


def gradients(work, model, batch, parts, pool):
    """Loss and gradients of a batch, summed over its parts."""
    if work is work_out_part:
        losses, grads = losses_and_gradients(model, batch, [None] * parts, pool)
        return losses.loss, grads
    return _in_parts(work, model, batch, parts, pool)


def _in_parts(work, model, batch, parts, pool):
    """Losses and gradients of the parts, each weighted by its share, added up."""
    B, M = len(batch["input_ids"]), np.count_nonzero(batch["labels"] != IGNORED)
    items = []
    for rows in np.array_split(np.arange(B), parts):
        part = {name: array[rows] for name, array in batch.items()}
        items.append((part, np.count_nonzero(part["labels"] != IGNORED) / M,
                      model.config.sop_weight * len(rows) / B))
    if isinstance(pool, PartProcesses):
        results = pool.map(items)
    else:
        results = iter((map if pool is None else pool.map)(lambda item: work(model, *item), items))
    loss, grads = next(results)
    for other_loss, other in results:
        loss += other_loss
        add_in_place(grads, other)
    return loss, grads
