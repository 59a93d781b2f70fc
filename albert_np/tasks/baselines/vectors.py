"""TF-IDF of words; of a text without spaces between words, that of characters."""

import re

from ...text.scripts import is_chinese
from ..metrics.checks import library


def fit_words(texts, ngram_range=(1, 1), **settings):
    """scikit-learn's TF-IDF of words, fitted to texts.

    If the texts are Chinese or Japanese, the words are sequences of one to three characters. The
    same holds if no word has two letters, because scikit-learn leaves out words of one letter.

    Parameters
    ----------
    texts : list of str
    ngram_range : (int, int)
        How many words make up a feature.
    **settings
        Of ``TfidfVectorizer``, for words.

    Returns
    -------
    sklearn.feature_extraction.text.TfidfVectorizer

    Raises
    ------
    ValueError
        scikit-learn is not installed.
    """
    text = library("sklearn.feature_extraction.text", "scikit-learn")
    if is_chinese(texts) or not (settings or any(re.search(r"\w\w", line) for line in texts)):
        ngram_range, settings = (1, 3), {"analyzer": "char"}
    return text.TfidfVectorizer(ngram_range=ngram_range, sublinear_tf=True, **settings).fit(texts)
