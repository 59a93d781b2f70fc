"""The operators of our own change what they say, and what comes out is a program."""

from pathlib import Path

import pytest

from albert_np.functional import trees

pytest.importorskip("cosmic_ray")

from fresh import killed_in_a_new_process  # noqa: E402
from mutants import mutants_of, mutated  # noqa: E402
from operators import OPERATORS  # noqa: E402

SOURCE = '''\
"""A number 1 in a docstring stays as it is."""
LIMIT = 4


class Limits:
    @property
    def least(self):
        return LIMIT


def clip(x, limit=LIMIT):
    # the largest
    x *= 2
    if (x > limit or
            x < -limit):
        x = limit
    elif x.any(axis=1):
        store(x, at=[0])
    return sorted(x, key=len, reverse=True)
'''


def kinds(source):
    """(operator, line, whether inside a function, the lines that must be run, new text)."""
    return [(m.operator, m.line, m.inside, m.lines, mutated(source, m)[2])
            for m in mutants_of(source)]


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_an_operator_says_it_does(operator):
    for example in operator.examples():
        made = [mutated(example.pre_mutation_code, mutant)[0]
                for mutant in mutants_of(example.pre_mutation_code)
                if mutant.operator == operator.__name__]
        assert made[example.occurrence] == example.post_mutation_code


def test_every_mutant_differs_from_the_source():
    """Also one that lost a decorator, of which no node is left."""
    found = mutants_of(SOURCE)
    assert "RemoveDecorator" in {mutant.operator for mutant in found}
    for mutant in found:
        text, old, new = mutated(SOURCE, mutant)
        assert text != SOURCE and old != new


def test_every_change_of_our_own_is_a_program():
    ours = {operator.__name__ for operator in OPERATORS}
    made = [mutated(SOURCE, mutant)[0] for mutant in mutants_of(SOURCE) if mutant.operator in ours]
    assert len(made) == len(set(made)) == 11
    for text in made:
        compile(text, "mutant", "exec")


def test_the_lines_that_a_test_must_run():
    found = {(kind, line): (inside, lines) for kind, line, inside, lines, _ in kinds(SOURCE)}
    assert found["NumberReplacer", 2] == (False, (2,))
    assert found["StatementRemoved", 13] == (True, (13,))
    assert found["ReplaceComparisonOperator_Lt_LtE", 15] == (True, (14, 15))
    assert found["ConditionFixed", 17] == (True, (17,))
    assert not [line for _, line in found if line == 1]


def test_what_kills_a_mutant_outside_of_functions():
    """Failing tests, and a module that cannot be imported; but no mistake of the call."""
    test = "albert_np/functional/trees.py::albert_np.functional.trees.tree_map"
    source = Path(trees.__file__).read_text(encoding="utf-8")
    module = "albert_np.functional.trees"
    assert not killed_in_a_new_process(module, source, source, [test])
    assert killed_in_a_new_process(module, source, source + "\ndel tree_map\n", [test])
    with pytest.raises(RuntimeError, match="pytest ends with 4 on the unchanged albert_np.func"):
        killed_in_a_new_process(module, source, source, ["tests/no_such_file.py::test_nothing"])


def test_a_lambda_in_a_table_is_judged_in_a_new_process():
    """The code of a function is exchanged by its name, which such a lambda does not have."""
    found = mutants_of('CHECKS = {"eps": lambda x: 0 < x}\n\n\ndef least():\n    return 0 < x\n')
    assert {(mutant.line, mutant.inside) for mutant in found if mutant.line in (1, 5)} == {
        (1, False), (5, True)}
