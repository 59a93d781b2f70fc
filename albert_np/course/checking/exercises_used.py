"""Which exercises, and which other functions, does the right solution of an exercise call?"""

import sys
from collections import defaultdict
from functools import lru_cache

from ..exercises import EXERCISES
from .collect_answers import TRIALS, answers_of
from .load_modules import functions_of, module_name, reference_module


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
    return _callers(exercise, seed, _fixed(sizes)).keys()


def called_by_trials_alone(exercise, seed, sizes=None):
    """Functions of later exercises that the trial calls and the right solution does not.

    Returns
    -------
    list of [str, str]
        The name of the module and of the function; no methods.
    """
    callers = _callers(exercise, seed, _fixed(sizes))
    return [[module_name(later.module), function.__name__]
            for later in EXERCISES[EXERCISES.index(exercise) + 1:]
            for function in functions_of(later) if "." not in function.__qualname__
            and callers.get(id(function.__code__)) == {True}]


def _fixed(sizes):
    return tuple(sorted((sizes or {}).items()))


@lru_cache(maxsize=1024)
def _callers(exercise, seed, sizes):
    """By the id of the code of each function: whether those who call it are trials."""
    callers, before = defaultdict(set), sys.gettrace()

    def note(frame, *_):                         # of every call; None leaves out the lines
        callers[id(frame.f_code)].add(frame.f_back.f_code.co_filename.startswith(TRIALS))

    sys.settrace(note)
    try:
        answers_of(exercise, reference_module(exercise), seed, dict(sizes))
    finally:
        sys.settrace(before)
    return dict(callers)
