"""A question with several answers to choose from: one sequence for each."""

import numpy as np

from .batches import check_pieces, join_pieces


def choice_example(tokenizer, row, max_length, max_qa_length=128):
    """``[CLS] context [SEP] question answer [SEP]`` for each of C answers.

    A gap in the question, written ``_``, is filled with the answer instead. Of question and answer
    the last pieces are kept, of the context the first.

    Parameters
    ----------
    tokenizer : AlbertTokenizer
    row : Choice
    max_length : int
        Of each sequence, with the special tokens.
    max_qa_length : int
        Pieces of question and answer together.

    Returns
    -------
    dict
        input_ids, token_type_ids, attention_mask : int64 arrays (C, T)
            Padded to the longest of the C sequences.

        labels : int64 (), if the right answer is known

    Raises
    ------
    ValueError
        `max_length` has no room for a piece of the context and one of the answer, or nothing is
        left of a text.

    References
    ----------
    google-research/albert, race_utils.py.
    """
    room = max_length - 3
    if room < 2:
        raise ValueError(f"max_length must be at least 5 (three special tokens, a piece of the "
                         f"context and one of the answer), not {max_length}.")
    texts = [row.question.replace("_", choice) if "_" in row.question
             else f"{row.question} {choice}" for choice in row.choices]
    context, *encoded = tokenizer.encode_batch([row.context, *texts])
    for text, ids in zip((row.context, *texts), (context, *encoded)):
        check_pieces(text, ids)
    keep = min(room - 1, max_qa_length)               # a piece of the context stays
    sequences = [join_pieces(tokenizer, context[:room - min(keep, len(ids))], ids[-keep:])
                 for ids in encoded]
    T = max(len(sequence["input_ids"]) for sequence in sequences)
    example = {name: np.stack([np.pad(s[name], (0, T - len(s[name])), constant_values=filling)
                               for s in sequences])
               for name, filling in (("input_ids", tokenizer.pad_token_id),
                                     ("token_type_ids", 0), ("attention_mask", 0))}
    if row.label is not None:
        example["labels"] = np.int64(row.label)
    return example
