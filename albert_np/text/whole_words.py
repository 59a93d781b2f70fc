"""Whole words of Chinese for masking: which pieces go on the word of the piece before them.

Chinese puts no space between words, so a vocabulary cannot say which piece begins a word. A
segmenter can: a library that finds the words of a text. The model still reads pieces, and words
matter to masking only. So a piece that goes on a word is *marked* until masking has read the mark:
its id is higher by V, the size of the vocabulary.
"""

import warnings
from functools import lru_cache

import numpy as np

SEGMENTERS = ("jieba",)
WITHOUT = "each piece of Chinese counts as a word; --segmenter jieba finds the words"


@lru_cache
def find_segmenter(name):
    """The function of a segmenter, from a text to the places where its words begin.

    Parameters
    ----------
    name : str
        One of `SEGMENTERS`.

    Returns
    -------
    callable
        From str to an iterable of int.

    Raises
    ------
    ValueError
        There is no such segmenter, or it is not installed.
    """
    if name not in SEGMENTERS:
        raise ValueError(f"segmenter must be one of {', '.join(SEGMENTERS)}, not {name!r}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")              # about its own code
            import jieba
    except ImportError:
        raise ValueError("the segmenter jieba is not installed; install it with pip install "
                         "jieba") from None
    library = jieba.Tokenizer()
    # Its own start reads a cache by marshal from the folder for temporary files, where anyone may
    # have put it.
    library.FREQ, library.total = library.gen_pfdict(library.get_dict_file())
    library.initialized = True
    return lambda text: [start for _, start, _ in library.tokenize(text)]


class WordMarker:
    """A tokenizer whose ids are marked: higher by V if the piece does not begin a word.

    Parameters
    ----------
    tokenizer : AlbertTokenizer
    segmenter : str
        As for `find_segmenter`.

    Attributes
    ----------
    vocab_size : int
        2 V, one more than the highest marked id.
    pieces, across : int
        How many pieces there were so far, and how many of them lie across the border of two words.
        These two words count as one.
    """

    def __init__(self, tokenizer, segmenter):
        self._tokenizer, self._word_starts = tokenizer, find_segmenter(segmenter)
        self.vocab_size = 2 * tokenizer.vocab_size
        self.pieces = self.across = 0

    def encode_batch(self, texts, threads=-1):
        """The marked ids of the pieces of many texts (list of lists of int)."""
        return [self._marked(text) for text in texts]

    def _marked(self, text):
        ids, offsets = self._tokenizer.encode_with_offsets(text)
        starts = {*self._word_starts(text), len(text)}
        self.pieces += len(ids)
        self.across += sum(not starts.isdisjoint(range(begin + 1, end)) for begin, end in offsets)
        return [i if begin in starts else i + self._tokenizer.vocab_size
                for i, (begin, _) in zip(ids, offsets)]

    def __str__(self):
        return (f"{self.across:,} of {self.pieces:,} pieces lie across the border of two words; "
                f"these words count as one")


def unmark(ids, vocab_size):
    """Ids without their marks.

    Parameters
    ----------
    ids : int array
    vocab_size : int, V

    Returns
    -------
    ids : int array
        Below V.
    continues : bool array
        Which pieces go on the word of the piece before them.

    Examples
    --------
    >>> unmark(np.array([3, 104, 5]), 100)
    (array([3, 4, 5]), array([False,  True, False]))
    """
    continues = ids >= vocab_size
    return np.where(continues, ids - vocab_size, ids), continues
