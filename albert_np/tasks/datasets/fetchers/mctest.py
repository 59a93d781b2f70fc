"""MCTest: stories that a child can understand, with questions of four answers."""

from ..fetching import Source, find_file
from ..mctest import read_mctest
from ..rows import Splits

PARTS = ("train", "dev", "test")


def fetch_mctest(folder=None, stories=("mc160", "mc500")):
    """660 stories with 2,640 questions: 1,480 / 320 / 840.

    The parts are those of the authors. The files cannot be downloaded by a program; they are to be
    put into a folder as ``mctest/mc160.train.tsv``, ``mctest/mc160.train.ans``, and so on.

    Parameters
    ----------
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.
    stories : tuple of str
        "mc160" (280 / 120 / 240 questions), "mc500" (1,200 / 200 / 600), or both.

    Returns
    -------
    Splits of Choice

    Raises
    ------
    FileNotFoundError, ValueError
        See `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Richardson, Burges, Renshaw 2013, "MCTest". Licence: Microsoft Research, for research.
    """
    for name in stories:
        if name not in ("mc160", "mc500"):
            raise ValueError(f"stories may hold mc160 and mc500, not {name!r}.")
    return Splits(*([row for name in stories for row in read_mctest(
        *(find_file(Source(f"mctest/{name}.{part}.{ending}"), folder)
          for ending in ("tsv", "ans")))] for part in PARTS))
