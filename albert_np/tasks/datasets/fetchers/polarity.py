"""Sentences of film reviews: does the writer like the film?"""

from ....files.text_lines import BLANKS, is_empty, read_zipped_lines
from ..fetching import Source, find_file
from ..rows import Classification, Splits
from ..splits import split_by_key, text_key

LABELS = ("negative", "positive")
FILE = Source("rt_polarity/nltk_sentence_polarity.zip",
              "nltk/nltk_data/5db857e6f7df11eabb5e5665836db9ec8df07e28/packages/corpora/"
              "sentence_polarity.zip",
              490256, "6e1ed4405b65c7eabf1d199a7f7c437091ac21da0ea7467b410a74062574566b",
              also=("rt_polarity/sentence_polarity.zip",))


def fetch_polarity(folder=None, seed=0):
    """5,331 sentences that praise a film and 5,331 that do not, in lower case and cut into words.

    The set comes in one piece and is divided here, 80 : 10 : 10, by the SHA-256 of seed and text,
    with as many of either label in each part; copies of a sentence stay in one part.

    Parameters
    ----------
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.
    seed : int

    Returns
    -------
    Splits of Classification
        ``label`` is "negative" or "positive".

    Raises
    ------
    FileNotFoundError, ValueError
        See `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Pang, Lee 2005, "Seeing stars"; as NLTK distributes it. Licence: CC BY 4.0.
    """
    archive = find_file(FILE, folder)
    rows = [Classification(line.strip(BLANKS), label=label) for label in LABELS for _, line in
            read_zipped_lines(archive, f"sentence_polarity/rt-polarity.{label[:3]}")
            if not is_empty(line)]
    return Splits(*split_by_key(rows, lambda row: text_key(row.text), seed,
                                stratum=lambda row: row.label), LABELS)
