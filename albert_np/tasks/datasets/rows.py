"""What the readers return: one plain row for each kind of task."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Classification:
    """A text, or a pair of texts, with a label.

    Attributes
    ----------
    text : str
    text_pair : str, optional
    label : str, or None where there is none
        A float if it is a score; a tuple of str if a row can have several labels, or none of them.
    """

    text: str
    text_pair: str | None = None
    label: str | float | tuple | None = None


@dataclass(frozen=True)
class Tagged:
    """A sentence whose words carry tags.

    Attributes
    ----------
    words : tuple of str
    tags : tuple of str, one for each word
        ``O`` outside of every entity, ``B-person`` at the first word of a person, ``I-person`` at
        its further words.
    """

    words: tuple
    tags: tuple


@dataclass(frozen=True)
class Answer:
    """An answer that stands in a context: ``context[start:start + len(text)] == text``."""

    text: str
    start: int


@dataclass(frozen=True)
class Question:
    """A question about a text.

    Attributes
    ----------
    id : str
    context, question : str
    answers : tuple of Answer
        All that count as right; empty where the context holds no answer.
    is_impossible : bool
        Whether the context holds no answer (SQuAD 2.0).
    title : str
        Of the article, where there is one.
    """

    id: str
    context: str
    question: str
    answers: tuple = ()
    is_impossible: bool = False
    title: str = ""


@dataclass(frozen=True)
class Choice:
    """A question with several answers to choose from.

    Attributes
    ----------
    id : str
    context, question : str
    choices : tuple of str
    label : int or None
        Which of them is right, counted from 0.
    """

    id: str
    context: str
    question: str
    choices: tuple
    label: int | None = None


@dataclass(frozen=True)
class Pair:
    """A sentence and its translations.

    Attributes
    ----------
    source : str
    targets : tuple of str, at least one
        In training data one; in test data every translation that is known (the references).
    """

    source: str
    targets: tuple


@dataclass(frozen=True)
class Splits:
    """A data set in three parts.

    Attributes
    ----------
    train, dev, test : lists of rows
        To learn from; to choose settings and the moment to stop by; to report, once.
    labels : tuple of str
        All labels or tags in a fixed order: their places are the numbers a model predicts.
    columns : dict
        Of a file of one's own: which column held text, text_pair and label.
    """

    train: list
    dev: list
    test: list
    labels: tuple = field(default=())
    columns: dict = field(default_factory=dict)
