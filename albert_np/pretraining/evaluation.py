"""How good is a model on text that it has not seen?"""

import numpy as np

from ..functional import IGNORED
from ..models.inputs import labelled_positions
from .distributed import Alone


def evaluate(model, batches, communicator=Alone()):
    """Losses and accuracies of both pretraining objectives.

    Parameters
    ----------
    model : AlbertForPreTraining
    batches : iterable of dicts
        The keyword arguments of the model's forward pass, labels included. For figures that can
        be compared, pass the same batches with the same masks each time.
    communicator : Alone or Ranks
        The processes that share the batches among them; all of them get the figures.

    Returns
    -------
    dict
        loss, mlm_loss, sop_loss (nats), mlm_accuracy, sop_accuracy (shares): means over all
        masked positions and over all sequences that were asked for their order. Those of an
        objective that nothing was asked about are None.

    Raises
    ------
    ValueError
        Neither objective was asked about.
    """
    def figures(batch):
        output, _ = model.forward(**batch, positions=labelled_positions(batch["labels"]))
        labels = batch["labels"][batch["labels"] != IGNORED]                         # (M,)
        order = batch["sentence_order_label"]                                        # (B,)
        asked = order != IGNORED
        return np.array([
            float(output.mlm_loss) * len(labels),
            np.count_nonzero(output.prediction_logits.argmax(axis=-1) == labels), len(labels),
            float(output.sop_loss) * np.count_nonzero(asked),
            np.count_nonzero((output.sop_logits.argmax(axis=-1) == order)[asked]),
            np.count_nonzero(asked)])

    rows = communicator.gather([figures(batch) for batch in communicator.own(batches)])
    mlm_losses, mlm_right, masked, sop_losses, sop_right, sequences = (
        sum(rows, np.zeros(6)).tolist())                        # added in the order of the batches
    if not masked and not sequences:
        raise ValueError("there is nothing to evaluate: the batches hold no masked piece and no "
                         "sentence-order label")
    mlm_loss, mlm_accuracy = ((mlm_losses / masked, mlm_right / masked) if masked
                              else (None, None))
    sop_loss, sop_accuracy = ((sop_losses / sequences, sop_right / sequences) if sequences
                              else (None, None))
    return {"loss": (mlm_loss or 0.0) + model.config.sop_weight * (sop_loss or 0.0),
            "mlm_loss": mlm_loss, "mlm_accuracy": mlm_accuracy,
            "sop_loss": sop_loss, "sop_accuracy": sop_accuracy}


def top_guesses(model, tokenizer, input_ids, attention_mask=None, token_type_ids=None, k=3):
    """The likeliest pieces at every ``[MASK]`` of a batch.

    Parameters
    ----------
    model : AlbertForPreTraining
    tokenizer : AlbertTokenizer
    input_ids, attention_mask, token_type_ids : integer arrays (B, T)
    k : int

    Returns
    -------
    list of (int, int, list of (str, float))
        Row, column, and k pieces with their probabilities, the likeliest first; of equal ones, the
        one with the smaller number.
    """
    input_ids = np.asarray(input_ids)
    labels = np.where(input_ids == tokenizer.mask_token_id, 0, IGNORED)     # where to look
    output, _ = model.forward(input_ids, attention_mask, token_type_ids, labels=labels)
    x = output.prediction_logits                                                     # (M, V)
    p = np.exp(x - x.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    guesses = []
    for (row, column), probabilities in zip(np.argwhere(labels != IGNORED), p):
        best = np.argsort(-probabilities, kind="stable")[:k]
        guesses.append((int(row), int(column),
                        [(tokenizer.pieces[i], float(probabilities[i])) for i in best]))
    return guesses
