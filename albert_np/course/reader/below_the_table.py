"""What stands below the table of a page: other equations, remarks, faults, and the source.

Each function takes the page and returns HTML, or "" if there is nothing to show.
"""

from html import escape

from ...gradcheck.equations import PACKAGE
from . import mathematics


def computed_elsewhere(page):
    """Equations that these docstrings derive, each with a link to the row that computes it."""
    own = {lines.function for lines in (page.pair.forward, page.pair.backward) if lines}
    missing = [label for label, one in page.equations.items()
               if one.file == page.pair.file and one.function in own
               and page.pages.get(label) not in (None, page.pair.name)]
    if not missing:
        return ""
    items = []
    for label in missing:
        one, there = page.equations[label], escape(page.link(label))
        where = ", ".join(f"{PACKAGE.name}/{line.file}, line {line.line}" for line in one.lines)
        formula = mathematics.mathml(one.latex, page.names, page.pair.file)
        items.append(f'<div class="fx"><span class="m">{formula}</span>'
                     f'<span class="labs"><a class="lab" href="{there}">{label}</a></span> '
                     f'<span class="note">computed in <a href="{there}">{escape(where)}</a>'
                     f"</span>{page.derivation(label)}</div>")
    return f'<section class="more"><h2>Computed elsewhere</h2>{"".join(items)}</section>'


def remarks(page):
    """What docstrings say after their last formula."""
    if not page.remarks:
        return ""
    text = "".join(f'<div class="after"><a class="lab" href="#{label}">{label}</a>'
                   f"<div>{page.prose(one)}</div></div>"
                   for label, one in page.remarks)
    return f'<section class="more prose"><h2>Remarks</h2>{text}</section>'


def check_of_numbers(page, data):
    """The gradient check at the numbers of the example."""
    if not any(len(run.direct) == 2 for run in page.runs):
        return ""
    return ('<section class="more" id="check"><h2>Gradient check of these numbers</h2>'
            f'<div id="verdict" aria-live="polite">{data["runs"][0]["check"]}</div></section>')


def what_if(page):
    """A list of the planted faults; the script makes buttons of them."""
    if not page.effects:
        return ""
    items = []
    for number, one in enumerate(page.effects):
        fault = one.fault
        there = f"L{page.row_of(one.line)}" if page.row_of(one.line) else f"S{one.line}"
        items.append(
            f'<li><button class="forget" hidden data-fault="{number}" aria-pressed="false">'
            f"{escape(_fault_name(fault, page.pair))}</button> <span>{escape(fault.wrong)} "
            f'<a href="#{there}">line {one.line}</a>; caught by {_check_name(fault)}.</span>'
            "</li>")
    return ('<section class="more" id="what-if"><h2>Forget this term</h2>'
            f'<ul class="faults">{"".join(items)}</ul></section>')


def source(page):
    """The whole file, with a link from each line to its row."""
    text = (PACKAGE / page.pair.file).read_text(encoding="utf-8")
    rows = {row.line for row in (*page.forward, *page.backward)}
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        there = (f'<a href="#L{number}" aria-label="line {number} above">{number}</a>'
                 if number in rows else f"<i>{number}</i>")
        lines.append(f'<span class="sl" id="S{number}">{there}{escape(line)}\n</span>')
    module = f"{PACKAGE.name}.{page.pair.file.removesuffix('.py').replace('/', '.')}"
    api = f' · <a href="../api/{module}.html">documentation</a>' if page.site else ""
    return (f'<section class="more" id="source"><h2>{PACKAGE.name}/{page.pair.file}'
            f'{api}</h2><pre class="source" tabindex="0">{"".join(lines)}</pre></section>')


def _fault_name(fault, pair):
    name = fault.name
    for start in (f"{pair.name.lower()}_", f"{pair.name.split('_')[0].lower()}_"):
        name = name.removeprefix(start)
    return name.replace("_", " ")


def _check_name(fault):
    if "::" in fault.caught_by:
        return f"the test <code>{escape(fault.caught_by.split('::')[1])}</code>"
    return f"the gradient check <code>{escape(fault.caught_by)}</code>"
