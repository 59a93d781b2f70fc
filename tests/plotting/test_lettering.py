"""Labels in any writing: a font that has the letters, or Latin letters; never an empty box."""

import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from albert_np.plotting import tasks as pictures
from albert_np.plotting.figures import save_figure
from albert_np.plotting.lettering import (NOTE, chinese_or_english, fonts_for,
                                          letter_figure, lettering, note_once)


@pytest.fixture
def fonts(monkeypatch):
    """Matplotlib's own fonts alone; a list to add others to."""
    own = [entry for entry in font_manager.fontManager.ttflist if "mpl-data" in entry.fname]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    # What was found before is kept by matplotlib, too.
    caches = (fonts_for, note_once, font_manager.fontManager._findfont_cached)
    for cache in caches:
        cache.cache_clear()
    yield own
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def chinese_font(fonts, tmp_path):
    """A font with squares for three Chinese characters, and nothing else."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 800), (900, 800), (900, 0)):
        pen.lineTo(corner)
    pen.closePath()
    names = {ord(c): f"uni{ord(c):04X}" for c in "参数量"}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys([".notdef", *names.values()], pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (1000, 100)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Three Hei", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "three.ttf")
    fonts.append(font_manager.FontEntry(fname=str(tmp_path / "three.ttf"), name="Three Hei",
                                        weight=400))
    return "Three Hei"


def test_no_formula_and_no_control_character():
    assert lettering("$a$", "x\ty\n", 7)[0] == [r"\$a\$", "x y ", "7"]


def test_the_font_that_has_the_characters_is_chosen(chinese_font, tmp_path):
    assert lettering("参数 E") == (["参数 E"], ["sans-serif", chinese_font])
    labels = {"x": "参数量"}
    assert chinese_or_english(labels, {"x": "parameters"}) == (labels, ["sans-serif", chinese_font])
    # Drawn in earnest: a missing glyph would warn, which fails this test.
    figure = Figure()
    figure.suptitle("参数 $E$")
    assert save_figure(figure, tmp_path / "a.png").stat().st_size > 1000
    assert figure.get_suptitle() == "参数 $E$"
    assert figure._suptitle.get_fontfamily() == ["sans-serif", chinese_font]


def test_without_a_font_chinese_becomes_pinyin(fonts):
    pytest.importorskip("anyascii", reason="pinyin needs the extra chinese")
    assert lettering("x谁", "参数") == (["xShei", "CanShu"], ["sans-serif"])


def test_without_the_library_it_becomes_a_code(fonts, monkeypatch):
    monkeypatch.setitem(sys.modules, "anyascii", None)
    assert lettering("x谁") == (["xU+8C01"], ["sans-serif"])


def test_the_note_comes_once(fonts):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        lettering("谁")
        warnings.simplefilter("default")                # Python forgets what it has shown
        lettering("参数", "谁")
        letter_figure(Figure().suptitle("损失").figure)
    assert [str(one.message) for one in caught] == [NOTE]
    assert "install" in NOTE and "pinyin" in NOTE


def test_labels_of_a_picture_are_all_in_one_language(fonts):
    chinese, english = {"x": "参数", "y": "L"}, {"x": "parameters", "y": "L"}
    assert chinese_or_english(chinese, english) == (english, ["sans-serif"])


def test_a_text_that_was_written_without_care_has_no_box_either(fonts, tmp_path):
    """Every picture is saved by save_figure, and a missing glyph would warn there."""
    figure = Figure()
    axes = figure.subplots()
    axes.set_title("参数 $\\lambda$\nnext line")
    axes.plot([0, 1], label="损失")
    axes.legend()
    save_figure(figure, tmp_path / "a.png")
    texts = [axes.get_title(), axes.get_legend().get_texts()[0].get_text()]
    assert all(text.isascii() for text in texts)
    assert texts[0].endswith(" $\\lambda$\nnext line")


def test_pieces_of_an_answer_without_a_font(fonts, tmp_path):
    pieces = ["[CLS]", "▁who", "?", "[SEP]", "谁", "比赛", "$", "[SEP]"]
    start = np.full(8, 1 / 8)
    attention = np.full((2, 8, 8), 1 / 8)
    path = pictures.plot_answer_attention(pieces, start, start, attention, (4, 7),
                                          tmp_path / "a.png", answer=(4, 5))
    assert path.read_bytes().startswith(b"\x89PNG")
    figure = pictures.answer_attention_figure(pieces, start, start, attention, (4, 7))
    labels = figure.axes[1].get_xticklabels()
    assert all(label.get_text().isascii() for label in labels)
    assert [label.get_rotation() for label in labels] == [90, 90, 0]


def test_another_font_of_matplotlib_helps_out(tmp_path):
    """Circled letters are not in matplotlib's own font, but some are in STIX, which it brings."""
    from matplotlib.font_manager import findfont, get_font

    own, stix = (get_font(findfont(name)).get_charmap() for name in ("DejaVu Sans", "STIXGeneral"))
    only_stix = sorted(set(stix) - set(own))
    character = next(chr(c) for c in only_stix if chr(c).isprintable())
    (text,), fonts = lettering(f"a{character}")
    assert text == f"a{character}" and fonts[0] == "sans-serif" and len(fonts) == 2
    # Saved in earnest, without a warning (which would fail this test).
    path = pictures.plot_baselines_bars({text: 0.5}, text, tmp_path / "a.png", title=text)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_font_that_cannot_be_read_is_passed_over(fonts, tmp_path, monkeypatch):
    broken = tmp_path / "CJK.ttf"
    broken.write_bytes(b"no font")
    fonts.append(font_manager.FontEntry(fname=str(broken), name="Broken CJK"))
    monkeypatch.setitem(sys.modules, "anyascii", None)
    assert lettering("x谁") == (["xU+8C01"], ["sans-serif"])


def test_a_font_that_has_only_boxes_is_not_chosen(chinese_font, fonts):
    fonts[-1] = replace(fonts[-1], name="Last Resort")
    assert not lettering("参数")[0][0].startswith("参")
