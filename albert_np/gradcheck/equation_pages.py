"""Equations printed: the index, and a page for each with its derivation, its lines and its checks.

>>> show_equation("SM.2", measure=False).splitlines()[0].split(", line ")[0]
'SM.2: softmax_backward, albert_np/functional/softmax.py'
"""

import difflib

from .equations import PACKAGE, find_equations

# What a page says beside the derivation and the code, by the language.
WORDS = {
    "en": {"where": "{label}: {function}, {file}, line {line}", "module": "the module",
           "derivation": "Derivation", "computed": "Computed by", "checked": "Checked by",
           "nothing": "nothing",
           "compared": "The backward pass that differentiates this equation is compared with it:",
           "errors": "{check:{width}}  worst relative error:  complex step  differences",
           "check": "gradient check"},
    "zh": {"where": "{label}：{function}，{file} 第 {line} 行", "module": "整个文件",
           "derivation": "推导", "computed": "计算它的代码", "checked": "核对",
           "nothing": "没有检验",
           "compared": "对这个公式求导的反向传播，用下面的检验与它比较：",
           "errors": "每行是一个梯度检验和它的最大相对误差：先是复步长法，再是有限差分",
           "check": ""}}

def measure(components):
    """Run gradient checks by both methods.

    Parameters
    ----------
    components : sequence of str

    Returns
    -------
    list of (str, float, float)
        Component, worst error by the complex step, worst error by centred differences.
    """
    from .all_checks import all_checks
    rows = []
    for check in all_checks():
        if check.component in components:
            worst = [max(report.error for report in check.run(method))
                     for method in ("complex", "centred")]
            rows.append((check.component, *worst))
    return rows


def list_equations(folder=PACKAGE):
    """The index: label, the line that computes it, and the place where it is derived.

    Returns
    -------
    str
        A line for each equation.
    """
    rows = []
    for equation in find_equations(folder):
        places = ", ".join(f"{line.file}:{line.line}" for line in equation.lines)
        rows.append((equation.label, places, equation.function or "(module)"))
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return "\n".join(f"{label:{widths[0]}}  {places:{widths[1]}}  {function}"
                     for label, places, function in rows)


def show_equation(label, measure=True, folder=PACKAGE, language="en", derivation=None):
    """One equation: its derivation, the lines that compute it, and its checks.

    Parameters
    ----------
    label : str
        Such as "LN.5".
    measure : bool
        Whether to run the gradient checks and give their worst errors.
    folder : str or Path
    language : str
        One of `WORDS`.
    derivation : str, optional
        To be shown instead of the docstring, such as a translation.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        Where no equation has this label.
    """
    equations = {equation.label: equation for equation in find_equations(folder)}
    wanted = label.strip().strip("()").upper()
    if wanted not in equations:
        raise ValueError(no_such_equation(label, wanted, list(equations)))
    equation, words = equations[wanted], WORDS[language]
    where = words["where"].format(label=equation.label, file=_path(equation.file),
                                  function=equation.function or words["module"],
                                  line=equation.line)
    parts = [where, "", _indent(equation.latex),
             "", *_heading(words["derivation"]), derivation or equation.docstring,
             "", *_heading(words["computed"])]
    for line in equation.lines:
        parts += [f"{_path(line.file)}:{line.line}", _indent(line.block), ""]
    return "\n".join([*parts, *_checks(equation, measure, words)])


def _checks(equation, run, words):
    """The lines that say what checks an equation."""
    lines = _heading(words["checked"])
    if not equation.components:
        return [*lines, equation.tests or words["nothing"]]
    if not any(name.split(".")[-1].endswith("backward")
               for name in [equation.function, *(line.function for line in equation.lines)]):
        lines += [words["compared"]]
    if not run:
        return [*lines, *equation.components]
    width = max(map(len, equation.components))
    lines.append(words["errors"].format(check=words["check"], width=width))
    for component, exact, centred in measure(equation.components):
        lines.append(f"{component:{width}}  {'':21}  {exact:12.1e}  {centred:11.1e}")
    return lines


def no_such_equation(label, wanted, labels):
    """One sentence that names what was perhaps meant."""
    close = difflib.get_close_matches(wanted, labels, n=3, cutoff=0.5)
    family = [other for other in labels if other.split(".")[0] == wanted.split(".")[0]]
    close = (family if 0 < len(family) <= 10 else []) or close
    hint = f"did you mean {either(close)}?" if close else "--list shows all labels"
    return f"there is no equation {label!r}; {hint}"


def either(names):
    """"a, b or c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _heading(text):
    """A heading and the line below it; a Chinese character is two columns wide."""
    return [text, "-" * sum(2 if ord(c) > 0x2e7f else 1 for c in text)]


def _path(file):
    """A file of the package, as seen from the folder that holds the package."""
    return f"{PACKAGE.name}/{file}"


def _indent(text):
    """Four spaces in front of every line."""
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())
