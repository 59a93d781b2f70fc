"""Questions about texts, as SQuAD 1.1 and 2.0 write them in JSON."""

import json

from ...files.text_lines import bad_row, empty_file, is_empty, read_whole
from .json_lines import half_character, shown
from .rows import Answer, Question


def read_squad(path):
    """Read a file in the format of SQuAD 1.1 or 2.0.

    Articles hold paragraphs, a paragraph a ``context`` and questions (``qas``), a question its
    ``answers``, each with a ``text`` and the place ``answer_start`` where it begins, counted in
    characters. In 2.0 a question can be ``is_impossible`` and then has no answers; the plausible
    ones given there instead are not read.

    Parameters
    ----------
    path : str or Path
        UTF-8; may be gzip.

    Returns
    -------
    list of Question

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is not JSON of this shape or holds no question; an answer does not stand in its
        context at its place; a question has no answer though it is not impossible, or the other
        way round; two questions have one id.

    References
    ----------
    Rajpurkar et al. 2016; Rajpurkar, Jia, Liang 2018.
    """
    text = read_whole(path)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text[:error.pos].strip().startswith("{"):
            raise ValueError(f"{path} is JSON lines, an object on each line. SQuAD's format is one "
                             f"JSON object, {{\"data\": [articles]}}, whose articles have "
                             f"paragraphs with questions.") from error
        raise bad_row(path, error.lineno, f"this is not JSON ({error.msg}, column "
                                          f"{error.colno}).") from error
    except ValueError as error:
        raise ValueError(f"{path} is not a SQuAD file: it holds a number of more digits than can "
                         f"be read.") from error
    except RecursionError as error:
        raise ValueError(f"{path} is not a SQuAD file: its brackets are nested too deep."
                         ) from error
    if half := half_character(content):
        escape = half.split()[2]
        line = text.lower().count("\n", 0, max(text.lower().find(escape), 0)) + 1
        raise bad_row(path, line, f"{half}.")
    questions, known = [], set()
    for a, article in enumerate(_list(path, content, "data", "the file")):
        where = f"data[{a}]"
        for p, paragraph in enumerate(_list(path, article, "paragraphs", where)):
            place = f"{where}.paragraphs[{p}]"
            context = _value(path, paragraph, "context", str, place)
            for q, entry in enumerate(_list(path, paragraph, "qas", place)):
                number = _value(path, entry, "id", str, f"{place}.qas[{q}]")
                row = _question(path, text, entry, number, context, article.get("title", ""))
                if number in known:
                    raise bad_row(path, _line(text, number, last=True),
                                  f"the id {number!r} has been given to a question before.")
                known.add(number)
                questions.append(row)
    if not questions:
        raise empty_file(path)
    return questions


def _question(path, text, entry, number, context, title):
    where = f"question {number!r}"
    question = _value(path, entry, "question", str, where)
    impossible = entry.get("is_impossible", False)
    answers = []
    for name, value in (("question", question), ("context", context)):
        if is_empty(value):
            raise bad_row(path, _line(text, number), f"the {name} of {where} is empty.")
    if not isinstance(impossible, bool):
        raise bad_row(path, _line(text, number),
                      f"is_impossible of {where} is {shown(impossible)}; it must be true or false, "
                      f"without quotation marks.")
    for given in _list(path, entry, "answers", where):
        answer = _value(path, given, "text", str, f"an answer of {where}")
        start = _value(path, given, "answer_start", int, f"an answer of {where}")
        found = context[start:start + len(answer)] if start >= 0 else ""
        if not answer:
            raise bad_row(path, _line(text, number),
                          f"{where} has an answer whose text is empty; a question without an "
                          f"answer needs \"answers\": [] and \"is_impossible\": true.")
        if found != answer:
            raise bad_row(path, _line(text, number),
                          f"{where} has the answer {answer!r}, which does not stand in its "
                          f"context at character {str(start)[:20]}; there stands {found!r}.")
        if is_empty(answer):
            raise bad_row(path, _line(text, number),
                          f"{where} has the answer {answer!r}, which has no visible character.")
        answers.append(Answer(answer, start))
    if impossible == bool(answers):
        raise bad_row(path, _line(text, number),
                      f"{where} has {len(answers)} answers and is_impossible = {impossible}; "
                      f"a question has answers, or is_impossible is true.")
    return Question(number, context, question, tuple(answers), impossible, title)


def _list(path, mapping, name, where):
    return _value(path, mapping, name, list, where)


def _value(path, mapping, name, kind, where):
    """One value of a JSON object, if it is there and of its kind."""
    value = mapping.get(name) if isinstance(mapping, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = {list: "a list", str: "a text", int: "a whole number"}
        raise ValueError(f"{path} is not in the format of SQuAD: {where} needs {name!r}, "
                         f"{kinds[kind]}.")
    return value


def _line(text, number, last=False):
    """The line on which the id of a question stands."""
    quoted = json.dumps(number)
    place = text.rfind(quoted) if last else text.find(quoted)
    return text.count("\n", 0, max(place, 0)) + 1
