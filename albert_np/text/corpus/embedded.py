"""A corpus that every Python brings along: its own documentation."""

import ast
import inspect
import os
import re
import sysconfig
from pathlib import Path

from .sentences import split_sentences

TOPICS = "pydoc_data/topics.py"
# Not documentation, or tables of data.
SKIPPED = frozenset({"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3",
                     "encodings", "turtledemo", "pydoc_data", "ensurepip", "__pycache__"})
MARKUP = (
    (re.compile(r":[a-zA-Z:]+:`~?([^`<]+)(?: <[^`]*>)?`"), r"\1"),    # :func:`open`
    (re.compile(r"`+([^`']+)(?:`+_{0,2}|')"), r"\1"),                 # ``open``, `open`_, `open'
    (re.compile(r"\*{1,2}(\w[^*\n]*?)\*{1,2}"), r"\1"),               # *open*, **open**
)
# A new item of a list begins a new paragraph.
ITEM = re.compile(r"\n\s*(?:[-*+•]|\d+[.)])\s+")
# A table, a heading's underline, an interactive session, a directive, a field.
NOT_PROSE = re.compile(r"\s*(\S)\1{2}|\s*[|:@+]|\s*\.\.\s")
NO_LETTER = re.compile(r"[^\w ]|[\d_]")
SENTENCE = re.compile(r"[\"'(]?[A-Z][^=<>{}|\\@^~#`]*[.!?][\"')]?")


def embedded_corpus():
    """Python's language reference and the docstrings of its standard library, as sentences.

    The files are only parsed, nothing in them is run. Markup, code, lists, tables and signatures
    are dropped, and so is every sentence that still looks like one of them or occurred before.
    What is left differs a little from one version of Python to the next, but is the same on every
    call.

    Returns
    -------
    documents : list of documents; a document is a list of two str or more
        A topic of the language reference each, then a docstring of the standard library each;
        about 2,700 with 11,000 sentences.
    modules : list of str, one for each document
        Where it comes from. Docstrings of one module resemble each other, so an honest evaluation
        holds out whole modules (see `split_documents`).

    Raises
    ------
    FileNotFoundError
        This Python has no source files.
    """
    library = Path(sysconfig.get_path("stdlib"))
    documents, modules, seen = [], [], set()
    for module, text in _texts(library):
        document = [sentence for sentence in _prose(text) if sentence not in seen]
        seen.update(document)                          # many docstrings are copies of others
        document = list(dict.fromkeys(document))
        if len(document) > 1:
            documents.append(document)
            modules.append(module)
    if not documents:
        raise FileNotFoundError(f"This Python has no source files of its standard library in "
                                f"{library}; give a text of your own.")
    return documents, modules


def _texts(library):
    """Yield (module, text): the topics, each a module of its own, then all docstrings."""
    if (library / TOPICS).is_file():
        for number, topic in enumerate(_topics(_parse(library / TOPICS))):
            yield f"topic {number}", topic
    for name in sorted(_files(library)):
        for docstring in _docstrings(_parse(library / name)):
            yield name, docstring


def _files(library):
    """Yield the path of each Python file below, without entering a folder that is skipped."""
    for folder, inner, files in os.walk(library):
        inner[:] = set(inner) - SKIPPED
        for file in files:
            if file.endswith(".py"):
                yield (Path(folder) / file).relative_to(library).as_posix()


def _parse(path):
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])      # an unreadable file has nothing to say


def _topics(tree):
    """The values of the one dict that the module holds, from topic to text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            return [value.value for value in node.values
                    if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return []


def _docstrings(tree):
    """The docstrings of a module, its classes and functions, from top to bottom."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, documented) and (docstring := ast.get_docstring(node, clean=False)):
            found.append(docstring)
        # Definitions stand in blocks; expressions, most of a module, hold none.
        waiting += [child for child in reversed(list(ast.iter_child_nodes(node)))
                    if isinstance(child, ast.stmt)]
    return found


def _prose(text):
    """The sentences of a text with markup."""
    sentences = []
    for paragraph in re.split(r"\n\s*\n", ITEM.sub("\n\n", "\n" + inspect.cleandoc(text))):
        lines = paragraph.split("\n")
        if any(NOT_PROSE.match(line) for line in lines):
            continue
        paragraph = " ".join(lines)
        for pattern, replacement in MARKUP:
            paragraph = pattern.sub(replacement, paragraph)
        sentences += [sentence for sentence in split_sentences(paragraph) if _is_prose(sentence)]
    return sentences


def _is_prose(sentence):
    """Three words or more, written like a sentence, nearly all of it letters."""
    if len(sentence.split()) < 3 or not SENTENCE.fullmatch(sentence):
        return False
    return len(NO_LETTER.findall(sentence)) <= 0.2 * len(sentence)
