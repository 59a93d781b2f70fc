"""How similar is each function of a submission to the package's own? For people to look at.

The package is the solution, and students have it. Only the text can tell who wrote a function, and
only people can judge that: a short function is written in one way by everybody.

Texts are parsed here. A text can be made on which Python's parser takes hours, takes all of the
memory, or crashes. So a :class:`Comparer` does this in processes of their own with limits.
"""

import ast
import contextlib
import difflib
import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

from ..checking.load_modules import readable, source_of_module
from ..exercises import EXERCISES, exercise_named
from ..sandbox.files_needed import files_needed
from ..sandbox.pipes import receive, send

SECONDS = 20             # of the processor, for one submission
MEMORY = 2 << 30         # bytes
MOST_WORDS = 1500        # of one function
MOST_OTHERS = 1000       # functions of one file that have another name,
COMPARED = 3             # and how many of them are compared: those of the most similar words
DEEPEST = 3              # texts in texts
_WORDS = re.compile(r"\w+|[^\w\s]")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# What runs a text, or finds a function by its name as text. The package's modules use none of it.
_RUNNING = {"exec", "eval", "compile", "__import__", "importlib", "import_module", "runpy",
            "builtins", "__builtins__", "globals", "marshal", "pickle", "ctypes", "FunctionType",
            "CodeType", "__code__", "__globals__", "__subclasses__"}
_ALSO_WORDS = {"eval", "compile", "globals"}     # that a text may be for another reason


class Comparer:
    """A process that reads the package's functions once, and forks for each submission.

    Used as a context, by one thread at a time.
    """

    def __enter__(self):
        folders = [str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, cwd="/", bufsize=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders)),
                 "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True)              # Ctrl-C ends this process, and that one with it
        return self

    def __exit__(self, *exception):
        self._process.kill()
        self._process.communicate()

    def compare(self, files, exercises):
        """What :func:`similarities` gives, from a fork with limits.

        Parameters
        ----------
        files, exercises : as there

        Returns
        -------
        dict or None
            The three by their names; None if the fork did not come to an end.
        """
        try:
            send(self._process.stdin.fileno(),
                 [files, [exercise.id for exercise in exercises], SECONDS])
            told = receive(self._process.stdout.fileno())
        except (OSError, ValueError):
            return None
        return told and dict(zip(("similarity", "without_text", "running"), told))


def _main():
    """Answer every request on the standard input, until it ends."""
    from ..sandbox import linux_calls

    with contextlib.suppress(OSError):
        linux_calls.die_with_parent()
    for file in {exercise.module for exercise in EXERCISES}:
        _of_the_package(file)                    # every fork has it
    while (request := receive(0)) is not None:
        child = os.fork()
        if not child:
            _answer(*request)
        if os.waitpid(child, 0)[1]:
            send(1, None)


def _answer(files, ids, seconds):
    """Compare within limits, and send what is found. Does not return."""
    import resource

    status = 1
    try:
        for what, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, MEMORY),
                           (resource.RLIMIT_CORE, 0)):
            resource.setrlimit(what, (most, most))
        sys.setrecursionlimit(10_000)
        found = similarities(files, list(map(exercise_named, ids)))
        send(1, found)
        status = 0
    finally:
        os._exit(status)


def similarities(files, exercises):
    """The similarity of each function that was handed in to the package's function.

    Functions are compared as Python's syntax tree has them, so line ends, blanks, comments, texts
    without effect and annotations do not count. Of several functions of a name, the one that Python
    defines last is the exercise's. A function of a name that the package does not have, one that is
    defined again later, or one within a function, a text or an imported file may be the exercise's
    under another name; it is compared too.

    Parameters
    ----------
    files : dict of str to str
        From :func:`~albert_np.course.marking.read_submissions.read_submission`.
    exercises : sequence of Exercise

    Returns
    -------
    found : dict of str to float
        From the id of an exercise to the ratio of ``difflib``, from 0 to 1; of several functions
        the largest. Exercises that were not written are left out.
    without_text : list of str
        Exercises of which the text of a function was not found.
    running : dict of str to list of str
        By file, the names in it with which Python runs a text.
    """
    @cache
    def read(file):
        return functions_in(files[file], _names_of_the_package(file))

    found, without_text, running = {}, [], {}
    for exercise in exercises:
        file = exercise.module
        mine, _, _ = read(file) if file in files else ({}, [], [])
        others = [words for other in files_needed(files, file) for words in read(other)[1]]
        right, _, _ = _of_the_package(file)
        named = {name: mine.get(name, []) for name in exercise.functions if name in right}
        named = {name: words if _is_written(words, right[name]) else []
                 for name, words in named.items()}
        ratios = [_largest_ratio(words, others, right[name]) for name, words in named.items()
                  if words or others]
        if any(named.values()) or max(ratios, default=0) > 0.5:
            found[exercise.id] = round(max(ratios), 2)
        if not all(named.values()):
            without_text.append(exercise.id)
        running |= {other: names for other in files_needed(files, file)
                    if (names := read(other)[2])}
    return found, without_text, running


def similarity_cell(found, without_text=(), running=()):
    """The similarities in one cell: the mean, and each, the largest first; then what has no text.

    Parameters
    ----------
    found : dict of str to float or None
        From :func:`similarities`; None if it did not come to an end.
    without_text : sequence of str
        Exercises that earned points, and of which no text was found.
    running : dict of str to list of str
        From :func:`similarities`.
    """
    if found is None:
        return "not compared, since reading the text takes too long or too much memory"
    each = sorted(found.items(), key=lambda pair: -pair[1])
    parts = [f"{sum(found.values()) / len(found):.2f} "
             f"({', '.join(f'{i} {r:.2f}' for i, r in each)})"] if found else []
    if without_text:
        parts.append(f"points, but no text of the function was found: {', '.join(without_text)}")
    if running:
        names = sorted({name for several in running.values() for name in several})
        parts.append(f"a text may be run as code: {', '.join(names)}")
    return "; ".join(parts)


def functions_in(source, names=(), depth=0):
    """The words of each function in a text.

    Parameters
    ----------
    source : str
    names : collection of str
        Of functions that the package has in this file.
    depth : int
        In how many other texts it is.

    Returns
    -------
    named : dict of str to list of str
        By dotted names such as ``SGD.step``: what Python defines last, a function or a value.
    others : list of lists of str
        The functions that are none of these names.
    running : list of str
        The names with which Python runs a text.
    """
    try:
        tree = ast.parse(readable(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}, [], []
    defined = {}
    with contextlib.suppress(RecursionError):
        _define(tree.body, "", defined)
    nodes = list(ast.walk(tree))
    texts = [text for node in nodes if isinstance(node, ast.Constant)
             if "def " in (text := _text_of(node.value))] if depth < DEEPEST else []
    running = sorted(_RUNNING.intersection(name for node in nodes for name in _names_of(node)))
    for node in nodes:
        _strip(node)
    named = {name: _words(node) for name, node in defined.items()}
    mine = {id(node) for name, node in defined.items() if name in names}
    others = [node for node in nodes if isinstance(node, _FUNCTIONS) and id(node) not in mine]
    others = list(map(_words, others[:MOST_OTHERS]))
    for text in texts:
        others += functions_in(text, (), depth + 1)[1]
    return named, others, running


def _define(statements, prefix, defined):
    """Note, in their order, what gets a name outside of functions."""
    for node in statements:
        if isinstance(node, _FUNCTIONS):
            defined[prefix + node.name] = node
        elif isinstance(node, ast.ClassDef):
            _define(node.body, f"{prefix}{node.name}.", defined)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            value = node.value
            if isinstance(value, (ast.Name, ast.Attribute)):         # another name for something
                value = defined.get(prefix + ast.unparse(value), node)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, (ast.Name, ast.Attribute)):
                    defined[prefix + ast.unparse(target)] = (
                        value if isinstance(value, _FUNCTIONS) else node)
        else:                                    # such as "if" and "try"
            for inside in (getattr(node, "body", ()), getattr(node, "orelse", ()),
                           *(part.body for part in getattr(node, "handlers", ())),
                           *(part.body for part in getattr(node, "cases", ())),
                           getattr(node, "finalbody", ())):
                _define(inside, prefix, defined)


def _strip(node):
    """Leave out what has no effect: texts and other values alone, annotations, decorators."""
    for name in ("body", "orelse", "finalbody"):
        if isinstance(statements := getattr(node, name, None), list):
            kept = [one for one in statements if not (
                isinstance(one, ast.Pass)
                or isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
            setattr(node, name, kept or statements and [ast.Pass()])
    if isinstance(node, ast.arg):
        node.annotation = None
    if isinstance(node, _FUNCTIONS[:2]):
        node.returns, node.decorator_list = None, []


def _words(node):
    """The words of a function without its own name, or of a statement."""
    if isinstance(node, _FUNCTIONS[:2]):
        node.name = "function"
    try:
        return _WORDS.findall(ast.unparse(node))[:MOST_WORDS]
    except RecursionError:
        return []


def _text_of(value):
    return (value if isinstance(value, str) else value.decode("latin-1")
            if isinstance(value, bytes) else "")


def _names_of(node):
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        # re.compile is something else
        yield node.attr if node.attr != "compile" else ""
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value if node.value not in _ALSO_WORDS else ""    # sys.modules["builtins"]
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (getattr(node, "module", None) or "").split(".")
        for alias in node.names:
            yield from alias.name.split(".")


@cache
def _names_of_the_package(file):
    return _of_the_package(file)[0].keys() if any(
        exercise.module == file for exercise in EXERCISES) else ()


@cache
def _of_the_package(file):
    return functions_in(source_of_module(file))


def _is_written(words, right):
    """Whether words are those of a function, not an empty one, nor another name for something."""
    return "NotImplementedError" not in words and (
        {"def", "lambda"} & set(words) or "def" not in right)


def _largest_ratio(named, others, right):
    matcher, of_right = difflib.SequenceMatcher(None, [], right, autojunk=False), Counter(right)

    def alike(words):
        return 2 * (Counter(words) & of_right).total() / (len(words) + len(right))

    best = 0.0
    for words in [*filter(None, [named]), *sorted(others, key=alike, reverse=True)[:COMPARED]]:
        matcher.set_seq1(words)
        best = max(best, matcher.ratio())
    return best


if __name__ == "__main__":
    _main()
