"""Exact match and F1 of answers, by the rules of SQuAD."""

import re
import string
from collections import Counter

import numpy as np

from .bootstrap import bootstrap
from .checks import check_alike

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise_answer(text):
    """Lower case, without ASCII punctuation and articles, one space between words.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    References
    ----------
    The rules of the official evaluation of SQuAD: Rajpurkar et al. 2016, section 6.1.

    Examples
    --------
    >>> normalise_answer("The  U.S. Army, a force")
    'us army force'
    """
    text = _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION))
    return " ".join(text.split())


def exact_match(prediction, answers):
    """Whether a prediction equals one of the answers once both are normalised.

    Parameters
    ----------
    prediction : str
    answers : sequence of str
        Empty: the question has no answer, and an empty prediction is right.

    Returns
    -------
    bool
    """
    guess = normalise_answer(prediction)
    return any(guess == normalise_answer(answer) for answer in _right_ones(answers))


def overlap_f1(prediction, answers):
    """F1 of the words that a prediction shares with an answer, the best of all answers.

    Parameters
    ----------
    prediction : str
    answers : sequence of str
        Empty: the question has no answer. Where prediction or answer has no word, F1 is 1 if both
        have none, otherwise 0.

    Returns
    -------
    float
    """
    guess = normalise_answer(prediction).split()
    best = 0.0
    for answer in _right_ones(answers):
        words = normalise_answer(answer).split()
        if not guess or not words:
            best = max(best, float(guess == words))
            continue
        shared = sum((Counter(guess) & Counter(words)).values())
        best = max(best, 2 * shared / (len(guess) + len(words)))
    return best


def answer_scores(predictions, answers, rng=None, **options):
    """Exact match and F1, the means over all questions.

    Parameters
    ----------
    predictions : sequence of N str
        Empty for "no answer".
    answers : sequence of N sequences of str
        All right answers of each question; none where it has no answer.
    rng : numpy.random.Generator, optional
        Gives intervals; `options` as in `bootstrap`.

    Returns
    -------
    exact, f1 : Figure
        Between 0 and 1.

    Raises
    ------
    ValueError
        The lengths differ or are 0.
    """
    check_alike(predictions, answers, ("predictions", "questions"))
    pairs = list(zip(predictions, answers))
    return tuple(bootstrap(np.mean(each), np.array(each, float)[:, None],
                           lambda sums: sums[:, 0] / len(pairs), rng, **options)
                 for each in ([exact_match(*pair) for pair in pairs],
                              [overlap_f1(*pair) for pair in pairs]))


def best_null_threshold(predictions, answers, null_margins):
    """The threshold of "no answer" that gives the highest F1.

    A question is left without an answer where its margin exceeds the threshold. To be chosen on
    development data, not on those that are reported.

    Parameters
    ----------
    predictions : sequence of N str
        The best answer to each question, if it has one.
    answers : sequence of N sequences of str
    null_margins : sequence of N floats
        The score of "no answer" minus that of the best answer.

    Returns
    -------
    threshold : float
        In the middle between two margins, or infinite where all or none are best answered.
    f1 : float
        What it reaches.

    Raises
    ------
    ValueError
        The lengths differ or are 0, or a margin is not finite.

    References
    ----------
    Rajpurkar, Jia, Liang 2018; the official evaluation of SQuAD 2.0 ("best_f1_thresh").
    """
    check_alike(predictions, answers, ("predictions", "questions"))
    check_alike(predictions, null_margins, ("predictions", "margins"))
    margins = np.asarray(null_margins, float)
    strange = ~np.isfinite(margins)
    if strange.any():
        number = int(strange.argmax())
        raise ValueError(f"null_margins[{number}] must be a finite number, not {margins[number]}.")
    order = np.argsort(margins)
    with_answer = np.array([overlap_f1(predictions[i], answers[i]) for i in order])
    without = np.array([overlap_f1("", answers[i]) for i in order])
    # Answer the k questions with the smallest margins, leave the others without an answer.
    totals = np.r_[0, np.cumsum(with_answer)] + np.r_[np.cumsum(without[::-1])[::-1], 0]
    borders = np.r_[-np.inf, margins[order], np.inf]
    possible = np.flatnonzero(borders[:-1] < borders[1:])     # equal margins go together
    k = possible[totals[possible].argmax()]
    return float((borders[k] + borders[k + 1]) / 2), float(totals[k] / len(margins))


def _right_ones(answers):
    """Answers that have a word once normalised; an empty one where there is none."""
    return [answer for answer in answers if normalise_answer(answer)] or [""]
