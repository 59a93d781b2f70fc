"""Which of several answers fits?"""

import re

import numpy as np

from ....files.file_kinds import ending_of, kind_of
from ....files.text_lines import BLANKS, bad_row, empty_file, is_empty
from ....functional import softmax_forward
from ....models import AlbertForMultipleChoice as MODEL
from ... import baselines as without_network
from ... import metrics
from ...datasets import Choice, fetch_copa, fetch_mctest, read_copa
from ...datasets.features import choice_example
from ...datasets.json_lines import numbered_objects, shown
from ...datasets.table import table_records
from ..outputs import outputs_of, padded_batch

METRIC = "accuracy"
# Columns of a table of choices; numbers of choices are single digits there.
NAMES = {"context": ("context", "sent1"), "question": ("question", "sent2"), "label": ("label",)}
ENDING = re.compile(r"(ending|choice)_?\d")
DIGITS = tuple("0123456789")
DATASETS = {"copa": fetch_copa, "mctest": fetch_mctest}


def read(path, columns):
    """Questions as COPA's XML has them, JSON lines (context, question, choices, label), or tables.

    A table has columns named as SWAG's: sent1 (or context), sent2 (or question), ending0, ending1
    and so on (or choice0, ...), and label.
    """
    if columns:
        raise ValueError("choices are read from XML, JSON lines or tables, whose columns are "
                         "known; remove --columns")
    if kind_of(path) == "xml":
        return read_copa(path)
    rows = []
    for number, row in (_of_table(path) if kind_of(path) in ("csv", "tsv")
                        else numbered_objects(path)):
        try:
            rows.append(parse(row))
            if rows[-1].label is None:
                raise ValueError("it has no label, the number of the choice that is right")
        except ValueError as error:
            raise bad_row(path, number, f"{error}.") from None
    if not rows:
        raise empty_file(path)
    return rows


def _of_table(path):
    """Yield the number of the line and the fields, as JSON lines have them, of each row."""
    (_, names), *records = table_records(path)
    folded = [name.strip(BLANKS).casefold() for name in names]
    places = {role: next((folded.index(name) for name in usual if name in folded), None)
              for role, usual in NAMES.items()}
    endings = [place for place, name in enumerate(folded) if ENDING.fullmatch(name)]
    if None in places.values() or len(endings) < 2:
        raise ValueError(f"{path} has the columns {', '.join(names)}; choices need sent1 (or "
                         f"context), sent2 (or question), ending0, ending1 (or choice0, choice1) "
                         f"and so on, and label.")
    for number, record in records:
        if len(record) != len(names):
            raise bad_row(path, number, f"there are {len(record)} columns, where the first line "
                                        f"has {len(names)}.")
        label = record[places["label"]].strip(BLANKS)
        yield number, {"context": record[places["context"]],
                       "question": record[places["question"]],
                       "choices": [record[place] for place in endings],
                       "label": int(label) if label in DIGITS else label}


def reads(path):
    """Whether a file to predict from is COPA's XML, and not lines."""
    return ending_of(path) == ".xml"


def parse(fields):
    """A row, from a line (context, question and choices separated by tabs) or a JSON object."""
    if isinstance(fields, str):
        context, question, *choices = [*fields.split("\t"), ""][:2] + fields.split("\t")[2:]
        fields = {"context": context, "question": question, "choices": choices}
    context, question, choices, label = (fields.get(name) for name in (
        "context", "question", "choices", "label"))
    if not isinstance(choices, (list, tuple)) or len(choices) < 2:
        found = (f"{len(choices)} choice" + "s" * (len(choices) != 1)
                 if isinstance(choices, (list, tuple)) else
                 "no 'choices'" if choices is None else f"the choices {shown(choices)}")
        raise ValueError(f"it has {found}; it needs a list of at least two texts")
    for name, text in (("context", context), ("question", question),
                       *((f"choice {number}", choice) for number, choice in enumerate(choices))):
        if not isinstance(text, str):
            raise ValueError(f"it has no {name!r}" if text is None else
                             f"its {name} is {shown(text)}, where a text is needed")
        if is_empty(text):
            raise ValueError(f"its {name} is empty")
    if label is not None and (not isinstance(label, int) or isinstance(label, bool)
                              or not 0 <= label < len(choices)):
        raise ValueError(f"its label is {label!r}, where a whole number from 0 to "
                         f"{len(choices) - 1} says which choice is right")
    return Choice("", context, question, tuple(choices), label)


def labels_of(rows):
    """The choices of a question have no names."""
    return ()


def configuration(labels):
    """The fields of the configuration that the task settles, as a dict."""
    return {}


def features(tokenizer, rows, labels, settings):
    """For each row a list of its examples, dicts of arrays for `collate`."""
    return [[choice_example(tokenizer, row, settings.max_length)] for row in rows]


def collate(config, examples, length=None):
    """Examples as the keyword arguments of the forward pass, padded to a length."""
    return padded_batch(config, examples, ("labels",), length)


def predict(model, tokenizer, rows, settings, pool=None):
    """For each row ``{"choice", "text", "probabilities"}``; choices are counted from 0."""
    examples = [choice_example(tokenizer, row, settings.max_length) for row in rows]
    predictions = [None] * len(rows)
    # Only questions with equally many choices fit into one batch.
    for C in sorted({len(row.choices) for row in rows}):
        numbers = [i for i, row in enumerate(rows) if len(row.choices) == C]
        outputs = outputs_of(model, [examples[i] for i in numbers], ("logits",), pool)
        for i, (logits,) in zip(numbers, outputs):
            p, _ = softmax_forward(logits.astype(np.float64))                        # (C,)
            best = int(p.argmax())
            predictions[i] = {"choice": best, "text": rows[i].choices[best],
                              "probabilities": p.tolist()}
    return predictions


def figures(rows, predictions, labels, rng=None):
    """The share of questions answered rightly."""
    return {"accuracy": metrics.accuracy([row.label for row in rows],
                                         [prediction["choice"] for prediction in predictions],
                                         rng)}


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    return {name: [{"choice": choice} for choice in method(train, rows)] for name, method in (
        ("commonest place", without_network.commonest_place),
        ("TF-IDF cosines + logistic regression", without_network.tfidf_choices))}
