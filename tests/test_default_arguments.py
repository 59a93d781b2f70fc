"""What a function takes if it is not told: defaults change on purpose, and never by a slip.

Who leaves an argument out relies on its default, and so does a run that was saved without it. All
defaults stand in ``default_arguments.txt``. After a change on purpose,
``python tests/test_default_arguments.py`` writes the file anew.
"""

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PACKAGE, TABLE = TESTS.parent / "albert_np", TESTS / "default_arguments.txt"


def signatures(node, prefix=""):
    """Yield (name, defaults as they are written) of every function and every class with fields."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        name, defaults = f"{prefix}{child.name}", {}
        if isinstance(child, ast.ClassDef):
            for field in child.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.value, ast.Constant):
                    defaults[field.target.id] = field.value
        else:
            given = child.args
            last = [*given.posonlyargs, *given.args][-len(given.defaults):]
            pairs = [*zip(last if given.defaults else (), given.defaults),
                     *zip(given.kwonlyargs, given.kw_defaults)]
            defaults = {argument.arg: value for argument, value in pairs if value is not None}
        if defaults:
            yield name, {argument: ast.unparse(value) for argument, value in defaults.items()}
        yield from signatures(child, f"{name}.")


def table():
    """A line for each function: its place, its name, its defaults."""
    lines = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith("course/"):
            lines += [f"{place} {name}: "
                      + ", ".join(f"{argument}={value}" for argument, value in defaults.items())
                      for name, defaults in signatures(ast.parse(path.read_text("utf-8")))]
    return lines


def test_every_default_is_the_one_in_the_table():
    found, known = set(table()), set(TABLE.read_text("utf-8").splitlines())
    assert not found - known, "python tests/test_default_arguments.py writes the table anew"
    assert not known - found, "python tests/test_default_arguments.py writes the table anew"


if __name__ == "__main__":
    TABLE.write_text("\n".join(table()) + "\n", "utf-8")
