"""Are two arrays the same, up to rounding? And where do they differ most?"""

import numpy as np

# How far a result may be off, as a share of its array's largest entry, or of the floor if all
# entries are smaller: some gradients are 0 but for round-off, such as that of the key bias.
TOLERANCE = {"float64": 1e-7, "float32": 2e-3}
FLOOR = {"float64": 1e-3, "float32": 0.1}
# Right to single precision, although the inputs were double. The package's own results in single
# precision are off by 4e-6 at most, but for gradients that are 0 and scores in the thousands.
ROUGH = 1e-5
TIMES, LIMIT = 8, 1e-2    # there: so many times what the package is off by, but no more than this


def how_far(got, expected, floor):
    """The largest difference, relative to the largest finite entry expected or to the floor."""
    with np.errstate(all="ignore"):
        finite = np.abs(expected[np.isfinite(expected)])
        off = np.abs(got.astype(complex) - expected) / max(finite.max(initial=0.0), floor)
        alike = (got == expected) | (np.isnan(got) & np.isnan(expected))
        return np.where(alike, 0, np.where(np.isnan(off), np.inf, off))


def rough_tolerance(expected, rounded, floor):
    """How far a result of single precision may be off, as a share like `TOLERANCE`.

    Parameters
    ----------
    expected : array
    rounded : array or None
        The package's own result in single precision.
    floor : float

    Returns
    -------
    float
    """
    if rounded is None or rounded.shape != expected.shape or not expected.size:
        return ROUGH
    return float(max(ROUGH, min(TIMES * how_far(rounded, expected, floor).max(), LIMIT)))


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
    off = how_far(got, expected, floor)
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
