"""The SMS Spam Collection: is a text message spam?"""

from ..fetching import Source, find_file
from ..rows import Splits
from ..splits import split_by_key, text_key
from ..table import read_table

LABELS = ("ham", "spam")
FILE = Source("sms_spam/SMSSpamCollection",
              "maze-runnar/SMS-spam-detection/fc58dd2f68434dfb55ad1fc3f9a6544f332f9732/"
              "smsspamcollection/SMSSpamCollection",
              477907, "7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d")


def fetch_sms_spam(folder=None, seed=0):
    """5,574 text messages in English, 747 of them spam.

    The set comes in one piece and is divided here, 80 : 10 : 10, by the SHA-256 of seed and text,
    with the same share of spam in each part. One in ten messages is a copy of another; copies, also
    those that differ only in digits, capitals or punctuation, stay in one part.

    Parameters
    ----------
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.
    seed : int

    Returns
    -------
    Splits of Classification
        ``label`` is "ham" or "spam".

    Raises
    ------
    FileNotFoundError, ValueError
        See `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Almeida, Gómez Hidalgo, Yamakami 2011, "Contributions to the study of SMS spam filtering".
    Licence: free to use, with that attribution (UCI Machine Learning Repository).
    """
    rows = read_table(find_file(FILE, folder), text=1, label=0, delimiter="\t", labels=LABELS)
    return Splits(*split_by_key(rows, lambda row: text_key(row.text), seed,
                                stratum=lambda row: row.label), LABELS)
