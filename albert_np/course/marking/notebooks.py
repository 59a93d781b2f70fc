"""Assignments as notebooks, one for each module, with the metadata that nbgrader knows.

The code is that of a workspace, cut into cells: what is given, what is to be written, and after
each exercise a cell that checks it. The cells of a notebook that comes back are put together to the
module again. It is marked like one, so that both kinds of workspace are marked by the same rules.
"""

import ast
import json
import re
import types
from pathlib import Path

from ...files.text_lines import split_lines

SETUP = "setup"                  # its grade_id; the module does without this cell
_COMMAND = re.compile(r"%\w|![^=]|\?\??[\w.]+\Z|[\w.]+\?\??\Z")
PYTHON_CELLS = {"capture", "debug", "prun", "python", "python3", "time", "timeit"}    # "%%time"
SCHEMA_VERSION = 3               # of nbgrader's metadata


def write_notebooks(folder, sources, exercises):
    """Write a notebook for each module.

    Parameters
    ----------
    folder : str or Path
    sources : dict of str to str
        The emptied modules of a workspace, by their files.
    exercises : sequence of Exercise

    Returns
    -------
    list of Path

    Raises
    ------
    ModuleNotFoundError
        jupytext is not installed.
    ValueError
        A notebook cannot be written, or is there already.
    """
    try:
        import jupytext
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("Notebooks need jupytext; install it with pip install jupytext."
                                  ) from error
    from ...files import write_whole

    paths = {}
    for file, source in sources.items():
        path = Path(folder, Path(file).with_suffix("").as_posix().replace("/", "_") + ".ipynb")
        if path.exists():
            raise ValueError(f"{path} is there already; choose another folder.")
        notebook = jupytext.reads(percent_script(file, source, exercises), fmt="py:percent")
        notebook.metadata["albert_np"] = {"module": file}
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3",
                                           "language": "python"}
        notebook.metadata.pop("jupytext", None)
        paths[path] = jupytext.writes(notebook, fmt="ipynb")
    for path, text in paths.items():
        write_whole(path, text.encode())
    return list(paths)


def percent_script(file, source, exercises):
    """The notebook of a module as a script of the percent format.

    Parameters
    ----------
    file : str
        Of the module, relative to the package.
    source : str
        Its emptied text.
    exercises : sequence of Exercise
        Those of other modules are left out.

    Returns
    -------
    str
    """
    mine = [exercise for exercise in exercises if exercise.module == file]
    cells = [_words("\n".join(
        [f"# {file}", "", "Write the functions that raise `NotImplementedError`; the cell after "
         "each says what is right and what is not. Run the cells from the top.", "",
         *(f"- **{exercise.id} {exercise.title}**, {exercise.points} points. Read: {exercise.read}"
           for exercise in mine)])),
        _code("from albert_np.course.marking.notebooks import checker\n"
              "check = checker(globals())", SETUP, locked=True)]
    parts = list(pieces(source, mine))
    for number, (name, text) in enumerate(parts):
        if not name:
            cells.append(_code(text, f"given-{number}", locked=True))
            continue
        cells.append(_code(text, f"write-{name}", solution=True))
        later = {name for name, _ in parts[number + 1:]}
        cells += [_code(f'check("{done.id}")', f"check-{done.id.replace('.', '-')}", locked=True,
                        points=done.points)
                  for done in mine if name in _owners(done) and not later & _owners(done)]
    return "\n\n".join(cells) + "\n"


def pieces(source, exercises):
    """A module cut at the functions and classes that hold exercises.

    Parameters
    ----------
    source : str
    exercises : sequence of Exercise

    Yields
    ------
    (str, str)
        The name of the function or class, "" for what is given; and the text.
    """
    lines, owners = source.splitlines(), set().union(*map(_owners, exercises))
    start = 0
    for node in ast.parse(source).body:
        if getattr(node, "name", None) in owners:
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)]) - 1
            if text := "\n".join(lines[start:first]).strip("\n"):
                yield "", text
            yield node.name, "\n".join(lines[first:node.end_lineno])
            start = node.end_lineno
    if text := "\n".join(lines[start:]).strip("\n"):
        yield "", text


def _owners(exercise):
    """The functions and classes of a module that hold what is to be written."""
    return {name.partition(".")[0] for name in exercise.functions}


def _words(text):
    return "# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _code(text, grade_id, locked=False, solution=False, points=None):
    metadata = {"grade": points is not None, "grade_id": grade_id, "locked": locked,
                "schema_version": SCHEMA_VERSION, "solution": solution, "task": False}
    if points is not None:
        metadata["points"] = points
    return f"# %% nbgrader={json.dumps(metadata)}\n{text}"


def source_of_notebook(text):
    """The module that a notebook holds.

    Parameters
    ----------
    text : str
        Of the .ipynb file.

    Returns
    -------
    module : str
        Its file, such as "functional/linear.py".
    source : str
    left_out : list of str
        The first lines of the cells that are in another language, such as "%%bash".

    Raises
    ------
    ValueError
        It is no notebook of this course.
    """
    try:
        notebook = json.loads(text)
        module = notebook["metadata"]["albert_np"]["module"]
        if not re.fullmatch(r"\w+(/\w+)*\.py", module):
            raise ValueError(f"its module is {module!r}")
        cells = ["".join(cell["source"]) for cell in notebook["cells"]
                 if cell["cell_type"] == "code" and not _is_ours(cell)]
        left_out = [cell.strip().partition("\n")[0] for cell in cells if not _is_python(cell)]
        cells = [cell for cell in cells if _is_python(cell)]
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"it is no notebook of this course ({type(error).__name__}: {error})"
                         ) from error
    lines = [line[:len(line) - len(line.lstrip())] + "pass" if _is_command(line) else line
             for cell in cells for line in [*split_lines(cell), "", ""]
             if line[:1].isspace() or not _is_command(line)]
    return module, "\n".join(lines), left_out


def _is_command(line):
    """Whether a line is for the notebook itself, such as "%ls", "!pip", "np.sum?" and "x = !ls".

    A line of Python may begin with "%" and a blank, or with "!=", as the rest of an expression. No
    pattern here begins with blanks: it would search a line of a million blanks at each of them.
    """
    text = line.strip()
    name, _, value = text.partition("=")
    return bool(line.startswith(("%", "!")) or _COMMAND.match(text)
                or re.fullmatch(r"[\w, ]+", name) and re.match(r"[%!]\w", value.lstrip()))


def _is_python(cell):
    """Whether a cell is no text of another language, as after "%%bash"."""
    command = re.match(r"\s*%%(\w*)", cell)
    return command is None or command[1] in PYTHON_CELLS


def _is_ours(cell):
    known = cell["metadata"].get("nbgrader", {})
    return known.get("grade_id") == SETUP or bool(known.get("grade"))


def checker(namespace):
    """The function ``check`` of a notebook.

    Parameters
    ----------
    namespace : dict
        The ``globals()`` of the notebook.

    Returns
    -------
    callable
        ``check("2.4")`` prints what is wrong with an exercise and raises an AssertionError if it
        does not get all its points.
    """
    def check(id, seed=0, sizes=None):
        from ..checking.judge_answers import check_exercise
        from ..checking.load_modules import reference_module
        from ..exercises import EXERCISES, exercise_named

        exercise, module = exercise_named(id), types.ModuleType("notebook")
        module.__dict__.update(namespace, __name__="notebook")
        for other in EXERCISES:                       # each exercise is checked by itself
            if other.module == exercise.module and other is not exercise:
                module.__dict__.update({name: getattr(reference_module(exercise), name)
                                        for name in other.functions if "." not in name})
        verdict = check_exercise(exercise, module, seed, sizes)
        said = "\n".join(finding.text for finding in verdict.findings)
        if verdict.points < exercise.points:
            raise AssertionError(f"{exercise.id} {exercise.title}: {verdict.points:g} of "
                                 f"{exercise.points} points.\n{said}")
        print(f"{exercise.id} {exercise.title}: right, {exercise.points} points.")

    return check
