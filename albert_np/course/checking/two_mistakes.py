"""Two known mistakes at once, as one edit of the package.

A student whose function is short may forget a factor and what happens at the edge of the numbers,
too. Neither mistake alone gives the answers then.
"""

import itertools
import os

from ...gradcheck.planted_faults import Mistake
from .fault_places import faults_of
from .load_modules import source_of_module

MOST = 300               # pairs of one exercise that are tried


def pairs_of(exercise):
    """Two known mistakes of an exercise, of which neither is in the lines of the other.

    Yields
    ------
    ((Mistake, Mistake), Mistake)
        The two, and one that makes both edits.
    """
    pairs = ((pair, _both(*pair)) for pair in itertools.combinations(faults_of(exercise), 2))
    return itertools.islice(((pair, both) for pair, both in pairs if both), MOST)


def _both(first, second):
    """The edit that makes both; None if they overlap."""
    source = source_of_module(first.file)
    edits = sorted(_edit(source, fault) for fault in (first, second))
    (begin, end, new), (next_begin, next_end, next_new) = edits
    if end > next_begin:
        return None
    # From the beginning of the file, since a mistake's snippet has to be there exactly once.
    return Mistake(f"{first.name} and {second.name}", first.file, source[:next_end],
                   source[:begin] + new + source[end:next_begin] + next_new,
                   f"{first.wrong} {second.wrong}", first.concept)


def _edit(source, fault):
    """From where to where a mistake changes a source, and to what."""
    before = len(os.path.commonprefix([fault.old, fault.new]))
    old, new = fault.old[before:], fault.new[before:]
    after = len(os.path.commonprefix([old[::-1], new[::-1]]))
    begin = source.index(fault.old) + before
    return begin, begin + len(old) - after, new[:len(new) - after]
