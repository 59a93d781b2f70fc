"""Answers that stand in a text: where does the answer begin, where does it end?

If training questions have no answer in their text, as in SQuAD 2.0, the model gets the original's
head for it (``AlbertForSquad2``): it also predicts the probability that there is no answer. The
answer is empty if this probability is above a threshold, which is chosen on the development part.
"""

from dataclasses import replace

import numpy as np

from ....files.file_kinds import ending_of, kind_of
from ....models import AlbertForQuestionAnswering as MODEL
from ....models import AlbertForSquad2 as MODEL_WITH_NO_ANSWER
from ....text.scripts import is_chinese
from ... import baselines as without_network
from ... import metrics
from ...datasets import Question, fetch_squad_slice, fetch_xquad, read_squad
from ...datasets.features import answer_fits, decode_answer, question_windows
from ...datasets.json_lines import numbered_objects
from ..outputs import INPUTS, outputs_of, padded_batch
from .reading import text_fields

METRIC = "f1"
POSITIONS, IF_NO_ANSWER = ("start_positions", "end_positions"), ("is_impossible", "p_mask")
LEFT_OUT = ("no window holds the whole answer: it is longer than --max-length allows, or nothing "
            "of it is left after ALBERT's preprocessing")
RULES = {"en": "scored by SQuAD's rules; --language zh takes those of CMRC 2018",
         "zh": "scored by the rules of CMRC 2018; --language en takes those of SQuAD"}
DATASETS = {"squad-slice": fetch_squad_slice}
TESTS = {"xquad-en": lambda folder=None: fetch_xquad("en", folder),
         "xquad-zh": lambda folder=None: fetch_xquad("zh", folder)}


def read(path, columns):
    """Questions in SQuAD's format."""
    if columns:
        raise ValueError("questions are read in SQuAD's format, which has no columns; remove "
                         "--columns")
    return read_squad(path)


def reads(path):
    """Whether a file to predict from is in SQuAD's format, and not lines."""
    if ending_of(path) != ".json":
        return False
    return kind_of(path) == "json" or "data" in next(numbered_objects(path))[1]


def parse(fields):
    """A row to predict, from a line with a tab between question and text, or a JSON object."""
    question, context = text_fields(fields, ("question", "context"))
    return Question("", context, question)


def labels_of(rows):
    """Places in a text have no names."""
    return ()


def configuration(labels):
    """The fields of the configuration that the task settles, as a dict."""
    return {}


def settings_of(splits, settings):
    """Settings that follow from the rows: whether the model can say that there is no answer."""
    without, of_dev = ({row.is_impossible for row in rows} for rows in (splits.train, splits.dev))
    if True not in without:
        return replace(settings, no_answer=False)
    for part, found in (("training", without), ("development", of_dev)):
        if len(found) < 2:
            raise ValueError(f"the {part} part has only questions "
                             f"{'without' if True in found else 'with'} an answer; to learn when "
                             f"there is none, each part needs questions of both kinds")
    return replace(settings, no_answer=True)


def features(tokenizer, rows, labels, settings):
    """For each row a list of its examples, dicts of arrays for `collate`.

    A question with an answer that no window holds would be learnt as one without: it is left out.
    """
    labelled = (*INPUTS, *POSITIONS, *(IF_NO_ANSWER if settings.no_answer else ()))
    examples = []
    for row in rows:
        windows = _windows(tokenizer, row, settings)
        learnt = not row.answers or any(window["start_positions"] for window in windows)
        examples.append([{name: window[name] for name in labelled} for window in windows]
                        if learnt else [])
    return examples


def why_left_out(tokenizer, row, settings):
    """Why a question has no examples."""
    if not answer_fits(tokenizer, row, settings.max_length, settings.max_query_length):
        return LEFT_OUT
    return (f"the answer lies on the border of two windows; they overlap more if --doc-stride "
            f"(here {settings.doc_stride}) is much smaller than --max-length "
            f"({settings.max_length})")


def collate(config, examples, length=None):
    """Examples as the keyword arguments of the forward pass, padded to a length."""
    more = IF_NO_ANSWER if "is_impossible" in examples[0] else ()
    return padded_batch(config, examples, (*POSITIONS, *more), length)


def predict(model, tokenizer, rows, settings, pool=None):
    """For each row ``{"answer", "start", "end", "score"}``, characters of the raw text.

    Where the context has no piece that could be an answer, the answer is empty and the score None.
    A model with "no answer" adds ``no_answer``, the probability that there is none, and
    ``best_answer``, the text of the best answer even if ``answer`` is empty.
    """
    windows = [_windows(tokenizer, row, settings) for row in rows]
    judges = isinstance(model, MODEL_WITH_NO_ANSWER)
    names, inputs = ("start_logits", "end_logits"), ()
    if judges:
        names, inputs = (*names, "start_top_index", "cls_logits"), ("p_mask",)
    outputs = iter(outputs_of(model, [window for part in windows for window in part], names, pool,
                              inputs))
    predictions = []
    for row, part in zip(rows, windows):
        starts, ends, *judged = zip(*(next(outputs) for _ in part))
        tops, nulls = judged or (None, None)
        if judges:                           # p(start) p(end | start) needs probabilities
            starts, ends = (list(map(_log_probabilities, logits)) for logits in (starts, ends))
        guess = decode_answer(row, part, starts, ends, tops, settings.max_answer_length,
                              null_scores=nulls)
        prediction = {"answer": guess.text, "start": guess.start, "end": guess.end,
                      "score": guess.score if np.isfinite(guess.score) else None}
        if judges:
            p = (1 + np.tanh(guess.null_score / 2)) / 2                              # a sigmoid
            prediction |= {"no_answer": float(p), "best_answer": guess.text}
            prediction = _declined(prediction, settings.no_answer_threshold)
        predictions.append(prediction)
    return predictions


def tune(settings, rows, predictions):
    """Settings with the threshold of "no answer" that gives the best F1, and its predictions.

    Parameters
    ----------
    settings : Settings
    rows, predictions : lists
        Of the development part. The predictions were made without a threshold.

    Returns
    -------
    settings, predictions
    """
    if not settings.no_answer:
        return settings, predictions
    _, threshold = _best_threshold(rows, predictions, language_of(rows, settings))
    return (replace(settings, no_answer_threshold=threshold),
            [_declined(prediction, threshold) for prediction in predictions])


def language_of(rows, settings):
    """The language whose rules score the answers: that of the settings, or that of the answers.

    Parameters
    ----------
    rows : list of Question
        With their right answers.
    settings : Settings

    Returns
    -------
    "en" or "zh"
    """
    return settings.language or _language_of_answers(rows)


def figures(rows, predictions, labels, rng=None, language=None):
    """Exact match and F1 by SQuAD's rules (en), or by those of CMRC 2018 (zh).

    Without a language they are those of CMRC 2018 if the answers are Chinese. If questions have no
    answer, also the figures of SQuAD 2.0: both for the questions with an answer (HasAns) and
    without one (NoAns); and the threshold of "no answer" that would give the best F1 on these
    rows.
    """
    language = language or _language_of_answers(rows)

    def scored(prefix, chosen):
        exact, f1 = metrics.answer_scores(
            [predictions[i]["answer"] for i in chosen],
            [[answer.text for answer in rows[i].answers] for i in chosen], rng,
            chinese=language == "zh")
        return {f"{prefix}f1": f1, f"{prefix}exact match": exact}

    found = scored("", range(len(rows)))
    if any(row.is_impossible for row in rows):
        for prefix, impossible in (("HasAns ", False), ("NoAns ", True)):
            chosen = [i for i, row in enumerate(rows) if row.is_impossible == impossible]
            found |= scored(prefix, chosen) if chosen else {}
    if "no_answer" in predictions[0]:
        found |= zip(("best f1", "best threshold"),
                     map(metrics.Figure, _best_threshold(rows, predictions, language)))
    return found


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    found = {name: [{"answer": answer} for answer in method(rows)] for name, method in (
        ("the first sentence", without_network.first_sentences),
        ("the sentence with most words of the question", without_network.overlapping_sentences))}
    if any(row.is_impossible for row in rows):
        found["no answer to any question"] = [{"answer": ""} for _ in rows]
    return found


def _declined(prediction, threshold):
    """The prediction without its answer, if "no answer" is too probable."""
    if prediction["no_answer"] <= threshold:
        return prediction
    return {**prediction, "answer": "", "start": 0, "end": 0}


def _language_of_answers(rows):
    return "zh" if is_chinese(answer.text for row in rows for answer in row.answers) else "en"


def _best_threshold(rows, predictions, language):
    """The best F1 and its threshold, from 0 (no question is answered) to 1 (all are)."""
    threshold, f1 = metrics.best_null_threshold(
        [prediction["best_answer"] for prediction in predictions],
        [[answer.text for answer in row.answers] for row in rows],
        [prediction["no_answer"] for prediction in predictions], chinese=language == "zh")
    return f1, min(max(threshold, 0.0), 1.0)


def _log_probabilities(logits):
    """Of the last axis, in float64."""
    shifted = np.asarray(logits, np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _windows(tokenizer, row, settings):
    return question_windows(tokenizer, row, settings.max_length, settings.doc_stride,
                            settings.max_query_length)
