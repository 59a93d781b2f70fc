"""What a fine-tuning run is at a given step, as arrays and numbers that a checkpoint can hold."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from ...files.json_objects import json_text
from ...parameters import flatten, tree_map
from ...pretraining.state import restore_parameters
from ...text.corpus.manifest import tokenizer_identity
from .batches import epoch_batches

STEP_COLUMNS = ("step", "loss", "learning_rate", "gradient_norm", "seconds")


@dataclass
class Progress:
    """How far a training has come: what the rest of it depends on, beside model and optimiser.

    Attributes
    ----------
    epoch : int
        The epoch that is read, counted from 1.
    batches : int
        How many of its batches have been read.
    order : dict or None
        The state that the generator had when it ordered the examples of this epoch.
    history : dict
        As :func:`~albert_np.tasks.finetuning.trainer.train_epochs` returns it.
    best : tree of arrays or None
        The parameters of the best epoch.
    """

    epoch: int = 1
    batches: int = 0
    order: dict | None = None
    history: dict = field(default_factory=lambda: {"steps": [], "epochs": [], "best_epoch": None})
    best: dict | None = None

    def batches_left(self, lengths, batch_size, rng, kinds):
        """The batches of the epoch that have not been read yet: a list of integer arrays.

        The generator is in the same state afterwards, wherever in the epoch this is asked.
        """
        if not self.batches:
            self.order = rng.bit_generator.state
            return epoch_batches(lengths, batch_size, rng, kinds=kinds)
        here, rng.bit_generator.state = rng.bit_generator.state, self.order
        batches = epoch_batches(lengths, batch_size, rng, kinds=kinds)
        rng.bit_generator.state = here
        return batches[self.batches:]

    def best_value(self):
        """The figure of the best epoch, or None before there is one."""
        best = self.history["best_epoch"]
        return next((row["value"] for row in self.history["epochs"] if row["epoch"] == best), None)

    def is_better(self, value):
        """Whether an epoch with this figure is better than all before."""
        best = self.best_value()
        return best is None or value > best

    def out_of_patience(self, patience):
        """Whether so many epochs in a row were no better than the best."""
        history = self.history
        return (patience is not None and bool(history["epochs"])
                and history["epochs"][-1]["epoch"] - history["best_epoch"] >= patience)

    def seconds(self):
        """The time of the last row of the history."""
        rows = self.history["steps"][-1:] + self.history["epochs"][-1:]
        return max((row["seconds"] for row in rows), default=0.0)


def fingerprint_of(splits, tokenizer, config, teacher=None):
    """A hash of the rows, the tokenizer, the configuration and the teacher of a run (hex)."""
    digest = hashlib.sha256(tokenizer_identity(tokenizer).encode())
    if teacher is not None:
        digest.update(teacher.identity().encode())
    digest.update(json_text(config.to_dict()).encode())
    for part in (splits.labels, splits.train, splits.dev, splits.test):
        digest.update(repr(part).encode())
    return digest.hexdigest()


def capture(model, optimizer, rng, progress, fingerprint, options):
    """Everything that the rest of the run depends on.

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
    optimizer
        One of :mod:`albert_np.optim`.
    rng : numpy.random.Generator
        Of the order of the examples and of the dropout masks.
    progress : Progress
    fingerprint : str
        From :func:`fingerprint_of`.
    options : dict
        From :meth:`FinetuningOptions.lasting
        <albert_np.tasks.finetuning.options.FinetuningOptions.lasting>`.

    Returns
    -------
    tensors : dict of str to array
    state : dict
    """
    steps, epochs = progress.history["steps"], progress.history["epochs"]
    tensors = {**flatten(model.params, "params."),
               **({} if progress.best is None else flatten(progress.best, "best.")),
               **{f"optimizer.{name}": array for name, array in optimizer.state().items()},
               "steps": np.array([[row[name] for name in STEP_COLUMNS] for row in steps],
                                 np.float64).reshape(-1, len(STEP_COLUMNS))}
    state = {"rng": rng.bit_generator.state, "epoch": progress.epoch, "batches": progress.batches,
             "order": progress.order, "epochs": epochs,
             "best_epoch": progress.history["best_epoch"],
             "fingerprint": fingerprint, "options": options}
    return tensors, state


def restore(captured, model, optimizer, rng, fingerprint):
    """Put a run back to where it was captured.

    Parameters
    ----------
    captured : (tensors, state)
        From :func:`capture`, perhaps in an earlier process.
    model, optimizer, rng : as in `capture`
        They change in place.
    fingerprint : str
        Of the rows, the tokenizer, the configuration and the teacher that the run would go on with.

    Returns
    -------
    Progress

    Raises
    ------
    ValueError
        The rows, the tokenizer, the configuration or the teacher are not the same.
    """
    tensors, state = captured
    if state["fingerprint"] != fingerprint:
        raise ValueError("the rows, the tokenizer, the configuration of the model or its teacher "
                         "are not those that this run began with; bring them back, or begin a new "
                         "run")
    restore_parameters(tensors, model, optimizer)
    rng.bit_generator.state = state["rng"]
    rows = [dict(zip(STEP_COLUMNS, row)) for row in tensors["steps"].tolist()]
    best = None
    if state["best_epoch"] is not None:
        best = tree_map(np.copy, model.params)
        for name, leaf in flatten(best).items():
            leaf[...] = tensors[f"best.{name}"]
    return Progress(state["epoch"], state["batches"], state["order"],
                    {"steps": [{**row, "step": int(row["step"])} for row in rows],
                     "epochs": state["epochs"], "best_epoch": state["best_epoch"]}, best)
