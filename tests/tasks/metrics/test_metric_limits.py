"""Figures at their limits: the smallest inputs, defaults, rounding, and what is just refused."""

import dataclasses

import numpy as np
import pytest

from albert_np.tasks import metrics
from albert_np.tasks.metrics.bootstrap import (
    Figure,
    bootstrap,
    bootstrap_draws,
    ratio,
    row_counts,
)
from albert_np.tasks.metrics.checks import library

pytest.importorskip("sklearn")


def generator():
    return np.random.default_rng(5)


# ---- the bootstrap -------------------------------------------------------------------------------

@pytest.mark.parametrize("figure", [metrics.accuracy, metrics.matthews])
def test_an_interval_is_that_of_a_thousand_resamples_and_95_percent(rng, figure):
    labels, guesses = rng.integers(3, size=(2, 37))
    assert figure(labels, guesses, rng=generator()) == figure(
        labels, guesses, rng=generator(), resamples=1000, level=0.95)


@pytest.mark.parametrize("draw", [
    lambda N, **o: bootstrap(0.5, np.ones((N, 1)), lambda sums: sums[:, 0], **o),
    lambda N, **o: bootstrap_draws(0.5, N, lambda drawn: drawn.sum(axis=1), **o)])
def test_what_no_interval_can_be_computed_from(draw):
    for rng in (None, generator()):
        with pytest.raises(ValueError, match="There is no example to compute a figure from"):
            draw(0, rng=rng)
    for level, resamples in ((0, 10), (1, 10), (-0.1, 10), (1.5, 10), (0.9, 0), (0.9, -1)):
        with pytest.raises(ValueError, match=f"between 0 and 1 .* at least 1, not {level} and "
                                             f"{resamples}"):
            draw(3, rng=generator(), level=level, resamples=resamples)
    one = draw(1, rng=generator(), level=0.9, resamples=1)
    assert one.low == one.high and one.value == 0.5


def test_no_more_resamples_than_asked_for():
    """With a block of two million examples, or more than one block holds."""
    for N, resamples in ((1 << 19, 3), ((1 << 20) + 1, 2)):
        sizes = []

        def of_draws(drawn, sizes=sizes):
            sizes.append(drawn.shape)
            return np.zeros(len(drawn))

        bootstrap_draws(0, N, of_draws, generator(), resamples)
        assert sum(rows for rows, _ in sizes) == resamples
        assert {columns for _, columns in sizes} == {N}
        assert max(rows for rows, _ in sizes) * N <= max(N, 1 << 20)     # memory has a limit


def test_how_often_each_number_occurs_in_each_row():
    assert row_counts(np.array([[0, 0, 2], [1, 1, 1]]), 4).tolist() == [[2, 0, 1, 0], [0, 3, 0, 0]]
    assert ratio(np.array([3, 2, 0]), np.array([0, 4, 0])).tolist() == [0, 0.5, 0]
    assert ratio(np.array([3.0]), np.array([-2.0])).tolist() == [-1.5]


def test_a_figure_is_of_plain_numbers_and_does_not_change():
    figure = metrics.accuracy([1, 2, 2], [1, 2, 3], rng=generator())
    assert {type(number) for number in dataclasses.astuple(figure)} == {float}
    assert type(metrics.accuracy([1], [1]).value) is float
    with pytest.raises(dataclasses.FrozenInstanceError):
        figure.value = 1.0
    assert type(float(Figure(np.float64(0.25)))) is float


def test_an_interval_that_begins_at_0_is_written():
    assert str(Figure(0.5, 0.0, 1.0)) == "0.500 [0.000, 1.000]"
    assert str(Figure(0.0, 0.0, 0.0)) == "0.000 [0.000, 0.000]" and str(Figure(0.0)) == "0.000"


# ---- labels --------------------------------------------------------------------------------------

def test_f1_without_the_positive_label():
    assert metrics.f1(["a", "a"], ["a", "a"], "b", rng=generator()) == Figure(0, 0, 0)


def test_the_correlation_of_many_labels_does_not_overflow():
    """The product of the two spreads, N**4 / 4, is more than an integer of 64 bits holds."""
    labels = np.arange(100_000) % 2
    assert metrics.matthews(labels, labels).value == pytest.approx(1, abs=1e-12)
    assert metrics.matthews(labels, 1 - labels).value == pytest.approx(-1, abs=1e-12)


@pytest.mark.parametrize("count, end", [(9, "8$|8[.]$"), (10, "9[.]$"), (11, "9, [.]{3}[.]$")])
def test_at_most_ten_names_are_listed(count, end):
    with pytest.raises(ValueError, match=f"The label 99 is not among .* classes, 0, 1, .*{end}"):
        metrics.confusion_matrix([99], [0], range(count))


# ---- scores --------------------------------------------------------------------------------------

@pytest.mark.parametrize("figure", [metrics.pearson, metrics.spearman])
def test_correlations_of_few_scores(rng, figure):
    assert figure([1, 2], [3, 5]).value == pytest.approx(1)
    assert figure([1, 2], [5, 3]).value == pytest.approx(-1)
    for x, y in (([1], [1]), ([1, np.inf], [1, 2]), ([1, 2], [1, -np.inf]), ([np.nan, 1], [1, 2])):
        with pytest.raises(ValueError, match="at least two scores and predictions, all of them"):
            figure(x, y)
    for x, y in (([1, 2, 3], [2, 2, 2]), ([0, 0, 0], [1, 2, 3])):
        assert figure(x, y, rng=generator()) == Figure(0, 0, 0)


@pytest.mark.parametrize("figure", [metrics.pearson, metrics.spearman])
def test_a_resample_of_one_score_has_no_correlation(rng, figure):
    """One resample in nine of three scores; its variance is 0, whatever rounding makes of it."""
    for _ in range(20):
        x = rng.random(3)
        found = figure(x, 2 * x + 0.1, rng=rng, resamples=20, level=0.99)
        assert 0 <= found.low <= found.high <= 1
        found = figure(x, 0.1 - 2 * x, rng=rng, resamples=20, level=0.99)
        assert -1 <= found.low <= found.high <= 0


@pytest.mark.parametrize("figure", [metrics.pearson, metrics.spearman])
def test_correlations_of_scores_of_which_all_but_one_are_equal(rng, figure):
    """Every third resample lacks that one: a resample whose correlation is 0."""
    x, y = np.r_[[0.3] * 11, 0.7], rng.random(12)
    values = [figure(x[drawn], y[drawn]).value for drawn in generator().integers(12, size=(30, 12))]
    found = figure(y, x, rng=generator(), resamples=30, level=0.6)
    assert 0 in values
    assert (found.low, found.high) == pytest.approx(np.quantile(values, [0.2, 0.8]), abs=1e-9)


# ---- answers -------------------------------------------------------------------------------------

def test_answers_without_a_word_count_as_none():
    assert metrics.exact_match("the", ["a", " ", "!"]) and metrics.overlap_f1("", ["the"]) == 1
    # But beside a right answer they do not count.
    assert not metrics.exact_match("", ["cat", "the"]) and metrics.overlap_f1("", ["the", "x"]) == 0
    assert metrics.exact_match("dog", ["cat", "dog"])
    assert metrics.overlap_f1("big dog", ["dog", "cat", "big old dog"]) == pytest.approx(4 / 5)


@pytest.mark.parametrize("text, expected", [
    ("big  \t old\ndog", "big old dog"), (" the\u3000cat ", "cat"), ("a-an-the", "aanthe"),
    ("big “the” dog", "big “ ” dog"), ("The the THE", ""), ("theory and then", "theory and then")])
def test_words_of_an_answer_have_one_space_between_them(text, expected):
    """Articles leave a gap, and ASCII punctuation leaves none."""
    assert metrics.normalise_answer(text) == expected


@pytest.mark.parametrize("text, expected", [
    (" 上海 ", "上海"), ("上海 Bei-jing", "上海 beijing"), ("", ""), ("。！", "")])
def test_a_chinese_answer_keeps_its_spaces_inside(text, expected):
    assert metrics.normalise_chinese_answer(text) == expected


@pytest.mark.parametrize("prediction, answer, f1", [
    ("1,000 人", "1,000", 2 / 3), ("1.5.2 版", "1.5.2", 2 / 3), ("don't 走", "don't", 2 / 3),
    ("1,000 人", "000", 0), ("1 人", "1,", 2 / 4), ("a·b 人", "ab", 2 / 3)])
def test_an_alphabets_words_in_chinese_hold_marks_between_letters(prediction, answer, f1):
    """1,000 is one word; so nothing of it is shared with 000."""
    assert metrics.overlap_f1(prediction, [answer], chinese=True) == pytest.approx(f1)


def test_of_equally_good_thresholds_the_lowest_is_taken():
    """An empty answer is as right as none."""
    predictions, answers = ["cat", "", "", "x"], [["cat"], [], [], []]
    assert metrics.best_null_threshold(predictions, answers, [1, 2, 4, 8]) == (1.5, 1)
    assert metrics.best_null_threshold(["", ""], [[], []], [1, 2]) == (-np.inf, 1)


@pytest.mark.parametrize("call, said", [
    (lambda: metrics.answer_scores(["a"], []), "1 predictions and 0 questions"),
    (lambda: metrics.answer_scores([], []), "no predictions"),
    (lambda: metrics.best_null_threshold(["a"], [[], []], [1]), "1 predictions and 2 questions"),
    (lambda: metrics.best_null_threshold(["a"], [[]], [1, 2]), "1 predictions and 2 margins"),
    (lambda: metrics.best_null_threshold([], [], []), "no predictions"),
    (lambda: metrics.best_null_threshold("ab", [[], []], [1, np.inf]),
     r"null_margins\[1\] must be a finite number, not inf"),
    (lambda: metrics.entity_f1([["O"]], [["O", "O"]]), "Sentence 0 has 1 tags and 2 predictions"),
    (lambda: metrics.bleu(["a"], [["b"], []]), "1 translations and 2 sentences with references"),
    (lambda: metrics.chrf(["a", "b"], [["b"], []]), r"references\[1\] .* at least one str"),
    (lambda: metrics.entity_f1([], []), "no sentences with tags"),
    (lambda: metrics.entity_f1([["O"]], []), "1 sentences with tags and 0 sentences with pred"),
    (lambda: metrics.pearson([1, 2], [1]), "2 scores and 1 predictions"),
    (lambda: metrics.spearman([], []), "no scores")])
def test_lists_that_do_not_fit(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_missing_library_is_named_as_pip_knows_it():
    with pytest.raises(ValueError, match=r"^This needs X; install it with pip install X\.$"):
        library("no_module_of_this_name", "X")


# ---- calibration ---------------------------------------------------------------------------------

def test_ten_bins_unless_told_otherwise(rng):
    p = rng.dirichlet([1, 1], 50)
    labels = rng.integers(2, size=50)
    assert (metrics.expected_calibration_error(labels, p)
            == metrics.expected_calibration_error(labels, p, bins=10))
    assert len({metrics.expected_calibration_error(labels, p, bins=bins).value
                for bins in (9, 10, 11)}) == 3
    assert len(metrics.calibration_bins(labels, p)[0]) == 10


def test_probabilities_may_be_rounded():
    """To three digits the sum of two can be off by as much as 0.001, but not by more."""
    assert metrics.expected_calibration_error([0], [[0.5, 0.5005]]).value == pytest.approx(0.5005)
    for row in ([0.5, 0.5015], [0.5, 0.4985]):
        with pytest.raises(ValueError, match="Row 0 of the probabilities .* sum to 1, but it is"):
            metrics.expected_calibration_error([0], [row])
    with pytest.raises(ValueError, match="Row 2 "):
        metrics.calibration_bins([0] * 4, [[1, 0], [1, 0], [2, 0], [3, 0]])
    for labels in ([-1, 0], [0, 2], [0, 3], [0.0, 1.0]):
        with pytest.raises(ValueError, match="numbers of the 2 columns .* integers from 0 to 1"):
            metrics.calibration_bins(labels, [[1, 0], [1, 0]])


def test_each_bin_has_its_upper_end():
    """Bin b of 5 holds the confidences above b / 5, up to (b + 1) / 5."""
    p = [[0.2] * 5, [0.21, 0.2, 0.2, 0.2, 0.19], [0.4, 0.3, 0.3, 0, 0], [0.41, 0.59, 0, 0, 0],
         [0.6, 0.4, 0, 0, 0], [0.8, 0.2, 0, 0, 0], [0.81, 0.19, 0, 0, 0], [1, 0, 0, 0, 0]]
    counts, confidence, accuracy = metrics.calibration_bins([0] * 8, p, 5)
    assert counts.tolist() == [1, 2, 2, 1, 2]
    assert confidence == pytest.approx([0.2, 0.305, 0.595, 0.8, 0.905])
    assert accuracy.tolist() == [1, 1, 0.5, 1, 1]


# ---- by label, by type ---------------------------------------------------------------------------

def test_of_equally_frequent_labels_the_first_comes_first():
    """In the order of the names; and all figures are plain numbers."""
    rows = [["c"], ["a"], ["b", "c"], ["a"]]
    found = metrics.label_scores(rows, [["c"], ["a"], ["b"], []], ("c", "b", "a", "d"))
    assert [row[0] for row in found] == ["all", "c", "a", "b", "d"]
    assert found[-1] == ("d", 0, 0, 0, 0) and found[1] == ("c", 1, 0.5, pytest.approx(2 / 3), 2)
    for row in found:
        assert list(map(type, row)) == [str, float, float, float, int]


def test_of_equally_frequent_types_the_alphabet_decides():
    """However well each was found."""
    pytest.importorskip("seqeval")
    tags = [["B-b", "O", "B-a", "B-c", "B-c"]]
    found = metrics.entity_scores(tags, [["B-b", "O", "O", "B-c", "O"]])
    assert [row[0] for row in found] == ["all", "c", "a", "b"]


@pytest.mark.parametrize("positive", ["a", "b", "c"])
def test_f1_of_each_label_that_there_is(positive):
    """And 0 for one that there is not."""
    labels, guesses = list("aabb"), list("abbb")
    assert metrics.f1(labels, guesses, positive).value == pytest.approx(
        {"a": 2 / 3, "b": 4 / 5, "c": 0}[positive])


# ---- translations --------------------------------------------------------------------------------

def test_how_words_are_cut():
    sacrebleu = pytest.importorskip("sacrebleu")
    guess, right = ["The cat, they say, sat here."], [["The cat, we say, sat here."]]
    scores = {name: metrics.bleu(guess, right, name).value for name in ("13a", "char", "none")}
    assert len(set(scores.values())) == 3
    for name, score in scores.items():
        assert score == pytest.approx(sacrebleu.corpus_bleu(guess, right, tokenize=name).score)
        ((*_, figure),) = metrics.bleu_by_length([6], guess, right, name)
        assert figure.value == score
    ((*_, figure),) = metrics.bleu_by_length([4], ["你好世界吗"], [["你好世界"]])
    assert figure.value == metrics.bleu(["你好世界吗"], [["你好世界"]], "zh").value > 0


def test_groups_of_twenty_sentences_unless_told_otherwise():
    pytest.importorskip("sacrebleu")
    for first, groups in ((19, [(1, 2, 40)]), (20, [(1, 1, 20), (2, 2, 20)])):
        lengths = [1] * first + [2] * (40 - first)
        rows = metrics.bleu_by_length(lengths, ["a b c d"] * 40, [["a b c d"]] * 40)
        assert [row[:3] for row in rows] == groups


def test_some_sentences_have_more_references_than_others(rng):
    """A resample of one sentence is the figure of that sentence, with all of its references."""
    pytest.importorskip("sacrebleu")
    guesses = ["the cat sat on the mat", "a dog ran home today"]
    references = [["the cat sat on a mat", "the cat was on the mat", "a cat"],
                  ["a dog ran home now"]]
    single = [metrics.bleu(guesses[i:i + 1], references[i:i + 1], "13a").value for i in (0, 1)]
    figure = metrics.bleu(guesses, references, "13a", rng=rng, resamples=40, level=0.999)
    assert figure.low == pytest.approx(min(single), rel=0.05)
    assert figure.high == pytest.approx(max(single), rel=0.05)
    assert single[0] == max(
        metrics.bleu(guesses[:1], [references[0][:k]], "13a").value for k in (1, 2, 3))


def test_groups_by_length_have_the_intervals_that_are_wanted():
    pytest.importorskip("sacrebleu")
    guesses = ["the cat sat on a mat", "a dog ran home now"] * 3
    right = [["the cat sat on the mat"], ["a dog ran home today"]] * 3
    (*_, found), = metrics.bleu_by_length([5] * 6, guesses, right, "13a", generator(), least=3,
                                          resamples=8, level=0.5)
    assert found == metrics.bleu(guesses, right, "13a", generator(), resamples=8, level=0.5)
    assert found != metrics.bleu(guesses, right, "13a", generator())


# ---- intervals -----------------------------------------------------------------------------------

def test_a_sentence_of_three_hundred_words():
    pytest.importorskip("seqeval")
    tags = [["B-a", "I-a"] + ["O"] * 298]
    assert metrics.entity_f1(tags, tags).value == 1


def test_intervals_by_sentences():
    """One resample after another, of sentences with different numbers of entities and words."""
    pytest.importorskip("seqeval")
    pytest.importorskip("sacrebleu")
    tags = [["B-a", "I-a", "B-b"], ["O", "O", "B-a"], ["O"], ["B-b", "B-b", "B-b"], ["O", "B-a"]]
    found = [["B-a", "O", "B-b"], ["B-a", "B-a", "B-a"], ["B-a"], ["O", "O", "B-b"], ["O", "O"]]
    texts = ["the cat sat on a mat", "a dog ran home", "we saw it", "it is late now", "go on then"]
    right = [["the cat sat on the mat"], ["the dog ran far"], ["we saw it"], ["it was late"],
             ["go home then", "go on"]]
    for figure, rows in ((metrics.entity_f1, (tags, found)), (metrics.chrf, (texts, right)),
                         (metrics.bleu, (texts, right))):
        values = [figure(*([part[i] for i in drawn] for part in rows)).value
                  for drawn in generator().integers(5, size=(12, 5))]
        whole = figure(*rows, rng=generator(), resamples=12, level=0.5)
        assert (whole.low, whole.high) == pytest.approx(np.quantile(values, [0.25, 0.75]))
