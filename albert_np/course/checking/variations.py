"""Small changes of the package's own functions, to compare with a wrong answer.

The catalogues hold mistakes that somebody thought of. Here every line of a function is changed in
the ways in which hands slip: a factor or a term is left out, a sign is turned, a root, a transpose
or a whole line is missing, an axis or a name is another. If one change gives the same answers as
the student's function, for all inputs, then this is what the function computes.
"""

from __future__ import annotations

import ast
import itertools
import textwrap
import types
import warnings
from dataclasses import dataclass

from .load_modules import find, reference_module, source_of_module

MOST = 500               # changes of one function that are tried
CLOSE = {"mean": "sum", "row_mean": "row_sum", "max": "min", "maximum": "minimum",
         "argmax": "argmin", "any": "all", "ones": "zeros", "ones_like": "zeros_like",
         "rint": "floor", "ceil": "rint", "reversed": "list", "column_sum": "column_mean",
         "tanh_forward": "relu_forward"}
CLOSE = {**{after: before for before, after in CLOSE.items()}, **CLOSE}
ONE_ARGUMENT = {"sqrt", "exp", "log", "tanh", "abs", "square", "reversed", "sign", "cumsum"}
AXES = {-1: (-2, 0), 0: (1, -1), 1: (0, -1, 2), 2: (1,), -2: (-1,)}
OTHER_OPERATOR = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
                  ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Add: ast.Sub, ast.Sub: ast.Add,
                  ast.Mult: ast.Div, ast.Div: ast.Mult}
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Lt: "<", ast.LtE: "<=",
         ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
UPSTREAM = {"dy", "dloss", "dp", "dh"}


@dataclass(frozen=True)
class Variation:
    """One change.

    Attributes
    ----------
    module : module
        The package's, with the change.
    wrong : str
        The change in words, such as "the factor `gamma` is missing".
    line : int
        Of the package's file.
    """

    module: types.ModuleType
    wrong: str
    line: int


def variations_of(exercise):
    """The changes of the functions of an exercise, one after the other.

    Yields
    ------
    Variation
    """
    own = reference_module(exercise)
    tree = ast.parse(source_of_module(exercise.module))
    for name in exercise.functions:
        holder, _, function = name.rpartition(".")
        body = tree.body if not holder else next(
            node.body for node in tree.body if getattr(node, "name", None) == holder)
        node = next((node for node in body if isinstance(node, ast.FunctionDef)
                     and node.name == function), None)
        # A changed loop may have no end.
        if node is None or any(isinstance(part, ast.While) for part in ast.walk(node)):
            continue
        for wrong, line in itertools.islice(_changes(node), MOST):
            namespace = dict(vars(own))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")          # of a number that is called
                    code = compile(ast.Module([ast.fix_missing_locations(node)], []),
                                   own.__file__, "exec")
                exec(code, namespace)
            except (SyntaxError, TypeError, ValueError, NameError):
                continue                                     # no Python, or no such decorator
            if holder:
                changed = namespace.pop(function)
                namespace[holder] = type(holder, (find(own, holder),), {function: changed})
            module = types.ModuleType(own.__name__)
            module.__dict__.update(namespace)
            yield Variation(module, wrong, line)


def _changes(function):
    """Change a function's tree, say how, and change it back."""
    docstring = ast.get_docstring(function) is not None
    statements = function.body[docstring:]
    places = [place for statement in statements for place in _places(function, statement)]
    known = {node.id for statement in statements for node in ast.walk(statement)
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    known |= {argument.arg for argument in function.args.args} - {"self", "config", "rng"}
    for edits in (_lines, _operations, _calls, _numbers, _orders, _names):
        for holder, field, index, node in places:
            for new, wrong in edits(node, known):
                _put(holder, field, index, new)
                yield wrong, getattr(node, "lineno", function.lineno)
                _put(holder, field, index, node)


def _places(parent, statement):
    """(holder, field, index, node) of a statement of a body and of all that is in it."""
    holders = [parent, *(node for node in ast.walk(statement))]
    for holder in holders:
        for field, value in ast.iter_fields(holder):
            if holder is parent and field != "body":
                continue
            for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(node, ast.AST) and (holder is not parent or node is statement):
                    yield holder, field, index, node


def _put(holder, field, index, node):
    if index is None:
        setattr(holder, field, node)
    else:
        getattr(holder, field)[index] = node


def _text(node):
    return f"`{textwrap.shorten(ast.unparse(node), 60, placeholder=' ...')}`"


def _copy(node, **changes):
    return type(node)(**{**{name: getattr(node, name) for name in node._fields
                            if hasattr(node, name)}, **changes})


def _lines(node, known):
    """A line that is missing, an assignment for an addition, a condition that is not asked."""
    if isinstance(node, ast.AugAssign):
        yield ast.Pass(), f"the line {_text(node)} is missing"
        load = _copy(node.target, ctx=ast.Load())
        yield (ast.Assign([node.target], node.value),
               f"there is an = in place of the {SIGNS.get(type(node.op), '')}= of {_text(node)}")
        if type(node.op) in OTHER_OPERATOR:
            other = OTHER_OPERATOR[type(node.op)]
            yield (_copy(node, op=other()), f"there is a {SIGNS[other]}= in place of the "
                                            f"{SIGNS[type(node.op)]}= of {_text(node)}")
        yield (ast.Assign([node.target], ast.BinOp(node.value, node.op, load)),
               f"the two sides of {_text(node)} are exchanged")
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass(), f"the line {_text(node)} is missing"
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and any(
            isinstance(part, ast.Name) and part.id == node.targets[0].id
            for part in ast.walk(node.value)):
        yield ast.Pass(), f"the line {_text(node)} is missing"
    if isinstance(node, (ast.If, ast.IfExp)):
        for value in (True, False):
            yield (_copy(node, test=ast.Constant(value)),
                   f"the condition {_text(node.test)} counts as {'met' if value else 'not met'} "
                   f"in every case")


def _operations(node, known):
    """A factor or a term that is missing, another sign, another comparison."""
    if isinstance(node, ast.BinOp):
        kind, left, right = type(node.op), node.left, node.right
        if kind is ast.Mult:
            yield left, f"the factor {_text(right)} is missing"
            yield right, f"the factor {_text(left)} is missing"
            yield (ast.BinOp(left, ast.Div(), right),
                   f"{_text(left)} is divided by {_text(right)} instead of multiplied")
            for part in (left, right):
                yield ast.BinOp(node, kind(), part), f"the factor {_text(part)} is there twice"
            yield ast.BinOp(left, ast.Add(), right), f"{_text(node)} is a sum in place of a product"
        if kind in (ast.Div, ast.FloorDiv):
            yield left, f"the division by {_text(right)} is missing"
            yield (ast.BinOp(left, ast.Mult(), right),
                   f"{_text(left)} is multiplied by {_text(right)} instead of divided")
            yield ast.BinOp(right, ast.Div(), left), f"the fraction {_text(node)} is upside down"
        if kind in (ast.Add, ast.Sub):
            yield left, f"the term {_text(right)} is missing"
            yield right, f"the term {_text(left)} is missing"
            other = OTHER_OPERATOR[kind]
            yield (ast.BinOp(left, other(), right),
                   f"the sign in front of {_text(right)} is {SIGNS[other]} instead of "
                   f"{SIGNS[kind]}")
            if kind is ast.Sub:
                yield ast.BinOp(right, kind(), left), f"the difference {_text(node)} is reversed"
        if kind is ast.Pow:
            yield (ast.BinOp(left, kind(), ast.BinOp(ast.Constant(1), ast.Div(), right)),
                   f"the power in {_text(node)} is upside down")
            yield left, f"the power {_text(right)} is missing in {_text(node)}"
            yield (ast.BinOp(left, kind(), ast.UnaryOp(ast.USub(), right)),
                   f"the power in {_text(node)} has the wrong sign")
            yield (ast.BinOp(left, kind(), ast.BinOp(ast.Constant(2), ast.Mult(), right)),
                   f"the power in {_text(node)} is twice the right one: a root is missing, or a "
                   f"square too much")
        if kind is ast.MatMult:
            yield ast.BinOp(right, kind(), left), f"the factors of {_text(node)} are exchanged"
            for side, part in (("left", left), ("right", right)):
                turned = ast.Attribute(part, "mT", ast.Load())
                yield _copy(node, **{side: turned}), f"{_text(part)} is transposed"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        word = "minus" if isinstance(node.op, ast.USub) else "not"
        yield node.operand, f"the {word} in front of {_text(node.operand)} is missing"
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER_OPERATOR:
        other = OTHER_OPERATOR[type(node.ops[0])]
        yield (_copy(node, ops=[other(), *node.ops[1:]]),
               f"there is a {SIGNS[other]} in place of the {SIGNS[type(node.ops[0])]} of "
               f"{_text(node)}")
        if len(node.ops) == 1:
            yield (_copy(node, left=node.comparators[0], comparators=[node.left]),
                   f"the comparison {_text(node)} is the wrong way round")
    if isinstance(node, ast.BoolOp):
        for index, part in enumerate(node.values):
            rest = node.values[:index] + node.values[index + 1:]
            yield (rest[0] if len(rest) == 1 else _copy(node, values=rest),
                   f"the condition {_text(part)} is missing")
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        yield node.left, f"the condition {_text(node.right)} is missing"
        yield node.right, f"the condition {_text(node.left)} is missing"


def _calls(node, known):
    """A function that is missing, or one that lies close; a transpose; another axis."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value, f"the transpose of {_text(node.value)} is missing"
    if isinstance(node, ast.keyword) and node.arg == "axis":
        axis = _number_of(node.value)
        for other in AXES.get(axis, ()):
            yield (_copy(node, value=ast.Constant(other)),
                   f"an axis is {other} instead of {axis}")
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in ONE_ARGUMENT and len(node.args) == 1:
        yield node.args[0], f"`{name}` is missing in {_text(node)}"
    if name in ("swapaxes", "copy", "astype", "clip") and isinstance(node.func, ast.Attribute):
        yield node.func.value, f"`{name}` is missing in {_text(node)}"
    if name in CLOSE:
        other = CLOSE[name]
        func = (_copy(node.func, attr=other) if isinstance(node.func, ast.Attribute)
                else ast.Name(other, ast.Load()))
        yield _copy(node, func=func), f"there is a {other} in place of the {name} of {_text(node)}"
    if name.endswith("_backward") and node.args:             # the gradient goes around a function
        given = node.args[1] if len(node.args) == 3 else node.args[0]
        yield given, f"{_text(node)} is left out"
    if name in ("where", "array_where") and len(node.args) == 3:
        yield (_copy(node, args=[node.args[0], node.args[2], node.args[1]]),
               f"both cases of {_text(node)} are exchanged")
        for part in node.args[1:]:
            yield part, f"{_text(part)} is taken in place of {_text(node)}"
    if name in ("row_sum", "row_mean"):
        product = node.args[0] if len(node.args) == 1 else ast.BinOp(
            node.args[0], ast.Mult(), node.args[1])
        for axis in (0, -2, None):
            yield (ast.Call(ast.Attribute(product, name[4:], ast.Load()), [],
                            [ast.keyword("axis", ast.Constant(axis)),
                             ast.keyword("keepdims", ast.Constant(True))]),
                   f"the {name[4:]} {_text(node)} runs over "
                   f"{'all axes' if axis is None else f'axis {axis}'} instead of the last")
    if len(node.args) > 1 and name in ("row_sum", "row_mean", "column_sum"):
        for index, part in enumerate(node.args):
            yield (_copy(node, args=node.args[:index] + node.args[index + 1:]),
                   f"the factor {_text(part)} is missing in {_text(node)}")
    for index, part in enumerate(node.keywords):
        if part.arg in ("axis", "kind", "keepdims"):
            yield (_copy(node, keywords=node.keywords[:index] + node.keywords[index + 1:]),
                   f"`{part.arg}` is missing in {_text(node)}")


def _numbers(node, known):
    """A number that is one more or less, 1, half or twice as large."""
    if isinstance(node, ast.Name) and node.id.isupper() and len(node.id) > 2:
        for words, factor in (("2 times", 2), ("half of", 0.5), ("sqrt(2) times", 2**0.5),
                              ("1/sqrt(2) times", 0.5**0.5)):
            yield (ast.BinOp(node, ast.Mult(), ast.Constant(factor)),
                   f"the constant is {words} `{node.id}`")
        for words, power in (("the square of", 2), ("the root of", 0.5), ("one over", -1)):
            yield (ast.BinOp(node, ast.Pow(), ast.Constant(power)),
                   f"the constant is {words} `{node.id}`")
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        value = node.value
        others = [value + 1, value - 1] if type(value) is int else [1.0]
        others += [value / 2, value * 2] if value not in (0, 1) else []
        for other in dict.fromkeys(others):
            yield ast.Constant(other), f"there is a {other:g} in place of a {value:g}"


def _orders(node, known):
    """Two results, arguments or entries that are exchanged."""
    if isinstance(node, ast.Tuple):
        for i, j in itertools.combinations(range(len(node.elts)), 2):
            parts = list(node.elts)
            parts[i], parts[j] = parts[j], parts[i]
            yield (_copy(node, elts=parts),
                   f"{_text(node.elts[i])} and {_text(node.elts[j])} are exchanged")
    if isinstance(node, ast.Dict) and len(node.values) < 10:
        for i, j in itertools.combinations(range(len(node.values)), 2):
            parts = list(node.values)
            parts[i], parts[j] = parts[j], parts[i]
            yield (_copy(node, values=parts),
                   f"{_text(node.values[i])} and {_text(node.values[j])} are exchanged")
    if isinstance(node, ast.Call) and len(node.args) > 1:
        for i in range(len(node.args) - 1):
            parts = list(node.args)
            parts[i], parts[i + 1] = parts[i + 1], parts[i]
            yield (_copy(node, args=parts),
                   f"{_text(node.args[i])} and {_text(node.args[i + 1])} are exchanged")


def _names(node, known):
    """Another name, or an upstream gradient that counts as 1."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in known:
        if node.id in UPSTREAM:
            ones = ast.Call(ast.Attribute(ast.Name("np", ast.Load()), "ones_like", ast.Load()),
                            [node], [])
            yield ones, f"the upstream gradient `{node.id}` counts as 1"
        for other in sorted(name for name in known - {node.id} if _alike(name, node.id)):
            yield ast.Name(other, ast.Load()), f"`{other}` is used in place of `{node.id}`"
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(
            node.slice.value, str) and len(node.slice.value) > 2:
        stem, _, letter = node.slice.value.rpartition("_")
        for other in {"q": "kvo", "k": "qvo", "v": "qko", "o": "qkv", "1": "2", "2": "1"}.get(
                letter, ""):
            yield (_copy(node, slice=ast.Constant(f"{stem}_{other}")),
                   f'"{stem}_{other}" is used in place of "{node.slice.value}"')


def _alike(name, other):
    """Whether two names are easily taken for each other: d with d, x_q with x_kv, m with v."""
    return (name[0] == other[0] or name[1:] == other[1:] or name.rpartition("_")[2] ==
            other.rpartition("_")[2] or f"d{name}" == other or name == f"d{other}")


def _number_of(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
