"""From documents to the batches that pretraining reads."""

import numpy as np

from .masking import mask_batch
from .segments import segment_spans


def tokenize_documents(documents, tokenizer):
    """Encode every sentence of a corpus.

    Parameters
    ----------
    documents : list of documents; a document is a list of str, one for each sentence
    tokenizer : AlbertTokenizer

    Returns
    -------
    list of documents; a document is a list of int32 arrays
        Sentences without a single piece are left out, and so are documents without a sentence.
    """
    encoded = iter(tokenizer.encode_batch([sentence for document in documents
                                           for sentence in document]))
    tokenized = [[np.array(next(encoded), np.int32) for _ in document] for document in documents]
    tokenized = [[ids for ids in document if len(ids)] for document in tokenized]
    return [document for document in tokenized if document]


def make_instances(documents, tokenizer, options, rng):
    """One pass over the documents: cut them into pairs of segments and lay these out.

    The instances come in the order of the text. Training shuffles them (`batches`).

    Parameters
    ----------
    documents : sequence of documents
        Only ``len(documents)`` and ``documents[i]`` are used; a document is a list of int arrays.
    tokenizer : AlbertTokenizer
    options : DataOptions
    rng : np.random.Generator
        Draws the cuts, what is swapped or taken from another document, and what is truncated.

    Returns
    -------
    dict of arrays
        As `lay_out` returns them, N rows, nothing masked.

    Raises
    ------
    ValueError
        As in `segment_pairs`.
    """
    pieces, spans = segment_spans(documents, options, rng)
    return lay_out(pieces, spans, tokenizer, options.max_seq_length)


def lay_out(pieces, spans, tokenizer, max_seq_length):
    """Write segment pairs as ``[CLS] A [SEP] B [SEP]``, padded to one length.

    Parameters
    ----------
    pieces : int array (P,)
    spans : int array (N, 5)
        Rows of (a, a_stop, b, b_stop, label), from `segment_spans`.
    tokenizer : AlbertTokenizer
    max_seq_length : int, T

    Returns
    -------
    dict
        input_ids : int32 array (N, T)
        token_type_ids : int8 array (N, T); 0 up to the first [SEP], then 1, and 0 for padding
        attention_mask : int8 array (N, T); 1 for tokens, 0 for padding
        sentence_order_label : int8 array (N,)

    Raises
    ------
    ValueError
        There are no pairs, or a pair does not fit.
    """
    if len(spans) == 0:
        raise ValueError("There are no segment pairs to lay out.")
    a, a_stop, b, b_stop, label = spans.T
    end_a = (a_stop - a + 2)[:, None]                     # (N, 1)  behind the first [SEP]
    end = (b_stop - b + 1)[:, None] + end_a               # (N, 1)  behind the second
    if end.max() > max_seq_length:
        i = int(end.argmax())
        raise ValueError(f"Pair {i} needs {end[i, 0]} positions with its special tokens, but "
                         f"max_seq_length is {max_seq_length}.")
    N, T = len(spans), max_seq_length
    input_ids = np.full((N, T), tokenizer.pad_token_id, np.int32)
    input_ids[:, 0] = tokenizer.cls_token_id
    np.put_along_axis(input_ids, end_a - 1, tokenizer.sep_token_id, axis=1)
    np.put_along_axis(input_ids, end - 1, tokenizer.sep_token_id, axis=1)
    for row, (a, a_stop, b, b_stop, _) in zip(input_ids, spans.tolist()):
        row[1:1 + a_stop - a] = pieces[a:a_stop]
        row[2 + a_stop - a:2 + a_stop - a + b_stop - b] = pieces[b:b_stop]
    t = np.arange(T)
    return {"input_ids": input_ids,
            "token_type_ids": ((t >= end_a) & (t < end)).astype(np.int8),
            "attention_mask": (t < end).astype(np.int8),
            "sentence_order_label": label.astype(np.int8)}


def masked_batch(instances, rows, tokenizer, options, rng):
    """A batch with the arguments of the model's forward pass.

    Parameters
    ----------
    instances : dict of arrays
        From `make_instances`.
    rows : slice or int array (B,)
        Which instances.
    tokenizer : AlbertTokenizer
    options : DataOptions
    rng : np.random.Generator
        Draws the masks.

    Returns
    -------
    dict of int64 arrays
        input_ids, attention_mask, token_type_ids : (B, T)
        labels : (B, T); the id to be guessed, -100 elsewhere
        sentence_order_label : (B,); 0, 1, or -100 where it is not asked
    """
    batch = {name: array[rows].astype(np.int64) for name, array in instances.items()}
    batch["input_ids"], batch["labels"] = mask_batch(batch["input_ids"], tokenizer, options, rng)
    return batch


def batches(instances, batch_size, tokenizer, options, rng, epochs=1, shuffle=True):
    """Yield masked batches of all instances.

    Masks are drawn anew for every batch, so that each epoch asks for other words.

    Parameters
    ----------
    instances : dict of arrays
        From `make_instances`.
    batch_size : int, B
        The last batch of an epoch can be smaller.
    tokenizer : AlbertTokenizer
    options : DataOptions
    rng : np.random.Generator
        Draws the order and the masks. For an evaluation that is the same every time, pass one with
        a fixed seed.
    epochs : int or None
        How many times to go through all instances; None never ends.
    shuffle : bool
        False keeps the order of the instances.

    Yields
    ------
    dict of int64 arrays
        As `masked_batch` returns it.

    Raises
    ------
    ValueError
        batch_size or epochs is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
    if epochs is not None and epochs < 1:
        raise ValueError(f"epochs must be at least 1, or None for no end, not {epochs}.")
    return _generate(instances, batch_size, tokenizer, options, rng, epochs, shuffle)


def _generate(instances, batch_size, tokenizer, options, rng, epochs, shuffle):
    N = len(instances["input_ids"])
    epoch = 0
    while epochs is None or epoch < epochs:
        order = rng.permutation(N) if shuffle else np.arange(N)
        for first in range(0, N, batch_size):
            yield masked_batch(instances, order[first:first + batch_size], tokenizer, options, rng)
        epoch += 1
