"""Any number of labels for a text, or for a pair of texts: the subjects of a message."""

import functools

import numpy as np

from ....files.file_kinds import kind_of
from ....files.text_lines import bad_row
from ....models import AlbertForSequenceClassification as MODEL
from ... import baselines as without_network
from ... import metrics
from ...datasets.features import sequence_examples
from ...datasets.json_lines import as_written, shown
from ...datasets.table import checked_label, separated_labels
from ..outputs import padded_batch
from .classification import parse, predict
from .reading import read_texts

METRIC = "micro f1"
COLUMNS = {"needed": ("text", "label"), "optional": ("text_pair",)}
DATASETS = {}


def read(path, columns, header=None, separator=None):
    """Rows of a table, with a sign between the labels, or of JSON lines with lists of labels."""
    if separator is None and kind_of(path) != "json lines":
        raise ValueError(f"{path} is a table; --label-separator must say which sign is between the "
                         f"labels of a row, such as --label-separator ';'")
    return list(read_texts(path, columns, header, separator=separator,
                           label_of=functools.partial(_labels, separator), **COLUMNS))


def _labels(separator, path, number, name, value):
    """The labels of an object: a list, or a text with a sign between them."""
    if isinstance(value, str) and separator is not None:
        return separated_labels(path, number, value, separator)
    if not isinstance(value, list) or not all(isinstance(one, (str, int)) for one in value):
        raise bad_row(path, number, f"the field {name!r} must be a list of labels, not "
                                    f"{shown(value)}" + ("; or --label-separator must say which "
                                    "sign is between them" if isinstance(value, str) else "") + ".")
    return tuple(dict.fromkeys(checked_label(path, number, one if isinstance(one, str)
                                             else as_written(one)) for one in value))


def labels_of(rows):
    """All labels that rows have, in the order of the alphabet."""
    return tuple(sorted({label for row in rows for label in row.label}))


def check(rows, part, is_train):
    """Refuse rows from which nothing can be learnt."""
    if is_train and len(found := {frozenset(row.label) for row in rows}) < 2:
        raise ValueError(f"all rows of {part} have the same labels "
                         f"({', '.join(sorted(found.pop())) or 'none'}); at least two rows must "
                         f"differ to learn which is which.")


def configuration(labels):
    """The fields of the configuration that the task settles, as a dict."""
    return {"num_labels": len(labels), "id2label": dict(enumerate(labels)),
            "problem_type": "multi_label_classification"}


def features(tokenizer, rows, labels, settings):
    """For each row a list of its examples, dicts of arrays for `collate`."""
    return [[example] for example in
            sequence_examples(tokenizer, rows, settings.max_length, labels)]


def collate(config, examples, length=None):
    """Examples as the keyword arguments of the forward pass, padded to a length."""
    return {**padded_batch(config, examples, (), length),
            "labels": np.stack([example["labels"] for example in examples])}         # (B, K)


def figures(rows, predictions, labels, rng=None):
    """F1 of all answers together, the mean of F1 over the labels, and the share of right rows."""
    true = [row.label for row in rows]
    guessed = [prediction["labels"] for prediction in predictions]
    return {"micro f1": metrics.micro_f1(true, guessed, labels, rng),
            "macro f1": metrics.macro_f1(true, guessed, labels, rng),
            "all labels right": metrics.accuracy([True] * len(true), [
                set(one) == set(other) for one, other in zip(true, guessed)], rng)}


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    return {name: [{"labels": labels} for labels in method(train, rows)] for name, method in (
        ("commonest labels", without_network.commonest_labels),
        ("TF-IDF + logistic regression for each label", without_network.tfidf_label_sets))}
