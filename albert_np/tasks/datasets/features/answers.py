"""From start and end logits back to an answer that stands in the text."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class AnswerGuess:
    """What was guessed for a question.

    Attributes
    ----------
    text : str
        A stretch of the raw context; empty where "no answer" is likelier.
    start, end : int
        ``context[start:end] == text``.
    score : float
        Start logit plus end logit of the best stretch.
    null_score : float
        The same for "no answer".
    """

    text: str
    start: int
    end: int
    score: float
    null_score: float


def decode_answer(question, windows, start_logits, end_logits, start_tops=None,
                  max_answer_length=30, null_threshold=None, null_scores=None):
    """The best answer in all windows of a question, as it stands in the raw text.

    A stretch of pieces scores its start logit plus its end logit. It counts if it lies in the
    context, does not end before it begins, is not too long, and begins at a piece that has its best
    context in this window. (The original looks at the 20 likeliest starts and ends; this looks at
    all of them.)

    Parameters
    ----------
    question : Question
    windows : list of dict
        From `question_windows`.
    start_logits, end_logits : lists of float arrays (T,) or longer
        One of each for every window.
    start_tops : list of integer arrays (K,), optional
        The likeliest starts, where the end depends on the start (AlbertForSquad2); the
        `end_logits` are then (K, T), and no other start is looked at.
    max_answer_length : int
        In pieces.
    null_threshold : float, optional
        The answer is empty where the null score exceeds the best stretch's by more than this
        (SQuAD 2.0). None: never, unless no stretch counts.
    null_scores : sequence of float, optional
        One for every window, of a head that judges whether there is an answer. None: the logits of
        start and end at ``[CLS]``. The smallest over the windows is the question's.

    Returns
    -------
    AnswerGuess

    References
    ----------
    google-research/albert, squad_utils.py, write_predictions; Devlin et al. 2019, section 4.3.
    """
    best, span, nulls = -np.inf, None, []
    for number, window in enumerate(windows):
        T = len(window["input_ids"])
        starts = np.asarray(start_logits[number])[:T]
        ends = np.asarray(end_logits[number])[..., :T]
        real = (window["p_mask"] == 0) & (window["offsets"][:, 1] > window["offsets"][:, 0])
        lasts = np.flatnonzero(real)
        if start_tops is None:
            nulls.append(float(starts[0] + ends[0]))
            firsts = np.flatnonzero(real & window["max_context"])
            ends = np.broadcast_to(ends, (len(firsts), T))
        else:
            firsts = np.asarray(start_tops[number])
            kept = (firsts < T) & (real & window["max_context"])[np.minimum(firsts, T - 1)]
            firsts, ends = firsts[kept], ends[kept]
        lengths = lasts[None, :] - firsts[:, None] + 1                  # (firsts, lasts)
        scores = np.where((lengths > 0) & (lengths <= max_answer_length),
                          starts[firsts][:, None] + ends[:, lasts], -np.inf)
        if scores.size and scores.max() > best:
            i, j = np.unravel_index(scores.argmax(), scores.shape)
            best = float(scores[i, j])
            span = (int(window["offsets"][firsts[i], 0]), int(window["offsets"][lasts[j], 1]))
    null = float(min(nulls if null_scores is None else null_scores))
    if span is None or null_threshold is not None and null - best > null_threshold:
        return AnswerGuess("", 0, 0, best, null)
    return AnswerGuess(question.context[span[0]:span[1]], *span, best, null)
