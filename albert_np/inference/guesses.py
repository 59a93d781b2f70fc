"""What a model would put in the place of ``[MASK]``."""

import warnings

import numpy as np

from ..functional import softmax_forward
from ..layers import masked_lm_head_forward
from .load import check_vocabulary
from .text_windows import check_trunk, encode_windows, hidden_states, in_a_list, with_bar

MASKS = 256        # rows of logits, each as wide as the vocabulary, at a time


def fill_mask(model, tokenizer, texts, top=5):
    """Guess the pieces that ``[MASK]`` stands for.

    Each ``[MASK]`` is one piece, and is guessed as if it were alone: where a text has several, each
    sees the others as gaps.

    Parameters
    ----------
    model : AlbertForPreTraining
        Any model with a masked-LM head.
    tokenizer : AlbertTokenizer
    texts : str or list of str
    top : int
        How many guesses for each ``[MASK]``.

    Returns
    -------
    list, one for each ``[MASK]``, of lists of (str, float)
        Pieces and their probabilities, the likeliest first; for a list of texts, a list of such
        lists.

    Raises
    ------
    ValueError
        A text is empty, has no ``[MASK]``, or is so long that one would be cut off; `top` is not
        between 1 and the size of the vocabulary; the model has no masked-LM head or another
        vocabulary.

    Warns
    -----
    UserWarning
        A text is longer than the model's positions, and what follows was cut off.
    """
    results = list(iterate_fill_mask(model, tokenizer, in_a_list(texts), top))
    return results[0] if isinstance(texts, str) else results


def iterate_fill_mask(model, tokenizer, texts, top=5, name="text {}".format, note=warnings.warn,
                      progress=False):
    """`fill_mask` for any number of texts, in bounded memory.

    Parameters
    ----------
    model, tokenizer, top : as in `fill_mask`
    texts : iterable of str
    name, note : as in :func:`~albert_np.inference.text_windows.encode_windows`
    progress : bool
        Show a bar on standard error, where that is a terminal.

    Yields
    ------
    list of lists of (str, float)
        For each text, as from `fill_mask`.

    Raises
    ------
    ValueError
        As in `fill_mask`.
    """
    check_trunk(model)
    check_vocabulary(model, tokenizer)
    if "mlm_head" not in model.params:
        raise ValueError(f"The model is a {type(model).__name__}, without a masked-LM head; "
                         f"guessing needs one, such as AlbertForPreTraining has.")
    V, T = model.config.vocab_size, model.config.max_position_embeddings
    if isinstance(top, bool) or not isinstance(top, (int, np.integer)) or not 1 <= top <= V:
        raise ValueError(f"top is {top!r}; it must be a whole number from 1 to {V}, the size of "
                         f"the vocabulary")
    return _iterate(model, tokenizer, texts, top, T, name, note, progress)


def _iterate(model, tokenizer, texts, top, T, name, note, progress):
    def check(ids, what):
        masks = [column for column, i in enumerate(ids) if i == tokenizer.mask_token_id]
        if not masks:
            raise ValueError(f"{what} has no [MASK]; write [MASK] where a word is to be guessed.")
        if masks[-1] >= T - 2:
            raise ValueError(f"{what} has a [MASK] behind the {T} positions of the model; shorten "
                             f"the text in front of it.")

    for rows in encode_windows(tokenizer, with_bar(texts, progress, "fill-mask"), T, name, note,
                               check):
        guesses = [None] * len(rows)
        for indices, h, _ in hidden_states(model, rows):
            columns = [np.flatnonzero(np.array(rows[i]) == tokenizer.mask_token_id)
                       for i in indices]
            b = np.repeat(np.arange(len(indices)), [len(c) for c in columns])        # (M,)
            found = _guess(model, tokenizer, h[b, np.concatenate(columns)], top)
            for i, c in zip(indices, columns):
                guesses[i] = [next(found) for _ in c]
        yield from guesses


def _guess(model, tokenizer, x, top):
    """Yield the likeliest pieces for each hidden state of x (M, H)."""
    for first in range(0, len(x), MASKS):
        logits, _ = masked_lm_head_forward(model.params["mlm_head"], x[first:first + MASKS],
                                           model.params["embeddings"]["word"],
                                           model.config)                             # (m, V)
        p, _ = softmax_forward(logits)                                               # (m, V)
        for row in p:
            best = np.argsort(-row, kind="stable")[:top]
            yield [(tokenizer.pieces[i], float(row[i])) for i in best]
