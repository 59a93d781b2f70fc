"""The numbers of a page: the examples of the functions, run and traced, right or with a fault."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from albert_np.gradcheck.equations import PACKAGE
from albert_np.gradcheck.planted_faults import PLANTED_FAULTS
from albert_np.gradcheck.tracing.examples import trace_function
from albert_np.gradcheck.tracing.trace_page import told

MOST_RUNS = 4     # of one page


@dataclass(frozen=True)
class Run:
    """One forward call and the backward call behind it.

    Attributes
    ----------
    values : dict of int to list of Value
        By line of code, for each line that ran.
    times : dict of int to int
        How often each line ran.
    order : tuple of int
        The lines in the order in which they ran first.
    texts : dict of int to str
        What each line says, with a planted fault if there is one.
    has_backward : bool
    """

    values: dict
    times: dict
    order: tuple
    texts: dict
    has_backward: bool


@dataclass(frozen=True)
class FaultEffect:
    """What a planted fault changes on a page.

    Attributes
    ----------
    fault : PlantedFault
    line : int
        Where it is planted, in the source without the fault.
    run : int
        The run that shows it, or -1 if none does.
    changed : dict of int to list of Value
        The lines whose numbers change in that run, with their new numbers; none for a line that
        does not run any more.
    texts : dict of int to str
        The lines that the fault rewrites.
    stops : str
        What Python says if the example does not come to its end.
    """

    fault: object
    line: int
    run: int
    changed: dict
    texts: dict
    stops: str = ""


def runs_of(pair, fault=None):
    """The runs of a page.

    Parameters
    ----------
    pair : Pair
    fault : PlantedFault, optional
        To plant first.

    Returns
    -------
    list of Run
        Those of the backward function's example first; then the forward function's.
    """
    module = pair.file.removesuffix(".py").replace("/", ".")
    shift = _shift(pair, fault)
    names = [lines.function for lines in (pair.backward, pair.forward) if lines]
    found, seen = [], set()
    for name in names:
        trace = trace_function(f"{module}.{name}", fault=fault and fault.name)
        if trace.example_of in seen:
            continue
        seen.add(trace.example_of)
        found += _pairs_of_calls(trace, pair)
    runs = [_run(calls, shift) for calls in found]
    return sorted(runs, key=lambda run: not run.has_backward)[:MOST_RUNS]


def _pairs_of_calls(trace, pair):
    """Forward and backward calls as they follow each other."""
    forward, found = None, []
    calls = list(trace.calls)
    if not any(call.function == pair.forward.function for call in calls):
        calls = trace.calls_of(pair.forward.function)
    for call in calls:
        if call.function == pair.forward.function:
            if forward is not None:
                found.append([forward])
            forward = call
        elif pair.backward and call.function == pair.backward.function:
            found.append([*filter(None, [forward]), call])
            forward = None
    return [*found, *([[forward]] if forward is not None else [])]


def _run(calls, shift):
    values, times, order, texts = {}, {}, [], {}
    for call in calls:
        for row in call.rows:
            line = shift(row.line)
            texts[line] = row.text
            if row.visits:
                values[line] = told(row.values)
                times[line] = len(row.visits)
        order += [shift(row.line) for row, _ in call.steps()]
    backward = len(calls) > 1
    return Run(values, times, tuple(dict.fromkeys(order)), texts, backward)


def _shift(pair, fault):
    """From a line of the source with a fault to the line of the source without it."""
    if fault is None:
        return lambda line: line
    more = fault.new.count("\n") - fault.old.count("\n")
    behind = _line_of(pair, fault) + fault.new.count("\n") + (not fault.old.endswith("\n"))
    return lambda line: line - more if line >= behind else line


def _line_of(pair, fault):
    text = (PACKAGE / pair.file).read_text(encoding="utf-8")
    return text[:text.index(fault.old)].count("\n") + 1


def effects_of(pair, runs, others):
    """What each planted fault of the file changes on a page.

    Parameters
    ----------
    pair : Pair
    runs : list of Run
        Without a fault.
    others : list of Pair
        All pages of the same file. A fault in another page's function is left out.

    Returns
    -------
    list of FaultEffect
        Faults inside these functions, and others of the file that change a number here.
    """
    found = []
    for fault in PLANTED_FAULTS:
        if fault.file != pair.file:
            continue
        line = _line_of(pair, fault)
        mine = _owns(pair, line)
        if not mine and any(_owns(other, line) for other in others):
            continue
        effect = _effect(pair, runs, fault, line)
        if mine or effect.changed or effect.stops:
            found.append(effect)
    return found


def _owns(pair, line):
    return any(lines and line in lines.line_of for lines in (pair.forward, pair.backward))


def _effect(pair, runs, fault, line):
    try:
        faulty = runs_of(pair, fault)
    except ValueError as error:
        return FaultEffect(fault, line, -1, {}, {}, str(error))
    for number, (run, wrong) in enumerate(zip(runs, faulty)):
        changed = {at: wrong.values.get(at, []) for at in {**run.values, **wrong.values}
                   if not _same_values(wrong.values.get(at, []), run.values.get(at, []))}
        if changed:
            texts = {at: text for at, text in wrong.texts.items() if text != run.texts.get(at)}
            return FaultEffect(fault, line, number, changed, texts)
    return FaultEffect(fault, line, -1, {}, {})


def _same_values(one, other):
    return len(one) == len(other) and all(
        a.name == b.name and a.shape == b.shape and np.array_equal(a.value, b.value, equal_nan=(
            a.value.dtype.kind in "fc"))
        for a, b in zip(one, other))
