"""The gradient check at the numbers of an example, with the example's own upstream gradient."""

import numpy as np
import pytest

from albert_np.course.reader.pairs import find_pairs
from albert_np.gradcheck.tracing.example_check import BOUND, check_calls
from albert_np.gradcheck.tracing.examples import trace_function

PAIRS = [pair for pair in find_pairs() if pair.backward and "." not in pair.backward.function]


def calls_of(name, numbers=None, fault=None):
    """The first forward call of an example and its first backward call."""
    return trace_function(name, numbers, fault=fault, until=name.split(".")[-1]).direct[-2:]


def wrong_of(*arguments, **named):
    return [report.parameter for report in check_calls(*calls_of(*arguments, **named))
            if not report.error <= BOUND]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_every_example_passes(pair):
    module = pair.file.removesuffix(".py").replace("/", ".")
    reports = check_calls(*calls_of(f"{module}.{pair.backward.function}"))
    assert reports and max(report.error for report in reports) < BOUND


def test_arrays_and_parameters_are_checked_by_their_names():
    reports = check_calls(*calls_of("masked_lm_head_backward"))
    assert [report.parameter for report in reports] == [
        "x", "word_embeddings", "params.dense.W", "params.dense.b", "params.layer_norm.gamma",
        "params.layer_norm.beta", "params.bias"]


def test_a_fault_shows_if_the_numbers_let_it():
    name, fault = "layer_norm_backward", "layer_norm_inv_std_forgotten"
    assert wrong_of(name) == []
    assert wrong_of(name, fault=fault) == ["x"]
    numbers = {"x": np.array([[1.0, 1, 3, 3]])}                        # std 1
    assert wrong_of(name, numbers, fault) == []


def test_the_upstream_gradient_is_that_of_the_example():
    [report] = check_calls(*calls_of("tanh_backward", {"x": np.zeros(2), "dy": np.array([3.0, 7])}))
    assert report.gradient.tolist() == report.slopes.tolist() == [3, 7]


@pytest.mark.parametrize("name, numbers, words", [
    ("tanh_backward", {"dy": np.zeros(2)}, "nothing is compared: dy is 0 everywhere"),
    ("layer_norm_backward", {"x": np.ones((1, 4))}, r"NaN or infinite: y\[0, 0\]"),
    ("relu_backward", {"x": np.array([0.0, 1.0])}, "not analytic here")])
def test_what_cannot_be_compared_is_refused(name, numbers, words):
    with pytest.raises(ValueError, match=words):
        check_calls(*calls_of(name, numbers))


def test_an_example_ends_after_the_call_that_is_wanted():
    whole, first = (trace_function("layer_norm_backward", until=until)
                    for until in (None, "layer_norm_backward"))
    assert len(whole.direct) == len(whole.calls) == 4 and len(first.calls) == 2
    assert [call.function for call in first.direct] == ["layer_norm_forward",
                                                        "layer_norm_backward"]
    assert first.direct[0].arguments["eps"] == 0


def test_arguments_are_kept_as_they_were_before_the_call():
    trace = trace_function("clip_by_global_norm")                      # it changes grads in place
    first, second = (call.arguments["grads"] for call in trace.direct)
    assert (first["W"].tolist(), first["b"].tolist()) == ([3], [4])
    assert second["W"].round(12).tolist() == [0.6]
    assert trace.inputs["grads.W"].tolist() == [3]
