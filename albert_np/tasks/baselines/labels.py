"""Labels of texts: the commonest one, and logistic regression over TF-IDF."""

from collections import Counter

from ..metrics.checks import library
from .checks import check_train
from .vectors import fit_words


def commonest_label(train, rows):
    """The label that most training rows have; of equally common ones the first met.

    Parameters
    ----------
    train, rows : lists of Classification

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        There is no training row.
    """
    check_train(train)
    return [Counter(row.label for row in train).most_common(1)[0][0]] * len(rows)


def commonest_labels(train, rows):
    """The set of labels that most training rows have, for rows with any number of labels.

    Parameters
    ----------
    train, rows : lists of Classification
        With tuples of labels.

    Returns
    -------
    list of lists of str

    Raises
    ------
    ValueError
        There is no training row.
    """
    check_train(train)
    commonest = Counter(tuple(sorted(row.label)) for row in train).most_common(1)[0][0]
    return [list(commonest)] * len(rows)


def tfidf_labels(train, rows, C=10.0):
    """Logistic regression over the TF-IDF of words and pairs of words.

    In Chinese and Japanese these are sequences of one to three characters.

    The two texts of a pair have features of their own; a row without a second text has zeros there.
    If all training rows have one label, it is guessed everywhere.

    Parameters
    ----------
    train, rows : lists of Classification
    C : float
        How little the weights are held back.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        There is no training row, or scikit-learn is not installed.
    """
    check_train(train)
    if not rows or len({row.label for row in train}) == 1:        # nothing to tell apart
        return commonest_label(train, rows)
    seen, asked = _tfidf(train, rows)
    return _regression(seen, [row.label for row in train], asked, C)


def tfidf_label_sets(train, rows, C=10.0):
    """For each label a logistic regression over TF-IDF: has a row this label?

    Parameters
    ----------
    train, rows : lists of Classification
        With tuples of labels.
    C : float
        How little the weights are held back.

    Returns
    -------
    list of lists of str

    Raises
    ------
    ValueError
        There is no training row, or scikit-learn is not installed.
    """
    check_train(train)
    found = [[] for _ in rows]
    if not rows:
        return found
    seen, asked = _tfidf(train, rows)
    for name in sorted({label for row in train for label in row.label}):
        has = [name in row.label for row in train]
        guesses = [True] * len(rows) if all(has) else _regression(seen, has, asked, C)
        for labels, guess in zip(found, guesses):
            if guess:
                labels.append(name)
    return found


def _regression(seen, labels, asked, C):
    """What a logistic regression that learnt from some rows guesses for others."""
    linear_model = library("sklearn.linear_model", "scikit-learn")
    model = linear_model.LogisticRegression(C=C, max_iter=1000)
    return model.fit(seen, labels).predict(asked).tolist()


def _tfidf(train, rows):
    """The features of training rows and of rows to guess for: two sparse matrices."""
    sparse = library("scipy.sparse", "scipy")
    columns = ["text"] + ["text_pair"] * any(row.text_pair is not None for row in train)
    features = []
    for column in columns:
        known, asked = ([getattr(row, column) or "" for row in part] for part in (train, rows))
        words = fit_words(known, ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]")
        features.append((words.transform(known), words.transform(asked)))
    return tuple(sparse.hstack(part).tocsr() for part in zip(*features))
