"""Which files of a submission the module of one exercise can import."""

import re
from functools import lru_cache
from pathlib import PurePosixPath

_DYNAMIC = re.compile(r"importlib|__import__|\bexec\b|\beval\b|\bopen\b")
_FROM = re.compile(r"\bfrom\b((?:[.\w \t\f]+|\\\r?\n)*)")
_IMPORT = re.compile(r"\bimport\b((?:[^\n\r;#\\(]+|\\\r?\n|\([^)]*(?:\)|\Z))*)")
_OF_THE_PACKAGE = re.compile(r"\s*albert_np\b(\.\w+)*")


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
        In their order. All files, if a text may open or import files whose names are not in it.
    """
    by_part = {}
    for path in files:
        for part in {PurePosixPath(path).stem, *PurePosixPath(path).parts[:-1]}:
            by_part.setdefault(part, []).append(path)
    needed, waiting = set(), [module] if module in files else []
    while waiting:
        path = waiting.pop()
        if path not in needed:
            needed.add(path)
            names = _imported(files[path])
            if names is None:
                return files
            for name in names:
                waiting += by_part.pop(name, ())
    return {path: text for path, text in files.items() if path in needed}


@lru_cache(maxsize=256)
def _imported(text):
    """The words of the import statements of a text; None if they do not tell what it imports.

    The text is searched and not parsed: this is the process that marks, and a text can be made on
    which Python's parser takes hours or crashes. Words of comments and strings may be among them.
    """
    if _DYNAMIC.search(text):
        return None
    clauses = [re.split(r"\bimport\b", match[1])[0] for match in _FROM.finditer(text)]
    clauses = [clause for clause in clauses if not _OF_THE_PACKAGE.match(clause)]
    clauses += [_OF_THE_PACKAGE.sub("", match[1]) for match in _IMPORT.finditer(text)]
    return {word for clause in clauses for word in re.findall(r"\w+", clause)}
