"""How similar is each function of a submission to the package's own? For people to look at.

The package is the solution, and students have it. Only the text can tell who wrote a function, and
only people can judge that: a short function is written in one way by everybody.
"""

import ast
import difflib
import re
import tokenize
from functools import cache

from ..checking.load_modules import source_of_module

MOST_WORDS = 1500        # of one function
MOST_OTHERS = 2000       # functions of one file that have another name,
COMPARED = 3             # and how many of them are compared: those of the most similar words
MOST_ERRORS = 50         # of one file, after which the rest is not read
_WORDS = re.compile(r"\w+|[^\w\s]")
_TOP = re.compile(r"(def|class|async)\b|@")
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER}


def similarities(files, exercises):
    """The similarity of each function that was handed in to the package's function.

    Comments, docstrings and blanks do not count. The text is only cut into words, never run, and
    no tree is made of it, which could be too deep. A function of a name that the package does not
    have, or within a text, may be the exercise's under another name; it is compared too.

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
    """
    found, without_text, texts = {}, [], {}
    for exercise in exercises:
        file = exercise.module
        right = _functions_of_the_package(file)
        if file not in texts:
            texts[file] = functions_in(files.get(file, ""))
        others = [words for name, several in texts[file].items() if name not in right
                  for words in several][:MOST_OTHERS]
        named = {name: [words for words in texts[file].get(name, [])
                        if _is_written(words, right[name][0])]
                 for name in exercise.functions if name in right}
        ratios = [_largest_ratio(several, others, right[name][0])
                  for name, several in named.items() if several or others]
        if any(named.values()) or max(ratios, default=0) > 0.5:
            found[exercise.id] = round(max(ratios), 2)
        if not all(named.values()):
            without_text.append(exercise.id)
    return found, without_text


def similarity_cell(found, without_text=()):
    """The similarities in one cell: the mean, and each, the largest first; then what has no text.

    Parameters
    ----------
    found : dict of str to float
        From :func:`similarities`.
    without_text : sequence of str
        Exercises that earned points, and of which no text was found.
    """
    each = sorted(found.items(), key=lambda pair: -pair[1])
    parts = [f"{sum(found.values()) / len(found):.2f} "
             f"({', '.join(f'{i} {r:.2f}' for i, r in each)})"] if found else []
    if without_text:
        parts.append(f"points, but no text of the function was found: {', '.join(without_text)}")
    return "; ".join(parts)


def functions_in(source):
    """The words of each function, and of each value that gets a name outside of functions.

    Parameters
    ----------
    source : str

    Returns
    -------
    dict of str to list of lists of str
        By dotted names such as ``SGD.step``, since a name may be given more than once. The name of
        a function within a function begins with "in ", within a text with "in a text".
    """
    functions, open_blocks = {}, []              # (depth, name, words of a function or None)
    for depth, words, texts in _logical_lines(source):
        while open_blocks and open_blocks[-1][0] >= depth:
            open_blocks.pop()
        kind = words[:2] if words[:1] == ["async"] else words[:1]
        name = ".".join([block[1] for block in open_blocks] + words[len(kind):len(kind) + 1])
        inside = next((block[2] for block in open_blocks if block[2] is not None), None)
        new = None
        if kind[-1:] == ["def"]:
            new = []
            functions.setdefault(f"in {name}" if inside is not None else name, []).append(new)
        elif inside is None and words[1:2] == ["="]:
            name = ".".join([block[1] for block in open_blocks] + words[:1])
            functions.setdefault(name, []).append(words[:MOST_WORDS])
        if new is not None or kind == ["class"]:
            open_blocks.append((depth, words[len(kind)] if words[len(kind):] else "", new))
        for _, _, collected in open_blocks:
            if collected is not None:
                collected += words[:MOST_WORDS - len(collected)]
        for text in texts:
            for several in functions_in(text).values():
                functions.setdefault("in a text", []).extend(several)
    return functions


def _logical_lines(source):
    """(depth, words, texts with a function in them) of each statement; errors are passed over."""
    lines, start = [f"{line}\n" for line in source.split("\n")], 0
    for _ in range(MOST_ERRORS):
        depth, words, texts, begins = 0, [], [], start
        try:
            for token in tokenize.generate_tokens(iter(lines[start:]).__next__):
                if token.type in (tokenize.INDENT, tokenize.DEDENT):
                    depth += 1 if token.type == tokenize.INDENT else -1
                elif token.type == tokenize.NEWLINE:
                    if words or texts:
                        yield depth, words, texts
                    words, texts, begins = [], [], start + token.start[0]
                elif token.type == tokenize.ERRORTOKEN:
                    # What follows on the line would be searched again at every letter. Later
                    # versions of Python raise an error here themselves.
                    raise SyntaxError("this is no Python")
                elif token.type == tokenize.STRING and "def " in token.string:
                    texts += _text_in(token.string)
                elif token.type == tokenize.STRING and token.string.endswith(('"""', "\'\'\'")):
                    pass
                elif token.type not in _LAYOUT:
                    words += _WORDS.findall(token.string)
            return
        except (tokenize.TokenError, SyntaxError):
            start = next((number for number in range(begins + 1, len(lines))
                          if _TOP.match(lines[number])), len(lines))


def _text_in(literal):
    try:
        text = ast.literal_eval(literal)
    except (ValueError, SyntaxError):
        return []
    return [text] if isinstance(text, str) and text != literal else []


@cache
def _functions_of_the_package(file):
    return functions_in(source_of_module(file))


def _is_written(words, right):
    """Whether words are those of a function, not an empty one, nor another name for something."""
    return "NotImplementedError" not in words and (
        {"def", "lambda"} & set(words) or "def" not in right)


def _largest_ratio(named, others, right):
    matcher = difflib.SequenceMatcher(None, [], right[:MOST_WORDS], autojunk=False)

    def quick(words):
        matcher.set_seq1(words)
        return matcher.quick_ratio()

    best = 0.0
    for words in [*named[-COMPARED:], *sorted(others, key=quick, reverse=True)[:COMPARED]]:
        matcher.set_seq1(words)
        best = max(best, matcher.ratio())
    return best
