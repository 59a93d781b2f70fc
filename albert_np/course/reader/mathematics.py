"""LaTeX to MathML and docstrings to HTML, by docutils, with names marked in the formulas.

A name is marked by ``<mrow class="n" data-n="x_hat">``, as in the code, so that a style or a script
can light all places of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import unescape
from xml.etree import ElementTree

from docutils import nodes
from docutils.core import publish_parts
from docutils.parsers.rst import roles
from docutils.utils.math.latex2mathml import tex2mathml
from docutils.writers.html5_polyglot import Writer

from .names import symbol

ACCENTS = ("ˆ", "^", "˜", "~", "¯")
INDEXED = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
WITH_SUBSCRIPT = ("msub", "msubsup", "munder", "munderover")


def mathml(latex, names=(), file="", block=False):
    r"""A formula as MathML.

    Parameters
    ----------
    latex : str
    names : iterable of str
        Names of the code to mark in it.
    file : str
        Whose table of names holds.
    block : bool
        As a display, larger and on a line of its own.

    Examples
    --------
    >>> mathml("y = a", names=["y"]).count('<mrow class="n" data-n="y">')
    1
    """
    if block:
        latex = latex.replace(r"\tfrac", r"\frac")
    else:                                                 # in a row, brackets stay small
        latex = re.sub(r"\\[bB]ig+[lr]?\s*|\\(left|right)(?=\s*[()\[\]])", "", latex)
    return _marked(_convert(latex, block), names, file)


def _marked(written, names, file):
    """MathML with its names marked."""
    root = _tree(written)
    _mark(root, _patterns(tuple(sorted(set(names))), file))
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _for_docutils(text):
    r"""What docutils does not know or browsers set badly: \Big(, \mathrel, \top and \tfrac12."""
    text = re.sub(r"(\\t?frac)\s*(\d)\s*(\w)", r"\1{\2}{\3}", text)   # it reads 12 as one number
    text = re.sub(r"\\[bB]ig+[lr]?\s*([(\[])", r"\\left\1", text)
    text = re.sub(r"\\[bB]ig+[lr]?\s*([)\]])", r"\\right\1", text)
    return text.replace(r"\top", r"\mathsf{T}").replace(r"\mathrel{+}", "+")


def _tree(written):
    """MathML as a tree, in which an index of x with a hat stands beside it, not beneath."""
    root = ElementTree.fromstring(written)
    for node in list(root.iter()):
        if node.tag == "munderover" and (node[2].text or "").strip() in ACCENTS:
            base, index, accent = list(node)
            hat = ElementTree.Element("mover", {"accent": "true"})
            hat.extend([base, accent])
            for part in (base, index, accent):
                node.remove(part)
            node.tag = "msub"
            node.extend([hat, index])
    return root


@cache
def _convert(latex, block):
    return _as_xml(tex2mathml(_for_docutils(latex), as_block=block))


def _as_xml(written):
    """MathML without a namespace and without names of characters that XML does not know."""
    written = re.sub(r' xmlns="[^"]*"', "", written)
    return re.sub(r"&(?!amp;|lt;|gt;|quot;|#)\w+;", lambda found: unescape(found[0]), written)


# ---- marking names -------------------------------------------------------------------------------

@cache
def _patterns(names, file):
    """(name, nodes of its symbol), those with most nodes first."""
    found = []
    for name in names:
        root = _tree(_convert(symbol(name, file).removeprefix("1/"), False))
        found.append((name, tuple(_flat(root))))
    return sorted(found, key=lambda one: -sum(len(list(node.iter())) for node in one[1]))


def _flat(node):
    """The parts of a formula, without rows that hold nothing but them."""
    if node.tag in ("math", "mrow"):
        return [part for child in node for part in _flat(child)]
    return [node]


def _mark(node, patterns):
    """Put a marked row around each symbol, in place."""
    for child in node:
        if child.tag in WITH_SUBSCRIPT:
            _mark_in(child, [0], patterns)
            for exponent in child[2:]:
                _mark(exponent, patterns)
        else:
            _mark(child, patterns)
    if node.tag in ("math", "mrow", "mtd", "msqrt", "mstyle", "mpadded"):
        _mark_in(node, range(len(node)), patterns)
    elif node.tag in ("mfrac", "msup"):
        _mark_in(node, range(len(node)), patterns, single=True)


def _mark_in(node, places, patterns, single=False):
    if node.tag in WITH_SUBSCRIPT:
        _mark(node[0], patterns)                          # a sum has none; a bracket may
        return
    at = 0
    while at < len(node):
        for name, parts in patterns:
            here = list(node)[at:at + len(parts)]
            if len(here) == len(parts) and (not single or len(parts) == 1) and all(
                    _matches(one, part) for one, part in zip(here, parts)):
                row = ElementTree.Element("mrow", {"class": "n", "data-n": name})
                row.extend(here)
                for one in here:
                    node.remove(one)
                node.insert(at, row)
                break
        at += 1


def _matches(node, part):
    """Whether a node is a symbol, perhaps with an index or an exponent."""
    if _same(node, part):
        return True
    if not len(node):
        return False
    if part.tag == "msub" and node.tag == "msubsup":
        return _same(node[0], part[0]) and _same(node[1], part[1])
    return node.tag in INDEXED and node.tag != "mover" and _matches(node[0], part)


def _same(one, other):
    one, other = _only(one), _only(other)
    return (one.tag == other.tag and (one.text or "").strip() == (other.text or "").strip()
            and len(one) == len(other) and all(map(_same, one, other)))


def _only(node):
    """A row with one part is that part."""
    while node.tag in ("math", "mrow") and len(node) == 1 and "class" not in node.attrib:
        node = node[0]
    return node


# ---- parts of a formula --------------------------------------------------------------------------

def pieces(latex):
    r"""The formulas that one display holds, split at \qquad.

    Examples
    --------
    >>> pieces(r"y = a b, \qquad a = \frac{1}{2}")
    ['y = a b', 'a = \\frac{1}{2}']
    """
    found = _split(latex, re.compile(r"\\qquad"))
    return [piece.strip().rstrip(",").strip() for piece in found if piece.strip()]


def last_form(latex):
    """Of a chain a = b = c, a and c: what is computed, in the form in which it is computed.

    Examples
    --------
    >>> last_form("y = a + a = 2 a")
    'y = 2 a'
    """
    forms = _split(latex, re.compile(r"=(?![^{}]*\\\})"))
    return f"{forms[0].strip()} = {forms[-1].strip()}" if len(forms) > 2 else latex


def left_side(latex):
    r"""What stands in front of the first = or arrow; "" if there is none.

    Examples
    --------
    >>> left_side(r"m \leftarrow a m")
    'm'
    """
    sides = _split(latex, re.compile(r"=|\\leftarrow"))
    return sides[0].strip() if len(sides) > 1 else ""


def is_symbol(latex, name, file):
    """Whether the formula is the symbol of a name, perhaps with an index."""
    one = _flat(_tree(_convert(latex, False)))
    other = _patterns((name,), file)[0][1]
    if not one or not other:
        return False
    return len(one) == len(other) and all(map(_matches, one, other))


def _split(latex, separator):
    """The parts of a text between separators outside of all braces, brackets and environments."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(latex):
        if opening := re.compile(r"\\begin|\{|\(|\[|\\left").match(latex, at):
            if latex.startswith(r"\leftarrow", at):
                opening = None
            else:
                depth += 1
        closing = re.compile(r"\\end|\}|\)|\]|\\right").match(latex, at)
        if opening:
            at += len(opening[0]) + (1 if opening[0] == r"\left" else 0)
            continue
        if closing and not latex.startswith(r"\rightarrow", at):
            depth -= 1
            at += len(closing[0]) + (1 if closing[0] == r"\right" else 0)
            continue
        if depth <= 0 and (found := separator.match(latex, at)):
            parts.append(latex[start:at])
            at = start = found.end()
            continue
        if latex[at] == "\\":
            at += 1
        at += 1
    return [*parts, latex[start:]]


# ---- docstrings ----------------------------------------------------------------------------------

@dataclass(frozen=True)
class Derivation:
    """An equation of a docstring and the text that leads to it.

    Attributes
    ----------
    label : str
    latex : str
    text : str
        reStructuredText, with the formulas between; "" if there is none.
    """

    label: str
    latex: str
    text: str


def summary(docstring):
    """The first paragraph of a docstring."""
    return " ".join(docstring.split("\n\n")[0].split())


def derivations(docstring, latex_of):
    """The labelled equations of a docstring, each with the text before it.

    Parameters
    ----------
    docstring : str
        Dedented.
    latex_of : dict of str to str
        The formula of each label.

    Returns
    -------
    (list of Derivation, str)
        The equations, and the text after the last one.
    """
    body = re.split(r"\n\n\w[\w ]+\n-{3,}\n", docstring)[0]
    body = body.split("\n\n", 1)[1] if "\n\n" in body else ""
    found, rest = [], []
    for block in re.split(r"\n\n(?=\S)", body):
        label = re.search(r"^\s*:label:\s*(\S+)", block, re.MULTILINE)
        if block.startswith(".. math::") and label:
            found.append(Derivation(label[1], latex_of[label[1]], "\n\n".join(rest)))
            rest = []
        else:
            rest.append(block)
    return found, "\n\n".join(rest)


def html_of(text, link=None, names=(), file=""):
    """reStructuredText as HTML with MathML.

    Parameters
    ----------
    text : str
    link : callable, optional
        From the label of an equation to the address of its row, or None.
    names, file
        As in :func:`mathml`.
    """
    if not text.strip():
        return ""
    text = _for_docutils(text)
    settings = {"math_output": "MathML", "report_level": 3, "halt_level": 3, "input_encoding":
                "unicode", "file_insertion_enabled": False, "raw_enabled": False}
    html = publish_parts(f".. default-role:: literal\n\n{text}", writer=Writer(),
                         settings_overrides=settings)["body"]
    html = re.sub(r"<(/?)main\b[^>]*>", "", html)
    html = re.sub(r"<math\b.*?</math>", lambda found: _marked(_as_xml(found[0]), names, file), html,
                  flags=re.DOTALL)
    if link:
        html = re.sub(r"(?<![\w>.#/])\(([A-Z][A-Z0-9]+\.\d+)\)",
                      lambda found: f'<a href="{link(found[1])}">({found[1]})</a>'
                      if link(found[1]) else found[0], html)
    return html


def _as_code(name, rawtext, text, lineno, inliner, options=None, content=None):
    """A reference to an object as code: there are no other pages to link to."""
    shown = re.sub(r"^(.*?)\s*<.*>$", r"\1", text, flags=re.DOTALL).lstrip("~!")
    return [nodes.literal(rawtext, shown.split(".")[-1] if text.startswith("~") else shown)], []


for _role in ("func", "class", "mod", "data", "meth", "attr", "obj", "eq"):
    roles.register_local_role(_role, _as_code)
