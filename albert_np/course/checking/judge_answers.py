"""Is an exercise solved? Compare the answers of a student's module with those of the package.

``check_exercise`` does all of it in one process. :mod:`albert_np.course.sandbox` collects the
answers in a process of its own and calls ``judge``. The judge runs no code of the student, and
computes the right answers itself from the same seed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...gradcheck.likely_mistakes import likely_mistakes
from .collect_answers import (OBJECTS, ROUNDS, answers_of, leaves_of, no_warnings, package_answers,
                              rounded_answers, slopes_of)
from .compare_arrays import FLOOR, ROUGH, TOLERANCE, first_difference, how_far, rough_tolerance
from .diagnose_fault import diagnose
from .load_modules import uses_solution
from .verdict import Finding, Verdict, no_points

SENTENCES = {
    "NotImplementedError": "It is not written yet.",
    "SolutionImported": "It takes its result from albert_np itself; the exercise is to write it.",
    "BadCache": "The backward pass cannot work with what the forward pass keeps for it: keep the "
                "cache that the comment in the function asks for ({message}).",
    "WrongCount": "{message}.",
    "NoSuchFunction": "{message}; write it under this name, as the file of the workspace has it.",
    "Unusable": "{message}, which is not what its docstring promises (is there a return, and does "
                "it give all results in their order?).",
    "SystemExit": "It ends the program itself, with exit() or sys.exit(); return the result.",
    "RecursionError": "It calls itself without end: {message}.",
    "MemoryError": "It asks for more memory than there is: {message}.",
}
NEARLY = (" So few digits are right if an array is turned into float32 on the way, or if a "
          "constant is rounded.")
FAR = 100        # times the numbers and sizes of a right result, which no right result has
KINDS = {"NotImplementedError": "missing", "SolutionImported": "solution", "WrongCount": "shape",
         "Unusable": "shape"}


def check_exercise(exercise, module, seed, sizes=None, changes=True):
    """Check one exercise.

    Parameters
    ----------
    exercise : Exercise
    module : module
        With the functions of the exercise; see
        :func:`~albert_np.course.checking.load_modules.module_from_source`.
    seed : int
        Of the inputs.
    sizes : dict of str to int, optional
        The letters B, T, E, A, D, F, V, L, M; those left out are drawn from the seed.
    changes : bool
        See :func:`~albert_np.course.checking.diagnose_fault.diagnose`.

    Returns
    -------
    Verdict
    """
    if uses_solution(exercise, module):
        return no_points(exercise, "solution", SENTENCES["SolutionImported"])
    return judge(exercise, answers_of(exercise, module, seed, sizes), seed, sizes, changes)


def judge(exercise, rounds, seed, sizes=None, changes=True):
    """Compare a module's answers with the package's.

    Parameters
    ----------
    exercise : Exercise
    rounds : list of lists of Answer
        From :func:`~albert_np.course.checking.collect_answers.answers_of`, with the same seed and
        sizes.
    seed, sizes, changes : as in :func:`check_exercise`

    Returns
    -------
    Verdict
    """
    with no_warnings():                   # of what a wrong answer leads to, such as a mean of NaN
        return _judge(exercise, rounds, seed, sizes, changes)


def _judge(exercise, rounds, seed, sizes, changes):
    def rounded(number, question, key):
        answers = rounded_answers(exercise, number, seed, tuple(sorted((sizes or {}).items())))
        return answers[question].leaves.get(key) if question in answers else None

    right = package_answers(exercise, seed, sizes)
    rounds = [[_with_property(answer, expected) for answer, expected in zip(given, answers)]
              for given, answers in zip(rounds, right)]
    wrong, manners = [], []
    for number, dtype in enumerate(ROUNDS):
        given = rounds[number] if number < len(rounds) else []
        for place, expected in enumerate(right[number]):
            answer = given[place] if place < len(given) else None
            found, impolite = _compare(expected, answer, dtype, number, rounded)
            wrong += found
            manners += impolite
            if answer is None or answer.error:
                break
        if wrong:
            break                         # forward before backward, and the first round's first
    if not wrong:
        findings = list({finding.text: finding for finding in manners}.values())
        findings = diagnose(exercise, rounds, right, findings, seed, sizes)
        points = exercise.points / 2 if findings else float(exercise.points)
        return Verdict(exercise.id, points, findings)
    wrong = _with_slopes(exercise, wrong, seed, sizes)
    wrong = diagnose(exercise, rounds, right, wrong, seed, sizes, changes)
    _describe(wrong, rounds, right)
    return Verdict(exercise.id, 0.0, wrong)


def _with_property(answer, expected):
    """An answer that has the results of a property, with what the property computes from them."""
    if expected.property is None or answer.error:
        return answer
    given = []
    for place, right in enumerate(map(np.asarray, expected.property.results)):
        got = answer.leaves.get(str(place))
        if told := _impossible(got, right, expected.property.any_shape):
            return replace(answer, error="WrongCount", message=f"{expected.name}: {told}")
        given.append(got)
    try:
        return replace(answer, leaves=leaves_of(expected.property.of(*given)))
    except Exception as error:                   # such as a negative number that is no piece
        return replace(answer, error=type(error).__name__, message=f"{error}")


def _impossible(got, right, any_shape):
    """Why no right result looks like that one; nothing if one may.

    A property is computed in this process, and what it costs may depend on the numbers: counting
    how often each piece is drawn takes as much memory as the largest number says.
    """
    kinds, of = (("b", "truth values") if right.dtype.kind == "b" else
                 ("biu", "whole numbers") if right.dtype.kind in "iu" else ("biuf", "numbers"))
    if (got is None or got.dtype.kind not in kinds
            or (got.size > FAR * (right.size + 1) if any_shape else got.shape != right.shape)):
        told = f"an array of {got.dtype} of the shape {got.shape}" if got is not None else (
            "no array")
        return f"{told} comes back; it should be one of {of}, of the shape {right.shape}"
    if right.dtype.kind in "iu":
        most = FAR * (1 + max(map(abs, _edges(right)), default=0))
        for edge in _edges(got):
            if abs(edge) > most:
                return f"the number {edge} comes back, and no right result is near it"
    return ""


def _edges(array):
    """The least and the largest of whole numbers, if there are any."""
    return [int(array.min()), int(array.max())] if array.size else []


def _compare(expected, answer, dtype, number, rounded):
    """What is wrong with one answer, and what is merely impolite."""
    question = expected.name
    if answer is None:
        return [Finding("error", f"{question}: there is no answer.", question)], []
    if answer.error:
        text = SENTENCES.get(answer.error, "It stops with {error}: {message}.").format(
            error=answer.error, message=answer.message)
        return [Finding(KINDS.get(answer.error, "error"), text, question)], []
    shapes = [finding for key, leaf in expected.leaves.items()
              for finding in _shape(question, key, leaf, answer.leaves)]
    more = [key for key in answer.leaves if key not in expected.leaves
            and not any(_inside(key, other) for other in expected.leaves)]
    if more:
        names = ", ".join(key or "without a name" for key in more[:3]) + " ..." * (len(more) > 3)
        shapes.append(Finding("shape", f"{question}: nobody asked for the results {names}.",
                              question))
    if shapes:
        return shapes, []
    values, manners = [], []
    for key, leaf in expected.leaves.items():
        got = answer.leaves[key]
        name = _named(question, key)
        tolerance = TOLERANCE[dtype]
        if got.dtype != leaf.dtype and leaf.dtype.kind == "f":
            fewer = _digits(got.dtype) < _digits(np.dtype(dtype))
            if fewer:
                tolerance = max(tolerance, rough_tolerance(
                    leaf, rounded(number, question, key), FLOOR[dtype]))
            # A single number may be a float or an int of Python as well.
            if leaf.ndim or fewer or got.dtype.kind == "c":
                manners.append(Finding(
                    "dtype",
                    f"{name} is {got.dtype}; it should be {leaf.dtype}, as the inputs are: "
                    + ("something turned it into fewer digits." if got.itemsize < leaf.itemsize
                       else "a scalar or an array of another dtype crept in."), question))
        index = first_difference(got, leaf, tolerance, FLOOR[dtype])
        if index is not None:
            text = _wrong_value(name, index, got, leaf)
            if dtype == "float64" and leaf.dtype.kind == "f" and (
                    how_far(got, leaf, FLOOR[dtype]).max() < ROUGH):
                text += NEARLY
            values.append(Finding("value", text, question, place=(number, key, index)))
    for argument in answer.changed:
        if argument not in expected.changed:
            manners.append(Finding(
                "changed", f"{question}: it changes what it was given ({argument}); work on a "
                           f"copy, since the caller still needs it.", question))
    return values, manners


def _digits(dtype):
    """The decimal digits of a floating dtype; whole numbers have no fraction to lose."""
    return np.finfo(dtype).precision if dtype.kind in "fc" else np.inf


def _shape(question, key, leaf, leaves):
    name, got = _named(question, key), leaves.get(key)
    right = f"an array of the shape {leaf.shape}" if leaf.ndim else "a number"
    if got is None:
        inside = any(_inside(other, key) for other in leaves)
        return [Finding("shape", f"{name} is a list, a tuple or a dict; it should be {right}."
                        if inside else f"{name} is missing from the result.", question)]
    if got.dtype.kind not in "biufc" and leaf.dtype.kind in "biufc":
        text = str(got) if got.ndim == 0 else "an array of texts"
        told = text if text.startswith((OBJECTS, "an array of")) else f"the text {text[:60]!r}"
        return [Finding("shape", f"{name} is {told}; it should be {right}.", question)]
    if got.shape != leaf.shape:
        return [Finding("shape", f"{name} has the shape {got.shape}; it should be "
                                 f"{leaf.shape}.", question)]
    return []


def _inside(key, other):
    """Whether a result is a part of what is known under another name."""
    return key.startswith(f"{other}.") if other else bool(key)


def _named(question, key):
    return f"{question}, {key}" if key and key != question else question


def _wrong_value(name, index, got, expected):
    where = f"[{', '.join(map(str, index))}]" if index else ""
    digits = next((digits for digits in (6, 9, 12) if _number(got[index], digits)
                   != _number(expected[index], digits)), 17)
    text = (f"{name}{where} is {_number(got[index], digits)}; it should be "
            f"{_number(expected[index], digits)}.")
    if got.dtype.kind in "fc" and got.size > 1 and np.isnan(got[index]):
        count = np.count_nonzero(np.isnan(got))
        text += f" {'Every entry is' if count == got.size else f'{count} entries are'} NaN."
    return text


def _number(value, digits=6):
    return f"{value:.{digits}g}" if np.asarray(value).dtype.kind in "fc" else str(value)


def _describe(findings, rounds, right):
    """Of wrong values that no known mistake explains, say what they look like and what is right."""
    unexplained = [] if any(finding.fault or finding.change for finding in findings) else [
        finding for finding in findings if finding.place]
    for finding in unexplained[:3]:
        number, key, _ = finding.place
        got, expected = (_leaves(answers[number], finding.question) for answers in (rounds, right))
        if got[key].dtype.kind in "iuf" and expected[key].dtype.kind in "iuf":
            finding.text += "".join(
                f" Compared with the right array, {sentence}."
                for sentence in likely_mistakes(got[key], expected[key], name="array")
                if got[key].size > 1)
    for finding in unexplained[:1]:
        wrong = {other.place[1] for other in unexplained if other.question == finding.question}
        fine = [key for key in _leaves(right[finding.place[0]], finding.question)
                if key not in wrong]
        if fine:
            finding.text += f" Right already: {', '.join(fine)}."


def _leaves(answers, question):
    return next(answer.leaves for answer in answers if answer.name == question)


def _with_slopes(exercise, findings, seed, sizes):
    """Beside a wrong gradient, what the forward pass does when that entry is nudged."""
    for finding in findings[:3]:
        if finding.place is None or ROUNDS[finding.place[0]] != "float64":
            continue
        number, key, index = finding.place
        slope = slopes_of(exercise, number, seed, sizes, finding.question)
        if slope is not None:
            finding.text += (f" Nudging that entry in the forward pass changes the loss by "
                             f"{_number(slope(key, index))} per unit.")
    return findings
