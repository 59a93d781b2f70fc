"""From documents to the batches that pretraining reads."""

import numpy as np

from .masking import mask_batch


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


def pretraining_instances(pairs, tokenizer, max_length):
    """Lay segment pairs out as ``[CLS] A [SEP] B [SEP]``, padded to one length.

    Parameters
    ----------
    pairs : list of (a, b, label)
        From `sentence_order_pairs`, N of them.
    tokenizer : AlbertTokenizer
    max_length : int, T

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
    if len(pairs) == 0:
        raise ValueError("There are no segment pairs to make instances of.")
    N = len(pairs)
    input_ids = np.full((N, max_length), tokenizer.pad_token_id, np.int32)
    token_type_ids = np.zeros((N, max_length), np.int8)
    attention_mask = np.zeros((N, max_length), np.int8)
    cls, sep = [tokenizer.cls_token_id], [tokenizer.sep_token_id]
    for i, (a, b, _) in enumerate(pairs):
        end_a, end = len(a) + 2, len(a) + len(b) + 3
        if end > max_length:
            raise ValueError(f"Pair {i} needs {end} positions with its special tokens, but "
                             f"max_length is {max_length}.")
        input_ids[i, :end] = np.concatenate([cls, a, sep, b, sep])
        token_type_ids[i, end_a:end] = 1
        attention_mask[i, :end] = 1
    return {"input_ids": input_ids,
            "token_type_ids": token_type_ids,
            "attention_mask": attention_mask,
            "sentence_order_label": np.array([label for _, _, label in pairs], np.int8)}


def batches(instances, batch_size, rng, tokenizer, epochs=1, shuffle=True, **masking):
    """Yield batches with the arguments of the model's forward pass.

    Masks are drawn anew for every batch, so that each epoch asks for other words. (The original
    writes its masks to disk, forty different ones for each sequence.)

    Parameters
    ----------
    instances : dict of arrays
        From `pretraining_instances`.
    batch_size : int, B
        The last batch of an epoch can be smaller.
    rng : np.random.Generator
        Draws the order and the masks. For an evaluation that is the same every time, pass one with
        a fixed seed.
    tokenizer : AlbertTokenizer
    epochs : int or None
        How many times to go through all instances; None never ends.
    shuffle : bool
        False keeps the order of the instances.
    **masking
        masked_lm_prob, max_ngram, max_predictions_per_seq of `mask_batch`.

    Yields
    ------
    dict of int64 arrays
        input_ids, attention_mask, token_type_ids : (B, T)
        labels : (B, T); the id to be guessed, -100 elsewhere
        sentence_order_label : (B,); 0, 1, or -100 where it is not asked

    Raises
    ------
    ValueError
        batch_size or epochs is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
    if epochs is not None and epochs < 1:
        raise ValueError(f"epochs must be at least 1, or None for no end, not {epochs}.")
    return _generate(instances, batch_size, rng, tokenizer, epochs, shuffle, masking)


def _generate(instances, batch_size, rng, tokenizer, epochs, shuffle, masking):
    N = len(instances["input_ids"])
    epoch = 0
    while epochs is None or epoch < epochs:
        order = rng.permutation(N) if shuffle else np.arange(N)
        for first in range(0, N, batch_size):
            rows = order[first:first + batch_size]
            batch = {name: array[rows].astype(np.int64) for name, array in instances.items()}
            batch["input_ids"], batch["labels"] = mask_batch(batch["input_ids"], tokenizer, rng,
                                                             **masking)
            yield batch
        epoch += 1
