"""What tutorials share: in a hurry or not, where pictures go, and the source they quote."""

import importlib.util

import numpy as np
import pytest
from matplotlib.figure import Figure

from albert_np import functional, lecture
from albert_np.lecture import output_folder, quick, show, source_of


@pytest.mark.parametrize("value, hurry", [(None, False), ("", False), ("0", False), ("1", True),
                                          ("yes", True)])
def test_quick_is_what_the_environment_says(monkeypatch, value, hurry):
    monkeypatch.delenv("ALBERT_NP_QUICK", raising=False)
    if value is not None:
        monkeypatch.setenv("ALBERT_NP_QUICK", value)
    assert quick() is hurry


def test_output_goes_to_the_tutorials_where_there_are_any(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    beside = output_folder().absolute()
    (tmp_path / "tutorials").mkdir()
    assert beside == tmp_path / "output"
    assert output_folder().absolute() == tmp_path / "tutorials" / "output"
    assert not output_folder().exists(), "asking alone makes no folder"


# ---- pictures ------------------------------------------------------------------------------------

@pytest.fixture
def shown(monkeypatch, tmp_path):
    """In an empty folder: how many times something was put on the screen, as a list."""
    import matplotlib.pyplot as plt

    calls = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: calls.append("screen"))
    return calls


def test_a_picture_is_saved_and_its_place_printed(shown, tmp_path, capsys):
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    show(figure, "a-line")
    picture = tmp_path / "output" / "a-line.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == "saved output/a-line.png\n"


@pytest.mark.parametrize("backend, terminal, screens", [
    ("qtagg", True, ["screen"]), ("qtagg", False, []), ("agg", True, []), ("Agg", True, []),
    ("template", True, [])])
def test_a_picture_is_shown_where_somebody_looks(shown, monkeypatch, backend, terminal, screens):
    """Not under a backend without windows, and not from a script that nobody sits at."""
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "get_backend", lambda: backend)
    monkeypatch.setattr(lecture.sys.stdin, "isatty", lambda: terminal, raising=False)
    show(Figure(figsize=(0.1, 0.1)), "dot")
    assert shown == screens


# ---- source --------------------------------------------------------------------------------------

EXAMPLE = '''
def area(a, b):
    r"""An area.

    .. math:: (AREA.1)
    """
    # what AREA.1 and AREA.2 say
    if a > b:
        a = b                   # (AREA.2)
    s = a * b                   # (AREA.1)
    return s + 0 * s            # (AREA.2)


def plain(x):
    return x
'''


@pytest.fixture
def example(tmp_path):
    """A module of two functions, one of them with a docstring that carries a label, too."""
    (tmp_path / "example.py").write_text(EXAMPLE, "utf-8")
    spec = importlib.util.spec_from_file_location("example", tmp_path / "example.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_source_of_a_whole_function_is_without_its_docstring(example):
    assert source_of(example.area).splitlines() == [
        "def area(a, b):", "    # what AREA.1 and AREA.2 say", "    if a > b:",
        "        a = b                   # (AREA.2)", "    s = a * b                   # (AREA.1)",
        "    return s + 0 * s            # (AREA.2)"]
    assert source_of(example.plain) == "def plain(x):\n    return x"


def test_source_of_labels_is_the_lines_that_carry_them(example):
    """In the order asked for; not the equation in the docstring; every line of a label."""
    assert source_of(example.area, "AREA.1") == "s = a * b                   # (AREA.1)"
    assert source_of(example.area, "AREA.1", "AREA.2").splitlines() == [
        "s = a * b                   # (AREA.1)", "    a = b                   # (AREA.2)",
        "return s + 0 * s            # (AREA.2)"]
    assert source_of(example.area, "AREA.1", lines_around=1).splitlines() == [
        "    a = b                   # (AREA.2)", "s = a * b                   # (AREA.1)"]


def test_more_lines_around_than_there_are(example):
    lines = source_of(example.area, "AREA.1", lines_around=5).splitlines()
    assert lines[0] == "def area(a, b):" and lines[-1].endswith("(AREA.1)") and len(lines) == 5


def test_a_label_that_is_not_there_is_named(example):
    with pytest.raises(ValueError, match=r"No line of area carries the label \(AREA.3\)\."):
        source_of(example.area, "AREA.3")


def test_source_of_this_package_can_be_run():
    """What is quoted is the code itself: without its docstring it computes the same."""
    text = source_of(functional.softmax_backward)
    names = dict(vars(importlib.import_module("albert_np.functional.softmax")))
    exec(text, names)
    p, dp = np.array([0.2, 0.3, 0.5]), np.array([1.0, -1.0, 2.0])
    assert '"""' not in text
    np.testing.assert_array_equal(names["softmax_backward"](dp, p),
                                  functional.softmax_backward(dp, p))
