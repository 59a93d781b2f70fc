"""A part of SQuAD 1.1, cut into tokens."""

from ..fetching import Source, find_file
from ..rows import Splits
from ..splits import split_by_key, text_key
from ..token_spans import read_token_spans

_PLACE = "liweijiang/QASystem/389940c29e9564365f4c5fffbcb80b5182b27eba/data/squad/all_val/val."
FILES = tuple(Source(f"squad_val/val.{name}", _PLACE + name, size, sha256)
              for name, size, sha256 in (
    ("context", 3479237, "3083765503c795dd56cb5976b3d3f45adc0351619f197d3598aaa5e853f98be4"),
    ("question", 255822, "2d503307d5dcc06ff313a89e3c3e1363513998b26f464a5326fe10dc8de44f66"),
    ("answer", 83900, "b084416a6cb196d04e3cb16f6627e4902757a792081ea932df59daeb598ce8c9"),
    ("span", 26406, "58dde149681d22856fccf85cc89b4c8c2e364e7f181fda8a468673e500888108")))

FAULTY = 3623            # its span is "31 30"


def fetch_squad_slice(folder=None, seed=0):
    """4,284 questions about 875 paragraphs of Wikipedia, each answered by a part of its paragraph.

    Texts are cut into tokens with a space between. The set is divided here by paragraph, 80 : 10 :
    10, by the SHA-256 of seed and paragraph. None of its paragraphs or questions stands in XQuAD
    (`fetch_xquad`), which is written as ordinary text and makes a harder test.

    The files have 4,285 lines; line 3,623 has a span that ends before it begins and is left out.

    Parameters
    ----------
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.
    seed : int

    Returns
    -------
    Splits of Question, each with one answer

    Raises
    ------
    FileNotFoundError, ValueError
        See `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Rajpurkar et al. 2016, "SQuAD: 100,000+ questions for machine comprehension of text". Licence:
    CC BY-SA 4.0.
    """
    rows = read_token_spans(*(find_file(file, folder) for file in FILES), leave_out={FAULTY})
    return Splits(*split_by_key(rows, lambda row: text_key(row.context), seed))
