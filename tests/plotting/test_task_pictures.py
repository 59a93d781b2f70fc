"""Pictures of the tasks: what is drawn is what was given, in any writing, or one sentence says why
not.
"""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as MatplotlibFigure

from albert_np.plotting import tasks as pictures
from albert_np.plotting.figures import BLUE, GREEN, GREY, ORANGE, label_axes
from albert_np.plotting.tasks.drawing import number_text, run_colours, three_numbers
from albert_np.tasks.metrics import Figure


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


@pytest.mark.parametrize("epochs", [1, 2, 3, 10])
def test_epochs_are_whole_and_legends_cover_no_value(epochs):
    run = {"losses": [(1, 5.0), (2, 6.0)],
           "epochs": [(epoch, 0.5, None, None) for epoch in range(1, epochs + 1)]}
    figure = pictures.learning_curves_figure({"a": run, "b": run}, "F1")
    figure.draw_without_rendering()
    for axes, shown in zip(figure.axes, ([1, 2], list(range(1, epochs + 1)))):
        low, high = axes.get_xlim()
        assert [tick for tick in axes.get_xticks() if low <= tick <= high] == shown
        assert axes.get_legend().get_window_extent().y1 < axes.get_window_extent().y0


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
    counts = [[1, 1, 0], [2, 6, 0], [0, 0, 0]]
    axes = pictures.confusion_matrix_figure(counts, ["spam", "ham", "other"]).axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(),
                               [[1 / 2, 1 / 2, 0], [2 / 8, 6 / 8, 0], [0, 0, 0]])
    assert texts_of(axes.texts) == ["1\n50 %", "1\n50 %", "0\n0 %", "2\n25 %", "6\n75 %", "0\n0 %",
                                    "0\n–", "0\n–", "0\n–"]
    assert [text.get_position() for text in axes.texts[:2]] == [(0, 0), (1, 0)]   # row: true label
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert texts_of(ticks) == ["spam", "ham", "other"]


@pytest.mark.parametrize("C, texts, named", [(12, 144, 12), (13, 13, 13), (41, 0, 41),
                                             (150, 0, 75)])
def test_many_classes(C, texts, named):
    """Fewer texts in the cells; with very many, a name for every second only."""
    axes = pictures.confusion_matrix_figure(np.eye(C, dtype=int), range(C)).axes[0]
    assert axes.images[0].get_array().shape == (C, C)
    assert len(axes.texts) == texts and len(axes.get_yticklabels()) == named


def test_names_that_would_not_fit_into_the_picture_are_shortened():
    """matplotlib would warn that there is no room left."""
    names = ["bad" * 10_000, "good"]
    for figure in (pictures.confusion_matrix_figure(np.eye(2, dtype=int), names),
                   pictures.entity_bars_figure([(name, 1.0, 1.0, 1.0, 3) for name in names])):
        figure.draw_without_rendering()
        labels = texts_of(figure.axes[0].get_yticklabels())
        assert labels[0].split("\n")[0] == "bad" * 9 + "ba…" and labels[1].startswith("good")


def test_long_names_do_not_run_into_each_other():
    names = ["a rather long name of a class", "another rather long name", "the third of the names"]
    figure = pictures.confusion_matrix_figure(np.eye(3, dtype=int), names)
    figure.draw_without_rendering()
    for ticks in (figure.axes[0].get_xticklabels(), figure.axes[0].get_yticklabels()):
        boxes = [tick.get_window_extent() for tick in ticks]
        assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:]))
        assert all(box.x0 >= 0 and box.y0 >= 0 for box in boxes)


def test_counts_without_names():
    with pytest.raises(ValueError, match=r"shape \(C, C\) with C = 3, .* not \(2, 2\)"):
        pictures.confusion_matrix_figure([[1, 2], [3, 4]], "abc")


# ---- reliability ---------------------------------------------------------------------------------

def test_reliability():
    nan = float("nan")
    bins = ([0, 0, 0, 0, 0, 2, 0, 0, 0, 4], [nan] * 5 + [0.6] + [nan] * 3 + [0.95],
            [nan] * 5 + [0.5] + [nan] * 3 + [0.75])
    figure = pictures.reliability_figure(bins, Figure(1 / 6))
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
    assert above.get_title() == "Reliability\nexpected calibration error 0.167"


# ---- similarity ----------------------------------------------------------------------------------

def test_similarity():
    gold = np.arange(10.0)
    predicted = gold**2 / 9
    figure = pictures.similarity_scatter_figure(
        gold, predicted, {"Pearson": Figure(0.5, 0.4, 0.6), "Spearman": Figure(1)}, title="STS")
    (axes,) = figure.axes
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.stack([gold, predicted], 1))
    (identity,) = axes.lines
    assert list(identity.get_xdata()) == list(identity.get_ydata()) == list(axes.get_xlim())
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_title() == "STS\nPearson 0.500 [0.400, 0.600]   Spearman 1.000"


# ---- entities ------------------------------------------------------------------------------------

def test_entities():
    scores = [("all", 0.5, 0.6, 0.7, 4), ("a", 0.2, 0.3, 0.4, 3), ("b", 0, 0, 0, 1),
              ("c", 0, 0, 0, 0)]
    figure = pictures.entity_bars_figure(scores)
    (axes,) = figure.axes
    drawn = {bars.get_label(): [bar.get_width() for bar in bars] for bars in axes.containers}
    assert drawn == {"precision": [0.5, 0.2, 0, 0], "recall": [0.6, 0.3, 0, 0],
                     "F1": [0.7, 0.4, 0, 0]}
    assert texts_of(axes.get_yticklabels()) == ["all\n4 entities", "a\n3 entities", "b\n1 entity",
                                                "c\n0 entities"]
    assert axes.yaxis_inverted()                                  # "all" stands at the top
    assert no_text_upon_another(figure, axes)


# ---- translations --------------------------------------------------------------------------------

def test_translations_by_length():
    groups = [(3, 3, 4, Figure(80, 70, 90)), (5, 7, 6, (20, 10, 30)), (9, 9, 1, 25)]
    figure = pictures.translation_lengths_figure(groups, Figure(40.5))
    above, below = figure.axes
    (curve,) = lines_of(above, BLUE, "o")
    assert curve.get_ydata().tolist() == [80, 20, 25]
    (line,) = lines_of(above, GREY)
    assert line.get_ydata() == [40.5, 40.5] and line.get_label() == "all sentences: 40.5"
    assert [list(line.get_ydata()) for line in lines_of(above, BLUE, "_")] == [[70, 90], [10, 30]]
    assert texts_of(above.texts) == ["80.0", "20.0", "25.0"]
    assert above.get_title() == "BLEU of 11 sentences, by length"
    assert [bar.get_height() for bar in below.containers[0]] == [4, 6, 1]
    assert texts_of(below.get_xticklabels()) == ["3", "5–7", "9"]
    assert no_text_upon_another(figure, above)


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


# ---- axes ----------------------------------------------------------------------------------------

def test_names_of_axes_are_no_formulas():
    axes = MatplotlibFigure().subplots()
    label_axes(axes, "$x$", "a\tb", "two\nlines of $n$")
    assert (axes.get_xlabel(), axes.get_ylabel()) == (r"\$x\$", "a b")
    assert axes.get_title() == "two\nlines of \\$n\\$"


# ---- files ---------------------------------------------------------------------------------------

PICTURES = [
    (pictures.plot_learning_curves, ({"比赛 $a$": RUN}, "分 $x$")),
    (pictures.plot_confusion_matrix, ([[0, 1], [0, 1]], ["比赛", "$b$"])),
    (pictures.plot_reliability, (([1], [0.5], [1.0]), 0.5)),
    (pictures.plot_similarity_scatter, ([1, 2, 3], [1, 1, 1], {"$r$": 0.5})),
    (pictures.plot_entity_bars, ([("比赛", 0, 0, 0, 0), ("$b$", 0, 0, 0, 0)],)),
    (pictures.plot_translation_lengths, ([(3, 3, 1, 0)], 0)),
    (pictures.plot_baselines_bars, ({"比赛": 0.0, "$b$": 0.0}, "分"))]


def test_every_picture_is_in_the_list():
    tried = {plot.__name__ for plot, _ in PICTURES} | {"plot_answer_attention"}      # its own file
    assert tried == {name for name in pictures.__all__ if name.startswith("plot_")}


@pytest.mark.parametrize("plot, arguments", PICTURES)
def test_every_picture_is_saved_without_a_warning(tmp_path, without_pixels, plot, arguments):
    """In any writing (but for the note that no font has it), or with next to nothing to draw."""
    path = plot(*arguments, tmp_path / "folder" / "a.png")
    assert path == tmp_path / "folder" / "a.png"
    assert path.read_bytes() == b"the picture"
