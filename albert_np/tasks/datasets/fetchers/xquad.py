"""XQuAD: questions of SQuAD, translated by people."""

from ..fetching import Source, find_file
from ..squad import read_squad

_PLACE = "google-deepmind/xquad/7d30520c717524000f0d9d2f9c10a069acd9d285/xquad."
FILES = {language: Source(f"xquad/xquad.{language}.json", f"{_PLACE}{language}.json", size, sha256)
         for language, size, sha256 in (
    ("en", 609383, "e4c57d1c9143aaa1c5d265ba5987a65f4e69528d2a98f29d6e75019b10344f29"),
    ("zh", 808652, "691d0b3359bc6b8faa8de931dfdfe21d50a65861ae348e32a0d1a0190b0c8835"))}


def fetch_xquad(language="en", folder=None):
    """1,190 questions about 240 paragraphs of 48 articles, in English or in Chinese; a test set.

    Parameters
    ----------
    language : "en" or "zh"
        The same questions in both.
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.

    Returns
    -------
    list of Question, each with one answer

    Raises
    ------
    FileNotFoundError, ValueError
        The language is another; and see `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Artetxe, Ruder, Yogatama 2020, "On the cross-lingual transferability of monolingual
    representations". Licence: CC BY-SA 4.0.
    """
    if language not in FILES:
        raise ValueError(f"language must be {' or '.join(FILES)}, not {language!r}.")
    return read_squad(find_file(FILES[language], folder))
