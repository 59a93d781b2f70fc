"""The picture of an answer: probabilities, attention, and labels in any writing."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as MatplotlibFigure

from albert_np.plotting import tasks as pictures
from albert_np.plotting.figures import BLUE
from albert_np.plotting.tasks.answer_attention import pieces_around


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


def texts_of(ticks):
    return [tick.get_text() for tick in ticks]


# ---- attention of an answer ----------------------------------------------------------------------

PIECES = ["[CLS]", "▁who", "▁won", "?", "[SEP]", "▁in", "▁2016", "▁the", "▁bronco", "s", "▁", "$",
          "[SEP]", "<pad>"]


def an_answer(rng, pieces=PIECES, context=(5, 12), answer=(8, 9), A=3):
    T = len(pieces)
    start, end = rng.random((2, T)) / (2 * T)
    start[answer[0]] += 0.5
    end[answer[1]] += 0.5
    attention = rng.random((A, T, T))
    return pieces, start, end, attention / attention.sum(axis=-1, keepdims=True), context


def test_the_attention_of_an_answer(rng):
    pieces, start, end, attention, context = an_answer(rng)
    figure = pictures.answer_attention_figure(pieces, start, end, attention, context)
    above, middle, below, _ = figure.axes
    bars = {bars.get_label(): bars for bars in above.containers}
    for name, probabilities in (("start", start), ("end", end)):
        assert [bar.get_height() for bar in bars[name]] == pytest.approx(probabilities[5:12])
    assert to_hex(bars["start"][0].get_facecolor()).upper() == BLUE
    # The mean over the pieces 8 and 9, the likeliest answer.
    looks = attention[:, 8:10].mean(axis=1)
    np.testing.assert_allclose(middle.images[0].get_array(), looks[:, 5:12])
    np.testing.assert_allclose(below.images[0].get_array(), looks[:, 1:4])
    assert middle.images[0].get_clim() == below.images[0].get_clim()        # one scale of colours
    assert [line.get_xdata()[0] for line in middle.lines] == [7.5, 9.5]
    assert texts_of(middle.get_xticklabels()) == ["in", "2016", "the", "bronco", "s", "[space]",
                                                   r"\$"]
    assert middle.get_xticks().tolist() == list(range(5, 12))
    assert [label.get_rotation() for label in middle.get_xticklabels()] == [90] * 4 + [0, 90, 0]
    assert texts_of(below.get_xticklabels()) == ["who", "won", "?"]
    assert f"{100 * looks[:, 5:12].sum(axis=1).mean():.0f} %" in middle.get_title(loc="left")
    assert f"{100 * looks[:, 1:4].sum(axis=1).mean():.0f} %" in below.get_title(loc="left")
    assert figure._suptitle.get_text() == "who won?"


def test_the_legend_covers_no_bar(rng):
    pieces, start, end, attention, context = an_answer(rng)
    start[:], end[:] = 0.5, 0.25                                       # high bars everywhere
    figure = pictures.answer_attention_figure(pieces, start, end, attention, context)
    figure.draw_without_rendering()
    above = figure.axes[0]
    top = above.transData.transform((0, 0.5))[1]
    assert above.get_legend().get_window_extent().y0 > top


def test_an_answer_that_is_given(rng):
    case = an_answer(rng)
    figure = pictures.answer_attention_figure(*case, answer=(6, 6))
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), case[3][:, 6, 5:12])


def test_an_end_before_its_start_is_not_the_likeliest(rng):
    pieces, start, end, attention, context = an_answer(rng, answer=(9, 6))
    figure = pictures.answer_attention_figure(pieces, start, end, attention, context)
    first, last = (line.get_xdata()[0] for line in figure.axes[1].lines)
    assert first < last


def test_of_a_long_context_the_surroundings_of_the_answer_are_drawn(rng):
    pieces = ["[CLS]", "q", "[SEP]", *(f"▁w{i}" for i in range(100)), "[SEP]"]
    case = an_answer(rng, pieces, (3, 103), (50, 51))
    figure = pictures.answer_attention_figure(*case, most=20)
    above, middle = figure.axes[:2]
    assert texts_of(middle.get_xticklabels()) == [f"w{i}" for i in range(38, 58)]   # piece 50: w47
    assert [bar.get_height() for bar in above.containers[0]] == pytest.approx(case[1][41:61])
    assert "pieces 39 to 58 of the 100" in above.get_title(loc="left")
    # At either end of the context nothing is lost, and no more is drawn.
    assert [pieces_around(i, i, (3, 103), 20) for i in (3, 102)] == [(3, 23), (83, 103)]
    assert pieces_around(5, 5, (3, 10), 20) == (3, 10)


def change(case, place, value):
    return [value if i == place else part for i, part in enumerate(case)]


@pytest.mark.parametrize("place, value, said", [
    (1, np.ones(3), r"start must have the shape \(T,\) with T = 14, .* not \(3,\)"),
    (2, np.ones((14, 1)), r"end must have the shape"),
    (3, np.ones((14, 14)), r"attention must have the shape \(A, T, T\)"),
    (4, (5, 15), "context, from piece 5 up to piece 15"),
    (4, (1, 4), "must have a question before it"),
    (4, (9, 9), "context, from piece 9 up to piece 9")])
def test_shapes_that_do_not_fit(rng, place, value, said):
    with pytest.raises(ValueError, match=said):
        pictures.answer_attention_figure(*change(an_answer(rng), place, value))


@pytest.mark.parametrize("answer", [(4, 6), (8, 7), (10, 12)])
def test_an_answer_outside_of_the_context(rng, answer):
    with pytest.raises(ValueError, match=f"from piece {answer[0]} to piece {answer[1]}, does not"):
        pictures.answer_attention_figure(*an_answer(rng), answer=answer)
