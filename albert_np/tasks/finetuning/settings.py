"""What a fine-tuned model has to know beside its configuration, in a file beside its weights."""

from dataclasses import MISSING, asdict, dataclass, field
from pathlib import Path

from ...files.json_objects import json_file, read_object
from ...files.options import check_options, documented, option, options_from

FILE_NAME = "task.json"


@documented
@dataclass(frozen=True)
class Settings:
    """How texts are cut for a task, and how answers are put together."""

    task: str = option(MISSING, "the name of the task")
    max_length: int = option(
        128, "number of tokens of an example, special tokens included (default: 128; for questions "
        "192)", least=3)
    doc_stride: int = option(
        64, "questions: a long text is cut into windows; number of pieces from the beginning of "
        "one window to the beginning of the next", least=1)
    max_query_length: int = option(48, "questions: the maximum number of pieces of the question",
                                   least=1)
    max_answer_length: int = option(30, "questions: the maximum number of pieces of an answer",
                                    least=1)
    beams: int = option(
        4, "translation: number of partial translations that are kept; with 1 the search is greedy",
        least=1)
    max_target_length: int = option(48, "translation: the maximum number of pieces of a target",
                                    least=1)
    spelling: dict = field(default_factory=dict, metadata={
        "help": "translation: how a character that the tokenizer has simplified is written in the "
        "target language; Chinese writes its comma as one wide character"})

    no_answer: bool = option(
        False, "questions: the model also predicts whether the text has an answer at all. "
        "Training turns this on if questions of the training part have no answer")
    no_answer_threshold: float = option(
        1.0, "questions: an answer is empty if the probability of \"no answer\" is above this. "
        "Training chooses it on the development part", least=0)
    language: str | None = option(
        None, "questions: score the answers by the rules of SQuAD (en) or of CMRC 2018 (zh); "
        "default: zh for rows whose answers are Chinese", choices=("en", "zh"))
    label_separator: str | None = option(
        None, "multi-label: the sign between the labels of a row in a table, such as ';' "
        "(default: none, for JSON lines with lists of labels)", metavar="SIGN")
    positive_label: str | None = option(
        None, "classification with two labels: the label whose F1 is computed, such as spam "
        "(default: the last label in the order of the alphabet; if --model has a head for these "
        "labels, its second label)", metavar="LABEL")
    columns: dict = field(default_factory=dict, metadata={
        "help": "from text, text_pair and label to the columns of the training file, by which "
        "tables and JSON lines are read for predictions"})
    pairs: bool | None = option(
        None, "classification: whether every text comes with a second one; None: some do")

    def __post_init__(self):
        check_options(self)

    def to_bytes(self):
        """The file ``task.json``."""
        return json_file(asdict(self), ensure_ascii=False)


def read_settings(folder):
    """The settings of a model that was fine-tuned here, or None if it was not.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    Settings or None

    Raises
    ------
    ValueError
        The file is damaged.
    """
    path = Path(folder) / FILE_NAME
    if not path.exists():
        return None
    values = read_object(path)
    try:
        return options_from(Settings, values)
    except ValueError as error:
        raise ValueError(f"{path} is not the settings of a task: {error}.") from None
