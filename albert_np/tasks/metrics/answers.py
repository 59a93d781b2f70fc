"""Exact match and F1 of answers, by the rules of SQuAD; in Chinese by those of CMRC 2018."""

import re
import string
from collections import Counter

import numpy as np

from ...text.scripts import CHARACTERS, is_chinese
from .bootstrap import bootstrap
from .checks import check_alike

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_CHINESE_PUNCTUATION = str.maketrans("", "", "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
_CHINESE_WORD = re.compile(rf"[{CHARACTERS}]|[^\W_{CHARACTERS}]+(?:[.,'][^\W_{CHARACTERS}]+)*"
                           r"|[^\w\s]")


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


def normalise_chinese_answer(text):
    """Lower case, without the punctuation that CMRC 2018 removes.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    References
    ----------
    The official evaluation of CMRC 2018: Cui et al. 2019.

    Examples
    --------
    >>> normalise_chinese_answer("《红楼梦》、iPhone")
    '红楼梦iphone'
    """
    return text.lower().strip().translate(_CHINESE_PUNCTUATION)


def exact_match(prediction, answers, chinese=False):
    """Whether a prediction equals one of the answers once both are normalised.

    Parameters
    ----------
    prediction : str
    answers : sequence of str
        Empty: the question has no answer, and an empty prediction is right.
    chinese : bool
        Whether the rules are those of CMRC 2018, not of SQuAD.

    Returns
    -------
    bool
    """
    normalise = normalise_chinese_answer if chinese else normalise_answer
    guess = normalise(prediction)
    return any(guess == normalise(answer) for answer in _right_ones(answers, normalise))


def overlap_f1(prediction, answers, chinese=False):
    """F1 of the words that a prediction shares with an answer, the best of all answers.

    In Chinese each character is a word, and only the longest stretch of words that stands in both
    counts as shared. (Words of an alphabet are cut by a pattern here; the official evaluation
    uses NLTK for them.)

    Parameters
    ----------
    prediction : str
    answers : sequence of str
        Empty: the question has no answer. Where prediction or answer has no word, F1 is 1 if both
        have none, otherwise 0.
    chinese : bool
        Whether the rules are those of CMRC 2018, not of SQuAD.

    Returns
    -------
    float

    Examples
    --------
    >>> overlap_f1("在北京大学", ["北京大学。"], chinese=True)        # 4 of 5, and 4 of 4
    0.8888888888888888
    """
    normalise = normalise_chinese_answer if chinese else normalise_answer
    cut, count = (_CHINESE_WORD.findall, _longest_stretch) if chinese else (str.split, _in_both)
    guess = cut(normalise(prediction))
    best = 0.0
    for answer in _right_ones(answers, normalise):
        words = cut(normalise(answer))
        if not guess or not words:
            best = max(best, float(guess == words))
            continue
        best = max(best, 2 * count(guess, words) / (len(guess) + len(words)))
    return best


def answer_scores(predictions, answers, rng=None, chinese=None, **options):
    """Exact match and F1, the means over all questions.

    Parameters
    ----------
    predictions : sequence of N str
        Empty for "no answer".
    answers : sequence of N sequences of str
        All right answers of each question; none where it has no answer.
    rng : numpy.random.Generator, optional
        Gives intervals; `options` as in `bootstrap`.
    chinese : bool, optional
        Whether the rules are those of CMRC 2018, not of SQuAD. None: if the answers are Chinese.

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
    chinese = _are_chinese(answers) if chinese is None else chinese
    pairs = [(*pair, chinese) for pair in zip(predictions, answers)]
    return tuple(bootstrap(np.mean(each), np.array(each, float)[:, None],
                           lambda sums: sums[:, 0] / len(pairs), rng, **options)
                 for each in ([exact_match(*pair) for pair in pairs],
                              [overlap_f1(*pair) for pair in pairs]))


def best_null_threshold(predictions, answers, null_margins, chinese=None):
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
    chinese : bool, optional
        As in `answer_scores`.

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
    chinese = _are_chinese(answers) if chinese is None else chinese
    with_answer = np.array([overlap_f1(predictions[i], answers[i], chinese) for i in order])
    without = np.array([overlap_f1("", answers[i], chinese) for i in order])
    # Answer the k questions with the smallest margins, leave the others without an answer.
    totals = np.r_[0, np.cumsum(with_answer)] + np.r_[np.cumsum(without[::-1])[::-1], 0]
    borders = np.r_[-np.inf, margins[order], np.inf]
    possible = np.flatnonzero(borders[:-1] < borders[1:])     # equal margins go together
    k = possible[totals[possible].argmax()]
    return float((borders[k] + borders[k + 1]) / 2), float(totals[k] / len(margins))


def _right_ones(answers, normalise):
    """Answers that have a word once normalised; an empty one where there is none."""
    return [answer for answer in answers if normalise(answer)] or [""]


def _are_chinese(answers):
    return is_chinese(answer for each in answers for answer in each)


def _in_both(first, second):
    """How many words are in both lists, each as often as it is in both."""
    return sum((Counter(first) & Counter(second)).values())


def _longest_stretch(first, second):
    """The length of the longest stretch of words that is in both lists."""
    longest, ends = 0, [0] * (len(second) + 1)    # of the stretches that end before each word
    for word in first:
        ends = [0, *(1 + before if word == other else 0 for before, other in zip(ends, second))]
        longest = max(longest, *ends)
    return longest
