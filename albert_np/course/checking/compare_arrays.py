"""Are two arrays the same, up to rounding? And where do they differ most?"""

import numpy as np

# How far a result may be off, as a share of its array's largest entry, or of the floor if all
# entries are smaller: some gradients are 0 but for round-off, such as that of the key bias.
TOLERANCE = {"float64": 1e-7, "float32": 2e-3}
FLOOR = {"float64": 1e-3, "float32": 0.1}
ROUGH = 1e-4              # right to single precision, although the inputs were double


def first_difference(got, expected, tolerance, floor):
    """Find the entry that is farthest off.

    Parameters
    ----------
    got, expected : arrays of one shape
    tolerance : float
        Relative to the largest finite entry expected.
    floor : float
        Relative to this if all entries are smaller.

    Returns
    -------
    tuple of int or None
        Its index; None if all entries are near enough.
    """
    if got.dtype == expected.dtype and got.tobytes() == expected.tobytes():
        return None
    if expected.dtype.kind not in "fc" or got.dtype.kind not in "biufc":
        wrong = got != expected
        if not wrong.any():
            return None
        return tuple(int(i) for i in np.unravel_index(np.argmax(wrong), wrong.shape))
    if not expected.size:
        return None
    with np.errstate(all="ignore"):
        finite = np.abs(expected[np.isfinite(expected)])
        scale = max(finite.max(initial=0.0), floor)
        off = np.abs(got.astype(complex) - expected) / scale
        alike = (got == expected) | (np.isnan(got) & np.isnan(expected))
        off = np.where(alike, 0, np.where(np.isnan(off), np.inf, off))
    index = np.unravel_index(np.argmax(off), off.shape)
    return tuple(int(i) for i in index) if off[index] > tolerance else None


def same(got, other, dtype):
    """Whether two results are alike in shape, dtype and values; either may be None.

    Parameters
    ----------
    got, other : array or None
    dtype : {"float64", "float32"}
        Of the inputs.

    Returns
    -------
    bool
    """
    return values_alike(got, other, dtype) and (got is None or got.dtype == other.dtype)


def values_alike(got, other, dtype):
    """As :func:`same`, whatever the dtypes of the two are."""
    if got is None or other is None:
        return got is other
    return (got.shape == other.shape
            and first_difference(got, other, TOLERANCE[dtype], FLOOR[dtype]) is None)
