"""What a fine-tuned model has to know beside its configuration, in a file beside its weights."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from ...files.json_objects import read_object

FILE_NAME = "task.json"


@dataclass(frozen=True)
class Settings:
    """How texts are cut for a task, and how answers are put together.

    Attributes
    ----------
    task : str
        Its name, one of :data:`albert_np.tasks.finetuning.TASKS`.
    max_length : int
        Tokens of an example, special ones included.
    doc_stride : int
        Questions: from the beginning of one window of a long text to that of the next, in pieces.
    max_query_length : int
        Questions: the most pieces of the question.
    max_answer_length : int
        Questions: the most pieces of an answer.
    beams : int
        Translation: beginnings that are kept alive; 1 is greedy.
    max_target_length : int
        Translation: the most pieces of a target.
    spelling : dict of str to str
        Translation: how a character that the tokenizer has simplified is written in the target
        language (Chinese writes its comma as one wide character).
    """

    task: str
    max_length: int = 128
    doc_stride: int = 64
    max_query_length: int = 48
    max_answer_length: int = 30
    beams: int = 4
    max_target_length: int = 48
    spelling: dict = field(default_factory=dict)

    def __post_init__(self):
        for item in fields(self):
            value = getattr(self, item.name)
            if item.type in (int, "int") and (not isinstance(value, int) or isinstance(value, bool)
                                              or value < 1):
                raise ValueError(f"{item.name} is {value!r}; it must be a whole number of at "
                                 f"least 1")

    def to_bytes(self):
        """The file ``task.json``."""
        return (json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n").encode()


def read_settings(folder):
    """The settings of a model that was fine-tuned here, or None where it was not.

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
    known = {item.name for item in fields(Settings)}
    unknown = sorted(set(values) - known)
    if unknown or not isinstance(values.get("task"), str) \
            or not isinstance(values.get("spelling", {}), dict):
        raise ValueError(f"{path} is not the settings of a task: "
                         + (f"{unknown[0]!r} is unknown." if unknown else
                            "it needs a name as 'task', and 'spelling' must be an object."))
    try:
        return Settings(**values)
    except ValueError as error:
        raise ValueError(f"{path}: {error}.") from error
