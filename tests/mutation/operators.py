"""Kinds of mistakes that cosmic-ray does not know: what a hand forgets, and names that lie close.

Written against :class:`cosmic_ray.operators.operator.Operator`: the places of a node that can be
changed, and the change.
"""

import parso
from cosmic_ray.operators.operator import Example, Operator

CLOSE_NAMES = {
    "any": "all", "min": "max", "argmin": "argmax", "minimum": "maximum", "sum": "mean",
    "floor": "ceil", "zeros": "ones", "zeros_like": "ones_like", "append": "extend",
    "cumsum": "cumprod", "flatnonzero": "unique", "keys": "values", "startswith": "endswith",
    "lstrip": "rstrip", "rfind": "find", "split": "rsplit", "isfinite": "isnan",
}
CLOSE_NAMES |= {after: before for before, after in CLOSE_NAMES.items()}


class KeywordArgumentRemoved(Operator):
    """``f(x, kind="stable")`` becomes ``f(x)``."""

    def mutation_positions(self, node):
        if node.type == "argument" and node.children[1] == "=":
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        around = node.parent
        if around.type == "arglist":
            place = around.children.index(node)
            del around.children[place:place + 2]             # the argument and the comma after it
            if around.children and place >= len(around.children) and around.children[-1] == ",":
                del around.children[-1]
        else:
            around.children.remove(node)
        return node

    @classmethod
    def examples(cls):
        return (Example("f(x, a=1)", "f(x)"), Example("f(a=1)", "f()"),
                Example("f(x, a=1, b=2)", "f(x, b=2)"))


class CloseName(Operator):
    """``any`` becomes ``all``, ``min`` becomes ``max``, and so on."""

    def mutation_positions(self, node):
        if node.type == "name" and node.value in CLOSE_NAMES:
            if node.get_next_leaf() == "(" and node.get_previous_leaf() != "def":
                yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        node.value = CLOSE_NAMES[node.value]
        return node

    @classmethod
    def examples(cls):
        return (Example("x.any()", "x.all()"), Example("max(a, b)", "min(a, b)"))


class ConditionFixed(Operator):
    """``if c:`` and ``elif c:`` become ``if True:`` and ``if False:``."""

    def mutation_positions(self, node):
        if node.type == "if_stmt":
            for place, child in enumerate(node.children):
                if child in ("if", "elif"):
                    condition = node.children[place + 1]
                    yield condition.start_pos, condition.end_pos
                    yield condition.start_pos, condition.end_pos

    def mutate(self, node, index):
        places = [i + 1 for i, child in enumerate(node.children) if child in ("if", "elif")]
        node.children[places[index // 2]] = parso.parse(" True" if index % 2 == 0 else " False")
        return node

    @classmethod
    def examples(cls):
        return (Example("if c: pass", "if True: pass"),
                Example("if c: pass", "if False: pass", occurrence=1))


class StatementRemoved(Operator):
    """``x += y`` and ``f(x)``, standing alone, become ``pass``."""

    def mutation_positions(self, node):
        if node.type == "simple_stmt" and self._does_something(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    @staticmethod
    def _does_something(statement):
        augmented = (statement.type == "expr_stmt"
                     and getattr(statement.children[1], "type", "") != "annassign"
                     and statement.children[1].get_code().strip() != "=")
        called = statement.type == "atom_expr"
        return augmented or called

    def mutate(self, node, index):
        before = node.get_first_leaf().prefix                # the indentation
        node.children[0] = parso.parse(before + "pass")
        return node

    @classmethod
    def examples(cls):
        return (Example("x += 1\n", "pass\n"), Example("f(x)\n", "pass\n"))


OPERATORS = (KeywordArgumentRemoved, CloseName, ConditionFixed, StatementRemoved)
