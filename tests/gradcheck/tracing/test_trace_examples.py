"""Traces of the docstrings' examples: right numbers, other numbers, planted faults, refusals."""

import sys

import numpy as np
import pytest

import albert_np.functional.layer_norm as layer_norm
from albert_np.gradcheck.equations import PACKAGE
from albert_np.gradcheck.tracing.compare_traces import differences, differences_of_fault
from albert_np.gradcheck.tracing.examples import trace_equation, trace_function


def numbers_of(call):
    """The last numbers of each name in a call."""
    return {value.name: value.value.tolist() for row in call.rows for value in row.values}


def test_layer_norm_by_hand():
    trace = trace_function("layer_norm_backward")
    assert [call.function for call in trace.calls] == 2 * ["layer_norm_forward",
                                                           "layer_norm_backward"]
    forward, backward = map(numbers_of, trace.calls[:2])
    assert forward["mean"] == [[3.0]] and forward["inv_std"] == [[0.5]]
    assert forward["x_hat"] == [[-1.0, -1.0, 1.0, 1.0]]
    assert forward["y"] == [[-2.0, -1.0, 1.0, 1.0]]
    assert backward["dbeta"] == [4.0, 0.0, 0.0, 0.0]
    assert backward["dgamma"] == [-4.0, 0.0, 0.0, 0.0]
    assert backward["dx_hat"] == [[8.0, 0.0, 0.0, 0.0]]
    assert backward["dx"] == [[2.0, -2.0, 0.0, 0.0]]


def test_rows_are_the_lines_of_the_file():
    trace = trace_function("attention_backward")
    lines = (PACKAGE / trace.file).read_text("utf-8").splitlines()
    for call in trace.calls:
        for row in call.rows:
            count = len(row.text.splitlines())
            assert row.text.splitlines() == lines[row.line - 1:row.line - 1 + count]
    backward = trace.calls_of("attention_backward")[0]
    assert {label for row in backward.rows for label in row.labels} == {
        "ATT.5", "ATT.6", "ATT.7", "ATT.8", "ATT.9"}
    scaled = next(row for row in backward.rows if row.text.strip() == "dz *= D**-0.5")
    assert scaled.forward == "z = q @ k.T / sqrt(D)" and scaled.part_of == ("ATT.7",)
    assert scaled.values[0].shape == (1, 2, 2, 2)


def test_attention_has_two_heads_of_four_columns():
    [forward] = trace_function("attention_forward").calls_of("attention_forward")
    numbers = numbers_of(forward)
    assert (numbers["A"], numbers["D"]) == (2, 4)
    assert {value.dtype for row in forward.rows for value in row.values
            if value.shape} <= {"float32", "bool"}


def test_other_numbers_take_the_place_of_inputs():
    dy = np.array([[0.0, 0.0, 0.0, 4.0]])
    trace = trace_function("layer_norm_backward", {"dy": dy})
    assert trace.replaced == ("dy",) and trace.inputs["dy"].tolist() == dy.tolist()
    assert numbers_of(trace.calls[1])["dx"] == [[0.0, 0.0, -1.0, 1.0]]
    assert numbers_of(trace.calls[0]) == numbers_of(trace_function("layer_norm_backward").calls[0])
    assert list(trace.inputs) == ["x", "dy", "gamma", "beta"]


def test_inputs_in_dicts_and_single_numbers_have_dotted_names():
    inputs = trace_function("feed_forward_backward").inputs
    assert {"params.W_1", "params.b_2", "x", "dy"} <= set(inputs)
    trace = trace_function("feed_forward_backward", {"params.W_2": np.array([[1.0], [5.0]])})
    assert numbers_of(trace.calls_of("feed_forward_backward")[0])["dx"] == [[[20.0]]]
    loss = trace_function("mean_squared_error_backward", {"dloss": np.float64(1.0)})
    assert numbers_of(loss.calls[-1])["dx"] == [2.0, 0.0]


def test_the_dtype_of_the_numbers_stays_and_integers_become_floats():
    numbers = {"x": np.ones((1, 2), np.float32), "dy": np.ones((1, 2), np.float32),
               "W": np.ones((2, 3), np.float32), "b": np.zeros(3, np.float32)}
    with pytest.raises(ValueError, match="x has shape"):
        trace_function("linear_backward", numbers)
    numbers = {name: array[None] if name in ("x", "dy") else array
               for name, array in numbers.items()}
    numbers["dy"] = np.ones((1, 1, 3), np.float32)
    trace = trace_function("linear_backward", numbers)
    assert {value.dtype for row in trace.calls[-1].rows for value in row.values} == {"float32"}
    trace = trace_function("relu_backward", {"dy": np.array([3, 4])})
    assert trace.inputs["dy"].dtype == np.float64


@pytest.mark.parametrize("numbers, message", [
    ({"dz": np.ones(2)}, "the example of softmax_backward has no input 'dz'; its inputs are x, dp"),
    ({"dp": np.ones(2)}, r"dp has shape \(2,\); it must have as many axes as the example's"),
    ({"dp": np.array([["a"]])}, "dp has dtype <U1; it must be an array of numbers"),
    ({"dp": np.ones((2, 7))}, "the example of softmax_backward fails at"),
    ({"dp": np.ones((1, 1_000_001))}, "a trace takes at most 1,000,000 in one array")])
def test_numbers_that_do_not_fit_are_refused(numbers, message):
    with pytest.raises(ValueError, match=message):
        trace_function("softmax_backward", numbers)


def test_ids_must_be_integers():
    with pytest.raises(ValueError, match="ids has dtype float64; it must be integers"):
        trace_function("embedding_backward", {"ids": np.array([0.5, 1.0])})


def test_infinite_numbers_are_traced_without_a_warning():
    trace = trace_function("layer_norm_backward", {"dy": np.array([[np.inf, 0.0, 0.0, 0.0]])})
    assert np.isnan(numbers_of(trace.calls[1])["dx"][0][0])


def test_a_typed_example():
    trace = trace_function("relu_forward", example="""
x = np.array([3.0, -1.0])
y, cache = relu_forward(x)
y.tolist()
print("done")
""")
    assert [one.printed for one in trace.statements] == ["", "", "[3.0, 0.0]", "done"]
    assert trace.example_of == "" and numbers_of(trace.calls[0])["y"] == [3.0, 0.0]
    text = ">>> for x in np.ones((2, 1)):\n...     y, cache = relu_forward(x)"
    assert len(trace_function("relu_forward", example=text).calls) == 2


@pytest.mark.parametrize("example, message", [
    ("y = (", "--example: line 1 is no Python statement: "),
    ("y = 1\nz = 1 / 0", "the example of relu_forward fails at 'z = 1 / 0': ZeroDivisionError: "),
    ("y = w", "fails at 'y = w': NameError: name 'w' is not defined")])
def test_typed_examples_that_fail_are_refused(example, message):
    before = sys.gettrace()
    with pytest.raises(ValueError, match=message):
        trace_function("relu_forward", example=example)
    assert sys.gettrace() is before


@pytest.mark.parametrize("name, message", [
    ("layer_nrm_backward", "there is no function and no equation 'layer_nrm_backward'; did you "
                           "mean layer_norm_backward"),
    ("softmax", "did you mean softmax_forward, softmax_backward or masked_softmax_forward"),
    ("main", "functions are called main; put the module in front, as in "),
    ("functional.layer_norm.softmax_forward", "there is no function"),
    ("functional/../x.y", "there is no function"),
    ("label_counts", "albert_np/models/trunk.py: label_counts has no example to run"),
    ("check_inputs", "albert_np/models/inputs.py: check_inputs has no example to run")])
def test_unknown_functions_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        trace_function(name)


def test_a_helper_is_traced_in_the_example_of_the_function_that_calls_it():
    trace = trace_function("_normalise_hard")
    assert trace.example_of == "layer_norm_forward"
    [call] = trace.calls_of("_normalise_hard")
    assert numbers_of(call)["centred"] == [[0.0, 0.0, 0.0, 0.0]]


def test_lines_inside_helpers():
    trace = trace_function("layer_norm_backward", inside=True)
    row = next(row for row in trace.calls[1].rows if "dx_hat - row_mean" in row.text)
    [mean] = row.visits[0].inside
    assert (mean.function, mean.file) == ("row_mean", "functional/sums.py")
    assert numbers_of(mean)["return"] == [[2.0]]
    [total] = mean.rows[-1].visits[0].inside
    assert total.function == "row_sum"
    assert all(not visit.inside for call in trace_function("layer_norm_backward").calls
               for row in call.rows for visit in row.visits)


def test_a_planted_fault_changes_its_line_and_leaves_the_package_alone():
    before = dict(vars(layer_norm))
    changed = differences_of_fault("layer_norm_backward", "layer_norm_inv_std_forgotten")
    assert {(one.before.name, one.function) for one in changed} == {("dx", "layer_norm_backward")}
    assert changed[0].after.value.tolist() == [[4.0, -4.0, 0.0, 0.0]]
    [(line, _)] = trace_equation("LN.5")
    assert [one.line for one in changed] == [line.line, line.line]
    assert vars(layer_norm) == before
    trace = trace_function("layer_norm_backward")
    assert differences(trace, trace_function("layer_norm_backward")) == []


def test_a_line_that_a_fault_removes_counts_if_its_number_is_missing():
    changed = differences_of_fault("attention_backward", "attention_gradient_of_scores_not_scaled")
    assert [one.before.name for one in changed][:3] == ["dz", "dq", "dk"]


def test_another_dtype_and_a_name_that_is_not_made_are_differences():
    text = "x = np.array([1.0, 2.0], np.{})\ny, mask = dropout_forward(x, 0.5, {})"
    on, off, narrow = (trace_function("dropout_forward", example=text.format(dtype, rng))
                       for dtype, rng in (("float64", "np.random.default_rng(0)"),
                                          ("float64", "None"),
                                          ("float32", "np.random.default_rng(0)")))
    assert {one.before.name for one in differences(on, off) if one.after is None} == {
        "kept", "mask", "y"}
    assert {one.before.name for one in differences(on, narrow)} == {"x", "mask", "y"}
    assert differences(on, on) == []


@pytest.mark.parametrize("fault", ["no_such_fault", "softmax_without_row_sum"])
def test_faults_of_other_files_are_refused(fault):
    with pytest.raises(ValueError, match="there is no planted fault .* in albert_np/functional/la"):
        trace_function("layer_norm_backward", fault=fault)


def test_equations_lead_to_their_functions():
    [(line, trace)] = trace_equation("(ln.5)")
    assert (line.label, trace.function) == ("LN.5", "layer_norm_backward")
    with pytest.raises(ValueError, match="did you mean LN.1, LN.2, LN.3, LN.4, LN.6 or LN.5"):
        trace_equation("LN.9")
