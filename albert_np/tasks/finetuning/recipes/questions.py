"""Answers that stand in a text: where does the answer begin, where does it end?"""

import numpy as np

from ....files.file_kinds import ending_of, kind_of
from ....models import AlbertForQuestionAnswering as MODEL
from ... import baselines as without_network
from ... import metrics
from ...datasets import Question, fetch_squad_slice, fetch_xquad, read_squad
from ...datasets.features import decode_answer, question_windows
from ...datasets.json_lines import numbered_objects
from ..outputs import outputs_of, padded_batch
from .reading import text_fields

METRIC = "f1"
LEFT_OUT = ("no window holds the whole answer: it is longer than --max-length allows, or nothing "
            "of it is left after ALBERT's preprocessing")
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


def features(tokenizer, rows, labels, settings):
    """For each row a list of its examples, dicts of arrays for `collate`.

    A question with an answer that no window holds would be learnt as one without: it is left out.
    """
    examples = []
    for row in rows:
        windows = _windows(tokenizer, row, settings)
        learnt = not row.answers or any(window["start_positions"] for window in windows)
        examples.append(windows if learnt else [])
    return examples


def collate(config, examples, length=None):
    """Examples as the keyword arguments of the forward pass, padded to a length."""
    return padded_batch(config, examples, ("start_positions", "end_positions"), length)


def predict(model, tokenizer, rows, settings, pool=None):
    """For each row ``{"answer", "start", "end", "score"}``, characters of the raw text.

    Where the context has no piece that could be an answer, the answer is empty and the score None.
    """
    windows = [_windows(tokenizer, row, settings) for row in rows]
    outputs = iter(outputs_of(model, [window for part in windows for window in part],
                              ("start_logits", "end_logits"), pool))
    predictions = []
    for row, part in zip(rows, windows):
        starts, ends = zip(*(next(outputs) for _ in part))
        guess = decode_answer(row, part, starts, ends,
                              max_answer_length=settings.max_answer_length)
        predictions.append({"answer": guess.text, "start": guess.start, "end": guess.end,
                            "score": guess.score if np.isfinite(guess.score) else None})
    return predictions


def figures(rows, predictions, labels, rng=None):
    """Exact match and F1 by SQuAD's rules."""
    exact, f1 = metrics.answer_scores([prediction["answer"] for prediction in predictions],
                                      [[answer.text for answer in row.answers] for row in rows],
                                      rng)
    return {"f1": f1, "exact match": exact}


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    return {name: [{"answer": answer} for answer in method(rows)] for name, method in (
        ("the first sentence", without_network.first_sentences),
        ("the sentence with most words of the question", without_network.overlapping_sentences))}


def _windows(tokenizer, row, settings):
    return question_windows(tokenizer, row, settings.max_length, settings.doc_stride,
                            settings.max_query_length)
