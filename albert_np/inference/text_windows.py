"""Many texts through a model, in bounded memory and with little padding."""

import itertools
import warnings
from types import SimpleNamespace

import numpy as np

from ..layers import embeddings_forward, encoder_forward, visible_keys
from ..models.outputs import AlbertOutput
from .batches_by_length import forward_by_length, length_batches

WINDOW = 1024      # texts that are read, and sorted by length, at a time


def encode_windows(tokenizer, texts, max_length, name="text {}".format, note=warnings.warn,
                   check=None):
    """Read texts a window at a time and turn each into ``[CLS] pieces [SEP]``.

    Parameters
    ----------
    tokenizer : AlbertTokenizer
    texts : iterable of str
    max_length : int
        Longer rows, counting the special tokens, are cut at their end.
    name : callable
        From the number of a text, the first is 1, to what it is called in a sentence about it.
    note : callable
        Receives a sentence, at the end, where texts were cut.
    check : callable, optional
        Receives the ids of each text, before they are cut, and what the text is called.

    Yields
    ------
    list of lists of int
        The rows of a window.

    Raises
    ------
    ValueError
        A text is empty, or is none.
    """
    count = cut = first_cut = 0
    texts = iter(texts)
    while window := list(itertools.islice(texts, WINDOW)):
        rows = []
        for text, ids in zip(window, tokenizer.encode_batch(window)):
            count += 1
            if not ids:
                raise ValueError(f"{_capital(name(count))} is empty; every text needs at "
                                 f"least one word.")
            if check is not None:
                check(ids, _capital(name(count)))
            if len(ids) > max_length - 2:
                cut, first_cut = cut + 1, first_cut or count
                ids = ids[:max_length - 2]
            rows.append([tokenizer.cls_token_id, *ids, tokenizer.sep_token_id])
        yield rows
    if cut:
        which = (f"{_capital(name(first_cut))} was" if cut == 1 else
                 f"{cut:,} texts, the first of them {name(first_cut)}, were")
        note(f"{which} cut at the {max_length} positions that the model has.")


def hidden_states(model, rows):
    """The last hidden states of rows of different lengths, a batch of similar lengths at a time.

    Only embeddings and encoder are computed, neither pooler nor heads.

    Parameters
    ----------
    model : AlbertModel, or a model with heads
    rows : list of lists of int
        Each as it is, without padding.

    Yields
    ------
    indices : integer array (B,)
        Which rows these are.
    h : array (B, T, H)
        0 at the padding.
    lengths : integer array (B,)
    """
    def forward(input_ids, attention_mask):
        h, _ = embeddings_forward(model.params["embeddings"], input_ids,
                                  np.zeros_like(input_ids), model.config, None)      # (B, T, H)
        # recompute: of each depth only the input is kept, since there is no backward pass.
        (states, _), _ = encoder_forward(model.params["encoder"], h, visible_keys(attention_mask),
                                         model.config, None, recompute=True)
        return AlbertOutput(sequence_output=states[-1]), None

    trunk = SimpleNamespace(forward=forward)
    lengths = np.array([len(ids) for ids in rows])
    for indices in length_batches(lengths):
        mask = (np.arange(lengths[indices].max()) < lengths[indices, None]).astype(np.int64)
        input_ids = np.zeros_like(mask)                                              # (B, T)
        for row, i in zip(input_ids, indices):
            row[:lengths[i]] = rows[i]
        output = forward_by_length(trunk, input_ids, mask)
        yield indices, output.sequence_output, lengths[indices]


def check_trunk(model):
    """ValueError unless this is an ALBERT."""
    if not {"embeddings", "encoder"} <= set(getattr(model, "params", ())):
        raise ValueError(f"model must be an ALBERT, not a {type(model).__name__}.")


def in_a_list(texts):
    """A single text as a list of one."""
    if not isinstance(texts, (str, list, tuple)):
        raise ValueError(f"texts must be a str or a list of str, not {type(texts).__name__}.")
    return [texts] if isinstance(texts, str) else texts


def with_bar(texts, progress, name):
    """The texts, with a bar on standard error where that is a terminal and the work is long."""
    if not progress:
        return texts
    from tqdm import tqdm

    return tqdm(texts, desc=name, unit=" texts", delay=1, leave=False, disable=None)


def _capital(words):
    return words[:1].upper() + words[1:]
