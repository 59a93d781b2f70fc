"""Which known mistake, or else which small change, gives the answers of the student's function?"""

from __future__ import annotations

import numpy as np

from .collect_answers import ROUNDS, answers_one_by_one, leaves_of, package_answers, package_round
from .compare_arrays import same, values_alike
from .fault_places import faults_of, label_after, place_of
from .load_modules import faulty_module
from .mistake_themes import theme_of
from .two_mistakes import pairs_of
from .variations import variations_of

LARGE = 8        # entries of an array of whole numbers that cannot all be right by chance


def diagnose(exercise, rounds, right, findings, seed, sizes=None, changes=True):
    """Name, at the findings, the faults that explain them.

    Results are compared, not sources: it does not matter how the student's function is written. A
    fault is named only if it gives what the student's function gave, wrong or right, for every
    array. If none does, two faults together may.

    Parameters
    ----------
    exercise : Exercise
    rounds, right : lists of lists of Answer
        The student's and the package's.
    findings : list of Finding
    seed, sizes : as in :func:`~albert_np.course.checking.judge_answers.check_exercise`
    changes : bool
        If no known mistake explains the answers, look for two that do together
        (:mod:`albert_np.course.checking.two_mistakes`), and then for a small change of the
        package's function (:mod:`albert_np.course.checking.variations`). It takes seconds.

    Returns
    -------
    list of Finding
        The same. If a fault was recognised, the first finding that it explains says so.
    """
    if not findings or findings[0].kind in ("missing", "solution", "time", "crash"):
        return findings
    matches = _matches(exercise, rounds, right, seed, sizes)
    told = set()
    for finding in findings:
        key = finding.place[1] if finding.place else None
        # Two faults may give the same numbers, as two signs that are both wrong do.
        alike = [fault for fault, questions in matches
                 if (finding.question, key) in questions or (finding.question, None) in questions]
        if alike:
            finding.fault, finding.concept = alike[0].name, alike[0].concept
            finding.label = place_of(alike[0])[1]
            if not told.issuperset(fault.name for fault in alike):
                finding.text += " " + " Or of this one: ".join(
                    sentence_of(fault) if fault is alike[0] else fault.wrong for fault in alike)
                told.update(fault.name for fault in alike)
    if changes and not matches and _tells_much(findings, rounds):
        finding = next(finding for finding in findings if finding.place)
        pair = _pair(exercise, rounds, seed, sizes)
        change = None if pair else _changed(exercise, rounds, seed, sizes)
        if pair:
            finding.change = " ".join(fault.wrong for fault in pair)
            finding.text += (f" Exactly this comes out of two known mistakes at once: "
                             f"{pair[0].wrong} And: {pair[1].wrong} Correct one of them, and check "
                             f"again.")
        if change:
            finding.change = change.wrong
            finding.label = label_after(exercise.module, change.line)
            where = f" in the line of ({finding.label})" if finding.label else ""
            finding.text += (f" Exactly this comes out of the right function if one thing is "
                             f"changed{where}: {change.wrong}.")
    return sorted(findings, key=lambda finding: finding.fault is None)


def sentence_of(fault):
    """Say which mistake was recognised."""
    label = place_of(fault)[1]
    where = f" It spoils ({label})." if label else ""
    return (f"Exactly this comes out of a known mistake: {fault.wrong}{where} The idea behind it: "
            f"{fault.concept}. Ask yourself: {theme_of(fault.concept).question}")


def _tells_much(findings, rounds):
    """Whether a wrong answer has so many digits or entries that only a like function gives it."""
    if any(answer.error for answers in rounds for answer in answers):
        return False
    for finding in findings:
        if finding.place:
            number, key, index = finding.place
            got = next(answer.leaves[key] for answer in rounds[number]
                       if answer.name == finding.question)
            if got.dtype.kind in "biufc" and np.isfinite(got[index]):        # and no text
                whole = got.dtype.kind not in "fc" or not got[index] % 1
                if not whole or got.size >= LARGE:
                    return True
    return False


def _pair(exercise, rounds, seed, sizes):
    """The first two known mistakes that give all of the answers together; or None."""
    for pair, both in pairs_of(exercise):
        try:
            module = faulty_module(exercise, both)
        except Exception:                # the two contradict each other
            continue
        if all(_same_answers(exercise, module, number, rounds[number], seed, sizes)
               for number in range(len(rounds))):
            return pair
    return None


def _changed(exercise, rounds, seed, sizes):
    """The first change of the package's function that gives all of the answers; or None."""
    for change in variations_of(exercise):
        if all(_same_answers(exercise, change.module, number, rounds[number], seed, sizes)
               for number in range(len(rounds))):
            return change
    return None


def _same_answers(exercise, module, number, mine, seed, sizes):
    """Whether a module gives these answers; the first that it does not ends the comparison."""
    given, dtype = iter(mine), ROUNDS[number]
    try:
        for name, value in answers_one_by_one(exercise, module, number, seed, sizes):
            answer, leaves = next(given, None), leaves_of(value)
            if answer is None or answer.name != name or answer.leaves.keys() != leaves.keys():
                return False
            if not all(values_alike(answer.leaves[key], np.asarray(leaf), dtype)
                       for key, leaf in leaves.items()):
                return False
    except Exception:                    # whatever a change leads to
        return False
    return next(given, None) is None


def _matches(exercise, rounds, right, seed, sizes):
    """Faults that explain all that is wrong, and the wrong (question, array) pairs of each."""
    matches = []
    for fault in faults_of(exercise):
        first = package_round(exercise, 0, seed, sizes, fault)
        if _explained(rounds[:1], right, [first])[1]:
            continue                                         # most are told by the first round
        faulty = package_answers(exercise, seed, sizes, fault)
        explained, missed = _explained(rounds, right, faulty)
        if explained and not missed:
            matches.append((fault, explained))
    return matches


def _explained(rounds, right, faulty):
    """Which wrong arrays of the student are those of the fault, in all rounds; how many are not."""
    state = {}                            # (question, array) to whether the fault explains it
    for number, dtype in enumerate(ROUNDS[:len(rounds)]):
        for mine, true, theirs in zip(rounds[number], right[number], faulty[number]):
            if mine.error or theirs.error:
                # Another way to write the same mistake may stop with another message. That
                # explains nothing and contradicts nothing.
                if mine.error != theirs.error or _bare(mine) == _bare(theirs):
                    key = (true.name, None)
                    state[key] = state.get(key, True) and mine.error == theirs.error
                continue
            for name, leaf in true.leaves.items():
                got, fault = mine.leaves.get(name), theirs.leaves.get(name)
                if got is None and fault is None:
                    continue
                # A fault may change the dtype by the way, and the student's function need not.
                alike = same if got is None or leaf is None or got.dtype != leaf.dtype else (
                    values_alike)
                if same(got, leaf, dtype):
                    if not alike(fault, leaf, dtype):
                        state[true.name, name] = False       # the fault would show here
                    continue
                key = (true.name, name)
                state[key] = state.get(key, True) and alike(got, fault, dtype)
            more, theirs_more = (set(one.changed) - set(true.changed) for one in (mine, theirs))
            if more:
                key = (true.name, None)
                state[key] = state.get(key, True) and more == theirs_more
    explained = {key for key, fits in state.items() if fits}
    # A wrong shape or dtype is a finding of the whole question.
    explained |= {(question, None) for question, _ in explained
                  if all(fits for key, fits in state.items() if key[0] == question)}
    return explained, sum(not fits for fits in state.values())


def _bare(answer):
    return answer.message.partition(" (line ")[0]
