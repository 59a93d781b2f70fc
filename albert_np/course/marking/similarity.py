"""How similar is each function of a submission to the package's own? For people to look at.

The package is the solution, and students have it. Only the text can tell who wrote a function, and
only people can judge that: a short function is written in one way by everybody.
"""

import difflib
import re

from ..checking.load_modules import source_of_module

MOST_WORDS = 1500        # of one function
MOST_LETTERS = 200_000   # of one file; the longest of the package has a quarter
_WORDS = re.compile(r"\w+|[^\w\s]")
_TEXTS = re.compile(r'[rR]?("""|\'\'\').*?\1', re.DOTALL)


def similarities(files, exercises):
    """The similarity of each function that was handed in to the package's function.

    Comments, docstrings and blanks do not count. The text is only read, never parsed or run.

    Parameters
    ----------
    files : dict of str to str
        From :func:`~albert_np.course.marking.read_submissions.read_submission`.
    exercises : sequence of Exercise

    Returns
    -------
    dict of str to float
        From the id of an exercise to the ratio of ``difflib``, from 0 to 1; of several functions
        the largest. Exercises that were not written are left out.
    """
    found = {}
    for exercise in exercises:
        source = source_of_module(exercise.module)
        mine = files.get(exercise.module, "")[:MOST_LETTERS]
        ratios = [_ratio(words_of(mine, name), words_of(source, name))
                  for name in exercise.functions]
        if max(ratios, default=0) > 0:
            found[exercise.id] = round(max(ratios), 2)
    return found


def similarity_cell(found):
    """The similarities in one cell: the mean, and each, the largest first."""
    if not found:
        return ""
    each = sorted(found.items(), key=lambda pair: -pair[1])
    return f"{sum(found.values()) / len(found):.2f} ({', '.join(f'{i} {r:.2f}' for i, r in each)})"


def words_of(source, name):
    """The words of a function's body, without texts and comments; empty if it is not written."""
    holder, _, function = name.rpartition(".")
    lines = _TEXTS.sub(lambda text: "\n" * text[0].count("\n"), source).splitlines()
    start = 0
    if holder:
        start = next((number for number, line in enumerate(lines)
                      if re.match(rf"class {holder}\b", line)), len(lines))
    for first in range(start, len(lines)):
        if match := re.match(rf"( *)def {function}\(", lines[first]):
            end = next((number for number in range(first + 1, len(lines))
                        if re.match(rf" {{0,{len(match[1])}}}[\w@]", lines[number])), len(lines))
            text = "\n".join(line.split("#")[0] for line in lines[first:end])
            words = _WORDS.findall(text)[:MOST_WORDS]
            return [] if "NotImplementedError" in words else words
    return []


def _ratio(mine, right):
    if not mine or not right:
        return 0.0
    return difflib.SequenceMatcher(None, mine, right, autojunk=False).ratio()
