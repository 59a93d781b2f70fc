"""A label for a text, or for a pair of texts: spam or not, praise or blame."""

import numpy as np

from ....functional import softmax_forward
from ....models import AlbertForSequenceClassification as MODEL
from ... import baselines as without_network
from ... import metrics
from ...datasets import Classification, fetch_polarity, fetch_sms_spam
from ...datasets.features import sequence_examples
from ..outputs import outputs_of, padded_batch
from .reading import read_texts, text_fields

METRIC = "accuracy"
COLUMNS = {"needed": ("text", "label"), "optional": ("text_pair",)}
DATASETS = {"sms-spam": fetch_sms_spam, "polarity": fetch_polarity}


def read(path, columns, header=None):
    """Rows of a table (columns by number or name), or of JSON lines (columns by name)."""
    return list(read_texts(path, columns, header, **COLUMNS))


def parse(fields):
    """A row to predict, from a line (a tab before the second text of a pair) or a JSON object."""
    return Classification(*text_fields(fields, ("text",), ("text_pair",)))


def labels_of(rows):
    """The labels in the order of the alphabet."""
    return tuple(sorted({row.label for row in rows}))


def check(rows, part, is_train):
    """Refuse rows from which nothing can be learnt."""
    if is_train and len(found := {row.label for row in rows}) < 2:
        raise ValueError(f"{part} has the label {found.pop()!r} only; at least two are needed to "
                         f"learn which is which.")


def configuration(labels):
    """The fields of the configuration that the task settles, as a dict."""
    return {"num_labels": len(labels), "id2label": dict(enumerate(labels)),
            "problem_type": "single_label_classification"}


def features(tokenizer, rows, labels, settings):
    """For each row a list of its examples, dicts of arrays for `collate`."""
    return [[example] for example in
            sequence_examples(tokenizer, rows, settings.max_length, labels)]


def collate(config, examples, length=None):
    """Examples as the keyword arguments of the forward pass, padded to a length."""
    return padded_batch(config, examples, ("labels",), length)


def predict(model, tokenizer, rows, settings, pool=None):
    """For each row ``{"label", "probabilities"}``."""
    labels = list(model.config.id2label.values())
    unlabelled = [Classification(row.text, row.text_pair) for row in rows]
    examples = sequence_examples(tokenizer, unlabelled, settings.max_length)
    predictions = []
    for logits, in outputs_of(model, examples, ("logits",), pool):
        p, _ = softmax_forward(logits.astype(np.float64))                            # (K,)
        predictions.append({"label": labels[int(p.argmax())],
                            "probabilities": dict(zip(labels, p.tolist()))})
    return predictions


def figures(rows, predictions, labels, rng=None):
    """Accuracy, Matthews' correlation, and with two labels F1 of the second, such as "spam"."""
    true = [row.label for row in rows]
    guessed = [prediction["label"] for prediction in predictions]
    found = {"accuracy": metrics.accuracy(true, guessed, rng),
             "matthews": metrics.matthews(true, guessed, rng)}
    if len(labels) == 2:
        found["f1"] = metrics.f1(true, guessed, labels[1], rng)
    return found


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    return {name: [{"label": label} for label in method(train, rows)] for name, method in (
        ("commonest label", without_network.commonest_label),
        ("TF-IDF + logistic regression", without_network.tfidf_labels))}
