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
They balance near h = 1e-3 for a function as tame as a sine, and near h = 2e-4 for a stack of
layers; without the second difference they would balance near h = 1e-5 and leave an error a hundred
times larger. The second way is the complex step. Taylor's formula also holds for a step ih, with
the imaginary unit i:

.. math::

   s(x + ih) = s + i h s' - \frac{h^2}{2} s'' - i \frac{h^3}{6} s''' + \ldots

If x and s(x) are real, the imaginary part is h s' up to an error of h^3. Divided by h it is

.. math::
   :label: FD.2

   s' \approx \frac{\operatorname{Im} s(x + ih)}{h}

with an error of about h^2 s'''/6. Nothing is subtracted, so h may be 1e-30, and the result is right
to round-off. The forward pass must run on complex numbers. Every forward pass of this package does.
That is the reason for ``.real`` in some of them: complex numbers have no order, so softmax,
cross-entropy and relu compare real parts.

How far apart may two results be that are both right to round-off? The computer rounds each output
y to a relative eps = 1.1e-16, so that s is known to about eps :math:`|s|`, where

.. math::

   |s| = \Big( \sum_k (dy_k\, y_k)^2 \Big)^{1/2},

since independent errors add up like the sides of a right angle. A difference is divided by h, so a
centred difference is wrong by about eps :math:`|s|` / h. The step h is measured by the input, as a
function of x/1000 needs a step a thousand times as large: h is 5e-4 :math:`|x|`, with :math:`|x|`
the median size of the entries of the array. Nothing smaller than that error can be seen. So no
gradient is compared on a smaller scale than

.. math::

   \text{floor} = 10 \cdot \frac{\epsilon}{\text{bound} \cdot h / |x|} \cdot \frac{|s|}{|x|},

with which an error of eps :math:`|s|` / h is a tenth of the bound. The floor has the unit of a
gradient, s / x. So if the function or its inputs are multiplied by 1e-10, every relative error
stays as it is. The complex step divides by nothing; its floor is the same with 1 in place of h /
:math:`|x|`. The gradient of the key bias needs it: it is a sum of terms that cancel to exactly 0,
and each side computes a rounding error in its place. That this is nothing but rounding shows when
both sides are computed once more with more digits (the method "extended", in 80-bit numbers where
the processor has them), with a floor two thousand times smaller.

The complex step needs a function that is analytic, and np.abs, np.conj and np.real are not: for
them the imaginary part says nothing about the slope. So one random direction of all arrays is
compared with a centred difference too. If only some entries of an array are compared, a direction
of the whole array shows whether the others are right.

The upstream gradient must be random: with dy = 1 everywhere, the true gradient of softmax is 0,
and so is that of a layer norm whose gammas are equal; a backward pass that is wrong by any factor,
or that returns 0, would pass.
"""

from __future__ import annotations

import numpy as np

from ..parameters import leaves_at, tree_map, tree_paths

# h in units of the array's typical size; "plain" is the centred difference without (FD.1).
STEP = {"centred": 5e-4, "complex": 1e-30, "extended": 1e-30, "plain": 1e-5}
# The bounds that the floors below are made for, and the floors 10 eps / (bound h) in units |s|/|x|.
BOUND = {"centred": 1e-7, "complex": 1e-13, "extended": 1e-13, "plain": 1e-7}
FLOOR = {"centred": 2.2e-5, "complex": 1.1e-2, "extended": 5.4e-6, "plain": 1.1e-3}
HAS_EXTENDED = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps)


def relative_error(analytic, numerical, floor=1e-300):
    r"""How far two numbers are apart, measured by their own size.

    .. math::
       :label: FD.3

       \frac{|a - n|}{\max(|a| + |n|,\ \text{floor})}

    The floor makes the comparison absolute for gradients near 0, such as that of the key bias; the
    default only keeps 0 / 0 away.

    Parameters
    ----------
    analytic, numerical : float
    floor : float
        The least number to divide by.

    Returns
    -------
    float
        Infinity if the quotient is NaN: NaN counts as infinitely wrong.

    Examples
    --------
    >>> relative_error(2.0, 2.0), relative_error(1.0, -1.0)
    (0.0, 1.0)
    """
    with np.errstate(invalid="ignore"):                                # infinity / infinity
        error = abs(analytic - numerical) / max(abs(analytic) + abs(numerical), floor)   # (FD.3)
    return float("inf") if np.isnan(error) else float(error)


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
        h; None takes that of ``STEP``, for inputs of size 1.

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
    paths = tree_paths(dy)
    return sum(np.sum(leaf * weight)
               for leaf, weight in zip(leaves_at(y, paths), leaves_at(dy, paths)))


def random_like(y, rng):
    """A random upstream gradient for every output, of its own precision."""
    def random(leaf):
        dtype = np.result_type(np.asarray(leaf).dtype, np.float32)         # no integers
        return np.asarray(rng.standard_normal(np.shape(leaf)), dtype=dtype)

    return tree_map(random, y)


def working_copies(inputs, method):
    """The inputs copied twice: for the backward pass, and to be nudged for the forward passes.

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
    kind = np.complex128 if method == "complex" else np.float64
    return cast_floats(inputs, np.float64), cast_floats(inputs, kind)


def cast_floats(tree, dtype):
    """A copy of the tree in which every array of numbers that are not integers has this dtype."""
    def copy(leaf):
        if np.issubdtype(np.asarray(leaf).dtype, np.inexact):
            return np.array(leaf, dtype=dtype)
        return leaf.copy() if isinstance(leaf, np.ndarray) else leaf

    return tree_map(copy, tree)
