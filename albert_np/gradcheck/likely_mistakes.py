"""Guess from the numbers of a wrong gradient which kind of mistake was made."""

import numpy as np

CLOSE = 1e-5     # two numbers are the same here if they differ by less, in units of the largest


def likely_mistakes(gradient, slopes, dy=None, floor=0.0, name="gradient"):
    """Name the kind of mistake that a wrong gradient, or another wrong array, looks like.

    Parameters
    ----------
    gradient : array (...)
        What the backward pass says.
    slopes : array (...)
        What the forward passes say; NaN at entries that were not compared.
    dy : array or tree of arrays, optional
        The upstream gradient. If it is one array, more kinds are recognised.
    floor : float
        Slopes that are a thousand times smaller count as 0.
    name : str
        What to call the array.

    Returns
    -------
    list of str
        One sentence, or none if the mistake is none of these.

    Examples
    --------
    >>> right = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> likely_mistakes(-right, right), likely_mistakes(3 * right, right)
    (['the sign is wrong'], ['every entry is 3 times the right one'])
    >>> likely_mistakes(right.T, right)
    ['2 of 4 entries are wrong: this is the transpose of the right gradient']
    """
    compared = np.isfinite(slopes) & np.isfinite(gradient)
    a, n = (array[compared].astype(float) for array in (gradient, slopes))
    dy = dy if isinstance(dy, np.ndarray) else np.zeros(())
    if not a.size:
        return []
    close = CLOSE * max(np.abs(n).max(), 1e-3 * floor)
    wrong = np.abs(a - n) > close
    if np.abs(n).max() <= close:
        return ["the output does not depend on this array: the right gradient is 0"
                if name == "gradient" else f"the right {name} is 0 everywhere"]
    if not a.any():
        return [f"the {name} is 0 everywhere"]
    if not wrong.any():                      # only the last digits differ
        return []
    factor = np.dot(a, n) / np.dot(n, n)
    if (a.size > 1 and abs(factor - 1) >= CLOSE
            and np.abs(a - factor * n).max() <= CLOSE * np.abs(a).max()):
        return ["the sign is wrong" if abs(factor + 1) < CLOSE else
                f"every entry is {_factor_in_words(factor, gradient, dy)} times the right one"]
    sentences = []
    if compared.all() and a.size > 1:
        sentences = _whole_array(gradient, slopes, dy, close, name)
    if not sentences and np.abs(n[wrong]).max(initial=0) <= close:
        sentences = ["entries are not 0 that should be: rows or places that do not count get "
                     "something"]
    elif not sentences and not a[wrong].any():
        sentences = ["entries are 0 that should not be: a term, a row or a masked place is missing"]
    if not sentences or wrong.sum() <= a.size / 2:
        where = _wrong_rows(gradient, slopes, close) if compared.all() else ""
        sentences.insert(0, f"{wrong.sum()} of {a.size} entries are wrong{where}")
    return [": ".join(sentences)]


def _whole_array(gradient, slopes, dy, close, name):
    """Mistakes that show if all entries are known."""
    def same(left, right):
        return left.shape == right.shape and bool(np.all(np.abs(left - right) <= close))

    off = gradient - slopes
    if gradient.ndim == 2 and same(gradient.T, slopes):
        return [f"this is the transpose of the right {name}"]
    for axis in range(dy.ndim if dy.ndim > 1 else 0):
        others = tuple(other for other in range(dy.ndim) if other != axis)
        if same(gradient, dy.sum(axis=others)):
            return [f"the upstream gradient is summed over the wrong axes, {list(others)}"]
    if dy.ndim > 1 and gradient.ndim and dy.shape[-1] == gradient.shape[-1]:
        uses = dy.reshape(-1, dy.shape[-1])
        rows, wrong = gradient.reshape(-1, dy.shape[-1]), np.abs(off) > close
        if all(any(same(row, use) for use in uses)
               for row in rows[wrong.reshape(rows.shape).any(axis=-1)]):
            return ["this is the upstream gradient of one use alone; those of all uses add up"]
    if same(np.sort(gradient, axis=None), np.sort(slopes, axis=None)):
        return ["the right numbers stand in the wrong places: an axis or an index is permuted"]
    if gradient.ndim and gradient.shape[-1] > 2 and same(off - off.mean(axis=-1, keepdims=True),
                                                         np.zeros_like(off)):
        return ["each row is off by a constant: a mean or a sum over the last axis is missing"]
    return []


def _factor_in_words(factor, gradient, dy):
    """A factor, and the axis that is as long: "1/5 (5 is the length of axis 0 of the output)".

    Of the number 2 no axis is named, since a 2 may come from anywhere.
    """
    for number in range(2, 1001):
        for value, text in ((number, f"{number}"), (1 / number, f"1/{number}"),
                            (number**0.5, f"sqrt({number})"),
                            (number**-0.5, f"1/sqrt({number})")):
            if abs(abs(factor) / value - 1) < CLOSE:
                axes = [f" ({number} is the length of axis {axis} of {what})"
                        for what, array in (("the output", dy), ("the gradient", gradient))
                        for axis, length in enumerate(array.shape) if length == number > 2]
                return ("-" if factor < 0 else "") + text + (axes[0] if axes else "")
    return f"{factor:.6g}"


def _wrong_rows(gradient, slopes, close):
    """Which rows are wrong, if each row of an axis is either right or wrong as a whole."""
    wrong = np.abs(gradient - slopes) > close
    for axis in range(gradient.ndim if gradient.ndim > 1 else 0):
        others = tuple(other for other in range(gradient.ndim) if other != axis)
        whole = wrong.all(axis=others)
        if (whole == wrong.any(axis=others)).all() and not whole.all():
            return f" (index {', '.join(map(str, np.flatnonzero(whole)))} of axis {axis})"
    return ""
