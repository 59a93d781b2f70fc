r"""Is a backward pass right? Compare it with what the forward pass does when nudged.

A forward pass has many outputs. To get one number from them, weigh them with a random upstream
gradient dy, and call s = sum(dy * y). The backward pass claims to know the gradient of s with
respect to every entry of every input. There are two ways of finding it from forward passes alone.
The first takes differences on both sides of x. By Taylor's formula

.. math::

   \frac{s(x+h) - s(x-h)}{2h} = s' + \frac{h^2}{6} s''' + \frac{h^4}{120} s^{(5)} + \ldots

and the same with 2h in place of h. Four thirds of the one minus one third of the other leaves no
h^2 term:

.. math::
   :label: FD.1

   s' \approx \frac43 \cdot \frac{s(x+h) - s(x-h)}{2h} - \frac13 \cdot \frac{s(x+2h) - s(x-2h)}{4h}

What remains is a truncation error of about h^4 s^(5)/30, and a round-off of about 1e-16 s/h.
They balance near h = 1e-3 for a function as tame as a sine, and near h = 2e-4, which is used
here, for a stack of layers; without the second difference they would balance near h = 1e-5 and
leave an error a hundred times larger. The second way

.. math::
   :label: FD.2

   s' \approx \frac{\operatorname{Im} s(x + ih)}{h}

subtracts nothing, so that h may be 1e-30 and the result is right to round-off. It needs a
forward pass that runs on complex numbers, and every one here does.

How far apart may two results be that are both right to round-off? A gradient is a sum of many
terms, the computer rounds each to a relative 1e-16, and what is lost adds up to about

.. math::

   |a - n| \lesssim \epsilon \sum_i |t_i|, \qquad \text{and not } \epsilon \Big| \sum_i t_i \Big|

The terms are of size 1 here, since inputs, weights and upstream gradients are, and in some entries
they cancel: the gradient of the key bias is a sum of such terms and is exactly 0. In float64 the
complex step is therefore compared on the scale of the terms, by a floor of 1 in (FD.3); with a
floor of 1e-3 the worst entry of all would stand at 3e-12. That this is nothing but round-off shows
when both sides, the backward pass and the complex step, are computed once more with more digits
(the method "extended", in 80-bit numbers where the processor has them). Then the floor of 1e-3 will
do, and every entry agrees to 1e-14, most of them to 1e-16. (The worst are behind a GELU, whose
constants have no more digits than float64.)

The upstream gradient must be random: with dy = 1 everywhere, the true gradient of softmax is 0,
and so is that of a layer norm whose gammas are equal; a backward pass that is wrong by any factor,
or that returns 0, would pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..parameters import flatten, global_norm, tree_map

STEP = {"centred": 2e-4, "complex": 1e-30, "extended": 1e-30}
# Below this size a gradient is compared absolutely; why it is 1 for the complex step, see above.
FLOOR = {"centred": 1e-3, "complex": 1.0, "extended": 1e-3}
HAS_EXTENDED = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps)


@dataclass
class GradientReport:
    """The worst entry of one parameter.

    Attributes
    ----------
    parameter : str
        Dotted name.
    error : float
        The worst relative error among the entries that were checked.
    index : tuple of int
        Where it was found.
    analytic, numerical : float
        What the backward pass says there, and what the forward passes say.
    entries : int
        How many entries were checked.
    """

    parameter: str
    error: float
    index: tuple
    analytic: float
    numerical: float
    entries: int

    def __str__(self):
        where = ", ".join(map(str, self.index))
        return (f"{self.parameter}[{where}]: backward says {self.analytic:.12g}, "
                f"forward says {self.numerical:.12g}, relative error {self.error:.1e}")


def relative_error(analytic, numerical, floor=FLOOR["centred"]):
    r"""How far two numbers are apart, measured by their own size.

    .. math::
       :label: FD.3

       \frac{|a - n|}{\max(|a| + |n|,\ \text{floor})}

    The floor makes the comparison absolute for gradients near 0, such as that of the key bias.
    NaN counts as infinitely wrong.

    Examples
    --------
    >>> relative_error(2.0, 2.0), relative_error(1.0, -1.0)
    (0.0, 1.0)
    """
    error = abs(analytic - numerical) / max(abs(analytic) + abs(numerical), floor)     # (FD.3)
    return float("inf") if np.isnan(error) else float(error)


def check_gradients(forward, backward, params, x=None, *, rng, entries=None, method="centred"):
    """Check a layer that keeps the contract of this package.

    Parameters
    ----------
    forward : callable
        ``forward(params, x) -> y, cache``. y is an array or a tree of arrays.
    backward : callable
        ``backward(params, dy, cache) -> dx, grads``.
    params : tree of arrays
    x : array, tree of arrays, or None
        Integer arrays (ids) are passed on and not checked.
    rng : numpy.random.Generator
        Draws the upstream gradient and the entries.
    entries : int, optional
        How many random entries of each array to check; None checks all.
    method : {"centred", "complex", "extended"}

    Returns
    -------
    list of GradientReport
        One for each parameter, and one for each part of x.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> def square_forward(params, x):
    ...     return params["a"] * x * x, x
    >>> def square_backward(params, dy, cache):
    ...     x = cache
    ...     return dy * 2 * params["a"] * x, {"a": dy * x * x}
    >>> params, x = {"a": rng.standard_normal(3)}, rng.standard_normal(3)
    >>> reports = check_gradients(square_forward, square_backward, params, x, rng=rng)
    >>> [report.parameter for report in reports], max(r.error for r in reports) < 1e-9
    (['params.a', 'x'], True)
    """
    def forward_of_inputs(inputs):
        return forward(inputs["params"], inputs.get("x"))

    def backward_of_inputs(inputs, dy, cache):
        dx, grads = backward(inputs["params"], dy, cache)
        return {"params": grads, "x": dx} if dx is not None else {"params": grads}

    inputs = {"params": params} if x is None else {"params": params, "x": x}
    return check_inputs_of(forward_of_inputs, backward_of_inputs, inputs, rng=rng,
                           entries=entries, method=method)


def check_inputs_of(forward, backward, inputs, *, rng, entries=None, method="centred"):
    """Check a function of any tree of inputs, entry by entry.

    Parameters
    ----------
    forward : callable
        ``forward(inputs) -> y, cache``.
    backward : callable
        ``backward(inputs, dy, cache)``, a tree with the gradient of each input that has one.
    inputs : tree of float64 arrays
    rng, entries, method : as in :func:`check_gradients`

    Returns
    -------
    list of GradientReport

    Raises
    ------
    ValueError
        Where a gradient is missing or of another shape, or where the method "extended" is asked
        for on a machine that has no more digits than float64.
    """
    inputs, nudged = working_copies(inputs, method)
    y, cache = forward(inputs)
    dy = random_like(y, rng)
    analytic = flatten(backward(inputs, dy, cache))
    nudged_arrays = flatten(nudged)
    _check_names(inputs, analytic)

    reports = []
    for name, gradient in analytic.items():
        array = nudged_arrays[name]
        if gradient.shape != array.shape:
            raise ValueError(f"the gradient of {name} has shape {gradient.shape}, "
                             f"but {name} has shape {array.shape}")
        worst = None
        indices = _choose_indices(array.shape, entries, rng)
        for index in indices:
            slope = derivative(lambda nudge: nudged_output(forward, nudged, array, index, nudge),
                                dy, method)
            error = relative_error(gradient[index], slope, FLOOR[method])
            if worst is None or error > worst.error:
                worst = GradientReport(name, error, index, float(gradient[index]), float(slope),
                                       len(indices))
        reports.append(worst)
    return reports


def check_directions(forward, backward, inputs, *, rng, directions=5, method="centred",
                     step=None):
    r"""Check all inputs at once along random directions: cheap enough for whole models.

    .. math::
       :label: FD.4

       \sum_i \frac{\partial s}{\partial x_i} v_i = \frac{d}{dt}\, s(x + t v) \Big|_{t=0}

    for a random direction v of length 1 that moves every parameter at once. A fault in any of them
    shows; in which one, it does not.

    Parameters
    ----------
    forward, backward, inputs, rng, method : as in :func:`check_inputs_of`
    directions : int
    step : float, optional
        h; None takes the best known one.

    Returns
    -------
    GradientReport
        Of the worst direction.
    """
    inputs, _ = working_copies(inputs, method)
    y, cache = forward(inputs)
    dy = random_like(y, rng)
    analytic = flatten(backward(inputs, dy, cache))
    _check_names(inputs, analytic)
    worst = None
    for number in range(directions):
        v = {name: rng.standard_normal(gradient.shape) for name, gradient in analytic.items()}
        length = global_norm(v)
        v = {name: (part / length).astype(analytic[name].dtype) for name, part in v.items()}
        claimed = sum((gradient * v[name]).sum() for name, gradient in analytic.items())

        def y_along(step):
            moved = cast_floats(inputs, np.result_type(type(step), np.float64))
            for name, array in flatten(moved).items():
                if name in v:
                    array += step * v[name]
            return forward(moved)[0]

        slope = derivative(y_along, dy, method, step)                                       # (FD.4)
        error = relative_error(claimed, slope, FLOOR.get(method, FLOOR["centred"]))
        if worst is None or error > worst.error:
            worst = GradientReport("all parameters, direction", error, (number,), float(claimed),
                                   float(slope), directions)
    return worst


def _check_names(inputs, analytic):
    """A gradient that is missing would never be compared, and so never be wrong."""
    wanted = {name for name, array in flatten(inputs).items()
              if np.issubdtype(np.asarray(array).dtype, np.inexact)}
    for name in sorted(wanted - analytic.keys()):
        raise ValueError(f"backward gives no gradient of {name}")
    for name in sorted(analytic.keys() - wanted):
        raise ValueError(f"backward gives a gradient of {name}, which is no input of "
                         f"floating-point numbers")


def nudged_output(forward, inputs, array, index, nudge):
    """The output when one entry of one of the inputs' arrays is nudged for a moment."""
    value = array[index]
    array[index] = value + nudge
    y = tree_map(np.copy, forward(inputs)[0])     # copied, as an output may be the input itself
    array[index] = value
    return y


def derivative(y_of, dy, method, step=None):
    """The slope of sum(dy * y_of(nudge)) at nudge 0.

    The outputs are subtracted before they are weighed and summed, so that those which the nudge
    does not reach cancel exactly.

    Parameters
    ----------
    y_of : callable
        From the nudge to the outputs.
    dy : tree like the outputs
    method : {"centred", "complex", "extended", "plain"}
        "plain" leaves out the correction at 2h, to show what it is good for.
    step : float, optional
        h; None takes that of ``STEP``.

    Returns
    -------
    float, of as many digits as the outputs have
    """
    h = STEP[method] if step is None else step
    if method == "extended":
        h = np.longdouble(h)
    if method in ("complex", "extended"):
        return _weigh(dy, tree_map(np.imag, y_of(h * 1j))) / h                         # (FD.2)
    near = _weigh(dy, tree_map(np.subtract, y_of(h), y_of(-h))) / (2 * h)
    if method == "plain":
        return near
    far = _weigh(dy, tree_map(np.subtract, y_of(2 * h), y_of(-2 * h))) / (4 * h)
    return (4 * near - far) / 3                                                        # (FD.1)


def _weigh(dy, y):
    """sum(dy * y) over all leaves."""
    return sum(np.sum(leaf * weight)
               for leaf, weight in zip(flatten({"": y}).values(), flatten({"": dy}).values()))


def random_like(y, rng):
    """A random upstream gradient for every output, of its own precision."""
    def random(leaf):
        dtype = np.result_type(np.asarray(leaf).dtype, np.float32)         # no integers
        return np.asarray(rng.standard_normal(np.shape(leaf)), dtype=dtype)

    return tree_map(random, y)


def working_copies(inputs, method):
    """The inputs twice: for the backward pass, and to be nudged for the forward passes.

    Parameters
    ----------
    inputs : tree of arrays
    method : {"centred", "complex", "extended", "plain"}

    Returns
    -------
    given, nudged : trees like inputs
        Real numbers, and numbers of the kind that the method nudges.
    """
    if method == "extended":
        if not HAS_EXTENDED:
            raise ValueError("the method 'extended' needs a machine whose long double has more "
                             "digits than float64")
        return cast_floats(inputs, np.longdouble), cast_floats(inputs, np.clongdouble)
    return inputs, cast_floats(inputs, np.complex128 if method == "complex" else np.float64)


def _choose_indices(shape, entries, rng):
    """All indices of an array, or some random ones."""
    size = int(np.prod(shape))
    chosen = np.arange(size)
    if entries is not None and entries < size:
        chosen = np.sort(rng.choice(size, entries, replace=False))
    return [tuple(int(i) for i in np.unravel_index(flat, shape)) for flat in chosen]


def cast_floats(tree, dtype):
    """A copy of the tree in which every array of numbers that are not integers has this dtype."""
    return tree_map(lambda leaf: np.array(leaf, dtype=dtype)
                    if np.issubdtype(np.asarray(leaf).dtype, np.inexact) else leaf, tree)
