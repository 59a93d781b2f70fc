"""WNUT-17: names in messages of social media that hardly anyone has seen before."""

from ..conll import read_conll, tags_of
from ..fetching import Source, find_file
from ..rows import Splits

TYPES = ("corporation", "creative-work", "group", "location", "person", "product")
_PLACE = "leondz/emerging_entities_17/e52a2d2a71ac1a051ca2d532eef28653c5c02603/"
FILES = tuple(Source(f"wnut17/{name}", _PLACE + name, size, sha256) for name, size, sha256 in (
    ("wnut17train.conll", 493781,
     "731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5"),
    ("emerging.dev.conll", 114749,
     "e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8"),
    ("emerging.test.annotated", 192425,
     "2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0")))


def fetch_wnut17(folder=None):
    """3,394 / 1,009 / 1,287 sentences of English messages, names of six types tagged.

    The parts are those of the shared task: a name of the test part rarely stands in the training
    part, so learning names by heart does not help.

    Parameters
    ----------
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.

    Returns
    -------
    Splits of Tagged
        ``labels`` are the 13 tags: ``O``, and ``B-`` and ``I-`` for each type.

    Raises
    ------
    FileNotFoundError, ValueError
        See `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Derczynski et al. 2017, "Results of the WNUT2017 shared task on novel and emerging entity
    recognition". Licence: CC BY 4.0.
    """
    return Splits(*(read_conll(find_file(file, folder), TYPES) for file in FILES), tags_of(TYPES))
