"""Which exercises, and which other functions, does the right solution of an exercise call?"""

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
    called = codes_called(exercise, seed, sizes)
    return tuple(sorted(other.id for other in EXERCISES
                        if called & {id(function.__code__) for function in functions_of(other)}))


def codes_called(exercise, seed, sizes=None):
    """The `id` of the code of every function that is called meanwhile; parameters as above."""
    return _called(exercise, seed, tuple(sorted((sizes or {}).items())))


@lru_cache(maxsize=1024)
def _called(exercise, seed, sizes):
    called, before = set(), sys.getprofile()
    sys.setprofile(lambda frame, event, _: event == "call" and called.add(id(frame.f_code)))
    try:
        answers_of(exercise, reference_module(exercise), seed, dict(sizes))
    finally:
        sys.setprofile(before)
    return frozenset(called)
