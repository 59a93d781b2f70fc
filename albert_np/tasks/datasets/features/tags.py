"""Tags of words as labels of pieces, and guesses for pieces as tags of words."""

import numpy as np

from ....functional import IGNORED
from .batches import join_pieces
from .windows import best_windows


def tag_windows(tokenizer, row, labels, max_length, stride=None, pieces="first"):
    """The pieces of a tagged sentence, in one window or several.

    Words are cut into pieces one by one. Windows begin and end between words; only a word that is
    longer than a window is cut. A word counts in one window, the one in which it has the most
    context, so that each is learnt from and guessed once; elsewhere its label is -100.

    Parameters
    ----------
    tokenizer : AlbertTokenizer
    row : Tagged
        ``tags`` may be empty: then there are no labels.
    labels : tuple of str
        The place of a tag in it is its number.
    max_length : int
        Of a window, with the special tokens.
    stride : int, optional
        About how many pieces lie between the beginnings of two windows. None: half a window.
    pieces : "first" or "all"
        Which pieces of a word carry its label; "all" gives the further ones ``I-`` of the same
        type where there is such a tag. The word's tag is guessed at its first piece in both cases.

    Returns
    -------
    list of dict, one for each window
        input_ids, token_type_ids, attention_mask : int64 arrays (T,)

        word_ids : int64 array (T,)
            At the first piece of a word that counts here the number of the word, elsewhere -1.
        labels : int64 array (T,), if the row has tags
            -100 where nothing is asked.

    Raises
    ------
    ValueError
        An argument is not as described, or a tag is not in `labels`.
    """
    if pieces not in ("first", "all"):
        raise ValueError(f"pieces must be 'first' or 'all', not {pieces!r}.")
    room = max_length - 2
    if room < 1:
        raise ValueError(f"max_length must be at least 3 ([CLS], a piece, [SEP]), not "
                         f"{max_length}.")
    ids = [word[:room] for word in tokenizer.encode_batch(list(row.words), threads=1)]
    lengths = np.array([len(word) for word in ids], int)
    spans = _word_spans(lengths, room, room // 2 if stride is None else stride)
    numbers = _tag_numbers(row.tags, labels)
    begins = np.r_[0, np.cumsum(lengths)]           # of each word, in pieces; last the end of all
    owners = best_windows([(begins[first], begins[end]) for first, end in spans], begins[-1])
    windows = []
    for number, (first, end) in enumerate(spans):
        example = join_pieces(tokenizer, [i for word in ids[first:end] for i in word])
        word_ids = np.full(len(example["input_ids"]), -1)
        tags = np.full(len(example["input_ids"]), IGNORED)
        place = 1                                                    # after [CLS]
        for word in range(first, end):
            if lengths[word] and owners[begins[word]] == number:
                word_ids[place] = word
                if numbers:
                    tags[place] = numbers[word]
                    if pieces == "all":
                        further = _further(labels, numbers[word])
                        tags[place + 1:place + lengths[word]] = further
            place += lengths[word]
        example["word_ids"] = word_ids
        if numbers:
            example["labels"] = tags
        windows.append(example)
    return windows


def tags_of_words(windows, predictions, n_words, outside=0):
    """The tags of a sentence's words, from what was guessed for the pieces of its windows.

    Parameters
    ----------
    windows : list of dict
        From `tag_windows`.
    predictions : list of integer arrays (T,) or longer
        The number of the likeliest tag of each piece, for each window.
    n_words : int
    outside : int
        For a word without a piece (one that is nothing but an accent, say).

    Returns
    -------
    int64 array (n_words,)
    """
    tags = np.full(n_words, outside)
    for window, guesses in zip(windows, predictions):
        places = np.flatnonzero(window["word_ids"] >= 0)
        tags[window["word_ids"][places]] = np.asarray(guesses)[places]
    return tags


def _word_spans(lengths, room, stride):
    """Windows as (first word, word after the last)."""
    begins = np.r_[0, np.cumsum(lengths)]
    spans, first = [], 0
    while True:
        end = int(np.searchsorted(begins, begins[first] + room, side="right")) - 1
        spans.append((first, end))
        if end >= len(lengths):
            return spans
        # The next window begins at the first word at least `stride` pieces on, but leaves no gap.
        following = int(np.searchsorted(begins, begins[first] + stride))
        first = min(max(following, first + 1), end)


def _tag_numbers(tags, labels):
    for tag in tags:
        if tag not in labels:
            raise ValueError(f"The tag {tag!r} is unknown; the tags are {', '.join(labels)}.")
    return [labels.index(tag) for tag in tags]


def _further(labels, number):
    """The label of a word's further pieces."""
    inside = f"I-{labels[number][2:]}"
    return labels.index(inside) if inside in labels else number
