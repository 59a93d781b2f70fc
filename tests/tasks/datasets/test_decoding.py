"""The best answer in some windows, beside a plain search over all stretches.

The logits are small whole numbers, so that many stretches are equally good: the first of them wins.
"""

import tracemalloc

import numpy as np
import pytest

from albert_np.tasks.datasets import Question
from albert_np.tasks.datasets.features import decode_answer
from albert_np.tasks.datasets.features.windows import best_windows, window_spans

CONTEXT = "abcdefghijklmnopqrstuvwxyz"


def some_windows(rng):
    """Windows of 20 pieces, each a character: ``[CLS]``, a question of 3, ``[SEP]``, a context."""
    spans = window_spans(len(CONTEXT), room=14, stride=6)
    owners, windows = best_windows(spans, len(CONTEXT)), []
    for number, (first, end) in enumerate(spans):
        T = 5 + end - first + 1
        offsets = np.zeros((T, 2), np.int64)
        offsets[5:-1] = [(i, i + 1) for i in range(first, end)]
        p_mask = np.ones(T, int)
        p_mask[0] = p_mask[5:-1] = 0
        p_mask[5:-1] = rng.random(T - 6) < 0.1                             # and some are closed
        own = np.zeros(T, bool)
        own[5:-1] = owners[first:end] == number
        windows.append({"input_ids": np.zeros(T, int), "offsets": offsets, "p_mask": p_mask,
                        "max_context": own})
    return windows


def plain_search(windows, starts, ends, longest, tops=None):
    """(score, first, last) of the first of the best stretches, or None."""
    best = None
    for w, window in enumerate(windows):
        T = len(window["input_ids"])
        open_ = [t for t in range(T) if not window["p_mask"][t] and window["offsets"][t][1]]
        for k, first in enumerate(range(T) if tops is None else tops[w]):
            if first >= T or first not in open_ or not window["max_context"][first]:
                continue
            for last in open_:
                if first <= last < first + longest:
                    end = ends[w][last] if tops is None else ends[w][k][last]
                    score = starts[w][first] + end
                    if best is None or score > best[0]:
                        best = score, window["offsets"][first][0], window["offsets"][last][1]
    return best


@pytest.mark.parametrize("longest", [1, 3, 30])
@pytest.mark.parametrize("given_the_start", [False, True])
def test_the_answer_is_the_first_of_the_best_stretches(longest, given_the_start):
    question, thresholds = Question("", CONTEXT, "who"), (None, -2.0, 0.0, 2.0)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        windows = some_windows(rng)
        starts = [rng.integers(-3, 4, 20).astype(float) for _ in windows]
        shape, tops, nulls = 20, None, [s[0] for s in starts]
        if given_the_start:
            shape, tops = (4, 20), [rng.permutation(20)[:4] for _ in windows]
        ends = [rng.integers(-3, 4, shape).astype(float) for _ in windows]
        nulls = ([0.5, 1.0, 2.0, 0.0][:len(windows)] if given_the_start
                 else [start + end[0] for start, end in zip(nulls, ends)])
        best = plain_search(windows, starts, ends, longest, tops)
        for threshold in thresholds:
            guess = decode_answer(question, windows, starts, ends, tops, longest, threshold,
                                  nulls if given_the_start else None)
            assert guess.null_score == min(nulls)
            # At the threshold itself, the answer stays.
            if best is None or threshold is not None and min(nulls) - best[0] > threshold:
                assert (guess.text, guess.start, guess.end) == ("", 0, 0)
            else:
                assert (guess.score, guess.start, guess.end) == best
                assert guess.text == CONTEXT[guess.start:guess.end]


def test_a_piece_belongs_to_the_window_with_most_context():
    """By the formula, one piece after another; where two are equal, to the first."""
    for length, room, stride in ((40, 12, 5), (33, 10, 10), (50, 16, 3), (7, 9, 4)):
        spans = window_spans(length, room, stride)
        assert [first for first, _ in spans] == list(range(0, spans[-1][0] + 1, stride))
        assert spans[-1][1] == length and all(end - first <= room for first, end in spans)
        for piece, owner in enumerate(best_windows(spans, length)):
            scores = [min(piece - first, end - 1 - piece) + 0.01 * (end - first)
                      if first <= piece < end else -np.inf for first, end in spans]
            assert owner == scores.index(max(scores))
    assert best_windows([(0, 5), (2, 8)], 8)[3] == 1            # 1 before or after, but 6 beside 5


def test_windows_need_memory_for_the_text_and_not_for_each_window():
    spans = window_spans(60_000, 60, 20)
    tracemalloc.start()
    try:
        owners = best_windows(spans, 60_000)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 60_000 * 100 and len(spans) > 2000          # bytes; a table would be 1.4 GB
    assert owners[0] == 0 and owners[-1] == len(spans) - 1 and (np.diff(owners) >= 0).all()
