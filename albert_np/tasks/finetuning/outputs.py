"""A model's outputs for many examples, in batches of similar lengths."""

from ...inference.batches_by_length import length_batches
from ..datasets.features import pad_examples

INPUTS = ("input_ids", "token_type_ids", "attention_mask")


def outputs_of(model, examples, names, pool=None, inputs=()):
    """Outputs of the forward pass, without dropout and without labels.

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
    examples : list of dict
        With input_ids, token_type_ids, attention_mask, each (T,), or (C, T) for C choices.
    names : tuple of str
        Of the outputs that are wanted, such as ``("logits",)``.
    pool : concurrent.futures.Executor, optional
        Runs several batches at a time.
    inputs : tuple of str
        Of further arrays of the examples that the forward pass gets.

    Returns
    -------
    list of tuples of arrays
        For each example its row of each output; padding is left where it is.
    """
    def run(indices):
        batch = pad_examples([{name: examples[i][name] for name in (*INPUTS, *inputs)}
                              for i in indices],
                             model.config.pad_token_id)
        # recompute: nothing is kept of the layers, since there is no backward pass.
        output, _ = model.forward(**batch, recompute=True)
        return indices, [getattr(output, name) for name in names]

    rows = [None] * len(examples)
    batches = length_batches([example["input_ids"].size for example in examples])
    for indices, arrays in (map if pool is None else pool.map)(run, batches):
        for i, *values in zip(indices, *arrays):
            rows[i] = tuple(values)
    return rows


def padded_batch(config, examples, names, length=None):
    """Examples as the keyword arguments of a forward pass.

    Parameters
    ----------
    config : AlbertConfig
    examples : list of dict
    names : tuple of str
        Of the labels that go along.
    length : int, optional
        Of every row; None: that of the longest.

    Returns
    -------
    dict of arrays
    """
    return pad_examples([{name: example[name] for name in (*INPUTS, *names)}
                         for example in examples], config.pad_token_id, length)
