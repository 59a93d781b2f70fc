"""Which exercises does the right solution of an exercise call?"""

import sys
from functools import lru_cache

from ..exercises import EXERCISES
from .collect_answers import answers_of
from .load_modules import functions_of, reference_module


def exercises_used(exercise, seed, sizes=None):
    """The exercises whose functions are called while the package answers the questions of one.

    Parameters
    ----------
    exercise : Exercise
    seed, sizes
        As in :func:`~albert_np.course.checking.collect_answers.answers_of`.

    Returns
    -------
    tuple of str
        Their ids.
    """
    return _used(exercise, seed, tuple(sorted((sizes or {}).items())))


@lru_cache(maxsize=1024)
def _used(exercise, seed, sizes):
    owners = {id(function.__code__): other.id for other in EXERCISES
              for function in functions_of(other)}
    called, before = set(), sys.getprofile()
    sys.setprofile(lambda frame, event, _: event == "call"
                   and called.add(owners.get(id(frame.f_code))))
    try:
        answers_of(exercise, reference_module(exercise), seed, dict(sizes))
    finally:
        sys.setprofile(before)
    return tuple(sorted(called - {None}))
