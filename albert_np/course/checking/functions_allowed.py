"""Which functions of the package, beside those of the exercises, may a student's function call?

A function that is no exercise may hold the answer of one: the logarithm of a softmax gives the
softmax away. So a student's process gets those that the right solution and the trial may call, and
those that the exercise's module imports. All others of the package raise an error there.
"""

import sys
from functools import cache, lru_cache
from types import CodeType, FunctionType, ModuleType

from ..exercises import EXERCISES
from ..trials import trials_of
from .exercises_used import codes_called, exercises_used
from .load_modules import forbidden_exercises, functions_of, reference_module

FOLDERS = ("functional", "layers", "models", "optim", "parameters", "text", "gradcheck",
           "inference", "tasks", "pretraining")       # of the package: those with the mathematics
TOOLS = ("albert_np.functional.sums", "albert_np.functional.trees")      # anybody may call these
ASKING = ("albert_np.course.checking.", "albert_np.course.trials.random_inputs",
          "albert_np.course.trials.forward_backward")


@cache
def other_functions():
    """The functions of the package that are no exercise's, as far as they are loaded at first.

    Methods with two underscores, and functions that hold variables of another one, are left out.

    Returns
    -------
    dict of str to function
        By module and name, such as "albert_np.functional.sums.row_sum".
    """
    exercises = {id(function) for one in EXERCISES for function in functions_of(one)}
    return {f"{name}.{function.__qualname__}": function
            for name, module in sorted(sys.modules.items())
            if name.startswith(tuple(f"albert_np.{folder}." for folder in FOLDERS))
            for function in _functions_in(module)
            if id(function) not in exercises and not function.__code__.co_freevars
            and not function.__name__.startswith("__")}


@lru_cache(maxsize=1024)
def functions_allowed(exercise, seed, sizes=()):
    """The names of the :func:`other_functions` that a student's function may call.

    Parameters
    ----------
    exercise : Exercise
    seed : int
    sizes : tuple of (str, int)
        As in :func:`~albert_np.course.checking.collect_answers.answers_of`.

    Returns
    -------
    list of str
        What is called while the package answers the questions, what is named in the right
        solutions of this exercise and of those that are not forbidden, in the trial and in the
        exercise's module, and again what is named in these functions. Of a class all methods.
    """
    own = reference_module(exercise)
    forbidden = forbidden_exercises(exercise, exercises_used(exercise, seed, dict(sizes)))
    called = codes_called(exercise, seed, dict(sizes))
    asking = ASKING + tuple(trial.__module__ for trial in trials_of(exercise))
    waiting = [function for one in EXERCISES if one is exercise or one not in forbidden
               for function in functions_of(one)]
    waiting += [function for name, module in sorted(sys.modules.items())
                if name.startswith(asking) for function in _functions_in(module)]
    waiting += [function for name in TOOLS for function in _functions_in(sys.modules[name])
                if not function.__name__.startswith("_")]
    waiting += [value for value in vars(own).values() if isinstance(value, FunctionType)
                and value.__module__ != own.__name__]
    waiting += [function for function in other_functions().values()
                if id(function.__code__) in called]
    barred = {id(function) for one in forbidden for function in functions_of(one)}
    reached = {id(function): function for function in waiting}
    while waiting:
        for function in _named_in(waiting.pop()):
            if id(function) not in reached and id(function) not in barred:
                reached[id(function)] = function
                waiting.append(function)
    return sorted(full for full, function in other_functions().items() if id(function) in reached)


def functions_not_allowed(allowed):
    """All other :func:`other_functions`."""
    allowed = set(allowed)
    return [function for full, function in other_functions().items() if full not in allowed]


@cache
def _functions_in(module):
    """The functions and methods that a module defines, those behind properties included."""
    return [one for value in vars(module).values()
            for one in (_methods_of(value) if isinstance(value, type) else [value])
            if isinstance(one, FunctionType) and one.__module__ == module.__name__]


def _methods_of(value):
    """The methods of a class and of those that it inherits from."""
    for part in (part for base in value.__mro__ for part in vars(base).values()):
        part = getattr(part, "__func__", part)                  # of a class or static method
        yield part.fget if isinstance(part, property) else part


@cache
def _named_in(function):
    """The functions, and the methods of classes, that a function names."""
    known, named = function.__globals__, []
    modules = [value for value in known.values() if isinstance(value, ModuleType)]
    for name in _names_in(function.__code__):
        values = [known[name]] if name in known else [
            vars(module)[name] for module in modules if name in vars(module)]
        for value in values:
            named += [one for one in (_methods_of(value) if isinstance(value, type) else [value])
                      if isinstance(one, FunctionType)]
    return named


def _names_in(code):
    """The names in a function, and in the functions inside of it."""
    return set(code.co_names).union(*(_names_in(part) for part in code.co_consts
                                      if isinstance(part, CodeType)))
