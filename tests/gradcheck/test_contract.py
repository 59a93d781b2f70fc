"""Ways to fool a gradient check, and the one sentence that refuses each."""

import numpy as np
import pytest

from albert_np.gradcheck import check_directions, check_gradients, check_inputs_of
from albert_np.gradcheck.gradient_report import name_of

METHODS = ["centred", "complex"]
BOUND = {"centred": 1e-7, "complex": 1e-13}
X = np.array([0.7, -1.3, 2.1])


def square(inputs):
    return inputs["x"] * inputs["x"], inputs["x"]


def square_backward(inputs, dy, cache):
    return {"x": 2 * dy * cache}


def zero(inputs, dy, cache):
    return {name: np.zeros_like(array) for name, array in inputs.items()}


def worst(forward, backward, inputs, **options):
    return max(report.error for report in check_inputs_of(forward, backward, inputs, **options))


# ---- the scale -----------------------------------------------------------------------------------

@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("of_y", [1e-100, 1e-10, 1e10])
@pytest.mark.parametrize("of_x", [1e-10, 1.0, 1e10])
def test_units_do_not_matter(method, of_y, of_x):
    """A gradient of 0 is wrong however small the function is, and a right one is right."""
    def forward(inputs):
        y, cache = square({"x": inputs["x"] / of_x})
        return of_y * y, cache

    def backward(inputs, dy, cache):
        return {"x": of_y * 2 * dy * cache / of_x}

    inputs = {"x": of_x * X}
    assert worst(forward, backward, inputs, method=method) <= BOUND[method] / 100
    assert worst(forward, zero, inputs, method=method) == 1
    assert check_directions(forward, backward, inputs, method=method).error <= BOUND[method] / 100
    assert check_directions(forward, zero, inputs, method=method).error == 1


@pytest.mark.parametrize("method, factor", [("centred", 1e-9), ("complex", 1e-13)])
def test_one_array_may_be_small_beside_the_function(method, factor):
    def forward(inputs):
        return inputs["x"] + factor * inputs["z"], None

    def backward(inputs, dy, cache, factor=factor):
        return {"x": dy, "z": factor * dy}

    def forgotten(inputs, dy, cache):
        return backward(inputs, dy, cache, factor=0)

    inputs = {"x": X, "z": X[::-1]}
    assert worst(forward, backward, inputs, method=method) <= BOUND[method]
    assert worst(forward, forgotten, inputs, method=method) > BOUND[method]


def test_outputs_that_never_change_do_not_widen_the_floor():
    def forward(inputs):
        return np.concatenate([[-1e30], inputs["x"]]), None

    assert worst(forward, lambda inputs, dy, cache: {"x": 1.001 * dy[1:]}, {"x": X}) > 1e-4


def test_step_is_measured_by_the_typical_entry():
    """Not by the largest: a score of -1e30 hides a place and says nothing about the others."""
    inputs = {"x": np.array([0.7, -1.3, 2.1, -1e30])}
    assert worst(lambda inputs: (np.tanh(inputs["x"]), np.tanh(inputs["x"])),
                 lambda inputs, dy, y: {"x": dy * (1 - y * y)}, inputs) < 1e-7


# ---- nothing is compared -------------------------------------------------------------------------

@pytest.mark.parametrize("inputs, sentence", [
    ({"ids": np.arange(3)}, "no input is an array of float64"),
    ({}, "no input is an array of float64"),
    ({"x": X.astype(np.float32)}, "x is float32; a gradient check needs float64"),
    ({"x": X + 1j}, "x is complex128; a gradient check needs float64"),
    ({"x": X, "empty": np.zeros((0, 3))}, r"empty has shape \(0, 3\), so there is no entry"),
    ({"x": np.array([1.0, np.nan])}, "x has an entry that is NaN or infinite"),
    ({"x": np.array([1.0, np.inf])}, "x has an entry that is NaN or infinite")])
@pytest.mark.parametrize("check", [check_inputs_of, check_directions])
def test_inputs_that_cannot_be_compared_are_refused(check, inputs, sentence):
    with pytest.raises(ValueError, match=sentence):
        check(square, zero, inputs)


@pytest.mark.parametrize("options, sentence", [
    (dict(method="centered"), "method is 'centered'; it must be one of centred, complex"),
    (dict(entries=0), "entries is 0; it must be a whole number of at least 1"),
    (dict(entries=2.5), "entries is 2.5; it must be a whole number"),
    (dict(rng=3), "rng is 3; it must be a generator")])
def test_options_that_compare_nothing_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_inputs_of(square, square_backward, {"x": X}, **options)


def test_no_direction_is_refused():
    with pytest.raises(ValueError, match="directions is 0; it must be"):
        check_directions(square, square_backward, {"x": X}, directions=0)


@pytest.mark.parametrize("check", [check_inputs_of, check_directions])
@pytest.mark.parametrize("forward, sentence", [
    (lambda inputs: (np.ones(3), None), "no output changes if all inputs are moved"),
    (lambda inputs: (1e14 + inputs["x"], None), "no slope is larger than its rounding error")])
def test_function_whose_slopes_cannot_be_seen_is_refused(check, forward, sentence):
    with pytest.raises(ValueError, match=f"nothing is compared: {sentence}"):
        check(forward, zero, {"x": X})


def test_complex_step_sees_behind_a_large_constant():
    def forward(inputs):
        return 1e10 + inputs["x"], None

    assert worst(forward, lambda inputs, dy, cache: {"x": dy}, {"x": X}, method="complex") == 0
    assert worst(forward, zero, {"x": X}, method="complex") > 1e-11


# ---- names ---------------------------------------------------------------------------------------

def test_keys_that_look_alike_are_both_checked():
    inputs = {"a": {"b": X}, "a.b": X[:2]}

    def forward(inputs):
        return {"a": {"b": 2 * inputs["a"]["b"]}, "a.b": 3 * inputs["a.b"]}, None

    def backward(inputs, dy, cache, wrong=1):
        return {"a": {"b": 2 * dy["a"]["b"]}, "a.b": 3 * wrong * dy["a.b"]}

    reports = check_inputs_of(forward, backward, inputs)
    assert [report.path for report in reports] == [("a", "b"), ("a.b",)]
    assert [report.parameter for report in reports] == ["a.b", "['a.b']"]
    assert max(report.error for report in reports) < 1e-9
    first, second = check_inputs_of(forward, lambda *given: backward(*given, wrong=0), inputs)
    assert first.error < 1e-9 and second.error == 1


def test_printed_names_are_unambiguous():
    paths = [("a", "b"), ("a.b",), ("a", 0), ("a", "0"), ("a[0]",), ("a", ""), ("a",)]
    assert len({name_of(path) for path in paths}) == len(paths)
    assert name_of(("encoder", "attention", 0, "W_q")) == "encoder.attention.0.W_q"


# ---- the complex step ----------------------------------------------------------------------------

@pytest.mark.parametrize("function, slope", [
    (np.abs, np.sign), (lambda x: np.real(x) * 2, lambda x: 2 + 0 * x),
    (lambda x: np.conj(x) * x, lambda x: 2 * x),
    (lambda x: x + np.sqrt(x * np.conj(x)).real, lambda x: 1 + np.sign(x))])
def test_function_that_is_not_analytic_is_noticed(function, slope):
    def forward(inputs):
        return function(inputs["x"]), inputs["x"]

    def as_the_complex_step_says(inputs, dy, cache):
        return {"x": dy * function(cache + 1e-30j).imag / 1e-30}

    for backward in (as_the_complex_step_says,
                     lambda inputs, dy, x: {"x": dy * slope(x)}):
        with pytest.raises(ValueError, match="along a direction of x, .* not analytic here"):
            check_inputs_of(forward, backward, {"x": X}, method="complex")
        with pytest.raises(ValueError, match="not analytic here"):
            check_directions(forward, backward, {"x": X}, method="complex")
    assert worst(forward, lambda inputs, dy, x: {"x": dy * slope(x)}, {"x": X}) < 1e-9


def test_kink_beside_the_point_is_no_false_alarm():
    """Of relu at 3e-6: a difference of 1e-3 steps over the kink, and one of 1e-6 does not."""
    def forward(inputs):
        keep = inputs["x"].real > 0
        return inputs["x"] * keep, keep

    inputs = {"x": np.array([3e-6, 1.0, -2.0])}
    assert worst(forward, lambda inputs, dy, keep: {"x": dy * keep}, inputs,
                 method="complex") == 0


# ---- the gradient --------------------------------------------------------------------------------

@pytest.mark.parametrize("gradients, sentence", [
    ({"x": X}, "backward gives no gradient of W"),
    ({"x": X, "W": None}, "backward gives no gradient of W: it is None"),
    ({"x": X, "W": np.ones((2, 2)), "b": X}, "gradient of b, which is no input"),
    ({"x": X, "W": np.ones((2, 2)), "ids": X}, "gradient of ids, which is no input"),
    ({"x": X, "W": np.ones((1,))}, r"the gradient of W has shape \(1,\), but W has shape \(2, 2\)"),
    ({"x": X, "W": 0.0}, r"the gradient of W has shape \(\), but W has shape \(2, 2\)"),
    ({"x": X[:, None], "W": np.ones((2, 2))}, r"the gradient of x has shape \(3, 1\)"),
    ({"x": [0.0, 0.0, 0.0], "W": np.ones((2, 2))}, "the gradient of x is a list or a dict"),
    ({"x": X, "W": np.ones((2, 2), np.float32)}, "the gradient of W is float32, but W is float64"),
    ({"x": X, "W": np.ones((2, 2), int)}, "the gradient of W is int64, but W is float64"),
    ({"x": X, "W": np.ones((2, 2), complex)}, "the gradient of W is complex128")])
@pytest.mark.parametrize("check", [check_inputs_of, check_directions])
def test_gradient_of_another_form_is_refused(check, gradients, sentence):
    inputs = {"x": X, "W": np.ones((2, 2)), "ids": np.arange(3)}
    with pytest.raises(ValueError, match=sentence):
        check(square, lambda *given: gradients, inputs)


def test_backward_that_returns_one_thing_is_refused():
    with pytest.raises(ValueError, match=r"backward must return \(dx, grads\)"):
        check_gradients(lambda params, x: (params["a"] * x, x),
                        lambda params, dy, x: {"a": dy * x}, {"a": X}, X)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("method", METHODS)
def test_numbers_that_are_none_are_wrong(value, method):
    """A comparison with NaN is False, whichever way it is written."""
    def backward(inputs, dy, cache):
        gradient = square_backward(inputs, dy, cache)
        gradient["x"][1] = value
        return gradient

    report, = check_inputs_of(square, backward, {"x": X}, method=method)
    assert report.error == np.inf and report.index == (1,)
    assert check_directions(square, backward, {"x": X}, method=method).error == np.inf


@pytest.mark.parametrize("method", METHODS)
def test_entry_that_was_not_chosen_is_missed_by_no_direction(method):
    """All entries but one are right, and two of a thousand are compared."""
    inputs = {"x": np.random.default_rng(0).standard_normal(1000)}

    def backward(inputs, dy, cache):
        gradient = square_backward(inputs, dy, cache)
        gradient["x"][7] *= 1.01
        return gradient

    report, = check_inputs_of(square, backward, inputs, entries=2, method=method)
    assert report.error > 1e-6 and report.index == ("direction",)
    assert "the 2 entries that were compared agree, another one does not" in str(report)
    right, = check_inputs_of(square, square_backward, inputs, entries=2, method=method)
    assert right.error < BOUND[method] / 10


# ---- the forward pass ----------------------------------------------------------------------------

@pytest.mark.parametrize("y, sentence", [
    (np.array([1.0, np.nan]), r"a number that is NaN or infinite: y\[1\]"),
    ([X, np.array([[1.0, np.inf]])], r"a number that is NaN or infinite: y.1\[0, 1\]"),
    (None, "forward returns y of object"),
    ("loss", "forward returns y of <U4"),
    (X + 0j, "forward returns y of complex128"),
    (X.astype(np.float32), "forward returns y as float32, though its inputs are float64"),
    (np.arange(3), "forward returns no floating-point number"),
    (np.zeros((0, 3)), "forward returns no floating-point number")])
def test_output_that_cannot_be_compared_is_refused(y, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_inputs_of(lambda inputs: (y, None), zero, {"x": X})


@pytest.mark.parametrize("result, what", [
    (X, r"an array of shape \(3,\)"), (X[:2], r"an array of shape \(2,\)"), (2.5, "float"),
    ((X, X, X), "a tuple of 3")])
def test_forward_that_returns_no_cache_is_refused(result, what):
    with pytest.raises(ValueError, match=rf"forward must return \(y, cache\), but returns {what}"):
        check_inputs_of(lambda inputs: result, zero, {"x": X})


def test_random_numbers_must_start_anew():
    rng = np.random.default_rng(0)

    def dropout(inputs):
        keep = rng.random(3) < 0.5
        return inputs["x"] * keep, keep

    with pytest.raises(ValueError, match="forward returns another y for the same inputs"):
        check_inputs_of(dropout, lambda inputs, dy, keep: {"x": dy * keep}, {"x": X})


def test_function_that_remembers_is_refused():
    """It says the truth twice, and the same ever after: every difference is 0."""
    calls = []

    def forward(inputs):
        calls.append(inputs["x"].copy())
        x = calls[-1] if len(calls) < 4 else 0.5 * calls[-1]
        return x * x, x

    with pytest.raises(ValueError, match="it must not remember earlier calls"):
        check_inputs_of(forward, square_backward, {"x": X})


def test_cache_that_the_next_call_overwrites_is_refused():
    kept = np.zeros(3)

    def forward(inputs):
        kept[...] = inputs["x"].real
        return inputs["x"] * inputs["x"], kept

    with pytest.raises(ValueError, match="the gradient of x .* overwrites an earlier cache"):
        check_inputs_of(forward, square_backward, {"x": X})


def test_output_that_the_next_call_overwrites_is_copied():
    """Otherwise all outputs would be the last one, and every difference 0."""
    kept = np.zeros(3)

    def forward(inputs):
        kept[...] = inputs["x"] * inputs["x"]
        return kept, inputs["x"].copy()

    assert worst(forward, square_backward, {"x": X}) < 1e-9
    assert worst(forward, zero, {"x": X}) == 1
    assert check_directions(forward, zero, {"x": X}).error == 1


def test_gradient_that_forward_writes_into_is_copied():
    """A gradient that shares its memory with the inputs would move along with them."""
    def forward(inputs):
        return 0.5 * np.sum(inputs["x"] * inputs["x"]), inputs["x"]

    def backward(inputs, dy, x):
        x *= dy                                                     # in place: x is the input
        return {"x": x}

    with pytest.raises(ValueError, match="forward or backward changes x in place"):
        check_inputs_of(forward, backward, {"x": X})
    report, = check_inputs_of(forward, lambda inputs, dy, x: {"x": inputs["x"]}, {"x": X})
    assert report.error > 1e-3


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_inputs_changed_in_place_are_refused(where):
    def forward(inputs):
        y, cache = square(inputs)
        if where == "forward":
            inputs["ids"] += 1
        return y, cache

    def backward(inputs, dy, cache):
        if where == "backward":
            inputs["ids"] += 1
        return square_backward(inputs, dy, cache)

    mine = {"x": X.copy(), "ids": np.arange(3)}
    with pytest.raises(ValueError, match="forward or backward changes ids in place"):
        check_inputs_of(forward, backward, mine)
    assert (mine["ids"] == np.arange(3)).all() and (mine["x"] == X).all()


def test_upstream_gradient_changed_in_place_is_refused():
    def backward(inputs, dy, cache):
        dy *= 2 * cache
        return {"x": dy}

    with pytest.raises(ValueError, match="backward changes the upstream gradient dy in place"):
        check_inputs_of(square, backward, {"x": X})


def test_weights_in_two_places_are_checked_in_each():
    """One array under two names is two inputs."""
    inputs = {"x": X, "z": X}

    def forward(inputs):
        return inputs["x"] * inputs["z"], inputs

    def backward(inputs, dy, cache):
        return {"x": dy * cache["z"], "z": dy * cache["x"]}

    assert worst(forward, backward, inputs) < 1e-9


def test_numbers_beside_labels_are_checked():
    def forward(inputs):
        return inputs["x"][inputs["labels"]], inputs["labels"]

    def backward(inputs, dy, labels, add=np.add.at):
        dx = np.zeros(3)
        add(dx, labels, dy)
        return {"x": dx}

    inputs = {"x": X, "labels": np.array([2, 0, 2])}
    assert worst(forward, backward, inputs) < 1e-9

    def overwrite(dx, labels, dy):
        dx[labels] = dy

    assert worst(forward, lambda *given: backward(*given, add=overwrite), inputs) > 1e-3
