"""Names in sentences: a tag for every word."""

import numpy as np

from ....files.file_kinds import ending_of, kind_of
from ....models import AlbertForTokenClassification as MODEL
from ... import baselines as without_network
from ... import metrics
from ...datasets import Tagged, fetch_wnut17, read_conll, read_tagged_json
from ...datasets.features import tag_windows, tags_of_words
from ...datasets.words import in_characters, join_words, words_in
from ..outputs import outputs_of, padded_batch

METRIC = "f1"
LEFT_OUT = "nothing is left of any word after ALBERT's preprocessing"
DATASETS = {"wnut17": fetch_wnut17}


def read(path, columns):
    """Sentences in CoNLL's format, a word and its tag on each line, or JSON lines.

    Chinese and Japanese are tagged character by character, as a text without spaces will be read.
    """
    if columns:
        raise ValueError("entities are read in CoNLL's format, whose columns are known; remove "
                         "--columns")
    rows = (read_tagged_json if kind_of(path) == "json lines" else read_conll)(path)
    return [in_characters(row) for row in rows]


def reads(path):
    """Whether a file to predict from is in CoNLL's format, and not lines."""
    return ending_of(path) in (".conll", ".bio", ".iob", ".iob2")


def parse(fields):
    """A row to predict, from a line of words, or from a JSON object with ``words`` or ``text``."""
    words = words_in(fields) if isinstance(fields, str) else fields.get("words")
    if words is None and isinstance(fields.get("text"), str):
        words = words_in(fields["text"])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("it needs 'words', a list of texts, or 'text'")
    if not words:
        raise ValueError("it has no word")
    return in_characters(Tagged(tuple(words), ()))


def labels_of(rows):
    """``O``, then the tags in the order of their types."""
    tags = {tag for row in rows for tag in row.tags} - {"O"}
    return ("O", *sorted(tags, key=lambda tag: (tag[2:], tag)))


def check(rows, part, is_train):
    """Refuse rows from which nothing can be learnt, or for which F1 is 0 whatever is predicted."""
    if {tag for row in rows for tag in row.tags} == {"O"}:
        raise ValueError(f"{part} has no entity: every tag is O"
                         f"{'' if is_train else ', and F1 would be 0 for any predictions'}.")


def configuration(labels):
    """The fields of the configuration that the task settles, as a dict."""
    return {"num_labels": len(labels), "id2label": dict(enumerate(labels))}


def features(tokenizer, rows, labels, settings):
    """For each row a list of its examples, dicts of arrays for `collate`."""
    examples = [tag_windows(tokenizer, row, labels, settings.max_length) for row in rows]
    return [windows if any((window["word_ids"] >= 0).any() for window in windows) else []
            for windows in examples]


def collate(config, examples, length=None):
    """Examples as the keyword arguments of the forward pass, padded to a length."""
    return padded_batch(config, examples, ("labels",), length)


def predict(model, tokenizer, rows, settings, pool=None):
    """For each row ``{"words", "tags", "entities"}``."""
    labels = list(model.config.label_names)
    outside = labels.index("O") if "O" in labels else 0
    windows = [tag_windows(tokenizer, Tagged(row.words, ()), labels, settings.max_length)
               for row in rows]
    outputs = iter(outputs_of(model, [window for part in windows for window in part], ("logits",),
                              pool))
    predictions = []
    for row, part in zip(rows, windows):
        guesses = [next(outputs)[0].argmax(axis=-1) for _ in part]                   # (T,) each
        numbers = tags_of_words(part, guesses, len(row.words), outside)
        tags = [labels[number] for number in numbers]
        predictions.append({"words": list(row.words), "tags": tags,
                            "entities": entities_of(row.words, tags)})
    return predictions


def entities_of(words, tags):
    """Stretches of words with one type.

    Parameters
    ----------
    words, tags : sequences of str
        An ``I-`` that continues nothing begins an entity, as in CoNLL's evaluation. A tag without
        ``B-`` and ``I-`` is a type, and goes on while it stays the same.

    Returns
    -------
    list of dict
        ``{"type", "text", "first", "last"}``, with the numbers of the words, counted from 0.

    Examples
    --------
    >>> entities_of(["in", "New", "York"], ["O", "B-place", "I-place"])
    [{'type': 'place', 'text': 'New York', 'first': 1, 'last': 2}]
    """
    found, begun = [], None
    for number, tag in enumerate([*tags, "O"]):
        if begun is not None and (tag == "O" or tag[:2] == "B-"
                                  or _type_of(tag) != _type_of(tags[begun])):
            found.append({"type": _type_of(tags[begun]), "text": join_words(words[begun:number]),
                          "first": begun, "last": number - 1})
            begun = None
        if begun is None and tag != "O":
            begun = number
    return found


def _type_of(tag):
    return tag[2:] if tag[:2] in ("B-", "I-") else tag


def figures(rows, predictions, labels, rng=None):
    """F1 of whole entities, and the share of words with the right tag."""
    true = [list(row.tags) for row in rows]
    guessed = [prediction["tags"] for prediction in predictions]
    return {"f1": metrics.entity_f1(true, guessed, rng),
            "word accuracy": metrics.accuracy(np.concatenate(true), np.concatenate(guessed), rng)}


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    return {name: [{"tags": tags} for tags in method(train, rows)] for name, method in (
        ("no names at all", without_network.outside),
        ("each word's commonest tag", without_network.commonest_tags))}
