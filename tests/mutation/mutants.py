"""All mutants of a file: cosmic-ray's, and those of :mod:`operators`."""

from dataclasses import dataclass

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast
from operators import OPERATORS

OTHERS = ("no-op", "NoOp", "Variable")           # they change nothing, or need options of their own
HEADS = ("suite", "file_input")
COMPOUND = ("if_stmt", "while_stmt", "for_stmt", "with_stmt", "try_stmt")


def operators():
    """The operators by name."""
    known = [name for name in cosmic_ray.plugins.operator_names()
             if not any(other in name for other in OTHERS)]
    return ({name.split("/")[1]: cosmic_ray.plugins.get_operator(name)() for name in known}
            | {operator.__name__: operator() for operator in OPERATORS})


@dataclass(frozen=True)
class Mutant:
    """One change: the operator, the node by its number in the file, and the how-manieth there."""

    operator: str
    node: int
    index: int
    line: int
    column: int
    lines: tuple                                 # of the statement, as far as the change
    inside: bool                                 # the body of a function


def mutants_of(source):
    """Every mutant of a file.

    Parameters
    ----------
    source : str

    Returns
    -------
    list of Mutant, from top to bottom
    """
    tree, found = get_ast(source), []
    for number, node in enumerate(ast_nodes(tree)):
        for name, operator in operators_of_the_process().items():
            for index, (start, end) in enumerate(operator.mutation_positions(node)):
                leaf = tree.get_leaf_for_position(start)
                found.append(Mutant(name, number, index, *start, _lines(leaf, end),
                                    _inside_a_function(node)))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.column))


def mutated(source, mutant):
    """The source with the change.

    Returns
    -------
    (text, old, new) : the whole file, and its changed lines before and after
    """
    tree = get_ast(source)
    for number, node in enumerate(ast_nodes(tree)):
        if number == mutant.node:
            break
    parent = node.parent
    new = operators_of_the_process()[mutant.operator].mutate(node, mutant.index)
    if new is None:                                      # as of a decorator that goes
        parent.children.remove(node)
    elif parent is not None and new is not node:
        parent.children[parent.children.index(node)] = new
    text = tree.get_code()
    before, after = source.splitlines(), text.splitlines()
    while before and after and before[-1] == after[-1]:
        before.pop(), after.pop()
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    return text, _joined(before[start:]), _joined(after[start:])


_OPERATORS = {}


def operators_of_the_process():
    """The operators, made once."""
    if not _OPERATORS:
        _OPERATORS.update(operators())
    return _OPERATORS


def _joined(lines):
    return " ".join(line.split("  #")[0].strip() for line in lines)


def _lines(leaf, end):
    """The lines from the beginning of the statement, or of its header, to the end of the change."""
    statement = leaf
    while statement.parent is not None and statement.parent.type not in HEADS:
        statement = statement.parent
    while leaf.start_pos > statement.start_pos and leaf.parent.type not in COMPOUND:
        leaf = leaf.get_previous_leaf()
    return tuple(range(leaf.start_pos[0], end[0] + 1))


def _inside_a_function(node):
    """A lambda in a table of a module is none: nothing leads from a name to its code."""
    while node.parent is not None:
        if node.parent.type == "funcdef" and node is node.parent.children[-1]:
            return True
        node = node.parent
    return False
