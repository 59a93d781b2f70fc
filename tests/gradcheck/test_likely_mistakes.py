"""Each kind of mistake is named by what it leaves behind; and the page shows true outputs."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import albert_np
from albert_np.gradcheck import check_inputs_of, likely_mistakes

PAGE = Path(albert_np.__file__).parents[1] / "docs" / "gradient-check.md"
N, D = 6, 4


def inputs(rng):
    return {"x": rng.standard_normal((N, D)), "W": rng.standard_normal((D, D)),
            "b": rng.standard_normal(D)}


def forward(inputs):
    return inputs["x"] @ inputs["W"] + inputs["b"], inputs["x"]


def said(rng, name, change, entries=None):
    """What the report says of one gradient after a change."""
    def backward(inputs, dy, x):
        gradients = {"x": dy @ inputs["W"].T, "W": x.T @ dy, "b": dy.sum(axis=0)}
        gradients[name] = change(gradients[name], dy)
        return gradients

    reports = {report.parameter: report for report in check_inputs_of(
        forward, backward, inputs(rng), rng=rng, entries=entries)}
    assert all(report.likely_mistakes == [] for other, report in reports.items() if other != name)
    return str(reports[name]).partition("; ")[2]


def masked(gradient, dy):
    gradient[[1, 4]] = 0
    return gradient


def one_entry(gradient, dy):
    gradient[2, 3] += 1
    return gradient


def test_rows_that_do_not_count_and_last_digits():
    right = np.arange(12.0).reshape(4, 3)
    right[2] = 0
    wrong = right.copy()
    wrong[2] = 1, 5, 2
    told, = likely_mistakes(wrong, right, name="array")
    assert told == ("3 of 12 entries are wrong (index 2 of axis 0): entries are not 0 that should "
                    "be: rows or places that do not count get something")
    assert likely_mistakes(right * (1 + 1e-6), right) == []


@pytest.mark.parametrize("name, change, sentence", [
    ("W", lambda g, dy: -g, "the sign is wrong"),
    ("x", lambda g, dy: 2 * g, "every entry is 2 times the right one"),
    ("W", lambda g, dy: g / 2, "every entry is 1/2 times the right one"),
    ("W", lambda g, dy: g / N,
     "every entry is 1/6 (6 is the length of axis 0 of the output) times the right one"),
    ("x", lambda g, dy: -g * np.sqrt(3), "every entry is -sqrt(3) times the right one"),
    ("x", lambda g, dy: g * 1.2345, "every entry is 1.2345 times the right one"),
    ("W", lambda g, dy: g.T, "this is the transpose of the right gradient"),
    ("W", lambda g, dy: 0 * g, "the gradient is 0 everywhere"),
    ("x", masked, "8 of 24 entries are wrong (index 1, 4 of axis 0): entries are 0 that should "
                  "not be: a term, a row or a masked place is missing"),
    ("x", lambda g, dy: g[::-1],
     "the right numbers stand in the wrong places: an axis or an index is permuted"),
    ("x", lambda g, dy: g + np.arange(N)[:, None] + 1,
     "each row is off by a constant: a mean or a sum over the last axis is missing"),
    ("x", one_entry, "1 of 24 entries are wrong"),
    ("b", lambda g, dy: dy[-1],
     "this is the upstream gradient of one use alone; those of all uses add up")])
def test_each_kind_is_named(rng, name, change, sentence):
    assert said(rng, name, change) == sentence


@pytest.mark.parametrize("change, sentence", [
    (lambda g, dy: 3 * g, "every entry is 3 times the right one"),
    (lambda g, dy: 0 * g, "the gradient is 0 everywhere")])
def test_some_entries_are_enough_for_some_kinds(rng, change, sentence):
    assert said(rng, "W", change, entries=3) == sentence


def test_sum_over_the_wrong_axis_is_named(rng):
    """The output is square, so the shapes fit."""
    dy = rng.standard_normal((D, D))
    assert likely_mistakes(dy.sum(axis=1), dy.sum(axis=0), dy) == [
        "the upstream gradient is summed over the wrong axes, [1]"]


def test_row_that_overwrites_is_named(rng):
    dy, right = rng.standard_normal((3, D)), np.zeros((5, D))
    np.add.at(right, [1, 4, 1], dy)
    wrong = right.copy()
    wrong[1] = dy[2]
    assert likely_mistakes(wrong, right, dy) == [
        "4 of 20 entries are wrong (index 1 of axis 0): this is the upstream gradient of one use "
        "alone; those of all uses add up"]


def test_gradient_of_what_the_output_does_not_use_is_named(rng):
    assert likely_mistakes(rng.standard_normal(3), np.zeros(3)) == [
        "the output does not depend on this array: the right gradient is 0"]


def test_numbers_that_look_like_nothing_get_no_sentence_but_the_count(rng):
    a, n = rng.standard_normal((2, 3, 4))
    assert likely_mistakes(a, n) == ["12 of 12 entries are wrong"]
    assert likely_mistakes(np.full(3, np.nan), np.ones(3)) == []


def test_outputs_on_the_page_are_true():
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    test = doctest.DocTestParser().get_doctest("".join(blocks), {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 20
    failures = []
    doctest.DocTestRunner(verbose=False).run(test, out=failures.append)
    assert failures == []
