"""The other side: transformers' ALBERT in PyTorch, and in ONNX Runtime."""

import importlib.util
import io
import warnings
from dataclasses import fields

import numpy as np
from sides import LABELLED

from albert_np import AlbertConfig, AlbertForPreTraining
from albert_np.functional import IGNORED

OUR_OWN_FIELDS = {"sharing", "embedding_mapping", "cross_layer_residual", "sop_weight", "extra"}
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def installed(*names):
    """Whether all these packages are there."""
    return all(importlib.util.find_spec(name) for name in names)


def torch_model(config):
    """transformers' model with the weights that ours has at the start, and no dropout."""
    import torch
    import transformers

    names = {field.name for field in fields(AlbertConfig)} - OUR_OWN_FIELDS
    theirs = transformers.AlbertForPreTraining(transformers.AlbertConfig(
        **{name: getattr(config, name) for name in names} | {"classifier_dropout_prob": 0}))
    ours = AlbertForPreTraining(config).state_dict()
    missing, unknown = theirs.load_state_dict(
        {name: torch.tensor(array) for name, array in ours.items()}, strict=False)
    if unknown or any("decoder" not in name for name in missing):
        raise ValueError(f"the models differ: {missing} are missing, {unknown} unknown")
    return theirs


def torch_call(workload, task, positions, threads, compiled):
    """What is timed on PyTorch's side.

    Parameters
    ----------
    workload : Workload
    task : {"training", "forward"}
    positions : {AS_THEY_ARE, LABELLED, ALL}
        transformers computes masked-LM logits at all positions; LABELLED is done here by hand.
    threads : int
    compiled : bool
        By torch.compile, in place of the eager mode.

    Returns
    -------
    callable
        Returns the loss, or the logits.
    """
    import torch

    torch.set_num_threads(threads)
    make = _forward if task == "forward" else _step
    return make(torch, workload, positions, compile=compiled)


def _tensors(torch, workload):
    return {name: torch.tensor(array) for name, array in workload.batch().items()}


def _forward(torch, workload, positions, compile):
    model, batch = torch_model(workload.config).eval(), _tensors(torch, workload)
    inputs = {name: batch[name] for name in INPUTS}
    call = torch.compile(model) if compile else model

    def run():
        with torch.inference_mode():
            return call(**inputs).prediction_logits.numpy()
    return run


def _step(torch, workload, positions, compile):
    model, batch = torch_model(workload.config).train(), _tensors(torch, workload)
    inputs = {name: batch[name] for name in INPUTS}
    where = batch["labels"] != IGNORED
    labels, order = batch["labels"][where], batch["sentence_order_label"]
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=1e-5)

    def loss_everywhere():
        return model(**batch).loss

    def loss_where_labelled():
        sequence, pooled = model.albert(**inputs)[:2]
        logits, sop_logits = model.predictions(sequence[where]), model.sop_classifier(pooled)
        cross_entropy = torch.nn.functional.cross_entropy
        return cross_entropy(logits, labels) + cross_entropy(sop_logits, order)

    loss_of = loss_where_labelled if positions == LABELLED else loss_everywhere
    if compile:
        loss_of = torch.compile(loss_of)

    def run():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()
    return run


def onnx_call(workload, threads):
    """ONNX Runtime's forward pass.

    Returns
    -------
    callable
    """
    import onnxruntime
    import torch

    model, batch = torch_model(workload.config).eval(), _tensors(torch, workload)
    inputs = tuple(batch[name] for name in INPUTS)

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *tensors):
            return model(**dict(zip(INPUTS, tensors))).prediction_logits

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")      # the traced shapes are the ones that are measured
        torch.onnx.export(Logits(), inputs, buffer, input_names=list(INPUTS), dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(buffer.getvalue(), options,
                                           providers=["CPUExecutionProvider"])
    wanted = {given.name for given in session.get_inputs()}
    arrays = {name: np.asarray(batch[name]) for name in INPUTS if name in wanted}
    return lambda: session.run(None, arrays)[0]
