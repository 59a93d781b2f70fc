"""The examples of functional/, layers/ and optim/: every function has one, and its numbers tell.

In an example where a factor is 1 or a sum has one term, forgetting it changes nothing. So every
planted fault of a function must change a number of the function's own example.
"""

import ast
import doctest

import pytest

from albert_np.gradcheck.equations import PACKAGE, read_sources
from albert_np.gradcheck.planted_faults import PLANTED_FAULTS
from albert_np.gradcheck.tracing.compare_traces import differences
from albert_np.gradcheck.tracing.examples import trace_function
from albert_np.gradcheck.tracing.function_lines import functions_of

MATHEMATICS = ("functional/", "layers/")

# Entries of the table of activations: no function is wrong, and no example of a function differs.
OF_NO_FUNCTION = {"gelu_table_mixes_forms", "gelu_table_has_one_form"}


def function_at(file, text, piece):
    """The dotted name of the function that holds a piece of source, or None."""
    line = text[:text.index(piece)].count("\n") + 1
    around = [one.function for one in functions_of(file, text).values()
              if one.first <= line <= max(one.line_of)]
    return f"{file.removesuffix('.py').replace('/', '.')}.{around[-1]}" if around else None


FAULTS = {fault: function_at(fault.file, (PACKAGE / fault.file).read_text("utf-8"), fault.old)
          for fault in PLANTED_FAULTS if fault.file.startswith((*MATHEMATICS, "optim/"))}
FUNCTIONS = sorted({name for name in FAULTS.values() if name is not None})


def public_functions():
    """(dotted name, docstring) of the public functions of functional/ and layers/.

    A function inside another one, such as the weight that ``ramp_up`` returns, is none.
    """
    return [(f"{file.removesuffix('.py').replace('/', '.')}.{one.function}", one.docstring)
            for file, text in read_sources().items() if file.startswith(MATHEMATICS)
            for found in [functions_of(file, text)] for one in found.values()
            if not one.function.startswith("_") and one.function.rpartition(".")[0] not in {
                other.function for other in found.values()}]


def test_only_the_table_of_activations_has_faults_of_no_function():
    assert {fault.name for fault, function in FAULTS.items() if function is None} == OF_NO_FUNCTION
    assert len(FAULTS) > 160 and len(FUNCTIONS) > 45


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_planted_fault_changes_a_number_of_the_example(function):
    right = trace_function(function)
    for fault, place in FAULTS.items():
        if place != function:
            continue
        faulty = trace_function(function, fault=fault.name)
        printed = [(one.text, one.printed) for one in right.statements]
        changed = printed != [(one.text, one.printed) for one in faulty.statements]
        assert changed or differences(right, faulty), f"{fault.name} changes nothing"


@pytest.mark.parametrize("name, docstring", public_functions())
def test_every_function_has_an_example_of_its_own_that_can_be_traced(name, docstring):
    examples = doctest.DocTestParser().get_examples(docstring)
    assert any(example.want for example in examples), f"{name} has no example with a result"
    trace = trace_function(name)
    assert trace.example_of == trace.function
    assert trace.calls_of(trace.function), f"the example of {name} does not call it"
    wanted = [example.want.strip() for example in examples if not example.exc_msg]
    assert wanted == [one.printed for one, example in zip(trace.statements, examples, strict=True)
                      if not example.exc_msg]


def test_no_example_changes_an_input_after_it_is_made():
    """Other numbers take the place of an input as soon as it is made."""
    for name, docstring in public_functions():
        for example in doctest.DocTestParser().get_examples(docstring):
            for node in ast.parse(example.source).body:
                targets = node.targets if isinstance(node, ast.Assign) else []
                assert not isinstance(node, ast.AugAssign), f"{name}: {example.source}"
                assert not any(isinstance(target, ast.Subscript) for target in targets), (
                    f"{name}: {example.source}")


@pytest.mark.parametrize("name", [name for name, _ in public_functions()
                                  if name.endswith(("_forward", "_backward"))])
def test_upstream_gradients_and_arguments_are_inputs(name):
    """So that other numbers can be tried: no pass runs on numbers that have no name."""
    assert trace_function(name).inputs


def test_an_example_that_does_not_tell_is_found():
    """With gamma = 1 and sigma = 1, two faults of layer norm change nothing."""
    text = ("x, dy = np.array([[-1.0, -1.0, 1.0, 1.0]]), np.array([[1.0, 0.0, 0.0, 0.0]])\n"
            "y, cache = layer_norm_forward(x, np.ones(4), np.zeros(4), eps=0.0)\n"
            "layer_norm_backward(dy, cache)")
    right = trace_function("layer_norm_backward", example=text)
    hidden = [fault.name for fault, function in FAULTS.items()
              if function == "functional.layer_norm.layer_norm_backward"
              and not differences(right, trace_function("layer_norm_backward", example=text,
                                                        fault=fault.name))]
    assert hidden == ["layer_norm_gamma_forgotten", "layer_norm_inv_std_forgotten",
                      "layer_norm_dbeta_of_first_sequence", "layer_norm_dbeta_averaged"]
