"""The features of the linear baselines, calculated by hand: TF-IDF, cosines, lengths."""

import re
from collections import Counter

import numpy as np
import pytest

from albert_np.tasks import baselines
from albert_np.tasks.baselines.vectors import fit_words
from albert_np.tasks.datasets import Choice, Classification, Pair

pytest.importorskip("sklearn")


def words(text):
    """Words of two letters or more."""
    return [word for word in re.findall(r"\w+", text.lower()) if len(word) > 1]


def words_marks_and_pairs(text):
    """Words, punctuation marks, and what follows on each other."""
    single = re.findall(r"\w+|[^\w\s]", text.lower())
    return single + [" ".join(pair) for pair in zip(single, single[1:])]


def letters(shortest, longest):
    """All substrings of these lengths, of each word with a space on both sides."""
    def terms(text):
        found = []
        for word in text.lower().split():
            word = f" {word} "
            for n in range(shortest, min(longest, len(word)) + 1):
                found += [word[i:i + n] for i in range(len(word) - n + 1)]
        return found
    return terms


class Tfidf:
    """(1 + ln tf) (1 + ln((1 + n) / (1 + df))), in rows of length 1."""

    def __init__(self, terms, texts):
        self.terms = terms
        counts = Counter(term for text in texts for term in set(terms(text)))
        self.names = sorted(counts)
        frequency = np.array([counts[name] for name in self.names])
        self.rarity = 1 + np.log((1 + len(texts)) / (1 + frequency))

    def __call__(self, texts):
        rows = []
        for text in texts:
            counts = Counter(self.terms(text))
            row = self.rarity * [1 + np.log(counts[name]) if counts[name] else 0
                                 for name in self.names]
            rows.append(row / max(np.linalg.norm(row), 1e-300))
        return np.array(rows)


@pytest.fixture
def fitted(monkeypatch):
    """What a logistic regression learns from, and its settings."""
    from sklearn.linear_model import LogisticRegression

    seen, fit = [], LogisticRegression.fit

    def watched(self, X, y):
        seen.append((X.toarray() if hasattr(X, "toarray") else X, list(y), self))
        return fit(self, X, y)

    monkeypatch.setattr(LogisticRegression, "fit", watched)
    return seen


TEXTS = ["Not bad, not bad at all!", "bad, all bad. Why?", "a good one? yes yes yes, good",
         "good at all, not bad", "why not! why not! why not!"]
LABELS = ["+", "-", "+", "+", "-"]


def test_labels_are_learnt_from_words_and_pairs_of_words(fitted):
    rows = [Classification(text, label=label) for text, label in zip(TEXTS, LABELS)]
    guesses = baselines.tfidf_labels(rows, rows)
    features, labels, model = fitted[0]
    expected = Tfidf(words_marks_and_pairs, TEXTS)(TEXTS)
    np.testing.assert_allclose(features, expected, atol=1e-12)
    assert labels == LABELS and guesses == model.predict(expected).tolist()
    # The settings that the figures of docs/tasks.md were measured with.
    assert (model.C, model.max_iter) == (10, 1000)
    baselines.tfidf_labels(rows, rows, C=0.5)
    assert fitted[1][2].C == 0.5


def test_the_second_text_of_a_pair_has_features_of_its_own(fitted):
    others = TEXTS[1:] + TEXTS[:1]
    rows = [Classification(*row) for row in zip(TEXTS, others, LABELS)]
    baselines.tfidf_labels(rows, rows)
    np.testing.assert_allclose(fitted[0][0], np.hstack(
        [Tfidf(words_marks_and_pairs, part)(part) for part in (TEXTS, others)]), atol=1e-12)


@pytest.mark.parametrize("first", [0, 1])
def test_a_row_without_a_second_text_has_zeros_there(fitted, first):
    """Whether the first row has one or not; and rows may be asked about with one or without."""
    others = ["not bad", None, "why not", None, "good all"]
    train = [Classification(*row) for row in zip(TEXTS, others, LABELS)]
    train = train[first:] + train[:first]
    texts = [[getattr(row, name) or "" for row in train] for name in ("text", "text_pair")]
    rows = [Classification("bad, not good", second) for second in ("not bad", "good", None)]
    guesses = baselines.tfidf_labels(train, rows)
    vectors = [Tfidf(words_marks_and_pairs, part) for part in texts]
    np.testing.assert_allclose(fitted[0][0], np.hstack(
        [kind(part) for kind, part in zip(vectors, texts)]), atol=1e-12)
    asked = np.hstack([vectors[0](["bad, not good"] * 3), vectors[1](["not bad", "good", ""])])
    assert guesses == fitted[0][2].predict(asked).tolist()
    # If no training row has a second text, those of other rows do not count.
    single = [Classification(row.text, None, row.label) for row in train]
    assert len(set(baselines.tfidf_labels(single, rows))) == 1


def test_label_sets_are_learnt_label_by_label(fitted):
    """A label that every row has is not learnt; the others in the order of the alphabet."""
    labels = [("z", "b"), ("z",), ("b", "a", "z"), ("a", "z"), ("z",)]
    train = [Classification(text, label=label) for text, label in zip(TEXTS, labels)]
    guesses = baselines.tfidf_label_sets(train, train[1:])
    expected = Tfidf(words_marks_and_pairs, TEXTS)(TEXTS)
    assert [model.C for *_, model in fitted] == [10, 10]
    for name, (features, has, _) in zip("ab", fitted):
        np.testing.assert_allclose(features, expected, atol=1e-12)
        assert has == [name in label for label in labels]
    found = [model.predict(expected[1:]) for *_, model in fitted]
    assert guesses == [[name for name, guess in zip("ab", row) if guess] + ["z"]
                       for row in zip(*found)]
    fitted.clear()
    baselines.tfidf_label_sets(train, train[:1], C=0.5)
    assert [model.C for *_, model in fitted] == [0.5, 0.5]
    fitted.clear()
    assert baselines.tfidf_label_sets([Classification(text, label=()) for text in TEXTS],
                                      train[:2]) == [[], []]
    assert baselines.tfidf_label_sets(train, []) == [] and not fitted


@pytest.mark.parametrize("alpha", [None, 0.1])
def test_similarity_is_ridge_regression_over_four_features(rng, alpha):
    train = [Classification(*row, score) for *row, score in zip(TEXTS, TEXTS[2:] + TEXTS[:2],
                                                                [5.0, 1.0, 2.5, 4.0, 0.5])]
    rows = [Classification("not good", "bad"), Classification("Why bad bad bad?", "not bad, why"),
            Classification("goods", "a good")]
    texts = [text for row in train for text in (row.text, row.text_pair)]
    kinds = [Tfidf(words, texts), Tfidf(letters(2, 5), texts)]

    def features(part):
        cosines = [(kind([row.text for row in part]) * kind([row.text_pair for row in part])
                    ).sum(axis=1) for kind in kinds]
        return np.stack([*cosines, *np.square(cosines)], axis=1)

    X, y = features(train), np.array([row.label for row in train])
    X_mean, y_mean = X.mean(axis=0), y.mean()
    weights = np.linalg.solve((X - X_mean).T @ (X - X_mean) + (alpha or 1) * np.eye(4),
                              (X - X_mean).T @ (y - y_mean))
    found = baselines.tfidf_similarity(train, rows, **({"alpha": alpha} if alpha else {}))
    assert found == pytest.approx(y_mean + (features(rows) - X_mean) @ weights, abs=1e-9)


def test_the_features_of_an_answer(fitted):
    context = "Tom saw a cat. The cat ran\nhome, said Tom. It was late"
    train = [Choice("1", context, "What did Tom see?", ("a cat", "late home late", "x"), 1),
             Choice("2", "...", "Who was late?", ("Tom Tom", "It was the cat", ""), 0)]
    guesses = baselines.tfidf_choices(train, train)
    tfidf = Tfidf(words, [part for row in train
                          for part in (row.context, row.question, *row.choices)])
    expected = []
    for row, sentences in zip(train, (["Tom saw a cat", "The cat ran home, said Tom",
                                       "It was late"], ["..."])):
        for choice in row.choices:
            (both,) = tfidf([f"{row.question} {choice}"])
            cosines = tfidf([row.context, row.question]) @ tfidf([choice])[0]
            expected.append([*cosines, (tfidf(sentences) @ both).max(), np.log(1 + len(choice))])
    features, labels, model = fitted[0]
    np.testing.assert_allclose(features, expected, atol=1e-12)
    assert labels == [False, True, False, True, False, False]
    assert (model.C, model.max_iter) == (10, 1000)
    scores = model.decision_function(np.array(expected)).reshape(2, 3)
    assert guesses == scores.argmax(axis=1).tolist()


def test_one_answer_in_some_of_the_rows():
    """Rows with a single answer do not keep the others from being learnt from."""
    train = [Choice("1", "Tom saw a cat.", "What?", ("a cat", "a dog"), 0),
             Choice("2", "Tom saw a dog.", "What?", ("a dog",), 0),
             Choice("3", "Tom saw a bird.", "What?", ("a cat", "a bird"), 1)]
    rows = [Choice("4", "Tom saw a tree and a cat.", "What?", ("a dog", "a cat"))]
    assert baselines.tfidf_choices(train, rows) == [1]


def test_the_nearest_translation_is_that_of_the_largest_cosine(rng):
    """Of words of random letters, so that many cosines are close to each other."""
    def sentences(count):
        return [" ".join("".join(rng.choice(list("abc"), rng.integers(1, 6))) for _ in range(3))
                for _ in range(count)]

    known, asked = sentences(80), sentences(120)
    tfidf = Tfidf(letters(1, 4), known)
    expected = (tfidf(asked) @ tfidf(known).T).argmax(axis=1)
    train = [Pair(source, (str(i), "another")) for i, source in enumerate(known)]
    rows = [Pair(source, ()) for source in asked]
    assert baselines.nearest_translation(train, rows) == list(map(str, expected))


@pytest.mark.parametrize("text, settings, analyzer, ngrams", [
    ("ab c", {}, "word", (1, 1)), ("a b", {}, "char", (1, 3)), ("我爱北京", {}, "char", (1, 3)),
    ("a b", {"token_pattern": r"\w+"}, "word", (1, 2)),
    ("我爱北京", {"token_pattern": r"\w+"}, "char", (1, 3))])
def test_when_words_are_characters(text, settings, analyzer, ngrams):
    """In Chinese; and if the library would find no word, unless it is told what a word is."""
    fitted = fit_words([text], **({"ngram_range": (1, 2)} if settings else {}), **settings)
    assert (fitted.analyzer, fitted.ngram_range) == (analyzer, ngrams)
