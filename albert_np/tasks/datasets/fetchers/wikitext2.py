"""WikiText-2: articles of Wikipedia to evaluate a language model on."""

from ..fetching import Source, find_file
from ..wikitext import read_wikitext

_PLACE = "pytorch/examples/77f55b912142e11fcfdf5b530231fb9c52f181e8/word_language_model/data/" \
         "wikitext-2/"
FILES = {part: Source(f"wikitext2/wiki.{part}.txt", f"{_PLACE}{part}.txt", size, sha256)
         for part, size, sha256 in (
    ("valid", 1121681, "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8"),
    ("test", 1256449, "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0"))}


def fetch_wikitext2(part="valid", folder=None):
    """60 articles of English Wikipedia in either part, 214,000 and 241,000 words and marks.

    Parameters
    ----------
    part : "valid" or "test"
    folder : str or Path, optional
        See `albert_np.tasks.datasets.find_file`.

    Returns
    -------
    list of documents; a document is a list of str, its sentences
        As `albert_np.text.read_corpus` returns them.

    Raises
    ------
    FileNotFoundError, ValueError
        The part is another; and see `albert_np.tasks.datasets.find_file`.

    References
    ----------
    Merity et al. 2016, "Pointer sentinel mixture models". Licence: CC BY-SA 3.0.
    """
    if part not in FILES:
        raise ValueError(f"part must be {' or '.join(FILES)}, not {part!r}.")
    return read_wikitext(find_file(FILES[part], folder))
