"""How similar are two sentences? A number for a pair of texts, learnt by regression."""

from ....models import AlbertForSequenceClassification as MODEL
from ... import baselines as without_network
from ... import metrics
from ...datasets import Classification, fetch_stsb
from ...datasets.features import sequence_examples
from ..outputs import outputs_of, padded_batch
from .reading import read_texts, text_fields

METRIC = "pearson"
COLUMNS = {"needed": ("text", "text_pair", "label")}
DATASETS = {"stsb": fetch_stsb}
ANY = (float("-inf"), float("inf"))       # scores may be any numbers
LARGEST = 1e18             # of a score: float32 still holds the sum of the squares of a batch


def read(path, columns, header=None):
    """Rows of a table (columns by number or name), or of JSON lines (columns by name)."""
    return list(read_texts(path, columns, header, score=ANY, **COLUMNS))


def parse(fields):
    """A row to predict, from a line with a tab between the two texts, or from a JSON object."""
    return Classification(*text_fields(fields, ("text", "text_pair")))


def labels_of(rows):
    """Scores have no names."""
    return ()


def check(rows, part, is_train):
    """Refuse rows from which nothing can be learnt, or no correlation be computed."""
    if len({row.label for row in rows}) < 2:
        raise ValueError(f"{part} has {len(rows)} rows with the score {rows[0].label:g} only; a "
                         f"correlation needs at least two different scores.")
    largest = max((row.label for row in rows), key=abs)
    if is_train and abs(largest) > LARGEST:
        raise ValueError(f"{part} has the score {largest:g}; the loss squares the scores, and "
                         f"float32 has room for the squares of scores up to {LARGEST:g}: divide "
                         f"all scores by one number.")


def configuration(labels):
    """The fields of the configuration that the task settles, as a dict."""
    return {"num_labels": 1, "id2label": None, "problem_type": "regression"}


def features(tokenizer, rows, labels, settings):
    """For each row a list of its examples, dicts of arrays for `collate`."""
    return [[example] for example in sequence_examples(tokenizer, rows, settings.max_length)]


def collate(config, examples, length=None):
    """Examples as the keyword arguments of the forward pass, padded to a length."""
    return padded_batch(config, examples, ("labels",), length)


def predict(model, tokenizer, rows, settings, pool=None):
    """For each row ``{"score"}``."""
    unlabelled = [Classification(row.text, row.text_pair) for row in rows]
    examples = sequence_examples(tokenizer, unlabelled, settings.max_length)
    return [{"score": float(logits[0])}
            for logits, in outputs_of(model, examples, ("logits",), pool)]


def figures(rows, predictions, labels, rng=None):
    """The correlations of Pearson and Spearman."""
    true = [row.label for row in rows]
    guessed = [prediction["score"] for prediction in predictions]
    return {"pearson": metrics.pearson(true, guessed, rng),
            "spearman": metrics.spearman(true, guessed, rng)}


def baselines(train, rows):
    """Predictions for rows by methods without a network, by the name of the method."""
    return {name: [{"score": score} for score in method(train, rows)] for name, method in (
        ("mean score", without_network.mean_score),
        ("TF-IDF cosines + ridge regression", without_network.tfidf_similarity))}
