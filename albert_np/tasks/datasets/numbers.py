"""Numbers in files of others: finite, and in plain notation."""

import re

import numpy as np

LARGEST = float(np.finfo(np.float32).max)
_NO_FLOAT32 = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|inf|infinity)",
                         re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def number_in(value):
    """The number that a field holds.

    Parameters
    ----------
    value : str, int or float
        A text may have spaces around the number. Python would also read ``1_000``, ``nan`` and
        digits of other scripts; here they are no numbers.

    Returns
    -------
    float, or None if it is no number or one that float32 cannot hold

    Examples
    --------
    >>> number_in(" -2.5e-1 "), number_in("1_0"), number_in("NaN"), number_in(10 ** 400)
    (-0.25, None, None, None)
    """
    if isinstance(value, str):
        value = value.strip(" \t")
        if not _PLAIN.fullmatch(value):
            return None
        value = float(value)
    if isinstance(value, bool) or not -LARGEST <= value <= LARGEST:      # which NaN is not either
        return None
    return float(value)


def is_beyond_float32(value):
    """Whether a field holds a number that float32 cannot hold, NaN or infinity.

    Parameters
    ----------
    value : str, int or float

    Returns
    -------
    bool

    Examples
    --------
    >>> is_beyond_float32("1e39"), is_beyond_float32(float("nan")), is_beyond_float32("much")
    (True, True, False)
    """
    if isinstance(value, str) and not _NO_FLOAT32.fullmatch(value.strip(" \t")):
        return False
    return not isinstance(value, bool) and number_in(value) is None
