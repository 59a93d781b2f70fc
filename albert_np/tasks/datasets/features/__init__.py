"""From labelled rows to what a model reads, and from what it says back to answers in the text.

Every function here returns *examples*: dicts of arrays with a length of their own. `pad_examples`
puts some of them into one batch. Read ``sequences`` and ``batches``, then ``choices``, ``tags``,
``windows`` (long texts), ``questions`` and ``answers``.
"""

from .answers import AnswerGuess, decode_answer
from .batches import check_pieces, join_pieces, pad_examples
from .choices import choice_example
from .questions import answer_fits, question_windows
from .sequences import sequence_examples
from .tags import tag_windows, tags_of_words

__all__ = [
    "AnswerGuess",
    "answer_fits",
    "check_pieces",
    "choice_example",
    "decode_answer",
    "join_pieces",
    "pad_examples",
    "question_windows",
    "sequence_examples",
    "tag_windows",
    "tags_of_words",
]
