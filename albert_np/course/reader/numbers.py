"""Arrays as short text: one line for a row of a page, with bars between rows and heads."""

import re

import numpy as np

MOST = 24                    # numbers in one line
BARS = (" ", " ¦ ", " ‖ ", " ⫴ ")


def short_numbers(array):
    """An array in one line.

    A bar stands between rows, a double bar between matrices. Axes of length 1 in front are left
    out. Of a large array the first numbers are shown.

    Examples
    --------
    >>> short_numbers(np.array([[[0.5, -1.0], [1 / 3, 0.0]]]))
    '0.5 −1 ¦ 0.3333 0'
    """
    array = np.asarray(array)
    while array.ndim > 1 and array.shape[0] == 1:
        array = array[0]
    if not array.size:
        return "empty"
    return _join(array, MOST)


def _join(array, left):
    if array.ndim == 0:
        return _number(array[()])
    parts, size = [], max(1, array.size // len(array))
    for part in array:
        if left < min(size, 2):
            return BARS[min(array.ndim, 4) - 1].join([*parts, "…"])
        parts.append(_join(part, left))
        left -= size
    return BARS[min(array.ndim, 4) - 1].join(parts)


def _number(number):
    if isinstance(number, (bool, np.bool_)):
        return "yes" if number else "no"
    if isinstance(number, (int, np.integer)):
        return str(number).replace("-", "−")
    if isinstance(number, (complex, np.complexfloating)):
        return f"{number:.4g}"
    short = f"{number + 0.0:.4g}"                          # -0 + 0 is 0
    return re.sub(r"e\+?(-?)0*", r"e\1", short).replace("-", "−")


def shape_text(shape):
    """A shape as Python writes it; nothing for a number."""
    return str(tuple(int(size) for size in shape)) if shape else ""
