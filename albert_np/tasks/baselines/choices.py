"""Questions of several answers: the commonest place, and a linear model over shared words."""

from collections import Counter

import numpy as np

from ...text.corpus.sentences import split_sentences
from ...text.scripts import is_chinese
from ..metrics.checks import library
from .checks import check_train
from .similarity import cosine_rows
from .vectors import fit_words


def commonest_place(train, rows):
    """The place at which the right answer stands most often in the training rows.

    Parameters
    ----------
    train, rows : lists of Choice

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        There is no training row.
    """
    check_train(train)
    return [Counter(row.label for row in train).most_common(1)[0][0]] * len(rows)


def tfidf_choices(train, rows):
    """The answer that a logistic regression over cosines of TF-IDF finds likeliest to be right.

    The features of an answer are its cosines with the context, with the question, and with the
    sentence of the context that is most like question and answer together; and its length. If no
    training row has more than one answer, the guess is `commonest_place`.

    Parameters
    ----------
    train, rows : lists of Choice

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        There is no training row, or scikit-learn is not installed.
    """
    check_train(train)
    if all(len(row.choices) == 1 for row in train):               # nothing to tell apart
        return commonest_place(train, rows)
    linear_model = library("sklearn.linear_model", "scikit-learn")
    texts = [part for row in train for part in (row.context, row.question, *row.choices)]
    words, chinese = fit_words(texts), is_chinese(texts)

    def features(row):
        C = len(row.choices)
        sentences = split_sentences(row.context) if chinese else [
            part for part in row.context.replace("\n", " ").split(".") if part.strip()]
        sentences = sentences or [row.context]
        both = [f"{row.question} {choice}" for choice in row.choices]
        vectors = words.transform([row.context, row.question, *row.choices, *both, *sentences])
        context, question, choices = vectors[0], vectors[1], vectors[2:2 + C]
        closest = (vectors[2 + 2 * C:] @ vectors[2 + C:2 + 2 * C].T).toarray().max(axis=0)  # (C,)
        return np.array([[*cosine_rows(context, choice), *cosine_rows(question, choice), near,
                          np.log1p(len(given))]
                         for choice, near, given in zip(choices, closest, row.choices)])

    model = linear_model.LogisticRegression(C=10, max_iter=1000).fit(
        np.concatenate([features(row) for row in train]),
        np.concatenate([np.arange(len(row.choices)) == row.label for row in train]))
    return [int(model.decision_function(features(row)).argmax()) for row in rows]
