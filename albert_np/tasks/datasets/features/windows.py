"""Long texts in overlapping windows: where they begin, and which of them knows a piece best."""

import numpy as np


def window_spans(length, room, stride):
    """Cut a text of some pieces into windows that overlap.

    Parameters
    ----------
    length : int
        Pieces of the text.
    room : int
        Pieces a window can hold.
    stride : int
        From the beginning of one window to that of the next.

    Returns
    -------
    list of (first, end)
        The last window reaches the end of the text.

    Examples
    --------
    >>> window_spans(10, room=6, stride=3)
    [(0, 6), (3, 9), (6, 10)]
    """
    spans, first = [], 0
    while True:
        end = min(first + room, length)
        spans.append((first, end))
        if end == length:
            return spans
        first += min(room, stride)


def best_windows(spans, length):
    r"""For each piece, the window in which it has the most context.

    A piece with l pieces before it and r after it in a window of n pieces scores

    .. math::

       \min(l, r) + 0.01\, n

    there; of equal ones the first window wins.

    Parameters
    ----------
    spans : list of (first, end)
    length : int

    Returns
    -------
    integer array (length,)
        The number of the window of each piece.

    References
    ----------
    google-research/albert, squad_utils.py, _check_is_max_context.

    Examples
    --------
    >>> best_windows([(0, 6), (3, 9)], 9).tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1]
    """
    owners, best = np.zeros(length, np.int64), np.full(length, -np.inf)
    for number, (first, end) in enumerate(spans):
        before = np.arange(end - first)
        scores = np.minimum(before, before[::-1]) + 0.01 * (end - first)
        better = scores > best[first:end]
        owners[first:end][better] = number
        best[first:end][better] = scores[better]
    return owners
