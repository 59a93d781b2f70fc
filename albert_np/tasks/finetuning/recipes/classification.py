"""A label for a text, or for a pair of texts: spam or not, praise or blame."""

from dataclasses import replace

import numpy as np

from ....functional import softmax_forward
from ....models import AlbertForSequenceClassification as MODEL
from ....models.labels import problem_answered
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


def settings_of(splits, settings):
    """With two labels, the settings with the one that F1 looks for: the second if none is named."""
    labels, positive = splits.labels, settings.positive_label
    if positive is None:
        return replace(settings, positive_label=labels[1] if len(labels) == 2 else None)
    if len(labels) != 2:
        raise ValueError(f"--positive-label is {positive!r}, but there are {len(labels)} labels; "
                         f"it is for two. For more there is macro_f1, the mean of F1 over the "
                         f"labels")
    if positive not in labels:
        raise ValueError(f"--positive-label is {positive!r}; it must be one of the labels, "
                         f"{' or '.join(map(repr, labels))}")
    return settings


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
    weights = ("label_weights",) if "label_weights" in examples[0] else ()
    return padded_batch(config, examples, ("labels", *weights), length)


def predict(model, tokenizer, rows, settings, pool=None):
    """For each row ``{"label", "probabilities"}``, or what else the kind of problem asks for.

    With several labels at once (``problem_type`` of the model) ``labels`` lists those with a
    probability of at least 1/2; a regression gives ``score``, or ``scores`` by their names.
    """
    names, problem = model.config.label_names, problem_answered(model.config)
    unlabelled = [Classification(row.text, row.text_pair) for row in rows]
    examples = sequence_examples(tokenizer, unlabelled, settings.max_length)
    return [_answer(logits.astype(np.float64), names, problem)
            for logits, in outputs_of(model, examples, ("logits",), pool)]


def _answer(logits, names, problem):
    """A prediction from the logits (K,)."""
    if problem == "regression":
        scores = dict(zip(names, logits.tolist()))
        return {"score": scores[names[0]]} if len(names) == 1 else {"scores": scores}
    if problem == "single_label_classification":
        p, _ = softmax_forward(logits)
    else:
        e = np.exp(-np.abs(logits))
        p = np.where(logits > 0, 1, e) / (1 + e)                                     # a sigmoid
    probabilities = dict(zip(names, p.tolist()))
    answer = {"label": names[int(p.argmax())], "probabilities": probabilities}
    if problem == "multi_label_classification":
        answer["labels"] = [name for name in names if probabilities[name] >= 0.5]
    return answer


def single_label(rows):
    """What :func:`figures` leaves out if all rows have one label; empty if they have several."""
    labels = {row.label for row in rows}
    if len(labels) > 1:
        return ""
    return (f"all rows have the label {labels.pop()!r}; matthews and f1 are left out, as they need "
            f"rows with another label")


def figures(rows, predictions, labels, rng=None, positive=None):
    """Accuracy, Matthews' correlation, and F1: of one label of two, or its mean over more labels.

    Of two labels F1 looks for `positive`, such as "spam"; None: the second. The mean is taken over
    the labels that these rows have or that were predicted for them.

    If all rows have one label, accuracy alone: the other two would be 0 for any predictions.
    """
    true = [row.label for row in rows]
    guessed = [prediction["label"] for prediction in predictions]
    found = {"accuracy": metrics.accuracy(true, guessed, rng)}
    if len(set(true)) < 2:
        return found
    found["matthews"] = metrics.matthews(true, guessed, rng)
    if len(labels) == 2:
        found["f1"] = metrics.f1(true, guessed, labels[1] if positive is None else positive, rng)
    else:
        names = sorted({*true, *guessed})
        found["macro f1"] = metrics.macro_f1(*([[label] for label in part]
                                               for part in (true, guessed)), names, rng)
    return found


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    return {name: [{"label": label} for label in method(train, rows)] for name, method in (
        ("commonest label", without_network.commonest_label),
        ("TF-IDF + logistic regression", without_network.tfidf_labels))}
