"""Pieces of a page as HTML: the numbers that a line made, and code in which names are marked."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from html import escape

from ...gradcheck.tracing.trace_page import show_numbers
from .numbers import shape_text, short_numbers

_ROOT_NAMES = ("np", "self", "cache", "params")


def values_html(values, letters="", times=(1, 1), is_head=False):
    """Shapes and numbers of the arrays that a line made, the first in full view.

    Parameters
    ----------
    values : list of Value
    letters : str
        The shape in letters, of the first.
    times : (int, int)
        Which visit of the line this is, and how often it ran.
    is_head : bool
        Whether they are the arguments of the function: all are in view.
    """
    shown = values if is_head or not any(value.shape for value in values) else values[:1]
    parts = [_value(value, len(values) > 1 or is_head, letters if not number else "")
             for number, value in enumerate(shown)]
    more = len(values) - len(shown)
    many = f' <span class="sh">+{more}</span>' if more else ""
    often = (f' <span class="sh">pass {times[0]} of {times[1]}</span>'
             if times[1] > 1 else "")
    large = [value for value in values if value.value.size > 1]
    full = ""
    if more or any(value.value.ndim > 1 and value.value.size > max(value.shape)
                   or value.value.size > 12 for value in large):
        full = '<div class="full">' + "".join(
            f"<b>{escape(_name_of(value))}</b> <span class=\"sh\">{shape_text(value.shape)} "
            f"{value.dtype}</span><pre>{escape(show_numbers(value.value, 64))}</pre>"
            for value in values[:4]) + "</div>"
    return "".join(parts) + many + often + full


def _value(value, with_name, letters):
    name = f'<b>{escape(_name_of(value))}</b> ' if with_name else ""
    title = f' title="{escape(letters)}"' if letters else ""
    spelled = f'{escape(letters)} = ' if letters and len(letters) < 9 else ""
    shape = (f'<span class="sh"{title}><i>{spelled}</i>{shape_text(value.shape)}</span> '
             if value.shape else "")
    return (f'<span class="v">{name}{shape}'
            f'<span class="num">{escape(short_numbers(value.value))}</span></span>')


def _name_of(value):
    """The plainest of the names that an array has."""
    return next((name for name in (value.name, *value.also) if name.isidentifier()), value.name)


def changed_html(values, before):
    """Numbers that a fault changed, the right ones struck out in front."""
    right = {value.name: value for value in before}
    parts = [] if values else [f"<del>{escape(short_numbers(value.value))}</del>"
                               for value in before[:1]]
    for value in values:
        was = right.get(value.name)
        old = short_numbers(was.value) if was is not None else ""
        new = short_numbers(value.value)
        if was is not None and old == new and was.shape == value.shape:
            if was.dtype == value.dtype and (was.value == value.value).all():
                continue
            new = f"{new} ({value.dtype})" if was.dtype != value.dtype else new
        parts.append(f'<span class="v"><b>{escape(_name_of(value))}</b> <del>{escape(old)}</del> '
                     f'<ins>{escape(new)}</ins></span>')
    return "".join(parts[:2])


def code_names(code):
    """The names in a piece of code that a formula may have, too."""
    return {token for token, kind in _names_at(code).values() if kind}


def mark_code(code):
    """Code as HTML, with each name in a span that says which it is."""
    marked, parts, at = _names_at(code), [], 0
    offsets = [0]
    for line in code.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    for (row, column), (name, kind) in sorted(marked.items()):
        start = offsets[row - 1] + column
        parts.append(escape(code[at:start]))
        text = escape(code[start:start + len(name)])
        if kind:
            parts.append(f'<span class="n" data-n="{name}">{text}</span>')
        else:
            parts.append(f'<span class="k">{text}</span>')
        at = start + len(name)
    return "".join(parts) + escape(code[at:])


def _names_at(code):
    """(name, whether it is a name of this function) by row and column; keywords are not."""
    found, before = {}, ("", "")
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            text = token.string
            if token.type == tokenize.NAME:
                if keyword.iskeyword(text):
                    found[token.start] = (text, False)
                elif before[1] != "." or before[0] in ("cache", "self"):
                    if text not in _ROOT_NAMES:
                        found[token.start] = (text, True)
            elif token.type == tokenize.STRING and re.fullmatch(r"[\"'][A-Za-z_]\w*[\"']", text):
                found[token.start[0], token.start[1] + 1] = (text[1:-1], True)
            before = (before[1], text)
    except (tokenize.TokenError, IndentationError):
        pass
    return found
