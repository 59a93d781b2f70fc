"""A question and its context as pieces, in overlapping windows."""

import numpy as np

from .batches import check_pieces, join_pieces
from .windows import best_windows, window_spans


def question_windows(tokenizer, question, max_seq_length=384, doc_stride=128, max_query_length=64):
    """``[CLS] question [SEP] context [SEP]``, as often as a long context needs.

    Parameters
    ----------
    tokenizer : AlbertTokenizer
    question : Question
    max_seq_length : int
        Of a window, with the special tokens.
    doc_stride : int
        From the beginning of one window to that of the next, in pieces of the context.
    max_query_length : int
        A question of more pieces loses its end.

    Returns
    -------
    list of dict, one for each window
        input_ids, token_type_ids, attention_mask : int64 arrays (T,)

        offsets : int64 array (T, 2)
            Where in the context each piece stands; (0, 0) outside of it.
        p_mask : int64 array (T,)
            1 where no answer may be: at the question and at ``[SEP]``; 0 at the context and at
            ``[CLS]``.
        max_context : bool array (T,)
            Which pieces have more context here than in any other window; answers may begin there
            only.
        start_positions, end_positions : int64 ()
            The first and last piece of the first answer; both 0, at ``[CLS]``, where the window
            does not hold all of it or there is none.
        is_impossible : int64 ()
            1 where both are 0.

    Raises
    ------
    ValueError
        The question leaves no room for the context, or nothing is left of it.

    References
    ----------
    google-research/albert, squad_utils.py, convert_examples_to_features.
    """
    query = tokenizer.encode(question.question, add_special_tokens=False)[:max_query_length]
    check_pieces(question.question, query)
    ids, offsets = tokenizer.encode_with_offsets(question.context)
    offsets = np.array(offsets, np.int64).reshape(-1, 2)
    room = max_seq_length - len(query) - 3
    if room < 1:
        raise ValueError(f"max_seq_length = {max_seq_length} leaves no room for a context beside "
                         f"a question of {len(query)} pieces and 3 special tokens.")
    answer = answer_pieces(offsets, question.answers[0]) if question.answers else None
    spans = window_spans(len(ids), room, doc_stride)
    owners = best_windows(spans, len(ids))
    windows = []
    for number, (first, end) in enumerate(spans):
        example = join_pieces(tokenizer, query, ids[first:end])
        T, before = len(example["input_ids"]), len(query) + 2
        inside = slice(before, before + end - first)
        example["offsets"] = np.zeros((T, 2), np.int64)
        example["offsets"][inside] = offsets[first:end]
        example["p_mask"] = np.ones(T, np.int64)
        example["p_mask"][inside] = example["p_mask"][0] = 0
        example["max_context"] = np.zeros(T, bool)
        example["max_context"][inside] = owners[first:end] == number
        holds = answer is not None and first <= answer[0] and answer[1] < end
        for name, piece in zip(("start_positions", "end_positions"), answer or (0, 0)):
            example[name] = np.int64(piece - first + before if holds else 0)
        example["is_impossible"] = np.int64(not holds)
        windows.append(example)
    return windows


def answer_fits(tokenizer, question, max_seq_length, max_query_length):
    """Whether the first answer of a question is not longer than a window.

    A window then holds all of it, if the windows overlap enough.

    Parameters
    ----------
    tokenizer, question, max_seq_length, max_query_length : as in :func:`question_windows`

    Returns
    -------
    bool
    """
    query = tokenizer.encode(question.question, add_special_tokens=False)[:max_query_length]
    offsets = tokenizer.encode_with_offsets(question.context)[1]
    answer = answer_pieces(np.array(offsets, np.int64).reshape(-1, 2), question.answers[0])
    return answer is not None and answer[1] - answer[0] < max_seq_length - len(query) - 3


def answer_pieces(offsets, answer):
    """The first and the last piece that share a character with an answer.

    Parameters
    ----------
    offsets : integer array (T, 2)
    answer : Answer

    Returns
    -------
    (int, int), or None where no piece does (an answer of characters that the tokenizer drops)
    """
    touched = ((offsets[:, 0] < answer.start + len(answer.text)) & (offsets[:, 1] > answer.start)
               & (offsets[:, 1] > offsets[:, 0]))
    places = np.flatnonzero(touched)
    return (int(places[0]), int(places[-1])) if places.size else None
