"""Baselines: right where it is easy to say, and better than the trivial ones on real data."""

import pytest

from albert_np.tasks import baselines, datasets, metrics
from albert_np.tasks.datasets import Choice, Classification, Pair, Question, Tagged

pytest.importorskip("sklearn")

TRAIN = [Classification("win money now", label="spam"), Classification("come home", label="ham"),
         Classification("are you home", label="ham"), Classification("free money", label="spam"),
         Classification("at home again", label="ham")]


def test_labels():
    rows = [Classification("money, free money"), Classification("home soon?")]
    assert baselines.commonest_label(TRAIN, rows) == ["ham", "ham"]
    assert baselines.tfidf_labels(TRAIN, rows) == ["spam", "ham"]
    pairs = [Classification(row.label, row.text, row.label) for row in TRAIN]
    assert baselines.tfidf_labels(pairs, pairs) == [row.label for row in pairs]


def test_similarity():
    train = [Classification("a red cat", "a red cat", 5.0), Classification("cats", "dogs", 1.0),
             Classification("the red dog", "the red cat", 3.0), Classification("abc", "xyz", 0.0)]
    assert baselines.mean_score(train, train[:2]) == [2.25, 2.25]
    alike, different = baselines.tfidf_similarity(train, [
        Classification("the dog", "the dog"), Classification("red", "dog")])
    assert alike > different


def test_words_of_one_letter_can_be_compared():
    """scikit-learn knows no such words; then each letter counts."""
    train = [Classification("a b", "a b", 5.0), Classification("a b", "c d", 0.0)]
    alike, different = baselines.tfidf_similarity(train, [
        Classification("c", "c", None), Classification("c", "a", None)])
    assert alike > different


def test_tags():
    train = [Tagged(("in", "Bonn"), ("O", "B-place")), Tagged(("Bonn", "Bonn"), ("O", "B-place"))]
    rows = [Tagged(("to", "Bonn"), ())]
    assert baselines.outside(train, rows) == [["O", "O"]]
    assert baselines.commonest_tags(train, rows) == [["O", "B-place"]]
    train.insert(0, Tagged(("to", "Bonn"), ("O", "B-person")))       # the first, not the commonest
    assert baselines.commonest_tags(train + train[1:], rows) == [["O", "B-place"]]


def test_sentences():
    rows = [Question("1", "It rained. The cat sat on a mat.", "Where did the cat sit?")]
    assert baselines.first_sentences(rows) == ["It rained."]
    assert baselines.overlapping_sentences(rows) == ["The cat sat on a mat."]


def test_choices():
    train = [Choice(str(i), f"Tom saw a {one}. It was late.", "What did he see?", choices, label)
             for i, (one, choices, label) in enumerate([
                 ("red cat", ("a red cat", "a dog"), 0), ("green tree", ("a dog", "a green tree"),
                                                          1),
                 ("dog", ("the rain", "a dog"), 1)])]
    rows = [Choice("x", "Tom saw a house. It was late.", "What did he see?", ("rain", "a house"))]
    assert baselines.commonest_place(train, rows) == [1]
    assert baselines.tfidf_choices(train, rows + train[:1]) == [1, 0]


def test_translation():
    train = [Pair("Hello there.", ("你好",)), Pair("He sleeps.", ("他睡",)), Pair("Hi.", ("你好",))]
    rows = [Pair("She sleeps.", ("她睡",))] * 101
    assert baselines.commonest_target(train, rows) == ["你好"] * 101
    assert baselines.nearest_translation(train, rows) == ["他睡"] * 101


def test_of_equals_the_first():
    labels = [Classification("", label=label) for label in "abbaccd"]
    assert baselines.commonest_label(labels, labels[:2]) == ["a", "a"]
    choices = [Choice("", "", "", ("x",) * 4, place) for place in (3, 1, 1, 3, 0)]
    assert baselines.commonest_place(choices, choices[:1]) == [3]
    pairs = [Pair("", targets) for targets in (("a", "b"), ("b", "a"), ("c", "b"), ("b", "x"),
                                               ("a", "b"))]
    assert baselines.commonest_target(pairs, pairs[:1]) == ["a"]
    train = [Tagged(("Bonn", "in", "Bonn", "Rain"), ("B-person", "O", "B-place", "B-x"))]
    assert baselines.commonest_tags(train, [Tagged(("Bonn", "Rain", "rain"), ())]) == [
        ["B-person", "B-x", "O"]]


def test_a_set_of_labels_is_the_same_in_any_order():
    """Of equally common sets the first."""
    train = [Classification("", label=label) for label in
             (("a",), ("b", "a"), ("c",), ("a", "b"), ("c",))]
    assert baselines.commonest_labels(train, train[:2]) == [["a", "b"]] * 2
    assert baselines.commonest_labels([Classification("", label=())], train[:1]) == [[]]


def test_guesses_are_plain_numbers_and_texts():
    """So that they can be written as JSON."""
    rows = [Classification("a red cat", "the red cat", score) for score in (0, 2)]
    choices = [Choice("", "Tom saw a cat.", "What?", ("a cat", "a dog"), label)
               for label in (0, 1)]
    pairs = [Pair("Hi there.", ("你好",)), Pair("No.", ("不",))]
    for guess, kind in ((baselines.mean_score(rows, rows)[0], float),
                        (baselines.tfidf_similarity(rows, rows)[0], float),
                        (baselines.tfidf_choices(choices, choices)[0], int),
                        (baselines.tfidf_labels(TRAIN, TRAIN)[0], str),
                        (baselines.nearest_translation(pairs, pairs)[0], str)):
        assert type(guess) is kind


def test_sentences_of_odd_contexts():
    """Case and marks do not matter, a word counts once, of equals the first, and none is empty."""
    rows = [Question("1", "A cat sat. A dog, a dog, a dog sat. THE CAT: SAT?", "Where is the cat?"),
            Question("2", "It rained. It snowed.", "Who?"), Question("3", "", "Who?")]
    assert baselines.first_sentences(rows) == ["A cat sat.", "It rained.", ""]
    assert baselines.overlapping_sentences(rows) == ["THE CAT: SAT?", "It rained.", ""]


TRAINED = {                                  # each with a training row, from which it can learn
    baselines.commonest_label: TRAIN, baselines.tfidf_labels: TRAIN,
    baselines.commonest_labels: [Classification("red cat", label=("a", "b"))],
    baselines.tfidf_label_sets: [Classification("red cat", label=("a", "b"))],
    baselines.commonest_place: [Choice("1", "Tom saw a cat.", "What?", ("a cat",), 0)],
    baselines.tfidf_choices: [Choice("1", "Tom saw a cat.", "What?", ("a cat",), 0)],
    baselines.mean_score: [Classification("red cat", "red cat", 5.0)],
    baselines.tfidf_similarity: [Classification("red cat", "red cat", 5.0)],
    baselines.commonest_target: [Pair("Hi.", ("你好",))],
    baselines.nearest_translation: [Pair("Hi.", ("你好",))]}


@pytest.mark.parametrize("baseline", TRAINED, ids=lambda baseline: baseline.__name__)
def test_empty_data_and_a_single_row(baseline):
    """No row to learn from is refused; no row to guess for gives no guess; one row is enough."""
    row = TRAINED[baseline][0]
    answer = row.targets[0] if isinstance(row, Pair) else row.label
    answer = list(answer) if isinstance(answer, tuple) else answer
    with pytest.raises(ValueError, match="^There are no training rows to learn from"):
        baseline([], [row])
    assert baseline(TRAINED[baseline], []) == []
    assert baseline([row], [row, row]) == [answer, answer]


def test_on_real_messages(data_folder):
    splits = datasets.fetch_sms_spam(data_folder)
    labels = [row.label for row in splits.test]
    trivial, linear = (metrics.f1(labels, baseline(splits.train, splits.test), "spam").value
                       for baseline in (baselines.commonest_label, baselines.tfidf_labels))
    assert trivial == 0 and linear > 0.85
