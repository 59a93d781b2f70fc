"""Short sentences in English and Chinese, written and translated by volunteers."""

from ..fetching import Source, find_file
from ..parallel import read_parallel
from ..rows import Pair, Splits
from ..splits import shuffled, text_key

HELD_OUT = 500
LONGEST = 6
FILE = Source("cmn_eng/cmn.txt",
              "DaoChaShao/py-st-dl-translater-2.0/620408eda1721f683e2413778ad19e4f94691053/"
              "data/cmn.txt",
              4151351, "9da1af87e3e61650aa38595e60baef3a4e3a18ed239a7ef4a764c0a87c7ddeff",
              also=("cmn_eng/cmn_2025_29155_with_attribution.txt",))


def fetch_english_chinese(folder=None, seed=0):
    """29,155 English sentences with a Chinese translation, 27,661 of them different.

    The set comes in one piece and is divided here. 500 English sentences of up to 6 words, chosen
    by the SHA-256 of seed and text, are the test part, each with all its translations as
    references; 500 more are the development part. Everything else, of any length, is for training.
    Sentences that differ from a held-out one only in capitals, digits or punctuation ("Hi." and
    "Hi!") are left out of training too. Their translations may stand there all the same: every
    fifth test sentence has one that also translates another English sentence ("Tom failed." for
    "Tom has failed."). So a figure says little without that of
    `albert_np.tasks.baselines.nearest_translation` beside it.

    Parameters
    ----------
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.
    seed : int

    Returns
    -------
    Splits of Pair
        Training pairs have one target each, and a sentence can stand in several; held-out ones have
        all targets.

    Raises
    ------
    FileNotFoundError, ValueError
        See `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Tatoeba (tatoeba.org), pairs as collected by manythings.org. Licence: CC BY 2.0 FR; the third
    column of the file names the writers.
    """
    pairs = read_parallel(find_file(FILE, folder), columns=3)
    groups = {}                                  # key: {source: its targets}
    for pair in pairs:
        sources = groups.setdefault(text_key(pair.source), {})
        sources.setdefault(pair.source, {})[pair.targets[0]] = None      # each once, in order
    short = [key for key, sources in groups.items()
             if len(next(iter(sources)).split()) <= LONGEST]
    chosen = shuffled(short, seed)[:2 * HELD_OUT]
    test, dev = ([Pair(source, tuple(targets)) for key in keys
                  for source, targets in [next(iter(groups[key].items()))]]
                 for keys in (chosen[:HELD_OUT], chosen[HELD_OUT:]))
    held_out = set(chosen)
    return Splits([pair for pair in pairs if text_key(pair.source) not in held_out], dev, test)
