"""One page: the rows of a function pair as HTML that needs no script, no net and no fonts."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from ...files.json_objects import json_text
from ..notes import LANGUAGES, as_restructured_text, notes_on
from . import below_the_table, mathematics
from .pairs import pages_of_labels
from .pieces import changed_html, code_names, mark_code, values_html
from .rows import rows_of, segments_of
from .verdicts import verdict_html, verdict_of, verdict_sentence

HERE = Path(__file__).resolve().parent
WIDE, DENSE = 80, 89         # characters of code and numbers that fit side by side
MOST_ROWS = 17               # of one function before a page becomes dense


def page_html(pair, runs, effects, equations, around, site=True, inputs=None):
    """The HTML of a page.

    Parameters
    ----------
    pair : Pair
    runs : list of Run
    effects : list of FaultEffect
    equations : dict of str to Equation
    around : (str, str)
        The names of the previous and the next page, or "".
    site : bool
        Whether the other pages of the site lie in the folder above.
    inputs : dict of str to array, optional
        Numbers of the example that can be typed over: the lab serves the page.

    Returns
    -------
    str
    """
    return _Page(pair, runs, effects, equations, around, site, inputs).html()


def page_data(pair, runs, effects, equations):
    """The numbers of a page, as the page itself has them for its script.

    Parameters
    ----------
    pair, runs, effects, equations : as in :func:`page_html`

    Returns
    -------
    dict of str to list
        "runs" and "faults", for JSON.
    """
    return _Page(pair, runs, effects, equations, ("", ""), False).data()


class _Page:
    def __init__(self, pair, runs, effects, equations, around, site, inputs=None):
        self.pair, self.runs, self.effects, self.equations = pair, runs, effects, equations
        self.around, self.site, self.inputs = around, site, inputs
        self.first = runs[0] if runs else None
        arrays = {line for run in runs for line, values in run.values.items()
                  if any(value.shape or value.dtype.startswith(("float", "complex"))
                         for value in values)} if runs else None
        self.forward = rows_of(pair.forward, equations, arrays)
        self.backward = rows_of(pair.backward, equations, arrays) if pair.backward else []
        self.targets = {line.line: line.targets
                        for lines in (pair.forward, pair.backward) if lines for line in lines.lines}
        self.segments = segments_of(self.forward, self.backward, self.targets)
        self.is_dense = max(len(self.forward), len(self.backward)) > MOST_ROWS
        self.names = sorted({name for row in (*self.forward, *self.backward)
                             for name in code_names(row.code)})
        self.pages = pages_of_labels()
        self.labels = [label for label, page in self.pages.items() if page == pair.name]
        self.derived, self.remarks = self._derivations()
        self.anchors = set()

    # ---- text of the docstrings ------------------------------------------------------------------

    def _derivations(self):
        latex_of = {label: one.latex for label, one in self.equations.items()}
        docstrings = dict.fromkeys(self.equations[label].docstring for label in self.labels)
        derived, remarks = {}, []
        for docstring in docstrings:
            found, rest = mathematics.derivations(docstring, latex_of)
            derived |= {one.label: one for one in found}
            if rest.strip() and found:
                remarks.append((found[-1].label, rest))
        return derived, remarks

    def link(self, label):
        """The address of an equation's row, from this page."""
        page = self.pages.get(label)
        if page is None:
            return None
        return f"#{label}" if page == self.pair.name else f"{page}.html#{label}"

    def prose(self, text):
        return mathematics.html_of(text, self.link, tuple(self.names), self.pair.file)

    # ---- the page --------------------------------------------------------------------------------

    def html(self):
        title = self.pair.name.replace("_", " ")
        lead = lead_of(self.pair, self.equations)
        data = self.data()
        if self.inputs is not None:
            data["inputs"] = {name: {"shape": array.shape, "numbers": array.ravel().tolist()}
                              for name, array in self.inputs.items()}
        body = [self._header(title, lead), self._inputs(), self._bar(), self._table(),
                below_the_table.check_of_numbers(self, data), below_the_table.what_if(self),
                below_the_table.computed_elsewhere(self), below_the_table.remarks(self),
                below_the_table.source(self)]
        written = json_text(data, ensure_ascii=False).replace("</", "<\\/")
        kind = ("two" if self.backward else "one") + (" dense" if self.is_dense else "")
        return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · line by line · albert_np</title>
<link rel="stylesheet" href="reader.css"></head>
<body class="{kind}"><a class="skip" href="#lines">To the lines</a>
{"".join(body)}
<script type="application/json" id="data">{written}</script>
<script src="reader.js"></script>{"" if self.inputs is None else '<script src="lab.js"></script>'}
</body></html>
"""

    def _header(self, title, lead):
        before, behind = (f'<a rel="{rel}" href="{name}.html">{sign}</a>' if name else ""
                          for rel, sign, name in (("prev", f"‹ {self.around[0]}", self.around[0]),
                                                  ("next", f"{self.around[1]} ›", self.around[1])))
        home = '<a href="../index.html">albert_np</a>' if self.site else ""
        return (f'<header><nav aria-label="Pages">{home}<a href="index.html">all functions</a>'
                f"{before}{behind}</nav><h1>{escape(title)}</h1>"
                f'<p class="lead">{lead}</p></header>')

    def _inputs(self):
        """The place where the lab's script puts the fields for the numbers."""
        if self.inputs is None:
            return ""
        none = "" if self.inputs else '<p class="note">This example has no arrays to type over.</p>'
        return (f'<section id="inputs" aria-label="Numbers of the example">{none}'
                '<p id="refused" role="alert"></p></section>')

    def _bar(self):
        examples = "".join(f'<option value="{number}">{_run_name(number, run, self.runs)}</option>'
                           for number, run in enumerate(self.runs))
        choice = (f'<label>numbers <select id="run">{examples}</select></label>'
                  if len(self.runs) > 1 else "")
        return ('<div class="bar" hidden><button id="back" aria-keyshortcuts="k">'
                '<kbd>k</kbd> back</button><button id="step" aria-keyshortcuts="j">'
                '<kbd>j</kbd> step</button><button id="all" aria-keyshortcuts="Escape" '
                'title="all lines, without a fault">'
                f'<kbd>esc</kbd> reset</button>{choice}'
                '<p id="said" role="status"></p></div>')

    def _table(self):
        rows = "".join(self._segment(one) for one in self.segments)
        heads = ('<th scope="col" class="f">forward <span aria-hidden="true">↓</span></th>'
                 + ('<th scope="col" class="b">backward <span aria-hidden="true">↑</span></th>'
                    if self.backward else ""))
        said = ("Each row has lines of the forward pass and the lines of the backward pass that "
                "differentiate them. The backward pass begins in the last row."
                if self.backward else "The lines of the function.")
        return (f'<main id="lines"><table><caption class="unseen">{said}</caption>'
                f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{self._legend()}"
                "</main>")

    def _legend(self):
        """The signs of the rows, explained."""
        cut = ("<span hidden>✂ plants a mistake in this line, and the next click another. </span>"
               if self.effects else "")
        return (f'<p class="legend">{cut}Between numbers, ¦ separates rows and ‖ separates '
                "matrices. +2: the line makes two more arrays; point at the numbers to see "
                "them.</p>")

    def _segment(self, segment):
        if not segment.forward and not segment.backward:
            return ""
        cells = f'<td class="f">{self._rows(segment.forward)}</td>'
        if self.backward:
            cells += f'<td class="b">{self._rows(segment.backward)}</td>'
        return f"<tr>{cells}</tr>\n"

    def _rows(self, rows):
        """The rows of a cell; lines that refuse bad input are folded."""
        parts, rows = [], list(rows)
        while rows:
            size = _refusal(rows)
            if size:
                while more := _refusal(rows[size:]):
                    size += more
                inner = "".join(self._row(row) for row in rows[:size])
                parts.append(f'<details class="guards"><summary>lines {rows[0].line} to '
                             f"{rows[size - 1].line} refuse bad input</summary>{inner}</details>")
            else:
                size = 1
                parts.append(self._row(rows[0]))
            rows = rows[size:]
        return "".join(parts)

    # ---- a row -----------------------------------------------------------------------------------

    def _row(self, row):
        values = self._values(row.line, self.first)
        formulas = self._formulas(row)
        equations = " ".join(dict.fromkeys([*row.labels, *([row.part[:-1]] if row.part else [])]))
        fault = [number for number, one in enumerate(self.effects)
                 if self.row_of(one.line) == row.line]
        cut = (f'<button class="cut" hidden data-faults="{" ".join(map(str, fault))}" '
               f'aria-label="forget a term of line {row.line}" title="forget a term of this line">'
               f"✂</button>" if fault else "")
        forward = (f'<p class="of">differentiates <code>{mark_code(row.forward)}</code></p>'
                   if row.forward else "")
        note = f'<span class="note">{escape(row.note)}</span>' if row.note else ""
        return (f'{forward}<div class="row{self._kind(row, values, formulas)}" id="L{row.line}" '
                f'tabindex="-1" role="group" aria-label="line {row.line}" data-eq="{equations}">'
                f'<a class="no" href="#S{row.line}" aria-label="line {row.line} of the source">'
                f'{row.line}</a><code class="src">{mark_code(row.code)}</code>{cut}'
                f'<div class="vals">{values}</div>{formulas}{note}</div>')

    def _kind(self, row, values, formulas):
        """The classes of a row: whether code, numbers and formula fit side by side."""
        room = DENSE if self.is_dense else WIDE
        code, numbers = max(map(len, row.code.splitlines())), _text_width(values)
        kinds = ["tagged"] if row.labels else []
        if not values and not formulas:
            kinds.append("quiet")
        if code + numbers > room:
            kinds.append("wide")
            if numbers + _text_width(formulas) > room:
                kinds.append("apart")
        elif formulas and code + numbers + _text_width(formulas) * 1.15 + 4 < room:
            kinds.append("inline")
        if len(row.code.splitlines()) > 1 and row.code.lstrip().startswith(("return", "cache =")):
            kinds.append("long")
        return "".join(f" {kind}" for kind in kinds)

    def row_of(self, line):
        """The row that a line of the source belongs to."""
        for lines in (self.pair.forward, self.pair.backward):
            if lines and line in lines.line_of:
                return lines.line_of[line]
        return None

    def _formulas(self, row):
        shown = [mathematics.mathml(formula, self.names, self.pair.file)
                 for formula in row.formulas]
        if not shown and not row.labels and not row.part:
            return ""
        labels = self._labels(row)
        maths = "".join(f'<span class="m">{one}</span>' for one in shown)
        derivation = "".join(self.derivation(label) for label in row.labels)
        kind = " read" if row.is_read else ""
        return f'<div class="fx{kind}">{maths}{labels}{derivation}</div>'

    def _labels(self, row):
        """The label of a row: of the whole equation, or of its part."""
        found = []
        for label in row.labels:
            anchor = f' id="{label}"' if label not in self.anchors else ""
            self.anchors.add(label)
            found.append(f'<a class="lab"{anchor} href="#{label}" data-eq="{label}">{label}</a>')
        if row.part:
            whole = row.part[:-1]
            text = row.part[-1] if whole in row.labels else row.part
            found.append(f'<a class="lab part" id="{row.part}" href="#{row.part}" '
                         f'data-eq="{whole}">{text}</a>')
        return f'<span class="labs">{"".join(found)}</span>' if found else ""

    def derivation(self, label):
        one = self.derived.get(label)
        if one is None or not one.text.strip():
            return self._notes(label)
        return (f'<details class="der"><summary>why<span class="unseen"> of {label}</span>'
                f'</summary><div class="prose">{self.prose(one.text)}'
                f"{mathematics.mathml(one.latex, self.names, self.pair.file, block=True)}"
                f"</div></details>{self._notes(label)}")

    def _notes(self, label):
        """What translators wrote about an equation, folded."""
        return "".join(f'<details class="der" lang="{language}"><summary>{LANGUAGES[language]}'
                       f'<span class="unseen"> {label}</span></summary><div class="prose">'
                       f"{self.prose(as_restructured_text(note))}</div></details>"
                       for language, note in notes_on(label, self.pair.name).items())

    def _values(self, line, run):
        """The shapes and numbers that a line made."""
        if run is None or not run.values.get(line):
            return ""
        values = _sorted(run.values[line], self.targets.get(line, ()))
        letters = next((row.shape for row in (*self.forward, *self.backward)
                        if row.line == line), "")
        return values_html(values, letters, run.times.get(line, (1, 1)), line in self.heads)

    @property
    def heads(self):
        return {rows[0].line for rows in (self.forward, self.backward) if rows}

    # ---- data for the script ---------------------------------------------------------------------

    def data(self):
        """The numbers of the page: a dict of lists, for JSON."""
        return {"faults": [self._fault_data(one) for one in self.effects],
                "runs": [self._run_data(run) for run in self.runs]}

    def _run_data(self, run):
        return {"order": list(run.order), "check": verdict_html(verdict_of(run)),
                "values": {line: self._values(line, run) for line in run.values}}

    def _fault_data(self, one):
        changed = {line: changed_html(_sorted(values, self.targets.get(line, ())),
                                      _sorted(one.before[line], self.targets.get(line, ())))
                   for line, values in one.changed.items()}
        effect = (f"The example stops: {one.stops}." if one.stops else
                  "No number of these examples changes." if one.run < 0 else
                  f"{len(changed)} line{'s' if len(changed) > 1 else ''} of this example "
                  f"change{'' if len(changed) > 1 else 's'}.")
        checked = f" {verdict_sentence(one.verdict)}" if one.verdict else ""
        return {"fault": one.fault.name, "edits": self._edits(one), "run": max(one.run, 0),
                "line": self.row_of(one.line), "changed": changed,
                "check": f'<p class="verdict bad">{escape(effect)}</p>' if one.stops else
                         verdict_html(one.verdict),
                "said": f"{one.fault.wrong} {effect}{checked}"}

    def _edits(self, one):
        """What a fault writes in place of what, by row."""
        old, new = one.fault.old.strip().splitlines(), one.fault.new.strip().splitlines()
        if len(old) != len(new):                         # all that is new stands in the last row
            new = [""] * (len(old) - 1) + ["\n".join(new)]
        return [{"line": self.row_of(one.line + number), "old": before.strip(),
                 "new": after.strip()}
                for number, (before, after) in enumerate(zip(old, new))
                if before.strip() != after.strip()]


def lead_of(pair, equations):
    """The first sentence of a function, as HTML; of a method, that of its class."""
    own = next((one for one in equations.values()
                if one.file == pair.file and one.function == pair.name), None)
    return _inline(mathematics.summary(own.docstring if own else pair.forward.docstring))


# ---- pieces --------------------------------------------------------------------------------------


def _sorted(values, targets):
    """The values of the names that the line assigns first."""
    return sorted(values, key=lambda value: value.name not in targets)


def _text_width(html):
    """About how many characters wide a piece of HTML is, without what is folded."""
    html = re.sub(r'<div class="full">.*|<div class="prose">.*|<span class="unseen">.*?</span>', "",
                  html, flags=re.DOTALL)
    return len(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html)))


def _refusal(rows):
    """How many rows at the beginning refuse bad input: an ``if`` and the ``raise`` in it."""
    if len(rows) > 1 and rows[0].code.lstrip().startswith("if ") and (
            rows[1].code.lstrip().startswith("raise ")):
        return 2
    return 0


def _run_name(number, run, runs):
    both = run.has_backward or all(not one.has_backward for one in runs)
    return f"example {number + 1}" + ("" if both else ", forward alone")


def _inline(text):
    """A sentence of reStructuredText, roughly: code and formulas in it."""
    html = mathematics.html_of(text).strip()
    return re.sub(r"^<p>(.*)</p>$", r"\1", html, flags=re.DOTALL)
