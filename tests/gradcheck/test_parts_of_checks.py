"""Small parts of the gradient checks and of the traces, called directly."""

from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.gradcheck.compare_gradients import check_directions, check_inputs_of
from albert_np.gradcheck.contract import (_kind, _nearby, _same, _size, float_arrays, leaves,
                                          typical_size)
from albert_np.gradcheck.differences import HAS_EXTENDED, cast_floats, relative_error
from albert_np.gradcheck.equation_pages import _heading, _indent, either, no_such_equation
from albert_np.gradcheck.gradient_report import GradientReport, name_of
from albert_np.gradcheck.likely_mistakes import likely_mistakes
from albert_np.gradcheck.one_check import GradientCheck, bound_of, faults, small_config
from albert_np.gradcheck.report import depth_contributions, errors_by_step, find_check
from albert_np.gradcheck.tracing.compare_traces import _look_alike, differences
from albert_np.gradcheck.tracing.example_check import _anew, _named
from albert_np.gradcheck.tracing.examples import Trace
from albert_np.gradcheck.tracing.function_lines import functions_of
from albert_np.gradcheck.tracing.line_trace import (Call, Row, Value, Visit, _is_known, _Leaf,
                                                    _leaves)
from albert_np.gradcheck.tracing.trace_page import _arrays, _code, _fit, show_numbers, told

RIGHT = np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 9.0]])


# ---- kinds of mistakes ---------------------------------------------------------------------------

def changed(*places):
    """The right gradient, with 7 more at some places."""
    array = RIGHT.copy()
    for place in places:
        array[place] += 7
    return array


@pytest.mark.parametrize("gradient, sentences", [
    (RIGHT, []), (RIGHT * (1 + 1e-7), []), (RIGHT * 0, ["the gradient is 0 everywhere"]),
    (changed((0, 0)), ["1 of 6 entries are wrong"]),
    (changed((0, 0), (0, 1), (1, 2)), ["3 of 6 entries are wrong"]),
    (changed((1, 0), (1, 1), (1, 2)),
     ["3 of 6 entries are wrong (index 1 of axis 0): each row is off by a constant: a mean or a "
      "sum over the last axis is missing"]),
    (changed((0, 1), (1, 1)), ["2 of 6 entries are wrong (index 1 of axis 1)"]),
    (RIGHT + [[1.0], [2.0]], ["each row is off by a constant: a mean or a sum over the last axis "
                              "is missing"]),
    (RIGHT[::-1], ["the right numbers stand in the wrong places: an axis or an index is permuted"]),
    (RIGHT * [[1, 1, 0], [1, 1, 1]], ["1 of 6 entries are wrong: entries are 0 that should not be: "
                                      "a term, a row or a masked place is missing"]),
    (RIGHT / 7**0.5, ["every entry is 1/sqrt(7) times the right one"]),
    (-RIGHT / 3, ["every entry is -1/3 (3 is the length of axis 1 of the gradient) times the right "
                  "one"]),
    (RIGHT * 2, ["every entry is 2 times the right one"]),           # axis 0 has 2 rows by chance
    (RIGHT * 1.2345, ["every entry is 1.2345 times the right one"])])
def test_what_a_wrong_gradient_looks_like(gradient, sentences):
    assert likely_mistakes(gradient, RIGHT) == sentences


def test_a_factor_of_1_is_none():
    [sentence] = likely_mistakes(RIGHT + [[0, 0, 0], [0, 0, 9.0005e-5]], RIGHT)
    assert "1 of 6 entries are wrong" in sentence and "times the right one" not in sentence


def test_two_columns_are_no_rows_with_a_mean():
    """Of two entries one could always say so."""
    right = np.array([[1.0, 2.0], [3.0, 5.0]])
    assert "constant" not in " ".join(likely_mistakes(right + [[7.0], [1.0]], right))


@pytest.mark.parametrize("floor, said", [
    (0.0, "every entry is 2 times the right one"),
    (1e9, "the output does not depend on this array: the right gradient is 0")])
def test_slopes_below_the_floor_count_as_0(floor, said):
    slopes = np.array([1e-3, 2e-3, 5e-3])
    assert likely_mistakes(2 * slopes, slopes, floor=floor)[0].startswith(said)
    assert likely_mistakes(slopes, 0 * slopes, name="dx") == ["the right dx is 0 everywhere"]


def test_nothing_that_was_compared_is_like_nothing():
    assert likely_mistakes(RIGHT, RIGHT * np.nan) == []
    some = np.where([[1, 0, 1], [0, 1, 1]], RIGHT, np.nan)
    assert likely_mistakes(-RIGHT, some) == ["the sign is wrong"]


# ---- numbers of a check --------------------------------------------------------------------------

@pytest.mark.parametrize("array, size", [([0.0, -3.0, 1.0, 2.0], 2.0), ([0.0, 0.0], 1.0),
                                         ([], 1.0), ([-5.0], 5.0)])
def test_the_typical_entry(array, size):
    assert typical_size(np.array(array)) == size


def test_every_entry_is_moved_by_a_percent(rng):
    array = np.array([0.0, 1.0, -100.0])
    moved = _nearby(array, rng)
    assert moved[0] == 0 and (np.sign(moved) == np.sign(array)).all()
    assert (0 < np.abs(moved - array)[1:]).all() and (np.abs(moved - array) <= 0.01 * np.abs(
        array)).all()
    zeros = _nearby(np.zeros(5), rng)
    assert zeros.all() and np.abs(zeros).max() <= 0.01                 # or nothing would move


def test_the_size_of_what_is_subtracted():
    here, there = np.array([3.0, 5.0, -np.inf]), np.array([-4.0, 5.0, -np.inf])
    assert _size(here, there, np.array([1.0, 1.0, 1.0])) == 4
    assert _size([here[:1]] * 2, [there[:1]] * 2, [np.array([3.0])] * 2) == pytest.approx(
        12 * 2**0.5)
    with pytest.raises(ValueError, match="no output changes if all inputs are moved by one perc"):
        _size(here, here, np.ones(3))


def test_results_that_are_the_same_but_for_rounding():
    one = np.array([1.0, np.nan, np.inf, 1e-30])
    assert _same(one, one * (1 + 1e-13)) and not _same(one, one * (1 + 1e-9))
    assert not _same(one, one[:3]) and _same(np.zeros(2), np.zeros(2))


def test_leaves_of_trees():
    tree = {"a": [np.ones(1), np.arange(2)], "b": 2.0, "c": np.ones(1, complex)}
    assert list(leaves(tree)) == [("a", 0), ("a", 1), ("b",), ("c",)]
    assert list(float_arrays(tree)) == [("a", 0), ("b",), ("c",)]
    copied = cast_floats(tree, np.complex128)
    assert copied["a"][0].dtype == complex and copied["a"][1].dtype == tree["a"][1].dtype
    assert copied["a"][1] is not tree["a"][1]


def test_things_by_their_kind():
    assert [_kind(thing) for thing in ((1, 2, 3), np.ones((2, 3)), {}, None)] == [
        "a tuple of 3", "an array of shape (2, 3)", "dict", "NoneType"]


@pytest.mark.parametrize("pair, floor, error", [
    ((0.0, 0.0), 1e-300, 0.0), ((3.0, 1.0), 1e-300, 0.5), ((3.0, 1.0), 8.0, 0.25),
    ((np.nan, 1.0), 1.0, np.inf), ((np.inf, np.inf), 1.0, np.inf)])
def test_relative_errors(pair, floor, error):
    assert relative_error(*pair, floor) == error


@pytest.mark.parametrize("path, name", [
    ((), ""), (("a", 0), "a.0"), ((0, "a"), "0.a"), (("a", "0"), "a['0']"), (("",), "['']"),
    (("a[b",), "['a[b']"), ((True,), "[True]"), ((1.5,), "[1.5]")])
def test_names_of_paths(path, name):
    assert name_of(path) == name


def test_reports_in_a_sentence():
    right = GradientReport(("W",), 1e-9, (0, 1), 1.0, 1.0, 6, 1.0)
    assert str(right) == ("W[0, 1]: backward says 1, forward says 1, relative error 1.0e-09")
    wrong = GradientReport(("W",), 1.0, ("direction",), 1.0, -1.0, 6, 1.0, 0.0, RIGHT, RIGHT)
    assert wrong.likely_mistakes == ["the 6 entries that were compared agree, another one does "
                                     "not: compare all of them with entries=None"]
    assert GradientReport(("W",), np.nan, (0,), 1.0, 1.0, 1, 1.0, 0.0, RIGHT, RIGHT
                          ).likely_mistakes == []
    assert str(GradientReport(("W",), 1.0, (0,), 1.0, -1.0, 1, 1.0, 0.0, -RIGHT, RIGHT)).endswith(
        "; the sign is wrong")


def test_bounds_of_the_methods():
    check = GradientCheck("x", None, None, None)
    assert [bound_of(check, method) for method in ("centred", "complex", "extended")] == [
        1e-7, pytest.approx(1e-13), pytest.approx(1e-13)]
    reports = [GradientReport(("W",), error, (0,), 0.0, 0.0, 1, 1.0)
               for error in (1e-7, 1.1e-7, np.nan)]
    assert faults(check, reports) == reports[1:] and faults(check, reports, "complex") == reports


def test_a_component_by_its_name_or_a_piece_of_it():
    assert find_check()[0].component == "encoder_layer"
    check, remarks = find_check("layer_norm")
    assert check.component == "layer_norm" and len(remarks) <= 1
    with pytest.raises(ValueError, match="no component's name contains 'nowhere'"):
        find_check("nowhere")


def test_depths_of_another_configuration():
    norms, cosines = depth_contributions(2)
    assert norms.shape == (2,) and np.diag(cosines) == pytest.approx(1)
    assert (depth_contributions(2, seed=1)[0] != norms).all()
    assert (depth_contributions(2, config=small_config(hidden_act="relu"))[0] != norms).all()
    part = depth_contributions(2, part="attention.")[0]
    assert (part < norms).all() and part.all()


def test_errors_by_step_can_be_drawn_with_a_logarithm():
    """A slope that is exactly right has the error 1e-17."""
    check = GradientCheck("double", lambda inputs: (2 * inputs["x"], None),
                          lambda inputs, dy, cache: {"x": 2 * dy}, {"x": np.array([1.0, 2.0])})
    steps, curves = errors_by_step(check)
    assert steps[[0, -1]] == pytest.approx([1e-12, 0.1]) and set(curves) == {
        "plain", "centred", "complex"}
    assert min(errors.min() for errors in curves.values()) >= 1e-17
    assert curves["complex"].max() < 1e-15 < curves["plain"].max()


@pytest.mark.parametrize("method", ["complex", pytest.param("extended", marks=pytest.mark.skipif(
    not HAS_EXTENDED, reason="long double has no more digits"))])
def test_directions_of_a_function_that_is_not_analytic(method):
    def check(**step):
        return check_directions(lambda inputs: (np.abs(inputs["x"]) + 1e-3 * inputs["x"], None),
                                lambda inputs, dy, cache: {"x": dy * (np.sign(inputs["x"]) + 1e-3)},
                                {"x": np.array([1.0, -2.0])}, method=method, **step)

    with pytest.raises(ValueError, match="the function is not analytic here"):
        check()
    assert check(step=1e-30).error > 0.1                       # a given step is not changed


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_outputs_of_few_digits_are_refused(dtype):
    with pytest.raises(ValueError, match=f"forward returns y as {np.dtype(dtype)}, though its inp"):
        check_inputs_of(lambda inputs: (inputs["x"].astype(dtype), None),
                        lambda inputs, dy, cache: {"x": dy}, {"x": np.ones(2)})


# ---- equations -----------------------------------------------------------------------------------

LABELS = ["LN.1", "LN.2", "SM.1", *(f"ENC.{i}" for i in range(1, 12))]


@pytest.mark.parametrize("wanted, hint", [
    ("LN.9", "did you mean LN.1 or LN.2?"), ("SM.7", "did you mean SM.1?"),
    ("XXXXX", "--list shows all labels"), ("ENC.99", "did you mean ENC.9 or ENC.11 or ENC.10?")])
def test_labels_that_were_perhaps_meant(wanted, hint):
    sentence = no_such_equation(f"({wanted})", wanted, LABELS)
    assert sentence.startswith(f"there is no equation '({wanted})'; ")
    if wanted != "ENC.99":
        assert sentence.endswith(hint)
    else:                                  # of a large family only those that are nearly the same
        assert sentence.count("ENC.") == 4


def test_lists_headings_and_blocks():
    assert [either(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == [
        "a", "a or b", "a, b or c"]
    assert _heading("ab") == ["ab", "--"] and _heading("推a") == ["推a", "---"]
    assert _indent("a\n\n b") == "    a\n\n     b"


# ---- traces --------------------------------------------------------------------------------------

def value(name, numbers=(1.0,), also=(), dtype=float):
    array = np.array(numbers, dtype)
    return Value(name, array.shape, str(array.dtype), array, also)


def test_what_is_printed_of_a_line():
    named, inner, params = value("dx"), value("cache[0]"), value("params.W")
    assert told([named, inner]) == [named] == told([value('grads["W"]'), named])
    assert [each.name for each in told([value("return[0]"), inner])] == ["return[0]"]
    assert told([inner, params]) == [] and told([value('grads["W"]')])[0].name == 'grads["W"]'


def test_six_arrays_are_printed_and_the_others_counted():
    assert len(_arrays([value("x")] * 6, 100)) == 6
    assert _arrays([value("x")] * 8, 100)[-1].strip() == "and 2 more arrays"
    line, = _arrays([value("x", also=("y", "a[0]"))], 100)
    assert line.strip() == "x (1,), which is y  [1]"
    assert _arrays([value("n", 3, dtype=int)], 100) == [f"{'':8}n ()  3"]
    assert _arrays([value("i", [3], dtype=np.int64)], 100) == [f"{'':8}i (1,) int64  [3]"]


def test_large_arrays_are_abbreviated():
    assert "..." not in show_numbers(np.arange(40.0)) and "..." in show_numbers(np.arange(41.0))
    assert show_numbers(np.array([1 / 3, -2.0])) == "[0.333333       -2]"


def test_lines_that_are_too_long_lose_their_comment():
    assert _fit("a = b      # c", 20) == "a = b  # c"
    assert _fit("a = b  # long comment", 10) == "a = b"
    assert _fit("a" * 20, 10) == "aaaaaaa..." and _fit("a" * 10, 10) == "a" * 10
    row = Row(12, "        x = f(\n            y)", (), (), "", ())
    assert _code(row, 100) == ["  12      x = f(", "              y)"]


def call(*values, function="f"):
    """A call of one line that runs once for each tuple of values."""
    return Call(function, "file.py", 1, (Row(2, "x", (), (), "", tuple(
        Visit(step, tuple(each)) for step, each in enumerate(values))),))


def trace(*calls):
    return Trace("f", "file.py", "", {}, (), (), calls)


def test_values_are_compared_by_how_often_they_were_made():
    one = trace(call([value("x", 1.0)], [value("x", 2.0)], [value("x", 3.0)]))
    same = trace(call([value("x", 1.0)], [value("x", 2.0)], [value("x", 3.0)]))
    assert differences(one, same) == []
    fewer = trace(call([value("x", 1.0)], [value("x", 3.0)]))
    found = differences(one, fewer)
    assert [(d.before.value.item(), d.after.value.item()) for d in found] == [(2.0, 3.0)]
    assert [d.after for d in differences(one, trace(call([value("y", 1.0)])))] == [None] * 3
    assert [(d.call, d.line, d.function) for d in differences(
        trace(call(), call([value("x", 1.0)])), trace(call(), call([value("x", 2.0)])))] == [
        (1, 2, "f")]


def test_numbers_that_look_alike():
    assert _look_alike(value("x", [1.0, np.nan]), value("y", [1.0 + 1e-8, np.nan]))
    assert not _look_alike(value("x", [1.0]), value("x", [1.0 + 1e-5]))
    assert not _look_alike(value("x", [1.0]), value("x", [1], dtype=int))
    assert not _look_alike(value("x", [1.0]), value("x", [[1.0]]))


def test_what_a_name_holds():
    thing = {"a": [np.ones(1), "text"], 3: (2.0,), "s": SimpleNamespace(x=np.zeros(1))}
    assert [path for path, _ in _leaves("v", thing)] == ['v["a"][0]', 'v["s"].x']
    assert [path for path, _ in _leaves("v", 2.0)] == ["v"] and not list(_leaves("v", "text"))
    assert [path for path, _ in _leaves("v", np.array(["text"]))] == []
    array = np.arange(4.0)
    assert _is_known(array[1:], {"a": _Leaf(array)}) and not _is_known(array.copy(),
                                                                       {"a": _Leaf(array)})


def test_arguments_of_another_call():
    generator, items, array = np.random.default_rng(0), [1], np.ones(1)
    again = _anew({"rng": generator, "list": items, "array": array})
    assert again["array"] is array and again["list"] == [1] and again["list"] is not items
    assert again["rng"] is not generator and again["rng"].random() == generator.random()
    assert _named((1, {"W": 2}, 3), ["x", "y"]) == {"x": 1, "y": 3, "params": {"W": 2}}
    assert _named(1, ["x"]) == {"x": 1}


SOURCE = '''@wraps
def f(x,
      y):
    """Text."""
    # forward: y = x,
    # and more
    y = x                                  # (AB.1)
    for i in range(3):

        # a comment
        y[0], (a.b, *c) = 1, 2
    with z as q: y += 1
    try:
        d: int = 1
    except ValueError:
        e = 1
    finally:
        g = 1

    def inner():
        h = 1
    return y


class C:
    def m(self):
        return 1
'''


def test_the_lines_of_a_function():
    functions = functions_of("file.py", SOURCE)
    assert [(each.function, each.first, each.docstring) for each in functions.values()] == [
        ("f", 1, "Text."), ("f.inner", 20, ""), ("C.m", 26, "")]
    lines = functions[1].lines
    assert [line.line for line in lines] == [2, 7, 8, 11, 12, 12, 13, 14, 16, 18, 20, 22]
    assert lines[0].text == "def f(x,\n      y):" and lines[1].labels == ("AB.1",)
    assert lines[1].forward == "y = x, and more" and lines[2].forward == ""
    assert [sorted(line.targets) for line in lines[1:4]] == [["y"], [], ["a", "c", "y"]]
    assert lines[7].targets == {"d"} and lines[2].text.rstrip() == "    for i in range(3):"
    assert functions[1].line_of[3] == 2 and 9 not in functions[1].line_of
