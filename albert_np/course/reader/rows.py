"""From the text of a function pair, its labels and its trace to the rows of a page."""

from __future__ import annotations

import io
import re
import textwrap
import tokenize
from dataclasses import dataclass, replace

from ...gradcheck.equations import (LABEL, PACKAGE, check_components, equations_of,
                                index_source, read_sources)
from .lines_as_formulas import read_line
from .mathematics import is_symbol, last_form, left_side, pieces
from .pairs import FOLDERS

_LETTERS = re.compile(r"\((?:\.{3}|[A-Z0-9]+|[a-z]+)?(?:,? *(?:\.{3}|[A-Z0-9]+))*,?\)")
PARTS = "abcdefghijklmnopqrstuvwxyz"


class LabelError(ValueError):
    """A label that is missing in the source, or there too often."""


@dataclass(frozen=True)
class PageRow:
    """One statement as a row.

    Attributes
    ----------
    line : int
    code : str
        Without the comment; the margin of the function's body is taken off.
    note : str
        What the comment says beside label and shape.
    shape : str
        The letters of the comment, such as "(B, T, H)", or "".
    labels : tuple of str
        Tags on this line.
    part : str
        "LN.5b" if several lines compute LN.5, or "".
    formulas : tuple of str
        LaTeX, from the docstring or read off the line.
    is_read : bool
        Whether the formula was read off the line.
    forward : str
        What the comment above it says.
    """

    line: int
    code: str
    note: str = ""
    shape: str = ""
    labels: tuple = ()
    part: str = ""
    formulas: tuple = ()
    is_read: bool = False
    forward: str = ""


@dataclass(frozen=True)
class Segment:
    """Forward rows and the backward rows that differentiate them.

    Attributes
    ----------
    forward, backward : tuple of PageRow
    comment : str
        What the comment ``# forward:`` says.
    """

    forward: tuple
    backward: tuple
    comment: str = ""


# ---- labels --------------------------------------------------------------------------------------

def checked_equations(sources=None, folders=FOLDERS):
    """All equations, if each label of the folders has a docstring and a line of code.

    Parameters
    ----------
    sources : dict of str to str, optional
        As from ``read_sources``.
    folders : tuple of str

    Returns
    -------
    dict of str to Equation
        By label, those of all folders.

    Raises
    ------
    LabelError
        If a label is missing on one side, or if the numbers of a family have a gap.
    """
    sources = read_sources() if sources is None else sources
    equations = {one.label: one for one in equations_of(sources, check_components())}
    families = {}
    for label, equation in equations.items():
        if not equation.file.startswith(folders):
            continue
        families.setdefault(label.split(".")[0], set()).add(int(label.split(".")[1]))
        if not equation.lines:
            raise LabelError(f"{PACKAGE.name}/{equation.file}, line {equation.line}: {label} is "
                             f"derived here, but no line of code carries the comment ({label})")
    for file, text in sources.items():
        for line in index_source(file, text).lines if file.startswith(folders) else ():
            if line.label not in equations:
                raise LabelError(f"{PACKAGE.name}/{file}, line {line.line}: no docstring has an "
                                 f"equation with :label: {line.label}")
    for family, numbers in families.items():
        for number in range(1, max(numbers)):
            if number not in numbers:
                raise LabelError(f"there is an equation {family}.{number + 1}, but none with "
                                 f":label: {family}.{number}")
    return equations


# ---- rows ----------------------------------------------------------------------------------------

def rows_of(lines, equations, arrays=None):
    """The rows of one function.

    Parameters
    ----------
    lines : FunctionLines
    equations : dict of str to Equation
    arrays : set of int, optional
        The lines that make an array. Others are not counted as parts of an equation.

    Returns
    -------
    list of PageRow
    """
    margin = min((len(line.text) - len(line.text.lstrip()) for line in lines.lines[1:]), default=4)
    rows = [_row(line, 0 if line is lines.lines[0] else margin) for line in lines.lines]
    rows = {row.line: row for row in rows}
    for label in dict.fromkeys(label for line in lines.lines for label in line.labels):
        block = [line for line in lines.lines if label in line.part_of and _computes(line)
                 and (label in line.labels or not line.labels
                      and (arrays is None or line.line in arrays))]
        _give_formulas(label, equations[label].latex, block, rows, lines.file)
    for line in lines.lines:
        row = rows[line.line]
        if not row.formulas and (formula := read_line(line.text, lines.file)):
            left, _, right = formula.partition(" = ")
            formula = left if left == right else formula  # "centred" is x - mu itself
            rows[line.line] = replace(row, formulas=(formula,), is_read=True)
    return list(rows.values())


def _row(line, margin):
    comment = _comment(line.text)
    first, *rest = _without_comments(line.text).splitlines()
    code = "\n".join([first[margin:] if first[:margin].isspace() else first.strip(),
                      *(f"    {row.strip()}" for row in rest)])
    shape = next((found[0] for found in _LETTERS.finditer(comment)
                  if re.search(r"[A-Z.]", found[0])), "")
    note = re.sub(rf"\({LABEL}\)", "", comment).replace(shape, "").strip()
    return PageRow(line.line, code, re.sub(r"\s+", " ", note), shape, line.labels,
                   forward=line.forward)


def _comment(text):
    """What stands behind # in a statement."""
    return " ".join(token.string.lstrip("# ") for token in _tokens(text)
                    if token.type == tokenize.COMMENT)


def _without_comments(text):
    rows = text.splitlines()
    for token in _tokens(text):
        if token.type == tokenize.COMMENT:
            row = token.start[0] - 1
            margin = len(text.splitlines()[0]) - len(textwrap.dedent(text).splitlines()[0])
            rows[row] = rows[row][:token.start[1] + (margin if row == 0 else margin)].rstrip()
    return "\n".join(row for row in rows if row.strip())


def _tokens(text):
    """The tokens of a statement; a head such as ``if x:`` alone ends early."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(textwrap.dedent(text)).readline)
    except (tokenize.TokenError, IndentationError):
        return


def _computes(line):
    """Whether a line makes an array, as opposed to the head of a block or a refusal."""
    makes = line.targets or line.text.lstrip().startswith("np.") and "out=" in line.text
    return bool(makes) and not line.text.lstrip().startswith(("for ", "with ", "if "))


def _give_formulas(label, latex, block, rows, file):
    """Give the formulas of an equation to the lines of its block, and letters to the lines."""
    tagged = next(line for line in reversed(block) if label in line.labels) if any(
        label in line.labels for line in block) else None
    if tagged is None:                                   # the tag is on a return or a call
        tagged = next(row for row in rows.values() if label in row.labels)
        block = [*block, tagged]
    own = {line.line: [] for line in block}
    for piece in pieces(latex):
        left = left_side(piece)
        makers = [line for line in block for name in getattr(line, "targets", ())
                  if left and is_symbol(left, name, file)]
        own[(makers[-1] if makers else tagged).line].append(last_form(piece))
    for number, line in enumerate(block):
        row = rows[line.line]
        part = f"{label}{PARTS[number % 26]}" if len(block) > 1 else ""
        rows[line.line] = replace(row, part=row.part or part,
                                  formulas=(*row.formulas, *own[line.line]))


# ---- side by side --------------------------------------------------------------------------------

def segments_of(forward, backward, targets):
    """Put each group of backward rows beside the forward rows that it differentiates.

    Parameters
    ----------
    forward, backward : list of PageRow
        ``backward`` is empty if there is none.
    targets : dict of int to frozenset of str
        The names that each forward line assigns.

    Returns
    -------
    list of Segment
        From the first forward line down. The head of the forward pass stands beside the end of the
        backward pass, and the end of the forward pass beside the head of the backward pass.
    """
    head, body, tail = _parts(forward)
    if not backward:
        return [Segment((head,), ()), Segment(tuple(body), ()), Segment(tuple(tail), ())]
    start, groups, end = _groups(backward)
    if not groups:
        return [Segment((head,), ()), Segment(tuple(body), tuple(end)),
                Segment(tuple(tail), tuple(start))]
    cut, found = len(body), []
    for group in groups:                                 # the last forward lines come first
        begin = _begin(body[:cut], _differentiated(group[0].forward), targets,
                       [_differentiated(other[0].forward) for other in groups])
        found.append(Segment(tuple(body[begin:cut]), tuple(group), group[0].forward))
        cut = begin
    first = found[-1]                                    # with what comes before all of them
    found[-1] = replace(first, forward=(*body[:cut], *first.forward))
    return [Segment((head,), tuple(end)), *_with_forward(reversed(found)),
            Segment(tuple(tail), tuple(start))]


def _with_forward(segments):
    """Put groups whose comment names no forward line into the segment below."""
    found, waiting = [], []
    for segment in segments:
        if not segment.forward:
            waiting.insert(0, segment)
        else:
            backward = [*segment.backward, *(row for one in waiting for row in one.backward)]
            found.append(replace(segment, backward=tuple(backward)))
            waiting = []
    if waiting:                                          # nothing below: the segment above
        rows = [row for one in waiting for row in one.backward]
        found[-1] = replace(found[-1], backward=(*rows, *found[-1].backward))
    return found


def _parts(rows):
    """Head, body and end of a forward pass: the end makes the cache and returns."""
    head, *rest = rows
    cut = len(rest)
    while cut and re.match(r"(return\b|cache = )", rest[cut - 1].code.lstrip()):
        cut -= 1
    if not cut and rest:                                 # nothing but a return: it computes
        cut = len(rest)
    return head, rest[:cut], rest[cut:]


def _groups(rows):
    """Rows before the first comment ``# forward:``, the groups, and the rows that return."""
    starts = [number for number, row in enumerate(rows) if row.forward]
    if not starts:
        return rows[:1], [], rows[1:]
    cut = len(rows)
    while cut > starts[-1] + 1 and rows[cut - 1].code.startswith("return"):
        cut -= 1
    bounds = [*starts, cut]
    return (rows[:starts[0]], [rows[one:other] for one, other in zip(bounds, bounds[1:])],
            rows[cut:])


def _differentiated(comment):
    """The names on the left sides of what a comment ``# forward:`` says."""
    names = set()
    for clause in re.split(r";|, (?=\w+ = )", comment):
        left = clause.split("=")[0] if "=" in clause else ""
        names |= set(re.findall(r"[A-Za-z_]\w*", re.sub(r"\[.*?\]", "", left)))
    return names


def _begin(body, names, targets, others):
    """Where the forward lines of some names begin: behind the last line that makes another's."""
    last = {}
    for number, row in enumerate(body):
        for name in targets[row.line]:
            last[name] = number
    ends = [last[name] for other in others if not other & names for name in other if name in last]
    own = [last[name] for name in names if name in last]
    if not own:
        return len(body)                                 # no line has this name: nothing beside it
    before = [end for end in ends if end < max(own)]
    return max(before) + 1 if before else 0
