"""Put the questions of an exercise to a module, and pack its answers as JSON."""

from __future__ import annotations

import base64
import dataclasses
import os
import re
import traceback
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType, SimpleNamespace

import numpy as np

from .. import trials
from ..trials import trials_of
from ..trials.random_inputs import Draw, Property
from .load_modules import STOPPED, faulty_module, find, reference_module

ROUNDS = ("float64", "float64", "float32")     # each with inputs of its own
MOST_PARTS = 10_000      # answers of a submission, arrays of one, changed arguments, each
LONGEST_NAME = 500       # letters
DTYPES = re.compile(r"[<>|=][biufc]\d{1,2}")    # no others are shown to NumPy
MOST_AXES = 16
MOST_TEXT = 1 << 20      # letters of an array of texts, in which each takes as many as the longest
TRIALS = os.path.dirname(trials.__file__)
PLAIN = {int, float, bool, str}
KINDS_OF_NUMPY = {np.ndarray, np.matrix, np.memmap, np.ma.MaskedArray, *np.sctypeDict.values()}
NOTHING = MappingProxyType({})                 # no hidden functions
OBJECTS = "an array of Python objects"         # what is told of one, in place of it


@dataclass
class Answer:
    """What came out of one question.

    Attributes
    ----------
    name : str
        What was asked for, such as "y" or "gradients".
    leaves : dict of str to array
        The result; empty if there was an error.
    error : str or None
        The kind of exception, such as "IndexError", "NotImplementedError" or "EndlessLoop".
    message : str
        Of the exception, with the line it came from.
    changed : list of str
        Arguments that the function changed in place.
    property : Property or None
        Of the package's answers: what computed the leaves from results. A student's answer has
        these results as its leaves, until it is judged.
    """

    name: str
    leaves: dict = field(default_factory=dict)
    error: str | None = None
    message: str = ""
    changed: list = field(default_factory=list)
    property: Property | None = None


def leaves_of(value, name="", numbers=True):
    """All arrays and numbers of a result, under dotted names.

    Parameters
    ----------
    value : array, number, text, None, or dicts, lists, tuples, namespaces, dataclasses of them
        A Property stands for what it computes.
    name : str
    numbers : bool
        False leaves out Python's own numbers and texts in lists, which no function can change.

    Returns
    -------
    dict of str to array
        None is left out.
    """
    if value is None:
        return {}
    if isinstance(value, Property):
        value = value.of(*value.results)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {part.name: getattr(value, part.name) for part in dataclasses.fields(value)}
    if isinstance(value, SimpleNamespace):
        value = vars(value)
    if isinstance(value, (list, tuple)):
        value = {str(number): part for number, part in enumerate(value)
                 if numbers or type(part) not in PLAIN}
    if isinstance(value, dict):
        leaves = {}
        for key, part in value.items():
            leaves.update(leaves_of(part, f"{name}.{key}" if name else str(key), numbers))
        return leaves
    array = np.asarray(value)
    return {name: array if array.dtype != object else np.asarray(
        f"{OBJECTS} of the shape {array.shape}" if isinstance(value, np.ndarray) else repr(value))}


class Watched:
    """A module whose functions of one exercise are watched for changes of what they are given.

    Parameters
    ----------
    module : module
    names : sequence of str
        Functions to watch. Everything else is handed on as it is.
    hidden : dict of str to function
        What the trials find and the module does not have.
    """

    def __init__(self, module, names, hidden=NOTHING):
        self._module, self._names, self._hidden = module, names, hidden
        self.changed, self.returned = [], None

    def __getattr__(self, name):
        value = self._hidden[name] if name in self._hidden else getattr(self._module, name)
        if name not in self._names or not callable(value):
            return value

        def watched(*arguments, **named):
            given = leaves_of(list(arguments), numbers=False) | leaves_of(named, numbers=False)
            before = {key: array.tobytes() for key, array in given.items()}
            try:
                result = _computed(value(*arguments, **named))
                self.returned = f"{name} returns {_kind_of(result)}"
                return result
            finally:
                self.changed += [f"{name}: argument {key}" for key, array in given.items()
                                 if array.tobytes() != before[key]]

        return watched


def _computed(result):
    """What a function gave, with arrays in place of what would become one later or plays one."""
    if type(result) in (tuple, list):
        return type(result)(part if type(part) in PLAIN else _computed(part) for part in result)
    return (np.asarray(result) if hasattr(type(result), "__array__")
            and type(result) not in KINDS_OF_NUMPY else result)


class InSinglePrecision:
    """A module whose functions of one exercise get every float64 array as float32.

    Parameters
    ----------
    module : module
    names : sequence of str
        These functions. Everything else is handed on as it is.
    """

    def __init__(self, module, names):
        self._module, self._names = module, names

    def __getattr__(self, name):
        value = getattr(self._module, name)
        if name not in self._names or isinstance(value, type) or not callable(value):
            return value
        return lambda *arguments, **named: value(*_rounded(arguments), **_rounded(named))


def _rounded(value):
    if isinstance(value, np.ndarray):
        return value.astype(np.float32) if value.dtype == np.float64 else value
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_rounded, value))
    return value


def answers_of(exercise, module, seed, sizes=None, hidden=NOTHING):
    """Ask a module all questions of an exercise.

    Parameters
    ----------
    exercise : Exercise
    module : module
        With the functions of the exercise.
    seed : int
        Of the inputs.
    sizes : dict of str to int, optional
        The letters B, T, E, ...; None draws them anew for every round.
    hidden : dict of str to function, optional
        Functions of the package for the trials alone.

    Returns
    -------
    list of lists of Answer
        One for each of `ROUNDS`. A round ends at the first error.
    """
    for name in exercise.functions:
        if find(module, name) is None:
            return [[Answer("", error="NoSuchFunction", message=f"There is no {name} in "
                            f"{exercise.module}{_earlier(module)}")]]
    return [_round(exercise, module, number, seed, sizes, _without_properties, hidden)
            for number in range(len(ROUNDS))]


def _without_properties(value):
    return leaves_of(list(value.results) if isinstance(value, Property) else value)


def _round(exercise, module, number, seed, sizes, read=leaves_of, hidden=NOTHING):
    answers = []
    for trial in trials_of(exercise):
        watched = Watched(module, exercise.functions, hidden)
        name = "the first question"
        try:
            with no_warnings():
                for name, value, *_ in trial(watched, _draw(number, seed, sizes)):
                    leaves = {key: np.array(leaf) for key, leaf in read(value).items()}
                    answers.append(Answer(name, leaves, changed=sorted(set(watched.changed)),
                                          property=value if isinstance(value, Property) else None))
                    watched.changed.clear()
                    name = f"what comes after {name}"
        except (Exception, SystemExit) as error:
            answers.append(_unusable(name, error, watched.returned)
                           or error_answer(error, getattr(module, "__file__", None), name))
            if isinstance(error, NameError):
                answers[-1].message += _earlier(module)
            break
    return answers


def _earlier(module):
    """What stopped outside of the functions, as the end of a sentence: perhaps an import."""
    error, file = vars(module).get(STOPPED), getattr(module, "__file__", None)
    if not isinstance(error, BaseException):
        return ""
    told = error_answer(error, file)
    return f", and outside of the functions it stops with {told.error}: {told.message}"


def answers_one_by_one(exercise, module, number, seed, sizes=None):
    """The answers of one round, none before it is asked for.

    Yields
    ------
    (str, object)
        The question, and what came back.
    """
    for trial in trials_of(exercise):
        answers = iter(trial(module, _draw(number, seed, sizes)))
        while True:
            with no_warnings():               # but not while the answer is compared
                try:
                    name, value, *_ = next(answers)
                except StopIteration:
                    break
            yield name, value


@contextmanager
def no_warnings():
    """Of overflow, of a division by 0, and of the mean of nothing, in a function that is wrong."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def package_answers(exercise, seed, sizes=None, fault=None):
    """Ask the package itself, or the package with a planted fault in it.

    Parameters
    ----------
    exercise : Exercise
    seed, sizes
        As in :func:`answers_of`.
    fault : PlantedFault, optional

    Returns
    -------
    list of lists of Answer
        Kept for the next call.

    Raises
    ------
    RuntimeError
        The exercise is impossible with these sizes.
    """
    sizes = tuple(sorted((sizes or {}).items()))
    return [_package_round(exercise, number, seed, sizes, fault) for number in range(len(ROUNDS))]


def package_round(exercise, number, seed, sizes=None, fault=None):
    """One round of :func:`package_answers`."""
    return _package_round(exercise, number, seed, tuple(sorted((sizes or {}).items())), fault)


@lru_cache(maxsize=8192)
def _package_round(exercise, number, seed, sizes, fault):
    module = faulty_module(exercise, fault) if fault else reference_module(exercise)
    answers = _round(exercise, module, number, seed, dict(sizes))
    if fault:
        for answer in answers:
            answer.property = None               # it holds arrays
    if answers[-1].error and not fault:
        raise RuntimeError(f"exercise {exercise.id} is impossible with the sizes {dict(sizes)}: "
                           f"{answers[-1].name}: {answers[-1].message}")
    return answers


@lru_cache(maxsize=256)
def rounded_answers(exercise, number, seed, sizes=()):
    """The package's answers of one round, computed in single precision where the inputs are double.

    Parameters
    ----------
    exercise : Exercise
    number : int
        Of the round.
    seed : int
    sizes : tuple of (str, int)

    Returns
    -------
    dict of str to Answer
        By the question. After an error, the other questions are missing.
    """
    module = InSinglePrecision(reference_module(exercise), exercise.functions)
    answers = {}
    for trial in trials_of(exercise):
        try:
            with no_warnings():
                for name, value, *_ in trial(module, _draw(number, seed, dict(sizes))):
                    answers[name] = Answer(name, {key: np.array(leaf) for key, leaf
                                                  in leaves_of(value).items()})
        except Exception:                # not every function can work with float32 alone
            break
    return answers


def slopes_of(exercise, number, seed, sizes, name):
    """The numerical gradients of an answer: a function of leaf and index, or None."""
    module = reference_module(exercise)
    for trial in trials_of(exercise):
        for asked, _, *slope in trial(module, _draw(number, seed, sizes)):
            if asked == name:
                return slope[0] if slope else None
    return None


def _draw(number, seed, sizes):
    return Draw([seed, number], ROUNDS[number], sizes)


def error_answer(error, file, name=""):
    """An exception as an answer, with the line of the student's file that it came from.

    Parameters
    ----------
    error : BaseException
    file : str or None
    name : str
        What was asked for.

    Returns
    -------
    Answer
    """
    if isinstance(error, SyntaxError):
        return Answer(name, error="SyntaxError", message=f"{error.msg} (line {error.lineno})")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename == file]
    message = f"{error}".rstrip(". ") or "no message"        # it stands in a sentence
    return Answer(name, error=type(error).__name__,
                  message=message + (f" (line {lines[-1]})" if lines else ""))


def _unusable(name, error, returned):
    """If a trial itself stumbled over what the student's function gave it, say what that was."""
    *_, last = traceback.extract_tb(error.__traceback__)
    if returned and os.path.dirname(last.filename) == TRIALS and type(error) in (
            TypeError, ValueError, AttributeError, IndexError, KeyError):
        return Answer(name, error="Unusable", message=returned)


def _kind_of(value):
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of the shape {value.shape}"
    return f"a {type(value).__name__}"


def to_json(rounds):
    """Answers as what JSON can hold."""
    return [[{"name": answer.name, "error": answer.error, "message": answer.message,
              "changed": answer.changed,
              "leaves": {key: _pack(leaf) for key, leaf in answer.leaves.items()}}
             for answer in answers] for answers in rounds]


def from_json(rounds):
    """Answers from what :func:`to_json` gave; nothing in it is run or trusted.

    Raises
    ------
    ValueError
        It is no such thing, or has more parts than any answer.
    """
    try:
        if len(rounds) > len(ROUNDS) or any(len(answers) > MOST_PARTS for answers in rounds):
            raise ValueError(f"more than {len(ROUNDS)} rounds of {MOST_PARTS:,} are not read")
        return [[Answer(_short(answer["name"]),
                        {_short(key): _unpack(leaf)
                         for key, leaf in _few(answer["leaves"]).items()},
                        None if answer["error"] is None else _short(answer["error"]),
                        str(answer["message"])[:2000],
                        [_short(one) for one in _few(answer["changed"])])
                 for answer in answers] for answers in rounds]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"These are no answers of a trial: {error}") from error


def _few(parts):
    if len(parts) > MOST_PARTS:
        raise ValueError(f"more than {MOST_PARTS:,} parts of an answer are not read")
    return parts


def _short(name):
    return str(name)[:LONGEST_NAME]


def _pack(array):
    if array.dtype.kind == "U":
        return {"text": array.tolist()}
    return {"dtype": array.dtype.str, "shape": list(array.shape),
            "data": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def _unpack(packed):
    if "text" in packed:
        texts = np.asarray(packed["text"], dtype=object).ravel().tolist()
        if len(texts) * max([1, *(len(str(text)) for text in texts)]) > MOST_TEXT:
            raise ValueError(f"texts of more than {MOST_TEXT:,} letters are not read")
        return np.asarray(packed["text"], dtype=str)
    dtype, shape = packed["dtype"], packed["shape"]
    if not DTYPES.fullmatch(dtype):
        raise ValueError(f"arrays of {dtype[:20]} are not read")
    if not isinstance(shape, list) or len(shape) > MOST_AXES:
        raise ValueError(f"arrays of more than {MOST_AXES} axes are not read")
    return np.frombuffer(base64.b64decode(packed["data"]), dtype).reshape(shape)
