"""Vectors of sentences, and how alike two sentences are."""

import warnings

import numpy as np

from .load import check_vocabulary
from .text_windows import check_trunk, encode_windows, hidden_states, in_a_list, with_bar


def sentence_vectors(model, tokenizer, texts, special_tokens=True):
    r"""One vector for each text: the mean of its last hidden states.

    .. math::

       v = \frac1n \sum_{t=1}^{n} h_t

    over the n tokens of the text. ``[CLS]`` and ``[SEP]`` count among them, as the mean pooling of
    the library sentence-transformers has it, unless they are left out; padding never does.

    Parameters
    ----------
    model : AlbertModel
        Or any model with heads, which are not used.
    tokenizer : AlbertTokenizer
    texts : str or list of str
        A text longer than the model's positions is cut at its end.
    special_tokens : bool
        Whether ``[CLS]`` and ``[SEP]`` are part of the mean.

    Returns
    -------
    array (H,), or (N, H) for a list of texts
        In the dtype of the parameters.

    Raises
    ------
    ValueError
        A text is empty, there are no texts, or model and tokenizer have different vocabularies.

    Warns
    -----
    UserWarning
        A text was cut.

    References
    ----------
    Reimers, Gurevych 2019, section 3.
    """
    vectors = list(iterate_vectors(model, tokenizer, in_a_list(texts), special_tokens))
    if not vectors:
        raise ValueError("texts is an empty list; at least one text is needed.")
    return vectors[0] if isinstance(texts, str) else np.array(vectors)


def iterate_vectors(model, tokenizer, texts, special_tokens=True, name="text {}".format,
                    note=warnings.warn, progress=False):
    """`sentence_vectors` for any number of texts, in bounded memory.

    Parameters
    ----------
    model, tokenizer, special_tokens : as in `sentence_vectors`
    texts : iterable of str
    name, note : as in :func:`~albert_np.inference.text_windows.encode_windows`
    progress : bool
        Show a bar on standard error, where that is a terminal.

    Yields
    ------
    array (H,)
        For each text.

    Raises
    ------
    ValueError
        As in `sentence_vectors`.
    """
    check_trunk(model)
    check_vocabulary(model, tokenizer)
    return _iterate(model, tokenizer, texts, special_tokens, name, note, progress)


def _iterate(model, tokenizer, texts, special_tokens, name, note, progress):
    for rows in encode_windows(tokenizer, with_bar(texts, progress, "embed"),
                               model.config.max_position_embeddings, name, note):
        vectors = np.empty((len(rows), model.config.hidden_size), model.dtype)
        for indices, h, lengths in hidden_states(model, rows):
            t, n = np.arange(h.shape[1]), lengths[:, None]
            used = t < n if special_tokens else (t > 0) & (t < n - 1)                # (B, T)
            count = used.sum(axis=1, keepdims=True).astype(h.dtype)                  # (B, 1)
            vectors[indices] = (h * used[..., None]).sum(axis=1) / count             # (B, H)
        yield from vectors


def similarity(model, tokenizer, first, second, special_tokens=True):
    r"""The cosine of the angle between the vectors of two texts.

    .. math::

       \cos(a, b) = \frac{\sum_j a_j b_j}{\lVert a \rVert \, \lVert b \rVert}

    Parameters
    ----------
    model, tokenizer, special_tokens : as in `sentence_vectors`
    first, second : str, or lists of str of one length

    Returns
    -------
    float, or array (N,) for lists
        From -1 to 1; 0 where a vector is 0.

    Raises
    ------
    ValueError
        As in `sentence_vectors`, or the lists are of different lengths.
    """
    a, b = in_a_list(first), in_a_list(second)
    if isinstance(first, str) != isinstance(second, str) or len(a) != len(b):
        raise ValueError(f"first and second must both be a str, or lists of the same length; here "
                         f"they hold {len(a)} and {len(b)}.")
    cosines = list(iterate_similarities(model, tokenizer, zip(a, b), special_tokens))
    return cosines[0] if isinstance(first, str) else np.array(cosines)


def iterate_similarities(model, tokenizer, pairs, special_tokens=True, name="text {}".format,
                         note=warnings.warn, progress=False):
    """`similarity` for any number of pairs, in bounded memory.

    Parameters
    ----------
    model, tokenizer, special_tokens, name, note, progress : as in `iterate_vectors`
        The texts are numbered through: those of pair i are 2 i - 1 and 2 i.
    pairs : iterable of (str, str)

    Yields
    ------
    float
        For each pair.

    Raises
    ------
    ValueError
        As in `sentence_vectors`.
    """
    texts = (text for pair in pairs for text in pair)
    vectors = iterate_vectors(model, tokenizer, texts, special_tokens, name, note, progress)
    for a, b in zip(vectors, vectors):
        norms = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
        yield float(np.dot(a, b)) / norms if norms else 0.0
