"""Similarity of sentences: the mean score, and ridge regression over cosines."""

import numpy as np

from ..metrics.checks import library
from .checks import check_train
from .vectors import fit_words


def mean_score(train, rows):
    """The mean score of the training rows.

    Parameters
    ----------
    train, rows : lists of Classification

    Returns
    -------
    list of float

    Raises
    ------
    ValueError
        There is no training row.
    """
    check_train(train)
    return [float(np.mean([row.label for row in train]))] * len(rows)


def tfidf_similarity(train, rows, alpha=1.0):
    """Ridge regression over how similar two sentences are in words and in letters.

    The features are the cosines of the two TF-IDF vectors, of words and of sequences of two to
    five letters, and their squares.

    Parameters
    ----------
    train, rows : lists of Classification
        ``label`` is a score.
    alpha : float
        How much the weights are held back.

    Returns
    -------
    list of float

    Raises
    ------
    ValueError
        There is no training row, or scikit-learn is not installed.
    """
    check_train(train)
    if not rows:
        return []
    text = library("sklearn.feature_extraction.text", "scikit-learn")
    linear_model = library("sklearn.linear_model", "scikit-learn")
    sentences = [sentence for row in train for sentence in (row.text, row.text_pair)]
    letters = text.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    vectorizers = [fit_words(sentences), letters.fit(sentences)]

    def features(part):
        cosines = [cosine_rows(vectorizer.transform([row.text for row in part]),
                               vectorizer.transform([row.text_pair for row in part]))
                   for vectorizer in vectorizers]
        return np.stack(cosines + [cosine ** 2 for cosine in cosines], axis=1)      # (N, 4)

    model = linear_model.Ridge(alpha=alpha).fit(features(train), [row.label for row in train])
    return model.predict(features(rows)).tolist()


def cosine_rows(first, second):
    """The scalar product of each row with the same row of another matrix; rows have length 1.

    Parameters
    ----------
    first, second : sparse arrays (N, V)

    Returns
    -------
    array (N,)
    """
    return np.asarray(first.multiply(second).sum(axis=1)).ravel()
