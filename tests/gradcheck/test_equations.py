"""Every equation has its line, every line its equation, and every one its check.

The rules are functions over the texts of a package, so that they can be tried on packages that
break them: a rule that has never failed is not a rule.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

import pytest

from albert_np.gradcheck import equations
from albert_np.gradcheck.all_checks import all_checks
from albert_np.gradcheck.equations import equations_of, find_equations, index_source, read_sources

ROOT = Path(equations.PACKAGE).parent

# Backward passes without an equation of their own.
TRIVIAL = {
    "linear_activation_backward": "y = x has slope 1: the gradient is handed on as it came",
}
# Equations that are computed elsewhere than where they are derived.
COMPUTED_ELSEWHERE = {
    # The head derives the sum, but only the model sees both terms.
    "MLM.5": "models/pretraining.py",
}
# Labels that are computed on more than one line; without an entry, one line has the tag.
NUMBER_OF_LINES = {}


# ---- the rules: each gives a list of sentences ---------------------------------------------------

def labels_without_line(sources):
    """A label that no line of code carries."""
    tagged = {line.label for index in indices(sources) for line in index.lines}
    return [f"{d.file}, line {d.line}: no line of code carries the tag ({d.label})"
            for index in indices(sources) for d in index.definitions if d.label not in tagged]


def tags_without_label(sources):
    """A line of code that carries a tag which no docstring defines."""
    labels = defined(sources)
    return [f"{line.file}, line {line.line}: no docstring has the equation ({line.label})"
            for index in indices(sources) for line in index.lines if line.label not in labels]


def tags_repeated(sources):
    """A tag on more lines than it should be on."""
    lines = {}
    for index in indices(sources):
        for line in index.lines:
            lines.setdefault(line.label, []).append(f"{line.file}, line {line.line}")
    return [f"({label}) is the tag of {len(places)} lines: {'; '.join(places)}"
            for label, places in lines.items() if len(places) != NUMBER_OF_LINES.get(label, 1)]


def labels_used_twice(sources):
    """Two equations with one label."""
    first, sentences = {}, []
    for index in indices(sources):
        for d in index.definitions:
            here = f"{d.file}, line {d.line}"
            if d.label in first:
                sentences.append(f"{here}: the label {d.label} is used before, "
                                 f"in {first[d.label]}")
            first.setdefault(d.label, here)
    return sentences


def labels_of_no_form(sources):
    """A label that no tag could name, or one without a formula."""
    return ([f"{d.file}, line {d.line}: the label {d.label} is not of the form LN.5"
             for index in indices(sources) for d in index.definitions
             if not re.fullmatch(equations.LABEL, d.label)]
            + [f"{d.file}, line {d.line}: the label {d.label} has no formula"
               for index in indices(sources) for d in index.definitions if not d.latex])


def tags_in_other_functions(sources):
    """A tag that stands outside the function or class whose docstring derives the equation."""
    sentences = []
    where = {d.label: d for index in indices(sources) for d in index.definitions}
    for index in indices(sources):
        for line in index.lines:
            d = where.get(line.label)
            if d is None or COMPUTED_ELSEWHERE.get(line.label) == line.file:
                continue
            inside = not d.function or f"{line.function}.".startswith(f"{d.function}.")
            if d.file != line.file or not inside:
                sentences.append(f"{line.file}, line {line.line}: ({line.label}) is derived in "
                                 f"{d.function} of {d.file}, and tagged in {line.function}")
    return sentences


def backwards_without_equation(sources, trivial=TRIVIAL):
    """A backward pass of functional/ or layers/ that derives nothing."""
    derived = {(d.file, d.function) for index in indices(sources) for d in index.definitions}
    return [f"{index.file}: {function} has no labelled equation"
            for index in indices(sources) if index.file.startswith(("functional/", "layers/"))
            for function in index.functions
            if function.endswith("_backward") and (index.file, function) not in derived
            and function not in trivial]


def equations_without_proof(sources, components):
    """A backward equation without a gradient check, or any equation without any check."""
    sentences = []
    for equation in equations_of(sources, components):
        here = f"{equation.file}, line {equation.line}"
        functions = {equation.function, *(line.function for line in equation.lines)}
        for function in sorted(functions):
            if (is_backward(function)
                    and not equations.components_of(function, components)):
                sentences.append(f"{here}: {function}, which has the equation "
                                 f"({equation.label}), has no gradient check")
        if not equation.components and not equation.tests:
            sentences.append(f"{here}: nothing is known to check ({equation.label})")
    return sentences


def citations_of_nothing(sources):
    """A label named in a docstring or comment that no equation has."""
    labels = defined(sources)
    return [f"{c.file}, line {c.line}: ({c.label}) is cited, but no equation has that label"
            for index in indices(sources) for c in index.citations if c.label not in labels]


def all_faults(sources, components):
    """What all rules say."""
    return [*labels_without_line(sources), *tags_without_label(sources), *tags_repeated(sources),
            *labels_used_twice(sources), *labels_of_no_form(sources),
            *tags_in_other_functions(sources), *backwards_without_equation(sources),
            *equations_without_proof(sources, components), *citations_of_nothing(sources)]


def indices(sources):
    return [index_source(file, text) for file, text in sources.items()]


def defined(sources):
    return {d.label for index in indices(sources) for d in index.definitions}


def is_backward(function):
    return re.search(r"(^|_)backward$", function.split(".")[-1]) is not None


# ---- the package ---------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def sources():
    return read_sources()


@pytest.fixture(scope="module")
def components():
    return equations.check_components()


def test_package_breaks_no_rule(sources, components):
    faults = all_faults(sources, components)
    assert not faults, "\n".join(faults)


def test_package_has_as_many_equations_as_labels(sources, components):
    labels = [label for text in sources.values() for label in re.findall(r":label: (\S+\.\d+)\n",
                                                                         text)]
    assert [e.label for e in equations_of(sources, components)] == labels
    assert len(labels) > 80


def test_every_tag_of_the_package_is_needed(sources):
    file_of = {d.label: d.file for index in indices(sources) for d in index.definitions}
    lines = [line for index in indices(sources) for line in index.lines]
    for line in lines:
        rows = sources[line.file].splitlines(keepends=True)
        assert f"({line.label})" in rows[line.line - 1]
        rows[line.line - 1] = rows[line.line - 1].replace(f"({line.label})", "")
        spoilt = {**sources, line.file: "".join(rows)}
        assert any(sentence.startswith(f"{file_of[line.label]}, ") and f"({line.label})" in sentence
                   for sentence in labels_without_line(spoilt)), line.label


def test_every_label_of_the_package_is_needed(sources):
    for index in indices(sources):
        for definition in index.definitions:
            rows = sources[index.file].splitlines(keepends=True)
            del rows[definition.line - 1]
            spoilt = {**sources, index.file: "".join(rows)}
            assert any(f"({definition.label})" in sentence
                       for sentence in tags_without_label(spoilt)), definition.label


def test_exceptions_are_of_use(sources):
    functions = {function for index in indices(sources) for function in index.functions}
    assert set(TRIVIAL) <= functions
    assert set(COMPUTED_ELSEWHERE) | set(NUMBER_OF_LINES) <= defined(sources)
    assert set(backwards_without_equation(sources, trivial={})) == {
        f"functional/activations.py: {function} has no labelled equation" for function in TRIVIAL}


def test_gradient_checks_run_the_very_lines_they_prove(sources, components):
    """The tagged line of each equation is executed by each check that is said to check it."""
    wanted = {}
    for equation in equations_of(sources, components):
        for component in equation.components:
            wanted.setdefault(component, []).append(equation)
    for check in all_checks():
        reached = lines_reached_by(check)
        for equation in wanted.pop(check.component, ()):
            for line in equation.lines:
                if skipped(equation.label, check.component):
                    continue
                statement = statement_at(sources[line.file], line.line)
                assert any((line.file, number) in reached for number in statement), (
                    f"{check.component} does not run {line.file}:{line.line}")
    assert not wanted


def skipped(label, component):
    """Equations of a branch that only some of the function's checks take."""
    return (label == "FE.2" and component == "embeddings, no mapping"
            or label == "PRE.1" and component == "AlbertForPreTraining, no labels"
            or label.split(".")[0] in ("QA", "SQUAD") and component.endswith("every output"))


def statement_at(text, row):
    """The numbers of the lines that make up the statement at a line."""
    around = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)
              and node.lineno <= row <= node.end_lineno]
    smallest = min(around, key=lambda node: node.end_lineno - node.lineno)
    return range(smallest.lineno, smallest.end_lineno + 1)


def lines_reached_by(check):
    """(file, line) of everything in the package that one forward and backward pass executes."""
    reached, folder = set(), str(equations.PACKAGE)

    def local_trace(frame, event, argument):
        reached.add((frame.f_code.co_filename, frame.f_lineno))
        return local_trace

    def trace(frame, event, argument):
        return local_trace if frame.f_code.co_filename.startswith(folder) else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        y, cache = check.forward(check.inputs)
        check.backward(check.inputs, y, cache)
    finally:
        sys.settrace(before)
    return {(Path(file).relative_to(folder).as_posix(), number) for file, number in reached}


def test_files_of_tests_that_prove_equations_name_what_they_prove(sources, components):
    for equation in equations_of(sources, components):
        if equation.tests:
            text = (ROOT / equation.tests).read_text(encoding="utf-8")
            module = Path(equation.file).stem
            names = [part for part in equation.function.split(".") if part] or [module]
            used_by = [other.function for other in equations_of(sources, components)
                       if other.tests == equation.tests
                       and f"({equation.label})" in other.docstring]
            assert any(re.search(rf"\b{name}\b", text) for name in [*names, *used_by]), (
                f"{equation.tests} is to check ({equation.label}), "
                f"but does not name {equation.function}")


def test_labels_cited_outside_the_package_exist(sources):
    labels = defined(sources)
    files = [*ROOT.glob("*.md"), *ROOT.glob("tutorials/**/*.py"), *ROOT.glob("docs/**/*.md")]
    for path in files:
        for label in re.findall(rf"\(({equations.LABEL})\)", path.read_text(encoding="utf-8")):
            assert label in labels, f"{path.relative_to(ROOT)} cites ({label}), which is nowhere"


# ---- packages that break a rule ------------------------------------------------------------------

SOUND = {
    "functional/square.py": '''
        """The square."""


        def square_forward(x):
            r"""Multiply by itself.

            .. math::
               :label: SQ.1

               y = x^2
            """
            y = x * x                                                  # (SQ.1)  (...)
            return y, x


        def square_backward(dy, cache):
            r"""The slope is twice x, by (SQ.1).

            .. math::
               :label: SQ.2

               dx = 2\\, x

               \\cdot dy
            """
            x = cache
            # forward: y = x * x, see (SQ.1)
            dx = (2 * x
                  * dy)                                                # as derived (SQ.2)
            return dx
        ''',
    "layers/double.py": '''
        def double_forward(params, x):
            """Twice x.

            .. math::
               :label: DBL.1

               y = 2 x
            """
            return 2 * x, None                                         # (DBL.1)


        def double_backward(params, dy, cache):
            """Twice dy.

            .. math::
               :label: DBL.2

               dx = 2 dy
            """
            return 2 * dy, {}                                          # (DBL.2)
        ''',
}
SOUND_COMPONENTS = ["square", "square, complex", "double"]


def fake_package(folder, changes=()):
    """The sound package with some texts replaced, written to a folder and read back."""
    for file, text in SOUND.items():
        text = textwrap.dedent(text)
        for changed, old, new in changes:
            if changed == file:
                assert old in text
                text = text.replace(old, new)
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    return read_sources(folder)


def test_sound_package_breaks_no_rule(tmp_path):
    assert all_faults(fake_package(tmp_path), SOUND_COMPONENTS) == []


@pytest.mark.parametrize("file, old, new, said", [
    ("functional/square.py", "# (SQ.1)  (...)", "# (...)",
     "functional/square.py, line 9: no line of code carries the tag (SQ.1)"),
    ("functional/square.py", ":label: SQ.1", "",
     "functional/square.py, line 13: no docstring has the equation (SQ.1)"),
    ("layers/double.py", "(DBL.2)", "(DBL.3)",
     "layers/double.py, line 21: no docstring has the equation (DBL.3)"),
    ("layers/double.py", ":label: DBL.1", ":label: SQ.1",
     "layers/double.py, line 6: the label SQ.1 is used before, in functional/square.py, line 9"),
    ("layers/double.py", ":label: DBL.2\n\n       dx = 2 dy", ":label: DBL.2",
     "layers/double.py, line 17: the label DBL.2 has no formula"),
    ("layers/double.py", ":label: DBL.2", ":label: second",
     "layers/double.py, line 17: the label second is not of the form LN.5"),
    ("functional/square.py", "def square_backward", "def cube_backward",
     "functional/square.py, line 21: cube_backward, which has the equation (SQ.2), "
     "has no gradient check"),
    ("functional/square.py", ":label: SQ.2", "",
     "functional/square.py: square_backward has no labelled equation"),
    ("layers/double.py", "Twice dy.", "Twice dy, for the reason of (SQ.7).",
     "layers/double.py, line 14: (SQ.7) is cited, but no equation has that label"),
    ("functional/square.py", "see (SQ.1)", "see (SQ.9)",
     "functional/square.py, line 28: (SQ.9) is cited, but no equation has that label"),
    ("functional/square.py", "x = cache", "x = cache    # (SQ.1)",
     "(SQ.1) is the tag of 2 lines: functional/square.py, line 13; functional/square.py, "
     "line 27"),
    ("functional/square.py", "    y = x * x                                                  "
     "# (SQ.1)  (...)\n    return y, x", "    return x * x, x\n\n\nz = 3    # (SQ.1)",
     "functional/square.py, line 16: (SQ.1) is derived in square_forward of "
     "functional/square.py, and tagged in "),
    ("layers/double.py", "double_forward", "twice_upwards",
     "layers/double.py, line 6: nothing is known to check (DBL.1)"),
])
def test_rules_report_a_mistake(tmp_path, file, old, new, said):
    assert said in all_faults(fake_package(tmp_path, [(file, old, new)]), SOUND_COMPONENTS)


def test_a_component_of_another_name_is_no_proof(tmp_path):
    said = equations_without_proof(fake_package(tmp_path), ["square", "double_layer"])
    assert any("(DBL.2)" in sentence for sentence in said)


# ---- finding -------------------------------------------------------------------------------------

def test_an_equation_is_found_with_all_that_belongs_to_it(tmp_path):
    fake_package(tmp_path)
    found = {e.label: e for e in equations_of(read_sources(tmp_path), SOUND_COMPONENTS)}
    assert list(found) == ["SQ.1", "SQ.2", "DBL.1", "DBL.2"]
    equation = found["SQ.2"]
    assert (equation.file, equation.function, equation.line) == (
        "functional/square.py", "square_backward", 21)
    assert equation.latex == "dx = 2\\, x\n\n\\cdot dy"
    assert equation.components == ("square", "square, complex")
    line, = equation.lines
    assert (line.line, line.first, line.last) == (30, 28, 30)
    assert line.block.startswith("# forward: y = x * x, see (SQ.1)\ndx = (2 * x\n      * dy)")


def test_gradient_checks_are_derived_from_names():
    found = {e.label: e for e in find_equations()}
    assert found["LN.5"].components == ("layer_norm", "layer_norm, large eps")
    assert found["GELU.2"].components == ("gelu",)
    assert found["ERF.1"].components == ("gelu",)
    assert all(name.startswith("attention, ") for name in found["ATT.7"].components)
    assert found["BLK.2"].components == ("attention_block", "attention_block, two arrays")
    assert "AlbertForPreTraining, sop_weight 0.3" in found["MLM.5"].components
    assert found["ADAMW.1"].components == ()
    assert found["ADAMW.1"].tests == "tests/optim/test_optim.py"
