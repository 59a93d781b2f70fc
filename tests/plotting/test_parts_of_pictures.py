"""Small parts of the pictures, called directly: means, borders, ticks, names."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from albert_np.plotting import figures, plot_ablation
from albert_np.plotting.figures import draw_references, label_axes, running_mean
from albert_np.plotting.gradients import (_two_lines, plot_depths, plot_error_maps,
                                          plot_steps)
from albert_np.plotting.lettering import _spelled, shortened
from albert_np.plotting.losses import plot_losses
from albert_np.plotting.parameter_sizes import plot_parameters
from albert_np.plotting.runs import _curve, _draw_runs
from albert_np.plotting.search_trials import (Scale, _number, _short, scale_of,
                                              search_figure)
from albert_np.plotting.tasks import (learning_curves_figure, similarity_scatter_figure,
                                      translation_lengths_figure)
from albert_np.plotting.tasks.answer_attention import (_heading, _likeliest, _name_pieces,
                                                         pieces_around)
from albert_np.plotting.tasks.drawing import draw_interval, number_text, run_colours, three_numbers
from albert_np.pretraining.ablation.variants import Ablation, Column
from albert_np.tasks.search import Axis, Option


@pytest.fixture
def saved(monkeypatch):
    """The figures that would be saved."""
    kept = []
    for module in ("ablation", "gradients", "losses", "parameter_sizes"):
        monkeypatch.setattr(f"albert_np.plotting.{module}.save_figure",
                            lambda figure, path: kept.append(figure) or path)
    return kept


def axes():
    return Figure(layout="constrained").subplots()


# ---- means, borders, names -----------------------------------------------------------------------

@pytest.mark.parametrize("N, window", [(1, None), (59, None), (60, None), (180, None), (7, 1),
                                       (30, 4), (5, 100)])
def test_the_mean_of_the_steps_before_each(rng, N, window):
    """At step t of the last t/4, rounded up, as long as these are fewer than the window."""
    values = rng.standard_normal(N)
    width = max(1, N // 60) if window is None else window
    expected = [values[t - min(width, -(-t // 4)):t].mean() for t in range(1, N + 1)]
    assert running_mean(values, window) == pytest.approx(expected)


def test_no_values_have_no_mean():
    assert running_mean(np.array([])).shape == (0,)


def test_reference_lines_are_within_the_borders():
    drawn = axes()
    drawn.set_ylim(0, 10)
    draw_references(drawn, {})
    assert drawn.get_ylim() == (0, 10) and not drawn.lines
    draw_references(drawn, {"middle": 5, "above": 12, "below": -2})
    low, high = drawn.get_ylim()
    assert high == pytest.approx(12.8) and low == pytest.approx(-2 - 0.05 * 12.8)
    assert [text.get_text() for text in drawn.texts] == [
        "middle = 5.00", "above = 12.00", "below = -2.00"]
    assert {line.get_linestyle() for line in drawn.lines} == {"--"}


@pytest.mark.parametrize("grid, shown", [("x", (True, False)), ("y", (False, True)),
                                         ("both", (True, True))])
def test_the_grid_of_labelled_axes(grid, shown):
    drawn = axes()
    label_axes(drawn, "a", "b", "c", grid=grid)
    assert (drawn.get_xlabel(), drawn.get_ylabel(), drawn.get_title()) == ("a", "b", "c")
    assert tuple(axis.get_gridlines()[0].get_visible() for axis in (drawn.xaxis, drawn.yaxis)
                 ) == shown
    label_axes(drawn, title="left", loc="left")
    assert drawn.get_title("left") == "left" and drawn.get_xlabel() == "a"


@pytest.mark.parametrize("text, most, expected", [
    ("a" * 30, 30, "a" * 30), ("a" * 31, 30, "a" * 29 + "…"), (7, 30, "7"), ("ab", 1, "…")])
def test_long_texts_end_in_an_ellipsis(text, most, expected):
    assert shortened([text], most) == [expected]
    assert shortened([text]) == [expected] or most == 1


@pytest.mark.parametrize("name, lines", [
    ("short", "short"), ("a.b.c", "a.b.c"), ("a" * 30, "a" * 30),
    ("encoder.attention.0.self.W", "encoder.\nattention.0.self.W"),
    ("blocks.attention.0.W_query_key", "blocks.attention.0.\nW_query_key"),
    ("embeddings.word.embeddings", "embeddings.\nword.embeddings"),
    ("a" * 11 + "." + "b" * 10, "a" * 11 + "." + "b" * 10),
    ("a" * 11 + "." + "b" * 11, "a" * 11 + ".\n" + "b" * 11)])
def test_long_names_are_broken_near_their_middle(name, lines):
    assert _two_lines(name) == lines


# ---- gradients -----------------------------------------------------------------------------------

def test_of_many_parameters_the_worst_are_drawn(saved):
    errors = {f"params.p{i}": np.full((2, 3), 10.0 ** -i) for i in range(1, 8)}
    plot_error_maps(errors, "x.png", "Errors", limit=6)
    plot_error_maps(errors, "x.png", "Errors", limit=7)
    for figure, count, title in ((saved[0], 6, "Errors (the 6 worst of 7 parameters)"),
                                 (saved[1], 7, "Errors")):
        named = [panel.get_title() for panel in figure.axes if panel.get_title()]
        assert named == [f"p{i}: 1e-0{i}" for i in range(1, count + 1)]
        assert figure._suptitle.get_text() == title


def test_the_best_step_is_named_where_there_is_one(saved):
    """The complex step has none: it only becomes better."""
    steps = np.array([1e-8, 1e-5, 1e-2])
    plot_steps(steps, {"plain": np.array([1e-6, 1e-9, 1e-4]),
                       "centred": np.array([1e-7, 1e-11, 1e-12]),
                       "complex": np.array([1e-16, 1e-16, 1e-13])}, "x.png", "Steps")
    drawn, = saved[0].axes
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == [
        "difference at h, best near h = 1e-05",
        "differences at h and 2h (FD.1), best near h = 1e-02", "complex step (FD.2)"]
    dots = [line for line in drawn.lines if line.get_marker() == "o"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in dots] == [(1e-5, 1e-9),
                                                                         (1e-2, 1e-12)]


def test_what_depths_add(saved):
    plot_depths(np.array([1.0, 2.0]), np.array([[1, -0.65], [-0.65, 1]]), "x.png", "Depths")
    bars, cosines = saved[0].axes[:2]
    assert [patch.get_height() for patch in bars.patches] == [1, 2]
    assert [(text.get_text(), text.get_color()) for text in cosines.texts] == [
        ("1.0", "white"), ("-0.7", "white"), ("-0.7", "white"), ("1.0", "white")]
    assert cosines.images[0].get_clim() == (-1, 1)


# ---- runs ----------------------------------------------------------------------------------------

def test_a_curve_has_the_finite_numbers_of_its_part():
    rows = [{"step": step, "split": split, "loss": loss} for step, split, loss in (
        (1, "train", 0.0), (1, "held-out", 9.0), (2, "train", None), (3, "train", np.nan),
        (4, "train", np.inf), (5, "train", -1.0))] + [{"step": 6, "split": "train"}]
    assert [part.tolist() for part in _curve(rows, "loss", "train")] == [[1, 5], [0, -1]]
    assert [part.tolist() for part in _curve(rows, "loss", "held-out")] == [[1], [9]]
    assert [part.tolist() for part in _curve(rows, "other", "train")] == [[], []]


@pytest.mark.parametrize("value, borders", [
    (0.0, (-1, 1)), (5.0, (4.6, 5.4)), (-5.0, (-5.4, -4.6))])
def test_a_run_that_never_changes_is_in_the_middle(value, borders):
    drawn = axes()
    rows = [{"step": step, "split": "train", "loss": value} for step in (1, 2)]
    _draw_runs(drawn, {"run": rows}, "loss", None)
    assert drawn.get_ylim() == pytest.approx(borders)


@pytest.mark.parametrize("weight, name", [(1.0, "unigram +\nln 2 = 5.69"),
                                          (0.5, "unigram +\n0.5 ln 2 = 5.35")])
def test_the_total_loss_is_compared_with_weighted_references(saved, weight, name):
    rows = [{"step": step, "split": split, "loss": 6.0 - step, "mlm_loss": 5.0, "sop_loss": 0.7}
            for step in (1, 2) for split in ("train", "held-out")]
    plot_losses(rows, "x.png", {"unigram": 5.0}, 2000, weight, "Losses")
    mlm, sop, total = saved[0].axes
    assert [text.get_text() for text in mlm.texts] == ["blind guess,\nln V = 7.60",
                                                       "unigram = 5.00"]
    assert [text.get_text() for text in total.texts] == [name]          # a guess is no reference
    assert saved[0]._suptitle.get_text() == "Losses"
    assert [panel.get_ylabel() for panel in saved[0].axes] == ["loss (nats)", "", ""]
    plot_losses(rows, "x.png")
    assert saved[1]._suptitle is None and not saved[1].axes[0].texts


def test_the_sizes_of_a_model(saved):
    table = [type("Row", (), {"name": name, "parameters": n, "bert": b})
             for name, n, b in (("words", 600_000, 900_000), ("layers", 200_000, 99_999))]
    for rows, unit in ((table, "thousands"), (table * 2, "millions")):
        plot_parameters(rows, "x.png", "Sizes")
        assert saved[-1].axes[0].get_xlabel() == f"parameters ({unit})"
    names = [text.get_text() for text in saved[0].legends[0].get_texts()]
    assert names == ["this model: 800,000 parameters, 3.2 MB",
                     "BERT of the same shape: 999,999 parameters, 4.0 MB"]
    assert [text.get_text() for text in saved[0].axes[1].texts] == [
        "75.0 %", "25.0 %", "90.0 %", "10.0 %"]


# ---- searches ------------------------------------------------------------------------------------

@pytest.mark.parametrize("value, log, text", [
    (0, False, "0"), (0.001, False, "1e-3"), (0.0011, False, "0.0011"), (1e-5, False, "1e-5"),
    (-0.05, False, "-0.05"), (-1e-4, False, "-1e-4"), (16.0, False, "16"), (0.099, True, "9.9e-2"),
    (0.1, True, "0.1"), (123456, False, "123456")])
def test_ticks_as_people_write_them(value, log, text):
    assert _number(value, log) == text


def test_long_values_keep_their_end():
    assert [_short(value) for value in (False, 1, 1.5, "a" * 14, "ab" + "c" * 13)] == [
        "off", "1", "1.5", "a" * 14, "…" + "c" * 13]


def axis(values=None, low=None, high=None, log=False):
    return Axis("x", Option("x", float), values, low, high, log)


def test_the_place_of_a_value_on_its_axis():
    assert [Scale(0, 4, False, None, []).height(x) for x in (0, 1, 4)] == [0, 0.25, 1]
    assert [Scale(1, 100, True, None, []).height(x) for x in (1, 10, 100)] == pytest.approx(
        [0, 0.5, 1])
    assert Scale(3, 3, False, None, []).height(3) == 0.5
    assert Scale(0, 1, False, {"a": 0, "b": 1}, []).height("b") == 1


def test_the_ticks_of_a_list_are_its_values():
    scale = scale_of(axis((8, 2, 4)))
    assert (scale.places, scale.ticks) == ({2: 0, 4: 1, 8: 2}, [(0, "2"), (1, "4"), (2, "8")])
    assert (scale.low, scale.high, scale.log) == (0, 2, False)
    assert scale_of(axis(("b", "a"))).ticks == [(0, "b"), (1, "a")]         # words keep their order
    for count, ticks in ((12, range(12)), (13, range(0, 13, 2)), (24, range(0, 24, 2)),
                         (25, range(0, 25, 3))):
        assert [x for x, _ in scale_of(axis(tuple(range(count)))).ticks] == list(ticks)
    one = scale_of(axis(("only",)))
    assert one.height("only") == 0.5


def test_the_ticks_of_a_range():
    assert scale_of(axis((1, 2, 3), 1, 3)).ticks == [(1, "1"), (2, "2"), (3, "3")]
    eight, nine = (tuple(np.linspace(0, 1, count)) for count in (8, 9))
    assert [x for x, _ in scale_of(axis(eight, 0, 1)).ticks] == list(eight)
    assert [x for x, _ in scale_of(axis(nine, 0, 1)).ticks] != list(nine)
    for low, high, log in (
            (0.0, 1.0, False), (1e-5, 1e-3, True), (1e-6, 1.0, True), (2, 9, False)):
        scale = scale_of(axis(None, low, high, log))
        places = [x for x, _ in scale.ticks]
        assert places == sorted(places) and (places[0], places[-1]) == (low, high)
        assert 3 <= len(places) <= 10 and scale.log == log and scale.places is None
        assert all(0.06 < scale.height(x) < 0.94 for x in places[1:-1])
    assert all(float(x).is_integer() for x, _ in scale_of(axis(None, 2, 9)).ticks)


# ---- tasks ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("first, last, context, most, shown", [
    (5, 6, (4, 20), 70, (4, 20)), (5, 6, (4, 20), 6, (4, 10)), (11, 12, (4, 20), 6, (9, 15)),
    (19, 19, (4, 20), 6, (14, 20)), (11, 11, (4, 20), 1, (11, 12))])
def test_the_surroundings_of_an_answer(first, last, context, most, shown):
    assert pieces_around(first, last, context, most) == shown
    assert ("pieces" in _heading(shown, context)) == (shown != context)


def test_the_heading_counts_from_one():
    assert _heading((6, 9), (4, 20)).endswith(": pieces 3 to 5 of the 16 of the context")


def test_the_likeliest_stretch_lies_in_the_context():
    start, end = np.array([0.9, 0, 0.1, 0.5, 0.2]), np.array([0.9, 0, 0.6, 0.1, 0.3])
    assert _likeliest(start, end, 2, 5) == (3, 4) and _likeliest(start, end, 0, 5) == (0, 0)


@pytest.mark.parametrize("value, largest, text", [
    (0.5, None, "0.500"), (10, None, "10.0"), (9.9996, None, "10.000"), (-10, None, "−10.0"),
    (0.5, 10, "0.5"), (0.5, -12, "0.5"), (34.04, None, "34.0")])
def test_numbers_have_as_many_digits_as_the_largest_needs(value, largest, text):
    assert number_text(value, largest) == text


def test_an_interval_of_length_0_is_one():
    assert three_numbers((0.5, 0.5, 0.5), "x") == (0.5, 0.5, 0.5)
    assert three_numbers(np.float32(0.5), "x") == three_numbers((0.5, None, None), "x") == (
        0.5, None, None)
    for figure in ((0.5, 0.6, 0.4), (0.5, None, 0.6), (0.5, 0.1), "much", (np.nan, None, None),
                   (0.5, -np.inf, 1)):
        with pytest.raises(ValueError, match="^x: "):
            three_numbers(figure, "x")


def test_four_runs_have_four_colours():
    names = ["a", "from scratch", "b", "pretrained"]
    colours = run_colours(names)
    assert len(set(colours)) == 4 and colours[1::2] == [figures.BLUE, figures.ORANGE]
    assert run_colours(["a", "b"]) == [figures.BLUE, figures.ORANGE]
    with pytest.raises(ValueError, match="5 runs cannot be told apart in one picture; at most 4"):
        run_colours("abcde")


@pytest.mark.parametrize("horizontal", [False, True])
def test_an_interval_is_a_line_with_caps(horizontal):
    drawn = axes()
    draw_interval(drawn, 7, None, None, "black", horizontal)
    assert not drawn.lines
    draw_interval(drawn, 7, 0.0, 2.0, "black", horizontal)
    ends = [list(data) for data in drawn.lines[0].get_data()]
    assert ends == ([[0, 2], [7, 7]] if horizontal else [[7, 7], [0, 2]])
    assert drawn.lines[0].get_marker() == ("|" if horizontal else "_")


def test_equal_scores_can_be_drawn():
    drawn = similarity_scatter_figure([3, 3], [3, 3], {"Pearson": 0.0}).axes[0]
    assert drawn.get_xlim() == drawn.get_ylim() == (2, 4)
    assert drawn.get_title() == "Similarity of 2 pairs\nPearson 0.0"


def test_scores_without_an_interval_by_length():
    figure = translation_lengths_figure([(3, 3, 2, 20.0), (4, 6, 1500, (10.0, 5.0, 30.0))], 15.0)
    above, below = figure.axes
    assert [(text.get_text(), text.xy) for text in above.texts] == [
        ("20.0", (0, 20)), ("10.0", (1, 30))]
    assert above.get_title() == "BLEU of 1,502 sentences, by length"
    assert [label.get_text() for label in below.get_xticklabels()] == ["3", "4–6"]


# ---- showing -------------------------------------------------------------------------------------

def test_pyplot_gets_to_know_a_figure_once():
    import matplotlib.pyplot as plt

    before, figure = plt.get_fignums(), Figure()
    figures.show_figure(figure)
    assert plt.gcf() is figure and len(plt.get_fignums()) == len(before) + 1
    figures.show_figure(figure)
    assert plt.gcf() is figure and len(plt.get_fignums()) == len(before) + 1
    plt.close(figure)


# ---- letters, ablations, equal scores ------------------------------------------------------------

def test_a_character_without_a_spelling_becomes_its_code():
    pytest.importorskip("anyascii")
    assert [_spelled(character) for character in "\u0300谁"] == ["U+0300", "Shei"]


def test_names_of_pieces():
    drawn = axes()
    _name_pieces(drawn, ["x", "▁", "▁a", "bc", "$"], (1, 5))
    labels = drawn.get_xticklabels()
    assert [label.get_text() for label in labels] == ["[space]", "a", "bc", r"\$"]
    assert [label.get_rotation() for label in labels] == [90, 0, 90, 0]


@pytest.mark.parametrize("parameters, titles", [
    ((1000, 1000), ["accuracy (%)"]),
    ((1000, 2000), ["accuracy (%)", "parameters (thousands)"])])
def test_equal_sizes_have_no_panel(saved, parameters, titles):
    rows = [{"place": place, "group": "", "parameters": n, "paper": [],
             "figures": {"accuracy": {"values": [0.5, None]}, "loss": {"values": [3.0, 4.0]}}}
            for place, n in zip("ab", parameters)]
    columns = (Column("accuracy", "text", "mlm_accuracy", 0.5), Column("loss", "text", "mlm_loss"))
    plot_ablation(Ablation("x", "X", 1, (), columns, {}, ()), rows, "x.png", "Title")
    assert [panel.get_title() for panel in saved[0].axes] == titles
    assert [text.get_text() for text in saved[0].axes[0].texts] == ["tossing\na coin = 50.00"]
    assert [label.get_text() for label in saved[0].axes[0].get_xticklabels()] == ["a", "b"]
    if len(titles) == 2:
        assert saved[0].axes[1].get_ylim()[0] == 0


def test_a_search_whose_scores_are_all_equal():
    trials = [{"trial": n, "status": "done", "metric": "f1", "score": 0.5, "low": None,
               "high": None, "parameters": {"x": n}} for n in (1, 2)]
    figure = search_figure(trials, [axis((1, 2))], "Search")
    figure.draw_without_rendering()
    told = [text.get_text() for panel in figure.axes for text in panel.texts]
    assert "thick, ringed: the best, trial 1" in told and "x" in told


def test_runs_with_epochs_are_side_by_side():
    """A run that has only losses takes no place among them."""
    figure = learning_curves_figure({
        "a": {"losses": [(1, 0.5), (2, 0.4)]}, "b": {"epochs": [(1, 0.5, None, None)]},
        "c": {"epochs": [(1, 0.6, 0.5, 0.7), (2, 0.6, None, None)]}}, "accuracy")
    losses, epochs = figure.axes
    curves = {line.get_label(): line for line in epochs.lines if line.get_marker() == "o"}
    assert {label: list(line.get_xdata()) for label, line in curves.items()} == {
        "b: best 0.500 in epoch 1": pytest.approx([0.965]),
        "c: best 0.600 in epoch 1": pytest.approx([1.035, 2.035])}
    assert epochs.get_xlim() == (0.5, 2.5)
    assert [text.get_text() for text in losses.get_legend().get_texts()] == ["a"]
