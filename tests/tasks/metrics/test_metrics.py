"""Figures: those of the libraries, by hand where it is short, and their intervals."""

import sys
import tracemalloc

import numpy as np
import pytest

from albert_np.tasks import metrics
from albert_np.tasks.metrics.bootstrap import Figure, bootstrap
from albert_np.tasks.metrics.translation import group_lengths

sklearn = pytest.importorskip("sklearn.metrics")


@pytest.fixture
def guesses(rng):
    labels = rng.choice(["a", "b", "c"], size=300, p=[0.6, 0.3, 0.1])
    return labels, np.where(rng.random(300) < 0.7, labels, rng.permutation(labels))


@pytest.fixture
def numbers(rng):
    x = np.round(rng.normal(size=200), 1)                     # with ties
    return x, np.round(x + rng.normal(size=200), 1)


def by_hand(function, arrays, rng, resamples=50):
    """The same bootstrap, one resample after another."""
    figures = []
    for drawn in rng.integers(len(arrays[0]), size=(resamples, len(arrays[0]))):
        figures.append(function(*(array[drawn] for array in arrays)))
    return np.quantile(figures, [0.025, 0.975])


@pytest.mark.parametrize("ours, theirs", [
    (metrics.accuracy, sklearn.accuracy_score),
    (lambda *a, **k: metrics.f1(*a, "b", **k),
     lambda y, p: sklearn.f1_score(y == "b", p == "b")),
    (metrics.matthews, sklearn.matthews_corrcoef)])
def test_labels(ours, theirs, guesses):
    figure = ours(*guesses, rng=np.random.default_rng(3), resamples=50)
    assert figure.value == pytest.approx(theirs(*guesses), abs=1e-12)
    low, high = by_hand(theirs, guesses, np.random.default_rng(3))
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-12)
    assert ours(*guesses) == Figure(figure.value)
    constant = np.full(300, "a")
    assert 0 <= ours(guesses[0], constant, rng=np.random.default_rng(0)).low < 1


def test_the_correlation_of_a_single_label_is_0():
    for labels, guesses in (["a", "a"], ["a", "a"]), (["a", "b"], ["a", "a"]):
        assert metrics.matthews(labels, guesses, rng=np.random.default_rng(0)) == Figure(0, 0, 0)
    assert metrics.matthews([0, 1, 2], [0, 1, 2]).value == 1


def peak_memory(call):
    """Bytes of all arrays that are alive at the same time, at their most."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("figure", [metrics.accuracy, metrics.matthews,
                                    lambda *a, **k: metrics.f1(*a, 3, **k)])
def test_memory_grows_with_rows_and_labels_not_with_their_product(figure):
    def memory(N, C):
        labels = np.arange(N) % C
        return peak_memory(lambda: figure(labels, np.roll(labels, 1), resamples=30,
                                          rng=np.random.default_rng(0)))
    memory(10, 2)                                              # imports the library
    assert memory(160, 80) < 1.5 * memory(160, 40) < 3 * memory(160, 20)
    assert memory(320, 20) < 2.2 * memory(160, 20)


def test_a_thousand_labels(rng):
    labels = np.arange(1000)
    guesses = np.where(rng.random(1000) < 0.6, labels, rng.permutation(labels))
    figure = metrics.matthews(labels, guesses, rng=np.random.default_rng(3), resamples=5)
    assert figure.value == pytest.approx(sklearn.matthews_corrcoef(labels, guesses), abs=1e-12)
    low, high = by_hand(sklearn.matthews_corrcoef, (labels, guesses), np.random.default_rng(3), 5)
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_scores(name, numbers):
    import scipy.stats

    theirs = {"pearson": scipy.stats.pearsonr, "spearman": scipy.stats.spearmanr}[name]
    ours = getattr(metrics, name)
    figure = ours(*numbers, rng=np.random.default_rng(3), resamples=50)
    low, high = by_hand(lambda *a: theirs(*a).statistic, numbers, np.random.default_rng(3))
    assert figure.value == pytest.approx(theirs(*numbers).statistic, abs=1e-12)
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-9)
    for far in ([1e6, 0], [0, -1e6]):
        far = ours(*np.add(numbers, np.transpose([far])), rng=np.random.default_rng(3),
                   resamples=50)
        assert (far.low, far.high) == pytest.approx((low, high), abs=1e-6)
    assert ours([1, 2, 3], [5, 5, 5], rng=np.random.default_rng(0)) == Figure(0, 0, 0)
    with pytest.raises(ValueError, match="at least two scores .* finite"):
        ours([1, 2], [1, float("nan")])


def test_entities():
    pytest.importorskip("seqeval")
    true = [["B-a", "I-a", "O", "B-b"], ["O", "O"], ["B-a", "B-a"]]
    guess = [["B-a", "I-a", "O", "B-a"], ["O", "I-b"], ["B-a", "I-a"]]
    # 4 entities, 4 guessed (I-b begins one), 1 found with type and ends.
    assert metrics.entity_f1(true, guess).value == pytest.approx(2 * 1 / (4 + 4))
    figure = metrics.entity_f1(true, guess, rng=np.random.default_rng(0))
    assert figure.low == 0 and figure.high == pytest.approx(2 * 3 / 12)  # the first, three times
    assert metrics.entity_f1([["O"]], [["O"]]).value == 0
    with pytest.raises(ValueError, match="Sentence 1 has 2 tags and 1 predictions"):
        metrics.entity_f1([["O"], ["O", "O"]], [["O"], ["O"]])


@pytest.mark.parametrize("prediction, answers, exact, f1", [
    ("The  U.S. Army!", ["us army"], True, 1),
    ("an army", ["the army", "x"], True, 1),
    ("big army of ants", ["army of men"], False, 2 * 2 / (4 + 3)),
    ("a a b b", ["b b b"], False, 2 * 2 / (2 + 3)),              # "a" is an article
    ("other", ["army"], False, 0),
    ("", [], True, 1), ("army", [], False, 0), ("", ["army"], False, 0),
    ("the", ["..."], True, 1),
    ("theatre another", ["atre nother"], False, 0)])              # no article inside of a word
def test_answers(prediction, answers, exact, f1):
    assert metrics.exact_match(prediction, answers) == exact
    assert metrics.overlap_f1(prediction, answers) == pytest.approx(f1)


def test_scores_of_answers():
    exact, f1 = metrics.answer_scores(["a cat", "big dog", ""], [["cat"], ["dog"], []],
                                      rng=np.random.default_rng(0))
    assert exact.value == pytest.approx(2 / 3) and f1.value == pytest.approx((1 + 2 / 3 + 1) / 3)
    assert exact.low == 0 and exact.high == 1 and f1.low == pytest.approx(2 / 3)


def test_the_threshold_of_no_answer(rng):
    predictions = ["cat"] * 60
    answers = [["cat"] if yes else [] for yes in rng.random(60) < 0.5]
    margins = np.round(rng.normal(size=60) + [0 if a else 1 for a in answers], 1)   # with ties

    def reached(threshold):
        return np.mean([metrics.overlap_f1("" if margin > threshold else guess, answer)
                        for guess, answer, margin in zip(predictions, answers, margins)])

    threshold, f1 = metrics.best_null_threshold(predictions, answers, margins)
    assert f1 == pytest.approx(reached(threshold))
    assert f1 == pytest.approx(max(map(reached, [-np.inf, *margins])))
    assert metrics.best_null_threshold(["x"], [[]], [0.0]) == (-np.inf, 1)
    assert metrics.best_null_threshold(["x"], [["x"]], [0.0]) == (np.inf, 1)


def test_translations():
    sacrebleu = pytest.importorskip("sacrebleu")
    guess = ["你好，世界", "他今天不来", "我不知道这是什么"] * 20
    references = [("你好世界", "你好，世界！"), ("他今天不会来",), ("我不知道那是什么",)] * 20
    columns = [[r[0] for r in references], [r[1] if len(r) > 1 else None for r in references]]
    for figure, theirs in (
            (metrics.bleu(guess, references, rng=np.random.default_rng(0)),
             sacrebleu.corpus_bleu(guess, columns, tokenize="zh").score),
            (metrics.chrf(guess, references, rng=np.random.default_rng(0)),
             sacrebleu.corpus_chrf(guess, columns).score)):
        assert figure.value == pytest.approx(theirs, abs=1e-9) and 0 < theirs < 100
        assert figure.low < theirs < figure.high
    # A resample of one sentence only is that sentence's own figure.
    one = metrics.bleu(guess[1:2], references[1:2], rng=np.random.default_rng(0))
    assert one.low == one.high == pytest.approx(one.value)
    with pytest.raises(ValueError, match=r"references\[0\] must be a list of at least one str"):
        metrics.bleu(["a"], ["a"])


def test_an_interval_covers_the_truth_about_as_often_as_it_says(rng):
    truth, covered = 0.8, 0
    for _ in range(300):
        right = rng.random((200, 1)) < truth
        figure = bootstrap(right.mean(), right, lambda sums: sums[:, 0] / 200, rng, resamples=300,
                           level=0.9)
        covered += figure.low <= truth <= figure.high
    assert 0.84 < covered / 300 < 0.95


def test_what_is_refused():
    with pytest.raises(ValueError, match="There are 1 labels and 2 predictions; there must be one"):
        metrics.accuracy(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="There are no labels to compute a figure from"):
        metrics.accuracy([], [])
    for figure in (metrics.accuracy, metrics.matthews, metrics.pearson, metrics.spearman):
        with pytest.raises(ValueError, match="level must lie between 0 and 1"):
            figure([1, 2], [1, 2], rng=np.random.default_rng(0), level=95)


def test_how_a_figure_is_written():
    assert str(Figure(0.5)) == "0.500" and str(Figure(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"
    assert float(Figure(0.5)) == 0.5


@pytest.mark.parametrize("module, call, package", [
    ("sklearn.metrics", lambda: metrics.accuracy(["a"], ["a"]), "scikit-learn"),
    ("scipy.stats", lambda: metrics.pearson([1, 2], [1, 2]), "scipy"),
    ("seqeval.metrics", lambda: metrics.entity_f1([["O"]], [["O"]]), "seqeval"),
    ("sacrebleu.metrics", lambda: metrics.bleu(["a"], [["a"]]), "sacrebleu")])
def test_without_the_library(module, call, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=f"This needs {package}; .*pip install {package}"):
        call()


def test_calibration(rng):
    sure = np.array([0.95] * 4 + [0.6] * 2)
    probabilities, labels = np.stack([sure, 1 - sure], axis=1), [0, 0, 0, 1, 0, 1]
    # Three of four right at 0.95, one of two at 0.6.
    error = metrics.expected_calibration_error(labels, probabilities)
    assert error == Figure(pytest.approx((4 * 0.2 + 2 * 0.1) / 6))
    # In one bin, too sure and too unsure would cancel each other.
    whole = metrics.expected_calibration_error([0, 0, 0, 1, 0, 0], probabilities, bins=1)
    assert whole.value == pytest.approx(abs(5 / 6 - sure.mean()))
    # A confidence at the end of a bin belongs to it.
    counts, confidence, right = metrics.calibration_bins([0, 1], [[1.0, 0], [0.5, 0.5]], bins=4)
    assert counts.tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(confidence, [np.nan, 0.5, np.nan, 1])
    np.testing.assert_array_equal(right, [np.nan, 0, np.nan, 1])


def test_the_interval_of_calibration(rng):
    probabilities = rng.dirichlet([1, 1, 1], size=200)
    labels = rng.integers(3, size=200)

    def slowly(labels, probabilities):
        total = 0
        for low in np.arange(5) / 5:
            sure = probabilities.max(axis=1)
            inside = (sure > low) & (sure <= low + 0.2)
            if inside.any():
                right = probabilities.argmax(axis=1)[inside] == labels[inside]
                total += inside.mean() * abs(right.mean() - sure[inside].mean())
        return total

    figure = metrics.expected_calibration_error(labels, probabilities, bins=5, resamples=50,
                                                rng=np.random.default_rng(3))
    low, high = by_hand(slowly, (labels, probabilities), np.random.default_rng(3))
    assert figure.value == pytest.approx(slowly(labels, probabilities), abs=1e-12)
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize("labels, probabilities, bins, said", [
    ([0], [[0.5, 0.5], [1, 0]], 10, "1 labels and 2 rows"), ([], [], 10, "no labels"),
    ([0, 1], [0.5, 0.5], 10, r"shape \(N, C\).* not \(2,\)"),
    ([0, 1], [[0.5, 0.5], [3.0, -1.0]], 10, r"Row 1 .* sum to 1, but it is \[3.0, -1.0\]"),
    ([0], [[1.5, -0.5]], 10, "Row 0"), ([0], [[float("nan"), 1]], 10, "Row 0"),
    ([2], [[0.5, 0.5]], 10, "integers from 0 to 1"), (["a"], [[1, 0]], 10, "integers from 0 to 1"),
    ([0], [[1, 0]], 0, "at least one bin, not 0")])
def test_probabilities_without_calibration(labels, probabilities, bins, said):
    with pytest.raises(ValueError, match=said):
        metrics.expected_calibration_error(labels, probabilities, bins)


# ---- by label, by type, by length ----------------------------------------------------------------

def test_the_confusion_matrix_is_that_of_scikit_learn(rng):
    labels, guesses = rng.integers(5, 9, size=(2, 100))
    counts, names = metrics.confusion_matrix(labels, guesses)
    assert names == [5, 6, 7, 8]
    np.testing.assert_array_equal(counts, sklearn.confusion_matrix(labels, guesses))
    counts, names = metrics.confusion_matrix("aab", "abb", ["b", "c", "a"])
    assert counts.tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 1]] and names == ["b", "c", "a"]


@pytest.mark.parametrize("labels, guesses, names, said", [
    ([], [], None, "no labels"), (["a"], [], None, "1 labels and 0 predictions"),
    (["a"], ["b"], ["a"], "'b' is not among the names of the classes, 'a'"),
    (["a"], ["a"], ["a", "a"], "named once")])
def test_labels_that_cannot_be_counted(labels, guesses, names, said):
    with pytest.raises(ValueError, match=said):
        metrics.confusion_matrix(labels, guesses, names)


def test_entities_by_type():
    pytest.importorskip("seqeval")
    tags = [["B-a", "I-a", "O", "B-b"], ["B-a", "O", "O"], ["B-a", "O"], ["I-d"]]
    guesses = [["B-a", "I-a", "O", "B-a"], ["B-a", "O", "B-c"], ["O", "O"], ["O"]]
    assert metrics.entity_scores(tags, guesses) == [
        ("all", pytest.approx(2 / 4), pytest.approx(2 / 5), pytest.approx(4 / 9), 5),
        ("a", pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3), 3),
        ("b", 0, 0, 0, 1), ("d", 0, 0, 0, 1), ("c", 0, 0, 0, 0)]


def test_all_entities_have_the_f1_of_all(rng):
    pytest.importorskip("seqeval")
    tags, guesses = (rng.choice(["O", "B-x", "I-x", "B-y", "I-y"], size=(30, 8)).tolist()
                     for _ in range(2))
    everything, *types = metrics.entity_scores(tags, guesses)
    assert everything[3] == pytest.approx(metrics.entity_f1(tags, guesses).value)
    assert everything[4] == sum(row[4] for row in types)


@pytest.mark.parametrize("tags, guesses, said", [
    ([["O"]], [["O"]], "no entity"), ([["O"], ["O"]], [["O"], []], "Sentence 1 has 1 tags and 0"),
    ([], [], "no sentences"), ([["O"]], [], "1 sentences with tags and 0")])
def test_tags_that_cannot_be_counted(tags, guesses, said):
    pytest.importorskip("seqeval")
    with pytest.raises(ValueError, match=said):
        metrics.entity_scores(tags, guesses)


def test_lengths_are_put_together_until_there_are_enough():
    lengths = [2] * 3 + [3] * 5 + [4] * 6 + [7] * 9 + [9] * 2
    assert group_lengths(lengths, 5) == [(2, 3), (4, 4), (7, 9)]       # two of 9 join those of 7
    assert group_lengths(lengths, 100) == [(2, 9)]
    assert group_lengths(lengths, 1) == [(n, n) for n in (2, 3, 4, 7, 9)]


def test_translations_by_length(rng):
    pytest.importorskip("sacrebleu")
    right, wrong, half = "我们今天去学校看书", "你好世界这是什么呢", "我们今天去看什么呢"
    guesses = [right] * 3 + [half] + [wrong] * 3 + [half] * 3
    lengths, references = np.array([3] * 4 + [5] * 6), [(right,)] * 10
    groups = metrics.bleu_by_length(lengths, guesses, references, rng=rng, least=4, resamples=50)
    assert [group[:3] for group in groups] == [(3, 3, 4), (5, 5, 6)]
    for (*_, figure), part in zip(groups, (slice(4), slice(4, 10))):
        assert figure.value == pytest.approx(metrics.bleu(guesses[part], references[part]).value)
        assert figure.low < figure.value < figure.high
    # The order of the sentences does not matter.
    order = rng.permutation(10)
    shuffled = metrics.bleu_by_length(lengths[order], [guesses[i] for i in order], references,
                                      least=4)
    assert [group[3].value for group in shuffled] == pytest.approx(
        [group[3].value for group in groups])
    with pytest.raises(ValueError, match="9 lengths and 10 translations"):
        metrics.bleu_by_length(lengths[1:], guesses, references)
    with pytest.raises(ValueError, match="10 translations and 9 sentences with references"):
        metrics.bleu_by_length(lengths, guesses, references[1:])
