"""Every derivation of a backward pass ends in an example with numbers for a blackboard.

That the examples are right is shown by running them, which pytest does wherever it reads the
package; here they are missed where there is none.
"""

import ast
import doctest
import re
import textwrap

import pytest

from albert_np.gradcheck.equations import read_sources


def backwards_without_example(sources):
    """A sentence for each backward pass of functional/ or layers/ that lacks a worked example.

    Parameters
    ----------
    sources : dict of str to str
        As from :func:`albert_np.gradcheck.equations.read_sources`.
    """
    sentences = []
    for file, text in sources.items():
        if not file.startswith(("functional/", "layers/")):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.endswith("_backward"):
                examples = doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")
                calls = [i for i, example in enumerate(examples)
                         if re.search(rf"\b{node.name}\(", example.source)]
                results = "".join(example.want for example in examples[min(calls, default=0):])
                if not calls:
                    sentences.append(f"{file}: the docstring of {node.name} has no example "
                                     f"that calls it")
                elif not results:
                    sentences.append(f"{file}: the example of {node.name} shows no result")
                elif long := re.search(r"\d*\.\d{7,}", results):
                    sentences.append(f"{file}: the example of {node.name} shows {long[0]}, "
                                     f"which nobody writes on a blackboard")
    return sentences


def test_every_backward_pass_has_an_example():
    sources = read_sources()
    missing = backwards_without_example(sources)
    assert not missing, "\n".join(missing)
    backwards = re.findall(r"^def \w+_backward\(", "".join(sources.values()), re.MULTILINE)
    assert len(backwards) >= 24


def test_every_example_of_the_package_is_needed():
    """Take away the calls in any one docstring, and that function is named."""
    sources = read_sources()
    for file, text in sources.items():
        if file.startswith(("functional/", "layers/")):
            for name in re.findall(r"^def (\w+_backward)\(", text, re.MULTILINE):
                spoilt = re.sub(rf"^(    >>> .*)\b{name}\(", r"\1other(", text, flags=re.MULTILINE)
                assert backwards_without_example({**sources, file: spoilt}) == [
                    f"{file}: the docstring of {name} has no example that calls it"]


SOUND = '''
    def double_backward(dy, cache):
        """Twice dy.

        >>> dx = double_backward(3.0, None)
        >>> dx
        6.0
        """
        return 2 * dy
    '''


@pytest.mark.parametrize("old, new, said", [
    ("    >>> dx = double_backward(3.0, None)\n", "    >>> dx = 6.0\n",
     "layers/double.py: the docstring of double_backward has no example that calls it"),
    ("6.0", "", "layers/double.py: the example of double_backward shows no result"),
    ("6.0", "6.000000000000001", "layers/double.py: the example of double_backward shows "
                                 "6.000000000000001, which nobody writes on a blackboard")])
def test_examples_that_are_none_are_reported(old, new, said):
    sound = textwrap.dedent(SOUND)
    assert old in sound
    assert backwards_without_example({"layers/double.py": sound}) == []
    assert backwards_without_example({"layers/double.py": sound.replace(old, new)}) == [said]
