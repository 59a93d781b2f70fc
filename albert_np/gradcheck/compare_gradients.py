"""Compare what a backward pass says with what forward passes say, entry by entry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..functional.trees import tree_map
from .contract import check_again, check_options, float_arrays, prepare
from .differences import (BOUND, FLOOR, STEP, cast_floats, derivative, nudged_output,
                          relative_error)
from .gradient_report import DIRECTION, RIGHT, GradientReport, name_of

ANALYTIC = 1e-6     # how far the complex step may be from the centred difference


def check_gradients(forward, backward, params, x=None, *, rng=None, entries=None,
                    method="centred"):
    """Check a layer that keeps the contract of this package.

    Parameters
    ----------
    forward : callable
        ``forward(params, x) -> y, cache``. y is an array or a tree of arrays.
    backward : callable
        ``backward(params, dy, cache) -> dx, grads``; dx is None if there is no x, or only ids.
    params : tree of float64 arrays
    x : array, tree of arrays, or None
        Integer arrays (ids) are passed on and not checked.
    rng, entries, method : as in :func:`check_inputs_of`

    Returns
    -------
    list of GradientReport
        One for each parameter, and one for each part of x. ``print(report)`` says what is wrong.

    Raises
    ------
    ValueError
        As :func:`check_inputs_of`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> def square_forward(params, x):
    ...     return params["a"] * x * x, x
    >>> def square_backward(params, dy, cache):
    ...     x = cache
    ...     return dy * 2 * params["a"] * x, {"a": dy * x * x}
    >>> params, x = {"a": rng.standard_normal(3)}, rng.standard_normal(3)
    >>> reports = check_gradients(square_forward, square_backward, params, x)
    >>> [report.parameter for report in reports], max(r.error for r in reports) < 1e-9
    (['params.a', 'x'], True)
    """
    def forward_of_inputs(inputs):
        return forward(inputs["params"], inputs.get("x"))

    def backward_of_inputs(inputs, dy, cache):
        result = backward(inputs["params"], dy, cache)
        if not (isinstance(result, tuple) and len(result) == 2):
            raise ValueError("backward must return (dx, grads), a tuple of two; "
                             "dx is None if x has no gradient")
        dx, grads = result
        return {"params": grads, "x": dx} if dx is not None else {"params": grads}

    inputs = {"params": params} if x is None else {"params": params, "x": x}
    return check_inputs_of(forward_of_inputs, backward_of_inputs, inputs, rng=rng,
                           entries=entries, method=method)


def check_inputs_of(forward, backward, inputs, *, rng=None, entries=None, method="centred",
                    dy=None):
    """Check a function of any tree of inputs, entry by entry.

    Parameters
    ----------
    forward : callable
        ``forward(inputs) -> y, cache``.
    backward : callable
        ``backward(inputs, dy, cache)``, a tree with the gradient of each input that has one.
    inputs : tree of float64 arrays
        Integer arrays are passed on and not checked.
    rng : numpy.random.Generator, optional
        Draws the upstream gradient, the entries and the directions; None takes the seed 0.
    entries : int, optional
        How many random entries of each array to check, and then one random direction of the whole
        array; None checks all entries.
    method : {"centred", "complex", "extended"}
    dy : tree like the outputs, optional
        The upstream gradient; None draws it.

    Returns
    -------
    list of GradientReport
        One for each array with a gradient, of its worst entry.

    Raises
    ------
    ValueError
        If an option is impossible, if the function breaks the contract
        (:mod:`albert_np.gradcheck.contract`), if the complex step meets a function that is not
        analytic, or if no slope is larger than its rounding error, so that nothing is compared.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    check_options(method, "entries", entries, rng)
    point = prepare(forward, backward, inputs, method, rng, dy)
    reports = []
    for path, gradient in point.gradients.items():
        indices = _choose_indices(gradient.shape, entries, rng)
        slopes = slopes_at(point, path, indices)
        floor = FLOOR[method] * point.size / point.scales[path]
        report = _worst_entry(path, gradient, slopes, indices, floor, point.dy)
        if report.error <= RIGHT and len(indices) < gradient.size:
            # The entries that were not chosen.
            report = _worse(report, check_one_direction(point, [path], rng))
        reports.append(report)
    if method != "centred":
        _refuse_if_not_analytic(point, list(point.gradients), rng)
    check_again(point)
    _refuse_rounding_errors_alone(point, reports)
    return reports


def slopes_at(point, path, indices):
    """The slope of s with respect to some entries of one array, from forward passes alone.

    Parameters
    ----------
    point : Point
    path : tuple
        Which array.
    indices : list of tuples

    Returns
    -------
    array like the input
        NaN at all other entries.
    """
    array, step = point.arrays[path], STEP[point.method] * point.scales[path]
    slopes = np.full(array.shape, np.nan, point.gradients[path].dtype)
    for index in indices:
        slopes[index] = derivative(
            lambda nudge: nudged_output(point.forward, point.nudged, array, index, nudge),
            point.dy, point.method, step)
    return slopes


def check_directions(forward, backward, inputs, *, rng=None, directions=5, method="centred",
                     step=None):
    """Check all inputs at once along random directions: cheap enough for whole models.

    A fault in any of them shows; in which one, it does not.

    Parameters
    ----------
    forward, backward, inputs, rng : as in :func:`check_inputs_of`
    directions : int
    method : {"centred", "complex", "extended", "plain"}
    step : float, optional
        h; None takes the best known one.

    Returns
    -------
    GradientReport
        Of the worst direction.

    Raises
    ------
    ValueError
        As :func:`check_inputs_of`.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    check_options(method, "directions", directions, rng)
    point = prepare(forward, backward, inputs, method, rng)
    reports = [check_one_direction(point, list(point.gradients), rng, step)
               for _ in range(directions)]
    if method in ("complex", "extended") and step is None:
        _refuse_if_not_analytic(point, list(point.gradients), rng)
    check_again(point)
    _refuse_rounding_errors_alone(point, reports)
    number = int(np.argmax([report.error for report in reports]))
    return replace(reports[number], path=("all parameters, direction",), index=(number,),
                   entries=directions)


def check_one_direction(point, paths, rng, step=None):
    r"""Move some arrays along a random direction v of length 1, in units of the arrays' sizes.

    .. math::
       :label: FD.4

       \sum_i \frac{\partial s}{\partial x_i} v_i = \frac{d}{dt}\, s(x + t v) \Big|_{t=0}

    Parameters
    ----------
    point : Point
    paths : list of tuples
        Which arrays.
    rng : numpy.random.Generator
    step : float, optional
        h; None takes the best known one.

    Returns
    -------
    GradientReport
        Under the name of the first array.
    """
    v = _direction(point, paths, rng)
    claimed = sum(np.sum(point.gradients[path] * v[path]) for path in paths)
    slope = derivative(lambda t: _output_along(point, v, t), point.dy, point.method,
                       step)                                                           # (FD.4)
    floor = FLOOR[point.method] * point.size
    return GradientReport(paths[0], relative_error(claimed, slope, floor), DIRECTION,
                          float(claimed), float(slope), 1, abs(float(slope)) / floor)


def _direction(point, paths, rng):
    v = {path: point.scales[path] * rng.standard_normal(point.arrays[path].shape)
         for path in paths}
    length = sum(part.size for part in v.values())**0.5
    return {path: (part / length).astype(point.gradients[path].dtype)
            for path, part in v.items()}


def _output_along(point, v, t):
    """The output at x + t v."""
    moved = cast_floats(point.inputs, np.result_type(type(t), np.float64))
    arrays = float_arrays(moved)
    for path, part in v.items():
        arrays[path] += t * part
    return tree_map(np.copy, point.forward(moved)[0])


def _refuse_if_not_analytic(point, paths, rng):
    """Compare the complex step with centred differences along a direction of these arrays.

    A kink between x - h and x + h makes a difference wrong; at a smaller h it is not there.
    """
    v = _direction(point, paths, rng)
    slope = derivative(lambda t: _output_along(point, v, t), point.dy, point.method)
    for shrink in (1, 1e-1, 1e-2, 1e-3):
        centred = derivative(lambda t: _output_along(point, v, t), point.dy, "centred",
                             STEP["centred"] * shrink)
        if relative_error(slope, centred, FLOOR["centred"] / shrink * point.size) <= ANALYTIC:
            return
    for path in paths if len(paths) > 1 else ():
        _refuse_if_not_analytic(point, [path], rng)            # which of them?
    name = name_of(paths[0]) if len(paths) == 1 else "the inputs"
    raise ValueError(
        f"the complex step says {slope:.6g} along a direction of {name}, the centred difference "
        f"{centred:.6g}: the function is not analytic here (abs, conj, real, max on complex "
        f"numbers?); use method='centred'")


def _worst_entry(path, gradient, slopes, indices, floor, dy):
    errors = [relative_error(gradient[index], slopes[index], floor) for index in indices]
    worst = int(np.argmax(errors))
    index = indices[worst]
    largest = max(abs(float(slopes[index])) for index in indices) / floor
    return GradientReport(path, errors[worst], index, float(gradient[index]),
                          float(slopes[index]), len(indices), largest, floor, gradient, slopes, dy)


def _worse(report, along):
    """The report, with the direction in the entry's place if the direction is further off."""
    largest = max(report.largest, along.largest)
    if along.error <= report.error:
        return replace(report, largest=largest)
    return replace(report, error=along.error, index=along.index, analytic=along.analytic,
                   numerical=along.numerical, largest=largest)


def _refuse_rounding_errors_alone(point, reports):
    """If no slope is larger than its rounding error, any gradient that is small enough passes."""
    if all(report.largest <= BOUND[point.method] for report in reports):
        raise ValueError("nothing is compared: no slope is larger than its rounding error; "
                         "take another point, subtract large constants from the output, or use "
                         "method='complex'")


def _choose_indices(shape, entries, rng):
    """All indices of an array, or some random ones."""
    size = int(np.prod(shape))
    chosen = np.arange(size)
    if entries is not None and entries < size:
        chosen = np.sort(rng.choice(size, entries, replace=False))
    return [tuple(int(i) for i in np.unravel_index(flat, shape)) for flat in chosen]
