"""Traces as text: number and code of each line, and the arrays it made beneath it.

>>> print(show_trace("RELU.2"))                            # doctest: +ELLIPSIS
RELU.2: relu_backward, albert_np/functional/activations.py, line ...
"""

import re

import numpy as np

from ..equations import LABEL, PACKAGE
from .compare_traces import differences
from .examples import trace_equation, trace_function
from .line_trace import Value

WIDTH = 100
ALL_NUMBERS = 40             # arrays with more numbers are abbreviated
MOST_LEAVES = 6              # arrays of one dict or tuple
INDENT = 8                   # of the arrays beneath their line


def show_trace(name, numbers=None, example=None, inside=False, fault=None):
    """The lines of a function, or of an equation, with the numbers that they make.

    Parameters
    ----------
    name : str
        A function such as "layer_norm_backward", or a label such as "LN.5".
    numbers, example, inside, fault
        As in :func:`~albert_np.gradcheck.tracing.examples.trace_function`.

    Returns
    -------
    str
        No line of code or numbers is longer than 100 characters.

    Raises
    ------
    ValueError
        As in :func:`~albert_np.gradcheck.tracing.examples.trace_function`.
    """
    options = (numbers, example, inside, fault)
    if re.fullmatch(rf"\(?{LABEL}\)?", name.strip().upper()):
        pages = [_page(line.label, trace, line, inside)
                 for line, trace in trace_equation(name, *options)]
    else:
        trace = trace_function(name, *options)
        pages = [_page(trace.function, trace, None, inside)]
        if fault is not None:
            pages.append(_changes(trace_function(name, numbers, example), trace))
    return "\n\n".join(pages)


def _page(title, trace, tagged, inside):
    """One function's page; with a tagged CodeLine, only what computes its equation."""
    calls = trace.calls_of(trace.function)
    if not calls:
        raise ValueError(f"the example never calls {trace.function}")
    where = f"{trace.function}, " if tagged else ""
    parts = [f"{title}: {where}{PACKAGE.name}/{trace.file}, "
             f"line {tagged.line if tagged else calls[0].first}", "", *_example(trace)]
    for name in trace.replaced:
        parts += [f"with {name}", *_arrays([_input(name, trace.inputs[name])], WIDTH)]
    for number, call in enumerate(calls, start=1):
        parts += ["", *([f"call {number} of {len(calls)}"] if len(calls) > 1 else []),
                  *(_steps(call, inside) if tagged is None else _equation(call, tagged, inside))]
    return "\n".join(parts)


def _input(name, array):
    array = np.asarray(array)
    return Value(name, array.shape, str(array.dtype), array)


def _example(trace):
    """The example's statements and what they printed, as in an interactive session."""
    for statement in trace.statements:
        first, *rest = statement.text.splitlines()
        yield f">>> {first}"
        yield from (f"... {row}" for row in rest)
        yield from statement.printed.splitlines()


def _equation(call, tagged, inside):
    """What the lines of one equation use and make."""
    def belongs(row):
        return tagged.first <= row.line <= tagged.last

    words = set(re.findall(r"\b[A-Za-z_]\w*\b", " ".join(
        row.text.split("#")[0] for row in call.rows if belongs(row))))
    steps = call.steps()
    begin = next((step for step, (row, _) in enumerate(steps) if belongs(row)), len(steps))
    known = {value.name: value for _, visit in steps[:begin] for value in visit.values}
    given = [known[name] for name in known if name in words]
    if begin == len(steps):
        return ["these lines were not reached"]
    return [*(["given"] if given else []), *_arrays(given, WIDTH),
            *_rows([step for step in steps if belongs(step[0])], inside, WIDTH)]


def _steps(call, inside, width=WIDTH):
    """Every line that ran, in the order in which they ran."""
    return _rows(call.steps(), inside, width)


def _changes(right, faulty):
    """The numbers that a fault has changed."""
    lines = []
    for change in differences(right, faulty):
        head = f"line {change.line}"
        lines += [f"{head} of {change.function}" if change.function != right.function else head,
                  *_arrays([change.before], WIDTH)]
        if change.after is None:
            lines.append(f"{'':{INDENT}}is not made")
        else:
            lines += [f"{'':{INDENT}}becomes", *_arrays([change.after], WIDTH)]
    return "\n".join(["Without the fault", *lines] if lines else ["The fault changes no number"])


def _rows(steps, inside, width):
    lines = []
    for row, visit in steps:
        if row.forward:
            lines.append(_fit(f"{'':6}# forward: {row.forward}", width))
        lines += _code(row, width)
        for call in visit.inside if inside else ():
            lines.append(f"{'':{INDENT}}inside {call.function}, {PACKAGE.name}/{call.file}")
            lines += [f"{'':{INDENT}}{line}" for line in _steps(call, True, width - INDENT)]
        lines += _arrays(told(visit.values), width)
    return lines


def told(values):
    """The values to print: names, and parts of dicts and tuples if there are no names.

    What the parameters and the cache hold is printed where a line takes it out of them.
    """
    named = [value for value in values if re.fullmatch(r"\w+|return.*", value.name)]
    return named or [value for value in values
                     if re.split(r"\W", value.name)[0] not in ("params", "cache")]


def _code(row, width):
    """The text of a line after its number. A comment that does not fit is left out."""
    first, *rest = row.text.splitlines()
    margin = len(first) - len(first.lstrip())
    lines = [f"{row.line:>4}  {' ' * max(0, margin - 4)}{first.lstrip()}",
             *(f"{'':6}{line[min(4, margin):]}" for line in rest)]
    return [_fit(line, width) for line in lines]


def _fit(line, width):
    line = re.sub(r"(?<=\S)\s{2,}#", "  #", line)
    if len(line) > width:
        line = re.sub(r"(?<=\S)\s+#.*", "", line)
    return line if len(line) <= width else f"{line[:width - 3]}..."


def _arrays(values, width):
    """A line or more for each array: its name, its shape, its numbers."""
    lines = []
    for value in values[:MOST_LEAVES]:
        kind = "" if value.dtype == "float64" or not value.shape else f" {value.dtype}"
        other = [name for name in value.also if name.isidentifier()]
        also = f", which is {' and '.join(other)}" if other else ""
        head = _fit(f"{'':{INDENT}}{value.name} {value.shape}{kind}{also}", width)
        numbers = show_numbers(value.value, width - INDENT - 4)
        if "\n" not in numbers and len(head) + 2 + len(numbers) <= width:
            lines.append(f"{head}  {numbers}")
        else:
            lines += [head, *(f"{'':{INDENT + 4}}{line}" for line in numbers.splitlines() if line)]
    if len(values) > MOST_LEAVES:
        lines.append(f"{'':{INDENT}}and {len(values) - MOST_LEAVES} more arrays")
    return lines


def show_numbers(array, width=WIDTH):
    """The numbers of an array with six digits; of a large array, the first and the last.

    Examples
    --------
    >>> print(show_numbers(np.array([[0.5, -1.0], [1 / 3, 1e30]])))
    [[     0.5       -1]
     [0.333333    1e+30]]
    """
    def short(number):
        return f"{number:.6g}"

    shown = array.ravel() if array.size <= ALL_NUMBERS else ()
    widest = max([len(short(number)) for number in shown if array.dtype.kind in "fc"], default=0)
    formatter = {kind: lambda number: f"{short(number):>{widest}}"
                 for kind in ("float_kind", "complex_kind")}
    return np.array2string(array, max_line_width=width, threshold=ALL_NUMBERS, edgeitems=2,
                           formatter=formatter)
