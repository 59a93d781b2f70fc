"""Translation without a model: the commonest sentence, and that of the most similar source."""

from collections import Counter

import numpy as np

from ..metrics.checks import library
from .checks import check_train


def commonest_target(train, rows):
    """The target that most training pairs have.

    Parameters
    ----------
    train, rows : lists of Pair

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        There is no training row.
    """
    check_train(train)
    return [Counter(pair.targets[0] for pair in train).most_common(1)[0][0]] * len(rows)


def nearest_translation(train, rows):
    """The translation of the training sentence that is most similar in words and letters.

    Similar is what has a large cosine of TF-IDF, of sequences of one to four letters within words.

    Parameters
    ----------
    train, rows : lists of Pair

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        There is no training row, or scikit-learn is not installed.
    """
    check_train(train)
    if not rows:
        return []
    text = library("sklearn.feature_extraction.text", "scikit-learn")
    letters = text.TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    known = letters.fit_transform([pair.source for pair in train])           # (n, V)
    asked = letters.transform([pair.source for pair in rows])                # (N, V)
    nearest = []
    for first in range(0, len(rows), 100):
        cosines = (asked[first:first + 100] @ known.T).toarray()
        nearest.extend(np.argmax(cosines, axis=1))
    return [train[place].targets[0] for place in nearest]
