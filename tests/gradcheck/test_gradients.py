"""Every gradient of the package, and the checker itself."""

from dataclasses import replace

import numpy as np
import pytest

from albert_np import gradcheck
from albert_np.commands.cli import main
from albert_np.gradcheck import differences
from albert_np.gradcheck.all_checks import all_checks, function_checks, layer_checks
from albert_np.gradcheck.compare_gradients import check_directions, check_one_direction
from albert_np.gradcheck.contract import float_arrays, prepare
from albert_np.gradcheck.one_check import bound_of, faults
from albert_np.parameters import flatten

CHECKS = {check.component: check for check in all_checks()}


EXTENDED = pytest.param("extended", marks=pytest.mark.skipif(
    not gradcheck.HAS_EXTENDED, reason="long double has no more digits than float64 here"))


def assert_right(check, method):
    reports = check.run(method)
    reported = {report.path for report in reports}
    assert reported and set(float_arrays(check.inputs)) <= reported       # each input is checked
    for report in reports:
        assert report.error <= bound_of(check, method), str(report)


@pytest.mark.parametrize("component", CHECKS)
def test_gradient(component):
    """By the complex step, to round-off: all entries; of each array of a model three."""
    check = CHECKS[component]
    assert_right(check if check.entries is None else replace(check, entries=3), "complex")


@pytest.mark.parametrize("component", CHECKS)
@pytest.mark.parametrize("method", ["centred", EXTENDED])
def test_gradient_by_another_method(component, method):
    """All entries of functions; of layers and models directions through all of their arrays.

    An entry that is wrong is found by the complex step. What another method adds is a proof that
    does not rest on complex numbers of 64 bits, and for that it needs every array, not every entry.
    """
    check = CHECKS[component]
    if check.config is None:
        assert_right(check, method)
    else:
        report = check_directions(check.forward, check.backward, check.inputs, directions=2,
                                  rng=np.random.default_rng([0, 1]), method=method)
        assert report.error <= bound_of(check, method), str(report)


@pytest.mark.thorough
@pytest.mark.parametrize("component", [name for name in CHECKS if CHECKS[name].entries])
@pytest.mark.parametrize("method", ["complex", "centred", EXTENDED])
def test_gradient_at_all_entries_of_the_list(component, method):
    assert_right(CHECKS[component], method)


def test_bounds_are_those_promised():
    for component, check in CHECKS.items():
        model = component.startswith("Albert")
        assert bound_of(check, "centred") <= (1e-6 if model else 1e-7)
        for method in ("complex", "extended"):
            assert bound_of(check, method) <= (1e-12 if model else 1e-13) * (1 + 1e-9)
    for method, eps in (("centred", 2.0**-53), ("complex", 2.0**-53), ("extended", 2.0**-64)):
        step = 1 if method != "centred" else gradcheck.STEP["centred"]
        least = eps / (gradcheck.BOUND[method] * step)
        assert least < gradcheck.FLOOR[method] <= 11 * least, method


@pytest.mark.skipif(not gradcheck.HAS_EXTENDED, reason="no more digits than float64 here")
def test_more_digits_leave_smaller_errors():
    """What the complex step finds in float64 is round-off: it shrinks as the digits grow."""
    for component in ("layer_norm", "attention, padding", "encoder_layer", "pooler"):
        worst = {}
        for method in ("complex", "extended"):
            worst[method] = max(abs(report.gradient - report.slopes).max()
                                for report in CHECKS[component].run(method, seed=3))
        assert 1e-16 < worst["complex"] < 1e-13, component
        assert worst["extended"] < worst["complex"] / 100, component       # its eps: 1/2048


def test_more_digits_reach_every_gradient():
    """One function that fell back to float64 would show its round-off in all that follow."""
    for check in [*function_checks(), *layer_checks()]:
        inputs = gradcheck.cast_floats(check.inputs, np.longdouble)
        y, cache = check.forward(inputs)
        gradients = flatten(check.backward(inputs, gradcheck.random_like(y, np.random), cache))
        for name, array in {**flatten({"y": y}), **gradients}.items():
            assert np.asarray(array).dtype == np.longdouble, (
                f"{check.component}: given long doubles, {name} comes out as {array.dtype}")


@pytest.mark.skipif(not gradcheck.HAS_EXTENDED, reason="no more digits than float64 here")
def test_command_knows_the_extended_precision(capsys):
    assert main(["gradcheck", "--method", "extended", "--only", "attention, padding"]) == 0
    row = next(row for row in capsys.readouterr().out.splitlines() if "params.b_k" in row)
    assert float(row.split()[1]) < 1e-14


def test_extended_precision_is_refused_where_there_is_none(rng, monkeypatch):
    monkeypatch.setattr(differences, "HAS_EXTENDED", False)
    with pytest.raises(ValueError, match="the method 'extended' needs a machine whose long double"):
        gradcheck.check_gradients(square_forward, square_backward, *square_inputs(rng), rng=rng,
                                  method="extended")


# ---- the checker itself --------------------------------------------------------------------------

def square_forward(params, x):
    return params["a"] * x * x, x


def square_backward(params, dy, cache):
    return dy * 2 * params["a"] * cache, {"a": dy * cache * cache}


def square_inputs(rng):
    return {"a": rng.standard_normal(4)}, rng.standard_normal(4)


@pytest.mark.parametrize("method", ["centred", "complex", EXTENDED])
def test_right_gradient_passes(rng, method):
    reports = gradcheck.check_gradients(square_forward, square_backward, *square_inputs(rng),
                                        rng=rng, method=method)
    assert [report.parameter for report in reports] == ["params.a", "x"]
    assert all(report.entries == 4 for report in reports)
    assert max(report.error for report in reports) < 1e-10


@pytest.mark.parametrize("method", ["centred", "complex", EXTENDED])
@pytest.mark.parametrize("index", range(4))
def test_one_wrong_entry_is_found_and_named(rng, method, index):
    def wrong_backward(params, dy, cache):
        dx, grads = square_backward(params, dy, cache)
        dx[index] *= 1.001
        return dx, grads

    reports = gradcheck.check_gradients(square_forward, wrong_backward, *square_inputs(rng),
                                        rng=rng, method=method)
    right, wrong = reports
    assert right.error < 1e-10
    assert wrong.error > 1e-6 and wrong.index == (index,)
    assert wrong.analytic == pytest.approx(1.001 * wrong.numerical)
    assert f"x[{index}]" in str(wrong)


@pytest.mark.parametrize("method", ["centred", "complex", EXTENDED])
def test_directions_notice_a_wrong_gradient(rng, method):
    params, x = square_inputs(rng)

    def forward(inputs):
        return square_forward(inputs["params"], inputs["x"])

    def backward(inputs, dy, cache, factor):
        dx, grads = square_backward(inputs["params"], dy, cache)
        return {"params": {"a": grads["a"] * factor}, "x": dx}

    for factor, wrong in ((1, False), (1.01, True)):
        report = gradcheck.check_directions(
            forward, lambda *args: backward(*args, factor), {"params": params, "x": x}, rng=rng,
            method=method)
        assert (report.error > 1e-5) == wrong


def test_one_direction_is_the_sum_over_entries(rng):
    """(FD.4), for one array: of a linear function the direction itself comes out."""
    inputs = {"x": 1e3 * rng.standard_normal((30, 20)), "z": rng.standard_normal(3)}
    point = prepare(lambda inputs: (inputs["x"].sum() + inputs["z"].sum(), None),
                    lambda inputs, dy, cache: {"x": np.full((30, 20), dy), "z": np.full(3, dy)},
                    inputs, "centred", rng)
    report = check_one_direction(point, [("x",)], np.random.default_rng(5))
    v = np.random.default_rng(5).standard_normal((30, 20))
    size = np.median(np.abs(inputs["x"]))
    expected = point.dy * size * v.sum() / 600**0.5
    assert report.numerical == pytest.approx(expected, rel=1e-8)
    assert report.analytic == pytest.approx(expected, rel=1e-12) and report.error < 1e-8


def test_nan_counts_as_wrong():
    assert gradcheck.relative_error(float("nan"), 1.0) == float("inf")


def test_output_that_is_the_input_is_checked(rng):
    """An output may be the very array that the checker nudges."""
    def forward(params, x):
        return (x, params["a"] * x), (x,)

    def backward(params, dy, cache):
        return dy[0] + dy[1] * params["a"], {"a": dy[1] * cache[0]}

    reports = gradcheck.check_gradients(forward, backward, *square_inputs(rng), rng=rng)
    assert max(report.error for report in reports) < 1e-9


def test_gradient_of_another_shape_is_refused(rng):
    def backward(params, dy, cache):
        dx, grads = square_backward(params, dy, cache)
        return dx[:2], grads

    with pytest.raises(ValueError, match="the gradient of x has shape"):
        gradcheck.check_gradients(square_forward, backward, *square_inputs(rng), rng=rng)


def test_forgotten_gradient_is_refused(rng):
    """It would never be compared, and so never be wrong."""
    params, x = square_inputs(rng)
    for backward, message in (
            (lambda params, dy, cache: (square_backward(params, dy, cache)[0], {}),
             "backward gives no gradient of params.a"),
            (lambda params, dy, cache: (None, square_backward(params, dy, cache)[1]),
             "backward gives no gradient of x"),
            (lambda params, dy, cache: (dy, {"a": dy, "z": dy}),
             "backward gives a gradient of params.z, which is no input")):
        with pytest.raises(ValueError, match=message):
            gradcheck.check_gradients(square_forward, backward, params, x, rng=rng)


def test_inputs_are_left_as_they_were(rng):
    params, x = square_inputs(rng)
    before = params["a"].copy(), x.copy()
    gradcheck.check_gradients(square_forward, square_backward, params, x, rng=rng)
    assert (params["a"] == before[0]).all() and (x == before[1]).all()


def test_faults_lists_what_exceeds_the_bound():
    check = CHECKS["linear"]
    reports = check.run()
    assert faults(check, reports) == []
    reports[1].error = float("nan")
    assert faults(check, reports) == [reports[1]]
