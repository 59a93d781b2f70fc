"""A tensor in a file: what its header says, and how to read it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


class StoredTensor(NamedTuple):
    """One tensor of a file of weights; its numbers are not read before they are asked for."""

    shape: tuple
    dtype: str                          # as safetensors calls it: "F32", "BF16", "I64", ...
    read: Callable[[], np.ndarray]      # BF16 comes as unsigned 16-bit integers


def as_floats(stored):
    """The numbers of a stored tensor.

    bfloat16, which NumPy does not have, is the upper half of a float32: the same sign, the same
    8 bits of exponent, and the first 7 of the 23 bits behind the point.

    Parameters
    ----------
    stored : StoredTensor

    Returns
    -------
    array of float64, float32 or float16

    Examples
    --------
    >>> as_floats(StoredTensor((2,), "BF16", lambda: np.array([0x3FC0, 0xC000], np.uint16)))
    array([ 1.5, -2. ], dtype=float32)
    """
    array = stored.read()
    if stored.dtype == "BF16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def stored_array(array):
    """An array that is in memory already, as if it stood in a file."""
    array = np.asarray(array)
    kind = {"f": "F", "c": "C", "i": "I", "u": "U"}.get(array.dtype.kind, array.dtype.kind.upper())
    return StoredTensor(array.shape, f"{kind}{8 * array.dtype.itemsize}", lambda: array)
