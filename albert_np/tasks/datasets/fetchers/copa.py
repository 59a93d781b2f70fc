"""COPA: which of two sentences is the likelier cause, or effect?"""

from ..copa import read_copa
from ..fetching import Source, find_file
from ..rows import Splits
from ..splits import split_by_key

_PLACE = "drwiner/COPA/0d59e0efc834004be53ba7569a7793ea8fb13741/datasets/"
FILES = tuple(Source(f"copa/{name}", _PLACE + name) for name in ("copa-dev.xml", "copa-test.xml"))


def fetch_copa(folder=None, seed=0):
    """1,000 premises in English, each with two alternatives; 500 of them are the test part.

    The development set is all there is to learn from: it is divided here, 80 : 20, into training
    and development part by the SHA-256 of seed and premise. (One premise of the test part stands in
    the development set too, asked the other way round.) What is downloaded is known by the commit
    in its address, not by a SHA-256.

    Parameters
    ----------
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.
    seed : int

    Returns
    -------
    Splits of Choice

    Raises
    ------
    FileNotFoundError, ValueError
        See `albert_np.tasks.datasets.find_file`; or a file does not hold 500 items.

    References
    ----------
    Roemmele, Bejan, Gordon 2011, "Choice of plausible alternatives". Licence: for research.
    """
    parts = []
    for file in FILES:
        path = find_file(file, folder)
        parts.append(read_copa(path))
        if len(parts[-1]) != 500:
            raise ValueError(f"{path} holds {len(parts[-1])} items, where COPA has 500.")
    development, test = parts
    return Splits(*split_by_key(development, lambda row: row.context, seed, (0.8, 0.2)), test)
