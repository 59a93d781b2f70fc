r"""Read a line of code as a formula, by its syntax tree and the table of names.

>>> read_line("dx -= x_hat * row_mean(dx_hat, x_hat)", "functional/layer_norm.py")
'dx \\leftarrow dx - \\hat{x} \\cdot \\operatorname{mean}(d\\hat{x}\\, \\hat{x})'

The backward pass of a function f is f with an arrow to the left:

>>> read_line("dx, dW, db = linear_backward(dy, cache.map)", "functional/linear.py")
'dx, \\ldots = \\text{linear}^{\\leftarrow}(dy)'

Lines that call another function of the package, or do no more than unpack, have no formula.
"""

from __future__ import annotations

import ast
import re
import textwrap

from .names import symbol

SIGNS = {ast.Add: (1, " + "), ast.Sub: (1, " - "), ast.Mult: (2, r" \cdot "),
         ast.MatMult: (2, r"\, "), ast.Div: (2, "/")}
COMPARED = {ast.Gt: ">", ast.Lt: "<", ast.GtE: r"\ge", ast.LtE: r"\le", ast.Eq: "=",
            ast.NotEq: r"\ne"}
FUNCTIONS = {"exp": "e^{%s}", "sqrt": r"\sqrt{%s}", "log": r"\log %s", "tanh": r"\tanh %s",
             "abs": r"\left|%s\right|", "square": "%s^2", "log1p": r"\log(1 + %s)",
             "sign": r"\operatorname{sign} %s", "maximum": r"\max(%s)", "minimum": r"\min(%s)"}
PLAIN = ("sqrt", "exp", "abs", "maximum", "minimum", "log1p")        # need no brackets
SAME_NUMBERS = ("reshape", "ravel", "astype", "copy")
OTHER_AXES = ("split_heads", "merge_heads")


class Unreadable(Exception):
    """A piece of code that is no formula."""


def read_line(code, file=""):
    """The LaTeX of a statement, or "" if it is no formula.

    Parameters
    ----------
    code : str
        One statement, with or without a comment.
    file : str
        Whose table of names holds, relative to the package.
    """
    try:
        body = ast.parse(textwrap.dedent(code)).body
        if len(body) != 1 or isinstance(body[0], (ast.FunctionDef, ast.Return)):
            return ""
        return _Reader(file).statement(body[0])
    except (SyntaxError, Unreadable):
        return ""


class _Reader:
    def __init__(self, file):
        self.file = file

    def statement(self, node):
        if isinstance(node, ast.AugAssign):
            target = self.read(node.target, 0)
            whole = ast.BinOp(node.target, node.op, node.value)
            return rf"{target} \leftarrow {self.read(whole, 0)}"
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            into = [word.value for word in node.value.keywords if word.arg == "out"]
            if into:                                      # np.sqrt(v, out=u) is u = sqrt(v)
                sign = _becomes(into[0], node.value.args)
                return f"{self.read(into[0], 0)}{sign}{self.read(node.value, 0)}"
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            raise Unreadable
        target, value = node.targets[0], node.value
        if _computes_nothing(value):
            raise Unreadable
        if isinstance(value, ast.Call) and _name_of(value).endswith("_backward"):
            return self.backward(target, value)
        if isinstance(target, ast.Tuple):
            if not isinstance(value, ast.Tuple) or any(map(_computes_nothing, value.elts)):
                raise Unreadable
            return r", \; ".join(f"{self.read(one, 0)} = {self.read(other, 0)}"
                                 for one, other in zip(target.elts, value.elts))
        name = target.value if isinstance(target, ast.Subscript) else target
        return f"{self.read(name, 0)}{_becomes(name, [value])}{self.read(value, 0)}"

    def backward(self, target, call):
        """The gradients that the backward pass of another function makes of those it is given."""
        several = isinstance(target, ast.Tuple)
        made = self.read(target.elts[0] if several else target, 0) + r", \ldots" * several
        given = [self.read(one, 0) for one in call.args
                 if not re.search("cache|params", ast.unparse(one))]
        name = _name_of(call).removesuffix("_backward").replace("_", " ")
        return (made + _becomes(target, call.args)
                + rf"\text{{{name}}}^{{\leftarrow}}({', '.join(given)})")

    def read(self, node, outer):
        """The LaTeX of an expression; in brackets if it binds less than what is around it."""
        if isinstance(node, ast.Name):
            return self.name(node.id, outer)
        if isinstance(node, ast.Attribute):
            if node.attr in ("T", "mT"):
                return rf"{self.read(node.value, 4)}^\top"
            if node.attr == "real":
                return self.read(node.value, outer)
            if isinstance(node.value, ast.Name) and node.value.id in ("cache", "self"):
                return self.name(node.attr, outer)
            raise Unreadable
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return f"{node.value:g}"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return f"-{self.read(node.operand, 3)}"
        if isinstance(node, ast.BinOp):
            return self.operation(node, outer)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
            sign = COMPARED[type(node.ops[0])]
            return f"[{self.read(node.left, 0)} {sign} {self.read(node.comparators[0], 0)}]"
        if isinstance(node, ast.Subscript) and _adds_axes(node.slice):
            return self.read(node.value, outer)
        if isinstance(node, ast.Call):
            return self.call(node, outer)
        raise Unreadable

    def name(self, name, outer):
        found = symbol(name, self.file)
        if found.startswith("1/"):
            return rf"\frac{{1}}{{{found[2:]}}}"
        many = " - " in found and outer > 1 or outer > 3 and len(found) > 8
        return _in_brackets(found) if many else found

    def operation(self, node, outer):
        if isinstance(node.op, ast.Pow):
            root = node.right
            if ast.unparse(root) in ("-0.5", "0.5"):
                under = rf"\sqrt{{{self.read(node.left, 0)}}}"
                return under if ast.unparse(root) == "0.5" else rf"\frac{{1}}{{{under}}}"
            return f"{self.read(node.left, 4)}^{{{self.read(root, 0)}}}"
        if type(node.op) not in SIGNS:
            raise Unreadable
        if isinstance(node.op, ast.Div):
            return rf"\frac{{{self.read(node.left, 0)}}}{{{self.read(node.right, 0)}}}"
        binds, sign = SIGNS[type(node.op)]
        right = binds + (1 if isinstance(node.op, ast.Sub) else 0)
        if isinstance(node.op, ast.Mult) and ast.dump(node.left) == ast.dump(node.right):
            return f"{self.read(node.left, 4)}^2"
        text = f"{self.read(node.left, binds)}{sign}{self.read(node.right, right)}"
        return _in_brackets(text) if binds < outer else text

    def call(self, node, outer):
        function = node.func
        if isinstance(function, ast.Name):
            if function.id in OTHER_AXES:
                return self.read(node.args[0], outer)
            factors = [self.read(one, 2) for one in node.args]
            if len(factors) == 2 and factors[0] == factors[1]:
                factors = [f"{self.read(node.args[0], 4)}^2"]
            inner = r"\, ".join(factors)
            if function.id == "row_mean":
                return rf"\operatorname{{mean}}({inner})"
            if function.id == "row_sum":
                return rf"\sum_j {inner}"
            if function.id == "column_sum":
                return rf"\sum_n {inner}"
            raise Unreadable
        if not isinstance(function, ast.Attribute):
            raise Unreadable
        owner, does = function.value, function.attr
        if isinstance(owner, ast.Name) and owner.id == "np":
            return self.numpy_call(does, node.args, outer)
        if does in SAME_NUMBERS:
            return self.read(owner, outer)
        if does == "sum":
            return rf"\sum {self.read(owner, 2)}"
        if does == "mean":
            return rf"\operatorname{{mean}}({self.read(owner, 0)})"
        raise Unreadable

    def numpy_call(self, does, arguments, outer):
        signs = {"add": ast.Add, "subtract": ast.Sub, "multiply": ast.Mult, "divide": ast.Div}
        if does in signs and len(arguments) >= 2:
            return self.operation(ast.BinOp(arguments[0], signs[does](), arguments[1]), outer)
        if does not in FUNCTIONS or len(arguments) > 2:
            raise Unreadable
        inside = ", ".join(self.read(one, 0 if does in PLAIN else 4) for one in arguments)
        return FUNCTIONS[does] % inside


def _name_of(call):
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _becomes(target, values):
    """An equals sign, or an arrow if the values are made from what the target was before."""
    names = {node.id for value in values for node in ast.walk(value) if isinstance(node, ast.Name)}
    return r" \leftarrow " if isinstance(target, ast.Name) and target.id in names else " = "


def _computes_nothing(value):
    """Whether an expression is a name, a part of something, or its numbers in another shape."""
    while isinstance(value, ast.Call):
        if _name_of(value) in OTHER_AXES:
            value = value.args[0]
        elif isinstance(value.func, ast.Attribute) and value.func.attr in SAME_NUMBERS:
            value = value.func.value
        else:
            return False
    return isinstance(value, (ast.Name, ast.Attribute, ast.Constant, ast.Subscript))


def _in_brackets(text):
    tall = any(sign in text for sign in (r"\frac", r"\sqrt", r"\sum"))
    return rf"\left({text}\right)" if tall else f"({text})"


def _adds_axes(index):
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return all(isinstance(part, ast.Slice) and not (part.lower or part.upper or part.step)
               or isinstance(part, ast.Constant) and part.value in (None, ...) for part in parts)
