"""Pictures of the tasks: what is drawn is what was given, in any writing, or one sentence says why
not.
"""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as MatplotlibFigure

from albert_np.plotting import tasks as pictures
from albert_np.tasks.metrics import Figure
from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE
from albert_np.plotting.tasks.confusion_matrix import confusion_counts
from albert_np.plotting.tasks.drawing import number_text, run_colours, three_numbers
from albert_np.plotting.tasks.entity_bars import entity_scores
from albert_np.plotting.tasks.translation_lengths import length_groups


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def without_pixels(monkeypatch):
    """Figures are laid out, where a letter without a font warns, but not rendered: that is slow."""
    def savefig(figure, file, **options):
        figure.draw_without_rendering()
        file.write(b"the picture")

    monkeypatch.setattr(MatplotlibFigure, "savefig", savefig)


def lines_of(axes, colour, marker=None):
    return [line for line in axes.lines if line.get_color() == colour
            and (marker is None or line.get_marker() == marker)]


def texts_of(ticks):
    return [tick.get_text() for tick in ticks]


def no_text_upon_another(figure, axes):
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    return boxes and not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


# ---- learning curves -----------------------------------------------------------------------------

RUN = {"losses": [(step, 2 / step) for step in range(1, 41)],
       "epochs": [(1, 0.5, 0.4, 0.6), (2, 0.9, 0.8, 0.95), (3, 0.9, 0.7, 0.95), (4, 0.6, 0.5, 0.7)]}


def test_learning_curves():
    figure = pictures.learning_curves_figure({"one": RUN}, "accuracy")
    losses, validation = figure.axes
    single, smooth = lines_of(losses, BLUE)
    assert single.get_xdata().tolist() == list(range(1, 41)) and single.get_alpha() < 0.5
    assert single.get_ydata() == pytest.approx([2 / step for step in range(1, 41)])
    assert smooth.get_ydata()[-1] == pytest.approx((2 / 39 + 2 / 40) / 2)     # a twentieth: 2 steps
    assert validation.get_ylabel() == "accuracy"
    (curve,) = lines_of(validation, BLUE, "o")
    assert curve.get_ydata().tolist() == [0.5, 0.9, 0.9, 0.6]
    intervals = [list(line.get_ydata()) for line in lines_of(validation, BLUE, "_")]
    assert intervals == [[0.4, 0.6], [0.8, 0.95], [0.7, 0.95], [0.5, 0.7]]
    # Of equally good epochs the first is the best.
    (star,) = [line for line in validation.lines if line.get_marker() == "*"]
    assert (list(star.get_xdata()), list(star.get_ydata())) == ([2], [0.9])
    assert texts_of(validation.get_legend().get_texts()) == ["one: best 0.900 in epoch 2"]


def test_two_runs_side_by_side():
    other = {"losses": [(1, 0.5), (2, float("nan")), (3, 0.1)], "epochs": [(1, 0.7, None, None)]}
    figure = pictures.learning_curves_figure({"pretrained": other, "from scratch": RUN}, "F1")
    losses, validation = figure.axes
    assert lines_of(losses, ORANGE)[0].get_ydata().tolist() == [0.5, 0.1]      # NaN is left out
    assert len(lines_of(losses, BLUE)[0].get_ydata()) == 40
    assert not lines_of(validation, ORANGE, "_") and len(lines_of(validation, BLUE, "_")) == 4
    (left,), right = (lines_of(validation, colour, "o")[0].get_xdata()
                      for colour in (ORANGE, BLUE))
    assert left < right[0]                                     # no interval hides another


def test_only_losses_or_only_epochs():
    for part, title in (("losses", "Training loss"), ("epochs", "Validation")):
        figure = pictures.learning_curves_figure({"a": {part: RUN[part]}}, "F1")
        assert [axes.get_title() for axes in figure.axes] == [title]


@pytest.mark.parametrize("runs, said", [
    ({}, "no run"),
    ({"a": {}}, "'a' has neither a finite loss nor an epoch"),
    ({"a": {"losses": [(1, float("inf"))]}}, "'a' has neither a finite loss"),
    ({"a": {"losses": [1, 2, 3]}}, "losses of the run 'a' must be pairs"),
    ({"a": {"losses": [(1, "x")]}}, "losses of the run 'a' must be pairs"),
    ({"a": {"loss": [(1, 2)]}}, "'a' has 'loss', but only losses and epochs"),
    ({"a": {"epochs": [(1, 0.5)]}}, r"must be \(epoch, value, low, high\), not \(1, 0.5\)"),
    ({"a": {"epochs": [(7, 0.5, 0.6, 0.4)]}}, "'a', epoch 7: the interval begins at 0.6"),
    ({"a": {"epochs": [(7, None, 0.6, 0.4)]}}, "'a', epoch 7: .* is not a number"),
    ({name: RUN for name in "abcde"}, "5 runs cannot be told apart")])
def test_curves_that_cannot_be_drawn(runs, said):
    with pytest.raises(ValueError, match=said):
        pictures.learning_curves_figure(runs, "accuracy")


def test_the_two_starts_keep_their_colours():
    assert run_colours(["from scratch", "pretrained"]) == [BLUE, ORANGE]
    assert run_colours(["pretrained"]) == [ORANGE]
    assert run_colours(["x", "from scratch", "y"]) == [ORANGE, BLUE, GREEN]
    assert run_colours("wxyz") == [BLUE, ORANGE, GREEN, GREY]


# ---- confusion matrix ----------------------------------------------------------------------------

def test_confusion_matrix():
    labels = ["ham"] * 8 + ["spam"] * 2
    guesses = ["ham"] * 6 + ["spam"] * 2 + ["spam", "ham"]
    axes = pictures.confusion_matrix_figure(labels, guesses, ["spam", "ham", "other"]).axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(),
                               [[1 / 2, 1 / 2, 0], [2 / 8, 6 / 8, 0], [0, 0, 0]])
    assert texts_of(axes.texts) == ["1\n50 %", "1\n50 %", "0\n0 %", "2\n25 %", "6\n75 %", "0\n0 %",
                                    "0\n–", "0\n–", "0\n–"]
    assert [text.get_position() for text in axes.texts[:2]] == [(0, 0), (1, 0)]   # row: true label
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert texts_of(ticks) == ["spam", "ham", "other"]


def test_counts_are_those_of_scikit_learn(rng):
    sklearn = pytest.importorskip("sklearn.metrics")
    labels, guesses = rng.integers(5, 9, size=(2, 100))
    counts, names = confusion_counts(labels, guesses)
    assert names == [5, 6, 7, 8]
    np.testing.assert_array_equal(counts, sklearn.confusion_matrix(labels, guesses))


@pytest.mark.parametrize("C, texts, named", [(12, 144, 12), (13, 13, 13), (41, 0, 41),
                                             (150, 0, 75)])
def test_many_classes(C, texts, named):
    """Fewer texts in the cells; with very many, a name for every second only."""
    axes = pictures.confusion_matrix_figure(range(C), range(C)).axes[0]
    assert axes.images[0].get_array().shape == (C, C)
    assert len(axes.texts) == texts and len(axes.get_yticklabels()) == named


def test_long_names_do_not_run_into_each_other():
    names = ["a rather long name of a class", "another rather long name", "the third of the names"]
    figure = pictures.confusion_matrix_figure(names, names)
    figure.draw_without_rendering()
    for ticks in (figure.axes[0].get_xticklabels(), figure.axes[0].get_yticklabels()):
        boxes = [tick.get_window_extent() for tick in ticks]
        assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:]))
        assert all(box.x0 >= 0 and box.y0 >= 0 for box in boxes)


@pytest.mark.parametrize("labels, guesses, names, said", [
    ([], [], None, "no labels"), (["a"], [], None, "1 labels and 0 predictions"),
    (["a"], ["b"], ["a"], "'b' is not among the names of the classes, 'a'"),
    (["a"], ["a"], ["a", "a"], "named once")])
def test_labels_that_cannot_be_counted(labels, guesses, names, said):
    with pytest.raises(ValueError, match=said):
        pictures.confusion_matrix_figure(labels, guesses, names)


# ---- reliability ---------------------------------------------------------------------------------

def test_reliability():
    sure = np.array([0.95] * 4 + [0.6] * 2)
    probabilities = np.stack([sure, 1 - sure], axis=1)
    figure = pictures.reliability_figure([0, 0, 0, 1, 0, 1], probabilities)
    above, below = figure.axes
    (model,) = lines_of(above, BLUE)
    assert model.get_xdata() == pytest.approx([0.6, 0.95])
    assert model.get_ydata() == pytest.approx([0.5, 0.75])
    (diagonal,) = lines_of(above, GREY)
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    # Each distance reaches from the diagonal to the dot.
    segments = above.collections[0].get_segments()
    np.testing.assert_allclose(segments, [[(0.6, 0.6), (0.6, 0.5)], [(0.95, 0.95), (0.95, 0.75)]])
    heights = [bar.get_height() for bar in below.containers[0]]
    assert heights == [0, 0, 0, 0, 0, 2, 0, 0, 0, 4]
    places = [bar.get_x() + bar.get_width() / 2 for bar in below.containers[0]]
    assert places == pytest.approx(np.arange(0.05, 1, 0.1))
    assert texts_of(below.texts) == ["", "", "", "", "", "2", "", "", "", "4"]
    assert f"calibration error {(2 * 0.1 + 4 * 0.2) / 6:.3f}" in above.get_title()
    with pytest.raises(ValueError, match="shape"):
        pictures.reliability_figure([0, 1], [0.5, 0.5])


# ---- similarity ----------------------------------------------------------------------------------

def test_similarity(rng):
    pytest.importorskip("scipy")
    gold = np.arange(10.0)
    predicted = gold**2 / 9
    figure = pictures.similarity_scatter_figure(gold, predicted, title="STS")
    (axes,) = figure.axes
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.stack([gold, predicted], 1))
    (identity,) = axes.lines
    assert list(identity.get_xdata()) == list(identity.get_ydata()) == list(axes.get_xlim())
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_title() == (f"STS\nPearson {np.corrcoef(gold, predicted)[0, 1]:.3f}   "
                                f"Spearman 1.000")
    figure = pictures.similarity_scatter_figure(gold, predicted, rng)
    assert "Spearman 1.000 [1.000, 1.000]" in figure.axes[0].get_title()
    with pytest.raises(ValueError, match="10 scores and 9 predictions"):
        pictures.similarity_scatter_figure(gold, predicted[1:])


# ---- entities ------------------------------------------------------------------------------------

def test_entities():
    pytest.importorskip("seqeval")
    tags = [["B-a", "I-a", "O", "B-b"], ["B-a", "O", "O"], ["B-a", "O"]]
    guesses = [["B-a", "I-a", "O", "B-a"], ["B-a", "O", "B-c"], ["O", "O"]]
    names, scores, counts = entity_scores(tags, guesses)
    assert names == ["all", "a", "b", "c"]                        # a: 3 entities, b: 1, c: none
    assert counts.tolist() == [[2, 4, 4], [2, 3, 3], [0, 0, 1], [0, 1, 0]]
    np.testing.assert_allclose(scores, [[1 / 2, 1 / 2, 1 / 2], [2 / 3, 2 / 3, 2 / 3], [0, 0, 0],
                                        [0, 0, 0]])
    figure = pictures.entity_bars_figure(tags, guesses)
    (axes,) = figure.axes
    drawn = {bars.get_label(): [bar.get_width() for bar in bars] for bars in axes.containers}
    assert drawn == {name: pytest.approx(scores[:, column])
                     for column, name in enumerate(("precision", "recall", "F1"))}
    assert texts_of(axes.get_yticklabels()) == ["all\n4 entities", "a\n3 entities", "b\n1 entity",
                                                "c\n0 entities"]
    assert axes.yaxis_inverted()                                  # "all" stands at the top
    assert no_text_upon_another(figure, axes)


def test_entities_are_counted_as_seqeval_counts(rng):
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    tags, guesses = (rng.choice(["O", "B-x", "I-x", "B-y", "I-y"], size=(30, 8)).tolist()
                     for _ in range(2))
    names, scores, counts = entity_scores(tags, guesses)
    theirs = seqeval.precision_recall_fscore_support(tags, guesses, average=None)
    order = [names.index(name) for name in ("x", "y")]
    np.testing.assert_allclose(scores[order].T, theirs[:3])
    np.testing.assert_array_equal(counts[order, 2], theirs[3])
    assert scores[0, 2] == pytest.approx(seqeval.f1_score(tags, guesses))


@pytest.mark.parametrize("tags, guesses, said", [
    ([["O"]], [["O"]], "no entity"), ([["O"], ["O"]], [["O"], []], "Sentence 1 has 1 tags and 0"),
    ([], [], "no sentences"), ([["O"]], [], "1 sentences with tags and 0")])
def test_tags_that_cannot_be_counted(tags, guesses, said):
    pytest.importorskip("seqeval")
    with pytest.raises(ValueError, match=said):
        pictures.entity_bars_figure(tags, guesses)


# ---- translations --------------------------------------------------------------------------------

def test_lengths_are_put_together_until_there_are_enough():
    lengths = [2] * 3 + [3] * 5 + [4] * 6 + [7] * 9 + [9] * 2
    assert length_groups(lengths, 5) == [(2, 3), (4, 4), (7, 9)]       # two of 9 join those of 7
    assert length_groups(lengths, 100) == [(2, 9)]
    assert length_groups(lengths, 1) == [(n, n) for n in (2, 3, 4, 7, 9)]


def test_translations_by_length(rng):
    pytest.importorskip("sacrebleu")
    from albert_np.tasks.metrics import bleu

    right, wrong, half = "我们今天去学校看书", "你好世界这是什么呢", "我们今天去看什么呢"
    lengths = np.array([3] * 4 + [5] * 6)
    guesses = [right] * 3 + [half] + [wrong] * 3 + [half] * 3
    references = [(right,)] * 10
    figure = pictures.translation_lengths_figure(lengths, guesses, references, rng=rng, least=4)
    above, below = figure.axes
    short, long, everything = (bleu(guesses[part], references[part]).value
                               for part in (slice(4), slice(4, 10), slice(10)))
    (curve,) = lines_of(above, BLUE, "o")
    assert curve.get_ydata() == pytest.approx([short, long]) and short > long > 0
    (line,) = lines_of(above, GREY)
    assert line.get_ydata() == pytest.approx([everything] * 2)
    for number, interval in enumerate(lines_of(above, BLUE, "_")):
        low, high = interval.get_ydata()
        assert low < (short, long)[number] < high
    assert [bar.get_height() for bar in below.containers[0]] == [4, 6]
    assert texts_of(below.get_xticklabels()) == ["3", "5"]
    assert no_text_upon_another(figure, above)
    with pytest.raises(ValueError, match="9 lengths and 10 translations"):
        pictures.translation_lengths_figure(lengths[1:], guesses, references)


# ---- baselines -----------------------------------------------------------------------------------

def test_bars_of_baselines():
    figure = pictures.baselines_bars_figure(
        {"trivial": 0.5, "TF-IDF": Figure(0.8, 0.7, 0.85), "none": None,
         "from scratch": (0.75, 0.7, 0.8), "pretrained": Figure(0.9, 0.85, 0.93)}, "accuracy")
    (axes,) = figure.axes
    bars = [bar for container in axes.containers for bar in container]
    assert [bar.get_width() for bar in bars] == [0.5, 0.8, 0.75, 0.9]
    assert [to_hex(bar.get_facecolor()).upper() for bar in bars] == [GREY, GREY, BLUE, ORANGE]
    assert [list(line.get_xdata()) for line in axes.lines] == [[0.7, 0.85], [0.7, 0.8],
                                                               [0.85, 0.93]]
    assert [line.get_ydata()[0] for line in axes.lines] == [1, 2, 3]
    assert texts_of(axes.texts) == ["0.500", "0.800  [0.700, 0.850]", "0.750  [0.700, 0.800]",
                                    "0.900  [0.850, 0.930]"]
    assert texts_of(axes.get_yticklabels()) == ["trivial", "TF-IDF", "from scratch", "pretrained"]
    assert axes.get_xlabel() == "accuracy" and axes.yaxis_inverted()
    assert axes.get_xlim()[0] == 0
    figure.draw_without_rendering()                        # the numbers stand inside the picture
    assert all(text.get_window_extent().x1 <= figure.bbox.x1 for text in axes.texts)


def test_below_zero():
    (axes,) = pictures.baselines_bars_figure({"a": Figure(-0.1, -0.2, 0.1), "b": 0.3}, "r").axes
    assert axes.get_xlim()[0] < -0.2
    assert axes.texts[0].get_text() == "−0.100  [−0.200, 0.100]"


def test_as_many_digits_as_the_largest_needs():
    assert (number_text(0.3), number_text(34.04), number_text(0.3, 34)) == ("0.300", "34.0", "0.3")


@pytest.mark.parametrize("figures, said", [
    ({}, "no test figure"), ({"a": None}, "no test figure"),
    ({"a": "much"}, "a: 'much' is not a number"), ({"a": (1, 2)}, r"a: \(1, 2\) is not a number"),
    ({"a": (1, 0, None)}, "a: .* the two ends"), ({"a": float("nan")}, "a: .* finite"),
    ({"a": (0.5, 0.7, 0.6)}, "a: the interval begins at 0.7, behind its end at 0.6")])
def test_figures_that_cannot_be_drawn(figures, said):
    with pytest.raises(ValueError, match=said):
        pictures.baselines_bars_figure(figures, "accuracy")


def test_an_interval_beside_its_value_is_drawn():
    """The interval of a calibration error can lie above it."""
    assert three_numbers(Figure(0.1, 0.2, 0.3), "a") == (0.1, 0.2, 0.3)


# ---- files ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("plot, arguments", [
    (pictures.plot_learning_curves, ({"比赛 $a$": RUN}, "分 $x$")),
    (pictures.plot_confusion_matrix, (["比赛", "$b$"], ["$b$", "$b$"])),
    (pictures.plot_reliability, ([0, 1], [[0.5, 0.5], [1, 0]])),
    (pictures.plot_similarity_scatter, ([1, 2, 3], [1, 1, 1])),
    (pictures.plot_entity_bars, ([["B-比赛"]], [["B-$b$"]])),
    (pictures.plot_translation_lengths, ([3], ["你好"], [("你好",)])),
    (pictures.plot_baselines_bars, ({"比赛": 0.0, "$b$": 0.0}, "F1"))])
@pytest.mark.filterwarnings("error")
def test_every_picture_is_saved_without_a_warning(tmp_path, without_pixels, plot, arguments):
    """In any writing, and where there is next to nothing to draw."""
    for module in {pictures.plot_similarity_scatter: ["scipy"],
                   pictures.plot_entity_bars: ["seqeval"],
                   pictures.plot_translation_lengths: ["sacrebleu"]}.get(plot, []):
        pytest.importorskip(module)
    path = plot(*arguments, tmp_path / "folder" / "a.png")
    assert path == tmp_path / "folder" / "a.png"
    assert path.read_bytes() == b"the picture"
