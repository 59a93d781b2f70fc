"""STS-B: how similar are two sentences?"""

from ..fetching import Source, find_file
from ..rows import Splits
from ..table import read_table

_PLACE = "PhilipMay/stsb-multi-mt/30de0dec4ee199b7f42351d3f1a0b19592955385/data/"
FILES = tuple(Source(f"stsb/stsb-en-{part}.csv", f"{_PLACE}stsb-en-{part}.csv", size, sha256)
              for part, size, sha256 in (
    ("train", 708863, "e1e84fec60bbb598735552f54a35f4949904a484750fd2cb11e2720e49f63da6"),
    ("dev", 204675, "d29586e96558c4eb52cf5ea5d14e9c24d3bf0e44f111b017caba43a5adc33226"),
    ("test", 158891, "11523b625219e94e9ca05d2816b5f02cac1614c5894fe657376fa0806378d053")))


def fetch_stsb(folder=None):
    """5,749 / 1,500 / 1,379 pairs of English sentences with a similarity from 0 to 5.

    The parts are those of the benchmark, which let 12 pairs of the test part stand in the training
    part too.

    Parameters
    ----------
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.

    Returns
    -------
    Splits of Classification
        ``label`` is a float: 0 says "about different things", 5 "the same meaning".

    Raises
    ------
    FileNotFoundError, ValueError
        See `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Cer et al. 2017, "SemEval-2017 task 1"; as Philip May distributes it (stsb-multi-mt). Licence:
    scores CC BY-SA 4.0; the texts come from several sources with licences of their own.
    """
    return Splits(*(read_table(find_file(file, folder), 0, 1, 2, delimiter=",", score=(0, 5))
                    for file in FILES))
