"""The numbers of a page: the examples of the functions, run and traced, right or with a fault."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import numpy as np

from ...gradcheck.equations import PACKAGE
from ...gradcheck.planted_faults import PLANTED_FAULTS
from ...gradcheck.tracing.examples import trace_function
from ...gradcheck.tracing.trace_page import told
from .verdicts import verdict_of

MOST_RUNS = 8     # of one page


@dataclass(frozen=True)
class Run:
    """One forward call and the backward call that follows it.

    Attributes
    ----------
    values : dict of int to list of Value
        By line of code, for each line that ran.
    times : dict of int to (int, int)
        Which visit of a line this is, from 1, and how often it ran.
    order : tuple of int
        The lines in the order in which they ran first.
    texts : dict of int to str
        What each line says, with a planted fault if there is one.
    has_backward : bool
    passes : int
        How often the loop runs whose last pass, or the one that runs most lines, is shown.
    everything : dict of int to list of Value
        As ``values``, with what dicts and tuples hold.
    direct : tuple of DirectCall
        The two calls with their arguments, if the example itself made both.
    """

    values: dict
    times: dict
    order: tuple
    texts: dict
    has_backward: bool
    passes: int
    everything: dict
    direct: tuple = ()


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
    before : dict of int to list of Value
        The right numbers of these lines.
    texts : dict of int to str
        The lines that the fault rewrites.
    verdict : Verdict or None
        Of the gradient check, with the fault, at the numbers of the run.
    stops : str
        What Python says if the example does not come to its end.
    """

    fault: object
    line: int
    run: int
    changed: dict
    before: dict
    texts: dict
    verdict: object = None
    stops: str = ""


def runs_of(pair, fault=None, chosen=None, numbers=None):
    """The runs of a page.

    Parameters
    ----------
    pair : Pair
    fault : PlantedFault, optional
        To plant first.
    chosen : int, optional
        Which pass of a loop to show, from 0, in place of the one that runs most lines.
    numbers : dict of str to array, optional
        In place of inputs of the first example. The page then shows the first run of it, alone.

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
        trace = trace_function(f"{module}.{name}", numbers, fault=fault and fault.name,
                               until=None if numbers is None else name)
        if trace.example_of in seen:
            continue
        seen.add(trace.example_of)
        calls = trace.calls
        if not any(call.function == pair.forward.function for call in calls):
            calls = trace.calls_of(pair.forward.function)
        shown = _pairs_of_calls(calls, pair)
        found += zip(shown, [*_pairs_of_calls(trace.direct, pair), *[()] * len(shown)])
        if numbers is not None:
            break
    runs = [_run(calls, shift, chosen, direct) for calls, direct in found]
    return sorted(runs, key=lambda run: not run.has_backward)[:MOST_RUNS]


def inputs_of(pair):
    """The numbers of a page's first example that may be typed over.

    Parameters
    ----------
    pair : Pair

    Returns
    -------
    dict of str to array
        Those that the example passes to the function, by dotted names such as "params.W_q".
    """
    last = pair.backward or pair.forward
    module = pair.file.removesuffix(".py").replace("/", ".")
    trace = trace_function(f"{module}.{last.function}", until=last.function)
    own = {lines.function.split(".")[-1] for lines in (pair.forward, last)}
    passed = set()
    for statement in trace.statements:
        nodes = list(ast.walk(ast.parse(statement.text)))
        if any(getattr(node, "id", getattr(node, "attr", "")) in own for node in nodes):
            passed |= {node.id for node in nodes if isinstance(node, ast.Name)}
    return {name: np.asarray(value) for name, value in trace.inputs.items()
            if name.split(".")[0] in passed}


def _pairs_of_calls(calls, pair):
    """Forward and backward calls as they follow each other."""
    forward, found = None, []
    for call in calls:
        if call.function == pair.forward.function:
            if forward is not None:
                found.append([forward])
            forward = call
        elif pair.backward and call.function == pair.backward.function:
            found.append([*filter(None, [forward]), call])
            forward = None
    return [*found, *([[forward]] if forward is not None else [])]


def _run(calls, shift, chosen, direct):
    values, times, order, texts, passes, everything = {}, {}, [], {}, 1, {}
    for call in calls:
        between = _passes(call)
        passes = max(passes, len(between))
        begin, end = _shown(call, between, chosen)
        for row in call.rows:
            line = shift(row.line)
            texts[line] = row.text
            if row.visits:
                here = [number for number, visit in enumerate(row.visits)
                        if begin <= visit.step < end]
                number = here[-1] if here else len(row.visits) - 1
                everything[line] = list(row.visits[number].values)
                values[line] = _told(row.visits[number].values, row is call.rows[0])
                ends = row.text.lstrip().startswith("for ") and len(row.visits) > 1
                times[line] = number + 1, len(row.visits) - ends
        order += [shift(row.line) for row, _ in call.steps()]
    return Run(values, times, tuple(dict.fromkeys(order)), texts, len(calls) > 1, passes,
               everything, tuple(direct))


def _told(values, is_head):
    """The values to show; of an optimiser's step, parameters and gradients as they come in."""
    roots = {value.name.split("[")[0] for value in values}
    if is_head and {"params", "grads"} <= roots:
        return [value for value in values if value.name.startswith(("params[", "grads["))]
    return told(values)


def _passes(call):
    """(first step, step after the last) of each pass of the first loop that ran."""
    for row in call.rows:
        if row.text.lstrip().startswith("for ") and len(row.visits) > 1:
            steps = [visit.step for visit in row.visits]
            last = max(visit.step for other in call.rows for visit in other.visits) + 1
            found = list(zip(steps, [*steps[1:], last]))
            return found[:-1]                            # the last visit only ends the loop
    return []


def _shown(call, between, chosen):
    """The pass to show: the chosen one, or the last of those in which most lines ran."""
    if not between:
        return 0, 0
    if chosen is not None and chosen < len(between):
        return between[chosen]

    def lines(steps):
        return sum(any(steps[0] <= visit.step < steps[1] for visit in row.visits)
                   for row in call.rows)

    return max(reversed(between), key=lines)


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


def effects_of(pair, runs, others, numbers=None):
    """What each planted fault of the file changes on a page.

    Parameters
    ----------
    pair : Pair
    runs : list of Run
        Without a fault.
    others : list of Pair
        All pages of the same file. A fault in another page's function is left out.
    numbers : as in :func:`runs_of`

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
        effect = effect_of(pair, runs, fault, numbers)
        if mine or effect.changed or effect.stops:
            found.append(effect)
    return found


def faults_of(pair):
    """The planted faults inside the functions of a page, without numbers.

    Returns
    -------
    list of FaultEffect
    """
    found = [(fault, _line_of(pair, fault)) for fault in PLANTED_FAULTS if fault.file == pair.file]
    return [FaultEffect(fault, line, -1, {}, {}, {}) for fault, line in found if _owns(pair, line)]


def _owns(pair, line):
    return any(lines and line in lines.line_of for lines in (pair.forward, pair.backward))


def effect_of(pair, runs, fault, numbers=None):
    """What one planted fault changes on a page.

    Parameters
    ----------
    pair, runs, numbers : as in :func:`effects_of`
    fault : PlantedFault

    Returns
    -------
    FaultEffect
    """
    line = _line_of(pair, fault)
    passes = max((run.passes for run in runs), default=1)
    for chosen in [None, *(range(passes) if passes > 1 else ())]:
        try:
            faulty = runs_of(pair, fault, chosen, numbers)
        except ValueError as error:
            return FaultEffect(fault, line, -1, {}, {}, {}, None, str(error))
        right = runs if chosen is None else runs_of(pair, None, chosen, numbers)
        for number, (run, wrong) in enumerate(zip(right, faulty)):
            changed, before = _changes(run.values, wrong.values)
            if not changed:
                changed, before = _changes(run.everything, wrong.everything)
            if changed:
                texts = {at: text for at, text in wrong.texts.items() if text != run.texts.get(at)}
                return FaultEffect(fault, line, number, changed, before, texts,
                                   verdict_of(wrong))
    return FaultEffect(fault, line, -1, {}, {}, {}, verdict_of(faulty[0]) if faulty else None)


def _changes(right, wrong):
    """The wrong and the right values of each line where they are not the same."""
    lines = [line for line in {**right, **wrong}
             if not _same_values(wrong.get(line, []), right.get(line, []))]
    return ({line: wrong.get(line, []) for line in lines},
            {line: right.get(line, []) for line in lines})


def _same_values(one, other):
    return len(one) == len(other) and all(
        a.name == b.name and a.shape == b.shape and np.array_equal(a.value, b.value, equal_nan=(
            a.value.dtype.kind in "fc"))
        for a, b in zip(one, other))
