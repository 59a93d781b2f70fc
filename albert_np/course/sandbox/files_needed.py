"""Which files of a submission the module of one exercise can import."""

import ast
import re
from functools import lru_cache
from pathlib import PurePosixPath

_DYNAMIC = re.compile(r"importlib|__import__|\bexec\b|\beval\b|\bopen\b")


def files_needed(files, module):
    """The module of an exercise and the files it imports, and those that they import.

    A submission may have fifty files, and each exercise gets a folder of its own, which is made and
    removed. Most modules import nothing but the package.

    Parameters
    ----------
    files : dict of str to str
        The texts of the submission by their paths.
    module : str
        One of the paths.

    Returns
    -------
    dict of str to str
        In their order. All files, if a text is no Python or may open or import files whose names
        are not in it.
    """
    needed, waiting = set(), [module] if module in files else []
    while waiting:
        path = waiting.pop()
        needed.add(path)
        names = _imported(files[path])
        if names is None:
            return files
        waiting += [other for other in files if other not in needed
                    and names & {PurePosixPath(other).stem, *PurePosixPath(other).parts[:-1]}]
    return {path: text for path, text in files.items() if path in needed}


@lru_cache(maxsize=256)
def _imported(text):
    """Every part of every name in the import statements of a text; None if they do not tell."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if _DYNAMIC.search(text):
        return None
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {part for alias in node.names for part in alias.name.split(".")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] != "albert_np":
            names |= {*(node.module or "").split("."), *(alias.name for alias in node.names)}
    return names
