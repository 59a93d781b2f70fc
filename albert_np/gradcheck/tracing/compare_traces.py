"""Which numbers change when a fault is planted?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .examples import trace_function
from .line_trace import Value


@dataclass(frozen=True)
class Difference:
    """A number that is another one in another trace.

    Attributes
    ----------
    call : int
        From 0, of the calls that both examples made.
    function : str
    line : int
        Where the first trace made the value.
    before : Value
    after : Value or None
        In the other trace; None if there is no value of that name.
    """

    call: int
    function: str
    line: int
    before: Value
    after: Value | None


def differences(trace, other):
    """The values of one trace that are others in another trace of the same example.

    Values are compared by call, by name and by how often the name was made before. If the other
    trace made a name less often, its last value counts. Equal means: equal to six digits.

    Parameters
    ----------
    trace, other : Trace

    Returns
    -------
    list of Difference
    """
    found = []
    for number, (call, changed) in enumerate(zip(trace.calls, other.calls)):
        after = {}
        for _, visit in changed.steps():
            for value in visit.values:
                after.setdefault(value.name, []).append(value)
        seen = {}
        for row, visit in call.steps():
            for value in visit.values:
                times = seen[value.name] = seen.get(value.name, -1) + 1
                candidates = after.get(value.name, [None])
                now = candidates[min(times, len(candidates) - 1)]
                if now is None or not _look_alike(value, now):
                    found.append(Difference(number, call.function, row.line, value, now))
    return found


def differences_of_fault(name, fault, numbers=None):
    """What a planted fault changes in the example of a function.

    Parameters
    ----------
    name, fault, numbers : as in :func:`~albert_np.gradcheck.tracing.examples.trace_function`

    Returns
    -------
    list of Difference

    Examples
    --------
    >>> first = differences_of_fault("layer_norm_backward", "layer_norm_inv_std_forgotten")[0]
    >>> first.before.name, first.before.value.tolist(), first.after.value.tolist()
    ('dx', [[2.0, -2.0, 0.0, 0.0]], [[4.0, -4.0, 0.0, 0.0]])
    """
    return differences(trace_function(name, numbers), trace_function(name, numbers, fault=fault))


def _look_alike(one, other):
    """Whether two values have the same shape and dtype, and numbers equal to six digits."""
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    return np.allclose(one.value, other.value, rtol=1e-6, atol=1e-12, equal_nan=True)
