"""The line trace: what a line made or changed, no more and no less."""

import sys
import textwrap

import numpy as np
import pytest

from albert_np.gradcheck.tracing.function_lines import functions_of
from albert_np.gradcheck.tracing.line_trace import line_trace


def trace(text, statement):
    """Run a statement that uses the functions of a source text, and return their calls."""
    text = textwrap.dedent(text).strip() + "\n"
    names, calls = {"np": np}, []
    exec(compile(text, "<traced>", "exec"), names)
    with line_trace(calls, {"<traced>": ("traced.py", text)}):
        exec(statement, names)
    return calls


def made(call):
    """(line, [(name, numbers), ...]) of every line that ran, in the order of running."""
    return [(row.line, [(value.name, value.value.tolist()) for value in visit.values])
            for row, visit in call.steps()]


def test_what_each_line_makes_and_changes():
    [call] = trace("""
        def f(x):
            y = x * 2
            y += 1
            y[0] = 7.0
            np.negative(y, out=y)
            z = y.sum()
            if z < 0:
                w = 1
            else:
                w = 2
            return x / 4
        """, "f(np.array([1.0, 2.0]))")
    assert made(call) == [
        (1, [("x", [1.0, 2.0])]), (2, [("y", [2.0, 4.0])]), (3, [("y", [3.0, 5.0])]),
        (4, [("y", [7.0, 5.0])]), (5, [("y", [-7.0, -5.0])]), (6, [("z", -12.0)]), (7, []),
        (8, [("w", 1)]), (11, [("return", [0.25, 0.5])])]
    assert [row.line for row in call.rows if not row.visits] == [10]
    assert (call.function, call.file, call.first) == ("f", "traced.py", 1)
    value = call.rows[1].values[0]
    assert (value.shape, value.dtype) == ((2,), "float64")


def test_an_in_place_line_that_changes_nothing_still_shows_its_array():
    [call] = trace("""
        def f(x):
            x *= 1
            x[0] = 1
        """, "f(np.array([1.0, 2.0]))")
    assert made(call)[1:] == [(2, [("x", [1.0, 2.0])]), (3, [("x", [1.0, 2.0])])]


def test_a_change_made_by_a_helper_belongs_to_the_line_that_calls_it():
    [call] = trace("""
        def fill(x):
            x[:] = 5.0

        def f(x):
            y = np.zeros(2)
            fill(y)
            return y
        """, "f(1.0)")
    assert call.function == "f"
    assert made(call)[1:] == [(5, [("y", [0.0, 0.0])]), (6, [("y", [5.0, 5.0])]), (7, [])]


def test_values_are_copies_that_cannot_be_written_to():
    [call] = trace("""
        def f(x):
            y = x
            y *= 3
        """, "f(np.array([1.0]))")
    before, after = call.rows[1].values[0].value, call.rows[2].values[0].value
    assert (before.tolist(), after.tolist()) == ([1.0], [3.0])
    with pytest.raises(ValueError, match="read-only"):
        before[0] = 9


def test_statements_over_several_lines_belong_to_their_first_line():
    [call] = trace("""
        def f(x):
            y = (x +
                 np.add(x,
                        x))
            z = np.array([
                y[0],
                y[0]])
            for i in range(
                    2):
                z = z + i
        """, "f(np.array([1.0]))")
    assert made(call) == [
        (1, [("x", [1.0])]), (2, [("y", [3.0])]), (5, [("z", [3.0, 3.0])]),
        (8, [("i", 0)]), (10, [("z", [3.0, 3.0])]), (8, [("i", 1)]), (10, [("z", [4.0, 4.0])]),
        (8, [])]
    assert call.rows[1].text == "    y = (x +\n         np.add(x,\n                x))"
    assert call.rows[3].text == "    for i in range(\n            2):"


def test_a_statement_whose_first_line_runs_last_keeps_what_it_changes():
    [call] = trace("""
        def f(x):
            y = 1
            return (
                np.negative(x, out=x))
        """, "f(np.array([1.0]))")
    assert made(call) == [(1, [("x", [1.0])]), (2, [("y", 1)]), (3, [("x", [-1.0])])]


def test_lines_of_handlers_and_of_what_comes_at_the_end():
    [call] = trace("""
        def f(x):
            try:
                y = 1 / x
            except ZeroDivisionError:
                y = 5
            finally:
                z = 6
            return y
        """, "f(0)")
    assert made(call) == [(1, [("x", 0)]), (2, []), (3, []), (5, [("y", 5)]), (7, [("z", 6)]),
                          (8, [])]


def test_nested_loops_keep_every_visit_in_order():
    [call] = trace("""
        def f():
            total = 0
            for i in range(2):
                for j in range(2):
                    total += 10 * i + j
        """, "f()")
    inner = next(row for row in call.rows if row.line == 5)
    assert [visit.values[0].value.tolist() for visit in inner.visits] == [0, 1, 11, 22]
    assert inner.values[0].value.tolist() == 22
    assert [line for line, _ in made(call)] == [1, 2, 3, 4, 5, 4, 5, 4, 3, 4, 5, 4, 5, 4, 3]


def test_a_with_statement_is_visited_once():
    [call] = trace("""
        def f(x):
            with np.errstate(all="ignore"):
                y = x + 1
            return y
        """, "f(np.array([1.0]))")
    assert [line for line, _ in made(call)] == [1, 2, 3, 4]


def test_parts_of_containers_have_names_and_known_arrays_are_not_repeated():
    [call] = trace("""
        def f(params, rest):
            y = params["W"] + 1
            cache = (y, y[:1], y * 2, {"b": y * 3}, y.shape)
            y, z = cache[:2]
            grads = {"W": [y, y - 1]}
            return z, {"dW": y, "db": y + 9}
        """, "f({'W': np.array([1.0, 2.0])}, [np.array([3.0])])")
    assert made(call) == [
        (1, [('params["W"]', [1.0, 2.0]), ("rest[0]", [3.0])]),
        (2, [("y", [2.0, 3.0])]),
        (3, [("cache[2]", [4.0, 6.0]), ('cache[3]["b"]', [6.0, 9.0])]),
        (4, [("y", [2.0, 3.0]), ("z", [2.0])]),
        (5, [('grads["W"][1]', [1.0, 2.0])]),
        (6, [('return[1]["db"]', [11.0, 12.0])])]


def test_two_names_of_one_array_are_one_value():
    [call] = trace("""
        def f(x):
            y = x
            y += 1
            x += 1
            np.multiply(x, 2, out=x)
        """, "f(np.array([1.0]))")
    values = [[(value.name, value.also, value.value.tolist()) for value in visit.values]
              for _, visit in call.steps()]
    assert values[1:] == [[("y", (), [1.0])], [("y", ("x",), [2.0])], [("x", ("y",), [3.0])],
                          [("x", ("y",), [6.0])]]


def test_recursion_and_calls_inside_are_left_out_unless_wanted():
    text = textwrap.dedent("""
        def f(n):
            if n:
                n = f(n - 1)
            return n * 1.0
        """).strip() + "\n"
    names = {}
    exec(compile(text, "<traced>", "exec"), names)
    for inside in (False, True):
        calls = []
        with line_trace(calls, {"<traced>": ("traced.py", text)}, inside):
            names["f"](2)
        assert len(calls) == 1
        depth, [call] = 0, calls
        while call.rows[2].visits and call.rows[2].visits[0].inside:
            depth, [call] = depth + 1, call.rows[2].visits[0].inside
        assert depth == (2 if inside else 0)


def test_what_is_traced_is_no_lambda_no_comprehension_and_no_other_file():
    calls = trace("""
        def f(x, g=lambda a: a + 1):
            y = sum(g(v) for v in [x for _ in range(2)])
            return y

        def g(x):
            yield x
        """, "f(1); f.__defaults__[0](1); list(g(1)); np.linspace(0, 1, 3)")
    assert [call.function for call in calls] == ["f"]
    assert made(calls[0])[1] == (2, [("y", 4)])


def test_the_trace_function_of_before_is_back_afterwards():
    def other(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(other)
    try:
        with pytest.raises(ZeroDivisionError):
            trace("def f(x):\n    return 1 / x", "f(0)")
        left = sys.gettrace()
    finally:
        sys.settrace(before)
    assert left is other


def test_a_call_that_fails_keeps_what_it_made():
    text, names, calls = "def f(x):\n    y = x + 1\n    z = 1 / 0\n", {}, []
    exec(compile(text, "<traced>", "exec"), names)
    with pytest.raises(ZeroDivisionError), line_trace(calls, {"<traced>": ("traced.py", text)}):
        names["f"](1)
    assert made(calls[0]) == [(1, [("x", 1)]), (2, [("y", 2)]), (3, [])]


def test_labels_blocks_and_forward_comments():
    text = textwrap.dedent('''
        def f(dy, cache):
            r"""Doc.

            .. math::
               :label: AB.1
            """
            x = cache
            # forward: y = x * x, which
            # is the square
            dx = dy + dy
            dx *= x          # (AB.1) (AB.2)
            if dx:           # a comment

                # and another one
                return dx
        ''').strip() + "\n"
    function = functions_of("f.py", text)[1]
    assert [(line.line, line.labels, line.part_of, line.forward) for line in function.lines] == [
        (1, (), (), ""), (7, (), (), ""),
        (10, (), ("AB.1", "AB.2"), "y = x * x, which is the square"),
        (11, ("AB.1", "AB.2"), ("AB.1", "AB.2"), ""), (12, (), (), ""), (15, (), (), "")]
    assert function.lines[4].text == "    if dx:           # a comment"
    assert function.docstring.startswith("Doc.")


def test_methods_and_decorated_functions_are_found_by_their_first_line():
    text = textwrap.dedent("""
        class A:
            @staticmethod
            def f(x):
                return x + 1
        """).strip() + "\n"
    assert [(first, one.function, one.lines[0].line)
            for first, one in functions_of("a.py", text).items()] == [(2, "A.f", 3)]
    [call] = trace(text, "A.f(1.0)")
    assert made(call) == [(3, [("x", 1.0)]), (4, [("return", 2.0)])]
