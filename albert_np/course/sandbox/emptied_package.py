"""Import this package without the solution, and get single functions of it back.

What a process has held, it can find again: the bytes of a function stay in memory after the
function is gone. So the server that is copied for every student never holds the solution. The
trusted side compiles the modules of the exercises without the bodies of their functions
(:func:`emptied_modules`), and the server imports these (:func:`import_emptied`). With each request
come the functions that this exercise may call (:func:`functions_to_fill_in`, :func:`fill_in`).
"""

import ast
import base64
import importlib.abc
import importlib.util
import marshal
import sys
from functools import lru_cache


@lru_cache(maxsize=1)
def emptied_modules():
    """The modules of all exercises, compiled without the bodies of the exercises' functions.

    Returns
    -------
    dict of str to [str, str]
        By the name of the module: its file, and its code as text.
    """
    from ..checking.load_modules import PACKAGE, module_name, source_of_module
    from ..exercises import EXERCISES

    modules = {}
    for file in {exercise.module: None for exercise in EXERCISES}:
        names = {name for exercise in EXERCISES if exercise.module == file
                 for name in exercise.emptied}
        tree, path = ast.parse(source_of_module(file)), str(PACKAGE / file)
        _empty(tree.body, names)
        modules[module_name(file)] = [path, _text_of(compile(tree, path, "exec"))]
    return modules


def _empty(nodes, names, prefix=""):
    """Let the functions of these names raise an error in place of what they do."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            _empty(node.body, names, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef) and prefix + node.name in names:
            node.body = ast.parse("raise NotImplementedError").body


@lru_cache(maxsize=256)
def functions_to_fill_in(exercise, used):
    """The code of the functions that are not emptied while an exercise is checked.

    Parameters
    ----------
    exercise : Exercise
    used : tuple of str
        See :func:`~albert_np.course.checking.load_modules.forbidden_exercises`.

    Returns
    -------
    list of [str, str]
        The id of an exercise, and the code of its functions as text.
    """
    from ..checking.load_modules import forbidden_exercises, functions_of
    from ..exercises import EXERCISES

    forbidden = forbidden_exercises(exercise, used)
    return [[one.id, _text_of([function.__code__ for function in functions_of(one)])]
            for one in EXERCISES if one not in forbidden]


def fill_in(functions):
    """Give emptied functions of this process their code back.

    Parameters
    ----------
    functions : list
        From :func:`functions_to_fill_in`.
    """
    from ..checking.load_modules import functions_of
    from ..exercises import exercise_named

    for name, text in functions:
        for function, code in zip(functions_of(exercise_named(name)), _from_text(text)):
            function.__code__ = code


def import_emptied(modules):
    """From now on, import these modules in place of the files of the package.

    Parameters
    ----------
    modules : dict
        From :func:`emptied_modules`.
    """
    sys.meta_path.insert(0, _Importer(modules))


class _Importer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, modules):
        self._modules = modules

    def find_spec(self, name, path, target=None):
        if name in self._modules:
            return importlib.util.spec_from_file_location(name, self._modules[name][0], loader=self)
        return None

    def exec_module(self, module):
        exec(_from_text(self._modules[module.__name__][1]), module.__dict__)


def _text_of(code):
    return base64.b64encode(marshal.dumps(code)).decode()


def _from_text(text):
    return marshal.loads(base64.b64decode(text))
